/* How a block enters the account book: each event is judged and added up. */
#include "book_entry.h"

#include "book_key.h"
#include "book_trust.h"

#include "event_codec.h"
#include "hash.h"

#include <stdlib.h>

int64_t *held_of(struct book *book, const struct lot_id *lot, uint64_t journal)
{
    struct holding_key key = book_holding_key(lot, journal);
    struct book_holding *holding = map_put(&book->holdings, &key);
    if (book->touched_count < BOOK_TOUCHED_MAX) {
        book->touched[book->touched_count++] = holding;
    }
    return &holding->held;
}

bool lot_is_of(const struct book_lot *lot, const struct subject_id *account)
{
    return memcmp(lot->account, account->bytes, sizeof lot->account) == 0;
}

bool amount_is_sound(int64_t amount)
{
    return amount >= 1 && amount <= AMOUNT_MAX;
}

uint64_t book_dep_seq(const struct book *book, uint64_t journal, uint64_t from)
{
    uint64_t key[2] = {journal, from};
    const struct dep_record *record = map_find(&book->deps, key);
    return record == NULL ? 0 : record->seq;
}

bool entry_has_role(const struct entry *entry, enum role role)
{
    const struct book_journal *journal = book_journal_of(entry->book, entry->at.journal);
    return journal != NULL && (journal->roles & (uint64_t)role) != 0;
}

void add_money(struct book_event *record, uint8_t bucket, int64_t amount)
{
    if (bucket == BUCKET_PRINCIPAL) {
        record->principal += amount;
    }
    if (bucket == BUCKET_BONUS) {
        record->bonus += amount;
    }
    record->amount += amount;
}

struct day_entry *day_of(const struct entry *entry)
{
    uint64_t key[2] = {journal_branch(entry->at.journal), entry->block->header.day};
    struct book_day *day = map_put(&entry->book->days, key);
    day->sums.branch = (uint32_t)key[0];
    day->sums.day = (uint32_t)key[1];
    return &day->sums;
}

enum invalid_reason judge_form(const struct lot_line *lines, uint32_t count)
{
    if (count == 0) {
        return INVALID_MALFORMED;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!amount_is_sound(lines[i].amount)) {
            return INVALID_BAD_AMOUNT;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (lot_equal(&lines[i].lot, &lines[k].lot)) {
                return INVALID_BAD_AMOUNT;
            }
        }
    }
    return INVALID_NONE;
}

enum invalid_reason judge_lines(const struct entry *entry, const struct lot_line *lines,
                                uint32_t count)
{
    enum invalid_reason reason = judge_form(lines, count);
    /* Of a lot that is not there, or is another account's, nothing is held. */
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct book_lot *lot = book_lot_of(entry->book, &lines[i].lot);
        bool known =
            lot != NULL && lot->bucket != BUCKET_REFUND && lot_is_of(lot, &entry->event->subject);
        if (!known || lines[i].amount > book_held(entry->book, &lines[i].lot, entry->at.journal)) {
            reason = INVALID_NOT_COVERED;
        }
    }
    return reason;
}

void take_line(const struct entry *entry, const struct lot_line *line)
{
    int64_t *held = held_of(entry->book, &line->lot, entry->at.journal);
    *held -= line->amount;
    if (*held != line->after) {
        entry->opinion->after_wrong = true;
    }
}

static void list_lot(struct book *book, struct book_lot *lot)
{
    struct book_account *account = map_put(&book->accounts, lot->account);
    if (account->lot_count == account->lot_capacity) {
        account->lot_capacity = account->lot_capacity == 0 ? 16 : account->lot_capacity * 2;
        account->lots = realloc(account->lots, account->lot_capacity * sizeof(struct book_lot *));
        if (account->lots == NULL) {
            abort();
        }
    }
    account->lots[account->lot_count++] = lot;
}

struct book_lot *lot_named(const struct entry *entry, const struct subject_id *account,
                           const struct lot_id *id)
{
    struct book_lot *lot = map_put(&entry->book->lots, id->bytes);
    if (lot->issued_by.journal == 0) {
        memcpy(lot->account, account->bytes, sizeof lot->account);
        lot->issued_by = book_place_of(entry->at);
        list_lot(entry->book, lot);
    }
    return lot;
}

