/* `satchel key`: lists, adds and removes the passphrases that open this store, and changes its data key. */
#include "command.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "json.h"
#include "keyfile.h"
#include "keyfile_print.h"
#include "officers.h"
#include "rekey.h"
#include "renewal.h"
#include "store.h"
#include "store_event.h"
#include "sync_lock.h"

struct key_task {
    const struct cli *cli;
    const struct usage_call *call;
    char *folder, *keys, *db;
    uint8_t office_key[32]; /* Ed25519, of its log: rotate */
};

/* --- list --- */

static int list_slots(struct key_task *t, struct error *e)
{
    return keyfile_print(t->cli, t->keys, e);
}

/* --- add, remove: with the agent's key --- */

static int add_passphrase(struct key_task *t, struct error *e)
{
    const char *label = usage_text(t->call, "label");
    struct store *s = NULL;
    char *passphrase = NULL;
    size_t bytes = 0;
    int code;
    if (label[0] == '\0')
        return error_set(e, E_USAGE, "say whose passphrase it is: `satchel key add --label NAME`");
    if ((code = store_open(&s, e)) == 0 &&
        (code =
             cli_secret(&(struct cli_secret_from){usage_text(t->call, "passphrase-file"),
                                                  usage_text(t->call, "passphrase-fd"), "The passphrase to add: ", 1},
                        &passphrase, &bytes, e)) == 0)
        code = keyfile_add_passphrase(
            t->keys, s->key,
            &(struct keyfile_new_passphrase){{passphrase, bytes}, label, KEYFILE_MEASURED, store_link(s)}, e);
    cli_secret_free(passphrase, bytes);
    store_close(s);
    if (code == 0 && t->cli->json)
        json_answer(t->cli->out, "added", 1);
    else if (code == 0)
        fprintf(t->cli->err, "this store opens with that passphrase too\n");
    return code;
}

static int remove_slot(struct key_task *t, struct error *e)
{
    struct store *s = NULL;
    uint64_t n;
    int code;
    if (cli_number(t->call->words[0], "", 0, 255, &n, NULL) != 0)
        return error_set(e, E_USAGE, "key remove takes a number; `satchel key list` shows them");
    if ((code = store_open(&s, e)) == 0)
        code = keyfile_remove(t->keys, s->key, (uint8_t)n, e);
    store_close(s);
    if (code == 0 && t->cli->json)
        json_answer(t->cli->out, "removed", 1);
    else if (code == 0)
        fputs("removed; a copy of the key file that somebody made before still opens the store: `satchel key rotate` "
              "ends "
              "that\n",
              t->cli->err);
    return code;
}

/* --- rotate --- */

/* 1: the office signed this pair of officers, so it is carried over. The office's key comes from the store itself. */
static int holds(void *context, const struct keyfile_pair *pair)
{
    const struct key_task *t = context;
    uint8_t bytes[OFFICERS_PAIR_BYTES];
    struct keyfile_pair again[KEYFILE_PAIRS_MAX];
    size_t count;
    officers_pack(pair, bytes);
    return officers_read((struct slice){bytes, sizeof bytes}, t->office_key, again, &count, NULL) == 0;
}

static void progress(void *context, uint64_t done, uint64_t all)
{
    const struct key_task *t = context;
    if (t->cli->err == stderr && isatty(STDERR_FILENO) && (done % 256 == 0 || done == all))
        fprintf(t->cli->err, "\r%llu of %llu pages%s", (unsigned long long)done, (unsigned long long)all,
                done == all ? "\r\033[K" : "");
}

/* Reads the office's key from the store, and tells of wrong passphrases. The store is closed again, since a new data
 * key needs it closed. */
static int read_office(struct key_task *t, const uint8_t *key, const struct keyfile_opened *opened, struct error *e)
{
    struct id session = id_new(clock_wall());
    struct store *s = NULL;
    int code = store_open_with(&s, t->folder, key, &session, e);
    if (code == 0 && (code = store_event_wrong(t->cli, s, opened, e)) == 0)
        memcpy(t->office_key, s->office_key.public_key, sizeof t->office_key);
    store_close(s);
    return code;
}

/* Writes down in the log that the data key was changed. */
static int tell_rotated(const struct key_task *t, const uint8_t *key, struct error *e)
{
    struct event event = {.what = "new data key", .at_ms = clock_wall()};
    struct id session = id_new(clock_wall());
    struct store *s = NULL;
    int code;
    if ((code = store_open_with(&s, t->folder, key, &session, e)) == 0)
        code = store_event_write(s, &event, e);
    store_close(s);
    return code;
}

