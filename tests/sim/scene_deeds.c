/* What people do in a story, and what befalls the machines. */
#include "scene.h"

#include "auditor.h"
#include "book_risk.h"
#include "expiry_watch.h"
#include "hostile.h"
#include "inspection.h"
#include "skew.h"

#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STORY_TILL = 1,
    PRODUCT = 1,
    SETTLE_US = 90000000,
};

/* ---- expectations ---- */

static void print_money(char *text, size_t size, int64_t amount)
{
    (void)snprintf(text, size, "%lld.%02lld", (long long)(amount / 100), (long long)(amount % 100));
}

/* "allowed", "allowed, 37.50 + 7.50", "refused: rights", "refused: rights, 5.00 offered". */
static void check_expected(struct scene *scene, const struct answer *answer)
{
    char said[256];
    char first[32];
    char second[32];
    if (answer->verdict == VERDICT_ALLOWED) {
        print_money(first, sizeof first, answer->principal);
        print_money(second, sizeof second, answer->bonus);
        char third[32];
        print_money(third, sizeof third, answer->uncovered);
        (void)snprintf(said, sizeof said,
                       answer->uncovered > 0 ? "allowed, %s + %s, %s uncovered"
                                             : "allowed, %s + %s",
                       first, second, third);
    } else {
        print_money(first, sizeof first, answer->offer);
        (void)snprintf(said, sizeof said, "refused: %s, %s offered", verdict_name(answer->verdict),
                       first);
    }
    size_t size = strlen(scene->expected);
    if (size > 0 &&
        (strncmp(said, scene->expected, size) != 0 || (said[size] != '\0' && said[size] != ','))) {
        scene_fail(scene, "expected \"%s\", the answer was \"%s\"", scene->expected, said);
    }
    if (size == 0 && answer->verdict != VERDICT_ALLOWED) {
        scene_fail(scene, "the answer was \"%s\"", said);
    }
}

static bool send(struct scene *scene, struct world *machine, struct request *request,
                 const char *ticket, struct answer *answer)
{
    request->till = STORY_TILL;
    bool pays = request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD;
    int64_t amount = pays                               ? request->body.spend.amount
                     : request->kind == COMMAND_CAPTURE ? request->body.capture.amount
                                                        : 0;
    enum meaning meaning = MEANING_PLAIN;
    random_fill(&scene->sim->random_engine, request->ticket.bytes, 16);
    if (ticket != NULL) {
        struct thing *named = scene_find(scene, THING_TICKET, ticket);
        if (named == NULL) {
            named = scene_name(scene, THING_TICKET, ticket);
            named->ticket = request->ticket;
            named->amount = amount;
        }
        request->ticket = named->ticket;
        meaning = named->amount == amount ? MEANING_PLAIN : MEANING_OTHER_BODY;
    }
    memcpy(request->request_hash, &amount, sizeof amount);
    if (!reception_ask(machine, request, meaning, answer)) {
        scene_fail(scene, "there was no answer");
        return false;
    }
    check_expected(scene, answer);
    return true;
}

bool scene_send(struct scene *scene, struct world *machine, struct request *request,
                struct answer *answer)
{
    return send(scene, machine, request, NULL, answer);
}

/* ---- who plays ---- */

static void wait_until_in(struct scene *scene)
{
    struct sim *sim = scene->sim;
    for (int i = 0; i < 2000; i++) {
        bool all = true;
        for (uint32_t k = 0; k < sim->machine_count; k++) {
            all = all && sim->machines[k].joining == JOINING_DONE;
        }
        if (all || sim->findings > 0) {
            return;
        }
        sim_run(sim, sim->now_us + 50000);
    }
    scene_fail(scene, "a branch could not join");
}

static void settle(struct scene *scene)
{
    struct sim *sim = scene->sim;
    uint64_t until_us = sim->now_us + SETTLE_US;
    /* Twice, because what is said last may still be on its way. */
    sim_run(sim, sim->now_us + 3000000);
    while ((!inspection_is_level(sim) || book_risk_is_open(auditor_book(sim)) ||
            !expiry_is_done(sim)) &&
           sim->now_us < until_us && sim->findings == 0) {
        sim_run(sim, sim->now_us + 100000);
    }
    if (!inspection_is_level(sim)) {
        scene_fail(scene, "the nodes do not come to hold the same blocks");
    }
}

