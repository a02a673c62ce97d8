// SPDX-License-Identifier: Apache-2.0
/* iceberg_manifest.c - manifests in: the files of a table, with what they inherit (spec
 * "Manifests", "Sequence Number Inheritance").
 *
 *     manifest_entry { status, snapshot_id, sequence_number, file_sequence_number,
 *                      data_file { path, format, partition, counts, bounds ... } }
 *
 * Typical: 1 to 10,000 entries, 5 to 100 columns with six metrics each; one block of 64,000 bytes
 * holds about a hundred entries.
 *
 * N1  an ADDED entry without numbers takes the manifest's; another entry must have its own, except
 *     in a manifest from version 1, where all are 0
 * N2  a file is never larger or smaller than its manifest list says: readers open it by that length
 * N3  metrics stand in ascending order of field ids, one for each id
 * N4  live data files without a first row id take the manifest's, one behind the other (spec "First
 *     Row ID Inheritance"); where the manifest has none either, the rows have no ids */
#include "iceberg/iceberg_avro_int.h"

#include <stdlib.h>

#define FILE_MAX_BYTES  (1u << 30)
#define BLOCK_MAX_BYTES (256u << 20)

enum entry_slot { E_STATUS, E_SNAPSHOT, E_SEQUENCE, E_FILE_SEQUENCE, E_FILE, E_COUNT };
static const struct iceberg_slot entry_slots[E_COUNT] = {
    [E_STATUS] = {0, "status", NULL, true},
    [E_SNAPSHOT] = {1, "snapshot_id", NULL, false},
    [E_SEQUENCE] = {3, "sequence_number", NULL, false},
    [E_FILE_SEQUENCE] = {4, "file_sequence_number", NULL, false},
    [E_FILE] = {2, "data_file", NULL, true},
};

enum file_slot {
    F_CONTENT,
    F_PATH,
    F_FORMAT,
    F_PARTITION,
    F_RECORDS,
    F_BYTES,
    F_COLUMN_BYTES, /* the six metrics, in the order of enum metric_kind */
    F_VALUES,
    F_NULLS,
    F_NANS,
    F_LOWER,
    F_UPPER,
    F_KEY_METADATA,
    F_SPLITS,
    F_EQUALITY_IDS,
    F_SORT_ORDER,
    F_REFERENCED,
    F_CONTENT_OFFSET,
    F_CONTENT_BYTES,
    F_FIRST_ROW,
    F_COUNT
};
static const struct iceberg_slot file_slots[F_COUNT] = {
    [F_CONTENT] = {134, "content", NULL, false},
    [F_PATH] = {100, "file_path", NULL, true},
    [F_FORMAT] = {101, "file_format", NULL, true},
    [F_PARTITION] = {102, "partition", NULL, true},
    [F_RECORDS] = {103, "record_count", NULL, true},
    [F_BYTES] = {104, "file_size_in_bytes", NULL, true},
    [F_COLUMN_BYTES] = {108, "column_sizes", NULL, false},
    [F_VALUES] = {109, "value_counts", NULL, false},
    [F_NULLS] = {110, "null_value_counts", NULL, false},
    [F_NANS] = {137, "nan_value_counts", NULL, false},
    [F_LOWER] = {125, "lower_bounds", NULL, false},
    [F_UPPER] = {128, "upper_bounds", NULL, false},
    [F_KEY_METADATA] = {131, "key_metadata", NULL, false},
    [F_SPLITS] = {132, "split_offsets", NULL, false},
    [F_EQUALITY_IDS] = {135, "equality_ids", NULL, false},
    [F_SORT_ORDER] = {140, "sort_order_id", NULL, false},
    [F_REFERENCED] = {143, "referenced_data_file", NULL, false},
    [F_CONTENT_OFFSET] = {144, "content_offset", NULL, false},
    [F_CONTENT_BYTES] = {145, "content_size_in_bytes", NULL, false},
    [F_FIRST_ROW] = {142, "first_row_id", NULL, false},
};

/* Key and value of a metric's map, which is an array of records because its keys are ints. */
static const struct iceberg_slot map_slots[F_UPPER - F_COLUMN_BYTES + 1][2] = {
    {{117, "key", NULL, true}, {118, "value", NULL, true}},
    {{119, "key", NULL, true}, {120, "value", NULL, true}},
    {{121, "key", NULL, true}, {122, "value", NULL, true}},
    {{138, "key", NULL, true}, {139, "value", NULL, true}},
    {{126, "key", NULL, true}, {127, "value", NULL, true}},
    {{129, "key", NULL, true}, {130, "value", NULL, true}},
};

/* One item of one of the six maps, before they are put together. */
struct piece {
    int32_t field_id;
    int32_t slot; /* F_COLUMN_BYTES .. F_UPPER */
    int64_t number;
    struct str text; /* borrowed from the block */
};

