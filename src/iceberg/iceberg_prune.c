// SPDX-License-Identifier: Apache-2.0
/* iceberg_prune.c - which manifests and files a predicate can leave out, and which files it takes
 * whole (spec "Scan Planning").
 *
 * Everything said about a column - a file's metrics, its partition values, a manifest's partition
 * summaries - is turned into one form, `facts`: a set that holds at least every value the column
 * has there. Then both questions are about that set:
 *
 *     may match (inclusive)  = some value of the set satisfies the predicate
 *     all match (strict)     = every value of the set does
 *
 * A partition value is turned into the range of column values that the transform maps to it; only
 * buckets, which have no range, are compared as buckets.
 *
 * P1  facts are never too small; what is not known, not decodable or of another type is everything
 * P2  comparisons are firn's: NaN is greater than any number and equal to itself, -0.0 equals 0.0,
 *     a comparison with NULL is never true
 * P3  bounds say nothing about NaN (spec "Manifests": bounds of all non-null, non-NaN values) */
#include "iceberg/iceberg_int.h"

#include "column/column_text.h"

#include <math.h>

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY  (24 * US_PER_HOUR)

struct facts {
    bool may_null, may_nan, may_value; /* value: neither NULL nor NaN */
    bool has_low, has_high;            /* of may_value: bounds, both inclusive */
    bool high_is_prefix;               /* text: values may go on behind `high` */
    struct column_value low, high;
};

static const struct facts anything = {.may_null = true, .may_nan = true, .may_value = true};

static bool is_nan(const struct column_value *v)
{
    return (v->type.kind == COLUMN_REAL && isnan(v->f32)) ||
           (v->type.kind == COLUMN_DOUBLE && isnan(v->f64));
}

static int order(const struct column_value *a, const struct column_value *b)
{
    return column_value_cmp(a, b, false);
}

/* ---- one comparison against a set ---- */

static struct str prefix_of(struct str s, size_t bytes)
{
    return (struct str){s.ptr, s.len < bytes ? s.len : bytes};
}

/* v against the set's upper end: < 0 when some value may be greater, > 0 when none reaches it, 0
 * when the greatest may equal it and none is greater. */
static int against_high(const struct facts *f, const struct column_value *v)
{
    if (!f->has_high)
        return -1;
    if (!f->high_is_prefix)
        return order(v, &f->high);
    int c = str_cmp(prefix_of(v->str, f->high.str.len), f->high.str);
    return c > 0 ? 1 : -1;
}

/* How NaN compares with v. */
static bool nan_satisfies(enum iceberg_pred_kind op, const struct column_value *v)
{
    if (is_nan(v))
        return op == ICEBERG_PRED_EQ || op == ICEBERG_PRED_LE || op == ICEBERG_PRED_GE;
    return op == ICEBERG_PRED_GT || op == ICEBERG_PRED_GE || op == ICEBERG_PRED_NE;
}

/* How every number compares with NaN. */
static bool below_nan_satisfies(enum iceberg_pred_kind op)
{
    return op == ICEBERG_PRED_LT || op == ICEBERG_PRED_LE || op == ICEBERG_PRED_NE;
}

static bool is_single(const struct facts *f, const struct column_value *v)
{
    return f->has_low && f->has_high && !f->high_is_prefix && order(&f->low, v) == 0 &&
           order(&f->high, v) == 0;
}

static bool comparable(const struct facts *f, const struct column_value *v)
{
    return (!f->has_low || column_type_eq(f->low.type, v->type)) &&
           (!f->has_high || column_type_eq(f->high.type, v->type));
}

static bool value_may(const struct facts *f, enum iceberg_pred_kind op,
                      const struct column_value *v)
{
    if (v->null)
        return false;
    if (!comparable(f, v) || (f->may_nan && nan_satisfies(op, v)))
        return true;
    if (!f->may_value)
        return false;
    if (is_nan(v))
        return below_nan_satisfies(op);
    int low = f->has_low ? order(&f->low, v) : -1, high = against_high(f, v);
    switch (op) {
    case ICEBERG_PRED_EQ:
        return low <= 0 && high <= 0;
    case ICEBERG_PRED_NE:
        return !is_single(f, v);
    case ICEBERG_PRED_LT:
        return low < 0;
    case ICEBERG_PRED_LE:
        return low <= 0;
    case ICEBERG_PRED_GT:
        return high < 0;
    default: /* GE */
        return high <= 0;
    }
}

