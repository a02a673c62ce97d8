// SPDX-License-Identifier: Apache-2.0
/* store.c - the front of every store: names are checked here, then the back end is called.
 *
 *     URI -> store_place -> ops of store_local.c, store_memory.c or store_s3.c
 *
 * What a back end need not repeat: URI syntax, limits of a read, counting written bytes, sorting
 * the names of a glob. */
#include "store/store_int.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- names ---------------------------------------------------------------------------------- */

/* Length of "scheme" in "scheme://..." or "file:..."; 0 when it is a plain path. */
static size_t scheme_length(struct str s)
{
    size_t n = 0;
    while (n < s.len && ((s.ptr[n] >= 'a' && s.ptr[n] <= 'z') ||
                         (n > 0 && ((s.ptr[n] >= '0' && s.ptr[n] <= '9') || s.ptr[n] == '+' ||
                                    s.ptr[n] == '-' || s.ptr[n] == '.'))))
        n++;
    if (n == 0 || n >= s.len || s.ptr[n] != ':')
        return 0;
    bool is_file = n == 4 && memcmp(s.ptr, "file", 4) == 0;
    bool has_authority = s.len - n >= 3 && s.ptr[n + 1] == '/' && s.ptr[n + 2] == '/';
    return is_file || has_authority ? n : 0;
}

/* The path of a local file. */
static status local_path(struct str uri, struct str *path, struct error *err)
{
    struct str p = uri;
    if (memchr(uri.len ? uri.ptr : "", '\0', uri.len))
        FAIL(err, ST_INVALID, "the file name \"%.*s\" holds a NUL byte",
             (int)strnlen(uri.ptr, STORE_PATH_MAX), uri.ptr);
    size_t scheme = scheme_length(uri);
    if (scheme) {
        if (scheme != 4 || memcmp(uri.ptr, "file", 4) != 0)
            FAIL(err, ST_UNSUPPORTED, "%.*s: expected a local file or s3://bucket/key, not %.*s://",
                 STR_ARG(uri), (int)scheme, uri.ptr);
        p = (struct str){uri.ptr + 5, uri.len - 5};
        if (str_starts(p, STR("//"))) { /* an authority; only the empty one is this machine */
            p = (struct str){p.ptr + 2, p.len - 2};
            if (p.len > 0 && p.ptr[0] != '/')
                FAIL(err, ST_UNSUPPORTED, "%.*s: a file URI with a host; write file:///path",
                     STR_ARG(uri));
        }
    }
    if (p.len == 0)
        FAIL(err, ST_INVALID, "an empty file name");
    if (p.ptr[0] != '/')
        FAIL(err, ST_INVALID, "%.*s: expected an absolute path or file:///path", STR_ARG(uri));
    if (p.len > STORE_PATH_MAX)
        FAIL(err, ST_INVALID, "%.*s...: a file name of %zu bytes, at most %d are possible", 64,
             uri.ptr, p.len, STORE_PATH_MAX);
    *path = p;
    return ST_OK;
}

/* "s3://", "s3a://" or "s3n://": its length; else 0. */
static size_t s3_scheme(struct str uri)
{
    static const char *const schemes[] = {"s3://", "s3a://", "s3n://"};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_starts(uri, str_of(schemes[i])))
            return strlen(schemes[i]);
    return 0;
}

status store_place(struct store *s, struct str uri, struct store **out, struct str *path,
                   struct error *err)
{
    size_t scheme = s->ops->route ? s3_scheme(uri) : 0;
    *out = s;
    if (s->ops->route)
        TRY(s->ops->route(s, scheme > 0, out, err));
    if (scheme == 0)
        return local_path(uri, path, err);
    *path = (struct str){uri.ptr + scheme, uri.len - scheme};
    if (path->len == 0 || memchr(path->ptr, '\0', path->len))
        FAIL(err, ST_INVALID, "\"%.*s\": expected s3://bucket/key without NUL bytes",
             (int)strnlen(uri.ptr, 64), uri.ptr);
    if (path->len > STORE_PATH_MAX)
        FAIL(err, ST_INVALID, "%.*s...: a name of %zu bytes, at most %d are possible", 64, uri.ptr,
             path->len, STORE_PATH_MAX);
    return ST_OK;
}

