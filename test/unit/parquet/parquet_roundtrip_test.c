// SPDX-License-Identifier: Apache-2.0
/* parquet_roundtrip_test.c - what the writer wrote, the reader gives back: every type, with and
 * without NULLs, dictionaries, codecs, page and group sizes; values, types, bounds, skipping. */
#include "harness/test.h"
#include "interop/parquet_sample.h"
#include "parquet/parquet.h"

static struct error err;

struct opened {
    struct store *store;
    struct store_file *bytes;
    struct parquet_file *file;
};

static void write_and_open(struct opened *f, const struct sample_table *t,
                           const struct parquet_write_options *o)
{
    struct store_write *to;
    struct parquet_writer *w;
    size_t n = t->schema.count;
    struct sample_space *space = malloc(n * sizeof(*space));
    struct column_span *spans = malloc(n * sizeof(*spans));
    CHECK_OK(store_create_memory(&f->store, &err));
    CHECK_OK(store_write_create(f->store, STR("/f"), &to, &err));
    CHECK_OK(parquet_writer_create(to, &t->schema, o, NULL, &w, &err));
    for (int64_t from = 0; from < t->rows; from += 1000) {
        int64_t rows = t->rows - from < 1000 ? t->rows - from : 1000;
        for (size_t c = 0; c < n; c++)
            spans[c] = sample_span(&t->columns[c], from, rows, SPAN_RUN, 0, t->rows, &space[c]);
        struct column_batch batch = {.rows = rows, .columns = n, .spans = spans};
        CHECK_OK(parquet_writer_append(w, &batch, &err));
    }
    CHECK_OK(parquet_writer_finish(w, NULL, NULL, &err));
    parquet_writer_free(w);
    CHECK_OK(store_write_finish(to, &err));
    CHECK_OK(store_open(f->store, STR("/f"), -1, &f->bytes, &err));
    CHECK_OK(parquet_open(f->bytes, NULL, &f->file, &err));
    free(space);
    free(spans);
}

static void close_all(struct opened *f)
{
    parquet_close(f->file);
    store_close(f->bytes);
    store_destroy(f->store);
}

static void sample_value(const struct sample_column *c, int64_t row, struct column_value *out)
{
    struct column_span span = {.kind = SPAN_VALUES, .rows = row + 1, .values = c->values};
    column_span_value(&span, c->type, row, out);
    out->null = c->null[row];
}

/* Equal to the bit: NaN with its payload, the sign of zero. */
static bool same_value(const struct column_value *a, const struct column_value *b)
{
    if (a->null || b->null)
        return a->null && b->null;
    enum column_phys phys = column_type_phys(a->type);
    if (phys == PHYS_STR)
        return str_eq(a->str, b->str);
    return memcmp(&a->b, &b->b, column_phys_bytes(phys)) == 0;
}

/* Reads a chunk whose first row is `row` of the table, `step` rows at a time; every other step is
 * skipped when `skip`. */
static void check_chunk(struct opened *f, size_t group, size_t column,
                        const struct sample_column *c, int64_t row, int64_t step, bool skip)
{
    struct parquet_column *r;
    int64_t end = row + parquet_group_rows(f->file, group);
    CHECK_OK(parquet_column_open(f->file, group, column, c->type, &r, &err));
    for (bool jump = false; row < end; jump = skip && !jump) {
        if (jump) {
            int64_t rows = end - row < step ? end - row : step;
            CHECK_OK(parquet_column_skip(r, rows, &err));
            row += rows;
            continue;
        }
        struct column_span span;
        struct column_value want, got;
        CHECK_OK(parquet_column_next(r, step, &span, &err));
        CHECK(span.rows > 0 && span.rows <= step && row + span.rows <= end);
        for (int64_t i = 0; i < span.rows; i++) {
            sample_value(c, row + i, &want);
            column_span_value(&span, c->type, i, &got);
            if (!same_value(&want, &got))
                test_fail(__FILE__, __LINE__, "column %zu row %lld differs", column,
                          (long long)(row + i));
        }
        row += span.rows;
    }
    struct column_span last;
    CHECK_OK(parquet_column_next(r, step, &last, &err));
    CHECK_INT(last.rows, 0);
    parquet_column_close(r);
}

static void check_table(const struct sample_table *t, const struct parquet_write_options *o,
                        int64_t step, bool skip)
{
    struct opened f;
    write_and_open(&f, t, o);
    CHECK_INT(parquet_rows(f.file), t->rows);
    CHECK_INT(parquet_columns(f.file), t->schema.count);
    CHECK(parquet_has_field_ids(f.file));
    int64_t row = 0;
    for (size_t g = 0; g < parquet_row_groups(f.file); g++) {
        for (size_t c = 0; c < t->schema.count; c++) {
            const struct column_field *field = &t->schema.fields[c];
            const struct parquet_column_info *info = parquet_column_at(f.file, c);
            CHECK(str_eq(info->name, field->name));
            CHECK(column_type_eq(info->type, field->type));
            CHECK_INT(info->field_id, field->field_id);
            CHECK_INT(info->required, field->required);
            CHECK_INT(parquet_column_find(f.file, field->field_id, STR("")), c);
            check_chunk(&f, g, c, &t->columns[c], row, step, skip);
        }
        row += parquet_group_rows(f.file, g);
    }
    CHECK_INT(row, t->rows);
    close_all(&f);
}

