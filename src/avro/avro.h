// SPDX-License-Identifier: Apache-2.0
/* avro.h - Avro object container files (specification 1.11, "Object Container Files"), as much as
 * Iceberg's manifests and manifest lists need. From and to bytes in memory.
 *
 * Reading: the writer's schema is parsed into a tree that keeps field-id, element-id, key-id,
 * value-id, logicalType; records are walked by that tree, so any schema can be skipped. Codecs
 * null, deflate, zstandard, snappy (with its CRC). All counts and lengths are bounded by the bytes
 * at hand. Writing: the caller gives the schema's JSON text verbatim and encodes records itself
 * with avro_put_*; the container adds header, blocks and sync marks. */
#ifndef AVRO_H
#define AVRO_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "codec/codec.h"

enum avro_kind {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_FIXED,
    AVRO_ENUM,
    AVRO_RECORD,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION
};

#define AVRO_NODES_MAX 10000u

struct avro_schema {
    enum avro_kind kind;
    bool fixed_bytes;                     /* every value is encoded in min_bytes */
    uint32_t nodes;                       /* of the tree from here; at most AVRO_NODES_MAX */
    uint64_t min_bytes;                   /* of the smallest encoded value */
    struct str name;                      /* RECORD, FIXED, ENUM; in <arena> */
    struct str logical_type;              /* "" = none */
    bool adjust_to_utc;                   /* timestamps */
    uint32_t precision, scale;            /* decimal */
    uint32_t size_bytes;                  /* FIXED */
    int32_t element_id, key_id, value_id; /* ARRAY, MAP; -1 = absent */
    size_t count;                         /* RECORD fields, UNION branches, ENUM symbols */
    struct avro_field *fields;            /* RECORD; in <arena> */
    struct avro_schema **branches;        /* UNION: count of them; ARRAY and MAP: [0] = items */
    struct str *symbols;                  /* ENUM */
};

struct avro_field {
    struct str name;
    int32_t field_id;           /* -1 = absent */
    struct avro_schema *schema; /* in <arena>; shared when named */
};

/* The JSON text of a schema. Cycles, nesting beyond 64 levels and more than AVRO_NODES_MAX nodes
 * are refused; the parser's own memory is charged to `account` while it runs. */
STATUS_MUST_USE status avro_schema_parse(struct arena *arena, struct mem_account *account,
                                         struct str text, struct avro_schema **out,
                                         struct error *err);

struct avro_meta {
    struct str key, value;
};

struct avro_reader {
    struct avro_schema *schema; /* in <arena> */
    struct str schema_text;     /* in <arena> */
    size_t meta_count;
    struct avro_meta *meta; /* in <arena>: all header keys, avro.* included */
    enum codec codec;
    uint8_t sync[16];
    struct bytes in;       /* the container; at = next block */
    struct buffer block;   /* owned: the decoded block */
    struct bytes block_in; /* cursor over it */
    uint64_t records_left; /* in this block */
    struct arena *arena;   /* borrowed */
};

/* `data` stays borrowed until avro_reader_free, which must follow also a failed init.
 * block_cap_bytes bounds one decoded block. */
STATUS_MUST_USE status avro_reader_init(struct avro_reader *r, const void *data, size_t bytes,
                                        size_t block_cap_bytes, struct arena *arena,
                                        struct mem_account *account, struct error *err);
void avro_reader_free(struct avro_reader *r);
/* NULL when absent. */
const struct str *avro_reader_meta(const struct avro_reader *r, const char *key);
/* *more = false at the end. Then r->block_in stands at a record, which the caller must walk wholly
 * with the functions below (or avro_skip). */
STATUS_MUST_USE status avro_reader_next(struct avro_reader *r, bool *more, struct error *err);

STATUS_MUST_USE status avro_get_long(struct bytes *in, int64_t *out, struct error *err);
STATUS_MUST_USE status avro_get_boolean(struct bytes *in, bool *out, struct error *err);
STATUS_MUST_USE status avro_get_bytes(struct bytes *in, struct str *out, struct error *err);
STATUS_MUST_USE status avro_get_fixed(struct bytes *in, size_t bytes, struct str *out,
                                      struct error *err);
/* The branch taken; *out is its schema. A non-union schema is returned as it is. */
STATUS_MUST_USE status avro_get_branch(const struct avro_schema *s, struct bytes *in,
                                       const struct avro_schema **out, struct error *err);
/* Block headers of arrays and maps: *count = 0 at the end. min_item_bytes bounds the count. */
STATUS_MUST_USE status avro_get_block(struct bytes *in, size_t min_item_bytes, uint64_t *count,
                                      struct error *err);
STATUS_MUST_USE status avro_skip(const struct avro_schema *s, struct bytes *in, struct error *err);

struct avro_writer {
    struct buffer *out;  /* borrowed: the container grows here */
    struct buffer block; /* owned: records not yet written */
    uint64_t block_records;
    enum codec codec; /* CODEC_NONE or CODEC_DEFLATE */
    uint8_t sync[16];
};

/* Writes the header. `sync` is the caller's: derived from content where files must be the same for
 * the same input. meta must not contain avro.*; their order is kept. */
STATUS_MUST_USE status avro_writer_init(struct avro_writer *w, struct buffer *out,
                                        struct str schema_text, const struct avro_meta *meta,
                                        size_t meta_count, enum codec codec, const uint8_t sync[16],
                                        struct error *err);
/* One record has been appended to w->block; starts a new block when it is large. */
STATUS_MUST_USE status avro_writer_record(struct avro_writer *w, struct error *err);
STATUS_MUST_USE status avro_writer_finish(struct avro_writer *w, struct error *err);
void avro_writer_free(struct avro_writer *w);

STATUS_MUST_USE status avro_put_long(struct buffer *out, int64_t v, struct error *err);
STATUS_MUST_USE status avro_put_boolean(struct buffer *out, bool v, struct error *err);
STATUS_MUST_USE status avro_put_bytes(struct buffer *out, struct str v, struct error *err);

#endif
