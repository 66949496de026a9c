#include "store.h"

#include "file_system.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* All but no reserve, so that a small disk can be filled. */
static const struct store_options small = {.write_buffer_bytes = 1 << 20, .reserve_bytes = 1};

struct fixture {
    char folder[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE + 8];
    struct store *store;
    struct explanation why;
};

static struct bytes text(const char *word)
{
    return bytes_of(word, strlen(word));
}

static enum status put(struct store *store, const char *key, const char *value)
{
    struct write write = {.key = text(key), .value = text(value)};
    return store_commit(store, &write, 1);
}

static enum status put_large(struct store *store, uint32_t number, size_t size)
{
    static uint8_t value[60000];
    char key[16];
    assert_true(size <= sizeof value);
    for (size_t i = 0; i < size; i++) { /* does not compress */
        value[i] = (uint8_t)((i * 2654435761U + (size_t)number * 40503U) >> 13);
    }
    (void)snprintf(key, sizeof key, "k%06u", (unsigned)number);
    struct write write = {.key = text(key), .value = bytes_of(value, size)};
    return store_commit(store, &write, 1);
}

static void check_row(struct store *store, const char *key, const char *value)
{
    uint8_t memory[64];
    struct buffer found = BUFFER_OVER(memory);
    assert_int_equal(store_load(store, text(key), &found), STATUS_OK);
    assert_int_equal(found.size, strlen(value));
    assert_memory_equal(memory, value, found.size);
}

static void check_no_row(struct store *store, const char *key)
{
    uint8_t memory[64];
    struct buffer found = BUFFER_OVER(memory);
    assert_int_equal(store_load(store, text(key), &found), STATUS_NOT_FOUND);
    assert_int_equal(found.size, 0);
}

