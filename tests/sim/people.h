/* The people of a run: a random script of what they do, over all kinds and policies, with heavy contention on few
 * records; and the weather that they do it in. */
#ifndef SATCHEL_SIM_PEOPLE_H
#define SATCHEL_SIM_PEOPLE_H

#include "luck.h"
#include "script.h"

/* What may happen in a run: a bit each. A seed picks some of those that it is allowed. */
#define FORECAST_LIST(X)                                                                                               \
    X(LINKS, "links") /* delay, loss, truncation, flips, reordering, partitions */                                     \
    X(POWER, "power") /* power cuts at any step of the disk, and kills */                                              \
    X(CLOCKS, "clocks")                                                                                                \
    X(DISKS, "disks")         /* full, or calls that fail */                                                           \
    X(MEMORY, "memory")       /* allocations that fail */                                                              \
    X(CASELOADS, "caseloads") /* cases change hands at every bad moment */                                             \
    X(OFFICE, "office")       /* the office stops, is killed, moves */                                                 \
    X(VERSIONS, "versions")   /* older and newer programs together */                                                  \
    X(LOST, "lost")           /* laptops stolen, revoked, wiped; enrolled anew */                                      \
    X(PUTBACK, "putback")     /* laptops put back from old images */                                                   \
    X(CLONES, "clones")                                                                                                \
    X(SETBACK, "setback") /* the office put back from a backup */                                                      \
    X(ERASING, "erasing") /* the office erases words */                                                                \
    X(FLOODS, "floods")   /* a laptop brings more than its quota */                                                    \
    X(IMPORTS, "imports") /* the office imports from another system, and is broken off */

enum forecast {
#define FORECAST_NUMBER(name, word) FORECAST_##name,
    FORECAST_LIST(FORECAST_NUMBER)
#undef FORECAST_NUMBER
        FORECAST_COUNT
};
extern const char *const forecast_names[FORECAST_COUNT];

/* What both generators know of a run that is being made. */
struct people {
    struct script *s;
    struct luck l;
    unsigned weather; /* bits of enum forecast that this run has */
    uint64_t at_s;
    unsigned clients, cases, notes, services, plans, contacts; /* named so far: :p1 .. :pN, :c, :n, :s, :l, :k */
    int has_clone;
    int is_wordy; /* some notes are so long that what is sent does not fit into one batch */
};

/* Makes the script of a seed. allowed: bits of enum forecast. Freed with script_free. */
void people_make(struct script *s, uint64_t seed, unsigned allowed);

/* For people.c: some weather now, of what this run has. */
void forecast_add(struct people *p);
/* The link of a laptop's next sync. */
void forecast_link(struct people *p, const char *who);

/* For forecast.c: who writes something in case :cN, in whose caseload it may not be. */
void people_write(struct people *p, const char *who, unsigned n);

/* For both: a laptop's name, and an event now. */
const char *people_who(struct people *p);
/* Two that are not the same. */
void people_two(struct people *p, const char **a, const char **b);
void people_say(struct people *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
