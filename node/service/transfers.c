#include "transfers.h"

#include "freezes.h"
#include "journal.h"
#include "later.h"
#include "sales.h"
#include "trust.h"

#include <string.h>

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

/* Resolves both accounts: `answer` speaks of the one that gives. */
static enum verdict find_both(struct node *node, const struct request *request,
                              struct answer *answer, struct account_record *from)
{
    struct answer receiver = {0};
    struct account_record to;
    enum verdict verdict = desk_account(node, &request->body.transfer.to, &receiver, &to);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    verdict = desk_account(node, &request->body.transfer.from, answer, from);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    answer->other = receiver.account;
    if (subject_equal(&receiver.account, &answer->account)) {
        return REFUSED_SELF;
    }
    if (!subject_equal(&to.member, &from->member)) {
        return REFUSED_OTHER_MEMBER;
    }
    if (!bytes_equal(BYTES_OF(receiver.currency), BYTES_OF(answer->currency)) ||
        (request->body.transfer.currency.size != 0 &&
         !bytes_equal(request->body.transfer.currency, BYTES_OF(answer->currency)))) {
        return REFUSED_CURRENCY;
    }
    return to.product == from->product ? VERDICT_ALLOWED : REFUSED_OTHER_PRODUCT;
}

/* May the receiver take that much in so many lots? */
static enum verdict check_receiver(struct node *node, const struct sheet *other,
                                   const struct account_record *from, const struct spend_plan *plan,
                                   struct answer *answer)
{
    const struct roster_product *product =
        roster_product(&node->roster, from->product, from->version, journal_header(node)->auth);
    if (product != NULL && product->balance_cap > 0 &&
        plan->principal > product->balance_cap - other->principal) {
        int64_t room = product->balance_cap - other->principal;
        answer->limit = room > 0 ? room : 0;
        return REFUSED_CAP;
    }
    bool full = other->lot_count + plan->line_count > SHEET_LOTS_MAX || other->unlisted != 0;
    return full ? REFUSED_LOTS : VERDICT_ALLOWED;
}

static enum invalid_reason append_rebind(struct node *node, const struct request *request,
                                         const struct spend_plan *plan, struct answer *answer)
{
    struct event event = desk_event(request, EVENT_LOT_REBIND, &answer->account);
    event.body.rebind.to = answer->other;
    event.body.rebind.reason = request->body.transfer.reason;
    event.body.rebind.line_count = (uint8_t)plan->line_count;
    for (uint32_t i = 0; i < plan->line_count; i++) {
        const struct spend_line *line = &plan->lines[i];
        int64_t raw = own_raw(node, &answer->account, &line->lot);
        event.body.rebind.lines[i] = (struct lot_line){
            .lot = line->lot, .amount = line->amount, .after = raw - line->amount};
    }
    enum invalid_reason reason = trust_judge(node, &event);
    if (reason != INVALID_NONE) {
        return reason;
    }
    answer->event = journal_append(node, &event);
    answer->principal = plan->principal;
    answer->bonus = plan->bonus;
    sales_report(node, answer);
    return INVALID_NONE;
}

/* Why the plan over what is here does not reach. */
static enum verdict shortfall(struct node *node, const struct request *request,
                              const struct sheet *sheet, const struct spend_plan *plan,
                              struct answer *answer)
{
    struct spendable lots[SHEET_LOTS_MAX];
    uint32_t day = journal_header(node)->day;
    size_t count = sheet_spendables(node, &answer->account, sheet, day, true, lots);
    int64_t amount = request->body.transfer.amount;
    struct spend_plan whole;
    spend_plan(lots, count, amount, SPEND_PROPORTIONAL, &whole);
    int64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all += lots[i].usable;
    }
    answer->balance = sheet_balance(sheet);
    answer->on_hold = sheet_on_hold(sheet);
    answer->usable_here = sheet_usable(node, &answer->account, sheet, day);
    answer->offer = plan->covered < amount ? plan->covered : 0;
    if (all < amount) {
        return REFUSED_BALANCE;
    }
    return whole.covered < amount ? REFUSED_LOTS : REFUSED_RIGHTS;
}

enum decision transfers_transfer(struct node *node, const struct request *request,
                                 struct answer *answer)
{
    struct account_record from;
    enum verdict verdict = find_both(node, request, answer, &from);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    int64_t amount = request->body.transfer.amount;
    if (!amount_in_range(amount)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    struct sheet sheet;
    struct sheet other;
    (void)sheet_load(node->rows, &answer->account, &sheet);
    (void)sheet_load(node->rows, &answer->other, &other);
    if (sheet.frozen > 0 || other.frozen > 0) {
        return refuse(answer, REFUSED_FROZEN);
    }
    if (later_blocks(node, &answer->account)) {
        return refuse(answer, REFUSED_NEWER_FACT);
    }
    if (sheet_owed(&sheet) > 0 && amount > sheet_balance(&sheet)) {
        answer->balance = sheet_balance(&sheet);
        return refuse(answer, REFUSED_BALANCE); /* what is owed does not stay behind */
    }
    /* In proportion: principal takes the bonus that came with it along. */
    struct spendable lots[SHEET_LOTS_MAX];
    struct spend_plan plan;
    size_t count =
        sheet_spendables(node, &answer->account, &sheet, journal_header(node)->day, false, lots);
    spend_plan(lots, count, amount, SPEND_PROPORTIONAL, &plan);
    if (plan.covered == amount && !freezes_pass(node, &answer->account)) {
        return refuse(answer, REFUSED_BUSY); /* what lifts the freeze is on its way to the disk */
    }
    if (plan.covered == amount) {
        verdict = check_receiver(node, &other, &from, &plan, answer);
        if (verdict != VERDICT_ALLOWED) {
            return refuse(answer, verdict);
        }
        if (sales_accept_plan(node, request, &answer->account, &sheet, &plan)) {
            enum invalid_reason reason = append_rebind(node, request, &plan, answer);
            if (reason == INVALID_EXPOSED) {
                return sales_needs_witness(node, answer);
            }
            return reason == INVALID_NONE ? DECIDED : refuse(answer, REFUSED_AMOUNT);
        }
    }
    answer->verdict = shortfall(node, request, &sheet, &plan, answer);
    return answer->verdict == REFUSED_RIGHTS ? NEEDS_RIGHTS : DECIDED;
}
