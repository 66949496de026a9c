#include "desk.h"

#include "estate.h"
#include "expiry.h"
#include "freezes.h"
#include "hash.h"
#include "holds.h"
#include "journal.h"
#include "mandate.h"
#include "members.h"
#include "office.h"
#include "pull.h"
#include "query.h"
#include "refunds.h"
#include "requests.h"
#include "risk.h"
#include "row_key.h"
#include "sales.h"
#include "transfers.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    /* Room that one command may need in the own block: acceptances from several holders and the
     * fact itself. */
    COMMAND_EVENTS_MAX = SHEET_HOLDERS_MAX * 2 + 2,
    COMMAND_SIZE_MAX = 16 * 1024,
    SPEND_WAIT_MS = 800,
    SPEND_WAIT_MS_MAX = 10000,
};

struct event desk_event(const struct request *request, enum event_type type,
                        const struct subject_id *subject)
{
    struct event event = {.type = (uint16_t)type,
                          .subject = *subject,
                          .ticket = request->ticket,
                          .till = request->till,
                          .staff = request->staff,
                          .known = true};
    return event;
}

/* (J5) */
void desk_say(struct node *node, uint64_t request, const struct answer *answer)
{
    if (rows_failed(node->rows)) {
        return;
    }
    world_answer(node->world, request, answer);
}

void desk_refuse(struct node *node, const struct request *request, enum verdict verdict)
{
    struct answer answer = {.kind = request->kind, .verdict = verdict};
    desk_say(node, request->number, &answer);
}

enum verdict desk_account(struct node *node, const struct account_name *name, struct answer *answer,
                          struct account_record *record)
{
    struct subject_id account = name->account;
    if (id_is_none(account.bytes, sizeof account.bytes)) {
        struct card_record card;
        if (name->card.size != CARD_NUMBER_SIZE || !card_load(node->rows, name->card, &card)) {
            return REFUSED_UNKNOWN_CARD;
        }
        if (answer->kind < QUERY_MEMBER && !freezes_card_works(node, name->card, &card)) {
            return REFUSED_REVOKED_CARD;
        }
        account = card.account;
        memcpy(answer->card, card.number, sizeof answer->card);
    }
    if (!account_load(node->rows, &account, record) || !record->opened) {
        return REFUSED_UNKNOWN_ACCOUNT;
    }
    answer->account = account;
    answer->member = record->member;
    answer->product = record->product;
    answer->version = record->version;
    const struct roster_product *product =
        roster_product(&node->roster, record->product, record->version, node->roster.seq);
    if (product == NULL) {
        return REFUSED_UNKNOWN_PRODUCT;
    }
    memcpy(answer->currency, product->currency, sizeof answer->currency);
    return VERDICT_ALLOWED;
}

static enum decision decide(struct node *node, const struct request *request, struct answer *answer)
{
    switch (request->kind) {
    case COMMAND_ENROL:
        return members_enrol(node, request, answer);
    case COMMAND_ISSUE_CARD:
        return members_issue(node, request, answer);
    case COMMAND_TOP_UP:
        return sales_top_up(node, request, answer);
    case COMMAND_SPEND:
    case COMMAND_HOLD:
        return sales_spend(node, request, answer);
    case COMMAND_CAPTURE:
        return holds_capture(node, request, answer);
    case COMMAND_RELEASE:
        return holds_release(node, request, answer);
    case COMMAND_REFUND:
        return refunds_refund(node, request, answer);
    case COMMAND_FREEZE:
        return freezes_freeze(node, request, answer);
    case COMMAND_UNFREEZE:
        return freezes_unfreeze(node, request, answer);
    case COMMAND_REPORT_LOSS:
        return freezes_report_loss(node, request, answer);
    case COMMAND_REPLACE_CARD:
        return freezes_replace_card(node, request, answer);
    case COMMAND_MOVE:
        return sales_move(node, request, answer);
    case COMMAND_PUBLISH_PRODUCT:
        return office_publish(node, request, answer);
    case COMMAND_INVITE:
        return office_invite(node, request, answer);
    case COMMAND_TRANSFER:
        return transfers_transfer(node, request, answer);
    case COMMAND_FILE_REQUEST:
        return requests_file(node, request, answer);
    case COMMAND_SET_RISK:
        return risk_set(node, request, answer);
    case COMMAND_SET_EXPIRY:
        return expiry_set(node, request, answer);
    case COMMAND_SET_LIMITS:
        return mandate_set_limits(node, request, answer);
    case COMMAND_SET_QUOTA:
        return mandate_set_quota(node, request, answer);
    case COMMAND_APPROVE_MINT:
        return mandate_approve_mint(node, request, answer);
    case COMMAND_SUSPEND:
        return mandate_suspend(node, request, answer);
    case COMMAND_RETIRE:
        return estate_retire(node, request, answer);
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
    case QUERY_REQUESTS:
    case QUERY_RISK:
    case QUERY_LIMITS:
    case QUERY_QUOTAS:
    case QUERY_MINTS:
    case COMMAND_KIND_COUNT:
        break;
    }
    assert(false);
    return DECIDED;
}

