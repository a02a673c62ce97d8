// SPDX-License-Identifier: Apache-2.0
/* parquet_delta.c - Encodings.md "Delta Encoding": differences, bit-packed in miniblocks.
 *
 *     header   varint(values in a block), varint(miniblocks in a block), varint(values in all),
 *              zigzag(first value)
 *     block    zigzag(smallest difference), one width byte a miniblock, miniblocks
 *
 * Differences and sums wrap around (two's complement), so everything here is unsigned. The last
 * block holds only the miniblocks that are needed; its unused width bytes mean nothing.
 *
 * D1  a block header is at least 2 bytes, so a claim of many values costs input before it costs
 *     time
 * D2  a miniblock's bytes are checked before they are unpacked; of the last one only the part that
 *     holds values */
#include "parquet/parquet_read_int.h"

status parquet_delta_init(struct parquet_delta *d, const uint8_t *data, size_t bytes,
                          unsigned most_width, uint64_t most, struct error *err)
{
    struct bytes in = bytes_of(data, bytes);
    uint64_t block, minis, count;
    int64_t first;
    TRY(bytes_uvarint(&in, &block, err));
    TRY(bytes_uvarint(&in, &minis, err));
    TRY(bytes_uvarint(&in, &count, err));
    TRY(bytes_zigzag(&in, &first, err));
    if (minis == 0 || block == 0 || block > INT32_MAX || block % minis || block / minis % 32)
        FAIL(err, ST_CORRUPT, "a delta block of %llu values cannot have %llu miniblocks",
             (unsigned long long)block, (unsigned long long)minis);
    if (count > most)
        FAIL(err, ST_CORRUPT, "delta data claim %llu values where at most %llu can stand",
             (unsigned long long)count, (unsigned long long)most);
    *d = (struct parquet_delta){.at = data + in.at,
                                .end = data + bytes,
                                .left = count,
                                .last = (uint64_t)first,
                                .first = true,
                                .mini_values = block / minis,
                                .minis = minis,
                                .mini = minis,
                                .most_width = most_width};
    return ST_OK;
}

/* Enters the next miniblock; d->left > 0. */
static status next_mini(struct parquet_delta *d, struct error *err)
{
    if (d->mini == d->minis) {
        struct bytes in = bytes_of(d->at, (size_t)(d->end - d->at));
        int64_t min_delta;
        TRY(bytes_zigzag(&in, &min_delta, err));
        TRY(bytes_take(&in, d->minis, &d->widths, err));
        d->min_delta = (uint64_t)min_delta;
        d->mini = 0;
        d->at += in.at;
    }
    d->width = d->widths[d->mini++];
    if (d->width > d->most_width)
        FAIL(err, ST_CORRUPT, "a delta miniblock has values of %u bits", d->width);
    uint64_t left = (uint64_t)(d->end - d->at);
    uint64_t whole = d->mini_values / 8 * d->width;
    d->used = 0;
    d->available = d->left < d->mini_values ? d->left : d->mini_values;
    if ((d->available * d->width + 7) / 8 > left) /* D2 */
        FAIL(err, ST_CORRUPT, "a delta miniblock is cut short");
    d->bits = d->at;
    d->at += whole < left ? whole : left;
    return ST_OK;
}

status parquet_delta_next(struct parquet_delta *d, size_t n, uint64_t *out, struct error *err)
{
    if (n > d->left)
        FAIL(err, ST_CORRUPT, "delta data end before the page's values do");
    size_t i = 0;
    if (d->first && n > 0) {
        out[i++] = d->last;
        d->first = false;
        d->left--;
    }
    while (i < n) {
        if (d->used == d->available)
            TRY(next_mini(d, err));
        size_t now = d->available - d->used < n - i ? (size_t)(d->available - d->used) : n - i;
        uint64_t last = d->last;
        kernel_unpack_u64(d->bits, d->width, (size_t)d->used, now, out + i);
        for (size_t k = 0; k < now; k++)
            out[i + k] = last += out[i + k] + d->min_delta;
        d->last = last;
        d->used += now;
        d->left -= now;
        i += now;
    }
    return ST_OK;
}

status parquet_delta_end(const struct parquet_delta *d, const uint8_t **end, struct error *err)
{
    struct parquet_delta walk = *d;
    if (walk.first && walk.left > 0)
        walk.left--;
    while (walk.left > 0) {
        TRY(next_mini(&walk, err));
        walk.left -= walk.available;
    }
    *end = walk.at;
    return ST_OK;
}
