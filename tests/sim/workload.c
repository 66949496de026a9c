#include "workload.h"

#include "errand.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILLS_MAX = 64,
    REPLY_WAIT_LOW_US = 1500000,
    REPLY_WAIT_HIGH_US = 5000000,
};

enum till_phase {
    TILL_IDLE,
    TILL_WAITS,   /* for a definite answer */
    TILL_REPEATS, /* has one, and asks once more */
};

struct till {
    uint32_t machine;
    bool closed; /* its branch was retired */
    enum till_phase phase;
    uint64_t version;            /* plans of an earlier version are void */
    struct random_stream pace;   /* when it begins its errands */
    struct random_stream random; /* of the errand at hand: the same whatever others do */
    uint64_t errand_number;
    struct errand errand;
    struct page *page;
};

struct workload {
    struct random_stream random;
    bool working;
    uint64_t think_us;
    uint32_t till_count;
    struct till tills[TILLS_MAX];
    bool staffed[SIM_MACHINES_MAX];
    struct errands errands;
};

struct workload *workload_new(uint64_t seed)
{
    struct workload *workload = calloc(1, sizeof *workload);
    if (workload == NULL) {
        abort();
    }
    workload->random = random_stream_of(seed, 7);
    workload->think_us = random_magnitude(&workload->random, 40, 1200) * 1000;
    errands_start(&workload->errands, &workload->random);
    return workload;
}

void workload_free(struct workload *workload)
{
    for (uint32_t i = 0; i < workload->till_count; i++) {
        free(workload->tills[i].page);
    }
    free(workload);
}

uint32_t workload_account_count(const struct sim *sim)
{
    return sim->workload->errands.account_count;
}

const struct known_account *workload_account(const struct sim *sim, uint32_t i)
{
    return &sim->workload->errands.accounts[i];
}

uint32_t workload_sale_count(const struct sim *sim)
{
    uint32_t count = sim->workload->errands.sale_count;
    return count < ERRAND_SALES_MAX ? count : ERRAND_SALES_MAX;
}

struct event_ref workload_sale(const struct sim *sim, uint32_t i)
{
    return sim->workload->errands.sales[i].sale;
}

static void plan_till(struct sim *sim, uint32_t index, uint64_t delay_us)
{
    struct till *till = &sim->workload->tills[index];
    agenda_plan(&sim->agenda, (struct happening){.at_us = sim->now_us + delay_us,
                                                 .kind = HAPPENING_TILL,
                                                 .number = index,
                                                 .token = till->version});
}

static void plan_next(struct sim *sim, uint32_t index)
{
    struct workload *workload = sim->workload;
    struct till *till = &workload->tills[index];
    till->phase = TILL_IDLE;
    till->version++;
    if (!sim->schedule.given && !till->closed) {
        plan_till(sim, index, random_between(&till->pace, 1000, workload->think_us * 2));
    }
}

static void add_till(struct sim *sim, uint32_t machine)
{
    struct workload *workload = sim->workload;
    if (workload->till_count == TILLS_MAX) {
        return;
    }
    uint32_t index = workload->till_count++;
    struct till *till = &workload->tills[index];
    till->machine = machine;
    till->pace = random_stream_of(sim->seed, 1000 + index);
    till->page = malloc(sizeof *till->page);
    if (till->page == NULL) {
        abort();
    }
    plan_next(sim, index);
}

void workload_start(struct sim *sim)
{
    struct workload *workload = sim->workload;
    workload->working = true;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (workload->staffed[i] || sim->machines[i].joining != JOINING_DONE ||
            sim->machines[i].hostile) {
            continue;
        }
        workload->staffed[i] = true;
        uint64_t count = random_between(&workload->random, 1, 3);
        for (uint64_t k = 0; k < count; k++) {
            add_till(sim, i);
        }
    }
    for (uint32_t i = 0; i < workload->till_count; i++) {
        if (workload->tills[i].phase == TILL_IDLE) {
            plan_next(sim, i);
        }
    }
}

