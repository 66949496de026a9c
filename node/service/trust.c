#include "trust.h"

#include "desk.h"
#include "event_codec.h"
#include "fold.h"
#include "journal.h"
#include "manifest.h"
#include "pull.h"
#include "query.h"
#include "record_trust.h"
#include "row_key.h"
#include "sales.h"
#include "talk.h"

#include <assert.h>
#include <string.h>

enum {
    SIGN_ASKED_MS = 2000, /* when somebody waits */
    SIGN_EVERY_MS = 60000,
    ASK_EVERY_MS = 1000,
    LEASE_EVERY_MS = 3600 * 1000,
    LEASE_AGAIN_MS = 5000, /* until the branch has recorded it */
    HOPS_MAX = 8,
    LEASE_DAYS_MAX = 3650,
    DAY_MS = 86400 * 1000,
    WITNESS_GIVERS_MAX = 16,
};

static bool may_write(const struct node *node)
{
    return !node->read_only && !node->held && !node->draining && !world_space_low(node->world);
}

static bool is_office(const struct node *node, uint64_t journal)
{
    const struct roster_journal *entry = roster_journal(&node->roster, journal, node->roster.seq);
    return entry != NULL && (entry->roles & ROLE_OFFICE) != 0;
}

static uint64_t some_office(const struct node *node)
{
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        if ((node->roster.journals[i].roles & ROLE_OFFICE) != 0) {
            return node->roster.journals[i].journal;
        }
    }
    return 0;
}

static struct watch *watch_of(struct node *node, uint64_t journal)
{
    const struct frontier_entry *entry = frontier_find(&node->frontier, journal);
    return entry == NULL ? NULL : &node->watch[frontier_position(&node->frontier, entry)];
}

/* To `to` itself where there is a link, else to everybody who may know a way, but for who sent it.
 */
static void pass_on(struct node *node, uint64_t to, const struct peer *from)
{
    struct message *message = &node->message;
    struct peer *direct = pull_way_to(node, to, 0);
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        bool linked = direct != NULL && direct->journal == to;
        if (peer->state == PEER_ESTABLISHED && peer != from && (!linked || peer == direct)) {
            message->session = peer->session;
            talk_send(node, peer, CHANNEL_CONTROL, message);
        }
    }
}

static bool is_due(uint64_t now_ms, uint64_t last_ms, uint64_t pause_ms)
{
    return last_ms == 0 || now_ms - last_ms >= pause_ms;
}

static void load_lease(struct node *node)
{
    struct lease_record lease;
    node->leased = lease_load(node->rows, node->journal, &lease);
    if (!node->leased) {
        return;
    }
    /* By the own clock since it was recorded, which must not run back behind what was written. */
    const struct frontier_entry *own = frontier_find(&node->frontier, node->journal);
    int64_t wall = world_wall_ms(node->world);
    uint64_t now = wall < 0 ? 0 : (uint64_t)wall;
    now = own->hlc >> 16 > now ? own->hlc >> 16 : now;
    uint64_t gone = now > lease.recorded_ms ? now - lease.recorded_ms : 0;
    node->lease_issued_ms = lease.issued_ms;
    node->lease_length_ms = lease.until_ms - lease.issued_ms;
    uint64_t left = gone < node->lease_length_ms ? node->lease_length_ms - gone : 0;
    node->lease_ends_ms = world_monotonic_ms(node->world) + left;
}

void trust_load(struct node *node)
{
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        struct checkpoint_record checkpoint;
        (void)checkpoint_load(node->rows, entry->journal, UINT64_MAX, UINT64_MAX, &checkpoint);
        /* What was given away since is not known any more: all that is not covered counts. */
        node->watch[i] = (struct watch){.covered = checkpoint.seq, .moved = entry->seq};
    }
    node->signed_ms = world_monotonic_ms(node->world);
    node->release_due = true;
    load_lease(node);
}

void trust_apply(struct node *node, uint64_t auth, const struct event *event)
{
    if (!event->known) {
        return;
    }
    if (event->type == EVENT_MINT_APPROVE) {
        approval_save(node->rows, event->body.approve.mint, auth);
        node->release_due = node->release_due || event->body.approve.mint.journal == node->journal;
        return;
    }
    for (uint32_t i = 0;
         event->type == EVENT_CHECKPOINT_SIGN && i < event->body.checkpoint.tip_count; i++) {
        const struct journal_tip *tip = &event->body.checkpoint.tips[i];
        checkpoint_save(node->rows, tip->journal,
                        &(struct checkpoint_record){.auth = auth, .seq = tip->seq, .id = tip->id});
        struct watch *watch = watch_of(node, tip->journal);
        if (watch != NULL && tip->seq > watch->covered) {
            watch->covered = tip->seq;
        }
    }
}

