/* A log archive: one file that an auditor can verify and replay without a daemon. docs/LOG.md, "The archive", has the
 * bytes: a magic line, then items: one preamble, the checkpoint, the signed heads, the entries in log order. Headers
 * stand in clear (ids and times); bodies are sealed one by one with XChaCha20-Poly1305 under a key that a passphrase
 * wraps. What an auditor trusts stands first, so that one pass through the file, however long, is enough. */
#ifndef SATCHEL_ARCHIVE_H
#define SATCHEL_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "checkpoint.h"
#include "db.h"
#include "error.h"
#include "log.h"

/* Writes the archive of an office's store to path: to a temporary file beside it, synced, then renamed. checkpoint: the
 * signed note that covers the whole log. The passphrase is KEYFILE_PASSPHRASE_MIN .. _MAX bytes long. *entries (may be
 * NULL): how many it holds. An archive that would not verify is not written. E_INPUT (passphrase), E_IO, E_FULL,
 * E_MEMORY, E_VERIFY (the store's log is not what the checkpoint says: the sentence names the entry), E_EXISTS (path
 * exists). */
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

/* Opens an archive. passphrase NULL: bodies stay sealed. E_INPUT (not an archive), E_VERIFY ("preamble: ..."),
 * E_WRONG_KEY (the passphrase does not fit, or the preamble was rewritten), E_IO, E_MEMORY. */
int archive_open(struct archive **out, const char *path, const char *passphrase, size_t passphrase_bytes,
                 struct error *e);
void archive_close(struct archive *a);                /* NULL allowed */
const char *archive_log_key(const struct archive *a); /* as the archive claims; the auditor has his own */
uint64_t archive_entries(const struct archive *a);    /* how many it claims to hold */

/* They come in this order: one checkpoint, the heads, the entries, and then always the end. */
enum archive_item_type { ARCHIVE_CHECKPOINT, ARCHIVE_HEAD, ARCHIVE_ENTRY, ARCHIVE_END };
struct archive_item {
    enum archive_item_type type;
    uint64_t position, received_ms; /* entries: positions count from 0, without a gap */
    struct slice header;
    struct slice body;       /* p NULL: erased, or sealed and no key was given */
    int sealed;              /* no key was given: nobody can tell the body, or if it was erased */
    struct slice head;       /* signed head */
    struct slice checkpoint; /* text: a signed note */
};
/* Reads the next item; its slices live until the next call. Of what a header, a head or a checkpoint says only this is
 * checked: with a passphrase, that the body was sealed for this position, time of receipt and header. E_VERIFY: the
 * sentence names what is wrong ("entry 17: ...", "head 3: ..."), and every later call says the same. E_IO. */
int archive_next(struct archive *a, struct archive_item *out, struct error *e);

#endif
