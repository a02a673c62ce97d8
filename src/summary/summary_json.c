// SPDX-License-Identifier: Apache-2.0
/* summary_json.c - definitions as table properties.
 *
 *     {"version": 1, "select": "SELECT ...", "zone": "UTC",
 *      "raw": {"name": "demo.sales", "uuid": "...", "ref": "main"},
 *      "columns": [{"name", "type", "key": true} | {"name", "type", "aggregate", "argument"} ...],
 *      "states":  [{"kind", "argument", "type", "id"} ...],
 *      "checks":  [{"name", "check"} ...]}
 *
 * The property of a table is as foreign as any other byte: every member is checked, counts are
 * bounded by the text's own length, and an unknown version is refused. Members come out in this
 * order, so equal definitions are equal texts. */
#include "summary/summary.h"

#include "base/jsontext.h"
#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFINITION_BYTES ((size_t)4 << 20)
#define DEFINITION_ITEMS 50000u /* columns, states or checks: what a list may make us allocate */

/* ---- out ------------------------------------------------------------------------------------- */

static json_t *text(struct str s)
{
    return json_stringn(s.ptr ? s.ptr : "", s.len);
}

/* EXPLAIN prints count(*) and count(x) with their arguments; here the word alone must tell. */
static const char *agg_word(enum query_agg kind)
{
    return kind == QUERY_AGG_COUNT_STAR ? "count_rows" : query_agg_name(kind);
}

/* list with item at its end; both are taken, and NULL comes back when either is NULL or memory runs
 * out. */
static json_t *append(json_t *list, json_t *item)
{
    if (list && json_array_append_new(list, item) == 0)
        return list;
    if (!list)
        json_decref(item);
    json_decref(list);
    return NULL;
}

static json_t *column_json(const struct summary_column *c)
{
    char type[64];
    const char *name = column_type_name(c->type, type);
    if (c->kind == SUMMARY_KEY)
        return json_pack("{s:o, s:s, s:i, s:b}", "name", text(c->name), "type", name, "id",
                         c->field_id, "key", 1);
    return json_pack("{s:o, s:s, s:i, s:s, s:i}", "name", text(c->name), "type", name, "id",
                     c->field_id, "aggregate", agg_word(c->agg), "argument", c->arg);
}

static json_t *columns_json(const struct summary_definition *d)
{
    json_t *all = json_array();
    for (size_t i = 0; all && i < d->column_count; i++)
        all = append(all, column_json(&d->columns[i]));
    return all;
}

static json_t *states_json(const struct summary_definition *d)
{
    json_t *all = json_array();
    for (size_t i = 0; all && i < d->state_count; i++) {
        const struct summary_state *s = &d->states[i];
        char type[64];
        all = append(all,
                     json_pack("{s:s, s:i, s:s, s:i}", "kind", agg_word(s->kind), "argument",
                               s->arg, "type", column_type_name(s->type, type), "id", s->field_id));
    }
    return all;
}

static json_t *checks_json(const struct summary_definition *d)
{
    json_t *all = json_array();
    for (size_t i = 0; all && i < d->check_count; i++)
        all = append(all, json_pack("{s:o, s:o}", "name", text(d->checks[i].name), "check",
                                    text(d->checks[i].text)));
    return all;
}

status summary_format(const struct summary_definition *d, struct arena *arena, struct str *out,
                      struct error *err)
{
    json_t *o =
        json_pack("{s:i, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o}", "version",
                  atoi(SUMMARY_VERSION), "select", text(d->select), "zone", text(d->zone), "raw",
                  "name", text(d->raw_name), "uuid", text(d->raw_uuid), "ref", text(d->raw_ref),
                  "columns", columns_json(d), "states", states_json(d), "checks", checks_json(d));
    if (!o)
        FAIL(err, ST_OOM, "out of memory: a definition's text");
    status st = jsontext_dump(arena, o, out, err);
    json_decref(o);
    return st;
}

/* ---- in -------------------------------------------------------------------------------------- */

static status member_text(const json_t *o, const char *key, struct arena *arena, struct str *out,
                          struct error *err)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v))
        FAIL(err, ST_CORRUPT, "definition: expected text for \"%s\"", key);
    return arena_str(arena, (struct str){json_string_value(v), json_string_length(v)}, out, err);
}

static status member_int(const json_t *o, const char *key, int64_t low, int64_t high, int32_t *out,
                         struct error *err)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_integer(v) || json_integer_value(v) < low || json_integer_value(v) > high)
        FAIL(err, ST_CORRUPT, "definition: expected a number from %lld to %lld for \"%s\"",
             (long long)low, (long long)high, key);
    *out = (int32_t)json_integer_value(v);
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
    FAIL(err, ST_CORRUPT, "definition: unknown type \"%.*s\"", (int)(name.len < 60 ? name.len : 60),
         name.ptr);
}

static status parse_agg(struct str name, enum query_agg *out, struct error *err)
{
    for (int k = QUERY_AGG_COUNT_STAR; k <= QUERY_AGG_STATE_SQUARES; k++)
        if (str_eq_z(name, agg_word((enum query_agg)k))) {
            *out = (enum query_agg)k;
            return ST_OK;
        }
    FAIL(err, ST_CORRUPT, "definition: unknown aggregate \"%.*s\"", STR_ARG(name));
}

static status member_type(const json_t *o, struct arena *arena, struct column_type *out,
                          struct error *err)
{
    struct str name;
    TRY(member_text(o, "type", arena, &name, err));
    return parse_type(name, out, err);
}

