// SPDX-License-Identifier: Apache-2.0
/* csv_test.c - reading over every chunk size, NULLs, bad rows, inference, writing and back. */
#include "column/column_text.h"
#include "csv/csv.h"
#include "harness/test.h"

/* Text that is handed out in pieces of at most `piece` bytes. */
struct source {
    struct str text;
    size_t at, piece;
};

static status source_read(void *self, void *out, size_t capacity, size_t *got, struct error *err)
{
    struct source *s = self;
    size_t n = s->text.len - s->at;
    n = n < capacity ? n : capacity;
    n = n < s->piece ? n : s->piece;
    if (n > 0)
        memcpy(out, s->text.ptr + s->at, n);
    s->at += n;
    *got = n;
    return ST_OK;
}

static struct csv_input input_of(struct source *s)
{
    return (struct csv_input){.self = s, .read = source_read, .name = STR("x.csv")};
}

static void append_value(struct buffer *out, const struct column_batch *b,
                         const struct column_schema *schema, size_t column, int64_t row)
{
    struct error err;
    struct column_value v;
    column_span_value(&b->spans[column], schema->fields[column].type, row, &v);
    if (v.null) {
        CHECK_OK(buffer_printf(out, &err, "~"));
        return;
    }
    CHECK_OK(buffer_append_byte(out, '[', &err));
    CHECK_OK(column_text_format(&v, NULL, out, &err));
    CHECK_OK(buffer_append_byte(out, ']', &err));
}

/* All rows as "[a][b]~\n", then "bad N: message" if there were bad rows; or "!SQLSTATE message". */
static void read_all(struct source *source, const struct csv_options *o,
                     const struct column_schema *schema, struct buffer *out)
{
    struct error err;
    struct csv_reader *r = NULL;
    struct csv_input in = input_of(source);
    struct mem_account account;
    error_init(&err);
    mem_account_init(&account, "test", NULL, 64 << 20);
    buffer_clear(out);
    status st = csv_reader_create(&in, o, schema, &account, &r, &err);
    while (st == ST_OK) {
        struct column_batch b;
        st = csv_reader_next(r, &b, &err);
        if (st != ST_OK || b.rows == 0)
            break;
        for (int64_t row = 0; row < b.rows; row++) {
            for (size_t i = 0; i < schema->count; i++)
                append_value(out, &b, schema, i, row);
            CHECK_OK(buffer_append_byte(out, '\n', &err));
        }
    }
    if (st != ST_OK) {
        buffer_clear(out);
        CHECK_OK(buffer_printf(out, NULL, "!%s %s", error_state(&err), err.msg));
    } else if (csv_reader_bad_rows(r) > 0) {
        CHECK_OK(buffer_printf(out, &err, "bad %lld: %s", (long long)csv_reader_bad_rows(r),
                               csv_reader_first_bad(r)));
    }
    csv_reader_free(r);
    CHECK_INT(account.used_bytes, 0);
}

static void check(const char *text, const struct csv_options *o, const struct column_schema *schema,
                  const char *want)
{
    static const size_t pieces[] = {1, 3, 64, 1 << 20};
    struct buffer out;
    buffer_init(&out, NULL, 64 << 20);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct source s = {str_of(text), 0, pieces[i]};
        read_all(&s, o, schema, &out);
        if (!str_eq_z(buffer_str(&out), want))
            test_fail(__FILE__, __LINE__, "\"%s\" in pieces of %zu gives \"%.*s\", not \"%s\"",
                      text, pieces[i], STR_ARG(buffer_str(&out)), want);
    }
    buffer_free(&out);
}

static struct column_field two_texts[] = {{.name = STR("a"), .type = {.kind = COLUMN_TEXT}},
                                          {.name = STR("b"), .type = {.kind = COLUMN_TEXT}}};
static const struct column_schema texts = {2, two_texts};
static struct column_field one_text[] = {{.name = STR("a"), .type = {.kind = COLUMN_TEXT}}};
static const struct column_schema text = {1, one_text};
static struct column_field typed_fields[] = {
    {.name = STR("id"), .type = {.kind = COLUMN_BIGINT}},
    {.name = STR("price"), .type = {.kind = COLUMN_DECIMAL, .precision = 10, .scale = 2}},
    {.name = STR("day"), .type = {.kind = COLUMN_DATE}},
};
static const struct column_schema typed = {3, typed_fields};

