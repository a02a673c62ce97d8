// SPDX-License-Identifier: Apache-2.0
/* parquet_nested_test.c - structs, lists and maps on files put together by hand: each form of the
 * schema that LogicalTypes.md tells of, trees that ask for other parts than the file has, levels that
 * do not agree. test/interop/matrix.py has the files of real writers. */
#include "parquet/parquet_format_int.h"

#include "parquet_chunk.h"

/* ---- a file ---------------------------------------------------------------------------------- */

/* A schema element: 'r'equired, 'o'ptional, 'm'any; children 0 = a leaf of INT32 or, by `old`, text. */
struct element {
    const char *name;
    char repetition;
    int32_t children;
    int old; /* converted type, -1 = none */
    int32_t id;
};

/* A leaf's levels as digits, one a character; values count up from `first`, as text "vN". */
struct levels {
    const char *repetition, *definition;
    int max_definition;
    int first;
};

struct made {
    struct buffer file;
    struct store *store;
    struct store_file *opened;
    struct parquet_file *parquet;
    struct mem_account account;
};

static struct parquet_schema_element schema_element(const struct element *e)
{
    struct parquet_schema_element out = {
        .name = str_of(e->name),
        .repetition = e->repetition == 'r'   ? PARQUET_REQUIRED
                      : e->repetition == 'o' ? PARQUET_OPTIONAL
                                             : PARQUET_REPEATED,
        .num_children = e->children,
        .type = e->old == PARQUET_CONVERTED_UTF8 ? PARQUET_BYTE_ARRAY : PARQUET_INT32,
        .converted_type = e->old,
        .field_id = e->id};
    PARQUET_PUT(&out, SCHEMA_REPETITION);
    if (e->children > 0)
        PARQUET_PUT(&out, SCHEMA_NUM_CHILDREN);
    else
        PARQUET_PUT(&out, SCHEMA_TYPE);
    if (e->old >= 0)
        PARQUET_PUT(&out, SCHEMA_CONVERTED_TYPE);
    if (e->id > 0)
        PARQUET_PUT(&out, SCHEMA_FIELD_ID);
    return out;
}

/* Each level as a run of one. */
static void put_levels(struct buffer *page, const char *digits)
{
    uint8_t length[4];
    store_u32le(length, (uint32_t)(2 * strlen(digits)));
    CHECK_OK(buffer_append(page, length, 4, &err));
    for (; *digits; digits++) {
        CHECK_OK(buffer_append_byte(page, 2, &err));
        CHECK_OK(buffer_append_byte(page, (uint8_t)(*digits - '0'), &err));
    }
}

static void put_page(struct buffer *page, const struct levels *l, bool text)
{
    int value = l->first;
    if (strspn(l->repetition, "0") < strlen(l->repetition) || l->repetition[0] == '0')
        put_levels(page, l->repetition);
    put_levels(page, l->definition);
    for (const char *at = l->definition; *at; at++) {
        uint8_t word[4];
        char digits[16];
        if (*at - '0' != l->max_definition)
            continue;
        int n = snprintf(digits, sizeof(digits), "v%d", value);
        store_u32le(word, text ? (uint32_t)n : (uint32_t)value);
        CHECK_OK(buffer_append(page, word, 4, &err));
        if (text)
            CHECK_OK(buffer_append(page, digits, (size_t)n, &err));
        value++;
    }
}

