#include "refunds.h"

#include "estate.h"
#include "fold.h"
#include "hash.h"
#include "journal.h"
#include "query.h"
#include "row_key.h"
#include "sales.h"

#include "refund.h"

#include <string.h>

static enum decision refuse(struct answer *answer, enum verdict verdict)
{
    answer->verdict = verdict;
    return DECIDED;
}

static bool is_retired(const struct node *node, uint64_t journal)
{
    return roster_retired(&node->roster, journal, node->roster.seq) != NULL;
}

/* What a retired journal left is asked of the office, which takes it over then. */
static void note_left(struct node *node, struct sheet_lot *lot, uint64_t journal, int64_t left)
{
    uint64_t office = node->office ? 0 : roster_office(&node->roster);
    if (office == 0) {
        sheet_set_holder(lot, journal, left);
    } else if (left > 0) {
        sheet_set_holder(lot, office, sheet_lot_held(lot, office) + left);
    }
}

static void note_holder(struct node *node, const struct subject_id *account, struct sheet_lot *lot,
                        uint64_t journal)
{
    struct row_key key = key_of_registers(account, &lot->lot, journal);
    struct registers registers;
    if (registers_load(node->rows, &key, &registers)) {
        sheet_set_holder(lot, journal, registers_raw(&registers));
    }
}

static void note_left_of(struct node *node, const struct subject_id *account, struct sheet_lot *lot,
                         uint64_t journal)
{
    struct row_key key = key_of_registers(account, &lot->lot, journal);
    struct registers registers;
    if (is_retired(node, journal) && registers_load(node->rows, &key, &registers)) {
#if defined(MUTANT_right_taken_twice)
        registers.taken = 0;
#endif
        note_left(node, lot, journal, registers_held(&registers));
    }
}

static void note_flight(struct node *node, struct sheet_lot *lot, uint64_t from, uint64_t to)
{
    struct row_key key = key_of_grant(&lot->lot, from, to);
    struct grant_record record;
    if (grant_load(node->rows, &key, &record)) {
        sheet_set_flight(lot, from, to, grant_flying(&record.grant));
    }
}

/* Who holds a right that was moved at least once: by the rows of its lot. Those of this node and of
 * the sale's journal are read as decided by now, the others as committed. */
static void find_holders(struct node *node, const struct refund_picture *picture,
                         struct sheet_lot *lot)
{
    const struct subject_id *account = &picture->sale.account;
    uint8_t memory[256];
    struct buffer value = BUFFER_OVER(memory);
    struct row_key prefix = key_of_subject(TABLE_REGISTERS, account);
    row_key_raw(&prefix, lot->lot.bytes, sizeof lot->lot.bytes);
    struct walk walk = walk_over(prefix);
    while (walk_next(node, &walk, &value)) {
        uint64_t journal = key_u64(walk.key_memory + prefix.size);
        if (!is_retired(node, journal)) {
            note_holder(node, account, lot, journal);
        }
    }
    if (!is_retired(node, picture->ref.journal)) {
        note_holder(node, account, lot, picture->ref.journal);
    }
    note_holder(node, account, lot, node->journal);
    walk = walk_over(prefix);
    value = BUFFER_OVER(memory);
    while (walk_next(node, &walk, &value)) {
        uint64_t journal = key_u64(walk.key_memory + prefix.size);
        if (journal != picture->ref.journal) {
            note_left_of(node, account, lot, journal);
        }
    }
    note_left_of(node, account, lot, picture->ref.journal);
    prefix = row_key(TABLE_GRANT);
    row_key_raw(&prefix, lot->lot.bytes, sizeof lot->lot.bytes);
    walk = walk_over(prefix);
    while (walk_next(node, &walk, &value)) {
        const uint8_t *at = walk.key_memory + prefix.size;
        note_flight(node, lot, key_u64(at), key_u64(at + 8));
    }
    note_flight(node, lot, picture->ref.journal, node->journal);
    uint64_t office = roster_office(&node->roster);
    if (office != 0 && office != node->journal) {
        note_flight(node, lot, office, node->journal);
    }
    /* And what any of them has just sent here, when it was asked. */
    for (uint32_t i = 0; i < lot->holder_count; i++) {
        if (lot->holders[i].journal != node->journal) {
            note_flight(node, lot, lot->holders[i].journal, node->journal);
        }
    }
}

