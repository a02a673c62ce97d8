// SPDX-License-Identifier: Apache-2.0
/* csv_scan.c - bytes to records and fields.
 *
 *     window   [ read already | record | record | record ... | part of a record ] padding
 *                             ^at                                               ^len
 *
 * 64 bytes at a time become one mask with a bit for every special character (delimiter, quote,
 * escape, line feed), so the scan steps from one to the next and never looks at the bytes between.
 * When only a part of a record is left, it moves to the front and the window is filled behind it;
 * its scan starts again from its beginning.
 *
 * RFC 4180 with these readings: CR LF and LF end a record; a CR elsewhere is data. A quote opens a
 * quoted field only at the field's beginning, elsewhere it is data. Lines without any byte are
 * passed over where a record has more than one field.
 *
 * S1  no field is changed while its record is incomplete, for its scan may be repeated
 * S2  bytes behind len are `pad`, so no special character is ever found there */
#include "csv/csv_int.h"

#include <stdio.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void csv_options_init(struct csv_options *o)
{
    *o = (struct csv_options){.header = true, .delimiter = ',', .quote = '"', .escape = '"'};
}

/* ---- one bit for every special character ---- */

/* The block under the scan. */
struct walk {
    size_t block;  /* its offset in the window */
    uint64_t bits; /* special characters in it that were not taken yet */
};

#ifdef __SSE2__
static uint64_t special_bits(struct csv_scanner *s, const uint8_t *p)
{
    const __m128i delimiter = _mm_set1_epi8(s->options.delimiter);
    const __m128i quote = _mm_set1_epi8(s->options.quote);
    const __m128i escape = _mm_set1_epi8(s->options.escape);
    const __m128i newline = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();
    uint64_t bits = 0;
    int foreign = 0;
    for (unsigned i = 0; i < CSV_BLOCK / 16; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i hit =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, delimiter), _mm_cmpeq_epi8(v, newline)),
                         _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, escape)));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << (16 * i);
        foreign |= _mm_movemask_epi8(_mm_or_si128(v, _mm_cmpeq_epi8(v, zero)));
    }
    s->plain &= foreign == 0;
    return bits;
}
#else
static uint64_t special_bits(struct csv_scanner *s, const uint8_t *p)
{
    uint64_t bits = 0;
    bool plain = true;
    for (unsigned i = 0; i < CSV_BLOCK; i++) {
        char c = (char)p[i];
        bool hit = c == s->options.delimiter || c == s->options.quote || c == s->options.escape ||
                   c == '\n';
        bits |= (uint64_t)hit << i;
        plain &= p[i] - 1u < 127u;
    }
    s->plain &= plain;
    return bits;
}
#endif

static void walk_start(struct csv_scanner *s, struct walk *w, size_t from)
{
    w->block = from & ~(size_t)(CSV_BLOCK - 1);
    w->bits = special_bits(s, s->data + w->block) & ~UINT64_C(0) << (from - w->block);
}

/* Offset of the next special character; s->len when there is none. */
ALWAYS_INLINE size_t walk_next(struct csv_scanner *s, struct walk *w)
{
    while (w->bits == 0) {
        if (w->block + CSV_BLOCK >= s->len)
            return s->len;
        w->block += CSV_BLOCK;
        w->bits = special_bits(s, s->data + w->block);
    }
    size_t at = w->block + (size_t)__builtin_ctzll(w->bits);
    w->bits &= w->bits - 1;
    return at;
}

/* ---- one record ---- */

struct record {
    size_t next;         /* offset behind its line end */
    size_t fields;       /* all of them, however many were asked for */
    int64_t lines;       /* line feeds in it */
    const char *problem; /* why it is no record; NULL if it is one */
};

/* Where a quoted field that opens at data[open] ends: offset of the delimiter, the line end or
 * s->len. False if that cannot be said before more bytes come. */
