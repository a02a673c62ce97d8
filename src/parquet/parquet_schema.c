// SPDX-License-Identifier: Apache-2.0
/* parquet_schema.c - the footer's schema -> leaves, columns, and the trees of lists and maps.
 *
 * The schema is stored depth first, each group saying how many children follow. It is first made a
 * tree of `part`s as it stands, then read from the top:
 *
 *     a primitive that does not repeat              a column
 *     a plain group                                 a struct: its parts are columns "group.part"
 *     LIST, MAP, or anything that repeats           a column of JSON text, with a tree of its own
 *
 * Levels (Dremel's): on the way down, every part that is optional or repeated adds one definition
 * level, every repeated one a repetition level. LogicalTypes.md, "Nested Types", says what stands
 * below LIST and MAP and how older writers did it.
 *
 * S1  leaves are numbered in the order of the schema, as are the chunks of a row group
 * S2  the leaves of a part are consecutive: [leaf, leaf + leaf_count)
 * S3  every group has a leaf, so a list or map always has one that carries its levels */
#include "parquet/parquet_read_int.h"

#include <stdio.h>

#define DEPTH_MOST      64
#define PATH_MOST_BYTES 512 /* a longer dotted path is refused as a column */

/* One element of the schema with those below it. */
struct part {
    const struct parquet_schema_element *element;
    size_t leaf, leaf_count; /* S2 */
    size_t count;            /* children; 0: a leaf */
    struct part *children;
};

struct walk {
    struct parquet_file *f;
    const struct parquet_schema_list *schema;
    size_t at;            /* next element */
    struct arena *arena;  /* of the parts */
    size_t columns_space; /* places allocated */
};

/* Levels above a part. */
struct levels {
    unsigned definition, repetition;
};

static bool repeats(const struct parquet_schema_element *e)
{
    return PARQUET_HAS(e, SCHEMA_REPETITION) && e->repetition != PARQUET_REQUIRED &&
           e->repetition != PARQUET_OPTIONAL;
}

static bool is_optional(const struct parquet_schema_element *e)
{
    return PARQUET_HAS(e, SCHEMA_REPETITION) && e->repetition == PARQUET_OPTIONAL;
}

static int32_t field_id(const struct parquet_schema_element *e)
{
    return PARQUET_HAS(e, SCHEMA_FIELD_ID) && e->field_id > 0 ? e->field_id : 0;
}

/* ---- elements to parts ----------------------------------------------------------------------- */

static void add_leaf(struct walk *w, const struct parquet_schema_element *e, struct levels levels)
{
    struct parquet_leaf *leaf = &w->f->leaf[w->f->leaves++];
    memset(leaf, 0, sizeof(*leaf));
    leaf->info.name = e->name;
    leaf->max_definition = (uint8_t)levels.definition;
    leaf->max_repetition = (uint8_t)levels.repetition;
    parquet_leaf_type(leaf, e);
}

static status read_part(struct walk *w, struct levels levels, size_t depth, struct part *out,
                        struct error *err)
{
    if (w->at == w->schema->count)
        FAIL(err, ST_CORRUPT, "the schema lacks elements that its groups count");
    if (depth > DEPTH_MOST)
        FAIL(err, ST_CORRUPT, "the schema nests deeper than %d", DEPTH_MOST);
    const struct parquet_schema_element *e = &w->schema->items[w->at++];
    *out = (struct part){.element = e, .leaf = w->f->leaves};
    if (PARQUET_HAS(e, SCHEMA_FIELD_ID) && e->field_id > 0)
        w->f->has_field_ids = true;
    if (depth > 0) { /* the root has no levels, whatever it says */
        levels.definition += repeats(e) || is_optional(e);
        levels.repetition += repeats(e);
    }
    if (PARQUET_HAS(e, SCHEMA_TYPE) && depth > 0) {
        add_leaf(w, e, levels);
    } else {
        if (e->num_children <= 0 && depth > 0) /* S3 */
            FAIL(err, ST_CORRUPT, "the schema's group %.*s is empty", STR_ARG(e->name));
        if (e->num_children < 0 || (size_t)e->num_children > w->schema->count - w->at)
            FAIL(err, ST_CORRUPT, "the schema lacks elements that its groups count");
        out->count = (size_t)e->num_children;
        TRY(ARENA_ARRAY(w->arena, struct part, out->count, &out->children, err));
        for (size_t i = 0; i < out->count; i++)
            TRY(read_part(w, levels, depth + 1, &out->children[i], err));
    }
    out->leaf_count = w->f->leaves - out->leaf;
    return ST_OK;
}

/* ---- lists and maps -------------------------------------------------------------------------- */

static bool is_list(const struct parquet_schema_element *e)
{
    if (PARQUET_HAS(e, SCHEMA_LOGICAL_TYPE) && e->logical_type.has)
        return PARQUET_HAS(&e->logical_type, LOGICAL_LIST);
    return PARQUET_HAS(e, SCHEMA_CONVERTED_TYPE) && e->converted_type == PARQUET_CONVERTED_LIST;
}

