/* What a sync has done, and how it is told at the end. */
#ifndef SATCHEL_SYNC_TOLD_H
#define SATCHEL_SYNC_TOLD_H

#include "apply.h"
#include "cli.h"
#include "own_conflicts.h"
#include "setback.h"
#include "store.h"

struct sync_told {
    uint64_t sent, held; /* changes that persons made, and how many of all are held back */
    struct apply_result got;
    uint64_t new_epoch;         /* that the office gave; 0: none */
    uint64_t reissued;          /* changes that a person made, written once more in it */
    uint64_t skew_ms;           /* 0: the clocks agree well enough */
    struct own_conflicts owned; /* what was this person's to decide before */
    struct setback back;        /* the office was put back from a backup, and this laptop heard of it now */
};

/* Prints what the sync did, in words or with cli->json as one object, and which decisions others made over this
 * person's words; those count as told when they have reached cli->out. *waiting: 1 if something waits for a person,
 * otherwise 0. E_MEMORY, and the store's errors (db.h). */
int sync_tell(struct store *s, struct cli *cli, const struct sync_told *t, int *waiting, struct error *e);

/* Loud: the office was put back from a backup. */
#define SYNC_SET_BACK_WORDS 600
void sync_set_back_words(const struct setback *back, char words[SYNC_SET_BACK_WORDS]);
/* E_VERIFY if the record is, or was, not what the office has. Told after everything else has been done and sent. */
int sync_check_agreement(const struct sync_told *t, struct error *e);

#endif
