// SPDX-License-Identifier: Apache-2.0
/* exec_write_split.c - where sorted rows are cut into files, decided while they stream by.
 *
 *     rows    jan jan jan jan jan | feb | mar mar ... end
 *     file    [more than a side ] ^
 *                                 boundary: rows are held back from here on, until they
 *                                 weigh more than a side:  the file ends, they begin the next
 *                                 or the stream ends:      they belong to the file after all
 *
 * The first month that ends with enough behind it is the only one to be remembered: where too
 * little follows it, too little follows a later one. So at most a side is ever held back.
 *
 * P1  what is decided depends on the rows since the file began and on the rule, not on batches
 * P2  while rows are held back the file gets none; held rows weigh at most side_bytes between calls */
#include "exec/exec_int.h"

#include "column/column_text.h"

#define US_PER_DAY      ((int64_t)86400000000)
#define TEXT_SIZE_BYTES 4 /* of a text's length, as PLAIN pages have it */

/* What a row weighs without its text. */
static int64_t fixed_bytes(const struct column_schema *schema)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < schema->count; i++) {
        enum column_phys phys = column_type_phys(schema->fields[i].type);
        bytes += phys == PHYS_STR ? TEXT_SIZE_BYTES : (int64_t)column_phys_bytes(phys);
    }
    return bytes;
}

static int64_t text_bytes(const struct column_schema *schema, const struct column_batch *batch,
                          int64_t row)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < schema->count; i++) {
        struct column_value v;
        if (column_type_phys(schema->fields[i].type) != PHYS_STR)
            continue;
        column_span_value(&batch->spans[i], schema->fields[i].type, row, &v);
        bytes += v.null ? 0 : (int64_t)v.str.len;
    }
    return bytes;
}

int64_t exec_split_month(const struct column_schema *schema, const struct column_batch *batch,
                         int column, int64_t row)
{
    struct column_value v;
    struct column_type type = schema->fields[column].type;
    int64_t days, year;
    unsigned month, day;
    column_span_value(&batch->spans[column], type, row, &v);
    if (v.null)
        return INT64_MIN;
    if (type.kind == COLUMN_DATE)
        days = v.i32;
    else
        days = v.i64 / US_PER_DAY - (v.i64 % US_PER_DAY < 0);
    column_civil_from_days((int32_t)days, &year, &month, &day);
    return year * 12 + month;
}

int64_t exec_split_weight(const struct column_schema *schema, const struct column_batch *batch,
                          int64_t row)
{
    return fixed_bytes(schema) + text_bytes(schema, batch, row);
}

/* True at the first row of another month; s->month follows. */
static bool month_begins(struct exec_split *s, const struct column_batch *batch, int64_t row)
{
    if (s->rule->time_column < 0)
        return false;
    int64_t before = s->month;
    s->month = exec_split_month(s->schema, batch, s->rule->time_column, row);
    return s->month != before;
}

void exec_split_init(struct exec_split *s, const struct exec_split_rule *rule,
                     const struct column_schema *schema)
{
    *s = (struct exec_split){.rule = rule, .schema = schema, .fixed_bytes = fixed_bytes(schema)};
}

void exec_split_next(struct exec_split *s, const struct column_batch *batch, int64_t from,
                     struct exec_split_step *out)
{
    *out = (struct exec_split_step){.hold = s->holding};
    if (s->file_bytes >= s->rule->full_bytes) { /* one held row can do that */
        s->file_bytes = 0;
        *out = (struct exec_split_step){.end = true};
        return;
    }
    for (int64_t i = from; i < batch->rows; i++) {
        if (month_begins(s, batch, i) && !s->last && !s->holding &&
            s->file_bytes > s->rule->side_bytes) {
            s->holding = true;
            if (out->rows > 0)
                return;
            out->hold = true;
        }
        int64_t *weight = s->holding ? &s->held_bytes : &s->file_bytes;
        *weight += s->fixed_bytes + text_bytes(s->schema, batch, i);
        out->rows++;
        out->end = s->holding ? *weight > s->rule->side_bytes : *weight >= s->rule->full_bytes;
        if (out->end) {
            s->file_bytes = s->held_bytes;
            s->held_bytes = 0;
            s->holding = false;
            return;
        }
    }
}

void exec_split_last(struct exec_split *s)
{
    s->last = true;
    s->holding = false;
    s->held_bytes = 0;
}
