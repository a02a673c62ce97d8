// SPDX-License-Identifier: Apache-2.0
/* engine_journal.c - what an attempt to publish may leave behind, and who clears it away.
 *
 *     <warehouse>/firn-journal/<hash of the table's name>/<ms>-<publish id>-<n>.json
 *         {"version", "publish-id", "uuid", "base", "folders"}
 *
 * Every file that a transaction writes carries the first 24 characters of its publish id in its
 * name. Before the first file of a table goes out, a journal says which attempt writes where, on top
 * of which metadata file (`base`). Whoever ends well deletes it; a process that died leaves it. A
 * later publish of the same table finds it and deletes the attempt's files.
 *
 * J1  no file without a journal: it is durable before the first of them is begun
 * J2  an attempt is over when its base is no longer the table's newest metadata: no catalog would
 *     accept it. Only who has just published looks, so its own commit is the fence
 * J3  an attempt with any file in the table's metadata was published: nothing of it is deleted. One that
 *     created a table may have been published, and the table renamed since: where any table of the
 *     catalog may be it, nothing of it is deleted either
 * J4  a live attempt whose base moved goes on under a new journal: it writes that, then looks
 *     whether the old one is still there, and gives up if it is not. Who clears first puts a claim in
 *     place of the old journal, then looks for a newer one and leaves the files alone if there is
 *     one, then looks at the table as it is by now (J3). Either the live one sees the claim, or its
 *     newer journal is seen, or it has ended and what it published is seen. One that creates a
 *     table has no base that could move: it looks for its journal right before it publishes, because
 *     the table in whose favour it was cleared away may have been dropped again
 * J5  claims stay until the files are gone: another publish goes on where one died, beginning with the
 *     journal that the claim stands for
 *
 * Not beside the table's metadata, because a table that was never published has a folder that
 * nobody knows. Clearing is best effort and never fails a publish that stands. */
#include "engine/engine_int.h"

#include "base/clock.h"
#include "base/jsontext.h"
#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_BYTES   ((size_t)64 << 10)
#define JOURNAL_VERSION 1
#define FAMILY_BYTES    24   /* of a publish id: what its files' names share */
#define LOOKS_MAX       5    /* at a catalog whose tables come and go */
#define ASKED_MAX       1000 /* tables that a server is asked about to clear one attempt away */
#define UUID_BYTES      36

/* ---- places ---------------------------------------------------------------------------------- */

/* A catalog server may keep its warehouse to itself: then journals stand above the table. */
static status journal_folder(struct firn_session *s, const struct engine_staged *t,
                             struct arena *arena, struct str *out, struct error *err)
{
    struct str root = catalog_warehouse(s->catalog), name;
    char hash[SHA256_HEX_BYTES];
    uint8_t sum[SHA256_BYTES];
    if (!memchr(root.ptr ? root.ptr : "", ':', root.len)) {
        const char *slash = memrchr(t->current->location.ptr, '/', t->current->location.len);
        ENSURE(slash != NULL, err);
        root = (struct str){t->current->location.ptr, (size_t)(slash - t->current->location.ptr)};
    }
    TRY(arena_printf(arena, &name, err, "%.*s\n%.*s\n%.*s", STR_ARG(catalog_scope(s->catalog)),
                     STR_ARG(t->name.space), STR_ARG(t->name.table)));
    sha256((struct str){0}, name, sum);
    sha256_hex(sum, hash);
    return arena_printf(arena, out, err, "%.*s/firn-journal/%.32s", STR_ARG(root), hash);
}

/* "<ms>-<publish id>-<n>.json" or "...-<n>.claim". */
struct journal_name {
    struct str path;
    int64_t ms, number;
    struct str publish_id;
    bool claim;
};

static bool is_uuid(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f');
        if (dash ? s.ptr[i] != '-' : !hex)
            return false;
    }
    return s.len == UUID_BYTES;
}

static bool read_number(struct str *s, int64_t *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < s->len && n < 17 && s->ptr[n] >= '0' && s->ptr[n] <= '9'; n++)
        *out = *out * 10 + (s->ptr[n] - '0');
    *s = (struct str){s->ptr + n, s->len - n};
    return n > 0;
}

