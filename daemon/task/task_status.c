/* `satcheld status`, `check` and `archive`: the office as a whole. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announcement.h"
#include "archive.h"
#include "fork.h"
#include "log.h"
#include "record.h"
#include "schema.h"
#include "task.h"

/* --- status --- */

static int count(struct db *db, const char *sql, uint64_t *out, struct error *e)
{
    return db_number_of(db, out, e, sql, "");
}

static int print_digest(struct task *t, struct error *e)
{
    uint8_t digest[32], ops[32];
    char hex[65], ops_hex[65];
    struct json j = json_start(t->cli->out);
    int code;
    if ((code = record_dump_digest(t->central->db, NULL, digest, e)) != 0 ||
        (code = record_digest_anew(t->central->db, NULL, 0, ops, e)) != 0)
        return code;
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    sodium_bin2hex(ops_hex, sizeof ops_hex, ops, sizeof ops);
    if (!t->cli->json) {
        (void)fprintf(t->cli->out, "%s\n", hex);
        return 0;
    }
    json_object(&j);
    json_text(json_key(&j, "digest"), hex);
    json_text(json_key(&j, "ops"), ops_hex);
    json_int(json_key(&j, "schema"), schema_version());
    json_end(&j);
    return 0;
}

/* What is counted, and what it is called. A voided record waits for nobody, so it does not count. */
static const struct {
    const char *name, *words, *sql;
} lines[] = {
    {"entries", "changes in the log", "SELECT count(*) FROM entry"},
    {"clients", "clients", "SELECT count(*) FROM client WHERE voided = 0"},
    {"cases", "cases", "SELECT count(*) FROM \"case\" WHERE voided = 0"},
    {"unassigned", "of them in nobody's caseload",
     "SELECT count(*) FROM \"case\" c WHERE voided = 0 AND NOT EXISTS(SELECT 1 FROM assignment a WHERE a.scope = "
     "c.id "
     "AND a.status = 'active' AND a.voided = 0)"},
    {"users", "people", "SELECT count(*) FROM \"user\" WHERE voided = 0"},
    {"devices", "laptops", "SELECT count(*) FROM device WHERE voided = 0"},
    {"loud", "conflicts that a person must decide",
     "SELECT count(*) FROM conflict c JOIN place p ON p.record = c.record WHERE p.voided = 0 AND c.loud <> 0"},
    {"quiet", "parallel edits, kept for review",
     "SELECT count(*) FROM conflict c JOIN place p ON p.record = c.record WHERE p.voided = 0 AND c.loud = 0"},
    {"newer", "fields that programs newer than this one wrote",
     "SELECT count(*) FROM newer n JOIN place p ON p.record = n.record WHERE p.voided = 0 AND EXISTS(SELECT 1 FROM "
     "op WHERE op.record = n.record AND op.field = n.field)"},
    {"disagreed", "syncs after which a laptop did not agree", "SELECT count(*) FROM receipt WHERE agrees = 0"},
    {"recovered", "stores that two officers opened", "SELECT count(*) FROM event WHERE what = 'recovered'"},
    {"wrong", "wrong passphrases, told by the stores they were tried on",
     "SELECT coalesce(sum(count), 0) FROM event WHERE what = 'wrong passphrases'"},
    {"wipes", "laptops that have not said yet that they were wiped",
     "SELECT count(*) FROM device d WHERE status = 'to be wiped' AND voided = 0 AND d.id NOT "
     "IN (SELECT id_text(entry.device) " TASK_EVENTS " WHERE event.what = 'wiped')"},
    {"forks", "times that a laptop's store had been copied or put back", "SELECT count(*) FROM fork"},
    {"held", "held changes", "SELECT count(*) FROM hold WHERE status = 'held' AND voided = 0"},
};

