/* satcheld: the office's program. `init`, `run`, `recover` and `key` work on the folder themselves; every other command
 * is a task, which a running daemon carries out for us, or which we carry out on the store where none runs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "central.h"
#include "cli.h"
#include "error.h"
#include "keyring.h"
#include "operator.h"
#include "server.h"
#include "task.h"
#include "vault.h"

static const char usage[] = "satcheld: the office of Satchel\n"
                            "\n"
                            "  satcheld init DIR --name NAME --admin LOGIN --admin-name NAME\n"
                            "        set up an office in an empty folder\n"
                            "  satcheld run DIR [--listen ADDRESS] [--port N] [--ready FILE]\n"
                            "        take laptops' connections (all addresses, port 7411)\n"
                            "\n"
                            "These work on the office's key file, whether or not a daemon runs:\n"
                            "\n";

static const char tasks[] = "\n"
                            "These go to the daemon where one runs for DIR, else to the store itself:\n"
                            "\n";

static const char secrets[] =
    "\n"
    "The office's passphrase is asked for on the terminal, or read with --passphrase-file FILE or --passphrase-fd N.\n"
    "Instead of it, --key-file FILE takes a key that `satcheld key add` made; systemd's credential satchel-office-key "
    "is\n"
    "found without an option. Other passphrases come the same way, with a word before: --new-passphrase-file (key\n"
    "passphrase, key change, recover), --officer-passphrase-file (officer add), --first-passphrase-file and\n"
    "--second-passphrase-file (recover), --archive-passphrase-file (archive); or -fd. --json prints one JSON value.\n"
    "Exit status: 0 done; 1 done, and something waits for a person; 2 could not; 10 no store; 12 wrong passphrase;\n"
    "13 the log or the store failed its verification; 128+n a signal.\n"
    "Example: satcheld user add /srv/office anna --name 'Anna Berg' --role 'case manager'\n";

/* The options that satcheld itself takes; all others are the task's. */
struct options {
    struct keyring_options keys;
    struct keyring_secret archive;
    const char *name, *admin, *admin_name, *listen, *port, *ready;
    int json;
};

/* Takes `--name VALUE` or `--name=VALUE` out of argv. */
static int take(int *argc, char **argv, const char *name, const char **value, struct error *e)
{
    size_t length = strlen(name);
    for (int i = 1; i < *argc; i++) {
        int words = 0;
        if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, name, length) != 0)
            continue;
        if (argv[i][2 + length] == '=') {
            *value = argv[i] + 2 + length + 1;
            words = 1;
        } else if (argv[i][2 + length] == 0) {
            if (i + 1 == *argc)
                return error_set(e, E_USAGE, "--%s wants a value", name);
            *value = argv[i + 1];
            words = 2;
        }
        if (words != 0) {
            memmove(&argv[i], &argv[i + words], (size_t)(*argc - i - words + 1) * sizeof *argv);
            *argc -= words;
            i--;
        }
    }
    return 0;
}

static int init(const char *folder, const struct options *o, const struct cli *cli, struct error *e)
{
    struct central_options c = {folder, o->name, o->admin, o->admin_name, NULL, 0};
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    if (o->name == NULL || o->admin == NULL || o->admin_name == NULL)
        return error_set(
            e, E_USAGE, "an office needs --name NAME, --admin LOGIN and --admin-name NAME: every change has an author");
    if ((code = cli_secret(o->keys.office.file, o->keys.office.fd, "Passphrase of the office: ", 1, &secret, &bytes,
                           e)) != 0)
        return code;
    c.passphrase = secret;
    c.passphrase_bytes = bytes;
    code = central_create(&c, e);
    cli_secret_free(secret, bytes);
    if (code == 0)
        (void)fprintf(cli->err, "The office is set up in %s. Next: satcheld run %s\n", folder, folder);
    return code;
}

