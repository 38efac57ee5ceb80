#include "oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oracle_merge.h"
#include "oracle_replay.h"
#include "oracle_store.h"
#include "process.h"

static char finding[1024];

void oracle_reset(void)
{
    finding[0] = '\0';
    oracle_store_reset();
    oracle_replay_reset();
}

const char *oracle_finding(void)
{
    return finding[0] != '\0' ? finding : NULL;
}

void oracle_found(const char *format, ...)
{
    va_list args;
    if (finding[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(finding, sizeof finding, format, args);
    va_end(args);
    for (char *p = finding; (p = strpbrk(p, "\r\n")) != NULL;) /* what records say may have several lines */
        *p = ' ';
}

void oracle_command(const struct machine_run *run)
{
    oracle_merge_command(run);
    oracle_replay_note();
}

void oracle_task(const struct machine_run *run)
{
    (void)run;
    oracle_replay_note();
}

void oracle_put_back(unsigned machine, unsigned image)
{
    oracle_store_copied(image, machine);
}

void oracle_copied(unsigned from, unsigned to)
{
    oracle_store_copied(from, to);
}

void oracle_lost(unsigned machine)
{
    (void)machine;
}

void oracle_office_up(void)
{
}

void oracle_office_set_back(void)
{
    oracle_store_set_back();
}

/* What the office shows, by its log. What a disk fails to read now says nothing. */
static void look_at_record(void)
{
    struct oracle_log log;
    if (machine_office() == NULL)
        return;
    process_act_on(MACHINE_OFFICE);
    if (oracle_log_load(machine_office()->db, &log) == 0)
        (void)oracle_merge_office(&log);
    oracle_log_free(&log);
}

/* What office and laptops show, sign and keep, by the office's log. */
static void judge_record(unsigned laptops)
{
    struct oracle_log log;
    if (machine_office() == NULL)
        return;
    process_act_on(MACHINE_OFFICE);
    if (oracle_log_load(machine_office()->db, &log) != 0 || oracle_merge_office(&log) != 0)
        oracle_found("1: the office's store cannot be read");
    oracle_replay_office(&log);
    for (unsigned m = 0; m < PROCESS_MACHINES; m++) {
        if ((laptops >> m & 1) == 0)
            continue;
        oracle_merge_laptop(&log, m);
        oracle_replay_laptop(&log, m);
    }
    oracle_log_free(&log);
}

void oracle_look(void)
{
    look_at_record();
}

void oracle_end(unsigned laptops)
{
    judge_record(laptops);
}
