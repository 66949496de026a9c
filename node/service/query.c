#include "query.h"

#include "block_codec.h"
#include "desk.h"
#include "event_codec.h"
#include "expiry.h"
#include "forks.h"
#include "freezes.h"
#include "holds.h"
#include "journal.h"
#include "mandate.h"
#include "members.h"
#include "refunds.h"
#include "requests.h"
#include "risk.h"
#include "row_key.h"
#include "sales.h"
#include "spreading.h"
#include "talk.h"

#include "calendar.h"

#include <assert.h>
#include <string.h>

enum { SILENT_AFTER_MS = 60 * 1000, ROW_ROOM = 4096 };

struct walk walk_over(struct row_key prefix)
{
    struct walk walk = {.prefix = prefix, .after_size = prefix.size};
    memcpy(walk.after, prefix.bytes, prefix.size);
    return walk;
}

void walk_from(struct walk *walk, struct bytes after)
{
    if (after.size >= walk->prefix.size && after.size <= sizeof walk->after &&
        memcmp(after.data, walk->prefix.bytes, walk->prefix.size) == 0) {
        memcpy(walk->after, after.data, after.size);
        walk->after_size = after.size;
    }
}

bool walk_next(struct node *node, struct walk *walk, struct buffer *value)
{
    walk->key = BUFFER_OVER(walk->key_memory);
    if (!rows_next_committed(node->rows, row_key_bytes(&walk->prefix),
                             bytes_of(walk->after, walk->after_size), &walk->key, value)) {
        return false;
    }
    memcpy(walk->after, walk->key_memory, walk->key.size);
    walk->after_size = walk->key.size;
    return true;
}

void page_continue(struct page *page, const struct walk *walk)
{
    page->more = true;
    page->cursor_size = (uint32_t)walk->after_size;
    memcpy(page->cursor, walk->after, walk->after_size);
}

/* For how fresh the page is: the oldest word from any other journal's node. */
static void stamp(struct node *node, struct page *page)
{
    uint64_t now = world_monotonic_ms(node->world);
    int64_t wall = world_wall_ms(node->world);
    page->as_of_ms = wall;
    page->silent_branches = 0;
    page->frontier = node_frontier_digest(node);
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        const struct frontier_entry *entry = &node->frontier.entries[i];
        if (entry->journal == node->journal || journal_is_authority(entry->journal)) {
            continue;
        }
        int64_t heard = node->heard_ms[i];
        int64_t silent = heard < 0 ? INT64_MAX : (int64_t)now - heard;
        /* What came by a relay counts as word too: the time in its last block. */
        int64_t block_age = wall - (int64_t)(entry->hlc >> 16);
        if (entry->hlc > 0 && block_age >= 0 && block_age < silent) {
            silent = block_age;
        }
        if (silent > SILENT_AFTER_MS) {
            page->silent_branches++;
        }
        int64_t known = silent == INT64_MAX ? 0 : wall - silent;
        page->as_of_ms = known < page->as_of_ms ? known : page->as_of_ms;
    }
}

/* What all journals hold of a lot, from their registers: for a lot whose picture could not list
 * all. */
static int64_t held_by_all(struct node *node, const struct subject_id *account,
                           const struct lot_id *lot)
{
    struct row_key prefix = key_of_subject(TABLE_REGISTERS, account);
    row_key_raw(&prefix, lot->bytes, sizeof lot->bytes);
    struct walk walk = walk_over(prefix);
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    int64_t held = 0;
    while (walk_next(node, &walk, &value)) {
        struct row_key key = prefix;
        row_key_u64(&key, key_u64(walk.key_memory + prefix.size));
        struct registers registers;
        (void)registers_load(node->rows, &key, &registers);
        held += registers_held(&registers);
    }
    return held;
}

