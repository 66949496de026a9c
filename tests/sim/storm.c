#include "storm.h"

#include "sim.h"

enum storm_event {
    STORM_CUT = 1,
    STORM_CUT_ENDS,
    STORM_RESET,
    STORM_CRASH,
    STORM_SPACE_LOW,
    STORM_SPACE_BACK,
    STORM_CLOCK_JUMP,
};

static void plan_storm(struct sim *sim, enum storm_event what, uint64_t mean_us)
{
    if (mean_us == 0) {
        return;
    }
    uint64_t delay_us = random_between(&sim->random_weather, mean_us / 4 + 1, mean_us * 2);
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_WEATHER,
                                                 .number = what});
}

void storm_start(struct sim *sim)
{
    const struct weather *weather = &sim->weather;
    sim->storm = true;
    plan_storm(sim, STORM_CUT, weather->cut_every_us);
    plan_storm(sim, STORM_RESET, weather->reset_every_us);
    plan_storm(sim, STORM_CRASH, weather->crash_every_us);
    plan_storm(sim, STORM_SPACE_LOW, weather->space_low_every_us);
    plan_storm(sim, STORM_CLOCK_JUMP, weather->clock_jump_every_us);
    sim_tell(sim, "the storm begins");
}

static uint32_t draw_machine(struct sim *sim)
{
    return (uint32_t)random_below(&sim->random_weather, sim->machine_count);
}

static void cut_pair(struct sim *sim, uint32_t a, uint32_t b, bool one_way)
{
    if (a == b) {
        return;
    }
    bool kill = sim->weather.cuts_kill;
    network_cut(sim, a, b, kill);
    if (!one_way) {
        network_cut(sim, b, a, kill);
    }
    sim->census->counts[kill ? CENSUS_CUT_KILLED : CENSUS_CUT_STALLED]++;
    sim->census->counts[CENSUS_CUT_ONE_WAY] += one_way ? 1 : 0;
}

/* Everybody is on one of two sides. */
static void split(struct sim *sim)
{
    uint64_t sides = random_next(&sim->random_weather);
    for (uint32_t a = 0; a < sim->machine_count; a++) {
        for (uint32_t b = 0; b < a; b++) {
            if ((sides >> a & 1) != (sides >> b & 1)) {
                cut_pair(sim, a, b, false);
            }
        }
    }
    sim->census->counts[CENSUS_PARTITIONS]++;
}

static void isolate(struct sim *sim, uint32_t machine)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        cut_pair(sim, machine, i, false);
    }
    sim->census->counts[CENSUS_PARTITIONS]++;
}

static void cut(struct sim *sim)
{
    switch (random_below(&sim->random_weather, 4)) {
    case 0:
        split(sim);
        break;
    case 1:
        isolate(sim, draw_machine(sim));
        break;
    default: {
        uint32_t a = draw_machine(sim);
        cut_pair(sim, a, draw_machine(sim), sim->weather.cuts_one_way);
        break;
    }
    }
    sim_tell(sim, "links are cut");
    plan_storm(sim, STORM_CUT_ENDS, sim->weather.cut_for_us);
}

static void reset_a_link(struct sim *sim)
{
    uint32_t link = network_number_between(sim, draw_machine(sim), draw_machine(sim));
    if (link != 0) {
        network_drop(sim, link);
        sim->census->counts[CENSUS_LINKS_RESET]++;
    }
}

static void crash(struct sim *sim)
{
    struct world *machine = &sim->machines[draw_machine(sim)];
    if (!machine->running || (machine->index == SIM_OFFICE && !sim->weather.office_crashes)) {
        return;
    }
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us,
                                                 .kind = HAPPENING_CRASH,
                                                 .node = machine->index,
                                                 .boot = machine->boot});
}

static void jump_a_clock(struct sim *sim)
{
    struct world *machine = &sim->machines[draw_machine(sim)];
    int64_t span = sim->weather.clock_jump_ms;
    machine->clock_offset_ms =
        (int64_t)random_below(&sim->random_weather, (uint64_t)span * 2) - span;
    sim->census->counts[CENSUS_CLOCK_JUMPS]++;
    sim_tell(sim, "machine %u: its clock jumps", machine->index);
}

static void space_low(struct sim *sim)
{
    struct world *machine = &sim->machines[draw_machine(sim)];
    machine->space_low = true;
    sim->census->counts[CENSUS_SPACE_LOW]++;
    plan_storm(sim, STORM_SPACE_BACK, 2000000);
}

void storm_happens(struct sim *sim, uint64_t what)
{
    if (!sim->storm) {
        return;
    }
    const struct weather *weather = &sim->weather;
    switch ((enum storm_event)what) {
    case STORM_CUT:
        cut(sim);
        plan_storm(sim, STORM_CUT, weather->cut_every_us);
        break;
    case STORM_CUT_ENDS:
        network_heal(sim);
        sim->census->counts[CENSUS_HEALS]++;
        break;
    case STORM_RESET:
        reset_a_link(sim);
        plan_storm(sim, STORM_RESET, weather->reset_every_us);
        break;
    case STORM_CRASH:
        crash(sim);
        plan_storm(sim, STORM_CRASH, weather->crash_every_us);
        break;
    case STORM_SPACE_LOW:
        space_low(sim);
        plan_storm(sim, STORM_SPACE_LOW, weather->space_low_every_us);
        break;
    case STORM_SPACE_BACK:
        for (uint32_t i = 0; i < sim->machine_count; i++) {
            sim->machines[i].space_low = false;
        }
        break;
    case STORM_CLOCK_JUMP:
        jump_a_clock(sim);
        plan_storm(sim, STORM_CLOCK_JUMP, weather->clock_jump_every_us);
        break;
    }
}