static bool name_parse(struct str path, struct journal_name *out)
{
    const char *slash = memrchr(path.ptr, '/', path.len);
    struct str s = path;
    *out = (struct journal_name){.path = path};
    if (slash)
        s = (struct str){slash + 1, path.len - (size_t)(slash + 1 - path.ptr)};
    if (!read_number(&s, &out->ms) || s.len < UUID_BYTES + 2 || s.ptr[0] != '-')
        return false;
    out->publish_id = (struct str){s.ptr + 1, UUID_BYTES};
    s = (struct str){s.ptr + 1 + UUID_BYTES, s.len - 1 - UUID_BYTES};
    if (!is_uuid(out->publish_id) || s.len < 2 || s.ptr[0] != '-')
        return false;
    s = (struct str){s.ptr + 1, s.len - 1};
    if (!read_number(&s, &out->number))
        return false;
    out->claim = str_eq(s, STR(".claim"));
    return out->claim || str_eq(s, STR(".json"));
}

/* ---- a journal's text ------------------------------------------------------------------------ */

static status put_folders(const struct iceberg_table *t, struct buffer *out, struct error *err)
{
    const struct str folders[] = {t->location, iceberg_table_property(t, "write.data.path"),
                                  iceberg_table_property(t, "write.metadata.path")};
    TRY(jsontext_put_open(out, "folders", '[', err));
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (folders[i].len > 0)
            TRY(jsontext_put_str(out, NULL, folders[i], err));
    return jsontext_put_close(out, ']', err);
}

static status put_journal(const struct firn_session *s, const struct engine_staged *t,
                          struct buffer *out, struct error *err)
{
    TRY(jsontext_put_open(out, NULL, '{', err));
    TRY(jsontext_put_long(out, "version", JOURNAL_VERSION, err));
    TRY(jsontext_put_str(out, "publish-id", str_of(s->txn->publish_id), err));
    TRY(jsontext_put_str(out, "uuid", t->current->uuid, err));
    if (t->base_location.len > 0)
        TRY(jsontext_put_str(out, "base", t->base_location, err));
    TRY(put_folders(t->current, out, err));
    return jsontext_put_close(out, '}', err);
}

static status get_journal(const json_t *root, struct arena *arena, struct engine_journal *out,
                          struct error *err)
{
    int64_t version;
    const json_t *folders;
    TRY(jsontext_get_long(root, "version", &version, err));
    if (version != JOURNAL_VERSION)
        FAIL(err, ST_UNSUPPORTED, "journal version %lld", (long long)version);
    TRY(jsontext_get_str(arena, root, "publish-id", &out->publish_id, err));
    TRY(jsontext_get_str(arena, root, "uuid", &out->uuid, err));
    TRY(jsontext_get_str_or_null(arena, root, "base", &out->base, err));
    TRY(jsontext_get_array(root, "folders", true, &folders, err));
    CHECK_BYTES(is_uuid(out->publish_id), err);
    CHECK_BYTES(json_array_size(folders) <= 16, err);
    out->folder_count = json_array_size(folders);
    TRY(ARENA_ARRAY(arena, struct str, out->folder_count, &out->folders, err));
    for (size_t i = 0; i < out->folder_count; i++) {
        const json_t *text = json_array_get(folders, i);
        CHECK_BYTES(json_is_string(text) && json_string_length(text) > 0, err);
        TRY(arena_str(arena, (struct str){json_string_value(text), json_string_length(text)},
                      &out->folders[i], err));
    }
    return ST_OK;
}

status engine_journal_parse(struct str text, struct arena *arena, struct engine_journal *out,
                            struct error *err)
{
    struct jsontext_doc doc;
    *out = (struct engine_journal){0};
    TRY(jsontext_doc_parse(&doc, NULL, text.ptr, text.len, err));
    status st = get_journal(doc.root, arena, out, err);
    jsontext_doc_free(&doc);
    return st;
}

/* ---- the attempt's own ----------------------------------------------------------------------- */

