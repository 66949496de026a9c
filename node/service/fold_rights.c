#include "fold_parts.h"

#include "row_key.h"

struct flight {
    uint64_t from;
    uint64_t to;
    int64_t change; /* + sent, - accepted */
};

/* What of the lot is on its way between the two now, as the account's sheet and the sums show it.
 */
static void save_flight(struct fold *fold, struct sheet *sheet, struct touched *touched,
                        struct flight flight, const struct grant_record *grant)
{
    if (!is_money(touched->terms.bucket)) {
        return;
    }
    sheet_set_flight(picture(fold, sheet, touched), flight.from, flight.to,
                     grant_flying(&grant->grant));
    liability_add(fold->rows, touched->terms.product, touched->terms.bucket,
                  &(struct liability_record){.held = -flight.change, .in_flight = flight.change});
    coming_add(fold->rows, flight.to, touched->terms.bucket, flight.change);
    ending_add(fold->rows, ENDING_COMING, flight.to, &touched->terms, flight.change);
}

/* Loads one line of a move. Refund rights move only as those of the sale that the event names; at
 * the journal of that sale the first move makes them lots. */
static enum invalid_reason give_line(struct fold *fold, const struct sale_record *sale, uint32_t i,
                                     struct touched *touched)
{
    const struct lot_line *line = &fold->event->body.move.lines[i];
    struct event_ref ref = fold->event->body.move.sale;
    bool rights = !event_ref_is_none(ref);
    if (!rights) {
        load_touched(fold, &line->lot, touched);
    } else if (ref.journal != fold->header->journal) {
        load_other_right(fold, &line->lot, touched);
    } else if (!load_own_right(fold, ref, sale, &line->lot, touched)) {
        return INVALID_BAD_REF;
    }
    enum invalid_reason reason = registers_give(&touched->registers, line->amount);
    if (reason != INVALID_NONE) {
        return reason;
    }
    bool fits =
        touched->terms.bucket == BUCKET_REFUND && event_ref_equal(touched->terms.issued, ref);
    return !rights || fits ? INVALID_NONE : INVALID_BAD_REF;
}

enum invalid_reason fold_move(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct event_ref ref = event->body.move.sale;
    struct sale_record sale;
    uint64_t from = fold->header->journal;
    uint64_t to = event->body.move.to;
#if !defined(MUTANT_self_transfer)
    if (to == from) {
        return INVALID_SELF_MOVE;
    }
#endif
#if defined(MUTANT_move_to_retired)
    if (roster_journal(fold->roster, to, fold->header->auth) == NULL) {
        return INVALID_NOT_ACTIVE;
    }
#else
    if (!roster_is_active(fold->roster, to, fold->header->auth)) {
        return INVALID_NOT_ACTIVE;
    }
#endif
    if (ref.journal == from &&
        (!sale_load(fold->rows, ref, &sale) || !subject_equal(&sale.account, &event->subject))) {
        return INVALID_BAD_REF;
    }
    struct touched touched[EVENT_LINES_MAX];
    struct grant_record grants[EVENT_LINES_MAX];
    uint32_t count = event->body.move.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.move.lines[i];
        enum invalid_reason reason = give_line(fold, &sale, i, &touched[i]);
#if defined(MUTANT_spread_more_than_held)
        if (reason == INVALID_NOT_COVERED && event->body.move.why == MOVE_SPREAD) {
            touched[i].registers.out += registers_raw(&touched[i].registers);
            reason = INVALID_NONE;
        }
#endif
        if (reason == INVALID_NONE) {
            struct row_key key = key_of_grant(&line->lot, from, to);
            (void)grant_load(fold->rows, &key, &grants[i]);
            reason = grant_give(&grants[i].grant, line->amount);
        }
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
#if !defined(MUTANT_exposure_forgets_moves)
    enum invalid_reason exposed = exposure_holds(fold, touched, count);
    if (exposed != INVALID_NONE) {
        return exposed;
    }
#endif
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.move.lines[i];
        if (touched[i].untouched) {
            terms_save(fold->rows, &line->lot, &touched[i].terms);
        }
        save_touched(fold, sheet, &touched[i], -line->amount);
        grants[i].steps++;
        struct row_key key = key_of_grant(&line->lot, from, to);
        grant_save(fold->rows, &key, &grants[i]);
        struct row_key step = key_of_grant_step(&line->lot, from, to, grants[i].steps);
        grant_step_save(
            fold->rows, &step,
            &(struct grant_step){.seq = fold->header->seq, .granted = grants[i].grant.granted});
        save_flight(fold, sheet, &touched[i], (struct flight){from, to, line->amount}, &grants[i]);
        fold->moved += line->amount;
        check_after(fold, line->after, registers_raw(&touched[i].registers));
    }
    save_spares(fold, sheet, touched, count);
    fold_surplus(fold);
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