struct reading {
    const struct iceberg_table *t;
    const struct iceberg_manifest *m;
    const struct iceberg_spec *spec;
    struct iceberg_container c;
    struct arena *arena; /* borrowed: where entries go */
    const struct avro_schema *file_schema, *partition_schema;
    int *entry_plan, *file_plan; /* in <c.scratch> */
    int *partition_plan;         /* spec field of each Avro field, or -1 */
    struct column_type *types;   /* of the spec's fields */
    struct piece *pieces;        /* in <c.scratch>; reused for every entry */
    size_t piece_count, piece_capacity;
    struct numbers {
        int64_t *items; /* likewise */
        size_t count, capacity;
    } splits, equality_ids;
};

/* ---- containers ---- */

status iceberg_container_open(struct iceberg_container *c, struct store *store, struct str path,
                              struct mem_account *account, struct error *err)
{
    *c = (struct iceberg_container){0};
    buffer_init(&c->bytes, account, FILE_MAX_BYTES);
    arena_init(&c->scratch, account);
    TRY(store_read_fixed(store, path, &c->bytes, err));
    TRY(avro_reader_init(&c->reader, c->bytes.data, c->bytes.len, BLOCK_MAX_BYTES, &c->scratch,
                         account, err));
    const struct str *version = avro_reader_meta(&c->reader, "format-version");
    if (version && !str_eq_z(*version, "1") && !str_eq_z(*version, "2") && !str_eq_z(*version, "3"))
        FAIL(err, ST_UNSUPPORTED, "format version %.*s: versions 1 to 3 are read",
             STR_ARG(*version));
    c->by_name = iceberg_avro_by_name(c->reader.schema);
    return ST_OK;
}

void iceberg_container_close(struct iceberg_container *c)
{
    avro_reader_free(&c->reader);
    arena_free(&c->scratch);
    buffer_free(&c->bytes);
}

/* ---- preparation ---- */

status iceberg_partition_types(const struct iceberg_table *t, const struct iceberg_spec *spec,
                               struct arena *arena, struct column_type **out, struct error *err)
{
    TRY(ARENA_ARRAY(arena, struct column_type, spec->count, out, err));
    for (size_t i = 0; i < spec->count; i++) {
        struct column_type source;
        bool found = iceberg_source_type(t, spec->fields[i].source_id, &source);
        if (found && spec->fields[i].transform.kind != ICEBERG_UNKNOWN_TRANSFORM)
            (*out)[i] = iceberg_transform_type(spec->fields[i].transform, source);
        else if (spec->fields[i].transform.kind == ICEBERG_VOID)
            (*out)[i] = column_type_of(COLUMN_INT); /* always NULL: any type will do */
    }
    return ST_OK;
}

static status plan_partition(struct reading *r, struct error *err)
{
    const struct avro_schema *s = r->partition_schema;
    if (s->kind != AVRO_RECORD)
        FAIL(err, ST_CORRUPT, "partition is no record");
    TRY(iceberg_partition_types(r->t, r->spec, &r->c.scratch, &r->types, err));
    TRY(ARENA_ARRAY(&r->c.scratch, int, s->count, &r->partition_plan, err));
    for (size_t i = 0; i < s->count; i++) {
        r->partition_plan[i] = -1;
        for (size_t k = 0; k < r->spec->count; k++) {
            const struct iceberg_partition_field *f = &r->spec->fields[k];
            if (r->c.by_name ? str_eq(f->name, s->fields[i].name)
                             : f->field_id == s->fields[i].field_id)
                r->partition_plan[i] = (int)k;
        }
    }
    return ST_OK;
}

static const struct avro_schema *slot_schema(const struct avro_schema *record, const int *plan,
                                             int slot)
{
    for (size_t i = 0; i < record->count; i++)
        if (plan[i] == slot)
            return record->fields[i].schema;
    return NULL;
}

static status plan_manifest(struct reading *r, struct error *err)
{
    const struct avro_schema *root = r->c.reader.schema;
    struct arena *scratch = &r->c.scratch;
    TRY(iceberg_avro_plan(root, entry_slots, E_COUNT, r->c.by_name, scratch, &r->entry_plan, err));
    r->file_schema = slot_schema(root, r->entry_plan, E_FILE);
    if (!r->file_schema)
        FAIL(err, ST_CORRUPT, "the schema has no data_file");
    TRY(iceberg_avro_plan(r->file_schema, file_slots, F_COUNT, r->c.by_name, scratch, &r->file_plan,
                          err));
    r->partition_schema = slot_schema(r->file_schema, r->file_plan, F_PARTITION);
    if (!r->partition_schema)
        FAIL(err, ST_CORRUPT, "the schema has no partition");
    return plan_partition(r, err);
}

/* The header against the manifest list, where both say something. */
static status check_header(const struct reading *r, struct error *err)
{
    const struct avro_reader *a = &r->c.reader;
    const struct str *spec_id = avro_reader_meta(a, "partition-spec-id");
    const struct str *content = avro_reader_meta(a, "content");
    char id[16];
    snprintf(id, sizeof(id), "%d", r->m->spec_id);
    if (r->m->bytes >= 0 && (uint64_t)r->m->bytes != r->c.bytes.len) /* N2 */
        FAIL(err, ST_CORRUPT, "the file has %zu bytes, its manifest list says %lld", r->c.bytes.len,
             (long long)r->m->bytes);
    if (spec_id && !str_eq_z(*spec_id, id))
        FAIL(err, ST_CORRUPT, "the file is of partition spec %.*s, its manifest list says %s",
             STR_ARG(*spec_id), id);
    if (content && str_eq_z(*content, "deletes") != r->m->deletes)
        FAIL(err, ST_CORRUPT, "the file holds %.*s, its manifest list says otherwise",
             STR_ARG(*content));
    return ST_OK;
}

