#include "expiry.h"

#include "fold.h"
#include "journal.h"
#include "query.h"
#include "record_trust.h"
#include "row_key.h"
#include "sales.h"

#include <string.h>

enum {
    REST_MS = 5000,    /* between two passes */
    BUSY_MS = 2000,    /* no longer than this for a moment when no till is waited for */
    ROWS_A_TICK = 32,  /* looked at */
    LOTS_A_TICK = 8,   /* burned */
    EVENT_ROOM = 2048, /* an acceptance from each giver, and the burn */
    KEY_DAY_AT = 1,
    KEY_ACCOUNT_AT = 5,
    KEY_LOT_AT = 21,
};

/* The day by which ends are judged: that of the next block, and the authority's last word (V2). */
static uint32_t expiry_day(struct node *node)
{
    const struct block_header *header = journal_header(node);
    struct authority_record authority;
    (void)authority_load(node->rows, header->auth, &authority);
    return header->day < authority.day ? header->day : authority.day;
}

/* Room for what one lot may need: what is on its way here is accepted first. */
static bool has_room(struct node *node)
{
    return journal_has_room(node, SHEET_HOLDERS_MAX * 2 + 1, EVENT_ROOM) &&
           !(node->block.open &&
             node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 > BLOCK_DEPS_MAX);
}

/* The lot as the account's sheet shows it: false when nothing of it is left anywhere. */
static bool lot_of(struct node *node, const struct subject_id *account, const struct lot_id *lot,
                   struct sheet *sheet, struct sheet_lot *out)
{
    (void)sheet_load(node->rows, account, sheet);
    const struct sheet_lot *listed = sheet_find(sheet, lot);
    if (listed != NULL) {
        *out = *listed;
        return true;
    }
    return sheet->unlisted > 0 && spare_load(node->rows, account, lot, out);
}

static bool append_burn(struct node *node, const struct subject_id *account,
                        const struct lot_id *lot)
{
    int64_t raw = own_raw(node, account, lot);
    int64_t amount = amount_smaller(raw, AMOUNT_MAX);
    struct event event = {.type = EVENT_LOT_EXPIRE, .subject = *account, .known = true};
    event.body.expire.line_count = 1;
#if defined(MUTANT_burns_what_is_elsewhere)
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    const struct sheet_lot *whole = sheet_find(&sheet, lot);
    amount = amount > 0 && whole != NULL && whole->left > amount ? whole->left : amount;
#endif
    event.body.expire.lines[0] =
        (struct lot_line){.lot = *lot, .amount = amount, .after = amount < raw ? raw - amount : 0};
    if (amount <= 0 || !journal_would_hold(node, &event)) {
        return false;
    }
    (void)journal_append(node, &event);
    return true;
}

/* One lot of the list (V4). True if something was written. */
static bool burn(struct node *node, uint32_t day, const struct subject_id *account,
                 const struct lot_id *lot)
{
    struct sheet sheet;
    struct sheet_lot picture;
    if (!lot_of(node, account, lot, &sheet, &picture)) {
        ending_unlist(node->rows, account, lot, day);
        return false;
    }
    /* What is on its way here is ours to burn as well: nobody else can. */
    bool accepted = false;
    if (lot_coming(node, &picture) > 0) {
        struct acceptance acceptance = {.account = *account, .count = 1, .lots = {*lot}};
        accepted = sales_accept(node, &sheet, &acceptance);
    }
    return append_burn(node, account, lot) || accepted;
}

static bool may_write(struct node *node)
{
    return !node->draining && !node->read_only && !node->held && !world_space_low(node->world) &&
           roster_journal(&node->roster, node->journal, node->roster.seq) != NULL &&
           !rows_nearly_full(node->rows);
}

static bool is_quiet(const struct node *node)
{
    return !node->in_flight && rows_open_is_empty(node->rows) && node->parked_count == 0;
}

/* One step of a pass; false when it has come to its end. */
static bool step(struct node *node)
{
    uint32_t day = expiry_day(node);
    int64_t grace =
        expiry_grace(&node->roster, journal_branch(node->journal), journal_header(node)->auth);
    struct walk walk = walk_over(row_key(TABLE_ENDING));
    walk_from(&walk, row_key_bytes(&node->expiry_after));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    uint32_t burned = 0;
    for (uint32_t i = 0; i < ROWS_A_TICK && burned < LOTS_A_TICK && has_room(node); i++) {
        if (!walk_next(node, &walk, &value)) {
            return false;
        }
        uint32_t last = key_u32(walk.key_memory + KEY_DAY_AT);
        if (!lot_is_over_on(last, grace, day)) {
            return false; /* and the rest of the list ends later */
        }
        struct subject_id account;
        struct lot_id lot;
        memcpy(account.bytes, walk.key_memory + KEY_ACCOUNT_AT, sizeof account.bytes);
        memcpy(lot.bytes, walk.key_memory + KEY_LOT_AT, sizeof lot.bytes);
        burned += burn(node, last, &account, &lot) ? 1 : 0;
        node->expiry_after.size = 0;
        row_key_raw(&node->expiry_after, walk.key_memory, walk.key.size);
    }
    return true;
}

