// SPDX-License-Identifier: Apache-2.0
/* exec_write.c - a stream of rows into Parquet data files of an Iceberg table.
 *
 *     batch -> partition values per row -> one open file per partition -> rolled at the target size,
 *                                                                        or cut by exec_write_split.c
 *
 * An unpartitioned table takes whole batches. A partitioned one applies the spec's transforms to
 * each row, groups the batch's rows by partition and gathers them; rows of one partition usually
 * come together, so a batch of one partition is handed on as it is.
 *
 * W1  every path is in `written` before its first byte, so that a failure can be cleaned up
 * W2  at most OPEN_FILES files are open; the least recently used one is finished first
 * W3  a file's metrics come from the writer that saw its values, never from the input's claims
 * W4  files are numbered as they are opened, and the tap hears of a row when its file gets it */
#include "exec/exec_write_options.h"

#include "iceberg/iceberg.h"
#include "parquet/parquet.h"

#include <stdio.h>
#include <string.h>

#define OPEN_FILES 100

struct open_file {
    struct column_value *partition; /* in <arena>; NULL when the slot is free */
    struct store_write *to;         /* owned */
    struct parquet_writer *writer;  /* owned */
    struct str path;
    size_t number; /* W4 */
    uint64_t used; /* time of last use, for W2 */
};

/* Beside each open file when spec->split is set. */
struct split_file {
    struct exec_split split;
    struct exec_rows held; /* owned: rows that this file or the next one gets */
};

struct file_writer {
    const struct exec_write_spec *spec; /* borrowed */
    const struct exec_context *c;       /* borrowed */
    struct arena *arena;                /* borrowed: results live here */
    struct iceberg_paths *written;      /* borrowed */
    struct column_schema schema;        /* file columns: the table's, then hidden ones */
    struct exec_write_options options;
    int *source; /* per partition field: index into schema */
    struct open_file files[OPEN_FILES];
    struct split_file *splits;       /* in arena: OPEN_FILES of them; NULL without spec->split */
    struct column_span *part, *held; /* in arena: a slice of a batch; held rows that come back */
    uint64_t (*part_words)[COLUMN_SPAN_WORDS]; /* in arena: validity of `part` */
    uint64_t clock;
    struct iceberg_data_file *described; /* in arena: by number, once finished */
    size_t file_count, file_capacity;    /* opened so far */
    int64_t rows;
};

/* ---- columns --------------------------------------------------------------------------------- */

