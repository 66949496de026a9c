#include "ledger_samples.h"

#include <string.h>

#define TEXT(literal) bytes_of((literal), sizeof(literal) - 1)

static void fill(uint8_t *out, size_t size, uint8_t value)
{
    memset(out, value, size);
}

static struct event_ref place(uint32_t branch, uint64_t seq, uint16_t index)
{
    return (struct event_ref){journal_of(branch, 1), seq, index};
}

static uint8_t one_line(struct lot_line *lines)
{
    fill(lines[0].lot.bytes, 16, 0x41);
    lines[0].amount = 1200;
    lines[0].after = 28800;
    return 1;
}

static uint8_t one_amount(struct lot_amount *amounts)
{
    fill(amounts[0].lot.bytes, 16, 0x41);
    amounts[0].amount = 1200;
    return 1;
}

static uint8_t one_tip(struct journal_tip *tips)
{
    tips[0].journal = journal_of(7, 1);
    tips[0].seq = 300;
    fill(tips[0].id.bytes, 32, 0x5a);
    return 1;
}

static void authority_make(struct event *event)
{
    switch (event->type) {
    case EVENT_BRANCH_SUSPEND:
    case EVENT_BRANCH_RESUME:
        event->body.suspend.branch = 7;
        event->body.suspend.reason = TEXT("not heard of since Monday");
        break;
    case EVENT_JOURNAL_RETIRE:
        event->body.retire.journal = journal_of(7, 1);
        event->body.retire.kind = RETIRE_LOST;
        event->body.retire.seq = 300;
        fill(event->body.retire.id.bytes, 32, 0x5a);
        event->body.retire.reason = TEXT("burned down");
        break;
    case EVENT_JOURNAL_RESOLVE:
        event->body.resolve.journal = journal_of(7, 1);
        event->body.resolve.tip_count = one_tip(event->body.resolve.tips);
        break;
    case EVENT_QUOTA_GRANT:
        event->body.quota.branch = 7;
        event->body.quota.count = 2;
        event->body.quota.quotas[0] = (struct bucket_quota){BUCKET_PRINCIPAL, 10000000};
        event->body.quota.quotas[1] = (struct bucket_quota){BUCKET_BONUS, 2000000};
        break;
    case EVENT_MINT_APPROVE:
        event->body.approve.mint = place(7, 299, 0);
        break;
    default:
        event->type = EVENT_CHECKPOINT_SIGN;
        event->body.checkpoint.tip_count = one_tip(event->body.checkpoint.tips);
        fill(event->body.checkpoint.state.bytes, 32, 0x5b);
        break;
    }
}

static struct two_persons two_persons(void)
{
    return (struct two_persons){
        .proposal = 3, .proposer = 11, .proposer_name = TEXT("Lin"), .approver_name = TEXT("Wang")};
}

static void issue_make(struct event *event)
{
    event->body.issue_lots.lot_count = 1;
    event->body.issue_lots.lots[0] = (struct lot_terms){
        .bucket = BUCKET_PRINCIPAL, .amount = 4500, .from_day = 20454, .product = 5};
    event->body.issue_lots.cause = event->type == EVENT_ADJUST ? ADJUST_COMPENSATION : ADJUST_GRANT;
    event->body.issue_lots.approver = 12;
    event->body.issue_lots.of = place(7, 298, 1);
    event->body.issue_lots.reason = TEXT("spent after the loss report");
    event->body.issue_lots.persons = two_persons();
}

static void use_make(struct event *event)
{
    switch (event->type) {
    case EVENT_LOT_ISSUE:
    case EVENT_ADJUST:
        issue_make(event);
        break;
    case EVENT_MINT_RELEASE:
        event->body.approve.mint = place(7, 299, 0);
        break;
    case EVENT_SPEND_HOLD:
        event->body.hold.line_count = one_line(event->body.hold.lines);
        event->body.hold.until_ms = UINT64_C(1767225600000);
        event->body.hold.order = TEXT("room 12");
        break;
    case EVENT_SPEND_CAPTURE:
        event->body.capture.hold = place(7, 301, 0);
        event->body.capture.line_count = one_amount(event->body.capture.lines);
        event->body.capture.item_count = 1;
        event->body.capture.items[0] = (struct sale_item){TEXT("towel"), 2, 1400, 1200};
        break;
    case EVENT_SPEND_RELEASE:
        event->body.release.hold = place(7, 301, 0);
        event->body.release.why = RELEASE_EXPIRED;
        break;
    case EVENT_LOT_EXPIRE:
        event->body.expire.line_count = one_line(event->body.expire.lines);
        break;
    case EVENT_LOT_CLAWBACK:
        event->body.clawback.of = place(7, 296, 0);
        event->body.clawback.line_count = one_line(event->body.clawback.lines);
        event->body.clawback.debt = 300;
        event->body.clawback.reason = TEXT("card payment was reversed");
        break;
    case EVENT_LOT_REBIND:
        fill(event->body.rebind.to.bytes, 16, 0xab);
        event->body.rebind.line_count = one_line(event->body.rebind.lines);
        event->body.rebind.reason = TEXT("to the other card");
        break;
    default:
        event->type = EVENT_PAYOUT;
        event->body.payout.line_count = one_line(event->body.payout.lines);
        event->body.payout.cause = ADJUST_CORRECTION;
        event->body.payout.approver = 12;
        event->body.payout.reason = TEXT("counted twice");
        event->body.payout.persons = two_persons();
        break;
    }
}

