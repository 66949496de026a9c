/* One run, told in advance: the chain, how long its storms last, and what happens in them. A plan
 * comes from a seed alone, or from a file that a shrunken run left behind. */
#ifndef PLAN_H
#define PLAN_H

#include "network.h"
#include "node.h"
#include "schedule.h"
#include "spread.h"
#include "tally/command.h"
#include "weather.h"

#include <stdio.h>

enum { PLAN_STORMS_MAX = 4 };

struct plan {
    uint64_t seed;
    enum topology topology;
    struct bonus_step bonus[BONUS_STEPS_MAX];
    uint8_t bonus_count;
    struct spread_terms spread;    /* of the chain, at its founding */
    struct founding_limits limits; /* of the chain, at its founding */
    uint32_t branches;
    bool hostile;         /* one more branch, with a valid key, breaks rules */
    int64_t risk_account; /* caps of the risk allowance; 0 = off */
    int64_t risk_branch;
    struct weather weather;
    uint32_t storm_count;
    struct {
        uint64_t for_us;
        bool join_late; /* a branch joins in the middle */
    } storms[PLAN_STORMS_MAX];
    bool restart_all; /* at the end */
    bool observe;     /* at the end a branch joins that learns all from the journals */
    bool lying_disk;  /* planted, to see it found: now and then a commit that is reported is lost */
    bool given;       /* the steps are listed; else they are drawn */
    struct step *steps;
    uint32_t step_count;
};

struct plan plan_of(uint64_t seed, bool long_run);
void plan_free(struct plan *plan);
/* A copy with steps of its own. */
struct plan plan_copy(const struct plan *plan);

void plan_write(const struct plan *plan, FILE *out);
/* False if it is no plan; `*plan` is then empty. */
bool plan_read(FILE *in, struct plan *plan);

#endif
