/* Row X2: a command may be refused, an event never. */
#include "chain.h"
#include "planted_bug.h"

#include "replay_answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An account of 100.00 that A issued, of which B may spend 10.00. */
struct victim {
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    struct subject_id account_id;
    struct lot_id lot;
};

static void make_victim(struct chain *chain, struct victim *victim)
{
    chain_card(chain, A, 1, victim->account, victim->card);
    (void)chain_top_up(chain, A, victim->card, 10000);
    (void)chain_move(chain, A, victim->card, B, 1000);
    (void)chain_level(chain);
    const json_t *view = chain_get(chain, B, "/v1/accounts/%s", victim->account);
    const json_t *lot = json_array_get(json_object_get(view, "lots"), 0);
    assert_true(replay_answer_hex(view, "account", victim->account_id.bytes, 16));
    assert_true(replay_answer_hex(lot, "lot", victim->lot.bytes, 16));
}

static struct event_ref plant(struct chain *chain, const struct victim *victim, int64_t amount)
{
    chain_halt(chain, B);
    struct event_ref planted =
        planted_bug_spend(chain->nodes[B].dir, &victim->account_id, &victim->lot, amount);
    chain_restart(chain, B);
    return planted;
}

static const json_t *row_of(const json_t *rows, struct event_ref event)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct event_ref ref;
        const json_t *row = json_array_get(rows, i);
        if (replay_answer_ref(text_of(row, "event"), &ref) && event_ref_equal(ref, event)) {
            return row;
        }
    }
    return NULL;
}

static void x2_an_uncovered_spend_is_kept_invalid_and_charged_to_its_branch_everywhere(void **state)
{
    struct chain *chain = *state;
    struct victim victim;
    make_victim(chain, &victim);
    struct event_ref planted = plant(chain, &victim, 7000);
    (void)chain_level(chain); /* equal frontiers: all keep it; and equal state digests */
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *invalid = row_of(rows_of(chain_get(chain, i, "/v1/invalid")), planted);
        assert_non_null(invalid);
        assert_string_equal(text_of(invalid, "type"), "spend");
        assert_string_equal(text_of(invalid, "reason"), "not_covered");
        assert_int_equal(number_of(invalid, "branch"), chain->nodes[B].branch);
        assert_int_equal(minor(invalid, "amount"), 7000);
        assert_int_equal(number_of(chain_get(chain, i, "/v1/node"), "invalid_events"), 1);
        /* The member is not charged, and sees why. */
        const json_t *view = chain_get(chain, i, "/v1/accounts/%s", victim.account);
        assert_int_equal(minor(view, "balance"), 10000);
        const json_t *page =
            chain_get(chain, i, "/v1/accounts/%s/events?type=spend", victim.account);
        const json_t *line = row_of(rows_of(page), planted);
        assert_non_null(line);
        assert_string_equal(text_of(line, "verdict"), "invalid");
        assert_string_equal(text_of(line, "reason"), "not_covered");
        assert_int_equal(minor(line, "principal"), 0);
        assert_int_equal(minor(line, "balance_after"), 10000);
    }
}

static void x2_the_books_of_the_office_do_not_count_an_invalid_spend(void **state)
{
    struct chain *chain = *state;
    struct victim victim;
    make_victim(chain, &victim);
    json_t *liability = json_deep_copy(rows_of(chain_get(chain, OFFICE, "/v1/office/liability")));
    json_t *days = json_deep_copy(rows_of(chain_get(chain, OFFICE, "/v1/office/days")));
    json_t *holders = json_deep_copy(rows_of(chain_get(chain, OFFICE, "/v1/office/holders")));
    (void)plant(chain, &victim, 1001); /* one cent more than the branch holds */
    (void)chain_level(chain);
    assert_true(json_equal(liability, rows_of(chain_get(chain, OFFICE, "/v1/office/liability"))));
    assert_true(json_equal(days, rows_of(chain_get(chain, OFFICE, "/v1/office/days"))));
    assert_true(json_equal(holders, rows_of(chain_get(chain, OFFICE, "/v1/office/holders"))));
    json_decref(liability);
    json_decref(days);
    json_decref(holders);
}

static void x2_after_the_bug_the_member_and_the_branch_go_on(void **state)
{
    struct chain *chain = *state;
    struct victim victim;
    make_victim(chain, &victim);
    (void)plant(chain, &victim, 9000);
    (void)chain_level(chain);
    (void)chain_spend(chain, B + TILL, victim.card, 1000);
    (void)chain_spend(chain, A + TILL, victim.card, 9000);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *view = chain_get(chain, i, "/v1/accounts/%s", victim.account);
        assert_int_equal(minor(view, "balance"), 0);
    }
    for (size_t i = 0; i < chain->count; i++) {
        const char *const words[] = {"verify", NULL};
        chain_halt(chain, i);
        assert_non_null(strstr(chain_tally(chain, i, words), "Every block is linked"));
    }
}

/* The planted spend is refused for what it lacks, not for how it was written: within what the
 * branch holds, the same hand writes a valid one. */
static void x2_the_same_hand_within_its_rights_writes_a_valid_spend(void **state)
{
    struct chain *chain = *state;
    struct victim victim;
    make_victim(chain, &victim);
    (void)chain_spend(chain, B, victim.card, 100); /* takes the rights in: 9.00 are left */
    (void)chain_level(chain);
    struct event_ref planted = plant(chain, &victim, 900);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_null(row_of(rows_of(chain_get(chain, i, "/v1/invalid")), planted));
        const json_t *view = chain_get(chain, i, "/v1/accounts/%s", victim.account);
        assert_int_equal(minor(view, "balance"), 9000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            x2_an_uncovered_spend_is_kept_invalid_and_charged_to_its_branch_everywhere,
            chain_test_teardown),
        cmocka_unit_test_teardown(x2_the_books_of_the_office_do_not_count_an_invalid_spend,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(x2_after_the_bug_the_member_and_the_branch_go_on,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(x2_the_same_hand_within_its_rights_writes_a_valid_spend,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
