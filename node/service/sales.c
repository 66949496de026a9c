#include "sales.h"

#include "freezes.h"
#include "holds.h"
#include "journal.h"
#include "later.h"
#include "risk.h"
#include "row_key.h"
#include "trust.h"

#include "bonus.h"
#include "calendar.h"

#include <assert.h>
#include <string.h>

enum { GIVERS_MAX = SHEET_HOLDERS_MAX * 2 }; /* acceptances that one spend may write */

int64_t own_raw(struct node *node, const struct subject_id *account, const struct lot_id *lot)
{
    struct row_key key = key_of_registers(account, lot, node->journal);
    struct registers registers;
    (void)registers_load(node->rows, &key, &registers);
#if defined(MUTANT_hold_moved_away)
    return registers_raw(&registers) + registers_on_hold(&registers);
#endif
    return registers_raw(&registers);
}

/* One giver's rights of a lot that are on their way here. */
struct arrival {
    uint64_t from;
    int64_t amount;
};

/* From the lot's picture; when that could not list everything, from the grants themselves. */
static uint32_t lot_arrivals(struct node *node, const struct sheet_lot *lot,
                             struct arrival arrivals[static GIVERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; lot->crowded == 0 && i < lot->flight_count; i++) {
        if (lot->flights[i].to == node->journal && !journal_is_frozen(node, lot->flights[i].from)) {
            arrivals[count++] = (struct arrival){lot->flights[i].from, lot->flights[i].amount};
        }
    }
    for (uint32_t i = 0; lot->crowded != 0 && i < node->roster.journal_count; i++) {
        uint64_t from = node->roster.journals[i].journal;
        struct row_key key = key_of_grant(&lot->lot, from, node->journal);
        struct grant_record record;
        if (count < GIVERS_MAX && !journal_is_frozen(node, from) &&
            grant_load(node->rows, &key, &record) && record.grant.granted > record.grant.accepted) {
            arrivals[count++] =
                (struct arrival){from, record.grant.granted - record.grant.accepted};
        }
    }
    return count;
}

static int64_t lot_held(struct node *node, const struct subject_id *account,
                        const struct sheet_lot *lot)
{
    return lot->crowded != 0 ? own_raw(node, account, &lot->lot)
                             : sheet_lot_held(lot, node->journal);
}

int64_t lot_coming(struct node *node, const struct sheet_lot *lot)
{
    struct arrival arrivals[GIVERS_MAX];
    uint32_t count = lot_arrivals(node, lot, arrivals);
    int64_t coming = 0;
    for (uint32_t i = 0; i < count; i++) {
        coming += arrivals[i].amount;
    }
    return coming;
}

int64_t lot_here(struct node *node, const struct subject_id *account, const struct sheet_lot *lot)
{
    return lot_held(node, account, lot) + lot_coming(node, lot);
}

size_t sheet_spendables(struct node *node, const struct subject_id *account,
                        const struct sheet *sheet, uint32_t day, bool whole, struct spendable *lots)
{
    size_t count = 0;
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        const struct sheet_lot *lot = &sheet->lots[i];
        bool money = lot->bucket == BUCKET_PRINCIPAL || lot->bucket == BUCKET_BONUS;
        if (!money || !lot_is_valid_on(lot->from_day, lot->to_day, day)) {
            continue;
        }
        int64_t usable = whole ? lot->left - lot->on_hold : lot_here(node, account, lot);
        if (usable > 0) {
            lots[count++] = (struct spendable){.lot = lot->lot,
                                               .bucket = lot->bucket,
                                               .to_day = lot->to_day,
                                               .issued = lot->issued,
                                               .usable = usable};
        }
    }
    return count;
}

int64_t sheet_usable(struct node *node, const struct subject_id *account, const struct sheet *sheet,
                     uint32_t day)
{
    struct spendable lots[SHEET_LOTS_MAX];
    size_t count = sheet_spendables(node, account, sheet, day, false, lots);
    int64_t usable = 0;
    for (size_t i = 0; i < count; i++) {
        usable += lots[i].usable;
    }
    return usable;
}

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