/* "visits" or "shares"; said before the branches. */
static void spread(struct scene *scene)
{
    bool shares = strcmp(scene->captured[0], "shares") == 0;
    if (scene->sim != NULL || (!shares && strcmp(scene->captured[0], "visits") != 0)) {
        scene_fail(scene, "rights are spread by visits or by shares, and that is said first");
        return;
    }
    scene->options.spread = spread_defaults();
    scene->options.spread.mode = shares ? SPREAD_SHARES : SPREAD_VISITS;
}

static void add_machine(struct scene *scene, const char *name, bool hostile)
{
    struct thing *thing = scene_name(scene, THING_MACHINE, name);
    thing->machine = sim_add_branch(scene->sim, hostile)->index;
    wait_until_in(scene);
}

static void begin(struct scene *scene)
{
    char names[SCENE_WORDS_MAX][SCENE_WORD_SIZE];
    uint32_t count = scene->captured_count;
    memcpy(names, scene->captured, sizeof names);
    scene->sim = sim_new(&scene->options, scene->census);
    scene->sim->loud = getenv("TALLY_SIM_LOUD") != NULL; /* NOLINT(concurrency-mt-unsafe) */
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(names[i], "office") == 0) {
            scene_name(scene, THING_MACHINE, names[i])->machine = SIM_OFFICE;
        } else {
            add_machine(scene, names[i], false);
        }
    }
    settle(scene);
}

/* ---- commands ---- */

static void open_account(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct answer answer;
    struct request enrol = {.kind = COMMAND_ENROL};
    enrol.body.enrol.field_count = 1;
    enrol.body.enrol.fields[0] =
        (struct member_text){.field = FIELD_NAME, .text = bytes_of("Canary Chen", 11)};
    if (machine == NULL || !send(scene, machine, &enrol, NULL, &answer) || scene->failed) {
        return;
    }
    struct request issue = {
        .kind = COMMAND_ISSUE_CARD,
        .body.issue = {.member = answer.member, .product = PRODUCT, .form = CARD_PLASTIC}};
    if (!send(scene, machine, &issue, NULL, &answer)) {
        return;
    }
    struct thing *account = scene_name(scene, THING_ACCOUNT, scene->captured[1]);
    account->account = answer.account;
    account->member = answer.member;
    struct thing *card = scene_name(scene, THING_CARD, scene->captured[2]);
    card->account = answer.account;
    memcpy(card->card, answer.card, sizeof card->card);
}

static void top_up(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *card = scene_need(scene, THING_CARD, scene->captured[1]);
    struct request request = {.kind = COMMAND_TOP_UP};
    struct answer answer;
    if (machine == NULL || card == NULL ||
        !scene_money(scene, scene->captured[2], &request.body.top_up.amount)) {
        return;
    }
    request.body.top_up.account.card = BYTES_OF(card->card);
    request.body.top_up.tender = TENDER_CASH;
    (void)send(scene, machine, &request, NULL, &answer);
}

static void spend(struct scene *scene, const char *sale, const char *ticket)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *card = scene_need(scene, THING_CARD, scene->captured[2]);
    struct request request = {.kind = COMMAND_SPEND};
    struct answer answer;
    if (machine == NULL || card == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.spend.amount)) {
        return;
    }
    request.body.spend.account.card = BYTES_OF(card->card);
    if (send(scene, machine, &request, ticket, &answer) && sale != NULL) {
        scene_name(scene, THING_SALE, sale)->sale = answer.event;
    }
}

/* A wish that another branch can carry out when it is back. */
static void request_refund(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *sale = scene_need(scene, THING_SALE, scene->captured[2]);
    struct request request = {.kind = COMMAND_FILE_REQUEST};
    struct answer answer;
    if (machine == NULL || sale == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.file.amount)) {
        return;
    }
    request.body.file.sale = sale->sale;
    request.body.file.reason = bytes_of("returned", 8);
    (void)send(scene, machine, &request, NULL, &answer);
}

