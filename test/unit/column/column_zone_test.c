// SPDX-License-Identifier: Apache-2.0
/* column_zone_test.c - offsets and local times against Python's zoneinfo (test/data/zones), names,
 * hostile files. */
#include "column/column_zone.h"
#include "harness/test.h"

#include <stdlib.h>

#define FOLDER "test/data/zones/"

static size_t read_zone_file(const char *path, uint8_t *data, size_t size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        test_fail(__FILE__, __LINE__, "%s cannot be opened", path);
    size_t got = fread(data, 1, size, f);
    fclose(f);
    return got;
}

static struct zone *open_zone(struct arena *a, const char *file)
{
    static uint8_t data[8192];
    struct error err;
    struct zone *z = NULL;
    char path[256];
    snprintf(path, sizeof(path), FOLDER "%s.tzif", file);
    size_t got = read_zone_file(path, data, sizeof(data));
    CHECK_OK(zone_parse(a, str_of(file), data, got, &z, &err));
    return z;
}

TEST(python_agrees)
{
    FILE *f = fopen(FOLDER "expected.txt", "r");
    char kind, file[64], open_file[64] = "";
    long long in, want;
    int lines = 0;
    struct arena a;
    struct zone *z = NULL;
    CHECK(f);
    arena_init(&a, NULL);
    for (; fscanf(f, " %c %63s %lld %lld", &kind, file, &in, &want) == 4; lines++) {
        if (strcmp(file, open_file) != 0) {
            z = open_zone(&a, file);
            strcpy(open_file, file);
        }
        long long got = kind == 'u' ? zone_offset_at(z, in * 1000000)
                                    : (zone_to_utc(z, in * 1000000 + 999999) - 999999) / 1000000;
        if (got != want)
            test_fail(__FILE__, __LINE__, "%c %s %lld gives %lld, not %lld", kind, file, in, got,
                      want);
    }
    CHECK(lines > 3000);
    fclose(f);
    arena_free(&a);
}

/* Each period ends where the offset changes, and the next one begins there. */
TEST(periods_join)
{
    struct arena a;
    arena_init(&a, NULL);
    static const char *const files[] = {"Berlin", "Dublin", "rule_days", "Gaza"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct zone *z = open_zone(&a, files[i]);
        int64_t from, to, at = INT64_C(-4000000000000000);
        int periods = 0;
        zone_period_at(z, at, &from, &to);
        for (; periods < 400 && to != INT64_MAX; periods++) {
            int64_t next_from, next_to;
            int32_t offset = zone_period_at(z, at, &from, &to);
            CHECK(from <= at && at < to);
            CHECK_INT(zone_offset_at(z, to - 1), offset);
            zone_period_at(z, to, &next_from, &next_to);
            CHECK_INT(next_from, to);
            at = to;
        }
        CHECK_INT(periods, 400);
    }
    arena_free(&a);
}

TEST(names)
{
    static const struct {
        const char *name;
        int32_t offset;
        const char *shown;
    } good[] = {{"UTC", 0, "UTC"},
                {"z", 0, "UTC"},
                {"GMT", 0, "UTC"},
                {"+02:00", 7200, "+02:00"},
                {"-5", -18000, "-5"},
                {"UTC+3", 10800, "UTC+3"},
                {"+0530", 19800, "+0530"},
                {"-03:30:30", -12630, "-03:30:30"},
                {"asia/KOLKATA", 19800, "Asia/Kolkata"}};
    static const char *const bad[] = {"",      "/etc/passwd", "../zoneinfo/UTC", "Europe",   "+16",
                                      "+1:60", "UTC5",        "Europe/Nowhere",  "zone.tab", "+",
                                      "--5",   "+12345"};
    struct error err;
    struct arena a;
    struct zone *z;
    arena_init(&a, NULL);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        CHECK_OK(zone_load(&a, str_of(good[i].name), &z, &err));
        CHECK_INT(zone_offset_at(z, INT64_C(1700000000000000)), good[i].offset);
        CHECK_STR(zone_name(z), good[i].shown);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        error_init(&err);
        CHECK_STATUS(zone_load(&a, str_of(bad[i]), &z, &err), ST_NOT_FOUND);
        CHECK_STR(str_of(error_state(&err)), "22023");
    }
    CHECK_STR(zone_name(NULL), "UTC");
    CHECK_INT(zone_to_utc(NULL, 5), 5);
    arena_free(&a);
}

TEST(abbreviations)
{
    static const struct {
        const char *name;
        int64_t seconds;
        const char *shown;
    } known[] = {{"Europe/Berlin", 1704067200, "CET"},    {"Europe/Berlin", 1719792000, "CEST"},
                 {"Europe/Berlin", 2540678400, "CEST"},   {"Europe/Berlin", -2524521600, "LMT"},
                 {"America/New_York", 4102444800, "EST"}, {"America/New_York", 1719792000, "EDT"},
                 {"Asia/Kathmandu", 1719792000, "+0545"}, {"UTC", 0, "UTC"},
                 {"Africa/Monrovia", -2524521600, "MMT"}};
    struct error err;
    struct arena a;
    struct zone *z;
    arena_init(&a, NULL);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        CHECK_OK(zone_load(&a, str_of(known[i].name), &z, &err));
        CHECK_STR(zone_abbreviation_at(z, known[i].seconds * 1000000), known[i].shown);
    }
    CHECK_STR(zone_abbreviation_at(NULL, 0), "UTC");
    arena_free(&a);
}

/* A file cut anywhere, or with any byte changed, is refused or read, never worse. */
TEST(damaged_files)
{
    struct arena a;
    uint8_t data[2048], copy[2048];
    size_t size = read_zone_file(FOLDER "Troll.tzif", data, sizeof(data));
    CHECK(size > 100);
    arena_init(&a, NULL);
    for (size_t cut = 0; cut < size; cut++) {
        struct zone *z;
        CHECK(zone_parse(&a, STR("cut"), data, cut, &z, NULL) == ST_CORRUPT);
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, data, size);
            copy[cut] ^= (uint8_t)(1u << bit);
            if (zone_parse(&a, STR("flip"), copy, size, &z, NULL) == ST_OK) {
                zone_offset_at(z, INT64_MAX);
                zone_to_utc(z, INT64_MIN);
                zone_to_utc(z, INT64_MAX);
            }
        }
        arena_reset(&a);
    }
    arena_free(&a);
}

TEST(counts_do_not_allocate)
{
    struct error err;
    struct arena a;
    struct mem_account account;
    struct zone *z;
    uint8_t data[200] = "TZif2";
    mem_account_init(&account, "zones", NULL, 16384);
    arena_init(&a, &account);
    memset(data + 20, 0xff, 24); /* every count is 2^32 - 1 */
    CHECK_STATUS(zone_parse(&a, STR("huge"), data, sizeof(data), &z, &err), ST_CORRUPT);
    arena_free(&a);
}
