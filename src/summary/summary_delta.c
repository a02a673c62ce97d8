// SPDX-License-Identifier: Apache-2.0
/* summary_delta.c - plans put together by hand: sources, scans of parts, the MERGE over them. */
#include "summary/summary_delta.h"

#include "base/rowset.h"

/* ---- sources --------------------------------------------------------------------------------- */

void summary_source_init(struct summary_source *s, struct arena *arena)
{
    *s = (struct summary_source){.arena = arena, .found = {.arena = arena}};
}

void summary_source_free(struct summary_source *s)
{
    for (size_t i = 0; i < s->set_count; i++)
        rowset_free(s->sets[i]);
    s->set_count = 0;
}

static status keep_rows(struct summary_source *s, struct rowset *rows, const struct rowset **out,
                        struct error *err)
{
    struct rowset *kept;
    TRY(ARENA_NEW(s->arena, struct rowset, &kept, err));
    TRY(arena_grow(s->arena, (void **)&s->sets, sizeof(*s->sets), &s->set_capacity,
                   s->set_count + 1, err));
    *kept = *rows;
    *rows = (struct rowset){0};
    s->sets[s->set_count++] = kept;
    *out = kept;
    return ST_OK;
}

status summary_source_add(struct summary_source *s, const struct iceberg_data_file *f, int64_t unit,
                          struct rowset *selects, bool except, struct error *err)
{
    size_t n = s->scan.count, units = s->capacity;
    struct iceberg_entry *e;
    TRY(arena_grow(s->arena, (void **)&s->scan.entries, sizeof(*e), &s->capacity, n + 1, err));
    TRY(arena_grow(s->arena, (void **)&s->unit, sizeof(*s->unit), &units, n + 1, err));
    e = &s->scan.entries[n];
    *e = (struct iceberg_entry){.status = ICEBERG_EXISTING, .file = *f, .except = except};
    if (selects)
        TRY(keep_rows(s, selects, &e->rows, err));
    s->unit[n] = unit;
    s->scan.count++;
    s->scan.files_total++;
    s->scan.rows += f->records;
    s->scan.bytes += f->bytes;
    return ST_OK;
}

/* ---- the SELECT's plan over other files ------------------------------------------------------ */

struct query_plan *summary_scan_of(struct query_plan *plan)
{
    while (plan->input)
        plan = plan->input;
    return plan->kind == QUERY_PLAN_SCAN ? plan : NULL;
}

const struct query_plan *summary_aggregate_of(const struct query_plan *plan)
{
    while (plan && plan->kind != QUERY_PLAN_AGGREGATE)
        plan = plan->input;
    return plan;
}

status summary_plan_over(const struct query_plan *plan, const struct iceberg_scan *files,
                         struct arena *arena, struct query_plan **out, struct error *err)
{
    for (; plan; plan = plan->input, out = &(*out)->input) {
        TRY(ARENA_NEW(arena, struct query_plan, out, err));
        **out = *plan;
        if (plan->kind != QUERY_PLAN_SCAN)
            continue;
        (*out)->scan.files = files;
        (*out)->scan.file_count = (int64_t)files->count;
        (*out)->scan.files_skipped = 0;
        (*out)->scan.rows = files->rows;
        (*out)->scan.bytes = files->bytes;
    }
    return ST_OK;
}

/* ---- parts of the summary -------------------------------------------------------------------- */

status summary_parts_scan(const struct summary_definition *d, const struct iceberg_table *t,
                          const struct iceberg_scan *files, struct arena *arena,
                          struct query_plan **out, struct error *err)
{
    struct column_schema visible, hidden;
    struct query_plan *p;
    TRY(summary_visible_schema(d, arena, &visible, err));
    TRY(summary_hidden_schema(d, arena, &hidden, err));
    TRY(ARENA_NEW(arena, struct query_plan, &p, err));
    p->kind = QUERY_PLAN_SCAN;
    p->schema.count = visible.count + hidden.count;
    TRY(ARENA_ARRAY(arena, struct column_field, p->schema.count, &p->schema.fields, err));
    TRY(ARENA_ARRAY(arena, int32_t, p->schema.count, &p->scan.field_ids, err));
    for (size_t i = 0; i < p->schema.count; i++) {
        p->schema.fields[i] =
            i < visible.count ? visible.fields[i] : hidden.fields[i - visible.count];
        p->scan.field_ids[i] = p->schema.fields[i].field_id;
    }
    p->scan.table = t;
    p->scan.table_schema = iceberg_current_schema(t);
    p->scan.snapshot = iceberg_current_snapshot(t);
    p->scan.files = files;
    p->scan.file_count = (int64_t)files->count;
    p->scan.rows = files->rows;
    p->scan.bytes = files->bytes;
    *out = p;
    return ST_OK;
}

/* ---- MERGE ----------------------------------------------------------------------------------- */

static status column(struct arena *arena, const struct column_schema *schema, size_t i,
                     struct query_expr **out, struct error *err)
{
    TRY(ARENA_NEW(arena, struct query_expr, out, err));
    **out =
        (struct query_expr){.kind = QUERY_COLUMN, .type = schema->fields[i].type, .column = (int)i};
    return ST_OK;
}

