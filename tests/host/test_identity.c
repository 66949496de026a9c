#include "identity.h"

#include "hash.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static char folder[SCRATCH_PATH_SIZE];
static const char *path;

static int set_up(void **state)
{
    (void)state;
    scratch_make(folder);
    path = scratch_in(folder, "identity");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static struct identity branch(void)
{
    struct identity identity = {
        .manifest = {0x95, 1, 2},
        .manifest_size = 3,
        .branch = 12,
        .incarnation = 1,
        .roles = ROLE_MINT | ROLE_SELL,
        .name = "\xe5\x8c\x97\xe4\xba\xac = first",
        .database = {7},
        .journal_key = {8},
        .transport_key = {9},
        .office_endpoint = "tcp://office.example:7090",
        .office_transport_key = {10},
    };
    identity.network = hash_network(bytes_of(identity.manifest, identity.manifest_size));
    return identity;
}

static void check_same(const struct identity *a, const struct identity *b)
{
    assert_true(digest_equal(&a->network, &b->network));
    assert_int_equal(a->manifest_size, b->manifest_size);
    assert_memory_equal(a->manifest, b->manifest, a->manifest_size);
    assert_int_equal(a->branch, b->branch);
    assert_int_equal(a->incarnation, b->incarnation);
    assert_int_equal(a->roles, b->roles);
    assert_string_equal(a->name, b->name);
    assert_memory_equal(a->database, b->database, 16);
    assert_memory_equal(a->journal_key, b->journal_key, 32);
    assert_memory_equal(a->transport_key, b->transport_key, 32);
    assert_int_equal(a->has_authority_key, b->has_authority_key);
    assert_memory_equal(a->authority_key, b->authority_key, 32);
    assert_string_equal(a->office_endpoint, b->office_endpoint);
    assert_memory_equal(a->office_transport_key, b->office_transport_key, 32);
}

static void a_branch_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct identity written = branch();
    struct identity found;
    assert_int_equal(identity_write(path, &written, NULL), STATUS_OK);
    assert_int_equal(identity_read(path, &found, NULL), STATUS_OK);
    check_same(&found, &written);
}

static void an_office_has_an_authority_key_and_no_office_above_it(void **state)
{
    (void)state;
    struct identity written = branch();
    struct identity found;
    written.roles = ROLE_OFFICE | ROLE_MINT | ROLE_SELL | ROLE_RELAY;
    written.has_authority_key = true;
    written.authority_key[31] = 3;
    written.office_endpoint[0] = '\0';
    written.office_transport_key[0] = 0;
    assert_int_equal(identity_write(path, &written, NULL), STATUS_OK);
    assert_int_equal(identity_read(path, &found, NULL), STATUS_OK);
    check_same(&found, &written);
}

static void every_field_at_its_longest_fits(void **state)
{
    (void)state;
    struct identity written = branch();
    struct identity found;
    memset(written.name, 'n', sizeof written.name - 1);
    memset(written.office_endpoint, 'e', sizeof written.office_endpoint - 1);
    memset(written.manifest, 0xff, sizeof written.manifest);
    written.manifest_size = sizeof written.manifest;
    written.network = hash_network(bytes_of(written.manifest, written.manifest_size));
    written.branch = BRANCH_NUMBER_MAX;
    written.incarnation = INCARNATION_MAX;
    written.has_authority_key = true;
    assert_int_equal(identity_write(path, &written, NULL), STATUS_OK);
    assert_int_equal(identity_read(path, &found, NULL), STATUS_OK);
    check_same(&found, &written);
}

static void without_an_identity_the_way_to_one_is_named(void **state)
{
    (void)state;
    struct identity found;
    struct explanation why = {0};
    assert_int_equal(identity_read(path, &found, &why), STATUS_NOT_FOUND);
    assert_non_null(strstr(why.text, "tally cluster init"));
}

/* The written text with the first `old` in it replaced; then reading must fail, and say `wanted`.
 */
static void check_refused(const char *old, const char *replacement, const char *wanted)
{
    struct identity written = branch();
    struct identity found = {.branch = 77};
    struct explanation why = {0};
    char changed[8192];
    size_t size = 0;
    assert_int_equal(identity_write(path, &written, NULL), STATUS_OK);
    uint8_t *content = scratch_read(path, &size);
    content[size] = '\0';
    const char *at = strstr((const char *)content, old);
    assert_non_null(at);
    int length = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - (const char *)content),
                          (const char *)content, replacement, at + strlen(old));
    scratch_write(path, changed, (size_t)length);
    free(content);
    assert_int_equal(identity_read(path, &found, &why), STATUS_MALFORMED);
    if (strstr(why.text, wanted) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", wanted, why.text);
    }
    assert_int_equal(found.branch, 77);
}

static void every_wrong_line_is_refused_by_name(void **state)
{
    (void)state;
    check_refused("tally-identity 1", "tally-identity 2", ":1: ");
    check_refused("branch = 12", "branch = 0", ":4: branch must be a number from 1 to 99999");
    check_refused("branch = 12", "branch = 100000", ":4: branch must be");
    check_refused("branch = 12", "branch = 012", ":4: branch must be");
    check_refused("branch = 12", "branch = 12 ", ":4: branch must be");
    check_refused("branch = 12", "branch=12", ":4: no such line");
    check_refused("branch = 12", "branch = 12\nbranch = 12", ":5: branch stands there twice");
    check_refused("branch = 12\n", "", "the line branch is missing");
    check_refused("incarnation = 1", "incarnation = 1000", ":5: incarnation must be");
    check_refused("roles = mint sell", "roles = mint cook", ":6: roles must be some of");
    check_refused("roles = mint sell", "roles = mint mint", ":6: roles must be");
    check_refused("roles = mint sell", "roles = ", ":6: roles must be");
    check_refused("database = 07", "database = 7", ":8: database must be 32 hexadecimal digits");
    check_refused("journal_key = 08", "journal_key = 0g", ":9: journal_key must be");
    check_refused("manifest = 9501", "manifest = 9502", "network is not the name of this manifest");
    check_refused("office_endpoint = tcp://office.example:7090\n", "",
                  "office_endpoint and office_transport_key go together");
    check_refused("name = ", "nickname = ", ":7: no such line in an identity: \"nickname\"");
    check_refused("name = ", "name = \x1b[2J", ":7: name must be");
    check_refused("tally-identity 1\n", "tally-identity 1\n\n", ":2: no such line");
}

static void a_file_cut_short_anywhere_is_refused(void **state)
{
    (void)state;
    struct identity written = branch();
    struct identity found;
    size_t size = 0;
    assert_int_equal(identity_write(path, &written, NULL), STATUS_OK);
    uint8_t *content = scratch_read(path, &size);
    content[size] = '\0';
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write(path, content, cut);
        enum status status = identity_read(path, &found, NULL);
        /* Only the two lines about the office may be missing together. */
        bool before_office = strncmp((const char *)content + cut, "office_endpoint", 15) == 0;
        assert_int_equal(status, before_office ? STATUS_OK : STATUS_MALFORMED);
    }
    free(content);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_branch_is_read_as_it_was_written),
        WITH_FOLDER(an_office_has_an_authority_key_and_no_office_above_it),
        WITH_FOLDER(every_field_at_its_longest_fits),
        WITH_FOLDER(without_an_identity_the_way_to_one_is_named),
        WITH_FOLDER(every_wrong_line_is_refused_by_name),
        WITH_FOLDER(a_file_cut_short_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
