/* Writes and reads the archive's bytes (docs/LOG.md, "The archive"):
 *
 *   "satchel archive 1\n", then items: length (4 bytes, big-endian), that many bytes of msgpack, and their checksum
 *   (BLAKE2b-128, keyed "satchel archive 1").
 *
 *   preamble    [1, log key, heads, entries, Argon2id passes, Argon2id bytes, salt, nonce, wrapped key]
 *   checkpoint  [2, signed note]
 *   head        [3, number, signed head]
 *   entry       [4, position, received, header, nonce, sealed body]
 *
 * The wrapped key is authenticated together with every byte of the preamble before it. A body's additional data are
 * position, time of receipt (8 bytes each, little-endian) and the header's hash; an erased body is sealed too, as an
 * empty one, so that nobody without the passphrase can make a body look erased.
 *
 * The checksums prove less than signatures and tags do. They are there because they name, without the passphrase, the
 * item that a bad stick or disk has damaged; the tree could only say that its root differs. */
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "keyfile.h"
#include "pack.h"

#define MAGIC "satchel archive 1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define SUM_BYTES 16
#define KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define WRAPPED_BYTES (KEY_BYTES + TAG_BYTES)
#define WRAPPED_PACKED (2 + WRAPPED_BYTES) /* at the end of the preamble, as msgpack */
#define BODY_BYTES ((size_t)CHANGE_BODY_MAX)
#define OTHER_MAX 2048 /* bytes of an item that is not an entry */
#define ENTRY_MAX (CHANGE_HEADER_MAX + CHANGE_BODY_MAX + 128)

enum { TYPE_PREAMBLE = 1, TYPE_CHECKPOINT, TYPE_HEAD, TYPE_ENTRY };

static void checksum(const uint8_t *bytes, size_t size, uint8_t out[SUM_BYTES])
{
    static const uint8_t domain[] = "satchel archive 1";
    crypto_generichash(out, SUM_BYTES, bytes, size, domain, sizeof domain - 1);
}

