/* What is undone, added or taken out by hand.
 *
 * W1 What the office adds or takes out by hand names two different persons.
 * W2 A void takes back all that a top-up of its own journal and day brought, once, and only while
 *    the journal holds all of it: a top-up of which anything was used or is away stays.
 * W3 What is paid out is taken from rights that the office holds.
 * W4 What nobody paid for counts on the quota of the day as top-ups do; only the office has none.
 */
#include "fold_parts.h"

#include "record_correct.h"
#include "row_key.h"

#include <string.h>

/* ---- the tills' money ---- */

void taking_of_topup(struct fold *fold, const struct touched *touched, bool waits)
{
    const struct event *event = fold->event;
    struct taking_record record = {.type = event->type,
                                   .till = event->till,
                                   .staff = event->staff,
                                   .waits = waits,
                                   .account = event->subject,
                                   .tender_count = 1,
                                   .lot_count = event->body.topup.lot_count};
    record.tenders[0].tender = event->body.topup.tender;
    for (uint32_t i = 0; i < record.lot_count; i++) {
        const struct lot_terms *terms = &event->body.topup.lots[i];
        record.lots[i].lot = touched[i].lot;
        record.lots[i].bucket = terms->bucket;
        record.lots[i].amount = terms->amount;
        record.tenders[0].amount += terms->bucket == BUCKET_PRINCIPAL ? terms->amount : 0;
    }
    taking_save(fold->rows, fold_ref(fold), fold->header->day, &record);
}

void taking_of_tenders(struct fold *fold, const struct tender_line *tenders, uint32_t count)
{
    if (count == 0) {
        return;
    }
    struct taking_record record = {.type = fold->event->type,
                                   .till = fold->event->till,
                                   .staff = fold->event->staff,
                                   .account = fold->event->subject,
                                   .tender_count = (uint8_t)count};
    memcpy(record.tenders, tenders, count * sizeof *tenders);
    taking_save(fold->rows, fold_ref(fold), fold->header->day, &record);
}

/* ---- added ---- */

