/* A log archive: one file that an auditor can verify and replay without a daemon. docs/LOG.md, "The archive".
 *
 *   magic line, then records of 32-bit big-endian length and bytes: one preamble, the entries in log order, the signed
 *   heads, one checkpoint at the end. Headers stand in clear (ids and times); bodies are sealed one by one with
 *   XChaCha20-Poly1305 under a key that a passphrase slot in the preamble wraps. */
#ifndef SATCHEL_ARCHIVE_H
#define SATCHEL_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "error.h"
#include "log.h"

/* Writes the archive of an office's store to path: to a temporary file beside it, synced, then renamed. checkpoint: the
 * signed note that covers the whole log. cost as keyfile_create's. E_IO, E_FULL, E_VERIFY, E_EXISTS (path exists). */
struct archive_options {
    const char *path;
    const char *log_key;    /* the office's verifier key */
    const char *checkpoint; /* signed note */
    const char *passphrase;
    size_t passphrase_bytes;
    int cheap; /* unit tests alone: the least Argon2id cost */
};
int archive_write(struct db *db, const struct archive_options *options, uint64_t *entries, struct error *e);

struct archive; /* one that is being read */

/* Opens. passphrase may be NULL: bodies stay sealed. E_INPUT (not an archive), E_WRONG_KEY, E_IO. */
int archive_open(struct archive **out, const char *path, const char *passphrase, size_t passphrase_bytes,
                 struct error *e);
void archive_close(struct archive *a);
const char *archive_log_key(const struct archive *a); /* as the archive claims; the auditor has his own */

enum archive_record_type { ARCHIVE_ENTRY, ARCHIVE_HEAD, ARCHIVE_CHECKPOINT, ARCHIVE_END };
struct archive_record {
    enum archive_record_type type;
    uint64_t position, received_ms; /* entries */
    struct slice header;
    struct slice body;       /* p NULL: erased, or sealed and no key was given */
    int sealed;              /* there is a body, and no key was given */
    struct slice head;       /* signed head */
    struct slice checkpoint; /* note */
};
/* The next record; its slices live until the next call. E_VERIFY: the sentence names the entry ("entry 17: ..."). */
int archive_next(struct archive *a, struct archive_record *out, struct error *e);

#endif
