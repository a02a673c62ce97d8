// SPDX-License-Identifier: Apache-2.0
/* catalog_sqlite_int.h - what the files of the SQLite kind share. */
#ifndef CATALOG_SQLITE_INT_H
#define CATALOG_SQLITE_INT_H

#include "catalog/catalog_int.h"

#include <sqlite3.h>
#include <sys/stat.h>

struct sqlite_catalog {
    sqlite3 *db;          /* owned; NULL = not connected */
    struct str path;      /* in the catalog's arena */
    struct str lock_path; /* "<path>-lock", there too */
    int64_t busy_ms;
    int64_t waiting_since_us; /* of the current statement; 0 = not waiting */
    int lock_fd;              /* of lock_path; -1 = not held */
    bool frozen;              /* opened as a file that nobody changes: its folder is read-only */
};

/* ---- the connection (catalog_sqlite_connect.c) ----------------------------------------------- */

/* SQLite's memory comes from base/mem.c; before any other call of SQLite. */
void catalog_sqlite_hooks_install(void);
/* Opens the database unless it is open. */
STATUS_MUST_USE status catalog_sqlite_connect(struct sqlite_catalog *s, bool create,
                                              struct error *err);
void catalog_sqlite_disconnect(struct sqlite_catalog *s);

/* What `rc` means, in SQLite's words and the system's. */
STATUS_MUST_USE status catalog_sqlite_fail(struct sqlite_catalog *s, int rc, const char *doing,
                                           struct error *err);
STATUS_MUST_USE status catalog_sqlite_run(struct sqlite_catalog *s, const char *sql,
                                          const char *doing, struct error *err);
/* Runs one parametrised statement to its end; *changed = rows changed (may be NULL). */
STATUS_MUST_USE status catalog_sqlite_run_bound(struct sqlite_catalog *s, const char *sql,
                                                const struct str *values, int count, int *changed,
                                                const char *doing, struct error *err);
/* The single number a query yields. */
STATUS_MUST_USE status catalog_sqlite_number(struct sqlite_catalog *s, const char *sql,
                                             const struct str *values, int count, int64_t *out,
                                             struct error *err);
/* Ends an open transaction. */
void catalog_sqlite_roll_back(struct sqlite_catalog *s);

/* How the file looked at one moment, to see whether somebody has changed it since. */
struct sqlite_stamp {
    struct stat file;
    bool quiet; /* there is no log */
};
bool catalog_sqlite_stamp_take(const struct sqlite_catalog *s, struct sqlite_stamp *out);
bool catalog_sqlite_stamp_same(const struct sqlite_stamp *a, const struct sqlite_stamp *b);

/* ---- commits (catalog_sqlite_commit.c) ------------------------------------------------------- */

STATUS_MUST_USE status catalog_sqlite_commit(struct catalog_pin *at,
                                             const struct catalog_commit *commit,
                                             struct error *err);

#endif
