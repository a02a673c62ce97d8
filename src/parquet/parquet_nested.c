// SPDX-License-Identifier: Apache-2.0
/* parquet_nested.c - rows of a list or map as JSON text, put together from the levels of its leaves.
 *
 *     tags: [[1, 2], [], null]      repetition 0 2 1 1     definition 5 5 3 2     (Dremel's levels)
 *
 * The column's tree is walked once a row. Whether a part is NULL, empty or there is read off the
 * entry that stands next in its first leaf; the other leaves of the part stand at the same place:
 *
 *     part absent      one entry in each leaf, of the same definition: passed over
 *     leaf             one entry: its value
 *     list, map        items, as long as the next entry repeats at its level
 *
 * What is read need not be all that is there: the tree that is asked for (a table's schema) says
 * which parts of structs under which names. Of a struct of which nothing else is read, one leaf is read
 * for its levels.
 *
 * N1  between rows every level stands at an entry of repetition 0, or at the end
 * N2  levels that do not agree are corruption: an item begins in all leaves of its list at once */
#include "parquet/parquet_nested_int.h"

#include "base/jsontext.h"
#include "column/column_json.h"

#define TEXT_ENOUGH ((size_t)1 << 20) /* bytes after which a span ends early */
#define TEXT_CAP    ((size_t)1 << 30) /* of one span, so of one row */

/* A part that is read. */
struct part {
    enum column_node_kind kind;
    struct str name;                 /* of a struct's part, as it is written */
    struct column_type type;         /* LEAF */
    const struct parquet_node *node; /* borrowed from the file */
    uint8_t depth;                   /* lists and maps around it */
    bool silent;                     /* LEAF: read for its levels */
    size_t level, level_count;       /* its leaves that are read: levels[level ...] */
    size_t count;
    struct part *children; /* in the arena */
};

struct parquet_nested {
    const struct parquet_file *f; /* borrowed */
    size_t group;
    struct arena arena;
    struct part root;
    struct parquet_level *levels; /* in the arena; each to be closed */
    size_t level_count;
    struct buffer text;
    struct str values[COLUMN_SPAN_ROWS];
    size_t starts[COLUMN_SPAN_ROWS]; /* of the texts in `text`, which moves while it grows */
    uint64_t valid[COLUMN_SPAN_WORDS];
};

/* ---- what is read ---------------------------------------------------------------------------- */

static const char *kind_name(enum column_node_kind kind)
{
    static const char *const names[] = {"a primitive", "a struct", "a list", "a map"};
    return names[kind];
}

static const struct parquet_node *find_child(const struct parquet_file *f,
                                             const struct parquet_node *node,
                                             const struct column_node *want)
{
    bool by_id = f->has_field_ids && want->field_id > 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct parquet_node *child = &node->children[i];
        if (by_id ? child->field_id == want->field_id : str_eq(child->name, want->name))
            return child;
    }
    return NULL;
}

static status add_level(struct parquet_nested *n, size_t leaf, struct column_type type, bool silent,
                        struct error *err)
{
    return parquet_level_open(&n->levels[n->level_count++], n->f, n->group, leaf, type, !silent,
                              err);
}

/* A leaf of which only the levels count, below a struct. */
static status add_silent(struct parquet_nested *n, const struct parquet_node *of, struct part *out,
                         struct error *err)
{
    *out = (struct part){
        .node = of, .silent = true, .level = n->level_count, .level_count = 1, .depth = out->depth};
    return add_level(n, of->leaf, n->f->leaf[of->leaf].info.type, true, err);
}

static status plan_part(struct parquet_nested *n, const struct parquet_node *node,
                        const struct column_node *want, uint8_t depth, struct part *out,
                        struct error *err);

static status plan_struct(struct parquet_nested *n, const struct parquet_node *node,
                          const struct column_node *want, struct part *out, struct error *err)
{
    size_t most = want ? want->count : node->count;
    TRY(ARENA_ARRAY(&n->arena, struct part, most + 1, &out->children, err));
    for (size_t i = 0; i < most; i++) {
        const struct column_node *wanted = want ? &want->children[i] : NULL;
        const struct parquet_node *child =
            want ? find_child(n->f, node, wanted) : &node->children[i];
        if (!child)
            continue;
        struct part *to = &out->children[out->count++];
        TRY(plan_part(n, child, wanted, out->depth, to, err));
        to->name = want ? wanted->name : child->name;
    }
    if (out->count > 0)
        return ST_OK;
    struct part *to = &out->children[out->count++];
    to->depth = out->depth;
    return add_silent(n, node, to, err);
}

