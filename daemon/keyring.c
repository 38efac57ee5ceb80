#include "keyring.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "keyfile.h"
#include "secretfile.h"

static const char credential[] = "satchel-office-key"; /* its name in $CREDENTIALS_DIRECTORY */

static int no_memory(struct error *e)
{
    return error_set(e, E_MEMORY, "there is no memory left; stop other programs and try again");
}

/* The path of the key file, which must be there. Freed with free. */
static int find_keys(const char *folder, char **path, struct error *e)
{
    struct stat there;
    *path = central_path(folder, "office.keys");
    if (*path == NULL)
        return no_memory(e);
    if (stat(*path, &there) == 0)
        return 0;
    free(*path);
    *path = NULL;
    return error_set(e, E_NO_STORE, "there is no office in %s; `satcheld init %s` sets one up", folder, folder);
}

/* --- opening --- */

static int ask(const struct keyring_secret *from, const char *prompt, int confirm, char **secret, size_t *bytes,
               struct error *e)
{
    return cli_secret(from->file, from->fd, prompt, confirm, secret, bytes, e);
}

static int open_with_passphrase(const char *path, const struct keyring_options *o, uint8_t key[KEYFILE_KEY_BYTES],
                                struct keyfile_opened *opened, struct error *e)
{
    char *secret = NULL;
    size_t bytes = 0;
    int code = ask(&o->office, "Passphrase of the office: ", 0, &secret, &bytes, e);
    if (code != 0)
        return code;
    code = keyfile_open(path, secret, bytes, clock_wall(), key, opened, e);
    cli_secret_free(secret, bytes);
    return code;
}

static int open_with_file(const char *path, const char *key_file, uint8_t key[KEYFILE_KEY_BYTES], struct error *e)
{
    uint8_t *secret = sodium_malloc(32);
    int code;
    if (secret == NULL)
        return no_memory(e);
    if ((code = secretfile_read(key_file, secret, e)) == 0)
        code = keyfile_open_secret(path, secret, key, e);
    sodium_free(secret);
    return code;
}

/* What systemd handed over; NULL where it did not. Freed with free. */
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

static int open_keys(const char *path, const struct keyring_options *o, uint8_t key[KEYFILE_KEY_BYTES],
                     struct keyfile_opened *opened, struct error *e)
{
    int has_passphrase = o->office.file != NULL || o->office.fd != NULL, code;
    char *handed_over = NULL;
    memset(opened, 0, sizeof *opened);
    if (o->key_file != NULL && has_passphrase)
        return error_set(e, E_USAGE, "the office is opened with --key-file or with a passphrase, not with both");
    if (o->key_file == NULL && !has_passphrase)
        handed_over = find_credential();
    if (o->key_file != NULL || handed_over != NULL)
        code = open_with_file(path, o->key_file != NULL ? o->key_file : handed_over, key, e);
    else
        code = open_with_passphrase(path, o, key, opened, e);
    free(handed_over);
    return code;
}

int keyring_open_office(const char *folder, const struct keyring_options *o, struct central **out, struct error *e)
{
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES);
    struct keyfile_opened opened;
    char *path = NULL;
    int code;
    *out = NULL;
    if (key == NULL)
        code = no_memory(e);
    else if ((code = find_keys(folder, &path, e)) == 0 && (code = open_keys(path, o, key, &opened, e)) == 0)
        code = central_open_key(out, folder, key, &opened, e);
    sodium_free(key);
    free(path);
    return code;
}

/* --- the slots --- */

