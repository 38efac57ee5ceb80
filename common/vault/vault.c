/* Opens and closes vaults; docs/VAULT.md describes what a vault is. */
#include "vault.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "clock.h"
#include "file.h"
#include "vault_private.h"

#define SHIM "satchel-vault"
#define BUSY_WORDS "another satchel command is using the store; try again when it is done"
#define MOVED_WORDS "another store has taken the place of this one; try again"

static int initialise(struct error *e)
{
    static struct vault_vfs shim;
    static const struct rlimit none = {0, 0};
    sqlite3_vfs *base;
    int rc;
    if (sodium_init() < 0)
        return error_set(e, E_INTERNAL, "libsodium could not be started; is /dev/urandom there?");
    /* A core file would hold keys and records. */
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    rc = vault_memory_install();
    /* Debian's SQLite takes any name that begins with "file:" for a URI, and a URI can name another VFS: with it,
     * ATTACH would make a plain file. */
    if (rc == SQLITE_OK)
        rc = sqlite3_config(SQLITE_CONFIG_URI, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_initialize();
    if (rc == SQLITE_NOMEM)
        return error_set(e, E_MEMORY, "there is no memory to start the store with");
    if (rc != SQLITE_OK)
        return error_set(e, E_INTERNAL, "SQLite was started before the vault: %s", sqlite3_errstr(rc));
    base = sqlite3_vfs_find("unix");
    if (base == NULL)
        return error_set(e, E_INTERNAL, "this SQLite has no VFS named unix");
    vault_vfs_fill(&shim, SHIM, base, 0);
    if (sqlite3_vfs_register(&shim.vfs, 0) != SQLITE_OK || vault_scratch_install(base) != SQLITE_OK)
        return error_set(e, E_MEMORY, "the vault's VFS could not be registered");
    return 0;
}

int vault_init(struct error *e)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int done;
    int code = 0;
    pthread_mutex_lock(&lock);
    if (!done)
        code = initialise(e);
    done = code == 0;
    pthread_mutex_unlock(&lock);
    return code;
}

int vault_error(sqlite3 *db, const char *what, struct error *e)
{
    int extended = sqlite3_extended_errcode(db);
    int number = sqlite3_system_errno(db);
    if (extended == VAULT_TAG_FAILED)
        return error_set(e, E_VERIFY, "%s: a page of the store failed its seal; restore the store from a backup", what);
    if (extended == SQLITE_READONLY_DBMOVED)
        return error_set(e, E_BUSY, "%s: " MOVED_WORDS, what);
    if (extended == SQLITE_IOERR_NOMEM)
        return error_set(e, E_MEMORY, "%s: there is no memory left", what);
    switch (extended & 0xff) {
    case SQLITE_FULL:
        return error_set(e, E_FULL, "%s: the disk is full; free some space and try again", what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* a reader asked for the index a hundred times */
        return error_set(e, E_BUSY, "%s: " BUSY_WORDS, what);
    case SQLITE_CORRUPT:
        return error_set(e, E_VERIFY, "%s: the store is damaged; restore it from a backup", what);
    case SQLITE_NOTADB:
        return error_set(e, E_VERIFY, "%s: the file is not a store of Satchel, or its first page is damaged", what);
    case SQLITE_NOMEM:
        return error_set(e, E_MEMORY, "%s: there is no memory left", what);
    case SQLITE_INTERRUPT:
        return error_set(e, E_BUSY, "%s: it was told to end", what);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (number != 0)
            return error_system(e, E_IO, number, "%s: %s (SQLite %d)", what, sqlite3_errstr(extended), extended);
        break;
    default:
        break;
    }
    return error_set(e, E_IO, "%s: %s (SQLite %d)", what, sqlite3_errstr(extended), extended);
}

/* Makes the settings that SQLite needs before it first touches the file, and touches it. Returns SQLite's code. */
static int prepare(sqlite3 *db)
{
    int reserve = VAULT_RESERVE_BYTES;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA temp_store=MEMORY;"
                          "PRAGMA mmap_size=0;"
                          "PRAGMA cache_size=-65536;"
                          "PRAGMA cache_spill=OFF;" /* a large transaction waits in memory; vault_wal.c says why */
                          "PRAGMA secure_delete=ON;"
                          "PRAGMA foreign_keys=ON;"
                          "SELECT count(*) FROM sqlite_schema;"
                          "PRAGMA synchronous=FULL;",
                          NULL, NULL, NULL);
    return rc;
}

/* Closes a handle that did not get ready, without carrying over or deleting its log: nothing that could not be read may
 * be changed. */
static void abandon(sqlite3 *db)
{
    if (db != NULL)
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_close_v2(db);
}

/* Says why the store at path did not open; rc: what SQLite answered. Returns our code. */
static int opening_error(sqlite3 *db, int rc, const char *path, struct error *e)
{
    if (rc == SQLITE_READONLY_DBMOVED)
        return error_set(e, E_BUSY, MOVED_WORDS);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return error_set(e, E_BUSY, BUSY_WORDS);
    case SQLITE_NOTADB:
        return error_set(e, E_WRONG_KEY,
                         "the key does not open %s: it is another store's key, or the file's first page is damaged",
                         path);
    case SQLITE_READONLY:
        return error_set(e, E_IO, "%s may not be written by this user; change its owner or mode", path);
    default:
        return vault_error(db, path, e);
    }
}

