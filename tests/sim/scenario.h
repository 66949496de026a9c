/* Stories that a shopkeeper can read (tests/scenario/), run through the simulator. A line is a
 * sentence; what follows "->" is what must come of it. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>

/* Runs one file; prints the line that did not hold. */
bool scenario_run(const char *path);

#endif
