/* Judges property 5: the archive verifies, and its replay shows what the office shows. */
#include "oracle_replay.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_replay.h"
#include "audit_verify.h"
#include "central.h"
#include "log.h"
#include "oracle.h"
#include "oracle_store.h"
#include "process.h"
#include "queue.h"
#include "record.h"

enum { NOTES_MAX = 8, REPLAYED = 3 };

/* What the office showed when its log had so many entries. */
struct note {
    uint64_t size;
    int is_newer; /* by which schema it was shown */
    struct merkle_hash root;
    uint8_t dump[32], ops[32];
};

static struct note notes[NOTES_MAX];
static size_t note_count;
static unsigned looks, stride = 1; /* every so many looks at a longer log one is noted */

/* What a laptop had seen of the office's log when it met the office, and went on with it. */
static struct {
    uint64_t size; /* 0: it met none since its last command */
    uint8_t root[32];
} met[PROCESS_MACHINES];

void oracle_replay_reset(void)
{
    note_count = 0;
    looks = 0;
    stride = 1;
    oracle_replay_set_back();
}

void oracle_replay_forget(void)
{
    note_count = 0;
}

/* --- what the office shows --- */

static int digests(struct db *db, uint8_t dump[32], uint8_t ops[32], struct error *e)
{
    int code = record_dump_digest(db, NULL, dump, e);
    return code != 0 ? code : record_digest_anew(db, NULL, 0, ops, e);
}

/* Some notes over all of the run: where there is no room, every second one goes. Programs do not hear of it: they stand
 * still, between two transactions. What a disk fails to read now is not noted. */
void oracle_replay_note(void)
{
    const struct central *c = machine_office();
    struct note *n;
    if (c == NULL || (note_count != 0 && notes[note_count - 1].size == c->tree.size) || looks++ % stride != 0)
        return;
    if (note_count == NOTES_MAX) {
        for (size_t i = 0; i < NOTES_MAX / 2; i++)
            notes[i] = notes[2 * i + 1];
        note_count = NOTES_MAX / 2;
        stride *= 2;
    }
    process_act_on(MACHINE_OFFICE);
    n = &notes[note_count];
    n->size = c->tree.size;
    n->is_newer = machine_is_newer(MACHINE_OFFICE);
    merkle_root(&c->tree, &n->root);
    if (!db_in_transaction(c->db) && digests(c->db, n->dump, n->ops, NULL) == 0)
        note_count++;
}

/* Is what was noted of a history that has been taken back? After a set-back only what the backup had is sure: what came
 * then has the same places in the log. */
static int is_gone(uint64_t size)
{
    return size > oracle_store_backup();
}

/* --- the tree, by RFC 6962 --- */

struct leaves {
    uint8_t (*hashes)[32];
    size_t count;
};

/* SHA-256(0x00 || msgpack [received, header]). The numbers here are between 2^32 and 2^64, headers below 256 bytes, as
 * long as nobody writes longer ones. */
static void leaf(const struct oracle_entry *entry, uint8_t out[32])
{
    uint8_t bytes[CHANGE_HEADER_MAX + 16] = {0x00, 0x92, 0xcf};
    size_t used = 3;
    for (int shift = 56; shift >= 0; shift -= 8)
        bytes[used++] = (uint8_t)(entry->received_ms >> shift);
    bytes[used++] = 0xc4;
    bytes[used++] = (uint8_t)entry->header.size;
    if (entry->received_ms >> 32 == 0 || entry->header.size > 255) {
        oracle_found("5: entry %llu has a receipt or a header that the oracle cannot hash",
                     (unsigned long long)entry->position);
        return;
    }
    memcpy(bytes + used, entry->header.p, entry->header.size);
    (void)crypto_hash_sha256(out, bytes, used + entry->header.size);
}

/* "Of no leaf: SHA-256 of nothing; of one: the leaf; of n: a node over the first k and the other n - k, where k is the
 * largest power of two below n." */
static void root_of(uint8_t (*hashes)[32], size_t count, uint8_t out[32])
{
    uint8_t node[65] = {0x01};
    size_t k = 1;
    if (count == 0)
        (void)crypto_hash_sha256(out, node, 0);
    if (count == 1)
        memcpy(out, hashes[0], 32);
    if (count < 2)
        return;
    while (2 * k < count)
        k *= 2;
    root_of(hashes, k, node + 1);
    root_of(hashes + k, count - k, node + 33);
    (void)crypto_hash_sha256(out, node, sizeof node);
}

/* 0: the log has so many entries, and this is the root over them. */
static int compare_root(const struct oracle_log *log, uint64_t size, const uint8_t *root)
{
    uint8_t(*hashes)[32], naive[32];
    if (size > log->entry_count)
        return -1;
    if ((hashes = calloc(size + 1, sizeof *hashes)) == NULL)
        abort();
    for (size_t i = 0; i < size; i++)
        leaf(&log->entries[i], hashes[i]);
    root_of(hashes, size, naive);
    free(hashes);
    return memcmp(naive, root, sizeof naive) == 0 ? 0 : -1;
}

