// SPDX-License-Identifier: Apache-2.0
/* fault_shim.c - loaded in front of a program (LD_PRELOAD), it ends the program or fails a call at
 * its n-th call that changes a disk, whoever makes it: firn's store, SQLite or anything else.
 *
 *     FAULT_AT=n       the n-th call from the start (1 = the first); 0 or absent: none
 *     FAULT_MODE       kill   SIGKILL instead of the call
 *                      torn   SIGKILL after half of a write, or after any other call
 *                      fail   the call fails with FAULT_ERRNO, once
 *                      broken it and all later ones fail
 *     FAULT_ERRNO      a number; 5 (EIO) when absent; with ENOSPC syncing, cutting and deleting work
 *     FAULT_COUNT      a file that gets the number of calls made, when the program exits
 *
 * Counted: opening with O_CREAT or O_TMPFILE, mkdir, write, pwrite, fsync, fdatasync, ftruncate,
 * link, rename, unlink. Standard output and error are not. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static _Atomic long seen;

enum act { ACT_CALL, ACT_TORN, ACT_FAIL };

/* `takes_room`: the call may fail on a full disk (ENOSPC). */
static enum act next_act(bool takes_room)
{
    const char *at = getenv("FAULT_AT"), *mode = getenv("FAULT_MODE"), *code;
    long n = atomic_fetch_add(&seen, 1) + 1, wanted = at ? atol(at) : 0;
    if (wanted <= 0 || !mode || n < wanted || (n > wanted && strcmp(mode, "broken") != 0))
        return ACT_CALL;
    if (strcmp(mode, "kill") == 0)
        raise(SIGKILL);
    if (strcmp(mode, "torn") == 0)
        return ACT_TORN;
    code = getenv("FAULT_ERRNO");
    errno = code ? atoi(code) : EIO;
    return takes_room || errno != ENOSPC ? ACT_FAIL : ACT_CALL;
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("FAULT_COUNT");
    long n = atomic_load(&seen);
    FILE *f = path ? fopen(path, "w") : NULL;
    if (f) {
        fprintf(f, "%ld\n", n);
        fclose(f);
    }
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A call without data: torn means after it. */
#define WRAP(room, name, params, args)                                                             \
    int name params                                                                                \
    {                                                                                              \
        enum act act = next_act(room);                                                             \
        if (act == ACT_FAIL)                                                                       \
            return -1;                                                                             \
        int value = REAL(name) args;                                                               \
        if (act == ACT_TORN)                                                                       \
            raise(SIGKILL);                                                                        \
        return value;                                                                              \
    }

WRAP(false, fsync, (int fd), (fd))
WRAP(false, fdatasync, (int fd), (fd))
WRAP(true, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(true, link, (const char *from, const char *to), (from, to))
WRAP(true, linkat, (int a, const char *from, int b, const char *to, int flags),
     (a, from, b, to, flags))
WRAP(true, rename, (const char *from, const char *to), (from, to))
WRAP(true, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(true, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags))
WRAP(false, unlink, (const char *path), (path))
WRAP(false, unlinkat, (int at, const char *path, int flags), (at, path, flags))
WRAP(false, ftruncate, (int fd, off_t length), (fd, length))
WRAP(false, ftruncate64, (int fd, off64_t length), (fd, length))

/* Writing: torn means half of it. */
#define WRAP_WRITE(name, params, whole, half)                                                      \
    ssize_t name params                                                                            \
    {                                                                                              \
        enum act act = fd == STDOUT_FILENO || fd == STDERR_FILENO ? ACT_CALL : next_act(true);     \
        if (act == ACT_FAIL)                                                                       \
            return -1;                                                                             \
        if (act == ACT_CALL)                                                                       \
            return REAL(name) whole;                                                               \
        ssize_t torn = REAL(name) half;                                                            \
        raise(SIGKILL);                                                                            \
        return torn;                                                                               \
    }

WRAP_WRITE(write, (int fd, const void *data, size_t bytes), (fd, data, bytes),
           (fd, data, bytes / 2))
WRAP_WRITE(pwrite, (int fd, const void *data, size_t bytes, off_t at), (fd, data, bytes, at),
           (fd, data, bytes / 2, at))
WRAP_WRITE(pwrite64, (int fd, const void *data, size_t bytes, off64_t at), (fd, data, bytes, at),
           (fd, data, bytes / 2, at))

/* Opening: only what may make a file counts. */
#define MAKES(flags) (((flags)&O_CREAT) || ((flags)&O_TMPFILE) == O_TMPFILE)
#define WRAP_OPEN(name, params, before)                                                            \
    int name params                                                                                \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        enum act act = ACT_CALL;                                                                   \
        if (MAKES(flags)) {                                                                        \
            va_list rest;                                                                          \
            va_start(rest, flags);                                                                 \
            mode = va_arg(rest, mode_t);                                                           \
            va_end(rest);                                                                          \
            act = next_act(true);                                                                  \
        }                                                                                          \
        if (act == ACT_FAIL)                                                                       \
            return -1;                                                                             \
        int fd = REAL(name) before;                                                                \
        if (act == ACT_TORN)                                                                       \
            raise(SIGKILL);                                                                        \
        return fd;                                                                                 \
    }

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
WRAP_OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))
