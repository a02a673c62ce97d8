// SPDX-License-Identifier: Apache-2.0
/* catalog.h - names to metadata locations, swapped atomically: one contract, several kinds.
 *
 *     catalog_pin -> catalog_load ... -> changes -> catalog_commit(pin, changes)
 *
 * K1  commit is all or nothing over every table in it; ST_CONFLICT means nothing changed and
 *     someone else won; ST_UNKNOWN means that nobody knows, and then nobody deletes anything; after
 *     any other failure nothing has changed nor will
 * K2  a pin sees one state of all tables until it is released
 * K3  nothing waits longer than `busy_ms`, a commit whose reply was lost three times that; then
 *     ST_TIMEOUT (sqlstate 55P03) names the file, ST_NET, ST_THROTTLED or ST_UNKNOWN the server
 * K4  a pin may answer lazily: each call may ask a server, and fail, but about the pinned state; what
 *     it was told once it keeps. Pins and catalogs are for one thread at a time
 *
 * Kinds: sql (one SQLite file; PyIceberg's SqlCatalog and Iceberg's JdbcCatalog open the same),
 * nessie (a server whose commits change many tables at once), rest (a server that speaks Iceberg's
 * REST protocol and writes metadata itself). */
#ifndef CATALOG_H
#define CATALOG_H

#include "iceberg/iceberg.h"

struct catalog;

struct catalog_config {
    struct str name;      /* also catalog_name in a SQLite file, JdbcCatalog must be called so */
    struct str type;      /* "sql", "nessie", "rest" */
    struct str uri;       /* "sqlite:////abs/firn.db", "http://host:19120/api/v2" */
    struct str warehouse; /* "file:///abs/warehouse", "s3a://bucket/warehouse" */
    int64_t busy_ms;      /* 0 = the default of 60,000 */
    const _Atomic bool
        *cancel; /* borrowed while open: questions to a server, but no commit, end with
                                   ST_CANCELLED once set; or NULL */
    size_t property_count;
    const struct property *properties; /* all keys of the catalog's section, the above included */
};

/* What a kind can do; constant. */
struct catalog_traits {
    bool many_tables; /* one commit may change several tables */
    bool
        writes_metadata; /* its server makes metadata files out of updates: new_location is empty */
    bool keeps_files;    /* files that a commit once published are never deleted */
};

/* `create`: make the file and its tables; else a missing file is ST_USAGE. `store` is borrowed for as
 * long as the catalog is open, `config` during the call. */
STATUS_MUST_USE status catalog_open(const struct catalog_config *config, struct store *store,
                                    bool create, struct catalog **out, struct error *err);
void catalog_close(struct catalog *c); /* accepts NULL */
struct str catalog_name(const struct catalog *c);
struct str catalog_warehouse(const struct catalog *c); /* without slashes at its end */
const struct catalog_traits *catalog_traits(const struct catalog *c);
/* The reference that commits move; empty where a catalog has one state. Who differs in it moves other
 * pointers to the same files. */
struct str catalog_scope(const struct catalog *c);
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
/* The newest state of another branch or tag of the catalog, or its state at a commit's hash, to read;
 * *out NULL when there is none of that name. */
STATUS_MUST_USE status catalog_pin_at(struct catalog *c, struct str ref, struct catalog_pin **out,
                                      struct error *err);
void catalog_unpin(struct catalog_pin *p); /* accepts NULL */

/* Says which names will be asked about next (a namespace has an empty table): a server is asked for all
 * of them at once. */
STATUS_MUST_USE status catalog_expect(struct catalog_pin *p, const struct catalog_name *names,
                                      size_t count, struct error *err);
STATUS_MUST_USE status catalog_namespace_exists(struct catalog_pin *p, struct str space, bool *out,
                                                struct error *err);
/* Sorted names, each once, in `arena`. */
STATUS_MUST_USE status catalog_namespaces(struct catalog_pin *p, struct arena *arena,
                                          struct str **out, size_t *count, struct error *err);
/* Without views. */
STATUS_MUST_USE status catalog_tables(struct catalog_pin *p, struct str space, struct arena *arena,
                                      struct str **out, size_t *count, struct error *err);
/* ptr NULL when there is no such table; a view is ST_UNSUPPORTED. */
STATUS_MUST_USE status catalog_location(struct catalog_pin *p, struct catalog_name name,
                                        struct arena *arena, struct str *out, struct error *err);
