/* What a hostile branch signs: some of it is valid, most of it breaks one rule. */
#include "deed.h"

#include "deed_parts.h"

#include "auditor.h"
#include "book_risk.h"
#include "book_trust.h"
#include "hostile.h"
#include "sim.h"

#include <string.h>

struct event hostile_event(struct world *machine, enum event_type type,
                           const struct subject_id *subject)
{
    struct event event = {.type = (uint16_t)type, .subject = *subject, .till = 1, .known = true};
    random_fill(hostile_random(machine), event.ticket.bytes, sizeof event.ticket.bytes);
    return event;
}

struct lot_id lot_id_of(const struct book_lot *lot)
{
    struct lot_id id;
    memcpy(id.bytes, lot->id, sizeof id.bytes);
    return id;
}

/* A lot of money; `own`: of which this journal holds something. */
static const struct book_lot *pick_lot(struct world *machine, bool own)
{
    struct sim *sim = machine->sim;
    const struct book *book = auditor_book(sim);
    for (int attempts = 0; attempts < 40 && book->lots.count > 0; attempts++) {
        const struct book_lot *lot =
            map_at(&book->lots, (uint32_t)random_below(hostile_random(machine), book->lots.count));
        struct lot_id id = lot_id_of(lot);
        bool money = lot->bucket == BUCKET_PRINCIPAL || lot->bucket == BUCKET_BONUS;
        if (money && (book_held(book, &id, machine->journal) > 0) == own) {
            return lot;
        }
    }
    return NULL;
}

struct subject_id account_of_lot(const struct book_lot *lot)
{
    struct subject_id account;
    memcpy(account.bytes, lot->account, sizeof account.bytes);
    return account;
}

static void top_up(struct world *machine, const struct subject_id *account)
{
    struct event event = hostile_event(machine, EVENT_TOPUP, account);
    event.body.topup.lot_count = 1;
    event.body.topup.lots[0] =
        (struct lot_terms){.bucket = BUCKET_PRINCIPAL,
                           .amount = (int64_t)random_between(hostile_random(machine), 100, 5000),
                           .from_day = 20000,
                           .product = 1};
    event.body.topup.tender = TENDER_CASH;
    event.body.topup.version = 1;
    const struct hostile_clock now = hostile_now(machine);
    hostile_publish(machine, &event, (struct block_dep){0},
                    book_mint_reason(auditor_book(machine->sim), machine->journal, now.day,
                                     now.auth, event.body.topup.lots, 1));
}

static int64_t held_here(struct world *machine, const struct book_lot *lot)
{
    struct lot_id id = lot_id_of(lot);
    return book_held(auditor_book(machine->sim), &id, machine->journal);
}

/* Spends `over` more than it holds of the lot (or less, when negative). */
static void spend(struct world *machine, const struct book_lot *lot, int64_t over)
{
    struct lot_id id = lot_id_of(lot);
    struct subject_id account = account_of_lot(lot);
    int64_t held = book_held(auditor_book(machine->sim), &id, machine->journal);
    int64_t amount = held + over;
    if (amount < 1) {
        return;
    }
    struct event event = hostile_event(machine, EVENT_SPEND, &account);
    event.body.spend.line_count = 1;
    event.body.spend.lines[0] =
        (struct lot_line){.lot = id, .amount = amount, .after = over <= 0 ? -over : 0};
    bool gated = book_is_gated(auditor_book(machine->sim), &account, machine->journal);
    hostile_publish(machine, &event, (struct block_dep){0},
                    gated      ? INVALID_FROZEN
                    : over > 0 ? INVALID_NOT_COVERED
                    : deed_has_ended(machine, lot)
                        ? INVALID_LOT_TIME
                        : book_exposure_reason(auditor_book(machine->sim), &account,
                                               machine->journal, hostile_now(machine).auth,
                                               event.body.spend.lines, 1));
}

