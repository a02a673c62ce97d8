// SPDX-License-Identifier: Apache-2.0
/* sql_utility.c - SET, RESET, SHOW, transactions, CALL. */
#include "sql/sql_int.h"

/* One value of SET: a number, a text, or a word, which the grammar makes a text too. */
static status set_value(struct sql_source *s, const PgQuery__Node *node, struct str *out,
                        struct error *err)
{
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return sql_refuse(err, sql_leftmost(s, node), "this value in SET");
    const PgQuery__AConst *c = node->a_const;
    int64_t position = sql_position(s, c->location);
    switch (c->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        return arena_printf(s->arena, out, err, "%d", c->ival->ival);
    case PG_QUERY__A__CONST__VAL_FVAL:
        return sql_text(s, c->fval->fval, out, err);
    case PG_QUERY__A__CONST__VAL_SVAL:
        return sql_string_const(s, c, out, err);
    default:
        return sql_refuse(err, position, "this value in SET");
    }
}

/* The grammar joins a.b into one text; its parts may be generated names. No part has a dot of its
 * own: quoted ones were replaced. */
static status setting_name(struct sql_source *s, const char *z, struct str *out, struct error *err)
{
    struct str parts[16], rest = str_of(z);
    struct query_name name;
    size_t count = 0;
    *out = STR("");
    while (rest.len) {
        const char *dot = memchr(rest.ptr, '.', rest.len);
        size_t len = dot ? (size_t)(dot - rest.ptr) : rest.len;
        struct str part;
        if (count == ARRAY_LEN(parts))
            FAIL_SQL(err, ST_INVALID, "42602", sql_token_position(s, s->first),
                     "the name of a setting has more than %zu parts", ARRAY_LEN(parts));
        TRY(arena_str(s->scratch, (struct str){rest.ptr, len}, &part, err));
        TRY(sql_name(s, part.ptr, &name, err));
        parts[count++] = name.text;
        rest.ptr += len + (dot != NULL);
        rest.len -= len + (dot != NULL);
    }
    return count == 0 ? ST_OK : sql_join(s, parts, count, STR("."), out, err);
}

static status utility_set(struct sql_source *s, const PgQuery__VariableSetStmt *p,
                          struct query_statement *q, struct error *err)
{
    int64_t position = sql_token_position(s, s->first);
    q->kind = QUERY_STMT_SET;
    if (p->is_local)
        return sql_refuse(err, position, "SET LOCAL");
    if (p->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI)
        return sql_refuse(err, position, "SET TRANSACTION");
    if (p->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_CURRENT)
        return sql_refuse(err, position, "SET ... FROM CURRENT");
    TRY(setting_name(s, p->name, &q->text, err));
    if (p->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL)
        q->text = STR("all");
    struct str *values;
    TRY(ARENA_ARRAY(s->scratch, struct str, p->n_args + 1, &values, err));
    for (size_t i = 0; i < p->n_args; i++)
        TRY(set_value(s, p->args[i], &values[i], err));
    if (p->n_args)
        return sql_join(s, values, p->n_args, STR(", "), &q->value, err);
    return ST_OK;
}

static status utility_transaction(struct sql_source *s, const PgQuery__TransactionStmt *p,
                                  struct query_statement *q, struct error *err)
{
    int64_t position = sql_token_position(s, s->first);
    switch (p->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        q->kind = QUERY_STMT_BEGIN;
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        q->kind = QUERY_STMT_COMMIT;
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        q->kind = QUERY_STMT_ROLLBACK;
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
        return sql_refuse(err, position, "SAVEPOINT");
    default:
        return sql_refuse(err, position, "a prepared transaction");
    }
    if (p->n_options)
        return sql_refuse(err, sql_leftmost(s, p->options[0]), "a transaction mode");
    if (p->chain)
        return sql_refuse(err, position, "AND CHAIN");
    return ST_OK;
}

status sql_utility(struct sql_source *s, const PgQuery__Node *node, struct query_statement *q,
                   bool *known, struct error *err)
{
    *known = true;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        return utility_set(s, node->variable_set_stmt, q, err);
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
        q->kind = QUERY_STMT_SHOW;
        return setting_name(s, node->variable_show_stmt->name, &q->text, err);
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        return utility_transaction(s, node->transaction_stmt, q, err);
    case PG_QUERY__NODE__NODE_CALL_STMT:
        q->kind = QUERY_STMT_CALL;
        ENSURE(node->call_stmt->funccall, err);
        return sql_call(s, node->call_stmt->funccall, &q->call, err);
    default:
        *known = false;
        return ST_OK;
    }
}
