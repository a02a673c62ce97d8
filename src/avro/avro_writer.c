// SPDX-License-Identifier: Apache-2.0
/* avro_writer.c - object container files out; the layout stands in avro_reader.c.
 *
 * The schema's text is written as given, byte for byte: its ids are what Iceberg readers go by. The
 * same records give the same bytes. */
#include "avro/avro.h"

#define BLOCK_BYTES 64000u /* a block is closed when it has grown to this, as in Avro's Java */

static status put_key(struct buffer *out, const char *key, struct str value, struct error *err)
{
    TRY(avro_put_bytes(out, str_of(key), err));
    return avro_put_bytes(out, value, err);
}

status avro_writer_init(struct avro_writer *w, struct buffer *out, struct str schema_text,
                        const struct avro_meta *meta, size_t meta_count, enum codec codec,
                        const uint8_t sync[16], struct error *err)
{
    *w = (struct avro_writer){.out = out, .codec = codec};
    memcpy(w->sync, sync, sizeof(w->sync));
    buffer_init(&w->block, out->account, out->cap_bytes);
    if (codec != CODEC_NONE && codec != CODEC_DEFLATE)
        FAIL(err, ST_UNSUPPORTED, "avro codec %s for writing", codec_name(codec));

    TRY(buffer_append(out, "Obj\1", 4, err));
    TRY(avro_put_long(out, (int64_t)meta_count + 2, err));
    TRY(put_key(out, "avro.schema", schema_text, err));
    TRY(put_key(out, "avro.codec", codec == CODEC_NONE ? STR("null") : STR("deflate"), err));
    for (size_t i = 0; i < meta_count; i++) {
        TRY(avro_put_bytes(out, meta[i].key, err));
        TRY(avro_put_bytes(out, meta[i].value, err));
    }
    TRY(avro_put_long(out, 0, err));
    return buffer_append(out, w->sync, sizeof(w->sync), err);
}

static status write_block(struct avro_writer *w, struct error *err)
{
    struct buffer packed;
    buffer_init(&packed, w->out->account, w->out->cap_bytes);
    const struct buffer *data = &w->block;
    status st = ST_OK;
    if (w->codec == CODEC_DEFLATE) {
        TRY_DONE(codec_compress(w->codec, 0, w->block.data, w->block.len, &packed, err));
        data = &packed;
    }
    TRY_DONE(avro_put_long(w->out, (int64_t)w->block_records, err));
    TRY_DONE(avro_put_bytes(w->out, buffer_str(data), err));
    TRY_DONE(buffer_append(w->out, w->sync, sizeof(w->sync), err));
    buffer_clear(&w->block);
    w->block_records = 0;
done:
    buffer_free(&packed);
    return st;
}

status avro_writer_record(struct avro_writer *w, struct error *err)
{
    w->block_records++;
    return w->block.len >= BLOCK_BYTES ? write_block(w, err) : ST_OK;
}

status avro_writer_finish(struct avro_writer *w, struct error *err)
{
    return w->block_records > 0 ? write_block(w, err) : ST_OK;
}

void avro_writer_free(struct avro_writer *w)
{
    buffer_free(&w->block);
}