static bool other_currency(const struct answer *answer, struct bytes currency)
{
    return currency.size != 0 && !bytes_equal(currency, BYTES_OF(answer->currency));
}

void sales_report(struct node *node, struct answer *answer)
{
    struct sheet sheet;
    (void)sheet_load(node->rows, &answer->account, &sheet);
    answer->balance = sheet_balance(&sheet);
    answer->on_hold = sheet_on_hold(&sheet);
    answer->usable_here = sheet_usable(node, &answer->account, &sheet, journal_header(node)->day);
    answer->at_ms = (int64_t)(journal_header(node)->hlc >> 16);
}

/* The last day of a bonus given on `day`, which counts whole; 0 = it never ends. */
static uint32_t bonus_ends(const struct roster_product *product, uint32_t day)
{
    if (product->bonus_months > 0) {
        return calendar_add_months(day, product->bonus_months);
    }
    return product->bonus_days == 0 ? 0 : calendar_add_days(day, product->bonus_days);
}

enum decision sales_top_up(struct node *node, const struct request *request, struct answer *answer)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.top_up.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    if (other_currency(answer, request->body.top_up.currency)) {
        return refuse(answer, REFUSED_CURRENCY);
    }
    int64_t amount = request->body.top_up.amount;
    if (!amount_in_range(amount)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    struct sheet sheet;
    (void)sheet_load(node->rows, &answer->account, &sheet);
    if (sheet.frozen > 0) {
        return refuse(answer, REFUSED_FROZEN);
    }
    const struct block_header *header = journal_header(node);
    const struct roster_product *product =
        roster_product(&node->roster, account.product, account.version, header->auth);
    if (product == NULL) {
        return refuse(answer, REFUSED_UNKNOWN_PRODUCT);
    }
    if (product->balance_cap > 0 && amount > product->balance_cap - sheet.principal) {
        int64_t room = product->balance_cap - sheet.principal;
        answer->limit = room > 0 ? room : 0;
        return refuse(answer, REFUSED_CAP);
    }
    if (sheet.lot_count + 2 > SHEET_LOTS_MAX || sheet.unlisted != 0) {
        return refuse(answer, REFUSED_LOTS);
    }
    int64_t bonus = bonus_of(product->steps, product->step_count, amount);
    struct event event = desk_event(request, EVENT_TOPUP, &answer->account);
    event.body.topup.tender = request->body.top_up.tender;
    event.body.topup.version = product->version;
    event.body.topup.lot_count = bonus > 0 ? 2 : 1;
    /* Valid at once and everywhere: a branch whose clock is behind must not refuse new money. */
    event.body.topup.lots[0] = (struct lot_terms){
        .bucket = BUCKET_PRINCIPAL, .amount = amount, .product = product->product};
    event.body.topup.lots[1] = (struct lot_terms){.bucket = BUCKET_BONUS,
                                                  .amount = bonus,
                                                  .to_day = bonus_ends(product, header->day),
                                                  .product = product->product};
    enum invalid_reason reason = journal_judge(node, &event);
    bool waits = reason == INVALID_OVER_QUOTA &&
                 roster_limit(&node->roster, "pending_mints", journal_branch(node->journal),
                              header->auth) > 0;
    if (reason == INVALID_OVER_QUOTA && !waits) {
        return refuse(answer, REFUSED_QUOTA);
    }
    if (reason != INVALID_NONE && !waits) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    answer->event = journal_append(node, &event);
    answer->pending = waits;
    answer->principal = amount;
    answer->bonus = bonus;
    risk_after_top_up(node, &answer->account, answer->event);
    sales_report(node, answer);
    return DECIDED;
}

/* One acceptance for each giver: of all that it has on its way here of the lots that are needed. */
struct intake {
    uint32_t count;
    struct {
        uint64_t from;
        uint32_t line_count;
        struct accept_line lines[EVENT_LINES_MAX];
    } givers[GIVERS_MAX];
};

