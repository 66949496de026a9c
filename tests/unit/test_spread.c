#include "spread.h"
#include "usage.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HOME, SECOND, VAULT, OTHER, PLACES };

static struct spread_terms shares(void)
{
    struct spread_terms terms = spread_defaults();
    terms.mode = SPREAD_SHARES;
    return terms;
}

/* Four places that all can be reached, with room for everything. */
static void four_places(struct spread_place places[static PLACES])
{
    for (size_t i = 0; i < PLACES; i++) {
        places[i] =
            (struct spread_place){.journal = 100 + i, .reachable = true, .room = 1000000000};
    }
    places[HOME].home = true;
    places[SECOND].second = true;
    places[VAULT].vault = true;
}

static void check_targets(const struct spread_terms *terms, const struct spread_place *places,
                          int64_t whole, const int64_t wanted[static PLACES])
{
    int64_t targets[SPREAD_PLACES_MAX];
    spread_targets(terms, places, PLACES, whole, targets);
    for (size_t i = 0; i < PLACES; i++) {
        assert_int_equal(targets[i], wanted[i]);
    }
}

static void home_has_60_second_25_vault_15_of_a_hundred(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    check_targets(&terms, places, 20000, (int64_t[]){12000, 5000, 3000, 0});
    check_targets(&terms, places, 60000, (int64_t[]){36000, 15000, 9000, 0});
}

static void second_branch_gets_150_at_most(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    /* 25 % of 700.00 were 175.00 */
    check_targets(&terms, places, 70000, (int64_t[]){44500, 15000, 10500, 0});
}

static void home_keeps_500_at_most_and_the_vault_takes_the_excess(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    check_targets(&terms, places, 200000, (int64_t[]){50000, 15000, 135000, 0});
}

static void full_branch_gets_only_what_fits(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    places[HOME].held = 10000;
    places[HOME].room = -4000; /* the branch is over its ceiling by 40.00 */
    check_targets(&terms, places, 20000, (int64_t[]){6000, 5000, 9000, 0});
}

static void without_a_second_branch_home_has_the_rest(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    places[SECOND].second = false;
    check_targets(&terms, places, 10000, (int64_t[]){8500, 0, 1500, 0});
}

static void without_a_home_the_vault_has_the_rest(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    places[HOME].home = false;
    check_targets(&terms, places, 10000, (int64_t[]){0, 2500, 7500, 0});
}

static void vault_that_is_home_has_both_parts(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    four_places(places);
    places[HOME].home = false;
    places[VAULT].home = true;
    check_targets(&terms, places, 10000, (int64_t[]){0, 2500, 7500, 0});
}

static void visits_attract_in_steps_that_weigh_less_and_less(void **state)
{
    (void)state;
    struct spread_terms terms = spread_defaults();
    terms.vault_percent = 0;
    struct spread_place places[PLACES];
    four_places(places);
    places[HOME].visits = 10;
    places[OTHER].visits = 5;
    /* Weights 10.5 and 5; a step of 20.00 takes three tenths: 10.5, 7.35, 5.145 | 5, 3.6 | 3.5 ..
     */
    check_targets(&terms, places, 2000, (int64_t[]){2000, 0, 0, 0});
    check_targets(&terms, places, 6000, (int64_t[]){6000, 0, 0, 0});
    check_targets(&terms, places, 8000, (int64_t[]){6000, 0, 0, 2000});
    check_targets(&terms, places, 10000, (int64_t[]){8000, 0, 0, 2000});
    check_targets(&terms, places, 12000, (int64_t[]){8000, 0, 0, 4000});
}

static void account_that_was_never_used_stays_at_home(void **state)
{
    (void)state;
    struct spread_terms terms = spread_defaults();
    struct spread_place places[PLACES];
    four_places(places);
    check_targets(&terms, places, 10000, (int64_t[]){8500, 0, 1500, 0});
}

