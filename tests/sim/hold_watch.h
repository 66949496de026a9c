/* Holds, as an outsider watches them: who ends one when, and what nodes show of them. */
#ifndef HOLD_WATCH_H
#define HOLD_WATCH_H

#include "book.h"
#include "tally/world.h"

/* By the machine's clock, or by its journal if that is ahead: it never falls. */
uint64_t hold_now_ms(struct world *machine);
/* What the machine just wrote: it captures in time, and lets nothing lapse before (A3). */
void hold_check(struct world *machine, const struct block *block, const struct event *event);
/* In the calm: nothing of its own stands over its time (A3). */
void hold_look(struct world *machine);
/* The open holds of an account, as the machine lists them, are the book's. */
void hold_look_at_list(struct world *machine, const struct subject_id *account,
                       const struct page *page);

#endif
