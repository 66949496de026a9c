#include "bus.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    PROBE_MS = 500, /* how soon a listener notices that nobody is there */
    SOURCES_MAX = 2 + 2 * BUS_LINKS_MAX,
    LINK_SOCKETS_MAX = 4, /* of the door, or of one line */
    SOCKETS_MAX = LINK_SOCKETS_MAX * (1 + BUS_LINKS_MAX),
    /* A link can go down once and come up once before its events are taken. */
    EVENTS_MAX = 2 * BUS_LINKS_MAX + 4,
};

static_assert((int)DOOR_SOCKETS <= (int)LINK_SOCKETS_MAX &&
                  (int)LINE_SOCKETS_MAX <= (int)LINK_SOCKETS_MAX,
              "room for whatever is polled");

/* One peer, or (line set) one that we want to be. */
struct link {
    bool used;
    bool up;
    uint32_t number; /* of the current life; the next one has another */
    struct transport_key key;
    struct line *line; /* NULL: he came in by the door */
    struct door_peer peers[2];
    uint8_t ids[2][LINK_ID_SIZE]; /* what he greeted with on each channel */
};

struct bus {
    void *context;
    struct zap *zap;
    struct door *door;
    struct admission *admission;
    struct curve_keys *keys; /* guarded memory */
    struct link links[BUS_LINKS_MAX];
    uint32_t links_max;
    uint32_t last_number;
    uint64_t now_ms;
    uint64_t probe_due_ms;
    struct bus_event events[EVENTS_MAX]; /* a ring of ups and downs */
    size_t first_event;
    size_t event_count;
    uint32_t shares[SOURCES_MAX]; /* frames that each source may still give in this round */
    size_t next_source;
    zmq_msg_t frame; /* the one last taken */
    struct bus_counters counters;
    zmq_pollitem_t items[SOCKETS_MAX + BUS_DESCRIPTORS_MAX];
};

static enum status open_door(struct bus *bus, const struct bus_options *options,
                             struct explanation *explanation)
{
    if (options->listen == NULL || options->listen[0] == '\0') {
        return STATUS_OK;
    }
    /* The handler before the door, or libzmq lets everybody in. */
    bus->zap = zap_start(bus->context, bus->admission);
    if (bus->zap == NULL) {
        explain(explanation, "cannot start the thread that decides who may connect: %s",
                zmq_strerror(zmq_errno()));
        return STATUS_IO;
    }
    return door_open(bus->context, bus->keys, options->listen, &bus->door, explanation);
}

enum status bus_open(const struct bus_options *options, struct bus **bus,
                     struct explanation *explanation)
{
    assert(options->links_max <= BUS_LINKS_MAX);
    struct bus *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        explain(explanation, "out of memory");
        return STATUS_IO;
    }
    opened->admission = options->admission;
    opened->links_max = options->links_max == 0 ? BUS_LINKS_MAX : options->links_max;
    zmq_msg_init(&opened->frame);
    enum status status = STATUS_IO;
    opened->keys = sodium_malloc(sizeof *opened->keys);
    opened->context = zmq_ctx_new();
    if (opened->keys == NULL || opened->context == NULL || zmq_has("curve") != 1 ||
        zmq_ctx_set(opened->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX * 2) != 0) {
        explain(explanation, "libzmq cannot be used: it has no CURVE, or memory is short");
        goto done;
    }
    *opened->keys = options->keys;
    status = open_door(opened, options, explanation);

done:
    if (status != STATUS_OK) {
        bus_close(opened);
        return status;
    }
    *bus = opened;
    return STATUS_OK;
}

void bus_close(struct bus *bus)
{
    if (bus == NULL) {
        return;
    }
    for (uint32_t i = 0; i < BUS_LINKS_MAX; i++) {
        line_free(bus->links[i].line);
    }
    door_close(bus->door);
    zmq_msg_close(&bus->frame);
    if (bus->context != NULL) {
        (void)zmq_ctx_shutdown(bus->context);
        zap_join(bus->zap);
        while (zmq_ctx_term(bus->context) != 0 && zmq_errno() == EINTR) {
        }
    }
    sodium_free(bus->keys);
    free(bus);
}

uint16_t bus_port(const struct bus *bus)
{
    return bus->door == NULL ? 0 : door_port(bus->door);
}

static void tell(struct bus *bus, enum bus_event_kind kind, const struct link *link)
{
    assert(bus->event_count < EVENTS_MAX);
    bus->events[(bus->first_event + bus->event_count) % EVENTS_MAX] = (struct bus_event){
        .kind = kind,
        .link = link->number,
        .key = link->key,
        .dialed = link->line != NULL,
    };
    bus->event_count += 1;
}

