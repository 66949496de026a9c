#include "fold.h"

#include "hash.h"
#include "record.h"
#include "registers.h"
#include "row_key.h"
#include "sheet.h"

#include "number.h"

#include <assert.h>
#include <string.h>

static struct event_ref ref_of(const struct fold *fold)
{
    return (struct event_ref){
        .journal = fold->header->journal, .seq = fold->header->seq, .index = fold->index};
}

static bool has_role(const struct fold *fold, enum role role)
{
    const struct roster_journal *writer =
        roster_journal(fold->roster, fold->header->journal, fold->header->auth);
    return writer != NULL && (writer->roles & (unsigned)role) != 0;
}

static void count_amount(struct fold *fold, uint8_t bucket, int64_t amount)
{
    if (bucket == BUCKET_PRINCIPAL) {
        fold->principal += amount;
    } else if (bucket == BUCKET_BONUS) {
        fold->bonus += amount;
    }
}

/* One lot as an event touches it: everything it needs, loaded before anything is changed. */
struct touched {
    struct lot_id lot;
    struct row_key key; /* of the registers */
    struct registers registers;
    struct terms_record terms;
    int64_t change; /* of what the chain owes: + issued, refunded; - used */
    bool is_spare;
    struct sheet_lot spare; /* its picture, when the account's sheet is full */
};

static void load_touched(struct fold *fold, const struct lot_id *lot, struct touched *touched)
{
    *touched = (struct touched){.lot = *lot};
    touched->key = key_of_registers(&fold->event->subject, lot, fold->header->journal);
    (void)registers_load(fold->rows, &touched->key, &touched->registers);
    (void)terms_load(fold->rows, lot, &touched->terms);
}

/* The lot's picture: in the account's sheet, or in a row of its own when the sheet is full. */
static struct sheet_lot *picture(struct fold *fold, struct sheet *sheet, struct touched *touched)
{
    if (touched->is_spare) {
        return &touched->spare;
    }
    struct sheet_lot *lot = sheet_find(sheet, &touched->lot);
    if (lot != NULL) {
        return lot;
    }
    if (sheet->unlisted > 0 &&
        spare_load(fold->rows, &fold->event->subject, &touched->lot, &touched->spare)) {
        touched->is_spare = true;
        return &touched->spare;
    }
    struct sheet_lot terms = {.lot = touched->lot,
                              .bucket = touched->terms.bucket,
                              .from_day = touched->terms.from_day,
                              .to_day = touched->terms.to_day,
                              .product = touched->terms.product,
                              .issued = touched->terms.issued};
    lot = sheet_list(sheet, &terms);
    if (lot == NULL) {
        touched->is_spare = true;
        touched->spare = terms;
        sheet->unlisted++;
        lot = &touched->spare;
    }
    return lot;
}

static void save_spares(struct fold *fold, struct sheet *sheet, const struct touched *touched,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!touched[i].is_spare) {
            continue;
        }
        if (sheet_lot_is_spent(&touched[i].spare)) {
            spare_erase(fold->rows, &fold->event->subject, &touched[i].lot);
            sheet->unlisted--;
        } else {
            spare_save(fold->rows, &fold->event->subject, &touched[i].spare);
        }
    }
}

/* Lists what was left out, now that there is room: as far as it is committed; the rest follows with
 * a later event. */
static void list_spares(struct fold *fold, struct sheet *sheet)
{
    struct row_key prefix = key_of_subject(TABLE_SPARE, &fold->event->subject);
    uint8_t key_memory[ROW_KEY_SIZE_MAX];
    uint8_t after[ROW_KEY_SIZE_MAX];
    uint8_t value_memory[1024];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    size_t after_size = prefix.size;
    memcpy(after, prefix.bytes, prefix.size);
    while (sheet->unlisted > 0 && sheet->lot_count < SHEET_LOTS_MAX &&
           rows_next_committed(fold->rows, row_key_bytes(&prefix), bytes_of(after, after_size),
                               &key, &value)) {
        struct sheet_lot lot;
        struct lot_id id;
        memcpy(id.bytes, key_memory + prefix.size, sizeof id.bytes);
        if (spare_load(fold->rows, &fold->event->subject, &id, &lot)) {
            spare_erase(fold->rows, &fold->event->subject, &id);
            (void)sheet_list(sheet, &lot);
            sheet->unlisted--;
        }
        memcpy(after, key_memory, key.size);
        after_size = key.size;
    }
}

