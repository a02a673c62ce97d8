// SPDX-License-Identifier: Apache-2.0
/* store.h - URIs to bytes: what formats and catalogs read and write through.
 *
 * A store is a table of functions, as SQLite's VFS, so that a test can hand in memory or a disk
 * that fails. "file:///abs", "file:/abs" and "/abs" name the same local file; "s3://bucket/key",
 * "s3a://..." and "s3n://..." the same object; "%" is not decoded (Iceberg's paths are opaque). Memory
 * stores are for tests.
 * A relative, empty or over-long name and one with a NUL byte is ST_INVALID, another scheme
 * ST_UNSUPPORTED. System errors are ST_IO with the URI and the system's words; a full disk
 * (SQLSTATE 53100), a read-only file system and missing rights (42501) say what to do.
 *
 * T1  a written file is invisible under its name until store_write_finish, and durable (file and
 *     folders fsynced) when it returns OK
 * T2  files are never overwritten: finish of an existing name is ST_EXISTS
 * T3  a failed or abandoned write leaves no file behind, as far as the store still answers
 * T4  an object that is replaced while it is read is ST_CONFLICT, never a mixture of two
 * T5  a table's files never change under their names: of those whose size the reader knows, and of
 *     store_read_fixed, a store may give what it has read or written before */
#ifndef STORE_H
#define STORE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/property.h"

struct store;
struct store_file;  /* open for reading; safe for several threads at once */
struct store_write; /* being written */

struct store_config {
    struct mem_account *account; /* borrowed: what object storage holds in memory; may be NULL */
    const _Atomic bool *cancel; /* borrowed: requests end with ST_CANCELLED once set; may be NULL */
};

/* Local files and object storage, by a URI's scheme. What opens the latter stands in `properties`
 * (docs/user/s3.md: s3.endpoint, s3.access-key-id ... of PyIceberg and Iceberg Java), which are
 * copied and looked at when the first remote URI is met; then in AWS_ variables and files. */
STATUS_MUST_USE status store_create(const struct property *properties, size_t count,
                                    const struct store_config *config, struct store **out,
                                    struct error *err);
/* What a catalog vended for everything below `prefix` ("s3://bucket/path"); the longest prefix wins,
 * of equal ones the newest. Only for stores of store_create. */
STATUS_MUST_USE status store_credentials(struct store *s, struct str prefix,
                                         const struct property *properties, size_t count,
                                         struct error *err);
/* Requests sent to object storage so far, tries counted. */
int64_t store_requests(const struct store *s);
/* Local files only. */
STATUS_MUST_USE status store_create_local(struct store **out, struct error *err);
/* Files in memory, for tests and fuzzing; same rules. */
STATUS_MUST_USE status store_create_memory(struct store **out, struct error *err);
void store_destroy(struct store *s);

/* ST_NOT_FOUND when absent. size_hint < 0 asks the store; others are for T5's files, and one that is
 * wrong shows as a short read (ST_CORRUPT) later. */
STATUS_MUST_USE status store_open(struct store *s, struct str uri, int64_t size_hint,
                                  struct store_file **out, struct error *err);
void store_close(struct store_file *f);
int64_t store_size(const struct store_file *f);   /* bytes */
struct str store_uri(const struct store_file *f); /* as given at open */
/* Exactly `bytes` at `offset`, or ST_CORRUPT (past the end) / ST_IO. */
STATUS_MUST_USE status store_read(struct store_file *f, int64_t offset, void *out, size_t bytes,
                                  struct error *err);
/* Says that these ranges will be read, each from its start on, until the next call: object storage
 * fetches them together and ahead, bounded; local files have no use for it. */
struct store_range {
    int64_t offset, bytes;
};
STATUS_MUST_USE status store_expect(struct store_file *f, const struct store_range *ranges,
                                    size_t count, struct error *err);
/* How much may be announced so that all of it comes in one round, STORE_RANGE_COST added to each range;
 * 0 where nothing is fetched ahead. */
