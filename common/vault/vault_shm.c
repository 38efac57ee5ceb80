/* SQLite's index of the log, and the locks on it, for all handles of this process on one database.
 *
 * SQLite keeps them in a `-shm` file. A vault never has one: the index holds the running checksum of the log
 * (aFrameCksum), which is a sum over plain pages (docs/VAULT.md, trap 1). The index lies on the heap instead, and a
 * table of this process says which handles share it. A handle that only reads, in a process that does not write, has an
 * index of its own (`own`); vault_share.c says how that one stays true.
 *
 * The life of an index:
 *
 *     none  --vault_shm_join-->  joined  --vault_shm_map-->  in use  --vault_shm_unmap, the last user-->  joined
 *     joined  --vault_shm_leave, the last member-->  none
 *
 *   joined  in the table; a writing one holds the store against other processes (vault_share_open). No regions
 *   in use  has regions, which stay where they are until the last user unmaps them; they are zeroed then
 *   broken  a sync of the log failed (vault_shm_log_failed): what the log holds on the disk is not known, and until
 *           the index is gone nothing more is written to it (vault_shm_may_write)
 *
 * An index of its own also wakes and rests with each transaction: before_own calls vault_share_wake when SQLite takes
 * the WRITE lock with which it begins, after_own calls vault_share_rest when it lets the last READ lock go.
 *
 * The slots of a lock, and who holds them (SQLite's wal.c):
 *
 *   0      WRITE      exclusive: whoever writes to the log or makes the index
 *   1      CKPT       exclusive: whoever copies the log into the database
 *   2      RECOVER    exclusive, with 1: whoever makes the index from the log
 *   3      READ(0)    shared: readers that need no log; exclusive: while the database file is written to
 *   4..7   READ(1..4) shared: readers up to a mark in the log; one of them exclusive, for a moment: to set its
 *                     mark; all four at once, exclusive: to begin the log anew
 *
 * take_shared, take_exclusive and release_slots move them; the last two also keep readers of other processes out and
 * let them in (vault_share.c). */
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vault_private.h"

enum { WRITE = 0, CHECKPOINT = 1, RECOVER = 2, READ_ANY = 3, READ_MARKED = 4 };

#define BIT(slot) (1u << (slot))
#define READERS (0xffu << READ_ANY & 0xffu)