static void transfer(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *from = scene_need(scene, THING_CARD, scene->captured[2]);
    struct thing *to = scene_need(scene, THING_CARD, scene->captured[3]);
    struct request request = {.kind = COMMAND_TRANSFER};
    struct answer answer;
    if (machine == NULL || from == NULL || to == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.transfer.amount)) {
        return;
    }
    request.body.transfer.from.card = BYTES_OF(from->card);
    request.body.transfer.to.card = BYTES_OF(to->card);
    (void)send(scene, machine, &request, NULL, &answer);
}

/* "A spends 45.00 with card 1001 and 20.00 in cash as sale s" */
static void spend_with_cash(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *card = scene_need(scene, THING_CARD, scene->captured[2]);
    struct request request = {.kind = COMMAND_SPEND};
    struct answer answer;
    if (machine == NULL || card == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.spend.amount) ||
        !scene_money(scene, scene->captured[3], &request.body.spend.tenders[0].amount)) {
        return;
    }
    request.body.spend.account.card = BYTES_OF(card->card);
    request.body.spend.tender_count = 1;
    request.body.spend.tenders[0].tender = TENDER_CASH;
    if (send(scene, machine, &request, NULL, &answer)) {
        scene_name(scene, THING_SALE, scene->captured[4])->sale = answer.event;
    }
}

/* Another account of the member who has that one already. */
static void second_account(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *first = scene_need(scene, THING_ACCOUNT, scene->captured[3]);
    struct request issue = {.kind = COMMAND_ISSUE_CARD,
                            .body.issue = {.product = PRODUCT, .form = CARD_PLASTIC}};
    struct answer answer;
    if (machine == NULL || first == NULL) {
        return;
    }
    issue.body.issue.member = first->member;
    if (!send(scene, machine, &issue, NULL, &answer)) {
        return;
    }
    scene_name(scene, THING_ACCOUNT, scene->captured[1])->account = answer.account;
    struct thing *card = scene_name(scene, THING_CARD, scene->captured[2]);
    card->account = answer.account;
    memcpy(card->card, answer.card, sizeof card->card);
}

static void refund(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *sale = scene_need(scene, THING_SALE, scene->captured[2]);
    struct request request = {.kind = COMMAND_REFUND};
    struct answer answer;
    if (machine == NULL || sale == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.refund.amount)) {
        return;
    }
    request.body.refund.sale = sale->sale;
    request.body.refund.reason = bytes_of("returned", 8);
    (void)send(scene, machine, &request, NULL, &answer);
}

static void freeze(struct scene *scene, enum command_kind kind)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[1]);
    struct request request = {.kind = kind};
    struct answer answer;
    if (machine == NULL || account == NULL) {
        return;
    }
    request.body.freeze.account.account = account->account;
    request.body.freeze.kind = FREEZE_LOSS;
    request.body.freeze.reason = bytes_of("lost", 4);
    (void)send(scene, machine, &request, NULL, &answer);
}

static void spend_of_account(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    struct request request = {.kind = COMMAND_SPEND};
    struct answer answer;
    if (machine == NULL || account == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.spend.amount)) {
        return;
    }
    request.body.spend.account.account = account->account;
    (void)send(scene, machine, &request, NULL, &answer);
}

static void report_loss(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *card = scene_need(scene, THING_CARD, scene->captured[1]);
    struct request request = {.kind = COMMAND_REPORT_LOSS};
    struct answer answer;
    if (machine == NULL || card == NULL) {
        return;
    }
    request.body.freeze.account.card = BYTES_OF(card->card);
    request.body.freeze.reason = bytes_of("lost", 4);
    (void)send(scene, machine, &request, NULL, &answer);
}

static void replace_card(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *old = scene_need(scene, THING_CARD, scene->captured[1]);
    struct request request = {.kind = COMMAND_REPLACE_CARD};
    struct answer answer;
    if (machine == NULL || old == NULL) {
        return;
    }
    struct subject_id account = old->account;
    request.body.replace.card = BYTES_OF(old->card);
    request.body.replace.form = CARD_PLASTIC;
    if (send(scene, machine, &request, NULL, &answer) && answer.verdict == VERDICT_ALLOWED) {
        struct thing *card = scene_name(scene, THING_CARD, scene->captured[2]);
        card->account = account;
        memcpy(card->card, answer.card, sizeof card->card);
    }
}

