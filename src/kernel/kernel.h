// SPDX-License-Identifier: Apache-2.0
/* kernel.h - aggregates: spans and group ids in, states per group, values or canonical bytes out.
 *
 * One kernel_agg per (argument, FILTER) and table; it keeps what any of its results need, in one
 * small state per group which stands wherever the caller wants:
 *
 *     state of group g = states + g * stride          (stride: the caller's row of all arguments)
 *
 *     [sum 16|24][more 8][count 8][min 8|16][max 8|16][squares 8|40][first 24]   what `need` asks
 *
 *     kernel_agg_init, kernel_agg_start         once; then for new groups
 *     kernel_agg_add                            per batch: drops NULL and unselected rows, then one
 * of add_run, add_codes, add_values        the loops of the argument's physical type
 *     kernel_agg_load                           stored states, as finish gave them
 *     kernel_agg_merge, kernel_agg_subtract     whole tables of the same argument
 *     kernel_agg_encode, kernel_agg_decode      canonical bytes, for spills and other machines
 *     kernel_agg_finish                         a result
 *
 * No I/O and no threads; memory comes from the arena given at init. States hold 8-byte aligned
 * fields only, and nothing in them points at the table.
 *
 * A1  results do not depend on the order of rows, batches and merges (ANY_VALUE excepted)
 * A2  a state that never saw a value is exactly what kernel_agg_start makes
 * A3  add takes at most KERNEL_ROWS rows, except that a RUN for one group has any length */
#ifndef KERNEL_H
#define KERNEL_H

#include "base/bytes.h"
#include "column/column_span.h"
#include "kernel/kernel_cpu.h"
#include "kernel/kernel_exact.h"

#define KERNEL_ROWS COLUMN_SPAN_ROWS

/* What a state must keep. The count of values is always kept. */
enum kernel_need {
    KERNEL_SUM = 1,
    KERNEL_MIN = 2,
    KERNEL_MAX = 4,
    KERNEL_SQUARES = 8, /* brings KERNEL_SUM */
    KERNEL_FIRST = 16   /* the first value met */
};

enum kernel_class {
    KERNEL_ROWS_ONLY, /* count(*): no values */
    KERNEL_INT,       /* boolean, smallint to bigint, dates and times, decimals in 64 bits */
    KERNEL_WIDE,      /* decimals in 128 bits */
    KERNEL_FLOAT,
    KERNEL_TEXT, /* text, bytes, uuid */
    KERNEL_INTERVAL
};

enum kernel_result {
    KERNEL_RESULT_COUNT,
    KERNEL_RESULT_SUM, /* bigint, decimal(38,s) or double */
    KERNEL_RESULT_AVG, /* double or decimal, as `type` says */
    KERNEL_RESULT_MIN,
    KERNEL_RESULT_MAX,
    KERNEL_RESULT_FIRST,
    KERNEL_RESULT_VAR_POP,
    KERNEL_RESULT_VAR_SAMP,
    KERNEL_RESULT_STDDEV_POP,
    KERNEL_RESULT_STDDEV_SAMP,
    KERNEL_RESULT_S1, /* the stored forms of design: exact numbers */
    KERNEL_RESULT_REST,
    KERNEL_RESULT_MORE,
    KERNEL_RESULT_STATE_SUM, /* decimal(38,s) */
    KERNEL_RESULT_SQUARES    /* binary: kernel_integer_put */
};

/* Where the parts of a state stand; 0xFFFF = not kept. */
struct kernel_layout {
    uint16_t sum, more, count, min, max, squares, first;
    uint16_t bytes; /* a multiple of 8 */
};

/* The grid a column's doubles are added on (kernel_exact.h). */
struct kernel_window {
    int base;        /* exponent of the lowest bit */
    bool placed;     /* false: only zeros were seen so far */
    uint32_t number; /* counts placements: what was prepared for another one is stale */
    double limit;    /* 2^(base + 93) */
    double high,
        low;      /* 1.5 * 2^(52 + base + 47), 1.5 * 2^(52 + base): adding one rounds to its ulp */
    int64_t rows; /* added since the last fold (X2) */
    int64_t missed;   /* finite values that did not fit since the last look at the placement */
    int64_t patience; /* misses before the next look */
};

struct kernel_agg;

/* Groups of a batch's rows, and where their states stand. */
struct kernel_groups {
    char *states;           /* borrowed: this argument's part of group 0's row */
    size_t stride;          /* bytes from one group to the next; a multiple of 8 */
    size_t count;           /* groups that exist, all started */
    const uint32_t *of_row; /* borrowed: one a row; NULL = every row belongs to group `one` */
    uint32_t one;
};

/* The loops of one physical type. Rows are packed: no NULLs, nothing unselected. `g->of_row` has
 * one entry a row. */
struct kernel_agg_functions {
    enum kernel_class class;
    /* Makes a dictionary ready for add_codes; NULL: nothing to make ready. */
    status (*prepare_dictionary)(struct kernel_agg *k, const struct kernel_groups *g,
                                 const struct column_dictionary *d, struct error *err);
    status (*add_run)(struct kernel_agg *k, const struct kernel_groups *g, const void *value,
                      int64_t rows, struct error *err);
    status (*add_codes)(struct kernel_agg *k, const struct kernel_groups *g,
                        const struct column_dictionary *d, const uint32_t *codes, size_t rows,
                        struct error *err);
    status (*add_values)(struct kernel_agg *k, const struct kernel_groups *g, const void *values,
                         size_t rows, struct error *err);
};

