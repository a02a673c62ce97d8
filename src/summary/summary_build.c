// SPDX-License-Identifier: Apache-2.0
/* summary_build.c - all rows anew, and what full and delta share: files to covered files, units,
 * parts. */
#include "summary/summary_build_int.h"

#include "base/bytes.h"

#define TAKEN_BYTES ((size_t)64 << 20)

/* ---- covered files --------------------------------------------------------------------------- */

static status put_taken(const struct rowset *rows, struct arena *arena, struct str *out,
                        struct error *err)
{
    struct buffer b;
    buffer_init(&b, arena->account, TAKEN_BYTES);
    status st = rowset_put(rows, &b, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&b), out, err);
    buffer_free(&b);
    return st;
}

status summary_cover_entry(struct summary_build *b, size_t entry, int64_t unit,
                           struct summary_file *out, struct rowset *taken, struct error *err)
{
    const struct query_plan *scan = summary_scan_of(b->plan);
    const struct iceberg_entry *e = &scan->scan.files->entries[entry];
    *out = (struct summary_file){
        .bytes = e->file.bytes,
        .records = e->file.records,
        .sequence = e->sequence_number,
        .spec_id = e->file.spec_id,
        .unit = unit,
    };
    TRY(arena_str(b->arena, e->file.path, &out->path, err));
    TRY(summary_partition_put(&e->file, b->arena, &out->partition, err));
    TRY(summary_deletes_id(e, b->arena, &out->deletes, err));
    if (e->delete_count == 0)
        return ST_OK;
    TRY(rowset_init(taken, e->file.records, b->exec->account, err));
    status st = exec_deleted_rows(scan, entry, b->exec, taken, err);
    if (st == ST_OK && taken->count > 0)
        st = put_taken(taken, b->arena, &out->taken, err);
    if (st != ST_OK)
        rowset_free(taken);
    return st;
}

status summary_taken_parse(const struct summary_file *c, struct mem_account *account,
                           struct rowset *out, struct error *err)
{
    struct bytes in = bytes_of(c->taken.ptr, c->taken.len);
    int64_t named = 0;
    TRY(rowset_init(out, c->records, account, err));
    status st = c->taken.len ? rowset_parse(&in, out, &named, err) : ST_OK;
    if (st == ST_OK && (named != out->count || bytes_left(&in) > 0))
        st = error_set(err, ST_CORRUPT, __FILE__, __LINE__,
                       "rows taken from it by deletes: not all of them are rows of the file");
    if (st != ST_OK) {
        error_context(err, "covered file %.*s", STR_ARG(c->path));
        rowset_free(out);
    }
    return st;
}

status summary_source_entry(struct summary_build *b, struct summary_source *s, size_t entry,
                            int64_t unit, struct summary_file *out, struct error *err)
{
    const struct iceberg_data_file *f = &summary_scan_of(b->plan)->scan.files->entries[entry].file;
    struct rowset taken = {0};
    TRY(summary_cover_entry(b, entry, unit, out, &taken, err));
    status st = summary_source_add(s, f, unit, taken.count > 0 ? &taken : NULL, true, err);
    rowset_free(&taken);
    return st;
}

/* ---- parts ----------------------------------------------------------------------------------- */

status summary_write_parts(struct summary_build *b, struct query_plan *plan,
                           struct exec_units *units, struct error *err)
{
    struct summary_digest_files digests = {
        .aggregate = b->aggregate, .states = b->merge->merge.args, .arena = b->arena};
    struct iceberg_data_file *files;
    struct summary_cover *a = &b->after;
    size_t count;
    TRY(b->ops->write(b->ops->self, plan, b->keys, b->key_count, b->d->column_count, b->hidden,
                      units, &digests, &files, &count, err));
    ENSURE(digests.count == count, err);
    TRY(arena_grow(b->arena, (void **)&a->parts, sizeof(*a->parts), &b->part_capacity,
                   a->part_count + count, err));
    TRY(arena_grow(b->arena, (void **)&b->files, sizeof(*files), &b->file_capacity,
                   b->file_count + count, err));
    for (size_t i = 0; i < count; i++) {
        b->files[b->file_count++] = files[i];
        a->parts[a->part_count++] = (struct summary_part){.path = files[i].path,
                                                          .digest = digests.files[i].digest,
                                                          .first = digests.files[i].first,
                                                          .last = digests.files[i].last,
                                                          .totals = digests.files[i].totals};
    }
    return ST_OK;
}

/* ---- all anew -------------------------------------------------------------------------------- */

static status full_source(struct summary_build *b, struct summary_source *s, struct error *err)
{
    const struct iceberg_scan *target = summary_scan_of(b->plan)->scan.files;
    TRY(ARENA_ARRAY(b->arena, struct summary_file, target->count + 1, &b->after.covered, err));
    for (size_t i = 0; i < target->count; i++)
        TRY(summary_source_entry(b, s, i, (int64_t)i + 1,
                                 &b->after.covered[b->after.covered_count++], err));
    return ST_OK;
}

static status full_units(struct summary_build *b, const struct summary_source *s, struct error *err)
{
    TRY(ARENA_ARRAY(b->arena, struct summary_unit, s->scan.count + 1, &b->after.units, err));
    ENSURE(s->found.count == s->scan.count, err);
    for (size_t i = 0; i < s->scan.count; i++)
        TRY(summary_unit_of(&s->found.units[i], s->unit[i], b->key_count, b->arena,
                            &b->after.units[b->after.unit_count++], err));
    return ST_OK;
}

static status full_from(struct summary_build *b, struct summary_source *s, struct error *err)
{
    struct query_plan *plan;
    TRY(full_source(b, s, err));
    TRY(summary_plan_over(b->extended, &s->scan, b->arena, &plan, err));
    TRY(summary_write_parts(b, plan, &s->found, err));
    b->raw_files += (int64_t)s->scan.count;
    b->raw_bytes += s->scan.bytes;
    return full_units(b, s, err);
}

status summary_build_full(struct summary_build *b, struct error *err)
{
    struct summary_source s;
    summary_source_init(&s, b->arena);
    status st = full_from(b, &s, err);
    summary_source_free(&s);
    summary_cover_sort(&b->after);
    return st;
}
