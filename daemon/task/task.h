/* The commands of satcheld that work on an open office: run by the daemon for its operator, or by satcheld itself if no
 * daemon runs. A command is a row, task_<name>, that stands in task_<subject>.c beside the function that it calls; the
 * list at the end names them in the order of --help. */
#ifndef SATCHEL_TASK_H
#define SATCHEL_TASK_H

#include "central.h"
#include "cli.h"
#include "error.h"
#include "json.h"
#include "usage.h"

struct task {
    struct central *central;
    struct cli *cli;    /* where its output goes */
    const char *folder; /* that the command was called in: what relative paths are relative to */
    const char *secret; /* asked for by satcheld before; NULL: none */
    size_t secret_bytes;
    int waiting;       /* set to 1: done, and something waits for a person */
    struct json *json; /* the array of an answer to which each record adds an object (task_assign_run); NULL: none */
};

/* How the daemon carries a command out. */
enum task_way {
    TASK_AT_ONCE,  /* on its loop, and everybody waits */
    TASK_IN_TURNS, /* in a thread beside the loop; it takes turns with it at the record (central_turn) */
    TASK_READS     /* in a thread beside the loop, on a snapshot of the office (snapshot.h): it writes nothing */
};

struct task_row {
    struct usage usage;
    int (*run)(struct task *t, struct usage_call *call, struct error *e);
    const char *none;   /* of a query without a row: what is said */
    const char *sql;    /* in place of run: a query whose rows are printed, one line or one JSON object each */
    const char *prompt; /* it needs a secret (task.secret), which is asked for with these words; NULL: none */
    enum task_way way;
    const char *reads_with; /* an option with which it is one that reads; NULL: none */
    int is_unwritten;       /* opening the office for it writes nothing in the log (central_open_unwritten) */
};

/* The tasks for usage.h, whose folder was taken before. */
extern const struct usage_program task_program;

/* argv[0]: the command ("user"), the rest its words and options; argv[argc] is NULL. Returns the exit status; errors
 * are printed. */
int task_run(struct task *t, int argc, char **argv);

/* How a command is carried out; TASK_AT_ONCE also if it is none. argv as task_run's. */
enum task_way task_way(int argc, char **argv);

/* --- for the task_*.c alone --- */

#define TASK_AS                                                                                                        \
    {                                                                                                                  \
        .name = "as", .value = "LOGIN", .help = "who does this, if there are several administrators"                   \
    }

/* Finds the acting person (--as LOGIN, or the only administrator), then runs `work` in a transaction. */
int task_write(struct task *t, const char *as, int (*work)(struct task *t, void *arg, struct error *e), void *arg,
               struct error *e);
/* Makes the whole path of one that is relative to where the command was called. Freed with free; NULL: no memory. */
char *task_path(const struct task *t, const char *path);
/* Sets one field of a record that is there; "" clears it. For task_write. */
struct task_setting {
    struct id record;
    const char *field, *value;
};
int task_set(struct task *t, void *setting, struct error *e);
/* Does the same for a user's field, with its transaction; then writes into the office's key file who is a recovery
 * officer now: who is disabled is none, and is one again when enabled. If the file cannot be written the field is set
 * all the same, and the error says so. */
int task_set_user(struct task *t, const char *as, struct task_setting *s, struct error *e);
/* FROM ... of the records of a kind, by its name and number, each joined to the entry that it came with first: whose it
 * is, and when the office got it. */
#define TASK_RECORDS(kind, number)                                                                                     \
    "FROM place JOIN " kind " ON " kind ".id = id_text(place.record) AND place.kind = " number " AND " kind            \
    ".voided = 0 JOIN entry ON entry.record = place.record AND entry.position = (SELECT min(position) FROM entry one " \
    "WHERE one.record = place.record)"
#define TASK_EVENTS TASK_RECORDS("event", "15")
/* Prints a row as an object, its columns by their names: a number of SQLite is a number, a NULL is null, all else is
 * text. So a query gives NULL for what is not there, never ''. */
void task_row_json(struct json *j, sqlite3_stmt *s);
/* Prints a whole answer of one number, such as {"lease_days": 30}. */
void task_number_json(struct task *t, const char *name, uint64_t n);

/* Says on err how many values of the record can hardly be right, if there are any. */
int task_say_doubts(struct task *t, struct error *e);

#define TASK_LIST(X)                                                                                                   \
    X(status)                                                                                                          \
    X(check)                                                                                                           \
    X(conflicts)                                                                                                       \
    X(user_add)                                                                                                        \
    X(user_list)                                                                                                       \
    X(user_disable)                                                                                                    \
    X(user_enable)                                                                                                     \
    X(user_rename)                                                                                                     \
    X(user_supervisor)                                                                                                 \
    X(device_invite)                                                                                                   \
    X(device_list)                                                                                                     \
    X(device_revoke)                                                                                                   \
    X(device_wipe)                                                                                                     \
    X(device_quota)                                                                                                    \
    X(event_list)                                                                                                      \
    X(fork_list)                                                                                                       \
    X(fork_show)                                                                                                       \
    X(lease)                                                                                                           \
    X(officer_add)                                                                                                     \
    X(officer_list)                                                                                                    \
    X(officer_remove)                                                                                                  \
    X(case_assign)                                                                                                     \
    X(case_release)                                                                                                    \
    X(case_transfer)                                                                                                   \
    X(case_cover)                                                                                                      \
    X(case_responsible)                                                                                                \
    X(case_list)                                                                                                       \
    X(duplicates)                                                                                                      \
    X(link)                                                                                                            \
    X(unlink)                                                                                                          \
    X(different)                                                                                                       \
    X(held_list)                                                                                                       \
    X(held_release)                                                                                                    \
    X(courier)                                                                                                         \
    X(backup)                                                                                                          \
    X(restored)                                                                                                        \
    X(implausible)                                                                                                     \
    X(report)                                                                                                          \
    X(archive)                                                                                                         \
    X(import)                                                                                                          \
    X(import_list)                                                                                                     \
    X(import_undo)

#define TASK_DECLARE(name) extern const struct task_row task_##name;
TASK_LIST(TASK_DECLARE)
#undef TASK_DECLARE

#endif
