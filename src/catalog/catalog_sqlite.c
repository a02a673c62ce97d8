// SPDX-License-Identifier: Apache-2.0
/* catalog_sqlite.c - a catalog in one SQLite file, in the table shapes of PyIceberg's SqlCatalog
 * and Iceberg's JdbcCatalog (schema V1), so that both open the same file.
 *
 *     iceberg_tables        (catalog_name, table_namespace, table_name) ->
 *                           metadata_location, previous_metadata_location, iceberg_type
 *     iceberg_namespace_properties
 *                           (catalog_name, namespace, property_key) -> property_value;
 *                           a namespace without tables is its marker row exists = true
 *
 * A pin is a copy of all names and metadata locations, read in one transaction (K2). Such catalogs
 * hold thousands of tables at most: a copy is some hundred kilobytes. */
#include "catalog/catalog_sqlite_int.h"

#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FROZEN_TRIES 10

struct sqlite_row {
    struct str space, table, location;
    bool is_view;
};

/* All names at one moment, in the pin's arena. */
struct sqlite_names {
    size_t row_count, row_capacity;
    struct sqlite_row *rows;     /* sorted by space, then table */
    struct catalog_names spaces; /* sorted; every parent and the space of every table too */
};

/* ---- reading --------------------------------------------------------------------------------- */

static status column_str(sqlite3_stmt *stmt, int column, struct arena *arena, struct str *out,
                         struct error *err)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    return arena_str(arena, (struct str){text ? text : "", text ? len : 0}, out, err);
}

static status add_table(sqlite3_stmt *stmt, struct arena *arena, struct sqlite_names *out,
                        struct error *err)
{
    struct str type;
    TRY(arena_grow(arena, (void **)&out->rows, sizeof(*out->rows), &out->row_capacity,
                   out->row_count + 1, err));
    struct sqlite_row *row = &out->rows[out->row_count];
    TRY(column_str(stmt, 0, arena, &row->space, err));
    TRY(column_str(stmt, 1, arena, &row->table, err));
    TRY(column_str(stmt, 2, arena, &row->location, err));
    TRY(column_str(stmt, 3, arena, &type, err));
    row->is_view = str_eq(type, STR("VIEW"));
    out->row_count++;
    return ST_OK;
}

static status add_namespace(sqlite3_stmt *stmt, struct arena *arena, struct sqlite_names *out,
                            struct error *err)
{
    struct str space;
    TRY(column_str(stmt, 0, arena, &space, err));
    return catalog_names_add(&out->spaces, arena, space, err);
}

