/* What the office says of branches, as errands. */
#ifndef ERRAND_OFFICE_H
#define ERRAND_OFFICE_H

#include "errand.h"

void errand_office_draw(struct world *machine, struct random_stream *random, struct errand *errand);

#endif
