/* One node: a branch's or the office's. Deterministic: the same inputs and the same answers of the
 * seam give the same outputs. Four beats in each entry: load, decide, commit, speak.
 *
 * The host owns the loop. It feeds one input at a time to node_step, and calls node_turn when its
 * queues are drained (or after a bounded number of inputs): node_turn hands the open batch to
 * world_commit if none is in flight. Nothing that depends on a batch is said to anybody before
 * INPUT_COMMITTED says that it is durable.
 */
#ifndef NODE_H
#define NODE_H

#include "tally/command.h"
#include "tally/world.h"

struct node;

/* What the node is given once, at start. All of it stays valid for the node's life. */
struct node_setup {
    struct world *world;
    struct digest network;
    struct bytes manifest; /* encoded */
    uint64_t journal;      /* own */
    uint8_t public_key[32];
    uint8_t transport_key[32];
    uint8_t authority_key[32]; /* public; zeros unless this node holds the authority's secret */
    bool office;
    uint8_t database[16]; /* database uuid */
    uint64_t boot;        /* random, new at each start */
    /* The head checkpoint kept beside the store: 0 if there was none. */
    uint64_t head_seq;
    struct digest head_id;
    struct bytes
        office_endpoint; /* where invitations point; the office's own advertised endpoint */
    /* Sizes; 0 = default. A simulator uses small ones. */
    uint32_t cache_rows;    /* rows of the store kept in memory (default 65,536) */
    uint32_t peers_max;     /* links (default 64) */
    uint32_t journals_max;  /* journals known (default 1,024) */
    uint32_t later_rows;    /* events of an older version looked at in a tick (default 64) */
    uint32_t ingest_frames; /* received frames of blocks held at once (default 16) */
    /* For a simulator: bit i = this node behaves as a version that does not know type 200 + i. */
    uint32_t unknown_types;
};

/* Bytes of memory that node_start needs. */
size_t node_size(const struct node_setup *setup);

enum node_fitness {
    NODE_FIT = 0,
    NODE_READ_ONLY, /* the own journal is behind its checkpoint or broken: must not be extended */
    NODE_STORE_FAILED,  /* the store could not be read: do not start */
    NODE_FOREIGN_STORE, /* the store belongs to another network or journal, or has no authority */
};

/* Puts a node into `memory` (node_size bytes, aligned for any type, contents ignored) and reads its
 * state from the store: frontier, authority, own chain from the head checkpoint on (links and
 * signatures). On NODE_FIT and NODE_READ_ONLY `*node` can be stepped. */
enum node_fitness node_start(const struct node_setup *setup, void *memory, struct node **node);

enum input_kind {
    INPUT_TICK = 1,  /* time passed: at least every 100 ms */
    INPUT_COMMITTED, /* the batch in flight: done or unknown */
    INPUT_VERIFIED,  /* signatures handed to world_verify */
    INPUT_LINK_UP,   /* a connection with an authenticated peer; both channels usable */
    INPUT_LINK_DOWN,
    INPUT_FRAME,
    INPUT_REQUEST,
};

struct input {
    enum input_kind kind;
    enum status committed; /* COMMITTED: STATUS_OK or STATUS_UNKNOWN */
    uint64_t token;        /* VERIFIED */
    bool verified;
    uint32_t link;                 /* LINK_UP, LINK_DOWN, FRAME */
    uint8_t peer_key[32];          /* LINK_UP: the transport key that the connection proved */
    bool dialed;                   /* LINK_UP: we connected to them, so we say HELLO */
    enum channel channel;          /* FRAME */
    struct bytes frame;            /* FRAME: borrowed for the call */
    const struct request *request; /* REQUEST: borrowed for the call; texts too */
};

/* A block out of a backup, for tools that fill a store while nothing else runs; signatures are
 * checked here. In the order of the feed that it was read in, so that whatever it rests on comes
 * before it. */
enum import_fate {
    IMPORT_TAKEN = 1,
    IMPORT_HAD,     /* it is here already */
    IMPORT_LATER,   /* the open batch is full: node_turn, then the same block again */
    IMPORT_REFUSED, /* no block, not signed by its writer, or what it rests on is not here */
};
enum import_fate node_import(struct node *node, struct bytes whole);

/* Returns false when the node must be stopped: a commit's outcome is unknown or the store failed.
 * Nothing may be stepped after that; a new start finds out what happened. */
MUST_CHECK bool node_step(struct node *node, const struct input *input);

/* Hands over what has been decided, if nothing is in flight. Same return. */
MUST_CHECK bool node_turn(struct node *node);

/* Room for one more command in the batch that is being filled. When there is none, leave requests
 * in their queue until the next INPUT_COMMITTED; a command stepped all the same is answered busy.
 */
