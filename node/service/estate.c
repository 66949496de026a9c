#include "estate.h"

#include "journal.h"
#include "row_key.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    ROWS_PER_STEP = 512,
    EVENTS_PER_STEP = 24,
    EVENT_ROOM = 2048,         /* the largest event that a pass writes */
    GATHER_MS_MAX = 10 * 1000, /* a peer that says it has more and does not give it is not waited
                                 for longer: a tail that comes later is given back to */
    AGAIN_MS = 2000,           /* a witness of what is to be given back is waited for */
    AGAIN_MS_MAX = 64 * 1000,
};

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

/* The branch's journal that may write, else its last one. */
static const struct roster_journal *journal_to_retire(const struct node *node, uint32_t branch)
{
    const struct roster_journal *found = NULL;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if (journal_branch(one->journal) == branch) {
            found = one;
        }
    }
    return found;
}

static bool is_connected(const struct node *node, uint64_t journal)
{
    for (uint32_t p = 0; p < node->peers_max; p++) {
        if (node->peers[p].state == PEER_ESTABLISHED && node->peers[p].journal == journal) {
            return true;
        }
    }
    return false;
}

/* What the journal is known to be: where it stands here when it is retired. */
static void append_end(struct node *node, const struct request *request, uint64_t journal,
                       bool again, struct answer *answer)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal);
    assert(tip != NULL);
    struct event event = desk_event(request, EVENT_JOURNAL_RETIRE, &(struct subject_id){{0}});
    if (tip->frozen && tip->seq > 0) {
        /* It had two histories: the one that stands here is its own from now on. */
        event.type = EVENT_JOURNAL_RESOLVE;
        event.body.resolve.journal = journal;
        event.body.resolve.tip_count = 1;
        event.body.resolve.tips[0] =
            (struct journal_tip){.journal = journal, .seq = tip->seq, .id = tip->id};
    } else {
        event.body.retire.journal = journal;
        /* Its last block is known once it says that it has heard: close_what_is_final. */
        event.body.retire.kind = request->body.retire.kind == RETIRE_CLOSED && !again
                                     ? RETIRE_LOST
                                     : request->body.retire.kind;
        event.body.retire.seq = tip->seq;
        event.body.retire.id = tip->id;
        event.body.retire.reason = request->body.retire.reason;
    }
    answer->limit = (int64_t)tip->seq;
    answer->event = journal_append_authority(node, &event);
    answer->at_ms = world_wall_ms(node->world);
}

/* Of two histories the one that stands here is the journal's. Said again it changes nothing. */
static enum decision resolve(struct node *node, const struct request *request,
                             const struct roster_journal *entry, struct answer *answer)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, entry->journal);
    if (entry->ended.forked) {
        answer->limit = (int64_t)entry->ended.seq;
        return DECIDED;
    }
    if (entry->ended.since != 0) {
        return refuse(answer, REFUSED_ENDED);
    }
    if (!tip->frozen || tip->seq == 0) {
        return refuse(answer, REFUSED_NOT_FORKED);
    }
    append_end(node, request, entry->journal, true, answer);
    return DECIDED;
}

enum decision estate_retire(struct node *node, const struct request *request, struct answer *answer)
{
    if (!node->office) {
        return refuse(answer, REFUSED_ROLE);
    }
    uint32_t branch = request->body.retire.branch;
    uint8_t kind = request->body.retire.kind;
    answer->branch = branch;
    const struct roster_journal *entry = journal_to_retire(node, branch);
    if (entry == NULL || kind < RETIRE_LOST || kind > RETIRE_FORKED) {
        return refuse(answer, REFUSED_UNKNOWN_BRANCH);
    }
    if (entry->journal == node->journal) {
        return refuse(answer, REFUSED_SELF);
    }
    if (kind == RETIRE_FORKED) {
        return resolve(node, request, entry, answer);
    }
    /* Retired already: said again it changes nothing; a lost one may be found stolen, or be closed
     * when nobody waits for more of it. */
    bool again = entry->retired.since != 0;
    if (!again && kind == RETIRE_CLOSED && !is_connected(node, entry->journal)) {
        return refuse(answer, REFUSED_AWAY);
    }
    bool more = again && !entry->ended.forked && entry->ended.since == 0 &&
                entry->retired.kind == RETIRE_LOST && kind != RETIRE_LOST;
    if (again && !more) {
        answer->limit = (int64_t)entry->retired.seq;
        bool same = entry->ended.forked || kind == entry->retired.kind ||
                    (entry->ended.since != 0 && kind == entry->ended.kind);
        return same ? DECIDED : refuse(answer, REFUSED_ENDED);
    }
    append_end(node, request, entry->journal, again, answer);
    return DECIDED;
}

