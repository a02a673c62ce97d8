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
 * A file made here uses a write-ahead log: Iceberg's JdbcCatalog holds a read transaction for as
 * long as its session lives, and in the older journal that would keep every writer from committing
 * (docs/decisions/2026-11-22-wal.md). A file that others made stays in the mode it has.
 *
 * A commit is one BEGIN IMMEDIATE transaction of a few statements, each a compare-and-swap on
 * metadata_location, with synchronous = EXTRA. Files are written and fsynced before; the write lock
 * is never held while anything else is waited for. Who finds the database busy waits with jitter,
 * at most busy_ms (K3).
 *
 * A COMMIT that fails may have failed behind the point of no return: a frame stands in the log but
 * is not known to be synced, a journal is deleted but its folder not synced. What others see now
 * may differ from what they see after a crash. So `settle` looks at the tables and then commits a
 * change of no meaning: when that is durable, so is what was seen. Only where this fails too is the
 * outcome unknown (K1). */
#include "catalog/catalog_int.h"

#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FROZEN_TRIES 10

struct sqlite_catalog {
    sqlite3 *db;          /* owned; NULL = not connected */
    struct str path;      /* in the catalog's arena */
    struct str lock_path; /* "<path>-lock", there too */
    int64_t busy_ms;
    int64_t waiting_since_us; /* of the current statement; 0 = not waiting */
    int lock_fd;              /* of lock_path; -1 = not held */
    bool frozen;              /* opened as a file that nobody changes: its folder is read-only */
};

/* ---- SQLite's memory comes from base/mem.c, so that tests can make it fail ------------------- */

static void *hook_malloc(int bytes)
{
    return mem_hook_malloc((size_t)bytes);
}

static void *hook_realloc(void *block, int bytes)
{
    return mem_hook_realloc(block, (size_t)bytes);
}

static int hook_size(void *block)
{
    return (int)mem_hook_size(block);
}

static int hook_roundup(int bytes)
{
    return (bytes + 7) & ~7;
}

static int hook_init(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void hook_shutdown(void *unused)
{
    (void)unused;
}

static void install_hooks(void)
{
    static const sqlite3_mem_methods methods = {hook_malloc,   mem_hook_free, hook_realloc,
                                                hook_size,     hook_roundup,  hook_init,
                                                hook_shutdown, NULL};
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* ---- statements ------------------------------------------------------------------------------ */

/* Why the disk refused, an errno or 0. SQLite's own record of it may be of a later call, so a file
 * that could not be opened is asked for again: what it lacks is the right to the folder, or room. */
static int system_reason(struct sqlite_catalog *s, int rc)
{
    char folder[4096];
    struct statvfs room;
    const char *slash = strrchr(s->path.ptr, '/');
    int kept = s->db ? sqlite3_system_errno(s->db) : 0;
    bool telling = kept == ENOSPC || kept == EDQUOT || kept == EFBIG || kept == EROFS ||
                   kept == EACCES || kept == EPERM || kept == EIO || kept == EMFILE;
    if ((rc & 0xFF) == SQLITE_FULL)
        return ENOSPC;
    if (telling || (rc & 0xFF) != SQLITE_CANTOPEN || !slash)
        return telling ? kept : 0;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - s->path.ptr + 1), s->path.ptr);
    if (access(folder, W_OK | X_OK) != 0)
        return errno;
    return statvfs(folder, &room) == 0 && room.f_bavail == 0 ? ENOSPC : 0;
}

/* SQLite's word for a failure, and the system's where there is one. */
static status io_fail(struct sqlite_catalog *s, int rc, const char *doing, struct error *err)
{
    const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    int reason = system_reason(s, rc);
    bool full = reason == ENOSPC || reason == EDQUOT;
    bool denied = reason == EACCES || reason == EPERM || reason == EROFS;
    const char *advice = full     ? "; free space on that disk, then run it again"
                         : denied ? "; give this user the right to write it and its folder"
                                  : "";
    status st =
        error_set(err, ST_IO, __FILE__, __LINE__, "%.*s: %s%s%s while %s%s", STR_ARG(s->path), why,
                  reason ? ": " : "", reason ? strerror(reason) : "", doing, advice);
    error_sqlstate(err, full ? "53100" : denied ? "42501" : "58030");
    return st;
}

