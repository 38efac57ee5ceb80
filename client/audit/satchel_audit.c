/* satchel-audit: what an auditor does with a log archive. It needs the archive, the office's public key, and the
 * archive's passphrase for what the bodies say; no daemon, no network, no secret of the office. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit_history.h"
#include "audit_replay.h"
#include "audit_verify.h"
#include "cli.h"
#include "error.h"
#include "record.h"
#include "vault.h"

static const char program[] = "satchel-audit";

struct asked {
    int argc;
    char **argv;
    int help, ask, digest;
    const char *key, *passphrase_file, *passphrase_fd, *at, *scope;
    char *secret;
    size_t secret_bytes;
};

struct command {
    const char *name;
    int (*run)(struct cli *cli, struct asked *a, int *status, struct error *e);
    const char *words;
};

/* --- progress, for who watches a terminal and waits for longer than a second --- */

static struct {
    struct timespec start;
    int shown;
} watch;

static void progress(uint64_t done, uint64_t of)
{
    struct timespec now;
    if (done % 4096 != 0)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - watch.start.tv_sec < 2)
        return;
    watch.shown = 1;
    fprintf(stderr, "\rentry %llu of %llu", (unsigned long long)done, (unsigned long long)of);
    (void)fflush(stderr);
}

static void (*start_progress(void))(uint64_t done, uint64_t of)
{
    (void)clock_gettime(CLOCK_MONOTONIC, &watch.start);
    return isatty(STDERR_FILENO) ? progress : NULL;
}

static void end_progress(void)
{
    if (watch.shown)
        fputs("\r\033[K", stderr);
}

/* --- the commands --- */

static int get_secret(struct asked *a, struct error *e)
{
    return cli_secret(a->passphrase_file, a->passphrase_fd, "Passphrase of the archive: ", 0, &a->secret,
                      &a->secret_bytes, e);
}

static int run_verify(struct cli *cli, struct asked *a, int *status, struct error *e)
{
    struct audit_verify_result result;
    struct audit_verify_options options = {0};
    int code;
    if (a->argc != 2 || a->key == NULL)
        return error_set(e, E_USAGE, "say what to verify and under which key: satchel-audit verify ARCHIVE --key KEY");
    if (a->digest || a->at != NULL || a->scope != NULL)
        return error_set(e, E_USAGE, "--digest, --at and --case belong to replay");
    /* Nobody is asked unless he wants to be: without the passphrase most of the proof can be done too. */
    if (a->passphrase_file != NULL || a->passphrase_fd != NULL || a->ask) {
        if ((code = get_secret(a, e)) != 0)
            return code;
    }
    options.archive = a->argv[1];
    options.key = a->key;
    options.passphrase = a->secret;
    options.passphrase_bytes = a->secret_bytes;
    options.progress = start_progress();
    code = audit_verify(&options, &result, e);
    end_progress();
    if (code == 0)
        *status = audit_verify_print(cli, &result);
    return code;
}

static int replay(struct asked *a, uint64_t until_ms, struct db **db, uint64_t *entries, struct error *e)
{
    struct audit_replay_options options = {0};
    int code;
    if ((code = get_secret(a, e)) != 0)
        return code;
    options.archive = a->argv[1];
    options.passphrase = a->secret;
    options.passphrase_bytes = a->secret_bytes;
    options.until_ms = until_ms;
    options.progress = start_progress();
    code = audit_replay(&options, db, entries, e);
    end_progress();
    return code;
}

static int run_replay(struct cli *cli, struct asked *a, int *status, struct error *e)
{
    struct id id, *scope = NULL;
    uint64_t until_ms = UINT64_MAX, entries = 0;
    struct record_place place;
    struct db *db = NULL;
    int code;
    (void)status;
    if (a->argc != 2 || a->key != NULL)
        return error_set(e, E_USAGE, "say what to replay: satchel-audit replay ARCHIVE [--at TIME] [--case ID]");
    if (a->at != NULL && (code = audit_replay_time(a->at, &until_ms, e)) != 0)
        return code;
    if (a->scope != NULL) {
        if (id_parse(a->scope, &id, e) != 0)
            return error_prefix(e, "--case");
        scope = &id;
    }
    if ((code = replay(a, until_ms, &db, &entries, e)) != 0)
        return code;
    if (scope != NULL && (code = record_find(db, scope, &place, NULL)) != 0)
        error_set(e, code, "--case: there is no such case or client in the record%s",
                  a->at != NULL ? " as it was at that time" : "");
    else if ((code = audit_replay_warn(cli, db, e)) == 0)
        code = a->digest ? audit_replay_print_digest(cli, db, scope, entries, e)
                         : audit_replay_print(cli, db, scope, entries, e);
    db_close(db);
    return code;
}

static int run_history(struct cli *cli, struct asked *a, int *status, struct error *e)
{
    struct db *db = NULL;
    struct id id;
    int code;
    (void)status;
    if (a->argc != 3 || a->key != NULL || a->digest || a->at != NULL || a->scope != NULL)
        return error_set(e, E_USAGE, "say of which record or case: satchel-audit history ARCHIVE ID");
    if ((code = id_parse(a->argv[2], &id, e)) != 0 || (code = replay(a, UINT64_MAX, &db, NULL, e)) != 0)
        return code;
    code = audit_history(cli, db, &id, e);
    db_close(db);
    return code;
}

