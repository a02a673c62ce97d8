// SPDX-License-Identifier: Apache-2.0
/* arrow_schema.c - types as the C data interface names them, and schemas handed out.
 *
 *     block   [arrow_block | child schemas | pointers to them | formats and names, NUL-terminated]
 *
 * Format strings: https://arrow.apache.org/docs/format/CDataInterface.html */
#include "arrow/arrow_int.h"

#include <stdio.h>

const char arrow_extension_key[] = "ARROW:extension:name";
const char arrow_extension_uuid[] = "arrow.uuid";

/* Metadata of a uuid field: the count, then lengths and texts, in the machine's byte order. */
static const char uuid_metadata[] = "\1\0\0\0\24\0\0\0ARROW:extension:name\12\0\0\0arrow.uuid";

void arrow_block_release(struct arrow_block *block)
{
    if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) == 1)
        mem_free(NULL, block, block->bytes);
}

status arrow_format(struct column_type type, char *out, struct error *err)
{
    static const char *const formats[] = {
        [COLUMN_UNKNOWN] = "u",
        [COLUMN_BOOLEAN] = "b",
        [COLUMN_SMALLINT] = "s",
        [COLUMN_INT] = "i",
        [COLUMN_BIGINT] = "l",
        [COLUMN_REAL] = "f",
        [COLUMN_DOUBLE] = "g",
        [COLUMN_DATE] = "tdD",
        [COLUMN_TIME] = "ttu",
        [COLUMN_TIMESTAMP] = "tsu:",
        [COLUMN_TIMESTAMPTZ] = "tsu:UTC",
        [COLUMN_TEXT] = "u",
        [COLUMN_UUID] = "w:16",
        [COLUMN_BINARY] = "z",
        [COLUMN_INTERVAL] = "tin",
    };
    if (type.kind == COLUMN_DECIMAL)
        snprintf(out, ARROW_FORMAT_BYTES, "d:%u,%u", type.precision, type.scale);
    else if (type.kind == COLUMN_FIXED)
        snprintf(out, ARROW_FORMAT_BYTES, "w:%u", type.length_bytes);
    else if ((size_t)type.kind < ARRAY_LEN(formats) && formats[type.kind])
        snprintf(out, ARROW_FORMAT_BYTES, "%s", formats[type.kind]);
    else
        FAIL(err, ST_INTERNAL, "a type of unknown kind %d", (int)type.kind);
    return ST_OK;
}

static void child_release(struct ArrowSchema *s)
{
    arrow_block_release(s->private_data);
    s->release = NULL;
}

static void schema_release(struct ArrowSchema *s)
{
    for (int64_t i = 0; i < s->n_children; i++)
        if (s->children[i]->release) /* else moved out */
            s->children[i]->release(s->children[i]);
    arrow_block_release(s->private_data);
    s->release = NULL;
}

static status export_field(const struct column_field *f, struct arrow_block *block, char **strings,
                           struct ArrowSchema *out, struct error *err)
{
    *out = (struct ArrowSchema){
        .format = *strings,
        .metadata = f->type.kind == COLUMN_UUID ? uuid_metadata : NULL,
        .flags = f->required ? 0 : ARROW_FLAG_NULLABLE,
        .release = child_release,
        .private_data = block,
    };
    TRY(arrow_format(f->type, *strings, err));
    *strings += ARROW_FORMAT_BYTES;
    out->name = *strings;
    if (f->name.len)
        memcpy(*strings, f->name.ptr, f->name.len);
    (*strings)[f->name.len] = 0;
    *strings += f->name.len + 1;
    return ST_OK;
}

status arrow_export_schema(const struct column_schema *schema, struct ArrowSchema *out,
                           struct error *err)
{
    size_t n = schema->count, strings_bytes = 0;
    for (size_t i = 0; i < n; i++)
        strings_bytes += ARROW_FORMAT_BYTES + schema->fields[i].name.len + 1;
    size_t bytes = sizeof(struct arrow_block) +
                   n * (sizeof(struct ArrowSchema) + sizeof(struct ArrowSchema *)) + strings_bytes;
    struct arrow_block *block;
    TRY(mem_alloc(NULL, bytes, (void **)&block, err));
    *block = (struct arrow_block){.bytes = bytes};
    atomic_init(&block->references, n + 1);
    struct ArrowSchema *children = (struct ArrowSchema *)(block + 1);
    struct ArrowSchema **pointers = (struct ArrowSchema **)(children + n);
    char *strings = (char *)(pointers + n);
    for (size_t i = 0; i < n; i++) {
        status st = export_field(&schema->fields[i], block, &strings, &children[i], err);
        if (st != ST_OK) {
            mem_free(NULL, block, bytes);
            return st;
        }
        pointers[i] = &children[i];
    }
    *out = (struct ArrowSchema){
        .format = "+s",
        .name = "",
        .n_children = (int64_t)n,
        .children = n ? pointers : NULL,
        .release = schema_release,
        .private_data = block,
    };
    return ST_OK;
}
