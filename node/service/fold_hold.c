/* Holds. Rights are set aside for one order and are then of no use for anything else: not to
 * another sale, another order, another branch. Only the journal that placed a hold ends it, once,
 * by the hold's own name (A1), so that two open orders never take from each other (A2). */
#include "fold_parts.h"

#include "row_key.h"

#include <string.h>

static void file_hold(struct fold *fold, const struct touched *touched, uint32_t count)
{
    const struct event *event = fold->event;
    struct hold_record hold = {
        .account = event->subject,
        .hlc = fold->header->hlc,
        .until_ms = event->body.hold.until_ms,
        .till = event->till,
        .staff = event->staff,
        .state = HOLD_OPEN,
        .order_size = (uint32_t)event->body.hold.order.size,
        .line_count = (uint8_t)count,
    };
    if (hold.order_size > 0) {
        memcpy(hold.order, event->body.hold.order.data, hold.order_size);
    }
    for (uint32_t i = 0; i < count; i++) {
        hold.lines[i].lot = touched[i].lot;
        hold.lines[i].bucket = touched[i].terms.bucket;
        hold.lines[i].issued = touched[i].terms.issued;
        hold.lines[i].to_day = touched[i].terms.to_day;
        hold.lines[i].amount = event->body.hold.lines[i].amount;
    }
    hold_save(fold->rows, fold_ref(fold), &hold);
}

static enum invalid_reason set_aside(struct fold *fold, const struct lot_line *line,
                                     struct touched *touched)
{
    load_touched(fold, &line->lot, touched);
    /* Covered first: what the writer holds has terms in the causal past (L4). */
    enum invalid_reason reason = registers_hold(&touched->registers, line->amount);
    if (reason != INVALID_NONE) {
        return reason;
    }
    if (!is_money(touched->terms.bucket)) {
        return INVALID_WRONG_ACCOUNT;
    }
    bool in_time =
        lot_is_valid_on(touched->terms.from_day, touched->terms.to_day, fold->header->day);
    return in_time ? INVALID_NONE : INVALID_LOT_TIME;
}