static struct csv_options options(void)
{
    struct csv_options o;
    csv_options_init(&o);
    return o;
}

TEST(quotes_and_line_ends)
{
    struct csv_options o = options();
    check("a,b\n1,2\n3,4\n", &o, &texts, "[1][2]\n[3][4]\n");
    check("a,b\r\n1,2\r\n3,4", &o, &texts, "[1][2]\n[3][4]\n");
    check("a,b\n\"x,y\",\"line\nline\"\r\n", &o, &texts, "[x,y][line\nline]\n");
    check("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", &o, &texts, "[say \"hi\"][\"]\n");
    check("a,b\n5\" pipe,it's\n", &o, &texts, "[5\" pipe][it's]\n");
    check("a,b\n\"q\"\r\n", &o, &texts, "!22P04 x.csv line 2: 1 field, expected 2");
    check("a,b\n1,\"q\"\r\n2,\"r\"", &o, &texts, "[1][q]\n[2][r]\n");
    check("a,b\n1\r2,3\n", &o, &texts, "[1\r2][3]\n");
    check("\xEF\xBB\xBF"
          "a,b\n1,2\n",
          &o, &texts, "[1][2]\n");
    check("a,b\n\n1,2\n\r\n\n3,4\n\n", &o, &texts, "[1][2]\n[3][4]\n");
    check("a,b\n", &o, &texts, "");
    check("a,b", &o, &texts, "");
    o.header = false;
    check("1,2", &o, &texts, "[1][2]\n");
    check("", &o, &texts, "");
}

TEST(other_characters)
{
    struct csv_options o = options();
    o.delimiter = ';';
    o.quote = '\'';
    o.escape = '\\';
    check("a;b\n'x;\\'y\\\\';z\\n\n", &o, &texts, "[x;'y\\][z\\n]\n");
    check("a;b\n'x\\q';1\n", &o, &texts, "[x\\q][1]\n");
    o = options();
    o.quote = 0;
    check("a,b\n\"x,y\"\n,\n", &o, &texts, "[\"x][y\"]\n~~\n");
    o.delimiter = '\n';
    check("a,b\n", &o, &texts,
          "!22023 delimiter, quote and escape of CSV must be single ASCII characters other than "
          "line ends");
    o = options();
    o.delimiter = '"';
    check("a,b\n", &o, &texts, "!22023 CSV delimiter '\"' must differ from quote and escape");
    o = options();
    check("\xFF\xFE"
          "a",
          &o, &texts, "!0A000 x.csv is in UTF-16; only UTF-8 is supported");
}

TEST(nulls)
{
    struct csv_options o = options();
    check("a,b\n,\"\"\nNA,x\n", &o, &texts, "~[]\n[NA][x]\n");
    o.null_text = STR("NA");
    check("a,b\nNA,\"NA\"\n,NAN\n", &o, &texts, "~[NA]\n[][NAN]\n");
    check("id,price,day\nNA,NA,NA\n", &o, &typed, "~~~\n");
    check("id,price,day\n1,,NA\n", &o, &typed,
          "!22P02 x.csv line 2, column \"price\": invalid input syntax for type numeric: \"\"");
    o = options();
    check("a\n1\n\n2\n", &o, &text, "[1]\n~\n[2]\n");
}

TEST(columns_by_name)
{
    struct csv_options o = options();
    check("day,extra,ID\n2025-01-14,x,7\n", &o, &typed, "[7]~[2025-01-14]\n");
    check("a,b,a\n1,2,3\n", &o, &texts, "!42701 x.csv: column \"a\" comes twice in the header");
    check("A,B,b\n1,2,3\n", &o, &texts, "[1][3]\n");
    check("A,B\n1,2\n", &o, &texts, "[1][2]\n");
    check("a,BB,bb\n1,2,3\n", &o, &texts, "[1]~\n");
    check(" a,b \n1,2\n", &o, &texts, "~~\n");
    check("", &o, &texts, "!22023 x.csv: no header and no rows");
    check("a,\"b\n", &o, &texts, "!22P04 x.csv line 1: a quoted field is not closed");
    static struct column_field same[] = {{.name = STR("a"), .type = {.kind = COLUMN_TEXT}},
                                         {.name = STR("A"), .type = {.kind = COLUMN_TEXT}}};
    static const struct column_schema twice = {2, same};
    check("a\n\"q\"\"\"\"\"\n", &o, &twice, "[q\"\"][q\"\"]\n"); /* unescaped once */
}

