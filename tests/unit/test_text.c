#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct bytes of(const char *text)
{
    return bytes_of(text, strlen(text));
}

static bool is_sound(const char *text)
{
    return text_is_sound(of(text), 64);
}

static void names_of_all_scripts_are_sound(void **state)
{
    (void)state;
    assert_true(is_sound("Wang"));
    assert_true(is_sound("王小明"));
    assert_true(is_sound("O'Brien-Müller, Dr."));
    assert_true(is_sound("\xc2\xa1"));         /* U+00A1, after the last control */
    assert_true(is_sound("\xdf\xbf"));         /* U+07FF */
    assert_true(is_sound("\xe0\xa0\x80"));     /* U+0800 */
    assert_true(is_sound("\xed\x9f\xbf"));     /* U+D7FF */
    assert_true(is_sound("\xee\x80\x80"));     /* U+E000 */
    assert_true(is_sound("\xef\xbc\xa1"));     /* a wide A */
    assert_true(is_sound("\xf0\x90\x80\x80")); /* U+10000 */
    assert_true(is_sound("\xf0\xa0\x80\x80")); /* a rare Han letter */
    assert_true(is_sound("\xf4\x8f\xbf\xbd")); /* U+10FFFD */
    assert_true(is_sound(" a "));
    assert_true(is_sound("~"));
}

static void a_text_has_one_byte_to_its_maximum(void **state)
{
    (void)state;
    assert_false(text_is_sound(of(""), 3));
    assert_true(text_is_sound(of("abc"), 3));
    assert_false(text_is_sound(of("abcd"), 3));
    assert_true(text_is_sound(of("\xe7\x8e\x8b"), 3));
    assert_false(text_is_sound(of("\xe7\x8e\x8b"), 2));
}

static void bytes_that_are_not_utf8_in_its_only_form_are_refused(void **state)
{
    (void)state;
    const char *bad[] = {
        "\x80",             /* a tail without its lead */
        "\xbf",             /* the same */
        "\xc1\xbf",         /* 0x7f in two bytes */
        "\xc0\x80",         /* zero in two bytes */
        "\xe0\x9f\xbf",     /* U+07FF in three */
        "\xf0\x8f\xbf\xbf", /* U+FFFF in four */
        "\xed\xa0\x80",     /* first surrogate */
        "\xed\xbf\xbf",     /* last surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80", /* no such lead */
        "\xf8\x88\x80\x80", /* no such lead */
        "\xff",             /* no such lead */
        "a\xc3",            /* ends too early */
        "a\xe7\x8e",        /* ends too early */
        "a\xf0\xa0\x80",    /* ends too early */
        "\xc3(",            /* no tail */
        "\xe7\x8e(",        /* no tail */
        "\xe7(\x8e",        /* no tail */
        "\xc3\xc3",         /* a lead for a tail */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(is_sound(bad[i]));
    }
}

static void controls_and_turns_of_direction_are_refused(void **state)
{
    (void)state;
    const char *bad[] = {
        "a\x01",
        "a\nb",
        "a\tb",
        "a\x1f",
        "a\x7f",
        "a\xc2\x80",
        "a\xc2\x9f",
        "a\xe2\x80\xa8", /* line end */
        "a\xe2\x80\xa9", /* paragraph end */
        "a\xe2\x80\xaa",
        "a\xe2\x80\xae", /* overrides */
        "a\xe2\x81\xa6",
        "a\xe2\x81\xa9",     /* isolates */
        "a\xf3\xa0\x80\x81", /* tags */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(is_sound(bad[i]));
    }
    assert_false(text_is_sound(bytes_of("a\0b", 3), 64));
    assert_true(is_sound("a\xe2\x80\xa7")); /* a hyphenation point is none of them */
    assert_true(is_sound("a\xe2\x81\xaa"));
}

