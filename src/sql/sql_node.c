// SPDX-License-Identifier: Apache-2.0
/* sql_node.c - small pieces of the tree: names, texts, positions, options, refusals. */
#include "sql/sql_int.h"

#include <stdarg.h>
#include <stdio.h>

status sql_refuse(struct error *err, int64_t position, const char *fmt, ...)
{
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    FAIL_SQL(err, ST_UNSUPPORTED, "0A000", position, "%s is not supported", what);
}

/* ---- positions ------------------------------------------------------------------------------- */

static int leftmost_of(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* protobuf-c describes its messages, so one walk serves all 238 kinds of nodes. */
static int leftmost_location(const ProtobufCMessage *m)
{
    int found = -1;
    for (unsigned i = 0; m && i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *base = (const char *)m;
        if (f->type == PROTOBUF_C_TYPE_INT32 && strcmp(f->name, "location") == 0) {
            found = leftmost_of(found, *(const int32_t *)(const void *)(base + f->offset));
            continue;
        }
        if (f->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
            *(const uint32_t *)(const void *)(base + f->quantifier_offset) != f->id)
            continue;
        const void *member = *(void *const *)(const void *)(base + f->offset);
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
            found = leftmost_of(found, leftmost_location(member));
            continue;
        }
        size_t count = *(const size_t *)(const void *)(base + f->quantifier_offset);
        for (size_t k = 0; k < count; k++)
            found = leftmost_of(found, leftmost_location(((ProtobufCMessage *const *)member)[k]));
    }
    return found;
}

int64_t sql_leftmost(const struct sql_source *s, const void *message)
{
    return sql_position(s, leftmost_location(message));
}

int64_t sql_position_before(const struct sql_source *s, int64_t position, int a, int b, int c)
{
    for (size_t i = s->last; i-- > s->first;) {
        int kind = s->tokens[i].kind;
        if (s->tokens[i].start + 1 < position && (kind == a || kind == b || kind == c))
            return s->tokens[i].start + 1;
    }
    return 0;
}

/* ---- names and texts ------------------------------------------------------------------------- */

status sql_text(struct sql_source *s, const char *z, struct str *out, struct error *err)
{
    return arena_str(s->arena, str_of(z), out, err);
}

