// SPDX-License-Identifier: Apache-2.0
/* store_test.c - both stores by the rules T1 to T3 of store.h, names, globs, and failing disks. */
#include "harness/test.h"
#include "store/store_int.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error err;

/* A fresh folder under the temporary folder; left to the system to clean. */
static struct str fresh_folder(void)
{
    static char path[256];
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof(path), "%s/firn-store-XXXXXX", base ? base : "/tmp");
    CHECK(mkdtemp(path) != NULL);
    return str_of(path);
}

static struct str in(struct str folder, const char *name)
{
    static char path[8][600];
    static int at;
    char *out = path[at++ % 8];
    snprintf(out, 600, "%.*s/%s", STR_ARG(folder), name);
    return str_of(out);
}

static struct str uri(struct str path)
{
    static char text[700];
    snprintf(text, sizeof(text), "file://%.*s", STR_ARG(path));
    return str_of(text);
}

static size_t files_below(struct str folder)
{
    struct store *s;
    struct arena a;
    struct str *names;
    size_t n;
    arena_init(&a, NULL);
    CHECK_OK(store_create_local(&s, &err));
    CHECK_OK(store_glob(s, folder, &a, &names, &n, &err));
    store_destroy(s);
    arena_free(&a);
    return n;
}

/* What both stores promise, on names below `root`. */
static void check_rules(struct store *s, struct str root)
{
    struct store_write *w;
    struct store_file *f, *g;
    struct buffer all;
    char got[16] = "";

    CHECK_STATUS(store_open(s, in(root, "x"), -1, &f, &err), ST_NOT_FOUND);
    CHECK_OK(store_write_create(s, uri(in(root, "a/b/x")), &w, &err));
    CHECK_OK(store_write_append(w, "hello ", 6, &err));
    CHECK_STATUS(store_open(s, in(root, "a/b/x"), -1, &f, &err), ST_NOT_FOUND); /* T1 */
    CHECK_OK(store_write_append(w, "world", 5, &err));
    CHECK_INT(store_write_bytes(w), 11);
    CHECK_OK(store_write_finish(w, &err));
    CHECK_STATUS(store_write_all(s, in(root, "a/b/x"), "other", 5, &err), ST_EXISTS); /* T2 */

    CHECK_OK(store_open(s, uri(in(root, "a/b/x")), -1, &f, &err));
    CHECK_INT(store_size(f), 11);
    CHECK(str_eq(store_uri(f), uri(in(root, "a/b/x"))));
    CHECK_OK(store_read(f, 6, got, 5, &err));
    CHECK_STR(str_of(got), "world");
    CHECK_OK(store_read(f, 11, got, 0, &err));
    CHECK_STATUS(store_read(f, 7, got, 5, &err), ST_CORRUPT);
    CHECK_STATUS(store_read(f, -1, got, 1, &err), ST_CORRUPT);
    CHECK_STATUS(store_read(f, 12, got, 0, &err), ST_CORRUPT);
    CHECK_STATUS(store_read(f, 1, got, SIZE_MAX, &err), ST_CORRUPT);

    CHECK_OK(store_open(s, in(root, "a/b/x"), 100, &g, &err)); /* a hint that is too large */
    CHECK_INT(store_size(g), 100);
    CHECK_STATUS(store_read(g, 8, got, 8, &err), ST_CORRUPT);
    store_close(g);

    buffer_init(&all, NULL, 10);
    CHECK_STATUS(store_read_all(s, in(root, "a/b/x"), &all, &err), ST_LIMIT);
    buffer_free(&all);
    buffer_init(&all, NULL, 11);
    CHECK_OK(store_read_all(s, in(root, "a/b/x"), &all, &err));
    CHECK_STR(buffer_str(&all), "hello world");
    buffer_free(&all);

    CHECK_OK(store_delete(s, in(root, "a/b/x"), &err));
    CHECK_OK(store_delete(s, in(root, "a/b/x"), &err));
    CHECK_OK(store_read(f, 0, got, 5, &err)); /* still open */
    store_close(f);
    CHECK_STATUS(store_open(s, in(root, "a/b/x"), -1, &f, &err), ST_NOT_FOUND);

    CHECK_OK(store_write_create(s, in(root, "a/y"), &w, &err));
    CHECK_OK(store_write_append(w, "gone", 4, &err));
    store_write_abandon(w); /* T3 */
    store_write_abandon(NULL);
    CHECK_STATUS(store_open(s, in(root, "a/y"), -1, &f, &err), ST_NOT_FOUND);
    CHECK_OK(store_write_all(s, in(root, "empty"), NULL, 0, &err));
    CHECK_OK(store_open(s, in(root, "empty"), -1, &f, &err));
    CHECK_INT(store_size(f), 0);
    store_close(f);
}

