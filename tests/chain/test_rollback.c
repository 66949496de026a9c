/* H2: a branch whose disk is an older copy of itself writes nothing once anybody shows it. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPENDS = 5 };

static void shell(const char *command)
{
    int code = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own words */
    assert_int_equal(code, 0);
}

static void copy_folder(const char *from, const char *to)
{
    char command[2 * CHAIN_PATH_SIZE + 64];
    int size = snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    assert_in_range(size, 1, (int)sizeof command - 1);
    shell(command);
}

static bool is_read_only(struct chain *chain, size_t node)
{
    return json_is_true(json_object_get(chain_get(chain, node, "/v1/node"), "read_only"));
}

/* The copy goes as far as the original had gone, alone, before it meets anybody: its journal is as
 * long as theirs, and another one. */
static void a_restored_copy_with_a_head_as_high_as_the_chains_stops_at_contact(void **state)
{
    struct chain *chain = *state;
    char account[CHAIN_ID_SIZE];
    char card[CHAIN_CARD_SIZE];
    chain_card(chain, A, 1, account, card);
    (void)chain_top_up(chain, A, card, 100000);
    (void)chain_level(chain);
    chain_halt(chain, A);
    char copy[CHAIN_PATH_SIZE + 8];
    (void)snprintf(copy, sizeof copy, "%s.copy", chain->nodes[A].dir);
    copy_folder(chain->nodes[A].dir, copy);
    chain_restart(chain, A);
    for (int i = 0; i < SPENDS; i++) {
        (void)chain_spend(chain, A, card, 1000);
    }
    (void)chain_level(chain);
    chain_halt(chain, A);
    copy_folder(copy, chain->nodes[A].dir);
    chain_cut(chain, A);
    chain_restart(chain, A);
    for (int i = 0; i < SPENDS; i++) {
        (void)chain_spend(chain, A, card, 2000); /* nobody is there to know better */
    }
    chain_heal(chain, A);
    for (int i = 0; i < 200 && !is_read_only(chain, A); i++) {
        (void)usleep(50000);
        chain_forget(chain);
    }
    assert_true(is_read_only(chain, A));
    (void)chain_spend_refused(chain, A, "read_only", card, 1000);
    /* And the next start will know: the mark that money waits is on the disk. */
    char mark[CHAIN_PATH_SIZE + 16];
    (void)snprintf(mark, sizeof mark, "%s/unconfirmed", chain->nodes[A].dir);
    assert_int_equal(access(mark, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restored_copy_with_a_head_as_high_as_the_chains_stops_at_contact),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
