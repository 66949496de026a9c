#include "sheet.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sheet_lot lot_of(uint8_t number, uint64_t journal, uint64_t seq, uint16_t index)
{
    return (struct sheet_lot){
        .lot = {{number}},
        .bucket = BUCKET_PRINCIPAL,
        .to_day = 500,
        .issued = {.journal = journal, .seq = seq, .index = index},
    };
}

static void list(struct sheet *sheet, uint8_t number, uint64_t journal, uint64_t seq,
                 uint16_t index)
{
    struct sheet_lot lot = lot_of(number, journal, seq, index);
    assert_non_null(sheet_list(sheet, &lot));
}

static void check_numbers(const struct sheet *sheet, const uint8_t *numbers, size_t count)
{
    assert_int_equal(sheet->lot_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sheet->lots[i].lot.bytes[0], numbers[i]);
    }
}

static void lots_stand_by_journal_block_index_and_name_whatever_came_first(void **state)
{
    (void)state;
    struct sheet sheet = {0};
    list(&sheet, 6, 2, 1, 0);
    list(&sheet, 4, 1, 9, 2);
    list(&sheet, 5, 1, 9, 1);
    list(&sheet, 2, 1, 3, 7);
    list(&sheet, 1, 1, 3, 7);
    list(&sheet, 3, 1, 4, 0);
    check_numbers(&sheet, (uint8_t[]){1, 2, 3, 5, 4, 6}, 6);
    struct sheet other = {0};
    list(&other, 1, 1, 3, 7);
    list(&other, 2, 1, 3, 7);
    list(&other, 3, 1, 4, 0);
    list(&other, 5, 1, 9, 1);
    list(&other, 4, 1, 9, 2);
    list(&other, 6, 2, 1, 0);
    check_numbers(&other, (uint8_t[]){1, 2, 3, 5, 4, 6}, 6);
}

static void a_lot_is_listed_once_and_found_by_its_name(void **state)
{
    (void)state;
    struct sheet sheet = {0};
    const struct lot_id first = {{1}};
    const struct lot_id second = {{2}};
    const struct lot_id third = {{3}};
    assert_null(sheet_find(&sheet, &second));
    list(&sheet, 1, 1, 1, 0);
    list(&sheet, 2, 1, 2, 0);
    sheet.lots[1].left = 70;
    struct sheet_lot again = lot_of(2, 1, 2, 0);
    struct sheet_lot *listed = sheet_list(&sheet, &again);
    assert_ptr_equal(listed, &sheet.lots[1]);
    assert_int_equal(listed->left, 70);
    assert_int_equal(sheet.lot_count, 2);
    assert_ptr_equal(sheet_find(&sheet, &second), listed);
    assert_ptr_equal(sheet_find(&sheet, &first), &sheet.lots[0]);
    assert_null(sheet_find(&sheet, &third));
}

static void a_listed_lot_keeps_its_terms(void **state)
{
    (void)state;
    struct sheet sheet = {0};
    struct sheet_lot terms = lot_of(9, 4, 5, 6);
    terms.bucket = BUCKET_BONUS;
    terms.from_day = 3;
    terms.product = 12;
    const struct sheet_lot *listed = sheet_list(&sheet, &terms);
    assert_non_null(listed);
    assert_int_equal(listed->bucket, BUCKET_BONUS);
    assert_int_equal(listed->from_day, 3);
    assert_int_equal(listed->to_day, 500);
    assert_int_equal(listed->product, 12);
    assert_int_equal(listed->issued.index, 6);
    assert_int_equal(listed->left, 0);
}

static void a_full_sheet_lists_no_more_but_still_what_it_has(void **state)
{
    (void)state;
    struct sheet sheet = {0};
    for (size_t i = 0; i < SHEET_LOTS_MAX; i++) {
        list(&sheet, (uint8_t)(i + 1), 1, i + 1, 0);
    }
    assert_int_equal(sheet.unlisted, 0);
    struct sheet_lot known = lot_of(SHEET_LOTS_MAX, 1, SHEET_LOTS_MAX, 0);
    assert_ptr_equal(sheet_list(&sheet, &known), &sheet.lots[SHEET_LOTS_MAX - 1]);
    assert_int_equal(sheet.unlisted, 0);
    struct sheet_lot more = lot_of(99, 1, 7, 1);
    assert_null(sheet_list(&sheet, &more));
    assert_int_equal(sheet.lot_count, SHEET_LOTS_MAX);
}