/* Says that it has heard of a freeze, which shuts its own gate: what it sells then is INVALID. */
static void acknowledge(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_FREEZE_ACK, &account);
    event.body.freeze_ack.freeze_count = 1;
    event.body.freeze_ack.freezes[0] = (struct event_ref){machine->journal, 1, 0};
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_NONE);
    spend(machine, lot, 0);
    deed_hold(machine, lot);
    if (random_chance(hostile_random(machine), 5000)) {
        /* By an unfreeze that nobody wrote. */
        event.body.freeze_ack.freeze_count = 0;
        event.body.freeze_ack.lifted_count = 1;
        event.body.freeze_ack.lifted[0].freeze = (struct event_ref){machine->journal, 1, 0};
        event.body.freeze_ack.lifted[0].unfreeze = (struct event_ref){machine->journal, 1, 1};
        hostile_publish(machine, &event, (struct block_dep){0}, INVALID_BAD_REF);
    }
}

static void move(struct world *machine, const struct book_lot *lot, uint64_t to, int64_t amount,
                 enum invalid_reason expected)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_RIGHTS_MOVE, &account);
    struct lot_id id = lot_id_of(lot);
    int64_t held = book_held(auditor_book(machine->sim), &id, machine->journal);
    event.body.move.to = to;
    event.body.move.why = MOVE_BY_HAND;
    event.body.move.line_count = 1;
    event.body.move.lines[0] =
        (struct lot_line){.lot = id, .amount = amount, .after = held >= amount ? held - amount : 0};
    if (expected == INVALID_NONE) {
        expected = book_exposure_reason(auditor_book(machine->sim), &account, machine->journal,
                                        hostile_now(machine).auth, event.body.move.lines, 1);
    }
    hostile_publish(machine, &event, (struct block_dep){0}, expected);
}

/* Accepts `over` more than was granted, as of a dep that is named, or of none. */
static void accept(struct world *machine, bool with_dep, int64_t over)
{
    struct sim *sim = machine->sim;
    const struct book *book = auditor_book(sim);
    for (uint32_t i = 0; i < book->pairs.count; i++) {
        const struct book_pair *pair = map_at(&book->pairs, i);
        if (pair->to != machine->journal || pair->granted == pair->accepted) {
            continue;
        }
        struct lot_id id;
        memcpy(id.bytes, pair->lot, sizeof id.bytes);
        const struct book_journal *giver = book_journal_of(book, pair->from);
        if (!with_dep && book_dep_seq(book, machine->journal, pair->from) > 0) {
            return; /* an earlier block named it already */
        }
        struct subject_id account = account_of_lot(book_lot_of(book, &id));
        struct event event = hostile_event(machine, EVENT_RIGHTS_ACCEPT, &account);
        event.body.accept.from = pair->from;
        event.body.accept.line_count = 1;
        event.body.accept.lines[0] =
            (struct accept_line){.lot = id, .cumulative = pair->granted + over};
        struct block_dep dep = {0};
        if (with_dep) {
            dep = (struct block_dep){.journal = giver->journal, .seq = giver->seq, .id = giver->id};
        }
        hostile_publish(machine, &event, dep,
                        with_dep && over <= 0 ? INVALID_NONE : INVALID_OVER_ACCEPT);
        return;
    }
}

/* States again what it accepted before: nothing may come of it. */
static void accept_again(struct world *machine)
{
    const struct book *book = auditor_book(machine->sim);
    for (uint32_t i = 0; i < book->pairs.count; i++) {
        const struct book_pair *pair = map_at(&book->pairs, i);
        if (pair->to != machine->journal || pair->accepted == 0) {
            continue;
        }
        struct lot_id id;
        memcpy(id.bytes, pair->lot, sizeof id.bytes);
        struct subject_id account = account_of_lot(book_lot_of(book, &id));
        struct event event = hostile_event(machine, EVENT_RIGHTS_ACCEPT, &account);
        event.body.accept.from = pair->from;
        event.body.accept.line_count = 1;
        event.body.accept.lines[0] = (struct accept_line){.lot = id, .cumulative = pair->accepted};
        hostile_publish(machine, &event, (struct block_dep){0}, INVALID_NONE);
        return;
    }
}

/* Names a checkpoint for what it accepted before. `later`: a position that its own header does not
 * know yet. `over`: more than the checkpoint covers. */