TEST(values)
{
    struct csv_options o = options();
    check("id,price,day\n-12,1.5,2024-02-29\n", &o, &typed, "[-12][1.50][2024-02-29]\n");
    check("id,price,day\n 12 ,-.005,20240229\n", &o, &typed, "[12][-0.01][2024-02-29]\n");
    check("id,price,day\n9223372036854775807,99999999.99,\"2024-02-29\"\n", &o, &typed,
          "[9223372036854775807][99999999.99][2024-02-29]\n");
    check("id,price,day\n1,100000000,2024-02-29\n", &o, &typed,
          "!22003 x.csv line 2, column \"price\": numeric field overflow");
    check("a,b\nx,a\xff\n", &o, &texts,
          "!22021 x.csv line 2, column \"b\": text is not valid UTF-8 without NUL");
    check("a,b\nx,\xc3\xa4\n", &o, &texts, "[x][\xc3\xa4]\n");
}

TEST(every_type)
{
    static struct column_field f[] = {
        {.name = STR("c1"), .type = {.kind = COLUMN_BOOLEAN}},
        {.name = STR("c2"), .type = {.kind = COLUMN_SMALLINT}},
        {.name = STR("c3"), .type = {.kind = COLUMN_INT}},
        {.name = STR("c4"), .type = {.kind = COLUMN_REAL}},
        {.name = STR("c5"), .type = {.kind = COLUMN_DOUBLE}},
        {.name = STR("c6"), .type = {.kind = COLUMN_DECIMAL, .precision = 38, .scale = 1}},
        {.name = STR("c7"), .type = {.kind = COLUMN_TIME}},
        {.name = STR("c8"), .type = {.kind = COLUMN_TIMESTAMP}},
        {.name = STR("c9"), .type = {.kind = COLUMN_TIMESTAMPTZ}},
        {.name = STR("c10"), .type = {.kind = COLUMN_UUID}},
        {.name = STR("c11"), .type = {.kind = COLUMN_BINARY}},
        {.name = STR("c12"), .type = {.kind = COLUMN_INTERVAL}},
    };
    static const struct column_schema all = {ARRAY_LEN(f), f};
    struct csv_options o = options();
    o.header = false;
    check("true,-32768,2147483647,0.1,1e300,12345678901234567890123456789.05,10:00,"
          "2025-01-14T10:00:00.5,2025-01-14 10:00:00+02,A0EEBC999C0B4EF8BB6D6BB9BD380A11,"
          "\\x00ff,1 day\n,,,,,,,,,,,\n",
          &o, &all,
          "[t][-32768][2147483647][0.1][1e+300][12345678901234567890123456789.1][10:00:00]"
          "[2025-01-14 10:00:00.5][2025-01-14 08:00:00+00][a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11]"
          "[\\x00ff][1 day]\n~~~~~~~~~~~~\n");
}

TEST(bad_rows_skipped)
{
    struct csv_options o = options();
    o.skip_bad_rows = true;
    check("a,b\n1\n2,2\n3,3,3\n4,4\n", &o, &texts,
          "[2][2]\n[4][4]\nbad 2: x.csv line 2: 1 field, expected 2");
    check("a,b\n1,\"x\"y,z\n2,2\n", &o, &texts,
          "[2][2]\nbad 1: x.csv line 2: text behind a closing quote");
    check("a,b\n1,\"x\"y\"z,w\"\n2,2\n", &o, &texts,
          "[2][2]\nbad 1: x.csv line 2: text behind a closing quote");
    check("a,b\n1,1\n2,\"2\n", &o, &texts,
          "[1][1]\nbad 1: x.csv line 3: a quoted field is not closed");
    check(
        "id,price,day\n1,1,x\n2,y,2024-01-01\nz,1,y\n\"4\n\",1,2024-01-01\n5,5,5\n", &o, &typed,
        "[4][1.00][2024-01-01]\nbad 4: x.csv line 2, column \"day\": invalid input syntax for type "
        "date: \"x\"");
    check("id,price,day\nx,1,x\n", &o, &typed,
          "bad 1: x.csv line 2, column \"id\": invalid input syntax for type bigint: \"x\"");
}