/* What follows `after` within `prefix`; "" at the end. */
static const char *next(struct store *store, const char *prefix, const char *after)
{
    static char key_text[64];
    uint8_t value_memory[64];
    struct buffer key = {.data = (uint8_t *)key_text, .capacity = sizeof key_text - 1};
    struct buffer value = BUFFER_OVER(value_memory);
    enum status status = store_next(store, text(prefix), text(after), &key, &value);
    if (status == STATUS_NOT_FOUND) {
        assert_int_equal(key.size, 0);
        return "";
    }
    assert_int_equal(status, STATUS_OK);
    key_text[key.size] = '\0';
    return key_text;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    scratch_make(fixture->folder);
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/store", fixture->folder);
    assert_int_equal(store_create(fixture->path, &fixture->why), STATUS_OK);
    assert_int_equal(store_open(fixture->path, &small, &fixture->store, &fixture->why), STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    (void)umount2(scratch_in(fixture->folder, "disk"), MNT_DETACH); /* if a test left one */
    scratch_remove(fixture->folder);
    free(fixture);
    return 0;
}

static void close_store(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

static void reopen(struct fixture *fixture)
{
    close_store(fixture);
    assert_int_equal(store_open(fixture->path, &small, &fixture->store, &fixture->why), STATUS_OK);
}

static void creating_never_overwrites_a_store(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
    close_store(fixture);
    assert_int_equal(store_create(fixture->path, &fixture->why), STATUS_DENIED);
    assert_non_null(strstr(fixture->why.text, "nothing was changed"));
    reopen(fixture);
    check_row(fixture->store, "a", "1");
}

static void opening_never_creates_a_store(void **state)
{
    struct fixture *fixture = *state;
    struct store *none = NULL;
    const char *path = scratch_in(fixture->folder, "elsewhere");
    assert_int_equal(store_open(path, &small, &none, &fixture->why), STATUS_NOT_FOUND);
    assert_null(none);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void opening_without_its_current_file_keeps_the_tables(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
    reopen(fixture);
    close_store(fixture);
    const char *table = scratch_largest(fixture->path, ".ldb");
    assert_int_equal(unlink(scratch_in(fixture->path, "CURRENT")), 0);
    assert_int_equal(store_open(fixture->path, &small, &fixture->store, &fixture->why),
                     STATUS_NOT_FOUND);
    assert_int_equal(access(table, F_OK), 0);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
    reopen(fixture);
    check_row(fixture->store, "a", "1");
}

static void the_last_write_of_a_key_in_a_batch_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct write writes[] = {
        {.key = text("a"), .value = text("1")},
        {.key = text("b"), .value = text("1")},
        {.key = text("a"), .value = text("2")},
        {.key = text("b")},
    };
    assert_int_equal(store_commit(fixture->store, writes, 4), STATUS_OK);
    check_row(fixture->store, "a", "2");
    check_no_row(fixture->store, "b");
}

static void loading_appends_and_leaves_a_buffer_alone_that_is_too_small(void **state)
{
    struct fixture *fixture = *state;
    uint8_t memory[4] = "xy";
    struct buffer value = {.data = memory, .size = 2, .capacity = 4};
    assert_int_equal(put(fixture->store, "a", "12"), STATUS_OK);
    assert_int_equal(put(fixture->store, "b", "123"), STATUS_OK);
    assert_int_equal(store_load(fixture->store, text("b"), &value), STATUS_TOO_LARGE);
    assert_int_equal(value.size, 2);
    assert_int_equal(store_load(fixture->store, text("a"), &value), STATUS_OK);
    assert_int_equal(value.size, 4);
    assert_memory_equal(memory, "xy12", 4);
}

static void rows_come_in_the_order_of_their_bytes_within_a_prefix(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[] = {"b\xff", "b", "ba", "a", "c", "b\x01", "bab"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(put(fixture->store, keys[i], "."), STATUS_OK);
    }
    assert_string_equal(next(fixture->store, "b", "b"), "b\x01");
    assert_string_equal(next(fixture->store, "b", "b\x01"), "ba");
    assert_string_equal(next(fixture->store, "b", "ba"), "bab");
    assert_string_equal(next(fixture->store, "b", "bab"), "b\xff");
    assert_string_equal(next(fixture->store, "b", "b\xff"), "");
    assert_string_equal(next(fixture->store, "", "b\xff"), "c");
    assert_string_equal(next(fixture->store, "", "c"), "");
    assert_string_equal(next(fixture->store, "", ""), "a");
    assert_string_equal(next(fixture->store, "b", "a"), "b");
    assert_string_equal(next(fixture->store, "b", ""), "");
    assert_string_equal(next(fixture->store, "ba", "b"), "");
    assert_string_equal(next(fixture->store, "ba", "b\x05"), "ba");
}

static void a_row_committed_between_two_steps_is_seen(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
    assert_int_equal(put(fixture->store, "c", "1"), STATUS_OK);
    assert_string_equal(next(fixture->store, "", ""), "a");
    assert_int_equal(put(fixture->store, "b", "1"), STATUS_OK);
    assert_string_equal(next(fixture->store, "", "a"), "b");
    assert_string_equal(next(fixture->store, "", "b"), "c");
    const struct write erase = {.key = text("c")};
    assert_int_equal(store_commit(fixture->store, &erase, 1), STATUS_OK);
    assert_string_equal(next(fixture->store, "", "b"), "");
}

static void a_row_too_large_for_its_buffers_is_given_once_they_are_larger(void **state)
{
    struct fixture *fixture = *state;
    uint8_t few[2];
    uint8_t many[8];
    assert_int_equal(put(fixture->store, "a", "123"), STATUS_OK);
    struct buffer key = BUFFER_OVER(many);
    struct buffer value = BUFFER_OVER(few);
    assert_int_equal(store_next(fixture->store, text(""), text(""), &key, &value),
                     STATUS_TOO_LARGE);
    assert_int_equal(key.size, 0);
    assert_int_equal(value.size, 0);
    struct buffer large_key = BUFFER_OVER(few);
    struct buffer large_value = BUFFER_OVER(many);
    assert_int_equal(store_next(fixture->store, text(""), text(""), &large_key, &large_value),
                     STATUS_OK);
    assert_int_equal(large_value.size, 3);
}

static void a_second_process_finds_the_store_busy(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *other = NULL;
        /* LevelDB remembers its locks per process, and a forked child believes that it holds this
         * one: so it asks by a path that it has not seen. */
        if (symlink(fixture->path, scratch_in(fixture->folder, "alias")) != 0) {
            _exit(99);
        }
        _exit((int)store_open(scratch_in(fixture->folder, "alias"), &small, &other, NULL));
    }
    int outcome = 0;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFEXITED(outcome));
    assert_int_equal(WEXITSTATUS(outcome), STATUS_BUSY);
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* H1: LevelDB itself would acknowledge the writes after the failed one, and lose them. */
static void after_one_failed_write_every_commit_is_unknown_until_it_is_reopened(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(put(fixture->store, "before", "1"), STATUS_OK);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit_file_size(4096);
    assert_int_equal(put_large(fixture->store, 1, 60000), STATUS_UNKNOWN);
    limit_file_size(RLIM_INFINITY);
    assert_true(store_is_broken(fixture->store));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(put(fixture->store, "later", "1"), STATUS_UNKNOWN);
    }
    assert_null(store_view_open(fixture->store));
    reopen(fixture);
    assert_false(store_is_broken(fixture->store));
    check_row(fixture->store, "before", "1");
    check_no_row(fixture->store, "later");
    assert_int_equal(put(fixture->store, "later", "2"), STATUS_OK);
    check_row(fixture->store, "later", "2");
}

