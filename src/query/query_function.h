// SPDX-License-Identifier: Apache-2.0
/* query_function.h - the scalar functions by number: resolved by plan, run by exec. */
#ifndef QUERY_FUNCTION_H
#define QUERY_FUNCTION_H

#include "base/str.h"

enum query_function_flags {
    FN_IMMUTABLE = 1,
    FN_INEXACT = 2,
    FN_STABLE = 4,
    FN_VOLATILE = 8,
    FN_NULL_OK = 16
};

#define FN(id, name, args, result, flags) QUERY_FN_##id,
enum query_function {
#include "query/query_functions.def"
    QUERY_FN_COUNT
};

struct query_function_row {
    const char *name;
    const char *args; /* letters of query_functions.def */
    char result;
    unsigned flags;
};

extern const struct query_function_row query_functions[QUERY_FN_COUNT];

#endif
