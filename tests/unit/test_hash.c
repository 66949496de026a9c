#include "hash.h"

#include "proto_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_digest(const struct digest *actual, const char *digits)
{
    uint8_t memory[32];
    struct buffer buffer = BUFFER_OVER(memory);
    struct bytes expected = hex(digits, &buffer);
    assert_int_equal(expected.size, 32);
    assert_memory_equal(actual->bytes, expected.data, 32);
}

static void assert_lot(struct lot_id actual, const char *digits)
{
    uint8_t memory[16];
    struct buffer buffer = BUFFER_OVER(memory);
    struct bytes expected = hex(digits, &buffer);
    assert_int_equal(expected.size, 16);
    assert_memory_equal(actual.bytes, expected.data, 16);
}

static void the_worked_example_has_its_published_names(void **state)
{
    (void)state;
    struct worked_example example;
    worked_example_make(&example);
    uint64_t journal = journal_of(7, 1);
    assert_digest(&example.leaves[0],
                  "beea8f9d6ecb61750a66cac5863c2483113000e85de2a36aa6f7ed493ebb885c");
    assert_digest(&example.leaves[1],
                  "83daf3d1b5584468f046d6e8f5db0e51330aac25e8b881a5adcccc1b76b9288d");
    assert_lot(hash_issued_lot(journal, 1, &example.leaves[0], 0),
               "8b38df6977e4eef7f0426944c851989f");
    assert_lot(hash_issued_lot(journal, 1, &example.leaves[0], 1),
               "e92a35c2ee1aca139ce5916110bda271");
    assert_lot(hash_refund_lot(journal, 1, &example.leaves[1], 0),
               "c546a42fe0626cf312e08dcd519fcde6");
    assert_lot(hash_refund_lot(journal, 1, &example.leaves[1], 1),
               "42dfdd5365e02a6b3243682eeddecf31");
    assert_digest(&example.header.root,
                  "93ce48f832a2ae9b6ec337dcd9b4ffd9dad3291d5532f98a8ea5ee9abbfda0f3");
    struct digest id = hash_block_id(example.header_bytes, BYTES_OF(example.signature));
    assert_digest(&id, "7924ce119a30dee29cb431022b7b756ce2d42605816ad7e496abaa22c1436478");
    struct digest block = hash_bytes(example.block);
    assert_digest(&block, "9e4294c9374612181c6187ec53010096a59ef267d4c7d7f11d5cbcc523227dc6");
}

static struct digest node_of(struct digest left, struct digest right)
{
    uint8_t input[65] = {1};
    memcpy(input + 1, left.bytes, 32);
    memcpy(input + 33, right.bytes, 32);
    return hash_bytes(BYTES_OF(input));
}

static void trees_have_the_shape_of_rfc_6962(void **state)
{
    (void)state;
    struct digest l[7];
    for (uint8_t i = 0; i < 7; i++) {
        l[i] = hash_leaf(bytes_of(&i, 1));
    }
    struct digest two = node_of(l[0], l[1]);
    struct digest four = node_of(two, node_of(l[2], l[3]));
    struct digest six = node_of(four, node_of(l[4], l[5]));
    struct digest seven = node_of(four, node_of(node_of(l[4], l[5]), l[6]));
    struct digest three = node_of(two, l[2]);
    struct digest five = node_of(four, l[4]);
    const struct digest expected[7] = {l[0], two, three, four, five, six, seven};
    for (size_t count = 1; count <= 7; count++) {
        struct digest root = hash_root(l, count);
        assert_true(digest_equal(&root, &expected[count - 1]));
    }
}

static void a_full_tree_is_two_half_trees(void **state)
{
    (void)state;
    static struct digest leaves[BLOCK_EVENTS_MAX];
    for (size_t i = 0; i < BLOCK_EVENTS_MAX; i++) {
        leaves[i] = hash_leaf(bytes_of(&i, 1 + i % 2));
    }
    struct digest all = hash_root(leaves, BLOCK_EVENTS_MAX);
    struct digest halves = node_of(hash_root(leaves, 256), hash_root(leaves + 256, 256));
    assert_true(digest_equal(&all, &halves));
    struct digest odd = hash_root(leaves, 511);
    struct digest parts = node_of(hash_root(leaves, 256), hash_root(leaves + 256, 255));
    assert_true(digest_equal(&odd, &parts));
}

static void a_lot_depends_on_everything_that_names_it(void **state)
{
    (void)state;
    struct digest leaf = {{1}};
    struct digest other = {{2}};
    struct lot_id lot = hash_issued_lot(1, 2, &leaf, 3);
    struct lot_id others[] = {
        hash_issued_lot(9, 2, &leaf, 3),  hash_issued_lot(1, 9, &leaf, 3),
        hash_issued_lot(1, 2, &other, 3), hash_issued_lot(1, 2, &leaf, 9),
        hash_refund_lot(1, 2, &leaf, 3),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(lot_equal(&lot, &others[i]));
    }
}

