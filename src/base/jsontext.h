// SPDX-License-Identifier: Apache-2.0
/* jsontext.h - JSON text to jansson's tree, also when memory runs out. */
#ifndef BASE_JSONTEXT_H
#define BASE_JSONTEXT_H

#include "base/arena.h"

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

#endif
