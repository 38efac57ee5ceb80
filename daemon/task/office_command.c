/* The table of satcheld's commands; init and run; and the way of a task: to the daemon over its operator's socket, or,
 * if no daemon runs, over the store that is opened here. */
#include "office_command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "central.h"
#include "json.h"
#include "keyring.h"
#include "operator.h"
#include "server.h"
#include "task.h"

/* --- init, run --- */

static int init_office(struct usage_call *call, struct error *e)
{
    struct central_options c = {.folder = call->folder,
                                .name = usage_text(call, "name"),
                                .admin_login = usage_text(call, "admin"),
                                .admin_name = usage_text(call, "admin-name")};
    struct keyring_options keys;
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    keyring_options_of(call, &keys);
    if (keys.key_file != NULL)
        return error_set(e, E_USAGE,
                         "an office is set up under a passphrase; `satcheld key add` makes a key file for it then");
    if ((code = operator_check(call->folder, e)) != 0)
        return code;
    if ((code = cli_secret(&(struct cli_secret_from){keys.office.file, keys.office.fd, "Passphrase of the office: ", 1},
                           &secret, &bytes, e)) != 0)
        return code;
    c.passphrase = secret;
    c.passphrase_bytes = bytes;
    code = central_create(&c, e);
    cli_secret_free(secret, bytes);
    if (code != 0)
        return code;
    if (call->cli->json)
        json_answer(call->cli->out, "created", 1);
    (void)fprintf(call->cli->err, "The office is set up in %s. Next: satcheld run %s\n", call->folder, call->folder);
    return 0;
}

/* A server_command. */
static int carry_out(struct central *central, struct cli *cli, const char *folder, struct slice secret, int argc,
                     char **argv)
{
    struct task task = {central, cli, folder, (const char *)secret.p, secret.size, 0, NULL};
    return task_run(&task, argc, argv);
}

static int is_long(int argc, char **argv)
{
    return task_way(argc, argv) == TASK_IN_TURNS;
}

static int reads(int argc, char **argv)
{
    return task_way(argc, argv) == TASK_READS;
}

