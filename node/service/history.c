/* What happened to an account, newest first, and everything that was admitted, in order. */
#include "event_codec.h"
#include "fold.h"
#include "later.h"
#include "query.h"
#include "row_key.h"

#include "block_codec.h"
#include "desk.h"

#include <assert.h>
#include <string.h>

enum {
    KEY_HLC_AT = 17,
    KEY_REF_AT = 25,
    SCAN_MAX = 4096, /* rows looked at for one page: a filter that finds little ends early */
    FEED_BLOCKS_MAX = 64,
};

/* How a line changed the member's balance. */
static int sign_of(const struct statement_record *record)
{
    if (record->verdict != EVENT_VALID) {
        return 0;
    }
    if (record->type == EVENT_SPEND || record->type == EVENT_SPEND_CAPTURE ||
        record->type == EVENT_RIGHTS_COVER || record->type == EVENT_LOT_EXPIRE) {
        return -1;
    }
    if (record->type == EVENT_LOT_REBIND) {
        return record->incoming ? 1 : -1;
    }
    /* A top-up that waited counts when it is released. */
    bool comes = record->type == EVENT_TOPUP || record->type == EVENT_REFUND ||
                 record->type == EVENT_MINT_RELEASE;
#if defined(MUTANT_release_unlisted)
    comes = comes && record->type != EVENT_MINT_RELEASE;
#endif
    return comes ? 1 : 0;
}

static bool is_asked(const struct request *request, const struct history_entry *entry)
{
    bool time =
        (request->body.history.from_ms == 0 || entry->at_ms >= request->body.history.from_ms) &&
        (request->body.history.to_ms == 0 || entry->at_ms <= request->body.history.to_ms);
    bool type = request->body.history.type == 0 || entry->type == request->body.history.type;
    bool branch = request->body.history.branch == 0 ||
                  journal_branch(entry->event.journal) == request->body.history.branch;
    return time && type && branch;
}

static void show_line(const uint8_t *key, const struct statement_record *record, int64_t balance,
                      struct history_entry *entry)
{
    int sign = sign_of(record);
    /* A sale without cover is owed from then on; a cover takes it from the lots instead. */
    int64_t uncovered = sign == 0                            ? 0
                        : record->type == EVENT_RIGHTS_COVER ? record->uncovered
                                                             : -record->uncovered;
    struct event_ref event = key_ref(key + KEY_REF_AT);
    event.index = (uint16_t)~event.index;
    *entry = (struct history_entry){.event = event,
                                    .at_ms = (int64_t)(~key_u64(key + KEY_HLC_AT) >> 16),
                                    .type = record->type,
                                    .verdict = record->verdict,
                                    .reason = record->reason,
                                    .tender = record->tender,
                                    .till = record->till,
                                    .staff = record->staff,
                                    .principal = sign * record->principal,
                                    .bonus = sign * record->bonus,
                                    .balance_after = balance,
                                    .balance_known = true,
                                    .sale = record->sale,
                                    .to_journal = record->to_journal,
                                    .moved = record->moved,
                                    .other = record->other,
                                    .uncovered = uncovered,
                                    .ticket = record->ticket};
}

/* When a card of the account was lost and not yet found again: (from, to), to = 0 for still. */
struct losses {
    uint32_t count;
    struct {
        uint64_t from;
        uint64_t to;
    } list[FREEZE_TOKENS_MAX];
};

static void find_losses(struct node *node, const struct subject_id *account, struct losses *losses)
{
    losses->count = 0;
    struct walk walk = walk_over(key_of_subject(TABLE_FREEZE, account));
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    while (losses->count < FREEZE_TOKENS_MAX && walk_next(node, &walk, &value)) {
        struct freeze_record token;
        if (freeze_decode(buffer_bytes(&value), &token) && token.seen &&
            token.kind == FREEZE_LOSS) {
            losses->list[losses->count].from = token.hlc;
            losses->list[losses->count].to = token.lifted_hlc;
            losses->count++;
        }
    }
}

