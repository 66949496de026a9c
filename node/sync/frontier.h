/* What a node has: for each journal the last block held with none missing below it.
 *
 * S1  a journal's entry only ever moves to seq + 1, with prev equal to the id it had. */
#ifndef FRONTIER_H
#define FRONTIER_H

#include "tally/event.h"
#include "tally/id.h"

struct frontier_entry {
    uint64_t journal;
    uint64_t seq; /* 0 = nothing yet */
    struct digest id;
    uint64_t hlc;
    uint32_t day;
    uint64_t auth;
    bool frozen; /* it has two histories: nothing more is admitted */
    bool proved; /* and the proof is here */
};

/* Entries sorted by journal, so the authority's is first. Memory is the caller's. */
struct frontier {
    uint32_t count;
    uint32_t capacity;
    struct frontier_entry *entries;
};

/* NULL if the journal is not listed. */
struct frontier_entry *frontier_find(const struct frontier *frontier, uint64_t journal);
/* Lists the journal, or finds it; NULL when full. Moves entries: pointers and positions change. */
struct frontier_entry *frontier_list(struct frontier *frontier, uint64_t journal);
/* Position of an entry, for tables kept beside the frontier. */
uint32_t frontier_position(const struct frontier *frontier, const struct frontier_entry *entry);

/* Does this block follow at once, by number, link, time, day and authority position (S1)? */
bool frontier_expects(const struct frontier_entry *entry, const struct block_header *header);
void frontier_advance(struct frontier_entry *entry, const struct block_header *header,
                      const struct digest *id);

#endif
