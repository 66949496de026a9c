/* JOURNAL.FORK: who holds a proof that a journal has two histories writes it down. It changes no
 * balance; the node that admits it takes no more of that journal (forks.c). */
#include "fold_parts.h"

#include "record_fork.h"

enum invalid_reason fold_fork(struct fold *fold)
{
    const struct event *event = fold->event;
    struct fork_proof proof;
    if (!fork_proof_of(event->body.fork.headers, event->body.fork.signatures, &proof)) {
        return INVALID_MALFORMED;
    }
    if (!fold->proved) {
        return INVALID_BAD_REF;
    }
    if (!fold->trial && !fork_said(fold->rows, proof.journal, fold->header->journal)) {
        fork_say(fold->rows, proof.journal, fold->header->journal, proof.seq);
    }
    return INVALID_NONE;
}
