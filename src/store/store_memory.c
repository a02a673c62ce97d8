// SPDX-License-Identifier: Apache-2.0
/* store_memory.c - files in memory, for tests and fuzzing, under the rules of store.h (T1 to T3).
 *
 * A published file's bytes never change, so open files share them by a count; deleting a name while
 * it is open leaves the reader what it had, as on a disk. */
#include "store/store_int.h"

#include <fnmatch.h>
#include <pthread.h>

/* A published file; owned by the store and by each reader of it. */
struct memory_bytes {
    _Atomic int owners;
    struct buffer data; /* owned */
};

struct memory_entry {
    char *name; /* owned: the path and NUL */
    size_t name_size;
    struct memory_bytes *bytes; /* one of its owners */
    struct memory_entry *next;
};

struct memory_store {
    struct store head;
    pthread_mutex_t lock; /* guards `entries` */
    struct memory_entry *entries;
};

struct memory_file {
    struct store_file head;
    struct memory_bytes *bytes; /* one of its owners */
};

struct memory_write {
    struct store_write head;
    struct memory_entry *entry; /* owned until it is published, then NULL */
};

static void bytes_release(struct memory_bytes *b)
{
    if (b && atomic_fetch_sub(&b->owners, 1) == 1) {
        buffer_free(&b->data);
        mem_free(NULL, b, sizeof(*b));
    }
}

static void entry_free(struct memory_entry *e)
{
    if (!e)
        return;
    bytes_release(e->bytes);
    mem_free(NULL, e->name, e->name_size);
    mem_free(NULL, e, sizeof(*e));
}

/* The link that points at the entry of this name, or at the NULL where the list ends. */
static struct memory_entry **find(struct memory_store *s, struct str path)
{
    struct memory_entry **at = &s->entries;
    while (*at && !str_eq_z(path, (*at)->name))
        at = &(*at)->next;
    return at;
}

static status memory_open(struct store *store, struct str path, int64_t size_hint,
                          struct store_file **out, struct error *err)
{
    struct memory_store *s = (struct memory_store *)store;
    void *memory;
    TRY(mem_calloc(NULL, sizeof(struct memory_file), &memory, err));
    struct memory_file *f = memory;
    pthread_mutex_lock(&s->lock);
    struct memory_entry *e = *find(s, path);
    if (e) {
        f->bytes = e->bytes;
        atomic_fetch_add(&f->bytes->owners, 1);
    }
    pthread_mutex_unlock(&s->lock);
    if (!e) {
        mem_free(NULL, f, sizeof(*f));
        FAIL(err, ST_NOT_FOUND, "cannot open %.*s: there is no such file in memory", STR_ARG(path));
    }
    f->head.size = size_hint >= 0 ? size_hint : (int64_t)f->bytes->data.len;
    *out = &f->head;
    return ST_OK;
}

static void memory_close(struct store_file *file)
{
    struct memory_file *f = (struct memory_file *)file;
    bytes_release(f->bytes);
    mem_free(NULL, f, sizeof(*f));
}

static status memory_read(struct store_file *file, int64_t offset, void *out, size_t bytes,
                          struct error *err)
{
    const struct buffer *data = &((struct memory_file *)file)->bytes->data;
    if ((uint64_t)offset + bytes > data->len)
        FAIL(err, ST_CORRUPT, "%.*s ends at byte %zu, expected %lld bytes", STR_ARG(file->uri),
             data->len, (long long)file->size);
    memcpy(out, data->data + offset, bytes);
    return ST_OK;
}

static void memory_write_free(struct store_write *base)
{
    entry_free(((struct memory_write *)base)->entry);
    mem_free(NULL, base, sizeof(struct memory_write));
}

static status memory_write_create(struct store *s, struct str path, struct store_write **out,
                                  struct error *err)
{
    void *memory;
    status st = ST_OK;
    TRY(mem_calloc(NULL, sizeof(struct memory_write), &memory, err));
    struct memory_write *w = memory;
    TRY_DONE(mem_calloc(NULL, sizeof(*w->entry), (void **)&w->entry, err));
    TRY_DONE(mem_alloc(NULL, path.len + 1, (void **)&w->entry->name, err));
    w->entry->name_size = path.len + 1;
    memcpy(w->entry->name, path.ptr, path.len);
    w->entry->name[path.len] = '\0';
    TRY_DONE(mem_calloc(NULL, sizeof(*w->entry->bytes), (void **)&w->entry->bytes, err));
    atomic_init(&w->entry->bytes->owners, 1);
    buffer_init(&w->entry->bytes->data, NULL, SIZE_MAX);
    *out = &w->head;
done:
    if (st != ST_OK)
        memory_write_free(&w->head);
    return st;
}

