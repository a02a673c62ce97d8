// SPDX-License-Identifier: Apache-2.0
/* column_json.h - values as JSON, the parts of lists and maps (docs/formats/nested.md).
 *
 * Numbers as numbers, with all digits of a decimal; NaN and infinities as strings; dates and times as
 * ISO 8601 strings with a T, timestamps with time zone in UTC; bytes as hexadecimal digits. */
#ifndef COLUMN_JSON_H
#define COLUMN_JSON_H

#include "base/buffer.h"
#include "column/column_type.h"

/* Appends the value; NULL is null. */
STATUS_MUST_USE status column_json_value(struct buffer *out, const struct column_value *v,
                                         struct error *err);
/* The same as the key of a map: always a string. */
STATUS_MUST_USE status column_json_key(struct buffer *out, const struct column_value *v,
                                       struct error *err);

#endif
