#include "risk.h"

#include "fold_parts.h"
#include "hash.h"
#include "journal.h"
#include "pull.h"
#include "query.h"
#include "record_risk.h"
#include "row_key.h"
#include "sales.h"
#include "trust.h"

#include <assert.h>
#include <string.h>

enum {
    SWEEP_ACCOUNTS = 8, /* looked at in one go */
    SWEEP_SALES = 16,   /* settled or acknowledged in one go */
    SWEEP_EVENTS = SHEET_HOLDERS_MAX * 2 + SWEEP_SALES + 2,
    SWEEP_SIZE = 24 * 1024,
    SWEEP_MS = 1000,
    PULL_MS = 800,
    PULL_AGAIN_MS = 15000, /* an account that still owes: its holders may be back */
};

/* ---- the caps ---- */

static int64_t cap_of(const struct node *node, const char *name, uint64_t journal)
{
    int64_t cap = roster_limit(&node->roster, name, journal_branch(journal), node->roster.seq);
    return cap > 0 ? cap : 0;
}

int64_t risk_room_of_branch(const struct node *node, uint64_t journal)
{
    const struct roster_journal *entry = roster_journal(&node->roster, journal, node->roster.seq);
    if (entry == NULL || (entry->roles & ROLE_SELL) == 0 ||
        cap_of(node, "risk_account", journal) == 0) {
        return 0;
    }
    return cap_of(node, "risk_branch", journal);
}

int64_t risk_room_of_account(const struct node *node, uint64_t journal)
{
    return amount_smaller(cap_of(node, "risk_account", journal),
                          risk_room_of_branch(node, journal));
}

bool risk_allows(struct node *node, const struct subject_id *account, int64_t risk, int64_t whole,
                 int64_t seen)
{
    const struct block_header *header = journal_header(node);
    uint32_t branch = journal_branch(node->journal);
    struct risk_record record;
    (void)risk_load(node->rows, account, node->journal, &record);
    int64_t of_account = roster_limit(&node->roster, "risk_account", branch, header->auth);
    int64_t of_branch = roster_limit(&node->roster, "risk_branch", branch, header->auth);
    return risk > 0 && seen >= whole && risk <= of_account - (record.given - record.acked) &&
           risk <= of_branch - risk_open_of(node->rows, node->journal);
}

/* ---- words to the office ---- */

static uint64_t office_of(const struct node *node)
{
    uint64_t office = 0;
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if ((one->roles & ROLE_OFFICE) != 0 && one->since <= node->roster.seq) {
            office = one->journal;
        }
    }
    return office;
}

/* Of the account's value: held by the office, or on its way to it. */
static int64_t at_office(const struct sheet *sheet, uint64_t office)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < sheet->lot_count; i++) {
        const struct sheet_lot *lot = &sheet->lots[i];
        if (lot->bucket == BUCKET_PRINCIPAL || lot->bucket == BUCKET_BONUS) {
            sum += sheet_lot_held(lot, office) + sheet_lot_coming(lot, office);
        }
    }
    return sum;
}

void risk_after_top_up(struct node *node, const struct subject_id *account, struct event_ref top_up)
{
    uint64_t office = office_of(node);
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    int64_t wanted = sheet_owed(&sheet) - at_office(&sheet, office);
    if (office == 0 || office == node->journal || wanted <= 0) {
        return;
    }
    struct event move = {.type = EVENT_RIGHTS_MOVE, .subject = *account, .known = true};
    move.body.move.to = office;
    move.body.move.why = MOVE_COVER;
    for (uint16_t k = 0; k < 2 && wanted > 0; k++) {
        struct lot_id lot =
            hash_issued_lot(node->journal, top_up.seq, &node->block.leaves[top_up.index], k);
        int64_t held = own_raw(node, account, &lot);
        int64_t part = amount_smaller(held, wanted);
        if (part > 0) {
            move.body.move.lines[move.body.move.line_count++] =
                (struct lot_line){.lot = lot, .amount = part, .after = held - part};
            wanted -= part;
        }
    }
    if (move.body.move.line_count > 0 && journal_would_hold(node, &move)) {
        (void)journal_append(node, &move);
    }
}

/* ---- the office covers ---- */

