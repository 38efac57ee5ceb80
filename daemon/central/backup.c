/* Making a backup, announcing one that was put in the office's place, and telling laptops of it. */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"
#include "event.h"
#include "folder.h"
#include "log.h"
#include "schema.h"

/* --- making one --- */

/* Files that a backup which broke off may have left. */
static const char *const files[] = {"office.db", "office.db-wal", "office.db-lock", "office.db.new", "office.keys"};
enum { FILE_COUNT = sizeof files / sizeof *files };

static void remove_files(const char *folder)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        char *path = central_path(folder, files[i]);
        if (path != NULL)
            (void)unlink(path);
        free(path);
    }
}

static int sync_path(const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;
    if (fd < 0 || fsync(fd) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be synced", path);
    if (fd >= 0)
        (void)close(fd);
    return code;
}

/* Copies the key file, which is small and is only ever replaced as a whole. */
static int copy_keys(const char *from, const char *to, struct error *e)
{
    uint8_t bytes[65536];
    FILE *in = fopen(from, "rbe"), *out = NULL;
    size_t size = 0;
    int fd, code = 0;
    if (in == NULL)
        return error_system(e, E_IO, errno, "%s cannot be read", from);
    size = fread(bytes, 1, sizeof bytes, in);
    if (ferror(in) || size == sizeof bytes)
        code = error_set(e, E_IO, "%s cannot be read", from);
    (void)fclose(in);
    if (code != 0)
        return code;
    fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || (out = fdopen(fd, "wb")) == NULL || fwrite(bytes, 1, size, out) != size || fflush(out) != 0 ||
        fsync(fd) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be written", to);
    if (out != NULL)
        (void)fclose(out);
    else if (fd >= 0)
        (void)close(fd);
    return code;
}

int backup_pages(const struct central *from, struct db *to, struct error *e)
{
    enum { PAGES = 1024 }; /* between two looks at whether it is to end */
    sqlite3_backup *b = sqlite3_backup_init(db_handle(to), "main", db_handle(from->db), "main");
    int step = SQLITE_OK, end;
    if (b == NULL)
        return error_set(e, E_IO, "the backup cannot be begun: %s", sqlite3_errmsg(db_handle(to)));
    while (step == SQLITE_OK && !atomic_load(&from->is_told_to_end))
        step = sqlite3_backup_step(b, PAGES);
    end = sqlite3_backup_finish(b);
    if (step == SQLITE_DONE && end == SQLITE_OK)
        return 0;
    if (step == SQLITE_OK && end == SQLITE_OK)
        return error_set(e, E_BUSY, "the copy of the office was told to end");
    return error_set(e, end == SQLITE_FULL ? E_FULL : E_IO, "the copy of the office cannot be written: %s",
                     sqlite3_errstr(end));
}

/* Copies the store, and writes into the copy that it is a backup. */
static int copy_store(struct central *c, const char *path, struct error *e)
{
    struct db *copy = NULL;
    int code = db_open(&copy, path, c->keys->data_key, 1, 2000, e);
    if (code == 0 && (code = backup_pages(c, copy, e)) == 0)
        code = db_meta_set_uint(copy, "backup_size", c->checkpoint_size, e);
    db_close(copy);
    return code != 0 ? code : sync_path(path, e);
}

/* Copies both files into the folder of the backup. */
static int fill_backup(struct central *c, const char *folder, struct error *e)
{
    char *keys = central_path(c->folder, "office.keys"), *keys_copy = central_path(folder, "office.keys");
    char *store_copy = central_path(folder, "office.db"), *lock = central_path(folder, "office.db-lock");
    int code = keys == NULL || keys_copy == NULL || store_copy == NULL || lock == NULL ? error_memory(e) : 0;
    if (code == 0 && (code = copy_keys(keys, keys_copy, e)) == 0 && (code = copy_store(c, store_copy, e)) == 0) {
        (void)unlink(lock); /* of the handle that is closed */
        code = folder_sync(folder, e);
    }
    free(lock);
    free(keys);
    free(keys_copy);
    free(store_copy);
    return code;
}

int backup_make(struct central *c, const char *to, struct error *e)
{
    size_t size = strlen(to);
    struct stat there;
    char *part;
    int code = 0;
    while (size > 1 && to[size - 1] == '/')
        size--;
    if ((part = malloc(2 * size + sizeof ".part" + 1)) == NULL)
        return error_memory(e);
    (void)snprintf(part, size + sizeof ".part", "%.*s.part", (int)size, to);
    if (lstat(to, &there) == 0)
        code = error_set(e, E_EXISTS, "%s is there already; nothing was touched: name another folder", to);
    else if (mkdir(part, 0700) != 0 && errno != EEXIST)
        code = error_system(e, E_IO, errno, "%s cannot be made", part);
    if (code == 0) {
        remove_files(part);
        code = fill_backup(c, part, e);
        if (code == 0 && rename(part, to) != 0)
            code = error_system(e, E_IO, errno, "%s cannot be put in its place", to);
        if (code == 0)
            code = folder_sync_of(to, e);
        else {
            remove_files(part);
            (void)rmdir(part);
        }
    }
    free(part);
    return code;
}

/* --- putting one in the office's place --- */

void backup_wake(struct central *c)
{
    c->backup_size = 0;
}

/* Begins an epoch that no disk has: the clock's milliseconds, since it is not known here which epochs were begun after
 * the backup. */
static void begin_epoch(struct central *c)
{
    struct chain *own = &c->author.chain;
    uint64_t now = c->author.wall();
    own->epoch = now > own->epoch ? now : own->epoch + 1;
    own->seq = 0;
    memset(own->hash, 0, sizeof own->hash);
}

int backup_announce(struct central *c, uint64_t size, struct error *e)
{
    struct event event = {.what = "set back"};
    uint64_t marked;
    struct edit edit;
    int code;
    if ((code = db_meta_get_uint(c->db, "backup_size", &marked, e)) != 0)
        return code;
    if (size == 0 && marked == 0)
        return error_set(e, E_USAGE,
                         "this office is no backup that `satcheld backup` made; if it was put back by other means, say "
                         "how many entries its log had in the copy: --size N");
    if (size == 0)
        size = marked;
    if (size > c->tree.size)
        return error_set(e, E_USAGE, "the log has %llu entries, and a backup cannot have had more",
                         (unsigned long long)c->tree.size);
    if (size < c->tree.size)
        return error_set(e, E_REFUSED,
                         "the log has %llu entries, and the copy had %llu: a daemon or a command has written in it "
                         "since it was put back. Put the copy back again, and run `satcheld restored` before anything "
                         "else",
                         (unsigned long long)c->tree.size, (unsigned long long)size);
    begin_epoch(c);
    event.count = size;
    if ((code = event_edit(&edit, c->db, &c->author, &event, e)) != 0 || (code = central_write(c, &edit, NULL, e)) != 0)
        return code;
    return db_run(c->db, e, "DELETE FROM meta WHERE name = 'backup_size'", "");
}

/* --- telling a laptop --- */

/* *yes: 1: our log continues what the laptop has seen. */
static int continues(struct central *c, const struct message_hello *hello, int *yes, struct error *e)
{
    struct merkle_hash root;
    int code;
    *yes = hello->checkpoint_size == 0;
    if (*yes || hello->checkpoint_size > c->checkpoint_size)
        return 0;
    if ((code = log_root(c->db, hello->checkpoint_size, &root, e)) == 0)
        *yes = memcmp(root.b, hello->checkpoint_root.b, sizeof root.b) == 0;
    return code;
}

/* Finds the entry by which the office wrote an event. *id 0: it did not; the event is a laptop's. */
static int find_entry(struct central *c, const struct id *record, int64_t *id, uint64_t *position, struct error *e)
{
    sqlite3_stmt *s;
    int row;
    *id = 0;
    if ((row = db_first(c->db, &s, e,
                        "SELECT id, position FROM entry WHERE record = ? AND device = ? ORDER BY position LIMIT 1",
                        "dd", record, &c->author.chain.device)) < 0)
        return error_code(e);
    if (row == 1) {
        *id = db_int(s, 0);
        *position = db_uint(s, 1);
        db_done(c->db, s);
    }
    return 0;
}

/* 1: the laptop knows this announcement. */
static int is_known(const struct message_hello *hello, const uint8_t hash[CHANGE_HASH_BYTES])
{
    for (size_t at = 0; at < hello->set_backs.size; at += CHANGE_HASH_BYTES)
        if (memcmp(hello->set_backs.p + at, hash, CHANGE_HASH_BYTES) == 0)
            return 1;
    return 0;
}

/* The entry of the first announcement that the laptop does not know, among those of backups with fewer than `below`
 * entries. 0: none; -1: failed. Of several set-backs the first in the log goes back furthest, so a laptop that follows
 * it loses nothing. */
static int64_t find_announcement(struct central *c, const struct message_hello *hello, uint64_t below, struct error *e)
{
    uint64_t position = 0, first = UINT64_MAX;
    int64_t id, found = 0;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    struct id record;
    sqlite3_stmt *s;
    int row, code = 0;
    if (db_query(c->db, &s, e, "SELECT id FROM event WHERE what = 'set back' AND \"count\" < ?", "u", below) != 0)
        return -1;
    while ((row = db_next(c->db, s, e)) == 1) {
        if ((code = id_parse(db_text(s, 0), &record, e)) == 0 &&
            (code = find_entry(c, &record, &id, &position, e)) == 0 && id != 0)
            code = log_load(c->db, id, 0, &memory, &entry, e);
        if (code != 0) {
            db_done(c->db, s);
            log_memory_free(&memory);
            return -1;
        }
        if (id != 0 && position < first && !is_known(hello, entry.change.hash)) {
            first = position;
            found = id;
        }
    }
    log_memory_free(&memory);
    return row < 0 ? -1 : found;
}

/* Puts the announcement and its proof into the welcome. */
static int pack_announcement(struct central *c, int64_t id, struct message_welcome *w, void **memory, struct error *e)
{
    static const struct slice all;
    struct merkle_source tree = log_tree(c->db);
    struct log_memory loaded = {NULL, 0};
    struct batch_writer b;
    struct log_entry entry;
    int code;
    if ((code = log_load(c->db, id, 1, &loaded, &entry, e)) != 0 ||
        (code = merkle_inclusion(&tree, entry.position, c->checkpoint_size, &w->set_back_proof, e)) != 0) {
        log_memory_free(&loaded);
        return code;
    }
    batch_start(&b);
    batch_add_entry(&b, entry.position, entry.received_ms, entry.change.header, entry.change.body, all);
    code = batch_finish(&b, &w->set_back, e);
    batch_free(&b);
    log_memory_free(&loaded);
    *memory = (void *)w->set_back.p;
    return code;
}

int backup_tell(struct central *c, const struct message_hello *hello, struct message_welcome *w,
                enum backup_verdict *verdict, void **memory, struct error *e)
{
    struct merkle_source tree = log_tree(c->db);
    uint64_t seen = hello->checkpoint_size <= c->checkpoint_size ? hello->checkpoint_size : 0;
    int64_t id;
    int code, yes = 0;
    *verdict = BACKUP_CONTINUES;
    if ((code = continues(c, hello, &yes, e)) != 0)
        return code;
    if ((id = find_announcement(c, hello, yes ? INT64_MAX : hello->checkpoint_size, e)) < 0)
        return error_code(e);
    if (id != 0 && (code = pack_announcement(c, id, w, memory, e)) != 0)
        return code;
    if (!yes)
        *verdict = id != 0 ? BACKUP_ANNOUNCED : BACKUP_DIFFERS;
    if (!yes && id != 0)
        seen = 0; /* it will forget the checkpoint that it saw, so the proof starts from none */
    return merkle_consistency(&tree, seen, c->checkpoint_size, &w->consistency, e);
}
