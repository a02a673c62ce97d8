// SPDX-License-Identifier: Apache-2.0
/* iceberg.h - Apache Iceberg tables (specification v1, v2 and v3 read, v2 and v3 written).
 *
 *     metadata.json -> snapshot -> manifest list -> manifests -> data files
 *
 * struct iceberg_table is one parsed metadata file. It is immutable once made: a change is built as
 * a struct iceberg_update (below) and iceberg_apply makes the next table from base + updates, which
 * the catalog then writes and swaps. The same updates go to a REST server as JSON, so nothing else
 * may change metadata.
 *
 * All strings and arrays live in the arena given at parse or apply. Unknown metadata keys are kept.
 * Every count and length from outside is bounded. Encryption is refused by name. */
#ifndef ICEBERG_H
#define ICEBERG_H

#include "base/property.h"
#include "base/rowset.h"
#include "column/column_node.h"
#include "store/store.h"

/* ---- metadata (spec "Table Metadata") ----------------------------------------------------------
 */

struct iceberg_default {
    const struct column_value *value; /* of the column's type; NULL = NULL */
    struct str json;                  /* as the metadata has it; ptr NULL = absent */
};

struct iceberg_field {
    int32_t id;
    struct str name;
    bool required;
    bool nested;             /* struct, list, map: type is UNKNOWN */
    struct column_type type; /* timestamptz and timestamp by adjust-to-utc; fixed by length */
    bool unread;             /* a type that firn does not know (format version 3): UNKNOWN too */
    struct str type_json; /* nested and unread: the JSON text of the type, as it is written back */
    const struct column_node *node; /* nested only: the same as a tree */
    struct iceberg_default initial; /* what rows of files have that lack the column */
    struct iceberg_default write;   /* what a row is given that is written without a value */
    struct str doc;                 /* may be empty */
};

struct iceberg_schema {
    int32_t id;
    size_t count;
    struct iceberg_field *fields;
    size_t identifier_count;
    int32_t *identifier_ids;
};

enum iceberg_transform_kind {
    ICEBERG_IDENTITY,
    ICEBERG_BUCKET,   /* param = buckets */
    ICEBERG_TRUNCATE, /* param = width */
    ICEBERG_YEAR,
    ICEBERG_MONTH,
    ICEBERG_DAY,
    ICEBERG_HOUR,
    ICEBERG_VOID,
    ICEBERG_UNKNOWN_TRANSFORM /* kept by name; never pruned by; not written */
};

struct iceberg_transform {
    enum iceberg_transform_kind kind;
    int32_t param;
    struct str text; /* as in the metadata */
};

struct iceberg_partition_field {
    int32_t source_id, field_id;
    struct str name;
    struct iceberg_transform transform;
};

struct iceberg_spec {
    int32_t id;
    size_t count;
    struct iceberg_partition_field *fields;
};

struct iceberg_sort_field {
    int32_t source_id;
    struct iceberg_transform transform;
    bool descending, nulls_last;
};

struct iceberg_sort_order {
    int32_t id; /* 0 = unsorted */
    size_t count;
    struct iceberg_sort_field *fields;
};

/* Row lineage (spec "Row Lineage"): rows first .. first + count - 1 of the table's numbering. */
struct iceberg_row_ids {
    bool assigned; /* false: of a snapshot or file from before format version 3 */
    int64_t first, count;
};

struct iceberg_snapshot {
    int64_t id, parent_id;   /* parent -1 = none */
    int64_t sequence_number; /* 0 in v1 */
    int64_t timestamp_ms;
    struct str manifest_list; /* empty in v1 when `manifests` is used */
    size_t manifest_count;    /* v1 only */
    struct str *manifests;
    size_t summary_count; /* "operation" included */
    struct property *summary;
    int32_t schema_id;              /* -1 = absent */
    struct iceberg_row_ids row_ids; /* count: what it adds to the table's next_row_id */
    struct str key_id;              /* of an encrypted manifest list; ptr NULL = plain */
};

struct iceberg_ref {
    struct str name;
    bool is_tag;
    int64_t snapshot_id;
    int64_t max_ref_age_ms, max_snapshot_age_ms, min_snapshots; /* -1 = absent */
};

