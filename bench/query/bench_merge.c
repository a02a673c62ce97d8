// SPDX-License-Identifier: Apache-2.0
/* bench_merge.c - the merge operator alone: stored groups and a few changed ones, ns per group.
 *
 *     bench_merge [thousand stored groups, default 1000] [repetitions, default 5]
 *
 * Groups are days and products; measures are count(*), sum of a bigint, sums of three doubles,
 * minimum and maximum of one of them, with their states: 19 columns. Inputs are held in memory, so
 * the figures leave out reading. Every output row is consumed, none is copied. */
#include "exec/exec_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PRODUCTS  1000
#define MOST_RUNS 99
#define COLUMNS   19

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* other programs share the machine */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct bench {
    struct mem_account account;
    struct arena arena;
    struct exec_context context;
    struct query_expr raw[5], expr[COLUMNS];
    struct column_field raw_fields[5], fields[COLUMNS];
    struct query_agg_arg args[5];
    struct query_stored stored[5];
    struct query_agg_out outs[COLUMNS];
    size_t columns, arg_count;
};

static struct query_expr *add_out(struct bench *b, enum query_agg kind, int arg,
                                  enum column_kind type)
{
    size_t c = b->columns++;
    b->outs[c] = (struct query_agg_out){kind, arg, column_type_of(type)};
    b->fields[c] = (struct column_field){.name = STR("c"), .type = column_type_of(type)};
    b->expr[c] =
        (struct query_expr){.kind = QUERY_COLUMN, .type = column_type_of(type), .column = (int)c};
    return &b->expr[c];
}

/* sum of a column of sample_sales and what a summary keeps for it. */
static int add_sum(struct bench *b, int column, struct query_expr *rows)
{
    int arg = (int)b->arg_count++;
    struct query_stored *s = &b->stored[arg];
    b->args[arg].value = &b->raw[column];
    s->type = b->raw[column].type;
    s->rows = rows;
    s->missing = add_out(b, QUERY_AGG_STATE_MISSING, arg, COLUMN_BIGINT);
    if (s->type.kind == COLUMN_BIGINT) {
        s->sum = add_out(b, QUERY_AGG_SUM, arg, COLUMN_BIGINT);
        return arg;
    }
    s->s1 = add_out(b, QUERY_AGG_SUM, arg, COLUMN_DOUBLE);
    s->rest = add_out(b, QUERY_AGG_STATE_REST, arg, COLUMN_DOUBLE);
    s->more = add_out(b, QUERY_AGG_STATE_MORE, arg, COLUMN_BINARY);
    return arg;
}

static void describe(struct bench *b)
{
    static const enum column_kind kinds[] = {COLUMN_DATE, COLUMN_BIGINT, COLUMN_BIGINT,
                                             COLUMN_DOUBLE, COLUMN_DOUBLE};
    for (int c = 0; c < 5; c++) {
        b->raw_fields[c] = (struct column_field){.name = STR("raw"), .type.kind = kinds[c]};
        b->raw[c] = (struct query_expr){.kind = QUERY_COLUMN, .type.kind = kinds[c], .column = c};
    }
    add_out(b, QUERY_AGG_COUNT_STAR, -1, COLUMN_DATE);
    add_out(b, QUERY_AGG_COUNT_STAR, -1, COLUMN_BIGINT);
    b->arg_count = 1; /* count(*) */
    struct query_expr *rows = add_out(b, QUERY_AGG_COUNT_STAR, 0, COLUMN_BIGINT);
    b->stored[0].count = rows;
    add_sum(b, 2, rows);
    int arg = add_sum(b, 3, rows);
    b->stored[arg].min = add_out(b, QUERY_AGG_MIN, arg, COLUMN_DOUBLE);
    b->stored[arg].max = add_out(b, QUERY_AGG_MAX, arg, COLUMN_DOUBLE);
    add_sum(b, 4, rows);
    add_sum(b, 4, rows);
}