static void view_lot(struct node *node, const struct subject_id *account,
                     const struct sheet_lot *lot, struct lot_view *view)
{
    *view = (struct lot_view){.lot = lot->lot,
                              .bucket = lot->bucket,
                              .from_day = lot->from_day,
                              .to_day = lot->to_day,
                              .issued_by = lot->issued.journal,
                              .left = lot->left,
                              .on_hold = lot->on_hold,
                              .here = sheet_lot_held(lot, node->journal),
                              .coming = sheet_lot_coming(lot, node->journal),
                              .holder_count = lot->holder_count};
    for (uint32_t i = 0; i < lot->flight_count; i++) {
        view->in_flight += lot->flights[i].amount;
    }
    if (lot->crowded != 0) {
        int64_t here = lot_here(node, account, lot);
        view->here = own_raw(node, account, &lot->lot);
        view->coming = here - view->here;
        view->in_flight = lot->left - held_by_all(node, account, &lot->lot);
    }
    for (uint32_t i = 0; i < lot->holder_count; i++) {
        view->holders[i].journal = lot->holders[i].journal;
        view->holders[i].held = lot->holders[i].held;
    }
}

static enum verdict query_account(struct node *node, const struct request *request,
                                  struct answer *answer, struct page *page)
{
    struct account_record record;
    enum verdict verdict = desk_account(node, &request->body.account.account, answer, &record);
    if (verdict != VERDICT_ALLOWED) {
        return verdict;
    }
    struct account_view *view = &page->rows.account;
    memset(view, 0, sizeof *view);
    view->account = answer->account;
    view->member = record.member;
    view->product = record.product;
    view->version = record.version;
    view->home_branch = record.home_branch;
    view->card_count = record.card_count;
    memcpy(view->cards, record.cards, sizeof view->cards);
    memcpy(view->currency, answer->currency, sizeof view->currency);
    const struct roster_product *product =
        roster_product(&node->roster, record.product, record.version, node->roster.seq);
    assert(product != NULL);
    view->product_name_size = product->name_size;
    memcpy(view->product_name, product->name, product->name_size);
    struct sheet sheet;
    (void)sheet_load_committed(node->rows, &answer->account, &sheet);
    view->frozen = sheet.frozen;
    view->principal = sheet.principal;
    view->bonus = sheet.bonus;
    view->owed = sheet_owed(&sheet);
    view->made_good = sheet.made_good;
    view->more_lots = sheet.unlisted != 0;
    uint32_t day = calendar_day(world_wall_ms(node->world), node->roster.zone_minutes);
    view->today = day;
    view->usable_here = sheet_usable(node, &answer->account, &sheet, day);
    view->on_hold = sheet_on_hold(&sheet);
    view->elsewhere = sheet.principal + sheet.bonus - view->on_hold;
    for (uint32_t i = 0; i < sheet.lot_count; i++) {
        view_lot(node, &answer->account, &sheet.lots[i], &view->lots[view->lot_count++]);
        view->elsewhere -= view->lots[i].here + view->lots[i].coming;
        bool ended = sheet.lots[i].to_day != 0 && sheet.lots[i].to_day < day;
        view->ended += ended ? sheet.lots[i].left : 0;
    }
    view->silent_branches = page->silent_branches;
    view->as_of_ms = page->as_of_ms;
    page->count = 1;
    return VERDICT_ALLOWED;
}

static enum verdict query_member(struct node *node, const struct request *request,
                                 struct page *page)
{
    struct subject_id member = request->body.member.member;
    if (request->body.member.phone.size > 0) {
        if (!members_by_phone(node, request->body.member.phone, &member)) {
            return REFUSED_UNKNOWN_MEMBER;
        }
    } else if (request->body.member.card.size > 0) {
        struct card_record card;
        if (!card_load(node->rows, request->body.member.card, &card)) {
            return REFUSED_UNKNOWN_CARD;
        }
        member = card.holder;
    }
    if (!members_view(node, &member, &page->rows.member)) {
        return REFUSED_UNKNOWN_MEMBER;
    }
    page->count = 1;
    return VERDICT_ALLOWED;
}

