/* Refunds at another branch, along other tenders, by request; transfers between cards. On a chain
 * of real daemons; each test is named for its row. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char refund_body[] =
    "{\"sale\":\"%s\",\"amount\":{\"minor\":%d,\"currency\":\"USD\"},\"wait_ms\":5000}";

/* What is left of the account's lots in this bucket, and their ids one after the other. */
static int64_t left_of(const json_t *account, const char *bucket, char ids[static 256])
{
    const json_t *lots = json_object_get(account, "lots");
    int64_t left = 0;
    ids[0] = '\0';
    for (size_t i = 0; i < json_array_size(lots); i++) {
        const json_t *lot = json_array_get(lots, i);
        if (strcmp(text_of(lot, "bucket"), bucket) == 0) {
            left += minor(lot, "left");
            (void)strncat(ids, text_of(lot, "lot"), 40);
        }
    }
    return left;
}

static int64_t balance_of(struct chain *chain, size_t at, const char *account)
{
    const json_t *view = chain_get(chain, at, "/v1/accounts/%s", account);
    return minor(view, "principal") + minor(view, "bonus");
}

/* X3: sold at A, refunded at B: back in the same lots. */
static void x3_a_refund_of_10_at_another_branch_returns_8_34_and_1_66_to_the_same_lots(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char before[2][256];
    char after[2][256];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const char *sale = text_of(chain_spend(chain, A, card, 4500), "event");
    (void)chain_level(chain);
    const json_t *view = chain_get(chain, A, "/v1/accounts/%s", account);
    (void)left_of(view, "principal", before[0]);
    (void)left_of(view, "bonus", before[1]);
    const json_t *refund = chain_post(chain, B, "/v1/refunds", refund_body, sale, 1000);
    assert_int_equal(minor(refund, "principal"), 834);
    assert_int_equal(minor(refund, "bonus"), 166);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        view = chain_get(chain, i, "/v1/accounts/%s", account);
        assert_int_equal(left_of(view, "principal", after[0]), 30000 - 3750 + 834);
        assert_int_equal(left_of(view, "bonus", after[1]), 6000 - 750 + 166);
        assert_string_equal(before[0], after[0]);
        assert_string_equal(before[1], after[1]);
        view = chain_get(chain, i, "/v1/sales/%s", sale);
        assert_int_equal(minor(view, "refundable"), 3500);
        assert_int_equal(minor(view, "refundable_here"), i == A ? 3500 : 0);
    }
    /* And the rest at the office; then nothing is left anywhere. */
    refund = chain_post(chain, OFFICE, "/v1/refunds", refund_body, sale, 3500);
    assert_int_equal(minor(refund, "principal"), 2916);
    assert_int_equal(minor(refund, "bonus"), 584);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *refusal =
            chain_refused(chain, i, "refundable", "/v1/refunds", refund_body, sale, 1);
        assert_int_equal(minor(refusal, "limit"), 0);
    }
}

/* While apart: both sides of a cut try to refund all of one sale. */
static void l13_two_branches_apart_never_refund_a_sale_twice(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const char *sale = text_of(chain_spend(chain, A, card, 4500), "event");
    (void)chain_level(chain);
    (void)chain_post(chain, B, "/v1/refunds", refund_body, sale, 500);
    (void)chain_level(chain);
    chain_cut(chain, A);
    chain_wait_peers(chain, A, 0);
    const json_t *refusal =
        chain_refused(chain, B, "other_branch", "/v1/refunds",
                      "{\"sale\":\"%s\",\"amount\":{\"minor\":4000,\"currency\":\"USD\"}}", sale);
    assert_int_equal(number_of(refusal, "branch"), chain->nodes[A].branch);
    (void)chain_refund(chain, A, sale, 4000);
    chain_heal(chain, A);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(balance_of(chain, i, account), 36000);
        (void)chain_refused(chain, i, "refundable", "/v1/refunds", refund_body, sale, 1);
    }
}

