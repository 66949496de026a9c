/* What the account book adds up to: conservation, and what retired journals left. */
#include "book.h"

#include "book_key.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t book_pair_flying(const struct book_pair *pair)
{
    return pair->granted - larger(pair->accepted, pair->adopted);
}

static int64_t total_of(const struct book_holding *holding)
{
    return holding->held + holding->on_hold + holding->adopted + holding->returned - holding->taken;
}

int64_t book_holding_good(const struct book_holding *holding)
{
    return larger(0, -total_of(holding));
}

int64_t book_holding_loss(const struct book_holding *holding)
{
    return larger(0, -total_of(holding) - holding->expired);
}

int64_t book_shown(const struct book *book, const struct lot_id *lot, uint64_t journal)
{
    struct holding_key key = book_holding_key(lot, journal);
    const struct book_holding *holding = map_find(&book->holdings, &key);
    return holding == NULL ? 0 : larger(0, total_of(holding));
}

int64_t book_pictured(const struct book *book, const struct lot_id *lot, uint64_t journal)
{
    struct holding_key key = book_holding_key(lot, journal);
    const struct book_holding *holding = map_find(&book->holdings, &key);
    bool apart = holding == NULL || book_stands_apart(holding);
    return book_shown(book, lot, journal) - (apart ? 0 : holding->on_hold);
}

/* What the office's acceptances add to those that the journal itself had made by its block `seq`.
 */
static int64_t adopted_at(const struct book *book, const struct lot_id *lot, uint64_t from,
                          uint64_t to, uint64_t seq)
{
    struct grant_key key = {.pair = book_pair_key(lot, from, to)};
    const struct book_pair *pair = map_find(&book->pairs, &key.pair);
    if (pair == NULL || pair->adopted == 0) {
        return 0;
    }
    for (key.step = pair->accept_steps; key.step-- > 0;) {
        const struct book_accept *step = map_find(&book->accepts, &key);
        if (step->seq <= seq) {
            return larger(0, pair->adopted - step->accepted);
        }
    }
    return pair->adopted;
}

int64_t book_left_at(const struct book *book, const struct lot_id *lot, uint64_t journal,
                     uint64_t seq)
{
    struct past_key key = {.holding = book_holding_key(lot, journal)};
    const struct book_holding *holding = map_find(&book->holdings, &key.holding);
    if (holding == NULL) {
        return 0;
    }
    int64_t held = 0;
    for (key.step = holding->steps; key.step-- > 0;) {
        const struct book_past *past = map_find(&book->pasts, &key);
        if (past->seq <= seq) {
            held = past->held;
            break;
        }
    }
    for (uint32_t i = 0; i < book->journals.count; i++) {
        const struct book_journal *giver = map_at(&book->journals, i);
        held += adopted_at(book, lot, giver->journal, journal, seq);
    }
    return held + holding->returned - holding->taken;
}

static struct lot_id lot_of(const uint8_t lot[16])
{
    struct lot_id id;
    memcpy(id.bytes, lot, sizeof id.bytes);
    return id;
}

void book_make_good(struct book *book)
{
    for (uint32_t i = 0; i < book->lots.count; i++) {
        struct book_lot *lot = map_at(&book->lots, i);
        lot->made_good = 0;
    }
    for (uint32_t i = 0; i < book->holdings.count; i++) {
        const struct book_holding *holding = map_at(&book->holdings, i);
        struct book_lot *lot = map_find(&book->lots, holding->lot);
        if (lot != NULL) {
            lot->made_good += book_holding_good(holding);
        }
    }
}

static bool is_retired(const struct book *book, uint64_t journal)
{
    const struct book_journal *entry = book_journal_of(book, journal);
    return entry != NULL && entry->retired_at != 0;
}

static bool is_money(const struct book *book, const uint8_t lot[16])
{
    const struct book_lot *entry = map_find(&book->lots, lot);
    return entry != NULL && book_bucket_is_money(entry->bucket);
}

const uint8_t *book_unsettled(const struct book *book, uint64_t office, uint64_t *journal)
{
    for (uint32_t i = 0; i < book->holdings.count; i++) {
        const struct book_holding *holding = map_at(&book->holdings, i);
        if (!is_retired(book, holding->journal) || !is_money(book, holding->lot)) {
            continue;
        }
        struct lot_id lot = lot_of(holding->lot);
        bool lacks = book_holding_good(holding) > 0 && holding->taken > 0 &&
                     book_held(book, &lot, office) > 0;
        if (total_of(holding) > 0 || lacks) {
            *journal = holding->journal;
            return holding->lot;
        }
    }
    for (uint32_t i = 0; i < book->pairs.count; i++) {
        const struct book_pair *pair = map_at(&book->pairs, i);
        if (is_retired(book, pair->to) && is_money(book, pair->lot) && book_pair_flying(pair) > 0) {
            *journal = pair->to;
            return pair->lot;
        }
    }
    return NULL;
}

const struct book_lot *book_unbalanced(const struct book *book)
{
    struct map sums = map_of(16, 32);
    for (uint32_t i = 0; i < book->holdings.count; i++) {
        const struct book_holding *holding = map_at(&book->holdings, i);
        uint8_t *record = map_put(&sums, holding->lot);
        int64_t sum[2];
        memcpy(sum, record + 16, sizeof sum);
        sum[0] += larger(0, total_of(holding));
        sum[1] += holding->held < 0 || holding->on_hold < 0 ? 1 : 0;
        memcpy(record + 16, sum, sizeof sum);
    }
    const struct book_lot *bad = NULL;
    for (uint32_t i = 0; i < book->lots.count && bad == NULL; i++) {
        const struct book_lot *lot = map_at(&book->lots, i);
        const uint8_t *record = map_find(&sums, lot->id);
        int64_t sum[2] = {0, 0};
        if (record != NULL) {
            memcpy(sum, record + 16, sizeof sum);
        }
        int64_t flying = lot->granted - lot->accepted;
        if (flying < 0 || sum[0] < 0 || sum[1] > 0 || book_lot_left(lot) < 0 ||
            lot->issued + lot->adopted + lot->refunded + lot->made_good !=
                lot->used + lot->expired + lot->rebound + sum[0] + flying) {
            bad = lot;
        }
    }
    map_free(&sums);
    return bad;
}