/* ---- parts of data_file ---- */

static status read_partition(struct reading *r, struct iceberg_data_file *f, struct error *err)
{
    const struct avro_schema *s = r->partition_schema;
    struct bytes *in = &r->c.reader.block_in;
    f->partition_count = r->spec->count;
    TRY(ARENA_ARRAY(r->arena, struct column_value, f->partition_count, &f->partition, err));
    for (size_t i = 0; i < f->partition_count; i++)
        f->partition[i] = (struct column_value){.type = r->types[i], .null = true};
    for (size_t i = 0; i < s->count; i++) {
        int k = r->partition_plan[i];
        if (k < 0)
            TRY(avro_skip(s->fields[i].schema, in, err));
        else
            TRY_CONTEXT(iceberg_avro_value(s->fields[i].schema, in, r->types[k], r->arena,
                                           &f->partition[k], err),
                        err, "partition field %.*s", STR_ARG(r->spec->fields[k].name));
    }
    return ST_OK;
}

static status add_piece(struct reading *r, int slot, const struct iceberg_cell *key,
                        const struct iceberg_cell *value, struct error *err)
{
    const struct iceberg_slot *names = map_slots[slot - F_COLUMN_BYTES];
    int64_t id;
    bool text = slot == F_LOWER || slot == F_UPPER;
    TRY(iceberg_cell_long(key, &names[0], 0, 0, INT32_MAX, &id, err));
    if (value->kind != (text ? CELL_TEXT : CELL_NUMBER))
        FAIL(err, ST_CORRUPT, "%s of field %lld is of the wrong type", file_slots[slot].name,
             (long long)id);
    TRY(arena_grow(&r->c.scratch, (void **)&r->pieces, sizeof(*r->pieces), &r->piece_capacity,
                   r->piece_count + 1, err));
    r->pieces[r->piece_count++] = (struct piece){
        .field_id = (int32_t)id, .slot = slot, .number = value->number, .text = value->text};
    return ST_OK;
}

/* An array of {key, value} records. */
static status read_map(struct reading *r, const struct avro_schema *s, int slot, struct error *err)
{
    struct bytes *in = &r->c.reader.block_in;
    TRY(avro_get_branch(s, in, &s, err));
    if (s->kind == AVRO_NULL)
        return ST_OK;
    const struct avro_schema *item = s->kind == AVRO_ARRAY ? s->branches[0] : NULL;
    if (!item || item->kind != AVRO_RECORD || item->count != 2)
        FAIL(err, ST_CORRUPT, "%s is no array of pairs", file_slots[slot].name);
    const struct iceberg_slot *names = map_slots[slot - F_COLUMN_BYTES];
    bool swapped = r->c.by_name ? str_eq_z(item->fields[0].name, "value")
                                : item->fields[0].field_id == names[1].id;
    for (;;) {
        uint64_t count;
        TRY(avro_get_block(in, (size_t)item->min_bytes, &count, err));
        if (count == 0)
            return ST_OK;
        for (uint64_t i = 0; i < count; i++) {
            struct iceberg_cell first, second;
            TRY(iceberg_avro_cell(item->fields[0].schema, in, &first, err));
            TRY(iceberg_avro_cell(item->fields[1].schema, in, &second, err));
            TRY(add_piece(r, slot, swapped ? &second : &first, swapped ? &first : &second, err));
        }
    }
}

/* An array of ints or longs. */
static status read_numbers(struct reading *r, const struct avro_schema *s, int slot,
                           struct numbers *out, struct error *err)
{
    struct bytes *in = &r->c.reader.block_in;
    TRY(avro_get_branch(s, in, &s, err));
    if (s->kind == AVRO_NULL)
        return ST_OK;
    if (s->kind != AVRO_ARRAY ||
        (s->branches[0]->kind != AVRO_LONG && s->branches[0]->kind != AVRO_INT))
        FAIL(err, ST_CORRUPT, "%s is no array of numbers", file_slots[slot].name);
    for (;;) {
        uint64_t count;
        TRY(avro_get_block(in, 1, &count, err));
        if (count == 0)
            return ST_OK;
        TRY(arena_grow(&r->c.scratch, (void **)&out->items, sizeof(*out->items), &out->capacity,
                       out->count + (size_t)count, err));
        for (uint64_t i = 0; i < count; i++)
            TRY(avro_get_long(in, &out->items[out->count++], err));
    }
}

static int piece_cmp(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->field_id != y->field_id)
        return x->field_id < y->field_id ? -1 : 1;
    return x->slot - y->slot;
}

