#include "refund.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct refundable line_of(uint8_t bucket, uint64_t seq, int64_t left)
{
    return (struct refundable){
        .bucket = bucket, .issued = {.journal = 65537, .seq = seq, .index = 0}, .left = left};
}

/* Refunds `amount` and takes the parts off the lines. */
static void check_refund(struct refundable *lines, size_t count, int64_t amount,
                         const int64_t *wanted)
{
    int64_t parts[EVENT_LINES_MAX];
    assert_true(refund_split(lines, count, amount, parts) >= amount);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(parts[i], wanted[i]);
        lines[i].left -= parts[i];
    }
}

static void g10_sale_of_3750_and_750_refunded_in_two_pieces_is_empty(void **state)
{
    (void)state;
    struct refundable lines[] = {line_of(BUCKET_PRINCIPAL, 1, 3750), line_of(BUCKET_BONUS, 1, 750)};
    check_refund(lines, 2, 1000, (int64_t[]){834, 166});
    check_refund(lines, 2, 3500, (int64_t[]){2916, 584});
    int64_t parts[2];
    assert_int_equal(refund_split(lines, 2, 1, parts), 0);
}

static void pairs_share_by_largest_rest_in_proportion_to_what_is_left(void **state)
{
    (void)state;
    struct refundable lines[] = {line_of(BUCKET_PRINCIPAL, 1, 2000),
                                 line_of(BUCKET_PRINCIPAL, 2, 3000),
                                 line_of(BUCKET_PRINCIPAL, 3, 5000)};
    check_refund(lines, 3, 1001, (int64_t[]){200, 300, 501});
}

static void lots_of_one_top_up_are_one_pair_wherever_they_stand(void **state)
{
    (void)state;
    /* pair 1: 30 + 10, pair 2: 30 + 10; 40 is 20 each, 15 + 5 */
    struct refundable lines[] = {line_of(BUCKET_BONUS, 2, 10), line_of(BUCKET_PRINCIPAL, 1, 30),
                                 line_of(BUCKET_PRINCIPAL, 2, 30), line_of(BUCKET_BONUS, 1, 10)};
    check_refund(lines, 4, 40, (int64_t[]){5, 15, 15, 5});
    /* the same seq in another journal, or another place in the block, is another pair */
    struct refundable apart[] = {line_of(BUCKET_PRINCIPAL, 1, 10), line_of(BUCKET_BONUS, 1, 10),
                                 line_of(BUCKET_BONUS, 1, 10)};
    apart[1].issued.journal++;
    apart[2].issued.index++;
    check_refund(apart, 3, 9, (int64_t[]){3, 3, 3});
}

static void of_one_fen_over_a_pair_principal_comes_back_first(void **state)
{
    (void)state;
    struct refundable lines[] = {line_of(BUCKET_BONUS, 1, 99), line_of(BUCKET_PRINCIPAL, 1, 1)};
    check_refund(lines, 2, 1, (int64_t[]){0, 1});
    check_refund(lines, 2, 1, (int64_t[]){1, 0});
}

static void instalments_of_one_bonus_come_back_by_what_is_left_of_each(void **state)
{
    (void)state;
    struct refundable lines[] = {line_of(BUCKET_PRINCIPAL, 1, 40), line_of(BUCKET_BONUS, 1, 10),
                                 line_of(BUCKET_BONUS, 1, 30)};
    check_refund(lines, 3, 40, (int64_t[]){20, 5, 15});
}

static void more_than_is_left_is_not_split_but_the_limit_is_told(void **state)
{
    (void)state;
    struct refundable lines[] = {line_of(BUCKET_PRINCIPAL, 1, 30), line_of(BUCKET_BONUS, 1, 10)};
    int64_t parts[2] = {-7, -8};
    assert_int_equal(refund_split(lines, 2, 41, parts), 40);
    assert_int_equal(refund_split(lines, 2, 0, parts), 40);
    assert_int_equal(refund_split(lines, 2, -1, parts), 40);
    assert_int_equal(refund_split(lines, 0, 1, parts), 0);
    assert_int_equal(parts[0], -7);
    assert_int_equal(parts[1], -8);
    check_refund(lines, 2, 40, (int64_t[]){30, 10});
}

/* R1, R3 */
static void refunds_add_up_and_pass_no_line_in_20000_random_cases(void **state)
{
    (void)state;
    struct dice dice = {.state = 13};
    for (int i = 0; i < 20000; i++) {
        struct refundable lines[EVENT_LINES_MAX];
        size_t count = (size_t)dice_between(&dice, 1, EVENT_LINES_MAX);
        int64_t most = i % 2 == 0 ? 9 : AMOUNT_MAX;
        int64_t left = 0;
        for (size_t k = 0; k < count; k++) {
            lines[k] = line_of((uint8_t)dice_between(&dice, 1, 2),
                               (uint64_t)dice_between(&dice, 1, 5), dice_between(&dice, 0, most));
            left += lines[k].left;
        }
        if (left == 0) {
            continue;
        }
        int64_t amount = dice_between(&dice, 1, left);
        int64_t parts[EVENT_LINES_MAX];
        assert_int_equal(refund_split(lines, count, amount, parts), left);
        int64_t sum = 0;
        for (size_t k = 0; k < count; k++) {
            assert_true(parts[k] >= 0 && parts[k] <= lines[k].left);
            sum += parts[k];
        }
        assert_int_equal(sum, amount);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g10_sale_of_3750_and_750_refunded_in_two_pieces_is_empty),
        cmocka_unit_test(pairs_share_by_largest_rest_in_proportion_to_what_is_left),
        cmocka_unit_test(lots_of_one_top_up_are_one_pair_wherever_they_stand),
        cmocka_unit_test(of_one_fen_over_a_pair_principal_comes_back_first),
        cmocka_unit_test(instalments_of_one_bonus_come_back_by_what_is_left_of_each),
        cmocka_unit_test(more_than_is_left_is_not_split_but_the_limit_is_told),
        cmocka_unit_test(refunds_add_up_and_pass_no_line_in_20000_random_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
