/* A till, or one at each of several branches, that keeps many requests in flight and remembers what
 * it was told: top-ups, spends, refunds, and earlier requests over again. What was acknowledged is
 * written to a log before the next request leaves. */
#ifndef LOAD_H
#define LOAD_H

#include "fleet.h"
#include "tally/id.h"
#include "unit/dice.h"

#include <stdio.h>

enum {
    LOAD_ACCOUNTS = 24,
    LOAD_LANES = 32,
    LOAD_KEY_SIZE = 40,
    LOAD_CODE_SIZE = 32,
};

enum load_kind { LOAD_TOP_UP, LOAD_SPEND, LOAD_REFUND };

enum load_state {
    LOAD_FLYING,
    LOAD_UNKNOWN, /* no answer, or one that settles nothing: to be sent again */
    LOAD_DONE,
    LOAD_REFUSED,
};

struct load_deed {
    enum load_kind kind;
    enum load_state state;
    size_t site;
    size_t account;
    int64_t amount;
    size_t sale; /* refund: which deed */
    struct event_ref event;
    int64_t principal;
    int64_t bonus;
    char code[LOAD_CODE_SIZE]; /* of a refusal */
};

struct load_counts {
    uint64_t done;
    uint64_t refused;
    uint64_t unknown;  /* answers that never came */
    uint64_t resolved; /* of these, learned later */
    uint64_t repeats;  /* earlier requests sent again, and answered as before */
    uint64_t wrong;    /* answers that contradict an earlier one, or that no request may get */
};

/* One branch and its till. */
struct load_site {
    size_t node;
    size_t flying;
    size_t unknown; /* deeds in that state */
    bool held;      /* nothing is sent to it */
};

struct load {
    struct fleet *fleet;
    struct load_site sites[FLEET_NODES_MAX];
    size_t site_count;
    struct traffic_client *client;
    struct dice dice;
    struct fleet_account accounts[LOAD_ACCOUNTS];
    struct load_deed *deeds;
    size_t deed_count;
    size_t deed_capacity;
    size_t lanes;    /* used at most, a site */
    uint64_t others; /* what other tills were told that moved money; the check counts it */
    FILE *log;
    struct load_counts counts;
    char wrong[400]; /* the first, in words */
};

/* Opens the accounts, in turns at each branch, and waits until all know them. The log is a new file
 * in the fleet's folder. */
MUST_CHECK bool load_start(struct load *load, struct fleet *fleet, uint64_t seed);
void load_stop(struct load *load);

/* Sends what lanes are idle for (with `fresh`, new deeds, too), and takes what is answered within
 * `wait_ms`. */
void load_turn(struct load *load, bool fresh, int wait_ms);
/* Takes the answers that are still to come, sends nothing. */
void load_settle(struct load *load);
/* Sends nothing to this branch until it is told otherwise: for one that is down. */
void load_hold(struct load *load, size_t node, bool held);
size_t load_flying(const struct load *load);
size_t load_unknown(const struct load *load);
/* Holds nothing back, and sends what is unknown until it is known. False, with a sentence in
 * load->wrong, if it does not become so, or anything else was wrong. */
MUST_CHECK bool load_resolve(struct load *load, uint64_t patience_ms);

/* The key of a deed. */
void load_key(size_t deed, char key[static LOAD_KEY_SIZE]);
/* Notes a contradiction. */
void load_wrong(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the nodes say now, held against what the till was told; nothing may be flying or unknown.
 * False with a sentence in load->wrong. */
MUST_CHECK bool load_check(struct load *load);

#endif
