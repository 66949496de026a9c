#include "warrant.h"

#include "auditor.h"
#include "reception.h"
#include "sim.h"
#include "writeoff.h"

#include "names.h"

/* Facts that a node writes without being asked by a till. */
static bool needs_no_ticket(const struct event *event)
{
    switch (event->type) {
    case EVENT_AUTH_EPOCH:
    case EVENT_JOURNAL_ADMIT:
    case EVENT_LIMITS_SET:
    case EVENT_QUOTA_GRANT:
    case EVENT_CHECKPOINT_SIGN:
    case EVENT_LEASE_RECORD:
    case EVENT_MINT_RELEASE:
    case EVENT_ORGANISATION_SET:
    case EVENT_PRODUCT_PUBLISH:
    case EVENT_RIGHTS_ACCEPT:
    case EVENT_FREEZE_ACK:
    case EVENT_RIGHTS_COVER:
    case EVENT_RISK_SETTLE:
    case EVENT_RISK_ACK:
    case EVENT_LOT_EXPIRE:    /* V2 says when */
    case EVENT_SPEND_RELEASE: /* that has lapsed: A3 says when */
    case EVENT_REFUND:        /* for a request: warrant_check_requests */
    case EVENT_REQUEST_CLOSE: /* what it answers was asked elsewhere */
        return true;
    case EVENT_RIGHTS_MOVE:
        return event->body.move.why != MOVE_BY_HAND;
    default:
        return writeoff_is_unasked(event);
    }
}

static bool kind_writes(enum command_kind kind, uint16_t type)
{
    switch (kind) {
    case COMMAND_ENROL:
        return type == EVENT_MEMBER_ENROL;
    case COMMAND_ISSUE_CARD:
        return type == EVENT_ACCOUNT_OPEN || type == EVENT_CARD_ISSUE;
    case COMMAND_TOP_UP:
        return type == EVENT_TOPUP;
    case COMMAND_SPEND:
        return type == EVENT_SPEND;
    case COMMAND_HOLD:
        return type == EVENT_SPEND_HOLD;
    case COMMAND_CAPTURE:
        return type == EVENT_SPEND_CAPTURE;
    case COMMAND_RELEASE:
        return type == EVENT_SPEND_RELEASE;
    case COMMAND_REFUND:
        return type == EVENT_REFUND;
    case COMMAND_FREEZE:
        return type == EVENT_ACCOUNT_FREEZE;
    case COMMAND_UNFREEZE:
        return type == EVENT_ACCOUNT_UNFREEZE;
    case COMMAND_REPORT_LOSS:
        return type == EVENT_CARD_LOSS_REPORT;
    case COMMAND_REPLACE_CARD:
        return type == EVENT_CARD_REPLACE || type == EVENT_ACCOUNT_UNFREEZE;
    case COMMAND_MOVE:
        return type == EVENT_RIGHTS_MOVE;
    case COMMAND_PUBLISH_PRODUCT:
        return type == EVENT_PRODUCT_PUBLISH;
    case COMMAND_TRANSFER:
        return type == EVENT_LOT_REBIND;
    case COMMAND_FILE_REQUEST:
        return type == EVENT_REQUEST_FILE;
    case COMMAND_SET_RISK:
    case COMMAND_SET_EXPIRY:
    case COMMAND_SET_LIMITS:
        return type == EVENT_LIMITS_SET;
    case COMMAND_SET_QUOTA:
        return type == EVENT_QUOTA_GRANT;
    case COMMAND_APPROVE_MINT:
        return type == EVENT_MINT_APPROVE;
    case COMMAND_SUSPEND:
        return type == EVENT_BRANCH_SUSPEND || type == EVENT_BRANCH_RESUME;
    case COMMAND_RETIRE:
        return type == EVENT_JOURNAL_RETIRE || type == EVENT_JOURNAL_RESOLVE;
    case COMMAND_INVITE:
    case QUERY_MEMBER:
    case QUERY_ACCOUNT:
    case QUERY_HISTORY:
    case QUERY_LOTS:
    case QUERY_SALE:
    case QUERY_HOLD:
    case QUERY_HOLDS:
    case QUERY_TICKET:
    case QUERY_NODE:
    case QUERY_BRANCHES:
    case QUERY_PRODUCTS:
    case QUERY_DAYS:
    case QUERY_LIABILITY:
    case QUERY_EXPIRED:
    case QUERY_HOLDERS:
    case QUERY_FEED:
    case QUERY_BLOCKS:
    case QUERY_INVALID:
    case QUERY_EXPOSURE:
    case QUERY_CHAIN_EXPOSURE:
    case QUERY_RISK:
    case QUERY_LIMITS:
    case QUERY_QUOTAS:
    case QUERY_MINTS:
    case QUERY_REQUESTS:
    case COMMAND_KIND_COUNT:
        return false;
    }
    return false;
}

