// SPDX-License-Identifier: Apache-2.0
/* summary_record.c - rows of a companion table, out and in.
 *
 *     epoch  kind  gone | path  records  rows_digest  states_digest  low  high  totals   part
 *                       | path  bytes  records  sequence  spec  partition  deletes  taken  unit  file
 *                       | unit  records  low  high  totals                                         unit
 *
 * A companion is a table like any other: whoever may write to it can put anything in, so every cell
 * that a record needs is checked to be there. */
#include "summary/summary_cover.h"

#include "base/bytes.h"

#include <string.h>
#include <xxhash.h>

enum {
    EPOCH,
    KIND,
    GONE,
    PATH,
    BYTES,
    RECORDS,
    SEQUENCE,
    SPEC,
    PARTITION,
    DELETES,
    TAKEN,
    UNIT,
    LOW,
    HIGH,
    TOTALS,
    ROWS_DIGEST,
    STATES_DIGEST,
    COLUMNS
};

static const struct {
    const char *name;
    enum column_kind kind;
} columns[COLUMNS] = {
    [EPOCH] = {"epoch", COLUMN_BIGINT},
    [KIND] = {"kind", COLUMN_TEXT},
    [GONE] = {"gone", COLUMN_BOOLEAN},
    [PATH] = {"path", COLUMN_TEXT},
    [BYTES] = {"bytes", COLUMN_BIGINT},
    [RECORDS] = {"records", COLUMN_BIGINT},
    [SEQUENCE] = {"sequence", COLUMN_BIGINT},
    [SPEC] = {"spec", COLUMN_INT},
    [PARTITION] = {"partition", COLUMN_BINARY},
    [DELETES] = {"deletes", COLUMN_BINARY},
    [TAKEN] = {"taken", COLUMN_BINARY},
    [UNIT] = {"unit", COLUMN_BIGINT},
    [LOW] = {"low", COLUMN_BINARY},
    [HIGH] = {"high", COLUMN_BINARY},
    [TOTALS] = {"totals", COLUMN_BINARY},
    [ROWS_DIGEST] = {"rows_digest", COLUMN_TEXT},
    [STATES_DIGEST] = {"states_digest", COLUMN_TEXT},
};

static const char *const kinds[] = {
    [SUMMARY_RECORD_FILE] = "file", [SUMMARY_RECORD_UNIT] = "unit", [SUMMARY_RECORD_PART] = "part"};

status summary_record_schema(struct arena *arena, struct column_schema *out, struct error *err)
{
    out->count = COLUMNS;
    TRY(ARENA_ARRAY(arena, struct column_field, COLUMNS, &out->fields, err));
    for (size_t i = 0; i < COLUMNS; i++)
        out->fields[i] = (struct column_field){.name = str_of(columns[i].name),
                                               .type = column_type_of(columns[i].kind),
                                               .required = i <= GONE};
    return ST_OK;
}

/* ---- out ------------------------------------------------------------------------------------- */

struct record_stream {
    const struct summary_record *records; /* borrowed */
    size_t count, next;
    struct arena *arena; /* borrowed */
    struct column_vector vectors[COLUMNS];
    struct column_span spans[COLUMNS];
};

static void set_long(struct column_value *v, int64_t n)
{
    v->null = false;
    v->i64 = n;
}

static void set_str(struct column_value *v, struct str s)
{
    v->null = s.len == 0;
    v->str = s;
}

static status set_part(const struct summary_part *p, struct arena *arena,
                       struct column_value cells[COLUMNS], struct error *err)
{
    set_str(&cells[PATH], p->path);
    if (p->last.len == 0) /* it is gone */
        return ST_OK;
    set_long(&cells[RECORDS], p->digest.row_count);
    set_str(&cells[LOW], p->first);
    set_str(&cells[HIGH], p->last);
    set_str(&cells[TOTALS], p->totals);
    cells[ROWS_DIGEST].null = cells[STATES_DIGEST].null = false;
    TRY(summary_digest_text(p->digest.rows, arena, &cells[ROWS_DIGEST].str, err));
    return summary_digest_text(p->digest.states, arena, &cells[STATES_DIGEST].str, err);
}

static void set_file(const struct summary_file *f, bool gone, struct column_value cells[COLUMNS])
{
    set_str(&cells[PATH], f->path);
    set_long(&cells[UNIT], f->unit);
    if (gone)
        return;
    set_long(&cells[BYTES], f->bytes);
    set_long(&cells[RECORDS], f->records);
    set_long(&cells[SEQUENCE], f->sequence);
    cells[SPEC].null = false;
    cells[SPEC].i32 = f->spec_id;
    set_str(&cells[PARTITION], f->partition);
    set_str(&cells[DELETES], f->deletes);
    set_str(&cells[TAKEN], f->taken);
}

