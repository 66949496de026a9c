/* The HTTP listener: libmicrohttpd with its own thread. It checks the framing of a request, lets
 * node/api turn it into a typed request, suspends the connection, puts the request into the inbox,
 * and sends what node/api makes of the answer. */
#ifndef HTTP_H
#define HTTP_H

#include "api.h"
#include "inbox.h"

struct http;

/* 0 stands for the default. */
struct http_options {
    const char *listen;               /* "127.0.0.1:7080", "[::1]:7080" */
    uint32_t connections_max;         /* default 512 */
    uint32_t connections_per_address; /* default 16 */
    uint32_t request_deadline_ms;     /* absolute, for the whole request; default 10,000 */
    uint32_t idle_ms;                 /* between requests; default 15,000 */
    /* How long the node may take: then the client is told that the outcome is not known. The time
     * that a spend may wait for rights is added. Defaults 1,800 and 10,000. */
    uint32_t command_deadline_ms;
    uint32_t query_deadline_ms;
};

/* NULL with a sentence in `problem` when it cannot listen. `api` and `inbox` are kept. */
struct http *http_start(const struct http_options *options, struct api *api, struct inbox *inbox,
                        char *problem, size_t problem_size);

/* From the core thread, once for each request taken from the inbox: `number` is request.number.
 * `answer` is borrowed for the call; the request may be freed by it. A number whose client went
 * away is ignored. */
void http_deliver(struct http *http, uint64_t number, const struct answer *answer);

/* The port in use (for listen "..:0"). */
uint16_t http_port(const struct http *http);

/* Accepts no more connections, refuses new requests as busy, and closes each connection after its
 * answer; returns at once. For a core
 * thread that wants to answer what it was asked before it calls http_stop. */
void http_quiesce(struct http *http);
/* Requests begun and not yet answered to the end. */
uint32_t http_in_progress(const struct http *http);

/* Stops accepting; lets requests in progress end for at most `grace_ms`; then tells those that wait
 * for the node that the outcome is not known, closes and frees. Requests still in the inbox or with
 * the core are freed too: nobody may look at them, or call http_deliver, from here on. */
void http_stop(struct http *http, uint32_t grace_ms);

/* Counters for /metrics: requests by status class, connections now, refused framing. */
struct http_counters {
    uint64_t requests;
    uint64_t by_class[6]; /* index 2 = 2xx .. */
    uint64_t framing_refused;
    uint64_t timed_out;
    uint32_t connections;
};
struct http_counters http_counters(struct http *http);

#endif
