// SPDX-License-Identifier: Apache-2.0
/* engine_summary.c - materialized views: CREATE, ALTER ... CONSTRAINT.
 *
 * CREATE and ALTER only write the property firn.pending; what readers see changes at REFRESH, in
 * one commit (engine_refresh.c). */
#include "engine/engine_summary_int.h"

#include "sql/sql.h"

/* ---- planning a definition ------------------------------------------------------------------- */

const struct query_plan *engine_scan_of(const struct query_plan *p)
{
    while (p->input)
        p = p->input;
    return p->kind == QUERY_PLAN_SCAN ? p : NULL;
}

status engine_select_parse(struct engine_env *e, struct str text, struct query_select **out,
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
    TRY(engine_select_parse(e, text, &select, err));
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
status engine_check_cycle(struct engine_env *e, struct catalog_name own, struct catalog_name raw,
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
    const struct query_plan *scan = engine_scan_of(plan);
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
    TRY(engine_check_cycle(e, own, raw, from->position, err));
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
    e->bound = d;
    status st = plan_text(e, d->select, &raw, err);
    e->bound = NULL;
    TRY(st);
    const struct query_plan *scan = engine_scan_of(raw);
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

status engine_plan_check(struct engine_env *e, struct str condition, struct query_plan **out,
                         struct error *err)
{
    struct str text;
    TRY(arena_printf(&e->arena, &text, err,
                     "SELECT * FROM summary WHERE (%.*s\n) IS FALSE LIMIT %d", (int)condition.len,
                     condition.ptr, ENGINE_FAILING_ROWS + 1));
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
    status result = engine_plan_check(e, st->where_text, &unused, err);
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

status engine_stage_summary(struct engine_env *e, const struct query_table_name *named,
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
    TRY(engine_stage_summary(e, &st->table, &t, err));
    TRY(summary_load(t->current, false, &e->session->txn->arena, &d, err));
    ENSURE(d != NULL, err);
    TRY(st->kind == QUERY_STMT_ADD_CONSTRAINT ? add_check(e, st, d, err) : drop_check(st, d, err));
    return set_pending(e, t, d, err);
}
