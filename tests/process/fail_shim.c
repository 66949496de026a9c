/* Loaded into a daemon before its libraries: makes the n-th call of a kind fail. TALLY_FAIL says
 * which: "sync:12:EIO" and "write:30:ENOSPC" of the database's log, "tear:30:ENOSPC" (half of it is
 * written first); "fsync", "append", "open", "rename" and "unlink" of any file of the node. EIO is
 * a dying disk, and every later one fails, too; ENOSPC is a disk that was full for a moment, EIO1
 * one that failed once. TALLY_SYNC_US makes every sync take so much longer, as on a slower disk.
 * While the file that TALLY_BLIND names is there, the database seems to have room on every disk. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum operation {
    OPERATION_NONE,
    OPERATION_SYNC,
    OPERATION_WRITE,
    OPERATION_TEAR,
    OPERATION_FSYNC,
    OPERATION_APPEND,
    OPERATION_OPEN,
    OPERATION_RENAME,
    OPERATION_UNLINK,
    OPERATIONS,
};

struct plan {
    enum operation operation;
    unsigned long number;
    int error;
    bool lasts; /* so do all later ones */
};

static _Atomic unsigned long counts[OPERATIONS];

static struct plan plan_read(void)
{
    static const char *const names[OPERATIONS] = {"",       "sync", "write",  "tear",  "fsync",
                                                  "append", "open", "rename", "unlink"};
    struct plan plan = {.operation = OPERATION_NONE, .error = EIO, .lasts = true};
    const char *text = getenv("TALLY_FAIL");
    const char *colon = text == NULL ? NULL : strchr(text, ':');
    if (colon == NULL) {
        return plan;
    }
    for (enum operation i = OPERATION_SYNC; i < OPERATIONS; i++) {
        if (strlen(names[i]) == (size_t)(colon - text) &&
            strncmp(names[i], text, (size_t)(colon - text)) == 0) {
            plan.operation = i;
        }
    }
    char *end = NULL;
    plan.number = strtoul(colon + 1, &end, 10);
    if (strcmp(end, ":ENOSPC") == 0) {
        plan.error = ENOSPC;
    }
    plan.lasts = strcmp(end, ":EIO") == 0;
    return plan;
}

static bool path_of(int descriptor, char path[static PATH_MAX])
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    path[size > 0 ? size : 0] = '\0';
    return size > 4;
}

/* LevelDB's log is db/000123.log. */
static bool is_of_database(int descriptor)
{
    char path[PATH_MAX];
    return path_of(descriptor, path) && strcmp(path + strlen(path) - 4, ".log") == 0 &&
           strstr(path, "/db/") != NULL;
}

/* In the folder that was given to the daemon: --dir is its last word. */
static bool is_of_node(const char *path)
{
    static char dir[PATH_MAX];
    if (dir[0] == '\0') {
        char words[PATH_MAX * 2] = "";
        FILE *file = fopen("/proc/self/cmdline", "r");
        size_t size = file == NULL ? 0 : fread(words, 1, sizeof words - 1, file);
        if (file != NULL) {
            (void)fclose(file);
        }
        for (size_t at = 0; at < size; at += strlen(words + at) + 1) {
            (void)snprintf(dir, sizeof dir, "%.*s", PATH_MAX - 1, words + at);
        }
    }
    return path != NULL && dir[0] == '/' && strncmp(path, dir, strlen(dir)) == 0;
}

static bool is_file_of_node(int descriptor)
{
    char path[PATH_MAX];
    return path_of(descriptor, path) && is_of_node(path);
}

/* True if this one is to fail. */
static bool strikes(const struct plan *plan)
{
    unsigned long number = atomic_fetch_add(&counts[plan->operation], 1) + 1;
    return plan->lasts ? number >= plan->number : number == plan->number;
}

static void be_slow(void)
{
    const char *text = getenv("TALLY_SYNC_US");
    unsigned long us = text == NULL ? 0 : strtoul(text, NULL, 10);
    const struct timespec pause = {.tv_sec = (time_t)(us / 1000000),
                                   .tv_nsec = (long)(us % 1000000) * 1000};
    if (us > 0) {
        (void)nanosleep(&pause, NULL);
    }
}

/* One call, by the kind that is to fail and whether this one is of it. */
static bool fails(enum operation operation, bool ours, struct plan *plan)
{
    *plan = plan_read();
    if (plan->operation != operation || !ours || !strikes(plan)) {
        return false;
    }
    errno = plan->error;
    return true;
}

int fdatasync(int descriptor)
{
    static int (*real)(int);
    int saved = errno;
    struct plan plan = plan_read();
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    }
    if ((plan.operation == OPERATION_SYNC &&
         fails(OPERATION_SYNC, is_of_database(descriptor), &plan)) ||
        (plan.operation == OPERATION_FSYNC &&
         fails(OPERATION_FSYNC, is_file_of_node(descriptor), &plan))) {
        return -1;
    }
    be_slow();
    errno = saved;
    return real(descriptor);
}

int fsync(int descriptor)
{
    static int (*real)(int);
    int saved = errno;
    struct plan plan = plan_read();
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    }
    if (plan.operation == OPERATION_FSYNC &&
        fails(OPERATION_FSYNC, is_file_of_node(descriptor), &plan)) {
        return -1;
    }
    errno = saved;
    return real(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    int saved = errno;
    struct plan plan = plan_read();
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    }
    bool of_log = plan.operation == OPERATION_WRITE || plan.operation == OPERATION_TEAR;
    bool struck = (of_log && fails(plan.operation, is_of_database(descriptor), &plan)) ||
                  (plan.operation == OPERATION_APPEND &&
                   fails(OPERATION_APPEND, is_file_of_node(descriptor), &plan));
    if (!struck) {
        errno = saved;
        return real(descriptor, data, size);
    }
    if (plan.operation == OPERATION_TEAR && size > 1) {
        (void)!real(descriptor, data, size / 2);
    }
    errno = plan.error;
    return -1;
}

static int open_really(const char *name, const char *path, int flags, unsigned mode)
{
    int (*real)(const char *, int, ...) = NULL;
    struct plan plan;
    int saved = errno;
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (fails(OPERATION_OPEN, is_of_node(path), &plan)) {
        return -1;
    }
    errno = saved;
    return real(path, flags, mode);
}

static unsigned mode_of(int flags, va_list values)
{
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(values, unsigned) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list values;
    va_start(values, flags);
    unsigned mode = mode_of(flags, values);
    va_end(values);
    return open_really("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list values;
    va_start(values, flags);
    unsigned mode = mode_of(flags, values);
    va_end(values);
    return open_really("open64", path, flags, mode);
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    struct plan plan;
    int saved = errno;
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "rename");
    }
    if (fails(OPERATION_RENAME, is_of_node(from), &plan)) {
        return -1;
    }
    errno = saved;
    return real(from, to);
}

int unlink(const char *path)
{
    static int (*real)(const char *);
    struct plan plan;
    int saved = errno;
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "unlink");
    }
    if (fails(OPERATION_UNLINK, is_of_node(path), &plan)) {
        return -1;
    }
    errno = saved;
    return real(path);
}

int statvfs(const char *restrict path, struct statvfs *restrict room)
{
    static int (*real)(const char *, struct statvfs *);
    const char *mark = getenv("TALLY_BLIND");
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "statvfs");
    }
    int result = real(path, room);
    size_t size = strlen(path);
    bool is_database = size > 3 && strcmp(path + size - 3, "/db") == 0;
    if (result == 0 && is_database && mark != NULL && access(mark, F_OK) == 0) {
        room->f_bavail = room->f_blocks;
    }
    return result;
}