void trust_note_move(struct node *node, uint64_t journal, uint64_t seq)
{
    struct watch *watch = watch_of(node, journal);
    if (watch != NULL) {
        watch->moved = seq;
    }
}

/* ---- the office signs ---- */

/* A journal of which more is durable here than any checkpoint covers. */
static bool has_news(const struct node *node, uint32_t at)
{
    const struct frontier_entry *entry = &node->frontier.entries[at];
    return !journal_is_authority(entry->journal) && !journal_is_frozen(node, entry->journal) &&
           node->seqs_committed[at] > node->watch[at].covered;
}

static bool sign_is_due(const struct node *node, uint64_t now_ms)
{
    uint64_t since = now_ms - node->signed_ms;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct watch *watch = &node->watch[i];
        if (!has_news(node, i) || watch->moved <= watch->covered) {
            continue;
        }
        bool asked = watch->asked > watch->covered;
        if (since >= SIGN_EVERY_MS || (asked && since >= SIGN_ASKED_MS)) {
            return true;
        }
    }
    return false;
}

/* What a journal's blocks rest on is covered with them: marks the journals that must be, too. True
 * when it marked one. */
static bool mark_past(struct node *node, uint32_t of, bool *marked)
{
    bool more = false;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        if (marked[i] || !has_news(node, i)) {
            continue;
        }
        struct dep_record dep;
        bool rests = dep_load(node->rows, node->frontier.entries[of].journal,
                              node->frontier.entries[i].journal, &dep);
        if (rests && dep.seq > node->watch[i].covered) {
            marked[i] = true;
            more = true;
        }
    }
    return more;
}

enum { JOURNALS_MARKED_MAX = 4096 };

/* One block of CHECKPOINT.SIGN events over the marked journals. Encodes into the scratch. */
static void sign_marked(struct node *node, const bool *marked)
{
    struct bytes events[AUTHORITY_EVENTS_MAX];
    uint32_t count = 0;
    size_t used = 0;
    uint32_t at = 0;
    while (at < node->frontier.count && count < AUTHORITY_EVENTS_MAX) {
        struct event event = {.type = EVENT_CHECKPOINT_SIGN, .known = true};
        for (; at < node->frontier.count && event.body.checkpoint.tip_count < JOURNAL_TIPS_MAX;
             at++) {
            if (marked[at]) {
                event.body.checkpoint.tips[event.body.checkpoint.tip_count++] =
                    (struct journal_tip){.journal = node->frontier.entries[at].journal,
                                         .seq = node->seqs_committed[at],
                                         .id = node->ids_committed[at]};
            }
        }
        struct buffer out = {.data = node->want_scratch + used,
                             .capacity = BLOCK_EVENTS_SIZE_MAX - used};
        if (event.body.checkpoint.tip_count == 0 || event_encode(&event, &out) != STATUS_OK) {
            break; /* the rest with the next one */
        }
        events[count++] = buffer_bytes(&out);
        used += out.size;
    }
    if (count > 0) {
        (void)journal_append_authority_block(node, events, count, false);
    }
}

/* All journals, or those that gave rights away with everything that they rest on. */
static void sign(struct node *node, bool all)
{
    static_assert(JOURNALS_MARKED_MAX >= 1024, "as many journals as a node knows");
    bool marked[JOURNALS_MARKED_MAX] = {false};
    assert(node->frontier.count <= JOURNALS_MARKED_MAX);
    bool any = false;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct watch *watch = &node->watch[i];
        marked[i] = has_news(node, i) && (all || watch->moved > watch->covered);
        any = any || marked[i];
    }
    if (!any && all) {
        /* Nothing new anywhere: the day alone is stated, with what is known already. */
        for (uint32_t i = 0; i < node->frontier.count && !any; i++) {
            any = marked[i] = !journal_is_authority(node->frontier.entries[i].journal) &&
                              node->seqs_committed[i] > 0;
        }
    }
    for (bool more = !all; more;) {
        more = false;
        for (uint32_t i = 0; i < node->frontier.count; i++) {
            more = (marked[i] && mark_past(node, i, marked)) || more;
        }
    }
    node->signed_ms = world_monotonic_ms(node->world);
    sign_marked(node, marked);
}

