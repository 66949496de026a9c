/* All lots that an account ever had: added up from the registers of every journal. */
#include "query.h"

#include "desk.h"
#include "row_key.h"

#include "calendar.h"

#include <string.h>

enum { SCAN_MAX = 2000, KEY_LOT_AT = 17, KEY_JOURNAL_AT = 33 };

static void add_registers(struct lot_entry *entry, uint64_t journal,
                          const struct registers *registers)
{
    int64_t held = registers_held(registers);
    int64_t good = registers_good(registers);
    entry->issued += registers->issued;
    entry->refunded += registers->refunded;
    entry->used += registers->used + registers->covered + registers->clawed + registers->paid_out;
    entry->expired += registers->expired;
    entry->moved_on += registers->rebound;
    entry->made_good += good;
    entry->left += registers_ledger(registers) + good;
    entry->in_flight -= held;
    if (held > 0 && entry->holder_count < SHEET_HOLDERS_MAX) {
        entry->holders[entry->holder_count].journal = journal;
        entry->holders[entry->holder_count].held = held;
        entry->holder_count++;
    }
}

static uint8_t state_on(const struct lot_entry *entry, uint32_t day)
{
    if (entry->left == 0) {
        return entry->expired > 0 ? LOT_EXPIRED : LOT_SPENT;
    }
    if (entry->to_day != 0 && entry->to_day < day) {
        return LOT_ENDED;
    }
    return entry->from_day > day ? LOT_PENDING : LOT_ACTIVE;
}

/* What ends first stands first; what never ends, last. */
static bool ends_before(const struct lot_entry *a, const struct lot_entry *b)
{
    return a->to_day != 0 && (b->to_day == 0 || a->to_day < b->to_day);
}

static void insert(struct page *page, struct lot_entry *entry, uint32_t day)
{
    entry->in_flight += entry->left;
    entry->state = state_on(entry, day);
    uint32_t at = page->count++;
    while (at > 0 && ends_before(entry, &page->rows.lots[at - 1])) {
        page->rows.lots[at] = page->rows.lots[at - 1];
        at--;
    }
    page->rows.lots[at] = *entry;
}

/* Names the lot; false for what is no money: rights to refund. */
static bool begin_entry(struct node *node, const struct lot_id *lot, struct lot_entry *entry)
{
    struct terms_record terms;
    *entry = (struct lot_entry){.lot = *lot};
    if (!terms_load(node->rows, lot, &terms) ||
        (terms.bucket != BUCKET_PRINCIPAL && terms.bucket != BUCKET_BONUS)) {
        return false;
    }
    entry->bucket = terms.bucket;
    entry->product = terms.product;
    entry->from_day = terms.from_day;
    entry->to_day = terms.to_day;
    entry->issued_by = terms.issued.journal;
    return true;
}

/* A page ends between two lots; its cursor is the last row of the lot before. */
enum verdict query_lots(struct node *node, const struct request *request, struct answer *answer,
                        struct page *page)
{
    struct account_record account;
    enum verdict verdict = desk_account(node, &request->body.account.account, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    uint32_t day = calendar_day(world_wall_ms(node->world), node->roster.zone_minutes);
    struct walk walk = walk_over(key_of_subject(TABLE_REGISTERS, &answer->account));
    walk_from(&walk, request->cursor);
    struct walk before = walk;
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    struct lot_entry entry;
    bool open = false; /* `entry` is being added up */
    uint32_t scanned = 0;
    while (walk_next(node, &walk, &value)) {
        struct lot_id lot;
        memcpy(lot.bytes, walk.key_memory + KEY_LOT_AT, sizeof lot.bytes);
        if (scanned == 0 || !lot_equal(&lot, &entry.lot)) {
            if (open) {
                insert(page, &entry, day);
            }
            if (page->count == request->page_limit || scanned >= SCAN_MAX) {
                page_continue(page, &before);
                return VERDICT_ALLOWED;
            }
            open = begin_entry(node, &lot, &entry);
        }
        uint64_t journal = key_u64(walk.key_memory + KEY_JOURNAL_AT);
        struct row_key key = key_of_registers(&answer->account, &lot, journal);
        struct registers registers;
        (void)registers_load(node->rows, &key, &registers);
        add_registers(&entry, journal, &registers);
        before = walk;
        scanned++;
    }
    if (open) {
        insert(page, &entry, day);
    }
    return VERDICT_ALLOWED;
}
