#include "requests.h"

#include "journal.h"
#include "query.h"
#include "refunds.h"
#include "row_key.h"
#include "sales.h"

#include "names.h"

#include <string.h>

enum {
    SWEEP_MS = 1000,
    SWEEP_ROWS = 32,
    CARRY_EVENTS_MAX = SHEET_HOLDERS_MAX * 2 + 2, /* acceptances, the refund, the answer */
    CARRY_SIZE_MAX = 16 * 1024,
    SCAN_MAX = 4096, /* rows looked at for one page */
    KEY_TO_AT = 1,
    KEY_REF_AT = 9,
};

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

/* Who holds most of what the refund would need; 0: it is all here. */
static uint64_t holder_of(const struct refund_picture *picture, const int64_t *parts, uint64_t own)
{
    uint64_t best = 0;
    int64_t most = 0;
    for (uint32_t k = 0; k < picture->sale.line_count; k++) {
        const struct sheet_lot *right = NULL;
        for (uint32_t i = 0; i < picture->sheet.lot_count; i++) {
            bool same = lot_equal(&picture->sheet.lots[i].lot, &picture->rights[k]);
            right = same ? &picture->sheet.lots[i] : right;
        }
        for (uint32_t h = 0;
             right != NULL && parts[k] > picture->here[k] && h < right->holder_count; h++) {
            if (right->holders[h].journal != own && right->holders[h].held > most) {
                best = right->holders[h].journal;
                most = right->holders[h].held;
            }
        }
        for (uint32_t f = 0;
             right != NULL && parts[k] > picture->here[k] && f < right->flight_count; f++) {
            if (right->flights[f].to != own && right->flights[f].amount > most) {
                best = right->flights[f].to;
                most = right->flights[f].amount;
            }
        }
    }
    return best;
}

