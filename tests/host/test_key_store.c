#include "key_store.h"

#include "file.h"
#include "root_key.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CLASS_SERVICE = 2, CLASS_MARKETING = 3 };

struct fixture {
    char folder[SCRATCH_PATH_SIZE];
    struct key_store *keys;
    struct explanation why;
};

static const struct subject_id anna = {{1, 2, 3}};
static const struct subject_id bert = {{4, 5, 6}};
static const uint8_t first_key[32] = {11, 12, 13};
static const uint8_t other_key[32] = {21, 22, 23};

static int set_up_as(void **state, bool office)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    scratch_make(fixture->folder);
    assert_int_equal(key_store_create(fixture->folder, office, &fixture->why), STATUS_OK);
    assert_int_equal(key_store_open(fixture->folder, &fixture->keys, &fixture->why), STATUS_OK);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return set_up_as(state, false);
}

static int set_up_office(void **state)
{
    return set_up_as(state, true);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    key_store_close(fixture->keys);
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

static void close_keys(struct fixture *fixture)
{
    key_store_close(fixture->keys);
    fixture->keys = NULL;
}

static void reopen(struct fixture *fixture)
{
    close_keys(fixture);
    assert_int_equal(key_store_open(fixture->folder, &fixture->keys, &fixture->why), STATUS_OK);
}

static struct member_keys *members(struct fixture *fixture)
{
    return key_store_members(fixture->keys);
}

static void check_key(struct fixture *fixture, const struct subject_id *member,
                      const uint8_t key[static 32])
{
    uint8_t found[32];
    assert_int_equal(member_keys_get(members(fixture), member, CLASS_SERVICE, found), STATUS_OK);
    assert_memory_equal(found, key, 32);
}

static void check_no_key(struct fixture *fixture, const struct subject_id *member)
{
    uint8_t found[32];
    assert_int_equal(member_keys_get(members(fixture), member, CLASS_SERVICE, found),
                     STATUS_NOT_FOUND);
}

static enum status put(struct fixture *fixture, const struct subject_id *member,
                       const uint8_t key[static 32])
{
    return member_keys_put(members(fixture), member, CLASS_SERVICE, key);
}

static void the_same_keys_are_there_after_reopening(void **state)
{
    struct fixture *fixture = *state;
    uint8_t secret[2][32];
    uint8_t transport[2][32];
    struct public_keys before = key_store_public(fixture->keys);
    key_store_node_secret(fixture->keys, secret[0]);
    key_store_transport_secret(fixture->keys, transport[0]);
    reopen(fixture);
    struct public_keys after = key_store_public(fixture->keys);
    key_store_node_secret(fixture->keys, secret[1]);
    key_store_transport_secret(fixture->keys, transport[1]);
    assert_memory_equal(before.journal, after.journal, 32);
    assert_memory_equal(before.transport, after.transport, 32);
    assert_memory_equal(secret[0], secret[1], 32);
    assert_memory_equal(transport[0], transport[1], 32);
    assert_memory_not_equal(secret[0], transport[0], 32);
    assert_false(after.has_authority);
}

static void signatures_hold_under_the_public_keys(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t body[] = "a block";
    uint8_t signature[64];
    struct public_keys public_keys = key_store_public(fixture->keys);
    assert_true(public_keys.has_authority);
    key_store_sign(fixture->keys, SIGNER_JOURNAL, BYTES_OF(body), signature);
    assert_int_equal(crypto_sign_verify_detached(signature, body, sizeof body, public_keys.journal),
                     0);
    assert_int_not_equal(
        crypto_sign_verify_detached(signature, body, sizeof body, public_keys.authority), 0);
    key_store_sign(fixture->keys, SIGNER_AUTHORITY, BYTES_OF(body), signature);
    assert_int_equal(
        crypto_sign_verify_detached(signature, body, sizeof body, public_keys.authority), 0);
}

static void the_transport_secret_belongs_to_its_public_key(void **state)
{
    struct fixture *fixture = *state;
    uint8_t secret[32];
    uint8_t public_key[32];
    struct public_keys public_keys = key_store_public(fixture->keys);
    key_store_transport_secret(fixture->keys, secret);
    assert_int_equal(crypto_scalarmult_base(public_key, secret), 0);
    assert_memory_equal(public_key, public_keys.transport, 32);
}

/* The example of ZeroMQ RFC 32, and a key from libzmq's own tests. */
static void keys_are_written_in_z85_as_libzmq_reads_them(void **state)
{
    (void)state;
    static const uint8_t hello[32] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    static const uint8_t client[32] = {0xbb, 0x88, 0x47, 0x1d, 0x65, 0xe2, 0x65, 0x9b,
                                       0x30, 0xc5, 0x5a, 0x53, 0x21, 0xce, 0xbb, 0x5a,
                                       0xab, 0x2b, 0x70, 0xa3, 0x98, 0x64, 0x5c, 0x26,
                                       0xdc, 0xa2, 0xb2, 0xfc, 0xb4, 0x3f, 0xc5, 0x18};
    char text[KEY_Z85_SIZE];
    key_z85(hello, text);
    assert_memory_equal(text, "HelloWorld", 10);
    key_z85(client, text);
    assert_string_equal(text, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
}

static void keys_are_never_overwritten(void **state)
{
    struct fixture *fixture = *state;
    struct public_keys before = key_store_public(fixture->keys);
    assert_int_equal(key_store_create(fixture->folder, false, &fixture->why), STATUS_DENIED);
    reopen(fixture);
    struct public_keys after = key_store_public(fixture->keys);
    assert_memory_equal(before.journal, after.journal, 32);
}

static void keys_that_others_may_read_are_refused(void **state)
{
    struct fixture *fixture = *state;
    close_keys(fixture);
    static const char *const names[] = {"keys/journal.key", "keys/members.sqlite"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = scratch_in(fixture->folder, names[i]);
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(key_store_open(fixture->folder, &fixture->keys, &fixture->why),
                         STATUS_DENIED);
        assert_non_null(strstr(fixture->why.text, "chmod 0600"));
        assert_int_equal(chmod(path, 0600), 0);
    }
    assert_int_equal(chmod(scratch_in(fixture->folder, "keys"), 0755), 0);
    assert_int_equal(key_store_open(fixture->folder, &fixture->keys, &fixture->why), STATUS_DENIED);
    assert_non_null(strstr(fixture->why.text, "chmod 0700"));
    assert_int_equal(chmod(scratch_in(fixture->folder, "keys"), 0700), 0);
    reopen(fixture);
}

static void check_private_under(mode_t mask)
{
    static const char *const names[] = {"keys/journal.key",   "keys/authority.key",
                                        "keys/transport.key", "keys/node.key",
                                        "keys/master.key",    "keys/members.sqlite"};
    char folder[SCRATCH_PATH_SIZE];
    struct key_store *keys = NULL;
    scratch_make(folder);
    mode_t before = umask(mask);
    enum status created = key_store_create(folder, true, NULL);
    enum status opened = key_store_open(folder, &keys, NULL);
    (void)umask(before);
    assert_int_equal(created, STATUS_OK);
    assert_int_equal(opened, STATUS_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stat found;
        assert_int_equal(stat(scratch_in(folder, names[i]), &found), 0);
        assert_int_equal(found.st_mode & 07777, 0600);
    }
    key_store_close(keys);
    scratch_remove(folder);
}

static void files_are_private_whatever_the_umask(void **state)
{
    (void)state;
    check_private_under(0);
    check_private_under(0777);
}

static void a_damaged_or_exchanged_key_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    close_keys(fixture);
    size_t size = 0;
    const char *path = scratch_in(fixture->folder, "keys/node.key");
    uint8_t *content = scratch_read(path, &size);
    for (size_t i = 0; i < size; i++) {
        content[i] ^= 1;
        scratch_write(path, content, size);
        assert_int_equal(key_store_open(fixture->folder, &fixture->keys, &fixture->why),
                         STATUS_MALFORMED);
        content[i] ^= 1;
    }
    scratch_write(path, content, size - 1);
    assert_int_equal(key_store_open(fixture->folder, &fixture->keys, NULL), STATUS_MALFORMED);
    scratch_write(scratch_in(fixture->folder, "keys/journal.key"), content, size);
    scratch_write(path, content, size);
    free(content);
    assert_int_equal(key_store_open(fixture->folder, &fixture->keys, &fixture->why),
                     STATUS_MALFORMED);
    assert_non_null(strstr(fixture->why.text, "journal"));
}

static void a_member_key_survives_reopening(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture, &anna, first_key), STATUS_OK);
    check_key(fixture, &anna, first_key);
    check_no_key(fixture, &bert);
    reopen(fixture);
    check_key(fixture, &anna, first_key);
    uint8_t found[32];
    assert_int_equal(member_keys_get(members(fixture), &anna, CLASS_MARKETING, found),
                     STATUS_NOT_FOUND);
}

