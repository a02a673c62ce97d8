// SPDX-License-Identifier: Apache-2.0
/* exec_scan.c - rows of an Iceberg table's data files, or of Parquet files named by hand.
 *
 *     file -> row groups that may match -> one chunk reader per column -> batches of aligned spans
 *
 * Each column keeps the span it is in; a batch is the shortest rest of them, so no value is copied:
 *
 *     column a  [======codes======]            batch 1: 12 rows
 *     column b  [====run====][=codes=]         batch 2:  5 rows ...
 *
 * Where delete files apply (exec_deletes.h), the columns they compare are read too, deleted rows are
 * found by their number in the file, and the rest of the batch is gathered. Where the caller has
 * chosen the rows of a file, row groups and pages without any are passed over; so are those in which no
 * row can satisfy the condition (exec_prune.h).
 *
 * A column that a file lacks was added after it was written: its value is that of an identity
 * partition field, else its initial default, else NULL. */
#include "exec/exec_deletes.h"
#include "exec/exec_gather.h"
#include "exec/exec_prune.h"

#include "base/rowset.h"
#include "iceberg/iceberg.h"
#include "parquet/parquet.h"

#include <string.h>

struct scan_column {
    struct str name; /* in the table, or in the files */
    struct column_type type;
    int32_t field_id;              /* 0: by name alone */
    struct parquet_column *reader; /* owned; NULL: constant */
    struct column_value constant;  /* when there is no reader */
    struct column_span span;       /* what is left starts at `at` */
    int64_t at;
    uint64_t words[COLUMN_SPAN_WORDS]; /* shifted validity of the slice handed out */
};

struct scan {
    const struct exec_context *c;    /* borrowed */
    const struct query_plan *plan;   /* borrowed: SCAN or FILES */
    size_t next_file, group, groups; /* group: the next one to open */
    size_t expected;                 /* row groups before this one were announced */
    size_t ahead;                    /* at most so many together, the last time */
    size_t announced;                /* files before this one were announced to the store */
    struct store_file *file;         /* owned */
    struct parquet_file *parquet;    /* owned */
    struct codec_work *work;         /* owned; NULL until a row group is opened */
    int64_t rows_left;               /* in the open row group */
    int64_t next_row;                /* its number in the file */
    struct parquet_rows *ranges;     /* in file_arena: rows of the open row group that may match */
    size_t range, range_count;       /* range: the one that next_row is in or in front of */
    bool whole;                      /* there are none: all may */
    int64_t group_row;               /* number in the file of the row group's first row */
    size_t column_count;             /* the plan's, and behind them those that deletes compare */
    struct exec_deletes *deletes;    /* owned; NULL: none apply to any file */
    bool any_deletes;                /* to the open file */
    struct exec_gather gather;       /* with deletes or chosen rows only */
    struct iceberg_mapping mapping;  /* of an Iceberg table, for files without field ids */
    int *file_column;                /* in c->arena: index in this file, -1 = absent */
    struct scan_column *columns;     /* in c->arena */
    struct parquet_column **readers; /* in c->arena: borrowed from columns */
    struct column_span *spans;       /* in c->arena */
    struct arena file_arena;         /* reset for each file */
};

static void close_group(struct scan *s)
{
    for (size_t i = 0; i < s->column_count; i++) {
        parquet_column_close(s->columns[i].reader);
        s->columns[i].reader = NULL;
    }
}

static void close_file(struct scan *s)
{
    close_group(s);
    parquet_close(s->parquet);
    store_close(s->file);
    s->parquet = NULL;
    s->file = NULL;
    if (s->any_deletes)
        exec_deletes_end(s->deletes);
    s->any_deletes = false;
    arena_reset(&s->file_arena);
}

static void scan_close(void *self)
{
    struct scan *s = self;
    close_file(s);
    codec_work_free(s->work);
    exec_deletes_close(s->deletes);
    exec_gather_free(&s->gather);
    arena_free(&s->file_arena);
}

