// SPDX-License-Identifier: Apache-2.0
/* cli_align.c - psql's aligned table and its expanded form, byte for byte (border 1).
 *
 *         day     | product | note                -[ RECORD 1 ]-------
 *     ------------+---------+-------              day     | 2025-01-14
 *      2025-01-14 |       1 | two  +              product | 1
 *                 |         | lines               note    | two       +
 *     (1 row)                                             | lines
 *
 * Numbers stand right, everything else left; a line break in a cell is shown as '+'. Widths are
 * columns of a terminal: marks that combine have none, East Asian wide letters two. */
#include "cli/cli_int.h"

#include "column/column_type.h"

/* ---- widths ---------------------------------------------------------------------------------- */

struct range {
    uint32_t first, last;
};

static const struct range no_width[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x0900, 0x0902}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E},
    {0x2060, 0x2064}, {0x20D0, 0x20F0}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF},
};

static const struct range two_wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x26BD, 0x26BE},   {0x2705, 0x2705},   {0x274C, 0x274C},
    {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97C},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
};

static bool within(uint32_t c, const struct range *ranges, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && c >= ranges[low].first;
}

/* One character of valid UTF-8; *bytes is 1 for a byte that begins none. */
static uint32_t decode(struct str s, size_t at, size_t *bytes)
{
    unsigned char c = (unsigned char)s.ptr[at];
    size_t n = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    uint32_t value = c < 0x80 ? c : n == 1 ? c : c & (0xFFu >> (n + 1));
    if (at + n > s.len)
        n = 1;
    for (size_t i = 1; i < n; i++)
        value = value << 6 | ((unsigned char)s.ptr[at + i] & 0x3F);
    *bytes = n;
    return value;
}

