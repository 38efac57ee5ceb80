/* The central record: setting an office up, opening it, its transactions with their signatures, and what it writes in
 * its own name.
 *
 * A transaction changes three things besides the store: the end of the office's own chain and its clock (c->author),
 * the frontier of the tree (c->tree), and the checkpoint. central_begin keeps a copy of the first two and
 * central_rollback puts it back; the checkpoint in memory changes only after the store's commit has succeeded. */
#include "central.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "central_private.h"
#include "clock.h"
#include "event.h"
#include "folder.h"
#include "hidden.h"
#include "keyfile.h"
#include "log.h"
#include "record.h"
#include "recovery.h"
#include "schema.h"
#include "text.h"
#include "upgrade.h"
#include "vault.h"

/* The office's tables beside log and record: the secrets of tickets that are not used yet (admit.h); the scopes that
 * each laptop has confirmed, and up to where it was dealt them (deal.h); the evidence of forks (fork.h); what each
 * laptop has brought (quota.h); when each row of another system was updated that was taken last (import.h). The last
 * statement computes the sizes of the evidence for a store that was made before evidence_size existed. */
static const char own_tables[] =
    "CREATE TABLE IF NOT EXISTS ticket_secret(ticket BLOB PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS dealt(device BLOB NOT NULL, scope BLOB NOT NULL, PRIMARY KEY(device, scope))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS dealt_end("
    "  device BLOB PRIMARY KEY, schema INTEGER NOT NULL, caseload BLOB NOT NULL, position INTEGER NOT NULL,"
    "  digest BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS evidence("
    "  device BLOB NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,"
    "  received INTEGER NOT NULL, header BLOB NOT NULL, body BLOB, head BLOB,"
    "  PRIMARY KEY(device, epoch, seq, hash)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS evidence_size(device BLOB PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS brought("
    "  device BLOB PRIMARY KEY, since INTEGER NOT NULL, bytes INTEGER NOT NULL, changes INTEGER NOT NULL,"
    "  records INTEGER NOT NULL, links INTEGER NOT NULL, shut_bytes INTEGER NOT NULL, shut_changes INTEGER NOT NULL,"
    "  closed INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS import_row("
    "  source TEXT NOT NULL, file TEXT NOT NULL, key TEXT NOT NULL, updated TEXT NOT NULL, import BLOB NOT NULL,"
    "  parent TEXT NOT NULL, PRIMARY KEY(source, file, key)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS entry_held ON entry(device) WHERE held = 1;"
    "INSERT INTO evidence_size SELECT device, sum(length(header) + coalesce(length(body), 0)) "
    "FROM evidence WHERE NOT EXISTS(SELECT 1 FROM evidence_size) GROUP BY device;";

int central_tables(struct db *db, struct error *e)
{
    int code = log_create(db, e);
    if (code != 0 || (code = record_create(db, e)) != 0)
        return code;
    return db_exec(db, own_tables, e);
}

char *central_path(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s/%s", folder, name);
    return path;
}

struct central *central_new(const char *folder)
{
    struct central *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->folder = strdup(folder);
    c->keys = sodium_malloc(sizeof *c->keys);
    if (c->folder == NULL || c->keys == NULL) {
        central_close(c);
        return NULL;
    }
    return c;
}

void central_keep_key(struct central *c, const uint8_t key[32])
{
    memcpy(c->keys->data_key, key, sizeof c->keys->data_key);
    hidden_key(key, c->keys->own_key);
}

void central_close(struct central *c)
{
    if (c == NULL)
        return;
    db_close(c->db);
    sodium_free(c->keys);
    free(c->folder);
    free(c);
}

/* E_REFUSED: another version of the program made the tables of a store that cannot be written. */
static int check_shape(struct db *db, struct error *e)
{
    int current = record_is_current(db, e);
    if (current < 0)
        return error_code(e);
    return current
               ? 0
               : error_set(e, E_REFUSED,
                           "this office was written by another version of satcheld, and stands on a disk that cannot "
                           "be written: copy it to one that can, and begin again");
}

