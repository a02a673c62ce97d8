// SPDX-License-Identifier: Apache-2.0
/* query_tool.c - SELECTs without tables, run by sql, plan and exec: the answers as text.
 *
 *     query_tool < queries        one query a line
 *
 * For each query: "@@ N", then the column names and each row, fields separated by tabs, NULL as \N;
 * or "! SQLSTATE message". query_judge.py compares them with PostgreSQL's. */
#include "column/column_text.h"
#include "exec/exec.h"
#include "plan/plan.h"
#include "sql/sql.h"

#include <stdio.h>
#include <stdlib.h>

static status no_table(void *self, const struct query_table_name *name, struct arena *arena,
                       struct plan_table *out, struct error *err)
{
    FAIL(err, ST_NOT_FOUND, "there are no tables here");
}

static status fold(void *self, const struct query_expr *e, struct arena *arena,
                   struct column_value *out, struct error *err)
{
    return exec_fold(e, self, arena, out, err);
}

static void print_text(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\t' || s.ptr[i] == '\n' || s.ptr[i] == '\\')
            putchar('\\');
        putchar(s.ptr[i] == '\t' ? 't' : s.ptr[i] == '\n' ? 'n' : s.ptr[i]);
    }
}

static status print_batch(const struct column_schema *schema, const struct column_batch *batch,
                          struct error *err)
{
    struct buffer text;
    buffer_init(&text, NULL, (size_t)1 << 30);
    for (int64_t r = 0; r < batch->rows; r++)
        for (size_t i = 0; i < batch->columns; i++) {
            struct column_value v;
            column_span_value(&batch->spans[i], schema->fields[i].type, r, &v);
            buffer_clear(&text);
            TRY(column_text_format(&v, NULL, &text, err));
            if (v.null)
                fputs("\\N", stdout);
            else
                print_text(buffer_str(&text));
            putchar(i + 1 < batch->columns ? '\t' : '\n');
        }
    buffer_free(&text);
    return ST_OK;
}

static status run(const char *line, struct arena *arena, struct error *err)
{
    struct exec_context exec = {.arena = arena, .account = arena->account};
    struct plan_lookup lookup = {.self = &exec, .table = no_table, .fold = fold};
    struct plan_context plan = {.arena = arena, .account = arena->account, .lookup = &lookup};
    struct query_statement **s;
    struct query_plan *p;
    struct column_stream rows;
    struct column_batch batch;
    size_t count;
    TRY(sql_parse(str_of(line), arena, &s, &count, err));
    if (count != 1 || !s[0]->select)
        FAIL(err, ST_USAGE, "a SELECT is wanted");
    TRY(plan_select(&plan, s[0]->select, &p, err));
    TRY(exec_open(p, &exec, &rows, err));
    for (size_t i = 0; i < p->schema.count; i++)
        printf("%.*s%c", STR_ARG(p->schema.fields[i].name), i + 1 < p->schema.count ? '\t' : '\n');
    status st;
    while ((st = rows.next(rows.self, &batch, err)) == ST_OK && batch.rows > 0)
        TRY_DONE(print_batch(&p->schema, &batch, err));
done:
    rows.close(rows.self);
    return st;
}

int main(void)
{
    static char line[1 << 16];
    for (int n = 0; fgets(line, sizeof(line), stdin); n++) {
        struct arena arena;
        struct error err;
        error_init(&err);
        arena_init(&arena, NULL);
        printf("@@ %d\n", n);
        if (run(line, &arena, &err) != ST_OK)
            printf("! %s %s\n", error_state(&err), err.msg);
        fflush(stdout);
        arena_free(&arena);
    }
    return 0;
}
