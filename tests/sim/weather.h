/* The faults of one seed. Each class is on or off by itself, with even odds for most (so that some
 * seeds see only one), and its rate is drawn log-uniformly. Rates are per 10,000; a mean time of 0
 * means never. */
#ifndef WEATHER_H
#define WEATHER_H

#include "random_stream.h"

struct weather {
    /* frames */
    uint32_t loss;
    uint32_t doubling;
    uint32_t overtaking;
    uint32_t damage;
    uint64_t delay_low_us;
    uint64_t delay_high_us;
    bool long_tail;        /* log-normal instead of uniform */
    uint64_t bytes_per_s;  /* slow links; 0 = no limit */
    uint32_t queue_frames; /* a link that holds so many is given up */
    /* links */
    uint64_t cut_every_us; /* mean time between cuts */
    uint64_t cut_for_us;
    uint32_t cuts_kill; /* so many of 10,000 cuts end sessions, the others stall them */
    bool cuts_one_way;
    uint64_t swizzle_every_us; /* machines are cut off one by one, and come back in another order */
    uint64_t reset_every_us;
    /* processes */
    uint64_t crash_every_us;
    uint64_t down_for_us;
    uint32_t crash_again; /* so many of 10,000 crash once more while they start */
    bool office_crashes;
    uint64_t pause_every_us;
    uint64_t pause_for_us;
    /* store */
    uint64_t commit_low_us;
    uint64_t commit_high_us;
    uint32_t commit_unknown;
    uint32_t commit_stuck;
    uint64_t stuck_for_us;
    uint32_t read_fails; /* per million loads */
    uint64_t space_low_every_us;
    uint64_t backup_every_us; /* then a backup is put back, once, as drawn below */
    bool restores;
    bool clones;
    uint64_t write_off_every_us; /* a branch is written off: dead, or only thought so */
    /* clocks */
    uint64_t clock_jump_every_us;
    uint64_t clock_jump_ms;      /* at most so far */
    uint64_t clock_era_every_us; /* 1970, 2038, 2106, ten years off */
    uint64_t clock_rate_every_us;
    uint64_t days_every_us;   /* nothing happens for some days, anywhere */
    uint64_t clock_offset_ms; /* from the beginning */
    uint32_t clock_drift_ppm;
    uint64_t verify_high_us;
    /* versions */
    uint32_t unknown_types; /* what the older machines of the chain lack (skew.h); 0 = none is */
};

/* No faults, small delays. */
struct weather weather_calm(void);
struct weather weather_of(uint64_t seed);

#endif
