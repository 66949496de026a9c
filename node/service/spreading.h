/* Distribution: rights are moved in advance to where they will be wanted, so that members are
 * served also where there is no network. Policy, and never safety: what is moved is this journal's
 * own, by an event like any other; what is estimated (use, reachability) decides only where to.
 *
 * D3 Distribution answers nobody and delays no till: an account that was touched is looked at in a
 *    later tick, when what touched it is durable, a few accounts a tick. */
#ifndef SPREADING_H
#define SPREADING_H

#include "fold.h"
#include "node_state.h"

#include "spread.h"

/* Notes the account if the event is an occasion: a top-up, a sale, a pull, an unfreeze. */
void spread_hear(struct node *node, const struct fold *fold);
/* Compares what this journal holds of noted accounts with what it should, and moves the surplus. */
void spread_sweep(struct node *node, uint64_t now_ms);
/* The terms in force. */
struct spread_terms spread_terms_now(const struct node *node);

#endif