/* Opens the store under its key and makes sure that its tables are there. */
static int open_store(struct central *c, const uint8_t key[KEYFILE_KEY_BYTES], int create, struct error *e)
{
    char *path = central_path(c->folder, "office.db");
    int code;
    if (path == NULL)
        return error_memory(e);
    central_keep_key(c, key);
    /* On a disk that cannot be written the store is read, and everything that would write is refused. */
    c->is_read_only = !create && access(path, W_OK) != 0 && errno == EROFS;
    code = db_open(&c->db, path, key, c->is_read_only ? VAULT_READ : create, 2000, e);
    free(path);
    if (code == 0 && c->is_read_only)
        return check_shape(c->db, e);
    if (code != 0 || (code = db_begin(c->db, e)) != 0)
        return code;
    if ((code = central_tables(c->db, e)) != 0) {
        db_rollback(c->db);
        return code;
    }
    return db_commit(c->db, e);
}

/* Loads a secret of 32 random bytes. An office that was set up before the secret existed gets one now. */
static int load_secret(struct central *c, const char *name, uint8_t secret[32], struct error *e)
{
    int code = hidden_get(c->db, c->keys->own_key, name, secret, 32, e);
    if (code != E_NOT_FOUND)
        return code;
    randombytes_buf(secret, 32);
    return hidden_set(c->db, c->keys->own_key, name, secret, 32, e);
}

int central_load(struct central *c, struct error *e)
{
    int code;
    char vkey[CHECKPOINT_VKEY_MAX];
    const uint8_t *own = c->keys->own_key;
    if ((code = hidden_get(c->db, own, "sign_secret", c->keys->sign_secret, sizeof c->keys->sign_secret, e)) != 0 ||
        (code = hidden_get(c->db, own, "noise_secret", c->keys->noise_secret, sizeof c->keys->noise_secret, e)) != 0 ||
        (code = db_meta_get(c->db, "office", c->office.b, sizeof c->office.b, e)) != 0)
        return code != E_NOT_FOUND
                   ? code
                   : error_set(
                         e, E_VERIFY,
                         "the office's store is not complete, since setting it up broke off; set the office up in "
                         "another folder (`satcheld init`), or put a backup in its place");
    crypto_scalarmult_base(c->noise_public, c->keys->noise_secret);
    db_meta_text(c->db, "log_key", vkey, sizeof vkey);
    if ((code = checkpoint_vkey_parse(vkey, &c->vkey, e)) != 0 ||
        (code = load_secret(c, "seal_secret", c->keys->seal_secret, e)) != 0 ||
        (code = load_secret(c, "lease_secret", c->keys->lease_secret, e)) != 0 ||
        (code = edit_author_load(c->db, &c->author, e)) != 0 || (code = log_frontier(c->db, &c->tree, e)) != 0 ||
        (code = db_meta_get_uint(c->db, "checkpoint_size", &c->checkpoint_size, e)) != 0 ||
        (code = db_meta_get_uint(c->db, "backup_size", &c->backup_size, e)) != 0)
        return code;
    crypto_scalarmult_base(c->seal_public, c->keys->seal_secret);
    db_meta_text(c->db, "checkpoint", c->checkpoint, sizeof c->checkpoint);
    if (c->checkpoint_size != c->tree.size)
        return error_set(e, E_VERIFY,
                         "the office's log has %llu entries, but its checkpoint says %llu: the store is damaged or was "
                         "altered; keep it as it is, and put the newest backup in its place",
                         (unsigned long long)c->tree.size, (unsigned long long)c->checkpoint_size);
    return 0;
}

/* If this program's schema is another than the one that the office's record names, write its version into that record:
 * an auditor reads there by which schema the office judged from this entry on. What becomes known by it is judged in
 * the same transaction. */
