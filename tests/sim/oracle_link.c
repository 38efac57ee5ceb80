/* Judges that syncs get through links that break early each time. It knows what the weather lets such a link carry, and
 * nothing of how a sync goes on. */
#include "oracle_link.h"

#include <string.h>

#include "clock.h"
#include "machine.h"
#include "oracle.h"
#include "process.h"

static struct {
    int is_thin; /* it cuts, and does nothing else */
    uint64_t cut[2], since_ms;
} links[PROCESS_MACHINES];
static uint64_t office_since_ms;

void oracle_link_reset(void)
{
    memset(links, 0, sizeof links);
    office_since_ms = 0;
}

void oracle_link_set(unsigned machine, const struct loop_link *link)
{
    int cuts = 0, spoils = link->silent || link->refused;
    for (unsigned way = 0; way < 2; way++) {
        cuts |= link->cut[way] != 0;
        spoils |= (link->cut[way] != 0 && link->cut[way] < ORACLE_LINK_MIN) || link->flip[way] != 0 ||
                  link->twice[way] != 0 || link->swap[way] != 0 || link->lose[way] != 0;
        links[machine].cut[way] = link->cut[way];
    }
    links[machine].is_thin = cuts && !spoils;
    links[machine].since_ms = process_now_ms;
}

void oracle_link_office_up(void)
{
    office_since_ms = process_now_ms;
}

/* 1: the office refused somebody since this time, as its journal says. A refusal is no answer that goes on over another
 * link: if it breaks off, the laptop does not hear of it (docs/LIMITS.md). */
static int has_refused_since(uint64_t since_ms)
{
    char since[CLOCK_TEXT];
    const char *line = machine_journal_whole();
    if (clock_text(since_ms, since) != 0)
        return 0;
    while (line != NULL && *line != '\0') {
        const char *end = strchr(line, '\n'), *refused = strstr(line, " refused (");
        if (refused != NULL && end != NULL && refused < end && strncmp(line, since, strlen(since)) >= 0)
            return 1;
        line = end == NULL ? NULL : end + 1;
    }
    return 0;
}

void oracle_link_judge(const struct machine_run *sync, const char *name)
{
    if (!links[sync->machine].is_thin || links[sync->machine].since_ms >= sync->started_ms ||
        office_since_ms >= sync->started_ms || sync->died || sync->status != 2 ||
        strstr(sync->err, "the link broke after") == NULL || has_refused_since(sync->started_ms))
        return;
    oracle_found("6: each link of %s carries %llu bytes to the office and %llu back (0: all), and its sync gave up: %s",
                 name, (unsigned long long)links[sync->machine].cut[0], (unsigned long long)links[sync->machine].cut[1],
                 sync->err);
}
