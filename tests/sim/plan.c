#include "plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000 };

static void draw_storms(struct plan *plan, struct random_stream *random, bool long_run)
{
    plan->storm_count = long_run ? PLAN_STORMS_MAX : (uint32_t)random_between(random, 1, 2);
    for (uint32_t i = 0; i < plan->storm_count; i++) {
        plan->storms[i].for_us = long_run ? random_between(random, 90, 300) * SECOND_US
                                          : random_magnitude(random, 2000, 20000) * 1000;
        plan->storms[i].join_late = random_chance(random, 2000);
    }
}

/* Generous as at a real founding, or so tight that they bite all the time. */
static struct founding_limits draw_limits(uint64_t seed)
{
    struct random_stream random = random_stream_of(seed, 21);
    struct founding_limits limits = founding_defaults();
    switch (random_below(&random, 4)) {
    case 0:
        limits.unwitnessed_limit = 0;
        break;
    case 1:
        limits.unwitnessed_limit = (int64_t)random_magnitude(&random, 1, 5000);
        break;
    case 2:
        limits.unwitnessed_limit = (int64_t)random_magnitude(&random, 1000, 100000);
        break;
    default:
        break;
    }
    if (random_chance(&random, 3000)) {
        limits.mint_quota = (int64_t)random_magnitude(&random, 1000, 500000);
    }
    limits.pending_mints = random_chance(&random, 5000) ? 1 : 0;
    limits.offline_days = random_chance(&random, 3000) ? (int64_t)random_below(&random, 3) : 7;
    limits.lease_days = random_chance(&random, 2000) ? 0 : 7;
    struct random_stream ends = random_stream_of(seed, 31); /* apart, as above */
    static const int64_t graces[] = {0, 0, 1, 3};
    limits.expiry_grace = graces[random_below(&ends, 4)];
    return limits;
}

/* In half of the seeds, and then often so eager that almost every sale is an occasion. */
static struct spread_terms draw_spread(uint64_t seed)
{
    struct random_stream random = random_stream_of(seed, 22);
    struct spread_terms terms = spread_defaults();
    terms.mode = (int64_t)random_below(&random, 4);
    if (terms.mode > SPREAD_VISITS) {
        terms.mode = SPREAD_OFF;
    }
    if (random_chance(&random, 7000)) {
        terms.threshold = (int64_t)random_magnitude(&random, 1, 2000);
        terms.account_max = (int64_t)random_magnitude(&random, 100, 50000);
        terms.branch_max = (int64_t)random_magnitude(&random, 100, 500000);
        terms.vault_percent = (int64_t)random_below(&random, 60);
    }
    return terms;
}

struct plan plan_of(uint64_t seed, bool long_run)
{
    struct random_stream random = random_stream_of(seed, 9);
    struct plan plan = {.seed = seed, .weather = weather_of(seed)};
    plan.topology = (enum topology)random_below(&random, 3);
    plan.bonus_count = (uint8_t)random_below(&random, 3);
    plan.bonus[0] = (struct bonus_step){.amount = 10000, .bonus = 1000};
    plan.bonus[1] = (struct bonus_step){.amount = 30000, .bonus = 6000};
    plan.spread = draw_spread(seed);
    plan.limits = draw_limits(seed);
    plan.branches = (uint32_t)random_magnitude(&random, 2, 7);
    plan.hostile = random_chance(&random, 2500);
    struct random_stream risky =
        random_stream_of(seed, 27); /* apart: other seeds stay as they are */
    if (random_chance(&risky, 4000)) {
        plan.risk_account = (int64_t)random_magnitude(&risky, 100, 40000);
        plan.risk_branch = plan.risk_account * (int64_t)random_between(&risky, 1, 5);
    }
    draw_storms(&plan, &random, long_run);
    plan.restart_all = random_chance(&random, 3000);
    plan.observe = random_chance(&random, 2000);
    return plan;
}

void plan_free(struct plan *plan)
{
    free(plan->steps);
    *plan = (struct plan){0};
}

