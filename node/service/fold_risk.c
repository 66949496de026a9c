/* Value handed out without cover, and how it is paid afterwards.
 *
 * K1 What a journal has sold without cover and not acknowledged as settled stays within the caps of
 *    its account and of its branch, on every path, as of the header's authority position.
 * K2 A sale without cover states a balance at least as high as the whole sale.
 * K3 Each such sale is settled once and acknowledged once; what an account owes is what was sold
 *    without cover less what was covered, whatever was settled.
 * K4 What covers is taken from lots of the account itself, so that each lot still adds up. */
#include "fold_parts.h"

#include "record_risk.h"

static int64_t limit_of(const struct fold *fold, const char *name)
{
    return roster_limit(fold->roster, name, journal_branch(fold->header->journal),
                        fold->header->auth);
}

/* The amount of the whole sale; INT64_MAX when it passes every bound. */
static int64_t whole_sale(const struct event *event)
{
    int64_t whole = event->body.spend.risk;
    for (uint32_t i = 0; i < event->body.spend.line_count; i++) {
        if (!amount_add(whole, event->body.spend.lines[i].amount, &whole)) {
            return INT64_MAX;
        }
    }
    return whole;
}

enum invalid_reason fold_risk(const struct fold *fold)
{
    const struct event *event = fold->event;
    int64_t risk = event->body.spend.risk;
    if (risk == 0) {
        return INVALID_NONE;
    }
    struct risk_record record;
    (void)risk_load(fold->rows, &event->subject, fold->header->journal, &record);
    int64_t of_account = record.given - record.acked;
    int64_t of_branch = risk_open_of(fold->rows, fold->header->journal);
#if defined(MUTANT_risk_cap_ignored)
    of_account = 0;
    of_branch = 0;
#endif
    if (risk > limit_of(fold, "risk_account") - of_account ||
        risk > limit_of(fold, "risk_branch") - of_branch || record.given > REGISTER_MAX - risk) {
        return INVALID_RISK_CAP; /* (K1) */
    }
    int64_t whole = whole_sale(event);
#if defined(MUTANT_risk_guard_ignored)
    whole = 0;
#endif
    return event->body.spend.seen < whole ? INVALID_RISK_GUARD : INVALID_NONE; /* (K2) */
}

/* Lists the account for the office's sweep while it owes. */
static void list_owed(struct fold *fold, const struct sheet *sheet)
{
    struct row_key key = key_of_subject(TABLE_OWED, &fold->event->subject);
    if (sheet_owed(sheet) > 0) {
        number_save(fold->rows, row_key_bytes(&key), (uint64_t)sheet_owed(sheet));
    } else {
        rows_put(fold->rows, row_key_bytes(&key), bytes_of(NULL, 0));
    }
}

static void raise_open(struct fold *fold, uint64_t journal, int64_t change)
{
    struct row_key key = key_of_journal(TABLE_RISK_OPEN, journal);
    int64_t open = risk_open_of(fold->rows, journal) + change;
    number_save(fold->rows, row_key_bytes(&key), (uint64_t)open);
}

void fold_risk_save(struct fold *fold, struct sheet *sheet)
{
    const struct subject_id *account = &fold->event->subject;
    int64_t risk = fold->event->body.spend.risk;
    if (risk == 0) {
        return;
    }
    struct risk_record record;
    (void)risk_load(fold->rows, account, fold->header->journal, &record);
    record.given += risk;
    risk_save(fold->rows, account, fold->header->journal, &record);
    raise_open(fold, fold->header->journal, risk);
    risk_sale_save(fold->rows, fold_ref(fold),
                   &(struct risk_sale_record){.account = *account, .risk = risk});
    struct row_key task = key_of_settle_task(account, fold_ref(fold));
    number_save(fold->rows, row_key_bytes(&task), (uint64_t)risk);
    sheet->uncovered += risk;
    list_owed(fold, sheet);
    fold->uncovered = risk;
}

/* Whatever came to the office for a cover and was used for one need not go back. */
static void use_surplus(struct fold *fold, int64_t amount)
{
    struct surplus_record surplus;
    if (surplus_load(fold->rows, &fold->event->subject, &surplus)) {
        surplus.amount -= amount;
        surplus_save(fold->rows, &fold->event->subject, &surplus);
    }
}

