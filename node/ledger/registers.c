#include "registers.h"

enum {
    LOT_KEY_SIZE_MAX = 64,
};

/* Every sum below adds at most twenty registers and none passes REGISTER_MAX = 10^14, so that the
 * sums stay far inside int64_t. */

static int64_t consumed(const struct registers *registers)
{
    return registers->used + registers->expired + registers->clawed + registers->rebound +
           registers->paid_out + registers->covered;
}

int64_t registers_raw(const struct registers *registers)
{
    return registers->issued + registers->refunded + registers->in - registers->back +
           registers->pulled - registers->out - registers->lent - consumed(registers) -
           (registers->held - registers->released);
}

int64_t registers_merged(const struct registers *registers)
{
    return registers_raw(registers) - registers->taken + registers->repaid + registers->regained +
           registers->adopted;
}

int64_t registers_total(const struct registers *registers)
{
    return registers_merged(registers) + registers->held - registers->released;
}

int64_t registers_held(const struct registers *registers)
{
    int64_t total = registers_total(registers);
    return total > 0 ? total : 0;
}

int64_t registers_good(const struct registers *registers)
{
#if defined(MUTANT_good_not_counted)
    return 0;
#else
    int64_t total = registers_total(registers);
    return total < 0 ? -total : 0;
#endif
}

int64_t registers_loss(const struct registers *registers)
{
    int64_t total = registers_total(registers) + registers->expired;
    return total < 0 ? -total : 0;
}

/* Have others written about it? */
static bool stands_apart(const struct registers *registers)
{
    return (registers->taken | registers->repaid | registers->regained | registers->adopted) != 0;
}

int64_t registers_shown(const struct registers *registers)
{
    return stands_apart(registers) ? registers_held(registers) : registers_raw(registers);
}

int64_t registers_on_hold(const struct registers *registers)
{
    return stands_apart(registers) ? 0 : registers->held - registers->released;
}

int64_t registers_ledger(const struct registers *registers)
{
    return registers->issued + registers->refunded - consumed(registers);
}

