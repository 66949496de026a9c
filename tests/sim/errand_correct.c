#include "errand_correct.h"

#include "auditor.h"
#include "sim.h"

#include <stdio.h>
#include <string.h>

static const struct known_sale *pick_topup(struct world *machine, struct errands *errands)
{
    uint32_t kept =
        errands->topup_count < ERRAND_TOPUPS_MAX ? errands->topup_count : ERRAND_TOPUPS_MAX;
    const struct known_sale *topup = NULL;
    for (uint32_t tries = 0; kept > 0 && tries < 6; tries++) {
        topup = &errands->topups[random_below(errands->random, kept)];
        if (topup->machine == machine->index) {
            return topup;
        }
    }
    return topup; /* most are of the own branch */
}

bool errand_draw_void(struct world *machine, struct errands *errands, struct errand *errand)
{
    const struct known_sale *topup = pick_topup(machine, errands);
    if (topup == NULL) {
        return false;
    }
    struct request *request = &errand->request;
    request->kind = COMMAND_VOID;
    request->body.undo.topup = topup->sale;
    if (random_chance(errands->random, 300)) {
        request->body.undo.topup.seq += 5000;
    }
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "typed wrongly");
    return true;
}

static void draw_proposal(struct world *machine, struct errands *errands, struct errand *errand,
                          const struct known_account *known)
{
    struct random_stream *random = errands->random;
    struct request *request = &errand->request;
    const struct book *book = auditor_book_of(machine);
    request->kind = COMMAND_PROPOSE;
    request->body.propose.account.account = known->account;
    request->body.propose.kind = (uint8_t)random_between(random, CORRECTION_ADD, CORRECTION_PAYOUT);
    int64_t principal = (int64_t)random_magnitude(random, 1, 9000);
    int64_t bonus = random_chance(random, 5000) ? (int64_t)random_magnitude(random, 1, 3000) : 0;
    if (request->body.propose.kind == CORRECTION_PAYOUT) {
        int64_t left = book_left_of_account(book, &known->account, BUCKET_PRINCIPAL);
        int64_t amounts[] = {left, left + 1, left / 2 + 1, 1};
        principal = amounts[random_below(random, 4)];
        bonus = random_chance(random, 5000)
                    ? book_left_of_account(book, &known->account, BUCKET_BONUS)
                    : 0;
    }
    if (random_chance(random, 300)) {
        principal = random_chance(random, 5000) ? -1 : AMOUNT_MAX;
    }
    request->body.propose.principal = principal;
    request->body.propose.bonus = bonus;
    uint8_t kind = request->body.propose.kind;
    bool about = kind == CORRECTION_ADD && errands->sale_count > 0 && random_chance(random, 3000);
    request->body.propose.cause = kind == CORRECTION_GRANT ? ADJUST_GRANT
                                  : about                  ? ADJUST_COMPENSATION
                                                           : ADJUST_CORRECTION;
    if (about) {
        uint32_t kept =
            errands->sale_count < ERRAND_SALES_MAX ? errands->sale_count : ERRAND_SALES_MAX;
        request->body.propose.of = errands->sales[random_below(random, kept)].sale;
        const struct book_event *sale = book_event_at(book, request->body.propose.of);
        if (sale != NULL) {
            request->body.propose.account.account = sale->subject;
            request->body.propose.principal = sale->principal > 0 ? sale->principal : 1;
        }
    }
    (void)snprintf(errand->texts[0], ERRAND_TEXT_MAX, "counted twice");
    (void)snprintf(errand->texts[1], ERRAND_TEXT_MAX, "desk %u", request->till);
}

void errand_draw_correction(struct world *machine, struct errands *errands, struct errand *errand,
                            const struct known_account *known)
{
    struct random_stream *random = errands->random;
    struct request *request = &errand->request;
    uint32_t kept = errands->proposal_count < ERRAND_PROPOSALS_MAX ? errands->proposal_count
                                                                   : ERRAND_PROPOSALS_MAX;
    if (kept == 0 || random_chance(random, 4000)) {
        draw_proposal(machine, errands, errand, known);
        return;
    }
    const struct known_proposal *proposal = &errands->proposals[random_below(random, kept)];
    request->kind = random_chance(random, 800) ? COMMAND_WITHDRAW : COMMAND_APPROVE;
    request->body.decide.proposal =
        random_chance(random, 300) ? proposal->number + 900 : proposal->number;
    request->till = (uint32_t)random_between(random, 1, 4); /* anybody of the office */
    (void)snprintf(errand->texts[1], ERRAND_TEXT_MAX, "desk %u", request->till);
}

static const struct known_proposal *find_proposal(const struct errands *errands, uint64_t number)
{
    for (uint32_t i = 0; i < ERRAND_PROPOSALS_MAX; i++) {
        if (errands->proposals[i].number == number) {
            return &errands->proposals[i];
        }
    }
    return NULL;
}

static void check_approved(struct world *machine, const struct errands *errands,
                           const struct errand *errand, const struct answer *answer)
{
    const struct known_proposal *known =
        find_proposal(errands, errand->request.body.decide.proposal);
    if (known == NULL) {
        return;
    }
    if (known->till == errand->request.till) {
        sim_finding(machine->sim, "S24", "machine %u let one till propose and approve",
                    machine->index);
    }
    const struct book_event *fact = book_event_at(auditor_book_of(machine), answer->event);
    uint16_t type = known->kind == CORRECTION_ADD     ? EVENT_ADJUST
                    : known->kind == CORRECTION_GRANT ? EVENT_LOT_ISSUE
                                                      : EVENT_PAYOUT;
    if (fact == NULL || fact->type != type || fact->proposal != known->number ||
        !subject_equal(&fact->subject, &known->account) || fact->principal != known->principal ||
        fact->bonus != known->bonus) {
        sim_finding(machine->sim, "I5", "machine %u carried out something else than proposal %llu",
                    machine->index, (unsigned long long)known->number);
    }
}

void errand_learn_correction(struct world *machine, struct errands *errands,
                             const struct errand *errand, const struct answer *answer)
{
    const struct request *request = &errand->request;
    switch ((int)request->kind) {
    case COMMAND_TOP_UP:
        errands->topups[errands->topup_count++ % ERRAND_TOPUPS_MAX] =
            (struct known_sale){.sale = answer->event,
                                .machine = machine->index,
                                .amount = answer->principal + answer->bonus};
        break;
    case COMMAND_PROPOSE:
        errands->proposals[errands->proposal_count++ % ERRAND_PROPOSALS_MAX] =
            (struct known_proposal){.number = answer->proposal,
                                    .till = request->till,
                                    .kind = request->body.propose.kind,
                                    .account = answer->account,
                                    .principal = answer->principal,
                                    .bonus = answer->bonus};
        break;
    case COMMAND_APPROVE:
        check_approved(machine, errands, errand, answer);
        break;
    default:
        break;
    }
}