#define STORE_RANGE_COST ((int64_t)64 << 10)
int64_t store_ahead_bytes(const struct store_file *f);
/* Says which files will be opened next, by their sizes: object storage fetches the beginnings of many
 * small ones together. *taken: how many of them it heard, 1 at least; the others are to be announced
 * again when these are read. */
#define STORE_NEXT_MOST 64
struct store_next {
    struct str uri;
    int64_t size;
};
STATUS_MUST_USE status store_expect_files(struct store *s, const struct store_next *next,
                                          size_t count, size_t *taken, struct error *err);
/* A whole file, at most out->cap_bytes. */
STATUS_MUST_USE status store_read_all(struct store *s, struct str uri, struct buffer *out,
                                      struct error *err);
/* The same, of a file that T5 is true of. */
STATUS_MUST_USE status store_read_fixed(struct store *s, struct str uri, struct buffer *out,
                                        struct error *err);

/* Makes missing folders. */
STATUS_MUST_USE status store_write_create(struct store *s, struct str uri, struct store_write **out,
                                          struct error *err);
STATUS_MUST_USE status store_write_append(struct store_write *w, const void *data, size_t bytes,
                                          struct error *err);
int64_t store_write_bytes(const struct store_write *w); /* written so far */
/* Publishes the name; w is gone afterwards, whatever the result. */
STATUS_MUST_USE status store_write_finish(struct store_write *w, struct error *err);
/* From now on finish puts the file in place of an existing one, atomically: readers see the old
 * file or the new one. For files that a person named (COPY TO); tables' files are never replaced
 * (T2). */
void store_write_replace(struct store_write *w);
void store_write_abandon(struct store_write *w); /* accepts NULL */
/* create + append + finish */
STATUS_MUST_USE status store_write_all(struct store *s, struct str uri, const void *data,
                                       size_t bytes, struct error *err);

/* Makes a folder and those above it that are missing, durably. ST_OK also when it is there. */
STATUS_MUST_USE status store_make_folder(struct store *s, struct str uri, struct error *err);
/* Makes the names of the folders that `uri` stands in durable, from `top` (a folder above it, its
 * own name included) down: another process may have made one of them and not have synced it yet.
 * Costs little where nothing is to do, and nothing the second time. */
STATUS_MUST_USE status store_sync_folders(struct store *s, struct str uri, struct str top,
                                          struct error *err);

/* ST_OK also when absent. A folder is ST_INVALID. */
STATUS_MUST_USE status store_delete(struct store *s, struct str uri, struct error *err);
/* All of them, as many at once as the store can: tries each, and gives the first failure. */
STATUS_MUST_USE status store_delete_all(struct store *s, const struct str *uris, size_t count,
                                        struct error *err);
/* Files (not folders) below a folder URI at any depth, or matching a glob in its last parts
 * ("dir/2025-*.csv", "dir/?/[ab]*"), or the one file the pattern names; sorted by bytes, written as
 * the pattern was (with or without "file:"); names in `arena`. No match gives count 0. A wildcard
 * matches neither "/" nor a leading dot; backslash is an ordinary byte. Linked folders are followed
 * only where the pattern names them. In a bucket a folder is what keys begin with, up to a "/". */
STATUS_MUST_USE status store_glob(struct store *s, struct str pattern, struct arena *arena,
                                  struct str **out, size_t *count, struct error *err);
/* Makes "file:///abs/..." of a relative or absolute path or URI, without touching the disk. In a
 * path "." parts, ".." parts and doubled slashes are resolved by text; a file URI keeps its path as
 * it is; a URI of another scheme comes back unchanged. */
STATUS_MUST_USE status store_absolute(struct str path, struct arena *arena, struct str *out,
                                      struct error *err);

/* Tests only: of the local stores' operations that change the disk (open for writing, make a
 * folder, write, fsync, link or rename) the n-th from now (1 = the next) fails once, or it and all
 * later ones. 0 switches off. A failed open reports EACCES, a write ENOSPC, the others EIO.
 * store_fault_count gives such operations since the last store_fault_set. */
void store_fault_set(uint64_t nth, bool persistent);
uint64_t store_fault_count(void);

#endif