/* False when it is more than one command may take in: some of it must be accepted first. */
static bool intake_add(struct node *node, struct intake *intake, const struct sheet_lot *lot)
{
    struct arrival arrivals[GIVERS_MAX];
    uint32_t count = lot_arrivals(node, lot, arrivals);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t g = 0;
        while (g < intake->count && intake->givers[g].from != arrivals[i].from) {
            g++;
        }
        if (g == GIVERS_MAX) {
            return false;
        }
        if (g == intake->count) {
            intake->givers[g].from = arrivals[i].from;
            intake->givers[g].line_count = 0;
            intake->count++;
        }
        struct row_key key = key_of_grant(&lot->lot, arrivals[i].from, node->journal);
        struct grant_record record;
        (void)grant_load(node->rows, &key, &record);
        uint32_t line = intake->givers[g].line_count++;
        assert(line < EVENT_LINES_MAX); /* a plan has no more lots than that */
        intake->givers[g].lines[line] =
            (struct accept_line){.lot = lot->lot, .cumulative = record.grant.granted};
    }
    return true;
}

bool sales_accept(struct node *node, struct sheet *sheet, const struct acceptance *acceptance)
{
    struct intake intake;
    intake.count = 0;
    for (uint32_t k = 0; k < acceptance->count; k++) {
        const struct sheet_lot *lot = sheet_find(sheet, &acceptance->lots[k]);
        if (lot != NULL && !intake_add(node, &intake, lot)) {
            return false;
        }
    }
    for (uint32_t g = 0; g < intake.count; g++) {
        struct event event = {.type = EVENT_RIGHTS_ACCEPT,
                              .subject = acceptance->account,
                              .till = acceptance->till,
                              .staff = acceptance->staff,
                              .known = true};
        event.body.accept.from = intake.givers[g].from;
        event.body.accept.line_count = (uint8_t)intake.givers[g].line_count;
        memcpy(event.body.accept.lines, intake.givers[g].lines, sizeof event.body.accept.lines);
        /* Asked before the giver is named: a dep is part of a block, and never stands without one.
         */
        if (!journal_would_hold(node, &event)) {
            return false;
        }
        bool named = journal_depend(node, intake.givers[g].from);
        assert(named); /* who calls keeps room for as many as an intake may have */
        (void)journal_append(node, &event);
    }
    return true;
}

/* Accepts what is on its way here of the lots that the plan takes more of than is held. */
bool sales_accept_plan(struct node *node, const struct request *request,
                       const struct subject_id *account, struct sheet *sheet,
                       const struct spend_plan *plan)
{
    struct acceptance acceptance = {
        .account = *account, .till = request->till, .staff = request->staff};
    for (uint32_t k = 0; k < plan->line_count; k++) {
        const struct sheet_lot *lot = sheet_find(sheet, &plan->lines[k].lot);
        assert(lot != NULL);
        if (plan->lines[k].amount > lot_held(node, account, lot)) {
            acceptance.lots[acceptance.count++] = plan->lines[k].lot;
        }
    }
    return sales_accept(node, sheet, &acceptance);
}

static enum invalid_reason append_spend(struct node *node, const struct request *request,
                                        const struct spend_plan *plan, int64_t seen,
                                        struct answer *answer)
{
    struct event event = desk_event(request, EVENT_SPEND, &answer->account);
    event.body.spend.risk = request->body.spend.amount - plan->covered;
    event.body.spend.seen = event.body.spend.risk > 0 ? seen : 0;
    event.body.spend.line_count = (uint8_t)plan->line_count;
    for (uint32_t i = 0; i < plan->line_count; i++) {
        const struct spend_line *line = &plan->lines[i];
        int64_t raw = own_raw(node, &answer->account, &line->lot);
        event.body.spend.lines[i] = (struct lot_line){
            .lot = line->lot, .amount = line->amount, .after = raw - line->amount};
    }
    event.body.spend.item_count = (uint8_t)request->body.spend.item_count;
    memcpy(event.body.spend.items, request->body.spend.items, sizeof event.body.spend.items);
    event.body.spend.tender_count = (uint8_t)request->body.spend.tender_count;
    memcpy(event.body.spend.tenders, request->body.spend.tenders, sizeof event.body.spend.tenders);
    enum invalid_reason reason = trust_judge(node, &event);
    if (reason != INVALID_NONE) {
        return reason;
    }
    answer->event = journal_append(node, &event);
    answer->principal = plan->principal;
    answer->bonus = plan->bonus;
    answer->uncovered = event.body.spend.risk;
    sales_report(node, answer);
    return INVALID_NONE;
}

