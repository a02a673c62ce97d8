// SPDX-License-Identifier: Apache-2.0
/* engine_statement.c - from a statement's text to its effect: parse, begin, dispatch, publish.
 *
 *     outside a block: begin -> run -> commit; a lost race (40001) runs the statement again, at
 *                      most RETRIES times, with growing random pauses
 *     inside a block:  run; a failure marks the transaction failed until ROLLBACK
 *     with rows:       the transaction stays open until the result is freed */
#include "engine/engine_int.h"

#include "base/random.h"
#include "sql/sql.h"

#include <stdio.h>
#include <string.h>

#define RETRIES 10

/* ---- dispatch -------------------------------------------------------------------------------- */

static void set_tag(struct firn_result *r, const char *tag)
{
    snprintf(r->tag, sizeof(r->tag), "%s", tag);
}

static status run_select(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                         struct error *err)
{
    TRY(plan_select(&e->plan, st->select, &r->plan, err));
    r->has_rows = true;
    r->verb = "SELECT";
    return ST_OK;
}

static status run_set(struct engine_env *e, const struct query_statement *st, struct error *err)
{
    TRY(engine_setting_set(e->session, st->text, st->value, err));
    e->exec.zone = e->plan.zone = e->session->zone;
    return ST_OK;
}

status engine_run(struct firn_session *s, struct query_statement *st, struct firn_result *r,
                  struct error *err)
{
    struct engine_env *e = &r->env;
    switch (st->kind) {
    case QUERY_STMT_SELECT:
        return run_select(e, st, r, err);
    case QUERY_STMT_EXPLAIN:
        return engine_explain(e, st, r, err);
    case QUERY_STMT_SHOW:
        return engine_show(e, st, r, err);
    case QUERY_STMT_SET:
        set_tag(r, "SET");
        return run_set(e, st, err);
    case QUERY_STMT_CREATE_SCHEMA:
    case QUERY_STMT_DROP_SCHEMA:
        set_tag(r, st->kind == QUERY_STMT_CREATE_SCHEMA ? "CREATE SCHEMA" : "DROP SCHEMA");
        return engine_schema_statement(e, st, err);
    case QUERY_STMT_CREATE_TABLE:
        set_tag(r, "CREATE TABLE");
        return engine_create_table(e, st, r, err);
    case QUERY_STMT_DROP_TABLE:
        set_tag(r, st->matview ? "DROP MATERIALIZED VIEW" : "DROP TABLE");
        return engine_drop_table(e, st, r, err);
    case QUERY_STMT_RENAME:
        set_tag(r, st->matview ? "ALTER MATERIALIZED VIEW" : "ALTER TABLE");
        return engine_rename_table(e, st, err);
    case QUERY_STMT_INSERT:
        return engine_insert(e, st, r, err);
    case QUERY_STMT_DELETE:
        return engine_delete(e, st, r, err);
    case QUERY_STMT_COPY_FROM:
    case QUERY_STMT_COPY_TO:
        return engine_copy(e, st, r, err);
    case QUERY_STMT_CREATE_MATVIEW:
        set_tag(r, "CREATE MATERIALIZED VIEW");
        return engine_create_summary(e, st, r, err);
    case QUERY_STMT_REFRESH:
        set_tag(r, "REFRESH MATERIALIZED VIEW");
        return engine_refresh_summary(e, st, r, err);
    case QUERY_STMT_ADD_CONSTRAINT:
    case QUERY_STMT_DROP_CONSTRAINT:
        set_tag(r, "ALTER MATERIALIZED VIEW");
        return engine_constraint(e, st, r, err);
    case QUERY_STMT_CALL:
        set_tag(r, "CALL");
        return engine_call(e, st, r, err);
    case QUERY_STMT_BEGIN:
    case QUERY_STMT_COMMIT:
    case QUERY_STMT_ROLLBACK:
        break;
    }
    FAIL(err, ST_INTERNAL, "statement kind %d was not dispatched", (int)st->kind);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static status run_control(struct firn_session *s, const struct query_statement *st,
                          struct firn_result *r, struct error *err)
{
    bool open = s->txn != NULL, failed = open && s->txn->failed;
    if (st->kind == QUERY_STMT_BEGIN) {
        set_tag(r, "BEGIN");
        if (open)
            engine_notice(s, "there is already a transaction in progress");
        else
            TRY(engine_settings_save(s, err));
        return engine_txn_begin(s, true, err);
    }
    set_tag(r, st->kind == QUERY_STMT_COMMIT && !failed ? "COMMIT" : "ROLLBACK");
    if (!open) {
        engine_notice(s, "there is no transaction in progress");
        return ST_OK;
    }
    if (st->kind == QUERY_STMT_ROLLBACK || failed) {
        engine_txn_rollback(s);
        engine_settings_restore(s);
        return ST_OK;
    }
    status result = engine_txn_commit(s, &r->figures.snapshot_id, err);
    if (result != ST_OK)
        engine_settings_restore(s);
    return result;
}

/* Reads go on in a transaction that this run has committed before: the rest of the script may need
 * what \gset keeps of them. */
static bool only_reads(enum query_statement_kind kind)
{
    return kind == QUERY_STMT_SELECT || kind == QUERY_STMT_EXPLAIN || kind == QUERY_STMT_SHOW ||
           kind == QUERY_STMT_SET || kind == QUERY_STMT_COPY_TO;
}

/* The statement's work inside the open transaction. One that this run has committed before has no
 * more to write; its reads see the tables as it left them (engine_lookup.c). */
static status run_inside(struct firn_session *s, struct query_statement *st, struct firn_result *r,
                         struct error *err)
{
    engine_txn_text(s->txn, st->source);
    if (s->txn->skip && !only_reads(st->kind)) {
        set_tag(r, "SKIPPED");
        return ST_OK;
    }
    TRY(engine_env_init(&r->env, s, err));
    r->has_env = true;
    status result = engine_txn_settle(s, engine_run(s, st, r, err), err);
    if (result == ST_CANCELLED && s->txn->skip) {
        set_tag(r, "SKIPPED");
        r->verb = NULL;
        r->has_rows = false;
        return ST_OK;
    }
    return result;
}

static void forget_attempt(struct firn_result *r)
{
    if (r->has_env)
        engine_env_free(&r->env);
    r->has_env = r->has_rows = false;
    r->plan = NULL;
    r->row_count = 0;
    r->figures = (struct firn_figures){.mode = ""};
}

static status run_alone(struct firn_session *s, struct query_statement *st, struct firn_result *r,
                        struct error *err)
{
    for (int attempt = 0;; attempt++) {
        TRY(engine_txn_begin(s, false, err));
        status result = run_inside(s, st, r, err);
        if (result == ST_OK && r->has_rows) {
            r->end_txn = true;
            return ST_OK;
        }
        if (result == ST_OK)
            result = engine_txn_commit(s, &r->figures.snapshot_id, err);
        else
            engine_txn_rollback(s);
        if (result != ST_CONFLICT || attempt == RETRIES)
            return result;
        forget_attempt(r);
        random_pause(1000, 20000 * ((int64_t)attempt + 1));
    }
}

static status run_in_block(struct firn_session *s, struct query_statement *st,
                           struct firn_result *r, struct error *err)
{
    if (s->txn->failed)
        FAIL_SQL(err, ST_INVALID, "25P02", 0,
                 "current transaction is aborted, statements are ignored until ROLLBACK");
    status result = run_inside(s, st, r, err);
    if (result != ST_OK)
        s->txn->failed = true;
    return result;
}

status engine_execute(struct firn_session *s, struct str text, struct firn_result *r,
                      struct error *err)
{
    struct query_statement **statements;
    size_t count;
    bool reading = s->stream_open || (s->txn && !s->txn->explicit_block);
    if (reading)
        FAIL_SQL(err, ST_INVALID, "55006", 0,
                 "the rows of the statement before are still being read; free its result first");
    atomic_store(&s->cancel, false);
    arena_reset(&s->published_arena);
    s->published_count = s->published_capacity = 0;
    status result = sql_parse(text, &r->arena, &statements, &count, err);
    if (result != ST_OK) {
        if (s->txn)
            s->txn->failed = true;
        return result;
    }
    if (count != 1)
        FAIL_SQL(err, ST_INVALID, "42601", 0, "one statement at a time, not %zu", count);
    struct query_statement *st = statements[0];
    if (st->kind == QUERY_STMT_BEGIN || st->kind == QUERY_STMT_COMMIT ||
        st->kind == QUERY_STMT_ROLLBACK)
        return run_control(s, st, r, err);
    return s->txn ? run_in_block(s, st, r, err) : run_alone(s, st, r, err);
}