/* Once more, after rights were asked for in vain: now the risk allowance may step in (K5). */
static void decide_at_risk(struct node *node, const struct request *request, struct answer *answer)
{
    uint64_t pulled_ms = answer->pulled_ms;
    *answer = (struct answer){.kind = request->kind, .pulled_ms = pulled_ms};
    node->at_risk = true;
    (void)decide(node, request, answer);
    node->at_risk = false;
}

/* Says it when the batch that makes it true is durable. */
static void answer_after(struct batch *batch, uint64_t request, const struct answer *answer)
{
    assert(batch->answer_count < BATCH_ANSWERS_MAX);
    batch->answers[batch->answer_count++] =
        (struct pending_answer){.request = request, .answer = *answer};
}

/* The answer is final: stored with the facts in one commit, said after it (D1, J2). */
static void conclude(struct node *node, const struct request *request, struct answer *answer)
{
    answer->kind = request->kind;
    if (!verdict_is_stored(answer->verdict)) {
        desk_say(node, request->number, answer);
        return;
    }
#if defined(MUTANT_ticket_outside_batch)
    if (answer->verdict == VERDICT_ALLOWED && node->counters.events % 8 == 3) {
        answer_after(node->open, request->number, answer);
        return;
    }
#endif
    answer_save(node->rows, request->till, &request->ticket, request->request_hash, answer);
#if defined(MUTANT_answer_before_commit)
    world_answer(node->world, request->number, answer);
#else
    answer_after(node->open, request->number, answer);
#endif
}

static bool same_ticket(const struct request *a, const struct request *b)
{
    return a->till == b->till && ticket_equal(&a->ticket, &b->ticket);
}

/* A ticket that this till has used before: the stored answer, whatever it was; with another request
 * it is refused, and nothing changes (D2). */
static bool answer_again(struct node *node, const struct request *request)
{
    struct answer answer;
    uint8_t hash[16];
    enum row_layer layer = ROW_COMMITTED;
#if defined(MUTANT_no_dedup)
    if (request->kind == COMMAND_SPEND) {
        return false;
    }
#endif
    if (!answer_load(node->rows, request->till, &request->ticket, hash, &answer, &layer)) {
        return false;
    }
    bool same = memcmp(hash, request->request_hash, sizeof hash) == 0;
#if defined(MUTANT_wrong_body_same_key_accepted)
    same = true;
#endif
    if (!same) {
        desk_refuse(node, request, REFUSED_KEY_REUSED);
        return true;
    }
    answer.replayed = true;
    if (answer.kind == COMMAND_INVITE && answer.verdict == VERDICT_ALLOWED) {
        office_invite_again(node, &answer);
    }
    struct batch *batch = layer == ROW_OPEN ? node->open : node->flight;
    if (layer == ROW_COMMITTED) {
        desk_say(node, request->number, &answer);
    } else if (batch->answer_count < BATCH_ANSWERS_MAX) {
        answer_after(batch, request->number, &answer);
    } else {
        desk_refuse(node, request, REFUSED_BUSY);
    }
    return true;
}

static bool is_parked(const struct node *node, const struct request *request)
{
    for (uint32_t i = 0; i < PARKED_MAX; i++) {
        if (node->parked[i].used && same_ticket(&node->parked[i].request, request)) {
            return true;
        }
    }
    return false;
}

