/* Ends of lots in the account book: who burned what, and who still has to. */
#include "book_entry.h"
#include "book_trust.h"

static const struct book_journal *authority_of(const struct book *book)
{
    return book_journal_of(book, journal_of(0, 1));
}

int64_t book_grace(const struct book *book, uint64_t auth)
{
    return book_limit(book, "expiry_grace", 0, auth);
}

/* The day after the last one with its grace has come, for the writer and for the authority. */
static bool is_over(const struct entry *entry, const struct book_lot *lot)
{
    const struct block_header *header = &entry->block->header;
    const struct book_block *word = book_block_at(entry->book, journal_of(0, 1), header->auth);
    int64_t first = (int64_t)lot->to_day + book_grace(entry->book, header->auth) + 1;
    return lot->to_day != 0 && word != NULL && (int64_t)header->day >= first &&
           (int64_t)word->day >= first;
}

static void note_burned(const struct entry *entry, const struct book_lot *lot, int64_t amount)
{
    uint64_t key[4] = {entry->block->header.day, journal_branch(entry->at.journal), lot->product,
                       lot->bucket};
    struct book_burned *burned = map_put(&entry->book->burned, key);
    burned->amount += amount;
}

enum invalid_reason enter_expire(const struct entry *entry)
{
    const struct event *event = entry->event;
    enum invalid_reason reason =
        judge_lines(entry, event->body.expire.lines, event->body.expire.line_count);
    for (uint32_t i = 0; reason == INVALID_NONE && i < event->body.expire.line_count; i++) {
        const struct book_lot *lot = book_lot_of(entry->book, &event->body.expire.lines[i].lot);
        reason = is_over(entry, lot) ? INVALID_NONE : INVALID_LOT_TIME;
    }
    for (uint32_t i = 0; reason == INVALID_NONE && i < event->body.expire.line_count; i++) {
        const struct lot_line *line = &event->body.expire.lines[i];
        take_line(entry, line);
        struct holding_key key = book_holding_key(&line->lot, entry->at.journal);
        struct book_holding *holding = map_put(&entry->book->holdings, &key);
        holding->expired += line->amount;
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        lot->expired += line->amount;
        add_money(entry->record, lot->bucket, line->amount);
        note_burned(entry, lot, line->amount);
    }
    return reason;
}

static bool has_ended(const struct book_lot *lot, int64_t day, int64_t grace)
{
    return lot != NULL && book_bucket_is_money(lot->bucket) && lot->to_day != 0 &&
           (int64_t)lot->to_day + grace < day;
}

const struct book_lot *book_unburned(const struct book *book, uint64_t journal, int64_t day,
                                     int64_t grace, bool flights)
{
    const struct book_journal *authority = authority_of(book);
    int64_t word = authority == NULL ? 0 : (int64_t)authority->day;
    int64_t today = day < word ? day : word;
    for (uint32_t i = 0; i < book->holdings.count; i++) {
        const struct book_holding *holding = map_at(&book->holdings, i);
        const struct book_lot *lot = map_find(&book->lots, holding->lot);
        if (holding->journal == journal && holding->held > 0 && has_ended(lot, today, grace)) {
            return lot;
        }
    }
    for (uint32_t i = 0; flights && i < book->pairs.count; i++) {
        const struct book_pair *pair = map_at(&book->pairs, i);
        const struct book_lot *lot = map_find(&book->lots, pair->lot);
        if (pair->to == journal && book_pair_flying(pair) > 0 && has_ended(lot, today, grace)) {
            return lot;
        }
    }
    return NULL;
}

const struct book_lot *book_overdrawn(const struct book *book)
{
    for (uint32_t i = 0; i < book->lots.count; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        if (lot->used + lot->expired + lot->voided + lot->paid_out >
            lot->issued + lot->added + lot->adopted + lot->refunded + lot->made_good -
                lot->rebound) {
            return lot;
        }
    }
    return NULL;
}
