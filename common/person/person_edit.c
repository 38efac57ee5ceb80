/* Writes, and takes back, links between records of one person and marks that two records are two people, as edits of
 * the record that has the element. */
#include "person.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"

static const struct schema_field *field_of(enum person_field field)
{
    return schema_field_named(schema_kind(KIND_CLIENT), field == PERSON_SAME_AS ? "same_as" : "different_from");
}

static void free_edits(struct person_edits *edits)
{
    for (size_t i = 0; i < edits->count; i++)
        edit_free(&edits->edits[i]);
    edits->count = 0;
}

/* --- what may be linked --- */

static int check_client(struct db *db, const struct id *record, int *voided, struct error *e)
{
    struct record_place place;
    char brief[ID_BRIEF];
    int code;
    if ((code = record_find(db, record, &place, e)) != 0)
        return code;
    (void)id_brief(record, brief);
    *voided = place.voided;
    return place.kind->number == KIND_CLIENT
               ? 0
               : error_set(e, E_REFUSED, "%s is a %s; only clients are linked with each other, so name two clients",
                           brief, place.kind->name);
}

/* Checks that both are clients that are here, and two records. refuse_voided 1: also that neither is voided. */
static int check_clients(struct db *db, const struct id *a, const struct id *b, int refuse_voided, struct error *e)
{
    int code, voided[2] = {0, 0};
    char brief[ID_BRIEF];
    if ((code = check_client(db, a, &voided[0], e)) != 0 || (code = check_client(db, b, &voided[1], e)) != 0)
        return code;
    (void)id_brief(voided[0] ? a : b, brief);
    if (id_equal(a, b))
        return error_set(e, E_REFUSED, "both words name the client %s; name two different clients", brief);
    return !refuse_voided || !(voided[0] || voided[1])
               ? 0
               : error_set(e, E_REFUSED, "client %s is voided; take that back first, if it was wrong", brief);
}

/* --- elements --- */

/* 1: the record has the other in its set `field`; 0: it does not; -1: failed, e says why. */
static int holds(struct db *db, const struct id *record, const struct id *other, enum person_field field,
                 struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_CLIENT);
    struct record_field f;
    struct id element;
    int found = 0;
    if (record_field_load(db, record, kind, field_of(field), &f, e) != 0)
        return -1;
    for (size_t i = 0; i < f.shown.count && !found; i++)
        found = slice_id(f.ops[i].merge.value, &element) && id_equal(&element, other);
    record_field_free(&f);
    return found;
}

/* The edit of this record in *out; if there is none yet, a new one. NULL: failed, e says why. */
static struct edit *edit_of(struct db *db, const struct id *record, struct person_edits *out, struct error *e)
{
    for (size_t i = 0; i < out->count; i++)
        if (id_equal(&out->edits[i].record, record))
            return &out->edits[i];
    if (edit_open(&out->edits[out->count], db, record, e) != 0)
        return NULL;
    return &out->edits[out->count++];
}

/* What every step of one edit of a link or a mark shares. */
struct linking {
    struct db *db;
    enum person_field field;
    struct person_edits *out;
};

static int put_link(const struct linking *l, const struct id *record, const struct id *other, int is_add,
                    struct error *e)
{
    struct edit *edit = edit_of(l->db, record, l->out, e);
    char text[ID_TEXT];
    if (edit == NULL)
        return error_code(e);
    id_format(other, text);
    return is_add ? edit_add_text(edit, field_of(l->field)->name, text, e)
                  : edit_remove_text(edit, field_of(l->field)->name, text, e);
}

/* Removes the element from each of the two records that has it; *found: how many have it. */
static int take_out(const struct linking *l, const struct id *a, const struct id *b, int *found, struct error *e)
{
    const struct id *both[] = {a, b};
    int code = 0;
    *found = 0;
    for (int i = 0; code == 0 && i < 2; i++) {
        struct record_place place;
        char brief[ID_BRIEF];
        int held = holds(l->db, both[i], both[1 - i], l->field, e);
        if (held < 0)
            return error_code(e);
        if (!held)
            continue;
        /* Refuse a voided record: a change to it would bring it back, contested. */
        if ((code = record_find(l->db, both[i], &place, e)) != 0)
            return code;
        (void)id_brief(both[i], brief);
        if (place.voided)
            return error_set(e, E_REFUSED,
                             "client %s is voided, and it is the one that says so; take the void back first, then this",
                             brief);
        (*found)++;
        code = put_link(l, both[i], both[1 - i], 0, e);
    }
    return code;
}

/* --- what a user does --- */

/* *same: 1 if the two are of one person already, else 0. */
static int are_same(struct db *db, const struct id *a, const struct id *b, int *same, struct error *e)
{
    struct person_map map;
    int code = person_map_of(db, a, NULL, &map, e);
    *same = code == 0 && person_map_same(&map, a, b);
    person_map_free(&map);
    return code;
}

