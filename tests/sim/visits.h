/* Visits of card holders, for the measurement of policies: read from a file of baskets, or drawn.
 */
#ifndef VISITS_H
#define VISITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct one_visit {
    uint32_t day;   /* since the first */
    uint32_t card;  /* 0 to card_count - 1, in order of first visit */
    uint32_t store; /* 0 to store_count - 1, busiest first */
    int64_t amount; /* minor units, above 0 */
};

struct visits {
    struct one_visit *list; /* in order of time */
    size_t count;
    uint32_t card_count;
    uint32_t store_count;
    uint32_t day_count;
};

/* A file with a header line that names at least household_id, store_id, epoch_utc, sales_cents and
 * coupon_disc_cents, sorted by time. False with a sentence in `why` (of `size` bytes). */
bool visits_read(const char *path, struct visits *visits, char *why, size_t size);
/* `count` visits in a year, of people who have one branch that they prefer, a second, and now and
 * then another. */
void visits_draw(uint64_t seed, size_t count, struct visits *visits);
/* Leaves one card in `every`, with all its visits. */
void visits_thin(struct visits *visits, uint32_t every);
void visits_free(struct visits *visits);

#endif