static size_t width_of_char(uint32_t c)
{
    if (within(c, no_width, ARRAY_LEN(no_width)))
        return 0;
    return within(c, two_wide, ARRAY_LEN(two_wide)) ? 2 : 1;
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* A line of a cell as it is shown: tabs filled up, control characters written out. */
struct shown {
    struct str text;
    size_t width;
};

struct cell {
    size_t count;
    struct shown *lines; /* one at least */
    size_t width;        /* of the widest */
};

struct layout {
    struct arena *arena;
    size_t columns, rows;
    struct cell *heads, *cells; /* cells row by row */
    size_t *widths;             /* of columns, heads included */
    bool *right;
};

/* Shows one character; *width grows. */
static status show_char(struct str s, size_t at, size_t bytes, uint32_t c, struct buffer *out,
                        size_t *width, struct error *err)
{
    if (c == '\t') {
        size_t n = 8 - *width % 8;
        *width += n;
        return buffer_printf(out, err, "%*s", (int)n, "");
    }
    if (c == '\r') {
        *width += 2;
        return buffer_append_str(out, STR("\\r"), err);
    }
    if (c < 0x20 || c == 0x7F) {
        *width += 4;
        return buffer_printf(out, err, "\\x%02X", c);
    }
    if (c >= 0x80 && c < 0xA0) {
        *width += 6;
        return buffer_printf(out, err, "\\u%04X", c);
    }
    *width += width_of_char(c);
    return buffer_append(out, s.ptr + at, bytes, err);
}

static status show_line(struct layout *l, struct str s, struct buffer *scratch, struct shown *out,
                        struct error *err)
{
    buffer_clear(scratch);
    out->width = 0;
    for (size_t at = 0, n; at < s.len; at += n) {
        uint32_t c = decode(s, at, &n);
        TRY(show_char(s, at, n, c, scratch, &out->width, err));
    }
    return arena_str(l->arena, buffer_str(scratch), &out->text, err);
}

/* The lines of a text. */
static status make_cell(struct layout *l, struct str s, struct buffer *scratch, struct cell *out,
                        struct error *err)
{
    size_t n = 1, at = 0;
    for (size_t i = 0; i < s.len; i++)
        n += s.ptr[i] == '\n';
    out->width = 0;
    TRY(ARENA_ARRAY(l->arena, struct shown, n, &out->lines, err));
    for (out->count = 0; out->count < n; out->count++) {
        const char *end = s.len > at ? memchr(s.ptr + at, '\n', s.len - at) : NULL;
        size_t len = end ? (size_t)(end - s.ptr) - at : s.len - at;
        struct shown *line = &out->lines[out->count];
        TRY(show_line(l, (struct str){s.ptr + at, len}, scratch, line, err));
        out->width = line->width > out->width ? line->width : out->width;
        at += len + 1;
    }
    return ST_OK;
}

static status make_cells(struct layout *l, const struct column_schema *schema,
                         const struct str *texts, struct buffer *scratch, struct error *err)
{
    TRY(ARENA_ARRAY(l->arena, struct cell, l->columns, &l->heads, err));
    TRY(ARENA_ARRAY(l->arena, struct cell, l->columns * l->rows, &l->cells, err));
    TRY(ARENA_ARRAY(l->arena, size_t, l->columns, &l->widths, err));
    TRY(ARENA_ARRAY(l->arena, bool, l->columns, &l->right, err));
    for (size_t c = 0; c < l->columns; c++) {
        TRY(make_cell(l, schema->fields[c].name, scratch, &l->heads[c], err));
        l->widths[c] = l->heads[c].width;
        l->right[c] = column_type_is_number(schema->fields[c].type);
    }
    for (size_t i = 0; i < l->columns * l->rows; i++) {
        size_t *width = &l->widths[i % l->columns];
        TRY(make_cell(l, texts[i], scratch, &l->cells[i], err));
        *width = l->cells[i].width > *width ? l->cells[i].width : *width;
    }
    return ST_OK;
}

static status put_fill(struct buffer *out, char fill, size_t n, struct error *err)
{
    while (n-- > 0)
        TRY(buffer_append_byte(out, (uint8_t)fill, err));
    return ST_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static status put_heads(const struct layout *l, struct buffer *out, struct error *err)
{
    size_t height = 1;
    for (size_t c = 0; c < l->columns; c++)
        height = l->heads[c].count > height ? l->heads[c].count : height;
    for (size_t i = 0; i < height; i++) {
        for (size_t c = 0; c < l->columns; c++) {
            const struct cell *head = &l->heads[c];
            struct shown line = i < head->count ? head->lines[i] : (struct shown){0};
            size_t space = l->widths[c] - line.width;
            TRY(buffer_append_str(out, c ? STR("|") : STR(""), err));
            TRY(put_fill(out, ' ', space / 2 + 1, err));
            TRY(buffer_append_str(out, line.text, err));
            TRY(put_fill(out, ' ', space - space / 2, err));
            TRY(buffer_append_byte(out, i + 1 < head->count ? '+' : ' ', err));
        }
        TRY(buffer_append_byte(out, '\n', err));
    }
    for (size_t c = 0; c < l->columns; c++) {
        TRY(buffer_append_str(out, c ? STR("+") : STR(""), err));
        TRY(put_fill(out, '-', l->widths[c] + 2, err));
    }
    return buffer_append_str(out, l->columns ? STR("\n") : STR("--\n"), err);
}

/* One line of one cell, with what stands left and right of it. */
static status put_cell_line(const struct layout *l, const struct cell *cell, size_t c, size_t i,
                            struct buffer *out, struct error *err)
{
    bool last = c + 1 == l->columns, more = i + 1 < cell->count;
    struct shown line = i < cell->count ? cell->lines[i] : (struct shown){0};
    size_t space = l->widths[c] - line.width;
    TRY(buffer_append_str(out, c ? STR("| ") : STR(" "), err));
    if (l->right[c] && i < cell->count)
        TRY(put_fill(out, ' ', space, err));
    TRY(buffer_append_str(out, line.text, err));
    if ((!l->right[c] || i >= cell->count) && (!last || more))
        TRY(put_fill(out, ' ', space, err));
    if (more)
        return buffer_append_byte(out, '+', err);
    return last ? ST_OK : buffer_append_byte(out, ' ', err);
}

static status put_row(const struct layout *l, size_t row, struct buffer *out, struct error *err)
{
    const struct cell *cells = &l->cells[row * l->columns];
    size_t height = 1;
    for (size_t c = 0; c < l->columns; c++)
        height = cells[c].count > height ? cells[c].count : height;
    for (size_t i = 0; i < height && l->columns > 0; i++) {
        for (size_t c = 0; c < l->columns; c++)
            TRY(put_cell_line(l, &cells[c], c, i, out, err));
        TRY(buffer_append_byte(out, '\n', err));
    }
    return ST_OK;
}

static status put_count(const struct layout *l, struct buffer *out, struct error *err)
{
    return buffer_printf(out, err, "(%zu row%s)\n\n", l->rows, l->rows == 1 ? "" : "s");
}

static status put_table(const struct layout *l, struct buffer *out, struct error *err)
{
    TRY(put_heads(l, out, err));
    for (size_t r = 0; r < l->rows; r++)
        TRY(put_row(l, r, out, err));
    return put_count(l, out, err);
}

/* ---- expanded -------------------------------------------------------------------------------- */

/* -[ RECORD 1 ]--+----- : the cross stands over the bar between names and values, if the words
 * leave it room. */
static status put_record(size_t record, size_t heads, size_t values, struct buffer *out,
                         struct error *err)
{
    size_t start = out->len, bar = heads + 1, end = heads + values + 3;
    TRY(buffer_printf(out, err, "-[ RECORD %zu ]", record));
    for (size_t at = out->len - start; at < end; at++)
        TRY(buffer_append_byte(out, at == bar ? '+' : '-', err));
    return buffer_append_byte(out, '\n', err);
}

static status put_field(const struct cell *head, const struct cell *value, size_t heads,
                        size_t values, struct buffer *out, struct error *err)
{
    size_t height = head->count > value->count ? head->count : value->count;
    for (size_t i = 0; i < height; i++) {
        struct shown name = i < head->count ? head->lines[i] : (struct shown){0};
        struct shown line = i < value->count ? value->lines[i] : (struct shown){0};
        TRY(buffer_append_str(out, name.text, err));
        TRY(put_fill(out, ' ', heads - name.width, err));
        TRY(buffer_append_byte(out, i + 1 < head->count ? '+' : ' ', err));
        TRY(buffer_append_str(out, i < value->count ? STR("| ") : STR("|"), err));
        TRY(buffer_append_str(out, line.text, err));
        if (i + 1 < value->count) {
            TRY(put_fill(out, ' ', values - line.width, err));
            TRY(buffer_append_byte(out, '+', err));
        }
        TRY(buffer_append_byte(out, '\n', err));
    }
    return ST_OK;
}

static status put_records(const struct layout *l, struct buffer *out, struct error *err)
{
    size_t heads = 0, values = 0;
    if (l->rows == 0)
        return put_count(l, out, err);
    for (size_t c = 0; c < l->columns; c++)
        heads = l->heads[c].width > heads ? l->heads[c].width : heads;
    for (size_t i = 0; i < l->rows * l->columns; i++)
        values = l->cells[i].width > values ? l->cells[i].width : values;
    for (size_t r = 0; r < l->rows; r++) {
        TRY(put_record(r + 1, heads, values, out, err));
        for (size_t c = 0; c < l->columns; c++)
            TRY(put_field(&l->heads[c], &l->cells[r * l->columns + c], heads, values, out, err));
    }
    return buffer_append_byte(out, '\n', err);
}

status cli_align(const struct column_schema *schema, const struct str *texts, size_t rows,
                 bool expanded, struct arena *arena, struct buffer *out, struct error *err)
{
    struct layout l = {.arena = arena, .columns = schema->count, .rows = rows};
    struct buffer scratch;
    buffer_init(&scratch, NULL, (size_t)1 << 31);
    status st = make_cells(&l, schema, texts, &scratch, err);
    buffer_free(&scratch);
    TRY(st);
    return expanded ? put_records(&l, out, err) : put_table(&l, out, err);
}
