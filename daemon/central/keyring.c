/* What opens the office: a passphrase, a key in a file, or systemd's credential; and the end of a `key rotate` that
 * broke off. */
#include "keyring_private.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "rekey.h"
#include "secretfile.h"

static const char credential[] = "satchel-office-key"; /* its name in $CREDENTIALS_DIRECTORY */

int keyring_find(const char *folder, char **path, struct error *e)
{
    struct stat there;
    *path = central_path(folder, "office.keys");
    if (*path == NULL)
        return error_memory(e);
    if (stat(*path, &there) == 0)
        return 0;
    free(*path);
    *path = NULL;
    if (errno == EACCES)
        return error_set(e, E_REFUSED,
                         "%s belongs to another user, and this one may not look into it: call the command as the user "
                         "of the office, or as root",
                         folder);
    return error_set(e, E_NO_STORE, "there is no office in %s; `satcheld init %s` sets one up", folder, folder);
}

int keyring_ask(const struct keyring_secret *from, const char *prompt, int confirm, char **secret, size_t *bytes,
                struct error *e)
{
    return cli_secret(&(struct cli_secret_from){from->file, from->fd, prompt, confirm}, secret, bytes, e);
}

int keyring_ask_fresh(const struct keyring_options *o, char **secret, size_t *bytes, struct error *e)
{
    return keyring_ask(&o->fresh, "New passphrase of the office: ", 1, secret, bytes, e);
}

/* --- what was handed in --- */

static void take_secret(const struct usage_call *call, const char *before, struct keyring_secret *out)
{
    char file[64], fd[64];
    (void)snprintf(file, sizeof file, "%spassphrase-file", before);
    (void)snprintf(fd, sizeof fd, "%spassphrase-fd", before);
    out->file = usage_names(call, file) ? usage_text(call, file) : NULL;
    out->fd = usage_names(call, fd) ? usage_text(call, fd) : NULL;
}

void keyring_options_of(const struct usage_call *call, struct keyring_options *out)
{
    take_secret(call, "", &out->office);
    take_secret(call, "new-", &out->fresh);
    take_secret(call, "officer-", &out->officer);
    take_secret(call, "first-", &out->first);
    take_secret(call, "second-", &out->second);
    take_secret(call, "archive-", &out->archive);
    out->key_file = usage_text(call, "key-file");
    out->is_unwritten = 0;
}

/* The path of the credential that systemd handed over, freed with free; NULL: there is none. */
static char *find_credential(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct stat there;
    char *path = folder == NULL || folder[0] != '/' ? NULL : central_path(folder, credential);
    if (path != NULL && stat(path, &there) != 0) {
        free(path);
        path = NULL;
    }
    return path;
}

int keyring_take(const struct keyring_options *o, int must_ask, struct keyring_handed *out, struct error *e)
{
    int has_passphrase = o->office.file != NULL || o->office.fd != NULL, code;
    char *handed_over = NULL;
    const char *file = o->key_file;
    memset(out, 0, sizeof *out);
    if (file != NULL && has_passphrase)
        return error_set(e, E_USAGE, "the office is opened with --key-file or with a passphrase, not with both");
    if (file == NULL && !has_passphrase && !must_ask)
        file = handed_over = find_credential();
    if (file == NULL)
        code = keyring_ask(&o->office, "Passphrase of the office: ", 0, &out->passphrase, &out->passphrase_bytes, e);
    else if ((out->secret = sodium_malloc(SECRETFILE_BYTES)) == NULL)
        code = error_memory(e);
    else
        code = secretfile_read(file, out->secret, e);
    free(handed_over);
    return code;
}

void keyring_forget(struct keyring_handed *h)
{
    cli_secret_free(h->passphrase, h->passphrase_bytes);
    sodium_free(h->secret); /* zeroes */
    memset(h, 0, sizeof *h);
}

