// SPDX-License-Identifier: Apache-2.0
/* store_local.c - files of this machine: read by pread, written once, published by a link.
 *
 *     write_create   open the folder (made if missing), open an unnamed file in it (O_TMPFILE)
 *     write_append   write
 *     write_finish   fsync file, link under its name (fails if the name exists), fsync folder
 *
 * An unnamed file vanishes with the process, so even a killed writer leaves nothing. Where the file
 * system has none, a temporary name in the same folder is used and renamed without overwriting.
 *
 * L1  a name is linked only after the file's bytes were fsynced
 * L2  a folder made here is fsynced into its parent under `folders`, the lock; finish passes
 *     through that lock, so what one thread made another does not take for durable too early. For
 *     folders that another process has just made there is store_sync_folders
 * L3  every call that changes the disk passes fault_now first, those that clean up do not
 *
 * The fault switch is process-wide, as the one of base/mem.c, and costs one atomic add a call. */
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYNCED_BYTES ((size_t)16 << 20) /* more folders than a commit writes to */

struct local_store {
    struct store head;
    pthread_mutex_t folders;         /* L2; guards `synced` */
    struct buffer synced;            /* paths of folders known durable, each with a NUL behind it */
    _Atomic unsigned long next_name; /* numbers temporary names of this process */
    bool use_names;                  /* never an unnamed file; for tests */
};

struct local_file {
    struct store_file head;
    int fd; /* owned */
};

struct local_write {
    struct store_write head;
    int fd;             /* owned: the file */
    int folder;         /* owned: the folder it will stand in */
    char *path;         /* owned: path and NUL */
    size_t path_size;   /* bytes of `path`, NUL included */
    const char *name;   /* into `path`: its last part */
    char temporary[64]; /* its name in `folder` while it has one, else "" */
    bool linked;        /* stands under its name, not yet known durable */
};

/* ---- faults and errors ---------------------------------------------------------------------- */

static _Atomic uint64_t fault_at;   /* operation that fails; 0 = none */
static _Atomic uint64_t fault_seen; /* operations since store_fault_set */
static _Atomic bool fault_persistent;

void store_fault_set(uint64_t nth, bool persistent)
{
    atomic_store(&fault_persistent, persistent);
    atomic_store(&fault_seen, 0);
    atomic_store(&fault_at, nth);
}

uint64_t store_fault_count(void)
{
    return atomic_load(&fault_seen);
}

/* True, with errno set, if this operation is to fail. */
static bool fault_now(int as)
{
    uint64_t n = atomic_fetch_add(&fault_seen, 1) + 1, at = atomic_load(&fault_at);
    if (at == 0 || (n != at && !(n > at && atomic_load(&fault_persistent))))
        return false;
    errno = as;
    return true;
}

status store_fail(struct error *err, const char *what, struct str uri, int value, const char *file,
                  int line)
{
    char text[128];
    const char *says = strerror_r(value, text, sizeof(text));
    status code = ST_IO;
    const char *state = "58030", *advice = "";
    switch (value) {
    case ENOENT:
    case ENOTDIR:
        code = ST_NOT_FOUND;
        state = "58P01";
        break;
    case EEXIST:
        code = ST_EXISTS;
        state = "58P02";
        break;
    case ENOSPC:
    case EDQUOT:
        state = "53100";
        advice = "; free space on that disk or choose another folder, then run it again";
        break;
    case EFBIG:
        state = "53100";
        advice = "; raise the limit of a file's size (ulimit -f)";
        break;
    case EROFS:
        state = "42501";
        advice = "; choose a folder on a writable disk or mount it for writing";
        break;
    case EACCES:
    case EPERM:
        state = "42501";
        advice = "; give this user the right to it or choose another folder";
        break;
    case EISDIR:
        code = ST_INVALID;
        state = "42809";
        break;
    case ENAMETOOLONG:
        code = ST_INVALID;
        state = "42602";
        break;
    case EMFILE:
    case ENFILE:
        state = "53000";
        advice = "; raise the limit of open files (ulimit -n)";
        break;
    default:
        break;
    }
    status st =
        error_set(err, code, file, line, "cannot %s %.*s: %s%s", what, STR_ARG(uri), says, advice);
    error_sqlstate(err, state);
    return st;
}

