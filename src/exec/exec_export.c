// SPDX-License-Identifier: Apache-2.0
/* exec_export.c - COPY TO: rows as CSV text or as one Parquet file.
 *
 * A file appears under its name whole or not at all (store.h, T1); text for standard output goes to
 * the caller's sink batch by batch. */
#include "exec/exec_int.h"

#include "csv/csv.h"
#include "parquet/parquet.h"

#define TEXT_CAP_BYTES ((size_t)1 << 30)

struct export
{
    const struct exec_context *c; /* borrowed */
    struct store_write *to;       /* owned; NULL: sink */
    status (*sink)(void *self, struct str text, struct error *err);
    void *sink_self;
    int64_t rows;
};

static status put_text(struct export *x, struct buffer *text, struct error *err)
{
    status st = x->to ? store_write_append(x->to, text->data, text->len, err)
                      : x->sink(x->sink_self, buffer_str(text), err);
    buffer_clear(text);
    return st;
}

static status export_csv(struct export *x, struct column_stream *rows,
                         const struct csv_options *options, struct buffer *text, struct error *err)
{
    if (options->header) {
        TRY(csv_write_header(rows->schema, options, text, err));
        TRY(put_text(x, text, err));
    }
    for (;;) {
        struct column_batch batch;
        TRY(exec_check_cancel(x->c, err));
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        TRY(csv_write_batch(rows->schema, &batch, options, text, err));
        TRY(put_text(x, text, err));
        x->rows += batch.rows;
    }
}

static status export_parquet(struct export *x, struct column_stream *rows, struct parquet_writer *w,
                             struct arena *arena, struct error *err)
{
    for (;;) {
        struct column_batch batch;
        TRY(exec_check_cancel(x->c, err));
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return parquet_writer_finish(w, arena, NULL, err);
        TRY(parquet_writer_append(w, &batch, err));
        x->rows += batch.rows;
    }
}

static status run_csv(struct export *x, struct column_stream *rows,
                      const struct query_csv_options *from, struct error *err)
{
    struct csv_options o;
    struct buffer text;
    csv_options_init(&o);
    o.header = from->header;
    o.delimiter = from->delimiter;
    o.quote = from->quote;
    o.escape = from->escape;
    o.null_text = from->null_text;
    o.zone = x->c->zone;
    buffer_init(&text, x->c->account, TEXT_CAP_BYTES);
    status st = export_csv(x, rows, &o, &text, err);
    buffer_free(&text);
    return st;
}

static status run_parquet(struct export *x, struct column_stream *rows, struct error *err)
{
    struct parquet_write_options o;
    struct parquet_writer *w;
    parquet_write_options_init(&o);
    TRY(codec_work_create(x->c->account, &o.work, err));
    status st = parquet_writer_create(x->to, rows->schema, &o, x->c->account, &w, err);
    if (st == ST_OK) {
        st = export_parquet(x, rows, w, x->c->arena, err);
        parquet_writer_free(w);
    }
    codec_work_free(o.work);
    return st;
}

status exec_export(struct column_stream *rows, bool csv, const struct query_csv_options *options,
                   struct str uri, status (*sink)(void *self, struct str text, struct error *err),
                   void *sink_self, const struct exec_context *c, int64_t *row_count,
                   struct error *err)
{
    struct export x = {.c = c, .sink = sink, .sink_self = sink_self};
    if (!csv && !uri.ptr)
        FAIL(err, ST_UNSUPPORTED,
             "a Parquet file cannot be written to standard output; name a file");
    if (uri.ptr) {
        TRY(store_write_create(c->store, uri, &x.to, err));
        store_write_replace(x.to);
    }
    status st = csv ? run_csv(&x, rows, options, err) : run_parquet(&x, rows, err);
    *row_count = x.rows;
    if (!x.to)
        return st;
    if (st != ST_OK) {
        store_write_abandon(x.to);
        return st;
    }
    return store_write_finish(x.to, err);
}
