/* A chain on this machine: an office and four branches as real daemons with keys of their own, set
 * up with the same commands that an operator would type, and joined by routes that can be cut. */
#ifndef DEMO_CLUSTER_H
#define DEMO_CLUSTER_H

#include "daemon.h"
#include "relay.h"
#include "traffic_client.h"

#include <signal.h>
#include <stdint.h>

enum {
    DEMO_NODES = 5, /* the office is the first */
    DEMO_OFFICE = 0,
    DEMO_BRANCHES = DEMO_NODES - 1,
    DEMO_TEXT_SIZE_MAX = 512,
    DEMO_URL_SIZE_MAX = 64,
    DEMO_PORTS = 64, /* taken from the first one on */
};

struct demo_node {
    const char *name;
    const char *folder;
    char dir[DEMO_TEXT_SIZE_MAX];
    char log[DEMO_TEXT_SIZE_MAX];
    char url[DEMO_URL_SIZE_MAX];
    char admin_token[TRAFFIC_TOKEN_SIZE_MAX];
    char till_token[TRAFFIC_TOKEN_SIZE_MAX];
    uint32_t branch; /* its number in the chain */
    uint16_t api_port;
    uint16_t peer_port; /* and the one above */
    struct daemon daemon;
};

struct demo_cluster {
    char dir[DEMO_TEXT_SIZE_MAX];
    char tally[DAEMON_PATH_SIZE_MAX];
    char tallyd[DAEMON_PATH_SIZE_MAX];
    uint16_t first_port;
    struct demo_node nodes[DEMO_NODES];
    struct relay *relay;
    struct traffic_client *client; /* for questions, with the operators' tokens */
    const volatile sig_atomic_t *stop;
};

/* Empties `dir` (which must be absent, empty, or of an earlier demo), and brings the chain up until
 * every node is ready and every branch has a till. `port` 0: the first free range. On failure
 * everything that was started is stopped. */
MUST_CHECK enum status demo_cluster_start(struct demo_cluster *cluster, const char *dir,
                                          uint16_t port, struct explanation *explanation);

/* Stops what runs. The data stays. */
void demo_cluster_stop(struct demo_cluster *cluster);

/* SIGKILL, and starts it again at once. Returns before it answers. */
MUST_CHECK enum status demo_cluster_kill(struct demo_cluster *cluster, size_t node,
                                         struct explanation *explanation);

/* The last block of `of`'s own journal that `at` holds; 0 if it does not say. */
uint64_t demo_cluster_seq(struct demo_cluster *cluster, size_t at, size_t of);

/* The first node that is not running any more, or DEMO_NODES. */
size_t demo_cluster_lost(struct demo_cluster *cluster);

#endif