static void sign_if_due(struct node *node, uint64_t now_ms)
{
    if (!node->office || !may_write(node) || !journal_has_room(node, 0, 0)) {
        return;
    }
    if (journal_authority_day_moves(node)) {
        sign(node, true);
    } else if (sign_is_due(node, now_ms)) {
        sign(node, false);
    }
}

/* ---- leases ---- */

bool trust_lease_is_signed(struct node *node, uint64_t journal, uint64_t issued_ms,
                           uint64_t until_ms, const uint8_t signature[static 64], uint64_t auth)
{
    uint8_t memory[128];
    struct buffer body = BUFFER_OVER(memory);
    if (lease_signed_bytes(&node->network, journal, issued_ms, until_ms, &body) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = node->roster.epoch_count; i > 0; i--) {
        struct signature_check check = {.body = buffer_bytes(&body),
                                        .signature = signature,
                                        .public_key = node->roster.epochs[i - 1].public_key};
        if (roster_signs(&node->roster, check.public_key, auth) &&
            world_verify_now(node->world, &check)) {
            return true;
        }
    }
    return false;
}

static int64_t lease_days(const struct node *node, uint64_t journal)
{
    return roster_limit(&node->roster, "lease_days", journal_branch(journal), node->roster.seq);
}

/* A lease for a journal, by way of `peer`. Each is issued later than the last that the journal is
 * known to have recorded, whatever this clock says: nobody can hand it an old one. */
static void send_lease(struct node *node, struct peer *peer, uint64_t journal)
{
    int64_t wall = world_wall_ms(node->world);
    int64_t days = lease_days(node, journal);
    struct lease_record last;
    (void)lease_load(node->rows, journal, &last);
    uint64_t issued = wall < 0 ? 0 : (uint64_t)wall;
    issued = issued > last.issued_ms ? issued : last.issued_ms + 1;
    uint8_t memory[128];
    struct buffer body = BUFFER_OVER(memory);
    struct message *message = &node->message;
    message_begin(message, MESSAGE_LEASE, peer->session);
    message->body.lease.journal = journal;
    message->body.lease.issued_ms = issued;
    message->body.lease.until_ms = issued + (uint64_t)days * DAY_MS;
    message->body.lease.hops = HOPS_MAX;
    if (lease_signed_bytes(&node->network, journal, issued, message->body.lease.until_ms, &body) !=
        STATUS_OK) {
        return;
    }
    world_sign(node->world, SIGNER_AUTHORITY, buffer_bytes(&body), message->body.lease.signature);
    peer->lease_sent = issued;
    talk_send(node, peer, CHANNEL_CONTROL, message);
}

/* Only who is admitted, is no office and is not suspended gets a lease, while leases are on. */
static bool may_lease(const struct node *node, uint64_t journal)
{
    const struct roster_journal *entry = roster_journal(&node->roster, journal, node->roster.seq);
    int64_t days = lease_days(node, journal);
    return node->office && may_write(node) && entry != NULL && !entry->suspended &&
           (entry->roles & ROLE_OFFICE) == 0 && days > 0 && days <= LEASE_DAYS_MAX;
}

/* Renewed hourly while there is contact. */
static void renew_leases(struct node *node, uint64_t now_ms)
{
    for (uint32_t i = 0; i < node->peers_max; i++) {
        struct peer *peer = &node->peers[i];
        if (peer->state != PEER_ESTABLISHED || !may_lease(node, peer->journal)) {
            continue;
        }
        struct lease_record lease;
        bool recorded = lease_load(node->rows, peer->journal, &lease) && peer->lease_sent != 0 &&
                        lease.issued_ms >= peer->lease_sent;
        uint64_t pause = recorded ? LEASE_EVERY_MS : LEASE_AGAIN_MS;
        if (is_due(now_ms, peer->leased_ms, pause)) {
            peer->leased_ms = now_ms;
            send_lease(node, peer, peer->journal);
        }
    }
}

/* No lease, or one that has aged: worth recording another. */
static bool lease_is_old(const struct node *node, uint64_t length_ms)
{
    uint64_t now = world_monotonic_ms(node->world);
    return !node->leased || node->lease_length_ms != length_ms ||
           node->lease_ends_ms < now + length_ms - LEASE_EVERY_MS / 2;
}