/* elements[0] is the root; pages of v1, each leaf one. */
static void make(struct made *m, const struct element *elements, size_t count,
                 const struct levels *levels, int64_t rows)
{
    struct parquet_schema_element schema[20];
    struct parquet_chunk chunks[10];
    struct str path = STR("x");
    size_t leaves = 0;
    uint8_t end[8] = {0, 0, 0, 0, 'P', 'A', 'R', '1'};
    memset(chunks, 0, sizeof(chunks));
    buffer_init(&m->file, NULL, 1 << 20);
    CHECK_OK(buffer_append(&m->file, "PAR1", 4, &err));
    for (size_t i = 0; i < count; i++) {
        schema[i] = schema_element(&elements[i]);
        if (elements[i].children > 0)
            continue;
        struct buffer page;
        buffer_init(&page, NULL, 1 << 20);
        put_page(&page, &levels[leaves], schema[i].type == PARQUET_BYTE_ARRAY);
        struct parquet_page_header h = {
            .uncompressed_bytes = (int32_t)page.len,
            .compressed_bytes = (int32_t)page.len,
            .data = {.num_values = (int32_t)strlen(levels[leaves].definition),
                     .definition_levels = PARQUET_RLE,
                     .repetition_levels = PARQUET_RLE}};
        PARQUET_PUT(&h, PAGE_DATA);
        int64_t start = (int64_t)m->file.len;
        CHECK_OK(parquet_thrift_write(&parquet_shape_page_header, &h, &m->file, &err));
        CHECK_OK(buffer_append(&m->file, page.data, page.len, &err));
        chunks[leaves].meta =
            (struct parquet_chunk_meta){.type = schema[i].type,
                                        .path = {1, &path},
                                        .num_values = h.data.num_values,
                                        .uncompressed_bytes = (int64_t)m->file.len - start,
                                        .compressed_bytes = (int64_t)m->file.len - start,
                                        .data_page_offset = start};
        PARQUET_PUT(&chunks[leaves], CHUNK_META);
        leaves++;
        buffer_free(&page);
    }
    struct parquet_row_group group = {.columns = {leaves, chunks}, .num_rows = rows};
    struct parquet_file_meta meta = {
        .version = 1, .schema = {count, schema}, .num_rows = rows, .row_groups = {1, &group}};
    size_t footer = m->file.len;
    CHECK_OK(parquet_thrift_write(&parquet_shape_file_meta, &meta, &m->file, &err));
    store_u32le(end, (uint32_t)(m->file.len - footer));
    CHECK_OK(buffer_append(&m->file, end, 8, &err));
    mem_account_init(&m->account, "test", NULL, 0);
    CHECK_OK(store_create_memory(&m->store, &err));
    CHECK_OK(store_write_all(m->store, STR("/f"), m->file.data, m->file.len, &err));
    CHECK_OK(store_open(m->store, STR("/f"), -1, &m->opened, &err));
    CHECK_OK(parquet_open(m->opened, &m->account, &m->parquet, &err));
}

static void unmake(struct made *m)
{
    parquet_close(m->parquet);
    CHECK_INT(m->account.used_bytes, 0);
    store_close(m->opened);
    store_destroy(m->store);
    buffer_free(&m->file);
}

/* The rows of a column, with a | between them, NULL as -; read in steps of `step`, the first `skip`
 * rows skipped. */
static status rows_of(struct made *m, const char *name, const struct column_node *want,
                      int64_t step, int64_t skip, char out[1000])
{
    int column = column_named(m->parquet, name);
    struct parquet_column *c;
    struct column_span s;
    size_t at = 0;
    TRY(parquet_column_open_nested(m->parquet, 0, (size_t)column, want, &c, &err));
    status st = parquet_column_skip(c, skip, &err);
    do {
        s.rows = 0;
        if (st == ST_OK)
            st = parquet_column_next(c, step, &s, &err);
        for (int64_t i = 0; st == ST_OK && i < s.rows; i++) {
            struct column_value v;
            column_span_value(&s, column_type_of(COLUMN_TEXT), i, &v);
            at += (size_t)snprintf(out + at, 1000 - at, "%s%.*s", at ? "|" : "",
                                   v.null ? 1 : (int)v.str.len, v.null ? "-" : v.str.ptr);
        }
    } while (st == ST_OK && s.rows > 0);
    parquet_column_close(c);
    return st;
}

static void check_rows(struct made *m, const char *name, const struct column_node *want,
                       const char *text)
{
    for (int64_t step = 1; step < 5; step++) {
        char out[1000] = "";
        CHECK_OK(rows_of(m, name, want, step, 0, out));
        CHECK_STR(str_of(out), text);
    }
    const char *rest = strchr(text, '|');
    for (int64_t skip = 1; rest; skip++, rest = strchr(rest + 1, '|')) {
        char out[1000] = "";
        CHECK_OK(rows_of(m, name, want, 2, skip, out));
        CHECK_STR(str_of(out), rest + 1);
    }
}

#define LIST PARQUET_CONVERTED_LIST
#define MAP  PARQUET_CONVERTED_MAP
#define TEXT PARQUET_CONVERTED_UTF8

static void check_one(const struct element *elements, size_t count, const struct levels *levels,
                      int64_t rows, const char *name, const char *text)
{
    struct made m;
    make(&m, elements, count, levels, rows);
    check_rows(&m, name, NULL, text);
    unmake(&m);
}

#define CHECK_FORM(elements, rows, name, text, ...)                                                \
    do {                                                                                           \
        static const struct levels all[] = {__VA_ARGS__};                                          \
        check_one(elements, ARRAY_LEN(elements), all, rows, name, text);                           \
    } while (0)

