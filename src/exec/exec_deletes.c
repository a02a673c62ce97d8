// SPDX-License-Identifier: Apache-2.0
/* exec_deletes.c - reads delete files and says which rows they leave (Iceberg specification,
 * "Delete Formats").
 *
 *     deletion vector:      row numbers of one data file, in a Puffin file (iceberg_vector.c)
 *     position delete file: rows { file_path, pos }, sorted, of one data file or of many
 *     equality delete file: rows of some columns of the table
 *
 * The latter two are read by a scan of their own, with a plan made here, so that columns go by field id and
 * promoted types are read as the table has them now. Members of structs are columns like others.
 *
 * D1  a position delete file speaks only to data files whose entry lists it: rows for others, and
 *     for files that are as old but stand elsewhere, are passed over
 * D2  equality deletes compare by field id: a column that the table has dropped since is read under
 *     the last name and type it had
 * D3  a NULL of a struct's member is no key: by the specification it would be that of a NULL struct,
 *     too, by Iceberg's own readers it is not */
#include "exec/exec_deletes.h"

#include "base/rowset.h"
#include "exec/exec_gather.h"
#include "exec/exec_keyset.h"
#include "iceberg/iceberg.h"

#include <stdlib.h>
#include <string.h>

/* Metadata columns of position delete files (specification, "Reserved Field IDs"). */
#define FILE_PATH_ID 2147483546
#define POS_ID       2147483545

/* A data file of the scan with position deletes. */
struct target {
    const struct iceberg_entry *entry; /* borrowed from the plan */
    struct rowset rows;                /* of those delete files that have been read */
};

/* Equality deletes of one scope. */
struct scope {
    bool loaded;
    const struct iceberg_data_file *example; /* borrowed: its equality_ids are the scope's */
    size_t *columns;                         /* in c->arena: where each id stands in a batch */
    bool *member;                            /* in c->arena: each id is of a struct's member (D3) */
    struct exec_keyset_column *key; /* in c->arena: the same columns, of the batch at hand */
    struct exec_keyset keys;
};

struct exec_deletes {
    const struct exec_context *c;  /* borrowed */
    const struct query_plan *plan; /* borrowed */
    struct column_schema extra;    /* in c->arena */
    size_t target_count;           /* sorted by path */
    struct target *targets;        /* in c->arena */
    size_t position_count;         /* sorted by address */
    struct position_file {
        const struct iceberg_delete *file; /* borrowed */
        bool loaded;
    } * positions;                     /* in c->arena */
    size_t scope_count;                /* those of the scan that apply to some file */
    struct scope *scopes;              /* in c->arena, by number */
    const struct iceberg_entry *entry; /* the data file begun */
    struct target *target;             /* its, or NULL */
};

/* ---- preparation ----------------------------------------------------------------------------- */

static bool is_equality(const struct iceberg_delete *d)
{
    return d->entry.file.content == ICEBERG_EQUALITY_DELETES;
}

/* Delete files are not looked at where the rows are chosen. */
static size_t delete_count(const struct iceberg_entry *e)
{
    return e->rows ? 0 : e->delete_count;
}

static bool has_positions(const struct iceberg_entry *e)
{
    return delete_count(e) > 0 && !is_equality(e->deletes[0]); /* positions stand first */
}

static int target_order(const void *a, const void *b)
{
    const struct target *x = a, *y = b;
    int c = str_cmp(x->entry->file.path, y->entry->file.path);
    return c ? c : (x->entry > y->entry) - (x->entry < y->entry);
}

static int position_order(const void *a, const void *b)
{
    const struct position_file *x = a, *y = b;
    return (x->file > y->file) - (x->file < y->file);
}

static status list_targets(struct exec_deletes *d, struct error *err)
{
    const struct iceberg_scan *files = d->plan->scan.files;
    for (size_t i = 0; i < files->count; i++)
        d->target_count += has_positions(&files->entries[i]);
    TRY(ARENA_ARRAY(d->c->arena, struct target, d->target_count, &d->targets, err));
    for (size_t i = 0, n = 0; i < files->count; i++)
        if (has_positions(&files->entries[i]))
            d->targets[n++].entry = &files->entries[i];
    if (d->target_count > 1)
        qsort(d->targets, d->target_count, sizeof(*d->targets), target_order);
    TRY(ARENA_ARRAY(d->c->arena, struct position_file, files->delete_count, &d->positions, err));
    for (size_t i = 0; i < files->delete_count; i++)
        if (!is_equality(files->deletes[i]))
            d->positions[d->position_count++].file = files->deletes[i];
    if (d->position_count > 1)
        qsort(d->positions, d->position_count, sizeof(*d->positions), position_order);
    return ST_OK;
}

