#include "run.h"

#include "auditor.h"
#include "book_risk.h"
#include "double.h"
#include "expiry_watch.h"
#include "foresight.h"
#include "hostile.h"
#include "inspection.h"
#include "plan.h"
#include "sim.h"
#include "skew.h"
#include "storm.h"
#include "workload.h"
#include "writeoff.h"

#include <string.h>

enum {
    STEP_US = 50000,
    JOIN_MAX_US = 60000000,  /* all branches must be in by then, without faults */
    CALM_MAX_US = 120000000, /* after heal all is level by then (L1) */
    RESUME_US = 20000000,
    RESUME_TILL = 901, /* the manager's desk at the office */
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

static bool all_awake(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i].paused_until_us > sim->now_us) {
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

/* Every branch has said that it knows of every live freeze. */
static bool all_acknowledged(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        bool silent = machine->hostile || machine->may_be_read_only || machine->written_off.begun;
        if (!silent && !book_has_acknowledged(auditor_book_of(machine), machine->journal)) {
            return false;
        }
    }
    return true;
}

/* The branch has acknowledged what it knows to be settled. */
static bool has_acknowledged(struct world *machine)
{
    const struct book *book = auditor_book_of(machine);
    for (uint32_t i = 0; i < book->risks.count; i++) {
        const struct book_risk *risk = map_at(&book->risks, i);
        if (risk->sale.journal == machine->journal && risk->settled && !risk->acked) {
            return false;
        }
    }
    return true;
}

/* Every sale without cover that the office knows of was settled, and acknowledged by its branch. */
static bool all_settled(struct sim *sim)
{
    const struct book *book = auditor_book_of(&sim->machines[SIM_OFFICE]);
    for (uint32_t i = 0; i < book->risks.count; i++) {
        const struct book_risk *risk = map_at(&book->risks, i);
        if (!risk->settled) {
            return false;
        }
    }
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        bool writes =
            !machine->hostile && !machine->may_be_read_only && !machine->written_off.begun;
        if (writes && !has_acknowledged(machine)) {
            return false;
        }
    }
    return true;
}

/* No account owes while the office could have rights of it, from itself or from a branch that it
 * reaches. On a line it does not reach all; where a journal exists twice, what rests on its other
 * history cannot be had. */
static bool all_collected(struct sim *sim)
{
    const struct book *book = auditor_book_of(&sim->machines[SIM_OFFICE]);
    bool reached = sim->network.topology != TOPOLOGY_LINE && sim->doubling == NULL;
    for (uint32_t i = 0; i < book->accounts.count && reached; i++) {
        const struct book_account *record = map_at(&book->accounts, i);
        struct subject_id account;
        memcpy(account.bytes, record->id, sizeof account.bytes);
        if (book_owed(book, &account) == 0 || record->opened_by == 0 ||
            book_lots_of_account(book, &account) > SHEET_LOTS_MAX / 2) {
            continue;
        }
        const struct book_journal *office =
            book_journal_of(book, sim->machines[SIM_OFFICE].journal);
        for (uint32_t k = 0; k < sim->machine_count; k++) {
            const struct world *machine = &sim->machines[k];
            /* What a written-off journal still says it holds is the office's by now (L2). */
            if (!machine->hostile && !machine->written_off.begun &&
                book_sure_of_account(book, &account, machine->journal, (uint32_t)office->day) > 0) {
                return false;
            }
        }
    }
    return true;
}

/* In the end somebody at the office lets every suspended branch go on: else it waits for a lease,
 * and its tills for it. Asked for one that is not suspended it writes nothing. */
static void resume_all(struct sim *sim)
{
    struct world *office = &sim->machines[SIM_OFFICE];
    for (uint32_t i = 1; i < sim->machine_count; i++) {
        uint32_t branch = journal_branch(sim->machines[i].journal);
        struct request request = {.kind = COMMAND_SUSPEND,
                                  .till = RESUME_TILL,
                                  .body.suspend = {.branch = branch, .resume = true}};
        random_fill(&office->random, request.ticket.bytes, sizeof request.ticket.bytes);
        memcpy(request.request_hash, request.ticket.bytes, sizeof request.request_hash);
        if (branch != 0 && sim_is_awake(office)) {
            (void)reception_send(office, &request, TILL_NONE, MEANING_PLAIN);
        }
    }
}

