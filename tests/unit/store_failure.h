/* What is done with a store, and each of its calls failing in turn (failure.h): it says so, the rollback leaves the
 * store as it was, and done once more it does what it does without a failure. */
#ifndef SATCHEL_STORE_FAILURE_H
#define SATCHEL_STORE_FAILURE_H

#include "failure.h"

#include "record_world.h"

/* One thing that is done, inside a transaction. */
typedef int store_act(struct db *db, struct error *e);

static struct db *store_original; /* every try begins with a copy of it, in which no statement has been prepared */
static store_act *store_acting;
static uint8_t *store_before; /* its bytes, as they are when nothing has been done */
static size_t store_size;
static char *store_after; /* its dump, when all was done */

static inline uint8_t *store_bytes(struct db *db, size_t *size)
{
    sqlite3_int64 bytes = 0;
    uint8_t *p = sqlite3_serialize(db_handle(db), "main", &bytes, 0);
    assert_non_null(p);
    *size = (size_t)bytes;
    return p;
}

static inline void *store_copy(void)
{
    struct db *db;
    sqlite3_backup *copying;
    assert_done(db_open_memory(&db, &world_error));
    copying = sqlite3_backup_init(db_handle(db), "main", db_handle(store_original), "main");
    assert_non_null(copying);
    assert_int_equal(sqlite3_backup_step(copying, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(copying), SQLITE_OK);
    return db;
}

static inline void store_drop(void *world)
{
    db_close(world);
}

static inline int store_try(void *world, struct error *e)
{
    struct db *db = world;
    int code = db_begin(db, e);
    if (code == 0)
        code = store_acting(db, e);
    if (code == 0)
        code = db_commit(db, e);
    if (code != 0)
        db_rollback(db);
    return code;
}

static inline void store_is_as_before(void *world, int code)
{
    struct db *db = world;
    uint8_t *bytes;
    size_t size;
    char *dump;
    if (code != 0) {
        bytes = store_bytes(db, &size);
        assert_int_equal(size, store_size);
        assert_memory_equal(bytes, store_before, size);
        sqlite3_free(bytes);
        assert_done(store_try(db, &world_error));
    }
    dump = dump_of(db, NULL);
    assert_string_equal(dump, store_after);
    free(dump);
}

/* Fails each call of `act` on a copy of the store. Returns how many there are. */
static inline uint64_t store_fail_each(struct db *store, store_act *act)
{
    const struct failing f = {store_copy, store_try, store_is_as_before, store_drop};
    struct db *db;
    uint64_t count;
    store_original = store;
    store_acting = act;
    db = store_copy();
    store_before = store_bytes(db, &store_size);
    assert_done(store_try(db, &world_error));
    store_after = dump_of(db, NULL);
    db_close(db);
    count = fail_each(&f);
    sqlite3_free(store_before);
    free(store_after);
    return count;
}

#endif