static status sqlite_fail(struct sqlite_catalog *s, int rc, const char *doing, struct error *err)
{
    const char *why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    if (rc == SQLITE_IOERR_NOMEM)
        rc = SQLITE_NOMEM;
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        FAIL_SQL(err, ST_TIMEOUT, "55P03", 0,
                 "%.*s: still locked by others after %lld ms while %s; try again", STR_ARG(s->path),
                 (long long)s->busy_ms, doing);
    case SQLITE_NOMEM:
        FAIL(err, ST_OOM, "%.*s: out of memory while %s", STR_ARG(s->path), doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        FAIL(err, ST_CORRUPT, "%.*s is not a usable SQLite database: %s", STR_ARG(s->path), why);
    case SQLITE_READONLY:
        FAIL_SQL(err, ST_IO, "42501", 0,
                 "%.*s is read-only: %s while %s; give this user the right to write it and its "
                 "folder, or mount it for writing",
                 STR_ARG(s->path), why, doing);
    default:
        return io_fail(s, rc, doing, err);
    }
}

static int wait_busy(void *self, int tries)
{
    struct sqlite_catalog *s = self;
    int64_t now = clock_monotonic_us();
    uint16_t jitter = 0;
    if (tries == 0)
        s->waiting_since_us = now;
    if (now - s->waiting_since_us > s->busy_ms * 1000)
        return 0;
    if (random_bytes(&jitter, sizeof(jitter), NULL) != ST_OK)
        jitter = 0;
    int64_t most = tries < 6 ? 1000 << tries : 64000;
    clock_sleep_us(500 + jitter * most / UINT16_MAX);
    return 1;
}

static status run(struct sqlite_catalog *s, const char *sql, const char *doing, struct error *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ST_OK : sqlite_fail(s, rc, doing, err);
}

/* Runs one parametrised statement to its end; *changed = rows changed (may be NULL). */
static status run_bound(struct sqlite_catalog *s, const char *sql, const struct str *values,
                        int count, int *changed, const char *doing, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    for (int i = 0; rc == SQLITE_OK && i < count; i++)
        rc = values[i].ptr
                 ? sqlite3_bind_text(stmt, i + 1, values[i].ptr, (int)values[i].len, SQLITE_STATIC)
                 : sqlite3_bind_null(stmt, i + 1);
    if (rc == SQLITE_OK) {
        do
            rc = sqlite3_step(stmt);
        while (rc == SQLITE_ROW);
    }
    status st = rc == SQLITE_DONE ? ST_OK : sqlite_fail(s, rc, doing, err);
    sqlite3_finalize(stmt);
    if (st == ST_OK && changed)
        *changed = sqlite3_changes(s->db);
    return st;
}

