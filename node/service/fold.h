/* What an event means: the one place where facts change rows. It runs on every node for every
 * event, own and received alike, and has no way to refuse: an event that breaks a rule is INVALID,
 * changes no balance, and is charged to the branch that signed it (L3, L4).
 *
 * The verdict is a function of the block's causal past alone: the writer's own path, what its deps
 * name, and the authority journal as of the header's `auth` (L5). So every check reads only rows of
 * the writer's own path, and never "what this node happens to have". */
#ifndef FOLD_H
#define FOLD_H

#include "roster.h"
#include "rows.h"
#include "tally/event.h"

struct fold {
    struct rows *rows;
    const struct roster *roster;
    const struct block_header *header; /* journal, seq, hlc, day, auth; deps are in rows already */
    uint16_t index;
    struct digest leaf;
    const struct event *event;
    bool trial;         /* only say what the verdict would be: nothing is written */
    uint64_t trial_dep; /* and for what rests on another journal, as if that were named so far */
    bool newer;         /* of a type that this version does not know */
    bool late;          /* admitted by an older version of this node, which did not know the type */
    uint64_t feed;      /* place of the block in the order of admission */
    bool proved;        /* the signature that the event itself carries holds (LEASE.RECORD) */
    /* what came of it */
    enum event_verdict verdict;
    enum invalid_reason reason;
    int64_t principal; /* amounts of the event, by bucket */
    int64_t bonus;
    int64_t moved;
    int64_t uncovered; /* a sale's part without cover; what a cover paid of such parts */
    bool diverged;     /* a line's stated remainder is not ours */
    uint8_t flags;     /* enum event_remark */
};

/* For events of data journals. */
void fold_event(struct fold *fold);

/* How many days after a lot's last one its holders wait before they burn it, as of `auth`. */
int64_t expiry_grace(const struct roster *roster, uint32_t branch, uint64_t auth);

/* How many days a lot lives on that a refund restores after its end, as of `auth`. */
uint32_t restore_days(const struct roster *roster, uint32_t branch, uint64_t auth);

/* What `from` had granted `to` of a lot when its journal stood at `seq`. */
int64_t granted_at(struct rows *rows, const struct lot_id *lot, uint64_t from, uint64_t to,
                   uint64_t seq);

/* Feed and reports: amounts of an event by bucket, read from the event and the terms of its lots.
 */
void event_amounts(struct rows *rows, const struct event *event, int64_t *principal,
                   int64_t *bonus);

#endif
