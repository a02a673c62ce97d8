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

/* ---- arguments (cli_args.c) ------------------------------------------------------------------ */

enum cli_format { CLI_ALIGNED, CLI_CSV, CLI_JSON, CLI_MARKDOWN, CLI_ARROW };

struct cli_pair {
    const char *name, *value; /* borrowed from argv */
};

struct cli_args {
    const char *command; /* "run"; NULL = none */
    size_t operand_count;
    const char **operands; /* owned */
    size_t option_count;
    struct firn_option *options; /* owned: those that firn_session_open takes */
    size_t variable_count;
    struct cli_pair *variables; /* owned: -v name=value */
    const char *statement;      /* -c */
    enum cli_format format;
    bool quiet, help, print;
    const char *rows; /* demo --rows */
};

/* Exit code 0, or 2 after a message on standard error. */
int cli_args_parse(int argc, char **argv, struct cli_args *out);
void cli_args_free(struct cli_args *a);
void cli_help(const char *command);

/* ---- variables and scripts (cli_vars.c, cli_script.c) ---------------------------------------- */

struct cli_var {
    struct cli_var *next;
    char *name, *value; /* owned */
};

struct cli_vars {
    struct cli_var *first;
};

STATUS_MUST_USE status cli_vars_set(struct cli_vars *v, struct str name, struct str value,
                                    struct error *err);
const char *cli_vars_get(const struct cli_vars *v, struct str name); /* NULL when not set */
void cli_vars_unset(struct cli_vars *v, struct str name);
STATUS_MUST_USE status cli_vars_copy(const struct cli_vars *from, struct cli_vars *to,
                                     struct error *err);
void cli_vars_free(struct cli_vars *v);

#define CLI_IF_DEPTH 64

struct cli_branch {
    bool active; /* this branch runs */
    bool taken;  /* a branch of this \if has run */
    bool in_else;
};

/* A script being read; a plain struct, so a place in it can be kept and returned to. */
struct cli_script {
    struct str text;  /* borrowed */
    const char *name; /* borrowed: file name, for messages */
    size_t at;        /* next byte */
    int depth;        /* of branches */
    struct cli_branch branches[CLI_IF_DEPTH];
};

enum cli_item_kind { CLI_ITEM_END, CLI_ITEM_STATEMENT, CLI_ITEM_COMMAND };

struct cli_item {
    enum cli_item_kind kind;
    size_t start;    /* offset in the text, for messages */
    struct str sql;  /* STATEMENT: variables substituted; in arena */
    struct str name; /* COMMAND: "echo"; a STATEMENT ended by one has it too ("gset") */
    size_t arg_count;
    struct str *args; /* in arena */
};

void cli_script_init(struct cli_script *s, struct str text, const char *name);
/* The next statement or meta-command of an active branch; \if and its kin are done here. */
STATUS_MUST_USE status cli_script_next(struct cli_script *s, const struct cli_vars *vars,
                                       struct arena *arena, struct cli_item *out,
                                       struct error *err);
/* 1-based line of an offset. */
int64_t cli_script_line(const struct cli_script *s, size_t at);

/* ---- results (cli_print.c) ------------------------------------------------------------------- */

struct cli_printer {
    enum cli_format format;
    bool expanded;      /* \x */
    struct buffer *out; /* borrowed */
    int64_t results;    /* printed so far: arrow takes one */
};

/* Prints a result's rows; with `rows` non-NULL also keeps the first row's texts for \gset. */
struct cli_row {
    size_t columns;
    struct str *names, *values; /* in arena; value ptr NULL = NULL */
    int64_t rows;               /* rows seen */
};
STATUS_MUST_USE status cli_print_rows(struct cli_printer *p, struct ArrowArrayStream *stream,
                                      struct arena *arena, struct error *err);
STATUS_MUST_USE status cli_fetch_row(struct ArrowArrayStream *stream, struct arena *arena,
                                     struct cli_row *out, struct error *err);

/* ---- commands -------------------------------------------------------------------------------- */

/* All return the program's exit code. */
int cli_run(const struct cli_args *a);
int cli_run_text(const struct cli_args *a, struct str text, const char *name,
                 const struct firn_option *options, size_t option_count);
int cli_demo(const struct cli_args *a);
int cli_init(const struct cli_args *a);
/* "firn: <message>" with detail, position and script place; returns the error's code. */
int cli_report(const struct firn_error *e, const char *where);

extern const char cli_demo_script[];
extern const size_t cli_demo_script_bytes;

#endif