/* D2: where the column `id` stands in a batch; it becomes an extra column when the scan has it not.
 */
static status find_column(struct exec_deletes *d, int32_t id, size_t *out, struct error *err)
{
    const struct query_plan *p = d->plan;
    const struct column_field *f;
    size_t own = p->schema.count, capacity = d->extra.count;
    TRY(iceberg_column_ever(p->scan.table, p->scan.table_schema, id, d->c->arena, &f, err));
    if (!f)
        FAIL(err, ST_UNSUPPORTED,
             "table %.*s: equality deletes on field %d, which is no column of a type that is read",
             STR_ARG(p->scan.name), id);
    for (size_t i = 0; i < own; i++)
        if (p->scan.field_ids[i] == id) {
            *out = i;
            return ST_OK;
        }
    for (size_t i = 0; i < d->extra.count; i++)
        if (d->extra.fields[i].field_id == id) {
            *out = own + i;
            return ST_OK;
        }
    TRY(arena_grow(d->c->arena, (void **)&d->extra.fields, sizeof(*d->extra.fields), &capacity,
                   d->extra.count + 1, err));
    *out = own + d->extra.count;
    d->extra.fields[d->extra.count++] =
        (struct column_field){.name = f->name, .type = f->type, .field_id = id};
    return ST_OK;
}

static struct column_field *column_at(const struct exec_deletes *d, size_t column)
{
    size_t own = d->plan->schema.count;
    return column < own ? &d->plan->schema.fields[column] : &d->extra.fields[column - own];
}

static status add_scope(struct exec_deletes *d, const struct iceberg_delete *x, struct error *err)
{
    struct scope *s = &d->scopes[x->scope];
    const struct iceberg_data_file *f = &x->entry.file;
    if (s->example)
        return ST_OK;
    TRY(ARENA_ARRAY(d->c->arena, size_t, f->equality_id_count, &s->columns, err));
    TRY(ARENA_ARRAY(d->c->arena, bool, f->equality_id_count, &s->member, err));
    TRY(ARENA_ARRAY(d->c->arena, struct exec_keyset_column, f->equality_id_count, &s->key, err));
    for (size_t i = 0; i < f->equality_id_count; i++) {
        TRY(find_column(d, f->equality_ids[i], &s->columns[i], err));
        s->key[i].phys = column_type_phys(column_at(d, s->columns[i])->type);
        s->member[i] = !iceberg_field_ever(d->plan->scan.table, d->plan->scan.table_schema,
                                           f->equality_ids[i]);
    }
    s->example = f;
    exec_keyset_init(&s->keys, d->c->account);
    return ST_OK;
}

static status list_scopes(struct exec_deletes *d, struct error *err)
{
    const struct iceberg_scan *files = d->plan->scan.files;
    d->scope_count = files->scope_count;
    TRY(ARENA_ARRAY(d->c->arena, struct scope, d->scope_count, &d->scopes, err));
    for (size_t i = 0; i < files->count; i++)
        for (size_t k = 0; k < delete_count(&files->entries[i]); k++)
            if (is_equality(files->entries[i].deletes[k]))
                TRY(add_scope(d, files->entries[i].deletes[k], err));
    return ST_OK;
}

status exec_deletes_open(const struct query_plan *scan, const struct exec_context *c,
                         struct exec_deletes **out, struct error *err)
{
    const struct iceberg_scan *files = scan->scan.files;
    bool any = false;
    *out = NULL;
    for (size_t i = 0; i < files->count; i++)
        any |= delete_count(&files->entries[i]) > 0;
    if (!any)
        return ST_OK;
    TRY(ARENA_NEW(c->arena, struct exec_deletes, out, err));
    (*out)->c = c;
    (*out)->plan = scan;
    TRY(list_targets(*out, err));
    return list_scopes(*out, err);
}

void exec_deletes_close(struct exec_deletes *d)
{
    for (size_t i = 0; d && i < d->target_count; i++)
        rowset_free(&d->targets[i].rows);
    for (size_t i = 0; d && i < d->scope_count; i++)
        if (d->scopes[i].example)
            exec_keyset_free(&d->scopes[i].keys);
}

const struct column_schema *exec_deletes_columns(const struct exec_deletes *d)
{
    return &d->extra;
}

/* ---- reading a delete file ------------------------------------------------------------------- */