static status journal_write(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    struct arena *a = &s->txn->arena;
    struct buffer text;
    struct str folder, path;
    TRY(journal_folder(s, t, a, &folder, err));
    TRY(arena_printf(a, &path, err, "%.*s/%015lld-%s-%d.json", STR_ARG(folder),
                     (long long)(clock_now_us() / 1000), s->txn->publish_id, t->journal_number));
    buffer_init(&text, NULL, JOURNAL_BYTES);
    status st = put_journal(s, t, &text, err);
    if (st == ST_OK)
        st = store_write_all(s->store, path, text.data, text.len, err);
    buffer_free(&text);
    TRY_CONTEXT(st, err, "noting a write to \"%.*s.%.*s\"", STR_ARG(t->name.space),
                STR_ARG(t->name.table));
    t->journal = path;
    t->journal_number++;
    return ST_OK;
}

status engine_journal_open(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    return t->journal.len > 0 ? ST_OK : journal_write(s, t, err); /* J1 */
}

/* J4: is a journal of this attempt still there? */
static status journal_stands(struct firn_session *s, const struct engine_staged *t,
                             struct str journal, struct error *err)
{
    struct store_file *f;
    struct error why;
    error_init(&why);
    status st = store_open(s->store, journal, -1, &f, &why);
    if (st == ST_NOT_FOUND)
        FAIL(err, ST_CONFLICT,
             "a writer of \"%.*s.%.*s\" took this transaction for abandoned and cleared its files "
             "away; run it again",
             STR_ARG(t->name.space), STR_ARG(t->name.table));
    if (st != ST_OK)
        return error_set(err, st, __FILE__, __LINE__, "looking for this write's own journal: %s",
                         why.msg);
    store_close(f);
    return ST_OK;
}

status engine_journal_check(struct firn_session *s, const struct engine_staged *t,
                            struct error *err)
{
    return t->journal.len > 0 ? journal_stands(s, t, t->journal, err) : ST_OK;
}

/* J4 */
status engine_journal_renew(struct firn_session *s, struct engine_staged *t, struct error *err)
{
    struct str old = t->journal;
    if (old.len == 0)
        return ST_OK;
    TRY(journal_write(s, t, err));
    TRY(journal_stands(s, t, old, err));
    return store_delete(s->store, old, err);
}

void engine_journal_end(struct firn_session *s, struct engine_staged *t)
{
    if (t->journal.len == 0)
        return;
    status ignored =
        store_delete(s->store, t->journal, NULL); /* J3: who finds it deletes only it */
    (void)ignored;
    t->journal = (struct str){0};
}

/* ---- others' --------------------------------------------------------------------------------- */

struct clearing {
    struct firn_session *session;
    const struct engine_staged *t; /* just published */
    struct arena *arena;
    size_t count;
    struct journal_name *names; /* of the table's journals and claims */
};

static status list_names(struct clearing *c, struct error *err)
{
    struct str folder, *paths;
    size_t count;
    TRY(journal_folder(c->session, c->t, c->arena, &folder, err));
    status st = store_glob(c->session->store, folder, c->arena, &paths, &count, err);
    c->count = 0;
    if (st != ST_OK)
        return st;
    TRY(ARENA_ARRAY(c->arena, struct journal_name, count, &c->names, err));
    for (size_t i = 0; i < count; i++)
        c->count += name_parse(paths[i], &c->names[c->count]);
    return ST_OK;
}

static status read_journal(struct clearing *c, struct str path, struct engine_journal *out,
                           struct error *err)
{
    struct buffer text;
    buffer_init(&text, NULL, JOURNAL_BYTES);
    status st = store_read_all(c->session->store, path, &text, err);
    if (st == ST_OK)
        st = engine_journal_parse(buffer_str(&text), c->arena, out, err);
    buffer_free(&text);
    if (st != ST_OK)
        error_context(err, "%.*s", STR_ARG(path));
    return st;
}

/* Is it one that the table had before the newest commit? */
static bool is_older(const struct engine_staged *t, struct str base)
{
    if (str_eq(base, t->base_location))
        return true;
    for (size_t i = 0; i < t->current->metadata_log_count; i++)
        if (str_eq(t->current->metadata_log[i].metadata_file, base))
            return true;
    int64_t number = iceberg_metadata_number(base);
    return number >= 0 && number < iceberg_metadata_number(t->base_location);
}