static bool name(struct node *node, uint64_t journal)
{
    return journal == node->journal || journal_depend(node, journal);
}

/* What is covered is part of the past of who covers it: whoever knows the cover knows the sale, and
 * a balance never sinks for a reason that is not known yet. False when no more can be named. */
static bool name_sales(struct node *node, const struct subject_id *account)
{
    struct walk walk = walk_over(key_of_subject(TABLE_SETTLE_TASK, account));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    bool named = true;
    while (named && walk_next(node, &walk, &value)) {
        named = name(node, key_ref(walk.key_memory + walk.prefix.size).journal);
    }
    return named;
}

/* Pays what the account owes, as far as rights of it are here or on their way here. */
static void cover(struct node *node, const struct subject_id *account)
{
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    int64_t owed = sheet_owed(&sheet);
    struct spendable lots[SHEET_LOTS_MAX];
    struct spend_plan plan;
    size_t count = sheet_spendables(node, account, &sheet, journal_header(node)->day, false, lots);
    int64_t usable = 0;
    for (size_t i = 0; i < count; i++) {
        usable += lots[i].usable;
    }
    int64_t amount = amount_smaller(owed, usable);
    if (amount <= 0) {
        return;
    }
    spend_plan(lots, count, amount, SPEND_PROPORTIONAL, &plan);
    struct acceptance acceptance = {.account = *account};
    for (uint32_t i = 0; i < plan.line_count; i++) {
        if (plan.lines[i].amount > own_raw(node, account, &plan.lines[i].lot)) {
            acceptance.lots[acceptance.count++] = plan.lines[i].lot;
        }
    }
    if (plan.line_count == 0 || !name_sales(node, account) ||
        !sales_accept(node, &sheet, &acceptance)) {
        return;
    }
    struct event event = {.type = EVENT_RIGHTS_COVER, .subject = *account, .known = true};
    event.body.cover.kind = COVER_DEBT;
    event.body.cover.line_count = (uint8_t)plan.line_count;
    for (uint32_t i = 0; i < plan.line_count; i++) {
        int64_t raw = own_raw(node, account, &plan.lines[i].lot);
        event.body.cover.lines[i] = (struct lot_line){.lot = plan.lines[i].lot,
                                                      .amount = plan.lines[i].amount,
                                                      .after = raw - plan.lines[i].amount};
    }
    if (journal_would_hold(node, &event)) {
        (void)journal_append(node, &event);
    }
}

/* Closes the sales of the account whose time has come; what is still owed stands in the last. */
static void settle(struct node *node, const struct subject_id *account)
{
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    int64_t owed = sheet_owed(&sheet);
    struct walk walk = walk_over(key_of_subject(TABLE_SETTLE_TASK, account));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    for (uint32_t done = 0; done < SWEEP_SALES && walk_next(node, &walk, &value); done++) {
        struct event_ref sale = key_ref(walk.key_memory + walk.prefix.size);
        struct row_key settled = key_of_settled(sale, node->journal);
        struct risk_sale_record record;
        bool open = number_load(node->rows, row_key_bytes(&settled)) == 0;
#if defined(MUTANT_settle_twice)
        open = true;
#endif
        if (!risk_sale_load(node->rows, sale, &record) || !open || !name(node, sale.journal)) {
            continue; /* decided already, or for the next block */
        }
        struct event event = {.type = EVENT_RISK_SETTLE, .subject = *account, .known = true};
        event.body.settle.spend = sale;
        event.body.settle.debt = amount_smaller(owed, record.risk);
        owed -= event.body.settle.debt;
        (void)journal_append(node, &event);
    }
}

