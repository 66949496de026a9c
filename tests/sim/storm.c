#include "storm.h"

#include "double.h"
#include "sim.h"
#include "workload.h"
#include "writeoff.h"

/* Classes of faults; each draws its next step at times of its own. */
enum fault {
    FAULT_CUT = 1,
    FAULT_SWIZZLE,
    FAULT_RESET,
    FAULT_CRASH,
    FAULT_PAUSE,
    FAULT_SPACE_LOW,
    FAULT_CLOCK_JUMP,
    FAULT_CLOCK_ERA,
    FAULT_CLOCK_RATE,
    FAULT_BACKUP,
    FAULT_WRITE_OFF,
    FAULT_DAYS,
    FAULT_COUNT,
};

enum { SPACE_LOW_US = 2000000, RATE_RIGHT = 1000000 };

static uint64_t mean_of(const struct weather *weather, enum fault fault)
{
    switch (fault) {
    case FAULT_CUT:
        return weather->cut_every_us;
    case FAULT_SWIZZLE:
        return weather->swizzle_every_us;
    case FAULT_RESET:
        return weather->reset_every_us;
    case FAULT_CRASH:
        return weather->crash_every_us;
    case FAULT_PAUSE:
        return weather->pause_every_us;
    case FAULT_SPACE_LOW:
        return weather->space_low_every_us;
    case FAULT_CLOCK_JUMP:
        return weather->clock_jump_every_us;
    case FAULT_CLOCK_ERA:
        return weather->clock_era_every_us;
    case FAULT_CLOCK_RATE:
        return weather->clock_rate_every_us;
    case FAULT_BACKUP:
        return weather->backup_every_us;
    case FAULT_WRITE_OFF:
        return weather->write_off_every_us;
    case FAULT_DAYS:
        return weather->days_every_us;
    case FAULT_COUNT:
        break;
    }
    return 0;
}

static void plan_fault(struct sim *sim, enum fault fault)
{
    uint64_t mean_us = mean_of(&sim->weather, fault);
    if (mean_us == 0) {
        return;
    }
    uint64_t delay_us = random_between(&sim->random_weather, mean_us / 4 + 1, mean_us * 2);
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_WEATHER,
                                                 .number = fault});
}

void storm_start(struct sim *sim)
{
    sim->storm = true;
    sim->storm_start_us = sim->now_us;
    sim_tell(sim, "the storm begins");
    schedule_begin_storm(sim);
    for (uint32_t fault = FAULT_CUT; fault < FAULT_COUNT && !sim->schedule.given; fault++) {
        plan_fault(sim, (enum fault)fault);
    }
}

/* ---- what comes next ---- */

static uint32_t draw_machine(struct sim *sim)
{
    return (uint32_t)random_below(&sim->random_weather, sim->machine_count);
}

static void draw_cut(struct sim *sim)
{
    struct random_stream *random = &sim->random_weather;
    int64_t kill = random_chance(random, sim->weather.cuts_kill) ? 1 : 0;
    uint64_t for_us = sim->weather.cut_for_us;
    uint32_t a = draw_machine(sim);
    uint32_t b = draw_machine(sim);
    switch (random_below(random, 4)) {
    case 0:
        schedule_plan(
            sim, (struct step){.kind = STEP_SPLIT, .n = random_next(random) & 0xfff, .value = kill},
            0);
        schedule_plan(sim, (struct step){.kind = STEP_WHOLE}, for_us);
        break;
    case 1:
        schedule_plan(sim, (struct step){.kind = STEP_ISOLATE, .a = a, .value = kill}, 0);
        schedule_plan(sim, (struct step){.kind = STEP_REJOIN, .a = a}, for_us);
        break;
    default:
        schedule_plan(sim, (struct step){.kind = STEP_CUT, .a = a, .b = b, .value = kill}, 0);
        schedule_plan(sim, (struct step){.kind = STEP_UNCUT, .a = a, .b = b}, for_us);
        if (!sim->weather.cuts_one_way) {
            schedule_plan(sim, (struct step){.kind = STEP_CUT, .a = b, .b = a, .value = kill}, 0);
            schedule_plan(sim, (struct step){.kind = STEP_UNCUT, .a = b, .b = a}, for_us);
        }
        break;
    }
}