static void putting_a_key_again_is_fine_and_another_key_is_denied(void **state)
{
    struct fixture *fixture = *state;
    for (int round = 0; round < 2; round++) { /* from the cache, and from the file */
        assert_int_equal(put(fixture, &anna, first_key), STATUS_OK);
        assert_int_equal(put(fixture, &anna, other_key), STATUS_DENIED);
        check_key(fixture, &anna, first_key);
        reopen(fixture);
    }
    uint64_t count = 0;
    assert_int_equal(member_keys_count(members(fixture), &count), STATUS_OK);
    assert_int_equal(count, 1);
}

/* H2 */
static void a_destroyed_key_never_comes_back(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture, &anna, first_key), STATUS_OK);
    assert_int_equal(member_keys_destroy(members(fixture), &anna, CLASS_SERVICE), STATUS_OK);
    assert_int_equal(member_keys_destroy(members(fixture), &bert, CLASS_SERVICE), STATUS_OK);
    for (int round = 0; round < 2; round++) {
        check_no_key(fixture, &anna);
        check_no_key(fixture, &bert);
        assert_int_equal(put(fixture, &anna, first_key), STATUS_DENIED);
        assert_int_equal(put(fixture, &anna, other_key), STATUS_DENIED);
        assert_int_equal(put(fixture, &bert, other_key), STATUS_DENIED);
        reopen(fixture);
    }
}

