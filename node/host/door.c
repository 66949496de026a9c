#include "door.h"

#include "clock.h"
#include "config.h"
#include "zap.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SELF_TEST_MS = 8000,
    FREE_PORT_TRIES = 64, /* two neighbouring free ports, for port 0 */
    ENDPOINT_TEXT_SIZE = CONFIG_HOST_SIZE_MAX + 32,
};

struct door {
    void *routers[2]; /* by channel */
    void *monitors[2];
    uint16_t port;
    struct door_counters counters;
};

void door_close(struct door *door)
{
    if (door == NULL) {
        return;
    }
    for (int channel = 0; channel < 2; channel++) {
        curve_socket_close(door->routers[channel], door->monitors[channel]);
    }
    free(door);
}

/* Waits for the verdict on a client's handshake: the event, or 0 when none came in time. */
static uint16_t await_verdict(void *monitor)
{
    uint64_t deadline_ms = clock_monotonic_ms() + SELF_TEST_MS;
    const uint16_t verdicts = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                              ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                              ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    for (;;) {
        uint16_t event = curve_socket_event(monitor);
        if ((event & verdicts) != 0) {
            return event;
        }
        uint64_t now_ms = clock_monotonic_ms();
        if (event != 0) {
            continue;
        }
        if (now_ms >= deadline_ms) {
            return 0;
        }
        zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, (long)(deadline_ms - now_ms));
    }
}

static bool endpoint_of(void *router, char endpoint[static ENDPOINT_TEXT_SIZE])
{
    size_t size = ENDPOINT_TEXT_SIZE;
    return zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0;
}

/* Knocks with a key that nobody knows, on a loopback port that is open only for this. */
static enum status self_test(void *context, void *router, const struct curve_keys *own,
                             struct explanation *explanation)
{
    char endpoint[ENDPOINT_TEXT_SIZE];
    struct curve_keys stranger;
    struct transport_key server;
    memcpy(server.bytes, own->public_key, sizeof server.bytes);
    crypto_box_keypair(stranger.public_key, stranger.secret_key);
    if (zmq_bind(router, "tcp://127.0.0.1:*") != 0 || !endpoint_of(router, endpoint)) {
        explain(explanation, "cannot open a loopback port for the self-test of the door: %s",
                zmq_strerror(zmq_errno()));
        return STATUS_IO;
    }
    uint16_t event = 0;
    void *client = curve_socket_client(context, &stranger, &server);
    void *monitor = client == NULL ? NULL : curve_socket_monitor(context, client);
    if (monitor != NULL && zmq_connect(client, endpoint) == 0) {
        event = await_verdict(monitor);
    }
    curve_socket_close(client, monitor);
    sodium_memzero(&stranger, sizeof stranger);
    bool closed = zmq_unbind(router, endpoint) == 0;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH && closed) {
        return STATUS_OK;
    }
    explain(explanation,
            "the door's self-test failed: a connection with an unknown key was %s. The node would "
            "not be safe and does not start; check that libzmq is 4.3.4 with CURVE",
            event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? "let in" : "not refused in time");
    return STATUS_FORGED;
}

static bool bind_at(void *router, const char *host, uint16_t port)
{
    char endpoint[ENDPOINT_TEXT_SIZE];
    bool bare6 = strchr(host, ':') != NULL && host[0] != '[';
    const char *open = bare6 ? "[" : "";
    const char *shut = bare6 ? "]" : "";
    if (port == 0) {
        (void)snprintf(endpoint, sizeof endpoint, "tcp://%s%s%s:*", open, host, shut);
    } else {
        (void)snprintf(endpoint, sizeof endpoint, "tcp://%s%s%s:%u", open, host, shut,
                       (unsigned)port);
    }
    return zmq_bind(router, endpoint) == 0;
}

/* Binds control to `port` and bulk to the next. With port 0: to two neighbours that are free. */
static bool bind_both(struct door *door, const char *host, uint16_t port)
{
    int tries = port == 0 ? FREE_PORT_TRIES : 1;
    for (int i = 0; i < tries; i++) {
        char endpoint[ENDPOINT_TEXT_SIZE];
        char bound_host[CONFIG_HOST_SIZE_MAX];
        uint16_t bound = 0;
        if (!bind_at(door->routers[CHANNEL_CONTROL], host, port)) {
            return false;
        }
        if (!endpoint_of(door->routers[CHANNEL_CONTROL], endpoint)) {
            return false;
        }
        if (config_split_endpoint(endpoint, false, bound_host, &bound) &&
            bind_at(door->routers[CHANNEL_BULK], host, (uint16_t)(bound + 1))) {
            door->port = bound;
            return true;
        }
        int error = zmq_errno();
        (void)zmq_unbind(door->routers[CHANNEL_CONTROL], endpoint);
        errno = error;
    }
    return false;
}

