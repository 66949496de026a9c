#include "policy.h"

#include "sim.h"
#include "visits.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BRANCHES = 11, /* beside the office; stores are dealt out to them, busiest first */
    DAY_MS = 86400000,
    DAYS_MAX = 1000,
    OUTAGE_PERMYRIAD = 300, /* of branch-days start one */
    OUTAGE_DAYS_MAX = 3,
    WAVE_MAX = 24, /* visits of different cards that go on at the same time */
    TOPUP = 100000,
    SCALE = 7, /* cents of a grocery's sampled baskets, as fen of a shop with cards */
    TILL = 1,
    PRODUCT = 1,
    STEP_US = 20000,
    ANSWER_US = 3000000,
    QUIET_US = 600000, /* after each wave: what was decided goes round, surplus is moved */
    DAWN_US = 2500000, /* after links were cut or mended */
};

struct policy {
    const char *name;
    const char *meaning;
    int mode;
    bool vault;
    bool exact;
};

static const struct policy policies[] = {
    {"none", "rights stay; a pull brings what the sale lacks", SPREAD_OFF, false, true},
    {"pull", "a pull brings half of what the holder has", SPREAD_OFF, false, false},
    {"shares-no-vault", "home, second branch 25 %", SPREAD_SHARES, false, false},
    {"shares", "home, second branch 25 %, vault 15 %", SPREAD_SHARES, true, false},
    {"visits-no-vault", "by visits", SPREAD_VISITS, false, false},
    {"visits", "by visits, vault 15 % (the default)", SPREAD_VISITS, true, false},
};

enum { POLICIES = sizeof policies / sizeof policies[0] };

struct card {
    uint8_t number[CARD_NUMBER_SIZE];
    bool issued;
    int64_t balance; /* the measurement's own book */
    uint32_t home;   /* machine of its first visit */
};

struct tally {
    uint64_t visits[2]; /* that the member could afford: at branches on line, cut off */
    uint64_t refused[2];
    uint64_t sales;
    uint64_t topups;
    uint64_t unanswered;
    int64_t overspent;
    uint64_t pulls;
    uint64_t spreads;
};

struct measurement {
    const struct policy *policy;
    const struct visits *visits;
    uint64_t seed;
    struct sim *sim;
    struct census *census;
    struct card *cards;
    bool (*off)[BRANCHES]; /* by day */
    struct tally tally;
    struct random_stream random;
};

static uint32_t machine_of(const struct one_visit *visit)
{
    return 1 + visit->store % BRANCHES;
}

/* 3 % of branch-days start an outage of one to three days; one that runs starts no other. */
static void draw_outages(struct measurement *measurement)
{
    struct random_stream random = random_stream_of(measurement->seed, 31);
    uint32_t days = measurement->visits->day_count;
    measurement->off = calloc(days + OUTAGE_DAYS_MAX, sizeof *measurement->off);
    if (measurement->off == NULL) {
        abort();
    }
    for (uint32_t branch = 0; branch < BRANCHES; branch++) {
        for (uint32_t day = 0; day < days; day++) {
            if (!random_chance(&random, OUTAGE_PERMYRIAD)) {
                continue;
            }
            uint64_t last = day + random_between(&random, 1, OUTAGE_DAYS_MAX) - 1;
            for (; day <= last; day++) {
                measurement->off[day][branch] = true;
            }
            day--;
        }
    }
}

/* ---- a chain ---- */

static bool run_until_in(struct sim *sim)
{
    for (int i = 0; i < 2000 && sim->findings == 0; i++) {
        bool all = true;
        for (uint32_t k = 0; k < sim->machine_count; k++) {
            all = all && sim->machines[k].joining == JOINING_DONE;
        }
        if (all) {
            return true;
        }
        sim_run(sim, sim->now_us + 50000);
    }
    return false;
}

static void found(struct measurement *measurement)
{
    struct sim_options options = {.seed = measurement->seed * 16 + 1, /* no real signatures */
                                  .weather = weather_calm(),
                                  .topology = TOPOLOGY_MESH,
                                  .step_count = 1,
                                  .steps = {{.amount = 30000, .bonus = 6000}},
                                  .spread = spread_defaults(),
                                  .pull_exact = measurement->policy->exact};
    options.spread.mode = measurement->policy->mode;
    options.spread.vault_percent = measurement->policy->vault ? options.spread.vault_percent : 0;
    measurement->sim = sim_new(&options, measurement->census);
    for (uint32_t i = 0; i < BRANCHES; i++) {
        (void)sim_add_branch(measurement->sim, false);
    }
    if (!run_until_in(measurement->sim)) {
        sim_finding(measurement->sim, "L8", "a branch could not join");
    }
    /* Until each has heard of all the others, and all are connected. */
    sim_run(measurement->sim, measurement->sim->now_us + 2 * (uint64_t)DAWN_US);
}

