/* HTTP and JSON as functions: a request in, a response out; no sockets.
 *
 * A call lives through one HTTP exchange: api_begin parses, authenticates and routes. Either a
 * response is ready at once (errors, the OpenAPI document, health), or there is a typed request to
 * put to the node; api_answer then makes the response. A call is used by one thread at a time, and
 * different calls may be on different threads. Memory of a call is freed by api_end. */
#ifndef API_H
#define API_H

#include "tally/command.h"

struct api;
struct api_call;

/* What the core and the host publish for /healthz, /readyz and /metrics, as text made elsewhere. */
struct api_health {
    bool alive;
    bool ready;
    char reason[200]; /* why not ready, for people; empty when ready */
};

struct api_http {
    const char *method;
    const char *target; /* raw, with the query: origin form, already checked by the listener */
    struct bytes body;
    const char *authorization; /* header values, or NULL */
    const char *idempotency_key;
    const char *content_type;
    const char *accept;
    const char *peer_address;
};

struct api_header {
    const char *name;
    const char *value;
};

struct api_response {
    unsigned status;
    const char *content_type;
    struct bytes body;
    uint32_t header_count;
    struct api_header headers[8];
};

/* `tokens_path`: the file with hashed tokens. NULL with a sentence in `problem` if they cannot be
 * read. */
struct api *api_new(const char *tokens_path, char *problem, size_t problem_size);
void api_free(struct api *api);

/* Thread-safe: the core publishes, the listener reads. */
void api_set_health(struct api *api, const struct api_health *health);
void api_set_metrics(struct api *api, const char *text, size_t size);

/* East of UTC: dates in queries are days of the organisation's zone. 0 until it is called. */
void api_set_zone(struct api *api, int32_t zone_minutes);

/* True if this `Authorization` value (or NULL) is that of a token: before a large body is taken. */
bool api_knows(const struct api *api, const char *authorization);

/* Never NULL (aborts when memory is out). Borrows `http` only while it runs: the client may be gone
 * when the answer comes. */
struct api_call *api_begin(struct api *api, const struct api_http *http);
/* The request to put to the node, or NULL when the response is ready. Owned by the call; the caller
 * sets its number. */
struct request *api_request(struct api_call *call);
void api_answer(struct api_call *call, const struct answer *answer);
/* A response without an answer. busy: the node was not asked, 503. unknown: it was, and did not say
 * in time, 503; the request stays as it is, for the node may still be reading it. */
void api_refuse_busy(struct api_call *call);
void api_refuse_unknown(struct api_call *call);
/* Valid until api_end. */
const struct api_response *api_response(const struct api_call *call);
void api_end(struct api_call *call);

#endif