/* What is done with each batch of a delete file. */
struct sink {
    struct exec_deletes *d;
    const struct iceberg_delete *file;
    struct scope *scope; /* equality deletes */
    /* position deletes: the last path met and the targets [from, to) that it names */
    struct str path;
    size_t from, to;
};

/* Scans one delete file. The scan's memory ends with it. */
static status read_file(struct sink *sink, const struct column_schema *columns,
                        const struct iceberg_schema *schema,
                        status (*take)(struct sink *, const struct column_batch *, struct error *),
                        struct error *err)
{
    struct exec_deletes *d = sink->d;
    struct arena arena;
    struct exec_counters counters = {0};
    struct exec_context c = *d->c;
    struct iceberg_scan files = {.count = 1, .entries = (struct iceberg_entry *)&sink->file->entry};
    struct query_plan p = {.kind = QUERY_PLAN_SCAN, .schema = *columns};
    struct column_stream rows = {0};
    struct column_batch batch;
    arena_init(&arena, d->c->account);
    c.arena = &arena;
    c.counters = &counters;
    p.scan.name = d->plan->scan.name;
    p.scan.table = d->plan->scan.table;
    p.scan.table_schema = schema;
    p.scan.files = &files;
    status st = ST_OK;
    TRY_DONE(ARENA_ARRAY(&arena, int32_t, columns->count, &p.scan.field_ids, err));
    for (size_t i = 0; i < columns->count; i++)
        p.scan.field_ids[i] = columns->fields[i].field_id;
    TRY_DONE(exec_scan_open(&p, &c, &rows, err));
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0)
        TRY_DONE(take(sink, &batch, err));
    if (st == ST_OK && d->c->counters) {
        d->c->counters->files += counters.files;
        d->c->counters->bytes += counters.bytes;
    }
done:
    if (rows.close)
        rows.close(rows.self);
    arena_free(&arena);
    if (st != ST_OK)
        error_context(err, "delete file %.*s", STR_ARG(sink->file->entry.file.path));
    return st;
}

/* ---- position deletes ------------------------------------------------------------------------ */

