/* What a hostile branch signs about refunds, transfers and requests. */
#include "deed_parts.h"

#include "auditor.h"
#include "book_trust.h"
#include "hostile.h"
#include "sim.h"

#include <string.h>

static struct event_ref sale_of(const struct book_lot *right)
{
    return (struct event_ref){right->issued_by.journal, right->issued_by.seq,
                              (uint16_t)right->issued_by.index};
}

static int64_t held(struct world *machine, const struct book_lot *lot)
{
    struct lot_id id = lot_id_of(lot);
    return book_held(auditor_book(machine->sim), &id, machine->journal);
}

/* A right to refund a sale, of its own or (`own` false) one of which it holds nothing. */
static const struct book_lot *pick_right(struct world *machine, bool own)
{
    const struct book *book = auditor_book(machine->sim);
    for (int attempts = 0; attempts < 60 && book->lots.count > 0; attempts++) {
        const struct book_lot *lot =
            map_at(&book->lots, (uint32_t)random_below(hostile_random(machine), book->lots.count));
        bool mine = lot->issued_by.journal == machine->journal;
        if (lot->bucket == BUCKET_REFUND && lot->tender == 0 && mine == own &&
            (held(machine, lot) > 0) == own) {
            return lot;
        }
    }
    return NULL;
}

static void refund(struct world *machine, const struct book_lot *right, int64_t amount,
                   uint32_t to_day, enum invalid_reason expected)
{
    struct subject_id account = account_of_lot(right);
    struct event event = hostile_event(machine, EVENT_REFUND, &account);
    int64_t after = held(machine, right) - amount;
    event.body.refund.line_count = 1;
    event.body.refund.lines[0] = (struct lot_line){
        .lot = lot_id_of(right), .amount = amount, .after = after > 0 ? after : 0};
    event.body.refund.to_days[0] = to_day;
    event.body.refund.sale = sale_of(right);
    hostile_publish(machine, &event, (struct block_dep){0}, expected);
}

static void move_right(struct world *machine, const struct book_lot *right, int64_t amount,
                       struct event_ref sale, enum invalid_reason expected)
{
    struct subject_id account = account_of_lot(right);
    struct event event = hostile_event(machine, EVENT_RIGHTS_MOVE, &account);
    int64_t after = held(machine, right) - amount;
    event.body.move.to = machine->sim->machines[SIM_OFFICE].journal;
    event.body.move.why = MOVE_BY_HAND;
    event.body.move.line_count = 1;
    event.body.move.lines[0] = (struct lot_line){
        .lot = lot_id_of(right), .amount = amount, .after = after > 0 ? after : 0};
    event.body.move.sale = sale;
    hostile_publish(machine, &event, (struct block_dep){0}, expected);
}

static const struct book_lot *pick_money(struct world *machine)
{
    const struct book *book = auditor_book(machine->sim);
    for (int attempts = 0; attempts < 40 && book->lots.count > 0; attempts++) {
        const struct book_lot *lot =
            map_at(&book->lots, (uint32_t)random_below(hostile_random(machine), book->lots.count));
        if (lot->bucket != BUCKET_REFUND && held(machine, lot) > 0) {
            return lot;
        }
    }
    return NULL;
}

/* To another account; `over` more than it holds; to the same account when `self`. */
static void rebind(struct world *machine, int64_t over, bool self)
{
    const struct book_lot *lot = pick_money(machine);
    const struct book *book = auditor_book(machine->sim);
    if (lot == NULL || book->accounts.count < 2) {
        return;
    }
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_LOT_REBIND, &account);
    const struct book_account *other = map_at(
        &book->accounts, (uint32_t)random_below(hostile_random(machine), book->accounts.count));
    memcpy(event.body.rebind.to.bytes, other->id, sizeof event.body.rebind.to.bytes);
    self = self || subject_equal(&event.body.rebind.to, &account);
    if (self) {
        event.body.rebind.to = account;
    }
    int64_t amount = held(machine, lot) + over;
    if (amount < 1) {
        return;
    }
    bool gated = book_is_gated(book, &account, machine->journal);
    event.body.rebind.line_count = 1;
    event.body.rebind.lines[0] =
        (struct lot_line){.lot = lot_id_of(lot), .amount = amount, .after = over < 0 ? -over : 0};
    hostile_publish(machine, &event, (struct block_dep){0},
                    self       ? INVALID_SELF_MOVE
                    : gated    ? INVALID_FROZEN
                    : over > 0 ? INVALID_NOT_COVERED
                               : book_exposure_reason(book, &account, machine->journal,
                                                      hostile_now(machine).auth,
                                                      event.body.rebind.lines, 1));
}