/* 1: a mark is between records of these two persons, and not between a and b themselves. */
static int is_between(const struct person_map *map, const struct person_pair *mark, const struct id *a,
                      const struct id *b)
{
    if ((id_equal(&mark->a, a) && id_equal(&mark->b, b)) || (id_equal(&mark->a, b) && id_equal(&mark->b, a)))
        return 0;
    return (person_map_same(map, &mark->a, a) && person_map_same(map, &mark->b, b)) ||
           (person_map_same(map, &mark->a, b) && person_map_same(map, &mark->b, a));
}

/* E_REFUSED: somebody marked other records of the same two persons as different, which is to be looked at first. */
static int check_marks(struct db *db, const struct id *a, const struct id *b, struct error *e)
{
    struct person_pair *marks = NULL;
    struct person_map map = {0};
    size_t count = 0;
    int code = person_pairs(db, PERSON_DIFFERENT_FROM, &marks, &count, e);
    if (code == 0 && count != 0)
        code = person_map_of(db, a, b, &map, e);
    for (size_t i = 0; code == 0 && i < count; i++) {
        char one[ID_BRIEF], other[ID_BRIEF];
        if (!is_between(&map, &marks[i], a, b))
            continue;
        (void)id_brief(&marks[i].a, one);
        (void)id_brief(&marks[i].b, other);
        code = error_set(e, E_REFUSED,
                         "%s and %s, records of the same two, are marked as different people; look at both, and take "
                         "that mark back first if it is wrong",
                         one, other);
    }
    person_map_free(&map);
    free(marks);
    return code;
}

int person_link(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e)
{
    int code, same, found;
    memset(out, 0, sizeof *out);
    if ((code = check_clients(db, a, b, 1, e)) != 0 || (code = are_same(db, a, b, &same, e)) != 0 || same ||
        (code = check_marks(db, a, b, e)) != 0)
        return code;
    if ((code = put_link(&(struct linking){db, PERSON_SAME_AS, out}, a, b, 1, e)) != 0 ||
        (code = take_out(&(struct linking){db, PERSON_DIFFERENT_FROM, out}, a, b, &found, e)) != 0)
        free_edits(out);
    return code;
}

int person_unlink(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e)
{
    struct person_map map = {0};
    char one[ID_BRIEF], other[ID_BRIEF], between[ID_BRIEF];
    struct id next;
    int code, found;
    memset(out, 0, sizeof *out);
    if ((code = check_clients(db, a, b, 0, e)) != 0)
        return code;
    if ((code = take_out(&(struct linking){db, PERSON_SAME_AS, out}, a, b, &found, e)) != 0 || found) {
        if (code != 0)
            free_edits(out);
        return code;
    }
    (void)id_brief(a, one);
    (void)id_brief(b, other);
    if ((code = person_map_of(db, a, NULL, &map, e)) == 0 && (found = person_map_next(&map, a, b, &next, e)) < 0)
        code = error_code(e);
    if (code == 0) {
        (void)id_brief(&next, between);
        code = found ? error_set(e, E_NOT_FOUND,
                                 "%s and %s are one person's only through another record: unlink %s from %s", one,
                                 other, one, between)
                     : error_set(e, E_NOT_FOUND, "%s and %s are not linked; there is nothing to undo", one, other);
    }
    person_map_free(&map);
    return code;
}

int person_part(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e)
{
    char one[ID_BRIEF], other[ID_BRIEF];
    int code, same, marked;
    memset(out, 0, sizeof *out);
    if ((code = check_clients(db, a, b, 1, e)) != 0 || (code = are_same(db, a, b, &same, e)) != 0)
        return code;
    (void)id_brief(a, one);
    (void)id_brief(b, other);
    if (same)
        return error_set(e, E_REFUSED, "%s and %s are linked as one person; unlink them first", one, other);
    if ((marked = holds(db, a, b, PERSON_DIFFERENT_FROM, e)) == 0)
        marked = holds(db, b, a, PERSON_DIFFERENT_FROM, e);
    if (marked != 0)
        return marked < 0 ? error_code(e) : 0;
    if ((code = put_link(&(struct linking){db, PERSON_DIFFERENT_FROM, out}, a, b, 1, e)) != 0)
        free_edits(out);
    return code;
}

int person_unpart(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e)
{
    char one[ID_BRIEF], other[ID_BRIEF];
    int code, found;
    memset(out, 0, sizeof *out);
    if ((code = check_clients(db, a, b, 0, e)) != 0 ||
        (code = take_out(&(struct linking){db, PERSON_DIFFERENT_FROM, out}, a, b, &found, e)) != 0) {
        free_edits(out);
        return code;
    }
    (void)id_brief(a, one);
    (void)id_brief(b, other);
    return found != 0 ? 0
                      : error_set(e, E_NOT_FOUND, "%s and %s are not marked as different; there is nothing to undo",
                                  one, other);
}
