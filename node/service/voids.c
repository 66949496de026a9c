/* A top-up typed wrongly is taken back where and when it was made, whole, before anything of it was
 * used (W2); rights that were spread meanwhile are asked for first. */
#include "corrections.h"

#include "block_codec.h"
#include "event_codec.h"
#include "journal.h"
#include "later.h"
#include "record_correct.h"
#include "row_key.h"
#include "sales.h"
#include "trust.h"

#include <string.h>

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

/* Why no top-up of today stands there. */
static enum verdict why_not(struct node *node, struct event_ref of, struct answer *answer)
{
    if (of.journal != node->journal) {
        answer->branch = journal_branch(of.journal);
        return roster_journal(&node->roster, of.journal, node->roster.seq) == NULL
                   ? REFUSED_UNKNOWN_TOPUP
                   : REFUSED_TOPUP_ELSEWHERE;
    }
    struct row_key key = key_of_block(of.journal, of.seq);
    struct buffer whole = BUFFER_OVER(node->block_bytes);
    bool topup = rows_load_committed(node->rows, row_key_bytes(&key), &whole) &&
                 block_decode(buffer_bytes(&whole), &node->decoded) == STATUS_OK &&
                 of.index < node->decoded.header.count &&
                 event_decode(node->decoded.events[of.index], &node->event) == STATUS_OK &&
                 node->event.type == EVENT_TOPUP;
    return topup ? REFUSED_TOPUP_DAY : REFUSED_UNKNOWN_TOPUP;
}

static bool find(struct node *node, struct event_ref of, struct taking_record *topup)
{
    uint32_t day = journal_header(node)->day;
    bool found = of.journal == node->journal && taking_load(node->rows, of, day, topup);
#if defined(MUTANT_void_of_another_day)
    for (uint32_t back = 1; !found && back < 60; back++) {
        found = of.journal == node->journal && taking_load(node->rows, of, day - back, topup);
    }
#endif
    return found && topup->type == EVENT_TOPUP;
}

/* How the account's picture has the lot, also when a full sheet does not list it. */
static struct sheet_lot picture_of(struct node *node, const struct subject_id *account,
                                   struct sheet *sheet, const struct lot_id *lot)
{
    struct sheet_lot *listed = sheet_find(sheet, lot);
    struct sheet_lot spare;
    if (listed != NULL) {
        return *listed;
    }
    if (spare_load(node->rows, account, lot, &spare)) {
        return spare;
    }
    return (struct sheet_lot){.lot = *lot};
}

/* What is left of the top-up's lots by all that is known, and what of it is here. */
struct remains {
    int64_t left;
    int64_t here;
    bool used;  /* of one lot at least something is gone */
    bool moved; /* of one lot at least something is elsewhere */
    struct acceptance coming;
};

static struct remains look(struct node *node, const struct taking_record *topup,
                           struct sheet *sheet)
{
    struct remains remains = {.coming = {.account = topup->account}};
    for (uint32_t i = 0; i < topup->lot_count; i++) {
        struct sheet_lot lot = picture_of(node, &topup->account, sheet, &topup->lots[i].lot);
        int64_t held = own_raw(node, &topup->account, &lot.lot);
        int64_t here = held + lot_coming(node, &lot);
        int64_t amount = topup->lots[i].amount;
        remains.left += amount_smaller(lot.left, amount);
        remains.here += amount_smaller(here, amount);
        remains.used = remains.used || lot.left < amount;
        remains.moved = remains.moved || here < amount;
        if (held < amount) {
            remains.coming.lots[remains.coming.count++] = lot.lot;
        }
    }
    return remains;
}

static bool append(struct node *node, const struct request *request,
                   const struct taking_record *topup, struct answer *answer)
{
    struct event event = desk_event(request, EVENT_LOT_CLAWBACK, &topup->account);
    event.body.clawback.of = request->body.undo.topup;
    event.body.clawback.reason = request->body.undo.reason;
    int64_t sums[2] = {0, 0};
    for (uint32_t i = 0; i < topup->lot_count; i++) {
        int64_t amount = topup->lots[i].amount;
        int64_t raw = own_raw(node, &topup->account, &topup->lots[i].lot);
#if defined(MUTANT_void_after_use)
        amount = amount_smaller(raw, amount);
#endif
#if defined(MUTANT_void_keeps_bonus)
        if (topup->lots[i].bucket == BUCKET_BONUS) {
            continue;
        }
#endif
        if (amount == 0) {
            continue;
        }
        event.body.clawback.lines[event.body.clawback.line_count++] =
            (struct lot_line){.lot = topup->lots[i].lot, .amount = amount, .after = raw - amount};
        sums[topup->lots[i].bucket == BUCKET_PRINCIPAL ? 0 : 1] += amount;
    }
    if (event.body.clawback.line_count == 0 || !journal_would_hold(node, &event)) {
        return false;
    }
    answer->event = journal_append(node, &event);
    answer->principal = sums[0];
    answer->bonus = sums[1];
    answer->tender_count = topup->tender_count;
    memcpy(answer->tenders, topup->tenders, sizeof answer->tenders);
    sales_report(node, answer);
    return true;
}

enum decision voids_void(struct node *node, const struct request *request, struct answer *answer)
{
    struct taking_record topup;
    if (!find(node, request->body.undo.topup, &topup)) {
        return refuse(answer, why_not(node, request->body.undo.topup, answer));
    }
    struct account_record account;
    struct account_name name = {.account = topup.account};
    enum verdict verdict = desk_account(node, &name, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    if (topup.voided || topup.waits) {
        return refuse(answer, topup.voided ? REFUSED_TOPUP_VOIDED : REFUSED_TOPUP_WAITS);
    }
    struct sheet sheet;
    (void)sheet_load(node->rows, &topup.account, &sheet);
    if (sheet.frozen > 0) {
        return refuse(answer, REFUSED_FROZEN);
    }
    if (later_blocks(node, &topup.account)) {
        return refuse(answer, REFUSED_NEWER_FACT);
    }
    struct remains remains = look(node, &topup, &sheet);
    bool used = remains.used || (sheet_owed(&sheet) > 0 && sheet_balance(&sheet) < remains.left);
#if defined(MUTANT_void_after_use)
    used = remains.left == 0;
    remains.moved = false;
#endif
    if (used) {
        answer->offer = remains.left;
        return refuse(answer, REFUSED_TOPUP_USED);
    }
    remains.coming.till = request->till;
    remains.coming.staff = request->staff;
    if (!remains.moved &&
        (remains.coming.count == 0 || sales_accept(node, &sheet, &remains.coming))) {
        return append(node, request, &topup, answer) ? DECIDED : refuse(answer, REFUSED_AMOUNT);
    }
    answer->balance = sheet_balance(&sheet);
    answer->offer = remains.here;
    answer->verdict = REFUSED_RIGHTS;
    return NEEDS_RIGHTS;
}

bool voids_want(struct node *node, const struct request *request, struct wanted *wanted)
{
    struct taking_record topup;
    wanted->count = 0;
    if (!find(node, request->body.undo.topup, &topup)) {
        return false;
    }
    wanted->account = topup.account;
    for (uint32_t i = 0; i < topup.lot_count; i++) {
        wanted->lines[wanted->count++] =
            (struct lot_amount){.lot = topup.lots[i].lot, .amount = topup.lots[i].amount};
    }
    return true;
}
