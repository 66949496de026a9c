/* Ends of lots on a chain of real daemons, whose wall clock the test moves (clock_shim.c): C38, X6
 * and the lessons L17, L18 and L19. Each branch's machine lives in a zone of its own; the days are
 * the organisation's, here UTC+8. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAITS = 400, PAUSE_US = 50 * 1000, DAY_S = 86400, ZONE_S = 8 * 3600 };

static char clock_file[CHAIN_PATH_SIZE];
static long long shift_s;

/* Days since 1970 of a date from 1970 to 2099. */
static long long day_of(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    long long years = year - 1970;
    bool leaps = year % 4 == 0 && month > 2;
    return years * 365 + (years + 1) / 4 + before[month - 1] + (leaps ? 1 : 0) + day - 1;
}

static void write_shift(void)
{
    char made[CHAIN_PATH_SIZE + 8];
    (void)snprintf(made, sizeof made, "%s.new", clock_file);
    FILE *file = fopen(made, "w");
    assert_non_null(file);
    (void)fprintf(file, "%lld\n", shift_s);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(made, clock_file), 0);
}

/* From now on the clocks of all machines say this time, in the organisation's zone. */
static void set_time(long long day, int hour, int minute, int second)
{
    long long wanted = day * DAY_S + hour * 3600 + minute * 60 + second - ZONE_S;
    shift_s = wanted - (long long)time(NULL);
    write_shift();
}

/* The office writes on each new day, so that what the branches know of it is that day's: by steps
 * that it takes for possible. */
static void go_to(struct chain *chain, long long day, int hour, int minute)
{
    set_time(day, hour, minute, 0);
    char wanted[16];
    time_t at = (time_t)(day * DAY_S);
    struct tm parts;
    assert_non_null(gmtime_r(&at, &parts));
    (void)strftime(wanted, sizeof wanted, "%Y-%m-%d", &parts);
    for (int i = 0; i < WAITS; i++) {
        const json_t *report = chain_get(chain, OFFICE, "/v1/office/expired");
        if (strcmp(text_of(report, "today"), wanted) == 0) {
            return;
        }
        (void)usleep(PAUSE_US);
    }
    fail_msg("the office does not come to write %s", wanted);
}

/* A product whose bonus, 60.00 for 300.00, lasts so long. */
static uint64_t publish(struct chain *chain, const char *order, const char *length)
{
    const json_t *product =
        chain_post(chain, OFFICE, "/v1/products",
                   "{\"name\":\"Bonus\",\"currency\":\"USD\",\"order\":\"%s\",%s,\"bonus\":"
                   "[{\"amount\":{\"minor\":30000,\"currency\":\"USD\"},"
                   "\"bonus\":{\"minor\":6000,\"currency\":\"USD\"}}]}",
                   order, length);
    uint64_t number = (uint64_t)number_of(product, "product");
    (void)chain_level(chain);
    return number;
}

/* The office's line about a branch: 0 when there is none. */
static int64_t reported(struct chain *chain, size_t node, uint64_t product, const char *what)
{
    const json_t *rows = rows_of(chain_get(chain, OFFICE, "/v1/office/expired"));
    int64_t sum = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (number_of(row, "branch") == (json_int_t)chain->nodes[node].branch &&
            number_of(row, "product") == (json_int_t)product) {
            sum += minor(row, what);
        }
    }
    return sum;
}

static void wait_burned(struct chain *chain, size_t node, uint64_t product, int64_t wanted)
{
    for (int i = 0; i < WAITS; i++) {
        if (reported(chain, node, product, "burned") == wanted) {
            return;
        }
        (void)usleep(PAUSE_US);
    }
    fail_msg("the office sees %" PRId64 " burned at node %zu, not %" PRId64,
             reported(chain, node, product, "burned"), node, wanted);
}

