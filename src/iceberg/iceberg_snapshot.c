// SPDX-License-Identifier: Apache-2.0
/* iceberg_snapshot.c - a new snapshot: added and removed files to manifests, a manifest list and a
 * summary (spec "Snapshots"; the order of work of Iceberg's Java SnapshotProducer).
 *
 *     parent's manifests --+-- hold no removed file: listed again as they are
 *                          +-- hold one: rewritten, survivors EXISTING, removed ones DELETED
 *     added files ------------ one new manifest for each partition spec
 *                              -> manifest list -> snapshot with summary
 *
 * A fast append writes two files whatever the table's size. A removal reads every manifest with
 * live data files: a path may stand in several, and all of its entries go. Then it reads the delete
 * manifests, and delete files go that cannot apply any more: those that name a removed data file,
 * and those older than every data file that is left (as in Iceberg's Java).
 *
 * D1  the totals of the summary are those of the list just written, summed, not the parent's plus a
 *     difference; sizes, which no list has, are taken over from a parent whose other totals are
 *     right, else summed from all manifests
 * D2  a removed path that is not live in the parent is a conflict: somebody else removed it
 * D3  a snapshot's timestamp is never before the table's last change
 * D4  a path is noted in `written` before its file is begun
 * D5  in format version 3 every data manifest of the list has row ids: those it had, else the
 *     table's next ones, in list order (spec "First Row ID Assignment") */
#include "iceberg/iceberg_avro_int.h"

#include "base/random.h"
#include "iceberg/iceberg_deletes_int.h"

#include <stdlib.h>

struct totals {
    int64_t files, records, bytes;
    int64_t delete_files, position_deletes, equality_deletes;
};

struct making {
    struct store *store;
    const struct iceberg_change *c;
    const struct iceberg_snapshot *parent; /* NULL = none */
    struct iceberg_commit commit;
    struct arena *arena;
    struct mem_account *account;
    struct iceberg_paths *written;
    char uuid[37];
    int manifests_written;
    size_t count, capacity; /* the new list; both in arena */
    struct iceberg_manifest *list;
    size_t removed_count;
    struct str *removed; /* removed_paths, sorted, each once */
    bool *found;         /* by position in `removed` */
    int64_t removed_files, removed_records;
    int64_t removed_bytes; /* of data and delete files */
    int64_t removed_delete_files, removed_position_files, removed_equality_files, removed_vectors;
    int64_t removed_position_deletes, removed_equality_deletes;
    int64_t oldest;                 /* least sequence number of the data files that are left */
    struct iceberg_row_ids row_ids; /* D5: what this snapshot assigns */
    size_t touched_count, touched_capacity;
    struct str *touched; /* partition paths of added and removed files */
};

bool iceberg_paths_delete(struct store *store, const struct iceberg_paths *p)
{
    return store_delete_all(store, p->paths, p->count, NULL) == ST_OK;
}

/* D4 */
static status note_path(struct making *m, struct str path, struct error *err)
{
    struct iceberg_paths *w = m->written;
    struct str copy;
    TRY(arena_str(w->arena, path, &copy, err));
    TRY(arena_grow(w->arena, (void **)&w->paths, sizeof(*w->paths), &w->capacity, w->count + 1,
                   err));
    w->paths[w->count++] = copy;
    return ST_OK;
}

static status metadata_folder(const struct iceberg_table *t, struct arena *arena, struct str *out,
                              struct error *err)
{
    struct str own = iceberg_table_property(t, "write.metadata.path");
    if (own.len > 0)
        return arena_str(arena, iceberg_trim_slash(own), out, err);
    return arena_printf(arena, out, err, "%.*s/metadata", STR_ARG(iceberg_trim_slash(t->location)));
}

static status list_manifest(struct making *m, const struct iceberg_manifest *one, struct error *err)
{
    TRY(arena_grow(m->arena, (void **)&m->list, sizeof(*m->list), &m->capacity, m->count + 1, err));
    m->list[m->count++] = *one;
    return ST_OK;
}