/* A branch that has no link with the office asks for its lease through others. */
static void ask_for_lease(struct node *node, uint64_t now_ms)
{
    int64_t days = lease_days(node, node->journal);
    uint64_t office = some_office(node);
    if (node->office || !is_due(now_ms, node->lease_asked_ms, LEASE_AGAIN_MS) || days <= 0 ||
        days > LEASE_DAYS_MAX || !may_write(node) || !lease_is_old(node, (uint64_t)days * DAY_MS)) {
        return;
    }
    const struct peer *peer = pull_way_to(node, office, 0);
    if (peer == NULL || peer->journal == office) {
        return; /* the office itself sends it */
    }
    node->lease_asked_ms = now_ms;
    message_begin(&node->message, MESSAGE_LEASE, 0);
    node->message.body.lease.journal = node->journal;
    node->message.body.lease.hops = HOPS_MAX;
    pass_on(node, office, NULL);
}

static void record_lease(struct node *node, const struct message *message)
{
    uint64_t issued = message->body.lease.issued_ms;
    uint64_t until = message->body.lease.until_ms;
    if (!may_write(node) || until <= issued || issued <= node->lease_issued_ms ||
        !lease_is_old(node, until - issued) ||
        roster_journal(&node->roster, node->journal, node->roster.seq) == NULL ||
        !journal_has_room(node, 1, EVENT_SIZE_MAX)) {
        return;
    }
    struct event event = {.type = EVENT_LEASE_RECORD, .known = true};
    event.body.lease.issued_ms = issued;
    event.body.lease.until_ms = until;
    memcpy(event.body.lease.signature, message->body.lease.signature,
           sizeof event.body.lease.signature);
    if (!journal_would_hold(node, &event)) {
        return;
    }
    (void)journal_append(node, &event);
    node->leased = true;
    node->lease_issued_ms = issued;
    node->lease_length_ms = until - issued;
    node->lease_ends_ms = world_monotonic_ms(node->world) + node->lease_length_ms;
}

void trust_hear_lease(struct node *node, struct peer *peer, const struct message *message)
{
    uint64_t journal = message->body.lease.journal;
    bool question = message->body.lease.until_ms == 0;
    if (question && node->office) {
        if (may_lease(node, journal)) {
            send_lease(node, peer, journal);
        }
        return;
    }
    if (!question && journal == node->journal) {
        record_lease(node, message);
        return;
    }
    /* Between the office and a branch that have no link. The office's clock may have been ahead
     * before, or stand still: the same lease again is passed on again, for it may have been lost.
     */
    struct watch *watch = watch_of(node, journal);
    uint64_t now = world_monotonic_ms(node->world);
    bool news =
        watch != NULL && (question ? is_due(now, watch->lease_passed_ms, LEASE_AGAIN_MS / 2)
                                   : message->body.lease.issued_ms != watch->lease_passed ||
                                         is_due(now, watch->lease_told_ms, LEASE_AGAIN_MS / 2));
    if (!news || message->body.lease.hops == 0) {
        return;
    }
    if (question) {
        watch->lease_passed_ms = now;
    } else {
        watch->lease_passed = message->body.lease.issued_ms;
        watch->lease_told_ms = now;
    }
    node->message.body.lease.hops--;
    pass_on(node, question ? some_office(node) : journal, peer);
}

bool trust_lease_is_over(const struct node *node)
{
    return node->leased && lease_days(node, node->journal) > 0 &&
           world_monotonic_ms(node->world) >= node->lease_ends_ms;
}

/* ---- mints that were approved ---- */

/* Own mints above the quota that the authority has approved meanwhile come to count. */
static void release_approved(struct node *node)
{
    if (!node->release_due || !may_write(node) ||
        roster_journal(&node->roster, node->journal, node->roster.seq) == NULL) {
        return;
    }
    struct walk walk = walk_over(key_of_journal(TABLE_PENDING, node->journal));
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        struct event_ref mint = key_ref(walk.key_memory + 1);
        struct pending_record record;
        uint64_t approved = approval_load(node->rows, mint);
        if (!pending_load(node->rows, mint, &record) || record.released != 0 || approved == 0) {
            continue;
        }
        if (!journal_has_room(node, 1, EVENT_SIZE_MAX) || journal_header(node)->auth < approved) {
            return; /* with the next block */
        }
        struct event event = {.type = EVENT_MINT_RELEASE, .subject = record.account, .known = true};
        event.body.approve.mint = mint;
        if (journal_would_hold(node, &event)) {
            (void)journal_append(node, &event);
        }
    }
    node->release_due = false;
}

/* ---- witnesses ---- */

/* What a giver's newest usable checkpoint covers beyond what was stated: one line of an acceptance.
 */
struct witness {
    struct checkpoint_record checkpoint;
    struct event event;
};

