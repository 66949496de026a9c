/* The simulator's store against the simplest one that can be: an unordered list of pairs. */
#include "disk.h"
#include "random_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

enum {
    PAIRS_MAX = 512,
    KEY_SIZE_MAX = 6,
    STEPS = 4000,
    BATCH_MAX = 6,
};

struct pair {
    bool used;
    uint8_t key[KEY_SIZE_MAX];
    size_t key_size;
    uint8_t value[8];
    size_t value_size;
};

struct list {
    struct pair pairs[PAIRS_MAX];
};

static struct pair *list_find(struct list *list, struct bytes key)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (list->pairs[i].used &&
            bytes_equal(bytes_of(list->pairs[i].key, list->pairs[i].key_size), key)) {
            return &list->pairs[i];
        }
    }
    return NULL;
}

static void list_apply(struct list *list, const struct write *write)
{
    struct pair *pair = list_find(list, write->key);
    if (write->value.size == 0) {
        if (pair != NULL) {
            pair->used = false;
        }
        return;
    }
    for (size_t i = 0; pair == NULL && i < PAIRS_MAX; i++) {
        if (!list->pairs[i].used) {
            pair = &list->pairs[i];
        }
    }
    if (pair == NULL) {
        fail_msg("the list is too short for this test");
        return;
    }
    pair->used = true;
    memcpy(pair->key, write->key.data, write->key.size);
    pair->key_size = write->key.size;
    memcpy(pair->value, write->value.data, write->value.size);
    pair->value_size = write->value.size;
}

static bool is_above(const struct pair *pair, struct bytes key)
{
    size_t common = pair->key_size < key.size ? pair->key_size : key.size;
    int order = common == 0 ? 0 : memcmp(pair->key, key.data, common);
    return order > 0 || (order == 0 && pair->key_size > key.size);
}

/* The smallest pair above `after`. */
static struct pair *list_next(struct list *list, struct bytes after)
{
    struct pair *best = NULL;
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        struct pair *pair = &list->pairs[i];
        if (pair->used && is_above(pair, after) &&
            (best == NULL || is_above(best, bytes_of(pair->key, pair->key_size)))) {
            best = pair;
        }
    }
    return best;
}

static void check_equal_contents(struct disk *disk, struct list *list)
{
    uint8_t key_memory[KEY_SIZE_MAX];
    uint8_t value_memory[8];
    uint8_t after_memory[KEY_SIZE_MAX];
    struct bytes after = {.data = after_memory};
    for (;;) {
        struct pair *expected = list_next(list, after);
        struct buffer key = BUFFER_OVER(key_memory);
        struct buffer value = BUFFER_OVER(value_memory);
        enum status status = disk_next(disk, (struct bytes){0}, after, &key, &value);
        if (expected == NULL) {
            assert_int_equal(status, STATUS_NOT_FOUND);
            return;
        }
        assert_int_equal(status, STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&key), bytes_of(expected->key, expected->key_size)));
        assert_true(
            bytes_equal(buffer_bytes(&value), bytes_of(expected->value, expected->value_size)));
        memcpy(after_memory, key.data, key.size);
        after.size = key.size;
    }
}

static size_t draw_batch(struct random_stream *random, struct write *writes,
                         uint8_t memory[BATCH_MAX][16])
{
    size_t count = 1 + random_below(random, BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t key_size = 1 + random_below(random, 3);
        for (size_t k = 0; k < key_size; k++) {
            memory[i][k] = (uint8_t)(random_below(random, 5) * 63);
        }
        size_t value_size = random_below(random, 4) == 0 ? 0 : 1 + random_below(random, 8);
        random_fill(random, memory[i] + 8, value_size);
        writes[i].key = bytes_of(memory[i], key_size);
        writes[i].value = bytes_of(memory[i] + 8, value_size);
    }
    return count;
}

static void a_long_random_script_leaves_what_a_plain_list_would_hold(void **state)
{
    (void)state;
    struct random_stream random = random_stream_of(7, 7);
    struct disk *disk = disk_new();
    struct list *list = calloc(1, sizeof *list);
    assert_non_null(list);
    size_t kept = 0;
    size_t lost = 0;
    for (int step = 0; step < STEPS; step++) {
        struct write writes[BATCH_MAX];
        uint8_t memory[BATCH_MAX][16];
        size_t count = draw_batch(&random, writes, memory);
        assert_true(disk_submit(disk, writes, count));
        bool keep = random_below(&random, 8) != 0;
        disk_settle(disk, keep);
        for (size_t i = 0; keep && i < count; i++) {
            list_apply(list, &writes[i]);
        }
        kept += keep ? 1 : 0;
        lost += keep ? 0 : 1;
        if (step % 97 == 0) {
            check_equal_contents(disk, list);
        }
    }
    check_equal_contents(disk, list);
    assert_true(kept > 1000 && lost > 100);
    free(list);
    disk_free(disk);
}

