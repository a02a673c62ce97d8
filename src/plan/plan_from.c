// SPDX-License-Identifier: Apache-2.0
/* plan_from.c - FROM: what stands there becomes a source node and the scope of the other clauses.
 *
 * A table's scan starts with all its columns, in schema order, and behind them the hidden states of
 * a summary (by field id; they have no place in the schema). plan_finish drops what nobody uses. */
#include "plan/plan_int.h"

/* ---- tables ---------------------------------------------------------------------------------- */

struct hidden {
    struct query_plan *scan;
    size_t capacity; /* of its columns */
};

static status add_hidden(const struct plan_context *c, struct hidden *h, int32_t field_id,
                         enum column_kind kind, struct error *err)
{
    struct query_plan *p = h->scan;
    for (size_t i = 0; i < p->schema.count; i++)
        if (p->scan.field_ids[i] == field_id)
            return ST_OK;
    ENSURE(p->schema.count < h->capacity, err);
    struct column_field *f = &p->schema.fields[p->schema.count];
    *f = (struct column_field){.type = column_type_of(kind), .field_id = field_id};
    TRY(arena_printf(c->arena, &f->name, err, "_firn_%d", field_id));
    p->scan.field_ids[p->schema.count++] = field_id;
    return ST_OK;
}

status plan_scan_new(const struct plan_context *c, const struct plan_table *t, size_t *visible,
                     struct query_plan **out, struct error *err)
{
    struct column_schema columns;
    struct query_plan *p;
    TRY(iceberg_schema_columns(t->schema, c->arena, &columns, err));
    TRY(plan_node(c, QUERY_PLAN_SCAN, NULL, &p, err));
    struct hidden h = {p, columns.count + 3 * t->state_count};
    TRY(ARENA_ARRAY(c->arena, struct column_field, h.capacity + 1, &p->schema.fields, err));
    TRY(ARENA_ARRAY(c->arena, int32_t, h.capacity + 1, &p->scan.field_ids, err));
    *visible = p->schema.count = columns.count;
    for (size_t i = 0; i < columns.count; i++) {
        p->schema.fields[i] = columns.fields[i];
        p->scan.field_ids[i] = columns.fields[i].field_id;
    }
    for (size_t i = 0; i < t->state_count; i++) {
        TRY(add_hidden(c, &h, t->states[i].s1_field_id, COLUMN_DOUBLE, err));
        TRY(add_hidden(c, &h, t->states[i].rest_field_id, COLUMN_DOUBLE, err));
        TRY(add_hidden(c, &h, t->states[i].more_field_id, COLUMN_BINARY, err));
    }
    p->scan.name = t->name;
    p->scan.table = t->table;
    p->scan.table_schema = t->schema;
    p->scan.snapshot = t->snapshot;
    *out = p;
    return ST_OK;
}

static status from_table(struct plan_binder *b, const struct query_table_name *name,
                         struct plan_scope *scope, struct error *err)
{
    const struct plan_lookup *l = b->c->lookup;
    struct plan_table *t;
    TRY(ARENA_NEW(b->c->arena, struct plan_table, &t, err));
    status st = l->table(l->self, name, b->c->arena, t, err);
    if (st != ST_OK) {
        if (err && err->position == 0)
            error_position(err, name->position);
        return st;
    }
    scope->name = name->table.text;
    scope->schema_name = name->schema.text;
    scope->table = t;
    if (t->rows) {
        scope->input = t->rows;
        scope->visible = t->rows->schema.count;
        return ST_OK;
    }
    return plan_scan_new(b->c, t, &scope->visible, &scope->input, err);
}

/* ---- VALUES ---------------------------------------------------------------------------------- */