static int open_once(sqlite3 **out, const struct vault_opening *o, struct error *e)
{
    int mode = (o->flags & VAULT_READ) != 0 ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    sqlite3 *db = NULL;
    int code, rc;
    vault_vfs_key(o->key);
    /* Extended codes: otherwise SQLite loses on its way up which of the errors of I/O was a seal that failed. */
    rc = sqlite3_open_v2(o->path, &db, mode | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, o->shim);
    vault_vfs_key(NULL);
    if (db == NULL)
        return error_set(e, E_MEMORY, "there is no memory to open %s", o->path);
    if (rc == SQLITE_OK)
        rc = prepare(db);
    if (rc == SQLITE_OK) {
        *out = db;
        return 0;
    }
    code = opening_error(db, rc, o->path, e);
    abandon(db);
    return code;
}

int vault_open_through(sqlite3 **out, const struct vault_opening *o, struct error *e)
{
    int64_t end = (int64_t)clock_steady() + o->wait_ms;
    for (;;) {
        int64_t left;
        int code = open_once(out, o, e);
        if (code == 0)
            (void)sqlite3_busy_timeout(*out, o->wait_ms);
        left = end - (int64_t)clock_steady();
        if (code != E_BUSY || left <= 0)
            return code;
        /* A random wait, so that several who wait do not come back together. */
        int64_t nap = 5 + (int64_t)randombytes_uniform(25);
        (void)sqlite3_sleep((int)(nap < left ? nap : left));
    }
}

/* *size: the size of a file; 0: it is absent. Errors: E_INPUT (no file, or the name is too long), E_IO. */
static int size_of(const char *path, int64_t *size, struct error *e)
{
    struct stat status;
    *size = 0;
    if (stat(path, &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        return error_system(e, errno == ENAMETOOLONG ? E_INPUT : E_IO, errno, "%s could not be looked at", path);
    }
    if (!S_ISREG(status.st_mode))
        return error_set(e, E_INPUT, "%s is not a file", path);
    *size = status.st_size;
    return 0;
}

/* *there: 1: there is a store at path; 0: there is none. E_VERIFY: a log without its store, which may hold the last
 * work done. */
static int find_store(const char *path, int *there, struct error *e)
{
    char log[PATH_MAX + sizeof "-wal"];
    int64_t size = 0, log_size = 0;
    int code;
    (void)snprintf(log, sizeof log, "%s-wal", path);
    /* The log first: another process that creates a store now makes the database before its log. */
    code = size_of(log, &log_size, e);
    if (code == 0)
        code = size_of(path, &size, e);
    if (code != 0)
        return code;
    if (size == 0 && log_size > 0)
        return error_set(e, E_VERIFY,
                         "%s has lost its store and may hold the last work done in it; restore the store from a "
                         "backup, or move this file away",
                         log);
    *there = size > 0;
    return 0;
}

/* Puts an empty store at path, unless another process did meanwhile. Its one page appears as a whole or not at all. */
static int create_store(const char *path, const uint8_t *key, struct error *e)
{
    uint8_t page[VAULT_PAGE_BYTES], disk[VAULT_PAGE_BYTES], id[VAULT_ID_BYTES];
    struct vault_secret *s = NULL;
    int folder = -1, there = 0;
    int code = file_lock(path, &folder, e);
    if (code != 0)
        return code;
    code = find_store(path, &there, e);
    if (code != 0 || there)
        goto out;
    s = sodium_malloc(sizeof *s);
    if (s == NULL) {
        code = error_set(e, E_MEMORY, "there is no memory to create %s", path);
        goto out;
    }
    randombytes_buf(id, sizeof id);
    vault_page_keys(s, key, id);
    vault_page_first(page);
    vault_page_seal(s, 1, page, disk);
    code = file_replace(folder, path, disk, sizeof disk, e);
out:
    sodium_free(s);
    file_unlock(folder);
    return code;
}

/* Finds the store's full path; *there: 1: there is a store. */
static int locate(const char *path, char full[PATH_MAX], int *there, struct error *e)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(SHIM);
    int rc;
    if (vfs == NULL)
        return error_set(e, E_INTERNAL, "a vault was opened before vault_init");
    /* SQLite names the log by adding to the path, and all of it has to fit. */
    if (path[0] == '\0' || strlen(path) + sizeof "-journal" > (size_t)vfs->mxPathname)
        return error_set(e, E_INPUT, "the store's path is empty or longer than %d bytes; use a shorter one",
                         vfs->mxPathname - (int)sizeof "-journal");
    rc = vfs->xFullPathname(vfs, path, PATH_MAX, full);
    if ((rc & 0xff) != SQLITE_OK || strlen(full) + sizeof "-journal" > (size_t)vfs->mxPathname)
        return error_set(e, E_INPUT, "the store's full path is longer than %d bytes; use a shorter one",
                         vfs->mxPathname - (int)sizeof "-journal");
    return find_store(full, there, e);
}

int vault_open(sqlite3 **out, const char *path, const uint8_t key[VAULT_KEY_BYTES], int flags, int wait_ms,
               struct error *e)
{
    char full[PATH_MAX];
    int there = 0, code;
    *out = NULL;
    code = locate(path, full, &there, e);
    if (code == 0 && !there && (flags & (VAULT_CREATE | VAULT_READ)) != VAULT_CREATE)
        code = error_set(e, E_NO_STORE, "there is no store at %s; enrol this device first", full);
    if (code == 0 && !there)
        code = create_store(full, key, e);
    if (code != 0)
        return code;
    return vault_open_through(out, &(struct vault_opening){SHIM, full, key, flags, wait_ms}, e);
}

void vault_close(sqlite3 *db)
{
    (void)sqlite3_close_v2(db);
}
