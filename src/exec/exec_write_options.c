// SPDX-License-Identifier: Apache-2.0
/* exec_write_options.c - write.* properties to options of the writer; docs/user/table-properties.md lists
 * them.
 *
 * Names, defaults and meanings are those of Iceberg's TableProperties. A value that cannot be followed
 * is an error, not a default: what one engine ignores, another would have done. */
#include "exec/exec_write_options.h"

#include "iceberg/iceberg.h"

#include <stdio.h>

#define MIB                  ((int64_t)1 << 20)
#define TARGET_FILE_BYTES    (512 * MIB)
#define MOST_PAGE_BYTES      (1024 * MIB)
#define BOUND_UNITS          16 /* of truncate(16), the default mode */
#define MOST_UNITS           ((int64_t)1 << 20)
#define MOST_COLUMNS_GUESSED 100 /* write.metadata.metrics.max-inferred-column-defaults */

#define METRICS        "write.metadata.metrics."
#define BLOOM_COLUMN   "write.parquet.bloom-filter-enabled.column."
#define METRICS_COLUMN METRICS "column."

/* ---- numbers and codecs ---------------------------------------------------------------------- */

/* Digits only; false when there are none or too many for 2^62. */
static bool take_number(struct str *text, int64_t *out)
{
    size_t n = 0;
    int64_t v = 0;
    for (; n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9' && n < 18; n++)
        v = v * 10 + (text->ptr[n] - '0');
    *out = v;
    *text = (struct str){text->ptr + n, text->len - n};
    return n > 0;
}

/* *out stays as it is when the table does not have the property. */
static status number(const struct iceberg_table *t, const char *key, int64_t least, int64_t most,
                     int64_t *out, struct error *err)
{
    struct str v = iceberg_table_property(t, key), rest = v;
    int64_t n;
    if (!v.ptr)
        return ST_OK;
    if (!take_number(&rest, &n) || rest.len > 0 || n < least || n > most)
        FAIL_SQL(err, ST_INVALID, "22023", 0,
                 "table property %s is \"%.*s\", not a number from %lld to %lld", key, STR_ARG(v),
                 (long long)least, (long long)most);
    *out = n;
    return ST_OK;
}

static status codec(const struct iceberg_table *t, enum codec *out, struct error *err)
{
    struct str v = iceberg_table_property(t, "write.parquet.compression-codec");
    static const struct {
        const char *name;
        enum codec codec;
    } known[] = {{"zstd", CODEC_ZSTD}, {"snappy", CODEC_SNAPPY},
                 {"gzip", CODEC_GZIP}, {"uncompressed", CODEC_NONE},
                 {"none", CODEC_NONE}, {"lz4_raw", CODEC_LZ4_RAW}};
    *out = CODEC_ZSTD;
    if (!v.ptr)
        return ST_OK;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq_nocase(v, str_of(known[i].name))) {
            *out = known[i].codec;
            return ST_OK;
        }
    FAIL(err, ST_UNSUPPORTED,
         "write.parquet.compression-codec \"%.*s\" is not written; use zstd, snappy, gzip, lz4_raw "
         "or "
         "uncompressed",
         STR_ARG(v));
}

static status level(const struct iceberg_table *t, enum codec c, int *out, struct error *err)
{
    int64_t n = 0;
    if (c == CODEC_ZSTD || c == CODEC_GZIP) /* the others have none */
        TRY(number(t, "write.parquet.compression-level", 1, c == CODEC_ZSTD ? 22 : 9, &n, err));
    *out = (int)n;
    return ST_OK;
}

static status sizes(const struct iceberg_table *t, struct exec_write_options *o, struct error *err)
{
    struct parquet_write_options *p = &o->parquet;
    struct str format = iceberg_table_property(t, "write.format.default");
    if (format.ptr && !str_eq_nocase(format, STR("parquet")))
        FAIL(err, ST_UNSUPPORTED, "write.format.default \"%.*s\": firn writes Parquet only",
             STR_ARG(format));
    TRY(codec(t, &p->codec, err));
    TRY(level(t, p->codec, &p->codec_level, err));
    TRY(number(t, "write.parquet.row-group-size-bytes", 1, INT64_MAX, &p->row_group_bytes, err));
    TRY(number(t, "write.parquet.page-size-bytes", 1, MOST_PAGE_BYTES, &p->page_bytes, err));
    TRY(number(t, "write.parquet.page-row-limit", 1, INT32_MAX, &p->page_rows, err));
    TRY(number(t, "write.parquet.dict-size-bytes", 0, MOST_PAGE_BYTES, &p->dictionary_bytes, err));
    o->target_bytes = TARGET_FILE_BYTES;
    return number(t, "write.target-file-size-bytes", 1, INT64_MAX, &o->target_bytes, err);
}