struct plan plan_copy(const struct plan *plan)
{
    struct plan copy = *plan;
    size_t size = plan->step_count * sizeof *plan->steps;
    copy.steps = malloc(size == 0 ? 1 : size);
    if (copy.steps == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy.steps, plan->steps, size);
    }
    return copy;
}

/* ---- text: one word and its numbers a line ---- */

/* What of the weather matters once the steps are given: how long everything takes. */
static void list_paces(struct weather *weather, uint64_t *paces[10], const char *names[10])
{
    uint64_t *const list[] = {&weather->delay_low_us,   &weather->delay_high_us,
                              &weather->bytes_per_s,    &weather->commit_low_us,
                              &weather->commit_high_us, &weather->verify_high_us,
                              &weather->down_for_us,    &weather->clock_offset_ms};
    static const char *const words[] = {"delay_low_us",  "delay_high_us",  "bytes_per_s",
                                        "commit_low_us", "commit_high_us", "verify_high_us",
                                        "down_for_us",   "clock_offset_ms"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        paces[i] = list[i];
        names[i] = words[i];
    }
}

enum { PACES = 8 };

void plan_write(const struct plan *plan, FILE *out)
{
    struct weather weather = plan->weather;
    uint64_t *paces[10];
    const char *names[10];
    list_paces(&weather, paces, names);
    (void)fprintf(out, "# One run of tally-sim, step by step: tally-sim --replay FILE\n");
    (void)fprintf(out, "seed %" PRIu64 "\ntopology %d\nbranches %" PRIu32 "\nhostile %d\n",
                  plan->seed, (int)plan->topology, plan->branches, plan->hostile);
    for (uint32_t i = 0; i < plan->bonus_count; i++) {
        (void)fprintf(out, "bonus %" PRId64 " %" PRId64 "\n", plan->bonus[i].amount,
                      plan->bonus[i].bonus);
    }
    int64_t terms[SPREAD_TERMS];
    spread_to_values(&plan->spread, terms);
    for (uint32_t i = 0; i < SPREAD_TERMS; i++) {
        (void)fprintf(out, "limit %s %" PRId64 "\n", spread_names[i], terms[i]);
    }
    (void)fprintf(
        out, "limits %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
        plan->limits.unwitnessed_limit, plan->limits.mint_quota, plan->limits.pending_mints,
        plan->limits.offline_days, plan->limits.lease_days, plan->limits.refund_days);
    (void)fprintf(out, "older %" PRIu32 "\n", plan->weather.unknown_types);
    (void)fprintf(out, "grace %" PRId64 "\n", plan->limits.expiry_grace);
    for (size_t i = 0; i < PACES; i++) {
        (void)fprintf(out, "pace %s %" PRIu64 "\n", names[i], *paces[i]);
    }
    (void)fprintf(out, "weather %d %" PRIu32 " %" PRIu32 "\n", weather.long_tail,
                  weather.queue_frames, weather.clock_drift_ppm);
    for (uint32_t i = 0; i < plan->storm_count; i++) {
        (void)fprintf(out, "storm %" PRIu64 " %d\n", plan->storms[i].for_us,
                      plan->storms[i].join_late);
    }
    (void)fprintf(out, "risk %" PRId64 " %" PRId64 "\n", plan->risk_account, plan->risk_branch);
    (void)fprintf(out, "restart_all %d\nobserve %d\nlying_disk %d\n", plan->restart_all,
                  plan->observe, plan->lying_disk);
    for (uint32_t i = 0; i < plan->step_count; i++) {
        step_write(&plan->steps[i], out);
    }
}

static bool read_pace(const char *line, struct plan *plan)
{
    uint64_t *paces[10];
    const char *names[10];
    list_paces(&plan->weather, paces, names);
    char name[32];
    uint64_t value = 0;
    if (sscanf(line, "pace %31s %" SCNu64, name, &value) != 2) {
        return false;
    }
    for (size_t i = 0; i < PACES; i++) {
        if (strcmp(name, names[i]) == 0) {
            *paces[i] = value;
            return true;
        }
    }
    return false;
}