static void read_wrapped(const char *path, const struct subject_id *member,
                         uint8_t wrapped[static 72])
{
    sqlite3 *database = NULL;
    sqlite3_stmt *find = NULL;
    assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT wrapped FROM member_key WHERE member=?",
                                        -1, &find, NULL),
                     SQLITE_OK);
    (void)sqlite3_bind_blob(find, 1, member->bytes, 16, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(find), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(find, 0), 72);
    memcpy(wrapped, sqlite3_column_blob(find, 0), 72);
    (void)sqlite3_finalize(find);
    (void)sqlite3_close(database);
}

static struct subject_id member_number(uint32_t number)
{
    struct subject_id member;
    uint8_t seed[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), 7};
    (void)crypto_generichash(member.bytes, sizeof member.bytes, seed, sizeof seed, NULL, 0);
    return member;
}

enum { CROWD = 3000, DESTROYED = 300 };

/* Among many, put in no order, so that the file's pages have been split and rewritten: no old
 * piece of any page may keep the key. */
static void a_destroyed_key_is_gone_from_the_bytes_of_the_files(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t wrapped[DESTROYED][72];
    char directory[SCRATCH_PATH_SIZE + 8];
    (void)snprintf(directory, sizeof directory, "%s/keys", fixture->folder);

    assert_int_equal(member_keys_begin(members(fixture)), STATUS_OK);
    for (uint32_t i = 0; i < CROWD; i++) {
        struct subject_id member = member_number(i);
        assert_int_equal(put(fixture, &member, first_key), STATUS_OK);
    }
    assert_int_equal(member_keys_commit(members(fixture)), STATUS_OK);
    close_keys(fixture);
    for (uint32_t i = 0; i < DESTROYED; i++) {
        struct subject_id member = member_number(i * 10);
        read_wrapped(scratch_in(directory, "members.sqlite"), &member, wrapped[i]);
    }
    assert_int_equal(scratch_files_with(directory, wrapped[0], 72), 1);

    reopen(fixture);
    for (uint32_t i = 0; i < DESTROYED; i++) {
        struct subject_id member = member_number(i * 10);
        assert_int_equal(member_keys_destroy(members(fixture), &member, CLASS_SERVICE), STATUS_OK);
    }
    /* While it is open, as on a running node: the nonce, the middle and the end of each. */
    for (uint32_t i = 0; i < DESTROYED; i++) {
        assert_int_equal(scratch_files_with(directory, wrapped[i], 24), 0);
        assert_int_equal(scratch_files_with(directory, wrapped[i] + 24, 16), 0);
        assert_int_equal(scratch_files_with(directory, wrapped[i] + 56, 16), 0);
    }
    struct subject_id kept = member_number(1);
    check_key(fixture, &kept, first_key);
}

