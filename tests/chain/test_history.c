/* What happened to an account, asked in every way, equals the ledger read from end to end: rows C13
 * and L08. */
#include "chain.h"
#include "crowd.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PATH_SIZE = 256,
    ROUNDS = 12,
    DEEDS = 120, /* side by side */
};

/* An account that was used at every node. */
struct used {
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
};

static void use_account(struct chain *chain, struct used *used)
{
    chain_card(chain, A, 1, used->account, used->card);
    (void)chain_level(chain);
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t node = i % chain->count;
        (void)chain_top_up(chain, node + TILL, used->card, i == 5 ? 30000 : 2000 + 100 * (int)i);
        const json_t *sale = chain_spend(chain, node + TILL, used->card, 700 + (int)i);
        if (i % 2 == 0) {
            (void)chain_refund(chain, node + TILL, text_of(sale, "event"), 33);
        }
        if (i % 4 == 0) {
            (void)chain_move(chain, node, used->card, (node + 1) % chain->count, 250);
        }
    }
    (void)chain_post(chain, B, "/v1/freezes", "{\"card\":\"%s\",\"kind\":\"wish\"}", used->card);
    (void)chain_post(chain, B, "/v1/unfreezes", "{\"card\":\"%s\"}", used->card);
    (void)chain_level(chain);
}

/* All pages of a list, as one array that the caller releases. */
static json_t *all_pages(struct chain *chain, size_t node, const char *start)
{
    json_t *all = json_array();
    char path[2 * PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s", start);
    for (bool more = true; more;) {
        const json_t *page = chain_get(chain, node, "%s", path);
        const json_t *rows = rows_of(page);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            json_t *copy = json_deep_copy(json_array_get(rows, i));
            assert_int_equal(json_array_append_new(all, copy), 0);
        }
        more = json_is_true(json_object_get(page, "more"));
        if (more) {
            (void)snprintf(path, sizeof path, "%s&cursor=%s", start, text_of(page, "cursor"));
        }
    }
    return all;
}

/* Finds the feed's line of an event, or NULL. */
static const json_t *feed_line(const json_t *feed, const char *event)
{
    for (size_t i = 0; i < json_array_size(feed); i++) {
        const json_t *line = json_array_get(feed, i);
        if (strcmp(text_of(line, "event"), event) == 0) {
            return line;
        }
    }
    return NULL;
}

struct filter {
    const char *type;
    uint32_t branch;
    const char *from;
    const char *to;
};

static bool is_asked(const json_t *line, const struct filter *filter)
{
    const char *at = text_of(line, "at"); /* one form and one zone: texts order as times do */
    return (filter->type == NULL || strcmp(text_of(line, "type"), filter->type) == 0) &&
           (filter->branch == 0 || number_of(line, "branch") == (json_int_t)filter->branch) &&
           (filter->from == NULL || strcmp(at, filter->from) >= 0) &&
           (filter->to == NULL || strcmp(at, filter->to) <= 0);
}

static int sign_of(const char *type)
{
    return strcmp(type, "spend") == 0                                  ? -1
           : strcmp(type, "topup") == 0 || strcmp(type, "refund") == 0 ? 1
                                                                       : 0;
}

/* The index and the full scan name the same events, with the same amounts. Both hold an event once;
 * equal counts and each found make them equal. */
static size_t compare(struct chain *chain, size_t node, const struct used *used, const json_t *feed,
                      const struct filter *filter)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof path, "/v1/accounts/%s/events?limit=7", used->account);
    if (filter->type != NULL) {
        size += snprintf(path + size, sizeof path - (size_t)size, "&type=%s", filter->type);
    }
    if (filter->branch != 0) {
        size +=
            snprintf(path + size, sizeof path - (size_t)size, "&branch=%" PRIu32, filter->branch);
    }
    if (filter->from != NULL) {
        size += snprintf(path + size, sizeof path - (size_t)size, "&from=%s", filter->from);
    }
    if (filter->to != NULL) {
        (void)snprintf(path + size, sizeof path - (size_t)size, "&to=%s", filter->to);
    }
    json_t *found = all_pages(chain, node, path);
    size_t scanned = 0;
    for (size_t i = 0; i < json_array_size(feed); i++) {
        const json_t *line = json_array_get(feed, i);
        bool here = strcmp(text_of(line, "subject"), used->account) == 0;
        scanned += here && is_asked(line, filter);
    }
    assert_int_equal(json_array_size(found), scanned);
    for (size_t i = 0; i < json_array_size(found); i++) {
        const json_t *entry = json_array_get(found, i);
        const json_t *line = feed_line(feed, text_of(entry, "event"));
        assert_non_null(line);
        assert_true(is_asked(line, filter));
        assert_string_equal(text_of(line, "at"), text_of(entry, "at"));
        int sign = sign_of(text_of(entry, "type"));
        if (sign != 0) {
            assert_int_equal(minor(entry, "principal"), sign * minor(line, "principal"));
            assert_int_equal(minor(entry, "bonus"), sign * minor(line, "bonus"));
        }
    }
    json_decref(found);
    return scanned;
}

