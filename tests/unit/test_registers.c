#include "registers.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Every register its own power of two, so that each sum shows which it took and with which sign. */
static void raw_and_ledger_add_and_take_each_register_once(void **state)
{
    (void)state;
    const struct registers registers = {
        .issued = 1 << 20,
        .refunded = 1 << 19,
        .used = 1,
        .expired = 2,
        .clawed = 4,
        .rebound = 8,
        .paid_out = 16,
        .covered = 32,
        .held = 64,
        .released = 128,
        .in = 256,
        .out = 512,
    };
    assert_int_equal(registers_ledger(&registers), (1 << 20) + (1 << 19) - 63);
    assert_int_equal(registers_raw(&registers), (1 << 20) + (1 << 19) - 63 - 64 + 128 + 256 - 512);
}

static void what_is_on_hold_is_of_no_other_use_until_it_is_released(void **state)
{
    (void)state;
    struct registers registers = {0};
    assert_int_equal(registers_issue(&registers, 100), INVALID_NONE);
    assert_int_equal(registers_hold(&registers, 70), INVALID_NONE);
    assert_int_equal(registers_hold(&registers, 31), INVALID_NOT_COVERED);
    assert_int_equal(registers_use(&registers, 31), INVALID_NOT_COVERED);
    assert_int_equal(registers_give(&registers, 31), INVALID_NOT_COVERED);
    assert_int_equal(registers_raw(&registers), 30);
    assert_int_equal(registers_on_hold(&registers), 70);
    assert_int_equal(registers_held(&registers), 100);
    assert_int_equal(registers_ledger(&registers), 100);
    assert_int_equal(registers_release(&registers, 71), INVALID_NOT_COVERED);
    assert_int_equal(registers_release(&registers, 70), INVALID_NONE);
    assert_int_equal(registers_release(&registers, 1), INVALID_NOT_COVERED);
    assert_int_equal(registers_use(&registers, 100), INVALID_NONE);
}

static void a_retirement_voids_what_is_on_hold(void **state)
{
    (void)state;
    struct registers retired = {.issued = 100, .held = 60};
    struct registers office = {0};
    assert_int_equal(registers_reclaim(&retired, &office, registers_held(&retired)), INVALID_NONE);
    assert_int_equal(registers_raw(&office), 100);
    assert_int_equal(registers_on_hold(&retired), 0);
    assert_int_equal(registers_held(&retired), 0);
    /* A late tail had captured 50 of it: the office gives that back. */
    retired.released = 60;
    retired.used = 50;
    assert_int_equal(registers_good(&retired), 50);
}

static void what_was_issued_can_be_used_to_the_last_unit_and_no_further(void **state)
{
    (void)state;
    struct registers registers = {0};
    assert_int_equal(registers_issue(&registers, 100), INVALID_NONE);
    assert_int_equal(registers_use(&registers, 60), INVALID_NONE);
    assert_int_equal(registers_use(&registers, 41), INVALID_NOT_COVERED);
    assert_int_equal(registers_use(&registers, 40), INVALID_NONE);
    assert_int_equal(registers_use(&registers, 1), INVALID_NOT_COVERED);
    assert_int_equal(registers.issued, 100);
    assert_int_equal(registers.used, 100);
    assert_int_equal(registers_raw(&registers), 0);
    assert_int_equal(registers_ledger(&registers), 0);
}

static void what_expired_is_gone_and_was_held_before(void **state)
{
    (void)state;
    struct registers registers = {.issued = 100, .out = 30};
    assert_int_equal(registers_expire(&registers, 71), INVALID_NOT_COVERED);
    assert_int_equal(registers_expire(&registers, 0), INVALID_BAD_AMOUNT);
    assert_int_equal(registers.expired, 0);
    assert_int_equal(registers_expire(&registers, 70), INVALID_NONE);
    assert_int_equal(registers_raw(&registers), 0);
    assert_int_equal(registers_ledger(&registers), 30);
    assert_int_equal(registers_use(&registers, 1), INVALID_NOT_COVERED);
}