static int tell_status(struct task *t, struct usage_call *call, struct error *e)
{
    struct json j = json_start(t->cli->out);
    char vkey[CHECKPOINT_VKEY_MAX];
    int code;
    if (usage_flag(call, "digest"))
        return print_digest(t, e);
    if ((code = checkpoint_vkey_format(&t->central->vkey, vkey, e)) != 0)
        return code;
    if (t->cli->json)
        json_object(&j);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        uint64_t n;
        if ((code = count(t->central->db, lines[i].sql, &n, e)) != 0)
            return code;
        if (t->cli->json)
            json_uint(json_key(&j, lines[i].name), n);
        else
            (void)fprintf(t->cli->out, "%8llu  %s\n", (unsigned long long)n, lines[i].words);
        if (n != 0 && (strcmp(lines[i].name, "loud") == 0 || strcmp(lines[i].name, "held") == 0))
            t->waiting = 1;
    }
    if (t->cli->json) {
        json_text(json_key(&j, "checkpoint"), t->central->checkpoint);
        json_text(json_key(&j, "log_key"), vkey);
        json_end(&j);
    } else {
        (void)fprintf(t->cli->out, "\n%s\nThe auditor's key: %s\n", t->central->checkpoint, vkey);
    }
    return 0;
}

const struct task_row task_status = {
    .usage = {.name = "status",
              .options = {{.name = "digest", .help = "the digest of the record alone, to compare with a replay"}},
              .help = "tell what the office holds, and what waits for a person",
              .example = "satcheld status /srv/office"},
    .run = tell_status,
    .reads_with = "digest",
};

/* --- check --- */

struct checking {
    struct id office; /* its device */
    struct db *copy;
    struct merkle_frontier tree;
    uint64_t entries;
};

/* Checks that each entry is at its position and its hashes are right, and applies it once more in memory. */
static int check_entry(void *arg, struct log_entry *entry, struct error *e)
{
    struct checking *c = arg;
    struct merkle_hash leaf;
    struct log_entry again = *entry;
    int code;
    if (entry->position != c->tree.size)
        return error_set(e, E_VERIFY, "change %llu of the log is missing", (unsigned long long)c->tree.size);
    if (id_equal(&entry->change.device, &c->office) && announcement_judge(&entry->change, entry->position) < 0)
        return error_set(
            e, E_VERIFY,
            "change %llu of the log says that the office was put back to a backup that cannot be, or is the "
            "office's first after one was put back, and does not say so",
            (unsigned long long)entry->position);
    log_leaf(entry->received_ms, entry->change.header, &leaf);
    if ((code = merkle_append(&c->tree, &leaf, NULL, NULL, e)) != 0)
        return code;
    c->entries++;
    again.held = 0;
    if ((code = log_add(c->copy, &again, e)) != 0)
        return code;
    return record_apply(c->copy, &again, e);
}

static int check_chains(struct db *db, struct error *e)
{
    struct chain chain = {0};
    struct change change;
    sqlite3_stmt *s;
    int row, code;
    if ((code = db_query(db, &s, e, "SELECT header FROM entry ORDER BY device, epoch, seq", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = change_read_header(db_slice(s, 0), &change, e)) == 0) {
            if (!id_equal(&chain.device, &change.device) || chain.epoch != change.epoch) {
                memset(&chain, 0, sizeof chain);
                chain.device = change.device;
                chain.epoch = change.epoch;
            }
            code = chain_follow(&chain, &change, e);
        }
        if (code != 0) {
            db_done(db, s);
            return error_set(e, E_VERIFY, "the log is damaged: %s",
                             "between what one laptop or the office wrote, a change is missing or was forged");
        }
    }
    return row < 0 ? error_code(e) : 0;
}

static int check_root(struct task *t, const struct checking *c, struct error *e)
{
    struct checkpoint statement;
    struct merkle_hash root;
    int code =
        checkpoint_open(t->central->checkpoint, strlen(t->central->checkpoint), &t->central->vkey, &statement, e);
    if (code != 0)
        return code;
    merkle_root(&c->tree, &root);
    if (statement.size != c->tree.size || memcmp(root.b, statement.root.b, sizeof root.b) != 0)
        return error_set(e, E_VERIFY, "the log's %llu changes are not those that its signed checkpoint states",
                         (unsigned long long)c->tree.size);
    return 0;
}

static int check_pages(struct db *db, struct error *e)
{
    sqlite3_stmt *s;
    int code = 0;
    if (db_first(db, &s, e, "PRAGMA integrity_check(1)", "") != 1)
        return error_code(e);
    if (strcmp(db_text(s, 0), "ok") != 0)
        code = error_set(e, E_VERIFY,
                         "the store's pages do not agree with each other; put the newest backup beside it "
                         "and compare");
    db_done(db, s);
    return code;
}

