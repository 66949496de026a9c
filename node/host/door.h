/* The door: where peers come in. Two bound CURVE ROUTERs, control and bulk on the next port, behind
 * the ZAP handler. Each frame is handed on with the key that its connection proved; a name that a
 * peer gave itself is worth nothing. */
#ifndef DOOR_H
#define DOOR_H

#include "tally/world.h"

#include "curve_socket.h"
#include "explanation.h"

struct door;

/* The ZAP handler of `context` must be running. Tests itself first: a throw-away key that knocks
 * must be refused. STATUS_FORGED if it is not; STATUS_BUSY if the port is taken; STATUS_DENIED if
 * the address is not ours to bind; STATUS_MALFORMED. */
MUST_CHECK enum status door_open(void *context, const struct curve_keys *own, const char *listen,
                                 struct door **door, struct explanation *explanation);
void door_close(struct door *door);

/* The control port in use. */
uint16_t door_port(const struct door *door);

/* Who a connection is: libzmq's own name for it, good until the connection ends. */
struct door_peer {
    uint8_t bytes[16];
    size_t size; /* 0 = none */
};

enum door_news {
    DOOR_SILENT,
    DOOR_DROPPED, /* something that is no frame of a peer: look again */
    DOOR_FRAME,
};

/* The next frame, into `frame`, which is initialised and stays the caller's. */
enum door_news door_receive(struct door *door, enum channel channel, struct door_peer *peer,
                            struct transport_key *key, zmq_msg_t *frame);

/* False: that connection is gone, or its queue is full. */
bool door_send(struct door *door, enum channel channel, const struct door_peer *peer,
               struct bytes frame);

/* Reads what happened to connections, for the counters. */
void door_turn(struct door *door);

struct door_counters {
    uint64_t accepted; /* TCP connections */
    uint64_t refused;  /* by key */
    uint64_t broken;   /* handshakes that broke the protocol or timed out */
    uint64_t closed;
};
struct door_counters door_counters(const struct door *door);

enum { DOOR_SOCKETS = 4 /* two ROUTERs by channel, then their monitors */ };
void door_sockets(const struct door *door, void *sockets[static DOOR_SOCKETS]);

#endif