static enum verdict check_spend(struct node *node, const struct request *request,
                                struct answer *answer, struct account_record *account,
                                struct sheet *sheet)
{
    enum verdict verdict = desk_account(node, &request->body.spend.account, answer, account);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    if (other_currency(answer, request->body.spend.currency)) {
        return REFUSED_CURRENCY;
    }
    if (!amount_in_range(request->body.spend.amount)) {
        return REFUSED_AMOUNT;
    }
    if (request->kind == COMMAND_HOLD && !holds_until_is_sound(node, request)) {
        return REFUSED_HOLD_UNTIL;
    }
    (void)sheet_load(node->rows, &answer->account, sheet);
#if !defined(MUTANT_freeze_ignored)
    if (sheet->frozen > 0) {
        return REFUSED_FROZEN;
    }
#endif
    if (later_blocks(node, &answer->account)) {
        return REFUSED_NEWER_FACT;
    }
    return VERDICT_ALLOWED;
}

enum decision sales_needs_witness(struct node *node, struct answer *answer)
{
    answer->verdict = REFUSED_UNWITNESSED;
    sales_report(node, answer);
    answer->at_ms = 0;
    answer->limit = trust_headroom(node, &answer->account);
    return NEEDS_WITNESS;
}

enum decision sales_spend(struct node *node, const struct request *request, struct answer *answer)
{
    struct account_record account;
    struct sheet sheet;
    enum verdict verdict = check_spend(node, request, answer, &account, &sheet);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    const struct block_header *header = journal_header(node);
    const struct roster_product *product =
        roster_product(&node->roster, account.product, account.version, header->auth);
    enum spend_order order =
        product == NULL ? SPEND_PROPORTIONAL : (enum spend_order)product->order;
    struct spendable lots[SHEET_LOTS_MAX];
    struct spend_plan plan;
    int64_t amount = request->body.spend.amount;
    size_t count = sheet_spendables(node, &answer->account, &sheet, header->day, true, lots);
    struct spend_plan whole;
    spend_plan(lots, count, amount, order, &whole);
    int64_t all = -sheet_owed(&sheet); /* what was sold without cover is gone, covered or not yet */
    for (size_t i = 0; i < count; i++) {
        all += lots[i].usable;
    }
    count = sheet_spendables(node, &answer->account, &sheet, header->day, false, lots);
    spend_plan(lots, count, amount, order, &plan);
#if defined(MUTANT_rounding_loses_cent)
    if (plan.line_count == 2 && plan.lines[1].amount > 1 && plan.covered == amount) {
        plan.lines[1].amount--;
    }
#endif
    bool covered = plan.covered == amount && all >= amount;
    bool sells = request->kind == COMMAND_SPEND; /* what is set aside is never without cover */
    bool at_risk = sells && node->at_risk && whole.covered == amount &&
                   risk_allows(node, &answer->account, amount - plan.covered, amount, all);
    if ((covered || at_risk) && !freezes_pass(node, &answer->account)) {
        return refuse(answer, REFUSED_BUSY); /* what lifts the freeze is on its way to the disk */
    }
    if ((covered || at_risk) && sales_accept_plan(node, request, &answer->account, &sheet, &plan)) {
        enum invalid_reason reason = sells ? append_spend(node, request, &plan, all, answer)
                                           : holds_place(node, request, &plan, answer);
        if (reason == INVALID_EXPOSED) {
            return sales_needs_witness(node, answer);
        }
        answer->verdict = reason == INVALID_NONE ? VERDICT_ALLOWED : REFUSED_AMOUNT;
        return DECIDED;
    }
    answer->balance = sheet_balance(&sheet);
    answer->on_hold = sheet_on_hold(&sheet);
    /* Of the balance: what no branch may spend today, because it has ended or begins later. */
    int64_t idle = answer->balance - answer->on_hold - all;
    answer->limit = all < amount && idle > 0 ? idle : 0;
    answer->usable_here = sheet_usable(node, &answer->account, &sheet, header->day);
    answer->offer = plan.covered < amount ? plan.covered : 0;
    answer->verdict = all < amount ? REFUSED_BALANCE
                      : whole.covered < amount
                          ? REFUSED_LOTS /* of more lots than one event names */
                          : REFUSED_RIGHTS;
    return answer->verdict == REFUSED_RIGHTS ? NEEDS_RIGHTS : DECIDED;
}

