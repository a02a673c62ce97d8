// SPDX-License-Identifier: Apache-2.0
/* codec_test.c - round trips of every codec, known bytes of other writers, damage and limits. */
#include "harness/test.h"

#include "codec/codec.h"

#include <lz4frame.h>

#define MANY 100000

/* Half repeating, half noise, so that all codecs use both their literals and their copies. */
static void fill(uint8_t *data, size_t bytes)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < bytes; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = i / 1000 % 2 ? (uint8_t)(x >> 24) : (uint8_t)(i % 7);
    }
}

static const enum codec writable[] = {CODEC_NONE, CODEC_SNAPPY,  CODEC_GZIP,
                                      CODEC_ZSTD, CODEC_LZ4_RAW, CODEC_DEFLATE};

TEST(round_trip_gives_the_same_bytes)
{
    struct error err;
    static uint8_t in[MANY], out[MANY + 1];
    static const size_t sizes[] = {0, 1, 7, 999, MANY};
    fill(in, MANY);
    for (size_t c = 0; c < ARRAY_LEN(writable); c++)
        for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
            struct buffer packed;
            buffer_init(&packed, NULL, 1 << 20);
            CHECK_OK(buffer_append(&packed, "ab", 2, &err)); /* compress appends */
            CHECK_OK(codec_compress(writable[c], 0, in, sizes[s], &packed, &err));
            CHECK(memcmp(packed.data, "ab", 2) == 0);
            memset(out, 0xEE, sizeof(out));
            CHECK_OK(codec_decompress(writable[c], packed.data + 2, packed.len - 2, out, sizes[s],
                                      &err));
            CHECK(memcmp(in, out, sizes[s]) == 0);
            CHECK_INT(out[sizes[s]], 0xEE);
            buffer_free(&packed);
        }
}

TEST(every_level_reads_back_and_is_repeatable)
{
    struct error err;
    static uint8_t in[MANY], out[MANY];
    fill(in, MANY);
    for (int level = 1; level <= 9; level++) {
        static const enum codec leveled[] = {CODEC_GZIP, CODEC_DEFLATE, CODEC_ZSTD};
        for (size_t c = 0; c < ARRAY_LEN(leveled); c++) {
            struct buffer one, two;
            buffer_init(&one, NULL, 1 << 20);
            buffer_init(&two, NULL, 1 << 20);
            CHECK_OK(codec_compress(leveled[c], level, in, MANY, &one, &err));
            CHECK_OK(codec_compress(leveled[c], level, in, MANY, &two, &err));
            CHECK(str_eq(buffer_str(&one), buffer_str(&two)));
            CHECK_OK(codec_decompress(leveled[c], one.data, one.len, out, MANY, &err));
            CHECK(memcmp(in, out, MANY) == 0);
            buffer_free(&one);
            buffer_free(&two);
        }
    }
}

/* What was done before in the same state must not show. */
TEST(kept_state_gives_the_same_bytes)
{
    struct error err;
    static const size_t sizes[] = {MANY, 0, 20, 999, MANY, 70000, 3};
    static const int levels[] = {3, 1, 0, 9, 0, 0, 19};
    static uint8_t in[MANY], out[MANY];
    struct mem_account account;
    struct codec_work *work;
    fill(in, MANY);
    mem_account_init(&account, "codec test", NULL, 0);
    CHECK_OK(codec_work_create(&account, &work, &err));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct buffer fresh, kept;
        buffer_init(&fresh, NULL, 1 << 20);
        buffer_init(&kept, NULL, 1 << 20);
        const uint8_t *from = in + (MANY - sizes[i]) / 2;
        CHECK_OK(codec_compress(CODEC_ZSTD, levels[i], from, sizes[i], &fresh, &err));
        CHECK_OK(codec_work_compress(work, CODEC_ZSTD, levels[i], from, sizes[i], &kept, &err));
        CHECK(str_eq(buffer_str(&fresh), buffer_str(&kept)));
        memset(out, 0xEE, sizeof(out));
        CHECK_OK(codec_work_decompress(work, CODEC_ZSTD, kept.data, kept.len, out, sizes[i], &err));
        CHECK(memcmp(out, from, sizes[i]) == 0);
        if (kept.len > 12) { /* damage leaves a state that works */
            kept.data[kept.len / 2] ^= 0x55;
            CHECK_STATUS(codec_work_decompress(work, CODEC_ZSTD, kept.data, kept.len - 3, out,
                                               sizes[i], &err),
                         ST_CORRUPT);
        }
        buffer_free(&fresh);
        buffer_free(&kept);
    }
    CHECK(account.used_bytes > 50000);
    codec_work_free(work);
    codec_work_free(NULL);
    CHECK_INT(account.used_bytes, 0);
}