static void four_marks_on_a_letter_are_enough(void **state)
{
    (void)state;
    assert_true(is_sound("a\xcc\x80\xcc\x81\xcc\x82\xcd\xaf"));
    assert_true(is_sound("\xcc\x80\xcc\x81\xcc\x82\xcc\x83"));
    assert_false(is_sound("a\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcd\xaf"));
    assert_true(is_sound("a\xcc\x80\xcc\x81\xcc\x82\xcc\x83"
                         "b\xcc\x80\xcc\x81\xcc\x82\xcc\x83"));
    assert_false(is_sound("a\xe1\xb7\x80\xe2\x83\x90\xef\xb8\xa0\xd2\x83\xcc\x80"));
}

static void only_spaces_are_no_text(void **state)
{
    (void)state;
    assert_false(is_sound(" "));
    assert_false(is_sound("   "));
    assert_false(is_sound("\xe3\x80\x80\xc2\xa0")); /* ideographic, no-break */
    assert_false(is_sound("\xe2\x80\x8b"));         /* zero width */
    assert_false(is_sound("\xef\xbb\xbf"));
    assert_true(is_sound(" .\xe3\x80\x80"));
}

/* Five times this code point, after a letter if `letter`. */
static bool five_are_sound(uint32_t point, bool letter)
{
    uint8_t text[32] = {'a'};
    struct buffer buffer = {.data = text, .size = letter ? 1 : 0, .capacity = sizeof text};
    for (int i = 0; i < 5; i++) {
        const uint8_t long_form[4] = {
            (uint8_t)(0xf0 | point >> 18), (uint8_t)(0x80 | (point >> 12 & 0x3f)),
            (uint8_t)(0x80 | (point >> 6 & 0x3f)), (uint8_t)(0x80 | (point & 0x3f))};
        uint8_t form[4] = {0};
        size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        memcpy(form, long_form + 4 - size, size);
        if (size == 3) {
            form[0] = (uint8_t)(0xe0 | point >> 12);
        } else if (size == 2) {
            form[0] = (uint8_t)(0xc0 | point >> 6);
        } else if (size == 1) {
            form[0] = (uint8_t)point;
        }
        assert_true(buffer_append(&buffer, bytes_of(form, size)));
    }
    return text_is_sound(buffer_bytes(&buffer), sizeof text);
}

static void the_ranges_of_marks_controls_and_blanks_end_where_unicode_ends_them(void **state)
{
    (void)state;
    const uint32_t marks[][2] = {
        {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},  {0x064b, 0x065f},
        {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},  {0x20d0, 0x20ff},
        {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        assert_true(five_are_sound(marks[i][0] - 1, true));
        assert_false(five_are_sound(marks[i][0], true));
        assert_false(five_are_sound(marks[i][1], true));
        assert_true(five_are_sound(marks[i][1] + 1, true));
    }
    const uint32_t refused[][2] = {
        {0x0001, 0x001f}, {0x007f, 0x009f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(five_are_sound(refused[i][0] - 1, true), i > 0);
        assert_false(five_are_sound(refused[i][0], true));
        assert_false(five_are_sound(refused[i][1], true));
        assert_true(five_are_sound(refused[i][1] + 1, true));
    }
    const uint32_t blanks[] = {0x0020, 0x00a0, 0x00ad, 0x061c, 0x115f, 0x1160, 0x1680,
                               0x17b4, 0x17b5, 0x180b, 0x180e, 0x2000, 0x200f, 0x202f,
                               0x205f, 0x2065, 0x2800, 0x3000, 0x3164, 0xfeff, 0xffa0};
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        assert_false(five_are_sound(blanks[i], false));
        assert_true(five_are_sound(blanks[i], true));
    }
    const uint32_t seen[] = {0x0021, 0x00a1, 0x00ac, 0x00ae, 0x061b, 0x061d, 0x115e,
                             0x1161, 0x167f, 0x1681, 0x17b3, 0x17b6, 0x180a, 0x180f,
                             0x1fff, 0x2010, 0x2030, 0x205e, 0x27ff, 0x2801, 0x2fff,
                             0x3001, 0x3163, 0x3165, 0xfefe, 0xff00, 0xff9f, 0xffa1};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        assert_true(five_are_sound(seen[i], false));
    }
    assert_false(is_sound("\xcd\x8f"));     /* an invisible joiner, a mark and a blank */
    assert_false(is_sound("\xef\xb8\x80")); /* a variation selector */
    assert_false(is_sound("\xef\xb8\x8f"));
}

