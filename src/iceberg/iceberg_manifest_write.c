// SPDX-License-Identifier: Apache-2.0
/* iceberg_manifest_write.c - manifests and manifest lists out, versions 2 and 3 (spec "Manifests",
 * "Manifest Lists", appendix A for the ids).
 *
 * Entries are encoded field by field in the order of iceberg_manifest_schema.c. The sync mark is a
 * hash of the header, so equal input gives equal bytes.
 *
 * W1  every number here is believed by other engines without a look at the files: counts and rows
 *     are summed from the entries written, the length is that of the bytes written
 * W2  ADDED entries have null sequence numbers and row ids and inherit; others have their own
 * W3  min_sequence_number is the least data sequence number of the live entries, or the commit's
 *     when none is live */
#include "iceberg/iceberg_avro_int.h"

#include <math.h>

#define FILE_MAX_BYTES (1u << 30)

/* ---- values ---- */

/* The branch of ["null", T]. */
static status put_present(struct buffer *b, bool present, struct error *err)
{
    return avro_put_long(b, present, err);
}

static status put_optional_long(struct buffer *b, int64_t v, bool present, struct error *err)
{
    TRY(put_present(b, present, err));
    return present ? avro_put_long(b, v, err) : ST_OK;
}

static status put_optional_bytes(struct buffer *b, struct str v, struct error *err)
{
    TRY(put_present(b, v.ptr != NULL, err));
    return v.ptr ? avro_put_bytes(b, v, err) : ST_OK;
}

static status put_decimal(struct buffer *b, const struct column_value *v, struct error *err)
{
    uint8_t fixed[16];
    size_t width = iceberg_decimal_width(v->type.precision);
    int128 n = iceberg_decimal(v);
    for (size_t i = width; i > 0; i--, n >>= 8)
        fixed[i - 1] = (uint8_t)n;
    return buffer_append(b, fixed, width, err);
}

static status put_partition_value(struct buffer *b, const struct column_value *v, struct error *err)
{
    TRY(put_present(b, !v->null, err));
    if (v->null)
        return ST_OK;
    switch (v->type.kind) {
    case COLUMN_BOOLEAN:
        return avro_put_boolean(b, v->b, err);
    case COLUMN_INT:
    case COLUMN_DATE:
        return avro_put_long(b, v->i32, err);
    case COLUMN_BIGINT:
    case COLUMN_TIME:
    case COLUMN_TIMESTAMP:
    case COLUMN_TIMESTAMPTZ:
        return avro_put_long(b, v->i64, err);
    case COLUMN_REAL:
        return buffer_append(b, &v->f32, sizeof(v->f32), err);
    case COLUMN_DOUBLE:
        return buffer_append(b, &v->f64, sizeof(v->f64), err);
    case COLUMN_TEXT:
    case COLUMN_BINARY:
        return avro_put_bytes(b, v->str, err);
    case COLUMN_UUID:
    case COLUMN_FIXED:
        return buffer_append_str(b, v->str, err);
    case COLUMN_DECIMAL:
        return put_decimal(b, v, err);
    default:
        FAIL(err, ST_INTERNAL, "partition value of kind %d", (int)v->type.kind);
    }
}

/* The six metrics, as the columns of struct iceberg_metric. */
enum metric { M_COLUMN_BYTES, M_VALUES, M_NULLS, M_NANS, M_LOWER, M_UPPER, M_COUNT };

static bool metric_of(const struct iceberg_metric *m, enum metric which, int64_t *number,
                      struct str *text)
{
    const int64_t numbers[] = {m->column_bytes, m->values, m->nulls, m->nans};
    *text = which == M_LOWER ? m->lower : m->upper;
    *number = which < M_LOWER ? numbers[which] : 0;
    return which < M_LOWER ? *number >= 0 : text->ptr != NULL;
}

