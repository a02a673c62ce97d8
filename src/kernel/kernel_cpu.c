// SPDX-License-Identifier: Apache-2.0
/* kernel_cpu.c - which CPU level this machine has. */
#include "kernel/kernel_cpu.h"

enum kernel_level kernel_level_best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return KERNEL_LEVEL_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
        return KERNEL_LEVEL_AVX2;
#endif
    return KERNEL_LEVEL_BASE;
}
