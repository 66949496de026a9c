/* A failing run made short: steps, machines and storms are left out as long as what remains fails
 * in the same way, and what is left in the end is told as a list and kept as a file. */
#ifndef SHRINK_H
#define SHRINK_H

#include "plan.h"

#include <stdbool.h>

struct shrunk {
    bool failed; /* there was something to shrink */
    uint32_t tries;
    uint32_t steps_before;
    uint32_t steps;
    char invariant[16]; /* "crash" if the program itself ended */
};

/* Replaces `*plan` by the shortest found within so many seconds. */
struct shrunk shrink_plan(struct plan *plan, uint32_t seconds);
/* Runs the plan with each of its steps told. False if it found something. */
bool shrink_tell(const struct plan *plan);

#endif