static struct pending *ask(struct measurement *measurement, uint32_t machine,
                           struct request *request)
{
    request->till = TILL;
    random_fill(&measurement->random, request->ticket.bytes, sizeof request->ticket.bytes);
    return reception_send(&measurement->sim->machines[machine], request, TILL_NONE, MEANING_PLAIN);
}

static void wait_for(struct measurement *measurement, struct pending *const *pending, size_t count)
{
    struct sim *sim = measurement->sim;
    uint64_t until_us = sim->now_us + ANSWER_US;
    bool waiting = true;
    while (waiting && sim->now_us < until_us && sim->findings == 0) {
        waiting = false;
        for (size_t i = 0; i < count; i++) {
            waiting = waiting || (pending[i] != NULL && !pending[i]->done);
        }
        if (waiting) {
            sim_run(sim, sim->now_us + STEP_US);
        }
    }
}

static bool was_allowed(const struct pending *pending)
{
    return pending != NULL && pending->done && !pending->lost && !pending->answer.unknown &&
           pending->answer.verdict == VERDICT_ALLOWED;
}

/* Every member has a card of the branch of the first visit before the year begins, and every branch
 * knows it: what is measured is the money. */
static void issue_cards(struct measurement *measurement)
{
    const struct visits *visits = measurement->visits;
    uint32_t at = 0;
    for (size_t i = visits->count; i-- > 0;) {
        measurement->cards[visits->list[i].card].home = machine_of(&visits->list[i]);
    }
    while (at < visits->card_count && measurement->sim->findings == 0) {
        struct pending *pending[WAVE_MAX] = {NULL};
        uint32_t count = visits->card_count - at < WAVE_MAX ? visits->card_count - at : WAVE_MAX;
        for (uint32_t i = 0; i < count; i++) {
            struct request enrol = {.kind = COMMAND_ENROL};
            enrol.body.enrol.field_count = 1;
            enrol.body.enrol.fields[0] =
                (struct member_text){.field = FIELD_NAME, .text = bytes_of("Canary", 6)};
            pending[i] = ask(measurement, measurement->cards[at + i].home, &enrol);
        }
        wait_for(measurement, pending, count);
        for (uint32_t i = 0; i < count; i++) {
            struct request issue = {.kind = COMMAND_ISSUE_CARD};
            if (was_allowed(pending[i])) {
                issue.body.issue.member = pending[i]->answer.member;
            }
            issue.body.issue.product = PRODUCT;
            issue.body.issue.form = CARD_PLASTIC;
            pending[i] = ask(measurement, measurement->cards[at + i].home, &issue);
        }
        wait_for(measurement, pending, count);
        for (uint32_t i = 0; i < count; i++) {
            struct card *card = &measurement->cards[at + i];
            card->issued = was_allowed(pending[i]);
            if (card->issued) {
                memcpy(card->number, pending[i]->answer.card, sizeof card->number);
            } else {
                sim_finding(measurement->sim, "policy", "a card was not issued");
            }
        }
        at += count;
    }
    sim_run(measurement->sim, measurement->sim->now_us + 3 * (uint64_t)DAWN_US);
}

/* ---- days ---- */

static void set_day(struct measurement *measurement, uint32_t day)
{
    struct sim *sim = measurement->sim;
    bool changed = false;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        sim->machines[i].clock =
            (struct world_clock){.base_us = sim->now_us,
                                 .base_ms = SIM_WALL_START_MS + (int64_t)(day + 1) * DAY_MS,
                                 .rate_ppm = 1000000};
    }
    for (uint32_t branch = 0; branch < BRANCHES; branch++) {
        bool off = measurement->off[day][branch];
        bool was = day > 0 && measurement->off[day - 1][branch];
        changed = changed || off != was;
        if (was && !off) {
            network_rejoin(sim, branch + 1);
        }
    }
    /* Who came back may have been cut off from one that is still away. */
    for (uint32_t branch = 0; branch < BRANCHES; branch++) {
        for (uint32_t other = 0; other < sim->machine_count; other++) {
            if (measurement->off[day][branch] && other != branch + 1) {
                network_cut(sim, branch + 1, other, true);
                network_cut(sim, other, branch + 1, true);
            }
        }
    }
    sim_run(sim, sim->now_us + (changed ? (uint64_t)DAWN_US : QUIET_US));
}

/* ---- visits ---- */

struct going_on {
    const struct one_visit *visit;
    int64_t amount;
    bool affordable; /* before any top-up */
    struct pending *topup;
    struct pending *sale;
};

