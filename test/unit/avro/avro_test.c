// SPDX-License-Identifier: Apache-2.0
/* avro_test.c - schemas, values and containers, whole and damaged. */
#include "avro/avro.h"
#include "harness/test.h"

#include <stdlib.h>

#define CAP (1u << 24)

static const char entry_schema[] =
    "{\"type\":\"record\",\"name\":\"entry\",\"fields\":["
    "{\"name\":\"status\",\"type\":\"int\",\"field-id\":0},"
    "{\"name\":\"id\",\"type\":[\"null\",\"long\"],\"default\":null,\"field-id\":1},"
    "{\"name\":\"file\",\"field-id\":2,\"type\":{\"type\":\"record\",\"name\":\"r2\",\"fields\":["
    "{\"name\":\"path\",\"type\":\"string\",\"field-id\":100},"
    "{\"name\":\"counts\",\"field-id\":109,\"type\":{\"type\":\"array\",\"logicalType\":\"map\","
    "\"items\":{\"type\":\"record\",\"name\":\"k119_v120\",\"fields\":["
    "{\"name\":\"key\",\"type\":\"int\",\"field-id\":119},"
    "{\"name\":\"value\",\"type\":\"long\",\"field-id\":120}]}}}]}}]}";

struct fixture {
    struct arena arena;
    struct buffer file;
    struct error err;
};

static void setup(struct fixture *f)
{
    arena_init(&f->arena, NULL);
    buffer_init(&f->file, NULL, CAP);
    error_init(&f->err);
}

static void teardown(struct fixture *f)
{
    buffer_free(&f->file);
    arena_free(&f->arena);
}

static void put_entry(struct buffer *b, int64_t i, struct error *err_)
{
    struct error err = *err_;
    CHECK_OK(avro_put_long(b, i % 3, &err));
    CHECK_OK(avro_put_long(b, i % 2, &err));
    if (i % 2)
        CHECK_OK(avro_put_long(b, i * 1000003, &err));
    char path[32];
    snprintf(path, sizeof(path), "file-%lld", (long long)i);
    CHECK_OK(avro_put_bytes(b, str_of(path), &err));
    CHECK_OK(avro_put_long(b, 2, &err));
    for (int k = 0; k < 2; k++) {
        CHECK_OK(avro_put_long(b, k + 1, &err));
        CHECK_OK(avro_put_long(b, -i - k, &err));
    }
    CHECK_OK(avro_put_long(b, 0, &err));
}

static void write_entries(struct fixture *f, enum codec codec, int64_t records)
{
    struct error err = f->err;
    struct avro_meta meta[] = {{STR("format-version"), STR("2")}, {STR("content"), STR("data")}};
    struct avro_writer w;
    CHECK_OK(avro_writer_init(&w, &f->file, str_of(entry_schema), meta, 2, codec,
                              (const uint8_t *)"0123456789abcdef", &err));
    for (int64_t i = 0; i < records; i++) {
        put_entry(&w.block, i, &err);
        CHECK_OK(avro_writer_record(&w, &err));
    }
    CHECK_OK(avro_writer_finish(&w, &err));
    avro_writer_free(&w);
}