/* What a command on the slots works with. */
struct keyring {
    const char *folder;
    const struct keyring_options *options;
    struct cli *cli;
    char *path;
    uint8_t *key; /* the data key, where it was opened */
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

static int open_ring(struct keyring *k, struct error *e)
{
    int code = open_keys(k->path, k->options, k->key, &k->opened, e);
    if (code == 0)
        tell_wrong(k);
    return code;
}

static void print_slot(FILE *out, const struct keyfile_slot *slot, int json)
{
    static const char *const names[] = {"?", "passphrase", "recovery", "lease", "key file", "attempts"};
    const char *name = names[slot->type < sizeof names / sizeof *names ? slot->type : 0];
    char one[ID_TEXT], two[ID_TEXT];
    id_format(&slot->officers[0], one);
    id_format(&slot->officers[1], two);
    if (json) {
        (void)fprintf(out, "{\"number\": %u, \"type\": \"%s\", \"label\": ", slot->number, name);
        cli_json_text(out, slot->label, strlen(slot->label));
        if (slot->type == KEYFILE_RECOVERY)
            (void)fprintf(out, ", \"officers\": [\"%s\", \"%s\"]", one, two);
        (void)fputs("}", out);
        return;
    }
    (void)fprintf(out, "%3u  %-10s  ", slot->number, name);
    if (slot->type == KEYFILE_RECOVERY)
        (void)fprintf(out, "%s and %s", one, two);
    cli_line(out, slot->label);
    (void)fputs("\n", out);
}

static int list(struct keyring *k, struct error *e)
{
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    size_t count = 0, shown = 0;
    int json = k->cli->json, code = keyfile_list(k->path, slots, sizeof slots / sizeof *slots, &count, e);
    if (code != 0)
        return code;
    (void)fputs(json ? "[" : "", k->cli->out);
    for (size_t i = 0; i < count; i++) {
        if (slots[i].type == KEYFILE_ATTEMPTS)
            continue;
        (void)fputs(!json ? "" : shown++ == 0 ? "\n" : ",\n", k->cli->out);
        print_slot(k->cli->out, &slots[i], json);
    }
    (void)fputs(json ? "\n]\n" : "", k->cli->out);
    return 0;
}

static int add(struct keyring *k, struct error *e)
{
    uint8_t *secret;
    int code;
    if (k->label == NULL || k->out == NULL)
        return error_set(e, E_USAGE, "a key needs --label NAME, what it is for, and --out FILE, where it goes");
    if ((code = open_ring(k, e)) != 0)
        return code;
    if ((secret = sodium_malloc(32)) == NULL)
        return no_memory(e);
    if ((code = secretfile_create(k->out, secret, e)) == 0 &&
        (code = keyfile_add_secret(k->path, k->key, k->label, secret, e)) != 0)
        (void)unlink(k->out);
    sodium_free(secret);
    if (code == 0)
        (void)fprintf(k->cli->err,
                      "%s opens the office without a passphrase: keep it where only the daemon reads it.\n", k->out);
    return code;
}

static int ask_fresh(const struct keyring_options *o, char **secret, size_t *bytes, struct error *e)
{
    return ask(&o->fresh, "New passphrase of the office: ", 1, secret, bytes, e);
}

static int passphrase(struct keyring *k, struct error *e)
{
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    if (k->label == NULL)
        return error_set(e, E_USAGE, "a passphrase needs --label NAME: whose it is");
    if ((code = open_ring(k, e)) != 0 || (code = ask_fresh(k->options, &secret, &bytes, e)) != 0)
        return code;
    code = keyfile_add_passphrase(k->path, k->key, k->label, secret, bytes, KEYFILE_MEASURED, NULL, e);
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
    if ((code = open_with_passphrase(k->path, k->options, k->key, &k->opened, e)) != 0)
        return code;
    tell_wrong(k);
    if ((code = ask_fresh(k->options, &secret, &bytes, e)) != 0)
        return code;
    code = keyfile_change(k->path, k->key, k->opened.slot, secret, bytes, KEYFILE_MEASURED, NULL, e);
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
    if ((code = open_ring(k, e)) != 0)
        return code;
    return keyfile_remove(k->path, k->key, (uint8_t)number, e);
}

static const struct {
    const char *name;
    int (*run)(struct keyring *k, struct error *e);
} commands[] = {{"list", list}, {"add", add}, {"passphrase", passphrase}, {"change", change}, {"remove", remove_slot}};

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
    if ((code = find_keys(folder, &k.path, e)) != 0)
        return code;
    k.key = sodium_malloc(KEYFILE_KEY_BYTES);
    code = k.key == NULL ? no_memory(e) : commands[which].run(&k, e);
    sodium_free(k.key);
    free(k.path);
    return code;
}

/* --- officers --- */