bool node_has_room(const struct node *node);

/* No batch open or in flight, no request parked: safe to stop cleanly. */
bool node_is_idle(const struct node *node);
/* Answers everything parked as a refusal and takes no more commands (REFUSED_BUSY). */
void node_drain(struct node *node);

/* While held, the node writes nothing of its own, for tills or for peers (H2): its head may be
 * older than what others have seen. It goes on reading, answering what was done before, and
 * syncing. */
void node_hold(struct node *node, bool held);

/* The own journal was refuted: it must never be extended again. (One that the authority retired is
 * not extended either, and says so itself.) */
bool node_is_read_only(const struct node *node);

/* The committed head of the own journal, for the head checkpoint beside the store. */
struct node_head {
    uint64_t seq;
    struct digest id;
    uint64_t hlc;
    uint32_t day;
};
struct node_head node_head(const struct node *node);

/* Peers this node should be connected to, from the authority journal; for the host's dialer.
 * Writes at most `max` of them, in journal order, without itself; returns how many. */
struct node_contact {
    uint64_t journal;
    uint8_t transport_key[32];
    uint16_t roles;
    uint8_t endpoint[ENDPOINT_SIZE_MAX];
    uint32_t endpoint_size;
};
uint32_t node_contacts(const struct node *node, struct node_contact *contacts, uint32_t max);

/* May a connection that proved this transport key talk to us? Admitted journals, and open
 * invitations at the office. A branch that was written off may bring the tail of its journal, and
 * learn what became of it; who has a stolen key may not. */
bool node_admits(const struct node *node, const uint8_t transport_key[static 32]);

/* The office begins an epoch of the authority with a certificate of the root: the key that the
 * world signs with from here on must be the certificate's. STATUS_FORGED: the root did not sign it,
 * or it does not follow from what is here; STATUS_DENIED: no office, or its journal must not be
 * extended. The caller turns the node. */
MUST_CHECK enum status node_renew_authority(struct node *node, const struct event *epoch);

/* The authority as this node knows it: what a certificate for the next epoch has to say. False
 * while nothing of the authority is known. */
struct node_authority {
    uint64_t epoch;
    uint8_t public_key[32];
    uint32_t until_day; /* 0 = no end */
    uint32_t day;       /* of its last block */
    uint64_t seq;       /* its last block */
    struct digest id;
};
bool node_authority(const struct node *node, struct node_authority *authority);

/* Writes the first blocks of a new network into an empty store: AUTH.EPOCH with the root's
 * signature, the office's admission, the organisation, limits and a first product. Used by
 * `tally cluster init` and by the simulator. The world signs as authority and commits; the caller
 * checks the INPUT_COMMITTED that follows. */
struct spread_terms; /* spread.h */
struct genesis {
    struct digest network;
    uint8_t authority_key[32];
    uint8_t root_signature[64]; /* over auth_signed_bytes of the epoch below */
    uint32_t until_day;
    uint64_t office_journal;
    uint8_t office_key[32];
    uint8_t office_transport_key[32];
    struct bytes office_endpoint;
    struct bytes office_name;
    struct bytes organisation;
    int32_t zone_minutes;
    struct bytes currency;
    struct bytes product_name;
    struct bonus_step steps[BONUS_STEPS_MAX];
    uint8_t step_count;
    const struct spread_terms *spread;    /* NULL: spread_defaults() */
    bool pull_exact;                      /* a pull brings what is asked for, and no more */
    const struct founding_limits *limits; /* NULL: founding_defaults() */
};

/* The limits that a network begins with; the office changes them later. A limit that was never set
 * is 0, so what a network is to have must be written at its founding. */
struct founding_limits {
    int64_t unwitnessed_limit; /* of an account's money, at each branch; 0 = only witnessed */
    int64_t mint_quota;        /* of each bucket, a branch and day */
    int64_t pending_mints;     /* 1: above the quota is recorded and waits; 0: refused */
    int64_t offline_days;      /* how far a branch's day may be ahead of the authority's */
    int64_t lease_days;        /* 0 = off */
    int64_t refund_days;       /* 0 = no end */
    int64_t expiry_grace;      /* days after a lot's last one in which nobody burns it */
};
struct founding_limits founding_defaults(void);
MUST_CHECK enum status node_genesis(struct world *world, const struct genesis *genesis);
/* The AUTH.EPOCH event that node_genesis will write: what the root signs is auth_signed_bytes of
 * it. */
struct event node_genesis_epoch(const struct genesis *genesis);
/* Marks an empty store as this branch's, before its first start (join). */
MUST_CHECK enum status node_found(struct world *world, const struct digest *network,
                                  uint64_t journal);

#endif
