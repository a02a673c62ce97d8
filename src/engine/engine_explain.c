// SPDX-License-Identifier: Apache-2.0
/* engine_explain.c - EXPLAIN [ANALYZE], and the procedures of CALL system.*. */
#include "engine/engine_summary_int.h"

#include "base/clock.h"
#include "column/column_text.h"

#include <stdio.h>
#include <string.h>

/* ---- EXPLAIN --------------------------------------------------------------------------------- */

/* One row of text per line. */
static status text_rows(struct engine_env *e, struct str text, struct firn_result *r,
                        struct error *err)
{
    struct column_schema schema;
    struct column_value *cells;
    size_t lines = 0, at = 0;
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    TRY(engine_letters_schema(&e->arena, "QUERY_PLAN:t", &schema, err));
    schema.fields[0].name = STR("QUERY PLAN");
    TRY(ARENA_ARRAY(&e->arena, struct column_value, lines + 1, &cells, err));
    for (lines = 0; at < text.len; lines++) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        size_t n = end ? (size_t)(end - text.ptr) - at : text.len - at;
        cells[lines] =
            (struct column_value){.type = column_type_of(COLUMN_TEXT), .str = {text.ptr + at, n}};
        at += n + 1;
    }
    r->has_rows = true;
    r->verb = "EXPLAIN";
    return engine_rows_plan(&e->arena, &schema, cells, (int64_t)lines, &r->plan, err);
}

static status drain(struct engine_env *e, struct query_plan *plan, int64_t *rows, struct error *err)
{
    struct column_stream stream;
    struct column_batch batch;
    *rows = 0;
    TRY(exec_open(plan, &e->exec, &stream, err));
    status st;
    while ((st = stream.next(stream.self, &batch, err)) == ST_OK && batch.rows > 0)
        *rows += batch.rows;
    stream.close(stream.self);
    return st;
}

static status explain_refresh(struct engine_env *e, const struct query_statement *st,
                              struct query_plan **plan, struct str *head, struct error *err)
{
    struct summary_report report;
    TRY(engine_plan_refresh(e, &st->table, plan, &report, err));
    return arena_printf(&e->arena, head, err,
                        "Refresh %.*s: mode %s: %.*s\nRaw files to be read: %lld, of %lld bytes\n",
                        STR_ARG(st->table.table.text), summary_mode_name(report.mode),
                        STR_ARG(report.reason), (long long)report.raw_files,
                        (long long)report.raw_bytes);
}

status engine_explain(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                      struct error *err)
{
    struct query_plan *plan;
    struct str text, head = STR("");
    char requests[40] = "";
    struct query_statement *inner = st->inner;
    if (inner->kind == QUERY_STMT_REFRESH)
        TRY(explain_refresh(e, inner, &plan, &head, err));
    else if (inner->kind == QUERY_STMT_SELECT || (inner->select && !st->analyze))
        TRY(plan_select(&e->plan, inner->select, &plan, err));
    else
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "EXPLAIN%s of this statement is not supported; explain its SELECT",
                 st->analyze ? " ANALYZE" : "");
    TRY(query_plan_text(plan, &e->arena, &text, err));
    TRY(arena_printf(&e->arena, &text, err, "%.*s%.*s", (int)head.len, head.ptr, (int)text.len,
                     text.ptr));
    if (st->analyze && inner->kind == QUERY_STMT_SELECT) {
        int64_t rows, start = clock_monotonic_us(), sent = store_requests(e->session->store);
        TRY(drain(e, plan, &rows, err));
        sent = store_requests(e->session->store) - sent;
        if (sent > 0)
            snprintf(requests, sizeof(requests), "; %lld requests", (long long)sent);
        TRY(arena_printf(&e->arena, &text, err,
                         "%.*s\nRows: %lld; read: %lld files, %lld row groups skipped, %lld rows, "
                         "%lld bytes%s; time: %.3f ms",
                         (int)text.len, text.ptr, (long long)rows, (long long)e->counters.files,
                         (long long)e->counters.row_groups_skipped, (long long)e->counters.rows,
                         (long long)e->counters.bytes, requests,
                         (double)(clock_monotonic_us() - start) / 1000.0));
    }
    return text_rows(e, text, r, err);
}

/* ---- CALL ------------------------------------------------------------------------------------ */

status engine_call_text(struct engine_env *e, const struct query_ast *call, const char *name,
                        size_t position, struct str *out, struct error *err)
{
    *out = (struct str){0};
    for (size_t i = 0; i < call->arg_count; i++) {
        bool named = call->arg_names && call->arg_names[i].text.len > 0;
        struct query_expr *x;
        struct column_value v;
        if (named ? !str_eq_z(call->arg_names[i].text, name) : i != position)
            continue;
        TRY(plan_expression(&e->plan, call->args[i], &(struct column_schema){0}, STR(""),
                            column_type_of(COLUMN_TEXT), &x, err));
        TRY(exec_fold(x, &e->exec, &e->arena, &v, err));
        *out = v.null ? (struct str){0} : v.str;
    }
    return ST_OK;
}

