// SPDX-License-Identifier: Apache-2.0
/* jsontext.h - JSON text to jansson's tree, also when memory runs out; members out of the tree,
 * checked; text made without a tree. */
#ifndef BASE_JSONTEXT_H
#define BASE_JSONTEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/property.h"

#include <jansson.h>

/* ST_CORRUPT with the byte where the text is no JSON; the caller names what it reads. The tree is
 * freed by json_decref and not charged: jansson's memory cannot be counted piece by piece. What only
 * the parser needs is charged while it works, about four times the text. */
STATUS_MUST_USE status jsontext_parse(struct mem_account *account, struct str text, size_t flags,
                                      json_t **out, struct error *err);

/* Compact text, NUL behind it. json_dumps is not for use: it leaves out keys for which it has no
 * memory and says nothing. */
STATUS_MUST_USE status jsontext_dump(struct arena *arena, const json_t *json, struct str *out,
                                     struct error *err);

/* jansson's memory comes from base/mem.c from now on; jsontext_parse calls it. */
void jsontext_hooks_install(void);

/* ---- in: jsontext_get.c ---------------------------------------------------------------------- */

/* A parsed text. jansson's memory cannot be counted piece by piece, so a multiple of the text is
 * charged while the document lives. */
struct jsontext_doc {
    json_t *root; /* owned */
    struct mem_account *account;
    size_t charged_bytes;
};

STATUS_MUST_USE status jsontext_doc_parse(struct jsontext_doc *d, struct mem_account *account,
                                          const void *text, size_t bytes, struct error *err);
void jsontext_doc_free(struct jsontext_doc *d);

/* Members of an object. Without _or a missing or null member is ST_CORRUPT; with _or it gives
 * `absent`. A member of the wrong kind or range is always ST_CORRUPT. Text is copied. */
STATUS_MUST_USE status jsontext_get_long(const json_t *obj, const char *key, int64_t *out,
                                         struct error *err);
STATUS_MUST_USE status jsontext_get_long_or(const json_t *obj, const char *key, int64_t absent,
                                            int64_t *out, struct error *err);
STATUS_MUST_USE status jsontext_get_int(const json_t *obj, const char *key, int32_t *out,
                                        struct error *err);
STATUS_MUST_USE status jsontext_get_int_or(const json_t *obj, const char *key, int32_t absent,
                                           int32_t *out, struct error *err);
STATUS_MUST_USE status jsontext_get_bool(const json_t *obj, const char *key, bool *out,
                                         struct error *err);
STATUS_MUST_USE status jsontext_get_str(struct arena *arena, const json_t *obj, const char *key,
                                        struct str *out, struct error *err);
/* ptr NULL when absent. */
STATUS_MUST_USE status jsontext_get_str_or_null(struct arena *arena, const json_t *obj,
                                                const char *key, struct str *out,
                                                struct error *err);
/* NULL when absent and not required. */
STATUS_MUST_USE status jsontext_get_array(const json_t *obj, const char *key, bool required,
                                          const json_t **out, struct error *err);
STATUS_MUST_USE status jsontext_get_properties(struct arena *arena, const json_t *obj,
                                               const char *key, struct property **out,
                                               size_t *count, struct error *err);

/* ---- out: jsontext_put.c --------------------------------------------------------------------- */

/* Each puts the comma it needs; a scalar with key NULL is an array's item. Keys are literals. */
STATUS_MUST_USE status jsontext_put_open(struct buffer *out, const char *key, char bracket,
                                         struct error *err);
STATUS_MUST_USE status jsontext_put_close(struct buffer *out, char bracket, struct error *err);
STATUS_MUST_USE status jsontext_put_long(struct buffer *out, const char *key, int64_t v,
                                         struct error *err);
STATUS_MUST_USE status jsontext_put_bool(struct buffer *out, const char *key, bool v,
                                         struct error *err);
STATUS_MUST_USE status jsontext_put_str(struct buffer *out, const char *key, struct str v,
                                        struct error *err);
STATUS_MUST_USE status jsontext_put_raw(struct buffer *out, const char *key, struct str json,
                                        struct error *err);
/* A member whose key is any text. */
STATUS_MUST_USE status jsontext_put_pair(struct buffer *out, struct str key, struct str value,
                                         struct error *err);
/* Only the text in quotes. What is not UTF-8 is ST_INVALID. */
STATUS_MUST_USE status jsontext_put_quoted(struct buffer *out, struct str v, struct error *err);
STATUS_MUST_USE status jsontext_put_properties(struct buffer *out, const char *key,
                                               const struct property *p, size_t count,
                                               struct error *err);

#endif