/* (V1, V2) Both ends of the range count; the grace is whole days between the two. */
static void a_lot_is_usable_through_its_last_day_and_burned_after_the_grace(void **state)
{
    (void)state;
    assert_true(lot_is_valid_on(10, 20, 10));
    assert_true(lot_is_valid_on(10, 20, 20));
    assert_false(lot_is_valid_on(10, 20, 9));
    assert_false(lot_is_valid_on(10, 20, 21));
    assert_true(lot_is_valid_on(0, 0, UINT32_MAX));
    assert_false(lot_is_over_on(20, 0, 20));
    assert_true(lot_is_over_on(20, 0, 21));
    assert_false(lot_is_over_on(20, 3, 23));
    assert_true(lot_is_over_on(20, 3, 24));
    assert_false(lot_is_over_on(0, 0, UINT32_MAX));
    assert_false(lot_is_over_on(UINT32_MAX, 3, UINT32_MAX));
}

/* A retired journal's late burn of what the office had taken over cost nobody anything; a late sale
 * did. */
static void what_was_burned_twice_is_made_good_and_no_loss(void **state)
{
    (void)state;
    struct registers registers = {.issued = 100, .taken = 100, .expired = 40, .used = 25};
    assert_int_equal(registers_good(&registers), 65);
    assert_int_equal(registers_loss(&registers), 25);
    registers.repaid = 65;
    assert_int_equal(registers_good(&registers), 0);
    assert_int_equal(registers_loss(&registers), 0);
}

static void what_was_given_away_is_still_owed_but_not_usable_here(void **state)
{
    (void)state;
    struct registers registers = {.issued = 100};
    assert_int_equal(registers_give(&registers, 101), INVALID_NOT_COVERED);
    assert_int_equal(registers_give(&registers, 70), INVALID_NONE);
    assert_int_equal(registers.out, 70);
    assert_int_equal(registers_raw(&registers), 30);
    assert_int_equal(registers_ledger(&registers), 100);
    assert_int_equal(registers_use(&registers, 31), INVALID_NOT_COVERED);
}

static void a_refund_can_be_used_again(void **state)
{
    (void)state;
    struct registers registers = {.issued = 100, .used = 100};
    assert_int_equal(registers_refund(&registers, 25), INVALID_NONE);
    assert_int_equal(registers.refunded, 25);
    assert_int_equal(registers_use(&registers, 25), INVALID_NONE);
    assert_int_equal(registers_use(&registers, 1), INVALID_NOT_COVERED);
}

/* L3 */
static void amounts_of_nothing_or_above_the_maximum_change_nothing(void **state)
{
    (void)state;
    const int64_t bad[] = {0, -1, INT64_MIN, AMOUNT_MAX + 1, INT64_MAX};
    const struct registers before = {.issued = REGISTER_MAX / 2};
    struct registers registers = before;
    struct grant grant = {.granted = 10, .accepted = 5};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(registers_issue(&registers, bad[i]), INVALID_BAD_AMOUNT);
        assert_int_equal(registers_use(&registers, bad[i]), INVALID_BAD_AMOUNT);
        assert_int_equal(registers_refund(&registers, bad[i]), INVALID_BAD_AMOUNT);
        assert_int_equal(registers_give(&registers, bad[i]), INVALID_BAD_AMOUNT);
        assert_int_equal(grant_give(&grant, bad[i]), INVALID_BAD_AMOUNT);
    }
    assert_memory_equal(&registers, &before, sizeof before);
    assert_int_equal(grant.granted, 10);
    assert_int_equal(registers_issue(&registers, 1), INVALID_NONE);
    assert_int_equal(registers_use(&registers, AMOUNT_MAX), INVALID_NONE);
}

/* L3 */
static void no_register_passes_its_maximum(void **state)
{
    (void)state;
    struct registers registers = {
        .issued = REGISTER_MAX - 1, .refunded = REGISTER_MAX - 1, .used = REGISTER_MAX - 1};
    assert_int_equal(registers_issue(&registers, 2), INVALID_BAD_AMOUNT);
    assert_int_equal(registers_refund(&registers, 2), INVALID_BAD_AMOUNT);
    assert_int_equal(registers_use(&registers, 2), INVALID_BAD_AMOUNT);
    assert_int_equal(registers.issued, REGISTER_MAX - 1);
    assert_int_equal(registers.refunded, REGISTER_MAX - 1);
    assert_int_equal(registers.used, REGISTER_MAX - 1);
    assert_int_equal(registers_issue(&registers, 1), INVALID_NONE);
    assert_int_equal(registers_refund(&registers, 1), INVALID_NONE);
    assert_int_equal(registers_use(&registers, 1), INVALID_NONE);
    registers.out = REGISTER_MAX - 1;
    registers.in = REGISTER_MAX;
    assert_int_equal(registers_give(&registers, 2), INVALID_BAD_AMOUNT);
    assert_int_equal(registers_give(&registers, 1), INVALID_NONE);
    struct grant grant = {.granted = REGISTER_MAX};
    assert_int_equal(grant_give(&grant, 1), INVALID_BAD_AMOUNT);
}

