/* The weather's part of a random script. Each kind of it has a function in the table at the end: what is to come later
 * gets a row there, and its word in weather.c. */
#include "people.h"
#include "source.h"

const char *const forecast_names[FORECAST_COUNT] = {
#define FORECAST_WORD(name, word) word,
    FORECAST_LIST(FORECAST_WORD)
#undef FORECAST_WORD
};

static unsigned below(struct people *p, unsigned end)
{
    return luck_below(&p->l, end);
}

/* Small numbers more often than large ones: up to 2^bits. */
static unsigned steep(struct people *p, unsigned bits)
{
    return 1 + below(p, 1u << (1 + below(p, bits)));
}

static const char *machine(struct people *p)
{
    return below(p, 4) == 0 ? "office" : people_who(p);
}

void forecast_link(struct people *p, const char *who)
{
    static const char *const ills[] = {"cut", "cut", "cut", "flip", "twice", "swap", "lose"};
    if (!(p->weather >> FORECAST_LINKS & 1) || below(p, 3) != 0) {
        if (below(p, 3) == 0)
            people_say(p, "weather %s link delay=%u jitter=%u", who, below(p, 900), below(p, 200));
        return;
    }
    if (below(p, 6) == 0)
        people_say(p, "weather %s link delay=%u cut0=%u cut1=%u", who, below(p, 300), 1000 + below(p, 3000),
                   1000 + below(p, 3000));
    else if (below(p, 12) == 0)
        people_say(p, "weather %s link refused", who);
    else
        people_say(p, "weather %s link delay=%u jitter=%u %s%u=%u%s", who, below(p, 1500), below(p, 400),
                   ills[below(p, sizeof ills / sizeof *ills)], below(p, 2), 1 + below(p, 6000),
                   below(p, 3) == 0 ? " silent" : "");
}

static void power(struct people *p)
{
    const char *who = machine(p);
    if (below(p, 4) == 0)
        people_say(p, "weather %s kill", who);
    else if (below(p, 5) == 0)
        people_say(p, "weather %s power", who);
    else
        people_say(p, "weather %s power after=%u", who, steep(p, 8));
}

static void clocks(struct people *p)
{
    static const long long jumps[] = {-56ll * 365 * 86400, -3ll * 365 * 86400, -86400,           -3600, -90, 3600,
                                      86400ll * 9,         365ll * 86400,      9ll * 365 * 86400};
    const char *who = machine(p);
    switch (below(p, 5)) {
    case 0:
        people_say(p, "weather %s clock", who);
        break;
    case 1:
        people_say(p, "weather %s clock by=%lld %s", who, jumps[below(p, 9)], below(p, 2) != 0 ? "stands" : "back");
        break;
    default:
        people_say(p, "weather %s clock by=%lld", who, jumps[below(p, 9)]);
    }
}

static void disks(struct people *p)
{
    static const char *const calls[] = {"open", "read", "write", "sync", "truncate", "rename", "unlink"};
    const char *who = machine(p);
    if (below(p, 3) == 0)
        people_say(p, "weather %s disk room=%u", who, below(p, 400000));
    else if (below(p, 3) == 0)
        people_say(p, "weather %s disk", who);
    else
        people_say(p, "weather %s disk %s=%u", who, calls[below(p, 7)], steep(p, 7));
}

static void memory(struct people *p)
{
    people_say(p, "weather %s memory after=%u", machine(p), steep(p, 11));
}

static void caseloads(struct people *p)
{
    if (p->cases != 0)
        people_say(p, "office case %s :c%u %s", below(p, 2) != 0 ? "assign" : "release", 1 + below(p, p->cases),
                   people_who(p));
}

static void office(struct people *p)
{
    static const char *const words[] = {"weather office kill", "office stop", "office move"};
    people_say(p, "%s", words[below(p, 3)]);
}

/* A laptop with a newer program links a client who has left its person's caseload, while the office has an older one
 * that cannot read the link; then the office's program is updated. */
static void link_late(struct people *p)
{
    const char *who = people_who(p);
    unsigned theirs = 1 + below(p, p->cases < p->clients ? p->cases : p->clients), own = 1 + below(p, p->cases);
    people_say(p, "weather office older");
    people_say(p, "weather %s newer", who);
    p->at_s += 1300; /* somebody has started the office */
    people_say(p, "office case assign :c%u %s", theirs, who);
    people_say(p, "office case assign :c%u %s", own, who);
    people_say(p, "%s sync", who);
    p->at_s += 300;
    people_say(p, "office case release :c%u %s", theirs, who);
    people_say(p, "%s set :c%u second_client=:p%u", who, own, theirs);
    people_say(p, "%s sync", who);
    p->at_s += 300;
    people_say(p, "weather office newer");
}

static void versions(struct people *p)
{
    if (p->cases > 1 && below(p, 4) == 0) {
        link_late(p);
        return;
    }
    people_say(p, "weather %s %s", machine(p), below(p, 3) == 0 ? "older" : "newer");
}