static void set_grace(struct chain *chain, const char *days)
{
    const char *const words[] = {"organisation", "set", "--expiry-grace", days, NULL};
    assert_non_null(strstr(chain_tally(chain, OFFICE, words), "Set."));
    (void)chain_level(chain);
}

/* ---- the tests: in this order, for time only goes on ---- */

static void c38_a_bonus_of_31_January_for_a_month_pays_until_28_February_midnight(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    go_to(chain, day_of(2027, 1, 31), 15, 0);
    set_grace(chain, "0");
    uint64_t product = publish(chain, "bonus_first", "\"bonus_months\":1");
    chain_card(chain, A, product, id, card);
    assert_int_equal(minor(chain_top_up(chain, A, card, 30000), "bonus"), 6000);
    const json_t *account = chain_get(chain, A, "/v1/accounts/%s", id);
    const json_t *ends = json_array_get(json_object_get(account, "expiries"), 0);
    assert_string_equal(text_of(ends, "day"), "2027-02-28");
    assert_int_equal(minor(ends, "amount"), 6000);

    go_to(chain, day_of(2027, 2, 28), 23, 59);
    assert_int_equal(minor(chain_spend(chain, A, card, 1000), "bonus"), 1000);
    assert_int_equal(minor(chain_get(chain, A, "/v1/accounts/%s", id), "ended"), 0);

    set_time(day_of(2027, 3, 1), 0, 1, 0);
    account = chain_get(chain, A, "/v1/accounts/%s", id);
    assert_int_equal(minor(account, "usable_here"), 30000);
    (void)chain_spend_refused(chain, A, "balance", card, 30001);
    assert_int_equal(minor(chain_spend(chain, A, card, 1000), "bonus"), 0);
    wait_burned(chain, A, product, 5000);
    account = chain_get(chain, A, "/v1/accounts/%s", id);
    assert_int_equal(minor(account, "balance"), 29000);
    assert_int_equal(minor(account, "ended"), 0);
}

/* The daemon's zone is where its machine stands: it has no say. */
static void restart_in(struct chain *chain, size_t node, const char *zone)
{
    chain_halt(chain, node);
    assert_int_equal(setenv("TZ", zone, 1), 0);
    chain_restart(chain, node);
    assert_int_equal(unsetenv("TZ"), 0);
}

static void x6_in_three_zones_a_lot_ends_at_one_instant(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    go_to(chain, day_of(2027, 3, 12), 12, 0);
    restart_in(chain, OFFICE, "Asia/Shanghai");
    restart_in(chain, A, "America/New_York"); /* there the clocks go forward on 14 March 2027 */
    restart_in(chain, B, "Asia/Urumqi");
    chain_wait_peers(chain, OFFICE, 2);
    uint64_t product = publish(chain, "bonus_first", "\"bonus_days\":2");
    chain_card(chain, A, product, id, card);
    (void)chain_top_up(chain, A, card, 30000);
    (void)chain_move(chain, A, card, B, 12000);      /* 100.00 + 20.00 */
    (void)chain_move(chain, A, card, OFFICE, 12000); /* 100.00 + 20.00 */
    (void)chain_level(chain);

    go_to(chain, day_of(2027, 3, 14), 23, 59);
    for (size_t node = OFFICE; node <= B; node++) {
        assert_int_equal(minor(chain_spend(chain, node, card, 500), "bonus"), 500);
    }
    set_time(day_of(2027, 3, 15), 0, 0, 1);
    for (size_t node = OFFICE; node <= B; node++) {
        assert_int_equal(minor(chain_spend(chain, node, card, 500), "bonus"), 0);
    }
    for (size_t node = OFFICE; node <= B; node++) {
        wait_burned(chain, node, product, 1500);
    }
    (void)chain_level(chain);
    for (size_t node = OFFICE; node <= B; node++) {
        assert_int_equal(minor(chain_get(chain, node, "/v1/accounts/%s", id), "balance"), 28500);
    }
}