static void an_accept_brings_what_was_granted_since_the_last_one(void **state)
{
    (void)state;
    struct grant grant = {0};
    struct registers receiver = {0};
    assert_int_equal(grant_give(&grant, 30), INVALID_NONE);
    assert_int_equal(grant_accept(&grant, 1, 30, &receiver), INVALID_NONE);
    assert_int_equal(receiver.in, 1);
    assert_int_equal(grant_accept(&grant, 30, 30, &receiver), INVALID_NONE);
    assert_int_equal(receiver.in, 30);
    assert_int_equal(grant_give(&grant, 20), INVALID_NONE);
    assert_int_equal(grant.granted, 50);
    assert_int_equal(grant_accept(&grant, 45, 50, &receiver), INVALID_NONE);
    assert_int_equal(receiver.in, 45);
    assert_int_equal(grant.accepted, 45);
}

static void the_same_accept_again_or_an_older_one_brings_nothing(void **state)
{
    (void)state;
    struct grant grant = {.granted = 50, .accepted = 40};
    struct registers receiver = {.in = 40};
    assert_int_equal(grant_accept(&grant, 40, 50, &receiver), INVALID_NONE);
    assert_int_equal(grant_accept(&grant, 10, 50, &receiver), INVALID_NONE);
    assert_int_equal(grant.accepted, 40);
    assert_int_equal(receiver.in, 40);
}

/* L2, L3 */
static void nobody_accepts_more_than_the_dep_shows(void **state)
{
    (void)state;
    struct grant grant = {.granted = 50};
    struct registers receiver = {0};
    assert_int_equal(grant_accept(&grant, 31, 30, &receiver), INVALID_OVER_ACCEPT);
    assert_int_equal(grant_accept(&grant, 51, 50, &receiver), INVALID_OVER_ACCEPT);
    assert_int_equal(grant_accept(&grant, 0, 50, &receiver), INVALID_BAD_AMOUNT);
    assert_int_equal(grant_accept(&grant, -1, 50, &receiver), INVALID_BAD_AMOUNT);
    assert_int_equal(grant_accept(&grant, REGISTER_MAX + 1, 50, &receiver), INVALID_BAD_AMOUNT);
    grant.granted = REGISTER_MAX;
    receiver.in = 1;
    assert_int_equal(grant_accept(&grant, REGISTER_MAX, REGISTER_MAX, &receiver),
                     INVALID_BAD_AMOUNT);
    assert_int_equal(grant.accepted, 0);
    assert_int_equal(receiver.in, 1);
    receiver.in = 0;
    assert_int_equal(grant_accept(&grant, REGISTER_MAX, REGISTER_MAX, &receiver), INVALID_NONE);
}

enum { BRANCHES = 3 };

struct chain {
    struct registers registers[BRANCHES];
    struct grant grants[BRANCHES][BRANCHES];
};

static enum invalid_reason step(struct chain *chain, struct dice *dice)
{
    size_t from = (size_t)dice_between(dice, 0, BRANCHES - 1);
    size_t to = (size_t)dice_between(dice, 0, BRANCHES - 1);
    int64_t amount = dice_between(dice, -2, 40);
    struct registers *registers = &chain->registers[from];
    struct grant *grant = &chain->grants[from][to];
    switch (dice_between(dice, 0, 4)) {
    case 0:
        return registers_issue(registers, amount);
    case 1:
        return registers_use(registers, amount);
    case 2:
        return registers_refund(registers, amount);
    case 3: {
        enum invalid_reason reason = registers_give(registers, amount);
        return reason == INVALID_NONE ? grant_give(grant, amount) : reason;
    }
    default:
        return grant_accept(grant, grant->accepted + amount, grant->granted, &chain->registers[to]);
    }
}

