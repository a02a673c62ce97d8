// SPDX-License-Identifier: Apache-2.0
/* engine_change.c - rows into and out of tables: INSERT, DELETE, COPY.
 *
 * Deletes are copy-on-write: for each file that may hold a row, its rows that match are counted
 * first; a file without any stays as it is, one with nothing else goes, any other is written anew
 * without them. Rows that delete files have taken are seen by neither count: they stay deleted. INSERT under firn.overwrite = 'partitions' replaces the partitions it writes to
 * (Iceberg's dynamic overwrite). */
#include "engine/engine_int.h"

#include "base/random.h"
#include "summary/summary.h"

/* ---- writing rows ---------------------------------------------------------------------------- */

static const struct iceberg_spec *default_spec(const struct iceberg_table *t)
{
    return iceberg_spec_by_id(t, t->default_spec_id);
}

/* The table's sort order as a SORT node, when all of it is plain columns; else rows stay as they
 * come. */
static status sort_for(struct engine_env *e, const struct iceberg_table *t,
                       struct query_plan **plan, int32_t *order_id, struct error *err)
{
    const struct iceberg_sort_order *order = NULL;
    struct query_plan *sort;
    *order_id = 0;
    for (size_t i = 0; i < t->order_count; i++)
        if (t->orders[i].id == t->default_order_id)
            order = &t->orders[i];
    if (!order || order->count == 0)
        return ST_OK;
    TRY(ARENA_NEW(&e->arena, struct query_plan, &sort, err));
    *sort = (struct query_plan){.kind = QUERY_PLAN_SORT, .schema = (*plan)->schema, .input = *plan};
    sort->sort.count = order->count;
    TRY(ARENA_ARRAY(&e->arena, struct query_sort_key, order->count, &sort->sort.keys, err));
    const struct iceberg_schema *schema = iceberg_current_schema(t);
    for (size_t i = 0; i < order->count; i++) {
        struct query_expr *column;
        size_t at = 0;
        while (at < schema->count && schema->fields[at].id != order->fields[i].source_id)
            at++;
        if (at == schema->count || order->fields[i].transform.kind != ICEBERG_IDENTITY)
            return ST_OK;
        TRY(ARENA_NEW(&e->arena, struct query_expr, &column, err));
        *column = (struct query_expr){
            .kind = QUERY_COLUMN, .type = sort->schema.fields[at].type, .column = (int)at};
        sort->sort.keys[i] = (struct query_sort_key){column, order->fields[i].descending,
                                                     !order->fields[i].nulls_last};
    }
    *plan = sort;
    *order_id = order->id;
    return ST_OK;
}

status engine_write_stream(struct engine_env *e, struct engine_staged *t,
                           struct column_stream *rows, const struct exec_write_spec *how,
                           struct iceberg_data_file **files, size_t *count, int64_t *row_count,
                           struct error *err)
{
    char uuid[37];
    struct exec_write_spec spec = *how;
    TRY(engine_journal_open(e->session, t, err));
    engine_txn_uuid(e->session->txn, uuid);
    spec.table = t->current;
    spec.schema = iceberg_current_schema(t->current);
    spec.spec = default_spec(t->current);
    spec.name_prefix = uuid;
    return exec_write(rows, &spec, &e->exec, &e->session->txn->arena, files, count, row_count,
                      &t->data, err);
}

void engine_note_written(struct firn_result *r, const struct iceberg_data_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        r->figures.rows_written += files[i].records;
        r->figures.bytes_written += files[i].bytes;
    }
}

status engine_write_rows(struct engine_env *e, struct engine_staged *t, struct query_plan *plan,
                         struct iceberg_data_file **files, size_t *count, int64_t *rows,
                         struct error *err)
{
    struct column_stream stream;
    struct exec_write_spec how = {0};
    TRY(sort_for(e, t->current, &plan, &how.sort_order_id, err));
    TRY(exec_open(plan, &e->exec, &stream, err));
    status st = engine_write_stream(e, t, &stream, &how, files, count, rows, err);
    stream.close(stream.self);
    return st;
}