static bool is_map(const struct parquet_schema_element *e)
{
    if (PARQUET_HAS(e, SCHEMA_LOGICAL_TYPE) && e->logical_type.has)
        return PARQUET_HAS(&e->logical_type, LOGICAL_MAP);
    return PARQUET_HAS(e, SCHEMA_CONVERTED_TYPE) &&
           (e->converted_type == PARQUET_CONVERTED_MAP ||
            e->converted_type == PARQUET_CONVERTED_MAP_KEY_VALUE);
}

static bool is_variant(const struct parquet_schema_element *e)
{
    return PARQUET_HAS(e, SCHEMA_LOGICAL_TYPE) && PARQUET_HAS(&e->logical_type, LOGICAL_VARIANT);
}

/* A part as a value: `item` when its repetition has been counted by the list it is the element of.
 * *why: what cannot be read, a literal. */
static status node_of(struct walk *w, const struct part *p, struct levels above, bool item,
                      struct parquet_node *out, const char **why, struct error *err);

static status one_child(struct walk *w, const struct part *p, struct levels inside, bool item,
                        struct parquet_node *out, const char **why, struct error *err)
{
    out->count = 1;
    TRY(ARENA_ARRAY(&w->f->arena, struct parquet_node, 1, &out->children, err));
    return node_of(w, p, inside, item, out->children, why, err);
}

/* LogicalTypes.md, "Lists", backward compatibility rules 1 to 4: the repeated part is the element
 * itself, not a wrapping around it. */
static bool is_element(const struct part *list, const struct part *repeated)
{
    struct str name = repeated->element->name, outer = list->element->name;
    if (repeated->count != 1 || repeats(repeated->children[0].element) ||
        str_eq(name, STR("array")))
        return true;
    return name.len == outer.len + 6 && str_starts(name, outer) && str_ends(name, STR("_tuple"));
}

static status list_of(struct walk *w, const struct part *p, struct levels above,
                      struct parquet_node *out, const char **why, struct error *err)
{
    const struct part *repeated = p->children;
    struct levels inside = {above.definition + 1, above.repetition + 1};
    out->kind = COLUMN_NODE_LIST;
    out->item_definition = (uint8_t)inside.definition;
    out->repetition = (uint8_t)inside.repetition;
    if (p->count != 1 || !repeats(repeated->element)) {
        *why = "its list annotation does not fit its parts";
        return ST_OK;
    }
    if (is_element(p, repeated))
        return one_child(w, repeated, inside, true, out, why, err);
    return one_child(w, repeated->children, inside, false, out, why, err);
}

static status map_of(struct walk *w, const struct part *p, struct levels above,
                     struct parquet_node *out, const char **why, struct error *err)
{
    const struct part *pairs = p->children;
    struct levels inside = {above.definition + 1, above.repetition + 1};
    out->kind = COLUMN_NODE_MAP;
    out->item_definition = (uint8_t)inside.definition;
    out->repetition = (uint8_t)inside.repetition;
    if (p->count != 1 || !repeats(pairs->element) || pairs->count != 2) {
        *why = "its map annotation does not fit its parts";
        return ST_OK;
    }
    if (pairs->children[0].count > 0 || repeats(pairs->children[0].element)) {
        *why = "maps with nested keys are not supported";
        return ST_OK;
    }
    out->count = 2;
    TRY(ARENA_ARRAY(&w->f->arena, struct parquet_node, 2, &out->children, err));
    TRY(node_of(w, &pairs->children[0], inside, false, &out->children[0], why, err));
    return node_of(w, &pairs->children[1], inside, false, &out->children[1], why, err);
}

static status struct_of(struct walk *w, const struct part *p, struct levels inside,
                        struct parquet_node *out, const char **why, struct error *err)
{
    out->kind = COLUMN_NODE_STRUCT;
    out->count = p->count;
    TRY(ARENA_ARRAY(&w->f->arena, struct parquet_node, p->count, &out->children, err));
    for (size_t i = 0; i < p->count; i++)
        TRY(node_of(w, &p->children[i], inside, false, &out->children[i], why, err));
    return ST_OK;
}