/* The holder is away: the wish waits, and is carried out once. */
static void x3_a_request_is_carried_out_once_when_the_branch_is_back(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const char *sale = text_of(chain_spend(chain, A, card, 4500), "event");
    (void)chain_level(chain);
    chain_cut(chain, A);
    chain_wait_peers(chain, A, 0);
    static const char body[] =
        "{\"sale\":\"%s\",\"amount\":{\"minor\":1000,\"currency\":\"USD\"},\"reason\":\"cold\"}";
    struct reply first = chain_call(chain, B, "POST", "/v1/requests", "wish-1", body, sale);
    struct reply again = chain_call(chain, B, "POST", "/v1/requests", "wish-1", body, sale);
    assert_int_equal(first.http, 201);
    assert_int_equal(again.http, 201);
    assert_string_equal(text_of(first.json, "event"), text_of(again.json, "event"));
    const char *const open[] = {"request", "list", "--open", NULL};
    assert_non_null(strstr(chain_tally(chain, B, open), "10.00"));
    chain_heal(chain, A);
    int64_t balance = 0;
    for (int i = 0; i < 300 && balance != 32500; i++) {
        struct timespec pause = {.tv_nsec = 100000000};
        (void)nanosleep(&pause, NULL);
        balance = balance_of(chain, B, account);
        chain_forget(chain);
    }
    assert_int_equal(balance, 32500);
    for (int i = 0; i < 25; i++) { /* some sweeps more */
        struct timespec pause = {.tv_nsec = 100000000};
        (void)nanosleep(&pause, NULL);
    }
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(balance_of(chain, i, account), 32500);
        const json_t *rows = rows_of(chain_get(chain, i, "/v1/requests"));
        const json_t *request = json_array_get(rows, json_array_size(rows) - 1);
        assert_string_equal(text_of(request, "state"), "done");
        assert_true(json_is_string(json_object_get(request, "done")));
    }
}

/* Card 45.00, then cash 20.00, then bank card 10.00; what was used last goes back first. */
static void l12_a_sale_paid_in_several_tenders_is_refunded_along_them(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const json_t *sold =
        chain_post(chain, A, "/v1/spends",
                   "{\"card\":\"%s\",\"amount\":{\"minor\":4500,\"currency\":\"USD\"},\"tenders\":"
                   "[{\"tender\":\"cash\",\"amount\":{\"minor\":2000,\"currency\":\"USD\"}},"
                   "{\"tender\":\"bank_card\",\"amount\":{\"minor\":1000,\"currency\":\"USD\"}}]}",
                   card);
    const char *sale = text_of(sold, "event");
    (void)chain_level(chain);
    const json_t *refund = chain_post(chain, B, "/v1/refunds", refund_body, sale, 1500);
    const json_t *tenders = json_object_get(refund, "tenders");
    assert_int_equal(minor(refund, "principal") + minor(refund, "bonus"), 0);
    assert_int_equal(json_array_size(tenders), 2);
    int64_t handed = 0;
    for (size_t i = 0; i < 2; i++) {
        const json_t *tender = json_array_get(tenders, i);
        bool cash = strcmp(text_of(tender, "tender"), "cash") == 0;
        assert_int_equal(minor(tender, "amount"), cash ? 500 : 1000);
        handed += minor(tender, "amount");
    }
    assert_int_equal(handed, 1500);
    (void)chain_level(chain);
    /* The member would rather have it on the card. */
    refund = chain_post(chain, A, "/v1/refunds",
                        "{\"sale\":\"%s\",\"amount\":{\"minor\":1000,\"currency\":\"USD\"},"
                        "\"tenders\":[]}",
                        sale);
    assert_int_equal(minor(refund, "principal"), 834);
    assert_int_equal(minor(refund, "bonus"), 166);
    /* More cash than was paid in cash is not to be had. */
    const json_t *refusal = chain_refused(
        chain, A, "refundable", "/v1/refunds",
        "{\"sale\":\"%s\",\"amount\":{\"minor\":1600,\"currency\":\"USD\"},\"tenders\":"
        "[{\"tender\":\"cash\",\"amount\":{\"minor\":1600,\"currency\":\"USD\"}}]}",
        sale);
    assert_int_equal(minor(refusal, "limit"), 1500);
    (void)chain_refund(chain, A, sale, 5000);
    (void)chain_refused(chain, A, "refundable", "/v1/refunds", refund_body, sale, 1);
    (void)chain_level(chain);
    assert_int_equal(balance_of(chain, OFFICE, account), 36000);
}

/* A second card of the same member, with an account of its own. */
static void second_card(struct chain *chain, const char *first, char account[static CHAIN_ID_SIZE],
                        char card[static CHAIN_CARD_SIZE])
{
    const json_t *view = chain_get(chain, A, "/v1/accounts/%s", first);
    const json_t *issued = chain_post(chain, A, "/v1/cards", "{\"member\":\"%s\",\"product\":1}",
                                      text_of(view, "member"));
    (void)snprintf(account, CHAIN_ID_SIZE, "%s", text_of(issued, "account"));
    (void)snprintf(card, CHAIN_CARD_SIZE, "%s", text_of(issued, "card"));
}