static struct book_lot *issue_lot(const struct entry *entry, const struct lot_id *id,
                                  int64_t amount)
{
    struct book_lot *lot = lot_named(entry, &entry->event->subject, id);
    lot->issued += amount;
    *held_of(entry->book, id, entry->at.journal) += amount;
    return lot;
}

/* The lots of a top-up come to be worth something. */
static void issue_topup(const struct entry *entry, const struct book_pending *topup)
{
    for (uint32_t i = 0; i < topup->count; i++) {
        const struct lot_terms *terms = &topup->lots[i];
        struct book_lot *lot = issue_lot(entry, &topup->ids[i], terms->amount);
        lot->bucket = terms->bucket;
        lot->from_day = terms->from_day;
        lot->to_day = terms->to_day;
        lot->product = terms->product;
        add_money(entry->record, terms->bucket, terms->amount);
    }
    struct day_entry *day = day_of(entry);
    day->topups++;
    day->topup_principal += entry->record->principal;
    day->topup_bonus += entry->record->bonus;
}

static enum invalid_reason enter_topup(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (!entry_has_role(entry, ROLE_MINT)) {
        return INVALID_NO_ROLE;
    }
    for (uint32_t i = 0; i < event->body.topup.lot_count; i++) {
        const struct lot_terms *terms = &event->body.topup.lots[i];
        if (!amount_is_sound(terms->amount)) {
            return INVALID_BAD_AMOUNT;
        }
        if (!book_bucket_is_money(terms->bucket) ||
            (terms->to_day != 0 && terms->to_day < terms->from_day)) {
            return INVALID_MALFORMED;
        }
    }
    const struct block_header *header = &entry->block->header;
    uint32_t count = event->body.topup.lot_count;
    struct book_pending topup = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *terms = &event->body.topup.lots[i];
        topup.lots[i] = *terms;
        topup.ids[i] = terms->key.size > 0 ? hash_shared_lot(&event->subject, terms)
                                           : hash_issued_lot(entry->at.journal, entry->at.seq,
                                                             &entry->leaf, (uint16_t)i);
    }
    if (book_mint_reason(entry->book, entry->at.journal, header->day, header->auth, topup.lots,
                         count) != INVALID_NONE) {
        struct book_place place = book_place_of(entry->at);
        struct book_pending *pending = map_put(&entry->book->pendings, &place);
        topup.mint = place;
        memcpy(topup.account, event->subject.bytes, sizeof topup.account);
        for (uint32_t i = 0; i < count; i++) {
            topup.lots[i].key = (struct bytes){0};
            add_money(entry->record, topup.lots[i].bucket, topup.lots[i].amount);
        }
        *pending = topup;
        return INVALID_OVER_QUOTA;
    }
    book_note_minted(entry->book, entry->at.journal, header->day, topup.lots, count);
    issue_topup(entry, &topup);
    return INVALID_NONE;
}

/* And the day is one of the lot's. */
static enum invalid_reason judge_dated_lines(const struct entry *entry,
                                             const struct lot_line *lines, uint32_t count)
{
    enum invalid_reason reason = judge_lines(entry, lines, count);
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct book_lot *lot = book_lot_of(entry->book, &lines[i].lot);
        if (!book_lot_is_valid_on(lot, entry->block->header.day)) {
            return INVALID_LOT_TIME;
        }
    }
    return reason;
}

static enum invalid_reason enter_cover(const struct entry *entry)
{
    const struct event *event = entry->event;
    enum invalid_reason reason = judge_cover(entry);
    if (reason == INVALID_NONE) {
        reason = judge_dated_lines(entry, event->body.cover.lines, event->body.cover.line_count);
    }
    int64_t paid = 0;
    for (uint32_t i = 0; reason == INVALID_NONE && i < event->body.cover.line_count; i++) {
        const struct lot_line *line = &event->body.cover.lines[i];
        take_line(entry, line);
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        lot->used += line->amount;
        add_money(entry->record, lot->bucket, line->amount);
        paid += line->amount;
    }
    if (paid > 0) {
        note_cover(entry, paid);
    }
    return reason;
}

