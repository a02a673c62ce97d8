// SPDX-License-Identifier: Apache-2.0
/* parquet_read_tool.c - prints what firn's reader makes of Parquet files, for parquet_read_judge.py
 * to compare with other engines, and checks what can be checked from within.
 *
 *     parquet_read_tool FILE
 *
 *     file ROWS GROUPS                 then for each leaf of the schema:
 *     column TYPE REQUIRED NAME        and one line a row: "N" for NULL, else the value
 *     refused REASON
 *     end
 *
 * Values are text without loss: integers and unscaled decimals in decimal, floats as their bits in
 * hex, everything of bytes in hex. An error ends the program with 1 and its message.
 *
 * Each column chunk is read a second time in random steps of next and skip, which must give the
 * same; codes must lie in their dictionary; chunk and page bounds and NULL counts must hold. A
 * broken rule ends the program with 3. */
#include "column/column_text.h"
#include "parquet/parquet.h"

#include <stdio.h>
#include <stdlib.h>

static struct error err;
static const char *path;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) != ST_OK) {                                                                     \
            fprintf(stderr, "%s\n", err.msg);                                                      \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define RULE(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s: %s:%d: %s does not hold\n", path, __FILE__, __LINE__, #cond);     \
            exit(3);                                                                               \
        }                                                                                          \
    } while (0)

static void print_value(const struct column_value *v)
{
    char text[WIDE_TEXT_MAX];
    uint32_t bits32;
    uint64_t bits64;
    switch (v->null ? PHYS_INTERVAL : column_type_phys(v->type)) {
    case PHYS_INTERVAL:
        putchar('N');
        break;
    case PHYS_BOOL:
        printf("%d", v->b);
        break;
    case PHYS_I32:
        printf("%d", v->i32);
        break;
    case PHYS_I64:
        printf("%lld", (long long)v->i64);
        break;
    case PHYS_F32:
        memcpy(&bits32, &v->f32, 4);
        printf("%08x", bits32);
        break;
    case PHYS_F64:
        memcpy(&bits64, &v->f64, 8);
        printf("%016llx", (unsigned long long)bits64);
        break;
    case PHYS_I128:
        wide_to_text(v->i128, 0, text);
        fputs(text, stdout);
        break;
    default:
        for (size_t i = 0; i < v->str.len; i++)
            printf("%02x", (unsigned char)v->str.ptr[i]);
        break;
    }
    putchar('\n');
}

/* One chunk's values, copied. */
struct chunk {
    struct arena arena;
    struct column_type type;
    int64_t rows;
    struct column_value *values; /* in the arena */
};

/* C1 to C6 of column_span.h, as far as one span shows them. */
static void check_span(const struct column_span *s, int64_t asked)
{
    RULE(s->rows > 0 && s->rows <= asked);
    RULE(s->kind == SPAN_RUN || s->rows <= COLUMN_SPAN_ROWS);
    RULE(s->kind != SPAN_RUN || !s->valid);
    if (s->kind != SPAN_CODES)
        return;
    RULE(s->dictionary->id != 0);
    RULE(s->code_bytes == 2 || s->code_bytes == 4);
    for (int64_t i = 0; i < s->rows; i++) {
        uint32_t code =
            s->code_bytes == 2 ? ((const uint16_t *)s->codes)[i] : ((const uint32_t *)s->codes)[i];
        RULE(code < s->dictionary->count);
    }
}

static bool same(const struct column_value *a, const struct column_value *b)
{
    if (a->null || b->null)
        return a->null && b->null;
    switch (column_type_phys(a->type)) {
    case PHYS_F32: /* bit for bit */
        return memcmp(&a->f32, &b->f32, 4) == 0;
    case PHYS_F64:
        return memcmp(&a->f64, &b->f64, 8) == 0;
    default:
        return column_value_cmp(a, b, true) == 0;
    }
}

static void read_chunk(struct parquet_file *f, size_t group, size_t column, struct chunk *out)
{
    struct parquet_column *c;
    int64_t at = 0;
    out->type = parquet_column_at(f, column)->type;
    out->rows = parquet_group_rows(f, group);
    arena_init(&out->arena, NULL);
    MUST(ARENA_ARRAY(&out->arena, struct column_value, (size_t)out->rows, &out->values, &err));
    MUST(parquet_column_open(f, group, column, out->type, &c, &err));
    for (;;) {
        struct column_span s;
        MUST(parquet_column_next(c, INT64_MAX, &s, &err));
        if (s.rows == 0)
            break;
        check_span(&s, out->rows - at);
        for (int64_t i = 0; i < s.rows; i++, at++) {
            struct column_value v;
            column_span_value(&s, out->type, i, &v);
            MUST(column_value_copy(&out->arena, &v, &out->values[at], &err));
        }
    }
    RULE(at == out->rows);
    parquet_column_close(c);
}

/* Steps of 1 to about 4 `step` rows, each read or passed over. */
static void check_steps(struct parquet_file *f, size_t group, size_t column,
                        const struct chunk *want, int64_t step, uint64_t seed)
{
    struct parquet_column *c;
    MUST(parquet_column_open(f, group, column, want->type, &c, &err));
    for (int64_t at = 0; at < want->rows;) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        int64_t n = 1 + (int64_t)(seed >> 33) % (4 * step);
        if (seed >> 62 == 0) {
            n = n < want->rows - at ? n : want->rows - at;
            MUST(parquet_column_skip(c, n, &err));
            at += n;
            continue;
        }
        struct column_span s;
        MUST(parquet_column_next(c, n, &s, &err));
        check_span(&s, n);
        for (int64_t i = 0; i < s.rows; i++, at++) {
            struct column_value v;
            column_span_value(&s, want->type, i, &v);
            RULE(at < want->rows && same(&v, &want->values[at]));
        }
    }
    parquet_column_close(c);
}

struct bounds {
    bool low, high;
    const struct column_value *min, *max; /* valid with low, high */
    int64_t nulls;                        /* -1 = unknown */
};

static void check_bounds(const struct chunk *c, int64_t from, int64_t rows, const struct bounds *b,
                         bool min_exact, bool max_exact)
{
    int64_t nulls = 0;
    bool min_seen = false, max_seen = false;
    for (int64_t i = from; i < from + rows; i++) {
        const struct column_value *v = &c->values[i];
        nulls += v->null;
        if (v->null)
            continue;
        RULE(!b->low || column_value_cmp(b->min, v, true) <= 0);
        RULE(!b->high || column_value_cmp(b->max, v, true) >= 0);
        min_seen |= b->low && column_value_cmp(b->min, v, true) == 0;
        max_seen |= b->high && column_value_cmp(b->max, v, true) == 0;
    }
    RULE(b->nulls < 0 || b->nulls == nulls);
    RULE(min_seen || !min_exact);
    RULE(max_seen || !max_exact);
}

static void check_statistics(struct parquet_file *f, size_t group, size_t column,
                             const struct chunk *c)
{
    const struct parquet_chunk_info *info = parquet_chunk_at(f, group, column);
    struct parquet_page_info *pages;
    struct arena arena;
    size_t count;
    struct bounds b = {info->has_min, info->has_max, &info->min, &info->max,
                       info->has_null_count ? info->null_count : -1};
    check_bounds(c, 0, c->rows, &b, info->min_exact, info->max_exact);
    arena_init(&arena, NULL);
    MUST(parquet_pages(f, group, column, &arena, &pages, &count, &err));
    int64_t row = 0;
    for (size_t i = 0; i < count; i++) {
        struct bounds p = {pages[i].has_bounds, pages[i].has_bounds, &pages[i].min, &pages[i].max,
                           pages[i].all_null ? pages[i].rows : pages[i].null_count};
        RULE(pages[i].first_row == row);
        check_bounds(c, row, pages[i].rows, &p, false, false);
        row += pages[i].rows;
    }
    RULE(count == 0 || row == c->rows);
    arena_free(&arena);
}

static void print_column(struct parquet_file *f, size_t column)
{
    const struct parquet_column_info *info = parquet_column_at(f, column);
    char type[64];
    column_type_name(info->type, type);
    for (char *p = type; *p; p++)
        *p = *p == ' ' ? '_' : *p;
    printf("column %s %d %.*s\n", type, info->required, STR_ARG(info->name));
    for (size_t g = 0; g < parquet_row_groups(f); g++) {
        struct parquet_column *c;
        struct chunk chunk;
        status st = parquet_column_open(f, g, column, info->type, &c, &err);
        if (st == ST_UNSUPPORTED) {
            printf("refused %s\n", err.msg);
            return;
        }
        MUST(st);
        parquet_column_close(c);
        read_chunk(f, g, column, &chunk);
        for (int64_t i = 0; i < chunk.rows; i++)
            print_value(&chunk.values[i]);
        check_steps(f, g, column, &chunk, 3, g);
        check_steps(f, g, column, &chunk, 100, g);
        check_steps(f, g, column, &chunk, 3000, g);
        check_statistics(f, g, column, &chunk);
        arena_free(&chunk.arena);
    }
}

int main(int argc, char **argv)
{
    struct store *store;
    struct store_file *file;
    struct parquet_file *f;
    struct mem_account account;
    if (argc != 2) {
        fprintf(stderr, "usage: %s /absolute/file.parquet\n", argv[0]);
        return 2;
    }
    path = argv[1];
    mem_account_init(&account, "parquet_read_tool", NULL, (size_t)1 << 30);
    MUST(store_create_local(&store, &err));
    MUST(store_open(store, str_of(path), -1, &file, &err));
    MUST(parquet_open(file, &account, &f, &err));
    printf("file %lld %zu\n", (long long)parquet_rows(f), parquet_row_groups(f));
    for (size_t i = 0; i < parquet_columns(f); i++)
        print_column(f, i);
    printf("end\n");
    parquet_close(f);
    RULE(account.used_bytes == 0);
    store_close(file);
    store_destroy(store);
    return 0;
}
