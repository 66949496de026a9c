/* An office and one branch as real daemons on this machine, set up with the commands that an
 * operator would type. The daemons are those beside this program. */
#ifndef PAIR_H
#define PAIR_H

#include "daemon.h"
#include "traffic_client.h"

#include <jansson.h>
#include <stdint.h>

enum {
    PAIR_OFFICE,
    PAIR_BRANCH,
    PAIR_NODES,
    PAIR_TEXT_SIZE_MAX = 512,
    PAIR_STATE_SIZE = 65,
    PAIR_ASK_MS = 10 * 1000,
};

struct pair_node {
    char dir[PAIR_TEXT_SIZE_MAX];
    char log[PAIR_TEXT_SIZE_MAX];
    char url[64];
    char admin_token[TRAFFIC_TOKEN_SIZE_MAX];
    char till_token[TRAFFIC_TOKEN_SIZE_MAX];
    uint16_t api_port;
    uint16_t peer_port; /* control; bulk is the one above */
    struct daemon daemon;
};

struct pair {
    char dir[PAIR_TEXT_SIZE_MAX];
    char tally[DAEMON_PATH_SIZE_MAX];
    char tallyd[DAEMON_PATH_SIZE_MAX];
    struct pair_node nodes[PAIR_NODES];
    struct traffic_client *client; /* for questions: lanes with the operators' tokens */
};

/* How a node is. */
struct pair_view {
    char state[PAIR_STATE_SIZE]; /* digests, in hex */
    char frontier[PAIR_STATE_SIZE];
    uint64_t head_seq;
    uint64_t events;
    uint64_t peers;
    uint64_t alarms;
    uint64_t invalid_events;
    bool read_only;
};

/* Makes `dir` anew (what an earlier run left there is removed) and brings both up until each is
 * ready and has a till. `config` is appended to both config files. */
MUST_CHECK enum status pair_start(struct pair *pair, const char *dir, const char *config,
                                  struct explanation *explanation);
/* Invites one more branch and joins it; it is not started. Its place has what the set-up knows. */
MUST_CHECK enum status pair_join(struct pair *pair, const char *name, struct pair_node *node,
                                 struct explanation *explanation);
/* Stops both. True if both ended by themselves with exit code 0. The data stays. */
bool pair_stop(struct pair *pair);

/* Starts a daemon that does not run; returns before it answers. `preload` (or NULL) is loaded into
 * it before its libraries. */
MUST_CHECK enum status pair_run(struct pair *pair, size_t node, const char *preload,
                                struct explanation *explanation);
MUST_CHECK enum status pair_wait_ready(struct pair *pair, size_t node,
                                       struct explanation *explanation);

/* GET with the operator's token: the document, which the caller owns, or NULL. `http` may be NULL.
 */
json_t *pair_get(struct pair *pair, size_t node, const char *target, int *http);
MUST_CHECK bool pair_look(struct pair *pair, size_t node, struct pair_view *view);
/* Until both have the same frontier; then true exactly if their states are equal, too. */
MUST_CHECK bool pair_converge(struct pair *pair, uint64_t patience_ms, struct pair_view *view);

/* A member, his card and his account at the branch. */
struct pair_account {
    char card[24];
    char account[33];
};
MUST_CHECK bool pair_open_account(struct pair *pair, const char *key, struct pair_account *account);

#endif
