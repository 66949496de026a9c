/* The book's own idea of trust: limits and quotas as they stood, checkpoints, what is witnessed,
 * what waits for approval. Everything is added up from the beginning each time it is asked. */
#include "book_trust.h"
#include "epoch.h"

#include "book_key.h"
#include "sim.h"

#include <string.h>

enum { LIMIT_NAMED = 1, LIMIT_QUOTA };

static uint64_t next_number(const struct map *map)
{
    return map->count;
}

static struct book_limit *new_limit(struct book *book, uint64_t auth, uint32_t branch)
{
    uint64_t number = next_number(&book->limits);
    struct book_limit *limit = map_put(&book->limits, &number);
    limit->auth = auth;
    limit->branch = branch;
    return limit;
}

void book_note_limits(struct book *book, uint64_t auth, const struct event *event)
{
    if (event->type == EVENT_LIMITS_SET) {
        for (uint32_t i = 0; i < event->body.limits.count; i++) {
            const struct named_limit *named = &event->body.limits.limits[i];
            struct book_limit *limit = new_limit(book, auth, event->body.limits.branch);
            limit->kind = LIMIT_NAMED;
            memcpy(limit->name, named->name.data, named->name.size);
            limit->value = named->value;
        }
        return;
    }
    for (uint32_t i = 0; i < event->body.quota.count; i++) {
        struct book_limit *limit = new_limit(book, auth, event->body.quota.branch);
        limit->kind = LIMIT_QUOTA;
        limit->bucket = event->body.quota.quotas[i].bucket;
        limit->value = event->body.quota.quotas[i].per_day;
    }
}

/* The branch's own word, whenever it came, stands before the one for all. */
static int64_t limit_as_of(const struct book *book, uint8_t kind, const char *name, uint8_t bucket,
                           uint32_t branch, uint64_t auth)
{
    int64_t common = 0;
    int64_t own = -1;
    for (uint32_t i = 0; i < book->limits.count; i++) {
        const struct book_limit *limit = map_at(&book->limits, i);
        bool same = limit->kind == kind && limit->auth <= auth && limit->bucket == bucket &&
                    (name == NULL || strcmp(limit->name, name) == 0);
        if (same && limit->branch == 0) {
            common = limit->value;
        } else if (same && limit->branch == branch) {
            own = limit->value;
        }
    }
    return own >= 0 ? own : common;
}

int64_t book_limit(const struct book *book, const char *name, uint64_t journal, uint64_t auth)
{
    return limit_as_of(book, LIMIT_NAMED, name, 0, journal_branch(journal), auth);
}

void book_note_checkpoint(struct book *book, uint64_t auth, const struct event *event)
{
    for (uint32_t i = 0; i < event->body.checkpoint.tip_count; i++) {
        uint64_t number = next_number(&book->checkpoints);
        struct book_checkpoint *checkpoint = map_put(&book->checkpoints, &number);
        checkpoint->auth = auth;
        checkpoint->journal = event->body.checkpoint.tips[i].journal;
        checkpoint->seq = event->body.checkpoint.tips[i].seq;
        checkpoint->id = event->body.checkpoint.tips[i].id;
    }
}

void book_note_approval(struct book *book, uint64_t auth, const struct event *event)
{
    struct book_place place = book_place_of(event->body.approve.mint);
    struct book_approval *approval = map_put(&book->approvals, &place);
    if (approval->auth == 0) {
        approval->auth = auth;
    }
}

/* ---- minting ---- */

static bool is_office(const struct book *book, uint64_t journal)
{
    const struct book_journal *record = book_journal_of(book, journal);
    return record != NULL && (record->roles & ROLE_OFFICE) != 0;
}

static int64_t minted_on(const struct book *book, uint64_t journal, uint64_t day, uint8_t bucket)
{
    uint64_t key[3] = {journal, day, bucket};
    const struct book_minted *minted = map_find(&book->minted, key);
    return minted == NULL ? 0 : minted->amount;
}

enum invalid_reason book_mint_reason(const struct book *book, uint64_t journal, uint64_t day,
                                     uint64_t auth, const struct lot_terms *lots, uint32_t count)
{
    if (is_office(book, journal)) {
        return INVALID_NONE;
    }
    const struct book_block *authority = book_block_at(book, journal_of(0, 1), auth);
    int64_t latest = (authority == NULL ? 0 : (int64_t)authority->day) +
                     book_limit(book, "offline_days", journal, auth);
    if ((int64_t)day > latest) {
        return INVALID_OVER_QUOTA;
    }
    for (uint8_t bucket = 1; bucket <= BUCKET_CAPACITY; bucket++) {
        int64_t more = 0;
        for (uint32_t i = 0; i < count; i++) {
            more += lots[i].bucket == bucket ? lots[i].amount : 0;
        }
        int64_t quota = limit_as_of(book, LIMIT_QUOTA, NULL, bucket, journal_branch(journal), auth);
        if (more > 0 && minted_on(book, journal, day, bucket) + more > quota) {
            return INVALID_OVER_QUOTA;
        }
    }
    return INVALID_NONE;
}

