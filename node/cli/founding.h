/* The store of a new node: made whole under another name, then put in its place. */
#ifndef FOUNDING_H
#define FOUNDING_H

#include "node.h"

#include "explanation.h"
#include "key_store.h"

/* Makes `where`/db with the first blocks of a new network. Removes what an interrupted attempt left
 * under its working name. STATUS_DENIED if there is a store already. */
MUST_CHECK enum status founding_of_network(const char *where, struct key_store *keys,
                                           const struct genesis *genesis,
                                           struct explanation *explanation);

/* Makes `where`/db as the empty store of a branch. */
MUST_CHECK enum status founding_of_branch(const char *where, struct key_store *keys,
                                          const struct digest *network, uint64_t journal,
                                          struct explanation *explanation);

#endif
