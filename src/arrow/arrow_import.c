// SPDX-License-Identifier: Apache-2.0
/* arrow_import.c - a C stream of any producer as a stream of batches.
 *
 * An array of any length is handed on in batches of at most COLUMN_SPAN_ROWS rows and released when
 * the batch behind it is asked for. Streams made by arrow_export_stream are recognised: their error
 * comes through whole, and their texts are not checked again. */
#include "arrow/arrow_int.h"

#include <errno.h>

struct import_stream {
    struct mem_account *account;          /* borrowed */
    struct arena arena;                   /* schema, columns, buffers of values */
    struct ArrowArrayStream from;         /* owned */
    bool trusted;                         /* made by arrow_export_stream */
    struct column_schema schema;          /* in <arena> */
    struct arrow_import_column *columns;  /* in <arena>; schema.count */
    void **values;                        /* in <arena>; COLUMN_SPAN_ROWS values each */
    uint64_t (*words)[COLUMN_SPAN_WORDS]; /* in <arena> */
    struct column_span *spans;            /* in <arena> */
    struct ArrowArray array;              /* owned while release is set */
    int64_t at;                           /* rows of it handed on */
};

/* ---- errors ---------------------------------------------------------------------------------- */

static status import_failed(struct import_stream *m, int number, struct error *err)
{
    const struct error *own = arrow_stream_error(&m->from);
    if (own) {
        if (err)
            *err = *own;
        return own->code;
    }
    const char *text = m->from.get_last_error(&m->from);
    status code = number == ENOMEM ? ST_OOM : number == ECANCELED ? ST_CANCELLED : ST_IO;
    FAIL(err, code, "the Arrow stream failed with error %d: %s", number,
         text ? text : "no message");
}

/* ---- the schema ------------------------------------------------------------------------------ */

/* The value of ARROW:extension:name in a field's metadata: pairs of 32-bit lengths and texts. The
 * interface gives no total length; the counts are all there is. */
static struct str schema_extension(const char *metadata)
{
    int32_t count = 0, length;
    if (metadata)
        memcpy(&count, metadata, 4);
    const char *at = metadata + (metadata ? 4 : 0);
    for (int32_t i = 0; i < count; i++) {
        struct str part[2];
        for (int k = 0; k < 2; k++) {
            memcpy(&length, at, 4);
            if (length < 0)
                return (struct str){NULL, 0};
            part[k] = (struct str){at + 4, (size_t)length};
            at += 4 + length;
        }
        if (str_eq_z(part[0], arrow_extension_key))
            return part[1];
    }
    return (struct str){NULL, 0};
}

static status schema_field(struct import_stream *m, const struct ArrowSchema *s, size_t i,
                           struct error *err)
{
    struct column_field *f = &m->schema.fields[i];
    *f = (struct column_field){.required = !(s->flags & ARROW_FLAG_NULLABLE)};
    TRY(arena_str(&m->arena, str_of(s->name ? s->name : ""), &f->name, err));
    CHECK_BYTES(s->format, err);
    if (s->dictionary)
        FAIL(err, ST_UNSUPPORTED, "column %.*s: a dictionary is not supported", STR_ARG(f->name));
    if (s->n_children)
        FAIL(err, ST_UNSUPPORTED, "column %.*s: nested type %.40s is not supported",
             STR_ARG(f->name), s->format);
    TRY_CONTEXT(arrow_import_format(s->format, schema_extension(s->metadata), &m->columns[i], err),
                err, "column %.*s", STR_ARG(f->name));
    f->type = m->columns[i].type;
    size_t bytes = column_phys_bytes(column_type_phys(f->type)) * COLUMN_SPAN_ROWS;
    return arena_calloc(&m->arena, bytes, &m->values[i], err);
}

static status schema_take(struct import_stream *m, const struct ArrowSchema *s, struct error *err)
{
    CHECK_BYTES(s->format && strcmp(s->format, "+s") == 0, err);
    CHECK_BYTES(s->n_children >= 0 && (s->n_children == 0 || s->children), err);
    size_t n = (size_t)s->n_children;
    m->schema.count = n;
    TRY(ARENA_ARRAY(&m->arena, struct column_field, n + 1, &m->schema.fields, err));
    TRY(ARENA_ARRAY(&m->arena, struct arrow_import_column, n + 1, &m->columns, err));
    TRY(ARENA_ARRAY(&m->arena, void *, n + 1, &m->values, err));
    TRY(ARENA_ARRAY(&m->arena, struct column_span, n + 1, &m->spans, err));
    TRY(arena_array(&m->arena, n + 1, sizeof(*m->words), (void **)&m->words, err));
    for (size_t i = 0; i < n; i++) {
        CHECK_BYTES(s->children[i] && s->children[i]->release, err);
        TRY(schema_field(m, s->children[i], i, err));
    }
    return ST_OK;
}