/* Opens what the log is replayed into: in memory if nothing can be written beside the office. */
static int open_copy(const struct central *c, struct db **out, struct error *e)
{
    return c->folder != NULL && access(c->folder, W_OK) == 0 ? db_open_scratch(out, c->folder, e)
                                                             : db_open_memory(out, e);
}

static int check_all(struct task *t, struct usage_call *call, struct error *e)
{
    struct checking c = {.office = t->central->author.chain.device};
    uint8_t ours[32], replayed[32];
    int code;
    (void)call;
    if ((code = check_pages(t->central->db, e)) != 0 || (code = check_chains(t->central->db, e)) != 0 ||
        (code = fork_check(t->central->db, e)) != 0 || (code = open_copy(t->central, &c.copy, e)) != 0)
        return code;
    if ((code = log_create(c.copy, e)) == 0 && (code = record_create(c.copy, e)) == 0 &&
        (code = db_begin(c.copy, e)) == 0 && (code = log_each(t->central->db, 0, check_entry, &c, e)) == 0 &&
        (code = db_commit(c.copy, e)) == 0 && (code = check_root(t, &c, e)) == 0 &&
        (code = record_dump_digest(t->central->db, NULL, ours, e)) == 0 &&
        (code = record_dump_digest(c.copy, NULL, replayed, e)) == 0 && memcmp(ours, replayed, sizeof ours) != 0)
        code = error_set(e, E_VERIFY,
                         "the tables differ from a replay of the log; the log is the record: export an "
                         "archive and call for help");
    if (code == 0)
        code = record_digest_check(t->central->db, e);
    db_close(c.copy);
    if (code != 0)
        return code;
    if (t->cli->json) {
        struct json j = json_start(t->cli->out);
        json_object(&j);
        json_uint(json_key(&j, "entries"), c.entries);
        json_flag(json_key(&j, "ok"), 1);
        json_end(&j);
    } else {
        (void)fprintf(t->cli->out, "%llu changes: pages, log, signatures, tables and their replay agree\n",
                      (unsigned long long)c.entries);
    }
    return 0;
}

const struct task_row task_check = {
    .usage = {.name = "check",
              .help = "verify the store, the log and the tree; replay the log, and compare",
              .example = "satcheld check /srv/office"},
    .run = check_all,
    .way = TASK_READS,
    .is_unwritten = 1, /* it is how the size of a copy is found, for `restored` */
};

/* --- archive --- */

static int write_archive(struct task *t, struct usage_call *call, struct error *e)
{
    char vkey[CHECKPOINT_VKEY_MAX];
    struct archive_options a = {0};
    uint64_t entries = 0;
    char *path;
    int code = checkpoint_vkey_format(&t->central->vkey, vkey, e);
    if (code != 0)
        return code;
    if (t->secret == NULL)
        return error_set(e, E_USAGE, "an archive needs a passphrase; see `satcheld archive --help`");
    if ((path = task_path(t, call->words[0])) == NULL)
        return error_memory(e);
    a.path = path;
    a.log_key = vkey;
    a.checkpoint = t->central->checkpoint;
    a.passphrase = t->secret;
    a.passphrase_bytes = t->secret_bytes;
    code = archive_write(t->central->db, &a, &entries, e);
    free(path);
    if (code != 0)
        return code;
    (void)fprintf(t->cli->err,
                  "%llu changes are in %s. The auditor needs the file, its passphrase, and this key, by "
                  "another way:\n",
                  (unsigned long long)entries, call->words[0]);
    if (t->cli->json) {
        struct json j = json_start(t->cli->out);
        json_object(&j);
        json_uint(json_key(&j, "entries"), entries);
        json_text(json_key(&j, "log_key"), vkey);
        json_end(&j);
    } else {
        (void)fprintf(t->cli->out, "%s\n", vkey);
    }
    return 0;
}

const struct task_row task_archive = {
    .usage = {.name = "archive",
              .words = "FILE",
              .options = {USAGE_SECRET("archive-", "the archive's passphrase")},
              .help = "write the log archive for an auditor",
              .more = "The auditor needs the file, its passphrase and the key that is printed.",
              .example = "satcheld archive /srv/office 2026.satchel"},
    .run = write_archive,
    .way = TASK_READS,
    .prompt = "Passphrase for the archive (give it to the auditor): ",
};
