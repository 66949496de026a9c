/* What a top-up earns. */
#ifndef BONUS_H
#define BONUS_H

#include "tally/event.h"

/* The bonus of the highest step that `amount` reaches, 0 if none. Steps rise. */
int64_t bonus_of(const struct bonus_step *steps, size_t count, int64_t amount);

/* Are these steps acceptable in a product: rising amounts in range, bonus 1..AMOUNT_MAX? */
bool bonus_steps_are_sound(const struct bonus_step *steps, size_t count);

#endif