static bool fits(enum member_field field, const char *text)
{
    return text_fits_field((uint8_t)field, of(text));
}

static void a_phone_has_5_to_20_digits_with_spaces_and_dashes_between(void **state)
{
    (void)state;
    assert_true(fits(FIELD_PHONE, "13800138000"));
    assert_true(fits(FIELD_PHONE, "+86 138-0013-8000"));
    assert_true(fits(FIELD_PHONE, "12345"));
    assert_true(fits(FIELD_PHONE, "12345678901234567890"));
    const char *bad[] = {"1234",       "123456789012345678901",
                         "+",          "+1234",
                         "12345-",     "-12345",
                         "12 345 ",    "+ 12345",
                         "12+345",     "1234a5",
                         "(010)12345", "",
                         " 12345",     "12/345",
                         "12345:"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(fits(FIELD_PHONE, bad[i]));
    }
}

static void a_birthday_is_a_day_of_the_year_or_a_date(void **state)
{
    (void)state;
    assert_true(fits(FIELD_BIRTHDAY, "02-29"));
    assert_true(fits(FIELD_BIRTHDAY, "12-31"));
    assert_true(fits(FIELD_BIRTHDAY, "1948-02-29"));
    assert_true(fits(FIELD_BIRTHDAY, "1900-01-01"));
    const char *bad[] = {"02-30",      "13-01",      "1-1",   "00-10",    "1949-02-29",
                         "1899-12-31", "0001-01-01", "02/28", "2000-1-1", "19480229"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(fits(FIELD_BIRTHDAY, bad[i]));
    }
}

static void an_id_number_is_4_to_40_letters_and_digits(void **state)
{
    (void)state;
    assert_true(fits(FIELD_ID_NUMBER, "11010519491231002X"));
    assert_true(fits(FIELD_ID_NUMBER, "AZaz"));
    assert_true(fits(FIELD_ID_NUMBER, "0123456789012345678901234567890123456789"));
    const char *bad[] = {"123",
                         "01234567890123456789012345678901234567890",
                         "12 345",
                         "12345-6",
                         "@1234",
                         "[1234",
                         "`1234",
                         "{1234",
                         "/1234",
                         ":1234",
                         "\xe7\x8e\x8b\xe7\x8e\x8b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(fits(FIELD_ID_NUMBER, bad[i]));
    }
}

static void an_email_has_one_at_with_something_on_both_sides(void **state)
{
    (void)state;
    assert_true(fits(FIELD_EMAIL, "a@b"));
    assert_true(fits(FIELD_EMAIL, "wang.xm@example.com"));
    const char *bad[] = {"@b", "a@", "ab", "a@b@c", "a b@c", " a@b", "@", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(fits(FIELD_EMAIL, bad[i]));
    }
}

