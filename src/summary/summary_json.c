// SPDX-License-Identifier: Apache-2.0
/* summary_json.c - definitions as JSON, one text for each of three table properties.
 *
 *     definition  {"select": "SELECT ...", "zone": "UTC", "view-version": 1,
 *                  "raw": {"namespace": ["demo"], "name": "sales", "uuid": "...", "ref": "main",
 *                          "columns": [{"id", "name"} ...]},
 *                  "columns": [{"name", "type", "id", "key": true} |
 *                              {"name", "type", "id", "aggregate", "argument"} ...]}
 *     states      [{"kind", "argument", "type", "id"} ...]
 *     checks      [{"name", "check"} ...]
 *     pending     {"version": 1, "definition": {...}, "states": [...], "checks": [...]}
 *
 * A table's property is as foreign as any other byte: every member is checked, counts are bounded
 * by the text's own length, and an unknown version is refused. Members come out in this order, so
 * equal definitions are equal texts. */
#include "summary/summary_int.h"

#include "base/jsontext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES ((size_t)4 << 20)
#define LIST_ITEMS 50000u /* columns, states or checks: what a list may make us allocate */
#define ARGUMENTS  10000  /* more than a statement can say */

/* ---- out ------------------------------------------------------------------------------------- */

/* EXPLAIN prints count(*) and count(x) with their arguments; here the word alone must tell. */
static const char *agg_word(enum query_agg kind)
{
    return kind == QUERY_AGG_COUNT_STAR ? "count_rows" : query_agg_name(kind);
}

static status put_column(struct buffer *out, const struct summary_column *c, struct error *err)
{
    char type[64];
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(jsontext_put_str(out, "name", c->name, err));
    TRY(jsontext_put_str(out, "type", str_of(column_type_name(c->type, type)), err));
    TRY(jsontext_put_long(out, "id", c->field_id, err));
    if (c->kind == SUMMARY_KEY) {
        TRY(jsontext_put_bool(out, "key", true, err));
    } else {
        TRY(jsontext_put_str(out, "aggregate", str_of(agg_word(c->agg)), err));
        TRY(jsontext_put_long(out, "argument", c->arg, err));
    }
    return jsontext_put_close(out, '}', err);
}

status summary_put_name(struct buffer *out, struct catalog_name name, struct error *err)
{
    struct str rest = name.space;
    TRY(jsontext_put_open(out, "namespace", '[', err));
    for (const char *dot; (dot = memchr(rest.ptr, '.', rest.len)) != NULL;) {
        size_t level = (size_t)(dot - rest.ptr);
        TRY(jsontext_put_str(out, NULL, (struct str){rest.ptr, level}, err));
        rest = (struct str){dot + 1, rest.len - level - 1};
    }
    TRY(jsontext_put_str(out, NULL, rest, err));
    TRY(jsontext_put_close(out, ']', err));
    return jsontext_put_str(out, "name", name.table, err);
}