/* Copies a text into the parked command's own memory. */
static struct bytes keep_text(struct parked *parked, size_t *used, struct bytes text)
{
    assert(text.size <= sizeof parked->texts - *used);
    uint8_t *at = parked->texts + *used;
    if (text.size > 0) {
        memcpy(at, text.data, text.size);
    }
    *used += text.size;
    return bytes_of(at, text.size);
}

/* Texts of the kinds that may wait for rights. */
static void keep_texts(struct parked *parked, const struct request *request)
{
    size_t used = 0;
    struct request *kept = &parked->request;
    switch ((int)request->kind) {
    case COMMAND_SPEND:
    case COMMAND_HOLD:
        kept->body.spend.order = keep_text(parked, &used, request->body.spend.order);
        kept->body.spend.account.card = keep_text(parked, &used, request->body.spend.account.card);
        kept->body.spend.currency = keep_text(parked, &used, request->body.spend.currency);
        for (uint32_t i = 0; i < request->body.spend.item_count; i++) {
            kept->body.spend.items[i].name =
                keep_text(parked, &used, request->body.spend.items[i].name);
        }
        break;
    case COMMAND_REFUND:
        kept->body.refund.reason = keep_text(parked, &used, request->body.refund.reason);
        break;
    case COMMAND_TRANSFER:
        kept->body.transfer.from.card = keep_text(parked, &used, request->body.transfer.from.card);
        kept->body.transfer.to.card = keep_text(parked, &used, request->body.transfer.to.card);
        kept->body.transfer.currency = keep_text(parked, &used, request->body.transfer.currency);
        kept->body.transfer.reason = keep_text(parked, &used, request->body.transfer.reason);
        break;
    default:
        assert(false); /* nothing else needs rights */
    }
}

static uint32_t wait_of(const struct request *request)
{
    bool spends = request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD;
    uint32_t wait = spends                            ? request->body.spend.wait_ms
                    : request->kind == COMMAND_REFUND ? request->body.refund.wait_ms
                                                      : request->body.transfer.wait_ms;
    wait = wait == 0 ? SPEND_WAIT_MS : wait;
    return wait < SPEND_WAIT_MS_MAX ? wait : SPEND_WAIT_MS_MAX;
}

static bool may_park(const struct node *node)
{
    return node->parked_count < PARKED_MAX;
}

/* Asks for what the parked command lacks; false when nobody is left to ask. */
static bool ask_for(struct node *node, struct parked *parked, enum decision decision)
{
    parked->unwitnessed = decision == NEEDS_WITNESS;
    if (decision == NEEDS_RIGHTS) {
        return pull_ask(node, parked);
    }
    const struct request *request = &parked->request;
    const struct account_name *name = request->kind == COMMAND_TRANSFER
                                          ? &request->body.transfer.from
                                          : &request->body.spend.account;
    struct answer answer = {0};
    struct account_record account;
    return desk_account(node, name, &answer, &account) == VERDICT_ALLOWED &&
           trust_ask(node, &answer.account);
}

/* False when there is no place or nobody to ask. */
static bool park(struct node *node, const struct request *request, enum decision decision)
{
    struct parked *parked = NULL;
    for (uint32_t i = 0; i < PARKED_MAX && parked == NULL; i++) {
        parked = node->parked[i].used ? NULL : &node->parked[i];
    }
    if (parked == NULL) {
        return false;
    }
    uint64_t now = world_monotonic_ms(node->world);
    *parked = (struct parked){.used = true, .request = *request, .since_ms = now};
    parked->deadline_ms = now + wait_of(request);
    keep_texts(parked, request);
    if (!ask_for(node, parked, decision)) {
        parked->used = false;
        return false;
    }
    node->parked_count++;
    return true;
}

