#include "run.h"

#include "auditor.h"
#include "hostile.h"
#include "inspection.h"
#include "sim.h"
#include "storm.h"
#include "workload.h"

#include <string.h>

enum {
    STEP_US = 50000,
    JOIN_MAX_US = 60000000,  /* all branches must be in by then, without faults */
    CALM_MAX_US = 120000000, /* after heal all is level by then (L1) */
};

static void count_shape(struct sim *sim)
{
    sim->census->counts[CENSUS_ED25519_SEEDS] += sim->ed25519 ? 1 : 0;
    sim->census->counts[CENSUS_HOSTILE_SEEDS] += sim->hostile != NULL ? 1 : 0;
    switch (sim->network.topology) {
    case TOPOLOGY_MESH:
        sim->census->counts[CENSUS_MESH]++;
        break;
    case TOPOLOGY_STAR:
        sim->census->counts[CENSUS_STAR]++;
        break;
    case TOPOLOGY_LINE:
        sim->census->counts[CENSUS_LINE]++;
        break;
    }
}

static bool all_joined(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i].joining != JOINING_DONE) {
            return false;
        }
    }
    return true;
}

static void wait_for_joins(struct sim *sim)
{
    uint64_t deadline = sim->now_us + JOIN_MAX_US;
    while (!all_joined(sim) && sim->now_us < deadline && sim->findings == 0) {
        sim_run(sim, sim->now_us + STEP_US);
    }
    if (!all_joined(sim) && sim->findings == 0) {
        sim_finding(sim, "L8", "a machine could not join within %d s", JOIN_MAX_US / 1000000);
    }
}

/* Which machine lacks what, for the finding. */
static void tell_gaps(struct sim *sim)
{
    const struct book *book = auditor_book(sim);
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        for (uint32_t k = 0; k < book->journals.count && !machine->hostile; k++) {
            const struct book_journal *journal = map_at(&book->journals, k);
            uint64_t here = auditor_durable(machine, journal->journal);
            if (here != journal->seq) {
                printf("  machine %u (running %d) has %llu of %llu blocks of journal %llx\n", i,
                       machine->running, (unsigned long long)here, (unsigned long long)journal->seq,
                       (unsigned long long)journal->journal);
            }
        }
    }
}

static void calm(struct sim *sim)
{
    workload_stop(sim);
    sim_heal(sim);
    uint64_t deadline = sim->now_us + CALM_MAX_US;
    bool level = false;
    while (!level && sim->now_us < deadline && sim->findings == 0) {
        sim_run(sim, sim->now_us + STEP_US);
        level = all_joined(sim) && workload_is_done(sim) && inspection_is_level(sim);
    }
    if (sim->findings > 0) {
        return;
    }
    if (!level) {
        sim_finding(sim, "L1", "not level %d s after all was whole again (tills done: %d)",
                    CALM_MAX_US / 1000000, workload_is_done(sim));
        tell_gaps(sim);
        return;
    }
    inspection_run(sim);
}

static void storm(struct sim *sim, const struct weather *weather, uint64_t for_us, bool join_late)
{
    sim->weather = *weather;
    workload_start(sim);
    storm_start(sim);
    if (sim->hostile != NULL) {
        hostile_begin(&sim->machines[sim->machine_count - 1]);
    }
    uint64_t end_us = sim->now_us + for_us;
    if (join_late && sim->hostile == NULL) {
        sim_run(sim, sim->now_us + for_us / 2);
        if (sim->findings == 0 && sim_add_branch(sim, false) != NULL) {
            sim->census->counts[CENSUS_LATE_JOINS]++;
        }
    }
    sim_run(sim, end_us);
}

/* A machine that was never there before has to come to the same state from the journals alone. */
static void observe(struct sim *sim)
{
    if (sim->hostile != NULL && sim->machine_count > 0) {
        /* It would have to dial the hostile machine, which does not listen: it need not. */
    }
    if (sim_add_branch(sim, false) == NULL) {
        return;
    }
    sim->census->counts[CENSUS_OBSERVERS]++;
    wait_for_joins(sim);
    calm(sim);
}

static struct sim_options draw_options(uint64_t seed, bool loud, struct random_stream *random)
{
    struct sim_options options = {.seed = seed, .loud = loud, .weather = weather_of(seed)};
    options.topology = (enum topology)random_below(random, 3);
    options.step_count = (uint8_t)random_below(random, 3);
    options.steps[0] = (struct bonus_step){.amount = 10000, .bonus = 1000};
    options.steps[1] = (struct bonus_step){.amount = 30000, .bonus = 6000};
    return options;
}

static void run_phases(struct sim *sim, const struct weather *weather, struct random_stream *random,
                       bool long_run)
{
    uint64_t storms = long_run ? 4 : random_between(random, 1, 2);
    for (uint64_t i = 0; i < storms && sim->findings == 0; i++) {
        uint64_t for_us = random_between(random, 6, 20) * 1000000 * (long_run ? 15 : 1);
        storm(sim, weather, for_us, random_chance(random, 2000));
        if (sim->findings == 0) {
            calm(sim);
        }
    }
    if (sim->findings == 0 && random_chance(random, 3000)) {
        inspection_restart_all(sim);
        calm(sim);
    }
    if (sim->findings == 0 && random_chance(random, 3000)) {
        observe(sim);
    }
}

struct run_result run_seed(uint64_t seed, bool long_run, bool loud, struct census *census)
{
    struct random_stream random = random_stream_of(seed, 9);
    struct sim_options options = draw_options(seed, loud, &random);
    struct weather weather = options.weather;
    uint64_t branches = random_between(&random, 2, long_run ? 7 : 5);
    bool hostile = random_chance(&random, 2500);
    struct weather quiet = weather_calm();
    quiet.clock_offset_ms = weather.clock_offset_ms;
    quiet.clock_drift_ppm = weather.clock_drift_ppm;
    options.weather = quiet;
    struct sim *sim = sim_new(&options, census);
    for (uint64_t i = 0; i < branches && sim->findings == 0; i++) {
        (void)sim_add_branch(sim, false);
    }
    wait_for_joins(sim);
    if (hostile && sim->findings == 0) {
        (void)sim_add_branch(sim, true);
        wait_for_joins(sim);
    }
    count_shape(sim);
    if (sim->findings == 0) {
        run_phases(sim, &weather, &random, long_run);
    }
    struct run_result result = {.findings = sim->findings,
                                .trace = sim->trace,
                                .steps = sim->steps,
                                .virtual_ms = sim_ms(sim)};
    sim_free(sim);
    return result;
}
