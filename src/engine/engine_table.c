// SPDX-License-Identifier: Apache-2.0
/* engine_table.c - tables made, replaced, renamed and dropped: CREATE TABLE, CREATE SCHEMA and their
 * opposites, ALTER TABLE ... RENAME TO and SET SCHEMA.
 *
 * CREATE OR REPLACE keeps the table's uuid, location, snapshots and properties, gives columns of
 * the same name their old field ids, and starts the main branch anew: what Iceberg's
 * createOrReplace does. */
#include "engine/engine_summary_int.h"

#include "base/random.h"
#include "summary/summary.h"

#include <string.h>

/* ---- what a new table is made of ------------------------------------------------------------- */

/* The type a column is stored as; intervals have none. */
static status stored_type(struct column_field *f, struct error *err)
{
    char name[64];
    if (f->type.kind == COLUMN_SMALLINT)
        f->type = column_type_of(COLUMN_INT);
    if (f->type.kind == COLUMN_UNKNOWN)
        f->type = column_type_of(COLUMN_TEXT);
    if (f->type.kind == COLUMN_INTERVAL)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "column \"%.*s\" has type %s, which Iceberg tables cannot store; cast it",
                 STR_ARG(f->name), column_type_name(f->type, name));
    return ST_OK;
}

/* Everything staged outlives the statement, so names are copied into the transaction's arena. */
static status stored_columns(const struct column_schema *from, struct arena *arena,
                             struct column_schema *out, struct error *err)
{
    out->count = from->count;
    TRY(ARENA_ARRAY(arena, struct column_field, from->count, &out->fields, err));
    for (size_t i = 0; i < from->count; i++) {
        out->fields[i] = from->fields[i];
        out->fields[i].field_id = 0;
        TRY(arena_str(arena, from->fields[i].name, &out->fields[i].name, err));
        out->fields[i].doc = STR("");
        TRY(stored_type(&out->fields[i], err));
        for (size_t k = 0; k < i; k++)
            if (str_eq_nocase(out->fields[k].name, out->fields[i].name))
                FAIL_SQL(err, ST_INVALID, "42701", 0, "column \"%.*s\" specified more than once",
                         STR_ARG(out->fields[i].name));
    }
    if (from->count == 0)
        FAIL_SQL(err, ST_INVALID, "42P16", 0, "a table needs at least one column");
    return ST_OK;
}

struct def_updates {
    struct engine_env *e;
    struct engine_staged *t;
};

static status add(const struct def_updates *u, struct iceberg_update update, struct error *err)
{
    return engine_staged_update(u->e->session, u->t, &update, err);
}

static status identity_updates(const struct def_updates *u, const struct engine_table_def *d,
                               struct error *err)
{
    struct firn_session *s = u->e->session;
    struct arena *a = &s->txn->arena;
    struct iceberg_update update = {.kind = ICEBERG_ASSIGN_UUID};
    char uuid[37];
    TRY(random_uuid(uuid, err));
    TRY(arena_str(a, str_of(uuid), &update.text, err));
    TRY(add(u, update, err));
    update = (struct iceberg_update){.kind = ICEBERG_SET_LOCATION, .text = d->location};
    if (d->location.len == 0)
        TRY(catalog_table_location(s->txn->pin, u->t->name, a, &update.text, err));
    return add(u, update, err);
}

