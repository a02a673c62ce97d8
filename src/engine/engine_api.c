// SPDX-License-Identifier: Apache-2.0
/* engine_api.c - firn.h: the public functions over engine, and results as Arrow streams. */
#include "engine/engine_int.h"

#include "arrow/arrow.h"
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

/* Hands over a failure; what servers and libraries said in it may hold secrets that they were
 * given. `s` is NULL where no session is open: the configuration's own messages hold none. */
static int report(const struct firn_session *s, const struct error *from, struct firn_error *to)
{
    int code = status_exit_code(from->code);
    if (code == 0)
        code = FIRN_FAILED;
    if (!to)
        return code;
    memset(to, 0, sizeof(*to));
    to->code = code;
    to->position = from->position;
    snprintf(to->sqlstate, sizeof(to->sqlstate), "%s", error_state(from));
    snprintf(to->message, sizeof(to->message), "%s", from->msg);
    snprintf(to->detail, sizeof(to->detail), "%s", from->detail);
    if (s) {
        secret_scrub(to->message, s->secrets, s->secret_count);
        secret_scrub(to->detail, s->secrets, s->secret_count);
    }
    return code;
}

const char *firn_version(void)
{
    return FIRN_VERSION;
}

/* ---- sessions -------------------------------------------------------------------------------- */

int firn_session_open(const struct firn_option *options, size_t option_count,
                      struct firn_session **out, struct firn_error *error)
{
    struct error err;
    error_init(&err);
    return engine_session_open(options, option_count, out, &err) == ST_OK
               ? 0
               : report(NULL, &err, error);
}

void firn_session_close(struct firn_session *s)
{
    engine_session_close(s);
}

void firn_session_on_notice(struct firn_session *s, void (*notice)(void *arg, const char *text),
                            void *arg)
{
    s->notice = notice;
    s->notice_arg = arg;
    engine_remarks_tell(s);
}

void firn_cancel(struct firn_session *s)
{
    atomic_store(&s->cancel, true);
}

const char *firn_setting(const struct firn_session *s, const char *name)
{
    return engine_setting_get(s, name).ptr; /* settings stand NUL-terminated in arenas */
}

size_t firn_published(const struct firn_session *s, const struct firn_published **out)
{
    *out = s->published;
    return s->published_count;
}

int firn_in_transaction(const struct firn_session *s)
{
    return s->txn && s->txn->explicit_block;
}

int firn_init(const char *folder, const char *warehouse, struct firn_error *error)
{
    struct error err;
    error_init(&err);
    struct str place = warehouse ? str_of(warehouse) : (struct str){0};
    return engine_init_folder(str_of(folder ? folder : "."), place, &err) == ST_OK
               ? 0
               : report(NULL, &err, error);
}

int firn_describe(struct firn_session *s, const char **out, struct firn_error *error)
{
    struct error err;
    struct str text;
    error_init(&err);
    if (engine_catalog_open(s, &err) != ST_OK ||
        catalog_describe(s->catalog, &s->arena, &text, &err) != ST_OK)
        return report(s, &err, error);
    *out = text.ptr;
    return 0;
}

/* ---- statements ------------------------------------------------------------------------------ */

int firn_execute(struct firn_session *s, const char *sql, size_t length, struct firn_result **out,
                 struct firn_error *error)
{
    struct error err;
    struct firn_result *r;
    error_init(&err);
    *out = NULL;
    if (mem_calloc(&s->account, sizeof(*r), (void **)&r, &err) != ST_OK)
        return report(s, &err, error);
    r->session = s;
    r->figures.mode = "";
    r->requests_before = store_requests(s->store);
    arena_init(&r->arena, &s->account);
    if (engine_execute(s, (struct str){sql, length}, r, &err) != ST_OK) {
        firn_result_free(r);
        return report(s, &err, error);
    }
    *out = r;
    return 0;
}

void firn_result_free(struct firn_result *r)
{
    if (!r)
        return;
    struct firn_session *s = r->session;
    if (r->stream_taken)
        s->stream_open = false;
    if (r->has_env)
        engine_env_free(&r->env);
    arena_free(&r->arena);
    if (r->end_txn) {
        int64_t none;
        struct error err;
        if (engine_txn_commit(s, &none, &err) != ST_OK)
            engine_notice(s, "%s", err.msg);
    }
    mem_free(&s->account, r, sizeof(*r));
}

/* ---- rows ------------------------------------------------------------------------------------ */

int firn_result_has_rows(const struct firn_result *r)
{
    return r->has_rows;
}

/* The rows' stream keeps the count for the tag and the error for firn_result_error. */
static status result_next(void *self, struct column_batch *out, struct error *err)
{
    struct firn_result *r = self;
    status st = r->rows.next(r->rows.self, out, err);
    if (st == ST_OK) {
        r->row_count += out->rows;
        return ST_OK;
    }
    r->error = *err;
    if (r->session->txn)
        r->session->txn->failed = true;
    return st;
}

static void result_close(void *self)
{
    struct firn_result *r = self;
    r->rows.close(r->rows.self);
    r->session->stream_open = false;
}

int firn_result_stream(struct firn_result *r, struct ArrowArrayStream *out,
                       struct firn_error *error)
{
    struct error err;
    error_init(&err);
    if (!r->has_rows || r->stream_taken) {
        error_set(&err, ST_INVALID, __FILE__, __LINE__,
                  r->has_rows ? "the rows of this result were taken before"
                              : "this statement yields no rows");
        return report(r->session, &err, error);
    }
    status st = exec_open(r->plan, &r->env.exec, &r->rows, &err);
    if (st == ST_OK) {
        struct column_stream wrapped = {&r->plan->schema, r, result_next, result_close};
        r->stream_taken = r->session->stream_open = true;
        st = arrow_export_stream(&wrapped, &r->session->account, out, &err);
    }
    if (st == ST_OK)
        return 0;
    r->error = err;
    if (r->session->txn)
        r->session->txn->failed = true;
    return report(r->session, &err, error);
}

void firn_result_error(const struct firn_result *r, struct firn_error *error)
{
    report(r->session, &r->error, error);
}

const char *firn_result_tag(struct firn_result *r)
{
    if (r->verb)
        snprintf(r->tag, sizeof(r->tag), "%s %lld", r->verb, (long long)r->row_count);
    return r->tag;
}

void firn_result_figures(const struct firn_result *r, struct firn_figures *out)
{
    *out = r->figures;
    out->files = r->env.counters.files;
    out->files_skipped = r->env.counters.files_skipped;
    out->requests = store_requests(r->session->store) - r->requests_before;
    out->rows = r->env.counters.rows;
    out->bytes = r->env.counters.bytes;
    out->bad_rows = r->env.counters.bad_rows;
}
