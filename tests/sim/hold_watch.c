#include "hold_watch.h"

#include "auditor.h"
#include "sim.h"

#include <string.h>

enum { LATE_MS = 10000 }; /* a lapse may wait for a commit, a stuck disk, the end of a pause */

uint64_t hold_now_ms(struct world *machine)
{
    const struct book_journal *own = book_journal_of(auditor_book_of(machine), machine->journal);
    uint64_t told = own == NULL ? 0 : own->hlc >> 16;
    int64_t wall = world_wall_ms(machine);
    return wall > 0 && (uint64_t)wall > told ? (uint64_t)wall : told;
}

void hold_check(struct world *machine, const struct block *block, const struct event *event)
{
    struct sim *sim = machine->sim;
    const struct book *book = auditor_book_of(machine);
    uint64_t now = block->header.hlc >> 16;
    if (event->type == EVENT_SPEND_CAPTURE) {
        const struct book_hold *hold = book_hold_at(book, event->body.capture.hold);
        if (hold != NULL && now >= hold->until_ms) {
            sim_finding(sim, "A3", "machine %u captured a hold after its time", machine->index);
        }
        bool part = hold != NULL && hold->captured < book_hold_sum(hold);
        sim->census->counts[CENSUS_HOLDS_PART] += part ? 1 : 0;
        sim->census->counts[CENSUS_HOLDS_FROZEN] +=
            book_is_gated(book, &event->subject, machine->journal) ? 1 : 0;
    }
    if (event->type != EVENT_SPEND_RELEASE) {
        return;
    }
    const struct book_hold *hold = book_hold_at(book, event->body.release.hold);
    bool asked = !id_is_none(event->ticket.bytes, sizeof event->ticket.bytes);
    if (asked != (event->body.release.why == RELEASE_ASKED)) {
        sim_finding(sim, "A3", "machine %u released a hold that nobody asked for", machine->index);
    }
    if (hold != NULL && !asked && now < hold->until_ms) {
        sim_finding(sim, "A3", "machine %u let a hold lapse before its time", machine->index);
    }
    sim->census->counts[CENSUS_HOLDS_LAPSED] += asked ? 0 : 1;
}

void hold_look(struct world *machine)
{
    const struct book *book = auditor_book_of(machine);
    const struct book_journal *own = book_journal_of(book, machine->journal);
    if (own == NULL || own->retired_at != 0 || machine->may_be_read_only) {
        return;
    }
    uint64_t now = hold_now_ms(machine);
    for (uint32_t i = 0; i < book->holds.count; i++) {
        const struct book_hold *hold = map_at(&book->holds, i);
        if (hold->place.journal == machine->journal && hold->ended_by == 0 &&
            hold->until_ms + LATE_MS < now) {
            sim_finding(machine->sim, "A3", "machine %u still has a hold whose time is over",
                        machine->index);
        }
    }
}

static uint32_t open_of(const struct book *book, const struct subject_id *account)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < book->holds.count; i++) {
        const struct book_hold *hold = map_at(&book->holds, i);
        bool of = memcmp(hold->account, account->bytes, sizeof hold->account) == 0;
        open += of && hold->ended_by == 0 ? 1 : 0;
    }
    return open;
}

void hold_look_at_list(struct world *machine, const struct subject_id *account,
                       const struct page *page)
{
    struct sim *sim = machine->sim;
    const struct book *book = auditor_book_of(machine);
    for (uint32_t i = 0; i < page->count; i++) {
        const struct hold_view *view = &page->rows.holds[i];
        const struct book_hold *hold = book_hold_at(book, view->hold);
        const struct book_journal *journal = book_journal_of(book, view->hold.journal);
        bool fits = hold != NULL && hold->ended_by == 0 && view->state == 1 &&
                    view->held[0] + view->held[1] == book_hold_sum(hold) &&
                    (uint64_t)view->until_ms == hold->until_ms &&
                    view->is_void == (journal != NULL && journal->retired_at != 0);
        if (!fits) {
            sim_finding(sim, "A2", "machine %u shows a hold that is not so", machine->index);
        }
        sim->census->counts[CENSUS_HOLDS_VOID] += view->is_void ? 1 : 0;
    }
    if (!page->more && page->count != open_of(book, account)) {
        sim_finding(sim, "A2", "machine %u shows %u open holds of an account, not %u",
                    machine->index, page->count, open_of(book, account));
    }
}
