#include "file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status file_status(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
    case EEXIST:
    case ELOOP:
        return STATUS_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STATUS_FULL;
    case EBUSY:
    case EAGAIN:
        return STATUS_BUSY;
    default:
        return STATUS_IO;
    }
}

enum status file_path(char path[static FILE_PATH_SIZE_MAX], const char *directory, const char *name)
{
    int length = snprintf(path, FILE_PATH_SIZE_MAX, "%s/%s", directory, name);
    return length > 0 && length < FILE_PATH_SIZE_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

bool file_exists(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

enum status file_sync_directory(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return file_status(errno);
    }
    enum status status = fsync(descriptor) == 0 ? STATUS_OK : file_status(errno);
    (void)close(descriptor);
    return status;
}

enum status file_sync_parent(const char *path)
{
    char parent[FILE_PATH_SIZE_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return file_sync_directory(".");
    }
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof parent) {
        return STATUS_TOO_LARGE;
    }
    memcpy(parent, path, size);
    parent[size] = '\0';
    return file_sync_directory(parent);
}

static bool write_whole(int descriptor, struct bytes content)
{
    while (content.size > 0) {
        ssize_t written = write(descriptor, content.data, content.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        content.data += written;
        content.size -= (size_t)written;
    }
    return true;
}

/* Leaves a new synced file of exactly this mode, whatever the umask, or none. */
static enum status write_new(const char *path, struct bytes content, mode_t mode)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0700);
    if (descriptor < 0) {
        return file_status(errno);
    }
    enum status status = STATUS_OK;
    if (fchmod(descriptor, mode) != 0 || !write_whole(descriptor, content) ||
        fsync(descriptor) != 0) {
        status = file_status(errno);
    }
    if (close(descriptor) != 0 && status == STATUS_OK) {
        status = file_status(errno);
    }
    if (status != STATUS_OK) {
        int saved_errno = errno;
        (void)unlink(path);
        errno = saved_errno;
    }
    return status;
}

static enum status sync_names(const char *path, struct explanation *explanation)
{
    if (file_sync_parent(path) != STATUS_OK) {
        explain(explanation, "%s was written, but its directory could not be synced: %s", path,
                strerror(errno));
        return STATUS_UNKNOWN;
    }
    return STATUS_OK;
}

enum status file_replace(const char *path, struct bytes content, mode_t mode,
                         struct explanation *explanation)
{
    char temporary[FILE_PATH_SIZE_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (length <= 0 || (size_t)length >= sizeof temporary) {
        explain(explanation, "%s: the path is too long", path);
        return STATUS_TOO_LARGE;
    }
    if (unlink(temporary) != 0 && errno != ENOENT) { /* left by a crash */
        explain(explanation, "cannot remove %s: %s", temporary, strerror(errno));
        return file_status(errno);
    }
    enum status status = write_new(temporary, content, mode);
    if (status != STATUS_OK) {
        explain(explanation, "cannot write %s: %s", temporary, strerror(errno));
        return status;
    }
    if (rename(temporary, path) != 0) {
        status = file_status(errno);
        explain(explanation, "cannot rename %s to %s: %s", temporary, path, strerror(errno));
        (void)unlink(temporary);
        return status;
    }
    return sync_names(path, explanation);
}

enum status file_create(const char *path, struct bytes content, mode_t mode,
                        struct explanation *explanation)
{
    enum status status = write_new(path, content, mode);
    if (status != STATUS_OK) {
        explain(explanation, "cannot create %s: %s", path, strerror(errno));
        return status;
    }
    return sync_names(path, explanation);
}

/* Fills `content` until the end of the file. One byte more than fits is TOO_LARGE. */
static enum status read_whole(int descriptor, struct buffer *content)
{
    for (;;) {
        uint8_t beyond = 0;
        bool full = content->size == content->capacity;
        ssize_t got = full ? read(descriptor, &beyond, 1)
                           : read(descriptor, content->data + content->size,
                                  content->capacity - content->size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return file_status(errno);
        }
        if (got == 0) {
            return STATUS_OK;
        }
        if (full) {
            return STATUS_TOO_LARGE;
        }
        content->size += (size_t)got;
    }
}

enum status file_read(const char *path, struct buffer *content, struct explanation *explanation)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        enum status status = file_status(errno);
        explain(explanation, "cannot open %s: %s", path, strerror(errno));
        return status;
    }
    size_t before = content->size;
    enum status status = read_whole(descriptor, content);
    if (status == STATUS_TOO_LARGE) {
        explain(explanation, "%s is longer than the %zu bytes it may have", path,
                content->capacity - before);
    } else if (status != STATUS_OK) {
        explain(explanation, "cannot read %s: %s", path, strerror(errno));
    }
    if (status != STATUS_OK) {
        content->size = before;
    }
    (void)close(descriptor);
    return status;
}

enum status file_check_private(const char *path, bool directory, struct explanation *explanation)
{
    struct stat found;
    if (lstat(path, &found) != 0) {
        enum status status = file_status(errno);
        explain(explanation, "cannot look at %s: %s", path, strerror(errno));
        return status;
    }
    if (directory ? !S_ISDIR(found.st_mode) : !S_ISREG(found.st_mode)) {
        explain(explanation, "%s is not a %s", path, directory ? "directory" : "regular file");
        return STATUS_DENIED;
    }
    if (found.st_uid != geteuid()) {
        explain(explanation, "%s belongs to user %u, but this program runs as user %u", path,
                (unsigned)found.st_uid, (unsigned)geteuid());
        return STATUS_DENIED;
    }
    if ((found.st_mode & 077) != 0) {
        explain(explanation, "others may use %s (mode %04o); set it with: chmod %s %s", path,
                (unsigned)(found.st_mode & 07777), directory ? "0700" : "0600", path);
        return STATUS_DENIED;
    }
    return STATUS_OK;
}

enum status file_make_directory(const char *path, mode_t mode, struct explanation *explanation)
{
    if (mkdir(path, mode) != 0) {
        enum status status = file_status(errno);
        explain(explanation, "cannot make the directory %s: %s", path, strerror(errno));
        return status;
    }
    if (chmod(path, mode) != 0) { /* whatever the umask */
        enum status status = file_status(errno);
        explain(explanation, "cannot set the mode of %s: %s", path, strerror(errno));
        return status;
    }
    return sync_names(path, explanation);
}
