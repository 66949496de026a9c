#include "book.h"

#include "book_key.h"
#include "book_risk.h"
#include "book_trust.h"

#include <stdlib.h>

struct book *book_new(void)
{
    struct book *book = calloc(1, sizeof *book);
    if (book == NULL) {
        abort();
    }
    book->journals = map_of(sizeof(uint64_t), sizeof(struct book_journal));
    book->blocks = map_of(2 * sizeof(uint64_t), sizeof(struct book_block));
    book->events = map_of(sizeof(struct book_place), sizeof(struct book_event));
    book->lots = map_of(16, sizeof(struct book_lot));
    book->holdings = map_of(sizeof(struct holding_key), sizeof(struct book_holding));
    book->pairs = map_of(sizeof(struct pair_key), sizeof(struct book_pair));
    book->pasts = map_of(sizeof(struct past_key), sizeof(struct book_past));
    book->accepts = map_of(sizeof(struct grant_key), sizeof(struct book_accept));
    book->grants = map_of(sizeof(struct grant_key), sizeof(struct book_grant));
    book->grant_counts = map_of(sizeof(struct pair_key), sizeof(struct step_count));
    book->deps = map_of(2 * sizeof(uint64_t), sizeof(struct dep_record));
    book->accounts = map_of(16, sizeof(struct book_account));
    book->tokens = map_of(sizeof(struct token_key), sizeof(struct book_token));
    book->cards = map_of(CARD_NUMBER_SIZE, sizeof(struct card_record));
    book->holds = map_of(sizeof(struct book_place), sizeof(struct book_hold));
    book->wishes = map_of(sizeof(struct book_place), sizeof(struct book_wish));
    book->days = map_of(2 * sizeof(uint64_t), sizeof(struct book_day));
    book->risks = map_of(sizeof(struct book_place), sizeof(struct book_risk));
    book->caps = map_of(sizeof(uint64_t), sizeof(struct book_cap));
    book->burned = map_of(4 * sizeof(uint64_t), sizeof(struct book_burned));
    book->limits = map_of(sizeof(uint64_t), sizeof(struct book_limit));
    book->checkpoints = map_of(sizeof(uint64_t), sizeof(struct book_checkpoint));
    book->approvals = map_of(sizeof(struct book_place), sizeof(struct book_approval));
    book->minted = map_of(3 * sizeof(uint64_t), sizeof(struct book_minted));
    book->pendings = map_of(sizeof(struct book_place), sizeof(struct book_pending));
    return book;
}

void book_free(struct book *book)
{
    if (book == NULL) {
        return;
    }
    for (uint32_t i = 0; i < book->accounts.count; i++) {
        struct book_account *account = map_at(&book->accounts, i);
        free(account->lots);
    }
    struct map *maps[] = {
        &book->journals, &book->blocks,      &book->events,       &book->lots,   &book->holdings,
        &book->pairs,    &book->grants,      &book->grant_counts, &book->deps,   &book->tokens,
        &book->cards,    &book->days,        &book->wishes,       &book->risks,  &book->caps,
        &book->limits,   &book->checkpoints, &book->approvals,    &book->minted, &book->pendings,
        &book->accounts, &book->pasts,       &book->accepts,      &book->burned, &book->holds};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        map_free(maps[i]);
    }
    free(book);
}

struct book_journal *book_journal_of(const struct book *book, uint64_t journal)
{
    return map_find(&book->journals, &journal);
}

struct book_block *book_block_at(const struct book *book, uint64_t journal, uint64_t seq)
{
    uint64_t key[2] = {journal, seq};
    return map_find(&book->blocks, key);
}

struct book_place book_place_of(struct event_ref ref)
{
    return (struct book_place){.journal = ref.journal, .seq = ref.seq, .index = ref.index};
}

struct book_event *book_event_at(const struct book *book, struct event_ref ref)
{
    struct book_place place = book_place_of(ref);
    return map_find(&book->events, &place);
}

struct book_lot *book_lot_of(const struct book *book, const struct lot_id *lot)
{
    return map_find(&book->lots, lot->bytes);
}

struct holding_key book_holding_key(const struct lot_id *lot, uint64_t journal)
{
    struct holding_key key = {.journal = journal};
    memcpy(key.lot, lot->bytes, sizeof key.lot);
    return key;
}

int64_t book_held(const struct book *book, const struct lot_id *lot, uint64_t journal)
{
    struct holding_key key = book_holding_key(lot, journal);
    const struct book_holding *holding = map_find(&book->holdings, &key);
    return holding == NULL ? 0 : holding->held;
}

struct pair_key book_pair_key(const struct lot_id *lot, uint64_t from, uint64_t to)
{
    struct pair_key key = {.from = from, .to = to};
    memcpy(key.lot, lot->bytes, sizeof key.lot);
    return key;
}

static const struct book_pair *pair_of(const struct book *book, const struct lot_id *lot,
                                       uint64_t from, uint64_t to)
{
    struct pair_key key = book_pair_key(lot, from, to);
    return map_find(&book->pairs, &key);
}

int64_t book_granted(const struct book *book, const struct lot_id *lot, uint64_t from, uint64_t to)
{
    const struct book_pair *pair = pair_of(book, lot, from, to);
    return pair == NULL ? 0 : pair->granted;
}

int64_t book_accepted(const struct book *book, const struct lot_id *lot, uint64_t from, uint64_t to)
{
    const struct book_pair *pair = pair_of(book, lot, from, to);
    return pair == NULL ? 0 : pair->accepted;
}

