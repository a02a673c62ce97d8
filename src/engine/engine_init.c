// SPDX-License-Identifier: Apache-2.0
/* engine_init.c - firn init: an embedded lakehouse in a folder: firn.db, firn.yaml, and warehouse/ there
 * or elsewhere. */
#include "engine/engine_int.h"

static status absolute_folder(struct str folder, struct arena *arena, struct str *out,
                              struct error *err)
{
    struct str uri;
    TRY(store_absolute(folder, arena, &uri, err));
    *out = (struct str){uri.ptr + 7, uri.len - 7}; /* behind "file://" */
    while (out->len > 1 && out->ptr[out->len - 1] == '/')
        out->len--;
    return ST_OK;
}

static status warehouse_uri(struct str warehouse, struct str folder, struct arena *arena,
                            struct str *out, struct error *err)
{
    if (!warehouse.ptr)
        return arena_printf(arena, out, err, "file://%.*s/warehouse", STR_ARG(folder));
    if (warehouse.len == 0)
        FAIL(err, ST_USAGE, "the warehouse's name is empty");
    return store_absolute(warehouse, arena, out, err);
}

/* Between single quotes in YAML a quote is doubled, and nothing else means anything. */
static status yaml_text(struct str text, struct arena *arena, struct str *out, struct error *err)
{
    char *to;
    size_t len = 0;
    TRY(arena_alloc(arena, 2 * text.len + 1, (void **)&to, err));
    for (size_t i = 0; i < text.len; i++) {
        if ((uint8_t)text.ptr[i] < ' ')
            FAIL(err, ST_USAGE, "a warehouse with a control character in its name is not taken");
        to[len++] = text.ptr[i];
        if (text.ptr[i] == '\'')
            to[len++] = '\'';
    }
    *out = (struct str){to, len};
    return ST_OK;
}

static status write_config(struct store *store, struct arena *arena, struct str folder,
                           struct str warehouse, struct error *err)
{
    struct str text, path, quoted;
    int n = (int)folder.len;
    TRY(yaml_text(warehouse, arena, &quoted, err));
    TRY(arena_printf(arena, &text, err,
                     "# An embedded lakehouse: one SQLite file as catalog, one place for tables.\n"
                     "# PyIceberg and Iceberg's JdbcCatalog open the same file.\n"
                     "catalog:\n"
                     "  lakehouse:\n"
                     "    type: sql\n"
                     "    uri: sqlite:///%.*s/firn.db\n"
                     "    warehouse: '%.*s'\n"
                     "default-catalog: lakehouse\n",
                     n, folder.ptr, STR_ARG(quoted)));
    TRY(arena_printf(arena, &path, err, "file://%.*s/firn.yaml", n, folder.ptr));
    status st = store_write_all(store, path, text.ptr, text.len, err);
    if (st == ST_EXISTS)
        return error_set(err, ST_USAGE, __FILE__, __LINE__, "%.*s exists already; nothing changed",
                         STR_ARG(path));
    return st;
}

static status create_catalog(struct store *store, struct arena *arena, struct str folder,
                             struct str warehouse, struct error *err)
{
    struct catalog_config config = {
        .name = STR("lakehouse"), .type = STR("sql"), .warehouse = warehouse};
    struct catalog *catalog;
    int n = (int)folder.len;
    TRY(arena_printf(arena, &config.uri, err, "sqlite:///%.*s/firn.db", n, folder.ptr));
    TRY(catalog_open(&config, store, true, &catalog, err));
    catalog_close(catalog);
    return ST_OK;
}

status engine_init_folder(struct str folder, struct str warehouse, struct error *err)
{
    struct arena arena;
    struct store *store;
    struct str path, tables;
    engine_hooks_install();
    arena_init(&arena, NULL);
    status st = store_create_local(&store, err);
    if (st == ST_OK) {
        st = absolute_folder(folder, &arena, &path, err);
        if (st == ST_OK)
            st = warehouse_uri(warehouse, path, &arena, &tables, err);
        if (st == ST_OK)
            st = store_make_folder(store, path, err);
        if (st == ST_OK)
            st = create_catalog(store, &arena, path, tables, err);
        if (st == ST_OK) /* last: a folder with firn.yaml is complete */
            st = write_config(store, &arena, path, tables, err);
        store_destroy(store);
    }
    arena_free(&arena);
    return st;
}