static const struct iceberg_entry *scan_entry(const struct scan *s)
{
    return s->plan->kind == QUERY_PLAN_SCAN ? &s->plan->scan.files->entries[s->next_file - 1]
                                            : NULL;
}

static struct str scan_uri(const struct scan *s)
{
    const struct iceberg_entry *e = scan_entry(s);
    return e ? e->file.path : s->plan->files.uris[s->next_file - 1];
}

static size_t scan_file_count(const struct scan *s)
{
    return s->plan->kind == QUERY_PLAN_SCAN ? s->plan->scan.files->count : s->plan->files.count;
}

/* The value of an identity partition field over the column, else its initial default, else NULL
 * (Iceberg specification, "Column Projection"). */
static void constant_of(const struct scan *s, size_t column, struct column_value *out)
{
    const struct query_plan *p = s->plan;
    const struct scan_column *col = &s->columns[column];
    *out = (struct column_value){.type = col->type, .null = true};
    const struct iceberg_entry *e = scan_entry(s);
    const struct iceberg_field *f =
        e ? iceberg_field_ever(p->scan.table, p->scan.table_schema, col->field_id) : NULL;
    if (f && f->initial.value && column_type_eq(f->initial.value->type, col->type))
        *out = *f->initial.value;
    const struct iceberg_spec *spec = e ? iceberg_spec_by_id(p->scan.table, e->file.spec_id) : NULL;
    for (size_t i = 0; spec && i < spec->count && i < e->file.partition_count; i++)
        if (spec->fields[i].source_id == col->field_id &&
            spec->fields[i].transform.kind == ICEBERG_IDENTITY &&
            column_type_eq(e->file.partition[i].type, out->type))
            *out = e->file.partition[i];
}

#define GROUPS_MOST 256 /* announced together */

/* Metadata columns (specification, "Reserved Field IDs") are in no mapping. */
#define RESERVED_IDS (INT32_MAX - 200)

/* By field id; in a file that has none by the table's name mapping, else by name. -1 = absent. */
static int find_column(const struct scan *s, const struct scan_column *col)
{
    int found = -1;
    if (!s->mapping.exists || col->field_id > RESERVED_IDS || parquet_has_field_ids(s->parquet))
        return parquet_column_find(s->parquet, col->field_id, col->name);
    for (size_t i = 0; i < s->mapping.count && found < 0; i++)
        if (s->mapping.names[i].id == col->field_id)
            found = parquet_column_find(s->parquet, 0, s->mapping.names[i].name);
    return found;
}

static void map_columns(struct scan *s)
{
    for (size_t i = 0; i < s->column_count; i++) {
        const struct scan_column *col = &s->columns[i];
        s->file_column[i] = find_column(s, col);
        if (s->file_column[i] < 0)
            constant_of(s, i, &s->columns[i].constant);
    }
}

/* Announces the files that come next, from the one about to be opened on. */
static status expect_files(struct scan *s, struct error *err)
{
    struct store_next next[STORE_NEXT_MOST];
    size_t n = 0, taken;
    if (s->plan->kind != QUERY_PLAN_SCAN || s->next_file < s->announced)
        return ST_OK;
    for (; n < STORE_NEXT_MOST && s->next_file + n < scan_file_count(s); n++) {
        const struct iceberg_data_file *f = &s->plan->scan.files->entries[s->next_file + n].file;
        next[n] = (struct store_next){f->path, f->bytes};
    }
    TRY(store_expect_files(s->c->store, next, n, &taken, err));
    s->announced = s->next_file + taken;
    return ST_OK;
}

