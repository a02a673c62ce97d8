// SPDX-License-Identifier: Apache-2.0
/* clock.h - the system's clocks, in microseconds. */

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/status.h"

/* Microseconds since 1970-01-01 UTC. */
int64_t clock_now_us(void);
/* For durations; never goes back. */
int64_t clock_monotonic_us(void);
void clock_sleep_us(int64_t us);

#endif
