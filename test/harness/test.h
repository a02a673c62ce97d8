// SPDX-License-Identifier: Apache-2.0
/* test.h - a test is TEST(name) { ... }; it fails by a CHECK that prints both values.
 *
 * The runner (test.c) forks a process for each test with a time limit of 60 s, so that a crash or a
 * hang is one failed test. `program NAME` runs only tests whose name contains NAME;
 * FIRN_TEST_NO_FORK=1 runs them in this process, for a debugger. */
#ifndef TEST_H
#define TEST_H

#include "base/status.h"
#include "base/str.h"

#include <stdio.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

void test_register(struct test_case *t);
__attribute__((format(printf, 3, 4))) void test_fail(const char *file, int line, const char *fmt,
                                                     ...);

#define TEST(id)                                                                                   \
    static void test_##id(void);                                                                   \
    static struct test_case test_case_##id = {#id, test_##id, NULL};                               \
    __attribute__((constructor)) static void test_register_##id(void)                              \
    {                                                                                              \
        test_register(&test_case_##id);                                                            \
    }                                                                                              \
    static void test_##id(void)

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            test_fail(__FILE__, __LINE__, "%s is false", #cond);                                   \
    } while (0)
#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long g_ = (long long)(got), w_ = (long long)(want);                                   \
        if (g_ != w_)                                                                              \
            test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #got, g_, w_);                   \
    } while (0)
#define CHECK_DOUBLE(got, want) /* bit for bit */                                                  \
    do {                                                                                           \
        double g_ = (got), w_ = (want);                                                            \
        if (memcmp(&g_, &w_, sizeof(g_)) != 0)                                                     \
            test_fail(__FILE__, __LINE__, "%s is %.17g (%a), not %.17g (%a)", #got, g_, g_, w_,    \
                      w_);                                                                         \
    } while (0)
#define CHECK_STR(got, want) /* struct str against a C string */                                   \
    do {                                                                                           \
        struct str g_ = (got);                                                                     \
        const char *w_ = (want);                                                                   \
        if (!str_eq_z(g_, w_))                                                                     \
            test_fail(__FILE__, __LINE__, "%s is \"%.*s\", not \"%s\"", #got, STR_ARG(g_),         \
                      w_ ? w_ : "(null)");                                                         \
    } while (0)
#define CHECK_OK(                                                                                  \
    call) /* the call's last argument must be &err of this test's `struct error err` */            \
    do {                                                                                           \
        status st_ = (call);                                                                       \
        if (st_ != ST_OK)                                                                          \
            test_fail(__FILE__, __LINE__, "%s: %s: %s (%s:%d)", #call, status_text(st_), err.msg,  \
                      err.file ? err.file : "?", err.line);                                        \
    } while (0)
#define CHECK_STATUS(call, want)                                                                   \
    do {                                                                                           \
        status g_ = (call), w_ = (want);                                                           \
        if (g_ != w_)                                                                              \
            test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #call, status_text(g_),      \
                      status_text(w_));                                                            \
    } while (0)

#endif
