// SPDX-License-Identifier: Apache-2.0
/* catalog_int.h - what a kind of catalog offers to catalog.c. */
#ifndef CATALOG_INT_H
#define CATALOG_INT_H

#include "catalog/catalog.h"

struct catalog_pin {
    struct catalog *catalog; /* borrowed */
    struct arena arena;      /* what the kind was told, for as long as the pin lives (K4) */
    void *self;              /* of the kind, in <arena>; resources outside it: arena_on_reset */
};

/* A growing list of names, the array in an arena given with every call. */
struct catalog_names {
    struct str *names;
    size_t count, capacity;
};
/* Adds `name` as it is, not copied. */
STATUS_MUST_USE status catalog_names_add(struct catalog_names *n, struct arena *arena,
                                         struct str name, struct error *err);
/* Sorts and removes duplicates. */
void catalog_names_sort(struct catalog_names *n);
/* Adds all parents ("a" for "a.b") of the names, then sorts. */
STATUS_MUST_USE status catalog_names_complete(struct catalog_names *n, struct arena *arena,
                                              struct error *err);
/* In a sorted list. */
bool catalog_names_have(const struct catalog_names *n, struct str name);

/* A kind's operations; those that may be NULL say so. Names they give live as long as the pin. */
struct catalog_kind {
    struct catalog_traits traits;
    /* Fixes the state that p will answer about; sets p->self. */
    status (*pin)(struct catalog_pin *p, struct error *err);
    /* Same for another reference; *found false: it is none. NULL: the catalog has no references. */
    status (*pin_at)(struct catalog_pin *p, struct str ref, bool *found, struct error *err);
    /* NULL: asking for one name after the other costs no more. */
    status (*expect)(struct catalog_pin *p, const struct catalog_name *names, size_t count,
                     struct error *err);
    status (*space_exists)(struct catalog_pin *p, struct str space, bool *out, struct error *err);
    status (*spaces)(struct catalog_pin *p, struct catalog_names *out, struct error *err);
    status (*tables)(struct catalog_pin *p, struct str space, struct catalog_names *out,
                     struct error *err);
    /* ptr NULL when there is none; a view fails by catalog_is_view. */
    status (*locate)(struct catalog_pin *p, struct catalog_name name, struct str *out,
                     struct error *err);
    /* NULL: the metadata file at the location is all. */
    status (*load)(struct catalog_pin *p, struct catalog_name name, struct str location,
                   struct arena *arena, struct iceberg_table **out, struct error *err);
    /* A new table's folder; NULL: "<warehouse>/<space levels>/<table>-<uuid>". */
    status (*table_location)(struct catalog_pin *p, struct catalog_name name, struct arena *arena,
                             struct str *out, struct error *err);
    /* NULL where the traits do not say writes_metadata. */
    status (*stage)(struct catalog_pin *p, struct catalog_name name,
                    const struct iceberg_table *wanted, struct arena *arena,
                    struct iceberg_table **out, struct error *err);
    status (*commit)(struct catalog_pin *at, const struct catalog_commit *commit,
                     struct error *err);
    /* NULL: the catalog has no branches. */
    status (*branch)(struct catalog_pin *p, enum catalog_branch_action action, struct str name,
                     struct error *err);
    status (*lock)(struct catalog *c, struct error *err); /* both NULL: there is no lock */
    void (*unlock)(struct catalog *c);
    /* Is a publish of that id in the history of any reference? NULL: there is no history. */
    status (*was_published)(struct catalog *c, struct str publish_id, bool *out, struct error *err);
    void (*close)(struct catalog *c);
};

struct catalog {
    const struct catalog_kind *kind;
    struct store *store; /* borrowed */
    struct arena arena;  /* names and configuration */
    struct str name, uri, warehouse;
    struct str about; /* set by the kind: "sqlite" */
    struct str
        scope; /* set by the kind: the reference its commits move; empty = there is one state */
    int64_t busy_ms;
    void *self; /* owned by the kind */
};

/* Fails: the name is a view's. */
STATUS_MUST_USE status catalog_is_view(struct catalog_name name, struct error *err);
/* Does another change of the commit leave this name? */
bool catalog_name_freed(const struct catalog_change *changes, size_t count,
                        struct catalog_name name);
/* Fails with ST_CONFLICT: "demo.sales was changed by another process". */
STATUS_MUST_USE status catalog_lost(const struct catalog_change *ch, const char *what,
                                    struct error *err);

/* Each sets c->kind, c->self and c->about; name, uri, warehouse and busy_ms stand. On failure
 * c->kind->close is called if c->kind is set. */
STATUS_MUST_USE status catalog_sqlite_open(struct catalog *c, const struct catalog_config *config,
                                           bool create, struct error *err);
STATUS_MUST_USE status catalog_nessie_open(struct catalog *c, const struct catalog_config *config,
                                           bool create, struct error *err);
STATUS_MUST_USE status catalog_rest_open(struct catalog *c, const struct catalog_config *config,
                                         bool create, struct error *err);

#endif