static status plan_part(struct parquet_nested *n, const struct parquet_node *node,
                        const struct column_node *want, uint8_t depth, struct part *out,
                        struct error *err)
{
    *out = (struct part){.kind = node->kind, .node = node, .depth = depth, .level = n->level_count};
    if (want && want->kind != node->kind)
        FAIL(err, ST_UNSUPPORTED, "its part %.*s is %s in the file and cannot be read as %s",
             STR_ARG(node->name), kind_name(node->kind), kind_name(want->kind));
    if (node->kind == COLUMN_NODE_LEAF) {
        out->type = want ? want->type : n->f->leaf[node->leaf].info.type;
        TRY(add_level(n, node->leaf, out->type, false, err));
    } else if (node->kind == COLUMN_NODE_STRUCT) {
        TRY(plan_struct(n, node, want, out, err));
    } else {
        out->count = node->count;
        TRY(ARENA_ARRAY(&n->arena, struct part, node->count, &out->children, err));
        for (size_t i = 0; i < node->count; i++)
            TRY(plan_part(n, &node->children[i], want ? &want->children[i] : NULL,
                          (uint8_t)(depth + 1), &out->children[i], err));
    }
    out->level_count = n->level_count - out->level;
    return ST_OK;
}

status parquet_nested_open(const struct parquet_file *f, size_t group, size_t column,
                           const struct column_node *want, struct parquet_nested **out,
                           struct error *err)
{
    struct parquet_nested *n;
    const struct parquet_place *place = &f->place[column];
    TRY(mem_calloc(f->account, sizeof(*n), (void **)&n, err));
    n->f = f;
    n->group = group;
    arena_init(&n->arena, f->account);
    buffer_init(&n->text, f->account, TEXT_CAP);
    status st = ARENA_ARRAY(&n->arena, struct parquet_level, place->leaf_count, &n->levels, err);
    if (st == ST_OK)
        st = plan_part(n, place->node, want, 0, &n->root, err);
    if (st != ST_OK) {
        parquet_nested_close(n);
        return st;
    }
    *out = n;
    return ST_OK;
}

void parquet_nested_close(struct parquet_nested *n)
{
    if (!n)
        return;
    struct mem_account *account = n->f->account;
    for (size_t i = 0; i < n->level_count; i++)
        parquet_level_close(&n->levels[i]);
    buffer_free(&n->text);
    arena_free(&n->arena);
    mem_free(account, n, sizeof(*n));
}

void parquet_nested_work(struct parquet_nested *n, struct codec_work *work)
{
    for (size_t i = 0; i < n->level_count; i++)
        n->levels[i].pager.work = work;
}

/* ---- one row --------------------------------------------------------------------------------- */

/* The entry that stands next in a level must be there. */
static status need_entry(struct parquet_level *l, struct error *err)
{
    bool end;
    TRY(parquet_level_peek(l, &end, err));
    if (end)
        FAIL(err, ST_CORRUPT, "its leaf %.*s ends before the row group",
             STR_ARG(l->pager.leaf->info.name));
    return ST_OK;
}

static unsigned definition_at(const struct parquet_level *l)
{
    return l->definition[l->at];
}

/* Does an entry follow that repeats at `level` or deeper? */
static status repeats_at(struct parquet_level *l, unsigned level, bool *out, struct error *err)
{
    bool end;
    TRY(parquet_level_peek(l, &end, err));
    *out = !end && l->repetition[l->at] >= level;
    return ST_OK;
}

/* Passes over a part that is NULL or empty: an entry of the same definition in each leaf (N2). */
static status pass_absent(struct parquet_nested *n, const struct part *p, unsigned definition,
                          struct error *err)
{
    for (size_t i = p->level; i < p->level + p->level_count; i++) {
        struct parquet_level *l = &n->levels[i];
        TRY(need_entry(l, err));
        if (definition_at(l) != definition)
            FAIL(err, ST_CORRUPT, "definition levels %u and %u stand where one part is absent",
                 definition, definition_at(l));
        parquet_level_take(l);
    }
    return ST_OK;
}

/* Passes over all entries of a leaf that is not written. */
static status pass_silent(struct parquet_nested *n, const struct part *p, struct error *err)
{
    struct parquet_level *l = &n->levels[p->level];
    bool more;
    do {
        TRY(need_entry(l, err));
        parquet_level_take(l);
        TRY(repeats_at(l, p->depth + 1U, &more, err));
    } while (more);
    return ST_OK;
}

/* Whether the part is NULL in this row; if so, it is passed over. */
static status take_null(struct parquet_nested *n, const struct part *p, bool *null,
                        struct error *err)
{
    struct parquet_level *first = &n->levels[p->level];
    TRY(need_entry(first, err));
    unsigned definition = definition_at(first);
    *null = definition < p->node->definition;
    return *null ? pass_absent(n, p, definition, err) : ST_OK;
}

static status put_part(struct parquet_nested *n, const struct part *p, struct error *err);

/* Of a leaf that is not NULL. */
static status put_leaf(struct parquet_nested *n, const struct part *p, bool key, struct error *err)
{
    const void *at = parquet_level_take(&n->levels[p->level]);
    struct column_value v;
    struct column_span one = {.kind = SPAN_VALUES, .rows = 1, .values = at};
    column_span_value(&one, p->type, 0, &v);
    return key ? column_json_key(&n->text, &v, err) : column_json_value(&n->text, &v, err);
}

