/* A disk that can be told to fail, to kill its user, and to remember everything that it was asked to do.

   Preloaded into a process (LD_PRELOAD), it stands between the process and the C library's file calls. Which files, which
   calls and what to do is told by a control page, a file shared by all processes: see _control.py, which has the same
   layout. Only Linux. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN, READ, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, MAP, STATEMENT, LOCK };
enum event { CREATED = 1, WRITTEN, SYNC_BEGUN, SYNC_ENDED, TRUNCATED, UNLINKED, RENAMED };

#define PATH 512
#define CALLS 4096
#define WHAT 64
#define KILL (-1)

struct control {
    char prefix[PATH];       /* only files whose path begins with this */
    char log[PATH];          /* where to remember, if `remembering` */
    _Atomic int64_t armed;   /* whether calls are counted */
    int64_t kinds;           /* which calls are: a bit for each kind */
    int64_t first;           /* the first call to act on, counted from 0 */
    int64_t count;           /* on how many calls from there */
    int64_t action;          /* the errno to fail with, or KILL */
    int64_t torn;            /* whether a write is done by half before that */
    int64_t remembering;
    int64_t lying;           /* whether a sync does nothing and succeeds */
    _Atomic int64_t calls;   /* how many were counted */
    _Atomic int64_t acted;   /* on how many was acted */
    char what[CALLS][WHAT];  /* what they were */
};

static struct control *control;
static pthread_mutex_t logging = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static pid_t log_owner;

#define REAL(name, result, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int really_open(const char *path, int flags, mode_t mode)
{
    REAL(open64, int, const char *, int, ...);
    return real_open64(path, flags, mode);
}

static ssize_t really_pwrite(int fd, const void *data, size_t size, off64_t offset)
{
    REAL(pwrite64, ssize_t, int, const void *, size_t, off64_t);
    return real_pwrite64(fd, data, size, offset);
}

static ssize_t really_write(int fd, const void *data, size_t size)
{
    REAL(write, ssize_t, int, const void *, size_t);
    return real_write(fd, data, size);
}

static ssize_t really_writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev, ssize_t, int, const struct iovec *, int);
    return real_writev(fd, parts, count);
}

static int really_flock(int fd, int operation)
{
    REAL(flock, int, int, int);
    return real_flock(fd, operation);
}

__attribute__((constructor)) static void load(void)
{
    const char *path = getenv("LAZYJOBS_TORTURE");
    if (!path) return;
    int fd = really_open(path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED) control = page;
}

/* Whether the file is one to watch; its path as it was opened. */
static int watched_path(const char *path)
{
    return control && control->prefix[0] && !strncmp(path, control->prefix, strlen(control->prefix));
}

static int watched(int fd, char *path)
{
    if (!control || !control->prefix[0]) return 0;
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return watched_path(path);
}

/* A directory is watched if the files in it are. */
static int watched_directory(int fd, char *path)
{
    if (!control || !control->prefix[0]) return 0;
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return !strncmp(path, control->prefix, size) && control->prefix[size] == '/';
}

/* Counts a call. Answers 0 if it is to go on, else the errno to fail with; may not return at all. */
static int strike(enum kind kind, const char *name, const char *path, int *torn)
{
    if (!atomic_load(&control->armed) || !(control->kinds >> kind & 1)) return 0;
    int64_t number = atomic_fetch_add(&control->calls, 1);
    if (number < CALLS) {
        const char *base = kind == STATEMENT ? NULL : strrchr(path, '/');
        snprintf(control->what[number], WHAT, "%s %s", name, base ? base + 1 : path);
    }
    if (number < control->first || number - control->first >= control->count) return 0;
    atomic_fetch_add(&control->acted, 1);
    if (torn && control->torn && number == control->first) {
        *torn = 1;
        return 0;
    }
    if (control->action == KILL) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    return (int)control->action;
}

/* Called by a process itself, before it does what it calls by that name. */
void torture_statement(const char *name)
{
    if (control) strike(STATEMENT, "statement", name, NULL);
}

