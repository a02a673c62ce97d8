// SPDX-License-Identifier: Apache-2.0
/* engine_lookup.c - what names mean in a statement: tables, their past, their metadata, files.
 *
 *     demo.sales            staged by this transaction, else as the catalog was pinned
 *     demo."sales@<at>"     a snapshot id, branch, tag, date or timestamp
 *     demo."sales$files"    a metadata table (engine_meta.c)
 *     summary, raw          only inside a gate's checks (struct engine_alias)
 *
 * A name that stands in the catalog as it is written always wins over the suffixes. */
#include "engine/engine_int.h"

#include "column/column_text.h"
#include "summary/summary.h"

#include <stdio.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

static bool name_matches(const struct query_name *wanted, struct str have)
{
    return wanted->quoted ? str_eq(wanted->text, have) : str_eq_nocase(wanted->text, have);
}

/* The one of `names` that is meant: exact first, else the only one that matches without case. */
static const struct str *pick_name(const struct query_name *wanted, const struct str *names,
                                   size_t count, bool *ambiguous)
{
    const struct str *found = NULL;
    *ambiguous = false;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(wanted->text, names[i])) {
            *ambiguous = false;
            return &names[i];
        }
        if (name_matches(wanted, names[i])) {
            *ambiguous = found != NULL;
            found = &names[i];
        }
    }
    return found;
}

static const struct str *nearest(struct str name, const struct str *names, size_t count)
{
    const struct str *best = NULL;
    int least = 4;
    for (size_t i = 0; i < count; i++) {
        int d = str_distance(name, names[i]);
        if (d < least) {
            least = d;
            best = &names[i];
        }
    }
    return best;
}

static status check_catalog(struct firn_session *s, const struct query_name *catalog,
                            int64_t position, struct error *err)
{
    if (catalog->text.len == 0 || name_matches(catalog, catalog_name(s->catalog)))
        return ST_OK;
    FAIL_SQL(err, ST_NOT_FOUND, "3D000", position, "catalog \"%.*s\" is not the open one, \"%.*s\"",
             STR_ARG(catalog->text), STR_ARG(catalog_name(s->catalog)));
}

/* What this transaction has last done to a namespace; NULL = nothing. */
static const struct catalog_change *space_change(const struct firn_session *s, struct str space)
{
    const struct catalog_change *last = NULL;
    for (size_t i = 0; i < s->txn->change_count; i++)
        if (str_eq(s->txn->changes[i].name.space, space))
            last = &s->txn->changes[i];
    return last;
}

status engine_space_exists(struct firn_session *s, struct str space, bool *out, struct error *err)
{
    const struct catalog_change *ch = space_change(s, space);
    if (!ch)
        return catalog_namespace_exists(s->txn->pin, space, out, err);
    *out = ch->kind == CATALOG_CREATE_SPACE;
    return ST_OK;
}

status engine_spaces(struct firn_session *s, struct arena *arena, struct str **out, size_t *count,
                     struct error *err)
{
    struct str *pinned;
    size_t n;
    TRY(catalog_namespaces(s->txn->pin, arena, &pinned, &n, err));
    TRY(ARENA_ARRAY(arena, struct str, n + s->txn->change_count, out, err));
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (!space_change(s, pinned[i]))
            (*out)[(*count)++] = pinned[i];
    for (size_t i = 0; i < s->txn->change_count; i++) {
        const struct catalog_change *ch = &s->txn->changes[i];
        if (ch->kind == CATALOG_CREATE_SPACE && ch == space_change(s, ch->name.space))
            (*out)[(*count)++] = ch->name.space;
    }
    return ST_OK;
}

