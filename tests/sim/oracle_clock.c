/* Holds the marks of wrong clocks against docs/MERGE.md ("Wrong clocks"), and against the true time, which nobody but
 * the simulation knows: what was written under a clock that was more than a year off is marked, if the office's clock
 * was right; and nothing is marked in a world where no clock was ever wrong. A clock that stands still while its laptop
 * meets nobody looks to everybody like one that is right: what it says is not earlier than the last meeting. */
#include "oracle_clock.h"

#include <string.h>

#include "clock.h"
#include "oracle.h"
#include "oracle_ledger.h"
#include "process.h"

#define MINUTE 60000ll
#define YEAR (366 * 24 * 60 * MINUTE)

static struct {
    int office, any; /* it was wrong once; one of them all was */
} wrong;
static uint64_t met[PROCESS_MACHINES]; /* when the laptop met the office last, in truth; 0: never */

void oracle_clock_reset(void)
{
    wrong.office = wrong.any = 0;
    memset(met, 0, sizeof met);
}

void oracle_clock_meets(unsigned machine)
{
    met[machine] = process_now_ms;
}

uint64_t oracle_clock_met(unsigned machine)
{
    return met[machine];
}

void oracle_clock_look(void)
{
    for (unsigned m = 0; m < PROCESS_MACHINES; m++) {
        int64_t off = (int64_t)(process_clock(m) - process_now_ms);
        if (off > MINUTE || off < -MINUTE)
            wrong.any = 1;
        if (m == MACHINE_OFFICE && (off > MINUTE || off < -MINUTE))
            wrong.office = 1;
    }
}

/* The rule, as the page has it: 1 ahead, -1 behind, 0 neither. */
static int by_rule(int64_t wall, int64_t stamp, int64_t received)
{
    if (wall > received + 10 * MINUTE)
        return 1;
    return stamp > wall + 10 * MINUTE ? -1 : 0;
}

static void judge_entry(const struct oracle_entry *entry, int64_t *off)
{
    struct change c;
    int rule;
    *off = 0;
    if (change_read_header(entry->header, &c, NULL) != 0)
        return;
    *off = clock_off(c.hlc, c.wall_ms, entry->received_ms);
    rule = by_rule((int64_t)c.wall_ms, (int64_t)(c.hlc >> 16), (int64_t)entry->received_ms);
    if ((*off > 0) - (*off < 0) != rule)
        oracle_found("8: entry %llu is marked otherwise than the rule says", (unsigned long long)entry->position);
    if (*off != 0 && !wrong.any)
        oracle_found("8: entry %llu is marked, and no clock was ever wrong", (unsigned long long)entry->position);
}

/* The change that a person, or a laptop by itself, wrote at a time that the ledger knows; NULL: it is a re-issue, which
 * has the times of the first writing, or the office's own. */
static const struct oracle_typed *typed(const struct oracle_entry *entry)
{
    for (size_t i = 0; i < oracle_ledger_count(); i++) {
        const struct oracle_typed *t = oracle_ledger_at(i);
        if (t->seq == entry->seq && t->epoch == entry->epoch && id_equal(&t->device, &entry->device) &&
            t->hlc == entry->hlc)
            return t->reissue ? NULL : t;
    }
    return NULL;
}

void oracle_clock_judge(const struct oracle_log *log)
{
    oracle_clock_look();
    for (size_t i = 0; i < log->entry_count; i++) {
        const struct oracle_typed *t = typed(&log->entries[i]);
        int64_t off, truth;
        judge_entry(&log->entries[i], &off);
        if (t == NULL || wrong.office)
            continue;
        truth = (int64_t)(t->wall_ms - t->true_ms);
        if ((truth > YEAR && off <= 0) ||
            (truth < -YEAR && off >= 0 && (int64_t)(t->wall_ms - t->met_ms) < -10 * MINUTE))
            oracle_found("8: %s was written under a clock that was %lld days off, and is not marked so",
                         oracle_ledger_name(t), (long long)(truth / (24 * 60 * MINUTE)));
    }
}
