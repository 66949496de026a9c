/* C10, C11: a lost card on real daemons; who has heard, and what the others may still spend. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ACKNOWLEDGE_MS_MAX = 20000, LOOK_EVERY_MS = 50 };

static const json_t *exposure(struct chain *chain, size_t node, const char *account)
{
    return chain_get(chain, node, "/v1/accounts/%s/exposure", account);
}

/* Waits until so many branches have said that they know of the freeze. */
static const json_t *wait_acknowledged(struct chain *chain, size_t node, const char *account,
                                       json_int_t wanted)
{
    const json_t *seen = exposure(chain, node, account);
    for (int ms = 0; ms < ACKNOWLEDGE_MS_MAX && number_of(seen, "acknowledged") != wanted;
         ms += LOOK_EVERY_MS) {
        (void)usleep(1000 * LOOK_EVERY_MS);
        chain_forget(chain);
        seen = exposure(chain, node, account);
    }
    assert_int_equal(number_of(seen, "acknowledged"), wanted);
    return seen;
}

/* A card with 100.00, of which 40.00 can be spent at B. */
static void shared_card(struct chain *chain, char *account, char *card)
{
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    (void)chain_move(chain, A, card, B, 4000);
    (void)chain_level(chain);
    (void)chain_spend(chain, B, card, 100); /* so that they are accepted */
    (void)chain_level(chain);
}

static void report_loss(struct chain *chain, size_t node, const char *card)
{
    (void)chain_post(chain, node, "/v1/losses", "{\"card\":\"%s\",\"reason\":\"lost\"}", card);
}

static void c10_a_loss_says_who_has_heard_and_at_most_how_much_the_others_can_spend(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    shared_card(chain, account, card);
    chain_cut(chain, B);
    chain_wait_peers(chain, OFFICE, 1);
    report_loss(chain, A, card);
    const json_t *seen = wait_acknowledged(chain, A, account, 2);
    assert_int_equal(number_of(seen, "branches"), 3);
    assert_int_equal(minor(seen, "spendable"), 3900);
    (void)chain_spend_refused(chain, A, "revoked_card", card, 100);
    /* The branch that has not heard serves whoever has the card, and no further than was said. */
    (void)chain_spend(chain, B, card, 3000);
    (void)chain_spend_refused(chain, B, "rights", card, 901);
    chain_heal(chain, B);
    seen = wait_acknowledged(chain, A, account, 3);
    assert_int_equal(minor(seen, "spendable"), 0);
    (void)chain_level(chain);
    (void)chain_spend_refused(chain, B, "revoked_card", card, 1);
    const json_t *sold =
        rows_of(chain_get(chain, OFFICE, "/v1/accounts/%s/events?type=spend&limit=2", account));
    assert_true(json_is_true(json_object_get(json_array_get(sold, 0), "after_loss")));
    assert_null(json_object_get(json_array_get(sold, 1), "after_loss"));
    chain_kill(chain, B);
    chain_restart(chain, B);
    (void)chain_spend_refused(chain, B, "revoked_card", card, 1);
}

static void c10_tally_exposure_prints_the_figures(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    shared_card(chain, account, card);
    const char *const loss[] = {"card", "loss", card, "--reason", "on the bus", NULL};
    assert_non_null(strstr(chain_tally(chain, A, loss), "never works again"));
    (void)wait_acknowledged(chain, OFFICE, account, 3);
    const char *const words[] = {"exposure", card, NULL};
    const char *text = chain_tally(chain, OFFICE, words);
    assert_non_null(strstr(text, "at most still spendable"));
    assert_non_null(strstr(text, "0.00"));
}

static void c11_a_replacement_keeps_the_lots_and_ends_the_old_number(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    shared_card(chain, account, card);
    report_loss(chain, B, card);
    (void)wait_acknowledged(chain, A, account, 3);
    (void)chain_level(chain);
    json_t *before = json_array();
    const json_t *lots =
        json_object_get(chain_get(chain, OFFICE, "/v1/accounts/%s", account), "lots");
    for (size_t i = 0; i < json_array_size(lots); i++) {
        const json_t *lot = json_array_get(lots, i);
        (void)json_array_append_new(before,
                                    json_pack("{s:O,s:O}", "lot", json_object_get(lot, "lot"),
                                              "left", json_object_get(lot, "left")));
    }
    assert_true(json_array_size(before) > 0);
    const json_t *replaced = chain_post(chain, A, "/v1/replacements", "{\"card\":\"%s\"}", card);
    char fresh[CHAIN_CARD_SIZE];
    (void)snprintf(fresh, sizeof fresh, "%s", text_of(replaced, "card"));
    assert_string_not_equal(fresh, card);
    (void)chain_level(chain);
    const json_t *after =
        json_object_get(chain_get(chain, OFFICE, "/v1/accounts/%s", account), "lots");
    assert_int_equal(json_array_size(after), json_array_size(before));
    for (size_t i = 0; i < json_array_size(after); i++) {
        const json_t *lot = json_array_get(after, i);
        const json_t *was = json_array_get(before, i);
        assert_true(json_equal(json_object_get(lot, "lot"), json_object_get(was, "lot")));
        assert_true(json_equal(json_object_get(lot, "left"), json_object_get(was, "left")));
    }
    json_decref(before);
    for (size_t node = OFFICE; node <= B; node++) {
        (void)chain_spend_refused(chain, node, "revoked_card", card, 100);
    }
    (void)chain_spend(chain, B, fresh, 100);
    (void)chain_refused(chain, A, "revoked_card", "/v1/replacements", "{\"card\":\"%s\"}", card);
}

static void u2_the_chain_s_exposure_is_what_branches_out_of_reach_hold(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    shared_card(chain, account, card);
    int64_t whole = minor(chain_get(chain, OFFICE, "/v1/exposure"), "spendable");
    assert_int_equal(whole, 0); /* everybody can be told at once */
    chain_cut(chain, B);
    chain_wait_peers(chain, OFFICE, 1);
    const json_t *seen = chain_get(chain, OFFICE, "/v1/exposure");
    assert_true(minor(seen, "spendable") >= 3900);
    (void)chain_spend(chain, B, card, 3900);
    assert_true(minor(seen, "spendable") >= 3900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            c10_a_loss_says_who_has_heard_and_at_most_how_much_the_others_can_spend,
            chain_test_teardown),
        cmocka_unit_test_teardown(c10_tally_exposure_prints_the_figures, chain_test_teardown),
        cmocka_unit_test_teardown(c11_a_replacement_keeps_the_lots_and_ends_the_old_number,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(u2_the_chain_s_exposure_is_what_branches_out_of_reach_hold,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
