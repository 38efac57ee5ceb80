/* `satcheld key`: the slots of the office's key file, and a new data key. */
#include "keyring_private.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "hidden.h"
#include "keyfile_print.h"
#include "recovery.h"
#include "rekey.h"
#include "secretfile.h"

/* What a command on the slots works with. */
struct keyring {
    const char *folder;
    const struct keyring_options *options;
    struct cli *cli;
    char *path;
    uint8_t *key; /* the data key, where it was opened */
    struct keyring_handed handed;
    struct keyfile_opened opened;
    const struct usage_call *call;
};

/* Reports wrong passphrases, on cli->err and by an event; opening the office writes the event. If a daemon runs, it has
 * the store, and only the words are said. */
static void tell_wrong(struct keyring *k)
{
    struct central *central = NULL;
    struct error ignored;
    if (k->opened.wrong == 0)
        return;
    (void)fprintf(k->cli->err, "Wrong passphrases since the last right one: %llu\n",
                  (unsigned long long)k->opened.wrong);
    if (central_open_key(&central, k->folder, k->key, &k->opened, &ignored) == 0)
        central_close(central);
}

/* Opens the data key. must_ask: as keyring_take's. */
static int open_ring(struct keyring *k, int must_ask, struct error *e)
{
    int code;
    if ((code = keyring_take(k->options, must_ask, &k->handed, e)) == 0 &&
        (code = keyring_open(k->path, &k->handed, k->key, &k->opened, e)) == 0 &&
        (code = keyring_settle(k->folder, k->path, &k->handed, k->key, &k->opened, e)) == 0)
        tell_wrong(k);
    return code;
}

static int list_slots(struct keyring *k, struct error *e)
{
    return keyfile_print(k->cli, k->path, e);
}

static int add_key(struct keyring *k, struct error *e)
{
    const char *label = usage_text(k->call, "label"), *out = usage_text(k->call, "out");
    int for_reports = usage_flag(k->call, "reports");
    uint8_t *secret;
    int code;
    if ((code = open_ring(k, 0, e)) != 0)
        return code;
    if ((secret = sodium_malloc(32)) == NULL)
        return error_memory(e);
    if ((code = secretfile_create(out, secret, e)) == 0 &&
        (code = for_reports ? keyfile_add_reports(k->path, k->key, label, secret, e)
                            : keyfile_add_secret(k->path, k->key, label, secret, e)) != 0)
        (void)unlink(out);
    sodium_free(secret);
    if (code == 0)
        (void)fprintf(
            k->cli->err,
            for_reports
                ? "%s reads all tables of the record: keep it where only the program that makes reports reads it.\n"
                : "%s opens the office without a passphrase: keep it where only the daemon reads it.\n",
            out);
    return code;
}

static int add_passphrase(struct keyring *k, struct error *e)
{
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    if ((code = open_ring(k, 0, e)) != 0 || (code = keyring_ask_fresh(k->options, &secret, &bytes, e)) != 0)
        return code;
    code = keyfile_add_passphrase(
        k->path, k->key,
        &(struct keyfile_new_passphrase){{secret, bytes}, usage_text(k->call, "label"), KEYFILE_MEASURED, NULL}, e);
    cli_secret_free(secret, bytes);
    return code;
}

static int change_passphrase(struct keyring *k, struct error *e)
{
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    if (k->options->key_file != NULL)
        return error_set(e, E_USAGE, "`key change` changes the passphrase that opens: hand that in, not a key file");
    /* Never the credential: the slot that opens is the one that changes. */
    if ((code = open_ring(k, 1, e)) != 0 || (code = keyring_ask_fresh(k->options, &secret, &bytes, e)) != 0)
        return code;
    code = keyfile_change(k->path, k->key, k->opened.slot,
                          &(struct keyfile_new_passphrase){{secret, bytes}, .cost = KEYFILE_MEASURED}, e);
    cli_secret_free(secret, bytes);
    if (code == 0)
        (void)fprintf(k->cli->err,
                      "The passphrase is changed. Old copies of %s still open with the old one; after a "
                      "compromise, `satcheld key rotate`.\n",
                      k->path);
    return code;
}

