#include "store_copy.h"

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_STEP_SIZE = 64 * 1024 };

static bool copy_content(int from, int to)
{
    char step[COPY_STEP_SIZE];
    for (;;) {
        ssize_t got = read(from, step, sizeof step);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        for (ssize_t done = 0; done < got;) {
            ssize_t written = write(to, step + done, (size_t)(got - done));
            if (written < 0 && errno != EINTR) {
                return false;
            }
            done += written > 0 ? written : 0;
        }
    }
}

static bool copy_file(int from_directory, int to_directory, const char *name)
{
    int to = -1;
    int from = openat(from_directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool copied = false;
    if (from < 0) {
        goto done;
    }
    to = openat(to_directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    copied = to >= 0 && copy_content(from, to) && fsync(to) == 0;

done:
    if (to >= 0) {
        (void)close(to);
    }
    if (from >= 0) {
        (void)close(from);
    }
    return copied;
}

/* Every file but the lock and LevelDB's own log of events. */
static bool copy_files(DIR *from, int to_directory)
{
    const struct dirent *entry = NULL;
    errno = 0;
    while ((entry = readdir(from)) != NULL) { /* NOLINT(concurrency-mt-unsafe): a DIR of our own */
        bool skip = entry->d_name[0] == '.' || strncmp(entry->d_name, "LO", 2) == 0;
        if (!skip && !copy_file(dirfd(from), to_directory, entry->d_name)) {
            return false;
        }
        errno = 0;
    }
    return errno == 0 && fsync(to_directory) == 0;
}

enum status store_copy(const char *path, const char *copy_path)
{
    enum status status = STATUS_IO;
    int to = -1;
    int lock = -1;
    DIR *from = opendir(path);
    if (from == NULL) {
        return file_status(errno);
    }
    lock = openat(dirfd(from), "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (lock < 0 || fcntl(lock, F_SETLK, &whole) != 0) {
        status = lock < 0 ? file_status(errno) : STATUS_BUSY;
        goto done;
    }
    if (mkdir(copy_path, 0700) != 0) {
        status = file_status(errno);
        goto done;
    }
    to = open(copy_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0 || !copy_files(from, to)) {
        status = file_status(errno);
        goto done;
    }
    status = file_sync_parent(copy_path);

done:
    if (to >= 0) {
        (void)close(to);
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    (void)closedir(from);
    return status;
}
