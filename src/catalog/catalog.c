// SPDX-License-Identifier: Apache-2.0
/* catalog.c - the contract over its kinds: opening, pins, names.
 *
 * A pin holds no lock, so a long refresh never keeps others from committing; what changed meanwhile
 * shows at commit as a conflict. */
#include "catalog/catalog_int.h"

#include "base/random.h"

#include <stdlib.h>

#define BUSY_MS 60000

/* ---- opening --------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    status (*open)(struct catalog *c, const struct catalog_config *config, bool create,
                   struct error *err);
} kinds[] = {
    {"sql", catalog_sqlite_open}, {"nessie", catalog_nessie_open}, {"rest", catalog_rest_open}};

static status open_kind(struct catalog *c, const struct catalog_config *config, bool create,
                        struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq_z(config->type, kinds[i].type))
            return kinds[i].open(c, config, create, err);
    FAIL(err, ST_USAGE, "catalog \"%.*s\" has type \"%.*s\"; there are sql, nessie and rest",
         STR_ARG(c->name), STR_ARG(config->type));
}

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
        st = open_kind(c, config, create, err);
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

const struct catalog_traits *catalog_traits(const struct catalog *c)
{
    return &c->kind->traits;
}

status catalog_describe(const struct catalog *c, struct arena *arena, struct str *out,
                        struct error *err)
{
    return arena_printf(arena, out, err, "catalog %.*s, warehouse %.*s, %.*s", STR_ARG(c->name),
                        STR_ARG(c->warehouse), STR_ARG(c->about));
}

/* ---- lists of names -------------------------------------------------------------------------- */

