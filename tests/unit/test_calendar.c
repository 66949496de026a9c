#include "calendar.h"

#include "registers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DAY_MAX = 2932896 };

static uint32_t day_of(const char *text)
{
    uint32_t day = UINT32_MAX;
    assert_true(calendar_parse(bytes_of(text, strlen(text)), &day));
    return day;
}

static void check_day(uint32_t day, const char *wanted)
{
    char text[11];
    calendar_print(day, text);
    assert_string_equal(text, wanted);
}

static void check_months(const char *issued, uint32_t months, const char *last)
{
    check_day(calendar_add_months(day_of(issued), months), last);
}

static void g14_a_month_after_31_jan_2026_is_28_feb(void **state)
{
    (void)state;
    check_months("2026-01-31", 1, "2026-02-28");
}

static void g15_a_month_after_31_jan_2028_is_29_feb(void **state)
{
    (void)state;
    check_months("2028-01-31", 1, "2028-02-29");
}

static void g16_two_months_after_31_jan_are_counted_from_the_issue_date(void **state)
{
    (void)state;
    check_months("2026-01-31", 2, "2026-03-31");
}

static void g17_three_months_after_31_jan_and_six_after_31_aug_clamp(void **state)
{
    (void)state;
    check_months("2026-01-31", 3, "2026-04-30");
    check_months("2026-08-31", 6, "2027-02-28");
}

static void g18_a_year_after_a_leap_day_is_28_feb(void **state)
{
    (void)state;
    check_months("2028-02-29", 12, "2029-02-28");
}

static void g19_the_first_day_does_not_count(void **state)
{
    (void)state;
    check_months("2026-01-15", 1, "2026-02-15");
    check_day(calendar_add_days(day_of("2026-01-01"), 365), "2027-01-01");
}

/* 2026-02-28 16:00 UTC is midnight in UTC+8 and 22:00 in UTC+6. */
static void g20_the_organisations_zone_decides_and_not_the_branchs(void **state)
{
    (void)state;
    const uint32_t last = day_of("2026-02-28");
    const int64_t at_22_ms = INT64_C(1772294400000);
    const int64_t at_21_59_ms = at_22_ms - 60000;
    assert_true(lot_is_valid_on(0, last, calendar_day(at_21_59_ms, 8 * 60)));
    assert_false(lot_is_valid_on(0, last, calendar_day(at_22_ms, 8 * 60)));
    assert_int_equal(calendar_day(at_22_ms, 6 * 60), last);
    assert_int_equal(calendar_day(at_22_ms - 1, 8 * 60), last);
}

static void days_count_from_1970_in_the_zone(void **state)
{
    (void)state;
    assert_int_equal(calendar_day(0, 0), 0);
    assert_int_equal(calendar_day(86399999, 0), 0);
    assert_int_equal(calendar_day(86400000, 0), 1);
    assert_int_equal(calendar_day(86400000, -1), 0);
    assert_int_equal(calendar_day(86400000 - 60000, 1), 1);
}

static void moments_out_of_reach_are_the_first_or_the_last_day(void **state)
{
    (void)state;
    assert_int_equal(calendar_day(-1, 0), 0);
    assert_int_equal(calendar_day(INT64_C(-86400000000), 0), 0);
    assert_int_equal(calendar_day(0, -480), 0);
    assert_int_equal(calendar_day(INT64_MIN, -720), 0);
    assert_int_equal(calendar_day(INT64_MAX, 720), DAY_MAX);
    assert_int_equal(calendar_day(INT64_MAX, 0), DAY_MAX);
    assert_int_equal(calendar_day(INT64_C(86400000) * DAY_MAX, 0), DAY_MAX);
    assert_int_equal(calendar_day(INT64_C(86400000) * DAY_MAX - 1, 0), DAY_MAX - 1);
    assert_int_equal(calendar_day(INT64_C(86400000) * (DAY_MAX + 1), 0), DAY_MAX);
}

static struct date day_after(struct date date)
{
    struct date next = {date.year, date.month, date.day + 1};
    if (calendar_has(next)) {
        return next;
    }
    return date.month < 12 ? (struct date){date.year, date.month + 1, 1}
                           : (struct date){date.year + 1, 1, 1};
}