static void calm(struct sim *sim)
{
    workload_stop(sim);
    writeoff_find_disks(sim);
    sim_heal(sim);
    skew_update_all(sim);
    uint64_t deadline = sim->now_us + CALM_MAX_US;
    bool level = false;
    bool settled = false;
    bool burned = false;
    uint64_t resume_us = sim->now_us + RESUME_US;
    while (!burned && sim->now_us < deadline && sim->findings == 0) {
        sim_run(sim, sim->now_us + STEP_US);
        if (sim->now_us >= resume_us) {
            resume_us += RESUME_US;
            resume_all(sim);
        }
        level = all_joined(sim) && all_awake(sim) && workload_is_done(sim) &&
                all_acknowledged(sim) && all_settled(sim) && all_collected(sim) &&
                inspection_is_level(sim) && !inspection_has_wishes(sim) && skew_is_level(sim);
        settled = level && writeoff_is_settled(sim);
        burned = settled && expiry_is_done(sim);
    }
    if (sim->findings > 0) {
        return;
    }
    if (level && !settled) {
        writeoff_tell_unsettled(sim);
        return;
    }
    if (settled && !burned) {
        expiry_tell(sim);
        return;
    }
    if (!level && sim->doubling != NULL) {
        double_tell(sim);
    }
    if (!level && sim->findings == 0 && inspection_is_level(sim) && inspection_has_wishes(sim)) {
        sim_finding(sim, "L11", "a request was not answered %d s after all was whole again",
                    CALM_MAX_US / 1000000);
    }
    if (!level && sim->findings == 0 && (!all_settled(sim) || !all_collected(sim))) {
        sim_finding(sim, "L4", "sales without cover: settled and acknowledged %d, collected %d",
                    all_settled(sim), all_collected(sim));
        return;
    }
    if (!level && sim->findings == 0 && inspection_is_level(sim) && !skew_is_level(sim)) {
        sim_finding(sim, "U1", "not every event that an older version kept was folded");
        return;
    }
    if (!level && sim->findings == 0) {
        sim_finding(sim, "L1",
                    "not level %d s after all was whole again (tills done: %d, freezes known: %d)",
                    CALM_MAX_US / 1000000, workload_is_done(sim), all_acknowledged(sim));
        tell_gaps(sim);
    }
    if (sim->findings > 0) {
        return;
    }
    if (sim->doubling != NULL) {
        double_check(sim);
    }
    inspection_run(sim);
    foresight_check(sim);
}

static void storm(struct sim *sim, const struct plan *plan, uint32_t number)
{
    uint64_t for_us = plan->storms[number].for_us;
    sim->weather = plan->weather;
    sim->storm_number = number;
    workload_start(sim);
    storm_start(sim);
    if (sim->hostile != NULL) {
        hostile_begin(&sim->machines[sim->machine_count - 1]);
    }
    uint64_t end_us = sim->now_us + for_us;
    if (plan->storms[number].join_late && sim->hostile == NULL) {
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

static void run_phases(struct sim *sim, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->storm_count && sim->findings == 0; i++) {
        storm(sim, plan, i);
        if (sim->findings == 0) {
            calm(sim);
        }
    }
    if (sim->findings == 0 && sim->doubling != NULL) {
        double_resolve(sim);
        if (sim->findings == 0) {
            calm(sim);
        }
    }
    if (sim->findings == 0 && plan->restart_all) {
        inspection_restart_all(sim);
        calm(sim);
    }
    if (sim->findings == 0 && plan->observe) {
        observe(sim);
    }
}

/* The office switches the risk allowance on, before anything is sold. */
static void set_risk(struct sim *sim, const struct plan *plan)
{
    if (plan->risk_branch == 0 || sim->findings > 0) {
        return;
    }
    struct request request = {
        .kind = COMMAND_SET_RISK,
        .till = 1,
        .body.risk = {.account = plan->risk_account, .branch = plan->risk_branch}};
    request.ticket.bytes[0] = 1;
    struct answer answer;
    if (!reception_ask(&sim->machines[SIM_OFFICE], &request, MEANING_PLAIN, &answer) ||
        answer.verdict != VERDICT_ALLOWED) {
        sim_finding(sim, "S4", "the allowance could not be set");
        return;
    }
    sim->risk_since = answer.event.seq;
    sim->census->counts[CENSUS_RISK_SEEDS]++;
}

static struct sim *found_chain(const struct plan *plan, const struct run_options *run,
                               struct census *census)
{
    struct sim_options options = {.seed = plan->seed,
                                  .loud = run->loud,
                                  .narrate = run->narrate,
                                  .weather = weather_calm(),
                                  .topology = plan->topology,
                                  .step_count = plan->bonus_count,
                                  .spread = plan->spread,

                                  .limits = plan->limits};
    memcpy(options.steps, plan->bonus, sizeof options.steps);
    options.weather.clock_offset_ms = plan->weather.clock_offset_ms;
    options.weather.clock_drift_ppm = plan->weather.clock_drift_ppm;
    options.weather.unknown_types = plan->weather.unknown_types;
    struct sim *sim = sim_new(&options, census);
    sim->schedule.log = run->log;
    sim->lying_disk = plan->lying_disk;
    if (plan->given) {
        schedule_give(&sim->schedule, plan->steps, plan->step_count);
    }
    for (uint32_t i = 0; i < plan->branches && sim->findings == 0; i++) {
        (void)sim_add_branch(sim, false);
    }
    wait_for_joins(sim);
    set_risk(sim, plan);
    if (plan->hostile && sim->findings == 0) {
        (void)sim_add_branch(sim, true);
        wait_for_joins(sim);
    }
    return sim;
}

struct run_result run_plan(const struct plan *plan, const struct run_options *options,
                           struct census *census)
{
    struct sim *sim = found_chain(plan, options, census);
    count_shape(sim);
    if (sim->findings == 0) {
        run_phases(sim, plan);
    }
    struct run_result result = {.findings = sim->findings,
                                .trace = sim->trace,
                                .steps = sim->steps,
                                .virtual_ms = sim_ms(sim),
                                .storm = sim->storm_number,
                                .storm_ms = (sim->now_us - sim->storm_start_us) / 1000};
    memcpy(result.invariant, sim->invariant, sizeof result.invariant);
    sim_free(sim);
    return result;
}

struct run_result run_seed(uint64_t seed, bool long_run, bool loud, struct census *census)
{
    struct plan plan = plan_of(seed, long_run);
    return run_plan(&plan, &(struct run_options){.loud = loud}, census);
}
