// SPDX-License-Identifier: Apache-2.0
/* fuzz_codec.c - compressed bytes from outside: byte 0 chooses the codec, bytes 1 and 2 the claimed
 * size, the rest is the data. Whatever decompresses is compressed again and must read back. */
#include "codec/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool cond)
{
    if (!cond)
        abort();
}

static void check_round_trip(enum codec c, const void *data, size_t bytes)
{
    struct buffer packed;
    uint8_t *out = malloc(bytes + 1);
    buffer_init(&packed, NULL, (size_t)1 << 24);
    if (c == CODEC_BROTLI || c == CODEC_LZ4_OLD)
        c = CODEC_ZSTD;
    must(out && codec_compress(c, 0, data, bytes, &packed, NULL) == ST_OK);
    must(codec_decompress(c, packed.data, packed.len, out, bytes, NULL) == ST_OK);
    must(bytes == 0 || memcmp(out, data, bytes) == 0);
    buffer_free(&packed);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum codec c = data[0] % CODEC_COUNT;
    size_t claimed = data[1] | (size_t)data[2] << 8;
    uint8_t *out = malloc(claimed + 1);
    struct buffer appended;
    struct mem_account account;
    must(out != NULL);
    mem_account_init(&account, "fuzz", NULL, (size_t)256 << 20);
    buffer_init(&appended, &account, (size_t)1 << 20);
    if (codec_decompress(c, data + 3, size - 3, out, claimed, NULL) == ST_OK)
        check_round_trip(c, out, claimed);
    if (codec_decompress_append(c, data + 3, size - 3, &appended, NULL) == ST_OK)
        check_round_trip(c, appended.data, appended.len);
    buffer_free(&appended);
    must(account.used_bytes == 0);
    free(out);
    return 0;
}
