// SPDX-License-Identifier: Apache-2.0
/* catalog_int.h - what a kind of catalog offers to catalog.c. */
#ifndef CATALOG_INT_H
#define CATALOG_INT_H

#include "catalog/catalog.h"

struct catalog_table_row {
    struct str space, table, location;
    bool is_view;
};

/* All names at one moment, in the pin's arena; tables sorted by space, then table; spaces sorted,
 * each once, with every parent ("a" for "a.b") and the space of every table. */
struct catalog_state {
    size_t table_count, space_count, table_capacity, space_capacity;
    struct catalog_table_row *tables;
    struct str *spaces;
};

struct catalog_kind {
    const char *name;
    status (*read)(struct catalog *c, struct arena *arena, struct catalog_state *out,
                   struct error *err);
    status (*commit)(struct catalog *c, const struct catalog_change *changes, size_t count,
                     struct error *err);
    status (*lock)(struct catalog *c, struct error *err);
    void (*unlock)(struct catalog *c);
    void (*close)(struct catalog *c);
};

struct catalog {
    const struct catalog_kind *kind;
    struct store *store; /* borrowed */
    struct arena arena;  /* names and configuration */
    struct str name, uri, warehouse;
    int64_t busy_ms;
    void *self; /* owned by the kind */
};

STATUS_MUST_USE status catalog_sqlite_open(struct catalog *c, bool create, struct error *err);

#endif