static void change_totals(struct sheet *sheet, uint8_t bucket, int64_t change)
{
    if (bucket == BUCKET_PRINCIPAL) {
        sheet->principal += change;
    } else if (bucket == BUCKET_BONUS) {
        sheet->bonus += change;
    }
}

/* Writes what a touched lot has become: registers, the account's sheet, the holder's total. */
static void save_touched(struct fold *fold, struct sheet *sheet, struct touched *touched,
                         int64_t held_change)
{
    registers_save(fold->rows, &touched->key, &touched->registers);
    change_totals(sheet, touched->terms.bucket, touched->change);
    struct sheet_lot *lot = picture(fold, sheet, touched);
    lot->left += touched->change;
    sheet_set_holder(lot, fold->header->journal, registers_raw(&touched->registers));
    holder_add(fold->rows, fold->header->journal, touched->terms.bucket, held_change);
}

static void check_after(struct fold *fold, int64_t stated, int64_t ours)
{
    if (stated != ours) {
        fold->diverged = true;
    }
}

static struct lot_id lot_of_topup(const struct fold *fold, uint16_t k)
{
    const struct lot_terms *terms = &fold->event->body.topup.lots[k];
    if (terms->key.size > 0) {
        return hash_shared_lot(&fold->event->subject, terms);
    }
    return hash_issued_lot(fold->header->journal, fold->header->seq, &fold->leaf, k);
}

static enum invalid_reason fold_topup(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    if (!has_role(fold, ROLE_MINT)) {
        return INVALID_NO_ROLE;
    }
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.topup.lot_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *terms = &event->body.topup.lots[i];
        struct lot_id lot = lot_of_topup(fold, (uint16_t)i);
        for (uint32_t j = 0; j < i; j++) {
            if (lot_equal(&lot, &touched[j].lot)) {
                return INVALID_BAD_AMOUNT; /* equal terms and key: one lot named twice */
            }
        }
        load_touched(fold, &lot, &touched[i]);
        enum invalid_reason reason = registers_issue(&touched[i].registers, terms->amount);
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *terms = &event->body.topup.lots[i];
        if (touched[i].terms.bucket == 0) {
            touched[i].terms = (struct terms_record){.account = event->subject,
                                                     .bucket = terms->bucket,
                                                     .from_day = terms->from_day,
                                                     .to_day = terms->to_day,
                                                     .product = terms->product};
            if (terms->key.size == 0) {
                touched[i].terms.issued = ref_of(fold); /* a shared lot has no one issuer */
            }
            terms_save(fold->rows, &touched[i].lot, &touched[i].terms);
        }
        touched[i].change = terms->amount;
        save_touched(fold, sheet, &touched[i], terms->amount);
        liability_add(fold->rows, terms->product, terms->bucket,
                      &(struct liability_record){.issued = terms->amount, .held = terms->amount});
        count_amount(fold, terms->bucket, terms->amount);
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}

static void save_sale(struct fold *fold, const struct touched *touched, uint32_t count)
{
    int64_t days = roster_limit(fold->roster, "refund_days", journal_branch(fold->header->journal),
                                fold->header->auth);
    struct sale_record sale = {
        .account = fold->event->subject,
        .leaf = fold->leaf,
        .to_day = days == 0 ? 0 : fold->header->day + (uint32_t)days,
        .line_count = (uint8_t)count,
    };
    for (uint32_t i = 0; i < count; i++) {
        sale.lines[i].lot = touched[i].lot;
        sale.lines[i].bucket = touched[i].terms.bucket;
        sale.lines[i].issued = touched[i].terms.issued;
        sale.lines[i].spent = fold->event->body.spend.lines[i].amount;
    }
    sale_save(fold->rows, ref_of(fold), &sale);
}