static void l17_what_expires_takes_its_own_sales_with_it_and_no_other_value(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    go_to(chain, day_of(2027, 4, 1), 10, 0);
    uint64_t product = publish(chain, "bonus_first", "\"bonus_days\":10");
    chain_card(chain, A, product, id, card);
    (void)chain_top_up(chain, A, card, 30000); /* a bonus to 11 April */
    go_to(chain, day_of(2027, 4, 8), 10, 0);
    (void)chain_top_up(chain, A, card, 30000); /* and one to 18 April */
    assert_int_equal(minor(chain_spend(chain, A, card, 6000), "bonus"), 6000); /* the first */
    go_to(chain, day_of(2027, 4, 12), 10, 0);
    const json_t *account = chain_get(chain, A, "/v1/accounts/%s", id);
    assert_int_equal(minor(account, "balance"), 66000);
    assert_int_equal(minor(account, "usable_here"), 66000);
    assert_int_equal(minor(account, "bonus"), 6000); /* the second is whole */
    assert_int_equal(reported(chain, A, product, "burned"), 0);

    const char *const words[] = {"lot", "list", card, NULL};
    const char *shown = chain_tally(chain, A, words);
    assert_non_null(strstr(shown, "spent"));
    assert_non_null(strstr(shown, "active"));
    assert_non_null(strstr(shown, "2027-04-11"));
    assert_non_null(strstr(shown, "2027-04-18"));
}

static void c38_an_expiry_at_the_office_and_a_sale_at_a_branch_that_is_away_add_up(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    go_to(chain, day_of(2027, 5, 1), 10, 0);
    uint64_t product = publish(chain, "bonus_first", "\"bonus_days\":1");
    chain_card(chain, A, product, id, card);
    (void)chain_top_up(chain, A, card, 30000);
    (void)chain_move(chain, A, card, B, 12000);
    (void)chain_move(chain, A, card, OFFICE, 12000);
    (void)chain_level(chain);
    chain_cut(chain, B);
    set_time(day_of(2027, 5, 2), 23, 50, 0);
    assert_int_equal(minor(chain_spend(chain, B, card, 800), "bonus"), 800);
    go_to(chain, day_of(2027, 5, 3), 0, 5);
    wait_burned(chain, A, product, 2000);
    wait_burned(chain, OFFICE, product, 2000);
    /* As the office knows it: what B took in when it sold has not been heard of. */
    assert_int_equal(reported(chain, B, product, "in_flight"), 2000);
    assert_int_equal(minor(chain_spend(chain, B, card, 800), "bonus"), 0);
    chain_heal(chain, B);
    wait_burned(chain, B, product, 1200);
    (void)chain_level(chain);
    assert_int_equal(reported(chain, B, product, "in_flight"), 0);
    assert_int_equal(reported(chain, B, product, "not_burned"), 0);
    const json_t *lots = rows_of(chain_get(chain, B, "/v1/accounts/%s/lots", id));
    const json_t *bonus = json_array_get(lots, 0);
    assert_string_equal(text_of(bonus, "state"), "expired");
    assert_int_equal(minor(bonus, "issued"), 6000);
    assert_int_equal(minor(bonus, "used") + minor(bonus, "expired"), 6000);
}