static bool dates_are_equal(struct date a, struct date b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

static void every_day_to_9999_follows_the_one_before(void **state)
{
    (void)state;
    struct date date = calendar_date(0);
    assert_true(dates_are_equal(date, (struct date){1970, 1, 1}));
    for (uint32_t day = 1; day <= DAY_MAX; day++) {
        struct date next = day_after(date);
        date = calendar_date(day);
        assert_true(dates_are_equal(date, next));
        uint32_t back = 0;
        assert_true(calendar_day_of(date, &back) && back == day);
    }
    assert_true(dates_are_equal(date, (struct date){9999, 12, 31}));
}

static void known_days_are_where_they_should_be(void **state)
{
    (void)state;
    assert_int_equal(day_of("1970-01-01"), 0);
    assert_int_equal(day_of("2000-03-01"), 11017);
    assert_int_equal(day_of("2026-03-31"), 20543);
    assert_int_equal(day_of("9999-12-31"), DAY_MAX);
    struct date far = calendar_date(UINT32_MAX);
    assert_int_equal(far.year, 11761191);
    assert_int_equal(far.month, 1);
    assert_int_equal(far.day, 20);
}

static void check_exists(int32_t year, uint32_t month, uint32_t day, bool wanted)
{
    assert_int_equal(calendar_has((struct date){year, month, day}), wanted);
}

static void dates_that_no_calendar_has_are_refused(void **state)
{
    (void)state;
    check_exists(2026, 2, 28, true);
    check_exists(2026, 2, 29, false);
    check_exists(2028, 2, 29, true);
    check_exists(1900, 2, 29, false);
    check_exists(2000, 2, 29, true);
    check_exists(2026, 4, 30, true);
    check_exists(2026, 4, 31, false);
    check_exists(2026, 12, 31, true);
    check_exists(2026, 12, 32, false);
    check_exists(2026, 13, 1, false);
    check_exists(2026, 0, 1, false);
    check_exists(2026, 1, 0, false);
    check_exists(0, 1, 1, false);
    check_exists(1, 1, 1, true);
    check_exists(9999, 12, 31, true);
    check_exists(10000, 1, 1, false);
    uint32_t day = 77;
    assert_false(calendar_day_of((struct date){1969, 12, 31}, &day));
    assert_false(calendar_day_of((struct date){2026, 2, 29}, &day));
    assert_int_equal(day, 77);
}

static void months_and_days_stop_at_the_end_of_9999(void **state)
{
    (void)state;
    check_day(calendar_add_months(day_of("9999-11-30"), 1), "9999-12-30");
    check_day(calendar_add_months(day_of("9999-11-30"), 2), "9999-12-31");
    check_day(calendar_add_months(0, UINT32_MAX), "9999-12-31");
    check_day(calendar_add_months(UINT32_MAX, 0), "9999-12-31");
    check_day(calendar_add_months(day_of("2026-12-05"), 1), "2027-01-05");
    check_day(calendar_add_months(day_of("2026-12-05"), 0), "2026-12-05");
    assert_int_equal(calendar_add_days(UINT32_MAX, UINT32_MAX), DAY_MAX);
    assert_int_equal(calendar_add_days(DAY_MAX - 1, 1), DAY_MAX);
    assert_int_equal(calendar_add_days(DAY_MAX - 2, 1), DAY_MAX - 1);
    check_day(UINT32_MAX, "9999-12-31");
}

static void only_ten_bytes_of_a_real_date_are_a_date(void **state)
{
    (void)state;
    const char *bad[] = {"",           "2026-02-29",  "2026-2-028", "2026/02-28", "2026-02/28",
                         "20260-2-28", "2026-02-28 ", "2026-02-2",  "202a-02-28", "2026-0:-28",
                         "2026-02-2/", "0000-01-01",  "1969-12-31", "2026-13-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint32_t day = 77;
        assert_false(calendar_parse(bytes_of(bad[i], strlen(bad[i])), &day));
        assert_int_equal(day, 77);
    }
}

static void a_date_before_1970_can_be_read_but_has_no_day(void **state)
{
    (void)state;
    struct date date = {0};
    assert_true(calendar_read_date(bytes_of("1948-02-29", 10), &date));
    assert_int_equal(date.year, 1948);
    assert_int_equal(date.month, 2);
    assert_int_equal(date.day, 29);
    assert_false(calendar_read_date(bytes_of("1949-02-29", 10), &date));
    assert_int_equal(date.year, 1948);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g14_a_month_after_31_jan_2026_is_28_feb),
        cmocka_unit_test(g15_a_month_after_31_jan_2028_is_29_feb),
        cmocka_unit_test(g16_two_months_after_31_jan_are_counted_from_the_issue_date),
        cmocka_unit_test(g17_three_months_after_31_jan_and_six_after_31_aug_clamp),
        cmocka_unit_test(g18_a_year_after_a_leap_day_is_28_feb),
        cmocka_unit_test(g19_the_first_day_does_not_count),
        cmocka_unit_test(g20_the_organisations_zone_decides_and_not_the_branchs),
        cmocka_unit_test(days_count_from_1970_in_the_zone),
        cmocka_unit_test(moments_out_of_reach_are_the_first_or_the_last_day),
        cmocka_unit_test(every_day_to_9999_follows_the_one_before),
        cmocka_unit_test(known_days_are_where_they_should_be),
        cmocka_unit_test(dates_that_no_calendar_has_are_refused),
        cmocka_unit_test(months_and_days_stop_at_the_end_of_9999),
        cmocka_unit_test(only_ten_bytes_of_a_real_date_are_a_date),
        cmocka_unit_test(a_date_before_1970_can_be_read_but_has_no_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
