// SPDX-License-Identifier: Apache-2.0
/* buffer.h - memory for the large and owned: pages, files being built, text being printed.
 *
 * One owner; `buffer_move` hands over; `buffer_free` leaves it empty and ready again. Data stands
 * 64-byte aligned after buffer_reserve on an empty buffer is not promised; use mem_alloc_aligned
 * for column data. Growth past `cap_bytes` is ST_LIMIT, so every buffer has a stated maximum. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/mem.h"
#include "base/str.h"

struct buffer {
    struct mem_account *account; /* borrowed; may be NULL */
    uint8_t *data;               /* owned */
    size_t len;                  /* bytes in use */
    size_t size_bytes;           /* bytes allocated */
    size_t cap_bytes;            /* growth beyond is refused */
};

void buffer_init(struct buffer *b, struct mem_account *account, size_t cap_bytes);
void buffer_free(struct buffer *b);
void buffer_move(struct buffer *to, struct buffer *from);
static inline void buffer_clear(struct buffer *b)
{
    b->len = 0;
}
/* Room for `more` bytes behind len; len itself does not change. */
STATUS_MUST_USE status buffer_reserve(struct buffer *b, size_t more, struct error *err);
STATUS_MUST_USE status buffer_append(struct buffer *b, const void *data, size_t bytes,
                                     struct error *err);
STATUS_MUST_USE status buffer_append_str(struct buffer *b, struct str s, struct error *err);
STATUS_MUST_USE status buffer_append_byte(struct buffer *b, uint8_t byte, struct error *err);
STATUS_MUST_USE __attribute__((format(printf, 3, 4))) status
buffer_printf(struct buffer *b, struct error *err, const char *fmt, ...);

static inline struct str buffer_str(const struct buffer *b)
{
    return (struct str){(const char *)b->data, b->len};
}

#endif