/* Somebody who is shut out does not know yet, and works on. */
static void work_on(struct people *p, const char *who)
{
    for (unsigned i = below(p, 4); i > 0; i--)
        people_write(p, who, 1 + below(p, p->cases));
    people_say(p, "%s sync", who);
}

/* The power goes, and the store with it; what is unsent comes to the office out of the outbox. */
static void break_store(struct people *p, const char *who)
{
    people_write(p, who, 1 + below(p, 2));
    p->at_s += 1200; /* the store is locked by then, and unlocked with something unsent */
    people_say(p, "%s status", who);
    if (below(p, 2) != 0)
        people_write(p, who, 1 + below(p, 2));
    p->at_s += 60;
    people_say(p, "weather %s broken", who);
    people_say(p, "%s courier", who);
    people_say(p, "weather %s stolen", who);
    people_say(p, "office device revoke @%s", who);
    people_say(p, "%s enrol", who);
    people_say(p, "%s sync", who);
}

/* What was written meanwhile is held; then it is released, all of it or some. */
static void shut_out(struct people *p, const char *who)
{
    unsigned count = 1 + below(p, 3);
    people_say(p, "office user disable %s", who);
    for (unsigned i = 0; i < count; i++)
        people_write(p, who, 1 + below(p, 2));
    people_say(p, "%s sync", who);
    p->at_s += 60;
    if (below(p, 4) == 0)
        return;
    people_say(p, "office user enable %s", who);
    if (below(p, 2) != 0)
        people_say(p, "%s sync", who);
    for (unsigned i = below(p, count + 1); i > 0; i--)
        people_say(p, "office release 0");
    people_say(p, "%s sync", who);
}

/* The link breaks while the order arrives, and what is unsent has not left yet. */
static void wipe(struct people *p, const char *who)
{
    people_say(p, "office device wipe @%s", who);
    people_write(p, who, 1 + below(p, 2));
    if (below(p, 3) != 0)
        people_say(p, "weather %s link cut0=%u", who, 1 + below(p, 1500));
    work_on(p, who);
    people_say(p, "weather %s link", who);
    people_say(p, "%s sync", who);
}

static void lost(struct people *p)
{
    const char *who = people_who(p);
    switch (below(p, 10)) {
    case 0:
        people_say(p, "weather %s stolen", who);
        people_say(p, "office device revoke @%s", who);
        people_say(p, "%s enrol", who);
        people_say(p, "%s sync", who);
        break;
    case 1:
        people_say(p, "office device revoke @%s", who);
        work_on(p, who);
        break;
    case 2:
    case 3:
        wipe(p, who);
        break;
    case 4:
    case 5:
        shut_out(p, who);
        break;
    case 6:
    case 7:
    case 8:
        break_store(p, who);
        break;
    default:
        people_say(p, "office user enable %s", who);
    }
}

static void put_back(struct people *p)
{
    people_say(p, "weather %s %s", people_who(p), below(p, 2) != 0 ? "image" : "putback");
}

static void clone(struct people *p)
{
    if (!p->has_clone)
        people_say(p, "weather %s clone", people_who(p));
    p->has_clone = 1;
}

/* An older disk takes the office's place, and nobody says so. Who had seen more of its log must tell; then it is done
 * once more, as it should be. Some of them had only read since, so that the office lacks nothing of theirs. */
static void set_back_unsaid(struct people *p)
{
    const char *who, *other;
    people_two(p, &who, &other);
    people_say(p, "%s sync", who);
    p->at_s += 60;
    people_say(p, "weather office image");
    people_say(p, "office check");
    people_say(p, "%s :p%u = new client 'legal_name=Ada %u' birth_date=1951-02-03", other, p->clients + 1,
               p->clients + 1);
    people_say(p, "%s :c%u = new case client=:p%u title=care", other, p->cases + 1, p->clients + 1);
    p->clients++;
    p->cases++;
    people_say(p, "%s sync", other);
    p->at_s += 60;
    if (below(p, 3) == 0)
        people_write(p, who, 1 + below(p, 2));
    people_say(p, "%s sync", who);
    p->at_s += 60;
    people_say(p, "weather office putback");
    for (unsigned i = 4 + below(p, 12); i > 0; i--)
        people_say(p, "office user supervisor %s %s", who, other);
    people_say(p, "%s sync", who);
    p->at_s += 60;
    people_say(p, "weather office putback said");
    people_say(p, "office check");
    people_say(p, "%s sync", who);
}

/* What is held of somebody's was held in the backup already. */
static void set_back_held(struct people *p)
{
    const char *who = people_who(p);
    people_say(p, "office user disable %s", who);
    people_write(p, who, 1 + below(p, 2));
    people_say(p, "%s sync", who);
    p->at_s += 60;
    people_say(p, "office user enable %s", who);
    people_say(p, "%s sync", who);
    p->at_s += 60;
    people_say(p, "office backup");
    people_write(p, who, 1 + below(p, 2));
    people_say(p, "%s sync", who);
    p->at_s += 60;
    people_say(p, "office putback");
    people_say(p, "office check");
    people_say(p, "%s sync", who);
}