static void tidying_drops_only_lots_with_nothing_left_held_or_in_flight(void **state)
{
    (void)state;
    struct sheet sheet = {0};
    for (uint8_t i = 1; i <= 6; i++) {
        list(&sheet, i, 1, i, 0);
    }
    sheet.lots[1].left = 5;
    sheet_set_holder(&sheet.lots[3], 7, 1);
    sheet_set_flight(&sheet.lots[5], 7, 8, 1);
    sheet.unlisted = 1;
    sheet_tidy(&sheet);
    check_numbers(&sheet, (uint8_t[]){2, 4, 6}, 3);
    assert_int_equal(sheet.lots[0].left, 5);
    assert_int_equal(sheet_lot_held(&sheet.lots[1], 7), 1);
    assert_int_equal(sheet_lot_coming(&sheet.lots[2], 8), 1);
    assert_int_equal(sheet.unlisted, 1); /* what it does not list is still not listed */
    sheet_tidy(&sheet);
    check_numbers(&sheet, (uint8_t[]){2, 4, 6}, 3);
}

static void check_holders(const struct sheet_lot *lot, const uint64_t *journals, size_t count)
{
    assert_int_equal(lot->holder_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(lot->holders[i].journal, journals[i]);
    }
}

static void holders_stand_by_journal_and_leave_with_their_last_unit(void **state)
{
    (void)state;
    struct sheet sheet = {.lot_count = 1};
    struct sheet_lot *lot = &sheet.lots[0];
    sheet_set_holder(lot, 5, 50);
    sheet_set_holder(lot, 9, 90);
    sheet_set_holder(lot, 3, 30);
    sheet_set_holder(lot, 7, 70);
    check_holders(lot, (uint64_t[]){3, 5, 7, 9}, 4);
    sheet_set_holder(lot, 5, 55);
    sheet_set_holder(lot, 3, 0);
    sheet_set_holder(lot, 9, -1);
    sheet_set_holder(lot, 4, 0);
    sheet_set_holder(lot, 8, -4);
    check_holders(lot, (uint64_t[]){5, 7}, 2);
    assert_int_equal(sheet_lot_held(lot, 5), 55);
    assert_int_equal(sheet_lot_held(lot, 7), 70);
    assert_int_equal(sheet_lot_held(lot, 3), 0);
    assert_int_equal(sheet_lot_held(lot, 9), 0);
    assert_int_equal(lot->crowded, 0);
}

static void of_too_many_holders_the_richest_stay(void **state)
{
    (void)state;
    struct sheet sheet = {.lot_count = 1};
    struct sheet_lot *lot = &sheet.lots[0];
    for (uint64_t journal = 10; journal < 90; journal += 10) {
        sheet_set_holder(lot, journal, journal == 40 ? 5 : 100);
    }
    assert_int_equal(lot->crowded, 0);
    sheet_set_holder(lot, 25, 5); /* no richer than the poorest */
    check_holders(lot, (uint64_t[]){10, 20, 30, 40, 50, 60, 70, 80}, 8);
    assert_int_equal(lot->crowded, 1);
    sheet_set_holder(lot, 65, 6);
    check_holders(lot, (uint64_t[]){10, 20, 30, 50, 60, 65, 70, 80}, 8);
    sheet_set_holder(lot, 25, 7);
    check_holders(lot, (uint64_t[]){10, 20, 25, 30, 50, 60, 70, 80}, 8);
    assert_int_equal(sheet_lot_held(lot, 25), 7);
    assert_int_equal(sheet_lot_held(lot, 65), 0);
    assert_int_equal(sheet_lot_held(lot, 80), 100);
    sheet_set_holder(lot, 99, 8); /* in at the very end */
    check_holders(lot, (uint64_t[]){10, 20, 30, 50, 60, 70, 80, 99}, 8);
}

/* Eight holders and flights, ten apart, one poorer than the rest; then a newcomer. */
static void check_newcomer(uint64_t poorest, uint64_t newcomer)
{
    struct sheet sheet = {.lot_count = 2};
    struct sheet_lot *lot = &sheet.lots[0];
    sheet.lots[1] = lot_of(9, 1, 1, 0);
    for (uint64_t i = 1; i <= SHEET_HOLDERS_MAX; i++) {
        sheet_set_holder(lot, i * 10, i == poorest ? 5 : 100);
        sheet_set_flight(lot, 1, i * 10, i == poorest ? 5 : 100);
    }
    sheet_set_holder(lot, newcomer, 6);
    sheet_set_flight(lot, 1, newcomer, 6);
    assert_int_equal(lot->holder_count, SHEET_HOLDERS_MAX);
    assert_int_equal(lot->flight_count, SHEET_FLIGHTS_MAX);
    assert_int_equal(sheet.lots[1].lot.bytes[0], 9); /* its neighbour is left alone */
    for (uint64_t i = 1; i <= SHEET_HOLDERS_MAX; i++) {
        assert_int_equal(lot->holders[i - 1].journal, i == poorest ? newcomer : i * 10);
        assert_int_equal(lot->flights[i - 1].to, i == poorest ? newcomer : i * 10);
        assert_int_equal(lot->holders[i - 1].held, i == poorest ? 6 : 100);
        assert_int_equal(lot->flights[i - 1].amount, i == poorest ? 6 : 100);
    }
}

