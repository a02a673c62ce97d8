// SPDX-License-Identifier: Apache-2.0
/* query_ast.h - statements as the person wrote them: names unresolved, types unchecked.
 *
 * Made by sql from libpg_query's tree, read by plan (queries) and engine (everything else). Nodes
 * live in the statement's arena. `position` is the 1-based byte in the statement's original text, 0
 * where there is none. What PostgreSQL's grammar knows and firn does not is refused by sql with
 * name and position (0A000); a node kind that is listed here is one that firn answers. */
#ifndef QUERY_AST_H
#define QUERY_AST_H

#include "column/column_type.h"

/* A name with the memory of its quotes: unquoted names match case-insensitively when unique. */
struct query_name {
    struct str text; /* unquoted: folded to lower case by the parser */
    bool quoted;
};

/* catalog.schema.table as far as given; deeper namespaces are one quoted `schema`. */
struct query_table_name {
    struct query_name catalog, schema, table; /* text.len 0 = not given */
    int64_t position;
};

/* A type as written: "numeric(10,2)", "timestamp with time zone". Resolved by sql. */

enum query_ast_kind {
    QUERY_AST_COLUMN, /* names: column, behind it parts of structs; before it [schema.]table */
    QUERY_AST_STAR,   /* names: qualifier, or none */
    QUERY_AST_NULL,
    QUERY_AST_BOOLEAN,  /* boolean */
    QUERY_AST_NUMBER,   /* text: digits as written; integer if it has no point or exponent */
    QUERY_AST_STRING,   /* text: an untyped literal */
    QUERY_AST_OPERATOR, /* text: "+", "||", "=", ...; args 1 (prefix) or 2 */
    QUERY_AST_AND,      /* args 2 or more */
    QUERY_AST_OR,
    QUERY_AST_NOT,
    QUERY_AST_IS, /* text: "null", "not null", "true", "not true", "false", "unknown", ...; 1 arg */
    QUERY_AST_DISTINCT_FROM,     /* 2 args */
    QUERY_AST_NOT_DISTINCT_FROM, /* 2 args */
    QUERY_AST_IN,                /* args[0] IN (args[1..]); boolean = NOT IN */
    QUERY_AST_BETWEEN, /* args: value, low, high; text: "between", "not between", "... symmetric" */
    QUERY_AST_LIKE,    /* args: value, pattern [, escape]; text: "like", "not like", "ilike", ... */
    QUERY_AST_CASE,    /* args: when, then, when, then ...; subject and otherwise may be NULL */
    QUERY_AST_CALL,    /* names: [schema.]function; text = function in lower case */
    QUERY_AST_CAST,    /* args[0] to `type`; boolean = written as a typed literal */
    QUERY_AST_SUBQUERY, /* scalar: select */
    QUERY_AST_CURRENT   /* text: "current_date", "current_timestamp", "localtimestamp", ... */
};

struct query_ast {
    enum query_ast_kind kind;
    int64_t position;
    struct str text;
    bool boolean;
    size_t name_count;
    struct query_name *names;
    size_t arg_count;
    struct query_ast **args;
    struct query_name *arg_names;          /* CALL: name => value; NULL when none is named */
    bool star, distinct;                   /* CALL: count(*), count(DISTINCT x) */
    struct query_ast *filter;              /* CALL: FILTER (WHERE ...) */
    struct query_ast *subject, *otherwise; /* CASE */
    struct column_type type;     /* CAST; a DECIMAL of precision 0 is numeric without digits */
    struct query_select *select; /* SUBQUERY */
};

struct query_target {
    struct query_ast *value;
    struct query_name alias; /* text.len 0 = none */
};

struct query_order {
    struct query_ast *value;
    bool descending;
    bool
        nulls_first; /* resolved: default is NULLS LAST for ASC, FIRST for DESC, as in PostgreSQL */
};

enum query_from_kind {
    QUERY_FROM_NONE,   /* SELECT 1 */
    QUERY_FROM_TABLE,  /* table */
    QUERY_FROM_SELECT, /* derived table */
    QUERY_FROM_CALL,   /* read_csv('...', header => true), sample_sales(...) */
    QUERY_FROM_VALUES  /* VALUES (...), (...) */
};

