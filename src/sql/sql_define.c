// SPDX-License-Identifier: Apache-2.0
/* sql_define.c - CREATE, DROP and ALTER of schemas, tables and materialized views. */
#include "sql/sql_int.h"

#define DEFINE_MAX_COLUMNS 10000

/* What was blanked in front of this statement; NULL if nothing. */
static const struct sql_mark *define_mark(const struct sql_source *s)
{
    for (size_t i = 0; i < s->mark_count; i++)
        if (s->marks[i].token >= s->first && s->marks[i].token < s->last)
            return &s->marks[i];
    return NULL;
}

/* ---- schemas and DROP ------------------------------------------------------------------------ */

static status define_schema(struct sql_source *s, const PgQuery__CreateSchemaStmt *p,
                            struct query_statement *q, struct error *err)
{
    q->kind = QUERY_STMT_CREATE_SCHEMA;
    q->if_not_exists = p->if_not_exists;
    if (p->authrole)
        return sql_refuse(err, sql_leftmost(s, p->authrole), "AUTHORIZATION");
    if (p->n_schema_elts)
        return sql_refuse(err, sql_leftmost(s, p->schema_elts[0]),
                          "CREATE SCHEMA with objects inside");
    const struct sql_mark *mark = define_mark(s);
    if (mark)
        q->catalog = mark->catalog;
    return sql_name(s, p->schemaname, &q->schema, err);
}

/* DROP ... a.b, c: the tree has no locations, so names are found by their commas. The token of the
 * first name, */
static size_t drop_first_name(const struct sql_source *s)
{
    size_t i = s->first + 1;
    while (i < s->last && (s->tokens[i].kind == PG_QUERY__TOKEN__TABLE ||
                           s->tokens[i].kind == PG_QUERY__TOKEN__MATERIALIZED ||
                           s->tokens[i].kind == PG_QUERY__TOKEN__VIEW ||
                           s->tokens[i].kind == PG_QUERY__TOKEN__SCHEMA))
        i++;
    return i < s->last && s->tokens[i].kind == PG_QUERY__TOKEN__IF_P ? i + 2 : i;
}

/* and of the next. */
static size_t drop_next_name(const struct sql_source *s, size_t i)
{
    while (i < s->last && s->tokens[i].kind != PG_QUERY__TOKEN__ASCII_44)
        i++;
    return i + 1;
}

static status drop_table_name(struct sql_source *s, const PgQuery__Node *node, size_t token,
                              struct query_table_name *out, struct error *err)
{
    out->position = sql_token_position(s, token);
    ENSURE(node->node_case == PG_QUERY__NODE__NODE_LIST, err);
    const PgQuery__List *list = node->list;
    if (list->n_items > 3)
        FAIL_SQL(err, ST_INVALID, "42601", out->position,
                 "improper qualified name (at most catalog.schema.table)");
    ENSURE(list->n_items > 0, err);
    struct query_name *names;
    TRY(sql_names(s, list->items, list->n_items, &names, err));
    size_t at = list->n_items;
    out->table = names[--at];
    if (at)
        out->schema = names[--at];
    if (at)
        out->catalog = names[--at];
    return ST_OK;
}

static status define_drop(struct sql_source *s, const PgQuery__DropStmt *p,
                          struct query_statement *q, bool *known, struct error *err)
{
    size_t token = drop_first_name(s);
    q->if_exists = p->missing_ok;
    q->cascade = p->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    q->matview = p->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    const struct sql_mark *mark = define_mark(s);
    if (p->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA) {
        q->kind = QUERY_STMT_DROP_SCHEMA;
        const char *z;
        if (p->n_objects != 1)
            return sql_refuse(err, sql_token_position(s, drop_next_name(s, token)),
                              "DROP SCHEMA of several");
        if (mark)
            q->catalog = mark->catalog;
        TRY(sql_string_node(p->objects[0], &z, err));
        return sql_name(s, z, &q->schema, err);
    }
    if (p->remove_type != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE && !q->matview) {
        *known = false;
        return ST_OK;
    }
    q->kind = QUERY_STMT_DROP_TABLE;
    q->purge = mark && mark->purge;
    q->table_count = p->n_objects;
    ENSURE(q->table_count > 0, err);
    TRY(ARENA_ARRAY(s->arena, struct query_table_name, q->table_count, &q->tables, err));
    for (size_t i = 0; i < q->table_count; i++) {
        TRY(drop_table_name(s, p->objects[i], token, &q->tables[i], err));
        token = drop_next_name(s, token);
    }
    q->table = q->tables[0];
    return ST_OK;
}