/* Sets sink->from and to; `path` is often the one of the row before. */
static void find_targets(struct sink *sink, struct str path)
{
    const struct exec_deletes *d = sink->d;
    size_t low = 0, high = d->target_count;
    if (sink->path.ptr && str_eq(path, sink->path))
        return;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(d->targets[middle].entry->file.path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    sink->from = sink->to = low;
    while (sink->to < d->target_count && str_eq(d->targets[sink->to].entry->file.path, path))
        sink->to++;
    sink->path = sink->from < sink->to ? d->targets[sink->from].entry->file.path
                                       : (struct str){0}; /* the batch's text does not last */
}

/* D1 */
static bool lists(const struct iceberg_entry *data, const struct iceberg_delete *file)
{
    for (size_t i = 0; i < data->delete_count; i++)
        if (data->deletes[i] == file)
            return true;
    return false;
}

static status take_positions(struct sink *sink, const struct column_batch *batch, struct error *err)
{
    struct exec_deletes *d = sink->d;
    for (int64_t i = 0; i < batch->rows; i++) {
        struct column_value path, pos;
        column_span_value(&batch->spans[0], column_type_of(COLUMN_TEXT), i, &path);
        column_span_value(&batch->spans[1], column_type_of(COLUMN_BIGINT), i, &pos);
        if (path.null || pos.null || pos.i64 < 0)
            FAIL(err, ST_CORRUPT, "a position delete without file_path, or whose pos is %lld",
                 pos.null ? -1 : (long long)pos.i64);
        find_targets(sink, path.str);
        for (size_t k = sink->from; k < sink->to; k++) {
            struct target *t = &d->targets[k];
            if (!lists(t->entry, sink->file))
                continue;
            if (!t->rows.chunks)
                TRY(rowset_init(&t->rows, t->entry->file.records, d->c->account, err));
            TRY(rowset_add(&t->rows, pos.i64, err));
        }
    }
    return ST_OK;
}

/* A deletion vector: of the data file begun, and of no other. */
static status load_vector(struct exec_deletes *d, const struct iceberg_delete *file,
                          struct error *err)
{
    struct target *t = d->target;
    TRY(rowset_init(&t->rows, t->entry->file.records, d->c->account, err));
    TRY(iceberg_vector_read(d->c->store, &file->entry.file, d->c->account, &t->rows, err));
    if (d->c->counters)
        d->c->counters->bytes += file->entry.file.content_bytes;
    return ST_OK;
}

static status load_positions(struct exec_deletes *d, const struct iceberg_delete *file,
                             struct error *err)
{
    struct column_field columns[] = {
        {.name = STR("file_path"), .type = {.kind = COLUMN_TEXT}, .field_id = FILE_PATH_ID},
        {.name = STR("pos"), .type = {.kind = COLUMN_BIGINT}, .field_id = POS_ID},
    };
    struct iceberg_field fields[] = {
        {.id = FILE_PATH_ID, .name = columns[0].name, .type = columns[0].type},
        {.id = POS_ID, .name = columns[1].name, .type = columns[1].type},
    };
    struct column_schema schema = {ARRAY_LEN(columns), columns};
    struct iceberg_schema table_schema = {.count = ARRAY_LEN(fields), .fields = fields};
    struct sink sink = {.d = d, .file = file};
    struct position_file key = {.file = file};
    struct position_file *state =
        bsearch(&key, d->positions, d->position_count, sizeof(key), position_order);
    ENSURE(state != NULL, err);
    if (state->loaded)
        return ST_OK;
    state->loaded = true;
    return read_file(&sink, &schema, &table_schema, take_positions, err);
}

/* ---- equality deletes ------------------------------------------------------------------------ */

static status take_keys(struct sink *sink, const struct column_batch *batch, struct error *err)
{
    struct scope *s = sink->scope;
    for (size_t i = 0; i < batch->columns; i++) {
        s->key[i].span = &batch->spans[i];
        for (int64_t row = 0; s->member[i] && row < batch->rows; row++)
            if (column_span_null(&batch->spans[i], row)) /* D3 */
                FAIL(err, ST_UNSUPPORTED,
                     "equality deletes with a NULL in %.*s, which readers understand differently",
                     STR_ARG(column_at(sink->d, s->columns[i])->name));
    }
    return exec_keyset_add(&s->keys, s->key, batch->columns, batch->rows,
                           sink->file->entry.sequence_number, err);
}

/* Every delete file of the scope: those that apply to one data file alone would have to be read for
 * the next. */
static status load_scope(struct exec_deletes *d, size_t number, struct error *err)
{
    struct scope *s = &d->scopes[number];
    const struct iceberg_scan *files = d->plan->scan.files;
    struct column_schema schema = {.count = s->example->equality_id_count};
    if (s->loaded)
        return ST_OK;
    s->loaded = true;
    TRY(ARENA_ARRAY(d->c->arena, struct column_field, schema.count, &schema.fields, err));
    for (size_t i = 0; i < schema.count; i++) {
        schema.fields[i] = *column_at(d, s->columns[i]);
        schema.fields[i].field_id = s->example->equality_ids[i];
    }
    for (size_t i = 0; i < files->delete_count; i++) {
        struct sink sink = {.d = d, .file = files->deletes[i], .scope = s};
        if (is_equality(sink.file) && sink.file->scope == number)
            TRY(read_file(&sink, &schema, d->plan->scan.table_schema, take_keys, err));
    }
    return ST_OK;
}

/* ---- a data file ----------------------------------------------------------------------------- */

status exec_deletes_begin(struct exec_deletes *d, size_t file, bool *any, struct error *err)
{
    const struct iceberg_entry *e = &d->plan->scan.files->entries[file];
    struct target key = {.entry = e};
    d->entry = e;
    d->target = NULL;
    *any = delete_count(e) > 0;
    if (has_positions(e)) {
        d->target = bsearch(&key, d->targets, d->target_count, sizeof(key), target_order);
        ENSURE(d->target != NULL, err);
    }
    for (size_t i = 0; i < delete_count(e); i++) {
        const struct iceberg_delete *x = e->deletes[i];
        TRY(is_equality(x)                    ? load_scope(d, x->scope, err)
            : x->entry.file.content_bytes > 0 ? load_vector(d, x, err)
                                              : load_positions(d, x, err));
    }
    return ST_OK;
}

void exec_deletes_end(struct exec_deletes *d)
{
    if (d->target)
        rowset_free(&d->target->rows);
    d->target = NULL;
}

/* Each scope once: the entry's deletes of one scope stand together. */
static status mark_equal(struct exec_deletes *d, const struct column_batch *batch, uint64_t *marks,
                         struct error *err)
{
    const struct iceberg_entry *e = d->entry;
    for (size_t i = 0; i < e->delete_count; i++) {
        const struct iceberg_delete *x = e->deletes[i];
        if (!is_equality(x) ||
            (i > 0 && is_equality(e->deletes[i - 1]) && e->deletes[i - 1]->scope == x->scope))
            continue;
        struct scope *s = &d->scopes[x->scope];
        for (size_t k = 0; k < s->example->equality_id_count; k++)
            s->key[k].span = &batch->spans[s->columns[k]];
        TRY(exec_keyset_mark(&s->keys, s->key, s->example->equality_id_count, batch->rows,
                             e->sequence_number, marks, err));
    }
    return ST_OK;
}

/* Sets the bits of the rows of `batch`, which begins at row `first` of the file, that are deleted. */
static status mark_deleted(struct exec_deletes *d, int64_t first, const struct column_batch *batch,
                           uint64_t gone[COLUMN_SPAN_WORDS], struct error *err)
{
    memset(gone, 0, COLUMN_SPAN_WORDS * sizeof(*gone));
    if (d->target && d->target->rows.count > 0)
        rowset_mask(&d->target->rows, first, batch->rows, gone);
    return mark_equal(d, batch, gone, err);
}

status exec_deletes_keep(struct exec_deletes *d, int64_t first, const struct column_batch *batch,
                         uint16_t *rows, size_t *count, struct error *err)
{
    uint64_t gone[COLUMN_SPAN_WORDS];
    TRY(mark_deleted(d, first, batch, gone, err));
    *count = exec_gather_list(gone, batch->rows, false, rows);
    return ST_OK;
}

/* ---- the deleted rows of one file as a set ----------------------------------------------------- */

static status add_deleted(struct exec_deletes *d, int64_t first, const struct column_batch *batch,
                          struct rowset *out, struct error *err)
{
    uint64_t gone[COLUMN_SPAN_WORDS];
    uint16_t rows[COLUMN_SPAN_ROWS];
    TRY(mark_deleted(d, first, batch, gone, err));
    size_t n = exec_gather_list(gone, batch->rows, true, rows);
    for (size_t i = 0; i < n; i++)
        TRY(rowset_add(out, first + rows[i], err));
    return ST_OK;
}

/* The whole file's columns that equality deletes compare. */
static status add_all_deleted(struct exec_deletes *d, struct rowset *out, struct error *err)
{
    struct query_plan p = *d->plan;
    struct iceberg_entry plain = *d->entry;
    struct iceberg_scan one = {.count = 1, .entries = &plain};
    struct column_stream rows;
    struct column_batch batch;
    int64_t first = 0;
    plain.delete_count = 0;
    p.schema = d->extra;
    p.scan.files = &one;
    TRY(ARENA_ARRAY(d->c->arena, int32_t, d->extra.count, &p.scan.field_ids, err));
    for (size_t i = 0; i < d->extra.count; i++)
        p.scan.field_ids[i] = d->extra.fields[i].field_id;
    TRY(exec_scan_open(&p, d->c, &rows, err));
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0) {
        TRY_DONE(add_deleted(d, first, &batch, out, err));
        first += batch.rows;
    }
done:
    rows.close(rows.self);
    return st;
}