/* ---- forms ----------------------------------------------------------------------------------- */

TEST(three_level_list)
{
    static const struct element e[] = {{"root", 'r', 1, -1, 0},
                                       {"l", 'o', 1, LIST, 0},
                                       {"list", 'm', 1, -1, 0},
                                       {"element", 'o', 0, -1, 0}};
    CHECK_FORM(e, 4, "l", "[1,null,2]|-|[]|[3]", {"011000", "323013", 3, 1});
}

static const char three_rows[] = "[1,2]|[]|[3]";

TEST(two_level_lists)
{
    static const struct element array[] = {
        {"root", 'r', 1, -1, 0}, {"l", 'o', 1, LIST, 0}, {"array", 'm', 0, -1, 0}};
    static const struct element tuple[] = {{"root", 'r', 1, -1, 0},
                                           {"l", 'o', 1, LIST, 0},
                                           {"l_tuple", 'm', 1, -1, 0},
                                           {"x", 'r', 0, -1, 0}};
    static const struct element group[] = {{"root", 'r', 1, -1, 0},
                                           {"l", 'r', 1, LIST, 0},
                                           {"element", 'm', 2, -1, 0},
                                           {"x", 'r', 0, -1, 0},
                                           {"y", 'o', 0, TEXT, 0}};
    CHECK_FORM(array, 3, "l", three_rows, {"0100", "2212", 2, 1});
    CHECK_FORM(tuple, 3, "l", "[{\"x\":1},{\"x\":2}]|-|[]", {"0100", "2201", 2, 1});
    CHECK_FORM(group, 2, "l", "[{\"x\":1},{\"x\":2,\"y\":\"v7\"}]|[]", {"010", "110", 1, 1},
               {"010", "120", 2, 7});
}

/* The repeated group's one part repeats: the group is the element. */
TEST(list_of_groups_with_a_repeated_part)
{
    static const struct element e[] = {{"root", 'r', 1, -1, 0},
                                       {"l", 'o', 1, LIST, 0},
                                       {"list", 'm', 1, -1, 0},
                                       {"x", 'm', 0, -1, 0}};
    CHECK_FORM(e, 2, "l", "[{\"x\":[1,2]},{\"x\":[]}]|[{\"x\":[3]}]", {"0210", "3323", 3, 1});
}

TEST(lists_without_annotation)
{
    static const struct element e[] = {{"root", 'r', 2, -1, 0},
                                       {"n", 'm', 0, -1, 0},
                                       {"s", 'm', 2, -1, 0},
                                       {"x", 'o', 0, -1, 0},
                                       {"y", 'm', 0, -1, 0}};
    struct made m;
    static const struct levels levels[] = {
        {"0100", "1101", 1, 1}, {"0001", "2012", 2, 1}, {"02001", "22012", 2, 5}};
    make(&m, e, ARRAY_LEN(e), levels, 3);
    check_rows(&m, "n", NULL, "[1,2]|[]|[3]");
    check_rows(&m, "s", NULL, "[{\"x\":1,\"y\":[5,6]}]|[]|[{\"y\":[]},{\"x\":2,\"y\":[7]}]");
    unmake(&m);
}

TEST(maps_old_and_new)
{
    static const struct element now[] = {{"root", 'r', 1, -1, 0},
                                         {"m", 'o', 1, MAP, 0},
                                         {"key_value", 'm', 2, -1, 0},
                                         {"key", 'r', 0, TEXT, 0},
                                         {"value", 'o', 0, -1, 0}};
    static const struct element old[] = {{"root", 'r', 1, -1, 0},
                                         {"m", 'o', 1, PARQUET_CONVERTED_MAP_KEY_VALUE, 0},
                                         {"map", 'm', 2, PARQUET_CONVERTED_MAP_KEY_VALUE, 0},
                                         {"key", 'o', 0, -1, 0},
                                         {"num", 'r', 0, -1, 0}};
    CHECK_FORM(now, 3, "m", "{\"v1\":4,\"v2\":null}|-|{}", {"0100", "2201", 2, 1},
               {"0100", "3201", 3, 4});
    CHECK_FORM(old, 2, "m", "{\"1\":4}|{\"2\":5,\"3\":6}", {"001", "333", 3, 1},
               {"001", "222", 2, 4});
}

static const struct element in_structs[] = {{"root", 'r', 1, -1, 0},   {"a", 'o', 2, -1, 1},
                                            {"b", 'o', 0, -1, 2},      {"c", 'r', 1, -1, 3},
                                            {"d", 'o', 1, LIST, 4},    {"list", 'm', 1, -1, 0},
                                            {"element", 'o', 0, -1, 5}};
