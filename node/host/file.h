/* Small files that must be whole: written beside their place, synced, then renamed into it. */
#ifndef FILE_H
#define FILE_H

#include "tally/bytes.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { FILE_PATH_SIZE_MAX = 1024 };

/* What errno means to us: NOT_FOUND, DENIED, FULL, BUSY or IO. */
enum status file_status(int error);

/* "directory/name" into `path`. STATUS_TOO_LARGE if it does not fit FILE_PATH_SIZE_MAX. */
MUST_CHECK enum status file_path(char path[static FILE_PATH_SIZE_MAX], const char *directory,
                                 const char *name);

/* After STATUS_OK the file holds `content` with this mode and outlives a power cut; after a failure
 * it holds what it held before, or (STATUS_UNKNOWN: only the directory's sync failed) either. */
MUST_CHECK enum status file_replace(const char *path, struct bytes content, mode_t mode,
                                    struct explanation *explanation);

/* The same, but STATUS_DENIED if the file is there already. */
MUST_CHECK enum status file_create(const char *path, struct bytes content, mode_t mode,
                                   struct explanation *explanation);

/* Appends the whole file to `content`. STATUS_NOT_FOUND, STATUS_TOO_LARGE, DENIED or IO. */
MUST_CHECK enum status file_read(const char *path, struct buffer *content,
                                 struct explanation *explanation);

/* STATUS_OK if `path` is a regular file (or a directory) of this user with no permission for group
 * and others, and not a symbolic link; else STATUS_DENIED, or STATUS_NOT_FOUND. */
MUST_CHECK enum status file_check_private(const char *path, bool directory,
                                          struct explanation *explanation);

/* Makes the directory, with this mode, and syncs its parent. STATUS_DENIED if it exists. */
MUST_CHECK enum status file_make_directory(const char *path, mode_t mode,
                                           struct explanation *explanation);

/* Makes names in this directory durable. */
MUST_CHECK enum status file_sync_directory(const char *path);

/* Makes names in the directory that holds `path` durable. */
MUST_CHECK enum status file_sync_parent(const char *path);

bool file_exists(const char *path);

#endif
