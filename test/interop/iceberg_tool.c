// SPDX-License-Identifier: Apache-2.0
/* iceberg_tool.c - tables for iceberg_judge.py: what a table holds, as JSON, and tables made from a
 * description.
 *
 *     iceberg_tool dump METADATA          every snapshot's manifests and entries
 *     iceberg_tool write DESCRIPTION      commits one after another; prints the metadata's location
 *     iceberg_tool scan METADATA COLUMN OP VALUE      paths of the files that may match
 *
 * DESCRIPTION: {"base": location, or "location", "schema", "properties"; "commits": [{"schema"?,
 * "partitioning"?, "operation", "from_empty"?, "removed": [path], "added": [{"path", "records",
 * "bytes", "splits", "partition": {column: text}, "metrics": [{"id", "size", "values", "nulls",
 * "nans", "min", "max"}]}]}]}. Values are texts as column_text reads them; null is NULL. */
#include "base/clock.h"
#include "base/random.h"
#include "column/column_text.h"
#include "iceberg/iceberg_int.h"

#include <stdlib.h>

static struct arena arena;
static struct error err;
static struct store *store;

static void must(status st)
{
    if (st == ST_OK)
        return;
    fprintf(stderr, "%s: %s (%s:%d)\n", status_text(st), err.msg, err.file ? err.file : "?",
            err.line);
    exit(1);
}

static struct str json_text(const json_t *j)
{
    return (struct str){json_string_value(j), json_string_length(j)};
}

/* ---- dump ---- */

static json_t *hex_of(struct str bytes)
{
    if (!bytes.ptr)
        return json_null();
    char *text = malloc(bytes.len * 2 + 1);
    text[0] = 0;
    for (size_t i = 0; i < bytes.len; i++)
        snprintf(text + 2 * i, 3, "%02x", (uint8_t)bytes.ptr[i]);
    json_t *out = json_string(text);
    free(text);
    return out;
}

static json_t *text_of(struct str s)
{
    return json_stringn(s.ptr ? s.ptr : "", s.len);
}

static json_t *value_hex(const struct column_value *v)
{
    struct str bytes;
    if (v->null)
        return json_null();
    must(iceberg_value_encode(v, &arena, &bytes, &err));
    return hex_of(bytes);
}

static json_t *dump_entry(const struct iceberg_entry *e)
{
    const struct iceberg_data_file *f = &e->file;
    json_t *partition = json_array(), *metrics = json_object(), *splits = json_array();
    for (size_t i = 0; i < f->partition_count; i++)
        json_array_append_new(partition, value_hex(&f->partition[i]));
    for (size_t i = 0; i < f->split_count; i++)
        json_array_append_new(splits, json_integer(f->split_offsets[i]));
    for (size_t i = 0; i < f->metric_count; i++) {
        const struct iceberg_metric *m = &f->metrics[i];
        char id[16];
        snprintf(id, sizeof(id), "%d", m->field_id);
        json_object_set_new(metrics, id,
                            json_pack("{sI sI sI sI so so}", "size", (json_int_t)m->column_bytes,
                                      "values", (json_int_t)m->values, "nulls",
                                      (json_int_t)m->nulls, "nans", (json_int_t)m->nans, "lower",
                                      hex_of(m->lower), "upper", hex_of(m->upper)));
    }
    return json_pack("{si sI sI sI si so so sI sI so so so si}", "status", (int)e->status,
                     "snapshot", (json_int_t)e->snapshot_id, "sequence",
                     (json_int_t)e->sequence_number, "file_sequence",
                     (json_int_t)e->file_sequence_number, "content", (int)f->content, "path",
                     text_of(f->path), "format", text_of(f->format), "records",
                     (json_int_t)f->records, "bytes", (json_int_t)f->bytes, "partition", partition,
                     "metrics", metrics, "splits", splits, "sort_order", f->sort_order_id);
}

