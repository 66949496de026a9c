#include "weather.h"

struct weather weather_calm(void)
{
    return (struct weather){.delay_low_us = 1000,
                            .delay_high_us = 20000,
                            .commit_low_us = 200,
                            .commit_high_us = 4000,
                            .verify_high_us = 1000};
}

static uint32_t drawn_rate(struct random_stream *random, uint64_t low, uint64_t high)
{
    return random_chance(random, 5000) ? (uint32_t)random_magnitude(random, low, high) : 0;
}

static uint64_t drawn_time(struct random_stream *random, uint64_t low_ms, uint64_t high_ms)
{
    return random_magnitude(random, low_ms, high_ms) * 1000;
}

static void draw_frames(struct random_stream *random, struct weather *weather)
{
    weather->loss = drawn_rate(random, 10, 2000);
    weather->doubling = drawn_rate(random, 10, 2000);
    weather->overtaking = drawn_rate(random, 10, 2000);
    weather->delay_low_us = drawn_time(random, 1, 16);
    weather->delay_high_us = weather->delay_low_us + drawn_time(random, 1, 200);
    weather->long_tail = random_chance(random, 3000);
    if (random_chance(random, 1500)) {
        weather->bytes_per_s = random_magnitude(random, 4000, 200000);
    }
}

static void draw_links(struct random_stream *random, struct weather *weather)
{
    if (random_chance(random, 6000)) {
        weather->cut_every_us = drawn_time(random, 1000, 16000);
        weather->cut_for_us = drawn_time(random, 500, 16000);
        weather->cuts_kill = random_chance(random, 5000);
        weather->cuts_one_way = random_chance(random, 3000);
    }
    if (random_chance(random, 3000)) {
        weather->reset_every_us = drawn_time(random, 500, 16000);
    }
}

static void draw_machines(struct random_stream *random, struct weather *weather)
{
    if (random_chance(random, 5000)) {
        weather->crash_every_us = drawn_time(random, 500, 16000);
        weather->down_for_us = drawn_time(random, 50, 8000);
        weather->office_crashes = random_chance(random, 5000);
    }
    weather->commit_low_us = random_magnitude(random, 50, 4000);
    weather->commit_high_us = weather->commit_low_us + random_magnitude(random, 100, 50000);
    weather->commit_unknown = drawn_rate(random, 2, 200);
    weather->commit_stuck = random_chance(random, 2000) ? 20 : 0;
    weather->stuck_for_us = drawn_time(random, 200, 2000);
    weather->read_fails =
        random_chance(random, 2000) ? (uint32_t)random_magnitude(random, 50, 2000) : 0;
    if (random_chance(random, 1500)) {
        weather->space_low_every_us = drawn_time(random, 4000, 16000);
    }
    weather->verify_high_us = random_magnitude(random, 100, 20000);
}

static void draw_clocks(struct random_stream *random, struct weather *weather)
{
    weather->clock_drift_ppm = random_chance(random, 5000) ? 500 : 0;
    if (random_chance(random, 5000)) {
        weather->clock_offset_ms = (int64_t)random_magnitude(random, 10, INT64_C(10) * 86400000);
    }
    if (random_chance(random, 3000)) {
        weather->clock_jump_every_us = drawn_time(random, 1000, 30000);
        weather->clock_jump_ms =
            (int64_t)random_magnitude(random, 1000, UINT64_C(10) * 365 * 86400000);
    }
}

struct weather weather_of(uint64_t seed)
{
    struct random_stream random = random_stream_of(seed, 1);
    struct weather weather = weather_calm();
    draw_frames(&random, &weather);
    draw_links(&random, &weather);
    draw_machines(&random, &weather);
    draw_clocks(&random, &weather);
    return weather;
}