static int remove_slot(struct keyring *k, struct error *e)
{
    uint64_t number;
    int code;
    if (cli_number(k->call->words[0], "", 0, 255, &number, NULL) != 0)
        return error_set(e, E_USAGE, "%.60s is no number of a slot; `satcheld key list` has them", k->call->words[0]);
    if ((code = open_ring(k, 0, e)) != 0)
        return code;
    return keyfile_remove(k->path, k->key, (uint8_t)number, e);
}

/* --- a new data key --- */

/* What a rotation works with beside the ring. */
struct rotation {
    struct keyring *k;
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX]; /* as the log names them */
    size_t pair_count;
    int shows_progress;
    unsigned percent;
};

static int holds(void *context, const struct keyfile_pair *pair)
{
    const struct rotation *r = context;
    for (size_t i = 0; i < r->pair_count; i++)
        if (memcmp(&r->pairs[i], pair, sizeof *pair) == 0)
            return 1;
    return 0;
}

static void show_progress(void *context, uint64_t pages_done, uint64_t pages)
{
    struct rotation *r = context;
    unsigned percent = pages == 0 ? 100 : (unsigned)(pages_done * 100 / pages);
    if (!r->shows_progress || percent == r->percent)
        return;
    r->percent = percent;
    (void)fprintf(r->k->cli->err, "\rsealing anew: %u%%", percent);
    (void)fflush(r->k->cli->err);
}

/* Reads the officers from the log, which also proves that no daemon has the store. Opening updates the key file's
 * pairs. */
static int read_officers(struct rotation *r, struct error *e)
{
    struct central *central = NULL;
    int code = central_open_key(&central, r->k->folder, r->k->key, NULL, e);
    if (code == 0)
        code = recovery_pairs(central, r->pairs, &r->pair_count, e);
    central_close(central);
    return code;
}

/* The office's private keys are sealed under the new key, before the new database takes its place. */
static int renew_secrets(void *context, const char *db, const uint8_t old_key[KEYFILE_KEY_BYTES],
                         const uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    (void)context;
    return hidden_renew(db, old_key, key, e);
}

static int run_rekey(struct rotation *r, struct error *e)
{
    const struct keyring_handed *h = &r->k->handed;
    char *db = central_path(r->k->folder, "office.db");
    struct rekey_options o = {.db = db,
                              .keys = r->k->path,
                              .with = {{h->passphrase, h->passphrase_bytes}, h->secret},
                              .cost = KEYFILE_MEASURED,
                              .now_ms = clock_wall(),
                              .holds = holds,
                              .progress = show_progress,
                              .renew = renew_secrets,
                              .context = r};
    int code = db == NULL ? error_memory(e) : rekey_run(&o, r->k->key, NULL, e);
    free(db);
    if (r->shows_progress)
        (void)fputs("\n", r->k->cli->err);
    return code;
}

/* Lists the passphrases and keys that were there before and are not now: their owners need new ones. */
static int print_dropped(struct keyring *k, const struct keyfile_slot *before, size_t count, struct error *e)
{
    struct keyfile_slot now[KEYFILE_SLOTS_MAX];
    size_t now_count = 0;
    int code = keyfile_list(k->path, now, KEYFILE_SLOTS_MAX, &now_count, e);
    for (size_t i = 0; code == 0 && i < count; i++) {
        size_t j = 0;
        while (j < now_count && (now[j].type != before[i].type || strcmp(now[j].label, before[i].label) != 0))
            j++;
        if (j < now_count || (before[i].type != KEYFILE_PASSPHRASE && before[i].type != KEYFILE_SECRET &&
                              before[i].type != KEYFILE_REPORTS))
            continue;
        (void)fputs("opens nothing any more: ", k->cli->err);
        keyfile_print_slot(k->cli->err, &before[i]);
    }
    return code;
}

