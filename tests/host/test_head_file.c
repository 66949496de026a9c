#include "head_file.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct head_record small = {
    .journal = 0x000000010001, .seq = 5, .id = {{0xaa}}, .hlc = 127, .day = 128, .signature = {1}};
static const struct head_record large = {.journal = 0xffffffffffff,
                                         .seq = UINT64_MAX,
                                         .id = {{1, 2, 3}},
                                         .hlc = UINT64_MAX,
                                         .day = UINT32_MAX,
                                         .signature = {9}};

static char folder[SCRATCH_PATH_SIZE];
static const char *path;

static int set_up(void **state)
{
    (void)state;
    scratch_make(folder);
    path = scratch_in(folder, "head");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(folder);
    return 0;
}

static void check_head(const struct head_record *wanted)
{
    struct head_record found = {0};
    assert_int_equal(head_file_read(path, &found, NULL), STATUS_OK);
    assert_int_equal(found.journal, wanted->journal);
    assert_int_equal(found.seq, wanted->seq);
    assert_true(digest_equal(&found.id, &wanted->id));
    assert_int_equal(found.hlc, wanted->hlc);
    assert_int_equal(found.day, wanted->day);
    assert_memory_equal(found.signature, wanted->signature, 64);
}

static void a_head_is_read_as_it_was_written(void **state)
{
    (void)state;
    assert_int_equal(head_file_write(path, &small, NULL), STATUS_OK);
    check_head(&small);
    assert_int_equal(head_file_write(path, &large, NULL), STATUS_OK);
    check_head(&large);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

/* [1, 65537, 5, bin32 aa.., 127, 128, bin64 01..] */
static void a_head_is_one_msgpack_array_in_shortest_form(void **state)
{
    (void)state;
    static const uint8_t opening[] = {0x97, 0x01, 0xce, 0x00, 0x01, 0x00,
                                      0x01, 0x05, 0xc4, 0x20, 0xaa, 0x00};
    static const uint8_t numbers[] = {0x7f, 0xcc, 0x80, 0xc4, 0x40, 0x01};
    size_t size = 0;
    assert_int_equal(head_file_write(path, &small, NULL), STATUS_OK);
    uint8_t *content = scratch_read(path, &size);
    assert_int_equal(size, 10 + 32 + 5 + 64);
    assert_memory_equal(content, opening, sizeof opening);
    assert_memory_equal(content + 42, numbers, sizeof numbers);
    free(content);
}

static void no_file_is_not_found(void **state)
{
    (void)state;
    struct head_record found;
    assert_int_equal(head_file_read(path, &found, NULL), STATUS_NOT_FOUND);
}

static void anything_but_exactly_one_record_is_malformed(void **state)
{
    (void)state;
    struct head_record found = small;
    struct explanation why = {0};
    size_t size = 0;
    assert_int_equal(head_file_write(path, &large, NULL), STATUS_OK);
    uint8_t *content = scratch_read(path, &size);
    for (size_t cut = 0; cut < size; cut++) {
        scratch_write(path, content, cut);
        assert_int_equal(head_file_read(path, &found, &why), STATUS_MALFORMED);
    }
    assert_non_null(strstr(why.text, "read-only"));
    content[size] = 0;
    scratch_write(path, content, size + 1);
    assert_int_equal(head_file_read(path, &found, NULL), STATUS_MALFORMED);
    free(content);
    assert_int_equal(found.seq, small.seq); /* written only on success */
}

static void a_number_in_a_longer_form_is_malformed(void **state)
{
    (void)state;
    struct head_record found;
    uint8_t longer[128] = {0};
    size_t size = 0;
    assert_int_equal(head_file_write(path, &small, NULL), STATUS_OK);
    uint8_t *content = scratch_read(path, &size);
    memcpy(longer, content, 7);
    longer[7] = 0xcc; /* seq 5, as a byte behind a mark */
    memcpy(longer + 8, content + 7, size - 7);
    scratch_write(path, longer, size + 1);
    assert_int_equal(head_file_read(path, &found, NULL), STATUS_MALFORMED);
    free(content);
}

static void a_failed_write_leaves_the_old_head(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(head_file_write(path, &small, NULL), STATUS_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit tight = {.rlim_cur = 50, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum status status = head_file_write(path, &large, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, STATUS_FULL);
    check_head(&small);
    assert_int_not_equal(access(scratch_in(folder, "head.new"), F_OK), 0);
}

static void what_a_crash_left_beside_it_does_no_harm(void **state)
{
    (void)state;
    scratch_write(scratch_in(folder, "head.new"), "half a he", 9);
    assert_int_equal(head_file_write(path, &small, NULL), STATUS_OK);
    check_head(&small);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_head_is_read_as_it_was_written),
        WITH_FOLDER(a_head_is_one_msgpack_array_in_shortest_form),
        WITH_FOLDER(no_file_is_not_found),
        WITH_FOLDER(anything_but_exactly_one_record_is_malformed),
        WITH_FOLDER(a_number_in_a_longer_form_is_malformed),
        WITH_FOLDER(a_failed_write_leaves_the_old_head),
        WITH_FOLDER(what_a_crash_left_beside_it_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
