/* Repeated requests and killed daemons: rows L04 and L25. */
#include "chain.h"
#include "crowd.h"

#include "replay_answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SALES = 400, ROUNDS = 3 };

struct question {
    const char *path;
    const char *key;
    char body[256];
};

/* The same answer but for the mark that it is a repeat. */
static void check_repeat(struct chain *chain, const struct question *question,
                         const struct reply *first)
{
    struct reply again =
        chain_call(chain, A + TILL, "POST", question->path, question->key, "%s", question->body);
    assert_int_equal(again.http, first->http);
    json_t *expected = json_deep_copy(first->json);
    json_object_set_new(expected, "replayed", json_true());
    if (!json_equal(expected, again.json)) {
        fail_msg("The repeat is answered differently:\n%s\n%s", json_dumps(expected, 0),
                 json_dumps(again.json, 0));
    }
    json_decref(expected);
}

/* Until every node has said that it knows of the freeze: then nobody writes by itself any more. */
static void wait_acknowledged(struct chain *chain, const char *account)
{
    json_int_t known = 0;
    for (int i = 0; i < 400 && known < (json_int_t)chain->count; i++) {
        (void)usleep(50000);
        known = number_of(chain_get(chain, A, "/v1/accounts/%s/exposure", account), "acknowledged");
    }
    assert_int_equal(known, chain->count);
    (void)chain_level(chain);
}

static void
l04_a_repeated_key_gives_one_effect_and_the_stored_answer_also_after_restart(void **state)
{
    enum { QUESTIONS = 5 };
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    struct question questions[QUESTIONS] = {
        {.path = "/v1/topups", .key = "l04-topup"},
        {.path = "/v1/spends", .key = "l04-spend"},
        {.path = "/v1/refunds", .key = "l04-refund"},
        {.path = "/v1/spends", .key = "l04-too-much"}, /* a refusal is an answer too */
        {.path = "/v1/freezes", .key = "l04-freeze"},
    };
    static const int64_t amounts[QUESTIONS] = {10000, 2500, 1000, 99999, 0};
    struct reply first[QUESTIONS];
    chain_card(chain, A, 1, account, card);
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct question *question = &questions[i];
        bool refund = i == 2;
        char amount[96] = "\"kind\":\"wish\"";
        if (amounts[i] != 0) {
            (void)snprintf(amount, sizeof amount,
                           "\"amount\":{\"minor\":%" PRId64 ",\"currency\":\"USD\"}", amounts[i]);
        }
        (void)snprintf(question->body, sizeof question->body, "{\"%s\":\"%s\",%s}",
                       refund ? "sale" : "card", refund ? text_of(first[1].json, "event") : card,
                       amount);
        first[i] = chain_call(chain, A + TILL, "POST", question->path, question->key, "%s",
                              question->body);
        assert_int_equal(first[i].http, i == 3 ? 409 : 201);
        check_repeat(chain, question, &first[i]);
    }
    wait_acknowledged(chain, account);
    json_int_t head = number_of(chain_get(chain, A, "/v1/node"), "head_seq");
    for (size_t restart = 0; restart < 2; restart++) {
        if (restart == 0) {
            chain_kill(chain, A);
        } else {
            chain_halt(chain, A);
        }
        chain_restart(chain, A);
        for (size_t i = 0; i < QUESTIONS; i++) {
            check_repeat(chain, &questions[i], &first[i]);
        }
    }
    assert_int_equal(number_of(chain_get(chain, A, "/v1/node"), "head_seq"), head);
    assert_int_equal(minor(chain_get(chain, A, "/v1/accounts/%s", account), "balance"), 8500);
    const json_t *page = chain_get(chain, A, "/v1/accounts/%s/events", account);
    /* Opened, card, and the four done; and each node's word that it knows of the freeze. */
    assert_int_equal(json_array_size(rows_of(page)), 6 + chain->count);
}

static void l04_the_same_key_with_another_request_is_refused_and_changes_nothing(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    static const char body[] = "{\"card\":\"%s\",\"amount\":{\"minor\":%d,\"currency\":\"USD\"}}";
    chain_card(chain, A, 1, account, card);
    (void)chain_call(chain, A + TILL, "POST", "/v1/topups", "l04-other", body, card, 700);
    struct reply other =
        chain_call(chain, A + TILL, "POST", "/v1/topups", "l04-other", body, card, 701);
    assert_int_equal(other.http, 409);
    assert_string_equal(text_of(other.json, "code"), "key_reused");
    struct reply spend =
        chain_call(chain, A + TILL, "POST", "/v1/spends", "l04-other", body, card, 700);
    assert_string_equal(text_of(spend.json, "code"), "key_reused");
    assert_int_equal(minor(chain_get(chain, A, "/v1/accounts/%s", account), "balance"), 700);
}