/* J2 */
static bool is_over(const struct engine_staged *t, const struct engine_journal *j)
{
    if (!j->base.ptr)
        return true; /* it wanted to create what is there now */
    return str_eq(j->uuid, t->current->uuid) && is_older(t, j->base);
}

static bool is_below(struct str path, struct str folder)
{
    return folder.len > 0 && str_starts(path, folder) && path.len > folder.len + 1 &&
           path.ptr[folder.len] == '/';
}

/* A journal is as foreign as any file: it can make firn look only in the table's own places or, for
 * one that was to be created and has none, below the warehouse. */
static bool may_clear(const struct clearing *c, const struct engine_journal *j, struct str folder)
{
    const struct iceberg_table *t = c->t->current;
    bool below = !j->base.ptr && is_below(folder, catalog_warehouse(c->session->catalog)) &&
                 !memmem(folder.ptr, folder.len, "/..", 3);
    return below || str_eq(folder, t->location) ||
           str_eq(folder, iceberg_table_property(t, "write.data.path")) ||
           str_eq(folder, iceberg_table_property(t, "write.metadata.path"));
}

static bool is_of(struct str path, struct str publish_id)
{
    if (path.len == 0) /* what a server keeps to itself, or version 1 has not */
        return false;
    const char *slash = memrchr(path.ptr, '/', path.len);
    const char *name = slash ? slash + 1 : path.ptr;
    return memmem(name, path.len - (size_t)(name - path.ptr), publish_id.ptr, FAMILY_BYTES) != NULL;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(((const struct iceberg_manifest *)a)->path,
                   ((const struct iceberg_manifest *)b)->path);
}

status engine_manifests(struct firn_session *s, const struct iceberg_table *t, struct arena *arena,
                        struct iceberg_manifest **out, size_t *count, struct error *err)
{
    struct iceberg_manifest *one;
    size_t n, capacity = 0, kept = 0;
    *out = NULL;
    *count = 0;
    for (size_t i = 0; i < t->snapshot_count; i++) {
        TRY(iceberg_manifests_read(s->store, t, &t->snapshots[i], arena, &s->account, &one, &n,
                                   err));
        TRY(arena_grow(arena, (void **)out, sizeof(**out), &capacity, *count + n, err));
        for (size_t k = 0; k < n; k++)
            (*out)[(*count)++] = one[k];
    }
    if (*count > 1)
        qsort(*out, *count, sizeof(**out), by_path);
    for (size_t i = 0; i < *count; i++)
        if (i == 0 || !str_eq((*out)[i].path, (*out)[kept - 1].path))
            (*out)[kept++] = (*out)[i];
    *count = kept;
    return ST_OK;
}

static status manifest_names(struct clearing *c, const struct iceberg_table *t,
                             const struct iceberg_manifest *m, struct str id, bool *out,
                             struct error *err)
{
    struct mem_account *account = &c->session->account;
    struct iceberg_entry *entries;
    struct arena scratch; /* one manifest's entries at a time */
    size_t n;
    *out = is_of(m->path, id);
    if (*out)
        return ST_OK;
    arena_init(&scratch, account);
    status st = iceberg_entries_read(c->session->store, t, m, &scratch, account, &entries, &n, err);
    for (size_t i = 0; st == ST_OK && i < n; i++)
        *out |= is_of(entries[i].file.path, id);
    arena_free(&scratch);
    return st;
}

static status table_names(struct clearing *c, const struct iceberg_table *t, struct str id,
                          bool *out, struct error *err)
{
    struct iceberg_manifest *list;
    size_t count;
    *out = is_of(t->metadata_location, id);
    for (size_t i = 0; !*out && i < t->metadata_log_count; i++)
        *out = is_of(t->metadata_log[i].metadata_file, id);
    for (size_t i = 0; !*out && i < t->snapshot_count; i++)
        *out = str_eq(iceberg_snapshot_property(&t->snapshots[i], "firn.publish-id"), id) ||
               is_of(t->snapshots[i].manifest_list, id);
    if (*out)
        return ST_OK;
    TRY(engine_manifests(c->session, t, c->arena, &list, &count, err));
    for (size_t i = 0; !*out && i < count; i++)
        TRY(manifest_names(c, t, &list[i], id, out, err));
    return ST_OK;
}

