/* An office in memory that is backed up, and put back. */
#ifndef SATCHEL_SETBACK_ROOM_H
#define SATCHEL_SETBACK_ROOM_H

#include "pair.h"

struct setback_room {
    struct db *db;
    struct edit_author author;
    struct merkle_frontier tree;
    char checkpoint[CHECKPOINT_TEXT_MAX];
    uint64_t checkpoint_size;
};

static PAIR_UNUSED void setback_room_copy(struct db *from, struct db *to)
{
    sqlite3_backup *b = sqlite3_backup_init(db_handle(to), "main", db_handle(from), "main");
    assert_non_null(b);
    assert_int_equal(sqlite3_backup_step(b, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(b), SQLITE_OK);
}

static PAIR_UNUSED void setback_room_back_up(struct central *c, struct setback_room *backup)
{
    if (backup->db == NULL)
        PAIR_OK(db_open_memory(&backup->db, &pair_e));
    setback_room_copy(c->db, backup->db);
    backup->author = c->author;
    backup->tree = c->tree;
    memcpy(backup->checkpoint, c->checkpoint, sizeof c->checkpoint);
    backup->checkpoint_size = c->checkpoint_size;
}

static PAIR_UNUSED void setback_room_put_back(struct central *c, const struct setback_room *backup)
{
    setback_room_copy(backup->db, c->db);
    c->author = backup->author;
    c->tree = backup->tree;
    memcpy(c->checkpoint, backup->checkpoint, sizeof c->checkpoint);
    c->checkpoint_size = backup->checkpoint_size;
}

static PAIR_UNUSED void setback_room_announce(struct central *c, uint64_t size)
{
    PAIR_OK(central_begin(c, &pair_e));
    PAIR_OK(backup_announce(c, size, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
}

#endif