static status changeable(struct engine_env *e, const struct query_table_name *named,
                         struct engine_staged **out, struct column_schema *columns,
                         struct error *err)
{
    struct catalog_name name;
    struct iceberg_table *t;
    TRY(engine_table_must(e, named, &name, &t, err));
    if (summary_is(t))
        FAIL_SQL(err, ST_INVALID, "42809", named->position,
                 "cannot change materialized view \"%.*s\"; REFRESH it", STR_ARG(name.table));
    TRY(engine_stage(e->session, name, out, err));
    const struct iceberg_schema *schema = iceberg_current_schema((*out)->current);
    TRY(iceberg_schema_columns(schema, &e->arena, columns, err));
    if (!iceberg_schema_is_flat(schema))
        FAIL_SQL(
            err, ST_UNSUPPORTED, "0A000", named->position,
            "table \"%.*s\" has nested columns, or of types that firn does not know: firn reads "
            "it but does not write it",
            STR_ARG(name.table));
    return ST_OK;
}

/* ---- INSERT ---------------------------------------------------------------------------------- */

static bool same_partition(const struct iceberg_data_file *a, const struct iceberg_data_file *b)
{
    if (a->spec_id != b->spec_id || a->partition_count != b->partition_count)
        return false;
    for (size_t i = 0; i < a->partition_count; i++) {
        const struct column_value *x = &a->partition[i], *y = &b->partition[i];
        if (x->null != y->null || (!x->null && column_value_cmp(x, y, false) != 0))
            return false;
    }
    return true;
}

status engine_live_files(struct engine_env *e, const struct iceberg_table *t,
                         struct iceberg_scan *out, struct error *err)
{
    const struct iceberg_snapshot *s = iceberg_current_snapshot(t);
    *out = (struct iceberg_scan){0};
    return s ? iceberg_scan_plan(e->session->store, t, s, iceberg_current_schema(t), NULL,
                                 &e->arena, &e->session->account, out, err)
             : ST_OK;
}

status engine_staged_remove_all(struct engine_env *e, struct engine_staged *t, struct error *err)
{
    struct iceberg_scan live;
    TRY(engine_live_files(e, t->current, &live, err));
    for (size_t i = 0; i < live.count; i++)
        TRY(engine_staged_remove(e->session, t, live.entries[i].file.path, err));
    return ST_OK;
}

/* Removes the files of every partition that the new files are in. */
static status overwrite_partitions(struct engine_env *e, struct engine_staged *t,
                                   const struct iceberg_data_file *files, size_t count,
                                   struct error *err)
{
    struct iceberg_scan live;
    TRY(engine_live_files(e, t->current, &live, err));
    for (size_t i = 0; i < live.count; i++)
        for (size_t k = 0; k < count; k++)
            if (same_partition(&live.entries[i].file, &files[k])) {
                TRY(engine_staged_remove(e->session, t, live.entries[i].file.path, err));
                break;
            }
    t->append_only = false; /* also where there was nothing to remove yet */
    return engine_staged_property(e->session, t, "replace-partitions", STR("true"), err);
}

static status insert_plan(struct engine_env *e, struct engine_staged *t, struct query_plan *plan,
                          struct firn_result *r, struct error *err)
{
    struct iceberg_data_file *files;
    size_t count;
    struct str overwrite = engine_setting_get(e->session, "firn.overwrite");
    TRY(engine_write_rows(e, t, plan, &files, &count, &r->row_count, err));
    if (str_eq(overwrite, STR("partitions")))
        TRY(overwrite_partitions(e, t, files, count, err));
    TRY(engine_staged_add(e->session, t, files, count, err));
    engine_note_written(r, files, count);
    return t->touched ? engine_staged_build(e->session, t, err) : ST_OK;
}

status engine_insert(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                     struct error *err)
{
    struct engine_staged *t;
    struct column_schema target;
    struct query_plan *plan;
    TRY(changeable(e, &st->table, &t, &target, err));
    TRY(plan_insert(&e->plan, st->select, &target, st->column_names, st->column_name_count, &plan,
                    err));
    r->verb = "INSERT 0";
    return insert_plan(e, t, plan, r, err);
}

/* ---- DELETE ---------------------------------------------------------------------------------- */

