/* Voids, corrections and the tills' money in the account book. */
#include "book_correct.h"

#include "book_trust.h"

#include "hash.h"

/* ---- the tills ---- */

void book_take(const struct entry *entry, int64_t amount)
{
    (void)day_of(entry);
    uint64_t key[2] = {journal_branch(entry->at.journal), entry->block->header.day};
    struct book_day *day = map_put(&entry->book->days, key);
    day->taken += amount;
    day->takings++;
}

void book_take_tenders(const struct entry *entry, const struct tender_line *tenders, uint32_t count,
                       int64_t sign)
{
    for (uint32_t i = 0; i < count; i++) {
        book_take(entry, sign * tenders[i].amount);
    }
}

void book_note_topup(const struct entry *entry, const struct book_pending *lots, bool waits)
{
    struct book_place place = book_place_of(entry->at);
    struct book_topup *topup = map_put(&entry->book->topups, &place);
    memcpy(topup->account, entry->event->subject.bytes, sizeof topup->account);
    topup->day = entry->block->header.day;
    topup->waits = waits;
    topup->count = lots->count;
    for (uint32_t i = 0; i < lots->count; i++) {
        topup->ids[i] = lots->ids[i];
        topup->amounts[i] = lots->lots[i].amount;
        topup->paid += lots->lots[i].bucket == BUCKET_PRINCIPAL ? lots->lots[i].amount : 0;
    }
    book_take(entry, topup->paid);
}

void book_topup_counts(struct book *book, struct book_place place)
{
    struct book_topup *topup = map_find(&book->topups, &place);
    if (topup != NULL) {
        topup->waits = false;
    }
}

/* ---- voids ---- */

static bool is_whole(const struct book_topup *topup, const struct event *event)
{
    bool whole = event->body.clawback.line_count == topup->count && event->body.clawback.debt == 0;
    for (uint32_t i = 0; whole && i < topup->count; i++) {
        whole = lot_equal(&event->body.clawback.lines[i].lot, &topup->ids[i]) &&
                event->body.clawback.lines[i].amount == topup->amounts[i];
    }
    return whole;
}

enum invalid_reason book_void_reason(const struct book *book, uint64_t journal, uint64_t day,
                                     const struct event *event)
{
    enum invalid_reason form =
        judge_form(event->body.clawback.lines, event->body.clawback.line_count);
    const struct book_journal *writer = book_journal_of(book, journal);
    struct event_ref of = event->body.clawback.of;
    struct book_place place = book_place_of(of);
    const struct book_topup *topup = map_find(&book->topups, &place);
    if (form != INVALID_NONE) {
        return form;
    }
    if (writer == NULL || (writer->roles & ROLE_MINT) == 0) {
        return INVALID_NO_ROLE;
    }
    if (topup == NULL || of.journal != journal || topup->day != day || topup->waits ||
        topup->voided || memcmp(topup->account, event->subject.bytes, 16) != 0) {
        return INVALID_BAD_REF;
    }
    if (!is_whole(topup, event)) {
        return INVALID_NOT_WHOLE;
    }
    for (uint32_t i = 0; i < topup->count; i++) {
        if (book_held(book, &topup->ids[i], journal) < topup->amounts[i]) {
            return INVALID_NOT_COVERED;
        }
    }
    return INVALID_NONE;
}

enum invalid_reason enter_void(const struct entry *entry)
{
    const struct event *event = entry->event;
    enum invalid_reason reason =
        book_void_reason(entry->book, entry->at.journal, entry->block->header.day, event);
    if (reason != INVALID_NONE) {
        return reason;
    }
    for (uint32_t i = 0; i < event->body.clawback.line_count; i++) {
        const struct lot_line *line = &event->body.clawback.lines[i];
        take_line(entry, line);
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        lot->voided += line->amount;
        struct holding_key key = book_holding_key(&line->lot, entry->at.journal);
        struct book_holding *holding = map_put(&entry->book->holdings, &key);
        holding->voided += line->amount;
        add_money(entry->record, lot->bucket, line->amount);
    }
    struct book_place place = book_place_of(event->body.clawback.of);
    struct book_topup *topup = map_find(&entry->book->topups, &place);
    topup->voided = true;
    book_take(entry, -topup->paid);
    struct day_entry *day = day_of(entry);
    day->voids++;
    day->void_principal += entry->record->principal;
    day->void_bonus += entry->record->bonus;
    return INVALID_NONE;
}

/* ---- corrections ---- */

/* Two tills, and the one that wrote it is the second. */
static bool are_two(const struct event *event, uint32_t approver, const struct two_persons *persons)
{
    return approver != 0 && persons->proposer != 0 && persons->proposer != approver &&
           event->till == approver;
}

/* One proposal of an office is carried out once. */
static void note_proposal(const struct entry *entry, const struct two_persons *persons)
{
    uint64_t key[2] = {entry->at.journal, persons->proposal};
    struct book_proposal *proposal = map_put(&entry->book->proposals, key);
    entry->record->proposal = persons->proposal;
    if (persons->proposal != 0 && proposal->done++ > 0) {
        entry->opinion->twice_approved = true;
    }
}