/* A server_command. */
static int carry_out(struct central *central, struct cli *cli, const char *folder, struct slice secret, int argc,
                     char **argv)
{
    struct task task = {central, cli, folder, (const char *)secret.p, secret.size, 0};
    return task_run(&task, argc, argv);
}

static int run(const char *folder, const struct options *o, struct error *e)
{
    struct server_options s = {o->listen != NULL ? o->listen : "::", 7411, o->ready, carry_out};
    struct central *central = NULL;
    int code;
    if (o->port != NULL) {
        char *end = NULL;
        unsigned long port = strtoul(o->port, &end, 10);
        if (*o->port == 0 || *end != 0 || port > 65535)
            return error_set(e, E_USAGE, "--port takes a number from 0 to 65535");
        s.port = (unsigned)port;
    }
    if ((code = keyring_open_office(folder, &o->keys, &central, e)) != 0)
        return code;
    if (central->backup_size != 0)
        code = error_set(e, E_REFUSED,
                         "%s is a backup of the office; if it stands in the office's place now, run `satcheld restored "
                         "%s` first: laptops are told what is lost, and send again what they have",
                         folder, folder);
    else
        code = server_run(central, &s, stderr, e);
    central_close(central);
    return code;
}

/* Asks the daemon; where none runs, does it here. */
static int other(const char *folder, const struct options *o, int argc, char **argv, struct cli *cli, int *status,
                 struct error *e)
{
    const char *prompt = task_secret_prompt(argc, argv);
    struct central *central = NULL;
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    if (prompt != NULL && (code = cli_secret(o->archive.file, o->archive.fd, prompt, 1, &secret, &bytes, e)) != 0)
        return code;
    code = operator_ask(folder, argc, argv, (struct slice){(const uint8_t *)secret, bytes}, status, e);
    if (code == E_NOT_FOUND && (code = keyring_open_office(folder, &o->keys, &central, e)) == 0) {
        *status = carry_out(central, cli, NULL, (struct slice){(const uint8_t *)secret, bytes}, argc, argv);
        central_close(central);
    }
    if (secret != NULL)
        cli_secret_free(secret, bytes);
    return code;
}

/* `officer add --out FILE`: the officer's key file is made here, where the command was called, and by nobody else; the
 * office gets the public key (--key). argv has LOGIN at 2. */
static int add_officer(const char *folder, const struct options *o, int argc, char **argv, struct cli *cli, int *status,
                       struct error *e)
{
    const char *out = NULL;
    char hex[65], word[] = "--key", *words[32];
    int code = take(&argc, argv, "out", &out, e);
    if (code != 0 || out == NULL || argc < 3 || argc + 2 > (int)(sizeof words / sizeof *words))
        return code != 0 ? code : other(folder, o, argc, argv, cli, status, e);
    if ((code = keyring_officer(out, argv[2], &o->keys, hex, e)) != 0)
        return code;
    memcpy(words, argv, (size_t)argc * sizeof *argv);
    words[argc] = word;
    words[argc + 1] = hex;
    code = other(folder, o, argc + 2, words, cli, status, e);
    /* The key of nobody opens nothing, and would stand in the way of the next try. */
    if (code != 0 || *status >= 2)
        (void)unlink(out);
    return code;
}

static int options_take(int *argc, char **argv, struct options *o, struct error *e)
{
    const struct {
        const char *name;
        const char **value;
    } all[] = {{"passphrase-file", &o->keys.office.file},
               {"passphrase-fd", &o->keys.office.fd},
               {"key-file", &o->keys.key_file},
               {"new-passphrase-file", &o->keys.fresh.file},
               {"new-passphrase-fd", &o->keys.fresh.fd},
               {"officer-passphrase-file", &o->keys.officer.file},
               {"officer-passphrase-fd", &o->keys.officer.fd},
               {"first-passphrase-file", &o->keys.first.file},
               {"first-passphrase-fd", &o->keys.first.fd},
               {"second-passphrase-file", &o->keys.second.file},
               {"second-passphrase-fd", &o->keys.second.fd},
               {"archive-passphrase-file", &o->archive.file},
               {"archive-passphrase-fd", &o->archive.fd},
               {"admin", &o->admin},
               {"admin-name", &o->admin_name},
               {"listen", &o->listen},
               {"ready", &o->ready}};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof all / sizeof *all; i++)
        code = take(argc, argv, all[i].name, all[i].value, e);
    for (int i = 1; i < *argc; i++)
        o->json |= strcmp(argv[i], "--json") == 0;
    return code;
}