static void check_entries(struct fixture *f, int64_t records)
{
    struct error err = f->err;
    struct avro_reader r;
    CHECK_OK(avro_reader_init(&r, f->file.data, f->file.len, CAP, &f->arena, NULL, &err));
    CHECK_STR(*avro_reader_meta(&r, "content"), "data");
    CHECK(avro_reader_meta(&r, "no such key") == NULL);
    for (int64_t i = 0;; i++) {
        bool more;
        int64_t v, id = 0;
        uint64_t n;
        struct str path;
        const struct avro_schema *branch;
        CHECK_OK(avro_reader_next(&r, &more, &err));
        if (!more) {
            CHECK_INT(i, records);
            break;
        }
        if (i % 5 == 0) {
            CHECK_OK(avro_skip(r.schema, &r.block_in, &err));
            continue;
        }
        CHECK_OK(avro_get_long(&r.block_in, &v, &err));
        CHECK_INT(v, i % 3);
        CHECK_OK(avro_get_branch(r.schema->fields[1].schema, &r.block_in, &branch, &err));
        if (branch->kind == AVRO_LONG)
            CHECK_OK(avro_get_long(&r.block_in, &id, &err));
        CHECK_INT(id, i % 2 ? i * 1000003 : 0);
        CHECK_OK(avro_get_bytes(&r.block_in, &path, &err));
        CHECK(str_starts(path, STR("file-")));
        CHECK_OK(avro_get_block(&r.block_in, 2, &n, &err));
        CHECK_INT(n, 2);
        for (int k = 0; k < 4; k++)
            CHECK_OK(avro_get_long(&r.block_in, &v, &err));
        CHECK_INT(v, -i - 1);
        CHECK_OK(avro_get_block(&r.block_in, 2, &n, &err));
        CHECK_INT(n, 0);
    }
    avro_reader_free(&r);
}

TEST(containers_round_trip)
{
    enum codec codecs[] = {CODEC_NONE, CODEC_DEFLATE};
    int64_t counts[] = {0, 1, 17, 20000}; /* the last makes several blocks */
    for (size_t c = 0; c < 2; c++)
        for (size_t n = 0; n < 4; n++) {
            struct fixture f;
            setup(&f);
            write_entries(&f, codecs[c], counts[n]);
            check_entries(&f, counts[n]);
            teardown(&f);
        }
}

/* The container of an uncompressed writer, its only block compressed in another way. */
static void recompress(struct fixture *f, const char *name, enum codec codec, bool crc)
{
    struct error err = f->err;
    struct buffer records, packed, out;
    buffer_init(&records, NULL, CAP);
    buffer_init(&packed, NULL, CAP);
    buffer_init(&out, NULL, CAP);
    for (int64_t i = 0; i < 17; i++)
        put_entry(&records, i, &err);
    CHECK_OK(codec_compress(codec, 0, records.data, records.len, &packed, &err));
    if (crc) {
        uint32_t sum = codec_crc32(0, records.data, records.len);
        uint8_t big[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                          (uint8_t)sum};
        CHECK_OK(buffer_append(&packed, big, 4, &err));
    }
    CHECK_OK(buffer_append(&out, "Obj\1", 4, &err));
    CHECK_OK(avro_put_long(&out, 3, &err));
    CHECK_OK(avro_put_bytes(&out, STR("avro.schema"), &err));
    CHECK_OK(avro_put_bytes(&out, str_of(entry_schema), &err));
    CHECK_OK(avro_put_bytes(&out, STR("avro.codec"), &err));
    CHECK_OK(avro_put_bytes(&out, str_of(name), &err));
    CHECK_OK(avro_put_bytes(&out, STR("content"), &err));
    CHECK_OK(avro_put_bytes(&out, STR("data"), &err));
    CHECK_OK(avro_put_long(&out, 0, &err));
    CHECK_OK(buffer_append(&out, "0123456789abcdef", 16, &err));
    CHECK_OK(avro_put_long(&out, 17, &err));
    CHECK_OK(avro_put_bytes(&out, buffer_str(&packed), &err));
    CHECK_OK(buffer_append(&out, "0123456789abcdef", 16, &err));
    buffer_move(&f->file, &out);
    buffer_free(&records);
    buffer_free(&packed);
}