static void raise_link(struct bus *bus, struct link *link)
{
    assert(!link->up);
    bus->last_number += 1;
    link->number = bus->last_number;
    link->up = true;
    bus->counters.links_up += 1;
    tell(bus, BUS_LINK_UP, link);
}

static void lower_link(struct bus *bus, struct link *link)
{
    if (link->up) {
        link->up = false;
        bus->counters.links_down += 1;
        tell(bus, BUS_LINK_DOWN, link);
    }
}

/* Tells a peer who came in that the link is over; he dials again if he may. */
static void say_end(struct bus *bus, const struct link *link)
{
    for (int channel = 0; channel < 2; channel++) {
        uint8_t greeting[GREETING_SIZE];
        greeting_write(GREETING_END, link->ids[channel], greeting);
        (void)door_send(bus->door, (enum channel)channel, &link->peers[channel],
                        BYTES_OF(greeting));
    }
}

/* Whatever the reason: the link is over, for the node and on the wire. A line dials again. */
static void end_link(struct bus *bus, struct link *link, bool refused)
{
    lower_link(bus, link);
    if (link->line != NULL) {
        line_end(link->line, refused, bus->now_ms);
        return;
    }
    say_end(bus, link);
    link->used = false;
}

static struct link *free_link(struct bus *bus)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        if (!bus->links[i].used) {
            /* Its last life's number stays, so that no frame finds its way into the next one. */
            bus->links[i] = (struct link){.used = true};
            return &bus->links[i];
        }
    }
    bus->counters.dropped_full += 1;
    return NULL;
}

static bool same_target(const struct line_target *a, const struct line_target *b)
{
    return memcmp(a->server.bytes, b->server.bytes, sizeof a->server.bytes) == 0 &&
           strcmp(a->control, b->control) == 0;
}

static bool lists(const struct line_target *targets, size_t count, const struct line_target *target)
{
    for (size_t i = 0; i < count; i++) {
        if (same_target(&targets[i], target)) {
            return true;
        }
    }
    return false;
}

static bool dials(const struct bus *bus, const struct line_target *target)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        if (bus->links[i].line != NULL && same_target(line_target(bus->links[i].line), target)) {
            return true;
        }
    }
    return false;
}

static void count_line(struct line_counters *sum, const struct line *line)
{
    struct line_counters one = line_counters(line);
    sum->attempts += one.attempts;
    sum->refusals += one.refusals;
    sum->failures += one.failures;
}

void bus_dial(struct bus *bus, const struct line_target *targets, size_t count)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        struct link *link = &bus->links[i];
        if (link->line != NULL && !lists(targets, count, line_target(link->line))) {
            lower_link(bus, link);
            count_line(&bus->counters.lines, link->line);
            line_free(link->line);
            link->line = NULL;
            link->used = false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (dials(bus, &targets[i])) {
            continue;
        }
        struct link *link = free_link(bus);
        if (link == NULL) {
            return;
        }
        link->key = targets[i].server;
        link->line = line_new(bus->context, bus->keys, &targets[i]);
        link->used = link->line != NULL;
    }
}

void bus_wait(struct bus *bus, struct pollfd *descriptors, size_t count, long timeout_ms)
{
    assert(count <= BUS_DESCRIPTORS_MAX);
    size_t used = 0;
    void *sockets[LINK_SOCKETS_MAX];
    for (size_t i = 0; i < count; i++) {
        bus->items[used++] =
            (zmq_pollitem_t){.fd = descriptors[i].fd, .events = ZMQ_POLLIN, .revents = 0};
    }
    if (bus->door != NULL) {
        door_sockets(bus->door, sockets);
        for (size_t i = 0; i < DOOR_SOCKETS; i++) {
            bus->items[used++] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
        }
    }
    for (uint32_t i = 0; i < bus->links_max; i++) {
        size_t more = bus->links[i].line == NULL ? 0 : line_sockets(bus->links[i].line, sockets);
        for (size_t k = 0; k < more; k++) {
            bus->items[used++] = (zmq_pollitem_t){.socket = sockets[k], .events = ZMQ_POLLIN};
        }
    }
    bool ready = zmq_poll(bus->items, (int)used, bus->event_count > 0 ? 0 : timeout_ms) > 0;
    for (size_t i = 0; i < count; i++) {
        descriptors[i].revents = ready && bus->items[i].revents != 0 ? POLLIN : 0;
    }
}

/* A ROUTER that must deliver says at once when a connection is gone: so something tiny is sent to
 * everybody who came in, now and then. */
static void probe(struct bus *bus)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        struct link *link = &bus->links[i];
        for (int channel = 0; channel < 2 && link->used && link->line == NULL; channel++) {
            uint8_t greeting[GREETING_SIZE];
            greeting_write(GREETING_PROBE, link->ids[channel], greeting);
            bool known = link->peers[channel].size > 0;
            if (known && !door_send(bus->door, (enum channel)channel, &link->peers[channel],
                                    BYTES_OF(greeting))) {
                end_link(bus, link, false);
            }
        }
    }
}

