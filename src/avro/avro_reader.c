// SPDX-License-Identifier: Apache-2.0
/* avro_reader.c - object container files in (Avro 1.11, "Object Container Files").
 *
 *     "Obj" 1 | map of header keys | sync(16) | block | block ...
 *     block = count | bytes of data | data (compressed) | sync(16)
 *
 * Typical: a manifest of one block, 1 to 1,000 records, 5 KiB to 8 MiB.
 *
 * R1  a block's record count is bounded by its decoded bytes, these by block_cap_bytes
 * R2  a block is used up exactly: bytes left over are corruption, not slack */
#include "avro/avro.h"

#define HEADER_KEYS_MAX 10000u

static const struct {
    const char *name;
    enum codec codec;
} codecs[] = {
    {"null", CODEC_NONE},
    {"deflate", CODEC_DEFLATE},
    {"zstandard", CODEC_ZSTD},
    {"snappy", CODEC_SNAPPY},
};

const struct str *avro_reader_meta(const struct avro_reader *r, const char *key)
{
    for (size_t i = 0; i < r->meta_count; i++)
        if (str_eq_z(r->meta[i].key, key))
            return &r->meta[i].value;
    return NULL;
}

static status read_header(struct avro_reader *r, struct error *err)
{
    struct bytes *in = &r->in;
    const uint8_t *p;
    size_t capacity = 0;
    if (bytes_left(in) < 4 || memcmp(in->data, "Obj\1", 4) != 0)
        FAIL(err, ST_CORRUPT, "not an avro container: it does not begin with \"Obj\" and 1");
    TRY(bytes_take(in, 4, &p, err));
    for (;;) {
        uint64_t count;
        TRY(avro_get_block(in, 2, &count, err));
        if (count == 0)
            break;
        if (count > HEADER_KEYS_MAX - r->meta_count)
            FAIL(err, ST_LIMIT, "avro header with more than %u keys", HEADER_KEYS_MAX);
        TRY(arena_grow(r->arena, (void **)&r->meta, sizeof(*r->meta), &capacity,
                       r->meta_count + (size_t)count, err));
        for (uint64_t i = 0; i < count; i++) {
            struct str key, value;
            TRY(avro_get_bytes(in, &key, err));
            TRY(avro_get_bytes(in, &value, err));
            TRY(arena_str(r->arena, key, &r->meta[r->meta_count].key, err));
            TRY(arena_str(r->arena, value, &r->meta[r->meta_count].value, err));
            r->meta_count++;
        }
    }
    TRY(bytes_take(in, sizeof(r->sync), &p, err));
    memcpy(r->sync, p, sizeof(r->sync));
    return ST_OK;
}

static status find_codec(struct avro_reader *r, struct error *err)
{
    const struct str *name = avro_reader_meta(r, "avro.codec");
    r->codec = CODEC_NONE;
    if (!name)
        return ST_OK;
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
        if (str_eq_z(*name, codecs[i].name)) {
            r->codec = codecs[i].codec;
            return ST_OK;
        }
    FAIL(err, ST_UNSUPPORTED, "avro codec \"%.*s\"", STR_ARG(*name));
}

status avro_reader_init(struct avro_reader *r, const void *data, size_t bytes,
                        size_t block_cap_bytes, struct arena *arena, struct mem_account *account,
                        struct error *err)
{
    *r = (struct avro_reader){.in = bytes_of(data, bytes), .arena = arena};
    buffer_init(&r->block, account, block_cap_bytes);
    TRY_CONTEXT(read_header(r, err), err, "avro header");
    TRY(find_codec(r, err));
    const struct str *text = avro_reader_meta(r, "avro.schema");
    if (!text)
        FAIL(err, ST_CORRUPT, "avro header without avro.schema");
    r->schema_text = *text;
    return avro_schema_parse(arena, account, *text, &r->schema, err);
}

void avro_reader_free(struct avro_reader *r)
{
    buffer_free(&r->block);
}

/* "snappy": the raw format, which begins with the decoded size, then the CRC-32 of the decoded
 * bytes, big-endian. */
static status decode_snappy(struct avro_reader *r, struct str data, struct error *err)
{
    uint64_t size;
    if (data.len < 4)
        FAIL(err, ST_CORRUPT, "avro snappy block of %zu bytes has no room for its CRC", data.len);
    struct bytes in = bytes_of(data.ptr, data.len - 4);
    TRY(bytes_uvarint(&in, &size, err));
    /* One tag of at most three bytes makes at most 64 bytes, so the claim is bounded by the input
     * before anything is allocated. */
    if (size / 64 > bytes_left(&in))
        FAIL(err, ST_CORRUPT, "avro snappy block of %zu bytes claims %llu", data.len,
             (unsigned long long)size);
    TRY(buffer_reserve(&r->block, (size_t)size, err));
    TRY(codec_decompress(CODEC_SNAPPY, data.ptr, data.len - 4, r->block.data, (size_t)size, err));
    r->block.len = (size_t)size;
    const uint8_t *c = (const uint8_t *)data.ptr + data.len - 4;
    uint32_t want = (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3];
    uint32_t got = codec_crc32(0, r->block.data, r->block.len);
    if (got != want)
        FAIL(err, ST_CORRUPT, "avro snappy block: CRC is %08x, the file says %08x", got, want);
    return ST_OK;
}

static status decode_block(struct avro_reader *r, struct str data, struct error *err)
{
    buffer_clear(&r->block);
    if (r->codec == CODEC_NONE) {
        r->block_in = bytes_of(data.ptr, data.len);
        return ST_OK;
    }
    if (r->codec == CODEC_SNAPPY)
        TRY(decode_snappy(r, data, err));
    else
        TRY(codec_decompress_append(r->codec, data.ptr, data.len, &r->block, err));
    r->block_in = bytes_of(r->block.data, r->block.len);
    return ST_OK;
}

static status read_block(struct avro_reader *r, struct error *err)
{
    int64_t count, size;
    struct str data, sync;
    TRY(bytes_zigzag(&r->in, &count, err));
    TRY(bytes_zigzag(&r->in, &size, err));
    if (count < 0 || size < 0)
        FAIL(err, ST_CORRUPT, "avro block of %lld records in %lld bytes", (long long)count,
             (long long)size);
    TRY(avro_get_fixed(&r->in, (size_t)size, &data, err));
    TRY(avro_get_fixed(&r->in, sizeof(r->sync), &sync, err));
    if (memcmp(sync.ptr, r->sync, sizeof(r->sync)) != 0)
        FAIL(err, ST_CORRUPT, "avro block is not followed by the file's sync mark");
    TRY(decode_block(r, data, err));
    uint64_t min = r->schema->min_bytes ? r->schema->min_bytes : 1; /* R1 */
    if ((uint64_t)count > r->block_in.size / min)
        FAIL(err, ST_CORRUPT, "avro block of %lld records in %zu decoded bytes", (long long)count,
             r->block_in.size);
    r->records_left = (uint64_t)count;
    return ST_OK;
}

status avro_reader_next(struct avro_reader *r, bool *more, struct error *err)
{
    *more = true;
    while (r->records_left == 0) {
        if (bytes_left(&r->block_in) > 0) /* R2 */
            FAIL(err, ST_CORRUPT,
                 "avro block before offset %zu has %zu bytes after its last record", r->in.at,
                 bytes_left(&r->block_in));
        if (bytes_left(&r->in) == 0) {
            *more = false;
            return ST_OK;
        }
        size_t start = r->in.at;
        TRY_CONTEXT(read_block(r, err), err, "avro block at offset %zu", start);
    }
    r->records_left--;
    return ST_OK;
}