TEST(zstandard_and_snappy_are_read)
{
    struct fixture f;
    setup(&f);
    recompress(&f, "zstandard", CODEC_ZSTD, false);
    check_entries(&f, 17);
    buffer_free(&f.file);
    recompress(&f, "snappy", CODEC_SNAPPY, true);
    check_entries(&f, 17);

    struct error err = f.err;
    struct avro_reader r;
    bool more;
    f.file.data[f.file.len - 17] ^= 1; /* the CRC's last byte */
    CHECK_OK(avro_reader_init(&r, f.file.data, f.file.len, CAP, &f.arena, NULL, &err));
    CHECK_STATUS(avro_reader_next(&r, &more, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "CRC is") != NULL);
    avro_reader_free(&r);
    buffer_free(&f.file);

    recompress(&f, "xz", CODEC_ZSTD, false);
    CHECK_STATUS(avro_reader_init(&r, f.file.data, f.file.len, CAP, &f.arena, NULL, &err),
                 ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "\"xz\"") != NULL);
    avro_reader_free(&r);
    teardown(&f);
}

/* Walks everything; the answer does not matter, only that there is one. */
static status walk(const void *data, size_t bytes, size_t cap, struct error *err)
{
    struct arena arena;
    struct avro_reader r;
    arena_init(&arena, NULL);
    bool more = false;
    status st = avro_reader_init(&r, data, bytes, cap, &arena, NULL, err);
    if (st == ST_OK)
        st = avro_reader_next(&r, &more, err);
    while (st == ST_OK && more) {
        st = avro_skip(r.schema, &r.block_in, err);
        if (st == ST_OK)
            st = avro_reader_next(&r, &more, err);
    }
    avro_reader_free(&r);
    arena_free(&arena);
    return st;
}

TEST(every_cut_is_found)
{
    struct fixture f;
    setup(&f);
    write_entries(&f, CODEC_NONE, 5);
    size_t header = 0;
    for (size_t i = 0; i + 16 <= f.file.len && !header; i++)
        if (memcmp(f.file.data + i, "0123456789abcdef", 16) == 0)
            header = i + 16;
    for (size_t n = 0; n < f.file.len; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, f.file.data, n);
        struct error err;
        error_init(&err);
        status st = walk(copy, n, CAP, &err);
        if (n == header)
            CHECK_STATUS(st, ST_OK); /* a container without blocks */
        else
            CHECK_STATUS(st, ST_CORRUPT);
        free(copy);
    }
    teardown(&f);
}