static enum invalid_reason enter_release(const struct entry *entry)
{
    enum invalid_reason reason = book_release_reason(entry->book, entry->at.journal,
                                                     entry->block->header.auth, entry->event);
    if (reason == INVALID_NONE) {
        struct book_pending *pending =
            book_pending_at(entry->book, entry->event->body.approve.mint);
        pending->released = true;
        issue_topup(entry, pending);
    }
    return reason;
}

static enum invalid_reason judge_spend(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (!entry_has_role(entry, ROLE_SELL)) {
        return INVALID_NO_ROLE;
    }
    enum invalid_reason risk = judge_risk(entry);
    if (risk != INVALID_NONE) {
        return risk;
    }
    if (book_is_gated(entry->book, &event->subject, entry->at.journal)) {
        return INVALID_FROZEN;
    }
    if (event->body.spend.risk > 0 && event->body.spend.line_count == 0) {
        return INVALID_NONE; /* wholly without cover */
    }
    enum invalid_reason reason =
        judge_dated_lines(entry, event->body.spend.lines, event->body.spend.line_count);
    return reason != INVALID_NONE
               ? reason
               : book_exposure_reason(entry->book, &event->subject, entry->at.journal,
                                      entry->block->header.auth, event->body.spend.lines,
                                      event->body.spend.line_count);
}

static enum invalid_reason enter_spend(const struct entry *entry)
{
    enum invalid_reason reason = judge_spend(entry);
    if (reason != INVALID_NONE) {
        return reason;
    }
    const struct event *event = entry->event;
    for (uint32_t i = 0; i < event->body.spend.line_count; i++) {
        const struct lot_line *line = &event->body.spend.lines[i];
        take_line(entry, line);
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        lot->used += line->amount;
        add_money(entry->record, lot->bucket, line->amount);
    }
    enter_rights(entry);
    note_risk(entry);
    struct day_entry *day = day_of(entry);
    day->sales++;
    day->sale_uncovered += entry->record->uncovered;
    day->sale_principal += entry->record->principal;
    day->sale_bonus += entry->record->bonus;
    return INVALID_NONE;
}

static void note_grant(struct book *book, const struct pair_key *pair, uint64_t seq,
                       int64_t granted)
{
    struct step_count *steps = map_put(&book->grant_counts, pair);
    struct grant_key key = {.pair = *pair, .step = steps->count++};
    struct book_grant *grant = map_put(&book->grants, &key);
    grant->seq = seq;
    grant->granted = granted;
}

int64_t entry_granted_as_of(const struct book *book, const struct pair_key *pair, uint64_t seq)
{
    const struct step_count *steps = map_find(&book->grant_counts, pair);
    for (uint64_t step = steps == NULL ? 0 : steps->count; step-- > 0;) {
        struct grant_key key = {.pair = *pair, .step = step};
        const struct book_grant *grant = map_find(&book->grants, &key);
        if (grant->seq <= seq) {
            return grant->granted;
        }
    }
    return 0;
}

int64_t book_granted_as_of(const struct book *book, const struct lot_id *lot, uint64_t from,
                           uint64_t to, uint64_t seq)
{
    struct pair_key pair = book_pair_key(lot, from, to);
    return entry_granted_as_of(book, &pair, seq);
}

