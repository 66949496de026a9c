#include "curve_socket.h"

#include "tally/bounds.h"

#include "zap.h"

#include <stdatomic.h>
#include <stdio.h>

/* libzmq 4.3.4 honours it, but its header hides the name behind the draft macro. */
enum { ZAP_ENFORCE_DOMAIN_OPTION = 93 };

enum {
    GREETING_MARK = 0xc1, /* the one byte that msgpack never uses */
    GREETING_VERSION = 1,
    HANDSHAKE_MS = 5000,
    CONNECT_MS = 3000,
    KEEPALIVE_IDLE_S = 5,
    KEEPALIVE_EVERY_S = 2,
    KEEPALIVE_COUNT = 3,
    UNACKNOWLEDGED_MS = 6000, /* TCP_USER_TIMEOUT: sent and not acknowledged for so long is gone */
    QUEUE_FRAMES = 256,
    BACKLOG = 256,
};

void greeting_write(enum greeting_kind kind, const uint8_t id[static LINK_ID_SIZE],
                    uint8_t frame[static GREETING_SIZE])
{
    frame[0] = GREETING_MARK;
    frame[1] = GREETING_VERSION;
    frame[2] = (uint8_t)kind;
    memcpy(frame + 3, id, LINK_ID_SIZE);
}

enum status greeting_read(struct bytes frame, enum greeting_kind *kind,
                          uint8_t id[static LINK_ID_SIZE])
{
    if (frame.size == 0 || frame.data[0] != GREETING_MARK) {
        return STATUS_NOT_FOUND;
    }
    if (frame.size != GREETING_SIZE || frame.data[1] != GREETING_VERSION ||
        frame.data[2] < GREETING_HERE || frame.data[2] > GREETING_PROBE) {
        return STATUS_MALFORMED;
    }
    *kind = (enum greeting_kind)frame.data[2];
    memcpy(id, frame.data + 3, LINK_ID_SIZE);
    return STATUS_OK;
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_key(void *socket, int option, const uint8_t key[static 32])
{
    return zmq_setsockopt(socket, option, key, 32) == 0;
}

/* No heartbeats of ZeroMQ's own: with them libzmq 4.3.4 aborts the whole process when a connection
 * ends while its receive queue is full (issues 3937 and 4364 of zeromq/libzmq). TCP notices a dead
 * machine, and the sessions above notice a silent one (PEER_SILENT_MS). */
static bool set_liveness(void *socket)
{
    return set_int(socket, ZMQ_TCP_KEEPALIVE, 1) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_EVERY_S) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT) &&
           set_int(socket, ZMQ_TCP_MAXRT, UNACKNOWLEDGED_MS);
}

static bool set_common(void *socket)
{
    int64_t size_max = WIRE_MESSAGE_SIZE_MAX;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) == 0 &&
           set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
           set_int(socket, ZMQ_SNDHWM, QUEUE_FRAMES) && set_int(socket, ZMQ_RCVHWM, QUEUE_FRAMES) &&
           set_liveness(socket) && set_int(socket, ZMQ_LINGER, 0) && set_int(socket, ZMQ_IPV6, 1);
}

static void *keep_if(void *socket, bool good)
{
    if (!good) {
        zmq_close(socket);
        return NULL;
    }
    return socket;
}

void *curve_socket_server(void *context, const struct curve_keys *own)
{
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    if (socket == NULL) {
        return NULL;
    }
    /* No routing ids of the peers' choosing count and none is handed over: see bus.c. The domain
     * must not be empty, or libzmq never asks the handler. */
    bool good = set_common(socket) && set_int(socket, ZMQ_CURVE_SERVER, 1) &&
                set_key(socket, ZMQ_CURVE_SECRETKEY, own->secret_key) &&
                zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) == 0 &&
                set_int(socket, ZAP_ENFORCE_DOMAIN_OPTION, 1) &&
                set_int(socket, ZMQ_ROUTER_MANDATORY, 1) && set_int(socket, ZMQ_BACKLOG, BACKLOG);
    return keep_if(socket, good);
}

void *curve_socket_client(void *context, const struct curve_keys *own,
                          const struct transport_key *server)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    if (socket == NULL) {
        return NULL;
    }
    /* Never reconnects by itself: a refused client would, for ever and without pause. */
    bool good = set_common(socket) && set_key(socket, ZMQ_CURVE_SERVERKEY, server->bytes) &&
                set_key(socket, ZMQ_CURVE_PUBLICKEY, own->public_key) &&
                set_key(socket, ZMQ_CURVE_SECRETKEY, own->secret_key) &&
                set_int(socket, ZMQ_RECONNECT_IVL, -1) &&
                set_int(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS);
    return keep_if(socket, good);
}

void *curve_socket_monitor(void *context, void *socket)
{
    static _Atomic uint32_t last_number; /* names are one per process */
    char address[64];
    (void)snprintf(address, sizeof address, "inproc://monitor-%u",
                   (unsigned)atomic_fetch_add(&last_number, 1));
    if (zmq_socket_monitor(socket, address, ZMQ_EVENT_ALL) != 0) {
        return NULL;
    }
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    if (monitor == NULL) {
        return NULL;
    }
    return keep_if(monitor, set_int(monitor, ZMQ_LINGER, 0) && zmq_connect(monitor, address) == 0);
}

uint16_t curve_socket_event(void *monitor)
{
    /* Two frames: number 2 and value 4 bytes in the machine's order; the address. */
    uint8_t first[6];
    uint16_t event = 0;
    int size = zmq_recv(monitor, first, sizeof first, ZMQ_DONTWAIT);
    if (size < (int)sizeof event) {
        return 0;
    }
    memcpy(&event, first, sizeof event);
    int more = 0;
    size_t more_size = sizeof more;
    while (zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &more_size) == 0 && more != 0) {
        uint8_t rest[1];
        if (zmq_recv(monitor, rest, sizeof rest, ZMQ_DONTWAIT) < 0) {
            break;
        }
    }
    return event;
}

void curve_socket_close(void *socket, void *monitor)
{
    if (socket != NULL) {
        (void)zmq_socket_monitor(socket, NULL, 0);
        zmq_close(socket);
    }
    if (monitor != NULL) {
        zmq_close(monitor);
    }
}

bool curve_socket_send(void *socket, struct bytes frame)
{
    return zmq_send(socket, frame.data, frame.size, ZMQ_DONTWAIT) >= 0;
}