static int write_schema_version(struct central *c, struct error *e)
{
    char id[ID_TEXT], version[24];
    struct edit edit;
    int row, code;
    id_format(&c->office, id);
    if ((row = db_exists(c->db, e, "SELECT schema_version FROM office WHERE id = ? AND schema_version IS NOT ?", "ti",
                         id, (int64_t)schema_version())) < 0)
        return error_code(e);
    if (row == 0)
        return 0;
    if ((code = central_begin(c, e)) != 0)
        return code;
    central_act_as_office(c);
    (void)snprintf(version, sizeof version, "%d", schema_version());
    if ((code = edit_open(&edit, c->db, &c->office, e)) != 0 ||
        (code = edit_set_text(&edit, "schema_version", version, e)) != 0)
        edit_free(&edit);
    else if ((code = central_write(c, &edit, NULL, e)) == 0)
        code = upgrade_judge(c, e);
    return central_end(c, code, e);
}

int central_open_unwritten(struct central **out, const char *folder, const uint8_t key[32],
                           const struct keyfile_opened *opened, struct error *e)
{
    struct central *c = central_new(folder);
    int code;
    *out = NULL;
    if (c == NULL)
        return error_memory(e);
    c->wrong = opened != NULL ? opened->wrong : 0;
    c->wrong_ms = opened != NULL ? opened->wrong_ms : 0;
    if ((code = open_store(c, key, 0, e)) == 0 && (code = central_load(c, e)) == 0)
        *out = c;
    else
        central_close(c);
    return code;
}

int central_settle(struct central *c, struct error *e)
{
    int code;
    if (c->backup_size != 0 || c->is_read_only)
        return 0;
    if ((code = write_schema_version(c, e)) != 0 || (code = recovery_refresh(c, e)) != 0)
        return code;
    if (c->has_new_key && (code = central_event(c, "new data key", 1, 0, NULL, e)) != 0)
        return code;
    c->has_new_key = 0;
    if (c->wrong != 0 && (code = central_event(c, "wrong passphrases", c->wrong, c->wrong_ms, NULL, e)) == 0)
        c->wrong = 0;
    return code;
}

int central_open_key(struct central **out, const char *folder, const uint8_t key[32],
                     const struct keyfile_opened *opened, struct error *e)
{
    int code = central_open_unwritten(out, folder, key, opened, e);
    if (code == 0 && (code = central_settle(*out, e)) != 0) {
        central_close(*out);
        *out = NULL;
    }
    return code;
}

/* --- setting up --- */

/* Makes the keys of a new office and the beginning of its chain, and stores them. */
static int new_keys(struct central *c, const struct id *office, struct error *e)
{
    const uint8_t *own = c->keys->own_key;
    uint8_t public_key[32];
    char vkey[CHECKPOINT_VKEY_MAX], text[ID_TEXT];
    struct id device;
    int code;
    crypto_sign_keypair(public_key, c->keys->sign_secret);
    randombytes_buf(c->keys->noise_secret, sizeof c->keys->noise_secret);
    id_format(office, text);
    (void)snprintf(c->vkey.origin, sizeof c->vkey.origin, "satchel/%s", text);
    memcpy(c->vkey.public_key, public_key, sizeof public_key);
    device = id_of_device(public_key);
    if ((code = checkpoint_vkey_format(&c->vkey, vkey, e)) != 0 ||
        (code = hidden_set(c->db, own, "sign_secret", c->keys->sign_secret, sizeof c->keys->sign_secret, e)) != 0 ||
        (code = hidden_set(c->db, own, "noise_secret", c->keys->noise_secret, sizeof c->keys->noise_secret, e)) != 0 ||
        (code = db_meta_set(c->db, "office", office->b, sizeof office->b, e)) != 0 ||
        (code = db_meta_set_text(c->db, "log_key", vkey, e)) != 0)
        return code;
    return edit_author_create(c->db, &device, e);
}