TEST(every_flipped_bit_ends)
{
    struct fixture f;
    setup(&f);
    write_entries(&f, CODEC_DEFLATE, 5);
    for (size_t i = 0; i < f.file.len * 8; i++) {
        f.file.data[i / 8] ^= (uint8_t)(1 << i % 8);
        struct error err;
        error_init(&err);
        status st = walk(f.file.data, f.file.len, CAP, &err);
        CHECK(st == ST_OK || err.msg[0]);
        f.file.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    teardown(&f);
}

TEST(decoded_blocks_are_capped)
{
    struct fixture f;
    setup(&f);
    write_entries(&f, CODEC_DEFLATE, 1000);
    struct error err = f.err;
    CHECK_STATUS(walk(f.file.data, f.file.len, 1000, &err), ST_LIMIT);
    CHECK(strstr(err.msg, "avro block at offset") != NULL);
    teardown(&f);
}

static struct arena parsed; /* what parse made last */

static status parse(const char *text, struct avro_schema **out, struct error *err)
{
    arena_free(&parsed);
    arena_init(&parsed, NULL);
    return avro_schema_parse(&parsed, NULL, str_of(text), out, err);
}

TEST(schema_attributes_are_kept)
{
    struct error err;
    struct avro_schema *s;
    error_init(&err);
    CHECK_OK(parse(entry_schema, &s, &err));
    CHECK_INT(s->kind, AVRO_RECORD);
    CHECK_INT(s->count, 3);
    CHECK_INT(s->fields[2].field_id, 2);
    struct avro_schema *map = s->fields[2].schema->fields[1].schema;
    CHECK_STR(map->logical_type, "map");
    CHECK_INT(map->branches[0]->fields[1].field_id, 120);
    CHECK_INT(map->element_id, -1);

    CHECK_OK(
        parse("{\"type\":\"record\",\"name\":\"a.b.c\",\"fields\":["
              "{\"name\":\"t\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\","
              "\"adjust-to-utc\":true}},"
              "{\"name\":\"d\",\"type\":{\"type\":\"fixed\",\"name\":\"dec\",\"size\":5,"
              "\"logicalType\":\"decimal\",\"precision\":11,\"scale\":2}},"
              "{\"name\":\"e\",\"type\":\"dec\"},{\"name\":\"f\",\"type\":\"a.b.dec\"},"
              "{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":\"long\","
              "\"element-id\":133}},"
              "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":{\"type\":{\"type\":"
              "\"int\"}},\"key-id\":7,\"value-id\":8}},"
              "{\"name\":\"s\",\"type\":{\"type\":\"enum\",\"name\":\"x\",\"symbols\":"
              "[\"A\",\"B\"]}}]}",
              &s, &err));
    CHECK(s->fields[0].schema->adjust_to_utc);
    CHECK_INT(s->fields[1].schema->precision, 11);
    CHECK_INT(s->fields[1].schema->size_bytes, 5);
    CHECK(s->fields[2].schema == s->fields[1].schema && s->fields[3].schema == s->fields[2].schema);
    CHECK_INT(s->fields[4].schema->element_id, 133);
    CHECK_INT(s->fields[5].schema->key_id, 7);
    CHECK_INT(s->fields[5].schema->value_id, 8);
    CHECK_INT(s->fields[5].schema->branches[0]->kind, AVRO_INT);
    CHECK_STR(s->fields[6].schema->symbols[1], "B");
    CHECK_INT(s->fields[0].field_id, -1);
    arena_free(&parsed);
}

TEST(bad_schemas_are_refused)
{
    static const struct {
        const char *text;
        status want;
    } bad[] = {
        {"", ST_CORRUPT},
        {"{", ST_CORRUPT},
        {"12", ST_CORRUPT},
        {"{}", ST_CORRUPT},
        {"\"nosuchtype\"", ST_CORRUPT},
        {"[]", ST_CORRUPT},
        {"[\"null\",[\"int\"]]", ST_CORRUPT},
        {"{\"type\":\"record\",\"name\":\"r\"}", ST_CORRUPT},
        {"{\"type\":\"record\",\"fields\":[]}", ST_CORRUPT},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\"}]}", ST_CORRUPT},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[3]}", ST_CORRUPT},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":0}", ST_CORRUPT},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":99999999999}", ST_CORRUPT},
        {"{\"type\":\"array\"}", ST_CORRUPT},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[]}", ST_CORRUPT},
        {"{\"type\":\"array\",\"items\":\"int\",\"element-id\":\"7\"}", ST_CORRUPT},
        {"[{\"type\":\"fixed\",\"name\":\"f\",\"size\":1},{\"type\":\"fixed\",\"name\":\"f\","
         "\"size\":1}]",
         ST_CORRUPT},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"r\"}]}",
         ST_UNSUPPORTED},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"null\"}]}",
         ST_UNSUPPORTED},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct error err;
        struct avro_schema *s;
        error_init(&err);
        status st = parse(bad[i].text, &s, &err);
        if (st != bad[i].want)
            test_fail(__FILE__, __LINE__, "%s: %s, not %s", bad[i].text, status_text(st),
                      status_text(bad[i].want));
    }
    arena_free(&parsed);
}

