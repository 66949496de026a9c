/* The proof at the end of a replay: what the nodes say now, held against what they told the replay
 * while it ran. Each check is one sentence that holds or does not. */
#ifndef PROOF_H
#define PROOF_H

#include "proof_feed.h"
#include "replay_book.h"
#include "replay_engine.h"

enum {
    PROOF_CHECKS_MAX = 24,
    PROOF_DETAIL_SIZE_MAX = 400,
    PROOF_PRODUCTS_MAX = 64,
};

struct proof_check {
    const char *claim;
    bool holds;
    char detail[PROOF_DETAIL_SIZE_MAX]; /* figures, or what is wrong */
};

/* One row of the office's books. */
struct proof_class {
    uint64_t product;
    char bucket[16];
    int64_t issued;
    int64_t spent;
    int64_t refunded;
    int64_t expired;
    int64_t held;
    int64_t in_flight;
};

struct proof {
    struct proof_check checks[PROOF_CHECKS_MAX];
    size_t check_count;
    bool holds;            /* all of them */
    uint64_t converged_ms; /* from the last sale until all digests were equal */
    char state[65];        /* the digest that all nodes show, in hex */
    char frontier[65];
    struct proof_class classes[PROOF_PRODUCTS_MAX];
    size_t class_count;
    struct feed_census census;
};

struct proof_question {
    const struct replay_book *book;
    const struct replay_engine *engine;
    const struct traffic_node *nodes; /* all whose digests must be equal */
    size_t node_count;
    size_t office;                     /* which of them answers for the chain */
    bool alone;                        /* nothing but this replay ever wrote to this chain */
    uint64_t ended_ms;                 /* monotonic: when the last sale was acknowledged */
    uint32_t patience_ms;              /* for the digests to become equal */
    const volatile sig_atomic_t *stop; /* may be NULL */
};

void proof_run(const struct proof_question *question, struct proof *proof);

#endif
