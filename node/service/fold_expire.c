/* LOT.EXPIRE: a journal burns what it holds of a lot that has ended. Each holder burns its own, so
 * that no expiry and no sale elsewhere ever use one right twice (V3). */
#include "fold_parts.h"

#include "record_trust.h"

int64_t expiry_grace(const struct roster *roster, uint32_t branch, uint64_t auth)
{
    int64_t days = roster_limit(roster, "expiry_grace", branch, auth);
    return days > 0 ? amount_smaller(days, UINT16_MAX) : 0;
}

/* By the writer's own day, and by the authority's: a clock that runs ahead burns nothing that has
 * not ended (V2). */
static bool is_over(const struct fold *fold, uint32_t to_day)
{
    uint64_t auth = fold->header->auth;
    int64_t grace = expiry_grace(fold->roster, journal_branch(fold->header->journal), auth);
    struct authority_record authority;
    (void)authority_load(fold->rows, auth, &authority);
    return lot_is_over_on(to_day, grace, fold->header->day) &&
           lot_is_over_on(to_day, grace, authority.day);
}

enum invalid_reason fold_expire(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.expire.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.expire.lines[i];
        load_touched(fold, &line->lot, &touched[i]);
        /* Covered first: what the writer holds has terms in the causal past (L4). */
        enum invalid_reason reason = registers_expire(&touched[i].registers, line->amount);
#if defined(MUTANT_burns_what_is_elsewhere)
        if (reason == INVALID_NOT_COVERED) {
            touched[i].registers.expired += registers_raw(&touched[i].registers);
            reason = INVALID_NONE;
        }
#endif
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!is_money(touched[i].terms.bucket)) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (!is_over(fold, touched[i].terms.to_day)) {
            return INVALID_LOT_TIME;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.expire.lines[i];
        const struct terms_record *terms = &touched[i].terms;
        touched[i].change = -line->amount;
        save_touched(fold, sheet, &touched[i], -line->amount);
        liability_add(
            fold->rows, terms->product, terms->bucket, &(struct liability_record) {
#if !defined(MUTANT_liability_forgets_expiry)
                .held = -line->amount,
#endif
                .expired = line->amount
            });
        ended_add(fold->rows, ENDING_BURNED, fold->header->day, fold->header->journal, terms,
                  line->amount);
        fold_count(fold, terms->bucket, line->amount);
        check_after(fold, line->after, registers_raw(&touched[i].registers));
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}