struct kernel_agg {
    const struct kernel_agg_functions *functions;
    struct column_type type; /* of the argument */
    enum column_phys phys;
    unsigned need;
    struct kernel_layout at;
    enum kernel_level level;
    struct arena *arena;            /* borrowed: limbs, text, scratch */
    struct kernel_window window;    /* floats */
    int64_t fold_rows;              /* X2's bound; tests lower it */
    struct kernel_scratch *scratch; /* borrowed: one batch, packed; shared by a thread's kernels */
    struct kernel_prepared *prepared; /* in arena: floats' dictionary, split */
    size_t failed;                    /* load, merge, subtract: where it was, after a failure */
};

/* Room for one batch; used by one kernel at a time. */
STATUS_MUST_USE status kernel_scratch_create(struct arena *arena, struct kernel_scratch **out,
                                             struct error *err);
/* `type` UNKNOWN: rows only. Refuses a need the type cannot serve (ST_UNSUPPORTED). */
STATUS_MUST_USE status kernel_agg_init(struct kernel_agg *k, struct column_type type, unsigned need,
                                       struct arena *arena, struct kernel_scratch *scratch,
                                       struct error *err);
/* Makes `count` fresh states. */
void kernel_agg_start(const struct kernel_agg *k, char *states, size_t stride, size_t count);

/* Adds the rows of a span. `selected` (ascending row numbers) or NULL = all; g->of_row counts the
 * span's rows, not the selected ones. NULL values are left out. `span` NULL: `rows` rows without
 * values. */
STATUS_MUST_USE status kernel_agg_add(struct kernel_agg *k, const struct kernel_groups *g,
                                      const struct column_span *span, int64_t rows,
                                      const uint16_t *selected, size_t selected_count,
                                      struct error *err);
/* Stored states of one argument: spans of the same rows; NULL = not kept. */
struct kernel_stored {
    /* How many values: `count` (bigint), or `rows` minus `missing`; all three must agree. A sum of
     * doubles alone does without: then a state that holds values counts as one. */
    const struct column_span *count, *rows, *missing;
    const struct column_span *sum; /* bigint or decimal(38,s), as sum_type says; NULL or 0 without
                                      values */
    struct column_type sum_type;
    const struct column_span *s1, *rest, *more; /* floats */
    const struct column_span *squares;          /* binary */
    const struct column_span *min, *max;        /* of the argument's type */
};
/* Adds stored states to the groups of their rows: what kernel_agg_merge does with states of another
 * table. Rows, groups and `selected` are as in kernel_agg_add. What cannot be a state (a negative
 * count, a sum or an extreme without values or the reverse, malformed bytes) is ST_CORRUPT, and
 * k->failed the span's row. A part that `need` asks for and that is not kept is ST_INTERNAL. */
STATUS_MUST_USE status kernel_agg_load(struct kernel_agg *k, const struct kernel_groups *g,
                                       const struct kernel_stored *s, int64_t rows,
                                       const uint16_t *selected, size_t selected_count,
                                       struct error *err);

/* Group i of `from` goes into group map[i] of `to`. `from` stays as it is. On failure to->failed is
 * that i. */
STATUS_MUST_USE status kernel_agg_merge(struct kernel_agg *to,
                                        const struct kernel_groups *to_groups,
                                        const struct kernel_agg *from,
                                        const struct kernel_groups *from_groups,
                                        const uint32_t *map, struct error *err);
/* The reverse for counts, sums and squares; min, max and first of `to` stay. A negative count or
 * something left of an empty group is ST_CORRUPT. */
STATUS_MUST_USE status kernel_agg_subtract(struct kernel_agg *to,
                                           const struct kernel_groups *to_groups,
                                           const struct kernel_agg *from,
                                           const struct kernel_groups *from_groups,
                                           const uint32_t *map, struct error *err);

/* Appends a state in canonical bytes. */
STATUS_MUST_USE status kernel_agg_encode(const struct kernel_agg *k, const char *state,
                                         struct buffer *out, struct error *err);
/* Reads one into a fresh state; bytes that follow are left in `in`. */
STATUS_MUST_USE status kernel_agg_decode(struct kernel_agg *k, char *state, struct bytes *in,
                                         struct error *err);

/* One result of one state in `type`; text borrows the table's arena, MORE and SQUARES go to
 * `arena`. 22003 when a sum does not fit; the caller names the group. */
STATUS_MUST_USE status kernel_agg_finish(const struct kernel_agg *k, const char *state,
                                         enum kernel_result result, struct column_type type,
                                         struct arena *arena, struct column_value *out,
                                         struct error *err);
/* Appends the results of `count` states to a vector of the result's type. On failure v->rows tells
 * which state it was. */
STATUS_MUST_USE status kernel_agg_finish_rows(const struct kernel_agg *k, const char *states,
                                              size_t stride, size_t count,
                                              enum kernel_result result, struct arena *arena,
                                              struct column_vector *v, struct error *err);
int64_t kernel_agg_count(const struct kernel_agg *k, const char *state);

#endif