static void witness(struct world *machine, uint64_t later, int64_t over)
{
    const struct book *book = auditor_book(machine->sim);
    for (uint32_t i = 0; i < book->pairs.count; i++) {
        const struct book_pair *pair = map_at(&book->pairs, i);
        if (pair->to != machine->journal || pair->accepted <= pair->witnessed) {
            continue;
        }
        struct lot_id id;
        memcpy(id.bytes, pair->lot, sizeof id.bytes);
        struct subject_id account = account_of_lot(book_lot_of(book, &id));
        struct event event = hostile_event(machine, EVENT_RIGHTS_ACCEPT, &account);
        event.body.accept.from = pair->from;
        event.body.accept.checkpoint = hostile_now(machine).auth + later;
        event.body.accept.line_count = 1;
        uint64_t seen = book_dep_seq(book, machine->journal, pair->from);
        uint64_t reach = 0;
        enum invalid_reason reason =
            book_witness_reason(book, hostile_now(machine).auth, seen, &event, &reach);
        int64_t covered = book_granted_as_of(book, &id, pair->from, pair->to, reach);
        covered = reason == INVALID_NONE && covered < pair->accepted ? covered : pair->accepted;
        int64_t stated = covered + over > 0 ? covered + over : 1;
        event.body.accept.lines[0] =
            (struct accept_line){.lot = id, .cumulative = pair->accepted, .witnessed = stated};
        bool wrong = reason != INVALID_NONE || stated > covered;
        hostile_publish(machine, &event, (struct block_dep){0},
                        wrong ? INVALID_OVER_WITNESS : INVALID_NONE);
        return;
    }
}

/* Mints more than any branch may on a day. */
static void mint_too_much(struct world *machine, const struct subject_id *account)
{
    struct event event = hostile_event(machine, EVENT_TOPUP, account);
    event.body.topup.lot_count = 1;
    event.body.topup.lots[0] = (struct lot_terms){
        .bucket = BUCKET_PRINCIPAL, .amount = 100000001, .from_day = 20000, .product = 1};
    event.body.topup.tender = TENDER_CASH;
    event.body.topup.version = 1;
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_OVER_QUOTA);
}

/* Spends what waits for approval. */
static void spend_pending(struct world *machine)
{
    const struct book *book = auditor_book(machine->sim);
    for (uint32_t i = 0; i < book->pendings.count; i++) {
        const struct book_pending *pending = map_at(&book->pendings, i);
        if (pending->mint.journal != machine->journal || pending->released) {
            continue;
        }
        struct subject_id account;
        memcpy(account.bytes, pending->account, sizeof account.bytes);
        struct event event = hostile_event(machine, EVENT_SPEND, &account);
        event.body.spend.line_count = 1;
        event.body.spend.lines[0] = (struct lot_line){.lot = pending->ids[0], .amount = 1};
        bool gated = book_is_gated(book, &account, machine->journal);
        hostile_publish(machine, &event, (struct block_dep){0},
                        gated ? INVALID_FROZEN : INVALID_NOT_COVERED);
        return;
    }
}

/* Releases what nobody approved. */
static void release_pending(struct world *machine)
{
    const struct book *book = auditor_book(machine->sim);
    for (uint32_t i = 0; i < book->pendings.count; i++) {
        const struct book_pending *pending = map_at(&book->pendings, i);
        if (pending->mint.journal != machine->journal || pending->released) {
            continue;
        }
        struct subject_id account;
        memcpy(account.bytes, pending->account, sizeof account.bytes);
        struct event event = hostile_event(machine, EVENT_MINT_RELEASE, &account);
        event.body.approve.mint = (struct event_ref){pending->mint.journal, pending->mint.seq,
                                                     (uint16_t)pending->mint.index};
        hostile_publish(
            machine, &event, (struct block_dep){0},
            book_release_reason(book, machine->journal, hostile_now(machine).auth, &event));
        return;
    }
}

static void record_forged_lease(struct world *machine)
{
    if (random_chance(hostile_random(machine), 5000)) {
        deed_accuse(machine);
        return;
    }
    struct event event = hostile_event(machine, EVENT_LEASE_RECORD, &(struct subject_id){{0}});
    event.body.lease.issued_ms = 1;
    event.body.lease.until_ms = UINT64_C(1) << 50;
    random_fill(hostile_random(machine), event.body.lease.signature,
                sizeof event.body.lease.signature);
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_BAD_REF);
}

