/* What a hostile branch signs about the ends of lots. */
#include "deed_parts.h"

#include "auditor.h"
#include "book_trust.h"
#include "hostile.h"
#include "sim.h"

static int64_t held(struct world *machine, const struct book_lot *lot)
{
    struct lot_id id = lot_id_of(lot);
    return book_held(auditor_book(machine->sim), &id, machine->journal);
}

bool deed_has_ended(struct world *machine, const struct book_lot *lot)
{
    return lot->to_day != 0 && hostile_now(machine).day > lot->to_day;
}

/* Does the authority's word, as far as the next block names it, say that it may be burned? */
static bool may_burn(struct world *machine, const struct book_lot *lot)
{
    const struct book *book = auditor_book(machine->sim);
    struct hostile_clock now = hostile_now(machine);
    const struct book_block *word = book_block_at(book, journal_of(0, 1), now.auth);
    int64_t last = (int64_t)lot->to_day + book_grace(book, now.auth);
    return lot->to_day != 0 && word != NULL && (int64_t)now.day > last && (int64_t)word->day > last;
}

static void burn(struct world *machine, const struct book_lot *lot, int64_t amount)
{
    struct subject_id account = account_of_lot(lot);
    struct event event = hostile_event(machine, EVENT_LOT_EXPIRE, &account);
    int64_t after = held(machine, lot) - amount;
    event.body.expire.line_count = 1;
    event.body.expire.lines[0] =
        (struct lot_line){.lot = lot_id_of(lot), .amount = amount, .after = after > 0 ? after : 0};
    hostile_publish(machine, &event, (struct block_dep){0},
                    after < 0                ? INVALID_NOT_COVERED
                    : may_burn(machine, lot) ? INVALID_NONE
                                             : INVALID_LOT_TIME);
}

/* A bonus that ends tomorrow, so that there is something to burn. */
static void give_bonus(struct world *machine, const struct subject_id *account)
{
    struct event event = hostile_event(machine, EVENT_TOPUP, account);
    const struct hostile_clock now = hostile_now(machine);
    event.body.topup.lot_count = 1;
    event.body.topup.lots[0] =
        (struct lot_terms){.bucket = BUCKET_BONUS,
                           .amount = (int64_t)random_between(hostile_random(machine), 10, 900),
                           .from_day = 20000,
                           .to_day = now.day + 1,
                           .product = 1};
    event.body.topup.tender = TENDER_CASH;
    event.body.topup.version = 1;
    hostile_publish(machine, &event, (struct block_dep){0},
                    book_mint_reason(auditor_book(machine->sim), machine->journal, now.day,
                                     now.auth, event.body.topup.lots, 1));
}

/* A lot that ends, of which it holds something (`own`), or nothing. */
static const struct book_lot *pick(struct world *machine, bool own)
{
    const struct book *book = auditor_book(machine->sim);
    for (int attempts = 0; attempts < 60 && book->lots.count > 0; attempts++) {
        const struct book_lot *lot =
            map_at(&book->lots, (uint32_t)random_below(hostile_random(machine), book->lots.count));
        if (lot->bucket == BUCKET_BONUS && lot->to_day != 0 && (held(machine, lot) > 0) == own) {
            return lot;
        }
    }
    return NULL;
}

void deed_about_ends(struct world *machine, const struct subject_id *account)
{
    const struct book_lot *own = pick(machine, true);
    const struct book_lot *other = pick(machine, false);
    switch (random_below(hostile_random(machine), 5)) {
    case 0:
        if (own != NULL) {
            burn(machine, own, 1); /* before its end, mostly */
        }
        break;
    case 1:
        if (own != NULL) {
            burn(machine, own, held(machine, own) + 1);
        }
        break;
    case 2:
        if (other != NULL) {
            burn(machine, other, 1);
        }
        break;
    case 3:
        if (own != NULL) {
            hostile_leap(machine, 2);
            burn(machine, own, held(machine, own)); /* by its own clock alone */
        }
        break;
    default:
        give_bonus(machine, account);
        break;
    }
}
