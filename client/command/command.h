/* The commands of satchel: one table in satchel.c, one function each, named command_<name>. argv[0] is the command's
 * name. Each returns 0 or an error code with its sentence in e; *waiting is set to 1 where the command did its work and
 * something waits for a person (exit status 1). */
#ifndef SATCHEL_COMMAND_H
#define SATCHEL_COMMAND_H

#include "cli.h"
#include "error.h"

/* name, arguments, one line of help, an example */
#define COMMAND_LIST(X)                                                                                                \
    X(enrol, "TICKET", "enrol this laptop with a ticket from the office", "satchel enrol anna.ticket")                 \
    X(unlock, "", "open the store and start the agent that holds its key", "satchel unlock")                           \
    X(lock, "", "forget the key", "satchel lock")                                                                      \
    X(passphrase, "", "change the passphrase", "satchel passphrase")                                                   \
    X(key, "list|add|remove|rotate", "what opens the store; a new data key", "satchel key add --label ben")            \
    X(recover, "FIRST SECOND", "two officers open the store, and its person sets a new passphrase",                    \
      "satchel recover maria.officer jon.officer")                                                                     \
    X(list, "[KIND | newer]", "list the caseload, the records of a kind, or what is newer than this program",          \
      "satchel list case")                                                                                             \
    X(show, "RECORD", "show a record, or a case with all that is in it", "satchel show 4f2a")                          \
    X(search, "WORDS", "find records that hold all the words", "satchel search penicillin")                            \
    X(new, "KIND [CASE] FIELD=VALUE...", "write a new record", "satchel new client legal_name='Ada Byron'")            \
    X(set, "RECORD FIELD=VALUE...", "set fields", "satchel set 4f2a risk=high")                                        \
    X(add, "RECORD FIELD=VALUE...", "add to a set or a sum", "satchel add 4f2a allergy='penicillin (severe)'")         \
    X(remove, "RECORD FIELD=VALUE...", "take out of a set", "satchel remove 4f2a need=transport")                      \
    X(note, "CASE [TEXT]", "write a visit note (from standard input without TEXT)", "satchel note 4f2a < note.txt")    \
    X(void, "RECORD --reason TEXT", "void a record; the log keeps it", "satchel void 4f2a --reason 'wrong client'")    \
    X(conflicts, "", "list what waits for a decision, whose it is, and the command that decides",                      \
      "satchel conflicts --mine")                                                                                      \
    X(resolve, "RECORD FIELD VALUE", "decide a conflict, or settle a parallel edit, having seen all its values",       \
      "satchel resolve 4f2a risk high --seen 3fa2b1 --reason 'seen on Monday'")                                        \
    X(decided, "", "list what others decided over what you wrote", "satchel decided")                                  \
    X(duplicates, "", "list records that may be of one person, with the evidence", "satchel duplicates")               \
    X(link, "CLIENT CLIENT", "two records are one person's; nothing else of them changes", "satchel link 4f2a 91c0")   \
    X(unlink, "CLIENT CLIENT", "take a link back", "satchel unlink 4f2a 91c0 --reason 'two sisters'")                  \
    X(different, "CLIENT CLIENT", "two records look alike and are two people", "satchel different 4f2a 91c0")          \
    X(sync, "", "send what is queued, fetch the caseload", "satchel sync")                                             \
    X(courier, "out FILE", "take what is unsent out into a file for the office; needs no passphrase",                  \
      "satchel courier out /media/stick/anna.courier")                                                                 \
    X(status, "", "what is queued, held, agreed with the office", "satchel status")                                    \
    X(log, "[RECORD]", "the changes of a record, or all of this laptop", "satchel log 4f2a")

#define COMMAND_DECLARE(name, arguments, help, example)                                                                \
    int command_##name(struct cli *cli, int argc, char **argv, int *waiting, struct error *e);
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

#endif