static void witness_from(struct node *node, const struct subject_id *account, uint64_t from,
                         const struct lot_id *lots, uint32_t count, struct witness *witness)
{
    const struct frontier_entry *giver = frontier_find(&node->frontier, from);
    const struct block_header *header = journal_header(node);
    witness->event =
        (struct event){.type = EVENT_RIGHTS_ACCEPT, .subject = *account, .known = true};
    if (giver == NULL || from == node->journal ||
        !checkpoint_load(node->rows, from, header->auth, giver->seq, &witness->checkpoint)) {
        return;
    }
    witness->event.body.accept.from = from;
    witness->event.body.accept.checkpoint = witness->checkpoint.auth;
    for (uint32_t i = 0; i < count; i++) {
        struct row_key key = key_of_grant(&lots[i], from, node->journal);
        struct grant_record record;
        if (!grant_load(node->rows, &key, &record)) {
            continue;
        }
        int64_t covered =
            granted_at(node->rows, &lots[i], from, node->journal, witness->checkpoint.seq);
        covered = amount_smaller(covered, record.grant.accepted);
        if (covered > record.grant.witnessed) {
            witness->event.body.accept.lines[witness->event.body.accept.line_count++] =
                (struct accept_line){
                    .lot = lots[i], .cumulative = record.grant.accepted, .witnessed = covered};
        }
    }
}

/* States what checkpoints cover of these lots. True when anything was stated. */
static bool state_witnesses(struct node *node, const struct subject_id *account,
                            const struct lot_id *lots, uint32_t count)
{
    bool stated = false;
    uint32_t givers = 0;
    for (uint32_t i = 0; i < node->roster.journal_count && givers < WITNESS_GIVERS_MAX; i++) {
        struct witness witness;
        uint64_t from = node->roster.journals[i].journal;
        witness_from(node, account, from, lots, count, &witness);
        if (witness.event.body.accept.line_count == 0 ||
            !journal_has_room(node, 2, EVENT_SIZE_MAX) ||
            !journal_would_hold(node, &witness.event) || !journal_depend(node, from)) {
            continue;
        }
        (void)journal_append(node, &witness.event);
        stated = true;
        givers++;
    }
    return stated;
}

/* The lots that an event uses or passes on. */
static uint32_t lots_of_event(const struct event *event, struct lot_id lots[EVENT_LINES_MAX])
{
    const struct lot_line *lines = NULL;
    uint32_t count = 0;
    if (event->type == EVENT_SPEND) {
        lines = event->body.spend.lines;
        count = event->body.spend.line_count;
    } else if (event->type == EVENT_SPEND_HOLD) {
        lines = event->body.hold.lines;
        count = event->body.hold.line_count;
    } else if (event->type == EVENT_RIGHTS_MOVE) {
        lines = event->body.move.lines;
        count = event->body.move.line_count;
    } else if (event->type == EVENT_PAYOUT) {
        lines = event->body.payout.lines;
        count = event->body.payout.line_count;
    } else if (event->type == EVENT_LOT_REBIND) {
        lines = event->body.rebind.lines;
        count = event->body.rebind.line_count;
    }
    for (uint32_t i = 0; i < count; i++) {
        lots[i] = lines[i].lot;
    }
    return count;
}

enum invalid_reason trust_judge(struct node *node, const struct event *event)
{
    enum invalid_reason reason = journal_judge(node, event);
    struct lot_id lots[EVENT_LINES_MAX];
    if (reason == INVALID_EXPOSED &&
        state_witnesses(node, &event->subject, lots, lots_of_event(event, lots))) {
        reason = journal_judge(node, event);
    }
    return reason;
}

static void want_checkpoint(struct node *node, uint64_t journal, uint64_t seq)
{
    struct watch *watch = watch_of(node, journal);
    if (watch != NULL && seq > watch->asked) {
        watch->asked = seq;
    }
}

/* The block by which `from` had granted all that was accepted here of the account's lots, as far as
 * no checkpoint covers it; 0 = nothing is missing. */
static uint64_t uncovered_from(struct node *node, const struct sheet *sheet, uint64_t from)
{
    uint64_t seq = 0;
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        struct row_key key = key_of_grant(&sheet->lots[i].lot, from, node->journal);
        struct grant_record record;
        if (!grant_load(node->rows, &key, &record) || grant_unwitnessed(&record.grant) == 0) {
            continue;
        }
        struct row_key step_key =
            key_of_grant_step(&sheet->lots[i].lot, from, node->journal, record.steps);
        struct grant_step step;
        (void)grant_step_load(node->rows, &step_key, &step);
        seq = step.seq > seq ? step.seq : seq;
    }
    return seq;
}

