/* Events of types that this version does not know. They stay in their blocks and are passed on as
 * they came; table U lists them in the order of admission, and when a version that knows the type
 * starts on the store, they are folded, here alone and some a tick.
 *
 * U1 An event of a type from 200 up that this version does not know is kept, passed on byte for
 *    byte and folded after the upgrade, with the verdict that it would have had at once; a node
 *    that still holds such events compares its state with nobody.
 * U2 While a critical one about an account waits, this node uses nothing of that account.
 *
 * For U1, what the fold of a type from 200 up reads of others' rows must not depend on when it is
 * read: only rows that older types of 200 and up wrote, and what the block's causal past says. */
#ifndef LATER_H
#define LATER_H

#include "fold.h"
#include "node_state.h"

/* A type from 200 up that another version has, and this one does not. */
bool later_is_newer(const struct node *node, uint16_t type);

/* event_decode as this version understands it. */
MUST_CHECK enum status later_decode(const struct node *node, struct bytes input,
                                    struct event *event);

/* Lists the event of this fold; part of fold_event. */
void later_keep(struct fold *fold);

/* A critical event about the account waits for another version (U2). */
bool later_blocks(struct node *node, const struct subject_id *account);

/* The highest block of `from` that `journal` named up to its block `seq`: what the row `d` said
 * when that block was folded at once. Reads blocks back to the one that named it. */
uint64_t later_named(struct rows *rows, uint64_t journal, uint64_t seq, uint64_t from);

/* Folds some of those that this version knows by now. */
void later_sweep(struct node *node);

#endif