/* Sold after the report by a branch that had not heard of it: VALID, for the goods are gone, and
 * shown to people. The operator bears it unless its terms say otherwise. */
static bool is_after_loss(const struct losses *losses, const struct statement_record *record,
                          uint64_t hlc)
{
    bool after = false;
    for (uint32_t i = 0; record->type == EVENT_SPEND && i < losses->count; i++) {
        after = after || (hlc > losses->list[i].from &&
                          (losses->list[i].to == 0 || hlc < losses->list[i].to));
    }
    return after;
}

/* The balance after the newest line is the balance now; going back in time each line's change is
 * taken off. A cursor carries the running balance, so a page never recomputes what was shown. Lines
 * that a filter hides still count. */
enum verdict query_history(struct node *node, const struct request *request, struct answer *answer,
                           struct page *page)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.history.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    struct sheet sheet;
    (void)sheet_load_committed(node->rows, &answer->account, &sheet);
    int64_t balance = sheet_balance(&sheet);
    struct walk walk = walk_over(key_of_subject(TABLE_STATEMENT, &answer->account));
    if (request->cursor.size > 8) {
        balance = (int64_t)key_u64(request->cursor.data);
        walk_from(&walk, bytes_of(request->cursor.data + 8, request->cursor.size - 8));
    }
    struct losses losses;
    find_losses(node, &answer->account, &losses);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    for (uint32_t scanned = 0;; scanned++) {
        struct walk before = walk;
        int64_t balance_before = balance;
        if (!walk_next(node, &walk, &value)) {
            return VERDICT_ALLOWED;
        }
        struct statement_record record;
        struct history_entry entry;
        if (!statement_decode(buffer_bytes(&value), &record)) {
            continue;
        }
        show_line(walk.key_memory, &record, balance, &entry);
        entry.after_loss = is_after_loss(&losses, &record, ~key_u64(walk.key_memory + KEY_HLC_AT));
        balance -= entry.principal + entry.bonus + entry.uncovered;
        bool asked = is_asked(request, &entry);
        if ((asked && page->count == request->page_limit) || scanned == SCAN_MAX) {
            struct row_key cursor = {0};
            row_key_u64(&cursor, (uint64_t)balance_before);
            row_key_raw(&cursor, before.after, before.after_size);
            page->more = true;
            page->cursor_size = cursor.size;
            memcpy(page->cursor, cursor.bytes, cursor.size);
            return VERDICT_ALLOWED;
        }
        if (asked) {
            page->rows.history[page->count++] = entry;
        }
    }
}

/* Verdict and reason as this node filed them. */
static void show_verdict(struct node *node, struct feed_entry *entry)
{
    struct row_key key = row_key(TABLE_INVALID);
    row_key_u32(&key, journal_branch(entry->event.journal));
    row_key_ref(&key, entry->event);
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    struct invalid_record invalid;
    if (rows_load_committed(node->rows, row_key_bytes(&key), &value) &&
        invalid_decode(buffer_bytes(&value), &invalid)) {
        entry->verdict = EVENT_INVALID;
        entry->reason = invalid.reason;
    }
}

static void show_event(struct node *node, const struct block *block, uint32_t index,
                       uint64_t position, struct feed_entry *entry)
{
    *entry = (struct feed_entry){.position = position,
                                 .event = {.journal = block->header.journal,
                                           .seq = block->header.seq,
                                           .index = (uint16_t)index},
                                 .at_ms = (int64_t)(block->header.hlc >> 16),
                                 .day = block->header.day};
    if (later_decode(node, block->events[index], &node->event) != STATUS_OK) {
        return;
    }
    entry->type = node->event.type;
    entry->subject = node->event.subject;
    entry->ticket = node->event.ticket;
    entry->till = node->event.till;
    entry->staff = node->event.staff;
    show_verdict(node, entry);
    if (later_is_newer(node, entry->type)) {
        entry->verdict = EVENT_UNKNOWN;
    }
    if (entry->verdict == EVENT_VALID) {
        event_amounts(node->rows, &node->event, &entry->principal, &entry->bonus);
        entry->uncovered = entry->type == EVENT_SPEND ? node->event.body.spend.risk : 0;
    }
}