static enum invalid_reason enter_move(const struct entry *entry)
{
    const struct event *event = entry->event;
    uint64_t from = entry->at.journal;
    uint64_t to = event->body.move.to;
    entry->record->to = to;
    entry->record->why = event->body.move.why;
    if (to == from) {
        return INVALID_SELF_MOVE;
    }
    const struct book_journal *receiver = book_journal_of(entry->book, to);
    if (receiver == NULL || receiver->roles == 0 || journal_is_authority(to) ||
        entry_is_retired(entry, to)) {
        return INVALID_NOT_ACTIVE;
    }
    struct event_ref sale = event->body.move.sale;
    uint32_t count = event->body.move.line_count;
    bool rights = !event_ref_is_none(sale);
    enum invalid_reason reason = rights ? judge_form(event->body.move.lines, count)
                                        : judge_lines(entry, event->body.move.lines, count);
    for (uint32_t i = 0; reason == INVALID_NONE && i < count; i++) {
        const struct lot_line *line = &event->body.move.lines[i];
        reason = rights ? judge_right(entry, line, sale) : INVALID_NONE;
    }
    if (reason == INVALID_NONE && !rights) {
        reason = book_exposure_reason(entry->book, &event->subject, from, entry->block->header.auth,
                                      event->body.move.lines, count);
    }
    if (reason != INVALID_NONE) {
        return reason;
    }
    for (uint32_t i = 0; i < event->body.move.line_count; i++) {
        const struct lot_line *line = &event->body.move.lines[i];
        take_line(entry, line);
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        lot->granted += line->amount;
        struct pair_key key = book_pair_key(&line->lot, from, to);
        struct book_pair *pair = map_put(&entry->book->pairs, &key);
        pair->granted += line->amount;
        note_grant(entry->book, &key, entry->at.seq, pair->granted);
        add_money(entry->record, lot->bucket, line->amount);
    }
    return INVALID_NONE;
}

static enum invalid_reason judge_accept(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (event->body.accept.line_count == 0) {
        return INVALID_MALFORMED;
    }
    uint64_t from = event->body.accept.from;
    uint64_t seen = book_dep_seq(entry->book, entry->at.journal, from);
    for (uint32_t i = 0; i < event->body.accept.line_count; i++) {
        const struct accept_line *line = &event->body.accept.lines[i];
        struct pair_key key = book_pair_key(&line->lot, from, entry->at.journal);
        const struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        if (lot == NULL || !lot_is_of(lot, &event->subject)) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (line->cumulative > entry_granted_as_of(entry->book, &key, seen)) {
            return INVALID_OVER_ACCEPT;
        }
        if (line->witnessed == 0) {
            continue;
        }
        uint64_t reach = 0;
        enum invalid_reason reason =
            book_witness_reason(entry->book, entry->block->header.auth, seen, event, &reach);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (line->witnessed > line->cumulative ||
            line->witnessed > entry_granted_as_of(entry->book, &key, reach)) {
            return INVALID_OVER_WITNESS;
        }
    }
    return INVALID_NONE;
}

static enum invalid_reason enter_accept(const struct entry *entry)
{
    if (entry->event->body.accept.of != 0) {
        return enter_adopt(entry);
    }
    enum invalid_reason reason = judge_accept(entry);
    if (reason != INVALID_NONE) {
        return reason;
    }
    const struct event *event = entry->event;
    for (uint32_t i = 0; i < event->body.accept.line_count; i++) {
        const struct accept_line *line = &event->body.accept.lines[i];
        struct pair_key key = book_pair_key(&line->lot, event->body.accept.from, entry->at.journal);
        struct book_pair *pair = map_put(&entry->book->pairs, &key);
        if (line->witnessed > pair->witnessed) {
            pair->witnessed = line->witnessed;
        }
        int64_t more = line->cumulative - pair->accepted;
        if (more <= 0) {
            continue;
        }
        int64_t flying = book_pair_flying(pair);
        pair->accepted += more;
        struct grant_key step_key = {.pair = key, .step = pair->accept_steps++};
        struct book_accept *step = map_put(&entry->book->accepts, &step_key);
        step->seq = entry->at.seq;
        step->accepted = pair->accepted;
        int64_t arrived = flying - book_pair_flying(pair);
        struct book_lot *lot = book_lot_of(entry->book, &line->lot);
        lot->accepted += arrived;
        /* What the office accepted in its place is not there a second time. */
        struct holding_key holding_key = book_holding_key(&line->lot, entry->at.journal);
        struct book_holding *holding = map_put(&entry->book->holdings, &holding_key);
        holding->adopted -= more - arrived;
        *held_of(entry->book, &line->lot, entry->at.journal) += more;
        add_money(entry->record, lot->bucket, more);
    }
    return INVALID_NONE;
}