static json_t *dump_manifest(const struct iceberg_table *t, const struct iceberg_manifest *m)
{
    struct iceberg_entry *e;
    size_t count;
    json_t *partitions = json_array(), *entries = json_array();
    for (size_t i = 0; i < m->partition_count; i++) {
        const struct iceberg_partition_summary *p = &m->partitions[i];
        json_array_append_new(partitions,
                              json_pack("[b o o o]", p->contains_null,
                                        p->has_nan ? json_boolean(p->contains_nan) : json_null(),
                                        hex_of(p->lower), hex_of(p->upper)));
    }
    must(iceberg_entries_read(store, t, m, &arena, NULL, &e, &count, &err));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(entries, dump_entry(&e[i]));
    return json_pack("{so sI si sb sI sI sI s[IIIIII] so so}", "path", text_of(m->path), "length",
                     (json_int_t)m->bytes, "spec", m->spec_id, "deletes", m->deletes, "sequence",
                     (json_int_t)m->sequence_number, "min_sequence",
                     (json_int_t)m->min_sequence_number, "snapshot",
                     (json_int_t)m->added_snapshot_id, "counts", (json_int_t)m->added_files,
                     (json_int_t)m->existing_files, (json_int_t)m->deleted_files,
                     (json_int_t)m->added_rows, (json_int_t)m->existing_rows,
                     (json_int_t)m->deleted_rows, "partitions", partitions, "entries", entries);
}

static int dump(const char *location)
{
    struct iceberg_table *t;
    must(iceberg_table_load(store, &arena, str_of(location), &t, &err));
    json_t *all = json_array();
    for (size_t i = 0; i < t->snapshot_count; i++) {
        struct iceberg_manifest *m;
        size_t count;
        json_t *list = json_array();
        must(iceberg_manifests_read(store, t, &t->snapshots[i], &arena, NULL, &m, &count, &err));
        for (size_t k = 0; k < count; k++)
            json_array_append_new(list, dump_manifest(t, &m[k]));
        json_array_append_new(all, json_pack("{sI so}", "snapshot", (json_int_t)t->snapshots[i].id,
                                             "manifests", list));
    }
    json_dumpf(all, stdout, JSON_COMPACT);
    puts("");
    json_decref(all);
    return 0;
}

/* ---- scan ---- */

static int scan(const char *location, const char *column, const char *op, const char *text)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
    struct iceberg_table *t;
    struct iceberg_scan s;
    struct column_value v;
    must(iceberg_table_load(store, &arena, str_of(location), &t, &err));
    const struct iceberg_schema *schema = iceberg_current_schema(t);
    const struct iceberg_field *f = iceberg_field_by_name(schema, str_of(column));
    int kind = -1;
    for (int i = 0; i < 6; i++)
        if (strcmp(op, ops[i]) == 0)
            kind = ICEBERG_PRED_EQ + i;
    if (!f || kind < 0)
        return 2;
    must(column_text_parse(f->type, str_of(text), NULL, &arena, &v, &err));
    struct iceberg_pred p = {
        .kind = (enum iceberg_pred_kind)kind, .field_id = f->id, .value_count = 1, .values = &v};
    must(iceberg_scan_plan(store, t, iceberg_current_snapshot(t), schema, &p, &arena, NULL, &s,
                           &err));
    for (size_t i = 0; i < s.count; i++)
        printf("%.*s\n", STR_ARG(s.entries[i].file.path));
    fprintf(stderr, "%lld of %lld manifests read, %lld of %lld files skipped\n",
            (long long)s.manifests_read, (long long)s.manifests_total, (long long)s.files_skipped,
            (long long)s.files_total);
    return 0;
}

/* ---- write ---- */

static struct column_value value_of(struct column_type type, const json_t *text)
{
    struct column_value v = {.type = type, .null = true};
    if (json_is_string(text))
        must(column_text_parse(type, json_text(text), NULL, &arena, &v, &err));
    return v;
}

static void fill_partition(const struct iceberg_table *t, const struct iceberg_spec *spec,
                           const json_t *values, struct iceberg_data_file *f)
{
    f->spec_id = spec->id;
    f->partition_count = spec->count;
    must(ARENA_ARRAY(&arena, struct column_value, spec->count, &f->partition, &err));
    for (size_t i = 0; i < spec->count; i++) {
        const struct iceberg_field *column =
            iceberg_field_by_id(iceberg_current_schema(t), spec->fields[i].source_id);
        struct column_value v = value_of(column->type, json_object_get(values, column->name.ptr));
        must(
            iceberg_transform_apply(spec->fields[i].transform, &v, &arena, &f->partition[i], &err));
    }
}

