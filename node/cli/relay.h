/* A small TCP forwarder between nodes on this machine, so that a line can be cut and healed at real
 * sockets without being root. Each route listens on a port of its own and forwards to another; it
 * belongs to the two nodes that it joins. A cut closes what is open and refuses what comes. A route
 * can also be a bad line: slow to answer, narrow, or dead in one direction.
 *
 * One thread carries all routes; the functions below are called from another, one at a time. */
#ifndef RELAY_H
#define RELAY_H

#include "tally/status.h"

#include "explanation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RELAY_ROUTES_MAX = 256,
    RELAY_CONNECTIONS_MAX = 512,
};

struct relay;

struct relay_route {
    uint16_t listen_port; /* on 127.0.0.1 */
    uint16_t target_port;
    size_t first; /* the nodes that it joins */
    size_t second;
};

/* Listens on every route and starts the thread. NULL with a sentence. */
struct relay *relay_start(const struct relay_route *routes, size_t count,
                          struct explanation *explanation);

/* Stops the thread; everything is closed. NULL does nothing. */
void relay_stop(struct relay *relay);

/* Cuts every route of this node, or heals them. When it returns it is so. A port that cannot be
 * listened on again is tried until it can. */
void relay_cut(struct relay *relay, size_t node);
void relay_heal(struct relay *relay, size_t node);

/* What a line does to what passes, in one direction. All 0 = nothing. */
struct relay_line {
    uint32_t delay_ms;  /* before it goes on */
    uint32_t jitter_ms; /* up to so much more, drawn each time; the order stays */
    uint32_t bytes_per_second;
    bool dead; /* what comes waits, and nobody is told */
};

/* Makes every route between the two be so, for what goes from the one to the other. */
void relay_spoil(struct relay *relay, size_t from, size_t to, const struct relay_line *line);

/* Bytes carried since the start, both ways. */
uint64_t relay_carried(const struct relay *relay);

#endif