enum invalid_reason fold_hold(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    if (!fold_has_role(fold, ROLE_SELL)) {
        return INVALID_NO_ROLE;
    }
#if !defined(MUTANT_hold_ignores_freeze)
    if (fold_is_gated(fold)) {
        return INVALID_FROZEN;
    }
#endif
    struct touched touched[EVENT_LINES_MAX];
    uint32_t count = event->body.hold.line_count;
    for (uint32_t i = 0; i < count; i++) {
        enum invalid_reason reason = set_aside(fold, &event->body.hold.lines[i], &touched[i]);
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    enum invalid_reason exposed = exposure_holds(fold, touched, count);
    if (exposed != INVALID_NONE || fold->trial) {
        return exposed;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lot_line *line = &event->body.hold.lines[i];
        save_touched(fold, sheet, &touched[i], 0); /* held all the same */
        fold->moved += line->amount;
        check_after(fold, line->after, registers_raw(&touched[i].registers));
    }
    save_spares(fold, sheet, touched, count);
    file_hold(fold, touched, count);
    return INVALID_NONE;
}

/* The writer's own, of this account, and nobody has ended it (A1). */
static bool load_open(struct fold *fold, struct event_ref ref, struct hold_record *hold)
{
    bool found = hold_load(fold->rows, ref, hold);
    bool own = ref.journal == fold->header->journal;
    bool open = hold->state == HOLD_OPEN;
#if defined(MUTANT_hold_of_others_captured)
    own = own || fold->event->type == EVENT_SPEND_CAPTURE;
#endif
#if defined(MUTANT_hold_captured_twice)
    open = open || fold->event->type == EVENT_SPEND_CAPTURE;
#endif
#if defined(MUTANT_hold_released_twice)
    open = open || fold->event->type == EVENT_SPEND_RELEASE;
#endif
    return found && own && open && subject_equal(&hold->account, &fold->event->subject);
}

/* Everything that a hold set aside, free again. */
static enum invalid_reason free_line(struct fold *fold, const struct hold_record *hold, uint32_t k,
                                     struct touched *touched)
{
    load_touched(fold, &hold->lines[k].lot, touched);
    return registers_release(&touched->registers, hold->lines[k].amount);
}

static void end_hold(struct fold *fold, struct event_ref ref, struct hold_record *hold,
                     enum hold_state state)
{
    hold->state = (uint8_t)state;
    hold->ended_hlc = fold->header->hlc;
    hold->ended = fold_ref(fold);
    hold_save(fold->rows, ref, hold);
}

/* The line of the hold that names the lot; UINT32_MAX: none. */
static uint32_t line_named(const struct hold_record *hold, const struct lot_id *lot)
{
    for (uint32_t k = 0; k < hold->line_count; k++) {
        if (lot_equal(&hold->lines[k].lot, lot)) {
            return k;
        }
    }
    return UINT32_MAX;
}

/* What is captured, and of which lines: at most what the hold set aside of each (A2). `order` lists
 * the lines that are captured, as the event does, and then the others. */
static enum invalid_reason match_lines(const struct event *event, struct hold_record *hold,
                                       uint32_t order[static EVENT_LINES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < event->body.capture.line_count; i++) {
        uint32_t k = line_named(hold, &event->body.capture.lines[i].lot);
        int64_t amount = event->body.capture.lines[i].amount;
        if (k == UINT32_MAX) {
            return INVALID_NOT_COVERED;
        }
#if !defined(MUTANT_hold_captured_for_more)
        if (amount > hold->lines[k].amount) {
            return INVALID_NOT_COVERED;
        }
#endif
        hold->lines[k].captured = amount;
        order[count++] = k;
    }
    for (uint32_t k = 0; k < hold->line_count; k++) {
        bool listed = false;
        for (uint32_t i = 0; i < event->body.capture.line_count; i++) {
            listed = listed || order[i] == k;
        }
        if (!listed) {
            order[count++] = k;
        }
    }
    return INVALID_NONE;
}

/* One line of a capture: what was set aside is free again, and what is captured of it is used. */
static void save_captured(struct fold *fold, struct sheet *sheet, struct touched *touched,
                          int64_t captured)
{
    touched->change = -captured;
    save_touched(fold, sheet, touched, -captured);
    liability_add(fold->rows, touched->terms.product, touched->terms.bucket,
                  &(struct liability_record){.spent = captured, .held = -captured});
    fold_count(fold, touched->terms.bucket, captured);
}

/* A freeze does not stop it: the goods were promised before. Nor does the end of a lot that was
 * good when it was set aside. */
enum invalid_reason fold_capture(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct hold_record hold;
    struct event_ref ref = event->body.capture.hold;
    if (!load_open(fold, ref, &hold)) {
        return INVALID_BAD_REF;
    }
    uint32_t order[EVENT_LINES_MAX] = {0};
    enum invalid_reason reason = match_lines(event, &hold, order);
    if (reason != INVALID_NONE) {
        return reason;
    }
    struct touched touched[EVENT_LINES_MAX];
    int64_t captured[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < hold.line_count; i++) {
        captured[i] = hold.lines[order[i]].captured;
        reason = free_line(fold, &hold, order[i], &touched[i]);
        if (reason == INVALID_NONE && captured[i] > 0) {
            reason = registers_use(&touched[i].registers, captured[i]);
        }
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    remark_lease(fold);
    for (uint32_t i = 0; i < hold.line_count; i++) {
        save_captured(fold, sheet, &touched[i], captured[i]);
        fold->moved += hold.lines[order[i]].amount - captured[i];
    }
    save_spares(fold, sheet, touched, hold.line_count);
    save_sale(fold, touched, captured, event->body.capture.line_count);
    end_hold(fold, ref, &hold, HOLD_CAPTURED);
    return INVALID_NONE;
}

enum invalid_reason fold_release(struct fold *fold, struct sheet *sheet)
{
    const struct event *event = fold->event;
    struct hold_record hold;
    struct event_ref ref = event->body.release.hold;
    uint8_t why = event->body.release.why;
    if (why != RELEASE_ASKED && why != RELEASE_EXPIRED) {
        return INVALID_MALFORMED;
    }
    if (!load_open(fold, ref, &hold)) {
        return INVALID_BAD_REF;
    }
    struct touched touched[EVENT_LINES_MAX];
    for (uint32_t k = 0; k < hold.line_count; k++) {
        enum invalid_reason reason = free_line(fold, &hold, k, &touched[k]);
        if (reason != INVALID_NONE) {
            return reason;
        }
    }
    if (fold->trial) {
        return INVALID_NONE;
    }
    for (uint32_t k = 0; k < hold.line_count; k++) {
        save_touched(fold, sheet, &touched[k], 0);
        fold->moved += hold.lines[k].amount;
    }
    save_spares(fold, sheet, touched, hold.line_count);
    end_hold(fold, ref, &hold, why == RELEASE_ASKED ? HOLD_RELEASED : HOLD_LAPSED);
    return INVALID_NONE;
}