/* Everything that a till was told is still so; what it was not told happened once or not at all. */
static void check_receipts(struct chain *chain, const struct deed *deeds)
{
    for (size_t i = 0; i < SALES; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "/v1/tickets/%s", deeds[i].key);
        struct reply ticket = chain_call(chain, A + TILL, "GET", path, NULL, NULL);
        if (deeds[i].http == 201) {
            assert_int_equal(ticket.http, 200);
            assert_string_equal(text_of(ticket.json, "event"), text_of(deeds[i].json, "event"));
            assert_int_equal(minor(ticket.json, "balance"), minor(deeds[i].json, "balance"));
        } else {
            assert_int_equal(deeds[i].http, 0);
            assert_true(ticket.http == 200 || ticket.http == 404);
        }
        chain_forget(chain);
    }
}

static void kill_among_sales(struct chain *chain, size_t kill_after)
{
    static struct deed deeds[SALES];
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char key[64];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10 * SALES);
    for (size_t i = 0; i < SALES; i++) {
        (void)snprintf(key, sizeof key, "l25-%zu-%zu", kill_after, i);
        deed_pay(&deeds[i], A + TILL, key, card, 10);
    }
    struct crowd crowd = {.path = "/v1/spends",
                          .deeds = deeds,
                          .count = SALES,
                          .kill_after = kill_after,
                          .kill_node = A};
    crowd_run(chain, &crowd);
    size_t told = crowd_count(&crowd, 201);
    assert_in_range(told, kill_after, SALES - 1);
    chain_restart(chain, A);
    check_receipts(chain, deeds);
    crowd_free(&crowd);
    /* The tills send everything again, with the same keys. */
    crowd.kill_after = 0;
    crowd_run(chain, &crowd);
    assert_int_equal(crowd_count(&crowd, 201), SALES);
    size_t replayed = 0;
    for (size_t i = 0; i < SALES; i++) {
        replayed += json_is_true(json_object_get(deeds[i].json, "replayed"));
    }
    assert_in_range(replayed, told, SALES);
    print_message("           killed after %zu receipts: %zu sales had happened, of %d\n", told,
                  replayed, SALES);
    crowd_free(&crowd);
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(minor(chain_get(chain, i, "/v1/accounts/%s", account), "balance"), 0);
    }
}

static void l25_what_was_answered_survives_sigkill(void **state)
{
    static const size_t kills[ROUNDS] = {1, 90, 250};
    struct chain *chain = *state;
    for (size_t i = 0; i < ROUNDS; i++) {
        kill_among_sales(chain, kills[i]);
    }
}

static void
l25_what_was_answered_while_cut_off_survives_sigkill_and_reaches_the_others(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, B, 1, account, card);
    (void)chain_top_up(chain, B, card, 5000);
    chain_cut(chain, B);
    const json_t *sale = chain_spend(chain, B, card, 1234);
    chain_kill(chain, B);
    chain_restart(chain, B);
    assert_int_equal(minor(chain_get(chain, B, "/v1/accounts/%s", account), "balance"), 3766);
    chain_heal(chain, B);
    (void)chain_level(chain);
    const json_t *seen = chain_get(chain, OFFICE, "/v1/sales/%s", text_of(sale, "event"));
    assert_int_equal(minor(seen, "spent"), 1234);
}

static void l25_the_chain_of_hashes_holds_after_all_this(void **state)
{
    struct chain *chain = *state;
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const char *const words[] = {"verify", NULL};
        chain_halt(chain, i);
        print_message("%s", chain_tally(chain, i, words));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            l04_a_repeated_key_gives_one_effect_and_the_stored_answer_also_after_restart,
            chain_test_teardown),
        cmocka_unit_test_teardown(
            l04_the_same_key_with_another_request_is_refused_and_changes_nothing,
            chain_test_teardown),
        cmocka_unit_test_teardown(l25_what_was_answered_survives_sigkill, chain_test_teardown),
        cmocka_unit_test_teardown(
            l25_what_was_answered_while_cut_off_survives_sigkill_and_reaches_the_others,
            chain_test_teardown),
        cmocka_unit_test_teardown(l25_the_chain_of_hashes_holds_after_all_this,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
