/* X12, U8, S4, S5: two machines write in one journal, and everybody who is connected comes to hold
 * the proof. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SALES = 4,
    BONUS = 6000,                 /* of a top-up of 300.00 or more */
    PROVED_US = 30 * 1000 * 1000, /* X12: within 30 s of the first contact */
    LOOK_US = 50 * 1000,
};

static const json_t *proof_at(struct chain *chain, size_t node)
{
    const json_t *rows = json_object_get(chain_get(chain, node, "/v1/node"), "quarantined");
    assert_true(json_is_array(rows));
    return json_array_get(rows, 0);
}

static bool is_read_only(struct chain *chain, size_t node)
{
    return json_is_true(json_object_get(chain_get(chain, node, "/v1/node"), "read_only"));
}

static const json_t *wait_for_proof(struct chain *chain, size_t node, uint64_t since_us)
{
    for (const json_t *proof = NULL;;) {
        chain_forget(chain);
        proof = proof_at(chain, node);
        if (proof != NULL) {
            return proof;
        }
        if (chain_now_us() - since_us > PROVED_US) {
            fail_msg("Node %zu has no proof 30 s after the first contact.", node);
        }
        (void)usleep(LOOK_US);
    }
}

static const json_t *block_of(const json_t *proof, size_t number)
{
    return json_array_get(json_object_get(proof, "blocks"), number);
}

static bool has_line(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

/* The row of a branch in the list of another node. */
static const json_t *branch_row(struct chain *chain, size_t at, uint32_t branch)
{
    const json_t *rows = rows_of(chain_get(chain, at, "/v1/branches"));
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        found = (uint32_t)number_of(row, "branch") == branch ? row : found;
    }
    assert_non_null(found);
    return found;
}

struct scene {
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char other_account[CHAIN_ID_SIZE];
    char other_card[CHAIN_CARD_SIZE];
    size_t clone;
    uint64_t met_us;
};

/* Yesterday's data directory of A is started beside today's A, sells to a customer who comes by,
 * and then finds the office. */
static void yesterday_beside_today(struct chain *chain, struct scene *scene)
{
    chain_card(chain, A, 1, scene->account, scene->card);
    chain_card(chain, B, 1, scene->other_account, scene->other_card);
    (void)chain_top_up(chain, A, scene->card, 100000);
    (void)chain_top_up(chain, B, scene->other_card, 50000);
    (void)chain_level(chain);
    char copy[CHAIN_PATH_SIZE + 16];
    (void)snprintf(copy, sizeof copy, "%s.yesterday", chain->nodes[A].dir);
    chain_halt(chain, A);
    chain_copy(chain->nodes[A].dir, copy);
    chain_restart(chain, A);
    for (int i = 0; i < SALES; i++) {
        (void)chain_spend(chain, A, scene->card, 1000);
    }
    (void)chain_level(chain);
    scene->clone = chain_clone(chain, A, copy);
    for (int i = 0; i < SALES; i++) {
        (void)chain_spend(chain, scene->clone, scene->card, 2000); /* nobody knows better */
    }
    scene->met_us = chain_now_us();
    chain_clone_meets(chain, scene->clone);
}

static struct scene scene;

static void
x12_yesterdays_copy_beside_todays_node_is_proved_at_every_connected_node_within_30_s(void **state)
{
    struct chain *chain = *state;
    yesterday_beside_today(chain, &scene);
    char blocks[2][80];
    for (size_t node = OFFICE; node <= B; node++) {
        const json_t *proof = wait_for_proof(chain, node, scene.met_us);
        assert_int_equal(number_of(proof, "branch"), chain->nodes[A].branch);
        for (size_t k = 0; k < 2; k++) {
            const char *id = json_string_value(block_of(proof, k));
            assert_non_null(id);
            assert_int_equal(strlen(id), 64);
            if (node == OFFICE) {
                (void)snprintf(blocks[k], sizeof blocks[k], "%s", id);
            }
        }
        /* Everybody shows the same two blocks. */
        const char *first = json_string_value(block_of(proof, 0));
        const char *second = json_string_value(block_of(proof, 1));
        assert_true((strcmp(first, blocks[0]) == 0 && strcmp(second, blocks[1]) == 0) ||
                    (strcmp(first, blocks[1]) == 0 && strcmp(second, blocks[0]) == 0));
        assert_true(number_of(proof, "seq") > 0);
    }
    (void)wait_for_proof(chain, scene.clone, scene.met_us);
    print_message("           everywhere %.1f s after the clone was started\n",
                  (double)(chain_now_us() - scene.met_us) / 1e6);
}

