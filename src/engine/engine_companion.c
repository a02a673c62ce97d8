// SPDX-License-Identifier: Apache-2.0
/* engine_companion.c - a summary's companion table: what it covers, as rows (summary_cover.h).
 *
 * It is an ordinary Iceberg table, in the same transaction as the summary where the catalog can commit
 * both at once, and committed before it where not: its rows count only if the summary names their
 * epoch. A table of that name that firn did not make is never touched. */
#include "engine/engine_summary_int.h"

#define MARK "firn.companion-of" /* table property: the summary's name when it was made */

status engine_companion_name(struct firn_session *s, struct catalog_name summary,
                             struct catalog_name *out, struct error *err)
{
    out->space = summary.space;
    return arena_printf(&s->txn->arena, &out->table, err, "%.*s" SUMMARY_COMPANION_SUFFIX,
                        STR_ARG(summary.table));
}

bool engine_is_companion(const struct iceberg_table *t)
{
    return iceberg_table_property(t, MARK).ptr != NULL;
}

static status companion(struct engine_env *e, struct catalog_name summary,
                        struct catalog_name *name, struct iceberg_table **out, struct error *err)
{
    struct firn_session *s = e->session;
    TRY(engine_companion_name(s, summary, name, err));
    TRY(engine_table_get(s, *name, out, err));
    if (*out && !engine_is_companion(*out))
        FAIL_SQL(
            err, ST_INVALID, "42809", 0,
            "table \"%.*s.%.*s\" stands where firn keeps what the materialized view covers, and "
            "firn did not make it; rename it",
            STR_ARG(name->space), STR_ARG(name->table));
    return ST_OK;
}

/* Its columns are the ones that firn gave it. */
static bool same_schema(const struct column_schema *a, const struct column_schema *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = str_eq(a->fields[i].name, b->fields[i].name) &&
               column_type_eq(a->fields[i].type, b->fields[i].type);
    return same;
}

static status read_rows(struct engine_env *e, struct query_plan *scan, struct summary_record **out,
                        size_t *count, struct error *err)
{
    struct column_stream rows;
    TRY(exec_open(scan, &e->exec, &rows, err));
    status st = summary_record_read(&rows, &e->session->txn->arena, out, count, err);
    rows.close(rows.self);
    return st;
}

status engine_companion_read(struct engine_env *e, struct catalog_name summary,
                             struct summary_record **out, size_t *count, struct error *err)
{
    struct column_schema schema;
    struct catalog_name name;
    struct iceberg_table *t;
    struct query_plan *scan;
    *out = NULL;
    *count = 0;
    TRY(companion(e, summary, &name, &t, err));
    if (!t)
        return ST_OK;
    const struct plan_table table = {.name = name.table,
                                     .table = t,
                                     .schema = iceberg_current_schema(t),
                                     .snapshot = iceberg_current_snapshot(t)};
    TRY(summary_record_schema(&e->arena, &schema, err));
    TRY(plan_scan(&e->plan, &table, NULL, true, &scan, err));
    if (!same_schema(&scan->schema, &schema))
        return ST_OK;
    TRY_CONTEXT(read_rows(e, scan, out, count, err), err, "table \"%.*s.%.*s\"",
                STR_ARG(name.space), STR_ARG(name.table));
    return *out ? ST_OK : ARENA_NEW(&e->arena, struct summary_record, out, err);
}

static status define(struct engine_env *e, struct engine_staged *t, struct catalog_name summary,
                     const struct column_schema *schema, struct error *err)
{
    struct property *mark;
    struct engine_table_def def = {.columns = schema, .property_count = 1};
    TRY(ARENA_NEW(&e->session->txn->arena, struct property, &mark, err));
    mark->key = STR(MARK);
    TRY(arena_str(&e->session->txn->arena, summary.table, &mark->value, err));
    def.properties = mark;
    return engine_define_table(e, t, &def, err);
}

static status write_rows(struct engine_env *e, struct engine_staged *t,
                         const struct column_schema *schema, const struct summary_record *records,
                         size_t count, struct error *err)
{
    const struct exec_write_spec how = {0};
    struct iceberg_data_file *files;
    struct column_stream rows;
    size_t file_count;
    int64_t row_count;
    if (count == 0)
        return ST_OK;
    TRY(summary_record_stream(schema, records, count, &e->arena, &e->session->account, &rows, err));
    status st = engine_write_stream(e, t, &rows, &how, &files, &file_count, &row_count, err);
    rows.close(rows.self);
    TRY(st);
    return engine_staged_add(e->session, t, files, file_count, err);
}

status engine_companion_write(struct engine_env *e, struct catalog_name summary,
                              const struct summary_record *records, size_t count, bool anew,
                              struct error *err)
{
    struct column_schema *schema;
    struct catalog_name name;
    struct iceberg_table *there;
    struct engine_staged *t;
    TRY(ARENA_NEW(&e->session->txn->arena, struct column_schema, &schema, err));
    TRY(summary_record_schema(&e->session->txn->arena, schema, err));
    TRY(companion(e, summary, &name, &there, err));
    TRY(engine_stage(e->session, name, &t, err));
    t->companion = true;
    if (!there)
        TRY(define(e, t, summary, schema, err));
    else if (anew)
        TRY(engine_staged_remove_all(e, t, err));
    TRY(write_rows(e, t, schema, records, count, err));
    t->append_only = false; /* the epoch's number is taken: nobody else's may come between */
    return t->touched ? engine_staged_build(e->session, t, err) : ST_OK;
}
