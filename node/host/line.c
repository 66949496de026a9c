#include "line.h"

#include "config.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ATTEMPT_MS = 8000, /* from dialling to both welcomes */
    STEADY_MS = 10000, /* up for so long: earlier failures are forgotten */
    REFUSED_PAUSE_MIN_MS = 500,
    REFUSED_PAUSE_MAX_MS = 60000,
    FAILED_PAUSE_MIN_MS = 100,
    FAILED_PAUSE_MAX_MS = 1000,
    DOUBLINGS_MAX = 7,
    HOST_SIZE_MAX = ENDPOINT_SIZE_MAX - 16, /* with "tcp://", brackets and a port it fits */
};

enum line_state {
    STATE_PAUSED,
    STATE_DIALLING,
    STATE_UP,
};

struct line {
    void *context;
    const struct curve_keys *own;
    struct line_target target;
    enum line_state state;
    void *sockets[2]; /* by channel; NULL while paused */
    void *monitors[2];
    uint8_t id[LINK_ID_SIZE]; /* of this attempt */
    bool welcomed[2];
    uint64_t due_ms; /* PAUSED: when to dial; DIALLING: when to give up; UP: when it came up */
    uint32_t refused_in_a_row;
    uint32_t failed_in_a_row;
    struct line_counters counters;
};

bool line_target_set(struct line_target *target, const char *endpoint,
                     const struct transport_key *server)
{
    char host[CONFIG_HOST_SIZE_MAX];
    uint16_t port = 0;
    if (!config_split_endpoint(endpoint, false, host, &port)) {
        return false;
    }
    bool bare6 = strchr(host, ':') != NULL && host[0] != '[';
    const char *open = bare6 ? "[" : "";
    const char *shut = bare6 ? "]" : "";
    if (strlen(host) > HOST_SIZE_MAX) {
        return false;
    }
    target->server = *server;
    (void)snprintf(target->control, sizeof target->control, "tcp://%s%.*s%s:%u", open,
                   HOST_SIZE_MAX, host, shut, (unsigned)port);
    (void)snprintf(target->bulk, sizeof target->bulk, "tcp://%s%.*s%s:%u", open, HOST_SIZE_MAX,
                   host, shut, (unsigned)port + 1);
    return true;
}

struct line *line_new(void *context, const struct curve_keys *own, const struct line_target *target)
{
    struct line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return NULL;
    }
    line->context = context;
    line->own = own;
    line->target = *target;
    line->state = STATE_PAUSED;
    return line;
}

static void close_sockets(struct line *line)
{
    for (int channel = 0; channel < 2; channel++) {
        curve_socket_close(line->sockets[channel], line->monitors[channel]);
        line->sockets[channel] = NULL;
        line->monitors[channel] = NULL;
        line->welcomed[channel] = false;
    }
}

void line_free(struct line *line)
{
    if (line == NULL) {
        return;
    }
    close_sockets(line);
    free(line);
}

const struct line_target *line_target(const struct line *line)
{
    return &line->target;
}

/* Full jitter between `min` and `min` doubled `times`, at most `max`: many nodes that lost the same
 * peer do not come back at the same moment. */
static uint32_t pause_ms(uint32_t times, uint32_t min, uint32_t max)
{
    uint32_t doublings = times < DOUBLINGS_MAX ? times : DOUBLINGS_MAX;
    uint32_t ceiling = min << doublings;
    ceiling = ceiling < max ? ceiling : max;
    return min + randombytes_uniform(ceiling - min + 1);
}

void line_end(struct line *line, bool refused, uint64_t now_ms)
{
    if (line->state == STATE_UP && now_ms - line->due_ms >= STEADY_MS) {
        line->refused_in_a_row = 0;
        line->failed_in_a_row = 0;
    }
    close_sockets(line);
    line->state = STATE_PAUSED;
    if (refused) {
        line->counters.refusals += 1;
        line->refused_in_a_row += 1;
        line->due_ms =
            now_ms + pause_ms(line->refused_in_a_row, REFUSED_PAUSE_MIN_MS, REFUSED_PAUSE_MAX_MS);
    } else {
        line->counters.failures += 1;
        line->failed_in_a_row += 1;
        line->due_ms =
            now_ms + pause_ms(line->failed_in_a_row, FAILED_PAUSE_MIN_MS, FAILED_PAUSE_MAX_MS);
    }
}

static bool open_channel(struct line *line, enum channel channel)
{
    const char *endpoint = channel == CHANNEL_CONTROL ? line->target.control : line->target.bulk;
    void *socket = curve_socket_client(line->context, line->own, &line->target.server);
    line->sockets[channel] = socket;
    if (socket == NULL) {
        return false;
    }
    line->monitors[channel] = curve_socket_monitor(line->context, socket);
    uint8_t greeting[GREETING_SIZE];
    greeting_write(GREETING_HERE, line->id, greeting);
    /* The greeting waits in the socket until the handshake is done. */
    return line->monitors[channel] != NULL && zmq_connect(socket, endpoint) == 0 &&
           curve_socket_send(socket, BYTES_OF(greeting));
}

