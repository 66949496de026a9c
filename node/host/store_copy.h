/* A copy of a closed database's files, for recovery: the original is never worked on. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "tally/status.h"

/* Copies every file but the lock and LevelDB's own log of events to the new directory `copy_path`,
 * and syncs them. Holds LevelDB's lock meanwhile: STATUS_BUSY if another process has the database
 * open. The calling process must not have it open. errno tells more. */
MUST_CHECK enum status store_copy(const char *path, const char *copy_path);

#endif
