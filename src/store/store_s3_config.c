// SPDX-License-Identifier: Apache-2.0
/* store_s3_config.c - what a catalog's properties and the environment say about an object store.
 *
 *     property (PyIceberg's name, Iceberg Java's name) > AWS_ variable > profile > AWS's own default
 *
 * Keys of both that ask for what firn does not do are refused by name, so that nobody believes in
 * an encryption or a signer that is not there. */
#include "store/store_s3_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SMALL_FILE ((size_t)1 << 20)

struct str s3_property(const struct property *properties, size_t count, const char *keys)
{
    for (const char *at = keys; *at;) {
        size_t n = strcspn(at, "|");
        for (size_t i = count; i-- > 0;)
            if (str_eq(properties[i].key, (struct str){at, n}) && properties[i].value.len)
                return properties[i].value;
        at += n + (at[n] == '|');
    }
    return (struct str){0};
}

static struct str variable(const char *name)
{
    return str_of(getenv(name));
}

/* The first that is not empty. */
static struct str first_of(struct str a, struct str b)
{
    return a.len ? a : b;
}

bool s3_small_file(const char *path, struct arena *arena, struct str *out)
{
    char *data;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = -1;
    size_t len = 0;
    if (arena_alloc(arena, SMALL_FILE, (void **)&data, NULL) == ST_OK)
        while ((n = read(fd, data + len, SMALL_FILE - len)) > 0)
            len += (size_t)n;
    close(fd);
    *out = (struct str){data, len};
    return n == 0 && len < SMALL_FILE;
}

/* ---- values --------------------------------------------------------------------------------- */

static status flag(const struct property *properties, size_t count, const char *keys, bool *out,
                   bool *given, struct error *err)
{
    struct str v = s3_property(properties, count, keys);
    *given = v.len > 0;
    *out = str_eq_nocase(v, STR("true"));
    if (v.len && !*out && !str_eq_nocase(v, STR("false")))
        FAIL(err, ST_USAGE, "%s must be true or false, not \"%.*s\"", keys, STR_ARG(v));
    return ST_OK;
}

/* Seconds with an optional fraction, as PyIceberg takes them. */
static status seconds(const struct property *properties, size_t count, const char *key,
                      int64_t *out_ms, struct error *err)
{
    struct str v = s3_property(properties, count, key);
    char text[32], *end;
    if (v.len == 0)
        return ST_OK;
    snprintf(text, sizeof(text), "%.*s", STR_ARG(v));
    double s = strtod(text, &end);
    if (*end || v.len >= sizeof(text) || !(s > 0 && s < 1e6))
        FAIL(err, ST_USAGE, "%s must be a number of seconds, not \"%.*s\"", key, STR_ARG(v));
    *out_ms = (int64_t)(s * 1000) > 0 ? (int64_t)(s * 1000) : 1;
    return ST_OK;
}

/* Whatever is set to something else than these. */
static status refuse_what_is_not_done(const struct property *properties, size_t count,
                                      struct error *err)
{
    static const struct {
        const char *key, *harmless;
    } not_done[] = {{"s3.remote-signing-enabled", "false"},
                    {"s3.signer", ""},
                    {"s3.sse.type", "none"},
                    {"s3.acl", ""},
                    {"s3.dualstack-enabled", "false"},
                    {"s3.access-grants.enabled", "false"},
                    {"s3.proxy-uri", ""},
                    {"client.credentials-provider", ""}};
    for (size_t i = 0; i < ARRAY_LEN(not_done); i++) {
        struct str v = property_get(properties, count, not_done[i].key);
        if (v.len && !str_eq_nocase(v, str_of(not_done[i].harmless)))
            FAIL(err, ST_UNSUPPORTED, "%s is not supported; unset it", not_done[i].key);
    }
    return ST_OK;
}

static status check_endpoint(struct s3_site *s, struct error *err)
{
    struct str e = s->endpoint;
    if (e.len == 0)
        return ST_OK;
    if (!str_starts(e, STR("http://")) && !str_starts(e, STR("https://")))
        FAIL(err, ST_USAGE, "s3.endpoint must begin with http:// or https://, it is \"%.*s\"",
             (int)(memchr(e.ptr, '@', e.len) ? 0 : e.len), e.ptr);
    while (s->endpoint.len && s->endpoint.ptr[s->endpoint.len - 1] == '/')
        s->endpoint.len--;
    return ST_OK;
}

/* ---- a site --------------------------------------------------------------------------------- */