/* L1, L2, and value neither appears nor vanishes on its way. */
static void check_chain(const struct chain *chain)
{
    int64_t held = 0;
    int64_t ledger = 0;
    for (size_t i = 0; i < BRANCHES; i++) {
        assert_true(registers_raw(&chain->registers[i]) >= 0);
        held += registers_raw(&chain->registers[i]);
        ledger += registers_ledger(&chain->registers[i]);
        for (size_t k = 0; k < BRANCHES; k++) {
            assert_true(chain->grants[i][k].accepted <= chain->grants[i][k].granted);
            held += chain->grants[i][k].granted - chain->grants[i][k].accepted;
        }
    }
    assert_int_equal(held, ledger);
}

/* L1, L2, L3 */
static void random_steps_keep_raw_above_zero_and_conserve_value(void **state)
{
    (void)state;
    struct dice dice = {.state = 17};
    int refused[INVALID_WRONG_NUMBER + 1] = {0};
    struct chain chain = {0};
    for (int i = 0; i < 40000; i++) {
        if (i % 200 == 0) {
            chain = (struct chain){0};
        }
        struct chain before = chain;
        enum invalid_reason reason = step(&chain, &dice);
        refused[reason]++;
        if (reason != INVALID_NONE) {
            assert_memory_equal(&chain, &before, sizeof chain);
        }
        check_chain(&chain);
    }
    assert_true(refused[INVALID_NONE] > 1000);
    assert_true(refused[INVALID_BAD_AMOUNT] > 1000);
    assert_true(refused[INVALID_NOT_COVERED] > 1000);
    assert_true(refused[INVALID_OVER_ACCEPT] > 1000);
}

static void a_lot_is_valid_from_its_first_day_through_its_last(void **state)
{
    (void)state;
    assert_false(lot_is_valid_on(10, 20, 9));
    assert_true(lot_is_valid_on(10, 20, 10));
    assert_true(lot_is_valid_on(10, 20, 20));
    assert_false(lot_is_valid_on(10, 20, 21));
    assert_true(lot_is_valid_on(10, 0, UINT32_MAX));
    assert_false(lot_is_valid_on(10, 0, 9));
}

static struct event event_of(uint16_t type)
{
    return (struct event){.type = type, .subject = {{1}}, .known = true};
}

static struct lot_terms terms_of(uint8_t bucket, int64_t amount)
{
    return (struct lot_terms){.bucket = bucket, .amount = amount, .from_day = 10, .product = 1};
}

static struct event topup_of(struct lot_terms first, struct lot_terms second)
{
    struct event event = event_of(EVENT_TOPUP);
    event.body.topup.lot_count = 2;
    event.body.topup.lots[0] = first;
    event.body.topup.lots[1] = second;
    return event;
}

static void check_topup(struct lot_terms second, enum invalid_reason wanted)
{
    struct event event = topup_of(terms_of(BUCKET_PRINCIPAL, 100), second);
    assert_int_equal(event_form(&event), wanted);
}

static void a_topup_issues_principal_and_bonus_and_nothing_else(void **state)
{
    (void)state;
    check_topup(terms_of(BUCKET_PRINCIPAL, 1), INVALID_NONE);
    check_topup(terms_of(BUCKET_BONUS, 1), INVALID_NONE);
    check_topup(terms_of(BUCKET_BONUS, AMOUNT_MAX), INVALID_NONE);
    check_topup(terms_of(0, 1), INVALID_MALFORMED);
    check_topup(terms_of(BUCKET_POINTS, 1), INVALID_MALFORMED);
    check_topup(terms_of(BUCKET_REFUND, 1), INVALID_MALFORMED);
    check_topup(terms_of(BUCKET_BONUS, 0), INVALID_BAD_AMOUNT);
    check_topup(terms_of(BUCKET_BONUS, -1), INVALID_BAD_AMOUNT);
    check_topup(terms_of(BUCKET_BONUS, AMOUNT_MAX + 1), INVALID_BAD_AMOUNT);
    struct event event = topup_of(terms_of(BUCKET_PRINCIPAL, 0), terms_of(BUCKET_BONUS, 1));
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
}

static void a_topup_names_days_in_their_order(void **state)
{
    (void)state;
    struct lot_terms terms = terms_of(BUCKET_BONUS, 1);
    terms.to_day = 9;
    check_topup(terms, INVALID_MALFORMED);
    terms.to_day = 10;
    check_topup(terms, INVALID_NONE);
}

