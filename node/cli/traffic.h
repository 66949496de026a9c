/* The visits of card holders that a replay carries out: read from a file of baskets, or made by a
 * seeded generator of comparable shape. All in memory; amounts in minor units. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "tally/status.h"

#include "explanation.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TRAFFIC_VISITS_MAX = 4 * 1000 * 1000,
    TRAFFIC_LINE_SIZE_MAX = 1024,
};

struct visit {
    uint64_t basket;    /* names the visit; unique */
    uint64_t household; /* as the source names it */
    uint32_t card;      /* 0 to card_count - 1, in order of first visit */
    uint32_t store;     /* 0 to store_count - 1, busiest first */
    int64_t amount;     /* to pay: sales less coupons; above 0 */
};

struct traffic {
    struct visit *visits; /* in order of time */
    size_t visit_count;
    size_t card_count;
    size_t store_count;
    /* what was read, before visits that pay nothing were left out */
    size_t basket_count;
    size_t free_count;    /* of them with nothing to pay */
    size_t unnamed_count; /* visits whose basket has no number of its own: named by their place */
    int64_t sales;        /* sum over all baskets */
    int64_t coupons;      /* sum over all baskets */
    int64_t coupon_over;  /* coupons beyond the sale that they came with: paid out by nobody */
    int64_t payable;      /* sum over visits: sales - coupons + coupon_over */
};

/* Reads a file with a header line that names at least basket_id, household_id, store_id,
 * sales_cents and coupon_disc_cents, sorted by time. At most `limit` baskets (0 = all). On failure
 * `traffic` owns nothing and the explanation says which line and why. */
MUST_CHECK enum status traffic_read(const char *path, size_t limit, struct traffic *traffic,
                                    struct explanation *explanation);

/* `count` baskets like those of a grocery chain: 308 stores of very uneven size, households that
 * come back to one to twelve of them, small amounts with a long tail. The same seed gives the same
 * traffic. */
MUST_CHECK enum status traffic_generate(uint64_t seed, size_t count, struct traffic *traffic,
                                        struct explanation *explanation);

void traffic_free(struct traffic *traffic);

#endif