struct entry {
    int64_t time;
    int64_t event;
    int64_t inode;
    int64_t offset;
    int64_t size;
    int64_t name;
};

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Appends to the log, the time and the place of an entry being in the same order for all processes. */
static void append(enum event event, int64_t inode, int64_t offset, const void *data, int64_t size, const char *name)
{
    int error = errno;
    pthread_mutex_lock(&logging);
    if (log_owner != getpid()) {
        /* A lock belongs to an open file: a forked process needs its own. */
        log_fd = really_open(control->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        log_owner = getpid();
    }
    really_flock(log_fd, LOCK_EX);
    struct entry entry = {now(), event, inode, offset, size, (int64_t)strlen(name)};
    struct iovec parts[3] = {
        {&entry, sizeof entry}, {(void *)name, strlen(name)}, {(void *)data, data ? size : 0}};
    ssize_t whole = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len;
    if (really_writev(log_fd, parts, 3) != whole) abort();
    really_flock(log_fd, LOCK_UN);
    pthread_mutex_unlock(&logging);
    errno = error;
}

static int64_t inode_of(int fd)
{
    struct stat64 found;
    return fstat64(fd, &found) ? -1 : (int64_t)found.st_ino;
}

static void remember(enum event event, int fd, int64_t offset, const void *data, int64_t size, const char *path)
{
    if (control->remembering) append(event, inode_of(fd), offset, data, size, path);
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* The whole path of a name in an open directory; what is whole already stays as it is. */
static const char *whole_path(int directory, const char *path, char *whole)
{
    if (directory == AT_FDCWD || path[0] == '/') return path;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, whole, PATH - 1);
    if (length < 0 || length + strlen(path) + 2 > PATH) return path;
    snprintf(whole + length, PATH - length, "/%s", path);
    return whole;
}

static int do_open(int directory, const char *name, int flags, mode_t mode)
{
    REAL(openat64, int, int, const char *, int, ...);
    char whole[PATH];
    const char *path = whole_path(directory, name, whole);
    if (!watched_path(path)) return real_openat64(directory, name, flags, mode);
    struct stat64 found;
    int there = !stat64(path, &found);
    enum kind kind = flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC) ? OPEN : READ;
    int error = strike(kind, there ? "open" : "create", path, NULL);
    if (error) return fail(error);
    int fd = real_openat64(directory, path, flags, mode);
    if (fd >= 0 && flags & O_CREAT && !there) remember(CREATED, fd, 0, NULL, 0, path);
    if (fd >= 0 && flags & O_TRUNC && there) remember(TRUNCATED, fd, 0, NULL, 0, path);
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...)
{
    MODE(flags, mode)
    return do_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags, mode)
    return do_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    MODE(flags, mode)
    return do_open(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
    MODE(flags, mode)
    return do_open(directory, path, flags | O_LARGEFILE, mode);
}

ssize_t read(int fd, void *data, size_t size)
{
    REAL(read, ssize_t, int, void *, size_t);
    char path[PATH];
    int error = watched(fd, path) ? strike(READ, "read", path, NULL) : 0;
    return error ? fail(error) : real_read(fd, data, size);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset)
{
    REAL(pread64, ssize_t, int, void *, size_t, off64_t);
    char path[PATH];
    int error = watched(fd, path) ? strike(READ, "read", path, NULL) : 0;
    return error ? fail(error) : real_pread64(fd, data, size, offset);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return pread64(fd, data, size, offset);
}

/* What is left to write, and whether to die afterwards, if the call was chosen to be done by half. */
static ssize_t do_pwrite(int fd, const void *data, size_t size, off64_t offset, const char *path)
{
    int torn = 0;
    int error = strike(WRITE, "write", path, &torn);
    if (error) return fail(error);
    ssize_t written = really_pwrite(fd, data, torn ? (size + 1) / 2 : size, offset);
    if (written > 0) remember(WRITTEN, fd, offset, data, written, path);
    if (torn && control->action == KILL) kill(getpid(), SIGKILL);
    return written;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    char path[PATH];
    if (!watched(fd, path)) return really_pwrite(fd, data, size, offset);
    return do_pwrite(fd, data, size, offset, path);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite64(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
    char path[PATH];
    if (!watched(fd, path)) return really_write(fd, data, size);
    off64_t offset = fcntl(fd, F_GETFL) & O_APPEND ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
    ssize_t written = do_pwrite(fd, data, size, offset, path);
    if (written > 0) lseek64(fd, offset + written, SEEK_SET);
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    char path[PATH];
    if (!watched(fd, path)) return really_writev(fd, parts, count);
    ssize_t all = 0;
    for (int part = 0; part < count; part++) {
        ssize_t written = write(fd, parts[part].iov_base, parts[part].iov_len);
        if (written < 0) return all ? all : -1;
        all += written;
        if ((size_t)written < parts[part].iov_len) break;
    }
    return all;
}

static int do_sync(int fd, int (*really)(int))
{
    char path[PATH];
    if (!watched(fd, path) && !watched_directory(fd, path)) return really(fd);
    int error = strike(SYNC, "sync", path, NULL);
    if (error) return fail(error);
    if (control->lying) return 0;
    remember(SYNC_BEGUN, fd, 0, NULL, 0, path);
    int result = really(fd);
    if (!result) remember(SYNC_ENDED, fd, 0, NULL, 0, path);
    return result;
}

int fsync(int fd)
{
    REAL(fsync, int, int);
    return do_sync(fd, real_fsync);
}

int fdatasync(int fd)
{
    REAL(fdatasync, int, int);
    return do_sync(fd, real_fdatasync);
}

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64, int, int, off64_t);
    char path[PATH];
    if (!watched(fd, path)) return real_ftruncate64(fd, size);
    int error = strike(TRUNCATE, "truncate", path, NULL);
    if (error) return fail(error);
    int result = real_ftruncate64(fd, size);
    if (!result) remember(TRUNCATED, fd, size, NULL, 0, path);
    return result;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

