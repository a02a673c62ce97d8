// SPDX-License-Identifier: Apache-2.0
/* parquet_reader_test.c - files written here and read back, in steps, over damage, under limits. */
#include "interop/parquet_sample.h"

#include "base/pool.h"
#include "unit/parquet/parquet_chunk.h"

/* A file in memory. */
struct made {
    struct store *store;
    struct store_file *file;
    struct parquet_file *parquet;
    uint8_t *bytes; /* of the file */
    size_t size;
};

static void write_table(struct store *s, const struct sample_table *t,
                        const struct parquet_write_options *o)
{
    struct store_write *to;
    struct parquet_writer *w;
    size_t n = t->schema.count;
    struct sample_space *space = malloc(n * sizeof(*space));
    struct column_span *spans = malloc(n * sizeof(*spans));
    CHECK_OK(store_write_create(s, STR("/f.parquet"), &to, &err));
    CHECK_OK(parquet_writer_create(to, &t->schema, o, NULL, &w, &err));
    for (int64_t from = 0; from < t->rows; from += COLUMN_SPAN_ROWS) {
        int64_t rows = t->rows - from < COLUMN_SPAN_ROWS ? t->rows - from : COLUMN_SPAN_ROWS;
        for (size_t c = 0; c < n; c++)
            spans[c] = sample_span(&t->columns[c], from, rows, SPAN_VALUES, 0, t->rows, &space[c]);
        struct column_batch batch = {.rows = rows, .columns = n, .spans = spans};
        CHECK_OK(parquet_writer_append(w, &batch, &err));
    }
    CHECK_OK(parquet_writer_finish(w, NULL, NULL, &err));
    CHECK_OK(store_write_finish(to, &err));
    parquet_writer_free(w);
    free(space);
    free(spans);
}

static void make(struct made *m, const struct sample_table *t,
                 const struct parquet_write_options *o)
{
    CHECK_OK(store_create_memory(&m->store, &err));
    write_table(m->store, t, o);
    CHECK_OK(store_open(m->store, STR("/f.parquet"), -1, &m->file, &err));
    CHECK_OK(parquet_open(m->file, NULL, &m->parquet, &err));
    m->size = (size_t)store_size(m->file);
    m->bytes = malloc(m->size);
    CHECK_OK(store_read(m->file, 0, m->bytes, m->size, &err));
}

static void drop(struct made *m)
{
    free(m->bytes);
    parquet_close(m->parquet);
    store_close(m->file);
    store_destroy(m->store);
}

static struct parquet_write_options options(enum codec codec)
{
    struct parquet_write_options o;
    parquet_write_options_init(&o);
    o.codec = codec;
    o.row_group_rows = 4000;
    o.page_rows = 700;
    o.page_bytes = 9000;
    o.dictionary_bytes = 4000;
    return o;
}

static bool same(const struct column_value *a, const struct column_value *b)
{
    if (a->null || b->null)
        return a->null && b->null;
    enum column_phys phys = column_type_phys(a->type);
    if (phys == PHYS_F32)
        return memcmp(&a->f32, &b->f32, 4) == 0;
    if (phys == PHYS_F64)
        return memcmp(&a->f64, &b->f64, 8) == 0;
    return column_value_cmp(a, b, true) == 0;
}

/* ---- round trips ---------------------------------------------------------------------------- */

TEST(what_was_written_is_read)
{
    static const enum codec codecs[] = {CODEC_NONE, CODEC_SNAPPY, CODEC_ZSTD};
    struct sample_table t;
    sample_table_make(&t, 5000, 11);
    for (size_t k = 0; k < ARRAY_LEN(codecs); k++) {
        struct parquet_write_options o = options(codecs[k]);
        struct made m;
        make(&m, &t, &o);
        CHECK_INT(parquet_columns(m.parquet), t.schema.count);
        CHECK_INT(parquet_rows(m.parquet), t.rows);
        for (size_t c = 0; c < t.schema.count; c++) {
            const struct sample_column *col = &t.columns[c];
            struct column_span all = {.kind = SPAN_VALUES, .rows = t.rows, .values = col->values};
            int64_t row = 0;
            CHECK(column_type_eq(parquet_column_at(m.parquet, c)->type, col->type));
            CHECK_INT(parquet_column_find(m.parquet, t.schema.fields[c].field_id, STR("?")), c);
            for (size_t g = 0; g < parquet_row_groups(m.parquet); g++) {
                struct chunk chunk;
                CHECK_OK(chunk_read(m.parquet, g, c, col->type, 1 + (int64_t)(c * 977), &chunk));
                for (int64_t i = 0; i < chunk.rows; i++, row++) {
                    struct column_value want;
                    column_span_value(&all, col->type, row, &want);
                    want.null = col->null[row];
                    if (!same(&want, &chunk.values[i]))
                        test_fail(__FILE__, __LINE__, "column %zu, row %d differs", c, (int)row);
                }
                chunk_free(&chunk);
            }
        }
        drop(&m);
    }
    sample_table_free(&t);
}

