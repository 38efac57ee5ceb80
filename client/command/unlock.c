/* `satchel unlock`, `lock` and `passphrase`: opens the store with a passphrase, locks it, changes the passphrase. */
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

/* Finds the folder and the path of its key file. E_NO_STORE: there is no store. */
static int find_keys(char **folder, char **keys, struct error *e)
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

/* Asks for the passphrase and opens the key file, by way of the office if the lease is over. */
static int open_key(struct unlocking *u, struct error *e)
{
    char *passphrase = NULL;
    size_t bytes = 0;
    unsigned wait;
    int code = cli_secret(&(struct cli_secret_from){u->file, u->fd, "Passphrase: ", 0}, &passphrase, &bytes, e);
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
    /* Open the store before anybody trusts the key: it may be an old copy, or damaged. Everything of the store is wiped
     * from memory again before the agent is forked off, which has the key and nothing else. */
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
    if ((code = find_keys(&folder, &keys, e)) != 0)
        goto out;
    if (agent_is_there(folder)) {
        say_locked(cli, 0, "unlocked already");
        goto out;
    }
    /* E_LOCKED: no office is remembered yet. If the opening needs one, it says so. */
    if ((host != NULL || port != 0) && (code = renewal_moved(folder, host, port, e)) != 0 && code != E_LOCKED)
        goto out;
    u = (struct unlocking){.cli = cli,
                           .folder = folder,
                           .keys = keys,
                           .file = usage_text(call, "passphrase-file"),
                           .fd = usage_text(call, "passphrase-fd"),
                           .idle = idle};
    if ((code = unlock(&u, e)) == 0) {
        char words[80];
        (void)snprintf(words, sizeof words, "unlocked; the store locks itself after %u minutes without a command",
                       idle);
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
    if ((code = find_keys(&folder, &keys, e)) == 0 && (code = agent_stop(folder, &was, e)) == 0)
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

/* What changes a passphrase. */
struct passphrase_change {
    const struct cli *cli;
    char *folder, *keys;
    uint8_t *key; /* in locked memory */
    struct keyfile_opened opened;
    char *old, *new; /* in locked memory */
    size_t old_bytes, new_bytes;
};

/* Writes the new passphrase into the slot of the old one. The store is open meanwhile, so that no other command of ours
 * writes the key file. */
static int set_new_passphrase(struct passphrase_change *c, struct error *e)
{
    struct id session = id_new(clock_wall());
    struct store *store;
    int code = store_open_with(&store, c->folder, c->key, &session, e);
    if (code == 0 && (code = store_event_wrong(c->cli, store, &c->opened, e)) == 0)
        code = keyfile_change(c->keys, c->key, c->opened.slot,
                              &(struct keyfile_new_passphrase){
                                  {c->new, c->new_bytes}, .cost = KEYFILE_MEASURED, .link = store_link(store)},
                              e);
    store_close(store);
    return code;
}

static int change_passphrase(struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct passphrase_change c = {.cli = cli};
    int code;
    if ((code = find_keys(&c.folder, &c.keys, e)) != 0)
        goto out;
    if ((c.key = sodium_malloc(KEYFILE_KEY_BYTES)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((code = cli_secret(&(struct cli_secret_from){usage_text(call, "passphrase-file"),
                                                     usage_text(call, "passphrase-fd"), "The passphrase as it is: ", 0},
                           &c.old, &c.old_bytes, e)) != 0 ||
        (code = renewal_open(c.folder, (struct keyfile_passphrase){c.old, c.old_bytes}, c.key, &c.opened, e)) != 0 ||
        (code = cli_secret(&(struct cli_secret_from){usage_text(call, "new-passphrase-file"),
                                                     usage_text(call, "new-passphrase-fd"), "The new passphrase: ", 1},
                           &c.new, &c.new_bytes, e)) != 0 ||
        (code = set_new_passphrase(&c, e)) != 0)
        goto out;
    if (cli->json)
        json_answer(cli->out, "changed", 1);
    else
        fputs("the passphrase has been changed\n", cli->err);
out:
    cli_secret_free(c.new, c.new_bytes);
    cli_secret_free(c.old, c.old_bytes);
    sodium_free(c.key);
    free(c.keys);
    free(c.folder);
    return code;
}

const struct command command_passphrase = {
    .usage = {.name = "passphrase",
              .options = {USAGE_SECRET("", "the passphrase as it is"), USAGE_SECRET("new-", "the new passphrase")},
              .help = "change the passphrase",
              .example = "satchel passphrase"},
    .run = change_passphrase,
};