static void check_checkpoint(const struct oracle_log *log, const struct central *c)
{
    struct checkpoint said;
    struct error e = {0, ""};
    if (checkpoint_open(c->checkpoint, strlen(c->checkpoint), &c->vkey, &said, &e) != 0)
        oracle_found("5: the office's checkpoint is none: %s", e.text);
    else if (said.size != log->entry_count || compare_root(log, said.size, said.root.b) != 0)
        oracle_found("5: the office signs a root over %llu entries that is not that of its log of %zu",
                     (unsigned long long)said.size, log->entry_count);
    for (size_t i = 0; i < note_count; i++)
        if (!is_gone(notes[i].size) && compare_root(log, notes[i].size, notes[i].root.b) != 0)
            oracle_found("5: the office's log of %zu entries does not begin with the %llu that it had",
                         log->entry_count, (unsigned long long)notes[i].size);
}

/* --- replays --- */

/* Does a replay of so many entries show what the office showed? */
static void compare(struct db *db, uint64_t size, const struct note *then)
{
    uint8_t dump[32], ops[32];
    struct error e = {0, ""};
    if (digests(db, dump, ops, &e) != 0)
        oracle_found("5: what a replay shows cannot be read: %s", e.text);
    else if (memcmp(ops, then->ops, sizeof ops) != 0)
        oracle_found("5: a replay of the first %llu entries has other live ops than the office had",
                     (unsigned long long)size);
    else if (then->is_newer == machine_is_newer(MACHINE_OFFICE) && memcmp(dump, then->dump, sizeof dump) != 0)
        oracle_found("5: a replay of the first %llu entries shows something else than the office showed",
                     (unsigned long long)size);
}

static int replay_entry(struct db *db, const struct oracle_entry *from, struct error *e)
{
    static struct log_entry entry;
    int code;
    memset(&entry, 0, offsetof(struct log_entry, change));
    entry.position = from->position;
    entry.received_ms = from->received_ms;
    if ((code = change_read(from->header, from->body, &entry.change, e)) != 0 || (code = log_add(db, &entry, e)) != 0)
        return code;
    return record_apply(db, &entry, e);
}

/* From the log's beginning on, with a look at some of the checkpoints that were noted. What is behind the middle the
 * archive's replay shows well enough: a replay is what costs the most here. */
static void replay_to_notes(const struct oracle_log *log)
{
    struct db *db = NULL;
    struct error e = {0, ""};
    uint64_t done = 0;
    int code = 0;
    if (db_open_memory(&db, &e) != 0 || log_create(db, &e) != 0 || record_create(db, &e) != 0 || db_begin(db, &e) != 0)
        abort();
    for (size_t i = 0; i < REPLAYED && code == 0; i++) {
        const struct note *then = note_count == 0 ? NULL : &notes[(i + 1) * note_count / ((size_t)2 * REPLAYED)];
        if (then == NULL || then->size < done || then->size > log->entry_count || is_gone(then->size))
            continue;
        while (code == 0 && done < then->size)
            code = replay_entry(db, &log->entries[done++], &e);
        if (code == 0)
            compare(db, done, then);
    }
    if (code != 0)
        oracle_found("5: a replay fails at entry %llu: %s", (unsigned long long)done - 1, e.text);
    db_rollback(db);
    db_close(db);
}

/* --- the archive --- */

static void verify(const struct oracle_log *log, const struct central *c, const char *path)
{
    char key[CHECKPOINT_VKEY_MAX];
    struct audit_verify_options o = {
        .archive = path, .key = key, .passphrase = MACHINE_PASSPHRASE, .passphrase_bytes = strlen(MACHINE_PASSPHRASE)};
    struct audit_verify_result r;
    struct error e = {0, ""};
    if (checkpoint_vkey_format(&c->vkey, key, &e) != 0 || audit_verify(&o, &r, &e) != 0)
        oracle_found("5: the archive does not verify: %s", e.text);
    else if (r.entries != log->entry_count || r.sealed != 0 || r.heads_unchecked != 0)
        oracle_found("5: the archive has %llu of %zu entries, %llu bodies sealed, %llu heads unchecked",
                     (unsigned long long)r.entries, log->entry_count, (unsigned long long)r.sealed,
                     (unsigned long long)r.heads_unchecked);
    else if (r.false_stated != 0)
        oracle_found("5: %llu statements that laptops handed in as the office's are not signed by it",
                     (unsigned long long)r.false_stated);
}

static void replay_archive(const struct central *c, const char *path)
{
    struct audit_replay_options o = {.archive = path,
                                     .passphrase = MACHINE_PASSPHRASE,
                                     .passphrase_bytes = strlen(MACHINE_PASSPHRASE),
                                     .until_ms = UINT64_MAX};
    struct note now = {.is_newer = machine_is_newer(MACHINE_OFFICE)};
    struct error e = {0, ""};
    struct db *db = NULL;
    uint64_t entries = 0;
    if (audit_replay(&o, &db, &entries, &e) != 0)
        oracle_found("5: the archive cannot be replayed: %s", e.text);
    else if (digests(c->db, now.dump, now.ops, &e) != 0)
        oracle_found("5: what the office shows cannot be read: %s", e.text);
    else
        compare(db, entries, &now);
    db_close(db);
}