int64_t book_lot_left(const struct book_lot *lot)
{
    return lot->issued + lot->adopted + lot->refunded + lot->made_good - lot->used - lot->expired -
           lot->rebound;
}

bool book_bucket_is_money(uint8_t bucket)
{
    return bucket == BUCKET_PRINCIPAL || bucket == BUCKET_BONUS;
}

static const struct book_account no_account;

static const struct book_account *account_of(const struct book *book,
                                             const struct subject_id *account)
{
    const struct book_account *found = map_find(&book->accounts, account->bytes);
    return found == NULL ? &no_account : found;
}

int64_t book_left_of_account(const struct book *book, const struct subject_id *account,
                             uint8_t bucket)
{
    const struct book_account *record = account_of(book, account);
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        sum += lot->bucket == bucket ? book_lot_left(lot) : 0;
    }
    return sum;
}

int64_t book_good_of_account(const struct book *book, const struct subject_id *account)
{
    const struct book_account *record = account_of(book, account);
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        sum += book_bucket_is_money(lot->bucket) ? lot->made_good : 0;
    }
    return sum;
}

static struct lot_id id_of(const struct book_lot *lot)
{
    struct lot_id id;
    memcpy(id.bytes, lot->id, sizeof id.bytes);
    return id;
}

bool book_lot_is_valid_on(const struct book_lot *lot, uint32_t day)
{
    return day == 0 || (day >= lot->from_day && (lot->to_day == 0 || day <= lot->to_day));
}

static int64_t coming_to(const struct book *book, const struct lot_id *lot, uint64_t journal)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < book->journals.count; i++) {
        const struct book_journal *giver = map_at(&book->journals, i);
        struct pair_key key = book_pair_key(lot, giver->journal, journal);
        const struct book_pair *pair = map_find(&book->pairs, &key);
        sum += pair == NULL ? 0 : book_pair_flying(pair);
    }
    return sum;
}

int64_t book_usable(const struct book *book, const struct subject_id *account, uint64_t journal,
                    uint32_t day)
{
    const struct book_account *record = account_of(book, account);
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        if (book_bucket_is_money(lot->bucket) && book_lot_is_valid_on(lot, day)) {
            struct lot_id id = id_of(lot);
            sum += book_held(book, &id, journal) + coming_to(book, &id, journal);
        }
    }
    return sum;
}

int64_t book_sure_of_account(const struct book *book, const struct subject_id *account,
                             uint64_t journal, uint32_t day)
{
    const struct book_account *record = account_of(book, account);
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        if (book_bucket_is_money(lot->bucket) && book_lot_left(lot) > 0 && lot->to_day == 0 &&
            lot->from_day <= day) {
            struct lot_id id = id_of(lot);
            sum += book_held(book, &id, journal);
        }
    }
    return sum;
}

int64_t book_held_of_account(const struct book *book, const struct subject_id *account,
                             uint64_t journal)
{
    const struct book_account *record = account_of(book, account);
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        if (book_bucket_is_money(lot->bucket) && book_lot_left(lot) > 0) {
            struct lot_id id = id_of(lot);
            sum += book_held(book, &id, journal);
        }
    }
    return sum;
}

uint32_t book_lots_of_account(const struct book *book, const struct subject_id *account)
{
    const struct book_account *record = account_of(book, account);
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        count += book_bucket_is_money(lot->bucket) && book_lot_left(lot) > 0 ? 1 : 0;
    }
    return count;
}

const struct book_token *book_newest_token(const struct book *book,
                                           const struct subject_id *account)
{
    return account_of(book, account)->tokens;
}

uint32_t book_tokens(const struct book *book, const struct subject_id *account)
{
    uint32_t live = 0;
    for (const struct book_token *token = book_newest_token(book, account); token != NULL;
         token = token->earlier) {
        live += token->seen && token->lift_count == 0 ? 1 : 0;
    }
    return live;
}

int64_t book_refundable(const struct book *book, struct event_ref sale)
{
    struct book_place place = book_place_of(sale);
    const struct book_event *event = map_find(&book->events, &place);
    if (event == NULL) {
        return 0;
    }
    const struct book_account *record = account_of(book, &event->subject);
    int64_t sum = 0;
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        if (lot->bucket == BUCKET_REFUND && memcmp(&lot->issued_by, &place, sizeof place) == 0) {
            sum += book_lot_left(lot) - lot->made_good;
        }
    }
    return sum;
}

int64_t book_refundable_at(const struct book *book, struct event_ref sale, uint64_t journal)
{
    struct book_place place = book_place_of(sale);
    const struct book_event *event = map_find(&book->events, &place);
    int64_t sum = 0;
    const struct book_account *record =
        event == NULL ? &no_account : account_of(book, &event->subject);
    for (uint32_t i = 0; i < record->lot_count; i++) {
        const struct book_lot *lot = record->lots[i];
        if (lot->bucket == BUCKET_REFUND && memcmp(&lot->issued_by, &place, sizeof place) == 0) {
            struct lot_id id = id_of(lot);
            sum += book_held(book, &id, journal) + coming_to(book, &id, journal);
        }
    }
    return sum;
}

uint32_t book_wishes_open(const struct book *book, uint64_t journal)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < book->wishes.count; i++) {
        const struct book_wish *wish = map_at(&book->wishes, i);
        open += wish->to == journal && wish->outcome == 0 && wish->office_outcome == 0 ? 1 : 0;
    }
    return open;
}
