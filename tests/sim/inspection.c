#include "inspection.h"

#include "auditor.h"
#include "book_risk.h"
#include "double.h"
#include "expiry_watch.h"
#include "hold_watch.h"
#include "hostile.h"
#include "likeness.h"
#include "sim.h"
#include "workload.h"

#include "block_codec.h"
#include "hash.h"
#include "names.h"
#include "row_key.h"

#include <stdlib.h>
#include <string.h>

bool inspection_has_wishes(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        if (!machine->hostile && !machine->may_be_read_only && !machine->written_off.begun &&
            book_wishes_open(auditor_book_of(machine), machine->journal) > 0) {
            return true;
        }
        /* The office answers for who was written off. */
        if (machine->written_off.done && sim->doubling == NULL && !machine->hostile &&
            book_wishes_open(auditor_book(sim), machine->journal) > 0) {
            return true;
        }
    }
    return false;
}

bool inspection_is_level(struct sim *sim)
{
    if (sim->doubling != NULL) {
        return double_is_level(sim);
    }
    const struct book *book = auditor_book(sim);
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct world *machine = &sim->machines[i];
        if (machine->hostile || machine->written_off.burnt) {
            continue;
        }
        if (!machine->running) {
            return false;
        }
        for (uint32_t k = 0; k < book->journals.count; k++) {
            const struct book_journal *journal = map_at(&book->journals, k);
            if (auditor_durable(machine, journal->journal) != journal->seq) {
                return false;
            }
        }
    }
    return true;
}

/* One node, asked. */
struct look {
    struct sim *sim;
    struct world *machine;
    struct page *page;
    struct digest frontier;
    struct digest state;
};

static bool ask(const struct look *look, struct request *request)
{
    struct answer answer;
    memset(look->page, 0, sizeof *look->page);
    request->page = look->page;
    request->page_limit = PAGE_ENTRIES_MAX;
    if (!reception_ask(look->machine, request, MEANING_PLAIN, &answer) ||
        answer.page != look->page) {
        sim_finding(look->sim, "L3", "machine %u does not answer query %d", look->machine->index,
                    (int)request->kind);
        return false;
    }
    bool unheard = look->sim->doubling != NULL && (answer.verdict == REFUSED_UNKNOWN_ACCOUNT ||
                                                   answer.verdict == REFUSED_UNKNOWN_SALE);
    if (answer.verdict != VERDICT_ALLOWED && unheard) {
        return false; /* it cannot have the block that it stands in */
    }
    if (answer.verdict != VERDICT_ALLOWED) {
        sim_finding(look->sim, "I17", "machine %u refuses query %d: %s", look->machine->index,
                    (int)request->kind, verdict_name(answer.verdict));
        return false;
    }
    return true;
}

static void differs(const struct look *look, const char *invariant, const char *what, int64_t said,
                    int64_t book)
{
    sim_finding(look->sim, invariant, "machine %u says %s is %lld, the book says %lld",
                look->machine->index, what, (long long)said, (long long)book);
}

/* ---- states ---- */

/* The sum over the replicated rows as they lie on the disk. */
static struct digest digest_of_rows(const struct disk *disk)
{
    struct digest sum = {{0}};
    struct bytes key = {0};
    struct bytes value = {0};
    while (disk_peek(disk, key, &key, &value) == STATUS_OK) {
        if (row_is_replicated(key)) {
            digest_sum_add(&sum, key, value);
        }
    }
    return sum;
}

static void look_at_node(struct look *look)
{
    struct request request = {.kind = QUERY_NODE};
    if (!ask(look, &request)) {
        return;
    }
    const struct node_view *view = &look->page->rows.node;
    const struct book *book = auditor_book_of(look->machine);
    look->frontier = view->frontier;
    look->state = view->state;
    auditor_state(look->machine, &view->frontier, &view->state);
    const struct book_journal *own = book_journal_of(book, look->machine->journal);
    uint64_t head = own == NULL ? 0 : own->seq;
    if (view->head_seq != head) {
        differs(look, "S14", "its head", (int64_t)view->head_seq, (int64_t)head);
    }
    if (view->events != book->event_count) {
        differs(look, "S22", "the number of events", (int64_t)view->events,
                (int64_t)book->event_count);
    }
    struct digest rows = digest_of_rows(look->machine->disk);
    if (!digest_equal(&rows, &view->state)) {
        sim_finding(look->sim, "S11", "machine %u: its state digest is not that of its rows",
                    look->machine->index);
    }
    if (look->sim->wrong_remainders > 0 && look->machine->alarms[ALARM_DIVERGENCE] == 0) {
        sim_finding(look->sim, "S12", "machine %u did not notice a false remainder",
                    look->machine->index);
    }
    bool retired = own != NULL && own->retired_at != 0;
    if (view->retired != retired) {
        differs(look, "S17", "whether it is retired", view->retired, retired);
    }
    if (view->read_only && !retired && !look->machine->may_be_read_only) {
        sim_finding(look->sim, "S13", "machine %u is read only", look->machine->index);
    }
}