static status file_schema(struct file_writer *w, struct error *err)
{
    const struct column_schema *hidden = w->spec->hidden;
    struct column_schema visible;
    TRY(iceberg_schema_columns(w->spec->schema, w->arena, &visible, err));
    if (!iceberg_schema_is_flat(w->spec->schema))
        FAIL(err, ST_UNSUPPORTED,
             "%.*s has nested columns, which firn does not write (id %d is the schema)",
             STR_ARG(w->spec->table->location), w->spec->schema->id);
    w->schema.count = visible.count + (hidden ? hidden->count : 0);
    TRY(ARENA_ARRAY(w->arena, struct column_field, w->schema.count, &w->schema.fields, err));
    memcpy(w->schema.fields, visible.fields, visible.count * sizeof(*visible.fields));
    if (hidden)
        memcpy(w->schema.fields + visible.count, hidden->fields,
               hidden->count * sizeof(*hidden->fields));
    const struct iceberg_spec *spec = w->spec->spec;
    TRY(ARENA_ARRAY(w->arena, int, spec->count, &w->source, err));
    for (size_t i = 0; i < spec->count; i++) {
        w->source[i] = -1;
        for (size_t k = 0; k < visible.count; k++)
            if (visible.fields[k].field_id == spec->fields[i].source_id)
                w->source[i] = (int)k;
        if (w->source[i] < 0)
            FAIL(err, ST_CORRUPT, "partition field \"%.*s\" has no column with id %d",
                 STR_ARG(spec->fields[i].name), spec->fields[i].source_id);
    }
    return ST_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static status create_file(struct file_writer *w, struct open_file *f,
                          struct column_value *partition, struct error *err)
{
    char name[128];
    struct iceberg_paths *paths = w->written;
    TRY(arena_grow(w->arena, (void **)&w->described, sizeof(*w->described), &w->file_capacity,
                   w->file_count + 1, err));
    f->number = w->file_count++;
    snprintf(name, sizeof(name), "%s-%05zu.parquet", w->spec->name_prefix, f->number);
    TRY(iceberg_data_path(w->spec->table, w->spec->spec, partition, str_of(name), w->arena,
                          &f->path, err));
    TRY(arena_grow(paths->arena, (void **)&paths->paths, sizeof(struct str), &paths->capacity,
                   paths->count + 1, err));
    TRY(arena_str(paths->arena, f->path, &paths->paths[paths->count], err));
    paths->count++;
    TRY(store_write_create(w->c->store, f->path, &f->to, err));
    f->partition = partition;
    f->used = ++w->clock;
    return parquet_writer_create(f->to, &w->schema, &w->options.parquet, w->c->account, &f->writer,
                                 err);
}

static void abandon_file(struct open_file *f)
{
    parquet_writer_free(f->writer);
    store_write_abandon(f->to);
    *f = (struct open_file){0};
}

static status open_file(struct file_writer *w, struct open_file *f, struct column_value *partition,
                        struct error *err)
{
    status st = create_file(w, f, partition, err);
    if (st != ST_OK)
        abandon_file(f);
    return st;
}

/* What the manifest says of a column: write.metadata.metrics.*. */
static status metric_of(struct file_writer *w, const struct parquet_column_metrics *from,
                        struct exec_metrics_mode mode, struct iceberg_metric *to, struct error *err)
{
    *to = (struct iceberg_metric){.field_id = from->field_id,
                                  .column_bytes = from->compressed_bytes,
                                  .values = from->values,
                                  .nulls = from->nulls,
                                  .nans = from->nans};
    if (mode.kind == EXEC_METRICS_NONE)
        to->values = to->nulls = to->nans = -1;
    if (!from->has_bounds || mode.kind != EXEC_METRICS_BOUNDS)
        return ST_OK;
    TRY(iceberg_bound_truncate(&from->min, false, mode.units, w->arena, &to->lower, err));
    return iceberg_bound_truncate(&from->max, true, mode.units, w->arena, &to->upper, err);
}

static status describe_file(struct file_writer *w, struct open_file *f,
                            const struct parquet_file_metrics *m, struct iceberg_data_file *out,
                            struct error *err)
{
    size_t visible = w->spec->schema->count;
    *out = (struct iceberg_data_file){.content = ICEBERG_DATA,
                                      .path = f->path,
                                      .format = STR("PARQUET"),
                                      .spec_id = w->spec->spec->id,
                                      .partition_count = w->spec->spec->count,
                                      .partition = f->partition,
                                      .records = m->rows,
                                      .bytes = store_write_bytes(f->to),
                                      .metric_count = m->columns,
                                      .split_count = m->split_count,
                                      .split_offsets = m->split_offsets,
                                      .sort_order_id = w->spec->sort_order_id};
    TRY(ARENA_ARRAY(w->arena, struct iceberg_metric, m->columns, &out->metrics, err));
    for (size_t i = 0; i < m->columns; i++) {
        struct iceberg_metric metric;
        struct exec_metrics_mode mode = w->options.modes[i];
        if (i >= visible) /* states: counts, no bounds */
            mode = (struct exec_metrics_mode){EXEC_METRICS_COUNTS, 0};
        TRY(metric_of(w, &m->column[i], mode, &metric, err));
        size_t at = i;
        for (; at > 0 && out->metrics[at - 1].field_id > metric.field_id; at--)
            out->metrics[at] = out->metrics[at - 1];
        out->metrics[at] = metric;
    }
    return ST_OK;
}

static status finish_file(struct file_writer *w, struct open_file *f, struct error *err)
{
    struct parquet_file_metrics m;
    status st = parquet_writer_finish(f->writer, w->arena, &m, err);
    if (st == ST_OK)
        st = describe_file(w, f, &m, &w->described[f->number], err);
    if (st != ST_OK) {
        abandon_file(f);
        return st;
    }
    parquet_writer_free(f->writer);
    struct store_write *to = f->to;
    *f = (struct open_file){0};
    return store_write_finish(to, err);
}

/* W4 */
static status append_file(struct file_writer *w, struct open_file *f,
                          const struct column_batch *batch, struct error *err)
{
    TRY_CONTEXT(parquet_writer_append(f->writer, batch, err), err, "%.*s", STR_ARG(f->path));
    return w->spec->tap ? w->spec->tap(w->spec->tap_self, f->number, batch, err) : ST_OK;
}

/* ---- files cut at keys ------------------------------------------------------------------------ */

static status append_slice(struct file_writer *w, struct open_file *f,
                           const struct column_batch *batch, int64_t from, int64_t rows, bool hold,
                           struct error *err)
{
    struct column_batch part = {rows, batch->columns, w->part};
    for (size_t i = 0; i < batch->columns; i++)
        w->part[i] = column_span_slice(&batch->spans[i], column_type_phys(w->schema.fields[i].type),
                                       from, rows, w->part_words[i]);
    if (hold)
        return exec_rows_append(&w->splits[f - w->files].held, w->part, rows, err);
    return append_file(w, f, &part, err);
}

/* Ends the file before the rows held back; they begin the next one of its partition. */
static status cut_file(struct file_writer *w, struct open_file *f, struct error *err)
{
    struct exec_rows *held = &w->splits[f - w->files].held;
    struct column_value *partition = f->partition;
    struct column_batch batch = {0, w->schema.count, w->held};
    TRY(finish_file(w, f, err));
    TRY(open_file(w, f, partition, err));
    for (int64_t at = 0; at < held->rows; at += batch.rows) {
        batch.rows = exec_rows_batch(held, at, w->held);
        TRY(append_file(w, f, &batch, err));
    }
    exec_rows_clear(held);
    return ST_OK;
}

static status append_split(struct file_writer *w, struct open_file *f,
                           const struct column_batch *batch, struct error *err)
{
    struct column_value *partition = f->partition;
    for (int64_t from = 0; from < batch->rows;) {
        struct exec_split_step step;
        if (!f->to)
            TRY(open_file(w, f, partition, err));
        exec_split_next(&w->splits[f - w->files].split, batch, from, &step);
        if (step.rows > 0)
            TRY(append_slice(w, f, batch, from, step.rows, step.hold, err));
        if (step.end)
            TRY(step.hold ? cut_file(w, f, err) : finish_file(w, f, err));
        from += step.rows;
    }
    return ST_OK;
}

/* Finishes a partition's file; rows held back from it are its last. */
static status finish_open(struct file_writer *w, struct open_file *f, struct error *err)
{
    if (!w->splits)
        return finish_file(w, f, err);
    struct split_file *s = &w->splits[f - w->files];
    struct column_batch batch = {0, w->schema.count, w->held};
    exec_split_last(&s->split);
    for (int64_t at = 0; at < s->held.rows; at += batch.rows) {
        batch.rows = exec_rows_batch(&s->held, at, w->held);
        TRY(append_split(w, f, &batch, err));
    }
    exec_rows_clear(&s->held);
    return f->to ? finish_file(w, f, err) : ST_OK;
}

/* ---- the file of a partition ------------------------------------------------------------------ */

/* A slot's splitting starts anew. */
static status reset_split(struct file_writer *w, struct split_file *s, struct error *err)
{
    exec_split_init(&s->split, w->spec->split, &w->schema);
    if (s->held.column)
        return ST_OK;
    struct column_type *types;
    TRY(ARENA_ARRAY(w->arena, struct column_type, w->schema.count, &types, err));
    for (size_t i = 0; i < w->schema.count; i++)
        types[i] = w->schema.fields[i].type;
    return exec_rows_init(&s->held, types, w->schema.count, w->c->account, err);
}

static bool same_partition(const struct column_value *a, const struct column_value *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].null != b[i].null || (!a[i].null && column_value_cmp(&a[i], &b[i], false) != 0))
            return false;
    return true;
}

