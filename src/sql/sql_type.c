// SPDX-License-Identifier: Apache-2.0
/* sql_type.c - type names to types: PostgreSQL's, and the few of Spark and Trino that differ.
 *
 * numeric without digits is numeric(38,10) as a column: a stored decimal has a fixed scale, and
 * this one keeps 28 digits before the point. In a cast it keeps the value's own (sql_call.c).
 * varchar without a length is text; with one it is refused, because Iceberg has no such type and a
 * silent text would lose the check. */
#include "sql/sql_int.h"

static const struct {
    const char *name;
    enum column_kind kind;
} type_names[] = {
    {"bool", COLUMN_BOOLEAN},
    {"boolean", COLUMN_BOOLEAN},
    {"int2", COLUMN_SMALLINT},
    {"smallint", COLUMN_SMALLINT},
    {"int4", COLUMN_INT},
    {"int", COLUMN_INT},
    {"integer", COLUMN_INT},
    {"int8", COLUMN_BIGINT},
    {"bigint", COLUMN_BIGINT},
    {"long", COLUMN_BIGINT},
    {"float4", COLUMN_REAL},
    {"real", COLUMN_REAL},
    {"float8", COLUMN_DOUBLE},
    {"double", COLUMN_DOUBLE},
    {"numeric", COLUMN_DECIMAL},
    {"decimal", COLUMN_DECIMAL},
    {"date", COLUMN_DATE},
    {"time", COLUMN_TIME},
    {"timestamp", COLUMN_TIMESTAMP},
    {"timestamptz", COLUMN_TIMESTAMPTZ},
    {"text", COLUMN_TEXT},
    {"varchar", COLUMN_TEXT},
    {"string", COLUMN_TEXT},
    {"uuid", COLUMN_UUID},
    {"bytea", COLUMN_BINARY},
    {"binary", COLUMN_BINARY},
    {"varbinary", COLUMN_BINARY},
    {"interval", COLUMN_INTERVAL},
};

/* PostgreSQL's own that firn does not store: "not supported" says more than "does not exist". */
static const char *const type_names_refused[] = {
    "bpchar",      "char",     "name",   "json",   "jsonb",   "xml",     "money",
    "timetz",      "bit",      "varbit", "inet",   "cidr",    "oid",     "regclass",
    "point",       "tsvector", "record", "serial", "serial4", "serial8", "bigserial",
    "smallserial", "array",    "map",    "struct", "tinyint"};

#define TYPE_MODIFIERS_MAX    2
#define DECIMAL_PRECISION_MAX 38

struct type_modifiers {
    size_t count;
    int values[TYPE_MODIFIERS_MAX];
};

static status type_read_modifiers(const PgQuery__TypeName *t, int64_t position,
                                  struct type_modifiers *out, struct error *err)
{
    *out = (struct type_modifiers){0};
    for (size_t i = 0; i < t->n_typmods; i++) {
        const PgQuery__Node *n = t->typmods[i];
        if (i == TYPE_MODIFIERS_MAX || n->node_case != PG_QUERY__NODE__NODE_A_CONST ||
            n->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
            FAIL_SQL(err, ST_INVALID, "42601", position, "invalid type modifier");
        out->values[out->count++] = n->a_const->ival->ival;
    }
    return ST_OK;
}

static status type_decimal(const struct type_modifiers *m, int64_t position,
                           struct column_type *out, struct error *err)
{
    int precision = m->count > 0 ? m->values[0] : DECIMAL_PRECISION_MAX;
    int scale = m->count > 1 ? m->values[1] : m->count == 1 ? 0 : 10;
    if (precision < 1 || precision > DECIMAL_PRECISION_MAX)
        FAIL_SQL(err, ST_INVALID, "22023", position,
                 "numeric precision %d must be between 1 and %d", precision, DECIMAL_PRECISION_MAX);
    if (scale < 0 || scale > precision)
        FAIL_SQL(err, ST_INVALID, "22023", position, "numeric scale %d must be between 0 and %d",
                 scale, precision);
    *out = column_type_decimal((unsigned)precision, (unsigned)scale);
    return ST_OK;
}

static status type_finish(enum column_kind kind, const char *name, const struct type_modifiers *m,
                          int64_t position, struct column_type *out, struct error *err)
{
    *out = column_type_of(kind);
    if (kind == COLUMN_DECIMAL)
        return type_decimal(m, position, out, err);
    if (m->count == 0)
        return ST_OK;
    if (kind == COLUMN_TIME || kind == COLUMN_TIMESTAMP || kind == COLUMN_TIMESTAMPTZ) {
        if (m->count == 1 && m->values[0] == 6)
            return ST_OK; /* microseconds are what is stored */
        return sql_refuse(err, position, "%s(%d): firn keeps microseconds, %s(6)", name,
                          m->values[0], name);
    }
    if (kind == COLUMN_INTERVAL)
        return sql_refuse(err, position, "an interval with fields or precision");
    return sql_refuse(err, position, "%s(%d) (tables keep no length: use text)", name,
                      m->values[0]);
}

status sql_type(struct sql_source *s, const PgQuery__TypeName *t, struct column_type *out,
                struct error *err)
{
    ENSURE(t && t->n_names >= 1, err);
    int64_t position = sql_position(s, t->location);
    const char *z, *schema = NULL;
    if (t->n_names > 1)
        TRY(sql_string_node(t->names[0], &schema, err));
    TRY(sql_string_node(t->names[t->n_names - 1], &z, err));
    struct query_name name;
    TRY(sql_name(s, z, &name, err));
    if (t->setof || t->pct_type)
        return sql_refuse(err, position, "%s", t->setof ? "SETOF" : "%TYPE");
    if (t->n_array_bounds)
        return sql_refuse(err, position, "an array type");
    bool known_schema = !schema || (t->n_names == 2 && strcmp(schema, "pg_catalog") == 0);
    struct type_modifiers m;
    for (size_t i = 0; known_schema && i < ARRAY_LEN(type_names); i++) {
        if (!str_eq_z(name.text, type_names[i].name))
            continue;
        TRY(type_read_modifiers(t, position, &m, err));
        return type_finish(type_names[i].kind, type_names[i].name, &m, position, out, err);
    }
    for (size_t i = 0; i < ARRAY_LEN(type_names_refused); i++) {
        if (str_eq_z(name.text, type_names_refused[i]))
            return sql_refuse(err, position, "type %s",
                              str_eq_z(name.text, "bpchar") ? "char(n)" : type_names_refused[i]);
    }
    FAIL_SQL(err, ST_INVALID, "42704", position, "type \"%.*s\" does not exist",
             STR_ARG(name.text));
}
