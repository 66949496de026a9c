/* A branch with a bug: what a node whose rules are broken would sign. */
#ifndef PLANTED_BUG_H
#define PLANTED_BUG_H

#include "tally/id.h"

/* With the daemon of this data directory stopped: opens the store and the keys as the daemon does,
 * and adds one block to the branch's own journal, properly signed and linked, that holds one SPEND
 * of `amount` from this lot, whoever holds the rights. What it means is left to the fold. Returns
 * where the event stands; fails the test if anything else goes wrong. */
struct event_ref planted_bug_spend(const char *dir, const struct subject_id *account,
                                   const struct lot_id *lot, int64_t amount);

#endif
