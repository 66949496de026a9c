#include "pull.h"

#include "journal.h"
#include "later.h"
#include "refunds.h"
#include "row_key.h"
#include "sales.h"
#include "talk.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    PULL_RETRY_MS = 250,
    SERVE_EVENTS_MAX = SHEET_HOLDERS_MAX * 2 + 1, /* acceptances and the move */
    SERVE_SIZE_MAX = 12 * 1024,
};

const char limit_pull_exact[] = "pull_exact";

struct peer *pull_way_to(struct node *node, uint64_t holder, uint64_t not_via)
{
    struct peer *relay = NULL;
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        if (peer->state != PEER_ESTABLISHED) {
            continue;
        }
        if (peer->journal == holder) {
            return peer;
        }
        const struct roster_journal *entry =
            roster_journal(&node->roster, peer->journal, node->roster.seq);
        bool relays = entry != NULL && (entry->roles & (ROLE_RELAY | ROLE_OFFICE)) != 0;
        if (relays && peer->journal != not_via &&
            (relay == NULL || (entry->roles & ROLE_OFFICE) != 0)) {
            relay = peer;
        }
    }
    return relay;
}

bool pull_reaches(struct node *node, uint64_t journal)
{
    return pull_way_to(node, journal, 0) != NULL;
}
/* What the command lacks, lot by lot: its plan over everybody's rights, less what is usable here.
 */
struct lack {
    struct sheet sheet;
    struct subject_id account;
    struct event_ref sale; /* refund rights: of this sale */
    uint32_t count;
    struct rights_line lines[EVENT_LINES_MAX];
};

static void send_question(struct node *node, struct parked *parked, uint32_t slot,
                          const struct lack *lack, const struct rights_line *lines, uint32_t count)
{
    struct peer *peer = pull_way_to(node, parked->asked[slot].journal, 0);
    if (peer == NULL) {
        return;
    }
    struct message *message = &node->message;
    message->kind = MESSAGE_RIGHTS_REQ;
    message->session = peer->session;
    message->body.rights_req.request = parked->asked[slot].request;
    message->body.rights_req.origin = node->journal;
    message->body.rights_req.holder = parked->asked[slot].journal;
    message->body.rights_req.account = lack->account;
    message->body.rights_req.sale = lack->sale;
    message->body.rights_req.count = count;
    memcpy(message->body.rights_req.list, lines, count * sizeof *lines);
    talk_send(node, peer, CHANNEL_CONTROL, message);
    parked->asked[slot].sent_ms = world_monotonic_ms(node->world);
}