/* Who cannot pay tops up first, there and then. */
static void top_up(struct measurement *measurement, struct going_on *visit)
{
    struct card *card = &measurement->cards[visit->visit->card];
    visit->affordable = card->balance >= visit->amount;
    if (visit->affordable) {
        return;
    }
    int64_t missing = visit->amount - card->balance;
    struct request request = {.kind = COMMAND_TOP_UP};
    request.body.top_up.account.card = BYTES_OF(card->number);
    request.body.top_up.amount = (missing + TOPUP - 1) / TOPUP * TOPUP;
    request.body.top_up.tender = TENDER_MOBILE;
    visit->topup = ask(measurement, machine_of(visit->visit), &request);
}

static void sell(struct measurement *measurement, struct going_on *visit)
{
    struct card *card = &measurement->cards[visit->visit->card];
    if (was_allowed(visit->topup)) {
        card->balance += visit->topup->answer.principal + visit->topup->answer.bonus;
        measurement->tally.topups++;
    }
    struct request request = {.kind = COMMAND_SPEND};
    request.body.spend.account.card = BYTES_OF(card->number);
    request.body.spend.amount = visit->amount;
    visit->sale = ask(measurement, machine_of(visit->visit), &request);
}

static void judge(struct measurement *measurement, const struct going_on *visit)
{
    struct tally *tally = &measurement->tally;
    struct card *card = &measurement->cards[visit->visit->card];
    bool off = measurement->off[visit->visit->day][machine_of(visit->visit) - 1];
    bool sold = was_allowed(visit->sale);
    bool answered = visit->sale != NULL && visit->sale->done && !visit->sale->lost;
    tally->unanswered += answered ? 0 : 1;
    tally->visits[off] += visit->affordable ? 1 : 0;
    tally->refused[off] += visit->affordable && !sold ? 1 : 0;
    if (sold) {
        card->balance -= visit->amount;
        tally->sales++;
        tally->overspent += card->balance < 0 ? -card->balance : 0;
    }
}

static void carry_out(struct measurement *measurement, struct going_on *wave, size_t count)
{
    struct pending *pending[WAVE_MAX];
    for (size_t i = 0; i < count; i++) {
        top_up(measurement, &wave[i]);
        pending[i] = wave[i].topup;
    }
    wait_for(measurement, pending, count);
    for (size_t i = 0; i < count; i++) {
        sell(measurement, &wave[i]);
        pending[i] = wave[i].sale;
    }
    wait_for(measurement, pending, count);
    for (size_t i = 0; i < count; i++) {
        judge(measurement, &wave[i]);
    }
    sim_run(measurement->sim, measurement->sim->now_us + QUIET_US);
}

static bool card_is_in(const struct going_on *wave, size_t count, uint32_t card)
{
    for (size_t i = 0; i < count; i++) {
        if (wave[i].visit->card == card) {
            return true;
        }
    }
    return false;
}

static void replay(struct measurement *measurement)
{
    const struct visits *visits = measurement->visits;
    uint32_t day = UINT32_MAX;
    size_t at = 0;
    while (at < visits->count && measurement->sim->findings == 0) {
        if (visits->list[at].day != day) {
            day = visits->list[at].day;
            set_day(measurement, day);
        }
        struct going_on wave[WAVE_MAX];
        size_t count = 0;
        while (at < visits->count && count < WAVE_MAX && visits->list[at].day == day &&
               !card_is_in(wave, count, visits->list[at].card)) {
            wave[count++] = (struct going_on){.visit = &visits->list[at],
                                              .amount = visits->list[at].amount * SCALE};
            at++;
        }
        carry_out(measurement, wave, count);
    }
}

/* ---- the table ---- */

static double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}

static void print_head(void)
{
    printf("%-16s %-46s %19s %19s %9s %9s %8s %8s\n", "policy", "", "refused, cut off",
           "refused, on line", "overspent", "sales", "pulls", "spread");
}

static void print_row(const struct policy *policy, const struct tally *tally)
{
    printf("%-16s %-46s %6llu/%-5llu %5.1f%% %6llu/%-5llu %4.2f%% %9.2f %9llu %8.3f %8.3f\n",
           policy->name, policy->meaning, (unsigned long long)tally->refused[1],
           (unsigned long long)tally->visits[1], percent(tally->refused[1], tally->visits[1]),
           (unsigned long long)tally->refused[0], (unsigned long long)tally->visits[0],
           percent(tally->refused[0], tally->visits[0]), (double)tally->overspent / 100.0,
           (unsigned long long)tally->sales, (double)tally->pulls / (double)(tally->sales + 1),
           (double)tally->spreads / (double)(tally->sales + 1));
}

