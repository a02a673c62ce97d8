// SPDX-License-Identifier: Apache-2.0
/* parquet_chunk.h - a column chunk read whole or in steps, for the reader's tests. */
#ifndef PARQUET_CHUNK_H
#define PARQUET_CHUNK_H

#include "harness/test.h"
#include "parquet/parquet.h"

#include <stdlib.h>

static struct error err; /* of the test program */

struct chunk {
    struct arena arena;
    struct column_type type;
    int64_t rows;
    struct column_value *values; /* in the arena */
    size_t runs, coded, plain;   /* spans of each kind */
    int64_t rows_in_runs;
};

/* A file on disk below the repository's root, where tests run. */
struct opened {
    struct store *store;
    struct store_file *file;
    struct parquet_file *parquet;
};

static inline void open_path(struct opened *o, const char *path)
{
    struct arena arena;
    struct str uri;
    arena_init(&arena, NULL);
    CHECK_OK(store_create_local(&o->store, &err));
    CHECK_OK(store_absolute(str_of(path), &arena, &uri, &err));
    CHECK_OK(store_open(o->store, uri, -1, &o->file, &err));
    CHECK_OK(parquet_open(o->file, NULL, &o->parquet, &err));
    arena_free(&arena);
}

static inline void close_path(struct opened *o)
{
    parquet_close(o->parquet);
    store_close(o->file);
    store_destroy(o->store);
}

/* Reads to the end in steps of at most max_rows. */
static inline status chunk_read(struct parquet_file *f, size_t group, size_t column,
                                struct column_type type, int64_t max_rows, struct chunk *out)
{
    struct parquet_column *c;
    int64_t at = 0;
    *out = (struct chunk){.type = type, .rows = parquet_group_rows(f, group)};
    arena_init(&out->arena, NULL);
    TRY(ARENA_ARRAY(&out->arena, struct column_value, (size_t)out->rows, &out->values, &err));
    TRY(parquet_column_open(f, group, column, type, &c, &err));
    for (;;) {
        struct column_span s;
        status st = parquet_column_next(c, max_rows, &s, &err);
        if (st != ST_OK) {
            parquet_column_close(c);
            return st;
        }
        if (s.rows == 0)
            break;
        CHECK(s.rows <= max_rows && at + s.rows <= out->rows);
        out->runs += s.kind == SPAN_RUN;
        out->coded += s.kind == SPAN_CODES;
        out->plain += s.kind == SPAN_VALUES;
        out->rows_in_runs += s.kind == SPAN_RUN ? s.rows : 0;
        for (int64_t i = 0; i < s.rows && at < out->rows; i++, at++) {
            struct column_value v;
            column_span_value(&s, type, i, &v);
            TRY(column_value_copy(&out->arena, &v, &out->values[at], &err));
        }
    }
    CHECK_INT(at, out->rows);
    parquet_column_close(c);
    return ST_OK;
}

static inline void chunk_free(struct chunk *c)
{
    arena_free(&c->arena);
}

/* The column must be there. */
static inline int column_named(struct parquet_file *f, const char *name)
{
    for (size_t i = 0; i < parquet_columns(f); i++)
        if (str_eq_z(parquet_column_at(f, i)->name, name))
            return (int)i;
    test_fail(__FILE__, __LINE__, "no column %s", name);
    abort();
}

#endif
