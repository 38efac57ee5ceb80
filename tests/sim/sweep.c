/* Plays one sync over and over, with another call failing each time. */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

enum {
    TELLS_EACH = 100,
    FINDINGS_MAX = 100 /* then each run is one, and none tells of the end */
};

/* Before it: two laptops with two cases, work on both that the other has not seen. In it: a push, news, a case that
 * arrives, one that leaves, a conflict. */
static const char *const before[] = {
    "office user add anna --name anna --role 'case manager'",
    "office user add ben --name ben --role 'case manager'",
    "anna enrol",
    "ben enrol",
    "anna :p1 = new client 'legal_name=Ada Byron' allergy=penicillin",
    "anna :c1 = new case client=:p1 risk=high status=open 'assessment=She lives alone.\\n\\nHer son comes on Sundays.'",
    "anna :p2 = new client 'legal_name=Carl Ek' birth_date=1950-02-03",
    "anna :c2 = new case client=:p2 risk=low",
    "anna sync",
    "office case assign :c1 ben",
    "ben sync",
    "ben :p3 = new client 'legal_name=Dora Fox'",
    "ben :c3 = new case client=:p3 risk=moderate",
    "ben set :c1 risk=critical",
    "ben set :c1 'assessment=She lives alone.\\n\\nHer daughter comes on Sundays.'",
    "ben :n1 = note :c1 'seen at home'",
    "ben sync",
    "office case assign :c3 anna",
    "office case release :c2 anna",
    "office case assign :c2 ben",
    "anna set :c1 risk=low status=closed",
    "anna add :p1 allergy=nuts",
    "anna :n2 = note :c1 'a long talk'",
    "office stop", /* no program runs where the runs part */
};

static uint64_t make_before(struct script *s)
{
    uint64_t at_s = 8 * 3600ull;
    memset(s, 0, sizeof *s);
    s->seed = 1;
    s->laptops = 2;
    (void)snprintf(s->names[0], sizeof s->names[0], "anna");
    (void)snprintf(s->names[1], sizeof s->names[1], "ben");
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        (void)script_add(s, at_s += 60, before[i]);
    return at_s;
}

static void make(struct script *s, const char *who, const char *fault, unsigned n)
{
    uint64_t at_s = make_before(s);
    (void)script_add(s, at_s += 60, "office case list"); /* it is there again */
    (void)script_addf(s, at_s, "weather %s %s=%u", who, fault, n);
    (void)script_add(s, at_s, "anna sync");
}

static void keep_script(const struct script *s, const char *folder, const char *who, const char *fault, unsigned n,
                        const char *finding)
{
    char path[512];
    FILE *f;
    (void)snprintf(path, sizeof path, "%s/sweep-%s-%s-%u.txt", folder, who, fault, n);
    for (char *space; (space = strchr(path + strlen(folder), ' ')) != NULL;)
        *space = '-';
    if ((f = fopen(path, "w")) == NULL)
        return;
    (void)fprintf(f, "# %s\n", finding);
    script_write(s, NULL, f);
    (void)fclose(f);
}

/* One sort of fault on one side. */
struct part {
    const char *who, *fault;
    unsigned from;          /* the call to begin with */
    uint8_t trace_hash[32]; /* of that run, played from its script's beginning */
};

static void play_whole(struct part *p)
{
    struct world_result r;
    struct script s;
    make(&s, p->who, p->fault, p->from);
    play_run(&s, NULL, NULL, &r);
    memcpy(p->trace_hash, r.trace_hash, sizeof p->trace_hash);
    script_free(&s);
}

static void play_one(struct world *begun, const struct part *p, unsigned n, const char *keep, struct world_result *out)
{
    struct play one = {.begun = begun};
    make(&one.script, p->who, p->fault, n);
    play_begin(&one, NULL, NULL);
    play_finish(&one, out);
    if (out->finding[0] == '\0' && n == p->from && memcmp(out->trace_hash, p->trace_hash, sizeof p->trace_hash) != 0)
        (void)snprintf(out->finding, sizeof out->finding, "0: the run goes another way than its script by itself");
    if (out->finding[0] != '\0')
        printf("%s, %s %u: %s\n", p->who, p->fault, n, out->finding);
    if (out->finding[0] != '\0' && keep != NULL)
        keep_script(&one.script, keep, p->who, p->fault, n, out->finding);
    script_free(&one.script);
}

/* The first call, the second, ... until the sync makes no more of them. */
static unsigned play_part(struct world *begun, const struct part *p, const char *keep)
{
    unsigned findings = 0, n = p->from;
    struct world_result r;
    for (; findings < FINDINGS_MAX; n++) {
        play_one(begun, p, n, keep, &r);
        findings += r.finding[0] != '\0';
        if (r.fault_waits)
            break;
        if (n % TELLS_EACH == 0)
            (void)fprintf(stderr, "%s, %s: at %u\n", p->who, p->fault, n);
    }
    printf("%s, %s: %u calls, from the %u. on: %u findings\n", p->who, p->fault, n - p->from, p->from, findings);
    return findings;
}

unsigned sweep(char *const *wanted, const char *keep)
{
    static const char *const sides[] = {"anna", "office"};
    static const char *const faults[] = {"disk open",   "disk read",   "disk write",  "disk sync",   "disk truncate",
                                         "disk rename", "disk unlink", "power after", "memory after"};
    static struct world begun;
    struct part parts[sizeof sides / sizeof *sides * sizeof faults / sizeof *faults];
    struct script first;
    const char *side = wanted[0], *fault = side != NULL ? wanted[1] : NULL;
    unsigned long from = fault != NULL && wanted[2] != NULL ? strtoul(wanted[2], NULL, 10) : 1;
    unsigned findings = 0;
    size_t count = 0;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++)
            if ((side == NULL || strcmp(side, sides[i]) == 0) && (fault == NULL || strstr(faults[k], fault) != NULL))
                parts[count++] = (struct part){sides[i], faults[k], from != 0 ? (unsigned)from : 1, {0}};
    if (count == 0) {
        (void)fprintf(stderr, "sim: there is no such part of the sweep: %s %s\n", side, fault != NULL ? fault : "");
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        play_whole(&parts[i]);
    (void)make_before(&first);
    if (play_before(&begun, &first) != 0)
        abort();
    for (size_t i = 0; i < count; i++)
        findings += play_part(&begun, &parts[i], keep);
    script_free(&first);
    return findings;
}