#define FAIL_SYSTEM(err, what, uri)                                                                \
    return store_fail((err), (what), (uri), errno, __FILE__, __LINE__)

static int fsync_checked(int fd)
{
    int result;
    if (fault_now(EIO))
        return -1;
    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

/* A path as the system calls take it. */
static char *path_z(struct str path, char out[STORE_PATH_MAX + 1])
{
    memcpy(out, path.ptr, path.len);
    out[path.len] = '\0';
    return out;
}

/* ---- reading -------------------------------------------------------------------------------- */

static status local_open(struct store *s, struct str path, int64_t size_hint,
                         struct store_file **out, struct error *err)
{
    char z[STORE_PATH_MAX + 1];
    /* O_NONBLOCK: a FIFO must not hang the open; it has no effect on regular files */
    int fd = open(path_z(path, z), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        FAIL_SYSTEM(err, "open", path);
    struct stat st;
    status result = ST_OK;
    void *memory;
    if (fstat(fd, &st) < 0)
        result = store_fail(err, "look at", path, errno, __FILE__, __LINE__);
    else if (S_ISDIR(st.st_mode))
        result = store_fail(err, "open", path, EISDIR, __FILE__, __LINE__);
    else if (!S_ISREG(st.st_mode))
        result = error_set(err, ST_INVALID, __FILE__, __LINE__, "%.*s is not a regular file",
                           STR_ARG(path));
    else
        result = mem_calloc(NULL, sizeof(struct local_file), &memory, err);
    if (result != ST_OK) {
        close(fd);
        return result;
    }
    struct local_file *f = memory;
    f->fd = fd;
    f->head.size = size_hint >= 0 ? size_hint : st.st_size;
    *out = &f->head;
    return ST_OK;
}

static void local_close(struct store_file *file)
{
    struct local_file *f = (struct local_file *)file;
    close(f->fd);
    mem_free(NULL, f, sizeof(*f));
}

static status local_read(struct store_file *file, int64_t offset, void *out, size_t bytes,
                         struct error *err)
{
    struct local_file *f = (struct local_file *)file;
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pread(f->fd, (char *)out + done, bytes - done, offset + (int64_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            FAIL_SYSTEM(err, "read", file->uri);
        if (n == 0)
            FAIL(err, ST_CORRUPT, "%.*s ends at byte %lld, expected %lld bytes", STR_ARG(file->uri),
                 (long long)(offset + (int64_t)done), (long long)file->size);
        done += (size_t)n;
    }
    return ST_OK;
}

/* ---- folders -------------------------------------------------------------------------------- */

/* fsyncs the folder that holds the last part of `path`. */
static status sync_parent(char *path, struct error *err)
{
    char *slash = strrchr(path, '/');
    char kept = slash[1];
    slash[1] = '\0'; /* "/a/b" -> "/a/" */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = fd < 0 ? errno : fsync_checked(fd) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    slash[1] = kept;
    if (bad)
        return store_fail(err, "sync the folder of", str_of(path), bad, __FILE__, __LINE__);
    return ST_OK;
}

/* Makes the folder `path` (no trailing slash) and those above it that are missing (L2). Goes up
 * first, by cutting `path` at its slashes, then down again. */
static status make_folders(char *path, struct error *err)
{
    size_t len = strlen(path), cut = len;
    struct stat st;
    while (cut > 0 && stat(path, &st) < 0) {
        if (errno != ENOENT)
            FAIL_SYSTEM(err, "look at", str_of(path));
        while (cut > 0 && path[cut - 1] != '/')
            cut--;
        while (cut > 0 && path[cut - 1] == '/')
            cut--;
        path[cut] = '\0';
    }
    while (cut < len) {
        path[cut] = '/';
        cut += strlen(path + cut);
        bool failed = fault_now(EACCES) || mkdir(path, 0777) < 0;
        if (failed && errno != EEXIST)
            FAIL_SYSTEM(err, "make the folder", str_of(path));
        TRY(sync_parent(path, err));
    }
    return ST_OK;
}

static status local_make_folder(struct store *store, struct str path, struct error *err)
{
    struct local_store *s = (struct local_store *)store;
    char z[STORE_PATH_MAX + 1];
    path_z(path, z);
    pthread_mutex_lock(&s->folders);
    status st = make_folders(z, err);
    pthread_mutex_unlock(&s->folders);
    return st;
}

static bool is_synced(const struct local_store *s, struct str path)
{
    for (size_t at = 0; at < s->synced.len;) {
        struct str known = str_of((const char *)s->synced.data + at);
        if (str_eq(known, path))
            return true;
        at += known.len + 1;
    }
    return false;
}

static status local_sync_folder(struct store *store, struct str path, struct error *err)
{
    struct local_store *s = (struct local_store *)store;
    char z[STORE_PATH_MAX + 1];
    status st = ST_OK;
    pthread_mutex_lock(&s->folders);
    if (!is_synced(s, path)) {
        st = sync_parent(path_z(path, z), err);
        if (st == ST_OK)
            st = buffer_append(&s->synced, z, path.len + 1, err);
    }
    pthread_mutex_unlock(&s->folders);
    return st;
}

/* Opens the folder of w->path, making it if it is missing. */
static status open_folder(struct local_store *s, struct local_write *w, struct error *err)
{
    char folder[STORE_PATH_MAX + 2];
    size_t len = (size_t)(w->name - w->path);
    memcpy(folder, w->path, len);
    while (len > 1 && folder[len - 1] == '/')
        len--;
    folder[len] = '\0';
    w->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->folder < 0 && errno == ENOENT) {
        pthread_mutex_lock(&s->folders);
        status st = make_folders(folder, err);
        pthread_mutex_unlock(&s->folders);
        TRY(st);
        w->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (w->folder < 0)
        FAIL_SYSTEM(err, "open the folder", str_of(folder));
    return ST_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* "/proc/self/fd/N", through which an unnamed file is linked. */
static const char *fd_path(int fd, char out[40])
{
    snprintf(out, 40, "/proc/self/fd/%d", fd);
    return out;
}

static status open_file(struct local_store *s, struct local_write *w, struct error *err)
{
    char link_path[40];
    if (fault_now(EACCES))
        FAIL_SYSTEM(err, "create", str_of(w->path));
    if (!s->use_names) {
        w->fd = openat(w->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
        if (w->fd >= 0 && access(fd_path(w->fd, link_path), F_OK) == 0)
            return ST_OK;
        if (w->fd >= 0) { /* no /proc: it could never get its name */
            close(w->fd);
            w->fd = -1;
        } else if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT) {
            FAIL_SYSTEM(err, "create", str_of(w->path));
        }
    }
    snprintf(w->temporary, sizeof(w->temporary), ".firn-%ld-%lu.tmp", (long)getpid(),
             atomic_fetch_add(&s->next_name, 1));
    w->fd = openat(w->folder, w->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (w->fd < 0) {
        w->temporary[0] = '\0';
        FAIL_SYSTEM(err, "create", str_of(w->path));
    }
    return ST_OK;
}

static void local_write_free(struct store_write *base)
{
    struct local_write *w = (struct local_write *)base;
    if (w->temporary[0])
        unlinkat(w->folder, w->temporary, 0);
    if (w->linked) /* the name stands but is not known to be durable: T3 */
        unlinkat(w->folder, w->name, 0);
    if (w->fd >= 0)
        close(w->fd);
    if (w->folder >= 0)
        close(w->folder);
    mem_free(NULL, w->path, w->path_size);
    mem_free(NULL, w, sizeof(*w));
}

static status local_write_create(struct store *store, struct str path, struct store_write **out,
                                 struct error *err)
{
    struct local_store *s = (struct local_store *)store;
    void *memory;
    TRY(mem_calloc(NULL, sizeof(struct local_write), &memory, err));
    struct local_write *w = memory;
    w->fd = w->folder = -1;
    w->path_size = path.len + 1;
    status st = mem_alloc(NULL, w->path_size, (void **)&w->path, err);
    if (st == ST_OK) {
        path_z(path, w->path);
        w->name = strrchr(w->path, '/') + 1;
        st = open_folder(s, w, err);
    }
    if (st == ST_OK)
        st = open_file(s, w, err);
    if (st != ST_OK) {
        local_write_free(&w->head);
        return st;
    }
    *out = &w->head;
    return ST_OK;
}

static status local_write_append(struct store_write *base, const void *data, size_t bytes,
                                 struct error *err)
{
    struct local_write *w = (struct local_write *)base;
    for (size_t done = 0; done < bytes;) {
        ssize_t n = fault_now(ENOSPC) ? -1 : write(w->fd, (const char *)data + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            FAIL_SYSTEM(err, "write", base->uri);
        done += (size_t)n;
    }
    return ST_OK;
}

/* Puts the file in place of whatever has its name: an unnamed one gets a temporary name first. */
static int replace_name(struct local_store *s, struct local_write *w)
{
    char link_path[40];
    if (!w->temporary[0]) {
        char name[sizeof(w->temporary)];
        snprintf(name, sizeof(name), ".firn-%ld-%lu.tmp", (long)getpid(),
                 atomic_fetch_add(&s->next_name, 1));
        if (linkat(AT_FDCWD, fd_path(w->fd, link_path), w->folder, name, AT_SYMLINK_FOLLOW) < 0)
            return -1;
        memcpy(w->temporary, name, sizeof(name));
    }
    if (renameat(w->folder, w->temporary, w->folder, w->name) < 0)
        return -1;
    w->temporary[0] = '\0';
    return 0;
}

/* Gives the file its name unless that is taken; errno tells why not. */
static int publish_name(struct local_store *s, struct local_write *w)
{
    char link_path[40];
    if (fault_now(EIO))
        return -1;
    if (w->head.replace)
        return replace_name(s, w);
    if (!w->temporary[0])
        return linkat(AT_FDCWD, fd_path(w->fd, link_path), w->folder, w->name, AT_SYMLINK_FOLLOW);
    int result = renameat2(w->folder, w->temporary, w->folder, w->name, RENAME_NOREPLACE);
    if (result == 0) {
        w->temporary[0] = '\0';
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    return linkat(w->folder, w->temporary, w->folder, w->name, 0);
}

static status local_write_finish(struct store_write *base, struct error *err)
{
    struct local_write *w = (struct local_write *)base;
    struct local_store *s = (struct local_store *)base->store;
    if (fsync_checked(w->fd) < 0)
        FAIL_SYSTEM(err, "sync", base->uri);
    if (publish_name(s, w) < 0)
        FAIL_SYSTEM(err, "publish", base->uri);
    w->linked = !base->replace;      /* what was there before is gone: the new file stays */
    pthread_mutex_lock(&s->folders); /* L2: folders seen so far are durable behind this */
    pthread_mutex_unlock(&s->folders);
    if (w->temporary[0] && unlinkat(w->folder, w->temporary, 0) == 0)
        w->temporary[0] = '\0';
    if (fsync_checked(w->folder) < 0)
        FAIL_SYSTEM(err, "sync the folder of", base->uri);
    w->linked = false;
    return ST_OK;
}

static status local_remove(struct store *s, struct str path, struct error *err)
{
    char z[STORE_PATH_MAX + 1];
    if (unlink(path_z(path, z)) < 0 && errno != ENOENT && errno != ENOTDIR)
        FAIL_SYSTEM(err, "delete", path);
    return ST_OK;
}

static void local_destroy(struct store *store)
{
    struct local_store *s = (struct local_store *)store;
    pthread_mutex_destroy(&s->folders);
    buffer_free(&s->synced);
    mem_free(NULL, s, sizeof(*s));
}

static const struct store_ops local_ops = {
    .open = local_open,
    .close = local_close,
    .read = local_read,
    .write_create = local_write_create,
    .write_append = local_write_append,
    .write_finish = local_write_finish,
    .write_free = local_write_free,
    .remove = local_remove,
    .make_folder = local_make_folder,
    .sync_folder = local_sync_folder,
    .glob = store_local_glob,
    .destroy = local_destroy,
};

status store_create_local(struct store **out, struct error *err)
{
    void *memory;
    *out = NULL;
    TRY(mem_calloc(NULL, sizeof(struct local_store), &memory, err));
    struct local_store *s = memory;
    s->head.ops = &local_ops;
    pthread_mutex_init(&s->folders, NULL);
    buffer_init(&s->synced, NULL, SYNCED_BYTES);
    *out = &s->head;
    return ST_OK;
}

void store_local_use_names(struct store *s)
{
    ((struct local_store *)s)->use_names = true;
}
