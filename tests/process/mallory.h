/* A peer that means harm: connects like a node, with keys of its choice, and says what no node
 * says. */
#ifndef MALLORY_H
#define MALLORY_H

#include "bus.h"
#include "identity.h"
#include "key_store.h"
#include "tally/message.h"
#include "unit/dice.h"

enum mallory_forgery {
    FORGERY_NOISE,     /* no block at all */
    FORGERY_STRANGER,  /* the next block of another journal, signed by us */
    FORGERY_SIGNATURE, /* our own first block, one bit of its signature turned */
    FORGERY_GAP,       /* our own fifth block, well signed */
    FORGERY_LINK,      /* our own first block, well signed, with a predecessor */
    FORGERY_COUNT,
};

struct mallory {
    struct key_store *keys;
    struct identity identity; /* of the branch that he is */
    struct line_target target;
    struct admission *admission;
    struct bus *bus;
    struct dice dice;
    uint32_t link; /* 0: not up */
    uint64_t ups;
    uint64_t session; /* 0: none */
    uint64_t want;    /* asked of us last */
    uint64_t wants;   /* how often */
    uint64_t frames;  /* heard */
    struct message message;
    uint8_t frame[FRAME_SIZE_MAX];
};

/* Takes the keys and the name of the branch whose data directory `dir` is; it must not run. */
MUST_CHECK bool mallory_become(struct mallory *mallory, const char *dir, uint64_t seed);
void mallory_end(struct mallory *mallory);

/* Dials the node in `victim_dir` at this control port; with keys that nobody knows if `stranger`.
 */
MUST_CHECK bool mallory_dial(struct mallory *mallory, const char *victim_dir, uint16_t port,
                             bool stranger);
void mallory_hang_up(struct mallory *mallory);
/* Waits at most `wait_ms`, then takes what came. */
void mallory_turn(struct mallory *mallory, int wait_ms);

/* Random bytes, often with a first byte that means something. */
void mallory_say_noise(struct mallory *mallory);
void mallory_say_hello(struct mallory *mallory);
/* A message of the session (or of one that is none) that asks, floods or lies. */
void mallory_say_want(struct mallory *mallory, uint64_t journal, uint64_t session);
void mallory_say_rights_request(struct mallory *mallory, uint64_t holder, uint64_t session);
/* That journals are longer than they are. */
void mallory_say_tips(struct mallory *mallory, uint64_t journal, uint64_t seq);
/* A forged block: the answer to the last want, or pushed. */
void mallory_say_block(struct mallory *mallory, enum mallory_forgery forgery, uint64_t journal,
                       uint64_t seq);
/* The last well-formed message again with some bytes changed or cut off. */
void mallory_say_garbled(struct mallory *mallory);

#endif
