/* Numbers that look random and are the same in every run. */
#ifndef DICE_H
#define DICE_H

#include <stdint.h>

struct dice {
    uint64_t state; /* any seed but 0 */
};

static inline uint64_t dice_roll(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* first to last, both included; last - first < 2^62. */
static inline int64_t dice_between(struct dice *dice, int64_t first, int64_t last)
{
    return first + (int64_t)((dice_roll(dice) >> 1) % (uint64_t)(last - first + 1));
}

#endif
