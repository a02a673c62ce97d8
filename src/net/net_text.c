// SPDX-License-Identifier: Apache-2.0
/* net_text.c - the texts around a request: URLs, lines of a reply's head, what a status means. */
#include "net/net_int.h"

#define URL_BYTES    16384
#define DETAIL_BYTES 300

struct str net_shown_url(struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] == '?' || url.ptr[i] == '#')
            return (struct str){url.ptr, i};
    return url;
}

status net_check_url(struct str url, struct error *err)
{
    size_t scheme = str_starts(url, STR("https://")) ? 8 : str_starts(url, STR("http://")) ? 7 : 0;
    if (url.len > URL_BYTES)
        FAIL(err, ST_INVALID, "a URL of %zu bytes, at most %d are possible", url.len, URL_BYTES);
    /* One that holds a name and a password must not be shown, so an "@" is looked for first. */
    for (size_t i = scheme; i < url.len && (!scheme || !strchr("/?", url.ptr[i])); i++)
        if (url.ptr[i] == '@')
            FAIL(err, ST_INVALID,
                 "a URL with a user name or password in it is refused; give "
                 "credentials by their own settings");
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] >= 0x7F)
            FAIL(err, ST_INVALID, "%.*s: byte %zu of the URL is not printable ASCII",
                 STR_ARG(net_shown_url(url)), i + 1);
    if (scheme == 0 || url.len == scheme || url.ptr[scheme] == '/')
        FAIL(err, ST_INVALID, "\"%.*s\" is not a URL of the form http://host or https://host",
             STR_ARG(net_shown_url(url)));
    return ST_OK;
}

static struct str trimmed(struct str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = (struct str){s.ptr + 1, s.len - 1};
    while (s.len && strchr(" \t\r\n", s.ptr[s.len - 1]) && s.ptr[s.len - 1])
        s.len--;
    return s;
}

bool net_header_line(struct str line, struct str *name, struct str *value)
{
    const char *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
    if (!colon || colon == line.ptr)
        return false;
    size_t n = (size_t)(colon - line.ptr);
    *name = (struct str){line.ptr, n};
    *value = trimmed((struct str){colon + 1, line.len - n - 1});
    return true;
}

struct str net_header(const struct net_reply *reply, const char *name)
{
    return property_get(reply->headers, reply->header_count, name);
}

static const struct {
    int status;
    status code;
    const char *text;
} meanings[] = {
    {400, ST_INVALID, "Bad Request"},
    {401, ST_AUTH, "Unauthorized"},
    {403, ST_AUTH, "Forbidden"},
    {404, ST_NOT_FOUND, "Not Found"},
    {405, ST_INVALID, "Method Not Allowed"},
    {406, ST_INVALID, "Not Acceptable"},
    {408, ST_TIMEOUT, "Request Timeout"},
    {409, ST_CONFLICT, "Conflict"},
    {410, ST_INVALID, "Gone"},
    {411, ST_INVALID, "Length Required"},
    {412, ST_CONFLICT, "Precondition Failed"},
    {413, ST_INVALID, "Content Too Large"},
    {416, ST_INVALID, "Range Not Satisfiable"},
    {419, ST_AUTH, "Authentication Timeout"},
    {429, ST_THROTTLED, "Too Many Requests"},
    {500, ST_NET, "Internal Server Error"},
    {501, ST_NET, "Not Implemented"},
    {502, ST_NET, "Bad Gateway"},
    {503, ST_THROTTLED, "Service Unavailable"},
    {504, ST_TIMEOUT, "Gateway Timeout"},
};

status net_fail(struct error *err, const struct net_request *r, const struct net_reply *reply,
                const char *what, struct str detail)
{
    int s = reply->status;
    status code = s >= 500 && s < 600 ? ST_NET : ST_INVALID;
    const char *text = s >= 300 && s < 400 ? "a redirect, which is not followed" : "";
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].status == s) {
            code = meanings[i].code;
            text = meanings[i].text;
        }
    bool done_perhaps = !r->repeatable && (s == 408 || s == 500 || s == 502 || s == 504);
    if (done_perhaps)
        code = ST_UNKNOWN;
    struct str url = net_shown_url(r->url);
    detail.len = detail.len > DETAIL_BYTES ? DETAIL_BYTES : detail.len;
    FAIL(err, code, "%s: %s %.*s: the server answers %d%s%s%s%s%.*s%s", what, r->method,
         STR_ARG(url), s, *text ? " (" : "", text, *text ? ")" : "", detail.len ? ": " : "",
         STR_ARG(detail), done_perhaps ? "; it may have been carried out" : "");
}

status net_escape(struct str text, bool keep_slash, struct arena *arena, struct str *out,
                  struct error *err)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to;
    TRY(arena_array(arena, text.len + 1, 3, (void **)&to, err));
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
        if (plain) {
            to[n++] = (char)c;
        } else {
            to[n++] = '%';
            to[n++] = digits[c >> 4];
            to[n++] = digits[c & 15];
        }
    }
    *out = (struct str){to, n};
    return ST_OK;
}