void workload_close(struct sim *sim, uint32_t machine)
{
    for (uint32_t i = 0; i < sim->workload->till_count; i++) {
        struct till *till = &sim->workload->tills[i];
        if (till->machine == machine && !till->closed) {
            till->closed = true;
            till->phase = TILL_IDLE;
            till->version++;
        }
    }
}

void workload_stop(struct sim *sim)
{
    sim->workload->working = false;
}

bool workload_is_done(const struct sim *sim)
{
    for (uint32_t i = 0; i < sim->workload->till_count; i++) {
        if (sim->workload->tills[i].phase != TILL_IDLE) {
            return false;
        }
    }
    return reception_is_quiet(sim);
}

static void send_errand(struct sim *sim, uint32_t index)
{
    struct till *till = &sim->workload->tills[index];
    struct world *machine = &sim->machines[till->machine];
    till->phase = TILL_WAITS;
    till->version++;
    uint64_t version = till->version;
    if (!machine->running) {
        plan_till(sim, index, random_between(&till->random, 100000, 1000000));
        return;
    }
    plan_till(sim, index, random_between(&till->random, REPLY_WAIT_LOW_US, REPLY_WAIT_HIGH_US));
    bool twice = random_chance(&till->random, 500);
    (void)reception_send(machine, &till->errand.request, index, MEANING_PLAIN);
    if (twice && till->version == version && machine->running) {
        sim->census->counts[CENSUS_PARALLEL_DOUBLES]++;
        (void)reception_send(machine, &till->errand.request, index, MEANING_PLAIN);
    }
}

static void repeat_errand(struct sim *sim, uint32_t index)
{
    struct till *till = &sim->workload->tills[index];
    struct world *machine = &sim->machines[till->machine];
    if (machine->running) {
        if (random_chance(&till->random, 3000) && errand_change(&till->errand)) {
            sim->census->counts[CENSUS_OTHER_BODY]++;
            (void)reception_send(machine, &till->errand.request, index, MEANING_OTHER_BODY);
        } else {
            (void)reception_send(machine, &till->errand.request, index, MEANING_PLAIN);
        }
    }
    plan_next(sim, index);
}

static const char *kind_name(enum command_kind kind)
{
    switch ((int)kind) {
    case COMMAND_ENROL:
        return "enrol a member";
    case COMMAND_ISSUE_CARD:
        return "issue a card";
    case COMMAND_TOP_UP:
        return "top up";
    case COMMAND_SPEND:
        return "spend";
    case COMMAND_HOLD:
        return "hold";
    case COMMAND_CAPTURE:
        return "capture";
    case COMMAND_RELEASE:
        return "release";
    case COMMAND_REFUND:
        return "refund";
    case COMMAND_FREEZE:
        return "freeze";
    case COMMAND_UNFREEZE:
        return "unfreeze";
    case COMMAND_MOVE:
        return "move rights";
    case COMMAND_PUBLISH_PRODUCT:
        return "publish a product";
    default:
        return "command";
    }
}

/* For the list of what happened. */
static void narrate_errand(struct sim *sim, uint32_t index)
{
    const struct till *till = &sim->workload->tills[index];
    const struct request *request = &till->errand.request;
    struct world *machine = &sim->machines[till->machine];
    const struct asked *asked = reception_asked(sim, machine, request->till, &request->ticket);
    printf("%3u. %8.3f s  till %u at machine %u: %s (%d), %lld\n", ++sim->narrated,
           (double)sim->now_us / 1e6, index, till->machine, kind_name(request->kind),
           (int)request->kind, asked == NULL ? 0LL : (long long)asked->amount);
}