/* ---- accounts ---- */

static void look_at_lot(struct look *look, const struct lot_view *view)
{
    const struct book *book = auditor_book_of(look->machine);
    const struct book_lot *lot = book_lot_of(book, &view->lot);
    if (lot == NULL) {
        sim_finding(look->sim, "I5", "machine %u shows a lot that nobody issued",
                    look->machine->index);
        return;
    }
    if (view->left != book_lot_left(lot)) {
        differs(look, "S1", "what is left of a lot", view->left, book_lot_left(lot));
    }
    int64_t here = book_pictured(book, &view->lot, look->machine->journal);
    if (view->here != here) {
        differs(look, "S12", "what is held here of a lot", view->here, here);
    }
    if (view->on_hold != book_on_hold(book, &view->lot)) {
        differs(look, "A2", "what is on hold of a lot", view->on_hold,
                book_on_hold(book, &view->lot));
    }
    if (view->in_flight != lot->granted - lot->accepted) {
        differs(look, "S3", "what is in flight of a lot", view->in_flight,
                lot->granted - lot->accepted);
    }
    for (uint32_t i = 0; i < view->holder_count; i++) {
        int64_t held = book_pictured(book, &view->lot, view->holders[i].journal);
        if (view->holders[i].held != held) {
            differs(look, "S12", "what another holds of a lot", view->holders[i].held, held);
        }
    }
}

static void look_at_account(struct look *look, const struct subject_id *account)
{
    struct request request = {.kind = QUERY_ACCOUNT, .body.account.account.account = *account};
    if (!ask(look, &request)) {
        return;
    }
    look->sim->census->counts[CENSUS_ACCOUNTS_COMPARED]++;
    const struct account_view *view = &look->page->rows.account;
    const struct book *book = auditor_book_of(look->machine);
    int64_t principal = book_left_of_account(book, account, BUCKET_PRINCIPAL);
    int64_t bonus = book_left_of_account(book, account, BUCKET_BONUS);
    if (view->principal != principal) {
        differs(look, "I1", "the principal", view->principal, principal);
    }
    if (view->bonus != bonus) {
        differs(look, "I1", "the bonus", view->bonus, bonus);
    }
    if (view->owed != book_owed(book, account)) {
        differs(look, "I1", "what is owed", view->owed, book_owed(book, account));
    }
    if (view->made_good != book_good_of_account(book, account)) {
        differs(look, "S2", "what was made good", view->made_good,
                book_good_of_account(book, account));
    }
    if (view->frozen != book_tokens(book, account)) {
        differs(look, "S11", "the number of freezes", view->frozen, book_tokens(book, account));
    }
    for (uint32_t i = 0; i < view->lot_count; i++) {
        look_at_lot(look, &view->lots[i]);
    }
    if (!view->more_lots && look->sim->doubling == NULL && !look->machine->written_off.begun) {
        expiry_look_at_use(look->machine, account, view->usable_here);
    }
}

static void look_at_holds(struct look *look, const struct subject_id *account)
{
    struct request request = {.kind = QUERY_HOLDS, .body.account.account.account = *account};
    if (ask(look, &request)) {
        hold_look_at_list(look->machine, account, look->page);
    }
}