static void on_a_full_disk_nothing_acknowledged_is_lost(void **state)
{
    struct fixture *fixture = *state;
    const char *disk = scratch_in(fixture->folder, "disk");
    assert_int_equal(mkdir(disk, 0700), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=6m") != 0) {
        print_message("SKIPPED: this user may not mount a small tmpfs\n");
        skip();
    }
    char path[SCRATCH_PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/store", disk);
    struct store *store = NULL;
    assert_int_equal(store_create(path, NULL), STATUS_OK);
    assert_int_equal(store_open(path, &small, &store, NULL), STATUS_OK);
    uint32_t acknowledged = 0;
    enum status status = STATUS_OK;
    while ((status = put_large(store, acknowledged, 50000)) == STATUS_OK) {
        acknowledged++;
        assert_true(acknowledged < 1000);
    }
    assert_int_equal(status, STATUS_UNKNOWN);
    assert_int_equal(put(store, "later", "1"), STATUS_UNKNOWN);
    store_close(store);

    /* Reopening writes the recovered log once more, which needs room. */
    assert_int_equal(mount("tmpfs", disk, "tmpfs", MS_REMOUNT, "size=20m"), 0);
    assert_int_equal(store_open(path, &small, &store, NULL), STATUS_OK);
    static uint8_t memory[60000];
    for (uint32_t i = 0; i < acknowledged; i++) {
        char key[16];
        struct buffer value = BUFFER_OVER(memory);
        (void)snprintf(key, sizeof key, "k%06u", (unsigned)i);
        assert_int_equal(store_load(store, text(key), &value), STATUS_OK);
        assert_int_equal(value.size, 50000);
    }
    check_no_row(store, "later");
    store_close(store);
    assert_int_equal(umount(disk), 0);
}

static void below_the_reserve_nothing_is_tried_and_the_handle_stays_good(void **state)
{
    struct fixture *fixture = *state;
    const struct store_options greedy = {.reserve_bytes = UINT64_MAX};
    close_store(fixture);
    assert_int_equal(store_open(fixture->path, &greedy, &fixture->store, NULL), STATUS_OK);
    assert_true(store_space_low(fixture->store));
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_FULL);
    assert_false(store_is_broken(fixture->store));
    check_no_row(fixture->store, "a");
    reopen(fixture);
    assert_false(store_space_low(fixture->store));
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
}

static void flip(const char *path, size_t at)
{
    size_t size = 0;
    uint8_t *content = scratch_read(path, &size);
    assert_true(at < size);
    content[at] ^= 0x10;
    scratch_write(path, content, size);
    free(content);
}