/* The single number a query yields. */
static status query_number(struct sqlite_catalog *s, const char *sql, const struct str *values,
                           int count, int64_t *out, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    for (int i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite3_bind_text(stmt, i + 1, values[i].ptr, (int)values[i].len, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    status st = rc == SQLITE_ROW ? ST_OK : sqlite_fail(s, rc, "reading the catalog", err);
    sqlite3_finalize(stmt);
    return st;
}

/* ---- opening --------------------------------------------------------------------------------- */

static const char create_sql[] =
    "CREATE TABLE IF NOT EXISTS iceberg_tables ("
    " catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL,"
    " table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),"
    " previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),"
    " PRIMARY KEY (catalog_name, table_namespace, table_name));"
    "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties ("
    " catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL,"
    " property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000) NOT NULL,"
    " PRIMARY KEY (catalog_name, namespace, property_key));";

static void disconnect(struct sqlite_catalog *s)
{
    sqlite3_close(s->db);
    s->db = NULL;
}

/* Ends an open transaction. Where ROLLBACK has no memory, closing the connection does it. */
static void roll_back(struct sqlite_catalog *s)
{
    if (!s->db || sqlite3_get_autocommit(s->db))
        return;
    if (sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK)
        return;
    disconnect(s);
}

static status create_tables(struct sqlite_catalog *s, struct error *err)
{
    TRY(run(s, "PRAGMA journal_mode = WAL", "choosing a write-ahead log", err));
    TRY(run(s, "BEGIN IMMEDIATE", "starting a transaction", err));
    status st = run(s, create_sql, "creating the catalog's tables", err);
    if (st == ST_OK)
        st = run(s, "COMMIT", "committing the catalog's tables", err);
    roll_back(s);
    return st;
}

static status count_type_columns(struct sqlite_catalog *s, int64_t *out, struct error *err)
{
    return query_number(s,
                        "SELECT count(*) FROM pragma_table_info('iceberg_tables')"
                        " WHERE name = 'iceberg_type'",
                        NULL, 0, out, err);
}

/* From a V0 catalog of an older PyIceberg or JdbcCatalog to V1. */
static status add_type_column(struct sqlite_catalog *s, struct error *err)
{
    int64_t have;
    TRY(run(s, "BEGIN IMMEDIATE", "starting a transaction", err));
    status st = count_type_columns(s, &have, err); /* another process may have been faster */
    if (st == ST_OK && have == 0)
        st = run(s, "ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)",
                 "adding iceberg_type", err);
    if (st == ST_OK)
        st = run(s, "COMMIT", "adding iceberg_type", err);
    roll_back(s);
    return st;
}

static status check_tables(struct sqlite_catalog *s, bool create, struct error *err)
{
    int64_t have;
    TRY(query_number(s,
                     "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN"
                     " ('iceberg_tables', 'iceberg_namespace_properties')",
                     NULL, 0, &have, err));
    if (have < 2 && !create)
        FAIL(err, ST_USAGE,
             "%.*s holds no catalog: it lacks the tables iceberg_tables and "
             "iceberg_namespace_properties; `firn init` makes a new one",
             STR_ARG(s->path));
    if (have < 2)
        TRY(create_tables(s, err));
    TRY(count_type_columns(s, &have, err));
    return have > 0 ? ST_OK : add_type_column(s, err);
}

static status open_database(struct sqlite_catalog *s, bool create, struct error *err)
{
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(s->path.ptr, &s->db, flags, NULL);
    if (rc != SQLITE_OK && !create && access(s->path.ptr, F_OK) != 0 && errno == ENOENT)
        FAIL(err, ST_USAGE, "%.*s does not exist; `firn init` makes a new catalog",
             STR_ARG(s->path));
    if (rc != SQLITE_OK)
        return sqlite_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, "opening it", err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_handler(s->db, wait_busy, s);
    TRY(run(s, "PRAGMA synchronous = EXTRA", "opening it", err));
    return check_tables(s, create, err);
}

/* ---- read-only folders ----------------------------------------------------------------------- */

/* A file with a write-ahead log cannot be opened where none of SQLite's files beside it can be made.
 * While there is no log, it can be read as a file that nobody changes. Somebody with another view of
 * the disk may change it all the same, so it is opened anew for each read, and a read during which
 * its stamp changed counts for nothing. */

struct stamp {
    struct stat file;
    bool quiet; /* there is no log */
};

static bool take_stamp(const struct sqlite_catalog *s, struct stamp *out)
{
    char log[4200];
    struct stat st;
    snprintf(log, sizeof(log), "%s-wal", s->path.ptr);
    out->quiet = stat(log, &st) != 0 ? errno == ENOENT : st.st_size == 0;
    return stat(s->path.ptr, &out->file) == 0;
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->quiet && b->quiet && a->file.st_ino == b->file.st_ino &&
           a->file.st_size == b->file.st_size && a->file.st_mtim.tv_sec == b->file.st_mtim.tv_sec &&
           a->file.st_mtim.tv_nsec == b->file.st_mtim.tv_nsec;
}

static bool folder_is_read_only(const struct sqlite_catalog *s)
{
    char folder[4200];
    const char *slash = strrchr(s->path.ptr, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - s->path.ptr + 1) : 0,
             s->path.ptr);
    return access(slash ? folder : ".", W_OK) != 0 && (errno == EROFS || errno == EACCES);
}

/* "file:/abs/firn.db?immutable=1", with %xx for every byte that a URI might take for something. */
static status open_frozen(struct sqlite_catalog *s, struct error *err)
{
    char uri[3 * 4200 + 32] = "file:";
    size_t n = strlen(uri);
    for (size_t i = 0; i < s->path.len && n < 3 * 4200; i++)
        n += (size_t)snprintf(uri + n, 4, "%%%02X", (unsigned char)s->path.ptr[i]);
    snprintf(uri + n, sizeof(uri) - n, "?immutable=1");
    int rc = sqlite3_open_v2(uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    if (rc != SQLITE_OK)
        return sqlite_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, "opening it", err);
    sqlite3_extended_result_codes(s->db, 1);
    s->frozen = true;
    return check_tables(s, false, err);
}

/* Opens the database unless it is open. */
static status connect_database(struct sqlite_catalog *s, bool create, struct error *err)
{
    struct stamp stamp;
    if (s->db)
        return ST_OK;
    s->frozen = false;
    status st = open_database(s, create, err);
    if (st == ST_IO && !create && folder_is_read_only(s) && take_stamp(s, &stamp) && stamp.quiet) {
        disconnect(s);
        st = open_frozen(s, err);
    }
    if (st != ST_OK)
        disconnect(s);
    return st;
}

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

static status sqlite_read(struct catalog *c, struct arena *arena, struct catalog_state *out,
                          struct error *err);
static status sqlite_commit(struct catalog *c, const struct catalog_change *changes, size_t count,
                            struct error *err);
static status sqlite_lock(struct catalog *c, struct error *err);
static void sqlite_unlock(struct catalog *c);

static void sqlite_close_catalog(struct catalog *c)
{
    struct sqlite_catalog *s = c->self;
    if (!s)
        return;
    sqlite_unlock(c);
    sqlite3_close(s->db);
    mem_free(NULL, s, sizeof(*s));
}

static const struct catalog_kind sqlite_kind = {"sqlite",    sqlite_read,   sqlite_commit,
                                                sqlite_lock, sqlite_unlock, sqlite_close_catalog};

status catalog_sqlite_open(struct catalog *c, bool create, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite_catalog *s;
    struct str path;
    pthread_once(&once, install_hooks);
    TRY(uri_path(c->uri, &path, err));
    TRY(mem_calloc(NULL, sizeof(*s), (void **)&s, err));
    c->kind = &sqlite_kind;
    c->self = s;
    s->busy_ms = c->busy_ms;
    s->lock_fd = -1;
    TRY(arena_str(&c->arena, path, &s->path, err));
    TRY(arena_printf(&c->arena, &s->lock_path, err, "%.*s-lock", STR_ARG(path)));
    return connect_database(s, create, err);
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
        uint16_t jitter = 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            FAIL(err, ST_IO, "%.*s cannot be locked: %s", STR_ARG(s->lock_path), strerror(errno));
        if (clock_monotonic_us() > until)
            FAIL_SQL(err, ST_TIMEOUT, "55P03", 0,
                     "%.*s: still locked by other commits after %lld ms; try again",
                     STR_ARG(s->lock_path), (long long)s->busy_ms);
        TRY(random_bytes(&jitter, sizeof(jitter), err));
        clock_sleep_us(500 + jitter % 8192);
    }
    return ST_OK;
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

static void sqlite_unlock(struct catalog *c)
{
    struct sqlite_catalog *s = c->self;
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

/* ---- reading --------------------------------------------------------------------------------- */

static status column_str(sqlite3_stmt *stmt, int column, struct arena *arena, struct str *out,
                         struct error *err)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    return arena_str(arena, (struct str){text ? text : "", text ? len : 0}, out, err);
}

static status add_table(sqlite3_stmt *stmt, struct arena *arena, struct catalog_state *out,
                        struct error *err)
{
    struct str type;
    TRY(arena_grow(arena, (void **)&out->tables, sizeof(*out->tables), &out->table_capacity,
                   out->table_count + 1, err));
    struct catalog_table_row *row = &out->tables[out->table_count];
    TRY(column_str(stmt, 0, arena, &row->space, err));
    TRY(column_str(stmt, 1, arena, &row->table, err));
    TRY(column_str(stmt, 2, arena, &row->location, err));
    TRY(column_str(stmt, 3, arena, &type, err));
    row->is_view = str_eq(type, STR("VIEW"));
    out->table_count++;
    return ST_OK;
}

static status add_namespace(sqlite3_stmt *stmt, struct arena *arena, struct catalog_state *out,
                            struct error *err)
{
    TRY(arena_grow(arena, (void **)&out->spaces, sizeof(*out->spaces), &out->space_capacity,
                   out->space_count + 1, err));
    return column_str(stmt, 0, arena, &out->spaces[out->space_count++], err);
}

static status read_rows(struct catalog *c, const char *sql,
                        status (*add)(sqlite3_stmt *, struct arena *, struct catalog_state *,
                                      struct error *),
                        struct arena *arena, struct catalog_state *out, struct error *err)
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
        st = sqlite_fail(s, rc, "reading the catalog", err);
    sqlite3_finalize(stmt);
    return st;
}