TEST(kept_state_is_within_the_account)
{
    struct error err;
    static uint8_t in[MANY], out[MANY];
    struct mem_account account;
    struct codec_work *work;
    struct buffer packed;
    fill(in, MANY);
    buffer_init(&packed, NULL, 1 << 20);
    CHECK_OK(codec_compress(CODEC_ZSTD, 0, in, MANY, &packed, &err));
    mem_account_init(&account, "codec test", NULL, 20000); /* less than a decoder takes */
    CHECK_OK(codec_work_create(&account, &work, &err));
    CHECK_STATUS(codec_work_decompress(work, CODEC_ZSTD, packed.data, packed.len, out, MANY, &err),
                 ST_LIMIT);
    CHECK_STATUS(codec_work_compress(work, CODEC_ZSTD, 0, in, MANY, &packed, &err), ST_LIMIT);
    account.limit_bytes = 0;
    CHECK_OK(codec_work_decompress(work, CODEC_ZSTD, packed.data, packed.len, out, MANY, &err));
    codec_work_free(work);
    buffer_free(&packed);
    CHECK_INT(account.used_bytes, 0);
}

TEST(wrong_sizes_are_corruption)
{
    struct error err;
    static uint8_t in[5000], out[5001];
    fill(in, sizeof(in));
    for (size_t c = 0; c < ARRAY_LEN(writable); c++) {
        struct buffer packed;
        buffer_init(&packed, NULL, 1 << 20);
        CHECK_OK(codec_compress(writable[c], 0, in, 5000, &packed, &err));
        CHECK_STATUS(codec_decompress(writable[c], packed.data, packed.len, out, 4999, &err),
                     ST_CORRUPT);
        CHECK_STATUS(codec_decompress(writable[c], packed.data, packed.len, out, 5001, &err),
                     ST_CORRUPT);
        CHECK_STATUS(codec_decompress(writable[c], packed.data, packed.len, out, 0, &err),
                     ST_CORRUPT);
        CHECK_STATUS(codec_decompress(writable[c], packed.data, packed.len - 1, out, 5000, &err),
                     ST_CORRUPT);
        CHECK_STATUS(codec_decompress(writable[c], packed.data, 0, out, 5000, &err), ST_CORRUPT);
        /* Something behind the end; deflate may have a cut check sum there. */
        size_t cut = writable[c] == CODEC_DEFLATE ? 4 : 0;
        CHECK_OK(buffer_append(&packed, "sumsx", 5, &err));
        CHECK_STATUS(
            codec_decompress(writable[c], packed.data, packed.len - 5 + cut, out, 5000, &err),
            ST_OK);
        CHECK_STATUS(codec_decompress(writable[c], packed.data, packed.len, out, 5000, &err),
                     ST_CORRUPT);
        buffer_free(&packed);
    }
}

TEST(append_reads_unknown_sizes_within_the_cap)
{
    struct error err;
    static const enum codec known[] = {CODEC_NONE, CODEC_GZIP, CODEC_DEFLATE, CODEC_ZSTD};
    static uint8_t in[MANY];
    fill(in, MANY);
    for (size_t c = 0; c < ARRAY_LEN(known); c++) {
        struct mem_account account;
        struct buffer packed, out, small;
        mem_account_init(&account, "codec test", NULL, 0);
        buffer_init(&packed, NULL, 1 << 20);
        buffer_init(&out, &account, MANY);
        buffer_init(&small, &account, MANY - 1);
        CHECK_OK(codec_compress(known[c], 0, in, MANY, &packed, &err));
        CHECK_OK(codec_decompress_append(known[c], packed.data, packed.len, &out, &err));
        CHECK_INT(out.len, MANY);
        CHECK(memcmp(out.data, in, MANY) == 0);
        CHECK_STATUS(codec_decompress_append(known[c], packed.data, packed.len, &small, &err),
                     ST_LIMIT);
        if (known[c] != CODEC_NONE) {
            buffer_clear(&out);
            CHECK_STATUS(codec_decompress_append(known[c], packed.data, packed.len / 2, &out, &err),
                         ST_CORRUPT);
            CHECK_STATUS(codec_decompress_append(known[c], packed.data, 0, &out, &err), ST_CORRUPT);
        }
        buffer_free(&packed);
        buffer_free(&out);
        buffer_free(&small);
        CHECK_INT(account.used_bytes, 0);
    }
}