size_t store_glob_start(struct str path)
{
    size_t part = 0;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '/')
            part = i + 1;
        else if (path.ptr[i] == '*' || path.ptr[i] == '?' || path.ptr[i] == '[')
            return part;
    }
    return path.len;
}

/* Appends `text` to out[*len], resolving "." and ".." parts and doubled slashes by text alone. */
static void append_parts(struct str text, char *out, size_t *len)
{
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && text.ptr[end] != '/')
            end++;
        struct str part = {text.ptr + at, end - at};
        if (str_eq(part, STR(".."))) {
            while (*len > 0 && out[*len - 1] != '/')
                --*len;
            if (*len > 0)
                --*len;
        } else if (part.len > 0 && !str_eq(part, STR("."))) {
            out[(*len)++] = '/';
            memcpy(out + *len, part.ptr, part.len);
            *len += part.len;
        }
        at = end + 1;
    }
}

status store_absolute(struct str path, struct arena *arena, struct str *out, struct error *err)
{
    size_t scheme = scheme_length(path);
    struct str p;
    if (scheme && !(scheme == 4 && memcmp(path.ptr, "file", 4) == 0)) {
        if (memchr(path.ptr, '\0', path.len))
            FAIL(err, ST_INVALID, "the URI \"%.*s\" holds a NUL byte", STR_ARG(path));
        return arena_str(arena, path, out, err);
    }
    if (scheme) {
        TRY(local_path(path, &p, err));
        return arena_printf(arena, out, err, "file://%.*s", (int)p.len, p.ptr);
    }
    if (path.len == 0)
        FAIL(err, ST_INVALID, "an empty file name");
    if (path.len > STORE_PATH_MAX)
        FAIL(err, ST_INVALID, "%.*s...: a file name of %zu bytes, at most %d are possible", 64,
             path.ptr, path.len, STORE_PATH_MAX);
    char here[PATH_MAX] = "";
    if (path.ptr[0] != '/' && !getcwd(here, sizeof(here)))
        return store_fail(err, "find the working folder for", path, errno, __FILE__, __LINE__);
    char whole[sizeof(here) + STORE_PATH_MAX + 2];
    size_t len = 0;
    append_parts(str_of(here), whole, &len);
    append_parts(path, whole, &len);
    if (len == 0 || path.ptr[path.len - 1] == '/')
        whole[len++] = '/';
    TRY(local_path((struct str){whole, len}, &p, err));
    return arena_printf(arena, out, err, "file://%.*s", (int)p.len, p.ptr);
}

/* A copy that outlives the caller's string; freed by name_free. */
static status name_copy(struct str uri, struct str *out, struct error *err)
{
    void *copy;
    TRY(mem_alloc(NULL, uri.len, &copy, err));
    memcpy(copy, uri.ptr, uri.len);
    *out = (struct str){copy, uri.len};
    return ST_OK;
}

static void name_free(struct str name)
{
    mem_free(NULL, (void *)(uintptr_t)name.ptr, name.len);
}

/* ---- reading -------------------------------------------------------------------------------- */

status store_open(struct store *s, struct str uri, int64_t size_hint, struct store_file **out,
                  struct error *err)
{
    struct str path, name;
    *out = NULL;
    TRY(store_place(s, uri, &s, &path, err));
    TRY(name_copy(uri, &name, err));
    status st = s->ops->open(s, path, size_hint, out, err);
    if (st != ST_OK) {
        name_free(name);
        return st;
    }
    (*out)->store = s;
    (*out)->uri = name;
    return ST_OK;
}

void store_close(struct store_file *f)
{
    if (!f)
        return;
    name_free(f->uri);
    f->store->ops->close(f);
}

int64_t store_size(const struct store_file *f)
{
    return f->size;
}

struct str store_uri(const struct store_file *f)
{
    return f->uri;
}

status store_read(struct store_file *f, int64_t offset, void *out, size_t bytes, struct error *err)
{
    if (offset < 0 || offset > f->size || bytes > (uint64_t)(f->size - offset))
        FAIL(err, ST_CORRUPT, "%.*s: %zu bytes wanted at offset %lld, the file has %lld",
             STR_ARG(f->uri), bytes, (long long)offset, (long long)f->size);
    return bytes ? f->store->ops->read(f, offset, out, bytes, err) : ST_OK;
}

