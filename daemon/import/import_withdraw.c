/* What a source has no more: a row that it deleted, and what stood on a row that says something else now. */
#include <stdio.h>
#include <string.h>

#include "import.h"
#include "record.h"
#include "said.h"

/* What the import had seen when it voids a record: what imports wrote, and nothing if people need the record. */
struct withdrawal {
    const struct said *said;
    int is_needed;
};

static int was_imported(void *arg, const struct dot *dot, const struct id *op_author, struct error *e)
{
    const struct withdrawal *w = arg;
    (void)op_author;
    (void)e;
    return !w->is_needed && said_wrote(w->said, dot);
}

/* 1: somebody at a laptop wrote in the case, or the client has a case that lives; 0: not; -1: failed. */
static int is_needed(struct import *im, const struct schema_kind *kind, const struct id *record, struct error *e)
{
    if (kind->number == KIND_CASE)
        return db_exists(im->central->db, e,
                         "SELECT 1 FROM entry JOIN place ON place.record = entry.record WHERE entry.scope = ?1 AND "
                         "entry.held = 0 AND entry.device <> ?2 AND entry.record <> ?1 AND place.voided = 0",
                         "dd", record, &im->central->author.chain.device);
    if (kind->number == KIND_CLIENT)
        return db_exists(im->central->db, e, "SELECT 1 FROM \"case\" WHERE client = id_text(?) AND voided = 0", "d",
                         record);
    return 0;
}

/* Writes the void. *voided: 0 if what people wrote contests it. */
static int write_void(struct import *im, const struct id *record, struct withdrawal *w, const char *why, int *voided,
                      struct error *e)
{
    struct record_place place;
    struct edit edit;
    int code = edit_open(&edit, im->central->db, record, e);
    edit.seen = (struct edit_seen){was_imported, w};
    if (code != 0 || (code = edit_void(&edit, e)) != 0 || (code = import_transaction(im, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    edit.seen = (struct edit_seen){NULL, NULL};
    if ((code = central_write(im->central, &edit, why, e)) == 0 &&
        (code = record_find(im->central->db, record, &place, e)) == 0)
        *voided = place.voided;
    return code;
}

/* Says in the account what became of the row. */
static int settle(struct import *im, const struct account_row *row, enum account_outcome outcome, const char *why,
                  struct error *e)
{
    return row->file == NULL ? 0 : account_settle(im->staging, row, outcome, why, e);
}

int import_withdraw(struct import *im, const struct schema_kind *kind, const struct id *record,
                    const struct account_row *row, const char *why, struct error *e)
{
    struct record_place place;
    struct error none = {0, ""};
    struct said said;
    struct withdrawal w = {&said, 0};
    const struct said_op *last;
    int voided = 0, code = import_rest(im, e);
    if (code != 0)
        return code;
    code = record_find(im->central->db, record, &place, &none);
    if (code == E_NOT_FOUND || (code == 0 && place.voided))
        return settle(im, row, ACCOUNT_PASSED, why, e);
    if (code != 0)
        return error_set(e, code, "%s", none.text);
    if ((code = said_load(im->central->db, &im->central->author.chain.device, record, &said, e)) != 0)
        goto out;
    last = said_last(&said, FIELD_VOID);
    if (said.count == 0 || (last != NULL && !slice_is_nil(last->value))) {
        code = settle(im, row, ACCOUNT_PASSED, "deleted in the source, and kept here by a person", e);
        goto out;
    }
    if ((w.is_needed = is_needed(im, kind, record, e)) < 0)
        code = error_code(e);
    else
        code = write_void(im, record, &w, why, &voided, e);
    if (code == 0) {
        im->withdrawn += voided != 0;
        im->contested += !voided;
        code = import_count(im, kind, voided ? "withdrawn" : "contested", e);
    }
    if (code == 0 && im->tells)
        code = account_change(im->staging,
                              &(struct account_change){row, kind->name, row->key, "void", "", why, !voided}, e);
    if (code == 0)
        code = settle(im, row, ACCOUNT_PASSED,
                      voided ? why : "deleted in the source; people wrote here, so one decides", e);
out:
    said_free(&said);
    return code;
}

/* --- what stood on a row --- */

enum { PAGE = 50 }; /* records that are looked at in one turn */

/* Looks at the records behind the id `after`, which gets the last one's. *count: how many there were. */
static int find_orphans(struct import *im, const struct import_orphans *o, char after[ID_TEXT], int *count,
                        struct error *e)
{
    char *sql = sqlite3_mprintf("SELECT * FROM (%s) WHERE id > ? ORDER BY id LIMIT %d", o->records, (int)PAGE);
    sqlite3_stmt *s;
    uint64_t how;
    int row = 0, code = sql == NULL ? error_memory(e) : db_query(im->central->db, &s, e, sql, "t", after);
    sqlite3_free(sql);
    *count = 0;
    if (code != 0)
        return code;
    while (code == 0 && (row = db_next(im->central->db, s, e)) == 1) {
        code = db_number_of(im->staging, &how, e, o->has_gone, "ttt", db_text(s, 0), db_text(s, 1), db_text(s, 2));
        if (code == 0 && how != 0)
            code = db_run(im->staging, e, "INSERT INTO orphan VALUES (?, ?, ?, ?)", "tttu", db_text(s, 0), o->kind,
                          db_text(s, 1), how);
        (void)snprintf(after, ID_TEXT, "%s", db_text(s, 0));
        ++*count;
    }
    if (code != 0)
        db_done(im->central->db, s);
    return code != 0 ? code : row < 0 ? error_code(e) : 0;
}

static int find_all_orphans(struct import *im, const struct import_orphans *o, struct error *e)
{
    char after[ID_TEXT] = "";
    int count, code;
    do {
        if ((code = import_rest(im, e)) == 0)
            code = find_orphans(im, o, after, &count, e);
    } while (code == 0 && count == PAGE);
    return code;
}

int import_orphaned(struct import *im, const struct import_orphans *all, size_t count, import_row *take,
                    struct error *e)
{
    int code = db_exec(im->staging,
                       "CREATE TABLE IF NOT EXISTS orphan(id TEXT, kind TEXT, scope TEXT, how INTEGER); DELETE FROM "
                       "orphan",
                       e);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = find_all_orphans(im, &all[i], e);
    return code != 0 ? code : import_each(im, "SELECT id, kind, scope, how FROM orphan", take, e);
}
