// SPDX-License-Identifier: Apache-2.0
/* exec_files.c - read_csv and read_parquet: several files as one table.
 *
 *     describe:  patterns -> files (sorted by name) -> one schema over all of them, by name
 *     open:      Parquet files through exec_scan.c; CSV files one after the other */
#include "exec/exec_int.h"

#include "csv/csv.h"
#include "parquet/parquet.h"

#include <stdio.h>

/* ---- one schema over several files ----------------------------------------------------------- */

struct merged {
    struct arena *arena; /* borrowed */
    struct column_schema schema;
    size_t capacity;
    struct str *from; /* file that first had the column */
    size_t from_capacity;
    size_t unread_count, unread_capacity;
    struct query_unread *unread;
};

/* The type both can be read as; kind UNKNOWN when there is none. */
static struct column_type common_type(struct column_type a, struct column_type b)
{
    if (column_type_eq(a, b))
        return a;
    if (column_type_is_integer(a) && column_type_is_integer(b))
        return column_type_of(a.kind > b.kind ? a.kind : b.kind);
    if (column_type_is_float(a) && column_type_is_float(b))
        return column_type_of(COLUMN_DOUBLE);
    return column_type_of(COLUMN_UNKNOWN);
}

/* For CSV, where types are guesses: numbers mix to double, all else to text. */
static struct column_type common_guess(struct column_type a, struct column_type b)
{
    struct column_type t = common_type(a, b);
    if (t.kind != COLUMN_UNKNOWN)
        return t;
    if (column_type_is_number(a) && column_type_is_number(b))
        return column_type_of(COLUMN_DOUBLE);
    return column_type_of(COLUMN_TEXT);
}

static status merge_field(struct merged *m, const struct column_field *f, bool csv, struct str uri,
                          struct error *err)
{
    char have[64], got[64];
    for (size_t i = 0; i < m->schema.count; i++) {
        struct column_field *old = &m->schema.fields[i];
        if (!str_eq(old->name, f->name))
            continue;
        struct column_type t =
            csv ? common_guess(old->type, f->type) : common_type(old->type, f->type);
        if (t.kind == COLUMN_UNKNOWN)
            FAIL(err, ST_INVALID, "column \"%.*s\" is %s in %.*s but %s in %.*s", STR_ARG(f->name),
                 column_type_name(old->type, have), STR_ARG(m->from[i]),
                 column_type_name(f->type, got), STR_ARG(uri));
        old->type = t;
        return ST_OK;
    }
    size_t n = m->schema.count;
    TRY(arena_grow(m->arena, (void **)&m->schema.fields, sizeof(*f), &m->capacity, n + 1, err));
    TRY(arena_grow(m->arena, (void **)&m->from, sizeof(*m->from), &m->from_capacity, n + 1, err));
    m->schema.fields[n] = (struct column_field){.name = f->name, .type = f->type};
    m->from[n] = uri;
    m->schema.count++;
    return ST_OK;
}

/* Keeps the name and the reason of a column that cannot be read, once. */
static status leave_out(struct merged *m, const struct parquet_column_info *info, struct error *err)
{
    struct str name = info->name;
    for (size_t i = 0; i < m->unread_count; i++)
        if (str_eq(m->unread[i].name, name))
            return ST_OK;
    TRY(arena_grow(m->arena, (void **)&m->unread, sizeof(*m->unread), &m->unread_capacity,
                   m->unread_count + 1, err));
    TRY(arena_str(m->arena, name, &name, err));
    m->unread[m->unread_count++] = (struct query_unread){name, info->refusal};
    return ST_OK;
}

static status parquet_fields(const struct exec_context *c, struct str uri, struct merged *m,
                             struct error *err)
{
    struct store_file *file;
    struct parquet_file *parquet;
    TRY(store_open(c->store, uri, -1, &file, err));
    status st = parquet_open(file, c->account, &parquet, err);
    if (st != ST_OK) {
        error_context(err, "%.*s", STR_ARG(uri));
        store_close(file);
        return st;
    }
    for (size_t i = 0; st == ST_OK && i < parquet_columns(parquet); i++) {
        const struct parquet_column_info *info = parquet_column_at(parquet, i);
        struct column_field f = {.type = info->type};
        if (!info->supported) { /* SELECT * of its neighbours does not need it */
            st = leave_out(m, info, err);
            continue;
        }
        st = arena_str(m->arena, info->name, &f.name, err);
        if (st == ST_OK)
            st = merge_field(m, &f, false, uri, err);
    }
    parquet_close(parquet);
    store_close(file);
    return st;
}