static status put_metric(struct buffer *b, const struct iceberg_data_file *f, enum metric which,
                         struct error *err)
{
    int64_t present = 0, number;
    struct str text;
    for (size_t i = 0; i < f->metric_count; i++)
        present += metric_of(&f->metrics[i], which, &number, &text);
    TRY(put_present(b, present > 0, err));
    if (present == 0)
        return ST_OK;
    TRY(avro_put_long(b, present, err));
    for (size_t i = 0; i < f->metric_count; i++) {
        if (!metric_of(&f->metrics[i], which, &number, &text))
            continue;
        TRY(avro_put_long(b, f->metrics[i].field_id, err));
        TRY(which < M_LOWER ? avro_put_long(b, number, err) : avro_put_bytes(b, text, err));
    }
    return avro_put_long(b, 0, err);
}

static status put_equality_ids(struct buffer *b, const struct iceberg_data_file *f,
                               struct error *err)
{
    TRY(put_present(b, f->equality_id_count > 0, err));
    if (f->equality_id_count == 0)
        return ST_OK;
    TRY(avro_put_long(b, (int64_t)f->equality_id_count, err));
    for (size_t i = 0; i < f->equality_id_count; i++)
        TRY(avro_put_long(b, f->equality_ids[i], err));
    return avro_put_long(b, 0, err);
}

static status put_splits(struct buffer *b, const struct iceberg_data_file *f, struct error *err)
{
    TRY(put_present(b, f->split_count > 0, err));
    if (f->split_count == 0)
        return ST_OK;
    TRY(avro_put_long(b, (int64_t)f->split_count, err));
    for (size_t i = 0; i < f->split_count; i++)
        TRY(avro_put_long(b, f->split_offsets[i], err));
    return avro_put_long(b, 0, err);
}

/* own: the entry has numbers of its own (W2). */
static status put_data_file(struct buffer *b, const struct iceberg_data_file *f, int32_t version,
                            bool own, struct error *err)
{
    TRY(avro_put_long(b, f->content, err));
    TRY(avro_put_bytes(b, f->path, err));
    TRY(avro_put_bytes(b, f->format, err));
    for (size_t i = 0; i < f->partition_count; i++)
        TRY(put_partition_value(b, &f->partition[i], err));
    TRY(avro_put_long(b, f->records, err));
    TRY(avro_put_long(b, f->bytes, err));
    for (int which = 0; which < M_COUNT; which++)
        TRY(put_metric(b, f, (enum metric)which, err));
    TRY(put_present(b, false, err)); /* key_metadata */
    TRY(put_splits(b, f, err));
    TRY(put_equality_ids(b, f, err));
    TRY(put_optional_long(b, f->sort_order_id, f->sort_order_id >= 0, err));
    if (version > 2)
        TRY(put_optional_long(b, f->row_ids.first, own && f->row_ids.assigned, err));
    TRY(put_optional_bytes(b, f->referenced, err));
    if (version < 3)
        return ST_OK;
    TRY(put_optional_long(b, f->content_offset, f->content_bytes > 0, err));
    return put_optional_long(b, f->content_bytes, f->content_bytes > 0, err);
}

static status put_entry(struct buffer *b, const struct iceberg_entry *e, int32_t version,
                        struct error *err)
{
    bool own = e->status != ICEBERG_ADDED; /* W2 */
    TRY(avro_put_long(b, e->status, err));
    TRY(put_optional_long(b, e->snapshot_id, true, err));
    TRY(put_optional_long(b, e->sequence_number, own, err));
    TRY(put_optional_long(b, e->file_sequence_number, own && e->file_sequence_number >= 0, err));
    return put_data_file(b, &e->file, version, own, err);
}

/* ---- what the manifest list says of a manifest ---- */

static bool value_is_nan(const struct column_value *v)
{
    return (v->type.kind == COLUMN_REAL && isnan(v->f32)) ||
           (v->type.kind == COLUMN_DOUBLE && isnan(v->f64));
}

/* Over all entries, deleted ones included, as Iceberg's Java does: a reader that looks for deleted
 * files must not have them pruned away. */
