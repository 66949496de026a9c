/* A branch with a valid key that breaks rules. It speaks the protocol itself: says HELLO, announces
 * its journal, serves its blocks. Authentic blocks that break a rule must be admitted by every node
 * and judged alike; blocks that are not authentic must be admitted by none.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "tally/event.h"
#include "tally/world.h"

struct hostile;
struct random_stream;

struct hostile *hostile_new(struct world *machine);
void hostile_free(struct hostile *hostile);

/* The machine was admitted; it starts to act when told to. */
void hostile_joined(struct world *machine);
void hostile_link_up(struct world *machine, uint32_t link);
void hostile_frame(struct world *machine, uint32_t link, struct bytes frame);

/* Draws one more deed and publishes it; planned again while the storm lasts. */
void hostile_act(struct world *machine);
/* Begins to act. */
void hostile_begin(struct world *machine);
/* Publishes one event in a block of its own, as planned: `expected` is its verdict everywhere.
 * `dep` (journal 0: none) names a block of another journal. */
void hostile_publish(struct world *machine, const struct event *event, struct block_dep dep,
                     enum invalid_reason expected);
/* Publishes a block that is not authentic: signed, but not the next of its journal, or not signed.
 * No node may admit it. Nothing follows it, so that it starts no fork. */
void hostile_forge(struct world *machine, const struct event *event);
/* Sends a FORK_PROOF with what this JOURNAL.FORK carries to everybody. */
void hostile_accuse(struct world *machine, const struct event *event);
/* The day and the authority position that its next block will carry. */
struct hostile_clock {
    uint32_t day;
    uint64_t auth;
};
struct hostile_clock hostile_now(struct world *machine);
/* Its next blocks are dated so many days ahead of everybody's: for good, days never fall. */
void hostile_leap(struct world *machine, uint32_t days);
/* The stream that its deeds are drawn from. */
struct random_stream *hostile_random(struct world *machine);
/* Sends its tips to everybody again, as any node does. */
void hostile_announce(struct world *machine);

#endif