static struct write one_write(const char *key, const char *value)
{
    return (struct write){.key = bytes_of(key, strlen(key)),
                          .value = bytes_of(value, strlen(value))};
}

static enum status load(const struct disk *disk, const char *key)
{
    uint8_t memory[16];
    struct buffer value = BUFFER_OVER(memory);
    return disk_load(disk, bytes_of(key, strlen(key)), &value);
}

static void nothing_is_read_before_its_commit_is_done(void **state)
{
    (void)state;
    struct disk *disk = disk_new();
    struct write write = one_write("a", "1");
    assert_true(disk_submit(disk, &write, 1));
    assert_int_equal(load(disk, "a"), STATUS_NOT_FOUND);
    disk_settle(disk, true);
    assert_int_equal(load(disk, "a"), STATUS_OK);
    disk_free(disk);
}

static void a_lost_batch_leaves_nothing_of_itself(void **state)
{
    (void)state;
    struct disk *disk = disk_new();
    struct write writes[] = {one_write("a", "1"), one_write("b", "2")};
    assert_true(disk_submit(disk, writes, 2));
    disk_settle(disk, false);
    assert_int_equal(load(disk, "a"), STATUS_NOT_FOUND);
    assert_int_equal(load(disk, "b"), STATUS_NOT_FOUND);
    assert_int_equal(disk_rows(disk), 0);
    disk_free(disk);
}

static void one_batch_at_a_time_is_taken_and_none_after_a_failure(void **state)
{
    (void)state;
    struct disk *disk = disk_new();
    struct write write = one_write("a", "1");
    assert_true(disk_submit(disk, &write, 1));
    assert_false(disk_submit(disk, &write, 1));
    disk_settle(disk, true);
    disk_break(disk);
    assert_false(disk_submit(disk, &write, 1));
    disk_reopen(disk);
    assert_true(disk_submit(disk, &write, 1));
    disk_settle(disk, true);
    disk_free(disk);
}

static void what_was_handed_over_may_be_scribbled_on(void **state)
{
    (void)state;
    struct disk *disk = disk_new();
    char key[] = "k";
    char value[] = "v";
    struct write write = one_write(key, value);
    assert_true(disk_submit(disk, &write, 1));
    key[0] = 'x';
    value[0] = 'x';
    disk_settle(disk, true);
    uint8_t memory[4];
    struct buffer found = BUFFER_OVER(memory);
    assert_int_equal(disk_load(disk, bytes_of("k", 1), &found), STATUS_OK);
    assert_int_equal(found.data[0], 'v');
    disk_free(disk);
}

static void a_prefix_ends_a_walk_and_short_memory_is_an_error(void **state)
{
    (void)state;
    struct disk *disk = disk_new();
    struct write writes[] = {one_write("a", "1"), one_write("ab", "22"), one_write("b", "3")};
    assert_true(disk_submit(disk, writes, 3));
    disk_settle(disk, true);
    uint8_t key_memory[4];
    uint8_t value_memory[1];
    struct buffer key = BUFFER_OVER(key_memory);
    struct buffer value = BUFFER_OVER(value_memory);
    struct bytes prefix = bytes_of("a", 1);
    assert_int_equal(disk_next(disk, prefix, bytes_of("a", 1), &key, &value), STATUS_TOO_LARGE);
    assert_int_equal(disk_next(disk, prefix, bytes_of("ab", 2), &key, &value), STATUS_NOT_FOUND);
    assert_int_equal(disk_next(disk, (struct bytes){0}, bytes_of("ab", 2), &key, &value),
                     STATUS_OK);
    assert_int_equal(key.data[0], 'b');
    disk_free(disk);
}

static void a_copy_stays_as_it_was(void **state)
{
    (void)state;
    struct disk *disk = disk_new();
    struct write write = one_write("a", "1");
    assert_true(disk_submit(disk, &write, 1));
    disk_settle(disk, true);
    struct disk *copy = disk_copy(disk);
    struct write erase = one_write("a", "");
    assert_true(disk_submit(disk, &erase, 1));
    disk_settle(disk, true);
    assert_int_equal(load(disk, "a"), STATUS_NOT_FOUND);
    assert_int_equal(load(copy, "a"), STATUS_OK);
    disk_free(copy);
    disk_free(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_random_script_leaves_what_a_plain_list_would_hold),
        cmocka_unit_test(nothing_is_read_before_its_commit_is_done),
        cmocka_unit_test(a_lost_batch_leaves_nothing_of_itself),
        cmocka_unit_test(one_batch_at_a_time_is_taken_and_none_after_a_failure),
        cmocka_unit_test(what_was_handed_over_may_be_scribbled_on),
        cmocka_unit_test(a_prefix_ends_a_walk_and_short_memory_is_an_error),
        cmocka_unit_test(a_copy_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