/* The open file of a partition, opened when there is none (W2). */
static status file_for(struct file_writer *w, const struct column_value *partition,
                       struct open_file **out, struct error *err)
{
    size_t n = w->spec->spec->count;
    struct open_file *oldest = &w->files[0];
    for (size_t i = 0; i < OPEN_FILES; i++) {
        struct open_file *f = &w->files[i];
        if (f->to && same_partition(f->partition, partition, n)) {
            *out = f;
            f->used = ++w->clock;
            return ST_OK;
        }
        if (f->used < oldest->used)
            oldest = f;
    }
    if (oldest->to)
        TRY(finish_open(w, oldest, err));
    if (w->splits)
        TRY(reset_split(w, &w->splits[oldest - w->files], err));
    struct column_value *own;
    TRY(ARENA_ARRAY(w->arena, struct column_value, n ? n : 1, &own, err));
    for (size_t i = 0; i < n; i++)
        TRY(column_value_copy(w->arena, &partition[i], &own[i], err));
    *out = oldest;
    return open_file(w, oldest, own, err);
}

static status append_to(struct file_writer *w, const struct column_value *partition,
                        const struct column_batch *batch, struct error *err)
{
    struct open_file *f;
    TRY(file_for(w, partition, &f, err));
    if (w->splits)
        return append_split(w, f, batch, err);
    TRY(append_file(w, f, batch, err));
    if (parquet_writer_bytes(f->writer) >= w->options.target_bytes)
        TRY(finish_file(w, f, err));
    return ST_OK;
}

