/* The authority's keys: each is certified by the root of the network, and begins an epoch (J6). */
#ifndef EPOCHS_H
#define EPOCHS_H

#include "node_state.h"

/* Is this AUTH.EPOCH signed by a root of the manifest? */
bool authority_epoch_holds(struct node *node, const struct event *epoch);

/* A block of the authority that is about to be admitted: a new key stands first in it, certified by
 * the root, for the next epoch, behind a history that is part of the authority's. Nothing else in
 * it is a key. */
bool epochs_hold(struct node *node, const struct block *block);

#endif