status store_expect(struct store_file *f, const struct store_range *ranges, size_t count,
                    struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].offset < 0 || ranges[i].bytes < 0 || ranges[i].offset > f->size ||
            ranges[i].bytes > f->size - ranges[i].offset)
            FAIL(err, ST_CORRUPT, "%.*s: %lld bytes wanted at offset %lld, the file has %lld",
                 STR_ARG(f->uri), (long long)ranges[i].bytes, (long long)ranges[i].offset,
                 (long long)f->size);
    return f->store->ops->expect ? f->store->ops->expect(f, ranges, count, err) : ST_OK;
}

int64_t store_ahead_bytes(const struct store_file *f)
{
    return f->store->ops->ahead_bytes ? f->store->ops->ahead_bytes(f) : 0;
}

status store_expect_files(struct store *s, const struct store_next *next, size_t count,
                          size_t *taken, struct error *err)
{
    struct store_next paths[STORE_NEXT_MOST];
    struct store *to, *first = NULL;
    size_t n = 0;
    while (n < count && n < STORE_NEXT_MOST) {
        TRY(store_place(s, next[n].uri, &to, &paths[n].uri, err));
        if (first && to != first)
            break;
        first = to;
        paths[n].size = next[n].size;
        n++;
    }
    if (n > 0 && first->ops->expect_files)
        TRY(first->ops->expect_files(first, paths, n, &n, err));
    *taken = n ? n : 1;
    return ST_OK;
}

static status read_whole(struct store *s, struct str uri, bool fixed, struct buffer *out,
                         struct error *err)
{
    struct store_file *f;
    struct str path;
    TRY(store_place(s, uri, &s, &path, err));
    if (s->ops->read_all)
        return s->ops->read_all(s, path, fixed, out, err);
    TRY(store_open(s, uri, -1, &f, err));
    size_t bytes = (size_t)f->size;
    status st = buffer_reserve(out, bytes, err);
    if (st != ST_OK)
        error_context(err, "reading %.*s", STR_ARG(uri));
    else if (bytes > 0) /* an empty buffer has no address */
        st = store_read(f, 0, out->data + out->len, bytes, err);
    if (st == ST_OK)
        out->len += bytes;
    store_close(f);
    return st;
}

status store_read_all(struct store *s, struct str uri, struct buffer *out, struct error *err)
{
    return read_whole(s, uri, false, out, err);
}

status store_read_fixed(struct store *s, struct str uri, struct buffer *out, struct error *err)
{
    return read_whole(s, uri, true, out, err);
}

/* ---- writing -------------------------------------------------------------------------------- */

status store_write_create(struct store *s, struct str uri, struct store_write **out,
                          struct error *err)
{
    struct str path, name;
    *out = NULL;
    TRY(store_place(s, uri, &s, &path, err));
    if (path.ptr[path.len - 1] == '/')
        FAIL(err, ST_INVALID, "%.*s names a folder, expected a file", STR_ARG(uri));
    TRY(name_copy(uri, &name, err));
    status st = s->ops->write_create(s, path, out, err);
    if (st != ST_OK) {
        name_free(name);
        return st;
    }
    (*out)->store = s;
    (*out)->uri = name;
    return ST_OK;
}

status store_write_append(struct store_write *w, const void *data, size_t bytes, struct error *err)
{
    if (bytes == 0)
        return ST_OK;
    TRY(w->store->ops->write_append(w, data, bytes, err));
    w->bytes += (int64_t)bytes;
    return ST_OK;
}

int64_t store_write_bytes(const struct store_write *w)
{
    return w->bytes;
}

void store_write_replace(struct store_write *w)
{
    w->replace = true;
}

status store_write_finish(struct store_write *w, struct error *err)
{
    status st = w->store->ops->write_finish(w, err);
    store_write_abandon(w);
    return st;
}

void store_write_abandon(struct store_write *w)
{
    if (!w)
        return;
    name_free(w->uri);
    w->store->ops->write_free(w);
}

status store_write_all(struct store *s, struct str uri, const void *data, size_t bytes,
                       struct error *err)
{
    struct store_write *w;
    TRY(store_write_create(s, uri, &w, err));
    status st = store_write_append(w, data, bytes, err);
    if (st != ST_OK) {
        store_write_abandon(w);
        return st;
    }
    return store_write_finish(w, err);
}

