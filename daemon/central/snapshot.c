/* Opens the office's store a second time, and copies it. */
#include "snapshot.h"

#include <stdlib.h>

#include "backup.h"
#include "central_private.h"
#include "vault.h"

enum { STEPS = 1000 }; /* of SQLite's machine, between two looks at whether it is to end */

static int is_told_to_end(void *arg)
{
    const struct central *c = arg;
    return atomic_load(&c->is_told_to_end);
}

void central_tell_to_end(struct central *c)
{
    atomic_store(&c->is_told_to_end, 1);
}

/* Begins the transaction that shows one state of the store. The cache is small, since all handles of the process share
 * the memory that is kept out of swap. */
static int begin_reading(struct central *c, struct error *e)
{
    int code = db_exec(c->db, "PRAGMA cache_size=-8192; BEGIN", e);
    if (code == 0)
        sqlite3_progress_handler(db_handle(c->db), STEPS, is_told_to_end, c);
    return code == 0 ? central_load(c, e) : code;
}

int central_snapshot(const struct central *from, struct central **out, struct error *e)
{
    struct central *c = central_new(from->folder);
    char *path = central_path(from->folder, "office.db");
    int code = c == NULL || path == NULL ? error_memory(e) : 0;
    *out = NULL;
    if (code == 0) {
        c->is_snapshot = 1;
        central_keep_key(c, from->keys->data_key);
        code = db_open(&c->db, path, c->keys->data_key, VAULT_READ, 2000, e);
    }
    free(path);
    if (code == 0 && (code = begin_reading(c, e)) == 0)
        *out = c;
    else
        central_close(c);
    return code;
}

/* Makes a struct central that says of itself what the other says, without a store. NULL: no memory. */
static struct central *like(const struct central *from)
{
    struct central *c = central_new(from->folder);
    struct central own;
    if (c == NULL)
        return NULL;
    own = *c;
    *c = *from;
    c->folder = own.folder;
    c->db = NULL;
    c->keys = own.keys;
    *c->keys = *from->keys;
    c->turn = NULL;
    c->is_snapshot = 0;
    return c;
}

int central_copy(struct central *from, struct central **out, struct error *e)
{
    struct central *c = like(from);
    int code = c == NULL ? error_memory(e) : db_open_scratch(&c->db, from->folder, e);
    *out = NULL;
    if (code == 0)
        code = backup_pages(from, c->db, e);
    if (code == 0)
        (void)sqlite3_db_release_memory(db_handle(c->db)); /* page 1 is read anew, without a log (vault_scratch.c) */
    if (code != 0 || (code = db_exec(c->db, "PRAGMA journal_mode=MEMORY", e)) != 0) {
        central_close(c);
        return code;
    }
    /* Only a snapshot is ever told to end, and its copy hears it there. */
    sqlite3_progress_handler(db_handle(c->db), STEPS, is_told_to_end, from);
    *out = c;
    return 0;
}
