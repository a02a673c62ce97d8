// SPDX-License-Identifier: Apache-2.0
/* iceberg_spec.c - partition specs and sort orders: JSON in and out (spec appendix C), and the
 * texts people write: "month(ts), bucket(16, id), region" and "region, ts DESC NULLS LAST".
 *
 * Names are those Iceberg's writers choose (ts_month, id_bucket), so that a table made here and one
 * made by Spark have the same partition folders and metadata columns. */
#include "iceberg/iceberg_int.h"

#include <ctype.h>

#define FIRST_PARTITION_ID 1000 /* spec "Partitioning": ids of partition fields start here */
#define FIELDS_MAX         1000u

/* Name in metadata, names in SQL besides it, suffix of the partition field's name. */
static const struct {
    enum iceberg_transform_kind kind;
    const char *name, *plural, *suffix;
    bool has_param;
} transforms[] = {
    {ICEBERG_IDENTITY, "identity", NULL, "", false},
    {ICEBERG_BUCKET, "bucket", NULL, "_bucket", true},
    {ICEBERG_TRUNCATE, "truncate", NULL, "_trunc", true},
    {ICEBERG_YEAR, "year", "years", "_year", false},
    {ICEBERG_MONTH, "month", "months", "_month", false},
    {ICEBERG_DAY, "day", "days", "_day", false},
    {ICEBERG_HOUR, "hour", "hours", "_hour", false},
    {ICEBERG_VOID, "void", NULL, "_void", false},
};

/* ---- JSON ---- */

/* "day", "bucket[16]". A transform that is not known is kept by its name (spec "Partition
 * Transforms": readers must ignore it in pruning). */
static status parse_transform(struct arena *arena, struct str text, struct iceberg_transform *out,
                              struct error *err)
{
    *out = (struct iceberg_transform){.kind = ICEBERG_UNKNOWN_TRANSFORM};
    TRY(arena_str(arena, text, &out->text, err));
    const char *bracket = text.len ? memchr(text.ptr, '[', text.len) : NULL;
    struct str name = {text.ptr, bracket ? (size_t)(bracket - text.ptr) : text.len};
    uint32_t param = 0;
    if (bracket) {
        struct str rest = {bracket + 1, text.len - name.len - 1};
        if (!iceberg_take_number(&rest, &param) || !str_eq_z(rest, "]") || param < 1)
            return ST_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(transforms); i++)
        if (str_eq_nocase(name, str_of(transforms[i].name)) &&
            transforms[i].has_param == (bracket != NULL)) {
            out->kind = transforms[i].kind;
            out->param = (int32_t)param;
        }
    return ST_OK;
}

static status get_transform(struct arena *arena, const json_t *json, struct iceberg_transform *out,
                            struct error *err)
{
    struct str text;
    TRY(jsontext_get_str(arena, json, "transform", &text, err));
    return parse_transform(arena, text, out, err);
}

status iceberg_spec_parse_fields(struct arena *arena, const json_t *fields,
                                 struct iceberg_spec *out, struct error *err)
{
    if (!json_is_array(fields) || json_array_size(fields) > FIELDS_MAX)
        FAIL(err, ST_CORRUPT, "partition fields are not an array of at most %u", FIELDS_MAX);
    out->count = json_array_size(fields);
    TRY(ARENA_ARRAY(arena, struct iceberg_partition_field, out->count, &out->fields, err));
    for (size_t i = 0; i < out->count; i++) {
        const json_t *json = json_array_get(fields, i);
        struct iceberg_partition_field *f = &out->fields[i];
        TRY(jsontext_get_int(json, "source-id", &f->source_id, err));
        /* Absent in early version 1: then they count from 1000. */
        TRY(jsontext_get_int_or(json, "field-id", FIRST_PARTITION_ID + (int32_t)i, &f->field_id,
                                err));
        TRY(jsontext_get_str(arena, json, "name", &f->name, err));
        TRY(get_transform(arena, json, &f->transform, err));
        for (size_t k = 0; k < i; k++)
            if (out->fields[k].field_id == f->field_id)
                FAIL(err, ST_CORRUPT, "partition field id %d stands twice", f->field_id);
    }
    return ST_OK;
}