static status write_manifest(struct making *m, int32_t spec_id, bool deletes,
                             const struct iceberg_entry *entries, size_t count, struct error *err)
{
    struct iceberg_manifest made;
    struct str folder, path;
    TRY(metadata_folder(m->c->base, m->arena, &folder, err));
    TRY(arena_printf(m->arena, &path, err, "%.*s/%s-m%d.avro", STR_ARG(folder), m->uuid,
                     m->manifests_written++));
    TRY(note_path(m, path, err));
    TRY(iceberg_manifest_write(m->store, &m->commit, spec_id, deletes, entries, count, path,
                               m->arena, m->account, &made, err));
    return list_manifest(m, &made, err);
}

/* ---- partitions touched ---- */

static status touch(struct making *m, const struct iceberg_data_file *f, struct error *err)
{
    const struct iceberg_spec *spec = iceberg_spec_by_id(m->c->base, f->spec_id);
    struct buffer path;
    ENSURE(spec && f->partition_count == spec->count, err);
    TRY(arena_grow(m->arena, (void **)&m->touched, sizeof(*m->touched), &m->touched_capacity,
                   m->touched_count + 1, err));
    buffer_init(&path, m->account, 1u << 20);
    status st = buffer_printf(&path, err, "%d/", spec->id);
    if (st == ST_OK)
        st = iceberg_partition_path(spec, f->partition, m->arena, &path, err);
    if (st == ST_OK)
        st = arena_str(m->arena, buffer_str(&path), &m->touched[m->touched_count++], err);
    buffer_free(&path);
    return st;
}

static int str_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int64_t count_distinct(struct str *items, size_t count)
{
    int64_t distinct = 0;
    if (count > 1)
        qsort(items, count, sizeof(*items), str_order);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || !str_eq(items[i], items[i - 1]);
    return distinct;
}

/* ---- added files ---- */

static status check_added(const struct making *m, struct error *err)
{
    const struct iceberg_change *c = m->c;
    struct str *paths;
    TRY(ARENA_ARRAY(m->arena, struct str, c->added_count, &paths, err));
    for (size_t i = 0; i < c->added_count; i++) {
        const struct iceberg_data_file *f = &c->added[i];
        const struct iceberg_spec *spec = iceberg_spec_by_id(c->base, f->spec_id);
        paths[i] = f->path;
        if (f->path.len == 0 || f->format.len == 0 || f->records < 0 || f->bytes <= 0 ||
            f->content != ICEBERG_DATA)
            FAIL(err, ST_INVALID, "\"%.*s\" is no whole data file: %lld rows in %lld bytes",
                 STR_ARG(f->path), (long long)f->records, (long long)f->bytes);
        if (!spec || f->partition_count != spec->count)
            FAIL(err, ST_INVALID, "%.*s does not fit partition spec %d", STR_ARG(f->path),
                 f->spec_id);
    }
    if (count_distinct(paths, c->added_count) != (int64_t)c->added_count)
        FAIL(err, ST_INVALID, "a data file is added twice");
    return ST_OK;
}

static status write_added(struct making *m, struct error *err)
{
    const struct iceberg_change *c = m->c;
    struct iceberg_entry *entries;
    TRY(check_added(m, err));
    TRY(ARENA_ARRAY(m->arena, struct iceberg_entry, c->added_count, &entries, err));
    for (size_t s = 0; s < c->base->spec_count; s++) {
        size_t count = 0;
        for (size_t i = 0; i < c->added_count; i++) {
            if (c->added[i].spec_id != c->base->specs[s].id)
                continue;
            entries[count++] = (struct iceberg_entry){.status = ICEBERG_ADDED,
                                                      .snapshot_id = m->commit.snapshot_id,
                                                      .sequence_number = -1,
                                                      .file_sequence_number = -1,
                                                      .file = c->added[i]};
            TRY(touch(m, &c->added[i], err));
        }
        if (count > 0)
            TRY(write_manifest(m, c->base->specs[s].id, false, entries, count, err));
    }
    return ST_OK;
}

/* ---- the parent's manifests ---- */

static bool is_live(const struct iceberg_manifest *m)
{
    return m->added_files != 0 || m->existing_files != 0; /* -1 = not known */
}

static struct str *find_removed(const struct making *m, struct str path)
{
    return bsearch(&path, m->removed, m->removed_count, sizeof(*m->removed), str_order);
}

