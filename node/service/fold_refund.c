/* Refunds. The right to refund a line is a lot: it starts at the journal of the sale, and whoever
 * holds it may give back so much and no more (B1). While it was never moved, the sale's own row
 * stands for it, so that a refund where the sale was made costs one row. */
#include "fold_parts.h"

#include "hash.h"
#include "row_key.h"

enum { RESTORE_DAYS = 30 }; /* unless the authority set a limit `restore_days` */

int sale_line(const struct sale_record *sale, struct event_ref ref, const struct lot_id *refund_lot)
{
    for (uint32_t k = 0; k < sale->line_count; k++) {
        struct lot_id lot = hash_refund_lot(ref.journal, ref.seq, &sale->leaf, (uint16_t)k);
        if (lot_equal(&lot, refund_lot)) {
            return (int)k;
        }
    }
    return -1;
}

/* While the right was never moved, the sale's row stands for its registers and terms. */
static bool fill_right(struct event_ref ref, const struct sale_record *sale,
                       const struct lot_id *refund_lot, struct touched *right)
{
    int k = sale_line(sale, ref, refund_lot);
    if (k < 0) {
        return false;
    }
#if defined(MUTANT_refund_right_twice)
    right->terms.bucket = 0;
#endif
    if (right->terms.bucket == 0) {
        right->terms = (struct terms_record){.account = sale->account,
                                             .bucket = BUCKET_REFUND,
                                             .to_day = sale->to_day,
                                             .issued = ref};
        right->registers =
            (struct registers){.issued = sale->lines[k].spent, .used = sale->lines[k].refunded};
        right->untouched = true;
    }
    return true;
}

bool load_own_right(struct fold *fold, struct event_ref ref, const struct sale_record *sale,
                    const struct lot_id *refund_lot, struct touched *right)
{
    load_touched_of(fold, &fold->event->subject, refund_lot, right);
    return fill_right(ref, sale, refund_lot, right);
}

bool load_left_right(struct fold *fold, uint64_t of, struct event_ref ref,
                     const struct sale_record *sale, const struct lot_id *refund_lot,
                     struct touched *right)
{
    load_touched_by(fold, refund_lot, of, right);
    if (ref.journal == of) {
        return fill_right(ref, sale, refund_lot, right);
    }
    return right->terms.bucket == BUCKET_REFUND && event_ref_equal(right->terms.issued, ref);
}

void make_right_good(struct fold *fold, const struct touched *right)
{
    int64_t good = registers_good(&right->registers) - right->good_before;
#if defined(MUTANT_late_refund_not_charged)
    good = 0;
#endif
    if (good != 0) {
        loss_add(fold->rows, right->journal, 0, BUCKET_PRINCIPAL, good);
    }
}

void load_other_right(struct fold *fold, const struct lot_id *refund_lot, struct touched *right)
{
    load_touched_of(fold, &fold->event->subject, refund_lot, right);
    if (right->terms.bucket == BUCKET_REFUND &&
        right->terms.issued.journal == fold->header->journal) {
        right->registers = (struct registers){0};
    }
}

uint32_t restore_days(const struct roster *roster, uint32_t branch, uint64_t auth)
{
    int64_t days = roster_limit(roster, "restore_days", branch, auth);
#if defined(MUTANT_restored_lot_too_long)
    days = 365;
#endif
    return days > 0 ? (uint32_t)amount_smaller(days, UINT16_MAX) : RESTORE_DAYS;
}

/* One line of a refund: the right that is used, and the lot that gets the value back. */
struct returned {
    struct touched right;
    int k;
    bool card;         /* else it went back in another tender */
    struct touched to; /* the original lot, or its child */
};

/* Covered first: a right held elsewhere than at the sale's journal proves that the sale is in the
 * causal past, so that only then anything else of it may be read (L4). */
static enum invalid_reason use_right(struct fold *fold, struct sale_record *sale, uint32_t i,
                                     struct returned *line)
{
    struct event_ref ref = fold->event->body.refund.sale;
    const struct lot_line *stated = &fold->event->body.refund.lines[i];
    bool own = ref.journal == fold->header->journal;
    if (own && !load_own_right(fold, ref, sale, &stated->lot, &line->right)) {
        return INVALID_BAD_REF;
    }
    if (!own) {
        load_other_right(fold, &stated->lot, &line->right);
    }
    enum invalid_reason reason = registers_use(&line->right.registers, stated->amount);
#if defined(MUTANT_refund_unbounded)
    reason = own ? INVALID_NONE : reason;
#endif
#if defined(MUTANT_refund_elsewhere_unbounded)
    reason = own ? reason : INVALID_NONE;
#endif
    if (reason != INVALID_NONE) {
        return reason;
    }
    const struct terms_record *terms = &line->right.terms;
    bool named = terms->bucket == BUCKET_REFUND && event_ref_equal(terms->issued, ref);
    if (!named || (!own && sale->line_count == 0 && !sale_load(fold->rows, ref, sale))) {
        return INVALID_BAD_REF;
    }
    line->k = sale_line(sale, ref, &stated->lot);
    if (line->k < 0) {
        return INVALID_BAD_REF; /* the lots of a sale are its own: only after a failed read */
    }
    if (!lot_is_valid_on(0, sale->to_day, fold->header->day)) {
        return INVALID_LOT_TIME;
    }
    sale->lines[line->k].refunded += stated->amount;
    check_after(fold, stated->after, registers_raw(&line->right.registers));
    return INVALID_NONE;
}

