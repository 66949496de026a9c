#include "usage.h"

#include <string.h>

static uint32_t visits_at(const struct usage *usage, uint32_t i, uint32_t period)
{
    uint32_t age = period > usage->period ? period - usage->period : 0;
    uint32_t visits = 0;
    for (uint32_t k = 0; k < USAGE_PERIODS && k + age < USAGE_PERIODS; k++) {
        visits += usage->branches[i].visits[k];
    }
    return visits;
}

/* Drops what is too old, so that place 0 of each branch is `period`. */
static void grow_older(struct usage *usage, uint32_t period)
{
    uint32_t age = period - usage->period;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < usage->count; i++) {
        if (visits_at(usage, i, period) == 0) {
            continue;
        }
        usage->branches[kept] = usage->branches[i];
        for (uint32_t k = USAGE_PERIODS; k-- > 0;) {
            usage->branches[kept].visits[k] =
                k >= age ? usage->branches[kept].visits[k - age] : (uint16_t)0;
        }
        kept++;
    }
    usage->count = (uint8_t)kept;
    usage->period = period;
}

static uint32_t place_of(struct usage *usage, uint32_t branch)
{
    for (uint32_t i = 0; i < usage->count; i++) {
        if (usage->branches[i].branch == branch) {
            return i;
        }
    }
    uint32_t at = usage->count;
    if (at == USAGE_BRANCHES_MAX) {
        at = 0;
        for (uint32_t i = 1; i < usage->count; i++) {
            if (visits_at(usage, i, usage->period) < visits_at(usage, at, usage->period)) {
                at = i;
            }
        }
    } else {
        usage->count++;
    }
    memset(&usage->branches[at], 0, sizeof usage->branches[at]);
    usage->branches[at].branch = branch;
    return at;
}

void usage_add(struct usage *usage, uint32_t branch, uint32_t day)
{
    uint32_t period = day / USAGE_PERIOD_DAYS;
    if (period > usage->period) {
        grow_older(usage, period);
    }
    uint32_t age = usage->period - period;
    if (age >= USAGE_PERIODS) {
        return;
    }
    uint16_t *visits = &usage->branches[place_of(usage, branch)].visits[age];
    *visits = (uint16_t)(*visits + (*visits < USAGE_VISITS_MAX ? 1 : 0));
}

uint32_t usage_of(const struct usage *usage, uint32_t branch, uint32_t day)
{
    for (uint32_t i = 0; i < usage->count; i++) {
        if (usage->branches[i].branch == branch) {
            return visits_at(usage, i, day / USAGE_PERIOD_DAYS);
        }
    }
    return 0;
}

uint32_t usage_second(const struct usage *usage, uint32_t except, uint32_t day)
{
    uint32_t second = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < usage->count; i++) {
        uint32_t branch = usage->branches[i].branch;
        uint32_t visits = visits_at(usage, i, day / USAGE_PERIOD_DAYS);
        bool better = visits > most || (visits == most && visits > 0 && branch < second);
        if (branch != except && better) {
            second = branch;
            most = visits;
        }
    }
    return second;
}
