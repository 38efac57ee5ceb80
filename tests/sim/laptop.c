/* Does what a script has the person with a laptop do, and lets the oracle hear of it. */
#include "laptop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "machine.h"
#include "names.h"
#include "oracle.h"
#include "sitting.h"

enum { LOOKS = 64 }; /* so many conflicts of a list, which begins again at its end */

static void command(struct world *w, unsigned m, int argc, const char *const *argv)
{
    if (disk_is_dark(m)) {
        machine_die(m);
        disk_on(m);
    }
    (void)machine_command(m, argc, argv);
    world_reap(w);
    world_collect(w);
}

/* The same, while a sync waits. 0: none does. */
static int command_beside(struct world *w, unsigned m, int argc, const char *const *argv)
{
    if (disk_is_dark(m) || machine_command_beside(m, argc, argv) == NULL)
        return 0;
    world_reap(w);
    world_collect(w);
    return 1;
}

/* What a person does first: unlocks, where the store is locked. 1: one can work. */
static int sit_down(struct world *w, unsigned m)
{
    char file[300], port[16];
    const char *words[] = {"unlock", "--passphrase-file", file, "--port", port};
    if (!w->laptops[m].is_enrolled || !world_wait(w, m))
        return 0;
    if (sitting_is_there(m) && !disk_is_dark(m))
        return 1;
    (void)snprintf(file, sizeof file, "%s/passphrase", w->root);
    (void)snprintf(port, sizeof port, "%u", w->port);
    command(w, m, 5, words);
    return world_wait(w, m) && sitting_is_there(m);
}

/* With this ticket. 1: it is enrolled now. */
static int enrol_with(struct world *w, unsigned m, const char *ticket)
{
    char passphrase[300];
    const char *words[] = {"enrol", ticket, "--passphrase-file", passphrase, "--label", w->laptops[m].name, "--json"};
    (void)snprintf(passphrase, sizeof passphrase, "%s/passphrase", w->root);
    command(w, m, 7, words);
    (void)world_wait(w, m);
    return w->laptops[m].is_enrolled;
}

/* The laptop gets a ticket, if it has none that it may still take at this address. 1: it has one. */
static int invite(struct world *w, unsigned m)
{
    struct world_laptop *l = &w->laptops[m];
    char address[32], ticket[300];
    const char *words[] = {"device", "invite", l->login, "--address", address, "--out", ticket};
    struct machine_run *r;
    if (l->ticket[0] != '\0' && l->ticket_port == w->port)
        return 1;
    l->ticket[0] = '\0';
    l->ticket_port = w->port;
    (void)snprintf(ticket, sizeof ticket, "%s/ticket-%u-%llu", w->root, m, (unsigned long long)w->events);
    (void)snprintf(address, sizeof address, "office:%u", w->port);
    r = world_task(w, 7, words);
    if (r != NULL && !r->died && r->status == 0)
        (void)snprintf(l->ticket, sizeof l->ticket, "%s", ticket);
    machine_free(r);
    return l->ticket[0] != '\0';
}

/* The lease was over before the enrolment: "remove the folder, and begin again with a new ticket". */
static void begin_again(struct world *w, unsigned m)
{
    struct world_laptop *l = &w->laptops[m];
    char name[32], *words[] = {"weather", name, "stolen"};
    (void)snprintf(name, sizeof name, "%s%s", l->name, m == WORLD_CLONE ? "~" : "");
    l->ticket[0] = '\0';
    if (weather_happens(w, 3, words) == 0 && invite(w, m) && enrol_with(w, m, l->ticket))
        l->ticket[0] = '\0';
}

static void enrol(struct world *w, unsigned m)
{
    struct world_laptop *l = &w->laptops[m];
    if (l->is_enrolled || !world_wait(w, m))
        return;
    world_office_up(w);
    /* Now and then somebody tries the ticket that another laptop has taken. (One that was enrolled but for the last
     * step goes on with any ticket, since the office knows it.) */
    if (w->used_ticket[0] != '\0' && l->ticket[0] == '\0' && luck_below(&w->luck, 4) == 0) {
        char ticket[300];
        memcpy(ticket, w->used_ticket, sizeof ticket);
        if (enrol_with(w, m, ticket))
            oracle_found("0: one ticket has enrolled two laptops, and the second is of %s", l->name);
    }
    if (invite(w, m) && enrol_with(w, m, l->ticket))
        l->ticket[0] = '\0';
    else if (l->ticket[0] != '\0' && l->status == WORLD_LOCKED && !machine_is_busy(m))
        begin_again(w, m);
}

struct world_conflict {
    char record[40], field[40], code[40];
};

/* The n-th that the list names; 0: it has no more. */
static int find_conflict(const char *list, unsigned number, struct world_conflict *out)
{
    return names_nth(list, "code", number, out->code, sizeof out->code) &&
           names_before(list, "code", number, "record", out->record, sizeof out->record) &&
           names_before(list, "code", number, "field", out->field, sizeof out->field);
}

/* Is this one listed again, now? With another code, where it must have changed. */
static int is_listed(struct world *w, unsigned m, const struct world_conflict *seen, int must_have_changed)
{
    static const char *const list[] = {"conflicts", "--json"};
    struct machine_run *r = machine_command(m, 2, list);
    struct world_conflict now;
    int found = 0;
    world_reap(w);
    for (unsigned i = 0; i < LOOKS && r != NULL && !machine_is_busy(m) && !r->died && find_conflict(r->out, i, &now);
         i++)
        found |= strcmp(now.record, seen->record) == 0 && strcmp(now.field, seen->field) == 0 &&
                 (!must_have_changed || strcmp(now.code, seen->code) != 0);
    world_collect(w);
    return found;
}