static status read_rows(struct catalog *c, const char *sql,
                        status (*add)(sqlite3_stmt *, struct arena *, struct sqlite_names *,
                                      struct error *),
                        struct arena *arena, struct sqlite_names *out, struct error *err)
{
    struct sqlite_catalog *s = c->self;
    sqlite3_stmt *stmt = NULL;
    status st = ST_OK;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(stmt, 1, c->name.ptr, (int)c->name.len, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        while (st == ST_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
            st = add(stmt, arena, out, err);
    if (st == ST_OK && rc != SQLITE_DONE)
        st = catalog_sqlite_fail(s, rc, "reading the catalog", err);
    sqlite3_finalize(stmt);
    return st;
}

static status read_names(struct catalog *c, struct arena *arena, struct sqlite_names *out,
                         struct error *err)
{
    struct sqlite_catalog *s = c->self;
    TRY(catalog_sqlite_run(s, "BEGIN", "starting to read", err));
    status st = read_rows(c,
                          "SELECT table_namespace, table_name, metadata_location, iceberg_type"
                          " FROM iceberg_tables WHERE catalog_name = ?",
                          add_table, arena, out, err);
    if (st == ST_OK)
        st = read_rows(c,
                       "SELECT DISTINCT namespace FROM iceberg_namespace_properties"
                       " WHERE catalog_name = ?",
                       add_namespace, arena, out, err);
    catalog_sqlite_roll_back(s);
    return st;
}

static status read_frozen(struct catalog *c, struct arena *arena, struct sqlite_names *out,
                          struct error *err)
{
    struct sqlite_catalog *s = c->self;
    struct sqlite_stamp before, after;
    for (int tries = 0; tries < FROZEN_TRIES; tries++) {
        *out = (struct sqlite_names){0};
        catalog_sqlite_disconnect(s);
        bool known = catalog_sqlite_stamp_take(s, &before);
        TRY(catalog_sqlite_connect(s, false, err));
        status st = read_names(c, arena, out, err);
        if (!s->frozen)
            return st;
        if (known && catalog_sqlite_stamp_take(s, &after) &&
            catalog_sqlite_stamp_same(&before, &after))
            return st;
    }
    FAIL(err, ST_IO, "%.*s: its folder is read-only here, but somebody changes it all the time",
         STR_ARG(s->path));
}

static int row_cmp(const void *a, const void *b)
{
    const struct sqlite_row *x = a, *y = b;
    int c = str_cmp(x->space, y->space);
    return c ? c : str_cmp(x->table, y->table);
}

static status sqlite_pin(struct catalog_pin *p, struct error *err)
{
    struct catalog *c = p->catalog;
    struct sqlite_catalog *s = c->self;
    struct sqlite_names *n;
    TRY(ARENA_NEW(&p->arena, struct sqlite_names, &n, err));
    p->self = n;
    TRY(catalog_sqlite_connect(s, false, err));
    TRY(s->frozen ? read_frozen(c, &p->arena, n, err) : read_names(c, &p->arena, n, err));
    for (size_t i = 0; i < n->row_count; i++)
        TRY(catalog_names_add(&n->spaces, &p->arena, n->rows[i].space, err));
    if (n->row_count > 0)
        qsort(n->rows, n->row_count, sizeof(*n->rows), row_cmp);
    return catalog_names_complete(&n->spaces, &p->arena, err);
}

static status sqlite_space_exists(struct catalog_pin *p, struct str space, bool *out,
                                  struct error *err)
{
    const struct sqlite_names *n = p->self;
    *out = catalog_names_have(&n->spaces, space);
    return ST_OK;
}

static status sqlite_spaces(struct catalog_pin *p, struct catalog_names *out, struct error *err)
{
    const struct sqlite_names *n = p->self;
    *out = n->spaces;
    return ST_OK;
}

static status sqlite_tables(struct catalog_pin *p, struct str space, struct catalog_names *out,
                            struct error *err)
{
    const struct sqlite_names *n = p->self;
    for (size_t i = 0; i < n->row_count; i++)
        if (!n->rows[i].is_view && str_eq(n->rows[i].space, space))
            TRY(catalog_names_add(out, &p->arena, n->rows[i].table, err));
    return ST_OK;
}

static status sqlite_locate(struct catalog_pin *p, struct catalog_name name, struct str *out,
                            struct error *err)
{
    const struct sqlite_names *n = p->self;
    struct sqlite_row key = {.space = name.space, .table = name.table};
    const struct sqlite_row *row =
        n->row_count == 0 ? NULL : bsearch(&key, n->rows, n->row_count, sizeof(key), row_cmp);
    *out = row ? row->location : (struct str){0};
    return row && row->is_view ? catalog_is_view(name, err) : ST_OK;
}

/* ---- the commit lock ---------------------------------------------------------------------------
 */

/* A lock file of its own beside the database: closing a second descriptor of the database itself
 * would drop SQLite's POSIX locks. The file stays; the kernel drops the lock of a process that
 * dies. */

static status lock_wait(struct sqlite_catalog *s, struct error *err)
{
    int64_t until = clock_monotonic_us() + s->busy_ms * 1000;
    while (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            FAIL(err, ST_IO, "%.*s cannot be locked: %s", STR_ARG(s->lock_path), strerror(errno));
        if (clock_monotonic_us() > until)
            FAIL_SQL(err, ST_TIMEOUT, "55P03", 0,
                     "%.*s: still locked by other commits after %lld ms; try again",
                     STR_ARG(s->lock_path), (long long)s->busy_ms);
        random_pause(500, 8192);
    }
    return ST_OK;
}

static void sqlite_unlock(struct catalog *c)
{
    struct sqlite_catalog *s = c->self;
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

static status sqlite_lock(struct catalog *c, struct error *err)
{
    struct sqlite_catalog *s = c->self;
    s->lock_fd = open(s->lock_path.ptr, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->lock_fd < 0) {
        int why = errno;
        status st = error_set(err, ST_IO, __FILE__, __LINE__, "%.*s cannot be opened: %s",
                              STR_ARG(s->lock_path), strerror(why));
        error_sqlstate(err, why == ENOSPC || why == EDQUOT                  ? "53100"
                            : why == EACCES || why == EPERM || why == EROFS ? "42501"
                                                                            : "58030");
        return st;
    }
    status st = lock_wait(s, err);
    if (st != ST_OK)
        sqlite_unlock(c);
    return st;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* "sqlite:////abs/firn.db" (SQLAlchemy's spelling of an absolute path) or
 * "jdbc:sqlite:/abs/firn.db". */
static status uri_path(struct str uri, struct str *out, struct error *err)
{
    static const char *const prefixes[] = {"sqlite:///", "jdbc:sqlite:"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(uri, str_of(prefixes[i])) && uri.len > strlen(prefixes[i])) {
            size_t n = strlen(prefixes[i]);
            *out = (struct str){uri.ptr + n, uri.len - n};
            return ST_OK;
        }
    size_t scheme = 0; /* no more of it is shown: other databases' addresses hold passwords */
    while (scheme < uri.len && uri.ptr[scheme] != ':')
        scheme++;
    FAIL(err, ST_USAGE, "uri \"%.*s...\" is not of the form sqlite:////absolute/path.db",
         (int)(scheme < 32 ? scheme : 32), uri.ptr);
}

static void sqlite_close(struct catalog *c)
{
    struct sqlite_catalog *s = c->self;
    if (!s)
        return;
    sqlite_unlock(c);
    sqlite3_close(s->db);
    mem_free(NULL, s, sizeof(*s));
}

static const struct catalog_kind sqlite_kind = {
    .traits = {.many_tables = true},
    .pin = sqlite_pin,
    .space_exists = sqlite_space_exists,
    .spaces = sqlite_spaces,
    .tables = sqlite_tables,
    .locate = sqlite_locate,
    .commit = catalog_sqlite_commit,
    .lock = sqlite_lock,
    .unlock = sqlite_unlock,
    .close = sqlite_close,
};

status catalog_sqlite_open(struct catalog *c, const struct catalog_config *config, bool create,
                           struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite_catalog *s;
    struct str path;
    pthread_once(&once, catalog_sqlite_hooks_install);
    if (c->uri.len == 0 || c->warehouse.len == 0)
        FAIL(err, ST_USAGE, "catalog \"%.*s\" needs uri and warehouse", STR_ARG(c->name));
    TRY(uri_path(c->uri, &path, err));
    TRY(mem_calloc(NULL, sizeof(*s), (void **)&s, err));
    c->kind = &sqlite_kind;
    c->self = s;
    c->about = STR("sqlite");
    s->busy_ms = c->busy_ms;
    s->lock_fd = -1;
    TRY(arena_str(&c->arena, path, &s->path, err));
    TRY(arena_printf(&c->arena, &s->lock_path, err, "%.*s-lock", STR_ARG(path)));
    return catalog_sqlite_connect(s, create, err);
}