static bool scan_quoted(struct csv_scanner *s, struct walk *w, size_t open, struct csv_field *f,
                        size_t *end, struct record *r)
{
    const uint8_t *data = s->data;
    char quote = s->options.quote, escape = s->options.escape;
    size_t at;
    *f = (struct csv_field){.start = (uint32_t)open + 1, .quoted = 1};
    for (;;) {
        at = walk_next(s, w);
        if (at == s->len) {
            r->problem = "a quoted field is not closed";
            *end = at;
            return s->ended;
        }
        char c = (char)data[at], behind = at + 1 < s->len ? (char)data[at + 1] : 0;
        if (c == '\n') {
            r->lines++;
        } else if (c == escape && at + 1 == s->len && !s->ended) {
            return false;
        } else if (c == escape && behind && (behind == quote || behind == escape)) {
            f->escaped = 1;
            walk_next(s, w); /* is at + 1 */
        } else if (c == quote) {
            break;
        }
    }
    f->len = (uint32_t)(at - open - 1);
    *end = walk_next(s, w);
    if (*end == s->len && !s->ended)
        return false;
    bool line_end = *end == s->len || data[*end] == '\n';
    size_t text = *end - at - 1 - (line_end && data[*end - 1] == '\r');
    if (text > 0 || (!line_end && (char)data[*end] != s->options.delimiter))
        r->problem = "text behind a closing quote";
    return true;
}

/* Cuts the record at `from`; the first `columns` fields are stored. False if it goes on behind the
 * window. */
static bool scan_record(struct csv_scanner *s, struct walk *w, size_t from, size_t columns,
                        struct csv_field *fields, struct record *r)
{
    const uint8_t *data = s->data;
    const char delimiter = s->options.delimiter;
    *r = (struct record){.next = from};
    for (bool line_end = false; !line_end;) {
        size_t start = r->next, at = walk_next(s, w);
        struct csv_field f = {.start = (uint32_t)start};
        if (at == start && at < s->len && (char)data[at] == s->options.quote && s->quoting &&
            !scan_quoted(s, w, start, &f, &at, r))
            return false;
        /* A quote or escape inside a field is data; behind a quoted one it is a problem's rest. */
        while (at < s->len && (char)data[at] != delimiter && data[at] != '\n')
            at = walk_next(s, w);
        if (at == s->len && !s->ended)
            return false;
        line_end = at == s->len || data[at] == '\n';
        if (!f.quoted)
            f.len = (uint32_t)(at - start) - (line_end && at > start && data[at - 1] == '\r');
        if (r->fields < columns)
            fields[r->fields] = f;
        r->fields++;
        r->next = at + (at < s->len);
        r->lines += at < s->len && line_end;
    }
    return true;
}

void csv_field_unescape(struct csv_scanner *s, struct csv_field *f)
{
    char *p = (char *)s->data + f->start;
    char quote = s->options.quote, escape = s->options.escape;
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->len; i++) {
        if (p[i] == escape && i + 1 < f->len && (p[i + 1] == quote || p[i + 1] == escape))
            i++;
        p[n++] = p[i];
    }
    f->len = n;
    f->escaped = 0;
}

/* ---- the window ---- */

static status grow(struct csv_scanner *s, struct error *err)
{
    if (s->size_bytes >= CSV_MOST_RECORD)
        FAIL(err, ST_LIMIT, "%.*s line %lld: record longer than %u MiB", STR_ARG(s->in.name),
             (long long)s->line, CSV_MOST_RECORD >> 20);
    size_t size = s->size_bytes * 2;
    TRY(mem_realloc(s->account, (void **)&s->data, s->size_bytes + CSV_BLOCK, size + CSV_BLOCK,
                    err));
    s->size_bytes = size;
    return ST_OK;
}

/* Moves what is unread to the front and reads until the window is full or the input has ended. */
static status fill(struct csv_scanner *s, struct error *err)
{
    if (s->at > 0) {
        memmove(s->data, s->data + s->at, s->len - s->at);
        s->len -= s->at;
        s->at = 0;
    }
    if (s->len == s->size_bytes || (s->len > 0 && s->size_bytes < CSV_USUAL_BYTES))
        TRY(grow(s, err));
    while (!s->ended && s->len < s->size_bytes) {
        size_t got = 0;
        TRY(s->in.read(s->in.self, s->data + s->len, s->size_bytes - s->len, &got, err));
        ENSURE(got <= s->size_bytes - s->len, err);
        s->len += got;
        s->ended = got == 0;
    }
    memset(s->data + s->len, s->pad, CSV_BLOCK); /* S2 */
    return ST_OK;
}