/* Writes the first two records of the log: the office, and its first administrator, who is their author. */
static int first_records(struct central *c, const struct central_options *o, struct error *e)
{
    char vkey[CHECKPOINT_VKEY_MAX], noise[65];
    struct id admin = id_new(clock_wall());
    const struct central_field office[] = {
        {"name", .text = o->name},          {"log_key", .text = vkey},
        {"noise_key", .text = noise},       {"schema_version", .number = (uint64_t)schema_version()},
        {"text_rule", .number = TEXT_RULE}, {.name = NULL}};
    const struct central_field user[] = {{"name", .text = o->admin_name},
                                         {"login", .text = o->admin_login},
                                         {"role", .text = "administrator"},
                                         {"status", .text = "active"},
                                         {.name = NULL}};
    int code;
    c->author.person = admin;
    c->author.session = id_new(clock_wall());
    sodium_bin2hex(noise, sizeof noise, c->noise_public, sizeof c->noise_public);
    if ((code = checkpoint_vkey_format(&c->vkey, vkey, e)) != 0 ||
        (code = central_write_record(
             c, &(struct central_record){.kind = KIND_OFFICE, .record = &c->office, .fields = office}, e)) != 0)
        return code;
    return central_write_record(c, &(struct central_record){.kind = KIND_USER, .record = &admin, .fields = user}, e);
}