static enum status open_sockets(struct door *door, void *context, const struct curve_keys *own,
                                struct explanation *explanation)
{
    for (int channel = 0; channel < 2; channel++) {
        door->routers[channel] = curve_socket_server(context, own);
        if (door->routers[channel] == NULL) {
            explain(explanation, "libzmq refuses a socket or one of its security options: %s",
                    zmq_strerror(zmq_errno()));
            return STATUS_IO;
        }
        enum status status = self_test(context, door->routers[channel], own, explanation);
        if (status != STATUS_OK) {
            return status;
        }
        door->monitors[channel] = curve_socket_monitor(context, door->routers[channel]);
        if (door->monitors[channel] == NULL) {
            explain(explanation, "libzmq cannot watch a socket: %s", zmq_strerror(zmq_errno()));
            return STATUS_IO;
        }
    }
    return STATUS_OK;
}

enum status door_open(void *context, const struct curve_keys *own, const char *listen,
                      struct door **door, struct explanation *explanation)
{
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    if (!config_split_endpoint(listen, true, host, &port)) {
        explain(explanation, "%s is no endpoint; write it as tcp://address:port", listen);
        return STATUS_MALFORMED;
    }
    struct door *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        explain(explanation, "out of memory");
        return STATUS_IO;
    }
    enum status status = open_sockets(opened, context, own, explanation);
    if (status == STATUS_OK && !bind_both(opened, host, port)) {
        status = zmq_errno() == EADDRINUSE ? STATUS_BUSY : STATUS_DENIED;
        explain(explanation,
                "cannot listen for peers on %s and the next port: %s. Stop what uses the ports, or "
                "change peer_listen in the configuration",
                listen, zmq_strerror(zmq_errno()));
    }
    if (status != STATUS_OK) {
        door_close(opened);
        return status;
    }
    *door = opened;
    return STATUS_OK;
}

uint16_t door_port(const struct door *door)
{
    return door->port;
}

/* Throws away what is left of a message of several parts. */
static void skip_rest(void *router, zmq_msg_t *part)
{
    while (zmq_msg_more(part) != 0 && zmq_msg_recv(part, router, ZMQ_DONTWAIT) >= 0) {
    }
}

enum door_news door_receive(struct door *door, enum channel channel, struct door_peer *peer,
                            struct transport_key *key, zmq_msg_t *frame)
{
    void *router = door->routers[channel];
    if (zmq_msg_recv(frame, router, ZMQ_DONTWAIT) < 0) {
        return DOOR_SILENT;
    }
    size_t size = zmq_msg_size(frame);
    bool named = size <= sizeof peer->bytes && zmq_msg_more(frame) != 0;
    if (named) {
        memcpy(peer->bytes, zmq_msg_data(frame), size);
        peer->size = size;
        named = zmq_msg_recv(frame, router, ZMQ_DONTWAIT) >= 0;
    }
    if (!named || zmq_msg_more(frame) != 0) {
        skip_rest(router, frame);
        return DOOR_DROPPED;
    }
    const char *user_id = zmq_msg_gets(frame, "User-Id");
    if (user_id == NULL || !zap_user_key(user_id, key)) {
        return DOOR_DROPPED;
    }
    return DOOR_FRAME;
}

bool door_send(struct door *door, enum channel channel, const struct door_peer *peer,
               struct bytes frame)
{
    void *router = door->routers[channel];
    return peer->size > 0 &&
           zmq_send(router, peer->bytes, peer->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0 &&
           zmq_send(router, frame.data, frame.size, ZMQ_DONTWAIT) >= 0;
}

void door_turn(struct door *door)
{
    for (int channel = 0; channel < 2; channel++) {
        for (uint16_t event = curve_socket_event(door->monitors[channel]); event != 0;
             event = curve_socket_event(door->monitors[channel])) {
            door->counters.accepted += (event & ZMQ_EVENT_ACCEPTED) != 0;
            door->counters.refused += (event & ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0;
            door->counters.broken += (event & (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)) != 0;
            door->counters.closed += (event & ZMQ_EVENT_DISCONNECTED) != 0;
        }
    }
}

struct door_counters door_counters(const struct door *door)
{
    return door->counters;
}

void door_sockets(const struct door *door, void *sockets[static DOOR_SOCKETS])
{
    sockets[CHANNEL_CONTROL] = door->routers[CHANNEL_CONTROL];
    sockets[CHANNEL_BULK] = door->routers[CHANNEL_BULK];
    sockets[2] = door->monitors[CHANNEL_CONTROL];
    sockets[3] = door->monitors[CHANNEL_BULK];
}
