/* What tills want that is undone or corrected by hand. */
#ifndef ERRAND_CORRECT_H
#define ERRAND_CORRECT_H

#include "errand.h"

/* False if nobody has topped up yet. */
bool errand_draw_void(struct world *machine, struct errands *errands, struct errand *errand);
/* Proposes, approves or withdraws. */
void errand_draw_correction(struct world *machine, struct errands *errands, struct errand *errand,
                            const struct known_account *known);
/* Of an allowed one; what was approved must be what was proposed, and by another till. */
void errand_learn_correction(struct world *machine, struct errands *errands,
                             const struct errand *errand, const struct answer *answer);

#endif