status sql_join(struct sql_source *s, const struct str *parts, size_t count, struct str separator,
                struct str *out, struct error *err)
{
    size_t bytes = 1, len = 0;
    char *to;
    for (size_t i = 0; i < count; i++)
        bytes += parts[i].len + separator.len;
    TRY(ARENA_ARRAY(s->arena, char, bytes, &to, err));
    for (size_t i = 0; i < count; i++) {
        if (i && separator.len) {
            memcpy(to + len, separator.ptr, separator.len);
            len += separator.len;
        }
        if (parts[i].len)
            memcpy(to + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    to[len] = 0;
    *out = (struct str){to, len};
    return ST_OK;
}

status sql_name(struct sql_source *s, const char *z, struct query_name *out, struct error *err)
{
    *out = (struct query_name){0};
    if (!z || !*z)
        return ST_OK;
    size_t prefix = strlen(s->prefix), number = 0;
    if (strncmp(z, s->prefix, prefix) != 0)
        return sql_text(s, z, &out->text, err);
    for (const char *digit = z + prefix; *digit; digit++) {
        ENSURE(*digit >= '0' && *digit <= '9', err);
        number = number * 10 + (size_t)(*digit - '0');
        ENSURE(number < s->name_count, err);
    }
    *out = s->names[number].name;
    return ST_OK;
}

/* Only the token tells a name from a text that looks like a generated one. */
status sql_string_const(struct sql_source *s, const PgQuery__AConst *c, struct str *out,
                        struct error *err)
{
    const char *z = c->sval->sval;
    size_t token = sql_token_at(s, sql_position(s, c->location));
    if (token == s->token_count || s->tokens[token].kind != PG_QUERY__TOKEN__IDENT)
        return sql_text(s, z, out, err);
    struct query_name name;
    TRY(sql_name(s, z, &name, err));
    *out = name.text;
    return ST_OK;
}

status sql_string_node(const PgQuery__Node *node, const char **out, struct error *err)
{
    ENSURE(node && node->node_case == PG_QUERY__NODE__NODE_STRING, err);
    *out = node->string->sval;
    return ST_OK;
}

status sql_names(struct sql_source *s, PgQuery__Node **nodes, size_t count, struct query_name **out,
                 struct error *err)
{
    TRY(ARENA_ARRAY(s->arena, struct query_name, count + 1, out, err));
    for (size_t i = 0; i < count; i++) {
        const char *z;
        if (nodes[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET) {
            const PgQuery__ResTarget *t = nodes[i]->res_target;
            if (t->n_indirection)
                return sql_refuse(err, sql_position(s, t->location), "a part of a column");
            z = t->name;
        } else {
            TRY(sql_string_node(nodes[i], &z, err));
        }
        TRY(sql_name(s, z, &(*out)[i], err));
    }
    return ST_OK;
}

status sql_table(struct sql_source *s, const PgQuery__RangeVar *r, struct query_table_name *out,
                 struct error *err)
{
    ENSURE(r, err);
    *out = (struct query_table_name){.position = sql_position(s, r->location)};
    if (!r->inh)
        return sql_refuse(err, out->position, "ONLY");
    if (strcmp(r->relpersistence, "t") == 0)
        return sql_refuse(err, out->position, "a temporary table");
    if (strcmp(r->relpersistence, "u") == 0)
        return sql_refuse(err, out->position, "an unlogged table");
    TRY(sql_name(s, r->catalogname, &out->catalog, err));
    TRY(sql_name(s, r->schemaname, &out->schema, err));
    return sql_name(s, r->relname, &out->table, err);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Names and words in an option's value count as text; a quoted one loses its quotes. */
static status option_word(struct sql_source *s, const char *z, struct str *out, struct error *err)
{
    struct query_name name;
    TRY(sql_name(s, z, &name, err));
    *out = name.text.ptr ? name.text : STR("");
    return ST_OK;
}

static status option_list(struct sql_source *s, const PgQuery__List *list, int64_t position,
                          struct str *out, struct error *err)
{
    struct str *words;
    TRY(ARENA_ARRAY(s->scratch, struct str, list->n_items + 1, &words, err));
    for (size_t i = 0; i < list->n_items; i++) {
        if (list->items[i]->node_case != PG_QUERY__NODE__NODE_STRING)
            return sql_refuse(err, position, "this list as an option's value");
        TRY(option_word(s, list->items[i]->string->sval, &words[i], err));
    }
    return sql_join(s, words, list->n_items, STR(","), out, err);
}

static status option_value(struct sql_source *s, const PgQuery__Node *arg, int64_t position,
                           struct str *out, struct error *err)
{
    switch (arg->node_case) {
    case PG_QUERY__NODE__NODE_STRING:
        return option_word(s, arg->string->sval, out, err);
    case PG_QUERY__NODE__NODE_INTEGER:
        return arena_printf(s->arena, out, err, "%d", arg->integer->ival);
    case PG_QUERY__NODE__NODE_FLOAT:
        return sql_text(s, arg->float_->fval, out, err);
    case PG_QUERY__NODE__NODE_BOOLEAN:
        return sql_text(s, arg->boolean->boolval ? "true" : "false", out, err);
    case PG_QUERY__NODE__NODE_A_STAR:
        return sql_text(s, "*", out, err);
    case PG_QUERY__NODE__NODE_LIST:
        return option_list(s, arg->list, position, out, err);
    case PG_QUERY__NODE__NODE_TYPE_NAME: /* a bare word: format = parquet */
        if (arg->type_name->n_names == 1 && arg->type_name->n_typmods == 0 &&
            arg->type_name->n_array_bounds == 0) {
            const char *z;
            TRY(sql_string_node(arg->type_name->names[0], &z, err));
            return option_word(s, z, out, err);
        }
        break;
    default:
        break;
    }
    FAIL_SQL(err, ST_INVALID, "42601", position, "an option's value is a word, a number or a text");
}

status sql_options(struct sql_source *s, PgQuery__Node **nodes, size_t count,
                   struct query_option **out, struct error *err)
{
    TRY(ARENA_ARRAY(s->arena, struct query_option, count + 1, out, err));
    for (size_t i = 0; i < count; i++) {
        ENSURE(nodes[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM, err);
        const PgQuery__DefElem *d = nodes[i]->def_elem;
        struct query_option *o = &(*out)[i];
        struct query_name space;
        *o = (struct query_option){.position = sql_position(s, d->location)};
        TRY(sql_name(s, d->defname, &o->name, err));
        TRY(sql_name(s, d->defnamespace, &space, err));
        if (space.text.len)
            TRY(sql_join(s, (struct str[]){space.text, o->name.text}, 2, STR("."), &o->name.text,
                         err));
        if (d->arg)
            TRY(option_value(s, d->arg, o->position, &o->value, err));
    }
    return ST_OK;
}