/* The register is written last, so that a refused step leaves it as it was (L3). */
static enum invalid_reason raise(int64_t *value, int64_t amount)
{
    int64_t raised = 0;
    if (!amount_in_range(amount) || !amount_add(*value, amount, &raised) || raised > REGISTER_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    *value = raised;
    return INVALID_NONE;
}

/* Raises what lowers raw: only as far as raw covers it, so that raw stays at zero or above (L1). */
static enum invalid_reason draw(struct registers *registers, int64_t *value, int64_t amount)
{
    if (!amount_in_range(amount)) {
        return INVALID_BAD_AMOUNT;
    }
    if (amount > registers_raw(registers)) {
        return INVALID_NOT_COVERED;
    }
    return raise(value, amount);
}

enum invalid_reason registers_issue(struct registers *registers, int64_t amount)
{
    return raise(&registers->issued, amount);
}

enum invalid_reason registers_use(struct registers *registers, int64_t amount)
{
    return draw(registers, &registers->used, amount);
}

enum invalid_reason registers_refund(struct registers *registers, int64_t amount)
{
    return raise(&registers->refunded, amount);
}

enum invalid_reason registers_rebind(struct registers *registers, int64_t amount)
{
    return draw(registers, &registers->rebound, amount);
}

enum invalid_reason registers_expire(struct registers *registers, int64_t amount)
{
    return draw(registers, &registers->expired, amount);
}

enum invalid_reason registers_give(struct registers *registers, int64_t amount)
{
#if defined(MUTANT_give_more_than_held)
    if (amount > registers_raw(registers)) {
        return raise(&registers->out, amount);
    }
#endif
#if defined(MUTANT_hold_moved_away)
    if (amount <= registers_raw(registers) + registers_on_hold(registers)) {
        return raise(&registers->out, amount);
    }
#endif
    return draw(registers, &registers->out, amount);
}

enum invalid_reason registers_hold(struct registers *registers, int64_t amount)
{
    return draw(registers, &registers->held, amount);
}

enum invalid_reason registers_release(struct registers *registers, int64_t amount)
{
    if (!amount_in_range(amount)) {
        return INVALID_BAD_AMOUNT;
    }
    if (amount > registers->held - registers->released) {
        return INVALID_NOT_COVERED;
    }
    return raise(&registers->released, amount);
}

enum invalid_reason registers_cover(struct registers *registers, int64_t amount)
{
    return draw(registers, &registers->covered, amount);
}

/* Both rows or none (L3). */
enum invalid_reason registers_reclaim(struct registers *retired, struct registers *office,
                                      int64_t amount)
{
    int64_t taken = retired->taken;
    enum invalid_reason reason = raise(&taken, amount);
    if (reason == INVALID_NONE) {
        reason = raise(&office->pulled, amount);
    }
    if (reason == INVALID_NONE) {
        retired->taken = taken;
    }
    return reason;
}

enum invalid_reason registers_repay(struct registers *retired, struct registers *office,
                                    int64_t amount)
{
    int64_t repaid = retired->repaid;
    enum invalid_reason reason = raise(&repaid, amount);
    if (reason == INVALID_NONE) {
        reason = draw(office, &office->lent, amount);
    }
    if (reason == INVALID_NONE) {
        retired->repaid = repaid;
    }
    return reason;
}

int64_t grant_accepted(const struct grant *grant)
{
    return grant->accepted > grant->adopted ? grant->accepted : grant->adopted;
}

int64_t grant_flying(const struct grant *grant)
{
    return grant->granted - grant_accepted(grant);
}

/* What the office's acceptances add to the receiver's own. */
static int64_t grant_extra(const struct grant *grant)
{
    return grant_accepted(grant) - grant->accepted;
}

enum invalid_reason grant_give(struct grant *grant, int64_t amount)
{
    return raise(&grant->granted, amount);
}

enum invalid_reason grant_accept(struct grant *grant, int64_t cumulative, int64_t granted_at_dep,
                                 struct registers *receiver)
{
    /* What was granted only grows, and the dep is in the past of whoever judges. */
    assert(granted_at_dep <= grant->granted);

