/* The head keeper: a thread that writes the head file, so that its sync never holds up the core.
 * Only the newest record that waits is written. */
#ifndef HEAD_KEEPER_H
#define HEAD_KEEPER_H

#include "head_file.h"

struct head_keeper;

/* `path` is copied. NULL when memory or threads are short. */
struct head_keeper *head_keeper_start(const char *path);
/* Writes what still waits first. False if the last write failed. NULL is allowed: true. */
bool head_keeper_stop(struct head_keeper *keeper);

void head_keeper_put(struct head_keeper *keeper, const struct head_record *record);

struct head_keeper_counters {
    uint64_t writes;
    uint64_t failures;
    uint64_t seq; /* the last that is on the disk since start */
};
struct head_keeper_counters head_keeper_counters(struct head_keeper *keeper);

#endif
