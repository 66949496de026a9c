/* How a refund goes back to the lots of its sale. */
#ifndef REFUND_H
#define REFUND_H

#include "tally/event.h"

struct refundable {
    uint8_t bucket;          /* of the lot that paid */
    struct event_ref issued; /* lots of one event are one pair */
    int64_t left;            /* still refundable of this line */
};

/* parts[i] of `amount` for line i: pairs share by largest remainder in proportion to what is left
 * of each; within a pair principal = ceil(a * P / (P + B)), bonus the rest, never above the line.
 * Returns the sum of what is left (the most that can be refunded); fills parts only when
 * 0 < amount <= that sum. count <= EVENT_LINES_MAX. */
int64_t refund_split(const struct refundable *lines, size_t count, int64_t amount, int64_t *parts);

#endif
