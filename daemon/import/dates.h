/* Days and times as other systems write them. A value that is a day of the calendar in one order only is that day. A
 * value that may be read in several is read in the first, by the list below, in which all such values of its column are
 * days: so 03/04/2022 is the fourth of March, unless the column also holds 31/03/2022; and nothing, if it holds
 * 03/31/2022 as well. */
#ifndef SATCHEL_DATES_H
#define SATCHEL_DATES_H

#include "moment.h"

/* The orders; a set of them is an unsigned with these bits. The parts stand with '-', '/' or '.' between them. */
enum {
    DATES_YEAR_FIRST = 1,  /* 2022-03-31, and 20220331 */
    DATES_MONTH_FIRST = 2, /* 03/31/2022 */
    DATES_DAY_FIRST = 4,   /* 31/03/2022 */
    DATES_MONTH_NAME = 8,  /* 31-Mar-2022 */
    DATES_ANY = 15
};

/* The orders in which this is a day, or a day and a time ("13:05", "13:05:59", "1:05 PM", with parts of a second, with
 * "Z" or "+01:00" behind it). 0: in none. */
unsigned dates_orders(const char *text);

/* The name of the order that counts of a set: "year, month, day". */
const char *dates_name(unsigned orders);

/* Writes the day, "2022-03-31", as it stands there. orders: those that all of the column leave. -1: it is none. */
int dates_day(const char *text, unsigned orders, char out[MOMENT_TEXT]);

/* Writes the time in UTC, "2022-03-31T11:05:00Z"; it is local time unless it says otherwise. A day alone is written as
 * dates_day does. -1: as there, or the clock here has no such time. */
int dates_moment(const char *text, unsigned orders, char out[MOMENT_TEXT]);

#endif
