/* Makes copies of the office's disk, and puts one back. */
#include "restore.h"

#include <string.h>

#include "central.h"
#include "disk.h"
#include "machine.h"
#include "oracle.h"
#include "system.h"

void restore_back_up(struct world *w)
{
    const char *words[] = {"backup", machine_backup(w->backups + 1)};
    struct machine_run *r;
    if (w->is_unsaid) /* it would be of what is about to be lost */
        return;
    r = world_task(w, 2, words);
    w->backups++;
    if (r != NULL && r->status == 0 && !r->died) {
        w->backup = w->backups;
        for (unsigned m = 1; m <= WORLD_CLONE; m++)
            memcpy(w->laptops[m].backup_device, w->laptops[m].device, sizeof w->laptops[m].device);
    }
    machine_free(r);
}

/* 1: it has ended, and its disk can be changed for another. */
static int take_office_down(struct world *w)
{
    if (disk_is_dark(MACHINE_OFFICE))
        return 0;
    machine_office_stop();
    world_advance(w, process_now_ms + 1000);
    if (machine_office() != NULL || disk_is_dark(MACHINE_OFFICE)) /* the power went while it stopped */
        return 0;
    w->strange = 1;
    disk_calm(MACHINE_OFFICE); /* it is a new disk */
    system_fail_allocation(MACHINE_OFFICE, 0);
    oracle_office_set_back();
    w->office_down_ms = process_now_ms;
    return 1;
}

/* Tickets that were made since are unknown there: people ask for others. */
static void judge_restored(struct world *w, struct machine_run *r)
{
    for (unsigned m = 1; m <= WORLD_CLONE; m++)
        w->laptops[m].ticket_port = 0;
    if (r != NULL)
        world_trace(w, "office: restored -> %d\n%s%s", r->status, r->out, r->err);
    if (r == NULL || r->status != 0)
        oracle_found("2: the office's backup cannot be put in its place: %s", r != NULL ? r->err : "it is not there");
    machine_free(r);
}

/* A laptop that was enrolled since the office does not know. */
static void forget_laptop(struct world *w, unsigned m, const char *known)
{
    if (w->laptops[m].name == NULL || strcmp(w->laptops[m].device, known) == 0)
        return;
    w->laptops[m].is_gone = 1;
    oracle_lost(m);
}

void restore_put_back(struct world *w)
{
    if (w->backup == 0 || !take_office_down(w))
        return;
    judge_restored(w, machine_put_back(w->backup));
    w->backup = 0;
    w->office_image = 0; /* of another history now */
    w->is_unsaid = 0;
    for (unsigned m = 1; m <= WORLD_CLONE; m++)
        forget_laptop(w, m, w->laptops[m].backup_device);
}

int restore_keep(struct world *w)
{
    const struct central *c = machine_office();
    uint64_t size;
    if (c == NULL || disk_is_dark(MACHINE_OFFICE) || w->is_unsaid)
        return 0;
    size = c->checkpoint_size;
    disk_kill(MACHINE_OFFICE);
    world_reap(w);
    disk_on(MACHINE_OFFICE);
    if (disk_copy(MACHINE_OFFICE, WORLD_IMAGE) != 0)
        return -1;
    w->office_image = size;
    for (unsigned m = 1; m <= WORLD_CLONE; m++)
        memcpy(w->laptops[m].kept_device, w->laptops[m].device, sizeof w->laptops[m].device);
    oracle_copied(MACHINE_OFFICE, WORLD_IMAGE);
    return 0;
}

/* Somebody says of the disk as it is that it was put back, without putting it back again. That must be refused if
 * anything was written in it since. 1: it is said. */
static int say_as_it_is(struct world *w, uint64_t size)
{
    struct machine_run *r = machine_restored(w->office_image);
    int said = r != NULL && r->status == 0;
    if (r != NULL)
        world_trace(w, "office: restored as it is -> %d\n%s%s", r->status, r->out, r->err);
    if (said && size != w->office_image)
        oracle_found("2: the office says that it was put back to %llu entries, and its log had gone on to %llu",
                     (unsigned long long)w->office_image, (unsigned long long)size);
    machine_free(r);
    oracle_office_set_back(); /* it looked at what is about to be lost */
    return said;
}

int restore_image(struct world *w, int said)
{
    const struct central *c = machine_office();
    uint64_t size = c != NULL && !disk_is_dark(MACHINE_OFFICE) ? c->checkpoint_size : 0;
    if (w->office_image == 0 || !take_office_down(w))
        return 0;
    if (said && w->is_unsaid && size > w->office_image && say_as_it_is(w, size))
        return -1;
    if (disk_copy(WORLD_IMAGE, MACHINE_OFFICE) != 0)
        return -1;
    w->backup = 0; /* it may be of what is lost now */
    w->is_unsaid = !said;
    world_trace(w, "office: its disk is an older one, of %llu entries", (unsigned long long)w->office_image);
    if (!said)
        return 0;
    judge_restored(w, machine_restored(w->office_image));
    w->office_image = 0;
    for (unsigned m = 1; m <= WORLD_CLONE; m++)
        forget_laptop(w, m, w->laptops[m].kept_device);
    return 0;
}
