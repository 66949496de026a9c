/* J6, the authority's key: requested at the office, certified by the root on another machine,
 * installed, and followed by every node. */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct papers {
    char request[CHAIN_PATH_SIZE + 32];
    char certificate[CHAIN_PATH_SIZE + 32];
    char root[CHAIN_PATH_SIZE + 32];
};

static void papers_of(const struct chain *chain, const char *name, struct papers *papers)
{
    (void)snprintf(papers->request, sizeof papers->request, "%s/%s-request.json", chain->dir, name);
    (void)snprintf(papers->certificate, sizeof papers->certificate, "%s/%s-certificate.json",
                   chain->dir, name);
    (void)snprintf(papers->root, sizeof papers->root, "%s/root.key", chain->nodes[OFFICE].dir);
}

static void __attribute__((format(printf, 1, 2))) shell(const char *format, ...)
{
    char command[4 * CHAIN_PATH_SIZE];
    va_list rest;
    va_start(rest, format);
    int size = vsnprintf(command, sizeof command, format, rest);
    va_end(rest);
    assert_in_range(size, 1, (int)sizeof command - 1);
    int code = system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own words */
    assert_int_equal(code, 0);
}

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

static void request(struct chain *chain, const struct papers *papers)
{
    (void)chain_tally(chain, OFFICE,
                      (const char *const[]){"authority", "request", papers->request, NULL});
}

static void sign(struct chain *chain, const struct papers *papers)
{
    (void)chain_tally(chain, OFFICE,
                      (const char *const[]){"authority", "sign", papers->request,
                                            papers->certificate, "--root-key", papers->root, NULL});
}

static void install(struct chain *chain, const struct papers *papers)
{
    (void)chain_tally(chain, OFFICE,
                      (const char *const[]){"authority", "install", papers->certificate, NULL});
}

static json_int_t epoch_at(struct chain *chain, size_t node)
{
    return number_of(chain_get(chain, node, "/v1/node"), "auth_epoch");
}

/* Something that only the authority can say. */
static void publish(struct chain *chain, const char *name)
{
    (void)chain_tally(chain, OFFICE, (const char *const[]){"product", "publish", name, NULL});
}

static void authority_every_node_follows_the_office_to_a_key_that_the_root_certified(void **state)
{
    struct chain *chain = *state;
    struct papers papers;
    papers_of(chain, "plain", &papers);
    json_int_t before = epoch_at(chain, A);
    request(chain, &papers);
    refused(chain,
            (const char *const[]){"authority", "install", papers.request, "--dir",
                                  chain->nodes[OFFICE].dir, NULL},
            "Stop the node first");
    sign(chain, &papers);
    chain_halt(chain, OFFICE);
    refused(chain,
            (const char *const[]){"authority", "install", papers.request, "--dir",
                                  chain->nodes[OFFICE].dir, NULL},
            "did not sign");
    install(chain, &papers);
    install(chain, &papers); /* said again: nothing changes */
    chain_restart(chain, OFFICE);
    publish(chain, "Second");
    (void)chain_level(chain);
    for (size_t i = 0; i < chain->count; i++) {
        assert_int_equal(epoch_at(chain, i), before + 1);
    }
    /* A certificate counts once. */
    chain_halt(chain, OFFICE);
    struct papers again;
    papers_of(chain, "again", &again);
    chain_restart(chain, OFFICE);
    request(chain, &again);
    sign(chain, &again);
    chain_halt(chain, OFFICE);
    install(chain, &again);
    refused(chain,
            (const char *const[]){"authority", "install", papers.certificate, "--dir",
                                  chain->nodes[OFFICE].dir, NULL},
            "another key");
    chain_restart(chain, OFFICE);
    publish(chain, "Third");
    (void)chain_level(chain);
    assert_int_equal(epoch_at(chain, B), before + 2);
    /* And whoever reads a journal from the start sees each key in its time. */
    chain_halt(chain, A);
    const char *verified = chain_tally(chain, A, (const char *const[]){"verify", NULL});
    assert_non_null(strstr(verified, "Every block is linked"));
    chain_restart(chain, A);
}

static void authority_an_interrupted_installation_is_finished_by_the_next_start(void **state)
{
    struct chain *chain = *state;
    struct papers papers;
    papers_of(chain, "torn", &papers);
    const char *office = chain->nodes[OFFICE].dir;
    json_int_t before = epoch_at(chain, OFFICE);
    request(chain, &papers);
    sign(chain, &papers);
    chain_halt(chain, OFFICE);
    shell("cp '%s/keys/authority.key' '%s/keys/old.key'", office, office);
    install(chain, &papers);
    /* As if the machine had stopped after the block and before the key was put in its place. */
    shell("mv '%s/keys/authority.key' '%s/keys/authority.next.key'", office, office);
    shell("cp '%s/keys/old.key' '%s/keys/authority.key'", office, office);
    chain_restart(chain, OFFICE);
    publish(chain, "Fourth");
    (void)chain_level(chain);
    assert_int_equal(epoch_at(chain, B), before + 1);
    /* With the old key alone the office does not start: its word would count nowhere. */
    chain_halt(chain, OFFICE);
    shell("mv '%s/keys/authority.key' '%s/keys/new.key'", office, office);
    shell("mv '%s/keys/old.key' '%s/keys/authority.key'", office, office);
    refused(chain, (const char *const[]){"authority", "request", "x", "--dir", office, NULL}, "");
    const char *const words[] = {chain->tallyd, "--dir", office, NULL};
    static char output[CHAIN_OUTPUT_SIZE];
    struct explanation explanation = {""};
    assert_int_not_equal(daemon_call(words, output, sizeof output, &explanation), STATUS_OK);
    shell("mv '%s/keys/new.key' '%s/keys/authority.key'", office, office);
    chain_restart(chain, OFFICE);
}

static void authority_a_certificate_that_was_changed_is_refused(void **state)
{
    struct chain *chain = *state;
    struct papers papers;
    papers_of(chain, "forged", &papers);
    request(chain, &papers);
    sign(chain, &papers);
    shell("sed -i 's/\"until\": \"20/\"until\": \"21/' '%s' && grep -q '\"until\": \"21' '%s'",
          papers.certificate, papers.certificate);
    chain_halt(chain, OFFICE);
    refused(chain,
            (const char *const[]){"authority", "install", papers.certificate, "--dir",
                                  chain->nodes[OFFICE].dir, NULL},
            "did not sign");
    chain_restart(chain, OFFICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            authority_every_node_follows_the_office_to_a_key_that_the_root_certified,
            chain_test_teardown),
        cmocka_unit_test_teardown(
            authority_an_interrupted_installation_is_finished_by_the_next_start,
            chain_test_teardown),
        cmocka_unit_test_teardown(authority_a_certificate_that_was_changed_is_refused,
                                  chain_test_teardown),
    };
    return cmocka_run_group_tests(tests, chain_group_setup, chain_group_teardown);
}
