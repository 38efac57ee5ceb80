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
#include "usage.h"
#include "vault.h"

/* What the commands work with. */
struct asked {
    struct usage_call *call;
    const char *archive;
    char *secret;
    size_t secret_bytes;
    struct audit_verify_result verified; /* of replay and history with --key */
};

struct command {
    struct usage usage;
    int (*run)(struct asked *a, int *status, struct error *e);
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
    return cli_secret(&(struct cli_secret_from){usage_text(a->call, "passphrase-file"),
                                                usage_text(a->call, "passphrase-fd"), "Passphrase of the archive: ", 0},
                      &a->secret, &a->secret_bytes, e);
}

static int verify_archive(struct asked *a, int *status, struct error *e)
{
    struct audit_verify_result result;
    struct audit_verify_options options = {0};
    int code;
    /* Nobody is asked unless an option says so: most of the proof can be done without the passphrase. */
    if ((usage_text(a->call, "passphrase-file") != NULL || usage_text(a->call, "passphrase-fd") != NULL ||
         usage_flag(a->call, "ask")) &&
        (code = get_secret(a, e)) != 0)
        return code;
    options.archive = a->archive;
    options.key = usage_text(a->call, "key");
    options.seen = usage_text(a->call, "seen");
    options.since = usage_text(a->call, "since");
    options.passphrase = a->secret;
    options.passphrase_bytes = a->secret_bytes;
    options.progress = start_progress();
    code = audit_verify(&options, &result, e);
    end_progress();
    if (code == 0)
        *status = audit_verify_print(a->call->cli, &result);
    return code;
}

static int replay(struct asked *a, uint64_t until_ms, struct audit_replayed *out, struct error *e)
{
    struct audit_replay_options options = {0};
    int code;
    if ((code = get_secret(a, e)) != 0)
        return code;
    options.archive = a->archive;
    options.passphrase = a->secret;
    options.passphrase_bytes = a->secret_bytes;
    options.until_ms = until_ms;
    options.key = usage_text(a->call, "key");
    options.verified = &a->verified;
    options.progress = start_progress();
    code = audit_replay(&options, &out->db, &out->entries, e);
    end_progress();
    out->verified = options.key != NULL ? &a->verified : NULL;
    return code;
}

static int replay_archive(struct asked *a, int *status, struct error *e)
{
    const char *at = usage_text(a->call, "at"), *of = usage_text(a->call, "case");
    struct id id, *scope = NULL;
    uint64_t until_ms = UINT64_MAX;
    struct cli *cli = a->call->cli;
    struct audit_replayed r = {NULL, 0, NULL};
    struct record_place place;
    char when[32];
    int code;
    if (at != NULL && (code = audit_replay_time(at, &until_ms, e)) != 0)
        return code;
    if (at != NULL) {
        cli_time(until_ms, when);
        (void)fprintf(cli->err, "the record as the office had it at %s\n", when);
    }
    if (of != NULL) {
        if (id_parse(of, &id, e) != 0)
            return error_prefix(e, "--case");
        scope = &id;
    }
    if ((code = replay(a, until_ms, &r, e)) != 0)
        return code;
    if (scope != NULL && (code = record_find(r.db, scope, &place, NULL)) != 0)
        error_set(e, code, "--case: there is no such case or client in the record%s",
                  at != NULL ? " as it was at that time" : "");
    else if ((code = audit_replay_warn(cli, r.db, e)) == 0) {
        *status = audit_replay_say(cli, r.verified);
        code = usage_flag(a->call, "digest") ? audit_replay_print_digest(cli, &r, scope, e)
                                             : audit_replay_print(cli, &r, scope, e);
    }
    db_close(r.db);
    return code;
}

static int tell_history(struct asked *a, int *status, struct error *e)
{
    struct audit_replayed r = {NULL, 0, NULL};
    struct id id;
    int code;
    if ((code = id_parse(a->call->words[1], &id, e)) != 0 || (code = replay(a, UINT64_MAX, &r, e)) != 0)
        return code;
    if ((code = audit_history(a->call->cli, r.db, &id, e)) == 0)
        *status = audit_replay_say(a->call->cli, r.verified);
    db_close(r.db);
    return code;
}

/* --- the table --- */

#define KEY_TO_VERIFY                                                                                                  \
    {                                                                                                                  \
        .name = "key", .value = "KEY", .help = "the office's verifier key, or its file: verifies in the same pass"     \
    }
