/* Draws a script at random: what people do, and in what weather. */
#include "people.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "schema.h"
#include "versions.h"
#include "world.h"

enum { DAY_S = 86400 };

static unsigned below(struct people *p, unsigned end)
{
    return luck_below(&p->l, end);
}

#define PICK(p, list) (list)[below(p, sizeof(list) / sizeof *(list))]

const char *people_who(struct people *p)
{
    return p->s->names[below(p, p->s->laptops)];
}

void people_say(struct people *p, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)script_add(p->s, p->at_s++, line);
}

/* --- what they write --- */

static const char *const words[] = {"bread", "ramp", "Ada", "keys", "dog", "stairs", "ward", "ill", "well", "rent"};

static void put_text(struct people *p, char *out, size_t size, unsigned most)
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned i = 0, count = 1 + below(p, most); i < count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i == 0 ? "" : " ", PICK(p, words));
}

/* Some paragraphs of which now and then one is another: so that two of them have much in common. A word of it stands
 * nowhere else, so that it is missed. */
static void put_narrative(struct people *p, char *out, size_t size)
{
    static const unsigned odds[] = {0, 1, 1, 1, 2, 3, 4};
    size_t at = 0;
    unsigned odd = PICK(p, odds);
    char own[160];
    put_text(p, own, 128, 6);
    (void)snprintf(own + strlen(own), sizeof own - strlen(own), ", told at %llu.", (unsigned long long)p->at_s);
    for (unsigned i = 0; i < 4; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i == 0 ? "" : "\\n\\n",
                               i == odd     ? own
                               : i % 2 == 0 ? "She lives alone on the third floor."
                                            : "Her daughter comes on Sundays, and the nurse each morning.");
}

static void put_value(struct people *p, const struct schema_field *f, char *out, size_t size)
{
    static const char *const flags[] = {"yes", "no"};
    unsigned count = 0;
    switch (f->type) {
    case SCHEMA_CHOICE:
        while (f->choices[count].name != NULL)
            count++;
        (void)snprintf(out, size, "%s", f->choices[below(p, count)].name);
        return;
    case SCHEMA_DATE:
        (void)snprintf(out, size, "20%02u-%02u-%02u", below(p, 30), 1 + below(p, 12), 1 + below(p, 28));
        return;
    case SCHEMA_TIME:
        (void)snprintf(out, size, "2026-%02u-%02uT%02u:30:00Z", 1 + below(p, 12), 1 + below(p, 28), below(p, 24));
        return;
    case SCHEMA_INTEGER:
    case SCHEMA_MONEY:
        (void)snprintf(out, size, "%s%u", below(p, 4) == 0 ? "-" : "", below(p, 90));
        return;
    case SCHEMA_FLAG:
        (void)snprintf(out, size, "%s", PICK(p, flags));
        return;
    case SCHEMA_REF:
        (void)snprintf(out, size, ":p%u", 1 + below(p, p->clients));
        return;
    default:
        if (f->policy == SCHEMA_TEXTUAL)
            put_narrative(p, out, size);
        else
            put_text(p, out, size, f->policy == SCHEMA_SET ? 1 : 3);
    }
}

/* A field of the kind that a person may write. */
static const struct schema_field *some_field(struct people *p, const struct schema_kind *k)
{
    for (;;) {
        const struct schema_field *f = &k->fields[below(p, (unsigned)k->field_count)];
        if (f->type == SCHEMA_BYTES || f->type == SCHEMA_DOTS || (f->type == SCHEMA_REF && f->ref != KIND_CLIENT) ||
            strcmp(f->name, "same_as") == 0 || strcmp(f->name, "different_from") == 0)
            continue;
        /* Where people's safety hangs on it they write it more often. */
        if (below(p, 3) != 0 && f->policy == SCHEMA_LATEST)
            continue;
        return f;
    }
}

