/* A line: what this node dials. Two CURVE clients to the control and the bulk port of one peer,
 * opened together, up together, closed together; after a failure new ones, after a pause. */
#ifndef LINE_H
#define LINE_H

#include "tally/bounds.h"
#include "tally/world.h"

#include "curve_socket.h"

struct line_target {
    struct transport_key server;
    char control[ENDPOINT_SIZE_MAX + 1]; /* "tcp://host:port" */
    char bulk[ENDPOINT_SIZE_MAX + 8];
};

/* Fills the target from an endpoint and the server's key; bulk is the next port. False unless the
 * endpoint is "tcp://host:port". */
bool line_target_set(struct line_target *target, const char *endpoint,
                     const struct transport_key *server);

struct line;

/* `context` and `own` are kept. Dials at the first line_turn. NULL without memory. */
struct line *line_new(void *context, const struct curve_keys *own,
                      const struct line_target *target);
void line_free(struct line *line);
const struct line_target *line_target(const struct line *line);

enum line_news {
    LINE_SILENT,   /* nothing happened, nothing is waiting */
    LINE_CONSUMED, /* something of the bus's own: look again */
    LINE_FRAME,    /* one frame for the node */
    LINE_UP,
    LINE_DOWN, /* was up */
};

/* Looks at what became of the connections; dials when it is time. SILENT, UP or DOWN. */
enum line_news line_turn(struct line *line, uint64_t now_ms);

/* The next frame, into `frame`, which is initialised and stays the caller's. */
enum line_news line_receive(struct line *line, enum channel channel, zmq_msg_t *frame,
                            uint64_t now_ms);

/* False: the line should be ended, its queue is full. */
bool line_send(struct line *line, enum channel channel, struct bytes frame);

/* Ends the connections; the next attempt comes after the longer kind of pause if the other side
 * `refused`, else after the shorter. */
void line_end(struct line *line, bool refused, uint64_t now_ms);

/* What to poll for reading: up to 4 sockets into `sockets`, monitors among them; and which of the
 * two data sockets is worth reading. */
enum { LINE_SOCKETS_MAX = 4 };
size_t line_sockets(const struct line *line, void *sockets[static LINE_SOCKETS_MAX]);

struct line_counters {
    uint64_t attempts;
    uint64_t refusals;
    uint64_t failures;
};
struct line_counters line_counters(const struct line *line);

#endif