status iceberg_spec_parse_json(struct arena *arena, const json_t *json, struct iceberg_spec *out,
                               struct error *err)
{
    TRY(jsontext_get_int(json, "spec-id", &out->id, err));
    return iceberg_spec_parse_fields(arena, json_object_get(json, "fields"), out, err);
}

status iceberg_spec_format_fields(const struct iceberg_spec *s, const char *key, struct buffer *out,
                                  struct error *err)
{
    TRY(jsontext_put_open(out, key, '[', err));
    for (size_t i = 0; i < s->count; i++) {
        const struct iceberg_partition_field *f = &s->fields[i];
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_str(out, "name", f->name, err));
        TRY(jsontext_put_str(out, "transform", f->transform.text, err));
        TRY(jsontext_put_long(out, "source-id", f->source_id, err));
        TRY(jsontext_put_long(out, "field-id", f->field_id, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return jsontext_put_close(out, ']', err);
}

status iceberg_spec_format(const struct iceberg_spec *s, const char *key, struct buffer *out,
                           struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    TRY(jsontext_put_long(out, "spec-id", s->id, err));
    TRY(iceberg_spec_format_fields(s, "fields", out, err));
    return jsontext_put_close(out, '}', err);
}

status iceberg_order_parse_json(struct arena *arena, const json_t *json,
                                struct iceberg_sort_order *out, struct error *err)
{
    const json_t *fields;
    TRY(jsontext_get_int(json, "order-id", &out->id, err));
    TRY(jsontext_get_array(json, "fields", true, &fields, err));
    out->count = json_array_size(fields);
    TRY(ARENA_ARRAY(arena, struct iceberg_sort_field, out->count, &out->fields, err));
    for (size_t i = 0; i < out->count; i++) {
        const json_t *item = json_array_get(fields, i);
        struct iceberg_sort_field *f = &out->fields[i];
        struct str direction, nulls;
        TRY(jsontext_get_int(item, "source-id", &f->source_id, err));
        TRY(get_transform(arena, item, &f->transform, err));
        TRY(jsontext_get_str(arena, item, "direction", &direction, err));
        TRY(jsontext_get_str(arena, item, "null-order", &nulls, err));
        f->descending = str_eq_nocase(direction, STR("desc"));
        f->nulls_last = str_eq_nocase(nulls, STR("nulls-last"));
        if (!f->descending && !str_eq_nocase(direction, STR("asc")))
            FAIL(err, ST_CORRUPT, "sort direction \"%.*s\"", STR_ARG(direction));
        if (!f->nulls_last && !str_eq_nocase(nulls, STR("nulls-first")))
            FAIL(err, ST_CORRUPT, "null order \"%.*s\"", STR_ARG(nulls));
    }
    return ST_OK;
}

status iceberg_order_format(const struct iceberg_sort_order *o, const char *key, struct buffer *out,
                            struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    TRY(jsontext_put_long(out, "order-id", o->id, err));
    TRY(jsontext_put_open(out, "fields", '[', err));
    for (size_t i = 0; i < o->count; i++) {
        const struct iceberg_sort_field *f = &o->fields[i];
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_str(out, "transform", f->transform.text, err));
        TRY(jsontext_put_long(out, "source-id", f->source_id, err));
        TRY(jsontext_put_str(out, "direction", f->descending ? STR("desc") : STR("asc"), err));
        TRY(jsontext_put_str(out, "null-order",
                             f->nulls_last ? STR("nulls-last") : STR("nulls-first"), err));
        TRY(jsontext_put_close(out, '}', err));
    }
    TRY(jsontext_put_close(out, ']', err));
    return jsontext_put_close(out, '}', err);
}

/* ---- comparison ---- */

bool iceberg_transform_same(struct iceberg_transform a, struct iceberg_transform b)
{
    if (a.kind != b.kind || a.param != b.param)
        return false;
    return a.kind != ICEBERG_UNKNOWN_TRANSFORM || str_eq_nocase(a.text, b.text);
}

/* Java's compatibleWith: the ids of the partition fields do not count. */
bool iceberg_spec_same(const struct iceberg_spec *a, const struct iceberg_spec *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->fields[i].source_id != b->fields[i].source_id ||
            !str_eq(a->fields[i].name, b->fields[i].name) ||
            !iceberg_transform_same(a->fields[i].transform, b->fields[i].transform))
            return false;
    return true;
}

