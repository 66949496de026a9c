/* A machine with an invitation asks the office to admit it: JOIN over CURVE with the invitation's
 * own key pair, until a JOINED comes back. Asking again with the same keys is harmless. */
#ifndef JOINING_H
#define JOINING_H

#include "outcome.h"

#include "key_store.h"
#include "manifest.h"

struct joining {
    const struct invitation *invitation;
    struct digest network;
    const struct key_store *keys;
    const char *advertise; /* under which others will reach us; "" = not at all */
    uint32_t timeout_ms;
};

struct joined {
    uint64_t journal;
    uint64_t auth_seq; /* where the admission stands in the authority's journal */
};

enum { JOINING_PROBLEM_SIZE = 512 };

/* OUTCOME_DONE, OUTCOME_REFUSED or OUTCOME_UNREACHABLE with a sentence in `problem`. */
enum outcome joining_ask(const struct joining *joining, struct joined *joined,
                         char problem[static JOINING_PROBLEM_SIZE]);

#endif