static status read_names(struct catalog *c, struct arena *arena, struct catalog_state *out,
                         struct error *err)
{
    struct sqlite_catalog *s = c->self;
    TRY(run(s, "BEGIN", "starting to read", err));
    status st = read_rows(c,
                          "SELECT table_namespace, table_name, metadata_location, iceberg_type"
                          " FROM iceberg_tables WHERE catalog_name = ?",
                          add_table, arena, out, err);
    if (st == ST_OK)
        st = read_rows(c,
                       "SELECT DISTINCT namespace FROM iceberg_namespace_properties"
                       " WHERE catalog_name = ?",
                       add_namespace, arena, out, err);
    roll_back(s);
    return st;
}

static status read_frozen(struct catalog *c, struct arena *arena, struct catalog_state *out,
                          struct error *err)
{
    struct sqlite_catalog *s = c->self;
    struct stamp before, after;
    for (int tries = 0; tries < FROZEN_TRIES; tries++) {
        *out = (struct catalog_state){0};
        disconnect(s);
        bool known = take_stamp(s, &before);
        TRY(connect_database(s, false, err));
        status st = read_names(c, arena, out, err);
        if (!s->frozen)
            return st;
        if (known && take_stamp(s, &after) && same_stamp(&before, &after))
            return st;
    }
    FAIL(err, ST_IO, "%.*s: its folder is read-only here, but somebody changes it all the time",
         STR_ARG(s->path));
}

