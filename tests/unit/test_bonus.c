#include "bonus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct bonus_step steps[] = {{50000, 5000}, {100000, 20000}, {300000, 100000}};

static void a_top_up_earns_the_highest_step_that_it_reaches(void **state)
{
    (void)state;
    assert_int_equal(bonus_of(steps, 3, 49999), 0);
    assert_int_equal(bonus_of(steps, 3, 50000), 5000);
    assert_int_equal(bonus_of(steps, 3, 99999), 5000);
    assert_int_equal(bonus_of(steps, 3, 100000), 20000);
    assert_int_equal(bonus_of(steps, 3, 300000), 100000);
    assert_int_equal(bonus_of(steps, 3, AMOUNT_MAX), 100000);
}

static void a_product_without_steps_gives_no_bonus(void **state)
{
    (void)state;
    assert_int_equal(bonus_of(NULL, 0, 100000), 0);
    assert_true(bonus_steps_are_sound(NULL, 0));
}

static void steps_rise_and_hold_amounts_in_range(void **state)
{
    (void)state;
    assert_true(bonus_steps_are_sound(steps, 3));
    assert_true(bonus_steps_are_sound((struct bonus_step[]){{1, AMOUNT_MAX}, {AMOUNT_MAX, 1}}, 2));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{100, 1}, {100, 2}}, 2));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{100, 1}, {99, 2}}, 2));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{1, 1}, {5, 1}, {5, 1}}, 3));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{0, 1}}, 1));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{-5, 1}}, 1));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{AMOUNT_MAX + 1, 1}}, 1));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{1, 0}}, 1));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{1, -1}}, 1));
    assert_false(bonus_steps_are_sound((struct bonus_step[]){{1, AMOUNT_MAX + 1}}, 1));
}

static void a_product_has_at_most_eight_steps(void **state)
{
    (void)state;
    struct bonus_step many[BONUS_STEPS_MAX + 1];
    for (int64_t i = 0; i <= BONUS_STEPS_MAX; i++) {
        many[i] = (struct bonus_step){i + 1, 1};
    }
    assert_true(bonus_steps_are_sound(many, BONUS_STEPS_MAX));
    assert_false(bonus_steps_are_sound(many, BONUS_STEPS_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_top_up_earns_the_highest_step_that_it_reaches),
        cmocka_unit_test(a_product_without_steps_gives_no_bonus),
        cmocka_unit_test(steps_rise_and_hold_amounts_in_range),
        cmocka_unit_test(a_product_has_at_most_eight_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