/* Records that hold two of the one before: 2^n nodes from n lines, without a byte of data. */
TEST(doubling_schema_is_refused)
{
    struct buffer b;
    struct error err;
    struct avro_schema *s;
    error_init(&err);
    buffer_init(&b, NULL, CAP);
    CHECK_OK(buffer_printf(&b, &err, "[{\"type\":\"record\",\"name\":\"r0\",\"fields\":[]}"));
    for (int i = 1; i < 60; i++)
        CHECK_OK(buffer_printf(&b, &err,
                               ",{\"type\":\"record\",\"name\":\"r%d\",\"fields\":[{\"name\":\"a\","
                               "\"type\":\"r%d\"},{\"name\":\"b\",\"type\":\"r%d\"}]}",
                               i, i - 1, i - 1));
    CHECK_OK(buffer_printf(&b, &err, "]%c", 0));
    CHECK_STATUS(parse((char *)b.data, &s, &err), ST_LIMIT);

    buffer_clear(&b);
    for (int i = 0; i < 100; i++)
        CHECK_OK(buffer_printf(&b, &err, "{\"type\":\"array\",\"items\":"));
    CHECK_OK(buffer_printf(&b, &err, "\"int\""));
    for (int i = 0; i < 100; i++)
        CHECK_OK(buffer_printf(&b, &err, "}"));
    CHECK_OK(buffer_append_byte(&b, 0, &err));
    CHECK_STATUS(parse((char *)b.data, &s, &err), ST_LIMIT);
    buffer_free(&b);
    arena_free(&parsed);
}

TEST(counts_without_bytes_are_refused)
{
    struct error err;
    struct buffer b;
    uint64_t n;
    error_init(&err);
    buffer_init(&b, NULL, CAP);
    CHECK_OK(avro_put_long(&b, INT64_MAX, &err));
    struct bytes in = bytes_of(b.data, b.len);
    CHECK_STATUS(avro_get_block(&in, 0, &n, &err), ST_CORRUPT);
    buffer_clear(&b);
    CHECK_OK(avro_put_long(&b, INT64_MIN, &err));
    CHECK_OK(avro_put_long(&b, 0, &err));
    in = bytes_of(b.data, b.len);
    CHECK_STATUS(avro_get_block(&in, 1, &n, &err), ST_CORRUPT);
    buffer_clear(&b);
    CHECK_OK(avro_put_long(&b, -2, &err)); /* two items, the block's size, the items */
    CHECK_OK(avro_put_long(&b, 2, &err));
    CHECK_OK(buffer_append(&b, "\2\4", 2, &err));
    in = bytes_of(b.data, b.len);
    CHECK_OK(avro_get_block(&in, 1, &n, &err));
    CHECK_INT(n, 2);

    struct str s;
    buffer_clear(&b);
    CHECK_OK(avro_put_long(&b, -1, &err));
    in = bytes_of(b.data, b.len);
    CHECK_STATUS(avro_get_bytes(&in, &s, &err), ST_CORRUPT);
    buffer_free(&b);
}

TEST(longs_round_trip)
{
    int64_t values[] = {0, -1, 1, 63, 64, -64, -65, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    struct buffer b;
    struct error err;
    error_init(&err);
    buffer_init(&b, NULL, CAP);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        int64_t v;
        buffer_clear(&b);
        CHECK_OK(avro_put_long(&b, values[i], &err));
        struct bytes in = bytes_of(b.data, b.len);
        CHECK_OK(avro_get_long(&in, &v, &err));
        CHECK_INT(v, values[i]);
        CHECK_INT(bytes_left(&in), 0);
    }
    buffer_free(&b);
}

TEST(failed_allocations_are_reported)
{
    struct fixture f;
    setup(&f);
    write_entries(&f, CODEC_DEFLATE, 17);
    for (uint64_t n = 1;; n++) {
        struct error err;
        error_init(&err);
        mem_fault_set(n, false);
        status st = walk(f.file.data, f.file.len, CAP, &err);
        bool reached = mem_fault_count() >= n;
        mem_fault_set(0, false);
        if (!reached) {
            CHECK_STATUS(st, ST_OK);
            CHECK(n > 2);
            break;
        }
        CHECK_STATUS(st, ST_OOM);
    }
    teardown(&f);
}
