// SPDX-License-Identifier: Apache-2.0
/* parquet_write_column.c - one column: rows come in, encoded pages of a row group come out.
 *
 *     span rows -> validity bits, and codes (TRIAL, DICT) or PLAIN bytes (PLAIN)
 *              -> a page full:  TRIAL waits, DICT and PLAIN encode it
 *
 *     TRIAL --- trial_pages full, or the group ends --- does the dictionary pay? --> DICT or PLAIN
 *     TRIAL, DICT --- the dictionary is full ---> pages before the open one keep it (if it pays),
 *                                                 the open one and all later ones are PLAIN
 *
 * A dictionary pays when its page and the codes take fewer bytes, uncompressed, than PLAIN would.
 * The trial is several pages long because a dictionary's cost is spread over the chunk: one page of
 * 20,000 rows says too little about a million. FIXED and BOOLEAN columns are PLAIN always.
 *
 * P1  a page ends when it has page_rows_max rows, or before the row that would take its PLAIN bytes
 *     past page_bytes; so pages end at the same rows in every encoding (W2)
 * P2  codes of the open page were given after entries_before, so when it turns PLAIN the dictionary
 *     is cut back to that */
#include "parquet/parquet_write_int.h"

/* About what a dictionary page costs beside its entries. */
#define DICTIONARY_COST 32
#define TRIAL_PAGES     8
/* Codes that all columns of a writer together may keep for their trials. */
#define TRIAL_BYTES (16 << 20)
/* A larger dictionary of the input is read as values: its map would cost more than it saves. */
#define MAP_ENTRIES (1 << 20)
/* Longest text a page index holds before it is shortened, as other writers do. */
#define INDEX_BOUND_BYTES 64

/* 16 bytes that need no more than 8-byte alignment: int128 and struct str while they are moved. */
struct pair {
    uint64_t low, high;
};

/* ---- life ----------------------------------------------------------------------------------- */

status parquet_write_column_init(struct parquet_write_column *c, const struct column_field *field,
                                 const struct parquet_write_options *options, size_t columns,
                                 struct mem_account *account, struct arena *group_arena,
                                 struct parquet_write_space *space, struct error *err)
{
    *c = (struct parquet_write_column){.field = field,
                                       .options = options,
                                       .account = account,
                                       .group_arena = group_arena,
                                       .space = space};
    buffer_init(&c->codes, account, SIZE_MAX);
    buffer_init(&c->valid, account, SIZE_MAX);
    buffer_init(&c->plain, account, INT32_MAX);
    parquet_kept_init(&c->group_bounds, account);
    parquet_kept_init(&c->bounds, account);
    TRY(parquet_write_type_of(field, &c->type, err));
    const struct parquet_write_type *t = &c->type;
    uint32_t dict_width = t->form == PARQUET_FORM_TEXT ? 0 : t->width;
    parquet_dict_init(&c->dict, account, dict_width, (size_t)options->dictionary_bytes);

    c->page_rows_max = options->page_rows;
    int64_t fit = options->page_bytes;
    if (t->form == PARQUET_FORM_BOOL)
        fit = fit > INT64_MAX / 8 ? fit : fit * 8;
    else if (t->width > 0)
        fit = fit > t->width ? fit / t->width : 1;
    if (t->form != PARQUET_FORM_TEXT && fit < c->page_rows_max)
        c->page_rows_max = fit;

    int64_t page_codes = c->page_rows_max * 4 * (int64_t)columns;
    c->trial_pages = TRIAL_PAGES;
    while (c->trial_pages > 1 && page_codes > TRIAL_BYTES / (int64_t)c->trial_pages)
        c->trial_pages--;
    TRY(mem_calloc(account, c->trial_pages * sizeof(*c->pending), (void **)&c->pending, err));
    return parquet_write_column_next_group(c, err);
}

static void drop_pages(struct parquet_write_column *c)
{
    for (size_t i = 0; i < c->page_count; i++)
        mem_free(c->account, c->pages[i].bytes.data, c->pages[i].bytes.bytes);
    mem_free(c->account, c->dictionary.data, c->dictionary.bytes);
    c->dictionary = (struct parquet_page_bytes){0};
    c->pages = NULL;
    c->page_count = c->page_capacity = 0;
}

static void drop_map(struct parquet_write_column *c)
{
    mem_free(c->account, c->map, c->map_count * sizeof(*c->map));
    c->map = NULL;
    c->map_count = 0;
    c->map_id = 0;
}

