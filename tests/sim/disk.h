/* A model of one node's store: a sorted map of committed rows and at most one batch on its way.
 *
 * What was measured on LevelDB with synced writes holds here: a batch is atomic, batches are
 * ordered, a crash keeps every completed batch and either keeps or loses the one in flight, and
 * after one failed commit no other is taken until the store is opened again.
 */
#ifndef DISK_H
#define DISK_H

#include "tally/bytes.h"
#include "tally/status.h"
#include "tally/world.h"

struct disk;

struct disk *disk_new(void);
void disk_free(struct disk *disk);

/* Copies the committed value of `key` behind what `value` already holds. */
MUST_CHECK enum status disk_load(const struct disk *disk, struct bytes key, struct buffer *value);
/* The first committed key strictly above `after` if it starts with `prefix`. */
MUST_CHECK enum status disk_next(const struct disk *disk, struct bytes prefix, struct bytes after,
                                 struct buffer *key, struct buffer *value);
/* One row without copying: points into the disk until it changes. */
MUST_CHECK enum status disk_look(const struct disk *disk, struct bytes key, struct bytes *value);
/* The next one without copying: both point into the disk until it changes. */
MUST_CHECK enum status disk_peek(const struct disk *disk, struct bytes after, struct bytes *key,
                                 struct bytes *value);

/* Takes a copy of the batch. False if one is in flight already or a commit failed since opening. */
bool disk_submit(struct disk *disk, const struct write *writes, size_t count);
bool disk_has_batch(const struct disk *disk);
/* The batch in flight, to look at. */
size_t disk_batch(const struct disk *disk, const struct write **writes);
/* The batch in flight becomes committed (keep) or is lost. */
void disk_settle(struct disk *disk, bool keep);
/* A commit's outcome is unknown to the node: refuses all further batches until disk_reopen. */
void disk_break(struct disk *disk);
/* After a crash. No batch may be in flight. */
void disk_reopen(struct disk *disk);

size_t disk_rows(const struct disk *disk);

/* A copy of all that is committed, and back: an old backup put into place. */
struct disk *disk_copy(const struct disk *disk);

#endif