static status filter_node(struct engine_env *e, struct query_plan *input,
                          struct query_expr *predicate, enum query_function test,
                          struct query_plan **out, struct error *err)
{
    struct query_expr *x;
    TRY(ARENA_NEW(&e->arena, struct query_plan, out, err));
    TRY(ARENA_NEW(&e->arena, struct query_expr, &x, err));
    *x = (struct query_expr){.kind = QUERY_CALL,
                             .type = column_type_of(COLUMN_BOOLEAN),
                             .function = test,
                             .arg_count = 1};
    TRY(ARENA_ARRAY(&e->arena, struct query_expr *, 1, &x->args, err));
    x->args[0] = predicate;
    **out = (struct query_plan){.kind = QUERY_PLAN_FILTER, .schema = input->schema, .input = input};
    (*out)->filter.predicate = x;
    return ST_OK;
}

/* A scan of one of the files that `scan` lists. */
static status one_file(struct engine_env *e, const struct query_plan *scan, size_t file,
                       struct query_plan **out, struct error *err)
{
    struct iceberg_scan *one;
    TRY(ARENA_NEW(&e->arena, struct query_plan, out, err));
    TRY(ARENA_NEW(&e->arena, struct iceberg_scan, &one, err));
    **out = *scan;
    *one = *scan->scan.files;
    one->count = 1;
    one->entries = &scan->scan.files->entries[file];
    (*out)->scan.files = one;
    (*out)->scan.pred = NULL;
    return ST_OK;
}

static status count_rows(struct engine_env *e, struct query_plan *plan, int64_t *out,
                         struct error *err)
{
    struct column_stream rows;
    struct column_batch batch;
    *out = 0;
    TRY(exec_open(plan, &e->exec, &rows, err));
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0)
        *out += batch.rows;
    rows.close(rows.self);
    return st;
}

static status delete_from_file(struct engine_env *e, struct engine_staged *t,
                               const struct query_plan *scan, size_t file, struct query_expr *where,
                               int64_t *deleted, struct error *err)
{
    const struct iceberg_data_file *f = &scan->scan.files->entries[file].file;
    struct query_plan *source, *matching, *rest;
    struct iceberg_data_file *files;
    size_t count;
    int64_t hits, kept, visible = f->records;
    TRY(one_file(e, scan, file, &source, err));
    TRY(filter_node(e, source, where, QUERY_FN_IS_TRUE, &matching, err));
    TRY(count_rows(e, matching, &hits, err));
    if (hits == 0)
        return ST_OK;
    *deleted += hits;
    if (scan->scan.files->entries[file].delete_count > 0)
        TRY(count_rows(e, source, &visible, err));
    if (hits < visible) {
        if (t->current->format_version > 2)
            FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                     "table \"%.*s\" is of format version 3, where rows that move to another file "
                     "keep their row ids: firn deletes whole files there, and this condition takes "
                     "%lld of %lld rows of %.*s",
                     STR_ARG(t->name.table), (long long)hits, (long long)visible, STR_ARG(f->path));
        TRY(filter_node(e, source, where, QUERY_FN_IS_NOT_TRUE, &rest, err));
        TRY(engine_write_rows(e, t, rest, &files, &count, &kept, err));
        ENSURE(kept == visible - hits, err);
        TRY(engine_staged_add(e->session, t, files, count, err));
    }
    return engine_staged_remove(e->session, t, f->path, err);
}

status engine_delete(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                     struct error *err)
{
    struct engine_staged *t;
    struct column_schema columns;
    struct query_expr *where;
    struct query_plan *scan;
    TRY(changeable(e, &st->table, &t, &columns, err));
    t->append_only = false; /* also when no row is found: someone may add one */
    r->verb = "DELETE";
    struct query_ast yes = {.kind = QUERY_AST_BOOLEAN, .boolean = true};
    TRY(plan_expression(&e->plan, st->where ? st->where : &yes, &columns, t->name.table,
                        column_type_of(COLUMN_BOOLEAN), &where, err));
    struct plan_table table = {.name = t->name.table,
                               .table = t->current,
                               .schema = iceberg_current_schema(t->current),
                               .snapshot = iceberg_current_snapshot(t->current)};
    TRY(plan_scan(&e->plan, &table, where, true, &scan, err));
    for (size_t i = 0; i < scan->scan.files->count; i++)
        TRY(delete_from_file(e, t, scan, i, where, &r->row_count, err));
    return t->touched ? engine_staged_build(e->session, t, err) : ST_OK;
}

/* ---- COPY ------------------------------------------------------------------------------------ */

