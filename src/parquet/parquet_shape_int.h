// SPDX-License-Identifier: Apache-2.0
/* parquet_shape_int.h - how a struct of parquet_format_int.h is described to parquet_thrift.c. */
#ifndef PARQUET_SHAPE_INT_H
#define PARQUET_SHAPE_INT_H

#include "parquet/parquet_format_int.h"

enum parquet_shape_kind {
    SHAPE_BOOL,   /* bool */
    SHAPE_I8,     /* int8_t */
    SHAPE_I16,    /* int16_t */
    SHAPE_I32,    /* int32_t */
    SHAPE_I64,    /* int64_t */
    SHAPE_BINARY, /* struct str */
    SHAPE_STRUCT, /* embedded struct, `shape` */
    SHAPE_EMPTY,  /* a struct of which only the presence counts */
    SHAPE_OPAQUE  /* any type: presence is noted, never written */
};

struct parquet_shape_field {
    uint8_t id;   /* Thrift field id, 1 to 31 */
    uint8_t kind; /* enum parquet_shape_kind; of the items for a list */
    bool list;    /* member is { size_t count; T *items; } */
    bool required;
    uint16_t offset;                   /* of the member in the struct */
    const struct parquet_shape *shape; /* SHAPE_STRUCT */
    const char *name;                  /* as in parquet.thrift, for messages */
};

struct parquet_shape {
    const char *name;
    uint16_t bytes;    /* sizeof the C struct */
    uint8_t min_bytes; /* the shortest encoding that can be valid: bounds what a list may claim */
    uint16_t count;    /* fields */
    const struct parquet_shape_field *fields; /* ascending by id */
};

#endif