/* A sale within its rights that states another remainder than it leaves: every node must say so. */
static void state_wrong_remainder(struct world *machine, const struct book_lot *lot)
{
    struct lot_id id = lot_id_of(lot);
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_SPEND, &account);
    event.body.spend.line_count = 1;
    event.body.spend.lines[0] = (struct lot_line){.lot = id, .amount = 1, .after = 77777777};
    enum invalid_reason reason =
        book_exposure_reason(auditor_book(machine->sim), &account, machine->journal,
                             hostile_now(machine).auth, event.body.spend.lines, 1);
    reason = deed_has_ended(machine, lot) ? INVALID_LOT_TIME : reason;
    reason = book_is_gated(auditor_book(machine->sim), &account, machine->journal) ? INVALID_FROZEN
                                                                                   : reason;
    hostile_publish(machine, &event, (struct block_dep){0}, reason);
    machine->sim->wrong_remainders += reason == INVALID_NONE ? 1 : 0;
}

/* Refunds `over` more of a line of its own sale than is left of it (or less, when negative). */
static void refund(struct world *machine, int64_t over)
{
    const struct book *book = auditor_book(machine->sim);
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *right = map_at(&book->lots, i);
        struct lot_id id = lot_id_of(right);
        int64_t amount = book_held(book, &id, machine->journal) + over;
        if (right->bucket != BUCKET_REFUND || right->tender != 0 ||
            right->issued_by.journal != machine->journal || amount < 1) {
            continue;
        }
        struct subject_id account = account_of_lot(right);
        struct event event = hostile_event(machine, EVENT_REFUND, &account);
        event.body.refund.line_count = 1;
        event.body.refund.lines[0] =
            (struct lot_line){.lot = id, .amount = amount, .after = over <= 0 ? -over : 0};
        event.body.refund.sale = (struct event_ref){right->issued_by.journal, right->issued_by.seq,
                                                    (uint16_t)right->issued_by.index};
        hostile_publish(machine, &event, (struct block_dep){0},
                        over > 0 ? INVALID_NOT_COVERED : INVALID_NONE);
        return;
    }
}

static void issue_foreign_number(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_CARD_ISSUE, &account);
    /* Branch 1's range; the check digit holds. */
    event.body.issue.number = bytes_of("8000010019999994", CARD_NUMBER_SIZE);
    event.body.issue.form = CARD_PLASTIC;
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_WRONG_NUMBER);
}

/* A million out of nothing, in a block that no node may admit. */
static void forge(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_TOPUP, &account);
    event.body.topup.lot_count = 1;
    event.body.topup.lots[0] = (struct lot_terms){
        .bucket = BUCKET_PRINCIPAL, .amount = 1000000, .from_day = 20000, .product = 1};
    event.body.topup.tender = TENDER_CASH;
    event.body.topup.version = 1;
    hostile_forge(machine, &event);
}

static uint64_t authority_seq(const struct book *book)
{
    const struct book_journal *authority = book_journal_of(book, journal_of(0, 1));
    return authority == NULL ? 0 : authority->seq;
}

/* Sells without cover: `over` above what the caps leave, and `unseen` above the balance that it
 * says it saw. */
static void sell_at_risk(struct world *machine, const struct book_lot *lot, int64_t over,
                         int64_t unseen)
{
    const struct book *book = auditor_book(machine->sim);
    struct subject_id account = account_of_lot(lot);
    int64_t room = book_risk_room(book, &account, machine->journal, authority_seq(book));
    int64_t risk = over > 0 ? room + over : room / 3;
    if (risk < 1) {
        return;
    }
    struct event event = hostile_event(machine, EVENT_SPEND, &account);
    event.body.spend.risk = risk;
    event.body.spend.seen = risk > unseen ? risk - unseen : 0;
    bool gated = book_is_gated(book, &account, machine->journal);
    hostile_publish(machine, &event, (struct block_dep){0},
                    over > 0     ? INVALID_RISK_CAP
                    : unseen > 0 ? INVALID_RISK_GUARD
                    : gated      ? INVALID_FROZEN
                                 : INVALID_NONE);
}

/* What only the office may do, and an acknowledgement of nothing. */
static void settle_itself(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_RISK_ACK, &account);
    event.body.risk_ack.settle = (struct event_ref){machine->journal, 1, 0};
    enum invalid_reason expected = INVALID_BAD_REF;
    uint64_t drawn = random_below(hostile_random(machine), 3);
    if (drawn == 1) {
        event.type = EVENT_RISK_SETTLE;
        event.body.settle.spend = (struct event_ref){machine->journal, 1, 0};
        event.body.settle.debt = 0;
        expected = INVALID_NO_ROLE;
    } else if (drawn == 2) {
        event.type = EVENT_RIGHTS_COVER;
        memset(&event.body, 0, sizeof event.body);
        event.body.cover.kind = COVER_DEBT;
        event.body.cover.line_count = 1;
        event.body.cover.lines[0] = (struct lot_line){.lot = lot_id_of(lot), .amount = 1};
        expected = INVALID_NO_ROLE;
    }
    hostile_publish(machine, &event, (struct block_dep){0}, expected);
}