/* A record to write to, by its name: few, so that many meet. */
static const struct schema_kind *some_record(struct people *p, char *name, size_t size)
{
    const struct {
        unsigned kind, count;
        char letter;
    } all[] = {{KIND_CLIENT, p->clients, 'p'},  {KIND_CASE, p->cases, 'c'},       {KIND_CASE, p->cases, 'c'},
               {KIND_NOTE, p->notes, 'n'},      {KIND_SERVICE, p->services, 's'}, {KIND_PLAN, p->plans, 'l'},
               {KIND_CONTACT, p->contacts, 'k'}};
    for (;;) {
        unsigned i = below(p, sizeof all / sizeof *all), last = all[i].count < 2 ? all[i].count : 2;
        if (all[i].count == 0)
            continue;
        (void)snprintf(name, size, ":%c%u", all[i].letter,
                       below(p, 3) == 0 ? 1 + below(p, all[i].count) : all[i].count - below(p, last));
        return schema_kind(all[i].kind);
    }
}

/* A risk falls with a reason alone, and people forget it. */
static const char *some_reason(struct people *p)
{
    return below(p, 4) != 0 ? " --reason 'seen on a visit'" : "";
}

static void write_field(struct people *p, const char *who)
{
    char record[16], value[1024], more[1200] = "";
    const struct schema_kind *k = some_record(p, record, sizeof record);
    const struct schema_field *f = some_field(p, k);
    const char *verb = f->policy == SCHEMA_SET   ? (below(p, 3) == 0 ? "remove" : "add")
                       : f->policy == SCHEMA_SUM ? "add"
                                                 : "set";
    put_value(p, f, value, sizeof value);
    if (strcmp(verb, "set") == 0 && below(p, 5) == 0) {
        const struct schema_field *other = some_field(p, k);
        char second[1024];
        put_value(p, other, second, sizeof second);
        if (other != f && other->policy != SCHEMA_SET && other->policy != SCHEMA_SUM)
            (void)snprintf(more, sizeof more, " '%s=%s'", other->name, second);
    }
    if (below(p, 2) == 0)
        people_say(p, "%s show %s", who, record);
    people_say(p, "%s %s %s '%s=%s'%s%s", who, verb, record, f->name, value, more,
               f->policy == SCHEMA_HIGHEST ? some_reason(p) : "");
}

static void write_new(struct people *p, const char *who)
{
    unsigned c = p->cases != 0 ? 1 + below(p, p->cases) : 0;
    char text[128], more[16] = "";
    put_text(p, text, sizeof text, 5);
    switch (c == 0 ? 0 : below(p, 8)) {
    case 0:
        p->clients++;
        p->cases++;
        people_say(p, "%s :p%u = new client 'legal_name=%s' birth_date=19%02u-0%u-1%u", who, p->clients, text,
                   below(p, 100), 1 + below(p, 9), below(p, 9));
        people_say(p, "%s :c%u = new case client=:p%u title=care", who, p->cases, p->clients);
        break;
    case 1:
        people_say(p, "%s :s%u = new service :c%u 'type=%s' units=%u", who, ++p->services, c, text, below(p, 60));
        break;
    case 2:
        people_say(p, "%s :l%u = new plan :c%u 'title=%s' status=draft", who, ++p->plans, c, text);
        break;
    case 3:
        people_say(p, "%s :k%u = new contact :c%u 'name=%s'", who, ++p->contacts, c, text);
        break;
    default:
        if (p->is_wordy && below(p, 2) != 0)
            (void)snprintf(more, sizeof more, " *%u", 1000 + below(p, 50000));
        people_say(p, "%s :n%u = note :c%u '%s, number %u%s'", who, p->notes + 1, c, text, p->notes + 1, more);
        p->notes++;
    }
}

static void write_void(struct people *p, const char *who)
{
    char record[16];
    (void)some_record(p, record, sizeof record);
    people_say(p, "%s void %s --reason 'written twice'", who, record);
}

static void read_something(struct people *p, const char *who)
{
    static const char *const reads[] = {"list", "conflicts", "status", "duplicates", "decided", "log", "list newer"};
    char record[16];
    switch (below(p, 3)) {
    case 0:
        (void)some_record(p, record, sizeof record);
        people_say(p, "%s show %s", who, record);
        break;
    case 1:
        people_say(p, "%s search %s", who, PICK(p, words));
        break;
    default:
        people_say(p, "%s %s", who, PICK(p, reads));
    }
}

