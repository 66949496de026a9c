#include "text.h"

#include "calendar.h"

#include <assert.h>

enum {
    MARKS_IN_A_ROW_MAX = 4,
    PHONE_DIGITS_MIN = 5,
    PHONE_DIGITS_MAX = 20,
    PHONE_KEY_SIZE = 24,
    ID_NUMBER_SIZE_MIN = 4,
    ID_NUMBER_SIZE_MAX = 40,
    BIRTH_YEAR_MIN = 1900,
};

struct range {
    uint32_t first;
    uint32_t last;
};

/* Marks that stack on the letter before: piled up they paint over the lines around them. */
static const struct range marks[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},   {0x064b, 0x065f},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x20d0, 0x20ff},
    {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
};

/* Controls, line and paragraph ends, and what turns the direction of the text around it. */
static const struct range refused[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xe0000, 0xe007f},
};

/* Nothing to see, alone. */
static const struct range blanks[] = {
    {0x0020, 0x0020}, {0x00a0, 0x00a0}, {0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c},
    {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180e}, {0x2000, 0x200f},
    {0x202f, 0x202f}, {0x205f, 0x2065}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0},
};

static bool is_within(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* The code point at the front of `text` and its size; 0 if it is not UTF-8 in its only form. */
static size_t first_point(struct bytes text, uint32_t *point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = text.data[0];
    if (lead < 0x80) {
        *point = lead;
        return 1;
    }
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size > text.size) {
        return 0;
    }
    uint32_t read = lead & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        read = read << 6 | (text.data[i] & 0x3fU);
    }
    if (read < least[size] || read > 0x10ffff || (read >= 0xd800 && read <= 0xdfff)) {
        return 0;
    }
    *point = read;
    return size;
}

/* What is kept shows as what it is, on every screen and in every line. */
bool text_is_sound(struct bytes text, size_t size_max)
{
    if (text.size == 0 || text.size > size_max) {
        return false;
    }
    bool seen = false;
    uint32_t marks_in_a_row = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t point = 0;
        size_t size = first_point(bytes_of(text.data + at, text.size - at), &point);
        if (size == 0 || is_within(refused, sizeof refused / sizeof refused[0], point)) {
            return false;
        }
        bool mark = is_within(marks, sizeof marks / sizeof marks[0], point);
        marks_in_a_row = mark ? marks_in_a_row + 1 : 0;
        if (marks_in_a_row > MARKS_IN_A_ROW_MAX) {
            return false;
        }
        seen = seen || !is_within(blanks, sizeof blanks / sizeof blanks[0], point);
        at += size;
    }
    return seen;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool is_phone(struct bytes text)
{
    size_t at = text.size > 0 && text.data[0] == '+' ? 1 : 0;
    /* Spaces and dashes stand between digits: the ends are digits. */
    if (at == text.size || !is_digit(text.data[at]) || !is_digit(text.data[text.size - 1])) {
        return false;
    }
    size_t digits = 0;
    for (; at < text.size; at++) {
        if (is_digit(text.data[at])) {
            digits++;
        } else if (text.data[at] != ' ' && text.data[at] != '-') {
            return false;
        }
    }
    return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

static bool is_id_number(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]) && !is_letter(text.data[i])) {
            return false;
        }
    }
    return text.size >= ID_NUMBER_SIZE_MIN && text.size <= ID_NUMBER_SIZE_MAX;
}

static bool is_birthday(struct bytes text)
{
    struct date date = {0};
    if (text.size != 5) {
        return calendar_read_date(text, &date) && date.year >= BIRTH_YEAR_MIN;
    }
    /* Without its year a birthday may be the leap day. */
    uint8_t whole[10] = {'2', '0', '0', '0', '-'};
    memcpy(whole + 5, text.data, 5);
    return calendar_read_date(BYTES_OF(whole), &date);
}

static bool is_email(struct bytes text)
{
    size_t signs = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ' ') {
            return false;
        }
        signs += text.data[i] == '@' ? 1 : 0;
    }
    return signs == 1 && text.data[0] != '@' && text.data[text.size - 1] != '@';
}

bool text_fits_field(uint8_t field, struct bytes text)
{
    if (!text_is_sound(text, FIELD_SIZE_MAX)) {
        return false;
    }
    switch ((enum member_field)field) {
    case FIELD_NAME:
        return text.size <= NAME_SIZE_MAX;
    case FIELD_PHONE:
        return is_phone(text);
    case FIELD_ID_NUMBER:
        return is_id_number(text);
    case FIELD_BIRTHDAY:
        return is_birthday(text);
    case FIELD_EMAIL:
        return is_email(text);
    case FIELD_NOTE:
        return true;
    }
    return false; /* a field that this version does not know */
}

size_t text_phone_key(struct bytes phone, uint8_t key[static 24])
{
    size_t size = 0;
    for (size_t i = 0; i < phone.size && size < PHONE_KEY_SIZE; i++) {
        if (is_digit(phone.data[i]) || (i == 0 && phone.data[i] == '+')) {
            key[size] = phone.data[i];
            size++;
        }
    }
    return size;
}

bool text_is_currency(struct bytes text)
{
    if (text.size != CURRENCY_SIZE) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 'A' || text.data[i] > 'Z') {
            return false;
        }
    }
    return true;
}

static bool is_listed(const char *list, size_t size, const uint8_t *currency)
{
    for (size_t at = 0; at < size; at += CURRENCY_SIZE) {
        if (memcmp(list + at, currency, CURRENCY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t currency_digits(const uint8_t currency[static CURRENCY_SIZE])
{
    static const char none[] = "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF";
    static const char three[] = "BHDIQDJODKWDLYDOMRTND";
    static_assert((sizeof none - 1) % CURRENCY_SIZE == 0, "whole codes");
    static_assert((sizeof three - 1) % CURRENCY_SIZE == 0, "whole codes");
    if (is_listed(none, sizeof none - 1, currency)) {
        return 0;
    }
    return is_listed(three, sizeof three - 1, currency) ? 3 : 2;
}

enum privacy_class field_class(uint8_t field)
{
    switch ((enum member_field)field) {
    case FIELD_NAME:
    case FIELD_ID_NUMBER:
        return CLASS_STATUTORY;
    case FIELD_PHONE:
        return CLASS_SERVICE;
    case FIELD_BIRTHDAY:
    case FIELD_EMAIL:
    case FIELD_NOTE:
        break;
    }
    /* Preferences and contact; what is not known is kept no longer than these. */
    return CLASS_MARKETING;
}