static void two_lots_of_one_topup_with_one_key_and_equal_terms_are_one_named_twice(void **state)
{
    (void)state;
    struct lot_terms first = terms_of(BUCKET_BONUS, 1);
    first.key = bytes_of("b", 1);
    struct lot_terms second = first;
    second.amount = 2;
    struct event event = topup_of(first, second);
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
    event.body.topup.lots[1].key = bytes_of("B", 1);
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.topup.lots[1] = first;
    event.body.topup.lots[1].product = 2;
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.topup.lots[1] = first;
    event.body.topup.lots[1].from_day = 11;
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.topup.lots[1] = first;
    event.body.topup.lots[1].to_day = 11;
    assert_int_equal(event_form(&event), INVALID_NONE);
}

static void a_lots_key_is_short_and_principal_has_none(void **state)
{
    (void)state;
    static const uint8_t key[65] = {0};
    struct lot_terms terms = terms_of(BUCKET_BONUS, 1);
    terms.key = bytes_of(key, 64);
    check_topup(terms, INVALID_NONE);
    terms.key.size = 65;
    check_topup(terms, INVALID_MALFORMED);
    terms.key.size = 1;
    terms.bucket = BUCKET_PRINCIPAL;
    check_topup(terms, INVALID_MALFORMED);
}

static void a_topup_has_one_to_sixteen_lots(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_TOPUP);
    for (size_t i = 0; i < EVENT_LINES_MAX; i++) {
        event.body.topup.lots[i] = terms_of(BUCKET_PRINCIPAL, 1);
    }
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
    event.body.topup.lot_count = 1;
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.topup.lot_count = EVENT_LINES_MAX;
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.topup.lot_count = EVENT_LINES_MAX + 1;
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
}

/* The count and the lines of each of the three events that have lot lines. */
static struct lot_line *lines_of(struct event *event, uint8_t count)
{
    if (event->type == EVENT_SPEND) {
        event->body.spend.line_count = count;
        return event->body.spend.lines;
    }
    if (event->type == EVENT_REFUND) {
        event->body.refund.line_count = count;
        return event->body.refund.lines;
    }
    event->body.move.line_count = count;
    return event->body.move.lines;
}

static void a_spend_refund_or_move_has_one_to_sixteen_lines_of_different_lots(void **state)
{
    (void)state;
    const uint16_t types[] = {EVENT_SPEND, EVENT_REFUND, EVENT_RIGHTS_MOVE};
    for (size_t i = 0; i < 3; i++) {
        struct event event = event_of(types[i]);
        struct lot_line *lines = lines_of(&event, 0);
        assert_int_equal(event_form(&event), INVALID_MALFORMED);
        for (size_t k = 0; k < EVENT_LINES_MAX; k++) {
            lines[k] = (struct lot_line){.lot = {{(uint8_t)k}}, .amount = 1};
        }
        lines_of(&event, EVENT_LINES_MAX);
        assert_int_equal(event_form(&event), INVALID_NONE);
        lines[15].lot = lines[0].lot;
        assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
        lines_of(&event, EVENT_LINES_MAX - 1);
        assert_int_equal(event_form(&event), INVALID_NONE);
        lines[0].amount = 0;
        assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
        lines[0].amount = 1;
        lines[14].amount = 0;
        assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
        lines[14].amount = AMOUNT_MAX + 1;
        assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
        lines_of(&event, EVENT_LINES_MAX + 1);
        assert_int_equal(event_form(&event), INVALID_MALFORMED);
    }
}

static void a_spends_risk_is_an_amount_or_nothing(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_SPEND);
    event.body.spend.line_count = 1;
    event.body.spend.lines[0].amount = 1;
    event.body.spend.risk = AMOUNT_MAX;
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.spend.risk = AMOUNT_MAX + 1;
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
    event.body.spend.risk = -1;
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
}

static void an_accept_has_one_to_sixteen_lines_of_cumulative_amounts(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_RIGHTS_ACCEPT);
    struct accept_line *lines = event.body.accept.lines;
    for (size_t k = 0; k < EVENT_LINES_MAX; k++) {
        lines[k] = (struct accept_line){.lot = {{(uint8_t)k}}, .cumulative = 1};
    }
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
    event.body.accept.line_count = EVENT_LINES_MAX + 1;
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
    event.body.accept.line_count = EVENT_LINES_MAX;
    assert_int_equal(event_form(&event), INVALID_NONE);
    lines[15].lot = lines[0].lot;
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
    event.body.accept.line_count = 1;
    lines[0].cumulative = REGISTER_MAX; /* many moves in one number */
    assert_int_equal(event_form(&event), INVALID_NONE);
    lines[0].cumulative = REGISTER_MAX + 1;
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
    lines[0].cumulative = 0;
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
    lines[0].cumulative = 1;
    lines[0].witnessed = -1;
    assert_int_equal(event_form(&event), INVALID_BAD_AMOUNT);
}

