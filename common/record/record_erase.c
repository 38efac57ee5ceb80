/* Erased words. A record of kind `erasure` names a change (device, epoch, seq) and carries its skeleton (skeleton.h).
 *
 * From then on the change's body is in no store that hears of it, and its ops are read from the skeleton: what they
 * superseded stays dead, and those that live are shown as "(erased)". The table erased has a row for each such change,
 * whether it comes later or is here already, so that the order does not matter.
 *
 * An erasure without a skeleton says that the office never had the words. It drops none: a store that has them may be
 * the last that does.
 *
 * Only the office writes erasures (they are office_only). One that names what cannot be erased (schema_is_erasable) has
 * no effect. */
#include "record_private.h"

#include <stdlib.h>

#include "skeleton.h"

/* Takes the body out of the entry that an erasure names, if it is here; then its record is made again. */
static int drop_words(struct db *db, const struct skeleton_erasure *named, struct error *e)
{
    sqlite3_stmt *s;
    struct id record;
    int64_t entry;
    int row, held, erasable, code;
    if ((row =
             db_first(db, &s, e, "SELECT id, record, kind, held FROM entry WHERE device = ? AND epoch = ? AND seq = ?",
                      "duu", &named->device, named->epoch, named->seq)) <= 0)
        return row < 0 ? e->code : 0;
    entry = db_int(s, 0);
    record = db_id(s, 1);
    erasable = schema_is_erasable((unsigned)db_uint(s, 2));
    held = db_int(s, 3) != 0;
    db_done(db, s);
    if (!erasable)
        return 0;
    if ((code = db_run(db, e, "UPDATE entry SET body = NULL WHERE id = ?", "i", entry)) != 0 || held)
        return code;
    return record_redo(db, &record, e);
}

int record_erase_follow(struct db *db, const struct change *erasure, struct error *e)
{
    struct skeleton_erasure named;
    struct slice skeleton = {NULL, 0};
    int code = 0, found = skeleton_erasure(erasure, &named, e);
    if (found < 0)
        code = e->code;
    if (found == 1) {
        struct error why;
        struct change *read = malloc(sizeof *read);
        if (read == NULL)
            code = error_memory(e);
        else if (named.has_skeleton && skeleton_read(pack_bytes(&named.skeleton), read, &why) == 0)
            skeleton = pack_bytes(&named.skeleton);
        free(read);
        if (code == 0)
            code = db_run(db, e,
                          "INSERT OR REPLACE INTO erased(device, epoch, seq, erasure, scope, skeleton) "
                          "VALUES(?,?,?,?,?,?)",
                          "duuddb", &named.device, named.epoch, named.seq, &erasure->record, &erasure->scope, skeleton);
        if (code == 0 && skeleton.p != NULL)
            code = drop_words(db, &named, e);
    }
    pack_free(&named.skeleton);
    return code;
}

int record_foresee(struct db *db, const struct change *erasure, struct error *e)
{
    struct error own;
    return record_erase_follow(db, erasure, e != NULL ? e : &own);
}

int record_erase_late(struct db *db, const struct log_entry *entry, struct error *e)
{
    const struct change *c = &entry->change;
    int erased;
    if (!schema_is_erasable(c->kind) || (c->body.p == NULL && c->skeleton.p != NULL))
        return 0;
    if ((erased = db_exists(db, e,
                            "SELECT 1 FROM erased WHERE device = ? AND epoch = ? AND seq = ? AND skeleton IS NOT NULL",
                            "duu", &c->device, c->epoch, c->seq)) != 1)
        return erased;
    if (c->body.p != NULL && db_run(db, e, "UPDATE entry SET body = NULL WHERE id = ?", "i", entry->id) != 0)
        return -1;
    return 1;
}
