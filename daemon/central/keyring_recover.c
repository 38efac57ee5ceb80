/* Officers' key files, and what two of them can do: `satcheld officer add`, `satcheld recover`. */
#include "keyring_private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "clock.h"

int keyring_officer(const char *path, const char *login, const struct keyring_options *o, char public_hex[65],
                    struct error *e)
{
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES), public_key[32];
    char *secret = NULL, label[KEYFILE_LABEL_MAX + 1];
    size_t bytes = 0;
    int code;
    (void)snprintf(label, sizeof label, "%.*s", KEYFILE_LABEL_MAX, login);
    if (key == NULL)
        return error_memory(e);
    if ((code = keyring_ask(&o->officer, "Passphrase of the officer (for the officer to type): ", 1, &secret, &bytes,
                            e)) == 0)
        code = keyfile_create(path, &(struct keyfile_new_passphrase){{secret, bytes}, label, KEYFILE_MEASURED, NULL},
                              key, e);
    if (code == 0) {
        (void)crypto_scalarmult_base(public_key, key);
        sodium_bin2hex(public_hex, 65, public_key, sizeof public_key);
    }
    cli_secret_free(secret, bytes);
    sodium_free(key);
    return code;
}

/* Two officers' secrets, the key that they open, and who they are. In locked memory. */
struct recovering {
    uint8_t secrets[2][32], key[KEYFILE_KEY_BYTES];
    struct id officers[2];
};

static int open_officers(struct recovering *r, const char *keys, const char *const files[2],
                         const struct keyring_options *o, struct error *e)
{
    const struct keyring_secret *from[2] = {&o->first, &o->second};
    int code = 0;
    for (int i = 0; i < 2 && code == 0; i++) {
        char *secret = NULL, prompt[300];
        size_t bytes = 0;
        (void)snprintf(prompt, sizeof prompt, "Passphrase of the officer's key %.200s: ", files[i]);
        if ((code = keyring_ask(from[i], prompt, 0, &secret, &bytes, e)) == 0 &&
            (code = keyfile_open(files[i], &(struct keyfile_attempt){{secret, bytes}, clock_wall()}, r->secrets[i],
                                 NULL, e)) != 0)
            (void)error_prefix(e, "%.200s", files[i]);
        cli_secret_free(secret, bytes);
    }
    return code != 0 ? code : keyfile_open_recovery(keys, r->secrets[0], r->secrets[1], r->key, r->officers, e);
}

/* Sets the passphrase of the slot that the office was set up with; if that slot is gone, adds one. */
static int set_passphrase(const char *keys, const uint8_t key[KEYFILE_KEY_BYTES], const char *secret, size_t bytes,
                          struct error *e)
{
    const struct keyfile_new_passphrase fresh = {{secret, bytes}, CENTRAL_KEY_LABEL, KEYFILE_MEASURED, NULL};
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    size_t count = 0;
    int code = keyfile_list(keys, slots, sizeof slots / sizeof *slots, &count, e);
    if (code != 0)
        return code;
    for (size_t i = 0; i < count; i++)
        if (slots[i].type == KEYFILE_PASSPHRASE && strcmp(slots[i].label, CENTRAL_KEY_LABEL) == 0)
            return keyfile_change(keys, key, slots[i].number, &fresh, e);
    return keyfile_add_passphrase(keys, key, &fresh, e);
}

/* Both of --officer FILE. */
static int officer_files(const struct usage_call *call, const char *files[2], struct error *e)
{
    files[0] = usage_text_at(call, "officer", 0);
    files[1] = usage_text_at(call, "officer", 1);
    if (files[1] == NULL || usage_text_at(call, "officer", 2) != NULL)
        return error_set(e, E_USAGE, "a recovery takes two officers: --officer FILE --officer FILE");
    return 0;
}

/* A backup that is recovered stands in the office's place: that is said before anything else. */
static int wake_backup(struct central *c, struct error *e)
{
    int code;
    if (c->backup_size == 0)
        return 0;
    central_act_as_office(c);
    backup_wake(c);
    if ((code = central_begin(c, e)) != 0)
        return code;
    if ((code = backup_announce(c, 0, e)) == 0)
        return central_commit(c, e);
    central_rollback(c);
    return code;
}

static int recover_office(struct usage_call *call, const struct keyring_options *o, struct error *e)
{
    const char *folder = call->folder;
    struct recovering *r = sodium_malloc(sizeof *r);
    const char *files[2] = {NULL, NULL};
    struct central *central = NULL;
    char *keys = NULL, *secret = NULL;
    size_t bytes = 0;
    int code;
    if (r == NULL)
        return error_memory(e);
    if ((code = officer_files(call, files, e)) != 0 || (code = keyring_find(folder, &keys, e)) != 0 ||
        (code = open_officers(r, keys, files, o, e)) != 0 || (code = keyring_ask_fresh(o, &secret, &bytes, e)) != 0 ||
        /* The store is ours before anything changes: no daemon runs. And a recovery that nobody hears of must not be.
         */
        (code = central_open_key(&central, folder, r->key, NULL, e)) != 0 || (code = wake_backup(central, e)) != 0 ||
        (code = central_event(central, "recovered", 1, 0, r->officers, e)) != 0 ||
        (code = set_passphrase(keys, r->key, secret, bytes, e)) != 0)
        goto out;
    (void)fputs("The office opens with the new passphrase.\n", call->cli->err);
out:
    central_close(central);
    cli_secret_free(secret, bytes);
    free(keys);
    sodium_free(r);
    return code;
}

const struct keyring_command keyring_recover = {
    .usage = {.name = "recover",
              .options = {{.name = "officer",
                           .value = "FILE",
                           .help = "an officer's key file; given twice",
                           .required = 1,
                           .repeats = 1},
                          USAGE_SECRET("first-", "the first officer's passphrase"),
                          USAGE_SECRET("second-", "the second officer's passphrase"),
                          USAGE_SECRET("new-", "the new passphrase")},
              .help = "set a new passphrase with the help of two recovery officers; the daemon must not run",
              .example = "satcheld recover /srv/office --officer maria.officer --officer jon.officer"},
    .run = recover_office,
};