/* '8', branch (5), incarnation (3), serial (6), check digit by Luhn. */
static bool number_is_own(struct bytes number, uint64_t journal)
{
    if (number.size != CARD_NUMBER_SIZE || number.data[0] != '8') {
        return false;
    }
    uint64_t branch = 0;
    uint64_t incarnation = 0;
    uint32_t sum = 0;
    for (size_t i = 0; i < number.size; i++) {
        if (number.data[i] < '0' || number.data[i] > '9') {
            return false;
        }
        uint32_t digit = (uint32_t)(number.data[i] - '0');
        if (i >= 1 && i < 6) {
            branch = branch * 10 + digit;
        }
        if (i >= 6 && i < 9) {
            incarnation = incarnation * 10 + digit;
        }
        if (i % 2 == 0) {
            digit *= 2;
            digit = digit > 9 ? digit - 9 : digit;
        }
        sum += digit;
    }
    return sum % 10 == 0 && branch == journal_branch(journal) &&
           incarnation == journal_incarnation(journal);
}

static enum invalid_reason enter_card(const struct entry *entry, struct bytes number)
{
    if (!number_is_own(number, entry->at.journal)) {
        return INVALID_WRONG_NUMBER;
    }
    entry->opinion->card_repeated = map_find(&entry->book->cards, number.data) != NULL;
    struct card_record *card = map_put(&entry->book->cards, number.data);
    memcpy(card->account, entry->event->subject.bytes, sizeof card->account);
    return INVALID_NONE;
}

static enum invalid_reason enter_open(const struct entry *entry)
{
    struct book_account *account = map_put(&entry->book->accounts, entry->event->subject.bytes);
    memcpy(account->member, entry->event->body.open.member.bytes, sizeof account->member);
    account->product = entry->event->body.open.product;
    account->opened_by = entry->at.journal;
    return INVALID_NONE;
}

static enum invalid_reason enter_admit(const struct entry *entry)
{
    struct book_journal *journal =
        map_put(&entry->book->journals, &entry->event->body.admit.journal);
    journal->roles = entry->event->body.admit.roles;
    memcpy(journal->public_key, entry->event->body.admit.public_key, 32);
    return INVALID_NONE;
}

static enum invalid_reason enter_lease(const struct entry *entry)
{
    const struct event *event = entry->event;
    if (event->body.lease.until_ms <= event->body.lease.issued_ms) {
        return INVALID_MALFORMED;
    }
    bool holds = book_lease_is_signed(entry->book, entry->at.journal, event);
    return holds ? INVALID_NONE : INVALID_BAD_REF;
}

static enum invalid_reason enter_stated(const struct entry *entry)
{
    uint64_t auth = entry->at.seq;
    if (entry->event->type == EVENT_CHECKPOINT_SIGN) {
        book_note_checkpoint(entry->book, auth, entry->event);
    } else if (entry->event->type == EVENT_MINT_APPROVE) {
        book_note_approval(entry->book, auth, entry->event);
    } else {
        book_note_limits(entry->book, auth, entry->event);
    }
    return INVALID_NONE;
}

