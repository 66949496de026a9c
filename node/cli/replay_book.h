/* What a replay asked for and what it was told: one record for each idempotency key, and the counts
 * that the report shows. The proof holds the nodes to it. */
#ifndef REPLAY_BOOK_H
#define REPLAY_BOOK_H

#include "tally/id.h"
#include "tally/status.h"

#include "replay_answer.h"
#include "traffic.h"
#include "traffic_client.h"

#include <stdio.h>

enum {
    REPLAY_KEY_SIZE_MAX = 96,
    REPLAY_REASONS_MAX = 48,
    REPLAY_PHASE_NAME_SIZE_MAX = 40,
};

enum operation_kind { OPERATION_ENROL, OPERATION_ISSUE, OPERATION_TOPUP, OPERATION_SALE };
enum { OPERATION_KINDS = 4 };

enum operation_outcome {
    OPERATION_PENDING, /* asked; no definite answer (yet, or at all) */
    OPERATION_DONE,
    OPERATION_REFUSED,
};

/* The stretch of the traffic in which an operation was answered. */
enum replay_phase { PHASE_BEFORE, PHASE_CUT, PHASE_HEALED };
enum { REPLAY_PHASES = 3 };

struct operation {
    uint32_t visit; /* index into the traffic */
    uint32_t took_us;
    uint8_t kind;    /* enum operation_kind */
    uint8_t attempt; /* 0 = first key of this kind for this visit */
    uint8_t node;
    uint8_t outcome; /* enum operation_outcome */
    uint8_t phase;   /* enum replay_phase */
    bool offline;    /* answered by a branch that was cut off */
    int64_t asked;   /* amount */
    int64_t principal;
    int64_t bonus;
    struct event_ref event;
};

/* Refusals for one reason. An asking may be refused and the visit still end well: see the rule. */
struct reason_count {
    char code[REPLAY_CODE_SIZE_MAX];
    uint64_t askings;         /* answers that said so */
    uint64_t askings_offline; /* of them by a branch that was cut off */
    uint64_t visits;          /* visits that ended so */
    int64_t amount;           /* of those visits */
};

struct node_count {
    uint64_t done[OPERATION_KINDS];
    uint64_t refused;
    uint64_t visits; /* finished, sold or not */
    uint64_t offline_sales;
    int64_t offline_amount;
    uint64_t offline_topups;
    int64_t topup_principal;
    int64_t topup_bonus;
    int64_t sale_principal;
    int64_t sale_bonus;
    uint64_t pulled;         /* sales that waited for rights from other branches */
    uint64_t pulled_ms;      /* and for how long, in all */
    uint64_t unanswered;     /* requests without an answer: sent again under the same key */
    uint64_t recovered;      /* of those, operations that had been carried out the first time */
    uint64_t wait_max_ms;    /* the longest time from a first asking to a definite answer */
    uint64_t silence_max_ms; /* the longest time without any answer while asked */
    uint64_t first_us;       /* first and last definite answer, monotonic */
    uint64_t last_us;
};

struct replay_book {
    const struct traffic *traffic;
    uint64_t seed;
    size_t node_count;
    struct operation *operations;
    size_t operation_count;
    size_t operation_capacity;
    struct node_count nodes[TRAFFIC_NODES_MAX];
    struct reason_count reasons[REPLAY_REASONS_MAX];
    size_t reason_count;
    uint64_t visits_sold;
    uint64_t visits_refused;
    uint64_t visits_undetermined; /* no definite answer within the patience */
    uint64_t visits_rescued;      /* refused for want of rights, topped up there, then sold */
    uint64_t rescue_topups;
    int64_t rescue_amount;
    int64_t sold;    /* sums over visits */
    int64_t refused; /* .. */
    int64_t undetermined;
    uint64_t contradictions; /* answers that do not add up; the first is kept */
    char contradiction[200];
    FILE *ack_log; /* or NULL; not owned */
};

void replay_book_start(struct replay_book *book, const struct traffic *traffic, uint64_t seed,
                       size_t node_count);
void replay_book_end(struct replay_book *book);

/* A new record, pending; its index, or SIZE_MAX when memory is out. */
size_t replay_book_ask(struct replay_book *book, const struct operation *operation);

/* The key that stands for an operation: the same seed, visit, kind and attempt, the same key. */
void replay_book_key(const struct replay_book *book, const struct operation *operation,
                     char key[static REPLAY_KEY_SIZE_MAX]);

/* The operation was carried out: `answer` is the node's. False if the answer lacks what it must
 * have; that is noted as a contradiction. */
bool replay_book_done(struct replay_book *book, size_t index, const json_t *answer);

/* The operation was refused: counted under its reason. */
struct reason_count *replay_book_refused(struct replay_book *book, size_t index, const char *code);

void replay_book_contradict(struct replay_book *book, const struct operation *operation,
                            const char *what);

const char *operation_kind_name(enum operation_kind kind);

/* Latencies of definite answers of one node (or all: node == node_count) in one phase (or all:
 * REPLAY_PHASES): the value below which `per_mille` of them are, in microseconds; 0 if none. */
struct latencies {
    uint32_t *sorted;
    size_t count;
};
bool latencies_of(const struct replay_book *book, size_t node, unsigned phase,
                  struct latencies *latencies);
uint32_t latencies_at(const struct latencies *latencies, unsigned per_mille);
void latencies_free(struct latencies *latencies);

#endif
