/* Judges erasures: whether the log says so wherever words are gone, and says nothing else than what was written. */
#include "trial_erased.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "skeleton.h"

static void add_fault(struct trial_erased *x, uint64_t position, const char *reason)
{
    if (x->first.reason == NULL)
        x->first = (struct trial_fault){position, reason};
}

/* 1: words of this device and kind can be erased. */
static int may_erase(const struct id *device, unsigned kind, const struct id *office)
{
    return schema_is_erasable(kind) || (schema_is_dealt(kind) && !id_equal(device, office));
}

/* 1: a change of this device and kind may be without words: it was erased, or a laptop had let go of them, of whatever
 * kind, when the office had lost it. The office's own chain never lacks what cannot be erased. */
static int may_lack_words(const struct id *device, unsigned kind, const struct id *office)
{
    return !id_equal(device, office) || may_erase(device, kind, office);
}

/* --- an erasure --- */

/* What the log in front of an erasure has of the change that it names. */
static int judge_named(struct trial_erased *x, sqlite3_stmt *s, const struct skeleton_erasure *named,
                       const struct change *erasure, const struct id *office, uint64_t position, struct error *e)
{
    struct slice body = db_slice(s, 3);
    struct id scope = db_id(s, 1);
    struct change *c = malloc(sizeof *c);
    int code = 0;
    if (c == NULL)
        return error_memory(e);
    if (!may_erase(&named->device, (unsigned)db_uint(s, 0), office))
        add_fault(x, position,
                  "it erases what cannot be erased: what the office alone writes, or what a store says of itself");
    else if (!id_equal(&scope, &erasure->scope))
        add_fault(x, position, "it erases a change of another case, whose laptops cannot hear of it");
    else if (!named->has_skeleton)
        add_fault(x, position,
                  "it erases a change in front of it and does not say what that had replaced, though the office had "
                  "its words");
    else if (body.p != NULL && (code = change_read(db_slice(s, 2), body, c, e)) == 0 &&
             !skeleton_fits(pack_bytes(&named->skeleton), c))
        add_fault(x, position, "what it says of the change that it erases is not what that change says");
    free(c);
    return code;
}

static int judge_erasure(struct trial_erased *x, struct db *db, const struct id *office, const struct change *erasure,
                         uint64_t position, struct error *e)
{
    struct skeleton_erasure named;
    struct slice skeleton;
    sqlite3_stmt *s;
    int row, code = 0, found = skeleton_erasure(erasure, &named, e);
    if (found != 1) {
        pack_free(&named.skeleton);
        return found < 0 ? error_code(e) : 0;
    }
    skeleton = pack_bytes(&named.skeleton);
    if ((row = db_first(db, &s, e,
                        "SELECT kind, scope, header, body FROM entry WHERE device = ? AND epoch = ? AND seq = ?", "duu",
                        &named.device, named.epoch, named.seq)) == 1) {
        code = judge_named(x, s, &named, erasure, office, position, e);
        db_done(db, s);
    }
    if (row >= 0 && code == 0 && named.has_skeleton &&
        (row = db_exists(db, e, "SELECT 1 FROM erased WHERE device = ? AND epoch = ? AND seq = ? AND skeleton <> ?",
                         "duub", &named.device, named.epoch, named.seq, skeleton)) == 1)
        add_fault(x, position, "two erasures of one change say different things of it");
    pack_free(&named.skeleton);
    return row < 0 ? error_code(e) : code;
}

/* --- a change that an erasure names --- */

/* Keeps a copy of the skeleton, and reads the ops from it. */
static int read_ops(struct trial_erased *x, struct slice skeleton, struct change *c, struct error *e)
{
    if (skeleton.size > x->room) {
        trial_erased_free(x);
        if ((x->skeleton = malloc(skeleton.size)) == NULL)
            return error_memory(e);
        x->room = skeleton.size;
    }
    memcpy(x->skeleton, skeleton.p, skeleton.size);
    return skeleton_read((struct slice){x->skeleton, skeleton.size}, c, e);
}

int trial_erased_take(struct trial_erased *x, struct db *db, const struct id *office, struct change *c,
                      uint64_t position, struct error *e)
{
    sqlite3_stmt *s;
    int row, code = 0;
    if (c->kind == KIND_ERASURE && id_equal(&c->device, office))
        return judge_erasure(x, db, office, c, position, e);
    if (c->body.p == NULL && !may_lack_words(&c->device, c->kind, office))
        add_fault(x, position, "its words are gone, and they cannot be erased");
    if ((row = db_first(db, &s, e,
                        "SELECT skeleton FROM erased WHERE device = ? AND epoch = ? AND seq = ? "
                        "ORDER BY skeleton IS NULL, erasure LIMIT 1",
                        "duu", &c->device, c->epoch, c->seq)) != 1)
        return row < 0 ? error_code(e) : 0;
    if (db_slice(s, 0).p != NULL && !may_erase(&c->device, c->kind, office))
        add_fault(x, position, "an erasure names it, and it cannot be erased");
    else if (c->body.p != NULL && db_slice(s, 0).p != NULL && !skeleton_fits(db_slice(s, 0), c))
        add_fault(x, position, "it says something else than the erasure that names it");
    else if (c->body.p == NULL && c->skeleton.p == NULL && db_slice(s, 0).p != NULL)
        code = read_ops(x, db_slice(s, 0), c, e);
    db_done(db, s);
    return code;
}

int trial_erased_fault(const struct trial_erased *x, struct db *db, struct trial_fault *out, struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(db, &s, e,
                       "SELECT position FROM entry WHERE body IS NULL AND NOT EXISTS(SELECT 1 FROM erased WHERE "
                       "erased.device = entry.device AND erased.epoch = entry.epoch AND erased.seq = entry.seq) "
                       "ORDER BY position LIMIT 1",
                       "");
    *out = x->first;
    if (row != 1)
        return row < 0 ? error_code(e) : 0;
    if (out->reason == NULL || db_uint(s, 0) < out->position)
        *out = (struct trial_fault){db_uint(s, 0), "its words are gone, and no erasure of the office says so"};
    db_done(db, s);
    return 0;
}

void trial_erased_free(struct trial_erased *x)
{
    if (x->skeleton != NULL)
        sodium_memzero(x->skeleton, x->room);
    free(x->skeleton);
    x->skeleton = NULL;
    x->room = 0;
}
