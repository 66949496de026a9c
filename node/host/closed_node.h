/* A node that does not run, opened by a tool: filled with blocks out of a backup, through the same
 * checks and the same fold as if a peer had sent them, or given another key of the authority. */
#ifndef CLOSED_NODE_H
#define CLOSED_NODE_H

#include "tally/bytes.h"
#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"
#include "identity.h"
#include "key_store.h"
#include "node.h"

#include <stdint.h>

struct closed_node;

struct closed_node_result {
    uint64_t taken; /* blocks that were not here before */
    uint64_t had;
    uint64_t events;     /* in the store now */
    struct digest state; /* over its replicated rows */
};

/* `directory` has a founded store in db. Both identity and keys are kept. */
MUST_CHECK enum status closed_node_open(const char *directory, const struct identity *identity,
                                        struct key_store *keys, struct closed_node **closed,
                                        struct explanation *explanation);
/* STATUS_FORGED: the block is refused, and nothing of it is in the store. STATUS_IO, STATUS_FULL.
 */
MUST_CHECK enum status closed_node_import(struct closed_node *closed, struct bytes block,
                                          struct explanation *explanation);
/* The office begins the epoch of this certificate (node_renew_authority). */
MUST_CHECK enum status closed_node_renew_authority(struct closed_node *closed,
                                                   const struct event *epoch,
                                                   struct explanation *explanation);
/* What it knows of the authority; false if nothing. */
bool closed_node_authority(const struct closed_node *closed, struct node_authority *authority);
/* Makes all of it durable. */
MUST_CHECK enum status closed_node_commit(struct closed_node *closed,
                                          struct closed_node_result *result,
                                          struct explanation *explanation);
/* NULL is allowed. */
void closed_node_close(struct closed_node *closed);

#endif
