// SPDX-License-Identifier: Apache-2.0
/* summary_lineage.c - compactions between what is covered and the target: files that say they hold
 * the rows of others take their place in the cover, unread.
 *
 *     covered ... P -- replace --> S ... target      by parent ids, all of them known
 *
 *     went (in P, not in S)  covered, under the same deletes as then  \  equally many visible rows:
 *     came (in S, not in P)  no deletes apply                         /  one unit of all their units
 *
 * A snapshot's operation "replace" says that no row was changed (table spec, Snapshots); counts make
 * the claim plausible, and verify is the judge. Rows stay in their partition, so where the counts of
 * every partition agree each gets a unit of its own, whose key range stays narrow.
 *
 * L1  a unit's files go together or not at all: what one of them gave is not known
 * L2  what does not meet all of this is left to be found as a change like any other */
#include "summary/summary_build_int.h"
#include "summary/summary_refresh_int.h"
#include "summary/summary_verify.h"

#include <stdlib.h>

/* A file that went or came in one replace. */
struct moved {
    int32_t spec_id; /* rows are counted apart for each partition */
    struct str partition;
    bool came;
    size_t at;    /* entry of S, or covered file */
    int64_t rows; /* visible */
};

struct replace {
    struct refreshing *r;        /* borrowed */
    struct summary_build b;      /* what adding up units needs */
    struct summary_cover *cover; /* borrowed: takes the change */
    struct iceberg_scan before, after;
    size_t count, went;
    struct moved *moved; /* sorted by partition */
    size_t *files_of;    /* one a unit: covered files of it that have not gone */
};

/* ---- what went and what came ------------------------------------------------------------------- */

static int cmp_entry(const void *a, const void *b)
{
    const struct iceberg_entry *const *x = a, *const *y = b;
    return str_cmp((*x)->file.path, (*y)->file.path);
}

static status sort_entries(const struct iceberg_scan *s, struct arena *arena,
                           const struct iceberg_entry ***out, struct error *err)
{
    TRY(ARENA_ARRAY(arena, const struct iceberg_entry *, s->count + 1, out, err));
    for (size_t i = 0; i < s->count; i++)
        (*out)[i] = &s->entries[i];
    if (s->count > 1)
        qsort(*out, s->count, sizeof(**out), cmp_entry);
    return ST_OK;
}

