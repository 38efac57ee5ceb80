/* Plays a script: sets machines up, hands each event to who does it, and ends the run. */
#include "world.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "laptop.h"
#include "loop.h"
#include "machine.h"
#include "names.h"
#include "oracle.h"
#include "oracle_book.h"
#include "oracle_caseload.h"
#include "oracle_import.h"
#include "oracle_link.h"
#include "restore.h"
#include "sitting.h"
#include "source.h"
#include "system.h"

enum {
    MINUTE = 60000,
    OFFICE_BACK = 20 * MINUTE, /* somebody notices, and starts it again */
    PATIENCE = 15 * MINUTE     /* how long a person waits for the last command to end */
};

/* --- the trace --- */

static crypto_generichash_state trace_state;

/* Where the run's folder lies is no part of the run. */
static void hide_root(const struct world *w, char *line)
{
    size_t length = strlen(w->root);
    for (char *at = line; (at = strstr(at, w->root)) != NULL; at += 4) {
        (void)memcpy(at, "ROOT", 4); /* NOLINT(bugprone-not-null-terminated-result): in the middle of a text */
        memmove(at + 4, at + length, strlen(at + length) + 1);
    }
}

void world_trace(struct world *w, const char *format, ...)
{
    char line[8192];
    unsigned long long t = (process_now_ms - WORLD_BEGIN_MS) / 1000;
    int at;
    va_list args;
    at = snprintf(line, sizeof line, "%llu %02u:%02u:%02u ", t / 86400, (unsigned)(t / 3600 % 24),
                  (unsigned)(t / 60 % 60), (unsigned)(t % 60));
    va_start(args, format);
    (void)vsnprintf(line + at, sizeof line - (size_t)at, format, args);
    va_end(args);
    hide_root(w, line);
    (void)crypto_generichash_update(&trace_state, (uint8_t *)line, strlen(line));
    if (w->trace != NULL)
        (void)fprintf(w->trace, "%s\n", line), (void)fflush(w->trace);
}

/* --- machines --- */

int world_machine(const struct world *w, const char *name)
{
    size_t length = strlen(name);
    if (strcmp(name, "office") == 0)
        return MACHINE_OFFICE;
    for (unsigned m = 1; m <= w->script->laptops; m++)
        if (strcmp(w->script->names[m - 1], name) == 0)
            return (int)m;
    if (w->laptops[WORLD_CLONE].name != NULL && length > 0 && name[length - 1] == '~' &&
        strncmp(w->laptops[WORLD_CLONE].login, name, length - 1) == 0)
        return WORLD_CLONE;
    return -1;
}

int world_is_revoked(const struct world *w, const char *device)
{
    for (unsigned i = 0; i < w->revoked_count; i++)
        if (strcmp(w->revoked[i], device) == 0)
            return 1;
    return 0;
}

void world_reap(struct world *w)
{
    for (unsigned m = 0; m < WORLD_IMAGE; m++) {
        if (!disk_is_dark(m))
            continue;
        if (m == MACHINE_OFFICE && machine_office() != NULL) {
            w->office_down_ms = process_now_ms;
            world_trace(w, "office: down");
        }
        machine_die(m);
    }
}

static void ended(struct world *w, struct machine_run *r)
{
    struct world_laptop *l = &w->laptops[r->machine];
    char line[512] = "";
    for (int i = 0; i < r->argc; i++)
        (void)snprintf(line + strlen(line), sizeof line - strlen(line), " %s", r->argv[i]);
    world_trace(w, "%s:%s%s%s -> %d\n%s%s", l->name, line, r->is_beside ? " (beside a sync)" : "",
                r->died ? " (died)" : "", r->status, r->out, r->err);
    if (!r->died && r->status <= 1 && l->wants[0] != '\0')
        names_learn(l->wants, r->out);
    l->wants[0] = '\0';
    if (!r->died && r->status == 0 && strcmp(r->argv[0], "enrol") == 0) {
        names_value(r->out, "device", l->device, sizeof l->device);
        names_value(r->out, "user", l->user, sizeof l->user);
        l->is_enrolled = 1;
        l->is_revoked = l->is_gone = 0; /* whatever was said of the laptop before */
        (void)snprintf(w->used_ticket, sizeof w->used_ticket, "%s", r->argv[1]);
    }
    if (!r->died && strcmp(r->argv[0], "enrol") == 0 && strstr(r->out, "\"error\": \"refused\"") != NULL)
        l->ticket[0] = '\0'; /* another one, then; whatever else went wrong, the ticket is as good as it was */
    l->status = r->died ? -1 : r->status;
    w->commands++;
    if (strcmp(r->argv[0], "sync") == 0) {
        w->syncs++;
        l->has_synced = !r->died && r->status <= 1;
        if (machine_office() != NULL && !w->strange)
            oracle_link_judge(r, l->name);
    }
    if (!r->died && r->status == WORLD_UNVERIFIED && !w->strange && l->is_enrolled)
        oracle_found("0: %s refuses to verify, and nothing happened to any disk: %s", l->name, r->err);
    if (r->is_beside && !w->strange && strstr(r->err, "another satchel command") != NULL)
        oracle_found("3: %s could not write, since a sync waits for the office: %s", l->name, r->err);
    if (!r->died && !l->is_bounded && strstr(r->err, "the office says: later") != NULL)
        oracle_found("6: %s is told to come later, and has brought little: %s", l->name, r->err);
    if (strstr(r->err, "internal") != NULL)
        oracle_found("0: an internal error on %s: %s", l->name, r->err);
    oracle_command(r);
}

