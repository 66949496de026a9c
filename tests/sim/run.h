/* One run, from the founding of a chain through storms and calms to the last comparison. */
#ifndef RUN_H
#define RUN_H

#include "census.h"

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct step_log;

struct run_result {
    uint32_t findings;
    char invariant[16]; /* of the first finding */
    uint64_t trace;
    uint64_t steps;
    uint64_t virtual_ms;
    uint32_t storm; /* the last one, and when in it (or after it) the run ended */
    uint64_t storm_ms;
};

struct run_options {
    bool loud;
    bool narrate;         /* print each step that happens */
    struct step_log *log; /* gets every step, or NULL */
};

/* Counts into `census`. */
struct run_result run_plan(const struct plan *plan, const struct run_options *options,
                           struct census *census);
/* `long_run`: a quarter of an hour of virtual time instead of half a minute. */
struct run_result run_seed(uint64_t seed, bool long_run, bool loud, struct census *census);

#endif