TEST(skipping_and_reading_mix)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_ZSTD);
    struct made m;
    uint64_t seed = 5;
    sample_table_make(&t, 4000, 12);
    make(&m, &t, &o);
    for (size_t c = 0; c < t.schema.count; c++) {
        struct chunk all;
        CHECK_OK(chunk_read(m.parquet, 0, c, t.columns[c].type, INT64_MAX, &all));
        for (int64_t step = 2; step <= 2000; step *= 10) {
            struct parquet_column *col;
            CHECK_OK(parquet_column_open(m.parquet, 0, c, t.columns[c].type, &col, &err));
            for (int64_t at = 0; at < all.rows;) {
                struct column_span s;
                int64_t n = (int64_t)(sample_next(&seed) % (uint64_t)step);
                n = n < all.rows - at ? n : all.rows - at;
                CHECK_OK(parquet_column_skip(col, n, &err));
                at += n;
                CHECK_OK(parquet_column_next(col, 1 + step / 2, &s, &err));
                for (int64_t i = 0; i < s.rows; i++, at++) {
                    struct column_value v;
                    column_span_value(&s, all.type, i, &v);
                    CHECK(same(&v, &all.values[at]));
                }
            }
            parquet_column_close(col);
        }
        chunk_free(&all);
    }
    drop(&m);
    sample_table_free(&t);
}

TEST(promoted_types_read_the_same_values)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_SNAPPY);
    struct made m;
    sample_table_make(&t, 3000, 13);
    make(&m, &t, &o);
    for (size_t c = 0; c < t.schema.count; c++) {
        struct column_type have = t.columns[c].type, want = have;
        struct chunk narrow, wide;
        if (have.kind == COLUMN_INT)
            want.kind = COLUMN_BIGINT;
        else if (have.kind == COLUMN_REAL)
            want.kind = COLUMN_DOUBLE;
        else if (have.kind == COLUMN_DECIMAL)
            want.precision = 38;
        else
            continue;
        CHECK_OK(chunk_read(m.parquet, 0, c, have, 2048, &narrow));
        CHECK_OK(chunk_read(m.parquet, 0, c, want, 2048, &wide));
        for (int64_t i = 0; i < narrow.rows; i++) {
            const struct column_value *a = &narrow.values[i], *b = &wide.values[i];
            CHECK_INT(a->null, b->null);
            if (a->null)
                continue;
            if (have.kind == COLUMN_INT)
                CHECK_INT(a->i32, b->i64);
            else if (have.kind == COLUMN_REAL)
                CHECK((double)a->f32 == b->f64 || a->f32 != a->f32);
            else
                CHECK((column_type_phys(have) == PHYS_I64 ? a->i64 : a->i128) == b->i128);
        }
        chunk_free(&narrow);
        chunk_free(&wide);
    }
    drop(&m);
    sample_table_free(&t);
}

/* P1 of parquet_read_int.h: one file, a chunk a thread. */
struct scan {
    struct parquet_file *parquet;
    const struct sample_table *table;
    int64_t *valid; /* by task: rows that are not NULL */
};

static status scan_chunk(void *arg, size_t task, int worker, struct error *e)
{
    struct scan *scan = arg;
    size_t columns = parquet_columns(scan->parquet), column = task % columns;
    struct parquet_column *c;
    struct column_span s = {.rows = 1};
    TRY(parquet_column_open(scan->parquet, task / columns, column,
                            scan->table->columns[column].type, &c, e));
    status st = ST_OK;
    while (st == ST_OK && s.rows > 0) {
        st = parquet_column_next(c, 2048, &s, e);
        for (int64_t i = 0; i < s.rows; i++)
            scan->valid[task] += !column_span_null(&s, i);
    }
    parquet_column_close(c);
    return st;
}