static status settle_column(struct plan_binder *b, struct query_plan *p, size_t column,
                            struct error *err)
{
    size_t rows = (size_t)p->values.rows;
    struct column_field *f = &p->schema.fields[column];
    struct query_expr **all;
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, rows, &all, err));
    for (size_t r = 0; r < rows; r++)
        all[r] = p->values.cells[r][column];
    TRY(plan_common_type(all, rows, "VALUES", &f->type, err));
    for (size_t r = 0; r < rows; r++) {
        struct query_expr **cell = &p->values.cells[r][column];
        TRY(plan_coerce(b, *cell, f->type, PLAN_CAST_IMPLICIT, cell, err));
    }
    return arena_printf(b->c->arena, &f->name, err, "column%zu", column + 1);
}

/* The cells as written; literals without a type are still UNKNOWN. */
status plan_values(struct plan_binder *b, const struct query_from *from, struct query_plan **out,
                   struct error *err)
{
    struct query_plan *p;
    b->clause = "VALUES";
    TRY(plan_node(b->c, QUERY_PLAN_VALUES, NULL, &p, err));
    p->schema.count = from->column_count;
    p->values.rows = (int64_t)from->row_count;
    TRY(ARENA_ARRAY(b->c->arena, struct column_field, from->column_count + 1, &p->schema.fields,
                    err));
    TRY(ARENA_ARRAY(b->c->arena, struct query_expr **, from->row_count + 1, &p->values.cells, err));
    for (size_t r = 0; r < from->row_count; r++) {
        TRY(ARENA_ARRAY(b->c->arena, struct query_expr *, from->column_count + 1,
                        &p->values.cells[r], err));
        for (size_t i = 0; i < from->column_count; i++)
            TRY(plan_bind(b, from->rows[r][i], &p->values.cells[r][i], err));
    }
    *out = p;
    return ST_OK;
}

static status from_values(struct plan_binder *b, const struct query_from *from,
                          struct plan_scope *scope, struct error *err)
{
    TRY(plan_values(b, from, &scope->input, err));
    for (size_t i = 0; i < from->column_count; i++)
        TRY(settle_column(b, scope->input, i, err));
    scope->visible = from->column_count;
    scope->name = STR("*VALUES*");
    return ST_OK;
}

/* ---- aliases --------------------------------------------------------------------------------- */

/* FROM ... AS s(a, b): the first columns get new names. The node's own schema stays as it is where
 * others read it (a scan goes by field id). */
static status rename_columns(struct plan_binder *b, const struct query_from *from,
                             struct plan_scope *scope, struct error *err)
{
    size_t n = from->column_alias_count;
    if (n > scope->visible)
        FAIL_SQL(err, ST_INVALID, "42P10", from->table.position,
                 "table \"%.*s\" has %zu columns available but %zu columns specified",
                 STR_ARG(scope->name), scope->visible, n);
    struct column_schema *s = &scope->input->schema;
    struct column_field *fields;
    TRY(ARENA_ARRAY(b->c->arena, struct column_field, s->count + 1, &fields, err));
    for (size_t i = 0; i < s->count; i++) {
        fields[i] = s->fields[i];
        if (i < n)
            fields[i].name = from->column_aliases[i].text;
    }
    s->fields = fields;
    return ST_OK;
}

status plan_from(struct plan_binder *b, const struct query_from *from, struct plan_scope *scope,
                 struct error *err)
{
    switch (from->kind) {
    case QUERY_FROM_NONE:
        return ST_OK;
    case QUERY_FROM_TABLE:
        TRY(from_table(b, &from->table, scope, err));
        break;
    case QUERY_FROM_SELECT:
        TRY(plan_query(b, from->select, &scope->input, err));
        scope->visible = scope->input->schema.count;
        break;
    case QUERY_FROM_CALL:
        TRY(plan_source(b, from->call, &scope->input, err));
        scope->visible = scope->input->schema.count;
        scope->name = from->call->text;
        break;
    case QUERY_FROM_VALUES:
        TRY(from_values(b, from, scope, err));
        break;
    }
    if (from->alias.text.len > 0) {
        scope->name = from->alias.text;
        scope->schema_name = (struct str){0};
    }
    return from->column_alias_count > 0 ? rename_columns(b, from, scope, err) : ST_OK;
}
