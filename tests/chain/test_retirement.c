/* E1 to E4 on real daemons: a branch is retired as lost, closed or stolen, comes back with what
 * nobody had heard of, opens anew, and its sales are refunded elsewhere. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_US = 50 * 1000,
    LOOKS_MAX = 600,
};

static struct chain *own_chain(void **state)
{
    static struct chain chain;
    chain_start(&chain, 3);
    *state = &chain;
    return &chain;
}

static int stop(void **state)
{
    chain_stop(*state);
    return 0;
}

static const json_t *branch_row(struct chain *chain, size_t at, uint32_t branch)
{
    const json_t *rows = rows_of(chain_get(chain, at, "/v1/branches"));
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(rows) && found == NULL; i++) {
        const json_t *row = json_array_get(rows, i);
        found = (uint32_t)number_of(row, "branch") == branch ? row : NULL;
    }
    assert_non_null(found);
    return found;
}

/* Until the office has taken over all that the branch's journal is known to hold. */
static void wait_taken_over(struct chain *chain, uint32_t branch)
{
    for (int i = 0; i < LOOKS_MAX; i++) {
        chain_forget(chain);
        bool settling =
            json_is_true(json_object_get(chain_get(chain, OFFICE, "/v1/node"), "settling"));
        if (!settling && minor(branch_row(chain, OFFICE, branch), "left") == 0) {
            return;
        }
        (void)usleep(LOOK_US);
    }
    fail_msg("Branch %u is not taken over.", branch);
}

static int64_t balance_of(struct chain *chain, size_t at, const char *account)
{
    const json_t *view = chain_get(chain, at, "/v1/accounts/%s", account);
    return minor(view, "principal") + minor(view, "bonus");
}

static void wait_balance(struct chain *chain, size_t at, const char *account, int64_t wanted)
{
    for (int i = 0; i < LOOKS_MAX && balance_of(chain, at, account) != wanted; i++) {
        chain_forget(chain);
        (void)usleep(LOOK_US);
    }
    assert_int_equal(balance_of(chain, at, account), wanted);
}

static void retire(struct chain *chain, size_t node, const char *kind)
{
    char branch[16];
    (void)snprintf(branch, sizeof branch, "%" PRIu32, chain->nodes[node].branch);
    const char *const words[] = {"branch", "retire", branch, "--kind", kind, NULL};
    (void)chain_tally(chain, OFFICE, words);
}

static bool is_retired(struct chain *chain, size_t node)
{
    struct reply reply = chain_call(chain, node, "GET", "/v1/node", NULL, NULL);
    return reply.http == 200 && json_is_true(json_object_get(reply.json, "retired"));
}

static void wait_retired(struct chain *chain, size_t node)
{
    for (int i = 0; i < LOOKS_MAX && !is_retired(chain, node); i++) {
        chain_forget(chain);
        (void)usleep(LOOK_US);
    }
    assert_true(is_retired(chain, node));
}

static void a_lost_branch_is_taken_over_by_one_command_however_often_it_is_said(void **state)
{
    struct chain *chain = own_chain(state);
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_spend(chain, A, card, 3000);
    (void)chain_level(chain);
    chain_kill(chain, A);
    retire(chain, A, "lost");
    retire(chain, A, "lost");
    wait_taken_over(chain, chain->nodes[A].branch);
    (void)chain_spend(chain, B, card, 7000);
    char state_before[80];
    (void)snprintf(state_before, sizeof state_before, "%s", chain_level(chain));
    retire(chain, A, "lost"); /* the same end, and nothing new */
    assert_string_equal(chain_level(chain), state_before);
    assert_int_equal(balance_of(chain, OFFICE, account), 0);
    assert_int_equal(minor(branch_row(chain, B, chain->nodes[A].branch), "made_good"), 0);
}

/* The office stops in the middle of the take-over and goes on where it was. */
static void a_restart_in_the_middle_ends_where_no_restart_would(void **state)
{
    enum { CUSTOMERS = 40 };
    struct chain *chain = own_chain(state);
    static char accounts[CUSTOMERS][CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    for (int i = 0; i < CUSTOMERS; i++) {
        chain_card(chain, A, 1, accounts[i], card);
        (void)chain_top_up(chain, A, card, 1000);
    }
    (void)chain_level(chain);
    chain_kill(chain, A);
    retire(chain, A, "lost");
    chain_kill(chain, OFFICE);
    chain_restart(chain, OFFICE);
    chain_kill(chain, OFFICE);
    chain_restart(chain, OFFICE);
    wait_taken_over(chain, chain->nodes[A].branch);
    (void)chain_level(chain);
    for (int i = 0; i < CUSTOMERS; i++) {
        assert_int_equal(balance_of(chain, B, accounts[i]), 1000);
    }
    assert_int_equal(minor(branch_row(chain, B, chain->nodes[A].branch), "made_good"), 0);
}

static void a_late_tail_counts_and_its_branch_bears_what_was_paid_twice(void **state)
{
    struct chain *chain = own_chain(state);
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    chain_cut(chain, A);
    (void)chain_spend(chain, A, card, 6000);
    retire(chain, A, "lost");
    wait_taken_over(chain, chain->nodes[A].branch);
    (void)chain_spend(chain, B, card, 9000);
    chain_heal(chain, A);
    wait_retired(chain, A);
    wait_balance(chain, OFFICE, account, 0);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *row = branch_row(chain, i, chain->nodes[A].branch);
        assert_int_equal(minor(row, "made_good"), 5000); /* 60.00 + 90.00 of 100.00 */
        assert_true(number_of(row, "late") > 0);
    }
    (void)chain_spend_refused(chain, A, "retired", card, 100);
}

