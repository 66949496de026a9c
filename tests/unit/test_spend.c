#include "spend.h"

#include "refund.h"

#include "dice.h"

#include "tally/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The `number`-th lot, of the top-up in block `seq`. */
static struct spendable lot_of(uint8_t number, uint8_t bucket, uint64_t seq, uint32_t to_day,
                               int64_t usable)
{
    return (struct spendable){
        .lot = {{number}},
        .bucket = bucket,
        .to_day = to_day,
        .issued = {.journal = 65537, .seq = seq, .index = 0},
        .usable = usable,
    };
}

static void check_line(const struct spend_plan *plan, size_t at, uint8_t number, int64_t amount)
{
    assert_true(at < plan->line_count);
    assert_int_equal(plan->lines[at].lot.bytes[0], number);
    assert_int_equal(plan->lines[at].amount, amount);
}

static void check_sums(const struct spend_plan *plan, int64_t principal, int64_t bonus)
{
    assert_int_equal(plan->principal, principal);
    assert_int_equal(plan->bonus, bonus);
    assert_int_equal(plan->covered, principal + bonus);
}

static struct spendable *find(struct spendable *lots, size_t count, const struct lot_id *lot)
{
    for (size_t i = 0; i < count; i++) {
        if (lot_equal(&lots[i].lot, lot)) {
            return &lots[i];
        }
    }
    fail_msg("a plan names a lot that nobody offered");
    return lots; /* fail_msg does not come back */
}

static void take(struct spendable *lots, size_t count, const struct spend_plan *plan)
{
    for (size_t i = 0; i < plan->line_count; i++) {
        find(lots, count, &plan->lines[i].lot)->usable -= plan->lines[i].amount;
    }
}

static void g02_what_remains_of_principal_is_the_lawful_refund(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, 300000),
                               lot_of(2, BUCKET_BONUS, 1, 0, 100000)};
    struct spend_plan plan;
    spend_plan(lots, 2, 359400, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 269550, 89850);
    take(lots, 2, &plan);
    assert_int_equal(lots[0].usable, 30450);
}

static void check_g05(enum spend_order order, int64_t principal_left)
{
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, 100000),
                               lot_of(2, BUCKET_BONUS, 1, 0, 20000)};
    struct spend_plan plan;
    spend_plan(lots, 2, 60000, order, &plan);
    assert_int_equal(plan.covered, 60000);
    take(lots, 2, &plan);
    assert_int_equal(lots[0].usable, principal_left);
}

static void g05_each_order_leaves_another_refund_of_1000_and_200(void **state)
{
    (void)state;
    check_g05(SPEND_PROPORTIONAL, 50000);
    check_g05(SPEND_PRINCIPAL_FIRST, 40000);
    check_g05(SPEND_BONUS_FIRST, 60000);
}

static void g09_pair_of_300_and_60_spent_three_times(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, 30000),
                               lot_of(2, BUCKET_BONUS, 1, 0, 6000)};
    struct spend_plan plan;
    spend_plan(lots, 2, 4500, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 3750, 750);
    take(lots, 2, &plan);
    spend_plan(lots, 2, 1, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 0, 1);
    assert_int_equal(plan.line_count, 1);
    take(lots, 2, &plan);
    spend_plan(lots, 2, 10000, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 8333, 1667);
    take(lots, 2, &plan);
    assert_int_equal(lots[0].usable, 17917);
    assert_int_equal(lots[1].usable, 3582);
}

/* Days since 1970: 31 Mar 2026 and 30 Sep 2026. */
static void g31_of_two_hundreds_the_one_that_ends_first_is_used_first(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(2, BUCKET_BONUS, 2, 20726, 100),
                               lot_of(1, BUCKET_BONUS, 1, 20543, 100)};
    struct spend_plan plan;
    spend_plan(lots, 2, 100, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 1);
    check_line(&plan, 0, 1, 100); /* on 1 Apr the other hundred is still there */
}

/* R2 */
static void what_ends_first_is_spent_first_and_what_never_ends_last(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 1, 0, 100),
        lot_of(2, BUCKET_PRINCIPAL, 2, 500, 100),
        lot_of(3, BUCKET_PRINCIPAL, 3, 400, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 3, 250, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 3);
    check_line(&plan, 0, 3, 100);
    check_line(&plan, 1, 2, 100);
    check_line(&plan, 2, 1, 50);
}

