/* C67: backups that are whole, sealed, replayed, and restored as a new incarnation. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SPENDS = 40,
    FLIPS = 100,
    FILE_ROOM = 4 * 1024 * 1024,
};

struct place {
    char folder[CHAIN_PATH_SIZE + 16];
    char key[CHAIN_PATH_SIZE + 16];
    char public_key[CHAIN_PATH_SIZE + 24];
};

static void place_make(struct chain *chain, const char *name, struct place *place)
{
    (void)snprintf(place->folder, sizeof place->folder, "%s/%s", chain->dir, name);
    (void)snprintf(place->key, sizeof place->key, "%s/%s.key", chain->dir, name);
    (void)snprintf(place->public_key, sizeof place->public_key, "%s.pub", place->key);
    (void)chain_tally(chain, A, (const char *const[]){"recovery-key", "new", place->key, NULL});
}

/* What `node backup` prints, as JSON, released with the chain. */
static json_t *backup(struct chain *chain, size_t node, const struct place *place)
{
    const char *text =
        chain_tally(chain, node,
                    (const char *const[]){"node", "backup", place->folder, "--recovery-key",
                                          place->public_key, "--json", NULL});
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    json_array_append_new(chain->kept, answer);
    return answer;
}

static json_t *verify(struct chain *chain, const struct place *place)
{
    const char *text =
        chain_tally(chain, A,
                    (const char *const[]){"backup", "verify", place->folder, "--recovery-key-file",
                                          place->key, "--json", NULL});
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    json_array_append_new(chain->kept, answer);
    return answer;
}

/* The words must be refused, with this in what is said. */
static void refused(const struct chain *chain, const char *const *words, const char *because)
{
    const char *arguments[DAEMON_ARGUMENTS_MAX] = {chain->tally};
    static char output[CHAIN_OUTPUT_SIZE];
    struct explanation explanation = {""};
    for (size_t i = 0; words[i] != NULL; i++) {
        arguments[i + 1] = words[i];
    }
    assert_int_not_equal(daemon_call(arguments, output, sizeof output, &explanation), STATUS_OK);
    if (strstr(explanation.text, because) == NULL && strstr(output, because) == NULL) {
        fail_msg("\"%s\" does not stand in: %s %s", because, explanation.text, output);
    }
}

static void c67_a_backup_of_a_running_node_is_whole_and_replays_to_the_nodes_own_state(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    struct place place;
    place_make(chain, "hot", &place);
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 100000);
    const json_t *first = backup(chain, A, &place);
    assert_true(number_of(first, "new_blocks") > 0);
    for (int i = 0; i < SPENDS; i++) {
        (void)chain_spend(chain, A, card, 100);
    }
    const json_t *second = backup(chain, A, &place);
    assert_int_equal(number_of(second, "blocks"),
                     number_of(first, "blocks") + number_of(second, "new_blocks"));
    assert_true(number_of(second, "events") >= number_of(first, "events") + SPENDS);
    const json_t *third = backup(chain, A, &place);
    assert_int_equal(number_of(third, "new_blocks"), 0);
    const json_t *checked = verify(chain, &place);
    assert_int_equal(number_of(checked, "archives"), 2);
    assert_int_equal(number_of(checked, "blocks"), number_of(second, "blocks"));
    assert_int_equal(number_of(checked, "events"), number_of(second, "events"));
    assert_true(json_is_true(json_object_get(checked, "replayed")));
    /* Another node's blocks do not get into the same folder. */
    refused(chain,
            (const char *const[]){"node", "backup", place.folder, "--recovery-key",
                                  place.public_key, "--dir", chain->nodes[B].dir, NULL},
            "Choose another folder");
}

static size_t file_load(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, FILE_ROOM, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 1, FILE_ROOM - 1);
    return size;
}

static void file_store(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void c67_one_bit_flipped_anywhere_in_a_backup_is_found_and_the_file_named(void **state)
{
    struct chain *chain = *state;
    struct place place;
    char path[CHAIN_PATH_SIZE + 48];
    uint8_t *bytes = malloc(FILE_ROOM);
    assert_non_null(bytes);
    place_make(chain, "flips", &place);
    (void)backup(chain, A, &place);
    (void)snprintf(path, sizeof path, "%s/0000000001.tally", place.folder);
    size_t size = file_load(path, bytes);
    for (size_t i = 0; i < FLIPS; i++) {
        size_t at = i * size / FLIPS;
        bytes[at] ^= (uint8_t)(1U << (i % 8));
        file_store(path, bytes, size);
        refused(chain, (const char *const[]){"backup", "verify", place.folder, NULL},
                "0000000001.tally");
        bytes[at] ^= (uint8_t)(1U << (i % 8));
    }
    for (size_t i = 1; i <= 20; i++) { /* and cut anywhere */
        file_store(path, bytes, size - i * size / 21);
        refused(chain, (const char *const[]){"backup", "verify", place.folder, NULL},
                "0000000001.tally");
    }
    file_store(path, bytes, size);
    (void)verify(chain, &place);
    /* A file of the middle that is missing is found too. */
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)backup(chain, A, &place);
    assert_int_equal(unlink(path), 0);
    refused(chain, (const char *const[]){"backup", "verify", place.folder, NULL}, "missing");
    free(bytes);
}