status engine_resolve_space(struct firn_session *s, const struct query_name *space,
                            const struct query_name *catalog, struct arena *arena, struct str *out,
                            bool *exists, struct error *err)
{
    struct str *names;
    size_t n;
    bool ambiguous;
    TRY(engine_txn_pin(s, err));
    TRY(check_catalog(s, catalog, 0, err));
    *out = space->text;
    TRY(engine_space_exists(s, space->text, exists, err));
    if (*exists || space->quoted)
        return ST_OK;
    TRY(engine_spaces(s, arena, &names, &n, err));
    const struct str *found = pick_name(space, names, n, &ambiguous);
    if (ambiguous)
        FAIL_SQL(err, ST_INVALID, "42702", 0,
                 "schema \"%.*s\" is ambiguous: several differ in case only; quote it",
                 STR_ARG(space->text));
    *exists = found != NULL;
    if (found)
        *out = *found;
    return ST_OK;
}

/* Tables of a namespace as this transaction sees them. */
status engine_tables(struct firn_session *s, struct str space, struct arena *arena,
                     struct str **out, size_t *count, struct error *err)
{
    struct str *pinned;
    size_t n, staged = 0;
    TRY(catalog_tables(s->txn->pin, space, arena, &pinned, &n, err));
    for (struct engine_staged *t = s->txn->tables; t; t = t->next)
        staged++;
    TRY(ARENA_ARRAY(arena, struct str, n + staged, out, err));
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (!engine_staged_find(s->txn, (struct catalog_name){space, pinned[i]}))
            (*out)[(*count)++] = pinned[i];
    for (struct engine_staged *t = s->txn->tables; t; t = t->next)
        if (t->current && str_eq(t->name.space, space))
            (*out)[(*count)++] = t->name.table;
    return ST_OK;
}

/* Of the very name, so that a catalog need not list all others. */
static status table_exists(struct firn_session *s, struct catalog_name name, struct arena *arena,
                           bool *out, struct error *err)
{
    const struct engine_staged *staged = engine_staged_find(s->txn, name);
    struct str location;
    *out = staged && staged->current;
    if (staged)
        return ST_OK;
    TRY(catalog_location(s->txn->pin, name, arena, &location, err));
    *out = location.ptr != NULL;
    return ST_OK;
}

static status schema_of(struct firn_session *s, const struct query_table_name *name,
                        struct arena *arena, struct str *out, bool *exists, struct error *err)
{
    struct query_name schema = name->schema;
    if (schema.text.len == 0)
        schema.text = engine_setting_get(s, "search_path");
    if (schema.text.len == 0)
        FAIL_SQL(err, ST_NOT_FOUND, "42P01", name->position,
                 "table \"%.*s\" needs its schema: write schema.%.*s, or SET search_path",
                 STR_ARG(name->table.text), STR_ARG(name->table.text));
    TRY(check_catalog(s, &name->catalog, name->position, err));
    struct catalog_name next[] = {{.space = schema.text}, {schema.text, name->table.text}};
    if (!space_change(s, schema.text) && !engine_staged_find(s->txn, next[1]))
        TRY(catalog_expect(s->txn->pin, next, ARRAY_LEN(next), err));
    status st = engine_resolve_space(s, &schema, &(struct query_name){0}, arena, out, exists, err);
    if (st != ST_OK)
        error_position(err, name->position);
    return st;
}

status engine_resolve(struct firn_session *s, const struct query_table_name *name,
                      struct arena *arena, struct catalog_name *out, bool *exists,
                      struct error *err)
{
    struct str *names;
    size_t n;
    bool ambiguous;
    TRY(engine_txn_pin(s, err));
    TRY(schema_of(s, name, arena, &out->space, exists, err));
    out->table = name->table.text;
    if (!*exists)
        return ST_OK;
    TRY(table_exists(s, *out, arena, exists, err));
    if (*exists || name->table.quoted)
        return ST_OK;
    TRY(engine_tables(s, out->space, arena, &names, &n, err));
    const struct str *found = pick_name(&name->table, names, n, &ambiguous);
    if (ambiguous)
        FAIL_SQL(err, ST_INVALID, "42702", name->position,
                 "table \"%.*s\" is ambiguous: several differ in case only; quote it",
                 STR_ARG(name->table.text));
    *exists = found != NULL;
    if (found)
        out->table = *found;
    return ST_OK;
}

