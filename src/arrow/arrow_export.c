// SPDX-License-Identifier: Apache-2.0
/* arrow_export.c - a stream of batches as the C stream interface.
 *
 *     block   [arrow_block | child arrays | pointers to them | buffer pointers | buffers, each at a
 *              multiple of 64]
 *
 * Each batch is one struct array of one allocation. While it is made it is charged to the stream's
 * account; handed out, it is the consumer's, who may keep it longer than the account lives.
 * https://arrow.apache.org/docs/format/CStreamInterface.html */
#include "arrow/arrow_int.h"

#include <errno.h>

#define EXPORT_ALIGN 64

struct export_stream {
    struct column_stream from;   /* owned */
    struct mem_account *account; /* borrowed */
    struct error error;          /* code ST_OK until something failed */
};

/* ---- one batch ------------------------------------------------------------------------------- */

static void child_release(struct ArrowArray *a)
{
    arrow_block_release(a->private_data);
    a->release = NULL;
}

static void array_release(struct ArrowArray *a)
{
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release) /* else moved out */
            a->children[i]->release(a->children[i]);
    arrow_block_release(a->private_data);
    a->release = NULL;
}

static size_t export_round(size_t bytes)
{
    return (bytes + EXPORT_ALIGN - 1) / EXPORT_ALIGN * EXPORT_ALIGN;
}

/* Bytes before the first buffer: arrays, pointers, and ARROW_BUFFERS_MAX buffer pointers for each
 * column and the parent. */
static size_t export_head_bytes(size_t columns)
{
    return export_round(sizeof(struct arrow_block) +
                        columns * (sizeof(struct ArrowArray) + sizeof(struct ArrowArray *)) +
                        (columns + 1) * ARROW_BUFFERS_MAX * sizeof(void *));
}

static status export_fill(const struct column_schema *schema, const struct column_batch *batch,
                          struct arrow_buffers *buffers, struct arrow_block *block,
                          struct ArrowArray *out, struct error *err)
{
    size_t n = schema->count;
    struct ArrowArray *children = (struct ArrowArray *)(block + 1);
    struct ArrowArray **pointers = (struct ArrowArray **)(children + n);
    const void **places = (const void **)(pointers + n);
    uint8_t *at = (uint8_t *)block + export_head_bytes(n);
    for (size_t i = 0; i < n; i++) {
        struct arrow_buffers *b = &buffers[i];
        const void **own = places + (i + 1) * ARROW_BUFFERS_MAX;
        for (size_t k = 0; k < b->count; k++) {
            b->data[k] = at;
            own[k] = k == 0 && b->nulls == 0 ? NULL : at;
            at += export_round(b->bytes[k]);
        }
        TRY(arrow_column_fill(schema->fields[i].type, &batch->spans[i], b, err));
        pointers[i] = &children[i];
        children[i] = (struct ArrowArray){
            .length = batch->rows,
            .null_count = b->nulls,
            .n_buffers = (int64_t)b->count,
            .buffers = own,
            .release = child_release,
            .private_data = block,
        };
    }
    places[0] = NULL; /* the rows themselves are never NULL */
    *out = (struct ArrowArray){
        .length = batch->rows,
        .n_buffers = 1,
        .n_children = (int64_t)n,
        .buffers = places,
        .children = n ? pointers : NULL,
        .release = array_release,
        .private_data = block,
    };
    return ST_OK;
}

static status export_measured(const struct column_schema *schema, const struct column_batch *batch,
                              struct arrow_buffers *buffers, struct mem_account *account,
                              struct ArrowArray *out, struct error *err)
{
    size_t bytes = export_head_bytes(schema->count);
    for (size_t i = 0; i < schema->count; i++) {
        ENSURE(batch->spans[i].rows == batch->rows, err);
        TRY_CONTEXT(
            arrow_column_measure(schema->fields[i].type, &batch->spans[i], &buffers[i], err), err,
            "column %.*s", STR_ARG(schema->fields[i].name));
        for (size_t k = 0; k < buffers[i].count; k++)
            bytes += export_round(buffers[i].bytes[k]);
    }
    struct arrow_block *block = NULL;
    TRY(mem_charge(account, bytes, err));
    status st = mem_alloc_aligned(NULL, bytes, (void **)&block, err);
    if (st == ST_OK) {
        memset(block, 0, bytes); /* padding leaves the program too */
        block->bytes = bytes;
        atomic_init(&block->references, schema->count + 1);
        st = export_fill(schema, batch, buffers, block, out, err);
        if (st != ST_OK)
            mem_free(NULL, block, bytes);
    }
    mem_uncharge(account, bytes);
    return st;
}

static status export_batch(const struct column_schema *schema, const struct column_batch *batch,
                           struct mem_account *account, struct ArrowArray *out, struct error *err)
{
    ENSURE(batch->columns == schema->count, err);
    struct arrow_buffers *buffers;
    size_t bytes = schema->count * sizeof(*buffers);
    TRY(mem_alloc(account, bytes, (void **)&buffers, err));
    status st = export_measured(schema, batch, buffers, account, out, err);
    mem_free(account, buffers, bytes);
    return st;
}

/* ---- the stream ------------------------------------------------------------------------------ */

static int export_errno(status st)
{
    switch (st) {
    case ST_OK:
        return 0;
    case ST_OOM:
    case ST_LIMIT:
        return ENOMEM;
    case ST_CANCELLED:
        return ECANCELED;
    case ST_INVALID:
    case ST_REFUSED:
        return EINVAL;
    case ST_UNSUPPORTED:
        return ENOSYS;
    default:
        return EIO;
    }
}

/* A stream that failed once stays failed. */
static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct export_stream *e = stream->private_data;
    out->release = NULL;
    if (e->error.code == ST_OK)
        e->error.code = arrow_export_schema(e->from.schema, out, &e->error);
    return export_errno(e->error.code);
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct export_stream *e = stream->private_data;
    struct column_batch batch = {0};
    out->release = NULL; /* also the sign for the end */
    if (e->error.code != ST_OK)
        return export_errno(e->error.code);
    status st = e->from.next(e->from.self, &batch, &e->error);
    if (st == ST_OK && batch.rows > 0)
        st = export_batch(e->from.schema, &batch, e->account, out, &e->error);
    e->error.code = st;
    return export_errno(st);
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream)
{
    const struct export_stream *e = stream->private_data;
    return e->error.code == ST_OK ? NULL : e->error.msg;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    struct export_stream *e = stream->private_data;
    e->from.close(e->from.self);
    mem_free(e->account, e, sizeof(*e));
    stream->release = NULL;
}

status arrow_export_stream(struct column_stream *from, struct mem_account *account,
                           struct ArrowArrayStream *out, struct error *err)
{
    struct export_stream *e;
    out->release = NULL;
    status st = mem_alloc(account, sizeof(*e), (void **)&e, err);
    if (st != ST_OK) {
        from->close(from->self);
        return st;
    }
    *e = (struct export_stream){.from = *from, .account = account};
    error_init(&e->error);
    *out = (struct ArrowArrayStream){stream_get_schema, stream_get_next, stream_get_last_error,
                                     stream_release, e};
    return ST_OK;
}

bool arrow_stream_made_here(const struct ArrowArrayStream *s)
{
    return s->release == stream_release;
}

const struct error *arrow_stream_error(const struct ArrowArrayStream *s)
{
    if (!arrow_stream_made_here(s))
        return NULL;
    const struct export_stream *e = s->private_data;
    return e->error.code == ST_OK ? NULL : &e->error;
}
