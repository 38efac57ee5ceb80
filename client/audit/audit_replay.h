/* The replay: an archive's entries, in log order, into a store in memory. What it shows is what the office showed. */
#ifndef SATCHEL_AUDIT_REPLAY_H
#define SATCHEL_AUDIT_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "archive.h"
#include "audit_verify.h"
#include "cli.h"
#include "db.h"
#include "error.h"

struct audit_replay_options {
    const char *archive; /* path */
    const char *passphrase;
    size_t passphrase_bytes;
    const char *key; /* the office's, as for audit_verify: the archive is verified in the same pass; NULL: it is not */
    struct audit_verify_result *verified;         /* with a key: what was proved */
    uint64_t until_ms;                            /* entries received after it are left out; UINT64_MAX: all count */
    void (*progress)(uint64_t done, uint64_t of); /* entries; NULL: nobody watches */
};

/* Rebuilds log and record in a store in memory, closed with db_close. *entries (may be NULL): how many were replayed.
 * With a key there is no store unless everything holds. E_VERIFY (an entry is not as it should be: "entry 17: ...";
 * with a key, whatever audit_verify finds), E_INPUT, E_WRONG_KEY, E_IO, E_MEMORY. */
int audit_replay(const struct audit_replay_options *options, struct db **out, uint64_t *entries, struct error *e);

/* A time in a person's words: YYYY-MM-DD, with " hh:mm" or "Thh:mm", with ":ss", with "Z" for UTC (else local time).
 * A part that is left out counts to its end: a day is the whole day, and what the clock shows twice is the later of
 * both. *out: the last millisecond of it. E_INPUT: it is no time, or the clock here skipped it. */
int audit_replay_time(const char *text, uint64_t *out, struct error *e);

/* Says on stderr whether the archive was verified; NULL: it was not. Returns the exit status, as audit_verify_print
 * does: ERROR_STATUS_WAITING if something could not be checked, or the office was put back from a backup; else 0. */
int audit_replay_say(const struct cli *cli, const struct audit_verify_result *verified);

/* Says on stderr how much of the record is newer than this program, if anything is: the dump lacks it. */
int audit_replay_warn(const struct cli *cli, struct db *db, struct error *e);

/* What was replayed. */
struct audit_replayed {
    struct db *db;
    uint64_t entries;
    const struct audit_verify_result *verified; /* NULL: it was not verified */
};

/* Prints the dump (record_dump) of everything, or of one scope (NULL: all). With json: {"entries": n, "verified": flag,
 * "complete": flag, "dump": "..."}; complete: it was verified, and nothing was left unchecked. */
int audit_replay_print(const struct cli *cli, const struct audit_replayed *r, const struct id *scope, struct error *e);

/* Prints the digest of the dump, as `satcheld status --digest` does; with json also that of the ops, which programs of
 * different schemas agree on: {"entries": n, "verified": flag, "complete": flag, "digest": "hex", "ops": "hex",
 * "schema": version}. */
int audit_replay_print_digest(const struct cli *cli, const struct audit_replayed *r, const struct id *scope,
                              struct error *e);

#endif