static status import_schema(struct import_stream *m, struct error *err)
{
    struct ArrowSchema s = {0};
    int number = m->from.get_schema(&m->from, &s);
    if (number != 0)
        return import_failed(m, number, err);
    CHECK_BYTES(s.release, err);
    status st = schema_take(m, &s, err);
    s.release(&s);
    return st;
}

/* ---- batches --------------------------------------------------------------------------------- */

static void import_drop_array(struct import_stream *m)
{
    if (m->array.release)
        m->array.release(&m->array);
    m->array = (struct ArrowArray){0};
    m->at = 0;
}

static status import_check_array(struct import_stream *m, struct error *err)
{
    const struct ArrowArray *a = &m->array;
    CHECK_BYTES(a->length >= 0 && a->offset >= 0 && a->offset <= INT64_MAX - a->length, err);
    CHECK_BYTES((size_t)a->n_children == m->schema.count, err);
    CHECK_BYTES(m->schema.count == 0 || a->children, err);
    CHECK_BYTES(!a->dictionary, err);
    const uint8_t *valid = a->n_buffers > 0 && a->buffers ? a->buffers[0] : NULL;
    for (int64_t i = 0; valid && a->null_count != 0 && i < a->length; i++)
        if (!(valid[(a->offset + i) / 8] >> ((a->offset + i) % 8) & 1))
            FAIL(err, ST_UNSUPPORTED, "rows that are NULL as a whole are not supported");
    for (size_t i = 0; i < m->schema.count; i++) {
        CHECK_BYTES(a->children[i] && a->children[i]->release, err);
        TRY_CONTEXT(arrow_import_check(&m->columns[i], a->children[i], a->offset + a->length, err),
                    err, "column %.*s", STR_ARG(m->schema.fields[i].name));
    }
    return ST_OK;
}

/* The next array with rows; without one, m->array.release stays NULL. */
static status import_array(struct import_stream *m, struct error *err)
{
    do {
        import_drop_array(m);
        int number = m->from.get_next(&m->from, &m->array);
        if (number != 0) {
            m->array = (struct ArrowArray){0};
            return import_failed(m, number, err);
        }
        if (!m->array.release)
            return ST_OK;
        TRY(import_check_array(m, err));
    } while (m->array.length == 0);
    return ST_OK;
}

static status import_next(void *self, struct column_batch *out, struct error *err)
{
    struct import_stream *m = self;
    *out = (struct column_batch){.columns = m->schema.count, .spans = m->spans};
    if (!m->array.release || m->at == m->array.length) {
        TRY(import_array(m, err));
        if (!m->array.release)
            return ST_OK;
    }
    int64_t left = m->array.length - m->at;
    int64_t rows = left < COLUMN_SPAN_ROWS ? left : COLUMN_SPAN_ROWS;
    for (size_t i = 0; i < m->schema.count; i++)
        TRY_CONTEXT(arrow_import_span(&m->columns[i], m->array.children[i], m->array.offset + m->at,
                                      rows, m->trusted, m->values[i], m->words[i], &m->spans[i],
                                      err),
                    err, "column %.*s", STR_ARG(m->schema.fields[i].name));
    m->at += rows;
    out->rows = rows;
    return ST_OK;
}

static void import_close(void *self)
{
    struct import_stream *m = self;
    import_drop_array(m);
    if (m->from.release)
        m->from.release(&m->from);
    arena_free(&m->arena);
    mem_free(m->account, m, sizeof(*m));
}

status arrow_import_stream(struct ArrowArrayStream *from, struct mem_account *account,
                           struct column_stream *out, struct error *err)
{
    struct import_stream *m;
    if (!from->release)
        FAIL(err, ST_INVALID, "the Arrow stream was released or taken before");
    status st = mem_calloc(account, sizeof(*m), (void **)&m, err);
    if (st != ST_OK) {
        from->release(from);
        return st;
    }
    m->account = account;
    m->from = *from; /* moved: the interface's way to hand over */
    from->release = NULL;
    m->trusted = arrow_stream_made_here(&m->from);
    arena_init(&m->arena, account);
    st = import_schema(m, err);
    if (st != ST_OK) {
        import_close(m);
        return st;
    }
    *out = (struct column_stream){&m->schema, m, import_next, import_close};
    return ST_OK;
}