/* R2 */
static void of_pairs_that_end_together_the_oldest_is_spent_first(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 9, 0, 10), lot_of(2, BUCKET_PRINCIPAL, 7, 0, 10),
        lot_of(3, BUCKET_PRINCIPAL, 7, 0, 10), lot_of(4, BUCKET_PRINCIPAL, 1, 0, 10),
        lot_of(5, BUCKET_PRINCIPAL, 9, 0, 10),
    };
    lots[2].issued.index = 4; /* later in the same block */
    lots[3].issued.journal++; /* a higher journal comes after, however low its block */
    lots[4].issued.journal--;
    struct spend_plan plan;
    spend_plan(lots, 5, 50, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 5);
    check_line(&plan, 0, 5, 10);
    check_line(&plan, 1, 2, 10);
    check_line(&plan, 2, 3, 10);
    check_line(&plan, 3, 1, 10);
    check_line(&plan, 4, 4, 10);
}

static void a_pair_ends_with_the_first_of_its_lots_that_has_something_left(void **state)
{
    (void)state;
    /* the older pair's bonus ends on day 300, the newer one's on day 200 */
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 1, 0, 100),
        lot_of(2, BUCKET_BONUS, 1, 300, 100),
        lot_of(3, BUCKET_PRINCIPAL, 2, 0, 100),
        lot_of(4, BUCKET_BONUS, 2, 200, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 4, 100, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 2);
    check_line(&plan, 0, 3, 50);
    check_line(&plan, 1, 4, 50);
    /* with one unit of its bonus left it still ends first */
    lots[3].usable = 1;
    spend_plan(lots, 4, 100, SPEND_PROPORTIONAL, &plan);
    check_line(&plan, 0, 3, 99);
    check_line(&plan, 1, 4, 1);
    /* with its bonus used up the newer pair never ends: now the older comes first */
    lots[3].usable = 0;
    spend_plan(lots, 4, 100, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 2);
    check_line(&plan, 0, 1, 50);
    check_line(&plan, 1, 2, 50);
}

static void one_pair_is_emptied_before_the_next_is_touched(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 1, 0, 300),
        lot_of(2, BUCKET_BONUS, 1, 0, 100),
        lot_of(3, BUCKET_PRINCIPAL, 2, 0, 300),
        lot_of(4, BUCKET_BONUS, 2, 0, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 4, 600, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 450, 150);
    assert_int_equal(plan.line_count, 4);
    check_line(&plan, 0, 1, 300);
    check_line(&plan, 1, 2, 100);
    check_line(&plan, 2, 3, 150);
    check_line(&plan, 3, 4, 50);
}

static void principal_first_empties_the_principal_of_the_whole_account(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_BONUS, 1, 100, 100),
        lot_of(2, BUCKET_PRINCIPAL, 1, 0, 100),
        lot_of(3, BUCKET_BONUS, 2, 200, 100),
        lot_of(4, BUCKET_PRINCIPAL, 2, 0, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 4, 250, SPEND_PRINCIPAL_FIRST, &plan);
    check_sums(&plan, 200, 50);
    assert_int_equal(plan.line_count, 3);
    check_line(&plan, 0, 2, 100);
    check_line(&plan, 1, 4, 100);
    check_line(&plan, 2, 1, 50);
    assert_int_equal(plan.lines[0].bucket, BUCKET_PRINCIPAL);
    assert_int_equal(plan.lines[2].bucket, BUCKET_BONUS);
}

static void bonus_first_empties_the_bonus_of_the_whole_account(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 1, 100, 100),
        lot_of(2, BUCKET_BONUS, 1, 0, 100),
        lot_of(3, BUCKET_PRINCIPAL, 2, 200, 100),
        lot_of(4, BUCKET_BONUS, 2, 0, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 4, 250, SPEND_BONUS_FIRST, &plan);
    check_sums(&plan, 50, 200);
    assert_int_equal(plan.line_count, 3);
    check_line(&plan, 0, 2, 100);
    check_line(&plan, 1, 4, 100);
    check_line(&plan, 2, 1, 50);
}

static void expiry_first_goes_by_each_lots_own_end(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 1, 0, 100),
        lot_of(2, BUCKET_BONUS, 1, 300, 100),
        lot_of(3, BUCKET_PRINCIPAL, 2, 0, 100),
        lot_of(4, BUCKET_BONUS, 2, 200, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 4, 250, SPEND_EXPIRY_FIRST, &plan);
    check_sums(&plan, 50, 200);
    assert_int_equal(plan.line_count, 3);
    check_line(&plan, 0, 4, 100);
    check_line(&plan, 1, 2, 100);
    check_line(&plan, 2, 1, 50);
}

