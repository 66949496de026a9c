/* The bus: frames between this node and its peers over ZeroMQ with CURVE. Out come numbered links,
 * each one peer with an authenticated key and two channels. Nothing here blocks, and nothing is
 * promised: a frame may be lost. One thread (the core) uses a bus.
 *
 * A peer that connects is the key that its connection proved: libzmq's user id, read on every
 * frame; and a frame counts only while the admission allows that key and only from the newest
 * connection of that key on its channel. */
#ifndef BUS_H
#define BUS_H

#include "tally/bounds.h"
#include "tally/world.h"

#include "admission.h"
#include "door.h"
#include "explanation.h"
#include "line.h"
#include "zap.h"

#include <poll.h>

enum { BUS_LINKS_MAX = 256, BUS_DESCRIPTORS_MAX = 8 };

struct bus;

struct bus_options {
    const char *listen; /* "tcp://host:port", port 0: any; NULL or empty: nobody can come in */
    struct curve_keys keys;
    struct admission *admission; /* kept */
    uint32_t links_max;          /* 0 = BUS_LINKS_MAX */
};

/* Explains any failure; exits of the daemon's start: see door_open. */
MUST_CHECK enum status bus_open(const struct bus_options *options, struct bus **bus,
                                struct explanation *explanation);
/* Waits for libzmq's threads. NULL is allowed. */
void bus_close(struct bus *bus);

/* The control port in use; 0 without a door. */
uint16_t bus_port(const struct bus *bus);

/* All the peers that this node dials from now on: dials new ones, hangs up on others, leaves those
 * alone that stay. */
void bus_dial(struct bus *bus, const struct line_target *targets, size_t count);

/* Waits until a socket or one of the descriptors (at most BUS_DESCRIPTORS_MAX, as for poll) is
 * ready, or the time is over. */
void bus_wait(struct bus *bus, struct pollfd *descriptors, size_t count, long timeout_ms);

enum bus_event_kind {
    BUS_LINK_UP,
    BUS_LINK_DOWN,
    BUS_FRAME,
};

struct bus_event {
    enum bus_event_kind kind;
    uint32_t link;
    struct transport_key key;
    bool dialed;
    enum channel channel; /* FRAME */
    struct bytes frame;   /* FRAME: good until the next bus_take */
};

/* Starts a round: in it, bus_take gives at most `frames` of each socket, so that none starves the
 * rest; also dials, probes, and ends links of keys that are no longer admitted. */
void bus_round(struct bus *bus, uint64_t now_ms, uint32_t frames);
/* False when nothing is left, or every socket had its share. */
bool bus_take(struct bus *bus, struct bus_event *event);

/* As world_send and world_drop_link. */
void bus_send(struct bus *bus, uint32_t link_number, enum channel channel, struct bytes frame);
void bus_drop(struct bus *bus, uint32_t link_number);

/* The keys of connected peers, up to `max`; how many were written. */
size_t bus_keys(const struct bus *bus, struct transport_key *keys, size_t max);

struct bus_counters {
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t dropped_oversize;
    uint64_t dropped_revoked;   /* from a key that is not admitted any more */
    uint64_t dropped_stale;     /* from a connection that is not the key's newest */
    uint64_t dropped_malformed; /* of several parts, or a broken greeting */
    uint64_t dropped_full;      /* greetings for which there was no link left */
    uint64_t send_failures;
    uint64_t links_up; /* ever */
    uint64_t links_down;
    uint32_t links; /* now */
    uint32_t dialling;
    struct door_counters door;
    struct zap_counters zap;
    struct line_counters lines;
};
struct bus_counters bus_counters(struct bus *bus);

#endif
