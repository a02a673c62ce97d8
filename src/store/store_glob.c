// SPDX-License-Identifier: Apache-2.0
/* store_glob.c - which local files a folder or a pattern names.
 *
 *     /data/2025-*./part?.csv      split at the first part with a wildcard
 *     `-- base ---'`- pattern -'   each level of the pattern reads one folder and goes down
 *
 * Without a wildcard the name is a file (itself) or a folder (everything below it). Recursion is
 * bounded by the path's length, and linked folders below the base are not entered, so that a loop
 * of links cannot hold it. Names that vanish while it reads are left out. */
#include "store/store_int.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <sys/stat.h>

struct walk {
    struct store_list *list;       /* borrowed */
    char path[STORE_PATH_MAX + 1]; /* folder or file looked at, and NUL */
    size_t len;                    /* bytes of `path` */
};

enum entry { ENTRY_GONE, ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINKED_FOLDER, ENTRY_OTHER };

static enum entry entry_of(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return ENTRY_GONE;
    bool link = S_ISLNK(st.st_mode);
    if (link && stat(path, &st) < 0)
        return ENTRY_GONE;
    if (S_ISREG(st.st_mode))
        return ENTRY_FILE;
    if (S_ISDIR(st.st_mode))
        return link ? ENTRY_LINKED_FOLDER : ENTRY_FOLDER;
    return ENTRY_OTHER;
}

/* Puts "/name" behind the path; false if that would be too long. */
static bool push(struct walk *w, const char *name)
{
    size_t n = strlen(name), slash = w->len > 0 && w->path[w->len - 1] == '/' ? 0 : 1;
    if (w->len + slash + n > STORE_PATH_MAX)
        return false;
    if (slash)
        w->path[w->len++] = '/';
    memcpy(w->path + w->len, name, n + 1);
    w->len += n;
    return true;
}

static void pop(struct walk *w, size_t len)
{
    w->len = len;
    w->path[len] = '\0';
}

static status visit(struct walk *w, struct str pattern, bool below, struct error *err);

/* Everything in the folder at w->path that matches the pattern's first part; all of it, at every
 * depth, when `below`. */
static status read_folder(struct walk *w, struct str pattern, bool below, struct error *err)
{
    const char *slash = pattern.len ? memchr(pattern.ptr, '/', pattern.len) : NULL;
    size_t part_len = slash ? (size_t)(slash - pattern.ptr) : pattern.len;
    char part[STORE_PATH_MAX + 1];
    memcpy(part, pattern.len ? pattern.ptr : "", part_len);
    part[part_len] = '\0';
    while (slash && part_len < pattern.len && pattern.ptr[part_len] == '/')
        part_len++;
    struct str rest = {pattern.ptr + part_len, pattern.len - part_len};

    DIR *folder = opendir(w->path);
    if (!folder) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ST_OK;
        return store_fail(err, "list the folder", str_of(w->path), errno, __FILE__, __LINE__);
    }
    status st = ST_OK;
    size_t len = w->len;
    struct dirent *d;
    while (st == ST_OK && (errno = 0, d = readdir(folder)) != NULL) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        if (!below && fnmatch(part, d->d_name, FNM_PERIOD | FNM_NOESCAPE) != 0)
            continue;
        if (push(w, d->d_name))
            st = visit(w, rest, below, err);
        pop(w, len);
    }
    if (st == ST_OK && errno)
        st = store_fail(err, "list the folder", str_of(w->path), errno, __FILE__, __LINE__);
    closedir(folder);
    return st;
}

/* The file or folder at w->path, with `pattern` still to be matched below it. */
static status visit(struct walk *w, struct str pattern, bool below, struct error *err)
{
    enum entry is = entry_of(w->path);
    bool folder = is == ENTRY_FOLDER || (is == ENTRY_LINKED_FOLDER && pattern.len > 0);
    if (folder && (below || pattern.len > 0))
        return read_folder(w, pattern, below, err);
    if (is == ENTRY_FILE && pattern.len == 0)
        return store_list_add(w->list, (struct str){w->path, w->len}, err);
    return ST_OK;
}

status store_local_glob(struct store *s, struct str pattern, struct store_list *list,
                        struct error *err)
{
    struct walk w = {.list = list};
    size_t start = store_glob_start(pattern);
    struct str rest = {pattern.ptr + start, pattern.len - start};
    memcpy(w.path, pattern.ptr, start);
    w.len = start;
    while (w.len > 1 && w.path[w.len - 1] == '/')
        w.len--;
    w.path[w.len] = '\0';
    if (rest.len > 0)
        return read_folder(&w, rest, false, err);
    if (entry_of(w.path) == ENTRY_LINKED_FOLDER)
        return read_folder(&w, rest, true, err);
    return visit(&w, rest, true, err);
}
