// SPDX-License-Identifier: Apache-2.0
/* query_function.c - the table behind query_functions.def. */
#include "query/query_function.h"

#define FN(id, name, args, result, flags) {name, args, (result)[0], flags},
const struct query_function_row query_functions[QUERY_FN_COUNT] = {
#include "query/query_functions.def"
};