/* ---- CREATE TABLE ---------------------------------------------------------------------------- */

static const char *constraint_title(PgQuery__ConstrType kind)
{
    switch (kind) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
        return "DEFAULT";
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
        return "GENERATED";
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        return "CHECK on a table (a materialized view can have one)";
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
        return "PRIMARY KEY";
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        return "UNIQUE";
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
        return "EXCLUDE";
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        return "REFERENCES";
    default:
        return "this constraint";
    }
}

static status define_column(struct sql_source *s, const PgQuery__Node *node,
                            struct query_column_def *out, struct error *err)
{
    if (node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
        return sql_refuse(err, sql_position(s, node->constraint->location), "%s",
                          constraint_title(node->constraint->contype));
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
        return sql_refuse(err, sql_leftmost(s, node), "CREATE TABLE ... LIKE");
    const PgQuery__ColumnDef *d = node->column_def;
    out->position = sql_position(s, d->location);
    TRY(sql_name(s, d->colname, &out->name, err));
    if (d->coll_clause)
        return sql_refuse(err, sql_position(s, d->coll_clause->location), "COLLATE");
    if (d->compression && *d->compression)
        return sql_refuse(err, out->position, "COMPRESSION of a column");
    if (!d->type_name)
        FAIL_SQL(err, ST_INVALID, "42601", out->position, "column \"%.*s\" has no type",
                 STR_ARG(out->name.text));
    for (size_t i = 0; i < d->n_constraints; i++) {
        ENSURE(d->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT, err);
        const PgQuery__Constraint *c = d->constraints[i]->constraint;
        if (c->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL)
            out->not_null = true;
        else if (c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_NULL)
            return sql_refuse(err, sql_position(s, c->location), "%s",
                              constraint_title(c->contype));
    }
    TRY(sql_type(s, d->type_name, &out->type, err));
    if (out->type.kind == COLUMN_INTERVAL)
        return sql_refuse(err, sql_position(s, d->type_name->location),
                          "interval as the type of a column");
    return ST_OK;
}

static status define_columns(struct sql_source *s, const PgQuery__CreateStmt *p,
                             struct query_statement *q, struct error *err)
{
    q->column_count = p->n_table_elts;
    if (q->column_count > DEFINE_MAX_COLUMNS)
        FAIL_SQL(err, ST_LIMIT, "54011", q->table.position,
                 "the table has %zu columns, at most %d are allowed", q->column_count,
                 DEFINE_MAX_COLUMNS);
    TRY(ARENA_ARRAY(s->arena, struct query_column_def, q->column_count + 1, &q->columns, err));
    for (size_t i = 0; i < q->column_count; i++) {
        struct query_column_def *d = &q->columns[i];
        TRY(define_column(s, p->table_elts[i], d, err));
        for (size_t k = 0; k < i; k++)
            if (str_eq(q->columns[k].name.text, d->name.text))
                FAIL_SQL(err, ST_INVALID, "42701", d->position,
                         "column \"%.*s\" specified more than once", STR_ARG(d->name.text));
    }
    if (q->column_count == 0)
        FAIL_SQL(err, ST_INVALID, "42601", q->table.position, "a table needs a column");
    return ST_OK;
}

/* USING iceberg is Spark's way to say what every table here is. */
static status define_access_method(struct sql_source *s, const char *z, int64_t position,
                                   struct error *err)
{
    struct query_name name;
    TRY(sql_name(s, z, &name, err));
    if (name.text.len && !str_eq_nocase(name.text, STR("iceberg")))
        return sql_refuse(err, position, "USING %.*s", STR_ARG(name.text));
    return ST_OK;
}

static status define_table(struct sql_source *s, const PgQuery__CreateStmt *p,
                           struct query_statement *q, struct error *err)
{
    q->kind = QUERY_STMT_CREATE_TABLE;
    q->if_not_exists = p->if_not_exists;
    TRY(sql_table(s, p->relation, &q->table, err));
    int64_t position = q->table.position;
    if (p->partspec)
        return sql_refuse(err, sql_position(s, p->partspec->location),
                          "PARTITION BY (use WITH (partitioning = '...')); it");
    if (p->partbound || p->n_inh_relations)
        return sql_refuse(err, position, "INHERITS or PARTITION OF");
    if (p->of_typename)
        return sql_refuse(err, sql_position(s, p->of_typename->location), "CREATE TABLE ... OF");
    if (p->tablespacename && *p->tablespacename)
        return sql_refuse(err, position, "TABLESPACE");
    if (p->oncommit > PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_NOOP)
        return sql_refuse(err, position, "ON COMMIT");
    TRY(define_access_method(s, p->access_method, position, err));
    q->option_count = p->n_options;
    TRY(sql_options(s, p->options, p->n_options, &q->options, err));
    return define_columns(s, p, q, err);
}

/* ---- CREATE ... AS --------------------------------------------------------------------------- */

/* The SELECT as written: behind AS, without WITH [NO] DATA. */
static struct str define_select_text(const struct sql_source *s)
{
    size_t first = sql_token_find(s, s->first, PG_QUERY__TOKEN__AS) + 1, last = s->last;
    if (last > first + 2 && s->tokens[last - 1].kind == PG_QUERY__TOKEN__DATA_P &&
        s->tokens[last - 2].kind == PG_QUERY__TOKEN__WITH)
        last -= 2;
    else if (last > first + 3 && s->tokens[last - 1].kind == PG_QUERY__TOKEN__DATA_P &&
             s->tokens[last - 2].kind == PG_QUERY__TOKEN__NO &&
             s->tokens[last - 3].kind == PG_QUERY__TOKEN__WITH)
        last -= 3;
    return sql_slice(s, first, last);
}

static status define_as(struct sql_source *s, const PgQuery__CreateTableAsStmt *p,
                        struct query_statement *q, struct error *err)
{
    const PgQuery__IntoClause *into = p->into;
    ENSURE(into && p->query, err);
    q->matview = p->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    q->kind = q->matview ? QUERY_STMT_CREATE_MATVIEW : QUERY_STMT_CREATE_TABLE;
    q->if_not_exists = p->if_not_exists;
    TRY(sql_table(s, into->rel, &q->table, err));
    int64_t position = q->table.position;
    if (p->query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return sql_refuse(err, position, "CREATE TABLE ... AS EXECUTE");
    if (into->n_col_names)
        return sql_refuse(err, position, "a column list here (name the columns in the SELECT); it");
    if (into->table_space_name && *into->table_space_name)
        return sql_refuse(err, position, "TABLESPACE");
    if (into->on_commit > PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_NOOP)
        return sql_refuse(err, position, "ON COMMIT");
    if (into->skip_data && !q->matview)
        return sql_refuse(err, position, "CREATE TABLE ... AS ... WITH NO DATA");
    TRY(define_access_method(s, into->access_method, position, err));
    q->option_count = into->n_options;
    TRY(sql_options(s, into->options, into->n_options, &q->options, err));
    TRY(arena_str(s->arena, define_select_text(s), &q->select_text, err));
    return sql_select(s, p->query->select_stmt, sql_leftmost(s, p->query), &q->select, err);
}

/* ---- ALTER MATERIALIZED VIEW ----------------------------------------------------------------- */

/* The text between the parentheses of CHECK (...). CHECK is reserved, so the first one is it. */
static struct str define_check_text(const struct sql_source *s)
{
    size_t first = sql_token_find(s, s->first, PG_QUERY__TOKEN__CHECK) + 2, last = first;
    for (size_t depth = 1; last < s->last; last++) {
        depth += s->tokens[last].kind == PG_QUERY__TOKEN__ASCII_40;
        depth -= s->tokens[last].kind == PG_QUERY__TOKEN__ASCII_41;
        if (depth == 0)
            break;
    }
    return sql_slice(s, first, last);
}

static status define_add_constraint(struct sql_source *s, const PgQuery__Constraint *c,
                                    struct query_statement *q, struct error *err)
{
    int64_t position = sql_position(s, c->location);
    q->kind = QUERY_STMT_ADD_CONSTRAINT;
    if (c->contype != PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)
        return sql_refuse(err, position, "%s", constraint_title(c->contype));
    if (c->is_no_inherit || c->skip_validation || c->deferrable || c->initdeferred)
        return sql_refuse(err, position, "NO INHERIT, NOT VALID or DEFERRABLE");
    TRY(sql_name(s, c->conname, &q->constraint, err));
    if (q->constraint.text.len == 0)
        return sql_refuse(err, position, "a CHECK without CONSTRAINT and a name");
    TRY(arena_str(s->arena, define_check_text(s), &q->where_text, err));
    return sql_expression(s, c->raw_expr, &q->where, err);
}

static status define_alter(struct sql_source *s, const PgQuery__AlterTableStmt *p,
                           struct query_statement *q, bool *known, struct error *err)
{
    if (p->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW) {
        *known = false;
        return ST_OK;
    }
    q->matview = true;
    TRY(sql_table(s, p->relation, &q->table, err));
    if (p->missing_ok)
        return sql_refuse(err, q->table.position, "ALTER MATERIALIZED VIEW IF EXISTS");
    if (p->n_cmds != 1)
        return sql_refuse(err, q->table.position, "ALTER with several actions");
    ENSURE(p->cmds[0]->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD, err);
    const PgQuery__AlterTableCmd *c = p->cmds[0]->alter_table_cmd;
    if (c->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint) {
        ENSURE(c->def && c->def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT, err);
        return define_add_constraint(s, c->def->constraint, q, err);
    }
    if (c->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint) {
        q->kind = QUERY_STMT_DROP_CONSTRAINT;
        q->if_exists = c->missing_ok;
        q->cascade = c->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
        return sql_name(s, c->name, &q->constraint, err);
    }
    return sql_refuse(err, q->table.position,
                      "ALTER MATERIALIZED VIEW other than ADD or DROP CONSTRAINT");
}

/* ---- RENAME TO, SET SCHEMA ------------------------------------------------------------------- */

static status define_move(struct sql_source *s, PgQuery__ObjectType type,
                          const PgQuery__RangeVar *relation, bool missing_ok,
                          struct query_statement *q, bool *known, struct error *err)
{
    q->matview = type == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    q->if_exists = missing_ok;
    *known = relation && (q->matview || type == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE);
    q->kind = QUERY_STMT_RENAME;
    return *known ? sql_table(s, relation, &q->table, err) : ST_OK;
}

static status define_rename(struct sql_source *s, const PgQuery__RenameStmt *p,
                            struct query_statement *q, bool *known, struct error *err)
{
    if (p->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN && p->relation)
        return sql_refuse(err, sql_token_position(s, s->first), "RENAME of a column");
    TRY(define_move(s, p->rename_type, p->relation, p->missing_ok, q, known, err));
    return *known ? sql_name(s, p->newname, &q->new_name, err) : ST_OK;
}

static status define_set_schema(struct sql_source *s, const PgQuery__AlterObjectSchemaStmt *p,
                                struct query_statement *q, bool *known, struct error *err)
{
    TRY(define_move(s, p->object_type, p->relation, p->missing_ok, q, known, err));
    return *known ? sql_name(s, p->newschema, &q->schema, err) : ST_OK;
}

status sql_define(struct sql_source *s, const PgQuery__Node *node, struct query_statement *q,
                  bool *known, struct error *err)
{
    const struct sql_mark *mark = define_mark(s);
    q->or_replace = mark && mark->or_replace;
    *known = true;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        return define_schema(s, node->create_schema_stmt, q, err);
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return define_drop(s, node->drop_stmt, q, known, err);
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        TRY(define_table(s, node->create_stmt, q, err));
        break;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        TRY(define_as(s, node->create_table_as_stmt, q, err));
        break;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return define_alter(s, node->alter_table_stmt, q, known, err);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return define_rename(s, node->rename_stmt, q, known, err);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return define_set_schema(s, node->alter_object_schema_stmt, q, known, err);
    default:
        *known = false;
        return ST_OK;
    }
    if (q->or_replace && q->if_not_exists)
        FAIL_SQL(err, ST_INVALID, "42601", q->table.position,
                 "OR REPLACE and IF NOT EXISTS exclude each other");
    return ST_OK;
}