static status set_cells(const struct summary_record *r, struct arena *arena,
                        struct column_value cells[COLUMNS], struct error *err)
{
    for (size_t i = 0; i < COLUMNS; i++)
        cells[i] = (struct column_value){.type = column_type_of(columns[i].kind), .null = true};
    set_long(&cells[EPOCH], r->epoch);
    set_str(&cells[KIND], str_of(kinds[r->kind]));
    cells[GONE].null = false;
    cells[GONE].b = r->gone;
    if (r->kind == SUMMARY_RECORD_PART)
        return set_part(&r->part, arena, cells, err);
    if (r->kind == SUMMARY_RECORD_FILE) {
        set_file(&r->file, r->gone, cells);
        return ST_OK;
    }
    set_long(&cells[UNIT], r->unit.id);
    if (r->gone)
        return ST_OK;
    set_long(&cells[RECORDS], r->unit.rows);
    set_str(&cells[LOW], r->unit.low);
    set_str(&cells[HIGH], r->unit.high);
    set_str(&cells[TOTALS], r->unit.totals);
    return ST_OK;
}

static status stream_next(void *self, struct column_batch *out, struct error *err)
{
    struct record_stream *s = self;
    struct column_value cells[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        column_vector_clear(&s->vectors[i]);
    for (; s->next < s->count && s->vectors[0].rows < COLUMN_SPAN_ROWS; s->next++) {
        TRY(set_cells(&s->records[s->next], s->arena, cells, err));
        for (size_t i = 0; i < COLUMNS; i++)
            column_vector_append_value(&s->vectors[i], &cells[i]);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        s->spans[i] = column_vector_span(&s->vectors[i]);
    *out = (struct column_batch){s->vectors[0].rows, COLUMNS, s->spans};
    return ST_OK;
}

static void stream_close(void *self)
{
    struct record_stream *s = self;
    for (size_t i = 0; i < COLUMNS; i++)
        column_vector_free(&s->vectors[i]);
}

status summary_record_stream(const struct column_schema *schema,
                             const struct summary_record *records, size_t count,
                             struct arena *arena, struct mem_account *account,
                             struct column_stream *out, struct error *err)
{
    struct record_stream *s;
    TRY(ARENA_NEW(arena, struct record_stream, &s, err));
    s->records = records;
    s->count = count;
    s->arena = arena;
    for (size_t i = 0; i < COLUMNS; i++) {
        status st =
            column_vector_init(&s->vectors[i], column_type_of(columns[i].kind), account, err);
        if (st != ST_OK) {
            stream_close(s);
            return st;
        }
    }
    *out = (struct column_stream){schema, s, stream_next, stream_close};
    return ST_OK;
}

/* ---- in -------------------------------------------------------------------------------------- */

struct record_reader {
    struct arena *arena; /* borrowed */
    const struct column_batch *batch;
    int64_t row;
};

static status get(const struct record_reader *r, int column, struct column_value *v,
                  struct error *err)
{
    column_span_value(&r->batch->spans[column], column_type_of(columns[column].kind), r->row, v);
    if (v->null)
        FAIL(err, ST_CORRUPT, "column %s is NULL where it must not be", columns[column].name);
    return ST_OK;
}

static status get_long(const struct record_reader *r, int column, int64_t *out, struct error *err)
{
    struct column_value v;
    TRY(get(r, column, &v, err));
    if (v.i64 < 0)
        FAIL(err, ST_CORRUPT, "column %s is %lld", columns[column].name, (long long)v.i64);
    *out = v.i64;
    return ST_OK;
}

/* NULL is empty. */
static status get_str(const struct record_reader *r, int column, struct str *out, struct error *err)
{
    struct column_value v;
    column_span_value(&r->batch->spans[column], column_type_of(columns[column].kind), r->row, &v);
    *out = (struct str){0};
    return v.null ? ST_OK : arena_str(r->arena, v.str, out, err);
}

static status get_digest(const struct record_reader *r, int column, uint128 *out, struct error *err)
{
    struct column_value v;
    TRY(get(r, column, &v, err));
    bool good = v.str.len == SUMMARY_DIGEST_DIGITS;
    *out = 0;
    for (size_t i = 0; good && i < v.str.len; i++) {
        char c = v.str.ptr[i];
        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        *out = *out << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (!good)
        FAIL(err, ST_CORRUPT, "column %s holds no digest", columns[column].name);
    return ST_OK;
}

static status get_path(const struct record_reader *r, struct str *out, struct error *err)
{
    TRY(get_str(r, PATH, out, err));
    if (out->len == 0)
        FAIL(err, ST_CORRUPT, "column path is NULL where it must not be");
    return ST_OK;
}

static status get_kind(const struct record_reader *r, enum summary_record_kind *out,
                       struct error *err)
{
    struct column_value v;
    TRY(get(r, KIND, &v, err));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq_z(v.str, kinds[i])) {
            *out = (enum summary_record_kind)i;
            return ST_OK;
        }
    FAIL(err, ST_CORRUPT, "column kind is \"%.*s\"", (int)(v.str.len < 40 ? v.str.len : 40),
         v.str.ptr);
}

static status read_file(const struct record_reader *r, bool gone, struct summary_file *f,
                        struct error *err)
{
    struct column_value spec;
    TRY(get_path(r, &f->path, err));
    TRY(get_long(r, UNIT, &f->unit, err));
    if (gone)
        return ST_OK;
    TRY(get_long(r, BYTES, &f->bytes, err));
    TRY(get_long(r, RECORDS, &f->records, err));
    TRY(get_long(r, SEQUENCE, &f->sequence, err));
    TRY(get(r, SPEC, &spec, err));
    f->spec_id = spec.i32;
    TRY(get_str(r, PARTITION, &f->partition, err));
    TRY(get_str(r, DELETES, &f->deletes, err));
    return get_str(r, TAKEN, &f->taken, err);
}

static status read_unit(const struct record_reader *r, bool gone, struct summary_unit *u,
                        struct error *err)
{
    TRY(get_long(r, UNIT, &u->id, err));
    if (gone)
        return ST_OK;
    TRY(get_long(r, RECORDS, &u->rows, err));
    TRY(get_str(r, LOW, &u->low, err));
    TRY(get_str(r, HIGH, &u->high, err));
    return get_str(r, TOTALS, &u->totals, err);
}

static status read_part(const struct record_reader *r, bool gone, struct summary_part *p,
                        struct error *err)
{
    TRY(get_path(r, &p->path, err));
    if (gone)
        return ST_OK;
    TRY(get_long(r, RECORDS, &p->digest.row_count, err));
    TRY(get_str(r, LOW, &p->first, err));
    TRY(get_str(r, HIGH, &p->last, err));
    TRY(get_str(r, TOTALS, &p->totals, err));
    if (p->last.len == 0 || p->totals.len == 0)
        FAIL(err, ST_CORRUPT, "column %s is NULL where it must not be",
             columns[p->last.len == 0 ? HIGH : TOTALS].name);
    TRY(get_digest(r, ROWS_DIGEST, &p->digest.rows, err));
    return get_digest(r, STATES_DIGEST, &p->digest.states, err);
}

static status read_record(const struct record_reader *r, struct summary_record *out,
                          struct error *err)
{
    struct column_value gone;
    *out = (struct summary_record){0};
    TRY(get_long(r, EPOCH, &out->epoch, err));
    TRY(get(r, GONE, &gone, err));
    out->gone = gone.b;
    TRY(get_kind(r, &out->kind, err));
    if (out->kind == SUMMARY_RECORD_FILE)
        return read_file(r, out->gone, &out->file, err);
    if (out->kind == SUMMARY_RECORD_UNIT)
        return read_unit(r, out->gone, &out->unit, err);
    return read_part(r, out->gone, &out->part, err);
}

status summary_record_read(struct column_stream *rows, struct arena *arena,
                           struct summary_record **out, size_t *count, struct error *err)
{
    size_t capacity = 0;
    *out = NULL;
    *count = 0;
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        TRY(arena_grow(arena, (void **)out, sizeof(**out), &capacity, *count + (size_t)batch.rows,
                       err));
        struct record_reader r = {arena, &batch, 0};
        for (; r.row < batch.rows; r.row++)
            TRY(read_record(&r, &(*out)[(*count)++], err));
    }
}

/* ---- lists of byte strings: [length][bytes]... ------------------------------------------------ */

static status put_piece(struct buffer *b, struct str s, struct error *err)
{
    uint8_t length[4];
    store_u32le(length, (uint32_t)s.len);
    TRY(buffer_append(b, length, sizeof(length), err));
    return buffer_append_str(b, s, err);
}

static status take_piece(struct bytes *in, struct str *out, struct error *err)
{
    uint32_t length;
    const uint8_t *p;
    TRY(bytes_u32le(in, &length, err));
    TRY(bytes_take(in, length, &p, err));
    *out = (struct str){(const char *)p, length};
    return ST_OK;
}

#define LIST_BYTES ((size_t)64 << 20)

status summary_range_put(const struct str *keys, size_t count, struct arena *arena, struct str *out,
                         struct error *err)
{
    struct buffer b;
    status st = ST_OK;
    buffer_init(&b, arena->account, LIST_BYTES);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        st = put_piece(&b, keys[i], err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&b), out, err);
    buffer_free(&b);
    return st;
}