/* The part of a stored argument that a column of this kind holds; NULL: none, it is derived. */
static struct query_expr **slot(struct query_stored *s, enum query_agg kind)
{
    switch (kind) {
    case QUERY_AGG_COUNT_STAR:
    case QUERY_AGG_COUNT:
        return &s->count;
    case QUERY_AGG_SUM:
        return column_type_is_float(s->type) ? &s->s1 : &s->sum;
    case QUERY_AGG_MIN:
    case QUERY_AGG_BOOL_AND:
        return &s->min;
    case QUERY_AGG_MAX:
    case QUERY_AGG_BOOL_OR:
        return &s->max;
    case QUERY_AGG_STATE_MISSING:
        return &s->missing;
    case QUERY_AGG_STATE_S1:
        return &s->s1;
    case QUERY_AGG_STATE_REST:
        return &s->rest;
    case QUERY_AGG_STATE_MORE:
        return &s->more;
    case QUERY_AGG_STATE_SUM:
        return &s->sum;
    case QUERY_AGG_STATE_SQUARES:
        return &s->squares;
    default:
        return NULL;
    }
}

/* What column i of the summary's rows shows. */
static struct query_agg_out out_of(const struct summary_definition *d, size_t i, int rows_arg)
{
    if (i < d->column_count) {
        const struct summary_column *c = &d->columns[i];
        return (struct query_agg_out){c->agg, c->kind == SUMMARY_KEY ? -1 : c->arg, c->type};
    }
    const struct summary_state *s = &d->states[i - d->column_count];
    return (struct query_agg_out){s->kind, s->arg < 0 ? rows_arg : s->arg, s->type};
}

/* Stored as what it is: smallint is stored as int. */
static struct column_type stored_type(struct column_type t)
{
    return t.kind == COLUMN_SMALLINT ? column_type_of(COLUMN_INT) : t;
}

static status merge_args(const struct query_plan *agg, struct arena *arena, struct query_plan *m,
                         struct error *err)
{
    size_t args = agg->aggregate.arg_count;
    m->merge.arg_count = args + 1; /* the last one counts rows */
    TRY(ARENA_ARRAY(arena, struct query_stored, args + 1, &m->merge.args, err));
    for (size_t i = 0; i < args; i++)
        if (agg->aggregate.args[i].value)
            m->merge.args[i].type = stored_type(agg->aggregate.args[i].value->type);
    for (size_t i = 0; i < m->schema.count; i++) {
        const struct query_agg_out *o = &m->merge.outs[i];
        struct query_expr **at = o->arg < 0 ? NULL : slot(&m->merge.args[o->arg], o->kind);
        if (at && !*at)
            TRY(column(arena, &m->schema, i, at, err));
    }
    return ST_OK;
}

/* The plain count(*), visible or hidden. */
static int rows_column(const struct query_plan *agg, const struct query_plan *m)
{
    for (size_t i = 0; i < m->schema.count; i++) {
        const struct query_agg_out *o = &m->merge.outs[i];
        if (o->arg < 0 || o->kind != QUERY_AGG_COUNT_STAR)
            continue;
        if ((size_t)o->arg == agg->aggregate.arg_count || !agg->aggregate.args[o->arg].filter)
            return (int)i;
    }
    return -1;
}

status summary_merge_plan(const struct summary_definition *d, const struct query_plan *plan,
                          const struct column_schema *rows, const int *keys, size_t key_count,
                          struct arena *arena, struct query_plan **out, struct error *err)
{
    const struct query_plan *agg = summary_aggregate_of(plan);
    struct query_plan *m;
    ENSURE(agg != NULL, err);
    TRY(ARENA_NEW(arena, struct query_plan, &m, err));
    m->kind = QUERY_PLAN_MERGE;
    m->schema = *rows;
    m->merge.key_count = key_count;
    m->merge.keys = keys;
    TRY(ARENA_ARRAY(arena, struct query_agg_out, m->schema.count, &m->merge.outs, err));
    for (size_t i = 0; i < m->schema.count; i++)
        m->merge.outs[i] = out_of(d, i, (int)agg->aggregate.arg_count);
    TRY(merge_args(agg, arena, m, err));
    m->merge.rows = rows_column(agg, m);
    ENSURE(m->merge.rows >= 0, err);
    for (size_t i = 0; i < m->merge.arg_count; i++) {
        struct query_stored *a = &m->merge.args[i];
        if (!a->count) /* rows minus missing; an argument without values counts rows */
            TRY(column(arena, &m->schema, (size_t)m->merge.rows, a->missing ? &a->rows : &a->count,
                       err));
    }
    *out = m;
    return ST_OK;
}

bool summary_has_extremes(const struct summary_definition *d)
{
    for (size_t i = 0; i < d->column_count; i++)
        if (d->columns[i].kind == SUMMARY_MEASURE && d->columns[i].agg >= QUERY_AGG_MIN &&
            d->columns[i].agg <= QUERY_AGG_BOOL_OR)
            return true;
    return false;
}
