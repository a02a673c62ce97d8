// SPDX-License-Identifier: Apache-2.0
/* s3_test.c - the parts of the S3 back end by themselves: signatures against AWS's published
 * examples, XML, profiles, sites. */
#include "harness/test.h"
#include "store/store_s3_int.h"

#include <stdlib.h>

static struct error err;

/* ---- signatures ----------------------------------------------------------------------------- */

static void check_signature(const struct s3_signing *s, const char *want)
{
    struct arena a;
    struct property *out;
    size_t n;
    arena_init(&a, NULL);
    CHECK_OK(s3_sign(s, &a, &out, &n, &err));
    CHECK(n >= 2);
    CHECK_STR(out[n - 1].key, "authorization");
    const char *found = strstr(out[n - 1].value.ptr, "Signature=");
    CHECK(found != NULL);
    CHECK_STR(str_of(found + 10), want);
    arena_free(&a);
}

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct s3_keys s3_example = {
    .id = STR("AKIAIOSFODNN7EXAMPLE"), .secret = STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
static const struct s3_keys suite_keys = {
    .id = STR("AKIDEXAMPLE"), .secret = STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};

/* "Examples: Signature calculations" of Amazon S3's API reference, 2013-05-24. AWS signs all headers
 * that it shows; here those that firn signs, plus Range and Date where the example has them, cannot
 * be had, so only the examples with host and x-amz- headers alone are taken. */
TEST(signature_of_s3_examples)
{
    struct property headers[] = {{STR("x-amz-content-sha256"), STR(EMPTY)}};
    struct s3_signing s = {.method = STR("GET"),
                           .region = STR("us-east-1"),
                           .service = STR("s3"),
                           .headers = headers,
                           .header_count = 1,
                           .payload = EMPTY,
                           .keys = &s3_example,
                           .now_us = (int64_t)1369353600 * 1000000};
    s.url = STR("https://examplebucket.s3.amazonaws.com/?lifecycle");
    check_signature(&s, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    s.url = STR("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J");
    check_signature(&s, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    s.url = STR("https://examplebucket.s3.amazonaws.com:443/?prefix=J&max-keys=2"); /* sorted */
    check_signature(&s, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* AWS's signature test suite (aws-sig-v4-test-suite), 2015-08-30. */
TEST(signature_of_the_suite)
{
    static const struct {
        const char *method, *url, *want;
    } rows[] = {
        {"GET", "https://example.amazonaws.com/",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"POST", "https://example.amazonaws.com/",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"POST", "https://example.amazonaws.com/?Param1=value1",
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct s3_signing s = {.method = str_of(rows[i].method),
                               .url = str_of(rows[i].url),
                               .region = STR("us-east-1"),
                               .service = STR("service"),
                               .payload = EMPTY,
                               .keys = &suite_keys,
                               .now_us = (int64_t)1440938160 * 1000000};
        check_signature(&s, rows[i].want);
    }
}

TEST(signature_with_a_token)
{
    struct s3_keys keys = s3_example;
    struct arena a;
    struct property *out;
    size_t n;
    arena_init(&a, NULL);
    keys.token = STR("session-token");
    struct s3_signing s = {.method = STR("GET"),
                           .url = STR("http://h:9000/b/k"),
                           .region = STR("eu-west-1"),
                           .service = STR("s3"),
                           .payload = EMPTY,
                           .keys = &keys,
                           .now_us = (int64_t)1369353600 * 1000000};
    CHECK_OK(s3_sign(&s, &a, &out, &n, &err));
    CHECK_INT(n, 3);
    CHECK_STR(out[0].value, "20130524T000000Z");
    CHECK_STR(out[1].key, "x-amz-security-token");
    CHECK_STR(out[1].value, "session-token");
    CHECK(strstr(out[2].value.ptr, "SignedHeaders=host;x-amz-date;x-amz-security-token,") != NULL);
    CHECK(strstr(out[2].value.ptr, "/20130524/eu-west-1/s3/aws4_request,") != NULL);
    keys.id = (struct str){0};
    CHECK_OK(s3_sign(&s, &a, &out, &n, &err));
    CHECK_INT(n, 0); /* anonymous */
    arena_free(&a);
}

/* ---- XML ------------------------------------------------------------------------------------ */

TEST(xml_elements)
{
    static const char text[] =
        "\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- c --><s3:List xmlns:s3=\"a>b\">\n"
        "<Contents a='/'><Key>a&amp;b&lt;&#233;&#x1F600;</Key><Size/></Contents>\r\n"
        "<Empty></Empty></s3:List>\n";
    static const struct {
        const char *name, *parent, *value;
        bool leaf;
    } want[] = {{"Key", "Contents", "a&b<\xC3\xA9\xF0\x9F\x98\x80", true},
                {"Size", "Contents", "", true},
                {"Contents", "List", "", false},
                {"Empty", "List", "", true},
                {"List", "", "", false}};
    struct s3_xml x;
    struct s3_element e;
    struct arena a;
    bool more;
    arena_init(&a, NULL);
    s3_xml_init(&x, str_of(text));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        CHECK_OK(s3_xml_next(&x, &a, &e, &more, &err));
        CHECK(more);
        CHECK_STR(e.name, want[i].name);
        CHECK_STR(e.parent, want[i].parent);
        CHECK_STR(e.value, want[i].value);
        CHECK_INT(e.leaf, want[i].leaf);
    }
    CHECK_OK(s3_xml_next(&x, &a, &e, &more, &err));
    CHECK(!more);
    CHECK_STR(s3_xml_find(str_of(text), "Key", &a), "a&b<\xC3\xA9\xF0\x9F\x98\x80");
    CHECK(s3_xml_find(str_of(text), "Contents", &a).ptr == NULL);
    arena_free(&a);
}

TEST(xml_that_is_none)
{
    static const char *const texts[] = {"hello",
                                        "<!DOCTYPE html><html></html>",
                                        "<a>",
                                        "<a><b></a></b>",
                                        "</a>",
                                        "<a",
                                        "<a b='",
                                        "<>",
                                        "<a>&nbsp;</a>",
                                        "<a>&#0;</a>",
                                        "<a>&#xD800;</a>",
                                        "<a>&#99999999;</a>",
                                        "<a>&#</a>",
                                        "<a>&amp</a>",
                                        "<!-- <a></a>",
                                        "<a></a>b",
                                        "<a><a><a><a><a><a><a><a><a><a><a><a><a>"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct s3_xml x;
        struct s3_element e;
        struct arena a;
        bool more = true;
        status st;
        arena_init(&a, NULL);
        s3_xml_init(&x, str_of(texts[i]));
        while ((st = s3_xml_next(&x, &a, &e, &more, &err)) == ST_OK && more)
            ;
        CHECK_STATUS(st, ST_CORRUPT);
        arena_free(&a);
    }
}

/* ---- profiles, sites ------------------------------------------------------------------------ */

TEST(profiles)
{
    static const char text[] = "# c\n[default]\naws_access_key_id = A\r\naws_secret_access_key=B=\n"
                               "s3 =\n  region = nested\n"
                               "[profile dev]\nregion=eu-central-1\n;x\n[dev ]\nregion = x\n[";
    struct arena a;
    struct property *p;
    size_t n;
    arena_init(&a, NULL);
    CHECK_OK(s3_profile_read(str_of(text), STR("default"), &a, &p, &n, &err));
    CHECK_STR(property_get(p, n, "aws_access_key_id"), "A");
    CHECK_STR(property_get(p, n, "aws_secret_access_key"), "B=");
    CHECK(property_get(p, n, "region").ptr == NULL);
    CHECK_OK(s3_profile_read(str_of(text), STR("dev"), &a, &p, &n, &err));
    CHECK_STR(p[0].value, "eu-central-1");
    CHECK_OK(s3_profile_read(str_of(text), STR("other"), &a, &p, &n, &err));
    CHECK_INT(n, 0);
    arena_free(&a);
}

static void forget_environment(void)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",      "AWS_SESSION_TOKEN",
        "AWS_REGION",        "AWS_DEFAULT_REGION",         "AWS_PROFILE",
        "AWS_ENDPOINT_URL",  "AWS_ENDPOINT_URL_S3",        "AWS_CONFIG_FILE",
        "AWS_ROLE_ARN",      "AWS_WEB_IDENTITY_TOKEN_FILE"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);
}

static status site_of(const char *key, const char *value, struct s3_site **out)
{
    struct property p[] = {{str_of(key), str_of(value)}};
    return s3_site_create(p, 1, (struct str){0}, out, &err);
}

TEST(sites)
{
    struct s3_site *s;
    forget_environment();
    CHECK_OK(s3_site_create(NULL, 0, (struct str){0}, &s, &err));
    CHECK_STR(s->region, "us-east-1");
    CHECK_INT(s->endpoint.len, 0);
    CHECK(!s->path_style);
    s3_site_free(s);
    CHECK_OK(site_of("s3.endpoint", "http://127.0.0.1:9000//", &s));
    CHECK_STR(s->endpoint, "http://127.0.0.1:9000");
    CHECK(s->path_style);
    s3_site_free(s);
    setenv("AWS_REGION", "eu-north-1", 1);
    CHECK_OK(site_of("s3.path-style-access", "TRUE", &s));
    CHECK_STR(s->region, "eu-north-1");
    CHECK(s->path_style);
    s3_site_free(s);
    CHECK_OK(site_of("client.region", "ap-south-1", &s));
    CHECK_STR(s->region, "ap-south-1");
    s3_site_free(s);
    CHECK_STATUS(site_of("s3.endpoint", "127.0.0.1:9000", &s), ST_USAGE);
    CHECK_STATUS(site_of("s3.path-style-access", "yes", &s), ST_USAGE);
    CHECK_STATUS(site_of("s3.access-key-id", "only", &s), ST_USAGE);
    CHECK_STATUS(site_of("s3.remote-signing-enabled", "true", &s), ST_UNSUPPORTED);
    CHECK_STATUS(site_of("s3.sse.type", "kms", &s), ST_UNSUPPORTED);
    CHECK_OK(site_of("s3.sse.type", "none", &s));
    s3_site_free(s);
}

TEST(settings_of_the_net)
{
    struct property p[] = {{STR("s3.connect-timeout"), STR("1.5")},
                           {STR("s3.request-timeout"), STR("60.0")},
                           {STR("s3.ssl.ca-file"), STR("/ca.pem")}};
    struct net_config c;
    CHECK_OK(s3_net_config(p, 3, &c, &err));
    CHECK_INT(c.connect_ms, 1500);
    CHECK_INT(c.silence_ms, 60000);
    CHECK_STR(c.ca_file, "/ca.pem");
    p[0].value = STR("soon");
    CHECK_STATUS(s3_net_config(p, 3, &c, &err), ST_USAGE);
    p[0].value = STR("-1");
    CHECK_STATUS(s3_net_config(p, 3, &c, &err), ST_USAGE);
}

TEST(names_of_buckets)
{
    struct str bucket, key;
    CHECK_OK(s3_split(STR("b-1.x/a//b/"), &bucket, &key, &err));
    CHECK_STR(bucket, "b-1.x");
    CHECK_STR(key, "a//b/");
    CHECK_OK(s3_split(STR("bucket"), &bucket, &key, &err));
    CHECK_INT(key.len, 0);
    CHECK_STATUS(s3_split(STR("/key"), &bucket, &key, &err), ST_INVALID);
    CHECK_STATUS(s3_split(STR("b@host/key"), &bucket, &key, &err), ST_INVALID);
    CHECK_STATUS(s3_split(STR("bucket/\xff"), &bucket, &key, &err), ST_INVALID);
}