static void the_poorest_holder_leaves_wherever_it_stands(void **state)
{
    (void)state;
    for (uint64_t poorest = 1; poorest <= SHEET_HOLDERS_MAX; poorest++) {
        check_newcomer(poorest, poorest * 10 - 1);
        check_newcomer(poorest, poorest * 10 + 1);
    }
}

static void of_equally_poor_holders_the_last_one_leaves(void **state)
{
    (void)state;
    struct sheet sheet = {.lot_count = 1};
    struct sheet_lot *lot = &sheet.lots[0];
    for (uint64_t journal = 1; journal <= 8; journal++) {
        sheet_set_holder(lot, journal, 100);
    }
    sheet_set_holder(lot, 9, 101);
    check_holders(lot, (uint64_t[]){1, 2, 3, 4, 5, 6, 7, 9}, 8);
}

static void a_full_list_of_holders_still_takes_changes_and_leavers(void **state)
{
    (void)state;
    struct sheet sheet = {.lot_count = 1};
    struct sheet_lot *lot = &sheet.lots[0];
    for (uint64_t journal = 1; journal <= 8; journal++) {
        sheet_set_holder(lot, journal, 100);
    }
    sheet_set_holder(lot, 8, 1);
    assert_int_equal(sheet_lot_held(lot, 8), 1);
    sheet_set_holder(lot, 1, 0);
    check_holders(lot, (uint64_t[]){2, 3, 4, 5, 6, 7, 8}, 7);
    sheet_set_holder(lot, 99, 0);
    assert_int_equal(sheet.unlisted, 0);
}

static void check_flight(const struct sheet_lot *lot, size_t at, uint64_t from, uint64_t to,
                         int64_t amount)
{
    assert_true(at < lot->flight_count);
    assert_int_equal(lot->flights[at].from, from);
    assert_int_equal(lot->flights[at].to, to);
    assert_int_equal(lot->flights[at].amount, amount);
}

static void flights_stand_by_giver_and_receiver_and_leave_when_they_land(void **state)
{
    (void)state;
    struct sheet sheet = {.lot_count = 1};
    struct sheet_lot *lot = &sheet.lots[0];
    sheet_set_flight(lot, 2, 1, 21);
    sheet_set_flight(lot, 1, 3, 13);
    sheet_set_flight(lot, 1, 2, 12);
    sheet_set_flight(lot, 3, 1, 31);
    assert_int_equal(lot->flight_count, 4);
    check_flight(lot, 0, 1, 2, 12);
    check_flight(lot, 1, 1, 3, 13);
    check_flight(lot, 2, 2, 1, 21);
    check_flight(lot, 3, 3, 1, 31);
    assert_int_equal(sheet_lot_coming(lot, 1), 52);
    assert_int_equal(sheet_lot_coming(lot, 2), 12);
    assert_int_equal(sheet_lot_coming(lot, 9), 0);
    sheet_set_flight(lot, 2, 1, 1);
    check_flight(lot, 2, 2, 1, 1);
    sheet_set_flight(lot, 2, 1, 20);
    sheet_set_flight(lot, 1, 2, 0);
    sheet_set_flight(lot, 2, 3, 0);
    sheet_set_flight(lot, 2, 3, -1);
    assert_int_equal(lot->flight_count, 3);
    check_flight(lot, 0, 1, 3, 13);
    check_flight(lot, 1, 2, 1, 20);
    check_flight(lot, 2, 3, 1, 31);
}

