/* Fills the store of a node that does not run with blocks out of a backup, through the same checks
 * and the same fold as if a peer had sent them. What comes out is what every other node has. */
#ifndef REFILL_H
#define REFILL_H

#include "tally/bytes.h"
#include "tally/id.h"
#include "tally/status.h"

#include "explanation.h"
#include "identity.h"
#include "key_store.h"

#include <stdint.h>

struct refill;

struct refill_result {
    uint64_t taken; /* blocks that were not here before */
    uint64_t had;
    uint64_t events;     /* in the store now */
    struct digest state; /* over its replicated rows */
};

/* `directory` has a founded store in db. Both identity and keys are kept. */
MUST_CHECK enum status refill_open(const char *directory, const struct identity *identity,
                                   struct key_store *keys, struct refill **refill,
                                   struct explanation *explanation);
/* STATUS_FORGED: the block is refused, and nothing of it is in the store. STATUS_IO, STATUS_FULL.
 */
MUST_CHECK enum status refill_block(struct refill *refill, struct bytes block,
                                    struct explanation *explanation);
/* Makes all of it durable. */
MUST_CHECK enum status refill_finish(struct refill *refill, struct refill_result *result,
                                     struct explanation *explanation);
/* NULL is allowed. */
void refill_close(struct refill *refill);

#endif