/* C09 (b): 50.00 between own cards. */
static void c09_value_moves_between_own_cards_with_its_ends_and_pairs(void **state)
{
    struct chain *chain = *state;
    char accounts[2][CHAIN_ID_SIZE];
    char cards[2][CHAIN_CARD_SIZE];
    char stranger[CHAIN_ID_SIZE];
    char other[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, accounts[0], cards[0]);
    chain_card(chain, A, 1, stranger, other);
    second_card(chain, accounts[0], accounts[1], cards[1]);
    (void)chain_top_up(chain, A, cards[0], 30000);
    const char *const words[] = {"transfer", cards[0], "60.00", "--to", cards[1], NULL};
    assert_non_null(strstr(chain_tally(chain, A, words), "50.00"));
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *from = chain_get(chain, i, "/v1/accounts/%s", accounts[0]);
        const json_t *to = chain_get(chain, i, "/v1/accounts/%s", accounts[1]);
        assert_int_equal(minor(from, "principal"), 25000);
        assert_int_equal(minor(from, "bonus"), 5000);
        assert_int_equal(minor(to, "principal"), 5000);
        assert_int_equal(minor(to, "bonus"), 1000);
        const json_t *lots[2] = {json_object_get(from, "lots"), json_object_get(to, "lots")};
        assert_int_equal(json_array_size(lots[1]), 2);
        for (size_t k = 0; k < 2; k++) {
            const json_t *end = json_object_get(json_array_get(lots[1], k), "valid_to");
            bool same = false;
            for (size_t j = 0; j < 2; j++) {
                same = same ||
                       json_equal(end, json_object_get(json_array_get(lots[0], j), "valid_to"));
            }
            assert_true(same);
        }
    }
    static const char body[] = "{\"from\":{\"card\":\"%s\"},\"to\":{\"card\":\"%s\"},"
                               "\"amount\":{\"minor\":%d,\"currency\":\"USD\"}}";
    (void)chain_refused(chain, A, "other_member", "/v1/transfers", body, cards[0], other, 100);
    (void)chain_refused(chain, A, "self", "/v1/transfers", body, cards[0], cards[0], 100);
    (void)chain_refused(chain, A, "balance", "/v1/transfers", body, cards[0], cards[1], 30001);
    (void)chain_post(chain, A, "/v1/freezes", "{\"card\":\"%s\",\"kind\":\"wish\"}", cards[1]);
    (void)chain_refused(chain, A, "frozen", "/v1/transfers", body, cards[0], cards[1], 100);
    (void)chain_refused(chain, A, "frozen", "/v1/transfers", body, cards[1], cards[0], 100);
}

/* The same money sent back and forth at two branches at once makes no money. */
static void l11_racing_transfers_make_nothing(void **state)
{
    struct chain *chain = *state;
    char accounts[2][CHAIN_ID_SIZE];
    char cards[2][CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, accounts[0], cards[0]);
    second_card(chain, accounts[0], accounts[1], cards[1]);
    (void)chain_top_up(chain, A, cards[0], 10000);
    (void)chain_level(chain);
    for (size_t i = 0; i < 30; i++) {
        size_t from = i % 2;
        char body[256];
        (void)snprintf(body, sizeof body,
                       "{\"from\":{\"card\":\"%s\"},\"to\":{\"card\":\"%s\"},"
                       "\"amount\":{\"minor\":10000,\"currency\":\"USD\"},\"wait_ms\":100}",
                       cards[from], cards[1 - from]);
        /* Both branches hear the same wish; at most one holds the money. */
        (void)chain_call(chain, A, "POST", "/v1/transfers", NULL, "%s", body);
        (void)chain_call(chain, B, "POST", "/v1/transfers", NULL, "%s", body);
        chain_forget(chain);
    }
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(balance_of(chain, i, accounts[0]) + balance_of(chain, i, accounts[1]),
                         10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            x3_a_refund_of_10_at_another_branch_returns_8_34_and_1_66_to_the_same_lots,
            chain_test_teardown),
        cmocka_unit_test_teardown(l13_two_branches_apart_never_refund_a_sale_twice,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(x3_a_request_is_carried_out_once_when_the_branch_is_back,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(l12_a_sale_paid_in_several_tenders_is_refunded_along_them,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c09_value_moves_between_own_cards_with_its_ends_and_pairs,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(l11_racing_transfers_make_nothing, chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
