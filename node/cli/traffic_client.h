/* HTTP/1.1 to a few nodes over many kept-alive connections at once, from one thread: for traffic,
 * where thousands of small requests a second are in flight. It knows what our nodes answer (a
 * status line, Content-Length or Connection: close) and nothing more.
 *
 * A lane is one connection to one node with at most one request on it. A lane whose connection was
 * lost connects again by itself at its next request. */
#ifndef TRAFFIC_CLIENT_H
#define TRAFFIC_CLIENT_H

#include "tally/bytes.h"
#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TRAFFIC_NODES_MAX = 16,
    TRAFFIC_LANES_MAX = 1024, /* a node */
    TRAFFIC_ANSWER_SIZE_MAX = 8 * 1024 * 1024,
    TRAFFIC_TOKEN_SIZE_MAX = 200,
    TRAFFIC_LANE_NONE = -1,
};

struct traffic_client;

/* One node: "http://127.0.0.1:8401", and the bearer token to show it (may be empty). */
struct traffic_node {
    const char *url;
    const char *token;
};

struct traffic_request {
    const char *method;
    const char *target; /* path and query */
    const char *key;    /* Idempotency-Key, or NULL */
    const char *body;   /* JSON, or NULL */
};

struct traffic_answer {
    size_t node;
    uint64_t tag;   /* of the request */
    int http;       /* HTTP status, or 0: no answer came, the outcome is not known */
    bool again;     /* the connection was lost once, and the same request sent again */
    uint32_t retry; /* Retry-After in seconds, 0 if none */
    uint64_t took_us;
    struct bytes body; /* good until the lane is used again */
    const char *loss;  /* http 0: why, for people */
};

/* `lanes` connections to each node, made when first used. NULL with a sentence. */
struct traffic_client *traffic_client_new(const struct traffic_node *nodes, size_t count,
                                          size_t lanes, struct explanation *explanation);
void traffic_client_free(struct traffic_client *client);

/* A lane to this node that is idle, or TRAFFIC_LANE_NONE. */
int traffic_client_idle(const struct traffic_client *client, size_t node);

/* Puts a request on an idle lane. It is answered by traffic_client_wait, within `timeout_ms`. */
void traffic_client_send(struct traffic_client *client, int lane_index,
                         const struct traffic_request *request, uint32_t timeout_ms, uint64_t tag);

/* Waits up to `wait_ms` until something is answered; writes at most `max` answers, returns how
 * many. Answers are taken before the next send on their lanes. */
size_t traffic_client_wait(struct traffic_client *client, int wait_ms,
                           struct traffic_answer *answers, size_t max);

/* One request and its answer, on a lane that must be idle; nothing else may be in flight. */
struct traffic_answer traffic_client_ask(struct traffic_client *client, size_t node,
                                         const struct traffic_request *request,
                                         uint32_t timeout_ms);

#endif