/* ---- CSV bytes from the store ---------------------------------------------------------------- */

struct csv_source {
    struct store_file *file; /* owned */
    int64_t at;              /* next byte */
};

static status csv_source_read(void *self, void *out, size_t capacity, size_t *got,
                              struct error *err)
{
    struct csv_source *s = self;
    int64_t left = store_size(s->file) - s->at;
    *got = left < (int64_t)capacity ? (size_t)left : capacity;
    if (*got > 0)
        TRY(store_read(s->file, s->at, out, *got, err));
    s->at += (int64_t)*got;
    return ST_OK;
}

static void csv_options_of(const struct query_csv_options *from, const struct zone *zone,
                           struct csv_options *to)
{
    csv_options_init(to);
    to->header = from->header;
    to->delimiter = from->delimiter;
    to->quote = from->quote;
    to->escape = from->escape;
    to->null_text = from->null_text;
    to->skip_bad_rows = from->bad_row == QUERY_BAD_ROW_SKIP;
    to->zone = zone;
}

static status csv_fields(const struct exec_context *c, struct str uri,
                         const struct query_csv_options *options, struct merged *m,
                         struct error *err)
{
    struct csv_options o;
    struct csv_source source = {0};
    struct csv_input in = {&source, csv_source_read, uri};
    struct column_schema found = {0};
    csv_options_of(options, c->zone, &o);
    TRY(store_open(c->store, uri, -1, &source.file, err));
    status st = csv_infer(&in, &o, options->sample_rows, m->arena, c->account, &found, err);
    store_close(source.file);
    for (size_t i = 0; st == ST_OK && i < found.count; i++)
        st = merge_field(m, &found.fields[i], true, uri, err);
    return st;
}

/* ---- describe -------------------------------------------------------------------------------- */

static status expand(const struct exec_context *c, const struct str *patterns, size_t count,
                     struct query_plan *out, struct error *err)
{
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        struct str absolute, *found;
        size_t n;
        TRY(store_absolute(patterns[i], c->arena, &absolute, err));
        TRY(store_glob(c->store, absolute, c->arena, &found, &n, err));
        if (n == 0)
            FAIL_SQL(err, ST_NOT_FOUND, "58P01", 0, "no file matches \"%.*s\"",
                     STR_ARG(patterns[i]));
        TRY(arena_grow(c->arena, (void **)&out->files.uris, sizeof(struct str), &capacity,
                       out->files.count + n, err));
        for (size_t k = 0; k < n; k++)
            out->files.uris[out->files.count++] = found[k];
    }
    return ST_OK;
}

static void say_left_out(const struct exec_context *c, const struct merged *m)
{
    char text[1024], more[64] = "";
    if (m->unread_count == 0 || !c->notice)
        return;
    if (m->unread_count > 1)
        snprintf(more, sizeof(more), ", and %zu more", m->unread_count - 1);
    snprintf(text, sizeof(text), "* leaves out column \"%.*s\" (%s)%s", STR_ARG(m->unread[0].name),
             m->unread[0].why, more);
    c->notice(c->notice_self, text);
}

