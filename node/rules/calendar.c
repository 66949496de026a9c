#include "calendar.h"

#include <assert.h>

enum {
    DAY_MAX = 2932896, /* 9999-12-31 */
    DAYS_TO_1970 = 719468,
    DAYS_OF_400_YEARS = 146097,
    DATE_TEXT_SIZE = 10,
    MS_PER_MINUTE = 60000,
    MS_PER_DAY = 86400000,
};

uint32_t calendar_day(int64_t wall_ms, int32_t zone_minutes)
{
    int64_t local_ms = 0;
    if (__builtin_add_overflow(wall_ms, (int64_t)zone_minutes * MS_PER_MINUTE, &local_ms)) {
        return wall_ms < 0 ? 0 : DAY_MAX;
    }
    if (local_ms < 0) {
        return 0;
    }
    int64_t day = local_ms / MS_PER_DAY;
    return day < DAY_MAX ? (uint32_t)day : DAY_MAX;
}

static uint32_t days_of_month(int32_t year, uint32_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

bool calendar_has(struct date date)
{
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= days_of_month(date.year, date.month);
}

/* Years are counted from March, so that the leap day is the last of its year, and in rounds of 400
 * years, which all have the same days. */
struct date calendar_date(uint32_t day)
{
    uint64_t days = (uint64_t)day + DAYS_TO_1970;
    uint64_t round = days / DAYS_OF_400_YEARS;
    uint64_t of_round = days % DAYS_OF_400_YEARS;
    uint64_t year = (of_round - of_round / 1460 + of_round / 36524 - of_round / 146096) / 365;
    uint64_t of_year = of_round - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153; /* 0 = March */
    return (struct date){
        .year = (int32_t)(round * 400 + year + (month >= 10 ? 1 : 0)),
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint32_t)(of_year - (153 * month + 2) / 5 + 1),
    };
}

bool calendar_day_of(struct date date, uint32_t *day)
{
    if (!calendar_has(date) || date.year < 1970) {
        return false;
    }
    uint32_t month = date.month > 2 ? date.month - 3 : date.month + 9; /* 0 = March */
    uint32_t year = (uint32_t)date.year - (date.month > 2 ? 0 : 1);
    uint32_t of_year = (153 * month + 2) / 5 + date.day - 1;
    *day = 365 * year + year / 4 - year / 100 + year / 400 + of_year - DAYS_TO_1970;
    return true;
}

/* From the issue date each time, never from a clamped day: 31 Jan + 2 months is 31 Mar. */
uint32_t calendar_add_months(uint32_t day, uint32_t months)
{
    struct date date = calendar_date(day < DAY_MAX ? day : DAY_MAX);
    uint64_t month = (uint64_t)date.year * 12 + (date.month - 1) + months;
    if (month / 12 > 9999) {
        return DAY_MAX;
    }
    date.year = (int32_t)(month / 12);
    date.month = (uint32_t)(month % 12) + 1;
    uint32_t last = days_of_month(date.year, date.month);
    date.day = date.day < last ? date.day : last;
    uint32_t result = 0;
    bool exists = calendar_day_of(date, &result);
    assert(exists);
    (void)exists;
    return result;
}

uint32_t calendar_add_days(uint32_t day, uint32_t days)
{
    uint64_t sum = (uint64_t)day + days;
    return sum < DAY_MAX ? (uint32_t)sum : DAY_MAX;
}

static void print_number(char *text, size_t digits, uint32_t number)
{
    for (size_t i = digits; i > 0; i--) {
        text[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
}

void calendar_print(uint32_t day, char text[static 11])
{
    struct date date = calendar_date(day < DAY_MAX ? day : DAY_MAX);
    print_number(text, 4, (uint32_t)date.year);
    text[4] = '-';
    print_number(text + 5, 2, date.month);
    text[7] = '-';
    print_number(text + 8, 2, date.day);
    text[DATE_TEXT_SIZE] = '\0';
}

static bool read_number(const uint8_t *text, size_t digits, uint32_t *number)
{
    uint32_t read = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        read = read * 10 + (uint32_t)(text[i] - '0');
    }
    *number = read;
    return true;
}

bool calendar_read_date(struct bytes text, struct date *date)
{
    uint32_t year = 0;
    struct date read = {0};
    if (text.size != DATE_TEXT_SIZE || text.data[4] != '-' || text.data[7] != '-' ||
        !read_number(text.data, 4, &year) || !read_number(text.data + 5, 2, &read.month) ||
        !read_number(text.data + 8, 2, &read.day)) {
        return false;
    }
    read.year = (int32_t)year;
    if (!calendar_has(read)) {
        return false;
    }
    *date = read;
    return true;
}

bool calendar_parse(struct bytes text, uint32_t *day)
{
    struct date date = {0};
    return calendar_read_date(text, &date) && calendar_day_of(date, day);
}
