// SPDX-License-Identifier: Apache-2.0
/* column_type_test.c - names, physical forms, the order of values, names in schemas. */
#include "column/column_type.h"
#include "harness/test.h"

#include <math.h>

TEST(names_and_forms)
{
    char out[64];
    CHECK_STR(str_of(column_type_name(column_type_decimal(10, 2), out)), "numeric(10,2)");
    CHECK_STR(str_of(column_type_name(column_type_of(COLUMN_TIMESTAMPTZ), out)),
              "timestamp with time zone");
    CHECK_STR(str_of(column_type_name(
                  (struct column_type){.kind = COLUMN_FIXED, .length_bytes = 12}, out)),
              "fixed(12)");
    CHECK_INT(column_type_phys(column_type_decimal(18, 2)), PHYS_I64);
    CHECK_INT(column_type_phys(column_type_decimal(19, 2)), PHYS_I128);
    CHECK_INT(column_type_phys(column_type_of(COLUMN_DATE)), PHYS_I32);
    CHECK_INT(column_phys_bytes(PHYS_STR), 16);
    CHECK_INT(column_phys_bytes(PHYS_INTERVAL), 16);
    CHECK(column_type_eq(column_type_decimal(10, 2), column_type_decimal(10, 2)));
    CHECK(!column_type_eq(column_type_decimal(10, 2), column_type_decimal(10, 3)));
    CHECK(column_type_is_number(column_type_decimal(10, 2)));
    CHECK(!column_type_is_integer(column_type_of(COLUMN_DATE)));
}

static struct column_value of_double(double v)
{
    return (struct column_value){.type = column_type_of(COLUMN_DOUBLE), .f64 = v};
}

static int cmp_double(double a, double b, bool total)
{
    struct column_value x = of_double(a), y = of_double(b);
    return column_value_cmp(&x, &y, total);
}

TEST(double_order)
{
    CHECK_INT(cmp_double(-0.0, 0.0, false), 0);
    CHECK_INT(cmp_double(-0.0, 0.0, true), -1);
    CHECK_INT(cmp_double(0.0, -0.0, true), 1);
    CHECK_INT(cmp_double((double)NAN, (double)INFINITY, false), 1);
    CHECK_INT(cmp_double((double)NAN, (double)-NAN, true), 0);
    CHECK_INT(cmp_double(-1.0, 2.0, true), -1);
}

TEST(text_and_interval_order)
{
    struct column_value a = {.type = column_type_of(COLUMN_TEXT), .str = STR("a\x7f")};
    struct column_value b = {.type = column_type_of(COLUMN_TEXT), .str = STR("a\xc3\xa4")};
    CHECK(column_value_cmp(&a, &b, false) < 0);
    struct column_type t = column_type_of(COLUMN_INTERVAL);
    struct column_value m = {.type = t, .interval = {.months = 1}};
    struct column_value d = {.type = t, .interval = {.days = 30}};
    CHECK_INT(column_value_cmp(&m, &d, false), 0);
    d.interval.us = 1;
    CHECK_INT(column_value_cmp(&m, &d, false), -1);
    m.interval.months = INT32_MAX; /* no overflow at the ends */
    d.interval.us = INT64_MAX;
    CHECK_INT(column_value_cmp(&m, &d, false), 1);
}

TEST(copy_owns_its_bytes)
{
    struct error err;
    struct arena a;
    char bytes[] = "firn";
    struct column_value from = {.type = column_type_of(COLUMN_TEXT), .str = str_of(bytes)}, to;
    arena_init(&a, NULL);
    CHECK_OK(column_value_copy(&a, &from, &to, &err));
    bytes[0] = 'F';
    CHECK_STR(to.str, "firn");
    arena_free(&a);
}

TEST(schema_names)
{
    struct column_field fields[] = {
        {.name = STR("Day")}, {.name = STR("day")}, {.name = STR("Amount")}, {.name = STR("DAY2")}};
    struct column_schema s = {ARRAY_LEN(fields), fields};
    CHECK_INT(column_schema_find(&s, STR("day")), 1);
    CHECK_INT(column_schema_find(&s, STR("DAY")), -2);
    CHECK_INT(column_schema_find(&s, STR("amount")), 2);
    CHECK_INT(column_schema_find(&s, STR("none")), -1);
    CHECK(column_schema_nearest(&s, STR("amuont")) == &fields[2]);
    CHECK(column_schema_nearest(&s, STR("product_id")) == NULL);
    CHECK(column_schema_nearest(&s, STR("")) == NULL);
    fields[0].name = STR("day");
    CHECK_INT(column_schema_find(&s, STR("day")), -2);
}
