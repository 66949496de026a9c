#include "share.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check_split(int64_t amount, const int64_t *weights, size_t count, const int64_t *wanted)
{
    int64_t parts[64];
    share_split(amount, weights, count, parts);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(parts[i], wanted[i]);
    }
}

static void g11_discount_over_three_lines_gives_the_larger_line_the_last_fen(void **state)
{
    (void)state;
    check_split(1000, (int64_t[]){3333, 3333, 3334}, 3, (int64_t[]){333, 333, 334});
}

static void g12_one_fen_over_two_equal_lines_goes_to_the_earlier(void **state)
{
    (void)state;
    check_split(1, (int64_t[]){100, 100}, 2, (int64_t[]){1, 0});
}

static void g13_discount_of_1001_over_20_30_50_is_200_300_501(void **state)
{
    (void)state;
    check_split(1001, (int64_t[]){2000, 3000, 5000}, 3, (int64_t[]){200, 300, 501});
}

static void ties_go_to_the_earlier_parts(void **state)
{
    (void)state;
    check_split(5, (int64_t[]){1, 1, 1}, 3, (int64_t[]){2, 2, 1});
    check_split(2, (int64_t[]){7, 7, 7, 7}, 4, (int64_t[]){1, 1, 0, 0});
}

static void a_larger_rest_goes_before_an_earlier_place(void **state)
{
    (void)state;
    /* 10 * 33/100, 33/100, 34/100: rests 30, 30, 40 */
    check_split(10, (int64_t[]){33, 33, 34}, 3, (int64_t[]){3, 3, 4});
    /* 7 * 1/6, 2/6, 3/6 = 1 1/6, 2 2/6, 3 3/6 */
    check_split(7, (int64_t[]){1, 2, 3}, 3, (int64_t[]){1, 2, 4});
}

static void a_weight_of_zero_gets_nothing(void **state)
{
    (void)state;
    check_split(2, (int64_t[]){0, 3, 0, 3, 3}, 5, (int64_t[]){0, 1, 0, 1, 0});
}

static void nothing_is_split_into_nothings(void **state)
{
    (void)state;
    check_split(0, (int64_t[]){5, 6}, 2, (int64_t[]){0, 0});
}

static void the_whole_sum_gives_each_its_weight(void **state)
{
    (void)state;
    check_split(600, (int64_t[]){100, 200, 300}, 3, (int64_t[]){100, 200, 300});
}

/* R1 */
static void parts_add_up_and_pass_no_weight_in_20000_random_splits(void **state)
{
    (void)state;
    struct dice dice = {.state = 11};
    for (int i = 0; i < 20000; i++) {
        int64_t weights[64];
        int64_t parts[64];
        int64_t sum = 0;
        size_t count = (size_t)dice_between(&dice, 1, 64);
        int64_t most = i % 2 == 0 ? 20 : REGISTER_MAX;
        for (size_t k = 0; k < count; k++) {
            weights[k] = dice_between(&dice, 0, most);
            sum += weights[k];
        }
        weights[0] += 1;
        int64_t amount = dice_between(&dice, 0, sum + 1);
        share_split(amount, weights, count, parts);
        int64_t total = 0;
        for (size_t k = 0; k < count; k++) {
            assert_true(parts[k] >= 0 && parts[k] <= weights[k]);
            total += parts[k];
        }
        assert_int_equal(total, amount);
    }
}

static void sixty_four_parts_are_not_too_many(void **state)
{
    (void)state;
    int64_t weights[64];
    int64_t wanted[64];
    for (size_t i = 0; i < 64; i++) {
        weights[i] = 2;
        wanted[i] = i == 0 ? 2 : 1;
    }
    check_split(65, weights, 64, wanted);
}

static void x5_floor_ceil_and_half_up_differ_by_the_rest_alone(void **state)
{
    (void)state;
    assert_int_equal(share_floor(10, 1, 4), 2);
    assert_int_equal(share_ceil(10, 1, 4), 3);
    assert_int_equal(share_round(10, 1, 4), 3); /* 2.5 up */
    assert_int_equal(share_round(9, 1, 4), 2);  /* 2.25 down */
    assert_int_equal(share_round(11, 1, 4), 3); /* 2.75 up */
    assert_int_equal(share_round(1, 1, 3), 0);
    assert_int_equal(share_round(2, 1, 3), 1);
    assert_int_equal(share_floor(8, 1, 4), 2);
    assert_int_equal(share_ceil(8, 1, 4), 2);
    assert_int_equal(share_round(8, 1, 4), 2);
    assert_int_equal(share_floor(0, 5, 7), 0);
    assert_int_equal(share_ceil(0, 5, 7), 0);
    assert_int_equal(share_ceil(1, 1, INT64_MAX), 1);
}

static void x5_products_beyond_64_bits_are_exact(void **state)
{
    (void)state;
    /* 10^14 * 10^14 / 10^14; 10^14 * (10^14 - 1) / 10^14 */
    assert_int_equal(share_floor(REGISTER_MAX, REGISTER_MAX, REGISTER_MAX), REGISTER_MAX);
    assert_int_equal(share_floor(REGISTER_MAX - 1, REGISTER_MAX - 1, REGISTER_MAX),
                     REGISTER_MAX - 2);
    assert_int_equal(share_ceil(REGISTER_MAX - 1, REGISTER_MAX - 1, REGISTER_MAX),
                     REGISTER_MAX - 1);
    assert_int_equal(share_floor(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
    assert_int_equal(share_floor(INT64_MAX - 1, INT64_MAX, INT64_MAX), INT64_MAX - 1);
    assert_int_equal(share_floor(INT64_MAX, 1, 3), INT64_C(3074457345618258602));
    /* INT64_MAX is odd: its half is never exact, and up */
    assert_int_equal(share_round(INT64_MAX, 1, 2), INT64_C(4611686018427387904));
    assert_int_equal(share_round(1, INT64_MAX - 1, INT64_MAX), 1);
}

static void x5_a_split_of_the_largest_amounts_is_exact(void **state)
{
    (void)state;
    check_split(AMOUNT_MAX, (int64_t[]){REGISTER_MAX, REGISTER_MAX, REGISTER_MAX}, 3,
                (int64_t[]){333333333334, 333333333333, 333333333333});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g11_discount_over_three_lines_gives_the_larger_line_the_last_fen),
        cmocka_unit_test(g12_one_fen_over_two_equal_lines_goes_to_the_earlier),
        cmocka_unit_test(g13_discount_of_1001_over_20_30_50_is_200_300_501),
        cmocka_unit_test(ties_go_to_the_earlier_parts),
        cmocka_unit_test(a_larger_rest_goes_before_an_earlier_place),
        cmocka_unit_test(a_weight_of_zero_gets_nothing),
        cmocka_unit_test(nothing_is_split_into_nothings),
        cmocka_unit_test(the_whole_sum_gives_each_its_weight),
        cmocka_unit_test(parts_add_up_and_pass_no_weight_in_20000_random_splits),
        cmocka_unit_test(sixty_four_parts_are_not_too_many),
        cmocka_unit_test(x5_floor_ceil_and_half_up_differ_by_the_rest_alone),
        cmocka_unit_test(x5_products_beyond_64_bits_are_exact),
        cmocka_unit_test(x5_a_split_of_the_largest_amounts_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
