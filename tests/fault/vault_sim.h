/* A store on the disk of vault_disk.h: for tests that cut its power or change its bytes many thousand times. */
#ifndef SATCHEL_TESTS_VAULT_SIM_H
#define SATCHEL_TESTS_VAULT_SIM_H

#include <sodium.h>

#include "fault/vault_disk.h"
#include "vault.h"
#include "vault_private.h"

#define SIM_SHIM "sim-vault"

static const uint8_t right[VAULT_KEY_BYTES] = {7}, wrong[VAULT_KEY_BYTES] = {8};

/* Registers the shim over the disk; after vault_init. Returns SQLite's code. */
static inline int store_install(void)
{
    static sqlite3_vfs sim;
    static struct vault_vfs shim;
    sim_fill(&sim, sqlite3_vfs_find("unix"));
    vault_vfs_fill(&shim, SIM_SHIM, &sim, 1);
    return sqlite3_vfs_register(&shim.vfs, 0);
}

/* An empty store, durable, as vault_open makes it, on a disk with nothing else, and the power on. */
static inline void store_lay_down(void)
{
    uint8_t page[VAULT_PAGE_BYTES], disk[VAULT_PAGE_BYTES], id[VAULT_ID_BYTES];
    struct vault_secret *s = must_have(sodium_malloc(sizeof *s));
    struct inode *inode = must_have(calloc(1, sizeof *inode));
    randombytes_buf(id, sizeof id);
    vault_page_keys(s, right, id);
    vault_page_first(page);
    vault_page_seal(s, 1, page, disk);
    bytes_write(&inode->now, 0, disk, sizeof disk);
    bytes_copy(&inode->synced, &inode->now);
    inode->entry_synced = 1;
    for (size_t i = 0; i < 2; i++) {
        push(&folder[i], i == 0 ? inode : NULL);
        settle(&folder[i], folder[i].count - 1);
    }
    dark = 0;
    until_cut = -1;
    sodium_free(s);
}

/* NULL where it could not be opened: *code says why, and e what people are told. */
static inline sqlite3 *store_open(const uint8_t *key, int *code, struct error *e)
{
    sqlite3 *db = NULL;
    *code = vault_open_through(&db, SIM_SHIM, STORE, key, 0, 0, e);
    return db;
}

/* The process dies with its handle open, and the machine lives. */
static inline void store_die(sqlite3 *db)
{
    dark = 1;
    vault_close(db);
    dark = 0;
}

#endif
