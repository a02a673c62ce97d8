// SPDX-License-Identifier: Apache-2.0
/* random.c - getrandom and what is made of it. */
#include "base/random.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

status random_bytes(void *out, size_t bytes, struct error *err)
{
    uint8_t *p = out;
    while (bytes > 0) {
        ssize_t n = getrandom(p, bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            FAIL(err, ST_IO, "the kernel gave no random bytes: %s", strerror(errno));
        p += n;
        bytes -= (size_t)n;
    }
    return ST_OK;
}

status random_id(int64_t *out, struct error *err)
{
    uint64_t v;
    do
        TRY(random_bytes(&v, sizeof(v), err));
    while ((v &= INT64_MAX) == 0);
    *out = (int64_t)v;
    return ST_OK;
}

status random_uuid(char out[37], struct error *err)
{
    uint8_t b[16];
    TRY(random_bytes(b, sizeof(b), err));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return ST_OK;
}

void random_uuid_sibling(const char uuid[37], uint64_t n, char out[37])
{
    snprintf(out, 37, "%.24s%012llx", uuid, (unsigned long long)(n & 0xFFFFFFFFFFFF));
}

void random_pause(int64_t least_us, int64_t most_us)
{
    uint32_t part;
    if (random_bytes(&part, sizeof(part), NULL) != ST_OK)
        part = UINT32_MAX / 2;
    clock_sleep_us(least_us + (int64_t)((double)part / UINT32_MAX * (double)most_us));
}