TEST(threads_read_columns_of_one_file)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_ZSTD);
    struct made m;
    struct pool *pool;
    sample_table_make(&t, 9000, 15);
    make(&m, &t, &o);
    size_t tasks = parquet_columns(m.parquet) * parquet_row_groups(m.parquet);
    struct scan scan = {m.parquet, &t, calloc(tasks, sizeof(int64_t))};
    CHECK_OK(pool_create(4, &pool, &err));
    CHECK_OK(pool_run(pool, tasks, scan_chunk, &scan, &err));
    for (size_t c = 0; c < t.schema.count; c++) {
        int64_t want = 0, got = 0;
        for (int64_t i = 0; i < t.rows; i++)
            want += !t.columns[c].null[i];
        for (size_t task = c; task < tasks; task += t.schema.count)
            got += scan.valid[task];
        CHECK_INT(got, want);
    }
    pool_destroy(pool);
    free(scan.valid);
    drop(&m);
    sample_table_free(&t);
}

/* ---- damage --------------------------------------------------------------------------------- */

/* Opens the bytes as a file and reads every column; the first failure. */
static status read_bytes(const uint8_t *bytes, size_t size, struct mem_account *account)
{
    struct store *s;
    struct store_file *file;
    struct parquet_file *f;
    CHECK_OK(store_create_memory(&s, &err));
    CHECK_OK(store_write_all(s, STR("/damaged.parquet"), bytes, size, &err));
    CHECK_OK(store_open(s, STR("/damaged.parquet"), -1, &file, &err));
    status st = parquet_open(file, account, &f, &err);
    if (st == ST_OK) {
        for (size_t g = 0; g < parquet_row_groups(f) && st == ST_OK; g++)
            for (size_t c = 0; c < parquet_columns(f) && st == ST_OK; c++) {
                struct parquet_column *col;
                struct column_span span = {.rows = 1};
                st = parquet_column_open(f, g, c, parquet_column_at(f, c)->type, &col, &err);
                if (st != ST_OK)
                    break;
                while (st == ST_OK && span.rows > 0)
                    st = parquet_column_next(col, 2048, &span, &err);
                parquet_column_close(col);
            }
        parquet_close(f);
    }
    store_close(file);
    store_destroy(s);
    return st;
}

/* One nullable text column and one double. */
static void small_table(struct sample_table *t, int64_t rows)
{
    sample_table_make(t, rows, 14);
    size_t text = 0;
    while (t->columns[text].type.kind != COLUMN_TEXT)
        text++;
    for (size_t i = 0; i < t->schema.count; i++)
        if (i != text + 1 && i != 3) { /* the text of many values, a boolean */
            free(t->columns[i].values);
            free(t->columns[i].null);
        }
    t->columns[0] = t->columns[3];
    t->schema.fields[0] = t->schema.fields[3];
    t->columns[1] = t->columns[text + 1];
    t->schema.fields[1] = t->schema.fields[text + 1];
    t->schema.count = 2;
}

TEST(a_cut_file_is_one_error)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_SNAPPY);
    struct made m;
    small_table(&t, 100);
    make(&m, &t, &o);
    CHECK_OK(read_bytes(m.bytes, m.size, NULL));
    for (size_t n = 0; n < m.size; n++) {
        CHECK_STATUS(read_bytes(m.bytes, n, NULL), ST_CORRUPT);
        CHECK(strstr(err.msg, "/damaged.parquet") != NULL);
    }
    drop(&m);
    sample_table_free(&t);
}

/* Pages carry CRCs, so a changed byte in one is found; elsewhere it must at least do no harm. */
TEST(a_changed_byte_is_found_or_harmless)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_NONE);
    struct made m;
    size_t found = 0;
    small_table(&t, 100);
    make(&m, &t, &o);
    for (size_t i = 0; i < m.size; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            m.bytes[i] ^= (uint8_t)(1 << bit);
            status st = read_bytes(m.bytes, m.size, NULL);
            CHECK(st == ST_OK || st == ST_CORRUPT || st == ST_UNSUPPORTED || st == ST_LIMIT);
            CHECK(st == ST_OK || strstr(err.msg, "/damaged.parquet") != NULL);
            found += st != ST_OK;
            m.bytes[i] ^= (uint8_t)(1 << bit);
        }
    CHECK(found > m.size); /* a third of all tries at the very least */
    drop(&m);
    sample_table_free(&t);
}