static status open_file(struct scan *s, struct error *err)
{
    const struct iceberg_entry *e;
    TRY(expect_files(s, err));
    s->next_file++;
    e = scan_entry(s);
    if (e && !str_eq_nocase(e->file.format, STR("PARQUET")))
        FAIL(err, ST_UNSUPPORTED, "%.*s: data files of format %.*s are not read",
             STR_ARG(e->file.path), STR_ARG(e->file.format));
    TRY(store_open(s->c->store, scan_uri(s), e ? e->file.bytes : -1, &s->file, err));
    TRY_CONTEXT(parquet_open(s->file, s->c->account, &s->parquet, err), err, "%.*s",
                STR_ARG(scan_uri(s)));
    if (e && parquet_rows(s->parquet) != e->file.records)
        FAIL(err, ST_CORRUPT, "%.*s holds %lld rows, its manifest says %lld", STR_ARG(scan_uri(s)),
             (long long)parquet_rows(s->parquet), (long long)e->file.records);
    if (s->c->counters)
        s->c->counters->files++;
    ENSURE(!e || !e->rows || e->rows->limit == e->file.records, err);
    s->group = s->expected = 0;
    s->groups = parquet_row_groups(s->parquet);
    s->next_row = 0;
    map_columns(s);
    return s->deletes ? exec_deletes_begin(s->deletes, s->next_file - 1, &s->any_deletes, err)
                      : ST_OK;
}

/* ---- row groups ------------------------------------------------------------------------------ */

/* Has the row group, whose first row is the file's `row`, a chosen one? */
static bool group_chosen(const struct scan *s, size_t group, int64_t row)
{
    const struct iceberg_entry *e = scan_entry(s);
    if (!e || !e->rows)
        return true;
    int64_t rows = parquet_group_rows(s->parquet, group);
    int64_t in = rowset_count_range(e->rows, row, rows);
    return e->except ? in < rows : in > 0;
}

static struct exec_prune prune_of(struct scan *s)
{
    return (struct exec_prune){s->plan, scan_entry(s), s->parquet, &s->file_arena, 0};
}

static status group_may_match(struct scan *s, size_t group, int64_t row, bool *out,
                              struct error *err)
{
    const struct exec_prune prune = prune_of(s);
    *out = group_chosen(s, group, row);
    return *out ? exec_prune_group(&prune, group, out, err) : ST_OK;
}

/* Looks closer at a row group that may match: at its Bloom filters, and, where it was not announced with
 * others, at its pages. */
static status narrow_group(struct scan *s, size_t group, bool *out, struct error *err)
{
    struct exec_prune prune = prune_of(s);
    s->whole = true;
    s->range = s->range_count = 0;
    status st = exec_prune_bloom(&prune, group, out, err);
    if (st == ST_OK && *out && group >= s->expected)
        st = exec_prune_rows(&prune, group, s->file_column, s->column_count, &s->whole, &s->ranges,
                             &s->range_count, err);
    *out = *out && (s->whole || s->range_count > 0);
    if (s->c->counters)
        s->c->counters->bytes += prune.bytes;
    return st;
}

static status open_column(struct scan *s, size_t group, size_t i, struct error *err)
{
    const struct query_plan *p = s->plan;
    struct scan_column *col = &s->columns[i];
    size_t column = (size_t)s->file_column[i];
    const struct column_node *nested =
        p->kind == QUERY_PLAN_SCAN && parquet_column_at(s->parquet, column)->nested
            ? iceberg_schema_nested(p->scan.table_schema, col->field_id)
            : NULL;
    if (nested)
        return parquet_column_open_nested(s->parquet, group, column, nested, &col->reader, err);
    return parquet_column_open(s->parquet, group, column, col->type, &col->reader, err);
}

/* Announces the row groups from `group` on that have rows to read, as many as come in one round, but at
 * most twice as many as the last time: a LIMIT may need no more than the first. */
