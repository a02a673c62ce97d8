// SPDX-License-Identifier: Apache-2.0
/* catalog_sqlite_connect.c - the connection to a SQLite catalog: opening, statements, failures.
 *
 * A file made here uses a write-ahead log: Iceberg's JdbcCatalog holds a read transaction for as
 * long as its session lives, and in the older journal that would keep every writer from committing
 * (docs/decisions/2026-11-22-wal.md). A file that others made stays in the mode it has.
 *
 * Who finds the database busy waits with jitter, at most busy_ms (K3). */
#include "catalog/catalog_sqlite_int.h"

#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- SQLite's memory, so that tests can make it fail ----------------------------------------- */

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

void catalog_sqlite_hooks_install(void)
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

status catalog_sqlite_fail(struct sqlite_catalog *s, int rc, const char *doing, struct error *err)
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
    if (tries == 0)
        s->waiting_since_us = now;
    if (now - s->waiting_since_us > s->busy_ms * 1000)
        return 0;
    random_pause(500, tries < 6 ? 1000 << tries : 64000);
    return 1;
}

status catalog_sqlite_run(struct sqlite_catalog *s, const char *sql, const char *doing,
                          struct error *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ST_OK : catalog_sqlite_fail(s, rc, doing, err);
}

status catalog_sqlite_run_bound(struct sqlite_catalog *s, const char *sql, const struct str *values,
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
    status st = rc == SQLITE_DONE ? ST_OK : catalog_sqlite_fail(s, rc, doing, err);
    sqlite3_finalize(stmt);
    if (st == ST_OK && changed)
        *changed = sqlite3_changes(s->db);
    return st;
}

status catalog_sqlite_number(struct sqlite_catalog *s, const char *sql, const struct str *values,
                             int count, int64_t *out, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    for (int i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite3_bind_text(stmt, i + 1, values[i].ptr, (int)values[i].len, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    status st = rc == SQLITE_ROW ? ST_OK : catalog_sqlite_fail(s, rc, "reading the catalog", err);
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

void catalog_sqlite_disconnect(struct sqlite_catalog *s)
{
    sqlite3_close(s->db);
    s->db = NULL;
}

/* Where ROLLBACK has no memory, closing the connection ends it. */
void catalog_sqlite_roll_back(struct sqlite_catalog *s)
{
    if (!s->db || sqlite3_get_autocommit(s->db))
        return;
    if (sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK)
        return;
    catalog_sqlite_disconnect(s);
}

static status create_tables(struct sqlite_catalog *s, struct error *err)
{
    TRY(catalog_sqlite_run(s, "PRAGMA journal_mode = WAL", "choosing a write-ahead log", err));
    TRY(catalog_sqlite_run(s, "BEGIN IMMEDIATE", "starting a transaction", err));
    status st = catalog_sqlite_run(s, create_sql, "creating the catalog's tables", err);
    if (st == ST_OK)
        st = catalog_sqlite_run(s, "COMMIT", "committing the catalog's tables", err);
    catalog_sqlite_roll_back(s);
    return st;
}

static status count_type_columns(struct sqlite_catalog *s, int64_t *out, struct error *err)
{
    return catalog_sqlite_number(s,
                                 "SELECT count(*) FROM pragma_table_info('iceberg_tables')"
                                 " WHERE name = 'iceberg_type'",
                                 NULL, 0, out, err);
}

/* From a V0 catalog of an older PyIceberg or JdbcCatalog to V1. */
static status add_type_column(struct sqlite_catalog *s, struct error *err)
{
    int64_t have;
    TRY(catalog_sqlite_run(s, "BEGIN IMMEDIATE", "starting a transaction", err));
    status st = count_type_columns(s, &have, err); /* another process may have been faster */
    if (st == ST_OK && have == 0)
        st = catalog_sqlite_run(s, "ALTER TABLE iceberg_tables ADD COLUMN iceberg_type VARCHAR(5)",
                                "adding iceberg_type", err);
    if (st == ST_OK)
        st = catalog_sqlite_run(s, "COMMIT", "adding iceberg_type", err);
    catalog_sqlite_roll_back(s);
    return st;
}

static status check_tables(struct sqlite_catalog *s, bool create, struct error *err)
{
    int64_t have;
    TRY(catalog_sqlite_number(s,
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
        return catalog_sqlite_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, "opening it",
                                   err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_handler(s->db, wait_busy, s);
    TRY(catalog_sqlite_run(s, "PRAGMA synchronous = EXTRA", "opening it", err));
    return check_tables(s, create, err);
}

/* ---- read-only folders ----------------------------------------------------------------------- */

/* A file with a write-ahead log cannot be opened where none of SQLite's files beside it can be made.
 * While there is no log, it can be read as a file that nobody changes. Somebody with another view of
 * the disk may change it all the same, so it is opened anew for each read, and a read during which
 * its stamp changed counts for nothing. */

bool catalog_sqlite_stamp_take(const struct sqlite_catalog *s, struct sqlite_stamp *out)
{
    char log[4200];
    struct stat st;
    snprintf(log, sizeof(log), "%s-wal", s->path.ptr);
    out->quiet = stat(log, &st) != 0 ? errno == ENOENT : st.st_size == 0;
    return stat(s->path.ptr, &out->file) == 0;
}

bool catalog_sqlite_stamp_same(const struct sqlite_stamp *a, const struct sqlite_stamp *b)
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
        return catalog_sqlite_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, "opening it",
                                   err);
    sqlite3_extended_result_codes(s->db, 1);
    s->frozen = true;
    return check_tables(s, false, err);
}

status catalog_sqlite_connect(struct sqlite_catalog *s, bool create, struct error *err)
{
    struct sqlite_stamp stamp;
    if (s->db)
        return ST_OK;
    s->frozen = false;
    status st = open_database(s, create, err);
    if (st == ST_IO && !create && folder_is_read_only(s) && catalog_sqlite_stamp_take(s, &stamp) &&
        stamp.quiet) {
        catalog_sqlite_disconnect(s);
        st = open_frozen(s, err);
    }
    if (st != ST_OK)
        catalog_sqlite_disconnect(s);
    return st;
}
