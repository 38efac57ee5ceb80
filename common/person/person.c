/* Finds the records of one person: reads the pairs that somebody linked or marked as different, all of them or those of
 * one person, and makes the map that joins all records that are linked to each other. */
#include "person.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"

/* --- what records say of each other --- */

static int by_pair(const void *one, const void *other)
{
    const struct person_pair *a = one, *b = other;
    int order = id_compare(&a->a, &b->a);
    return order != 0 ? order : id_compare(&a->b, &b->b);
}

/* Adds what each row of a statement says: a and b, as texts. It takes one that cannot be read for nobody. */
static int add_pairs(struct db *db, sqlite3_stmt *s, struct person_pair **pairs, size_t *count, size_t *room,
                     struct error *e)
{
    int row;
    while ((row = db_next(db, s, e)) == 1) {
        struct person_pair pair;
        if (id_parse(db_text(s, 0), &pair.a, NULL) != 0 || id_parse(db_text(s, 1), &pair.b, NULL) != 0)
            continue;
        if (*count == *room) {
            struct person_pair *more = realloc(*pairs, (2 * *room + 64) * sizeof *more);
            if (more == NULL) {
                db_done(db, s);
                return error_memory(e);
            }
            *pairs = more;
            *room = 2 * *room + 64;
        }
        (*pairs)[(*count)++] = pair;
    }
    return row < 0 ? error_code(e) : 0;
}

int person_pairs(struct db *db, enum person_field field, struct person_pair **pairs, size_t *count, struct error *e)
{
    static const char *const names[] = {"same_as", "different_from"};
    sqlite3_stmt *s;
    size_t room = 0;
    int code;
    *pairs = NULL;
    *count = 0;
    if ((code = db_query(db, &s, e, "SELECT a, b FROM person_link WHERE field = ?", "t", names[field])) != 0)
        return code;
    if ((code = add_pairs(db, s, pairs, count, &room, e)) != 0) {
        free(*pairs);
        *pairs = NULL;
        *count = 0;
        return code;
    }
    if (*count != 0)
        qsort(*pairs, *count, sizeof **pairs, by_pair);
    return 0;
}

/* The records that links join to ?1, the nearest first, and it itself. Of two that are as near, the one comes first
 * whose link comes first by the ids: the same rows always give the same list. A link to a record of another kind joins
 * nothing. */
#define NEAR                                                                                                           \
    "WITH RECURSIVE near(id) AS (VALUES(?1) "                                                                          \
    "UNION SELECT l.b FROM near JOIN person_link l ON l.field = 'same_as' AND l.a = near.id "                          \
    "WHERE NOT EXISTS(SELECT 1 FROM place WHERE record = id_blob(l.b) AND kind <> ?2) "                                \
    "UNION SELECT l.a FROM near JOIN person_link l ON l.field = 'same_as' AND l.b = near.id) "

