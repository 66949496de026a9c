#include "weather.h"

#include "skew.h"

struct weather weather_calm(void)
{
    return (struct weather){.delay_low_us = 1000,
                            .delay_high_us = 20000,
                            .queue_frames = 256,
                            .commit_low_us = 200,
                            .commit_high_us = 4000,
                            .verify_high_us = 1000};
}

static bool drawn(struct random_stream *random)
{
    return random_chance(random, 5000);
}

static uint32_t drawn_rate(struct random_stream *random, uint64_t low, uint64_t high)
{
    return drawn(random) ? (uint32_t)random_magnitude(random, low, high) : 0;
}

static uint64_t drawn_time(struct random_stream *random, uint64_t low_ms, uint64_t high_ms)
{
    return random_magnitude(random, low_ms, high_ms) * 1000;
}

static uint64_t drawn_every(struct random_stream *random, uint64_t low_ms, uint64_t high_ms)
{
    return drawn(random) ? drawn_time(random, low_ms, high_ms) : 0;
}

static void draw_frames(struct random_stream *random, struct weather *weather)
{
    weather->loss = drawn_rate(random, 10, 2000);
    weather->doubling = drawn_rate(random, 10, 2000);
    weather->overtaking = drawn_rate(random, 10, 2000);
    weather->damage = drawn_rate(random, 1, 100);
    weather->delay_low_us = drawn_time(random, 1, 16);
    weather->delay_high_us = weather->delay_low_us + drawn_time(random, 1, 200);
    weather->long_tail = drawn(random);
    if (random_chance(random, 1500)) {
        weather->bytes_per_s = random_magnitude(random, 4000, 200000);
    }
    weather->queue_frames = drawn(random) ? (uint32_t)random_magnitude(random, 24, 256) : 256;
}

static void draw_links(struct random_stream *random, struct weather *weather)
{
    static const uint32_t kills[] = {0, 5000, 10000};
    weather->cut_every_us = drawn_every(random, 1000, 16000);
    weather->cut_for_us = drawn_time(random, 500, 16000);
    weather->cuts_kill = kills[random_below(random, 3)];
    weather->cuts_one_way = drawn(random);
    weather->swizzle_every_us = random_chance(random, 2500) ? drawn_time(random, 2000, 10000) : 0;
    weather->reset_every_us = drawn_every(random, 500, 16000);
}

static void draw_machines(struct random_stream *random, struct weather *weather)
{
    weather->crash_every_us = drawn_every(random, 500, 16000);
    weather->down_for_us = drawn_time(random, 50, 8000);
    weather->crash_again = drawn_rate(random, 500, 5000);
    weather->office_crashes = drawn(random);
    weather->pause_every_us = drawn_every(random, 1000, 16000);
    weather->pause_for_us = drawn_time(random, 50, 8000);
}

static void draw_store(struct random_stream *random, struct weather *weather)
{
    weather->commit_low_us = random_magnitude(random, 50, 4000);
    weather->commit_high_us = weather->commit_low_us + random_magnitude(random, 100, 50000);
    weather->commit_unknown = drawn_rate(random, 2, 200);
    weather->commit_stuck = drawn_rate(random, 2, 40);
    weather->stuck_for_us = drawn_time(random, 200, 2000);
    weather->read_fails =
        random_chance(random, 2000) ? (uint32_t)random_magnitude(random, 50, 2000) : 0;
    weather->space_low_every_us = random_chance(random, 2500) ? drawn_time(random, 4000, 16000) : 0;
    weather->verify_high_us = random_magnitude(random, 100, 20000);
}

static void draw_clocks(struct random_stream *random, struct weather *weather)
{
    static const uint64_t ten_years_ms = UINT64_C(10) * 365 * 86400000;
    weather->clock_drift_ppm = drawn(random) ? 500 : 0;
    weather->clock_offset_ms = drawn(random) ? random_magnitude(random, 10, ten_years_ms) : 0;
    weather->clock_jump_every_us = drawn_every(random, 1000, 30000);
    weather->clock_jump_ms = random_magnitude(random, 1000, ten_years_ms);
    weather->clock_era_every_us = random_chance(random, 2500) ? drawn_time(random, 1000, 30000) : 0;
    weather->clock_rate_every_us = drawn_every(random, 1000, 30000);
}

struct weather weather_of(uint64_t seed)
{
    struct random_stream random = random_stream_of(seed, 1);
    struct weather weather = weather_calm();
    draw_frames(&random, &weather);
    draw_links(&random, &weather);
    draw_machines(&random, &weather);
    draw_store(&random, &weather);
    draw_clocks(&random, &weather);
    if (random_chance(&random, 2000)) {
        weather.backup_every_us = drawn_time(&random, 200, 8000);
        weather.restores = random_chance(&random, 6000);
        weather.clones = !weather.restores;
    }
    struct random_stream days =
        random_stream_of(seed, 33); /* apart: other seeds stay as they are */
    weather.days_every_us = drawn_every(&days, 1000, 12000);
    if (weather.backup_every_us == 0 && random_chance(&random, 3500)) {
        weather.write_off_every_us = drawn_time(&random, 1500, 12000);
    }
    struct random_stream versions = random_stream_of(seed, 41); /* apart, as above */
    if (random_chance(&versions, 3500)) {
        static const uint32_t lacking[] = {SKEW_STOPS, SKEW_REQUESTS, SKEW_STOPS | SKEW_REQUESTS};
        weather.unknown_types = lacking[random_below(&versions, 3)];
    }
    return weather;
}