static void check_replace(struct store *s, const char *uri)
{
    struct store_write *w;
    struct buffer got;
    CHECK_OK(store_write_all(s, str_of(uri), "old", 3, &err));
    CHECK_OK(store_write_create(s, str_of(uri), &w, &err));
    store_write_replace(w);
    CHECK_OK(store_write_append(w, "newer", 5, &err));
    CHECK_OK(store_write_finish(w, &err));
    buffer_init(&got, NULL, 100);
    CHECK_OK(store_read_all(s, str_of(uri), &got, &err));
    CHECK_STR(buffer_str(&got), "newer");
    buffer_free(&got);
}

TEST(a_file_is_replaced_when_asked)
{
    struct store *s;
    char folder[] = "/tmp/firn-store-XXXXXX", uri[64];
    CHECK_OK(store_create_memory(&s, &err));
    check_replace(s, "/x");
    store_destroy(s);
    CHECK(mkdtemp(folder) != NULL);
    snprintf(uri, sizeof(uri), "%s/x", folder);
    CHECK_OK(store_create_local(&s, &err));
    check_replace(s, uri);
    store_local_use_names(s);
    unlink(uri);
    check_replace(s, uri);
    unlink(uri);
    rmdir(folder);
    store_destroy(s);
}

TEST(local_rules)
{
    struct store *s;
    struct str root = fresh_folder();
    CHECK_OK(store_create_local(&s, &err));
    check_rules(s, root);
    CHECK_INT(files_below(root), 1);
    store_destroy(s);
}

TEST(local_rules_with_temporary_names)
{
    struct store *s;
    struct str root = fresh_folder();
    CHECK_OK(store_create_local(&s, &err));
    store_local_use_names(s);
    check_rules(s, root);
    CHECK_INT(files_below(root), 1);
    store_destroy(s);
}

TEST(memory_rules)
{
    struct store *s;
    CHECK_OK(store_create_memory(&s, &err));
    check_rules(s, STR("/m"));
    store_destroy(s);
}

