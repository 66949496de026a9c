#include "number.h"

#include "tally/id.h"

enum {
    NUMBER_FIRST = '8',
    BRANCH_AT = 1,
    BRANCH_DIGITS = 5,
    INCARNATION_AT = 6,
    INCARNATION_DIGITS = 3,
    SERIAL_AT = 9,
    SERIAL_DIGITS = 6,
    CHECK_AT = 15,
};

static_assert(CHECK_AT + 1 == CARD_NUMBER_SIZE, "the check digit is the last one");

static void put_digits(uint8_t *digits, size_t count, uint32_t value)
{
    for (size_t i = count; i > 0; i--) {
        digits[i - 1] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
}

static uint32_t take_digits(const uint8_t *digits, size_t count)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (uint32_t)(digits[i] - '0');
    }
    return value;
}

/* Luhn: from the right every second digit counts twice; it finds each single wrong digit and nearly
 * each swap of neighbours. */
static uint8_t check_digit(const uint8_t *digits)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < CHECK_AT; i++) {
        uint32_t digit = (uint32_t)(digits[i] - '0');
        uint32_t counted = i % 2 == 0 ? digit * 2 : digit;
        sum += counted > 9 ? counted - 9 : counted;
    }
    return (uint8_t)('0' + (10 - sum % 10) % 10);
}

/* Within these the digits hold the journal and serial in full: no two journals share a number (R4).
 */
static bool is_in_range(uint32_t branch, uint32_t incarnation, uint32_t serial)
{
    return branch >= 1 && branch <= BRANCH_NUMBER_MAX && incarnation >= 1 &&
           incarnation <= INCARNATION_MAX && serial >= 1 && serial <= CARD_SERIAL_MAX;
}

bool number_make(uint64_t journal, uint32_t serial, uint8_t digits[static CARD_NUMBER_SIZE])
{
    uint32_t branch = journal_branch(journal);
    uint32_t incarnation = journal_incarnation(journal);
    if (!is_in_range(branch, incarnation, serial)) {
        return false;
    }
    digits[0] = NUMBER_FIRST;
    put_digits(digits + BRANCH_AT, BRANCH_DIGITS, branch);
    put_digits(digits + INCARNATION_AT, INCARNATION_DIGITS, incarnation);
    put_digits(digits + SERIAL_AT, SERIAL_DIGITS, serial);
    digits[CHECK_AT] = check_digit(digits);
    return true;
}

bool number_parse(struct bytes digits, uint64_t *journal, uint32_t *serial)
{
    if (digits.size != CARD_NUMBER_SIZE) {
        return false;
    }
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return false;
        }
    }
    if (digits.data[0] != NUMBER_FIRST || digits.data[CHECK_AT] != check_digit(digits.data)) {
        return false;
    }
    uint32_t branch = take_digits(digits.data + BRANCH_AT, BRANCH_DIGITS);
    uint32_t incarnation = take_digits(digits.data + INCARNATION_AT, INCARNATION_DIGITS);
    uint32_t number = take_digits(digits.data + SERIAL_AT, SERIAL_DIGITS);
    if (!is_in_range(branch, incarnation, number)) {
        return false;
    }
    *journal = journal_of(branch, (uint16_t)incarnation);
    *serial = number;
    return true;
}