/* What a line says of a witness: at most what the checkpoint's block had granted, and at most what
 * the line itself accepts. */
static enum invalid_reason witness_line(struct fold *fold, struct grant *grant,
                                        const struct accept_line *line, uint64_t dep_seq)
{
    uint64_t reach = 0;
    enum invalid_reason reason = witness_reach(fold, dep_seq, &reach);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (line->witnessed > line->cumulative) {
        return INVALID_OVER_WITNESS;
    }
    int64_t covered = granted_at(fold->rows, &line->lot, fold->event->body.accept.from,
                                 fold->header->journal, reach);
    return grant_witness(grant, line->witnessed, covered);
}

enum invalid_reason fold_accept(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    uint64_t from = event->body.accept.from;
    uint64_t to = fold->header->journal;
    if (event->body.accept.of != 0) {
        return fold_adopt(fold, sheet);
    }
    struct dep_record dep;
    (void)dep_load(fold->rows, to, from, &dep);
    dep.seq = fold->trial ? fold->trial_dep : dep.seq;
    struct touched touched[EVENT_LINES_MAX];
    struct grant_record grants[EVENT_LINES_MAX];
    int64_t risen[EVENT_LINES_MAX];
    const struct roster_journal *giver = roster_journal(fold->roster, from, fold->header->auth);
    bool office = giver != NULL && (giver->roles & ROLE_OFFICE) != 0;
    int64_t stated[EVENT_LINES_MAX];
    uint32_t count = event->body.accept.line_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct accept_line *line = &event->body.accept.lines[i];
        load_touched_of(fold, &event->subject, &line->lot, &touched[i]);
        struct row_key key = key_of_grant(&line->lot, from, to);
        (void)grant_load(fold->rows, &key, &grants[i]);
        int64_t before = grant_accepted(&grants[i].grant);
        int64_t own = grants[i].grant.accepted;
        int64_t unwitnessed = grant_unwitnessed(&grants[i].grant);
        int64_t reach = granted_at(fold->rows, &line->lot, from, to, dep.seq);
        enum invalid_reason reason =
            grant_accept(&grants[i].grant, line->cumulative, reach, &touched[i].registers);
        if (reason != INVALID_NONE) {
            return reason;
        }
        if (!subject_equal(&touched[i].terms.account, &event->subject)) {
            return INVALID_WRONG_ACCOUNT;
        }
        if (line->witnessed > 0) {
            reason = witness_line(fold, &grants[i].grant, line, dep.seq);
            if (reason != INVALID_NONE) {
                return reason;
            }
        }
        if (!office) {
            touched[i].registers.unwitnessed += grant_unwitnessed(&grants[i].grant) - unwitnessed;
        }
        /* Of what the office accepted in its place nothing arrives a second time. */
        risen[i] = grant_accepted(&grants[i].grant) - before;
        stated[i] = grants[i].grant.accepted - own;
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
        save_flight(fold, sheet, &touched[i], (struct flight){from, to, -risen[i]}, &grants[i]);
        fold->moved += stated[i];
    }
    save_spares(fold, sheet, touched, count);
    return INVALID_NONE;
}
