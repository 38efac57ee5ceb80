/* Keeps the rows of the other system, and writes its exports. */
#include "source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "import.h"

enum { SAID_MAX = 64 };

static const char *const names[] = {"Uma", "Veda", "Wim", "Xia"};
static const char *const sexes[] = {"", "female", "male"};
const char *const source_fields[SOURCE_FIELDS] = {"legal_name", "gender"};

struct person {
    char said[SOURCE_FIELDS][SAID_MAX][24]; /* what the exports said, the newest last */
    unsigned count[SOURCE_FIELDS], name, sex;
    int is_deleted;
    char updated[24];
};

static struct {
    struct person persons[SOURCE_PERSONS];
    struct {
        unsigned at, amount;
        int is_deleted;
        char updated[24];
    } services[SOURCE_SERVICES];
    unsigned exports;
} source;

void source_reset(void)
{
    memset(&source, 0, sizeof source);
}

static void time_words(uint64_t ms, char out[24])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, 24, "%Y-%m-%d %H:%M:%S", &utc) == 0)
        out[0] = '\0';
}

/* --- what it holds --- */

static void say(struct person *p, unsigned field, const char *words)
{
    unsigned at = p->count[field];
    if (at != 0 && strcmp(p->said[field][at - 1], words) == 0)
        return;
    if (at == SAID_MAX) /* what was said first is said once more, as far as anybody knows */
        at--;
    (void)snprintf(p->said[field][at], sizeof p->said[field][at], "%s", words);
    p->count[field] = at + 1;
}

static void change(struct luck *l, const char *now)
{
    for (unsigned i = 0; i < SOURCE_PERSONS; i++) {
        struct person *p = &source.persons[i];
        char name[24];
        if (p->updated[0] != '\0' && luck_below(l, 3) != 0)
            continue;
        p->name = luck_below(l, sizeof names / sizeof *names);
        p->sex = luck_below(l, 3);
        p->is_deleted = luck_below(l, 8) == 0;
        (void)snprintf(p->updated, sizeof p->updated, "%s", now);
        (void)snprintf(name, sizeof name, "%s Reg%u", names[p->name], i);
        say(p, 0, name);
        say(p, 1, sexes[p->sex]);
    }
    for (unsigned i = 0; i < SOURCE_SERVICES; i++) {
        if (source.services[i].updated[0] != '\0' && luck_below(l, 3) != 0)
            continue;
        source.services[i].at = luck_below(l, SOURCE_PERSONS);
        source.services[i].amount = 10 * luck_below(l, 4);
        source.services[i].is_deleted = luck_below(l, 8) == 0;
        (void)snprintf(source.services[i].updated, sizeof source.services[i].updated, "%s", now);
    }
}

const char *source_says(unsigned person, unsigned field)
{
    const struct person *p = &source.persons[person];
    return p->is_deleted || p->count[field] == 0 ? NULL : p->said[field][p->count[field] - 1];
}

int source_said(unsigned person, unsigned field, const char *words, size_t size)
{
    const struct person *p = &source.persons[person];
    for (unsigned i = 0; i < p->count[field]; i++)
        if (strlen(p->said[field][i]) == size && memcmp(p->said[field][i], words, size) == 0)
            return 1;
    return 0;
}

struct id source_id(enum source_what what, unsigned number)
{
    static const char *const tables[] = {"Client", "Enrollment", "Services"};
    static const char letters[] = "PES";
    char key[16];
    (void)snprintf(key, sizeof key, "%c%u", letters[what], number);
    return id_derive(SOURCE_FORMAT, tables[what], key);
}

/* --- its exports --- */

static FILE *open_file(const char *folder, const char *name)
{
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    return fopen(path, "we");
}

static int write_persons(const char *folder)
{
    FILE *persons = open_file(folder, "Client"), *cases = open_file(folder, "Enrollment");
    int is_written = persons != NULL && cases != NULL;
    if (is_written) {
        (void)fputs("PersonalID,FirstName,LastName,Sex,DateUpdated,DateDeleted\n", persons);
        (void)fputs("EnrollmentID,PersonalID,EntryDate,DateUpdated,DateDeleted\n", cases);
        for (unsigned i = 0; i < SOURCE_PERSONS; i++) {
            const struct person *p = &source.persons[i];
            const char *deleted = p->is_deleted ? p->updated : "";
            (void)fprintf(persons, "P%u,%s,Reg%u,%s,%s,%s\n", i, names[p->name], i,
                          p->sex == 0   ? ""
                          : p->sex == 1 ? "0"
                                        : "1",
                          p->updated, deleted);
            (void)fprintf(cases, "E%u,P%u,2026-01-05,%s,%s\n", i, i, p->updated, deleted);
        }
    }
    if (persons != NULL)
        is_written &= fclose(persons) == 0;
    if (cases != NULL)
        is_written &= fclose(cases) == 0;
    return is_written;
}

static int write_services(const char *folder, const char *now)
{
    FILE *services = open_file(folder, "Services"), *made = open_file(folder, "Export");
    int is_written = services != NULL && made != NULL;
    if (is_written) {
        (void)fputs("ServicesID,EnrollmentID,DateProvided,RecordType,TypeProvided,FAAmount,DateUpdated,DateDeleted\n",
                    services);
        for (unsigned i = 0; i < SOURCE_SERVICES; i++)
            (void)fprintf(services, "S%u,E%u,2026-01-06,152,1,%u.00,%s,%s\n", i, source.services[i].at,
                          source.services[i].amount, source.services[i].updated,
                          source.services[i].is_deleted ? source.services[i].updated : "");
        (void)fprintf(made, "ExportID,ExportDate\n1,%s\n", now);
    }
    if (services != NULL)
        is_written &= fclose(services) == 0;
    if (made != NULL)
        is_written &= fclose(made) == 0;
    return is_written;
}

unsigned source_export(struct luck *l, const char *root, uint64_t now_ms)
{
    char folder[300], now[24];
    time_words(now_ms, now);
    change(l, now);
    (void)snprintf(folder, sizeof folder, "%s/export-%u", root, source.exports + 1);
    if (mkdir(folder, 0700) != 0 || !write_persons(folder) || !write_services(folder, now))
        return 0;
    return ++source.exports;
}

unsigned source_newest(void)
{
    return source.exports;
}
