// SPDX-License-Identifier: Apache-2.0
/* engine_summary.c - materialized views: CREATE, ALTER ... CONSTRAINT, REFRESH.
 *
 * CREATE and ALTER only write the property firn.pending; what readers see changes at REFRESH, in
 * one commit. What a refresh does in which order is summary's; this file gives it planning,
 * running, writing and staging. */
#include "engine/engine_int.h"

#include "sql/sql.h"
#include "summary/summary.h"

#define FAILING_ROWS      5
#define FAILING_ROW_BYTES (1u << 20)

/* ---- planning a definition ------------------------------------------------------------------- */

static const struct query_plan *scan_of(const struct query_plan *p)
{
    while (p->input)
        p = p->input;
    return p->kind == QUERY_PLAN_SCAN ? p : NULL;
}

static status parse_select(struct engine_env *e, struct str text, struct query_select **out,
                           struct error *err)
{
    struct query_statement **st;
    size_t count;
    TRY(sql_parse(text, &e->arena, &st, &count, err));
    if (count != 1 || st[0]->kind != QUERY_STMT_SELECT)
        FAIL(err, ST_CORRUPT, "a stored definition is no SELECT: %.*s", STR_ARG(text));
    *out = st[0]->select;
    return ST_OK;
}

static status plan_text(struct engine_env *e, struct str text, struct query_plan **out,
                        struct error *err)
{
    struct query_select *select;
    TRY(parse_select(e, text, &select, err));
    return plan_select(&e->plan, select, out, err);
}

/* ---- what a view reads ----------------------------------------------------------------------- */

/* A table or view that the view under examination reads, perhaps through others. */
struct reached {
    struct catalog_name name;
    struct reached *by; /* the view that reads it; NULL: the one under examination */
    struct reached *next;
};

static bool same_name(struct catalog_name a, struct catalog_name b)
{
    return str_eq(a.space, b.space) && str_eq(a.table, b.table);
}

/* Adds a name behind `last`, once. */
static status reach(struct engine_env *e, struct reached *first, struct reached **last,
                    struct catalog_name name, struct reached *by, struct error *err)
{
    for (struct reached *x = first; x; x = x->next)
        if (same_name(x->name, name))
            return ST_OK;
    TRY(ARENA_NEW(&e->arena, struct reached, &(*last)->next, err));
    *last = (*last)->next;
    **last = (struct reached){.name = name, .by = by};
    return ST_OK;
}

static status fail_cycle(struct engine_env *e, struct catalog_name own, const struct reached *x,
                         int64_t position, struct error *err)
{
    struct str path;
    TRY(arena_printf(&e->arena, &path, err, "%.*s.%.*s", STR_ARG(own.space), STR_ARG(own.table)));
    if (!x)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", position,
                 "a materialized view cannot be defined over itself: %.*s", STR_ARG(path));
    for (; x; x = x->by)
        TRY(arena_printf(&e->arena, &path, err, "%.*s.%.*s, which reads %.*s",
                         STR_ARG(x->name.space), STR_ARG(x->name.table), STR_ARG(path)));
    FAIL_SQL(err, ST_UNSUPPORTED, "0A000", position,
             "materialized views cannot read each other in a cycle: %.*s.%.*s would read %.*s",
             STR_ARG(own.space), STR_ARG(own.table), STR_ARG(path));
}

/* Refuses when `own`, reading `raw`, would read itself through other views, by what they publish or
 * by what is pending. Transactions that run side by side can each make half of a cycle; the next
 * REFRESH of any of its views finds it. */
static status check_cycle(struct engine_env *e, struct catalog_name own, struct catalog_name raw,
                          int64_t position, struct error *err)
{
    struct reached first = {.name = raw}, *last = &first;
    if (same_name(own, raw))
        return fail_cycle(e, own, NULL, position, err);
    for (struct reached *x = &first; x; x = x->next) {
        struct iceberg_table *t;
        TRY(engine_table_get(e->session, x->name, &t, err));
        if (!t || !summary_is(t))
            continue;
        for (int published = 0; published < 2; published++) {
            struct summary_definition *d;
            TRY_CONTEXT(summary_load(t, published, &e->arena, &d, err), err,
                        "materialized view %.*s.%.*s", STR_ARG(x->name.space),
                        STR_ARG(x->name.table));
            if (d && same_name(d->raw_name, own))
                return fail_cycle(e, own, x, position, err);
            if (d)
                TRY(reach(e, &first, &last, d->raw_name, x, err));
        }
    }
    return ST_OK;
}