static void shuffle(struct random_stream *random, uint32_t *list, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = (uint32_t)random_below(random, i);
        uint32_t kept = list[i - 1];
        list[i - 1] = list[k];
        list[k] = kept;
    }
}

/* Machines are clogged one by one in a random order, and come back in another. */
static void draw_swizzle(struct sim *sim)
{
    struct random_stream *random = &sim->random_weather;
    uint32_t list[SIM_MACHINES_MAX];
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        list[i] = i;
    }
    shuffle(random, list, sim->machine_count);
    uint32_t count = (uint32_t)random_between(random, 1, sim->machine_count);
    uint64_t pace_us = random_magnitude(random, 20000, 800000);
    int64_t kill = random_chance(random, sim->weather.cuts_kill) ? 1 : 0;
    for (uint32_t i = 0; i < count; i++) {
        schedule_plan(sim, (struct step){.kind = STEP_ISOLATE, .a = list[i], .value = kill},
                      i * pace_us);
    }
    shuffle(random, list, count);
    for (uint32_t i = 0; i < count; i++) {
        schedule_plan(sim, (struct step){.kind = STEP_REJOIN, .a = list[i]},
                      (count + i + 1) * pace_us);
    }
    sim->census->counts[CENSUS_SWIZZLES]++;
}

static void draw_crash(struct sim *sim)
{
    const struct weather *weather = &sim->weather;
    struct random_stream *random = &sim->random_weather;
    struct step step = {.kind = STEP_CRASH, .a = draw_machine(sim)};
    step.value = (int64_t)random_between(random, 20000, 20000 + weather->down_for_us);
    step.b = (uint32_t)random_below(random, 2);
    if (random_chance(random, weather->crash_again)) {
        step.n = random_magnitude(random, 1, 200);
    }
    if (step.a != SIM_OFFICE || weather->office_crashes) {
        schedule_plan(sim, step, 0);
    }
}

static void draw_jump(struct sim *sim)
{
    struct world *machine = &sim->machines[draw_machine(sim)];
    uint64_t most = sim->weather.clock_jump_ms;
    int64_t by = (int64_t)random_below(&sim->random_weather, most * 2) - (int64_t)most;
    schedule_plan(sim,
                  (struct step){.kind = STEP_CLOCK_SET,
                                .a = machine->index,
                                .value = world_wall_ms(machine) + by},
                  0);
}

static void draw_era(struct sim *sim)
{
    static const int64_t ten_years_ms = INT64_C(10) * 365 * 86400000;
    static const int64_t eras[] = {0,
                                   INT64_C(86400000),
                                   INT64_C(2147483640000),
                                   INT64_C(4294967290000),
                                   SIM_WALL_START_MS - ten_years_ms,
                                   SIM_WALL_START_MS + ten_years_ms};
    uint64_t era = random_below(&sim->random_weather, sizeof eras / sizeof eras[0]);
    schedule_plan(
        sim, (struct step){.kind = STEP_CLOCK_SET, .a = draw_machine(sim), .value = eras[era]}, 0);
}

static void draw_rate(struct sim *sim)
{
    static const int64_t rates[] = {0, RATE_RIGHT, INT64_C(10) * RATE_RIGHT, RATE_RIGHT / 2};
    schedule_plan(sim,
                  (struct step){.kind = STEP_CLOCK_RATE,
                                .a = draw_machine(sim),
                                .value = rates[random_below(&sim->random_weather, 4)]},
                  0);
}

/* A backup now; and once in a run, one is put back some time later, on its machine or beside it. */
static void draw_backup(struct sim *sim)
{
    struct random_stream *random = &sim->random_weather;
    uint32_t a = draw_machine(sim);
    uint64_t wait_us = random_magnitude(random, 1000, 8000000);
    struct step again = {.kind = sim->weather.clones ? STEP_CLONE : STEP_RESTORE, .a = a};
    again.value = (int64_t)random_below(random, 3);
    schedule_plan(sim, (struct step){.kind = STEP_BACKUP, .a = a}, 0);
    schedule_plan(sim, again, wait_us);
}