static uint32_t find_asked(const struct parked *parked, uint64_t journal)
{
    for (uint32_t i = 0; i < parked->asked_count; i++) {
        if (parked->asked[i].journal == journal) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* A question is settled when its answer was no, or when the move it named has arrived. */
static bool still_open(struct node *node, const struct parked *parked, uint32_t slot)
{
    if (!parked->asked[slot].answered) {
        return pull_way_to(node, parked->asked[slot].journal, 0) != NULL;
    }
    const struct frontier_entry *entry =
        frontier_find(&node->frontier, parked->asked[slot].journal);
    return parked->asked[slot].move_seq > 0 && entry != NULL &&
           entry->seq < parked->asked[slot].move_seq;
}

/* Of the rights to refund a sale. */
static bool find_lack_of_rights(struct node *node, const struct request *request, struct lack *lack)
{
    struct refund_picture picture;
    int64_t parts[EVENT_LINES_MAX];
    int64_t limit = 0;
    if (!refunds_look(node, request->body.refund.sale, &picture) ||
        !refunds_plan(&picture, request, parts, &limit)) {
        return false;
    }
    lack->account = picture.sale.account;
    lack->sheet = picture.sheet;
    lack->sale = picture.ref;
    for (uint32_t k = 0; k < picture.sale.line_count; k++) {
        if (parts[k] > picture.here[k]) {
            lack->lines[lack->count++] = (struct rights_line){.lot = picture.rights[k],
                                                              .amount = parts[k] - picture.here[k]};
        }
    }
    return lack->count > 0;
}

/* What a journal can give of a lot: what it holds, and what is on its way to it. */
static int64_t reachable_at(const struct sheet_lot *lot, uint64_t journal)
{
    return sheet_lot_held(lot, journal) + sheet_lot_coming(lot, journal);
}

/* For a cover any lot will do: only what others may still give counts. */
static size_t keep_reachable(struct node *node, const struct parked *parked, struct lack *lack,
                             struct spendable *lots, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sheet_lot *lot = sheet_find(&lack->sheet, &lots[i].lot);
        int64_t usable = reachable_at(lot, node->journal);
        for (uint32_t h = 0; h < lot->holder_count; h++) {
            uint64_t journal = lot->holders[h].journal;
            bool may_give = journal != node->journal && find_asked(parked, journal) == UINT32_MAX &&
                            pull_way_to(node, journal, 0) != NULL;
            usable += may_give ? lot->holders[h].held : 0;
        }
        if (usable > 0) {
            lots[kept] = lots[i];
            lots[kept++].usable = usable;
        }
    }
    return kept;
}

static bool find_lack(struct node *node, const struct parked *parked, struct lack *lack)
{
    struct answer answer = {0};
    struct account_record account;
    const struct request *request = &parked->request;
    lack->count = 0;
    lack->sale = (struct event_ref){0};
    if (request->kind == COMMAND_REFUND) {
        return find_lack_of_rights(node, request, lack);
    }
    bool spend = request->kind == COMMAND_SPEND || request->kind == COMMAND_HOLD;
    const struct account_name *name =
        spend ? &request->body.spend.account : &request->body.transfer.from;
    int64_t amount = spend ? request->body.spend.amount : request->body.transfer.amount;
    if (desk_account(node, name, &answer, &account) != VERDICT_ALLOWED) {
        return false;
    }
    lack->account = answer.account;
    (void)sheet_load(node->rows, &answer.account, &lack->sheet);
    const struct block_header *header = journal_header(node);
    const struct roster_product *product =
        roster_product(&node->roster, account.product, account.version, header->auth);
    struct spendable lots[SHEET_LOTS_MAX];
    size_t count = sheet_spendables(node, &answer.account, &lack->sheet, header->day, true, lots);
    if (parked->for_cover) {
        count = keep_reachable(node, parked, lack, lots, count);
    }
    struct spend_plan plan;
    spend_plan(lots, count, amount,
               product == NULL || !spend ? SPEND_PROPORTIONAL : (enum spend_order)product->order,
               &plan);
    for (uint32_t i = 0; i < plan.line_count; i++) {
        const struct sheet_lot *lot = sheet_find(&lack->sheet, &plan.lines[i].lot);
        assert(lot != NULL);
        int64_t here = sheet_lot_held(lot, node->journal) + sheet_lot_coming(lot, node->journal);
        if (plan.lines[i].amount > here) {
            lack->lines[lack->count++] = (struct rights_line){
                .lot = plan.lines[i].lot, .amount = plan.lines[i].amount - here};
        }
    }
    return lack->count > 0;
}

static bool is_better(struct node *node, const struct parked *parked, const struct sheet_lot *lot,
                      uint64_t journal, int64_t most)
{
    return journal != node->journal && find_asked(parked, journal) == UINT32_MAX &&
           reachable_at(lot, journal) > most && pull_way_to(node, journal, 0) != NULL;
}

/* The journal that holds most of what is lacking and was not asked yet; 0 = nobody. */
static uint64_t richest(struct node *node, const struct parked *parked, struct lack *lack)
{
    uint64_t best = 0;
    int64_t most = 0;
    for (uint32_t i = 0; i < lack->count; i++) {
        const struct sheet_lot *lot = sheet_find(&lack->sheet, &lack->lines[i].lot);
        for (uint32_t h = 0; lot != NULL && h < lot->holder_count; h++) {
            uint64_t journal = lot->holders[h].journal;
            if (is_better(node, parked, lot, journal, most)) {
                best = journal;
                most = reachable_at(lot, journal);
            }
        }
        for (uint32_t f = 0; lot != NULL && f < lot->flight_count; f++) {
            uint64_t journal = lot->flights[f].to;
            if (is_better(node, parked, lot, journal, most)) {
                best = journal;
                most = reachable_at(lot, journal);
            }
        }
    }
    return best;
}

/* Asks one holder for as much of each lacking lot as it holds; takes that off what is lacking. */
static void ask(struct node *node, struct parked *parked, struct lack *lack, uint64_t journal)
{
    struct rights_line lines[EVENT_LINES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < lack->count; i++) {
        const struct sheet_lot *lot = sheet_find(&lack->sheet, &lack->lines[i].lot);
        int64_t held = lot == NULL ? 0 : reachable_at(lot, journal);
        int64_t part = amount_smaller(held, lack->lines[i].amount);
        if (part > 0) {
            lines[count++] = (struct rights_line){.lot = lack->lines[i].lot, .amount = part};
            lack->lines[i].amount -= part;
        }
    }
    uint32_t slot = parked->asked_count++;
    parked->asked[slot].journal = journal;
    parked->asked[slot].answered = count == 0;
    parked->asked[slot].move_seq = 0;
    world_random(node->world, parked->asked[slot].request.bytes,
                 sizeof parked->asked[slot].request.bytes);
    if (count > 0) {
        send_question(node, parked, slot, lack, lines, count);
        node->pulls_asked++;
    }
}

bool pull_ask(struct node *node, struct parked *parked)
{
    struct lack lack;
    bool under_way = false;
    for (uint32_t i = 0; i < parked->asked_count; i++) {
        under_way = under_way || still_open(node, parked, i);
    }
    if (under_way) {
        return true; /* one round at a time: what comes may be enough */
    }
    if (!find_lack(node, parked, &lack)) {
        return false;
    }
    int64_t lacking = 0;
    for (uint32_t i = 0; i < lack.count; i++) {
        lacking += lack.lines[i].amount;
    }
    while (lacking > 0 && parked->asked_count < PULL_HOLDERS_MAX) {
        uint64_t journal = richest(node, parked, &lack);
        if (journal == 0) {
            break;
        }
        ask(node, parked, &lack, journal);
        lacking = 0;
        for (uint32_t i = 0; i < lack.count; i++) {
            lacking += lack.lines[i].amount;
        }
        under_way = true;
    }
    return under_way;
}

void pull_retry(struct node *node, uint64_t now_ms)
{
    for (uint32_t i = 0; i < PARKED_MAX && node->parked_count > 0; i++) {
        struct parked *parked = &node->parked[i];
        for (uint32_t k = 0; parked->used && k < parked->asked_count; k++) {
            if (parked->asked[k].answered || now_ms - parked->asked[k].sent_ms < PULL_RETRY_MS) {
                continue;
            }
            struct lack lack;
            if (!find_lack(node, parked, &lack)) {
                node->parked_dirty = true;
                break;
            }
            /* The same request id: a holder that served it answers with the same move. */
            send_question(node, parked, k, &lack, lack.lines, lack.count);
        }
    }
}

static void respond(struct node *node, struct peer *peer, const struct message *asked,
                    enum rights_status status, uint64_t seq, struct batch *after)
{
    struct message *message = &node->message;
    struct ticket_id request = asked->body.rights_req.request;
    uint64_t origin = asked->body.rights_req.origin;
    uint64_t holder = asked->body.rights_req.holder;
    message->kind = MESSAGE_RIGHTS_RSP;
    message->session = peer->session;
    message->body.rights_rsp.request = request;
    message->body.rights_rsp.origin = origin;
    message->body.rights_rsp.holder = holder;
    message->body.rights_rsp.status = status;
    message->body.rights_rsp.seq = seq;
    if (after == NULL) {
        talk_send(node, peer, CHANNEL_CONTROL, message);
    } else {
        talk_send_after(node, after, peer, message);
    }
}

/* How much of a line to give: the need, or half of what is held if that is more. */
static int64_t share_to_give(const struct node *node, int64_t held, int64_t need)
{
    bool exact = roster_limit(&node->roster, limit_pull_exact, journal_branch(node->journal),
                              node->roster.seq) != 0;
    int64_t half = exact ? 0 : held - held / 2;
    return amount_smaller(held, need > half ? need : half);
}

/* What is held here of a lot that is asked for. `rights`: of the sale that is asked about, or NULL.
 */
static int64_t held_of(struct node *node, const struct message *asked,
                       const struct refund_picture *rights, const struct lot_id *lot)
{
    for (uint32_t k = 0; rights != NULL && k < rights->sale.line_count; k++) {
        if (lot_equal(&rights->rights[k], lot)) {
            return rights->held[k];
        }
    }
    return rights != NULL ? 0 : own_raw(node, &asked->body.rights_req.account, lot);
}

static uint32_t lines_to_give(struct node *node, const struct message *asked,
                              const struct refund_picture *rights, bool exact, struct event *move)
{
    uint32_t count = 0;
    const struct subject_id *account = &asked->body.rights_req.account;
    if (rights == NULL) {
        trust_prepare(node, account, asked->body.rights_req.list, asked->body.rights_req.count);
    }
    int64_t headroom = trust_headroom(node, account);
    for (uint32_t i = 0; i < asked->body.rights_req.count; i++) {
        const struct rights_line *line = &asked->body.rights_req.list[i];
        bool twice = false;
        for (uint32_t k = 0; k < count; k++) {
            twice = twice || lot_equal(&move->body.move.lines[k].lot, &line->lot);
        }
        int64_t raw = held_of(node, asked, rights, &line->lot);
        if (twice || raw <= 0 || !amount_in_range(line->amount)) {
            continue;
        }
        /* Who is to refund or to cover gets what it asks for: more of it is of no use there. */
        int64_t give = rights != NULL || exact ? amount_smaller(raw, line->amount)
                                               : share_to_give(node, raw, line->amount);
        give = rights != NULL ? give : trust_share(node, account, &line->lot, give, &headroom);
        if (give == 0) {
            continue;
        }
        move->body.move.lines[count++] =
            (struct lot_line){.lot = line->lot, .amount = give, .after = raw - give};
    }
    return count;
}

/* What is asked for may be on its way here, not accepted yet: it is taken in first, else value that
 * was sent to a branch where the member never came could be used nowhere. */
static void take_in(struct node *node, const struct message *asked, struct sheet *sheet)
{
    struct acceptance acceptance = {.account = asked->body.rights_req.account};
    for (uint32_t i = 0; i < asked->body.rights_req.count; i++) {
        const struct rights_line *line = &asked->body.rights_req.list[i];
        const struct sheet_lot *lot = sheet_find(sheet, &line->lot);
        bool known = false;
        for (uint32_t k = 0; k < acceptance.count; k++) {
            known = known || lot_equal(&acceptance.lots[k], &line->lot);
        }
        int64_t raw = own_raw(node, &acceptance.account, &line->lot);
        bool helps =
            lot != NULL && raw < line->amount && lot_here(node, &acceptance.account, lot) > raw;
        if (!known && helps) {
            acceptance.lots[acceptance.count++] = line->lot;
        }
    }
    (void)sales_accept(node, sheet, &acceptance);
}

/* The office asks for rights of an account that owes: they pay what was sold already, so that a
 * freeze does not stand in the way. */
static bool is_for_cover(struct node *node, const struct message *asked, const struct sheet *sheet)
{
    const struct roster_journal *origin =
        roster_journal(&node->roster, asked->body.rights_req.origin, node->roster.seq);
    return origin != NULL && (origin->roles & ROLE_OFFICE) != 0 && sheet_owed(sheet) > 0;
}

/* How much of each line of the sale is asked for. */
static void wanted_of(const struct message *asked, const struct refund_picture *rights,
                      int64_t wanted[static EVENT_LINES_MAX])
{
    memset(wanted, 0, EVENT_LINES_MAX * sizeof *wanted);
    for (uint32_t i = 0; i < asked->body.rights_req.count; i++) {
        const struct rights_line *line = &asked->body.rights_req.list[i];
        for (uint32_t k = 0; k < rights->sale.line_count; k++) {
            if (lot_equal(&rights->rights[k], &line->lot) && amount_in_range(line->amount)) {
                wanted[k] = line->amount;
            }
        }
    }
}

static void serve(struct node *node, struct peer *peer, const struct message *asked)
{
    struct row_key key = row_key(TABLE_PULL);
    row_key_raw(&key, asked->body.rights_req.request.bytes, 16);
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    enum row_layer layer = ROW_COMMITTED;
    if (rows_load(node->rows, row_key_bytes(&key), &value, &layer)) {
        uint64_t seq = number_load(node->rows, row_key_bytes(&key));
        struct batch *after = layer == ROW_COMMITTED   ? NULL
                              : layer == ROW_IN_FLIGHT ? node->flight
                                                       : node->open;
        respond(node, peer, asked, RIGHTS_GRANTED, seq, after);
        return;
    }
    struct sheet sheet;
    struct refund_picture rights;
    bool refund = !event_ref_is_none(asked->body.rights_req.sale);
    (void)sheet_load(node->rows, &asked->body.rights_req.account, &sheet);
    bool covers = is_for_cover(node, asked, &sheet);
#if !defined(MUTANT_pull_ignores_freeze)
    if (sheet.frozen > 0 && !covers) {
        respond(node, peer, asked, RIGHTS_FROZEN, 0, NULL);
        return;
    }
#endif
    if (later_blocks(node, &asked->body.rights_req.account) && !covers) {
        respond(node, peer, asked, RIGHTS_FROZEN, 0, NULL);
        return;
    }
    bool busy =
        node->draining || node->read_only || node->held || world_space_low(node->world) ||
        trust_lease_is_over(node) ||
        roster_journal(&node->roster, node->journal, node->roster.seq) == NULL ||
        !journal_has_room(node, SERVE_EVENTS_MAX, SERVE_SIZE_MAX) ||
        (node->block.open && node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 > BLOCK_DEPS_MAX);
    if (busy) {
        respond(node, peer, asked, RIGHTS_BUSY, 0, NULL);
        return;
    }
    const struct block_header *header = journal_header(node);
    uint64_t origin = asked->body.rights_req.origin;
    bool admitted = origin != node->journal && !roster_is_suspended(&node->roster, origin) &&
                    roster_is_active(&node->roster, origin, header->auth) &&
                    !journal_is_frozen(node, origin) &&
                    roster_journal(&node->roster, node->journal, header->auth) != NULL;
    struct event move = {
        .type = EVENT_RIGHTS_MOVE, .subject = asked->body.rights_req.account, .known = true};
    move.body.move.to = origin;
    move.body.move.request = asked->body.rights_req.request;
    move.body.move.why = covers ? MOVE_COVER : MOVE_PULLED;
    move.body.move.sale = asked->body.rights_req.sale;
    if (refund) {
        admitted = admitted && refunds_look(node, asked->body.rights_req.sale, &rights) &&
                   subject_equal(&rights.sale.account, &asked->body.rights_req.account);
    }
    if (admitted) {
        take_in(node, asked, refund ? &rights.sheet : &sheet);
    }
    if (admitted && refund && refunds_look(node, asked->body.rights_req.sale, &rights)) {
        int64_t wanted[EVENT_LINES_MAX];
        wanted_of(asked, &rights, wanted);
        (void)refunds_take_over(node, &rights, wanted);
    }
    /* Looked at again: what was on its way is held now. */
    admitted = admitted && (!refund || refunds_look(node, asked->body.rights_req.sale, &rights));
    uint32_t count =
        admitted ? lines_to_give(node, asked, refund ? &rights : NULL, covers, &move) : 0;
    if (count == 0) {
        respond(node, peer, asked, RIGHTS_NONE, 0, NULL);
        return;
    }
    move.body.move.line_count = (uint8_t)count;
    if (trust_judge(node, &move) != INVALID_NONE) {
        respond(node, peer, asked, RIGHTS_LIMIT, 0, NULL);
        return;
    }
    struct event_ref ref = journal_append(node, &move);
    number_save(node->rows, row_key_bytes(&key), ref.seq);
    node->pulls_served++;
    respond(node, peer, asked, RIGHTS_GRANTED, ref.seq, node->open);
}

void pull_hear_request(struct node *node, struct peer *peer, const struct message *message)
{
    uint64_t holder = message->body.rights_req.holder;
    if (holder == node->journal) {
        /* `respond` reuses the node's message: keep the question apart. */
        struct message asked = {.kind = message->kind, .session = message->session};
        memcpy(&asked.body.rights_req, &message->body.rights_req, sizeof asked.body.rights_req);
        serve(node, peer, &asked);
        return;
    }
    /* Passed on once, and only to the holder itself; its move comes back as a block. */
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *next = &node->peers[i];
        if (next->state == PEER_ESTABLISHED && next->journal == holder && next != peer) {
            node->message.session = next->session;
            talk_send(node, next, CHANNEL_CONTROL, &node->message);
            return;
        }
    }
    struct message asked = {.kind = message->kind};
    memcpy(&asked.body.rights_req, &message->body.rights_req, sizeof asked.body.rights_req);
    respond(node, peer, &asked, RIGHTS_NONE, 0, NULL);
}

void pull_hear_response(struct node *node, const struct message *message)
{
    uint64_t origin = message->body.rights_rsp.origin;
    if (origin != node->journal) {
        for (uint32_t i = 0; i < node->peers_max; i++) {
            struct peer *next = &node->peers[i];
            if (next->state == PEER_ESTABLISHED && next->journal == origin) {
                node->message.session = next->session;
                talk_send(node, next, CHANNEL_CONTROL, &node->message);
                return;
            }
        }
        return;
    }
    for (uint32_t i = 0; i < PARKED_MAX && node->parked_count > 0; i++) {
        struct parked *parked = &node->parked[i];
        for (uint32_t k = 0; parked->used && k < parked->asked_count; k++) {
            if (ticket_equal(&parked->asked[k].request, &message->body.rights_rsp.request)) {
                parked->asked[k].answered = true;
                parked->asked[k].move_seq = message->body.rights_rsp.status == RIGHTS_GRANTED
                                                ? message->body.rights_rsp.seq
                                                : 0;
                node->parked_dirty = true;
            }
        }
    }
}
