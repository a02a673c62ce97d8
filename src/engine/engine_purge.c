// SPDX-License-Identifier: Apache-2.0
/* engine_purge.c - DROP TABLE ... PURGE: the files that go with a table.
 *
 *     statement   snapshots -> manifest lists -> manifests -> data and delete files; statistics;
 *                 metadata files; each once, and only what stands in the table's own folders
 *     commit      the drop is published -> all of them are deleted, the metadata file last
 *
 * U1  a file is deleted only if the table's metadata names it and it stands below the table's location,
 *     write.data.path or write.metadata.path: what was taken in from elsewhere belongs to others
 * U2  nothing is, and the drop is refused, where files may have other owners: gc.enabled = false, a
 *     catalog whose history names them, another table of the catalog in the same folders
 * U3  nothing is deleted before the drop stands. It names the metadata file that was looked at, so
 *     whoever has changed the table since is not lost: the statement runs again
 * U4  the metadata file goes last: who was cut off can register it and drop the table again
 *
 * A server that writes metadata deletes by itself: it is asked to, and nothing is listed here. */
#include "engine/engine_int.h"

#include "base/jsontext.h"

#include <stdlib.h>
#include <string.h>

struct purge {
    struct firn_session *session;
    const struct iceberg_table *t;
    struct engine_staged *at;    /* where the catalog has it */
    struct iceberg_paths spared; /* named and not its own */
};

/* ---- whose files ----------------------------------------------------------------------------- */

static bool is_below(struct str path, struct str folder)
{
    return str_starts(path, folder) && path.len > folder.len && path.ptr[folder.len] == '/' &&
           !memmem(path.ptr + folder.len, path.len - folder.len, "/..", 3);
}

static void own_folders(const struct iceberg_table *t, struct engine_gone *out)
{
    const struct str folders[] = {t->location, iceberg_table_property(t, "write.data.path"),
                                  iceberg_table_property(t, "write.metadata.path")};
    out->folder_count = 0;
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct str f = folders[i];
        while (f.len > 0 && f.ptr[f.len - 1] == '/')
            f.len--;
        if (f.len > 0)
            out->folders[out->folder_count++] = f;
    }
}

static bool is_own(const struct engine_gone *g, struct str path)
{
    for (size_t i = 0; i < g->folder_count; i++)
        if (is_below(path, g->folders[i]))
            return true;
    return false;
}

/* U2: a table other than `own` whose metadata stands in the folders; table.ptr NULL when there is
 * none. */
static status find_other(const struct engine_gone *g, struct catalog_pin *pin,
                         struct catalog_name own, struct arena *a, struct catalog_name *out,
                         struct error *err)
{
    struct str *spaces, *tables, location;
    size_t space_count, count;
    *out = (struct catalog_name){{0}, {0}};
    TRY(catalog_namespaces(pin, a, &spaces, &space_count, err));
    for (size_t i = 0; i < space_count; i++) {
        TRY(catalog_tables(pin, spaces[i], a, &tables, &count, err));
        for (size_t k = 0; k < count; k++) {
            struct catalog_name name = {spaces[i], tables[k]};
            TRY(catalog_location(pin, name, a, &location, err));
            bool is_it = str_eq(name.space, own.space) && str_eq(name.table, own.table);
            if (!is_it && is_own(g, location))
                *out = name;
        }
    }
    return ST_OK;
}

static status check_others(const struct purge *p, struct error *err)
{
    struct firn_session *s = p->session;
    struct catalog_name own = p->at->name, other;
    TRY(find_other(&p->at->gone, s->txn->pin, own, &s->txn->arena, &other, err));
    if (other.table.ptr)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "\"%.*s.%.*s\" cannot be purged: \"%.*s.%.*s\" stands in the same folder; DROP "
                 "without PURGE keeps the files",
                 STR_ARG(own.space), STR_ARG(own.table), STR_ARG(other.space),
                 STR_ARG(other.table));
    return ST_OK;
}

static status check_owner(const struct purge *p, struct error *err)
{
    const struct catalog_traits *traits = catalog_traits(p->session->catalog);
    struct str gc = iceberg_table_property(p->t, "gc.enabled");
    const char *why = traits->keeps_files
                          ? "commits of the catalog's history name its files; nessie-gc knows which"
                      : gc.ptr && !str_eq_nocase(gc, STR("true"))
                          ? "its property gc.enabled says that others may need its files"
                          : NULL;
    if (why)
        FAIL_SQL(err, ST_UNSUPPORTED, "0A000", 0,
                 "\"%.*s.%.*s\" cannot be purged: %s; DROP without PURGE keeps the files",
                 STR_ARG(p->at->name.space), STR_ARG(p->at->name.table), why);
    return ST_OK;
}

/* ---- which files ----------------------------------------------------------------------------- */

static status note(struct purge *p, struct str path, struct error *err)
{
    struct iceberg_paths *out = is_own(&p->at->gone, path) ? &p->at->gone.doomed : &p->spared;
    if (path.len == 0)
        return ST_OK;
    TRY(arena_grow(&p->session->txn->arena, (void **)&out->paths, sizeof(path), &out->capacity,
                   out->count + 1, err));
    return arena_str(&p->session->txn->arena, path, &out->paths[out->count++], err);
}