static enum invalid_reason fold_spend(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    if (!has_role(fold, ROLE_SELL)) {
        return INVALID_NO_ROLE;
    }
    if (event->body.spend.risk != 0) {
        return INVALID_RISK_CAP; /* the allowance is 0 under these rules */
    }
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.spend.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.spend.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        /* Registers stand under (account, lot, writer): of another's account there are none, and a
         * covered line proves that the lot's terms are in the causal past. */
#if defined(MUTANT_spend_uncovered)
        enum invalid_reason reason = INVALID_NONE;
        touched[i].registers.used += line->amount;
#else
        enum invalid_reason reason = registers_use(&touched[i].registers, line->amount);
#endif
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (touched[i].terms.bucket != BUCKET_PRINCIPAL &&
            touched[i].terms.bucket != BUCKET_BONUS) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (!lot_is_valid_on(touched[i].terms.from_day, touched[i].terms.to_day,
                             fold->header->day)) {
            return INVALID_LOT_TIME;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.spend.lines[i];
        touched[i].change = -line->amount;
        save_touched(fold, sheet, &touched[i], -line->amount);
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.spent = line->amount, .held = -line->amount});
        count_amount(fold, touched[i].terms.bucket, line->amount);
        check_after(fold, line->after, registers_raw(&touched[i].registers));
    }
    save_spares(fold, sheet, touched, count);
    save_sale(fold, touched, count);
    return INVALID_NONE;
}

/* The line of the sale whose refund rights bear this name, or -1. */
static int sale_line(const struct sale_record *sale, struct event_ref ref,
                     const struct lot_id *refund_lot)
{
    for (uint32_t k = 0; k < sale->line_count; k++) {
        struct lot_id lot = hash_refund_lot(ref.journal, ref.seq, &sale->leaf, (uint16_t)k);
        if (lot_equal(&lot, refund_lot)) {
            return (int)k;
        }
    }
    return -1;
}

static enum invalid_reason fold_refund(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct event_ref ref = event->body.refund.sale;
    struct sale_record sale;
    /* Refund rights start at the journal of the sale, and only its holder may use them. */
    if (ref.journal != fold->header->journal || !sale_load(fold->rows, ref, &sale) ||
        !subject_equal(&sale.account, &event->subject)) {
        return INVALID_BAD_REF;
    }
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.refund.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.refund.lines[i];
        int k = sale_line(&sale, ref, &line->lot);
        if (k < 0 || event->body.refund.to_days[i] != 0) {
            return INVALID_BAD_REF;
        }
#if !defined(MUTANT_refund_unbounded)
        if (line->amount > sale.lines[k].spent - sale.lines[k].refunded) {
            return INVALID_NOT_COVERED;
        }
#endif
        if (!lot_is_valid_on(0, sale.to_day, fold->header->day)) {
            return INVALID_LOT_TIME;
        }
        load_touched(fold, &sale.lines[k].lot, &touched[i]);
        enum invalid_reason reason = registers_refund(&touched[i].registers, line->amount);
        if (reason != INVALID_NONE) {
            return reason;
        }
        sale.lines[k].refunded += line->amount;
        check_after(fold, line->after, sale.lines[k].spent - sale.lines[k].refunded);
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        int64_t amount = event->body.refund.lines[i].amount;
        touched[i].change = amount;
        save_touched(fold, sheet, &touched[i], amount);
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.refunded = amount, .held = amount});
        count_amount(fold, touched[i].terms.bucket, amount);
    }
    save_spares(fold, sheet, touched, count);
    sale_save(fold->rows, ref, &sale);
    return INVALID_NONE;
}