/* What came for a cover and was not needed goes back. */
static void send_back(struct node *node, const struct subject_id *account)
{
    struct surplus_record surplus;
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    if (sheet_owed(&sheet) > 0 || !surplus_load(node->rows, account, &surplus)) {
        return;
    }
    struct event move = {.type = EVENT_RIGHTS_MOVE, .subject = *account, .known = true};
    move.body.move.to = surplus.giver;
    move.body.move.why = MOVE_COVER;
    struct acceptance acceptance = {.account = *account};
    int64_t left = surplus.amount;
    for (uint32_t i = 0; i < sheet.lot_count && left > 0; i++) {
        int64_t held = lot_here(node, account, &sheet.lots[i]);
        bool money =
            sheet.lots[i].bucket == BUCKET_PRINCIPAL || sheet.lots[i].bucket == BUCKET_BONUS;
        if (money && held > 0 && move.body.move.line_count < EVENT_LINES_MAX) {
            int64_t part = amount_smaller(held, left);
            if (part > own_raw(node, account, &sheet.lots[i].lot)) {
                acceptance.lots[acceptance.count++] = sheet.lots[i].lot;
            }
            move.body.move.lines[move.body.move.line_count++] =
                (struct lot_line){.lot = sheet.lots[i].lot, .amount = part};
            left -= part;
        }
    }
    if (move.body.move.line_count == 0 || !sales_accept(node, &sheet, &acceptance)) {
        surplus.amount = 0; /* nothing of it is left here */
        surplus_save(node->rows, account, &surplus);
        return;
    }
    for (uint32_t i = 0; i < move.body.move.line_count; i++) {
        struct lot_line *line = &move.body.move.lines[i];
        line->after = own_raw(node, account, &line->lot) - line->amount;
    }
    if (trust_judge(node, &move) == INVALID_NONE) {
        (void)journal_append(node, &move);
    }
}

static bool has_room(struct node *node)
{
    return journal_has_room(node, SWEEP_EVENTS, SWEEP_SIZE) &&
           !(node->block.open &&
             node->block.header.dep_count + SHEET_HOLDERS_MAX * 2 + SWEEP_SALES > BLOCK_DEPS_MAX);
}

static struct parked *pull_of(struct node *node, const struct subject_id *account)
{
    for (uint32_t i = 0; i < PARKED_MAX; i++) {
        struct parked *parked = &node->parked[i];
        if (parked->used && parked->for_cover &&
            subject_equal(&parked->request.body.spend.account.account, account)) {
            return parked;
        }
    }
    return NULL;
}

/* Asks the holders of the account's rights for what it owes. False when there is nobody to ask. */
static bool begin_pull(struct node *node, const struct subject_id *account, int64_t owed)
{
    struct parked *parked = NULL;
    for (uint32_t i = 0; i < PARKED_MAX && parked == NULL; i++) {
        parked = node->parked[i].used ? NULL : &node->parked[i];
    }
    if (parked == NULL) {
        return false;
    }
    uint64_t now = world_monotonic_ms(node->world);
    *parked = (struct parked){.used = true, .for_cover = true, .since_ms = now};
    parked->deadline_ms = now + PULL_MS;
    parked->request.kind = COMMAND_SPEND;
    parked->request.body.spend.account.account = *account;
    parked->request.body.spend.amount = owed;
    world_random(node->world, parked->request.ticket.bytes, sizeof parked->request.ticket.bytes);
    if (!pull_ask(node, parked)) {
        parked->used = false;
        return false;
    }
    node->parked_count++;
    return true;
}

/* Covers what can be covered now; true when the rest must be settled as it is. */
static bool cover_as_far(struct node *node, const struct subject_id *account, int64_t *owed)
{
    cover(node, account);
    struct sheet sheet;
    (void)sheet_load(node->rows, account, &sheet);
    *owed = sheet_owed(&sheet);
    return *owed == 0 || sheet.principal + sheet.bonus == 0;
}

void risk_reconsider(struct node *node, struct parked *parked)
{
    struct subject_id account = parked->request.body.spend.account.account;
    int64_t owed = 0;
    bool may_write = !node->read_only && !node->held;
    bool done = !may_write || cover_as_far(node, &account, &owed);
    bool late = world_monotonic_ms(node->world) >= parked->deadline_ms;
    parked->request.body.spend.amount = owed;
    if (!done && !late && pull_ask(node, parked)) {
        return;
    }
    parked->used = false;
    node->parked_count--;
    if (may_write) {
        settle(node, &account);
    }
}

/* ---- sweeps ---- */

