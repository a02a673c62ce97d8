// SPDX-License-Identifier: Apache-2.0
/* engine_session.c - a session: configuration, catalog at the first table name, settings. */
#include "engine/engine_int.h"

#include "base/secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RUN_ID_BYTES 200
#define REMARKS_MAX  20

void engine_notice(struct firn_session *s, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    if (!s->notice)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    secret_scrub(text, s->secrets, s->secret_count);
    s->notice(s->notice_arg, text);
}

void engine_remarks_tell(struct firn_session *s)
{
    struct engine_config *c = &s->config;
    if (!s->notice)
        return;
    for (size_t i = 0; i < c->remark_count && i < REMARKS_MAX; i++)
        engine_notice(s, "%.*s", STR_ARG(c->remarks[i]));
    if (c->remark_count > REMARKS_MAX)
        engine_notice(s, "%zu more keys of the configuration have no meaning here",
                      c->remark_count - REMARKS_MAX);
    c->remark_count = 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

struct str engine_setting_get(const struct firn_session *s, const char *name)
{
    for (size_t i = 0; i < s->setting_count; i++)
        if (str_eq_z(s->settings[i].name, name))
            return s->settings[i].value;
    return engine_config_get(&s->config, name);
}

static status set_zone(struct firn_session *s, struct str name, struct error *err)
{
    struct zone *zone = NULL;
    if (name.len > 0 && !str_eq_nocase(name, STR("UTC")))
        TRY(zone_load(&s->arena, name, &zone, err));
    s->zone = zone;
    return ST_OK;
}

status engine_setting_set(struct firn_session *s, struct str name, struct str value,
                          struct error *err)
{
    static const char *const known[] = {"application_name", "timezone",       "search_path",
                                        "firn.publish",     "firn.overwrite", "firn.refresh_mode"};
    size_t at = 0;
    while (at < ARRAY_LEN(known) && !str_eq_nocase(name, str_of(known[at])))
        at++;
    if (at == ARRAY_LEN(known))
        FAIL_SQL(err, ST_NOT_FOUND, "42704", 0,
                 "unrecognized setting \"%.*s\"; there are application_name, timezone, "
                 "search_path, firn.publish, firn.overwrite and firn.refresh_mode",
                 STR_ARG(name));
    if (!value.ptr)
        value = engine_config_get(&s->config, known[at]);
    if (at == 1)
        TRY(set_zone(s, value, err));
    if (at == 4 && value.len > 0 && !str_eq(value, STR("partitions")) &&
        !str_eq(value, STR("none")))
        FAIL_SQL(err, ST_INVALID, "22023", 0,
                 "firn.overwrite is \"none\" or \"partitions\", not \"%.*s\"", STR_ARG(value));
    if (at == 3 && value.len > 0 && !str_eq(value, STR("together")) &&
        !str_eq(value, STR("ordered")))
        FAIL_SQL(err, ST_INVALID, "22023", 0,
                 "firn.publish is \"together\" or \"ordered\", not \"%.*s\"", STR_ARG(value));
    for (size_t i = 0; i < s->setting_count; i++)
        if (str_eq_z(s->settings[i].name, known[at]))
            return arena_str(&s->arena, value, &s->settings[i].value, err);
    TRY(arena_grow(&s->arena, (void **)&s->settings, sizeof(*s->settings), &s->setting_capacity,
                   s->setting_count + 1, err));
    struct engine_setting *slot = &s->settings[s->setting_count++];
    slot->name = str_of(known[at]);
    return arena_str(&s->arena, value, &slot->value, err);
}

status engine_settings_save(struct firn_session *s, struct error *err)
{
    arena_reset(&s->saved_arena);
    TRY(ARENA_ARRAY(&s->saved_arena, struct engine_setting, s->setting_count, &s->saved, err));
    for (size_t i = 0; i < s->setting_count; i++)
        s->saved[i] = s->settings[i];
    s->saved_count = s->setting_count;
    s->saved_zone = s->zone;
    return ST_OK;
}

void engine_settings_restore(struct firn_session *s)
{
    s->setting_count = s->saved_count; /* settings are added, never taken away */
    for (size_t i = 0; i < s->saved_count; i++)
        s->settings[i] = s->saved[i];
    s->zone = s->saved_zone;
}

/* ---- the catalog ----------------------------------------------------------------------------- */

/* Each run says first which catalog it works on. */
static status announce(struct firn_session *s, struct error *err)
{
    struct str text;
    TRY(catalog_describe(s->catalog, &s->arena, &text, err));
    engine_notice(s, "%.*s", STR_ARG(text));
    return ST_OK;
}

status engine_catalog_open(struct firn_session *s, struct error *err)
{
    const struct engine_catalog_config *slot;
    struct catalog_config config;
    if (s->catalog)
        return ST_OK;
    TRY(engine_catalog_default(&s->config, &slot, err));
    TRY(engine_catalog_resolve(&s->config, slot, &config, err));
    engine_remarks_tell(s);
    config.cancel = &s->cancel;
    struct str busy = engine_config_get(&s->config, "busy"); /* digits, at most nine */
    for (size_t i = 0; i < busy.len; i++)
        config.busy_ms = config.busy_ms * 10 + (busy.ptr[i] - '0');
    TRY_CONTEXT(catalog_open(&config, s->store, false, &s->catalog, err), err, "catalog %.*s",
                STR_ARG(slot->name));
    return announce(s, err);
}

/* ---- open and close -------------------------------------------------------------------------- */

/* "64MiB", "1GiB", "1000000": bytes. */
static status parse_bytes(struct str text, size_t *out, struct error *err)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0},    {"B", 0},   {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"kB", 10},
                 {"MB", 20}, {"GB", 30}, {"K", 10},   {"M", 20},   {"G", 30}};
    size_t digits = 0, n = 0;
    while (digits < text.len && digits < 15 && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        n = n * 10 + (size_t)(text.ptr[digits++] - '0');
    struct str unit = {text.ptr + digits, text.len - digits};
    for (size_t i = 0; digits > 0 && i < ARRAY_LEN(units); i++)
        if (str_eq_nocase(unit, str_of(units[i].unit)) && n <= SIZE_MAX >> units[i].shift) {
            *out = n << units[i].shift;
            return ST_OK;
        }
    FAIL(err, ST_USAGE, "\"%.*s\" is no amount of memory; write 256MiB or 2GiB", STR_ARG(text));
}

