// SPDX-License-Identifier: Apache-2.0
/* plan_postgres_test.c - result types and SQLSTATEs of some thousand expressions, as PostgreSQL 15
 * answered for the same text (test/data/plan/postgres_types.tsv, made by
 * test/interop/plan_types.py).
 *
 * A line is "expression TAB answer [TAB firn's answer, where docs/user/sql.md says it differs]"; an
 * answer is a type's name without modifiers or an SQLSTATE. Nothing is evaluated: only types count.
 */
#include "plan_fixture.h"

#define GOLDEN "test/data/plan/postgres_types.tsv"

static void answer(const char *expression, char out[64])
{
    struct fixture f;
    struct query_plan *p;
    struct str sql;
    fixture_init(&f);
    f.tables.lookup.fold = NULL;
    CHECK_STATUS(arena_printf(&f.tables.arena, &sql, &f.err, "SELECT %s AS c FROM t", expression),
                 ST_OK);
    if (fixture_select(&f, sql.ptr, &p) == ST_OK) {
        column_type_name(p->schema.fields[0].type, out);
        out[strcspn(out, "(")] = 0;
    } else {
        snprintf(out, 64, "%s", error_state(&f.err));
    }
    fixture_free(&f);
}

TEST(answers_of_postgresql)
{
    static char line[512];
    size_t lines = 0, wrong = 0;
    FILE *in = fopen(GOLDEN, "r");
    CHECK(in != NULL);
    while (fgets(line, sizeof(line), in)) {
        char got[64];
        char *save = NULL, *expression = strtok_r(line, "\t\n", &save);
        const char *postgres = strtok_r(NULL, "\t\n", &save), *own = strtok_r(NULL, "\t\n", &save);
        const char *want = own ? own : postgres;
        CHECK(want != NULL);
        answer(expression, got);
        lines++;
        if (strcmp(got, want) != 0) {
            wrong++;
            fprintf(stderr, "%s\t%s\t%s\n", expression, want, got);
        }
    }
    fclose(in);
    CHECK(lines > 1000);
    CHECK_INT(wrong, 0);
}
