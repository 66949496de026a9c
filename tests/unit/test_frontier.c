#include "check.h"

#include "frontier.h"

static struct frontier_entry memory[4];

static struct frontier empty(void)
{
    memset(memory, 0, sizeof memory);
    return (struct frontier){.capacity = 4, .entries = memory};
}

static struct block_header next_of(const struct frontier_entry *entry)
{
    return (struct block_header){.journal = entry->journal,
                                 .seq = entry->seq + 1,
                                 .prev = entry->id,
                                 .hlc = entry->hlc + 1,
                                 .day = entry->day,
                                 .auth = entry->auth};
}

static void journals_are_listed_once_and_in_order(void **state)
{
    (void)state;
    struct frontier frontier = empty();
    assert_non_null(frontier_list(&frontier, 30));
    assert_non_null(frontier_list(&frontier, 10));
    assert_non_null(frontier_list(&frontier, 20));
    assert_non_null(frontier_list(&frontier, 10));
    assert_int_equal(frontier.count, 3);
    assert_int_equal(frontier.entries[0].journal, 10);
    assert_int_equal(frontier.entries[1].journal, 20);
    assert_int_equal(frontier.entries[2].journal, 30);
    assert_int_equal(frontier_position(&frontier, frontier_find(&frontier, 30)), 2);
    assert_null(frontier_find(&frontier, 15));
}

static void a_full_frontier_lists_no_more(void **state)
{
    (void)state;
    struct frontier frontier = empty();
    for (uint64_t journal = 1; journal <= 4; journal++) {
        assert_non_null(frontier_list(&frontier, journal));
    }
    assert_null(frontier_list(&frontier, 5));
    assert_non_null(frontier_list(&frontier, 4));
    assert_int_equal(frontier.count, 4);
}

/* S1 */
static void only_the_block_that_follows_is_expected(void **state)
{
    (void)state;
    struct frontier frontier = empty();
    struct frontier_entry *entry = frontier_list(&frontier, 7);
    entry->seq = 4;
    entry->id.bytes[0] = 9;
    entry->hlc = 100;
    entry->day = 50;
    entry->auth = 3;
    struct block_header header = next_of(entry);
    assert_true(frontier_expects(entry, &header));
    header.seq = 6;
    assert_false(frontier_expects(entry, &header));
    header = next_of(entry);
    header.seq = 4;
    assert_false(frontier_expects(entry, &header));
    header = next_of(entry);
    header.prev.bytes[31] ^= 1;
    assert_false(frontier_expects(entry, &header));
}

static void time_day_and_authority_never_go_back(void **state)
{
    (void)state;
    struct frontier frontier = empty();
    struct frontier_entry *entry = frontier_list(&frontier, 7);
    entry->hlc = 100;
    entry->day = 50;
    entry->auth = 3;
    struct block_header header = next_of(entry);
    header.hlc = 100;
    assert_false(frontier_expects(entry, &header));
    header = next_of(entry);
    header.day = 49;
    assert_false(frontier_expects(entry, &header));
    header = next_of(entry);
    header.auth = 2;
    assert_false(frontier_expects(entry, &header));
}

static void advancing_takes_over_the_blocks_place(void **state)
{
    (void)state;
    struct frontier frontier = empty();
    struct frontier_entry *entry = frontier_list(&frontier, 7);
    struct block_header header = next_of(entry);
    header.day = 12;
    header.auth = 5;
    struct digest id = {{1, 2, 3}};
    frontier_advance(entry, &header, &id);
    assert_int_equal(entry->seq, 1);
    assert_int_equal(entry->day, 12);
    assert_int_equal(entry->auth, 5);
    assert_int_equal(entry->hlc, 1);
    assert_true(digest_equal(&entry->id, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journals_are_listed_once_and_in_order),
        cmocka_unit_test(a_full_frontier_lists_no_more),
        cmocka_unit_test(only_the_block_that_follows_is_expected),
        cmocka_unit_test(time_day_and_authority_never_go_back),
        cmocka_unit_test(advancing_takes_over_the_blocks_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
