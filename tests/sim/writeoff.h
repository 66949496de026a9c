/* Branches that burn down, or are only thought to: the office's manager retires their journals,
 * somebody may find the disk in the ashes, and the branch may be enrolled again. */
#ifndef WRITEOFF_H
#define WRITEOFF_H

#include "sim.h"

/* `how`: sum of enum write_off. No-op for the office, a hostile machine, and who was written off.
 */
void writeoff_begin(struct world *machine, uint32_t how);
/* HAPPENING_WRITE_OFF. */
void writeoff_step(struct world *machine);

/* An event that an honest machine wrote: nothing moves to a retired journal that it knows retired,
 * and the office acts within what it knows (S17). */
void writeoff_check(struct world *machine, const struct event *event);
/* Written by a node by itself, about retired journals. */
bool writeoff_is_unasked(const struct event *event);
/* Nobody admits what was written by who knew that he was retired (S17). */
void writeoff_admitted(struct world *machine, const struct block_header *header);

/* A burnt machine whose last blocks nobody else has is found and switched on once more: else there
 * were sales that only the account book knows of. */
void writeoff_find_disks(struct sim *sim);

/* Has the office taken over all that retired journals left, and given back what they lack? (L2) */
bool writeoff_is_settled(struct sim *sim);
void writeoff_tell_unsettled(struct sim *sim);

#endif
