/* Drops erased words from a laptop's own tables (client/store/tables.c). */
#include "forget.h"

#include "schema.h"
#include "skeleton.h"

/* What is told of a decision has values in it, and does not say of which change they are. */
static int forget_decisions(struct db *db, const struct skeleton_erasure *named, struct error *e)
{
    return db_run(db, e,
                  "DELETE FROM decided WHERE record IN "
                  "(SELECT record FROM entry WHERE device = ? AND epoch = ? AND seq = ?)",
                  "duu", &named->device, named->epoch, named->seq);
}

int forget_words(struct db *db, const struct id *own, const struct change *erasure, struct error *e)
{
    struct skeleton_erasure named;
    int code = 0, found = erasure->kind == KIND_ERASURE ? skeleton_erasure(erasure, &named, e) : 0;
    if (erasure->kind != KIND_ERASURE)
        return 0;
    if (found < 0)
        code = error_code(e);
    found = found == 1 && named.has_skeleton;
    if (found && (code = forget_decisions(db, &named, e)) == 0)
        code = db_run(db, e, "UPDATE arriving SET body = NULL WHERE device = ? AND epoch = ? AND seq = ?", "duu",
                      &named.device, named.epoch, named.seq);
    if (found && code == 0 && id_equal(&named.device, own) &&
        (code = db_run(db, e, "UPDATE held_note SET body = NULL WHERE epoch = ? AND seq = ?", "uu", named.epoch,
                       named.seq)) == 0)
        code = db_run(db, e,
                      "UPDATE stranded SET body = NULL WHERE (new_epoch = ?1 AND new_seq = ?2) OR (epoch = ?1 AND seq "
                      "= ?2)",
                      "uu", named.epoch, named.seq);
    pack_free(&named.skeleton);
    return code;
}
