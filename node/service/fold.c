#include "fold.h"

#include "fold_parts.h"

#include "later.h"
#include "row_key.h"

struct event_ref fold_ref(const struct fold *fold)
{
    return (struct event_ref){
        .journal = fold->header->journal, .seq = fold->header->seq, .index = fold->index};
}

bool fold_has_role(const struct fold *fold, enum role role)
{
    const struct roster_journal *writer =
        roster_journal(fold->roster, fold->header->journal, fold->header->auth);
    return writer != NULL && (writer->roles & (unsigned)role) != 0;
}

void fold_count(struct fold *fold, uint8_t bucket, int64_t amount)
{
    if (bucket == BUCKET_PRINCIPAL) {
        fold->principal += amount;
    } else if (bucket == BUCKET_BONUS) {
        fold->bonus += amount;
    }
}

static bool uses_sheet(uint16_t type)
{
    return type == EVENT_TOPUP || type == EVENT_SPEND || type == EVENT_SPEND_HOLD ||
           type == EVENT_SPEND_CAPTURE || type == EVENT_SPEND_RELEASE || type == EVENT_REFUND ||
           type == EVENT_LOT_EXPIRE || type == EVENT_LOT_REBIND || type == EVENT_RIGHTS_COVER ||
           type == EVENT_RIGHTS_MOVE || type == EVENT_RIGHTS_ACCEPT ||
           type == EVENT_RIGHTS_RETURN || type == EVENT_RIGHTS_RECLAIM ||
           type == EVENT_ACCOUNT_FREEZE || type == EVENT_ACCOUNT_UNFREEZE ||
           type == EVENT_CARD_LOSS_REPORT || type == EVENT_MINT_RELEASE;
}

static enum invalid_reason fold_known(struct fold *fold, struct sheet *sheet)
{
    switch ((enum event_type)fold->event->type) {
    case EVENT_TOPUP:
        return fold_topup(fold, sheet);
    case EVENT_SPEND:
        return fold_spend(fold, sheet);
    case EVENT_SPEND_HOLD:
        return fold_hold(fold, sheet);
    case EVENT_SPEND_CAPTURE:
        return fold_capture(fold, sheet);
    case EVENT_SPEND_RELEASE:
        return fold_release(fold, sheet);
    case EVENT_REFUND:
        return fold_refund(fold, sheet);
    case EVENT_LOT_EXPIRE:
        return fold_expire(fold, sheet);
    case EVENT_LOT_REBIND:
        return fold_rebind(fold, sheet);
    case EVENT_RIGHTS_MOVE:
        return fold_move(fold, sheet);
    case EVENT_RIGHTS_ACCEPT:
        return fold_accept(fold, sheet);
    case EVENT_RIGHTS_RETURN:
        return fold_return(fold, sheet);
    case EVENT_RIGHTS_RECLAIM:
        return fold_reclaim(fold, sheet);
    case EVENT_RIGHTS_COVER:
        return fold->event->body.cover.kind == COVER_SHORTFALL ? fold_repay(fold, sheet)
                                                               : fold_cover(fold, sheet);
    case EVENT_RISK_SETTLE:
        return fold_settle(fold);
    case EVENT_RISK_ACK:
        return fold_risk_ack(fold);
    case EVENT_MINT_RELEASE:
        return fold_release_mint(fold, sheet);
    case EVENT_LEASE_RECORD:
        return fold_lease(fold);
    case EVENT_JOURNAL_FORK:
        return fold_fork(fold);
    case EVENT_MEMBER_ENROL:
        return fold_enrol(fold);
    case EVENT_ACCOUNT_OPEN:
        return fold_open(fold);
    case EVENT_CARD_ISSUE:
        return fold_issue(fold);
    case EVENT_ACCOUNT_FREEZE:
        return fold_freeze(fold, sheet);
    case EVENT_ACCOUNT_UNFREEZE:
        return fold_unfreeze(fold, sheet);
    case EVENT_FREEZE_ACK:
        return fold_freeze_ack(fold);
    case EVENT_CARD_LOSS_REPORT:
        return fold_loss(fold, sheet);
    case EVENT_CARD_REPLACE:
        return fold_replace(fold);
    case EVENT_REQUEST_FILE:
        return fold_file(fold);
    case EVENT_REQUEST_CLOSE:
        return fold_close(fold);
    case EVENT_AUTH_EPOCH:
    case EVENT_JOURNAL_ADMIT:
    case EVENT_LIMITS_SET:
    case EVENT_BRANCH_SUSPEND:
    case EVENT_BRANCH_RESUME:
    case EVENT_JOURNAL_RETIRE:
    case EVENT_JOURNAL_RESOLVE:
    case EVENT_QUOTA_GRANT:
    case EVENT_MINT_APPROVE:
    case EVENT_CHECKPOINT_SIGN:
    case EVENT_ORGANISATION_SET:
    case EVENT_PRODUCT_PUBLISH:
        return INVALID_NO_ROLE; /* the authority's, in a data journal */
    case EVENT_LOT_ISSUE:
    case EVENT_ADJUST:
    case EVENT_LOT_CLAWBACK:
    case EVENT_PAYOUT:
        return INVALID_MALFORMED; /* the format has it, these rules do not */
    }
    return INVALID_MALFORMED;
}

