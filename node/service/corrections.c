#include "corrections.h"

#include "journal.h"
#include "later.h"
#include "query.h"
#include "record_correct.h"
#include "row_key.h"
#include "sales.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

static const uint64_t PROPOSAL_LIFE_MS = UINT64_C(7) * 24 * 3600 * 1000;

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

static uint64_t now_ms(struct node *node)
{
    return journal_header(node)->hlc >> 16;
}

/* ---- what it is about ---- */

/* The block of what it is about is here, and may be named. */
static bool is_here(struct node *node, struct event_ref of)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, of.journal);
    return !journal_is_authority(of.journal) && entry != NULL && of.seq >= 1 &&
           of.seq <= entry->seq && !journal_is_frozen(node, of.journal);
}

/* What of a sale may still be made good to the member: what the card paid, less what came back. */
static int64_t compensable(const struct sale_record *sale)
{
    int64_t sum = -sale->compensated;
    for (uint32_t i = 0; i < sale->line_count; i++) {
        sum += sale->lines[i].bucket == 0 ? 0 : sale->lines[i].spent - sale->lines[i].refunded;
    }
    return sum;
}

static enum verdict check_subject(struct node *node, const struct proposal_record *proposal,
                                  struct answer *answer)
{
    if (event_ref_is_none(proposal->of)) {
        return VERDICT_ALLOWED;
    }
    struct sale_record sale;
    if (proposal->kind != CORRECTION_ADD || !is_here(node, proposal->of)) {
        return REFUSED_UNKNOWN_SALE;
    }
    if (proposal->cause != ADJUST_COMPENSATION) {
        return VERDICT_ALLOWED;
    }
    if (!sale_load(node->rows, proposal->of, &sale) ||
        !subject_equal(&sale.account, &proposal->account)) {
        return REFUSED_UNKNOWN_SALE;
    }
    if (proposal->principal + proposal->bonus > compensable(&sale)) {
        answer->limit = compensable(&sale);
        return REFUSED_COMPENSATED;
    }
    return VERDICT_ALLOWED;
}

/* ---- the proposal ---- */

static bool amounts_are_sound(int64_t principal, int64_t bonus)
{
    bool some = principal > 0 || bonus > 0;
    return some && principal >= 0 && bonus >= 0 && principal <= AMOUNT_MAX && bonus <= AMOUNT_MAX &&
           principal + bonus <= AMOUNT_MAX;
}

static bool cause_fits(uint8_t kind, uint8_t cause)
{
    switch ((enum correction_kind)kind) {
    case CORRECTION_ADD:
        return cause == ADJUST_CORRECTION || cause == ADJUST_COMPENSATION ||
               cause == ADJUST_OPENING;
    case CORRECTION_GRANT:
        return cause == ADJUST_GRANT;
    case CORRECTION_PAYOUT:
        return cause == ADJUST_CORRECTION || cause == ADJUST_CLOSING;
    }
    return false;
}

static uint32_t keep_words(uint8_t *words, size_t size, struct bytes text)
{
    size_t kept = text.size < size ? text.size : size;
    if (kept > 0) {
        memcpy(words, text.data, kept);
    }
    return (uint32_t)kept;
}