static int rotate_key(struct keyring *k, struct error *e)
{
    struct rotation r = {.k = k, .percent = UINT_MAX};
    struct keyfile_slot before[KEYFILE_SLOTS_MAX];
    struct central *central = NULL;
    size_t count = 0;
    int code;
    r.shows_progress = !k->cli->json && isatty(STDERR_FILENO);
    if ((code = open_ring(k, 0, e)) != 0 || (code = read_officers(&r, e)) != 0 ||
        (code = keyfile_list(k->path, before, KEYFILE_SLOTS_MAX, &count, e)) != 0 || (code = run_rekey(&r, e)) != 0 ||
        (code = central_open_key(&central, k->folder, k->key, NULL, e)) != 0)
        return code;
    /* A backup is not written, and the office's own key is not new. */
    code = central->backup_size != 0 ? 0 : central_event(central, "new data key", 1, 0, NULL, e);
    central_close(central);
    if (code != 0 || (code = print_dropped(k, before, count, e)) != 0)
        return code;
    (void)fputs("The office has a new data key. Old copies of office.keys open nothing that is written from now on.\n",
                k->cli->err);
    return 0;
}

const struct keyring_command keyring_list = {
    .usage = {.group = "key",
              .name = "list",
              .help = "list what opens the office's key file",
              .example = "satcheld key list /srv/office"},
    .ring = list_slots,
};

const struct keyring_command keyring_add = {
    .usage = {.group = "key",
              .name = "add",
              .options = {{.name = "label", .value = "NAME", .help = "what it is for", .required = 1},
                          {.name = "out", .value = "FILE", .help = "where it goes", .required = 1},
                          {.name = "reports", .help = "it reads the tables, and opens nothing else"}},
              .help = "make a key in a file, for the daemon or for reports",
              .more = "satcheld takes it with --key-file, or as systemd's credential satchel-office-key. One made with "
                      "--reports\n"
                      "is for satchel_vault.so alone: it opens neither the office nor its private keys.",
              .example = "satcheld key add /srv/office --label daemon --out /etc/satchel/office.key"},
    .ring = add_key,
};

const struct keyring_command keyring_passphrase = {
    .usage = {.group = "key",
              .name = "passphrase",
              .options = {{.name = "label", .value = "NAME", .help = "whose it is", .required = 1},
                          USAGE_SECRET("new-", "the new passphrase")},
              .help = "add another person's passphrase, beside those that there are",
              .example = "satcheld key passphrase /srv/office --label maria"},
    .ring = add_passphrase,
};

const struct keyring_command keyring_change = {
    .usage = {.group = "key",
              .name = "change",
              .options = {USAGE_SECRET("new-", "the new passphrase")},
              .help = "change the passphrase that is handed in",
              .example = "satcheld key change /srv/office"},
    .ring = change_passphrase,
};

const struct keyring_command keyring_remove = {
    .usage = {.group = "key",
              .name = "remove",
              .words = "NUMBER",
              .help = "remove a key or a passphrase: it opens nothing any more",
              .more = "NUMBER is the one that `satcheld key list` shows.",
              .example = "satcheld key remove /srv/office 3"},
    .ring = remove_slot,
};

const struct keyring_command keyring_rotate = {
    .usage = {.group = "key",
              .name = "rotate",
              .help = "change the data key, if somebody may have copied it; the daemon must not run",
              .more =
                  "From then on what was handed in opens the office, and the recovery officers do, and nothing else.",
              .example = "satcheld key rotate /srv/office"},
    .ring = rotate_key,
};

int keyring_work(const struct keyring_command *command, struct usage_call *call, struct error *e)
{
    struct keyring_options options;
    struct keyring k = {.folder = call->folder, .options = &options, .cli = call->cli, .call = call};
    int code;
    keyring_options_of(call, &options);
    if (command->run != NULL)
        return command->run(call, &options, e);
    if ((code = keyring_find(k.folder, &k.path, e)) != 0)
        return code;
    k.key = sodium_malloc(KEYFILE_KEY_BYTES);
    code = k.key == NULL ? error_memory(e) : command->ring(&k, e);
    keyring_forget(&k.handed);
    sodium_free(k.key);
    free(k.path);
    return code;
}