#define PASSPHRASE USAGE_SECRET("", "the archive's passphrase")

static const struct command verify = {
    .usage =
        {.name = "verify",
         .words = "ARCHIVE",
         .options = {{.name = "key",
                      .value = "KEY",
                      .help = "the office's verifier key, or a file that holds it",
                      .required = 1},
                     PASSPHRASE,
                     {.name = "ask", .help = "ask for the passphrase on the terminal"},
                     {.name = "seen",
                      .value = "CHECKPOINT",
                      .help = "a file with a checkpoint that somebody has seen: the log must go on from it"},
                     {.name = "since", .value = "ARCHIVE", .help = "an earlier archive: the log must go on from it"}},
         .help = "prove that nothing in an archive was altered, dropped, added or moved",
         .more =
             "It verifies the checkpoint's signature, the tree's root, every device's chain and signed heads, times "
             "of\n"
             "receipt, and the bodies' hashes. Get KEY (satchel/...+...+...) from the office, not with the archive.\n"
             "Without the passphrase, bodies and the laptops' signatures are not checked, and the exit status is 1.\n"
             "What an office took whose program is newer than this one is not judged: the exit status is 1.\n"
             "CHECKPOINT is a signed note, or what `satchel status --json` prints on a laptop.\n\n"
             "Exit status: 0 verified; 1 verified in part, or the office was put back from a backup; 2 could not;\n"
             "12 wrong passphrase; 13 something is wrong: the sentence names the entry.",
         .example = "satchel-audit verify 2026.satchel --key office.key --passphrase-file audit.pass"},
    .run = verify_archive};

static const struct command replay_row = {
    .usage =
        {.name = "replay",
         .words = "ARCHIVE",
         .options = {{.name = "at",
                      .value = "TIME",
                      .help = "as it was then: leaves out what the office received later"},
                     {.name = "case", .value = "ID", .help = "that case or that client alone"},
                     {.name = "digest", .help = "the digest of the record, to compare with `satcheld status --digest`"},
                     KEY_TO_VERIFY,
                     PASSPHRASE},
         .help = "rebuild the record from the log, and print it",
         .more =
             "TIME is 2026-11-23 (the whole day), \"2026-11-23 20:45\" (local time) or 2026-11-23T20:45:00Z. "
             "Without --key\n"
             "a replay shows what the archive says, not that it is true; with it nothing is printed unless all holds\n"
             "that could be checked. With --key the exit status is as of verify: 1 verified in part.",
         .example = "satchel-audit replay 2026.satchel --at \"2026-11-23 20:45\" --passphrase-file audit.pass"},
    .run = replay_archive};

static const struct command history = {
    .usage =
        {.name = "history",
         .words = "ARCHIVE ID",
         .options = {KEY_TO_VERIFY, PASSPHRASE},
         .help = "print every change of a record, a case or a client",
         .more = "Each with its position in the log, when it was written and received, by whom and on which device, "
                 "what it\n"
                 "wrote and what that replaced. Without --key that is what the archive says, not what is proved;\n"
                 "with it the exit status is as of verify: 1 verified in part.",
         .example =
             "satchel-audit history 2026.satchel 01890a5d-ac96-774b-bcce-b302099a8057 --passphrase-file audit.pass"},
    .run = tell_history};

static const struct usage *const rows[] = {&verify.usage, &replay_row.usage, &history.usage};

static const struct usage_program program = {
    .name = "satchel-audit",
    .about = "Verifies, replays and reads a log archive that `satcheld archive` wrote.",
    .footer = "Exit status: 0 done; 1 verified in part, or the office was put back from a backup; 2 could not; 12 "
              "wrong passphrase; 13 something is wrong.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

static int start(struct cli *cli, int argc, char **argv, int *status, struct error *e)
{
    struct usage_call call;
    struct asked a = {.call = &call};
    int code;
    if ((code = vault_init(e)) != 0 || (code = usage_parse(&program, cli, argc, argv, &call, e)) != 0)
        return code;
    a.archive = call.words[0];
    code = ((const struct command *)call.usage)->run(&a, status, e);
    cli_secret_free(a.secret, a.secret_bytes);
    return code;
}

int main(int argc, char **argv)
{
    return usage_main(&program, argc, argv, start);
}
