/* Branches that are cut off, and many tills at once: rows X1, L01 and L10. */
#include "chain.h"
#include "crowd.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TRIES = 96,
    CALLS = 100, /* of a till, in each of */
    ROUNDS = 3,
    NOISE_US = 20 * 1000,
};

static void check_balance_everywhere(struct chain *chain, const char *account, int64_t balance)
{
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *view = chain_get(chain, i, "/v1/accounts/%s", account);
        assert_int_equal(minor(view, "balance"), balance);
        assert_int_equal(minor(view, "usable_here") + minor(view, "elsewhere"), balance);
    }
}

static void check_usable(struct chain *chain, size_t node, const char *account, int64_t amount)
{
    assert_int_equal(minor(chain_get(chain, node, "/v1/accounts/%s", account), "usable_here"),
                     amount);
}

static void x1_two_cut_off_branches_never_spend_the_same_money(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_move(chain, A, card, B, 2500);
    (void)chain_move(chain, A, card, OFFICE, 1500);
    (void)chain_level(chain);
    check_usable(chain, A, account, 6000);
    check_usable(chain, B, account, 2500);
    check_usable(chain, OFFICE, account, 1500);
    chain_cut(chain, A);
    chain_cut(chain, B);
    (void)chain_spend(chain, A + TILL, card, 5500);
    (void)chain_spend(chain, B + TILL, card, 2500);
    const json_t *at_a = chain_spend_refused(chain, A + TILL, "rights", card, 2600);
    const json_t *at_b = chain_spend_refused(chain, B + TILL, "rights", card, 2600);
    assert_int_equal(minor(at_a, "offer"), 500);
    assert_int_equal(minor(at_b, "offer"), 0);
    assert_int_equal(minor(at_a, "balance"), 4500); /* as far as A knows */
    assert_int_equal(minor(at_b, "balance"), 7500);
    chain_heal(chain, A);
    chain_heal(chain, B);
    (void)chain_level(chain);
    check_balance_everywhere(chain, account, 2000);
    assert_int_equal(json_array_size(rows_of(chain_get(chain, OFFICE, "/v1/invalid"))), 0);
    (void)chain_spend_refused(chain, B + TILL, "balance", card, 2600);
}

/* Rights that were sent to a branch are to be had there, also before it has used any of them. */
static void c07_rights_on_their_way_to_one_branch_can_be_spent_at_another(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_move(chain, A, card, OFFICE, 1500);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        chain_wait_peers(chain, i, 2);
    }
    (void)chain_spend(chain, B + TILL, card, 8500);
    (void)chain_spend(chain, B + TILL, card, 1500);
}

static void l01_what_was_paid_while_cut_off_is_deducted_everywhere_by_the_sale_itself(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 8000);
    (void)chain_level(chain);
    chain_cut(chain, A);
    const json_t *sale =
        chain_post(chain, A + TILL, "/v1/spends",
                   "{\"card\":\"%s\",\"amount\":{\"minor\":3000,\"currency\":\"USD\"},\"items\":"
                   "[{\"name\":\"Pot of tea\",\"quantity\":2,\"list\":3200,\"charged\":3000}]}",
                   card);
    const char *event = text_of(sale, "event");
    assert_int_equal(minor(chain_get(chain, OFFICE, "/v1/accounts/%s", account), "balance"), 8000);
    chain_heal(chain, A);
    (void)chain_level(chain);
    check_balance_everywhere(chain, account, 5000);
    for (size_t i = 0; i < chain->count; i++) {
        /* One fact: the sale that every node names is the deduction that it shows. */
        const json_t *page = chain_get(chain, i, "/v1/accounts/%s/events?type=spend", account);
        assert_int_equal(json_array_size(rows_of(page)), 1);
        const json_t *line = json_array_get(rows_of(page), 0);
        assert_string_equal(text_of(line, "event"), event);
        assert_int_equal(minor(line, "principal"), -3000);
        assert_int_equal(minor(line, "balance_after"), 5000);
        assert_int_equal(minor(chain_get(chain, i, "/v1/sales/%s", event), "spent"), 3000);
    }
}

static size_t pay_at_once(struct chain *chain, const char *card, size_t branches)
{
    static struct deed deeds[TRIES];
    struct crowd crowd = {.path = "/v1/spends", .deeds = deeds, .count = TRIES};
    char key[64];
    for (size_t i = 0; i < TRIES; i++) {
        (void)snprintf(key, sizeof key, "at-once-%s-%zu", card, i);
        deed_pay(&deeds[i], A + i % branches + TILL, key, card, 1000);
    }
    crowd_run(chain, &crowd);
    size_t paid = crowd_count(&crowd, 201);
    assert_int_equal(paid + crowd_count(&crowd, 409), TRIES);
    for (size_t i = 0; i < TRIES; i++) {
        if (deeds[i].http == 409) {
            const char *code = text_of(deeds[i].json, "code");
            assert_true(strcmp(code, "balance") == 0 ||
                        (branches > 1 && strcmp(code, "rights") == 0));
        }
    }
    crowd_free(&crowd);
    return paid;
}

static void l10_parallel_requests_at_one_branch_never_overspend(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10500);
    assert_int_equal(pay_at_once(chain, card, 1), 10);
    (void)chain_level(chain);
    check_balance_everywhere(chain, account, 500);
}