status summary_range_parse(struct str bytes, size_t count, struct arena *arena, struct str **out,
                           struct error *err)
{
    struct bytes in = bytes_of(bytes.ptr, bytes.len);
    TRY(ARENA_ARRAY(arena, struct str, count + 1, out, err));
    for (size_t i = 0; i < count; i++)
        TRY_CONTEXT(take_piece(&in, &(*out)[i], err), err, "a key range");
    if (bytes_left(&in) > 0)
        FAIL(err, ST_CORRUPT, "a key range: %zu bytes are left over", bytes_left(&in));
    return ST_OK;
}

/* ---- partition tuples: a piece for each value, [1][bytes], or [0] for NULL --------------------- */

static status put_partition(const struct iceberg_data_file *f, struct arena *arena,
                            struct buffer *b, struct error *err)
{
    for (size_t i = 0; i < f->partition_count; i++) {
        struct str bytes = {0};
        if (!f->partition[i].null)
            TRY(iceberg_bound_truncate(&f->partition[i], false, UINT32_MAX, arena, &bytes, err));
        TRY(buffer_append_byte(b, !f->partition[i].null, err));
        if (!f->partition[i].null)
            TRY(put_piece(b, bytes, err));
    }
    return ST_OK;
}

status summary_partition_put(const struct iceberg_data_file *f, struct arena *arena,
                             struct str *out, struct error *err)
{
    struct buffer b;
    buffer_init(&b, arena->account, LIST_BYTES);
    status st = put_partition(f, arena, &b, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&b), out, err);
    buffer_free(&b);
    return st;
}