bool iceberg_order_same(const struct iceberg_sort_order *a, const struct iceberg_sort_order *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct iceberg_sort_field *x = &a->fields[i], *y = &b->fields[i];
        if (x->source_id != y->source_id || x->descending != y->descending ||
            x->nulls_last != y->nulls_last || !iceberg_transform_same(x->transform, y->transform))
            return false;
    }
    return true;
}

/* Source types of each transform (spec "Partition Transforms"). */
bool iceberg_transform_fits(struct iceberg_transform t, struct column_type source)
{
    bool instant = source.kind == COLUMN_TIMESTAMP || source.kind == COLUMN_TIMESTAMPTZ;
    bool whole = column_type_is_integer(source) || source.kind == COLUMN_DECIMAL;
    switch (t.kind) {
    case ICEBERG_IDENTITY:
    case ICEBERG_VOID:
        return source.kind != COLUMN_UNKNOWN && source.kind != COLUMN_INTERVAL;
    case ICEBERG_BUCKET:
        return whole || instant || source.kind == COLUMN_DATE || source.kind == COLUMN_TIME ||
               (column_type_phys(source) == PHYS_STR && source.kind != COLUMN_UNKNOWN);
    case ICEBERG_TRUNCATE:
        return whole || source.kind == COLUMN_TEXT || source.kind == COLUMN_BINARY;
    case ICEBERG_YEAR:
    case ICEBERG_MONTH:
    case ICEBERG_DAY:
        return instant || source.kind == COLUMN_DATE;
    case ICEBERG_HOUR:
        return instant;
    case ICEBERG_UNKNOWN_TRANSFORM:
        break;
    }
    return false;
}

/* ---- texts people write ---- */

struct cursor {
    struct str text;
    size_t at;
    const char *what; /* "partitioning", "sorted_by": stands in messages */
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->text.len && isspace((unsigned char)c->text.ptr[c->at]))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at >= c->text.len || c->text.ptr[c->at] != wanted)
        return false;
    c->at++;
    return true;
}

static status bad_text(const struct cursor *c, const char *expected, struct error *err)
{
    FAIL(err, ST_INVALID, "%s '%.*s': %s expected at character %zu", c->what, STR_ARG(c->text),
         expected, c->at + 1);
}

static bool word_byte(char ch)
{
    return isalnum((unsigned char)ch) || ch == '_' || ch == '$' || (unsigned char)ch >= 0x80;
}

/* A name, "quoted" or bare, or a number (*number then). len 0 with bare when there is none. */
static status take_word(struct cursor *c, struct arena *arena, struct str *out, bool *quoted,
                        struct error *err)
{
    skip_blanks(c);
    *quoted = take(c, '"');
    char *to;
    TRY(arena_alloc(arena, c->text.len + 1, (void **)&to, err));
    *out = (struct str){to, 0};
    while (c->at < c->text.len) {
        char ch = c->text.ptr[c->at];
        if (*quoted && ch == '"') {
            c->at++;
            if (c->at >= c->text.len || c->text.ptr[c->at] != '"') {
                to[out->len] = 0;
                return ST_OK;
            }
        } else if (!*quoted && !word_byte(ch)) {
            break;
        }
        to[out->len++] = ch;
        c->at++;
    }
    to[out->len] = 0;
    return *quoted ? bad_text(c, "a closing quote", err) : ST_OK;
}

static status find_column(const struct cursor *c, const struct iceberg_schema *schema,
                          struct str name, bool quoted, const struct iceberg_field **out,
                          struct error *err)
{
    *out = iceberg_field_by_name(schema, name);
    for (size_t i = 0; i < schema->count && !*out && !quoted; i++)
        if (str_eq_nocase(schema->fields[i].name, name))
            *out = &schema->fields[i];
    if (*out && !(*out)->nested && !(*out)->unread)
        return ST_OK;
    if (*out)
        FAIL(err, ST_UNSUPPORTED, "%s by the nested column \"%.*s\"", c->what, STR_ARG(name));
    FAIL_SQL(err, ST_INVALID, "42703", 0, "%s: column \"%.*s\" does not exist", c->what,
             STR_ARG(name));
}