/* ---- rows to partitions ---------------------------------------------------------------------- */

struct partition_scratch {
    struct arena arena;             /* reset for each batch */
    struct column_vector *gathered; /* in the writer's arena; each owned */
    struct column_span *spans;
};

static status row_partition(struct file_writer *w, const struct column_batch *batch, int64_t row,
                            struct arena *arena, struct column_value *out, struct error *err)
{
    const struct iceberg_spec *spec = w->spec->spec;
    for (size_t i = 0; i < spec->count; i++) {
        struct column_value v;
        size_t column = (size_t)w->source[i];
        column_span_value(&batch->spans[column], w->schema.fields[column].type, row, &v);
        TRY(iceberg_transform_apply(spec->fields[i].transform, &v, arena, &out[i], err));
    }
    return ST_OK;
}

static status append_rows(struct file_writer *w, struct partition_scratch *s,
                          const struct column_value *partition, const struct column_batch *batch,
                          const uint16_t *rows, size_t n, struct error *err)
{
    if ((int64_t)n == batch->rows)
        return append_to(w, partition, batch, err);
    for (size_t i = 0; i < w->schema.count; i++) {
        column_vector_clear(&s->gathered[i]);
        for (size_t r = 0; r < n; r++) {
            struct column_value v;
            column_span_value(&batch->spans[i], w->schema.fields[i].type, rows[r], &v);
            column_vector_append_value(&s->gathered[i], &v);
        }
        s->spans[i] = column_vector_span(&s->gathered[i]);
    }
    struct column_batch part = {(int64_t)n, w->schema.count, s->spans};
    return append_to(w, partition, &part, err);
}

/* Splits a batch by partition: the partition of the first row not yet placed, then all of its rows.
 */
static status append_partitioned(struct file_writer *w, struct partition_scratch *s,
                                 const struct column_batch *batch, struct error *err)
{
    size_t n = w->spec->spec->count;
    struct column_value *all;
    bool placed[COLUMN_SPAN_ROWS] = {false};
    uint16_t rows[COLUMN_SPAN_ROWS];
    arena_reset(&s->arena);
    TRY(ARENA_ARRAY(&s->arena, struct column_value, (size_t)batch->rows * n, &all, err));
    for (int64_t r = 0; r < batch->rows; r++)
        TRY(row_partition(w, batch, r, &s->arena, all + (size_t)r * n, err));
    for (int64_t first = 0; first < batch->rows; first++) {
        size_t count = 0;
        if (placed[first])
            continue;
        for (int64_t r = first; r < batch->rows; r++)
            if (!placed[r] && same_partition(all + (size_t)first * n, all + (size_t)r * n, n)) {
                placed[r] = true;
                rows[count++] = (uint16_t)r;
            }
        TRY(append_rows(w, s, all + (size_t)first * n, batch, rows, count, err));
    }
    return ST_OK;
}

