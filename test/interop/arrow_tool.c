// SPDX-License-Identifier: Apache-2.0
/* arrow_tool.c - firn's Arrow for pyarrow: a shared library that arrow_judge.py loads by ctypes.
 * Functions return 0, or 1 with a message in arrow_tool_error. */
#include "arrow/arrow.h"
#include "column/column_text.h"

#include <stdlib.h>

#include "interop/arrow_sample.h"

#define TOOL_API __attribute__((visibility("default")))

TOOL_API int arrow_tool_export(struct ArrowArrayStream *out);
TOOL_API int arrow_tool_ipc(const char *path);
TOOL_API int arrow_tool_import(struct ArrowArrayStream *from, const char *path);
TOOL_API const char *arrow_tool_error(void);

static struct error last; /* one caller at a time */

const char *arrow_tool_error(void)
{
    return last.msg;
}

static void sample_close_owned(void *self)
{
    sample_close(self);
    free(self);
}

/* The sample as a C stream. */
int arrow_tool_export(struct ArrowArrayStream *out)
{
    struct sample_stream *sample = malloc(sizeof(*sample));
    struct column_stream from = sample_open(sample);
    from.close = sample_close_owned;
    error_init(&last);
    return arrow_export_stream(&from, NULL, out, &last) != ST_OK;
}

static status ipc_write(struct column_stream *from, struct buffer *out, struct error *err)
{
    struct column_batch batch;
    TRY(arrow_ipc_schema(from->schema, out, err));
    for (;;) {
        TRY(from->next(from->self, &batch, err));
        if (batch.rows == 0)
            return arrow_ipc_end(out, err);
        TRY(arrow_ipc_batch(from->schema, &batch, out, err));
    }
}

/* The sample as an IPC stream in a file. */
int arrow_tool_ipc(const char *path)
{
    struct sample_stream sample;
    struct column_stream from = sample_open(&sample);
    struct buffer out;
    error_init(&last);
    buffer_init(&out, NULL, 64u << 20);
    status st = ipc_write(&from, &out, &last);
    FILE *f = fopen(path, "wb");
    bool written = f && fwrite(out.data, 1, out.len, f) == out.len;
    written = f && fclose(f) == 0 && written;
    buffer_free(&out);
    from.close(from.self);
    return st != ST_OK || !written;
}

static status import_print(struct column_stream *in, struct buffer *out, struct error *err)
{
    struct column_batch batch;
    struct column_value v;
    char type[64];
    for (size_t c = 0; c < in->schema->count; c++) {
        const struct column_field *f = &in->schema->fields[c];
        TRY(buffer_append_str(out, f->name, err));
        TRY(buffer_printf(out, err, " %s%s%c", column_type_name(f->type, type),
                          f->required ? " not null" : "",
                          c + 1 == in->schema->count ? '\n' : '\t'));
    }
    for (;;) {
        TRY(in->next(in->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        for (int64_t i = 0; i < batch.rows; i++)
            for (size_t c = 0; c < batch.columns; c++) {
                column_span_value(&batch.spans[c], in->schema->fields[c].type, i, &v);
                if (v.null)
                    TRY(buffer_append_str(out, STR("\\N"), err));
                TRY(column_text_format(&v, NULL, out, err));
                TRY(buffer_append_byte(out, c + 1 == batch.columns ? '\n' : '\t', err));
            }
    }
}

/* Another producer's stream as lines: names and types, then values in PostgreSQL's text. */
int arrow_tool_import(struct ArrowArrayStream *from, const char *path)
{
    struct column_stream in;
    struct buffer out;
    error_init(&last);
    if (arrow_import_stream(from, NULL, &in, &last) != ST_OK)
        return 1;
    buffer_init(&out, NULL, 256u << 20);
    status st = import_print(&in, &out, &last);
    in.close(in.self);
    FILE *f = fopen(path, "wb");
    bool written = f && fwrite(out.data, 1, out.len, f) == out.len;
    written = f && fclose(f) == 0 && written;
    buffer_free(&out);
    return st != ST_OK || !written;
}