/* True if the entry goes; notes that its path was found. */
static bool takes_away(struct making *m, const struct iceberg_entry *e)
{
    const struct iceberg_data_file *f = &e->file;
    struct str *hit;
    if (e->status == ICEBERG_DELETED)
        return false;
    if (m->c->from_empty)
        return true;
    if (f->content != ICEBERG_DATA) {
        struct str only = iceberg_deletes_path(f);
        return e->sequence_number < m->oldest || (only.ptr && find_removed(m, only));
    }
    hit = find_removed(m, f->path);
    if (hit)
        m->found[hit - m->removed] = true;
    return hit != NULL;
}

static void count_removed(struct making *m, const struct iceberg_data_file *f)
{
    bool equality = f->content == ICEBERG_EQUALITY_DELETES, vector = f->content_bytes > 0;
    m->removed_bytes += f->bytes;
    if (f->content == ICEBERG_DATA) {
        m->removed_files++;
        m->removed_records += f->records;
        return;
    }
    m->removed_delete_files++;
    m->removed_equality_files += equality;
    m->removed_vectors += vector;
    m->removed_position_files += !equality && !vector;
    *(equality ? &m->removed_equality_deletes : &m->removed_position_deletes) += f->records;
}

/* The counts a list of version 1 may lack but version 2 must have. */
static void fill_counts(struct iceberg_manifest *m, const struct iceberg_entry *entries,
                        size_t count)
{
    int64_t *files[] = {&m->existing_files, &m->added_files, &m->deleted_files};
    int64_t *rows[] = {&m->existing_rows, &m->added_rows, &m->deleted_rows};
    for (int i = 0; i < 3; i++)
        *files[i] = *rows[i] = 0;
    for (size_t i = 0; i < count; i++) {
        ++*files[entries[i].status];
        *rows[entries[i].status] += entries[i].file.records;
    }
}

static bool counts_missing(const struct iceberg_manifest *m)
{
    return m->added_files < 0 || m->existing_files < 0 || m->deleted_files < 0 ||
           m->added_rows < 0 || m->existing_rows < 0 || m->deleted_rows < 0;
}

/* Survivors become EXISTING and removed files DELETED; files deleted earlier are left out. */
static status rewrite(struct making *m, int32_t spec_id, bool deletes,
                      struct iceberg_entry *entries, size_t count, struct error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct iceberg_entry *e = &entries[i];
        if (e->status == ICEBERG_DELETED)
            continue;
        if (takes_away(m, e)) {
            e->status = ICEBERG_DELETED;
            e->snapshot_id = m->commit.snapshot_id;
            count_removed(m, &e->file);
            TRY(touch(m, &e->file, err));
        } else {
            e->status = ICEBERG_EXISTING;
        }
        entries[kept++] = *e;
    }
    return write_manifest(m, spec_id, deletes, entries, kept, err);
}

static status carry_read(struct making *m, const struct iceberg_manifest *old, bool looks_for,
                         struct arena *scratch, struct error *err)
{
    struct iceberg_manifest copy = *old;
    struct iceberg_entry *entries;
    size_t count;
    bool hit = false;
    TRY(iceberg_entries_read(m->store, m->c->base, old, scratch, m->account, &entries, &count,
                             err));
    if (counts_missing(old))
        fill_counts(&copy, entries, count);
    for (size_t i = 0; i < count && looks_for; i++)
        hit = takes_away(m, &entries[i]) || hit;
    if (hit)
        return rewrite(m, old->spec_id, old->deletes, entries, count, err);
    return is_live(&copy) ? list_manifest(m, &copy, err) : ST_OK;
}

static status carry_manifest(struct making *m, const struct iceberg_manifest *old,
                             struct error *err)
{
    const struct iceberg_change *c = m->c;
    bool looks_for = c->from_empty || c->removed_count > 0;
    struct arena scratch; /* one manifest's entries at a time */
    if (!is_live(old))
        return ST_OK; /* nothing but files deleted earlier */
    if (!looks_for && !counts_missing(old))
        return list_manifest(m, old, err);
    arena_init(&scratch, m->account);
    status st = carry_read(m, old, looks_for, &scratch, err);
    arena_free(&scratch);
    return st;
}