static bool to_number(struct str text, int32_t *out)
{
    int64_t v = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || v > INT32_MAX)
            return false;
        v = v * 10 + (text.ptr[i] - '0');
    }
    *out = (int32_t)v;
    return text.len > 0 && v > 0 && v <= INT32_MAX;
}

/* What is between the parentheses: a column, and a number before (Spark) or behind (Trino) it. */
static status take_arguments(struct cursor *c, const struct iceberg_schema *schema,
                             struct arena *arena, bool has_param,
                             const struct iceberg_field **column, int32_t *param, struct error *err)
{
    struct str word;
    bool quoted, have_number = false;
    *column = NULL;
    do {
        TRY(take_word(c, arena, &word, &quoted, err));
        if (!quoted && has_param && !have_number && to_number(word, param)) {
            have_number = true;
            continue;
        }
        if (*column || (!quoted && word.len == 0))
            return bad_text(c, has_param ? "a column and a positive number" : "a column", err);
        TRY(find_column(c, schema, word, quoted, column, err));
    } while (take(c, ','));
    if (!*column || have_number != has_param)
        return bad_text(c, has_param ? "a column and a positive number" : "a column", err);
    return take(c, ')') ? ST_OK : bad_text(c, "')'", err);
}

/* "column" or "transform(...)"; *suffix is what the partition field's name gets. */
static status take_term(struct cursor *c, const struct iceberg_schema *schema, struct arena *arena,
                        const struct iceberg_field **column, struct iceberg_transform *out,
                        const char **suffix, struct error *err)
{
    struct str word;
    bool quoted;
    char text[64];
    TRY(take_word(c, arena, &word, &quoted, err));
    if (word.len == 0)
        return bad_text(c, "a column or a transform", err);
    *out = (struct iceberg_transform){.kind = ICEBERG_IDENTITY, .text = STR("identity")};
    *suffix = "";
    if (quoted || !take(c, '(')) {
        TRY(find_column(c, schema, word, quoted, column, err));
    } else {
        size_t i = 0;
        while (i < ARRAY_LEN(transforms) && !str_eq_nocase(word, str_of(transforms[i].name)) &&
               !(transforms[i].plural && str_eq_nocase(word, str_of(transforms[i].plural))))
            i++;
        if (i == ARRAY_LEN(transforms))
            FAIL(err, ST_INVALID,
                 "%s: transform \"%.*s\" is none of identity, bucket, truncate, year, month, day, "
                 "hour, void",
                 c->what, STR_ARG(word));
        out->kind = transforms[i].kind;
        *suffix = transforms[i].suffix;
        TRY(take_arguments(c, schema, arena, transforms[i].has_param, column, &out->param, err));
        if (transforms[i].has_param)
            snprintf(text, sizeof(text), "%s[%d]", transforms[i].name, out->param);
        else
            snprintf(text, sizeof(text), "%s", transforms[i].name);
        TRY(arena_str(arena, str_of(text), &out->text, err));
    }
    if (!iceberg_transform_fits(*out, (*column)->type))
        FAIL(err, ST_INVALID, "%s: %.*s does not go with type %s of column \"%.*s\"", c->what,
             STR_ARG(out->text), column_type_name((*column)->type, text), STR_ARG((*column)->name));
    return ST_OK;
}

/* Java's PartitionSpec.Builder: a name may be a column's only if it is that column's identity. */
static status check_name(const struct iceberg_spec *spec, const struct iceberg_partition_field *f,
                         const struct iceberg_schema *schema, struct error *err)
{
    const struct iceberg_field *column = iceberg_field_by_name(schema, f->name);
    if (column && (f->transform.kind != ICEBERG_IDENTITY || column->id != f->source_id))
        FAIL(err, ST_INVALID, "partitioning: the field's name \"%.*s\" is a column's",
             STR_ARG(f->name));
    for (size_t i = 0; i < spec->count; i++)
        if (str_eq(spec->fields[i].name, f->name))
            FAIL(err, ST_INVALID, "partitioning: \"%.*s\" is there twice", STR_ARG(f->name));
    return ST_OK;
}