static void l18_the_grace_is_a_setting_that_works_and_what_has_ended_is_reported_until_it_is_burned(
    void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    go_to(chain, day_of(2027, 6, 1), 10, 0);
    set_grace(chain, "2");
    assert_int_equal(number_of(chain_get(chain, OFFICE, "/v1/office/expired"), "grace_days"), 2);
    (void)chain_refused(chain, A, "role", "/v1/expiry", "{\"grace_days\":1}");
    uint64_t product = publish(chain, "bonus_first", "\"bonus_days\":1");
    chain_card(chain, A, product, id, card);
    (void)chain_top_up(chain, A, card, 30000);
    (void)chain_level(chain);
    go_to(chain, day_of(2027, 6, 4), 23, 0); /* ended on the 2nd; the grace is the 3rd and 4th */
    (void)sleep(7);                          /* a pass and a half */
    assert_int_equal(reported(chain, A, product, "burned"), 0);
    assert_int_equal(reported(chain, A, product, "not_burned"), 6000);
    assert_int_equal(minor(chain_get(chain, A, "/v1/accounts/%s", id), "ended"), 6000);
    const json_t *refusal = chain_spend_refused(chain, A, "balance", card, 30001);
    assert_non_null(strstr(text_of(refusal, "detail"), "60.00 USD cannot be used today"));
    const char *const words[] = {"office", "expired", NULL};
    assert_non_null(strstr(chain_tally(chain, OFFICE, words), "expired, not yet burned"));
    chain_kill(chain, A); /* nothing is remembered but in rows: a start goes on */
    go_to(chain, day_of(2027, 6, 5), 0, 1);
    chain_restart(chain, A);
    wait_burned(chain, A, product, 6000);
    assert_int_equal(reported(chain, A, product, "not_burned"), 0);
    const json_t *history = rows_of(chain_get(chain, A, "/v1/accounts/%s/events", id));
    const json_t *newest = json_array_get(history, 0);
    assert_string_equal(text_of(newest, "type"), "lot_expire");
    assert_int_equal(minor(newest, "bonus"), -6000);
    assert_int_equal(minor(newest, "balance_after"), 30000);
    assert_int_equal(reported(chain, A, product, "burned"), 6000);
    const json_t *before =
        chain_get(chain, OFFICE, "/v1/office/expired?from=2027-06-01&to=2027-06-04");
    assert_int_equal(minor(before, "burned"), 0);
}

/* Days are dates: whatever hour a bonus was given at, it ends with its last day. */
static void l19_the_hour_of_the_top_up_moves_no_end(void **state)
{
    struct chain *chain = *state;
    static const int hours[] = {0, 12, 23};
    char id[3][CHAIN_ID_SIZE];
    char card[3][CHAIN_CARD_SIZE];
    go_to(chain, day_of(2027, 7, 1), 0, 0);
    uint64_t product = publish(chain, "bonus_first", "\"bonus_days\":1");
    for (size_t i = 0; i < 3; i++) {
        set_time(day_of(2027, 7, 2), hours[i], 1, 0);
        chain_card(chain, A, product, id[i], card[i]);
        (void)chain_top_up(chain, A, card[i], 30000);
    }
    go_to(chain, day_of(2027, 7, 3), 23, 58);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(minor(chain_spend(chain, A, card[i], 100), "bonus"), 100);
    }
    set_time(day_of(2027, 7, 4), 0, 0, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(minor(chain_spend(chain, A, card[i], 100), "bonus"), 0);
    }
}

/* Each order, published by the command line, on two top-ups whose bonuses end on different days. */
static void c38_each_kind_of_card_spends_in_the_order_of_its_product(void **state)
{
    struct chain *chain = *state;
    static const struct {
        const char *order;
        int64_t principal;
        int64_t bonus;
    } orders[] = {{"proportional", 5000, 1000},
                  {"principal_first", 6000, 0},
                  {"bonus_first", 0, 6000},
                  {"expiry_first", 0, 6000}};
    go_to(chain, day_of(2027, 7, 20), 10, 0);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        char id[CHAIN_ID_SIZE];
        char card[CHAIN_CARD_SIZE];
        const char *const words[] = {
            "product", "publish", orders[i].order, "--bonus", "300:60", "--bonus-months",
            "1",       "--order", orders[i].order, "--json",  NULL};
        const char *said = chain_tally(chain, OFFICE, words);
        json_t *product = json_loads(said, 0, NULL);
        assert_non_null(product);
        (void)chain_level(chain);
        chain_card(chain, A, (uint64_t)number_of(product, "product"), id, card);
        json_decref(product);
        (void)chain_top_up(chain, A, card, 30000);
        const json_t *sale = chain_spend(chain, A, card, 6000);
        assert_int_equal(minor(sale, "principal"), orders[i].principal);
        assert_int_equal(minor(sale, "bonus"), orders[i].bonus);
    }
}