/* Passes over empty lines. False when the window holds no further record's beginning. */
static bool skip_empty_lines(struct csv_scanner *s)
{
    for (; s->at < s->len; s->line++) {
        size_t at = s->at + (s->data[s->at] == '\r');
        if (at == s->len && !s->ended)
            return false;
        if (at < s->len && s->data[at] != '\n')
            return true;
        s->at = at + (at < s->len);
    }
    return false;
}

static status check_options(const struct csv_options *o, struct error *err)
{
    const char chars[] = {o->delimiter, o->quote, o->escape};
    for (size_t i = 0; i < sizeof(chars); i++)
        if (chars[i] == '\n' || chars[i] == '\r' || (unsigned char)chars[i] > 127)
            FAIL(err, ST_INVALID,
                 "delimiter, quote and escape of CSV must be single ASCII characters other than "
                 "line ends");
    if (o->delimiter == 0)
        FAIL(err, ST_INVALID, "CSV needs a delimiter");
    if (o->delimiter == o->quote || o->delimiter == o->escape)
        FAIL(err, ST_INVALID, "CSV delimiter '%c' must differ from quote and escape", o->delimiter);
    return ST_OK;
}

status csv_scanner_init(struct csv_scanner *s, const struct csv_input *in,
                        const struct csv_options *o, struct mem_account *account, struct error *err)
{
    *s = (struct csv_scanner){
        .in = *in, .options = *o, .account = account, .line = 1, .plain = true};
    TRY(check_options(o, err));
    s->quoting = s->options.quote != 0;
    if (!s->quoting) /* nothing but delimiters and line feeds is special */
        s->options.quote = s->options.escape = s->options.delimiter;
    else if (s->options.escape == 0)
        s->options.escape = s->options.quote;
    for (s->pad = 'a'; s->pad == s->options.delimiter || s->pad == s->options.quote ||
                       s->pad == s->options.escape;)
        s->pad++;
    s->size_bytes = CSV_FIRST_BYTES;
    TRY(mem_alloc(account, s->size_bytes + CSV_BLOCK, (void **)&s->data, err));
    TRY(fill(s, err));
    if (s->len >= 3 && memcmp(s->data, "\xEF\xBB\xBF", 3) == 0) /* the UTF-8 byte order mark */
        s->at = 3;
    else if (s->len >= 2 &&
             (memcmp(s->data, "\xFF\xFE", 2) == 0 || memcmp(s->data, "\xFE\xFF", 2) == 0))
        FAIL(err, ST_UNSUPPORTED, "%.*s is in UTF-16; only UTF-8 is supported", STR_ARG(in->name));
    return ST_OK;
}

void csv_scanner_free(struct csv_scanner *s)
{
    if (s->data)
        mem_free(s->account, s->data, s->size_bytes + CSV_BLOCK);
    s->data = NULL;
}

/* ---- records ---- */

/* "70,001" */
static void print_line_number(int64_t line, char out[32])
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%lld", (long long)line), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
}

void csv_scanner_bad(struct csv_scanner *s, int64_t line, struct str column,
                     const struct error *why)
{
    struct csv_bad *b = &s->bad;
    char number[32];
    b->rows++;
    if (b->line > 0 && b->line <= line)
        return;
    b->line = line;
    print_line_number(line, number);
    error_init(&b->first);
    error_set(&b->first, ST_INVALID, __FILE__, __LINE__, "%.*s line %s%s%.*s%s: %s",
              STR_ARG(s->in.name), number, column.len > 0 ? ", column \"" : "", STR_ARG(column),
              column.len > 0 ? "\"" : "", why->msg);
    error_sqlstate(&b->first, error_state(why));
    error_detail(&b->first, "%s", why->detail);
}

status csv_scanner_fail(const struct csv_scanner *s, struct error *err)
{
    if (err)
        *err = s->bad.first;
    return s->bad.first.code;
}

static void note_shape(struct csv_scanner *s, const struct record *r, size_t columns)
{
    struct error why;
    error_init(&why);
    if (r->problem)
        error_set(&why, ST_INVALID, __FILE__, __LINE__, "%s", r->problem);
    else
        error_set(&why, ST_INVALID, __FILE__, __LINE__, "%zu field%s, expected %zu", r->fields,
                  r->fields == 1 ? "" : "s", columns);
    error_sqlstate(&why, "22P04");
    csv_scanner_bad(s, s->line, STR(""), &why);
}

