// SPDX-License-Identifier: Apache-2.0
/* engine_yaml.c - a YAML file of settings as entries: a flat list of paths and values.
 *
 *     catalog:                         catalog.lakehouse         ""      line 2   (a mapping)
 *       lakehouse:              ->     catalog.lakehouse.type    "sql"   line 3
 *         type: sql
 *
 * Read through libyaml's events. A file is at most ENGINE_CONFIG_BYTES, CONFIG_LEVELS deep and
 * ENGINE_CONFIG_VALUES long; aliases are refused, so that a small file cannot grow. Lists are kept as a
 * value that says so: a key that nobody reads may have one, any other is refused where it is used.
 */
#include "engine/engine_config_int.h"

#include <string.h>
#include <yaml.h>

#define CONFIG_LEVELS 16

struct walk {
    struct arena *arena; /* borrowed */
    struct engine_entries *out;
    size_t capacity;
    int level;
    int lists;                      /* open ones; what is in them is dropped */
    struct str path[CONFIG_LEVELS]; /* of the mapping at each level */
    struct str key;                 /* waiting for its value; ptr NULL = none */
};

static status add(struct walk *w, struct str path, struct str value, enum engine_entry_kind kind,
                  const yaml_event_t *e, struct error *err)
{
    struct engine_entries *y = w->out;
    if (y->count == ENGINE_CONFIG_VALUES)
        FAIL(err, ST_USAGE, "%.*s: more than %d values", STR_ARG(y->file), ENGINE_CONFIG_VALUES);
    TRY(arena_grow(w->arena, (void **)&y->entries, sizeof(*y->entries), &w->capacity, y->count + 1,
                   err));
    struct engine_entry *v = &y->entries[y->count++];
    v->line = e->start_mark.line + 1;
    v->kind = kind;
    TRY(arena_str(w->arena, path, &v->path, err));
    return arena_str(w->arena, value, &v->value, err);
}

/* The path of what stands behind the waiting key, which is used up. */
static status take_path(struct walk *w, struct str *out, struct error *err)
{
    struct str in = w->level ? w->path[w->level - 1] : STR("");
    TRY(arena_printf(w->arena, out, err, "%.*s%s%.*s", STR_ARG(in), in.len ? "." : "",
                     STR_ARG(w->key)));
    w->key = (struct str){0};
    return ST_OK;
}

static status walk_scalar(struct walk *w, const yaml_event_t *e, struct error *err)
{
    struct str text = {(const char *)e->data.scalar.value, e->data.scalar.length}, path;
    if (w->lists > 0)
        return ST_OK;
    if (w->level == 0)
        FAIL(err, ST_USAGE, "%.*s line %zu: expected key: value", STR_ARG(w->out->file),
             e->start_mark.line + 1);
    if (!str_is_utf8(text))
        FAIL(err, ST_USAGE, "%.*s line %zu: a text with a NUL byte", STR_ARG(w->out->file),
             e->start_mark.line + 1);
    if (!w->key.ptr)
        return arena_str(w->arena, text, &w->key, err);
    TRY(take_path(w, &path, err));
    return add(w, path, text, ENGINE_ENTRY_TEXT, e, err);
}

static status walk_mapping(struct walk *w, const yaml_event_t *e, struct error *err)
{
    if (w->level == CONFIG_LEVELS)
        FAIL(err, ST_USAGE, "%.*s line %zu: more than %d levels", STR_ARG(w->out->file),
             e->start_mark.line + 1, CONFIG_LEVELS);
    struct str *path = &w->path[w->level];
    if (w->lists > 0)
        *path = STR("");
    else
        TRY(take_path(w, path, err));
    w->level++;
    return path->len > 0 ? add(w, *path, STR(""), ENGINE_ENTRY_MAPPING, e, err) : ST_OK;
}

static status walk_list(struct walk *w, const yaml_event_t *e, struct error *err)
{
    struct str path;
    if (w->lists++ > 0)
        return ST_OK;
    if (w->level == 0 || !w->key.ptr)
        FAIL(err, ST_USAGE, "%.*s line %zu: expected key: value", STR_ARG(w->out->file),
             e->start_mark.line + 1);
    TRY(take_path(w, &path, err));
    return add(w, path, STR(""), ENGINE_ENTRY_LIST, e, err);
}

static status walk_event(struct walk *w, const yaml_event_t *e, struct error *err)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return walk_scalar(w, e, err);
    case YAML_MAPPING_START_EVENT:
        return walk_mapping(w, e, err);
    case YAML_MAPPING_END_EVENT:
        w->level--;
        return ST_OK;
    case YAML_SEQUENCE_START_EVENT:
        return walk_list(w, e, err);
    case YAML_SEQUENCE_END_EVENT:
        w->lists--;
        return ST_OK;
    case YAML_ALIAS_EVENT:
        FAIL(err, ST_USAGE, "%.*s line %zu: aliases have no meaning here", STR_ARG(w->out->file),
             e->start_mark.line + 1);
    default:
        return ST_OK;
    }
}

static status walk_events(yaml_parser_t *parser, struct walk *w, struct error *err)
{
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(parser, &e))
            FAIL(err, ST_USAGE, "%.*s line %zu: %s", STR_ARG(w->out->file),
                 parser->problem_mark.line + 1, parser->problem ? parser->problem : "not YAML");
        more = e.type != YAML_STREAM_END_EVENT;
        status st = walk_event(w, &e, err);
        yaml_event_delete(&e);
        TRY(st);
    }
    return ST_OK;
}

status engine_yaml_parse(struct str text, struct str file, struct arena *arena,
                         struct engine_entries *out, struct error *err)
{
    yaml_parser_t parser;
    struct walk w = {.arena = arena, .out = out};
    *out = (struct engine_entries){.file = file};
    if (text.len > ENGINE_CONFIG_BYTES)
        FAIL(err, ST_USAGE, "%.*s has more than %zu bytes", STR_ARG(file), ENGINE_CONFIG_BYTES);
    if (!yaml_parser_initialize(&parser))
        FAIL(err, ST_OOM, "out of memory: reading %.*s", STR_ARG(file));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    status st = walk_events(&parser, &w, err);
    yaml_parser_delete(&parser);
    return st;
}
