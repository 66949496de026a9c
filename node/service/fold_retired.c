/* What is written about a journal that the authority retired: by the office in its place, by
 * holders of what it gave. Their registers stand apart from those of its own path, so that no
 * verdict about a late block of that path depends on them (L4). */
#include "fold_parts.h"

#include "row_key.h"

enum invalid_reason may_act_for(const struct fold *fold, uint64_t journal)
{
    if (!fold_has_role(fold, ROLE_OFFICE)) {
        return INVALID_NO_ROLE;
    }
    if (journal == fold->header->journal) {
        return INVALID_SELF_MOVE;
    }
#if !defined(MUTANT_reclaim_unretired)
    if (roster_retired(fold->roster, journal, fold->header->auth) == NULL) {
        return INVALID_NOT_RETIRED;
    }
#endif
    return INVALID_NONE;
}

/* Value, or the right to refund a sale. */
static bool of_account(const struct fold *fold, const struct touched *touched)
{
    return (is_money(touched->terms.bucket) || touched->terms.bucket == BUCKET_REFUND) &&
           subject_equal(&touched->terms.account, &fold->event->subject);
}

/* Two journals' registers of one lot have changed: both are written, into one picture. */
static void save_both(struct fold *fold, struct sheet *sheet, struct touched *giver,
                      struct touched *taker, int64_t amount)
{
    if (giver->untouched) {
        terms_save(fold->rows, &giver->lot, &giver->terms); /* a right's first move */
    }
    save_touched(fold, sheet, giver, -amount);
    taker->is_spare = giver->is_spare;
    taker->spare = giver->spare;
    save_touched(fold, sheet, taker, amount);
    fold->moved += amount;
}

/* RIGHTS.ACCEPT of a retired journal, by the office: what was on its way there arrives. */
enum invalid_reason fold_adopt(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t from = event->body.accept.from;
    uint64_t to = event->body.accept.of;
    enum invalid_reason reason = may_act_for(fold, to);
    if (reason != INVALID_NONE) {
        return reason;
    }
    struct dep_record dep;
    (void)dep_load(fold->rows, fold->header->journal, from, &dep);
    dep.seq = fold->trial ? fold->trial_dep : dep.seq;
    if (from == fold->header->journal) {
        dep.seq = fold->header->seq; /* what the office itself had sent there */
    }
    struct touched touched[EVENT_LINES_MAX];
    struct grant_record grants[EVENT_LINES_MAX];
    int64_t risen[EVENT_LINES_MAX];
    uint32_t count = event->body.accept.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct accept_line *line = &event->body.accept.lines[i];
        load_touched_by(fold, &line->lot, to, &touched[i]);
        struct row_key key = key_of_grant(&line->lot, from, to);
        (void)grant_load(fold->rows, &key, &grants[i]);
        int64_t before = grant_accepted(&grants[i].grant);
        int64_t reach = granted_at(fold->rows, &line->lot, from, to, dep.seq);
        reason = grant_adopt(&grants[i].grant, line->cumulative, reach, &touched[i].registers);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!of_account(fold, &touched[i])) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (line->witnessed != 0) {
            return INVALID_OVER_WITNESS; /* nobody witnesses for the dead */
        }
        risen[i] = grant_accepted(&grants[i].grant) - before;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_id *id = &event->body.accept.lines[i].lot;
        struct row_key key = key_of_grant(id, from, to);
        grant_save(fold->rows, &key, &grants[i]);
        save_touched(fold, sheet, &touched[i], risen[i]);
        fold->moved += risen[i];
        if (!is_money(touched[i].terms.bucket)) {
            continue;
        }
        sheet_set_flight(picture(fold, sheet, &touched[i]), from, to,
                         grant_flying(&grants[i].grant));
        liability_add(fold->rows, touched[i].terms.product, touched[i].terms.bucket,
                      &(struct liability_record){.held = risen[i], .in_flight = -risen[i]});
        coming_add(fold->rows, to, touched[i].terms.bucket, -risen[i]);
        ending_add(fold->rows, ENDING_COMING, to, &touched[i].terms, -risen[i]);
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}

