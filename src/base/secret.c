// SPDX-License-Identifier: Apache-2.0
/* secret.c - which keys hold secrets: by the words in them, not by a list of keys, because every
 * catalog, store and proxy names its own. */
#include "base/secret.h"

#include "base/status.h"

#define MASK       "***"
#define MASK_BYTES (sizeof(MASK) - 1)
#define PART_BYTES 16 /* of a longer secret that give it away */
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
        "secret",       "password",          "passwd",      "token",          "credential",
        "access-key",   "accesskey",         "account-key", "api-key",        "apikey",
        "private-key",  "authorization",     "passphrase",  "cookie",         "header-",
        "customer-key", "connection-string", "sse-key",     "encryption-key",
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

/* Where a text holds a secret, or so much of its beginning that a message was cut inside it. */
static char *find_secret(char *text, struct str secret, size_t *length)
{
    size_t least = secret.len < PART_BYTES ? secret.len : PART_BYTES;
    char *at = memmem(text, strlen(text), secret.ptr, least);
    if (!at)
        return NULL;
    for (*length = least; *length < secret.len && at[*length] == secret.ptr[*length];)
        ++*length;
    return at;
}

void secret_scrub(char *text, const struct str *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length;
        char *at = text;
        if (secrets[i].len < SECRET_LEAST_BYTES)
            continue;
        while ((at = find_secret(at, secrets[i], &length))) {
            char *end = at + length;
            memcpy(at, MASK, MASK_BYTES);
            at += MASK_BYTES;
            memmove(at, end, strlen(end) + 1);
        }
    }
}

void secret_wipe(char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        ((volatile char *)text)[i] = i < MASK_BYTES ? '*' : 0;
}