bool refunds_look(struct node *node, struct event_ref ref, struct refund_picture *picture)
{
    memset(picture, 0, sizeof *picture);
    picture->ref = ref;
    if (!sale_load(node->rows, ref, &picture->sale)) {
        return false;
    }
    for (uint32_t k = 0; k < picture->sale.line_count; k++) {
        picture->whole[k] = picture->sale.lines[k].spent - picture->sale.lines[k].refunded;
        /* A late refund of a retired journal may have come on top. */
        picture->whole[k] = picture->whole[k] > 0 ? picture->whole[k] : 0;
        struct sheet_lot right = {
            .bucket = BUCKET_REFUND, .issued = ref, .left = picture->whole[k]};
        right.lot = hash_refund_lot(ref.journal, ref.seq, &picture->sale.leaf, (uint16_t)k);
        picture->rights[k] = right.lot;
        bool own = ref.journal == node->journal;
        struct terms_record terms;
        bool moved = terms_load(node->rows, &right.lot, &terms);
#if defined(MUTANT_refund_right_twice)
        moved = moved && !own;
#endif
        if (moved) {
            find_holders(node, picture, &right);
            picture->held[k] = own_raw(node, &picture->sale.account, &right.lot);
        } else {
            if (is_retired(node, ref.journal)) {
                note_left(node, &right, ref.journal, picture->whole[k]);
            } else {
                sheet_set_holder(&right, ref.journal, picture->whole[k]);
            }
            picture->held[k] = own ? picture->whole[k] : 0;
        }
        picture->here[k] = picture->held[k] + lot_coming(node, &right);
        (void)sheet_list(&picture->sheet, &right);
    }
    return true;
}

bool refunds_in_time(struct node *node, const struct refund_picture *picture)
{
    return lot_is_valid_on(0, picture->sale.to_day, journal_header(node)->day);
}

bool refunds_take_over(struct node *node, const struct refund_picture *picture,
                       const int64_t wanted[static EVENT_LINES_MAX])
{
    bool taken = false;
    for (uint32_t k = 0; node->office && k < picture->sale.line_count; k++) {
        int64_t lacking = wanted[k] - picture->here[k];
        const struct sheet_lot *right = NULL;
        for (uint32_t i = 0; i < picture->sheet.lot_count; i++) {
            bool same = lot_equal(&picture->sheet.lots[i].lot, &picture->rights[k]);
            right = same ? &picture->sheet.lots[i] : right;
        }
        for (uint32_t h = 0; right != NULL && lacking > 0 && h < right->holder_count; h++) {
            int64_t part = amount_smaller(right->holders[h].held, lacking);
            uint64_t of = right->holders[h].journal;
            if (part > 0 && is_retired(node, of) &&
                estate_take_right(node, of, picture->ref, &picture->sale.account,
                                  &picture->rights[k], part)) {
                lacking -= part;
                taken = true;
            }
        }
    }
    return taken;
}

/* ---- how much of each line ---- */

static bool is_card(const struct refund_picture *picture, uint32_t k)
{
    return picture->sale.lines[k].bucket != 0;
}

/* Takes up to `amount` from the other tenders, what was used last first; of one kind, unless
 * `tender` is 0. Returns what could not be taken. */
static int64_t take_tenders(const struct refund_picture *picture, uint8_t tender, int64_t amount,
                            int64_t parts[static EVENT_LINES_MAX])
{
    for (uint32_t k = picture->sale.line_count; k-- > 0;) {
        bool fits =
            !is_card(picture, k) && (tender == 0 || picture->sale.lines[k].tender == tender);
        int64_t part = fits ? amount_smaller(picture->whole[k] - parts[k], amount) : 0;
        parts[k] += part;
        amount -= part;
    }
    return amount;
}

/* Splits `amount` over the lots of the card by what is left of them. False, with what is left in
 * *limit, if that is less. */
