/* Reads the parts of a day and of a time, and turns them into ours. */
#include "dates.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct read {
    int parts[3]; /* as they stand there; of DATES_MONTH_NAME the month's number is in parts[1] */
    size_t digits[3];
    int has_name;
    int has_time;
    struct tm clock;
    int has_zone;
    long offset; /* seconds that the zone is ahead of UTC */
};

static const char *digits_of(const char *p, size_t most, int *out, size_t *digits)
{
    *out = 0;
    for (*digits = 0; *digits < most && isdigit((unsigned char)*p); p++, ++*digits)
        *out = 10 * *out + (*p - '0');
    return *digits == 0 || isdigit((unsigned char)*p) ? NULL : p;
}

static const char *month(const char *p, int *out, size_t *digits)
{
    static const char *const names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
    *digits = 3;
    for (int i = 0; i < 12; i++)
        if (strncasecmp(p, names[i], 3) == 0 && !isalpha((unsigned char)p[3])) {
            *out = i + 1;
            return p + 3;
        }
    return NULL;
}

/* 20220331 */
static const char *read_compact(const char *p, struct read *r)
{
    if (strspn(p, "0123456789") != 8 || sscanf(p, "%4d%2d%2d", &r->parts[0], &r->parts[1], &r->parts[2]) != 3)
        return NULL;
    r->digits[0] = 4;
    r->digits[1] = r->digits[2] = 2;
    return p + 8;
}

static const char *read_day(const char *p, struct read *r)
{
    const char *after = read_compact(p, r);
    char between = 0;
    for (int i = 0; i < 3 && after == NULL && p != NULL; i++) {
        r->has_name |= i == 1 && isalpha((unsigned char)*p);
        p = i == 1 && r->has_name ? month(p, &r->parts[i], &r->digits[i])
                                  : digits_of(p, 4, &r->parts[i], &r->digits[i]);
        if (p == NULL || i == 2)
            return p;
        if (strchr("-/.", *p) == NULL || *p == 0 || (i == 1 && *p != between))
            return NULL;
        between = *p++;
    }
    return after;
}

/* Reads "Z", "+01:00", "+0100", or nothing. */
static const char *read_zone(const char *p, struct read *r)
{
    int sign = *p == '+' ? 1 : -1, hours, minutes = 0;
    size_t digits;
    if (*p == 'Z') {
        r->has_zone = 1;
        return p + 1;
    }
    if (*p != '+' && *p != '-')
        return p;
    r->has_zone = 1;
    if (strspn(p + 1, "0123456789") == 4) {
        if (sscanf(p + 1, "%2d%2d", &hours, &minutes) != 2)
            return NULL;
        p += 5;
    } else if ((p = digits_of(p + 1, 2, &hours, &digits)) == NULL ||
               (*p == ':' && (p = digits_of(p + 1, 2, &minutes, &digits)) == NULL)) {
        return NULL;
    }
    r->offset = sign * (hours * 3600L + minutes * 60L);
    return hours <= 14 && minutes < 60 ? p : NULL;
}

static const char *read_clock(const char *p, struct read *r)
{
    size_t digits;
    int half;
    if ((p = digits_of(p, 2, &r->clock.tm_hour, &digits)) == NULL || *p != ':' ||
        (p = digits_of(p + 1, 2, &r->clock.tm_min, &digits)) == NULL || digits != 2)
        return NULL;
    if (*p == ':' && ((p = digits_of(p + 1, 2, &r->clock.tm_sec, &digits)) == NULL || digits != 2))
        return NULL;
    if (*p == '.' && isdigit((unsigned char)p[1]))
        p += 1 + strspn(p + 1, "0123456789");
    half = strncasecmp(p + (*p == ' '), "am", 2) == 0 ? 1 : strncasecmp(p + (*p == ' '), "pm", 2) == 0 ? 2 : 0;
    if (half != 0) {
        p += (*p == ' ') + 2;
        if (r->clock.tm_hour < 1 || r->clock.tm_hour > 12)
            return NULL;
        r->clock.tm_hour = r->clock.tm_hour % 12 + (half == 2 ? 12 : 0);
    }
    if (r->clock.tm_hour > 23 || r->clock.tm_min > 59 || r->clock.tm_sec > 59)
        return NULL;
    return read_zone(*p == ' ' && (p[1] == '+' || p[1] == '-') ? p + 1 : p, r);
}