/* ---- the passes ---- */

static bool is_retired(const struct node *node, uint64_t journal)
{
    return roster_retired(&node->roster, journal, node->roster.seq) != NULL;
}

/* Does a peer that is here say that it has more of a retired journal? */
static bool more_is_coming(const struct node *node)
{
    for (uint32_t p = 0; p < node->peers_max; p++) {
        const struct peer *peer = &node->peers[p];
        for (uint32_t i = 0; peer->state == PEER_ESTABLISHED && i < node->frontier.count; i++) {
            const struct frontier_entry *entry = &node->frontier.entries[i];
            if (peer->has[i] > entry->seq && !entry->frozen && is_retired(node, entry->journal)) {
                return true;
            }
        }
    }
    return false;
}

/* Room for one more event of ours, and for another name in its past. */
static bool has_room(const struct node *node)
{
    bool crowded = node->block.open && node->block.header.dep_count + 2 > BLOCK_DEPS_MAX;
    return !crowded && journal_has_room(node, 1, EVENT_ROOM);
}

static bool append(struct node *node, const struct event *event, uint64_t about)
{
    if (!journal_would_hold(node, event)) {
        return false; /* a bound of the registers: nothing more can be moved of that lot */
    }
    if (about != node->journal && !journal_depend(node, about)) {
        return false;
    }
    (void)journal_append(node, event);
    node->estate.found = true;
    return true;
}

/* One row of grants: is something on its way to a retired journal? */
static void adopt(struct node *node, const uint8_t *key)
{
    struct lot_id lot;
    memcpy(lot.bytes, key + 1, sizeof lot.bytes);
    uint64_t from = key_u64(key + 17);
    uint64_t to = key_u64(key + 25);
    struct terms_record terms;
    struct grant_record grant;
    struct row_key grant_key = key_of_grant(&lot, from, to);
#if defined(MUTANT_proxy_accept_forgotten)
    return;
#endif
    if (!is_retired(node, to) || !grant_load(node->rows, &grant_key, &grant) ||
        grant_flying(&grant.grant) <= 0 || !terms_load(node->rows, &lot, &terms)) {
        return;
    }
    struct event event = {.type = EVENT_RIGHTS_ACCEPT, .subject = terms.account, .known = true};
    event.body.accept.of = to;
    event.body.accept.from = from;
    event.body.accept.line_count = 1;
    event.body.accept.lines[0] =
        (struct accept_line){.lot = lot, .cumulative = grant.grant.granted};
    (void)append(node, &event, from);
}

