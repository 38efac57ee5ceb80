/* Client records, and what is said of them, in a store: for the tests of links and of candidates. */
#ifndef SATCHEL_TEST_PERSON_WORLD_H
#define SATCHEL_TEST_PERSON_WORLD_H

#include "record_world.h"

#include "edit.h"
#include "person.h"

enum { SAME_AS = 26, DIFFERENT_FROM = 27 };

static uint64_t person_clock = TODAY;

static inline uint64_t person_wall(void)
{
    return person_clock += 1000;
}

/* An author with a device in this store. */
static inline struct edit_author person_author(struct db *db, unsigned device)
{
    struct id id = id_of(0xd000 + device);
    struct edit_author author;
    assert_done(edit_author_create(db, &id, &world_error));
    assert_done(edit_author_load(db, &author, &world_error));
    author.person = id_of(0xa000 + device);
    author.wall = person_wall;
    return author;
}

/* Writes a client, with "field", "value" pairs up to a NULL; a field of a set is added to. */
static inline struct id person_client(struct db *db, struct edit_author *author, unsigned number, ...)
{
    struct id id = id_of(number);
    const char *field;
    struct edit edit;
    va_list args;
    assert_done(edit_new(&edit, db, schema_kind(KIND_CLIENT), &id, &id, &world_error));
    va_start(args, number);
    while ((field = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);
        if (schema_field_named(edit.kind, field)->policy == SCHEMA_SET)
            assert_done(edit_add_text(&edit, field, value, &world_error));
        else
            assert_done(edit_set_text(&edit, field, value, &world_error));
    }
    va_end(args);
    assert_done(edit_commit(&edit, author, NULL, LOG_NO_POSITION, 0, NULL, &world_error));
    return id;
}

typedef int person_make(struct db *db, const struct id *a, const struct id *b, struct person_edits *out,
                        struct error *e);

/* Makes and commits; the result of making. *written: how many changes it took. */
static inline int person_say(struct db *db, struct edit_author *author, person_make *make, unsigned a, unsigned b,
                             size_t *written)
{
    struct id one = id_of(a), other = id_of(b);
    struct person_edits edits;
    int code = make(db, &one, &other, &edits, &world_error);
    *written = code == 0 ? edits.count : 0;
    for (size_t i = 0; i < *written; i++)
        assert_done(edit_commit(&edits.edits[i], author, NULL, LOG_NO_POSITION, 0, NULL, &world_error));
    return code;
}

static inline void person_void(struct db *db, struct edit_author *author, unsigned number)
{
    struct id id = id_of(number);
    struct edit edit;
    assert_done(edit_open(&edit, db, &id, &world_error));
    assert_done(edit_void(&edit, &world_error));
    assert_done(edit_commit(&edit, author, "in error", LOG_NO_POSITION, 0, NULL, &world_error));
}

#endif
