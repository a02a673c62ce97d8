// SPDX-License-Identifier: Apache-2.0
/* bench_process.c - runs one command and says what it cost.
 *
 *     bench_process FILE COMMAND [ARGUMENT...]
 *
 * FILE gets one line, "wall_ns user_us sys_us maxrss_kb exit": from before the process was made
 * until it was gone, with those it waited for. A program of its own because Linux counts the
 * memory of the program that started another as the other's until exec: under a Python harness no
 * process would seem to need less than Python. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long long microseconds(struct timeval t)
{
    return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    pid_t child;
    int how;
    if (argc < 3) {
        fprintf(stderr, "usage: bench_process FILE COMMAND [ARGUMENT...]\n");
        return 2;
    }
    FILE *out = fopen(argv[1], "w");
    if (!out) {
        fprintf(stderr, "bench_process: %s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    long long start = now_ns();
    int error = posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ);
    if (error != 0) {
        fprintf(stderr, "bench_process: %s: %s\n", argv[2], strerror(error));
        return 2;
    }
    while (wait4(child, &how, 0, &used) < 0)
        if (errno != EINTR)
            return 2;
    fprintf(out, "%lld %lld %lld %ld %d\n", now_ns() - start, microseconds(used.ru_utime),
            microseconds(used.ru_stime), used.ru_maxrss,
            WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how));
    return fclose(out) == 0 ? 0 : 2;
}