/* A sale without cover that is not settled: cover, pull, settle. False when there is no room. */
static bool settle_tasks(struct node *node)
{
    struct walk walk = walk_over(row_key(TABLE_SETTLE_TASK));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    struct subject_id last = {{0}};
    for (uint32_t done = 0; done < SWEEP_ACCOUNTS && walk_next(node, &walk, &value);) {
        struct subject_id account;
        memcpy(account.bytes, walk.key_memory + 1, sizeof account.bytes);
        struct row_key settled =
            key_of_settled(key_ref(walk.key_memory + 1 + sizeof account.bytes), node->journal);
        bool is_settled = number_load(node->rows, row_key_bytes(&settled)) != 0;
#if defined(MUTANT_settle_twice)
        is_settled = false; /* else nobody would come to settle it again */
#endif
        if (subject_equal(&account, &last) || pull_of(node, &account) != NULL || is_settled) {
            continue;
        }
        last = account;
        done++;
        if (!has_room(node)) {
            return false;
        }
        int64_t owed = 0;
        if (cover_as_far(node, &account, &owed) || !begin_pull(node, &account, owed)) {
            settle(node, &account);
        }
    }
    return true;
}

/* Accounts that owe: what has come for them meanwhile covers, and now and then others are asked. A
 * few at a time; true when all have been looked at. */
static bool collect_debts(struct node *node, bool ask)
{
    struct walk walk = walk_over(row_key(TABLE_OWED));
    walk_from(&walk, row_key_bytes(&node->risk_after));
#if defined(MUTANT_debt_forgotten)
    ask = false;
#endif
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    uint32_t done = 0;
    while (done < SWEEP_ACCOUNTS && has_room(node) && walk_next(node, &walk, &value)) {
        struct subject_id account;
        memcpy(account.bytes, walk.key_memory + 1, sizeof account.bytes);
        done++;
        int64_t owed = 0;
        if (pull_of(node, &account) == NULL && !cover_as_far(node, &account, &owed) && ask) {
            (void)begin_pull(node, &account, owed);
        }
    }
    node->risk_after = row_key(TABLE_OWED);
    if (done == SWEEP_ACCOUNTS) {
        row_key_raw(&node->risk_after, walk.after + 1, walk.after_size - 1);
    }
    return done < SWEEP_ACCOUNTS;
}

static void send_surplus_back(struct node *node)
{
    struct walk walk = walk_over(row_key(TABLE_SURPLUS));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    uint32_t done = 0;
    while (done < SWEEP_ACCOUNTS && has_room(node) && walk_next(node, &walk, &value)) {
        struct subject_id account;
        memcpy(account.bytes, walk.key_memory + 1, sizeof account.bytes);
        send_back(node, &account);
        done++;
    }
}

/* A branch notes that its sales were settled: its allowance is free again. */
static void acknowledge(struct node *node)
{
    struct walk walk = walk_over(key_of_journal(TABLE_RISK_TASK, node->journal));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    uint32_t done = 0;
    while (done < SWEEP_SALES && has_room(node) && walk_next(node, &walk, &value)) {
        struct event_ref settle_ref = key_ref(walk.key_memory + walk.prefix.size);
        struct event_ref sale;
        struct risk_sale_record record;
        if (!settle_load(node->rows, settle_ref, &sale) ||
            !risk_sale_load(node->rows, sale, &record) || record.acked ||
            !name(node, settle_ref.journal)) {
            continue;
        }
        struct event event = {.type = EVENT_RISK_ACK, .subject = record.account, .known = true};
        event.body.risk_ack.settle = settle_ref;
        (void)journal_append(node, &event);
        done++;
    }
}

bool risk_is_news(const struct event *event)
{
    return event->known &&
           ((event->type == EVENT_SPEND && event->body.spend.risk > 0) ||
            event->type == EVENT_RIGHTS_COVER || event->type == EVENT_RISK_SETTLE ||
            event->type == EVENT_LOT_CLAWBACK ||
            (event->type == EVENT_RIGHTS_MOVE && event->body.move.why == MOVE_COVER));
}

static bool any(struct node *node, struct row_key prefix)
{
    struct walk walk = walk_over(prefix);
    uint8_t memory[64];
    struct buffer value = BUFFER_OVER(memory);
    return walk_next(node, &walk, &value);
}