static enum invalid_reason fold_move(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t from = fold->header->journal;
    uint64_t to = event->body.move.to;
#if !defined(MUTANT_self_transfer)
    if (to == from) {
        return INVALID_SELF_MOVE;
    }
#endif
    if (roster_journal(fold->roster, to, fold->header->auth) == NULL) {
        return INVALID_NOT_ACTIVE;
    }
    struct touched touched[EVENT_LINES_MAX];
    struct grant_record grants[EVENT_LINES_MAX];
    uint32_t count = event->body.move.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.move.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        enum invalid_reason reason = registers_give(&touched[i].registers, line->amount);
        if (reason == INVALID_NONE) {
            struct row_key key = key_of_grant(&line->lot, from, to);
            (void)grant_load(fold->rows, &key, &grants[i]);
            reason = grant_give(&grants[i].grant, line->amount);
        }
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.move.lines[i];
        save_touched(fold, sheet, &touched[i], -line->amount);
        grants[i].steps++;
        struct row_key key = key_of_grant(&line->lot, from, to);
        grant_save(fold->rows, &key, &grants[i]);
        struct row_key step = key_of_grant_step(&line->lot, from, to, grants[i].steps);
        grant_step_save(
            fold->rows, &step,
            &(struct grant_step){.seq = fold->header->seq, .granted = grants[i].grant.granted});
        sheet_set_flight(picture(fold, sheet, &touched[i]), from, to,
                         grants[i].grant.granted - grants[i].grant.accepted);
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.held = -line->amount, .in_flight = line->amount});
        fold->moved += line->amount;
        check_after(fold, line->after, registers_raw(&touched[i].registers));
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}

int64_t granted_at(struct rows *rows, const struct lot_id *lot, uint64_t from, uint64_t to,
                   uint64_t seq)
{
    struct row_key key = key_of_grant(lot, from, to);
    struct grant_record record;
    if (!grant_load(rows, &key, &record)) {
        return 0;
    }
#if defined(MUTANT_accept_without_dep)
    (void)seq;
    return record.grant.granted;
#else
    /* Steps rise with their block numbers: the last one at or before `seq`. */
    uint32_t low = 0; /* steps known to be at or before */
    uint32_t high = record.steps;
    struct grant_step found = {0};
    while (low < high) {
        uint32_t middle = high - (high - low) / 2;
        struct row_key step_key = key_of_grant_step(lot, from, to, middle);
        struct grant_step step;
        (void)grant_step_load(rows, &step_key, &step);
        if (step.seq <= seq) {
            found = step;
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return found.granted;
#endif
}

static enum invalid_reason fold_accept(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t from = event->body.accept.from;
    uint64_t to = fold->header->journal;
    if (event->body.accept.of != 0) {
        return INVALID_NO_ROLE; /* acting for a retired journal is not in these rules */
    }
    struct dep_record dep;
    (void)dep_load(fold->rows, to, from, &dep);
    dep.seq = fold->trial ? fold->trial_dep : dep.seq;
    struct touched touched[EVENT_LINES_MAX];
    struct grant_record grants[EVENT_LINES_MAX];
    int64_t risen[EVENT_LINES_MAX];
    uint32_t count = event->body.accept.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct accept_line *line = &event->body.accept.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        struct row_key key = key_of_grant(&line->lot, from, to);
        (void)grant_load(fold->rows, &key, &grants[i]);
        int64_t before = grants[i].grant.accepted;
        int64_t reach = granted_at(fold->rows, &line->lot, from, to, dep.seq);
        enum invalid_reason reason =
            grant_accept(&grants[i].grant, line->cumulative, reach, &touched[i].registers);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!subject_equal(&touched[i].terms.account, &event->subject)) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (line->witnessed != 0) {
            return INVALID_OVER_WITNESS; /* no checkpoint exists under these rules */
        }
        risen[i] = grants[i].grant.accepted - before;
#if defined(MUTANT_accept_twice_adds)
        if (risen[i] == 0) {
            touched[i].registers.in += line->cumulative;
        }
#endif
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_id *id = &event->body.accept.lines[i].lot;
        struct row_key key = key_of_grant(id, from, to);
        grant_save(fold->rows, &key, &grants[i]);
        save_touched(fold, sheet, &touched[i], risen[i]);
        sheet_set_flight(picture(fold, sheet, &touched[i]), from, to,
                         grants[i].grant.granted - grants[i].grant.accepted);
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.held = risen[i], .in_flight = -risen[i]});
        fold->moved += risen[i];
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}

