/* Value set aside for orders, on a chain of real daemons: through HTTP and `tally`, cut off,
 * killed, restarted. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REF_SIZE = 40, TIME_SIZE = 32 };

static void nap(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void time_in(int seconds, char text[static TIME_SIZE])
{
    time_t when = time(NULL) + seconds;
    struct tm parts;
    (void)gmtime_r(&when, &parts);
    (void)strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* Sets `amount` aside and remembers the hold's name. */
static const json_t *place(struct chain *chain, size_t at, const char *card, int amount,
                           int seconds, char hold[static REF_SIZE])
{
    char until[TIME_SIZE];
    time_in(seconds, until);
    const json_t *answer =
        chain_post(chain, at, "/v1/holds",
                   "{\"card\":\"%s\",\"amount\":{\"minor\":%d,\"currency\":\"USD\"},"
                   "\"until\":\"%s\",\"order\":\"room\",\"wait_ms\":5000}",
                   card, amount, until);
    (void)snprintf(hold, REF_SIZE, "%s", text_of(answer, "hold"));
    return answer;
}

static const char amount_body[] = "{\"amount\":{\"minor\":%d,\"currency\":\"USD\"}}";

static const char *path_of(const char *hold, const char *what)
{
    static char path[96];
    (void)snprintf(path, sizeof path, "/v1/holds/%s/%s", hold, what);
    return path;
}

static int64_t on_hold(struct chain *chain, size_t at, const char *account)
{
    return minor(chain_get(chain, at, "/v1/accounts/%s", account), "on_hold");
}

static void l07_two_open_orders_never_debit_both(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char bar[REF_SIZE];
    char sauna[REF_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)place(chain, A, card, 4000, 3600, bar);
    (void)place(chain, A, card, 5000, 3600, sauna);
    assert_int_equal(on_hold(chain, A, account), 9000);
    (void)chain_spend_refused(chain, A, "balance", card, 1001);
    /* One key, another hold: not the same request. */
    struct reply first =
        chain_call(chain, A, "POST", path_of(bar, "capture"), "order-1", amount_body, 4000);
    struct reply other =
        chain_call(chain, A, "POST", path_of(sauna, "capture"), "order-1", amount_body, 4000);
    struct reply again =
        chain_call(chain, A, "POST", path_of(bar, "capture"), "order-1", amount_body, 4000);
    assert_int_equal(first.http, 201);
    assert_string_equal(text_of(other.json, "code"), "key_reused");
    assert_string_equal(text_of(first.json, "event"), text_of(again.json, "event"));
    assert_int_equal(on_hold(chain, A, account), 5000);
    (void)chain_refused(chain, A, "hold_ended", path_of(bar, "capture"), amount_body, 1);
    (void)chain_refused(chain, A, "hold_amount", path_of(sauna, "capture"), amount_body, 5001);
    (void)chain_post(chain, A, path_of(sauna, "release"), "{}");
    (void)chain_refused(chain, A, "hold_ended", path_of(sauna, "release"), "{}");
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *view = chain_get(chain, i, "/v1/accounts/%s", account);
        assert_int_equal(minor(view, "balance"), 6000);
        assert_int_equal(minor(view, "on_hold"), 0);
        assert_string_equal(text_of(chain_get(chain, i, "/v1/holds/%s", bar), "state"), "captured");
        assert_string_equal(text_of(chain_get(chain, i, "/v1/holds/%s", sauna), "state"),
                            "released");
    }
}

static void hold_pulls_and_is_captured_for_less_by_a_branch_that_is_cut_off(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char hold[REF_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    (void)place(chain, B, card, 8000, 3600, hold);
    (void)chain_level(chain);
    (void)chain_refused(chain, A, "hold_elsewhere", path_of(hold, "capture"), amount_body, 100);
    chain_cut(chain, B);
    chain_wait_peers(chain, B, 0);
    (void)chain_spend_refused(chain, A, "balance", card, 2001);
    const json_t *sale = chain_post(chain, B, path_of(hold, "capture"), amount_body, 7500);
    const char *event = text_of(sale, "event");
    chain_heal(chain, B);
    (void)chain_level(chain);
    (void)chain_refund(chain, B, event, 500);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(minor(chain_get(chain, i, "/v1/accounts/%s", account), "balance"), 3000);
    }
}

static void hold_survives_a_kill_and_a_restart(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char hold[REF_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)place(chain, A, card, 6000, 3600, hold);
    chain_kill(chain, A);
    chain_restart(chain, A);
    assert_int_equal(on_hold(chain, A, account), 6000);
    (void)chain_spend_refused(chain, A, "balance", card, 4001);
    (void)chain_post(chain, A, path_of(hold, "capture"), amount_body, 6000);
    chain_kill(chain, A);
    chain_restart(chain, A);
    (void)chain_refused(chain, A, "hold_ended", path_of(hold, "capture"), amount_body, 1);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(minor(chain_get(chain, i, "/v1/accounts/%s", account), "balance"), 4000);
    }
}

static void hold_lapses_by_itself_also_when_its_branch_was_down_at_the_time(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char hold[REF_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)place(chain, A, card, 6000, 2, hold);
    chain_kill(chain, A);
    nap(3000);
    chain_restart(chain, A);
    int64_t left = 6000;
    for (int i = 0; i < 100 && left > 0; i++) {
        nap(100);
        left = on_hold(chain, A, account);
    }
    assert_int_equal(left, 0);
    (void)chain_refused(chain, A, "hold_ended", path_of(hold, "capture"), amount_body, 1);
    (void)chain_spend(chain, A, card, 10000);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_string_equal(text_of(chain_get(chain, i, "/v1/holds/%s", hold), "state"), "lapsed");
    }
}

static void hold_is_placed_shown_and_captured_with_tally(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    const char *const words[] = {"hold", "place", card, "20.00", "--order", "room 12", NULL};
    assert_non_null(strstr(chain_tally(chain, A, words), "Set aside."));
    const char *const list[] = {"hold", "list", account, NULL};
    assert_non_null(strstr(chain_tally(chain, A, list), "room 12"));
    const json_t *holds = rows_of(chain_get(chain, A, "/v1/accounts/%s/holds", account));
    assert_int_equal(json_array_size(holds), 1);
    char hold[REF_SIZE];
    (void)snprintf(hold, sizeof hold, "%s", text_of(json_array_get(holds, 0), "hold"));
    const char *const capture[] = {"hold", "capture", hold, "15.00", NULL};
    assert_non_null(strstr(chain_tally(chain, A, capture), "Paid out of the hold"));
    const char *const show[] = {"hold", "show", hold, NULL};
    assert_non_null(strstr(chain_tally(chain, A, show), "captured"));
    assert_int_equal(minor(chain_get(chain, A, "/v1/accounts/%s", account), "usable_here"), 8500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(l07_two_open_orders_never_debit_both, chain_test_teardown),
        cmocka_unit_test_teardown(hold_pulls_and_is_captured_for_less_by_a_branch_that_is_cut_off,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(hold_survives_a_kill_and_a_restart, chain_test_teardown),
        cmocka_unit_test_teardown(hold_lapses_by_itself_also_when_its_branch_was_down_at_the_time,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(hold_is_placed_shown_and_captured_with_tally,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
