/* satchel_vault.so: SQLite's own shell, Python, R, or whatever else can load an extension of SQLite, reads a vault.
 *
 * Loading it registers the VFS "satchel-vault" (never as the default one). A database is then opened by a URI,
 *
 *   file:/var/lib/satchel/office.db?vfs=satchel-vault&key_file=/etc/satchel/reports.secret
 *
 * where key_file is a secret file (secretfile.h) that opens a reports slot of the key file beside the database: its
 * name with `.db` replaced by `.keys`. Such a slot gives the key of the pages, and not the one that office's secrets
 * are sealed under. It is always opened for reading alone, as a reader outside of the writing process (vault_share.c).
 * SQLite reports only a code if a database does not open; the sentence is what satchel_vault_error() returns on any
 * connection of the same thread, and goes to SQLite's log (sqlite3_log).
 *
 * The process is not ours: SQLite's allocator stays its own, and core files are not forbidden. */
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "keyfile.h"
#include "secretfile.h"
#include "vault_private.h"

SQLITE_EXTENSION_INIT1

#define SHIM "satchel-vault"
#define SQLITE_OLDEST 3040000

static struct vault_vfs shim;
static int (*open_beneath)(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags);
static _Thread_local struct error last; /* why a database did not open; code 0: none */

/* ---- opening ---- */

/* The key file of the database at `name`. */
static int keys_beside(const char *name, char out[PATH_MAX], struct error *e)
{
    static const char suffix[] = ".db";
    size_t bytes = strlen(name), cut = sizeof suffix - 1;
    int length;
    if (bytes > cut && strcmp(name + bytes - cut, suffix) == 0)
        bytes -= cut;
    length = snprintf(out, PATH_MAX, "%.*s.keys", (int)bytes, name);
    return length > 0 && length < PATH_MAX ? 0 : error_set(e, E_INPUT, "the path of the database is too long");
}

static int find_key(const char *name, uint8_t key[VAULT_KEY_BYTES], struct error *e)
{
    uint8_t secret[SECRETFILE_BYTES];
    char keys[PATH_MAX];
    const char *secret_path = sqlite3_uri_parameter(name, "key_file");
    int code;
    if (secret_path == NULL || secret_path[0] == '\0')
        return error_set(
            e, E_INPUT, "no key for %s; open it by a URI: file:...?vfs=" SHIM "&key_file=... with a secret file", name);
    /* Both would bypass the locks, and immutable the log too. */
    if (sqlite3_uri_boolean(name, "immutable", 0) || sqlite3_uri_boolean(name, "nolock", 0))
        return error_set(
            e, E_REFUSED,
            "a vault is never opened with immutable or nolock, since it may be written to meanwhile; leave "
            "them out of the URI");
    code = secretfile_read(secret_path, secret, e);
    if (code == 0)
        code = keys_beside(name, keys, e);
    if (code == 0)
        code = keyfile_open_reports(keys, secret, key, e);
    sodium_memzero(secret, sizeof secret);
    return code;
}

static int sqlite_code(int code)
{
    switch (code) {
    case E_WRONG_KEY:
    case E_INPUT:
    case E_REFUSED:
        return SQLITE_AUTH;
    case E_MEMORY:
        return SQLITE_NOMEM;
    default:
        return SQLITE_CANTOPEN;
    }
}

static int open_database(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int *out_flags)
{
    uint8_t key[VAULT_KEY_BYTES];
    struct error e = {0};
    int rc = SQLITE_OK, code = find_key(name, key, &e);
    if (code == 0) {
        vault_vfs_pages_key(key);
        rc = open_beneath(vfs, name, file, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, out_flags);
        vault_vfs_key(NULL);
        if (rc != SQLITE_OK)
            (void)error_system(&e, E_IO, vfs->xGetLastError(vfs, 0, NULL),
                               "%s could not be opened for reading, or the lock file beside it could not", name);
    } else {
        rc = sqlite_code(code);
    }
    sodium_memzero(key, sizeof key);
    if (rc != SQLITE_OK)
        sqlite3_log(rc, "satchel_vault: %s", e.text);
    else
        e.code = 0; /* an error may be left from a slot that did not open, before the one that did */
    last = e;
    return rc;
}

static int extension_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    if (name != NULL && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        file->pMethods = NULL;
        return open_database(vfs, name, file, out_flags);
    }
    return open_beneath(vfs, name, file, flags, out_flags);
}

/* ---- connections ---- */

/* satchel_vault_error(): why the last database of this thread did not open; NULL if it did. */
static void tell_error(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    if (last.code == 0)
        sqlite3_result_null(context);
    else
        sqlite3_result_text(context, last.text, -1, SQLITE_TRANSIENT);
}

static int set_seen(void *seen, int count, char **values, char **names)
{
    (void)count;
    (void)values;
    (void)names;
    *(int *)seen = 1;
    return 0;
}

/* Prepares a connection: the loading one, and then, called by SQLite, every connection that is opened later. Sorts and
 * temporary tables must stay in memory. The shim refuses files for them, but SQLite does not ask it if a vault is
 * attached to another database. (If there are temporary tables already, they would be lost, so the loading connection
 * keeps its setting.) */
static int prepare_connection(sqlite3 *db, char **words, const sqlite3_api_routines *api)
{
    int temporary = 0;
    int rc = sqlite3_create_function(db, "satchel_vault_error", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, tell_error,
                                     NULL, NULL);
    (void)words;
    (void)api;
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "SELECT 1 FROM sqlite_temp_schema", set_seen, &temporary, NULL);
    if (rc == SQLITE_OK && !temporary)
        rc = sqlite3_exec(db, "PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
    return rc;
}

/* The entry point that SQLite derives from the file's name; the one thing that the library exports. */
__attribute__((visibility("default"))) int sqlite3_satchelvault_init(sqlite3 *db, char **words,
                                                                     const sqlite3_api_routines *api);

int sqlite3_satchelvault_init(sqlite3 *db, char **words, const sqlite3_api_routines *api)
{
    sqlite3_vfs *base;
    int rc = SQLITE_OK;
    SQLITE_EXTENSION_INIT2(api);
    if (sqlite3_libversion_number() < SQLITE_OLDEST) {
        *words = sqlite3_mprintf("satchel_vault: this SQLite is too old; it needs 3.40");
        return SQLITE_ERROR;
    }
    base = sqlite3_vfs_find("unix");
    if (sodium_init() < 0 || base == NULL) {
        *words = sqlite3_mprintf("satchel_vault: libsodium could not be started, or this SQLite has no VFS named unix");
        return SQLITE_ERROR;
    }
    if (sqlite3_vfs_find(SHIM) == NULL) {
        vault_vfs_fill(&shim, SHIM, base, 0);
        open_beneath = shim.vfs.xOpen;
        shim.vfs.xOpen = extension_open;
        rc = sqlite3_vfs_register(&shim.vfs, 0);
        if (rc == SQLITE_OK)
            rc = sqlite3_auto_extension((void (*)(void))prepare_connection);
    }
    if (rc == SQLITE_OK)
        rc = prepare_connection(db, words, api);
    return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
