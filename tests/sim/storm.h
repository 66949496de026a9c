/* Faults that begin and end during a run: cuts, resets, crashes, full disks, jumping clocks. What
 * happens and how often is the weather's (weather.h). */
#ifndef STORM_H
#define STORM_H

#include <stdint.h>

struct sim;

/* Faults happen from now on, until sim_heal. */
void storm_start(struct sim *sim);
/* HAPPENING_WEATHER. */
void storm_happens(struct sim *sim, uint64_t what);

#endif