/* ---- folders -------------------------------------------------------------------------------- */

static struct str without_slashes(struct str path)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

status store_make_folder(struct store *s, struct str uri, struct error *err)
{
    struct str path;
    TRY(store_place(s, uri, &s, &path, err));
    path = without_slashes(path);
    return path.len > 1 && s->ops->make_folder ? s->ops->make_folder(s, path, err) : ST_OK;
}

status store_sync_folders(struct store *s, struct str uri, struct str top, struct error *err)
{
    struct str path, root;
    TRY(store_place(s, uri, &s, &path, err));
    if (!s->ops->sync_folder)
        return ST_OK;
    TRY(local_path(top, &root, err));
    root = without_slashes(root);
    for (size_t n = path.len; n > root.len; n--)
        if (path.ptr[n - 1] == '/') {
            struct str folder = without_slashes((struct str){path.ptr, n});
            if (folder.len < root.len || !str_starts(folder, root))
                break;
            TRY(s->ops->sync_folder(s, folder, err));
            n = folder.len + 1;
        }
    return ST_OK;
}

/* ---- names in a folder, deleting ------------------------------------------------------------ */

status store_delete(struct store *s, struct str uri, struct error *err)
{
    struct str path;
    TRY(store_place(s, uri, &s, &path, err));
    return s->ops->remove(s, path, err);
}

/* The longest run of URIs from the first on that one store has, and their paths there. */
static status same_store(struct store *s, const struct str *uris, size_t count, struct store **out,
                         struct str *paths, size_t *n, struct error *err)
{
    TRY(store_place(s, uris[0], out, &paths[0], err));
    for (*n = 1; *n < count; ++*n) {
        struct store *to;
        if (store_place(s, uris[*n], &to, &paths[*n], NULL) != ST_OK || to != *out)
            break;
    }
    return ST_OK;
}

static status remove_all(struct store *s, const struct str *paths, size_t count, struct error *err)
{
    status first = ST_OK;
    if (s->ops->remove_all)
        return s->ops->remove_all(s, paths, count, err);
    for (size_t i = 0; i < count; i++) {
        status st = s->ops->remove(s, paths[i], first == ST_OK ? err : NULL);
        first = first == ST_OK ? st : first;
    }
    return first;
}

/* Without memory: what is cleared away after running out of it is cleared away all the same. */
status store_delete_all(struct store *s, const struct str *uris, size_t count, struct error *err)
{
    struct str paths[STORE_DELETES];
    status first = ST_OK;
    for (size_t at = 0, n = 1; at < count; at += n) {
        struct store *to;
        struct error *mine = first == ST_OK ? err : NULL;
        size_t left = count - at < STORE_DELETES ? count - at : STORE_DELETES;
        n = 1;
        status st = same_store(s, uris + at, left, &to, paths, &n, mine);
        if (st == ST_OK)
            st = remove_all(to, paths, n, mine);
        first = first == ST_OK ? st : first;
    }
    return first;
}

int64_t store_requests(const struct store *s)
{
    return s->ops->requests ? s->ops->requests(s) : 0;
}

status store_list_add(struct store_list *list, struct str path, struct error *err)
{
    TRY(arena_grow(list->arena, (void **)&list->items, sizeof(*list->items), &list->capacity,
                   list->count + 1, err));
    return arena_printf(list->arena, &list->items[list->count++], err, "%.*s%.*s",
                        (int)list->prefix.len, list->prefix.ptr, (int)path.len, path.ptr);
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

status store_glob(struct store *s, struct str pattern, struct arena *arena, struct str **out,
                  size_t *count, struct error *err)
{
    struct str path;
    TRY(store_place(s, pattern, &s, &path, err));
    struct store_list list = {.arena = arena, .prefix = {pattern.ptr, pattern.len - path.len}};
    TRY(s->ops->glob(s, path, &list, err));
    if (list.count)
        qsort(list.items, list.count, sizeof(*list.items), compare_names);
    *out = list.items;
    *count = list.count;
    return ST_OK;
}

void store_destroy(struct store *s)
{
    if (s)
        s->ops->destroy(s);
}
