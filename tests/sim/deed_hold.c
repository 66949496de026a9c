/* What a hostile branch signs about holds: twice, too much, of others. */
#include "deed_parts.h"

#include "auditor.h"
#include "book_trust.h"
#include "hostile.h"
#include "sim.h"

/* A hold that this journal placed (`own`), or another; `open`: that nobody has ended. */
static const struct book_hold *pick(struct world *machine, bool own, bool open)
{
    const struct book *book = auditor_book(machine->sim);
    for (int attempts = 0; attempts < 60 && book->holds.count > 0; attempts++) {
        const struct book_hold *hold = map_at(
            &book->holds, (uint32_t)random_below(hostile_random(machine), book->holds.count));
        if ((hold->place.journal == machine->journal) == own && (hold->ended_by == 0) == open) {
            return hold;
        }
    }
    return NULL;
}

static struct subject_id account_of(const struct book_hold *hold)
{
    struct subject_id account;
    memcpy(account.bytes, hold->account, sizeof account.bytes);
    return account;
}

static struct event_ref place_of(const struct book_hold *hold)
{
    return (struct event_ref){.journal = hold->place.journal,
                              .seq = hold->place.seq,
                              .index = (uint16_t)hold->place.index};
}

static void place(struct world *machine, const struct book_lot *lot, int64_t over)
{
    struct lot_id id = lot_id_of(lot);
    struct subject_id account = account_of_lot(lot);
    const struct book *book = auditor_book(machine->sim);
    int64_t held = book_held(book, &id, machine->journal);
    int64_t amount = over > 0 ? held + over : held / 2 + 1;
    struct event event = hostile_event(machine, EVENT_SPEND_HOLD, &account);
    event.body.hold.until_ms = 1;
    event.body.hold.line_count = 1;
    event.body.hold.lines[0] =
        (struct lot_line){.lot = id, .amount = amount, .after = amount > held ? 0 : held - amount};
    bool gated = book_is_gated(book, &account, machine->journal);
    hostile_publish(machine, &event, (struct block_dep){0},
                    gated           ? INVALID_FROZEN
                    : amount > held ? INVALID_NOT_COVERED
                    : deed_has_ended(machine, lot)
                        ? INVALID_LOT_TIME
                        : book_exposure_reason(book, &account, machine->journal,
                                               hostile_now(machine).auth, event.body.hold.lines,
                                               1));
}

void deed_hold(struct world *machine, const struct book_lot *lot)
{
    place(machine, lot, 0);
}

static void capture(struct world *machine, const struct book_hold *hold, int64_t over,
                    enum invalid_reason expected)
{
    struct subject_id account = account_of(hold);
    struct event event = hostile_event(machine, EVENT_SPEND_CAPTURE, &account);
    event.body.capture.hold = place_of(hold);
    event.body.capture.line_count = 1;
    event.body.capture.lines[0] = hold->lines[0];
    event.body.capture.lines[0].amount += over;
    if (event.body.capture.lines[0].amount > 0) {
        hostile_publish(machine, &event, (struct block_dep){0}, expected);
    }
}

static void free_it(struct world *machine, const struct book_hold *hold,
                    enum invalid_reason expected)
{
    struct subject_id account = account_of(hold);
    struct event event = hostile_event(machine, EVENT_SPEND_RELEASE, &account);
    event.body.release.hold = place_of(hold);
    event.body.release.why = RELEASE_EXPIRED;
    hostile_publish(machine, &event, (struct block_dep){0}, expected);
}

void deed_about_holds(struct world *machine, const struct book_lot *lot)
{
    const struct book_hold *open = pick(machine, true, true);
    const struct book_hold *ended = pick(machine, true, false);
    const struct book_hold *others = pick(machine, false, true);
    switch (random_below(hostile_random(machine), 9)) {
    case 0:
    case 1:
        place(machine, lot, 0);
        break;
    case 2:
        place(machine, lot, 1);
        break;
    case 3:
        if (ended != NULL) {
            capture(machine, ended, 0, INVALID_BAD_REF);
        }
        break;
    case 4:
        if (ended != NULL) {
            free_it(machine, ended, INVALID_BAD_REF);
        }
        break;
    case 5:
        if (others != NULL) {
            capture(machine, others, 0, INVALID_BAD_REF);
        }
        break;
    case 6:
        if (open != NULL) {
            capture(machine, open, 1, INVALID_NOT_COVERED);
        }
        break;
    case 7:
        if (open != NULL) {
            free_it(machine, open, INVALID_NONE);
        }
        break;
    default:
        if (open != NULL) {
            capture(machine, open, -1, INVALID_NONE);
        }
        break;
    }
}