static bool stands_in(const struct engine_journal *j, struct str location)
{
    bool found = false;
    for (size_t f = 0; f < j->folder_count; f++)
        found |= is_below(location, j->folders[f]);
    return found;
}

/* A server that writes the metadata gives a new table the folder of any that had its name before, so
 * the folder says nothing: is it the one that was to be created, or does it name its files? One that
 * cannot be read may be it. */
static status is_or_names(struct clearing *c, struct catalog_name name,
                          const struct engine_journal *j, bool *out, struct error *err)
{
    struct clearing one = *c;
    struct arena scratch;    /* one table's metadata at a time */
    struct catalog_pin *now; /* of its own: others change the rest meanwhile */
    struct iceberg_table *t;
    TRY(catalog_pin(c->session->catalog, &now, err));
    arena_init(&scratch, &c->session->account);
    one.arena = &scratch;
    status st = catalog_load(now, name, &scratch, &t, err);
    *out = st == ST_OK && str_eq(t->uuid, j->uuid);
    if (st == ST_OK && !*out && stands_in(j, t->metadata_location))
        st = table_names(&one, t, j->publish_id, out, err);
    arena_free(&scratch);
    catalog_unpin(now);
    *out |= st == ST_CORRUPT || st == ST_UNSUPPORTED || st == ST_INVALID || st == ST_AUTH;
    return *out ? ST_OK : st;
}

static status look_for(struct clearing *c, struct catalog_pin *now, const struct engine_journal *j,
                       bool *out, struct error *err)
{
    bool asks = catalog_traits(c->session->catalog)->writes_metadata;
    struct str *spaces, *tables, location;
    size_t space_count, count, asked = 0;
    TRY(catalog_namespaces(now, c->arena, &spaces, &space_count, err));
    for (size_t i = 0; !*out && i < space_count; i++) {
        TRY(catalog_tables(now, spaces[i], c->arena, &tables, &count, err));
        asked += count;
        *out = asks && asked > ASKED_MAX;
        for (size_t k = 0; !*out && k < count; k++) {
            struct catalog_name name = {spaces[i], tables[k]};
            if (asks) {
                TRY(is_or_names(c, name, j, out, err));
                continue;
            }
            TRY(catalog_location(now, name, c->arena, &location, err));
            *out = stands_in(j, location);
        }
    }
    return ST_OK;
}

/* J3: is any table of the catalog the one that was to be created? Where it stands tells, or else what
 * it is, for which a server is asked about each; with too many of them yes is assumed. One that is
 * gone when it is asked for may have another name by now: then all are looked at again. */
static status any_is(struct clearing *c, const struct engine_journal *j, bool *out,
                     struct error *err)
{
    status st = ST_NOT_FOUND;
    for (int looks = 0; st == ST_NOT_FOUND && looks < LOOKS_MAX; looks++) {
        struct catalog_pin *now;
        TRY(catalog_pin(c->session->catalog, &now, err));
        st = look_for(c, now, j, out, err);
        catalog_unpin(now);
    }
    return st;
}

/* J3: by the catalog's own history where it has one, else by the files that tables name now. Of a table
 * that is gone nobody knows: it counts as published. */
static status was_published(struct clearing *c, const struct engine_journal *j, bool *out,
                            struct error *err)
{
    struct firn_session *s = c->session;
    struct str id = j->publish_id;
    struct catalog_pin *now;
    struct iceberg_table *t;
    struct str location;
    TRY(catalog_was_published(s->catalog, id, out, err));
    if (*out)
        return ST_OK;
    TRY(catalog_pin(s->catalog, &now, err));
    status st = catalog_location(now, c->t->name, c->arena, &location, err);
    *out = st == ST_OK && !location.ptr;
    if (st == ST_OK && location.ptr)
        st = catalog_load(now, c->t->name, c->arena, &t, err);
    if (st == ST_OK && location.ptr)
        st = table_names(c, t, id, out, err);
    bool created = !j->base.ptr && !str_eq(j->uuid, c->t->current->uuid);
    if (st == ST_OK && !*out && created && !catalog_traits(s->catalog)->keeps_files)
        st = any_is(c, j, out, err);
    catalog_unpin(now);
    return st;
}

