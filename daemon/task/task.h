/* The commands of satcheld that work on an open office: run by the daemon for its operator, or by satcheld itself where
 * no daemon runs. One table in task.c; one function each, task_<name>, in task_<subject>.c. */
#ifndef SATCHEL_TASK_H
#define SATCHEL_TASK_H

#include "central.h"
#include "cli.h"
#include "error.h"

struct task {
    struct central *central;
    struct cli *cli;    /* where its output goes */
    const char *folder; /* that the command was called in: what relative paths are relative to */
    const char *secret; /* asked for by satcheld before; NULL: none */
    size_t secret_bytes;
    int waiting; /* set to 1: done, and something waits for a person */
};

/* argv[0]: the command ("user"), the rest its words and options. Returns the exit status; errors are printed. */
int task_run(struct task *t, int argc, char **argv);

/* Does this command want a secret (archive: the passphrase of the archive), and the words to ask for it with? */
const char *task_secret_prompt(int argc, char **argv);

/* `user add` and the like. */
int task_has_subcommands(const char *command);

/* How every command is used, or those of one word ("user"; `command` not NULL). Returns how many were printed. */
size_t task_help(FILE *out, const char *command);

/* --- for the task_*.c alone --- */

/* The acting person (--as LOGIN, or the only administrator), then a transaction around `work`. */
int task_write(struct task *t, const char *as, int (*work)(struct task *t, void *arg, struct error *e), void *arg,
               struct error *e);
/* A path that is relative to where the command was called. Freed with free; NULL: no memory. */
char *task_path(const struct task *t, const char *path);
/* One field of a record that is there; "" clears it. For task_write. */
struct task_setting {
    struct id record;
    const char *field, *value;
};
int task_set(struct task *t, void *setting, struct error *e);
/* The same for a user's field, with its transaction; then the office's key file follows who is a recovery officer: who
 * is disabled is none, and is one again when enabled. Where the file cannot be written the field is set all the same,
 * and the error says so. */
int task_set_user(struct task *t, const char *as, struct task_setting *s, struct error *e);
/* FROM ... of the records of a kind, by its name and number, each joined to the entry that it came with first: whose it
 * is, and when the office got it. */
#define TASK_RECORDS(kind, number)                                                                                     \
    "FROM place JOIN " kind " ON " kind ".id = id_text(place.record) AND place.kind = " number " AND " kind            \
    ".voided = 0 JOIN entry ON entry.record = place.record AND entry.position = (SELECT min(position) FROM entry one " \
    "WHERE one.record = place.record)"
#define TASK_EVENTS TASK_RECORDS("event", "15")
/* A command that prints the rows of one query, one line or one JSON object each, and takes no words but its folder. */
int task_list(struct task *t, int argc, char **argv, const char *form, const char *sql, struct error *e);
/* Exactly `count` words after the command (and its subcommand), else E_USAGE with the usage. */
int task_words(int argc, int first, int count, const char *form, struct error *e);

#define TASK_LIST(X)                                                                                                   \
    X(status, "", "status DIR [--digest]", "what the office holds, and what waits for a person")                       \
    X(check, "", "check DIR", "verify the store, the log, the tree; replay the log and compare")                       \
    X(conflicts, "", "conflicts DIR [--owner LOGIN]", "what waits for a decision, since when, and who must decide")    \
    X(user_add, "user", "user add DIR LOGIN --name NAME --role ROLE", "a new person")                                  \
    X(user_list, "user", "user list DIR", "the people")                                                                \
    X(user_disable, "user", "user disable DIR LOGIN", "what this person's laptops bring from now on is held")          \
    X(user_enable, "user", "user enable DIR LOGIN", "take that back, for what comes from then on")                     \
    X(user_supervisor, "user", "user supervisor DIR LOGIN SUPERVISOR",                                                 \
      "who decides conflicts in this person's cases as well; \"\" for nobody in particular")                           \
    X(device_invite, "device", "device invite DIR LOGIN --address HOST[:PORT] --out FILE [--hours N]",                 \
      "a ticket that enrols one laptop")                                                                               \
    X(device_list, "device", "device list DIR", "the laptops")                                                         \
    X(device_revoke, "device", "device revoke DIR DEVICE", "what this laptop brings from now on is held")              \
    X(device_wipe, "device", "device wipe DIR DEVICE",                                                                 \
      "revoke a laptop, and have it destroy its store once it has sent what is unsent")                                \
    X(event_list, "event", "event list DIR",                                                                           \
      "recoveries, wrong passphrases, wiped stores: what happened to the stores of laptops and office")                \
    X(fork_list, "fork", "fork list DIR",                                                                              \
      "laptops whose store was copied or put back, and what of theirs stands beside their chains as evidence")         \
    X(fork_show, "fork", "fork show DIR FORK", "what the changes that are kept as evidence of a fork say")             \
    X(lease, "", "lease DIR [DAYS]", "how many days a laptop opens its store without meeting the office; or set them") \
    X(officer_add, "officer", "officer add DIR LOGIN --out FILE",                                                      \
      "a recovery officer: any two of them open every laptop's store, and the office's; FILE is the officer's key")    \
    X(officer_list, "officer", "officer list DIR", "the recovery officers")                                            \
    X(officer_remove, "officer", "officer remove DIR LOGIN",                                                           \
      "from now on this officer's key opens nothing here, and nothing on a laptop that has synced since")              \
    X(case_assign, "case", "case assign DIR CASE LOGIN", "put a case into somebody's caseload")                        \
    X(case_release, "case", "case release DIR CASE LOGIN", "take it out again")                                        \
    X(case_responsible, "case", "case responsible DIR CASE LOGIN",                                                     \
      "of those who hold a case, the one who decides what is contested in it")                                         \
    X(case_list, "case", "case list DIR [--user LOGIN]", "the cases and who holds them")                               \
    X(duplicates, "", "duplicates DIR",                                                                                \
      "client records that may be of one person, with the evidence; nothing is linked")                                \
    X(link, "", "link DIR CLIENT CLIENT [--reason TEXT]",                                                              \
      "two records are one person's: who holds one gets the other")                                                    \
    X(unlink, "", "unlink DIR CLIENT CLIENT [--reason TEXT]", "take a link back; each record is as it was")            \
    X(different, "", "different DIR CLIENT CLIENT [--undo] [--reason TEXT]", "they look alike, and are two people")    \
    X(held_list, "held", "held list DIR", "changes that could not be applied, and why")                                \
    X(held_release, "held", "held release DIR HOLD", "apply a held change after all")                                  \
    X(courier, "", "courier DIR FILE", "take in what `satchel courier out` took out of a laptop")                      \
    X(backup, "", "backup DIR TO", "a copy of the office in a new folder, as it is now; the daemon may run")           \
    X(restored, "", "restored DIR [--size N]",                                                                         \
      "once, after a backup was put in the office's place: laptops hear of it, and send again what it lacks")          \
    X(report, "", "report DIR SQL",                                                                                    \
      "ask the record a question: one SELECT over the tables of the kinds, as CSV or --json")                          \
    X(archive, "", "archive DIR FILE", "write the log archive for an auditor")                                         \
    X(import, "", "import DIR PATH [--source NAME] [--assign LOGIN,...] [--dry-run]",                                  \
      "read an HMIS or Synthea CSV export; --source keeps two systems with the same keys apart")

#define TASK_DECLARE(name, group, form, help) int task_##name(struct task *t, int argc, char **argv, struct error *e);
TASK_LIST(TASK_DECLARE)
#undef TASK_DECLARE

#endif