int central_create(const struct central_options *o, struct error *e)
{
    struct central *c = central_new(o->folder);
    char *keys = central_path(o->folder, "office.keys"), *store = central_path(o->folder, "office.db");
    uint8_t *key = sodium_malloc(KEYFILE_KEY_BYTES);
    const struct keyfile_new_passphrase first = {
        {o->passphrase, o->passphrase_bytes}, CENTRAL_KEY_LABEL, KEYFILE_MEASURED, NULL};
    struct id office = id_new(clock_wall());
    struct stat there;
    int code, made_keys = 0;
    if (c == NULL || keys == NULL || store == NULL || key == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((code = folder_make(o->folder, e)) != 0)
        goto out;
    if (stat(store, &there) == 0 || stat(keys, &there) == 0) {
        code = error_set(e, E_EXISTS, "there is an office in %s already; nothing was touched", o->folder);
        goto out;
    }
    if ((code = folder_close(o->folder, e)) != 0 || (code = keyfile_create(keys, &first, key, e)) != 0)
        goto out;
    made_keys = 1;
    if ((code = open_store(c, key, 1, e)) != 0 || (code = central_begin(c, e)) != 0)
        goto out;
    /* One transaction for keys and first records: an office is complete, or there is none. */
    if ((code = new_keys(c, &office, e)) == 0 && (code = central_load(c, e)) == 0)
        code = first_records(c, o, e);
    code = central_end(c, code, e);
out:
    central_close(c);
    /* Remove only what this call made. */
    if (code != 0 && made_keys) {
        (void)remove(keys);
        (void)remove(store);
    }
    sodium_free(key);
    free(keys);
    free(store);
    return code;
}

/* --- transactions --- */

int central_begin(struct central *c, struct error *e)
{
    int code;
    if (c->is_snapshot)
        return error_set(e, E_INTERNAL, "a command that only reads would write");
    if (c->is_read_only)
        return error_set(e, E_REFUSED,
                         "this office is on a disk that cannot be written: copy it to one that can, and begin again");
    if (c->backup_size != 0)
        return error_set(e, E_REFUSED,
                         "this is a backup of the office, and nothing is written in it; if it stands in the office's "
                         "place now, run `satcheld restored` on it first");
    code = db_begin(c->db, e);
    c->author_before = c->author;
    c->tree_before = c->tree;
    return code;
}

void central_rollback(struct central *c)
{
    struct id person = c->author.person, session = c->author.session;
    db_rollback(c->db);
    c->author = c->author_before;
    c->author.person = person;
    c->author.session = session;
    c->tree = c->tree_before;
}

/* Signs the end of the office's chain if the chain has grown, and a checkpoint if the log has; stores both. `text` gets
 * the new checkpoint; without one it stays as it is. */
static int sign_transaction(struct central *c, char text[CHECKPOINT_TEXT_MAX], struct error *e)
{
    int code;
    if (c->author.chain.seq != c->author_before.chain.seq || c->author.chain.epoch != c->author_before.chain.epoch) {
        struct chain_head head;
        uint8_t bytes[CHAIN_HEAD_MAX];
        size_t size;
        memset(&head, 0, sizeof head);
        head.end = c->author.chain;
        head.checkpoint_size = c->tree_before.size;
        merkle_root(&c->tree_before, &head.checkpoint_root);
        chain_sign(&head, c->keys->sign_secret, bytes, &size);
        if ((code = log_head_add(c->db, &head, (struct slice){bytes, size}, e)) != 0)
            return code;
    }
    if (c->tree.size != c->checkpoint_size) {
        struct checkpoint statement;
        memset(&statement, 0, sizeof statement);
        memcpy(statement.origin, c->vkey.origin, sizeof statement.origin);
        statement.size = c->tree.size;
        merkle_root(&c->tree, &statement.root);
        if ((code = checkpoint_sign(&statement, c->keys->sign_secret, text, e)) != 0 ||
            (code = db_meta_set_text(c->db, "checkpoint", text, e)) != 0 ||
            (code = db_meta_set_uint(c->db, "checkpoint_size", c->tree.size, e)) != 0)
            return code;
    }
    return 0;
}

int central_commit(struct central *c, struct error *e)
{
    char text[CHECKPOINT_TEXT_MAX];
    struct error why = {0, ""};
    int code;
    memcpy(text, c->checkpoint, sizeof text);
    /* SQLite rolls the whole transaction back when a write meets a full or failing disk. A further write would then
     * stand outside of any transaction. */
    if (!db_in_transaction(c->db)) {
        central_rollback(c);
        return error_set(e, E_FULL, "the disk is full or fails; nothing was changed: make room and try again");
    }
    if ((code = sign_transaction(c, text, &why)) != 0 || (code = db_commit(c->db, &why)) != 0) {
        if (code == E_IO)
            c->failure = why;
        central_rollback(c);
        return error_set(e, code, "%s", why.text);
    }
    memcpy(c->checkpoint, text, sizeof text);
    c->checkpoint_size = c->tree.size;
    return 0;
}

int central_end(struct central *c, int code, struct error *e)
{
    if (code == 0)
        return central_commit(c, e);
    central_rollback(c);
    return code;
}

/* --- writing --- */

/* The time of receipt of the next entry: the clock's, but never before that of the last entry. */
static int receipt_time(struct central *c, uint64_t *out, struct error *e)
{
    uint64_t last;
    int code = db_number_of(c->db, &last, e, "SELECT received FROM entry ORDER BY position DESC LIMIT 1", "");
    if (code != 0)
        return code;
    *out = c->receipt_ms != 0 ? c->receipt_ms : c->author.wall();
    if (*out < last)
        *out = last;
    return 0;
}

/* Adds an entry's leaf to the tree. */
static int append_leaf(struct central *c, uint64_t received_ms, struct slice header, struct error *e)
{
    struct merkle_hash leaf;
    uint64_t position;
    log_leaf(received_ms, header, &leaf);
    return log_tree_append(c->db, &c->tree, &leaf, &position, e);
}

int central_write(struct central *c, struct edit *edit, const char *reason, struct error *e)
{
    struct edit_place place = {c->tree.size, 0};
    sqlite3_stmt *s;
    int row, code;
    if (edit->draft.op_count == 0) {
        edit_free(edit);
        return 0;
    }
    if ((code = receipt_time(c, &place.received_ms, e)) != 0) {
        edit_free(edit);
        return code;
    }
    if ((code = edit_commit(edit, &c->author, reason, &place, e)) != 0)
        return code;
    row = db_first(c->db, &s, e, "SELECT header FROM entry WHERE position = ?", "u", place.position);
    if (row != 1)
        return row < 0 ? error_code(e) : error_set(e, E_INTERNAL, "the office's own change was lost");
    code = append_leaf(c, place.received_ms, db_slice(s, 0), e);
    db_done(c->db, s);
    return code;
}

static int set_central_field(struct edit *edit, const struct central_field *f, struct error *e)
{
    char number[24];
    if (f->text != NULL)
        return edit_set_text(edit, f->name, f->text, e);
    if (f->id != NULL)
        return edit_set_id(edit, f->name, f->id, e);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)f->number);
    return edit_set_text(edit, f->name, number, e);
}

int central_write_record(struct central *c, const struct central_record *r, struct error *e)
{
    static const struct id everywhere;
    const struct id *scope = r->scope != NULL ? r->scope : &everywhere;
    struct edit edit;
    int code = edit_new(&edit, c->db, schema_kind(r->kind), scope, r->record, e);
    for (const struct central_field *f = r->fields; code == 0 && f->name != NULL; f++)
        code = set_central_field(&edit, f, e);
    if (code == 0)
        return central_write(c, &edit, r->reason, e);
    edit_free(&edit);
    return code;
}

