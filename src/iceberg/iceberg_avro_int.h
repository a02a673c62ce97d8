// SPDX-License-Identifier: Apache-2.0
/* iceberg_avro_int.h - manifests and manifest lists as Avro records: field ids, cells, the writing
 * of both. For this module only. */
#ifndef ICEBERG_AVRO_INT_H
#define ICEBERG_AVRO_INT_H

#include "avro/avro.h"
#include "iceberg/iceberg_int.h"

/* One field Iceberg defines. */
struct iceberg_slot {
    int32_t id;
    const char *name;
    const char *old_name; /* in version 1, when it differs; else NULL */
    bool required;
};

/* A scalar as it stands in a record; text is borrowed from the decoded block. */
struct iceberg_cell {
    enum { CELL_NULL, CELL_NUMBER, CELL_TEXT } kind;
    int64_t number; /* also booleans */
    struct str text;
};

/* True when the schema has no id anywhere. */
bool iceberg_avro_by_name(const struct avro_schema *root);
/* (*out)[i] = the slot of the record's field i, or -1. */
STATUS_MUST_USE status iceberg_avro_plan(const struct avro_schema *record,
                                         const struct iceberg_slot *slots, size_t slot_count,
                                         bool by_name, struct arena *arena, int **out,
                                         struct error *err);
STATUS_MUST_USE status iceberg_avro_cell(const struct avro_schema *s, struct bytes *in,
                                         struct iceberg_cell *out, struct error *err);
STATUS_MUST_USE status iceberg_cell_long(const struct iceberg_cell *c,
                                         const struct iceberg_slot *slot, int64_t absent,
                                         int64_t min, int64_t max, int64_t *out, struct error *err);
/* ptr NULL when absent and not required. */
STATUS_MUST_USE status iceberg_cell_text(const struct iceberg_cell *c,
                                         const struct iceberg_slot *slot, struct arena *arena,
                                         struct str *out, struct error *err);
/* A partition value as `type`; with UNKNOWN as the type Avro gives it. */
STATUS_MUST_USE status iceberg_avro_value(const struct avro_schema *s, struct bytes *in,
                                          struct column_type type, struct arena *arena,
                                          struct column_value *out, struct error *err);

/* A file that is being read as a container: bytes, reader and scratch memory together. */
struct iceberg_container {
    struct buffer bytes;
    struct avro_reader reader;
    struct arena scratch; /* schema, header, plans */
    bool by_name;
};

/* iceberg_container_close must follow, also after a failure. */
STATUS_MUST_USE status iceberg_container_open(struct iceberg_container *c, struct store *store,
                                              struct str path, struct mem_account *account,
                                              struct error *err);
void iceberg_container_close(struct iceberg_container *c);

/* The types of a spec's partition values, by the table's schemas; UNKNOWN where the source column
 * is in none of them. */
STATUS_MUST_USE status iceberg_partition_types(const struct iceberg_table *t,
                                               const struct iceberg_spec *spec, struct arena *arena,
                                               struct column_type **out, struct error *err);

/* The Avro schemas (iceberg_manifest_schema.c), appended to `out`. `types` as from
 * iceberg_partition_types. */
STATUS_MUST_USE status iceberg_entry_schema(struct buffer *out, const struct iceberg_spec *spec,
                                            const struct column_type *types, int32_t version,
                                            struct error *err);
STATUS_MUST_USE status iceberg_list_schema(struct buffer *out, int32_t version, struct error *err);
/* Bytes of the Avro fixed that holds every decimal of a precision. */
size_t iceberg_decimal_width(unsigned precision);

/* What a snapshot's files are written under. */
struct iceberg_commit {
    const struct iceberg_table *table;
    const struct iceberg_schema *schema; /* of the snapshot */
    int64_t snapshot_id, parent_id;      /* parent -1 = none */
    int64_t sequence_number;
};

/* Writes entries, all of one spec and all data files or (`deletes`) all delete files, as a manifest
 * of the table's version and describes it in *out. ADDED entries get no sequence numbers and no row
 * ids: they inherit the commit's. */
STATUS_MUST_USE status iceberg_manifest_write(struct store *store, const struct iceberg_commit *c,
                                              int32_t spec_id, bool deletes,
                                              const struct iceberg_entry *entries, size_t count,
                                              struct str path, struct arena *arena,
                                              struct mem_account *account,
                                              struct iceberg_manifest *out, struct error *err);
STATUS_MUST_USE status iceberg_manifest_list_write(struct store *store,
                                                   const struct iceberg_commit *c,
                                                   const struct iceberg_manifest *manifests,
                                                   size_t count, struct str path,
                                                   struct mem_account *account, struct error *err);

#endif