/* RIGHTS.RETURN: the writer gives back to a retired giver what it still holds of its gift. */
enum invalid_reason fold_return(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t from = event->body.giveback.from;
    uint64_t to = fold->header->journal;
    if (event->body.giveback.of != 0) {
        return INVALID_NO_ROLE; /* of what a retired journal holds all is reclaimed */
    }
    if (from == to) {
        return INVALID_SELF_MOVE;
    }
    if (roster_retired(fold->roster, from, fold->header->auth) == NULL) {
        return INVALID_NOT_RETIRED;
    }
    const struct roster_journal *giver = roster_journal(fold->roster, from, fold->header->auth);
    bool by_office = giver != NULL && (giver->roles & ROLE_OFFICE) != 0;
    struct touched holders[EVENT_LINES_MAX];
    struct touched givers[EVENT_LINES_MAX];
    struct grant_record grants[EVENT_LINES_MAX];
    int64_t risen[EVENT_LINES_MAX];
    uint32_t count = event->body.giveback.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_amount *line = &event->body.giveback.lines[i];
        load_touched(fold, &line->lot, &holders[i]);
        load_touched_by(fold, &line->lot, from, &givers[i]);
        struct row_key key = key_of_grant(&line->lot, from, to);
        (void)grant_load(fold->rows, &key, &grants[i]);
        int64_t before = grants[i].grant.returned;
        int64_t unwitnessed = grant_unwitnessed(&grants[i].grant);
        enum invalid_reason reason = grant_return(&grants[i].grant, line->amount,
                                                  &holders[i].registers, &givers[i].registers);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!of_account(fold, &holders[i])) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (!by_office) {
            holders[i].registers.unwitnessed += grant_unwitnessed(&grants[i].grant) - unwitnessed;
        }
        risen[i] = grants[i].grant.returned - before;
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct row_key key = key_of_grant(&holders[i].lot, from, to);
        grant_save(fold->rows, &key, &grants[i]);
        save_both(fold, sheet, &holders[i], &givers[i], risen[i]);
    }
    save_spares(fold, sheet, givers, count);
    return INVALID_NONE;
}

/* The sale whose rights are taken over is in the causal past: what its row says of them is, too. */
static enum invalid_reason load_sale(const struct fold *fold, struct sale_record *sale)
{
    struct event_ref ref = fold->event->body.reclaim.sale;
    struct dep_record dep;
    (void)dep_load(fold->rows, fold->header->journal, ref.journal, &dep);
    dep.seq = fold->trial ? fold->trial_dep : dep.seq;
    if (ref.journal == fold->header->journal) {
        dep.seq = fold->header->seq;
    }
    bool there = ref.seq <= dep.seq && sale_load(fold->rows, ref, sale) &&
                 subject_equal(&sale->account, &fold->event->subject);
    return there ? INVALID_NONE : INVALID_BAD_REF;
}

/* RIGHTS.RECLAIM: the office takes over what a retired journal has. How much that is depends on how
 * much of its tail is known; taking too much shows in its row, and is made good. */
enum invalid_reason fold_reclaim(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t of = event->body.reclaim.of;
    enum invalid_reason reason = may_act_for(fold, of);
    bool rights = !event_ref_is_none(event->body.reclaim.sale);
    struct sale_record sale;
    if (reason == INVALID_NONE && rights) {
        reason = load_sale(fold, &sale);
    }
    if (reason != INVALID_NONE) {
        return reason;
    }
    struct touched retired[EVENT_LINES_MAX];
    struct touched office[EVENT_LINES_MAX];
    uint32_t count = event->body.reclaim.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_amount *line = &event->body.reclaim.lines[i];
        load_touched_by(fold, &line->lot, of, &retired[i]);
        load_touched(fold, &line->lot, &office[i]);
        if (rights &&
            !load_left_right(fold, of, event->body.reclaim.sale, &sale, &line->lot, &retired[i])) {
            return INVALID_BAD_REF;
        }
        if (rights) {
            load_touched_of(fold, &event->subject, &line->lot, &office[i]);
            office[i].terms = retired[i].terms;
        }
        reason = registers_reclaim(&retired[i].registers, &office[i].registers, line->amount);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!of_account(fold, &office[i]) || rights != (office[i].terms.bucket == BUCKET_REFUND)) {
            return INVALID_WRONG_ACCOUNT;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        save_both(fold, sheet, &retired[i], &office[i], event->body.reclaim.lines[i].amount);
    }
    save_spares(fold, sheet, office, count);
    return INVALID_NONE;
}

/* RIGHTS.COVER of a shortfall: a late tail had used what was reclaimed, and the office gives back
 * what it still holds of it. */
enum invalid_reason fold_repay(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t of = event->body.cover.of;
    if (event->body.cover.kind != COVER_SHORTFALL) {
        return INVALID_MALFORMED; /* debts are not in these rules */
    }
    enum invalid_reason reason = may_act_for(fold, of);
    if (reason != INVALID_NONE) {
        return reason;
    }
    struct touched retired[EVENT_LINES_MAX];
    struct touched office[EVENT_LINES_MAX];
    uint32_t count = event->body.cover.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.cover.lines[i];
        load_touched_by(fold, &line->lot, of, &retired[i]);
        load_touched(fold, &line->lot, &office[i]);
        reason = registers_repay(&retired[i].registers, &office[i].registers, line->amount);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!of_account(fold, &office[i])) {
            return INVALID_WRONG_ACCOUNT;
        }
    }
    reason = exposure_holds(fold, office, count);
    if (reason != INVALID_NONE || fold->trial) {
        return reason;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.cover.lines[i];
        save_both(fold, sheet, &office[i], &retired[i], line->amount);
        check_after(fold, line->after, registers_raw(&office[i].registers));
    }
    save_spares(fold, sheet, retired, count);
    return INVALID_NONE;
}
