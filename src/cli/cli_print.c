// SPDX-License-Identifier: Apache-2.0
/* cli_print.c - rows on standard output: psql's aligned table, CSV, JSON lines, Markdown, Arrow
 * IPC.
 *
 * Aligned and Markdown need every width before the first line, so they hold the result as text; the
 * others stream. NULL is empty, in JSON null. */
#include "cli/cli.h"

#include "arrow/arrow.h"
#include "column/column_text.h"

/* ---- cells ----------------------------------------------------------------------------------- */

static status cell_text(const struct column_stream *rows, const struct column_batch *batch,
                        size_t column, int64_t row, struct arena *arena, struct str *out,
                        struct error *err)
{
    struct column_value v;
    struct buffer text;
    *out = (struct str){0};
    column_span_value(&batch->spans[column], rows->schema->fields[column].type, row, &v);
    if (v.null)
        return ST_OK;
    buffer_init(&text, NULL, (size_t)1 << 30);
    status st = column_text_format(&v, NULL, &text, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&text), out, err);
    buffer_free(&text);
    return st;
}

struct grid {
    struct arena *arena;
    size_t columns, rows, capacity;
    struct str *cells; /* row by row */
};

static status grid_read(struct column_stream *rows, struct grid *g, struct error *err)
{
    g->columns = rows->schema->count;
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        size_t need = (g->rows + (size_t)batch.rows) * g->columns;
        TRY(arena_grow(g->arena, (void **)&g->cells, sizeof(struct str), &g->capacity, need, err));
        for (int64_t r = 0; r < batch.rows; r++, g->rows++)
            for (size_t c = 0; c < g->columns; c++)
                TRY(cell_text(rows, &batch, c, r, g->arena, &g->cells[g->rows * g->columns + c],
                              err));
    }
}