static void c13_history_filters_equal_a_full_scan_and_the_running_sum_the_balance(void **state)
{
    struct chain *chain = *state;
    struct used used;
    use_account(chain, &used);
    for (size_t node = 0; node < chain->count; node++) {
        json_t *feed = all_pages(chain, node, "/v1/feed?limit=200");
        const struct filter everything = {0};
        size_t all = compare(chain, node, &used, feed, &everything);
        assert_in_range(all, 3 * ROUNDS, 10 * ROUNDS);
        static const char *const types[] = {
            "topup",          "spend",        "refund",           "rights_move", "rights_accept",
            "account_freeze", "account_open", "account_unfreeze", "card_issue"};
        size_t sum = 0;
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            sum += compare(chain, node, &used, feed, &(struct filter){.type = types[i]});
        }
        assert_int_equal(sum, all);
        sum = 0;
        for (size_t i = 0; i < chain->count; i++) {
            struct filter filter = {.branch = chain->nodes[i].branch};
            sum += compare(chain, node, &used, feed, &filter);
            filter.type = "spend";
            assert_int_equal(compare(chain, node, &used, feed, &filter), ROUNDS / chain->count);
        }
        assert_int_equal(sum, all);
        json_t *spends = all_pages(chain, node, "/v1/feed?limit=200");
        const json_t *page =
            chain_get(chain, node, "/v1/accounts/%s/events?type=spend&limit=200", used.account);
        const char *late = text_of(json_array_get(rows_of(page), 2), "at");
        const char *early = text_of(json_array_get(rows_of(page), 8), "at");
        size_t between =
            compare(chain, node, &used, spends, &(struct filter){.from = early, .to = late});
        assert_in_range(between, 7, all - 5);
        (void)compare(chain, node, &used, spends, &(struct filter){.from = late});
        (void)compare(chain, node, &used, spends,
                      &(struct filter){.type = "topup", .to = early, .branch = 1});
        json_decref(spends);
        json_decref(feed);
    }
}

/* Date, item, amount and place of a sale, as every node can tell them. */
static void c13_a_sale_of_the_history_names_its_items_at_every_node(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 8000);
    (void)chain_post(
        chain, A + TILL, "/v1/spends",
        "{\"card\":\"%s\",\"amount\":{\"minor\":3300,\"currency\":\"USD\"},\"items\":"
        "[{\"name\":\"\xe9\xbe\x99\xe4\xba\x95\",\"quantity\":2,\"list\":3200,\"charged\":3000},"
        "{\"name\":\"Cup\",\"charged\":300}]}",
        card);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const json_t *page = chain_get(chain, i, "/v1/accounts/%s/events?type=spend", account);
        const json_t *line = json_array_get(rows_of(page), 0);
        assert_int_equal(number_of(line, "branch"), chain->nodes[A].branch);
        const json_t *sale = chain_get(chain, i, "/v1/sales/%s", text_of(line, "event"));
        assert_string_equal(text_of(sale, "at"), text_of(line, "at"));
        const json_t *items = json_object_get(sale, "items");
        assert_int_equal(json_array_size(items), 2);
        const json_t *tea = json_array_get(items, 0);
        assert_string_equal(text_of(tea, "name"), "\xe9\xbe\x99\xe4\xba\x95");
        assert_int_equal(number_of(tea, "quantity"), 2);
        assert_int_equal(minor(tea, "list"), 3200);
        assert_int_equal(minor(tea, "charged"), 3000);
        const json_t *cup = json_array_get(items, 1);
        assert_string_equal(text_of(cup, "name"), "Cup");
        assert_int_equal(number_of(cup, "quantity"), 1);
        assert_int_equal(minor(cup, "list"), 300);
        const char *const words[] = {"sale", "show", text_of(line, "event"), NULL};
        assert_non_null(strstr(chain_tally(chain, i, words), "\xe9\xbe\x99\xe4\xba\x95"));
    }
}

/* From the oldest on: each line's balance is the one before and its change, from nothing to the
 * balance now. */