void parquet_write_column_free(struct parquet_write_column *c)
{
    drop_pages(c);
    drop_map(c);
    parquet_dict_free(&c->dict);
    mem_free(c->account, c->pending, c->pending ? c->trial_pages * sizeof(*c->pending) : 0);
    c->pending = NULL;
    buffer_free(&c->codes);
    buffer_free(&c->valid);
    buffer_free(&c->plain);
    parquet_kept_free(&c->group_bounds);
    parquet_kept_free(&c->bounds);
}

status parquet_write_column_next_group(struct parquet_write_column *c, struct error *err)
{
    bool by_dictionary = c->type.form == PARQUET_FORM_32 || c->type.form == PARQUET_FORM_64 ||
                         c->type.form == PARQUET_FORM_TEXT;
    for (size_t i = 0; i < c->page_count; i++)
        c->compressed_bytes += (int64_t)c->pages[i].bytes.bytes;
    c->compressed_bytes += (int64_t)c->dictionary.bytes;
    drop_pages(c);
    c->nulls += c->group_nulls;
    c->nans += c->group_nans;
    TRY(parquet_kept_add(&c->bounds, &c->type, &c->group_bounds.bounds, err));
    parquet_kept_clear(&c->group_bounds);
    c->group_rows = c->group_nulls = c->group_nans = 0;
    parquet_dict_clear(&c->dict);
    c->map_id = 0;
    c->pending_count = 0;
    c->mode =
        by_dictionary && c->options->dictionary_bytes > 0 ? PARQUET_MODE_TRIAL : PARQUET_MODE_PLAIN;
    return ST_OK;
}

/* ---- dense values: span rows without their NULLs -------------------------------------------- */