static status put_struct(struct parquet_nested *n, const struct part *p, struct error *err)
{
    bool first = true;
    TRY(buffer_append_byte(&n->text, '{', err));
    for (size_t i = 0; i < p->count; i++) {
        const struct part *child = &p->children[i];
        bool null;
        if (child->silent) {
            TRY(pass_silent(n, child, err));
            continue;
        }
        TRY(take_null(n, child, &null, err));
        if (null)
            continue;
        if (!first)
            TRY(buffer_append_byte(&n->text, ',', err));
        first = false;
        TRY(jsontext_put_quoted(&n->text, child->name, err));
        TRY(buffer_append_byte(&n->text, ':', err));
        TRY(put_part(n, child, err));
    }
    return buffer_append_byte(&n->text, '}', err);
}

static status put_or_null(struct parquet_nested *n, const struct part *p, struct error *err)
{
    bool null;
    TRY(take_null(n, p, &null, err));
    return null ? buffer_append_str(&n->text, STR("null"), err) : put_part(n, p, err);
}

static status put_pair(struct parquet_nested *n, const struct part *p, struct error *err)
{
    bool null;
    TRY(take_null(n, &p->children[0], &null, err));
    if (null)
        FAIL(err, ST_CORRUPT, "the key of a map is NULL");
    TRY(put_leaf(n, &p->children[0], true, err));
    TRY(buffer_append_byte(&n->text, ':', err));
    return put_or_null(n, &p->children[1], err);
}

/* A later item begins in all leaves of the list (N2). */
static status check_item(struct parquet_nested *n, const struct part *p, struct error *err)
{
    for (size_t i = p->level; i < p->level + p->level_count; i++) {
        TRY(need_entry(&n->levels[i], err));
        unsigned found = n->levels[i].repetition[n->levels[i].at];
        if (found != p->node->repetition)
            FAIL(err, ST_CORRUPT, "repetition level %u stands where an item begins with %u", found,
                 p->node->repetition);
    }
    return ST_OK;
}

static status put_items(struct parquet_nested *n, const struct part *p, struct error *err)
{
    struct parquet_level *first = &n->levels[p->level];
    bool map = p->kind == COLUMN_NODE_MAP, more = definition_at(first) >= p->node->item_definition;
    TRY(buffer_append_byte(&n->text, map ? '{' : '[', err));
    if (!more)
        TRY(pass_absent(n, p, definition_at(first), err));
    while (more) {
        TRY(map ? put_pair(n, p, err) : put_or_null(n, p->children, err));
        TRY(repeats_at(first, p->node->repetition, &more, err));
        if (more) {
            TRY(check_item(n, p, err));
            TRY(buffer_append_byte(&n->text, ',', err));
        }
    }
    return buffer_append_byte(&n->text, map ? '}' : ']', err);
}

static status put_part(struct parquet_nested *n, const struct part *p, struct error *err)
{
    switch (p->kind) {
    case COLUMN_NODE_LEAF:
        return put_leaf(n, p, false, err);
    case COLUMN_NODE_STRUCT:
        return put_struct(n, p, err);
    default:
        return put_items(n, p, err);
    }
}

static status put_row(struct parquet_nested *n, bool *null, struct error *err)
{
    TRY(take_null(n, &n->root, null, err));
    if (!*null)
        TRY(put_part(n, &n->root, err));
    for (size_t i = 0; i < n->level_count; i++) { /* N1 */
        bool more;
        TRY(repeats_at(&n->levels[i], 1, &more, err));
        if (more)
            FAIL(err, ST_CORRUPT, "its leaf %.*s has more items in a row than others",
                 STR_ARG(n->levels[i].pager.leaf->info.name));
    }
    return ST_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

status parquet_nested_next(struct parquet_nested *n, int64_t max_rows, struct column_span *out,
                           struct error *err)
{
    size_t rows = 0, most = max_rows < COLUMN_SPAN_ROWS ? (size_t)max_rows : COLUMN_SPAN_ROWS;
    bool any_null = false;
    buffer_clear(&n->text);
    memset(n->valid, 0, sizeof(n->valid));
    TRY(buffer_reserve(&n->text, 1, err)); /* texts point into it, also when all are NULL */
    for (; rows < most && n->text.len < TEXT_ENOUGH; rows++) {
        bool null;
        n->starts[rows] = n->text.len;
        TRY(put_row(n, &null, err));
        n->values[rows].len = n->text.len - n->starts[rows];
        n->valid[rows / 64] |= (uint64_t)!null << rows % 64;
        any_null |= null;
    }
    for (size_t i = 0; i < rows; i++)
        n->values[i].ptr = (const char *)n->text.data + n->starts[i];
    *out = (struct column_span){.kind = SPAN_VALUES,
                                .rows = (int64_t)rows,
                                .valid = any_null ? n->valid : NULL,
                                .values = n->values};
    return ST_OK;
}

status parquet_nested_skip(struct parquet_nested *n, int64_t rows, struct error *err)
{
    for (size_t i = 0; i < n->level_count; i++) {
        struct parquet_level *l = &n->levels[i];
        for (int64_t r = 0; r < rows; r++) {
            bool more;
            do {
                TRY(need_entry(l, err));
                parquet_level_take(l);
                TRY(repeats_at(l, 1, &more, err));
            } while (more);
        }
    }
    return ST_OK;
}