static const struct command commands[] = {
    {"verify", run_verify,
     "satchel-audit verify ARCHIVE --key KEY [--passphrase-file FILE | --passphrase-fd N | --ask] [--json]\n"
     "\n"
     "Proves that nothing in the archive was altered, dropped, added or moved: the checkpoint's signature, the tree's\n"
     "root, every device's chain and signed heads, times of receipt, and the bodies' hashes. KEY is the office's\n"
     "verifier key (satchel/...+...+...), or a file that holds it; get it from the office, not with the archive.\n"
     "Without the passphrase, bodies and the laptops' signatures are not checked, and the exit status is 1.\n"
     "\n"
     "Exit status: 0 verified; 1 verified in part; 2 could not; 12 wrong passphrase; 13 something is wrong: the\n"
     "sentence names the entry.\n"
     "\n"
     "Example: satchel-audit verify 2026.satchel --key office.key --passphrase-file audit.pass\n"},
    {"replay", run_replay,
     "satchel-audit replay ARCHIVE [--at TIME] [--case ID] [--digest] [--passphrase-file FILE | --passphrase-fd N]\n"
     "             [--json]\n"
     "\n"
     "Rebuilds the record from the log, and prints it; with --digest its digest, which equals that of\n"
     "`satcheld status --digest` where the archive is of the same log. --at leaves out what the office received "
     "later:\n"
     "2026-11-23 (the whole day), \"2026-11-23 20:45\" (local time), 2026-11-23T20:45:00Z. --case: that case or "
     "client\n"
     "alone. Verify the archive first: a replay shows what it says, not that it is true.\n"
     "\n"
     "Example: satchel-audit replay 2026.satchel --at \"2026-11-23 20:45\" --passphrase-file audit.pass\n"},
    {"history", run_history,
     "satchel-audit history ARCHIVE ID [--passphrase-file FILE | --passphrase-fd N] [--json]\n"
     "\n"
     "Prints every change of a record, or of all that stands in a case or of a client: its place in the log, when it\n"
     "was written and received, by whom and on which device, what it wrote and what that took the place of.\n"
     "\n"
     "Example: satchel-audit history 2026.satchel 01890a5d-ac96-774b-bcce-b302099a8057 --passphrase-file audit.pass\n"},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_help(FILE *out)
{
    fputs("satchel-audit: verify, replay and read a log archive that `satcheld archive` wrote\n\n"
          "    verify ARCHIVE --key KEY    prove that nothing was altered, dropped, added or moved\n"
          "    replay ARCHIVE              rebuild the record, as it is or was at a time\n"
          "    history ARCHIVE ID          every change of a record or a case\n\n"
          "`satchel-audit COMMAND --help` tells more, with an example. --json prints one JSON value.\n"
          "Exit status: 0 done; 1 verified in part; 2 could not; 12 wrong passphrase; 13 something is wrong.\n",
          out);
}

static int run(struct cli *cli, struct asked *a, int *status, struct error *e)
{
    const struct cli_option options[] = {{"help", NULL, &a->help},
                                         {"json", NULL, &cli->json},
                                         {"ask", NULL, &a->ask},
                                         {"digest", NULL, &a->digest},
                                         {"key", &a->key, NULL},
                                         {"passphrase-file", &a->passphrase_file, NULL},
                                         {"passphrase-fd", &a->passphrase_fd, NULL},
                                         {"at", &a->at, NULL},
                                         {"case", &a->scope, NULL},
                                         {NULL, NULL, NULL}};
    int code = cli_options(&a->argc, a->argv, options, e);
    if (code != 0)
        return code;
    a->argc--;
    a->argv++;
    if (a->argc == 0 || strcmp(a->argv[0], "help") == 0) {
        int wanted = a->help || a->argc != 0;
        print_help(wanted ? cli->out : cli->err);
        *status = wanted ? 0 : error_status(E_USAGE);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(a->argv[0], commands[i].name) != 0)
            continue;
        if (a->help)
            fputs(commands[i].words, cli->out);
        return a->help ? 0 : commands[i].run(cli, a, status, e);
    }
    return error_set(e, E_USAGE, "there is no command %s; satchel-audit --help lists them", a->argv[0]);
}

int main(int argc, char **argv)
{
    struct cli cli = {stdout, stderr, 0, 0};
    const char *no_color = getenv("NO_COLOR");
    struct asked a = {0};
    struct error e = {0};
    int status = 0, code;
    cli.color = isatty(STDERR_FILENO) && (no_color == NULL || *no_color == 0);
    a.argc = argc;
    a.argv = argv;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("satchel-audit 0.1.0");
        return fflush(stdout) == 0 ? 0 : 2;
    }
    if ((code = vault_init(&e)) == 0)
        code = run(&cli, &a, &status, &e);
    cli_secret_free(a.secret, a.secret_bytes);
    if (code != 0)
        return cli_fail(&cli, program, &e);
    /* What did not get out was not said. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        error_set(&e, E_IO, "the output could not be written to its end");
        cli.json = 0;
        return cli_fail(&cli, program, &e);
    }
    return status;
}
