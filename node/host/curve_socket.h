/* ZeroMQ sockets with CURVE and the options that every one of ours has; and the little speech of
 * the bus itself: frames that start with a byte that no message starts with. */
#ifndef CURVE_SOCKET_H
#define CURVE_SOCKET_H

#include "tally/bytes.h"
#include "tally/status.h"

#include "admission.h"

#include <zmq.h>

enum {
    LINK_ID_SIZE = 16,
    GREETING_SIZE = 3 + LINK_ID_SIZE,
};

/* What the two buses of a link say to each other. The dialer greets on both channels with one
 * random id; the listener, once it has both, welcomes on both; then the link is up for both. */
enum greeting_kind {
    GREETING_NONE = 0,  /* not of the bus: a frame for the node */
    GREETING_HERE = 1,  /* dialer: this connection belongs to the link with this id */
    GREETING_UP = 2,    /* listener: both channels are known */
    GREETING_END = 3,   /* either: the link is over */
    GREETING_PROBE = 4, /* listener: is anybody there? The answer is that it can be sent */
};

void greeting_write(enum greeting_kind kind, const uint8_t id[static LINK_ID_SIZE],
                    uint8_t frame[static GREETING_SIZE]);
/* STATUS_NOT_FOUND: a frame for the node. STATUS_MALFORMED: starts like a greeting and is none. */
MUST_CHECK enum status greeting_read(struct bytes frame, enum greeting_kind *kind,
                                     uint8_t id[static LINK_ID_SIZE]);

struct curve_keys {
    uint8_t public_key[32];
    uint8_t secret_key[32];
};

/* NULL if any option is refused. */
void *curve_socket_server(void *context, const struct curve_keys *own);
void *curve_socket_client(void *context, const struct curve_keys *own,
                          const struct transport_key *server);

/* Watches `socket`: a socket that receives its events, or NULL. */
void *curve_socket_monitor(void *context, void *socket);
/* The next event (ZMQ_EVENT_..), or 0 when there is none now. */
uint16_t curve_socket_event(void *monitor);

/* Closes; NULL is allowed for both. */
void curve_socket_close(void *socket, void *monitor);

/* One frame, never blocks. False: nothing was sent. */
bool curve_socket_send(void *socket, struct bytes frame);

#endif
