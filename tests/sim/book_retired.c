/* Retired journals in the account book: what the authority says of them, and what others write
 * about them. */
#include "book_entry.h"

#include "sim.h"

#include "block_codec.h"

void entry_note_past(const struct entry *entry)
{
    struct book *book = entry->book;
    for (uint32_t i = 0; i < book->touched_count; i++) {
        struct book_holding *holding = book->touched[i];
        struct past_key key = {.step = holding->steps++};
        key.holding.journal = holding->journal;
        memcpy(key.holding.lot, holding->lot, sizeof key.holding.lot);
        struct book_past *past = map_put(&book->pasts, &key);
        past->seq = entry->at.seq;
        past->held = holding->held + holding->on_hold;
    }
    book->touched_count = 0;
}

bool entry_is_retired(const struct entry *entry, uint64_t journal)
{
    const struct book_journal *record = book_journal_of(entry->book, journal);
    return record != NULL && record->retired_at != 0 &&
           record->retired_at <= entry->block->header.auth;
}

enum invalid_reason enter_retire(const struct entry *entry)
{
    struct book_journal *journal = book_journal_of(entry->book, entry->event->body.retire.journal);
    if (journal != NULL && journal->retired_at == 0) {
        journal->retired_at = entry->at.seq;
        journal->retired_seq = entry->event->body.retire.seq;
    }
    return INVALID_NONE;
}

enum invalid_reason enter_resolve(const struct entry *entry)
{
    struct book_journal *journal = book_journal_of(entry->book, entry->event->body.resolve.journal);
    if (journal != NULL && journal->retired_at == 0) {
        journal->retired_at = entry->at.seq;
        journal->retired_seq = entry->event->body.resolve.tips[0].seq;
    }
    return INVALID_NONE;
}

/* Both headers are of one place of one journal, and signed with its key, and they differ. */
enum invalid_reason enter_fork(const struct entry *entry)
{
    const struct event *event = entry->event;
    struct block_header headers[2];
    for (int i = 0; i < 2; i++) {
        if (block_header_decode(event->body.fork.headers[i], &headers[i]) != STATUS_OK) {
            return INVALID_MALFORMED;
        }
    }
    bool same = bytes_equal(event->body.fork.headers[0], event->body.fork.headers[1]) &&
                bytes_equal(event->body.fork.signatures[0], event->body.fork.signatures[1]);
    if (same || headers[0].journal != headers[1].journal || headers[0].seq != headers[1].seq) {
        return INVALID_MALFORMED;
    }
    struct book_journal *accused = book_journal_of(entry->book, headers[0].journal);
    for (int i = 0; i < 2; i++) {
        uint8_t memory[BLOCK_HEADER_SIZE_MAX + 128];
        struct buffer body = BUFFER_OVER(memory);
        if (accused == NULL || entry->book->sim == NULL ||
            block_signed_bytes(&entry->book->sim->network_id, event->body.fork.headers[i], &body) !=
                STATUS_OK) {
            return INVALID_BAD_REF;
        }
        struct signature_check check = {.body = buffer_bytes(&body),
                                        .signature = event->body.fork.signatures[i].data,
                                        .public_key = accused->public_key};
        if (!sim_signature_holds(entry->book->sim, &check)) {
            return INVALID_BAD_REF;
        }
    }
    accused->fork_written = true;
    return INVALID_NONE;
}

static bool is_of(const struct entry *entry, const struct lot_id *id)
{
    const struct book_lot *lot = book_lot_of(entry->book, id);
    bool right = lot != NULL && lot->bucket == BUCKET_REFUND;
    return lot != NULL && (book_bucket_is_money(lot->bucket) || right) &&
           memcmp(lot->account, entry->event->subject.bytes, sizeof lot->account) == 0;
}

static struct book_holding *holding_of(const struct entry *entry, const struct lot_id *lot,
                                       uint64_t journal)
{
    struct holding_key key = book_holding_key(lot, journal);
    return map_put(&entry->book->holdings, &key);
}

enum invalid_reason judge_acting(const struct entry *entry, uint64_t of)
{
    if (!entry_has_role(entry, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    if (of == entry->at.journal) {
        return INVALID_SELF_MOVE;
    }
    return entry_is_retired(entry, of) ? INVALID_NONE : INVALID_NOT_RETIRED;
}

enum invalid_reason enter_adopt(const struct entry *entry)
{
    uint64_t of = entry->event->body.accept.of;
    uint64_t from = entry->event->body.accept.from;
    enum invalid_reason reason = judge_acting(entry, of);
    uint32_t count = entry->event->body.accept.line_count;
    uint64_t seen = from == entry->at.journal ? entry->at.seq
                                              : book_dep_seq(entry->book, entry->at.journal, from);
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct accept_line *line = &entry->event->body.accept.lines[i];
        struct pair_key key = book_pair_key(&line->lot, from, of);
        if (line->cumulative > entry_granted_as_of(entry->book, &key, seen)) {
            reason = INVALID_OVER_ACCEPT;
        } else if (!is_of(entry, &line->lot)) {
            reason = INVALID_WRONG_ACCOUNT;
        } else if (line->witnessed != 0) {
            reason = INVALID_OVER_WITNESS;
        }
    }
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct accept_line *line = &entry->event->body.accept.lines[i];
        struct pair_key key = book_pair_key(&line->lot, from, of);
        struct book_pair *pair = map_put(&entry->book->pairs, &key);
        int64_t flying = book_pair_flying(pair);
        if (line->cumulative > pair->adopted) {
            pair->adopted = line->cumulative;
        }
        int64_t arrived = flying - book_pair_flying(pair);
        book_lot_of(entry->book, &line->lot)->accepted += arrived;
        holding_of(entry, &line->lot, of)->adopted += arrived;
        entry->record->amount += arrived;
    }
    entry->record->to = of;
    return reason;
}