struct query_from {
    enum query_from_kind kind;
    struct query_table_name table;
    struct query_select *select;
    struct query_ast *call;
    size_t row_count;
    struct query_ast ***rows; /* VALUES: row_count rows of column_count expressions */
    size_t column_count;
    struct query_name alias; /* text.len 0 = none */
    size_t column_alias_count;
    struct query_name *column_aliases;
};

struct query_select {
    int64_t position;
    bool distinct;
    size_t target_count;
    struct query_target *targets;
    struct query_from from;
    struct query_ast *where, *having, *limit, *offset;
    size_t group_count;
    struct query_ast **groups; /* a NUMBER is a position in the targets */
    size_t order_count;
    struct query_order *orders;
};

struct query_option {
    struct query_name name;
    struct str value; /* numbers and booleans as text; ptr NULL when none is given */
    int64_t position;
};

struct query_column_def {
    struct query_name name;
    struct column_type type;
    bool not_null;
    int64_t position;
};

enum query_statement_kind {
    QUERY_STMT_SELECT,
    QUERY_STMT_CREATE_SCHEMA,
    QUERY_STMT_DROP_SCHEMA,
    QUERY_STMT_CREATE_TABLE, /* columns, or select (CTAS) */
    QUERY_STMT_DROP_TABLE,   /* also DROP MATERIALIZED VIEW: matview */
    QUERY_STMT_RENAME,       /* table or matview, to new_name; with text.len 0, to schema */
    QUERY_STMT_INSERT,       /* select (VALUES is a select from QUERY_FROM_VALUES) */
    QUERY_STMT_DELETE,       /* where */
    QUERY_STMT_COPY_FROM,
    QUERY_STMT_COPY_TO, /* table or select */
    QUERY_STMT_CREATE_MATVIEW,
    QUERY_STMT_REFRESH,
    QUERY_STMT_ADD_CONSTRAINT, /* ALTER MATERIALIZED VIEW ... ADD CONSTRAINT name CHECK (where) */
    QUERY_STMT_DROP_CONSTRAINT,
    QUERY_STMT_EXPLAIN,
    QUERY_STMT_SHOW, /* text: the setting, "all", "tables", "schemas", "columns" ... */
    QUERY_STMT_SET,  /* text = setting, value; RESET has value.ptr NULL */
    QUERY_STMT_BEGIN,
    QUERY_STMT_COMMIT,
    QUERY_STMT_ROLLBACK,
    QUERY_STMT_CALL /* call */
};

struct query_statement {
    enum query_statement_kind kind;
    struct str source;             /* the statement's own text, trimmed, without ';' */
    struct query_table_name table; /* DROP of several: tables */
    struct query_name alias;       /* DELETE FROM t [AS] alias; text.len 0 = none */
    size_t table_count;
    struct query_table_name *tables;
    bool if_exists, if_not_exists, or_replace, matview, cascade;
    bool purge;               /* DROP ... PURGE */
    bool analyze;             /* EXPLAIN */
    struct query_name schema; /* CREATE/DROP SCHEMA; RENAME: where to */
    struct query_name new_name;
    struct query_name catalog; /* CREATE/DROP SCHEMA catalog.schema */
    size_t column_count;
    struct query_column_def *columns;
    size_t column_name_count; /* INSERT (a, b), COPY t (a, b) */
    struct query_name *column_names;
    size_t option_count; /* WITH (...), COPY options, EXPLAIN options */
    struct query_option *options;
    struct query_select *select;
    struct str select_text;  /* CREATE MATVIEW: the SELECT as written */
    struct query_ast *where; /* DELETE; ADD CONSTRAINT: the check */
    struct str where_text;   /* ADD CONSTRAINT: the check as written */
    struct query_name constraint;
    struct str text, value; /* SHOW, SET; COPY: the file name in value; ptr NULL = STDIN/STDOUT */
    struct query_ast *call;
    struct query_statement *inner; /* EXPLAIN */
};

#endif
