/* What an auditor brings from elsewhere, beside the archive: the office's key, a checkpoint that somebody was given, an
 * earlier archive. The log in hand must be the one that the office stated then, or more of it. */
#ifndef SATCHEL_AUDIT_EVIDENCE_H
#define SATCHEL_AUDIT_EVIDENCE_H

#include "checkpoint.h"
#include "error.h"
#include "merkle.h"

/* Reads the office's verifier key: the words themselves, or a file that holds it. E_INPUT, E_IO. */
int audit_evidence_key(const char *words, struct checkpoint_vkey *out, struct error *e);

/* A log that the office stated at some time. */
struct audit_evidence {
    const char *option; /* by which it was handed in ("--seen"); NULL: nothing was */
    struct checkpoint stated;
    int reached, agrees; /* the archive has as many entries; and with them that root */
};

/* Reads a checkpoint: a file with the signed note, or with what `satchel status --json` says (its checkpoint_note).
 * E_INPUT (it is none), E_VERIFY (it is not signed by the key), E_IO, E_MEMORY. */
int audit_evidence_seen(const char *path, const struct checkpoint_vkey *vkey, struct audit_evidence *out,
                        struct error *e);

/* Reads the checkpoint of an earlier archive. Errors as above. */
int audit_evidence_since(const char *path, const struct checkpoint_vkey *vkey, struct audit_evidence *out,
                         struct error *e);

/* Holds the statement against the log as far as it has been read; to be called with the empty log, and after each
 * entry. */
void audit_evidence_look(struct audit_evidence *x, const struct merkle_frontier *f);

/* Judges it once all is read. has_reason: a set-back to fewer entries than were stated was announced
 * (audit_set_backs_explain). *lost becomes 1 if the statement is not of this log, and a set-back may be why. E_VERIFY:
 * this log is not an extension of the one that was stated, and no set-back explains it. */
int audit_evidence_end(const struct audit_evidence *x, uint64_t entries, int has_reason, int *lost, struct error *e);

#endif
