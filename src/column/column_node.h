// SPDX-License-Identifier: Apache-2.0
/* column_node.h - a type with parts, as a tree: what Iceberg schemas and Parquet files call structs,
 * lists and maps.
 *
 * A leaf of structs is a column of its own, "a.b"; a list or map is one text column, the JSON of its
 * values (docs/formats/nested.md). */
#ifndef COLUMN_NODE_H
#define COLUMN_NODE_H

#include "column/column_type.h"

enum column_node_kind { COLUMN_NODE_LEAF, COLUMN_NODE_STRUCT, COLUMN_NODE_LIST, COLUMN_NODE_MAP };

struct column_node {
    enum column_node_kind kind;
    struct str name;         /* borrowed: of a struct's field; without meaning in lists and maps */
    int32_t field_id;        /* 0 = none */
    bool required;           /* never NULL where what it is part of is not */
    struct column_type type; /* LEAF; kind UNKNOWN: one that cannot be read */
    size_t count;            /* STRUCT its fields; LIST 1: the element; MAP 2: key, value */
    struct column_node *children;
};

#endif