static status layout_updates(const struct def_updates *u, const struct engine_table_def *d,
                             const struct iceberg_table *base, struct error *err)
{
    struct arena *a = &u->e->session->txn->arena;
    struct column_schema columns;
    struct iceberg_schema *schema;
    struct iceberg_spec *spec;
    struct iceberg_sort_order *order;
    int32_t last_id;
    TRY(ARENA_NEW(a, struct iceberg_schema, &schema, err));
    TRY(ARENA_NEW(a, struct iceberg_spec, &spec, err));
    TRY(ARENA_NEW(a, struct iceberg_sort_order, &order, err));
    TRY(stored_columns(d->columns, a, &columns, err));
    TRY(iceberg_schema_assign(base, &columns, a, schema, &last_id, err));
    TRY(iceberg_spec_parse(d->partitioning, schema, base, a, spec, err));
    TRY(iceberg_order_parse(d->sorted_by, schema, a, order, err));
    TRY(add(u,
            (struct iceberg_update){
                .kind = ICEBERG_ADD_SCHEMA, .schema = schema, .last_column_id = last_id},
            err));
    TRY(add(u, (struct iceberg_update){.kind = ICEBERG_SET_CURRENT_SCHEMA, .id = -1}, err));
    TRY(add(u, (struct iceberg_update){.kind = ICEBERG_ADD_SPEC, .spec = spec}, err));
    TRY(add(u, (struct iceberg_update){.kind = ICEBERG_SET_DEFAULT_SPEC, .id = -1}, err));
    TRY(add(u, (struct iceberg_update){.kind = ICEBERG_ADD_ORDER, .order = order}, err));
    return add(u, (struct iceberg_update){.kind = ICEBERG_SET_DEFAULT_ORDER, .id = -1}, err);
}

static status property_updates(const struct def_updates *u, const struct engine_table_def *d,
                               const struct iceberg_table *base, struct error *err)
{
    static const struct property own[] = {
        {{"write.parquet.compression-codec", 31}, {"zstd", 4}},
        {{"write.metadata.delete-after-commit.enabled", 42}, {"true", 4}},
    };
    static const struct property kept[] = {
        {{"write.parquet.compression-codec", 31}, {"zstd", 4}},
        {{"write.metadata.delete-after-commit.enabled", 42}, {"false", 5}},
        {{"gc.enabled", 10}, {"false", 5}},
    };
    struct arena *a = &u->e->session->txn->arena;
    struct property *all, *gone;
    size_t n = 0, gone_count = 0;
    const struct catalog_traits *traits = catalog_traits(u->e->session->catalog);
    const struct property *defaults = traits->keeps_files ? kept : own;
    /* The metadata files of a server that writes them are its own affair. */
    size_t default_count = traits->writes_metadata ? 1
                           : traits->keeps_files   ? ARRAY_LEN(kept)
                                                   : ARRAY_LEN(own);
    TRY(ARENA_ARRAY(a, struct property, default_count + d->property_count, &all, err));
    for (size_t i = 0; i < default_count; i++)
        if (!base || !iceberg_table_property(base, defaults[i].key.ptr).ptr)
            all[n++] = defaults[i];
    for (size_t i = 0; i < d->property_count; i++)
        all[n++] = d->properties[i];
    if (n > 0)
        TRY(add(u,
                (struct iceberg_update){
                    .kind = ICEBERG_SET_PROPERTIES, .property_count = n, .properties = all},
                err));
    if (!base)
        return ST_OK;
    TRY(ARENA_ARRAY(a, struct property, base->property_count, &gone, err));
    for (size_t i = 0; i < base->property_count; i++)
        if (str_starts(base->properties[i].key, STR("firn.")) &&
            !str_eq(base->properties[i].key, STR("firn.publishes")))
            gone[gone_count++] = base->properties[i];
    if (gone_count == 0)
        return ST_OK;
    return add(u,
               (struct iceberg_update){.kind = ICEBERG_REMOVE_PROPERTIES,
                                       .property_count = gone_count,
                                       .properties = gone},
               err);
}

/* A server that writes metadata has the last word on a new table's place and field ids, and files are
 * written by these: what it would make takes the place of our updates. */