static bool value_all(const struct facts *f, enum iceberg_pred_kind op,
                      const struct column_value *v)
{
    if (v->null || f->may_null || !comparable(f, v) || (f->may_nan && !nan_satisfies(op, v)))
        return false;
    if (!f->may_value)
        return true;
    if (is_nan(v))
        return below_nan_satisfies(op);
    int low = f->has_low ? order(&f->low, v) : -1, high = against_high(f, v);
    switch (op) {
    case ICEBERG_PRED_EQ:
        return is_single(f, v);
    case ICEBERG_PRED_NE:
        return low > 0 || high > 0;
    case ICEBERG_PRED_LT:
        return high > 0;
    case ICEBERG_PRED_LE:
        return high >= 0;
    case ICEBERG_PRED_GT:
        return low > 0;
    default: /* GE */
        return f->has_low && low >= 0;
    }
}

static bool starts_may(const struct facts *f, const struct column_value *v)
{
    if (v->null || !f->may_value)
        return false;
    if (v->type.kind != COLUMN_TEXT || !comparable(f, v))
        return true;
    if (f->has_low && str_cmp(prefix_of(f->low.str, v->str.len), v->str) > 0)
        return false;
    if (!f->has_high)
        return true;
    struct str want = f->high_is_prefix ? prefix_of(v->str, f->high.str.len) : v->str;
    return str_cmp(prefix_of(f->high.str, v->str.len), want) >= 0;
}

static bool starts_all(const struct facts *f, const struct column_value *v)
{
    if (v->null || f->may_null || f->may_nan || v->type.kind != COLUMN_TEXT || !comparable(f, v))
        return false;
    return !f->may_value || (f->has_low && f->has_high && str_starts(f->low.str, v->str) &&
                             str_starts(f->high.str, v->str));
}

/* ---- one leaf of the predicate against a set ---- */

static bool leaf_may(const struct facts *f, const struct iceberg_pred *p)
{
    switch (p->kind) {
    case ICEBERG_PRED_IS_NULL:
        return f->may_null;
    case ICEBERG_PRED_NOT_NULL:
        return f->may_value || f->may_nan;
    case ICEBERG_PRED_STARTS_WITH:
        return starts_may(f, &p->values[0]);
    case ICEBERG_PRED_IN:
        for (size_t i = 0; i < p->value_count; i++)
            if (value_may(f, ICEBERG_PRED_EQ, &p->values[i]))
                return true;
        return false;
    default:
        return value_may(f, p->kind, &p->values[0]);
    }
}

static bool leaf_all(const struct facts *f, const struct iceberg_pred *p)
{
    switch (p->kind) {
    case ICEBERG_PRED_IS_NULL:
        return !f->may_value && !f->may_nan;
    case ICEBERG_PRED_NOT_NULL:
        return !f->may_null;
    case ICEBERG_PRED_STARTS_WITH:
        return starts_all(f, &p->values[0]);
    case ICEBERG_PRED_IN:
        for (size_t i = 0; i < p->value_count; i++)
            if (value_all(f, ICEBERG_PRED_EQ, &p->values[i]))
                return true;
        return false;
    default:
        return value_all(f, p->kind, &p->values[0]);
    }
}

/* ---- facts ---- */

/* Without a copy: text borrows the bytes. False leaves the bound out (P1). */
static bool decode_bound(struct column_type type, struct str bytes, struct column_value *out)
{
    if (!bytes.ptr)
        return false;
    if (column_type_phys(type) == PHYS_STR && type.kind != COLUMN_UNKNOWN) {
        *out = (struct column_value){.type = type, .str = bytes};
        return type.kind != COLUMN_UUID || bytes.len == 16;
    }
    return iceberg_value_decode(type, bytes, NULL, out, NULL) == ST_OK && !is_nan(out);
}