static void surplus_goes_to_the_most_deficient_first(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    struct spread_move moves[SPREAD_PLACES_MAX];
    four_places(places);
    places[HOME].held = 20000; /* a top-up of 200.00 at home */
    assert_int_equal(spread_moves(&terms, places, PLACES, HOME, 20000, 20000, moves), 2);
    assert_int_equal(moves[0].to, places[SECOND].journal);
    assert_int_equal(moves[0].amount, 5000);
    assert_int_equal(moves[1].to, places[VAULT].journal);
    assert_int_equal(moves[1].amount, 3000);
    /* A stranger gives all of it. */
    places[HOME].held = 0;
    places[OTHER].held = 20000;
    assert_int_equal(spread_moves(&terms, places, PLACES, OTHER, 20000, 20000, moves), 3);
    assert_int_equal(moves[0].to, places[HOME].journal);
    assert_int_equal(moves[0].amount, 12000);
}

static void surplus_within_the_threshold_stays(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    struct spread_move moves[SPREAD_PLACES_MAX];
    four_places(places);
    places[HOME].held = 14000; /* 20.00 above its 60 % of 200.00 */
    places[SECOND].held = 5000;
    places[VAULT].held = 1000;
    assert_int_equal(spread_moves(&terms, places, PLACES, HOME, 20000, 14000, moves), 0);
    places[HOME].held = 14001;
    places[VAULT].held = 999;
    assert_int_equal(spread_moves(&terms, places, PLACES, HOME, 20000, 14001, moves), 1);
    assert_int_equal(moves[0].amount, 2001);
}

static void nothing_goes_where_nobody_is_reached(void **state)
{
    (void)state;
    struct spread_terms terms = shares();
    struct spread_place places[PLACES];
    struct spread_move moves[SPREAD_PLACES_MAX];
    four_places(places);
    places[HOME].held = 20000;
    places[SECOND].reachable = false;
    assert_int_equal(spread_moves(&terms, places, PLACES, HOME, 20000, 20000, moves), 1);
    assert_int_equal(moves[0].to, places[VAULT].journal);
}

static void switched_off_nothing_moves(void **state)
{
    (void)state;
    struct spread_terms terms = spread_defaults();
    terms.mode = SPREAD_OFF;
    struct spread_place places[PLACES];
    struct spread_move moves[SPREAD_PLACES_MAX];
    four_places(places);
    places[OTHER].held = 20000;
    assert_int_equal(spread_moves(&terms, places, PLACES, OTHER, 20000, 20000, moves), 0);
}

/* R5, R6 */
static void targets_add_up_and_nobody_gives_more_than_it_may_in_20000_draws(void **state)
{
    (void)state;
    struct dice dice = {.state = 23};
    for (int i = 0; i < 20000; i++) {
        struct spread_terms terms = spread_defaults();
        struct spread_place places[PLACES];
        struct spread_move moves[SPREAD_PLACES_MAX];
        int64_t targets[SPREAD_PLACES_MAX];
        four_places(places);
        terms.mode = dice_between(&dice, SPREAD_SHARES, SPREAD_VISITS);
        terms.threshold = dice_between(&dice, 1, 5000);
        terms.vault_percent = dice_between(&dice, 0, 100);
        terms.account_max = dice_between(&dice, 1, 100000);
        int64_t whole = dice_between(&dice, 0, 1000);
        for (size_t k = 0; k < PLACES; k++) {
            places[k].held = dice_between(&dice, 0, i % 2 == 0 ? 500 : 10000000);
            places[k].room = dice_between(&dice, -10000, 10000000);
            places[k].visits = (uint32_t)dice_between(&dice, 0, 30);
            places[k].reachable = dice_between(&dice, 0, 3) > 0;
            whole += places[k].held;
        }
        spread_targets(&terms, places, PLACES, whole, targets);
        int64_t sum = 0;
        for (size_t k = 0; k < PLACES; k++) {
            assert_true(targets[k] >= 0);
            sum += targets[k];
        }
        assert_int_equal(sum, whole);
        size_t own = (size_t)dice_between(&dice, 0, PLACES - 1);
        int64_t movable = dice_between(&dice, 0, places[own].held + 1);
        size_t count = spread_moves(&terms, places, PLACES, own, whole, movable, moves);
        int64_t given = 0;
        for (size_t k = 0; k < count; k++) {
            assert_true(moves[k].amount > 0 && moves[k].to != places[own].journal);
            given += moves[k].amount;
        }
        assert_true(given <= movable);
        assert_true(count == 0 || given <= places[own].held - targets[own]);
    }
}

