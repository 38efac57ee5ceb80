/* Keeps what an unfinished sync leaves for the next one. */
#include "unfinished.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "wire_limits.h"

int unfinished_load(struct db *db, const struct chain *own, struct unfinished *out, struct error *e)
{
    struct unsent_seen seen;
    struct slice session;
    sqlite3_stmt *s;
    int row, code = unsent_seen(db, &seen, e);
    *out = (struct unfinished){NULL, 0, 0};
    if (code != 0)
        return code;
    if ((row = db_first(db, &s, e, "SELECT session, flags FROM unfinished WHERE epoch = ? AND seen = ?", "uu",
                        own->epoch, seen.size)) != 1)
        return row < 0 ? error_code(e) : 0;
    session = db_slice(s, 0);
    out->flags = (unsigned)db_uint(s, 1);
    if (session.size != 0 && (out->session = malloc(session.size)) == NULL)
        code = error_memory(e);
    if (out->session != NULL) {
        memcpy(out->session, session.p, session.size);
        out->size = session.size;
    }
    db_done(db, s);
    return code;
}

void unfinished_free(struct unfinished *u)
{
    if (u->session != NULL)
        sodium_memzero(u->session, u->size);
    free(u->session);
    *u = (struct unfinished){NULL, 0, 0};
}

int unfinished_forget(struct db *db, struct error *e)
{
    int there = db_exists(db, e, "SELECT 1 FROM unfinished", "");
    if (there <= 0)
        return there < 0 ? error_code(e) : 0;
    return db_run(db, e, "DELETE FROM unfinished", "");
}

static int keep_session(struct db *db, const struct chain *own, struct slice session, unsigned flags)
{
    struct unsent_seen seen;
    int code;
    if ((code = unsent_seen(db, &seen, NULL)) != 0 || (code = unfinished_forget(db, NULL)) != 0)
        return code;
    return db_run(db, NULL, "INSERT INTO unfinished(session, flags, epoch, seen) VALUES(?, ?, ?, ?)", "buuu", session,
                  (uint64_t)flags, own->epoch, seen.size);
}

int unfinished_keep(struct db *db, const struct chain *own, struct wire *wire, unsigned flags)
{
    struct pack session;
    int code = wire_unfinished(wire, &session) ? db_begin(db, NULL) : E_NOT_FOUND;
    if (code == 0) {
        if ((code = keep_session(db, own, pack_bytes(&session), flags)) == 0)
            code = db_commit(db, NULL);
        if (code != 0)
            db_rollback(db);
    }
    pack_free(&session);
    return code;
}

int unfinished_batch(const struct message_push *push, struct unsent_batch *out, struct error *e)
{
    struct batch_reader r;
    struct chain_head head;
    int code;
    memset(out, 0, sizeof *out);
    if ((code = chain_peek(push->head, &head, e)) != 0)
        return code;
    if ((code = batch_open(&r, push->batch, 0, e)) == 0) {
        out->count = r.count;
        out->epoch = head.end.epoch;
        out->last_seq = head.end.seq;
        out->first_seq = head.end.seq - (r.count == 0 ? 0 : r.count - 1);
    }
    batch_close(&r);
    return code;
}

/* --- room --- */

size_t unfinished_room(struct db *db)
{
    uint64_t room;
    if (db_meta_get_uint(db, "room", &room, NULL) != 0 || room == 0 || room > UNFINISHED_ROOM)
        return UNFINISHED_ROOM;
    return room < UNFINISHED_ROOM_MIN ? UNFINISHED_ROOM_MIN : (size_t)room;
}

size_t unfinished_next_room(size_t room, unsigned breaks)
{
    if (breaks == 0)
        return room < LIMITS_BATCH_MAX / 2 ? 2 * room : LIMITS_BATCH_MAX;
    for (; breaks > 0 && room > UNFINISHED_ROOM_MIN; breaks--)
        room /= 2;
    return room < UNFINISHED_ROOM_MIN ? UNFINISHED_ROOM_MIN : room;
}

int unfinished_keep_room(struct db *db, size_t room, struct error *e)
{
    int code;
    if (room > UNFINISHED_ROOM)
        room = UNFINISHED_ROOM;
    if (room == unfinished_room(db))
        return 0;
    if ((code = db_begin(db, e)) != 0)
        return code;
    if ((code = db_meta_set_uint(db, "room", room, e)) == 0)
        code = db_commit(db, e);
    if (code != 0)
        db_rollback(db);
    return code;
}
