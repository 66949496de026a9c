/* Splits an amount so that the parts always add up. Integers only. */
#ifndef SHARE_H
#define SHARE_H

#include "tally/money.h"

#include <stddef.h>

/* floor(a * p / q) with a 128-bit product. q > 0, a and p >= 0. */
int64_t share_floor(int64_t a, int64_t p, int64_t q);
int64_t share_ceil(int64_t a, int64_t p, int64_t q);
/* Half-up. */
int64_t share_round(int64_t a, int64_t p, int64_t q);

/* parts[i] of `amount` in proportion to weights[i] (sum > 0) by largest remainder, ties to the
 * earlier; the parts add up to `amount`; with amount <= sum of weights no part passes its weight.
 * count <= 64. */
void share_split(int64_t amount, const int64_t *weights, size_t count, int64_t *parts);

#endif