status engine_no_space(struct firn_session *s, struct str space, int64_t position,
                       struct arena *arena, struct error *err)
{
    struct str *names;
    size_t n;
    TRY(engine_spaces(s, arena, &names, &n, err));
    const struct str *near = nearest(space, names, n);
    status st = error_set(err, ST_NOT_FOUND, __FILE__, __LINE__, "schema \"%.*s\" does not exist",
                          STR_ARG(space));
    error_sqlstate(err, "3F000");
    error_position(err, position);
    if (near)
        error_detail(err, "Perhaps you meant the schema \"%.*s\".", STR_ARG(*near));
    return st;
}

static status no_table(struct firn_session *s, const struct query_table_name *name,
                       struct catalog_name resolved, struct arena *arena, struct error *err)
{
    struct str *names = NULL;
    size_t n = 0;
    bool space_exists;
    TRY(engine_space_exists(s, resolved.space, &space_exists, err));
    if (!space_exists)
        return engine_no_space(s, resolved.space, name->position, arena, err);
    TRY(engine_tables(s, resolved.space, arena, &names, &n, err));
    const struct str *near = nearest(resolved.table, names, n);
    status st =
        error_set(err, ST_NOT_FOUND, __FILE__, __LINE__, "table \"%.*s.%.*s\" does not exist",
                  STR_ARG(resolved.space), STR_ARG(resolved.table));
    error_sqlstate(err, "42P01");
    error_position(err, name->position);
    if (near)
        error_detail(err, "Perhaps you meant the table \"%.*s\".", STR_ARG(*near));
    return st;
}

status engine_table_must(struct engine_env *e, const struct query_table_name *name,
                         struct catalog_name *out, struct iceberg_table **table, struct error *err)
{
    bool exists;
    TRY(engine_resolve(e->session, name, &e->arena, out, &exists, err));
    if (!exists)
        return no_table(e->session, name, *out, &e->arena, err);
    return engine_table_get(e->session, *out, table, err);
}

/* ---- the past -------------------------------------------------------------------------------- */

static status parse_id(struct str text, int64_t *out)
{
    struct column_value v;
    struct arena none;
    arena_init(&none, NULL);
    status st = column_text_parse(column_type_of(COLUMN_BIGINT), text, NULL, &none, &v, NULL);
    arena_free(&none);
    if (st == ST_OK)
        *out = v.i64;
    return st;
}

static status snapshot_then(const struct iceberg_table *t, struct str at, int64_t ms,
                            const struct iceberg_snapshot **out, struct error *err)
{
    bool earlier = false;
    for (size_t i = 0; i < t->snapshot_log_count; i++)
        earlier |= t->snapshot_log[i].timestamp_ms <= ms;
    if (!earlier)
        FAIL_SQL(err, ST_NOT_FOUND, "42704", 0, "the table had no snapshot yet at %.*s",
                 STR_ARG(at));
    return iceberg_snapshot_at(t, ms, out, err);
}

status engine_snapshot_named(struct engine_env *e, const struct iceberg_table *t, struct str at,
                             const struct iceberg_snapshot **out, struct error *err)
{
    int64_t id;
    struct column_value when;
    const struct iceberg_ref *ref = iceberg_ref_by_name(t, at);
    if (ref) {
        *out = iceberg_snapshot_by_id(t, ref->snapshot_id);
        if (*out)
            return ST_OK;
    }
    if (parse_id(at, &id) == ST_OK) {
        *out = iceberg_snapshot_by_id(t, id);
        if (*out)
            return ST_OK;
        FAIL_SQL(err, ST_NOT_FOUND, "42704", 0, "there is no snapshot %lld", (long long)id);
    }
    if (column_text_parse(column_type_of(COLUMN_TIMESTAMPTZ), at, e->exec.zone, &e->arena, &when,
                          NULL) == ST_OK)
        return snapshot_then(t, at, when.i64 / 1000, out, err);
    FAIL_SQL(err, ST_NOT_FOUND, "42704", 0,
             "\"%.*s\" is no snapshot id, branch, tag or timestamp of this table", STR_ARG(at));
}

/* ---- the lookup for plan --------------------------------------------------------------------- */

/* Rows written under another definition, or by another program, have other states or none: a sum
 * over them is a sum of the visible column. */
