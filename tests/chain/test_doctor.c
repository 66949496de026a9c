/* `tally node doctor`: each trouble is found, named, and comes with what to do. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What it says, whatever its exit code; `*well`: it was 0. */
static json_t *doctor(struct chain *chain, size_t node, const char *backup, bool *well)
{
    static char output[CHAIN_OUTPUT_SIZE];
    char command[4 * CHAIN_PATH_SIZE];
    int size = snprintf(
        command, sizeof command, "'%s' node doctor --json --dir '%s'%s%s 2>/dev/null", chain->tally,
        chain->nodes[node].dir, backup == NULL ? "" : " --backup ", backup == NULL ? "" : backup);
    assert_in_range(size, 1, (int)sizeof command - 1);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): our own words */
    assert_non_null(pipe);
    size_t got = fread(output, 1, sizeof output - 1, pipe);
    output[got] = '\0';
    *well = pclose(pipe) == 0;
    json_t *list = json_loads(output, 0, NULL);
    assert_true(json_is_array(list));
    json_array_append_new(chain->kept, list);
    return list;
}

/* Of the check of that name: "good", "BAD", or "" if it was not made. A bad one says what to do. */
static const char *state_of(const json_t *list, const char *check)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (strcmp(text_of(row, "check"), check) == 0) {
            const char *state = text_of(row, "state");
            assert_true(strcmp(state, "good") == 0 || strlen(text_of(row, "remedy")) > 0);
            return state;
        }
    }
    return "";
}

static void a_node_that_is_well_is_told_so_check_by_check(void **state)
{
    struct chain *chain = *state;
    bool well = false;
    const json_t *list = doctor(chain, A, NULL, &well);
    static const char *const checks[] = {"ready",        "own journal",   "peers",     "clock",
                                         "unreplicated", "authority key", "disk space"};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        assert_string_equal(state_of(list, checks[i]), "good");
    }
    assert_string_equal(state_of(list, "backup"), ""); /* nobody asked */
}

static void a_node_that_is_cut_off_hears_that_nobody_is_there(void **state)
{
    struct chain *chain = *state;
    bool well = true;
    chain_cut(chain, A);
    chain_wait_peers(chain, A, 0);
    const json_t *list = doctor(chain, A, NULL, &well);
    assert_false(well);
    assert_string_equal(state_of(list, "peers"), "BAD");
    assert_string_equal(state_of(list, "ready"), "good"); /* it goes on selling */
}

static void a_node_that_does_not_run_is_looked_at_all_the_same(void **state)
{
    struct chain *chain = *state;
    bool well = true;
    chain_halt(chain, A);
    const json_t *list = doctor(chain, A, NULL, &well);
    assert_false(well);
    assert_string_equal(state_of(list, "node"), "BAD");
    assert_string_equal(state_of(list, "disk space"), "good");
    chain_restart(chain, A);
}

static void a_backup_that_is_missing_or_damaged_is_found(void **state)
{
    struct chain *chain = *state;
    char folder[CHAIN_PATH_SIZE + 16];
    char path[CHAIN_PATH_SIZE + 64];
    bool well = true;
    (void)snprintf(folder, sizeof folder, "%s/kept", chain->dir);
    assert_string_equal(state_of(doctor(chain, A, folder, &well), "backup"), "BAD");
    assert_false(well);
    (void)chain_tally(
        chain, A,
        (const char *const[]){"node", "backup", folder, "--recovery-key",
                              "00000000000000000000000000000000000000000000000000000000000000ff",
                              NULL});
    assert_string_equal(state_of(doctor(chain, A, folder, &well), "backup"), "good");
    (void)snprintf(path, sizeof path, "%s/0000000001.tally", folder);
    assert_int_equal(truncate(path, 1000), 0);
    assert_string_equal(state_of(doctor(chain, A, folder, &well), "backup"), "BAD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_node_that_is_well_is_told_so_check_by_check,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(a_node_that_is_cut_off_hears_that_nobody_is_there,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(a_node_that_does_not_run_is_looked_at_all_the_same,
                                  chain_test_teardown),
        cmocka_unit_test_teardown(a_backup_that_is_missing_or_damaged_is_found,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
