/* What finance reads: what went through the tills of a day, and every lot added up twice. */
#include "corrections.h"

#include "journal.h"
#include "query.h"
#include "record_correct.h"
#include "row_key.h"

#include <string.h>

enum {
    SCAN_MAX = 4096,
    KEY_JOURNAL_AT = 1,
    KEY_DAY_AT = 9,
    KEY_SEQ_AT = 13,
    KEY_INDEX_AT = 21,
    KEY_LOT_AT = 17,
};

/* ---- the till book ---- */

static void show_taking(const uint8_t *key, const struct taking_record *record, uint32_t i,
                        struct taking_entry *entry)
{
    bool out = record->type == EVENT_REFUND || record->type == EVENT_LOT_CLAWBACK;
    *entry = (struct taking_entry){.event = {.journal = key_u64(key + KEY_JOURNAL_AT),
                                             .seq = key_u64(key + KEY_SEQ_AT),
                                             .index = key_u16(key + KEY_INDEX_AT)},
                                   .journal = key_u64(key + KEY_JOURNAL_AT),
                                   .type = record->type,
                                   .till = record->till,
                                   .tender = record->tenders[i].tender,
                                   .amount =
                                       out ? -record->tenders[i].amount : record->tenders[i].amount,
                                   .waits = record->waits,
                                   .voided = record->voided};
}

/* All journals that the branch ever had: a day may lie in two of them. The cursor is the key of the
 * last row shown. */
void books_takings(struct node *node, const struct request *request, struct page *page)
{
    uint32_t branch = request->body.takings.branch != 0 ? request->body.takings.branch
                                                        : journal_branch(node->journal);
    uint8_t memory[1024];
    struct buffer value = BUFFER_OVER(memory);
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        uint64_t journal = node->roster.journals[i].journal;
        struct row_key prefix = key_of_journal(TABLE_TAKING, journal);
        row_key_u32(&prefix, request->body.takings.day);
        bool before = request->cursor.size > KEY_DAY_AT &&
                      journal < key_u64(request->cursor.data + KEY_JOURNAL_AT);
        bool within = request->cursor.size > KEY_DAY_AT &&
                      journal == key_u64(request->cursor.data + KEY_JOURNAL_AT);
        if (journal_branch(journal) != branch || before) {
            continue;
        }
        struct walk walk = walk_over(prefix);
        if (within) {
            walk_from(&walk, request->cursor);
        }
        struct walk last = walk;
        while (walk_next(node, &walk, &value)) {
            struct taking_record record;
            if (!taking_decode(buffer_bytes(&value), &record)) {
                continue;
            }
            if (page->count + record.tender_count > request->page_limit && page->count > 0) {
                page_continue(page, &last);
                return;
            }
            for (uint32_t k = 0; k < record.tender_count && page->count < PAGE_ENTRIES_MAX; k++) {
                show_taking(walk.key_memory, &record, k, &page->rows.takings[page->count++]);
            }
            last = walk;
        }
    }
}

/* ---- lots ---- */

static void add_registers(struct lot_sum *sum, const struct registers *registers)
{
    sum->issued += registers->issued;
    sum->refunded += registers->refunded;
    sum->used += registers->used;
    sum->covered += registers->covered;
    sum->expired += registers->expired;
    sum->clawed += registers->clawed;
    sum->rebound += registers->rebound;
    sum->paid_out += registers->paid_out;
    sum->made_good += registers_good(registers);
    int64_t held = registers_held(registers);
    int64_t on_hold = amount_smaller(registers->held - registers->released, held);
    sum->held += held - on_hold;
    sum->on_hold += on_hold;
}

static struct row_key key_read(const struct walk *walk)
{
    struct row_key key = {0};
    row_key_raw(&key, walk->key_memory, walk->key.size);
    return key;
}

/* On its way from anybody to anybody. */
static int64_t flying(struct node *node, const struct lot_id *lot)
{
    struct row_key prefix = row_key(TABLE_GRANT);
    row_key_raw(&prefix, lot->bytes, sizeof lot->bytes);
    struct walk walk = walk_over(prefix);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    int64_t sum = 0;
    while (walk_next(node, &walk, &value)) {
        struct row_key key = key_read(&walk);
        struct grant_record record;
        if (grant_load(node->rows, &key, &record)) {
            sum += grant_flying(&record.grant);
        }
    }
    return sum;
}

static int64_t pictured(struct node *node, const struct subject_id *account,
                        const struct lot_id *lot)
{
    struct sheet sheet;
    struct sheet_lot spare;
    (void)sheet_load(node->rows, account, &sheet);
    const struct sheet_lot *listed = sheet_find(&sheet, lot);
    if (listed != NULL) {
        return listed->left;
    }
    return spare_load(node->rows, account, lot, &spare) ? spare.left : 0;
}

static void finish(struct node *node, struct lot_sum *sum)
{
    struct terms_record terms;
    (void)terms_load(node->rows, &sum->lot, &terms);
    sum->product = terms.product;
    sum->bucket = terms.bucket;
    sum->issued_by = terms.issued.journal;
    sum->in_flight = flying(node, &sum->lot);
    sum->pictured = pictured(node, &sum->account, &sum->lot);
}

/* Lots of money in the order of their accounts. A page ends between two lots, so that each lot is
 * seen whole at one moment; its cursor is the last row of the last lot. */
void books_lots(struct node *node, const struct request *request, struct page *page)
{
    struct walk walk = walk_over(row_key(TABLE_REGISTERS));
    walk_from(&walk, request->cursor);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    struct lot_sum sum = {0};
    struct walk last = walk;
    bool open = false;
    for (uint32_t scanned = 0; walk_next(node, &walk, &value); scanned++) {
        const uint8_t *key = walk.key_memory;
        bool same = open && memcmp(key + KEY_LOT_AT, sum.lot.bytes, sizeof sum.lot.bytes) == 0;
        if (open && !same) {
            finish(node, &sum);
            page->rows.lot_sums[page->count] = sum;
            page->count += sum.bucket == BUCKET_PRINCIPAL || sum.bucket == BUCKET_BONUS ? 1 : 0;
            open = false;
            if (page->count == request->page_limit || scanned > SCAN_MAX) {
                page_continue(page, &last);
                return;
            }
        }
        if (!open) {
            sum = (struct lot_sum){0};
            memcpy(sum.account.bytes, key + 1, sizeof sum.account.bytes);
            memcpy(sum.lot.bytes, key + KEY_LOT_AT, sizeof sum.lot.bytes);
            open = true;
        }
        struct row_key name = key_read(&walk);
        struct registers registers;
        if (registers_load(node->rows, &name, &registers)) {
            add_registers(&sum, &registers);
        }
        last = walk;
    }
    if (open) {
        finish(node, &sum);
        page->rows.lot_sums[page->count] = sum;
        page->count += sum.bucket == BUCKET_PRINCIPAL || sum.bucket == BUCKET_BONUS ? 1 : 0;
    }
}