static status sort_removed(struct making *m, struct error *err)
{
    const struct iceberg_change *c = m->c;
    TRY(ARENA_ARRAY(m->arena, struct str, c->removed_count, &m->removed, err));
    TRY(ARENA_ARRAY(m->arena, bool, c->removed_count, &m->found, err));
    if (c->removed_count == 0)
        return ST_OK;
    memcpy(m->removed, c->removed_paths, c->removed_count * sizeof(*m->removed));
    qsort(m->removed, c->removed_count, sizeof(*m->removed), str_order);
    for (size_t i = 0; i < c->removed_count; i++)
        if (i == 0 || !str_eq(m->removed[i], m->removed[m->removed_count - 1]))
            m->removed[m->removed_count++] = m->removed[i];
    return ST_OK;
}

/* Lists tell it of each manifest; where one does not, 0 keeps every delete file. */
static void find_oldest(struct making *m)
{
    m->oldest = m->commit.sequence_number;
    for (size_t i = 0; i < m->count; i++)
        if (is_live(&m->list[i]) && m->list[i].min_sequence_number < m->oldest)
            m->oldest = m->list[i].min_sequence_number;
}

static status carry_parent(struct making *m, struct error *err)
{
    struct iceberg_manifest *old;
    size_t count = 0;
    TRY(sort_removed(m, err));
    if (m->parent)
        TRY(iceberg_manifests_read(m->store, m->c->base, m->parent, m->arena, m->account, &old,
                                   &count, err));
    for (size_t i = 0; i < count; i++)
        if (!old[i].deletes)
            TRY(carry_manifest(m, &old[i], err));
    find_oldest(m);
    for (size_t i = 0; i < count; i++)
        if (old[i].deletes)
            TRY(carry_manifest(m, &old[i], err));
    for (size_t i = 0; i < m->removed_count && !m->c->from_empty; i++) /* D2 */
        if (!m->found[i])
            FAIL(err, ST_CONFLICT, "%.*s, to be removed, is not in the table any more",
                 STR_ARG(m->removed[i]));
    return ST_OK;
}

/* ---- totals ---- */

static bool parse_total(const struct iceberg_snapshot *s, const char *key, int64_t *out)
{
    struct str text = iceberg_snapshot_property(s, key);
    int64_t v = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, text.ptr[i] - '0', &v))
            return false;
    *out = v;
    return text.len > 0;
}

/* What lists know: files and rows. Delete files' rows are deletes of a kind not told there. */
static void sum_list(const struct making *m, struct totals *t)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct iceberg_manifest *one = &m->list[i];
        if (one->deletes) {
            t->delete_files += one->added_files + one->existing_files;
        } else {
            t->files += one->added_files + one->existing_files;
            t->records += one->added_rows + one->existing_rows;
        }
    }
}

static status sum_entries(const struct making *m, struct totals *t, struct error *err)
{
    *t = (struct totals){0};
    for (size_t i = 0; i < m->count; i++) {
        struct arena scratch;
        struct iceberg_entry *entries;
        size_t count;
        arena_init(&scratch, m->account);
        status st = iceberg_entries_read(m->store, m->c->base, &m->list[i], &scratch, m->account,
                                         &entries, &count, err);
        for (size_t k = 0; st == ST_OK && k < count; k++) {
            const struct iceberg_data_file *f = &entries[k].file;
            if (entries[k].status == ICEBERG_DELETED)
                continue;
            t->bytes += f->bytes;
            t->files += f->content == ICEBERG_DATA;
            t->delete_files += f->content != ICEBERG_DATA;
            t->records += f->content == ICEBERG_DATA ? f->records : 0;
            t->position_deletes += f->content == ICEBERG_POSITION_DELETES ? f->records : 0;
            t->equality_deletes += f->content == ICEBERG_EQUALITY_DELETES ? f->records : 0;
        }
        arena_free(&scratch);
        TRY(st);
    }
    return ST_OK;
}

/* D1 */
static status find_totals(const struct making *m, const struct totals *added, struct totals *t,
                          struct error *err)
{
    struct totals p = {0};
    const struct iceberg_snapshot *parent = m->parent;
    *t = (struct totals){0};
    sum_list(m, t);
    bool told = !parent || (parse_total(parent, "total-data-files", &p.files) &&
                            parse_total(parent, "total-records", &p.records) &&
                            parse_total(parent, "total-files-size", &p.bytes) &&
                            parse_total(parent, "total-delete-files", &p.delete_files) &&
                            parse_total(parent, "total-position-deletes", &p.position_deletes) &&
                            parse_total(parent, "total-equality-deletes", &p.equality_deletes));
    if (!told || p.files + added->files - m->removed_files != t->files ||
        p.records + added->records - m->removed_records != t->records ||
        p.delete_files - m->removed_delete_files != t->delete_files)
        return sum_entries(m, t, err);
    t->bytes = p.bytes + added->bytes - m->removed_bytes;
    t->position_deletes = p.position_deletes - m->removed_position_deletes;
    t->equality_deletes = p.equality_deletes - m->removed_equality_deletes;
    return ST_OK;
}

