// SPDX-License-Identifier: Apache-2.0
/* catalog.c - the contract over its kinds: opening, pins, names.
 *
 * A pin is a copy of all names and metadata locations, read in one transaction of the kind (K2). It
 * holds no lock, so a long refresh never keeps others from committing; what changed meanwhile shows
 * at commit as a conflict. Catalogs hold thousands of tables at most: a copy is some hundred
 * kilobytes. */
#include "catalog/catalog_int.h"

#include "base/random.h"

#include <stdlib.h>

#define BUSY_MS 60000

struct catalog_pin {
    struct catalog *catalog; /* borrowed */
    struct arena arena;
    struct catalog_state state;
};

status catalog_open(const struct catalog_config *config, struct store *store, bool create,
                    struct catalog **out, struct error *err)
{
    struct catalog *c;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(*c), (void **)&c, err));
    c->store = store;
    c->busy_ms = config->busy_ms > 0 ? config->busy_ms : BUSY_MS;
    arena_init(&c->arena, NULL);
    status st = arena_str(&c->arena, config->name, &c->name, err);
    if (st == ST_OK)
        st = arena_str(&c->arena, config->uri, &c->uri, err);
    if (st == ST_OK)
        st = arena_str(&c->arena, config->warehouse, &c->warehouse, err);
    while (st == ST_OK && c->warehouse.len > 1 && c->warehouse.ptr[c->warehouse.len - 1] == '/')
        c->warehouse.len--;
    if (st == ST_OK)
        st = catalog_sqlite_open(c, create, err);
    if (st != ST_OK) {
        catalog_close(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

void catalog_close(struct catalog *c)
{
    if (!c)
        return;
    if (c->kind)
        c->kind->close(c);
    arena_free(&c->arena);
    mem_free(NULL, c, sizeof(*c));
}

struct str catalog_name(const struct catalog *c)
{
    return c->name;
}

struct str catalog_warehouse(const struct catalog *c)
{
    return c->warehouse;
}

status catalog_describe(const struct catalog *c, struct arena *arena, struct str *out,
                        struct error *err)
{
    return arena_printf(arena, out, err, "catalog %.*s, warehouse %.*s, %s", STR_ARG(c->name),
                        STR_ARG(c->warehouse), c->kind->name);
}

/* ---- pins ------------------------------------------------------------------------------------ */

static int row_cmp(const void *a, const void *b)
{
    const struct catalog_table_row *x = a, *y = b;
    int c = str_cmp(x->space, y->space);
    return c ? c : str_cmp(x->table, y->table);
}

static int space_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static status add_space(struct catalog_pin *p, struct str space, struct error *err)
{
    struct catalog_state *s = &p->state;
    TRY(arena_grow(&p->arena, (void **)&s->spaces, sizeof(*s->spaces), &s->space_capacity,
                   s->space_count + 1, err));
    s->spaces[s->space_count++] = space;
    return ST_OK;
}

/* Adds the spaces of tables and all parents, sorts, removes duplicates. */
static status complete_spaces(struct catalog_pin *p, struct error *err)
{
    struct catalog_state *s = &p->state;
    for (size_t i = 0; i < s->table_count; i++)
        TRY(add_space(p, s->tables[i].space, err));
    for (size_t i = 0, n = s->space_count; i < n; i++)
        for (size_t k = s->spaces[i].len; k-- > 0;)
            if (s->spaces[i].ptr[k] == '.')
                TRY(add_space(p, (struct str){s->spaces[i].ptr, k}, err));
    if (s->space_count == 0)
        return ST_OK;
    qsort(s->spaces, s->space_count, sizeof(*s->spaces), space_cmp);
    size_t kept = 1;
    for (size_t i = 1; i < s->space_count; i++)
        if (!str_eq(s->spaces[i], s->spaces[kept - 1]))
            s->spaces[kept++] = s->spaces[i];
    s->space_count = kept;
    return ST_OK;
}

status catalog_pin(struct catalog *c, struct catalog_pin **out, struct error *err)
{
    struct catalog_pin *p;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(*p), (void **)&p, err));
    p->catalog = c;
    arena_init(&p->arena, NULL);
    status st = c->kind->read(c, &p->arena, &p->state, err);
    if (st == ST_OK)
        st = complete_spaces(p, err);
    if (st != ST_OK) {
        catalog_unpin(p);
        return st;
    }
    if (p->state.table_count > 0)
        qsort(p->state.tables, p->state.table_count, sizeof(*p->state.tables), row_cmp);
    *out = p;
    return ST_OK;
}