static int name_cmp(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

status catalog_names_add(struct catalog_names *n, struct arena *arena, struct str name,
                         struct error *err)
{
    TRY(arena_grow(arena, (void **)&n->names, sizeof(name), &n->capacity, n->count + 1, err));
    n->names[n->count++] = name;
    return ST_OK;
}

void catalog_names_sort(struct catalog_names *n)
{
    size_t kept = 1;
    if (n->count == 0)
        return;
    qsort(n->names, n->count, sizeof(*n->names), name_cmp);
    for (size_t i = 1; i < n->count; i++)
        if (!str_eq(n->names[i], n->names[kept - 1]))
            n->names[kept++] = n->names[i];
    n->count = kept;
}

status catalog_names_complete(struct catalog_names *n, struct arena *arena, struct error *err)
{
    for (size_t i = 0, given = n->count; i < given; i++)
        for (size_t k = n->names[i].len; k-- > 0;)
            if (n->names[i].ptr[k] == '.')
                TRY(catalog_names_add(n, arena, (struct str){n->names[i].ptr, k}, err));
    catalog_names_sort(n);
    return ST_OK;
}

bool catalog_names_have(const struct catalog_names *n, struct str name)
{
    return n->count > 0 && bsearch(&name, n->names, n->count, sizeof(*n->names), name_cmp) != NULL;
}

static status copy_names(const struct catalog_names *from, struct arena *arena, struct str **out,
                         size_t *count, struct error *err)
{
    *count = from->count;
    TRY(ARENA_ARRAY(arena, struct str, from->count, out, err));
    for (size_t i = 0; i < from->count; i++)
        TRY(arena_str(arena, from->names[i], &(*out)[i], err));
    return ST_OK;
}

/* ---- pins ------------------------------------------------------------------------------------ */

static status new_pin(struct catalog *c, struct catalog_pin **out, struct error *err)
{
    TRY(mem_calloc(NULL, sizeof(**out), (void **)out, err));
    (*out)->catalog = c;
    arena_init(&(*out)->arena, NULL);
    return ST_OK;
}

status catalog_pin(struct catalog *c, struct catalog_pin **out, struct error *err)
{
    struct catalog_pin *p;
    *out = NULL;
    TRY(new_pin(c, &p, err));
    status st = c->kind->pin(p, err);
    if (st == ST_OK)
        *out = p;
    else
        catalog_unpin(p);
    return st;
}

status catalog_pin_at(struct catalog *c, struct str ref, struct catalog_pin **out,
                      struct error *err)
{
    struct catalog_pin *p;
    bool found = false;
    *out = NULL;
    if (!c->kind->pin_at)
        return ST_OK;
    TRY(new_pin(c, &p, err));
    status st = c->kind->pin_at(p, ref, &found, err);
    if (st == ST_OK && found)
        *out = p;
    else
        catalog_unpin(p);
    return st;
}

void catalog_unpin(struct catalog_pin *p)
{
    if (!p)
        return;
    arena_free(&p->arena);
    mem_free(NULL, p, sizeof(*p));
}

status catalog_expect(struct catalog_pin *p, const struct catalog_name *names, size_t count,
                      struct error *err)
{
    const struct catalog_kind *kind = p->catalog->kind;
    return kind->expect ? kind->expect(p, names, count, err) : ST_OK;
}

status catalog_namespace_exists(struct catalog_pin *p, struct str space, bool *out,
                                struct error *err)
{
    return p->catalog->kind->space_exists(p, space, out, err);
}

status catalog_namespaces(struct catalog_pin *p, struct arena *arena, struct str **out,
                          size_t *count, struct error *err)
{
    struct catalog_names names = {0};
    TRY(p->catalog->kind->spaces(p, &names, err));
    return copy_names(&names, arena, out, count, err);
}

status catalog_tables(struct catalog_pin *p, struct str space, struct arena *arena,
                      struct str **out, size_t *count, struct error *err)
{
    struct catalog_names names = {0};
    TRY(p->catalog->kind->tables(p, space, &names, err));
    return copy_names(&names, arena, out, count, err);
}

status catalog_location(struct catalog_pin *p, struct catalog_name name, struct arena *arena,
                        struct str *out, struct error *err)
{
    struct str location = {0};
    *out = location;
    TRY(p->catalog->kind->locate(p, name, &location, err));
    return location.ptr ? arena_str(arena, location, out, err) : ST_OK;
}

status catalog_load(struct catalog_pin *p, struct catalog_name name, struct arena *arena,
                    struct iceberg_table **out, struct error *err)
{
    const struct catalog_kind *kind = p->catalog->kind;
    struct str location;
    TRY(catalog_location(p, name, arena, &location, err));
    if (!location.ptr)
        FAIL_SQL(err, ST_NOT_FOUND, "42P01", 0, "table \"%.*s.%.*s\" does not exist",
                 STR_ARG(name.space), STR_ARG(name.table));
    status st = kind->load ? kind->load(p, name, location, arena, out, err)
                           : iceberg_table_load(p->catalog->store, arena, location, out, err);
    TRY_CONTEXT(st, err, "table %.*s.%.*s", STR_ARG(name.space), STR_ARG(name.table));
    return ST_OK;
}

status catalog_is_view(struct catalog_name name, struct error *err)
{
    FAIL(err, ST_UNSUPPORTED, "%.*s.%.*s is an Iceberg view; firn reads tables only",
         STR_ARG(name.space), STR_ARG(name.table));
}

status catalog_stage(struct catalog_pin *p, struct catalog_name name,
                     const struct iceberg_table *wanted, struct arena *arena,
                     struct iceberg_table **out, struct error *err)
{
    ENSURE(p->catalog->kind->stage != NULL, err);
    return p->catalog->kind->stage(p, name, wanted, arena, out, err);
}

/* ---- changes --------------------------------------------------------------------------------- */

struct str catalog_scope(const struct catalog *c)
{
    return c->scope;
}

status catalog_was_published(struct catalog *c, struct str publish_id, bool *out, struct error *err)
{
    *out = false;
    return c->kind->was_published ? c->kind->was_published(c, publish_id, out, err) : ST_OK;
}

status catalog_lock(struct catalog *c, struct error *err)
{
    return c->kind->lock ? c->kind->lock(c, err) : ST_OK;
}

void catalog_unlock(struct catalog *c)
{
    if (c->kind->unlock)
        c->kind->unlock(c);
}

status catalog_commit(struct catalog_pin *at, const struct catalog_commit *commit,
                      struct error *err)
{
    return commit->count == 0 ? ST_OK : at->catalog->kind->commit(at, commit, err);
}

status catalog_branch(struct catalog_pin *p, enum catalog_branch_action action, struct str name,
                      struct error *err)
{
    if (p->catalog->kind->branch)
        return p->catalog->kind->branch(p, action, name, err);
    FAIL(err, ST_UNSUPPORTED, "catalog \"%.*s\" has no branches, a Nessie catalog has",
         STR_ARG(p->catalog->name));
}

static bool name_eq(struct catalog_name a, struct catalog_name b)
{
    return str_eq(a.space, b.space) && str_eq(a.table, b.table);
}

bool catalog_name_freed(const struct catalog_change *changes, size_t count,
                        struct catalog_name name)
{
    for (size_t i = 0; i < count; i++)
        if ((changes[i].kind == CATALOG_DROP && name_eq(changes[i].name, name)) ||
            (changes[i].kind == CATALOG_RENAME && name_eq(changes[i].from, name)))
            return true;
    return false;
}

status catalog_lost(const struct catalog_change *ch, const char *what, struct error *err)
{
    FAIL(err, ST_CONFLICT, "%.*s%s%.*s %s", STR_ARG(ch->name.space), ch->name.table.len ? "." : "",
         STR_ARG(ch->name.table), what);
}

status catalog_table_location(struct catalog_pin *p, struct catalog_name name, struct arena *arena,
                              struct str *out, struct error *err)
{
    char uuid[37];
    char *path;
    if (p->catalog->kind->table_location)
        return p->catalog->kind->table_location(p, name, arena, out, err);
    TRY(random_uuid(uuid, err));
    TRY(arena_alloc(arena, name.space.len + 1, (void **)&path, err));
    for (size_t i = 0; i < name.space.len; i++)
        path[i] = name.space.ptr[i] == '.' ? '/' : name.space.ptr[i];
    path[name.space.len] = 0;
    return arena_printf(arena, out, err, "%.*s/%s/%.*s-%s", STR_ARG(p->catalog->warehouse), path,
                        STR_ARG(name.table), uuid);
}