#define GATHER(type)                                                                               \
    do {                                                                                           \
        type *to_ = to;                                                                            \
        const type *from_ = values;                                                                \
        if (s->kind == SPAN_RUN) {                                                                 \
            for (int64_t i = 0; i < rows; i++)                                                     \
                to_[n++] = from_[0];                                                               \
        } else if (s->kind == SPAN_VALUES) {                                                       \
            for (int64_t i = from; i < from + rows; i++) {                                         \
                to_[n] = from_[i];                                                                 \
                n += column_bit(s->valid, i);                                                      \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = from; i < from + rows; i++) {                                         \
                uint32_t code_ = s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i]              \
                                                    : ((const uint32_t *)s->codes)[i];             \
                to_[n] = from_[code_];                                                             \
                n += column_bit(s->valid, i);                                                      \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* The values of rows [from, from + rows) that are not NULL, in the physical form of spans. */
static const void *dense_values(const struct parquet_write_column *c, const struct column_span *s,
                                int64_t from, int64_t rows, size_t *count)
{
    size_t n = 0, bytes = column_phys_bytes(c->type.phys);
    void *to = c->space->dense;
    const void *values = s->kind == SPAN_CODES ? s->dictionary->values : s->values;
    if (s->kind == SPAN_VALUES && !s->valid) {
        *count = (size_t)rows;
        return (const uint8_t *)values + (size_t)from * bytes;
    }
    if (s->kind == SPAN_RUN && s->run_null)
        rows = 0;
    if (s->kind == SPAN_CODES && s->dictionary->count == 0)
        rows = 0; /* all NULL: there is nothing to point at */
    switch (bytes) {
    case 1:
        GATHER(uint8_t);
        break;
    case 4:
        GATHER(uint32_t);
        break;
    case 8:
        GATHER(uint64_t);
        break;
    default:
        GATHER(struct pair);
        break;
    }
    *count = n;
    return to;
}

/* Refuses values that the file's type cannot hold and narrows decimals of int32_t. */
static status check_values(const struct parquet_write_column *c, const void **values, size_t n,
                           struct error *err)
{
    const struct parquet_write_type *t = &c->type;
    char name[64];
    bool bad = false;
    if (t->form == PARQUET_FORM_WIDE) {
        const int128 *v = *values;
        for (size_t i = 0; i < n; i++)
            bad |= v[i] >= t->limit || v[i] <= -t->limit;
    } else if (t->limit) {
        const int64_t *v = *values;
        int32_t *narrow = c->space->dense;
        int64_t limit = (int64_t)t->limit;
        for (size_t i = 0; i < n; i++)
            bad |= v[i] >= limit || v[i] <= -limit;
        if (t->narrow) {
            for (size_t i = 0; i < n; i++) /* may stand in the same memory: read before written */
                narrow[i] = (int32_t)v[i];
            *values = narrow;
        }
    } else if (parquet_by_bytes(t)) {
        const struct str *v = *values;
        for (size_t i = 0; i < n; i++)
            bad |= t->width ? v[i].len != t->width : v[i].len > INT32_MAX - 64;
    }
    if (bad)
        FAIL_SQL(err, ST_INVALID, "22003", 0, "column \"%.*s\": a value does not fit %s",
                 STR_ARG(c->field->name), column_type_name(t->type, name));
    return ST_OK;
}

/* ---- codes ---------------------------------------------------------------------------------- */

static status map_prepare(struct parquet_write_column *c, const struct column_dictionary *d,
                          struct error *err)
{
    if (c->map_id == d->id)
        return ST_OK;
    if (c->map_count < d->count) {
        drop_map(c);
        TRY(mem_alloc(c->account, d->count * sizeof(*c->map), (void **)&c->map, err));
        c->map_count = d->count;
    }
    memset(c->map, 0xFF, d->count * sizeof(*c->map));
    c->map_id = d->id;
    return ST_OK;
}

/* The code of an entry of the input's dictionary that is met for the first time. */
static status map_entry(struct parquet_write_column *c, const struct column_dictionary *d,
                        uint32_t theirs, bool *full, struct error *err)
{
    const void *value = (const uint8_t *)d->values + theirs * column_phys_bytes(c->type.phys);
    size_t placed;
    TRY(check_values(c, &value, 1, err));
    TRY(parquet_dict_put(&c->dict, value, 1, &c->map[theirs], &placed, err));
    *full = placed == 0;
    return ST_OK;
}

static status put_mapped(struct parquet_write_column *c, const struct column_span *s, int64_t from,
                         int64_t rows, uint32_t *codes, size_t *placed, struct error *err)
{
    size_t n = 0;
    bool full = false;
    *placed = 0;
    TRY(map_prepare(c, s->dictionary, err));
    for (int64_t i = from; i < from + rows; i++) {
        if (!column_bit(s->valid, i))
            continue;
        uint32_t theirs =
            s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
        if (c->map[theirs] == UINT32_MAX) {
            TRY(map_entry(c, s->dictionary, theirs, &full, err));
            if (full)
                break;
        }
        codes[n++] = c->map[theirs];
    }
    *placed = n;
    return ST_OK;
}

/* Codes of the rows' values; *placed counts those that the dictionary took. */
static status put_codes(struct parquet_write_column *c, const struct column_span *s, int64_t from,
                        int64_t rows, size_t *placed, struct error *err)
{
    TRY(buffer_reserve(&c->codes, (size_t)rows * sizeof(uint32_t), err));
    uint32_t *codes = (void *)(c->codes.data + c->codes.len);
    if (s->kind == SPAN_CODES && s->dictionary->count <= MAP_ENTRIES) {
        TRY(put_mapped(c, s, from, rows, codes, placed, err));
    } else {
        size_t n;
        const void *values = dense_values(c, s, from, rows, &n);
        TRY(check_values(c, &values, n, err));
        TRY(parquet_dict_put(&c->dict, values, n, codes, placed, err));
    }
    c->codes.len += *placed * sizeof(uint32_t);
    return ST_OK;
}

static inline const uint32_t *page_codes_of(const struct parquet_write_column *c,
                                            const struct parquet_pending *p)
{
    return (const uint32_t *)(const void *)c->codes.data + p->first_code;
}

/* ---- PLAIN values --------------------------------------------------------------------------- */

static status append_wide(struct buffer *to, const int128 *values, size_t n, uint32_t width,
                          struct error *err)
{
    TRY(buffer_reserve(to, n * width, err));
    for (size_t i = 0; i < n; i++) {
        uint8_t *at = to->data + to->len;
        uint128 v = (uint128)values[i];
        for (uint32_t b = width; b-- > 0; v >>= 8)
            at[b] = (uint8_t)v;
        to->len += width;
    }
    return ST_OK;
}

static status append_text(struct buffer *to, const struct str *values, size_t n, bool with_length,
                          struct error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += values[i].len + 4;
    TRY(buffer_reserve(to, bytes, err));
    uint8_t *at = to->data + to->len;
    for (size_t i = 0; i < n; i++) {
        if (with_length) {
            store_u32le(at, (uint32_t)values[i].len);
            at += 4;
        }
        memcpy(at, values[i].len ? values[i].ptr : "", values[i].len);
        at += values[i].len;
    }
    to->len = (size_t)(at - to->data);
    return ST_OK;
}

static status append_plain(struct parquet_write_column *c, const void *values, size_t n,
                           struct error *err)
{
    switch (c->type.form) {
    case PARQUET_FORM_WIDE:
        return append_wide(&c->plain, values, n, c->type.width, err);
    case PARQUET_FORM_TEXT:
        return append_text(&c->plain, values, n, true, err);
    case PARQUET_FORM_FIXED:
        return append_text(&c->plain, values, n, false, err);
    default:
        return buffer_append(&c->plain, values, n * c->type.width, err);
    }
}

/* The rows' values in PLAIN form, without the first `skip`, which are there already. */
static status put_plain(struct parquet_write_column *c, const struct column_span *s, int64_t from,
                        int64_t rows, size_t skip, struct error *err)
{
    size_t n, bytes = c->type.narrow ? 4 : column_phys_bytes(c->type.phys);
    const void *values = dense_values(c, s, from, rows, &n);
    TRY(check_values(c, &values, n, err));
    return append_plain(c, (const uint8_t *)values + skip * bytes, n - skip, err);
}

/* The page's codes as PLAIN bytes behind c->plain. */
static status codes_to_plain(struct parquet_write_column *c, const struct parquet_pending *p,
                             size_t values, struct error *err)
{
    const struct parquet_dict *d = &c->dict;
    const uint32_t *codes = page_codes_of(c, p);
    size_t bytes = 0, n;
    for (size_t i = 0; i < values; i++) {
        parquet_dict_at(d, codes[i], &n);
        bytes += n;
    }
    TRY(buffer_reserve(&c->plain, bytes, err));
    uint8_t *to = c->plain.data + c->plain.len;
    for (size_t i = 0; i < values; i++) {
        const uint8_t *at = parquet_dict_at(d, codes[i], &n);
        memcpy(to, at, n);
        to += n;
    }
    c->plain.len += bytes;
    return ST_OK;
}

/* ---- encoding pages ------------------------------------------------------------------------- */

static status pack_bits(const uint8_t *bytes, size_t n, struct buffer *out, struct error *err)
{
    size_t size = (n + 7) / 8;
    TRY(buffer_reserve(out, size, err));
    uint8_t *to = out->data + out->len;
    memset(to, 0, size);
    for (size_t i = 0; i < n; i++)
        to[i / 8] |= (uint8_t)(bytes[i] << (i % 8));
    out->len += size;
    return ST_OK;
}

/* Adds an encoded page to the chunk: its index entry, and the chunk's figures. */
static status add_page(struct parquet_write_column *c, const struct parquet_pending *p,
                       struct parquet_page *page, struct error *err)
{
    bool exact;
    page->first_row = c->group_rows;
    page->rows = p->rows;
    page->nulls = p->nulls;
    TRY(parquet_kept_add(&c->group_bounds, &c->type, &page->bounds, err));
    if (page->bounds.has && c->options->statistics) {
        TRY(parquet_bound_bytes(&c->type, &page->bounds, false, INDEX_BOUND_BYTES, c->group_arena,
                                &page->min, &exact, err));
        TRY(parquet_bound_bytes(&c->type, &page->bounds, true, INDEX_BOUND_BYTES, c->group_arena,
                                &page->max, &exact, err));
    }
    page->bounds.min_text = page->min; /* the page's own bytes are about to go (B2) */
    page->bounds.max_text = page->max;
    TRY(arena_grow(c->group_arena, (void **)&c->pages, sizeof(*c->pages), &c->page_capacity,
                   c->page_count + 1, err));
    struct parquet_page_header header = {.type = PARQUET_DATA_PAGE};
    PARQUET_PUT(&header, PAGE_DATA);
    header.data.num_values = (int32_t)p->rows;
    header.data.encoding = page->encoding;
    header.data.definition_levels = header.data.repetition_levels = PARQUET_RLE;
    TRY(parquet_write_page(c->options, c->space, &header, c->account, &page->bytes, err));
    c->pages[c->page_count++] = *page;
    c->group_rows += p->rows;
    c->group_nulls += p->nulls;
    c->group_nans += page->nans;
    return ST_OK;
}

static status start_raw(struct parquet_write_column *c, const struct parquet_pending *p,
                        struct error *err)
{
    buffer_clear(&c->space->raw);
    if (c->field->required)
        return ST_OK;
    const uint64_t *valid = (const void *)c->valid.data;
    return parquet_write_levels(valid + p->first_word, p->rows, p->nulls, &c->space->raw, err);
}

/* From c->plain, which is empty afterwards. */
static status encode_plain(struct parquet_write_column *c, const struct parquet_pending *p,
                           struct error *err)
{
    struct parquet_page page = {.encoding = PARQUET_PLAIN};
    int64_t values = p->rows - p->nulls;
    TRY(start_raw(c, p, err));
    parquet_bounds_of_plain(&c->type, &c->plain, values, &page.bounds, &page.nans);
    if (c->type.form == PARQUET_FORM_BOOL)
        TRY(pack_bits(c->plain.data, (size_t)values, &c->space->raw, err));
    else
        TRY(buffer_append(&c->space->raw, c->plain.data, c->plain.len, err));
    TRY(add_page(c, p, &page, err));
    buffer_clear(&c->plain);
    return ST_OK;
}

static status encode_codes(struct parquet_write_column *c, const struct parquet_pending *p,
                           struct error *err)
{
    struct parquet_page page = {.encoding = PARQUET_RLE_DICTIONARY};
    const uint32_t *codes = page_codes_of(c, p);
    int64_t values = p->rows - p->nulls;
    TRY(start_raw(c, p, err));
    parquet_bounds_of_codes(&c->type, &c->dict, codes, values, (uint32_t)c->page_count + 1,
                            &page.bounds, &page.nans);
    TRY(parquet_write_codes(codes, (size_t)values, parquet_code_width(p->entries_after),
                            &c->space->raw, err));
    return add_page(c, p, &page, err);
}

/* Do codes for these pages, with the entries they use, take fewer bytes than PLAIN values? */
static bool dictionary_pays(const struct parquet_write_column *c, size_t pages)
{
    int64_t by_codes = DICTIONARY_COST, by_plain = 0;
    if (pages == 0 || c->pending[pages - 1].entries_after == 0)
        return false;
    by_codes += (int64_t)parquet_dict_bytes(&c->dict, c->pending[pages - 1].entries_after);
    for (size_t i = 0; i < pages; i++) {
        const struct parquet_pending *p = &c->pending[i];
        by_codes += 1 + (p->rows - p->nulls) * parquet_code_width(p->entries_after) / 8;
        by_plain += p->plain_bytes;
    }
    return by_codes < by_plain;
}

/* Decides the trial and encodes its first `pages` pages, which are full. */
static status end_trial(struct parquet_write_column *c, size_t pages, struct error *err)
{
    bool pays = dictionary_pays(c, pages);
    c->mode = pays ? PARQUET_MODE_DICT : PARQUET_MODE_PLAIN;
    for (size_t i = 0; i < pages; i++) {
        const struct parquet_pending *p = &c->pending[i];
        if (pays) {
            TRY(encode_codes(c, p, err));
        } else {
            TRY(codes_to_plain(c, p, (size_t)(p->rows - p->nulls), err));
            TRY(encode_plain(c, p, err));
        }
    }
    return ST_OK;
}

/* Gives up the dictionary's table, and its memory where no page needs the entries. */
static void drop_dictionary(struct parquet_write_column *c, uint32_t entries)
{
    drop_map(c);
    if (entries == 0)
        parquet_dict_free(&c->dict);
    else
        parquet_dict_close(&c->dict, entries);
}

/* The dictionary has no room for a value of the open page: that page and all behind it are PLAIN.
 * `codes` of its values have come so far. */
static status dictionary_full(struct parquet_write_column *c, size_t codes, struct error *err)
{
    struct parquet_pending open = c->pending[c->pending_count - 1];
    if (c->mode == PARQUET_MODE_TRIAL)
        TRY(end_trial(c, c->pending_count - 1, err));
    bool used = c->mode == PARQUET_MODE_DICT;
    c->mode = PARQUET_MODE_PLAIN;
    TRY(codes_to_plain(c, &open, codes, err));
    drop_dictionary(c, used ? open.entries_before : 0); /* P2 */
    uint64_t *valid = (void *)c->valid.data;
    if (!c->field->required) { /* only the open page's validity is still needed */
        size_t words = (size_t)(open.rows + 63) / 64;
        memmove(valid, valid + open.first_word, words * sizeof(*valid));
        c->valid.len = words * sizeof(*valid);
    }
    open.first_word = open.first_code = 0;
    buffer_clear(&c->codes);
    c->pending[0] = open;
    c->pending_count = 1;
    return ST_OK;
}

static status close_page(struct parquet_write_column *c, struct error *err)
{
    struct parquet_pending *p = &c->pending[c->pending_count - 1];
    p->entries_after = c->dict.count;
    if (c->mode == PARQUET_MODE_TRIAL) {
        if (c->pending_count < c->trial_pages) {
            c->pending_count++; /* opened by the next row */
            c->pending[c->pending_count - 1].rows = 0;
            return ST_OK;
        }
        TRY(end_trial(c, c->pending_count, err));
        if (c->mode == PARQUET_MODE_PLAIN)
            drop_dictionary(c, 0);
    } else if (c->mode == PARQUET_MODE_DICT) {
        TRY(encode_codes(c, p, err));
    } else {
        TRY(encode_plain(c, p, err));
    }
    c->pending_count = 0;
    buffer_clear(&c->codes);
    buffer_clear(&c->valid);
    return ST_OK;
}

/* ---- rows in -------------------------------------------------------------------------------- */

static struct parquet_pending *open_page(struct parquet_write_column *c)
{
    if (c->pending_count == 0) {
        c->pending_count = 1;
        c->pending[0].rows = 0;
    }
    struct parquet_pending *p = &c->pending[c->pending_count - 1];
    if (p->rows == 0)
        *p = (struct parquet_pending){.first_code = c->codes.len / sizeof(uint32_t),
                                      .first_word = c->valid.len / sizeof(uint64_t),
                                      .entries_before = c->dict.count};
    return p;
}

/* Bytes of row i's text; 0 for NULL. */
static inline size_t text_bytes(const struct column_span *s, int64_t i)
{
    if (s->kind == SPAN_RUN)
        return s->run_null ? 0 : ((const struct str *)s->values)->len;
    if (!column_bit(s->valid, i))
        return 0;
    if (s->kind == SPAN_VALUES)
        return ((const struct str *)s->values)[i].len;
    uint32_t code =
        s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
    return ((const struct str *)s->dictionary->values)[code].len;
}

int64_t parquet_write_text_bytes(const struct parquet_write_column *c, const struct column_span *s,
                                 int64_t from, int64_t rows)
{
    int64_t bytes = 0;
    if (c->type.form != PARQUET_FORM_TEXT)
        return 0;
    if (s->kind == SPAN_RUN)
        return rows * (int64_t)text_bytes(s, from);
    if (s->kind == SPAN_VALUES) { /* NULL rows have length 0: C3 of column_span.h */
        const struct str *values = s->values;
        for (int64_t i = from; i < from + rows; i++)
            bytes += (int64_t)values[i].len;
        return bytes;
    }
    for (int64_t i = from; i < from + rows; i++)
        bytes += (int64_t)text_bytes(s, i);
    return bytes;
}

/* How many of the rows the open page takes (P1). */
static int64_t rows_that_fit(const struct parquet_write_column *c, const struct parquet_pending *p,
                             const struct column_span *s, int64_t from, int64_t rows)
{
    int64_t room = c->page_rows_max - p->rows, n = rows < room ? rows : room;
    if (c->type.form != PARQUET_FORM_TEXT)
        return n;
    int64_t bytes = p->plain_bytes;
    if (bytes + 4 * n + parquet_write_text_bytes(c, s, from, n) <= c->options->page_bytes)
        return n; /* even if none were NULL */
    for (int64_t i = 0; i < n; i++) {
        bytes += column_span_null(s, from + i) ? 0 : 4 + (int64_t)text_bytes(s, from + i);
        if (bytes > c->options->page_bytes && p->rows + i > 0)
            return i;
    }
    return n;
}

/* Appends the rows' validity bits to the open page and counts the NULLs. */
static status put_validity(struct parquet_write_column *c, const struct parquet_pending *p,
                           const struct column_span *s, int64_t from, int64_t rows, int64_t *nulls,
                           struct error *err)
{
    int64_t set = 0;
    size_t words = p->first_word + (size_t)(p->rows + rows + 63) / 64, had = c->valid.len;
    if (!c->field->required && words * sizeof(uint64_t) > had) {
        TRY(buffer_reserve(&c->valid, words * sizeof(uint64_t) - had, err));
        memset(c->valid.data + had, 0, words * sizeof(uint64_t) - had);
        c->valid.len = words * sizeof(uint64_t);
    }
    uint64_t *to = (uint64_t *)(void *)c->valid.data;
    for (int64_t done = 0; done < rows;) {
        int64_t at = p->rows + done, in = from + done;
        int64_t n = 64 - at % 64, left = rows - done; /* up to the end of the target's word */
        uint64_t bits = ~UINT64_C(0);
        if (n > left)
            n = left;
        if (s->kind == SPAN_RUN) {
            bits = s->run_null ? 0 : bits;
        } else if (s->valid) {
            if (n > 64 - in % 64)
                n = 64 - in % 64;
            bits = s->valid[in / 64] >> (in % 64);
        }
        bits &= n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
        set += __builtin_popcountll(bits);
        if (!c->field->required)
            to[p->first_word + (size_t)(at / 64)] |= bits << (at % 64);
        done += n;
    }
    *nulls = rows - set;
    if (*nulls > 0 && c->field->required)
        FAIL_SQL(err, ST_INVALID, "23502", 0, "column \"%.*s\" is required and has a NULL",
                 STR_ARG(c->field->name));
    return ST_OK;
}

/* Rows that all belong to the open page. */
static status put_rows(struct parquet_write_column *c, struct parquet_pending *p,
                       const struct column_span *s, int64_t from, int64_t rows, struct error *err)
{
    int64_t nulls, values_before = p->rows - p->nulls;
    size_t placed = 0;
    TRY(put_validity(c, p, s, from, rows, &nulls, err));
    size_t values = (size_t)(rows - nulls);
    p->rows += rows;
    p->nulls += nulls;
    p->plain_bytes += (int64_t)(values * (c->type.width ? c->type.width : 4)) +
                      parquet_write_text_bytes(c, s, from, rows);
    if (values == 0)
        return ST_OK;
    if (c->mode != PARQUET_MODE_PLAIN) {
        TRY(put_codes(c, s, from, rows, &placed, err));
        if (placed == values)
            return ST_OK;
        TRY(dictionary_full(c, (size_t)values_before + placed, err));
    }
    return put_plain(c, s, from, rows, placed, err);
}

status parquet_write_column_append(struct parquet_write_column *c, const struct column_span *s,
                                   int64_t from, int64_t rows, struct error *err)
{
    while (rows > 0) {
        struct parquet_pending *p = open_page(c);
        int64_t take = rows_that_fit(c, p, s, from, rows);
        if (take > COLUMN_SPAN_ROWS)
            take = COLUMN_SPAN_ROWS;
        if (take == 0) {
            TRY(close_page(c, err));
            continue;
        }
        TRY(put_rows(c, p, s, from, take, err));
        from += take;
        rows -= take;
    }
    return ST_OK;
}

static status encode_dictionary(struct parquet_write_column *c, struct error *err)
{
    struct parquet_page_header header = {.type = PARQUET_DICTIONARY_PAGE};
    PARQUET_PUT(&header, PAGE_DICTIONARY);
    header.dictionary.num_values = (int32_t)c->dict.count;
    header.dictionary.encoding = PARQUET_PLAIN;
    buffer_clear(&c->space->raw);
    TRY(buffer_append(&c->space->raw, c->dict.entries.data, c->dict.entries.len, err));
    return parquet_write_page(c->options, c->space, &header, c->account, &c->dictionary, err);
}

status parquet_write_column_close(struct parquet_write_column *c, struct error *err)
{
    if (c->pending_count > 0 && c->pending[c->pending_count - 1].rows == 0)
        c->pending_count--; /* opened, but no row came */
    if (c->pending_count > 0 && c->mode == PARQUET_MODE_TRIAL) {
        c->pending[c->pending_count - 1].entries_after = c->dict.count;
        TRY(end_trial(c, c->pending_count, err));
        if (c->mode == PARQUET_MODE_PLAIN)
            drop_dictionary(c, 0);
    } else if (c->pending_count > 0) {
        TRY(close_page(c, err));
    }
    c->pending_count = 0;
    buffer_clear(&c->codes);
    buffer_clear(&c->valid);
    return c->dict.count > 0 ? encode_dictionary(c, err) : ST_OK;
}
