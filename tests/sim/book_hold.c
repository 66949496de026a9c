/* Holds in the account book: what is set aside for which order. */
#include "book_entry.h"
#include "book_trust.h"

#include <string.h>

struct book_hold *book_hold_at(const struct book *book, struct event_ref ref)
{
    struct book_place place = book_place_of(ref);
    return map_find(&book->holds, &place);
}

int64_t book_hold_sum(const struct book_hold *hold)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < hold->count; i++) {
        sum += hold->lines[i].amount;
    }
    return sum;
}

/* Sets aside, or (minus) frees, what a journal holds of a lot. */
static void put_aside(const struct entry *entry, const struct lot_id *lot, int64_t amount)
{
    struct holding_key key = book_holding_key(lot, entry->at.journal);
    struct book_holding *holding = map_put(&entry->book->holdings, &key);
    *held_of(entry->book, lot, entry->at.journal) -= amount;
    holding->on_hold += amount;
}

static enum invalid_reason judge_hold(const struct entry *entry)
{
    const struct event *event = entry->event;
    const struct lot_line *lines = event->body.hold.lines;
    uint32_t count = event->body.hold.line_count;
    if (event->body.hold.until_ms == 0) {
        return INVALID_MALFORMED;
    }
    enum invalid_reason reason = judge_form(lines, count);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (!entry_has_role(entry, ROLE_SELL)) {
        return INVALID_NO_ROLE;
    }
    if (book_is_gated(entry->book, &event->subject, entry->at.journal)) {
        return INVALID_FROZEN;
    }
    reason = judge_lines(entry, lines, count);
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        bool valid =
            book_lot_is_valid_on(book_lot_of(entry->book, &lines[i].lot), entry->block->header.day);
        reason = valid ? INVALID_NONE : INVALID_LOT_TIME;
    }
    return reason != INVALID_NONE
               ? reason
               : book_exposure_reason(entry->book, &event->subject, entry->at.journal,
                                      entry->block->header.auth, lines, count);
}

enum invalid_reason enter_hold(const struct entry *entry)
{
    const struct event *event = entry->event;
    enum invalid_reason reason = judge_hold(entry);
    if (reason != INVALID_NONE) {
        return reason;
    }
    struct book_place place = book_place_of(entry->at);
    struct book_hold *hold = map_put(&entry->book->holds, &place);
    memcpy(hold->account, event->subject.bytes, sizeof hold->account);
    hold->until_ms = event->body.hold.until_ms;
    hold->count = event->body.hold.line_count;
    for (uint32_t i = 0; i < hold->count; i++) {
        const struct lot_line *line = &event->body.hold.lines[i];
        hold->lines[i] = (struct lot_amount){.lot = line->lot, .amount = line->amount};
        put_aside(entry, &line->lot, line->amount);
        int64_t left = book_held(entry->book, &line->lot, entry->at.journal);
        entry->opinion->after_wrong = entry->opinion->after_wrong || left != line->after;
        add_money(entry->record, book_lot_of(entry->book, &line->lot)->bucket, line->amount);
    }
    return INVALID_NONE;
}

/* The writer's own hold, of this account, that nobody has ended; NULL: there is none. */
static struct book_hold *open_hold(const struct entry *entry, struct event_ref ref)
{
    struct book_hold *hold = book_hold_at(entry->book, ref);
    bool own = hold != NULL && ref.journal == entry->at.journal && hold->ended_by == 0 &&
               memcmp(hold->account, entry->event->subject.bytes, sizeof hold->account) == 0;
    return own ? hold : NULL;
}

static int64_t set_aside_of(const struct book_hold *hold, const struct lot_id *lot)
{
    for (uint32_t i = 0; i < hold->count; i++) {
        if (lot_equal(&hold->lines[i].lot, lot)) {
            return hold->lines[i].amount;
        }
    }
    return 0;
}

/* Everything that was set aside is free again. */
static void end_hold(const struct entry *entry, struct book_hold *hold, uint16_t by)
{
    hold->ended_by = by;
    for (uint32_t i = 0; i < hold->count; i++) {
        put_aside(entry, &hold->lines[i].lot, -hold->lines[i].amount);
    }
}

static enum invalid_reason judge_amounts(const struct lot_amount *lines, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool twice = false;
        for (uint32_t k = 0; k < i; k++) {
            twice = twice || lot_equal(&lines[i].lot, &lines[k].lot);
        }
        if (twice || !amount_is_sound(lines[i].amount)) {
            return INVALID_BAD_AMOUNT;
        }
    }
    return count == 0 ? INVALID_MALFORMED : INVALID_NONE;
}

enum invalid_reason enter_capture(const struct entry *entry)
{
    const struct event *event = entry->event;
    uint32_t count = event->body.capture.line_count;
    enum invalid_reason reason = judge_amounts(event->body.capture.lines, count);
    if (reason != INVALID_NONE) {
        return reason;
    }
    struct book_hold *hold = open_hold(entry, event->body.capture.hold);
    if (hold == NULL) {
        return INVALID_BAD_REF;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_amount *line = &event->body.capture.lines[i];
        if (line->amount > set_aside_of(hold, &line->lot)) {
            return INVALID_NOT_COVERED;
        }
    }
    end_hold(entry, hold, EVENT_SPEND_CAPTURE);
    hold->captured = 0;
    struct day_entry *day = day_of(entry);
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_amount *line = &event->body.capture.lines[i];
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        *held_of(entry->book, &line->lot, entry->at.journal) -= line->amount;
        lot->used += line->amount;
        hold->captured += line->amount;
        add_money(entry->record, lot->bucket, line->amount);
        enter_right(entry, i, &line->lot, line->amount);
    }
    day->sales++;
    day->sale_principal += entry->record->principal;
    day->sale_bonus += entry->record->bonus;
    return INVALID_NONE;
}

enum invalid_reason enter_free(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (event->body.release.why != RELEASE_ASKED && event->body.release.why != RELEASE_EXPIRED) {
        return INVALID_MALFORMED;
    }
    struct book_hold *hold = open_hold(entry, event->body.release.hold);
    if (hold == NULL) {
        return INVALID_BAD_REF;
    }
    end_hold(entry, hold, EVENT_SPEND_RELEASE);
    hold->lapsed = event->body.release.why == RELEASE_EXPIRED;
    return INVALID_NONE;
}

int64_t book_on_hold(const struct book *book, const struct lot_id *lot)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < book->journals.count; i++) {
        const struct book_journal *journal = map_at(&book->journals, i);
        struct holding_key key = book_holding_key(lot, journal->journal);
        const struct book_holding *holding = map_find(&book->holdings, &key);
        sum += holding == NULL || book_stands_apart(holding) ? 0 : holding->on_hold;
    }
    return sum;
}

bool book_stands_apart(const struct book_holding *holding)
{
    return holding->written_about || holding->returned != 0 || holding->adopted != 0;
}