static bool read_limit(const char *line, struct plan *plan)
{
    int64_t terms[SPREAD_TERMS];
    char name[32];
    int64_t value = 0;
    if (sscanf(line, "limit %31s %" SCNd64, name, &value) != 2) {
        return false;
    }
    spread_to_values(&plan->spread, terms);
    for (uint32_t i = 0; i < SPREAD_TERMS; i++) {
        if (strcmp(name, spread_names[i]) == 0) {
            terms[i] = value;
            plan->spread = spread_from_values(terms);
            return true;
        }
    }
    return false;
}

static bool read_flags(const char *line, struct plan *plan)
{
    int value = 0;
    if (sscanf(line, "hostile %d", &value) == 1) {
        plan->hostile = value != 0;
    } else if (sscanf(line, "restart_all %d", &value) == 1) {
        plan->restart_all = value != 0;
    } else if (sscanf(line, "observe %d", &value) == 1) {
        plan->observe = value != 0;
    } else if (sscanf(line, "lying_disk %d", &value) == 1) {
        plan->lying_disk = value != 0;
    } else if (sscanf(line, "topology %d", &value) == 1 && value >= 0 && value <= TOPOLOGY_LINE) {
        plan->topology = (enum topology)value;
    } else {
        return false;
    }
    return true;
}

static bool read_chain(const char *line, struct plan *plan)
{
    struct bonus_step bonus = {0};
    uint64_t for_us = 0;
    int flag = 0;
    if (sscanf(line, "seed %" SCNu64, &plan->seed) == 1 ||
        sscanf(line, "branches %" SCNu32, &plan->branches) == 1 ||
        sscanf(line, "older %" SCNu32, &plan->weather.unknown_types) == 1) {
        return true;
    }
    struct founding_limits *limits = &plan->limits;
    if (sscanf(line, "limits %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
               &limits->unwitnessed_limit, &limits->mint_quota, &limits->pending_mints,
               &limits->offline_days, &limits->lease_days, &limits->refund_days) == 6) {
        return true;
    }
    if (sscanf(line, "grace %" SCNd64, &limits->expiry_grace) == 1) {
        return true;
    }
    if (sscanf(line, "weather %d %" SCNu32 " %" SCNu32, &flag, &plan->weather.queue_frames,
               &plan->weather.clock_drift_ppm) == 3) {
        plan->weather.long_tail = flag != 0;
        return true;
    }
    if (sscanf(line, "risk %" SCNd64 " %" SCNd64, &plan->risk_account, &plan->risk_branch) == 2) {
        return true;
    }
    if (sscanf(line, "bonus %" SCNd64 " %" SCNd64, &bonus.amount, &bonus.bonus) == 2 &&
        plan->bonus_count < BONUS_STEPS_MAX) {
        plan->bonus[plan->bonus_count++] = bonus;
        return true;
    }
    if (sscanf(line, "storm %" SCNu64 " %d", &for_us, &flag) == 2 &&
        plan->storm_count < PLAN_STORMS_MAX) {
        plan->storms[plan->storm_count].for_us = for_us;
        plan->storms[plan->storm_count].join_late = flag != 0;
        plan->storm_count++;
        return true;
    }
    return false;
}

bool plan_read(FILE *in, struct plan *plan)
{
    struct schedule schedule = schedule_new();
    char line[256];
    bool good = true;
    *plan = (struct plan){.weather = weather_calm(), .limits = founding_defaults(), .given = true};
    while (good && fgets(line, sizeof line, in) != NULL) {
        struct step step;
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        if (step_read(line, &step)) {
            (void)schedule_add(&schedule, &step);
        } else {
            good = read_pace(line, plan) || read_limit(line, plan) || read_flags(line, plan) ||
                   read_chain(line, plan);
        }
    }
    plan->steps = schedule.steps;
    plan->step_count = schedule.count;
    schedule.steps = NULL;
    schedule_free(&schedule);
    if (!good || plan->seed == 0) {
        plan_free(plan);
        return false;
    }
    return true;
}
