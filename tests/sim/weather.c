/* What happens to people: links, power, disks, clocks, memory, thieves. Each word of a script's `weather` line has a
 * row in the table at the end; docs/SIMULATION.md lists them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "loop.h"
#include "machine.h"
#include "oracle.h"
#include "oracle_link.h"
#include "restore.h"
#include "system.h"
#include "world.h"

/* NAME=NUMBER among the words; or what is given. */
static int64_t number(int argc, char *const *argv, const char *name, int64_t otherwise)
{
    size_t length = strlen(name);
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
            return strtoll(argv[i] + length + 1, NULL, 10);
    return otherwise;
}

static int says(int argc, char *const *argv, const char *word)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return 1;
    return 0;
}

static uint64_t place(int argc, char *const *argv, const char *name)
{
    int64_t n = number(argc, argv, name, 0);
    return n > 0 ? (uint64_t)n : 0;
}

static void set_link(unsigned m, const struct loop_link *link)
{
    loop_link_set(m, link);
    oracle_link_set(m, link);
}

/* link [delay=MS] [jitter=MS] [cut0=BYTE] ... [silent] [refused]; alone: a good one */
static int happens_link(struct world *w, unsigned m, int argc, char *const *argv)
{
    static const char *const ways[] = {"0", "1"};
    struct loop_link link = {.delay_ms = (uint32_t)place(argc, argv, "delay"),
                             .jitter_ms = (uint32_t)place(argc, argv, "jitter"),
                             .silent = says(argc, argv, "silent"),
                             .refused = says(argc, argv, "refused")};
    (void)w;
    for (unsigned way = 0; way < 2; way++) {
        char name[16];
        const struct {
            const char *name;
            uint64_t *where;
        } places[] = {{"cut", &link.cut[way]},
                      {"flip", &link.flip[way]},
                      {"twice", &link.twice[way]},
                      {"swap", &link.swap[way]},
                      {"lose", &link.lose[way]}};
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            (void)snprintf(name, sizeof name, "%s%s", places[i].name, ways[way]);
            *places[i].where = place(argc, argv, name);
        }
    }
    set_link(m, &link);
    return 0;
}

/* power [after=STEPS]: the power goes, now or so many steps of the disk from now */
static int happens_power(struct world *w, unsigned m, int argc, char *const *argv)
{
    int64_t after = number(argc, argv, "after", 0);
    if (after > 0 && !disk_is_dark(m))
        disk_cut_after(m, (uint64_t)after, &w->luck);
    else if (!disk_is_dark(m))
        disk_cut(m, &w->luck);
    return 0;
}

/* kill: the programs die, the machine lives */
static int happens_kill(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)w, (void)argc, (void)argv;
    if (!disk_is_dark(m))
        disk_kill(m);
    return 0;
}

/* clock [by=SECONDS] [stands|back]; alone: it is right again */
static int happens_clock(struct world *w, unsigned m, int argc, char *const *argv)
{
    int64_t by = number(argc, argv, "by", 0);
    int stands = says(argc, argv, "stands"), back = says(argc, argv, "back");
    (void)w;
    if (by == 0 && !stands && !back)
        process_clock_right(m);
    else
        process_clock_set(m, by * 1000, stands ? CLOCK_STANDS : back ? CLOCK_RUNS_BACK : CLOCK_RUNS);
    return 0;
}

/* disk [room=BYTES] [open=N] [read=N] [write=N] [sync=N] [rename=N]: the room that is left; the n-th such call fails */
static int happens_disk(struct world *w, unsigned m, int argc, char *const *argv)
{
    static const char *const calls[DISK_CALLS] = {
        [DISK_OPEN] = "open",         [DISK_READ] = "read",     [DISK_WRITE] = "write",  [DISK_SYNC] = "sync",
        [DISK_TRUNCATE] = "truncate", [DISK_RENAME] = "rename", [DISK_UNLINK] = "unlink"};
    (void)w;
    disk_quota(m, number(argc, argv, "room", -1));
    for (int i = 0; i < DISK_CALLS; i++)
        if (calls[i] != NULL && place(argc, argv, calls[i]) != 0)
            disk_fail(m, (enum disk_call)i, place(argc, argv, calls[i]));
    return 0;
}

/* memory [after=N]: the n-th allocation of a program of this machine fails */
static int happens_memory(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)w;
    system_fail_allocation(m, place(argc, argv, "after"));
    return 0;
}

static void stop(struct world *w, unsigned m)
{
    if (!disk_is_dark(m))
        disk_kill(m);
    world_reap(w);
    disk_on(m);
}

