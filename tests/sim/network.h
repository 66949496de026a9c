/* Links between machines: delay, loss, doubling, overtaking, slow and cut directions. Frames are
 * the real encoded bytes. A link is up as long as its session lives: a cut may stall it or end it.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include "random_stream.h"
#include "tally/bytes.h"
#include "tally/world.h"

enum {
    NETWORK_MACHINES_MAX = 12,
    NETWORK_QUEUE_BYTES_MAX = 16 << 20,
};

struct sim;

enum topology {
    TOPOLOGY_MESH = 0,
    TOPOLOGY_STAR, /* the office in the middle */
    TOPOLOGY_LINE, /* each machine knows its neighbours by index */
};

struct network_link {
    uint32_t listener; /* machine */
    uint32_t dialer;
    bool open[2]; /* 0: the listener's end was told that it is up; 1: the dialer's */
    bool ended;
    bool joining; /* carries a JOIN: the dialer is not a node yet */
    struct {
        uint32_t frames;
        uint64_t bytes;
        uint64_t last_us[2]; /* per channel: when the last frame arrives */
        uint64_t busy_until_us;
    } towards[2]; /* 0: to the listener; 1: to the dialer */
};

struct network {
    enum topology topology;
    struct random_stream random;
    struct network_link *links;
    uint32_t link_count; /* links are numbered from 1 and never used again */
    uint32_t link_capacity;
    bool cut[NETWORK_MACHINES_MAX][NETWORK_MACHINES_MAX]; /* from, to */
    /* the newest link between two, both ways round; 0 = none yet */
    uint32_t newest[NETWORK_MACHINES_MAX][NETWORK_MACHINES_MAX];
};

void network_start(struct sim *sim, uint64_t seed, enum topology topology);
void network_free(struct sim *sim);

/* May these two ever talk directly? */
bool network_allows(const struct sim *sim, uint32_t a, uint32_t b);
/* A link between them that has not ended, or NULL. */
struct network_link *network_between(struct sim *sim, uint32_t a, uint32_t b);
/* Its number, or 0. */
uint32_t network_number_between(struct sim *sim, uint32_t a, uint32_t b);
/* Machine `dialer` looks whom it should be connected to and tries. */
void network_dial(struct sim *sim, uint32_t dialer);
/* A link opened by a machine that joins; false if the office cannot be reached now. */
bool network_dial_to_join(struct sim *sim, uint32_t dialer);

/* From the machine's end of the link. */
void network_send(struct sim *sim, uint32_t machine, uint32_t link_number, enum channel channel,
                  struct bytes frame);
/* Ends a link; both ends hear of it. */
void network_drop(struct sim *sim, uint32_t link_number);
/* The machine is gone: its links end, the others hear of it after a while. */
void network_crashed(struct sim *sim, uint32_t machine);
/* Cuts one direction; `kill` also ends the link. */
void network_cut(struct sim *sim, uint32_t from, uint32_t to, bool kill);
/* Everybody and this machine reach each other again. */
void network_rejoin(struct sim *sim, uint32_t machine);
void network_heal(struct sim *sim);

/* Deliveries, called by the engine. True: the input was for a live end. */
bool network_link_up(struct sim *sim, uint32_t machine, uint32_t link_number, bool *dialed,
                     uint8_t peer_key[32]);
bool network_link_down(struct sim *sim, uint32_t machine, uint32_t link_number);
bool network_arrived(struct sim *sim, uint32_t machine, uint32_t link_number, size_t size);

#endif