static void lots_of_one_pair_that_end_together_share_even_under_expiry_first(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 300, 300),
                               lot_of(2, BUCKET_BONUS, 1, 300, 100)};
    struct spend_plan plan;
    spend_plan(lots, 2, 40, SPEND_EXPIRY_FIRST, &plan);
    check_sums(&plan, 30, 10);
}

static void instalments_of_one_bonus_are_used_by_their_own_ends(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_BONUS, 1, 300, 50),
        lot_of(2, BUCKET_BONUS, 1, 200, 50),
        lot_of(3, BUCKET_PRINCIPAL, 1, 0, 100),
    };
    struct spend_plan plan;
    spend_plan(lots, 3, 120, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 60, 60);
    assert_int_equal(plan.line_count, 3);
    check_line(&plan, 0, 3, 60);
    check_line(&plan, 1, 2, 50);
    check_line(&plan, 2, 1, 10);
}

static void an_empty_lot_gets_no_line(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, 0),
                               lot_of(2, BUCKET_BONUS, 1, 0, 100)};
    struct spend_plan plan;
    spend_plan(lots, 2, 60, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 1);
    check_sums(&plan, 0, 60);
    assert_int_equal(plan.lines[0].bucket, BUCKET_BONUS);
}

static void a_plan_covers_what_is_there_when_more_is_asked(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, 300),
                               lot_of(2, BUCKET_BONUS, 1, 0, 61)};
    struct spend_plan plan;
    spend_plan(lots, 2, AMOUNT_MAX, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 300, 61);
    spend_plan(lots, 0, 1, SPEND_PROPORTIONAL, &plan);
    check_sums(&plan, 0, 0);
    assert_int_equal(plan.line_count, 0);
}

static void sixteen_lots_pay_and_the_seventeenth_waits_for_the_next_sale(void **state)
{
    (void)state;
    struct spendable lots[17];
    for (uint8_t i = 0; i < 17; i++) {
        lots[i] = lot_of(i, BUCKET_PRINCIPAL, i, 0, 10);
    }
    struct spend_plan plan;
    spend_plan(lots, 17, 165, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, EVENT_LINES_MAX);
    check_sums(&plan, 160, 0);
    check_line(&plan, 15, 15, 10);
}

/* Half a pair would be out of proportion, and could not be planned again. */
static void a_pair_that_does_not_fit_whole_is_left_whole(void **state)
{
    (void)state;
    struct spendable lots[17];
    for (uint8_t i = 0; i < 15; i++) {
        lots[i] = lot_of(i, BUCKET_PRINCIPAL, i, 0, 10);
    }
    lots[15] = lot_of(15, BUCKET_PRINCIPAL, 15, 0, 10);
    lots[16] = lot_of(16, BUCKET_BONUS, 15, 0, 10);
    struct spend_plan plan;
    spend_plan(lots, 17, 160, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 15);
    check_sums(&plan, 150, 0);
    /* one fen of it is bonus alone, and fits */
    spend_plan(lots, 17, 151, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 16);
    check_sums(&plan, 150, 1);
}

/* R2: else a later lot would be used up before an earlier one. */
static void nothing_is_spent_past_a_pair_that_does_not_fit(void **state)
{
    (void)state;
    struct spendable lots[18];
    for (uint8_t i = 0; i < 16; i++) {
        lots[i] = lot_of(i, BUCKET_PRINCIPAL, i, 0, 10);
    }
    lots[16] = lot_of(16, BUCKET_BONUS, 15, 0, 10);
    lots[17] = lot_of(17, BUCKET_PRINCIPAL, 16, 0, 10);
    struct spend_plan plan;
    spend_plan(lots, 18, 180, SPEND_PROPORTIONAL, &plan);
    assert_int_equal(plan.line_count, 15);
    check_sums(&plan, 150, 0);
}

static void the_order_in_which_lots_are_found_does_not_matter(void **state)
{
    (void)state;
    struct spendable lots[] = {
        lot_of(1, BUCKET_PRINCIPAL, 1, 0, 100), lot_of(2, BUCKET_BONUS, 1, 300, 33),
        lot_of(3, BUCKET_BONUS, 1, 300, 33),    lot_of(4, BUCKET_PRINCIPAL, 2, 0, 100),
        lot_of(5, BUCKET_PRINCIPAL, 2, 0, 100),
    };
    struct spendable turned[5];
    for (size_t i = 0; i < 5; i++) {
        turned[i] = lots[4 - i];
    }
    for (enum spend_order order = SPEND_PROPORTIONAL; order <= SPEND_EXPIRY_FIRST; order++) {
        struct spend_plan one;
        struct spend_plan other;
        spend_plan(lots, 5, 222, order, &one);
        spend_plan(turned, 5, 222, order, &other);
        assert_int_equal(one.line_count, other.line_count);
        for (uint32_t i = 0; i < one.line_count; i++) {
            check_line(&other, i, one.lines[i].lot.bytes[0], one.lines[i].amount);
        }
    }
}

