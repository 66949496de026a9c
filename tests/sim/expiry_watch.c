#include "expiry_watch.h"

#include "auditor.h"
#include "book_key.h"
#include "book_trust.h"
#include "sim.h"

#include <inttypes.h>

enum { ZONE_MINUTES = 480, DAY_MS = 86400000, DAYS_SOUND = 1000 };

int64_t expiry_clock_day(struct world *machine)
{
    int64_t local = world_wall_ms(machine) + (int64_t)ZONE_MINUTES * 60000;
    return local < 0 ? 0 : local / DAY_MS;
}

/* The day that the machine's next block would have. */
static int64_t next_day(struct world *machine)
{
    const struct book *book = auditor_book_of(machine);
    const struct book_journal *own = book_journal_of(book, machine->journal);
    const struct book_journal *authority = book_journal_of(book, journal_of(0, 1));
    if (authority == NULL) {
        return 0;
    }
    int64_t latest = (int64_t)authority->day +
                     book_limit(book, "offline_days", machine->journal, authority->seq);
    int64_t day = expiry_clock_day(machine);
    day = day < latest ? day : latest;
    return own != NULL && (int64_t)own->day > day ? (int64_t)own->day : day;
}

static const struct book_lot *unburned_at(struct world *machine)
{
    bool writes = !machine->hostile && machine->running && !machine->may_be_read_only &&
                  !machine->written_off.begun;
    const struct book *book = auditor_book_of(machine);
    const struct book_journal *authority = book_journal_of(book, journal_of(0, 1));
    if (!writes || authority == NULL) {
        return NULL;
    }
    return book_unburned(book, machine->journal, next_day(machine),
                         book_grace(book, authority->seq), machine->sim->doubling == NULL);
}

bool expiry_is_done(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (unburned_at(&sim->machines[i]) != NULL) {
            return false;
        }
    }
    return true;
}

void expiry_tell(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct book_lot *lot = unburned_at(&sim->machines[i]);
        if (lot != NULL) {
            sim_finding(sim, "V4", "machine %u has not burned lot %02x%02x.., which ended on %u", i,
                        lot->id[0], lot->id[1], lot->to_day);
            return;
        }
    }
}

void expiry_look_at_use(struct world *machine, const struct subject_id *account, int64_t usable)
{
    int64_t day = expiry_clock_day(machine);
    const struct book *book = auditor_book_of(machine);
    if (day < DAYS_SOUND || day > UINT32_MAX) {
        return;
    }
    int64_t ours = book_usable(book, account, machine->journal, (uint32_t)day);
    int64_t before = book_usable(book, account, machine->journal, (uint32_t)day - 1);
    /* Its clock may have turned to the next day since it answered. */
    if (usable != ours && usable != before) {
        sim_finding(machine->sim, "V1",
                    "machine %u says %" PRId64 " can be used today, the book says %" PRId64,
                    machine->index, usable, ours);
    }
}

void expiry_look_at_entry(struct world *machine, const struct lot_entry *entry)
{
    const struct book_lot *lot = book_lot_of(auditor_book_of(machine), &entry->lot);
    if (lot == NULL) {
        sim_finding(machine->sim, "I5", "machine %u lists a lot that nobody issued",
                    machine->index);
        return;
    }
    const int64_t pairs[][2] = {{entry->issued, lot->issued + lot->added + lot->adopted},
                                {entry->refunded, lot->refunded},
                                {entry->used, lot->used + lot->voided + lot->paid_out},
                                {entry->expired, lot->expired},
                                {entry->moved_on, lot->rebound},
                                {entry->made_good, lot->made_good},
                                {entry->left, book_lot_left(lot)},
                                {entry->in_flight, lot->granted - lot->accepted}};
    static const char *const names[] = {"issued",   "refunded",  "used", "expired",
                                        "moved on", "made good", "left", "in flight"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][0] != pairs[i][1]) {
            sim_finding(machine->sim, "S12", "machine %u: %s of a lot is %" PRId64 ", not %" PRId64,
                        machine->index, names[i], pairs[i][0], pairs[i][1]);
        }
    }
}

void expiry_look_at_report(struct world *machine, const struct page *page)
{
    struct sim *sim = machine->sim;
    const struct book *book = auditor_book_of(machine);
    int64_t burned = 0;
    int64_t unburned = 0;
    int64_t coming = 0;
    const struct book_journal *authority = book_journal_of(book, journal_of(0, 1));
    if (authority == NULL || page->rows.expired.today != authority->day) {
        sim_finding(sim, "I17", "machine %u says the authority's day is %u", machine->index,
                    page->rows.expired.today);
        return;
    }
    for (uint32_t i = 0; i < book->burned.count; i++) {
        burned += ((const struct book_burned *)map_at(&book->burned, i))->amount;
    }
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        bool ended = book_bucket_is_money(lot->bucket) && lot->to_day != 0 &&
                     lot->to_day < page->rows.expired.today;
        int64_t flying = lot->granted - lot->accepted;
        coming += ended ? flying : 0;
        unburned += ended ? book_lot_left(lot) - flying : 0;
    }
    const int64_t pairs[][2] = {{page->rows.expired.burned, burned},
                                {page->rows.expired.unburned, unburned},
                                {page->rows.expired.coming, coming}};
    static const char *const names[] = {"burned", "ended and not burned", "ended and on its way"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][0] != pairs[i][1]) {
            sim_finding(sim, "I17", "machine %u says %" PRId64 " is %s, the book says %" PRId64,
                        machine->index, pairs[i][0], names[i], pairs[i][1]);
        }
    }
    for (uint32_t i = 0; i < page->count; i++) {
        const struct expired_entry *entry = &page->rows.expired.entries[i];
        int64_t sum = 0;
        for (uint32_t k = 0; k < book->burned.count; k++) {
            const struct book_burned *record = map_at(&book->burned, k);
            bool same = record->key[1] == entry->branch && record->key[2] == entry->product &&
                        record->key[3] == entry->bucket;
            sum += same ? record->amount : 0;
        }
        if (sum != entry->burned) {
            sim_finding(sim, "I17", "machine %u says branch %u burned %" PRId64 ", not %" PRId64,
                        machine->index, entry->branch, entry->burned, sum);
        }
    }
}