/* What is about the office's word: witnesses, quotas, leases, the fold's own test. */
static void do_deed_of_trust(struct world *machine, const struct subject_id *account,
                             const struct book_lot *own)
{
    switch (random_below(hostile_random(machine), 10)) {
    case 0:
        witness(machine, 0, 0);
        break;
    case 1:
        witness(machine, 0, 1);
        break;
    case 2:
        witness(machine, 1, 0);
        break;
    case 3:
        mint_too_much(machine, account);
        break;
    case 4:
        spend_pending(machine);
        break;
    case 5:
        release_pending(machine);
        break;
    case 6:
        record_forged_lease(machine);
        break;
    case 7:
        if (own != NULL) {
            state_wrong_remainder(machine, own);
        }
        break;
    case 8:
        if (own != NULL) {
            move(machine, own, machine->sim->machines[SIM_OFFICE].journal, held_here(machine, own),
                 INVALID_NONE);
        }
        break;
    default:
        hostile_leap(machine, (uint32_t)random_magnitude(hostile_random(machine), 1, 40));
        top_up(machine, account);
        break;
    }
}

static void do_deed(struct world *machine)
{
    const struct book_lot *own = pick_lot(machine, true);
    const struct book_lot *other = pick_lot(machine, false);
    const struct book_lot *any = own != NULL ? own : other;
    if (any == NULL) {
        return;
    }
    struct subject_id account = account_of_lot(any);
    if (random_chance(hostile_random(machine), 4000)) {
        do_deed_of_trust(machine, &account, own);
        return;
    }
    switch (random_below(hostile_random(machine), 35)) {
    case 0:
    case 1:
        top_up(machine, &account);
        break;
    case 2:
        spend(machine, any, 1);
        break;
    case 3:
        spend(machine, any, 5000);
        break;
    case 4:
        if (own != NULL) {
            spend(machine, own, -1);
        }
        break;
    case 5:
        if (own != NULL) {
            move(machine, own, machine->journal, 1, INVALID_SELF_MOVE);
        }
        break;
    case 6:
        move(machine, any, machine->sim->machines[SIM_OFFICE].journal, 900000000,
             INVALID_NOT_COVERED);
        break;
    case 7:
        accept(machine, true, 1);
        break;
    case 8:
        accept(machine, false, 0);
        break;
    case 9:
        accept(machine, true, 0);
        break;
    case 12:
        accept_again(machine);
        break;
    case 13:
        refund(machine, 1);
        break;
    case 14:
        refund(machine, -1);
        break;
    case 15:
        if (own != NULL) {
            acknowledge(machine, own);
        }
        break;
    case 16:
    case 17:
    case 18:
    case 19:
    case 20:
    case 21:
        deed_about_refunds(machine);
        break;
    case 22:
        sell_at_risk(machine, any, 1, 0);
        break;
    case 23:
        sell_at_risk(machine, any, 0, 1);
        break;
    case 24:
        sell_at_risk(machine, any, 0, 0);
        break;
    case 25:
        settle_itself(machine, any);
        break;
    case 26:
    case 27:
    case 28:
        deed_about_ends(machine, &account);
        break;
    case 29:
    case 30:
    case 31:
    case 32:
        deed_about_holds(machine, any);
        break;
    case 33:
    case 34:
        deed_about_corrections(machine, any);
        break;
    case 10:
        issue_foreign_number(machine, any);
        break;
    default:
        if (own != NULL) {
            move(machine, own, machine->sim->machines[SIM_OFFICE].journal, 1, INVALID_NONE);
        }
        break;
    }
}

void deed_draw(struct world *machine, uint32_t done)
{
    const struct book_lot *lot = pick_lot(machine, false);
    if (lot != NULL && done > 8 && random_chance(hostile_random(machine), 500)) {
        forge(machine, lot);
    } else {
        do_deed(machine);
    }
}