static void a_flipped_byte_in_the_log_refuses_the_open_and_a_copy_shows_what_is_left(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(put_large(fixture->store, i, 500), STATUS_OK);
    }
    close_store(fixture);
    flip(scratch_largest(fixture->path, ".log"), 20000);
    assert_int_equal(store_open(fixture->path, &small, &fixture->store, &fixture->why),
                     STATUS_CORRUPT);
    assert_non_null(strstr(fixture->why.text, "damaged"));

    const char *copy = scratch_in(fixture->folder, "copy");
    assert_int_equal(
        store_copy_and_open_lenient(fixture->path, copy, &small, &fixture->store, NULL), STATUS_OK);
    uint8_t memory[600];
    struct buffer value = BUFFER_OVER(memory);
    assert_int_equal(store_load(fixture->store, text("k000000"), &value), STATUS_OK);
    close_store(fixture);
    /* The damaged one is as it was. */
    assert_int_equal(store_open(fixture->path, &small, &fixture->store, NULL), STATUS_CORRUPT);
    /* And a copy is never written over another. */
    assert_int_equal(
        store_copy_and_open_lenient(fixture->path, copy, &small, &fixture->store, NULL),
        STATUS_DENIED);
}

static void a_flipped_byte_in_a_table_is_never_served(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(put_large(fixture->store, i, 500), STATUS_OK);
    }
    reopen(fixture); /* writes the log into a table */
    close_store(fixture);
    flip(scratch_largest(fixture->path, ".ldb"), 20000);
    assert_int_equal(store_open(fixture->path, &small, &fixture->store, NULL), STATUS_OK);

    uint32_t corrupt = 0;
    uint8_t memory[600];
    for (uint32_t i = 0; i < 100; i++) {
        char key[16];
        struct buffer value = BUFFER_OVER(memory);
        (void)snprintf(key, sizeof key, "k%06u", (unsigned)i);
        enum status status = store_load(fixture->store, text(key), &value);
        assert_true(status == STATUS_OK || status == STATUS_CORRUPT);
        corrupt += status == STATUS_CORRUPT ? 1 : 0;
    }
    assert_in_range(corrupt, 1, 20);

    /* A walk over all rows comes upon it too, and does not step over it. */
    uint8_t key_memory[16];
    uint8_t last[16] = {0};
    size_t last_size = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        struct buffer key = BUFFER_OVER(key_memory);
        struct buffer value = BUFFER_OVER(memory);
        status = store_next(fixture->store, text(""), bytes_of(last, last_size), &key, &value);
        last_size = key.size;
        memcpy(last, key_memory, key.size);
    }
    assert_int_equal(status, STATUS_CORRUPT);
}

static void a_view_shows_the_rows_as_they_were_when_it_was_opened(void **state)
{
    struct fixture *fixture = *state;
    struct bytes key;
    struct bytes value;
    assert_int_equal(put(fixture->store, "a", "1"), STATUS_OK);
    assert_int_equal(put(fixture->store, "b", "1"), STATUS_OK);
    struct store_view *view = store_view_open(fixture->store);
    assert_non_null(view);
    assert_int_equal(put(fixture->store, "a", "2"), STATUS_OK);
    assert_int_equal(put(fixture->store, "c", "2"), STATUS_OK);
    assert_int_equal(store_view_next(view, &key, &value), STATUS_OK);
    assert_true(bytes_equal(key, text("a")) && bytes_equal(value, text("1")));
    assert_int_equal(store_view_next(view, &key, &value), STATUS_OK);
    assert_true(bytes_equal(key, text("b")));
    assert_int_equal(store_view_next(view, &key, &value), STATUS_NOT_FOUND);
    assert_int_equal(store_view_next(view, &key, &value), STATUS_NOT_FOUND);
    store_view_close(view);
}

static void an_erased_value_leaves_the_files_when_its_range_is_compacted(void **state)
{
    struct fixture *fixture = *state;
    static const char marker[] = "Zp4!kQ9#vT2&wX7~";
    assert_int_equal(put(fixture->store, "m1", marker), STATUS_OK);
    assert_int_equal(put(fixture->store, "n1", "stays"), STATUS_OK);
    reopen(fixture);
    check_row(fixture->store, "m1", marker); /* what was read before keeps nothing alive */
    const struct write erase = {.key = text("m1")};
    assert_int_equal(store_commit(fixture->store, &erase, 1), STATUS_OK);
    assert_int_not_equal(scratch_files_with(fixture->path, marker, sizeof marker - 1), 0);
    store_compact(fixture->store, text("m"));
    assert_int_equal(scratch_files_with(fixture->path, marker, sizeof marker - 1), 0);
    check_row(fixture->store, "n1", "stays");
}