static void save_statement(struct fold *fold)
{
    const struct event *event = fold->event;
    if (event->type == EVENT_MEMBER_ENROL ||
        id_is_none(event->subject.bytes, sizeof event->subject.bytes)) {
        return;
    }
    struct statement_record line = {
        .type = event->type,
        .verdict = (uint8_t)fold->verdict,
        .reason = (uint8_t)fold->reason,
        .till = event->till,
        .staff = event->staff,
        .principal = fold->principal,
        .bonus = fold->bonus,
        .moved = fold->moved,
        .uncovered = fold->uncovered,
        .ticket = event->ticket,
        .flags = fold->flags,
    };
    if (event->known && event->type == EVENT_TOPUP) {
        line.tender = event->body.topup.tender;
    } else if (event->known && event->type == EVENT_REFUND) {
        line.sale = event->body.refund.sale;
    } else if (event->known && event->type == EVENT_SPEND_CAPTURE) {
        line.sale = event->body.capture.hold;
    } else if (event->known && event->type == EVENT_SPEND_RELEASE) {
        line.sale = event->body.release.hold;
    } else if (event->known && event->type == EVENT_RIGHTS_MOVE) {
        line.to_journal = event->body.move.to;
        line.sale = event->body.move.sale;
    } else if (event->known && event->type == EVENT_RIGHTS_ACCEPT) {
        line.to_journal = event->body.accept.from;
    } else if (event->known && event->type == EVENT_LOT_REBIND) {
        line.other = event->body.rebind.to;
    } else if (event->known && event->type == EVENT_REQUEST_FILE) {
        line.sale = event->body.file.sale;
        line.to_journal = event->body.file.to;
    } else if (event->known && event->type == EVENT_RIGHTS_RETURN) {
        line.to_journal = event->body.giveback.from;
    } else if (event->known && event->type == EVENT_RIGHTS_RECLAIM) {
        line.to_journal = event->body.reclaim.of;
    } else if (event->known && event->type == EVENT_RIGHTS_COVER &&
               event->body.cover.kind == COVER_SHORTFALL) {
        line.to_journal = event->body.cover.of;
    }
    statement_save(fold->rows, &event->subject, fold->header->hlc, fold_ref(fold), &line);
}

/* What an INVALID event costs its branch: goods left the shop and no member was charged. */
static int64_t charged(const struct event *event)
{
    int64_t amount = 0;
    if (event->known && event->type == EVENT_SPEND) {
        amount = event->body.spend.risk;
        for (uint32_t i = 0; i < event->body.spend.line_count; i++) {
            if (!amount_add(amount, event->body.spend.lines[i].amount, &amount)) {
                return INT64_MAX;
            }
        }
    }
    if (event->known && event->type == EVENT_SPEND_CAPTURE) {
        for (uint32_t i = 0; i < event->body.capture.line_count; i++) {
            if (!amount_add(amount, event->body.capture.lines[i].amount, &amount)) {
                return INT64_MAX;
            }
        }
    }
    return amount;
}