static status summarise_field(const struct iceberg_entry *entries, size_t count, size_t field,
                              struct arena *arena, struct iceberg_partition_summary *out,
                              struct error *err)
{
    const struct column_value *low = NULL, *high = NULL;
    *out = (struct iceberg_partition_summary){.has_nan = true};
    for (size_t i = 0; i < count; i++) {
        const struct column_value *v = &entries[i].file.partition[field];
        if (v->null) {
            out->contains_null = true;
        } else if (value_is_nan(v)) {
            out->contains_nan = true;
        } else {
            low = !low || column_value_cmp(v, low, true) < 0 ? v : low;
            high = !high || column_value_cmp(v, high, true) > 0 ? v : high;
        }
    }
    if (!low)
        return ST_OK;
    TRY(iceberg_value_encode(low, arena, &out->lower, err));
    return iceberg_value_encode(high, arena, &out->upper, err);
}

static void count_entries(const struct iceberg_commit *c, const struct iceberg_entry *entries,
                          size_t count, struct iceberg_manifest *m)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < count; i++) { /* W1 */
        const struct iceberg_entry *e = &entries[i];
        int64_t *files[] = {&m->existing_files, &m->added_files, &m->deleted_files};
        int64_t *rows[] = {&m->existing_rows, &m->added_rows, &m->deleted_rows};
        int64_t sequence = e->status == ICEBERG_ADDED ? c->sequence_number : e->sequence_number;
        ++*files[e->status];
        *rows[e->status] += e->file.records;
        if (e->status != ICEBERG_DELETED && sequence < least)
            least = sequence;
    }
    m->min_sequence_number = least < INT64_MAX ? least : c->sequence_number; /* W3 */
}

static status describe(const struct iceberg_commit *c, const struct iceberg_spec *spec,
                       const struct iceberg_entry *entries, size_t count, struct arena *arena,
                       struct iceberg_manifest *m, struct error *err)
{
    m->spec_id = spec->id;
    m->sequence_number = c->sequence_number;
    m->added_snapshot_id = c->snapshot_id;
    m->partition_count = spec->count;
    count_entries(c, entries, count, m);
    TRY(ARENA_ARRAY(arena, struct iceberg_partition_summary, spec->count, &m->partitions, err));
    for (size_t i = 0; i < spec->count; i++)
        TRY(summarise_field(entries, count, i, arena, &m->partitions[i], err));
    return ST_OK;
}

/* ---- files ---- */

/* 16 bytes of the header's texts, so that the same header gives the same mark. */
static void make_sync(struct str schema, const struct avro_meta *meta, size_t count,
                      uint8_t sync[16])
{
    for (uint32_t word = 0; word < 4; word++) {
        uint32_t h = iceberg_murmur3(word, schema.ptr, schema.len);
        for (size_t i = 0; i < count; i++)
            h = iceberg_murmur3(h, meta[i].value.ptr, meta[i].value.len);
        store_u32le(sync + 4 * word, h);
    }
}

static struct str number_text(char out[24], int64_t v)
{
    int n = snprintf(out, 24, "%lld", (long long)v);
    return (struct str){out, (size_t)n};
}

/* A schema that has the spec's source columns: the snapshot's, else the newest one that does. */
static status header_schema(const struct iceberg_commit *c, const struct iceberg_spec *spec,
                            const struct iceberg_schema **out, struct error *err)
{
    *out = c->schema;
    for (size_t i = c->table->schema_count + 1; i > 0; i--) {
        const struct iceberg_schema *s =
            i > c->table->schema_count ? c->schema : &c->table->schemas[i - 1];
        size_t have = 0;
        for (size_t k = 0; k < spec->count; k++) {
            struct column_type type;
            have += iceberg_leaf_type(s, spec->fields[k].source_id, &type);
        }
        if (have == spec->count) {
            *out = s;
            return ST_OK;
        }
    }
    return ST_OK;
}

/* The texts of a manifest's header, owned together. */
struct header {
    struct buffer avro_schema, schema, spec;
};

static void header_init(struct header *h, struct mem_account *account)
{
    buffer_init(&h->avro_schema, account, FILE_MAX_BYTES);
    buffer_init(&h->schema, account, FILE_MAX_BYTES);
    buffer_init(&h->spec, account, FILE_MAX_BYTES);
}

static void header_free(struct header *h)
{
    buffer_free(&h->avro_schema);
    buffer_free(&h->schema);
    buffer_free(&h->spec);
}

