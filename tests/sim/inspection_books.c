/* The till book and the sums of lots, as a node shows them, against the account book. */
#include "auditor.h"
#include "inspection.h"
#include "sim.h"

#include <string.h>

static bool ask(struct world *machine, struct page *page, struct request *request)
{
    struct answer answer;
    uint8_t cursor[sizeof page->cursor];
    if (request->cursor.size > 0) {
        memcpy(cursor, request->cursor.data, request->cursor.size);
        request->cursor = bytes_of(cursor, request->cursor.size);
    }
    memset(page, 0, sizeof *page);
    request->page = page;
    request->page_limit = 7; /* so that pages have ends */
    return reception_ask(machine, request, MEANING_PLAIN, &answer) &&
           answer.verdict == VERDICT_ALLOWED;
}

static bool next_page(struct request *request, struct page *page, uint8_t *cursor)
{
    if (!page->more) {
        return false;
    }
    memcpy(cursor, page->cursor, page->cursor_size);
    request->cursor = bytes_of(cursor, page->cursor_size);
    return true;
}

static void look_at_takings(struct world *machine, struct page *page, const struct book_day *day)
{
    struct request request = {.kind = QUERY_TAKINGS};
    uint8_t cursor[sizeof page->cursor];
    int64_t taken = 0;
    uint64_t takings = 0;
    request.body.takings.branch = day->sums.branch;
    request.body.takings.day = day->sums.day;
    do {
        if (!ask(machine, page, &request)) {
            return;
        }
        for (uint32_t i = 0; i < page->count; i++) {
            taken += page->rows.takings[i].amount;
            takings++;
        }
    } while (next_page(&request, page, cursor));
    if (taken != day->taken || takings != day->takings) {
        sim_finding(machine->sim, "S25",
                    "machine %u says the tills of branch %u took %lld in %llu, the book says %lld "
                    "in %llu",
                    machine->index, day->sums.branch, (long long)taken, (unsigned long long)takings,
                    (long long)day->taken, (unsigned long long)day->takings);
    }
}

static bool adds_up(const struct lot_sum *sum, const struct book_lot *lot)
{
    int64_t left = sum->issued + sum->refunded + sum->made_good - sum->used - sum->covered -
                   sum->expired - sum->clawed - sum->rebound - sum->paid_out;
    return left == sum->held + sum->on_hold + sum->in_flight && left == sum->pictured &&
           left == book_lot_left(lot) && sum->clawed == lot->voided &&
           sum->paid_out == lot->paid_out;
}

static void look_at_lots(struct world *machine, struct page *page)
{
    const struct book *book = auditor_book_of(machine);
    struct request request = {.kind = QUERY_LOT_SUMS};
    uint8_t cursor[sizeof page->cursor];
    uint32_t lots = 0;
    do {
        if (!ask(machine, page, &request)) {
            return;
        }
        for (uint32_t i = 0; i < page->count; i++) {
            const struct lot_sum *sum = &page->rows.lot_sums[i];
            const struct book_lot *lot = book_lot_of(book, &sum->lot);
            lots++;
            if (lot == NULL || !adds_up(sum, lot)) {
                sim_finding(machine->sim, "S1", "machine %u shows a lot that does not add up",
                            machine->index);
                return;
            }
        }
    } while (next_page(&request, page, cursor));
    uint32_t ours = 0;
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        bool money = lot->bucket == BUCKET_PRINCIPAL || lot->bucket == BUCKET_BONUS;
        ours += money && lot->issued + lot->added + lot->adopted + lot->refunded > 0 ? 1 : 0;
    }
    if (lots != ours) {
        sim_finding(machine->sim, "S1", "machine %u shows %u lots, there are %u", machine->index,
                    lots, ours);
    }
}

void inspection_look_at_books(struct world *machine, struct page *page)
{
    const struct book *book = auditor_book_of(machine);
    for (uint32_t i = 0; i < book->days.count; i++) {
        look_at_takings(machine, page, map_at(&book->days, i));
    }
    look_at_lots(machine, page);
}