static size_t random_lots(struct dice *dice, struct spendable *lots, size_t most)
{
    size_t count = (size_t)dice_between(dice, 1, (int64_t)most);
    for (size_t i = 0; i < count; i++) {
        lots[i] = lot_of((uint8_t)i, (uint8_t)dice_between(dice, 1, 2),
                         (uint64_t)dice_between(dice, 1, 12), 0, dice_between(dice, 0, 300));
        lots[i].to_day = dice_between(dice, 0, 2) == 0 ? 0 : (uint32_t)dice_between(dice, 1, 9);
    }
    return count;
}

/* R1 */
static void plans_add_up_pass_no_lot_and_cover_all_that_lines_allow(void **state)
{
    (void)state;
    struct dice dice = {.state = 7};
    int short_of_lines = 0;
    for (int i = 0; i < 20000; i++) {
        struct spendable lots[SHEET_LOTS_MAX];
        size_t count = random_lots(&dice, lots, i % 2 == 0 ? 16 : SHEET_LOTS_MAX);
        enum spend_order order = (enum spend_order)dice_between(&dice, 0, 3);
        int64_t amount = dice_between(&dice, 1, 6000);
        int64_t usable = 0;
        for (size_t k = 0; k < count; k++) {
            usable += lots[k].usable;
        }
        struct spend_plan plan;
        spend_plan(lots, count, amount, order, &plan);
        int64_t sums[3] = {0};
        for (uint32_t k = 0; k < plan.line_count; k++) {
            assert_true(plan.lines[k].amount > 0);
            sums[plan.lines[k].bucket] += plan.lines[k].amount;
            assert_int_equal(find(lots, count, &plan.lines[k].lot)->bucket, plan.lines[k].bucket);
        }
        assert_int_equal(sums[BUCKET_PRINCIPAL], plan.principal);
        assert_int_equal(sums[BUCKET_BONUS], plan.bonus);
        assert_int_equal(plan.principal + plan.bonus, plan.covered);
        int64_t covered = amount_smaller(amount, usable);
        if (plan.covered < covered) {
            assert_true(count > EVENT_LINES_MAX);
            short_of_lines++;
        } else {
            assert_int_equal(plan.covered, covered);
        }
        if (plan.covered > 0) {
            struct spend_plan again;
            spend_plan(lots, count, plan.covered, order, &again);
            assert_int_equal(again.covered, plan.covered);
        }
        take(lots, count, &plan);
        for (size_t k = 0; k < count; k++) {
            assert_true(lots[k].usable >= 0);
        }
    }
    assert_true(short_of_lines > 100); /* the bound was met, not only passed by */
}

/* One random pair and up to eight spends: how far principal left is from the lawful refund
 * paid - used * paid / (paid + bonus), in hundredths of a fen, rounded up. */
static int64_t drift_of(struct dice *dice)
{
    int64_t paid = dice_between(dice, 1, 500000);
    int64_t bonus = dice_between(dice, 0, 200000);
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, paid),
                               lot_of(2, BUCKET_BONUS, 1, 0, bonus)};
    int64_t used = 0;
    int64_t spends = dice_between(dice, 1, 8);
    for (int64_t i = 0; i < spends && used < paid + bonus; i++) {
        struct spend_plan plan;
        spend_plan(lots, 2, dice_between(dice, 1, paid + bonus - used), SPEND_PROPORTIONAL, &plan);
        used += plan.covered;
        take(lots, 2, &plan);
    }
    int64_t whole = paid + bonus;
    int64_t drift = lots[0].usable * whole - (whole - used) * paid;
    assert_true(drift >= 0);             /* never below the lawful refund */
    assert_true(drift < spends * whole); /* each spend adds less than a fen */
    return (drift * 100 + whole - 1) / whole;
}

static void x5_principal_stays_within_603_hundredths_of_a_fen_of_the_lawful_refund(void **state)
{
    (void)state;
    struct dice dice = {.state = 3};
    int64_t most = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t drift = drift_of(&dice);
        most = drift > most ? drift : most;
    }
    assert_true(most <= 603);
    assert_true(most > 100); /* spends were rounded at all */
}

