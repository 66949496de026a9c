/* Refunds, transfers and requests in the account book. The rights to refund a sale are lots from
 * the moment of the sale here, which is what the nodes save themselves. */
#include "book_entry.h"
#include "book_trust.h"

#include "hash.h"

#include <string.h>

enum { RESTORE_DAYS = 30 };

void enter_right(const struct entry *entry, uint32_t k, const struct lot_id *lot, int64_t amount)
{
    struct lot_id id = hash_refund_lot(entry->at.journal, entry->at.seq, &entry->leaf, (uint16_t)k);
    struct book_lot *right = lot_named(entry, &entry->event->subject, &id);
    right->bucket = BUCKET_REFUND;
    right->original_bucket = book_lot_of(entry->book, lot)->bucket;
    memcpy(right->original, lot->bytes, sizeof right->original);
    right->issued += amount;
    *held_of(entry->book, &id, entry->at.journal) += amount;
}

/* One right a line of the sale, and one for each other tender. */
void enter_rights(const struct entry *entry)
{
    const struct event *event = entry->event;
    uint32_t lines = event->body.spend.line_count;
    for (uint32_t i = 0; i < lines + event->body.spend.tender_count; i++) {
        struct lot_id id =
            hash_refund_lot(entry->at.journal, entry->at.seq, &entry->leaf, (uint16_t)i);
        struct book_lot *right = lot_named(entry, &event->subject, &id);
        right->bucket = BUCKET_REFUND;
        int64_t amount = 0;
        if (i < lines) {
            const struct lot_line *line = &event->body.spend.lines[i];
            amount = line->amount;
            right->original_bucket = book_lot_of(entry->book, &line->lot)->bucket;
            memcpy(right->original, line->lot.bytes, sizeof right->original);
        } else {
            amount = event->body.spend.tenders[i - lines].amount;
            right->tender = event->body.spend.tenders[i - lines].tender;
        }
        right->issued += amount;
        *held_of(entry->book, &id, entry->at.journal) += amount;
    }
}

/* A right is used or moved by who holds it, as one of the sale that is named. Where the sale was
 * made a wrong name shows first, elsewhere that nothing is held under it. */
enum invalid_reason judge_right(const struct entry *entry, const struct lot_line *line,
                                struct event_ref sale)
{
    const struct book_lot *lot = book_lot_of(entry->book, &line->lot);
    struct book_place place = book_place_of(sale);
    bool known = lot != NULL && lot_is_of(lot, &entry->event->subject);
    bool named =
        known && lot->bucket == BUCKET_REFUND && memcmp(&lot->issued_by, &place, sizeof place) == 0;
    if (sale.journal == entry->at.journal && !named) {
        return INVALID_BAD_REF;
    }
    bool own = known && lot->bucket == BUCKET_REFUND &&
               lot->issued_by.journal == entry->at.journal && !named;
    if (!known || own || line->amount > book_held(entry->book, &line->lot, entry->at.journal)) {
        return INVALID_NOT_COVERED;
    }
    return named ? INVALID_NONE : INVALID_BAD_REF;
}

/* The lot that paid, or the child that is made of it because it ended. */
static enum invalid_reason judge_way_back(const struct entry *entry, uint32_t i)
{
    const struct book_lot *right =
        book_lot_of(entry->book, &entry->event->body.refund.lines[i].lot);
    uint32_t to_day = entry->event->body.refund.to_days[i];
    uint32_t day = entry->block->header.day;
    if (right->tender != 0) {
        return to_day == 0 ? INVALID_NONE : INVALID_BAD_REF;
    }
    struct lot_id original;
    memcpy(original.bytes, right->original, sizeof original.bytes);
    uint32_t ended = book_lot_of(entry->book, &original)->to_day;
    bool in_time =
        to_day == 0 || (ended != 0 && ended < day && to_day >= day && to_day <= day + RESTORE_DAYS);
    return in_time ? INVALID_NONE : INVALID_LOT_TIME;
}