void storm_happens(struct sim *sim, uint64_t what)
{
    const struct weather *weather = &sim->weather;
    struct random_stream *random = &sim->random_weather;
    if (!sim->storm) {
        return;
    }
    switch ((enum fault)what) {
    case FAULT_CUT:
        draw_cut(sim);
        break;
    case FAULT_SWIZZLE:
        draw_swizzle(sim);
        break;
    case FAULT_RESET: {
        struct step step = {.kind = STEP_RESET, .a = draw_machine(sim)};
        step.b = draw_machine(sim);
        schedule_plan(sim, step, 0);
        break;
    }
    case FAULT_CRASH:
        draw_crash(sim);
        break;
    case FAULT_PAUSE: {
        struct step step = {.kind = STEP_PAUSE, .a = draw_machine(sim)};
        step.value = (int64_t)random_between(random, 10000, 10000 + weather->pause_for_us);
        schedule_plan(sim, step, 0);
        break;
    }
    case FAULT_SPACE_LOW:
        schedule_plan(
            sim,
            (struct step){.kind = STEP_SPACE_LOW, .a = draw_machine(sim), .value = SPACE_LOW_US},
            0);
        break;
    case FAULT_CLOCK_JUMP:
        draw_jump(sim);
        break;
    case FAULT_CLOCK_ERA:
        draw_era(sim);
        break;
    case FAULT_CLOCK_RATE:
        draw_rate(sim);
        break;
    case FAULT_BACKUP:
        draw_backup(sim);
        break;
    case FAULT_WRITE_OFF: {
        struct step step = {.kind = STEP_WRITE_OFF, .a = draw_machine(sim)};
        step.value = (int64_t)random_below(random, 4);
        if ((step.value & WRITE_OFF_BURNT) == 0 && random_chance(random, 7000)) {
            /* Thought dead because nobody hears of it, and it sells on. */
            schedule_plan(sim, (struct step){.kind = STEP_ISOLATE, .a = step.a, .value = 1}, 0);
            schedule_plan(sim, (struct step){.kind = STEP_REJOIN, .a = step.a},
                          random_magnitude(random, 2000000, 16000000));
        }
        schedule_plan(sim, step, 0);
        break;
    }
    case FAULT_DAYS: {
        static const int64_t days[] = {1, 1, 1, 2, 4, 9};
        schedule_plan(sim, (struct step){.kind = STEP_DAYS, .value = days[random_below(random, 6)]},
                      0);
        break;
    }
    case FAULT_COUNT:
        break;
    }
    plan_fault(sim, (enum fault)what);
}

/* ---- doing it ---- */

static void cut_one_way(struct sim *sim, uint32_t from, uint32_t to, bool kill)
{
    if (from == to) {
        return;
    }
    sim->census->counts[kill ? CENSUS_CUT_KILLED : CENSUS_CUT_STALLED]++;
    network_cut(sim, from, to, kill);
}

static void cut_pair(struct sim *sim, uint32_t a, uint32_t b, bool kill)
{
    cut_one_way(sim, a, b, kill);
    cut_one_way(sim, b, a, kill);
}

static void split(struct sim *sim, uint64_t sides, bool kill)
{
    for (uint32_t a = 0; a < sim->machine_count; a++) {
        for (uint32_t b = 0; b < a; b++) {
            if ((sides >> a & 1) != (sides >> b & 1)) {
                cut_pair(sim, a, b, kill);
            }
        }
    }
    sim->census->counts[CENSUS_PARTITIONS]++;
}

static void isolate(struct sim *sim, uint32_t machine, bool kill)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        cut_pair(sim, machine, i, kill);
    }
    sim->census->counts[CENSUS_PARTITIONS]++;
}

static void reset_link(struct sim *sim, uint32_t a, uint32_t b)
{
    uint32_t link = network_number_between(sim, a, b);
    if (link != 0) {
        network_drop(sim, link);
        sim->census->counts[CENSUS_LINKS_RESET]++;
    }
}

