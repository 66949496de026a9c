/* What is put right by hand, on real daemons: C28 (two persons, conservation) and L14 (a top-up
 * that is undone takes back its rights first). */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char second_token[128];

/* A token of another person at the office. */
static void make_second_person(struct chain *chain)
{
    if (second_token[0] == '\0') {
        const json_t *made =
            chain_post(chain, OFFICE, "/v1/tills", "{\"name\":\"Wang\",\"role\":\"office\"}");
        (void)snprintf(second_token, sizeof second_token, "%s", text_of(made, "token"));
    }
}

/* `tally WORDS` at the office with the second person's token; `*done`: exit code 0. */
static json_t *second(struct chain *chain, const char *words, bool *done)
{
    static char output[CHAIN_OUTPUT_SIZE];
    char command[4 * CHAIN_PATH_SIZE];
    int size = snprintf(command, sizeof command, "'%s' %s --json --dir '%s' --token %s 2>/dev/null",
                        chain->tally, words, chain->nodes[OFFICE].dir, second_token);
    assert_in_range(size, 1, (int)sizeof command - 1);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): our own words */
    assert_non_null(pipe);
    size_t got = fread(output, 1, sizeof output - 1, pipe);
    output[got] = '\0';
    *done = pclose(pipe) == 0;
    json_t *answer = json_loads(output, 0, NULL);
    if (answer != NULL) {
        json_array_append_new(chain->kept, answer);
    }
    return answer;
}

static json_int_t propose(struct chain *chain, const char *kind, const char *card,
                          int64_t principal, int64_t bonus)
{
    const json_t *answer = chain_post(
        chain, OFFICE, "/v1/office/corrections",
        "{\"kind\":\"%s\",\"card\":\"%s\",\"principal\":{\"minor\":%lld,\"currency\":\"USD\"},"
        "\"bonus\":{\"minor\":%lld,\"currency\":\"USD\"},\"reason\":\"counted again\"}",
        kind, card, (long long)principal, (long long)bonus);
    return number_of(answer, "proposal");
}

static bool approve(struct chain *chain, json_int_t proposal)
{
    char words[64];
    bool done = false;
    (void)snprintf(words, sizeof words, "adjust approve %lld", (long long)proposal);
    (void)second(chain, words, &done);
    return done;
}

static int64_t balance_at(struct chain *chain, size_t node, const char *account)
{
    return minor(chain_get(chain, node, "/v1/accounts/%s", account), "balance");
}

/* Prints difference 0 and ends with exit code 0, or the test fails. */
static void conserved(struct chain *chain)
{
    const char *text =
        chain_tally(chain, OFFICE, (const char *const[]){"audit", "conservation", "--json", NULL});
    json_t *sums = json_loads(text, 0, NULL);
    assert_non_null(sums);
    json_array_append_new(chain->kept, sums);
    assert_int_equal(number_of(sums, "difference"), 0);
    assert_int_equal(number_of(sums, "wrong"), 0);
    assert_true(number_of(sums, "lots") > 0);
}

static void c28_a_correction_takes_two_persons_also_across_a_restart(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char path[64];
    make_second_person(chain);
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    json_int_t proposal = propose(chain, "add", card, 1500, 500);
    assert_int_equal(balance_at(chain, OFFICE, account), 10000); /* nothing yet */
    (void)snprintf(path, sizeof path, "/v1/office/corrections/%lld/approve", (long long)proposal);
    (void)chain_refused(chain, OFFICE, "one_person", path, "{}");
    chain_kill(chain, OFFICE);
    chain_restart(chain, OFFICE);
    assert_true(approve(chain, proposal));
    (void)chain_level(chain);
    assert_int_equal(balance_at(chain, B, account), 12000);
    (void)chain_refused(chain, OFFICE, "decided", path, "{}");
    (void)chain_spend(chain, B, card, 12000); /* and it is money like any other */
    (void)chain_level(chain);
    conserved(chain);
}

static void c28_a_payout_pulls_the_money_home_and_never_pays_what_is_not_there(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    make_second_person(chain);
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    json_int_t proposal = propose(chain, "payout", card, 4000, 0);
    chain_cut(chain, A); /* who holds the money is away */
    chain_wait_peers(chain, A, 0);
    assert_false(approve(chain, proposal));
    assert_int_equal(balance_at(chain, OFFICE, account), 10000);
    chain_heal(chain, A);
    (void)chain_level(chain);
    proposal = propose(chain, "payout", card, 4000, 0);
    bool done = false;
    for (int i = 0; i < 50 && !done; i++) { /* until the line is up again */
        done = approve(chain, proposal);
        (void)usleep(done ? 0 : 100000);
        proposal = done ? proposal : propose(chain, "payout", card, 4000, 0);
    }
    assert_true(done);
    (void)chain_level(chain);
    assert_int_equal(balance_at(chain, B, account), 6000);
    conserved(chain);
}

static void l14_a_top_up_typed_wrongly_is_taken_back_whole_with_its_bonus(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    const json_t *topup = chain_top_up(chain, A, card, 30000); /* and 60.00 of bonus */
    char event[64];
    (void)snprintf(event, sizeof event, "%s", text_of(topup, "event"));
    (void)chain_level(chain);
    (void)chain_refused(chain, B, "topup_elsewhere", "/v1/voids", "{\"topup\":\"%s\"}", event);
    (void)chain_move(chain, A, card, B, 10000); /* part of it lies elsewhere: it is pulled back */
    (void)chain_level(chain);
    (void)chain_post(chain, A, "/v1/voids", "{\"topup\":\"%s\",\"reason\":\"typed wrongly\"}",
                     event);
    (void)chain_level(chain);
    assert_int_equal(balance_at(chain, B, account), 0);
    (void)chain_spend_refused(chain, B, "balance", card, 1);
    (void)chain_refused(chain, A, "topup_voided", "/v1/voids", "{\"topup\":\"%s\"}", event);
    conserved(chain);
}

static void l14_a_top_up_of_which_something_was_used_is_not_taken_back(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    const json_t *topup = chain_top_up(chain, A, card, 5000);
    char event[64];
    (void)snprintf(event, sizeof event, "%s", text_of(topup, "event"));
    (void)chain_spend(chain, A, card, 300);
    (void)chain_refused(chain, A, "topup_used", "/v1/voids", "{\"topup\":\"%s\"}", event);
    assert_int_equal(balance_at(chain, A, account), 4700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(c28_a_correction_takes_two_persons_also_across_a_restart,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            c28_a_payout_pulls_the_money_home_and_never_pays_what_is_not_there,
            chain_test_teardown),
        cmocka_unit_test_teardown(l14_a_top_up_typed_wrongly_is_taken_back_whole_with_its_bonus,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(l14_a_top_up_of_which_something_was_used_is_not_taken_back,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