static status set_metric(struct iceberg_metric *m, const struct piece *p, struct arena *arena,
                         struct error *err)
{
    switch (p->slot) {
    case F_COLUMN_BYTES:
        m->column_bytes = p->number;
        return ST_OK;
    case F_VALUES:
        m->values = p->number;
        return ST_OK;
    case F_NULLS:
        m->nulls = p->number;
        return ST_OK;
    case F_NANS:
        m->nans = p->number;
        return ST_OK;
    case F_LOWER:
        return arena_str(arena, p->text, &m->lower, err);
    default:
        return arena_str(arena, p->text, &m->upper, err);
    }
}

/* N3: the pieces of the six maps, sorted, become one metric for each field id. */
static status join_metrics(struct reading *r, struct iceberg_data_file *f, struct error *err)
{
    size_t distinct = 0;
    if (r->piece_count > 1)
        qsort(r->pieces, r->piece_count, sizeof(*r->pieces), piece_cmp);
    for (size_t i = 0; i < r->piece_count; i++)
        distinct += i == 0 || r->pieces[i].field_id != r->pieces[i - 1].field_id;
    TRY(ARENA_ARRAY(r->arena, struct iceberg_metric, distinct, &f->metrics, err));
    for (size_t i = 0; i < r->piece_count; i++) {
        const struct piece *p = &r->pieces[i];
        if (i == 0 || p->field_id != p[-1].field_id)
            f->metrics[f->metric_count++] = (struct iceberg_metric){
                .field_id = p->field_id, .column_bytes = -1, .values = -1, .nulls = -1, .nans = -1};
        else if (p->slot == p[-1].slot)
            FAIL(err, ST_CORRUPT, "%s has field %d twice", file_slots[p->slot].name, p->field_id);
        TRY(set_metric(&f->metrics[f->metric_count - 1], p, r->arena, err));
    }
    return ST_OK;
}

static status set_format(const struct iceberg_cell *c, struct arena *arena, struct str *out,
                         struct error *err)
{
    TRY(iceberg_cell_text(c, &file_slots[F_FORMAT], arena, out, err));
    for (size_t i = 0; i < out->len; i++)
        if (out->ptr[i] >= 'a' && out->ptr[i] <= 'z')
            ((char *)out->ptr)[i] = (char)(out->ptr[i] - 'a' + 'A');
    return ST_OK;
}

static status set_row_ids(const struct iceberg_cell *cell, const struct iceberg_slot *slot,
                          int64_t count, struct iceberg_row_ids *out, struct error *err)
{
    int64_t end;
    TRY(iceberg_cell_long(cell, slot, -1, 0, INT64_MAX, &out->first, err));
    out->assigned = out->first >= 0;
    out->count = count;
    if (out->assigned && __builtin_add_overflow(out->first, count, &end))
        FAIL(err, ST_CORRUPT, "%s %lld with %lld rows", slot->name, (long long)out->first,
             (long long)count);
    return ST_OK;
}

static int number_cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What delete files have beside the rest. */
static status set_deletes(struct reading *r, const struct iceberg_cell *cells,
                          struct iceberg_data_file *f, struct error *err)
{
    size_t count = r->equality_ids.count;
    TRY(iceberg_cell_text(&cells[F_REFERENCED], &file_slots[F_REFERENCED], r->arena, &f->referenced,
                          err));
    TRY(iceberg_cell_long(&cells[F_CONTENT_OFFSET], &file_slots[F_CONTENT_OFFSET], 0, 0, INT64_MAX,
                          &f->content_offset, err));
    TRY(iceberg_cell_long(&cells[F_CONTENT_BYTES], &file_slots[F_CONTENT_BYTES], 0, 0, INT64_MAX,
                          &f->content_bytes, err));
    if (f->content != ICEBERG_EQUALITY_DELETES)
        return ST_OK;
    if (count == 0)
        FAIL(err, ST_CORRUPT, "equality delete file %.*s has no equality_ids", STR_ARG(f->path));
    qsort(r->equality_ids.items, count, sizeof(int64_t), number_cmp);
    TRY(ARENA_ARRAY(r->arena, int32_t, count, &f->equality_ids, err));
    for (size_t i = 0; i < count; i++) {
        int64_t id = r->equality_ids.items[i];
        if (id < 1 || id > INT32_MAX || (i > 0 && id == r->equality_ids.items[i - 1]))
            FAIL(err, ST_CORRUPT, "%.*s: equality id %lld is no field id, or stands twice",
                 STR_ARG(f->path), (long long)id);
        f->equality_ids[f->equality_id_count++] = (int32_t)id;
    }
    return ST_OK;
}

