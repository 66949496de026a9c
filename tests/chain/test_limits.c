/* What branches may do on their own word, on a chain of real daemons whose wall clock the test
 * moves (clock_shim.c): quotas, suspension, unwitnessed money, leases (L6, L7). */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAITS = 400, PAUSE_US = 50 * 1000, DAY_S = 86400 };

static char clock_file[CHAIN_PATH_SIZE];

static void shift_clocks(long long seconds)
{
    char made[CHAIN_PATH_SIZE + 8];
    (void)snprintf(made, sizeof made, "%s.new", clock_file);
    FILE *file = fopen(made, "w");
    assert_non_null(file);
    (void)fprintf(file, "%lld\n", seconds);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(made, clock_file), 0);
}

/* At the office, and known to all. */
static void tally_says(struct chain *chain, const char *const *words, const char *wanted)
{
    const char *said = chain_tally(chain, OFFICE, words);
    if (strstr(said, wanted) == NULL) {
        fail_msg("\"%s\" is not in what it said: %s", wanted, said);
    }
    (void)chain_level(chain);
}

static void branch_text(const struct chain *chain, size_t node, char text[static 16])
{
    (void)snprintf(text, 16, "%u", (unsigned)chain->nodes[node].branch);
}

static const json_t *row_of(const json_t *answer, const struct chain *chain, size_t node)
{
    const json_t *rows = rows_of(answer);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (number_of(row, "branch") == (json_int_t)chain->nodes[node].branch) {
            return row;
        }
    }
    fail_msg("nothing is said of node %zu", node);
    return NULL;
}

static bool is_true(const json_t *object, const char *field)
{
    return json_is_true(json_object_get(object, field));
}

static void wait_for_balance(struct chain *chain, size_t node, const char *id, int64_t wanted)
{
    for (int i = 0; i < WAITS; i++) {
        if (minor(chain_get(chain, node, "/v1/accounts/%s", id), "balance") == wanted) {
            return;
        }
        (void)usleep(PAUSE_US);
    }
    fail_msg("node %zu does not come to a balance of %lld", node, (long long)wanted);
}

static void
quota_a_top_up_above_it_waits_and_is_used_once_approved_and_released_after_a_restart(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char branch[16];
    branch_text(chain, A, branch);
    chain_card(chain, A, 1, id, card);
    const char *const on[] = {"limits", "set", "--pending-mints", "on", NULL};
    const char *const quota[] = {"quota", "set",      "--bucket", "principal", "--amount",
                                 "50.00", "--branch", branch,     NULL};
    tally_says(chain, on, "Set.");
    tally_says(chain, quota, "Set.");
    tally_says(chain, quota, "Nothing was changed.");

    assert_false(is_true(chain_top_up(chain, A, card, 4000), "pending"));
    const json_t *waiting = chain_top_up(chain, A, card, 2000);
    char ref[64];
    (void)snprintf(ref, sizeof ref, "%s", text_of(waiting, "event"));
    assert_true(is_true(waiting, "pending"));
    assert_int_equal(minor(waiting, "waits"), 2000);
    assert_int_equal(minor(waiting, "balance"), 4000);
    (void)chain_spend_refused(chain, A, "balance", card, 4001);
    (void)chain_level(chain);
    const json_t *of_a = row_of(chain_get(chain, OFFICE, "/v1/quotas"), chain, A);
    assert_int_equal(minor(of_a, "principal"), 5000);
    assert_int_equal(minor(of_a, "minted_principal"), 4000);
    assert_int_equal(minor(of_a, "waiting_principal"), 2000);
    const json_t *mint = row_of(chain_get(chain, OFFICE, "/v1/mints"), chain, A);
    assert_string_equal(text_of(mint, "mint"), ref);
    assert_string_equal(text_of(mint, "waits_for"), "office");
    (void)chain_refused(chain, B, "role", "/v1/mints", "{\"mint\":\"%s\"}", ref);
    (void)chain_refused(chain, OFFICE, "unknown_mint", "/v1/mints", "{\"mint\":\"1.1-1-0\"}");

    /* The branch is down while the office approves, twice. */
    chain_halt(chain, A);
    assert_true(
        is_true(chain_post(chain, OFFICE, "/v1/mints", "{\"mint\":\"%s\"}", ref), "changed"));
    assert_false(
        is_true(chain_post(chain, OFFICE, "/v1/mints", "{\"mint\":\"%s\"}", ref), "changed"));
    mint = row_of(chain_get(chain, OFFICE, "/v1/mints"), chain, A);
    assert_string_equal(text_of(mint, "waits_for"), "branch");
    chain_restart(chain, A);
    wait_for_balance(chain, A, id, 6000);
    (void)chain_spend(chain, A, card, 5500);
    (void)chain_level(chain);
    wait_for_balance(chain, OFFICE, id, 500);
    assert_int_equal(json_array_size(rows_of(chain_get(chain, OFFICE, "/v1/mints"))), 0);
}

static void quota_a_branch_that_may_not_wait_is_refused(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char branch[16];
    branch_text(chain, B, branch);
    chain_card(chain, B, 1, id, card);
    const char *const quota[] = {"quota", "set",      "--bucket", "principal", "--amount",
                                 "50.00", "--branch", branch,     NULL};
    const char *const off[] = {"limits", "set", "--pending-mints", "off", "--branch", branch, NULL};
    tally_says(chain, quota, "Set.");
    tally_says(chain, off, "Set.");
    (void)chain_refused(chain, B, "quota", "/v1/topups",
                        "{\"card\":\"%s\",\"amount\":{\"minor\":5001,\"currency\":\"USD\"}}", card);
    (void)chain_top_up(chain, B, card, 5000);
}