/* Position (8 bytes) and index (2 bytes) of the last event shown. */
enum verdict query_feed(struct node *node, const struct request *request, struct page *page)
{
    uint64_t position = request->body.feed.after;
    uint32_t index = UINT32_MAX; /* the whole block at `position` was shown */
    if (request->cursor.size == 10) {
        position = key_u64(request->cursor.data);
        index = key_u16(request->cursor.data + 8);
    }
    if (index == UINT32_MAX) {
        position++;
        index = 0;
    } else {
        index++;
    }
    for (;; position++, index = 0) {
        struct row_key key = row_key(TABLE_FEED);
        row_key_u64(&key, position);
        uint8_t memory[32];
        struct buffer place = BUFFER_OVER(memory);
        if (!rows_load_committed(node->rows, row_key_bytes(&key), &place)) {
            return VERDICT_ALLOWED;
        }
        struct row_key block_key = key_of_block(key_u64(memory), key_u64(memory + 8));
        struct buffer whole = BUFFER_OVER(node->block_bytes);
        if (!rows_load_committed(node->rows, row_key_bytes(&block_key), &whole) ||
            block_decode(buffer_bytes(&whole), &node->decoded) != STATUS_OK) {
            return VERDICT_ALLOWED;
        }
        for (; index < node->decoded.header.count; index++) {
            show_event(node, &node->decoded, index, position, &page->rows.feed[page->count++]);
            if (page->count == request->page_limit) {
                struct row_key cursor = {0};
                row_key_u64(&cursor, position);
                row_key_u16(&cursor, (uint16_t)index);
                page->more = true;
                page->cursor_size = cursor.size;
                memcpy(page->cursor, cursor.bytes, cursor.size);
                return VERDICT_ALLOWED;
            }
        }
    }
}

/* The block at a position of the feed, as it is stored. False past the last one. */
static bool block_at_position(struct node *node, uint64_t position, struct buffer *whole)
{
    struct row_key key = row_key(TABLE_FEED);
    row_key_u64(&key, position);
    uint8_t memory[32];
    struct buffer place = BUFFER_OVER(memory);
    if (!rows_load_committed(node->rows, row_key_bytes(&key), &place)) {
        return false;
    }
    struct row_key block_key = key_of_block(key_u64(memory), key_u64(memory + 8));
    return rows_load_committed(node->rows, row_key_bytes(&block_key), whole);
}

void query_blocks(struct node *node, const struct request *request, struct page *page)
{
    struct blocks_page *blocks = &page->rows.blocks;
    blocks->last = request->body.feed.after;
    blocks->more = false;
    blocks->size = 0;
    blocks->state = rows_digest_committed(node->rows);
    assert(node->manifest.size <= sizeof blocks->manifest);
    blocks->manifest_size = (uint32_t)node->manifest.size;
    memcpy(blocks->manifest, node->manifest.data, node->manifest.size);
    for (;;) {
        struct buffer whole = BUFFER_OVER(node->block_bytes);
        if (!block_at_position(node, blocks->last + 1, &whole)) {
            return;
        }
        if (whole.size + 4 > sizeof blocks->bytes - blocks->size) {
            blocks->more = true;
            return;
        }
        uint8_t *at = blocks->bytes + blocks->size;
        for (int i = 0; i < 4; i++) {
            at[i] = (uint8_t)(whole.size >> (24 - 8 * i));
        }
        memcpy(at + 4, whole.data, whole.size);
        blocks->size += (uint32_t)whole.size + 4;
        blocks->last++;
        page->count++;
    }
}