static void no_key_stands_unwrapped_in_the_file(void **state)
{
    struct fixture *fixture = *state;
    uint8_t key[32];
    randombytes_buf(key, sizeof key);
    assert_int_equal(put(fixture, &anna, key), STATUS_OK);
    assert_int_equal(scratch_files_with(scratch_in(fixture->folder, "keys"), key, 8), 0);
}

static void a_batch_is_kept_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(member_keys_begin(members(fixture)), STATUS_OK);
    assert_int_equal(put(fixture, &anna, first_key), STATUS_OK);
    assert_int_equal(put(fixture, &bert, other_key), STATUS_OK);
    assert_int_equal(member_keys_commit(members(fixture)), STATUS_OK);
    reopen(fixture);
    check_key(fixture, &anna, first_key);
    check_key(fixture, &bert, other_key);
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_batch_that_the_disk_refuses_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(member_keys_begin(members(fixture)), STATUS_OK);
    for (uint32_t i = 0; i < 200; i++) {
        struct subject_id member = member_number(i);
        assert_int_equal(put(fixture, &member, first_key), STATUS_OK);
    }
    limit_file_size(4096);
    enum status status = member_keys_commit(members(fixture));
    limit_file_size(RLIM_INFINITY);
    assert_int_not_equal(status, STATUS_OK);
    struct subject_id member = member_number(0);
    check_no_key(fixture, &member); /* nor is it in the cache */
    assert_int_equal(put(fixture, &anna, first_key), STATUS_OK);
    reopen(fixture);
    check_no_key(fixture, &member);
    check_key(fixture, &anna, first_key);
}

static void a_row_moved_to_another_member_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture, &anna, first_key), STATUS_OK);
    assert_int_equal(put(fixture, &bert, other_key), STATUS_OK);
    close_keys(fixture);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(scratch_in(fixture->folder, "keys/members.sqlite"), &database),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(database,
                                  "UPDATE member_key SET wrapped ="
                                  " (SELECT wrapped FROM member_key ORDER BY member LIMIT 1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(database);
    reopen(fixture);
    uint8_t found[32];
    check_key(fixture, &anna, first_key);
    assert_int_equal(member_keys_get(members(fixture), &bert, CLASS_SERVICE, found), STATUS_FORGED);
}

static void a_second_opening_finds_the_keys_busy(void **state)
{
    struct fixture *fixture = *state;
    struct key_store *second = NULL;
    assert_int_equal(key_store_open(fixture->folder, &second, &fixture->why), STATUS_BUSY);
    assert_null(second);
}

static void check_root_signs(const char *path, const char *passphrase,
                             const uint8_t public_key[static 32])
{
    static const uint8_t body[] = "a certificate";
    uint8_t signature[64];
    assert_int_equal(root_key_sign(path, passphrase, BYTES_OF(body), signature, NULL), STATUS_OK);
    assert_int_equal(crypto_sign_verify_detached(signature, body, sizeof body, public_key), 0);
}

