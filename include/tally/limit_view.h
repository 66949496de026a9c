/* What the office allows branches to do on their own word, and what became of it, as it is shown.
 */
#ifndef TALLY_LIMIT_VIEW_H
#define TALLY_LIMIT_VIEW_H

#include "tally/bounds.h"
#include "tally/id.h"

/* Limits that COMMAND_SET_LIMITS sets. */
enum limit_kind {
    LIMIT_UNWITNESSED,   /* minor units of an account at a branch; 0 = only witnessed */
    LIMIT_OFFLINE_DAYS,  /* a branch's day may be as far ahead of the authority's */
    LIMIT_LEASE_DAYS,    /* without a word from the office; 0 = no leases */
    LIMIT_PENDING_MINTS, /* 1: above the quota is recorded and waits; 0: refused */
    LIMIT_REFUND_DAYS,   /* after a sale; 0 = no end */
    LIMIT_KIND_COUNT,
};

/* One journal's limits. */
struct limits_entry {
    uint64_t journal;
    int64_t values[LIMIT_KIND_COUNT];
};

/* What one journal may mint, and did. By bucket: principal, bonus. */
struct quota_entry {
    uint64_t journal;
    int64_t per_day[2];
    int64_t minted[2]; /* on its day, if that is today or later */
    int64_t waiting[2];
};

/* A mint above the quota that does not count yet. */
struct mint_entry {
    struct event_ref mint;
    struct subject_id account;
    uint32_t day;
    int64_t principal;
    int64_t bonus;
    uint64_t approved; /* position of the authority; 0 = it waits for the office */
};

/* A node's own lease, and how far the office has confirmed its journal. */
struct trust_view {
    bool leased; /* leases are on, and this node has one */
    bool lease_over;
    int64_t lease_ends_ms;    /* by this node's clock; 0 = it has none */
    int64_t lease_left_ms;    /* 0 = it is over */
    uint64_t checkpoint_seq;  /* own blocks up to it are confirmed by the office; 0 = none */
    uint64_t checkpoint_auth; /* position of the authority at which it said so */
    uint32_t checkpoint_day;  /* the authority's day then */
};

/* One journal of an account's or of the chain's exposure. */
struct exposure_entry {
    uint64_t journal;
    bool acknowledged; /* it has said that it knows of every live freeze of the account */
    bool connected;    /* a session with its node is up */
    int64_t held;      /* rights it may use now: held, on hold, and in flight to it */
    int64_t on_hold;   /* of it, set aside for orders: a freeze does not stop those */
    int64_t room;      /* what it may sell beyond them, under the risk allowance */
};

/* One journal under the risk allowance. */
struct risk_entry {
    uint64_t journal;
    bool connected;
    int64_t account; /* cap of one account */
    int64_t branch;  /* cap of all */
    int64_t open;    /* sold without cover and not acknowledged as settled */
};

/* What can be lost by the risk allowance at most. */
struct risk_page {
    int64_t account; /* default caps */
    int64_t branch;
    uint32_t branches;     /* journals that may sell */
    int64_t worst;         /* lost at most, if none is heard of again */
    int64_t worst_account; /* of one account */
    int64_t open;
    uint32_t owing; /* accounts that owe, and how much together */
    int64_t owed;
    uint32_t entry_count;
    struct risk_entry entries[PAGE_ENTRIES_MAX];
};

/* The limits in force. */
struct limits_page {
    int64_t values[LIMIT_KIND_COUNT]; /* defaults */
    uint32_t entry_count;
    struct limits_entry entries[PAGE_ENTRIES_MAX];
};

/* The quotas in force, and what was minted. */
struct quotas_page {
    int64_t per_day[2]; /* defaults: principal, bonus */
    uint32_t today;     /* by this node's clock */
    uint32_t entry_count;
    struct quota_entry entries[PAGE_ENTRIES_MAX];
};

#endif
