// SPDX-License-Identifier: Apache-2.0
/* store_int.h - what the back ends of store share: the function table, the heads of open files and
 * writes, and how a URI becomes a path. For store's sources and its own tests only. */
#ifndef STORE_INT_H
#define STORE_INT_H

#include "store/store.h"

/* Longest path, without the NUL: what Linux takes in one call. */
#define STORE_PATH_MAX 4095

/* Files deleted in one round, where a store can have several in flight. */
#define STORE_DELETES 64

struct store_list;

/* One back end. Paths arrive checked by store_place: not empty, no NUL, not over-long; of object
 * storage they are "bucket/key". Functions marked * may be NULL. */
struct store_ops {
    /* * of a store that only passes on: the one for this machine or the remote one */
    status (*route)(struct store *s, bool remote, struct store **to, struct error *err);
    status (*open)(struct store *s, struct str path, int64_t size_hint, struct store_file **out,
                   struct error *err);
    void (*close)(struct store_file *f);
    /* offset + bytes <= f->size was checked */
    status (*read)(struct store_file *f, int64_t offset, void *out, size_t bytes,
                   struct error *err);
    /* * appends the whole file to `out`; else open and read do it */
    status (*read_all)(struct store *s, struct str path, bool fixed, struct buffer *out,
                       struct error *err);
    status (*expect)(struct store_file *f, const struct store_range *ranges, size_t count,
                     struct error *err);                /* * */
    int64_t (*ahead_bytes)(const struct store_file *f); /* * 0 */
    /* * uri is the path; at most STORE_NEXT_MOST; those of size 0 need nothing */
    status (*expect_files)(struct store *s, const struct store_next *next, size_t count,
                           size_t *taken, struct error *err);
    status (*write_create)(struct store *s, struct str path, struct store_write **out,
                           struct error *err);
    status (*write_append)(struct store_write *w, const void *data, size_t bytes,
                           struct error *err);
    status (*write_finish)(struct store_write *w, struct error *err); /* w stays */
    void (*write_free)(struct store_write *w); /* drops what was not finished */
    status (*remove)(struct store *s, struct str path, struct error *err);
    /* * all in flight together */
    status (*remove_all)(struct store *s, const struct str *paths, size_t count, struct error *err);
    /* * `path` without trailing slashes */
    status (*make_folder)(struct store *s, struct str path, struct error *err);
    /* * The folder's own name, in the folder above it. */
    status (*sync_folder)(struct store *s, struct str path, struct error *err);
    /* Adds the matching paths to `list`, in any order. */
    status (*glob)(struct store *s, struct str pattern, struct store_list *list, struct error *err);
    int64_t (*requests)(const struct store *s); /* * sent so far */
    void (*destroy)(struct store *s);
};

/* Head of every back end's own struct. */
struct store {
    const struct store_ops *ops; /* borrowed: literal table */
};

struct store_file {
    struct store *store; /* borrowed; outlives the file */
    struct str uri;      /* owned by store.c; as given at open */
    int64_t size;        /* bytes; the hint where one was given */
};

struct store_write {
    struct store *store; /* borrowed; outlives the write */
    struct str uri;      /* owned by store.c */
    int64_t bytes;       /* appended so far */
    bool replace;        /* finish may replace an existing file */
};

/* Names being gathered by a glob. */
struct store_list {
    struct arena *arena; /* borrowed: where names and items go */
    struct str prefix;   /* borrowed: "file://" or what the pattern had, put before each path */
    struct str *items;   /* in <arena> */
    size_t count, capacity;
};

STATUS_MUST_USE status store_list_add(struct store_list *list, struct str path, struct error *err);

/* The store that has what a URI names, and the path there, borrowed from it. ST_INVALID for an empty,
 * relative, over-long name or one with a NUL byte; ST_UNSUPPORTED for another scheme or a host. */
STATUS_MUST_USE status store_place(struct store *s, struct str uri, struct store **out,
                                   struct str *path, struct error *err);
/* The byte where the first path part with a wildcard starts; path.len when there is none. */
size_t store_glob_start(struct str path);

/* Raises what a failed system call means: `what` is "open", "write", ...; `value` an errno. */
status store_fail(struct error *err, const char *what, struct str uri, int value, const char *file,
                  int line);

/* store_glob.c: the local store's ops.glob. */
STATUS_MUST_USE status store_local_glob(struct store *s, struct str pattern,
                                        struct store_list *list, struct error *err);

/* Tests only: a local store that behaves as on a file system without unnamed files. */
void store_local_use_names(struct store *s);

#endif