enum decision requests_file(struct node *node, const struct request *request, struct answer *answer)
{
    struct refund_picture picture;
    if (!refunds_look(node, request->body.file.sale, &picture)) {
        return refuse(answer, REFUSED_UNKNOWN_SALE);
    }
    struct account_record account;
    struct account_name name = {.account = picture.sale.account};
    enum verdict verdict = desk_account(node, &name, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    if (!amount_in_range(request->body.file.amount)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    int64_t parts[EVENT_LINES_MAX];
    struct request refund = {.kind = COMMAND_REFUND,
                             .body.refund = {.amount = request->body.file.amount}};
    bool in_time = refunds_in_time(node, &picture);
    if (!refunds_plan(&picture, &refund, parts, &answer->limit) || !in_time) {
        answer->limit = in_time ? answer->limit : 0;
        return refuse(answer, REFUSED_REFUNDABLE);
    }
    answer->limit = 0;
    uint64_t to = holder_of(&picture, parts, node->journal);
    if (to == 0) {
        return refuse(answer, REFUSED_SELF);
    }
    struct event event = desk_event(request, EVENT_REQUEST_FILE, &picture.sale.account);
    event.body.file.kind = REQUEST_REFUND;
    event.body.file.to = to;
    event.body.file.sale = picture.ref;
    event.body.file.amount = request->body.file.amount;
    event.body.file.reason = request->body.file.reason;
    if (!journal_would_hold(node, &event)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    answer->event = journal_append(node, &event);
    answer->branch = journal_branch(to);
    sales_report(node, answer);
    return DECIDED;
}

/* ---- at the journal that was asked ---- */

/* Does it if it can, and says in the same block what became of it: so there is one effect, and it
 * is there exactly if the answer says so. */
static void carry_out(struct node *node, uint64_t to, struct event_ref ref,
                      const struct wish_record *wish)
{
    struct event close = {
        .type = EVENT_REQUEST_CLOSE, .subject = wish->account, .staff = wish->staff, .known = true};
    close.body.close.request = ref;
    close.body.close.outcome = REQUEST_REFUSED;
    close.body.close.of = to == node->journal ? 0 : to;
    if (!journal_would_hold(node, &close) ||
        (ref.journal != node->journal && !journal_depend(node, ref.journal))) {
        return;
    }
    struct request refund = {.kind = COMMAND_REFUND, .staff = wish->staff};
    refund.body.refund.sale = wish->sale;
    refund.body.refund.amount = wish->amount;
    refund.body.refund.reason = bytes_of(wish->reason, wish->reason_size);
    struct answer answer = {.kind = COMMAND_REFUND};
    (void)refunds_refund(node, &refund, &answer);
    const char *why = verdict_name(answer.verdict);
    if (answer.verdict == VERDICT_ALLOWED) {
        close.body.close.outcome = REQUEST_DONE;
        close.body.close.done = answer.event;
    } else {
        close.body.close.reason = bytes_of(why, strlen(why));
    }
    (void)journal_append(node, &close);
}

static bool can_carry_out(struct node *node)
{
    return !node->draining && !node->read_only && !node->held && !world_space_low(node->world) &&
           roster_journal(&node->roster, node->journal, node->roster.seq) != NULL &&
           journal_has_room(node, CARRY_EVENTS_MAX, CARRY_SIZE_MAX) &&
           (!node->block.open ||
            node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 + 1 <= BLOCK_DEPS_MAX);
}

/* What was filed for this journal: the own one, or a retired one that the office acts for. */
static void sweep_of(struct node *node, uint64_t to)
{
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct walk walk = walk_over(key_of_journal(TABLE_WISH_OPEN, to));
    for (int rows = 0; rows < SWEEP_ROWS && can_carry_out(node); rows++) {
        if (!walk_next(node, &walk, &value)) {
            return;
        }
        struct event_ref ref = key_ref(walk.key_memory + KEY_REF_AT);
        struct wish_record wish;
        /* As decided by now: it may have been answered in the batch that is on its way. */
        bool open =
            wish_load(node->rows, to, ref, &wish) && wish.outcome == 0 && wish.office_outcome == 0;
#if defined(MUTANT_request_carried_out_twice)
        open = true;
#endif
        if (open) {
            carry_out(node, to, ref, &wish);
        }
    }
}

void requests_sweep(struct node *node, uint64_t now_ms)
{
    if (now_ms - node->wish_sweep_ms < SWEEP_MS) {
        return;
    }
    node->wish_sweep_ms = now_ms;
    sweep_of(node, node->journal);
    /* Once a pass over the estates has gathered what can be had of them. */
    bool settled = node->office && node->estate.phase != ESTATE_GATHERS;
    for (uint32_t i = 0; settled && i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if (one->retired.since != 0 && one->journal != node->journal) {
#if !defined(MUTANT_request_of_retired_left)
            sweep_of(node, one->journal);
#endif
        }
    }
}

/* ---- for people ---- */

static void view(uint64_t to, struct event_ref ref, const struct wish_record *wish,
                 struct request_view *view)
{
    *view =
        (struct request_view){.event = ref,
                              .at_ms = (int64_t)(wish->hlc >> 16),
                              .account = wish->account,
                              .kind = wish->kind,
                              .to = to,
                              .sale = wish->sale,
                              .amount = wish->amount,
                              .staff = wish->staff,
                              .reason_size = wish->reason_size,
                              .outcome = wish->outcome != 0 ? wish->outcome : wish->office_outcome,
                              .closed_ms = (int64_t)(wish->closed_hlc >> 16),
                              .done = wish->outcome != 0 ? wish->done : wish->office_done,
                              .answer_size = wish->answer_size};
    memcpy(view->reason, wish->reason, wish->reason_size);
    memcpy(view->answer, wish->answer, wish->answer_size);
}

void requests_list(struct node *node, const struct request *request, struct page *page)
{
    bool open = request->body.requests.open;
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    struct walk walk = walk_over(row_key(open ? TABLE_WISH_OPEN : TABLE_WISH));
    walk_from(&walk, request->cursor);
    for (uint32_t scanned = 0;; scanned++) {
        struct walk before = walk;
        if (!walk_next(node, &walk, &value)) {
            return;
        }
        if (page->count == request->page_limit || scanned == SCAN_MAX) {
            page_continue(page, &before);
            return;
        }
        uint64_t to = key_u64(walk.key_memory + KEY_TO_AT);
        struct event_ref ref = key_ref(walk.key_memory + KEY_REF_AT);
        struct wish_record wish;
        if (wish_load(node->rows, to, ref, &wish)) {
            view(to, ref, &wish, &page->rows.requests[page->count++]);
        }
    }
}