void book_note_minted(struct book *book, uint64_t journal, uint64_t day,
                      const struct lot_terms *lots, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t key[3] = {journal, day, lots[i].bucket};
        struct book_minted *minted = map_put(&book->minted, key);
        minted->amount += lots[i].amount;
    }
}

bool book_may_wait(const struct book *book, const struct block_header *header,
                   const struct book_opinion *opinion)
{
    return opinion->reason == INVALID_OVER_QUOTA &&
           book_limit(book, "pending_mints", header->journal, header->auth) > 0;
}

struct book_pending *book_pending_at(const struct book *book, struct event_ref mint)
{
    struct book_place place = book_place_of(mint);
    return map_find(&book->pendings, &place);
}

enum invalid_reason book_release_reason(const struct book *book, uint64_t journal, uint64_t auth,
                                        const struct event *event)
{
    struct event_ref mint = event->body.approve.mint;
    const struct book_pending *pending = book_pending_at(book, mint);
    struct book_place place = book_place_of(mint);
    const struct book_approval *approval = map_find(&book->approvals, &place);
    bool good = mint.journal == journal && pending != NULL && !pending->released &&
                memcmp(pending->account, event->subject.bytes, 16) == 0 && approval != NULL &&
                approval->auth <= auth;
    return good ? INVALID_NONE : INVALID_BAD_REF;
}

/* ---- witnesses ---- */

enum invalid_reason book_witness_reason(const struct book *book, uint64_t auth, uint64_t seen,
                                        const struct event *event, uint64_t *reach)
{
    uint64_t from = event->body.accept.from;
    *reach = seen;
    if (is_office(book, from)) {
        return INVALID_NONE;
    }
    const struct book_checkpoint *best = NULL;
    for (uint32_t i = 0; i < book->checkpoints.count; i++) {
        const struct book_checkpoint *one = map_at(&book->checkpoints, i);
        if (one->journal == from && one->auth <= event->body.accept.checkpoint &&
            (best == NULL || one->seq > best->seq)) {
            best = one;
        }
    }
    if (event->body.accept.checkpoint > auth || best == NULL || best->seq > seen) {
        return INVALID_OVER_WITNESS;
    }
    const struct book_block *block = book_block_at(book, from, best->seq);
    if (block == NULL || !digest_equal(&block->id, &best->id)) {
        return INVALID_OVER_WITNESS;
    }
    *reach = best->seq;
    return INVALID_NONE;
}

/* Of one lot at one journal, if it held `held`. */
static int64_t exposed_of_lot(const struct book *book, const struct lot_id *lot, uint64_t journal,
                              int64_t held)
{
    int64_t unwitnessed = 0;
    for (uint32_t i = 0; i < book->journals.count; i++) {
        const struct book_journal *giver = map_at(&book->journals, i);
        struct pair_key key = book_pair_key(lot, giver->journal, journal);
        const struct book_pair *pair =
            is_office(book, giver->journal) ? NULL : map_find(&book->pairs, &key);
        if (pair != NULL && pair->accepted > pair->witnessed + pair->returned) {
            unwitnessed += pair->accepted - pair->witnessed - pair->returned;
        }
    }
    /* What was taken back with its top-up was neither used nor passed on; what it burned hurt
     * nobody. */
    struct holding_key key = book_holding_key(lot, journal);
    const struct book_holding *holding = map_find(&book->holdings, &key);
    held += holding == NULL ? 0 : holding->voided + holding->expired;
    return unwitnessed > held ? unwitnessed - held : 0;
}

int64_t book_exposed(const struct book *book, const struct subject_id *account, uint64_t journal)
{
    const struct book_account *record = map_find(&book->accounts, account->bytes);
    int64_t sum = 0;
    for (uint32_t i = 0; record != NULL && i < record->lot_count; i++) {
        struct lot_id id;
        memcpy(id.bytes, record->lots[i]->id, sizeof id.bytes);
        if (book_bucket_is_money(record->lots[i]->bucket)) {
            sum += exposed_of_lot(book, &id, journal, book_held(book, &id, journal));
        }
    }
    return sum;
}

enum invalid_reason book_exposure_reason(const struct book *book, const struct subject_id *account,
                                         uint64_t journal, uint64_t auth,
                                         const struct lot_line *lines, uint32_t count)
{
    int64_t change = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t held = book_held(book, &lines[i].lot, journal);
        change += exposed_of_lot(book, &lines[i].lot, journal, held - lines[i].amount) -
                  exposed_of_lot(book, &lines[i].lot, journal, held);
    }
    if (change <= 0) {
        return INVALID_NONE;
    }
    int64_t limit = book_limit(book, "unwitnessed_limit", journal, auth);
    return book_exposed(book, account, journal) + change > limit ? INVALID_EXPOSED : INVALID_NONE;
}

bool book_lease_is_signed(const struct book *book, uint64_t journal, const struct event *event)
{
    uint8_t memory[128];
    struct buffer body = BUFFER_OVER(memory);
    if (book->sim == NULL ||
        lease_signed_bytes(&book->sim->network_id, journal, event->body.lease.issued_ms,
                           event->body.lease.until_ms, &body) != STATUS_OK) {
        return false;
    }
    return epoch_signed(book->sim, buffer_bytes(&body), event->body.lease.signature);
}
