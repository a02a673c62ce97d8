// SPDX-License-Identifier: Apache-2.0
/* fuzz_parquet_page.c - the pages of one column from outside: the input chooses type, encodings and
 * sizes and gives the pages' bytes, around which a whole and valid file is built.
 *
 *     byte 0  physical type        byte 1  annotation       byte 2  encoding of the data page
 *     byte 3  flags: 1 optional, 2 page v2, 4 dictionary page, 8 legacy levels
 *     byte 4, 5  rows    byte 6  dictionary entries    byte 7  dictionary bytes (times 4)
 *     byte 8  bytes of definition levels (v2)     rest: dictionary page, data page */
#include "fuzz_parquet.h"

#include "parquet/parquet_format_int.h"

#define CHOICES 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_page(struct buffer *file, const struct parquet_page_header *h, const uint8_t *body)
{
    must(parquet_thrift_write(&parquet_shape_page_header, h, file, NULL) == ST_OK);
    must(buffer_append(file, body, (size_t)h->compressed_bytes, NULL) == ST_OK);
}

static struct parquet_page_header data_header(const uint8_t *choice, int32_t rows, int32_t bytes)
{
    struct parquet_page_header h = {.uncompressed_bytes = bytes, .compressed_bytes = bytes};
    int32_t encoding = choice[2] % 10;
    if (choice[3] & 2) {
        h.type = PARQUET_DATA_PAGE_V2;
        PARQUET_PUT(&h, PAGE_DATA_V2);
        h.data_v2 = (struct parquet_data_page_v2){.num_values = rows,
                                                  .num_rows = rows,
                                                  .encoding = encoding,
                                                  .definition_levels_bytes = choice[8]};
    } else {
        PARQUET_PUT(&h, PAGE_DATA);
        h.data = (struct parquet_data_page){.num_values = rows,
                                            .encoding = encoding,
                                            .definition_levels =
                                                choice[3] & 8 ? PARQUET_BIT_PACKED : PARQUET_RLE,
                                            .repetition_levels = PARQUET_RLE};
    }
    return h;
}

static struct parquet_schema_element leaf(const uint8_t *choice)
{
    struct parquet_schema_element e = {.type = choice[0] % PARQUET_TYPE_COUNT,
                                       .type_length = 1 + choice[1] / 22,
                                       .repetition =
                                           choice[3] & 1 ? PARQUET_OPTIONAL : PARQUET_REQUIRED,
                                       .name = STR("c"),
                                       .converted_type = choice[1] % 22,
                                       .scale = 1,
                                       .precision = 1 + choice[1] % 38};
    PARQUET_PUT(&e, SCHEMA_TYPE);
    PARQUET_PUT(&e, SCHEMA_TYPE_LENGTH);
    PARQUET_PUT(&e, SCHEMA_REPETITION);
    PARQUET_PUT(&e, SCHEMA_SCALE);
    PARQUET_PUT(&e, SCHEMA_PRECISION);
    if (choice[1] & 0x80)
        PARQUET_PUT(&e, SCHEMA_CONVERTED_TYPE);
    return e;
}

static void put_footer(struct buffer *file, const uint8_t *choice, int32_t rows)
{
    struct parquet_schema_element schema[2] = {{.name = STR("root"), .num_children = 1},
                                               leaf(choice)};
    struct str path = STR("c");
    struct parquet_chunk chunk = {.meta = {.type = schema[1].type,
                                           .path = {1, &path},
                                           .num_values = rows,
                                           .uncompressed_bytes = (int64_t)file->len - 4,
                                           .compressed_bytes = (int64_t)file->len - 4,
                                           .data_page_offset = 4}};
    struct parquet_row_group group = {.columns = {1, &chunk}, .num_rows = rows};
    struct parquet_file_meta meta = {
        .version = 1, .schema = {2, schema}, .num_rows = rows, .row_groups = {1, &group}};
    size_t start = file->len;
    uint8_t end[8] = {0, 0, 0, 0, 'P', 'A', 'R', '1'};
    PARQUET_PUT(&schema[0], SCHEMA_NUM_CHILDREN);
    PARQUET_PUT(&chunk, CHUNK_META);
    must(parquet_thrift_write(&parquet_shape_file_meta, &meta, file, NULL) == ST_OK);
    store_u32le(end, (uint32_t)(file->len - start));
    must(buffer_append(file, end, 8, NULL) == ST_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer file;
    if (size < CHOICES)
        return 0;
    const uint8_t *body = data + CHOICES;
    size_t left = size - CHOICES;
    int32_t rows = data[4] | data[5] << 8;
    buffer_init(&file, NULL, (size_t)1 << 24);
    must(buffer_append(&file, "PAR1", 4, NULL) == ST_OK);
    if (data[3] & 4) {
        size_t bytes = data[7] * 4u < left ? data[7] * 4u : left;
        struct parquet_page_header h = {.type = PARQUET_DICTIONARY_PAGE,
                                        .uncompressed_bytes = (int32_t)bytes,
                                        .compressed_bytes = (int32_t)bytes,
                                        .dictionary = {.num_values = data[6]}};
        PARQUET_PUT(&h, PAGE_DICTIONARY);
        put_page(&file, &h, body);
        body += bytes;
        left -= bytes;
    }
    struct parquet_page_header h = data_header(data, rows, (int32_t)left);
    put_page(&file, &h, body);
    put_footer(&file, data, rows);
    read_bytes(file.data, file.len);
    buffer_free(&file);
    return 0;
}