static void run_task(int argc, const char *const *argv)
{
    struct machine_run *run = machine_task(argc, argv);
    if (run != NULL && !run->died && run->status != 0)
        oracle_found("5: satcheld %s ends with %d: %s", argv[0], run->status, run->err);
    machine_free(run);
}

void oracle_replay_office(const struct oracle_log *log)
{
    const struct central *c = machine_office();
    const char *check[] = {"check"}, *archive[] = {"archive", NULL};
    char folder[320], path[340], *end;
    process_act_on(MACHINE_OFFICE);
    check_checkpoint(log, c);
    replay_to_notes(log);
    run_task(1, check);
    (void)snprintf(folder, sizeof folder, "%s", machine_folder(MACHINE_OFFICE));
    if ((end = strrchr(folder, '/')) != NULL)
        *end = '\0';
    (void)strncat(folder, "/oracle", sizeof folder - strlen(folder) - 1);
    (void)snprintf(path, sizeof path, "%s/archive", folder);
    archive[1] = path;
    (void)mkdir(folder, 0700);
    run_task(2, archive);
    verify(log, c, path);
    replay_archive(c, path);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* --- laptops --- */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_queue_welcome(const struct queue *q, const struct message_welcome *m, int *forked, struct error *e);
int __wrap_queue_welcome(const struct queue *q, const struct message_welcome *m, int *forked, struct error *e);

/* Only an office that was set back can have another log. Where the laptop heard of that it begins with nothing seen. */
int __wrap_queue_welcome(const struct queue *q, const struct message_welcome *m, int *forked, struct error *e)
{
    unsigned machine = process_machine();
    uint64_t size = oracle_store_backup() == UINT64_MAX ? 0 : oracle_store_meta(q->db, "checkpoint_size");
    int code;
    if (size != 0 && db_meta_get(q->db, "checkpoint_root", met[machine].root, sizeof met[machine].root, NULL) != 0)
        size = 0;
    code = __real_queue_welcome(q, m, forked, e);
    met[machine].size = code == 0 ? size : 0;
    return code;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* The root over the first entries of the office's log; -1: it cannot be read, or has fewer. */
static int read_root(struct db *db, uint64_t size, uint8_t root[32])
{
    uint8_t(*hashes)[32] = calloc(size + 1, sizeof *hashes);
    uint64_t count = 0;
    sqlite3_stmt *s;
    int row = -1;
    if (hashes == NULL)
        abort();
    if (db_query(db, &s, NULL, "SELECT position, received, header FROM entry ORDER BY position LIMIT ?", "u", size) ==
        0)
        while ((row = db_next(db, s, NULL)) == 1) {
            struct oracle_entry entry = {.position = db_uint(s, 0), .received_ms = db_uint(s, 1)};
            entry.header = db_slice(s, 2);
            leaf(&entry, hashes[count++]);
        }
    root_of(hashes, count, root);
    free(hashes);
    return row == 0 && count == size ? 0 : -1;
}

void oracle_replay_met(unsigned machine)
{
    const struct central *c = machine_office();
    uint64_t size = met[machine].size;
    uint8_t root[32];
    met[machine].size = 0;
    if (size == 0)
        return;
    process_act_on(MACHINE_OFFICE);
    if (size > c->tree.size || (read_root(c->db, size, root) == 0 && memcmp(root, met[machine].root, sizeof root) != 0))
        oracle_found(
            "5: laptop %u has seen %llu entries of a log that the office's, of %llu, does not continue, and goes "
            "on with it",
            machine, (unsigned long long)size, (unsigned long long)c->tree.size);
}

void oracle_replay_set_back(void)
{
    memset(met, 0, sizeof met);
}

int oracle_replay_continues(const struct oracle_log *log, struct db *db)
{
    uint64_t size = oracle_store_meta(db, "checkpoint_size");
    struct merkle_hash root;
    return size == 0 || (db_meta_get(db, "checkpoint_root", root.b, sizeof root.b, NULL) == 0 &&
                         compare_root(log, size, root.b) == 0);
}

void oracle_replay_laptop(const struct oracle_log *log, unsigned machine)
{
    struct db *db = oracle_store_open(machine);
    uint64_t size;
    if (db == NULL)
        return;
    size = oracle_store_meta(db, "checkpoint_size");
    /* Of an office that was set back a laptop may have seen more than is there now, or something else in its place: it
     * is a witness of that, and what it keeps is right. */
    if (!is_gone(size) && !oracle_replay_continues(log, db))
        oracle_found("5: laptop %u keeps a checkpoint of %llu entries that is not that of the office's log of %zu",
                     machine, (unsigned long long)size, log->entry_count);
    oracle_store_close(db);
}
