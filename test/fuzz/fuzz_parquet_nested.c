// SPDX-License-Identifier: Apache-2.0
/* fuzz_parquet_nested.c - levels and values of a list or map from outside: the input chooses a schema
 * and gives the pages' bytes, around which a whole and valid file is built.
 *
 *     byte 0  schema           byte 1  1 page v2, 2 leaves of text
 *     byte 2  rows             byte 3  entries of each leaf
 *     then for each leaf: bytes of repetition levels, of definition levels, of values (a byte each),
 *     and those bytes */
#include "fuzz_parquet.h"

#include "parquet/parquet_format_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Elements as letters, depth first: r, o, m = required, optional, repeated group (the digit behind it:
 * parts); R, O, M = leaf; L, A in front = annotated LIST, MAP. */
static const char *const shapes[] = {
    "Lo1m1O",               /* three levels */
    "Lo1M",                 /* two */
    "Lo1m2OR",              /* of structs, two levels */
    "Lo1m1o3OOO",           /* of structs */
    "Lo1m1Lo1m1O",          /* of lists */
    "Ao1m2RO",              /* a map */
    "Ao1m2RLo1m1O",         /* of lists */
    "o2OLr1m1O",            /* in a struct */
    "m2Om1M",               /* repeated groups without annotation */
    "Lo1m1o2Lo1m1OAo1m2RO", /* a struct of a list and a map */
};

struct walk {
    const char *at;
    struct parquet_schema_element *elements;
    size_t count;
    bool text;
};

static void add_elements(struct walk *w)
{
    struct parquet_schema_element e = {.name = STR("x")};
    char c = *w->at++;
    PARQUET_PUT(&e, SCHEMA_REPETITION);
    if (c == 'L' || c == 'A') {
        PARQUET_PUT(&e, SCHEMA_CONVERTED_TYPE);
        e.converted_type = c == 'L' ? PARQUET_CONVERTED_LIST : PARQUET_CONVERTED_MAP;
        c = *w->at++;
    }
    bool leaf = c < 'a';
    c |= 0x20;
    e.repetition = c == 'r' ? PARQUET_REQUIRED : c == 'o' ? PARQUET_OPTIONAL : PARQUET_REPEATED;
    PARQUET_PUT(&e, leaf ? SCHEMA_TYPE : SCHEMA_NUM_CHILDREN);
    e.type = w->text ? PARQUET_BYTE_ARRAY : PARQUET_INT32;
    e.num_children = leaf ? 0 : *w->at++ - '0';
    w->elements[w->count++] = e;
    for (int32_t i = 0; i < e.num_children; i++)
        add_elements(w);
}

struct input {
    const uint8_t *data;
    size_t left;
};

static struct str take(struct input *in, size_t n)
{
    n = n < in->left ? n : in->left;
    struct str out = {(const char *)in->data, n};
    in->data += n;
    in->left -= n;
    return out;
}

static void put_leaf(struct buffer *file, struct input *in, bool v2, int32_t entries, int32_t rows)
{
    struct str sizes = take(in, 3);
    uint8_t n[3] = {0};
    memcpy(n, sizes.ptr, sizes.len);
    struct str parts[3] = {take(in, n[0]), take(in, n[1]), take(in, n[2])};
    struct buffer body;
    buffer_init(&body, NULL, 4096);
    for (size_t i = 0; i < 3; i++) {
        uint8_t length[4];
        store_u32le(length, (uint32_t)parts[i].len);
        if (i < 2 && !v2)
            must(buffer_append(&body, length, 4, NULL) == ST_OK);
        must(buffer_append_str(&body, parts[i], NULL) == ST_OK);
    }
    struct parquet_page_header h = {.uncompressed_bytes = (int32_t)body.len,
                                    .compressed_bytes = (int32_t)body.len};
    if (v2) {
        h.type = PARQUET_DATA_PAGE_V2;
        PARQUET_PUT(&h, PAGE_DATA_V2);
        h.data_v2 = (struct parquet_data_page_v2){.num_values = entries,
                                                  .num_rows = rows < entries ? rows : entries,
                                                  .repetition_levels_bytes = (int32_t)parts[0].len,
                                                  .definition_levels_bytes = (int32_t)parts[1].len};
    } else {
        PARQUET_PUT(&h, PAGE_DATA);
        h.data = (struct parquet_data_page){.num_values = entries,
                                            .definition_levels = PARQUET_RLE,
                                            .repetition_levels = PARQUET_RLE};
    }
    must(parquet_thrift_write(&parquet_shape_page_header, &h, file, NULL) == ST_OK);
    must(buffer_append(file, body.data, body.len, NULL) == ST_OK);
    buffer_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parquet_schema_element schema[24] = {{.name = STR("root"), .num_children = 1}};
    struct parquet_chunk chunks[12];
    struct str path = STR("x");
    struct buffer file;
    size_t leaves = 0;
    if (size < 4)
        return 0;
    struct walk w = {shapes[data[0] % ARRAY_LEN(shapes)], schema, 1, data[1] & 2};
    struct input in = {data + 4, size - 4};
    memset(chunks, 0, sizeof(chunks));
    PARQUET_PUT(&schema[0], SCHEMA_NUM_CHILDREN);
    add_elements(&w);
    buffer_init(&file, NULL, (size_t)1 << 20);
    must(buffer_append(&file, "PAR1", 4, NULL) == ST_OK);
    for (size_t i = 1; i < w.count; i++) {
        int64_t start = (int64_t)file.len;
        if (schema[i].num_children > 0)
            continue;
        put_leaf(&file, &in, data[1] & 1, data[3], data[2]);
        chunks[leaves].meta =
            (struct parquet_chunk_meta){.type = schema[i].type,
                                        .path = {1, &path},
                                        .num_values = data[3],
                                        .uncompressed_bytes = (int64_t)file.len - start,
                                        .compressed_bytes = (int64_t)file.len - start,
                                        .data_page_offset = start};
        PARQUET_PUT(&chunks[leaves], CHUNK_META);
        leaves++;
    }
    struct parquet_row_group group = {.columns = {leaves, chunks}, .num_rows = data[2]};
    struct parquet_file_meta meta = {
        .version = 1, .schema = {w.count, schema}, .num_rows = data[2], .row_groups = {1, &group}};
    size_t footer = file.len;
    uint8_t end[8] = {0, 0, 0, 0, 'P', 'A', 'R', '1'};
    must(parquet_thrift_write(&parquet_shape_file_meta, &meta, &file, NULL) == ST_OK);
    store_u32le(end, (uint32_t)(file.len - footer));
    must(buffer_append(&file, end, 8, NULL) == ST_OK);
    read_bytes(file.data, file.len);
    buffer_free(&file);
    return 0;
}