enum decision sales_move(struct node *node, const struct request *request, struct answer *answer)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.move.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    const struct block_header *header = journal_header(node);
    const struct roster_journal *to = NULL;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if (journal_branch(one->journal) == request->body.move.branch &&
            roster_is_active(&node->roster, one->journal, header->auth) &&
            !journal_is_frozen(node, one->journal)) {
            to = one;
        }
    }
    if (to == NULL) {
        return refuse(answer, REFUSED_UNKNOWN_BRANCH);
    }
    if (to->journal == node->journal) {
        return refuse(answer, REFUSED_SELF);
    }
    if (to->suspended) {
        return refuse(answer, REFUSED_SUSPENDED);
    }
    if (!amount_in_range(request->body.move.amount)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    struct sheet sheet;
    (void)sheet_load(node->rows, &answer->account, &sheet);
    if (sheet.frozen > 0) {
        return refuse(answer, REFUSED_FROZEN);
    }
    if (later_blocks(node, &answer->account)) {
        return refuse(answer, REFUSED_NEWER_FACT);
    }
    struct spendable lots[SHEET_LOTS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < sheet.lot_count; i++) {
        const struct sheet_lot *lot = &sheet.lots[i];
        int64_t held = lot_here(node, &answer->account, lot);
        bool ended = !lot_is_valid_on(0, lot->to_day, header->day); /* to be burned here */
        if (held > 0 && !ended &&
            (lot->bucket == BUCKET_PRINCIPAL || lot->bucket == BUCKET_BONUS)) {
            lots[count++] = (struct spendable){.lot = lot->lot,
                                               .bucket = lot->bucket,
                                               .to_day = lot->to_day,
                                               .issued = lot->issued,
                                               .usable = held};
        }
    }
    /* In proportion, so that principal and bonus stay together wherever the rights go. */
    struct spend_plan plan;
    spend_plan(lots, count, request->body.move.amount, SPEND_PROPORTIONAL, &plan);
    if (plan.covered < request->body.move.amount ||
        !sales_accept_plan(node, request, &answer->account, &sheet, &plan)) {
        answer->offer = plan.covered;
        answer->balance = sheet_balance(&sheet);
        answer->usable_here = sheet_usable(node, &answer->account, &sheet, header->day);
        return refuse(answer, REFUSED_RIGHTS);
    }
    struct event event = desk_event(request, EVENT_RIGHTS_MOVE, &answer->account);
    event.body.move.to = to->journal;
    event.body.move.why = MOVE_BY_HAND;
    event.body.move.line_count = (uint8_t)plan.line_count;
    for (uint32_t i = 0; i < plan.line_count; i++) {
        int64_t raw = own_raw(node, &answer->account, &plan.lines[i].lot);
        event.body.move.lines[i] = (struct lot_line){.lot = plan.lines[i].lot,
                                                     .amount = plan.lines[i].amount,
                                                     .after = raw - plan.lines[i].amount};
    }
    enum invalid_reason reason = trust_judge(node, &event);
    if (reason == INVALID_EXPOSED) {
        (void)trust_ask(node, &answer->account); /* the next try may find the office's word */
        answer->limit = trust_headroom(node, &answer->account);
        return refuse(answer, REFUSED_UNWITNESSED);
    }
    if (reason != INVALID_NONE) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    answer->event = journal_append(node, &event);
    answer->principal = plan.principal;
    answer->bonus = plan.bonus;
    answer->branch = request->body.move.branch;
    sales_report(node, answer);
    return DECIDED;
}