static void suspend_nobody_moves_rights_to_the_branch_until_it_is_resumed(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char branch[16];
    branch_text(chain, A, branch);
    const char *const suspend[] = {"branch", "suspend", branch, "--reason", "examined", NULL};
    const char *const resume[] = {"branch", "resume", branch, NULL};
    chain_card(chain, B, 1, id, card);
    (void)chain_top_up(chain, B, card, 3000);
    (void)chain_level(chain);
    tally_says(chain, suspend, "Suspended.");
    tally_says(chain, suspend, "Nothing was changed.");
    assert_true(is_true(row_of(chain_get(chain, B, "/v1/branches"), chain, A), "suspended"));
    (void)chain_refused(chain, B, "suspended", "/v1/moves",
                        "{\"card\":\"%s\",\"branch\":%s,\"amount\":"
                        "{\"minor\":100,\"currency\":\"USD\"}}",
                        card, branch);
    (void)chain_spend_refused(chain, A, "rights", card, 100);
    (void)chain_refused(chain, OFFICE, "self", "/v1/suspensions",
                        "{\"branch\":%u,\"suspended\":true}",
                        (unsigned)chain->nodes[OFFICE].branch);
    tally_says(chain, resume, "Resumed.");
    tally_says(chain, resume, "Nothing was changed.");
    (void)chain_spend(chain, A, card, 100);
}

static void unwitnessed_money_waits_for_the_office_where_the_limit_is_none(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char branch[16];
    branch_text(chain, B, branch);
    const char *const none[] = {"limits", "set", "--unwitnessed", "0.00", "--branch", branch, NULL};
    chain_card(chain, A, 1, id, card);
    (void)chain_top_up(chain, A, card, 3000);
    tally_says(chain, none, "Set.");
    const json_t *of_b = row_of(chain_get(chain, B, "/v1/limits"), chain, B);
    assert_int_equal(minor(of_b, "unwitnessed"), 0);
    assert_int_equal(minor(chain_get(chain, B, "/v1/limits"), "unwitnessed"), 50000);

    chain_cut(chain, OFFICE);
    (void)chain_move(chain, A, card, B, 1000);
    (void)chain_spend_refused(chain, B, "unwitnessed", card, 700);
    chain_heal(chain, OFFICE);
    (void)chain_level(chain);
    for (int i = 0; i < WAITS; i++) {
        struct reply reply = chain_call(chain, B, "POST", "/v1/spends", NULL,
                                        "{\"card\":\"%s\",\"amount\":"
                                        "{\"minor\":700,\"currency\":\"USD\"}}",
                                        card);
        if (reply.http == 201) {
            (void)chain_level(chain);
            assert_true(number_of(chain_get(chain, A, "/v1/node"), "checkpoint_seq") > 0);
            return;
        }
        assert_string_equal(text_of(reply.json, "code"), "unwitnessed");
        (void)usleep(PAUSE_US);
    }
    fail_msg("no checkpoint frees the money");
}

static void
lease_a_branch_away_for_longer_sells_nothing_until_it_hears_from_the_office(void **state)
{
    struct chain *chain = *state;
    char id[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, id, card);
    (void)chain_top_up(chain, A, card, 3000);
    (void)chain_level(chain);
    const json_t *node = chain_get(chain, A, "/v1/node");
    assert_int_equal(number_of(node, "lease_days_left"), 6); /* whole days of seven */
    assert_false(is_true(node, "lease_over"));

    chain_cut(chain, A);
    chain_halt(chain, A);
    shift_clocks(8LL * DAY_S);
    chain_restart(chain, A);
    assert_true(is_true(chain_get(chain, A, "/v1/node"), "lease_over"));
    (void)chain_spend_refused(chain, A, "lease", card, 100);
    chain_heal(chain, A);
    (void)chain_level(chain);
    for (int i = 0; i < WAITS && is_true(chain_get(chain, A, "/v1/node"), "lease_over"); i++) {
        (void)usleep(PAUSE_US);
    }
    (void)chain_spend(chain, A, card, 100);
    assert_int_equal(number_of(chain_get(chain, A, "/v1/node"), "lease_days_left"), 6);
}

static int setup(void **state)
{
    (void)snprintf(clock_file, sizeof clock_file, "%s/clock-%d", TALLY_BINARY_DIR, (int)getpid());
    shift_clocks(0);
    assert_int_equal(setenv("TALLY_CLOCK", clock_file, 1), 0);
    assert_int_equal(setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0), 0);
    assert_int_equal(setenv("LD_PRELOAD", TALLY_BINARY_DIR "/libclock_shim.so", 1), 0);
    return chain_group_setup(state);
}

static int teardown(void **state)
{
    int failed = chain_group_teardown(state);
    (void)unsetenv("LD_PRELOAD");
    (void)unlink(clock_file);
    return failed;
}

#define TEST(name) cmocka_unit_test_teardown(name, chain_test_teardown)

/* The quotas are set last: they stay. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(suspend_nobody_moves_rights_to_the_branch_until_it_is_resumed),
        TEST(unwitnessed_money_waits_for_the_office_where_the_limit_is_none),
        TEST(lease_a_branch_away_for_longer_sells_nothing_until_it_hears_from_the_office),
        TEST(quota_a_top_up_above_it_waits_and_is_used_once_approved_and_released_after_a_restart),
        TEST(quota_a_branch_that_may_not_wait_is_refused),
    };
    return cmocka_run_group_tests_name("limits", tests, setup, teardown);
}