static status check_required(const struct file_writer *w, const struct column_batch *batch,
                             struct error *err)
{
    for (size_t i = 0; i < w->schema.count; i++) {
        const struct column_span *s = &batch->spans[i];
        if (!w->schema.fields[i].required || (!s->valid && !s->run_null))
            continue;
        for (int64_t r = 0; r < batch->rows; r++)
            if (column_span_null(s, r))
                FAIL_SQL(
                    err, ST_INVALID, "23502", 0,
                    "null value in column \"%.*s\" violates its not-null constraint (row %lld)",
                    STR_ARG(w->schema.fields[i].name), (long long)(w->rows + r + 1));
    }
    return ST_OK;
}

static status write_all(struct file_writer *w, struct column_stream *rows,
                        struct partition_scratch *s, struct error *err)
{
    bool partitioned = w->spec->spec->count > 0;
    for (;;) {
        struct column_batch batch;
        TRY(exec_check_cancel(w->c, err));
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            break;
        TRY(check_required(w, &batch, err));
        TRY(partitioned ? append_partitioned(w, s, &batch, err) : append_to(w, NULL, &batch, err));
        w->rows += batch.rows;
    }
    for (size_t i = 0; i < OPEN_FILES; i++)
        if (w->files[i].to)
            TRY(finish_open(w, &w->files[i], err));
    return ST_OK;
}

static status splits_init(struct file_writer *w, struct error *err)
{
    size_t n = w->schema.count;
    if (!w->spec->split)
        return ST_OK;
    TRY(ARENA_ARRAY(w->arena, struct split_file, OPEN_FILES, &w->splits, err));
    TRY(ARENA_ARRAY(w->arena, struct column_span, n, &w->part, err));
    TRY(ARENA_ARRAY(w->arena, struct column_span, n, &w->held, err));
    return arena_alloc(w->arena, n * sizeof(*w->part_words), (void **)&w->part_words, err);
}

static status scratch_init(struct file_writer *w, struct partition_scratch *s, struct error *err)
{
    if (w->spec->spec->count == 0)
        return ST_OK;
    TRY(ARENA_ARRAY(w->arena, struct column_vector, w->schema.count, &s->gathered, err));
    TRY(ARENA_ARRAY(w->arena, struct column_span, w->schema.count, &s->spans, err));
    for (size_t i = 0; i < w->schema.count; i++)
        TRY(column_vector_init(&s->gathered[i], w->schema.fields[i].type, w->c->account, err));
    return ST_OK;
}

status exec_write(struct column_stream *rows, const struct exec_write_spec *spec,
                  const struct exec_context *c, struct arena *arena,
                  struct iceberg_data_file **files, size_t *file_count, int64_t *row_count,
                  struct iceberg_paths *written, struct error *err)
{
    struct file_writer *w;
    struct partition_scratch s = {0};
    TRY(ARENA_NEW(arena, struct file_writer, &w, err));
    w->spec = spec;
    w->c = c;
    w->arena = arena;
    w->written = written;
    arena_init(&s.arena, c->account);
    status st = file_schema(w, err);
    if (st == ST_OK)
        st = exec_write_options_read(spec->table, &w->schema, c, arena, &w->options, err);
    if (st == ST_OK)
        st = codec_work_create(c->account, &w->options.parquet.work, err);
    if (st == ST_OK)
        st = splits_init(w, err);
    if (st == ST_OK)
        st = scratch_init(w, &s, err);
    if (st == ST_OK)
        st = write_all(w, rows, &s, err);
    for (size_t i = 0; i < OPEN_FILES; i++)
        if (w->files[i].to)
            abandon_file(&w->files[i]);
    for (size_t i = 0; w->splits && i < OPEN_FILES; i++)
        if (w->splits[i].held.column)
            exec_rows_free(&w->splits[i].held);
    for (size_t i = 0; s.gathered && i < w->schema.count; i++)
        column_vector_free(&s.gathered[i]);
    codec_work_free(w->options.parquet.work);
    arena_free(&s.arena);
    *files = w->described;
    *file_count = st == ST_OK ? w->file_count : 0;
    *row_count = w->rows;
    return st;
}