static void u8_a_doubled_journal_is_in_quarantine_and_both_machines_sell_nothing(void **state)
{
    struct chain *chain = *state;
    assert_true(is_read_only(chain, A));
    assert_true(is_read_only(chain, scene.clone));
    (void)chain_spend_refused(chain, A, "read_only", scene.card, 1000);
    (void)chain_spend_refused(chain, scene.clone, "read_only", scene.card, 1000);
    assert_true(
        json_is_true(json_object_get(branch_row(chain, OFFICE, chain->nodes[A].branch), "frozen")));
    assert_true(
        json_is_true(json_object_get(branch_row(chain, B, chain->nodes[A].branch), "frozen")));
    assert_true(json_is_false(
        json_object_get(branch_row(chain, OFFICE, chain->nodes[B].branch), "frozen")));
    /* No other branch is touched. */
    (void)chain_spend(chain, B, scene.other_card, 100);
    (void)chain_spend(chain, OFFICE, scene.other_card, 100);
    const char *const words[] = {"node", "status", NULL};
    const char *text = chain_tally(chain, B, words);
    assert_true(has_line(text, "In quarantine"));
    assert_true(has_line(text, "tally branch resolve"));
}

static void u8_the_proof_is_written_down_and_outlives_a_restart(void **state)
{
    struct chain *chain = *state;
    bool written = false;
    for (int i = 0; i < 200 && !written; i++) {
        chain_forget(chain);
        const json_t *feed = rows_of(chain_get(chain, B, "/v1/feed?limit=200"));
        for (size_t k = 0; k < json_array_size(feed); k++) {
            const json_t *row = json_array_get(feed, k);
            written = written || (strcmp(text_of(row, "type"), "journal_fork") == 0 &&
                                  strcmp(text_of(row, "verdict"), "valid") == 0);
        }
        (void)usleep(LOOK_US);
    }
    assert_true(written);
    chain_halt(chain, B);
    chain_restart(chain, B);
    assert_non_null(proof_at(chain, B));
    chain_halt(chain, A);
    chain_spawn(chain, A);
    struct reply reply = {0};
    for (int i = 0; i < 200 && reply.http == 0; i++) {
        reply = chain_call(chain, A, "GET", "/v1/node", NULL, NULL);
        (void)usleep(LOOK_US);
    }
    assert_true(is_read_only(chain, A));
    (void)chain_spend_refused(chain, A, "read_only", scene.card, 1000);
}

/* One command at the office ends the quarantine: what it holds of the journal stands everywhere,
 * the customer's money is there, and the branch opens anew. */
static void one_command_resolves_the_fork_and_the_branch_sells_again(void **state)
{
    static char output[CHAIN_OUTPUT_SIZE];
    struct chain *chain = *state;
    char branch[16];
    (void)snprintf(branch, sizeof branch, "%" PRIu32, chain->nodes[A].branch);
    const char *const words[] = {"branch", "resolve", branch, NULL};
    assert_true(has_line(chain_tally(chain, OFFICE, words), "stands up to block"));
    (void)chain_tally(chain, OFFICE, words); /* said again it changes nothing */
    (void)chain_refused(chain, OFFICE, "not_forked", "/v1/retirements",
                        "{\"branch\":%" PRIu32 ",\"kind\":\"forked\"}", chain->nodes[B].branch);
    for (int i = 0;
         i < 400 && (proof_at(chain, B) != NULL || proof_at(chain, OFFICE) != NULL ||
                     minor(branch_row(chain, OFFICE, chain->nodes[A].branch), "left") > 0);
         i++) {
        chain_forget(chain);
        (void)usleep(LOOK_US);
    }
    assert_null(proof_at(chain, B));
    assert_null(proof_at(chain, OFFICE));
    chain_halt(chain, scene.clone);
    chain_halt(chain, A);
    (void)chain_level(chain);
    chain_enrol_again(chain, A, output);
    (void)chain_level(chain);
    /* 1000.00 and the bonus, less four sales of 10.00; the clone's were taken by nobody. */
    const json_t *view = chain_get(chain, B, "/v1/accounts/%s", scene.account);
    int64_t left = minor(view, "principal") + minor(view, "bonus");
    assert_int_equal(left, BONUS + 100000 - SALES * 1000);
    struct reply sold = {0};
    for (int i = 0; i < 20 && sold.http != 201; i++) {
        chain_forget(chain);
        sold = chain_call(chain, A, "POST", "/v1/spends", NULL,
                          "{\"card\":\"%s\",\"amount\":{\"minor\":5000,\"currency\":\"USD\"},"
                          "\"wait_ms\":5000}",
                          scene.card);
        (void)usleep(sold.http == 201 ? 0 : 500000);
    }
    assert_int_equal(sold.http, 201);
    (void)chain_level(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            x12_yesterdays_copy_beside_todays_node_is_proved_at_every_connected_node_within_30_s),
        cmocka_unit_test(u8_a_doubled_journal_is_in_quarantine_and_both_machines_sell_nothing),
        cmocka_unit_test(u8_the_proof_is_written_down_and_outlives_a_restart),
        cmocka_unit_test(one_command_resolves_the_fork_and_the_branch_sells_again),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
