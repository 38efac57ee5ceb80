/* `satcheld key`: the slots of the office's key file, and a new data key. */
#include "keyring_private.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
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
    const char *label, *out, *word; /* --label, --out, and the word after the subcommand */
};

/* Wrong passphrases are told once, by the one that opens. A daemon that runs holds the store; then in words alone. */
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

/* must_ask: with a passphrase, whatever systemd has. */
static int open_ring(struct keyring *k, int must_ask, struct error *e)
{
    int code;
    if ((code = keyring_take(k->options, must_ask, &k->handed, e)) == 0 &&
        (code = keyring_open(k->path, &k->handed, k->key, &k->opened, e)) == 0 &&
        (code = keyring_settle(k->folder, k->path, &k->handed, k->key, &k->opened, e)) == 0)
        tell_wrong(k);
    return code;
}

static const char *slot_name(const struct keyfile_slot *slot)
{
    static const char *const names[] = {"?", "passphrase", "recovery", "lease", "key file", "attempts"};
    return names[slot->type < sizeof names / sizeof *names ? slot->type : 0];
}

static void slot_json(struct json *j, const struct keyfile_slot *slot)
{
    json_object(j);
    json_uint(json_key(j, "number"), slot->number);
    json_text(json_key(j, "type"), slot_name(slot));
    json_text(json_key(j, "label"), slot->label);
    if (slot->type == KEYFILE_RECOVERY)
        json_ids(json_key(j, "officers"), slot->officers, 2);
    json_end(j);
}

static void slot_words(FILE *out, const struct keyfile_slot *slot)
{
    char one[ID_TEXT], two[ID_TEXT];
    (void)fprintf(out, "%3u  %-10s  ", slot->number, slot_name(slot));
    if (slot->type == KEYFILE_RECOVERY) {
        id_format(&slot->officers[0], one);
        id_format(&slot->officers[1], two);
        (void)fprintf(out, "%s and %s", one, two);
    }
    cli_line(out, slot->label);
    (void)fputs("\n", out);
}

static int list(struct keyring *k, struct error *e)
{
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    struct json j = json_start(k->cli->out);
    size_t count = 0;
    int json = k->cli->json, code = keyfile_list(k->path, slots, sizeof slots / sizeof *slots, &count, e);
    if (code != 0)
        return code;
    if (json)
        json_array(&j);
    for (size_t i = 0; i < count; i++) {
        if (slots[i].type == KEYFILE_ATTEMPTS)
            continue;
        if (json)
            slot_json(&j, &slots[i]);
        else
            slot_words(k->cli->out, &slots[i]);
    }
    if (json)
        json_end(&j);
    return 0;
}

static int add(struct keyring *k, struct error *e)
{
    uint8_t *secret;
    int code;
    if (k->label == NULL || k->out == NULL)
        return error_set(e, E_USAGE, "a key needs --label NAME, what it is for, and --out FILE, where it goes");
    if ((code = open_ring(k, 0, e)) != 0)
        return code;
    if ((secret = sodium_malloc(32)) == NULL)
        return error_memory(e);
    if ((code = secretfile_create(k->out, secret, e)) == 0 &&
        (code = keyfile_add_secret(k->path, k->key, k->label, secret, e)) != 0)
        (void)unlink(k->out);
    sodium_free(secret);
    if (code == 0)
        (void)fprintf(k->cli->err,
                      "%s opens the office without a passphrase: keep it where only the daemon reads it.\n", k->out);
    return code;
}

static int passphrase(struct keyring *k, struct error *e)
{
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    if (k->label == NULL)
        return error_set(e, E_USAGE, "a passphrase needs --label NAME: whose it is");
    if ((code = open_ring(k, 0, e)) != 0 || (code = keyring_ask_fresh(k->options, &secret, &bytes, e)) != 0)
        return code;
    code = keyfile_add_passphrase(
        k->path, k->key, &(struct keyfile_new_passphrase){{secret, bytes}, k->label, KEYFILE_MEASURED, NULL}, e);
    cli_secret_free(secret, bytes);
    return code;
}

static int change(struct keyring *k, struct error *e)
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
    char *end = NULL;
    unsigned long number;
    int code;
    if (k->word == NULL)
        return error_set(e, E_USAGE, "usage: satcheld key remove DIR NUMBER; `satcheld key list` has the numbers");
    number = strtoul(k->word, &end, 10);
    if (*k->word < '0' || *k->word > '9' || *end != 0 || number > 255)
        return error_set(e, E_USAGE, "%s is no number of a slot; `satcheld key list` has them", k->word);
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