static void a_closed_branchs_sale_is_refunded_at_the_office_and_at_another_branch(void **state)
{
    struct chain *chain = own_chain(state);
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char sale[64];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    (void)snprintf(sale, sizeof sale, "%s", text_of(chain_spend(chain, A, card, 6000), "event"));
    (void)chain_level(chain);
    retire(chain, A, "closed");
    wait_retired(chain, A);
    wait_taken_over(chain, chain->nodes[A].branch);
    static const char body[] =
        "{\"sale\":\"%s\",\"amount\":{\"minor\":%d,\"currency\":\"USD\"},\"wait_ms\":5000}";
    (void)chain_post(chain, B, "/v1/refunds", body, sale, 1200);
    (void)chain_level(chain);
    (void)chain_post(chain, OFFICE, "/v1/refunds", body, sale, 3000);
    (void)chain_level(chain);
    (void)chain_refused(chain, B, "refundable", "/v1/refunds", body, sale, 1801);
    (void)chain_post(chain, B, "/v1/refunds", body, sale, 1800);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(balance_of(chain, i, account), 36000);
    }
}

static void a_request_filed_for_a_lost_branch_is_answered_by_the_office(void **state)
{
    struct chain *chain = own_chain(state);
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char sale[64];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)snprintf(sale, sizeof sale, "%s", text_of(chain_spend(chain, A, card, 4000), "event"));
    (void)chain_level(chain);
    chain_kill(chain, A);
    (void)chain_post(chain, B, "/v1/requests",
                     "{\"sale\":\"%s\",\"amount\":{\"minor\":3000,\"currency\":\"USD\"}}", sale);
    retire(chain, A, "lost");
    wait_balance(chain, B, account, 9000);
    const json_t *open = rows_of(chain_get(chain, B, "/v1/requests?state=open"));
    assert_int_equal(json_array_size(open), 0);
}

/* No node speaks with a stolen box from the moment on at which it knows; its sessions end at once.
 */
static void a_stolen_box_loses_its_sessions_at_once_and_what_it_sells_counts_nowhere(void **state)
{
    struct chain *chain = own_chain(state);
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_spend(chain, A, card, 3000);
    (void)chain_level(chain);
    chain_wait_peers(chain, A, 2);
    retire(chain, A, "stolen");
    chain_wait_peers(chain, OFFICE, 1);
    chain_wait_peers(chain, B, 1);
    chain_wait_peers(chain, A, 0);
    struct reply sold = chain_call(chain, A, "POST", "/v1/spends", "stolen",
                                   "{\"card\":\"%s\",\"amount\":{\"minor\":1000,"
                                   "\"currency\":\"USD\"}}",
                                   card);
    assert_true(sold.http == 201 || sold.http >= 400); /* it may not have heard: it is not told */
    wait_taken_over(chain, chain->nodes[A].branch);
    (void)chain_spend(chain, B, card, 7000);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(number_of(chain_get(chain, OFFICE, "/v1/node"), "peers"), 1);
        chain_forget(chain);
        (void)usleep(LOOK_US);
    }
    assert_int_equal(balance_of(chain, OFFICE, account), 0);
    assert_int_equal(minor(branch_row(chain, B, chain->nodes[A].branch), "made_good"), 0);
}

/* The branch opens anew under its number, with a journal of its own. */
static void a_lost_branch_is_enrolled_again_and_sells(void **state)
{
    static char output[CHAIN_OUTPUT_SIZE];
    struct chain *chain = own_chain(state);
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    chain_kill(chain, A);
    retire(chain, A, "lost");
    wait_taken_over(chain, chain->nodes[A].branch);
    chain_enrol_again(chain, A, output);
    (void)chain_level(chain);
    const json_t *node = chain_get(chain, A, "/v1/node");
    assert_int_equal(number_of(node, "branch"), chain->nodes[A].branch);
    assert_non_null(strstr(text_of(node, "journal"), ".2"));
    static const char body[] = "{\"card\":\"%s\",\"amount\":{\"minor\":2500,\"currency\":\"USD\"},"
                               "\"wait_ms\":5000}";
    struct reply sold = {0};
    for (int i = 0; i < 20 && sold.http != 201; i++) {
        chain_forget(chain);
        sold = chain_call(chain, A, "POST", "/v1/spends", NULL, body, card);
        (void)usleep(sold.http == 201 ? 0 : 10 * LOOK_US);
    }
    assert_int_equal(sold.http, 201);
    (void)chain_level(chain);
    assert_int_equal(balance_of(chain, B, account), 7500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            a_lost_branch_is_taken_over_by_one_command_however_often_it_is_said, stop),
        cmocka_unit_test_teardown(a_restart_in_the_middle_ends_where_no_restart_would, stop),
        cmocka_unit_test_teardown(a_late_tail_counts_and_its_branch_bears_what_was_paid_twice,
                                  stop),
        cmocka_unit_test_teardown(
            a_closed_branchs_sale_is_refunded_at_the_office_and_at_another_branch, stop),
        cmocka_unit_test_teardown(a_request_filed_for_a_lost_branch_is_answered_by_the_office,
                                  stop),
        cmocka_unit_test_teardown(
            a_stolen_box_loses_its_sessions_at_once_and_what_it_sells_counts_nowhere, stop),
        cmocka_unit_test_teardown(a_lost_branch_is_enrolled_again_and_sells, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