static void l10_parallel_requests_at_two_branches_never_overspend(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10500);
    (void)chain_move(chain, A, card, B, 4200);
    (void)chain_level(chain);
    size_t paid = pay_at_once(chain, card, 2);
    print_message("           10 of %d payments fit; %zu were made at once\n", TRIES, paid);
    assert_in_range(paid, 1, 10);
    (void)chain_level(chain);
    check_balance_everywhere(chain, account, 10500 - 1000 * (int64_t)paid);
    /* What the rush left can still be spent, to the last cent, and no further. */
    for (; paid < 10; paid++) {
        (void)chain_spend(chain, A + paid % 2 + TILL, card, 1000);
        (void)chain_level(chain);
    }
    (void)chain_spend_refused(chain, A + TILL, "balance", card, 1000);
    (void)chain_spend(chain, B + TILL, card, 500);
    (void)chain_level(chain);
    check_balance_everywhere(chain, account, 0);
}

/* The answers of one till, by how long they took. */
struct work {
    uint64_t reads[ROUNDS * CALLS];
    uint64_t sales[ROUNDS * CALLS];
    size_t count;
};

/* A till's working day in small: look at the account, sell. */
static void work_at(struct chain *chain, const char *card, struct work *work)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/accounts?card=%s", card);
    for (size_t i = 0; i < CALLS; i++) {
        struct reply read = chain_call(chain, B + TILL, "GET", path, NULL, NULL);
        struct reply sale =
            chain_call(chain, B + TILL, "POST", "/v1/spends", NULL,
                       "{\"card\":\"%s\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}", card);
        assert_int_equal(read.http, 200);
        assert_int_equal(sale.http, 201);
        work->reads[work->count] = read.took_us;
        work->sales[work->count++] = sale.took_us;
        chain_forget(chain);
    }
}

static void print_work(struct work *work, const char *when)
{
    char what[64];
    (void)snprintf(what, sizeof what, "balance at a till, %s", when);
    print_times(what, work->reads, work->count);
    (void)snprintf(what, sizeof what, "sale at a till, %s", when);
    print_times(what, work->sales, work->count);
}

/* The machine may be busier in one half than in the other, but a branch that waited for somebody
 * who does not answer would wait for much longer than that. */
static void check_as_soon(const uint64_t *connected, const uint64_t *cut, size_t count)
{
    assert_in_range(cut[count / 2], 0, 2 * connected[count / 2] + NOISE_US);
}

static void a_till_at_a_cut_off_branch_gets_its_answers_as_soon_as_before(void **state)
{
    static struct work connected;
    static struct work cut;
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, B, 1, account, card);
    (void)chain_top_up(chain, B, card, 2000);
    for (size_t i = 0; i < ROUNDS; i++) {
        chain_heal(chain, B);
        chain_wait_peers(chain, B, 2);
        work_at(chain, card, &connected);
        chain_cut(chain, B); /* its sessions end while it is at work */
        work_at(chain, card, &cut);
    }
    print_work(&connected, "connected");
    print_work(&cut, "cut off");
    check_as_soon(connected.reads, cut.reads, cut.count);
    check_as_soon(connected.sales, cut.sales, cut.count);
    chain_wait_peers(chain, B, 0);
    struct reply ready = chain_call(chain, B, "GET", "/readyz", NULL, NULL);
    assert_int_equal(ready.http, 200);
    assert_true(number_of(chain_get(chain, B, "/v1/node"), "unreplicated") > 0);
    chain_heal(chain, B);
    (void)chain_level(chain);
    check_balance_everywhere(chain, account, 2000 - 2 * ROUNDS * CALLS);
}

/* A spend that needs rights from elsewhere is refused soon, not held until the till gives up. */
static void a_till_that_asks_for_too_much_while_cut_off_is_told_within_its_wait(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_move(chain, A, card, B, 300);
    (void)chain_level(chain);
    chain_cut(chain, A); /* the office is still there, the rights are not */
    struct reply reply = chain_call(
        chain, B + TILL, "POST", "/v1/spends", NULL,
        "{\"card\":\"%s\",\"amount\":{\"minor\":5000,\"currency\":\"USD\"},\"wait_ms\":300}", card);
    assert_int_equal(reply.http, 409);
    assert_string_equal(text_of(reply.json, "code"), "rights");
    assert_int_equal(minor(reply.json, "offer"), 300);
    print_message("           refused after %" PRIu64 " ms of 300\n", reply.took_us / 1000);
    assert_int_equal(minor(chain_spend(chain, B + TILL, card, 300), "usable_here"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(x1_two_cut_off_branches_never_spend_the_same_money,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c07_rights_on_their_way_to_one_branch_can_be_spent_at_another,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            l01_what_was_paid_while_cut_off_is_deducted_everywhere_by_the_sale_itself,
            chain_test_teardown),
        cmocka_unit_test_teardown(l10_parallel_requests_at_one_branch_never_overspend,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(l10_parallel_requests_at_two_branches_never_overspend,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(a_till_at_a_cut_off_branch_gets_its_answers_as_soon_as_before,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            a_till_that_asks_for_too_much_while_cut_off_is_told_within_its_wait,
            chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
