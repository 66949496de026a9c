/* What the office allows branches to do on their own word, and what became of it, as it is shown.
 */
#ifndef TALLY_LIMIT_VIEW_H
#define TALLY_LIMIT_VIEW_H

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

#endif
