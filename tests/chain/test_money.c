/* Top-ups, sales and refunds on a chain of real daemons: rows C04, C05, C07, X3 and T1. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SPENDS = 1000,
    SPEND_US_MAX = 50 * 1000, /* what a till waits for a spend; see check_times */
    LOG_MAX = 16,
    ID_PATH = 128,
};

/* A product under which 300.00 gives 60.00 for 30 days; at most `cap` of principal, 0 = no cap. */
static uint64_t make_product(struct chain *chain, const char *name, int64_t cap)
{
    static const char money[] = "{\"minor\":%" PRId64 ",\"currency\":\"USD\"}";
    char limit[64];
    (void)snprintf(limit, sizeof limit, money, cap);
    const json_t *product =
        chain_post(chain, OFFICE, "/v1/products",
                   "{\"name\":\"%s\",\"currency\":\"USD\"%s%s,\"bonus_days\":30,\"bonus\":"
                   "[{\"amount\":{\"minor\":30000,\"currency\":\"USD\"},"
                   "\"bonus\":{\"minor\":6000,\"currency\":\"USD\"}}]}",
                   name, cap == 0 ? "" : ",\"balance_cap\":", cap == 0 ? "" : limit);
    (void)chain_level(chain);
    return (uint64_t)number_of(product, "product");
}

/* The one lot of this bucket that the account has. */
static const json_t *lot_of(const json_t *account, const char *bucket)
{
    const json_t *lots = json_object_get(account, "lots");
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(lots); i++) {
        const json_t *lot = json_array_get(lots, i);
        if (strcmp(text_of(lot, "bucket"), bucket) == 0) {
            assert_null(found);
            found = lot;
        }
    }
    assert_non_null(found);
    return found;
}

static void c04_topup_300_gives_60_and_the_office_shows_the_same_lots(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    const char *const words[] = {"topup", card, "300.00", NULL};
    const char *output = chain_tally(chain, A, words);
    assert_non_null(strstr(output, "300.00"));
    assert_non_null(strstr(output, "60.00"));
    assert_non_null(strstr(output, "360.00"));
    (void)chain_level(chain);
    const json_t *here = chain_get(chain, A, "/v1/accounts/%s", account);
    const json_t *office = chain_get(chain, OFFICE, "/v1/accounts/%s", account);
    assert_int_equal(minor(office, "principal"), 30000);
    assert_int_equal(minor(office, "bonus"), 6000);
    static const char *const buckets[] = {"principal", "bonus"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *lot = lot_of(here, buckets[i]);
        const json_t *same = lot_of(office, buckets[i]);
        assert_string_equal(text_of(lot, "lot"), text_of(same, "lot"));
        assert_string_equal(text_of(lot, "issued_by"), text_of(same, "issued_by"));
        assert_int_equal(minor(lot, "left"), minor(same, "left"));
        assert_true(
            json_equal(json_object_get(lot, "valid_to"), json_object_get(same, "valid_to")));
    }
}

static void c04_topup_prints_the_policy_version(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    const char *const words[] = {"topup", card, "300.00", NULL};
    const char *output = chain_tally(chain, A, words);
    const json_t *answer = chain_top_up(chain, A, card, 30000);
    if (strstr(output, "version") == NULL || json_object_get(answer, "version") == NULL) {
        fail_msg("\"tally topup\" prints no version of the product, or the answer has none:\n%s",
                 output);
    }
    assert_int_equal(number_of(answer, "version"), 1);
}

static void c04_a_topup_above_the_cap_is_refused_and_the_headroom_is_named(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, make_product(chain, "Capped", 50000), account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const json_t *refusal =
        chain_refused(chain, A, "cap", "/v1/topups",
                      "{\"card\":\"%s\",\"amount\":{\"minor\":20001,\"currency\":\"USD\"}}", card);
    assert_int_equal(minor(refusal, "limit"), 20000);
    assert_non_null(strstr(text_of(refusal, "detail"), "200.00"));
    (void)chain_top_up(chain, A, card, 20000);
    assert_int_equal(minor(chain_get(chain, A, "/v1/accounts/%s", account), "principal"), 50000);
}