enum invalid_reason fold_issue_lots(struct fold *fold, struct sheet *sheet)
{
    if (!fold_has_role(fold, ROLE_MINT) && !fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    return fold_new_lots(fold, sheet, fold->event->body.issue_lots.lots,
                         fold->event->body.issue_lots.lot_count); /* (W4) */
}

/* A sale that somebody made after the loss was reported: how much of it was given back. */
static void note_compensation(struct fold *fold, const struct sale_record *before)
{
    struct sale_record sale = *before;
    sale.compensated += fold->principal + fold->bonus;
    sale_save(fold->rows, fold->event->body.issue_lots.of, &sale);
}

/* An event that counts nowhere, and that a member is made whole for: its branch bears that too. */
static void charge_branch(struct fold *fold)
{
    struct event_ref of = fold->event->body.issue_lots.of;
    struct invalid_record record;
    if (invalid_load(fold->rows, of, &record)) {
        record.amount += fold->principal + fold->bonus;
        invalid_save(fold->rows, of, &record);
    }
}

enum invalid_reason fold_adjust(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct event_ref of = event->body.issue_lots.of;
    bool about = !event_ref_is_none(of);
    if (!fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    if (about && !fold->trial && !fold_is_past(fold, of)) {
        return INVALID_BAD_REF;
    }
    struct sale_record sale;
    bool sold = about && sale_load(fold->rows, of, &sale);
    if (sold && !subject_equal(&sale.account, &event->subject)) {
        return INVALID_BAD_REF;
    }
    enum invalid_reason reason =
        fold_new_lots(fold, sheet, event->body.issue_lots.lots, event->body.issue_lots.lot_count);
    if (reason == INVALID_NONE && !fold->trial && about) {
        if (sold && event->body.issue_lots.cause == ADJUST_COMPENSATION) {
            note_compensation(fold, &sale);
        }
        charge_branch(fold);
    }
    return reason;
}

/* ---- taken out ---- */

/* One line that leaves the chain, once its registers say so. */
static void take_out(struct fold *fold, struct sheet *sheet, struct touched *touched,
                     const struct lot_line *line, const struct liability_record *change)
{
    touched->change = -line->amount;
    save_touched(fold, sheet, touched, -line->amount);
    liability_add(fold->rows, touched->terms.product, touched->terms.bucket, change);
    fold_count(fold, touched->terms.bucket, line->amount);
    check_after(fold, line->after, registers_raw(&touched->registers));
}

enum invalid_reason fold_payout(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.payout.line_count;
    if (!fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.payout.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        enum invalid_reason reason = registers_pay_out(&touched[i].registers, line->amount);
        if (reason != INVALID_NONE) {
            return reason; /* (W3) */
        }
        if (!is_money(touched[i].terms.bucket)) {
            return INVALID_WRONG_ACCOUNT;
        }
    }
    enum invalid_reason exposed = exposure_holds(fold, touched, count);
    if (exposed != INVALID_NONE || fold->trial) {
        return exposed;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.payout.lines[i];
        take_out(fold, sheet, &touched[i], line,
                 &(struct liability_record){.paid_out = line->amount, .held = -line->amount});
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}

/* ---- a top-up taken back ---- */

/* The top-up, if it stands on this journal and day and was not taken back. */
static bool find_topup(struct fold *fold, uint32_t *day, struct taking_record *topup)
{
    struct event_ref of = fold->event->body.clawback.of;
    *day = fold->header->day;
    bool found = taking_load(fold->rows, of, *day, topup);
#if defined(MUTANT_void_of_another_day)
    for (uint32_t back = 1; !found && back < 60; back++) {
        *day = fold->header->day - back;
        found = taking_load(fold->rows, of, *day, topup);
    }
#endif
    return found && of.journal == fold->header->journal && topup->type == EVENT_TOPUP &&
           !topup->waits && !topup->voided && subject_equal(&topup->account, &fold->event->subject);
}

/* Every lot of the top-up, whole. */
static bool takes_all(const struct event *event, const struct taking_record *topup)
{
#if defined(MUTANT_void_keeps_bonus)
    if (event->body.clawback.line_count == 1) {
        return true;
    }
#endif
#if defined(MUTANT_void_after_use)
    if (event->body.clawback.line_count > 0) {
        return true;
    }
#endif
    if (event->body.clawback.line_count != topup->lot_count || event->body.clawback.debt != 0) {
        return false;
    }
    for (uint32_t i = 0; i < topup->lot_count; i++) {
        const struct lot_line *line = &event->body.clawback.lines[i];
        if (!lot_equal(&line->lot, &topup->lots[i].lot) || line->amount != topup->lots[i].amount) {
            return false;
        }
    }
    return true;
}

/* The day book has both: the top-up, struck out, and the void with what was handed back. */
static void strike_out(struct fold *fold, uint32_t day, struct taking_record *topup)
{
    struct taking_record undone = {.type = fold->event->type,
                                   .till = fold->event->till,
                                   .staff = fold->event->staff,
                                   .account = topup->account,
                                   .tender_count = topup->tender_count};
    memcpy(undone.tenders, topup->tenders, sizeof undone.tenders);
    taking_save(fold->rows, fold_ref(fold), fold->header->day, &undone);
    topup->voided = true;
    taking_save(fold->rows, fold->event->body.clawback.of, day, topup);
}

enum invalid_reason fold_void(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.clawback.line_count;
    struct taking_record topup;
    uint32_t day = 0;
    if (!fold_has_role(fold, ROLE_MINT)) {
        return INVALID_NO_ROLE;
    }
    if (!find_topup(fold, &day, &topup)) {
        return INVALID_BAD_REF;
    }
    if (!takes_all(event, &topup)) {
        return INVALID_NOT_WHOLE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.clawback.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        enum invalid_reason reason = registers_claw(&touched[i].registers, line->amount);
        if (reason != INVALID_NONE) {
            return reason; /* (W2) */
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.clawback.lines[i];
        take_out(fold, sheet, &touched[i], line,
                 &(struct liability_record){.voided = line->amount, .held = -line->amount});
    }
    save_spares(fold, sheet, touched, count);
    strike_out(fold, day, &topup);
    return INVALID_NONE;
}