static int64_t number(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static struct iceberg_metric metric_of(const struct iceberg_table *t, const json_t *json)
{
    struct iceberg_metric m = {.field_id = (int32_t)number(json, "id"),
                               .column_bytes = number(json, "size"),
                               .values = number(json, "values"),
                               .nulls = number(json, "nulls"),
                               .nans = number(json, "nans")};
    const struct iceberg_field *f = iceberg_field_by_id(iceberg_current_schema(t), m.field_id);
    struct column_value low = value_of(f->type, json_object_get(json, "min"));
    struct column_value high = value_of(f->type, json_object_get(json, "max"));
    must(iceberg_bound_truncate(&low, false, 16, &arena, &m.lower, &err));
    must(iceberg_bound_truncate(&high, true, 16, &arena, &m.upper, &err));
    return m;
}

static struct iceberg_data_file file_of(const struct iceberg_table *t, const json_t *json)
{
    const json_t *metrics = json_object_get(json, "metrics"),
                 *splits = json_object_get(json, "splits");
    struct iceberg_data_file f = {.path = json_text(json_object_get(json, "path")),
                                  .format = STR("PARQUET"),
                                  .records = number(json, "records"),
                                  .bytes = number(json, "bytes"),
                                  .metric_count = json_array_size(metrics),
                                  .split_count = json_array_size(splits),
                                  .sort_order_id = t->default_order_id};
    fill_partition(t, iceberg_spec_by_id(t, t->default_spec_id), json_object_get(json, "partition"),
                   &f);
    must(ARENA_ARRAY(&arena, struct iceberg_metric, f.metric_count, &f.metrics, &err));
    for (size_t i = 0; i < f.metric_count; i++)
        f.metrics[i] = metric_of(t, json_array_get(metrics, i));
    must(ARENA_ARRAY(&arena, int64_t, f.split_count, &f.split_offsets, &err));
    for (size_t i = 0; i < f.split_count; i++)
        f.split_offsets[i] = json_integer_value(json_array_get(splits, i));
    return f;
}

static struct iceberg_table *apply(const struct iceberg_table *base, struct iceberg_update *u,
                                   size_t count)
{
    struct iceberg_table *t;
    struct str path;
    must(iceberg_apply(base, u, count, clock_now_us() / 1000, &arena, &t, &err));
    must(iceberg_metadata_path(t, base ? base->metadata_location : (struct str){0}, NULL, &arena,
                               &path, &err));
    must(iceberg_table_write(store, t, path, &err));
    return t;
}

static struct iceberg_table *create(const json_t *d)
{
    char uuid[37];
    struct iceberg_schema schema;
    struct iceberg_spec spec = {.id = -1};
    struct iceberg_sort_order order = {0};
    struct property *properties;
    size_t property_count;
    int32_t last = 0;
    must(random_uuid(uuid, &err));
    must(iceberg_schema_parse(&arena, json_object_get(d, "schema"), &schema, &err));
    must(jsontext_get_properties(&arena, d, "properties", &properties, &property_count, &err));
    for (size_t i = 0; i < schema.count; i++)
        last = schema.fields[i].id > last ? schema.fields[i].id : last;
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ASSIGN_UUID, .text = str_of(uuid)},
        {.kind = ICEBERG_SET_LOCATION, .text = json_text(json_object_get(d, "location"))},
        {.kind = ICEBERG_ADD_SCHEMA, .schema = &schema, .last_column_id = last},
        {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1},
        {.kind = ICEBERG_ADD_SPEC, .spec = &spec},
        {.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1},
        {.kind = ICEBERG_ADD_ORDER, .order = &order},
        {.kind = ICEBERG_SET_DEFAULT_ORDER, .id = -1},
        {.kind = ICEBERG_SET_PROPERTIES,
         .properties = properties,
         .property_count = property_count},
    };
    return apply(NULL, u, ARRAY_LEN(u));
}