static void little_endian(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

#define BOUND_BYTES (8 + 8 + CHANGE_HASH_BYTES)

/* Writes the additional data that a body is sealed with. */
static void bind_to(uint64_t position, uint64_t received_ms, const uint8_t hash[CHANGE_HASH_BYTES],
                    uint8_t out[BOUND_BYTES])
{
    little_endian(out, position);
    little_endian(out + 8, received_ms);
    memcpy(out + 16, hash, CHANGE_HASH_BYTES);
}

/* --- writing --- */

struct writer {
    struct db *db;
    const struct archive_options *options;
    FILE *file;
    char *temporary;
    uint8_t *key;    /* KEY_BYTES, locked */
    uint8_t *sealed; /* room for one sealed body */
    struct merkle_source tree;
    struct merkle_frontier frontier;
    uint64_t heads, heads_written;
};

/* Writes the item that is in w, and frees w. */
static int put_item(struct writer *writer, struct pack *w, struct error *e)
{
    uint8_t length[4], sum[SUM_BYTES];
    struct slice bytes = pack_bytes(w);
    int code = pack_finish(w, e);
    if (code == 0) {
        checksum(bytes.p, bytes.size, sum);
        for (int i = 0; i < 4; i++)
            length[i] = (uint8_t)(bytes.size >> (24 - 8 * i));
        if (fwrite(length, sizeof length, 1, writer->file) != 1 || fwrite(bytes.p, bytes.size, 1, writer->file) != 1 ||
            fwrite(sum, sizeof sum, 1, writer->file) != 1)
            code = error_system(e, E_IO, errno, "the archive %s cannot be written", writer->options->path);
    }
    pack_free(w);
    return code;
}

/* The end of the preamble: the cost and salt that make a key of the passphrase, and the archive's key, wrapped. */
struct wrapping {
    uint64_t ops, mem; /* Argon2id's cost */
    uint8_t salt[crypto_pwhash_SALTBYTES], nonce[NONCE_BYTES], wrapped[WRAPPED_BYTES];
};

/* Derives a key from the passphrase. The caller has checked the cost. */
static int derive(const struct wrapping *wrapping, struct slice passphrase, uint8_t key[KEY_BYTES], struct error *e)
{
    if (crypto_pwhash(key, KEY_BYTES, (const char *)passphrase.p, passphrase.size, wrapping->salt, wrapping->ops,
                      (size_t)wrapping->mem, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return error_set(e, E_MEMORY,
                         "there is not enough memory for the passphrase's key (%llu MiB); close other "
                         "programs and try again",
                         (unsigned long long)(wrapping->mem >> 20));
    return 0;
}

static int put_preamble(struct writer *writer, uint64_t entries, struct error *e)
{
    const struct archive_options *o = writer->options;
    struct slice passphrase = {(const uint8_t *)o->passphrase, o->passphrase_bytes};
    struct wrapping wrapping = {
        .ops = o->cheap ? crypto_pwhash_argon2id_OPSLIMIT_MIN : crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
        .mem = o->cheap ? crypto_pwhash_argon2id_MEMLIMIT_MIN : crypto_pwhash_argon2id_MEMLIMIT_MODERATE};
    uint8_t *key = sodium_malloc(KEY_BYTES);
    struct pack w;
    int code;
    if (key == NULL)
        return error_memory(e);
    randombytes_buf(wrapping.salt, sizeof wrapping.salt);
    randombytes_buf(wrapping.nonce, sizeof wrapping.nonce);
    pack_start(&w);
    pack_array(&w, 9);
    pack_uint(&w, TYPE_PREAMBLE);
    pack_text(&w, o->log_key, strlen(o->log_key));
    pack_uint(&w, writer->heads);
    pack_uint(&w, entries);
    pack_uint(&w, wrapping.ops);
    pack_uint(&w, wrapping.mem);
    pack_bin(&w, wrapping.salt, sizeof wrapping.salt);
    pack_bin(&w, wrapping.nonce, sizeof wrapping.nonce);
    if ((code = pack_finish(&w, e)) == 0 && (code = derive(&wrapping, passphrase, key, e)) == 0) {
        struct slice before = pack_bytes(&w);
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(wrapping.wrapped, NULL, writer->key, KEY_BYTES, before.p,
                                                         before.size, NULL, wrapping.nonce, key);
        pack_bin(&w, wrapping.wrapped, sizeof wrapping.wrapped);
        code = put_item(writer, &w, e);
    }
    pack_free(&w);
    sodium_free(key);
    return code;
}

static int count_head(void *arg, struct slice signed_head, struct error *e)
{
    (void)signed_head;
    (void)e;
    ++*(uint64_t *)arg;
    return 0;
}

static int put_checkpoint(struct writer *writer, struct slice signed_note, struct error *e)
{
    struct pack w;
    pack_start(&w);
    pack_array(&w, 2);
    pack_uint(&w, TYPE_CHECKPOINT);
    pack_text(&w, (const char *)signed_note.p, signed_note.size);
    return put_item(writer, &w, e);
}

static int put_head(void *arg, struct slice signed_head, struct error *e)
{
    struct writer *writer = arg;
    struct pack w;
    pack_start(&w);
    pack_array(&w, 3);
    pack_uint(&w, TYPE_HEAD);
    pack_uint(&w, writer->heads_written++);
    pack_bin(&w, signed_head.p, signed_head.size);
    return put_item(writer, &w, e);
}

/* Writes an entry. Checks the log order, and the leaf against the store's tree, so that a store in which somebody wrote
 * is found now, and the sentence names the entry. */
static int put_entry(void *arg, struct log_entry *entry, struct error *e)
{
    struct writer *writer = arg;
    const struct change *c = &entry->change;
    uint64_t position = writer->frontier.size;
    uint8_t nonce[NONCE_BYTES], bound[BOUND_BYTES];
    unsigned long long sealed_bytes;
    struct merkle_hash leaf, stored;
    struct pack w;
    int code;
    if (entry->position != position)
        return error_set(e, E_VERIFY, "entry %llu: it is missing in the store's log; no archive was written",
                         (unsigned long long)position);
    log_leaf(entry->received_ms, c->header, &leaf);
    if ((code = writer->tree.node(writer->tree.arg, 0, position, &stored, e)) != 0 ||
        (code = merkle_append(&writer->frontier, &leaf, NULL, NULL, e)) != 0)
        return code;
    if (memcmp(leaf.b, stored.b, sizeof leaf.b) != 0)
        return error_set(e, E_VERIFY,
                         "entry %llu: it is not what the log's tree says that it was; no archive was written",
                         (unsigned long long)position);
    bind_to(position, entry->received_ms, c->hash, bound);
    randombytes_buf(nonce, sizeof nonce);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(writer->sealed, &sealed_bytes, c->body.p,
                                                     c->body.p == NULL ? 0 : c->body.size, bound, sizeof bound, NULL,
                                                     nonce, writer->key);
    pack_start(&w);
    pack_array(&w, 6);
    pack_uint(&w, TYPE_ENTRY);
    pack_uint(&w, position);
    pack_uint(&w, entry->received_ms);
    pack_bin(&w, c->header.p, c->header.size);
    pack_bin(&w, nonce, sizeof nonce);
    pack_bin(&w, writer->sealed, (size_t)sealed_bytes);
    return put_item(writer, &w, e);
}

static int put_all(struct writer *writer, struct error *e)
{
    const struct archive_options *o = writer->options;
    struct slice signed_note = {(const uint8_t *)o->checkpoint, strlen(o->checkpoint)};
    struct checkpoint_vkey vkey;
    struct checkpoint checkpoint;
    struct merkle_hash root;
    int code;
    if ((code = checkpoint_vkey_parse(o->log_key, &vkey, e)) != 0 ||
        (code = checkpoint_open((const char *)signed_note.p, signed_note.size, &vkey, &checkpoint, e)) != 0 ||
        (code = log_heads(writer->db, count_head, &writer->heads, e)) != 0)
        return code;
    if (fwrite(MAGIC, MAGIC_BYTES, 1, writer->file) != 1)
        return error_system(e, E_IO, errno, "the archive %s cannot be written", o->path);
    if ((code = put_preamble(writer, checkpoint.size, e)) != 0 ||
        (code = put_checkpoint(writer, signed_note, e)) != 0 ||
        (code = log_heads(writer->db, put_head, writer, e)) != 0 ||
        (code = log_each(writer->db, 0, put_entry, writer, e)) != 0)
        return code;
    merkle_root(&writer->frontier, &root);
    if (writer->frontier.size != checkpoint.size || memcmp(root.b, checkpoint.root.b, sizeof root.b) != 0)
        return error_set(e, E_VERIFY,
                         "the log has %llu entries and its checkpoint is of %llu others; no archive was written",
                         (unsigned long long)writer->frontier.size, (unsigned long long)checkpoint.size);
    return 0;
}

static int start_file(struct writer *writer, struct error *e)
{
    const char *path = writer->options->path;
    size_t size = strlen(path) + 8;
    struct stat there;
    int fd;
    if (lstat(path, &there) == 0)
        return error_set(e, E_EXISTS, "%s is there already; nothing was written", path);
    if ((writer->temporary = malloc(size)) == NULL)
        return error_memory(e);
    (void)snprintf(writer->temporary, size, "%s.XXXXXX", path);
    if ((fd = mkostemp(writer->temporary, O_CLOEXEC)) < 0) { /* mode 0600 */
        int why = errno;
        free(writer->temporary);
        writer->temporary = NULL;
        return error_system(e, E_IO, why, "the archive %s cannot be made", path);
    }
    if ((writer->file = fdopen(fd, "wb")) == NULL) {
        (void)close(fd);
        return error_memory(e);
    }
    return 0;
}

static int finish_file(struct writer *writer, struct error *e)
{
    const char *path = writer->options->path;
    if (fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0)
        return error_system(e, E_IO, errno, "the archive %s cannot be written", path);
    if (rename(writer->temporary, path) != 0)
        return error_system(e, E_IO, errno, "the archive %s cannot be put in its place", path);
    free(writer->temporary);
    writer->temporary = NULL;
    return folder_sync_of(path, e); /* a rename is durable once its folder is */
}

int archive_write(struct db *db, const struct archive_options *options, uint64_t *entries, struct error *e)
{
    struct writer writer;
    int code;
    memset(&writer, 0, sizeof writer);
    writer.db = db;
    writer.options = options;
    writer.tree = log_tree(db);
    if (options->passphrase_bytes < KEYFILE_PASSPHRASE_MIN || options->passphrase_bytes > KEYFILE_PASSPHRASE_MAX)
        return error_set(e, E_INPUT, "an archive's passphrase has %d to %d bytes; choose another",
                         KEYFILE_PASSPHRASE_MIN, KEYFILE_PASSPHRASE_MAX);
    if (sodium_init() < 0)
        return error_set(e, E_INTERNAL, "libsodium cannot be started on this machine");
    writer.key = sodium_malloc(KEY_BYTES);
    writer.sealed = malloc(BODY_BYTES + TAG_BYTES);
    if (writer.key == NULL || writer.sealed == NULL) {
        code = error_memory(e);
        goto out;
    }
    randombytes_buf(writer.key, KEY_BYTES);
    if ((code = start_file(&writer, e)) == 0 && (code = put_all(&writer, e)) == 0)
        code = finish_file(&writer, e);
    if (code == 0 && entries != NULL)
        *entries = writer.frontier.size;
out:
    if (writer.file != NULL)
        (void)fclose(writer.file);
    if (writer.temporary != NULL)
        (void)unlink(writer.temporary);
    free(writer.temporary);
    free(writer.sealed);
    sodium_free(writer.key);
    return code;
}

/* --- reading --- */

struct archive {
    FILE *file;
    char log_key[CHECKPOINT_VKEY_MAX];
    uint8_t *key; /* KEY_BYTES, locked; NULL: bodies stay sealed */
    uint64_t heads, entries;
    uint64_t heads_read, entries_read;
    int checkpoint_read;
    uint8_t *item; /* ENTRY_MAX + SUM_BYTES */
    uint8_t *body; /* CHANGE_BODY_MAX */
    struct change change;
    struct error failed; /* code 0: not yet */
};

/* Writes the name of the item that must come next into out, and returns out. */
static const char *name_next(const struct archive *a, char out[64])
{
    if (!a->checkpoint_read)
        (void)snprintf(out, 64, "checkpoint");
    else if (a->heads_read < a->heads)
        (void)snprintf(out, 64, "head %llu", (unsigned long long)a->heads_read);
    else
        (void)snprintf(out, 64, "entry %llu", (unsigned long long)a->entries_read);
    return out;
}

/* Reads an item's bytes, 1 to max of them, into a->item, and checks the checksum. E_VERIFY, E_IO. */
static int get_item(struct archive *a, const char *name, size_t max, struct slice *out, struct error *e)
{
    uint8_t length[4], sum[SUM_BYTES];
    size_t size = 0, got = fread(length, 1, sizeof length, a->file);
    if (got == 0 && feof(a->file))
        return error_set(e, E_VERIFY, "%s: it is missing, the archive ends before it", name);
    for (int i = 0; i < 4; i++)
        size = size << 8 | length[i];
    if (got == sizeof length && (size == 0 || size > max))
        return error_set(e, E_VERIFY, "%s: its length was altered (it claims %zu bytes)", name, size);
    if (got == sizeof length)
        got += fread(a->item, 1, size + SUM_BYTES, a->file);
    if (ferror(a->file))
        return error_system(e, E_IO, errno, "%s: the archive cannot be read", name);
    if (got != sizeof length + size + SUM_BYTES)
        return error_set(e, E_VERIFY, "%s: the archive ends in the middle of it", name);
    checksum(a->item, size, sum);
    if (memcmp(sum, a->item + size, sizeof sum) != 0)
        return error_set(e, E_VERIFY, "%s: it was altered (its checksum differs)", name);
    *out = (struct slice){a->item, size};
    return 0;
}

/* Opens the archive's key, which is authenticated together with all of the preamble before it. */
static int unwrap(struct archive *a, struct slice preamble, const struct wrapping *wrapping, struct slice passphrase,
                  struct error *e)
{
    uint8_t *key = sodium_malloc(KEY_BYTES);
    int code;
    if (key == NULL || (a->key = sodium_malloc(KEY_BYTES)) == NULL) {
        sodium_free(key);
        return error_memory(e);
    }
    code = derive(wrapping, passphrase, key, e);
    if (code == 0 &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(a->key, NULL, NULL, wrapping->wrapped, WRAPPED_BYTES, preamble.p,
                                                   preamble.size - WRAPPED_PACKED, wrapping->nonce, key) != 0)
        code = error_set(e, E_WRONG_KEY, "the passphrase does not open this archive");
    sodium_free(key);
    return code;
}

/* Reads the preamble. Refuses a cost that is out of bounds before it derives anything, so that an archive cannot make
 * its reader take all memory. passphrase.p NULL: bodies stay sealed. */
static int get_preamble(struct archive *a, struct slice passphrase, struct error *e)
{
    struct slice item = {NULL, 0}, log_key;
    struct wrapping wrapping;
    struct unpack r;
    int code;
    if ((code = get_item(a, "preamble", OTHER_MAX, &item, e)) != 0)
        return code;
    unpack_start(&r, item);
    if (unpack_array(&r) != 9 || unpack_uint(&r) != TYPE_PREAMBLE)
        return error_set(e, E_VERIFY, "preamble: another item stands in its place");
    log_key = unpack_text(&r);
    a->heads = unpack_uint(&r);
    a->entries = unpack_uint(&r);
    wrapping.ops = unpack_uint(&r);
    wrapping.mem = unpack_uint(&r);
    unpack_fixed(&r, wrapping.salt, sizeof wrapping.salt);
    unpack_fixed(&r, wrapping.nonce, sizeof wrapping.nonce);
    unpack_fixed(&r, wrapping.wrapped, sizeof wrapping.wrapped);
    if (unpack_end(&r, "preamble", e) != 0 || log_key.size >= sizeof a->log_key)
        return error_set(e, E_VERIFY, "preamble: it is not as it should be");
    if (wrapping.ops < crypto_pwhash_argon2id_OPSLIMIT_MIN ||
        wrapping.ops > crypto_pwhash_argon2id_OPSLIMIT_SENSITIVE ||
        wrapping.mem < crypto_pwhash_argon2id_MEMLIMIT_MIN || wrapping.mem > crypto_pwhash_argon2id_MEMLIMIT_SENSITIVE)
        return error_set(e, E_VERIFY, "preamble: the cost of its passphrase is out of bounds");
    memcpy(a->log_key, log_key.p, log_key.size);
    return passphrase.p == NULL ? 0 : unwrap(a, item, &wrapping, passphrase, e);
}

void archive_close(struct archive *a)
{
    if (a == NULL)
        return;
    if (a->file != NULL)
        (void)fclose(a->file);
    if (a->body != NULL)
        sodium_memzero(a->body, BODY_BYTES);
    free(a->body);
    free(a->item);
    sodium_free(a->key);
    free(a);
}

int archive_open(struct archive **out, const char *path, const char *passphrase, size_t passphrase_bytes,
                 struct error *e)
{
    char magic[MAGIC_BYTES];
    struct archive *a;
    int code = 0;
    *out = NULL;
    if (sodium_init() < 0)
        return error_set(e, E_INTERNAL, "libsodium cannot be started on this machine");
    if ((a = calloc(1, sizeof *a)) == NULL || (a->item = malloc(ENTRY_MAX + SUM_BYTES)) == NULL ||
        (a->body = malloc(BODY_BYTES)) == NULL)
        code = error_memory(e);
    else if ((a->file = fopen(path, "rbe")) == NULL)
        code = error_system(e, E_IO, errno, "the archive %s cannot be opened", path);
    else if (fread(magic, sizeof magic, 1, a->file) != 1 && ferror(a->file))
        code = error_system(e, E_IO, errno, "the archive %s cannot be read", path);
    else if (feof(a->file) || memcmp(magic, MAGIC, sizeof magic) != 0)
        code = error_set(e, E_INPUT,
                         "%s is not a Satchel archive of version 1: its first line is another one; `satcheld archive` "
                         "writes archives",
                         path);
    else
        code = get_preamble(a, (struct slice){(const uint8_t *)passphrase, passphrase_bytes}, e);
    if (code != 0)
        archive_close(a);
    else
        *out = a;
    return code;
}

const char *archive_log_key(const struct archive *a)
{
    return a->log_key;
}

uint64_t archive_entries(const struct archive *a)
{
    return a->entries;
}

/* The item that must come next. */
struct wanted {
    uint64_t type;
    size_t elements; /* of its array */
    uint64_t number; /* a head's, or an entry's position */
};

/* Reads the next item up to behind its type and number. E_VERIFY if it is not the wanted one. */
static int start_item(struct archive *a, const char *name, const struct wanted *wanted, struct unpack *r,
                      struct error *e)
{
    static const char *const words[] = {"", "preamble", "checkpoint", "head", "entry"};
    struct slice item = {NULL, 0};
    uint64_t found;
    size_t elements;
    int code;
    if ((code = get_item(a, name, ENTRY_MAX, &item, e)) != 0)
        return code;
    unpack_start(r, item);
    elements = unpack_array(r);
    found = unpack_uint(r);
    if (found != wanted->type)
        return error_set(e, E_VERIFY, "%s: it is missing, %s%s stands in its place", name,
                         found < TYPE_PREAMBLE || found > TYPE_ENTRY ? "something unknown" : "an item of type ",
                         found < TYPE_PREAMBLE || found > TYPE_ENTRY ? "" : words[found]);
    if (elements != wanted->elements)
        return error_set(e, E_VERIFY, "%s: it is not as it should be", name);
    found = wanted->type == TYPE_CHECKPOINT ? wanted->number : unpack_uint(r);
    if (found != wanted->number)
        return error_set(e, E_VERIFY, "%s: %s %llu stands in its place; one was %s", name, words[wanted->type],
                         (unsigned long long)found, found > wanted->number ? "dropped or moved" : "doubled or moved");
    return 0;
}

static int get_checkpoint(struct archive *a, const char *name, struct archive_item *out, struct error *e)
{
    struct unpack r;
    int code = start_item(a, name, &(struct wanted){TYPE_CHECKPOINT, 2, 0}, &r, e);
    if (code != 0)
        return code;
    out->checkpoint = unpack_text(&r);
    return unpack_end(&r, name, e) == 0 ? 0 : error_set(e, E_VERIFY, "%s: it is not as it should be", name);
}

static int get_head(struct archive *a, const char *name, struct archive_item *out, struct error *e)
{
    struct unpack r;
    int code = start_item(a, name, &(struct wanted){TYPE_HEAD, 3, a->heads_read}, &r, e);
    if (code != 0)
        return code;
    out->head = unpack_bin(&r);
    if (unpack_end(&r, name, e) != 0 || out->head.size > CHAIN_HEAD_MAX)
        return error_set(e, E_VERIFY, "%s: it is not as it should be", name);
    return 0;
}

/* Opens the body, which must have been sealed for this very entry. */
static int open_body(struct archive *a, const char *name, struct archive_item *out, const uint8_t *nonce,
                     struct slice sealed, struct error *e)
{
    uint8_t bound[BOUND_BYTES];
    unsigned long long size;
    out->sealed = a->key == NULL; /* even one that looks empty: anybody could have emptied it */
    if (a->key == NULL)
        return 0;
    if (change_read_header(out->header, &a->change, e) != 0)
        return error_set(e, E_VERIFY, "%s: its header cannot be read", name);
    bind_to(out->position, out->received_ms, a->change.hash, bound);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(a->body, &size, NULL, sealed.p, sealed.size, bound, sizeof bound,
                                                   nonce, a->key) != 0)
        return error_set(e, E_VERIFY,
                         "%s: it was altered (its body was not sealed for this position, time of receipt and header)",
                         name);
    if (size != 0)
        out->body = (struct slice){a->body, (size_t)size};
    return 0;
}

static int get_entry(struct archive *a, const char *name, struct archive_item *out, struct error *e)
{
    uint8_t nonce[NONCE_BYTES];
    struct slice sealed;
    struct unpack r;
    int code = start_item(a, name, &(struct wanted){TYPE_ENTRY, 6, a->entries_read}, &r, e);
    if (code != 0)
        return code;
    out->position = a->entries_read;
    out->received_ms = unpack_uint(&r);
    out->header = unpack_bin(&r);
    unpack_fixed(&r, nonce, sizeof nonce);
    sealed = unpack_bin(&r);
    if (unpack_end(&r, name, e) != 0 || out->header.size > CHANGE_HEADER_MAX || sealed.size < TAG_BYTES ||
        sealed.size > CHANGE_BODY_MAX + TAG_BYTES)
        return error_set(e, E_VERIFY, "%s: it is not as it should be", name);
    return open_body(a, name, out, nonce, sealed, e);
}

static int get_next(struct archive *a, struct archive_item *out, struct error *e)
{
    char name[64];
    int code;
    name_next(a, name);
    if (!a->checkpoint_read) {
        out->type = ARCHIVE_CHECKPOINT;
        if ((code = get_checkpoint(a, name, out, e)) == 0)
            a->checkpoint_read = 1;
        return code;
    }
    if (a->heads_read < a->heads) {
        out->type = ARCHIVE_HEAD;
        if ((code = get_head(a, name, out, e)) == 0)
            a->heads_read++;
        return code;
    }
    if (a->entries_read < a->entries) {
        out->type = ARCHIVE_ENTRY;
        if ((code = get_entry(a, name, out, e)) == 0)
            a->entries_read++;
        return code;
    }
    out->type = ARCHIVE_END;
    if (fgetc(a->file) != EOF)
        return error_set(e, E_VERIFY, "%s: the archive has %llu entries, and something was added after them", name,
                         (unsigned long long)a->entries);
    return ferror(a->file) ? error_system(e, E_IO, errno, "the archive cannot be read to its end") : 0;
}

int archive_next(struct archive *a, struct archive_item *out, struct error *e)
{
    struct error here;
    memset(out, 0, sizeof *out);
    if (a->failed.code == 0 && get_next(a, out, &here) != 0)
        a->failed = here;
    if (a->failed.code == 0)
        return 0;
    memset(out, 0, sizeof *out);
    out->type = ARCHIVE_END;
    return error_set(e, a->failed.code, "%s", a->failed.text);
}