/* Names with a suffix are refused, because a definition follows its raw table's main branch. */
static status define(struct engine_env *e, const struct query_statement *st,
                     struct catalog_name own, const struct query_plan *plan,
                     struct summary_definition **out, struct error *err)
{
    const struct query_plan *scan = scan_of(plan);
    const struct query_table_name *from = &st->select->from.table;
    struct catalog_name raw;
    bool exists;
    if (!scan)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", from->position,
                 "a materialized view must read one Iceberg table");
    TRY(engine_resolve(e->session, from, &e->arena, &raw, &exists, err));
    if (!exists)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", from->position,
                 "a table at a snapshot, branch, tag or time cannot stand in a materialized view's "
                 "definition");
    TRY(check_cycle(e, own, raw, from->position, err));
    return summary_define(plan, st->select_text, zone_name(e->session->zone), raw, scan->scan.table,
                          &e->session->txn->arena, out, err);
}

/* ---- firn.pending ---------------------------------------------------------------------------- */

static status set_pending(struct engine_env *e, struct engine_staged *t,
                          const struct summary_definition *d, struct error *err)
{
    struct arena *a = &e->session->txn->arena;
    struct property *p;
    TRY(ARENA_NEW(a, struct property, &p, err));
    p->key = STR("firn.pending");
    TRY(summary_format_pending(d, a, &p->value, err));
    TRY(engine_staged_update(e->session, t,
                             &(struct iceberg_update){.kind = ICEBERG_SET_PROPERTIES,
                                                      .property_count = 1,
                                                      .properties = p},
                             err));
    return engine_staged_build(e->session, t, err);
}

static status create_table(struct engine_env *e, struct query_statement *st,
                           struct engine_staged *t, const struct summary_definition *d,
                           struct error *err)
{
    struct column_schema columns;
    struct engine_table_def def = {.columns = &columns};
    TRY(summary_visible_schema(d, &e->arena, &columns, err));
    TRY(engine_table_options(e, st, &def, err));
    return engine_define_table(e, t, &def, err);
}

status engine_create_summary(struct engine_env *e, struct query_statement *st,
                             struct firn_result *r, struct error *err)
{
    struct firn_session *s = e->session;
    struct catalog_name name;
    struct engine_staged *t;
    struct query_plan *plan;
    struct summary_definition *d;
    bool exists, space_exists;
    TRY(engine_resolve(s, &st->table, &e->arena, &name, &exists, err));
    TRY(engine_space_exists(s, name.space, &space_exists, err));
    if (!space_exists)
        return engine_no_space(s, name.space, st->table.position, &e->arena, err);
    if (exists && st->if_not_exists) {
        engine_notice(s, "materialized view \"%.*s\" exists already, skipped", STR_ARG(name.table));
        return ST_OK;
    }
    TRY(engine_stage(s, name, &t, err));
    if (exists && !summary_is(t->current))
        FAIL_SQL(err, ST_INVALID, "42809", st->table.position,
                 "\"%.*s\" is a table, not a materialized view; drop it first",
                 STR_ARG(name.table));
    if (exists && !st->or_replace)
        FAIL_SQL(err, ST_EXISTS, "42P07", st->table.position,
                 "materialized view \"%.*s.%.*s\" already exists", STR_ARG(name.space),
                 STR_ARG(name.table));
    TRY(summary_check_select(st->select, err));
    TRY(plan_select(&e->plan, st->select, &plan, err));
    TRY(define(e, st, name, plan, &d, err));
    if (!exists)
        TRY(create_table(e, st, t, d, err));
    return set_pending(e, t, d, err);
}

/* ---- constraints ----------------------------------------------------------------------------- */

/* The names `summary` (its visible columns, no rows) and `raw` for binding a check before any
 * refresh. */
static status bind_aliases(struct engine_env *e, const struct summary_definition *d,
                           struct error *err)
{
    struct column_schema visible;
    struct query_plan *none, *raw;
    TRY(summary_visible_schema(d, &e->arena, &visible, err));
    TRY(engine_rows_plan(&e->arena, &visible, NULL, 0, &none, err));
    TRY(plan_text(e, d->select, &raw, err));
    const struct query_plan *scan = scan_of(raw);
    ENSURE(scan != NULL, err);
    e->aliases[0] = (struct engine_alias){STR("summary"), {.name = STR("summary"), .rows = none}};
    e->aliases[1] = (struct engine_alias){STR("raw"),
                                          {.name = STR("raw"),
                                           .table = scan->scan.table,
                                           .schema = scan->scan.table_schema,
                                           .snapshot = scan->scan.snapshot}};
    e->alias_count = 2;
    return ST_OK;
}

