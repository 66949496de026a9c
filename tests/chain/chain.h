/* A chain of real daemons for a test: an office and branches as processes on the loopback, each
 * with keys and a data directory of its own, joined by routes that can be cut. Whatever fails here
 * fails the test. The daemons end with chain_stop, and with this program however it ends. */
#ifndef CHAIN_H
#define CHAIN_H

#include "daemon.h"
#include "relay.h"
#include "traffic_client.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHAIN_NODES_MAX = 4,
    CHAIN_PORTS = 40,
    CHAIN_PEER_PORTS_AT = 8, /* behind the lock and the API ports: two a node, then two a route */
    CHAIN_PATH_SIZE = 640,
    CHAIN_OUTPUT_SIZE = 32 * 1024,
    CHAIN_ID_SIZE = 33, /* 32 hex digits and a terminator */
    CHAIN_CARD_SIZE = 17,
    /* who is where */
    OFFICE = 0,
    A = 1,
    B = 2,
    /* A caller is a node, spoken to with its operator's token, or a node's TILL. */
    TILL = CHAIN_NODES_MAX,
};

struct chain_node {
    char dir[CHAIN_PATH_SIZE];
    char log[CHAIN_PATH_SIZE];
    char url[64];
    char tokens[2][TRAFFIC_TOKEN_SIZE_MAX]; /* the operator's, the till's */
    uint32_t branch;
    uint16_t api_port;
    uint16_t peer_port; /* and the one above */
    struct daemon daemon;
};

struct chain {
    char dir[CHAIN_PATH_SIZE];
    char tally[DAEMON_PATH_SIZE_MAX];
    char tallyd[DAEMON_PATH_SIZE_MAX];
    size_t count;
    size_t clones; /* behind the nodes: no part of the chain, as far as the chain knows */
    struct chain_node nodes[CHAIN_NODES_MAX];
    uint16_t first_port;
    int port_lock; /* a socket that keeps the range of ports ours */
    struct relay *relay;
    struct traffic_client *client;
    json_t *kept; /* every answer until chain_forget */
    uint64_t keys;
};

/* The product of a new chain: 300.00 gives 60.00, no cap, no expiry; currency USD. Every node is
 * ready and level when it returns. */
void chain_start(struct chain *chain, size_t count);
/* The same, with the distribution of rights as `tally cluster init --spread` takes it; chain_start
 * has it off, so that rights stay where a test put them. */
void chain_start_spread(struct chain *chain, size_t count, const char *spread);
void chain_stop(struct chain *chain);

/* A node whose directory was made anew (node restore, branch join): routes, tokens, till; runs. */
void chain_adopt(struct chain *chain, size_t node);

/* For cmocka: a chain of three for a group of tests; and after each test, whatever it cut is
 * healed, whatever it stopped runs again, and what it was answered is released. */
int chain_group_setup(void **state);
int chain_group_teardown(void **state);
int chain_test_teardown(void **state);

void chain_cut(struct chain *chain, size_t node);
void chain_heal(struct chain *chain, size_t node);
/* Waits until `at` has noticed that it has this many sessions. */
void chain_wait_peers(struct chain *chain, size_t at, json_int_t peers);
void chain_kill(struct chain *chain, size_t node); /* SIGKILL */
void chain_halt(struct chain *chain, size_t node); /* SIGTERM; it must end cleanly */
/* Starts it, and waits for nothing: a node that must not write is never ready. */
void chain_spawn(struct chain *chain, size_t node);
/* Starts it again, and waits until it is ready. */
void chain_restart(struct chain *chain, size_t node);

/* A retired branch joins again under its number, in a directory of its own; the old one stays. Room
 * of CHAIN_OUTPUT_SIZE for what the commands print. */
void chain_enrol_again(struct chain *chain, size_t index, char *output);

/* A second machine from a copy of a node's data directory, with ports of its own. It meets nobody
 * until it is told to. Returns its place. One a chain. */
size_t chain_clone(struct chain *chain, size_t of, const char *copy);
/* The clone is restarted and dials the office. */
void chain_clone_meets(struct chain *chain, size_t clone);

/* A client that knows the nodes and tokens that are known by now. */
void chain_open_client(struct chain *chain);
/* Copies a data directory of a node that does not run. */
void chain_copy(const char *from, const char *to);

struct reply {
    int http;
    const json_t *json; /* the chain's, until chain_forget */
    uint64_t took_us;
};

/* One exchange. `key` NULL: one of its own for a POST. The body is printed from `format`; NULL for
 * none. */
struct reply chain_call(struct chain *chain, size_t caller, const char *method, const char *path,
                        const char *key, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* GET, as the operator; must be answered with 200. */
const json_t *chain_get(struct chain *chain, size_t node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* POST, which must be answered with 201. */
const json_t *chain_post(struct chain *chain, size_t caller, const char *path, const char *format,
                         ...) __attribute__((format(printf, 4, 5)));
/* POST, which must be refused with this code. */
const json_t *chain_refused(struct chain *chain, size_t caller, const char *code, const char *path,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));
void chain_forget(struct chain *chain);

/* The four things that move money, on a card, in minor units; each must be done. */
const json_t *chain_top_up(struct chain *chain, size_t caller, const char *card, int64_t amount);
const json_t *chain_spend(struct chain *chain, size_t caller, const char *card, int64_t amount);
const json_t *chain_refund(struct chain *chain, size_t caller, const char *sale, int64_t amount);
/* Rights, by hand, from this node to that. */
const json_t *chain_move(struct chain *chain, size_t node, const char *card, size_t to,
                         int64_t amount);
/* A spend that must be refused with this code. */
const json_t *chain_spend_refused(struct chain *chain, size_t caller, const char *code,
                                  const char *card, int64_t amount);

/* Runs `tally WORDS .. --dir` of this node. Returns what it printed, good until the next call; NULL
 * ends the words. Must succeed. */
const char *chain_tally(struct chain *chain, size_t node, const char *const *words);

/* Waits until all running nodes have the same blocks, and asserts that they then have the same
 * state. Returns the digest of that state. */
const char *chain_level(struct chain *chain);

/* A member with a card, made at this node; `id` is of the account, `card` may be NULL. Waits for no
 * one. */
void chain_card(struct chain *chain, size_t node, uint64_t product, char id[static CHAIN_ID_SIZE],
                char card[static CHAIN_CARD_SIZE]);

/* Minor units of a money object. Fails the test if there is none. */
int64_t minor(const json_t *object, const char *field);
/* A field that must be a text, or an integer, or an array. */
const char *text_of(const json_t *object, const char *field);
json_int_t number_of(const json_t *object, const char *field);
const json_t *rows_of(const json_t *object);

/* Prints "what: p50 .. p99 .. max .. of count"; sorts the times. */
void print_times(const char *what, uint64_t *times_us, size_t count);
/* Half of the sorted times are within this. TALLY_QUIET=1 says that the machine does nothing else:
 * then 99 of 100 must be. */
void check_times(const uint64_t *times_us, size_t count, uint64_t most_us);
uint64_t chain_now_us(void);

#endif