/* The header keys of the specification ("Manifests"), written to `file` as the container's start.
 */
static status start_manifest(struct avro_writer *w, struct header *h,
                             const struct iceberg_commit *c, const struct iceberg_spec *spec,
                             bool deletes, struct arena *arena, struct buffer *file,
                             struct error *err)
{
    const struct iceberg_schema *schema;
    struct column_type *types;
    char schema_id[24], spec_id[24], version[24];
    uint8_t sync[16];
    TRY(iceberg_partition_types(c->table, spec, arena, &types, err));
    TRY(iceberg_entry_schema(&h->avro_schema, spec, types, c->table->format_version, err));
    TRY(header_schema(c, spec, &schema, err));
    TRY(iceberg_schema_format(schema, NULL, &h->schema, err));
    TRY(iceberg_spec_format_fields(spec, NULL, &h->spec, err));
    struct avro_meta meta[] = {
        {STR("schema"), buffer_str(&h->schema)},
        {STR("schema-id"), number_text(schema_id, schema->id)},
        {STR("partition-spec"), buffer_str(&h->spec)},
        {STR("partition-spec-id"), number_text(spec_id, spec->id)},
        {STR("format-version"), number_text(version, c->table->format_version)},
        {STR("content"), deletes ? STR("deletes") : STR("data")},
    };
    make_sync(buffer_str(&h->avro_schema), meta, ARRAY_LEN(meta), sync);
    return avro_writer_init(w, file, buffer_str(&h->avro_schema), meta, ARRAY_LEN(meta),
                            CODEC_DEFLATE, sync, err);
}

static status check_entry(const struct iceberg_entry *e, const struct iceberg_spec *spec,
                          const struct column_type *types, struct error *err)
{
    const struct iceberg_data_file *f = &e->file;
    char got[64], want[64];
    if (f->partition_count != spec->count)
        FAIL(err, ST_INVALID, "%.*s has %zu partition values, spec %d has %zu fields",
             STR_ARG(f->path), f->partition_count, spec->id, spec->count);
    for (size_t i = 0; i < spec->count; i++)
        if (!f->partition[i].null && !column_type_eq(f->partition[i].type, types[i]))
            FAIL(err, ST_INVALID, "%.*s: partition field %.*s is of type %s, not %s",
                 STR_ARG(f->path), STR_ARG(spec->fields[i].name),
                 column_type_name(f->partition[i].type, got), column_type_name(types[i], want));
    return ST_OK;
}

static status write_entries(const struct iceberg_commit *c, const struct iceberg_spec *spec,
                            bool deletes, const struct iceberg_entry *entries, size_t count,
                            struct arena *arena, struct buffer *file, struct error *err)
{
    struct header h;
    struct avro_writer w = {0};
    struct column_type *types;
    header_init(&h, file->account);
    status st = ST_OK;
    TRY_DONE(iceberg_partition_types(c->table, spec, arena, &types, err));
    TRY_DONE(start_manifest(&w, &h, c, spec, deletes, arena, file, err));
    for (size_t i = 0; i < count; i++) {
        TRY_DONE(check_entry(&entries[i], spec, types, err));
        TRY_DONE(put_entry(&w.block, &entries[i], c->table->format_version, err));
        TRY_DONE(avro_writer_record(&w, err));
    }
    TRY_DONE(avro_writer_finish(&w, err));
done:
    avro_writer_free(&w);
    header_free(&h);
    return st;
}

status iceberg_manifest_write(struct store *store, const struct iceberg_commit *c, int32_t spec_id,
                              bool deletes, const struct iceberg_entry *entries, size_t count,
                              struct str path, struct arena *arena, struct mem_account *account,
                              struct iceberg_manifest *out, struct error *err)
{
    struct buffer file;
    const struct iceberg_spec *spec = iceberg_spec_by_id(c->table, spec_id);
    *out = (struct iceberg_manifest){.path = path, .deletes = deletes};
    if (!spec)
        FAIL(err, ST_INVALID, "the table has no partition spec %d", spec_id);
    buffer_init(&file, account, FILE_MAX_BYTES);
    status st = write_entries(c, spec, deletes, entries, count, arena, &file, err);
    if (st == ST_OK)
        st = describe(c, spec, entries, count, arena, out, err);
    if (st == ST_OK)
        st = store_write_all(store, path, file.data, file.len, err);
    out->bytes = (int64_t)file.len;
    buffer_free(&file);
    if (st != ST_OK)
        error_context(err, "manifest %.*s", STR_ARG(path));
    return st;
}