void expiry_sweep(struct node *node, uint64_t now_ms)
{
#if defined(MUTANT_never_burns)
    return;
#endif
    bool due = now_ms >= node->expiry_due_ms;
    bool patient = now_ms < node->expiry_due_ms + BUSY_MS;
    if (!due || !may_write(node) || (patient && !is_quiet(node))) {
        return;
    }
    if (node->expiry_after.size == 0) {
        node->expiry_after = row_key(TABLE_ENDING);
    }
    node->expiry_due_ms = now_ms;
    if (!step(node)) {
        node->expiry_after = row_key(TABLE_ENDING);
        node->expiry_due_ms = now_ms + REST_MS;
    }
}

/* ---- the office ---- */

enum decision expiry_set(struct node *node, const struct request *request, struct answer *answer)
{
    if (!node->office) {
        answer->verdict = REFUSED_ROLE;
        return DECIDED;
    }
    if (request->body.expiry.grace < 0 || request->body.expiry.grace > UINT16_MAX) {
        answer->verdict = REFUSED_AMOUNT;
        return DECIDED;
    }
    if (node->roster.limit_count + 1 > ROSTER_LIMITS_MAX) {
        answer->verdict = REFUSED_NUMBERS;
        return DECIDED;
    }
    static const char name[] = "expiry_grace";
    struct event event = desk_event(request, EVENT_LIMITS_SET, &(struct subject_id){{0}});
    event.body.limits.count = 1;
    event.body.limits.limits[0] = (struct named_limit){.name = bytes_of(name, sizeof name - 1),
                                                       .value = request->body.expiry.grace};
    answer->event = journal_append_authority(node, &event);
    answer->limit = request->body.expiry.grace;
    answer->at_ms = world_wall_ms(node->world);
    return DECIDED;
}

/* The line of the report for this branch, product and bucket; NULL when the page is full. */
static struct expired_entry *line_of(struct page *page, const uint8_t *key)
{
    struct expired_entry wanted = {
        .branch = key_u32(key + 6), .product = key_u32(key + 10), .bucket = key[14]};
    for (uint32_t i = 0; i < page->count; i++) {
        struct expired_entry *entry = &page->rows.expired.entries[i];
        if (entry->branch == wanted.branch && entry->product == wanted.product &&
            entry->bucket == wanted.bucket) {
            return entry;
        }
    }
    if (page->count == PAGE_ENTRIES_MAX) {
        page->more = true;
        return NULL;
    }
    page->rows.expired.entries[page->count] = wanted;
    return &page->rows.expired.entries[page->count++];
}

/* Adds up one kind of sum over days from..to. */
static void add_up(struct node *node, enum ending_kind kind, uint32_t from, uint32_t to,
                   struct page *page)
{
    struct row_key prefix = row_key(TABLE_ENDED);
    row_key_u8(&prefix, (uint8_t)kind);
    struct row_key first = prefix;
    row_key_u32(&first, from);
    struct walk walk = walk_over(prefix);
    walk_from(&walk, row_key_bytes(&first));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value) && key_u32(walk.key_memory + 2) <= to) {
        int64_t sum = ended_decode(buffer_bytes(&value));
        struct expired_entry *entry = line_of(page, walk.key_memory);
        int64_t *of_entry = entry == NULL           ? NULL
                            : kind == ENDING_BURNED ? &entry->burned
                            : kind == ENDING_HELD   ? &entry->unburned
                                                    : &entry->coming;
        if (of_entry != NULL) {
            *of_entry += sum;
        }
        int64_t *of_all = kind == ENDING_BURNED ? &page->rows.expired.burned
                          : kind == ENDING_HELD ? &page->rows.expired.unburned
                                                : &page->rows.expired.coming;
        *of_all += sum;
    }
}

/* The authority's day by its last block that is durable here (J2): what was decided since is not
 * spoken of. */
static uint32_t durable_day(struct node *node)
{
    const struct frontier_entry *tip = frontier_find(&node->frontier, journal_of(0, 1));
    struct authority_record authority = {0};
    if (tip != NULL) {
        uint64_t seq = node->seqs_committed[frontier_position(&node->frontier, tip)];
        (void)authority_load(node->rows, seq, &authority);
    }
    return authority.day;
}

void expired_query(struct node *node, const struct request *request, struct page *page)
{
    memset(&page->rows.expired, 0, sizeof page->rows.expired);
    uint32_t today = durable_day(node);
    uint32_t to = request->body.days.to_day == 0 ? UINT32_MAX : request->body.days.to_day;
    page->rows.expired.grace = expiry_grace(&node->roster, 0, node->roster.seq);
    page->rows.expired.today = today;
    add_up(node, ENDING_BURNED, request->body.days.from_day, to, page);
    if (today > 0) {
        add_up(node, ENDING_HELD, 0, today - 1, page);
        add_up(node, ENDING_COMING, 0, today - 1, page);
    }
}