enum decision corrections_propose(struct node *node, const struct request *request,
                                  struct answer *answer)
{
    struct account_record account;
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    enum verdict verdict = desk_account(node, &request->body.propose.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    if (!amounts_are_sound(request->body.propose.principal, request->body.propose.bonus) ||
        !cause_fits(request->body.propose.kind, request->body.propose.cause)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    uint64_t now = now_ms(node);
    struct proposal_record proposal = {.kind = request->body.propose.kind,
                                       .state = PROPOSAL_OPEN,
                                       .cause = request->body.propose.cause,
                                       .account = answer->account,
                                       .principal = request->body.propose.principal,
                                       .bonus = request->body.propose.bonus,
                                       .to_day = request->body.propose.to_day,
                                       .of = request->body.propose.of,
                                       .proposed_ms = now,
                                       .until_ms = now + PROPOSAL_LIFE_MS,
                                       .proposer = request->till,
                                       .proposer_staff = request->staff};
    proposal.reason_size =
        keep_words(proposal.reason, sizeof proposal.reason, request->body.propose.reason);
    proposal.proposer_size = keep_words(proposal.proposer_name, sizeof proposal.proposer_name,
                                        request->body.propose.person);
    verdict = check_subject(node, &proposal, answer);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    answer->proposal = proposal_last(node->rows) + 1;
    proposal_set_last(node->rows, answer->proposal);
    proposal_save(node->rows, answer->proposal, &proposal);
    answer->principal = proposal.principal;
    answer->bonus = proposal.bonus;
    sales_report(node, answer);
    return DECIDED;
}

/* ---- carried out ---- */

/* Loads an open proposal; fills the answer's account. */
static enum verdict find_open(struct node *node, const struct request *request,
                              struct proposal_record *proposal, struct answer *answer)
{
    struct account_record account;
    if (!node->office) {
        return REFUSED_ROLE;
    }
    if (!proposal_load(node->rows, request->body.decide.proposal, proposal)) {
        return REFUSED_UNKNOWN_PROPOSAL;
    }
    answer->proposal = request->body.decide.proposal;
    struct account_name name = {.account = proposal->account};
    enum verdict verdict = desk_account(node, &name, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
#if !defined(MUTANT_approved_twice)
    if (proposal->state != PROPOSAL_OPEN) {
        answer->event = (struct event_ref){0};
        return REFUSED_DECIDED;
    }
#endif
    return now_ms(node) > proposal->until_ms ? REFUSED_EXPIRED : VERDICT_ALLOWED;
}

static void close_proposal(struct node *node, const struct request *request,
                           struct proposal_record *proposal, enum proposal_state state,
                           struct event_ref done)
{
    proposal->state = (uint8_t)state;
    proposal->decided_ms = now_ms(node);
    proposal->decider = request->till;
    proposal->done = done;
    proposal->decider_size = keep_words(proposal->decider_name, sizeof proposal->decider_name,
                                        request->body.decide.person);
    proposal_save(node->rows, request->body.decide.proposal, proposal);
}

static struct two_persons persons_of(const struct request *request,
                                     const struct proposal_record *proposal)
{
    return (struct two_persons){.proposal = request->body.decide.proposal,
                                .proposer = proposal->proposer,
                                .proposer_name =
                                    bytes_of(proposal->proposer_name, proposal->proposer_size),
                                .approver_name = request->body.decide.person};
}

static enum decision done(struct node *node, const struct request *request,
                          struct proposal_record *proposal, struct answer *answer)
{
    close_proposal(node, request, proposal, PROPOSAL_DONE, answer->event);
    answer->principal = proposal->principal;
    answer->bonus = proposal->bonus;
    sales_report(node, answer);
    return DECIDED;
}

static enum decision add(struct node *node, const struct request *request,
                         struct proposal_record *proposal, struct answer *answer)
{
    struct sheet sheet;
    (void)sheet_load(node->rows, &answer->account, &sheet);
    if (sheet.lot_count + 2 > SHEET_LOTS_MAX || sheet.unlisted != 0) {
        return refuse(answer, REFUSED_LOTS);
    }
    enum verdict verdict = check_subject(node, proposal, answer);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    bool grant = proposal->kind == CORRECTION_GRANT;
    struct event event =
        desk_event(request, grant ? EVENT_LOT_ISSUE : EVENT_ADJUST, &answer->account);
    event.body.issue_lots.cause = proposal->cause;
    event.body.issue_lots.approver = request->till;
    event.body.issue_lots.of = proposal->of;
    event.body.issue_lots.reason = bytes_of(proposal->reason, proposal->reason_size);
    event.body.issue_lots.persons = persons_of(request, proposal);
    if (proposal->principal > 0) {
        event.body.issue_lots.lots[event.body.issue_lots.lot_count++] = (struct lot_terms){
            .bucket = BUCKET_PRINCIPAL, .amount = proposal->principal, .product = answer->product};
    }
    if (proposal->bonus > 0) {
        event.body.issue_lots.lots[event.body.issue_lots.lot_count++] =
            (struct lot_terms){.bucket = BUCKET_BONUS,
                               .amount = proposal->bonus,
                               .to_day = proposal->to_day,
                               .product = answer->product};
    }
    if (!journal_would_hold(node, &event)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    if (!event_ref_is_none(proposal->of) && proposal->of.journal != node->journal &&
        !journal_depend(node, proposal->of.journal)) {
        return refuse(answer, REFUSED_BUSY);
    }
    answer->event = journal_append(node, &event);
    return done(node, request, proposal, answer);
}

/* Which lots a payout takes: of each bucket what ends first; over everybody's rights if `whole`.
 * True if it reaches both amounts. */
static bool plan_payout(struct node *node, const struct proposal_record *proposal,
                        const struct sheet *sheet, bool whole, struct spend_plan *plan)
{
    struct spendable all[SHEET_LOTS_MAX];
    size_t count =
        sheet_spendables(node, &proposal->account, sheet, journal_header(node)->day, whole, all);
    *plan = (struct spend_plan){0};
    for (uint8_t bucket = BUCKET_PRINCIPAL; bucket <= BUCKET_BONUS; bucket++) {
        struct spendable lots[SHEET_LOTS_MAX];
        size_t of_bucket = 0;
        for (size_t i = 0; i < count; i++) {
            if (all[i].bucket == bucket) {
                lots[of_bucket++] = all[i];
            }
        }
        int64_t amount = bucket == BUCKET_PRINCIPAL ? proposal->principal : proposal->bonus;
        struct spend_plan part = {0};
        if (amount > 0) {
            spend_plan(lots, of_bucket, amount, SPEND_EXPIRY_FIRST, &part);
        }
        for (uint32_t i = 0; i < part.line_count && plan->line_count < EVENT_LINES_MAX; i++) {
            plan->lines[plan->line_count++] = part.lines[i];
            plan->covered += part.lines[i].amount;
        }
    }
    return plan->covered == proposal->principal + proposal->bonus;
}

static enum invalid_reason append_payout(struct node *node, const struct request *request,
                                         const struct proposal_record *proposal,
                                         const struct spend_plan *plan, struct answer *answer)
{
    struct event event = desk_event(request, EVENT_PAYOUT, &answer->account);
    event.body.payout.cause = proposal->cause;
    event.body.payout.approver = request->till;
    event.body.payout.reason = bytes_of(proposal->reason, proposal->reason_size);
    event.body.payout.persons = persons_of(request, proposal);
    event.body.payout.line_count = (uint8_t)plan->line_count;
    for (uint32_t i = 0; i < plan->line_count; i++) {
        int64_t raw = own_raw(node, &answer->account, &plan->lines[i].lot);
        int64_t after = raw - plan->lines[i].amount;
        event.body.payout.lines[i] = (struct lot_line){.lot = plan->lines[i].lot,
                                                       .amount = plan->lines[i].amount,
                                                       .after = after > 0 ? after : 0};
    }
    enum invalid_reason reason = trust_judge(node, &event);
    if (reason == INVALID_NONE) {
        answer->event = journal_append(node, &event);
    }
    return reason;
}

static enum decision pay_out(struct node *node, const struct request *request,
                             struct proposal_record *proposal, struct answer *answer)
{
    struct sheet sheet;
    struct spend_plan whole;
    struct spend_plan plan;
    (void)sheet_load(node->rows, &answer->account, &sheet);
    if (sheet.frozen > 0) {
        return refuse(answer, REFUSED_FROZEN);
    }
    if (later_blocks(node, &answer->account)) {
        return refuse(answer, REFUSED_NEWER_FACT);
    }
    int64_t amount = proposal->principal + proposal->bonus;
    bool owes = sheet_owed(&sheet) > 0 && amount > sheet_balance(&sheet);
    bool reaches = plan_payout(node, proposal, &sheet, true, &whole);
    bool here = plan_payout(node, proposal, &sheet, false, &plan);
#if defined(MUTANT_payout_without_rights)
    if (reaches) {
        plan = whole;
        here = true;
    }
#endif
    if (here && !owes && sales_accept_plan(node, request, &answer->account, &sheet, &plan)) {
        enum invalid_reason reason = append_payout(node, request, proposal, &plan, answer);
        if (reason == INVALID_EXPOSED) {
            return sales_needs_witness(node, answer);
        }
        return reason == INVALID_NONE ? done(node, request, proposal, answer)
                                      : refuse(answer, REFUSED_AMOUNT);
    }
    answer->balance = sheet_balance(&sheet);
    answer->usable_here = sheet_usable(node, &answer->account, &sheet, journal_header(node)->day);
    if (owes || !reaches) {
        return refuse(answer, REFUSED_BALANCE);
    }
    answer->offer = plan.covered < amount ? plan.covered : 0;
    answer->verdict = REFUSED_RIGHTS;
    return NEEDS_RIGHTS;
}

enum decision corrections_approve(struct node *node, const struct request *request,
                                  struct answer *answer)
{
    struct proposal_record proposal;
    enum verdict verdict = find_open(node, request, &proposal, answer);
#if !defined(MUTANT_adjust_by_one_person)
    if (verdict == VERDICT_ALLOWED && proposal.proposer == request->till) {
        verdict = REFUSED_ONE_PERSON; /* (W1) */
    }
#endif
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    return proposal.kind == CORRECTION_PAYOUT ? pay_out(node, request, &proposal, answer)
                                              : add(node, request, &proposal, answer);
}

bool corrections_want(struct node *node, const struct request *request, struct wanted *wanted)
{
    struct proposal_record proposal;
    struct sheet sheet;
    struct spend_plan whole;
    wanted->count = 0;
    if (!proposal_load(node->rows, request->body.decide.proposal, &proposal)) {
        return false;
    }
    wanted->account = proposal.account;
    (void)sheet_load(node->rows, &proposal.account, &sheet);
    (void)plan_payout(node, &proposal, &sheet, true, &whole);
    for (uint32_t i = 0; i < whole.line_count; i++) {
        wanted->lines[wanted->count++] =
            (struct lot_amount){.lot = whole.lines[i].lot, .amount = whole.lines[i].amount};
    }
    return true;
}

enum decision corrections_withdraw(struct node *node, const struct request *request,
                                   struct answer *answer)
{
    struct proposal_record proposal;
    enum verdict verdict = find_open(node, request, &proposal, answer);
    if (verdict != VERDICT_ALLOWED && verdict != REFUSED_EXPIRED) {
        return refuse(answer, verdict);
    }
    close_proposal(node, request, &proposal, PROPOSAL_WITHDRAWN, (struct event_ref){0});
    sales_report(node, answer);
    return DECIDED;
}

/* ---- for people ---- */

static void view(uint64_t number, const struct proposal_record *record, uint64_t now,
                 struct proposal_view *view)
{
    bool late = record->state == PROPOSAL_OPEN && now > record->until_ms;
    *view = (struct proposal_view){.number = number,
                                   .kind = record->kind,
                                   .state = late ? PROPOSAL_EXPIRED : record->state,
                                   .cause = record->cause,
                                   .account = record->account,
                                   .principal = record->principal,
                                   .bonus = record->bonus,
                                   .to_day = record->to_day,
                                   .of = record->of,
                                   .reason_size = record->reason_size,
                                   .proposed_ms = (int64_t)record->proposed_ms,
                                   .until_ms = (int64_t)record->until_ms,
                                   .decided_ms = (int64_t)record->decided_ms,
                                   .proposer = record->proposer,
                                   .decider = record->decider,
                                   .proposer_size = record->proposer_size,
                                   .decider_size = record->decider_size,
                                   .done = record->done};
    memcpy(view->reason, record->reason, record->reason_size);
    memcpy(view->proposer_name, record->proposer_name, record->proposer_size);
    memcpy(view->decider_name, record->decider_name, record->decider_size);
}

/* The cursor is the number of the oldest one shown. */
void corrections_list(struct node *node, const struct request *request, struct page *page)
{
    enum { SCAN_MAX = 4096 };
    uint64_t now = (uint64_t)world_wall_ms(node->world);
    uint64_t last = proposal_last(node->rows);
    uint64_t number = request->cursor.size == 8 ? key_u64(request->cursor.data) - 1 : last;
    for (uint32_t scanned = 0; number > 0 && number <= last; number--, scanned++) {
        struct proposal_record record;
        if (page->count == request->page_limit || scanned == SCAN_MAX) {
            struct row_key cursor = {0};
            row_key_u64(&cursor, number + 1);
            page->more = true;
            page->cursor_size = cursor.size;
            memcpy(page->cursor, cursor.bytes, cursor.size);
            return;
        }
        if (!proposal_load(node->rows, number, &record)) {
            continue;
        }
        struct proposal_view *shown = &page->rows.proposals[page->count];
        view(number, &record, now, shown);
        page->count += !request->body.requests.open || shown->state == PROPOSAL_OPEN ? 1 : 0;
    }
}