static void a_card_is_issued_with_sixteen_digits(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_CARD_ISSUE);
    event.body.issue.number = bytes_of("0123456789012349", 16);
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.body.issue.number = bytes_of("0123456789012349", 15);
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
    event.body.issue.number = bytes_of("012345678901234/", 16);
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
    event.body.issue.number = bytes_of(":123456789012345", 16);
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
}

static void an_event_of_the_ledger_that_did_not_decode_or_names_nobody_is_malformed(void **state)
{
    (void)state;
    const uint16_t types[] = {EVENT_TOPUP,       EVENT_SPEND,         EVENT_REFUND,
                              EVENT_RIGHTS_MOVE, EVENT_RIGHTS_ACCEPT, EVENT_CARD_ISSUE};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct event event = {.type = types[i], .subject = {{1}}, .known = false};
        assert_int_equal(event_form(&event), INVALID_MALFORMED);
    }
    struct event event = topup_of(terms_of(BUCKET_PRINCIPAL, 1), terms_of(BUCKET_BONUS, 1));
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.known = false;
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
    event.known = true;
    event.subject = (struct subject_id){{0}};
    assert_int_equal(event_form(&event), INVALID_MALFORMED);
}

static void other_events_have_no_form_to_break(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_MEMBER_ENROL, .known = true};
    assert_int_equal(event_form(&event), INVALID_NONE);
    event.type = 9999;
    event.known = false;
    assert_int_equal(event_form(&event), INVALID_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_and_ledger_add_and_take_each_register_once),
        cmocka_unit_test(what_was_issued_can_be_used_to_the_last_unit_and_no_further),
        cmocka_unit_test(what_expired_is_gone_and_was_held_before),
        cmocka_unit_test(a_lot_is_usable_through_its_last_day_and_burned_after_the_grace),
        cmocka_unit_test(what_was_burned_twice_is_made_good_and_no_loss),
        cmocka_unit_test(what_was_given_away_is_still_owed_but_not_usable_here),
        cmocka_unit_test(a_refund_can_be_used_again),
        cmocka_unit_test(amounts_of_nothing_or_above_the_maximum_change_nothing),
        cmocka_unit_test(no_register_passes_its_maximum),
        cmocka_unit_test(an_accept_brings_what_was_granted_since_the_last_one),
        cmocka_unit_test(the_same_accept_again_or_an_older_one_brings_nothing),
        cmocka_unit_test(nobody_accepts_more_than_the_dep_shows),
        cmocka_unit_test(random_steps_keep_raw_above_zero_and_conserve_value),
        cmocka_unit_test(a_lot_is_valid_from_its_first_day_through_its_last),
        cmocka_unit_test(a_topup_issues_principal_and_bonus_and_nothing_else),
        cmocka_unit_test(a_topup_names_days_in_their_order),
        cmocka_unit_test(two_lots_of_one_topup_with_one_key_and_equal_terms_are_one_named_twice),
        cmocka_unit_test(a_lots_key_is_short_and_principal_has_none),
        cmocka_unit_test(a_topup_has_one_to_sixteen_lots),
        cmocka_unit_test(a_spend_refund_or_move_has_one_to_sixteen_lines_of_different_lots),
        cmocka_unit_test(a_spends_risk_is_an_amount_or_nothing),
        cmocka_unit_test(an_accept_has_one_to_sixteen_lines_of_cumulative_amounts),
        cmocka_unit_test(what_is_on_hold_is_of_no_other_use_until_it_is_released),
        cmocka_unit_test(a_retirement_voids_what_is_on_hold),
        cmocka_unit_test(a_card_is_issued_with_sixteen_digits),
        cmocka_unit_test(an_event_of_the_ledger_that_did_not_decode_or_names_nobody_is_malformed),
        cmocka_unit_test(other_events_have_no_form_to_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