/* Equal fields keep the id they had in any spec of the table (spec "Partition Evolution"). */
static int32_t partition_id(const struct iceberg_table *base, struct iceberg_partition_field *f,
                            int32_t *last)
{
    for (size_t i = 0; base && i < base->spec_count; i++)
        for (size_t k = 0; k < base->specs[i].count; k++) {
            const struct iceberg_partition_field *old = &base->specs[i].fields[k];
            if (old->source_id == f->source_id && str_eq(old->name, f->name) &&
                iceberg_transform_same(old->transform, f->transform))
                return old->field_id;
        }
    return ++*last;
}

status iceberg_spec_parse(struct str text, const struct iceberg_schema *schema,
                          const struct iceberg_table *base, struct arena *arena,
                          struct iceberg_spec *out, struct error *err)
{
    struct cursor c = {.text = text, .what = "partitioning"};
    size_t capacity = 0;
    int32_t last = base ? base->last_partition_id : FIRST_PARTITION_ID - 1;
    *out = (struct iceberg_spec){.id = -1};
    skip_blanks(&c);
    if (c.at == text.len)
        return ST_OK;
    do {
        struct iceberg_partition_field f = {0};
        const struct iceberg_field *column;
        const char *suffix;
        if (out->count >= FIELDS_MAX)
            FAIL(err, ST_LIMIT, "partitioning by more than %u fields", FIELDS_MAX);
        TRY(take_term(&c, schema, arena, &column, &f.transform, &suffix, err));
        f.source_id = column->id;
        TRY(arena_printf(arena, &f.name, err, "%.*s%s", STR_ARG(column->name), suffix));
        TRY(check_name(out, &f, schema, err));
        f.field_id = partition_id(base, &f, &last);
        TRY(arena_grow(arena, (void **)&out->fields, sizeof(f), &capacity, out->count + 1, err));
        out->fields[out->count++] = f;
    } while (take(&c, ','));
    skip_blanks(&c);
    return c.at == text.len ? ST_OK : bad_text(&c, "a comma", err);
}

/* The word if it stands next, in any case. */
static status take_keyword(struct cursor *c, struct arena *arena, const char *keyword, bool *taken,
                           struct error *err)
{
    struct cursor look = *c;
    struct str word;
    bool quoted;
    TRY(take_word(&look, arena, &word, &quoted, err));
    *taken = !quoted && str_eq_nocase(word, str_of(keyword));
    if (*taken)
        *c = look;
    return ST_OK;
}

/* [ASC | DESC] [NULLS FIRST | NULLS LAST]; by default nulls stand first ascending and last
 * descending, as Iceberg and Trino have it. */
static status take_direction(struct cursor *c, struct arena *arena, struct iceberg_sort_field *f,
                             struct error *err)
{
    bool taken;
    TRY(take_keyword(c, arena, "desc", &f->descending, err));
    if (!f->descending)
        TRY(take_keyword(c, arena, "asc", &taken, err));
    f->nulls_last = f->descending;
    TRY(take_keyword(c, arena, "nulls", &taken, err));
    if (!taken)
        return ST_OK;
    TRY(take_keyword(c, arena, "last", &f->nulls_last, err));
    if (f->nulls_last)
        return ST_OK;
    TRY(take_keyword(c, arena, "first", &taken, err));
    return taken ? ST_OK : bad_text(c, "FIRST or LAST", err);
}

status iceberg_order_parse(struct str text, const struct iceberg_schema *schema,
                           struct arena *arena, struct iceberg_sort_order *out, struct error *err)
{
    struct cursor c = {.text = text, .what = "sorted_by"};
    size_t capacity = 0;
    *out = (struct iceberg_sort_order){0};
    skip_blanks(&c);
    if (c.at == text.len)
        return ST_OK;
    out->id = -1;
    do {
        struct iceberg_sort_field f = {0};
        const struct iceberg_field *column;
        const char *suffix;
        if (out->count >= FIELDS_MAX)
            FAIL(err, ST_LIMIT, "sorted_by more than %u fields", FIELDS_MAX);
        TRY(take_term(&c, schema, arena, &column, &f.transform, &suffix, err));
        f.source_id = column->id;
        TRY(take_direction(&c, arena, &f, err));
        TRY(arena_grow(arena, (void **)&out->fields, sizeof(f), &capacity, out->count + 1, err));
        out->fields[out->count++] = f;
    } while (take(&c, ','));
    skip_blanks(&c);
    return c.at == text.len ? ST_OK : bad_text(&c, "a comma", err);
}
