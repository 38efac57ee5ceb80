/* The simulated disk: its machines, and what happens to them. */
#include "sim/disk_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct machine disk_machines[DISK_MACHINES];

static int root = -1, gone = -1;

_Noreturn void disk_die(const char *what)
{
    (void)fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
    abort();
}

void *disk_must_have(void *p)
{
    if (p == NULL)
        disk_die("there is no memory");
    return p;
}

int disk_gone(void)
{
    return gone;
}

static struct machine *machine_of(unsigned m)
{
    assert(m < DISK_MACHINES && gone >= 0);
    return &disk_machines[m];
}

static void open_root(const char *path)
{
    root = raw_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (root < 0 || raw_mkdirat(root, ".gone", S_IRWXU) != 0 ||
        (gone = raw_openat(root, ".gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)) < 0)
        disk_die("the folder of the simulated disk cannot be used");
}

void disk_start(const char *path)
{
    assert(gone < 0);
    open_root(path);
    for (unsigned m = 0; m < DISK_MACHINES; m++) {
        char name[16];
        int fd;
        (void)snprintf(name, sizeof name, "m%u", m);
        if (raw_mkdirat(root, name, S_IRWXU) != 0 || (fd = raw_openat(root, name, O_RDONLY | O_DIRECTORY, 0)) < 0)
            disk_die("the folder of a simulated machine cannot be made");
        disk_machines[m] = (struct machine){.folder = inode_new(m, fd, 1), .quota = -1};
        inode_hold(disk_machines[m].folder);
        (void)raw_close(fd);
    }
}

void disk_house(const char *path)
{
    int before = gone;
    for (unsigned m = 0; m < DISK_MACHINES; m++)
        assert(machine_of(m)->descriptors == 0);
    (void)raw_close(root);
    open_root(path);
    image_house(before);
    (void)raw_close(before);
}

void disk_end(void)
{
    if (gone < 0)
        return;
    disk_forget_descriptors();
    disk_forget();
    (void)raw_unlinkat(root, ".gone", AT_REMOVEDIR);
    (void)raw_close(gone);
    (void)raw_close(root);
    root = gone = -1;
}

int disk_step(struct machine *m)
{
    if (m->until_cut == 0 || --m->until_cut > 0)
        return 0;
    m->dark = m->was_cut = 1;
    return 1;
}

void disk_cut(unsigned m, struct luck *l)
{
    struct machine *machine = machine_of(m);
    luck_seed(&machine->luck, luck_next(l));
    machine->dark = machine->was_cut = 1;
    machine->until_cut = 0;
}

void disk_cut_after(unsigned m, uint64_t steps, struct luck *l)
{
    assert(steps > 0 && !disk_is_dark(m));
    luck_seed(&machine_of(m)->luck, luck_next(l));
    machine_of(m)->until_cut = steps;
}

void disk_kill(unsigned m)
{
    machine_of(m)->dark = 1;
}

void disk_on(unsigned m)
{
    struct machine *machine = machine_of(m);
    assert(machine->descriptors == 0);
    if (machine->was_cut)
        image_cut(machine);
    machine->dark = machine->was_cut = 0;
    machine->until_cut = 0;
}

int disk_is_dark(unsigned m)
{
    return machine_of(m)->dark;
}

void disk_quota(unsigned m, int64_t bytes)
{
    machine_of(m)->quota = bytes;
}

void disk_fail(unsigned m, enum disk_call what, uint64_t n)
{
    assert(n > 0);
    machine_of(m)->fails[what] = machine_of(m)->counts[what] + n;
}

uint64_t disk_count(unsigned m, enum disk_call what)
{
    return machine_of(m)->counts[what];
}

void disk_calm(unsigned m)
{
    struct machine *machine = machine_of(m);
    machine->quota = -1;
    machine->until_cut = 0;
    memset(machine->fails, 0, sizeof machine->fails);
}

int disk_fault_waits(unsigned m)
{
    const struct machine *machine = machine_of(m);
    int waits = machine->until_cut != 0;
    for (int i = 0; i < DISK_CALLS; i++)
        waits |= machine->fails[i] > machine->counts[i];
    return waits;
}