static void rights_make(struct event *event)
{
    switch (event->type) {
    case EVENT_RIGHTS_RETURN:
        event->body.giveback.from = journal_of(8, 1);
        event->body.giveback.line_count = one_amount(event->body.giveback.lines);
        break;
    case EVENT_RIGHTS_RECLAIM:
        event->body.reclaim.of = journal_of(8, 1);
        event->body.reclaim.line_count = one_amount(event->body.reclaim.lines);
        break;
    case EVENT_RIGHTS_COVER:
        event->body.cover.kind = COVER_SHORTFALL;
        event->body.cover.of = journal_of(8, 1);
        event->body.cover.line_count = one_line(event->body.cover.lines);
        break;
    case EVENT_RISK_SETTLE:
        event->body.settle.spend = place(8, 44, 0);
        event->body.settle.debt = 500;
        break;
    case EVENT_RISK_ACK:
        event->body.risk_ack.settle = place(1, 90, 2);
        break;
    case EVENT_FREEZE_ACK:
        event->body.freeze_ack.freeze_count = 1;
        event->body.freeze_ack.freezes[0] = place(8, 45, 0);
        event->body.freeze_ack.lifted_count = 1;
        event->body.freeze_ack.lifted[0] = (struct lifted_freeze){place(7, 9, 0), place(8, 40, 1)};
        break;
    case EVENT_LEASE_RECORD:
        event->body.lease.issued_ms = UINT64_C(1767225600000);
        event->body.lease.until_ms = UINT64_C(1767830400000);
        fill(event->body.lease.signature, 64, 0x5c);
        break;
    default:
        event->type = EVENT_JOURNAL_FORK;
        event->body.fork.headers[0] = TEXT("first header");
        event->body.fork.signatures[0] =
            TEXT("0123456789012345678901234567890123456789012345678901234567890123");
        event->body.fork.headers[1] = TEXT("second header");
        event->body.fork.signatures[1] =
            TEXT("3210987654321098765432109876543210987654321098765432109876543210");
        break;
    }
}

static void domain_make(struct event *event)
{
    switch (event->type) {
    case EVENT_CARD_LOSS_REPORT:
        event->body.loss.number = TEXT("7000070010000011");
        event->body.loss.reason = TEXT("lost on the bus");
        break;
    case EVENT_CARD_REPLACE:
        event->body.replace.old = TEXT("7000070010000011");
        event->body.replace.number = TEXT("7000070010000029");
        event->body.replace.form = CARD_PLASTIC;
        fill(event->body.replace.holder.bytes, 16, 0xcc);
        break;
    case EVENT_REQUEST_FILE:
        event->body.file.kind = REQUEST_REFUND;
        event->body.file.to = journal_of(8, 1);
        event->body.file.sale = place(8, 44, 0);
        event->body.file.amount = 1000;
        event->body.file.reason = TEXT("wrong size");
        break;
    default:
        event->type = EVENT_REQUEST_CLOSE;
        event->body.close.request = place(7, 302, 0);
        event->body.close.outcome = REQUEST_DONE;
        event->body.close.done = place(8, 46, 0);
        event->body.close.reason = TEXT("refunded");
        break;
    }
}

void ledger_sample(size_t number, struct event *event)
{
    static const uint16_t types[LEDGER_SAMPLES] = {
        EVENT_BRANCH_SUSPEND, EVENT_BRANCH_RESUME,    EVENT_JOURNAL_RETIRE,  EVENT_JOURNAL_RESOLVE,
        EVENT_QUOTA_GRANT,    EVENT_MINT_APPROVE,     EVENT_CHECKPOINT_SIGN, EVENT_LOT_ISSUE,
        EVENT_ADJUST,         EVENT_MINT_RELEASE,     EVENT_SPEND_HOLD,      EVENT_SPEND_CAPTURE,
        EVENT_SPEND_RELEASE,  EVENT_LOT_EXPIRE,       EVENT_LOT_CLAWBACK,    EVENT_LOT_REBIND,
        EVENT_PAYOUT,         EVENT_RIGHTS_RETURN,    EVENT_RIGHTS_RECLAIM,  EVENT_RIGHTS_COVER,
        EVENT_RISK_SETTLE,    EVENT_RISK_ACK,         EVENT_FREEZE_ACK,      EVENT_LEASE_RECORD,
        EVENT_JOURNAL_FORK,   EVENT_CARD_LOSS_REPORT, EVENT_CARD_REPLACE,    EVENT_REQUEST_FILE,
        EVENT_REQUEST_CLOSE,
    };
    event->type = types[number];
    if (event->type < 100) {
        authority_make(event);
    } else if (event->type < 130) {
        use_make(event);
    } else if (event->type < 200) {
        rights_make(event);
    } else {
        domain_make(event);
    }
}