    if (cumulative < 1 || cumulative > REGISTER_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    if (cumulative > granted_at_dep) {
        return INVALID_OVER_ACCEPT; /* (L2) */
    }
    if (cumulative <= grant->accepted) {
        return INVALID_NONE; /* said again: nothing new arrives */
    }
    int64_t in = 0;
    if (!amount_add(receiver->in, cumulative - grant->accepted, &in) || in > REGISTER_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    int64_t extra = grant_extra(grant);
    grant->accepted = cumulative;
    receiver->in = in;
    receiver->adopted += grant_extra(grant) - extra;
    return INVALID_NONE;
}

int64_t grant_unwitnessed(const struct grant *grant)
{
    int64_t left = grant->accepted - grant->witnessed - grant->returned;
    return left > 0 ? left : 0;
}

enum invalid_reason grant_witness(struct grant *grant, int64_t witnessed, int64_t covered)
{
#if defined(MUTANT_wit_unchecked)
    (void)covered;
#else
    if (witnessed > covered) {
        return INVALID_OVER_WITNESS;
    }
#endif
    if (witnessed > grant->accepted) {
        return INVALID_OVER_WITNESS;
    }
    grant->witnessed = witnessed > grant->witnessed ? witnessed : grant->witnessed;
    return INVALID_NONE;
}

int64_t registers_exposed(const struct registers *registers)
{
    int64_t exposed =
        registers->unwitnessed - registers_raw(registers) - registers->expired - registers->clawed;
    return exposed > 0 ? exposed : 0;
}

enum unit unit_of_bucket(uint8_t bucket)
{
    switch (bucket) {
    case BUCKET_POINTS:
        return UNIT_POINTS;
    case BUCKET_VISITS:
        return UNIT_VISITS;
    case BUCKET_VOUCHER:
        return UNIT_VOUCHERS;
    case BUCKET_CAPACITY:
        return UNIT_CAPACITY;
    default:
        return UNIT_MONEY;
    }
}

enum invalid_reason grant_adopt(struct grant *grant, int64_t cumulative, int64_t granted_at_dep,
                                struct registers *receiver)
{
    assert(granted_at_dep <= grant->granted);

    if (cumulative < 1 || cumulative > REGISTER_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    if (cumulative > granted_at_dep) {
        return INVALID_OVER_ACCEPT; /* (L2) */
    }
    if (cumulative > grant->adopted) {
        int64_t extra = grant_extra(grant);
        grant->adopted = cumulative;
        receiver->adopted += grant_extra(grant) - extra;
    }
    return INVALID_NONE;
}

enum invalid_reason grant_return(struct grant *grant, int64_t cumulative,
                                 struct registers *receiver, struct registers *giver)
{
    if (cumulative < 1 || cumulative > REGISTER_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    if (cumulative > grant->accepted - grant->witnessed) {
        return INVALID_OVER_ACCEPT;
    }
    int64_t more = cumulative - grant->returned;
    if (more <= 0) {
        return INVALID_NONE; /* said again */
    }
    if (more > AMOUNT_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    int64_t regained = giver->regained;
    enum invalid_reason reason = raise(&regained, more);
    if (reason == INVALID_NONE) {
        reason = draw(receiver, &receiver->back, more);
    }
    if (reason == INVALID_NONE) {
        giver->regained = regained;
        grant->returned = cumulative;
    }
    return reason;
}

bool lot_is_valid_on(uint32_t from_day, uint32_t to_day, uint32_t day)
{
#if defined(MUTANT_end_exclusive)
    return day >= from_day && (to_day == 0 || day < to_day);
#elif defined(MUTANT_expired_lot_spent)
    (void)to_day;
    return day >= from_day;
#else
    return day >= from_day && (to_day == 0 || day <= to_day);
#endif
}

bool lot_is_over_on(uint32_t to_day, int64_t grace, uint32_t day)
{
#if defined(MUTANT_burns_a_day_early)
    return to_day != 0 && (int64_t)day >= (int64_t)to_day + grace;
#elif defined(MUTANT_grace_ignored)
    (void)grace;
    return to_day != 0 && day > to_day;
#else
    return to_day != 0 && (int64_t)day > (int64_t)to_day + grace;
#endif
}

static bool terms_are_one_lot(const struct lot_terms *a, const struct lot_terms *b)
{
    return a->key.size > 0 && bytes_equal(a->key, b->key) && a->bucket == b->bucket &&
           a->from_day == b->from_day && a->to_day == b->to_day && a->product == b->product;
}

static bool terms_stand_before(const struct lot_terms *lots, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (terms_are_one_lot(&lots[i], &lots[at])) {
            return true;
        }
    }
    return false;
}

static enum invalid_reason terms_form(const struct lot_terms *lots, size_t count)
{
    if (count == 0 || count > EVENT_LINES_MAX) {
        return INVALID_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        const struct lot_terms *lot = &lots[i];
        bool bonus = lot->bucket == BUCKET_BONUS;
        if (!bonus && lot->bucket != BUCKET_PRINCIPAL) {
            return INVALID_MALFORMED;
        }
        /* Principal is never shared: each payment stays apart, as its refund does. */
        if (lot->key.size > (bonus ? (size_t)LOT_KEY_SIZE_MAX : 0)) {
            return INVALID_MALFORMED;
        }
        if (lot->to_day != 0 && lot->from_day > lot->to_day) {
            return INVALID_MALFORMED;
        }
        if (!amount_in_range(lot->amount) || terms_stand_before(lots, i)) {
            return INVALID_BAD_AMOUNT;
        }
    }
    return INVALID_NONE;
}

static bool line_stands_before(const struct lot_line *lines, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (lot_equal(&lines[i].lot, &lines[at].lot)) {
            return true;
        }
    }
    return false;
}

static enum invalid_reason lines_form(const struct lot_line *lines, size_t count)
{
    if (count == 0 || count > EVENT_LINES_MAX) {
        return INVALID_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        if (!amount_in_range(lines[i].amount) || line_stands_before(lines, i)) {
            return INVALID_BAD_AMOUNT;
        }
    }
    return INVALID_NONE;
}

/* Every other tender of a sale is one more line of it, with refund rights of its own. */
static enum invalid_reason tenders_form(const struct tender_line *tenders, size_t count,
                                        size_t line_count)
{
    if (count > TENDERS_MAX || line_count + count > EVENT_LINES_MAX) {
        return INVALID_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        if (tenders[i].tender == 0) {
            return INVALID_MALFORMED;
        }
        if (!amount_in_range(tenders[i].amount)) {
            return INVALID_BAD_AMOUNT;
        }
    }
    return INVALID_NONE;
}

static enum invalid_reason spend_form(const struct event *event)
{
    if (event->body.spend.risk < 0 || event->body.spend.risk > AMOUNT_MAX) {
        return INVALID_BAD_AMOUNT;
    }
    bool uncovered = event->body.spend.line_count == 0 && event->body.spend.risk > 0;
    enum invalid_reason reason =
        uncovered ? INVALID_NONE
                  : lines_form(event->body.spend.lines, event->body.spend.line_count);
    return reason != INVALID_NONE
               ? reason
               : tenders_form(event->body.spend.tenders, event->body.spend.tender_count,
                              event->body.spend.line_count);
}

static enum invalid_reason refund_form(const struct event *event)
{
    enum invalid_reason reason =
        lines_form(event->body.refund.lines, event->body.refund.line_count);
    return reason != INVALID_NONE
               ? reason
               : tenders_form(event->body.refund.tenders, event->body.refund.tender_count, 0);
}

static enum invalid_reason rebind_form(const struct event *event)
{
    if (id_is_none(event->body.rebind.to.bytes, sizeof event->body.rebind.to.bytes)) {
        return INVALID_MALFORMED;
    }
    return lines_form(event->body.rebind.lines, event->body.rebind.line_count);
}

static enum invalid_reason request_form(const struct event *event)
{
    if (event->body.file.kind != REQUEST_REFUND || event_ref_is_none(event->body.file.sale)) {
        return INVALID_MALFORMED;
    }
    return amount_in_range(event->body.file.amount) ? INVALID_NONE : INVALID_BAD_AMOUNT;
}

static enum invalid_reason close_form(const struct event *event)
{
    uint8_t outcome = event->body.close.outcome;
    bool done = !event_ref_is_none(event->body.close.done);
    return outcome >= REQUEST_DONE && outcome <= REQUEST_WITHDRAWN &&
                   done == (outcome == REQUEST_DONE)
               ? INVALID_NONE
               : INVALID_MALFORMED;
}

static bool accept_stands_before(const struct accept_line *lines, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (lot_equal(&lines[i].lot, &lines[at].lot)) {
            return true;
        }
    }
    return false;
}

/* A cumulative value restates many moves, so that its bound is the register's. */
static enum invalid_reason accepts_form(const struct accept_line *lines, size_t count)
{
    if (count == 0 || count > EVENT_LINES_MAX) {
        return INVALID_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        if (lines[i].cumulative < 1 || lines[i].cumulative > REGISTER_MAX ||
            lines[i].witnessed < 0 || accept_stands_before(lines, i)) {
            return INVALID_BAD_AMOUNT;
        }
    }
    return INVALID_NONE;
}

/* `most` is the register's bound for cumulative values, else a line's. */
static enum invalid_reason amounts_form(const struct lot_amount *lines, size_t count, int64_t most)
{
    if (count == 0 || count > EVENT_LINES_MAX) {
        return INVALID_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        bool twice = false;
        for (size_t k = 0; k < i; k++) {
            twice = twice || lot_equal(&lines[k].lot, &lines[i].lot);
        }
        if (twice || lines[i].amount < 1 || lines[i].amount > most) {
            return INVALID_BAD_AMOUNT;
        }
    }
    return INVALID_NONE;
}

static enum invalid_reason number_form(struct bytes number)
{
    if (number.size != CARD_NUMBER_SIZE) {
        return INVALID_MALFORMED;
    }
    for (size_t i = 0; i < number.size; i++) {
        if (number.data[i] < '0' || number.data[i] > '9') {
            return INVALID_MALFORMED;
        }
    }
    return INVALID_NONE;
}

static enum invalid_reason hold_form(const struct event *event)
{
    if (event->body.hold.until_ms == 0) {
        return INVALID_MALFORMED; /* it would never end */
    }
    return lines_form(event->body.hold.lines, event->body.hold.line_count);
}

static bool event_has_form(uint16_t type)
{
    return type == EVENT_TOPUP || type == EVENT_SPEND || type == EVENT_SPEND_HOLD ||
           type == EVENT_SPEND_CAPTURE || type == EVENT_REFUND || type == EVENT_LOT_EXPIRE ||
           type == EVENT_LOT_REBIND || type == EVENT_RIGHTS_MOVE || type == EVENT_RIGHTS_ACCEPT ||
           type == EVENT_RIGHTS_RETURN || type == EVENT_RIGHTS_RECLAIM ||
           type == EVENT_RIGHTS_COVER || type == EVENT_CARD_ISSUE || type == EVENT_REQUEST_FILE ||
           type == EVENT_REQUEST_CLOSE;
}

enum invalid_reason event_form(const struct event *event)
{
    if (!event_has_form(event->type)) {
        return INVALID_NONE;
    }
    /* Value of no account could never be found again. */
    if (!event->known || id_is_none(event->subject.bytes, sizeof event->subject.bytes)) {
        return INVALID_MALFORMED;
    }
    switch (event->type) {
    case EVENT_TOPUP:
        return terms_form(event->body.topup.lots, event->body.topup.lot_count);
    case EVENT_SPEND:
        return spend_form(event);
    case EVENT_SPEND_HOLD:
        return hold_form(event);
    case EVENT_SPEND_CAPTURE:
        return amounts_form(event->body.capture.lines, event->body.capture.line_count, AMOUNT_MAX);
    case EVENT_REFUND:
        return refund_form(event);
    case EVENT_LOT_EXPIRE:
        return lines_form(event->body.expire.lines, event->body.expire.line_count);
    case EVENT_LOT_REBIND:
        return rebind_form(event);
    case EVENT_REQUEST_FILE:
        return request_form(event);
    case EVENT_REQUEST_CLOSE:
        return close_form(event);
    case EVENT_RIGHTS_MOVE:
        return lines_form(event->body.move.lines, event->body.move.line_count);
    case EVENT_RIGHTS_COVER:
        return lines_form(event->body.cover.lines, event->body.cover.line_count);
    case EVENT_RIGHTS_ACCEPT:
        return accepts_form(event->body.accept.lines, event->body.accept.line_count);
    case EVENT_RIGHTS_RETURN:
        return amounts_form(event->body.giveback.lines, event->body.giveback.line_count,
                            REGISTER_MAX);
    case EVENT_RIGHTS_RECLAIM:
        return amounts_form(event->body.reclaim.lines, event->body.reclaim.line_count, AMOUNT_MAX);
    default: /* CARD.ISSUE: event_has_form lets nothing else through */
        return number_form(event->body.issue.number);
    }
}
