/* SQLite's allocator in this process. It zeroes all memory before it frees it, and takes the pages of SQLite's cache,
 * which hold decrypted records, from a slab that is kept out of core files and, as far as RLIMIT_MEMLOCK allows, out of
 * swap.
 *
 * SQLite's own slab (SQLITE_CONFIG_PAGECACHE) could be locked as well, but SQLite does not zero a page that returns to
 * it. So the slab is here, behind the ordinary allocation calls, and SQLite is told to allocate pages one by one. */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "vault_private.h"

#define SLAB_BYTES (64u << 20) /* as large as the cache of a handle; pages that are never used cost nothing */
#define LOCK_MARGIN (1u << 20) /* left of RLIMIT_MEMLOCK for libsodium's keys */
#define PREFIX_BYTES sizeof(union prefix)

/* Stands before each block that is not of the slab. The union keeps the block aligned for any type. */
union prefix {
    size_t bytes;
    max_align_t align;
};

/* Slots that were used and freed are in a list, linked by their first bytes; slots from `fresh` on were never used. */
struct slot {
    struct slot *next;
};

static struct {
    pthread_mutex_t lock;
    uint8_t *begin, *fresh, *end;
    size_t slot_bytes;
    struct slot *free;
} slab = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int in_slab(const void *p)
{
    return slab.begin != NULL && (const uint8_t *)p >= slab.begin && (const uint8_t *)p < slab.end;
}

static void *slab_take(void)
{
    void *p = NULL;
    pthread_mutex_lock(&slab.lock);
    if (slab.free != NULL) {
        p = slab.free;
        slab.free = slab.free->next;
    } else if (slab.fresh != NULL && (size_t)(slab.end - slab.fresh) >= slab.slot_bytes) {
        p = slab.fresh;
        slab.fresh += slab.slot_bytes;
    }
    pthread_mutex_unlock(&slab.lock);
    return p;
}

static void slab_give(void *p)
{
    struct slot *slot = p;
    sodium_memzero(p, slab.slot_bytes);
    pthread_mutex_lock(&slab.lock);
    slot->next = slab.free;
    slab.free = slot;
    pthread_mutex_unlock(&slab.lock);
}

static void *memory_malloc(int count)
{
    union prefix *block;
    if ((size_t)count >= VAULT_PAGE_BYTES && (size_t)count <= slab.slot_bytes) {
        void *p = slab_take();
        if (p != NULL)
            return p;
    }
    block = malloc(PREFIX_BYTES + (size_t)count);
    if (block == NULL)
        return NULL;
    block->bytes = (size_t)count;
    return block + 1;
}

static int memory_size(void *p)
{
    if (p == NULL)
        return 0;
    return (int)(in_slab(p) ? slab.slot_bytes : ((union prefix *)p - 1)->bytes);
}

static void memory_free(void *p)
{
    union prefix *block;
    if (p == NULL)
        return;
    if (in_slab(p)) {
        slab_give(p);
        return;
    }
    block = (union prefix *)p - 1;
    sodium_memzero(p, block->bytes);
    free(block);
}

static void *memory_realloc(void *p, int count)
{
    int had = memory_size(p);
    void *moved;
    if (p == NULL)
        return memory_malloc(count);
    /* Never libc's realloc, which may leave a copy behind. */
    if (count <= had && count > had / 2)
        return p;
    moved = memory_malloc(count);
    if (moved == NULL)
        return NULL;
    memcpy(moved, p, (size_t)(count < had ? count : had));
    memory_free(p);
    return moved;
}

static int memory_roundup(int count)
{
    return (count + 7) & ~7;
}

static int memory_init(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void memory_shutdown(void *unused)
{
    (void)unused;
}

static void slab_make(void)
{
    struct rlimit limit;
    size_t lock = SLAB_BYTES;
    int header = 0;
    void *p;
    if (sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header) != SQLITE_OK)
        return;
    p = mmap(NULL, SLAB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return; /* pages then come from the heap: zeroed when freed, but not locked */
    (void)madvise(p, SLAB_BYTES, MADV_DONTDUMP);
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        lock = limit.rlim_cur > LOCK_MARGIN ? (size_t)limit.rlim_cur - LOCK_MARGIN : 0;
    /* Slots are taken from the low end first, so the locked part is the part that is always in use. */
    (void)mlock2(p, lock < SLAB_BYTES ? lock : SLAB_BYTES, MLOCK_ONFAULT);
    slab.begin = p;
    slab.fresh = p;
    slab.end = slab.begin + SLAB_BYTES;
    slab.slot_bytes = (VAULT_PAGE_BYTES + (size_t)header + 63) & ~(size_t)63;
}

int vault_memory_install(void)
{
    static const sqlite3_mem_methods methods = {.xMalloc = memory_malloc,
                                                .xFree = memory_free,
                                                .xRealloc = memory_realloc,
                                                .xSize = memory_size,
                                                .xRoundup = memory_roundup,
                                                .xInit = memory_init,
                                                .xShutdown = memory_shutdown};
    int rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    /* Pages one by one from the allocator above, not in bulk; no statistics, which cost a lock for each call; nothing
     * ever spilled to a file, since a vault has no temporary files. */
    if (rc == SQLITE_OK)
        rc = sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    if (rc == SQLITE_OK && slab.begin == NULL)
        slab_make();
    return rc;
}
