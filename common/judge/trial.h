/* A log judged from its beginning: each change of a laptop by the record as the entries in front of it make it, with
 * the caseload that its user had when its batch began, and as the office's program of that time had to
 * (office.schema_version says which that was). The office does so when a newer program opens it, for what the older one
 * took unjudged; the auditor for every entry. Beside the log it needs nothing, and it writes nothing but its own store
 * in memory. */
#ifndef SATCHEL_TRIAL_H
#define SATCHEL_TRIAL_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "judge.h"
#include "log.h"

/* A change that breaks a rule, and that no hold in front of it kept out. */
struct trial_breach {
    uint64_t position;
    struct id device, author;
    uint64_t epoch, seq;
    int since; /* 0: the office's program of that time knew the rule; else the first version that does */
    char reason[JUDGE_REASON];
};

struct trial;

/* office: the office's own device, whose changes are not judged. *out is freed with trial_close; NULL after an error.
 * E_MEMORY, the store's. */
int trial_open(struct trial **out, const struct id *office, struct error *e);
void trial_close(struct trial *t); /* NULL is ignored */

/* Takes the next entry of the log, which has a position. ends_batch: a signed head of its device names it, so what
 * follows on that device came later, in a batch of its own. The entry's id is set. E_VERIFY: it cannot stand in a log.
 * E_MEMORY, the store's. */
int trial_take(struct trial *t, struct log_entry *entry, int ends_batch, struct error *e);

/* Takes heed of an erasure of the office that stands further on in the log: of the change that it names only the
 * skeleton is left, and that change is judged by it. E_MEMORY, the store's. */
int trial_foresee(struct trial *t, const struct change *erasure, struct error *e);

/* A fault of the office itself. */
struct trial_fault {
    uint64_t position;
    const char *reason; /* one sentence; NULL: there is no fault */
};
/* The first entry whose words are gone without an erasure that says so, or whose erasure is none, so far:
 *   - the words of an entry are gone, and no erasure of the office names it;
 *   - an erasure names what cannot be erased, stands in another scope, says another thing than the words that are still
 *     there, or than another erasure of the change;
 *   - an erasure without a skeleton stands behind its change, whose words the office had.
 * Returns 0 or the store's error. */
int trial_erasures(const struct trial *t, struct trial_fault *out, struct error *e);

/* The breaches so far, by position; the trial's. Of those that the office's program of the time knew the first alone is
 * among them. What broke a rule that only a newer program knows stays among them, whether or not a hold came later. */
const struct trial_breach *trial_breaches(const struct trial *t, size_t *count);
/* The first breach that the log does not answer for: one whose rule the office's program knew then; or one that it came
 * to know later, if no hold names the change to this day. NULL: there is none, or (e->code not 0) the store failed. */
const struct trial_breach *trial_unheld(const struct trial *t, struct error *e);

/* What the trial has counted. */
struct trial_count {
    uint64_t judged; /* changes of laptops that were judged */
    uint64_t late;   /* of them: they keep the rules of the office's program of their time, and break one that only a
                        newer program knows */
    uint64_t held;   /* changes that a hold in front of them kept out, and that were not judged therefore */
    uint64_t
        unjudged; /* changes that an office took whose program is newer than this one: its rules are not known here */
};
struct trial_count trial_counted(const struct trial *t);
/* The record as the entries so far make it; the trial's. */
struct db *trial_record(const struct trial *t);

#endif