void risk_sweep(struct node *node, uint64_t now_ms)
{
    const struct roster_journal *own =
        roster_journal(&node->roster, node->journal, node->roster.seq);
    bool may_write = !node->draining && !node->read_only && !node->held &&
                     !world_space_low(node->world) && own != NULL && !rows_nearly_full(node->rows);
    if (!node->risk_tasks || !may_write) {
        return;
    }
    acknowledge(node);
    bool office = (own->roles & ROLE_OFFICE) != 0;
    if (office && settle_tasks(node) && now_ms - node->risk_swept_ms >= SWEEP_MS) {
        bool ask = now_ms - node->risk_asked_ms >= PULL_AGAIN_MS;
        node->risk_swept_ms = now_ms;
        if (collect_debts(node, ask) && ask) {
            node->risk_asked_ms = now_ms;
        }
        send_surplus_back(node);
    }
    /* Seen among committed rows only: what was decided meanwhile is looked at once more. */
    node->risk_tasks =
        node->in_flight || !rows_open_is_empty(node->rows) ||
        any(node, key_of_journal(TABLE_RISK_TASK, node->journal)) ||
        (office && (any(node, row_key(TABLE_SETTLE_TASK)) || any(node, row_key(TABLE_OWED)) ||
                    any(node, row_key(TABLE_SURPLUS))));
}

/* ---- switching it on ---- */

enum decision risk_set(struct node *node, const struct request *request, struct answer *answer)
{
    int64_t account = request->body.risk.account;
    int64_t branch = request->body.risk.branch;
    bool sound = account >= 0 && account <= AMOUNT_MAX && branch >= 0 && branch <= AMOUNT_MAX &&
                 account <= branch;
    if (!node->office) {
        answer->verdict = REFUSED_ROLE;
        return DECIDED;
    }
    if (!sound) {
        answer->verdict = REFUSED_AMOUNT;
        return DECIDED;
    }
    if (node->roster.limit_count + 2 > ROSTER_LIMITS_MAX) {
        answer->verdict = REFUSED_NUMBERS;
        return DECIDED;
    }
    static const char of_account[] = "risk_account";
    static const char of_branch[] = "risk_branch";
    struct event event = desk_event(request, EVENT_LIMITS_SET, &(struct subject_id){{0}});
    event.body.limits.branch = request->body.risk.only;
    event.body.limits.count = 2;
    event.body.limits.limits[0] =
        (struct named_limit){.name = bytes_of(of_account, sizeof of_account - 1), .value = account};
    event.body.limits.limits[1] =
        (struct named_limit){.name = bytes_of(of_branch, sizeof of_branch - 1), .value = branch};
    answer->event = journal_append_authority(node, &event);
    answer->at_ms = world_wall_ms(node->world);
    return DECIDED;
}

void risk_query(struct node *node, struct page *page)
{
    memset(&page->rows.risk, 0, sizeof page->rows.risk);
    page->rows.risk.account = cap_of(node, "risk_account", 0);
    page->rows.risk.branch = cap_of(node, "risk_branch", 0);
    for (uint32_t i = 0; i < node->roster.journal_count; i++) {
        const struct roster_journal *one = &node->roster.journals[i];
        if ((one->roles & ROLE_SELL) == 0) {
            continue;
        }
        struct risk_entry entry = {.journal = one->journal,
                                   .account = risk_room_of_account(node, one->journal),
                                   .branch = risk_room_of_branch(node, one->journal),
                                   .open = risk_open_of(node->rows, one->journal)};
        for (uint32_t p = 0; p < node->peers_max; p++) {
            entry.connected = entry.connected || (node->peers[p].state == PEER_ESTABLISHED &&
                                                  node->peers[p].journal == one->journal);
        }
        entry.connected = entry.connected || one->journal == node->journal;
        page->rows.risk.branches++;
        page->rows.risk.worst_account += entry.account;
        page->rows.risk.worst += entry.branch;
        page->rows.risk.open += entry.open;
        if (page->rows.risk.entry_count < PAGE_ENTRIES_MAX) {
            page->rows.risk.entries[page->rows.risk.entry_count++] = entry;
        } else {
            page->more = true; /* the sums are of all */
        }
    }
    struct walk walk = walk_over(row_key(TABLE_OWED));
    uint8_t memory[32];
    struct buffer value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        page->rows.risk.owing++;
        struct bytes key = bytes_of(walk.key_memory, walk.key.size);
        page->rows.risk.owed += (int64_t)number_load(node->rows, key);
    }
    page->count = 1;
}