static const struct levels in_structs_levels[] = {{"", "02112", 2, 1}, {"000001", "012434", 4, 1}};

TEST(parts_of_structs_are_columns)
{
    struct made m;
    struct chunk c;
    static const char *const want[] = {"-", "1", "-", "-", "2"};
    make(&m, in_structs, ARRAY_LEN(in_structs), in_structs_levels, 5);
    CHECK_INT(parquet_columns(m.parquet), 2);
    CHECK_STR(parquet_column_at(m.parquet, 0)->name, "a.b");
    CHECK_STR(parquet_column_at(m.parquet, 1)->name, "a.c.d");
    CHECK_INT(parquet_column_find(m.parquet, 2, STR("")), 0);
    CHECK_INT(parquet_column_find(m.parquet, 4, STR("")), 1);
    CHECK(!parquet_column_at(m.parquet, 0)->nested && parquet_column_at(m.parquet, 1)->nested);
    for (int64_t step = 1; step < 6; step++) {
        CHECK_OK(chunk_read(m.parquet, 0, 0, column_type_of(COLUMN_BIGINT), step, &c));
        for (int i = 0; i < 5; i++)
            CHECK(c.values[i].null ? want[i][0] == '-' : c.values[i].i64 == want[i][0] - '0');
        chunk_free(&c);
    }
    check_rows(&m, "a.c.d", NULL, "-|-|[]|[1]|[null,2]");
    struct parquet_column *column;
    CHECK_STATUS(parquet_column_open(m.parquet, 0, 1, column_type_of(COLUMN_BIGINT), &column, &err),
                 ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "a list or map cannot be read as bigint: column a.c.d"));
    unmake(&m);
}

/* ---- trees that are asked for ---------------------------------------------------------------- */

static const struct element evolved[] = {{"root", 'r', 1, -1, 0}, {"l", 'o', 1, LIST, 1},
                                         {"list", 'm', 1, -1, 0}, {"element", 'o', 2, -1, 2},
                                         {"x", 'o', 0, -1, 3},    {"y", 'o', 1, LIST, 4},
                                         {"list", 'm', 1, -1, 0}, {"element", 'o', 0, TEXT, 5}};
/* [{x 1, y [v1, v2]}, NULL, {y []}], NULL */
static const struct levels evolved_levels[] = {{"0110", "4230", 4, 1}, {"02110", "66240", 6, 1}};

TEST(a_wanted_tree_renames_promotes_and_leaves_out)
{
    struct made m;
    struct column_node text = {.field_id = 5, .type = column_type_of(COLUMN_TEXT)};
    struct column_node parts[] = {
        {.kind = COLUMN_NODE_LIST,
         .name = STR("why"),
         .field_id = 4,
         .count = 1,
         .children = &text},
        {.name = STR("new"), .field_id = 9, .type = column_type_of(COLUMN_DATE)},
        {.name = STR("y"), .field_id = 3, .type = column_type_of(COLUMN_BIGINT)}};
    struct column_node element = {
        .kind = COLUMN_NODE_STRUCT, .field_id = 2, .count = 3, .children = parts};
    struct column_node list = {
        .kind = COLUMN_NODE_LIST, .field_id = 1, .count = 1, .children = &element};
    make(&m, evolved, ARRAY_LEN(evolved), evolved_levels, 2);
    check_rows(&m, "l", NULL, "[{\"x\":1,\"y\":[\"v1\",\"v2\"]},null,{\"y\":[]}]|-");
    check_rows(&m, "l", &list, "[{\"why\":[\"v1\",\"v2\"],\"y\":1},null,{\"why\":[]}]|-");
    element.count = 1;
    element.children = parts + 2;
    check_rows(&m, "l", &list, "[{\"y\":1},null,{}]|-");
    element.children = parts + 1; /* nothing that the file has: only its levels are read */
    check_rows(&m, "l", &list, "[{},null,{}]|-");
    unmake(&m);
}