struct iceberg_log_entry {
    int64_t timestamp_ms;
    int64_t snapshot_id;      /* snapshot log */
    struct str metadata_file; /* metadata log */
};

struct iceberg_table {
    struct str metadata_location; /* where it was read from; empty while not written */
    int32_t format_version;
    struct str uuid, location;
    int64_t last_sequence_number, last_updated_ms;
    int64_t next_row_id; /* format version 3: above every row id that was assigned */
    int32_t last_column_id, last_partition_id;
    size_t schema_count, spec_count, order_count;
    struct iceberg_schema *schemas;
    int32_t current_schema_id;
    struct iceberg_spec *specs;
    int32_t default_spec_id;
    struct iceberg_sort_order *orders;
    int32_t default_order_id;
    size_t property_count, snapshot_count, ref_count, snapshot_log_count, metadata_log_count;
    struct property *properties;
    struct iceberg_snapshot *snapshots;
    int64_t current_snapshot_id; /* -1 = none */
    struct iceberg_ref *refs;    /* main included when there is a current snapshot */
    struct iceberg_log_entry *snapshot_log, *metadata_log;
    struct str unknown_json; /* object of top-level keys firn does not know; may be empty */
};

/* `location` names the file in messages. ".gz.metadata.json" bytes are gunzipped by the loader. */
STATUS_MUST_USE status iceberg_table_parse(struct arena *arena, struct str location,
                                           const void *json, size_t bytes,
                                           struct iceberg_table **out, struct error *err);
/* The same of metadata that stands in another text, parsed already; known members are removed from
 * it. */
struct json_t;
STATUS_MUST_USE status iceberg_table_read(struct arena *arena, struct str location,
                                          struct json_t *json, struct iceberg_table **out,
                                          struct error *err);
/* All of it; nothing is shared with `from`. */
STATUS_MUST_USE status iceberg_table_copy(struct arena *arena, const struct iceberg_table *from,
                                          struct iceberg_table **out, struct error *err);
STATUS_MUST_USE status iceberg_table_load(struct store *store, struct arena *arena,
                                          struct str location, struct iceberg_table **out,
                                          struct error *err);
/* Appends the JSON text; the same table gives the same bytes. */
STATUS_MUST_USE status iceberg_table_format(const struct iceberg_table *t, struct buffer *out,
                                            struct error *err);

const struct iceberg_schema *iceberg_schema_by_id(const struct iceberg_table *t, int32_t id);
const struct iceberg_schema *iceberg_current_schema(const struct iceberg_table *t);
const struct iceberg_spec *iceberg_spec_by_id(const struct iceberg_table *t, int32_t id);
const struct iceberg_snapshot *iceberg_snapshot_by_id(const struct iceberg_table *t, int64_t id);
const struct iceberg_snapshot *iceberg_current_snapshot(const struct iceberg_table *t);
const struct iceberg_ref *iceberg_ref_by_name(const struct iceberg_table *t, struct str name);
/* ptr NULL when absent. */
struct str iceberg_table_property(const struct iceberg_table *t, const char *key);
struct str iceberg_snapshot_property(const struct iceberg_snapshot *s, const char *key);
/* Time travel by the snapshot log (spec appendix F); ST_NOT_FOUND when nothing is that old. */
STATUS_MUST_USE status iceberg_snapshot_at(const struct iceberg_table *t, int64_t timestamp_ms,
                                           const struct iceberg_snapshot **out, struct error *err);
/* The column of this id: in `first`, else in the current schema, else in the newest older one that
 * has it (dropped since); NULL when none has. */
const struct iceberg_field *iceberg_field_ever(const struct iceberg_table *t,
                                               const struct iceberg_schema *first, int32_t id);
/* schema.name-mapping.default: the names that columns have in data files without field ids. */
struct iceberg_mapping {
    bool exists;  /* without one such files go by the columns' own names */
    size_t count; /* a column may stand several times */
    struct iceberg_mapped_name {
        int32_t id;
        struct str name; /* "a.b" for a member of a struct */
    } * names;
};
STATUS_MUST_USE status iceberg_mapping_of(const struct iceberg_table *t, struct arena *arena,
                                          struct iceberg_mapping *out, struct error *err);
