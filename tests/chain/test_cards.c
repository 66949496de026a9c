/* Members and cards on a chain of real daemons: rows C01 and C06. */
#include "chain.h"
#include "crowd.h"

#include "replay_answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CARDS_EACH = 100,
    MEMBERS_DEFAULT = 1000,
    MEMBERS_AT_ONCE = 1000,
    FINDS = 200,
    FIND_US_MAX = 100 * 1000, /* what a search takes; see check_times */
    PATH_SIZE = 160,
    PHONE_SIZE = 24,
};

static int compare_cards(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* As a cashier would: one run of the command for each card. */
static void issue_by_command(struct chain *chain, size_t node, const char *member,
                             char cards[][CHAIN_CARD_SIZE])
{
    for (size_t i = 0; i < CARDS_EACH; i++) {
        const char *const words[] = {"card", "issue", "--member", member, "--json", NULL};
        const char *output = chain_tally(chain, node, words);
        json_t *card = replay_answer_parse(bytes_of(output, strlen(output)));
        assert_int_equal(snprintf(cards[i], CHAIN_CARD_SIZE, "%s", text_of(card, "card")),
                         CHAIN_CARD_SIZE - 1);
        json_decref(card);
    }
}

static void c01_two_cut_off_branches_mint_200_cards_no_number_twice(void **state)
{
    static char cards[2 * CARDS_EACH][CHAIN_CARD_SIZE];
    struct chain *chain = *state;
    chain_cut(chain, A);
    chain_cut(chain, B);
    for (size_t i = 0; i < 2; i++) {
        const json_t *member =
            chain_post(chain, A + i, "/v1/members", "{\"name\":\"Member of %zu\"}", i);
        issue_by_command(chain, A + i, text_of(member, "member"), cards + i * CARDS_EACH);
    }
    chain_heal(chain, A);
    chain_heal(chain, B);
    (void)chain_level(chain);
    qsort(cards, 2 * CARDS_EACH, sizeof cards[0], compare_cards);
    for (size_t i = 1; i < 2 * CARDS_EACH; i++) {
        assert_string_not_equal(cards[i - 1], cards[i]);
    }
    for (size_t i = 0; i < 2 * CARDS_EACH; i++) {
        const json_t *account = chain_get(chain, OFFICE, "/v1/accounts?card=%s", cards[i]);
        assert_string_equal(json_string_value(json_array_get(json_object_get(account, "cards"), 0)),
                            cards[i]);
    }
}

static void c01_a_named_card_without_an_id_is_refused_and_the_missing_field_is_named(void **state)
{
    struct chain *chain = *state;
    const json_t *product = chain_post(chain, OFFICE, "/v1/products",
                                       "{\"name\":\"Named\",\"currency\":\"USD\",\"named\":true}");
    (void)chain_level(chain);
    long long number = number_of(product, "product");
    const json_t *without =
        chain_post(chain, A, "/v1/members", "{\"name\":\"Li Na\",\"phone\":\"13800000001\"}");
    const json_t *refusal =
        chain_refused(chain, A, "missing_field", "/v1/cards",
                      "{\"member\":\"%s\",\"product\":%lld}", text_of(without, "member"), number);
    assert_string_equal(text_of(refusal, "field"), "id_number");
    const json_t *with = chain_post(chain, A, "/v1/members",
                                    "{\"name\":\"Li Na\",\"id_number\":\"110101199001011234\"}");
    (void)chain_post(chain, A, "/v1/cards", "{\"member\":\"%s\",\"product\":%lld}",
                     text_of(with, "member"), number);
}

static void c01_what_proves_identity_is_not_in_the_files_of_a_branch(void **state)
{
    struct chain *chain = *state;
    (void)chain_post(chain, A, "/v1/members",
                     "{\"name\":\"Ottokar Przybylski\",\"id_number\":\"X7736251009Q\"}");
    char command[2 * CHAIN_PATH_SIZE + 128];
    for (size_t i = 0; i < chain->count; i++) {
        (void)chain_level(chain);
        (void)snprintf(command, sizeof command,
                       "! grep -rqaE 'Przybylski|X7736251009Q' '%s'/db '%s'", chain->nodes[i].dir,
                       chain->nodes[i].log);
        /* NOLINTNEXTLINE(cert-env33-c): the words are this test's own */
        assert_int_equal(system(command), 0);
    }
}

/* ---- C06 ---- */

static void phone_of(size_t i, char text[static PHONE_SIZE])
{
    (void)snprintf(text, PHONE_SIZE, "139%08zu", i);
}

/* TALLY_MEMBERS=1000000 for as many as a large chain has; that takes its time. */
static size_t members_wanted(void)
{
    const char *text = getenv("TALLY_MEMBERS"); /* NOLINT(concurrency-mt-unsafe): one thread */
    size_t wanted = text == NULL ? MEMBERS_DEFAULT : (size_t)strtoull(text, NULL, 10);
    return wanted < FINDS ? FINDS : wanted;
}

static void load_some(struct chain *chain, size_t node, size_t from, size_t count)
{
    static struct deed deeds[MEMBERS_AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        char phone[PHONE_SIZE];
        phone_of(from + i, phone);
        deeds[i] = (struct deed){.caller = node};
        (void)snprintf(deeds[i].key, sizeof deeds[i].key, "member-%zu", from + i);
        (void)snprintf(deeds[i].body, sizeof deeds[i].body,
                       "{\"name\":\"Member %zu\",\"phone\":\"%s\"}", from + i, phone);
    }
    struct crowd crowd = {.path = "/v1/members", .deeds = deeds, .count = count};
    crowd_run(chain, &crowd);
    assert_int_equal(crowd_count(&crowd, 201), count);
    crowd_free(&crowd);
}

static void load_members(struct chain *chain, size_t node, size_t wanted)
{
    for (size_t from = 0; from < wanted; from += MEMBERS_AT_ONCE) {
        size_t left = wanted - from;
        load_some(chain, node, from, left < MEMBERS_AT_ONCE ? left : MEMBERS_AT_ONCE);
    }
}

static void c06_find_a_member_by_phone_and_card_among_many(void **state)
{
    struct chain *chain = *state;
    static uint64_t times[FINDS];
    size_t members = members_wanted();
    char path[PATH_SIZE];
    char phone[PHONE_SIZE];
    uint64_t started = chain_now_us();
    load_members(chain, A, members);
    print_message("           %zu members enrolled in %" PRIu64 " ms\n", members,
                  (chain_now_us() - started) / 1000);
    for (size_t i = 0; i < FINDS; i++) {
        phone_of(i * (members / FINDS), phone);
        (void)snprintf(path, sizeof path, "/v1/members?phone=%s", phone);
        struct reply found = chain_call(chain, A + TILL, "GET", path, NULL, NULL);
        assert_int_equal(found.http, 200);
        assert_string_equal(text_of(json_object_get(found.json, "fields"), "phone"), phone);
        times[i] = found.took_us;
    }
    print_times("by phone", times, FINDS);
    check_times(times, FINDS, FIND_US_MAX);
    const json_t *member = chain_get(chain, A, "/v1/members?phone=%s", phone);
    const json_t *card =
        chain_post(chain, A + TILL, "/v1/cards", "{\"member\":\"%s\"}", text_of(member, "member"));
    (void)snprintf(path, sizeof path, "/v1/members?card=%s", text_of(card, "card"));
    for (size_t i = 0; i < FINDS; i++) {
        struct reply found = chain_call(chain, A + TILL, "GET", path, NULL, NULL);
        assert_int_equal(found.http, 200);
        assert_string_equal(text_of(found.json, "member"), text_of(member, "member"));
        times[i] = found.took_us;
    }
    print_times("by card", times, FINDS);
    check_times(times, FINDS, FIND_US_MAX);
    started = chain_now_us();
    (void)chain_level(chain);
    print_message("           all nodes level after %" PRIu64 " ms more\n",
                  (chain_now_us() - started) / 1000);
    assert_string_equal(text_of(chain_get(chain, B, "%s", path), "member"),
                        text_of(member, "member"));
}

static void c06_the_balance_is_shown_with_what_is_here_elsewhere_and_how_fresh(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_move(chain, A, card, B, 2500);
    (void)chain_level(chain);
    const json_t *view = chain_get(chain, B, "/v1/accounts?card=%s", card);
    assert_int_equal(minor(view, "balance"), 10000);
    assert_int_equal(minor(view, "usable_here"), 2500);
    assert_int_equal(minor(view, "elsewhere"), 7500);
    assert_int_equal(strlen(text_of(view, "as_of")), strlen("2026-11-21T21:59:53.123Z"));
    assert_int_equal(number_of(view, "silent_branches"), 0);
}

static void c06_tally_member_find_prints_the_balance_and_the_age_of_the_data(void **state)
{
    struct chain *chain = *state;
    const json_t *member =
        chain_post(chain, A, "/v1/members", "{\"name\":\"Zhao Lei\",\"phone\":\"13700000077\"}");
    const json_t *card =
        chain_post(chain, A, "/v1/cards", "{\"member\":\"%s\"}", text_of(member, "member"));
    (void)chain_top_up(chain, A, text_of(card, "card"), 4321);
    const char *const words[] = {"member", "find", "--phone", "13700000077", NULL};
    const char *output = chain_tally(chain, A, words);
    print_message("%s", output);
    assert_non_null(strstr(output, text_of(member, "member")));
    assert_non_null(strstr(output, "Zhao Lei"));
    assert_non_null(strstr(output, "43.21"));
    assert_non_null(strstr(output, "usable here"));
    assert_non_null(strstr(output, "elsewhere"));
    assert_non_null(strstr(output, "As of"));
}

static void l06_a_card_pays_out_its_value_once_wherever_it_is_shown(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 5000);
    (void)chain_level(chain);
    const json_t *sale = chain_spend(chain, B + TILL, card, 5000);
    assert_int_equal(minor(sale, "balance"), 0);
    (void)chain_level(chain);
    for (size_t node = 0; node < chain->count; node++) {
        for (int attempt = 0; attempt < 3; attempt++) {
            const json_t *refusal = chain_spend_refused(chain, node + TILL, "balance", card, 5000);
            assert_int_equal(minor(refusal, "balance"), 0);
        }
        (void)chain_refused(chain, node + TILL, "balance", "/v1/spends",
                            "{\"account\":\"%s\",\"amount\":{\"minor\":1,\"currency\":\"USD\"}}",
                            account);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(c01_two_cut_off_branches_mint_200_cards_no_number_twice,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            c01_a_named_card_without_an_id_is_refused_and_the_missing_field_is_named,
            chain_test_teardown),
        cmocka_unit_test_teardown(c01_what_proves_identity_is_not_in_the_files_of_a_branch,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(c06_find_a_member_by_phone_and_card_among_many,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            c06_the_balance_is_shown_with_what_is_here_elsewhere_and_how_fresh,
            chain_test_teardown),
        cmocka_unit_test_teardown(c06_tally_member_find_prints_the_balance_and_the_age_of_the_data,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(l06_a_card_pays_out_its_value_once_wherever_it_is_shown,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