/* Every lot that there ever was, with what became of it. */
static void look_at_lots(struct look *look, const struct subject_id *account)
{
    struct request request = {.kind = QUERY_LOTS, .body.account.account.account = *account};
    uint8_t cursor[sizeof look->page->cursor];
    for (int pages = 0; pages < 100; pages++) {
        if (!ask(look, &request)) {
            return;
        }
        for (uint32_t i = 0; i < look->page->count; i++) {
            expiry_look_at_entry(look->machine, &look->page->rows.lots[i]);
        }
        if (!look->page->more) {
            return;
        }
        memcpy(cursor, look->page->cursor, look->page->cursor_size);
        request.cursor = bytes_of(cursor, look->page->cursor_size);
    }
}

/* The changes of a balance, one by one, add up to it. */
static void look_at_history(struct look *look, const struct subject_id *account)
{
    struct request request = {.kind = QUERY_HISTORY, .body.history.account.account = *account};
    int64_t sum = 0;
    uint8_t cursor[sizeof look->page->cursor];
    for (int pages = 0; pages < 100; pages++) {
        if (!ask(look, &request)) {
            return;
        }
        for (uint32_t i = 0; i < look->page->count; i++) {
            const struct history_entry *entry = &look->page->rows.history[i];
            if (entry->verdict == EVENT_VALID) {
                sum += entry->principal + entry->bonus + entry->uncovered;
            }
        }
        if (!look->page->more) {
            break;
        }
        memcpy(cursor, look->page->cursor, look->page->cursor_size);
        request.cursor = bytes_of(cursor, look->page->cursor_size);
    }
    const struct book *book = auditor_book_of(look->machine);
    int64_t left = book_left_of_account(book, account, BUCKET_PRINCIPAL) +
                   book_left_of_account(book, account, BUCKET_BONUS) - book_owed(book, account) -
                   book_good_of_account(book, account);
    if (sum != left) {
        differs(look, "I17", "the sum of an account's history", sum, left);
    }
}

/* What is left to refund of a sale, in the chain and here. */
static void look_at_sale(struct look *look, struct event_ref sale)
{
    struct request request = {.kind = QUERY_SALE, .body.sale.sale = sale};
    if (!ask(look, &request)) {
        return;
    }
    const struct sale_view *view = &look->page->rows.sale;
    int64_t left = 0;
    int64_t here = 0;
    for (uint32_t i = 0; i < view->line_count; i++) {
        left += view->lines[i].spent - view->lines[i].refunded;
        here += view->lines[i].here;
    }
    const struct book *book = auditor_book_of(look->machine);
    int64_t ours = book_refundable(book, sale);
    int64_t ours_here = book_refundable_at(book, sale, look->machine->journal);
    if (left != ours) {
        differs(look, "S16", "what is left to refund of a sale", left, ours);
    }
    /* Where a journal is doubled, what is on its way from it is not taken: less may be shown here.
     */
    if (here > ours_here || (here != ours_here && look->sim->doubling == NULL)) {
        differs(look, "S16", "what it may refund of a sale", here, ours_here);
    }
}

/* ---- retired journals ---- */

/* Each branch's loss, and what is left at who was written off. */
static void look_at_branches(struct look *look)
{
    struct request request = {.kind = QUERY_BRANCHES};
    if (!ask(look, &request)) {
        return;
    }
    const struct book *book = auditor_book_of(look->machine);
    for (uint32_t i = 0; i < look->page->count; i++) {
        const struct journal_view *view = &look->page->rows.journals[i];
        const struct book_journal *journal = book_journal_of(book, view->journal);
        int64_t good = 0;
        for (uint32_t k = 0; k < book->holdings.count; k++) {
            const struct book_holding *holding = map_at(&book->holdings, k);
            good += holding->journal == view->journal ? book_holding_loss(holding) : 0;
        }
        if (view->made_good != good) {
            differs(look, "S2", "what was made good for a branch", view->made_good, good);
        }
        if ((view->retired != 0) != (journal != NULL && journal->retired_at != 0)) {
            differs(look, "S17", "whether a journal is retired", view->retired,
                    journal != NULL && journal->retired_at != 0);
        }
        look->sim->census->counts[CENSUS_MADE_GOOD] += good > 0 ? 1 : 0;
    }
}

/* ---- reports ---- */