static status node_of(struct walk *w, const struct part *p, struct levels above, bool item,
                      struct parquet_node *out, const char **why, struct error *err)
{
    const struct parquet_schema_element *e = p->element;
    if (repeats(e) && !item) { /* without annotation: a list that is never NULL */
        *out = (struct parquet_node){.kind = COLUMN_NODE_LIST,
                                     .name = e->name,
                                     .field_id = field_id(e),
                                     .definition = (uint8_t)above.definition,
                                     .item_definition = (uint8_t)(above.definition + 1),
                                     .repetition = (uint8_t)(above.repetition + 1),
                                     .leaf = p->leaf,
                                     .leaf_count = p->leaf_count};
        above = (struct levels){above.definition + 1, above.repetition + 1};
        return one_child(w, p, above, true, out, why, err);
    }
    above.definition += !item && is_optional(e);
    *out = (struct parquet_node){.name = e->name,
                                 .field_id = field_id(e),
                                 .definition = (uint8_t)above.definition,
                                 .leaf = p->leaf,
                                 .leaf_count = p->leaf_count};
    if (p->count == 0) {
        out->kind = COLUMN_NODE_LEAF;
        if (w->f->leaf[p->leaf].info.refusal)
            *why = w->f->leaf[p->leaf].info.refusal;
        return ST_OK;
    }
    if (is_list(e))
        return list_of(w, p, above, out, why, err);
    if (is_map(e))
        return map_of(w, p, above, out, why, err);
    if (is_variant(e))
        *why = "VARIANT is not supported";
    return struct_of(w, p, above, out, why, err);
}

/* ---- columns --------------------------------------------------------------------------------- */

static status add_column(struct walk *w, struct str name, const struct part *p,
                         struct parquet_place **out, struct error *err)
{
    struct parquet_file *f = w->f;
    TRY(arena_grow(&f->arena, (void **)&f->place, sizeof(*f->place), &w->columns_space,
                   f->columns + 1, err));
    *out = &f->place[f->columns++];
    **out = (struct parquet_place){.leaf = p->leaf, .leaf_count = p->leaf_count};
    (*out)->info.name = name;
    (*out)->info.field_id = field_id(p->element);
    return ST_OK;
}

static status add_nested(struct walk *w, struct str name, const struct part *p,
                         struct levels levels, struct error *err)
{
    struct parquet_place *place;
    struct parquet_node *node;
    const char *why = NULL;
    TRY(add_column(w, name, p, &place, err));
    TRY(ARENA_NEW(&w->f->arena, struct parquet_node, &node, err));
    TRY(node_of(w, p, levels, false, node, &why, err));
    place->node = node;
    place->nested = w->f->nested_columns++;
    place->info.type = column_type_of(why ? COLUMN_UNKNOWN : COLUMN_TEXT);
    place->info.supported = !why;
    place->info.refusal = why;
    place->info.required = node->definition == 0;
    place->info.nested = true;
    place->info.physical = "a group";
    return ST_OK;
}

/* The columns of a group that does not repeat; `path` is its dotted path and a dot, or empty. */
static status add_columns(struct walk *w, const struct part *group, struct str path,
                          struct levels levels, struct error *err)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct part *p = &group->children[i];
        const struct parquet_schema_element *e = p->element;
        struct parquet_place *place;
        struct str name;
        if (path.len + e->name.len > PATH_MOST_BYTES && path.len > 0)
            FAIL(err, ST_LIMIT, "a column's path %.*s... is longer than %d bytes", STR_ARG(path),
                 PATH_MOST_BYTES);
        TRY(arena_printf(&w->f->arena, &name, err, "%.*s%.*s", STR_ARG(path), STR_ARG(e->name)));
        if (p->count > 0 && !repeats(e) && !is_list(e) && !is_map(e) && !is_variant(e)) {
            struct levels inside = {levels.definition + is_optional(e), levels.repetition};
            TRY(arena_printf(&w->f->arena, &name, err, "%.*s.", STR_ARG(name)));
            TRY(add_columns(w, p, name, inside, err));
        } else if (p->count > 0 || repeats(e)) {
            TRY(add_nested(w, name, p, levels, err));
        } else {
            TRY(add_column(w, name, p, &place, err));
            w->f->leaf[p->leaf].info.name = name;
            place->info = w->f->leaf[p->leaf].info;
        }
    }
    return ST_OK;
}

static status read_tree(struct walk *w, struct error *err)
{
    struct part root;
    TRY(read_part(w, (struct levels){0, 0}, 0, &root, err));
    if (w->at < w->schema->count)
        FAIL(err, ST_CORRUPT, "the schema has elements behind the root's last");
    return add_columns(w, &root, STR(""), (struct levels){0, 0}, err);
}

status parquet_schema_read(struct parquet_file *f, const struct parquet_file_meta *meta,
                           struct error *err)
{
    struct arena parts;
    if (meta->schema.count == 0)
        FAIL(err, ST_CORRUPT, "the footer has no schema");
    TRY(ARENA_ARRAY(&f->arena, struct parquet_leaf, meta->schema.count, &f->leaf, err));
    arena_init(&parts, f->account);
    struct walk w = {.f = f, .schema = &meta->schema, .arena = &parts};
    status st = read_tree(&w, err);
    arena_free(&parts);
    TRY(st);
    for (size_t i = 0; i < f->leaves && i < meta->column_orders.count; i++) {
        uint32_t order = meta->column_orders.items[i].has;
        f->leaf[i].order = order ? order : PARQUET_ORDER_UNKNOWN;
    }
    return ST_OK;
}
