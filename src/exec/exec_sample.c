// SPDX-License-Identifier: Apache-2.0
/* exec_sample.c - sample_sales(): the transactions that Python's random module draws.
 *
 *     random.seed(seed)
 *     for each day, for each row: product = choice(products), quantity = randint(1, 10),
 *                                 unit_price = choice([29.99, 49.99, 99.99])
 *
 * Python seeds MT19937 (Matsumoto and Nishimura 1998) by init_by_array over the 32-bit digits of
 * |seed|; choice and randint both draw by _randbelow(n): the top bit_length(n) bits of one output,
 * drawn again until below n. Rows stream in constant memory. */
#include "exec/exec_int.h"

#define MT_WORDS 624
#define MT_SHIFT 397

struct mt19937 {
    uint32_t word[MT_WORDS];
    unsigned at; /* next word to hand out; MT_WORDS = make new ones */
};

static void mt_init(struct mt19937 *m, uint32_t seed)
{
    m->word[0] = seed;
    for (uint32_t i = 1; i < MT_WORDS; i++)
        m->word[i] = 1812433253u * (m->word[i - 1] ^ (m->word[i - 1] >> 30)) + i;
    m->at = MT_WORDS;
}

/* init_by_array of the generator's reference description. */
static void mt_init_array(struct mt19937 *m, const uint32_t *key, unsigned length)
{
    mt_init(m, 19650218u);
    unsigned i = 1, j = 0;
    for (unsigned k = MT_WORDS > length ? MT_WORDS : length; k > 0; k--) {
        m->word[i] =
            (m->word[i] ^ ((m->word[i - 1] ^ (m->word[i - 1] >> 30)) * 1664525u)) + key[j] + j;
        if (++i >= MT_WORDS) {
            m->word[0] = m->word[MT_WORDS - 1];
            i = 1;
        }
        if (++j >= length)
            j = 0;
    }
    for (unsigned k = MT_WORDS - 1; k > 0; k--) {
        m->word[i] = (m->word[i] ^ ((m->word[i - 1] ^ (m->word[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i >= MT_WORDS) {
            m->word[0] = m->word[MT_WORDS - 1];
            i = 1;
        }
    }
    m->word[0] = 0x80000000u;
}

static void mt_refill(struct mt19937 *m)
{
    for (unsigned k = 0; k < MT_WORDS; k++) {
        uint32_t y = (m->word[k] & 0x80000000u) | (m->word[(k + 1) % MT_WORDS] & 0x7FFFFFFFu);
        m->word[k] = m->word[(k + MT_SHIFT) % MT_WORDS] ^ (y >> 1) ^ (y & 1 ? 0x9908B0DFu : 0);
    }
    m->at = 0;
}

static uint32_t mt_next(struct mt19937 *m)
{
    if (m->at >= MT_WORDS)
        mt_refill(m);
    uint32_t y = m->word[m->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9D2C5680u;
    y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
}

/* Python's Random._randbelow_with_getrandbits for 1 <= n < 2^32. */
static uint32_t mt_below(struct mt19937 *m, uint32_t n)
{
    unsigned bits = 32 - (unsigned)__builtin_clz(n);
    uint32_t r;
    do
        r = mt_next(m) >> (32 - bits);
    while (r >= n);
    return r;
}

struct sample {
    const struct exec_context *c;  /* borrowed */
    const struct query_plan *plan; /* borrowed */
    struct mt19937 random;
    int64_t day, row;            /* next: row of day */
    int64_t *product, *quantity; /* in c->arena: COLUMN_SPAN_ROWS each */
    double *price, *amount;
    int32_t date; /* value of the date's run */
    struct column_span spans[5];
};

static status sample_next(void *self, struct column_batch *out, struct error *err)
{
    static const double prices[] = {29.99, 49.99, 99.99};
    struct sample *s = self;
    TRY(exec_check_cancel(s->c, err));
    *out = (struct column_batch){0, 5, s->spans};
    while (s->day < s->plan->sample.days && s->row >= s->plan->sample.rows_per_day) {
        s->day++;
        s->row = 0;
    }
    if (s->day >= s->plan->sample.days)
        return ST_OK;
    int64_t rows = s->plan->sample.rows_per_day - s->row;
    if (rows > COLUMN_SPAN_ROWS)
        rows = COLUMN_SPAN_ROWS;
    for (int64_t i = 0; i < rows; i++) {
        s->product[i] = 101 + mt_below(&s->random, (uint32_t)s->plan->sample.products);
        s->quantity[i] = 1 + mt_below(&s->random, 10);
        s->price[i] = prices[mt_below(&s->random, 3)];
        s->amount[i] = (double)s->quantity[i] * s->price[i];
    }
    s->date = (int32_t)(s->plan->sample.start_day + s->day);
    s->row += rows;
    s->spans[0] = (struct column_span){.kind = SPAN_RUN, .rows = rows, .values = &s->date};
    const void *values[] = {s->product, s->quantity, s->price, s->amount};
    for (size_t i = 0; i < 4; i++)
        s->spans[i + 1] =
            (struct column_span){.kind = SPAN_VALUES, .rows = rows, .values = values[i]};
    out->rows = rows;
    return ST_OK;
}

static void sample_close(void *self)
{
}

status exec_sample_open(struct query_plan *p, const struct exec_context *c,
                        struct column_stream *out, struct error *err)
{
    struct sample *s;
    uint64_t seed = p->sample.seed < 0 ? 0 - (uint64_t)p->sample.seed : (uint64_t)p->sample.seed;
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    TRY(ARENA_NEW(c->arena, struct sample, &s, err));
    s->c = c;
    s->plan = p;
    mt_init_array(&s->random, key, key[1] ? 2 : 1);
    TRY(ARENA_ARRAY(c->arena, int64_t, COLUMN_SPAN_ROWS, &s->product, err));
    TRY(ARENA_ARRAY(c->arena, int64_t, COLUMN_SPAN_ROWS, &s->quantity, err));
    TRY(ARENA_ARRAY(c->arena, double, COLUMN_SPAN_ROWS, &s->price, err));
    TRY(ARENA_ARRAY(c->arena, double, COLUMN_SPAN_ROWS, &s->amount, err));
    *out = (struct column_stream){&p->schema, s, sample_next, sample_close};
    return ST_OK;
}
