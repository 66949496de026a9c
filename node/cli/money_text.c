#include "money_text.h"

#include "text.h"

#include "tally/bounds.h"

#include <stdio.h>
#include <string.h>

enum {
    GROUP = 3,            /* digits between two commas */
    DIGITS_MAX = 15,      /* of a number that is read: above AMOUNT_MAX, far below INT64_MAX */
    DIGITS_UNKNOWN = 2,   /* after the point of a currency that is not known */
    NUMBER_SIZE_MAX = 24, /* digits and commas of any int64_t that is written */
};

bool money_text_is_currency(const char *text)
{
    return strlen(text) == CURRENCY_SIZE && text_is_currency(bytes_of(text, CURRENCY_SIZE));
}

static uint32_t digits_of(const char *currency)
{
    uint8_t code[CURRENCY_SIZE];
    if (!money_text_is_currency(currency)) {
        return DIGITS_UNKNOWN;
    }
    memcpy(code, currency, sizeof code);
    return currency_digits(code);
}

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

/* The digits before the point, and commas between groups of three. Moves `*at` behind them. */
static bool parse_whole(const char **at, int64_t *value)
{
    size_t digits = 0;
    size_t since_comma = 0;
    bool commas = false;
    const char *next = *at;
    for (; is_digit(*next) || *next == ','; next++) {
        if (*next == ',') {
            bool fits = commas ? since_comma == GROUP : since_comma >= 1 && since_comma <= GROUP;
            if (!fits) {
                return false;
            }
            commas = true;
            since_comma = 0;
        } else {
            if (++digits > DIGITS_MAX) {
                return false;
            }
            since_comma++;
            *value = *value * 10 + (*next - '0');
        }
    }
    *at = next;
    return digits > 0 && (!commas || since_comma == GROUP);
}

/* Point and decimals, if there are any; `*value` becomes minor units. */
static bool parse_decimals(const char **at, uint32_t digits, int64_t *value)
{
    uint32_t given = 0;
    if (**at == '.') {
        for (++*at; is_digit(**at); ++*at) {
            if (++given > digits) {
                return false;
            }
            *value = *value * 10 + (**at - '0');
        }
        if (given == 0) {
            return false;
        }
    }
    for (; given < digits; given++) {
        *value *= 10;
    }
    return true;
}

bool money_text_parse_zero(const char *text, const char *currency, int64_t *minor)
{
    const char *at = text;
    int64_t value = 0;
    if (!parse_whole(&at, &value) || !parse_decimals(&at, digits_of(currency), &value)) {
        return false;
    }
    if (*at == ' ') {
        at++;
    }
    bool ends = *at == '\0' && at[-1] != ' ';
    if ((!ends && strcmp(at, currency) != 0) || value > AMOUNT_MAX) {
        return false;
    }
    *minor = value;
    return true;
}

bool money_text_parse(const char *text, const char *currency, int64_t *minor)
{
    int64_t value = 0;
    if (!money_text_parse_zero(text, currency, &value) || value == 0) {
        return false;
    }
    *minor = value;
    return true;
}

void money_text_print(int64_t minor, const char *currency, char text[static MONEY_TEXT_SIZE])
{
    uint32_t digits = digits_of(currency);
    uint64_t unit = 1;
    for (uint32_t i = 0; i < digits; i++) {
        unit *= 10;
    }
    /* Negating in unsigned arithmetic is defined for INT64_MIN too. */
    uint64_t amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    uint64_t whole = amount / unit;
    char number[NUMBER_SIZE_MAX + 4];
    size_t start = sizeof number - 1;
    number[start] = '\0';
    for (size_t i = 0; i == 0 || whole > 0; i++, whole /= 10) {
        if (i > 0 && i % GROUP == 0) {
            number[--start] = ',';
        }
        number[--start] = (char)('0' + whole % 10);
    }
    char decimals[NUMBER_SIZE_MAX] = "";
    if (digits > 0) {
        (void)snprintf(decimals, sizeof decimals, ".%0*llu", (int)digits,
                       (unsigned long long)(amount % unit));
    }
    bool known = money_text_is_currency(currency);
    (void)snprintf(text, MONEY_TEXT_SIZE, "%s%s%s%s%s", minor < 0 ? "-" : "", number + start,
                   decimals, known ? " " : "", known ? currency : "");
}
