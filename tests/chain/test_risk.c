/* Sales without cover on a chain of real daemons: lesson L26. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

enum { PAID_WITHIN = 200, PAUSE_US = 100 * 1000 };

/* Until the account owes nothing at the office. */
static void wait_until_paid(struct chain *chain, const char *id)
{
    for (int i = 0; i < PAID_WITHIN; i++) {
        if (minor(chain_get(chain, OFFICE, "/v1/accounts/%s", id), "owed") == 0) {
            return;
        }
        (void)usleep(PAUSE_US);
    }
    fail_msg("what was sold without cover is not covered");
}

static void
l26_an_uncovered_sale_is_off_then_capped_and_its_worst_case_is_shown_before(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, id, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    chain_cut(chain, B);
    (void)chain_spend_refused(chain, B, "rights", card, 1000); /* off unless it is set */
    chain_heal(chain, B);
    (void)chain_level(chain);

    const char *const words[] = {"risk",     "set",   "--account", "20.00",
                                 "--branch", "50.00", "--yes",     NULL};
    const char *shown = chain_tally(chain, OFFICE, words);
    assert_non_null(strstr(shown, "At most 150.00"));
    assert_non_null(strstr(shown, "3 branches"));
    (void)chain_level(chain);
    assert_int_equal(minor(chain_get(chain, OFFICE, "/v1/risk"), "worst"), 15000);

    chain_cut(chain, B);
    (void)chain_spend_refused(chain, B, "rights", card, 2001); /* above the cap */
    const json_t *sold = chain_spend(chain, B, card, 1500);
    assert_int_equal(minor(sold, "uncovered"), 1500);
    assert_int_equal(minor(sold, "balance"), 8500);
    (void)chain_spend_refused(chain, B, "rights", card, 501);
    chain_heal(chain, B);
    (void)chain_level(chain);
    wait_until_paid(chain, id);
    (void)chain_level(chain);
    const json_t *account = chain_get(chain, A, "/v1/accounts/%s", id);
    assert_int_equal(minor(account, "balance"), 8500);
    assert_int_equal(minor(account, "owed"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            l26_an_uncovered_sale_is_off_then_capped_and_its_worst_case_is_shown_before,
            chain_test_teardown),
    };
    return cmocka_run_group_tests_name("risk", tests, chain_group_setup, chain_group_teardown);
}
