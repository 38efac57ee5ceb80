/* Calls the judges of the properties, and says what broke. */
#include "oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "oracle_book.h"
#include "oracle_caseload.h"
#include "oracle_clock.h"
#include "oracle_erased.h"
#include "oracle_import.h"
#include "oracle_ledger.h"
#include "oracle_link.h"
#include "oracle_merge.h"
#include "oracle_replay.h"
#include "oracle_seen.h"
#include "oracle_shown.h"
#include "oracle_shut.h"
#include "oracle_store.h"
#include "oracle_words.h"
#include "process.h"

static char finding[1024];
static unsigned in_step; /* a bit for each laptop whose last sync came to its end */

void oracle_reset(void)
{
    oracle_link_reset();
    finding[0] = '\0';
    in_step = 0;
    oracle_book_forget();
    oracle_store_reset();
    oracle_replay_reset();
    oracle_ledger_reset();
    oracle_words_reset();
    oracle_seen_reset();
    oracle_caseload_reset();
    oracle_clock_reset();
    oracle_erased_reset();
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

/* A laptop's store beside the office's log, after a sync that came to its end. */
static void look_into(unsigned machine, int at_end)
{
    struct db *db = oracle_store_open(machine);
    if (db != NULL && at_end) {
        oracle_shown_laptop(machine, db);
        oracle_erased_laptop(db, machine);
    }
    if (db != NULL)
        oracle_caseload_laptop(machine, db, at_end);
    else if (at_end)
        oracle_found("2: the store of laptop %u cannot be opened", machine);
    if (db != NULL)
        oracle_store_close(db);
}

/* One that the office has disabled, or refuses, is dealt nothing any more. */
static void note_step(const struct machine_run *run)
{
    unsigned bit = 1u << run->machine;
    if (strcmp(run->argv[0], "sync") == 0)
        in_step = !run->died && (run->status == 0 || run->status == 1) ? in_step | bit : in_step & ~bit;
    else if (strcmp(run->argv[0], "unlock") == 0 && run->status != 0)
        in_step &= ~bit;
    if ((strcmp(run->argv[0], "sync") == 0 && (in_step & bit) != 0) ||
        (strcmp(run->argv[0], "enrol") == 0 && run->status == 0))
        oracle_clock_meets(run->machine);
}

void oracle_command(const struct machine_run *run)
{
    oracle_clock_look();
    oracle_merge_command(run);
    oracle_replay_note();
    oracle_words_command(run);
    oracle_seen_command(run);
    note_step(run);
    if (!oracle_book_read(0))
        return;
    oracle_caseload_judge();
    oracle_replay_met(run->machine);
    if (strcmp(run->argv[0], "sync") == 0 && (in_step >> run->machine & 1))
        look_into(run->machine, 0);
}

void oracle_task(const struct machine_run *run)
{
    (void)run;
    oracle_clock_look();
    oracle_replay_note();
    (void)oracle_book_read(0);
}

void oracle_put_back(unsigned machine, unsigned image)
{
    if (machine == MACHINE_OFFICE)
        oracle_erased_set_back();
    oracle_copied(image, machine);
}

void oracle_copied(unsigned from, unsigned to)
{
    oracle_store_copied(from, to);
    oracle_ledger_copied(from, to);
}

void oracle_broken(unsigned machine)
{
    oracle_ledger_broken(machine);
}

void oracle_lost(unsigned machine)
{
    oracle_ledger_lost(machine);
}

void oracle_brought(unsigned machine)
{
    oracle_ledger_brought(machine);
}

void oracle_office_up(void)
{
    oracle_link_office_up();
    oracle_look();
}

void oracle_office_set_back(void)
{
    oracle_store_set_back();
    oracle_caseload_set_back();
    oracle_replay_set_back();
    oracle_erased_set_back();
    oracle_book_forget();
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
    oracle_erased_office(machine_office()->db);
    oracle_shut_judge(&log);
    oracle_clock_judge(&log);
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
    if (!oracle_book_read(1))
        return;
    oracle_ledger_look();
    oracle_caseload_judge();
}

void oracle_end(unsigned laptops, unsigned shut_out)
{
    time_t now = (time_t)(process_now_ms / 1000);
    char today[16];
    struct tm tm;
    judge_record(laptops);
    if (!oracle_book_read(1)) {
        oracle_found("2: the office does not run at the end, or its log cannot be read");
        return;
    }
    oracle_ledger_end(laptops | shut_out);
    oracle_import_judge();
    oracle_caseload_judge();
    oracle_caseload_writers();
    if (gmtime_r(&now, &tm) != NULL && strftime(today, sizeof today, "%Y-%m-%d", &tm) != 0)
        oracle_caseload_covers(today);
    oracle_words_end();
    for (unsigned m = 1; m < PROCESS_MACHINES; m++)
        if (laptops & in_step & 1u << m)
            look_into(m, 1);
}