bool trust_ask(struct node *node, const struct subject_id *account)
{
    uint64_t now = world_monotonic_ms(node->world);
    uint64_t office = some_office(node);
    if (!node->office && pull_way_to(node, office, 0) == NULL) {
        return false;
    }
    bool silent = !is_due(now, node->ckpt_req_ms, ASK_EVERY_MS);
    bool missing = false;
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        uint64_t from = node->roster.journals[i].journal;
        uint64_t seq = is_office(node, from) ? 0 : uncovered_from(node, &sheet, from);
        if (seq == 0) {
            continue;
        }
        missing = true;
        if (node->office) {
            want_checkpoint(node, from, seq);
        } else if (!silent) {
            message_begin(&node->message, MESSAGE_CKPT_REQ, 0);
            node->message.body.ckpt_req.journal = from;
            node->message.body.ckpt_req.seq = seq;
            node->message.body.ckpt_req.hops = HOPS_MAX;
            pass_on(node, office, NULL);
            node->ckpt_req_ms = now;
        }
    }
    return missing;
}

void trust_hear_request(struct node *node, struct peer *peer, const struct message *message)
{
    if (node->office) {
        want_checkpoint(node, message->body.ckpt_req.journal, message->body.ckpt_req.seq);
        sign_if_due(node, world_monotonic_ms(node->world));
        return;
    }
    struct watch *watch = watch_of(node, message->body.ckpt_req.journal);
    uint64_t now = world_monotonic_ms(node->world);
    if (watch != NULL && message->body.ckpt_req.hops > 0 &&
        is_due(now, watch->ckpt_passed_ms, ASK_EVERY_MS / 2)) {
        watch->ckpt_passed_ms = now;
        node->message.body.ckpt_req.hops--;
        pass_on(node, some_office(node), peer);
    }
}

int64_t trust_headroom(struct node *node, const struct subject_id *account)
{
    struct exposure_record record;
    exposure_load(node->rows, account, node->journal, &record);
    int64_t limit = roster_limit(&node->roster, "unwitnessed_limit", journal_branch(node->journal),
                                 journal_header(node)->auth);
    return limit > record.exposed[UNIT_MONEY] ? limit - record.exposed[UNIT_MONEY] : 0;
}

int64_t trust_share(struct node *node, const struct subject_id *account, const struct lot_id *lot,
                    int64_t wanted, int64_t *headroom)
{
    struct row_key key = key_of_registers(account, lot, node->journal);
    struct registers registers;
    (void)registers_load(node->rows, &key, &registers);
    int64_t sure =
        registers_raw(&registers) + registers.expired + registers.clawed - registers.unwitnessed;
    sure = sure > 0 ? sure : 0;
    int64_t share = amount_smaller(wanted, sure + *headroom);
    *headroom -= share > sure ? share - sure : 0;
    return share;
}

/* Would less of these lines be given than is asked for and held, for the limit alone? */
static bool is_cut(struct node *node, const struct subject_id *account,
                   const struct rights_line *lines, uint32_t count)
{
    int64_t headroom = trust_headroom(node, account);
    for (uint32_t i = 0; i < count; i++) {
        int64_t wanted = amount_smaller(own_raw(node, account, &lines[i].lot), lines[i].amount);
        if (wanted > 0 && trust_share(node, account, &lines[i].lot, wanted, &headroom) < wanted) {
            return true;
        }
    }
    return false;
}

void trust_prepare(struct node *node, const struct subject_id *account,
                   const struct rights_line *lines, uint32_t count)
{
    struct lot_id lots[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < count; i++) {
        lots[i] = lines[i].lot;
    }
    if (is_cut(node, account, lines, count)) {
        (void)state_witnesses(node, account, lots, count);
    }
    if (is_cut(node, account, lines, count)) {
        (void)trust_ask(node, account); /* for the next time */
    }
}

void trust_tick(struct node *node, uint64_t now_ms)
{
    sign_if_due(node, now_ms);
    renew_leases(node, now_ms);
    ask_for_lease(node, now_ms);
    release_approved(node);
    for (uint32_t i = 0; i < PARKED_MAX && node->parked_count > 0; i++) {
        if (node->parked[i].used && node->parked[i].unwitnessed) {
            node->parked_dirty = true; /* ask again, in case the question was lost */
        }
    }
}
