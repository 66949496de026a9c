#include "fold_parts.h"

#include "hash.h"
#include "row_key.h"

static struct lot_id lot_of_topup(const struct fold *fold, uint16_t k)
{
    const struct lot_terms *terms = &fold->event->body.topup.lots[k];
    if (terms->key.size > 0) {
        return hash_shared_lot(&fold->event->subject, terms);
    }
    return hash_issued_lot(fold->header->journal, fold->header->seq, &fold->leaf, k);
}

enum invalid_reason fold_topup(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    if (!fold_has_role(fold, ROLE_MINT)) {
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
    const struct lot_terms *lots = event->body.topup.lots;
    enum invalid_reason quota = quota_judge(fold, lots, count);
    if (fold->trial) {
        return quota;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *terms = &lots[i];
        if (touched[i].terms.bucket == 0) {
            touched[i].terms = (struct terms_record){.account = event->subject,
                                                     .bucket = terms->bucket,
                                                     .from_day = terms->from_day,
                                                     .to_day = terms->to_day,
                                                     .product = terms->product};
            if (terms->key.size == 0) {
                touched[i].terms.issued = fold_ref(fold); /* a shared lot has no one issuer */
            }
            terms_save(fold->rows, &touched[i].lot, &touched[i].terms);
        }
    }
    if (quota != INVALID_NONE) {
        pending_file(fold, touched, lots, count);
#if !defined(MUTANT_pending_is_spendable)
        return quota;
#endif
    }
    quota_count(fold, lots, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_terms *terms = &lots[i];
        touched[i].change = terms->amount;
        save_touched(fold, sheet, &touched[i], terms->amount);
        liability_add(fold->rows, terms->product, terms->bucket,
                      &(struct liability_record){.issued = terms->amount, .held = terms->amount});
        fold_count(fold, terms->bucket, terms->amount);
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}

void save_sale(struct fold *fold, const struct touched *touched, const int64_t *amounts,
               uint32_t count)
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
        sale.lines[i].spent = amounts[i];
    }
    uint32_t tenders = fold->event->type == EVENT_SPEND ? fold->event->body.spend.tender_count : 0;
    for (uint32_t i = 0; i < tenders; i++) {
        const struct tender_line *tender = &fold->event->body.spend.tenders[i];
        sale.lines[sale.line_count].tender = tender->tender;
        sale.lines[sale.line_count].spent = tender->amount;
        sale.line_count++;
    }
    sale_save(fold->rows, fold_ref(fold), &sale);
}

enum invalid_reason fold_spend(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    if (!fold_has_role(fold, ROLE_SELL)) {
        return INVALID_NO_ROLE;
    }
    enum invalid_reason risk = fold_risk(fold);
    if (risk != INVALID_NONE) {
        return risk;
    }
#if !defined(MUTANT_gate_ignored)
    if (fold_is_gated(fold)) {
        return INVALID_FROZEN;
    }
#endif
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
    enum invalid_reason exposed = exposure_holds(fold, touched, count);
    if (exposed != INVALID_NONE || fold->trial) {
        return exposed;
    }
    remark_lease(fold);
    int64_t amounts[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.spend.lines[i];
        amounts[i] = line->amount;
        touched[i].change = -line->amount;
        save_touched(fold, sheet, &touched[i], -line->amount);
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.spent = line->amount, .held = -line->amount});
        fold_count(fold, touched[i].terms.bucket, line->amount);
        check_after(fold, line->after, registers_raw(&touched[i].registers));
    }
    save_spares(fold, sheet, touched, count);
    save_sale(fold, touched, amounts, count);
    fold_risk_save(fold, sheet);
    return INVALID_NONE;
}