enum invalid_reason enter_return(const struct entry *entry)
{
    uint64_t from = entry->event->body.giveback.from;
    uint32_t count = entry->event->body.giveback.line_count;
    if (entry->event->body.giveback.of != 0) {
        return INVALID_NO_ROLE;
    }
    if (from == entry->at.journal) {
        return INVALID_SELF_MOVE;
    }
    if (!entry_is_retired(entry, from)) {
        return INVALID_NOT_RETIRED;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_amount *line = &entry->event->body.giveback.lines[i];
        struct pair_key key = book_pair_key(&line->lot, from, entry->at.journal);
        const struct book_pair *pair = map_find(&entry->book->pairs, &key);
        int64_t before = pair == NULL ? 0 : pair->returned;
        if (line->amount > (pair == NULL ? 0 : pair->accepted - pair->witnessed)) {
            return INVALID_OVER_ACCEPT;
        }
        if (line->amount - before > book_held(entry->book, &line->lot, entry->at.journal)) {
            return INVALID_NOT_COVERED;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_amount *line = &entry->event->body.giveback.lines[i];
        struct pair_key key = book_pair_key(&line->lot, from, entry->at.journal);
        struct book_pair *pair = map_put(&entry->book->pairs, &key);
        int64_t more = line->amount - pair->returned;
        if (more > 0) {
            pair->returned += more;
            *held_of(entry->book, &line->lot, entry->at.journal) -= more;
            holding_of(entry, &line->lot, from)->returned += more;
            entry->record->amount += more;
        }
    }
    return INVALID_NONE;
}

/* The rights to refund a sale that the office knows of, by their names. */
static enum invalid_reason judge_rights_left(const struct entry *entry)
{
    struct event_ref sale = entry->event->body.reclaim.sale;
    struct book_place place = book_place_of(sale);
    const struct book_event *sold = book_event_at(entry->book, sale);
    bool seen = sale.journal == entry->at.journal ||
                book_dep_seq(entry->book, entry->at.journal, sale.journal) >= sale.seq;
    if (!seen || sold == NULL || (sold->type != EVENT_SPEND && sold->type != EVENT_SPEND_CAPTURE) ||
        sold->reason != INVALID_NONE || !subject_equal(&sold->subject, &entry->event->subject)) {
        return INVALID_BAD_REF;
    }
    for (uint32_t i = 0; i < entry->event->body.reclaim.line_count; i++) {
        const struct book_lot *right =
            book_lot_of(entry->book, &entry->event->body.reclaim.lines[i].lot);
        if (right == NULL || right->bucket != BUCKET_REFUND ||
            memcmp(&right->issued_by, &place, sizeof place) != 0) {
            return INVALID_BAD_REF;
        }
    }
    return INVALID_NONE;
}

enum invalid_reason enter_reclaim(const struct entry *entry)
{
    uint64_t of = entry->event->body.reclaim.of;
    enum invalid_reason reason = judge_acting(entry, of);
    bool rights = !event_ref_is_none(entry->event->body.reclaim.sale);
    if (reason == INVALID_NONE && rights) {
        reason = judge_rights_left(entry);
    }
    uint32_t count = entry->event->body.reclaim.line_count;
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct lot_id *id = &entry->event->body.reclaim.lines[i].lot;
        const struct book_lot *lot = book_lot_of(entry->book, id);
        if (!is_of(entry, id) || rights != (lot->bucket == BUCKET_REFUND)) {
            reason = INVALID_WRONG_ACCOUNT;
        }
    }
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct lot_amount *line = &entry->event->body.reclaim.lines[i];
        holding_of(entry, &line->lot, of)->taken += line->amount;
        holding_of(entry, &line->lot, of)->written_about = true;
        *held_of(entry->book, &line->lot, entry->at.journal) += line->amount;
        entry->record->amount += line->amount;
    }
    entry->record->to = of;
    return reason;
}

enum invalid_reason enter_repay(const struct entry *entry)
{
    if (entry->event->body.cover.kind != COVER_SHORTFALL) {
        return INVALID_MALFORMED;
    }
    uint64_t of = entry->event->body.cover.of;
    enum invalid_reason reason = judge_acting(entry, of);
    uint32_t count = entry->event->body.cover.line_count;
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct lot_line *line = &entry->event->body.cover.lines[i];
        if (line->amount > book_held(entry->book, &line->lot, entry->at.journal)) {
            reason = INVALID_NOT_COVERED;
        } else if (!is_of(entry, &line->lot)) {
            reason = INVALID_WRONG_ACCOUNT;
        }
    }
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct lot_line *line = &entry->event->body.cover.lines[i];
        int64_t *held = held_of(entry->book, &line->lot, entry->at.journal);
        *held -= line->amount;
        entry->opinion->after_wrong = entry->opinion->after_wrong || *held != line->after;
        holding_of(entry, &line->lot, of)->taken -= line->amount;
        holding_of(entry, &line->lot, of)->written_about = true;
        entry->record->amount += line->amount;
    }
    entry->record->to = of;
    return reason;
}
