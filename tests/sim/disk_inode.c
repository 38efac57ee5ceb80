/* The simulated disk: what a file or folder is now, and what of it has reached the disk. */
#include "sim/disk_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHAINS 4096

static struct inode *chains[CHAINS];
static uint64_t made;
static dev_t device; /* the root's */

static struct inode **chain_of(uint64_t number)
{
    return &chains[number % CHAINS];
}

static void enter(struct inode *inode, int fd)
{
    struct stat s;
    struct inode **chain;
    if (fstat(fd, &s) != 0)
        disk_die("a file of the simulated disk cannot be looked at");
    device = s.st_dev;
    inode->number = s.st_ino;
    chain = chain_of(inode->number);
    inode->next = *chain;
    *chain = inode;
}

void inode_lose(struct inode *inode)
{
    struct inode **at = chain_of(inode->number);
    if (inode->number == 0)
        return;
    while (*at != inode)
        at = &(*at)->next;
    *at = inode->next;
    inode->number = 0;
}

static struct inode *find(const struct stat *s)
{
    struct inode *inode = s->st_dev == device ? *chain_of(s->st_ino) : NULL;
    while (inode != NULL && inode->number != s->st_ino)
        inode = inode->next;
    return inode;
}

struct inode *inode_new(unsigned machine, int fd, int is_folder)
{
    struct inode *inode = disk_must_have(calloc(1, sizeof *inode));
    inode->machine = machine;
    inode->id = ++made;
    inode->is_folder = is_folder;
    enter(inode, fd);
    return inode;
}

void inode_renumber(struct inode *inode, int fd)
{
    inode_lose(inode);
    enter(inode, fd);
}

struct inode *inode_take_all(void)
{
    struct inode *all = NULL;
    for (size_t i = 0; i < CHAINS; i++)
        for (struct inode *inode; (inode = chains[i]) != NULL; all = inode) {
            chains[i] = inode->next;
            inode->next = all;
            inode->number = 0;
        }
    return all;
}

struct inode *inode_of(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 ? find(&s) : NULL;
}

struct inode *inode_at(int folder, const char *path)
{
    struct stat s;
    return fstatat(folder, path, &s, 0) == 0 ? find(&s) : NULL;
}

/* A file counts against the quota while it has a name or a descriptor. */
static void charge(struct inode *inode)
{
    int64_t size = inode->links > 0 || inode->descriptors > 0 ? inode->size : 0;
    disk_machines[inode->machine].used += size - inode->charged;
    inode->charged = size;
}

void inode_resize(struct inode *inode, int64_t size)
{
    inode->size = size;
    charge(inode);
}

void inode_gone_name(const struct inode *inode, char out[32])
{
    (void)snprintf(out, 32, "%llu", (unsigned long long)inode->id);
}

void inode_bury(struct inode *inode, int at, const char *path)
{
    char gone[32];
    if (inode->is_folder || inode->is_buried)
        return;
    inode_gone_name(inode, gone);
    if (raw_linkat(at, path, disk_gone(), gone) != 0)
        disk_die("a file of the simulated disk cannot be kept in .gone");
    inode->is_buried = 1;
}

void inode_dig_up(struct inode *inode)
{
    char gone[32];
    if (!inode->is_buried)
        return;
    inode_gone_name(inode, gone);
    (void)raw_unlinkat(disk_gone(), gone, 0);
    inode->is_buried = 0;
}

void inode_forget_ops(struct inode *inode)
{
    for (size_t i = 0; i < inode->op_count; i++)
        free(inode->ops[i].bytes);
    inode->op_count = 0;
}

static void names_clear(struct names *names)
{
    while (names->count > 0)
        names_set(names, names->at[0].text, NULL);
    free(names->at);
    *names = (struct names){0};
}

void inode_hold(struct inode *inode)
{
    inode->uses++;
}

/* The last one that points to an inode takes it away, with the link in ROOT/.gone. */
void inode_drop(struct inode *inode)
{
    if (--inode->uses > 0)
        return;
    inode_lose(inode);
    inode->size = 0;
    charge(inode);
    inode_dig_up(inode);
    inode_forget_ops(inode);
    names_clear(&inode->now);
    names_clear(&inode->synced);
    free(inode->ops);
    free(inode);
}

void inode_descriptor(struct inode *inode, int change)
{
    inode->descriptors = (unsigned)((int)inode->descriptors + change);
    disk_machines[inode->machine].descriptors = (unsigned)((int)disk_machines[inode->machine].descriptors + change);
    charge(inode);
    if (change > 0)
        inode_hold(inode);
    else
        inode_drop(inode);
}

void inode_forget_twins(void)
{
    for (size_t i = 0; i < CHAINS; i++)
        for (struct inode *inode = chains[i]; inode != NULL; inode = inode->next)
            inode->twin = NULL;
}