/* 0, or -1: this is neither a day nor a day and a time. */
static int read_text(const char *text, struct read *r)
{
    const char *p = text + strspn(text, " ");
    memset(r, 0, sizeof *r);
    if ((p = read_day(p, r)) == NULL)
        return -1;
    if ((*p == ' ' || *p == 'T') && isdigit((unsigned char)p[1])) {
        r->has_time = 1;
        if ((p = read_clock(p + 1, r)) == NULL)
            return -1;
    }
    return p[strspn(p, " ")] == 0 ? 0 : -1;
}

/* Puts the parts into a day. -1: in this order they are no day of the calendar. */
static int to_day(const struct read *r, unsigned order, struct tm *out)
{
    static const int places[][3] = {/* of the year, month and day */
                                    [DATES_YEAR_FIRST] = {0, 1, 2},
                                    [DATES_MONTH_FIRST] = {2, 0, 1},
                                    [DATES_DAY_FIRST] = {2, 1, 0},
                                    [DATES_MONTH_NAME] = {2, 1, 0}};
    const int *at = places[order];
    time_t when;
    *out = r->clock;
    if (r->has_name != (order == DATES_MONTH_NAME) || r->digits[at[0]] != 4 || r->digits[at[2]] > 2 ||
        (!r->has_name && r->digits[at[1]] > 2))
        return -1;
    out->tm_year = r->parts[at[0]] - 1900;
    out->tm_mon = r->parts[at[1]] - 1;
    out->tm_mday = r->parts[at[2]];
    return moment_find_utc(out, &when);
}

/* The first order of a set. */
static unsigned first_of(unsigned orders)
{
    return orders & (0u - orders);
}

unsigned dates_orders(const char *text)
{
    struct read r;
    struct tm day;
    unsigned orders = 0;
    if (read_text(text, &r) != 0)
        return 0;
    for (unsigned order = 1; order < DATES_ANY; order *= 2)
        if (to_day(&r, order, &day) == 0)
            orders |= order;
    return orders;
}

const char *dates_name(unsigned orders)
{
    switch (first_of(orders)) {
    case DATES_YEAR_FIRST:
        return "year, month, day";
    case DATES_MONTH_FIRST:
        return "month, day, year";
    case DATES_DAY_FIRST:
        return "day, month, year";
    case DATES_MONTH_NAME:
        return "day, month's name, year";
    default:
        return "no one order";
    }
}

static int read_in(const char *text, unsigned orders, struct read *r, struct tm *day)
{
    unsigned own = dates_orders(text), order = first_of(own);
    if (own != order) /* it may be read in several: the column decides */
        order = first_of(own & orders);
    return order == 0 || read_text(text, r) != 0 ? -1 : to_day(r, order, day);
}

int dates_day(const char *text, unsigned orders, char out[MOMENT_TEXT])
{
    struct read r;
    struct tm day;
    if (read_in(text, orders, &r, &day) != 0)
        return -1;
    return strftime(out, MOMENT_TEXT, "%Y-%m-%d", &day) == 0 ? -1 : 0;
}

int dates_moment(const char *text, unsigned orders, char out[MOMENT_TEXT])
{
    struct read r;
    struct tm day;
    time_t when;
    if (read_in(text, orders, &r, &day) != 0)
        return -1;
    if (!r.has_time)
        return strftime(out, MOMENT_TEXT, "%Y-%m-%d", &day) == 0 ? -1 : 0;
    if ((r.has_zone ? moment_find_utc(&day, &when) : moment_find_local(&day, 0, &when)) != 0)
        return -1;
    when -= r.offset;
    return gmtime_r(&when, &day) == NULL || strftime(out, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%SZ", &day) == 0 ? -1 : 0;
}