static int is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* Of one command where it is a task (an operator at night wants to read three lines, not a hundred), else everything.
 */
static void help(const char *command)
{
    if (command != NULL && task_help(stdout, command) != 0) {
        (void)puts("\nDIR is the office's folder; --json prints one JSON value. `satcheld --help` lists all commands, "
                   "how the\n"
                   "office's passphrase is handed in, and what each exit status means.");
        return;
    }
    (void)fputs(usage, stdout);
    (void)fputs(keyring_help, stdout);
    (void)fputs(tasks, stdout);
    (void)task_help(stdout, NULL);
    (void)fputs(secrets, stdout);
}

/* argv: command [subcommand] DIR words. */
static int dispatch(int argc, char **argv, struct options *o, struct cli *cli, int *status, struct error *e)
{
    int at = task_has_subcommands(argv[1]) || strcmp(argv[1], "key") == 0 ? 3 : 2, code;
    char *folder;
    if (argc <= at)
        return error_set(e, E_USAGE, "satcheld %s wants %sthe office's folder; see satcheld --help", argv[1],
                         at == 3 ? "a subcommand and " : "");
    folder = argv[at];
    memmove(&argv[at], &argv[at + 1], (size_t)(argc - at) * sizeof *argv);
    argc--;
    if (strcmp(argv[1], "init") == 0 || strcmp(argv[1], "run") == 0) {
        if ((code = take(&argc, argv, "name", &o->name, e)) != 0 ||
            (code = take(&argc, argv, "port", &o->port, e)) != 0)
            return code;
        if (argc > 2)
            return error_set(e, E_USAGE, "satcheld %s does not know %s; see satcheld --help", argv[1], argv[2]);
        return strcmp(argv[1], "init") == 0 ? init(folder, o, cli, e) : run(folder, o, e);
    }
    if (strcmp(argv[1], "recover") == 0)
        return keyring_recover(folder, &o->keys, argc - 1, argv + 1, cli, e);
    if (strcmp(argv[1], "key") == 0)
        return keyring_command(folder, &o->keys, argc - 1, argv + 1, cli, e);
    if (strcmp(argv[1], "officer") == 0 && strcmp(argv[2], "add") == 0)
        return add_officer(folder, o, argc - 1, argv + 1, cli, status, e);
    return other(folder, o, argc - 1, argv + 1, cli, status, e);
}

int main(int argc, char **argv)
{
    struct cli cli = {stdout, stderr, 0, 0};
    struct options o = {0};
    struct error e = {0};
    int status = 0, code, wants_help = argc < 2 || is_help(argv[1]) || is_help(argv[argc - 1]);
    for (int i = 2; i < argc; i++)
        wants_help |= strcmp(argv[i], "--help") == 0;
    (void)signal(SIGPIPE, SIG_IGN);
    if (wants_help) {
        help(argc > 2 ? argv[1] : NULL);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("satcheld 0.1.0");
        return 0;
    }
    if ((code = vault_init(&e)) == 0 && (code = options_take(&argc, argv, &o, &e)) == 0) {
        cli.json = o.json;
        code = dispatch(argc, argv, &o, &cli, &status, &e);
    }
    if (code == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        code = error_set(&e, E_IO, "the output could not be written whole");
    return code != 0 ? cli_fail(&cli, "satcheld", &e) : status;
}
