/* Faults that begin and end during a run. What may happen and how often is the weather's
 * (weather.h); what does happen becomes steps (schedule.h), and is done here. */
#ifndef STORM_H
#define STORM_H

#include "schedule.h"

struct sim;

/* Faults happen from now on, until sim_heal. */
void storm_start(struct sim *sim);
/* HAPPENING_WEATHER: draws what comes next. */
void storm_happens(struct sim *sim, uint64_t what);
/* Does one step. False: not possible yet, try again soon. */
bool storm_do(struct sim *sim, const struct step *step);

#endif