static void look_at_liability(struct look *look)
{
    struct request request = {.kind = QUERY_LIABILITY};
    if (!ask(look, &request)) {
        return;
    }
    struct liability_entry said = {0};
    struct liability_entry ours = {0};
    for (uint32_t i = 0; i < look->page->count; i++) {
        const struct liability_entry *entry = &look->page->rows.liability[i];
        said.issued += entry->issued;
        said.spent += entry->spent;
        said.refunded += entry->refunded;
        said.held += entry->held;
        said.in_flight += entry->in_flight;
        said.made_good += entry->made_good;
        said.expired += entry->expired;
    }
    const struct book *book = auditor_book_of(look->machine);
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        if (lot->bucket != BUCKET_PRINCIPAL && lot->bucket != BUCKET_BONUS) {
            continue;
        }
        ours.issued += lot->issued;
        ours.spent += lot->used;
        ours.refunded += lot->refunded;
        ours.made_good += lot->made_good;
        ours.expired += lot->expired;
        ours.in_flight += lot->granted - lot->accepted;
        ours.held += book_lot_left(lot) - (lot->granted - lot->accepted);
    }
    const int64_t pairs[][2] = {{said.issued, ours.issued},       {said.spent, ours.spent},
                                {said.refunded, ours.refunded},   {said.held, ours.held},
                                {said.in_flight, ours.in_flight}, {said.made_good, ours.made_good},
                                {said.expired, ours.expired}};
    static const char *const names[] = {"issued",    "spent",     "refunded", "held",
                                        "in flight", "made good", "expired"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (pairs[i][0] != pairs[i][1]) {
            differs(look, "I17", names[i], pairs[i][0], pairs[i][1]);
        }
    }
}

static void look_at_holders(struct look *look)
{
    struct request request = {.kind = QUERY_HOLDERS};
    if (!ask(look, &request)) {
        return;
    }
    const struct book *book = auditor_book_of(look->machine);
    for (uint32_t i = 0; i < look->page->count; i++) {
        const struct holder_entry *entry = &look->page->rows.holders[i];
        int64_t principal = 0;
        int64_t bonus = 0;
        for (uint32_t k = 0; k < book->holdings.count; k++) {
            const struct book_holding *holding = map_at(&book->holdings, k);
            struct lot_id id;
            memcpy(id.bytes, holding->lot, sizeof id.bytes);
            const struct book_lot *lot = book_lot_of(book, &id);
            if (holding->journal == entry->journal && lot != NULL) {
                int64_t held = book_shown(book, &id, entry->journal);
                principal += lot->bucket == BUCKET_PRINCIPAL ? held : 0;
                bonus += lot->bucket == BUCKET_BONUS ? held : 0;
            }
        }
        if (entry->principal != principal) {
            differs(look, "I17", "principal held by a journal", entry->principal, principal);
        }
        if (entry->bonus != bonus) {
            differs(look, "I17", "bonus held by a journal", entry->bonus, bonus);
        }
    }
}

/* What has ended and is not burned, and what was burned on any day. */
static void look_at_expired(struct look *look)
{
    struct request request = {.kind = QUERY_EXPIRED};
    if (ask(look, &request)) {
        expiry_look_at_report(look->machine, look->page);
    }
}

static void compare_day(struct look *look, const struct day_entry *said)
{
    const struct book *book = auditor_book_of(look->machine);
    uint64_t key[2] = {said->branch, said->day};
    const struct book_day *day = map_find(&book->days, key);
    if (day == NULL) {
        differs(look, "I17", "sales of a day that had none", said->sales, 0);
        return;
    }
    const struct day_entry *ours = &day->sums;
    const int64_t pairs[][2] = {{said->topups, ours->topups},
                                {said->topup_principal, ours->topup_principal},
                                {said->topup_bonus, ours->topup_bonus},
                                {said->sales, ours->sales},
                                {said->sale_principal, ours->sale_principal},
                                {said->sale_bonus, ours->sale_bonus},
                                {said->sale_uncovered, ours->sale_uncovered},
                                {said->refunds, ours->refunds},
                                {said->refund_principal, ours->refund_principal},
                                {said->refund_bonus, ours->refund_bonus}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][0] != pairs[i][1]) {
            differs(look, "I17", "a sum of a day", pairs[i][0], pairs[i][1]);
            return;
        }
    }
}