static status parse_column(const json_t *o, struct arena *arena, struct summary_column *out,
                           struct error *err)
{
    struct str agg;
    *out = (struct summary_column){.arg = -1};
    TRY(member_text(o, "name", arena, &out->name, err));
    TRY(member_type(o, arena, &out->type, err));
    TRY(member_int(o, "id", 0, INT32_MAX, &out->field_id, err));
    if (json_is_true(json_object_get(o, "key")))
        return ST_OK;
    out->kind = SUMMARY_MEASURE;
    TRY(member_text(o, "aggregate", arena, &agg, err));
    TRY(parse_agg(agg, &out->agg, err));
    return member_int(o, "argument", -1, 10000, &out->arg, err);
}

static status parse_state(const json_t *o, struct arena *arena, struct summary_state *out,
                          struct error *err)
{
    struct str kind;
    TRY(member_text(o, "kind", arena, &kind, err));
    TRY(parse_agg(kind, &out->kind, err));
    if (out->kind != QUERY_AGG_COUNT_STAR && out->kind < QUERY_AGG_STATE_MISSING)
        FAIL(err, ST_CORRUPT, "definition: \"%.*s\" is no state", STR_ARG(kind));
    TRY(member_type(o, arena, &out->type, err));
    TRY(member_int(o, "id", 0, INT32_MAX, &out->field_id, err));
    return member_int(o, "argument", -1, 10000, &out->arg, err);
}

static status member_array(const json_t *o, const char *key, size_t *count, const json_t **out,
                           struct error *err)
{
    *out = json_object_get(o, key);
    if (!json_is_array(*out))
        FAIL(err, ST_CORRUPT, "definition: expected a list for \"%s\"", key);
    *count = json_array_size(*out);
    if (*count > DEFINITION_ITEMS)
        FAIL(err, ST_CORRUPT, "definition: %zu members in \"%s\"; at most %u are read", *count, key,
             DEFINITION_ITEMS);
    return ST_OK;
}

static status parse_lists(const json_t *o, struct arena *arena, struct summary_definition *d,
                          struct error *err)
{
    const json_t *list;
    TRY(member_array(o, "columns", &d->column_count, &list, err));
    TRY(ARENA_ARRAY(arena, struct summary_column, d->column_count, &d->columns, err));
    for (size_t i = 0; i < d->column_count; i++)
        TRY(parse_column(json_array_get(list, i), arena, &d->columns[i], err));
    TRY(member_array(o, "states", &d->state_count, &list, err));
    TRY(ARENA_ARRAY(arena, struct summary_state, d->state_count, &d->states, err));
    for (size_t i = 0; i < d->state_count; i++)
        TRY(parse_state(json_array_get(list, i), arena, &d->states[i], err));
    TRY(member_array(o, "checks", &d->check_count, &list, err));
    TRY(ARENA_ARRAY(arena, struct summary_check, d->check_count, &d->checks, err));
    for (size_t i = 0; i < d->check_count; i++) {
        TRY(member_text(json_array_get(list, i), "name", arena, &d->checks[i].name, err));
        TRY(member_text(json_array_get(list, i), "check", arena, &d->checks[i].text, err));
    }
    return ST_OK;
}

static status parse_object(const json_t *o, struct arena *arena, struct summary_definition *d,
                           struct error *err)
{
    int32_t version;
    const json_t *raw = json_object_get(o, "raw");
    TRY(member_int(o, "version", 1, INT32_MAX, &version, err));
    if (version != atoi(SUMMARY_VERSION))
        FAIL(err, ST_UNSUPPORTED, "definition of version %d; this firn knows version %s", version,
             SUMMARY_VERSION);
    TRY(member_text(o, "select", arena, &d->select, err));
    TRY(member_text(o, "zone", arena, &d->zone, err));
    TRY(member_text(raw, "name", arena, &d->raw_name, err));
    TRY(member_text(raw, "uuid", arena, &d->raw_uuid, err));
    TRY(member_text(raw, "ref", arena, &d->raw_ref, err));
    return parse_lists(o, arena, d, err);
}

status summary_parse(struct str json, struct arena *arena, struct summary_definition **out,
                     struct error *err)
{
    json_t *o;
    if (json.len > DEFINITION_BYTES)
        FAIL(err, ST_CORRUPT, "definition of %zu bytes; at most %zu are read", json.len,
             DEFINITION_BYTES);
    TRY(ARENA_NEW(arena, struct summary_definition, out, err));
    TRY_CONTEXT(jsontext_parse(arena->account, json, JSON_REJECT_DUPLICATES, &o, err), err,
                "definition");
    status st = parse_object(o, arena, *out, err);
    json_decref(o);
    return st;
}

status summary_load(const struct iceberg_table *t, bool published, struct arena *arena,
                    struct summary_definition **out, struct error *err)
{
    struct str json = published ? (struct str){0} : iceberg_table_property(t, "firn.pending");
    if (!json.ptr)
        json = iceberg_table_property(t, "firn.definition");
    *out = NULL;
    return json.ptr ? summary_parse(json, arena, out, err) : ST_OK;
}

/* ---- hash ------------------------------------------------------------------------------------ */

status summary_hash(const struct summary_definition *d, struct arena *arena, struct str *out,
                    struct error *err)
{
    struct summary_definition plain = *d;
    struct str json;
    uint8_t sum[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    plain.check_count = 0; /* checks are kept apart: they change no row */
    TRY(summary_format(&plain, arena, &json, err));
    sha256((struct str){0}, json, sum);
    sha256_hex(sum, hex);
    return arena_str(arena, str_of(hex), out, err);
}
