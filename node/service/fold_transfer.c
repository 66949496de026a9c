/* Value from one account to another: one event that is the debit and the credit. What a lot loses
 * its child at the other account gains, with the same days, product and pair; so a race between
 * two transfers can make nothing (B3). */
#include "fold_parts.h"

#include "hash.h"
#include "row_key.h"

struct rebound {
    struct touched from;
    struct touched to;
};

static enum invalid_reason rebind_line(struct fold *fold, uint32_t i, struct rebound *line)
{
    const struct lot_line *stated = &fold->event->body.rebind.lines[i];
    load_touched(fold, &stated->lot, &line->from);
#if defined(MUTANT_rebind_without_debit)
    enum invalid_reason reason =
        stated->amount <= registers_raw(&line->from.registers) ? INVALID_NONE : INVALID_NOT_COVERED;
#else
    enum invalid_reason reason = registers_rebind(&line->from.registers, stated->amount);
#endif
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (!is_money(line->from.terms.bucket)) {
        return INVALID_WRONG_ACCOUNT;
    }
    struct lot_id child =
        hash_child_lot(fold->header->journal, fold->header->seq, &fold->leaf, (uint16_t)i);
    load_touched_of(fold, &fold->event->body.rebind.to, &child, &line->to);
    line->to.terms = line->from.terms;
    line->to.terms.account = fold->event->body.rebind.to;
    return registers_issue(&line->to.registers, stated->amount);
}

/* The other account's statement has its own line about the same event. */
static void save_counterpart(struct fold *fold)
{
    const struct event *event = fold->event;
    struct statement_record line = {.type = event->type,
                                    .verdict = EVENT_VALID,
                                    .till = event->till,
                                    .staff = event->staff,
                                    .principal = fold->principal,
                                    .bonus = fold->bonus,
                                    .ticket = event->ticket,
                                    .incoming = true,
                                    .other = event->subject};
    statement_save(fold->rows, &event->body.rebind.to, fold->header->hlc, fold_ref(fold), &line);
}

enum invalid_reason fold_rebind(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    const struct subject_id *to = &event->body.rebind.to;
    if (subject_equal(to, &event->subject)) {
        return INVALID_SELF_MOVE;
    }
    if (fold_is_gated(fold)) {
        return INVALID_FROZEN;
    }
    struct rebound lines[EVENT_LINES_MAX];
    uint32_t count = event->body.rebind.line_count;
    for (uint32_t i = 0; i < count; i++) {
        enum invalid_reason reason = rebind_line(fold, i, &lines[i]);
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    struct touched givers[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < count; i++) {
        givers[i] = lines[i].from;
    }
    enum invalid_reason exposed = exposure_holds(fold, givers, count);
    if (exposed != INVALID_NONE || fold->trial) {
        return exposed;
    }
    struct sheet other;
    (void)sheet_load(fold->rows, to, &other);
    for (uint32_t i = 0; i < count; i++) {
        int64_t amount = event->body.rebind.lines[i].amount;
        struct rebound *line = &lines[i];
#if !defined(MUTANT_rebind_without_debit)
        line->from.change = -amount;
#endif
        line->to.change = amount;
        terms_save(fold->rows, &line->to.lot, &line->to.terms);
        save_touched(fold, sheet, &line->from, -amount);
        save_spares(fold, sheet, &line->from, 1);
        save_touched(fold, &other, &line->to, amount);
        save_spares(fold, &other, &line->to, 1);
        fold_count(fold, line->from.terms.bucket, amount);
#if !defined(MUTANT_rebind_without_debit)
        check_after(fold, event->body.rebind.lines[i].after, registers_raw(&line->from.registers));
#endif
    }
    sheet_tidy(&other);
    if (other.unlisted > 0) {
        list_spares(fold, to, &other);
    }
    sheet_save(fold->rows, to, &other);
    save_counterpart(fold);
    return INVALID_NONE;
}
