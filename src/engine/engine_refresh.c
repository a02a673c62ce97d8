// SPDX-License-Identifier: Apache-2.0
/* engine_refresh.c - REFRESH MATERIALIZED VIEW.
 *
 * What a refresh does in which order is summary's; this file gives it planning, writing, staging and
 * the gate's queries. */
#include "engine/engine_summary_int.h"

#define FAILING_ROW_BYTES (1u << 20)

/* ---- what summary asks for ------------------------------------------------------------------- */

struct refresh {
    struct engine_env *e;
    struct engine_staged *t;
    const struct query_plan *scan; /* of raw */
};

static status op_plan(void *self, const struct summary_definition *d, struct query_plan **out,
                      const struct iceberg_table **raw, const struct iceberg_snapshot **snapshot,
                      struct catalog_name *raw_name, struct error *err)
{
    struct refresh *x = self;
    struct zone *loaded = NULL;
    struct query_select *parsed;
    bool exists;
    if (!str_eq_nocase(d->zone, STR("UTC")))
        TRY(zone_load(&x->e->arena, d->zone, &loaded, err));
    x->e->plan.zone = x->e->exec.zone = loaded;
    x->e->bound = d;
    status st = engine_select_parse(x->e, d->select, &parsed, err);
    if (st == ST_OK)
        st = plan_select(&x->e->plan, parsed, out, err);
    x->e->bound = NULL;
    if (st != ST_OK) {
        error_context(err, "definition%s",
                      st == ST_NOT_FOUND ? " (if the table was renamed: CREATE OR REPLACE the view "
                                           "over its new name, or rename it back)"
                                         : "");
        error_position(err, 0); /* it counts in the definition's own text */
        return st;
    }
    x->scan = engine_scan_of(*out);
    if (!x->scan)
        FAIL(err, ST_CORRUPT, "a stored definition reads no Iceberg table: %.*s",
             STR_ARG(d->select));
    *raw = x->scan->scan.table;
    *snapshot = x->scan->scan.snapshot;
    TRY(engine_resolve(x->e->session, &parsed->from.table, &x->e->arena, raw_name, &exists, err));
    return engine_check_cycle(x->e, x->t->name, *raw_name, 0, err);
}

static status field_ids(struct refresh *x, const struct column_schema *hidden, int32_t **out,
                        struct error *err)
{
    const struct iceberg_schema *visible = iceberg_current_schema(x->t->current);
    TRY(ARENA_ARRAY(&x->e->arena, int32_t, visible->count + hidden->count, out, err));
    for (size_t i = 0; i < visible->count; i++)
        (*out)[i] = visible->fields[i].id;
    for (size_t i = 0; i < hidden->count; i++)
        (*out)[visible->count + i] = hidden->fields[i].field_id;
    return ST_OK;
}

/* Files may end by the months of the first key, if it is a date or a time stamp. */
struct exec_split_rule engine_summary_split(const struct column_schema *rows, int key)
{
    enum column_kind kind = rows->fields[key].type.kind;
    bool is_time = kind == COLUMN_DATE || kind == COLUMN_TIMESTAMP || kind == COLUMN_TIMESTAMPTZ;
    return (struct exec_split_rule){is_time ? key : -1, SUMMARY_SIDE_BYTES, SUMMARY_FILE_BYTES};
}

static status op_write(void *self, struct query_plan *plan, const int *keys, size_t key_count,
                       size_t visible, const struct column_schema *hidden, struct exec_units *units,
                       struct summary_digest_files *digests, struct iceberg_data_file **files,
                       size_t *count, struct error *err)
{
    struct refresh *x = self;
    struct exec_context c = x->e->exec;
    struct column_stream rows;
    int64_t row_count;
    int32_t *ids;
    TRY(field_ids(x, hidden, &ids, err));
    digests->of = (struct summary_rows){&plan->schema, ids, visible};
    digests->key_count = key_count;
    digests->keys = keys;
    struct exec_split_rule split = engine_summary_split(&plan->schema, keys[0]);
    struct exec_write_spec how = {
        .split = &split, .hidden = hidden, .tap = summary_digest_files_tap, .tap_self = digests};
    c.units = units;
    TRY(exec_open(plan, &c, &rows, err));
    status st = engine_write_stream(x->e, x->t, &rows, &how, files, count, &row_count, err);
    rows.close(rows.self);
    return st;
}

