/* Unlocking, locking, and changing the passphrase. */
#include "command.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "clock.h"
#include "json.h"
#include "keyfile.h"
#include "renewal.h"
#include "store.h"
#include "store_event.h"

/* The folder and the key file in it. E_NO_STORE where there is none. */
static int find(char **folder, char **keys, struct error *e)
{
    int code;
    if ((code = store_folder(folder, e)) != 0 || (code = store_check(*folder, e)) != 0)
        return code;
    *keys = store_path(*folder, STORE_KEYS);
    return *keys != NULL ? 0 : error_memory(e);
}

static void say_locked(const struct cli *cli, int locked, const char *words)
{
    if (cli->json)
        json_answer(cli->out, "locked", locked);
    else
        fprintf(cli->err, "%s\n", words);
}

/* --- unlock --- */

struct unlocking {
    const struct cli *cli;
    const char *folder, *keys, *file, *fd;
    unsigned idle;
    uint8_t *key; /* in locked memory */
    struct id session;
    struct keyfile_opened opened;
};

/* From the passphrase to the key. Where the lease is over, by way of the office. */
static int open_key(struct unlocking *u, struct error *e)
{
    char *passphrase = NULL;
    size_t bytes = 0;
    unsigned wait;
    int code = cli_secret(u->file, u->fd, "Passphrase: ", 0, &passphrase, &bytes, e);
    if (code != 0)
        return code;
    if ((wait = keyfile_wait_s(u->keys, clock_wall())) != 0)
        fprintf(u->cli->err, "after so many wrong passphrases this takes %u seconds\n", wait);
    code = renewal_open(u->folder, (struct keyfile_passphrase){passphrase, bytes}, u->key, &u->opened, e);
    cli_secret_free(passphrase, bytes);
    return code;
}

static int unlock(struct unlocking *u, struct error *e)
{
    struct store *store = NULL;
    int code;
    u->session = id_new(clock_wall());
    if ((u->key = sodium_malloc(KEYFILE_KEY_BYTES)) == NULL)
        return error_memory(e);
    /* What the key opens is looked at before anybody trusts it: an old copy, a damaged page. Everything of the store is
     * wiped again before the agent is forked off, which has the key and nothing else. */
    if ((code = open_key(u, e)) == 0 && (code = store_open_with(&store, u->folder, u->key, &u->session, e)) == 0 &&
        (code = store_event_wrong(u->cli, store, &u->opened, e)) == 0) {
        store_warn(store, u->cli->err);
        renewal_warn(u->cli, store->lease_until_ms);
    }
    store_close(store);
    if (code == 0)
        code = agent_start(u->folder, u->key, &u->session, u->idle, e);
    sodium_free(u->key);
    return code == E_EXISTS ? 0 : code;
}

static int unlock_store(struct usage_call *call, struct error *e)
{
    const char *host = usage_text(call, "host");
    struct cli *cli = call->cli;
    char *folder = NULL, *keys = NULL;
    unsigned idle = (unsigned)usage_number(call, "idle", AGENT_IDLE_MINUTES);
    unsigned port = (unsigned)usage_number(call, "port", 0);
    struct unlocking u;
    int code;
    if ((code = find(&folder, &keys, e)) != 0)
        goto out;
    if (agent_is_there(folder)) {
        say_locked(cli, 0, "unlocked already");
        goto out;
    }
    /* E_LOCKED: no office is noted yet. One that is needed is asked for below, and missed there. */
    if ((host != NULL || port != 0) && (code = renewal_moved(folder, host, port, e)) != 0 && code != E_LOCKED)
        goto out;
    u = (struct unlocking){.cli = cli,
                           .folder = folder,
                           .keys = keys,
                           .file = usage_text(call, "passphrase-file"),
                           .fd = usage_text(call, "passphrase-fd"),
                           .idle = idle};
    if ((code = unlock(&u, e)) == 0) {
        char words[64];
        (void)snprintf(words, sizeof words, "unlocked, until nothing has been asked for %u minutes", idle);
        say_locked(cli, 0, words);
    }
out:
    free(folder);
    free(keys);
    return code;
}