static void c67_nobody_without_the_recovery_key_reads_a_backup(void **state)
{
    struct chain *chain = *state;
    struct place place;
    struct place other;
    place_make(chain, "sealed", &place);
    place_make(chain, "other", &other);
    (void)backup(chain, A, &place);
    refused(chain,
            (const char *const[]){"backup", "verify", place.folder, "--recovery-key-file",
                                  other.key, NULL},
            "another recovery key");
}

static void remove_folder(const char *path)
{
    char command[CHAIN_PATH_SIZE + 32];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", path);
    int code = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own words */
    assert_int_equal(code, 0);
}

/* The branch is alone, sells, is backed up, and burns down: what nobody else has seen comes back
 * with the backup, under a new incarnation, and counts. */
static void
c67_a_restored_branch_brings_back_what_nobody_else_had_and_begins_a_new_journal(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    char branch[16];
    char listen[64];
    struct place place;
    place_make(chain, "fire", &place);
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 10000);
    (void)chain_level(chain);
    chain_cut(chain, A);
    (void)chain_spend(chain, A, card, 2500);
    (void)backup(chain, A, &place);
    chain_kill(chain, A);
    remove_folder(chain->nodes[A].dir);
    (void)snprintf(branch, sizeof branch, "%u", (unsigned)chain->nodes[A].branch);
    (void)chain_tally(chain, OFFICE,
                      (const char *const[]){"branch", "retire", branch, "--kind", "lost", NULL});
    const char *text = chain_tally(
        chain, OFFICE,
        (const char *const[]){"branch", "invite", "Branch A", "--branch", branch, "--json", NULL});
    json_t *invitation = json_loads(text, 0, NULL);
    assert_non_null(invitation);
    json_array_append_new(chain->kept, invitation);
    chain_heal(chain, A);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", chain->nodes[A].api_port);
    const char *const words[] = {"node",
                                 "restore",
                                 place.folder,
                                 "--invitation",
                                 text_of(invitation, "token"),
                                 "--recovery-key-file",
                                 place.key,
                                 "--listen",
                                 listen,
                                 NULL};
    (void)chain_tally(chain, A, words);
    (void)chain_tally(chain, A, words); /* said again: nothing changes */
    chain_adopt(chain, A);
    (void)chain_level(chain);
    const json_t *node = chain_get(chain, A, "/v1/node");
    const char *journal = text_of(node, "journal");
    assert_non_null(strchr(journal, '.'));
    assert_int_not_equal(atoi(strchr(journal, '.') + 1), 1);
    /* The sale that only the backup had counts everywhere: 120.00 with the bonus, less 25.00. */
    const json_t *there = chain_get(chain, B, "/v1/accounts/%s", account);
    assert_int_equal(minor(there, "balance"), 10000 - 2500);
    for (int i = 0;
         i < 200 && json_is_true(json_object_get(chain_get(chain, OFFICE, "/v1/node"), "settling"));
         i++) {
        (void)usleep(50000);
    }
    chain_wait_peers(chain, A, 1); /* it dials the office only */
    (void)chain_spend(chain, A, card, 7500);
    (void)chain_level(chain);
    chain_forget(chain);
    const json_t *liability = chain_get(chain, OFFICE, "/v1/office/liability");
    const json_t *rows = json_object_get(liability, "entries");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        assert_int_equal(minor(json_array_get(rows, i), "made_good"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            c67_a_backup_of_a_running_node_is_whole_and_replays_to_the_nodes_own_state,
            chain_test_teardown),
        cmocka_unit_test_teardown(
            c67_one_bit_flipped_anywhere_in_a_backup_is_found_and_the_file_named,
            chain_test_teardown),
        cmocka_unit_test_teardown(c67_nobody_without_the_recovery_key_reads_a_backup,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(
            c67_a_restored_branch_brings_back_what_nobody_else_had_and_begins_a_new_journal,
            chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
