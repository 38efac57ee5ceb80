/* satchel: the laptop's program. One table of commands (command.h); this file finds the command, shows help, and turns
 * what the command says into an exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "schema.h"
#include "vault.h"

#define PROGRAM "satchel"
#define VERSION "0.1.0"

struct command {
    const char *name, *arguments, *help, *example;
    int (*run)(struct cli *cli, int argc, char **argv, int *waiting, struct error *e);
};

static const struct command commands[] = {
#define COMMAND_ROW(name, arguments, help, example) {#name, arguments, help, example, command_##name},
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

/* Options beside --json and --help, which every command has. */
static const struct {
    const char *command, *option, *help;
} option_help[] = {
    {"enrol", "--label NAME", "what the office calls this laptop (default: its host name)"},
    {"enrol", "--set-aside", "where there is a store already, keep it beside the new one"},
    {"enrol", "--passphrase-file FILE", "take the new passphrase from a file"},
    {"enrol", "--passphrase-fd NUMBER", "or from an open descriptor"},
    {"unlock", "--idle MINUTES", "lock again after so long without a command (default 15)"},
    {"unlock", "--passphrase-file FILE", "take the passphrase from a file"},
    {"unlock", "--passphrase-fd NUMBER", "or from an open descriptor"},
    {"unlock", "--host HOST", "where the office is now, for a lease that is over (and --port PORT)"},
    {"passphrase", "--passphrase-file FILE", "take the passphrase as it is from a file"},
    {"passphrase", "--passphrase-fd NUMBER", "or from an open descriptor"},
    {"passphrase", "--new-passphrase-file FILE", "take the new passphrase from a file"},
    {"passphrase", "--new-passphrase-fd NUMBER", "or from an open descriptor"},
    {"key", "--label NAME", "add: whose passphrase it is"},
    {"key", "--passphrase-file FILE", "add: the new passphrase; rotate: the one that opens the store"},
    {"key", "--passphrase-fd NUMBER", "or from an open descriptor"},
    {"recover", "--label NAME", "whose passphrase is set anew, where there are several"},
    {"recover", "--first-passphrase-file FILE", "take the first officer's passphrase from a file (or -fd)"},
    {"recover", "--second-passphrase-file FILE", "take the second officer's passphrase from a file (or -fd)"},
    {"recover", "--new-passphrase-file FILE", "take the new passphrase from a file (or -fd)"},
    {"list", "--all", "also what is voided"},
    {"list", "--case CASE", "only what stands in a case"},
    {"new", "--reason TEXT", "why, kept with the change"},
    {"set", "--reason TEXT", "why, kept with the change"},
    {"add", "--reason TEXT", "why, kept with the change"},
    {"remove", "--reason TEXT", "why, kept with the change"},
    {"void", "--reason TEXT", "why, kept with the change"},
    {"conflicts", "--mine", "only those that are yours to decide or to look at"},
    {"resolve", "--seen CODE", "what you looked at: `satchel conflicts` and `show` print the code"},
    {"resolve", "--reason TEXT", "why, kept with the change"},
    {"link", "--reason TEXT", "why, kept with the change"},
    {"unlink", "--reason TEXT", "why, kept with the change"},
    {"different", "--reason TEXT", "why, kept with the change"},
    {"different", "--undo", "they are not marked as two people any more"},
    {"note", "--visited TIME", "when, if it was not now"},
    {"note", "--type TYPE", "home visit, office visit, telephone, other"},
    {"log", "--all", "also the receipts that this laptop wrote by itself"},
    {"courier", "--from FOLDER", "from the outbox of another folder than the store's own"},
    {"sync", "--host HOST", "another address of the same office, remembered where it answers"},
    {"sync", "--port PORT", "another port of the same office, remembered too"},
    {"sync", "--break-after BYTES", "for drills: break the link after so many bytes have come"},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* --- help --- */

static void show_commands(FILE *out)
{
    fputs("Usage: " PROGRAM " COMMAND [ARGUMENTS] [--json]\n\n"
          "Case records for people who work where there is no network.\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
    fputs("\n  " PROGRAM " COMMAND --help   how a command is used, with an example\n"
          "  " PROGRAM " help KIND        the fields of a kind of record, such as client or note\n"
          "  " PROGRAM " --version\n\n"
          "Exit status: 0 done; 1 done, and something waits for you; 2 could not; 10 no store; 11 locked;\n"
          "12 wrong passphrase; 13 a log or a store failed its verification.\n",
          out);
}

static void show_command(const struct command *c, FILE *out)
{
    fprintf(out, "Usage: " PROGRAM " %s%s%s [OPTIONS]\n\n%s\n\n", c->name, c->arguments[0] != '\0' ? " " : "",
            c->arguments, c->help);
    for (size_t i = 0; i < sizeof option_help / sizeof *option_help; i++)
        if (strcmp(option_help[i].command, c->name) == 0)
            fprintf(out, "  %-27s %s\n", option_help[i].option, option_help[i].help);
    fprintf(out, "  %-27s %s\n  %-27s %s\n\nExample: %s\n", "--json", "one JSON value on the standard output", "--help",
            "this", c->example);
}

static void show_kinds(FILE *out)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    fputs("\nKinds of records:\n", out);
    for (size_t i = 0; i < count; i++)
        if (kinds[i].dealt)
            fprintf(out, "  %-11s %s\n", kinds[i].name, kinds[i].help);
}

/* `satchel help [COMMAND | KIND | schema]` */
static int help(const struct cli *cli, const char *topic, struct error *e)
{
    const struct command *command = topic != NULL ? find(topic) : NULL;
    const struct schema_kind *kind = topic != NULL ? schema_kind_named(topic) : NULL;
    if (topic == NULL) {
        show_commands(cli->out);
        show_kinds(cli->out);
    } else if (command != NULL) {
        show_command(command, cli->out);
    } else if (kind != NULL) {
        schema_help(kind, cli->out);
    } else if (strcmp(topic, "schema") == 0) {
        schema_document(cli->out); /* the whole of docs/SCHEMA.md */
    } else {
        return error_set(e, E_USAGE, "there is no command and no kind %s; `" PROGRAM " help` lists both", topic);
    }
    return 0;
}

/* --- running a command --- */

/* Takes `flag` out of argv; what follows `--` is not looked at. */
static int take_flag(int *argc, char **argv, const char *flag)
{
    int kept = 1, found = 0, over = 0;
    for (int i = 1; i < *argc; i++) {
        over |= strcmp(argv[i], "--") == 0;
        if (!over && strcmp(argv[i], flag) == 0)
            found = 1;
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
    return found;
}

static int run(struct cli *cli, int argc, char **argv, int wants_help, int *waiting, struct error *e)
{
    const struct command *command;
    int code;
    if (argc < 2) {
        show_commands(wants_help ? cli->out : cli->err);
        return wants_help ? 0 : error_set(e, E_USAGE, "say what to do: one of the commands above");
    }
    if (strcmp(argv[1], "help") == 0)
        return argc > 3 ? error_set(e, E_USAGE, "help takes one word: a command or a kind")
                        : help(cli, argc == 3 ? argv[2] : NULL, e);
    if ((command = find(argv[1])) == NULL)
        return error_set(e, E_USAGE, "there is no command %s; `" PROGRAM " help` lists them", argv[1]);
    if (wants_help) {
        show_command(command, cli->out);
        return 0;
    }
    /* Core files off, libsodium and the vault ready, before anything secret is in this process. */
    if ((code = vault_init(e)) != 0)
        return code;
    return command->run(cli, argc - 1, argv + 1, waiting, e);
}

int main(int argc, char **argv)
{
    struct cli cli = {stdout, stderr, 0, 0};
    struct error e = {E_INTERNAL, "the command failed without a word; please report that"};
    const char *no_color = getenv("NO_COLOR");
    int waiting = 0, wants_help, code;
    cli.color = isatty(STDERR_FILENO) && (no_color == NULL || no_color[0] == '\0');
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts(PROGRAM " " VERSION);
        return fflush(stdout) == 0 ? 0 : 2;
    }
    cli.json = take_flag(&argc, argv, "--json");
    wants_help = take_flag(&argc, argv, "--help");
    if (argc == 2 && strcmp(argv[1], "-h") == 0)
        wants_help = (argc = 1);
    code = run(&cli, argc, argv, wants_help, &waiting, &e);
    if (code != 0)
        return cli_fail(&cli, PROGRAM, &e);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)error_set(&e, E_IO, "the output could not be written whole");
        return cli_fail(&cli, PROGRAM, &e);
    }
    return waiting ? ERROR_STATUS_WAITING : 0;
}