static void set_bounds(struct facts *f, struct column_type type, struct str lower, struct str upper)
{
    f->has_low = decode_bound(type, lower, &f->low);
    f->has_high = decode_bound(type, upper, &f->high);
    if (f->has_low && f->has_high && order(&f->low, &f->high) > 0)
        f->has_low = f->has_high = false; /* nonsense is no knowledge */
}

static const struct iceberg_metric *find_metric(const struct iceberg_data_file *f, int32_t id)
{
    size_t from = 0, to = f->metric_count;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (f->metrics[mid].field_id == id)
            return &f->metrics[mid];
        if (f->metrics[mid].field_id < id)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

static struct facts metric_facts(const struct column_field *field,
                                 const struct iceberg_data_file *file)
{
    struct facts f = anything;
    const struct iceberg_metric *m = find_metric(file, field->field_id);
    f.may_null = !field->required;
    f.may_nan = column_type_is_float(field->type);
    if (!m)
        return f;
    int64_t values = m->values >= 0 ? m->values : file->records;
    if (m->nulls == 0)
        f.may_null = false;
    if (m->nulls >= 0 && m->nulls == values)
        f.may_value = f.may_nan = false;
    if (m->nans == 0)
        f.may_nan = false;
    if (f.may_nan && m->nans > 0 && m->nulls >= 0 && m->nulls + m->nans == values)
        f.may_value = false;
    if (f.may_value)
        set_bounds(&f, field->type, m->lower, m->upper);
    return f;
}

/* About a partition value, not yet about the column. */
static struct facts partition_value_facts(const struct column_value *v)
{
    struct facts f = {.may_null = v->null, .may_nan = !v->null && is_nan(v)};
    f.may_value = f.has_low = f.has_high = !f.may_null && !f.may_nan;
    f.low = f.high = *v;
    return f;
}

static struct facts summary_facts(struct column_type type,
                                  const struct iceberg_partition_summary *s)
{
    struct facts f = {.may_null = s->contains_null, .may_value = true};
    f.may_nan = column_type_is_float(type) && (s->contains_nan || !s->has_nan);
    set_bounds(&f, type, s->lower, s->upper);
    /* No lower bound: no value but NULL and NaN, which may be all there is. */
    f.may_value = s->lower.ptr || s->upper.ptr;
    return f;
}

/* ---- from a partition's values to the column's ---- */

static bool to_source(struct column_type source, int128 v, struct column_value *out)
{
    *out = (struct column_value){.type = source};
    switch (column_type_phys(source)) {
    case PHYS_I32:
        out->i32 = (int32_t)v;
        return v >= INT32_MIN && v <= INT32_MAX;
    case PHYS_I64:
        out->i64 = (int64_t)v;
        return v >= INT64_MIN && v <= INT64_MAX;
    case PHYS_I128:
        out->i128 = v;
        return true;
    default:
        return false;
    }
}

static int128 from_source(const struct column_value *v)
{
    enum column_phys phys = column_type_phys(v->type);
    return phys == PHYS_I32 ? v->i32 : phys == PHYS_I64 ? v->i64 : v->i128;
}

/* The first instant (or day, for a date column) of year, month, day or hour p. */
static bool time_start(enum iceberg_transform_kind kind, struct column_type source, int64_t p,
                       struct column_value *out)
{
    int64_t days = p;
    if (kind == ICEBERG_HOUR)
        return to_source(source, (int128)p * US_PER_HOUR, out);
    if (kind == ICEBERG_YEAR || kind == ICEBERG_MONTH) {
        int64_t months = kind == ICEBERG_YEAR ? p * 12 : p;
        if (months > 12000000 || months < -12000000) /* a million years: beyond any timestamp */
            return false;
        int64_t year = months >= 0 ? months / 12 : -((11 - months) / 12);
        days = column_days_from_civil(1970 + year, (unsigned)(months - year * 12) + 1, 1);
    }
    return to_source(source, source.kind == COLUMN_DATE ? days : (int128)days * US_PER_DAY, out);
}

/* Old writers rounded times before 1970 toward zero, which put the last unit before 1970 into
 * partition 0, and so on down: partitions up to 0 may hold values of the unit before. */
static void invert_time(enum iceberg_transform_kind kind, struct column_type source,
                        const struct facts *p, struct facts *f)
{
    if (p->has_low && column_type_phys(p->low.type) == PHYS_I32) {
        int64_t low = p->low.i32;
        f->has_low = time_start(kind, source, low <= 0 ? low - 1 : low, &f->low);
    }
    if (p->has_high && column_type_phys(p->high.type) == PHYS_I32 &&
        time_start(kind, source, (int64_t)p->high.i32 + 1, &f->high))
        f->has_high = to_source(source, from_source(&f->high) - 1, &f->high);
}

static size_t count_chars(struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((uint8_t)text.ptr[i] & 0xC0) != 0x80;
    return n;
}

/* Numbers: [p, p + width - 1]; a range that would leave the type has wrapped at its lower end, and
 * nothing is known. Text: values go on behind p, unless it is shorter than the width. */
static void invert_truncate(int32_t width, struct column_type source, const struct facts *p,
                            struct facts *f)
{
    if ((p->has_low && !column_type_eq(p->low.type, source)) ||
        (p->has_high && !column_type_eq(p->high.type, source)))
        return;
    if (column_type_phys(source) == PHYS_STR) {
        f->has_low = p->has_low;
        f->low = p->low;
        f->has_high = p->has_high;
        f->high = p->high;
        if (p->has_high)
            f->high_is_prefix = (source.kind == COLUMN_TEXT ? count_chars(p->high.str)
                                                            : p->high.str.len) >= (size_t)width;
        return;
    }
    if (!p->has_high || !to_source(source, from_source(&p->high) + width - 1, &f->high))
        return;
    f->has_high = true;
    f->has_low = p->has_low;
    f->low = p->low;
}

/* Facts about the column from facts about its partition value. */
static struct facts invert(struct iceberg_transform t, struct column_type source,
                           const struct facts *p)
{
    struct facts f = {.may_null = p->may_null,
                      .may_nan = column_type_is_float(source) && (p->may_value || p->may_nan),
                      .may_value = p->may_value};
    switch (t.kind) {
    case ICEBERG_IDENTITY:
        return *p;
    case ICEBERG_TRUNCATE:
        invert_truncate(t.param, source, p, &f);
        return f;
    case ICEBERG_YEAR:
    case ICEBERG_MONTH:
    case ICEBERG_DAY:
    case ICEBERG_HOUR:
        invert_time(t.kind, source, p, &f);
        return f;
    case ICEBERG_BUCKET:
        return f;
    default: /* void has one value for everything; unknown ones say nothing */
        return anything;
    }
}

/* Only equality survives a hash. */
static bool bucket_may(struct iceberg_transform t, const struct facts *p,
                       const struct iceberg_pred *pred)
{
    if (pred->kind != ICEBERG_PRED_EQ && pred->kind != ICEBERG_PRED_IN)
        return true;
    for (size_t i = 0; i < pred->value_count; i++) {
        struct column_value bucket;
        if (pred->values[i].null)
            continue;
        if (iceberg_transform_apply(t, &pred->values[i], NULL, &bucket, NULL) != ST_OK ||
            value_may(p, ICEBERG_PRED_EQ, &bucket))
            return true;
    }
    return false;
}

static bool partition_may(struct iceberg_transform t, struct column_type source,
                          const struct facts *p, const struct iceberg_pred *pred)
{
    struct facts f = invert(t, source, p);
    return leaf_may(&f, pred) && (t.kind != ICEBERG_BUCKET || bucket_may(t, p, pred));
}

/* ---- trees ---- */

static bool is_leaf(const struct iceberg_pred *p)
{
    return p->kind > ICEBERG_PRED_OR;
}

bool iceberg_manifest_may_match(const struct iceberg_table *t, const struct iceberg_manifest *m,
                                const struct iceberg_pred *p)
{
    if (!is_leaf(p)) {
        bool any = p->kind == ICEBERG_PRED_TRUE || p->kind == ICEBERG_PRED_AND;
        for (size_t i = 0; i < p->child_count; i++)
            if (iceberg_manifest_may_match(t, m, p->children[i]) != any)
                return !any;
        return any;
    }
    const struct iceberg_spec *spec = iceberg_spec_by_id(t, m->spec_id);
    if (!spec || spec->count != m->partition_count)
        return true;
    for (size_t i = 0; i < spec->count; i++) {
        const struct iceberg_partition_field *f = &spec->fields[i];
        struct column_type source;
        if (f->source_id != p->field_id || !iceberg_source_type(t, f->source_id, &source))
            continue;
        if (p->value_count > 0)
            source = p->values[0].type;
        struct facts facts =
            summary_facts(iceberg_transform_type(f->transform, source), &m->partitions[i]);
        if (!partition_may(f->transform, source, &facts, p))
            return false;
    }
    return true;
}

/* The spec of a file whose partition values can be used, else NULL. */
static const struct iceberg_spec *usable_spec(const struct iceberg_table *t,
                                              const struct iceberg_data_file *f)
{
    const struct iceberg_spec *spec = t ? iceberg_spec_by_id(t, f->spec_id) : NULL;
    return spec && spec->count == f->partition_count ? spec : NULL;
}

/* A primitive column; one that lies in structs may be NULL because they are. */
static bool find_column(const struct iceberg_schema *schema, int32_t id, struct column_field *out)
{
    const struct iceberg_field *top = iceberg_field_by_id(schema, id);
    *out = (struct column_field){.field_id = id, .required = top && top->required};
    return iceberg_leaf_type(schema, id, &out->type);
}

static bool file_leaf_may(const struct iceberg_spec *spec, const struct column_field *field,
                          const struct iceberg_data_file *f, const struct iceberg_pred *p)
{
    struct facts facts = metric_facts(field, f);
    if (!leaf_may(&facts, p))
        return false;
    for (size_t i = 0; spec && i < spec->count; i++) {
        facts = partition_value_facts(&f->partition[i]);
        if (spec->fields[i].source_id == p->field_id &&
            !partition_may(spec->fields[i].transform, field->type, &facts, p))
            return false;
    }
    return true;
}

static bool file_leaf_all(const struct iceberg_spec *spec, const struct column_field *field,
                          const struct iceberg_data_file *f, const struct iceberg_pred *p)
{
    struct facts facts = metric_facts(field, f);
    if (leaf_all(&facts, p))
        return true;
    for (size_t i = 0; spec && i < spec->count; i++) {
        if (spec->fields[i].source_id != p->field_id)
            continue;
        facts = partition_value_facts(&f->partition[i]);
        facts = invert(spec->fields[i].transform, field->type, &facts);
        if (leaf_all(&facts, p))
            return true;
    }
    return false;
}

bool iceberg_file_may_match(const struct iceberg_table *t, const struct iceberg_schema *schema,
                            const struct iceberg_data_file *f, const struct iceberg_pred *p)
{
    if (f->records == 0)
        return false;
    if (!is_leaf(p)) {
        bool any = p->kind == ICEBERG_PRED_TRUE || p->kind == ICEBERG_PRED_AND;
        for (size_t i = 0; i < p->child_count; i++)
            if (iceberg_file_may_match(t, schema, f, p->children[i]) != any)
                return !any;
        return any;
    }
    struct column_field column;
    return !find_column(schema, p->field_id, &column) ||
           file_leaf_may(usable_spec(t, f), &column, f, p);
}

bool iceberg_file_all_match(const struct iceberg_table *t, const struct iceberg_schema *schema,
                            const struct iceberg_data_file *f, const struct iceberg_pred *p)
{
    if (!is_leaf(p)) {
        bool all = p->kind == ICEBERG_PRED_TRUE || p->kind == ICEBERG_PRED_AND;
        for (size_t i = 0; i < p->child_count; i++)
            if (iceberg_file_all_match(t, schema, f, p->children[i]) != all)
                return !all;
        return all;
    }
    struct column_field column;
    return find_column(schema, p->field_id, &column) &&
           file_leaf_all(usable_spec(t, f), &column, f, p);
}