static void a_name_is_shorter_than_a_note_and_both_are_sound(void **state)
{
    (void)state;
    uint8_t text[FIELD_SIZE_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_true(text_fits_field(FIELD_NAME, bytes_of(text, NAME_SIZE_MAX)));
    assert_false(text_fits_field(FIELD_NAME, bytes_of(text, NAME_SIZE_MAX + 1)));
    assert_true(text_fits_field(FIELD_NOTE, bytes_of(text, FIELD_SIZE_MAX)));
    assert_false(text_fits_field(FIELD_NOTE, bytes_of(text, FIELD_SIZE_MAX + 1)));
    assert_false(fits(FIELD_NAME, "a\nb"));
    assert_false(fits(FIELD_NOTE, " "));
}

static void a_field_that_nobody_knows_takes_no_text(void **state)
{
    (void)state;
    assert_false(text_fits_field(0, of("a")));
    assert_false(text_fits_field(7, of("a")));
    assert_false(text_fits_field(255, of("a")));
}

static void check_key(const char *phone, const char *wanted)
{
    uint8_t key[24];
    size_t size = text_phone_key(of(phone), key);
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(key, wanted, size);
}

static void a_phone_is_compared_by_its_digits_and_its_plus(void **state)
{
    (void)state;
    check_key("138-0013 8000", "13800138000");
    check_key("+86 138-0013-8000", "+8613800138000");
    check_key("1+2", "12");
    check_key("-+2", "2");
    check_key("", "");
    check_key("1234567890123456789012345", "123456789012345678901234");
}

static void x5_a_currency_is_three_capital_letters(void **state)
{
    (void)state;
    assert_true(text_is_currency(of("CNY")));
    assert_true(text_is_currency(of("AZM")));
    const char *bad[] = {"", "CN", "CNYY", "cny", "CN1", "C Y", "@NY", "C[Y"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_is_currency(of(bad[i])));
    }
}

static uint32_t digits_of(const char *currency)
{
    return currency_digits(of(currency).data);
}

static void x5_yen_have_no_cents_and_dinars_have_mils(void **state)
{
    (void)state;
    const char *none[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                          "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
    const char *three[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
    const char *two[] = {"CNY", "EUR", "USD", "HKD", "IFC", "FXO", "DIQ", "PFA"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(digits_of(none[i]), 0);
    }
    for (size_t i = 0; i < sizeof three / sizeof three[0]; i++) {
        assert_int_equal(digits_of(three[i]), 3);
    }
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        assert_int_equal(digits_of(two[i]), 2);
    }
}

static void each_field_lives_in_its_class(void **state)
{
    (void)state;
    assert_int_equal(field_class(FIELD_NAME), CLASS_STATUTORY);
    assert_int_equal(field_class(FIELD_ID_NUMBER), CLASS_STATUTORY);
    assert_int_equal(field_class(FIELD_PHONE), CLASS_SERVICE);
    assert_int_equal(field_class(FIELD_BIRTHDAY), CLASS_MARKETING);
    assert_int_equal(field_class(FIELD_EMAIL), CLASS_MARKETING);
    assert_int_equal(field_class(FIELD_NOTE), CLASS_MARKETING);
    assert_int_equal(field_class(200), CLASS_MARKETING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_all_scripts_are_sound),
        cmocka_unit_test(a_text_has_one_byte_to_its_maximum),
        cmocka_unit_test(bytes_that_are_not_utf8_in_its_only_form_are_refused),
        cmocka_unit_test(controls_and_turns_of_direction_are_refused),
        cmocka_unit_test(four_marks_on_a_letter_are_enough),
        cmocka_unit_test(only_spaces_are_no_text),
        cmocka_unit_test(the_ranges_of_marks_controls_and_blanks_end_where_unicode_ends_them),
        cmocka_unit_test(a_phone_has_5_to_20_digits_with_spaces_and_dashes_between),
        cmocka_unit_test(a_birthday_is_a_day_of_the_year_or_a_date),
        cmocka_unit_test(an_id_number_is_4_to_40_letters_and_digits),
        cmocka_unit_test(an_email_has_one_at_with_something_on_both_sides),
        cmocka_unit_test(a_name_is_shorter_than_a_note_and_both_are_sound),
        cmocka_unit_test(a_field_that_nobody_knows_takes_no_text),
        cmocka_unit_test(a_phone_is_compared_by_its_digits_and_its_plus),
        cmocka_unit_test(x5_a_currency_is_three_capital_letters),
        cmocka_unit_test(x5_yen_have_no_cents_and_dinars_have_mils),
        cmocka_unit_test(each_field_lives_in_its_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
