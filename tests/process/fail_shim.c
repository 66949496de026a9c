/* Loaded into a daemon before its libraries: makes the n-th write or sync of the database's log
 * fail. TALLY_FAIL says which: "sync:12:EIO", "write:30:ENOSPC", "tear:30:ENOSPC" (half of it is
 * written first). EIO is a dying disk, and every later one fails, too; ENOSPC is a disk that was
 * full for a moment. TALLY_SYNC_US makes every sync take so much longer, as on a slower disk. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum operation { OPERATION_NONE, OPERATION_SYNC, OPERATION_WRITE, OPERATION_TEAR };

struct plan {
    enum operation operation;
    unsigned long number;
    int error;
};

static _Atomic unsigned long syncs;
static _Atomic unsigned long writes;

static struct plan plan_read(void)
{
    struct plan plan = {.operation = OPERATION_NONE, .error = EIO};
    const char *text = getenv("TALLY_FAIL");
    const char *colon = text == NULL ? NULL : strchr(text, ':');
    if (colon == NULL) {
        return plan;
    }
    plan.operation = text[0] == 's'   ? OPERATION_SYNC
                     : text[0] == 't' ? OPERATION_TEAR
                                      : OPERATION_WRITE;
    char *end = NULL;
    plan.number = strtoul(colon + 1, &end, 10);
    if (strcmp(end, ":ENOSPC") == 0) {
        plan.error = ENOSPC;
    }
    return plan;
}

/* LevelDB's log is db/000123.log. */
static bool is_of_database(int descriptor)
{
    char link[64];
    char path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 4) {
        return false;
    }
    path[size] = '\0';
    return strcmp(path + size - 4, ".log") == 0 && strstr(path, "/db/") != NULL;
}

/* True if this one is to fail. */
static bool strikes(const struct plan *plan, _Atomic unsigned long *count)
{
    unsigned long number = atomic_fetch_add(count, 1) + 1;
    return plan->error == ENOSPC ? number == plan->number : number >= plan->number;
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

int fdatasync(int descriptor)
{
    static int (*real)(int);
    int saved = errno;
    struct plan plan = plan_read();
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    }
    if (plan.operation == OPERATION_SYNC && is_of_database(descriptor) && strikes(&plan, &syncs)) {
        errno = plan.error;
        return -1;
    }
    be_slow();
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
    bool wanted = plan.operation == OPERATION_WRITE || plan.operation == OPERATION_TEAR;
    if (!wanted || !is_of_database(descriptor) || !strikes(&plan, &writes)) {
        errno = saved;
        return real(descriptor, data, size);
    }
    if (plan.operation == OPERATION_TEAR && size > 1) {
        (void)!real(descriptor, data, size / 2);
    }
    errno = plan.error;
    return -1;
}