TEST(a_wrong_checksum_names_file_group_column_and_page)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_ZSTD);
    struct made m;
    struct arena arena;
    struct parquet_page_info *pages;
    struct parquet_column *col;
    struct column_span s;
    size_t count;
    small_table(&t, 4000);
    make(&m, &t, &o);
    arena_init(&arena, NULL);
    CHECK_OK(parquet_pages(m.parquet, 0, 1, &arena, &pages, &count, &err));
    CHECK(count > 3);
    m.bytes[pages[2].offset + pages[2].bytes - 1] ^= 1;
    CHECK_STATUS(read_bytes(m.bytes, m.size, NULL), ST_CORRUPT);
    char place[64];
    snprintf(place, sizeof(place), "page at offset %lld", (long long)pages[2].offset);
    CHECK(strstr(err.msg, "checksum") && strstr(err.msg, place));
    CHECK(strstr(err.msg, "row group 0") && strstr(err.msg, "/damaged.parquet"));
    CHECK(strstr(err.msg, "c113") != NULL);

    /* Skipping passes over the page without looking into it; the error stays. */
    struct store_file *file;
    struct parquet_file *f;
    CHECK_OK(store_write_all(m.store, STR("/d"), m.bytes, m.size, &err));
    CHECK_OK(store_open(m.store, STR("/d"), -1, &file, &err));
    CHECK_OK(parquet_open(file, NULL, &f, &err));
    CHECK_OK(parquet_column_open(f, 0, 1, t.columns[1].type, &col, &err));
    CHECK_OK(parquet_column_next(col, 10, &s, &err));
    CHECK_OK(parquet_column_skip(col, pages[3].first_row - 10, &err));
    CHECK_OK(parquet_column_next(col, 10, &s, &err));
    CHECK_INT(s.rows, 10);
    parquet_column_close(col);
    CHECK_OK(parquet_column_open(f, 0, 1, t.columns[1].type, &col, &err));
    CHECK_OK(parquet_column_skip(col, pages[2].first_row, &err));
    CHECK_STATUS(parquet_column_next(col, 10, &s, &err), ST_CORRUPT);
    CHECK_STATUS(parquet_column_next(col, 10, &s, &err), ST_CORRUPT);
    CHECK_STATUS(parquet_column_skip(col, 1, &err), ST_CORRUPT);
    parquet_column_close(col);
    parquet_close(f);
    store_close(file);
    arena_free(&arena);
    drop(&m);
    sample_table_free(&t);
}

/* ---- memory --------------------------------------------------------------------------------- */

TEST(memory_is_charged_limited_and_given_back)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_ZSTD);
    struct made m;
    struct mem_account account;
    small_table(&t, 4000);
    make(&m, &t, &o);
    mem_account_init(&account, "test", NULL, 0);
    CHECK_OK(read_bytes(m.bytes, m.size, &account));
    CHECK_INT(account.used_bytes, 0);
    size_t peak = account.peak_bytes;
    CHECK(peak > 0 && peak < 400000);
    for (size_t limit = 1000; limit < peak; limit += peak / 20) {
        mem_account_init(&account, "test", NULL, limit);
        CHECK_STATUS(read_bytes(m.bytes, m.size, &account), ST_LIMIT);
        CHECK_INT(account.used_bytes, 0);
    }
    drop(&m);
    sample_table_free(&t);
}

TEST(failing_allocations_are_reported_and_leave_nothing)
{
    struct sample_table t;
    struct parquet_write_options o = options(CODEC_ZSTD);
    struct made m;
    struct mem_account account;
    small_table(&t, 200);
    make(&m, &t, &o);
    mem_account_init(&account, "test", NULL, 0);
    for (uint64_t nth = 1;; nth++) {
        struct parquet_file *f;
        struct parquet_column *col = NULL;
        struct column_span s;
        mem_fault_set(nth, false);
        status st = parquet_open(m.file, &account, &f, &err);
        if (st == ST_OK) {
            st = parquet_column_open(f, 0, 1, t.columns[1].type, &col, &err);
            if (st == ST_OK)
                st = parquet_column_skip(col, 20, &err);
            if (st == ST_OK)
                st = parquet_column_next(col, 2048, &s, &err);
            if (col)
                parquet_column_close(col);
            parquet_close(f);
        }
        bool clean = mem_fault_count() < nth;
        mem_fault_set(0, false);
        CHECK_INT(account.used_bytes, 0);
        CHECK_STATUS(st, clean ? ST_OK : ST_OOM);
        if (clean)
            break;
    }
    drop(&m);
    sample_table_free(&t);
}