static void move(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    struct world *to = scene_machine(scene, scene->captured[3]);
    struct request request = {.kind = COMMAND_MOVE};
    struct answer answer;
    if (machine == NULL || account == NULL || to == NULL ||
        !scene_money(scene, scene->captured[1], &request.body.move.amount)) {
        return;
    }
    request.body.move.account.account = account->account;
    request.body.move.branch = journal_branch(to->journal);
    (void)send(scene, machine, &request, NULL, &answer);
}

static void allow_risk(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct request request = {.kind = COMMAND_SET_RISK};
    struct answer answer;
    if (machine == NULL || !scene_money(scene, scene->captured[1], &request.body.risk.account) ||
        !scene_money(scene, scene->captured[2], &request.body.risk.branch)) {
        return;
    }
    if (send(scene, machine, &request, NULL, &answer)) {
        scene->sim->risk_since = answer.event.seq;
    }
}

/* A branch with a valid key signs a sale without cover that its caps or its guard forbid. */
static void plant_risk(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    struct event event = {.type = EVENT_SPEND, .till = STORY_TILL, .known = true};
    if (machine == NULL || account == NULL ||
        !scene_money(scene, scene->captured[1], &event.body.spend.risk) ||
        !scene_money(scene, scene->captured[3], &event.body.spend.seen)) {
        return;
    }
    event.subject = account->account;
    random_fill(&scene->sim->random_engine, event.ticket.bytes, 16);
    hostile_publish(machine, &event, (struct block_dep){0},
                    event.body.spend.seen < event.body.spend.risk ? INVALID_RISK_GUARD
                                                                  : INVALID_RISK_CAP);
}

/* A branch with a valid key signs a sale of what it does not hold. */
static void plant(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    struct thing *account = scene_need(scene, THING_ACCOUNT, scene->captured[2]);
    int64_t amount = 0;
    if (machine == NULL || account == NULL || !scene_money(scene, scene->captured[1], &amount)) {
        return;
    }
    const struct book *book = auditor_book(scene->sim);
    struct event event = {
        .type = EVENT_SPEND, .subject = account->account, .till = STORY_TILL, .known = true};
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        if (lot->bucket == BUCKET_PRINCIPAL &&
            memcmp(lot->account, account->account.bytes, 16) == 0) {
            memcpy(event.body.spend.lines[0].lot.bytes, lot->id, 16);
            break;
        }
    }
    event.body.spend.line_count = 1;
    event.body.spend.lines[0].amount = amount;
    random_fill(&scene->sim->random_engine, event.ticket.bytes, 16);
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_NOT_COVERED);
}

/* ---- what befalls machines ---- */

static void cut(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->captured_count; i++) {
        struct world *a = scene_machine(scene, scene->captured[i]);
        for (uint32_t k = 0; k < i && a != NULL; k++) {
            struct world *b = scene_machine(scene, scene->captured[k]);
            if (b == NULL) {
                return;
            }
            network_cut(scene->sim, a->index, b->index, true);
            network_cut(scene->sim, b->index, a->index, true);
        }
    }
    sim_run(scene->sim, scene->sim->now_us + 500000);
}

/* From everybody else. */
static void isolate(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    for (uint32_t i = 0; machine != NULL && i < scene->sim->machine_count; i++) {
        if (i != machine->index) {
            network_cut(scene->sim, machine->index, i, true);
            network_cut(scene->sim, i, machine->index, true);
        }
    }
    sim_run(scene->sim, scene->sim->now_us + 500000);
}

static void restart(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine == NULL || !machine->running) {
        return;
    }
    sim_crash(machine);
    sim_start(machine);
    sim_run(scene->sim, scene->sim->now_us + 1000000);
}

/* Before it has met anything of what it does not know. */
static void make_older(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine != NULL) {
        machine->unknown_types = SKEW_STOPS | SKEW_REQUESTS;
        machine->updates_at_boot = UINT32_MAX;
        restart(scene);
    }
}

static void update(struct scene *scene)
{
    struct world *machine = scene_machine(scene, scene->captured[0]);
    if (machine != NULL) {
        machine->updates_at_boot = 0;
        restart(scene);
    }
}