status exec_describe_files(const struct exec_context *c, bool csv, const struct str *patterns,
                           size_t pattern_count, const struct query_csv_options *csv_options,
                           const struct column_schema *declared, struct query_plan *out,
                           struct error *err)
{
    struct merged m = {.arena = c->arena};
    *out = (struct query_plan){.kind = QUERY_PLAN_FILES};
    out->files.csv = csv;
    if (csv)
        out->files.options = *csv_options;
    TRY(expand(c, patterns, pattern_count, out, err));
    if (declared) {
        out->schema = *declared;
    } else {
        for (size_t i = 0; i < out->files.count; i++)
            TRY(csv ? csv_fields(c, out->files.uris[i], csv_options, &m, err)
                    : parquet_fields(c, out->files.uris[i], &m, err));
        out->schema = m.schema;
        out->files.unread_count = m.unread_count;
        out->files.unread = m.unread;
        say_left_out(c, &m);
    }
    if (out->schema.count == 0)
        FAIL(err, ST_INVALID, "%.*s has no columns that can be read", STR_ARG(patterns[0]));
    TRY(ARENA_ARRAY(c->arena, struct str, out->schema.count, &out->files.column_names, err));
    for (size_t i = 0; i < out->schema.count; i++)
        out->files.column_names[i] = out->schema.fields[i].name;
    return ST_OK;
}

/* ---- CSV files as a stream ------------------------------------------------------------------- */

struct csv_scan {
    const struct exec_context *c;  /* borrowed */
    const struct query_plan *plan; /* borrowed */
    size_t next_file;
    struct csv_source source;
    struct csv_reader *reader;    /* owned; NULL between files */
    struct column_schema by_name; /* plan's types under the files' names */
};

static void csv_scan_end_file(struct csv_scan *s)
{
    if (s->reader && csv_reader_bad_rows(s->reader) > 0) {
        char text[1024];
        snprintf(text, sizeof(text), "%lld rows left out; the first: %s",
                 (long long)csv_reader_bad_rows(s->reader), csv_reader_first_bad(s->reader));
        if (s->c->notice)
            s->c->notice(s->c->notice_self, text);
        if (s->c->counters)
            s->c->counters->bad_rows += csv_reader_bad_rows(s->reader);
    }
    if (s->reader)
        csv_reader_free(s->reader);
    if (s->source.file)
        store_close(s->source.file);
    s->reader = NULL;
    s->source = (struct csv_source){0};
}

static void csv_scan_close(void *self)
{
    struct csv_scan *s = self;
    if (s->reader)
        csv_reader_free(s->reader);
    if (s->source.file)
        store_close(s->source.file);
}

static status csv_scan_next_file(struct csv_scan *s, struct error *err)
{
    struct str uri = s->plan->files.uris[s->next_file++];
    struct csv_options o;
    struct csv_input in = {&s->source, csv_source_read, uri};
    csv_options_of(&s->plan->files.options, s->c->zone, &o);
    TRY(store_open(s->c->store, uri, -1, &s->source.file, err));
    if (s->c->counters) {
        s->c->counters->files++;
        s->c->counters->bytes += store_size(s->source.file);
    }
    return csv_reader_create(&in, &o, &s->by_name, s->c->account, &s->reader, err);
}

static status csv_scan_next(void *self, struct column_batch *out, struct error *err)
{
    struct csv_scan *s = self;
    for (;;) {
        TRY(exec_check_cancel(s->c, err));
        if (!s->reader) {
            *out = (struct column_batch){0};
            if (s->next_file == s->plan->files.count)
                return ST_OK;
            TRY(csv_scan_next_file(s, err));
        }
        TRY(csv_reader_next(s->reader, out, err));
        if (out->rows > 0) {
            if (s->c->counters)
                s->c->counters->rows += out->rows;
            return ST_OK;
        }
        csv_scan_end_file(s);
    }
}

status exec_files_open(struct query_plan *p, const struct exec_context *c,
                       struct column_stream *out, struct error *err)
{
    struct csv_scan *s;
    if (!p->files.csv)
        return exec_parquet_open(p, c, out, err);
    TRY(ARENA_NEW(c->arena, struct csv_scan, &s, err));
    *s = (struct csv_scan){.c = c, .plan = p, .by_name = {.count = p->schema.count}};
    TRY(ARENA_ARRAY(c->arena, struct column_field, p->schema.count, &s->by_name.fields, err));
    for (size_t i = 0; i < p->schema.count; i++) {
        s->by_name.fields[i] = p->schema.fields[i];
        s->by_name.fields[i].name = p->files.column_names[i];
    }
    *out = (struct column_stream){&p->schema, s, csv_scan_next, csv_scan_close};
    return ST_OK;
}
