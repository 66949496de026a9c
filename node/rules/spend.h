/* Which lots pay, and how much each. */
#ifndef SPEND_H
#define SPEND_H

#include "tally/event.h"

#include <stdint.h>

/* One lot that may pay: `usable` is what may be taken from it. */
struct spendable {
    struct lot_id lot;
    uint8_t bucket;          /* PRINCIPAL or BONUS */
    uint32_t to_day;         /* 0 = never ends */
    struct event_ref issued; /* lots of one event are one pair */
    int64_t usable;          /* >= 0 */
};

struct spend_line {
    struct lot_id lot;
    uint8_t bucket;
    int64_t amount; /* > 0 */
};

struct spend_plan {
    int64_t covered; /* sum of the lines: the amount, or less when the lots (or EVENT_LINES_MAX)
                        do not reach */
    int64_t principal;
    int64_t bonus;
    uint32_t line_count;
    struct spend_line lines[EVENT_LINES_MAX];
};

/* Plans `amount` (> 0) over the lots valid on the day (the caller leaves others out). Pairs are
 * used one after another: earliest end first (0 last), then oldest (issued ref). Within a pair
 * PROPORTIONAL takes principal = floor(a * P / (P + B)) and bonus the rest, where P and B are what
 * is usable; PRINCIPAL_FIRST and BONUS_FIRST empty one bucket of the whole account before the
 * other; EXPIRY_FIRST goes by each lot's own end. A part that would pass what is usable moves to
 * the other bucket. The end of a pair is the earliest end among its lots with something usable. */
void spend_plan(const struct spendable *lots, size_t count, int64_t amount, enum spend_order order,
                struct spend_plan *plan);

#endif
