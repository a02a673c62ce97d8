// SPDX-License-Identifier: Apache-2.0
/* catalog.h - names to metadata locations, swapped atomically: one contract, several kinds.
 *
 * K1  commit is all or nothing over every table in it; ST_CONFLICT means nothing changed and
 *     someone else won; ST_UNKNOWN means that nobody knows, and then nobody deletes anything
 * K2  a pin sees one state of all tables until it is released or refreshed
 * K3  nothing waits longer than `busy_ms`; then ST_TIMEOUT (sqlstate 55P03) names the file
 *
 * Kinds: sqlite (PyIceberg's SqlCatalog and Iceberg's JdbcCatalog open the same file). */
#ifndef CATALOG_H
#define CATALOG_H

#include "iceberg/iceberg.h"

struct catalog;

struct catalog_config {
    struct str name; /* catalog_name in the SQLite file; JdbcCatalog's catalog must be called so */
    struct str uri;  /* sqlite:////abs/firn.db */
    struct str warehouse; /* file:///abs/warehouse */
    int64_t busy_ms;      /* 0 = the default of 60,000 */
};

/* `create`: make the file and its tables; else a missing file is ST_USAGE. */
STATUS_MUST_USE status catalog_open(const struct catalog_config *config, struct store *store,
                                    bool create, struct catalog **out, struct error *err);
void catalog_close(struct catalog *c);
struct str catalog_name(const struct catalog *c);
struct str catalog_warehouse(const struct catalog *c);
/* "catalog lakehouse, warehouse file:///..., sqlite" for the first line of a run. */
STATUS_MUST_USE status catalog_describe(const struct catalog *c, struct arena *arena,
                                        struct str *out, struct error *err);

struct catalog_name {
    struct str space; /* namespace levels joined with "." */
    struct str table;
};

/* The state a transaction reads: table name -> metadata location, all at one moment. */
struct catalog_pin;
STATUS_MUST_USE status catalog_pin(struct catalog *c, struct catalog_pin **out, struct error *err);
void catalog_unpin(struct catalog_pin *p);

STATUS_MUST_USE status catalog_namespace_exists(struct catalog_pin *p, struct str space, bool *out,
                                                struct error *err);
/* Sorted names, in `arena`. */
STATUS_MUST_USE status catalog_namespaces(struct catalog_pin *p, struct arena *arena,
                                          struct str **out, size_t *count, struct error *err);
STATUS_MUST_USE status catalog_tables(struct catalog_pin *p, struct str space, struct arena *arena,
                                      struct str **out, size_t *count, struct error *err);
/* ptr NULL when there is no such table; a view (iceberg_type VIEW) is ST_UNSUPPORTED. */
STATUS_MUST_USE status catalog_location(struct catalog_pin *p, struct catalog_name name,
                                        struct arena *arena, struct str *out, struct error *err);
/* Loads the metadata file the pin names; ST_NOT_FOUND (42P01) when there is none. */
STATUS_MUST_USE status catalog_load(struct catalog_pin *p, struct catalog_name name,
                                    struct arena *arena, struct iceberg_table **out,
                                    struct error *err);

enum catalog_change_kind {
    CATALOG_CREATE_SPACE, /* space exists: ST_CONFLICT, so that a retry sees it */
    CATALOG_DROP_SPACE,   /* not empty: ST_INVALID 2BP01; absent: ST_CONFLICT */
    CATALOG_CREATE,       /* new_location; the namespace must exist */
    CATALOG_SWAP,         /* base_location -> new_location */
    CATALOG_DROP          /* base_location must still stand; no file is deleted */
};

struct catalog_change {
    enum catalog_change_kind kind;
    struct catalog_name name;
    struct str base_location;
    struct str new_location; /* a written, fsynced metadata file */
};

/* Serialises the commits of this machine's processes, from reading the newest base to the swap, so
 * that two appenders wait for each other instead of losing to each other. Advisory: K1 holds
 * without it. Waits at most busy_ms (K3). Not re-entrant. */
STATUS_MUST_USE status catalog_lock(struct catalog *c, struct error *err);
void catalog_unlock(struct catalog *c);

/* In order, in one transaction. A table's change that finds another location than base_location, or
 * a created one that exists, is ST_CONFLICT naming the table. */
STATUS_MUST_USE status catalog_commit(struct catalog *c, const struct catalog_change *changes,
                                      size_t count, struct error *err);

/* "<warehouse>/<space levels>/<table>-<uuid>": a new table's own
 * folder, so that a dropped and re-created table never shares files. */
STATUS_MUST_USE status catalog_table_location(const struct catalog *c, struct catalog_name name,
                                              struct arena *arena, struct str *out,
                                              struct error *err);

#endif
