// SPDX-License-Identifier: Apache-2.0
/* arrow.h - the Arrow C data and stream interfaces, and the IPC stream format, from and to spans.
 *
 * smallint int16, real float, numeric decimal128, date date32, time time64[us], timestamp[us],
 * timestamptz timestamp[us, UTC], text utf8, bytea binary, fixed w:n, uuid w:16 with the extension
 * name arrow.uuid, interval month_day_nano. CODES spans become plain arrays. */
#ifndef ARROW_H
#define ARROW_H

#include "base/buffer.h"
#include "column/column_span.h"
#include "firn_arrow.h" /* struct ArrowSchema, ArrowArray, ArrowArrayStream */

/* Takes over `from` (closed by out->release). Errors come through get_last_error, with the firn
 * code behind arrow_stream_error. */
STATUS_MUST_USE status arrow_export_stream(struct column_stream *from, struct mem_account *account,
                                           struct ArrowArrayStream *out, struct error *err);
/* The last error of a stream made by arrow_export_stream; NULL when none. */
const struct error *arrow_stream_error(const struct ArrowArrayStream *s);
/* Takes over `from`. Arrays of other producers are checked (null counts, offsets, lengths). */
STATUS_MUST_USE status arrow_import_stream(struct ArrowArrayStream *from,
                                           struct mem_account *account, struct column_stream *out,
                                           struct error *err);

/* IPC streaming format (Arrow columnar format 1.x): schema message, record batches, end mark. */
STATUS_MUST_USE status arrow_ipc_schema(const struct column_schema *schema, struct buffer *out,
                                        struct error *err);
STATUS_MUST_USE status arrow_ipc_batch(const struct column_schema *schema,
                                       const struct column_batch *batch, struct buffer *out,
                                       struct error *err);
STATUS_MUST_USE status arrow_ipc_end(struct buffer *out, struct error *err);

#endif
