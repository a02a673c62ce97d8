// SPDX-License-Identifier: Apache-2.0
/* summary_int.h - what the sources of summary share. */
#ifndef SUMMARY_INT_H
#define SUMMARY_INT_H

#include "summary/summary.h"

/* Members "namespace", a list of levels, and "name" of an open JSON object. */
STATUS_MUST_USE status summary_put_name(struct buffer *out, struct catalog_name name,
                                        struct error *err);

#endif