TEST(concatenated_gzip_members_and_zstd_frames_are_one)
{
    struct error err;
    static const enum codec known[] = {CODEC_GZIP, CODEC_ZSTD};
    for (size_t c = 0; c < ARRAY_LEN(known); c++) {
        struct buffer packed, out;
        char both[6];
        buffer_init(&packed, NULL, 1 << 20);
        buffer_init(&out, NULL, 1 << 20);
        CHECK_OK(codec_compress(known[c], 0, "abc", 3, &packed, &err));
        CHECK_OK(codec_compress(known[c], 0, "def", 3, &packed, &err));
        CHECK_OK(codec_decompress_append(known[c], packed.data, packed.len, &out, &err));
        CHECK_STR(buffer_str(&out), "abcdef");
        CHECK_OK(codec_decompress(known[c], packed.data, packed.len, both, 6, &err));
        CHECK_STR(((struct str){both, 6}), "abcdef");
        buffer_free(&packed);
        buffer_free(&out);
    }
}

/* Made with pyarrow: compress(b"firn " * 20, codec="brotli"). */
TEST(brotli_of_another_writer)
{
    struct error err;
    static const uint8_t packed[] = {0x1B, 0x63, 0x00, 0x00, 0x04, 0x26, 0x72, 0xA4, 0x39,
                                     0xB5, 0x25, 0x87, 0x07, 0x6A, 0x51, 0x64, 0xFB, 0x00};
    char out[100];
    CHECK_OK(codec_decompress(CODEC_BROTLI, packed, sizeof(packed), out, 100, &err));
    for (int i = 0; i < 20; i++)
        CHECK(memcmp(out + (ptrdiff_t)i * 5, "firn ", 5) == 0);
    CHECK_STATUS(codec_decompress(CODEC_BROTLI, packed, sizeof(packed), out, 99, &err), ST_CORRUPT);
    CHECK_STATUS(codec_decompress(CODEC_BROTLI, packed, sizeof(packed) - 1, out, 100, &err),
                 ST_CORRUPT);
}

/* Two Hadoop blocks, the first of two lz4 blocks, as its stream writes what passes its buffer. */
static void hadoop_frame(const uint8_t *in, struct buffer *out)
{
    static const size_t raw[] = {3000, 2000}, parts[][2] = {{1800, 1200}, {2000, 0}};
    struct error err;
    for (size_t i = 0; i < 2; i++) {
        uint32_t be = __builtin_bswap32((uint32_t)raw[i]);
        CHECK_OK(buffer_append(out, &be, 4, &err));
        for (size_t k = 0; k < 2 && parts[i][k] > 0; in += parts[i][k++]) {
            struct buffer block;
            buffer_init(&block, NULL, 1 << 20);
            CHECK_OK(codec_compress(CODEC_LZ4_RAW, 0, in, parts[i][k], &block, &err));
            be = __builtin_bswap32((uint32_t)block.len);
            CHECK_OK(buffer_append(out, &be, 4, &err));
            CHECK_OK(buffer_append(out, block.data, block.len, &err));
            buffer_free(&block);
        }
    }
}

static void check_lz4_old(const struct buffer *packed, const uint8_t *in, size_t bytes)
{
    struct error err;
    static uint8_t out[MANY + 1];
    memset(out, 0xEE, sizeof(out));
    CHECK_OK(codec_decompress(CODEC_LZ4_OLD, packed->data, packed->len, out, bytes, &err));
    CHECK(memcmp(in, out, bytes) == 0);
    CHECK_INT(out[bytes], 0xEE);
    CHECK_STATUS(codec_decompress(CODEC_LZ4_OLD, packed->data, packed->len, out, bytes - 1, &err),
                 ST_CORRUPT);
    CHECK_STATUS(codec_decompress(CODEC_LZ4_OLD, packed->data, packed->len, out, bytes + 1, &err),
                 ST_CORRUPT);
    CHECK_STATUS(codec_decompress(CODEC_LZ4_OLD, packed->data, packed->len - 1, out, bytes, &err),
                 ST_CORRUPT);
    CHECK(strstr(err.msg, "Hadoop") != NULL);
}

TEST(old_lz4_is_hadoop_framed_or_bare)
{
    struct error err;
    static uint8_t in[5000];
    struct buffer packed;
    fill(in, sizeof(in));
    buffer_init(&packed, NULL, 1 << 20);
    hadoop_frame(in, &packed);
    check_lz4_old(&packed, in, sizeof(in));
    buffer_clear(&packed);
    CHECK_OK(codec_compress(CODEC_LZ4_RAW, 0, in, sizeof(in), &packed, &err));
    check_lz4_old(&packed, in, sizeof(in));
    buffer_free(&packed);
    CHECK_OK(codec_decompress(CODEC_LZ4_OLD, "", 0, in, 0, &err));
}