/* How often a path is covered; *at: the first of them. */
static size_t find_covered(const struct summary_cover *c, struct str path, size_t *at)
{
    size_t low = 0, high = c->covered_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(c->covered[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (*at = low; low < c->covered_count && str_eq(c->covered[low].path, path);)
        low++;
    return low - *at;
}

static int cmp_group(const struct moved *a, const struct moved *b)
{
    int c = (a->spec_id > b->spec_id) - (a->spec_id < b->spec_id);
    return c ? c : str_cmp(a->partition, b->partition);
}

/* *fits: its covered rows are those that P shows of it. */
static status add_went(struct replace *x, const struct iceberg_entry *e, bool *fits,
                       struct error *err)
{
    struct moved *m = &x->moved[x->count];
    struct rowset taken;
    struct str deletes;
    *m = (struct moved){0};
    *fits = false;
    if (find_covered(x->cover, e->file.path, &m->at) != 1)
        return ST_OK;
    if (x->count > 0 && !m[-1].came && m[-1].at == m->at) /* P has it twice */
        return ST_OK;
    const struct summary_file *c = &x->cover->covered[m->at];
    TRY(summary_deletes_id(e, x->r->arena, &deletes, err));
    if (!str_eq(deletes, c->deletes) || c->bytes != e->file.bytes || c->records != e->file.records)
        return ST_OK;
    TRY(summary_taken_parse(c, x->r->exec->account, &taken, err));
    m->rows = c->records - taken.count;
    rowset_free(&taken);
    *fits = true;
    x->count++;
    x->went++;
    m->spec_id = c->spec_id;
    m->partition = c->partition;
    return ST_OK;
}

static status add_came(struct replace *x, const struct iceberg_entry *e, bool *fits,
                       struct error *err)
{
    struct moved *m = &x->moved[x->count];
    *fits = e->delete_count == 0 && find_covered(x->cover, e->file.path, &m->at) == 0;
    if (!*fits)
        return ST_OK;
    *m = (struct moved){.came = true,
                        .at = (size_t)(e - x->after.entries),
                        .rows = e->file.records,
                        .spec_id = e->file.spec_id};
    x->count++;
    return summary_partition_put(&e->file, x->r->arena, &m->partition, err);
}

static status find_moved(struct replace *x, bool *fits, struct error *err)
{
    const struct iceberg_entry **p, **s;
    size_t i = 0, j = 0, most = x->before.count + x->after.count;
    TRY(sort_entries(&x->before, x->r->arena, &p, err));
    TRY(sort_entries(&x->after, x->r->arena, &s, err));
    TRY(ARENA_ARRAY(x->r->arena, struct moved, most + 1, &x->moved, err));
    *fits = true;
    while (*fits && (i < x->before.count || j < x->after.count)) {
        int order = i == x->before.count ? 1 : j == x->after.count ? -1 : cmp_entry(&p[i], &s[j]);
        if (order < 0)
            TRY(add_went(x, p[i], fits, err));
        else if (order > 0)
            TRY(add_came(x, s[j], fits, err));
        i += order <= 0;
        j += order >= 0;
    }
    *fits = *fits && x->went > 0 && x->went < x->count;
    return ST_OK;
}

/* ---- is it plausible? -------------------------------------------------------------------------- */

static int cmp_moved(const void *a, const void *b)
{
    const struct moved *x = a, *y = b;
    int c = cmp_group(x, y);
    if (c == 0)
        c = (x->came > y->came) - (x->came < y->came);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

static size_t group_end(const struct replace *x, size_t from)
{
    size_t to = from;
    while (to < x->count && cmp_group(&x->moved[to], &x->moved[from]) == 0)
        to++;
    return to;
}

/* C2: there is one. */
static size_t unit_at(const struct summary_cover *c, int64_t id)
{
    return (size_t)(summary_unit_by_id(c, id) - c->units);
}

/* Equally many rows, and all of the units that went (L1). Takes their files out of files_of. */
static bool group_agrees(struct replace *x, size_t from, size_t to)
{
    const struct summary_cover *c = x->cover;
    int64_t rows = 0;
    bool whole = true;
    for (size_t i = from; i < to; i++) {
        const struct moved *m = &x->moved[i];
        rows += m->came ? m->rows : -m->rows;
        if (!m->came)
            x->files_of[unit_at(c, c->covered[m->at].unit)]--;
    }
    for (size_t i = from; i < to; i++)
        if (!x->moved[i].came)
            whole &= x->files_of[unit_at(c, c->covered[x->moved[i].at].unit)] == 0;
    return whole && rows == 0;
}

static status all_agree(struct replace *x, bool *out, struct error *err)
{
    const struct summary_cover *c = x->cover;
    TRY(ARENA_ARRAY(x->r->arena, size_t, c->unit_count + 1, &x->files_of, err));
    for (size_t i = 0; i < c->covered_count; i++)
        x->files_of[unit_at(c, c->covered[i].unit)]++;
    qsort(x->moved, x->count, sizeof(*x->moved), cmp_moved);
    *out = true;
    for (size_t from = 0, to; from < x->count && *out; from = to) {
        to = group_end(x, from);
        *out = group_agrees(x, from, to);
    }
    return ST_OK;
}

/* By partitions, else all of them together. */
static status is_plausible(struct replace *x, bool *out, struct error *err)
{
    TRY(all_agree(x, out, err));
    if (*out)
        return ST_OK;
    for (size_t i = 0; i < x->count; i++) {
        x->moved[i].spec_id = 0;
        x->moved[i].partition = STR("");
    }
    return all_agree(x, out, err);
}

/* ---- into the cover ---------------------------------------------------------------------------- */

static status unite(struct replace *x, struct summary_unit *to, const struct summary_unit *u,
                    struct error *err)
{
    struct summary_range range;
    size_t keys = x->b.key_count;
    TRY(summary_unit_range(u, keys, x->r->arena, &range, err));
    if (range.empty)
        return ST_OK;
    const struct exec_unit more = {u->rows, (struct str *)range.box.low,
                                   (struct str *)range.box.high, u->totals};
    return summary_unit_add(&x->b, to, &more, err);
}

static status cover_came(struct replace *x, const struct moved *m, int64_t unit,
                         struct summary_file *out, struct error *err)
{
    const struct iceberg_entry *e = &x->after.entries[m->at];
    *out = (struct summary_file){.path = e->file.path,
                                 .bytes = e->file.bytes,
                                 .records = e->file.records,
                                 .sequence = e->sequence_number,
                                 .spec_id = e->file.spec_id,
                                 .unit = unit};
    return summary_partition_put(&e->file, x->r->arena, &out->partition, err);
}

/* The units of a group become one, behind all others (C1). */
static status move_group(struct replace *x, size_t from, size_t to, struct summary_cover *next,
                         bool *gone, bool *unit_gone, struct error *err)
{
    const struct summary_cover *c = x->cover;
    struct summary_unit *u = &next->units[next->unit_count];
    *u = (struct summary_unit){
        .id = (next->unit_count > c->unit_count ? u[-1] : c->units[c->unit_count - 1]).id + 1};
    bool any = false;
    for (size_t i = from; i < to; i++) {
        const struct moved *m = &x->moved[i];
        if (m->came) {
            any = true;
            TRY(cover_came(x, m, u->id, &next->covered[next->covered_count++], err));
            continue;
        }
        size_t unit = unit_at(c, c->covered[m->at].unit);
        gone[m->at] = true;
        if (!unit_gone[unit])
            TRY(unite(x, u, &c->units[unit], err));
        unit_gone[unit] = true;
    }
    next->unit_count += any;
    return ST_OK;
}

/* The cover with the change; what went is dropped last, so that places in the old one stay right. */
static status move_all(struct replace *x, struct error *err)
{
    struct summary_cover *c = x->cover, next = *c;
    struct arena *arena = x->r->arena;
    bool *gone, *unit_gone;
    size_t n = 0;
    TRY(ARENA_ARRAY(arena, bool, c->covered_count + 1, &gone, err));
    TRY(ARENA_ARRAY(arena, bool, c->unit_count + x->count + 1, &unit_gone, err));
    TRY(ARENA_ARRAY(arena, struct summary_file, c->covered_count + x->count, &next.covered, err));
    TRY(ARENA_ARRAY(arena, struct summary_unit, c->unit_count + x->count + 1, &next.units, err));
    for (size_t i = 0; i < c->covered_count; i++)
        next.covered[i] = c->covered[i];
    for (size_t i = 0; i < c->unit_count; i++)
        next.units[i] = c->units[i];
    for (size_t from = 0, to; from < x->count; from = to) {
        to = group_end(x, from);
        TRY(move_group(x, from, to, &next, gone, unit_gone, err));
    }
    for (size_t i = 0; i < next.covered_count; i++)
        if (i >= c->covered_count || !gone[i])
            next.covered[n++] = next.covered[i];
    next.covered_count = n;
    n = 0;
    for (size_t i = 0; i < next.unit_count; i++)
        if (!unit_gone[i])
            next.units[n++] = next.units[i];
    next.unit_count = n;
    summary_cover_sort(&next);
    *c = next;
    return ST_OK;
}

/* ---- along the snapshots ----------------------------------------------------------------------- */

static status scan(struct refreshing *r, const struct iceberg_snapshot *s, struct iceberg_scan *out,
                   struct error *err)
{
    return iceberg_scan_plan(r->exec->store, r->raw, s, iceberg_current_schema(r->raw), NULL,
                             r->arena, r->exec->account, out, err);
}

static status follow(struct refreshing *r, const struct iceberg_snapshot *s, struct error *err)
{
    struct replace x = {.r = r, .cover = &r->cover};
    bool fits;
    TRY(scan(r, iceberg_snapshot_by_id(r->raw, s->parent_id), &x.before, err));
    TRY(scan(r, s, &x.after, err));
    TRY(find_moved(&x, &fits, err));
    if (fits)
        TRY(is_plausible(&x, &fits, err));
    if (!fits)
        return ST_OK;
    x.b = (struct summary_build){
        .exec = r->exec,
        .arena = r->arena,
        .key_count = summary_aggregate_of(r->plan)->aggregate.key_count,
    };
    TRY(summary_extend(r->plan, r->d, r->arena, &x.b.extended, err));
    x.b.aggregate = summary_aggregate_of(x.b.extended);
    TRY(move_all(&x, err));
    r->compacted += x.went;
    return ST_OK;
}

/* The snapshots behind `from` up to the target, newest first; *count 0: it does not lead there. */
static status lineage(struct refreshing *r, int64_t from, const struct iceberg_snapshot ***out,
                      size_t *count, struct error *err)
{
    const struct iceberg_snapshot *s = r->snapshot;
    *count = 0;
    TRY(ARENA_ARRAY(r->arena, const struct iceberg_snapshot *, r->raw->snapshot_count + 1, out,
                    err));
    while (s && s->id != from && *count < r->raw->snapshot_count) {
        (*out)[(*count)++] = s;
        s = iceberg_snapshot_by_id(r->raw, s->parent_id);
    }
    if (!s || s->id != from)
        *count = 0;
    return ST_OK;
}

status summary_follow_lineage(struct refreshing *r, struct error *err)
{
    const struct iceberg_snapshot **line;
    struct summary_covered covered;
    size_t n;
    TRY(summary_covered_read(iceberg_current_snapshot(r->t), r->arena, &covered, err));
    TRY(lineage(r, covered.raw_snapshot_id, &line, &n, err));
    while (n-- > 0)
        if (str_eq(iceberg_snapshot_property(line[n], "operation"), STR("replace")))
            TRY(follow(r, line[n], err));
    return ST_OK;
}