static bool measure(const struct policy *policy, const struct visits *visits, uint64_t seed,
                    struct tally *tally)
{
    struct measurement measurement = {.policy = policy,
                                      .visits = visits,
                                      .seed = seed,
                                      .random = random_stream_of(seed, 33),
                                      .census = calloc(1, sizeof *measurement.census),
                                      .cards = calloc(visits->card_count, sizeof(struct card))};
    if (measurement.census == NULL || measurement.cards == NULL) {
        abort();
    }
    draw_outages(&measurement);
    found(&measurement);
    issue_cards(&measurement);
    replay(&measurement);
    *tally = measurement.tally;
    tally->spreads = measurement.census->counts[CENSUS_SPREADS];
    tally->pulls = measurement.census->counts[CENSUS_PULLS];
    bool good = measurement.sim->findings == 0 && tally->overspent == 0;
    if (tally->unanswered > 0) {
        printf("%s: %llu sales had no answer\n", policy->name,
               (unsigned long long)tally->unanswered);
    }
    sim_free(measurement.sim);
    free(measurement.census);
    free(measurement.cards);
    free(measurement.off);
    return good;
}

static int policy_usage(void)
{
    (void)fprintf(
        stderr, "usage: tally-sim --policy NAME|all [--data FILE | --generate N] [--seed S]\n"
                "                 [--every N]\n"
                "Replays the visits of a file of baskets (or N drawn ones) against real nodes in\n"
                "virtual time, with outages laid over them, and prints what was refused. Only one\n"
                "card in N (default 3) is taken, with all its visits.\n"
                "Policies:\n");
    for (size_t i = 0; i < POLICIES; i++) {
        (void)fprintf(stderr, "  %-16s %s\n", policies[i].name, policies[i].meaning);
    }
    return 2;
}

struct policy_options {
    const char *policy;
    const char *data;
    size_t generate;
    size_t every;
    uint64_t seed;
};

static bool read_options(int argc, char **argv, struct policy_options *options)
{
    static const struct option known[] = {
        {"policy", required_argument, NULL, 'p'},   {"data", required_argument, NULL, 'd'},
        {"generate", required_argument, NULL, 'g'}, {"seed", required_argument, NULL, 's'},
        {"every", required_argument, NULL, 'e'},    {NULL, 0, NULL, 0},
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'p':
            options->policy = optarg;
            break;
        case 'd':
            options->data = optarg;
            break;
        case 'g':
            options->generate = strtoull(optarg, NULL, 10);
            break;
        case 's':
            options->seed = strtoull(optarg, NULL, 10);
            break;
        case 'e':
            options->every = strtoull(optarg, NULL, 10);
            break;
        default:
            return false;
        }
    }
    return optind == argc && options->policy != NULL && options->every >= 1 &&
           options->generate <= 10000000;
}

enum { DRAWN_DEFAULT = 60000, EVERY_DEFAULT = 3 };

static void load_visits(const struct policy_options *options, struct visits *visits)
{
    char why[512];
    const char *path =
        options->data == NULL ? "../shared/data/completejourney/baskets.csv" : options->data;
    if (options->generate == 0 && visits_read(path, visits, why, sizeof why)) {
        printf("real visits: %s\n", path);
    } else {
        if (options->generate == 0) {
            printf("NO REAL VISITS: %s. The visits below are drawn by a generator.\n", why);
        }
        visits_draw(options->seed,
                    options->generate == 0 ? (size_t)DRAWN_DEFAULT : options->generate, visits);
        printf("drawn visits, seed %llu\n", (unsigned long long)options->seed);
    }
    visits_thin(visits, (uint32_t)options->every);
}

int policy_main(int argc, char **argv)
{
    struct policy_options options = {.seed = 1, .every = EVERY_DEFAULT};
    if (!read_options(argc, argv, &options)) {
        return policy_usage();
    }
    struct visits visits;
    load_visits(&options, &visits);
    printf("%zu visits of %u cards in %u days; %u stores dealt out to %d branches and an office "
           "that is never cut off;\n3 %% of branch-days start an outage of one to three days (seed "
           "%llu); amounts times %d, top-ups of %d.00\nwhere the member stands when the balance "
           "does not reach. Refused: of sales that the member could afford.\n\n",
           visits.count, visits.card_count, visits.day_count, visits.store_count, BRANCHES,
           (unsigned long long)options.seed, SCALE, TOPUP / 100);
    print_head();
    bool good = true;
    size_t measured = 0;
    for (size_t i = 0; i < POLICIES; i++) {
        if (strcmp(options.policy, "all") != 0 && strcmp(options.policy, policies[i].name) != 0) {
            continue;
        }
        struct tally tally;
        good = measure(&policies[i], &visits, options.seed, &tally) && good;
        print_row(&policies[i], &tally);
        measured++;
    }
    visits_free(&visits);
    return measured == 0 ? policy_usage() : good ? 0 : 1;
}
