/* Who is the same person: two laptops take down one person, so there are two client records. A person links them (an
 * element of client.same_as) and takes that back (the element is removed); nothing is merged by itself, and no other
 * field of either record ever changes by it. docs/DUPLICATES.md.
 *
 * The records of one person are those that live links join, in either direction and over any number of steps. A link to
 * itself, or to what is no client, is ignored. Voided records count, and so do those that are not in this store: they
 * are told as such.
 *
 * What takes an error fails with E_MEMORY, with the store's errors (db.h), and with what else it names. */
#ifndef SATCHEL_PERSON_H
#define SATCHEL_PERSON_H

#include <stddef.h>

#include "db.h"
#include "edit.h"
#include "error.h"
#include "id.h"

#define PERSON_RECORDS_MAX 64 /* records of one person that are told */

/* --- the whole store --- */

/* What one record says of another: element `b` of a set of record `a`. */
struct person_pair {
    struct id a, b;
};
enum person_field { PERSON_SAME_AS, PERSON_DIFFERENT_FROM };
/* All live elements, sorted by a and b, whatever they name but the record itself. *pairs is freed with free. */
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
/* Costs what the links of the store are, not its clients. Freed with person_map_free, on failure too. */
int person_map_load(struct db *db, struct person_map *map, struct error *e);
void person_map_free(struct person_map *map);
/* Where a record is in map->ids; SIZE_MAX: it is linked to nothing. */
size_t person_map_find(const struct person_map *map, const struct id *client);
/* The first of the person's records: the same for all of them. The record itself where it is linked to nothing. */
struct id person_map_first(const struct person_map *map, const struct id *client);
/* Not 0 where two records are one person's (or one record). */
int person_map_same(const struct person_map *map, const struct id *a, const struct id *b);
/* The record next to a on a shortest way over links to b: b itself where they are linked directly. 1; 0: they are not
 * one person's; -1: no memory (e). */
int person_map_next(const struct person_map *map, const struct id *a, const struct id *b, struct id *next,
                    struct error *e);

/* --- one person --- */

struct person_record {
    struct id id;
    int voided;
    int absent; /* not in this store: not dealt to it, or gone from it */
};
struct person {
    size_t count;                                 /* at least 1: the client itself is always among them */
    struct person_record all[PERSON_RECORDS_MAX]; /* in the order of their ids */
    int more;                                     /* not 0: there are more; these are the first */
};
/* The client need not be in the store. */
int person_same(struct db *db, const struct id *client, struct person *out, struct error *e);

/* --- linking and its undoing, as edits --- */

/* What is to be written: the caller commits each, or frees it with edit_free, in one transaction. */
struct person_edits {
    size_t count;
    struct edit edits[2];
};

/* Each refuses (E_REFUSED, with what to do) what are not two different clients that are here.
 *
 * link: they are one person. What marks the two as different is taken out; such a mark between other records of theirs
 * is refused. No edit where they are linked already. A voided record is refused. unlink: takes out what links the two,
 * in whichever record it stands. E_NOT_FOUND where nothing does; where only another record joins them, the sentence
 * names it. part: they look alike and are two people. Refused while they are linked. No edit where that is marked
 * already. unpart: takes that mark back; E_NOT_FOUND where there is none. */
int person_link(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
int person_unlink(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
int person_part(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);
int person_unpart(struct db *db, const struct id *a, const struct id *b, struct person_edits *out, struct error *e);

#endif