int person_near(struct db *db, const struct id *client, person_each *each, void *arg, size_t most, struct error *e)
{
    char text[ID_TEXT];
    struct id id;
    sqlite3_stmt *s;
    int row, code;
    id_format(client, text);
    if ((row = db_exists(db, e,
                         "SELECT 1 FROM person_link WHERE field = 'same_as' AND a = ?1 UNION ALL "
                         "SELECT 1 FROM person_link WHERE field = 'same_as' AND b = ?1 LIMIT 1",
                         "t", text)) <= 0)
        return row < 0 ? error_code(e) : 0;
    if ((code = db_query(db, &s, e, NEAR "SELECT id FROM near LIMIT ?3", "tui", text, (uint64_t)KIND_CLIENT,
                         (int64_t)most)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (id_parse(db_text(s, 0), &id, NULL) != 0 || id_equal(&id, client) || (code = each(arg, &id, e)) == 0)
            continue;
        db_done(db, s);
        return code < 0 ? error_code(e) : 0;
    }
    return row < 0 ? error_code(e) : 0;
}

/* --- the map --- */

static int by_id(const void *a, const void *b)
{
    return id_compare(a, b);
}

static int by_link(const void *one, const void *other)
{
    const struct person_link *a = one, *b = other;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

size_t person_map_find(const struct person_map *map, const struct id *client)
{
    const struct id *at = map->count == 0 ? NULL : bsearch(client, map->ids, map->count, sizeof *map->ids, by_id);
    return at == NULL ? SIZE_MAX : (size_t)(at - map->ids);
}

/* *other: 1 if the record is of another kind than client; 0 if it is a client, or not here (it may be one). */
static int is_other_kind(struct db *db, const struct id *record, int *other, struct error *e)
{
    struct record_place place;
    struct error own;
    int code = record_find(db, record, &place, &own);
    *other = code == 0 && place.kind->number != KIND_CLIENT;
    return code == 0 || code == E_NOT_FOUND ? 0 : error_set(e, code, "%s", own.text);
}

static int make_ids(struct person_map *map, const struct person_pair *pairs, size_t count, struct error *e)
{
    size_t kept = 0;
    if ((map->ids = malloc(2 * count * sizeof *map->ids)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < count; i++) {
        map->ids[2 * i] = pairs[i].a;
        map->ids[2 * i + 1] = pairs[i].b;
    }
    qsort(map->ids, 2 * count, sizeof *map->ids, by_id);
    for (size_t i = 0; i < 2 * count; i++)
        if (kept == 0 || !id_equal(&map->ids[kept - 1], &map->ids[i]))
            map->ids[kept++] = map->ids[i];
    map->count = kept;
    return 0;
}

/* The index of the first of the records that are joined to record i so far. */
static size_t find_group(struct person_map *map, size_t i)
{
    while (map->group[i] != i)
        i = map->group[i] = map->group[map->group[i]];
    return i;
}

static int make_groups(struct person_map *map, const struct person_pair *pairs, size_t count, struct error *e)
{
    if ((map->group = calloc(map->count + 1, sizeof *map->group)) == NULL ||
        (map->links = calloc(2 * count + 1, sizeof *map->links)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < map->count; i++)
        map->group[i] = i;
    for (size_t i = 0; i < count; i++) {
        size_t a = person_map_find(map, &pairs[i].a), b = person_map_find(map, &pairs[i].b);
        size_t one, other;
        assert(a != SIZE_MAX && b != SIZE_MAX); /* make_ids put both there */
        one = find_group(map, a);
        other = find_group(map, b);
        map->links[map->link_count++] = (struct person_link){a, b};
        map->links[map->link_count++] = (struct person_link){b, a};
        map->group[one > other ? one : other] = one < other ? one : other;
    }
    for (size_t i = 0; i < map->count; i++)
        map->group[i] = find_group(map, i);
    qsort(map->links, map->link_count, sizeof *map->links, by_link);
    return 0;
}

static int make_map(struct db *db, struct person_map *map, struct person_pair *pairs, size_t count, struct error *e)
{
    size_t kept = 0;
    int code = 0, other;
    for (size_t i = 0; i < count && (code = is_other_kind(db, &pairs[i].b, &other, e)) == 0; i++)
        if (!other)
            pairs[kept++] = pairs[i];
    if (code == 0 && kept != 0 && (code = make_ids(map, pairs, kept, e)) == 0)
        code = make_groups(map, pairs, kept, e);
    return code;
}

int person_map_load(struct db *db, struct person_map *map, struct error *e)
{
    struct person_pair *pairs;
    size_t count;
    int code;
    memset(map, 0, sizeof *map);
    if ((code = person_pairs(db, PERSON_SAME_AS, &pairs, &count, e)) != 0)
        return code;
    code = make_map(db, map, pairs, count, e);
    free(pairs);
    return code;
}

int person_map_of(struct db *db, const struct id *a, const struct id *b, struct person_map *map, struct error *e)
{
    const struct id *const both[] = {a, b};
    struct person_pair *pairs = NULL;
    size_t count = 0, room = 0;
    int code = 0;
    memset(map, 0, sizeof *map);
    /* The links of both may be the same ones, read twice: the map has each in any number. */
    for (size_t i = 0; i < 2 && code == 0 && both[i] != NULL; i++) {
        char text[ID_TEXT];
        sqlite3_stmt *s;
        id_format(both[i], text);
        if ((code = db_query(db, &s, e,
                             NEAR "SELECT l.a, l.b FROM near JOIN person_link l ON l.field = 'same_as' AND l.a = "
                                  "near.id",
                             "tu", text, (uint64_t)KIND_CLIENT)) == 0)
            code = add_pairs(db, s, &pairs, &count, &room, e);
    }
    if (code == 0)
        code = make_map(db, map, pairs, count, e);
    free(pairs);
    return code;
}

void person_map_free(struct person_map *map)
{
    free(map->ids);
    free(map->group);
    free(map->links);
    memset(map, 0, sizeof *map);
}

struct id person_map_first(const struct person_map *map, const struct id *client)
{
    size_t at = person_map_find(map, client);
    return at == SIZE_MAX ? *client : map->ids[map->group[at]];
}

int person_map_same(const struct person_map *map, const struct id *a, const struct id *b)
{
    struct id one = person_map_first(map, a), other = person_map_first(map, b);
    return id_equal(&one, &other);
}

/* The index of the first link of a record. */
static size_t first_link(const struct person_map *map, size_t from)
{
    size_t low = 0, high = map->link_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->links[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int person_map_next(const struct person_map *map, const struct id *a, const struct id *b, struct id *next,
                    struct error *e)
{
    size_t from = person_map_find(map, a), to = person_map_find(map, b), head = 0, tail = 0, *queue, *towards;
    if (from == SIZE_MAX || to == SIZE_MAX || from == to || map->group[from] != map->group[to])
        return 0;
    queue = calloc(map->count, sizeof *queue);
    towards = calloc(map->count, sizeof *towards);
    if (queue == NULL || towards == NULL) {
        free(queue);
        free(towards);
        (void)error_memory(e);
        return -1;
    }
    /* Search from b outwards, breadth first: towards[i] is the next record on the way from i to b. */
    memset(towards, 0xff, map->count * sizeof *towards);
    towards[to] = to;
    for (queue[tail++] = to; head < tail && towards[from] == SIZE_MAX; head++)
        for (size_t i = first_link(map, queue[head]); i < map->link_count && map->links[i].from == queue[head]; i++) {
            size_t met = map->links[i].to;
            if (towards[met] == SIZE_MAX) {
                towards[met] = queue[head];
                queue[tail++] = met;
            }
        }
    *next = map->ids[towards[from]];
    free(queue);
    free(towards);
    return 1;
}

/* --- one person --- */

static int add_record(struct db *db, const struct id *id, struct person *out, struct error *e)
{
    struct person_record *record = &out->all[out->count];
    struct record_place place;
    int code = record_find(db, id, &place, e);
    if (code != 0 && code != E_NOT_FOUND)
        return code;
    *record = (struct person_record){*id, code == 0 && place.voided, code == E_NOT_FOUND};
    out->count++;
    return 0;
}

int person_same(struct db *db, const struct id *client, struct person *out, struct error *e)
{
    struct person_map map;
    struct error own;
    size_t at;
    int code;
    if (e == NULL)
        e = &own;
    memset(out, 0, sizeof *out);
    if ((code = person_map_of(db, client, NULL, &map, e)) != 0)
        goto out;
    if ((at = person_map_find(&map, client)) == SIZE_MAX) {
        code = add_record(db, client, out, e);
        goto out;
    }
    /* Take the first by their ids, and the client itself in any case. */
    for (size_t i = 0, left = PERSON_RECORDS_MAX - 1; code == 0 && i < map.count; i++) {
        if (map.group[i] != map.group[at])
            continue;
        if (i != at && left == 0) {
            out->more = 1;
            continue;
        }
        left -= i != at;
        code = add_record(db, &map.ids[i], out, e);
    }
out:
    person_map_free(&map);
    return code;
}
