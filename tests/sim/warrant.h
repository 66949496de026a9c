/* Nothing exists that nobody asked for (I5): what an honest node wrote, held against what its tills
 * asked of it. */
#ifndef WARRANT_H
#define WARRANT_H

#include "book.h"

#include "tally/world.h"

/* One event, and what the book thinks of it. */
void warrant_check(struct world *machine, const struct block *block,
                   const struct book_opinion *opinion, uint16_t index);
/* All events of a block: refunds that no till asked for were asked for by requests. */
void warrant_check_requests(struct world *machine, const struct book_opinion *opinions,
                            uint32_t count);

#endif