void people_write(struct people *p, const char *who, unsigned n)
{
    static const char *const risks[] = {"low", "moderate", "high", "critical"};
    char text[128];
    put_text(p, text, sizeof text, 4);
    switch (below(p, 4)) {
    case 0:
        people_say(p, "%s set :c%u risk=%s%s", who, n, PICK(p, risks), some_reason(p));
        break;
    case 1:
        people_say(p, "%s :s%u = new service :c%u 'type=%s' units=%u", who, ++p->services, n, text, below(p, 60));
        break;
    default:
        people_say(p, "%s :n%u = note :c%u '%s, number %u'", who, p->notes + 1, n, text, p->notes + 1);
        p->notes++;
    }
}

static void link_people(struct people *p, const char *who)
{
    static const char *const verbs[] = {"link", "link", "unlink", "different"};
    unsigned a = 1 + below(p, p->clients), b = 1 + below(p, p->clients);
    people_say(p, "%s %s :p%u :p%u", who, PICK(p, verbs), a, b);
}

/* The sync is slow, or hangs at some place; somebody cannot wait. */
static void write_meanwhile(struct people *p, const char *who)
{
    char at_once[SCRIPT_NAME_MAX + 16], hangs[32] = "";
    (void)snprintf(at_once, sizeof at_once, "%s meanwhile", who);
    if (below(p, 2) != 0)
        (void)snprintf(hangs, sizeof hangs, " cut1=%u silent", 200 + below(p, 4000));
    people_say(p, "weather %s link delay=%u jitter=%u%s", who, 400 + below(p, 1500), below(p, 400), hangs);
    people_say(p, "%s sync", who);
    for (unsigned i = 1 + below(p, 3); i > 0; i--) {
        p->at_s += below(p, 6);
        people_write(p, at_once, 1 + below(p, p->cases));
    }
}

static void sync_some(struct people *p)
{
    unsigned count = below(p, 4) == 0 ? p->s->laptops : 1;
    for (unsigned i = 0; i < count; i++) {
        const char *who = people_who(p);
        if (p->weather >> FORECAST_LINKS & 1 && p->cases != 0 && below(p, 4) == 0) {
            write_meanwhile(p, who);
            continue;
        }
        forecast_link(p, who);
        people_say(p, "%s%s sync", who, p->has_clone && below(p, 3) == 0 ? "~" : "");
    }
}

/* A caseload goes to a colleague, for good or for some days. */
static void hand_over(struct people *p)
{
    const char *from, *to;
    char day[16];
    time_t last;
    struct tm tm;
    people_two(p, &from, &to);
    if (below(p, 2) == 0) {
        people_say(p, "office case transfer %s %s%s", from, to, below(p, 6) == 0 ? "" : " --yes");
        return;
    }
    last = (time_t)(WORLD_BEGIN_MS / 1000 + p->at_s + (uint64_t)86400 * below(p, 4));
    if (gmtime_r(&last, &tm) == NULL || strftime(day, sizeof day, "%Y-%m-%d", &tm) == 0)
        return;
    people_say(p, "office case cover %s %s --until %s --yes", from, to, day);
}

static void work_at_office(struct people *p)
{
    if (p->s->laptops > 1 && below(p, 8) == 0) {
        hand_over(p);
        return;
    }
    switch (below(p, 9)) {
    case 0:
    case 7:
    case 8:
        people_say(p, "office release %u", below(p, 5));
        break;
    case 1:
        people_say(p, "office check");
        break;
    case 2:
        people_say(p, "office case responsible :c%u %s", 1 + below(p, p->cases), people_who(p));
        break;
    case 3:
        people_say(p, "office user supervisor %s %s", people_who(p), people_who(p));
        break;
    case 4:
        people_say(p, "office link :p%u :p%u", 1 + below(p, p->clients), 1 + below(p, p->clients));
        break;
    default:
        people_say(p, "office case assign :c%u %s", 1 + below(p, p->cases), people_who(p));
    }
}