static enum invalid_reason judge_terms(const struct event *event)
{
    for (uint32_t i = 0; i < event->body.issue_lots.lot_count; i++) {
        const struct lot_terms *terms = &event->body.issue_lots.lots[i];
        if (!amount_is_sound(terms->amount)) {
            return INVALID_BAD_AMOUNT;
        }
        if (!book_bucket_is_money(terms->bucket) ||
            (terms->to_day != 0 && terms->to_day < terms->from_day)) {
            return INVALID_MALFORMED;
        }
    }
    return INVALID_NONE;
}

static struct book_pending lots_of(const struct entry *entry)
{
    const struct event *event = entry->event;
    struct book_pending lots = {.type = event->type, .count = event->body.issue_lots.lot_count};
    for (uint32_t i = 0; i < lots.count; i++) {
        lots.lots[i] = event->body.issue_lots.lots[i];
        lots.ids[i] = lots.lots[i].key.size > 0 ? hash_shared_lot(&event->subject, &lots.lots[i])
                                                : hash_issued_lot(entry->at.journal, entry->at.seq,
                                                                  &entry->leaf, (uint16_t)i);
    }
    return lots;
}

static void note_day(const struct entry *entry, bool paid)
{
    struct day_entry *day = day_of(entry);
    day->corrections++;
    day->added_principal += paid ? 0 : entry->record->principal;
    day->added_bonus += paid ? 0 : entry->record->bonus;
    day->paid_principal += paid ? entry->record->principal : 0;
    day->paid_bonus += paid ? entry->record->bonus : 0;
}

enum invalid_reason enter_issue(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (event->body.issue_lots.cause != ADJUST_GRANT) {
        return INVALID_MALFORMED;
    }
    enum invalid_reason reason = judge_terms(event);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (!entry_has_role(entry, ROLE_MINT) && !entry_has_role(entry, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    const struct block_header *header = &entry->block->header;
    struct book_pending lots = lots_of(entry);
    if (book_mint_reason(entry->book, entry->at.journal, header->day, header->auth, lots.lots,
                         lots.count) != INVALID_NONE) {
        entry_wait(entry, &lots);
        return INVALID_OVER_QUOTA;
    }
    book_note_minted(entry->book, entry->at.journal, header->day, lots.lots, lots.count);
    entry_issue(entry, &lots);
    note_day(entry, false);
    note_proposal(entry, &event->body.issue_lots.persons);
    return INVALID_NONE;
}

static bool is_past(const struct entry *entry, struct event_ref of)
{
    return of.journal == entry->at.journal ||
           book_dep_seq(entry->book, entry->at.journal, of.journal) >= of.seq;
}

enum invalid_reason enter_adjust(const struct entry *entry)
{
    const struct event *event = entry->event;
    uint8_t cause = event->body.issue_lots.cause;
    if (cause != ADJUST_CORRECTION && cause != ADJUST_COMPENSATION && cause != ADJUST_OPENING) {
        return INVALID_MALFORMED;
    }
    enum invalid_reason reason = judge_terms(event);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (!are_two(event, event->body.issue_lots.approver, &event->body.issue_lots.persons)) {
        return INVALID_ONE_PERSON;
    }
    if (!entry_has_role(entry, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    struct event_ref of = event->body.issue_lots.of;
    const struct book_event *subject = book_event_at(entry->book, of);
    bool sold = subject != NULL && subject->type == EVENT_SPEND && subject->reason == INVALID_NONE;
    if (!event_ref_is_none(of) &&
        (!is_past(entry, of) || (sold && !subject_equal(&subject->subject, &event->subject)))) {
        return INVALID_BAD_REF;
    }
    struct book_pending lots = lots_of(entry);
    entry_issue(entry, &lots);
    note_day(entry, false);
    note_proposal(entry, &event->body.issue_lots.persons);
    return INVALID_NONE;
}

enum invalid_reason enter_payout(const struct entry *entry)
{
    const struct event *event = entry->event;
    const struct lot_line *lines = event->body.payout.lines;
    uint32_t count = event->body.payout.line_count;
    uint8_t cause = event->body.payout.cause;
    if (cause != ADJUST_CORRECTION && cause != ADJUST_CLOSING) {
        return INVALID_MALFORMED;
    }
    enum invalid_reason reason = judge_form(lines, count);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (!are_two(event, event->body.payout.approver, &event->body.payout.persons)) {
        return INVALID_ONE_PERSON;
    }
    if (!entry_has_role(entry, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    reason = judge_lines(entry, lines, count);
    if (reason == INVALID_NONE) {
        reason = book_exposure_reason(entry->book, &event->subject, entry->at.journal,
                                      entry->block->header.auth, lines, count);
    }
    if (reason != INVALID_NONE) {
        return reason;
    }
    for (uint32_t i = 0; i < count; i++) {
        take_line(entry, &lines[i]);
        struct book_lot *lot = book_lot_of(entry->book, &lines[i].lot);
        lot->paid_out += lines[i].amount;
        add_money(entry->record, lot->bucket, lines[i].amount);
    }
    note_day(entry, true);
    note_proposal(entry, &event->body.payout.persons);
    return INVALID_NONE;
}