static bool take_card(const struct refund_picture *picture, const int64_t *left, int64_t amount,
                      int64_t parts[static EVENT_LINES_MAX], int64_t *limit)
{
    struct refundable lines[EVENT_LINES_MAX];
    int64_t shares[EVENT_LINES_MAX] = {0};
    uint32_t count = 0; /* the card's lines stand first */
    while (count < picture->sale.line_count && is_card(picture, count)) {
        lines[count] = (struct refundable){.bucket = picture->sale.lines[count].bucket,
                                           .issued = picture->sale.lines[count].issued,
                                           .left = left[count]};
        count++;
    }
    *limit = refund_split(lines, count, amount, shares);
    if (amount > *limit) {
        return false;
    }
    memcpy(parts, shares, count * sizeof *parts);
    return true;
}

bool refunds_plan(const struct refund_picture *picture, const struct request *request,
                  int64_t parts[static EVENT_LINES_MAX], int64_t *limit)
{
    int64_t card = request->body.refund.amount;
    memset(parts, 0, EVENT_LINES_MAX * sizeof *parts);
    *limit = 0;
    for (uint32_t k = 0; k < picture->sale.line_count; k++) {
        *limit += picture->whole[k];
    }
    if (!request->body.refund.by_tender) {
        card = take_tenders(picture, 0, card, parts);
    }
    for (uint32_t i = 0; request->body.refund.by_tender && i < request->body.refund.tender_count;
         i++) {
        const struct tender_line *tender = &request->body.refund.tenders[i];
        int64_t lacking = take_tenders(picture, tender->tender, tender->amount, parts);
        if (lacking > 0) {
            *limit = tender->amount - lacking;
            return false;
        }
        card -= tender->amount;
    }
    int64_t left = 0;
    if (!take_card(picture, picture->whole, card, parts, &left)) {
        *limit = request->body.refund.by_tender ? left : *limit;
        return false;
    }
    return true;
}

/* ---- the event ---- */

/* What the plan wants is here. Of the card's part any split that is here will do: in any pieces a
 * sale and its refunds come back to the start (R3). */
static bool plan_here(const struct refund_picture *picture, int64_t parts[static EVENT_LINES_MAX])
{
    int64_t card = 0;
    for (uint32_t k = 0; k < picture->sale.line_count; k++) {
        if (is_card(picture, k)) {
            card += parts[k];
        } else if (parts[k] > picture->here[k]) {
            return false;
        }
    }
    int64_t limit = 0;
    return take_card(picture, picture->here, card, parts, &limit);
}

static bool accept_rights(struct node *node, const struct request *request,
                          struct refund_picture *picture, const int64_t *parts)
{
    struct acceptance acceptance = {
        .account = picture->sale.account, .till = request->till, .staff = request->staff};
    for (uint32_t k = 0; k < picture->sale.line_count; k++) {
        if (parts[k] > picture->held[k]) {
            acceptance.lots[acceptance.count++] = picture->rights[k];
        }
    }
    bool accepted = acceptance.count == 0 || sales_accept(node, &picture->sheet, &acceptance);
    return acceptance.count == 0 || (refunds_look(node, picture->ref, picture) && accepted);
}

static void add_tender(struct event *event, uint8_t tender, int64_t amount)
{
    uint32_t i = 0;
    while (i < event->body.refund.tender_count && event->body.refund.tenders[i].tender != tender) {
        i++;
    }
    event->body.refund.tenders[i].tender = tender;
    event->body.refund.tenders[i].amount += amount;
    if (i == event->body.refund.tender_count) {
        event->body.refund.tender_count++;
    }
}

/* The day on which a restored lot ends; 0: the original lot still lives. */
static uint32_t restored_until(struct node *node, const struct lot_id *original)
{
    const struct block_header *header = journal_header(node);
    struct terms_record terms;
    (void)terms_load(node->rows, original, &terms);
    if (terms.to_day == 0 || header->day <= terms.to_day) {
        return 0;
    }
    return header->day + restore_days(&node->roster, journal_branch(node->journal), header->auth);
}

static void add_line(struct node *node, const struct refund_picture *picture, uint32_t k,
                     int64_t part, struct event *event)
{
    uint32_t at = event->body.refund.line_count++;
    event->body.refund.lines[at] = (struct lot_line){
        .lot = picture->rights[k], .amount = part, .after = picture->held[k] - part};
    if (is_card(picture, k)) {
        event->body.refund.to_days[at] = restored_until(node, &picture->sale.lines[k].lot);
    } else {
        add_tender(event, picture->sale.lines[k].tender, part);
    }
}