static bool states_current(const struct plan_table *t)
{
    struct str hash = iceberg_table_property(t->table, "firn.definition-hash");
    return hash.ptr && t->snapshot &&
           str_eq(hash, iceberg_snapshot_property(t->snapshot, "firn.definition-hash"));
}

status engine_summary_states(struct engine_env *e, struct plan_table *out, struct error *err)
{
    struct summary_definition *d;
    out->state_count = 0;
    if (!states_current(out))
        return ST_OK;
    TRY(summary_load(out->table, true, &e->arena, &d, err));
    if (!d)
        return ST_OK;
    TRY(ARENA_ARRAY(&e->arena, struct plan_state, d->column_count, &out->states, err));
    for (size_t i = 0; i < d->column_count; i++) {
        const struct summary_column *c = &d->columns[i];
        struct plan_state state = {.measure_field_id = c->field_id, .s1_field_id = c->field_id};
        if (c->kind != SUMMARY_MEASURE || c->agg != QUERY_AGG_SUM || c->type.kind != COLUMN_DOUBLE)
            continue;
        for (size_t k = 0; k < d->state_count; k++) {
            if (d->states[k].arg != c->arg)
                continue;
            if (d->states[k].kind == QUERY_AGG_STATE_REST)
                state.rest_field_id = d->states[k].field_id;
            if (d->states[k].kind == QUERY_AGG_STATE_MORE)
                state.more_field_id = d->states[k].field_id;
        }
        if (state.rest_field_id && state.more_field_id)
            out->states[out->state_count++] = state;
    }
    return ST_OK;
}

/* In a transaction that this run has committed before: the snapshot that it made of the table. */
static const struct iceberg_snapshot *left_by_run(const struct firn_session *s,
                                                  const struct iceberg_table *t)
{
    char ordinal[24];
    struct str run = engine_setting_get(s, "run_id");
    snprintf(ordinal, sizeof(ordinal), "%lld", (long long)s->run_ordinal + 1);
    for (size_t i = 0; s->txn->skip && i < t->snapshot_count; i++) {
        const struct iceberg_snapshot *x = &t->snapshots[i];
        if (str_eq(iceberg_snapshot_property(x, "firn.run-id"), run) &&
            str_eq_z(iceberg_snapshot_property(x, "firn.run-ordinal"), ordinal))
            return x;
    }
    return NULL;
}

/* At a snapshot other than the current one. */
static void at_snapshot(struct plan_table *out, const struct iceberg_snapshot *s)
{
    const struct iceberg_schema *then = iceberg_schema_by_id(out->table, s->schema_id);
    out->snapshot = s;
    if (then)
        out->schema = then;
}

static status describe_table(struct engine_env *e, struct catalog_name name,
                             const struct iceberg_table *t, struct plan_table *out,
                             struct error *err)
{
    const struct iceberg_snapshot *left = left_by_run(e->session, t);
    *out = (struct plan_table){.table = t};
    TRY(arena_printf(&e->arena, &out->name, err, "%.*s.%.*s.%.*s",
                     STR_ARG(catalog_name(e->session->catalog)), STR_ARG(name.space),
                     STR_ARG(name.table)));
    out->schema = iceberg_current_schema(t);
    out->snapshot = iceberg_current_snapshot(t);
    if (left)
        at_snapshot(out, left);
    return engine_summary_states(e, out, err);
}

/* A name with a suffix behind `mark`; *found false when the table in front does not exist. */
static status split_suffix(struct engine_env *e, const struct query_table_name *name, char mark,
                           struct catalog_name *base, struct str *suffix, bool *found,
                           struct error *err)
{
    struct query_table_name front = *name;
    const char *at =
        name->table.text.len ? memchr(name->table.text.ptr, mark, name->table.text.len) : NULL;
    *found = false;
    if (!at)
        return ST_OK;
    size_t n = (size_t)(at - name->table.text.ptr);
    front.table.text.len = n;
    *suffix = (struct str){at + 1, name->table.text.len - n - 1};
    return engine_resolve(e->session, &front, &e->arena, base, found, err);
}