static status sqlite_read(struct catalog *c, struct arena *arena, struct catalog_state *out,
                          struct error *err)
{
    struct sqlite_catalog *s = c->self;
    TRY(connect_database(s, false, err));
    return s->frozen ? read_frozen(c, arena, out, err) : read_names(c, arena, out, err);
}

/* ---- committing ------------------------------------------------------------------------------ */

static status name_conflict(const struct catalog_change *ch, const char *what, struct error *err)
{
    FAIL(err, ST_CONFLICT, "%.*s%s%.*s %s", STR_ARG(ch->name.space), ch->name.table.len ? "." : "",
         STR_ARG(ch->name.table), what);
}

/* A namespace is there when it, a child or a table of it stands in either table. */
static status space_exists(struct catalog *c, struct str space, bool *out, struct error *err)
{
    const struct str values[] = {c->name, space};
    int64_t n;
    TRY(query_number(c->self,
                     "SELECT (SELECT count(*) FROM iceberg_namespace_properties WHERE"
                     " catalog_name = ?1 AND (namespace = ?2 OR"
                     " substr(namespace, 1, length(?2) + 1) = ?2 || '.')) +"
                     " (SELECT count(*) FROM iceberg_tables WHERE catalog_name = ?1 AND"
                     " (table_namespace = ?2 OR"
                     " substr(table_namespace, 1, length(?2) + 1) = ?2 || '.'))",
                     values, 2, &n, err));
    *out = n > 0;
    return ST_OK;
}

static status create_space(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space};
    bool exists;
    TRY(space_exists(c, ch->name.space, &exists, err));
    if (exists)
        return name_conflict(ch, "was created by another process", err);
    return run_bound(c->self,
                     "INSERT INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true')",
                     values, 2, NULL, "creating a namespace", err);
}

