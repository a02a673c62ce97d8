// SPDX-License-Identifier: Apache-2.0
/* cli_int.h - what the files of cli share: the lexer of scripts, and a run. */
#ifndef CLI_INT_H
#define CLI_INT_H

#include "cli/cli.h"

/* ---- SQL text (cli_scan.c) ------------------------------------------------------------------- */

/* Letters, digits, _ and every byte of a letter beyond ASCII. */
bool cli_is_name_byte(int c);
/* White space as SQL has it, ends of lines included. */
bool cli_is_blank(int c);

enum cli_unit { CLI_UNIT_TEXT, CLI_UNIT_COMMENT };

/* The bytes at the start of `s` that belong together and hold neither a variable nor the end of a
 * statement: a quoted text, comment, word, :: or :=; 0 = one plain byte. *closed is false when a
 * quote or comment runs into the end of `s`. */
size_t cli_unit_length(struct str s, enum cli_unit *kind, bool *closed);
/* '...' or "..." at the start of `s`; doubled quotes belong to it. */
size_t cli_quoted_length(struct str s, bool *closed);

/* ---- a run (cli_run.c) ----------------------------------------------------------------------- */

/* BEGIN ... COMMIT of the script: what must come back when COMMIT loses a race. */
struct cli_block {
    bool open;
    int64_t script;          /* serial of the script that BEGIN stands in */
    struct cli_script place; /* at BEGIN, before it */
    struct cli_vars vars;    /* owned: as they were then */
    struct cli_printer printer;
    int tries;
};

struct cli_published {
    struct str table; /* "schema.table", in <kept> */
    int64_t snapshot_id;
};

struct cli_runner {
    const struct cli_args *args;  /* borrowed */
    struct firn_session *session; /* owned */
    struct cli_vars vars;         /* owned */
    struct cli_printer printer;
    struct buffer out; /* printed and, inside a block, held back */
    struct cli_block block;
    struct arena arena;   /* of one item */
    struct arena kept;    /* of the run */
    struct str zone_name; /* of printer.zone, in <kept>; empty = UTC */
    bool timing;
    bool quit;                 /* \q: the script being read is over */
    int depth;                 /* of \i */
    int64_t scripts;           /* opened so far */
    struct firn_error failure; /* what ended the run; code 0 = nothing */
    struct firn_figures total;
    size_t published_count, published_capacity;
    struct cli_published *published; /* in <kept> */
};

/* Writes out what was printed, unless a block holds it back; 0 or the program's exit code. */
int cli_flush(struct cli_runner *r);
/* Runs a script file; "-" is standard input. A failure to read it is reported as cli_fail does,
 * for \i at `item` of `from`. */
int cli_run_file(struct cli_runner *r, const char *path, const struct cli_script *from,
                 const struct cli_item *item);

/* Runs one meta-command (cli_command.c). */
int cli_command(struct cli_runner *r, struct cli_script *s, const struct cli_item *item);

/* ---- messages (cli_report.c) ----------------------------------------------------------------- */

/* Reports a failure of an item, with its place in the script and in the statement; keeps it for
 * the run's last words. Returns the exit code. `s` may be NULL. */
int cli_fail(struct cli_runner *r, const struct cli_script *s, const struct cli_item *item,
             const struct firn_error *e);
int cli_fail_own(struct cli_runner *r, const struct cli_script *s, const struct cli_item *item,
                 const struct error *err);
/* A remark on standard error, silenced by --quiet. */
__attribute__((format(printf, 2, 3))) void cli_note(const struct cli_runner *r, const char *fmt,
                                                    ...);
/* What the statement read, and its time under \timing. */
void cli_figures(struct cli_runner *r, struct firn_result *result, int64_t started_us);
/* What the whole run read and wrote, in one line, if anything. */
void cli_total(const struct cli_runner *r);
/* The last object of --format json. */
STATUS_MUST_USE status cli_last_object(const struct cli_runner *r, int code, struct buffer *out,
                                       struct error *err);

/* ---- interrupts (cli_signal.c) --------------------------------------------------------------- */

/* SIGINT and SIGTERM cancel the session's statement; a second one ends the program. NULL: none. */
void cli_signal_watch(struct firn_session *s);
bool cli_signal_seen(void);

#endif
