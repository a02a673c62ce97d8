// SPDX-License-Identifier: Apache-2.0
/* bench_group.c - the aggregation operator alone: spans in memory, groups out, ns per row.
 *
 *     bench_group [million rows, default 8] [repetitions, default 5] [only this query, "day x
 * item"]
 *
 * Every query takes count(*), sum, min and max of a double; input spans are made beforehand, so the
 * figures leave out reading and decoding. All output rows are consumed. Peak memory is the
 * operator's account. `units` is what it costs to fill a unit, as if the rows were one file's. */
#include "exec/exec_int.h"
#include "iceberg/iceberg.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MOST_RUNS 99

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* other programs share the machine */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* The columns there are, and the queries over them. */
enum { DAY, DAY_CLUSTERED, PRODUCT, ITEM, STORE, ID, NAME, AMOUNT, COLUMNS };

struct table {
    int64_t rows, at;
    struct column_schema schema;
    struct column_field fields[COLUMNS];
    void *values[COLUMNS]; /* or u16 codes */
    struct column_dictionary dictionary[COLUMNS];
    struct column_span spans[COLUMNS];
};

static const struct {
    const char *name;
    enum column_kind kind;
    uint32_t entries; /* of a dictionary; 0 = plain values */
} columns[COLUMNS] = {
    {"day", COLUMN_DATE, 366},     {"day (clustered)", COLUMN_DATE, 366},
    {"product", COLUMN_INT, 1000}, {"item", COLUMN_INT, 10000},
    {"store", COLUMN_TEXT, 500},   {"id", COLUMN_BIGINT, 0},
    {"name", COLUMN_TEXT, 0},      {"amount", COLUMN_DOUBLE, 0},
};

static void *need(size_t bytes)
{
    void *p = malloc(bytes);
    if (!p)
        exit(1);
    return p;
}

static void text_value(struct str *out, uint64_t n)
{
    char *p = need(16);
    *out = (struct str){p, (size_t)snprintf(p, 16, "n%014llu", (unsigned long long)n)};
}

/* As in a page: each value's bytes behind those of the one before. */
static struct str copy(char **to, struct str from)
{
    struct str out = {memcpy(*to, from.ptr, from.len), from.len};
    *to += from.len;
    return out;
}

static void fill_dictionary(struct table *t, size_t c)
{
    uint32_t n = columns[c].entries;
    int32_t *i32 = need(n * sizeof(struct str));
    for (uint32_t i = 0; i < n; i++) {
        if (columns[c].kind == COLUMN_TEXT)
            text_value((struct str *)(void *)i32 + i, i);
        else
            i32[i] = (int32_t)i + 20000;
    }
    t->dictionary[c] = (struct column_dictionary){column_dictionary_id(), n, i32};
}

static void fill(struct table *t)
{
    uint64_t rng = 42;
    char *text = need((size_t)t->rows * 16);
    struct str *names = need(3000000 * sizeof(*names));
    for (uint64_t i = 0; i < 3000000; i++)
        text_value(&names[i], i * 7919);
    for (size_t c = 0; c < COLUMNS; c++) {
        t->fields[c] = (struct column_field){.type = column_type_of(columns[c].kind)};
        size_t bytes =
            columns[c].entries ? 2 : column_phys_bytes(column_type_phys(t->fields[c].type));
        t->values[c] = need((size_t)t->rows * bytes);
        if (columns[c].entries)
            fill_dictionary(t, c);
        for (int64_t i = 0; i < t->rows; i++) {
            uint64_t r = next_random(&rng);
            if (c == DAY_CLUSTERED)
                ((uint16_t *)t->values[c])[i] = (uint16_t)(i * columns[c].entries / t->rows);
            else if (columns[c].entries)
                ((uint16_t *)t->values[c])[i] = (uint16_t)(r % columns[c].entries);
            else if (columns[c].kind == COLUMN_BIGINT)
                ((int64_t *)t->values[c])[i] = (int64_t)(r % 3000000 * 1000003);
            else if (columns[c].kind == COLUMN_TEXT)
                ((struct str *)t->values[c])[i] = copy(&text, names[r % 3000000]);
            else
                ((double *)t->values[c])[i] = (double)(r % 10000000) / 100;
        }
    }
    t->schema = (struct column_schema){COLUMNS, t->fields};
}

static status table_next(void *self, struct column_batch *out, struct error *err)
{
    struct table *t = self;
    int64_t n = t->rows - t->at < COLUMN_SPAN_ROWS ? t->rows - t->at : COLUMN_SPAN_ROWS;
    for (size_t c = 0; c < COLUMNS; c++) {
        size_t bytes =
            columns[c].entries ? 2 : column_phys_bytes(column_type_phys(t->fields[c].type));
        const void *at = (const char *)t->values[c] + (size_t)t->at * bytes;
        t->spans[c] = (struct column_span){.kind = columns[c].entries ? SPAN_CODES : SPAN_VALUES,
                                           .code_bytes = 2,
                                           .rows = n,
                                           .values = at,
                                           .codes = at,
                                           .dictionary = &t->dictionary[c]};
        /* A reader gives a clustered column as runs. */
        const uint16_t *codes = at;
        if (c == DAY_CLUSTERED && n > 0 && codes[0] == codes[n - 1]) {
            t->spans[c].kind = SPAN_RUN;
            t->spans[c].values = (const int32_t *)t->dictionary[c].values + codes[0];
        }
    }
    t->at += n;
    *out = (struct column_batch){n, COLUMNS, t->spans};
    return ST_OK;
}

static void table_close(void *self)
{
    ((struct table *)self)->at = 0;
}