/* Is the amount of the fact the amount that was asked? */
static bool amount_fits(const struct asked *asked, const struct book_opinion *opinion)
{
    const struct book_event *record = opinion->record;
    switch (opinion->event.type) {
    case EVENT_TOPUP:
        return record->principal == asked->amount;
    case EVENT_SPEND:
    case EVENT_SPEND_HOLD:
    case EVENT_SPEND_CAPTURE:
    case EVENT_REFUND:
    case EVENT_LOT_REBIND:
    case EVENT_REQUEST_FILE:
    case EVENT_RIGHTS_MOVE:
        return record->amount == asked->amount;
    default:
        return true;
    }
}

void warrant_check(struct world *machine, const struct block *block,
                   const struct book_opinion *opinion, uint16_t index)
{
    struct sim *sim = machine->sim;
    const struct event *event = &opinion->event;
    const char *name = event_type_name(event->type);
    if (id_is_none(event->ticket.bytes, sizeof event->ticket.bytes)) {
        if (!needs_no_ticket(event)) {
            sim_finding(sim, "I5", "machine %u wrote %s without a ticket", machine->index, name);
        }
        return;
    }
    if (event->type == EVENT_RIGHTS_ACCEPT ||
        (event->type == EVENT_RIGHTS_MOVE && event->body.move.why != MOVE_BY_HAND)) {
        return; /* may name what it serves */
    }
    struct asked *asked = reception_asked(sim, machine, event->till, &event->ticket);
    if (asked == NULL || !kind_writes(asked->kind, event->type)) {
        sim_finding(sim, "I5", "machine %u wrote %s at seq %llu that nobody asked for",
                    machine->index, name, (unsigned long long)block->header.seq);
        return;
    }
    if (!amount_fits(asked, opinion)) {
        sim_finding(sim, "I5", "machine %u wrote %s of %lld, asked were %lld", machine->index, name,
                    (long long)opinion->record->amount, (long long)asked->amount);
    }
    if (asked->answered && asked->answer.verdict != VERDICT_ALLOWED && !asked->forgotten) {
        sim_finding(sim, "S10", "machine %u refused (%s) and then wrote %s", machine->index,
                    verdict_name(asked->answer.verdict), name);
    }
    /* Two facts of one effect: an account with its first card, a new card that ends the loss. */
    bool part = event->type == EVENT_ACCOUNT_OPEN ||
                (event->type == EVENT_ACCOUNT_UNFREEZE && asked->kind == COMMAND_REPLACE_CARD);
    if (!part) {
        asked->effects++;
        asked->effect = (struct event_ref){block->header.journal, block->header.seq, index};
    }
    if (asked->effects > 1 && !asked->many_effects && !asked->forgotten) {
        asked->many_effects = true;
        sim_finding(sim, "S10", "machine %u: two effects of one ticket (%s)", machine->index, name);
    }
}

/* A refund that no till asked for was asked for by a request, which is answered with it. */
void warrant_check_requests(struct world *machine, const struct book_opinion *opinions,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct event *event = &opinions[i].event;
        if (event->type == EVENT_REFUND && opinions[i].reason == INVALID_NONE &&
            id_is_none(event->ticket.bytes, sizeof event->ticket.bytes) &&
            !opinions[i].record->asked_by_wish) {
            sim_finding(machine->sim, "I5", "machine %u wrote a refund that nobody asked for",
                        machine->index);
        }
    }
}