TEST(every_type_and_codec)
{
    static const enum codec codecs[] = {CODEC_NONE, CODEC_SNAPPY, CODEC_GZIP, CODEC_ZSTD,
                                        CODEC_LZ4_RAW};
    struct sample_table t;
    struct parquet_write_options o;
    sample_table_make(&t, 7000, 21);
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        parquet_write_options_init(&o);
        o.codec = codecs[i];
        check_table(&t, &o, 2048, false);
    }
    sample_table_free(&t);
}

TEST(small_pages_groups_and_dictionaries)
{
    static const int64_t dictionaries[] = {0, 4000, 2 << 20};
    struct sample_table t;
    struct parquet_write_options o;
    sample_table_make(&t, 7000, 22);
    for (size_t i = 0; i < ARRAY_LEN(dictionaries); i++) {
        parquet_write_options_init(&o);
        o.row_group_rows = 3000;
        o.page_rows = 700;
        o.page_bytes = 9000;
        o.dictionary_bytes = dictionaries[i];
        check_table(&t, &o, 311, false);
        check_table(&t, &o, 157, true);
    }
    sample_table_free(&t);
}

/* Bounds of chunks and pages hold for every value under them; counts are right. */
static void check_bounds(const struct column_value *v, bool has_min, const struct column_value *min,
                         bool has_max, const struct column_value *max)
{
    if (v->null)
        return;
    CHECK(!has_min || column_value_cmp(min, v, true) <= 0);
    CHECK(!has_max || column_value_cmp(max, v, true) >= 0);
}

TEST(bounds_hold)
{
    struct sample_table t;
    struct parquet_write_options o;
    struct opened f;
    struct arena arena;
    arena_init(&arena, NULL);
    sample_table_make(&t, 7000, 23);
    parquet_write_options_init(&o);
    o.row_group_rows = 3000;
    o.page_rows = 700;
    write_and_open(&f, &t, &o);
    int64_t row = 0, bounded = 0;
    for (size_t g = 0; g < parquet_row_groups(f.file); g++) {
        int64_t rows = parquet_group_rows(f.file, g);
        for (size_t c = 0; c < t.schema.count; c++) {
            const struct parquet_chunk_info *chunk = parquet_chunk_at(f.file, g, c);
            struct parquet_page_info *pages;
            struct column_value v;
            size_t count, page = 0;
            int64_t nulls = 0;
            CHECK_OK(parquet_pages(f.file, g, c, &arena, &pages, &count, &err));
            CHECK_INT(chunk->values, rows);
            CHECK(chunk->has_null_count && chunk->has_offset_index && count > 0);
            for (int64_t i = 0; i < rows; i++) {
                sample_value(&t.columns[c], row + i, &v);
                nulls += v.null;
                check_bounds(&v, chunk->has_min, &chunk->min, chunk->has_max, &chunk->max);
                while (i >= pages[page].first_row + pages[page].rows)
                    page++;
                check_bounds(&v, pages[page].has_bounds, &pages[page].min, pages[page].has_bounds,
                             &pages[page].max);
                CHECK(!pages[page].all_null || v.null);
            }
            CHECK_INT(page, count - 1);
            CHECK_INT(chunk->null_count, nulls);
            CHECK(nulls == rows || chunk->has_min);
            CHECK(nulls == rows || chunk->has_max || column_type_is_float(t.columns[c].type));
            bounded += chunk->has_min && chunk->has_max;
        }
        row += rows;
    }
    CHECK(bounded > 300);
    close_all(&f);
    arena_free(&arena);
    sample_table_free(&t);
}

TEST(footer_keys_and_empty_files)
{
    struct sample_table t;
    struct parquet_write_options o;
    struct opened f;
    sample_table_make(&t, 0, 1);
    parquet_write_options_init(&o);
    o.iceberg_schema = STR("{}");
    write_and_open(&f, &t, &o);
    CHECK_INT(parquet_rows(f.file), 0);
    CHECK_INT(parquet_row_groups(f.file), 0);
    CHECK_STR(parquet_footer_value(f.file, "iceberg.schema"), "{}");
    CHECK(parquet_footer_value(f.file, "absent").ptr == NULL);
    CHECK_STR(parquet_created_by(f.file), "firn version " FIRN_VERSION);
    close_all(&f);
    sample_table_free(&t);
}