static status expect_groups(struct scan *s, size_t group, struct error *err)
{
    size_t groups[GROUPS_MOST], n = 0;
    int64_t most = store_ahead_bytes(s->file), bytes = 0, row = s->next_row;
    struct error why;
    error_init(&why);
    if (group < s->expected)
        return ST_OK;
    s->ahead = s->ahead == 0 ? 1 : s->ahead < GROUPS_MOST ? s->ahead * 2 : GROUPS_MOST;
    for (s->expected = group; s->expected < s->groups && n < s->ahead; s->expected++) {
        bool wanted = n == 0;
        if (n > 0 && bytes >= most)
            break;
        if (n > 0)
            TRY(group_may_match(s, s->expected, row, &wanted, err));
        row += parquet_group_rows(s->parquet, s->expected);
        if (!wanted)
            continue;
        bytes += parquet_group_ahead(s->parquet, s->expected, s->file_column, s->column_count);
        if (n > 0 && bytes > most)
            break;
        groups[n++] = s->expected;
    }
    status st = parquet_groups_expect(s->parquet, groups, n, s->file_column, s->column_count, &why);
    if (st == ST_LIMIT && n > 1) { /* no memory for all of them */
        s->expected = group + 1;
        return parquet_groups_expect(s->parquet, groups, 1, s->file_column, s->column_count, err);
    }
    if (st != ST_OK && err)
        *err = why;
    return st;
}

static status open_group(struct scan *s, size_t group, struct error *err)
{
    s->rows_left = parquet_group_rows(s->parquet, group);
    s->group_row = s->next_row;
    if (!s->work)
        TRY(codec_work_create(s->c->account, &s->work, err));
    if (s->whole)
        TRY(expect_groups(s, group, err));
    size_t reader_count = 0;
    for (size_t i = 0; i < s->column_count; i++) {
        struct scan_column *col = &s->columns[i];
        col->span = (struct column_span){0};
        col->at = 0;
        if (s->file_column[i] < 0)
            continue;
        TRY(open_column(s, group, i, err));
        parquet_column_work(col->reader, s->work);
        if (!s->whole)
            TRY(parquet_column_limit(col->reader, s->ranges, s->range_count, err));
        if (s->c->counters)
            s->c->counters->bytes += parquet_column_bytes(col->reader);
        s->readers[reader_count++] = col->reader;
    }
    if (s->whole)
        return ST_OK;
    s->expected = group + 1;
    return parquet_columns_expect(s->parquet, s->readers, reader_count, err);
}

/* Stands at a row group with rows, or at the end: *more false. */
static status next_group(struct scan *s, bool *more, struct error *err)
{
    *more = false;
    for (;;) {
        close_group(s);
        while (s->parquet && s->group < s->groups) {
            size_t group = s->group++;
            bool wanted;
            TRY(group_may_match(s, group, s->next_row, &wanted, err));
            if (wanted)
                TRY(narrow_group(s, group, &wanted, err));
            if (!wanted && s->c->counters)
                s->c->counters->row_groups_skipped++;
            if (!wanted || parquet_group_rows(s->parquet, group) == 0) {
                s->next_row += parquet_group_rows(s->parquet, group);
                continue;
            }
            *more = true;
            return open_group(s, group, err);
        }
        close_file(s);
        if (s->next_file >= scan_file_count(s))
            return ST_OK;
        TRY(open_file(s, err));
    }
}

/* ---- batches --------------------------------------------------------------------------------- */

static status fill_column(struct scan *s, size_t i, struct error *err)
{
    struct scan_column *col = &s->columns[i];
    if (col->at < col->span.rows)
        return ST_OK;
    col->at = 0;
    if (!col->reader) {
        col->span = (struct column_span){.kind = SPAN_RUN,
                                         .rows = s->rows_left,
                                         .run_null = col->constant.null,
                                         .values = &col->constant.b};
        return ST_OK;
    }
    TRY_CONTEXT(parquet_column_next(col->reader, s->rows_left, &col->span, err), err, "%.*s",
                STR_ARG(scan_uri(s)));
    if (col->span.rows == 0)
        FAIL(err, ST_CORRUPT, "%.*s: column %.*s ends %lld rows before its row group",
             STR_ARG(scan_uri(s)), STR_ARG(col->name), (long long)s->rows_left);
    return ST_OK;
}

