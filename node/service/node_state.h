/* What a node is made of. Private to node/service: others see node.h. */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "batch.h"
#include "frontier.h"
#include "node.h"
#include "peer.h"
#include "record.h"
#include "roster.h"
#include "rows.h"

enum {
    INVITATIONS_OPEN_MAX = 64,
    PULL_HOLDERS_MAX = 16,
    TOUCHED_MAX = 64,
};

/* A command that waits for rights from peers. Everything it needs, copied: nothing durable exists
 * before the commit, so a crash forgets it and the till's repeat runs afresh. */
struct parked {
    bool used;
    bool for_cover; /* no till waits: the office pulls what an account owes (risk.c) */
    struct request request;
    uint8_t texts[SALE_ITEMS_MAX * ITEM_NAME_SIZE_MAX + ORDER_SIZE_MAX + CARD_NUMBER_SIZE +
                  CURRENCY_SIZE];
    uint64_t since_ms;
    uint64_t deadline_ms;
    bool unwitnessed; /* it waits for the office's word, not for rights */
    uint32_t asked_count;
    struct {
        uint64_t journal;
        struct ticket_id request;
        bool answered; /* it said no, or named a move that is here by now */
        uint64_t move_seq;
        uint64_t sent_ms;
    } asked[PULL_HOLDERS_MAX];
};

/* A received frame of blocks on its way in: waiting for its signatures, then being admitted. */
struct ingest {
    enum { INGEST_FREE = 0, INGEST_VERIFYING, INGEST_READY } state;
    uint64_t token;
    uint32_t link;
    uint64_t want; /* 0 = pushed */
    bool last;     /* no further frame answers this want */
    bool on_path;  /* of a journal in quarantine: these blocks belong to what is followed of it */
    uint64_t order;
    uint32_t epochs; /* of the authority that were known when its signatures were to be checked */
    uint64_t journal;
    uint32_t count;
    uint32_t next; /* first block not yet admitted */
    uint32_t at[BLOCKS_PER_FRAME_MAX];
    uint32_t size[BLOCKS_PER_FRAME_MAX];
    uint8_t frame[FRAME_SIZE_MAX];
};

/* Why a journal's next block cannot be admitted yet. */
struct blocked {
    uint64_t on; /* journal that must reach `seq` first; 0 = not blocked */
    uint64_t seq;
};

/* What the office's word on a journal has to do with. */
struct watch {
    uint64_t moved;   /* last block here that gives rights away, as decided */
    uint64_t covered; /* the authority's checkpoint reaches this block */
    uint64_t asked;   /* office: somebody waits for a checkpoint that reaches this block */
    /* What was passed on for others that have no link: each thing once. */
    uint64_t ckpt_passed_ms;
    uint64_t lease_passed_ms;
    uint64_t lease_told_ms; /* when that was */
    uint64_t lease_passed;  /* the lease issued then */
    /* After a RESOLVE: the earliest block known to lie on the path that stands; 0 = its end. */
    uint64_t path_seq;
    struct digest path_id;
};

/* An account whose distribution is to be looked at. */
struct touched_account {
    struct subject_id account;
    uint64_t since_ms;
};

struct open_invitation {
    bool used;
    uint64_t until_ms;
    struct ticket_id name;
    uint8_t transport_key[32];
};

/* The office takes over what retired journals left, pass by pass over its rows: first what was on
 * its way to them, then what they hold. A pass that finds nothing is the last. Kept in memory only:
 * what is left to do is in the rows, and a start looks again. */
struct estate_pass {
    enum { ESTATE_RESTS = 0, ESTATE_GATHERS, ESTATE_ADOPTS, ESTATE_RECLAIMS } phase;
    uint64_t since_ms;    /* gathering began; at rest: it ended */
    bool found;           /* this pass wrote something: another one follows */
    bool waits;           /* it could not give back all: a witness is missing, or more came since */
    bool lacks;           /* a journal lacks more than the office holds of its lot */
    uint64_t pause_ms;    /* until the next look, when it waits */
    struct row_key after; /* where it goes on */
};

struct node {
    struct world *world;
    struct digest network;
    struct bytes manifest;
    uint64_t journal;
    uint8_t public_key[32];
    uint8_t transport_key[32];
    uint8_t database[16];
    uint64_t boot;
    bool office;
    bool read_only;
    bool retired; /* its journal was, by the authority: only a new enrolment helps */
    bool held;    /* until a peer has confirmed the head: nothing of our own is written (H2) */
    bool draining;
    bool stopped; /* the store failed or a commit's outcome is unknown */
    struct bytes office_endpoint;