/* ---- the summary ---- */

static status put_text(struct making *m, struct iceberg_snapshot *s, struct str key,
                       struct str value, struct error *err)
{
    struct property *p = &s->summary[s->summary_count++];
    TRY(arena_str(m->arena, key, &p->key, err));
    return arena_str(m->arena, value, &p->value, err);
}

static status put_count(struct making *m, struct iceberg_snapshot *s, const char *key, int64_t v,
                        bool even_zero, struct error *err)
{
    char text[24];
    if (v == 0 && !even_zero)
        return ST_OK;
    snprintf(text, sizeof(text), "%lld", (long long)v);
    return put_text(m, s, str_of(key), str_of(text), err);
}

static status put_counts(struct making *m, struct iceberg_snapshot *s, struct error *err)
{
    struct totals added = {0}, t;
    for (size_t i = 0; i < m->c->added_count; i++) {
        added.files++;
        added.records += m->c->added[i].records;
        added.bytes += m->c->added[i].bytes;
    }
    TRY(find_totals(m, &added, &t, err));
    const struct {
        const char *key;
        int64_t v;
        bool even_zero; /* the totals: some readers fail without them */
    } counts[] = {
        {"added-data-files", added.files, false},
        {"added-records", added.records, false},
        {"added-files-size", added.bytes, false},
        {"deleted-data-files", m->removed_files, false},
        {"deleted-records", m->removed_records, false},
        {"removed-files-size", m->removed_bytes, false},
        {"removed-delete-files", m->removed_delete_files, false},
        {"removed-position-delete-files", m->removed_position_files, false},
        {"removed-equality-delete-files", m->removed_equality_files, false},
        {"removed-dvs", m->removed_vectors, false},
        {"removed-position-deletes", m->removed_position_deletes, false},
        {"removed-equality-deletes", m->removed_equality_deletes, false},
        {"changed-partition-count", count_distinct(m->touched, m->touched_count), true},
        {"total-records", t.records, true},
        {"total-files-size", t.bytes, true},
        {"total-data-files", t.files, true},
        {"total-delete-files", t.delete_files, true},
        {"total-position-deletes", t.position_deletes, true},
        {"total-equality-deletes", t.equality_deletes, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        TRY(put_count(m, s, counts[i].key, counts[i].v, counts[i].even_zero, err));
    return ST_OK;
}

static status make_summary(struct making *m, struct iceberg_snapshot *s, struct error *err)
{
    static const char *const operations[] = {"append", "overwrite", "delete", "replace"};
    const struct iceberg_change *c = m->c;
    TRY(ARENA_ARRAY(m->arena, struct property, c->summary_count + 20, &s->summary, err));
    TRY(put_text(m, s, STR("operation"), str_of(operations[c->operation]), err));
    TRY(put_counts(m, s, err));
    for (size_t i = 0; i < c->summary_count; i++) {
        for (size_t k = 0; k < s->summary_count; k++)
            if (str_eq(s->summary[k].key, c->summary[i].key))
                FAIL(err, ST_INVALID, "summary key %.*s is there twice",
                     STR_ARG(c->summary[i].key));
        TRY(put_text(m, s, c->summary[i].key, c->summary[i].value, err));
    }
    return ST_OK;
}

/* ---- the whole ---- */

static status check_change(const struct iceberg_change *c, struct error *err)
{
    if (c->base->format_version < 2)
        FAIL(err, ST_UNSUPPORTED, "writing to a table of format version 1");
    if (c->operation == ICEBERG_APPEND && (c->removed_count > 0 || c->from_empty) &&
        c->parent_id != -1)
        FAIL(err, ST_INVALID, "an append cannot remove files");
    if (c->operation == ICEBERG_DELETE && c->added_count > 0)
        FAIL(err, ST_INVALID, "a delete cannot add files");
    if (c->removed_count > 0 && c->parent_id == -1)
        FAIL(err, ST_CONFLICT, "%.*s, to be removed, is not in the table any more",
             STR_ARG(c->removed_paths[0]));
    return ST_OK;
}

static status prepare(struct making *m, struct error *err)
{
    const struct iceberg_change *c = m->c;
    TRY(check_change(c, err));
    m->commit = (struct iceberg_commit){.table = c->base,
                                        .schema = iceberg_schema_by_id(c->base, c->schema_id),
                                        .parent_id = c->parent_id,
                                        .sequence_number = c->base->last_sequence_number + 1};
    if (!m->commit.schema)
        FAIL(err, ST_INVALID, "the table has no schema %d", c->schema_id);
    if (c->parent_id != -1) {
        m->parent = iceberg_snapshot_by_id(c->base, c->parent_id);
        if (!m->parent)
            FAIL(err, ST_INVALID, "the table has no snapshot %lld", (long long)c->parent_id);
    }
    m->commit.snapshot_id = c->snapshot_id;
    if (c->snapshot_id && iceberg_snapshot_by_id(c->base, c->snapshot_id))
        FAIL(err, ST_INVALID, "the table has a snapshot %lld already", (long long)c->snapshot_id);
    while (!m->commit.snapshot_id || iceberg_snapshot_by_id(c->base, m->commit.snapshot_id))
        TRY(random_id(&m->commit.snapshot_id, err));
    if (!c->uuid)
        return random_uuid(m->uuid, err);
    snprintf(m->uuid, sizeof(m->uuid), "%s", c->uuid);
    return ST_OK;
}

/* D5 */
static status assign_rows(struct making *m, struct error *err)
{
    int64_t next = m->c->base->next_row_id;
    if (m->c->base->format_version < 3)
        return ST_OK;
    m->row_ids = (struct iceberg_row_ids){.assigned = true, .first = next};
    for (size_t i = 0; i < m->count; i++) {
        struct iceberg_manifest *one = &m->list[i];
        int64_t rows = one->added_rows + one->existing_rows;
        if (one->deletes || one->row_ids.assigned)
            continue;
        one->row_ids = (struct iceberg_row_ids){true, next, rows};
        if (rows < 0 || __builtin_add_overflow(next, rows, &next))
            FAIL(err, ST_CORRUPT, "manifest %.*s: row ids pass 63 bits", STR_ARG(one->path));
    }
    m->row_ids.count = next - m->row_ids.first;
    return ST_OK;
}

static status write_list(struct making *m, struct str *out, struct error *err)
{
    struct str folder;
    TRY(metadata_folder(m->c->base, m->arena, &folder, err));
    TRY(arena_printf(m->arena, out, err, "%.*s/snap-%lld-1-%s.avro", STR_ARG(folder),
                     (long long)m->commit.snapshot_id, m->uuid));
    TRY(note_path(m, *out, err));
    return iceberg_manifest_list_write(m->store, &m->commit, m->list, m->count, *out, m->account,
                                       err);
}

status iceberg_snapshot_write(struct store *store, const struct iceberg_change *c,
                              struct arena *arena, struct mem_account *account,
                              struct iceberg_snapshot **out, struct iceberg_paths *written,
                              struct error *err)
{
    struct making m = {
        .store = store, .c = c, .arena = arena, .account = account, .written = written};
    struct iceberg_snapshot *s;
    *out = NULL;
    TRY(prepare(&m, err));
    TRY(write_added(&m, err));
    TRY(carry_parent(&m, err));
    TRY(ARENA_NEW(arena, struct iceberg_snapshot, &s, err));
    *s = (struct iceberg_snapshot){.id = m.commit.snapshot_id,
                                   .parent_id = c->parent_id,
                                   .sequence_number = m.commit.sequence_number,
                                   .timestamp_ms = c->timestamp_ms,
                                   .schema_id = c->schema_id};
    if (s->timestamp_ms < c->base->last_updated_ms) /* D3 */
        s->timestamp_ms = c->base->last_updated_ms;
    TRY(make_summary(&m, s, err));
    TRY(assign_rows(&m, err));
    s->row_ids = m.row_ids;
    TRY(write_list(&m, &s->manifest_list, err));
    *out = s;
    return ST_OK;
}