static void set_back(struct people *p)
{
    unsigned n = below(p, 8);
    if (n < 2)
        set_back_unsaid(p);
    else if (n == 2)
        set_back_held(p);
    else
        people_say(p, "office %s", n < 6 ? "backup" : "putback");
}

/* Words of the last changes are erased, perhaps while somebody writes on without having heard of it. */
static void erase(struct people *p)
{
    for (unsigned i = 1 + below(p, 2); i > 0; i--)
        people_say(p, "office erase %u", steep(p, 4) - 1);
    if (below(p, 2) != 0)
        people_say(p, "%s sync", people_who(p));
}

/* A laptop may bring a hundredth of the usual, ten persons a day, and takes down more: what is over that waits on it,
 * while the others go on; perhaps the office allows it more, otherwise the next day does. */
static void flood(struct people *p)
{
    const char *who, *other;
    people_two(p, &who, &other);
    people_say(p, "office device quota @%s --percent 1", who);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 6 + below(p, 3); k > 0; k--) {
            p->clients++;
            people_say(p, "%s :p%u = new client 'legal_name=Flood %u' birth_date=1970-01-0%u", who, p->clients,
                       p->clients, k);
        }
        people_write(p, who, 1 + below(p, 2));
        people_say(p, "%s sync", who);
        p->at_s += 60;
        people_write(p, other, 1 + below(p, 2));
        people_say(p, "%s sync", other);
        p->at_s += 60;
    }
    if (below(p, 2) != 0)
        people_say(p, "office device quota @%s --percent 100", who);
    else if (below(p, 2) != 0)
        p->at_s += 86400;
    people_say(p, "%s sync", who);
}

/* Somebody writes in what the other system brings: over its words, to its services, or away. */
static void write_in_imported(struct people *p, const char *who)
{
    static const char *const persons[] = {"legal_name=Uma Other", "gender=female", "'gender=as told'", "allergy=nuts"};
    unsigned n = 1 + below(p, SOURCE_PERSONS);
    switch (below(p, 6)) {
    case 0:
        people_say(p, "%s set :y%u risk=high", who, n);
        break;
    case 1:
        people_say(p, "%s add :z%u amount=%u", who, 1 + below(p, SOURCE_SERVICES), below(p, 30));
        break;
    case 2:
        people_say(p, "%s void :%c%u --reason 'written twice'", who, below(p, 2) != 0 ? 'z' : 'x', n);
        break;
    default:
        people_say(p, "%s set :x%u %s", who, n, persons[below(p, sizeof persons / sizeof *persons)]);
    }
}

/* Imports, perhaps broken off, between people who work with what they bring. */
static void imports(struct people *p)
{
    static const char *const which[] = {"", "", "", " again", " old", " dry"};
    const char *who = people_who(p);
    if (p->weather >> FORECAST_POWER & 1 && below(p, 3) == 0)
        people_say(p, "weather office %s after=%u", below(p, 4) != 0 ? "power" : "memory", 1 + below(p, 400));
    people_say(p, "office import%s", which[below(p, sizeof which / sizeof *which)]);
    if (below(p, 2) != 0)
        people_say(p, "office case assign :y%u %s", 1 + below(p, SOURCE_PERSONS), who);
    people_say(p, "%s sync", who);
    p->at_s += 60;
    for (unsigned i = below(p, 4); i > 0; i--)
        write_in_imported(p, who);
    if (below(p, 2) != 0)
        people_say(p, "%s sync", who);
    if (below(p, 2) != 0)
        people_say(p, "office import");
}

static void links(struct people *p)
{
    forecast_link(p, people_who(p));
}

static void (*const kinds[FORECAST_COUNT])(struct people *p) = {
    [FORECAST_LINKS] = links,      [FORECAST_POWER] = power,   [FORECAST_CLOCKS] = clocks,
    [FORECAST_DISKS] = disks,      [FORECAST_MEMORY] = memory, [FORECAST_CASELOADS] = caseloads,
    [FORECAST_OFFICE] = office,    [FORECAST_LOST] = lost,     [FORECAST_VERSIONS] = versions,
    [FORECAST_PUTBACK] = put_back, [FORECAST_CLONES] = clone,  [FORECAST_SETBACK] = set_back,
    [FORECAST_ERASING] = erase,    [FORECAST_FLOODS] = flood,  [FORECAST_IMPORTS] = imports};

void forecast_add(struct people *p)
{
    unsigned kind = below(p, FORECAST_COUNT);
    for (unsigned i = 0; i < FORECAST_COUNT; i++, kind = (kind + 1) % FORECAST_COUNT) {
        if (p->weather >> kind & 1) {
            kinds[kind](p);
            return;
        }
    }
}
