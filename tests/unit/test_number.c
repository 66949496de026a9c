#include "number.h"

#include "tally/id.h"

#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_number(uint64_t journal, uint32_t serial, const char *wanted)
{
    uint8_t digits[CARD_NUMBER_SIZE] = {0};
    assert_true(number_make(journal, serial, digits));
    assert_memory_equal(digits, wanted, CARD_NUMBER_SIZE);
    uint64_t journal_back = 0;
    uint32_t serial_back = 0;
    assert_true(number_parse(BYTES_OF(digits), &journal_back, &serial_back));
    assert_int_equal(journal_back, journal);
    assert_int_equal(serial_back, serial);
}

/* R4 */
static void a_number_is_8_branch_incarnation_serial_and_check_digit(void **state)
{
    (void)state;
    /* 8, 1 (of the branch) and the last 1 count twice, 8 as 16 - 9: 7 + 2 + 1 + 2 and 8 are 20 */
    check_number(journal_of(1, 1), 1, "8000010010000018");
    check_number(journal_of(BRANCH_NUMBER_MAX, INCARNATION_MAX), CARD_SERIAL_MAX,
                 "8999999999999997");
    check_number(journal_of(12345, 678), 901234, "8123456789012340");
}

static void check_refused(const char *digits, size_t size)
{
    uint64_t journal = 77;
    uint32_t serial = 78;
    assert_false(number_parse(bytes_of(digits, size), &journal, &serial));
    assert_int_equal(journal, 77);
    assert_int_equal(serial, 78);
}

static void numbers_outside_their_ranges_are_not_made(void **state)
{
    (void)state;
    uint8_t digits[CARD_NUMBER_SIZE] = {0};
    assert_false(number_make(journal_of(0, 1), 1, digits));
    assert_false(number_make(journal_of(BRANCH_NUMBER_MAX + 1, 1), 1, digits));
    assert_false(number_make(journal_of(1, 0), 1, digits));
    assert_false(number_make(journal_of(1, INCARNATION_MAX + 1), 1, digits));
    assert_false(number_make(journal_of(1, 1), 0, digits));
    assert_false(number_make(journal_of(1, 1), CARD_SERIAL_MAX + 1, digits));
    assert_true(id_is_none(digits, sizeof digits));
}

static void numbers_of_another_form_are_not_read(void **state)
{
    (void)state;
    check_refused("8000010010000018", 15);
    check_refused("80000100100000180", 17);
    check_refused("", 0);
    check_refused("8000010010000019", 16); /* check digit */
    check_refused("9000010010000016", 16); /* first digit, with its right check digit */
    check_refused("80000100100000/8", 16);
    check_refused("80000100100000:8", 16);
    check_refused("8000010010000:17", 16); /* not digits, with sums that fit */
    check_refused("8000010010001/16", 16);
    check_refused("8000000010000019", 16); /* branch 0 */
    check_refused("8000010000000010", 16); /* incarnation 0 */
    check_refused("8000010010000000", 16); /* serial 0 */
}

/* R4 */
static void one_wrong_digit_is_always_found(void **state)
{
    (void)state;
    uint8_t digits[CARD_NUMBER_SIZE];
    assert_true(number_make(journal_of(12345, 678), 901234, digits));
    for (size_t i = 0; i < CARD_NUMBER_SIZE; i++) {
        uint8_t right = digits[i];
        for (int wrong = '0'; wrong <= '9'; wrong++) {
            digits[i] = (uint8_t)wrong;
            uint64_t journal = 0;
            uint32_t serial = 0;
            assert_int_equal(number_parse(BYTES_OF(digits), &journal, &serial), wrong == right);
        }
        digits[i] = right;
    }
}

/* R4 */
static void every_number_names_the_journal_that_made_it(void **state)
{
    (void)state;
    struct dice dice = {.state = 23};
    for (int i = 0; i < 10000; i++) {
        uint64_t journal = journal_of((uint32_t)dice_between(&dice, 1, BRANCH_NUMBER_MAX),
                                      (uint16_t)dice_between(&dice, 1, INCARNATION_MAX));
        uint32_t serial = (uint32_t)dice_between(&dice, 1, CARD_SERIAL_MAX);
        uint8_t digits[CARD_NUMBER_SIZE];
        assert_true(number_make(journal, serial, digits));
        uint64_t journal_back = 0;
        uint32_t serial_back = 0;
        assert_true(number_parse(BYTES_OF(digits), &journal_back, &serial_back));
        assert_int_equal(journal_back, journal);
        assert_int_equal(serial_back, serial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_8_branch_incarnation_serial_and_check_digit),
        cmocka_unit_test(numbers_outside_their_ranges_are_not_made),
        cmocka_unit_test(numbers_of_another_form_are_not_read),
        cmocka_unit_test(one_wrong_digit_is_always_found),
        cmocka_unit_test(every_number_names_the_journal_that_made_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