struct vault_index {
    struct vault_index *next;
    char *path;
    dev_t device;
    ino_t inode;
    int own;     /* 1: of one reader, in a process that does not write */
    int members; /* handles */
    int users;   /* how many of the members use regions */
    int broken;  /* 1: what the log holds on the disk is not known, and it is written no more */
    struct vault_share share;
    void **regions; /* each stays where it is as long as users is not 0 */
    int region_count;
    int shared[SQLITE_SHM_NLOCK];
    unsigned exclusive; /* the slots that are locked so, as bits */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the table and all that is in it */
static struct vault_index *table;

/* ---- who shares an index ---- */

/* The index that handles of this process share for this file; NULL: there is none. */
static struct vault_index *find_shared(const char *path, const struct stat *status)
{
    for (struct vault_index *x = table; x != NULL; x = x->next)
        if (!x->own && x->device == status->st_dev && x->inode == status->st_ino && strcmp(x->path, path) == 0)
            return x;
    return NULL;
}

static void index_free(struct vault_index *x)
{
    if (x == NULL)
        return;
    vault_share_close(&x->share);
    free(x->path);
    free(x);
}

/* Makes an index and puts it into the table. write: it takes the store; alone: no other process has these files. */
static int make_index(struct vault_index **out, const char *path, const struct stat *status, int write, int alone)
{
    struct vault_index *x = calloc(1, sizeof *x);
    int rc = SQLITE_OK;
    *out = NULL;
    if (x == NULL)
        return SQLITE_NOMEM;
    x->share.file = -1;
    x->path = strdup(path);
    x->device = status->st_dev;
    x->inode = status->st_ino;
    x->own = !write;
    if (x->path == NULL)
        rc = SQLITE_NOMEM;
    else if (!alone)
        rc = vault_share_open(&x->share, path, write);
    if (rc != SQLITE_OK) {
        int number = errno; /* for sqlite3_system_errno */
        index_free(x);
        errno = number;
        return rc;
    }
    x->next = table;
    table = x;
    *out = x;
    return SQLITE_OK;
}

int vault_shm_join(struct vault_handle *h, int alone)
{
    struct stat status = {0};
    int rc = SQLITE_OK;
    if (!alone && stat(h->name, &status) != 0)
        return SQLITE_CANTOPEN;
    pthread_mutex_lock(&lock);
    h->index = find_shared(h->name, &status);
    if (h->index == NULL)
        rc = make_index(&h->index, h->name, &status, !h->read_only, alone);
    if (rc == SQLITE_OK)
        h->index->members++;
    pthread_mutex_unlock(&lock);
    return rc;
}

void vault_shm_leave(struct vault_handle *h)
{
    struct vault_index *x = h->index, **at = &table;
    if (x == NULL)
        return;
    h->index = NULL;
    pthread_mutex_lock(&lock);
    if (--x->members == 0) {
        while (*at != x)
            at = &(*at)->next;
        *at = x->next;
        index_free(x);
    }
    pthread_mutex_unlock(&lock);
}

int vault_shm_is_own(const struct vault_handle *h)
{
    return h->index->own;
}

struct vault_share *vault_shm_share(const struct vault_handle *h)
{
    return &h->index->share;
}

int vault_shm_may_delete(const char *log)
{
    static const char suffix[] = "-wal";
    size_t bytes = strlen(log);
    int may = 0;
    if (bytes < sizeof suffix || strcmp(log + bytes - (sizeof suffix - 1), suffix) != 0)
        return 0;
    bytes -= sizeof suffix - 1;
    pthread_mutex_lock(&lock);
    for (const struct vault_index *x = table; x != NULL && !may; x = x->next)
        may = !x->own && strlen(x->path) == bytes && memcmp(x->path, log, bytes) == 0;
    pthread_mutex_unlock(&lock);
    return may;
}

/* ---- what vault_wal.c reports of the log's file ---- */

int vault_shm_may_write(const struct vault_handle *h)
{
    int may;
    pthread_mutex_lock(&lock);
    may = !h->read_only && !h->index->broken;
    pthread_mutex_unlock(&lock);
    return may;
}

void vault_shm_log_begun(const struct vault_handle *h, int begun)
{
    struct vault_share *s = &h->index->share;
    pthread_mutex_lock(&lock);
    /* Begun anew in the index but not on the disk: keep readers out until it is. */
    if (!begun && s->reasons != 0)
        s->reasons |= VAULT_SHARE_RESTART;
    s->begun = begun;
    pthread_mutex_unlock(&lock);
}

void vault_shm_log_failed(const struct vault_handle *h)
{
    pthread_mutex_lock(&lock);
    h->index->broken = 1;
    pthread_mutex_unlock(&lock);
}

/* ---- regions ---- */

static void drop_regions(struct vault_index *x)
{
    for (int i = 0; i < x->region_count; i++) {
        sodium_memzero(x->regions[i], VAULT_REGION_BYTES);
        free(x->regions[i]);
    }
    free((void *)x->regions);
    x->regions = NULL;
    x->region_count = 0;
}

static int extend_to(struct vault_index *x, int count)
{
    void **regions;
    if (count <= x->region_count)
        return SQLITE_OK;
    regions = realloc((void *)x->regions, (size_t)count * sizeof *regions);
    if (regions == NULL)
        return SQLITE_NOMEM;
    x->regions = regions;
    while (x->region_count < count) {
        regions[x->region_count] = calloc(1, VAULT_REGION_BYTES);
        if (regions[x->region_count] == NULL)
            return SQLITE_NOMEM;
        x->region_count++;
    }
    return SQLITE_OK;
}

int vault_shm_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **out)
{
    struct vault_handle *h = (struct vault_handle *)(void *)file;
    struct vault_index *x = h->index;
    int rc = SQLITE_OK;
    *out = NULL;
    if (bytes != VAULT_REGION_BYTES)
        return SQLITE_IOERR_SHMMAP;
    pthread_mutex_lock(&lock);
    if (!h->uses) {
        h->uses = 1;
        x->users++;
    }
    if (extend)
        rc = extend_to(x, region + 1);
    if (rc == SQLITE_OK && region < x->region_count)
        *out = x->regions[region];
    pthread_mutex_unlock(&lock);
    return rc;
}

void vault_shm_barrier(sqlite3_file *file)
{
    (void)file;
    __sync_synchronize();
    pthread_mutex_lock(&lock); /* as the unix VFS does, for compilers and tools that see no fence */
    pthread_mutex_unlock(&lock);
}

/* ---- locks ---- */

static int take_shared(struct vault_handle *h, unsigned slot)
{
    struct vault_index *x = h->index;
    if ((h->shared & BIT(slot)) != 0)
        return SQLITE_OK;
    if ((x->exclusive & BIT(slot)) != 0)
        return SQLITE_BUSY;
    x->shared[slot]++;
    h->shared |= BIT(slot);
    return SQLITE_OK;
}

/* Keeps readers of other processes out, if these slots mean a checkpoint or that the log is begun anew. SQLITE_BUSY: a
 * reader is in; SQLite then goes on without either. */