void world_collect(struct world *w)
{
    struct machine_run *r;
    while ((r = machine_take()) != NULL) {
        ended(w, r);
        machine_free(r);
    }
}

/* One thing that is due by then. 0: nothing is. */
static int step(struct world *w, uint64_t until_ms)
{
    uint64_t next = loop_next();
    if (next > until_ms)
        return 0;
    if (next > process_now_ms)
        process_now_ms = next;
    (void)loop_step(&w->luck);
    world_reap(w);
    if (w->office_down_ms == 0 && machine_office() == NULL) {
        w->office_down_ms = process_now_ms;
        world_trace(w, "office: ended: %s", machine_journal());
    }
    world_collect(w);
    return 1;
}

void world_advance(struct world *w, uint64_t until_ms)
{
    while (step(w, until_ms))
        ;
    if (process_now_ms < until_ms)
        process_now_ms = until_ms;
}

int world_wait(struct world *w, unsigned m)
{
    uint64_t until = process_now_ms + PATIENCE;
    world_collect(w);
    while (machine_is_busy(m) && step(w, until))
        ;
    return !machine_is_busy(m);
}

/* --- the office --- */

void world_office_up(struct world *w)
{
    if (machine_office() != NULL)
        return;
    if (disk_is_dark(MACHINE_OFFICE)) {
        machine_die(MACHINE_OFFICE);
        disk_on(MACHINE_OFFICE);
    }
    if (machine_office_start(w->port) == 0) {
        w->office_down_ms = 0;
        world_trace(w, "office: up");
        oracle_office_up();
    } else {
        w->office_down_ms = process_now_ms;
        world_trace(w, "office: does not start: %s", machine_journal());
    }
    world_reap(w);
}

struct machine_run *world_task(struct world *w, int argc, const char *const *argv)
{
    struct machine_run *r = machine_task(argc, argv);
    char line[512] = "";
    if (r == NULL)
        return NULL;
    for (int i = 0; i < argc; i++)
        (void)snprintf(line + strlen(line), sizeof line - strlen(line), " %s", argv[i]);
    world_trace(w, "office:%s%s -> %d\n%s%s", line, r->died ? " (died)" : "", r->status, r->out, r->err);
    w->commands++;
    oracle_task(r);
    world_reap(w);
    return r;
}

/* release N: the n-th of those that are held. */
static void release(struct world *w, unsigned number)
{
    static const char *const list[] = {"held", "list", "--json"};
    struct machine_run *r = world_task(w, 3, list);
    char hold[40];
    if (r != NULL && names_nth(r->out, "hold", number, hold, sizeof hold)) {
        const char *words[] = {"held", "release", hold};
        machine_free(world_task(w, 3, words));
    }
    machine_free(r);
}

/* A person who is disabled, or is not any more. */
static void note_user(struct world *w, const char *what, const char *login)
{
    for (unsigned m = 1; m <= WORLD_CLONE; m++)
        if (strcmp(w->laptops[m].login, login) == 0 && strcmp(what, "add") != 0)
            w->laptops[m].is_disabled =
                strcmp(what, "disable") == 0 || (w->laptops[m].is_disabled && strcmp(what, "enable") != 0);
}

