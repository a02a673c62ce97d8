// SPDX-License-Identifier: Apache-2.0
/* iceberg_int.h - what the files of this module share with each other and nobody else. */
#ifndef ICEBERG_INT_H
#define ICEBERG_INT_H

#include "base/bytes.h"
#include "base/jsontext.h"
#include "iceberg/iceberg.h"

/* ---- schemas (iceberg_schema.c) ----------------------------------------------------------------
 */

STATUS_MUST_USE status iceberg_schema_parse(struct arena *arena, const json_t *json,
                                            struct iceberg_schema *out, struct error *err);
STATUS_MUST_USE status iceberg_schema_format(const struct iceberg_schema *s, const char *key,
                                             struct buffer *out, struct error *err);
const struct iceberg_field *iceberg_field_by_id(const struct iceberg_schema *s, int32_t id);
const struct iceberg_field *iceberg_field_by_name(const struct iceberg_schema *s, struct str name);
/* The type of a primitive, also one that lies in structs; false when there is none of that id. */
bool iceberg_leaf_type(const struct iceberg_schema *s, int32_t id, struct column_type *out);
/* Same over all schemas, the current one first, then from the newest: for partition sources whose
 * column has been dropped. */
bool iceberg_source_type(const struct iceberg_table *t, int32_t id, struct column_type *out);
/* initial-default or write-default of a field whose type is known (iceberg_default.c). */
STATUS_MUST_USE status iceberg_default_parse(struct arena *arena, const json_t *field,
                                             const char *key, const struct iceberg_field *f,
                                             struct iceberg_default *out, struct error *err);
/* "decimal(9, 2)" and the like. */
STATUS_MUST_USE status iceberg_type_parse(struct str text, struct column_type *out,
                                          struct error *err);
/* Is it a type that a later format has added? */
bool iceberg_type_is_later(struct str text);
/* The ids of a tree, its own first; `out` may be NULL to count them. */
size_t iceberg_nested_ids(const struct column_node *n, int32_t *out);
/* Makes `field` nested: its tree and its text. */
STATUS_MUST_USE status iceberg_nested_parse(struct arena *arena, const json_t *type,
                                            struct iceberg_field *field, struct error *err);
/* Digits at the head of `text`, which moves behind them; false when there are none, or more than an
 * int32 holds. */
bool iceberg_take_number(struct str *text, uint32_t *out);
bool iceberg_schema_same(const struct iceberg_schema *a, const struct iceberg_schema *b);

/* ---- specs and orders (iceberg_spec.c) ---------------------------------------------------------
 */

STATUS_MUST_USE status iceberg_spec_parse_fields(struct arena *arena, const json_t *fields,
                                                 struct iceberg_spec *out, struct error *err);
STATUS_MUST_USE status iceberg_spec_parse_json(struct arena *arena, const json_t *json,
                                               struct iceberg_spec *out, struct error *err);
STATUS_MUST_USE status iceberg_spec_format_fields(const struct iceberg_spec *s, const char *key,
                                                  struct buffer *out, struct error *err);
STATUS_MUST_USE status iceberg_spec_format(const struct iceberg_spec *s, const char *key,
                                           struct buffer *out, struct error *err);
STATUS_MUST_USE status iceberg_order_parse_json(struct arena *arena, const json_t *json,
                                                struct iceberg_sort_order *out, struct error *err);
STATUS_MUST_USE status iceberg_order_format(const struct iceberg_sort_order *o, const char *key,
                                            struct buffer *out, struct error *err);
bool iceberg_transform_fits(struct iceberg_transform t, struct column_type source);
bool iceberg_transform_same(struct iceberg_transform a, struct iceberg_transform b);
bool iceberg_spec_same(const struct iceberg_spec *a, const struct iceberg_spec *b);
bool iceberg_order_same(const struct iceberg_sort_order *a, const struct iceberg_sort_order *b);

/* ---- tables ------------------------------------------------------------------------------------
 */

/* What Java's TableMetadata refuses (E1 to E5 in iceberg_table.c). */
STATUS_MUST_USE status iceberg_table_check(const struct iceberg_table *t, struct arena *arena,
                                           struct error *err);
bool iceberg_ref_same(const struct iceberg_ref *a, const struct iceberg_ref *b);
/* The members of a ref's object without its braces: in metadata its name is the key, in an update a
 * member. */
STATUS_MUST_USE status iceberg_ref_format_members(const struct iceberg_ref *r, struct buffer *out,
                                                  struct error *err);
STATUS_MUST_USE status iceberg_snapshot_format(const struct iceberg_snapshot *s, const char *key,
                                               struct buffer *out, struct error *err);
/* `text` without the slashes at its end. */
struct str iceberg_trim_slash(struct str text);

/* A deletion vector's bytes, of which the manifest says that they name `records` rows. */
STATUS_MUST_USE status iceberg_vector_decode(const void *blob, size_t bytes, int64_t records,
                                             struct rowset *out, struct error *err);

/* ---- values (iceberg_value.c, iceberg_transform.c) ---------------------------------------------
 */

/* The unscaled number of a decimal of any precision. */
int128 iceberg_decimal(const struct column_value *v);
/* Big-endian two's complement in as few bytes as hold it; returns their number. */
size_t iceberg_decimal_bytes(int128 v, uint8_t out[16]);
uint32_t iceberg_murmur3(uint32_t seed, const void *data, size_t bytes);
/* "day=2025-01-14/region=a+b/", escaped; nothing for an unpartitioned spec. */
STATUS_MUST_USE status iceberg_partition_path(const struct iceberg_spec *spec,
                                              const struct column_value *partition,
                                              struct arena *arena, struct buffer *out,
                                              struct error *err);

#endif