/* The earliest row is reported, whichever column or kind of mistake the reader meets first. */
TEST(first_bad_row_is_named)
{
    struct csv_options o = options();
    check("id,price,day\n1,1,2024-01-01\n2,2,x\n3,y,2024-01-01\nz,1,2024-01-01\n1\n", &o, &typed,
          "!22007 x.csv line 3, column \"day\": invalid input syntax for type date: \"x\"");
    check("id,price,day\n1,1,\"2024-\n01-01\"\n", &o, &typed,
          "!22007 x.csv line 2, column \"day\": invalid input syntax for type date: "
          "\"2024-\n01-01\"");
    check("id,price,day\n1,1,2024-01-01\n1\nz,1,2024-01-01\n", &o, &typed,
          "!22P04 x.csv line 3: 1 field, expected 3");
}

TEST(bad_number_on_line_70001)
{
    struct error err;
    struct buffer csv, out;
    struct csv_options o = options();
    static struct column_field f[] = {{.name = STR("dep_time"), .type = {.kind = COLUMN_BIGINT}},
                                      {.name = STR("x"), .type = {.kind = COLUMN_TEXT}}};
    static const struct column_schema schema = {2, f};
    buffer_init(&csv, NULL, 64 << 20);
    buffer_init(&out, NULL, 64 << 20);
    CHECK_OK(buffer_printf(&csv, &err, "dep_time,x\n"));
    for (int line = 2; line <= 70000; line++)
        CHECK_OK(buffer_printf(&csv, &err, "%d,some text\n", line));
    CHECK_OK(buffer_printf(&csv, &err, "abc,x\n12,y\n"));
    struct source s = {buffer_str(&csv), 0, 1 << 20};
    read_all(&s, &o, &schema, &out);
    CHECK_STR(buffer_str(&out), "!22P02 x.csv line 70,001, column \"dep_time\": invalid input "
                                "syntax for type bigint: \"abc\"");
    o.skip_bad_rows = true;
    s.at = 0;
    read_all(&s, &o, &schema, &out);
    CHECK(str_starts(buffer_str(&out), STR("[2][some text]\n[3]")));
    CHECK(str_ends(buffer_str(&out),
                   STR("[12][y]\nbad 1: x.csv line 70,001, column \"dep_time\": invalid input "
                       "syntax for type bigint: \"abc\"")));
    buffer_free(&csv);
    buffer_free(&out);
}

/* Quoted fields of every length from 0 to 200, so that quotes stand at every place of a block, in a
 * file longer than the window, so that they stand at its end too. */
TEST(quotes_over_chunk_borders)
{
    struct error err;
    struct buffer csv, want, got;
    struct csv_options o = options();
    o.header = false;
    buffer_init(&csv, NULL, 64 << 20);
    buffer_init(&want, NULL, 64 << 20);
    buffer_init(&got, NULL, 64 << 20);
    for (int i = 0; i < 20000; i++) {
        int n = i % 201;
        CHECK_OK(buffer_printf(&csv, &err, "\"%0*d\"\"\n,\",\"%d\"\r\n", n, 7, i));
        CHECK_OK(buffer_printf(&want, &err, "[%0*d\"\n,][%d]\n", n, 7, i));
    }
    static const size_t pieces[] = {4095, 1 << 20};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct source s = {buffer_str(&csv), 0, pieces[i]};
        read_all(&s, &o, &texts, &got);
        CHECK(str_eq(buffer_str(&got), buffer_str(&want)));
    }
    buffer_free(&csv);
    buffer_free(&want);
    buffer_free(&got);
}