static status stage_table(struct firn_session *s, struct engine_staged *t,
                          const struct engine_table_def *d, struct error *err)
{
    struct iceberg_table wanted = *t->current;
    if (!catalog_traits(s->catalog)->writes_metadata)
        return ST_OK;
    if (t->gone.location.ptr)
        FAIL_SQL(
            err, ST_UNSUPPORTED, "0A000", 0,
            "this REST catalog makes table \"%.*s.%.*s\" only when the one of that name is gone; "
            "use two transactions",
            STR_ARG(t->name.space), STR_ARG(t->name.table));
    wanted.location = d->location; /* empty: where the server puts it */
    TRY(catalog_stage(s->txn->pin, t->name, &wanted, &s->txn->arena, &t->origin, err));
    t->update_count = 0;
    return engine_staged_build(s, t, err);
}

status engine_define_table(struct engine_env *e, struct engine_staged *t,
                           const struct engine_table_def *d, struct error *err)
{
    struct def_updates u = {e, t};
    const struct iceberg_table *base = t->base;
    engine_staged_reset(e->session, t);
    if (base) {
        t->from_empty = true;
        if (iceberg_ref_by_name(base, STR("main")))
            TRY(add(&u, (struct iceberg_update){.kind = ICEBERG_REMOVE_REF, .text = STR("main")},
                    err));
    } else {
        TRY(identity_updates(&u, d, err));
    }
    TRY(layout_updates(&u, d, base, err));
    TRY(property_updates(&u, d, base, err));
    TRY(engine_staged_build(e->session, t, err));
    return base ? ST_OK : stage_table(e->session, t, d, err);
}

status engine_table_options(struct engine_env *e, const struct query_statement *st,
                            struct engine_table_def *d, struct error *err)
{
    struct property *properties;
    struct arena *a = &e->session->txn->arena;
    TRY(ARENA_ARRAY(a, struct property, st->option_count, &properties, err));
    d->properties = properties;
    for (size_t i = 0; i < st->option_count; i++) {
        const struct query_option *o = &st->options[i];
        struct str name = o->name.text;
        if (str_eq(name, STR("partitioning"))) {
            TRY(arena_str(a, o->value, &d->partitioning, err));
        } else if (str_eq(name, STR("sorted_by"))) {
            TRY(arena_str(a, o->value, &d->sorted_by, err));
        } else if (str_eq(name, STR("location"))) {
            TRY(store_absolute(o->value, a, &d->location, err));
        } else if (str_eq(name, STR("format_version"))) {
            if (!str_eq(o->value, STR("2")))
                FAIL_SQL(err, ST_UNSUPPORTED, "0A000", o->position,
                         "firn writes format version 2, not %.*s", STR_ARG(o->value));
        } else if (name.len > 0 && memchr(name.ptr, '.', name.len) &&
                   !str_starts(name, STR("firn."))) {
            struct property *p = &properties[d->property_count++];
            TRY(arena_str(a, name, &p->key, err));
            TRY(arena_str(a, o->value, &p->value, err));
        } else {
            FAIL_SQL(err, ST_UNSUPPORTED, "22023", o->position,
                     "unknown option \"%.*s\"; there are partitioning, sorted_by, location, "
                     "format_version and Iceberg's own properties in double quotes",
                     STR_ARG(name));
        }
    }
    return ST_OK;
}

/* ---- CREATE TABLE ---------------------------------------------------------------------------- */

static status declared_columns(const struct query_statement *st, struct arena *arena,
                               struct column_schema *out, struct error *err)
{
    out->count = st->column_count;
    TRY(ARENA_ARRAY(arena, struct column_field, st->column_count, &out->fields, err));
    for (size_t i = 0; i < st->column_count; i++)
        out->fields[i] = (struct column_field){.name = st->columns[i].name.text,
                                               .type = st->columns[i].type,
                                               .required = st->columns[i].not_null};
    return ST_OK;
}