/* Double quotes around the whole of it are taken off, and then its case counts. */
static void unquote(struct query_name *n)
{
    n->quoted = n->text.len > 2 && n->text.ptr[0] == '"' && n->text.ptr[n->text.len - 1] == '"';
    if (n->quoted)
        n->text = (struct str){n->text.ptr + 1, n->text.len - 2};
}

status engine_call_table(struct engine_env *e, struct str text, struct query_table_name *out,
                         struct error *err)
{
    size_t dot = text.len;
    bool quoted = false;
    for (; dot > 0 && (quoted || text.ptr[dot - 1] != '.'); dot--)
        quoted ^= text.ptr[dot - 1] == '"';
    if (dot < 2 || dot == text.len)
        FAIL_SQL(err, ST_INVALID, "22023", 0, "\"%.*s\" is not of the form schema.table",
                 STR_ARG(text));
    *out = (struct query_table_name){.schema = {.text = {text.ptr, dot - 1}},
                                     .table = {.text = {text.ptr + dot, text.len - dot}}};
    TRY(engine_txn_pin(e->session, err));
    struct str catalog = catalog_name(e->session->catalog), *schema = &out->schema.text;
    if (schema->len > catalog.len + 1 && schema->ptr[catalog.len] == '.' &&
        str_starts(*schema, catalog)) {
        out->catalog.text = catalog;
        *schema = (struct str){schema->ptr + catalog.len + 1, schema->len - catalog.len - 1};
    }
    unquote(&out->schema);
    unquote(&out->table);
    return ST_OK;
}

/* CALL system.register_table('demo.t', 'file:///.../metadata.json') */
static status register_table(struct engine_env *e, const struct query_ast *call, struct error *err)
{
    struct firn_session *s = e->session;
    struct str text, file;
    struct query_table_name named;
    struct catalog_name name;
    struct engine_staged *t;
    bool exists, space_exists;
    TRY(engine_call_text(e, call, "table", 0, &text, err));
    TRY(engine_call_text(e, call, "metadata_file", 1, &file, err));
    if (!text.ptr || !file.ptr)
        FAIL_SQL(err, ST_INVALID, "22023", call->position,
                 "register_table needs \"table\" and metadata_file");
    TRY(engine_call_table(e, text, &named, err));
    TRY(engine_resolve(s, &named, &e->arena, &name, &exists, err));
    if (exists)
        FAIL_SQL(err, ST_EXISTS, "42P07", call->position, "table \"%.*s\" already exists",
                 STR_ARG(text));
    TRY(engine_space_exists(s, name.space, &space_exists, err));
    if (!space_exists)
        return engine_no_space(s, name.space, call->position, &e->arena, err);
    TRY(store_absolute(file, &s->txn->arena, &file, err));
    TRY(engine_stage(s, name, &t, err));
    TRY(iceberg_table_load(s->store, &s->txn->arena, file, &t->current, err));
    t->registered = true;
    t->touched = true;
    t->append_only = false;
    return ST_OK;
}

/* CALL system.create_branch('dev'), drop_branch, merge_branch: of the whole catalog, at once. */
static status change_branch(struct engine_env *e, const struct query_ast *call,
                            enum catalog_branch_action action, struct error *err)
{
    struct firn_session *s = e->session;
    struct str table, branch;
    TRY(engine_call_text(e, call, "table", SIZE_MAX, &table, err));
    TRY(engine_call_text(e, call, "branch", 0, &branch, err));
    if (table.ptr)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", call->position,
                 "%.*s works on the whole catalog, not on one table", STR_ARG(call->text));
    if (!branch.ptr || call->arg_count > 1)
        FAIL_SQL(err, ST_INVALID, "22023", call->position, "%.*s needs branch",
                 STR_ARG(call->text));
    if (s->txn->explicit_block)
        FAIL_SQL(err, ST_INVALID, "25001", call->position,
                 "%.*s cannot run inside a transaction block", STR_ARG(call->text));
    TRY(engine_txn_pin(s, err));
    return catalog_branch(s->txn->pin, action, branch, err);
}

status engine_call(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                   struct error *err)
{
    const struct query_ast *call = st->call;
    static const struct {
        const char *name;
        enum catalog_branch_action action;
    } branches[] = {{"create_branch", CATALOG_BRANCH_CREATE},
                    {"drop_branch", CATALOG_BRANCH_DROP},
                    {"merge_branch", CATALOG_BRANCH_MERGE}};
    if (str_eq(call->text, STR("register_table")))
        return register_table(e, call, err);
    if (str_eq(call->text, STR("verify")))
        return engine_verify(e, call, r, err);
    for (size_t i = 0; i < ARRAY_LEN(branches); i++)
        if (str_eq_z(call->text, branches[i].name))
            return change_branch(e, call, branches[i].action, err);
    FAIL_SQL(err, ST_UNSUPPORTED, "42883", call->position,
             "procedure system.%.*s does not exist; there are register_table, verify, "
             "create_branch, drop_branch and merge_branch",
             STR_ARG(call->text));
}
