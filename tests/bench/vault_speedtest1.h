/* Included before SQLite's speedtest1.c (cc -include), it makes that program open a vault; vault_bench.c says how. */
#ifndef SATCHEL_TESTS_VAULT_SPEEDTEST1_H
#define SATCHEL_TESTS_VAULT_SPEEDTEST1_H

#include <stdio.h>

#include "vault.h"

/* Before main: speedtest1 starts SQLite, and vault_init has to come first. */
__attribute__((constructor)) static void start_vault(void)
{
    struct error e = {0};
    if (vault_init(&e) != 0)
        (void)fprintf(stderr, "%s\n", e.text);
}

static int open_vault(const char *path, sqlite3 **out, int flags, const char *vfs)
{
    static const uint8_t key[VAULT_KEY_BYTES] = {1};
    struct error e = {0};
    (void)flags;
    (void)vfs;
    if (vault_open(out, path, key, 1, 0, &e) == 0)
        return SQLITE_OK;
    (void)fprintf(stderr, "%s\n", e.text);
    return SQLITE_CANTOPEN;
}

#define sqlite3_open_v2 open_vault

#endif