int keyring_officer(const char *path, const char *login, const struct keyring_options *o, char public_hex[65],
                    struct error *e)
{
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES), public_key[32];
    char *secret = NULL, label[KEYFILE_LABEL_MAX + 1];
    size_t bytes = 0;
    int code;
    (void)snprintf(label, sizeof label, "%.*s", KEYFILE_LABEL_MAX, login);
    if (key == NULL)
        return no_memory(e);
    if ((code = ask(&o->officer, "Passphrase of the officer (for the officer to type): ", 1, &secret, &bytes, e)) == 0)
        code = keyfile_create(path, label, secret, bytes, KEYFILE_MEASURED, key, e);
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
        if ((code = ask(from[i], prompt, 0, &secret, &bytes, e)) == 0 &&
            (code = keyfile_open(files[i], secret, bytes, clock_wall(), r->secrets[i], NULL, e)) != 0)
            (void)error_prefix(e, "%.200s", files[i]);
        cli_secret_free(secret, bytes);
    }
    return code != 0 ? code : keyfile_open_recovery(keys, r->secrets[0], r->secrets[1], r->key, r->officers, e);
}

/* A new passphrase in the slot that the office was set up with, or in a new one where that is gone. */
static int set_passphrase(const char *keys, const uint8_t key[KEYFILE_KEY_BYTES], const char *secret, size_t bytes,
                          struct error *e)
{
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    size_t count = 0;
    int code = keyfile_list(keys, slots, sizeof slots / sizeof *slots, &count, e);
    if (code != 0)
        return code;
    for (size_t i = 0; i < count; i++)
        if (slots[i].type == KEYFILE_PASSPHRASE && strcmp(slots[i].label, CENTRAL_KEY_LABEL) == 0)
            return keyfile_change(keys, key, slots[i].number, secret, bytes, KEYFILE_MEASURED, NULL, e);
    return keyfile_add_passphrase(keys, key, CENTRAL_KEY_LABEL, secret, bytes, KEYFILE_MEASURED, NULL, e);
}

/* Takes both `--officer FILE` out of argv. */
static int officer_files(int *argc, char **argv, const char *files[2], struct error *e)
{
    int found = 0, json = 0, code;
    const struct cli_option options[] = {{"json", NULL, &json}, {NULL, NULL, NULL}};
    for (int i = 1; i + 1 < *argc;) {
        if (strcmp(argv[i], "--officer") != 0) {
            i++;
            continue;
        }
        if (found == 2)
            return error_set(e, E_USAGE, "a recovery takes two officers, not more");
        files[found++] = argv[i + 1];
        memmove(&argv[i], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof *argv);
        *argc -= 2;
    }
    if ((code = cli_options(argc, argv, options, e)) != 0)
        return code;
    if (found != 2)
        return error_set(e, E_USAGE, "a recovery takes two officers: --officer FILE --officer FILE");
    if (*argc != 1)
        return error_set(e, E_USAGE, "satcheld recover does not know %s; see satcheld --help", argv[1]);
    return 0;
}

int keyring_recover(const char *folder, const struct keyring_options *o, int argc, char **argv, const struct cli *cli,
                    struct error *e)
{
    struct recovering *r = sodium_malloc(sizeof *r);
    const char *files[2] = {NULL, NULL};
    struct central *central = NULL;
    char *keys = NULL, *secret = NULL;
    size_t bytes = 0;
    int code;
    if (r == NULL)
        return no_memory(e);
    if ((code = officer_files(&argc, argv, files, e)) != 0 || (code = find_keys(folder, &keys, e)) != 0 ||
        (code = open_officers(r, keys, files, o, e)) != 0 || (code = ask_fresh(o, &secret, &bytes, e)) != 0 ||
        /* The store is ours before anything changes: no daemon runs. */
        (code = central_open_key(&central, folder, r->key, NULL, e)) != 0 ||
        (code = set_passphrase(keys, r->key, secret, bytes, e)) != 0)
        goto out;
    if ((code = central_event(central, "recovered", 1, 0, r->officers, e)) == 0)
        (void)fputs("The office opens with the new passphrase.\n", cli->err);
out:
    central_close(central);
    cli_secret_free(secret, bytes);
    free(keys);
    sodium_free(r);
    return code;
}
