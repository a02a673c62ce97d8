// SPDX-License-Identifier: Apache-2.0
/* column_key.c - values as bytes that sort as the values do.
 *
 * Every integer is written with 8 bytes, every float as a double and every decimal with 16 bytes,
 * so that a widened column keeps its keys. Text ends in 00 01, below 00 ff (an escaped zero) and
 * below any other byte of a longer text, so a text stands before all that it starts (K1). */
#include "column/column_key.h"

#include "base/wide.h"

#define MARK_VALUE 1
#define MARK_NULL  2

#define TEXT_ZERO 0xFF /* behind a 00: a zero of the text */
#define TEXT_END  0x01 /* behind a 00: the end */

#define FIXED_BYTES 17 /* a mark and the longest value of fixed width */

#define SIGN64 (UINT64_C(1) << 63)

static uint8_t *put_u32(uint8_t *to, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(to, &v, sizeof(v));
    return to + sizeof(v);
}

static uint8_t *put_u64(uint8_t *to, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(to, &v, sizeof(v));
    return to + sizeof(v);
}

static uint8_t *put_integer(uint8_t *to, int64_t v)
{
    return put_u64(to, (uint64_t)v ^ SIGN64);
}

static uint8_t *put_double(uint8_t *to, double v)
{
    uint64_t bits;
    v = v == 0 ? 0 : v; /* -0.0 is +0.0 */
    memcpy(&bits, &v, sizeof(bits));
    bits = v != v ? UINT64_C(0x7FF8000000000000) : bits;
    return put_u64(to, bits & SIGN64 ? ~bits : bits | SIGN64);
}

static uint8_t *put_decimal(uint8_t *to, int128 v)
{
    to = put_u64(to, (uint64_t)((uint128)v >> 64) ^ SIGN64);
    return put_u64(to, (uint64_t)v);
}

static status put_text(struct str s, struct buffer *out, struct error *err)
{
    static const uint8_t zero[] = {0, TEXT_ZERO}, end[] = {0, TEXT_END};
    while (s.len > 0) {
        const char *at = memchr(s.ptr, 0, s.len);
        size_t plain = at ? (size_t)(at - s.ptr) : s.len;
        TRY(buffer_append(out, s.ptr, plain, err));
        if (at)
            TRY(buffer_append(out, zero, sizeof(zero), err));
        plain += at != NULL;
        s = (struct str){s.ptr + plain, s.len - plain};
    }
    return buffer_append(out, end, sizeof(end), err);
}

status column_key_put(const struct column_value *v, struct buffer *out, struct error *err)
{
    char name[64];
    bool decimal = v->type.kind == COLUMN_DECIMAL;
    TRY(buffer_reserve(out, FIXED_BYTES, err));
    uint8_t *from = out->data + out->len, *to = from;
    *to++ = v->null ? MARK_NULL : MARK_VALUE;
    if (v->null) {
        out->len++;
        return ST_OK;
    }
    switch (column_type_phys(v->type)) {
    case PHYS_BOOL:
        *to++ = v->b;
        break;
    case PHYS_I32:
        to = v->type.kind == COLUMN_DATE ? put_u32(to, (uint32_t)v->i32 ^ UINT32_C(0x80000000))
                                         : put_integer(to, v->i32);
        break;
    case PHYS_I64:
        to = decimal ? put_decimal(to, v->i64) : put_integer(to, v->i64);
        break;
    case PHYS_F32:
        to = put_double(to, (double)v->f32);
        break;
    case PHYS_F64:
        to = put_double(to, v->f64);
        break;
    case PHYS_I128:
        to = put_decimal(to, v->i128);
        break;
    case PHYS_STR:
        out->len++;
        return put_text(v->str, out, err);
    case PHYS_INTERVAL:
        FAIL(err, ST_UNSUPPORTED, "a key of type %s is not supported",
             column_type_name(v->type, name));
    }
    out->len += (size_t)(to - from);
    return ST_OK;
}

int column_key_cmp(struct str a, struct str b)
{
    return str_cmp(a, b);
}
