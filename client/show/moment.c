/* Turns local time in words into UTC, and back. */
#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int moment_from_words(const char *words, char out[MOMENT_TEXT], struct error *e)
{
    struct tm local, again;
    size_t length = strlen(words);
    time_t when;
    char *rest;
    if (length >= MOMENT_TEXT)
        return error_set(e, E_INPUT, "this is no time: write it as 2025-05-31 14:30");
    (void)snprintf(out, MOMENT_TEXT, "%s", words);
    if (length == 0 || words[length - 1] == 'Z')
        return 0;
    memset(&local, 0, sizeof local);
    if ((rest = strptime(words, "%Y-%m-%d", &local)) == NULL || (*rest != ' ' && *rest != 'T'))
        return 0;
    rest++;
    if ((rest = strptime(rest, "%H:%M", &local)) == NULL || (*rest != 0 && *rest != ':'))
        return 0;
    if (*rest == ':' && ((rest = strptime(rest + 1, "%S", &local)) == NULL || *rest != 0))
        return 0;
    local.tm_isdst = -1;
    again = local;
    when = mktime(&again);
    /* mktime moves a time that is not on the clock, such as the hour that is skipped in spring, or the 31st of April.
     */
    if (when == (time_t)-1 || again.tm_hour != local.tm_hour || again.tm_min != local.tm_min ||
        again.tm_mday != local.tm_mday || again.tm_mon != local.tm_mon)
        return error_set(e, E_INPUT,
                         "there is no such time on this laptop's clock: %.19s; write it as 2025-05-31 14:30", words);
    if (gmtime_r(&when, &again) == NULL || strftime(out, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%SZ", &again) == 0)
        return error_set(e, E_INPUT, "this is no time: write it as 2025-05-31 14:30");
    return 0;
}

void moment_to_words(const char *moment, char out[MOMENT_TEXT])
{
    struct tm utc, local;
    time_t when;
    const char *rest;
    memset(&utc, 0, sizeof utc);
    (void)snprintf(out, MOMENT_TEXT, "%.31s", moment);
    rest = strptime(moment, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (rest == NULL || *rest != 0)
        return;
    when = timegm(&utc);
    if (localtime_r(&when, &local) == NULL || strftime(out, MOMENT_TEXT, "%Y-%m-%d %H:%M", &local) == 0)
        (void)snprintf(out, MOMENT_TEXT, "%.31s", moment);
}