static status op_files(void *self, struct iceberg_scan *out, struct error *err)
{
    struct refresh *x = self;
    return engine_live_files(x->e, x->t->current, out, err);
}

static status op_records(void *self, struct summary_record **out, size_t *count, struct error *err)
{
    struct refresh *x = self;
    return engine_companion_read(x->e, x->t->name, out, count, err);
}

static status op_record(void *self, const struct summary_record *records, size_t count, bool anew,
                        struct error *err)
{
    struct refresh *x = self;
    return engine_companion_write(x->e, x->t->name, records, count, anew, err);
}

static status op_update(void *self, const struct iceberg_update *updates, size_t count,
                        struct error *err)
{
    struct refresh *x = self;
    for (size_t i = 0; i < count; i++)
        TRY(engine_staged_update(x->e->session, x->t, &updates[i], err));
    return engine_staged_build(x->e->session, x->t, err);
}

static status op_replace(void *self, const struct iceberg_data_file *files, size_t count,
                         const struct str *removed, size_t removed_count, int64_t snapshot_id,
                         const struct property *snapshot_summary, size_t summary_count,
                         struct error *err)
{
    struct refresh *x = self;
    struct firn_session *s = x->e->session;
    for (size_t i = 0; i < removed_count; i++)
        TRY(engine_staged_remove(s, x->t, removed[i], err));
    TRY(engine_staged_add(s, x->t, files, count, err));
    for (size_t i = 0; i < summary_count; i++)
        TRY(engine_staged_property(s, x->t, snapshot_summary[i].key.ptr, snapshot_summary[i].value,
                                   err));
    x->t->wanted_snapshot_id = snapshot_id;
    return engine_staged_build(s, x->t, err);
}

static status row_text(struct engine_env *e, const struct column_stream *rows,
                       const struct column_batch *batch, int64_t row, struct buffer *out,
                       struct error *err)
{
    TRY(buffer_append_str(out, out->len ? STR("; (") : STR("("), err));
    for (size_t i = 0; i < batch->columns; i++) {
        struct column_value v;
        column_span_value(&batch->spans[i], rows->schema->fields[i].type, row, &v);
        TRY(buffer_printf(out, err, "%s%.*s=", i ? ", " : "",
                          STR_ARG(rows->schema->fields[i].name)));
        TRY(summary_put_value(&v, e->exec.zone, out, err));
    }
    return buffer_append_str(out, STR(")"), err);
}

static status failing_rows(struct engine_env *e, struct column_stream *rows, struct buffer *out,
                           struct error *err)
{
    int64_t shown = 0;
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        for (int64_t i = 0; i < batch.rows; i++, shown++)
            TRY(shown < ENGINE_FAILING_ROWS ? row_text(e, rows, &batch, i, out, err)
                                            : buffer_append_str(out, STR("; ..."), err));
    }
}