/* --- what happens between several of them, and seldom by chance --- */

void people_two(struct people *p, const char **a, const char **b)
{
    unsigned i = below(p, p->s->laptops), k = below(p, p->s->laptops - 1);
    *a = p->s->names[i];
    *b = p->s->names[k + (k >= i)];
}

/* A case is taken from somebody who goes on writing in it; that is held, and perhaps released. */
static void write_on(struct people *p)
{
    const char *who = people_who(p);
    unsigned n = 1 + below(p, p->cases), count = 1 + below(p, 3);
    people_say(p, "office case release :c%u %s", n, who);
    for (unsigned i = 0; i < count; i++)
        people_write(p, who, below(p, 4) == 0 ? 1 + below(p, p->cases) : n);
    if (below(p, 3) == 0) /* each change comes alone then, behind its own hold */
        people_say(p, "%s courier", who);
    people_say(p, "%s sync", who);
    p->at_s += 60;
    for (unsigned i = below(p, 4); i > 0; i--)
        people_say(p, "office release %u", below(p, count));
    if (below(p, 2) != 0) {
        people_say(p, "office case assign :c%u %s", n, who);
        people_say(p, "%s sync", who);
    }
}

/* Both clocks stand, at the same time; or one of them is far ahead. */
static void clocks_meet(struct people *p, const char *a, const char *b)
{
    static const char *const ways[] = {" stands", " stands", ""};
    const char *way = PICK(p, ways);
    unsigned by = below(p, 2) != 0 ? 0 : 60 + below(p, 20 * DAY_S); /* the office trusts no time ahead of its own */
    uint64_t at_s = p->at_s;
    people_say(p, "weather %s clock by=%u%s", a, by, way);
    p->at_s = at_s;
    if (way[0] != '\0')
        people_say(p, "weather %s clock by=%u%s", b, by, way);
    p->at_s = at_s + 1;
}

static void contest_field(struct people *p, const char *who, const struct schema_kind *k, const struct schema_field *f,
                          unsigned n)
{
    char value[1024];
    put_value(p, f, value, sizeof value);
    if (f->policy == SCHEMA_SUM)
        (void)snprintf(value, sizeof value, "%u", 1 + below(p, 2));
    if (f->policy == SCHEMA_SET)
        (void)snprintf(value, sizeof value, "%s", below(p, 4) != 0 ? "bread" : "ramp");
    people_say(p, "%s %s :%c%u '%s=%s'%s", who,
               f->policy == SCHEMA_SET && below(p, 2) != 0          ? "remove"
               : f->policy == SCHEMA_SET || f->policy == SCHEMA_SUM ? "add"
                                                                    : "set",
               k->number == KIND_CASE     ? 'c'
               : k->number == KIND_CLIENT ? 'p'
                                          : 's',
               n, f->name, value, f->policy == SCHEMA_HIGHEST ? some_reason(p) : "");
}

static const struct schema_field *some_sum(struct people *p, const struct schema_kind *k)
{
    const struct schema_field *f;
    do
        f = &k->fields[below(p, (unsigned)k->field_count)];
    while (f->policy != SCHEMA_SUM);
    return f;
}

/* One of them decides, perhaps by what it saw before the other wrote once more. */
static void settle_contest(struct people *p, const char *a, const char *b, const struct schema_kind *k,
                           const struct schema_field *f, unsigned n)
{
    int late = below(p, 3) == 0;
    if (late) {
        contest_field(p, b, k, f, n);
        people_say(p, "%s sync", b);
        p->at_s += 60;
    }
    if (late || below(p, 3) != 0)
        people_say(p, "%s decide %u %u%s", a, below(p, 6), below(p, 4), late ? " late" : "");
}