/* Refunds all of the plan in random pieces into the lots. */
static void refund_in_pieces(struct spendable *lots, size_t count, const struct spend_plan *plan,
                             struct dice *dice)
{
    struct refundable lines[EVENT_LINES_MAX];
    for (uint32_t i = 0; i < plan->line_count; i++) {
        lines[i] = (struct refundable){
            .bucket = plan->lines[i].bucket,
            .issued = find(lots, count, &plan->lines[i].lot)->issued,
            .left = plan->lines[i].amount,
        };
    }
    int64_t left = plan->covered;
    while (left > 0) {
        int64_t parts[EVENT_LINES_MAX];
        int64_t piece = dice_between(dice, 1, left);
        assert_int_equal(refund_split(lines, plan->line_count, piece, parts), left);
        for (uint32_t i = 0; i < plan->line_count; i++) {
            assert_true(parts[i] >= 0 && parts[i] <= lines[i].left);
            lines[i].left -= parts[i];
            find(lots, count, &plan->lines[i].lot)->usable += parts[i];
        }
        left -= piece;
    }
}

/* R3 */
static void x5_what_was_spent_and_refunded_in_pieces_is_back_to_the_fen(void **state)
{
    (void)state;
    struct dice dice = {.state = 5};
    for (int i = 0; i < 5000; i++) {
        struct spendable lots[16];
        struct spendable before[16];
        size_t count = random_lots(&dice, lots, 16);
        memcpy(before, lots, sizeof lots);
        struct spend_plan plan;
        spend_plan(lots, count, dice_between(&dice, 1, 2000), SPEND_PROPORTIONAL, &plan);
        take(lots, count, &plan);
        refund_in_pieces(lots, count, &plan, &dice);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(lots[k].usable, before[k].usable);
        }
    }
}

static void x5_the_largest_amounts_are_planned_to_the_unit(void **state)
{
    (void)state;
    struct spendable lots[] = {lot_of(1, BUCKET_PRINCIPAL, 1, 0, REGISTER_MAX),
                               lot_of(2, BUCKET_BONUS, 1, 0, REGISTER_MAX - 1)};
    struct spend_plan plan;
    spend_plan(lots, 2, AMOUNT_MAX, SPEND_PROPORTIONAL, &plan);
    /* half of it is 500,000,000,000.0025: down for principal */
    check_sums(&plan, INT64_C(500000000000), INT64_C(500000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g02_what_remains_of_principal_is_the_lawful_refund),
        cmocka_unit_test(g05_each_order_leaves_another_refund_of_1000_and_200),
        cmocka_unit_test(g09_pair_of_300_and_60_spent_three_times),
        cmocka_unit_test(g31_of_two_hundreds_the_one_that_ends_first_is_used_first),
        cmocka_unit_test(what_ends_first_is_spent_first_and_what_never_ends_last),
        cmocka_unit_test(of_pairs_that_end_together_the_oldest_is_spent_first),
        cmocka_unit_test(a_pair_ends_with_the_first_of_its_lots_that_has_something_left),
        cmocka_unit_test(one_pair_is_emptied_before_the_next_is_touched),
        cmocka_unit_test(principal_first_empties_the_principal_of_the_whole_account),
        cmocka_unit_test(bonus_first_empties_the_bonus_of_the_whole_account),
        cmocka_unit_test(expiry_first_goes_by_each_lots_own_end),
        cmocka_unit_test(lots_of_one_pair_that_end_together_share_even_under_expiry_first),
        cmocka_unit_test(instalments_of_one_bonus_are_used_by_their_own_ends),
        cmocka_unit_test(an_empty_lot_gets_no_line),
        cmocka_unit_test(a_plan_covers_what_is_there_when_more_is_asked),
        cmocka_unit_test(sixteen_lots_pay_and_the_seventeenth_waits_for_the_next_sale),
        cmocka_unit_test(a_pair_that_does_not_fit_whole_is_left_whole),
        cmocka_unit_test(nothing_is_spent_past_a_pair_that_does_not_fit),
        cmocka_unit_test(the_order_in_which_lots_are_found_does_not_matter),
        cmocka_unit_test(plans_add_up_pass_no_lot_and_cover_all_that_lines_allow),
        cmocka_unit_test(x5_principal_stays_within_603_hundredths_of_a_fen_of_the_lawful_refund),
        cmocka_unit_test(x5_what_was_spent_and_refunded_in_pieces_is_back_to_the_fen),
        cmocka_unit_test(x5_the_largest_amounts_are_planned_to_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