static void a_root_key_in_the_clear_signs_without_a_passphrase(void **state)
{
    struct fixture *fixture = *state;
    const char *path = scratch_in(fixture->folder, "root.key");
    uint8_t public_key[32];
    uint8_t inspected[32];
    bool sealed = true;
    assert_int_equal(root_key_create(path, NULL, public_key, &fixture->why), STATUS_OK);
    assert_int_equal(root_key_create(path, NULL, inspected, &fixture->why), STATUS_DENIED);
    assert_int_equal(root_key_inspect(path, inspected, &sealed, NULL), STATUS_OK);
    assert_memory_equal(inspected, public_key, 32);
    assert_false(sealed);
    check_root_signs(path, NULL, public_key);
}

static void a_sealed_root_key_signs_with_its_passphrase_only(void **state)
{
    struct fixture *fixture = *state;
    const char *path = scratch_in(fixture->folder, "root.key");
    uint8_t public_key[32];
    uint8_t signature[64];
    bool sealed = false;
    static const uint8_t body[] = "x";
    assert_int_equal(root_key_create(path, "correct horse", public_key, NULL), STATUS_OK);
    assert_int_equal(root_key_inspect(path, public_key, &sealed, NULL), STATUS_OK);
    assert_true(sealed);
    check_root_signs(path, "correct horse", public_key);
    assert_int_equal(root_key_sign(path, "wrong horse", BYTES_OF(body), signature, &fixture->why),
                     STATUS_DENIED);
    assert_non_null(strstr(fixture->why.text, "passphrase"));
    assert_int_equal(root_key_sign(path, NULL, BYTES_OF(body), signature, NULL), STATUS_DENIED);
}

static void a_damaged_root_key_is_not_taken_for_a_wrong_passphrase(void **state)
{
    struct fixture *fixture = *state;
    const char *path = scratch_in(fixture->folder, "root.key");
    uint8_t public_key[32];
    bool sealed = false;
    size_t size = 0;
    assert_int_equal(root_key_create(path, NULL, public_key, NULL), STATUS_OK);
    uint8_t *content = scratch_read(path, &size);
    for (size_t i = 0; i < size; i++) {
        content[i] ^= 1;
        scratch_write(path, content, size);
        assert_int_equal(root_key_inspect(path, public_key, &sealed, NULL), STATUS_MALFORMED);
        content[i] ^= 1;
    }
    free(content);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(the_same_keys_are_there_after_reopening),
        cmocka_unit_test_setup_teardown(signatures_hold_under_the_public_keys, set_up_office,
                                        tear_down),
        WITH_KEYS(the_transport_secret_belongs_to_its_public_key),
        cmocka_unit_test(keys_are_written_in_z85_as_libzmq_reads_them),
        WITH_KEYS(keys_are_never_overwritten),
        WITH_KEYS(keys_that_others_may_read_are_refused),
        cmocka_unit_test(files_are_private_whatever_the_umask),
        WITH_KEYS(a_damaged_or_exchanged_key_file_is_refused),
        WITH_KEYS(a_member_key_survives_reopening),
        WITH_KEYS(putting_a_key_again_is_fine_and_another_key_is_denied),
        WITH_KEYS(a_destroyed_key_never_comes_back),
        WITH_KEYS(a_destroyed_key_is_gone_from_the_bytes_of_the_files),
        WITH_KEYS(no_key_stands_unwrapped_in_the_file),
        WITH_KEYS(a_batch_is_kept_as_a_whole),
        WITH_KEYS(a_batch_that_the_disk_refuses_leaves_nothing_behind),
        WITH_KEYS(a_row_moved_to_another_member_is_noticed),
        WITH_KEYS(a_second_opening_finds_the_keys_busy),
        WITH_KEYS(a_root_key_in_the_clear_signs_without_a_passphrase),
        WITH_KEYS(a_sealed_root_key_signs_with_its_passphrase_only),
        WITH_KEYS(a_damaged_root_key_is_not_taken_for_a_wrong_passphrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
