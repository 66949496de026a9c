#include "frontier.h"

#include <assert.h>
#include <string.h>

/* The first position whose journal is not below `journal`. */
static uint32_t lower_bound(const struct frontier *frontier, uint64_t journal)
{
    uint32_t low = 0;
    uint32_t high = frontier->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (frontier->entries[middle].journal < journal) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct frontier_entry *frontier_find(const struct frontier *frontier, uint64_t journal)
{
    uint32_t at = lower_bound(frontier, journal);
    if (at == frontier->count || frontier->entries[at].journal != journal) {
        return NULL;
    }
    return &frontier->entries[at];
}

struct frontier_entry *frontier_list(struct frontier *frontier, uint64_t journal)
{
    assert(journal != 0);
    uint32_t at = lower_bound(frontier, journal);
    if (at < frontier->count && frontier->entries[at].journal == journal) {
        return &frontier->entries[at];
    }
    if (frontier->count == frontier->capacity) {
        return NULL;
    }
    memmove(&frontier->entries[at + 1], &frontier->entries[at],
            (frontier->count - at) * sizeof frontier->entries[0]);
    frontier->entries[at] = (struct frontier_entry){.journal = journal};
    frontier->count++;
    return &frontier->entries[at];
}

uint32_t frontier_position(const struct frontier *frontier, const struct frontier_entry *entry)
{
    assert(entry >= frontier->entries && entry < frontier->entries + frontier->count);
    return (uint32_t)(entry - frontier->entries);
}

bool frontier_expects(const struct frontier_entry *entry, const struct block_header *header)
{
    assert(entry->journal == header->journal);
#if defined(MUTANT_gap_accepted)
    bool next = header->seq > entry->seq;
#else
    bool next = header->seq == entry->seq + 1;
#endif
#if defined(MUTANT_link_check_skipped)
    bool linked = true;
#else
    bool linked = digest_equal(&header->prev, &entry->id);
#endif
    return next && linked && header->hlc > entry->hlc && header->day >= entry->day &&
           header->auth >= entry->auth;
}

void frontier_advance(struct frontier_entry *entry, const struct block_header *header,
                      const struct digest *id)
{
    assert(entry->journal == header->journal);
    entry->seq = header->seq;
    entry->id = *id;
    entry->hlc = header->hlc;
    entry->day = header->day;
    entry->auth = header->auth;
}