static enum invalid_reason fold_enrol(struct fold *fold)
{
    const struct event *event = fold->event;
    struct member_record member;
    (void)member_load(fold->rows, &event->subject, &member);
    if (!member.enrolled) {
        member.enrolled = true;
        member.home_branch = event->body.enrol.home_branch;
        member_save(fold->rows, &event->subject, &member);
    }
    for (uint32_t i = 0; i < event->body.enrol.field_count; i++) {
        const struct sealed_field *sealed = &event->body.enrol.fields[i];
        uint8_t memory[SEALED_SIZE_MAX + 64];
        struct buffer scratch = BUFFER_OVER(memory);
        struct field_record old;
        bool found = field_load(fold->rows, &event->subject, sealed->field, &scratch, &old);
        bool later = fold->header->hlc > old.hlc ||
                     (fold->header->hlc == old.hlc && fold->header->journal > old.journal);
        if (found && !later) {
            continue;
        }
        field_save(fold->rows, &event->subject, sealed->field,
                   &(struct field_record){.hlc = fold->header->hlc,
                                          .journal = fold->header->journal,
                                          .event_type = event->type,
                                          .class_number = sealed->class_number,
                                          .key_number = sealed->key_number,
                                          .box = sealed->box});
    }
    return INVALID_NONE;
}

static bool ref_before(struct event_ref a, struct event_ref b)
{
    if (a.journal != b.journal) {
        return a.journal < b.journal;
    }
    return a.seq != b.seq ? a.seq < b.seq : a.index < b.index;
}

static enum invalid_reason fold_open(struct fold *fold)
{
    const struct event *event = fold->event;
    struct account_record account;
    (void)account_load(fold->rows, &event->subject, &account);
    /* Ids are random, so only a hostile writer opens one twice: the smaller place stands. */
    if (!account.opened || ref_before(ref_of(fold), account.opened_by)) {
        account.opened = true;
        account.member = event->body.open.member;
        account.product = event->body.open.product;
        account.version = event->body.open.version;
        account.home_branch = event->body.open.home_branch;
        account.opened_by = ref_of(fold);
        account_save(fold->rows, &event->subject, &account);
    }
    struct member_record member;
    (void)member_load(fold->rows, &event->body.open.member, &member);
    if (member.account_count < 8) {
        member.accounts[member.account_count++] = event->subject;
        member_save(fold->rows, &event->body.open.member, &member);
    }
    return INVALID_NONE;
}

static enum invalid_reason fold_issue(struct fold *fold)
{
    const struct event *event = fold->event;
    uint64_t journal = 0;
    uint32_t serial = 0;
    if (!number_parse(event->body.issue.number, &journal, &serial) ||
        journal != fold->header->journal) {
        return INVALID_WRONG_NUMBER;
    }
    struct row_key key = key_of_journal(TABLE_SERIAL, journal);
    if (serial <= number_load(fold->rows, row_key_bytes(&key))) {
        return INVALID_WRONG_NUMBER;
    }
    number_save(fold->rows, row_key_bytes(&key), serial);
    struct card_record card = {
        .account = event->subject, .holder = event->body.issue.holder, .issued_by = ref_of(fold)};
    memcpy(card.number, event->body.issue.number.data, CARD_NUMBER_SIZE);
    card_save(fold->rows, event->body.issue.number, &card);
    struct account_record account;
    (void)account_load(fold->rows, &event->subject, &account);
    if (account.card_count < 8) {
        memcpy(account.cards[account.card_count++], card.number, CARD_NUMBER_SIZE);
        account_save(fold->rows, &event->subject, &account);
    }
    return INVALID_NONE;
}

enum { TOKEN_SEEN = 1, TOKEN_LIFTED = 2 };

static enum invalid_reason fold_freeze(struct fold *fold, struct sheet *sheet)
{
    uint64_t bits = freeze_load(fold->rows, &fold->event->subject, ref_of(fold));
    if (bits == 0) {
        sheet->frozen++;
    }
    freeze_save(fold->rows, &fold->event->subject, ref_of(fold), bits | TOKEN_SEEN);
    return INVALID_NONE;
}

/* An unfreeze lifts the tokens that it names and no others: a concurrent freeze survives. */
static enum invalid_reason fold_unfreeze(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    for (uint32_t i = 0; i < event->body.unfreeze.token_count; i++) {
        struct event_ref token = event->body.unfreeze.tokens[i];
        uint64_t bits = freeze_load(fold->rows, &event->subject, token);
        if (bits == TOKEN_SEEN) {
            sheet->frozen--;
        }
        freeze_save(fold->rows, &event->subject, token, bits | TOKEN_LIFTED);
    }
    return INVALID_NONE;
}