static enum verdict unfit(const struct node *node, const struct request *request)
{
    const struct roster_journal *own =
        roster_journal(&node->roster, node->journal, node->roster.seq);
    if (node->draining) {
        return REFUSED_BUSY;
    }
    if (node->retired) {
        return REFUSED_RETIRED;
    }
    if (node->read_only || node->held || own == NULL) {
        return REFUSED_READ_ONLY;
    }
    if (world_space_low(node->world)) {
        return REFUSED_SPACE;
    }
    bool uses = request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD ||
                request->kind == COMMAND_MOVE;
    if (uses && trust_lease_is_over(node)) {
        return REFUSED_LEASE;
    }
    if (!journal_has_room(node, COMMAND_EVENTS_MAX, COMMAND_SIZE_MAX)) {
        return REFUSED_BUSY;
    }
    /* A block names at most so many others in its past: the next one has room again. */
    bool crowded =
        node->block.open && node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 > BLOCK_DEPS_MAX;
    bool accepts = request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD ||
                   request->kind == COMMAND_MOVE || request->kind == COMMAND_REFUND ||
                   request->kind == COMMAND_TRANSFER;
    return crowded && accepts ? REFUSED_BUSY : VERDICT_ALLOWED;
}

static void command(struct node *node, const struct request *request)
{
    /* What was done stays answered, whatever state the node is in now: a till told "not done" would
     * take the money a second time. */
    if (answer_again(node, request)) {
        return;
    }
    enum verdict verdict = unfit(node, request);
    if (verdict != VERDICT_ALLOWED) {
        desk_refuse(node, request, verdict);
        return;
    }
    if (is_parked(node, request)) {
        desk_refuse(node, request, REFUSED_BUSY);
        return;
    }
    struct answer answer = {.kind = request->kind};
    enum decision decision = decide(node, request, &answer);
    if (decision != DECIDED && park(node, request, decision)) {
        return;
    }
    if (decision == NEEDS_RIGHTS && may_park(node)) {
        decide_at_risk(node, request, &answer);
    }
    conclude(node, request, &answer);
}

void desk_request(struct node *node, const struct request *request)
{
    if (command_is_query(request->kind)) {
        query_answer(node, request);
    } else {
        command(node, request);
    }
}

/* One look at a parked command: rights may be here, nobody may be left to ask, or it is too late.
 */
static void reconsider(struct node *node, struct parked *parked)
{
    if (parked->for_cover) {
        risk_reconsider(node, parked);
        return;
    }
    if (node->read_only || node->held) {
        parked->used = false;
        node->parked_count--;
        desk_refuse(node, &parked->request, node->retired ? REFUSED_RETIRED : REFUSED_READ_ONLY);
        return;
    }
    uint64_t now = world_monotonic_ms(node->world);
    struct answer answer = {.kind = parked->request.kind};
    answer.pulled_ms = now - parked->since_ms;
    enum decision decision = decide(node, &parked->request, &answer);
    bool late = now >= parked->deadline_ms;
    if (decision != DECIDED && !late && ask_for(node, parked, decision)) {
        return;
    }
    parked->used = false;
    node->parked_count--;
    if (decision == NEEDS_RIGHTS) {
        decide_at_risk(node, &parked->request, &answer);
    }
    conclude(node, &parked->request, &answer);
}

void desk_reconsider(struct node *node)
{
    uint64_t now = world_monotonic_ms(node->world);
    bool all = node->parked_dirty;
    node->parked_dirty = false;
    for (uint32_t i = 0; i < PARKED_MAX && node->parked_count > 0; i++) {
        struct parked *parked = &node->parked[i];
        if (!parked->used || (!all && now < parked->deadline_ms)) {
            continue;
        }
        if (!journal_has_room(node, COMMAND_EVENTS_MAX, COMMAND_SIZE_MAX) ||
            (node->block.open &&
             node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 > BLOCK_DEPS_MAX)) {
            node->parked_dirty = true; /* after the commit */
            return;
        }
        reconsider(node, parked);
    }
}

void desk_clear(struct node *node)
{
    for (uint32_t i = 0; i < PARKED_MAX; i++) {
        if (node->parked[i].used && node->parked[i].for_cover) {
            node->parked[i].used = false; /* nobody waits: begun again after the next start */
        } else if (node->parked[i].used) {
            node->parked[i].used = false;
            desk_refuse(node, &node->parked[i].request, REFUSED_BUSY);
        }
    }
    node->parked_count = 0;
}