static void c05_pay_from_the_balance_with_the_network_unplugged(void **state)
{
    static uint64_t times[SPENDS];
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char body[256];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    chain_cut(chain, A);
    chain_wait_peers(chain, A, 0);
    for (size_t i = 0; i < SPENDS; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"card\":\"%s\",\"amount\":{\"minor\":36,\"currency\":\"USD\"},"
                       "\"items\":[{\"name\":\"Tea\",\"quantity\":1,\"list\":40,\"charged\":36}]}",
                       card);
        struct reply reply = chain_call(chain, A + TILL, "POST", "/v1/spends", NULL, "%s", body);
        assert_int_equal(reply.http, 201);
        /* The split on the receipt: five parts paid, one part given. */
        assert_int_equal(minor(reply.json, "principal"), 30);
        assert_int_equal(minor(reply.json, "bonus"), 6);
        assert_int_equal(minor(reply.json, "balance"), 36000 - 36 * (int64_t)(i + 1));
        times[i] = reply.took_us;
        chain_forget(chain);
    }
    print_times("spends in a row, cut off", times, SPENDS);
    check_times(times, SPENDS, SPEND_US_MAX);
    chain_heal(chain, A);
    (void)chain_level(chain);
    assert_int_equal(minor(chain_get(chain, OFFICE, "/v1/accounts/%s", account), "balance"), 0);
}

static void c05_the_receipt_of_a_spend_prints_the_split(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    chain_cut(chain, A);
    const char *const words[] = {"spend", card, "45.00", "--item", "Tea:1:45.00", NULL};
    const char *output = chain_tally(chain, A, words);
    assert_non_null(strstr(output, "37.50"));
    assert_non_null(strstr(output, "7.50 "));
    assert_non_null(strstr(output, "315.00"));
}

static void c07_topup_at_a_spend_at_b_and_all_nodes_print_one_state(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    const json_t *sale = chain_spend(chain, B + TILL, card, 8000);
    assert_int_equal(minor(sale, "balance"), 2000);
    print_message("           rights for 80.00 pulled from A in %lld ms\n",
                  (long long)number_of(sale, "pulled_ms"));
    const char *state_here = chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *view = chain_get(chain, i, "/v1/accounts/%s", account);
        assert_int_equal(minor(view, "balance"), 2000);
        assert_int_equal(minor(view, "usable_here") + minor(view, "elsewhere"), 2000);
        const char *const words[] = {"node", "status", NULL};
        assert_non_null(strstr(chain_tally(chain, i, words), state_here));
    }
}

static void c07_sync_status_prints_the_lag_of_each_branch(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    const char *const words[] = {"sync", "status", NULL};
    (void)chain_level(chain);
    uint64_t started = chain_now_us();
    const char *output = chain_tally(chain, A, words);
    while (strstr(output, "lacks") != NULL && chain_now_us() - started < 20000000) {
        output = chain_tally(chain, A, words);
    }
    assert_non_null(strstr(output, "Branch B"));
    assert_non_null(strstr(output, "has all of ours"));
    assert_null(strstr(output, "lacks"));
    chain_cut(chain, B);
    chain_wait_peers(chain, A, 1);
    chain_card(chain, A, 1, account, card);
    assert_non_null(strstr(chain_tally(chain, A, words), "not connected"));
    /* What is lacking is a number as well: how far B follows our journal. */
    const json_t *rows = rows_of(chain_get(chain, A, "/v1/branches"));
    json_int_t own = number_of(chain_get(chain, A, "/v1/node"), "head_seq");
    json_int_t theirs = -1;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        theirs = number_of(row, "branch") == (json_int_t)chain->nodes[B].branch
                     ? number_of(row, "their_seq")
                     : theirs;
    }
    assert_in_range(theirs, 1, own - 1);
}

static void
x3_a_refund_of_10_returns_8_34_and_1_66_to_the_same_lots_with_the_old_expiry(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, make_product(chain, "Thirty days", 0), account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const json_t *before = chain_get(chain, A, "/v1/accounts/%s", account);
    const json_t *sale = chain_spend(chain, A, card, 4500);
    assert_int_equal(minor(sale, "principal"), 3750);
    assert_int_equal(minor(sale, "bonus"), 750);
    const json_t *refund = chain_refund(chain, A, text_of(sale, "event"), 1000);
    assert_int_equal(minor(refund, "principal"), 834);
    assert_int_equal(minor(refund, "bonus"), 166);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *after = chain_get(chain, i, "/v1/accounts/%s", account);
        const json_t *principal = lot_of(after, "principal");
        const json_t *bonus = lot_of(after, "bonus");
        assert_string_equal(text_of(principal, "lot"), text_of(lot_of(before, "principal"), "lot"));
        assert_string_equal(text_of(bonus, "lot"), text_of(lot_of(before, "bonus"), "lot"));
        assert_int_equal(minor(principal, "left"), 30000 - 3750 + 834);
        assert_int_equal(minor(bonus, "left"), 6000 - 750 + 166);
        assert_string_equal(text_of(bonus, "valid_to"),
                            text_of(lot_of(before, "bonus"), "valid_to"));
    }
}