TEST(records_up_to_16_mib)
{
    struct error err;
    struct buffer csv, out;
    struct csv_options o = options();
    o.header = false;
    buffer_init(&csv, NULL, 64 << 20);
    buffer_init(&out, NULL, 64 << 20);
    CHECK_OK(buffer_printf(&csv, &err, "x,y\n"));
    size_t most = 16 << 20;
    CHECK_OK(buffer_reserve(&csv, most + 100, &err));
    memset(csv.data + csv.len, 'z', most);
    csv.len += most - 3; /* with ",1" and the line end exactly 16 MiB */
    CHECK_OK(buffer_printf(&csv, &err, ",1\na,b\n"));
    struct source s = {buffer_str(&csv), 0, 1 << 20};
    read_all(&s, &o, &texts, &out);
    CHECK(str_ends(buffer_str(&out), STR("zz][1]\n[a][b]\n")));
    CHECK_INT(out.len, 7 + 1 + most - 3 + 1 + 3 + 1 + 7);
    csv.len = 4 + most - 2;
    CHECK_OK(buffer_printf(&csv, &err, ",1\na,b\n"));
    s = (struct source){buffer_str(&csv), 0, 1 << 20};
    read_all(&s, &o, &texts, &out);
    CHECK_STR(buffer_str(&out), "!54000 x.csv line 2: record longer than 16 MiB");
    buffer_free(&csv);
    buffer_free(&out);
}

/* ---- inference ---- */

static void check_infer(const char *csv, const struct csv_options *o, const char *want)
{
    struct error err;
    struct arena arena;
    struct buffer out;
    struct column_schema schema;
    struct source s = {str_of(csv), 0, 5};
    struct csv_input in = input_of(&s);
    error_init(&err);
    arena_init(&arena, NULL);
    buffer_init(&out, NULL, 1 << 20);
    if (csv_infer(&in, o, 0, &arena, NULL, &schema, &err) != ST_OK)
        CHECK_OK(buffer_printf(&out, NULL, "!%s %s", error_state(&err), err.msg));
    else
        for (size_t i = 0; i < schema.count; i++) {
            char type[64];
            CHECK_OK(buffer_printf(&out, &err, "%s%.*s %s", i ? ", " : "",
                                   STR_ARG(schema.fields[i].name),
                                   column_type_name(schema.fields[i].type, type)));
        }
    CHECK_STR(buffer_str(&out), want);
    buffer_free(&out);
    arena_free(&arena);
}

TEST(inference)
{
    struct csv_options o = options();
    check_infer("a,b,c\n1,2.5,x\n-3,4,\n", &o, "a bigint, b double precision, c text");
    check_infer("a,b,c\ntrue,2025-01-14,2025-01-14 10:00:00\nFALSE,2025-01-15,2025-01-14\n", &o,
                "a boolean, b date, c timestamp without time zone");
    check_infer("a,b\n2025-01-14T10:00:00Z,2025-01-14 10:00:00+02:00\n", &o,
                "a timestamp with time zone, b timestamp with time zone");
    check_infer("a,b\n2025-01-14T10:00:00Z,1\n2025-01-14 10:00:00,true\n", &o, "a text, b text");
    check_infer("a,b,c,d\n007,+49,12345678901234567890,1e5\n", &o,
                "a text, b text, c text, d double precision");
    check_infer("a,b,c\n0,-0.5,9223372036854775807\n", &o,
                "a bigint, b double precision, c bigint");
    check_infer("a,b\n,\"1\"\n,2\n", &o, "a text, b bigint");
    check_infer("a,b\n1,\"\"\n2,3\n", &o, "a bigint, b text");
    check_infer("a, ,\n1,2,3\n", &o, "a bigint,   bigint, column3 bigint");
    check_infer("a,column1\n1,2\n", &o, "a bigint, column1 bigint");
    check_infer("a\n1\n x\n", &o, "a text");
    check_infer("a,a\n", &o, "!42701 x.csv: column \"a\" comes twice in the header");
    check_infer("a,b\n1\n", &o, "!22P04 x.csv line 2: 1 field, expected 2");
    check_infer("", &o, "!22023 x.csv: no header and no rows");
    o.null_text = STR("NA");
    check_infer("a,b\nNA,NA\n1,NA\n", &o, "a bigint, b text");
    o.header = false;
    check_infer("1,x\n", &o, "column1 bigint, column2 text");
    o.skip_bad_rows = true;
    check_infer("1,x\n2\n3,4,5\n", &o, "column1 bigint, column2 text");
}

/* ---- writing ---- */

