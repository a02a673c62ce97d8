// SPDX-License-Identifier: Apache-2.0
/* cli_print.c - rows on standard output: psql's aligned table, CSV, JSON lines, Markdown, Arrow
 * IPC.
 *
 * The aligned table needs every width before its first line, so it holds the result as text; the
 * others are written batch by batch. NULL is empty, in JSON null. */
#include "cli/cli_int.h"

#include "arrow/arrow.h"
#include "column/column_text.h"

#define TEXT_BYTES ((size_t)1 << 30) /* of one value */

/* ---- values as text -------------------------------------------------------------------------- */

static status value_text(const struct cli_printer *p, const struct column_stream *rows,
                         const struct column_batch *batch, size_t column, int64_t row,
                         struct arena *arena, struct str *out, struct error *err)
{
    struct column_value v;
    struct buffer text;
    *out = (struct str){0};
    column_span_value(&batch->spans[column], rows->schema->fields[column].type, row, &v);
    if (v.null)
        return ST_OK;
    buffer_init(&text, NULL, TEXT_BYTES);
    status st = column_text_format(&v, p->zone, &text, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&text), out, err);
    buffer_free(&text);
    return st;
}

/* The next batch as texts, row by row; *count 0 at the end. */
static status next_texts(const struct cli_printer *p, struct column_stream *rows,
                         struct arena *arena, struct str **out, size_t *count, struct error *err)
{
    struct column_batch batch;
    size_t columns = rows->schema->count;
    TRY(rows->next(rows->self, &batch, err));
    *count = (size_t)batch.rows;
    TRY(ARENA_ARRAY(arena, struct str, *count * columns, out, err));
    for (size_t r = 0; r < *count; r++)
        for (size_t c = 0; c < columns; c++)
            TRY(value_text(p, rows, &batch, c, (int64_t)r, arena, &(*out)[r * columns + c], err));
    return ST_OK;
}

/* ---- aligned --------------------------------------------------------------------------------- */

static status print_aligned(struct cli_printer *p, struct column_stream *rows, struct arena *arena,
                            struct error *err)
{
    size_t columns = rows->schema->count, count, total = 0, capacity = 0;
    struct str *all = NULL, *some;
    for (;;) {
        TRY(next_texts(p, rows, arena, &some, &count, err));
        if (count == 0)
            break;
        TRY(arena_grow(arena, (void **)&all, sizeof(*all), &capacity, (total + count) * columns,
                       err));
        if (columns > 0)
            memcpy(all + total * columns, some, count * columns * sizeof(*all));
        total += count;
    }
    return cli_align(rows->schema, all, total, p->expanded, arena, p->out, err);
}

/* ---- Markdown -------------------------------------------------------------------------------- */

static status markdown_cell(struct buffer *out, struct str s, struct error *err)
{
    TRY(buffer_append_str(out, STR(" "), err));
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '|' || s.ptr[i] == '\\')
            TRY(buffer_append_byte(out, '\\', err));
        TRY(buffer_append_byte(out, s.ptr[i] == '\n' ? ' ' : (uint8_t)s.ptr[i], err));
    }
    return buffer_append_str(out, STR(" |"), err);
}

static status markdown_head(struct cli_printer *p, const struct column_schema *schema,
                            struct error *err)
{
    TRY(buffer_append_byte(p->out, '|', err));
    for (size_t c = 0; c < schema->count; c++)
        TRY(markdown_cell(p->out, schema->fields[c].name, err));
    TRY(buffer_append_str(p->out, STR("\n|"), err));
    for (size_t c = 0; c < schema->count; c++)
        TRY(buffer_append_str(
            p->out, column_type_is_number(schema->fields[c].type) ? STR("---:|") : STR("---|"),
            err));
    return buffer_append_byte(p->out, '\n', err);
}

static status markdown_row(struct cli_printer *p, const struct column_schema *schema,
                           const struct str *texts, struct error *err)
{
    TRY(buffer_append_byte(p->out, '|', err));
    for (size_t c = 0; c < schema->count; c++)
        TRY(markdown_cell(p->out, texts[c], err));
    return buffer_append_byte(p->out, '\n', err);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* An empty text is quoted, so that it is not NULL; \. alone would end COPY's input. */
static status csv_field(struct buffer *out, struct str s, struct error *err)
{
    bool quote = s.ptr && (s.len == 0 || str_eq(s, STR("\\.")));
    for (size_t i = 0; i < s.len; i++)
        quote |= strchr(",\"\n\r", s.ptr[i]) != NULL;
    if (!quote)
        return buffer_append_str(out, s, err);
    TRY(buffer_append_byte(out, '"', err));
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            TRY(buffer_append_byte(out, '"', err));
        TRY(buffer_append_byte(out, (uint8_t)s.ptr[i], err));
    }
    return buffer_append_byte(out, '"', err);
}

static status csv_head(struct cli_printer *p, const struct column_schema *schema, struct error *err)
{
    for (size_t c = 0; c < schema->count; c++) {
        TRY(buffer_append_str(p->out, c ? STR(",") : STR(""), err));
        TRY(csv_field(p->out, schema->fields[c].name, err));
    }
    return buffer_append_byte(p->out, '\n', err);
}