/* A device that was revoked, and every laptop that is it. */
static void note_revoked(struct world *w, const char *device)
{
    if (w->revoked_count < sizeof w->revoked / sizeof *w->revoked)
        (void)snprintf(w->revoked[w->revoked_count++], sizeof *w->revoked, "%s", device);
    for (unsigned i = 1; i <= WORLD_CLONE; i++)
        if (strcmp(w->laptops[i].device, device) == 0)
            w->laptops[i].is_revoked = 1;
}

/* A laptop, and what is or was a copy of it, may bring little. */
static void note_bounded(struct world *w, const char *at_name)
{
    int m = world_machine(w, at_name + 1);
    for (unsigned i = 1; m > 0 && i <= WORLD_CLONE; i++)
        if ((unsigned)m == i || strcmp(w->laptops[i].device, w->laptops[m].device) == 0)
            w->laptops[i].is_bounded = 1;
}

/* Who was to bring little may bring what everybody may. An office whose disk failed before ends at its next command,
 * starts again, and is told once more. */
static void allow_all(struct world *w)
{
    for (unsigned m = 1; m <= WORLD_CLONE; m++) {
        const char *words[] = {"device", "quota", w->laptops[m].device, "--percent", "100"};
        for (int tries = 0, done = 0; !done && tries < 2; tries++) {
            struct machine_run *r = NULL;
            world_office_up(w);
            if (w->laptops[m].is_bounded && w->laptops[m].device[0] != '\0')
                r = world_task(w, 5, words);
            done = r == NULL || r->status == 0;
            machine_free(r);
            if (!done)
                world_advance(w, process_now_ms + MINUTE);
        }
    }
}