TEST(written_text_reads_back)
{
    static const char *const values[] = {"",         "plain",  "a,b", "say \"hi\"", "line\nline",
                                         "\r",       " x ",    "NA",  "\"",         "\\",
                                         "\xc3\xa4", "\"\"\"", ","};
    static const char escapes[] = {'"', '\\'};
    static const char *const nulls[] = {"", "NA"};
    struct error err;
    struct column_vector v[2];
    struct buffer csv, got, want;
    struct column_span spans[2];
    struct column_batch batch = {.columns = 2, .spans = spans};
    buffer_init(&csv, NULL, 1 << 20);
    buffer_init(&got, NULL, 1 << 20);
    buffer_init(&want, NULL, 1 << 20);
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(column_vector_init(&v[i], column_type_of(COLUMN_TEXT), NULL, &err));
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct str s = str_of(values[i]);
        column_vector_append(&v[0], &s);
        column_vector_append_null(&v[1]);
        CHECK_OK(buffer_printf(&want, &err, "[%s]~\n", values[i]));
    }
    spans[0] = column_vector_span(&v[0]);
    spans[1] = column_vector_span(&v[1]);
    batch.rows = v[0].rows;
    for (int i = 0; i < 4; i++) {
        struct csv_options o = options();
        o.escape = escapes[i / 2];
        o.null_text = str_of(nulls[i % 2]);
        buffer_clear(&csv);
        CHECK_OK(csv_write_header(&texts, &o, &csv, &err));
        CHECK_OK(csv_write_batch(&texts, &batch, &o, &csv, &err));
        struct source s = {buffer_str(&csv), 0, 7};
        read_all(&s, &o, &texts, &got);
        CHECK(str_eq(buffer_str(&got), buffer_str(&want)));
    }
    struct csv_options bare = options();
    bare.quote = 0;
    CHECK_STATUS(csv_write_batch(&texts, &batch, &bare, &csv, &err), ST_INVALID);
    column_vector_free(&v[0]);
    column_vector_free(&v[1]);
    buffer_free(&csv);
    buffer_free(&got);
    buffer_free(&want);
}

TEST(written_form)
{
    struct error err;
    struct buffer out;
    struct csv_options o = options();
    double d = 1e20;
    struct str t = STR("x\"y");
    struct column_field f[] = {{.name = STR("a,1"), .type = {.kind = COLUMN_DOUBLE}},
                               {.name = STR("b"), .type = {.kind = COLUMN_TEXT}}};
    struct column_schema schema = {2, f};
    struct column_span spans[] = {{.kind = SPAN_RUN, .rows = 2, .values = &d},
                                  {.kind = SPAN_RUN, .rows = 2, .values = &t}};
    struct column_batch batch = {.rows = 2, .columns = 2, .spans = spans};
    buffer_init(&out, NULL, 1 << 20);
    CHECK_OK(csv_write_header(&schema, &o, &out, &err));
    CHECK_OK(csv_write_batch(&schema, &batch, &o, &out, &err));
    CHECK_STR(buffer_str(&out), "\"a,1\",b\n1e+20,\"x\"\"y\"\n1e+20,\"x\"\"y\"\n");
    buffer_free(&out);
}

/* A failed allocation anywhere is reported and leaves nothing behind. */
TEST(no_memory)
{
    struct csv_options o = options();
    struct column_field f[] = {{.name = STR("a"), .type = {.kind = COLUMN_BINARY}}};
    struct column_schema schema = {1, f};
    for (uint64_t nth = 1;; nth++) {
        struct error err;
        struct source s = {STR("a\n\\x00\n\\x01\n"), 0, 100};
        struct csv_input in = input_of(&s);
        struct mem_account account;
        struct csv_reader *r = NULL;
        struct column_batch b;
        mem_account_init(&account, "test", NULL, 0);
        mem_fault_set(nth, false);
        status st = csv_reader_create(&in, &o, &schema, &account, &r, &err);
        if (st == ST_OK)
            st = csv_reader_next(r, &b, &err);
        uint64_t made = mem_fault_count();
        mem_fault_set(0, false);
        if (st == ST_OK)
            CHECK_INT(b.rows, 2);
        else
            CHECK_STATUS(st, ST_OOM);
        csv_reader_free(r);
        CHECK_INT(account.used_bytes, 0);
        if (made < nth)
            break;
        CHECK(st == ST_OOM && nth < 100);
    }
}
