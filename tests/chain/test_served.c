/* Rights are sent ahead to where a member goes: row C09, distribution. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

enum { PATIENCE_US = 10 * 1000 * 1000 };

static int64_t usable_at(struct chain *chain, size_t node, const char *account)
{
    return minor(chain_get(chain, node, "/v1/accounts/%s", account), "usable_here");
}

/* Distribution comes a moment after the sale that was its occasion. */
static void wait_for_share(struct chain *chain, size_t node, const char *account, int64_t at_least)
{
    uint64_t until_us = chain_now_us() + PATIENCE_US;
    while (usable_at(chain, node, account) < at_least && chain_now_us() < until_us) {
        chain_forget(chain);
    }
    assert_in_range(usable_at(chain, node, account), (uintmax_t)at_least, INT64_MAX);
}

static int setup(void **state)
{
    static struct chain chain;
    chain_start_spread(&chain, 3, "shares");
    *state = &chain;
    return 0;
}

static int teardown(void **state)
{
    chain_stop(*state);
    return 0;
}

static void the_second_branch_serves_its_member_while_it_is_cut_off(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A + TILL, card, 10000);
    (void)chain_level(chain);
    (void)chain_spend(chain, B + TILL, card, 1000);
    (void)chain_level(chain);
    /* It knows now where she goes: a quarter of the next top-up at home is sent there. */
    (void)chain_top_up(chain, A + TILL, card, 20000);
    wait_for_share(chain, B, account, 5000);
    (void)chain_level(chain);
    int64_t share = usable_at(chain, B, account);
    int64_t at_home = usable_at(chain, A, account);
    assert_in_range(share, 5000, 15000);
    chain_cut(chain, B);
    (void)chain_spend(chain, B + TILL, card, share);
    const json_t *refusal = chain_spend_refused(chain, B + TILL, "rights", card, 1);
    assert_int_equal(minor(refusal, "offer"), 0);
    (void)chain_spend(chain, A + TILL, card, 1000);
    chain_heal(chain, B);
    (void)chain_level(chain);
    assert_in_range(at_home, 1000, 29000);
    const json_t *view = chain_get(chain, OFFICE, "/v1/accounts/%s", account);
    assert_int_equal(minor(view, "balance"), 30000 - 1000 - share - 1000);
}

/* D3: the till is told of all that it has just taken in; what is sent ahead goes later. */
static void the_vault_has_its_part_and_the_node_says_how(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    const json_t *topup = chain_top_up(chain, A + TILL, card, 20000);
    assert_int_equal(minor(topup, "usable_here"), 20000);
    (void)chain_level(chain);
    wait_for_share(chain, OFFICE, account, 3000);
    (void)chain_level(chain);
    assert_int_equal(usable_at(chain, OFFICE, account), 3000);
    assert_int_equal(usable_at(chain, A, account), 17000);
    const json_t *node = chain_get(chain, A, "/v1/node");
    assert_string_equal(text_of(node, "spread"), "shares");
    assert_int_equal(minor(node, "spread_threshold"), 2000);
    assert_true(number_of(node, "spread_moves") >= 1);
    const char *status = chain_tally(chain, A, (const char *const[]){"node", "status", NULL});
    assert_non_null(strstr(status, "distribution"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_second_branch_serves_its_member_while_it_is_cut_off,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(the_vault_has_its_part_and_the_node_says_how,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