/* What the office can give back of a lot to a journal that lacks it. */
static void repay(struct node *node, const struct subject_id *account, const struct lot_id *lot,
                  uint64_t journal, const struct registers *registers)
{
    struct row_key key = key_of_registers(account, lot, node->journal);
    struct registers own;
    (void)registers_load(node->rows, &key, &own);
#if defined(MUTANT_tail_not_charged)
    return;
#endif
    int64_t lacking =
        amount_smaller(registers_good(registers), registers->taken - registers->repaid);
    int64_t amount = amount_smaller(lacking, registers_raw(&own));
    amount = amount_smaller(amount, AMOUNT_MAX);
    node->estate.lacks = node->estate.lacks || amount < lacking;
    if (amount <= 0) {
        return;
    }
    /* What the office holds may rest on branches' word alone: then its own checkpoints come first
     * (L6), and what is not covered by one yet is given back by a later pass. */
    struct rights_line wanted = {.lot = *lot, .amount = amount};
    trust_prepare(node, account, &wanted, 1);
    int64_t headroom = trust_headroom(node, account);
    int64_t share = trust_share(node, account, lot, amount, &headroom);
    node->estate.waits = node->estate.waits || share < amount;
    amount = share;
    if (amount <= 0) {
        return;
    }
    struct event event = {.type = EVENT_RIGHTS_COVER, .subject = *account, .known = true};
    event.body.cover.kind = COVER_SHORTFALL;
    event.body.cover.of = journal;
    event.body.cover.line_count = 1;
    event.body.cover.lines[0] =
        (struct lot_line){.lot = *lot, .amount = amount, .after = registers_raw(&own) - amount};
    (void)append(node, &event, journal);
}

/* One row of registers: does a retired journal hold something, or lack it? */
static void reclaim(struct node *node, const uint8_t *key)
{
    struct subject_id account;
    struct lot_id lot;
    memcpy(account.bytes, key + 1, sizeof account.bytes);
    memcpy(lot.bytes, key + 17, sizeof lot.bytes);
    uint64_t journal = key_u64(key + 33);
    struct row_key registers_key = key_of_registers(&account, &lot, journal);
    struct registers registers;
    if (journal == node->journal || !is_retired(node, journal) ||
        !registers_load(node->rows, &registers_key, &registers)) {
        return;
    }
    int64_t left = amount_smaller(registers_held(&registers), AMOUNT_MAX);
#if defined(MUTANT_reclaim_twice)
    left = registers_raw(&registers); /* as if nothing had been reclaimed yet */
#endif
    if (left <= 0) {
        repay(node, &account, &lot, journal, &registers);
        return;
    }
    struct event event = {.type = EVENT_RIGHTS_RECLAIM, .subject = account, .known = true};
    event.body.reclaim.of = journal;
    event.body.reclaim.line_count = 1;
    event.body.reclaim.lines[0] = (struct lot_amount){.lot = lot, .amount = left};
    (void)append(node, &event, journal);
}

bool estate_take_right(struct node *node, uint64_t of, struct event_ref sale,
                       const struct subject_id *account, const struct lot_id *lot, int64_t amount)
{
    struct event event = {.type = EVENT_RIGHTS_RECLAIM, .subject = *account, .known = true};
    event.body.reclaim.of = of;
    event.body.reclaim.sale = sale;
    event.body.reclaim.line_count = 1;
    event.body.reclaim.lines[0] = (struct lot_amount){.lot = *lot, .amount = amount};
    bool named = node->office && is_retired(node, of) && has_room(node) &&
                 journal_would_hold(node, &event) &&
                 (sale.journal == node->journal || journal_depend(node, sale.journal));
    return named && append(node, &event, of);
}

/* Walks committed rows of the pass's table; false at their end. */
static bool walk_rows(struct node *node, enum table table)
{
    struct estate_pass *pass = &node->estate;
    struct row_key prefix = row_key(table);
    uint32_t before = node->block.open ? node->block.header.count : 0;
    for (uint32_t i = 0; i < ROWS_PER_STEP && has_room(node); i++) {
        uint8_t key_memory[ROW_KEY_SIZE_MAX];
        uint8_t value_memory[256];
        struct buffer key = BUFFER_OVER(key_memory);
        struct buffer value = BUFFER_OVER(value_memory);
        if (!rows_next_committed(node->rows, row_key_bytes(&prefix), row_key_bytes(&pass->after),
                                 &key, &value)) {
            return false;
        }
        if (table == TABLE_GRANT) {
            adopt(node, key_memory);
        } else {
            reclaim(node, key_memory);
        }
        pass->after.size = 0;
        row_key_raw(&pass->after, key_memory, key.size);
        uint32_t after = node->block.open ? node->block.header.count : 0;
        if (after >= before + EVENTS_PER_STEP) {
            break;
        }
    }
    return true;
}