static status memory_write_append(struct store_write *base, const void *data, size_t bytes,
                                  struct error *err)
{
    struct memory_write *w = (struct memory_write *)base;
    return buffer_append(&w->entry->bytes->data, data, bytes, err);
}

static status memory_write_finish(struct store_write *base, struct error *err)
{
    struct memory_write *w = (struct memory_write *)base;
    struct memory_store *s = (struct memory_store *)base->store;
    pthread_mutex_lock(&s->lock);
    struct memory_entry **at = find(s, str_of(w->entry->name)), *old = NULL;
    if (*at && base->replace) {
        old = *at;
        *at = old->next;
        at = find(s, str_of(w->entry->name)); /* the end of the list */
    }
    bool taken = *at != NULL;
    if (!taken) {
        *at = w->entry;
        w->entry = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    if (old)
        entry_free(old);
    if (taken)
        FAIL(err, ST_EXISTS, "cannot publish %.*s: the file exists", STR_ARG(base->uri));
    return ST_OK;
}

static status memory_remove(struct store *store, struct str path, struct error *err)
{
    struct memory_store *s = (struct memory_store *)store;
    pthread_mutex_lock(&s->lock);
    struct memory_entry **at = find(s, path), *e = *at;
    if (e)
        *at = e->next;
    pthread_mutex_unlock(&s->lock);
    entry_free(e);
    return ST_OK;
}

/* Names hold slashes, so there are no folders to make. */
static status memory_folder(struct store *s, struct str path, struct error *err)
{
    return ST_OK;
}

static bool glob_matches(struct str pattern, const char *pattern_z, const char *name)
{
    if (store_glob_start(pattern) < pattern.len)
        return fnmatch(pattern_z, name, FNM_PATHNAME | FNM_PERIOD | FNM_NOESCAPE) == 0;
    size_t n = pattern.len;
    while (n > 0 && pattern.ptr[n - 1] == '/')
        n--;
    return strncmp(name, pattern.ptr, n) == 0 && (name[n] == '/' || (name[n] == '\0' && n > 0));
}

static status memory_glob(struct store *store, struct str pattern, struct store_list *list,
                          struct error *err)
{
    struct memory_store *s = (struct memory_store *)store;
    char z[STORE_PATH_MAX + 1];
    memcpy(z, pattern.ptr, pattern.len);
    z[pattern.len] = '\0';
    status st = ST_OK;
    pthread_mutex_lock(&s->lock);
    for (struct memory_entry *e = s->entries; e && st == ST_OK; e = e->next)
        if (glob_matches(pattern, z, e->name))
            st = store_list_add(list, str_of(e->name), err);
    pthread_mutex_unlock(&s->lock);
    return st;
}

static void memory_destroy(struct store *store)
{
    struct memory_store *s = (struct memory_store *)store;
    while (s->entries) {
        struct memory_entry *e = s->entries;
        s->entries = e->next;
        entry_free(e);
    }
    pthread_mutex_destroy(&s->lock);
    mem_free(NULL, s, sizeof(*s));
}

static const struct store_ops memory_ops = {
    .open = memory_open,
    .close = memory_close,
    .read = memory_read,
    .write_create = memory_write_create,
    .write_append = memory_write_append,
    .write_finish = memory_write_finish,
    .write_free = memory_write_free,
    .remove = memory_remove,
    .make_folder = memory_folder,
    .sync_folder = memory_folder,
    .glob = memory_glob,
    .destroy = memory_destroy,
};

status store_create_memory(struct store **out, struct error *err)
{
    void *memory;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(struct memory_store), &memory, err));
    struct memory_store *s = memory;
    s->head.ops = &memory_ops;
    pthread_mutex_init(&s->lock, NULL);
    *out = &s->head;
    return ST_OK;
}