void catalog_unpin(struct catalog_pin *p)
{
    if (!p)
        return;
    arena_free(&p->arena);
    mem_free(NULL, p, sizeof(*p));
}

status catalog_namespace_exists(struct catalog_pin *p, struct str space, bool *out,
                                struct error *err)
{
    *out = p->state.space_count > 0 && bsearch(&space, p->state.spaces, p->state.space_count,
                                               sizeof(*p->state.spaces), space_cmp) != NULL;
    return ST_OK;
}

static status copy_names(const struct str *from, size_t count, struct arena *arena,
                         struct str **out, struct error *err)
{
    TRY(ARENA_ARRAY(arena, struct str, count, out, err));
    for (size_t i = 0; i < count; i++)
        TRY(arena_str(arena, from[i], &(*out)[i], err));
    return ST_OK;
}

status catalog_namespaces(struct catalog_pin *p, struct arena *arena, struct str **out,
                          size_t *count, struct error *err)
{
    *count = p->state.space_count;
    return copy_names(p->state.spaces, *count, arena, out, err);
}

status catalog_tables(struct catalog_pin *p, struct str space, struct arena *arena,
                      struct str **out, size_t *count, struct error *err)
{
    const struct catalog_state *s = &p->state;
    *count = 0;
    TRY(ARENA_ARRAY(arena, struct str, s->table_count, out, err));
    for (size_t i = 0; i < s->table_count; i++)
        if (!s->tables[i].is_view && str_eq(s->tables[i].space, space))
            TRY(arena_str(arena, s->tables[i].table, &(*out)[(*count)++], err));
    return ST_OK;
}

status catalog_location(struct catalog_pin *p, struct catalog_name name, struct arena *arena,
                        struct str *out, struct error *err)
{
    struct catalog_table_row key = {.space = name.space, .table = name.table};
    *out = (struct str){0};
    const struct catalog_table_row *row = p->state.table_count == 0
                                              ? NULL
                                              : bsearch(&key, p->state.tables, p->state.table_count,
                                                        sizeof(*p->state.tables), row_cmp);
    if (!row)
        return ST_OK;
    if (row->is_view)
        FAIL(err, ST_UNSUPPORTED, "%.*s.%.*s is an Iceberg view; firn reads tables only",
             STR_ARG(name.space), STR_ARG(name.table));
    return arena_str(arena, row->location, out, err);
}

status catalog_load(struct catalog_pin *p, struct catalog_name name, struct arena *arena,
                    struct iceberg_table **out, struct error *err)
{
    struct str location;
    TRY(catalog_location(p, name, arena, &location, err));
    if (!location.ptr)
        FAIL_SQL(err, ST_NOT_FOUND, "42P01", 0, "table \"%.*s.%.*s\" does not exist",
                 STR_ARG(name.space), STR_ARG(name.table));
    TRY_CONTEXT(iceberg_table_load(p->catalog->store, arena, location, out, err), err,
                "table %.*s.%.*s", STR_ARG(name.space), STR_ARG(name.table));
    return ST_OK;
}

/* ---- the rest -------------------------------------------------------------------------------- */

status catalog_lock(struct catalog *c, struct error *err)
{
    return c->kind->lock(c, err);
}

void catalog_unlock(struct catalog *c)
{
    c->kind->unlock(c);
}

status catalog_commit(struct catalog *c, const struct catalog_change *changes, size_t count,
                      struct error *err)
{
    return count == 0 ? ST_OK : c->kind->commit(c, changes, count, err);
}

status catalog_table_location(const struct catalog *c, struct catalog_name name,
                              struct arena *arena, struct str *out, struct error *err)
{
    char uuid[37];
    char *path;
    TRY(random_uuid(uuid, err));
    TRY(arena_alloc(arena, name.space.len + 1, (void **)&path, err));
    for (size_t i = 0; i < name.space.len; i++)
        path[i] = name.space.ptr[i] == '.' ? '/' : name.space.ptr[i];
    path[name.space.len] = 0;
    return arena_printf(arena, out, err, "%.*s/%s/%.*s-%s", STR_ARG(c->warehouse), path,
                        STR_ARG(name.table), uuid);
}
