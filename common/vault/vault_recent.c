/* Keeps the frames that this handle wrote to the log lately, so that a checkpoint, which reads them all again, need not
 * open them. That saves a third of the cost of a write.
 *
 * The disk is read all the same. A page is taken from here only if the frame on the disk is, byte for byte, the one
 * that was written; any other frame is opened, and its tag decides. The pages lie in SQLite's memory (vault_memory.c):
 * in the locked slab as far as it goes, and zeroed when they are freed. */
#include <stdlib.h>
#include <string.h>

#include "vault_private.h"

#define FRAMES 1024 /* SQLite carries the log over when it has 1000 */

struct vault_recent {
    uint8_t *pages[FRAMES];        /* VAULT_BODY_BYTES each; NULL: none */
    sqlite3_int64 offsets[FRAMES]; /* where each frame was written; one that was moved does not count */
    uint8_t sealed[FRAMES][VAULT_FRAME_BYTES];
};

static size_t ring_slot(sqlite3_int64 offset)
{
    return (size_t)((offset - VAULT_WAL_HEADER_BYTES) / VAULT_FRAME_BYTES % FRAMES);
}

void vault_recent_keep(struct vault_handle *log, sqlite3_int64 offset, const uint8_t page[VAULT_PAGE_BYTES],
                       const uint8_t sealed[VAULT_FRAME_BYTES])
{
    size_t slot = ring_slot(offset);
    struct vault_recent *r = log->recent;
    if (r == NULL)
        r = log->recent = calloc(1, sizeof *r);
    /* If there is no memory, the frame is opened when it is read. */
    if (r == NULL || (r->pages[slot] == NULL && (r->pages[slot] = sqlite3_malloc(VAULT_PAGE_BYTES)) == NULL))
        return;
    memcpy(r->pages[slot], page, VAULT_BODY_BYTES);
    r->offsets[slot] = offset;
    memcpy(r->sealed[slot], sealed, VAULT_FRAME_BYTES);
}

int vault_recent_page(const struct vault_handle *log, sqlite3_int64 offset, const uint8_t disk[VAULT_FRAME_BYTES],
                      uint8_t page[VAULT_PAGE_BYTES])
{
    const struct vault_recent *r = log->recent;
    size_t slot = ring_slot(offset);
    if (r == NULL || r->pages[slot] == NULL || r->offsets[slot] != offset ||
        memcmp(r->sealed[slot], disk, VAULT_FRAME_BYTES) != 0)
        return 0;
    memcpy(page, r->pages[slot], VAULT_BODY_BYTES);
    memset(page + VAULT_BODY_BYTES, 0, VAULT_RESERVE_BYTES);
    return 1;
}

void vault_recent_forget(struct vault_handle *log)
{
    if (log->recent == NULL)
        return;
    for (size_t i = 0; i < FRAMES; i++)
        sqlite3_free(log->recent->pages[i]);
    free(log->recent);
    log->recent = NULL;
}