/* The columns that rows have, field ids kept: primitive fields, those of structs as "a.b", lists
 * and maps as text. Nested fields of types that cannot be read are left out. */
STATUS_MUST_USE status iceberg_schema_columns(const struct iceberg_schema *s, struct arena *arena,
                                              struct column_schema *out, struct error *err);
/* The primitive column of this id as above: of `first`, else of the current schema, else of the
 * newest older one that has it (dropped since); NULL when none has. */
STATUS_MUST_USE status iceberg_column_ever(const struct iceberg_table *t,
                                           const struct iceberg_schema *first, int32_t id,
                                           struct arena *arena, const struct column_field **out,
                                           struct error *err);

/* The list or map that the text column of this id is made from; NULL for other columns. */
const struct column_node *iceberg_schema_nested(const struct iceberg_schema *s, int32_t id);
/* No struct, list, map or unread type among its fields: every column of it can be written. */
bool iceberg_schema_is_flat(const struct iceberg_schema *s);

/* ---- updates -------------------------------------------------------------------------------- */

enum iceberg_update_kind {
    ICEBERG_ASSIGN_UUID,
    ICEBERG_UPGRADE_FORMAT, /* id = 2 */
    ICEBERG_SET_LOCATION,
    ICEBERG_ADD_SCHEMA,         /* schema; id -1 = next; last_column_id */
    ICEBERG_SET_CURRENT_SCHEMA, /* id; -1 = last added */
    ICEBERG_ADD_SPEC,
    ICEBERG_SET_DEFAULT_SPEC,
    ICEBERG_ADD_ORDER,
    ICEBERG_SET_DEFAULT_ORDER,
    ICEBERG_SET_PROPERTIES,
    ICEBERG_REMOVE_PROPERTIES,
    ICEBERG_ADD_SNAPSHOT,
    ICEBERG_SET_REF,
    ICEBERG_REMOVE_REF,
    ICEBERG_REMOVE_SNAPSHOTS
};

struct iceberg_update {
    enum iceberg_update_kind kind;
    struct str text; /* uuid, location, ref name */
    int32_t id;      /* schema, spec, order ids */
    int32_t last_column_id;
    const struct iceberg_schema *schema;
    const struct iceberg_spec *spec;
    const struct iceberg_sort_order *order;
    size_t property_count;
    const struct property *properties;
    const struct iceberg_snapshot *snapshot;
    struct iceberg_ref ref;
    size_t snapshot_id_count;
    const int64_t *snapshot_ids;
};

/* base NULL makes a new table (format v2; uuid, location, schema, spec, order must be among the
 * updates). `now_ms` becomes last-updated-ms (never before the base's). The metadata log is
 * extended by base->metadata_location and cut at write.metadata.previous-versions-max. Checks what
 * Java's reader checks (notes in iceberg_table.c). */
STATUS_MUST_USE status iceberg_apply(const struct iceberg_table *base,
                                     const struct iceberg_update *updates, size_t count,
                                     int64_t now_ms, struct arena *arena,
                                     struct iceberg_table **out, struct error *err);
/* "<location>/metadata/00003-<uuid>.metadata.json", numbered after base_location (may be empty);
 * uuid NULL = a random one. */
STATUS_MUST_USE status iceberg_metadata_path(const struct iceberg_table *t,
                                             struct str base_location, const char *uuid,
                                             struct arena *arena, struct str *out,
                                             struct error *err);
/* The number of such a path, which grows with each commit; -1 for a name of another form. */
int64_t iceberg_metadata_number(struct str location);
/* For servers that apply changes and write metadata themselves (REST catalogs): appends the members
 * "requirements" and "updates" that make `next`, which iceberg_apply made of `base` (NULL: a new
 * table), and the whole request for a table like `t`, whose location may be empty. */
STATUS_MUST_USE status iceberg_commit_format(const struct iceberg_table *base,
                                             const struct iceberg_table *next, struct buffer *out,
                                             struct error *err);
STATUS_MUST_USE status iceberg_create_format(const struct iceberg_table *t, struct str name,
                                             bool stage, struct buffer *out, struct error *err);