static status take_value(struct bytes *in, const struct iceberg_table *raw,
                         const struct iceberg_partition_field *p, struct arena *arena,
                         struct column_value *out, struct error *err)
{
    const struct iceberg_field *source =
        iceberg_field_ever(raw, iceberg_current_schema(raw), p->source_id);
    struct column_type type = column_type_of(COLUMN_UNKNOWN);
    uint8_t there;
    struct str bytes;
    if (source)
        type = iceberg_transform_type(p->transform, source->type);
    *out = (struct column_value){.type = type, .null = true};
    TRY(bytes_u8(in, &there, err));
    if (!there)
        return ST_OK;
    TRY(take_piece(in, &bytes, err));
    return iceberg_value_decode(type, bytes, arena, out, err);
}

status summary_partition_parse(struct str bytes, const struct iceberg_table *raw, int32_t spec_id,
                               struct arena *arena, struct iceberg_data_file *out,
                               struct error *err)
{
    const struct iceberg_spec *spec = iceberg_spec_by_id(raw, spec_id);
    struct bytes in = bytes_of(bytes.ptr, bytes.len);
    if (!spec)
        FAIL(err, ST_CORRUPT, "a covered file of partition spec %d, which the raw table has not",
             spec_id);
    out->spec_id = spec_id;
    out->partition_count = spec->count;
    TRY(ARENA_ARRAY(arena, struct column_value, spec->count + 1, &out->partition, err));
    for (size_t i = 0; i < spec->count; i++)
        TRY_CONTEXT(take_value(&in, raw, &spec->fields[i], arena, &out->partition[i], err), err,
                    "partition of a covered file");
    if (bytes_left(&in) > 0)
        FAIL(err, ST_CORRUPT, "partition of a covered file: %zu bytes are left over",
             bytes_left(&in));
    return ST_OK;
}

/* ---- delete files ---------------------------------------------------------------------------- */

/* A sum, so that the order in which they are listed does not count. */
status summary_deletes_id(const struct iceberg_entry *e, struct arena *arena, struct str *out,
                          struct error *err)
{
    uint8_t id[16];
    uint128 sum = 0;
    *out = (struct str){0};
    if (e->delete_count == 0)
        return ST_OK;
    for (size_t i = 0; i < e->delete_count; i++) {
        const struct iceberg_data_file *f = &e->deletes[i]->entry.file;
        XXH128_hash_t h =
            XXH3_128bits_withSeed(f->path.ptr, f->path.len, (uint64_t)f->content_offset + 1);
        sum += (uint128)h.high64 << 64 | h.low64;
    }
    store_u64le(id, (uint64_t)sum);
    store_u64le(id + 8, (uint64_t)(sum >> 64));
    return arena_str(arena, (struct str){(const char *)id, sizeof(id)}, out, err);
}