static bool uses_sheet(uint16_t type)
{
    return type == EVENT_TOPUP || type == EVENT_SPEND || type == EVENT_REFUND ||
           type == EVENT_RIGHTS_MOVE || type == EVENT_RIGHTS_ACCEPT ||
           type == EVENT_ACCOUNT_FREEZE || type == EVENT_ACCOUNT_UNFREEZE;
}

static enum invalid_reason fold_known(struct fold *fold, struct sheet *sheet)
{
    switch ((enum event_type)fold->event->type) {
    case EVENT_TOPUP:
        return fold_topup(fold, sheet);
    case EVENT_SPEND:
        return fold_spend(fold, sheet);
    case EVENT_REFUND:
        return fold_refund(fold, sheet);
    case EVENT_RIGHTS_MOVE:
        return fold_move(fold, sheet);
    case EVENT_RIGHTS_ACCEPT:
        return fold_accept(fold, sheet);
    case EVENT_MEMBER_ENROL:
        return fold_enrol(fold);
    case EVENT_ACCOUNT_OPEN:
        return fold_open(fold);
    case EVENT_CARD_ISSUE:
        return fold_issue(fold);
    case EVENT_ACCOUNT_FREEZE:
        return fold_freeze(fold, sheet);
    case EVENT_ACCOUNT_UNFREEZE:
        return fold_unfreeze(fold, sheet);
    case EVENT_AUTH_EPOCH:
    case EVENT_JOURNAL_ADMIT:
    case EVENT_LIMITS_SET:
    case EVENT_ORGANISATION_SET:
    case EVENT_PRODUCT_PUBLISH:
        return INVALID_NO_ROLE; /* the authority's, in a data journal */
    }
    return INVALID_MALFORMED;
}

static void save_statement(struct fold *fold)
{
    const struct event *event = fold->event;
    if (event->type == EVENT_MEMBER_ENROL ||
        id_is_none(event->subject.bytes, sizeof event->subject.bytes)) {
        return;
    }
    struct statement_record line = {
        .type = event->type,
        .verdict = (uint8_t)fold->verdict,
        .reason = (uint8_t)fold->reason,
        .till = event->till,
        .staff = event->staff,
        .principal = fold->principal,
        .bonus = fold->bonus,
        .moved = fold->moved,
        .ticket = event->ticket,
    };
    if (event->known && event->type == EVENT_TOPUP) {
        line.tender = event->body.topup.tender;
    } else if (event->known && event->type == EVENT_REFUND) {
        line.sale = event->body.refund.sale;
    } else if (event->known && event->type == EVENT_RIGHTS_MOVE) {
        line.to_journal = event->body.move.to;
    } else if (event->known && event->type == EVENT_RIGHTS_ACCEPT) {
        line.to_journal = event->body.accept.from;
    }
    statement_save(fold->rows, &event->subject, fold->header->hlc, ref_of(fold), &line);
}

/* What an INVALID event costs its branch: goods left the shop and no member was charged. */
static int64_t charged(const struct event *event)
{
    int64_t amount = 0;
    if (event->known && event->type == EVENT_SPEND) {
        for (uint32_t i = 0; i < event->body.spend.line_count; i++) {
            if (!amount_add(amount, event->body.spend.lines[i].amount, &amount)) {
                return INT64_MAX;
            }
        }
    }
    return amount;
}

static bool is_named_type(uint16_t type)
{
    return type == EVENT_MEMBER_ENROL || type == EVENT_ACCOUNT_OPEN || type == EVENT_CARD_ISSUE ||
           type == EVENT_ACCOUNT_FREEZE || type == EVENT_ACCOUNT_UNFREEZE;
}

static void fold_unknown(struct fold *fold)
{
    fold->verdict = EVENT_UNKNOWN;
    struct row_key key = row_key(TABLE_UNKNOWN);
    row_key_u16(&key, fold->event->type);
    row_key_ref(&key, ref_of(fold));
    number_save(fold->rows, row_key_bytes(&key), fold->event->flags);
}