/* It stands in a line of firn.publishes, with blanks around. */
static status check_run_id(struct str id, struct error *err)
{
    bool good = !id.ptr || (id.len > 0 && id.len <= RUN_ID_BYTES);
    for (size_t i = 0; good && i < id.len; i++)
        good = (unsigned char)id.ptr[i] > ' ' && id.ptr[i] != 0x7F;
    if (!good)
        FAIL(err, ST_USAGE, "run_id must have 1 to %d characters and no blanks, not \"%.*s\"",
             RUN_ID_BYTES, STR_ARG(id));
    return ST_OK;
}

static status open_store(struct firn_session *s, struct error *err)
{
    struct store_config config = {.account = &s->account, .cancel = &s->cancel};
    struct property *properties;
    size_t count;
    TRY(engine_store_properties(&s->config, &properties, &count, err));
    return store_create(properties, count, &config, &s->store, err);
}

static status session_start(struct firn_session *s, const struct firn_option *options,
                            size_t option_count, struct error *err)
{
    TRY(engine_config_load(options, option_count, &s->arena, &s->config, err));
    TRY(engine_config_secrets(&s->config, &s->secrets, &s->secret_count, err));
    struct str memory = engine_config_get(&s->config, "memory");
    if (memory.len > 0)
        TRY(parse_bytes(memory, &s->account.limit_bytes, err));
    TRY(open_store(s, err));
    TRY(check_run_id(engine_config_get(&s->config, "run_id"), err));
    struct str zone = engine_config_get(&s->config, "timezone");
    status st = set_zone(s, zone, err);
    if (st == ST_NOT_FOUND) /* wrong configuration here, a wrong statement under SET */
        FAIL(err, ST_USAGE, "timezone \"%.*s\" is not known", STR_ARG(zone));
    return st;
}

status engine_session_open(const struct firn_option *options, size_t option_count,
                           struct firn_session **out, struct error *err)
{
    struct firn_session *s;
    *out = NULL;
    engine_hooks_install();
    TRY(mem_calloc(NULL, sizeof(*s), (void **)&s, err));
    mem_account_init(&s->account, "--memory", NULL, 0);
    arena_init(&s->arena, NULL);
    arena_init(&s->published_arena, NULL);
    arena_init(&s->saved_arena, NULL);
    status st = session_start(s, options, option_count, err);
    if (st != ST_OK) {
        engine_session_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void engine_session_close(struct firn_session *s)
{
    if (!s)
        return;
    engine_txn_rollback(s);
    catalog_close(s->catalog);
    if (s->store)
        store_destroy(s->store);
    arena_free(&s->published_arena);
    arena_free(&s->saved_arena);
    arena_free(&s->arena);
    mem_free(NULL, s, sizeof(*s));
}