/* The region that the profile names; empty when none. */
static struct str profile_region(struct s3_site *s)
{
    struct property *properties;
    struct str text, path;
    size_t count;
    struct str home = variable("HOME"), given = variable("AWS_CONFIG_FILE");
    if (arena_printf(&s->arena, &path, NULL, "%.*s%s", STR_ARG(given.len ? given : home),
                     given.len ? "" : "/.aws/config") != ST_OK ||
        !s3_small_file(path.ptr, &s->arena, &text) ||
        s3_profile_read(text, s->profile, &s->arena, &properties, &count, NULL) != ST_OK)
        return (struct str){0};
    return property_get(properties, count, "region");
}

static status copy(struct s3_site *s, struct str from, struct str *to, struct error *err)
{
    return arena_str(&s->arena, from, to, err);
}

static status take_keys(struct s3_site *s, const struct property *p, size_t n, struct error *err)
{
    struct str id = s3_property(p, n, "s3.access-key-id|client.access-key-id");
    struct str secret = s3_property(p, n, "s3.secret-access-key|client.secret-access-key");
    struct str token = s3_property(p, n, "s3.session-token|client.session-token");
    if (!id.len != !secret.len)
        FAIL(err, ST_USAGE,
             "s3.access-key-id and s3.secret-access-key belong together: only %s is "
             "set",
             id.len ? "the first" : "the second");
    if (id.len)
        s->keys.source = STR("s3.access-key-id");
    TRY(copy(s, id, &s->keys.id, err));
    TRY(copy(s, secret, &s->keys.secret, err));
    return copy(s, token, &s->keys.token, err);
}

static status take_properties(struct s3_site *s, const struct property *p, size_t n,
                              struct error *err)
{
    bool path_style, force_virtual, given, virtual_given, anonymous, any;
    TRY(refuse_what_is_not_done(p, n, err));
    TRY(take_keys(s, p, n, err));
    TRY(flag(p, n, "s3.anonymous", &anonymous, &any, err));
    s->anonymous = anonymous;
    if (anonymous)
        s->keys.source = STR("s3.anonymous");
    TRY(copy(s,
             first_of(s3_property(p, n, "s3.endpoint"),
                      first_of(variable("AWS_ENDPOINT_URL_S3"), variable("AWS_ENDPOINT_URL"))),
             &s->endpoint, err));
    TRY(check_endpoint(s, err));
    TRY(flag(p, n, "s3.path-style-access", &path_style, &given, err));
    TRY(flag(p, n, "s3.force-virtual-addressing", &force_virtual, &virtual_given, err));
    s->path_style = given           ? path_style
                    : virtual_given ? !force_virtual
                                    : s->endpoint.len > 0; /* few servers have a name per bucket */
    TRY(copy(s,
             first_of(s3_property(p, n, "s3.profile-name|client.profile-name"),
                      first_of(variable("AWS_PROFILE"), STR("default"))),
             &s->profile, err));
    TRY(copy(s,
             first_of(s3_property(p, n, "s3.role-arn|client.role-arn"), variable("AWS_ROLE_ARN")),
             &s->role_arn, err));
    TRY(copy(s,
             first_of(s3_property(p, n, "s3.role-session-name|client.role-session-name"),
                      first_of(variable("AWS_ROLE_SESSION_NAME"), STR("firn"))),
             &s->role_session, err));
    TRY(copy(s, variable("AWS_WEB_IDENTITY_TOKEN_FILE"), &s->token_file, err));
    struct str region = first_of(s3_property(p, n, "s3.region|client.region"),
                                 first_of(variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")));
    if (region.len == 0)
        region = profile_region(s);
    return copy(s, first_of(region, STR("us-east-1")), &s->region, err);
}

status s3_site_create(const struct property *properties, size_t count, struct str prefix,
                      struct s3_site **out, struct error *err)
{
    void *memory;
    TRY(mem_calloc(NULL, sizeof(struct s3_site), &memory, err));
    struct s3_site *s = memory;
    arena_init(&s->arena, NULL);
    pthread_mutex_init(&s->lock, NULL);
    status st = copy(s, prefix, &s->prefix, err);
    if (st == ST_OK)
        st = take_properties(s, properties, count, err);
    if (st != ST_OK) {
        s3_site_free(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void s3_site_free(struct s3_site *s)
{
    pthread_mutex_destroy(&s->lock);
    arena_free(&s->arena);
    mem_free(NULL, s, sizeof(*s));
}

status s3_net_config(const struct property *properties, size_t count, struct net_config *out,
                     struct error *err)
{
    *out = (struct net_config){.total_ms = 180000, .ca_key = "s3.ssl.ca-file"};
    out->ca_file =
        first_of(s3_property(properties, count, "s3.ssl.ca-file"), variable("AWS_CA_BUNDLE"));
    TRY(seconds(properties, count, "s3.connect-timeout", &out->connect_ms, err));
    return seconds(properties, count, "s3.request-timeout", &out->silence_ms, err);
}