static void dial(struct line *line, uint64_t now_ms)
{
    assert(line->state == STATE_PAUSED);
    line->counters.attempts += 1;
    randombytes_buf(line->id, sizeof line->id);
    line->state = STATE_DIALLING;
    line->due_ms = now_ms + ATTEMPT_MS;
    if (!open_channel(line, CHANNEL_CONTROL) || !open_channel(line, CHANNEL_BULK)) {
        line_end(line, false, now_ms);
    }
}

enum connection_fate {
    CONNECTION_GOOD,
    CONNECTION_LOST,
    CONNECTION_REFUSED,
};

static enum connection_fate fate_of(void *monitor)
{
    enum connection_fate fate = CONNECTION_GOOD;
    for (uint16_t event = curve_socket_event(monitor); event != 0;
         event = curve_socket_event(monitor)) {
        if ((event & (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                      ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)) != 0) {
            fate = CONNECTION_REFUSED;
        } else if ((event & (ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED)) != 0 &&
                   fate == CONNECTION_GOOD) {
            fate = CONNECTION_LOST;
        }
    }
    return fate;
}

enum line_news line_turn(struct line *line, uint64_t now_ms)
{
    if (line->state == STATE_PAUSED) {
        if (now_ms >= line->due_ms) {
            dial(line, now_ms);
        }
        return LINE_SILENT;
    }
    enum connection_fate control = fate_of(line->monitors[CHANNEL_CONTROL]);
    enum connection_fate bulk = fate_of(line->monitors[CHANNEL_BULK]);
    bool refused = control == CONNECTION_REFUSED || bulk == CONNECTION_REFUSED;
    bool lost = control == CONNECTION_LOST || bulk == CONNECTION_LOST;
    /* Connected but never welcomed: nobody there wants to talk to us. */
    bool ignored = line->state == STATE_DIALLING && now_ms >= line->due_ms;
    if (!refused && !lost && !ignored) {
        return LINE_SILENT;
    }
    bool was_up = line->state == STATE_UP;
    line_end(line, refused || ignored, now_ms);
    return was_up ? LINE_DOWN : LINE_SILENT;
}

static enum line_news take_greeting(struct line *line, enum channel channel,
                                    enum greeting_kind kind, uint64_t now_ms)
{
    if (kind == GREETING_END) {
        bool was_up = line->state == STATE_UP;
        line_end(line, true, now_ms);
        return was_up ? LINE_DOWN : LINE_CONSUMED;
    }
    if (kind == GREETING_UP && line->state == STATE_DIALLING) {
        line->welcomed[channel] = true;
        if (line->welcomed[CHANNEL_CONTROL] && line->welcomed[CHANNEL_BULK]) {
            line->state = STATE_UP;
            line->due_ms = now_ms;
            return LINE_UP;
        }
    }
    return LINE_CONSUMED;
}

/* While one channel is welcome and the other not yet, what follows on the first must wait. */
static bool may_read(const struct line *line, enum channel channel)
{
    return line->state == STATE_UP || (line->state == STATE_DIALLING && !line->welcomed[channel]);
}

enum line_news line_receive(struct line *line, enum channel channel, zmq_msg_t *frame,
                            uint64_t now_ms)
{
    if (!may_read(line, channel)) {
        return LINE_SILENT;
    }
    void *socket = line->sockets[channel];
    if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
        return LINE_SILENT;
    }
    bool single = zmq_msg_more(frame) == 0;
    while (zmq_msg_more(frame) != 0 && zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) >= 0) {
    }
    if (!single) {
        return LINE_CONSUMED;
    }
    enum greeting_kind kind = GREETING_NONE;
    uint8_t id[LINK_ID_SIZE];
    enum status status =
        greeting_read(bytes_of(zmq_msg_data(frame), zmq_msg_size(frame)), &kind, id);
    if (status == STATUS_NOT_FOUND) {
        return line->state == STATE_UP ? LINE_FRAME : LINE_CONSUMED;
    }
    if (status != STATUS_OK || memcmp(id, line->id, sizeof id) != 0) {
        return LINE_CONSUMED;
    }
    return take_greeting(line, channel, kind, now_ms);
}

bool line_send(struct line *line, enum channel channel, struct bytes frame)
{
    return line->state == STATE_UP && curve_socket_send(line->sockets[channel], frame);
}

size_t line_sockets(const struct line *line, void *sockets[static LINE_SOCKETS_MAX])
{
    size_t count = 0;
    for (int channel = 0; channel < 2 && line->state != STATE_PAUSED; channel++) {
        sockets[count++] = line->monitors[channel];
        if (may_read(line, (enum channel)channel)) {
            sockets[count++] = line->sockets[channel];
        }
    }
    return count;
}

struct line_counters line_counters(const struct line *line)
{
    return line->counters;
}