static status plan_check(struct engine_env *e, struct str condition, struct query_plan **out,
                         struct error *err)
{
    struct str text;
    TRY(arena_printf(&e->arena, &text, err,
                     "SELECT * FROM summary WHERE (%.*s\n) IS FALSE LIMIT %d", (int)condition.len,
                     condition.ptr, FAILING_ROWS + 1));
    return plan_text(e, text, out, err);
}

static status add_check(struct engine_env *e, const struct query_statement *st,
                        struct summary_definition *d, struct error *err)
{
    struct arena *a = &e->session->txn->arena;
    struct summary_check *checks;
    struct query_plan *unused;
    for (size_t i = 0; i < d->check_count; i++)
        if (str_eq(d->checks[i].name, st->constraint.text))
            FAIL_SQL(err, ST_EXISTS, "42710", 0, "constraint \"%.*s\" already exists",
                     STR_ARG(st->constraint.text));
    TRY(bind_aliases(e, d, err));
    status result = plan_check(e, st->where_text, &unused, err);
    if (result != ST_OK) {
        error_context(err, "constraint \"%.*s\"", STR_ARG(st->constraint.text));
        error_position(err, 0); /* it counts in the check's own text */
        return result;
    }
    TRY(ARENA_ARRAY(a, struct summary_check, d->check_count + 1, &checks, err));
    for (size_t i = 0; i < d->check_count; i++)
        checks[i] = d->checks[i];
    TRY(arena_str(a, st->constraint.text, &checks[d->check_count].name, err));
    TRY(arena_str(a, st->where_text, &checks[d->check_count].text, err));
    d->checks = checks;
    d->check_count++;
    return ST_OK;
}

static status drop_check(const struct query_statement *st, struct summary_definition *d,
                         struct error *err)
{
    for (size_t i = 0; i < d->check_count; i++)
        if (str_eq(d->checks[i].name, st->constraint.text)) {
            for (d->check_count--; i < d->check_count; i++)
                d->checks[i] = d->checks[i + 1];
            return ST_OK;
        }
    if (st->if_exists)
        return ST_OK;
    FAIL_SQL(err, ST_NOT_FOUND, "42704", 0, "constraint \"%.*s\" does not exist",
             STR_ARG(st->constraint.text));
}

static status stage_summary(struct engine_env *e, const struct query_table_name *named,
                            struct engine_staged **out, struct error *err)
{
    struct catalog_name name;
    struct iceberg_table *t;
    TRY(engine_table_must(e, named, &name, &t, err));
    if (!summary_is(t))
        FAIL_SQL(err, ST_INVALID, "42809", named->position, "\"%.*s\" is not a materialized view",
                 STR_ARG(name.table));
    return engine_stage(e->session, name, out, err);
}

status engine_constraint(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                         struct error *err)
{
    struct engine_staged *t;
    struct summary_definition *d;
    TRY(stage_summary(e, &st->table, &t, err));
    TRY(summary_load(t->current, false, &e->session->txn->arena, &d, err));
    ENSURE(d != NULL, err);
    TRY(st->kind == QUERY_STMT_ADD_CONSTRAINT ? add_check(e, st, d, err) : drop_check(st, d, err));
    return set_pending(e, t, d, err);
}

/* ---- refresh --------------------------------------------------------------------------------- */

struct refresh {
    struct engine_env *e;
    struct engine_staged *t;
    const struct query_plan *scan; /* of raw */
};