/* When it was and what was sold: no row has it, the event itself does. */
static void show_sale_event(struct node *node, struct event_ref ref, struct sale_view *view)
{
    struct row_key key = key_of_block(ref.journal, ref.seq);
    struct buffer whole = BUFFER_OVER(node->block_bytes);
    if (!rows_load_committed(node->rows, row_key_bytes(&key), &whole) ||
        block_decode(buffer_bytes(&whole), &node->decoded) != STATUS_OK) {
        return;
    }
    view->at_ms = (int64_t)(node->decoded.header.hlc >> 16);
    if (ref.index >= node->decoded.header.count ||
        event_decode(node->decoded.events[ref.index], &node->event) != STATUS_OK ||
        (node->event.type != EVENT_SPEND && node->event.type != EVENT_SPEND_CAPTURE)) {
        return;
    }
    bool captured = node->event.type == EVENT_SPEND_CAPTURE;
    const struct sale_item *items =
        captured ? node->event.body.capture.items : node->event.body.spend.items;
    view->item_count =
        captured ? node->event.body.capture.item_count : node->event.body.spend.item_count;
    for (uint32_t i = 0; i < view->item_count; i++) {
        const struct sale_item *item = &items[i];
        assert(item->name.size <= sizeof view->items[i].name);
        memcpy(view->items[i].name, item->name.data, item->name.size);
        view->items[i].name_size = (uint32_t)item->name.size;
        view->items[i].quantity = item->quantity;
        view->items[i].list = item->list_minor;
        view->items[i].charged = item->charged_minor;
    }
}

static enum verdict query_sale(struct node *node, const struct request *request,
                               struct answer *answer, struct page *page)
{
    struct refund_picture picture;
    struct event_ref ref = request->body.sale.sale;
    if (!refunds_look(node, ref, &picture)) {
        return REFUSED_UNKNOWN_SALE;
    }
    const struct sale_record *sale = &picture.sale;
    struct account_record account;
    struct account_name name = {.account = sale->account};
    (void)desk_account(node, &name, answer, &account);
    struct sale_view *view = &page->rows.sale;
    *view =
        (struct sale_view){.event = ref, .account = sale->account, .line_count = sale->line_count};
    show_sale_event(node, ref, view);
    for (uint32_t i = 0; i < sale->line_count; i++) {
        view->lines[i].lot = sale->lines[i].lot;
        view->lines[i].bucket = sale->lines[i].bucket;
        view->lines[i].tender = sale->lines[i].tender;
        view->lines[i].spent = sale->lines[i].spent;
        view->lines[i].refunded = sale->lines[i].refunded;
        view->lines[i].here = picture.here[i];
    }
    page->count = 1;
    return VERDICT_ALLOWED;
}

static uint64_t shown_head(const struct node *node)
{
    uint64_t shown = 0;
    for (uint32_t i = 0; i < node->frontier.count; i++) {
        shown = node->shown[i] > shown ? node->shown[i] : shown;
    }
    return shown;
}

/* Everything that a connected peer was seen to have is here. */
static bool is_synced(const struct node *node)
{
    if (node->roster.seq == 0 ||
        roster_journal(&node->roster, node->journal, node->roster.seq) == NULL) {
        return false;
    }
    for (uint32_t p = 0; p < node->peers_max; p++) {
        const struct peer *peer = &node->peers[p];
        if (peer->state == PEER_ESTABLISHED && peer->journal != 0 && !peer->tips_heard) {
            return false; /* what it has is not known yet */
        }
        for (uint32_t i = 0; peer->state == PEER_ESTABLISHED && i < node->frontier.count; i++) {
            if (peer->has[i] > node->seqs_committed[i]) {
                return false;
            }
        }
    }
    return true;
}