static status copy_options(const struct query_statement *st, bool *csv, struct query_csv_options *o,
                           struct error *err)
{
    engine_csv_defaults(o);
    o->header = false; /* as PostgreSQL's COPY */
    *csv = !str_ends(st->value, STR(".parquet"));
    for (size_t i = 0; i < st->option_count; i++) {
        bool known;
        struct str name = st->options[i].name.text, v = st->options[i].value;
        if (str_eq(name, STR("format"))) {
            *csv = str_eq_nocase(v, STR("csv"));
            if (!*csv && !str_eq_nocase(v, STR("parquet")))
                FAIL_SQL(err, ST_UNSUPPORTED, "0A000", st->options[i].position,
                         "COPY format \"%.*s\" is not supported; use csv or parquet", STR_ARG(v));
            continue;
        }
        TRY(engine_csv_option(o, &st->options[i], &known, err));
        if (!known)
            FAIL_SQL(err, ST_UNSUPPORTED, "0A000", st->options[i].position,
                     "COPY has no option \"%.*s\"", STR_ARG(name));
    }
    if (!st->value.ptr)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "COPY needs a file name; standard input and output are not supported");
    return ST_OK;
}

/* The columns that a CSV file is read as: those named, with the table's types. */
static status copy_columns(const struct query_statement *st, const struct column_schema *target,
                           struct arena *arena, struct column_schema *out, struct error *err)
{
    if (st->column_name_count == 0) {
        *out = *target;
        return ST_OK;
    }
    out->count = st->column_name_count;
    TRY(ARENA_ARRAY(arena, struct column_field, out->count, &out->fields, err));
    for (size_t i = 0; i < out->count; i++) {
        int at = column_schema_find(target, st->column_names[i].text);
        if (at < 0)
            FAIL_SQL(err, ST_NOT_FOUND, "42703", 0, "column \"%.*s\" does not exist",
                     STR_ARG(st->column_names[i].text));
        out->fields[i] = target->fields[at];
    }
    return ST_OK;
}

static status copy_from(struct engine_env *e, struct query_statement *st, bool csv,
                        const struct query_csv_options *o, struct firn_result *r, struct error *err)
{
    struct engine_staged *t;
    struct column_schema target, columns;
    struct query_plan *files, *plan;
    struct query_name *names;
    TRY(changeable(e, &st->table, &t, &target, err));
    TRY(copy_columns(st, &target, &e->arena, &columns, err));
    TRY(ARENA_NEW(&e->arena, struct query_plan, &files, err));
    TRY(exec_describe_files(&e->exec, csv, &st->value, 1, o, csv ? &columns : NULL, files, err));
    TRY(ARENA_ARRAY(&e->arena, struct query_name, files->schema.count, &names, err));
    for (size_t i = 0; i < files->schema.count; i++)
        names[i] = (struct query_name){files->schema.fields[i].name, true};
    TRY(plan_assign(&e->plan, files, &target, names, files->schema.count, &plan, err));
    r->verb = "COPY";
    return insert_plan(e, t, plan, r, err);
}

static status copy_to(struct engine_env *e, struct query_statement *st, bool csv,
                      const struct query_csv_options *o, struct firn_result *r, struct error *err)
{
    struct query_plan *plan;
    struct column_stream rows;
    struct str uri;
    struct query_ast star = {.kind = QUERY_AST_STAR};
    struct query_target all = {.value = &star};
    struct query_select whole = {
        .target_count = 1, .targets = &all, .from = {.kind = QUERY_FROM_TABLE, .table = st->table}};
    TRY(plan_select(&e->plan, st->select ? st->select : &whole, &plan, err));
    TRY(store_absolute(st->value, &e->arena, &uri, err));
    TRY(exec_open(plan, &e->exec, &rows, err));
    status result = exec_export(&rows, csv, o, uri, NULL, NULL, &e->exec, &r->row_count, err);
    rows.close(rows.self);
    r->verb = "COPY";
    return result;
}

status engine_copy(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                   struct error *err)
{
    bool csv;
    struct query_csv_options o;
    TRY(copy_options(st, &csv, &o, err));
    return st->kind == QUERY_STMT_COPY_FROM ? copy_from(e, st, csv, &o, r, err)
                                            : copy_to(e, st, csv, &o, r, err);
}
