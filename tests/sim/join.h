/* How a machine becomes a branch, on the real path: the office is asked for an invitation, the
 * machine says JOIN over a link that proves the invitation's key, hears JOINED, founds its store.
 * Each step is repeated until it worked, however often the office or the link fails. */
#ifndef JOIN_H
#define JOIN_H

#include "tally/world.h"

/* Planned as HAPPENING_JOIN; plans itself again. */
void join_step(struct world *machine);
void join_link_up(struct world *machine, uint32_t link);
void join_frame(struct world *machine, struct bytes frame);

#endif
