/* The oracle's ledger: every change that a laptop's program wrote and committed, on which disks it is, and whether the
 * office acknowledged it. Judges property 2: nothing that was typed is ever gone, and what was acknowledged is durable.
 *
 * What a sync writes and that is no receipt or event of its own is a re-issue: an older change of this laptop once
 * more, in a later epoch. It stands for the change that it repeats, and is asked for on nobody's behalf. */
#ifndef SATCHEL_SIM_ORACLE_LEDGER_H
#define SATCHEL_SIM_ORACLE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "change.h"
#include "db.h"

struct oracle_typed {
    unsigned machine; /* where it was written */
    uint8_t hash[CHANGE_HASH_BYTES];
    struct id device, scope, record, author;
    uint64_t epoch, seq, hlc;
    uint64_t wall_ms, true_ms; /* when it was written, by its laptop's clock and in truth */
    uint64_t met_ms;           /* when the laptop had met the office last, in truth */
    unsigned kind;
    struct slice body;
    uint8_t print[32]; /* of what it says: equal for a change and its re-issue */
    int sure;          /* its commit came to its end; else the power went, or the disk failed, in the middle of it */
    int reissue;       /* written by a sync */
    int replaced;      /* its laptop wrote it once more */
    uint32_t dealt;    /* a bit for each machine that did not have it, and was dealt it */
    uint32_t on;       /* a bit for each machine of its device whose disk has it; an image is a machine */
    uint32_t header; /* the same, whose disk has its header alone: it let go of the words, and a set-back asks for it */
    int acked;       /* ... at this position: */
    uint64_t position;
    uint32_t sealed; /* a bit for each machine whose outbox has it, or had it until it was acknowledged */
    int brought;     /* such an outbox has come to the office as a courier file */
    int was_held;    /* and was held there, as the answer said */
};

void oracle_ledger_reset(void);

size_t oracle_ledger_count(void);
const struct oracle_typed *oracle_ledger_at(size_t i);
/* "change 3.17 of laptop 2 (kind 10, record 1f2e3d4c)": epoch and number. Until the next call. */
const char *oracle_ledger_name(const struct oracle_typed *t);
/* Not 0 where a sync of this machine is under way: for the steps within it. */
int oracle_ledger_syncs(unsigned machine);

/* What the weather did: as oracle.h says. */
void oracle_ledger_copied(unsigned from, unsigned to);
void oracle_ledger_lost(unsigned machine);
void oracle_ledger_broken(unsigned machine);
/* The office took in what this machine's outbox holds. */
void oracle_ledger_brought(unsigned machine);
/* To a backup of so many entries: what it does not have nobody acknowledges any more, from the first sync on that meets
 * the office (so it may be written once more). */
void oracle_ledger_set_back(uint64_t size);

/* With the office's log just read: what was acknowledged is where it was acknowledged; nothing is there twice. */
void oracle_ledger_look(void);
/* The same, and all that was typed is there, applied or held. laptops: whose disks count. */
void oracle_ledger_end(uint32_t laptops);

#endif