/* "t@dev" where dev is a branch or tag of the whole catalog. */
static status lookup_branch(struct engine_env *e, struct catalog_name name, struct str branch,
                            bool *found, struct plan_table *out, struct error *err)
{
    struct iceberg_table *t;
    TRY(engine_table_on(e->session, branch, name, &t, err));
    *found = t != NULL;
    return t ? describe_table(e, name, t, out, err) : ST_OK;
}

static status lookup_past(struct engine_env *e, const struct query_table_name *name, bool *found,
                          struct plan_table *out, struct error *err)
{
    struct catalog_name base;
    struct iceberg_table *t;
    struct str at = {0};
    TRY(split_suffix(e, name, '@', &base, &at, found, err));
    if (!*found)
        return at.ptr ? lookup_branch(e, base, at, found, out, err) : ST_OK;
    TRY(engine_table_get(e->session, base, &t, err));
    TRY(describe_table(e, base, t, out, err));
    const struct iceberg_snapshot *then;
    status st = engine_snapshot_named(e, t, at, &then, err);
    if (st == ST_NOT_FOUND) {
        bool elsewhere;
        struct error why;
        error_init(&why);
        status on = lookup_branch(e, base, at, &elsewhere, out, &why);
        if (on == ST_OK && elsewhere)
            return ST_OK;
        if (on != ST_OK && err)
            *err = why;
        st = on != ST_OK ? on : st;
    }
    if (st != ST_OK) {
        error_position(err, name->position);
        return st;
    }
    const struct iceberg_ref *ref = iceberg_ref_by_name(t, at);
    if (ref && !ref->is_tag)
        out->snapshot = then; /* under the table's schema: a branch goes on, as in Spark */
    else
        at_snapshot(out, then);
    return engine_summary_states(e, out, err);
}

static status lookup_meta(struct engine_env *e, const struct query_table_name *name, bool *found,
                          struct plan_table *out, struct error *err)
{
    struct catalog_name base;
    struct iceberg_table *t;
    struct str kind;
    TRY(split_suffix(e, name, '$', &base, &kind, found, err));
    if (!*found)
        return ST_OK;
    TRY(engine_table_read(e->session, base, err));
    TRY(engine_table_get(e->session, base, &t, err));
    *out = (struct plan_table){.name = name->table.text};
    status st = engine_meta_table(e, t, kind, &out->rows, err);
    if (st != ST_OK)
        error_position(err, name->position);
    return st;
}

static status lookup_table(void *self, const struct query_table_name *name, struct arena *arena,
                           struct plan_table *out, struct error *err)
{
    struct engine_env *e = self;
    struct catalog_name resolved;
    struct iceberg_table *t;
    bool exists, found;
    if (e->only) {
        *out = *e->only;
        return ST_OK;
    }
    if (name->schema.text.len == 0)
        for (size_t i = 0; i < e->alias_count; i++)
            if (name_matches(&name->table, e->aliases[i].name)) {
                *out = e->aliases[i].table;
                return ST_OK;
            }
    TRY(engine_resolve(e->session, name, &e->arena, &resolved, &exists, err));
    if (exists) {
        TRY(engine_table_read(e->session, resolved, err));
        TRY(engine_table_get(e->session, resolved, &t, err));
        TRY(describe_table(e, resolved, t, out, err));
        if (!e->bound || !str_eq(t->uuid, e->bound->raw_uuid))
            return ST_OK;
        return summary_bound_schema(e->bound, out->schema, &e->arena, &out->schema, err);
    }
    TRY(lookup_past(e, name, &found, out, err));
    if (!found)
        TRY(lookup_meta(e, name, &found, out, err));
    return found ? ST_OK : no_table(e->session, name, resolved, &e->arena, err);
}

