/* The committer: a thread that makes one batch at a time durable while the core goes on. */
#ifndef COMMITTER_H
#define COMMITTER_H

#include "tally/status.h"
#include "tally/world.h"

#include "store.h"

struct committer;

/* `store` is kept. NULL when memory, descriptors or threads are short. */
struct committer *committer_start(struct store *store);
/* Waits for a commit in flight, however long it takes. NULL is allowed. */
void committer_stop(struct committer *committer);

/* Takes a copy of the batch. None may be in flight. */
void committer_put(struct committer *committer, const struct write *writes, size_t count);

/* Readable when an outcome waits; the outcome, once: what store_commit said. */
int committer_descriptor(const struct committer *committer);
bool committer_outcome(struct committer *committer, enum status *outcome);

/* How long the commit in flight has been going on; 0 = none. */
uint64_t committer_hanging_ms(struct committer *committer);

enum { COMMITTER_BUCKETS = 12 };
struct committer_counters {
    uint64_t commits;
    uint64_t failures;
    uint64_t writes;
    uint64_t bytes;
    uint64_t microseconds;                 /* all commits together */
    uint64_t by_bucket[COMMITTER_BUCKETS]; /* not summed; the last one holds the rest */
};
struct committer_counters committer_counters(struct committer *committer);
/* The upper bound of a bucket but the last. */
uint32_t committer_bucket_ms(size_t bucket);

#endif