static void look_at_days(struct look *look)
{
    struct request request = {.kind = QUERY_DAYS};
    uint8_t cursor[sizeof look->page->cursor];
    uint32_t rows = 0;
    for (int pages = 0; pages < 100; pages++) {
        if (!ask(look, &request)) {
            return;
        }
        for (uint32_t i = 0; i < look->page->count; i++) {
            compare_day(look, &look->page->rows.days[i]);
        }
        rows += look->page->count;
        if (!look->page->more) {
            break;
        }
        memcpy(cursor, look->page->cursor, look->page->cursor_size);
        request.cursor = bytes_of(cursor, look->page->cursor_size);
    }
    uint32_t ours = 0;
    for (uint32_t i = 0; i < auditor_book_of(look->machine)->days.count; i++) {
        const struct book_day *day = map_at(&auditor_book_of(look->machine)->days, i);
        ours += day->sums.topups + day->sums.sales + day->sums.refunds > 0 ? 1 : 0;
    }
    if (rows != ours) {
        differs(look, "I17", "the number of days", rows, ours);
    }
}

static void look_at_invalid(struct look *look)
{
    struct request request = {.kind = QUERY_INVALID};
    uint8_t cursor[sizeof look->page->cursor];
    uint32_t rows = 0;
    for (int pages = 0; pages < 100; pages++) {
        if (!ask(look, &request)) {
            return;
        }
        for (uint32_t i = 0; i < look->page->count; i++) {
            const struct invalid_entry *entry = &look->page->rows.invalid[i];
            const struct book_event *event =
                book_event_at(auditor_book_of(look->machine), entry->event);
            uint8_t reason = event == NULL ? 0 : event->reason;
            if (entry->reason != reason) {
                sim_finding(look->sim, "S7", "machine %u says %s of an event, the book says %s",
                            look->machine->index, invalid_reason_name(entry->reason),
                            invalid_reason_name(reason));
            }
        }
        rows += look->page->count;
        if (!look->page->more) {
            break;
        }
        memcpy(cursor, look->page->cursor, look->page->cursor_size);
        request.cursor = bytes_of(cursor, look->page->cursor_size);
    }
    uint32_t ours = 0;
    for (uint32_t i = 0; i < auditor_book_of(look->machine)->events.count; i++) {
        const struct book_event *event = map_at(&auditor_book_of(look->machine)->events, i);
        ours += event->reason != INVALID_NONE && event->reason != INVALID_OVER_QUOTA ? 1 : 0;
    }
    if (rows != ours) {
        differs(look, "S8", "the number of INVALID events", rows, ours);
    }
}

/* What a backup would be made of: each block once, byte for byte as it lies on the disk. */
static bool block_is_stored(const struct look *look, struct bytes shown, struct map *seen)
{
    static struct block block;
    struct bytes stored;
    if (block_decode(shown, &block) != STATUS_OK) {
        return false;
    }
    struct row_key key = key_of_block(block.header.journal, block.header.seq);
    struct book_place place = {.journal = block.header.journal, .seq = block.header.seq};
    (void)map_put(seen, &place);
    return disk_look(look->machine->disk, row_key_bytes(&key), &stored) == STATUS_OK &&
           bytes_equal(stored, shown);
}

static void look_at_blocks(struct look *look)
{
    struct request request = {.kind = QUERY_BLOCKS};
    struct map seen = map_of(sizeof(struct book_place), sizeof(struct book_place));
    uint64_t count = 0;
    bool more = true;
    while (more && ask(look, &request)) {
        const struct blocks_page *page = &look->page->rows.blocks;
        for (uint32_t at = 0; at < page->size;) {
            uint32_t size = key_u32(page->bytes + at);
            if (!block_is_stored(look, bytes_of(page->bytes + at + 4, size), &seen)) {
                sim_finding(look->sim, "S22", "machine %u shows a block that it does not have",
                            look->machine->index);
            }
            count++;
            at += 4 + size;
        }
        more = page->more;
        request.body.feed.after = page->last;
    }
    uint64_t all = auditor_book_of(look->machine)->blocks.count;
    if (count != seen.count || count != all) {
        differs(look, "S22", "the number of blocks", (int64_t)count, (int64_t)all);
    }
    map_free(&seen);
}