static status set_file(struct reading *r, const struct iceberg_cell *cells,
                       struct iceberg_data_file *f, struct error *err)
{
    int64_t content, sort_order;
    TRY(iceberg_cell_text(&cells[F_PATH], &file_slots[F_PATH], r->arena, &f->path, err));
    TRY(set_format(&cells[F_FORMAT], r->arena, &f->format, err));
    TRY(iceberg_cell_long(&cells[F_CONTENT], &file_slots[F_CONTENT], ICEBERG_DATA, 0, 2, &content,
                          err));
    TRY(iceberg_cell_long(&cells[F_RECORDS], &file_slots[F_RECORDS], 0, 0, INT64_MAX, &f->records,
                          err));
    TRY(iceberg_cell_long(&cells[F_BYTES], &file_slots[F_BYTES], 0, 0, INT64_MAX, &f->bytes, err));
    TRY(iceberg_cell_long(&cells[F_SORT_ORDER], &file_slots[F_SORT_ORDER], -1, INT32_MIN, INT32_MAX,
                          &sort_order, err));
    f->content = (enum iceberg_content)content;
    f->sort_order_id = (int32_t)sort_order;
    f->spec_id = r->m->spec_id;
    if ((f->content != ICEBERG_DATA) != r->m->deletes)
        FAIL(err, ST_CORRUPT, "%.*s is %s in a manifest of %s", STR_ARG(f->path),
             r->m->deletes ? "a data file" : "a delete file", r->m->deletes ? "deletes" : "data");
    if (cells[F_KEY_METADATA].kind == CELL_TEXT && cells[F_KEY_METADATA].text.len > 0)
        FAIL(err, ST_UNSUPPORTED, "%.*s is encrypted", STR_ARG(f->path));
    f->split_count = r->splits.count;
    TRY(ARENA_ARRAY(r->arena, int64_t, f->split_count, &f->split_offsets, err));
    if (f->split_count > 0)
        memcpy(f->split_offsets, r->splits.items, f->split_count * sizeof(int64_t));
    TRY(set_deletes(r, cells, f, err));
    TRY(set_row_ids(&cells[F_FIRST_ROW], &file_slots[F_FIRST_ROW], f->records, &f->row_ids, err));
    return join_metrics(r, f, err);
}

static status read_file(struct reading *r, struct iceberg_data_file *f, struct error *err)
{
    struct iceberg_cell cells[F_COUNT] = {0};
    const struct avro_schema *s = r->file_schema;
    struct bytes *in = &r->c.reader.block_in;
    r->piece_count = r->splits.count = r->equality_ids.count = 0;
    for (size_t i = 0; i < s->count; i++) {
        int slot = r->file_plan[i];
        const struct avro_schema *field = s->fields[i].schema;
        if (slot < 0)
            TRY(avro_skip(field, in, err));
        else if (slot == F_PARTITION)
            TRY(read_partition(r, f, err));
        else if (slot >= F_COLUMN_BYTES && slot <= F_UPPER)
            TRY(read_map(r, field, slot, err));
        else if (slot == F_SPLITS || slot == F_EQUALITY_IDS)
            TRY(read_numbers(r, field, slot, slot == F_SPLITS ? &r->splits : &r->equality_ids,
                             err));
        else
            TRY(iceberg_avro_cell(field, in, &cells[slot], err));
    }
    return set_file(r, cells, f, err);
}

/* ---- entries ---- */

/* N1 */
static status inherit(const struct iceberg_manifest *m, const struct iceberg_cell *cells,
                      struct iceberg_entry *e, struct error *err)
{
    bool takes = e->status == ICEBERG_ADDED || m->sequence_number == 0;
    TRY(iceberg_cell_long(&cells[E_SNAPSHOT], &entry_slots[E_SNAPSHOT], m->added_snapshot_id,
                          INT64_MIN, INT64_MAX, &e->snapshot_id, err));
    TRY(iceberg_cell_long(&cells[E_SEQUENCE], &entry_slots[E_SEQUENCE],
                          takes ? m->sequence_number : -1, 0, INT64_MAX, &e->sequence_number, err));
    TRY(iceberg_cell_long(&cells[E_FILE_SEQUENCE], &entry_slots[E_FILE_SEQUENCE],
                          takes ? m->sequence_number : -1, 0, INT64_MAX, &e->file_sequence_number,
                          err));
    if (e->sequence_number < 0)
        FAIL(err, ST_CORRUPT, "%.*s is %s but has no sequence number", STR_ARG(e->file.path),
             e->status == ICEBERG_EXISTING ? "EXISTING" : "DELETED");
    return ST_OK;
}

/* N4 */
static status inherit_rows(const struct iceberg_manifest *m, struct iceberg_entry *e,
                           int64_t *next_row, struct error *err)
{
    struct iceberg_row_ids *ids = &e->file.row_ids;
    if (!m->row_ids.assigned || m->deletes || e->status == ICEBERG_DELETED || ids->assigned)
        return ST_OK;
    ids->assigned = true;
    ids->first = *next_row;
    if (__builtin_add_overflow(*next_row, e->file.records, next_row))
        FAIL(err, ST_CORRUPT, "row ids pass 63 bits");
    return ST_OK;
}

