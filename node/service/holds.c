#include "holds.h"

#include "freezes.h"
#include "journal.h"
#include "query.h"
#include "row_key.h"
#include "sales.h"
#include "trust.h"

#include <string.h>

enum {
    LAPSE_A_TICK = 16,
    EVENT_ROOM = 2048, /* a release, and what is sent home after it */
    ROWS_A_TICK = 64,
    KEY_UNTIL_AT = 9,
    KEY_SEQ_AT = 17,
    KEY_INDEX_AT = 25,
    KEY_OPEN_REF_AT = 17,
};

static const uint64_t day_ms = UINT64_C(24) * 60 * 60 * 1000;

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

/* The time of the next block of this journal: it never falls, whatever the clock does. */
static uint64_t block_ms(struct node *node)
{
    return journal_header(node)->hlc >> 16;
}

bool holds_until_is_sound(struct node *node, const struct request *request)
{
    uint64_t now = block_ms(node);
    uint64_t until = request->body.spend.until_ms;
    return until > now && until - now <= HOLD_DAYS_MAX * day_ms;
}

enum invalid_reason holds_place(struct node *node, const struct request *request,
                                const struct spend_plan *plan, struct answer *answer)
{
    struct event event = desk_event(request, EVENT_SPEND_HOLD, &answer->account);
    event.body.hold.until_ms = request->body.spend.until_ms;
    event.body.hold.order = request->body.spend.order;
    event.body.hold.line_count = (uint8_t)plan->line_count;
    for (uint32_t i = 0; i < plan->line_count; i++) {
        const struct spend_line *line = &plan->lines[i];
        int64_t raw = own_raw(node, &answer->account, &line->lot);
        event.body.hold.lines[i] = (struct lot_line){
            .lot = line->lot, .amount = line->amount, .after = raw - line->amount};
    }
    enum invalid_reason reason = trust_judge(node, &event);
    if (reason != INVALID_NONE) {
        return reason;
    }
    answer->event = journal_append(node, &event);
    answer->principal = plan->principal;
    answer->bonus = plan->bonus;
    answer->limit = (int64_t)event.body.hold.until_ms;
    sales_report(node, answer);
    return INVALID_NONE;
}

/* ---- ending one ---- */

static bool is_void(const struct node *node, uint64_t journal)
{
    return roster_retired(&node->roster, journal, node->roster.seq) != NULL;
}

/* The hold that the request names, if this journal may end it now. */
static enum verdict find_open(struct node *node, struct event_ref ref, struct answer *answer,
                              struct account_record *account, struct hold_record *hold)
{
    if (!hold_load(node->rows, ref, hold)) {
        return REFUSED_UNKNOWN_HOLD;
    }
    struct account_name name = {.account = hold->account};
    enum verdict verdict = desk_account(node, &name, answer, account);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    bool open = hold->state == HOLD_OPEN;
#if defined(MUTANT_hold_captured_twice)
    open = open || answer->kind == COMMAND_CAPTURE;
#endif
#if defined(MUTANT_hold_released_twice)
    open = open || answer->kind == COMMAND_RELEASE;
#endif
    if (!open || is_void(node, ref.journal)) {
        return REFUSED_HOLD_ENDED;
    }
    bool own = ref.journal == node->journal;
#if defined(MUTANT_hold_of_others_captured)
    own = own || answer->kind == COMMAND_CAPTURE;
#endif
    if (!own) {
        answer->branch = journal_branch(ref.journal);
        return REFUSED_HOLD_ELSEWHERE;
    }
    return VERDICT_ALLOWED;
}

/* Splits what is captured as a sale is split, over what was set aside. */
static void plan_capture(struct node *node, const struct account_record *account,
                         const struct hold_record *hold, int64_t amount, struct spend_plan *plan)
{
    const struct roster_product *product = roster_product(
        &node->roster, account->product, account->version, journal_header(node)->auth);
    struct spendable lots[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < hold->line_count; i++) {
        lots[i] = (struct spendable){.lot = hold->lines[i].lot,
                                     .bucket = hold->lines[i].bucket,
                                     .to_day = hold->lines[i].to_day,
                                     .issued = hold->lines[i].issued,
                                     .usable = hold->lines[i].amount};
    }
    enum spend_order order =
        product == NULL ? SPEND_PROPORTIONAL : (enum spend_order)product->order;
    spend_plan(lots, hold->line_count, amount, order, plan);
#if defined(MUTANT_hold_captured_for_more)
    plan->lines[0].amount += hold->line_count == 1 ? 1 : 0;
#endif
}

