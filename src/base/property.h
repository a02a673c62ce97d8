// SPDX-License-Identifier: Apache-2.0
/* property.h - a name and its text: table properties, configuration keys, HTTP headers. */
#ifndef BASE_PROPERTY_H
#define BASE_PROPERTY_H

#include "base/str.h"

struct property {
    struct str key, value;
};

/* The value of the last property of that key; ptr NULL when there is none. */
static inline struct str property_get(const struct property *list, size_t count, const char *key)
{
    for (size_t i = count; i-- > 0;)
        if (str_eq_z(list[i].key, key))
            return list[i].value;
    return (struct str){0};
}

#endif