/* Formats and writes (fsynced, new name) and sets t->metadata_location. */
STATUS_MUST_USE status iceberg_table_write(struct store *store, struct iceberg_table *t,
                                           struct str path, struct error *err);

/* Assigns field ids to a new table's columns 1..n; or, replacing `base`, reuses the id of a column
 * of the same name (of any older schema, current first) and continues after last-column-id. out->id
 * is -1; *last_column_id is the new maximum. */
STATUS_MUST_USE status iceberg_schema_assign(const struct iceberg_table *base,
                                             const struct column_schema *columns,
                                             struct arena *arena, struct iceberg_schema *out,
                                             int32_t *last_column_id, struct error *err);
/* Parses 'month(transaction_date), bucket(16, id), product_id' against a schema; "" =
 * unpartitioned. Ids from 1000, reused where base has an equal field. */
STATUS_MUST_USE status iceberg_spec_parse(struct str text, const struct iceberg_schema *schema,
                                          const struct iceberg_table *base, struct arena *arena,
                                          struct iceberg_spec *out, struct error *err);
/* Parses "a, b DESC NULLS LAST". */
STATUS_MUST_USE status iceberg_order_parse(struct str text, const struct iceberg_schema *schema,
                                           struct arena *arena, struct iceberg_sort_order *out,
                                           struct error *err);

/* ---- transforms (spec "Partition Transforms", appendix B)
 * ----------------------------------------- */

/* The type of the transform's result, in firn's types (day is DATE; hour, month, year, bucket INT).
 */
struct column_type iceberg_transform_type(struct iceberg_transform t, struct column_type source);
/* NULL in, NULL out. str results are in `arena`. */
STATUS_MUST_USE status iceberg_transform_apply(struct iceberg_transform t,
                                               const struct column_value *v, struct arena *arena,
                                               struct column_value *out, struct error *err);
/* "2025-01" for paths: PartitionSpec.partitionToPath's text, not yet URL-escaped. */
STATUS_MUST_USE status iceberg_transform_text(struct iceberg_transform t,
                                              const struct column_value *v, struct arena *arena,
                                              struct str *out, struct error *err);

/* ---- files ---------------------------------------------------------------------------------- */

enum iceberg_content { ICEBERG_DATA, ICEBERG_POSITION_DELETES, ICEBERG_EQUALITY_DELETES };

struct iceberg_metric {
    int32_t field_id;
    int64_t column_bytes, values, nulls, nans; /* -1 = absent */
    struct str lower, upper;                   /* spec appendix D bytes; ptr NULL = absent */
};

struct iceberg_data_file {
    enum iceberg_content content;
    struct str path, format; /* format upper case: "PARQUET" */
    int32_t spec_id;
    size_t partition_count; /* as in the spec */
    struct column_value *partition;
    int64_t records, bytes;
    size_t metric_count; /* ascending field ids */
    struct iceberg_metric *metrics;
    size_t split_count;
    int64_t *split_offsets;
    int32_t sort_order_id;    /* -1 = absent */
    size_t equality_id_count; /* equality deletes: field ids of the columns compared */
    int32_t *equality_ids;    /* ascending */
    struct str referenced;    /* position deletes of one data file: its path; ptr NULL = absent */
    int64_t content_offset;   /* a deletion vector: where its blob stands in the Puffin file */
    int64_t content_bytes;    /* and how long it is; 0 = no deletion vector */
    struct iceberg_row_ids row_ids; /* of a data file, after inheritance; count = records */
};

enum iceberg_entry_status { ICEBERG_EXISTING = 0, ICEBERG_ADDED = 1, ICEBERG_DELETED = 2 };

struct iceberg_entry {
    enum iceberg_entry_status status;
    int64_t snapshot_id; /* after inheritance */
    int64_t sequence_number, file_sequence_number;
    struct iceberg_data_file file;
    /* Data files of a scan: the delete files that apply, position deletes first. Files that the
     * same delete file speaks of share its pointer. */
    size_t delete_count;
    const struct iceberg_delete **deletes;
    /* Which rows of the file a scan gives, where a caller knows it: those in `rows`, or with
     * `except` all others. Deletes are not looked at then. */
    const struct rowset *rows; /* borrowed; NULL = what the deletes leave */
    bool except;
};

