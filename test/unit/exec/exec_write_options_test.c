// SPDX-License-Identifier: Apache-2.0
/* exec_write_options_test.c - write.* properties: what they set, what is refused. */
#include "exec/exec_write_options.h"
#include "harness/test.h"

#include "iceberg/iceberg.h"

static struct error err;
static struct column_field fields[] = {{.name = {"a", 1}, .field_id = 1},
                                       {.name = {"b", 1}, .field_id = 2}};
static const struct column_schema columns = {2, fields};

static void keep_notice(void *self, const char *text)
{
    snprintf(self, 200, "%s", text);
}

/* One property, then a metrics mode of column a where `a` is not NULL. */
static status read(const char *key, const char *value, const char *a, char said[200],
                   struct arena *arena, struct exec_write_options *out)
{
    struct property p[2] = {{str_of(key), str_of(value)},
                            {STR("write.metadata.metrics.column.a"), str_of(a ? a : "")}};
    struct iceberg_sort_field sorted = {.source_id = 2, .transform = {.kind = ICEBERG_IDENTITY}};
    struct iceberg_sort_order order = {.id = 1, .count = 1, .fields = &sorted};
    struct iceberg_table t = {.properties = p,
                              .property_count = a ? 2 : 1,
                              .orders = &order,
                              .order_count = 1,
                              .default_order_id = 1};
    struct exec_context c = {.arena = arena, .notice = keep_notice, .notice_self = said};
    said[0] = 0;
    return exec_write_options_read(&t, &columns, &c, arena, out, &err);
}

TEST(defaults_are_icebergs)
{
    struct exec_write_options o;
    struct arena arena;
    char said[200];
    arena_init(&arena, NULL);
    CHECK_OK(read("unknown", "x", NULL, said, &arena, &o));
    CHECK_INT(o.target_bytes, 512 << 20);
    CHECK_INT(o.parquet.codec, CODEC_ZSTD);
    CHECK_INT(o.parquet.codec_level, 0);
    CHECK_INT(o.parquet.row_group_bytes, 128 << 20);
    CHECK_INT(o.parquet.page_rows, 20000);
    CHECK_INT(o.modes[0].kind, EXEC_METRICS_BOUNDS);
    CHECK_INT(o.modes[0].units, 16);
    CHECK(said[0] == 0);
    arena_free(&arena);
}

TEST(metrics_modes_by_column_and_order)
{
    struct exec_write_options o;
    struct arena arena;
    char said[200];
    arena_init(&arena, NULL);
    CHECK_OK(read("write.metadata.metrics.default", "counts", "Truncate(5)", said, &arena, &o));
    CHECK_INT(o.modes[0].units, 5);
    CHECK_INT(o.modes[1].kind, EXEC_METRICS_BOUNDS); /* rows are sorted by it */
    CHECK_INT(o.modes[1].units, 16);
    CHECK_OK(read("write.metadata.metrics.default", "full", "none", said, &arena, &o));
    CHECK_INT(o.modes[0].kind, EXEC_METRICS_NONE);
    CHECK_INT(o.modes[1].units, UINT32_MAX);
    CHECK_OK(read("write.metadata.metrics.max-inferred-column-defaults", "0", "counts", said,
                  &arena, &o));
    CHECK_INT(o.modes[0].kind, EXEC_METRICS_COUNTS);
    arena_free(&arena);
}

TEST(values_that_cannot_be_followed_are_refused_by_name)
{
    static const char *const bad[][2] = {{"write.parquet.page-size-bytes", ""},
                                         {"write.parquet.page-size-bytes", "1073741825"},
                                         {"write.parquet.page-row-limit", "-1"},
                                         {"write.parquet.dict-size-bytes", "1e3"},
                                         {"write.parquet.row-group-size-bytes", "0"},
                                         {"write.target-file-size-bytes", "9999999999999999999"},
                                         {"write.parquet.compression-level", "0"},
                                         {"write.parquet.compression-codec", "brotli"},
                                         {"write.format.default", "avro"},
                                         {"write.metadata.metrics.default", "truncate(0)"},
                                         {"write.metadata.metrics.default", "truncate(3"},
                                         {"write.metadata.metrics.column.b", ""}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct exec_write_options o;
        struct arena arena;
        char said[200];
        arena_init(&arena, NULL);
        status st = read(bad[i][0], bad[i][1], NULL, said, &arena, &o);
        if (st != ST_INVALID && st != ST_UNSUPPORTED)
            test_fail(__FILE__, __LINE__, "%s = %s: %s", bad[i][0], bad[i][1], status_text(st));
        CHECK(strstr(err.msg, bad[i][0]) != NULL);
        arena_free(&arena);
    }
}

TEST(bloom_filters_are_named_as_not_written)
{
    struct exec_write_options o;
    struct arena arena;
    char said[200];
    arena_init(&arena, NULL);
    CHECK_OK(read("write.parquet.bloom-filter-enabled.column.a", "true", NULL, said, &arena, &o));
    CHECK(strstr(said, "column.a: bloom filters are not written"));
    CHECK_OK(read("write.parquet.bloom-filter-enabled.column.a", "false", NULL, said, &arena, &o));
    CHECK(said[0] == 0);
    arena_free(&arena);
}
