/* What a hostile branch does next. */
#ifndef DEED_H
#define DEED_H

#include "tally/world.h"

/* Draws one more deed and publishes it; `done` blocks were published before. */
void deed_draw(struct world *machine, uint32_t done);

#endif