static void turn_links(struct bus *bus)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        struct link *link = &bus->links[i];
        if (link->line != NULL && line_turn(link->line, bus->now_ms) == LINE_DOWN) {
            lower_link(bus, link);
        }
        if (link->used && (link->up || link->line == NULL) &&
            !admission_allows(bus->admission, &link->key)) {
            end_link(bus, link, true);
        }
    }
}

void bus_round(struct bus *bus, uint64_t now_ms, uint32_t frames)
{
    bus->now_ms = now_ms;
    for (size_t i = 0; i < SOURCES_MAX; i++) {
        bus->shares[i] = frames;
    }
    turn_links(bus);
    if (bus->door != NULL) {
        door_turn(bus->door);
        if (now_ms >= bus->probe_due_ms) {
            bus->probe_due_ms = now_ms + PROBE_MS;
            probe(bus);
        }
    }
}

static struct link *guest_with_key(struct bus *bus, const struct transport_key *key)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        struct link *link = &bus->links[i];
        if (link->used && link->line == NULL &&
            memcmp(link->key.bytes, key->bytes, sizeof key->bytes) == 0) {
            return link;
        }
    }
    return NULL;
}

static void welcome(struct bus *bus, struct link *link)
{
    for (int channel = 0; channel < 2; channel++) {
        uint8_t greeting[GREETING_SIZE];
        greeting_write(GREETING_UP, link->ids[channel], greeting);
        if (!door_send(bus->door, (enum channel)channel, &link->peers[channel],
                       BYTES_OF(greeting))) {
            end_link(bus, link, false);
            return;
        }
    }
    raise_link(bus, link);
}

/* A connection says to which link it belongs. The newest of a key wins: a node that lost its
 * connections comes back before we have noticed. */
static void take_greeting(struct bus *bus, enum channel channel, const struct transport_key *key,
                          const struct door_peer *peer, const uint8_t id[static LINK_ID_SIZE])
{
    struct link *link = guest_with_key(bus, key);
    if (link == NULL) {
        link = free_link(bus);
        if (link == NULL) {
            return;
        }
        link->key = *key;
    }
    if (link->up) {
        lower_link(bus, link);
        say_end(bus, link);
        link->peers[0].size = 0;
        link->peers[1].size = 0;
    }
    link->peers[channel] = *peer;
    memcpy(link->ids[channel], id, LINK_ID_SIZE);
    if (link->peers[CHANNEL_CONTROL].size > 0 && link->peers[CHANNEL_BULK].size > 0 &&
        memcmp(link->ids[CHANNEL_CONTROL], link->ids[CHANNEL_BULK], LINK_ID_SIZE) == 0) {
        welcome(bus, link);
    }
}

static bool frame_event(struct bus *bus, const struct link *link, enum channel channel,
                        struct bus_event *event)
{
    size_t size = zmq_msg_size(&bus->frame);
    if (size > FRAME_SIZE_MAX) {
        bus->counters.dropped_oversize += 1;
        return false;
    }
    bus->counters.frames_in += 1;
    bus->counters.bytes_in += size;
    *event = (struct bus_event){
        .kind = BUS_FRAME,
        .link = link->number,
        .key = link->key,
        .dialed = link->line != NULL,
        .channel = channel,
        .frame = bytes_of(zmq_msg_data(&bus->frame), size),
    };
    return true;
}

/* True if `*event` is a frame for the node. `*empty`: the socket has no more. */
static bool take_from_door(struct bus *bus, enum channel channel, struct bus_event *event,
                           bool *empty)
{
    struct door_peer peer;
    struct transport_key key;
    enum door_news news = door_receive(bus->door, channel, &peer, &key, &bus->frame);
    *empty = news == DOOR_SILENT;
    if (news != DOOR_FRAME) {
        bus->counters.dropped_malformed += news == DOOR_DROPPED;
        return false;
    }
    if (!admission_allows(bus->admission, &key)) {
        bus->counters.dropped_revoked += 1;
        return false;
    }
    enum greeting_kind kind = GREETING_NONE;
    uint8_t id[LINK_ID_SIZE];
    struct bytes frame = bytes_of(zmq_msg_data(&bus->frame), zmq_msg_size(&bus->frame));
    enum status status = greeting_read(frame, &kind, id);
    if (status == STATUS_OK && kind == GREETING_HERE) {
        take_greeting(bus, channel, &key, &peer, id);
        return false;
    }
    if (status != STATUS_NOT_FOUND) {
        bus->counters.dropped_malformed += 1;
        return false;
    }
    struct link *link = guest_with_key(bus, &key);
    if (link == NULL || !link->up || link->peers[channel].size != peer.size ||
        memcmp(link->peers[channel].bytes, peer.bytes, peer.size) != 0) {
        bus->counters.dropped_stale += 1;
        return false;
    }
    return frame_event(bus, link, channel, event);
}