static status deleted_rows(struct exec_deletes *d, struct rowset *out, struct error *err)
{
    bool any;
    TRY(exec_deletes_begin(d, 0, &any, err));
    if (d->extra.count > 0)
        return add_all_deleted(d, out, err);
    for (int64_t first = 0; first < out->limit; first += COLUMN_SPAN_ROWS) {
        int64_t left = out->limit - first;
        struct column_batch batch = {.rows = left < COLUMN_SPAN_ROWS ? left : COLUMN_SPAN_ROWS};
        TRY(add_deleted(d, first, &batch, out, err));
    }
    return ST_OK;
}

status exec_deleted_rows(const struct query_plan *scan, size_t file, const struct exec_context *c,
                         struct rowset *out, struct error *err)
{
    struct iceberg_entry entry = scan->scan.files->entries[file];
    struct iceberg_scan one = *scan->scan.files;
    struct query_plan p = *scan;
    struct exec_context own = *c;
    struct exec_deletes *d = NULL;
    struct arena arena;
    ENSURE(out->limit == entry.file.records, err);
    entry.rows = NULL; /* what is chosen of it does not matter here */
    one.count = 1;
    one.entries = &entry;
    one.files_skipped = 0;
    p.schema.count = 0; /* then all columns that are compared are d->extra */
    p.scan.files = &one;
    p.scan.pred = NULL;
    arena_init(&arena, c->account);
    own.arena = &arena;
    status st = exec_deletes_open(&p, &own, &d, err);
    if (st == ST_OK && d)
        st = deleted_rows(d, out, err);
    exec_deletes_close(d);
    arena_free(&arena);
    return st;
}