/* What has ended meanwhile comes back in a lot of its own that lives a little longer. */
static enum invalid_reason restore(struct fold *fold, uint32_t i, struct returned *line)
{
    uint32_t day = fold->header->day;
    uint32_t to_day = fold->event->body.refund.to_days[i];
    struct terms_record original = line->to.terms;
    uint32_t longest =
        day + restore_days(fold->roster, journal_branch(fold->header->journal), fold->header->auth);
    if (original.to_day == 0 || day <= original.to_day || to_day < day || to_day > longest) {
        return INVALID_LOT_TIME;
    }
    struct lot_id child =
        hash_child_lot(fold->header->journal, fold->header->seq, &fold->leaf, (uint16_t)i);
    load_touched(fold, &child, &line->to);
    line->to.terms = original; /* also its pair */
    line->to.terms.to_day = to_day;
    line->to.untouched = true;
    return INVALID_NONE;
}

static enum invalid_reason give_back(struct fold *fold, const struct sale_record *sale, uint32_t i,
                                     struct returned *line)
{
    line->card = sale->lines[line->k].bucket != 0;
    uint32_t to_day = fold->event->body.refund.to_days[i];
    if (!line->card) {
        return to_day == 0 ? INVALID_NONE : INVALID_BAD_REF;
    }
    load_touched(fold, &sale->lines[line->k].lot, &line->to);
    enum invalid_reason reason = to_day == 0 ? INVALID_NONE : restore(fold, i, line);
    return reason != INVALID_NONE
               ? reason
               : registers_refund(&line->to.registers, fold->event->body.refund.lines[i].amount);
}

/* What is handed out in other tenders is what their rights were used for. */
static bool tenders_agree(const struct event *event, const struct returned *lines)
{
    int64_t difference = 0;
    for (uint32_t i = 0; i < event->body.refund.line_count; i++) {
        difference += lines[i].card ? 0 : event->body.refund.lines[i].amount;
    }
    for (uint32_t i = 0; i < event->body.refund.tender_count; i++) {
        difference -= event->body.refund.tenders[i].amount;
    }
    return difference == 0;
}

static void save_returned(struct fold *fold, struct sheet *sheet, struct returned *line,
                          int64_t amount)
{
    if (!line->right.untouched) {
        registers_save(fold->rows, &line->right.key, &line->right.registers);
        make_right_good(fold, &line->right);
    }
    if (!line->card) {
        return;
    }
    if (line->to.untouched) {
        terms_save(fold->rows, &line->to.lot, &line->to.terms);
    }
    line->to.change = amount;
    save_touched(fold, sheet, &line->to, amount);
    save_spares(fold, sheet, &line->to, 1);
    liability_add(fold->rows, line->to.terms.product, line->to.terms.bucket,
                  &(struct liability_record){.refunded = amount, .held = amount});
    fold_count(fold, line->to.terms.bucket, amount);
}

enum invalid_reason fold_refund(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct event_ref ref = event->body.refund.sale;
    struct sale_record sale = {0};
    bool own = ref.journal == fold->header->journal;
    if (own &&
        (!sale_load(fold->rows, ref, &sale) || !subject_equal(&sale.account, &event->subject))) {
        return INVALID_BAD_REF;
    }
    struct returned lines[EVENT_LINES_MAX];
    uint32_t count = event->body.refund.line_count;
    for (uint32_t i = 0; i < count; i++) {
        lines[i] = (struct returned){0};
        enum invalid_reason reason = use_right(fold, &sale, i, &lines[i]);
        reason = reason != INVALID_NONE ? reason : give_back(fold, &sale, i, &lines[i]);
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    if (!tenders_agree(event, lines)) {
        return INVALID_BAD_AMOUNT;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        save_returned(fold, sheet, &lines[i], event->body.refund.lines[i].amount);
    }
    sale_save(fold->rows, ref, &sale);
    taking_of_tenders(fold, event->body.refund.tenders, event->body.refund.tender_count);
    return INVALID_NONE;
}
