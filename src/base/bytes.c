// SPDX-License-Identifier: Apache-2.0
/* bytes.c - variable-length integers from outside. */
#include "base/bytes.h"

status bytes_uvarint(struct bytes *in, uint64_t *out, struct error *err)
{
    uint64_t value = 0;
    size_t start = in->at;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        TRY(bytes_u8(in, &byte, err));
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return ST_OK;
        }
    }
    FAIL(err, ST_CORRUPT, "variable-length integer at offset %zu has more than 64 bits", start);
}

status bytes_zigzag(struct bytes *in, int64_t *out, struct error *err)
{
    uint64_t v;
    TRY(bytes_uvarint(in, &v, err));
    *out = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
    return ST_OK;
}