static bool befall(struct scene *scene, const char *sentence)
{
    if (scene_matches(scene, sentence, "settle")) {
        settle(scene);
    } else if (scene_matches(scene, sentence, "cut {..}")) {
        cut(scene);
    } else if (scene_matches(scene, sentence, "isolate {}")) {
        isolate(scene);
    } else if (scene_matches(scene, sentence, "heal")) {
        sim_heal(scene->sim);
    } else if (scene_matches(scene, sentence, "restart {}")) {
        restart(scene);
    } else if (scene_matches(scene, sentence, "{} is of an older version")) {
        make_older(scene);
    } else if (scene_matches(scene, sentence, "{} is updated")) {
        update(scene);
    } else if (scene_matches(scene, sentence, "wait {} s")) {
        sim_run(scene->sim, scene->sim->now_us + strtoull(scene->captured[0], NULL, 10) * 1000000);
    } else {
        return false;
    }
    return true;
}

static bool command(struct scene *scene, const char *sentence)
{
    if (scene_matches(scene, sentence, "{} opens account {} with card {}")) {
        open_account(scene);
    } else if (scene_matches(scene, sentence, "{} tops up card {} by {}")) {
        top_up(scene);
    } else if (scene_matches(scene, sentence, "{} spends {} with card {}")) {
        spend(scene, NULL, NULL);
    } else if (scene_matches(scene, sentence, "{} spends {} with card {} as sale {}")) {
        spend(scene, scene->captured[3], NULL);
    } else if (scene_matches(scene, sentence, "{} spends {} with card {} under ticket {}")) {
        spend(scene, NULL, scene->captured[3]);
    } else if (scene_matches(scene, sentence,
                             "{} spends {} with card {} and {} in cash as sale {}")) {
        spend_with_cash(scene);
    } else if (scene_matches(scene, sentence, "{} refunds {} of sale {}")) {
        refund(scene);
    } else if (scene_matches(scene, sentence, "{} files a refund of {} of sale {}")) {
        request_refund(scene);
    } else if (scene_matches(scene, sentence, "{} transfers {} from card {} to card {}")) {
        transfer(scene);
    } else if (scene_matches(scene, sentence,
                             "{} opens account {} with card {} for the member of account {}")) {
        second_account(scene);
    } else if (scene_matches(scene, sentence, "{} freezes account {}")) {
        freeze(scene, COMMAND_FREEZE);
    } else if (scene_matches(scene, sentence, "{} spends {} with account {}")) {
        spend_of_account(scene);
    } else if (scene_matches(scene, sentence, "{} reports card {} lost")) {
        report_loss(scene);
    } else if (scene_matches(scene, sentence, "{} replaces card {} by card {}")) {
        replace_card(scene);
    } else if (scene_matches(scene, sentence, "{} unfreezes account {}")) {
        freeze(scene, COMMAND_UNFREEZE);
    } else if (scene_matches(scene, sentence, "{} moves {} of account {} to {}")) {
        move(scene);
    } else if (scene_matches(scene, sentence, "{} allows a risk of {} a card and {} a branch")) {
        allow_risk(scene);
    } else if (scene_matches(scene, sentence,
                             "{} plants a sale of {} without cover on account {} seen {}")) {
        plant_risk(scene);
    } else if (scene_matches(scene, sentence, "{} plants a sale of {} on account {}")) {
        plant(scene);
    } else {
        return false;
    }
    return true;
}

bool scene_do(struct scene *scene, const char *sentence)
{
    if (scene_matches(scene, sentence, "topology {}")) {
        const char *name = scene->captured[0];
        scene->options.topology = strcmp(name, "line") == 0   ? TOPOLOGY_LINE
                                  : strcmp(name, "star") == 0 ? TOPOLOGY_STAR
                                                              : TOPOLOGY_MESH;
        return true;
    }
    if (scene_matches(scene, sentence, "rights are spread by {}")) {
        spread(scene);
        return true;
    }
    if (scene_matches(scene, sentence, "branches {..}")) {
        begin(scene);
        return true;
    }
    if (scene->sim == NULL) {
        scene_fail(scene, "say first which branches there are");
        return true;
    }
    if (scene_matches(scene, sentence, "{} is a branch that lies")) {
        add_machine(scene, scene->captured[0], true);
        sim_run(scene->sim, scene->sim->now_us + 2000000);
        return true;
    }
    return befall(scene, sentence) || command(scene, sentence) || scene_ends(scene, sentence) ||
           scene_limits(scene, sentence) || scene_holds(scene, sentence) ||
           scene_retired(scene, sentence);
}