const struct command command_unlock = {
    .usage = {.name = "unlock",
              .options = {{.name = "idle",
                           .value = "MINUTES",
                           .help = "lock again after so long without a command; 15, if not said",
                           .min = 1,
                           .max = AGENT_IDLE_MINUTES_MAX},
                          USAGE_SECRET("", "the passphrase"),
                          {.name = "host",
                           .value = "HOST",
                           .help = "where the office is now, if the store has to ask it and it has moved"},
                          {.name = "port", .value = "PORT", .help = "its port", .min = 1, .max = 65535}},
              .help = "open the store, for as long as you work with it",
              .example = "satchel unlock"},
    .run = unlock_store,
};

/* --- lock --- */

static int lock_store(struct usage_call *call, struct error *e)
{
    char *folder = NULL, *keys = NULL;
    int code, was = 0;
    if ((code = find(&folder, &keys, e)) == 0 && (code = agent_stop(folder, &was, e)) == 0)
        say_locked(call->cli, 1, was ? "locked" : "locked already");
    free(folder);
    free(keys);
    return code;
}

const struct command command_lock = {
    .usage = {.name = "lock", .help = "lock the store", .example = "satchel lock"},
    .run = lock_store,
};

/* --- passphrase --- */

/* The store is held meanwhile, so that no other command of ours writes the key file. */
static int change(const struct cli *cli, const char *folder, const char *keys, const uint8_t *key,
                  const struct keyfile_opened *opened, const char *new, size_t bytes, struct error *e)
{
    struct id session = id_new(clock_wall());
    struct store *store;
    int code = store_open_with(&store, folder, key, &session, e);
    if (code == 0 && (code = store_event_wrong(cli, store, opened, e)) == 0)
        code = keyfile_change(
            keys, key, opened->slot,
            &(struct keyfile_new_passphrase){{new, bytes}, .cost = KEYFILE_MEASURED, .link = store_link(store)}, e);
    store_close(store);
    return code;
}

static int change_passphrase(struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    char *folder = NULL, *keys = NULL, *old = NULL, *new = NULL;
    size_t old_bytes = 0, new_bytes = 0;
    uint8_t *key = NULL;
    struct keyfile_opened opened;
    int code;
    if ((code = find(&folder, &keys, e)) != 0)
        goto out;
    if ((key = sodium_malloc(KEYFILE_KEY_BYTES)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((code = cli_secret(usage_text(call, "passphrase-file"), usage_text(call, "passphrase-fd"),
                           "The passphrase as it is: ", 0, &old, &old_bytes, e)) != 0 ||
        (code = renewal_open(folder, (struct keyfile_passphrase){old, old_bytes}, key, &opened, e)) != 0 ||
        (code = cli_secret(usage_text(call, "new-passphrase-file"), usage_text(call, "new-passphrase-fd"),
                           "The new passphrase: ", 1, &new, &new_bytes, e)) != 0 ||
        (code = change(cli, folder, keys, key, &opened, new, new_bytes, e)) != 0)
        goto out;
    if (cli->json)
        json_answer(cli->out, "changed", 1);
    else
        fputs("the passphrase has been changed\n", cli->err);
out:
    cli_secret_free(new, new_bytes);
    cli_secret_free(old, old_bytes);
    sodium_free(key);
    free(keys);
    free(folder);
    return code;
}

const struct command command_passphrase = {
    .usage = {.name = "passphrase",
              .options = {USAGE_SECRET("", "the passphrase as it is"), USAGE_SECRET("new-", "the new passphrase")},
              .help = "change the passphrase",
              .example = "satchel passphrase"},
    .run = change_passphrase,
};