/* Of a struct of which nothing is wanted, the first leaf may lie in a list of its own. */
TEST(levels_alone_may_come_from_a_deeper_list)
{
    static const struct element e[] = {{"root", 'r', 1, -1, 0},     {"l", 'o', 1, LIST, 1},
                                       {"list", 'm', 1, -1, 0},     {"element", 'o', 1, -1, 2},
                                       {"y", 'o', 1, LIST, 4},      {"list", 'm', 1, -1, 0},
                                       {"element", 'o', 0, TEXT, 5}};
    static const struct levels levels[] = {{"0221100", "6662601", 6, 1}};
    struct column_node none = {.name = STR("z"), .field_id = 9, .type = column_type_of(COLUMN_INT)};
    struct column_node element = {.kind = COLUMN_NODE_STRUCT, .count = 1, .children = &none};
    struct column_node list = {.kind = COLUMN_NODE_LIST, .count = 1, .children = &element};
    struct made m;
    make(&m, e, ARRAY_LEN(e), levels, 3);
    check_rows(&m, "l", &list, "[{},null,{}]|-|[]");
    unmake(&m);
}

TEST(a_part_of_another_kind_is_refused)
{
    struct made m;
    char out[1000];
    struct column_node leaf = {.type = column_type_of(COLUMN_INT)};
    struct column_node list = {.kind = COLUMN_NODE_LIST, .count = 1, .children = &leaf};
    make(&m, evolved, ARRAY_LEN(evolved), evolved_levels, 2);
    CHECK_STATUS(rows_of(&m, "l", &list, 1, 0, out), ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "its part element is a struct in the file and cannot be read as a "
                          "primitive: column l"));
    unmake(&m);
}

/* ---- hostile files --------------------------------------------------------------------------- */

static void check_corrupt(const struct levels *levels, int64_t rows, const char *words)
{
    struct made m;
    char out[1000];
    make(&m, evolved, ARRAY_LEN(evolved), levels, rows);
    CHECK_STATUS(rows_of(&m, "l", NULL, 5, 0, out), ST_CORRUPT);
    if (!strstr(err.msg, words))
        test_fail(__FILE__, __LINE__, "\"%s\" has no \"%s\"", err.msg, words);
    unmake(&m);
}

TEST(levels_that_do_not_agree_are_corrupt)
{
    static const struct levels absent[] = {{"00", "30", 4, 1}, {"00", "31", 6, 1}};
    static const struct levels more[] = {{"00", "30", 4, 1}, {"010", "330", 6, 1}};
    static const struct levels less[] = {{"01", "33", 4, 1}, {"00", "33", 6, 1}};
    static const struct levels end[] = {{"00", "33", 4, 1}, {"0", "3", 6, 1}};
    static const struct levels first[] = {{"10", "33", 4, 1}, {"00", "33", 6, 1}};
    static const struct levels above[] = {{"00", "35", 4, 1}, {"00", "33", 6, 1}};
    check_corrupt(absent, 2, "stand where one part is absent");
    check_corrupt(more, 2, "more items in a row");
    check_corrupt(less, 2, "where an item begins");
    check_corrupt(end, 2, "ends before the row group");
    check_corrupt(first, 2, "begins with repetition level 1");
    check_corrupt(above, 2, "a level is 5, the most is 4");
    check_corrupt(above, 3, "a level is 5, the most is 4");
}

TEST(annotations_that_do_not_fit_are_refused)
{
    static const struct element forms[][5] = {
        {{"root", 'r', 1, -1, 0}, {"l", 'o', 1, LIST, 0}, {"x", 'o', 0, -1, 0}},
        {{"root", 'r', 1, -1, 0},
         {"l", 'o', 1, MAP, 0},
         {"m", 'm', 1, -1, 0},
         {"k", 'r', 0, -1, 0}},
        {{"root", 'r', 1, -1, 0}, {"l", 'm', 0, PARQUET_CONVERTED_INTERVAL, 0}},
    };
    static const size_t counts[] = {3, 4, 2};
    static const struct levels levels[] = {{"0", "1", 1, 1}};
    static const char *const why[] = {"list annotation", "map annotation", "INTERVAL"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct made m;
        char out[1000];
        make(&m, forms[i], counts[i], levels, 1);
        CHECK(!parquet_column_at(m.parquet, 0)->supported);
        CHECK_STATUS(rows_of(&m, "l", NULL, 1, 0, out), ST_UNSUPPORTED);
        CHECK(strstr(err.msg, why[i]) && strstr(err.msg, "column l"));
        unmake(&m);
    }
}

TEST(failing_allocations_leave_nothing)
{
    struct made m;
    char out[1000];
    status st = ST_OOM;
    make(&m, evolved, ARRAY_LEN(evolved), evolved_levels, 2);
    for (uint64_t nth = 1; st != ST_OK; nth++) {
        mem_fault_set(nth, false);
        st = rows_of(&m, "l", NULL, 2, 0, out);
        mem_fault_set(0, false);
        CHECK(st == ST_OK || st == ST_OOM);
    }
    unmake(&m);
}