static status drop_space(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space};
    int64_t n;
    int changed;
    TRY(query_number(c->self,
                     "SELECT (SELECT count(*) FROM iceberg_tables WHERE catalog_name = ?1 AND"
                     " (table_namespace = ?2 OR"
                     " substr(table_namespace, 1, length(?2) + 1) = ?2 || '.')) +"
                     " (SELECT count(*) FROM iceberg_namespace_properties WHERE"
                     " catalog_name = ?1 AND"
                     " substr(namespace, 1, length(?2) + 1) = ?2 || '.')",
                     values, 2, &n, err));
    if (n > 0)
        FAIL_SQL(err, ST_INVALID, "2BP01", 0,
                 "schema \"%.*s\" is not empty: drop its %lld tables "
                 "and schemas first",
                 STR_ARG(ch->name.space), (long long)n);
    TRY(run_bound(c->self,
                  "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND"
                  " namespace = ?",
                  values, 2, &changed, "dropping a namespace", err));
    return changed == 0 ? name_conflict(ch, "was dropped by another process", err) : ST_OK;
}

static status create_table(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space, ch->name.table, ch->new_location};
    bool exists;
    int changed;
    TRY(space_exists(c, ch->name.space, &exists, err));
    if (!exists)
        FAIL_SQL(err, ST_NOT_FOUND, "3F000", 0, "schema \"%.*s\" does not exist",
                 STR_ARG(ch->name.space));
    TRY(run_bound(c->self,
                  "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name,"
                  " metadata_location, iceberg_type) VALUES (?, ?, ?, ?, 'TABLE')"
                  " ON CONFLICT DO NOTHING",
                  values, 4, &changed, "creating a table", err));
    return changed == 0 ? name_conflict(ch, "was created by another process", err) : ST_OK;
}

static status swap_table(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {ch->new_location, ch->base_location, c->name, ch->name.space,
                                 ch->name.table};
    int changed;
    TRY(run_bound(c->self,
                  "UPDATE iceberg_tables SET metadata_location = ?1,"
                  " previous_metadata_location = ?2 WHERE catalog_name = ?3 AND"
                  " table_namespace = ?4 AND table_name = ?5 AND metadata_location = ?2",
                  values, 5, &changed, "moving a table's pointer", err));
    return changed == 0 ? name_conflict(ch, "was changed by another process", err) : ST_OK;
}

static status drop_table(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    const struct str values[] = {c->name, ch->name.space, ch->name.table, ch->base_location};
    int changed;
    TRY(run_bound(c->self,
                  "DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND"
                  " table_name = ? AND metadata_location = ?",
                  values, 4, &changed, "dropping a table", err));
    return changed == 0 ? name_conflict(ch, "was changed by another process", err) : ST_OK;
}

static status apply(struct catalog *c, const struct catalog_change *ch, struct error *err)
{
    switch (ch->kind) {
    case CATALOG_CREATE_SPACE:
        return create_space(c, ch, err);
    case CATALOG_DROP_SPACE:
        return drop_space(c, ch, err);
    case CATALOG_CREATE:
        return create_table(c, ch, err);
    case CATALOG_SWAP:
        return swap_table(c, ch, err);
    case CATALOG_DROP:
        return drop_table(c, ch, err);
    }
    FAIL(err, ST_INTERNAL, "catalog change %d", (int)ch->kind);
}

/* ---- a COMMIT that failed -------------------------------------------------------------------- */

enum seen { SEEN_NOTHING, SEEN_OLD, SEEN_NEW, SEEN_OTHER };

/* Where a table stands: SEEN_NEW at new_location, SEEN_OLD at base_location. An empty location
 * means that there is no such table. */
static status look_at_table(struct catalog *c, const struct catalog_change *ch, enum seen *out,
                            struct error *err)
{
    const struct str base = {ch->base_location.ptr ? ch->base_location.ptr : "",
                             ch->base_location.len};
    const struct str new = {ch->new_location.ptr ? ch->new_location.ptr : "", ch->new_location.len};
    const struct str values[] = {c->name, ch->name.space, ch->name.table, base, new};
    int64_t n;
    TRY(query_number(c->self,
                     "SELECT CASE at WHEN ?5 THEN 2 WHEN ?4 THEN 1 ELSE 3 END FROM (SELECT"
                     " coalesce((SELECT metadata_location FROM iceberg_tables WHERE"
                     " catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3), '') AS at)",
                     values, 5, &n, err));
    *out = (enum seen)n;
    return ST_OK;
}