/* Two write the same field before either has seen what the other wrote; then somebody is given the case. */
static void contest(struct people *p)
{
    const char *a, *b, *third = people_who(p);
    const struct schema_kind *k = schema_kind(below(p, 3) != 0 ? KIND_CASE : KIND_CLIENT);
    const struct schema_field *f = some_field(p, k);
    unsigned n = 1 + below(p, 2);
    int moves = p->s->laptops > 2 && below(p, 2) != 0; /* of a case */
    if (p->services != 0 && below(p, 4) == 0) {
        k = schema_kind(KIND_SERVICE);
        f = some_sum(p, k);
        n = p->services;
    } else if (k->number == KIND_CASE && below(p, 4) == 0) {
        f = schema_field_named(k, "assessment");
    }
    people_two(p, &a, &b);
    while (moves && (third == a || third == b))
        third = people_who(p);
    moves &= k->number != KIND_SERVICE;
    if (moves) {
        people_say(p, "office case release :c%u %s", n, third);
        people_say(p, "%s sync", third);
    }
    if (f->policy == SCHEMA_SET)
        people_say(p, "%s add :p%u %s=bread", a, n, f->name);
    if (f->policy == SCHEMA_TEXTUAL) /* what both write over */
        contest_field(p, a, k, f, n);
    people_say(p, "%s sync", a);
    people_say(p, "%s sync", b);
    p->at_s += 60;
    if (p->weather >> FORECAST_CLOCKS & 1)
        clocks_meet(p, a, b);
    for (unsigned i = 0, count = 2 + below(p, 3); i < count; i++)
        contest_field(p, i % 2 == 0 ? a : b, k, f, n);
    people_say(p, "%s sync", below(p, 2) != 0 ? a : b);
    p->at_s += 60;
    people_say(p, "%s sync", a);
    people_say(p, "%s sync", b);
    p->at_s += 60;
    if (moves) {
        people_say(p, "office case assign :c%u %s", n, third);
        people_say(p, "%s sync", third);
    }
    if (below(p, 2) != 0)
        contest_field(p, third, k, f, n);
    settle_contest(p, a, b, k, f, n);
}

/* Somebody is given a case when two have contested what only its background tells how to show, or between the first and
 * the second of them. What comes with that another field was written over in, by what does not come. */
static void contest_background(struct people *p)
{
    const struct schema_field *f =
        schema_field_named(schema_kind(KIND_CASE), below(p, 3) == 0 ? "status" : "assessment");
    const char *a, *b, *third = people_who(p);
    unsigned n = 1 + below(p, 2);
    int is_early = below(p, 2) != 0;
    char value[1024];
    people_two(p, &a, &b);
    while (third == a || third == b)
        third = people_who(p);
    people_say(p, "office case release :c%u %s", n, third);
    people_say(p, "%s sync", third);
    put_value(p, f, value, sizeof value);
    people_say(p, "%s set :c%u '%s=%s' title=care", a, n, f->name, value);
    people_say(p, "%s set :c%u title=%s", a, n, PICK(p, words));
    people_say(p, "%s set :c%u title=%s", a, n, PICK(p, words));
    people_say(p, "%s sync", a);
    p->at_s += 60;
    people_say(p, "%s sync", b);
    p->at_s += 60;
    contest_field(p, a, schema_kind(KIND_CASE), f, n);
    contest_field(p, b, schema_kind(KIND_CASE), f, n);
    people_say(p, "%s sync", a);
    p->at_s += 60;
    if (is_early) {
        people_say(p, "office case assign :c%u %s", n, third);
        people_say(p, "%s sync", third);
    }
    people_say(p, "%s sync", b);
    p->at_s += 60;
    if (!is_early)
        people_say(p, "office case assign :c%u %s", n, third);
    people_say(p, "%s sync", third);
}