void fold_surplus(struct fold *fold)
{
    const struct event *event = fold->event;
    const struct roster_journal *to =
        roster_journal(fold->roster, event->body.move.to, fold->header->auth);
    if (event->body.move.why != MOVE_COVER) {
        return;
    }
    if (fold_has_role(fold, ROLE_OFFICE)) {
        use_surplus(fold, fold->moved);
    } else if (to != NULL && (to->roles & ROLE_OFFICE) != 0) {
        struct surplus_record surplus;
        (void)surplus_load(fold->rows, &event->subject, &surplus);
        surplus.giver = fold->header->journal;
        surplus.amount += fold->moved;
        surplus_save(fold->rows, &event->subject, &surplus);
    }
}

static enum invalid_reason judge_cover(struct fold *fold, struct touched *touched)
{
    const struct event *event = fold->event;
    if (event->body.cover.kind != COVER_DEBT || event->body.cover.of != 0) {
        return INVALID_MALFORMED; /* shortfalls are not in these rules */
    }
    if (!fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    for (uint32_t i = 0; i < event->body.cover.line_count; i++) {
        const struct lot_line *line = &event->body.cover.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        enum invalid_reason reason = registers_cover(&touched[i].registers, line->amount);
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
    return INVALID_NONE;
}

enum invalid_reason fold_cover(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.cover.line_count;
    enum invalid_reason reason = judge_cover(fold, touched);
    if (reason != INVALID_NONE || fold->trial) {
        return reason;
    }
    int64_t paid = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.cover.lines[i];
        touched[i].change = -line->amount;
        save_touched(fold, sheet, &touched[i], -line->amount); /* (K4) */
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.spent = line->amount, .held = -line->amount});
        fold_count(fold, touched[i].terms.bucket, line->amount);
        check_after(fold, line->after, registers_raw(&touched[i].registers));
        paid += line->amount;
    }
    save_spares(fold, sheet, touched, count);
    struct risk_record record;
    (void)risk_load(fold->rows, &event->subject, fold->header->journal, &record);
    record.covered += paid;
    risk_save(fold->rows, &event->subject, fold->header->journal, &record);
    sheet->covered += paid;
    list_owed(fold, sheet);
    use_surplus(fold, paid);
    fold->uncovered = paid;
    return INVALID_NONE;
}

bool fold_is_past(const struct fold *fold, struct event_ref place)
{
    struct dep_record dep;
    (void)dep_load(fold->rows, fold->header->journal, place.journal, &dep);
    return place.journal == fold->header->journal || dep.seq >= place.seq;
}

enum invalid_reason fold_settle(struct fold *fold)
{
    const struct event *event = fold->event;
    struct event_ref sale = event->body.settle.spend;
    if (!fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    struct risk_sale_record record;
    struct row_key settled = key_of_settled(sale, fold->header->journal);
    bool once = number_load(fold->rows, row_key_bytes(&settled)) == 0; /* (K3) */
#if defined(MUTANT_settle_twice)
    once = true;
#endif
    if (!fold_is_past(fold, sale) || !risk_sale_load(fold->rows, sale, &record) ||
        !subject_equal(&record.account, &event->subject) || !once) {
        return INVALID_BAD_REF;
    }
    if (event->body.settle.debt > record.risk) {
        return INVALID_BAD_AMOUNT;
    }
    if (!fold->trial) {
        number_save(fold->rows, row_key_bytes(&settled), 1);
        settle_save(fold->rows, fold_ref(fold), sale);
        struct row_key task = key_of_settle_task(&event->subject, sale);
        rows_put(fold->rows, row_key_bytes(&task), bytes_of(NULL, 0));
        if (!record.acked) {
            struct row_key ack = key_of_risk_task(sale.journal, fold_ref(fold));
            number_save(fold->rows, row_key_bytes(&ack), (uint64_t)record.risk);
        }
    }
    return INVALID_NONE;
}

enum invalid_reason fold_risk_ack(struct fold *fold)
{
    const struct event *event = fold->event;
    struct event_ref settle = event->body.risk_ack.settle;
    struct event_ref sale;
    struct risk_sale_record record;
    if (!fold_is_past(fold, settle) || !settle_load(fold->rows, settle, &sale) ||
        sale.journal != fold->header->journal || !risk_sale_load(fold->rows, sale, &record) ||
        !subject_equal(&record.account, &event->subject) || record.acked) {
        return INVALID_BAD_REF;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    record.acked = true;
    risk_sale_save(fold->rows, sale, &record);
    struct risk_record risk;
    (void)risk_load(fold->rows, &event->subject, fold->header->journal, &risk);
    risk.acked += record.risk;
    risk_save(fold->rows, &event->subject, fold->header->journal, &risk);
    raise_open(fold, fold->header->journal, -record.risk);
    struct row_key task = key_of_risk_task(fold->header->journal, settle);
    rows_put(fold->rows, row_key_bytes(&task), bytes_of(NULL, 0));
    return INVALID_NONE;
}