/* The officers, from the log, and that no daemon holds the store. Opening also puts the key file in step with them. */
static int read_officers(struct rotation *r, struct error *e)
{
    struct central *central = NULL;
    int code = central_open_key(&central, r->k->folder, r->k->key, NULL, e);
    if (code == 0)
        code = recovery_pairs(central, r->pairs, &r->pair_count, e);
    central_close(central);
    return code;
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
                              .context = r};
    int code = db == NULL ? error_memory(e) : rekey_run(&o, r->k->key, NULL, e);
    free(db);
    if (r->shows_progress)
        (void)fputs("\n", r->k->cli->err);
    return code;
}

/* The passphrases and keys that were there before and are not now: whoever had them has to get new ones. */
static int print_dropped(struct keyring *k, const struct keyfile_slot *before, size_t count, struct error *e)
{
    struct keyfile_slot now[KEYFILE_SLOTS_MAX];
    size_t now_count = 0;
    int code = keyfile_list(k->path, now, KEYFILE_SLOTS_MAX, &now_count, e);
    for (size_t i = 0; code == 0 && i < count; i++) {
        size_t j = 0;
        while (j < now_count && (now[j].type != before[i].type || strcmp(now[j].label, before[i].label) != 0))
            j++;
        if (j < now_count || (before[i].type != KEYFILE_PASSPHRASE && before[i].type != KEYFILE_SECRET))
            continue;
        (void)fputs("opens nothing any more: ", k->cli->err);
        slot_words(k->cli->err, &before[i]);
    }
    return code;
}

static int rotate(struct keyring *k, struct error *e)
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

static const struct {
    const char *name;
    int (*run)(struct keyring *k, struct error *e);
} commands[] = {{"list", list},          {"add", add},      {"passphrase", passphrase}, {"change", change},
                {"remove", remove_slot}, {"rotate", rotate}};

const char keyring_help[] =
    "  satcheld key list DIR\n"
    "        what opens the office's key file\n"
    "  satcheld key add DIR --label NAME --out FILE\n"
    "        a key in a file, for the daemon (--key-file, or systemd's credentials) or for reports\n"
    "  satcheld key passphrase DIR --label NAME\n"
    "        another person's passphrase, beside those that there are\n"
    "  satcheld key change DIR\n"
    "        a new passphrase in place of the one that is handed in\n"
    "  satcheld key remove DIR NUMBER\n"
    "        from now on this key or passphrase opens nothing\n"
    "  satcheld key rotate DIR\n"
    "        after a compromise: a new data key, under what was handed in and the officers alone; the daemon must not "
    "run\n"
    "  satcheld recover DIR --officer FILE --officer FILE\n"
    "        two recovery officers set a new passphrase; the daemon must not run\n";

int keyring_command(const char *folder, const struct keyring_options *o, int argc, char **argv, struct cli *cli,
                    struct error *e)
{
    struct keyring k = {.folder = folder, .options = o, .cli = cli};
    const struct cli_option options[] = {
        {"label", &k.label, NULL}, {"out", &k.out, NULL}, {"json", NULL, &cli->json}, {NULL, NULL, NULL}};
    size_t which = 0;
    int code, words;
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    while (which < sizeof commands / sizeof *commands && strcmp(commands[which].name, argv[1]) != 0)
        which++;
    if (which == sizeof commands / sizeof *commands)
        return error_set(e, E_USAGE, "satcheld does not know `key %s`; see satcheld --help", argv[1]);
    words = strcmp(argv[1], "remove") == 0;
    if (argc > 2 + words)
        return error_set(e, E_USAGE, "satcheld key %s does not know %s; see satcheld --help", argv[1], argv[2 + words]);
    k.word = argc > 2 ? argv[2] : NULL;
    if ((code = keyring_find(folder, &k.path, e)) != 0)
        return code;
    k.key = sodium_malloc(KEYFILE_KEY_BYTES);
    code = k.key == NULL ? error_memory(e) : commands[which].run(&k, e);
    keyring_forget(&k.handed);
    sodium_free(k.key);
    free(k.path);
    return code;
}
