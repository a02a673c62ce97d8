// SPDX-License-Identifier: Apache-2.0
/* firn.h - firn as a library: open a session, run statements, read results as Arrow.
 *
 *     struct firn_session *s;
 *     struct firn_error e;
 *     firn_session_open(NULL, 0, &s, &e);
 *     struct firn_result *r;
 *     if (firn_execute(s, "SELECT 1", 8, &r, &e) != 0) ...e.message...
 *     struct ArrowArrayStream rows;            the Arrow C stream interface
 *     if (firn_result_stream(r, &rows, &e) != 0) ...
 *     while (rows.get_next(&rows, &batch) == 0 && batch.release) ...batch.release(&batch);
 *     rows.release(&rows);
 *     firn_result_free(r);
 *     firn_session_close(s);
 *
 * Handles are opaque and used by one thread at a time; firn_cancel may be called from any.
 * Functions return 0 or a FIRN_ code and then fill *error (which may be NULL). Strings are UTF-8,
 * borrowed from the handle they came from, and valid until it is freed or used again. */
#ifndef FIRN_H
#define FIRN_H

#include <stddef.h>
#include <stdint.h>

#include "firn_arrow.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FIRN_API __attribute__((visibility("default")))

struct firn_session;
struct firn_result;

/* Exit codes of the program, and the classes of failures here. */
enum firn_code {
    FIRN_OK = 0,
    FIRN_FAILED = 1,     /* SQL errors, corrupt files, ... : see sqlstate */
    FIRN_USAGE = 2,      /* arguments, configuration */
    FIRN_REFUSED = 3,    /* a constraint, an assertion or a guard; nothing became visible */
    FIRN_LIMIT = 4,      /* memory or mode does not allow it */
    FIRN_CONFLICT = 5,   /* lost to concurrent changes */
    FIRN_UNKNOWN = 6,    /* the outcome of a publish is unknown */
    FIRN_DIFFERS = 7,    /* verify found a difference */
    FIRN_GONE = 8,       /* not verifiable any more */
    FIRN_UNREACHABLE = 9 /* store or catalog */
};

struct firn_error {
    int code; /* enum firn_code */
    char sqlstate[6];
    int64_t position; /* 1-based byte in the statement; 0 = none */
    char message[1024];
    char detail[512]; /* rows, the nearest name; "" = none */
};

struct firn_option {
    const char *name; /* of options.def: "config", "environment", "memory", "threads", ... */
    const char *value;
};

/* Looks for the configuration as the program does, but touches no catalog before a table is named.
 */
FIRN_API int firn_session_open(const struct firn_option *options, size_t option_count,
                               struct firn_session **out, struct firn_error *error);
FIRN_API void firn_session_close(struct firn_session *s);
/* Notices ("table exists already, skipped") as they come; NULL = dropped. */
FIRN_API void firn_session_on_notice(struct firn_session *s,
                                     void (*notice)(void *arg, const char *text), void *arg);
/* Stops the running statement soon; safe in a signal handler. */
FIRN_API void firn_cancel(struct firn_session *s);
/* The session's value of a setting ("timezone"): SET, else configuration, else default; NULL =
 * none. Borrowed until it is set again. */
FIRN_API const char *firn_setting(const struct firn_session *s, const char *name);
/* 1 inside BEGIN ... COMMIT. */
FIRN_API int firn_in_transaction(const struct firn_session *s);
/* Makes firn.yaml and firn.db in `folder` (NULL = the working folder), for tables in `warehouse`: a folder
 * or a URI (NULL = warehouse/ in `folder`). */
FIRN_API int firn_init(const char *folder, const char *warehouse, struct firn_error *error);
/* "catalog lakehouse, warehouse file:///..., sqlite", opening it if needed. */
FIRN_API int firn_describe(struct firn_session *s, const char **out, struct firn_error *error);

/* One statement (a trailing ';' is allowed). Rows, if any, are produced while the stream is read,
 * and only one stream of a session may be open. */
FIRN_API int firn_execute(struct firn_session *s, const char *sql, size_t length,
                          struct firn_result **out, struct firn_error *error);

/* What the last statement made visible: a new snapshot for each table. Borrowed until the next
 * statement. */
struct firn_published {
    const char *table; /* "schema.table" */
    int64_t snapshot_id;
};
FIRN_API size_t firn_published(const struct firn_session *s, const struct firn_published **out);

/* 1 if the statement yields rows (SELECT, SHOW, EXPLAIN, ...). */
FIRN_API int firn_result_has_rows(const struct firn_result *r);
/* Hands over the stream, once; the result must outlive it. */
FIRN_API int firn_result_stream(struct firn_result *r, struct ArrowArrayStream *out,
                                struct firn_error *error);
/* The failure behind a stream's error number. */
FIRN_API void firn_result_error(const struct firn_result *r, struct firn_error *error);
/* PostgreSQL's command tag: "SELECT 9", "INSERT 0 999", "CREATE TABLE". */
FIRN_API const char *firn_result_tag(struct firn_result *r);

struct firn_figures {
    int64_t files, files_skipped, rows, bytes; /* read so far */
    int64_t rows_written, bytes_written;
    int64_t snapshot_id; /* published last; 0 = none: see firn_published */
    int64_t bad_rows;
    int64_t requests; /* to object storage, since the statement began */
    const char *mode; /* of a refresh: "full"; "" = none */
};
FIRN_API void firn_result_figures(const struct firn_result *r, struct firn_figures *out);
FIRN_API void firn_result_free(struct firn_result *r);

FIRN_API const char *firn_version(void);

#ifdef __cplusplus
}
#endif

#endif
