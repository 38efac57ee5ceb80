/* Turns local time in words into UTC, and back. */
#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SHOWN "%Y-%m-%d %H:%M %Z"

/* The unix time of a local time, of which the clock shows just that; zone: the zone's name as people read it, which
 * tells the hour that comes twice in autumn, or "". 0; -1: there is no such time here. */
static int find_time(const struct tm *local, const char *zone, time_t *when)
{
    static const int summer[] = {-1, 0, 1};
    for (size_t i = 0; i < sizeof summer / sizeof *summer; i++) {
        struct tm again = *local;
        char name[MOMENT_TEXT];
        again.tm_isdst = summer[i];
        *when = mktime(&again);
        /* mktime moves a time that is not on the clock, such as the hour that is skipped in spring, or 31 April. */
        if (*when == (time_t)-1 || again.tm_hour != local->tm_hour || again.tm_min != local->tm_min ||
            again.tm_mday != local->tm_mday || again.tm_mon != local->tm_mon)
            continue;
        if (zone[0] == '\0' || (strftime(name, sizeof name, "%Z", &again) != 0 && strcmp(name, zone) == 0))
            return 0;
    }
    return -1;
}

int moment_from_words(const char *words, char out[MOMENT_TEXT], struct error *e)
{
    struct tm local, utc;
    size_t length = strlen(words);
    const char *rest;
    time_t when;
    if (length >= MOMENT_TEXT)
        return error_set(e, E_INPUT, "this is no time: write it as 2025-05-31 14:30");
    (void)snprintf(out, MOMENT_TEXT, "%s", words);
    if (length == 0 || words[length - 1] == 'Z')
        return 0;
    memset(&local, 0, sizeof local);
    if ((rest = strptime(words, "%Y-%m-%d", &local)) == NULL || (*rest != ' ' && *rest != 'T'))
        return 0;
    if ((rest = strptime(rest + 1, "%H:%M", &local)) == NULL || (*rest != 0 && *rest != ':' && *rest != ' '))
        return 0;
    if (*rest == ':' && ((rest = strptime(rest + 1, "%S", &local)) == NULL || (*rest != 0 && *rest != ' ')))
        return 0;
    rest += *rest == ' ';
    if (strcmp(rest, "UTC") == 0)
        when = timegm(&local);
    else if (find_time(&local, rest, &when) != 0)
        return error_set(e, E_INPUT, "there is no such time on this laptop's clock: %s; write it as 2025-05-31 14:30",
                         words);
    if (gmtime_r(&when, &utc) == NULL || strftime(out, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return error_set(e, E_INPUT, "this is no time: write it as 2025-05-31 14:30");
    return 0;
}

void moment_to_words(const char *moment, char out[MOMENT_TEXT])
{
    struct tm utc, local;
    time_t when;
    const char *rest;
    memset(&utc, 0, sizeof utc);
    (void)snprintf(out, MOMENT_TEXT, "%.*s", MOMENT_TEXT - 1, moment);
    rest = strptime(moment, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (rest == NULL || *rest != 0)
        return;
    when = timegm(&utc);
    if (localtime_r(&when, &local) == NULL || strftime(out, MOMENT_TEXT, SHOWN, &local) == 0)
        (void)snprintf(out, MOMENT_TEXT, "%.*s", MOMENT_TEXT - 1, moment);
}

void moment_of(uint64_t unix_ms, char out[MOMENT_TEXT])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL || strftime(out, MOMENT_TEXT, SHOWN, &local) == 0)
        (void)snprintf(out, MOMENT_TEXT, "no time");
}