static void query_node(struct node *node, struct page *page)
{
    struct node_view *view = &page->rows.node;
    memset(view, 0, sizeof *view);
    view->journal = node->journal;
    const struct roster_journal *own =
        roster_journal(&node->roster, node->journal, node->roster.seq);
    if (own != NULL) {
        view->name_size = own->name_size;
        memcpy(view->name, own->name, own->name_size);
        view->roles = own->roles;
    }
    view->organisation_size = node->roster.organisation_size;
    memcpy(view->organisation, node->roster.organisation, node->roster.organisation_size);
    view->zone_minutes = node->roster.zone_minutes;
    memcpy(view->currency, node->roster.currency, sizeof view->currency);
    view->network = node->network;
    view->head_seq = node->own_committed.seq;
    view->head_id = node->own_committed.id;
    view->auth_seq = node->roster.seq;
    struct node_authority authority;
    if (node_authority(node, &authority)) {
        view->auth_id = authority.id;
        view->auth_epoch = authority.epoch;
        view->auth_until_day = authority.until_day;
    }
    view->frontier = page->frontier;
    view->state = rows_digest_committed(node->rows);
    view->events = node->counters_committed.events;
    view->blocks = node->counters_committed.blocks;
    view->invalid_events = node->counters_committed.invalid;
    view->unknown_events = node->counters_committed.unknown;
    uint64_t shown = shown_head(node);
    if (node->own_committed.seq > shown) {
        view->unreplicated = node->own_committed.seq - shown;
        view->unreplicated_ms =
            (int64_t)(world_monotonic_ms(node->world) - node->unreplicated_since_ms);
    }
    for (uint32_t i = 0; i < node->peers_max; i++) {
        view->peers += node->peers[i].state == PEER_ESTABLISHED ? 1 : 0;
    }
    view->parked = node->parked_count;
    view->pulls_asked = node->pulls_asked;
    view->pulls_served = node->pulls_served;
    view->spread_moves = node->spreads;
    struct spread_terms terms = spread_terms_now(node);
    view->spread.mode = (uint8_t)terms.mode;
    view->spread.second_percent = terms.second_percent;
    view->spread.second_max = terms.second_max;
    view->spread.vault_percent = terms.vault_percent;
    view->spread.threshold = terms.threshold;
    view->spread.account_max = terms.account_max;
    view->spread.branch_max = terms.branch_max;
    view->alarms = node->alarms;
    view->divergences = node->divergences;
    mandate_view(node, &view->trust);
    view->quarantine_count = forks_show(node, view->quarantined, QUARANTINE_SHOWN_MAX);
    view->read_only = node->read_only;
    view->retired = node->retired;
    view->settling = node->estates_dirty || node->estate.phase != ESTATE_RESTS;
    view->synced = is_synced(node);
    page->count = 1;
}

static void query_products(struct node *node, const struct request *request, struct page *page)
{
    uint32_t first = request->cursor.size == 4 ? key_u32(request->cursor.data) : 0;
    for (uint32_t i = first; i < node->roster.product_count; i++) {
        if (page->count == request->page_limit) {
            struct row_key cursor = {0};
            row_key_u32(&cursor, i);
            page->more = true;
            page->cursor_size = 4;
            memcpy(page->cursor, cursor.bytes, 4);
            return;
        }
        const struct roster_product *product = &node->roster.products[i];
        struct product_view *view = &page->rows.products[page->count++];
        *view = (struct product_view){.product = product->product,
                                      .version = product->version,
                                      .name_size = product->name_size,
                                      .named = product->named,
                                      .order = product->order,
                                      .balance_cap = product->balance_cap,
                                      .bonus_days = product->bonus_days,
                                      .bonus_months = product->bonus_months,
                                      .step_count = product->step_count};
        memcpy(view->name, product->name, product->name_size);
        memcpy(view->currency, product->currency, sizeof view->currency);
        memcpy(view->steps, product->steps, sizeof view->steps);
    }
}