void inode_record(struct inode *inode, int fd, int64_t offset, size_t count, int truncates)
{
    struct op *op;
    int64_t end = truncates || offset + (int64_t)count > inode->size ? inode->size : offset + (int64_t)count;
    if (truncates)
        count = offset < end ? (size_t)(end - offset) : 0;
    if (inode->op_count == inode->op_room) {
        inode->op_room = inode->op_room * 2 + 16;
        inode->ops = disk_must_have(realloc(inode->ops, inode->op_room * sizeof *inode->ops));
    }
    op = &inode->ops[inode->op_count++];
    *op = (struct op){.offset = offset, .size_before = inode->size, .count = count, .truncates = truncates};
    op->bytes = disk_must_have(calloc(1, count + 1));
    for (int64_t at = offset; at < end;) {
        ssize_t got = raw_pread(fd, op->bytes + (at - offset), (size_t)(end - at), at);
        if (got <= 0)
            disk_die("a file of the simulated disk cannot be read");
        at += got;
    }
}

void inode_unrecord(struct inode *inode)
{
    free(inode->ops[--inode->op_count].bytes);
}

/* ---- names ---- */

static size_t names_index(const struct names *names, const char *text)
{
    size_t i = 0;
    while (i < names->count && strcmp(names->at[i].text, text) != 0)
        i++;
    return i;
}

struct inode *names_get(const struct names *names, const char *text)
{
    size_t i = names_index(names, text);
    return i < names->count ? names->at[i].inode : NULL;
}

void names_set(struct names *names, const char *text, struct inode *inode)
{
    size_t i = names_index(names, text);
    struct inode *before = i < names->count ? names->at[i].inode : NULL;
    if (inode != NULL)
        inode_hold(inode);
    if (before != NULL && inode == NULL) {
        free(names->at[i].text);
        names->at[i] = names->at[--names->count];
    } else if (before != NULL) {
        names->at[i].inode = inode;
    } else if (inode != NULL) {
        if (names->count == names->room) {
            names->room = names->room * 2 + 8;
            names->at = disk_must_have(realloc(names->at, names->room * sizeof *names->at));
        }
        names->at[names->count++] = (struct name){disk_must_have(strdup(text)), inode};
    }
    if (before != NULL)
        inode_drop(before); /* NOLINT(clang-analyzer-unix.Malloc): whoever has it in a folder holds it */
}

void names_link(struct inode *folder, const char *text, struct inode *inode)
{
    struct inode *before = names_get(&folder->now, text);
    if (inode != NULL) {
        inode->links++;
        charge(inode);
    }
    if (before != NULL) {
        before->links--;
        charge(before);
    }
    names_set(&folder->now, text, inode);
}

/* ---- moves ---- */

static void hold_if(struct inode *inode)
{
    if (inode != NULL)
        inode_hold(inode);
}

static void drop_if(struct inode *inode)
{
    if (inode != NULL)
        inode_drop(inode);
}

static void move_free(struct move *move)
{
    free(move->from_name);
    free(move->to_name);
    drop_if(move->inode);
    drop_if(move->from);
    drop_if(move->to);
    drop_if(move->replaced);
}

void disk_forget_moves(struct machine *m)
{
    for (size_t i = 0; i < m->move_count; i++)
        move_free(&m->moves[i]);
    m->move_count = 0;
}

void disk_move(struct inode *inode, struct inode *from, const char *from_name, struct inode *to, const char *to_name)
{
    struct machine *m = &disk_machines[inode->machine];
    struct move *move;
    if (m->move_count == m->move_room) {
        m->move_room = m->move_room * 2 + 16;
        m->moves = disk_must_have(realloc(m->moves, m->move_room * sizeof *m->moves));
    }
    move = &m->moves[m->move_count++];
    *move = (struct move){.inode = inode, .from = from, .to = to};
    if (to != NULL)
        move->replaced = names_get(&to->now, to_name);
    hold_if(move->replaced);
    hold_if(inode);
    hold_if(from);
    hold_if(to);
    if (from != NULL) {
        move->from_name = disk_must_have(strdup(from_name));
        names_link(from, from_name, NULL);
    }
    if (to != NULL) {
        move->to_name = disk_must_have(strdup(to_name));
        names_link(to, to_name, inode);
    }
}

void disk_move_lands(const struct move *move, int must)
{
    int is_there = move->from != NULL && names_get(&move->from->synced, move->from_name) == move->inode;
    int is_free = move->to != NULL && names_get(&move->to->synced, move->to_name) == move->replaced;
    if (!must && ((move->from != NULL && !is_there) || (move->to != NULL && !is_free)))
        return;
    if (is_there)
        names_set(&move->from->synced, move->from_name, NULL);
    if (move->to != NULL)
        names_set(&move->to->synced, move->to_name, move->inode);
}

void inode_sync(struct inode *inode)
{
    struct machine *m = &disk_machines[inode->machine];
    size_t kept = 0, count = m->move_count;
    if (!inode->is_folder) {
        inode_forget_ops(inode);
        return;
    }
    inode_hold(inode);
    for (size_t i = 0; i < count; i++) {
        struct move move = m->moves[i];
        if (move.from != inode && move.to != inode) {
            m->moves[kept++] = move;
            continue;
        }
        disk_move_lands(&move, 1);
        move_free(&move);
    }
    m->move_count = kept;
    inode_drop(inode);
}

void disk_forget(void)
{
    for (size_t i = 0; i < DISK_MACHINES; i++) {
        disk_forget_moves(&disk_machines[i]);
        free(disk_machines[i].moves);
        inode_drop(disk_machines[i].folder);
        disk_machines[i] = (struct machine){0};
    }
    made = 0;
}
