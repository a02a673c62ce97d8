// SPDX-License-Identifier: Apache-2.0
/* summary_cover.c - epochs to a covered set, and a covered set to the next epoch.
 *
 * Both go over records sorted by what they speak of (kind, then path or unit); a path may be covered
 * several times, so what is alike is counted, not looked up. */
#include "summary/summary_cover.h"

#include <stdlib.h>
#include <string.h>

/* ---- order ----------------------------------------------------------------------------------- */

static int cmp_long(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int cmp_covered(const void *a, const void *b)
{
    const struct summary_file *x = a, *y = b;
    int c = str_cmp(x->path, y->path);
    return c ? c : cmp_long(x->unit, y->unit);
}

static int cmp_unit(const void *a, const void *b)
{
    return cmp_long(((const struct summary_unit *)a)->id, ((const struct summary_unit *)b)->id);
}

static int cmp_part(const void *a, const void *b)
{
    const struct summary_part *x = a, *y = b;
    int c = str_cmp(x->last, y->last);
    return c ? c : str_cmp(x->path, y->path);
}

void summary_cover_sort(struct summary_cover *c)
{
    if (c->covered_count > 1)
        qsort(c->covered, c->covered_count, sizeof(*c->covered), cmp_covered);
    if (c->unit_count > 1)
        qsort(c->units, c->unit_count, sizeof(*c->units), cmp_unit);
    if (c->part_count > 1)
        qsort(c->parts, c->part_count, sizeof(*c->parts), cmp_part);
}

struct summary_unit *summary_unit_by_id(const struct summary_cover *c, int64_t id)
{
    const struct summary_unit key = {.id = id};
    return c->unit_count ? bsearch(&key, c->units, c->unit_count, sizeof(key), cmp_unit) : NULL;
}

/* What a record speaks of, without its epoch. */
static int cmp_subject(const struct summary_record *a, const struct summary_record *b)
{
    if (a->kind != b->kind)
        return cmp_long(a->kind, b->kind);
    switch (a->kind) {
    case SUMMARY_RECORD_FILE:
        return cmp_covered(&a->file, &b->file);
    case SUMMARY_RECORD_UNIT:
        return cmp_unit(&a->unit, &b->unit);
    case SUMMARY_RECORD_PART:
        return str_cmp(a->part.path, b->part.path);
    }
    return 0;
}

/* In one epoch what is gone comes before what is new. */
static int cmp_record(const void *a, const void *b)
{
    const struct summary_record *x = a, *y = b;
    int c = cmp_subject(x, y);
    if (c == 0)
        c = cmp_long(x->epoch, y->epoch);
    return c ? c : cmp_long(y->gone, x->gone);
}

/* ---- epochs to a cover ----------------------------------------------------------------------- */

static status put_together(struct summary_cover *c, const struct summary_record *r,
                           struct error *err)
{
    switch (r->kind) {
    case SUMMARY_RECORD_FILE:
        c->covered[c->covered_count++] = r->file;
        return ST_OK;
    case SUMMARY_RECORD_UNIT:
        c->units[c->unit_count++] = r->unit;
        return ST_OK;
    case SUMMARY_RECORD_PART:
        c->parts[c->part_count++] = r->part;
        return ST_OK;
    }
    FAIL(err, ST_INTERNAL, "a record of kind %d", (int)r->kind);
}

static status fail_gone(const struct summary_record *r, struct error *err)
{
    if (r->kind == SUMMARY_RECORD_UNIT)
        FAIL(err, ST_CORRUPT, "epoch %lld removes unit %lld, which is not there",
             (long long)r->epoch, (long long)r->unit.id);
    struct str path = r->kind == SUMMARY_RECORD_FILE ? r->file.path : r->part.path;
    FAIL(err, ST_CORRUPT, "epoch %lld removes file %.*s, which is not there", (long long)r->epoch,
         STR_ARG(path));
}

/* The records of one subject, in the order of their epochs: the last `left` that are not gone. */
static status fold_subject(struct summary_cover *c, struct summary_record *r, size_t count,
                           struct error *err)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (r[i].gone && left == 0)
            return fail_gone(&r[i], err);
        if (r[i].gone)
            left--;
        else
            r[left++] = r[i];
    }
    if (left > 1 && r->kind != SUMMARY_RECORD_FILE)
        FAIL(err, ST_CORRUPT, "epoch %lld says something twice", (long long)r[left - 1].epoch);
    for (size_t i = 0; i < left; i++)
        TRY(put_together(c, &r[i], err));
    return ST_OK;
}

