/* The authority's keys: the root certifies the first, and another now and then when the office
 * starts. */
#ifndef EPOCH_H
#define EPOCH_H

#include "sim.h"

/* The key that the office's machine signs with: that of the last epoch which its store knows. */
const struct sim_epoch *epoch_of(const struct world *office);

/* Makes the key of the next epoch and its AUTH.EPOCH, signed by the root; `event` has all but the
 * signature. */
struct sim_epoch *epoch_new(struct sim *sim);
void epoch_certify(struct sim *sim, struct event *event);

/* The office has just started: perhaps it begins another epoch. */
void epoch_renew(struct world *office);

/* Was this signed by any key that the authority ever had? */
bool epoch_signed(struct sim *sim, struct bytes body, const uint8_t signature[static 64]);

#endif
