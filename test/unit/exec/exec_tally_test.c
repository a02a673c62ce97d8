// SPDX-License-Identifier: Apache-2.0
/* exec_tally_test.c - values that are counted first give the states that adding them gives. */
#include "exec/exec_tally.h"

#include "harness/test.h"

#include <math.h>

#define ROWS    COLUMN_SPAN_ROWS
#define BATCHES 40

static struct arena arena;
static struct error err;
static uint64_t seed = 5;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (seed >> 33) % below;
}

struct sums {
    struct kernel_agg kernel;
    char *state;
    struct kernel_groups group;
};

static void sums_init(struct sums *s, struct column_type type, struct kernel_scratch *scratch)
{
    CHECK_OK(kernel_agg_init(&s->kernel, type, KERNEL_SUM | KERNEL_SQUARES, &arena, scratch, &err));
    CHECK_OK(arena_alloc(&arena, s->kernel.at.bytes, (void **)&s->state, &err));
    s->group = (struct kernel_groups){.states = s->state, .stride = s->kernel.at.bytes, .count = 1};
    kernel_agg_start(&s->kernel, s->state, s->group.stride, 1);
}

/* Values of every kind and, of doubles, those that no window takes. */
static void entries_of(struct column_type type, uint32_t count, void *values)
{
    static const double odd[] = {NAN, INFINITY, -0.0, 1e300, 5e-324, -1e-200};
    for (uint32_t i = 0; i < count; i++) {
        int64_t n = (int64_t)draw(1u << 30) - (1 << 29);
        if (type.kind == COLUMN_DECIMAL)
            ((int128 *)values)[i] = (int128)n * 1000000007 * 1000000009;
        else if (type.kind == COLUMN_BIGINT)
            ((int64_t *)values)[i] = n * 1000000007;
        else if (type.kind == COLUMN_INT)
            ((int32_t *)values)[i] = (int32_t)n;
        else
            ((double *)values)[i] = i % 7 == 3 ? odd[draw(6)] : (double)n / 100;
    }
}

static struct str bytes_of_state(const struct sums *s)
{
    struct buffer b;
    struct str out;
    buffer_init(&b, NULL, 1 << 20);
    CHECK_OK(kernel_agg_encode(&s->kernel, s->state, &b, &err));
    CHECK_OK(arena_str(&arena, buffer_str(&b), &out, &err));
    buffer_free(&b);
    return out;
}

/* A batch of one of the dictionaries, with NULLs or a selection or both. */
static void add_batch(struct exec_tally *t, struct sums *counted, struct sums *added,
                      const struct column_dictionary *d, uint8_t code_bytes)
{
    uint16_t narrow[ROWS], selected[ROWS];
    uint32_t wide[ROWS];
    uint64_t valid[COLUMN_SPAN_WORDS];
    struct column_span span = {.kind = SPAN_CODES,
                               .code_bytes = code_bytes,
                               .rows = 1 + (int64_t)draw(ROWS),
                               .valid = draw(2) ? valid : NULL,
                               .codes = code_bytes == 2 ? (void *)narrow : (void *)wide,
                               .dictionary = d};
    struct exec_states_rows r = {.rows = span.rows, .values = &span};
    for (int w = 0; w < COLUMN_SPAN_WORDS; w++)
        valid[w] = draw(UINT32_MAX) << 32 | draw(UINT32_MAX);
    for (int64_t i = 0; i < span.rows; i++) {
        narrow[i] = (uint16_t)(wide[i] = (uint32_t)draw(d->count));
        selected[r.count] = (uint16_t)i;
        r.count += draw(3) > 0;
    }
    r.selected = r.count > 0 && draw(2) ? selected : NULL;
    CHECK(exec_tally_takes(&r));
    CHECK_OK(exec_tally_add(t, &r, &counted->kernel, &counted->group, &err));
    CHECK_OK(exec_states_add(&added->kernel, &added->group, &r, &err));
}

TEST(counted_and_added_are_the_same)
{
    static const struct column_type types[] = {{.kind = COLUMN_INT},
                                               {.kind = COLUMN_BIGINT},
                                               {.kind = COLUMN_DECIMAL, .precision = 38},
                                               {.kind = COLUMN_DOUBLE}};
    struct kernel_scratch *scratch;
    struct mem_account account;
    mem_account_init(&account, "test", NULL, 0);
    arena_init(&arena, NULL);
    CHECK_OK(kernel_scratch_create(&arena, &scratch, &err));
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        static int128 values[2][2000];
        struct column_dictionary d[2] = {{column_dictionary_id(), 3, values[0]},
                                         {column_dictionary_id(), 2000, values[1]}};
        struct exec_tally t;
        struct sums counted, added;
        sums_init(&counted, types[i], scratch);
        sums_init(&added, types[i], scratch);
        exec_tally_init(&t, &account);
        for (int batch = 0; batch < BATCHES; batch++) {
            struct column_dictionary *now = &d[batch / 4 % 2];
            if (batch % 4 == 0) { /* another dictionary in the memory of one that has ended */
                now->id = column_dictionary_id();
                entries_of(types[i], now->count, (void *)(uintptr_t)now->values);
            }
            add_batch(&t, &counted, &added, now, batch % 3 ? 2 : 4);
            if (batch % 4 == 3)
                memset(values, 0xA5, sizeof(values));
        }
        CHECK_OK(exec_tally_flush(&t, &counted.kernel, &counted.group, &err));
        CHECK(str_eq(bytes_of_state(&counted), bytes_of_state(&added)));
        CHECK_OK(exec_tally_flush(&t, &counted.kernel, &counted.group, &err)); /* nothing is left */
        CHECK(str_eq(bytes_of_state(&counted), bytes_of_state(&added)));
        exec_tally_free(&t);
    }
    CHECK_INT(account.used_bytes, 0);
    arena_free(&arena);
}

TEST(what_is_not_counted)
{
    static const int64_t values[3000];
    struct column_dictionary d = {1, 3000, values};
    struct column_span span = {.kind = SPAN_CODES, .code_bytes = 2, .rows = 1, .dictionary = &d};
    struct exec_states_rows r = {.rows = 1, .values = &span};
    CHECK(!exec_tally_takes(&r)); /* too many to be worth it */
    d.count = 100;
    CHECK(exec_tally_takes(&r));
    span.kind = SPAN_VALUES;
    CHECK(!exec_tally_takes(&r));
    r.values = NULL;
    CHECK(!exec_tally_takes(&r));
}
