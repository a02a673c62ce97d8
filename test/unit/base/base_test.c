// SPDX-License-Identifier: Apache-2.0
/* base_test.c - errors, accounts, arenas, buffers, cursors, the thread pool. */
#include "harness/test.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/jsontext.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/wide.h"

static status fails_deep(struct error *err)
{
    FAIL(err, ST_CORRUPT, "page %d is short", 3);
}

static status fails_above(struct error *err)
{
    TRY_CONTEXT(fails_deep(err), err, "column %s", "price");
    return ST_OK;
}

TEST(error_keeps_code_and_adds_context)
{
    struct error err;
    CHECK_STATUS(fails_above(&err), ST_CORRUPT);
    CHECK_STR(str_of(err.msg), "page 3 is short: column price");
    CHECK_STATUS(fails_above(NULL), ST_CORRUPT);
}

TEST(error_context_adds_nothing_twice)
{
    struct error err;
    CHECK_STATUS(error_set(&err, ST_IO, "f", 1, "cannot open a.parquet"), ST_IO);
    error_context(&err, "%s", "a.parquet");
    error_context(&err, "table %s", "t");
    error_context(&err, "table %s", "t");
    CHECK_STR(str_of(err.msg), "cannot open a.parquet: table t");
}

TEST(error_message_is_cut_not_overflown)
{
    struct error err;
    char big[2000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = 0;
    CHECK_STATUS(error_set(&err, ST_IO, "f", 1, "%s", big), ST_IO);
    error_context(&err, "%s", big);
    CHECK(strlen(err.msg) < sizeof(err.msg));
}

TEST(error_messages_are_printable)
{
    struct error err;
    char sum[] = "a\x1b[2Jb \xc3\xa9 \xff \xc2\x9b \xe2\x82\xac \xe2\x82";
    error_set(&err, ST_CORRUPT, "f", 1, "name \"%s\"\tline\n", sum);
    CHECK_STR(str_of(err.msg), "name \"a?[2Jb \xc3\xa9 ? ?? \xe2\x82\xac ??\"\tline\n");
    error_context(&err, "%s", "\x01x");
    CHECK(strstr(err.msg, ": ?x") != NULL);
    error_detail(&err, "%s", "\xf0\x9f\x98\x80\x7f");
    CHECK_STR(str_of(err.detail), "\xf0\x9f\x98\x80?");
    char long_name[2000]; /* cut in the middle of a character */
    for (size_t i = 0; i < sizeof(long_name) - 2; i += 2)
        memcpy(long_name + i, "\xc3\xa9", 3);
    error_set(&err, ST_CORRUPT, "f", 1, "%s", long_name);
    CHECK(str_is_utf8(str_of(err.msg)));
}

TEST(account_limit_holds_on_every_level)
{
    struct error err;
    struct mem_account top, low;
    mem_account_init(&top, "top", NULL, 1000);
    mem_account_init(&low, "low", &top, 0);
    void *p, *q;
    CHECK_OK(mem_alloc(&low, 900, &p, &err));
    CHECK_STATUS(mem_alloc(&low, 101, &q, &err), ST_LIMIT);
    CHECK_INT(low.used_bytes, 900);
    CHECK_INT(top.used_bytes, 900);
    mem_free(&low, p, 900);
    CHECK_INT(top.used_bytes, 0);
    CHECK_INT(top.peak_bytes, 900);
}

TEST(nth_allocation_fails)
{
    struct error err;
    struct arena a;
    arena_init(&a, NULL);
    void *p;
    mem_fault_set(1, false);
    CHECK_STATUS(arena_alloc(&a, 10, &p, &err), ST_OOM);
    CHECK_OK(arena_alloc(&a, 10, &p, &err));
    mem_fault_set(0, false);
    arena_free(&a);
}

static void count_up(void *arg)
{
    ++*(int *)arg;
}

TEST(arena_aligns_and_runs_cleanups)
{
    struct error err;
    struct arena a;
    arena_init(&a, NULL);
    int ran = 0;
    CHECK_OK(arena_on_reset(&a, count_up, &ran, &err));
    for (int i = 1; i < 3000; i += 7) {
        char *p;
        CHECK_OK(arena_calloc(&a, (size_t)i, (void **)&p, &err));
        CHECK_INT((uintptr_t)p % 16, 0);
        memset(p, 0xAA, (size_t)i);
    }
    arena_reset(&a);
    CHECK_INT(ran, 1);
    struct str s;
    CHECK_OK(arena_printf(&a, &s, &err, "%d-%s", 7, "x"));
    CHECK_STR(s, "7-x");
    arena_free(&a);
}

TEST(buffer_stops_at_its_cap)
{
    struct error err;
    struct buffer b;
    buffer_init(&b, NULL, 300);
    for (int i = 0; i < 300; i++)
        CHECK_OK(buffer_append_byte(&b, (uint8_t)i, &err));
    CHECK_STATUS(buffer_append_byte(&b, 0, &err), ST_LIMIT);
    CHECK_INT(b.len, 300);
    buffer_free(&b);
}

TEST(varints_are_bounded)
{
    struct error err;
    uint8_t max[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01};
    uint8_t over[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02};
    struct bytes in = bytes_of(max, sizeof(max));
    uint64_t v;
    CHECK_OK(bytes_uvarint(&in, &v, &err));
    CHECK(v == UINT64_MAX);
    in = bytes_of(over, sizeof(over));
    CHECK_STATUS(bytes_uvarint(&in, &v, &err), ST_CORRUPT);
    in = bytes_of(max, 3);
    CHECK_STATUS(bytes_uvarint(&in, &v, &err), ST_CORRUPT);
}

TEST(names_near_and_far)
{
    CHECK_INT(str_distance(STR("product_id"), STR("prodcut_id")), 1);
    CHECK_INT(str_distance(STR("amount"), STR("AMOUNT")), 0);
    CHECK(str_is_utf8(STR("snow \xE2\x9D\x84")));
    CHECK(!str_is_utf8(STR("\xED\xA0\x80")));
    CHECK(!str_is_utf8(STR("\xC0\xAF")));
}

TEST(wide_text)
{
    char t[WIDE_TEXT_MAX];
    CHECK_INT(wide_to_text(-5, 2, t), 5);
    CHECK_STR(str_of(t), "-0.05");
    wide_to_text(INT128_MIN, 0, t);
    CHECK_STR(str_of(t), "-170141183460469231731687303715884105728");
    wide_to_text(0, 0, t);
    CHECK_STR(str_of(t), "0");
    CHECK_INT(wide_digits(wide_pow10(38) - 1), 38);
}

struct sum_job {
    _Atomic int64_t sum;
    size_t fail_at;
};

static status add_task(void *arg, size_t task, int worker, struct error *err)
{
    struct sum_job *job = arg;
    if (task == job->fail_at)
        FAIL(err, ST_REFUSED, "task %zu", task);
    atomic_fetch_add(&job->sum, (int64_t)task);
    return ST_OK;
}

TEST(pool_runs_all_tasks_many_times)
{
    struct error err;
    struct pool *p;
    CHECK_OK(pool_create(4, &p, &err));
    for (int round = 0; round < 500; round++) {
        struct sum_job job = {.fail_at = SIZE_MAX};
        CHECK_OK(pool_run(p, 100, add_task, &job, &err));
        CHECK_INT(job.sum, 4950);
    }
    struct sum_job bad = {.fail_at = 3};
    CHECK_STATUS(pool_run(p, 100, add_task, &bad, &err), ST_REFUSED);
    CHECK_STR(str_of(err.msg), "task 3");
    pool_destroy(p);
}

TEST(uuids_have_version_and_variant)
{
    struct error err;
    char u[37];
    CHECK_OK(random_uuid(u, &err));
    CHECK_INT(strlen(u), 36);
    CHECK_INT(u[14], '4');
    CHECK(strchr("89ab", u[19]) != NULL);
}

TEST(json_survives_every_refusal)
{
    /* Tokens long enough for jansson's buffer to grow several times. */
    static const char text[] =
        "{\"a key that is rather long, so that the buffer grows\": [1, 2.5, "
        "\"text \\u00e9 that is longer than any buffer so far, and then "
        "some more of it, up to and beyond 128 bytes of one token\", {}, []]}";
    static struct error err;
    struct mem_account account;
    json_t *json;
    mem_account_init(&account, "test", NULL, 0);
    mem_fault_set(0, false);
    CHECK_OK(jsontext_parse(&account, str_of(text), 0, &json, &err));
    CHECK_INT(json_object_size(json), 1);
    json_decref(json);
    uint64_t calls = mem_fault_count();
    CHECK(calls > 12);
    for (uint64_t nth = 1; nth <= calls; nth++) {
        for (int persistent = 0; persistent < 2; persistent++) {
            mem_fault_set(nth, persistent);
            status st = jsontext_parse(&account, str_of(text), 0, &json, &err);
            mem_fault_set(0, false);
            CHECK_STATUS(st, ST_OOM);
            CHECK(json == NULL);
            CHECK_INT(account.used_bytes, 0);
        }
    }
    CHECK_STATUS(jsontext_parse(&account, STR("{\"a\": 1"), 0, &json, &err), ST_CORRUPT);
    CHECK(strstr(err.msg, "at byte 7") != NULL);
    CHECK_STATUS(jsontext_parse(&account, (struct str){0}, 0, &json, &err), ST_CORRUPT);
}

TEST(sha256_of_known_texts)
{
    uint8_t sum[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    sha256((struct str){0}, (struct str){0}, sum);
    sha256_hex(sum, hex);
    CHECK_STR(str_of(hex), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256(STR("a"), STR("bc"), sum); /* FIPS 180-4, example of one block: "abc" */
    sha256_hex(sum, hex);
    CHECK_STR(str_of(hex), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* ---- secrets --------------------------------------------------------------------------------- */

TEST(secret_keys_by_their_words)
{
    static const char *const secret[] = {
        "token",
        "credential",
        "s3.secret-access-key",
        "s3.access-key-id",
        "s3.session-token",
        "fs.s3a.secret.key",
        "fs.s3a.access.key",
        "fs.s3a.bucket.b.secret.key",
        "AWS_SECRET_ACCESS_KEY",
        "authentication.token",
        "authentication.oauth2.client-secret",
        "jdbc.password",
        "header.Authorization",
        "header.X-Api",
        "fs.s3.awsSecretAccessKey",
        "password",
        "db_password",
        "adls.account-key",
        "adls.connection-string",
        "fs.s3a.encryption.key",
        "s3.sse.key",
    };
    static const char *const open_keys[] = {
        "uri",
        "type",
        "warehouse",
        "ref",
        "s3.endpoint",
        "s3.region",
        "s3.path-style-access",
        "authentication.type",
        "authentication.oauth2.token-endpoint",
        "token-exchange-enabled",
        "fs.s3a.aws.credentials.provider",
        "oauth2-server-uri",
        "scope",
        "execution_date",
        "",
    };
    for (size_t i = 0; i < ARRAY_LEN(secret); i++)
        if (!secret_key(str_of(secret[i])))
            test_fail(__FILE__, __LINE__, "%s is not secret", secret[i]);
    for (size_t i = 0; i < ARRAY_LEN(open_keys); i++)
        if (secret_key(str_of(open_keys[i])))
            test_fail(__FILE__, __LINE__, "%s is secret", open_keys[i]);
    char longest[300];
    memset(longest, 'a', sizeof(longest));
    CHECK(secret_key((struct str){longest, sizeof(longest)})); /* X1 */
}

TEST(secret_uris)
{
    CHECK(secret_uri(STR("http://me:pw@host/x")));
    CHECK(secret_uri(STR("http://me@host")));
    CHECK(secret_uri(STR("https://host/x?token=1")));
    CHECK(secret_uri(STR("https://host?token=1")));
    CHECK(secret_uri(STR("https://host/x#y")));
    CHECK(!secret_uri(STR("https://host:1/a@b")));
    CHECK(!secret_uri(STR("s3a://bucket/warehouse/")));
    CHECK(!secret_uri(STR("")));
    CHECK(!secret_uri(STR("file:///x")));
}

TEST(secrets_are_scrubbed)
{
    struct str secrets[] = {STR("abcdefgh-longer-than-that"), STR("abcdefgh"), STR("short")};
    char text[] =
        "short abcdefgh, abcdefgh-longer-than-that; abcdefgh-longer-than, abcdefgabcdefgh";
    secret_scrub(text, secrets, ARRAY_LEN(secrets));
    CHECK_STR(str_of(text), "short ***, ***; ***, abcdefg***");
    char empty[] = "";
    secret_scrub(empty, secrets, ARRAY_LEN(secrets));
    CHECK_STR(str_of(empty), "");
    char argument[] = "hunter2hunter2";
    secret_wipe(argument);
    CHECK(memcmp(argument, "***\0\0\0\0\0\0\0\0\0\0\0", sizeof(argument)) == 0);
    char two[] = "hi";
    secret_wipe(two);
    CHECK_STR(str_of(two), "**");
}
