// SPDX-License-Identifier: Apache-2.0
/* parquet_footer.c - opening a file: magic, footer, the places and sizes of its chunks.
 *
 *     ... | FileMetaData (Thrift) | its length (u32) | PAR1
 *
 * One read takes the last TAIL_BYTES, which holds most footers whole. The parsed form is large and
 * is dropped once the few numbers that reading needs are taken from it; strings keep pointing into
 * the footer's bytes.
 *
 * F1  every chunk lies between the first magic and the footer
 * F2  every row group has as many chunks as the schema has leaves, of the leaf's physical type, and
 *     a chunk in no list or map as many values as its group has rows; the groups' rows sum up to the file's */
#include "parquet/parquet_read_int.h"

#define MAGIC_BYTES       4
#define END_BYTES         8 /* footer length and magic */
#define TAIL_BYTES        ((size_t)64 << 10)
#define FOOTER_MOST_BYTES ((size_t)256 << 20)

const char *parquet_encoding_name(int32_t encoding)
{
    static const char *const names[] = {
        "PLAIN",
        "GROUP_VAR_INT",
        "PLAIN_DICTIONARY",
        "RLE",
        "BIT_PACKED",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
        "RLE_DICTIONARY",
        "BYTE_STREAM_SPLIT",
        "ALP",
    };
    return encoding >= 0 && encoding < (int32_t)ARRAY_LEN(names) ? names[encoding]
                                                                 : "unknown encoding";
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static status read_end(const uint8_t *end, size_t *footer_bytes, int64_t size, struct error *err)
{
    uint32_t length = load_u32le(end);
    if (memcmp(end + 4, "PARE", MAGIC_BYTES) == 0)
        FAIL(err, ST_UNSUPPORTED, "the footer is encrypted, which is not supported");
    if (memcmp(end + 4, "PAR1", MAGIC_BYTES) != 0)
        FAIL(err, ST_CORRUPT, "not a Parquet file: it does not end with PAR1");
    if (length > FOOTER_MOST_BYTES)
        FAIL(err, ST_LIMIT, "the footer has %u bytes, more than the %zu that are read", length,
             FOOTER_MOST_BYTES);
    if ((int64_t)length > size - END_BYTES - MAGIC_BYTES)
        FAIL(err, ST_CORRUPT, "the footer claims %u bytes in a file of %lld", length,
             (long long)size);
    *footer_bytes = length;
    return ST_OK;
}

/* Loads the Thrift bytes into f->footer. */
static status read_footer(struct parquet_file *f, struct error *err)
{
    int64_t size = store_size(f->file);
    uint8_t *tail = NULL;
    size_t tail_bytes = size < (int64_t)TAIL_BYTES ? (size_t)size : TAIL_BYTES, bytes;
    status st;
    if (size < MAGIC_BYTES + END_BYTES)
        FAIL(err, ST_CORRUPT, "not a Parquet file: it has only %lld bytes", (long long)size);
    TRY(mem_alloc(f->account, tail_bytes, (void **)&tail, err));
    TRY_DONE(store_read(f->file, size - (int64_t)tail_bytes, tail, tail_bytes, err));
    TRY_DONE(read_end(tail + tail_bytes - END_BYTES, &bytes, size, err));
    f->data_end = size - END_BYTES - (int64_t)bytes;
    TRY_DONE(mem_alloc(f->account, bytes, (void **)&f->footer, err));
    f->footer_bytes = bytes;
    if (bytes + END_BYTES <= tail_bytes)
        memcpy(f->footer, tail + tail_bytes - END_BYTES - bytes, bytes);
    else
        st = store_read(f->file, f->data_end, f->footer, bytes, err);
done:
    mem_free(f->account, tail, tail_bytes);
    return st;
}

/* ---- chunks --------------------------------------------------------------------------------- */

const char *parquet_codec_name(int32_t codec)
{
    static const char *const names[] = {"UNCOMPRESSED", "SNAPPY",       "GZIP", "LZO",
                                        "BROTLI",       "LZ4 (Hadoop)", "ZSTD", "LZ4_RAW"};
    return codec >= 0 && codec < (int32_t)ARRAY_LEN(names) ? names[codec] : "an unknown codec";
}

static void chunk_codec(struct parquet_chunk_place *c, int32_t codec)
{
    static const enum codec codecs[] = {
        [PARQUET_UNCOMPRESSED] = CODEC_NONE, [PARQUET_SNAPPY] = CODEC_SNAPPY,
        [PARQUET_GZIP] = CODEC_GZIP,         [PARQUET_LZO] = CODEC_COUNT,
        [PARQUET_BROTLI] = CODEC_BROTLI,     [PARQUET_LZ4_HADOOP] = CODEC_LZ4_OLD,
        [PARQUET_ZSTD] = CODEC_ZSTD,         [PARQUET_LZ4_RAW] = CODEC_LZ4_RAW,
    };
    c->info.codec = codec >= 0 && codec < (int32_t)ARRAY_LEN(codecs) ? codecs[codec] : CODEC_COUNT;
    if (c->info.codec == CODEC_COUNT)
        c->refusal = parquet_codec_name(codec);
}

/* A range of the index between the data and the footer; a wrong one counts as absent. */
static bool index_place(const struct parquet_file *f, bool has, int64_t offset, int32_t bytes)
{
    return has && offset >= MAGIC_BYTES && bytes > 0 && offset <= f->data_end &&
           bytes <= f->data_end - offset;
}

static void chunk_indexes(const struct parquet_file *f, const struct parquet_chunk *c,
                          struct parquet_chunk_place *out)
{
    bool has_offsets =
        PARQUET_HAS(c, CHUNK_OFFSET_INDEX_OFFSET) && PARQUET_HAS(c, CHUNK_OFFSET_INDEX_LENGTH);
    bool has_bounds =
        PARQUET_HAS(c, CHUNK_COLUMN_INDEX_OFFSET) && PARQUET_HAS(c, CHUNK_COLUMN_INDEX_LENGTH);
    out->offset_index = c->offset_index_offset;
    out->offset_index_bytes = c->offset_index_length;
    out->column_index = c->column_index_offset;
    out->column_index_bytes = c->column_index_length;
    out->info.has_offset_index =
        index_place(f, has_offsets, c->offset_index_offset, c->offset_index_length);
    out->info.has_column_index =
        out->info.has_offset_index &&
        index_place(f, has_bounds, c->column_index_offset, c->column_index_length);
}

/* Its length may be left out. Filters stand between or behind the row groups, before the footer. */
static void chunk_bloom(const struct parquet_file *f, const struct parquet_chunk_meta *m,
                        struct parquet_chunk_place *out)
{
    bool has = PARQUET_HAS(m, CHUNK_META_BLOOM_OFFSET);
    bool sized = PARQUET_HAS(m, CHUNK_META_BLOOM_LENGTH);
    int32_t least = sized ? m->bloom_length : 1;
    out->info.has_bloom_filter = index_place(f, has, m->bloom_offset, least);
    out->bloom_offset = m->bloom_offset;
    out->bloom_bytes = sized ? least : f->data_end - m->bloom_offset;
}

/* Where the chunk's pages lie: the dictionary page first, where the offset given for it is real. */
static status chunk_range(const struct parquet_file *f, const struct parquet_chunk_meta *m,
                          struct parquet_chunk_place *out, struct error *err)
{
    int64_t dictionary = m->dictionary_page_offset;
    bool has = PARQUET_HAS(m, CHUNK_META_DICTIONARY_OFFSET) && dictionary >= MAGIC_BYTES &&
               dictionary < m->data_page_offset;
    out->start = has ? dictionary : m->data_page_offset;
    if (m->num_values == 0) { /* some writers then give offset 0; there is nothing to read */
        out->start = out->end = MAGIC_BYTES;
        return ST_OK;
    }
    if (out->start < MAGIC_BYTES || m->compressed_bytes < 0 || out->start > f->data_end ||
        m->compressed_bytes > f->data_end - out->start) /* F1 */
        FAIL(err, ST_CORRUPT, "its chunk claims %lld bytes at offset %lld, the data end at %lld",
             (long long)m->compressed_bytes, (long long)out->start, (long long)f->data_end);
    if (m->uncompressed_bytes < 0)
        FAIL(err, ST_CORRUPT, "its chunk claims %lld uncompressed bytes",
             (long long)m->uncompressed_bytes);
    out->end = out->start + m->compressed_bytes;
    out->info.compressed_bytes = m->compressed_bytes;
    out->info.uncompressed_bytes = m->uncompressed_bytes;
    out->info.has_dictionary = has;
    return ST_OK;
}

static status read_chunk(struct parquet_file *f, const struct parquet_leaf *leaf, int64_t rows,
                         const struct parquet_chunk *c, struct parquet_chunk_place *out,
                         struct error *err)
{
    const struct parquet_chunk_meta *m = &c->meta;
    if (PARQUET_HAS(c, CHUNK_CRYPTO_META) || PARQUET_HAS(c, CHUNK_ENCRYPTED_META))
        FAIL(err, ST_UNSUPPORTED, "its chunk is encrypted, which is not supported");
    if (!PARQUET_HAS(c, CHUNK_META))
        FAIL(err, ST_CORRUPT, "its chunk has no metadata");
    if (PARQUET_HAS(c, CHUNK_FILE_PATH) && c->file_path.len > 0)
        FAIL(err, ST_UNSUPPORTED, "its chunk lies in another file, %.*s", STR_ARG(c->file_path));
    if (m->type != (int32_t)leaf->stored)
        FAIL(err, ST_CORRUPT, "its chunk is of %s, the schema says %s", parquet_type_name(m->type),
             leaf->info.physical);
    bool flat = leaf->max_repetition == 0;
    if (m->num_values < 0 || (flat && m->num_values != rows)) /* F2 */
        FAIL(err, ST_CORRUPT, "its chunk has %lld values, the row group %lld rows",
             (long long)m->num_values, (long long)rows);
    out->info.values = m->num_values;
    for (size_t i = 0; i < m->encodings.count; i++)
        if (m->encodings.items[i] >= 0 && m->encodings.items[i] < 32)
            out->info.encodings |= UINT32_C(1) << m->encodings.items[i];
    chunk_codec(out, m->codec);
    TRY(chunk_range(f, m, out, err));
    chunk_indexes(f, c, out);
    chunk_bloom(f, m, out);
    if (PARQUET_HAS(m, CHUNK_META_STATISTICS))
        parquet_bounds_read(leaf, &m->statistics, &out->info);
    return ST_OK;
}

/* A list's or map's chunks as one. */
static void nested_chunk(const struct parquet_place *place, const struct parquet_chunk_place *chunk,
                         struct parquet_chunk_info *out)
{
    *out = (struct parquet_chunk_info){.values = chunk[place->leaf].info.values,
                                       .codec = chunk[place->leaf].info.codec};
    for (size_t i = place->leaf; i < place->leaf + place->leaf_count; i++) {
        const struct parquet_chunk_info *one = &chunk[i].info;
        int64_t *sum = &out->compressed_bytes;
        *sum = one->compressed_bytes > INT64_MAX - *sum ? INT64_MAX : *sum + one->compressed_bytes;
        sum = &out->uncompressed_bytes;
        *sum =
            one->uncompressed_bytes > INT64_MAX - *sum ? INT64_MAX : *sum + one->uncompressed_bytes;
        out->encodings |= one->encodings;
        out->has_dictionary |= one->has_dictionary;
    }
}

static status read_group(struct parquet_file *f, size_t g, const struct parquet_row_group *group,
                         struct error *err)
{
    struct parquet_chunk_place *chunk = f->chunk + g * f->leaves;
    f->group[g].rows = group->num_rows;
    for (size_t i = 0; i < f->leaves; i++) {
        memset(&chunk[i], 0, sizeof(chunk[i]));
        TRY_CONTEXT(
            read_chunk(f, &f->leaf[i], group->num_rows, &group->columns.items[i], &chunk[i], err),
            err, "column %.*s, row group %zu", STR_ARG(f->leaf[i].info.name), g);
        if (i == 0 || chunk[i].start < f->group[g].offset)
            f->group[g].offset = chunk[i].start;
    }
    for (size_t i = 0; i < f->columns; i++)
        if (f->place[i].node)
            nested_chunk(&f->place[i], chunk,
                         &f->nested[g * f->nested_columns + f->place[i].nested]);
    return ST_OK;
}

static status read_groups(struct parquet_file *f, const struct parquet_file_meta *meta,
                          struct error *err)
{
    size_t groups = meta->row_groups.count;
    int64_t left = meta->num_rows;
    TRY(ARENA_ARRAY(&f->arena, struct parquet_group_place, groups, &f->group, err));
    if (f->leaves > 0 && groups > SIZE_MAX / f->leaves)
        FAIL(err, ST_CORRUPT, "%zu row groups of %zu columns", groups, f->leaves);
    for (size_t g = 0; g < groups; g++) /* F2, before room is made for the product */
        if (meta->row_groups.items[g].columns.count != f->leaves)
            FAIL(err, ST_CORRUPT, "row group %zu has %zu columns, the schema %zu", g,
                 meta->row_groups.items[g].columns.count, f->leaves);
    TRY(arena_array(&f->arena, groups * f->leaves, sizeof(*f->chunk), (void **)&f->chunk, err));
    TRY(arena_array(&f->arena, groups * f->nested_columns, sizeof(*f->nested), (void **)&f->nested,
                    err));
    for (size_t g = 0; g < groups; g++) {
        const struct parquet_row_group *group = &meta->row_groups.items[g];
        if (group->num_rows < 0 || group->num_rows > left) /* F2 */
            FAIL(err, ST_CORRUPT, "row group %zu has %lld rows, %lld are left", g,
                 (long long)group->num_rows, (long long)left);
        left -= group->num_rows;
        TRY(read_group(f, g, group, err));
    }
    f->groups = groups;
    if (left != 0)
        FAIL(err, ST_CORRUPT, "the row groups have %lld rows fewer than the file", (long long)left);
    return ST_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static status read_meta(struct parquet_file *f, struct arena *parsed, struct error *err)
{
    struct parquet_file_meta meta;
    struct bytes in = bytes_of(f->footer, f->footer_bytes);
    TRY(parquet_thrift_read(&parquet_shape_file_meta, &in, parsed, &meta, err));
    if (PARQUET_HAS(&meta, FILE_META_ENCRYPTION))
        FAIL(err, ST_UNSUPPORTED, "the file is encrypted, which is not supported");
    if (meta.num_rows < 0)
        FAIL(err, ST_CORRUPT, "the footer claims %lld rows", (long long)meta.num_rows);
    f->rows = meta.num_rows;
    f->created_by = meta.created_by;
    f->keys.count = meta.key_values.count;
    TRY(ARENA_ARRAY(&f->arena, struct parquet_key_value, f->keys.count, &f->keys.items, err));
    if (f->keys.count)
        memcpy(f->keys.items, meta.key_values.items, f->keys.count * sizeof(*f->keys.items));
    TRY(parquet_schema_read(f, &meta, err));
    return read_groups(f, &meta, err);
}

static status open_file(struct parquet_file *f, struct error *err)
{
    struct arena parsed;
    TRY(read_footer(f, err));
    arena_init(&parsed, f->account);
    status st = read_meta(f, &parsed, err);
    arena_free(&parsed);
    return st;
}

status parquet_open(struct store_file *file, struct mem_account *account, struct parquet_file **out,
                    struct error *err)
{
    struct parquet_file *f;
    TRY(mem_calloc(account, sizeof(*f), (void **)&f, err));
    f->file = file;
    f->account = account;
    arena_init(&f->arena, account);
    status st = open_file(f, err);
    if (st != ST_OK) {
        error_context(err, "%.*s", STR_ARG(store_uri(file)));
        parquet_close(f);
        return st;
    }
    *out = f;
    return ST_OK;
}

void parquet_close(struct parquet_file *f)
{
    if (!f)
        return;
    arena_free(&f->arena);
    mem_free(f->account, f->footer, f->footer_bytes);
    mem_free(f->account, f, sizeof(*f));
}

/* ---- what stands in it ---------------------------------------------------------------------- */

int64_t parquet_rows(const struct parquet_file *f)
{
    return f->rows;
}

size_t parquet_columns(const struct parquet_file *f)
{
    return f->columns;
}

const struct parquet_column_info *parquet_column_at(const struct parquet_file *f, size_t column)
{
    return &f->place[column].info;
}

int parquet_column_find(const struct parquet_file *f, int32_t field_id, struct str name)
{
    bool by_id = field_id > 0 && f->has_field_ids;
    for (size_t i = 0; i < f->columns; i++) {
        const struct parquet_column_info *c = &f->place[i].info;
        if (by_id ? c->field_id == field_id : str_eq(c->name, name))
            return (int)i;
    }
    return -1;
}

bool parquet_has_field_ids(const struct parquet_file *f)
{
    return f->has_field_ids;
}

size_t parquet_row_groups(const struct parquet_file *f)
{
    return f->groups;
}

int64_t parquet_group_rows(const struct parquet_file *f, size_t group)
{
    return f->group[group].rows;
}

int64_t parquet_group_offset(const struct parquet_file *f, size_t group)
{
    return f->group[group].offset;
}

const struct parquet_chunk_info *parquet_chunk_at(const struct parquet_file *f, size_t group,
                                                  size_t column)
{
    const struct parquet_place *p = &f->place[column];
    return p->node ? &f->nested[group * f->nested_columns + p->nested]
                   : &f->chunk[group * f->leaves + p->leaf].info;
}

struct str parquet_created_by(const struct parquet_file *f)
{
    return f->created_by;
}

struct str parquet_footer_value(const struct parquet_file *f, const char *key)
{
    for (size_t i = 0; i < f->keys.count; i++)
        if (str_eq_z(f->keys.items[i].key, key))
            return PARQUET_HAS(&f->keys.items[i], KEY_VALUE_VALUE) ? f->keys.items[i].value
                                                                   : STR("");
    return (struct str){NULL, 0};
}