status csv_scanner_peek(struct csv_scanner *s, size_t *columns, struct error *err)
{
    for (;;) {
        struct walk w;
        struct record r;
        if (skip_empty_lines(s)) {
            walk_start(s, &w, s->at);
            if (scan_record(s, &w, s->at, 0, NULL, &r)) {
                if (r.fields > CSV_MOST_COLUMNS)
                    FAIL(err, ST_LIMIT, "%.*s has %zu columns, at most %u are read",
                         STR_ARG(s->in.name), r.fields, CSV_MOST_COLUMNS);
                *columns = r.fields;
                return ST_OK;
            }
        }
        if (s->ended) {
            *columns = 0;
            return ST_OK;
        }
        TRY(fill(s, err));
    }
}

/* As many records as the window holds. */
static size_t cut_records(struct csv_scanner *s, size_t columns, size_t most,
                          struct csv_field *fields, int64_t *lines)
{
    size_t rows = 0;
    struct walk w;
    struct record r;
    if (s->at >= s->len)
        return 0;
    walk_start(s, &w, s->at);
    while (rows < most && s->at < s->len) {
        struct csv_field *row = fields + rows * columns;
        if (!scan_record(s, &w, s->at, columns, row, &r))
            break;
        bool empty_line =
            columns > 1 && r.fields == 1 && !r.problem && row->len == 0 && !row->quoted;
        if (r.fields == columns && !r.problem)
            lines[rows++] = s->line;
        else if (!empty_line)
            note_shape(s, &r, columns);
        s->at = r.next;
        s->line += r.lines;
        if (s->bad.line > 0 && !s->options.skip_bad_rows)
            break;
    }
    return rows;
}

status csv_scanner_records(struct csv_scanner *s, size_t columns, size_t most,
                           struct csv_field *fields, int64_t *lines, size_t *rows,
                           struct error *err)
{
    for (;;) {
        s->plain = true;
        *rows = cut_records(s, columns, most, fields, lines);
        if (*rows > 0 || (s->ended && s->at >= s->len) ||
            (s->bad.line > 0 && !s->options.skip_bad_rows))
            return ST_OK;
        if (!s->ended)
            TRY(fill(s, err));
    }
}

/* ---- names ---- */

static status check_names(struct csv_scanner *s, size_t columns, const struct str *names,
                          struct error *err)
{
    for (size_t i = 0; i < columns; i++) {
        if (!str_is_utf8(names[i]))
            FAIL(err, ST_INVALID, "%.*s: the name of column %zu is not valid UTF-8",
                 STR_ARG(s->in.name), i + 1);
        for (size_t j = 0; j < i; j++)
            if (str_eq(names[i], names[j]))
                FAIL_SQL(err, ST_INVALID, "42701", 0,
                         "%.*s: column \"%.*s\" comes twice in the header", STR_ARG(s->in.name),
                         STR_ARG(names[i]));
    }
    return ST_OK;
}

status csv_scanner_names(struct csv_scanner *s, size_t columns, struct arena *arena,
                         struct str *names, struct error *err)
{
    struct csv_field *fields = NULL;
    size_t rows = 0;
    int64_t line;
    if (s->options.header) {
        bool skip = s->options.skip_bad_rows;
        s->options.skip_bad_rows = false; /* a bad header is not skipped */
        TRY(ARENA_ARRAY(arena, struct csv_field, columns, &fields, err));
        TRY(csv_scanner_records(s, columns, 1, fields, &line, &rows, err));
        if (rows == 0)
            return csv_scanner_fail(s, err);
        s->options.skip_bad_rows = skip;
    }
    for (size_t i = 0; i < columns; i++) {
        struct str name = rows > 0 ? csv_field_text(s, &fields[i]) : STR("");
        if (name.len > 0)
            TRY(arena_str(arena, name, &names[i], err));
        else
            TRY(arena_printf(arena, &names[i], err, "column%zu", i + 1));
    }
    return check_names(s, columns, names, err);
}
