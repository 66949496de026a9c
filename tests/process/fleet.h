/* An office and its branches as real daemons on this machine, set up with the commands that an
 * operator would type. The daemons are those beside this program. */
#ifndef FLEET_H
#define FLEET_H

#include "daemon.h"
#include "traffic_client.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum {
    FLEET_OFFICE,
    FLEET_BRANCH, /* the first of them */
    FLEET_NODES_MAX = 5,
    FLEET_TEXT_SIZE_MAX = 512,
    FLEET_STATE_SIZE = 65,
    FLEET_ASK_MS = 10 * 1000,
};

struct fleet_node {
    char dir[FLEET_TEXT_SIZE_MAX];
    char log[FLEET_TEXT_SIZE_MAX];
    char url[64];
    char host[40];
    const char *space; /* the network namespace that it runs in, or NULL for this program's */
    uint32_t branch;   /* its number in the chain */
    char admin_token[TRAFFIC_TOKEN_SIZE_MAX];
    char till_token[TRAFFIC_TOKEN_SIZE_MAX];
    uint16_t api_port;
    uint16_t peer_port; /* control; bulk is the one above */
    struct daemon daemon;
};

struct fleet {
    char dir[FLEET_TEXT_SIZE_MAX];
    char tally[DAEMON_PATH_SIZE_MAX];
    char tallyd[DAEMON_PATH_SIZE_MAX];
    size_t count;
    struct fleet_node nodes[FLEET_NODES_MAX];
    struct traffic_client *client; /* for questions: lanes with the operators' tokens */
};

/* What is other than one branch beside the office, both on the loopback. */
struct fleet_plan {
    size_t branches;
    bool plain;                /* a top-up earns no bonus */
    const char *config;        /* appended to every config file */
    const char *const *hosts;  /* an address a node, or NULL for the loopback */
    const char *const *spaces; /* a network namespace a node, as `ip netns` knows it, or NULL */
    /* Writes what a node's config file has besides; may be NULL. */
    void (*extend)(const struct fleet *fleet, size_t node, FILE *config);
};

/* How a node is. */
struct fleet_view {
    char state[FLEET_STATE_SIZE]; /* digests, in hex */
    char frontier[FLEET_STATE_SIZE];
    uint64_t head_seq;
    uint64_t events;
    uint64_t peers;
    uint64_t alarms;
    uint64_t invalid_events;
    bool read_only;
};

/* Makes `dir` anew (what an earlier run left there is removed) and brings all up until each is
 * ready and has a till. */
MUST_CHECK enum status fleet_start(struct fleet *fleet, const char *dir,
                                   const struct fleet_plan *plan, struct explanation *explanation);
/* Invites one more branch and joins it; it is not started. Its place has what the set-up knows. */
MUST_CHECK enum status fleet_join(struct fleet *fleet, const char *name, struct fleet_node *node,
                                  struct explanation *explanation);
/* Stops those that run. True if each ended by themselves with exit code 0. The data stays. */
bool fleet_stop(struct fleet *fleet);

/* Starts a daemon that does not run; returns before it answers. `preload` (or NULL) is loaded into
 * it before its libraries. */
MUST_CHECK enum status fleet_run(struct fleet *fleet, size_t node, const char *preload,
                                 struct explanation *explanation);
MUST_CHECK enum status fleet_wait_ready(struct fleet *fleet, size_t node,
                                        struct explanation *explanation);

/* GET with the operator's token: the document, which the caller owns, or NULL. `http` may be NULL.
 */
json_t *fleet_get(struct fleet *fleet, size_t node, const char *target, int *http);
MUST_CHECK bool fleet_look(struct fleet *fleet, size_t node, struct fleet_view *view);
/* Until all that run have the same frontier; then true exactly if their states are equal, too. The
 * view is the last one's. */
MUST_CHECK bool fleet_converge(struct fleet *fleet, uint64_t patience_ms, struct fleet_view *view);

/* A member, his card and his account, made at a node. */
struct fleet_account {
    char card[24];
    char account[33];
};
MUST_CHECK bool fleet_open_account(struct fleet *fleet, size_t node, const char *key,
                                   struct fleet_account *account);

#endif