static enum invalid_reason judge_refund(const struct entry *entry)
{
    const struct event *event = entry->event;
    uint32_t count = event->body.refund.line_count;
    enum invalid_reason reason = judge_form(event->body.refund.lines, count);
    int64_t handed_out = 0;
    for (uint32_t i = 0; reason == INVALID_NONE && i < event->body.refund.tender_count; i++) {
        handed_out += event->body.refund.tenders[i].amount;
        reason = amount_is_sound(event->body.refund.tenders[i].amount) ? INVALID_NONE
                                                                       : INVALID_BAD_AMOUNT;
    }
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct lot_line *line = &event->body.refund.lines[i];
        reason = judge_right(entry, line, event->body.refund.sale);
        reason = reason == INVALID_NONE ? judge_way_back(entry, i) : reason;
        const struct book_lot *right = book_lot_of(entry->book, &line->lot);
        handed_out -= reason == INVALID_NONE && right->tender != 0 ? line->amount : 0;
    }
    if (reason != INVALID_NONE) {
        return reason;
    }
    return handed_out == 0 ? INVALID_NONE : INVALID_BAD_AMOUNT;
}

static void give_back(const struct entry *entry, uint32_t i)
{
    const struct lot_line *line = &entry->event->body.refund.lines[i];
    struct book_lot *right = book_lot_of(entry->book, &line->lot);
    take_line(entry, line);
    right->used += line->amount;
    add_money(entry->record, right->original_bucket, line->amount);
    if (right->tender != 0) {
        return;
    }
    struct lot_id id;
    memcpy(id.bytes, right->original, sizeof id.bytes);
    struct book_lot *lot = book_lot_of(entry->book, &id);
    uint32_t to_day = entry->event->body.refund.to_days[i];
    if (to_day != 0) {
        struct book_lot original = *lot;
        id = hash_child_lot(entry->at.journal, entry->at.seq, &entry->leaf, (uint16_t)i);
        lot = lot_named(entry, &entry->event->subject, &id);
        lot->bucket = original.bucket;
        lot->from_day = original.from_day;
        lot->to_day = to_day;
        lot->product = original.product;
        entry->record->restored = true;
    }
    lot->refunded += line->amount;
    *held_of(entry->book, &id, entry->at.journal) += line->amount;
}

enum invalid_reason enter_refund(const struct entry *entry)
{
    enum invalid_reason reason = judge_refund(entry);
    if (reason != INVALID_NONE) {
        return reason;
    }
    entry->record->sale = entry->event->body.refund.sale;
    for (uint32_t i = 0; i < entry->event->body.refund.line_count; i++) {
        give_back(entry, i);
    }
    struct day_entry *day = day_of(entry);
    day->refunds++;
    day->refund_principal += entry->record->principal;
    day->refund_bonus += entry->record->bonus;
    return INVALID_NONE;
}

/* ---- transfers ---- */

enum invalid_reason enter_rebind(const struct entry *entry)
{
    const struct event *event = entry->event;
    const struct subject_id *to = &event->body.rebind.to;
    enum invalid_reason reason =
        judge_form(event->body.rebind.lines, event->body.rebind.line_count);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (subject_equal(to, &event->subject)) {
        return INVALID_SELF_MOVE;
    }
    if (book_is_gated(entry->book, &event->subject, entry->at.journal)) {
        return INVALID_FROZEN;
    }
    reason = judge_lines(entry, event->body.rebind.lines, event->body.rebind.line_count);
    if (reason == INVALID_NONE) {
        reason = book_exposure_reason(entry->book, &event->subject, entry->at.journal,
                                      entry->block->header.auth, event->body.rebind.lines,
                                      event->body.rebind.line_count);
    }
    if (reason != INVALID_NONE) {
        return reason;
    }
    entry->record->other = *to;
    for (uint32_t i = 0; i < event->body.rebind.line_count; i++) {
        const struct lot_line *line = &event->body.rebind.lines[i];
        take_line(entry, line);
        struct book_lot *from = book_lot_of(entry->book, &line->lot);
        from->rebound += line->amount;
        struct book_lot parent = *from;
        struct lot_id id =
            hash_child_lot(entry->at.journal, entry->at.seq, &entry->leaf, (uint16_t)i);
        struct book_lot *child = lot_named(entry, to, &id);
        child->bucket = parent.bucket;
        child->from_day = parent.from_day;
        child->to_day = parent.to_day;
        child->product = parent.product;
        child->adopted += line->amount;
        *held_of(entry->book, &id, entry->at.journal) += line->amount;
        add_money(entry->record, parent.bucket, line->amount);
    }
    return INVALID_NONE;
}