static void check_running_sum(const json_t *entries, int64_t balance)
{
    int64_t sum = 0;
    for (size_t i = json_array_size(entries); i > 0; i--) {
        const json_t *entry = json_array_get(entries, i - 1);
        sum += minor(entry, "principal") + minor(entry, "bonus");
        assert_int_equal(minor(entry, "balance_after"), sum);
    }
    assert_int_equal(sum, balance);
}

static void l08_the_balance_is_the_sum_of_the_history(void **state)
{
    struct chain *chain = *state;
    struct used used;
    char path[PATH_SIZE];
    use_account(chain, &used);
    for (size_t node = 0; node < chain->count; node++) {
        const json_t *account = chain_get(chain, node, "/v1/accounts/%s", used.account);
        (void)snprintf(path, sizeof path, "/v1/accounts/%s/events?limit=5", used.account);
        json_t *entries = all_pages(chain, node, path);
        check_running_sum(entries, minor(account, "balance"));
        int64_t left = 0;
        const json_t *lots = json_object_get(account, "lots");
        for (size_t i = 0; i < json_array_size(lots); i++) {
            left += minor(json_array_get(lots, i), "left");
        }
        assert_int_equal(left, minor(account, "balance"));
        json_decref(entries);
    }
}

static void l08_the_sum_of_all_histories_is_what_the_office_owes(void **state)
{
    struct chain *chain = *state;
    (void)chain_level(chain);
    json_t *feed = all_pages(chain, OFFICE, "/v1/feed?limit=200");
    int64_t sum = 0;
    for (size_t i = 0; i < json_array_size(feed); i++) {
        const json_t *line = json_array_get(feed, i);
        sum += sign_of(text_of(line, "type")) * (minor(line, "principal") + minor(line, "bonus"));
    }
    json_decref(feed);
    const json_t *rows = rows_of(chain_get(chain, OFFICE, "/v1/office/liability"));
    int64_t left = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        assert_int_equal(minor(row, "issued") + minor(row, "refunded"),
                         minor(row, "spent") + minor(row, "left"));
        left += minor(row, "left");
    }
    assert_true(sum > 0);
    assert_int_equal(left, sum);
}

/* Many tills at once, so that several sales of one card share a block. */
static void t1_the_resulting_balance_is_that_of_the_receipt_also_within_one_block(void **state)
{
    static struct deed deeds[DEEDS];
    struct chain *chain = *state;
    struct used used;
    char path[PATH_SIZE];
    chain_card(chain, A, 1, used.account, used.card);
    (void)chain_top_up(chain, A, used.card, 30000);
    for (size_t i = 0; i < DEEDS; i++) {
        (void)snprintf(path, sizeof path, "%s-%zu", used.card, i);
        deed_pay(&deeds[i], A + TILL, path, used.card, (int64_t)i + 1);
    }
    struct crowd crowd = {.path = "/v1/spends", .deeds = deeds, .count = DEEDS};
    crowd_run(chain, &crowd);
    assert_int_equal(crowd_count(&crowd, 201), DEEDS);
    (void)snprintf(path, sizeof path, "/v1/accounts/%s/events?type=spend&limit=200", used.account);
    json_t *entries = all_pages(chain, A, path);
    assert_int_equal(json_array_size(entries), DEEDS);
    size_t in_company = 0;
    for (size_t i = 0; i < DEEDS; i++) {
        const char *event = text_of(deeds[i].json, "event");
        const json_t *entry = feed_line(entries, event);
        assert_non_null(entry);
        in_company += strcmp(strrchr(event, '-'), "-0") != 0;
        if (minor(deeds[i].json, "balance") != minor(entry, "balance_after")) {
            fail_msg("The receipt of %s says %" PRId64 ", the history %" PRId64 ".", event,
                     minor(deeds[i].json, "balance"), minor(entry, "balance_after"));
        }
    }
    print_message("           %zu of %d sales were not the first of their block\n", in_company,
                  DEEDS);
    assert_true(in_company > 0);
    json_decref(entries);
    crowd_free(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            c13_history_filters_equal_a_full_scan_and_the_running_sum_the_balance,
            chain_test_teardown),
        cmocka_unit_test_teardown(c13_a_sale_of_the_history_names_its_items_at_every_node,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(l08_the_balance_is_the_sum_of_the_history, chain_test_teardown),
        cmocka_unit_test_teardown(l08_the_sum_of_all_histories_is_what_the_office_owes,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            t1_the_resulting_balance_is_that_of_the_receipt_also_within_one_block,
            chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