/* Its place among `epochs`, or -1. */
static int find_epoch(const int64_t *epochs, size_t count, int64_t epoch)
{
    for (size_t i = 0; i < count; i++)
        if (epochs[i] == epoch)
            return (int)i;
    return -1;
}

static status check_epochs(const int64_t *epochs, size_t count, uint32_t met, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!(met >> i & 1))
            FAIL(err, ST_CORRUPT, "nothing stands there of epoch %lld", (long long)epochs[i]);
    return ST_OK;
}

/* C2: both are sorted, files here by unit. */
static status check_units(const struct summary_cover *c, struct arena *arena, struct error *err)
{
    bool *used;
    TRY(ARENA_ARRAY(arena, bool, c->unit_count + 1, &used, err));
    for (size_t i = 0; i < c->covered_count; i++) {
        const struct summary_unit *u = summary_unit_by_id(c, c->covered[i].unit);
        if (!u)
            FAIL(err, ST_CORRUPT, "covered file %.*s belongs to unit %lld, which is not there",
                 STR_ARG(c->covered[i].path), (long long)c->covered[i].unit);
        used[u - c->units] = true;
    }
    for (size_t i = 0; i < c->unit_count; i++)
        if (!used[i])
            FAIL(err, ST_CORRUPT, "unit %lld has no file", (long long)c->units[i].id);
    return ST_OK;
}

status summary_cover_fold(const struct summary_record *records, size_t count, const int64_t *epochs,
                          size_t epoch_count, struct arena *arena, struct summary_cover *out,
                          struct error *err)
{
    struct summary_record *named;
    uint32_t met = 0;
    size_t n = 0;
    *out = (struct summary_cover){0};
    TRY(ARENA_ARRAY(arena, struct summary_record, count + 1, &named, err));
    for (size_t i = 0; i < count; i++) {
        int at = find_epoch(epochs, epoch_count, records[i].epoch);
        if (at < 0)
            continue;
        met |= UINT32_C(1) << at;
        named[n++] = records[i];
    }
    TRY(check_epochs(epochs, epoch_count, met, err));
    if (n > 1)
        qsort(named, n, sizeof(*named), cmp_record);
    TRY(ARENA_ARRAY(arena, struct summary_file, n + 1, &out->covered, err));
    TRY(ARENA_ARRAY(arena, struct summary_unit, n + 1, &out->units, err));
    TRY(ARENA_ARRAY(arena, struct summary_part, n + 1, &out->parts, err));
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && cmp_subject(&named[from], &named[to]) == 0;)
            to++;
        TRY(fold_subject(out, &named[from], to - from, err));
    }
    summary_cover_sort(out);
    return check_units(out, arena, err);
}

/* ---- a cover to the next epoch --------------------------------------------------------------- */

static bool same_covered(const struct summary_file *a, const struct summary_file *b)
{
    return a->unit == b->unit && a->bytes == b->bytes && a->records == b->records &&
           a->sequence == b->sequence && a->spec_id == b->spec_id &&
           str_eq(a->partition, b->partition) && str_eq(a->deletes, b->deletes) &&
           str_eq(a->taken, b->taken);
}

