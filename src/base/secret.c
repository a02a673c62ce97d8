// SPDX-License-Identifier: Apache-2.0
/* secret.c - which keys hold secrets: by the words in them, not by a list of keys, because every
 * catalog, store and proxy names its own. */
#include "base/secret.h"

#include "base/status.h"

#define MASK "***"
#define KEY_LENGTH                                                                                 \
    128 /* of a key looked at; words beyond do not count, so a longer one is secret */

/* Lower case, and every separator is a dash: fs.s3a.access.key -> fs-s3a-access-key. */
static size_t plain_key(struct str key, char out[KEY_LENGTH])
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        out[i] = c == '.' || c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return key.len;
}

static bool has_word(struct str key, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memmem(key.ptr, key.len, words[i], strlen(words[i])))
            return true;
    return false;
}

static bool ends_in(struct str key, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_ends(key, str_of(words[i])))
            return true;
    return false;
}

bool secret_key(struct str key)
{
    static const char *const words[] = {
        "secret",       "password",          "passwd",      "token",   "credential",
        "access-key",   "accesskey",         "account-key", "api-key", "apikey",
        "private-key",  "authorization",     "passphrase",  "cookie",  "header-",
        "customer-key", "connection-string", "s3-sse-key",
    };
    /* What such a word describes, not the secret itself: token-endpoint, credentials.provider. */
    static const char *const about[] = {
        "-endpoint", "-uri", "-url",  "-provider", "-provider-path",
        "-enabled",  "-ms",  "-type", "-impl",
    };
    char text[KEY_LENGTH];
    if (key.len >= KEY_LENGTH)
        return true;
    struct str plain = {text, plain_key(key, text)};
    return has_word(plain, words, ARRAY_LEN(words)) && !ends_in(plain, about, ARRAY_LEN(about));
}

bool secret_uri(struct str uri)
{
    const char *host = uri.len > 0 ? memmem(uri.ptr, uri.len, "://", 3) : NULL;
    if (!host)
        return false;
    host += 3;
    size_t left = uri.len - (size_t)(host - uri.ptr), authority = 0;
    while (authority < left && host[authority] != '/')
        authority++;
    return memchr(host, '@', authority) || memchr(host, '?', left) || memchr(host, '#', left);
}

void secret_scrub(char *text, const struct str *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str s = secrets[i];
        char *at = text;
        if (s.len < SECRET_LEAST_BYTES)
            continue;
        while ((at = memmem(at, strlen(at), s.ptr, s.len))) {
            memcpy(at, MASK, sizeof(MASK) - 1);
            at += sizeof(MASK) - 1;
            memmove(at, at + s.len - (sizeof(MASK) - 1),
                    strlen(at + s.len - (sizeof(MASK) - 1)) + 1);
        }
    }
}

void secret_wipe(char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        ((volatile char *)text)[i] = i < sizeof(MASK) - 1 ? '*' : 0;
}