/* The sorted groups of random rows, held. */
static status hold_groups(struct bench *b, int64_t seed, int64_t days, int64_t rows_per_day,
                          struct query_plan **out, struct error *err)
{
    struct query_expr *keys[] = {&b->raw[0], &b->raw[1]};
    struct query_sort_key order[] = {{.value = &b->expr[0]}, {.value = &b->expr[1]}};
    struct query_plan sample = {.kind = QUERY_PLAN_SAMPLE, .schema = {5, b->raw_fields}};
    struct query_plan group = {.kind = QUERY_PLAN_AGGREGATE, .input = &sample};
    struct query_plan sort = {.kind = QUERY_PLAN_SORT, .input = &group};
    sample.sample.seed = seed;
    sample.sample.days = days;
    sample.sample.rows_per_day = rows_per_day;
    sample.sample.products = PRODUCTS;
    group.schema = sort.schema = (struct column_schema){b->columns, b->fields};
    group.aggregate.key_count = 2;
    group.aggregate.keys = keys;
    group.aggregate.arg_count = b->arg_count;
    group.aggregate.args = b->args;
    group.aggregate.out_count = b->columns - 2;
    group.aggregate.outs = b->outs + 2;
    sort.sort.count = 2;
    sort.sort.keys = order;
    return exec_hold(&sort, &b->context, out, err);
}

static status run(struct bench *b, struct query_plan *stored, struct query_plan *added, double *ns,
                  int64_t *groups, struct error *err)
{
    int keys[] = {0, 1};
    struct query_plan merge = {.kind = QUERY_PLAN_MERGE, .input = stored};
    struct column_stream stream;
    struct column_batch batch;
    merge.schema = (struct column_schema){b->columns, b->fields};
    merge.merge.added = added;
    merge.merge.key_count = 2;
    merge.merge.keys = keys;
    merge.merge.rows = 2;
    merge.merge.arg_count = b->arg_count;
    merge.merge.args = b->stored;
    merge.merge.outs = b->outs;
    double start = now_ns();
    TRY(exec_open(&merge, &b->context, &stream, err));
    *groups = 0;
    status st;
    while ((st = stream.next(stream.self, &batch, err)) == ST_OK && batch.rows > 0)
        *groups += batch.rows;
    stream.close(stream.self);
    *ns = now_ns() - start;
    return st;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static status median(struct bench *b, struct query_plan *stored, struct query_plan *added, int runs,
                     double *ns, int64_t *groups, struct error *err)
{
    double all[MOST_RUNS];
    for (int i = 0; i < runs; i++)
        TRY(run(b, stored, added, &all[i], groups, err));
    qsort(all, (size_t)runs, sizeof(double), by_value);
    *ns = all[runs / 2];
    return ST_OK;
}

static status measure(struct bench *b, int64_t days, int runs, struct error *err)
{
    static const int64_t rows_a_day[] = {1, 10, 100, 1000};
    struct query_plan *stored, *added;
    double none, some;
    int64_t groups, after;
    TRY(hold_groups(b, 42, days, PRODUCTS * 7, &stored, err));
    TRY(median(b, stored, NULL, runs, &none, &groups, err));
    printf("%9lld groups, none changed: %6.1f ns/group\n", (long long)groups,
           none / (double)groups);
    for (size_t i = 0; i < ARRAY_LEN(rows_a_day); i++) {
        TRY(hold_groups(b, 43, days, rows_a_day[i], &added, err));
        TRY(median(b, stored, added, runs, &some, &after, err));
        int64_t changed = exec_held_rows(added);
        printf("%9lld groups, %7lld changed: %6.1f ns/group, %8.1f ns more per changed group\n",
               (long long)after, (long long)changed, some / (double)after,
               (some - none) / (double)changed);
        exec_held_free(added);
    }
    exec_held_free(stored);
    return ST_OK;
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct error err;
    int64_t days = argc > 1 ? atoi(argv[1]) : 1000;
    int runs = argc > 2 ? atoi(argv[2]) : 5;
    if (days < 1 || runs < 1 || runs > MOST_RUNS)
        return 2;
    mem_account_init(&b.account, "bench", NULL, 0);
    arena_init(&b.arena, &b.account);
    b.context = (struct exec_context){.account = &b.account, .arena = &b.arena};
    describe(&b);
    if (measure(&b, days, runs, &err) != ST_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    printf("peak %.1f MB\n", (double)b.account.peak_bytes / 1e6);
    arena_free(&b.arena);
    return 0;
}