static void x3_refunds_in_pieces_return_the_sale_exactly_and_never_more(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const char *sale = text_of(chain_spend(chain, A, card, 4500), "event");
    int64_t principal = 0;
    int64_t bonus = 0;
    static const int64_t pieces[] = {1000, 1, 333, 2000, 1166};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const json_t *refund = chain_refund(chain, A, sale, pieces[i]);
        principal += minor(refund, "principal");
        bonus += minor(refund, "bonus");
    }
    assert_int_equal(principal, 3750);
    assert_int_equal(bonus, 750);
    const json_t *refusal =
        chain_refused(chain, A, "refundable", "/v1/refunds",
                      "{\"sale\":\"%s\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}", sale);
    assert_int_equal(minor(refusal, "limit"), 0);
}

/* ---- T1 ---- */

struct log_line {
    const char *type;
    size_t place;
    int64_t change;
    int64_t balance;
};

/* What branches write by themselves about a freeze comes when it comes: counted, and set aside. */
static json_t *without_acknowledgements(const json_t *entries, size_t *acknowledgements)
{
    json_t *others = json_array();
    *acknowledgements = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i);
        if (strcmp(text_of(entry, "type"), "freeze_ack") == 0) {
            *acknowledgements += 1;
        } else {
            (void)json_array_append(others, entry);
        }
    }
    return others;
}

static void check_log(struct chain *chain, const json_t *entries, const struct log_line *lines,
                      size_t count)
{
    if (json_array_size(entries) != count) {
        char *text = json_dumps(entries, JSON_INDENT(1));
        fail_msg("%zu lines instead of %zu: %s", json_array_size(entries), count, text);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(entries, count - 1 - i); /* newest first */
        const struct log_line *line = &lines[i];
        assert_string_equal(text_of(entry, "type"), line->type);
        assert_int_equal(number_of(entry, "branch"), chain->nodes[line->place].branch);
        assert_int_equal(minor(entry, "principal") + minor(entry, "bonus"), line->change);
        assert_int_equal(minor(entry, "balance_after"), line->balance);
        assert_int_equal(number_of(entry, "till") > 0, 1);
        assert_int_equal(strlen(text_of(entry, "at")), strlen("2026-11-21T21:59:53.123Z"));
    }
}

static void t1_activity_log_has_place_and_resulting_balance(void **state)
{
    static const struct log_line lines[] = {
        {"account_open", A, 0, 0},         {"card_issue", A, 0, 0},
        {"topup", A, 36000, 36000},        {"spend", A, -4500, 31500},
        {"refund", A, 1000, 32500},        {"account_freeze", OFFICE, 0, 32500},
        {"account_unfreeze", B, 0, 32500}, {"rights_move", A, 0, 32500},
        {"rights_accept", B, 0, 32500},    {"spend", B, -500, 32000},
    };
    static const char freeze[] =
        "{\"card\":\"%s\",\"kind\":\"loss\",\"reason\":\"left in a taxi\"}";
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 30000);
    const json_t *sale = chain_spend(chain, A, card, 4500);
    (void)chain_refund(chain, A, text_of(sale, "event"), 1000);
    (void)chain_level(chain);
    (void)chain_post(chain, OFFICE, "/v1/freezes", freeze, card);
    (void)chain_level(chain);
    (void)chain_spend_refused(chain, A, "frozen", card, 100);
    (void)chain_post(chain, B, "/v1/unfreezes", "{\"card\":\"%s\"}", card);
    (void)chain_level(chain);
    (void)chain_move(chain, A, card, B, 1000);
    (void)chain_level(chain);
    (void)chain_spend(chain, B, card, 500);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *page = chain_get(chain, i, "/v1/accounts/%s/events", account);
        size_t acknowledgements = 0;
        json_t *others = without_acknowledgements(rows_of(page), &acknowledgements);
        check_log(chain, others, lines, sizeof lines / sizeof lines[0]);
        assert_true(acknowledgements >
                    0); /* at least by the branch that sold after it was lifted */
        json_decref(others);
    }
    const char *const words[] = {"history", card, NULL};
    const char *output = chain_tally(chain, B, words);
    assert_non_null(strstr(output, "320.00"));
    assert_non_null(strstr(output, "315.00"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(c04_topup_300_gives_60_and_the_office_shows_the_same_lots,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c04_topup_prints_the_policy_version, chain_test_teardown),
        cmocka_unit_test_teardown(c04_a_topup_above_the_cap_is_refused_and_the_headroom_is_named,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c05_pay_from_the_balance_with_the_network_unplugged,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c05_the_receipt_of_a_spend_prints_the_split, chain_test_teardown),
        cmocka_unit_test_teardown(c07_topup_at_a_spend_at_b_and_all_nodes_print_one_state,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c07_sync_status_prints_the_lag_of_each_branch,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            x3_a_refund_of_10_returns_8_34_and_1_66_to_the_same_lots_with_the_old_expiry,
            chain_test_teardown),
        cmocka_unit_test_teardown(x3_refunds_in_pieces_return_the_sale_exactly_and_never_more,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(t1_activity_log_has_place_and_resulting_balance,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
