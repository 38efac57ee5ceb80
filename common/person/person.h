/* Links client records of one person: if two laptops take down the same person, there are two records. A user links
 * them (an element of client.same_as) or takes that back (the element is removed). Nothing is merged automatically, and
 * a link changes no other field of either record. docs/DUPLICATES.md.
 *
 * The records of one person are those that live links join, in either direction and over any number of steps. A link of
 * a record to itself, or to a record that is no client, is ignored. Voided records count, and so do records that are
 * not in this store; each is marked as such.
 *
 * Every function that takes an error fails with E_MEMORY, with the store's errors (db.h), and with those that it
 * names. */
#ifndef SATCHEL_PERSON_H
#define SATCHEL_PERSON_H

#include <stddef.h>

#include "db.h"
#include "edit.h"
#include "error.h"
#include "id.h"

#define PERSON_RECORDS_MAX 64 /* how many records of one person person_same lists */

/* --- the whole store --- */

/* What one record says of another: `b` is an element of a set of record `a`. */
struct person_pair {
    struct id a, b;
};
enum person_field { PERSON_SAME_AS, PERSON_DIFFERENT_FROM };
/* Lists all live elements, sorted by a and b, whatever kind of record b is, but for those that name their own record.
 * *pairs is freed with free; on failure it is NULL. */
int person_pairs(struct db *db, enum person_field field, struct person_pair **pairs, size_t *count, struct error *e);

struct person_link {
    size_t from, to; /* in person_map.ids */
};
struct person_map {
    size_t count;
    struct id *ids;    /* every record that is linked, sorted */
    size_t *group;     /* for each: the first of its person's records, in ids */
    size_t link_count; /* each link in both directions, sorted */
    struct person_link *links;
};
/* Makes the map of all links in the store. Its cost grows with the links, not with the clients. *map is freed with
 * person_map_free, on failure too. */
int person_map_load(struct db *db, struct person_map *map, struct error *e);
/* Makes the map of the links of two clients' persons alone; b NULL: of one. Its cost grows with the links of these
 * persons. As person_map_load otherwise. */
int person_map_of(struct db *db, const struct id *a, const struct id *b, struct person_map *map, struct error *e);
void person_map_free(struct person_map *map);
/* The index of a record in map->ids; SIZE_MAX: it is linked to nothing. */
size_t person_map_find(const struct person_map *map, const struct id *client);
/* The first of the person's records, which is the same for all of them; the record itself, if it is linked to
 * nothing. */
struct id person_map_first(const struct person_map *map, const struct id *client);
/* 1: the two records are of one person (or are one record); 0: they are not. */
int person_map_same(const struct person_map *map, const struct id *a, const struct id *b);
/* 1: *next is the record after a on a shortest way over links from a to b, which is b itself if they are linked
 * directly; 0: they are one record, or not of one person; -1: failed for lack of memory, e says so. */
int person_map_next(const struct person_map *map, const struct id *a, const struct id *b, struct id *next,
                    struct error *e);

/* --- one person --- */

/* Is called for each record of a person but the one that was asked for. 0: go on; 1: that is enough; -1: failed, e says
 * why. */
typedef int person_each(void *arg, const struct id *record, struct error *e);
/* Walks along the links from a client to the other records of the person, the nearest first, through at most `most`
 * records (the client itself is one of them), whether or not they are in the store. The same links always give the same
 * order. Its cost grows with what is walked through, not with the links in the store. */
int person_near(struct db *db, const struct id *client, person_each *each, void *arg, size_t most, struct error *e);

struct person_record {
    struct id id;
    int voided;
    int absent; /* not in this store: not dealt to it, or gone from it */
};
struct person {
    size_t count;                                 /* at least 1: the client itself is always in it */
    struct person_record all[PERSON_RECORDS_MAX]; /* in the order of their ids */
    int more;                                     /* 1: there are more; these are the first. 0: these are all */
};
/* Lists the records of a client's person. The client need not be in the store. */
int person_same(struct db *db, const struct id *client, struct person *out, struct error *e);

/* --- linking, and taking it back, as edits --- */

/* The edits to write: the caller commits all of them in one transaction, or frees each with edit_free. */
struct person_edits {
    size_t count;
    struct edit edits[2];
};

/* Each of these makes the edits that say, or take back, that two clients are one person or two people. On failure *out
 * is empty. Errors of all: E_NOT_FOUND (a record is not in this store), E_REFUSED, with what to do (a record is no
 * client; both are one record; an element to remove is in a voided record). person_link and person_part also refuse
 * voided records (E_REFUSED).
 *
 * person_link: they are one person. If the two are marked as different, that mark is removed; if other records of the
 * two persons are marked as different, E_REFUSED. If they are linked already, there is no edit.
 * person_unlink: removes the element that links the two, in whichever record it is. E_NOT_FOUND: there is none; if they
 * are one person through another record only, the text names that.
 * person_part: they look alike and are two people. E_REFUSED: they are linked. If they are marked already, there is no
 * edit.
 * person_unpart: removes that mark. E_NOT_FOUND: there is none. */
int person_link(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
int person_unlink(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
int person_part(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
int person_unpart(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);

#endif