static status put_raw_columns(struct buffer *out, const struct summary_definition *d,
                              struct error *err)
{
    TRY(jsontext_put_open(out, "columns", '[', err));
    for (size_t i = 0; i < d->raw_column_count; i++) {
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_long(out, "id", d->raw_columns[i].field_id, err));
        TRY(jsontext_put_str(out, "name", d->raw_columns[i].name, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return jsontext_put_close(out, ']', err);
}

static status put_definition(struct buffer *out, const char *key,
                             const struct summary_definition *d, struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    TRY(jsontext_put_str(out, "select", d->select, err));
    TRY(jsontext_put_str(out, "zone", d->zone, err));
    TRY(jsontext_put_long(out, "view-version", d->view_version, err));
    TRY(jsontext_put_open(out, "raw", '{', err));
    TRY(summary_put_name(out, d->raw_name, err));
    TRY(jsontext_put_str(out, "uuid", d->raw_uuid, err));
    TRY(jsontext_put_str(out, "ref", d->raw_ref, err));
    if (d->raw_column_count > 0)
        TRY(put_raw_columns(out, d, err));
    TRY(jsontext_put_close(out, '}', err));
    TRY(jsontext_put_open(out, "columns", '[', err));
    for (size_t i = 0; i < d->column_count; i++)
        TRY(put_column(out, &d->columns[i], err));
    TRY(jsontext_put_close(out, ']', err));
    return jsontext_put_close(out, '}', err);
}

static status put_states(struct buffer *out, const char *key, const struct summary_definition *d,
                         struct error *err)
{
    TRY(jsontext_put_open(out, key, '[', err));
    for (size_t i = 0; i < d->state_count; i++) {
        const struct summary_state *s = &d->states[i];
        char type[64];
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_str(out, "kind", str_of(agg_word(s->kind)), err));
        TRY(jsontext_put_long(out, "argument", s->arg, err));
        TRY(jsontext_put_str(out, "type", str_of(column_type_name(s->type, type)), err));
        TRY(jsontext_put_long(out, "id", s->field_id, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return jsontext_put_close(out, ']', err);
}

static status put_checks(struct buffer *out, const char *key, const struct summary_definition *d,
                         struct error *err)
{
    TRY(jsontext_put_open(out, key, '[', err));
    for (size_t i = 0; i < d->check_count; i++) {
        TRY(jsontext_put_open(out, NULL, '{', err));
        TRY(jsontext_put_str(out, "name", d->checks[i].name, err));
        TRY(jsontext_put_str(out, "check", d->checks[i].text, err));
        TRY(jsontext_put_close(out, '}', err));
    }
    return jsontext_put_close(out, ']', err);
}

static status put_pending(struct buffer *out, const char *key, const struct summary_definition *d,
                          struct error *err)
{
    TRY(jsontext_put_open(out, key, '{', err));
    TRY(jsontext_put_long(out, "version", atoi(SUMMARY_VERSION), err));
    TRY(put_definition(out, "definition", d, err));
    TRY(put_states(out, "states", d, err));
    TRY(put_checks(out, "checks", d, err));
    return jsontext_put_close(out, '}', err);
}

static status text_of(status (*put)(struct buffer *out, const char *key,
                                    const struct summary_definition *d, struct error *err),
                      const struct summary_definition *d, struct arena *arena, struct str *out,
                      struct error *err)
{
    struct buffer b;
    buffer_init(&b, arena->account, TEXT_BYTES);
    status st = put(&b, NULL, d, err);
    if (st == ST_OK)
        st = arena_str(arena, buffer_str(&b), out, err);
    buffer_free(&b);
    return st;
}

status summary_format(const struct summary_definition *d, struct arena *arena,
                      struct summary_texts *out, struct error *err)
{
    TRY(text_of(put_definition, d, arena, &out->definition, err));
    TRY(text_of(put_states, d, arena, &out->states, err));
    return text_of(put_checks, d, arena, &out->checks, err);
}

status summary_format_pending(const struct summary_definition *d, struct arena *arena,
                              struct str *out, struct error *err)
{
    return text_of(put_pending, d, arena, out, err);
}

/* ---- in -------------------------------------------------------------------------------------- */

static status member_range(const json_t *o, const char *key, int32_t low, int32_t high,
                           int32_t *out, struct error *err)
{
    TRY(jsontext_get_int(o, key, out, err));
    if (*out < low || *out > high)
        FAIL(err, ST_CORRUPT, "\"%s\" is %d, expected %d to %d", key, *out, low, high);
    return ST_OK;
}

/* A type by PostgreSQL's name, exactly as column_type_name prints it. */
static status parse_type(struct str name, struct column_type *out, struct error *err)
{
    char printed[64], z[64] = "";
    unsigned p, s;
    if (name.len < sizeof(z))
        memcpy(z, name.ptr, name.len);
    if (sscanf(z, "numeric(%2u,%2u)", &p, &s) == 2 && p >= 1 && p <= 38 && s <= p) {
        *out = column_type_decimal(p, s);
        if (str_eq_z(name, column_type_name(*out, printed)))
            return ST_OK;
    }
    if (sscanf(z, "fixed(%9u)", &p) == 1 && p > 0) {
        *out = (struct column_type){.kind = COLUMN_FIXED, .length_bytes = p};
        if (str_eq_z(name, column_type_name(*out, printed)))
            return ST_OK;
    }
    for (int kind = COLUMN_BOOLEAN; kind < COLUMN_INTERVAL; kind++) {
        *out = column_type_of((enum column_kind)kind);
        if (kind != COLUMN_DECIMAL && kind != COLUMN_FIXED &&
            str_eq_z(name, column_type_name(*out, printed)))
            return ST_OK;
    }
    FAIL(err, ST_CORRUPT, "unknown type \"%.*s\"", (int)(name.len < 60 ? name.len : 60), name.ptr);
}

static status parse_agg(struct str name, enum query_agg *out, struct error *err)
{
    for (int k = QUERY_AGG_COUNT_STAR; k <= QUERY_AGG_STATE_SQUARES; k++)
        if (str_eq_z(name, agg_word((enum query_agg)k))) {
            *out = (enum query_agg)k;
            return ST_OK;
        }
    FAIL(err, ST_CORRUPT, "unknown aggregate \"%.*s\"", STR_ARG(name));
}

static status member_type(const json_t *o, struct arena *arena, struct column_type *out,
                          struct error *err)
{
    struct str name;
    TRY(jsontext_get_str(arena, o, "type", &name, err));
    return parse_type(name, out, err);
}

/* How many items a list has; refused when `o` is none or it has too many. */
static status list_count(const json_t *o, const char *what, size_t *out, struct error *err)
{
    if (!json_is_array(o))
        FAIL(err, ST_CORRUPT, "expected a list of %s", what);
    *out = json_array_size(o);
    if (*out > LIST_ITEMS)
        FAIL(err, ST_CORRUPT, "%zu %s; at most %u are read", *out, what, LIST_ITEMS);
    return ST_OK;
}

static status parse_column(const json_t *o, struct arena *arena, struct summary_column *out,
                           struct error *err)
{
    struct str agg;
    *out = (struct summary_column){.arg = -1};
    TRY(jsontext_get_str(arena, o, "name", &out->name, err));
    TRY(member_type(o, arena, &out->type, err));
    TRY(member_range(o, "id", 0, INT32_MAX, &out->field_id, err));
    if (json_is_true(json_object_get(o, "key")))
        return ST_OK;
    out->kind = SUMMARY_MEASURE;
    TRY(jsontext_get_str(arena, o, "aggregate", &agg, err));
    TRY(parse_agg(agg, &out->agg, err));
    return member_range(o, "argument", -1, ARGUMENTS, &out->arg, err);
}

/* Levels joined with ".", as a catalog has them. */
static status parse_space(const json_t *levels, struct arena *arena, struct str *out,
                          struct error *err)
{
    size_t count, bytes = 0;
    char *text;
    TRY(list_count(levels, "levels in \"namespace\"", &count, err));
    for (size_t i = 0; i < count; i++) {
        if (!json_is_string(json_array_get(levels, i)))
            FAIL(err, ST_CORRUPT, "level %zu of \"namespace\" is not text", i + 1);
        bytes += json_string_length(json_array_get(levels, i)) + 1;
    }
    TRY(arena_alloc(arena, bytes + 1, (void **)&text, err));
    *out = (struct str){text, bytes ? bytes - 1 : 0};
    for (size_t i = 0; i < count; i++) {
        size_t length = json_string_length(json_array_get(levels, i));
        memcpy(text, json_string_value(json_array_get(levels, i)), length);
        text[length] = '.';
        text += length + 1;
    }
    return ST_OK;
}

static status parse_raw_columns(const json_t *o, struct arena *arena, struct summary_definition *d,
                                struct error *err)
{
    const json_t *columns;
    TRY(jsontext_get_array(o, "columns", false, &columns, err));
    if (!columns)
        return ST_OK;
    TRY(list_count(columns, "columns of the raw table", &d->raw_column_count, err));
    TRY(ARENA_ARRAY(arena, struct summary_raw_column, d->raw_column_count + 1, &d->raw_columns,
                    err));
    for (size_t i = 0; i < d->raw_column_count; i++) {
        const json_t *c = json_array_get(columns, i);
        TRY(member_range(c, "id", 0, INT32_MAX, &d->raw_columns[i].field_id, err));
        TRY(jsontext_get_str(arena, c, "name", &d->raw_columns[i].name, err));
    }
    return ST_OK;
}

static status parse_raw(const json_t *o, struct arena *arena, struct summary_definition *d,
                        struct error *err)
{
    TRY(parse_space(json_object_get(o, "namespace"), arena, &d->raw_name.space, err));
    TRY(jsontext_get_str(arena, o, "name", &d->raw_name.table, err));
    TRY(jsontext_get_str(arena, o, "uuid", &d->raw_uuid, err));
    TRY(jsontext_get_str(arena, o, "ref", &d->raw_ref, err));
    return parse_raw_columns(o, arena, d, err);
}

static status parse_definition(const json_t *o, struct arena *arena, struct summary_definition *d,
                               struct error *err)
{
    const json_t *columns = json_object_get(o, "columns");
    TRY(jsontext_get_str(arena, o, "select", &d->select, err));
    TRY(jsontext_get_str(arena, o, "zone", &d->zone, err));
    TRY(member_range(o, "view-version", 0, INT32_MAX, &d->view_version, err));
    TRY_CONTEXT(parse_raw(json_object_get(o, "raw"), arena, d, err), err, "\"raw\"");
    TRY(list_count(columns, "columns", &d->column_count, err));
    TRY(ARENA_ARRAY(arena, struct summary_column, d->column_count, &d->columns, err));
    for (size_t i = 0; i < d->column_count; i++)
        TRY_CONTEXT(parse_column(json_array_get(columns, i), arena, &d->columns[i], err), err,
                    "column %zu", i + 1);
    return ST_OK;
}

static status parse_state(const json_t *o, struct arena *arena, struct summary_state *out,
                          struct error *err)
{
    struct str kind;
    TRY(jsontext_get_str(arena, o, "kind", &kind, err));
    TRY(parse_agg(kind, &out->kind, err));
    if (out->kind != QUERY_AGG_COUNT_STAR && out->kind < QUERY_AGG_STATE_MISSING)
        FAIL(err, ST_CORRUPT, "\"%.*s\" is no state", STR_ARG(kind));
    TRY(member_type(o, arena, &out->type, err));
    TRY(member_range(o, "id", 0, INT32_MAX, &out->field_id, err));
    return member_range(o, "argument", -1, ARGUMENTS, &out->arg, err);
}

static status parse_states(const json_t *list, struct arena *arena, struct summary_definition *d,
                           struct error *err)
{
    TRY(list_count(list, "states", &d->state_count, err));
    TRY(ARENA_ARRAY(arena, struct summary_state, d->state_count, &d->states, err));
    for (size_t i = 0; i < d->state_count; i++)
        TRY_CONTEXT(parse_state(json_array_get(list, i), arena, &d->states[i], err), err,
                    "state %zu", i + 1);
    return ST_OK;
}

static status parse_checks(const json_t *list, struct arena *arena, struct summary_definition *d,
                           struct error *err)
{
    TRY(list_count(list, "checks", &d->check_count, err));
    TRY(ARENA_ARRAY(arena, struct summary_check, d->check_count, &d->checks, err));
    for (size_t i = 0; i < d->check_count; i++) {
        const json_t *o = json_array_get(list, i);
        TRY_CONTEXT(jsontext_get_str(arena, o, "name", &d->checks[i].name, err), err, "check %zu",
                    i + 1);
        TRY_CONTEXT(jsontext_get_str(arena, o, "check", &d->checks[i].text, err), err, "check %zu",
                    i + 1);
    }
    return ST_OK;
}

static status parse_pending(const json_t *o, struct arena *arena, struct summary_definition *d,
                            struct error *err)
{
    int32_t version;
    TRY(jsontext_get_int(o, "version", &version, err));
    if (version != atoi(SUMMARY_VERSION))
        FAIL(err, ST_UNSUPPORTED, "version %d; this firn knows version %s", version,
             SUMMARY_VERSION);
    TRY_CONTEXT(parse_definition(json_object_get(o, "definition"), arena, d, err), err,
                "\"definition\"");
    TRY(parse_states(json_object_get(o, "states"), arena, d, err));
    return parse_checks(json_object_get(o, "checks"), arena, d, err);
}

/* One property's text into *d; messages name the property. */
static status parse_text(struct str text, const char *property,
                         status (*parse)(const json_t *o, struct arena *arena,
                                         struct summary_definition *d, struct error *err),
                         struct arena *arena, struct summary_definition *d, struct error *err)
{
    json_t *o;
    if (text.len > TEXT_BYTES)
        FAIL(err, ST_CORRUPT, "property %s has %zu bytes; at most %zu are read", property, text.len,
             TEXT_BYTES);
    TRY_CONTEXT(jsontext_parse(arena->account, text, JSON_REJECT_DUPLICATES, &o, err), err,
                "property %s", property);
    status st = parse(o, arena, d, err);
    json_decref(o);
    if (st != ST_OK)
        error_context(err, "property %s", property);
    return st;
}

status summary_parse(const struct summary_texts *texts, struct arena *arena,
                     struct summary_definition **out, struct error *err)
{
    TRY(ARENA_NEW(arena, struct summary_definition, out, err));
    TRY(parse_text(texts->definition, "firn.definition", parse_definition, arena, *out, err));
    TRY(parse_text(texts->states, "firn.states", parse_states, arena, *out, err));
    return parse_text(texts->checks, "firn.checks", parse_checks, arena, *out, err);
}

status summary_parse_pending(struct str text, struct arena *arena, struct summary_definition **out,
                             struct error *err)
{
    TRY(ARENA_NEW(arena, struct summary_definition, out, err));
    return parse_text(text, "firn.pending", parse_pending, arena, *out, err);
}