static status csv_row(struct cli_printer *p, const struct column_schema *schema,
                      const struct str *texts, struct error *err)
{
    for (size_t c = 0; c < schema->count; c++) {
        TRY(buffer_append_str(p->out, c ? STR(",") : STR(""), err));
        TRY(csv_field(p->out, texts[c], err));
    }
    return buffer_append_byte(p->out, '\n', err);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

status cli_json_string(struct buffer *out, struct str s, struct error *err)
{
    TRY(buffer_append_byte(out, '"', err));
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            TRY(buffer_printf(out, err, "\\%c", c));
        else if (c == '\n')
            TRY(buffer_append_str(out, STR("\\n"), err));
        else if (c < 0x20)
            TRY(buffer_printf(out, err, "\\u%04x", c));
        else
            TRY(buffer_append_byte(out, c, err));
    }
    return buffer_append_byte(out, '"', err);
}

/* Numbers that JSON can hold stay numbers; NaN and infinities become strings. */
static status json_value(struct buffer *out, struct str s, struct column_type type,
                         struct error *err)
{
    if (!s.ptr)
        return buffer_append_str(out, STR("null"), err);
    if (type.kind == COLUMN_BOOLEAN)
        return buffer_append_str(out, s.ptr[0] == 't' ? STR("true") : STR("false"), err);
    bool plain = column_type_is_number(type);
    for (size_t i = 0; plain && i < s.len; i++)
        plain = strchr("+-.0123456789eE", s.ptr[i]) != NULL;
    return plain ? buffer_append_str(out, s, err) : cli_json_string(out, s, err);
}

static status json_head(struct cli_printer *p, const struct column_schema *schema,
                        struct error *err)
{
    return ST_OK;
}

static status json_row(struct cli_printer *p, const struct column_schema *schema,
                       const struct str *texts, struct error *err)
{
    TRY(buffer_append_byte(p->out, '{', err));
    for (size_t c = 0; c < schema->count; c++) {
        TRY(buffer_append_str(p->out, c ? STR(",") : STR(""), err));
        TRY(cli_json_string(p->out, schema->fields[c].name, err));
        TRY(buffer_append_byte(p->out, ':', err));
        TRY(json_value(p->out, texts[c], schema->fields[c].type, err));
    }
    return buffer_append_str(p->out, STR("}\n"), err);
}

/* ---- Arrow ----------------------------------------------------------------------------------- */

static status print_arrow(struct cli_printer *p, struct column_stream *rows, struct error *err)
{
    if (p->results > 1)
        FAIL(err, ST_USAGE, "--format arrow takes a single result");
    TRY(arrow_ipc_schema(rows->schema, p->out, err));
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return arrow_ipc_end(p->out, err);
        TRY(arrow_ipc_batch(rows->schema, &batch, p->out, err));
        TRY(p->flush(p->flush_arg, err));
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

struct row_format {
    status (*head)(struct cli_printer *, const struct column_schema *, struct error *);
    status (*row)(struct cli_printer *, const struct column_schema *, const struct str *,
                  struct error *);
    const char *foot;
};

static const struct row_format row_formats[] = {
    [CLI_CSV] = {csv_head, csv_row, ""},
    [CLI_JSON] = {json_head, json_row, ""},
    [CLI_MARKDOWN] = {markdown_head, markdown_row, "\n"},
};

static status print_stream(struct cli_printer *p, struct column_stream *rows, struct error *err)
{
    const struct row_format *f = &row_formats[p->format];
    struct arena arena;
    struct str *texts;
    size_t count = 1;
    arena_init(&arena, NULL);
    status st = f->head(p, rows->schema, err);
    while (st == ST_OK && count > 0) {
        arena_reset(&arena);
        st = next_texts(p, rows, &arena, &texts, &count, err);
        for (size_t r = 0; st == ST_OK && r < count; r++)
            st = f->row(p, rows->schema, texts + r * rows->schema->count, err);
        if (st == ST_OK)
            st = p->flush(p->flush_arg, err);
    }
    arena_free(&arena);
    return st == ST_OK ? buffer_append_str(p->out, str_of(f->foot), err) : st;
}

status cli_print_rows(struct cli_printer *p, struct ArrowArrayStream *stream, struct arena *arena,
                      struct error *err)
{
    struct column_stream rows;
    p->results++;
    TRY(arrow_import_stream(stream, NULL, &rows, err));
    status st = p->format == CLI_ARROW     ? print_arrow(p, &rows, err)
                : p->format == CLI_ALIGNED ? print_aligned(p, &rows, arena, err)
                                           : print_stream(p, &rows, err);
    rows.close(rows.self);
    return st;
}

/* ---- \gset ----------------------------------------------------------------------------------- */

static status first_row(struct cli_printer *p, struct column_stream *rows, struct arena *arena,
                        struct cli_row *out, struct error *err)
{
    out->columns = rows->schema->count;
    TRY(ARENA_ARRAY(arena, struct str, out->columns, &out->names, err));
    TRY(ARENA_ARRAY(arena, struct str, out->columns, &out->values, err));
    while (out->rows < 2) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        for (size_t c = 0; out->rows == 0 && c < out->columns; c++) {
            TRY(arena_str(arena, rows->schema->fields[c].name, &out->names[c], err));
            TRY(value_text(p, rows, &batch, c, 0, arena, &out->values[c], err));
        }
        out->rows += batch.rows;
    }
    return ST_OK;
}

status cli_fetch_row(struct cli_printer *p, struct ArrowArrayStream *stream, struct arena *arena,
                     struct cli_row *out, struct error *err)
{
    struct column_stream rows;
    *out = (struct cli_row){0};
    TRY(arrow_import_stream(stream, NULL, &rows, err));
    status st = first_row(p, &rows, arena, out, err);
    rows.close(rows.self);
    return st;
}