/* Nobody else can burn what a branch that is lost held: the office takes it over, and does. */
static void c38_what_a_lost_branch_held_is_burned_by_the_office(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char number[16];
    set_grace(chain, "0");
    go_to(chain, day_of(2027, 8, 1), 10, 0);
    uint64_t product = publish(chain, "bonus_first", "\"bonus_days\":1");
    chain_card(chain, A, product, id, card);
    (void)chain_top_up(chain, A, card, 30000);
    (void)chain_move(chain, A, card, B, 18000); /* 150.00 + 30.00 */
    (void)chain_level(chain);
    assert_int_equal(minor(chain_spend(chain, B, card, 100), "bonus"), 100); /* taken in there */
    (void)chain_level(chain);
    chain_cut(chain, B);
    go_to(chain, day_of(2027, 8, 4), 10, 0);
    wait_burned(chain, A, product, 3000);
    assert_int_equal(reported(chain, B, product, "not_burned"), 2900);
    assert_int_equal(reported(chain, OFFICE, product, "burned"), 0);
    (void)snprintf(number, sizeof number, "%" PRIu32, chain->nodes[B].branch);
    const char *const words[] = {"branch", "retire", number, "--kind", "lost", NULL};
    (void)chain_tally(chain, OFFICE, words);
    wait_burned(chain, OFFICE, product, 2900);
    assert_int_equal(reported(chain, B, product, "not_burned"), 0);
    for (int i = 0; i < WAITS; i++) { /* until A has heard of it */
        if (minor(chain_get(chain, A, "/v1/accounts/%s", id), "balance") == 30000) {
            return;
        }
        (void)usleep(PAUSE_US);
    }
    fail_msg("what the lost branch held is still on the account");
}

/* A chain whose daemons look at the test's clock: 10 January 2027, 10:00. */
static int setup(void **state)
{
    (void)snprintf(clock_file, sizeof clock_file, "%s/clock-%d", TALLY_BINARY_DIR, (int)getpid());
    set_time(day_of(2027, 1, 10), 10, 0, 0);
    assert_int_equal(setenv("TALLY_CLOCK", clock_file, 1), 0);
    /* A sanitizer wants to be loaded first, and does without it when it is told. */
    assert_int_equal(setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0), 0);
    assert_int_equal(setenv("LD_PRELOAD", TALLY_BINARY_DIR "/libclock_shim.so", 1), 0);
    return chain_group_setup(state);
}

static int teardown(void **state)
{
    int failed = chain_group_teardown(state);
    (void)unsetenv("LD_PRELOAD");
    (void)unlink(clock_file);
    return failed;
}

#define TEST(name) cmocka_unit_test_teardown(name, chain_test_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(c38_a_bonus_of_31_January_for_a_month_pays_until_28_February_midnight),
        TEST(x6_in_three_zones_a_lot_ends_at_one_instant),
        TEST(l17_what_expires_takes_its_own_sales_with_it_and_no_other_value),
        TEST(c38_an_expiry_at_the_office_and_a_sale_at_a_branch_that_is_away_add_up),
        TEST(
            l18_the_grace_is_a_setting_that_works_and_what_has_ended_is_reported_until_it_is_burned),
        TEST(l19_the_hour_of_the_top_up_moves_no_end),
        TEST(c38_each_kind_of_card_spends_in_the_order_of_its_product),
        TEST(c38_what_a_lost_branch_held_is_burned_by_the_office),
    };
    return cmocka_run_group_tests_name("expiry", tests, setup, teardown);
}