void fold_event(struct fold *fold)
{
    const struct event *event = fold->event;
    fold->verdict = EVENT_VALID;
    fold->reason = INVALID_NONE;
    fold->principal = 0;
    fold->bonus = 0;
    fold->moved = 0;
    fold->uncovered = 0;
    fold->diverged = false;
    fold->flags = 0;
    if (fold->newer) {
        fold->verdict = EVENT_UNKNOWN;
        later_keep(fold);
        return;
    }
    struct sheet sheet;
    bool sheeted = event->known && uses_sheet(event->type);
    enum invalid_reason reason = event->known ? event_form(event) : INVALID_MALFORMED;
    if (reason == INVALID_NONE) {
        if (sheeted) {
            (void)sheet_load(fold->rows, &event->subject, &sheet);
        }
        reason = fold_known(fold, &sheet);
    }
    if (fold->trial) {
        fold->verdict = reason == INVALID_NONE ? EVENT_VALID : EVENT_INVALID;
        fold->reason = reason;
        return;
    }
    if (reason == INVALID_OVER_QUOTA) {
        fold->verdict = EVENT_PENDING; /* curable: nothing has changed, and nothing is charged */
        fold->reason = reason;
    } else if (reason != INVALID_NONE) {
        fold->verdict = EVENT_INVALID;
        fold->reason = reason;
        fold->principal = 0;
        fold->bonus = 0;
        fold->moved = 0;
        fold->uncovered = 0;
        fold->diverged = false;
        invalid_save(fold->rows, fold_ref(fold),
                     &(struct invalid_record){
                         .type = event->type, .reason = (uint8_t)reason, .amount = charged(event)});
    } else {
        if (sheeted) {
            sheet_tidy(&sheet);
            if (sheet.unlisted > 0) {
                list_spares(fold, &event->subject, &sheet);
            }
            sheet_save(fold->rows, &event->subject, &sheet);
        }
        if (event->type == EVENT_TOPUP || event->type == EVENT_SPEND ||
            event->type == EVENT_REFUND) {
            day_add(fold->rows, journal_branch(fold->header->journal), fold->header->day,
                    event->type, fold->principal, fold->bonus, fold->uncovered);
        } else if (event->type == EVENT_SPEND_CAPTURE) {
            day_add(fold->rows, journal_branch(fold->header->journal), fold->header->day,
                    EVENT_SPEND, fold->principal, fold->bonus, 0); /* it is a sale from here on */
        } else if (event->type == EVENT_MINT_RELEASE) {
            /* The top-up counts on the day on which it came to count. */
            day_add(fold->rows, journal_branch(fold->header->journal), fold->header->day,
                    EVENT_TOPUP, fold->principal, fold->bonus, 0);
        }
    }
    save_statement(fold);
}

static void sum_lines(struct rows *rows, const struct lot_line *lines, uint32_t count,
                      int64_t sums[static 2])
{
    for (uint32_t i = 0; i < count; i++) {
        struct terms_record terms;
        if (terms_load(rows, &lines[i].lot, &terms) && is_money(terms.bucket)) {
            sums[terms.bucket - 1] += lines[i].amount;
        }
    }
}

static void sum_refund(struct rows *rows, const struct event *event, int64_t sums[static 2])
{
    struct sale_record sale;
    bool found = sale_load(rows, event->body.refund.sale, &sale);
    for (uint32_t i = 0; found && i < event->body.refund.line_count; i++) {
        int k = sale_line(&sale, event->body.refund.sale, &event->body.refund.lines[i].lot);
        if (k >= 0 && is_money(sale.lines[k].bucket)) {
            sums[sale.lines[k].bucket - 1] += event->body.refund.lines[i].amount;
        }
    }
}

static void sum_capture(struct rows *rows, const struct event *event, int64_t sums[static 2])
{
    for (uint32_t i = 0; i < event->body.capture.line_count; i++) {
        struct terms_record terms;
        if (terms_load(rows, &event->body.capture.lines[i].lot, &terms) && is_money(terms.bucket)) {
            sums[terms.bucket - 1] += event->body.capture.lines[i].amount;
        }
    }
}

void event_amounts(struct rows *rows, const struct event *event, int64_t *principal, int64_t *bonus)
{
    int64_t sums[2] = {0, 0};
    for (uint32_t i = 0;
         event->known && event->type == EVENT_TOPUP && i < event->body.topup.lot_count; i++) {
        const struct lot_terms *terms = &event->body.topup.lots[i];
        if (is_money(terms->bucket)) {
            sums[terms->bucket - 1] += terms->amount;
        }
    }
    if (event->known && event->type == EVENT_SPEND) {
        sum_lines(rows, event->body.spend.lines, event->body.spend.line_count, sums);
    } else if (event->known && event->type == EVENT_SPEND_HOLD) {
        sum_lines(rows, event->body.hold.lines, event->body.hold.line_count, sums);
    } else if (event->known && event->type == EVENT_SPEND_CAPTURE) {
        sum_capture(rows, event, sums);
    } else if (event->known && event->type == EVENT_RIGHTS_MOVE) {
        sum_lines(rows, event->body.move.lines, event->body.move.line_count, sums);
    } else if (event->known && event->type == EVENT_LOT_EXPIRE) {
        sum_lines(rows, event->body.expire.lines, event->body.expire.line_count, sums);
    } else if (event->known && event->type == EVENT_LOT_REBIND) {
        sum_lines(rows, event->body.rebind.lines, event->body.rebind.line_count, sums);
    } else if (event->known && event->type == EVENT_RIGHTS_COVER &&
               event->body.cover.kind == COVER_DEBT) {
        sum_lines(rows, event->body.cover.lines, event->body.cover.line_count, sums);
    } else if (event->known && event->type == EVENT_REFUND) {
        sum_refund(rows, event, sums);
    }
    *principal = sums[0];
    *bonus = sums[1];
}