/* The number in the file of the row behind the range that next_row is in. */
static int64_t range_end(const struct scan *s)
{
    return s->group_row + s->ranges[s->range].first + s->ranges[s->range].count;
}

/* The next rows of the open row group, deleted ones included. */
static status read_rows(struct scan *s, struct column_batch *out, struct error *err)
{
    int64_t rows = s->rows_left < COLUMN_SPAN_ROWS ? s->rows_left : COLUMN_SPAN_ROWS;
    if (!s->whole && rows > range_end(s) - s->next_row)
        rows = range_end(s) - s->next_row;
    for (size_t i = 0; i < s->column_count; i++) {
        TRY(fill_column(s, i, err));
        int64_t rest = s->columns[i].span.rows - s->columns[i].at;
        rows = rest < rows ? rest : rows;
    }
    for (size_t i = 0; i < s->column_count; i++) {
        struct scan_column *col = &s->columns[i];
        s->spans[i] =
            column_span_slice(&col->span, column_type_phys(col->type), col->at, rows, col->words);
        col->at += rows;
    }
    s->rows_left -= rows;
    s->next_row += rows;
    *out = (struct column_batch){rows, s->column_count, s->spans};
    if (s->c->counters)
        s->c->counters->rows += rows;
    return ST_OK;
}

/* Passes over rows, which no page is read for that has nothing else. */
static status pass_rows(struct scan *s, int64_t rows, struct error *err)
{
    bool all = rows == s->rows_left;
    s->rows_left -= rows;
    s->next_row += rows;
    for (size_t i = 0; i < s->column_count && !all; i++) {
        struct scan_column *col = &s->columns[i];
        int64_t rest = col->span.rows - col->at, in_span = rest < rows ? rest : rows;
        col->at += in_span;
        if (col->reader)
            TRY_CONTEXT(parquet_column_skip(col->reader, rows - in_span, err), err, "%.*s",
                        STR_ARG(scan_uri(s)));
    }
    return ST_OK;
}

/* The next row from `row` on that a chosen one is at or behind, at most `end`. */
static int64_t next_chosen(const struct scan *s, int64_t row, int64_t end)
{
    const struct iceberg_entry *e = scan_entry(s);
    if (!e || !e->rows || e->except)
        return row;
    int64_t next = rowset_next(e->rows, row);
    return next < 0 || next > end ? end : next;
}

/* Goes to the next row of the open row group that is chosen and may match, or to its end. */
static status pass_unwanted(struct scan *s, struct error *err)
{
    int64_t end = s->next_row + s->rows_left, to = next_chosen(s, s->next_row, end);
    while (!s->whole && to < end) {
        while (s->range < s->range_count &&
               s->group_row + s->ranges[s->range].first + s->ranges[s->range].count <= to)
            s->range++;
        int64_t first = s->range < s->range_count ? s->group_row + s->ranges[s->range].first : end;
        if (first <= to)
            break;
        to = next_chosen(s, first, end);
    }
    return pass_rows(s, to - s->next_row, err);
}

/* Takes rows that are deleted or not chosen out of a batch of the open file; rows 0 when none is
 * left. */
static status take_unwanted(struct scan *s, struct column_batch *batch, struct error *err)
{
    uint64_t words[COLUMN_SPAN_WORDS];
    uint16_t rows[COLUMN_SPAN_ROWS];
    size_t n = (size_t)batch->rows;
    const struct iceberg_entry *e = scan_entry(s);
    if (e && e->rows) {
        rowset_mask(e->rows, s->next_row - batch->rows, batch->rows, words);
        n = exec_gather_list(words, batch->rows, !e->except, rows);
    } else if (s->any_deletes) {
        TRY(exec_deletes_keep(s->deletes, s->next_row - batch->rows, batch, rows, &n, err));
    }
    batch->columns = s->plan->schema.count;
    if (n == 0)
        batch->rows = 0;
    else if ((int64_t)n < batch->rows)
        exec_gather_rows(&s->gather, batch, rows, n, batch);
    return ST_OK;
}