static void query_days(struct node *node, const struct request *request, struct page *page)
{
    struct row_key prefix = row_key(TABLE_DAY);
    if (request->body.days.branch != 0) {
        row_key_u32(&prefix, request->body.days.branch);
    }
    struct walk walk = walk_over(prefix);
    walk_from(&walk, request->cursor);
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct walk before = walk;
    while (walk_next(node, &walk, &value)) {
        uint32_t day = key_u32(walk.key_memory + 5);
        bool asked = day >= request->body.days.from_day &&
                     (request->body.days.to_day == 0 || day <= request->body.days.to_day);
        struct day_entry entry = {.branch = key_u32(walk.key_memory + 1), .day = day};
        if (asked && page->count == request->page_limit) {
            page_continue(page, &before);
            return;
        }
        if (asked && day_decode(buffer_bytes(&value), &entry)) {
            page->rows.days[page->count++] = entry;
        }
        before = walk;
    }
}

static void query_liability(struct node *node, const struct request *request, struct page *page)
{
    struct walk walk = walk_over(row_key(TABLE_LIABILITY));
    walk_from(&walk, request->cursor);
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct walk before = walk;
    while (walk_next(node, &walk, &value)) {
        struct liability_record record;
        if (page->count == request->page_limit) {
            page_continue(page, &before);
            return;
        }
        if (liability_decode(buffer_bytes(&value), &record)) {
            page->rows.liability[page->count++] =
                (struct liability_entry){.product = key_u32(walk.key_memory + 1),
                                         .bucket = walk.key_memory[5],
                                         .issued = record.issued,
                                         .spent = record.spent,
                                         .refunded = record.refunded,
                                         .made_good = record.made_good,
                                         .expired = record.expired,
                                         .held = record.held,
                                         .in_flight = record.in_flight};
        }
        before = walk;
    }
}

static void query_holders(struct node *node, const struct request *request, struct page *page)
{
    struct walk walk = walk_over(row_key(TABLE_HOLDER));
    walk_from(&walk, request->cursor);
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct walk before = walk;
    while (walk_next(node, &walk, &value)) {
        struct holder_record record;
        if (page->count == request->page_limit) {
            page_continue(page, &before);
            return;
        }
        if (holder_decode(buffer_bytes(&value), &record)) {
            page->rows.holders[page->count++] =
                (struct holder_entry){.journal = key_u64(walk.key_memory + 1),
                                      .principal = record.principal,
                                      .bonus = record.bonus};
        }
        before = walk;
    }
}

static void query_invalid(struct node *node, const struct request *request, struct page *page)
{
    struct walk walk = walk_over(row_key(TABLE_INVALID));
    walk_from(&walk, request->cursor);
    uint8_t memory[ROW_ROOM];
    struct buffer value = BUFFER_OVER(memory);
    struct walk before = walk;
    while (walk_next(node, &walk, &value)) {
        struct invalid_record record;
        if (page->count == request->page_limit) {
            page_continue(page, &before);
            return;
        }
        if (invalid_decode(buffer_bytes(&value), &record)) {
            page->rows.invalid[page->count++] =
                (struct invalid_entry){.event = key_ref(walk.key_memory + 5),
                                       .type = record.type,
                                       .reason = record.reason,
                                       .amount = record.amount};
        }
        before = walk;
    }
}

static enum verdict query_ticket(struct node *node, const struct request *request,
                                 struct answer *answer)
{
    uint8_t hash[16];
    enum row_layer layer = ROW_COMMITTED;
    bool found = answer_load(node->rows, request->till, &request->ticket, hash, answer, &layer);
    if (!found || layer != ROW_COMMITTED) {
        *answer = (struct answer){0};
        return REFUSED_UNKNOWN_KEY;
    }
    answer->replayed = true;
    return answer->verdict;
}

