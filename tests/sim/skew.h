/* Machines of an older version: some start without knowing some types of events, meet them all the
 * same, and are updated at a later start. The real core runs on both sides; the seam only says
 * which types the older version lacks (node_setup.unknown_types). */
#ifndef SKEW_H
#define SKEW_H

#include "tally/command.h"

#include <stdbool.h>
#include <stdint.h>

struct sim;
struct world;

/* Sets of types that no other type's verdict rests on, so that an older version may lack them. */
enum {
    SKEW_STOPS = 1U << 3 | 1U << 5,    /* ACCOUNT.FREEZE, CARD.LOSS.REPORT: critical */
    SKEW_REQUESTS = 1U << 7 | 1U << 8, /* REQUEST.FILE, REQUEST.CLOSE */
};

/* For a new machine: it is of the older version by its seed's odds. */
void skew_arrive(struct world *machine);
/* Before a start: an older machine may be updated now. */
void skew_before_start(struct world *machine);
/* All that are still older are updated, with a restart. */
void skew_update_all(struct sim *sim);
/* Every machine is updated and has folded what it kept. */
bool skew_is_level(const struct sim *sim);
/* Would the older version have this command? */
bool skew_can_ask(const struct world *machine, enum command_kind kind);
/* Compares a store of the older version with what it must have kept (U1). */
void skew_check_store(struct world *machine);

#endif