/* Columns a terminal shows: code points, which is right for what dashboards print. */
static size_t width_of(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static status put_spaces(struct buffer *out, size_t n, struct error *err)
{
    while (n-- > 0)
        TRY(buffer_append_byte(out, ' ', err));
    return ST_OK;
}

static status put_padded(struct buffer *out, struct str s, size_t before, size_t after,
                         struct error *err)
{
    TRY(put_spaces(out, before, err));
    TRY(buffer_append_str(out, s, err));
    return put_spaces(out, after, err);
}

/* ---- aligned --------------------------------------------------------------------------------- */

static status widths_of(const struct column_schema *schema, const struct grid *g, size_t **out,
                        struct error *err)
{
    TRY(ARENA_ARRAY(g->arena, size_t, g->columns, out, err));
    for (size_t c = 0; c < g->columns; c++) {
        (*out)[c] = width_of(schema->fields[c].name);
        for (size_t r = 0; r < g->rows; r++) {
            size_t w = width_of(g->cells[r * g->columns + c]);
            (*out)[c] = w > (*out)[c] ? w : (*out)[c];
        }
    }
    return ST_OK;
}

static status aligned_head(const struct column_schema *schema, const size_t *widths,
                           struct buffer *out, struct error *err)
{
    for (size_t c = 0; c < schema->count; c++) {
        size_t space = widths[c] - width_of(schema->fields[c].name);
        TRY(buffer_append_str(out, c ? STR("| ") : STR(" "), err));
        TRY(put_padded(out, schema->fields[c].name, space / 2, space - space / 2, err));
        if (c + 1 < schema->count)
            TRY(buffer_append_byte(out, ' ', err));
    }
    while (out->len > 0 && out->data[out->len - 1] == ' ')
        out->len--;
    TRY(buffer_append_byte(out, '\n', err));
    for (size_t c = 0; c < schema->count; c++) {
        if (c)
            TRY(buffer_append_byte(out, '+', err));
        for (size_t i = 0; i < widths[c] + 2; i++)
            TRY(buffer_append_byte(out, '-', err));
    }
    return buffer_append_byte(out, '\n', err);
}

static status aligned_row(const struct column_schema *schema, const struct grid *g, size_t r,
                          const size_t *widths, struct buffer *out, struct error *err)
{
    for (size_t c = 0; c < g->columns; c++) {
        struct str cell = g->cells[r * g->columns + c];
        size_t space = widths[c] - width_of(cell);
        bool right = column_type_is_number(schema->fields[c].type), last = c + 1 == g->columns;
        TRY(buffer_append_str(out, c ? STR("| ") : STR(" "), err));
        TRY(put_padded(out, cell, right ? space : 0, right || last ? 0 : space, err));
        if (!last)
            TRY(buffer_append_byte(out, ' ', err));
    }
    return buffer_append_byte(out, '\n', err);
}

static status print_expanded(const struct column_schema *schema, const struct grid *g,
                             struct buffer *out, struct error *err)
{
    size_t width = 0;
    for (size_t c = 0; c < g->columns; c++)
        width = width_of(schema->fields[c].name) > width ? width_of(schema->fields[c].name) : width;
    for (size_t r = 0; r < g->rows; r++) {
        TRY(buffer_printf(out, err, "-[ RECORD %zu ]\n", r + 1));
        for (size_t c = 0; c < g->columns; c++) {
            struct str name = schema->fields[c].name;
            TRY(put_padded(out, name, 0, width - width_of(name), err));
            TRY(buffer_append_str(out, STR(" | "), err));
            TRY(buffer_append_str(out, g->cells[r * g->columns + c], err));
            TRY(buffer_append_byte(out, '\n', err));
        }
    }
    return ST_OK;
}

static status print_aligned(const struct column_schema *schema, const struct grid *g,
                            struct buffer *out, struct error *err)
{
    size_t *widths;
    TRY(widths_of(schema, g, &widths, err));
    TRY(aligned_head(schema, widths, out, err));
    for (size_t r = 0; r < g->rows; r++)
        TRY(aligned_row(schema, g, r, widths, out, err));
    return buffer_printf(out, err, "(%zu row%s)\n\n", g->rows, g->rows == 1 ? "" : "s");
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

static status print_markdown(const struct column_schema *schema, const struct grid *g,
                             struct buffer *out, struct error *err)
{
    TRY(buffer_append_byte(out, '|', err));
    for (size_t c = 0; c < g->columns; c++)
        TRY(markdown_cell(out, schema->fields[c].name, err));
    TRY(buffer_append_str(out, STR("\n|"), err));
    for (size_t c = 0; c < g->columns; c++)
        TRY(buffer_append_str(
            out, column_type_is_number(schema->fields[c].type) ? STR("---:|") : STR("---|"), err));
    for (size_t r = 0; r < g->rows; r++) {
        TRY(buffer_append_str(out, STR("\n|"), err));
        for (size_t c = 0; c < g->columns; c++)
            TRY(markdown_cell(out, g->cells[r * g->columns + c], err));
    }
    return buffer_append_str(out, STR("\n\n"), err);
}

/* ---- CSV and JSON ---------------------------------------------------------------------------- */

static status csv_field(struct buffer *out, struct str s, struct error *err)
{
    bool quote = s.ptr && s.len == 0;
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

static status json_string(struct buffer *out, struct str s, struct error *err)
{
    TRY(buffer_append_byte(out, '"', err));
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            TRY(buffer_printf(out, err, "\\%c", c));
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
    return plain ? buffer_append_str(out, s, err) : json_string(out, s, err);
}

static status stream_row(struct cli_printer *p, const struct column_schema *schema,
                         const struct str *cells, struct error *err)
{
    bool json = p->format == CLI_JSON;
    for (size_t c = 0; c < schema->count; c++) {
        TRY(buffer_append_str(p->out, c ? STR(",") : json ? STR("{") : STR(""), err));
        if (json) {
            TRY(json_string(p->out, schema->fields[c].name, err));
            TRY(buffer_append_byte(p->out, ':', err));
            TRY(json_value(p->out, cells[c], schema->fields[c].type, err));
        } else {
            TRY(csv_field(p->out, cells[c], err));
        }
    }
    return buffer_append_str(p->out, json ? STR("}\n") : STR("\n"), err);
}

static status csv_head(struct cli_printer *p, const struct column_schema *schema, struct error *err)
{
    for (size_t c = 0; c < schema->count; c++) {
        if (c)
            TRY(buffer_append_byte(p->out, ',', err));
        TRY(csv_field(p->out, schema->fields[c].name, err));
    }
    return buffer_append_byte(p->out, '\n', err);
}

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
    }
}

static status print_grid(struct cli_printer *p, struct column_stream *rows, struct arena *arena,
                         struct error *err)
{
    struct grid g = {.arena = arena};
    TRY(grid_read(rows, &g, err));
    if (p->format == CLI_MARKDOWN)
        return print_markdown(rows->schema, &g, p->out, err);
    if (p->format == CLI_ALIGNED)
        return p->expanded ? print_expanded(rows->schema, &g, p->out, err)
                           : print_aligned(rows->schema, &g, p->out, err);
    if (p->format == CLI_CSV)
        TRY(csv_head(p, rows->schema, err));
    for (size_t r = 0; r < g.rows; r++)
        TRY(stream_row(p, rows->schema, &g.cells[r * g.columns], err));
    return ST_OK;
}

status cli_print_rows(struct cli_printer *p, struct ArrowArrayStream *stream, struct arena *arena,
                      struct error *err)
{
    struct column_stream rows;
    p->results++;
    TRY(arrow_import_stream(stream, NULL, &rows, err));
    status st =
        p->format == CLI_ARROW ? print_arrow(p, &rows, err) : print_grid(p, &rows, arena, err);
    rows.close(rows.self);
    return st;
}

static status first_row(struct column_stream *rows, struct arena *arena, struct cli_row *out,
                        struct error *err)
{
    out->columns = rows->schema->count;
    TRY(ARENA_ARRAY(arena, struct str, out->columns, &out->names, err));
    TRY(ARENA_ARRAY(arena, struct str, out->columns, &out->values, err));
    for (;;) {
        struct column_batch batch;
        TRY(rows->next(rows->self, &batch, err));
        if (batch.rows == 0)
            return ST_OK;
        for (size_t c = 0; out->rows == 0 && c < out->columns; c++) {
            TRY(arena_str(arena, rows->schema->fields[c].name, &out->names[c], err));
            TRY(cell_text(rows, &batch, c, 0, arena, &out->values[c], err));
        }
        out->rows += batch.rows;
    }
}

status cli_fetch_row(struct ArrowArrayStream *stream, struct arena *arena, struct cli_row *out,
                     struct error *err)
{
    struct column_stream rows;
    *out = (struct cli_row){0};
    TRY(arrow_import_stream(stream, NULL, &rows, err));
    status st = first_row(&rows, arena, out, err);
    rows.close(rows.self);
    return st;
}