/* The office's power goes as soon as it has answered, or its disk or memory fails while it takes what comes. */
static void strike_office(struct people *p)
{
    static const char *const calls[] = {"read", "write", "sync"};
    const char *who = people_who(p);
    int cuts = (p->weather >> FORECAST_POWER & 1) && below(p, 2) != 0;
    for (unsigned i = 0, count = 1 + below(p, 4); i < count; i++)
        people_write(p, who, 1 + below(p, 2));
    if ((p->weather >> FORECAST_MEMORY & 1) && below(p, 2) != 0)
        people_say(p, "weather office memory after=%u", 1 + below(p, 1200));
    else if ((p->weather >> FORECAST_DISKS & 1) && below(p, 2) != 0)
        people_say(p, "weather office disk room=%u", below(p, 400000));
    else if (p->weather >> FORECAST_DISKS & 1)
        people_say(p, "weather office disk %s=%u", PICK(p, calls), 1 + below(p, 30));
    people_say(p, "weather %s link", who);
    people_say(p, "%s sync", who);
    p->at_s += 5;
    if (cuts)
        people_say(p, "weather office power");
    people_say(p, "weather office disk");
    people_say(p, "%s sync", people_who(p));
}

/* Somebody's power goes, or the disk or the memory of the laptop fails, while news come in. */
static void strike_laptop(struct people *p)
{
    const char *who, *other;
    people_two(p, &who, &other);
    for (unsigned i = 0, count = 1 + below(p, 3); i < count; i++)
        people_write(p, other, 1 + below(p, 2));
    people_say(p, "%s sync", other);
    p->at_s += 60;
    if ((p->weather >> FORECAST_MEMORY & 1) && below(p, 2) != 0)
        people_say(p, "weather %s memory after=%u", who, 1000 + below(p, 6000));
    else if ((p->weather >> FORECAST_POWER & 1) && below(p, 2) != 0)
        people_say(p, "weather %s power after=%u", who, 1 + below(p, 60));
    else if (p->weather >> FORECAST_DISKS & 1)
        people_say(p, "weather %s disk %s", who, below(p, 2) != 0 ? "write=20" : "sync=6");
    people_say(p, "weather %s link", who);
    people_say(p, "%s sync", who);
    p->at_s += 5;
    people_say(p, "weather %s disk", who);
    people_say(p, "%s sync", who);
}

/* Somebody writes in a case that another is to let go of, and then so much in one that both have that it is dealt in
 * several batches. The link breaks among them, and the first case is given back. */
static void break_deal(struct people *p)
{
    const char *a, *b;
    unsigned n = 1 + below(p, 2);
    people_two(p, &a, &b);
    people_say(p, "%s sync", a);
    p->at_s += 60;
    people_say(p, "office case release :c%u %s", n, a);
    people_write(p, b, n);
    for (unsigned i = 0; i < 3; i++)
        people_say(p, "%s :n%u = note :c%u 'long *%u'", b, ++p->notes, 3 - n, 40000 + below(p, 10000));
    people_say(p, "%s sync", b);
    p->at_s += 60;
    people_say(p, "weather %s link cut1=%u", a, 8000 + below(p, 14000));
    people_say(p, "%s sync", a);
    p->at_s += 60;
    people_say(p, "weather %s link", a);
    people_say(p, "office case assign :c%u %s", n, a);
    people_say(p, "%s sync", a);
}

static void meet(struct people *p)
{
    unsigned strikes = 1u << FORECAST_POWER | 1u << FORECAST_MEMORY | 1u << FORECAST_DISKS, n = below(p, 8);
    if (n < 2)
        write_on(p);
    else if (n == 4 && (p->weather & strikes) != 0)
        strike_laptop(p);
    else if (n == 3 && (p->weather >> FORECAST_LINKS & 1))
        break_deal(p);
    else if (n == 2 && (p->weather & strikes) != 0)
        strike_office(p);
    else if (n == 3 && p->s->laptops > 2)
        contest_background(p);
    else
        contest(p);
}

static void work(struct people *p)
{
    char who[SCRIPT_NAME_MAX + 1];
    unsigned n = below(p, 100);
    if (below(p, 12) == 0) {
        meet(p);
        return;
    }
    (void)snprintf(who, sizeof who, "%s%s", people_who(p), p->has_clone && below(p, 3) == 0 ? "~" : "");
    if (n < 35)
        write_field(p, who);
    else if (n < 52)
        write_new(p, who);
    else if (n < 56)
        write_void(p, who);
    else if (n < 64)
        people_say(p, "%s decide %u %u%s", who, below(p, 6), below(p, 4), below(p, 3) == 0 ? " late" : "");
    else if (n < 67)
        link_people(p, who);
    else if (n < 71)
        read_something(p, who);
    else if (n < 72)
        people_say(p, "%s courier", who);
    else if (n < 79)
        work_at_office(p);
    else
        sync_some(p);
}