struct outcome {
    double read_ns, emit_ns;
    int64_t groups;
    size_t peak_bytes;
};

static status run(struct table *t, const int *keys, size_t key_count, bool with_units,
                  struct outcome *out, struct error *err)
{
    struct query_expr exprs[COLUMNS] = {0}, *key_exprs[4];
    struct query_agg_arg args[2] = {{.value = NULL}, {.value = &exprs[AMOUNT]}};
    const struct column_type dbl = column_type_of(COLUMN_DOUBLE);
    struct query_agg_out outs[] = {{QUERY_AGG_COUNT_STAR, 0, column_type_of(COLUMN_BIGINT)},
                                   {QUERY_AGG_SUM, 1, dbl},
                                   {QUERY_AGG_MIN, 1, dbl},
                                   {QUERY_AGG_MAX, 1, dbl}};
    struct column_field fields[8];
    struct iceberg_scan files = {.count = 1};
    struct query_plan scan = {.kind = QUERY_PLAN_SCAN, .scan.files = &files};
    struct query_plan plan = {
        .kind = QUERY_PLAN_AGGREGATE, .schema = {key_count + 4, fields}, .input = &scan};
    struct mem_account account;
    struct arena arena;
    for (int c = 0; c < COLUMNS; c++)
        exprs[c] = (struct query_expr){QUERY_COLUMN, .type = t->fields[c].type, .column = c};
    for (size_t k = 0; k < key_count; k++) {
        key_exprs[k] = &exprs[keys[k]];
        fields[k].type = exprs[keys[k]].type;
    }
    for (size_t i = 0; i < 4; i++)
        fields[key_count + i].type = outs[i].type;
    plan.aggregate.key_count = key_count;
    plan.aggregate.keys = key_exprs;
    plan.aggregate.arg_count = 2;
    plan.aggregate.args = args;
    plan.aggregate.out_count = 4;
    plan.aggregate.outs = outs;
    plan.aggregate.grand_total = key_count == 0;
    mem_account_init(&account, "bench", NULL, 0);
    arena_init(&arena, &account);
    struct exec_units units = {.arena = &arena};
    struct exec_context context = {
        .account = &account, .arena = &arena, .units = with_units ? &units : NULL};
    struct column_stream input = {&t->schema, t, table_next, table_close}, stream;
    struct column_batch batch;
    double start = now_ns();
    TRY(exec_aggregate_open(&plan, &input, &context, &stream, err));
    TRY(stream.next(stream.self, &batch, err));
    out->read_ns = now_ns() - start;
    for (out->groups = 0; batch.rows > 0;) {
        out->groups += batch.rows;
        TRY(stream.next(stream.self, &batch, err));
    }
    out->emit_ns = now_ns() - start - out->read_ns;
    out->peak_bytes = account.peak_bytes;
    stream.close(stream.self);
    arena_free(&arena);
    return ST_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const struct {
        int keys[3];
        size_t count;
    } queries[] = {{{0}, 0},
                   {{DAY}, 1},
                   {{DAY_CLUSTERED}, 1},
                   {{PRODUCT}, 1},
                   {{STORE}, 1},
                   {{DAY, PRODUCT}, 2},
                   {{DAY_CLUSTERED, PRODUCT}, 2},
                   {{DAY, ITEM}, 2},
                   {{DAY_CLUSTERED, ITEM}, 2},
                   {{DAY, PRODUCT, STORE}, 3},
                   {{ID}, 1},
                   {{NAME}, 1},
                   {{DAY, ID}, 2}};
    static struct table t;
    struct error err;
    t.rows = (int64_t)(argc > 1 ? atoi(argv[1]) : 8) * 1000000;
    int runs = argc > 2 ? atoi(argv[2]) : 5;
    if (t.rows == 0 || runs < 1 || runs > MOST_RUNS)
        return 2;
    fill(&t);
    for (size_t q = 0; q < ARRAY_LEN(queries); q++) {
        double read[MOST_RUNS], emit[MOST_RUNS], more[MOST_RUNS];
        struct outcome out, with_units;
        char name[100] = "total";
        for (size_t k = 0, at = 0; k < queries[q].count; k++)
            at += (size_t)snprintf(name + at, sizeof(name) - at, "%s%s", k ? " x " : "",
                                   columns[queries[q].keys[k]].name);
        if (argc > 3 && strcmp(argv[3], name) != 0)
            continue;
        for (int i = 0; i < runs; i++) {
            if (run(&t, queries[q].keys, queries[q].count, true, &with_units, &err) != ST_OK ||
                run(&t, queries[q].keys, queries[q].count, false, &out, &err) != ST_OK) {
                fprintf(stderr, "%s\n", err.msg);
                return 1;
            }
            read[i] = out.read_ns / (double)t.rows;
            more[i] = with_units.read_ns / (double)t.rows;
            emit[i] = out.emit_ns / (double)out.groups;
        }
        qsort(read, (size_t)runs, sizeof(double), by_value);
        qsort(more, (size_t)runs, sizeof(double), by_value);
        qsort(emit, (size_t)runs, sizeof(double), by_value);
        printf("%-26s %9lld groups  %7.2f ns/row (min %6.2f) = %6.1f M rows/s  %6.1f ns/group out  "
               "%7.1f MB  units %+5.2f ns/row\n",
               name, (long long)out.groups, read[runs / 2], read[0], 1e3 / read[runs / 2],
               emit[runs / 2], (double)out.peak_bytes / 1e6, more[0] - read[0]);
        fflush(stdout);
    }
    return 0;
}