/* The feed has every event once, in an order in which each journal rises. */
static void look_at_feed(struct look *look)
{
    struct request request = {.kind = QUERY_FEED};
    struct map seen = map_of(sizeof(struct book_place), sizeof(struct book_place));
    uint8_t cursor[sizeof look->page->cursor];
    uint64_t rows = 0;
    for (int pages = 0; pages < 1000; pages++) {
        if (!ask(look, &request)) {
            break;
        }
        for (uint32_t i = 0; i < look->page->count; i++) {
            const struct event_ref *ref = &look->page->rows.feed[i].event;
            struct book_place place = {ref->journal, ref->seq, ref->index};
            (void)map_put(&seen, &place);
            rows++;
        }
        if (!look->page->more) {
            break;
        }
        memcpy(cursor, look->page->cursor, look->page->cursor_size);
        request.cursor = bytes_of(cursor, look->page->cursor_size);
    }
    if (rows != seen.count || rows != auditor_book_of(look->machine)->event_count) {
        differs(look, "S22", "the number of events in the feed", (int64_t)rows,
                (int64_t)auditor_book_of(look->machine)->event_count);
    }
    map_free(&seen);
}

static void look_at_reports(struct look *look)
{
    look_at_liability(look);
    look_at_holders(look);
    look_at_expired(look);
    hold_look(look->machine);
    look_at_days(look);
    look_at_feed(look);
    look_at_blocks(look);
}

static void look_at_machine(struct look *look)
{
    struct sim *sim = look->sim;
    look_at_node(look);
    look_at_branches(look);
    look_at_invalid(look);
    for (uint32_t i = 0; i < workload_account_count(sim) && sim->findings == 0; i++) {
        const struct known_account *known = workload_account(sim, i);
        look_at_account(look, &known->account);
        if (i < 4) {
            look_at_history(look, &known->account);
            look_at_lots(look, &known->account);
            look_at_holds(look, &known->account);
        }
    }
    for (uint32_t i = 0; i < workload_sale_count(sim) && sim->findings == 0; i += 1 + i / 4) {
        look_at_sale(look, workload_sale(sim, i));
    }
    /* Reports are the office's business; another node says the same, so a sample will do. */
    if (look->machine->index == SIM_OFFICE || look->machine->index == 1 + sim->seed % 5) {
        look_at_reports(look);
    }
}

/* Every answer that a till has, it would get again (S10). */
static void ask_again(struct sim *sim)
{
    struct reception *reception = &sim->reception;
    uint32_t count = reception->asked.count;
    uint32_t step = count / 40 + 1;
    for (uint32_t i = (uint32_t)(sim->seed % step); i < count && sim->findings == 0; i += step) {
        const struct asked *asked = map_at(&reception->asked, i);
        struct world *machine = &sim->machines[asked->machine];
        if (!asked->answered || asked->forgotten || !machine->running ||
            asked->answer.verdict != VERDICT_ALLOWED || asked->answer.event.journal == 0) {
            continue;
        }
        const struct book_event *event =
            book_event_at(auditor_book_of(machine), asked->answer.event);
        if (event == NULL || asked->effects != 1) {
            sim_finding(sim, "S10", "machine %llu said yes, and %u facts came of it",
                        (unsigned long long)asked->machine, asked->effects);
        }
    }
}

static void look_at_all(struct sim *sim)
{
    struct look look = {.sim = sim, .page = malloc(sizeof *look.page)};
    if (look.page == NULL) {
        abort();
    }
    struct world *first = NULL;
    for (uint32_t i = 0; i < sim->machine_count && sim->findings == 0; i++) {
        look.machine = &sim->machines[i];
        if (look.machine->hostile || look.machine->written_off.burnt) {
            continue;
        }
        look_at_machine(&look);
        if (first == NULL) {
            first = look.machine;
        } else if (sim->doubling == NULL && inspection_is_level(sim)) {
            likeness_check(sim, first, look.machine);
        }
    }
    free(look.page);
}

void inspection_run(struct sim *sim)
{
    sim->census->counts[CENSUS_CALMS]++;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        book_make_good(auditor_book_of(&sim->machines[i])); /* one for all, unless they parted */
    }
    auditor_balance(sim);
    look_at_all(sim);
    ask_again(sim);
}

void inspection_restart_all(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count && sim->findings == 0; i++) {
        if (sim->machines[i].running) {
            sim_crash(&sim->machines[i]);
            sim_start(&sim->machines[i]);
        }
    }
}