/* --- a run --- */

/* Everybody is there, and everybody has the first two cases. */
static void begin(struct people *p)
{
    for (unsigned i = 0; i < p->s->laptops; i++) {
        const char *name = p->s->names[i];
        people_say(p, "office user add %s --name %s --role 'case manager'", name, name);
        forecast_link(p, name);
        if ((p->weather >> FORECAST_POWER & 1) && below(p, 2) != 0)
            people_say(p, "weather %s power after=%u", name, 1 + below(p, 150));
        people_say(p, "%s enrol", name);
        people_say(p, "%s enrol", name);
        p->at_s += 60;
    }
    for (unsigned i = 0; i < 2; i++) {
        const char *who = p->s->names[0];
        p->clients++;
        p->cases++;
        people_say(p, "%s :p%u = new client 'legal_name=Ada %u' birth_date=1950-02-03 allergy=penicillin", who,
                   p->clients, p->clients);
        people_say(p, "%s :c%u = new case client=:p%u risk=high level_of_care=standard status=open", who, p->cases,
                   p->clients);
    }
    people_say(p, "%s sync", p->s->names[0]);
    p->at_s += 120;
    for (unsigned i = 1; i < p->s->laptops; i++)
        for (unsigned c = 1; c <= p->cases; c++)
            people_say(p, "office case assign :c%u %s", c, p->s->names[i]);
    for (unsigned i = 0; i < p->s->laptops; i++)
        people_say(p, "%s sync", p->s->names[i]);
    p->at_s += 300;
}

/* How long until the next thing happens: at once, within the hour, at home, or (in a long run) months later. */
static void pass(struct people *p, int is_long)
{
    unsigned n = below(p, 100);
    if (n < 35)
        p->at_s += below(p, 3);
    else if (n < 80)
        p->at_s += 30 + below(p, 1800);
    else if (n < 97)
        p->at_s += 3600 + below(p, 10 * 3600);
    else
        p->at_s += is_long ? (uint64_t)DAY_S * (1 + below(p, 200)) : DAY_S;
}

void people_make(struct script *s, uint64_t seed, unsigned allowed)
{
    static const char *const names[] = {"anna", "ben", "cara", "dora", "emil"};
    struct people p = {.s = s, .at_s = 8 * 3600ull};
    unsigned count;
    int is_long;
    memset(s, 0, sizeof *s);
    s->seed = seed;
    luck_seed(&p.l, seed ^ 0x5a7c4e1u);
    s->laptops = 2 + below(&p, 3);
    for (unsigned i = 0; i < s->laptops; i++)
        (void)snprintf(s->names[i], sizeof s->names[i], "%s", names[i]);
    /* Not everything everywhere: what is rare is seen best where little else happens. */
    for (unsigned i = 0; i < FORECAST_COUNT; i++)
        p.weather |= (unsigned)luck_chance(&p.l, i == FORECAST_LINKS ? 700 : 350) << i;
    p.weather &= allowed;
    is_long = luck_chance(&p.l, 100) != 0;
    p.is_wordy = luck_chance(&p.l, 250);
    versions_use((p.weather >> FORECAST_VERSIONS & 1) != 0);
    begin(&p);
    /* Most runs are short: what goes wrong goes wrong between few, and a long one costs as much as four. */
    count = luck_chance(&p.l, 200) ? 60 + below(&p, 120) : 12 + below(&p, 45);
    for (unsigned i = 0; i < count; i++) {
        if (p.weather != 0 && below(&p, 7) == 0)
            forecast_add(&p);
        else
            work(&p);
        pass(&p, is_long);
    }
    versions_use(0);
    script_sort(s);
}