static bool same_content(const struct summary_record *a, const struct summary_record *b)
{
    switch (a->kind) {
    case SUMMARY_RECORD_FILE:
        return same_covered(&a->file, &b->file);
    case SUMMARY_RECORD_UNIT:
        return a->unit.rows == b->unit.rows && str_eq(a->unit.low, b->unit.low) &&
               str_eq(a->unit.high, b->unit.high) && str_eq(a->unit.totals, b->unit.totals);
    case SUMMARY_RECORD_PART:
        return true; /* a data file never changes */
    }
    return false;
}

static size_t list(const struct summary_cover *c, bool gone, int64_t epoch,
                   struct summary_record *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->covered_count; i++)
        out[n++] = (struct summary_record){epoch, SUMMARY_RECORD_FILE, gone, {c->covered[i]}};
    for (size_t i = 0; i < c->unit_count; i++)
        out[n++] = (struct summary_record){
            .epoch = epoch, .kind = SUMMARY_RECORD_UNIT, .gone = gone, .unit = c->units[i]};
    for (size_t i = 0; i < c->part_count; i++)
        out[n++] = (struct summary_record){
            .epoch = epoch, .kind = SUMMARY_RECORD_PART, .gone = gone, .part = c->parts[i]};
    return n;
}

/* What a record must say to be taken back by. */
static void strip(struct summary_record *r)
{
    if (r->kind == SUMMARY_RECORD_FILE)
        r->file = (struct summary_file){.path = r->file.path, .unit = r->file.unit};
    else if (r->kind == SUMMARY_RECORD_UNIT)
        r->unit = (struct summary_unit){.id = r->unit.id};
    else
        r->part = (struct summary_part){.path = r->part.path};
}

status summary_cover_records(const struct summary_cover *before, const struct summary_cover *after,
                             int64_t epoch, struct arena *arena, struct summary_record **out,
                             size_t *count, struct error *err)
{
    size_t most = before->covered_count + before->unit_count + before->part_count +
                  after->covered_count + after->unit_count + after->part_count;
    struct summary_record *r;
    size_t n;
    TRY(ARENA_ARRAY(arena, struct summary_record, most + 1, &r, err));
    n = list(before, true, epoch, r);
    n += list(after, false, epoch, r + n);
    if (n > 1)
        qsort(r, n, sizeof(*r), cmp_record);
    *out = r;
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && r[i].gone && !r[i + 1].gone && cmp_subject(&r[i], &r[i + 1]) == 0 &&
            same_content(&r[i], &r[i + 1])) {
            i++; /* there before and there now */
            continue;
        }
        if (r[i].gone)
            strip(&r[i]);
        r[(*count)++] = r[i];
    }
    return ST_OK;
}

/* ---- names of epochs ------------------------------------------------------------------------- */

status summary_epochs_parse(struct str text, int64_t epochs[SUMMARY_EPOCHS], size_t *count,
                            struct error *err)
{
    int64_t last = 0;
    *count = 0;
    if (str_eq(text, STR("none")))
        return ST_OK;
    for (size_t at = 0; at < text.len || *count == 0;) {
        int64_t n = 0;
        size_t digits = 0;
        for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && digits < 18; digits++)
            n = n * 10 + (text.ptr[at++] - '0');
        bool ends = at == text.len || (text.ptr[at] == ' ' && at + 1 < text.len);
        if (digits == 0 || !ends || n <= last || *count == SUMMARY_EPOCHS)
            FAIL(err, ST_CORRUPT, "property firn.epochs is malformed: \"%.*s\"",
                 (int)(text.len < 80 ? text.len : 80), text.ptr);
        epochs[(*count)++] = last = n;
        at++;
    }
    return ST_OK;
}

status summary_epochs_format(const int64_t *epochs, size_t count, struct arena *arena,
                             struct str *out, struct error *err)
{
    *out = count ? (struct str){0} : STR("none");
    for (size_t i = 0; i < count; i++)
        TRY(arena_printf(arena, out, err, "%.*s%s%lld", STR_ARG(*out), i ? " " : "",
                         (long long)epochs[i]));
    return ST_OK;
}