static void say_rotated(const struct key_task *t, size_t dropped)
{
    if (t->cli->json) {
        struct json j = json_start(t->cli->out);
        json_object(&j);
        json_flag(json_key(&j, "rotated"), 1);
        json_uint(json_key(&j, "dropped"), dropped);
        json_end(&j);
        return;
    }
    fputs("the store has a new data key\n", t->cli->err);
    if (dropped != 0)
        fprintf(t->cli->err,
                "the passphrases of %zu others could not be carried over: add them again with `satchel key add`\n",
                dropped);
    fputs("next: `satchel unlock`\n", t->cli->err);
}

/* Locks the store first, so that nobody else works on it; a sync that waits for the office would find another key. */
static int rotate_key(struct key_task *t, struct error *e)
{
    struct rekey_options options = {.db = t->db,
                                    .keys = t->keys,
                                    .cost = KEYFILE_MEASURED,
                                    .now_ms = clock_wall(),
                                    .holds = holds,
                                    .progress = progress,
                                    .context = t};
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES);
    struct keyfile_opened opened;
    char *passphrase = NULL;
    size_t bytes = 0, dropped = 0;
    int code, was, lock = -1;
    if (key == NULL)
        return error_memory(e);
    if ((code = sync_lock_take(t->folder, &lock, e)) == 0 &&
        (code = cli_secret(&(struct cli_secret_from){usage_text(t->call, "passphrase-file"),
                                                     usage_text(t->call, "passphrase-fd"), "Passphrase: ", 0},
                           &passphrase, &bytes, e)) == 0 &&
        (code = renewal_open(t->folder, (struct keyfile_passphrase){passphrase, bytes}, key, &opened, e)) == 0 &&
        (code = agent_stop(t->folder, &was, e)) == 0 && (code = read_office(t, key, &opened, e)) == 0) {
        options.with.passphrase = (struct keyfile_passphrase){passphrase, bytes};
        if ((code = rekey_run(&options, key, &dropped, e)) == 0)
            code = tell_rotated(t, key, e);
    }
    sync_lock_free(lock);
    cli_secret_free(passphrase, bytes);
    sodium_free(key);
    if (code == 0)
        say_rotated(t, dropped);
    return code;
}

/* Works on the key file of this laptop's store. */
static int work_on_keys(struct usage_call *call, int (*work)(struct key_task *t, struct error *e), struct error *e)
{
    struct key_task t = {.cli = call->cli, .call = call};
    int code;
    if ((code = store_folder(&t.folder, e)) != 0 || (code = store_check(t.folder, e)) != 0)
        goto out;
    t.keys = store_path(t.folder, STORE_KEYS);
    t.db = store_path(t.folder, STORE_DB);
    if (t.keys == NULL || t.db == NULL)
        code = error_memory(e);
    else
        code = work(&t, e);
out:
    free(t.db);
    free(t.keys);
    free(t.folder);
    return code;
}

static int key_list(struct usage_call *call, struct error *e)
{
    return work_on_keys(call, list_slots, e);
}

static int key_add(struct usage_call *call, struct error *e)
{
    return work_on_keys(call, add_passphrase, e);
}

static int key_remove(struct usage_call *call, struct error *e)
{
    return work_on_keys(call, remove_slot, e);
}

static int key_rotate(struct usage_call *call, struct error *e)
{
    return work_on_keys(call, rotate_key, e);
}

const struct command command_key_list = {
    .usage = {.group = "key", .name = "list", .help = "list what opens the store", .example = "satchel key list"},
    .run = key_list,
};

const struct command command_key_add = {
    .usage = {.group = "key",
              .name = "add",
              .options = {{.name = "label", .value = "NAME", .help = "whose passphrase it is", .required = 1},
                          USAGE_SECRET("", "the passphrase to add")},
              .help = "add another person's passphrase",
              .example = "satchel key add --label ben"},
    .run = key_add,
};

const struct command command_key_remove = {
    .usage = {.group = "key",
              .name = "remove",
              .words = "NUMBER",
              .help = "remove a passphrase: it opens nothing any more",
              .more = "NUMBER is the one that `satchel key list` shows.",
              .example = "satchel key remove 3"},
    .run = key_remove,
};

const struct command command_key_rotate = {
    .usage =
        {.group = "key",
         .name = "rotate",
         .options = {USAGE_SECRET("", "the passphrase that opens the store")},
         .help = "change the data key, if somebody may have copied it",
         .more =
             "Every page of the store is sealed under a new key. Passphrases of other persons have to be added again.",
         .example = "satchel key rotate"},
    .run = key_rotate,
};
