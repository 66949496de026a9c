/* Where an account was used of late: an estimate for the distribution of its rights, and never more
 * than that. Pure; two nodes that heard of the same visits in another order may differ a little. */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    USAGE_BRANCHES_MAX = 8,
    USAGE_PERIODS = 3,
    USAGE_PERIOD_DAYS = 30, /* so what is remembered is 60 to 90 days */
    USAGE_VISITS_MAX = 1000,
};

struct usage {
    uint32_t period; /* day / USAGE_PERIOD_DAYS of the newest */
    uint8_t count;
    struct {
        uint32_t branch;
        uint16_t visits[USAGE_PERIODS]; /* the newest first */
    } branches[USAGE_BRANCHES_MAX];
};

/* One more visit to `branch`. When there are too many branches the least used one is forgotten. */
void usage_add(struct usage *usage, uint32_t branch, uint32_t day);
/* Visits to `branch` that are remembered on `day`. */
uint32_t usage_of(const struct usage *usage, uint32_t branch, uint32_t day);
/* The most used branch but `except` on `day`; of equal ones the lower number; 0 = there is none. */
uint32_t usage_second(const struct usage *usage, uint32_t except, uint32_t day);

#endif