/* The table as the pin sees it, metadata_location as catalog_location gives it; ST_NOT_FOUND (42P01)
 * when there is none. */
STATUS_MUST_USE status catalog_load(struct catalog_pin *p, struct catalog_name name,
                                    struct arena *arena, struct iceberg_table **out,
                                    struct error *err);

/* Where writes_metadata: a table as the server would make it like `wanted`, whose location may be empty.
 * To be asked for before any file of it is written, because the server places it and may number its
 * columns anew. Nothing is visible yet. */
STATUS_MUST_USE status catalog_stage(struct catalog_pin *p, struct catalog_name name,
                                     const struct iceberg_table *wanted, struct arena *arena,
                                     struct iceberg_table **out, struct error *err);

enum catalog_change_kind {
    CATALOG_CREATE_SPACE, /* space exists: ST_CONFLICT, so that a retry sees it */
    CATALOG_DROP_SPACE,   /* not empty: ST_INVALID 2BP01; absent: ST_CONFLICT */
    CATALOG_CREATE,       /* new_location; the namespace must exist */
    CATALOG_SWAP,         /* base_location -> new_location */
    CATALOG_DROP,         /* base_location must still stand; firn deletes no file */
    CATALOG_RENAME        /* from at base_location -> name at new_location, most often the same */
};

struct catalog_change {
    enum catalog_change_kind kind;
    struct catalog_name name;
    struct catalog_name from; /* RENAME; the table keeps its identity */
    bool purge; /* DROP: a server that writes metadata is asked to delete the table's files, too */
    struct str base_location;
    struct str new_location; /* a written, fsynced metadata file */
    /* CREATE, SWAP and RENAME: the tables at the two locations, and what makes one of the other. `base` is
     * NULL for a new table, and so are the updates where a metadata file is registered as it is. */
    const struct iceberg_table *base, *next;
    size_t update_count;
    const struct iceberg_update *updates;
    const char *operation; /* "append", "create", ...: for a commit's message */
};

struct catalog_commit {
    size_t count;
    /* In order, but that names are left before they are taken: DROP and CREATE of a name make it anew.
     * A table renamed to a name that another leaves is ST_UNSUPPORTED where a kind cannot. */
    const struct catalog_change *changes;
    struct str publish_id;  /* a UUID that no other commit has */
    struct str application; /* who commits; may be empty */
};

/* Branches of the catalog as a whole, at once and outside of every commit: CREATE makes one of the
 * pinned state, MERGE takes its changes into the branch that is pinned (ST_CONFLICT: both changed a
 * table). ST_UNSUPPORTED where a catalog has none. */
enum catalog_branch_action { CATALOG_BRANCH_CREATE, CATALOG_BRANCH_DROP, CATALOG_BRANCH_MERGE };
STATUS_MUST_USE status catalog_branch(struct catalog_pin *p, enum catalog_branch_action action,
                                      struct str name, struct error *err);

/* Serialises the commits of this machine's processes, from reading the newest base to the swap, so
 * that two appenders wait for each other instead of losing to each other. Advisory: K1 holds
 * without it. Waits at most busy_ms (K3). Not re-entrant. Does nothing where the kind has none. */
STATUS_MUST_USE status catalog_lock(struct catalog *c, struct error *err);
void catalog_unlock(struct catalog *c);

/* All changes in one step. `at` is the state that they were brought up to date with. A table's change
 * that finds another location than base_location, or a created one that exists, is ST_CONFLICT naming
 * the table. */
STATUS_MUST_USE status catalog_commit(struct catalog_pin *at, const struct catalog_commit *commit,
                                      struct error *err);

/* "<warehouse>/<space levels>/<table>-<uuid>", or as the kind's other clients name it: a new table's
 * own folder, so that a dropped and re-created table never shares files. */
STATUS_MUST_USE status catalog_table_location(struct catalog_pin *p, struct catalog_name name,
                                              struct arena *arena, struct str *out,
                                              struct error *err);

/* Is a commit of that publish id in the history of any reference? Catalogs without a history say
 * no. */
STATUS_MUST_USE status catalog_was_published(struct catalog *c, struct str publish_id, bool *out,
                                             struct error *err);

#endif