static enum invalid_reason enter_event(const struct entry *entry)
{
    if (!entry->event->known) {
        return INVALID_MALFORMED;
    }
    switch (entry->event->type) {
    case EVENT_JOURNAL_ADMIT:
        return enter_admit(entry);
    case EVENT_LIMITS_SET:
        note_limits(entry);
        return enter_stated(entry);
    case EVENT_QUOTA_GRANT:
    case EVENT_CHECKPOINT_SIGN:
    case EVENT_MINT_APPROVE:
        return enter_stated(entry);
    case EVENT_JOURNAL_RETIRE:
        return enter_retire(entry);
    case EVENT_JOURNAL_RESOLVE:
        return enter_resolve(entry);
    case EVENT_RIGHTS_RETURN:
        return enter_return(entry);
    case EVENT_RIGHTS_RECLAIM:
        return enter_reclaim(entry);
    case EVENT_TOPUP:
        return enter_topup(entry);
    case EVENT_MINT_RELEASE:
        return enter_release(entry);
    case EVENT_LEASE_RECORD:
        return enter_lease(entry);
    case EVENT_JOURNAL_FORK:
        return enter_fork(entry);
    case EVENT_SPEND:
        return enter_spend(entry);
    case EVENT_SPEND_HOLD:
        return enter_hold(entry);
    case EVENT_SPEND_CAPTURE:
        return enter_capture(entry);
    case EVENT_SPEND_RELEASE:
        return enter_free(entry);
    case EVENT_REFUND:
        return enter_refund(entry);
    case EVENT_LOT_EXPIRE:
        return enter_expire(entry);
    case EVENT_LOT_REBIND:
        return enter_rebind(entry);
    case EVENT_RIGHTS_MOVE:
        return enter_move(entry);
    case EVENT_RIGHTS_ACCEPT:
        return enter_accept(entry);
    case EVENT_RIGHTS_COVER:
        return entry->event->body.cover.kind == COVER_SHORTFALL ? enter_repay(entry)
                                                                : enter_cover(entry);
    case EVENT_RISK_SETTLE:
        return enter_settle(entry);
    case EVENT_RISK_ACK:
        return enter_risk_ack(entry);
    case EVENT_ACCOUNT_OPEN:
        return enter_open(entry);
    case EVENT_CARD_ISSUE:
        return enter_card(entry, entry->event->body.issue.number);
    case EVENT_CARD_REPLACE:
        return enter_card(entry, entry->event->body.replace.number);
    case EVENT_CARD_LOSS_REPORT:
        return enter_freeze(entry, FREEZE_LOSS);
    case EVENT_FREEZE_ACK:
        return enter_freeze_ack(entry);
    case EVENT_ACCOUNT_FREEZE:
        return enter_freeze(entry, entry->event->body.freeze.kind);
    case EVENT_ACCOUNT_UNFREEZE:
        return enter_unfreeze(entry);
    case EVENT_REQUEST_FILE:
        return enter_file(entry);
    case EVENT_REQUEST_CLOSE:
        return enter_close(entry);
    default:
        return INVALID_NONE;
    }
}

static void enter_header(struct book *book, const struct block *block)
{
    const struct block_header *header = &block->header;
    uint64_t key[2] = {header->journal, header->seq};
    struct book_block *record = map_put(&book->blocks, key);
    record->id = block->id;
    record->day = header->day;
    record->events = header->count;
    struct book_journal *journal = map_put(&book->journals, &header->journal);
    journal->seq = header->seq;
    journal->id = block->id;
    journal->hlc = header->hlc;
    journal->day = header->day;
    journal->auth = header->auth;
    for (uint32_t i = 0; i < header->dep_count; i++) {
        uint64_t dep_key[2] = {header->journal, header->deps[i].journal};
        struct dep_record *dep = map_put(&book->deps, dep_key);
        dep->seq = dep->seq > header->deps[i].seq ? dep->seq : header->deps[i].seq;
    }
}

bool book_enter(struct book *book, const struct block *block, struct book_opinion *opinions)
{
    enter_header(book, block);
    for (uint32_t i = 0; i < block->header.count; i++) {
        struct book_opinion *opinion = &opinions[i];
        memset(opinion, 0, sizeof *opinion);
        if (event_decode(block->events[i], &opinion->event) != STATUS_OK) {
            return false;
        }
        struct book_place place = {block->header.journal, block->header.seq, i};
        struct book_event *record = map_put(&book->events, &place);
        struct entry entry = {
            .book = book,
            .block = block,
            .event = &opinion->event,
            .at = {block->header.journal, block->header.seq, (uint16_t)i},
            .leaf = hash_leaf(block->events[i]),
            .opinion = opinion,
            .record = record,
        };
        record->type = opinion->event.type;
        record->till = opinion->event.till;
        record->ticket = opinion->event.ticket;
        record->subject = opinion->event.subject;
        opinion->reason = enter_event(&entry);
        record->reason = (uint8_t)opinion->reason;
        entry_note_past(&entry);
        opinion->record = record;
        book->event_count++;
    }
    return true;
}