TEST(names_that_are_refused)
{
    struct store *s;
    struct store_file *f;
    char longer[STORE_PATH_MAX + 2];
    memset(longer, 'a', sizeof(longer));
    longer[0] = '/';
    CHECK_OK(store_create_local(&s, &err));
    CHECK_STATUS(store_open(s, STR(""), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(s, STR("relative/x"), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(s, STR("file:relative"), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(s, STR("/a\0b"), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(s, (struct str){longer, sizeof(longer)}, -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_open(s, STR("s3://bucket/x"), -1, &f, &err), ST_UNSUPPORTED);
    CHECK(strstr(err.msg, "s3://") != NULL);
    CHECK_STATUS(store_open(s, STR("file://host/x"), -1, &f, &err), ST_UNSUPPORTED);
    CHECK_STATUS(store_open(s, STR("/tmp"), -1, &f, &err), ST_INVALID); /* a folder */
    CHECK_STATUS(store_open(s, STR("/dev/null"), -1, &f, &err), ST_INVALID);
    CHECK_STATUS(store_write_all(s, STR("/tmp/"), "", 0, &err), ST_INVALID);
    CHECK_STATUS(store_delete(s, STR("/tmp"), &err), ST_INVALID);
    longer[300] = '\0'; /* one part of 299 bytes */
    CHECK_STATUS(store_open(s, str_of(longer), -1, &f, &err), ST_INVALID);
    store_destroy(s);
}

/* Percent signs, spaces and wildcards are ordinary bytes of a file's name. */
TEST(names_are_opaque)
{
    struct store *s;
    struct str root = fresh_folder(), *names;
    struct arena a;
    size_t n;
    arena_init(&a, NULL);
    CHECK_OK(store_create_local(&s, &err));
    CHECK_OK(store_write_all(s, in(root, "p=a%20b/c d*[x]\\.parquet"), "1", 1, &err));
    CHECK_OK(store_glob(s, in(root, "p=a%20b/*.parquet"), &a, &names, &n, &err));
    CHECK_INT(n, 1);
    CHECK(str_eq(names[0], in(root, "p=a%20b/c d*[x]\\.parquet")));
    arena_free(&a);
    store_destroy(s);
}

static void check_glob(struct store *s, struct str root, const char *pattern, const char *want)
{
    struct arena a;
    struct str *names;
    size_t n;
    char got[512] = "";
    arena_init(&a, NULL);
    CHECK_OK(store_glob(s, uri(in(root, pattern)), &a, &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        CHECK(str_starts(names[i], uri(root)));
        size_t skip = root.len + 8;
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ", (int)(names[i].len - skip),
                 names[i].ptr + skip);
    }
    CHECK_STR(str_of(got), want);
    arena_free(&a);
}

static void check_globs(struct store *s, struct str root)
{
    static const char *const names[] = {"d/2025-01.csv", "d/2025-02.csv",  "d/2024-12.csv",
                                        "d/.hidden.csv", "d/sub/2025.csv", "e/2025-01.csv",
                                        "plain"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        CHECK_OK(store_write_all(s, in(root, names[i]), "x", 1, &err));
    check_glob(s, root, "d/2025-*.csv", "d/2025-01.csv d/2025-02.csv ");
    check_glob(s, root, "d/*.csv", "d/2024-12.csv d/2025-01.csv d/2025-02.csv ");
    check_glob(s, root, "?/2025-0[1-9].csv", "d/2025-01.csv d/2025-02.csv e/2025-01.csv ");
    check_glob(s, root, "*/*/*.csv", "d/sub/2025.csv ");
    check_glob(s, root, "d",
               "d/.hidden.csv d/2024-12.csv d/2025-01.csv d/2025-02.csv d/sub/2025.csv ");
    check_glob(s, root, "d/",
               "d/.hidden.csv d/2024-12.csv d/2025-01.csv d/2025-02.csv "
               "d/sub/2025.csv ");
    check_glob(s, root, "plain", "plain ");
    check_glob(s, root, "absent", "");
    check_glob(s, root, "absent/*", "");
    check_glob(s, root, "d/[", "");
}

TEST(local_glob)
{
    struct store *s;
    struct str root = fresh_folder();
    CHECK_OK(store_create_local(&s, &err));
    check_globs(s, root);
    CHECK(symlink(".", in(root, "d/loop").ptr) == 0); /* not entered */
    check_glob(s, root, "e", "e/2025-01.csv ");
    check_glob(s, root, "d/sub", "d/sub/2025.csv ");
    CHECK_INT(files_below(in(root, "d")), 5);
    CHECK(symlink("d", in(root, "linked").ptr) == 0);
    CHECK_INT(files_below(in(root, "linked")), 5); /* named, so followed */
    store_destroy(s);
}

TEST(memory_glob)
{
    struct store *s;
    CHECK_OK(store_create_memory(&s, &err));
    check_globs(s, STR("/m"));
    store_destroy(s);
}

static void check_absolute(struct arena *a, const char *path, const char *want)
{
    struct str got;
    CHECK_OK(store_absolute(str_of(path), a, &got, &err));
    CHECK_STR(got, want);
}

TEST(absolute_names)
{
    struct arena a;
    struct str got;
    arena_init(&a, NULL);
    CHECK(chdir("/usr/lib") == 0);
    check_absolute(&a, "x", "file:///usr/lib/x");
    check_absolute(&a, "./x//y/../z/", "file:///usr/lib/x/z/");
    check_absolute(&a, "../share", "file:///usr/share");
    check_absolute(&a, "../../../..", "file:///");
    check_absolute(&a, ".", "file:///usr/lib");
    check_absolute(&a, "/a/./b", "file:///a/b");
    check_absolute(&a, "file:/a/../b", "file:///a/../b");
    check_absolute(&a, "file:///a%20b", "file:///a%20b");
    check_absolute(&a, "s3a://bucket/x", "s3a://bucket/x");
    check_absolute(&a, "c:x", "file:///usr/lib/c:x");
    CHECK_STATUS(store_absolute(STR(""), &a, &got, &err), ST_INVALID);
    CHECK_STATUS(store_absolute(STR("a\0b"), &a, &got, &err), ST_INVALID);
    CHECK_STATUS(store_absolute(STR("file:x"), &a, &got, &err), ST_INVALID);
    arena_free(&a);
}

/* Two writers of one name: the first to finish wins, the second's bytes are dropped (T2, T3). */
TEST(one_name_two_writers)
{
    struct store *s;
    struct store_write *one, *two;
    struct str root = fresh_folder();
    struct buffer all;
    CHECK_OK(store_create_local(&s, &err));
    CHECK_OK(store_write_create(s, in(root, "x"), &one, &err));
    CHECK_OK(store_write_create(s, in(root, "x"), &two, &err));
    CHECK_OK(store_write_append(one, "one", 3, &err));
    CHECK_OK(store_write_append(two, "two", 3, &err));
    CHECK_OK(store_write_finish(two, &err));
    CHECK_STATUS(store_write_finish(one, &err), ST_EXISTS);
    buffer_init(&all, NULL, 100);
    CHECK_OK(store_read_all(s, in(root, "x"), &all, &err));
    CHECK_STR(buffer_str(&all), "two");
    buffer_free(&all);
    CHECK_INT(files_below(root), 1);
    store_destroy(s);
}

struct racer {
    struct store *store;
    struct str path;
    int number;
    _Atomic int *won;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct error e;
    char name[32];
    snprintf(name, sizeof(name), "%d", r->number);
    status st = store_write_all(r->store, r->path, name, strlen(name), &e);
    if (st == ST_OK)
        atomic_fetch_add(r->won, 1);
    else
        CHECK_STATUS(st, ST_EXISTS);
    return NULL;
}

/* Eight threads, one name in a folder that is not there yet: one wins, the others are told. */
TEST(threads_race_for_a_name)
{
    struct store *s;
    struct str root = fresh_folder();
    CHECK_OK(store_create_local(&s, &err));
    for (int round = 0; round < 20; round++) {
        char name[64], path[600];
        pthread_t thread[8];
        struct racer racer[8];
        _Atomic int won = 0;
        snprintf(name, sizeof(name), "r%d/a/b/x", round);
        snprintf(path, sizeof(path), "%.*s", STR_ARG(in(root, name)));
        for (int i = 0; i < 8; i++) {
            racer[i] = (struct racer){s, str_of(path), i, &won};
            CHECK(pthread_create(&thread[i], NULL, race, &racer[i]) == 0);
        }
        for (int i = 0; i < 8; i++)
            CHECK(pthread_join(thread[i], NULL) == 0);
        CHECK_INT(won, 1);
    }
    CHECK_INT(files_below(root), 20);
    store_destroy(s);
}

/* The n-th operation fails, for every n until none does: each time one error, no file (T3). */
static void fail_each(bool persistent, bool names)
{
    struct store *s;
    struct str root = fresh_folder();
    CHECK_OK(store_create_local(&s, &err));
    if (names)
        store_local_use_names(s);
    uint64_t nth = 1;
    for (;; nth++) {
        char name[64];
        snprintf(name, sizeof(name), "n%d/deep/er/file", (int)nth);
        error_init(&err);
        store_fault_set(nth, persistent);
        status st = store_write_all(s, in(root, name), "some bytes", 10, &err);
        uint64_t seen = store_fault_count();
        store_fault_set(0, false);
        if (st == ST_OK) {
            CHECK_INT(seen, nth - 1);
            CHECK_INT(files_below(root), 1);
            break;
        }
        CHECK_STATUS(st, ST_IO);
        CHECK(strstr(err.msg, "n") != NULL && err.line > 0);
        CHECK_INT(files_below(root), 0);
        CHECK(nth < 50);
    }
    CHECK_INT(nth - 1, 3 + 3 + 1 + 1 + 1 + 1 + 1); /* folders, their syncs, open, write, sync, link,
                                                      sync of the folder */
    store_destroy(s);
}

TEST(folders_are_made_and_synced_once)
{
    struct store *s;
    struct stat st;
    struct str root = fresh_folder();
    struct str deep = in(root, "a/b/c"), file = in(root, "a/b/c/file");
    CHECK_OK(store_create_local(&s, &err));
    CHECK_OK(store_make_folder(s, in(root, "a/b/"), &err));
    CHECK_OK(store_make_folder(s, deep, &err));
    CHECK_OK(store_make_folder(s, deep, &err));
    CHECK(stat(deep.ptr, &st) == 0 && S_ISDIR(st.st_mode));
    store_fault_set(0, false);
    CHECK_OK(store_sync_folders(s, file, root, &err));
    CHECK_INT(store_fault_count(), 4); /* the names of c, b, a and of the root itself */
    CHECK_OK(store_sync_folders(s, file, root, &err));
    CHECK_OK(store_sync_folders(s, in(root, "a/b/other"), root, &err));
    CHECK_INT(store_fault_count(), 4);
    CHECK_OK(store_sync_folders(s, in(root, "a/b"), in(root, "x"), &err)); /* not below it */
    CHECK_INT(store_fault_count(), 4);
    CHECK_STATUS(store_sync_folders(s, in(root, "none/file"), root, &err), ST_OK);
    CHECK_INT(store_fault_count(), 5); /* the root holds no such name, and that is durable */
    store_destroy(s);
    CHECK_OK(store_create_local(&s, &err));
    for (int known = 0; known < 3; known++) { /* one more each time */
        store_fault_set(2, true);
        CHECK_STATUS(store_sync_folders(s, file, root, &err), ST_IO);
    }
    store_fault_set(0, false);
    CHECK_OK(store_sync_folders(s, file, root, &err));
    CHECK_INT(store_fault_count(), 1);
    store_destroy(s);
}

TEST(faults_leave_nothing)
{
    fail_each(false, false);
    fail_each(true, false);
    fail_each(false, true);
    fail_each(true, true);
}

TEST(faults_of_memory)
{
    struct str root = fresh_folder();
    for (uint64_t nth = 1;; nth++) {
        struct store *s = NULL;
        mem_fault_set(nth, false);
        status st = store_create_local(&s, &err);
        if (st == ST_OK)
            st = store_write_all(s, in(root, "x"), "some bytes", 10, &err);
        mem_fault_set(0, false);
        store_destroy(s);
        if (st == ST_OK)
            break;
        CHECK_STATUS(st, ST_OOM);
        CHECK_INT(files_below(root), 0);
        CHECK(nth < 50);
    }
}

TEST(messages_say_what_to_do)
{
    CHECK_STATUS(store_fail(&err, "write", STR("/x"), ENOSPC, "f", 1), ST_IO);
    CHECK_STR(str_of(err.msg), "cannot write /x: No space left on device; free space on that disk "
                               "or choose another folder, then run it again");
    CHECK_STR(str_of(error_state(&err)), "53100");
    CHECK_STATUS(store_fail(&err, "create", STR("/x"), EROFS, "f", 1), ST_IO);
    CHECK(strstr(err.msg, "mount it for writing") != NULL);
    CHECK_STATUS(store_fail(&err, "open", STR("/x"), EACCES, "f", 1), ST_IO);
    CHECK(strstr(err.msg, "give this user the right") != NULL);
    CHECK_STR(str_of(error_state(&err)), "42501");
    CHECK_STATUS(store_fail(&err, "open", STR("/x"), ENOENT, "f", 1), ST_NOT_FOUND);
    CHECK_STR(str_of(err.msg), "cannot open /x: No such file or directory");
}
