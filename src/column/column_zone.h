// SPDX-License-Identifier: Apache-2.0
/* column_zone.h - named time zones, read from the system's TZif files (RFC 8536) by an own reader,
 * because glibc can open no named zone beside its one global. Hostile bytes are bounded: a file is
 * at most 256 KiB, names hold no "..", no leading slash.
 *
 * Fixed offsets: "UTC", "+02:00", "-5", "UTC+3" (ISO sign, east positive, as SET TIME ZONE
 * '+02:00'). Past the last transition the POSIX rule in the footer decides. */
#ifndef COLUMN_ZONE_H
#define COLUMN_ZONE_H

#include "column/column_type.h"

struct zone;

/* In `arena`. ST_NOT_FOUND (22023) names the zone. */
STATUS_MUST_USE status zone_load(struct arena *arena, struct str name, struct zone **out,
                                 struct error *err);
/* Same from bytes, for tests and fuzzing. */
STATUS_MUST_USE status zone_parse(struct arena *arena, struct str name, const uint8_t *data,
                                  size_t size, struct zone **out, struct error *err);
struct str zone_name(const struct zone *z); /* "UTC" for NULL */
/* Seconds east of UTC at an instant. */
int32_t zone_offset_at(const struct zone *z, int64_t utc_us);
/* Same, and the period [*from_us, *to_us) around the instant in which that offset holds; INT64_MIN
 * and INT64_MAX mean that it never began or never ends. For loops over many instants. */
int32_t zone_period_at(const struct zone *z, int64_t utc_us, int64_t *from_us, int64_t *to_us);
/* What the zone calls the time then: "CET", "+03", "UTC"; lives as long as the zone. */
struct str zone_abbreviation_at(const struct zone *z, int64_t utc_us);
/* Local time to instant; of two instants the later one (standard time in autumn), in a gap the
 * offset before the gap (PostgreSQL's rule). */
int64_t zone_to_utc(const struct zone *z, int64_t local_us);

#endif