static status delete_files(struct clearing *c, const struct engine_journal *j, struct error *err)
{
    struct store *store = c->session->store;
    for (size_t i = 0; i < j->folder_count; i++) {
        struct str *paths;
        size_t count;
        if (!may_clear(c, j, j->folders[i]))
            continue;
        TRY(store_glob(store, j->folders[i], c->arena, &paths, &count, err));
        for (size_t k = 0; k < count; k++)
            if (is_of(paths[k], j->publish_id))
                TRY(store_delete(store, paths[k], err));
    }
    return ST_OK;
}

static bool has_newer(const struct clearing *c, const struct journal_name *n)
{
    for (size_t i = 0; i < c->count; i++)
        if (str_eq(c->names[i].publish_id, n->publish_id) && c->names[i].number > n->number)
            return true;
    return false;
}

/* J4, J5: a claim in the journal's place. *mine false: the attempt lives on. */
static status claim(struct clearing *c, const struct journal_name *n, struct str *path, bool *mine,
                    struct error *err)
{
    struct store *store = c->session->store;
    int stem = (int)(n->path.len - strlen(n->claim ? ".claim" : ".json"));
    struct buffer text;
    struct str journal;
    TRY(arena_printf(c->arena, &journal, err, "%.*s.json", stem, n->path.ptr));
    TRY(arena_printf(c->arena, path, err, "%.*s.claim", stem, n->path.ptr));
    if (!n->claim) {
        buffer_init(&text, NULL, JOURNAL_BYTES);
        status st = store_read_all(store, n->path, &text, err);
        if (st == ST_OK)
            st = store_write_all(store, *path, text.data, text.len, err);
        buffer_free(&text);
        if (st != ST_OK)
            return st;
    }
    status gone = store_delete(store, journal, err);
    if (gone != ST_OK &&
        !(n->claim && gone == ST_NOT_FOUND)) /* who claimed it may have died here */
        return gone;
    TRY(list_names(c, err));
    *mine = !has_newer(c, n);
    return ST_OK;
}

static status clear_one(struct clearing *c, struct journal_name n, struct error *err)
{
    struct engine_journal j;
    struct str path;
    bool mine, published = true;
    TRY(read_journal(c, n.path, &j, err));
    if (!is_over(c->t, &j) || !str_eq(j.publish_id, n.publish_id))
        return ST_OK;
    TRY(claim(c, &n, &path, &mine, err));
    if (mine)
        TRY(was_published(c, &j, &published, err));
    if (!published)
        TRY(delete_files(c, &j, err));
    return store_delete(c->session->store, path, err);
}

/* One that cannot be read or cleared does not keep the others. */
static status clear_table(struct clearing *c, int64_t grace_ms, struct error *err)
{
    int64_t now_ms = clock_now_us() / 1000;
    status first = ST_OK;
    TRY(list_names(c, err));
    const struct clearing all = *c; /* a claim lists anew */
    for (size_t i = 0; i < all.count; i++) {
        if (all.names[i].ms + grace_ms > now_ms || has_newer(&all, &all.names[i]))
            continue;
        status st = clear_one(c, all.names[i], first == ST_OK ? err : NULL);
        if (first == ST_OK && st != ST_NOT_FOUND && st != ST_EXISTS) /* those: others are at it */
            first = st;
    }
    return first;
}

void engine_journals_clear(struct firn_session *s, const struct engine_staged *t)
{
    struct arena arena;
    struct error err;
    struct clearing c = {.session = s, .t = t, .arena = &arena};
    struct str grace = engine_setting_get(s, "abandoned_after");
    error_init(&err);
    arena_init(&arena, &s->account);
    if (clear_table(&c, strtoll(grace.ptr, NULL, 10), &err) != ST_OK)
        engine_notice(s, "what an earlier write left behind was not cleared away: %s", err.msg);
    arena_free(&arena);
}