static status read_entry(struct reading *r, struct iceberg_entry *e, struct error *err)
{
    struct iceberg_cell cells[E_COUNT] = {0};
    const struct avro_schema *s = r->c.reader.schema;
    struct bytes *in = &r->c.reader.block_in;
    int64_t status_number;
    for (size_t i = 0; i < s->count; i++) {
        int slot = r->entry_plan[i];
        if (slot < 0)
            TRY(avro_skip(s->fields[i].schema, in, err));
        else if (slot == E_FILE)
            TRY(read_file(r, &e->file, err));
        else
            TRY(iceberg_avro_cell(s->fields[i].schema, in, &cells[slot], err));
    }
    TRY(iceberg_cell_long(&cells[E_STATUS], &entry_slots[E_STATUS], 0, ICEBERG_EXISTING,
                          ICEBERG_DELETED, &status_number, err));
    e->status = (enum iceberg_entry_status)status_number;
    return inherit(r->m, cells, e, err);
}

static status read_entries(struct reading *r, struct iceberg_entry **out, size_t *count,
                           struct error *err)
{
    size_t capacity = 0;
    int64_t next_row = r->m->row_ids.first;
    int64_t expected = r->m->added_files + r->m->existing_files + r->m->deleted_files;
    TRY(check_header(r, err));
    TRY(plan_manifest(r, err));
    /* The list's counts are a hint, good for no more than the file can hold. */
    if (r->m->added_files >= 0 && expected > 0 && (uint64_t)expected <= r->c.bytes.len / 32)
        TRY(arena_grow(r->arena, (void **)out, sizeof(**out), &capacity, (size_t)expected, err));
    for (;;) {
        bool more;
        TRY(avro_reader_next(&r->c.reader, &more, err));
        if (!more)
            return ST_OK;
        TRY(arena_grow(r->arena, (void **)out, sizeof(**out), &capacity, *count + 1, err));
        TRY_CONTEXT(read_entry(r, &(*out)[*count], err), err, "entry %zu", *count);
        TRY_CONTEXT(inherit_rows(r->m, &(*out)[*count], &next_row, err), err, "entry %zu", *count);
        ++*count;
    }
}

status iceberg_entries_read(struct store *store, const struct iceberg_table *t,
                            const struct iceberg_manifest *m, struct arena *arena,
                            struct mem_account *account, struct iceberg_entry **out, size_t *count,
                            struct error *err)
{
    struct reading r = {.t = t, .m = m, .arena = arena};
    *out = NULL;
    *count = 0;
    r.spec = iceberg_spec_by_id(t, m->spec_id);
    if (!r.spec)
        FAIL(err, ST_CORRUPT, "manifest %.*s: the table has no partition spec %d", STR_ARG(m->path),
             m->spec_id);
    status st = iceberg_container_open(&r.c, store, m->path, account, err);
    if (st == ST_OK)
        st = read_entries(&r, out, count, err);
    iceberg_container_close(&r.c);
    if (st != ST_OK)
        error_context(err, "manifest %.*s", STR_ARG(m->path));
    return st;
}

/* ---- manifest lists ---- */

enum list_slot {
    L_PATH,
    L_BYTES,
    L_SPEC,
    L_CONTENT,
    L_SEQUENCE,
    L_MIN_SEQUENCE,
    L_SNAPSHOT,
    L_ADDED_FILES, /* the six counts, in the order of struct iceberg_manifest */
    L_EXISTING_FILES,
    L_DELETED_FILES,
    L_ADDED_ROWS,
    L_EXISTING_ROWS,
    L_DELETED_ROWS,
    L_PARTITIONS,
    L_KEY_METADATA,
    L_FIRST_ROW,
    L_COUNT
};
static const struct iceberg_slot list_slots[L_COUNT] = {
    [L_PATH] = {500, "manifest_path", NULL, true},
    [L_BYTES] = {501, "manifest_length", NULL, true},
    [L_SPEC] = {502, "partition_spec_id", NULL, true},
    [L_CONTENT] = {517, "content", NULL, false},
    [L_SEQUENCE] = {515, "sequence_number", NULL, false},
    [L_MIN_SEQUENCE] = {516, "min_sequence_number", NULL, false},
    [L_SNAPSHOT] = {503, "added_snapshot_id", NULL, true},
    [L_ADDED_FILES] = {504, "added_files_count", "added_data_files_count", false},
    [L_EXISTING_FILES] = {505, "existing_files_count", "existing_data_files_count", false},
    [L_DELETED_FILES] = {506, "deleted_files_count", "deleted_data_files_count", false},
    [L_ADDED_ROWS] = {512, "added_rows_count", NULL, false},
    [L_EXISTING_ROWS] = {513, "existing_rows_count", NULL, false},
    [L_DELETED_ROWS] = {514, "deleted_rows_count", NULL, false},
    [L_PARTITIONS] = {507, "partitions", NULL, false},
    [L_KEY_METADATA] = {519, "key_metadata", NULL, false},
    [L_FIRST_ROW] = {520, "first_row_id", NULL, false},
};

enum summary_slot { S_NULL, S_NAN, S_LOWER, S_UPPER, S_COUNT };
static const struct iceberg_slot summary_slots[S_COUNT] = {
    [S_NULL] = {509, "contains_null", NULL, true},
    [S_NAN] = {518, "contains_nan", NULL, false},
    [S_LOWER] = {510, "lower_bound", NULL, false},
    [S_UPPER] = {511, "upper_bound", NULL, false},
};

