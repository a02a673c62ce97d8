// SPDX-License-Identifier: Apache-2.0
/* cli.h - the program: arguments, scripts, printed results. Everything goes through firn.h.
 *
 *     main -> cli_args -> cli_run | cli_demo | cli_init
 *                           cli_script (psql's habits) -> firn_execute -> cli_print */
#ifndef CLI_H
#define CLI_H

#include "base/arena.h"
#include "base/buffer.h"
#include "firn.h"

struct column_schema;
struct zone;

/* ---- arguments (cli_args.c, cli_help.c) ------------------------------------------------------ */

enum cli_format { CLI_ALIGNED, CLI_CSV, CLI_JSON, CLI_MARKDOWN, CLI_ARROW };

struct cli_pair {
    const char *name, *value; /* borrowed; name is NAME=VALUE, value points into it */
};

struct cli_args {
    const char *command; /* "run"; NULL = none */
    size_t operand_count;
    const char **operands; /* owned */
    size_t option_count;
    struct firn_option *options; /* owned: those that firn_session_open takes */
    size_t variable_count;
    struct cli_pair *variables; /* owned: -v name=value */
    size_t statement_count;
    const char **statements; /* owned: -c */
    enum cli_format format;
    bool quiet, help, print, version;
    const char *rows;      /* demo --rows */
    const char *as_of;     /* verify --as-of; NULL = not given, as the next one */
    const char *warehouse; /* of init; NULL: in the folder */
    const char *level;     /* verify --level */
    bool files;            /* verify --files */
    size_t slots;          /* of each owned array */
    struct arena secrets;  /* values that were overwritten in argv */
};

/* Exit code 0, or 2 after a message on standard error. Texts are borrowed from argv, in which the
 * values of --conf and of variables with a secret's name are overwritten. */
int cli_args_parse(int argc, char **argv, struct cli_args *out);
void cli_args_free(struct cli_args *a);

/* Help of a command, of the program for NULL; false when there is no such command. */
bool cli_help(const char *command);

/* ---- variables and scripts (cli_vars.c, cli_script.c) ---------------------------------------- */

struct cli_var {
    struct cli_var *next;
    char *name, *value; /* owned */
};

struct cli_vars {
    struct cli_var *first;
};

/* Names are letters, digits, _ and letters beyond ASCII; a value has at most 1 MiB and no NUL. */
STATUS_MUST_USE status cli_vars_set(struct cli_vars *v, struct str name, struct str value,
                                    struct error *err);
const char *cli_vars_get(const struct cli_vars *v, struct str name); /* NULL when not set */
void cli_vars_unset(struct cli_vars *v, struct str name);
STATUS_MUST_USE status cli_vars_copy(const struct cli_vars *from, struct cli_vars *to,
                                     struct error *err);
void cli_vars_free(struct cli_vars *v);

#define CLI_IF_DEPTH 64
#define CLI_SOURCES  17 /* the script, and values of variables inside each other */

struct cli_branch {
    size_t start; /* of \if, in the script */
    bool active;  /* this branch runs */
    bool taken;   /* a branch of this \if has run */
    bool in_else;
};

/* Text being read: the script, or the value of a variable that stands in it. */
struct cli_source {
    struct str text;     /* borrowed; a value: in <values> of the script */
    size_t at;           /* next byte */
    struct str variable; /* whose value it is; empty for the script */
    size_t used_at;      /* place in the script where the outermost variable stands */
};

/* A script being read; a plain struct, so a place in it can be kept and returned to. */
struct cli_script {
    const char *name;     /* borrowed: file name, for messages; NULL = none */
    int64_t serial;       /* the caller's own number for it */
    struct arena *values; /* borrowed: may be reset between items while source_count is 1 and no
                           * place is kept */
    int source_count;
    struct cli_source sources[CLI_SOURCES];
    int depth; /* of branches */
    struct cli_branch branches[CLI_IF_DEPTH];
};

enum cli_item_kind { CLI_ITEM_END, CLI_ITEM_STATEMENT, CLI_ITEM_COMMAND };

struct cli_item {
    enum cli_item_kind kind;
    size_t start;    /* of its first token (on failure: of what is wrong) in the script's text */
    struct str sql;  /* STATEMENT: from its first token on, variables in place; in arena */
    struct str name; /* COMMAND: "echo"; a STATEMENT ended by one has it too ("gset") */
    size_t arg_count;
    struct str *args;  /* in arena */
    bool first_quoted; /* args[0] began with a quote */
};

void cli_script_init(struct cli_script *s, struct str text, const char *name, struct arena *values);
/* The next statement or meta-command of an active branch; \if and its kin are done here. */
STATUS_MUST_USE status cli_script_next(struct cli_script *s, const struct cli_vars *vars,
                                       struct arena *arena, struct cli_item *out,
                                       struct error *err);
/* 1-based line of an offset in the script. */
int64_t cli_script_line(const struct cli_script *s, size_t at);
/* psql's booleans: true false yes no on off 1 0, any case, unique beginnings. */
bool cli_truth(struct str text, bool *out);

/* ---- results (cli_print.c) ------------------------------------------------------------------- */

struct cli_printer {
    enum cli_format format;
    bool expanded;           /* \x */
    struct buffer *out;      /* borrowed */
    const struct zone *zone; /* borrowed: of timestamps with time zone; NULL = UTC */
    int64_t results;         /* printed so far: arrow takes one */
    /* Writes out what `out` holds, between rows of a large result; may keep it. */
    status (*flush)(void *arg, struct error *err);
    void *flush_arg;
};

/* Prints a result's rows. */
STATUS_MUST_USE status cli_print_rows(struct cli_printer *p, struct ArrowArrayStream *stream,
                                      struct arena *arena, struct error *err);

/* A result's first row as texts, for \gset. */
struct cli_row {
    size_t columns;
    struct str *names, *values; /* in arena; value ptr NULL = NULL */
    int64_t rows;               /* rows seen; reading stops behind the second */
};
STATUS_MUST_USE status cli_fetch_row(struct cli_printer *p, struct ArrowArrayStream *stream,
                                     struct arena *arena, struct cli_row *out, struct error *err);
/* psql's table, or records when `expanded`, of texts that stand row by row (cli_align.c). */
STATUS_MUST_USE status cli_align(const struct column_schema *schema, const struct str *texts,
                                 size_t rows, bool expanded, struct arena *arena,
                                 struct buffer *out, struct error *err);
STATUS_MUST_USE status cli_json_string(struct buffer *out, struct str s, struct error *err);

/* ---- commands -------------------------------------------------------------------------------- */

/* All return the program's exit code. */
int cli_run(const struct cli_args *a);
/* A script held in memory. */
int cli_run_text(const struct cli_args *a, struct str text, const char *name,
                 const struct firn_option *options, size_t option_count);
/* One statement as it is: no variables, no second statement. */
int cli_run_statement(const struct cli_args *a, struct str sql);
int cli_demo(const struct cli_args *a);
int cli_init(const struct cli_args *a);
/* "firn: <where><message>" and the detail; returns the error's code. */
int cli_report(const struct firn_error *e, const char *where);

extern const char cli_demo_script[];
extern const size_t cli_demo_script_bytes;

#endif