static enum verdict fill(struct node *node, const struct request *request, struct answer *answer)
{
    struct page *page = request->page;
    switch (request->kind) {
    case QUERY_MEMBER:
        return query_member(node, request, page);
    case QUERY_ACCOUNT:
        return query_account(node, request, answer, page);
    case QUERY_LOTS:
        return query_lots(node, request, answer, page);
    case QUERY_HISTORY:
        return query_history(node, request, answer, page);
    case QUERY_SALE:
        return query_sale(node, request, answer, page);
    case QUERY_HOLD:
        return holds_query(node, request, answer, page);
    case QUERY_HOLDS:
        return holds_list(node, request, answer, page);
    case QUERY_TICKET:
        return query_ticket(node, request, answer);
    case QUERY_NODE:
        query_node(node, page);
        return VERDICT_ALLOWED;
    case QUERY_BRANCHES:
        query_branches(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_PRODUCTS:
        query_products(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_DAYS:
        query_days(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_LIABILITY:
        query_liability(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_EXPIRED:
        expired_query(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_HOLDERS:
        query_holders(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_FEED:
        return query_feed(node, request, page);
    case QUERY_BLOCKS:
        query_blocks(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_EXPOSURE:
        return freezes_exposure(node, request, answer, page);
    case QUERY_CHAIN_EXPOSURE:
        return freezes_chain_exposure(node, page);
    case QUERY_RISK:
        risk_query(node, page);
        return VERDICT_ALLOWED;
    case QUERY_LIMITS:
        mandate_limits(node, page);
        return VERDICT_ALLOWED;
    case QUERY_QUOTAS:
        mandate_quotas(node, page);
        return VERDICT_ALLOWED;
    case QUERY_MINTS:
        mandate_mints(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_INVALID:
        query_invalid(node, request, page);
        return VERDICT_ALLOWED;
    case QUERY_REQUESTS:
        requests_list(node, request, page);
        return VERDICT_ALLOWED;
    case COMMAND_ENROL:
    case COMMAND_ISSUE_CARD:
    case COMMAND_TOP_UP:
    case COMMAND_SPEND:
    case COMMAND_HOLD:
    case COMMAND_CAPTURE:
    case COMMAND_RELEASE:
    case COMMAND_REFUND:
    case COMMAND_FREEZE:
    case COMMAND_UNFREEZE:
    case COMMAND_REPORT_LOSS:
    case COMMAND_REPLACE_CARD:
    case COMMAND_MOVE:
    case COMMAND_PUBLISH_PRODUCT:
    case COMMAND_INVITE:
    case COMMAND_TRANSFER:
    case COMMAND_FILE_REQUEST:
    case COMMAND_SET_RISK:
    case COMMAND_SET_EXPIRY:
    case COMMAND_SET_LIMITS:
    case COMMAND_SET_QUOTA:
    case COMMAND_APPROVE_MINT:
    case COMMAND_SUSPEND:
    case COMMAND_RETIRE:
    case COMMAND_KIND_COUNT:
        break;
    }
    assert(false);
    return VERDICT_ALLOWED;
}

void query_answer(struct node *node, const struct request *request)
{
    struct answer answer = {.kind = request->kind};
    struct page *page = request->page;
    if (page != NULL) {
        assert(request->page_limit >= 1 && request->page_limit <= PAGE_ENTRIES_MAX);
        page->count = 0;
        page->more = false;
        page->cursor_size = 0;
        stamp(node, page);
    }
    assert(page != NULL || request->kind == QUERY_TICKET);
    /* Sums over the chain are in the organisation's currency; what is about one account is in its.
     */
    memcpy(answer.currency, node->roster.currency, sizeof answer.currency);
    rows_hide_decisions(node->rows, true);
    answer.verdict = fill(node, request, &answer);
    rows_hide_decisions(node->rows, false);
    if (request->kind != QUERY_TICKET) {
        answer.page = page;
    }
    if (request->kind == QUERY_ACCOUNT && answer.verdict == VERDICT_ALLOWED) {
        answer.account = page->rows.account.account;
    }
    desk_say(node, request->number, &answer);
}
