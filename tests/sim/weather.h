/* The faults of one seed. Each class is switched on or off on its own (so that some seeds see only
 * one) and its rate is drawn log-uniformly. Rates are per 10,000. */
#ifndef WEATHER_H
#define WEATHER_H

#include "random_stream.h"

struct weather {
    /* frames */
    uint32_t loss;
    uint32_t doubling;
    uint32_t overtaking;
    uint64_t delay_low_us;
    uint64_t delay_high_us;
    bool long_tail;       /* log-normal instead of uniform */
    uint64_t bytes_per_s; /* slow links; 0 = no limit */
    /* links */
    uint64_t cut_every_us; /* mean time between cuts; 0 = never */
    uint64_t cut_for_us;
    bool cuts_kill; /* a cut ends sessions, else it stalls them */
    bool cuts_one_way;
    uint64_t reset_every_us;
    /* processes */
    uint64_t crash_every_us;
    uint64_t down_for_us;
    bool office_crashes;
    /* store */
    uint64_t commit_low_us;
    uint64_t commit_high_us;
    uint32_t commit_unknown;
    uint32_t commit_stuck;
    uint64_t stuck_for_us;
    uint32_t read_fails; /* per million loads */
    uint64_t space_low_every_us;
    /* clocks */
    uint64_t clock_jump_every_us;
    int64_t clock_jump_ms;
    int64_t clock_offset_ms;
    int32_t clock_drift_ppm;
    uint64_t verify_high_us;
};

/* No faults, small delays. */
struct weather weather_calm(void);
struct weather weather_of(uint64_t seed);

#endif
