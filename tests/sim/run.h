/* One seed, from the founding of a chain through storms and calms to the last comparison. */
#ifndef RUN_H
#define RUN_H

#include "census.h"

#include <stdbool.h>
#include <stdint.h>

struct run_result {
    uint32_t findings;
    uint64_t trace;
    uint64_t steps;
    uint64_t virtual_ms;
};

/* `long_run`: a quarter of an hour of virtual time instead of half a minute. Counts into
 * `census`. */
struct run_result run_seed(uint64_t seed, bool long_run, bool loud, struct census *census);

#endif