/* image: what is on the disk is kept */
static int happens_image(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)argc, (void)argv;
    if (m == MACHINE_OFFICE)
        return restore_keep(w);
    stop(w, m);
    if (disk_copy(m, WORLD_IMAGE + m) != 0)
        return -1;
    w->laptops[m].has_image = 1;
    w->laptops[m].image_is_enrolled = w->laptops[m].is_enrolled;
    memcpy(w->laptops[m].image_device, w->laptops[m].device, sizeof w->laptops[m].device);
    oracle_copied(m, WORLD_IMAGE + m);
    return 0;
}

/* putback [said]: the disk is again what the image kept; the office's operator says so, or not */
static int happens_putback(struct world *w, unsigned m, int argc, char *const *argv)
{
    if (m == MACHINE_OFFICE)
        return restore_image(w, says(argc, argv, "said"));
    if (!w->laptops[m].has_image)
        return 0;
    stop(w, m);
    if (disk_copy(WORLD_IMAGE + m, m) != 0)
        return -1;
    w->strange = 1;
    w->laptops[m].is_enrolled = w->laptops[m].image_is_enrolled;
    memcpy(w->laptops[m].device, w->laptops[m].image_device, sizeof w->laptops[m].device);
    w->laptops[m].is_revoked = world_is_revoked(w, w->laptops[m].device);
    oracle_put_back(m, WORLD_IMAGE + m);
    return 0;
}

/* clone: a second laptop begins as a copy of this one */
static int happens_clone(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)argc, (void)argv;
    if (m == MACHINE_OFFICE || m == WORLD_CLONE || w->laptops[WORLD_CLONE].name != NULL)
        return 0;
    stop(w, m);
    if (disk_copy(m, WORLD_CLONE) != 0)
        return -1;
    w->laptops[WORLD_CLONE] = w->laptops[m];
    w->strange = 1;
    oracle_copied(m, WORLD_CLONE);
    return 0;
}

/* stolen: the disk is gone; the person is given another laptop */
static int happens_stolen(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)argc, (void)argv;
    if (m == MACHINE_OFFICE)
        return -1;
    stop(w, m);
    if (disk_copy(WORLD_EMPTY, m) != 0)
        return -1;
    w->laptops[m].is_enrolled = 0;
    oracle_lost(m);
    return 0;
}

/* broken: the power goes, and the store is beyond repair; outbox and key file are as the cut left them */
static int happens_broken(struct world *w, unsigned m, int argc, char *const *argv)
{
    static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm"};
    (void)argc, (void)argv;
    if (m == MACHINE_OFFICE)
        return -1;
    if (!disk_is_dark(m))
        disk_cut(m, &w->luck);
    world_reap(w);
    disk_on(m);
    process_act_on(m);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[400];
        (void)snprintf(path, sizeof path, "%s/satchel/%s", machine_folder(m), files[i]);
        (void)unlink(path);
    }
    process_act_on(MACHINE_OFFICE);
    w->laptops[m].is_enrolled = 0;
    oracle_broken(m);
    return 0;
}

/* newer, older: the programs of this machine are updated, or put back */
static int happens_newer(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)argc, (void)argv;
    stop(w, m);
    machine_version(m, 1);
    return 0;
}

static int happens_older(struct world *w, unsigned m, int argc, char *const *argv)
{
    (void)argc, (void)argv;
    stop(w, m);
    machine_version(m, 0);
    return 0;
}

static const struct {
    const char *word;
    int (*happens)(struct world *w, unsigned machine, int argc, char *const *argv);
} words[] = {{"link", happens_link},     {"power", happens_power},     {"kill", happens_kill},
             {"clock", happens_clock},   {"disk", happens_disk},       {"memory", happens_memory},
             {"image", happens_image},   {"putback", happens_putback}, {"clone", happens_clone},
             {"stolen", happens_stolen}, {"broken", happens_broken},   {"newer", happens_newer},
             {"older", happens_older}};

int weather_happens(struct world *w, int argc, char *const *argv)
{
    int m = argc > 2 ? world_machine(w, argv[1]) : -1, code = -1;
    for (size_t i = 0; m >= 0 && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, argv[2]) == 0)
            code = words[i].happens(w, (unsigned)m, argc - 3, argv + 3);
    world_reap(w);
    return code;
}

void weather_clears(struct world *w)
{
    static const struct loop_link good;
    for (unsigned m = 0; m < WORLD_IMAGE; m++) {
        system_fail_allocation(m, 0);
        set_link(m, &good);
        disk_calm(m);
        process_clock_right(m);
    }
    w->office_down_ms = w->office_down_ms != 0 ? 1 : 0;
}

void weather_stays_thin(struct world *w)
{
    static const struct loop_link thin = {.cut = {2500, 2500}};
    world_trace(w, "> but every link breaks after 2500 bytes");
    for (unsigned m = 1; m < WORLD_IMAGE; m++)
        set_link(m, &thin);
}