static bool append_refund(struct node *node, const struct request *request,
                          const struct refund_picture *picture, const int64_t *parts,
                          struct answer *answer)
{
    struct event event = desk_event(request, EVENT_REFUND, &picture->sale.account);
    event.body.refund.sale = picture->ref;
    event.body.refund.reason = request->body.refund.reason;
    int64_t sums[2] = {0, 0};
    for (uint32_t k = 0; k < picture->sale.line_count; k++) {
        if (parts[k] == 0) {
            continue;
        }
        add_line(node, picture, k, parts[k], &event);
        if (is_card(picture, k)) {
            sums[picture->sale.lines[k].bucket == BUCKET_PRINCIPAL ? 0 : 1] += parts[k];
        }
    }
    if (!journal_would_hold(node, &event)) {
        return false;
    }
    answer->event = journal_append(node, &event);
    answer->principal = sums[0];
    answer->bonus = sums[1];
    answer->tender_count = event.body.refund.tender_count;
    memcpy(answer->tenders, event.body.refund.tenders, sizeof answer->tenders);
    sales_report(node, answer);
    return true;
}

/* ---- the command ---- */

static bool tenders_are_sound(const struct request *request)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < request->body.refund.tender_count; i++) {
        if (!amount_in_range(request->body.refund.tenders[i].amount)) {
            return false;
        }
        sum += request->body.refund.tenders[i].amount;
    }
    return sum <= request->body.refund.amount;
}

static uint64_t most_of(const struct refund_picture *picture, uint64_t own)
{
    uint64_t best = picture->ref.journal;
    int64_t most = 0;
    for (uint32_t i = 0; i < picture->sheet.lot_count; i++) {
        const struct sheet_lot *lot = &picture->sheet.lots[i];
        for (uint32_t h = 0; h < lot->holder_count; h++) {
            if (lot->holders[h].journal != own && lot->holders[h].held > most) {
                best = lot->holders[h].journal;
                most = lot->holders[h].held;
            }
        }
    }
    return best;
}

enum decision refunds_refund(struct node *node, const struct request *request,
                             struct answer *answer)
{
    struct refund_picture picture;
    if (!refunds_look(node, request->body.refund.sale, &picture)) {
        return refuse(answer, REFUSED_UNKNOWN_SALE);
    }
    struct account_record account;
    struct account_name name = {.account = picture.sale.account};
    enum verdict verdict = desk_account(node, &name, answer, &account);
    if (verdict != VERDICT_ALLOWED) {
        return refuse(answer, verdict);
    }
    if (!amount_in_range(request->body.refund.amount) || !tenders_are_sound(request)) {
        return refuse(answer, REFUSED_AMOUNT);
    }
    int64_t parts[EVENT_LINES_MAX];
    bool in_time = refunds_in_time(node, &picture);
    if (!refunds_plan(&picture, request, parts, &answer->limit) || !in_time) {
        answer->limit = in_time ? answer->limit : 0;
        return refuse(answer, REFUSED_REFUNDABLE);
    }
    answer->limit = 0;
    int64_t wanted[EVENT_LINES_MAX];
    memcpy(wanted, parts, sizeof wanted);
    if (!plan_here(&picture, parts) && refunds_take_over(node, &picture, wanted)) {
        (void)refunds_look(node, request->body.refund.sale, &picture);
    }
    memcpy(parts, wanted, sizeof wanted);
    if (plan_here(&picture, parts) && accept_rights(node, request, &picture, parts)) {
        return append_refund(node, request, &picture, parts, answer)
                   ? DECIDED
                   : refuse(answer, REFUSED_AMOUNT);
    }
    for (uint32_t k = 0; k < picture.sale.line_count; k++) {
        answer->offer += picture.here[k];
    }
    answer->branch = journal_branch(most_of(&picture, node->journal));
    answer->verdict = REFUSED_OTHER_BRANCH;
    return NEEDS_RIGHTS;
}