/* A live delete file of a scan. */
struct iceberg_delete {
    struct iceberg_entry entry;
    /* Equality deletes with one scope compare the same columns in the same partition (or all in
     * every partition): to a data file those of them apply that are younger. From 0. */
    size_t scope;
};

struct iceberg_manifest {
    struct str path;
    int64_t bytes;
    int32_t spec_id;
    bool deletes; /* content = delete files */
    int64_t sequence_number, min_sequence_number, added_snapshot_id;
    int64_t added_files, existing_files, deleted_files; /* -1 = absent (v1) */
    int64_t added_rows, existing_rows, deleted_rows;
    size_t partition_count;
    struct iceberg_partition_summary {
        bool contains_null, has_nan, contains_nan;
        struct str lower, upper; /* ptr NULL = absent */
    } * partitions;
    struct iceberg_row_ids row_ids; /* of data manifests; count = added and existing rows */
};

/* The snapshot's manifests, in list order. */
STATUS_MUST_USE status iceberg_manifests_read(struct store *store, const struct iceberg_table *t,
                                              const struct iceberg_snapshot *s, struct arena *arena,
                                              struct mem_account *account,
                                              struct iceberg_manifest **out, size_t *count,
                                              struct error *err);
/* Entries with inheritance done, DELETED ones included. */
STATUS_MUST_USE status iceberg_entries_read(struct store *store, const struct iceberg_table *t,
                                            const struct iceberg_manifest *m, struct arena *arena,
                                            struct mem_account *account, struct iceberg_entry **out,
                                            size_t *count, struct error *err);

/* ---- pruning -------------------------------------------------------------------------------- */

/* A conjunction-of-anything over bare columns and constants, made by plan from a WHERE; what it
 * cannot say is ICEBERG_PRED_TRUE. Three-valued: rows where the predicate is NULL are not wanted.
 */
enum iceberg_pred_kind {
    ICEBERG_PRED_TRUE,
    ICEBERG_PRED_FALSE,
    ICEBERG_PRED_AND,
    ICEBERG_PRED_OR,
    ICEBERG_PRED_EQ, /* column op value; the value has the column's type */
    ICEBERG_PRED_NE,
    ICEBERG_PRED_LT,
    ICEBERG_PRED_LE,
    ICEBERG_PRED_GT,
    ICEBERG_PRED_GE,
    ICEBERG_PRED_IN,
    ICEBERG_PRED_IS_NULL,
    ICEBERG_PRED_NOT_NULL,
    ICEBERG_PRED_STARTS_WITH
};

struct iceberg_pred {
    enum iceberg_pred_kind kind;
    size_t child_count; /* AND, OR */
    const struct iceberg_pred **children;
    int32_t field_id;   /* leaves */
    size_t value_count; /* 1, or IN's */
    const struct column_value *values;
};

/* Can any row match (inclusive)? Do all rows match (strict; for deletes by whole files)? By
 * partition values and metrics; NaN sorts greatest as in firn's comparisons, and bounds leave NaN
 * out. */
bool iceberg_manifest_may_match(const struct iceberg_table *t, const struct iceberg_manifest *m,
                                const struct iceberg_pred *p);
bool iceberg_file_may_match(const struct iceberg_table *t, const struct iceberg_schema *schema,
                            const struct iceberg_data_file *f, const struct iceberg_pred *p);
bool iceberg_file_all_match(const struct iceberg_table *t, const struct iceberg_schema *schema,
                            const struct iceberg_data_file *f, const struct iceberg_pred *p);

struct iceberg_scan {
    size_t count; /* live data files that may match */
    struct iceberg_entry *entries;
    int64_t manifests_total, manifests_read, files_total, files_skipped;
    int64_t rows, bytes; /* of the files listed, deleted rows included */
    size_t delete_count; /* live delete files, in no order */
    const struct iceberg_delete **deletes;
    size_t scope_count; /* of equality deletes */
};
/* Live data files of a snapshot, each with the delete files that apply to it. s NULL = empty. */
STATUS_MUST_USE status iceberg_scan_plan(struct store *store, const struct iceberg_table *t,
                                         const struct iceberg_snapshot *s,
                                         const struct iceberg_schema *schema,
                                         const struct iceberg_pred *p, struct arena *arena,
                                         struct mem_account *account, struct iceberg_scan *out,
                                         struct error *err);