struct committer {
    struct store *store;
    _Atomic bool done;
    uint32_t failures;
};

enum { COMMITS = 1500 };

static void *commit_many(void *argument)
{
    struct committer *committer = argument;
    for (uint32_t i = 1; i <= COMMITS; i++) {
        char number[16];
        (void)snprintf(number, sizeof number, "%06u", (unsigned)i);
        const struct write writes[] = {{.key = text("x"), .value = text(number)},
                                       {.key = text("y"), .value = text(number)}};
        committer->failures += store_commit(committer->store, writes, 2) == STATUS_OK ? 0 : 1;
    }
    atomic_store(&committer->done, true);
    return NULL;
}

/* x is read before y and both are written at once, so y is never behind x. */
static bool sees_whole_commits(struct store *store)
{
    char x[8] = "";
    char y[8] = "";
    uint8_t key_memory[8];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer first = {.data = (uint8_t *)x, .capacity = 6};
    struct buffer second = {.data = (uint8_t *)y, .capacity = 6};
    return store_load(store, text("x"), &first) == STATUS_OK &&
           store_next(store, text("y"), text("x"), &key, &second) == STATUS_OK && strcmp(x, y) <= 0;
}

static void one_thread_may_commit_while_another_reads(void **state)
{
    struct fixture *fixture = *state;
    struct committer committer = {.store = fixture->store};
    pthread_t thread;
    bool whole = true;
    assert_int_equal(put(fixture->store, "x", "000000"), STATUS_OK);
    assert_int_equal(put(fixture->store, "y", "000000"), STATUS_OK);
    assert_int_equal(pthread_create(&thread, NULL, commit_many, &committer), 0);
    while (!atomic_load(&committer.done)) {
        whole = sees_whole_commits(fixture->store) && whole;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(whole);
    assert_int_equal(committer.failures, 0);
    check_row(fixture->store, "x", "001500");
    assert_string_equal(next(fixture->store, "y", "x"), "y");
}

static void the_file_system_is_named_and_judged(void **state)
{
    struct fixture *fixture = *state;
    const char *name = NULL;
    bool supported = true;
    assert_int_equal(file_system_of("/proc", &name, &supported), STATUS_OK);
    assert_string_equal(name, "unknown");
    assert_false(supported);
    assert_int_equal(file_system_of("/dev/shm", &name, &supported), STATUS_OK);
    assert_string_equal(name, "tmpfs");
    assert_false(supported);
    assert_int_equal(file_system_of(scratch_in(fixture->folder, "none"), &name, &supported),
                     STATUS_NOT_FOUND);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(creating_never_overwrites_a_store),
        WITH_STORE(opening_never_creates_a_store),
        WITH_STORE(opening_without_its_current_file_keeps_the_tables),
        WITH_STORE(what_was_committed_is_there_after_reopening),
        WITH_STORE(the_last_write_of_a_key_in_a_batch_counts),
        WITH_STORE(loading_appends_and_leaves_a_buffer_alone_that_is_too_small),
        WITH_STORE(rows_come_in_the_order_of_their_bytes_within_a_prefix),
        WITH_STORE(a_row_committed_between_two_steps_is_seen),
        WITH_STORE(a_row_too_large_for_its_buffers_is_given_once_they_are_larger),
        WITH_STORE(a_second_process_finds_the_store_busy),
        WITH_STORE(after_one_failed_write_every_commit_is_unknown_until_it_is_reopened),
        WITH_STORE(on_a_full_disk_nothing_acknowledged_is_lost),
        WITH_STORE(below_the_reserve_nothing_is_tried_and_the_handle_stays_good),
        WITH_STORE(a_flipped_byte_in_the_log_refuses_the_open_and_a_copy_shows_what_is_left),
        WITH_STORE(a_flipped_byte_in_a_table_is_never_served),
        WITH_STORE(a_view_shows_the_rows_as_they_were_when_it_was_opened),
        WITH_STORE(an_erased_value_leaves_the_files_when_its_range_is_compacted),
        WITH_STORE(one_thread_may_commit_while_another_reads),
        WITH_STORE(the_file_system_is_named_and_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