static status note_manifest(struct purge *p, const struct iceberg_manifest *m, struct error *err)
{
    struct mem_account *account = &p->session->account;
    struct iceberg_entry *entries;
    struct arena scratch;
    size_t n;
    arena_init(&scratch, account);
    status st =
        iceberg_entries_read(p->session->store, p->t, m, &scratch, account, &entries, &n, err);
    for (size_t i = 0; st == ST_OK && i < n; i++)
        if (entries[i].status != ICEBERG_DELETED)
            st = note(p, entries[i].file.path, err);
    arena_free(&scratch);
    return st == ST_OK ? note(p, m->path, err) : st;
}

/* Statistics files stand in the part of the metadata that is kept as JSON (spec "Table Metadata"). */
static status note_statistics(struct purge *p, struct error *err)
{
    static const char *const keys[] = {"statistics", "partition-statistics"};
    struct str json = p->t->unknown_json;
    struct jsontext_doc doc;
    status st = ST_OK;
    if (json.len == 0)
        return ST_OK;
    TRY(jsontext_doc_parse(&doc, &p->session->account, json.ptr, json.len, err));
    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        const json_t *list = json_object_get(doc.root, keys[k]);
        for (size_t i = 0; st == ST_OK && i < json_array_size(list); i++) {
            const json_t *at = json_object_get(json_array_get(list, i), "statistics-path");
            if (json_is_string(at))
                st = note(p, (struct str){json_string_value(at), json_string_length(at)}, err);
        }
    }
    jsontext_doc_free(&doc);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Snapshots share files. */
static void each_once(struct iceberg_paths *p)
{
    size_t kept = 0;
    if (p->count > 1)
        qsort(p->paths, p->count, sizeof(*p->paths), by_name);
    for (size_t i = 0; i < p->count; i++)
        if (i == 0 || !str_eq(p->paths[i], p->paths[kept - 1]))
            p->paths[kept++] = p->paths[i];
    p->count = kept;
}

static status list_files(struct purge *p, struct error *err)
{
    const struct iceberg_table *t = p->t;
    struct iceberg_manifest *manifests;
    struct arena scratch;
    size_t count;
    arena_init(&scratch, &p->session->account);
    status st = engine_manifests(p->session, t, &scratch, &manifests, &count, err);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        st = note_manifest(p, &manifests[i], err);
    arena_free(&scratch);
    TRY(st);
    for (size_t i = 0; i < t->snapshot_count; i++)
        TRY(note(p, t->snapshots[i].manifest_list, err));
    TRY(note_statistics(p, err));
    for (size_t i = 0; i < t->metadata_log_count; i++)
        TRY(note(p, t->metadata_log[i].metadata_file, err));
    each_once(&p->at->gone.doomed);
    TRY(note(p, t->metadata_location, err)); /* U4 */
    each_once(&p->spared);
    p->at->gone.spared_count = p->spared.count;
    return ST_OK;
}

status engine_purge_list(struct firn_session *s, const struct iceberg_table *t,
                         struct engine_staged *at, struct error *err)
{
    struct purge p = {.session = s, .t = t, .at = at};
    at->gone.purge = true;
    own_folders(t, &at->gone);
    TRY(check_owner(&p, err));
    if (catalog_traits(s->catalog)->writes_metadata)
        return ST_OK;
    TRY(check_others(&p, err));
    return list_files(&p, err);
}

/* Has anybody put a table into the folders meanwhile? Nobody knows when the catalog does not answer. */
static bool is_shared(struct firn_session *s, const struct engine_gone *g)
{
    struct catalog_name none = {{0}, {0}}, other;
    struct catalog_pin *now;
    if (catalog_pin(s->catalog, &now, NULL) != ST_OK)
        return true;
    status st = find_other(g, now, none, &s->txn->arena, &other, NULL);
    bool shared = st != ST_OK || other.table.ptr;
    catalog_unpin(now);
    return shared;
}

void engine_purge_run(struct firn_session *s, struct engine_staged *at)
{
    const struct engine_gone *g = &at->gone;
    size_t last = g->doomed.count - 1;
    const struct iceberg_paths first = {.count = last, .paths = g->doomed.paths};
    const struct iceberg_paths metadata = {.count = 1, .paths = g->doomed.paths + last};
    if (g->doomed.count == 0)
        return;
    if (is_shared(s, g))
        engine_notice(s, "the files of \"%.*s.%.*s\" stay: another table stands in its folder",
                      STR_ARG(at->name.space), STR_ARG(at->name.table));
    else if (!iceberg_paths_delete(s->store, &first) || !iceberg_paths_delete(s->store, &metadata))
        engine_notice(s, "files of \"%.*s.%.*s\" could not be deleted; %.*s names them",
                      STR_ARG(at->name.space), STR_ARG(at->name.table), STR_ARG(g->location));
    if (g->spared_count > 0)
        engine_notice(s, "files that \"%.*s.%.*s\" names outside its folders stay: %zu",
                      STR_ARG(at->name.space), STR_ARG(at->name.table), g->spared_count);
}
