/* Judging: may a change of a laptop be applied? The office asks before it applies it, and again when a newer version
 * comes to know what an older one took unjudged (docs/MERGE.md, "Older and newer programs"); the auditor asks for every
 * entry, by the log in front of it. Whatever is asked is answered from the record in `db` as it is in front of the
 * change. */
#ifndef SATCHEL_JUDGE_H
#define SATCHEL_JUDGE_H

#include "caseload.h"
#include "change.h"
#include "db.h"
#include "device.h"
#include "error.h"

#define JUDGE_REASON 200 /* bytes, with the NUL */

/* By what a change is judged; all of it is the caller's. */
struct judge {
    struct db *db;
    const struct device *device;     /* the laptop that brings the change, as the record has it */
    const struct caseload *caseload; /* its user's, as it was when the batch began that brings the change */
    int has_forked;                  /* the device has had more than one epoch, so it may repeat a change */
    int version;                     /* judge as a program of this schema does: what is newer is not known */
};

/* 0: the change may be applied. 1: it must be held; reason gets why, in one sentence for the person who wrote it. -1:
 * failed, e says why (the store's errors, E_MEMORY).
 *
 * A change that a newer schema wrote is carried as docs/MERGE.md, "Older and newer programs", says. A case or person
 * of which the store has no change may be written by anybody: whoever took it down in the field keeps it until the
 * office assigns it. */
int judge_change(const struct judge *j, const struct change *change, char reason[JUDGE_REASON], struct error *e);

/* 1: the judging version knows enough of the change's kind to judge it. 0: the change is of a kind that is newer,
 * stands office-wide and is dealt, so no caseload says who may write it, and every laptop would get it. Only db and
 * version of j are looked at. */
int judge_knows(const struct judge *j, const struct change *change);

/* The schema from which on all of the change that this program knows is known: the largest `since` of its kind and its
 * fields; 0: every version knows them. What this program does not know either does not count. */
int judge_since(const struct change *change);

#endif