static int keep_out(struct vault_handle *h, unsigned first, unsigned slots)
{
    if (h->index->own)
        return SQLITE_OK; /* a reader keeps nobody out, and never writes */
    if (slots == BIT(CHECKPOINT))
        return vault_share_keep_out(&h->index->share, VAULT_SHARE_CHECKPOINT);
    if (first == READ_MARKED && slots == (READERS & ~BIT(READ_ANY)) && (h->exclusive & BIT(CHECKPOINT)) == 0)
        return vault_share_keep_out(&h->index->share, VAULT_SHARE_RESTART);
    return SQLITE_OK;
}

static int take_exclusive(struct vault_handle *h, unsigned first, unsigned count)
{
    struct vault_index *x = h->index;
    unsigned slots = (BIT(count) - 1) << first, others = slots & ~h->exclusive;
    int rc;
    for (unsigned slot = first; slot < first + count; slot++)
        if ((others & BIT(slot)) != 0 && ((x->exclusive & BIT(slot)) != 0 || x->shared[slot] > 0))
            return SQLITE_BUSY;
    rc = keep_out(h, first, slots);
    if (rc != SQLITE_OK)
        return rc;
    x->exclusive |= slots;
    h->exclusive |= slots;
    return SQLITE_OK;
}

/* Releases these slots, as far as h holds them, shared or exclusive. */
static void release_slots(struct vault_handle *h, unsigned slots)
{
    struct vault_index *x = h->index;
    unsigned released = h->exclusive & slots;
    for (unsigned slot = 0; slot < SQLITE_SHM_NLOCK; slot++)
        if ((slots & h->shared & BIT(slot)) != 0)
            x->shared[slot]--;
    h->shared &= ~slots;
    h->exclusive &= ~slots;
    x->exclusive &= ~released;
    if ((released & BIT(CHECKPOINT)) != 0)
        vault_share_let_in(&x->share, VAULT_SHARE_CHECKPOINT);
    if ((released & BIT(WRITE)) != 0)
        vault_share_let_in(&x->share, VAULT_SHARE_RESTART);
}

/* A reader with an index of its own is about to take a lock. SQLite begins each transaction with WRITE, since it finds
 * no index that is ready: that wakes the reader. If the writing process keeps us out, SQLite then asks with RECOVER
 * whether somebody is making an index; SQLITE_BUSY says yes, so that SQLite waits the way that its user chose. */
static int before_own(struct vault_handle *h, unsigned first)
{
    struct vault_index *x = h->index;
    if (first == WRITE)
        return vault_share_wake(&x->share, h, x->region_count == 0 ? NULL : x->regions[0]);
    return first == RECOVER && !x->share.awake ? SQLITE_BUSY : SQLITE_OK;
}

/* It has released a lock. If that ends a transaction, or if no index could be made for one, the reader rests. */
static void after_own(struct vault_handle *h, unsigned first, int flags)
{
    struct vault_index *x = h->index;
    uint8_t *page = x->region_count == 0 ? NULL : x->regions[0];
    int over = first >= READ_ANY && (flags & SQLITE_SHM_SHARED) != 0;
    int failed = first == WRITE && (page == NULL || !vault_share_is_ready(page));
    if (x->share.awake && (h->shared & READERS) == 0 && (over || failed))
        vault_share_rest(&x->share, h, page);
}

int vault_shm_lock(sqlite3_file *file, int first, int count, int flags)
{
    struct vault_handle *h = (struct vault_handle *)(void *)file;
    int rc = SQLITE_OK;
    if (first < 0 || count < 1 || first + count > SQLITE_SHM_NLOCK)
        return SQLITE_IOERR_SHMLOCK;
    if (h->index->own && (flags & SQLITE_SHM_LOCK) != 0)
        rc = before_own(h, (unsigned)first);
    if (rc != SQLITE_OK)
        return rc;
    pthread_mutex_lock(&lock);
    if ((flags & SQLITE_SHM_UNLOCK) != 0)
        release_slots(h, (BIT(count) - 1) << first);
    else if ((flags & SQLITE_SHM_SHARED) != 0)
        rc = take_shared(h, (unsigned)first);
    else
        rc = take_exclusive(h, (unsigned)first, (unsigned)count);
    pthread_mutex_unlock(&lock);
    if (h->index->own && (flags & SQLITE_SHM_UNLOCK) != 0)
        after_own(h, (unsigned)first, flags);
    return rc;
}

int vault_shm_unmap(sqlite3_file *file, int remove)
{
    struct vault_handle *h = (struct vault_handle *)(void *)file;
    struct vault_index *x = h->index;
    (void)remove; /* there is no file */
    if (x->own && x->share.awake)
        vault_share_rest(&x->share, h, x->region_count == 0 ? NULL : x->regions[0]);
    pthread_mutex_lock(&lock);
    release_slots(h, 0xff);
    if (h->uses && --x->users == 0)
        drop_regions(x);
    h->uses = 0;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}
