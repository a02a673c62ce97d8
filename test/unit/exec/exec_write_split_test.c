// SPDX-License-Identifier: Apache-2.0
/* exec_write_split_test.c - where files end, against the rule said over all rows at once. */
#include "exec/exec_int.h"
#include "harness/test.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ROWS  4000
#define ROW_BYTES  (4 + 8 + 4) /* date, bigint and a text's length */
#define NULL_MONTH 999

static struct column_field fields[] = {{.name = {"d", 1}, .type = {.kind = COLUMN_DATE}},
                                       {.name = {"n", 1}, .type = {.kind = COLUMN_BIGINT}},
                                       {.name = {"t", 1}, .type = {.kind = COLUMN_TEXT}}};
static const struct column_schema schema = {3, fields};

static struct rows {
    int64_t count;
    int32_t day[MOST_ROWS];
    int month[MOST_ROWS]; /* of day; NULL_MONTH: NULL */
    int64_t n[MOST_ROWS];
    struct str text[MOST_ROWS];
    uint64_t valid[MOST_ROWS / 64 + 1]; /* of day */
} rows;
static char letters[400];

/* Months of 1969 to 1975 and NULL at the end, each of up to `most` rows. */
static void make_rows(int most)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t first = -365;
    rows.count = 0;
    memset(rows.valid, 0, sizeof(rows.valid));
    for (int m = 0; m < 73; m++) {
        int length = lengths[m % 12] + (m == 12 * 3 + 1); /* 1972 is a leap year */
        int64_t take = rand() % (most + 1), room = MOST_ROWS - rows.count;
        for (int64_t i = 0, n = take < room ? take : room; i < n; i++) {
            int64_t r = rows.count++;
            rows.day[r] = first + (int32_t)(i * length / n);
            rows.month[r] = m == 72 ? NULL_MONTH : m;
            rows.text[r] =
                (struct str){letters, (size_t)(rand() % 50 ? rand() % 20 : rand() % 400)};
            if (m < 72)
                rows.valid[r / 64] |= (uint64_t)1 << (r % 64);
        }
        first += length;
    }
}

static int64_t weight(int64_t from, int64_t to)
{
    int64_t bytes = 0;
    for (int64_t i = from; i < to; i++)
        bytes += ROW_BYTES + (int64_t)rows.text[i].len;
    return bytes;
}

/* The rule as exec.h has it: one past the last row of the file that begins at `from`. */
static int64_t file_end(const struct exec_split_rule *rule, int64_t from)
{
    for (int64_t i = from; i < rows.count; i++) {
        bool boundary = i > from && rule->time_column >= 0 && rows.month[i] != rows.month[i - 1];
        if (boundary && weight(from, i) > rule->side_bytes &&
            weight(i, rows.count) > rule->side_bytes)
            return i;
        if (weight(from, i + 1) >= rule->full_bytes)
            return i + 1;
    }
    return rows.count;
}

static struct column_batch batch_of(int64_t from, int64_t count, struct column_span *spans,
                                    uint64_t words[][COLUMN_SPAN_WORDS])
{
    const void *values[] = {rows.day, rows.n, rows.text};
    for (int c = 0; c < 3; c++) {
        struct column_span all = {.kind = SPAN_VALUES,
                                  .rows = rows.count,
                                  .valid = c == 0 ? rows.valid : NULL,
                                  .values = values[c]};
        spans[c] = column_span_slice(&all, column_type_phys(fields[c].type), from, count, words[c]);
    }
    return (struct column_batch){count, 3, spans};
}

struct written {
    int64_t ends[MOST_ROWS], count; /* one past the last row of each file that has ended */
    int64_t added, held;            /* rows given to files; rows held back behind them */
};

static void feed(struct exec_split *s, const struct column_batch *batch, struct written *w,
                 const struct exec_split_rule *rule)
{
    for (int64_t from = 0; from < batch->rows;) {
        struct exec_split_step step;
        exec_split_next(s, batch, from, &step);
        CHECK(step.rows > 0 || step.end);
        *(step.hold ? &w->held : &w->added) += step.rows;
        if (step.end) {
            w->ends[w->count++] = w->added;
            w->added += w->held;
            w->held = 0;
        }
        CHECK(weight(w->added, w->added + w->held) <= rule->side_bytes); /* P2 */
        from += step.rows;
    }
}

static void run_split(const struct exec_split_rule *rule, struct written *w)
{
    struct exec_split s;
    struct column_span spans[3];
    uint64_t words[3][COLUMN_SPAN_WORDS];
    *w = (struct written){0};
    exec_split_init(&s, rule, &schema);
    for (int64_t from = 0, n; from < rows.count; from += n) {
        n = 1 + rand() % (rand() % 2 ? 3 : COLUMN_SPAN_ROWS);
        n = n < rows.count - from ? n : rows.count - from;
        struct column_batch batch = batch_of(from, n, spans, words);
        feed(&s, &batch, w, rule);
    }
    exec_split_last(&s);
    int64_t left = w->held;
    w->held = 0;
    for (int64_t from = w->added, n; left > 0; from += n, left -= n) {
        n = left < COLUMN_SPAN_ROWS ? left : COLUMN_SPAN_ROWS;
        struct column_batch batch = batch_of(from, n, spans, words);
        feed(&s, &batch, w, rule);
        CHECK_INT(w->held, 0);
    }
    if (w->count == 0 || w->ends[w->count - 1] < w->added)
        w->ends[w->count++] = w->added;
}

/* P1: any batches, the rule's ends. */
TEST(files_end_where_the_rule_says)
{
    static struct written w;
    int64_t files = 0;
    srand(20250116);
    for (int round = 0; round < 300; round++) {
        struct exec_split_rule rule = {rand() % 5 ? 0 : -1, 1 + rand() % 2000, 0};
        rule.full_bytes = rule.side_bytes + 1 + rand() % (rand() % 2 ? 300 : 20000);
        make_rows(rand() % 2 ? 12 : 120);
        run_split(&rule, &w);
        int64_t at = 0;
        for (int64_t i = 0; i < w.count; i++) {
            CHECK_INT(w.ends[i], file_end(&rule, at));
            at = w.ends[i];
        }
        CHECK_INT(at, rows.count);
        files += w.count;
    }
    CHECK(files > 3000);
}

TEST(a_file_of_one_side_stays_whole)
{
    static struct written w;
    struct exec_split_rule rule = {0, (int64_t)1 << 20, (int64_t)8 << 20};
    make_rows(50);
    run_split(&rule, &w);
    CHECK_INT(w.count, 1);
    CHECK_INT(w.ends[0], rows.count);
}

/* Time stamps before 1970 are in the month they say. */
TEST(months_of_time_stamps)
{
    static const int64_t day = 86400000000;
    const int64_t values[] = {-32 * day, -31 * day - 1, -31 * day, -1, 0, 31 * day - 1, 31 * day};
    const bool begins[] = {false, false, true, false, true, false, true};
    struct column_field stamp[] = {{.name = {"s", 1}, .type = {.kind = COLUMN_TIMESTAMPTZ}}};
    struct column_schema one = {1, stamp};
    struct exec_split_rule rule = {0, 1, 1000};
    for (size_t i = 1; i < ARRAY_LEN(values); i++) {
        struct column_span span = {.kind = SPAN_VALUES, .rows = 2, .values = values + i - 1};
        struct column_batch batch = {2, 1, &span};
        struct exec_split s;
        struct exec_split_step step;
        exec_split_init(&s, &rule, &one);
        exec_split_next(&s, &batch, 0, &step);
        CHECK_INT(step.rows, begins[i] ? 1 : 2);
    }
}
