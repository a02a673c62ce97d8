// SPDX-License-Identifier: Apache-2.0
/* clock_shim.c - loaded in front of a program (LD_PRELOAD), it sets its wall clock CLOCK_AHEAD seconds ahead. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, id, t);
    const char *ahead = getenv("CLOCK_AHEAD");
    if (result == 0 && id == CLOCK_REALTIME && ahead)
        t->tv_sec += atol(ahead);
    return result;
}