/* Gives the source's records names: persons :x1 and so on, cases :y1, services :z1. */
static void name_records(void)
{
    static const struct {
        enum source_what what;
        unsigned count;
        char letter;
    } all[] = {{SOURCE_PERSON, SOURCE_PERSONS, 'x'},
               {SOURCE_CASE, SOURCE_PERSONS, 'y'},
               {SOURCE_SERVICE, SOURCE_SERVICES, 'z'}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (unsigned n = 0; n < all[i].count; n++) {
            struct id id = source_id(all[i].what, n);
            char name[16], text[ID_TEXT];
            (void)snprintf(name, sizeof name, ":%c%u", all[i].letter, n + 1);
            id_format(&id, text);
            names_give(name, text);
        }
}

/* import [again|old|dry]: the source's next export; its newest once more; the one before that; or what the next would
 * change. */
static void import(struct world *w, const char *which)
{
    int is_old = strcmp(which, "old") == 0, is_dry = strcmp(which, "dry") == 0, is_again = strcmp(which, "again") == 0;
    unsigned number = is_again ? source_newest() : is_old ? source_newest() - 1 : 0;
    size_t before = oracle_book_read(1) ? oracle_book_count() : SIZE_MAX;
    int says_nothing = is_dry || (is_again && before == w->import_end);
    char folder[32];
    const char *words[] = {"import", folder, "--source", "reg", is_old ? "--older" : "--dry-run"};
    struct machine_run *r;
    if (source_newest() == 0 && which[0] != '\0' && !is_dry)
        return;
    if (number == 0 && !is_old)
        number = source_export(&w->luck, w->root, process_now_ms);
    if (number == 0)
        return;
    (void)snprintf(folder, sizeof folder, "export-%u", number);
    name_records();
    r = world_task(w, is_old || is_dry ? 5 : 4, words);
    if (r != NULL && r->status <= 1 && !r->died && !is_dry && number == source_newest())
        oracle_import_taken();
    if (r != NULL && !r->died && before != SIZE_MAX && oracle_book_read(1)) {
        w->import_end = r->status <= 1 && !is_dry && number == source_newest() ? oracle_book_count() : SIZE_MAX;
        if (says_nothing && oracle_book_count() != before)
            oracle_found("9: %s wrote %zu entries", is_dry ? "a dry run of an import" : "the same export once more",
                         oracle_book_count() - before);
    }
    machine_free(r);
}

static void office_event(struct world *w, int argc, char *const *argv)
{
    const char *words[SCRIPT_WORDS_MAX];
    world_office_up(w);
    if (argc > 2 && strcmp(argv[1], "quota") == 0)
        note_bounded(w, argv[2]);
    if (strcmp(argv[0], "stop") == 0) {
        machine_office_stop();
        world_advance(w, process_now_ms + 1000);
        w->office_down_ms = process_now_ms;
    } else if (strcmp(argv[0], "move") == 0) {
        /* Another machine in the same office: the folder is copied, the address changes. */
        machine_office_stop();
        world_advance(w, process_now_ms + 1000);
        w->port++;
        world_office_up(w);
    } else if (strcmp(argv[0], "backup") == 0) {
        restore_back_up(w);
    } else if (strcmp(argv[0], "putback") == 0) {
        restore_put_back(w);
    } else if (strcmp(argv[0], "import") == 0) {
        import(w, argc > 1 ? argv[1] : "");
    } else if (strcmp(argv[0], "release") == 0 && argc > 1) {
        release(w, (unsigned)strtoul(argv[1], NULL, 10));
    } else if (names_put(w, argc, argv, words) == 0) {
        int is_transfer = argc > 4 && strcmp(argv[1], "transfer") == 0 && strcmp(argv[4], "--yes") == 0;
        size_t before = is_transfer && oracle_book_read(1) ? oracle_book_count() : SIZE_MAX;
        struct machine_run *r = world_task(w, argc, words);
        int is_done = r != NULL && (r->status <= 1 || strstr(r->err, "this is written and holds") != NULL);
        /* Where the power went under it nobody knows: nothing is expected then. */
        if (r != NULL && (is_done || r->died) && strcmp(argv[0], "device") == 0 && argc > 2 && argv[2][0] == '@' &&
            strcmp(argv[1], "quota") != 0)
            note_revoked(w, words[2]);
        if (r != NULL && (is_done || r->died) && strcmp(argv[0], "user") == 0 && argc > 2)
            note_user(w, r->died ? "disable" : argv[1], argv[2]);
        if (r != NULL && r->status == 0 && !r->died && before != SIZE_MAX && oracle_book_read(1))
            oracle_caseload_transferred(argv[2], argv[3], before);
        machine_free(r);
    }
}

/* --- the run --- */

static void event(struct world *w, const struct script_event *ev)
{
    uint64_t seed = script_event_seed(w->script, ev);
    int m;
    system_seed(seed);
    luck_seed(&w->luck, seed);
    w->events++;
    world_trace(w, "> %s", ev->line);
    if (w->office_down_ms != 0 && process_now_ms - w->office_down_ms >= OFFICE_BACK)
        world_office_up(w);
    if (strcmp(ev->argv[0], "weather") == 0)
        (void)weather_happens(w, ev->argc, ev->argv);
    else if (strcmp(ev->argv[0], "office") == 0)
        office_event(w, ev->argc - 1, ev->argv + 1);
    else if ((m = world_machine(w, ev->argv[0])) > 0)
        laptop_event(w, (unsigned)m, ev->argc - 1, ev->argv + 1);
}

/* All who can sync, once. 1: nothing waits anywhere. */
static int round_of_syncs(struct world *w)
{
    int settled = 1;
    char *sync[] = {"sync"};
    for (unsigned m = 1; m <= WORLD_CLONE; m++) {
        struct world_laptop *l = &w->laptops[m];
        if (l->name == NULL || l->is_gone || !l->is_enrolled)
            continue;
        system_seed(w->script->seed + 1000 * ++w->rounds);
        l->has_synced = 0;
        laptop_event(w, m, 1, sync);
        if (!world_wait(w, m))
            oracle_found("6: the sync of %s does not end, and the weather is clear", l->name);
        settled &= l->is_revoked || l->is_disabled || (l->has_synced && oracle_is_settled(m));
        world_advance(w, process_now_ms + MINUTE);
    }
    return settled;
}

static void clear_up(struct world *w)
{
    unsigned in_order = 0, shut_out = 0;
    int settled = 0, again = 0;
    world_advance(w, process_now_ms + PATIENCE);
    weather_clears(w);
    world_trace(w, "> the weather is clear");
    world_office_up(w);
    if (w->is_unsaid && restore_image(w, 1) == 0)
        world_office_up(w);
    if (machine_office() == NULL) {
        oracle_found("6: the office does not start, and the weather is clear: %s", machine_journal());
        return;
    }
    allow_all(w);
    for (unsigned m = 1; m <= WORLD_CLONE; m++) {
        laptop_enrol_at_last(w, m);
        world_advance(w, process_now_ms + MINUTE);
    }
    if (w->script->seed % 4 == 1)
        weather_stays_thin(w);
    /* What one brings in a round those before it get in the next. */
    for (int i = 0; i < WORLD_ROUNDS && settled < 2 && oracle_finding() == NULL; i++) {
        /* After a sync of its disk that failed it ends at its next write, and is started again: once. */
        if (machine_office() == NULL && again++ == 0)
            world_office_up(w);
        settled = round_of_syncs(w) ? settled + 1 : 0;
    }
    if (settled < 2)
        oracle_found("6: something still waits after %d rounds of syncs in clear weather", WORLD_ROUNDS);
    for (unsigned m = 1; m <= WORLD_CLONE; m++)
        if (w->laptops[m].name != NULL && w->laptops[m].is_enrolled && !w->laptops[m].is_gone &&
            !w->laptops[m].is_revoked && !w->laptops[m].is_disabled)
            in_order |= 1u << m;
        /* What a copied or put back laptop needs, a new epoch, who is shut out does not get. */
        else if (w->laptops[m].name != NULL && w->laptops[m].is_enrolled && !w->laptops[m].is_gone && !w->strange) {
            shut_out |= 1u << m;
            if (!sitting_is_there(m)) /* its lease is over, and it gets no new one: it says itself what to do then */
                laptop_courier(w, m);
        }
    if (oracle_finding() == NULL)
        oracle_end(in_order, shut_out);
}

static void settle(struct world *w, const struct script *s, const char *root)
{
    char path[300];
    FILE *f;
    w->script = s;
    (void)snprintf(w->root, sizeof w->root, "%s", root);
    (void)snprintf(path, sizeof path, "%s/passphrase", root);
    if ((f = fopen(path, "w")) == NULL || fputs("a passphrase of the simulation\n", f) < 0 || fclose(f) != 0)
        abort();
}

static void begin(struct world *w, const struct script *s, const char *root, FILE *trace)
{
    memset(w, 0, sizeof *w);
    w->trace = trace;
    w->port = MACHINE_PORT;
    (void)crypto_generichash_init(&trace_state, NULL, 0, 32);
    luck_seed(&w->luck, s->seed);
    system_seed(s->seed);
    process_reset(WORLD_BEGIN_MS);
    loop_reset(&w->luck);
    names_reset();
    source_reset();
    oracle_reset();
    disk_start(root);
    machine_start(root);
    settle(w, s, root);
    w->laptops[MACHINE_OFFICE].name = "office";
    for (unsigned m = 1; m <= s->laptops; m++) {
        w->laptops[m].name = s->names[m - 1];
        (void)snprintf(w->laptops[m].login, sizeof w->laptops[m].login, "%s", s->names[m - 1]);
    }
}

/* The events from this one on. */
static void play_events(struct world *w, const char *kept, size_t from)
{
    for (size_t i = from; i < w->script->count && oracle_finding() == NULL; i++) {
        if (kept != NULL && !kept[i])
            continue;
        world_advance(w, WORLD_BEGIN_MS + w->script->events[i].at_s * 1000);
        event(w, &w->script->events[i]);
    }
}

static void finish(struct world *w, struct world_result *out)
{
    const struct script *s = w->script;
    uint64_t last_s = s->count != 0 ? s->events[s->count - 1].at_s : 0;
    memset(out, 0, sizeof *out);
    (void)world_wait(w, 1);
    for (unsigned m = 0; m < WORLD_IMAGE; m++)
        out->fault_waits |= disk_fault_waits(m) || system_allocation_waits(m);
    if (oracle_finding() == NULL)
        clear_up(w);
    if (oracle_finding() != NULL) {
        (void)snprintf(out->finding, sizeof out->finding, "%s", oracle_finding());
        world_trace(w, "FOUND %s", out->finding);
    }
    machine_reset();
    disk_end();
    oracle_reset();
    names_reset();
    source_reset();
    (void)crypto_generichash_final(&trace_state, out->trace_hash, sizeof out->trace_hash);
    out->events = w->events;
    out->commands = w->commands;
    out->syncs = w->syncs;
    out->bytes = loop_bytes();
    out->laptop_days = s->laptops * (last_s / 86400 + 1);
}

void world_before(struct world *w, const struct script *s, const char *kept, const char *root, FILE *trace)
{
    begin(w, s, root, trace);
    if (machine_office_init() != 0)
        oracle_found("0: an office cannot be made");
    world_office_up(w);
    play_events(w, kept, 0);
}

void world_after(struct world *w, const struct script *s, const char *root, struct world_result *out)
{
    disk_house(root);
    machine_house(root);
    settle(w, s, root);
    play_events(w, NULL, w->events);
    finish(w, out);
}

void world_play(const struct script *s, const char *kept, const char *root, FILE *trace, struct world_result *out)
{
    struct world w;
    world_before(&w, s, kept, root, trace);
    finish(&w, out);
}