static status put_summaries(struct buffer *b, const struct iceberg_manifest *m, struct error *err)
{
    TRY(put_present(b, true, err));
    if (m->partition_count > 0)
        TRY(avro_put_long(b, (int64_t)m->partition_count, err));
    for (size_t i = 0; i < m->partition_count; i++) {
        const struct iceberg_partition_summary *p = &m->partitions[i];
        TRY(avro_put_boolean(b, p->contains_null, err));
        TRY(put_present(b, p->has_nan, err));
        if (p->has_nan)
            TRY(avro_put_boolean(b, p->contains_nan, err));
        TRY(put_optional_bytes(b, p->lower, err));
        TRY(put_optional_bytes(b, p->upper, err));
    }
    return avro_put_long(b, 0, err);
}

static status put_manifest(struct buffer *b, const struct iceberg_manifest *m, int32_t version,
                           struct error *err)
{
    const int64_t numbers[] = {m->bytes,
                               m->spec_id,
                               m->deletes,
                               m->sequence_number,
                               m->min_sequence_number,
                               m->added_snapshot_id,
                               m->added_files,
                               m->existing_files,
                               m->deleted_files,
                               m->added_rows,
                               m->existing_rows,
                               m->deleted_rows};
    TRY(avro_put_bytes(b, m->path, err));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        TRY(avro_put_long(b, numbers[i], err));
    TRY(put_summaries(b, m, err));
    TRY(put_present(b, false, err)); /* key_metadata */
    return version < 3 ? ST_OK : put_optional_long(b, m->row_ids.first, m->row_ids.assigned, err);
}

static status write_list(const struct iceberg_commit *c, const struct iceberg_manifest *manifests,
                         size_t count, struct buffer *schema, struct buffer *file,
                         struct error *err)
{
    struct avro_writer w = {0};
    char snapshot[24], parent[24], sequence[24], version[24];
    uint8_t sync[16];
    struct avro_meta meta[] = {
        {STR("snapshot-id"), number_text(snapshot, c->snapshot_id)},
        {STR("parent-snapshot-id"),
         c->parent_id == -1 ? STR("null") : number_text(parent, c->parent_id)},
        {STR("sequence-number"), number_text(sequence, c->sequence_number)},
        {STR("format-version"), number_text(version, c->table->format_version)},
    };
    TRY(iceberg_list_schema(schema, c->table->format_version, err));
    make_sync(buffer_str(schema), meta, ARRAY_LEN(meta), sync);
    status st = avro_writer_init(&w, file, buffer_str(schema), meta, ARRAY_LEN(meta), CODEC_DEFLATE,
                                 sync, err);
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        st = put_manifest(&w.block, &manifests[i], c->table->format_version, err);
        if (st == ST_OK)
            st = avro_writer_record(&w, err);
    }
    if (st == ST_OK)
        st = avro_writer_finish(&w, err);
    avro_writer_free(&w);
    return st;
}

status iceberg_manifest_list_write(struct store *store, const struct iceberg_commit *c,
                                   const struct iceberg_manifest *manifests, size_t count,
                                   struct str path, struct mem_account *account, struct error *err)
{
    struct buffer schema, file;
    buffer_init(&schema, account, FILE_MAX_BYTES);
    buffer_init(&file, account, FILE_MAX_BYTES);
    status st = write_list(c, manifests, count, &schema, &file, err);
    if (st == ST_OK)
        st = store_write_all(store, path, file.data, file.len, err);
    buffer_free(&schema);
    buffer_free(&file);
    if (st != ST_OK)
        error_context(err, "manifest list %.*s", STR_ARG(path));
    return st;
}
