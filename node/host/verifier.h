/* The verifier: threads that check Ed25519 signatures, a list at a time, while the core goes on. */
#ifndef VERIFIER_H
#define VERIFIER_H

#include "tally/world.h"

struct verifier;

enum { VERIFIER_JOBS_MAX = 64, VERIFIER_THREADS_MAX = 8 };

/* 1 to VERIFIER_THREADS_MAX threads. NULL when memory, descriptors or threads are short. */
struct verifier *verifier_start(uint32_t threads);
/* Finishes what is being checked and forgets the rest. NULL is allowed. */
void verifier_stop(struct verifier *verifier);

/* Takes a copy of the list. When VERIFIER_JOBS_MAX lists are under way it is checked here and now,
 * by the caller: who sends too much to check slows himself down. */
void verifier_put(struct verifier *verifier, uint64_t token, const struct signature_check *checks,
                  size_t count);

/* Readable while an outcome waits; one outcome a call, in any order. */
int verifier_descriptor(const struct verifier *verifier);
bool verifier_outcome(struct verifier *verifier, uint64_t *token, bool *good);

struct verifier_counters {
    uint64_t signatures;
    uint64_t lists;
    uint64_t bad_lists;
    uint64_t in_core; /* lists that were checked by the caller */
};
struct verifier_counters verifier_counters(struct verifier *verifier);

#endif