static status fill_table(struct engine_env *e, struct engine_staged *t, struct query_plan *plan,
                         struct firn_result *r, struct error *err)
{
    struct iceberg_data_file *files;
    struct column_schema target;
    size_t count;
    TRY(iceberg_schema_columns(iceberg_current_schema(t->current), &e->arena, &target, err));
    TRY(plan_assign(&e->plan, plan, &target, NULL, 0, &plan, err));
    TRY(engine_write_rows(e, t, plan, &files, &count, &r->row_count, err));
    TRY(engine_staged_add(e->session, t, files, count, err));
    engine_note_written(r, files, count);
    r->verb = "SELECT";
    return engine_staged_build(e->session, t, err);
}

status engine_create_table(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                           struct error *err)
{
    struct catalog_name name;
    struct engine_staged *t;
    struct column_schema columns;
    struct engine_table_def d = {.columns = &columns};
    struct query_plan *plan = NULL;
    bool exists, space_exists;
    TRY(engine_resolve(e->session, &st->table, &e->arena, &name, &exists, err));
    TRY(engine_space_exists(e->session, name.space, &space_exists, err));
    if (!space_exists)
        return engine_no_space(e->session, name.space, st->table.position, &e->arena, err);
    if (exists && st->if_not_exists) {
        engine_notice(e->session, "table \"%.*s\" exists already, skipped", STR_ARG(name.table));
        return ST_OK;
    }
    TRY(engine_stage(e->session, name, &t, err));
    if (exists && !st->or_replace)
        FAIL_SQL(err, ST_EXISTS, "42P07", st->table.position, "table \"%.*s.%.*s\" already exists",
                 STR_ARG(name.space), STR_ARG(name.table));
    if (exists && summary_is(t->current))
        FAIL_SQL(err, ST_INVALID, "42809", st->table.position,
                 "\"%.*s\" is a materialized view, not a table; drop it first",
                 STR_ARG(name.table));
    if (st->select) {
        TRY(plan_select(&e->plan, st->select, &plan, err));
        columns = plan->schema;
    } else {
        TRY(declared_columns(st, &e->arena, &columns, err));
    }
    TRY(engine_table_options(e, st, &d, err));
    TRY(engine_define_table(e, t, &d, err));
    return plan ? fill_table(e, t, plan, r, err) : ST_OK;
}

/* ---- DROP ------------------------------------------------------------------------------------ */

static status check_kind(const struct query_statement *st, const struct query_table_name *named,
                         struct catalog_name name, const struct iceberg_table *t, const char *verb,
                         struct error *err)
{
    if (summary_is(t) == st->matview)
        return ST_OK;
    FAIL_SQL(err, ST_INVALID, "42809", named->position, "\"%.*s\" is not a %s; use %s %s",
             STR_ARG(name.table), st->matview ? "materialized view" : "table", verb,
             st->matview ? "TABLE" : "MATERIALIZED VIEW");
}

/* `left` is where the catalog has the table. */
static void drop_staged(struct firn_session *s, struct engine_staged *t, struct engine_staged *left)
{
    engine_staged_reset(s, t);
    if (left != t) {
        left->gone.renamed = false;
        left->touched = true;
    } else if (t->base) {
        t->gone.location = t->base_location;
    }
    t->touched = t->gone.location.ptr != NULL && !t->gone.renamed;
    t->append_only = false;
    t->renamed_from = (struct catalog_name){{0}, {0}};
    t->base = t->current = NULL;
    t->base_location = (struct str){0};
}

static status drop_table(struct firn_session *s, struct catalog_name name, bool purge,
                         struct error *err)
{
    struct engine_staged *t, *left;
    TRY(engine_stage(s, name, &t, err));
    left = t->renamed_from.table.len > 0 ? engine_staged_find(s->txn, t->renamed_from) : t;
    if (purge && t->base)
        TRY(engine_purge_list(s, t->base, left, err));
    drop_staged(s, t, left);
    return ST_OK;
}