static bool take_from_line(struct bus *bus, struct link *link, enum channel channel,
                           struct bus_event *event, bool *empty)
{
    switch (line_receive(link->line, channel, &bus->frame, bus->now_ms)) {
    case LINE_SILENT:
        *empty = true;
        return false;
    case LINE_CONSUMED:
        return false;
    case LINE_UP:
        raise_link(bus, link);
        return false;
    case LINE_DOWN:
        lower_link(bus, link);
        return false;
    case LINE_FRAME:
        break;
    }
    if (!admission_allows(bus->admission, &link->key)) {
        bus->counters.dropped_revoked += 1;
        return false;
    }
    return frame_event(bus, link, channel, event);
}

/* Sources are numbered: the door's two channels, then each link's two. */
static bool take_from(struct bus *bus, size_t source, struct bus_event *event)
{
    bool empty = false;
    bool frame = false;
    enum channel channel = source % 2 == 0 ? CHANNEL_CONTROL : CHANNEL_BULK;
    struct link *link = source < 2 ? NULL : &bus->links[(source - 2) / 2];
    if (link == NULL && bus->door != NULL) {
        frame = take_from_door(bus, channel, event, &empty);
    } else if (link != NULL && link->line != NULL) {
        frame = take_from_line(bus, link, channel, event, &empty);
    } else {
        empty = true;
    }
    bus->shares[source] = empty ? 0 : bus->shares[source] - 1;
    return frame;
}

static bool take_change(struct bus *bus, struct bus_event *event)
{
    if (bus->event_count == 0) {
        return false;
    }
    *event = bus->events[bus->first_event];
    bus->first_event = (bus->first_event + 1) % EVENTS_MAX;
    bus->event_count -= 1;
    return true;
}

bool bus_take(struct bus *bus, struct bus_event *event)
{
    size_t sources = 2 + 2 * (size_t)bus->links_max;
    size_t exhausted = 0;
    /* Ups and downs go first: they are older than any frame still in a socket. */
    while (!take_change(bus, event)) {
        while (exhausted < sources && bus->shares[bus->next_source] == 0) {
            bus->next_source = (bus->next_source + 1) % sources;
            exhausted += 1;
        }
        if (exhausted >= sources) {
            return false;
        }
        size_t source = bus->next_source;
        bus->next_source = (source + 1) % sources;
        exhausted = 0;
        if (take_from(bus, source, event)) {
            return true;
        }
    }
    return true;
}

static struct link *link_with_number(struct bus *bus, uint32_t number)
{
    for (uint32_t i = 0; i < bus->links_max; i++) {
        if (bus->links[i].up && bus->links[i].number == number) {
            return &bus->links[i];
        }
    }
    return NULL;
}

void bus_send(struct bus *bus, uint32_t link_number, enum channel channel, struct bytes frame)
{
    assert(frame.size > 0 && frame.size <= FRAME_SIZE_MAX);
    struct link *link = link_with_number(bus, link_number);
    if (link == NULL) {
        return;
    }
    bool sent = link->line != NULL ? line_send(link->line, channel, frame)
                                   : door_send(bus->door, channel, &link->peers[channel], frame);
    if (!sent) {
        bus->counters.send_failures += 1;
        end_link(bus, link, false);
        return;
    }
    bus->counters.frames_out += 1;
    bus->counters.bytes_out += frame.size;
}

void bus_drop(struct bus *bus, uint32_t link_number)
{
    struct link *link = link_with_number(bus, link_number);
    if (link != NULL) {
        end_link(bus, link, true);
    }
}

size_t bus_keys(const struct bus *bus, struct transport_key *keys, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < bus->links_max && count < max; i++) {
        if (bus->links[i].used && (bus->links[i].up || bus->links[i].line == NULL)) {
            keys[count] = bus->links[i].key;
            count += 1;
        }
    }
    return count;
}

struct bus_counters bus_counters(struct bus *bus)
{
    struct bus_counters counters = bus->counters;
    for (uint32_t i = 0; i < bus->links_max; i++) {
        counters.links += bus->links[i].up;
        if (bus->links[i].line != NULL) {
            counters.dialling += !bus->links[i].up;
            count_line(&counters.lines, bus->links[i].line);
        }
    }
    if (bus->door != NULL) {
        counters.door = door_counters(bus->door);
        counters.zap = zap_counters(bus->zap);
    }
    return counters;
}