int keyring_open(const char *path, const struct keyring_handed *h, uint8_t key[KEYFILE_KEY_BYTES],
                 struct keyfile_opened *opened, struct error *e)
{
    memset(opened, 0, sizeof *opened);
    if (h->secret != NULL)
        return keyfile_open_secret(path, h->secret, key, e);
    return keyfile_open(path, &(struct keyfile_attempt){{h->passphrase, h->passphrase_bytes}, clock_wall()}, key,
                        opened, e);
}

/* --- the office --- */

/* Ends a `key rotate` that died between its last two steps, and opens the office with the new key. The key file opened,
 * but its key did not open the store. Writes nothing in the log: central_settle will write that there is a new key. */
static int finish_rotate(struct central **out, const char *folder, const char *path, const struct keyring_handed *h,
                         uint8_t *key, struct error *e)
{
    /* No pair of officers is carried over: opening the office puts in the pairs that its log names. */
    struct rekey_options r = {.keys = path,
                              .with = {{h->passphrase, h->passphrase_bytes}, h->secret},
                              .cost = KEYFILE_MEASURED,
                              .now_ms = clock_wall()};
    char *db = central_path(folder, "office.db");
    uint8_t *fresh = sodium_malloc(KEYFILE_KEY_BYTES);
    size_t dropped = 0;
    int code;
    r.db = db;
    if (db == NULL || fresh == NULL)
        code = error_memory(e);
    else if ((code = rekey_finish(&r, fresh, &dropped, e)) == 0) {
        memcpy(key, fresh, KEYFILE_KEY_BYTES);
        if ((code = central_open_unwritten(out, folder, key, NULL, e)) == 0)
            (*out)->has_new_key = 1;
    }
    sodium_free(fresh);
    free(db);
    return code;
}

int keyring_settle(const char *folder, const char *path, const struct keyring_handed *h, uint8_t *key,
                   struct keyfile_opened *opened, struct error *e)
{
    char *next = central_path(folder, "office.keys.next");
    struct central *central = NULL;
    int code, begun = next != NULL && access(next, F_OK) == 0;
    free(next);
    if (next == NULL)
        return error_memory(e);
    if (!begun)
        return 0;
    if ((code = central_open_key(&central, folder, key, NULL, e)) == E_WRONG_KEY &&
        (code = finish_rotate(&central, folder, path, h, key, e)) == 0 && (code = central_settle(central, e)) == 0) {
        uint64_t wrong = opened->wrong, wrong_ms = opened->wrong_ms;
        code = keyring_open(path, h, key, opened, e);
        opened->wrong = wrong;
        opened->wrong_ms = wrong_ms;
    }
    central_close(central);
    if (code == E_BUSY)
        return error_set(e, E_BUSY,
                         "a new data key is being made, or that was broken off and a daemon runs: stop the daemon, and "
                         "end it with `satcheld key rotate`");
    if (code == E_WRONG_KEY)
        return error_set(e, E_WRONG_KEY,
                         "a new data key was being made, and that broke off in its last step: hand in what it was "
                         "begun with, which ends it");
    return code;
}

int keyring_open_office(const char *folder, const struct keyring_options *o, struct central **out, struct error *e)
{
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES);
    struct keyring_handed handed = {0};
    struct keyfile_opened opened;
    struct error why;
    char *path = NULL;
    int code;
    *out = NULL;
    if (key == NULL)
        code = error_memory(e);
    else if ((code = keyring_find(folder, &path, e)) == 0 && (code = keyring_take(o, 0, &handed, e)) == 0 &&
             (code = keyring_open(path, &handed, key, &opened, e)) == 0 &&
             (code = central_open_unwritten(out, folder, key, &opened, e)) == E_WRONG_KEY &&
             finish_rotate(out, folder, path, &handed, key, &why) == 0)
        code = 0;
    if (code == 0 && !o->is_unwritten && (code = central_settle(*out, e)) != 0) {
        central_close(*out);
        *out = NULL;
    }
    keyring_forget(&handed);
    sodium_free(key);
    free(path);
    return code;
}