static status drop_companion(struct engine_env *e, struct catalog_name summary, bool purge,
                             struct error *err)
{
    struct catalog_name name;
    struct iceberg_table *t;
    TRY(engine_companion_name(e->session, summary, &name, err));
    TRY(engine_table_get(e->session, name, &t, err));
    if (!t || !engine_is_companion(t))
        return ST_OK;
    TRY(drop_table(e->session, name, purge, err));
    engine_staged_find(e->session->txn, name)->companion = true;
    return ST_OK;
}

static status drop_one(struct engine_env *e, const struct query_statement *st,
                       const struct query_table_name *named, struct error *err)
{
    struct catalog_name name;
    struct iceberg_table *current;
    bool exists;
    const char *kind = st->matview ? "materialized view" : "table";
    TRY(engine_resolve(e->session, named, &e->arena, &name, &exists, err));
    if (!exists && st->if_exists) {
        engine_notice(e->session, "%s \"%.*s\" does not exist, skipped", kind,
                      STR_ARG(named->table.text));
        return ST_OK;
    }
    TRY(engine_table_must(e, named, &name, &current, err));
    TRY(check_kind(st, named, name, current, "DROP", err));
    TRY(drop_table(e->session, name, st->purge, err));
    return st->matview ? drop_companion(e, name, st->purge, err) : ST_OK;
}

status engine_drop_table(struct engine_env *e, struct query_statement *st, struct firn_result *r,
                         struct error *err)
{
    for (size_t i = 0; i < st->table_count; i++)
        TRY(drop_one(e, st, &st->tables[i], err));
    return ST_OK;
}

/* ---- RENAME TO, SET SCHEMA ------------------------------------------------------------------- */

static bool has_work(const struct engine_staged *t)
{
    return t->update_count + t->added_count + t->removed_count > 0 || t->from_empty;
}

/* `t` and `to` change names, and with them what the catalog has there. `to` holds no table. */
static void move_staged(struct engine_staged *t, struct engine_staged *to)
{
    struct engine_staged was = *t;
    bool back = t->renamed_from.table.len > 0 && str_eq(t->renamed_from.space, to->name.space) &&
                str_eq(t->renamed_from.table, to->name.table);
    t->name = to->name;
    t->gone = to->gone;
    to->name = was.name;
    to->gone = was.gone;
    if (back) {
        t->renamed_from = (struct catalog_name){{0}, {0}};
        t->gone = (struct engine_gone){.location = {0}};
    } else if (t->base && t->renamed_from.table.len == 0) {
        t->renamed_from = was.name;
        to->gone.location = t->base_location;
        to->gone.renamed = true;
    }
    t->touched = !back || has_work(t);
    t->append_only = false;
    to->touched = to->gone.location.ptr && !to->gone.renamed;
    to->append_only = false;
}

/* Where the statement wants the table, which nobody may be. */
static status rename_target(struct engine_env *e, const struct query_statement *st,
                            struct catalog_name from, struct catalog_name *to, bool *exists,
                            struct error *err)
{
    struct query_table_name named = {
        .schema = {from.space, true}, .table = {from.table, true}, .position = st->table.position};
    bool there;
    if (st->new_name.text.len > 0) {
        named.table = st->new_name;
    } else {
        TRY(engine_resolve_space(e->session, &st->schema, &st->catalog, &e->arena,
                                 &named.schema.text, &there, err));
        if (!there)
            return engine_no_space(e->session, named.schema.text, 0, &e->arena, err);
    }
    return engine_resolve(e->session, &named, &e->arena, to, exists, err);
}