static status op_plan(void *self, struct str select, struct str zone, struct query_plan **out,
                      const struct iceberg_table **raw, const struct iceberg_snapshot **snapshot,
                      struct catalog_name *raw_name, struct error *err)
{
    struct refresh *x = self;
    struct zone *loaded = NULL;
    struct query_select *parsed;
    bool exists;
    if (!str_eq_nocase(zone, STR("UTC")))
        TRY(zone_load(&x->e->arena, zone, &loaded, err));
    x->e->plan.zone = x->e->exec.zone = loaded;
    status st = parse_select(x->e, select, &parsed, err);
    if (st == ST_OK)
        st = plan_select(&x->e->plan, parsed, out, err);
    if (st != ST_OK) {
        error_context(err, "definition%s",
                      st == ST_NOT_FOUND ? " (if the table was renamed: CREATE OR REPLACE the view "
                                           "over its new name, or rename it back)"
                                         : "");
        error_position(err, 0); /* it counts in the definition's own text */
        return st;
    }
    x->scan = scan_of(*out);
    if (!x->scan)
        FAIL(err, ST_CORRUPT, "a stored definition reads no Iceberg table: %.*s", STR_ARG(select));
    *raw = x->scan->scan.table;
    *snapshot = x->scan->scan.snapshot;
    TRY(engine_resolve(x->e->session, &parsed->from.table, &x->e->arena, raw_name, &exists, err));
    return check_cycle(x->e, x->t->name, *raw_name, 0, err);
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
struct exec_split_rule engine_summary_split(const struct query_plan *plan)
{
    const struct query_expr *key = plan->sort.keys[0].value;
    bool is_time = key->type.kind == COLUMN_DATE || key->type.kind == COLUMN_TIMESTAMP ||
                   key->type.kind == COLUMN_TIMESTAMPTZ;
    return (struct exec_split_rule){is_time ? key->column : -1, SUMMARY_SIDE_BYTES,
                                    SUMMARY_FILE_BYTES};
}

/* Columns in sort order. */
static status key_columns(struct refresh *x, const struct query_plan *plan, int **out,
                          struct error *err)
{
    TRY(ARENA_ARRAY(&x->e->arena, int, plan->sort.count, out, err));
    for (size_t i = 0; i < plan->sort.count; i++)
        (*out)[i] = plan->sort.keys[i].value->column;
    return ST_OK;
}

static status op_write(void *self, struct query_plan *plan, size_t visible,
                       const struct column_schema *hidden, struct summary_digest_files *digests,
                       struct iceberg_data_file **files, size_t *count, struct error *err)
{
    struct refresh *x = self;
    struct column_stream rows;
    int64_t row_count;
    int32_t *ids;
    int *keys;
    ENSURE(plan->kind == QUERY_PLAN_SORT && plan->sort.count > 0, err);
    TRY(field_ids(x, hidden, &ids, err));
    TRY(key_columns(x, plan, &keys, err));
    digests->of = (struct summary_rows){&plan->schema, ids, visible};
    digests->key_count = plan->sort.count;
    digests->keys = keys;
    struct exec_split_rule split = engine_summary_split(plan);
    struct exec_write_spec how = {
        .split = &split, .hidden = hidden, .tap = summary_digest_files_tap, .tap_self = digests};
    TRY(exec_open(plan, &x->e->exec, &rows, err));
    status st = engine_write_stream(x->e, x->t, &rows, &how, files, count, &row_count, err);
    rows.close(rows.self);
    return st;
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
                         int64_t snapshot_id, const struct property *snapshot_summary,
                         size_t summary_count, struct error *err)
{
    struct refresh *x = self;
    struct firn_session *s = x->e->session;
    TRY(engine_staged_remove_all(x->e, x->t, err));
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
            TRY(shown < FAILING_ROWS ? row_text(e, rows, &batch, i, out, err)
                                     : buffer_append_str(out, STR("; ..."), err));
    }
}

static status op_check(void *self, const struct summary_check *check, struct str *out,
                       struct error *err)
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
    status planned = plan_check(e, check->text, &plan, err);
    if (planned != ST_OK) {
        error_context(err, "constraint \"%.*s\"", STR_ARG(check->name));
        error_position(err, 0);
        return planned;
    }
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

status engine_refresh_summary(struct engine_env *e, struct query_statement *st,
                              struct firn_result *r, struct error *err)
{
    struct refresh x = {.e = e};
    struct summary_report report;
    TRY(stage_summary(e, &st->table, &x.t, err));
    struct summary_ops ops = {&x, op_plan, op_write, op_update, op_replace, op_check};
    TRY_CONTEXT(summary_refresh(x.t->current, &ops, &e->session->txn->arena, &report, err), err,
                "materialized view %.*s.%.*s", STR_ARG(x.t->name.space), STR_ARG(x.t->name.table));
    r->figures.mode = report.mode;
    r->figures.rows_written = report.rows;
    for (size_t i = 0; i < x.t->added_count; i++)
        r->figures.bytes_written += x.t->added[i].bytes;
    return ST_OK;
}