    struct rows *rows;
    struct roster roster;
    struct frontier frontier;     /* as decided */
    struct digest *ids_committed; /* beside frontier: what is durable, to be spoken of */
    uint64_t *seqs_committed;
    int64_t *heard_ms;         /* beside frontier: session last alive, -1 never */
    struct blocked *blocked;   /* beside frontier */
    uint64_t *shown;           /* beside frontier: own head that this journal's node has shown */
    struct watch *watch;       /* beside frontier */
    uint64_t frontier_version; /* rises with every commit that moved it */
    uint64_t digest_version;   /* the version that frontier_digest is of */
    struct digest frontier_digest;
    struct counters_record counters;
    struct counters_record counters_flight;
    struct counters_record counters_committed;
    uint64_t feed_next;
    uint32_t unknown_types; /* see node_setup */
    bool later_due;         /* events may wait that this version knows (later.h) */
    uint32_t later_rows;    /* looked at in a tick */
    struct row_key later_after;
    uint64_t hlc_seen; /* highest admitted that is not more than five minutes ahead of us */

    struct batch *open;
    struct batch *flight;
    bool in_flight;
    uint64_t open_since_ms; /* when the open batch got its first row; 0 = it has none */

    uint32_t peers_max;
    struct peer *peers;
    uint32_t ingest_count;
    struct ingest *ingest;
    uint64_t ingest_order;
    uint64_t next_token;
    bool want_dirty;         /* somebody may have what we lack: look again */
    uint32_t schedule_first; /* peer that is looked at first */

    struct parked parked[PARKED_MAX];
    bool parked_dirty;
    uint32_t parked_count;

    uint64_t fork_seen_ms;  /* last proof of a fork that came */
    uint64_t fork_asked_ms; /* last question for the other half of one */

    bool estates_dirty; /* a retirement, a late block, a move to who is gone: look */
    struct estate_pass estate;

    struct open_invitation invitations[INVITATIONS_OPEN_MAX];
    uint32_t next_branch;

    /* trust.c */
    uint64_t signed_ms;       /* office: last checkpoint */
    uint64_t ckpt_req_ms;     /* last question for a checkpoint */
    bool leased;              /* a lease was ever recorded */
    uint64_t lease_ends_ms;   /* on the monotonic clock */
    uint64_t lease_length_ms; /* of the last one */
    uint64_t lease_issued_ms; /* of the last one, by the office's clock */
    uint64_t lease_asked_ms;  /* last question for one, over a relay */
    bool release_due;         /* a mint may have been approved */

    uint64_t unreplicated_since_ms; /* when the oldest own block not yet shown was committed */
    uint64_t pulls_asked;
    uint64_t pulls_served;
    uint64_t alarms;
    uint64_t divergences; /* of them */
    uint64_t wish_sweep_ms;
    uint32_t touched_count;
    struct touched_account touched[TOUCHED_MAX]; /* oldest first */
    uint64_t spreads;                            /* moves by distribution since the start */
    bool at_risk;    /* the command at hand may sell without cover: its pull has failed */
    bool risk_tasks; /* something may have come that is to be covered, settled, acknowledged */
    uint64_t risk_swept_ms;
    uint64_t risk_asked_ms;
    struct row_key risk_after;   /* where the next sweep of debts goes on */
    struct row_key expiry_after; /* where the pass over lots that have ended goes on */
    uint64_t expiry_due_ms;      /* and when */
    bool freeze_tasks;           /* a freeze may have come that is not acknowledged yet */
    uint64_t key_sweep_ms;
    struct row_key key_sweep_after;      /* where the next sweep goes on */
    struct frontier_entry own_committed; /* head for the checkpoint */

    /* From here on nothing is cleared at a start: large, and written before it is read. */
    struct open_block block; /* own block being filled */
    struct batch batches[2];
    /* scratch for one step; too large for the stack */
    uint8_t frame[FRAME_SIZE_MAX];
    uint8_t block_bytes[BLOCK_SIZE_MAX];
    uint8_t want_scratch[FRAME_SIZE_MAX];
    uint8_t fork_scratch[BLOCK_SIZE_MAX];
    struct message message;
    struct block decoded;
    struct event event;
};

void node_alarm(struct node *node, enum alarm alarm, uint64_t journal, uint64_t seq);

#endif