struct listing {
    struct iceberg_container c;
    struct arena *arena; /* borrowed: where manifests go */
    int *plan, *summary_plan;
    const struct avro_schema *summary; /* the record inside partitions; NULL when there is none */
};

static status read_summary(struct listing *l, struct iceberg_partition_summary *out,
                           struct error *err)
{
    struct iceberg_cell cells[S_COUNT] = {0};
    struct bytes *in = &l->c.reader.block_in;
    int64_t null, nan;
    for (size_t i = 0; i < l->summary->count; i++) {
        int slot = l->summary_plan[i];
        if (slot < 0)
            TRY(avro_skip(l->summary->fields[i].schema, in, err));
        else
            TRY(iceberg_avro_cell(l->summary->fields[i].schema, in, &cells[slot], err));
    }
    TRY(iceberg_cell_long(&cells[S_NULL], &summary_slots[S_NULL], 0, 0, 1, &null, err));
    TRY(iceberg_cell_long(&cells[S_NAN], &summary_slots[S_NAN], -1, 0, 1, &nan, err));
    out->contains_null = null;
    out->has_nan = nan >= 0;
    out->contains_nan = nan == 1;
    TRY(iceberg_cell_text(&cells[S_LOWER], &summary_slots[S_LOWER], l->arena, &out->lower, err));
    return iceberg_cell_text(&cells[S_UPPER], &summary_slots[S_UPPER], l->arena, &out->upper, err);
}

static status read_summaries(struct listing *l, const struct avro_schema *s,
                             struct iceberg_manifest *m, struct error *err)
{
    struct bytes *in = &l->c.reader.block_in;
    size_t capacity = 0;
    TRY(avro_get_branch(s, in, &s, err));
    if (s->kind == AVRO_NULL)
        return ST_OK;
    for (;;) {
        uint64_t count;
        TRY(avro_get_block(in, (size_t)l->summary->min_bytes, &count, err));
        if (count == 0)
            return ST_OK;
        TRY(arena_grow(l->arena, (void **)&m->partitions, sizeof(*m->partitions), &capacity,
                       m->partition_count + (size_t)count, err));
        for (uint64_t i = 0; i < count; i++)
            TRY(read_summary(l, &m->partitions[m->partition_count++], err));
    }
}

static status set_manifest(struct listing *l, const struct iceberg_cell *cells,
                           struct iceberg_manifest *m, struct error *err)
{
    int64_t spec, content, rows;
    int64_t *counts[] = {&m->added_files, &m->existing_files, &m->deleted_files,
                         &m->added_rows,  &m->existing_rows,  &m->deleted_rows};
    TRY(iceberg_cell_text(&cells[L_PATH], &list_slots[L_PATH], l->arena, &m->path, err));
    TRY(iceberg_cell_long(&cells[L_BYTES], &list_slots[L_BYTES], 0, 0, INT64_MAX, &m->bytes, err));
    TRY(iceberg_cell_long(&cells[L_SPEC], &list_slots[L_SPEC], 0, 0, INT32_MAX, &spec, err));
    TRY(iceberg_cell_long(&cells[L_CONTENT], &list_slots[L_CONTENT], 0, 0, 1, &content, err));
    TRY(iceberg_cell_long(&cells[L_SEQUENCE], &list_slots[L_SEQUENCE], 0, 0, INT64_MAX,
                          &m->sequence_number, err));
    TRY(iceberg_cell_long(&cells[L_MIN_SEQUENCE], &list_slots[L_MIN_SEQUENCE], 0, 0, INT64_MAX,
                          &m->min_sequence_number, err));
    TRY(iceberg_cell_long(&cells[L_SNAPSHOT], &list_slots[L_SNAPSHOT], 0, INT64_MIN, INT64_MAX,
                          &m->added_snapshot_id, err));
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        TRY(iceberg_cell_long(&cells[L_ADDED_FILES + i], &list_slots[L_ADDED_FILES + i], -1, 0,
                              i < 3 ? INT32_MAX : INT64_MAX, counts[i], err));
    m->spec_id = (int32_t)spec;
    m->deletes = content == 1;
    if (m->added_rows < 0 || m->existing_rows < 0)
        rows = 0;
    else if (__builtin_add_overflow(m->added_rows, m->existing_rows, &rows))
        FAIL(err, ST_CORRUPT, "manifest %.*s: rows pass 63 bits", STR_ARG(m->path));
    TRY(set_row_ids(&cells[L_FIRST_ROW], &list_slots[L_FIRST_ROW], rows, &m->row_ids, err));
    if (cells[L_KEY_METADATA].kind == CELL_TEXT && cells[L_KEY_METADATA].text.len > 0)
        FAIL(err, ST_UNSUPPORTED, "manifest %.*s is encrypted", STR_ARG(m->path));
    return ST_OK;
}