static status look_at(struct catalog *c, const struct catalog_change *ch, enum seen *out,
                      struct error *err)
{
    bool exists;
    if (ch->kind != CATALOG_CREATE_SPACE && ch->kind != CATALOG_DROP_SPACE)
        return look_at_table(c, ch, out, err);
    TRY(space_exists(c, ch->name.space, &exists, err));
    *out = exists == (ch->kind == CATALOG_CREATE_SPACE) ? SEEN_NEW : SEEN_OLD;
    return ST_OK;
}

/* What the tables show of all changes together. A table dropped and made again by one commit is
 * judged by its last change. */
static status look_at_all(struct catalog *c, const struct catalog_change *changes, size_t count,
                          enum seen *out, struct error *err)
{
    *out = SEEN_NOTHING;
    for (size_t i = 0; i < count; i++) {
        enum seen seen;
        bool again = i + 1 < count && changes[i].kind == CATALOG_DROP &&
                     changes[i + 1].kind == CATALOG_CREATE &&
                     str_eq(changes[i].name.space, changes[i + 1].name.space) &&
                     str_eq(changes[i].name.table, changes[i + 1].name.table);
        if (again)
            continue;
        TRY(look_at(c, &changes[i], &seen, err));
        *out = *out == SEEN_NOTHING || *out == seen ? seen : SEEN_OTHER;
    }
    return ST_OK;
}

static status settle_inside(struct catalog *c, const struct catalog_change *changes, size_t count,
                            enum seen *out, struct error *err)
{
    TRY(look_at_all(c, changes, count, out, err));
    TRY(run_bound(c->self,
                  "INSERT OR REPLACE INTO iceberg_namespace_properties VALUES (?, '', '', '')",
                  &c->name, 1, NULL, "settling a commit", err));
    TRY(run_bound(c->self,
                  "DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND"
                  " namespace = '' AND property_key = ''",
                  &c->name, 1, NULL, "settling a commit", err));
    return run(c->self, "COMMIT", "settling a commit", err);
}

static status settle(struct catalog *c, const struct catalog_change *changes, size_t count,
                     enum seen *out, struct error *err)
{
    struct sqlite_catalog *s = c->self;
    TRY(connect_database(s, false, err));
    TRY(run(s, "BEGIN IMMEDIATE", "settling a commit", err));
    status st = settle_inside(c, changes, count, out, err);
    roll_back(s);
    return st;
}

/* COMMIT gave `rc`: failed for certain, done after all, or nobody knows. */
static status commit_failed(struct catalog *c, const struct catalog_change *changes, size_t count,
                            int rc, struct error *err)
{
    struct sqlite_catalog *s = c->self;
    struct error why;
    enum seen seen = SEEN_OTHER;
    status st = sqlite_fail(s, rc, "committing", err);
    bool open = !sqlite3_get_autocommit(s->db);
    roll_back(s);
    if (((rc & 0xFF) == SQLITE_BUSY && open) || (rc & 0xFF) == SQLITE_FULL)
        return st; /* nothing was written, or not all of it */
    error_init(&why);
    bool settled = settle(c, changes, count, &seen, &why) == ST_OK;
    if (settled && seen == SEEN_NEW)
        return ST_OK;
    if (settled && seen == SEEN_OLD)
        return st;
    return error_set(err, ST_UNKNOWN, __FILE__, __LINE__,
                     "%.*s: a commit failed and whether it can be seen is unknown: %s; look at the "
                     "tables before you try again",
                     STR_ARG(s->path), settled ? "others have changed the same tables" : why.msg);
}

static status sqlite_commit(struct catalog *c, const struct catalog_change *changes, size_t count,
                            struct error *err)
{
    struct sqlite_catalog *s = c->self;
    status st = ST_OK;
    TRY(connect_database(s, false, err));
    TRY(run(s, "BEGIN IMMEDIATE", "waiting for the write lock", err));
    for (size_t i = 0; st == ST_OK && i < count; i++)
        st = apply(c, &changes[i], err);
    if (st != ST_OK) {
        roll_back(s);
        return st;
    }
    int rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    return rc == SQLITE_OK ? ST_OK : commit_failed(c, changes, count, rc, err);
}