/* Its own node says that it knows of the retirement, and how far its journal goes: then nothing
 * more of it can come, and the journal is closed at its last block. */
static void close_what_is_final(struct node *node)
{
    for (uint32_t p = 0; p < node->peers_max; p++) {
        const struct peer *peer = &node->peers[p];
        const struct roster_end *retired =
            peer->state == PEER_ESTABLISHED
                ? roster_retired(&node->roster, peer->journal, node->roster.seq)
                : NULL;
        const struct frontier_entry *tip =
            retired == NULL ? NULL : frontier_find(&node->frontier, peer->journal);
        bool final = tip != NULL && retired->kind == RETIRE_LOST && !tip->frozen &&
                     peer->told_auth >= retired->since && peer->told_own == tip->seq &&
                     roster_end_of(&node->roster, peer->journal) == NULL && tip->seq > 0;
        if (!final) {
            continue;
        }
        struct event event = {.type = EVENT_JOURNAL_RETIRE, .known = true};
        event.body.retire.journal = peer->journal;
        event.body.retire.kind = RETIRE_CLOSED;
        event.body.retire.seq = tip->seq;
        event.body.retire.id = tip->id;
        (void)journal_append_authority(node, &event);
        return; /* the links of the peer are gone */
    }
}

static void begin(struct node *node, uint64_t now_ms)
{
    uint64_t pause = node->estate.pause_ms;
    node->estates_dirty = false;
    node->estate =
        (struct estate_pass){.phase = ESTATE_GATHERS, .since_ms = now_ms, .pause_ms = pause};
}

void estate_hear(struct node *node, const struct event *event)
{
    bool gains = event->type == EVENT_RIGHTS_ACCEPT || event->type == EVENT_RIGHTS_RETURN ||
                 event->type == EVENT_RIGHTS_RECLAIM || event->type == EVENT_REFUND;
    node->estate.waits = node->estate.waits || (gains && node->estate.lacks);
}

void estate_tick(struct node *node, uint64_t now_ms)
{
    struct estate_pass *pass = &node->estate;
    if (!node->office) {
        node->estates_dirty = false;
        return;
    }
    if (node->read_only || node->held || node->draining || world_space_low(node->world)) {
        return;
    }
    if (journal_has_room(node, 1, EVENT_ROOM)) {
        close_what_is_final(node);
    }
    switch (pass->phase) {
    case ESTATE_RESTS:
        if (node->estates_dirty || (pass->waits && now_ms - pass->since_ms >= pass->pause_ms)) {
            begin(node, now_ms);
        }
        break;
    case ESTATE_GATHERS:
        /* The more of a tail is here, the less has to be given back. */
        if (!more_is_coming(node) || now_ms - pass->since_ms > GATHER_MS_MAX) {
            pass->phase = ESTATE_ADOPTS;
            /* What was decided and is not durable yet is not seen: another pass looks at it. */
            pass->found = node->in_flight || !rows_open_is_empty(node->rows);
            pass->after = row_key(TABLE_GRANT);
        }
        break;
    case ESTATE_ADOPTS:
        if (!walk_rows(node, TABLE_GRANT)) {
            pass->phase = ESTATE_RECLAIMS;
            pass->after = row_key(TABLE_REGISTERS);
        }
        break;
    case ESTATE_RECLAIMS:
        if (!walk_rows(node, TABLE_REGISTERS)) {
            /* What this pass changed may not be durable yet, so that it did not see all of it. */
            node->estates_dirty = node->estates_dirty || pass->found;
            pass->phase = ESTATE_RESTS;
            pass->since_ms = now_ms;
            pass->pause_ms = !pass->waits                    ? 0
                             : pass->pause_ms == 0           ? AGAIN_MS
                             : pass->pause_ms < AGAIN_MS_MAX ? pass->pause_ms * 2
                                                             : pass->pause_ms;
        }
        break;
    }
}
