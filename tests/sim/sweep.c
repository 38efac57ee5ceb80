#include "sweep.h"

#include <stdio.h>
#include <string.h>

#include "play.h"

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
};

static void make(struct script *s, const char *who, const char *fault, unsigned n)
{
    uint64_t at_s = 8 * 3600;
    memset(s, 0, sizeof *s);
    s->seed = 1;
    s->laptops = 2;
    (void)snprintf(s->names[0], sizeof s->names[0], "anna");
    (void)snprintf(s->names[1], sizeof s->names[1], "ben");
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        (void)script_add(s, at_s += 60, before[i]);
    (void)script_addf(s, at_s += 60, "weather %s %s=%u", who, fault, n);
    (void)script_add(s, at_s, "anna sync");
}

static void keep_script(const struct script *s, const char *folder, const char *who, const char *fault, unsigned n,
                        const char *finding)
{
    char path[512];
    FILE *f;
    (void)snprintf(path, sizeof path, "%s/sweep-%s-%.*s-%u.txt", folder, who, (int)strcspn(fault, " "), fault, n);
    if ((f = fopen(path, "w")) == NULL)
        return;
    (void)fprintf(f, "# %s\n", finding);
    script_write(s, NULL, f);
    (void)fclose(f);
}

/* One sort of fault on one side: the first call, the second, ... until the sync makes no more of them. */
static unsigned sweep_one(const char *who, const char *fault, const char *keep)
{
    unsigned findings = 0, n = 0;
    struct world_result r = {.fault_waits = 0};
    while (!r.fault_waits) {
        struct script s;
        make(&s, who, fault, ++n);
        play_run(&s, NULL, NULL, &r);
        if (r.finding[0] != '\0') {
            findings++;
            printf("%s, %s %u: %s\n", who, fault, n, r.finding);
            if (keep != NULL)
                keep_script(&s, keep, who, fault, n, r.finding);
        }
        script_free(&s);
    }
    printf("%s: each of %u, %s: %u findings\n", who, n - 1, fault, findings);
    return findings;
}

unsigned sweep(const char *keep)
{
    static const char *const sides[] = {"anna", "office"};
    static const char *const faults[] = {"disk open",   "disk read",   "disk write",  "disk sync",   "disk truncate",
                                         "disk rename", "disk unlink", "power after", "memory after"};
    unsigned findings = 0;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++)
            findings += sweep_one(sides[i], faults[k], keep);
    return findings;
}
