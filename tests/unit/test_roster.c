#include "check.h"

#include "roster.h"

static struct roster_journal journals[4];
static struct roster roster;

static int start(void **state)
{
    (void)state;
    memset(&roster, 0, sizeof roster);
    roster.journals = journals;
    roster.journal_capacity = 4;
    return 0;
}

static struct event admission(uint64_t journal, uint8_t key)
{
    struct event event = {.type = EVENT_JOURNAL_ADMIT, .known = true};
    event.body.admit.journal = journal;
    memset(event.body.admit.transport_key, key, 32);
    event.body.admit.roles = ROLE_SELL;
    event.body.admit.name = bytes_of("West", 4);
    return event;
}

static struct event product(uint32_t number, uint32_t version, int64_t cap)
{
    struct event event = {.type = EVENT_PRODUCT_PUBLISH, .known = true};
    event.body.product.product = number;
    event.body.product.version = version;
    event.body.product.balance_cap = cap;
    event.body.product.name = bytes_of("Card", 4);
    event.body.product.currency = bytes_of("CNY", 3);
    return event;
}

static struct event limit(uint32_t branch, int64_t value)
{
    struct event event = {.type = EVENT_LIMITS_SET, .known = true};
    event.body.limits.branch = branch;
    event.body.limits.count = 1;
    event.body.limits.limits[0].name = bytes_of("refund_days", 11);
    event.body.limits.limits[0].value = value;
    return event;
}

/* L4: what was said at a position holds from there on, and not before. */
static void a_journal_is_admitted_as_of_a_position(void **state)
{
    (void)state;
    struct event event = admission(journal_of(2, 1), 7);
    roster_apply(&roster, 5, &event);
    assert_null(roster_journal(&roster, journal_of(2, 1), 4));
    const struct roster_journal *found = roster_journal(&roster, journal_of(2, 1), 5);
    assert_non_null(found);
    assert_int_equal(found->roles, ROLE_SELL);
    assert_memory_equal(found->name, "West", 4);
    uint8_t key[32];
    memset(key, 7, sizeof key);
    assert_ptr_equal(roster_by_transport(&roster, key), found);
    key[0] = 8;
    assert_null(roster_by_transport(&roster, key));
}

static void a_second_admission_and_one_of_the_authority_change_nothing(void **state)
{
    (void)state;
    struct event event = admission(journal_of(2, 1), 7);
    roster_apply(&roster, 5, &event);
    event = admission(journal_of(2, 1), 8);
    roster_apply(&roster, 6, &event);
    event = admission(journal_of(0, 2), 9);
    roster_apply(&roster, 7, &event);
    assert_int_equal(roster.journal_count, 1);
    assert_int_equal(roster.journals[0].transport_key[0], 7);
}

static void more_journals_than_fit_are_noticed(void **state)
{
    (void)state;
    for (uint32_t branch = 1; branch <= 5; branch++) {
        struct event event = admission(journal_of(branch, 1), (uint8_t)branch);
        roster_apply(&roster, branch, &event);
    }
    assert_int_equal(roster.journal_count, 4);
    assert_true(roster.full);
}

static void product_versions_follow_one_another(void **state)
{
    (void)state;
    struct event event = product(1, 1, 100);
    roster_apply(&roster, 2, &event);
    event = product(1, 3, 300); /* does not follow */
    roster_apply(&roster, 3, &event);
    event = product(1, 2, 200);
    roster_apply(&roster, 4, &event);
    assert_int_equal(roster.product_count, 2);
    assert_int_equal(roster_product(&roster, 1, 0, 3)->balance_cap, 100);
    assert_int_equal(roster_product(&roster, 1, 0, 4)->balance_cap, 200);
    /* A card sold under version 1 keeps it. */
    assert_int_equal(roster_product(&roster, 1, 1, 4)->balance_cap, 100);
    assert_null(roster_product(&roster, 1, 0, 1));
    assert_null(roster_product(&roster, 2, 0, 4));
}

static void a_branchs_own_limit_goes_before_the_default(void **state)
{
    (void)state;
    struct event event = limit(0, 365);
    roster_apply(&roster, 2, &event);
    event = limit(3, 30);
    roster_apply(&roster, 4, &event);
    event = limit(0, 90);
    roster_apply(&roster, 6, &event);
    assert_int_equal(roster_limit(&roster, "refund_days", 3, 3), 365);
    assert_int_equal(roster_limit(&roster, "refund_days", 3, 4), 30);
    assert_int_equal(roster_limit(&roster, "refund_days", 3, 9), 30);
    assert_int_equal(roster_limit(&roster, "refund_days", 2, 9), 90);
    assert_int_equal(roster_limit(&roster, "refund_days", 2, 1), 0);
    assert_int_equal(roster_limit(&roster, "refund_day", 2, 9), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_journal_is_admitted_as_of_a_position, start),
        cmocka_unit_test_setup(a_second_admission_and_one_of_the_authority_change_nothing, start),
        cmocka_unit_test_setup(more_journals_than_fit_are_noticed, start),
        cmocka_unit_test_setup(product_versions_follow_one_another, start),
        cmocka_unit_test_setup(a_branchs_own_limit_goes_before_the_default, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