static int run_office(struct usage_call *call, struct error *e)
{
    const char *listen = usage_text(call, "listen"), *folder = call->folder;
    struct server_options s = {listen != NULL ? listen : "::",
                               (unsigned)usage_number(call, "port", 7411),
                               usage_text(call, "ready"),
                               carry_out,
                               is_long,
                               reads};
    struct keyring_options keys;
    struct central *central = NULL;
    int code;
    keyring_options_of(call, &keys);
    if (operator_is_there(folder))
        return error_set(e, E_BUSY,
                         "a daemon runs for the office in %s already; `satcheld status %s` asks it, and it must be "
                         "stopped before another one can take its place",
                         folder, folder);
    if ((code = operator_check(folder, e)) != 0 || (code = keyring_open_office(folder, &keys, &central, e)) != 0)
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

static const struct usage usage_init = {
    .name = "init",
    .options = {{.name = "name", .value = "NAME", .help = "the office's name", .required = 1},
                {.name = "admin",
                 .value = "LOGIN",
                 .help = "the login of the first administrator: every change has an author",
                 .required = 1},
                {.name = "admin-name", .value = "NAME", .help = "the administrator's name in full", .required = 1}},
    .help = "set up an office in an empty folder",
    .example = "satcheld init /srv/office --name 'North office' --admin maria --admin-name 'Maria Lund'"};

static const struct usage usage_run_office = {
    .name = "run",
    .options = {{.name = "listen", .value = "ADDRESS", .help = "the address to listen at; all, if not said"},
                {.name = "port", .value = "PORT", .help = "the port; 7411, if not said", .max = 65535},
                {.name = "ready", .value = "FILE", .help = "write the port into this file once laptops can connect"}},
    .help = "run the daemon, which takes laptops' connections",
    .example = "satcheld run /srv/office"};

/* --- the table --- */

static const struct usage_option shared[] = {KEYRING_OPTIONS, {.name = NULL}};

static const struct usage *const rows[] = {&usage_init, &usage_run_office,
#define KEYRING_ROW(name) &keyring_##name.usage,
                                           KEYRING_LIST(KEYRING_ROW)
#undef KEYRING_ROW
#define TASK_ROW(name) &task_##name.usage,
                                               TASK_LIST(TASK_ROW)
#undef TASK_ROW
};

const struct usage_program office_command_program = {
    .name = "satcheld",
    .about = "The office of Satchel: it keeps the record, and takes in and deals out what laptops write.",
    .footer =
        "The office's passphrase is asked for on the terminal, or read with --passphrase-file FILE or\n"
        "--passphrase-fd NUMBER; --key-file FILE takes a key in its place, and systemd's credential "
        "satchel-office-key\n"
        "is found without an option. While the daemon runs, it carries the commands out, and needs no passphrase.\n"
        "Exit status: 0 done; 1 done, and something waits for a person; 2 could not; 10 no store; 12 wrong "
        "passphrase;\n"
        "13 the log or the store failed its verification; 128+n a signal.",
    .folder = "DIR",
    .folder_help = "the office's folder",
    .shared = shared,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

/* --- a task --- */

/* The options that are not passed on to the daemon: where secrets come from, and the officer's key file. */
static int is_ours(const struct usage_call *call, const struct usage_option *option)
{
    return strstr(option->name, "passphrase-") != NULL || strcmp(option->name, "key-file") == 0 ||
           (call->usage == &task_officer_add.usage && strcmp(option->name, "out") == 0);
}

/* Makes the call as the daemon gets it: without the folder, and with one more option, if it is not NULL. It is freed
 * with free; its words belong to the call, and nobody writes to them. */
static char **daemon_words(const struct usage_call *call, char *option, char *value, int *argc)
{
    static char json[] = "--json", end[] = "--";
    char **words = calloc(2 * call->given_count + (size_t)call->count + 8, sizeof *words);
    int n = 0;
    if (words == NULL)
        return NULL;
    if (call->usage->group != NULL)
        words[n++] = (char *)call->usage->group;
    words[n++] = (char *)call->usage->name;
    for (size_t i = 0; i < call->given_count; i++) {
        const struct usage_given *g = &call->given[i];
        if (is_ours(call, g->option))
            continue;
        words[n++] = g->argument;
        if (g->value != NULL && strchr(g->argument, '=') == NULL)
            words[n++] = g->value;
    }
    if (call->cli->json)
        words[n++] = json;
    if (option != NULL) {
        words[n++] = option;
        words[n++] = value;
    }
    if (call->count != 0)
        words[n++] = end;
    for (int i = 0; i < call->count; i++)
        words[n++] = call->words[i];
    *argc = n;
    return words;
}

/* Asks the daemon; if none runs, runs the task here. */
static int ask_or_do(struct usage_call *call, int argc, char **argv, int *status, struct error *e)
{
    const struct task_row *row = (const struct task_row *)call->usage; /* its first member */
    struct central *central = NULL;
    struct keyring_options keys;
    char *secret = NULL;
    size_t bytes = 0;
    int code;
    keyring_options_of(call, &keys);
    keys.is_unwritten = row->is_unwritten;
    if (row->prompt != NULL &&
        (code = cli_secret(&(struct cli_secret_from){keys.archive.file, keys.archive.fd, row->prompt, 1}, &secret,
                           &bytes, e)) != 0)
        return code;
    code = operator_ask(call->folder, argc, argv, (struct slice){(const uint8_t *)secret, bytes}, status, e);
    if (code == E_NOT_FOUND && (code = keyring_open_office(call->folder, &keys, &central, e)) == 0) {
        *status = carry_out(central, call->cli, NULL, (struct slice){(const uint8_t *)secret, bytes}, argc, argv);
        central_close(central);
    }
    if (secret != NULL)
        cli_secret_free(secret, bytes);
    return code;
}

/* Runs the call with one more option, if it is not NULL. */
static int run_task(struct usage_call *call, char *option, char *value, int *status, struct error *e)
{
    int argc = 0, code;
    char **argv = daemon_words(call, option, value, &argc);
    if (argv == NULL)
        return error_memory(e);
    code = ask_or_do(call, argc, argv, status, e);
    free(argv);
    return code;
}

/* `officer add --out FILE`: the officer's key file is made here, where the command was called, and by nobody else; the
 * office gets the public key (--key). */
static int add_officer(struct usage_call *call, int *status, struct error *e)
{
    const char *out = usage_text(call, "out");
    struct keyring_options keys;
    char hex[65], option[] = "--key";
    int code;
    keyring_options_of(call, &keys);
    if ((code = keyring_officer(out, call->words[0], &keys, hex, e)) != 0)
        return code;
    code = run_task(call, option, hex, status, e);
    /* Remove the file: its key is nobody's, and it would stand in the way of the next try. */
    if (code != 0 || *status >= 2)
        (void)unlink(out);
    return code;
}

int office_command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e)
{
    static const struct keyring_command *const keyring[] = {
#define KEYRING_ROW(name) &keyring_##name,
        KEYRING_LIST(KEYRING_ROW)
#undef KEYRING_ROW
    };
    struct usage_call call;
    int code = usage_parse(&office_command_program, cli, argc, argv, &call, e);
    if (code != 0)
        return code;
    if (call.usage == &usage_init)
        return init_office(&call, e);
    if (call.usage == &usage_run_office)
        return run_office(&call, e);
    for (size_t i = 0; i < sizeof keyring / sizeof keyring[0]; i++)
        if (call.usage == &keyring[i]->usage)
            return keyring_work(keyring[i], &call, e);
    if (call.usage == &task_officer_add.usage && usage_text(&call, "out") != NULL)
        return add_officer(&call, status, e);
    return run_task(&call, NULL, NULL, status, e);
}
