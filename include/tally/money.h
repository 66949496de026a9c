/* Amounts are int64_t counts of minor units (fen, cents), or of points, visits and the like; never
 * floating point. Every sum of outside values goes through amount_add. */
#ifndef TALLY_MONEY_H
#define TALLY_MONEY_H

#include "tally/bounds.h"
#include "tally/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Writes a + b and returns true; on overflow of int64_t returns false and writes nothing. */
MUST_CHECK static inline bool amount_add(int64_t a, int64_t b, int64_t *sum)
{
    int64_t total = 0;
    if (__builtin_add_overflow(a, b, &total)) {
        return false;
    }
    *sum = total;
    return true;
}

/* 1 to AMOUNT_MAX: what one line of an event may move. */
static inline bool amount_in_range(int64_t amount)
{
    return amount >= 1 && amount <= AMOUNT_MAX;
}

static inline int64_t amount_larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t amount_smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
