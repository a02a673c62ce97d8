// SPDX-License-Identifier: Apache-2.0
/* exec_prune.c - which row groups of a data file, and which rows of them, a scan's condition may need.
 *
 * Statistics are put in the form of a data file's metrics and judged as files are. Where they leave a
 * row group in, the Bloom filters of the columns that are compared for equality are asked: a condition
 * is a tree of AND and OR, so it is walked once more with "perhaps" for all but = and IN.
 *
 * Inside a row group, columns have pages of different lengths. Where any page of a column in the
 * condition begins, a piece of rows begins, for which one page of each column says what it can hold:
 *
 *     day     [ page: 1 to 3   ][ page: 3 to 4       ][ page: 5 to 9 ]
 *     price   [ page: 2 to 90         ][ page: 95 to 99              ]
 *     piece   |                |       |              |              |
 *     day = 4 AND price > 94            [ may match  ]
 *
 * Each piece is judged as a row group is, with its pages' bounds in place of the chunks'. */
#include "exec/exec_prune.h"

static status bound_bytes(struct arena *arena, const struct column_value *v, bool usable,
                          struct str *out, struct error *err)
{
    *out = (struct str){0};
    return usable ? iceberg_value_encode(v, arena, out, err) : ST_OK;
}

/* A row group as a data file whose metrics are its statistics, for iceberg_file_may_match. NaN
 * counts are not in Parquet's statistics: unknown. */
static status group_metrics(const struct exec_prune *p, size_t group, struct iceberg_data_file *out,
                            struct error *err)
{
    size_t n = parquet_columns(p->file);
    *out = p->entry->file;
    out->metric_count = 0;
    TRY(ARENA_ARRAY(p->arena, struct iceberg_metric, n, &out->metrics, err));
    out->records = parquet_group_rows(p->file, group);
    for (size_t i = 0; i < n; i++) {
        const struct parquet_column_info *info = parquet_column_at(p->file, i);
        const struct parquet_chunk_info *chunk = parquet_chunk_at(p->file, group, i);
        if (info->field_id == 0 || !info->supported)
            continue;
        struct iceberg_metric m = {.field_id = info->field_id,
                                   .column_bytes = chunk->compressed_bytes,
                                   .values = chunk->values,
                                   .nulls = chunk->has_null_count ? chunk->null_count : -1,
                                   .nans = -1};
        TRY(bound_bytes(p->arena, &chunk->min, chunk->has_min, &m.lower, err));
        TRY(bound_bytes(p->arena, &chunk->max, chunk->has_max, &m.upper, err));
        size_t at = out->metric_count++;
        for (; at > 0 && out->metrics[at - 1].field_id > m.field_id; at--)
            out->metrics[at] = out->metrics[at - 1];
        out->metrics[at] = m;
    }
    return ST_OK;
}

/* One that can be judged by this file's statistics. */
static bool has_condition(const struct exec_prune *p)
{
    return p->plan->kind == QUERY_PLAN_SCAN && p->plan->scan.pred && parquet_has_field_ids(p->file);
}

status exec_prune_group(const struct exec_prune *p, size_t group, bool *out, struct error *err)
{
    const struct query_plan *plan = p->plan;
    struct iceberg_data_file as_file;
    *out = true;
    if (!has_condition(p))
        return ST_OK;
    TRY(group_metrics(p, group, &as_file, err));
    *out = iceberg_file_may_match(plan->scan.table, plan->scan.table_schema, &as_file,
                                  plan->scan.pred);
    return ST_OK;
}

/* ---- Bloom filters --------------------------------------------------------------------------- */

static status bloom_leaf(struct exec_prune *p, size_t group, const struct iceberg_pred *pred,
                         bool *out, struct error *err)
{
    int column = parquet_column_find(p->file, pred->field_id, (struct str){0});
    *out = true;
    for (size_t i = 0; i < pred->value_count; i++)
        if (pred->values[i].null) /* matches nothing, and is nothing to ask for */
            return ST_OK;
    if (column < 0)
        return ST_OK;
    return parquet_bloom_probe(p->file, group, (size_t)column, pred->values, pred->value_count, out,
                               &p->bytes, err);
}

static status bloom_may_match(struct exec_prune *p, size_t group, const struct iceberg_pred *pred,
                              bool *out, struct error *err)
{
    bool is_and = pred->kind == ICEBERG_PRED_AND, is_or = pred->kind == ICEBERG_PRED_OR;
    if (pred->kind == ICEBERG_PRED_EQ || pred->kind == ICEBERG_PRED_IN)
        return bloom_leaf(p, group, pred, out, err);
    *out = !is_or;
    for (size_t i = 0; (is_and || is_or) && *out == is_and && i < pred->child_count; i++)
        TRY(bloom_may_match(p, group, pred->children[i], out, err));
    return ST_OK;
}

status exec_prune_bloom(struct exec_prune *p, size_t group, bool *out, struct error *err)
{
    *out = true;
    return has_condition(p) ? bloom_may_match(p, group, p->plan->scan.pred, out, err) : ST_OK;
}

/* ---- pages ----------------------------------------------------------------------------------- */

#define PAGED_MOST  32         /* columns of one condition whose pages are looked at */
#define WORTH_BYTES (64 << 10) /* less of a row group is read faster than its page index */

/* A column of the condition that has a page index. */
struct paged {
    int32_t field_id;
    int column;
    struct parquet_page_info *pages; /* in the arena, as the next */
    struct iceberg_metric *metrics;  /* of each page */
    size_t count, at;                /* at: the page of the current piece */
};