static status read_manifest(struct listing *l, struct iceberg_manifest *m, struct error *err)
{
    struct iceberg_cell cells[L_COUNT] = {0};
    const struct avro_schema *s = l->c.reader.schema;
    for (size_t i = 0; i < s->count; i++) {
        int slot = l->plan[i];
        if (slot < 0)
            TRY(avro_skip(s->fields[i].schema, &l->c.reader.block_in, err));
        else if (slot == L_PARTITIONS)
            TRY(read_summaries(l, s->fields[i].schema, m, err));
        else
            TRY(iceberg_avro_cell(s->fields[i].schema, &l->c.reader.block_in, &cells[slot], err));
    }
    return set_manifest(l, cells, m, err);
}

/* An array, by itself or in a union with null; NULL when it is anything else. */
static const struct avro_schema *only_array(const struct avro_schema *s)
{
    const struct avro_schema *found = NULL;
    if (s->kind != AVRO_UNION)
        return s->kind == AVRO_ARRAY ? s : NULL;
    for (size_t i = 0; i < s->count; i++) {
        if (s->branches[i]->kind == AVRO_NULL)
            continue;
        if (found || s->branches[i]->kind != AVRO_ARRAY)
            return NULL;
        found = s->branches[i];
    }
    return found;
}

static status plan_list(struct listing *l, struct error *err)
{
    const struct avro_schema *s = l->c.reader.schema;
    TRY(iceberg_avro_plan(s, list_slots, L_COUNT, l->c.by_name, &l->c.scratch, &l->plan, err));
    for (size_t i = 0; i < s->count; i++) {
        if (l->plan[i] != L_PARTITIONS)
            continue;
        const struct avro_schema *array = only_array(s->fields[i].schema);
        if (!array || array->branches[0]->kind != AVRO_RECORD)
            FAIL(err, ST_CORRUPT, "partitions is no array of records");
        l->summary = array->branches[0];
        TRY(iceberg_avro_plan(l->summary, summary_slots, S_COUNT, l->c.by_name, &l->c.scratch,
                              &l->summary_plan, err));
    }
    return ST_OK;
}

static status read_list(struct listing *l, struct iceberg_manifest **out, size_t *count,
                        struct error *err)
{
    size_t capacity = 0;
    TRY(plan_list(l, err));
    for (;;) {
        bool more;
        TRY(avro_reader_next(&l->c.reader, &more, err));
        if (!more)
            return ST_OK;
        TRY(arena_grow(l->arena, (void **)out, sizeof(**out), &capacity, *count + 1, err));
        TRY_CONTEXT(read_manifest(l, &(*out)[*count], err), err, "entry %zu", *count);
        ++*count;
    }
}

/* Version 1 snapshots may name manifests in the table metadata: what a list would say of one is its
 * length and spec; the rest is left open, as old lists do. */
static status describe(struct store *store, const struct iceberg_snapshot *s, struct str path,
                       struct mem_account *account, struct iceberg_manifest *m, struct error *err)
{
    struct iceberg_container c;
    status st = iceberg_container_open(&c, store, path, account, err);
    const struct str *id = st == ST_OK ? avro_reader_meta(&c.reader, "partition-spec-id") : NULL;
    uint32_t spec = 0;
    struct str rest = id ? *id : STR("0");
    if (st == ST_OK && (!iceberg_take_number(&rest, &spec) || rest.len > 0))
        st = error_set(err, ST_CORRUPT, __FILE__, __LINE__, "partition-spec-id is \"%.*s\"",
                       STR_ARG(*id));
    *m = (struct iceberg_manifest){.path = path,
                                   .bytes = (int64_t)c.bytes.len,
                                   .spec_id = (int32_t)spec,
                                   .added_snapshot_id = s->id,
                                   .added_files = -1,
                                   .existing_files = -1,
                                   .deleted_files = -1,
                                   .added_rows = -1,
                                   .existing_rows = -1,
                                   .deleted_rows = -1};
    iceberg_container_close(&c);
    if (st != ST_OK)
        error_context(err, "manifest %.*s", STR_ARG(path));
    return st;
}

status iceberg_manifests_read(struct store *store, const struct iceberg_table *t,
                              const struct iceberg_snapshot *s, struct arena *arena,
                              struct mem_account *account, struct iceberg_manifest **out,
                              size_t *count, struct error *err)
{
    *out = NULL;
    *count = 0;
    if (s->key_id.ptr)
        FAIL(err, ST_UNSUPPORTED, "snapshot %lld is encrypted", (long long)s->id);
    if (s->manifest_list.len == 0) {
        TRY(ARENA_ARRAY(arena, struct iceberg_manifest, s->manifest_count, out, err));
        for (size_t i = 0; i < s->manifest_count; i++)
            TRY(describe(store, s, s->manifests[i], account, &(*out)[i], err));
        *count = s->manifest_count;
        return ST_OK;
    }
    struct listing l = {.arena = arena};
    status st = iceberg_container_open(&l.c, store, s->manifest_list, account, err);
    if (st == ST_OK)
        st = read_list(&l, out, count, err);
    iceberg_container_close(&l.c);
    if (st != ST_OK)
        error_context(err, "manifest list %.*s of snapshot %lld", STR_ARG(s->manifest_list),
                      (long long)s->id);
    return st;
}
