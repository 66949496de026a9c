/* What kind of file system holds a path. */
#ifndef FILE_SYSTEM_H
#define FILE_SYSTEM_H

#include "tally/status.h"

#include <stdbool.h>

/* Its type ("ext4", "xfs", "tmpfs", .. or "unknown"), and whether it is known to keep what it has
 * synced through a power cut. `*name` is good for ever. */
MUST_CHECK enum status file_system_of(const char *path, const char **name, bool *supported);

#endif