static void begin_errand(struct sim *sim, uint32_t index, uint64_t number)
{
    struct workload *workload = sim->workload;
    struct till *till = &workload->tills[index];
    struct world *machine = &sim->machines[till->machine];
    till->random = random_stream_of(sim->seed, number * 100000 + 2000 + index);
    workload->errands.random = &till->random;
    schedule_note(sim, (struct step){.kind = STEP_ASK, .a = index, .n = number});
    if (random_chance(&till->random, 1200)) {
        struct request query = errand_query(machine, &workload->errands, till->page);
        plan_next(sim, index);
        /* Its page is this till's: it does nothing else until the answer is here. */
        till->phase = TILL_WAITS;
        till->version++;
        till->errand.is_query = true;
        if (reception_send(machine, &query, index, MEANING_PLAIN) == NULL) {
            plan_next(sim, index);
        }
        return;
    }
    till->errand = errand_draw(machine, &workload->errands, index);
    errand_settle(&till->errand);
    send_errand(sim, index);
    if (sim->narrate) {
        narrate_errand(sim, index);
    }
}

bool workload_ask(struct sim *sim, uint32_t till_index, uint64_t number)
{
    struct workload *workload = sim->workload;
    if (till_index >= workload->till_count) {
        return true;
    }
    const struct till *till = &workload->tills[till_index];
    if (till->phase != TILL_IDLE || !sim_is_awake(&sim->machines[till->machine])) {
        return false;
    }
    begin_errand(sim, till_index, number);
    return true;
}

void workload_till(struct sim *sim, uint32_t till_index, uint64_t version)
{
    struct till *till = &sim->workload->tills[till_index];
    if (version != till->version) {
        return;
    }
    switch (till->phase) {
    case TILL_IDLE:
        if (!sim->workload->working) {
            break;
        }
        if (sim_is_awake(&sim->machines[till->machine])) {
            begin_errand(sim, till_index, ++till->errand_number);
        } else {
            plan_next(sim, till_index);
        }
        break;
    case TILL_WAITS:
        sim->census->counts[CENSUS_TILL_TIMEOUTS]++;
        send_errand(sim, till_index);
        break;
    case TILL_REPEATS:
        repeat_errand(sim, till_index);
        break;
    }
}

static void hear_definite(struct sim *sim, uint32_t index, const struct pending *pending)
{
    struct workload *workload = sim->workload;
    struct till *till = &workload->tills[index];
    errand_learn(&sim->machines[till->machine], &workload->errands, &till->errand,
                 &pending->answer);
    if (random_chance(&till->random, 1500)) {
        till->phase = TILL_REPEATS;
        till->version++;
        plan_till(sim, index, random_magnitude(&till->random, 1000, 4000000));
    } else {
        plan_next(sim, index);
    }
}

void workload_heard(struct sim *sim, struct pending *pending)
{
    struct workload *workload = sim->workload;
    if (pending->till == TILL_NONE) {
        return;
    }
    struct till *till = &workload->tills[pending->till];
    if (!pending->lost && pending->answer.verdict == REFUSED_RETIRED) {
        workload_close(sim, till->machine);
    }
    if (till->phase != TILL_WAITS) {
        return;
    }
    if (command_is_query(pending->kind)) {
        if (till->errand.is_query) {
            if (!pending->lost) {
                errand_check_query(&sim->machines[till->machine], &pending->answer);
            }
            plan_next(sim, pending->till);
        }
        return;
    }
    if (till->errand.is_query || pending->asked == NULL ||
        !ticket_equal(&pending->asked->ticket, &till->errand.request.ticket)) {
        return;
    }
    if (!pending->lost && pending->answer.verdict == REFUSED_READ_ONLY &&
        sim->machines[till->machine].may_be_read_only) {
        plan_next(sim, pending->till); /* this node sells nothing any more: the till gives up */
        return;
    }
    if (!pending->lost && !pending->answer.unknown && verdict_is_stored(pending->answer.verdict)) {
        hear_definite(sim, pending->till, pending);
        return;
    }
    till->version++;
    plan_till(sim, pending->till, random_between(&till->random, 50000, 800000));
}