static struct iceberg_table *evolve(struct iceberg_table *t, const json_t *commit)
{
    const json_t *schema_json = json_object_get(commit, "schema");
    const json_t *partitioning = json_object_get(commit, "partitioning");
    if (schema_json) {
        struct iceberg_schema schema;
        int32_t last = t->last_column_id;
        must(iceberg_schema_parse(&arena, schema_json, &schema, &err));
        for (size_t i = 0; i < schema.count; i++)
            last = schema.fields[i].id > last ? schema.fields[i].id : last;
        struct iceberg_update u[] = {
            {.kind = ICEBERG_ADD_SCHEMA, .schema = &schema, .last_column_id = last},
            {.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1}};
        t = apply(t, u, 2);
    }
    if (partitioning) {
        struct iceberg_spec spec;
        must(iceberg_spec_parse(json_text(partitioning), iceberg_current_schema(t), t, &arena,
                                &spec, &err));
        struct iceberg_update u[] = {{.kind = ICEBERG_ADD_SPEC, .spec = &spec},
                                     {.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1}};
        t = apply(t, u, 2);
    }
    return t;
}

static struct iceberg_table *run_commit(struct iceberg_table *t, const json_t *commit)
{
    static const char *const operations[] = {"append", "overwrite", "delete", "replace"};
    const json_t *added = json_object_get(commit, "added"),
                 *removed = json_object_get(commit, "removed");
    struct iceberg_data_file *files;
    struct str *paths;
    struct iceberg_snapshot *s;
    struct iceberg_paths written = {.arena = &arena};
    t = evolve(t, commit);
    if (!json_object_get(commit, "operation"))
        return t;
    must(ARENA_ARRAY(&arena, struct iceberg_data_file, json_array_size(added), &files, &err));
    for (size_t i = 0; i < json_array_size(added); i++)
        files[i] = file_of(t, json_array_get(added, i));
    must(ARENA_ARRAY(&arena, struct str, json_array_size(removed), &paths, &err));
    for (size_t i = 0; i < json_array_size(removed); i++)
        paths[i] = json_text(json_array_get(removed, i));
    struct iceberg_change c = {.base = t,
                               .parent_id = t->current_snapshot_id,
                               .from_empty = json_is_true(json_object_get(commit, "from_empty")),
                               .added = files,
                               .added_count = json_array_size(added),
                               .removed_paths = paths,
                               .removed_count = json_array_size(removed),
                               .timestamp_ms = clock_now_us() / 1000,
                               .schema_id = t->current_schema_id};
    for (int i = 0; i < 4; i++)
        if (str_eq_z(json_text(json_object_get(commit, "operation")), operations[i]))
            c.operation = (enum iceberg_operation)i;
    must(iceberg_snapshot_write(store, &c, &arena, NULL, &s, &written, &err));
    struct iceberg_update u[] = {
        {.kind = ICEBERG_ADD_SNAPSHOT, .snapshot = s},
        {.kind = ICEBERG_SET_REF, .ref = {STR("main"), false, s->id, -1, -1, -1}}};
    return apply(t, u, 2);
}

static int write_table(const char *path)
{
    json_error_t where;
    json_t *d = json_load_file(path, 0, &where), *commit;
    size_t i;
    struct iceberg_table *t;
    if (!d)
        return fprintf(stderr, "%s: %s\n", path, where.text), 2;
    if (json_object_get(d, "base"))
        must(iceberg_table_load(store, &arena, json_text(json_object_get(d, "base")), &t, &err));
    else
        t = create(d);
    json_array_foreach(json_object_get(d, "commits"), i, commit) t = run_commit(t, commit);
    printf("%.*s\n", STR_ARG(t->metadata_location));
    json_decref(d);
    return 0;
}

int main(int argc, char **argv)
{
    int code = 2;
    arena_init(&arena, NULL);
    error_init(&err);
    must(store_create_local(&store, &err));
    if (argc == 3 && strcmp(argv[1], "dump") == 0)
        code = dump(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "write") == 0)
        code = write_table(argv[2]);
    else if (argc == 6 && strcmp(argv[1], "scan") == 0)
        code = scan(argv[2], argv[3], argv[4], argv[5]);
    else
        fprintf(stderr, "usage: iceberg_tool dump METADATA | write DESCRIPTION | scan METADATA "
                        "COLUMN OP VALUE\n");
    store_destroy(store);
    arena_free(&arena);
    return code;
}