static status scan_next(void *self, struct column_batch *out, struct error *err)
{
    struct scan *s = self;
    do {
        TRY(exec_check_cancel(s->c, err));
        *out = (struct column_batch){0, s->plan->schema.count, s->spans};
        if (s->rows_left == 0) {
            bool more;
            TRY(next_group(s, &more, err));
            if (!more)
                return ST_OK;
        }
        TRY(pass_unwanted(s, err));
        if (s->rows_left == 0)
            continue;
        TRY(read_rows(s, out, err));
        TRY(take_unwanted(s, out, err));
    } while (out->rows == 0);
    if (s->c->units)
        s->c->units->file = s->next_file - 1;
    return ST_OK;
}

static bool any_chosen(const struct query_plan *p)
{
    for (size_t i = 0; p->kind == QUERY_PLAN_SCAN && i < p->scan.files->count; i++)
        if (p->scan.files->entries[i].rows)
            return true;
    return false;
}

static status scan_prepare(struct scan *s, struct error *err)
{
    const struct query_plan *p = s->plan;
    const struct exec_context *c = s->c;
    const struct column_schema none = {0}, *extra = &none;
    if (p->kind == QUERY_PLAN_SCAN) {
        TRY(iceberg_mapping_of(p->scan.table, c->arena, &s->mapping, err));
        TRY(exec_deletes_open(p, c, &s->deletes, err));
    }
    if (s->deletes)
        extra = exec_deletes_columns(s->deletes);
    if (s->deletes || any_chosen(p))
        TRY(exec_gather_init(&s->gather, &p->schema, c, err));
    s->column_count = p->schema.count + extra->count;
    TRY(ARENA_ARRAY(c->arena, int, s->column_count, &s->file_column, err));
    TRY(ARENA_ARRAY(c->arena, struct scan_column, s->column_count, &s->columns, err));
    TRY(ARENA_ARRAY(c->arena, struct column_span, s->column_count, &s->spans, err));
    TRY(ARENA_ARRAY(c->arena, struct parquet_column *, s->column_count, &s->readers, err));
    for (size_t i = 0; i < s->column_count; i++) {
        struct scan_column *col = &s->columns[i];
        bool own = i < p->schema.count;
        const struct column_field *f =
            own ? &p->schema.fields[i] : &extra->fields[i - p->schema.count];
        col->type = f->type;
        col->name = own && p->kind == QUERY_PLAN_FILES ? p->files.column_names[i] : f->name;
        col->field_id = p->kind == QUERY_PLAN_FILES ? 0 : own ? p->scan.field_ids[i] : f->field_id;
    }
    return ST_OK;
}

static status scan_open(struct query_plan *p, const struct exec_context *c,
                        struct column_stream *out, struct error *err)
{
    struct scan *s;
    TRY(ARENA_NEW(c->arena, struct scan, &s, err));
    *s = (struct scan){.c = c, .plan = p};
    arena_init(&s->file_arena, c->account);
    status st = scan_prepare(s, err);
    if (st != ST_OK) {
        s->column_count = 0; /* its columns may not be there */
        scan_close(s);
        return st;
    }
    *out = (struct column_stream){&p->schema, s, scan_next, scan_close};
    return ST_OK;
}

status exec_scan_open(struct query_plan *p, const struct exec_context *c, struct column_stream *out,
                      struct error *err)
{
    if (c->counters)
        c->counters->files_skipped += p->scan.files->files_skipped;
    return scan_open(p, c, out, err);
}

status exec_parquet_open(struct query_plan *p, const struct exec_context *c,
                         struct column_stream *out, struct error *err)
{
    return scan_open(p, c, out, err);
}