/* Adds the rows that a deletion vector names. `out` is of the data file it speaks of. */
STATUS_MUST_USE status iceberg_vector_read(struct store *store,
                                           const struct iceberg_data_file *vector,
                                           struct mem_account *account, struct rowset *out,
                                           struct error *err);

/* ---- new snapshots ----------------------------------------------------------------------------
 */

/* Appendix D bytes; bounds of text and binary are cut to 16 (upper rounded up or absent). */
STATUS_MUST_USE status iceberg_value_encode(const struct column_value *v, struct arena *arena,
                                            struct str *out, struct error *err);
STATUS_MUST_USE status iceberg_value_decode(struct column_type type, struct str bytes,
                                            struct arena *arena, struct column_value *out,
                                            struct error *err);
/* A bound cut to `units` characters of text or bytes of binary, an upper one rounded up; UINT32_MAX =
 * whole. ptr NULL when there is none of that length. */
STATUS_MUST_USE status iceberg_bound_truncate(const struct column_value *v, bool upper,
                                              uint32_t units, struct arena *arena, struct str *out,
                                              struct error *err);

enum iceberg_operation {
    ICEBERG_APPEND,    /* "append" */
    ICEBERG_OVERWRITE, /* "overwrite": files added and removed */
    ICEBERG_DELETE,    /* "delete": files removed only */
    ICEBERG_REPLACE    /* "replace": same rows, other files */
};

struct iceberg_change {
    enum iceberg_operation operation;
    const struct iceberg_table *base; /* the table the snapshot goes on top of */
    int64_t snapshot_id;              /* the new one's; 0 = a random one */
    const char *uuid;                 /* in the names of its files; NULL = a random one */
    int64_t parent_id;                /* -1 = none (also for create-or-replace) */
    bool from_empty;                  /* true: every live file of the parent is removed */
    size_t added_count;
    const struct iceberg_data_file *added; /* paths are URIs under the table's location */
    size_t removed_count;
    const struct str *removed_paths; /* live in the parent, else ST_CONFLICT */
    size_t summary_count;            /* extra summary keys (firn.run-id, ...) */
    const struct property *summary;
    int64_t timestamp_ms;
    int32_t schema_id;
};

/* Files written by an operation that has not been published. */
struct iceberg_paths {
    struct arena *arena; /* borrowed */
    size_t count, capacity;
    struct str *paths;
};

/* Writes manifests and the manifest list for a new snapshot on top of `base` and returns the
 * snapshot, ready for ICEBERG_ADD_SNAPSHOT. Manifests without removed files are listed again as
 * they are (fast append); those that hold removed files are rewritten. Where files are removed,
 * delete files that cannot apply to a data file any more are removed too. A base of format version
 * 1 is refused (ICEBERG_UPGRADE_FORMAT comes first). Summary has operation, added-*, deleted-*,
 * removed-*, changed-partition-count and all total-*. Paths of everything written are appended to `written`,
 * also on failure, so that the caller can delete them. */
STATUS_MUST_USE status iceberg_snapshot_write(struct store *store, const struct iceberg_change *c,
                                              struct arena *arena, struct mem_account *account,
                                              struct iceberg_snapshot **out,
                                              struct iceberg_paths *written, struct error *err);

/* Deletes what can be deleted. False: something may still be there. */
bool iceberg_paths_delete(struct store *store, const struct iceberg_paths *p);

/* "<location>/data/<partition path>/<name>" with URL-escaped values, as write.data.path and
 * write.object-storage.* want it. */
STATUS_MUST_USE status iceberg_data_path(const struct iceberg_table *t,
                                         const struct iceberg_spec *spec,
                                         const struct column_value *partition, struct str name,
                                         struct arena *arena, struct str *out, struct error *err);

#endif