status engine_csv_option(struct query_csv_options *o, const struct query_option *option,
                         bool *known, struct error *err)
{
    struct str name = option->name.text, v = option->value;
    *known = true;
    if (str_eq(name, STR("header"))) {
        o->header = !v.ptr || str_eq_nocase(v, STR("true")) || str_eq_nocase(v, STR("on")) ||
                    str_eq(v, STR("1")) || str_eq_nocase(v, STR("match"));
    } else if (str_eq(name, STR("delimiter")) || str_eq(name, STR("delim")) ||
               str_eq(name, STR("quote")) || str_eq(name, STR("escape"))) {
        if (v.len != 1 || v.ptr[0] == '\n' || v.ptr[0] == '\r')
            FAIL_SQL(err, ST_INVALID, "22023", option->position,
                     "%.*s must be one single-byte character", STR_ARG(name));
        *(name.ptr[0] == 'd'   ? &o->delimiter
          : name.ptr[0] == 'q' ? &o->quote
                               : &o->escape) = v.ptr[0];
    } else if (str_eq(name, STR("null")) || str_eq(name, STR("null_text")) ||
               str_eq(name, STR("nullstr"))) {
        o->null_text = v;
    } else if (str_eq(name, STR("on_error"))) {
        if (!str_eq_nocase(v, STR("stop")) && !str_eq_nocase(v, STR("ignore")))
            FAIL_SQL(err, ST_INVALID, "22023", option->position,
                     "on_error must be \"stop\" or \"ignore\", not \"%.*s\"", STR_ARG(v));
        o->bad_row = str_eq_nocase(v, STR("ignore")) ? QUERY_BAD_ROW_SKIP : QUERY_BAD_ROW_FAIL;
    } else if (str_eq(name, STR("sample_rows"))) {
        TRY(parse_id(v, &o->sample_rows));
    } else {
        *known = false;
    }
    return ST_OK;
}

void engine_csv_defaults(struct query_csv_options *o)
{
    *o = (struct query_csv_options){.header = true,
                                    .delimiter = ',',
                                    .quote = '"',
                                    .escape = '"',
                                    .null_text = STR(""),
                                    .sample_rows = 20480};
}

static status lookup_files(void *self, bool csv, const struct str *patterns, size_t pattern_count,
                           const struct query_option *options, size_t option_count,
                           struct arena *arena, struct query_plan **out, struct error *err)
{
    struct engine_env *e = self;
    struct query_csv_options csv_options;
    engine_csv_defaults(&csv_options);
    for (size_t i = 0; i < option_count; i++) {
        bool known = false;
        if (csv)
            TRY(engine_csv_option(&csv_options, &options[i], &known, err));
        if (!known)
            FAIL_SQL(err, ST_UNSUPPORTED, "42883", options[i].position, "%s has no option \"%.*s\"",
                     csv ? "read_csv" : "read_parquet", STR_ARG(options[i].name.text));
    }
    TRY(ARENA_NEW(arena, struct query_plan, out, err));
    return exec_describe_files(&e->exec, csv, patterns, pattern_count, &csv_options, NULL, *out,
                               err);
}

static status lookup_fold(void *self, const struct query_expr *x, struct arena *arena,
                          struct column_value *out, struct error *err)
{
    struct engine_env *e = self;
    return exec_fold(x, &e->exec, arena, out, err);
}

/* ---- the environment of a statement ---------------------------------------------------------- */

static void forward_notice(void *self, const char *text)
{
    engine_notice(self, "%s", text);
}

status engine_env_init(struct engine_env *e, struct firn_session *s, struct error *err)
{
    *e = (struct engine_env){.session = s};
    arena_init(&e->arena, &s->account);
    e->exec = (struct exec_context){.store = s->store,
                                    .account = &s->account,
                                    .zone = s->zone,
                                    .now_us = s->txn->now_us,
                                    .arena = &e->arena,
                                    .counters = &e->counters,
                                    .cancel = &s->cancel,
                                    .notice = forward_notice,
                                    .notice_self = s};
    e->lookup = (struct plan_lookup){e, lookup_table, lookup_files, lookup_fold};
    e->plan = (struct plan_context){.arena = &e->arena,
                                    .store = s->store,
                                    .account = &s->account,
                                    .lookup = &e->lookup,
                                    .zone = s->zone};
    return ST_OK;
}

void engine_env_free(struct engine_env *e)
{
    arena_free(&e->arena);
}
