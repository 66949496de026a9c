/* Hostile deeds about top-ups taken back and value that appears or vanishes by hand. */
#include "deed_parts.h"

#include "auditor.h"
#include "book_correct.h"
#include "book_trust.h"
#include "hostile.h"
#include "sim.h"

#include <string.h>

/* A top-up of its own, or of another branch. NULL if there is none. */
static const struct book_topup *pick_topup(struct world *machine, bool own)
{
    const struct book *book = auditor_book(machine->sim);
    for (int tries = 0; tries < 40 && book->topups.count > 0; tries++) {
        const struct book_topup *topup = map_at(
            &book->topups, (uint32_t)random_below(hostile_random(machine), book->topups.count));
        if ((topup->place.journal == machine->journal) == own) {
            return topup;
        }
    }
    return NULL;
}

static struct event void_of(struct world *machine, const struct book_topup *topup)
{
    struct subject_id account;
    memcpy(account.bytes, topup->account, sizeof account.bytes);
    struct event event = hostile_event(machine, EVENT_LOT_CLAWBACK, &account);
    event.body.clawback.of =
        (struct event_ref){topup->place.journal, topup->place.seq, (uint16_t)topup->place.index};
    event.body.clawback.line_count = (uint8_t)topup->count;
    for (uint32_t i = 0; i < topup->count; i++) {
        int64_t held = book_held(auditor_book(machine->sim), &topup->ids[i], machine->journal);
        int64_t after = held - topup->amounts[i];
        event.body.clawback.lines[i] = (struct lot_line){
            .lot = topup->ids[i], .amount = topup->amounts[i], .after = after > 0 ? after : 0};
    }
    return event;
}

static void publish_void(struct world *machine, const struct event *event)
{
    hostile_publish(machine, event, (struct block_dep){0},
                    book_void_reason(auditor_book(machine->sim), machine->journal,
                                     hostile_now(machine).day, event));
}

/* The right one, a part of it, more than it, with a debt left over. */
static void take_back(struct world *machine)
{
    const struct book_topup *topup =
        pick_topup(machine, random_chance(hostile_random(machine), 9000));
    if (topup == NULL) {
        return;
    }
    struct event event = void_of(machine, topup);
    switch (random_below(hostile_random(machine), 6)) {
    case 0:
        event.body.clawback.line_count = (uint8_t)(topup->count > 1 ? topup->count - 1 : 1);
        break;
    case 1:
        event.body.clawback.lines[0].amount = topup->amounts[0] > 1 ? topup->amounts[0] - 1 : 1;
        break;
    case 2:
        event.body.clawback.debt = 1;
        break;
    default:
        break;
    }
    publish_void(machine, &event);
}

/* Tops up with a bonus, uses a little of it (or nothing, or lets the day pass), and takes it back.
 */
static void top_up_and_take_back(struct world *machine, const struct subject_id *account)
{
    struct event event = hostile_event(machine, EVENT_TOPUP, account);
    event.body.topup.lot_count = 2;
    event.body.topup.lots[0] =
        (struct lot_terms){.bucket = BUCKET_PRINCIPAL, .amount = 3000, .product = 1};
    event.body.topup.lots[1] =
        (struct lot_terms){.bucket = BUCKET_BONUS, .amount = 600, .product = 1};
    event.body.topup.tender = TENDER_CASH;
    event.body.topup.version = 1;
    const struct hostile_clock now = hostile_now(machine);
    const struct book *book = auditor_book(machine->sim);
    uint32_t before = book->topups.count;
    hostile_publish(
        machine, &event, (struct block_dep){0},
        book_mint_reason(book, machine->journal, now.day, now.auth, event.body.topup.lots, 2));
    if (book->topups.count == before) {
        return; /* nobody has taken the block yet */
    }
    const struct book_topup *topup = map_at(&book->topups, book->topups.count - 1);
    if (topup->place.journal != machine->journal) {
        return;
    }
    if (random_chance(hostile_random(machine), 3000)) {
        hostile_leap(machine, 1);
    }
    struct event undo = void_of(machine, topup);
    publish_void(machine, &undo);
}

/* What only the office may do. */
static void correct(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    bool two = random_chance(hostile_random(machine), 5000);
    struct event event = hostile_event(machine, EVENT_ADJUST, &account);
    event.body.issue_lots.cause = ADJUST_CORRECTION;
    event.body.issue_lots.approver = 1;
    event.body.issue_lots.persons = (struct two_persons){.proposal = 0, .proposer = two ? 2 : 1};
    event.body.issue_lots.lot_count = 1;
    event.body.issue_lots.lots[0] =
        (struct lot_terms){.bucket = BUCKET_PRINCIPAL, .amount = 700, .product = 1};
    if (random_chance(hostile_random(machine), 4000)) {
        event.type = EVENT_PAYOUT;
        memset(&event.body, 0, sizeof event.body);
        event.body.payout.cause = ADJUST_CORRECTION;
        event.body.payout.approver = 1;
        event.body.payout.persons = (struct two_persons){.proposer = two ? 2 : 1};
        event.body.payout.line_count = 1;
        event.body.payout.lines[0] = (struct lot_line){.lot = lot_id_of(lot), .amount = 900000000};
    }
    hostile_publish(machine, &event, (struct block_dep){0},
                    two ? INVALID_NO_ROLE : INVALID_ONE_PERSON);
}

/* Value that nobody paid for, within the quota of the day or far above it. */
static void issue(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_LOT_ISSUE, &account);
    bool much = random_chance(hostile_random(machine), 5000);
    event.body.issue_lots.cause = ADJUST_GRANT;
    event.body.issue_lots.lot_count = 1;
    event.body.issue_lots.lots[0] = (struct lot_terms){
        .bucket = BUCKET_BONUS,
        .amount = much ? 100000001 : (int64_t)random_between(hostile_random(machine), 1, 3000),
        .product = 1};
    const struct hostile_clock now = hostile_now(machine);
    hostile_publish(machine, &event, (struct block_dep){0},
                    book_mint_reason(auditor_book(machine->sim), machine->journal, now.day,
                                     now.auth, event.body.issue_lots.lots, 1));
}

void deed_about_corrections(struct world *machine, const struct book_lot *lot)
{
    struct subject_id account = account_of_lot(lot);
    switch (random_below(hostile_random(machine), 5)) {
    case 0:
        correct(machine, lot);
        break;
    case 1:
        issue(machine, lot);
        break;
    case 2:
    case 3:
        take_back(machine);
        break;
    default:
        top_up_and_take_back(machine, &account);
        break;
    }
}