struct pieces {
    struct exec_prune *p;
    size_t group;
    size_t count;
    struct paged columns[PAGED_MOST];
    struct iceberg_data_file as_file; /* of the current piece */
};

/* The columns of a condition, each once. */
static void collect_columns(struct pieces *x, const struct iceberg_pred *pred)
{
    const struct exec_prune *p = x->p;
    for (size_t i = 0; i < pred->child_count; i++)
        collect_columns(x, pred->children[i]);
    if (pred->kind < ICEBERG_PRED_EQ || x->count == PAGED_MOST)
        return;
    for (size_t i = 0; i < x->count; i++)
        if (x->columns[i].field_id == pred->field_id)
            return;
    int c = parquet_column_find(p->file, pred->field_id, (struct str){0});
    if (c >= 0 && parquet_chunk_at(p->file, x->group, (size_t)c)->has_column_index)
        x->columns[x->count++] = (struct paged){.field_id = pred->field_id, .column = c};
}

/* A page without bounds says nothing but how many NULLs it has. */
static status page_metric(struct arena *arena, const struct paged *c,
                          const struct parquet_page_info *page, struct iceberg_metric *out,
                          struct error *err)
{
    *out = (struct iceberg_metric){.field_id = c->field_id,
                                   .column_bytes = page->bytes,
                                   .values = page->rows,
                                   .nulls = page->all_null ? page->rows : page->null_count,
                                   .nans = page->has_bounds ? 0 : -1};
    TRY(bound_bytes(arena, &page->min, page->has_bounds, &out->lower, err));
    return bound_bytes(arena, &page->max, page->has_bounds, &out->upper, err);
}

static status read_pages(struct pieces *x, struct paged *c, struct error *err)
{
    struct arena *arena = x->p->arena;
    TRY(parquet_pages(x->p->file, x->group, (size_t)c->column, arena, &c->pages, &c->count, err));
    TRY(ARENA_ARRAY(arena, struct iceberg_metric, c->count, &c->metrics, err));
    for (size_t i = 0; i < c->count; i++)
        TRY(page_metric(arena, c, &c->pages[i], &c->metrics[i], err));
    return ST_OK;
}

/* Moves all columns to the piece that begins at `row`; where it ends. */
static int64_t piece_at(struct pieces *x, int64_t row, int64_t end)
{
    for (size_t i = 0; i < x->count; i++) {
        struct paged *c = &x->columns[i];
        while (c->at + 1 < c->count && c->pages[c->at + 1].first_row <= row)
            c->at++;
        int64_t page_end = c->pages[c->at].first_row + c->pages[c->at].rows;
        end = page_end > row && page_end < end ? page_end : end;
        for (size_t k = 0; k < x->as_file.metric_count; k++)
            if (x->as_file.metrics[k].field_id == c->field_id)
                x->as_file.metrics[k] = c->metrics[c->at];
    }
    return end;
}

static status add_piece(struct pieces *x, int64_t row, int64_t end, struct parquet_rows **out,
                        size_t *count, size_t *capacity, struct error *err)
{
    struct parquet_rows *last = *count ? &(*out)[*count - 1] : NULL;
    if (last && last->first + last->count == row) {
        last->count += end - row;
        return ST_OK;
    }
    TRY(arena_grow(x->p->arena, (void **)out, sizeof(**out), capacity, *count + 1, err));
    (*out)[(*count)++] = (struct parquet_rows){row, end - row};
    return ST_OK;
}

static status judge_pieces(struct pieces *x, struct parquet_rows **out, size_t *count,
                           struct error *err)
{
    const struct query_plan *plan = x->p->plan;
    int64_t rows = parquet_group_rows(x->p->file, x->group);
    size_t capacity = 0;
    for (int64_t row = 0, end; row < rows; row = end) {
        end = piece_at(x, row, rows);
        if (iceberg_file_may_match(plan->scan.table, plan->scan.table_schema, &x->as_file,
                                   plan->scan.pred))
            TRY(add_piece(x, row, end, out, count, &capacity, err));
    }
    return ST_OK;
}

static bool is_worth_it(const struct exec_prune *p, size_t group, const int *columns, size_t count)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < count && bytes < WORTH_BYTES; i++)
        if (columns[i] >= 0)
            bytes += parquet_chunk_at(p->file, group, (size_t)columns[i])->compressed_bytes;
    return bytes >= WORTH_BYTES;
}

status exec_prune_rows(struct exec_prune *p, size_t group, const int *columns, size_t column_count,
                       bool *whole, struct parquet_rows **out, size_t *count, struct error *err)
{
    struct pieces x = {.p = p, .group = group};
    bool several = false;
    *whole = true;
    *out = NULL;
    *count = 0;
    if (!has_condition(p) || !is_worth_it(p, group, columns, column_count))
        return ST_OK;
    collect_columns(&x, p->plan->scan.pred);
    if (x.count == 0)
        return ST_OK;
    TRY(parquet_index_expect(p->file, group, columns, column_count, err));
    for (size_t i = 0; i < x.count; i++) {
        TRY(read_pages(&x, &x.columns[i], err));
        several |= x.columns[i].count > 1;
    }
    if (!several)
        return ST_OK;
    TRY(group_metrics(p, group, &x.as_file, err));
    TRY(judge_pieces(&x, out, count, err));
    *whole = *count == 1 && (*out)[0].count == parquet_group_rows(p->file, group);
    return ST_OK;
}