/* ---- requests ---- */

enum invalid_reason enter_file(const struct entry *entry)
{
    const struct event *event = entry->event;
    const struct book_journal *to = book_journal_of(entry->book, event->body.file.to);
    if (event->body.file.kind != REQUEST_REFUND || event_ref_is_none(event->body.file.sale)) {
        return INVALID_MALFORMED;
    }
    if (!amount_is_sound(event->body.file.amount)) {
        return INVALID_BAD_AMOUNT;
    }
    if (to == NULL || to->roles == 0 || journal_is_authority(event->body.file.to)) {
        return INVALID_NOT_ACTIVE;
    }
    if (event->body.file.to == entry->at.journal) {
        return INVALID_SELF_MOVE;
    }
    struct book_place place = book_place_of(entry->at);
    struct book_wish *wish = map_put(&entry->book->wishes, &place);
    memcpy(wish->account, event->subject.bytes, sizeof wish->account);
    wish->to = event->body.file.to;
    wish->sale = event->body.file.sale;
    wish->amount = event->body.file.amount;
    entry->record->amount = event->body.file.amount;
    return INVALID_NONE;
}

/* What carried it out is the refund that was asked for, whole, and of this journal. */
static bool was_done(const struct entry *entry, const struct book_wish *wish)
{
    struct event_ref done = entry->event->body.close.done;
    struct book_event *refund = book_event_at(entry->book, done);
    if (refund == NULL || refund->type != EVENT_REFUND || refund->reason != INVALID_NONE ||
        refund->amount != wish->amount || !event_ref_equal(refund->sale, wish->sale) ||
        refund->asked_by_wish) {
        return false;
    }
    refund->asked_by_wish = true;
    return true;
}

enum invalid_reason enter_close(const struct entry *entry)
{
    const struct event *event = entry->event;
    struct event_ref request = event->body.close.request;
    struct book_place place = book_place_of(request);
    struct book_wish *wish = map_find(&entry->book->wishes, &place);
    uint8_t outcome = event->body.close.outcome;
    bool done = !event_ref_is_none(event->body.close.done);
    if (outcome < REQUEST_DONE || outcome > REQUEST_WITHDRAWN ||
        done != (outcome == REQUEST_DONE)) {
        return INVALID_MALFORMED;
    }
    uint64_t of = event->body.close.of;
    if (of != 0) {
        enum invalid_reason acting = judge_acting(entry, of);
        if (acting != INVALID_NONE) {
            return acting;
        }
    }
    bool seen = request.journal == entry->at.journal ||
                book_dep_seq(entry->book, entry->at.journal, request.journal) >= request.seq;
    uint64_t to = of == 0 ? entry->at.journal : of;
    if (!seen || wish == NULL || wish->to != to ||
        (of == 0 ? wish->outcome : wish->office_outcome) != 0 ||
        memcmp(wish->account, event->subject.bytes, sizeof wish->account) != 0 ||
        (done && event->body.close.done.journal != entry->at.journal)) {
        return INVALID_BAD_REF;
    }
    wish->outcome = of == 0 ? outcome : wish->outcome;
    wish->office_outcome = of == 0 ? wish->office_outcome : outcome;
    entry->opinion->wish_wrong = done && !was_done(entry, wish);
    return INVALID_NONE;
}