/* Answers a request that was filed for another branch, or that never was. */
static void answer_request(struct world *machine, const struct book_lot *right)
{
    const struct book *book = auditor_book(machine->sim);
    struct subject_id account = account_of_lot(right);
    struct event event = hostile_event(machine, EVENT_REQUEST_CLOSE, &account);
    event.body.close.request = sale_of(right);
    event.body.close.outcome = REQUEST_REFUSED;
    for (uint32_t i = 0; i < book->wishes.count; i++) {
        const struct book_wish *wish = map_at(&book->wishes, i);
        if (wish->to != machine->journal) {
            memcpy(event.subject.bytes, wish->account, sizeof event.subject.bytes);
            event.body.close.request = (struct event_ref){wish->place.journal, wish->place.seq,
                                                          (uint16_t)wish->place.index};
        }
    }
    /* Or as if it were the office, and the branch that was asked were gone. */
    bool acts = random_chance(hostile_random(machine), 4000);
    event.body.close.of = acts ? machine->sim->machines[SIM_OFFICE].journal : 0;
    hostile_publish(machine, &event, (struct block_dep){0},
                    acts ? INVALID_NO_ROLE : INVALID_BAD_REF);
}

/* Takes over the right to refund another's sale, as only the office may from who is retired. */
static void take_right(struct world *machine, const struct book_lot *right)
{
    struct subject_id account = account_of_lot(right);
    struct event event = hostile_event(machine, EVENT_RIGHTS_RECLAIM, &account);
    event.body.reclaim.of = right->issued_by.journal;
    event.body.reclaim.sale = sale_of(right);
    event.body.reclaim.line_count = 1;
    event.body.reclaim.lines[0] = (struct lot_amount){.lot = lot_id_of(right), .amount = 1};
    hostile_publish(machine, &event, (struct block_dep){0}, INVALID_NO_ROLE);
}

void deed_about_refunds(struct world *machine)
{
    const struct book_lot *own = pick_right(machine, true);
    const struct book_lot *other = pick_right(machine, false);
    int64_t left = own == NULL ? 0 : held(machine, own);
    switch (random_below(hostile_random(machine), 11)) {
    case 0:
    case 1:
        if (other != NULL && random_chance(hostile_random(machine), 3000)) {
            take_right(machine, other);
        } else if (other != NULL) {
            refund(machine, other, 1, 0, INVALID_NOT_COVERED);
        }
        break;
    case 2:
        if (own != NULL) {
            refund(machine, own, 1, 40000, INVALID_LOT_TIME);
        }
        break;
    case 3:
        if (own != NULL) {
            move_right(machine, own, left + 1, sale_of(own), INVALID_NOT_COVERED);
        }
        break;
    case 4:
    case 5:
        if (own != NULL) {
            move_right(machine, own, left / 2 + 1, sale_of(own), INVALID_NONE);
        }
        break;
    case 6:
        if (own != NULL && other != NULL) {
            move_right(machine, own, 1, sale_of(other), INVALID_NOT_COVERED);
        }
        break;
    case 9:
        if (own != NULL) {
            move_right(machine, own, 1, (struct event_ref){0}, INVALID_NOT_COVERED);
        }
        break;
    case 7:
        rebind(machine, -1, false);
        break;
    case 8:
        rebind(machine, 1, random_chance(hostile_random(machine), 5000));
        break;
    default:
        if (other != NULL) {
            answer_request(machine, other);
        }
        break;
    }
}