int central_append(struct central *c, const struct change *change, uint64_t *received_ms, uint64_t *position,
                   struct error *e)
{
    struct log_entry entry;
    int code;
    if (*received_ms == 0 && (code = receipt_time(c, received_ms, e)) != 0)
        return code;
    *position = c->tree.size;
    memset(&entry, 0, offsetof(struct log_entry, change));
    entry.position = *position;
    entry.received_ms = *received_ms;
    entry.change = *change;
    if ((code = log_add(c->db, &entry, e)) != 0 || (code = append_leaf(c, *received_ms, change->header, e)) != 0)
        return code;
    return record_apply(c->db, &entry, e);
}

int central_event(struct central *c, const char *what, uint64_t count, uint64_t at_ms, const struct id *officers,
                  struct error *e)
{
    struct event event = {.what = what, .at_ms = at_ms, .count = count, .officers = officers};
    struct edit edit;
    int code = central_begin(c, e);
    if (code != 0)
        return code;
    central_act_as_office(c);
    if ((code = event_edit(&edit, c->db, &c->author, &event, e)) == 0)
        code = central_write(c, &edit, NULL, e);
    return central_end(c, code, e);
}

/* --- people --- */

void central_act_as_office(struct central *c)
{
    c->author.person = c->office;
    memset(&c->author.session, 0, sizeof c->author.session);
}

int central_user(struct central *c, const char *login, struct id *out, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    if ((row = db_first(c->db, &s, e, "SELECT id FROM \"user\" WHERE (login = ?1 OR id = ?1) AND voided = 0", "t",
                        login)) < 0)
        return error_code(e);
    if (row == 0)
        return error_set(e, E_NOT_FOUND, "there is no user %s; `satcheld user list` names them", login);
    code = id_parse(db_text(s, 0), out, e);
    db_done(c->db, s);
    return code;
}

int central_act_as(struct central *c, const char *login, struct error *e)
{
    sqlite3_stmt *s;
    struct id found;
    int row, code, count = 0;
    if ((code = db_query(c->db, &s, e,
                         "SELECT id FROM \"user\" WHERE role = 'administrator' AND status = 'active' AND voided = 0 "
                         "AND (?1 IS NULL OR login = ?1 OR id = ?1)",
                         "t", login)) != 0)
        return code;
    while ((row = db_next(c->db, s, e)) == 1) {
        if (count++ == 0 && (code = id_parse(db_text(s, 0), &found, e)) != 0) {
            db_done(c->db, s);
            return code;
        }
    }
    if (row < 0)
        return error_code(e);
    if (count == 0)
        return login != NULL
                   ? error_set(e, E_REFUSED,
                               "%s is no active administrator of this office; `satcheld user list` shows who is", login)
                   : error_set(e, E_REFUSED, "this office has no active administrator");
    if (count > 1)
        return error_set(e, E_USAGE, "several administrators work here: say who you are with --as LOGIN");
    c->author.person = found;
    c->author.session = id_new(clock_wall());
    return 0;
}

/* --- taking turns --- */

void central_give(struct central *c, struct central_pause *pause)
{
    if (c->turn == NULL || pause->is_given)
        return;
    *pause = (struct central_pause){c->author.person, c->author.session, 1};
    c->turn->give(c->turn->arg);
}

int central_take(struct central *c, struct central_pause *pause, struct error *e)
{
    int ends;
    if (!pause->is_given)
        return 0;
    ends = c->turn->take(c->turn->arg);
    pause->is_given = 0;
    c->author.person = pause->person;
    c->author.session = pause->session;
    if (c->failure.code != 0)
        return error_set(e, c->failure.code, "%s", c->failure.text);
    return !ends
               ? 0
               : error_set(e, E_BUSY,
                           "it was broken off, since the daemon stops or whoever called hung up: what was taken so far "
                           "stays; run the same command again, and it goes on");
}