void fold_event(struct fold *fold)
{
    const struct event *event = fold->event;
    fold->verdict = EVENT_VALID;
    fold->reason = INVALID_NONE;
    fold->principal = 0;
    fold->bonus = 0;
    fold->moved = 0;
    fold->diverged = false;
    if (!event->known && event->type >= 200 && !is_named_type(event->type)) {
        fold_unknown(fold);
        return;
    }
    struct sheet sheet;
    bool sheeted = event->known && uses_sheet(event->type);
    enum invalid_reason reason = event->known ? event_form(event) : INVALID_MALFORMED;
    if (reason == INVALID_NONE) {
        if (sheeted) {
            (void)sheet_load(fold->rows, &event->subject, &sheet);
        }
        reason = fold_known(fold, &sheet);
    }
    if (fold->trial) {
        fold->verdict = reason == INVALID_NONE ? EVENT_VALID : EVENT_INVALID;
        fold->reason = reason;
        return;
    }
    if (reason != INVALID_NONE) {
        fold->verdict = EVENT_INVALID;
        fold->reason = reason;
        fold->principal = 0;
        fold->bonus = 0;
        fold->moved = 0;
        fold->diverged = false;
        invalid_save(fold->rows, ref_of(fold),
                     &(struct invalid_record){
                         .type = event->type, .reason = (uint8_t)reason, .amount = charged(event)});
    } else {
        if (sheeted) {
            sheet_tidy(&sheet);
            if (sheet.unlisted > 0) {
                list_spares(fold, &sheet);
            }
            sheet_save(fold->rows, &event->subject, &sheet);
        }
        if (event->type == EVENT_TOPUP || event->type == EVENT_SPEND ||
            event->type == EVENT_REFUND) {
            day_add(fold->rows, journal_branch(fold->header->journal), fold->header->day,
                    event->type, fold->principal, fold->bonus);
        }
    }
    save_statement(fold);
}

void event_amounts(struct rows *rows, const struct event *event, int64_t *principal, int64_t *bonus)
{
    int64_t sums[2] = {0, 0};
    if (event->known && event->type == EVENT_TOPUP) {
        for (uint32_t i = 0; i < event->body.topup.lot_count; i++) {
            const struct lot_terms *terms = &event->body.topup.lots[i];
            if (terms->bucket == BUCKET_PRINCIPAL || terms->bucket == BUCKET_BONUS) {
                sums[terms->bucket - 1] += terms->amount;
            }
        }
    } else if (event->known && event->type == EVENT_SPEND) {
        for (uint32_t i = 0; i < event->body.spend.line_count; i++) {
            struct terms_record terms;
            const struct lot_line *line = &event->body.spend.lines[i];
            if (terms_load(rows, &line->lot, &terms) &&
                (terms.bucket == BUCKET_PRINCIPAL || terms.bucket == BUCKET_BONUS)) {
                sums[terms.bucket - 1] += line->amount;
            }
        }
    } else if (event->known && event->type == EVENT_RIGHTS_MOVE) {
        for (uint32_t i = 0; i < event->body.move.line_count; i++) {
            struct terms_record terms;
            const struct lot_line *line = &event->body.move.lines[i];
            if (terms_load(rows, &line->lot, &terms) &&
                (terms.bucket == BUCKET_PRINCIPAL || terms.bucket == BUCKET_BONUS)) {
                sums[terms.bucket - 1] += line->amount;
            }
        }
    } else if (event->known && event->type == EVENT_REFUND) {
        struct sale_record sale;
        bool found = sale_load(rows, event->body.refund.sale, &sale);
        for (uint32_t i = 0; found && i < event->body.refund.line_count; i++) {
            int k = sale_line(&sale, event->body.refund.sale, &event->body.refund.lines[i].lot);
            if (k >= 0 && sale.lines[k].bucket <= BUCKET_BONUS && sale.lines[k].bucket > 0) {
                sums[sale.lines[k].bucket - 1] += event->body.refund.lines[i].amount;
            }
        }
    }
    *principal = sums[0];
    *bonus = sums[1];
}