static int64_t sum_of(const struct hold_record *hold)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < hold->line_count; i++) {
        sum += hold->lines[i].amount;
    }
    return sum;
}

/* What came back to a frozen account goes where the rest of it went. */
static void after_end(struct node *node, const struct subject_id *account)
{
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    struct row_key gate = key_of_gate(account, node->journal);
    if (sheet.frozen > 0 && number_load(node->rows, row_key_bytes(&gate)) > 0) {
        freezes_send_home(node, account);
    }
}

enum decision holds_capture(struct node *node, const struct request *request, struct answer *answer)
{
    struct event_ref ref = request->body.capture.hold;
    struct account_record account;
    struct hold_record hold;
    enum verdict verdict = find_open(node, ref, answer, &account, &hold);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
#if !defined(MUTANT_hold_captured_late)
    if (block_ms(node) >= hold.until_ms) {
        return refuse(answer, REFUSED_HOLD_OVER);
    }
#endif
    int64_t amount = request->body.capture.amount;
    int64_t all = sum_of(&hold);
    if (!amount_in_range(amount)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    if (amount > all) {
        answer->limit = all;
        return refuse(answer, REFUSED_HOLD_AMOUNT);
    }
    struct spend_plan plan;
    plan_capture(node, &account, &hold, amount, &plan);
    struct event event = desk_event(request, EVENT_SPEND_CAPTURE, &answer->account);
    event.body.capture.hold = ref;
    event.body.capture.line_count = (uint8_t)plan.line_count;
    for (uint32_t i = 0; i < plan.line_count; i++) {
        event.body.capture.lines[i] =
            (struct lot_amount){.lot = plan.lines[i].lot, .amount = plan.lines[i].amount};
    }
    event.body.capture.item_count = (uint8_t)request->body.capture.item_count;
    memcpy(event.body.capture.items, request->body.capture.items, sizeof event.body.capture.items);
    if (!journal_would_hold(node, &event)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    answer->event = journal_append(node, &event);
    answer->principal = plan.principal;
    answer->bonus = plan.bonus;
    after_end(node, &answer->account);
    sales_report(node, answer);
    return DECIDED;
}

enum decision holds_release(struct node *node, const struct request *request, struct answer *answer)
{
    struct event_ref ref = request->body.capture.hold;
    struct account_record account;
    struct hold_record hold;
    enum verdict verdict = find_open(node, ref, answer, &account, &hold);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    struct event event = desk_event(request, EVENT_SPEND_RELEASE, &answer->account);
    event.body.release.hold = ref;
    event.body.release.why = RELEASE_ASKED;
    if (!journal_would_hold(node, &event)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    answer->event = journal_append(node, &event);
    for (uint32_t i = 0; i < hold.line_count; i++) {
        answer->principal += hold.lines[i].bucket == BUCKET_PRINCIPAL ? hold.lines[i].amount : 0;
        answer->bonus += hold.lines[i].bucket == BUCKET_BONUS ? hold.lines[i].amount : 0;
    }
    after_end(node, &answer->account);
    sales_report(node, answer);
    return DECIDED;
}

/* ---- what nobody asked for in time ---- */

static bool may_write(struct node *node)
{
    return !node->draining && !node->read_only && !node->held && !world_space_low(node->world) &&
           roster_journal(&node->roster, node->journal, node->roster.seq) != NULL &&
           !rows_nearly_full(node->rows) && journal_has_room(node, 2, EVENT_ROOM);
}

/* True if it was written. */
static bool lapse(struct node *node, struct event_ref ref)
{
    struct hold_record hold;
    /* As decided by now: it may have been ended in the batch that is on its way. */
    if (!hold_load(node->rows, ref, &hold) || hold.state != HOLD_OPEN) {
        return false;
    }
    struct event event = {.type = EVENT_SPEND_RELEASE, .subject = hold.account, .known = true};
    event.body.release.hold = ref;
    event.body.release.why = RELEASE_EXPIRED;
    if (!journal_would_hold(node, &event)) {
        return false;
    }
    (void)journal_append(node, &event);
    after_end(node, &hold.account);
    return true;
}

void holds_sweep(struct node *node)
{
#if defined(MUTANT_hold_never_lapses)
    return;
#endif
    struct walk walk = walk_over(key_of_journal(TABLE_HOLD_DUE, node->journal));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    uint32_t written = 0;
    for (uint32_t i = 0; i < ROWS_A_TICK && written < LAPSE_A_TICK && may_write(node); i++) {
        if (!walk_next(node, &walk, &value)) {
            return;
        }
        uint64_t until = key_u64(walk.key_memory + KEY_UNTIL_AT);
        uint64_t now = node_next_hlc(node) >> 16;
#if defined(MUTANT_hold_lapses_early)
        now += 60000;
#endif
        if (until > now) {
            return; /* and the rest of the list ends later */
        }
        struct event_ref ref = {.journal = node->journal,
                                .seq = key_u64(walk.key_memory + KEY_SEQ_AT),
                                .index = key_u16(walk.key_memory + KEY_INDEX_AT)};
        /* The block that is open may have begun before. */
        if (node->block.open && block_ms(node) < until) {
            return;
        }
        written += lapse(node, ref) ? 1 : 0;
    }
}

/* ---- for people ---- */

static void view_of(struct node *node, struct event_ref ref, const struct hold_record *hold,
                    struct hold_view *view)
{
    *view = (struct hold_view){.hold = ref,
                               .account = hold->account,
                               .at_ms = (int64_t)(hold->hlc >> 16),
                               .until_ms = (int64_t)hold->until_ms,
                               .till = hold->till,
                               .staff = hold->staff,
                               .state = hold->state,
                               .ended_ms = (int64_t)(hold->ended_hlc >> 16),
                               .ended = hold->ended,
                               .order_size = hold->order_size};
    view->is_void = hold->state == HOLD_OPEN && is_void(node, ref.journal);
    memcpy(view->order, hold->order, hold->order_size);
    for (uint32_t i = 0; i < hold->line_count; i++) {
        int at = hold->lines[i].bucket == BUCKET_PRINCIPAL ? 0 : 1;
        view->held[at] += hold->lines[i].amount;
        view->captured[at] += hold->lines[i].captured;
    }
}

enum verdict holds_query(struct node *node, const struct request *request, struct answer *answer,
                         struct page *page)
{
    struct hold_record hold;
    struct event_ref ref = request->body.capture.hold;
    if (!hold_load(node->rows, ref, &hold)) {
        return REFUSED_UNKNOWN_HOLD;
    }
    struct account_record account;
    struct account_name name = {.account = hold.account};
    (void)desk_account(node, &name, answer, &account);
    view_of(node, ref, &hold, &page->rows.holds[0]);
    page->count = 1;
    return VERDICT_ALLOWED;
}

enum verdict holds_list(struct node *node, const struct request *request, struct answer *answer,
                        struct page *page)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.account.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    struct walk walk = walk_over(key_of_subject(TABLE_HOLD_OPEN, &answer->account));
    walk_from(&walk, request->cursor);
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    struct walk before = walk;
    while (walk_next(node, &walk, &value)) {
        if (page->count == request->page_limit) {
            page_continue(page, &before);
            return VERDICT_ALLOWED;
        }
        struct event_ref ref = key_ref(walk.key_memory + KEY_OPEN_REF_AT);
        struct hold_record hold;
        if (hold_load(node->rows, ref, &hold)) {
            view_of(node, ref, &hold, &page->rows.holds[page->count++]);
        }
        before = walk;
    }
    return VERDICT_ALLOWED;
}