/* decide N V [late]: the n-th of the conflicts here, by its v-th value (0: merged, or a void confirmed). late: a sync
 * comes between the look and the decision. */
static void decide(struct world *w, unsigned m, unsigned number, unsigned value, int late)
{
    static const char *const list[] = {"conflicts", "--json"};
    struct machine_run *r = machine_command(m, 2, list);
    struct world_conflict c;
    char choice[16], *sync[] = {"sync"};
    const char *words[] = {"resolve", c.record, c.field, choice, "--seen", c.code, "--reason", "seen on a visit"};
    int found, changed = 0;
    world_reap(w);
    found = r != NULL && !machine_is_busy(m) && !r->died && find_conflict(r->out, number, &c);
    world_collect(w);
    if (!found)
        return;
    if (late) {
        laptop_event(w, m, 1, sync);
        if (!sit_down(w, m) || !world_wait(w, m))
            return;
        changed = is_listed(w, m, &c, 1);
    }
    if (strcmp(c.field, "void") == 0)
        (void)snprintf(choice, sizeof choice, "%s", value % 2 == 0 ? "yes" : "no");
    else if (value == 0)
        (void)snprintf(choice, sizeof choice, "merged");
    else
        (void)snprintf(choice, sizeof choice, "%u", value);
    command(w, m, 8, words);
    if (machine_is_busy(m) || (w->laptops[m].status != 0 && w->laptops[m].status != 1))
        return;
    if (changed)
        oracle_found("3: %s decided on %s of %s, which had changed since it was looked at", w->laptops[m].name, c.field,
                     c.record);
    if (is_listed(w, m, &c, 0))
        oracle_found("3: %s decided on %s of %s, and it is a conflict as before", w->laptops[m].name, c.field,
                     c.record);
}

void laptop_courier(struct world *w, unsigned m)
{
    char file[300];
    struct world_laptop *l = &w->laptops[m];
    struct machine_run *r;
    int took_out;
    const char *out[] = {"courier", "out", file}, *in[] = {"courier", file};
    (void)snprintf(file, sizeof file, "%s/courier-%u-%llu", w->root, m, (unsigned long long)w->events);
    if (!world_wait(w, m))
        return;
    command(w, m, 3, out);
    took_out =
        world_wait(w, m) && (l->status == 0 || l->status == 1 || (l->status == WORLD_UNVERIFIED && !l->is_enrolled));
    world_office_up(w);
    r = world_task(w, 2, in);
    /* What a cloned or put back laptop sealed may be another change of the same number. */
    if (!w->strange && took_out && (access(file, F_OK) != 0 || (r != NULL && !r->died && r->status <= 1)))
        oracle_brought(m);
    machine_free(r);
}

void laptop_event(struct world *w, unsigned m, int argc, char *const *argv)
{
    const char *words[SCRIPT_WORDS_MAX + 1];
    struct world_laptop *l = &w->laptops[m];
    char port[16];
    const char *name;
    int meanwhile = argc > 1 && strcmp(argv[0], "meanwhile") == 0;
    argc -= meanwhile;
    argv += meanwhile;
    meanwhile &= machine_is_busy(m);
    name = argc > 2 && argv[0][0] == ':' && strcmp(argv[1], "=") == 0 ? argv[0] : NULL;
    if (strcmp(argv[0], "enrol") == 0) {
        enrol(w, m);
        return;
    }
    if (strcmp(argv[0], "courier") == 0) {
        laptop_courier(w, m);
        return;
    }
    if (!meanwhile && !sit_down(w, m))
        return;
    if (strcmp(argv[0], "decide") == 0 && argc >= 3) {
        decide(w, m, (unsigned)strtoul(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10), argc > 3);
        return;
    }
    if (name != NULL) {
        argc -= 2;
        argv += 2;
    }
    if (names_put(w, argc, argv, words) != 0)
        return;
    if (name != NULL) {
        (void)snprintf(l->wants, sizeof l->wants, "%s", name);
        words[argc++] = "--json";
    }
    if (meanwhile) {
        (void)command_beside(w, m, argc, words);
        return;
    }
    if (strcmp(words[0], "sync") == 0) {
        (void)snprintf(port, sizeof port, "%u", w->port);
        words[argc++] = "--port";
        words[argc++] = port;
    }
    command(w, m, argc, words);
}

/* Was it enrolled but for the last words, when the power went? Then one can work with it, though nobody here knows its
 * device. */
static int is_enrolled_silently(struct world *w, unsigned m)
{
    static const char *const status[] = {"status"};
    struct world_laptop *l = &w->laptops[m];
    int works;
    l->is_enrolled = 1;
    if ((works = sit_down(w, m)) != 0) {
        command(w, m, 1, status);
        works = world_wait(w, m) && (l->status == 0 || l->status == 1);
    }
    l->is_enrolled = 0;
    return works;
}

void laptop_enrol_at_last(struct world *w, unsigned m)
{
    struct world_laptop *l = &w->laptops[m];
    if (l->name == NULL || l->ticket[0] == '\0' || l->is_enrolled)
        return;
    enrol(w, m);
    /* Who was disabled since gets no laptop; one that he has gets no lease. */
    if (!l->is_enrolled && l->ticket[0] != '\0' && !l->is_disabled && oracle_finding() == NULL &&
        !is_enrolled_silently(w, m))
        oracle_found("6: %s has a ticket and cannot be enrolled, and the weather is clear", l->name);
}
