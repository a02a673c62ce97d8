// SPDX-License-Identifier: Apache-2.0
/* secret.h - which keys hold secrets, and texts without them: the one place that knows.
 *
 * Values of secret keys are kept out of what firn writes in two ways: no message is made from one,
 * and what leaves a session is scrubbed of those that its configuration holds, so that a server
 * which repeats a token in its answer does not make firn print it.
 *
 * X1  in doubt a key is secret: what is hidden by mistake costs a look into the configuration
 * X2  scrubbing makes a text no longer */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/str.h"

/* Shorter values are not scrubbed: "admin" or "1" would tear holes into every message. */
#define SECRET_LEAST_BYTES 8

/* True for a configuration key (s3.secret-access-key, fs.s3a.secret.key, AWS_SESSION_TOKEN,
 * credential, header.Authorization) whose value must not be shown. */
bool secret_key(struct str key);
/* True for a URI that holds a user, a password or a query, where tokens travel. */
bool secret_uri(struct str uri);
/* Every occurrence of a secret, or of a beginning of 16 bytes and more, becomes "***". Longer ones must stand before those they hold. */
void secret_scrub(char *text, const struct str *secrets, size_t count);
/* Overwrites a text that others can see (an argument of the process) with "***" and NULs. */
void secret_wipe(char *text);

#endif
