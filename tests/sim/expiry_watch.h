/* What must be so of lots that end: at nodes that are asked, and once all is whole again. */
#ifndef EXPIRY_WATCH_H
#define EXPIRY_WATCH_H

#include "tally/command.h"
#include "tally/world.h"

struct sim;

/* The organisation's day by the machine's clock. */
int64_t expiry_clock_day(struct world *machine);
/* Every honest machine that writes has burned all that it holds of lots whose end and grace are
 * over by its day and the authority's (V4). */
bool expiry_is_done(struct sim *sim);
void expiry_tell(struct sim *sim);
/* What a node says can be used there today of an account is what the book says (V1). */
void expiry_look_at_use(struct world *machine, const struct subject_id *account, int64_t usable);
/* What a node says became of a lot is what the book says. */
void expiry_look_at_entry(struct world *machine, const struct lot_entry *entry);
/* The report of what ended adds up to what the book has. */
void expiry_look_at_report(struct world *machine, const struct page *page);

#endif
