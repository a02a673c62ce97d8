// SPDX-License-Identifier: Apache-2.0
/* store_s3_keys.c - where the keys of a site come from, in this order:
 *
 *     s3.access-key-id ...              the catalog's properties, or vended for a prefix
 *     AWS_ACCESS_KEY_ID ...             environment
 *     AWS_WEB_IDENTITY_TOKEN_FILE       a token exchanged for keys at STS (Kubernetes, CI)
 *     ~/.aws/credentials                the profile (AWS_PROFILE, "default")
 *
 * which is the order of AWS's own programs. Keys are found at the first request and, where they
 * expire, fetched again five minutes before. A site that was given keys never looks further. */
#include "store/store_s3_int.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RENEW_BEFORE_US ((int64_t)300 * 1000000)

/* ---- profiles ------------------------------------------------------------------------------- */

static struct str trim(struct str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = (struct str){s.ptr + 1, s.len - 1};
    while (s.len &&
           (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

/* "[name]" or "[profile name]" */
static bool is_section(struct str line, struct str name)
{
    struct str inner = trim((struct str){line.ptr + 1, line.len - 2});
    if (str_starts(inner, STR("profile ")))
        inner = trim((struct str){inner.ptr + 8, inner.len - 8});
    return str_eq(inner, name);
}

status s3_profile_read(struct str text, struct str name, struct arena *arena, struct property **out,
                       size_t *count, struct error *err)
{
    size_t capacity = 0;
    bool inside = false;
    *out = NULL;
    *count = 0;
    for (size_t at = 0; at < text.len;) {
        const char *newline = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = newline ? (size_t)(newline - text.ptr) : text.len;
        struct str line = {text.ptr + at, end - at};
        bool nested = line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
        at = end + 1;
        line = trim(line);
        if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '[') {
            inside = line.ptr[line.len - 1] == ']' && line.len > 2 && is_section(line, name);
            continue;
        }
        const char *equals = memchr(line.ptr, '=', line.len);
        if (!inside || nested || !equals)
            continue;
        size_t n = (size_t)(equals - line.ptr);
        TRY(arena_grow(arena, (void **)out, sizeof(**out), &capacity, *count + 1, err));
        (*out)[(*count)++] = (struct property){trim((struct str){line.ptr, n}),
                                               trim((struct str){equals + 1, line.len - n - 1})};
    }
    return ST_OK;
}

static status from_profile(struct s3_site *site, struct error *err)
{
    const char *given = getenv("AWS_SHARED_CREDENTIALS_FILE"), *home = getenv("HOME");
    struct str path, text;
    struct property *p;
    size_t n;
    if (given && *given)
        TRY(arena_str(&site->arena, str_of(given), &path, err));
    else
        TRY(arena_printf(&site->arena, &path, err, "%s/.aws/credentials", home ? home : ""));
    if (!s3_small_file(path.ptr, &site->arena, &text))
        return ST_OK;
    TRY(s3_profile_read(text, site->profile, &site->arena, &p, &n, err));
    site->keys = (struct s3_keys){.id = property_get(p, n, "aws_access_key_id"),
                                  .secret = property_get(p, n, "aws_secret_access_key"),
                                  .token = property_get(p, n, "aws_session_token")};
    static const char *const others[] = {"credential_process", "sso_session", "sso_start_url",
                                         "source_profile"};
    for (size_t i = 0; site->keys.id.len == 0 && i < ARRAY_LEN(others); i++)
        if (property_get(p, n, others[i]).len)
            FAIL(err, ST_UNSUPPORTED,
                 "profile %.*s of %.*s has no keys but a %s, which is not "
                 "supported; export its keys (aws configure "
                 "export-credentials --format env)",
                 STR_ARG(site->profile), STR_ARG(path), others[i]);
    return arena_printf(&site->arena, &site->keys.source, err, "profile %.*s of %.*s",
                        STR_ARG(site->profile), STR_ARG(path));
}

/* ---- environment ---------------------------------------------------------------------------- */

static status from_environment(struct s3_site *site, struct error *err)
{
    const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    if (!id || !*id || !secret || !*secret)
        return ST_OK;
    site->keys.source = STR("AWS_ACCESS_KEY_ID");
    TRY(arena_str(&site->arena, str_of(id), &site->keys.id, err));
    TRY(arena_str(&site->arena, str_of(secret), &site->keys.secret, err));
    return arena_str(&site->arena, str_of(getenv("AWS_SESSION_TOKEN")), &site->keys.token, err);
}

/* ---- web identity --------------------------------------------------------------------------- */

/* "2026-01-02T03:04:05Z" or with a fraction; 0 when it is none. */
static int64_t parse_time(struct str text)
{
    struct tm at = {0};
    char z[24] = "";
    snprintf(z, sizeof(z), "%.*s", (int)(text.len < 19 ? text.len : 19), text.ptr);
    const char *end = strptime(z, "%Y-%m-%dT%H:%M:%S", &at);
    return end && !*end ? (int64_t)timegm(&at) * 1000000 : 0;
}

static status sts_url(const struct s3_site *site, struct arena *arena, struct str *out,
                      struct error *err)
{
    const char *given = getenv("AWS_ENDPOINT_URL_STS");
    if (given && *given)
        return arena_str(arena, str_of(given), out, err);
    return arena_printf(arena, out, err, "https://sts.%.*s.amazonaws.com/", STR_ARG(site->region));
}

static status sts_body(const struct s3_site *site, struct str token, struct arena *arena,
                       struct buffer *out, struct error *err)
{
    struct str role, session, escaped;
    TRY(net_escape(site->role_arn, false, arena, &role, err));
    TRY(net_escape(site->role_session, false, arena, &session, err));
    TRY(net_escape(token, false, arena, &escaped, err));
    TRY(buffer_printf(out, err,
                      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%.*s&"
                      "RoleSessionName=%.*s&WebIdentityToken=",
                      STR_ARG(role), STR_ARG(session)));
    return buffer_append_str(out, escaped, err);
}

static status take_sts_reply(struct s3_site *site, const struct net_request *r,
                             const struct net_reply *reply, struct arena *arena, struct error *err)
{
    struct str text = buffer_str(&reply->body);
    if (reply->status != 200)
        return net_fail(err, r, reply, "exchanging the web identity token for keys",
                        s3_xml_find(text, "Message", arena));
    struct s3_keys keys = {.id = s3_xml_find(text, "AccessKeyId", arena),
                           .secret = s3_xml_find(text, "SecretAccessKey", arena),
                           .token = s3_xml_find(text, "SessionToken", arena),
                           .source = STR("AWS_WEB_IDENTITY_TOKEN_FILE")};
    keys.expires_us = parse_time(s3_xml_find(text, "Expiration", arena));
    if (!keys.id.len || !keys.secret.len || !keys.token.len || !keys.expires_us)
        FAIL(err, ST_CORRUPT, "%.*s: the reply holds no keys that expire", STR_ARG(r->url));
    TRY(arena_str(&site->arena, keys.id, &keys.id, err));
    TRY(arena_str(&site->arena, keys.secret, &keys.secret, err));
    TRY(arena_str(&site->arena, keys.token, &keys.token, err));
    site->keys = keys;
    return ST_OK;
}

static status ask_sts(struct s3_store *s, struct s3_site *site, struct arena *arena,
                      struct error *err)
{
    struct str path, token;
    struct buffer body;
    struct net_reply reply = {0};
    struct property headers[] = {{STR("content-type"), STR("application/x-www-form-urlencoded")}};
    struct net_request r = {.method = "POST",
                            .headers = headers,
                            .header_count = 1,
                            .max_reply = (size_t)1 << 20,
                            .repeatable = true};
    status st = ST_OK;
    TRY(arena_str(arena, site->token_file, &path, err));
    if (!s3_small_file(path.ptr, arena, &token))
        FAIL(err, ST_AUTH, "AWS_WEB_IDENTITY_TOKEN_FILE: cannot read %s", path.ptr);
    while (token.len && (token.ptr[token.len - 1] == '\n' || token.ptr[token.len - 1] == '\r'))
        token.len--;
    buffer_init(&body, NULL, SIZE_MAX);
    buffer_init(&reply.body, NULL, SIZE_MAX);
    TRY_DONE(sts_url(site, arena, &r.url, err));
    TRY_DONE(sts_body(site, token, arena, &body, err));
    r.body = body.data;
    r.body_bytes = body.len;
    TRY_DONE(net_send(s->net, &r, arena, &reply, err));
    TRY_DONE(take_sts_reply(site, &r, &reply, arena, err));
done:
    buffer_free(&body);
    buffer_free(&reply.body);
    return st;
}

/* ---- now ------------------------------------------------------------------------------------ */

static status find_keys(struct s3_store *s, struct s3_site *site, struct arena *arena,
                        struct error *err)
{
    bool expiring =
        site->keys.expires_us && site->keys.expires_us - clock_now_us() < RENEW_BEFORE_US;
    if (site->keys.id.len && !expiring)
        return ST_OK;
    if (expiring)
        return ask_sts(s, site, arena, err);
    TRY(from_environment(site, err));
    if (site->keys.id.len == 0 && site->token_file.len && site->role_arn.len)
        return ask_sts(s, site, arena, err);
    if (site->keys.id.len == 0)
        TRY(from_profile(site, err));
    if (site->keys.id.len == 0 || site->keys.secret.len == 0)
        FAIL(err, ST_AUTH,
             "no keys for S3: looked at s3.access-key-id, AWS_ACCESS_KEY_ID, "
             "AWS_WEB_IDENTITY_TOKEN_FILE and profile %.*s of ~/.aws/credentials; s3.anonymous: "
             "true reads public buckets without",
             STR_ARG(site->profile));
    return ST_OK;
}

status s3_keys_now(struct s3_store *s, struct s3_site *site, struct arena *arena,
                   struct s3_keys *out, struct error *err)
{
    *out = (struct s3_keys){0};
    if (site->anonymous)
        return ST_OK;
    pthread_mutex_lock(&site->lock);
    status st = find_keys(s, site, arena, err);
    if (st == ST_OK)
        *out = site->keys; /* its texts live as long as the site */
    pthread_mutex_unlock(&site->lock);
    return st;
}