static void use_is_forgotten_after_ninety_days(void **state)
{
    (void)state;
    struct usage usage = {0};
    usage_add(&usage, 3, 20000);
    usage_add(&usage, 3, 20001);
    usage_add(&usage, 5, 20001);
    assert_int_equal(usage_of(&usage, 3, 20001), 2);
    assert_int_equal(usage_second(&usage, 3, 20001), 5);
    assert_int_equal(usage_second(&usage, 7, 20001), 3);
    assert_int_equal(usage_of(&usage, 3, 20060), 2);
    assert_int_equal(usage_of(&usage, 3, 20100), 0);
    usage_add(&usage, 5, 20100);
    assert_int_equal(usage.count, 1);
    assert_int_equal(usage_of(&usage, 5, 20100), 1);
}

static void an_old_visit_that_comes_late_counts_where_it_belongs(void **state)
{
    (void)state;
    struct usage usage = {0};
    usage_add(&usage, 3, 20100);
    usage_add(&usage, 4, 20075); /* one period before */
    usage_add(&usage, 5, 19000); /* years ago */
    assert_int_equal(usage_of(&usage, 4, 20100), 1);
    assert_int_equal(usage_of(&usage, 5, 20100), 0);
    assert_int_equal(usage_of(&usage, 4, 20170), 0);
    assert_int_equal(usage_of(&usage, 3, 20170), 1);
}

static void the_least_used_branch_makes_room(void **state)
{
    (void)state;
    struct usage usage = {0};
    for (uint32_t branch = 1; branch <= USAGE_BRANCHES_MAX; branch++) {
        for (uint32_t k = 0; k < branch + (branch == 1 ? 9 : 0); k++) {
            usage_add(&usage, branch, 20100);
        }
    }
    usage_add(&usage, 99, 20100);
    assert_int_equal(usage_of(&usage, 2, 20100), 0);
    assert_int_equal(usage_of(&usage, 1, 20100), 10);
    assert_int_equal(usage_of(&usage, 99, 20100), 1);
    for (int i = 0; i < USAGE_VISITS_MAX + 5; i++) {
        usage_add(&usage, 1, 20100);
    }
    assert_int_equal(usage_of(&usage, 1, 20100), USAGE_VISITS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(home_has_60_second_25_vault_15_of_a_hundred),
        cmocka_unit_test(second_branch_gets_150_at_most),
        cmocka_unit_test(home_keeps_500_at_most_and_the_vault_takes_the_excess),
        cmocka_unit_test(full_branch_gets_only_what_fits),
        cmocka_unit_test(without_a_second_branch_home_has_the_rest),
        cmocka_unit_test(without_a_home_the_vault_has_the_rest),
        cmocka_unit_test(vault_that_is_home_has_both_parts),
        cmocka_unit_test(visits_attract_in_steps_that_weigh_less_and_less),
        cmocka_unit_test(account_that_was_never_used_stays_at_home),
        cmocka_unit_test(surplus_goes_to_the_most_deficient_first),
        cmocka_unit_test(surplus_within_the_threshold_stays),
        cmocka_unit_test(nothing_goes_where_nobody_is_reached),
        cmocka_unit_test(switched_off_nothing_moves),
        cmocka_unit_test(targets_add_up_and_nobody_gives_more_than_it_may_in_20000_draws),
        cmocka_unit_test(use_is_forgotten_after_ninety_days),
        cmocka_unit_test(an_old_visit_that_comes_late_counts_where_it_belongs),
        cmocka_unit_test(the_least_used_branch_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