static void of_too_many_flights_the_largest_stay(void **state)
{
    (void)state;
    struct sheet sheet = {.lot_count = 1};
    struct sheet_lot *lot = &sheet.lots[0];
    for (uint64_t to = 1; to <= SHEET_FLIGHTS_MAX; to++) {
        sheet_set_flight(lot, 100, to * 10, to == 3 ? 5 : 100);
    }
    sheet_set_flight(lot, 100, 15, 0);
    assert_int_equal(lot->crowded, 0);
    sheet_set_flight(lot, 100, 15, 5);
    assert_int_equal(sheet_lot_coming(lot, 15), 0);
    assert_int_equal(lot->crowded, 1);
    sheet_set_flight(lot, 100, 45, 6);
    assert_int_equal(lot->flight_count, SHEET_FLIGHTS_MAX);
    assert_int_equal(sheet_lot_coming(lot, 30), 0);
    check_flight(lot, 2, 100, 40, 100);
    check_flight(lot, 3, 100, 45, 6);
    check_flight(lot, 4, 100, 50, 100);
    sheet_set_flight(lot, 100, 5, 7);
    check_flight(lot, 0, 100, 5, 7);
    assert_int_equal(sheet_lot_coming(lot, 45), 0);
    sheet_set_flight(lot, 100, 5, 100);
    sheet_set_flight(lot, 100, 81, 101); /* all equal: the last one leaves */
    assert_int_equal(sheet_lot_coming(lot, 80), 0);
    check_flight(lot, 7, 100, 81, 101);
}

static void hear(struct sheet *sheet, uint8_t number)
{
    struct sheet_lot terms = lot_of(number, 1 + number % 2, number / 2, number);
    struct sheet_lot *lot = sheet_list(sheet, &terms);
    assert_non_null(lot);
    for (uint8_t i = 0; i < 4; i++) {
        sheet_set_holder(lot, 1 + (number + i * 3U) % 4, 10 + i);
        sheet_set_flight(lot, 1 + i % 3, 10 + (number + i) % 4, 10);
    }
    sheet_set_holder(lot, 20U + number, 1);
}

static void check_same(const struct sheet_lot *a, const struct sheet_lot *b)
{
    assert_true(lot_equal(&a->lot, &b->lot));
    assert_int_equal(a->holder_count, b->holder_count);
    for (size_t i = 0; i < a->holder_count; i++) {
        assert_int_equal(a->holders[i].journal, b->holders[i].journal);
        assert_int_equal(a->holders[i].held, b->holders[i].held);
    }
    assert_int_equal(a->flight_count, b->flight_count);
    for (size_t i = 0; i < a->flight_count; i++) {
        assert_int_equal(a->flights[i].from, b->flights[i].from);
        assert_int_equal(a->flights[i].to, b->flights[i].to);
        assert_int_equal(a->flights[i].amount, b->flights[i].amount);
    }
}

/* Whoever hears the same facts in another order has the same sheet. */
static void any_order_of_news_gives_the_same_sheet(void **state)
{
    (void)state;
    static struct sheet one;
    static struct sheet other;
    struct dice dice = {.state = 19};
    memset(&one, 0, sizeof one);
    for (uint8_t i = 0; i < 8; i++) {
        hear(&one, i);
    }
    for (int run = 0; run < 300; run++) {
        memset(&other, 0, sizeof other);
        uint8_t order[8];
        for (uint8_t i = 0; i < 8; i++) {
            size_t at = (size_t)dice_between(&dice, 0, i);
            memmove(order + at + 1, order + at, i - at);
            order[at] = i;
        }
        for (size_t i = 0; i < 8; i++) {
            hear(&other, order[i]);
        }
        assert_int_equal(other.lot_count, 8);
        for (size_t i = 0; i < 8; i++) {
            check_same(&other.lots[i], &one.lots[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lots_stand_by_journal_block_index_and_name_whatever_came_first),
        cmocka_unit_test(a_lot_is_listed_once_and_found_by_its_name),
        cmocka_unit_test(a_listed_lot_keeps_its_terms),
        cmocka_unit_test(a_full_sheet_lists_no_more_but_still_what_it_has),
        cmocka_unit_test(tidying_drops_only_lots_with_nothing_left_held_or_in_flight),
        cmocka_unit_test(holders_stand_by_journal_and_leave_with_their_last_unit),
        cmocka_unit_test(of_too_many_holders_the_richest_stay),
        cmocka_unit_test(the_poorest_holder_leaves_wherever_it_stands),
        cmocka_unit_test(of_equally_poor_holders_the_last_one_leaves),
        cmocka_unit_test(a_full_list_of_holders_still_takes_changes_and_leavers),
        cmocka_unit_test(flights_stand_by_giver_and_receiver_and_leave_when_they_land),
        cmocka_unit_test(of_too_many_flights_the_largest_stay),
        cmocka_unit_test(any_order_of_news_gives_the_same_sheet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