static void a_shared_lot_is_named_by_account_terms_and_key(void **state)
{
    (void)state;
    struct subject_id account = {{0xaa}};
    struct subject_id stranger = {{0xab}};
    struct lot_terms terms = {BUCKET_POINTS, 100, 20454, 20819, 5, bytes_of("2026-01", 7)};
    struct lot_id lot = hash_shared_lot(&account, &terms);
    struct lot_terms same = terms;
    same.amount = 7; /* the amount is not part of the name: value trickles in */
    struct lot_id equal = hash_shared_lot(&account, &same);
    assert_true(lot_equal(&lot, &equal));

    struct lot_terms changed[5] = {terms, terms, terms, terms, terms};
    changed[0].bucket = BUCKET_BONUS;
    changed[1].from_day++;
    changed[2].to_day++;
    changed[3].product++;
    changed[4].key = bytes_of("2026-02", 7);
    for (size_t i = 0; i < 5; i++) {
        struct lot_id different = hash_shared_lot(&account, &changed[i]);
        assert_false(lot_equal(&lot, &different));
    }
    struct lot_id theirs = hash_shared_lot(&stranger, &terms);
    assert_false(lot_equal(&lot, &theirs));
}

static void a_ticket_belongs_to_its_till(void **state)
{
    (void)state;
    struct ticket_id ticket = hash_ticket(3, bytes_of("sale-1", 6));
    struct ticket_id again = hash_ticket(3, bytes_of("sale-1", 6));
    struct ticket_id other_till = hash_ticket(4, bytes_of("sale-1", 6));
    struct ticket_id other_key = hash_ticket(3, bytes_of("sale-2", 6));
    assert_true(ticket_equal(&ticket, &again));
    assert_false(ticket_equal(&ticket, &other_till));
    assert_false(ticket_equal(&ticket, &other_key));
}

static void a_blind_index_needs_the_secret(void **state)
{
    (void)state;
    uint8_t secret[32] = {1};
    uint8_t other[32] = {2};
    uint8_t a[16];
    uint8_t b[16];
    hash_blind(secret, bytes_of("13800000000", 11), a);
    hash_blind(secret, bytes_of("13800000000", 11), b);
    assert_memory_equal(a, b, 16);
    hash_blind(other, bytes_of("13800000000", 11), b);
    assert_memory_not_equal(a, b, 16);
    hash_blind(secret, bytes_of("13800000001", 11), b);
    assert_memory_not_equal(a, b, 16);
}

static void two_networks_and_two_cards_have_two_names(void **state)
{
    (void)state;
    struct digest a = hash_network(bytes_of("a", 1));
    struct digest b = hash_network(bytes_of("b", 1));
    assert_false(digest_equal(&a, &b));
    uint8_t first[16];
    uint8_t second[16];
    hash_card(bytes_of("7000070010000011", 16), first);
    hash_card(bytes_of("7000070010000029", 16), second);
    assert_memory_not_equal(first, second, 16);
}

static void a_sum_forgets_the_order_of_its_rows(void **state)
{
    (void)state;
    struct digest forward = {{0}};
    struct digest backward = {{0}};
    for (uint8_t i = 0; i < 100; i++) {
        uint8_t j = (uint8_t)(99 - i);
        digest_sum_add(&forward, bytes_of(&i, 1), bytes_of("v", 1));
        digest_sum_add(&backward, bytes_of(&j, 1), bytes_of("v", 1));
    }
    assert_true(digest_equal(&forward, &backward));
    struct digest zero = {{0}};
    assert_false(digest_equal(&forward, &zero));
    for (uint8_t i = 0; i < 100; i++) {
        digest_sum_subtract(&forward, bytes_of(&i, 1), bytes_of("v", 1));
    }
    assert_true(digest_equal(&forward, &zero));
}

static void a_sum_wraps_at_two_to_the_256(void **state)
{
    (void)state;
    struct digest sum = {{0}};
    digest_sum_subtract(&sum, bytes_of("k", 1), bytes_of("v", 1)); /* below zero */
    assert_true((sum.bytes[0] & 0xff) != 0 || sum.bytes[1] != 0);
    digest_sum_add(&sum, bytes_of("k", 1), bytes_of("v", 1));
    assert_true(id_is_none(sum.bytes, 32));

    struct digest all_ones;
    memset(all_ones.bytes, 0xff, 32);
    struct digest row = {{0}};
    digest_sum_add(&row, bytes_of("k", 1), bytes_of("v", 1));
    digest_sum_add(&all_ones, bytes_of("k", 1), bytes_of("v", 1));
    /* all ones is minus one */
    struct digest difference = row;
    for (size_t i = 32; i > 0 && difference.bytes[i - 1]-- == 0; i--) {
    }
    assert_true(digest_equal(&all_ones, &difference));
}

static void a_row_is_its_key_and_its_value(void **state)
{
    (void)state;
    struct digest a = {{0}};
    struct digest b = {{0}};
    digest_sum_add(&a, bytes_of("ab", 2), bytes_of("c", 1));
    digest_sum_add(&b, bytes_of("a", 1), bytes_of("bc", 2));
    assert_false(digest_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_has_its_published_names),
        cmocka_unit_test(trees_have_the_shape_of_rfc_6962),
        cmocka_unit_test(a_full_tree_is_two_half_trees),
        cmocka_unit_test(a_lot_depends_on_everything_that_names_it),
        cmocka_unit_test(a_shared_lot_is_named_by_account_terms_and_key),
        cmocka_unit_test(a_ticket_belongs_to_its_till),
        cmocka_unit_test(a_blind_index_needs_the_secret),
        cmocka_unit_test(two_networks_and_two_cards_have_two_names),
        cmocka_unit_test(a_sum_forgets_the_order_of_its_rows),
        cmocka_unit_test(a_sum_wraps_at_two_to_the_256),
        cmocka_unit_test(a_row_is_its_key_and_its_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
