// SPDX-License-Identifier: Apache-2.0
/* fuzz_csv.c - any bytes as CSV: inferred, read with what was inferred, bad rows skipped.
 *
 * The first byte chooses options and how many bytes each read hands out. */
#include "csv/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    const uint8_t *data;
    size_t size, at, piece;
};

static status source_read(void *self, void *out, size_t capacity, size_t *got, struct error *err)
{
    struct source *s = self;
    size_t n = s->size - s->at;
    n = n < capacity ? n : capacity;
    n = n < s->piece ? n : s->piece;
    if (n > 0)
        memcpy(out, s->data + s->at, n);
    s->at += n;
    *got = n;
    return ST_OK;
}

/* Reads every byte of every text, which must be UTF-8 whatever the file held. */
static void check_batch(const struct column_schema *schema, const struct column_batch *b)
{
    for (size_t i = 0; i < b->columns; i++)
        for (int64_t row = 0; row < b->rows; row++) {
            struct column_value v;
            column_span_value(&b->spans[i], schema->fields[i].type, row, &v);
            if (!v.null && schema->fields[i].type.kind == COLUMN_TEXT && !str_is_utf8(v.str))
                __builtin_trap();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct source source = {data + 1, size - 1, 0, data[0] & 1 ? 3 : 4096};
    struct csv_input in = {.self = &source, .read = source_read, .name = STR("fuzz")};
    struct csv_options o;
    struct mem_account account;
    struct arena arena;
    struct column_schema schema;
    mem_account_init(&account, "fuzz", NULL, 256u << 20);
    arena_init(&arena, &account);
    csv_options_init(&o);
    o.header = !(data[0] & 2);
    o.escape = data[0] & 4 ? '\\' : '"';
    o.delimiter = data[0] & 8 ? ';' : ',';
    o.null_text = data[0] & 16 ? STR("NA") : STR("");
    o.quote = data[0] & 32 ? 0 : '"';
    o.skip_bad_rows = data[0] & 64;
    if (csv_infer(&in, &o, data[0] & 128 ? 2 : 0, &arena, &account, &schema, NULL) == ST_OK) {
        struct csv_reader *r;
        struct column_batch b = {.rows = 1};
        source.at = 0;
        if (csv_reader_create(&in, &o, &schema, &account, &r, NULL) == ST_OK) {
            while (b.rows > 0 && csv_reader_next(r, &b, NULL) == ST_OK)
                check_batch(&schema, &b);
            csv_reader_free(r);
        }
    }
    arena_free(&arena);
    if (account.used_bytes != 0)
        __builtin_trap();
    return 0;
}
