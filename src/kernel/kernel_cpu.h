// SPDX-License-Identifier: Apache-2.0
/* kernel_cpu.h - CPU levels: one inlined body, wrapped per level, chosen once per query.
 *
 *     ALWAYS_INLINE void sum_body(const int64_t *v, size_t n, int64_t *out) { ... }
 *     KERNEL_LEVELS(void, sum, (const int64_t *v, size_t n, int64_t *out), (v, n, out))
 *     ...
 *     sum_levels[level](v, n, &out);
 *
 * Every level gives the same result; a test forces each one. On other CPUs than x86-64 all levels
 * are the portable form. */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "base/status.h"

enum kernel_level {
    KERNEL_LEVEL_BASE,
    KERNEL_LEVEL_AVX2,
    KERNEL_LEVEL_AVX512,
    KERNEL_LEVELS_COUNT
};

/* The best level this CPU has. */
enum kernel_level kernel_level_best(void);

/* No fma: what a body computes must not depend on the level. */
#if !defined(__x86_64__)
#define KERNEL_TARGET_AVX2
#define KERNEL_TARGET_AVX512
#elif defined(__clang__)
#define KERNEL_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define KERNEL_TARGET_AVX512                                                                       \
    __attribute__((target("avx2,bmi,bmi2,avx512f,avx512dq,avx512bw,avx512vl"),                     \
                   min_vector_width(512)))
#else
#define KERNEL_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define KERNEL_TARGET_AVX512                                                                       \
    __attribute__((                                                                                \
        target("avx2,bmi,bmi2,avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")))
#endif

/* Defines `static result (*const name_levels[])params`; name_body is the loop. */
#define KERNEL_LEVELS(result, name, params, args)                                                  \
    static result PASTE(name, _base) params                                                        \
    {                                                                                              \
        return PASTE(name, _body) args;                                                            \
    }                                                                                              \
    KERNEL_TARGET_AVX2 static result PASTE(name, _avx2) params                                     \
    {                                                                                              \
        return PASTE(name, _body) args;                                                            \
    }                                                                                              \
    KERNEL_TARGET_AVX512 static result PASTE(name, _avx512) params                                 \
    {                                                                                              \
        return PASTE(name, _body) args;                                                            \
    }                                                                                              \
    static result(*const PASTE(name, _levels)[KERNEL_LEVELS_COUNT])                                \
        params = {PASTE(name, _base), PASTE(name, _avx2), PASTE(name, _avx512)};

#endif