static status op_check(void *self, const struct summary_check *check, const struct summary_build *b,
                       struct str *out, struct error *err)
{
    struct refresh *x = self;
    struct engine_env *e = x->e;
    struct query_plan *plan;
    struct column_stream rows;
    struct buffer text;
    const struct iceberg_table *t = x->t->current;
    e->aliases[0] = (struct engine_alias){STR("summary"),
                                          {.name = STR("summary"),
                                           .table = t,
                                           .schema = iceberg_current_schema(t),
                                           .snapshot = iceberg_current_snapshot(t)}};
    e->aliases[1] = (struct engine_alias){STR("raw"),
                                          {.name = STR("raw"),
                                           .table = x->scan->scan.table,
                                           .schema = x->scan->scan.table_schema,
                                           .snapshot = x->scan->scan.snapshot}};
    TRY(engine_summary_states(e, &e->aliases[0].table, err)); /* sums in a check are exact, too */
    TRY(engine_summary_states(e, &e->aliases[1].table, err));
    e->alias_count = 2;
    status planned = engine_plan_check(e, check->text, &plan, err);
    if (planned != ST_OK) {
        error_context(err, "constraint \"%.*s\"", STR_ARG(check->name));
        error_position(err, 0);
        return planned;
    }
    TRY(summary_answer(b, plan, err));
    TRY(exec_open(plan, &e->exec, &rows, err));
    buffer_init(&text, &e->session->account, FAILING_ROW_BYTES);
    status st = failing_rows(e, &rows, &text, err);
    rows.close(rows.self);
    if (st == ST_OK)
        st = arena_str(&e->arena, buffer_str(&text), out, err);
    buffer_free(&text);
    e->alias_count = 0;
    return st;
}

/* ---- statements ------------------------------------------------------------------------------ */

static status wanted_mode(const struct firn_session *s, enum summary_mode *out, struct error *err)
{
    struct str set = engine_setting_get(s, "firn.refresh_mode"), option;
    option = engine_setting_get(s, "mode");
    if (summary_mode_parse(set.len > 0 ? set : option, out))
        return ST_OK;
    if (set.len > 0)
        FAIL_SQL(
            err, ST_INVALID, "22023", 0,
            "firn.refresh_mode is \"auto\", \"delta\", \"partition\", \"full\" or \"strict\", not "
            "\"%.*s\"",
            STR_ARG(set));
    FAIL(err, ST_USAGE, "--mode is auto, delta, partition, full or strict, not \"%.*s\"",
         STR_ARG(option));
}

static struct summary_ops ops_of(struct refresh *x)
{
    return (struct summary_ops){x,          op_plan,    op_files,  op_write, op_update,
                                op_replace, op_records, op_record, op_check};
}

status engine_refresh_summary(struct engine_env *e, struct query_statement *st,
                              struct firn_result *r, struct error *err)
{
    struct refresh x = {.e = e};
    struct summary_report report;
    enum summary_mode wanted;
    TRY(wanted_mode(e->session, &wanted, err));
    TRY(engine_stage_summary(e, &st->table, &x.t, err));
    struct summary_ops ops = ops_of(&x);
    size_t had = x.t->added_count;
    TRY_CONTEXT(summary_refresh(x.t->current, wanted, &ops, &e->exec, &e->session->txn->arena,
                                &report, err),
                err, "materialized view %.*s.%.*s", STR_ARG(x.t->name.space),
                STR_ARG(x.t->name.table));
    r->figures.mode = summary_mode_name(report.mode);
    r->figures.rows_written = report.rows;
    for (size_t i = had < x.t->added_count ? had : 0; i < x.t->added_count; i++)
        r->figures.bytes_written += x.t->added[i].bytes;
    engine_notice(e->session, "refresh %s: %.*s", summary_mode_name(report.mode),
                  STR_ARG(report.reason));
    return ST_OK;
}

status engine_plan_refresh(struct engine_env *e, const struct query_table_name *named,
                           struct query_plan **plan, struct summary_report *out, struct error *err)
{
    struct refresh x = {.e = e};
    enum summary_mode wanted;
    TRY(wanted_mode(e->session, &wanted, err));
    TRY(engine_stage_summary(e, named, &x.t, err));
    struct summary_ops ops = ops_of(&x);
    TRY_CONTEXT(summary_plan_refresh(x.t->current, wanted, &ops, &e->exec, &e->session->txn->arena,
                                     plan, out, err),
                err, "materialized view %.*s.%.*s", STR_ARG(x.t->name.space),
                STR_ARG(x.t->name.table));
    return ST_OK;
}