static void set_clock(struct world *machine, const struct step *step)
{
    struct sim *sim = machine->sim;
    struct world_clock *clock = &machine->clock;
    int64_t now_ms = world_wall_ms(machine);
    clock->base_us = sim->now_us;
    clock->base_ms = step->kind == STEP_CLOCK_SET ? step->value : now_ms;
    if (step->kind == STEP_CLOCK_RATE) {
        clock->rate_ppm = step->value;
        sim->census->counts[CENSUS_CLOCK_FROZEN] += step->value == 0 ? 1 : 0;
        sim->census->counts[CENSUS_CLOCK_FAST] += step->value > RATE_RIGHT ? 1 : 0;
        return;
    }
    sim->census->counts[CENSUS_CLOCK_JUMPS]++;
    sim->census->counts[CENSUS_CLOCK_ERAS] +=
        step->value < INT64_C(1000000000000) || step->value > INT64_C(2147483000000) ? 1 : 0;
}

/* Time goes on for all, whatever their clocks show. */
static void pass_days(struct sim *sim, int64_t days)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        sim->machines[i].clock.base_ms += days * INT64_C(86400000);
    }
    sim->census->counts[CENSUS_DAYS]++;
}

static void do_to_machine(struct world *machine, const struct step *step)
{
    struct sim *sim = machine->sim;
    switch ((int)step->kind) {
    case STEP_CRASH:
        machine->dies_at_read = step->n;
        if (step->b == 1) {
            machine->dies_in_commit_us = (uint64_t)step->value;
        } else {
            sim_crash_for(machine, (uint64_t)step->value);
        }
        break;
    case STEP_PAUSE:
        sim_pause(machine, (uint64_t)step->value);
        break;
    case STEP_SPACE_LOW:
        machine->space_low_until_us = sim->now_us + (uint64_t)step->value;
        sim->census->counts[CENSUS_SPACE_LOW]++;
        break;
    case STEP_WRITE_OFF:
        writeoff_begin(machine, (uint32_t)step->value);
        break;
    case STEP_CLOCK_SET:
    case STEP_CLOCK_RATE:
        set_clock(machine, step);
        break;
    case STEP_BACKUP:
        double_backup(machine);
        break;
    case STEP_RESTORE:
        double_restore(machine, (enum head_fate)step->value);
        break;
    case STEP_CLONE:
        double_clone(machine);
        break;
    default:
        break;
    }
}

bool storm_do(struct sim *sim, const struct step *step)
{
    bool kill = step->value == 1;
    if (step->kind == STEP_ASK) {
        return workload_ask(sim, step->a, step->n);
    }
    if (step->a >= sim->machine_count || step->b >= sim->machine_count) {
        return true; /* a shorter chain than the one this was drawn for */
    }
    if (sim->narrate) {
        sim_narrate(sim, step);
    }
    switch ((int)step->kind) {
    case STEP_CUT:
        cut_one_way(sim, step->a, step->b, kill);
        sim->census->counts[CENSUS_CUT_ONE_WAY] += sim->network.cut[step->b][step->a] ? 0 : 1;
        break;
    case STEP_UNCUT:
        sim->network.cut[step->a][step->b] = false;
        sim->census->counts[CENSUS_HEALS]++;
        break;
    case STEP_SPLIT:
        split(sim, step->n, kill);
        break;
    case STEP_ISOLATE:
        isolate(sim, step->a, kill);
        break;
    case STEP_REJOIN:
        network_rejoin(sim, step->a);
        sim->census->counts[CENSUS_HEALS]++;
        break;
    case STEP_WHOLE:
        network_heal(sim);
        sim->census->counts[CENSUS_HEALS]++;
        break;
    case STEP_RESET:
        reset_link(sim, step->a, step->b);
        break;
    case STEP_DAYS:
        pass_days(sim, step->value);
        break;
    default:
        do_to_machine(&sim->machines[step->a], step);
        break;
    }
    return true;
}