/* The companion keeps the summary's name. */
static status move_companion(struct firn_session *s, struct catalog_name from,
                             struct catalog_name to, struct error *err)
{
    struct iceberg_table *current, *there;
    struct engine_staged *t, *target;
    TRY(engine_companion_name(s, from, &from, err));
    TRY(engine_companion_name(s, to, &to, err));
    TRY(engine_table_get(s, from, &current, err));
    if (!current || !engine_is_companion(current))
        return ST_OK;
    TRY(engine_table_get(s, to, &there, err));
    if (there)
        FAIL_SQL(err, ST_EXISTS, "42P07", 0,
                 "table \"%.*s.%.*s\" already exists, where what the view covers would be kept",
                 STR_ARG(to.space), STR_ARG(to.table));
    TRY(engine_stage(s, from, &t, err));
    TRY(engine_stage(s, to, &target, err));
    move_staged(t, target);
    t->companion = target->companion = true;
    return ST_OK;
}

status engine_rename_table(struct engine_env *e, struct query_statement *st, struct error *err)
{
    struct firn_session *s = e->session;
    struct catalog_name from, to;
    struct iceberg_table *current;
    struct engine_staged *t, *target;
    bool exists, taken;
    TRY(engine_resolve(s, &st->table, &e->arena, &from, &exists, err));
    TRY(rename_target(e, st, from, &to, &taken, err));
    if (taken) /* by this very run, perhaps: then there is nothing left to do */
        TRY(engine_stage(s, to, &target, err));
    if (!exists && st->if_exists) {
        engine_notice(s, "%s \"%.*s\" does not exist, skipped",
                      st->matview ? "materialized view" : "table", STR_ARG(st->table.table.text));
        return ST_OK;
    }
    TRY(engine_table_must(e, &st->table, &from, &current, err));
    TRY(check_kind(st, &st->table, from, current, "ALTER", err));
    if (taken)
        FAIL_SQL(err, ST_EXISTS, "42P07", 0, "table \"%.*s.%.*s\" already exists",
                 STR_ARG(to.space), STR_ARG(to.table));
    TRY(engine_stage(s, from, &t, err));
    TRY(engine_stage(s, to, &target, err));
    move_staged(t, target);
    return st->matview ? move_companion(s, from, to, err) : ST_OK;
}

/* ---- schemas --------------------------------------------------------------------------------- */

static status stage_space(struct firn_session *s, enum catalog_change_kind kind, struct str space,
                          struct error *err)
{
    struct engine_txn *txn = s->txn;
    TRY(arena_grow(&txn->arena, (void **)&txn->changes, sizeof(*txn->changes),
                   &txn->change_capacity, txn->change_count + 1, err));
    struct catalog_change *ch = &txn->changes[txn->change_count++];
    ch->kind = kind;
    return arena_str(&txn->arena, space, &ch->name.space, err);
}

status engine_schema_statement(struct engine_env *e, struct query_statement *st, struct error *err)
{
    struct firn_session *s = e->session;
    struct str space, *tables;
    bool exists;
    size_t n;
    TRY(engine_resolve_space(s, &st->schema, &st->catalog, &e->arena, &space, &exists, err));
    if (st->kind == QUERY_STMT_CREATE_SCHEMA) {
        if (exists && !st->if_not_exists)
            FAIL_SQL(err, ST_EXISTS, "42P06", 0, "schema \"%.*s\" already exists", STR_ARG(space));
        if (!exists)
            return stage_space(s, CATALOG_CREATE_SPACE, space, err);
        engine_notice(s, "schema \"%.*s\" exists already, skipped", STR_ARG(space));
        return ST_OK;
    }
    if (!exists && !st->if_exists)
        return engine_no_space(s, space, 0, &e->arena, err);
    if (!exists) {
        engine_notice(s, "schema \"%.*s\" does not exist, skipped", STR_ARG(space));
        return ST_OK;
    }
    TRY(engine_tables(s, space, &e->arena, &tables, &n, err));
    if (n > 0)
        FAIL_SQL(err, ST_INVALID, "2BP01", 0,
                 "schema \"%.*s\" is not empty: it holds %zu table%s, \"%.*s\" among them",
                 STR_ARG(space), n, n == 1 ? "" : "s", STR_ARG(tables[0]));
    return stage_space(s, CATALOG_DROP_SPACE, space, err);
}