TEST(old_lz4_may_be_a_frame)
{
    struct error err;
    static uint8_t in[MANY];
    fill(in, MANY);
    for (int form = 0; form < 16; form++) { /* blocks linked or not, each check and size or not */
        LZ4F_preferences_t how = {
            .frameInfo = {.blockMode = form & 1 ? LZ4F_blockIndependent : LZ4F_blockLinked,
                          .contentChecksumFlag =
                              form & 2 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum,
                          .contentSize = form & 4 ? MANY : 0,
                          .blockChecksumFlag =
                              form & 8 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum}};
        struct buffer packed;
        buffer_init(&packed, NULL, 1 << 20);
        CHECK_OK(buffer_reserve(&packed, LZ4F_compressFrameBound(MANY, &how), &err));
        packed.len = LZ4F_compressFrame(packed.data, packed.size_bytes, in, MANY, &how);
        CHECK(!LZ4F_isError(packed.len));
        check_lz4_old(&packed, in, MANY);
        if (form & (2 | 8)) {
            static uint8_t out[MANY];
            packed.data[packed.len - 6 - (form & 2 ? 4 : 0)] ^=
                1; /* in the last block or its check */
            CHECK_STATUS(codec_decompress(CODEC_LZ4_OLD, packed.data, packed.len, out, MANY, &err),
                         ST_CORRUPT);
        }
        buffer_free(&packed);
    }
}

TEST(what_is_not_supported_is_named)
{
    struct error err;
    struct buffer out;
    buffer_init(&out, NULL, 100);
    CHECK_STATUS(codec_compress(CODEC_BROTLI, 0, "a", 1, &out, &err), ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "brotli") != NULL);
    CHECK_STATUS(codec_decompress_append(CODEC_SNAPPY, "a", 1, &out, &err), ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "snappy") != NULL);
    CHECK_STATUS(codec_compress(CODEC_GZIP, 10, "a", 1, &out, &err), ST_INVALID);
    CHECK_STATUS(codec_compress(CODEC_ZSTD, 100, "a", 1, &out, &err), ST_INVALID);
    buffer_free(&out);
}

TEST(failing_allocations_are_reported_and_leave_nothing)
{
    struct error err;
    static uint8_t in[5000];
    fill(in, sizeof(in));
    for (size_t c = 0; c < ARRAY_LEN(writable); c++) {
        struct mem_account account;
        mem_account_init(&account, "codec test", NULL, 0);
        for (uint64_t nth = 1;; nth++) {
            struct buffer packed, out;
            buffer_init(&packed, &account, 1 << 20);
            buffer_init(&out, &account, 1 << 20);
            mem_fault_set(nth, false);
            status st = codec_compress(writable[c], 0, in, sizeof(in), &packed, &err);
            bool streams = writable[c] != CODEC_SNAPPY && writable[c] != CODEC_LZ4_RAW;
            if (st == ST_OK && streams)
                st = codec_decompress_append(writable[c], packed.data, packed.len, &out, &err);
            bool clean = mem_fault_count() < nth;
            mem_fault_set(0, false);
            buffer_free(&packed);
            buffer_free(&out);
            CHECK_INT(account.used_bytes, 0);
            CHECK_STATUS(st, clean ? ST_OK : ST_OOM);
            if (clean)
                break;
        }
    }
}

TEST(an_account_bounds_the_library)
{
    struct error err;
    struct mem_account account;
    struct buffer packed, out;
    mem_account_init(&account, "codec test", NULL, 5000);
    buffer_init(&packed, NULL, 1 << 20);
    buffer_init(&out, &account, 1 << 20);
    CHECK_OK(codec_compress(CODEC_GZIP, 0, "abc", 3, &packed, &err));
    CHECK_STATUS(codec_decompress_append(CODEC_GZIP, packed.data, packed.len, &out, &err),
                 ST_LIMIT);
    buffer_free(&packed);
    buffer_free(&out);
    CHECK_INT(account.used_bytes, 0);
}

TEST(crc_is_that_of_gzip)
{
    CHECK_INT(codec_crc32(0, "123456789", 9), 0xCBF43926);
    CHECK_INT(codec_crc32(codec_crc32(0, "1234", 4), "56789", 5), 0xCBF43926);
    CHECK_INT(codec_crc32(7, NULL, 0), 7);
}
