/* Days without clocks: days since 1970-01-01 in the organisation's zone. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include "tally/bytes.h"

struct date {
    int32_t year;
    uint32_t month; /* 1..12 */
    uint32_t day;   /* 1..31 */
};

/* The day of a moment in a zone; 0 for moments before 1970. */
uint32_t calendar_day(int64_t wall_ms, int32_t zone_minutes);
/* Is there such a date, in the years 1 to 9999? */
bool calendar_has(struct date date);
/* "YYYY-MM-DD" of a date that calendar_has, also one before 1970 (a birthday). */
bool calendar_read_date(struct bytes text, struct date *date);
struct date calendar_date(uint32_t day);
/* The day of a date from 1970-01-01 to 9999-12-31; false if there is no such date. */
bool calendar_day_of(struct date date, uint32_t *day);
/* Last valid day: issue date + months, clamped to the month's end (golden G14 to G19). */
uint32_t calendar_add_months(uint32_t day, uint32_t months);
uint32_t calendar_add_days(uint32_t day, uint32_t days);
/* "YYYY-MM-DD", 10 bytes, both ways. */
void calendar_print(uint32_t day, char text[static 11]);
bool calendar_parse(struct bytes text, uint32_t *day);

#endif
