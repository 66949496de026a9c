/* The proof that a journal has two histories, as bytes (proto/README.md, JOURNAL.FORK). */
#ifndef FORK_PROOF_H
#define FORK_PROOF_H

#include "tally/bytes.h"
#include "tally/id.h"

/* Two signed headers of one place of one journal; borrows. */
struct fork_proof {
    uint64_t journal;
    uint64_t seq;
    struct digest ids[2];
    struct bytes headers[2];
    struct bytes signatures[2];
};
/* Takes them apart. False unless they are of one place and differ; whether the signatures hold is
 * not looked at. */
bool fork_proof_of(const struct bytes headers[static 2], const struct bytes signatures[static 2],
                   struct fork_proof *proof);

/* Header and signature of a whole block, without its events. */
bool block_halves(struct bytes whole, struct bytes *header, struct bytes *signature);

#endif