/* Nothing is preallocated: a file system may refuse, and its user writes then. */
int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    REAL(posix_fallocate64, int, int, off64_t, off64_t);
    char path[PATH];
    return watched(fd, path) ? EINVAL : real_posix_fallocate64(fd, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    return posix_fallocate64(fd, offset, size);
}

int unlinkat(int directory, const char *name, int flags)
{
    REAL(unlinkat, int, int, const char *, int);
    char whole[PATH];
    const char *path = whole_path(directory, name, whole);
    if (!watched_path(path)) return real_unlinkat(directory, path, flags);
    int error = strike(UNLINK, "unlink", path, NULL);
    if (error) return fail(error);
    int result = real_unlinkat(directory, path, flags);
    if (!result && control->remembering) append(UNLINKED, 0, 0, NULL, 0, path);
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

/* Renamed: the log's data is the new name. */
int renameat(int old_directory, const char *old_name, int new_directory, const char *new_name)
{
    REAL(renameat, int, int, const char *, int, const char *);
    char old_whole[PATH], new_whole[PATH];
    const char *from = whole_path(old_directory, old_name, old_whole);
    const char *to = whole_path(new_directory, new_name, new_whole);
    if (!watched_path(from) && !watched_path(to)) return real_renameat(old_directory, old_name, new_directory, new_name);
    int error = strike(RENAME, "rename", from, NULL);
    if (error) return fail(error);
    int result = real_renameat(old_directory, old_name, new_directory, new_name);
    if (!result && control->remembering) append(RENAMED, 0, 0, to, strlen(to), from);
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    REAL(mmap64, void *, void *, size_t, int, int, int, off64_t);
    char path[PATH];
    int error = fd >= 0 && watched(fd, path) ? strike(MAP, "map", path, NULL) : 0;
    if (!error) return real_mmap64(address, size, protection, flags, fd, offset);
    errno = error;
    return MAP_FAILED;
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap64(address, size, protection, flags, fd, offset);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir, int, const char *, mode_t);
    int error = watched_path(path) ? strike(OPEN, "mkdir", path, NULL) : 0;
    return error ? fail(error) : real_mkdir(path, mode);
}

int mkfifoat(int directory, const char *name, mode_t mode)
{
    REAL(mkfifoat, int, int, const char *, mode_t);
    char whole[PATH];
    const char *path = whole_path(directory, name, whole);
    int error = watched_path(path) ? strike(OPEN, "mkfifo", path, NULL) : 0;
    return error ? fail(error) : real_mkfifoat(directory, name, mode);
}

int mkfifo(const char *path, mode_t mode)
{
    return mkfifoat(AT_FDCWD, path, mode);
}

/* Whose a file is, and who may use it. */
int fchmod(int fd, mode_t mode)
{
    REAL(fchmod, int, int, mode_t);
    char path[PATH];
    int error = watched(fd, path) ? strike(OPEN, "chmod", path, NULL) : 0;
    return error ? fail(error) : real_fchmod(fd, mode);
}

/* Taking a lock may fail; letting go of one does not. SQLite's own, by fcntl, are left alone: it takes every failure of
   them for the lock of another. */
int flock(int fd, int operation)
{
    char path[PATH];
    int error = !(operation & LOCK_UN) && watched(fd, path) ? strike(LOCK, "lock", path, NULL) : 0;
    return error ? fail(error) : really_flock(fd, operation);
}