/* ---- metrics --------------------------------------------------------------------------------- */

static bool parse_mode(struct str v, struct exec_metrics_mode *out)
{
    static const struct str truncate = {"truncate(", 9};
    int64_t n;
    if (str_eq_nocase(v, STR("none")))
        *out = (struct exec_metrics_mode){EXEC_METRICS_NONE, 0};
    else if (str_eq_nocase(v, STR("counts")))
        *out = (struct exec_metrics_mode){EXEC_METRICS_COUNTS, 0};
    else if (str_eq_nocase(v, STR("full")))
        *out = (struct exec_metrics_mode){EXEC_METRICS_BOUNDS, UINT32_MAX};
    else {
        struct str head = {v.ptr, v.len < truncate.len ? v.len : truncate.len};
        struct str rest = {v.ptr + head.len, v.len - head.len};
        if (!str_eq_nocase(head, truncate) || !take_number(&rest, &n) || !str_eq(rest, STR(")")) ||
            n < 1 || n > MOST_UNITS)
            return false;
        *out = (struct exec_metrics_mode){EXEC_METRICS_BOUNDS, (uint32_t)n};
    }
    return true;
}

static status mode(const struct iceberg_table *t, const char *key, bool *found,
                   struct exec_metrics_mode *out, struct error *err)
{
    struct str v = iceberg_table_property(t, key);
    *found = v.ptr != NULL;
    if (v.ptr && !parse_mode(v, out))
        FAIL_SQL(err, ST_INVALID, "22023", 0,
                 "table property %s is \"%.*s\", not none, counts, truncate(length) or full", key,
                 STR_ARG(v));
    return ST_OK;
}

/* Columns that rows are sorted by always have bounds, for they are what makes files leave each other
 * alone. */
static bool is_sorted_by(const struct iceberg_table *t, int32_t field_id)
{
    for (size_t i = 0; i < t->order_count; i++)
        for (size_t k = 0; t->orders[i].id == t->default_order_id && k < t->orders[i].count; k++) {
            const struct iceberg_sort_field *f = &t->orders[i].fields[k];
            bool ordered = f->transform.kind != ICEBERG_BUCKET &&
                           f->transform.kind != ICEBERG_VOID &&
                           f->transform.kind != ICEBERG_UNKNOWN_TRANSFORM;
            if (f->source_id == field_id && ordered)
                return true;
        }
    return false;
}

static status metrics(const struct iceberg_table *t, const struct column_schema *columns,
                      struct arena *arena, struct exec_metrics_mode *out, struct error *err)
{
    const struct exec_metrics_mode usual = {EXEC_METRICS_BOUNDS, BOUND_UNITS};
    struct exec_metrics_mode all = usual;
    int64_t guessed = MOST_COLUMNS_GUESSED;
    bool found;
    TRY(mode(t, METRICS "default", &found, &all, err));
    TRY(number(t, METRICS "max-inferred-column-defaults", 0, INT32_MAX, &guessed, err));
    for (size_t i = 0; i < columns->count; i++) {
        const struct column_field *f = &columns->fields[i];
        struct str key;
        bool own;
        out[i] = all;
        if (!found && (int64_t)i >= guessed)
            out[i] = (struct exec_metrics_mode){EXEC_METRICS_NONE, 0};
        if (out[i].kind != EXEC_METRICS_BOUNDS && is_sorted_by(t, f->field_id))
            out[i] = usual;
        TRY(arena_printf(arena, &key, err, METRICS_COLUMN "%.*s", STR_ARG(f->name)));
        TRY(mode(t, key.ptr, &own, &out[i], err));
    }
    return ST_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void say_unwritten(const struct iceberg_table *t, const struct exec_context *c)
{
    for (size_t i = 0; c->notice && i < t->property_count; i++) {
        const struct property *p = &t->properties[i];
        char text[512];
        if (!str_starts(p->key, STR(BLOOM_COLUMN)) || !str_eq_nocase(p->value, STR("true")))
            continue;
        snprintf(text, sizeof(text), "%.*s: bloom filters are not written", STR_ARG(p->key));
        c->notice(c->notice_self, text);
    }
}

status exec_write_options_read(const struct iceberg_table *table,
                               const struct column_schema *columns, const struct exec_context *c,
                               struct arena *arena, struct exec_write_options *out,
                               struct error *err)
{
    parquet_write_options_init(&out->parquet);
    TRY(sizes(table, out, err));
    TRY(ARENA_ARRAY(arena, struct exec_metrics_mode, columns->count, &out->modes, err));
    TRY(metrics(table, columns, arena, out->modes, err));
    say_unwritten(table, c);
    return ST_OK;
}
