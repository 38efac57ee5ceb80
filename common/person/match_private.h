/* What the files of the matching share. Only match*.c include it. */
#ifndef SATCHEL_MATCH_PRIVATE_H
#define SATCHEL_MATCH_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "match.h"

enum {
    MATCH_PARTS_MAX = 8,       /* of a name; the rest is not compared */
    MATCH_PART_MAX = 24,       /* characters of a part; the rest is not compared */
    MATCH_VALUES_MAX = 6,      /* of a contested field; the rest is not compared */
    MATCH_IDENTIFIERS_MAX = 12 /* of a client */
};

/* --- match_name.c: one part of a name, and whole names --- */

struct match_part {
    uint8_t length;
    char sound[5];                   /* its Soundex; "": it has no letter from a to z */
    uint32_t letter[MATCH_PART_MAX]; /* folded */
};
struct match_name {
    const char *shown; /* as it is in the record */
    size_t count;
    struct match_part *parts;
};
/* Cuts a name (valid UTF-8) into folded parts, at most MATCH_PARTS_MAX. Returns how many there are. */
size_t match_name_cut(const char *text, struct match_part parts[MATCH_PARTS_MAX]);
/* One of MATCH_NAME_*. */
enum match_reason match_name_compare(const struct match_name *a, const struct match_name *b);

/* --- match_compare.c: two clients --- */

struct match_client {
    struct id id;
    const char *name; /* the first name that the record has; "": none */
    size_t name_count, birth_count, phone_count, email_count, address_count, identifier_count;
    struct match_name names[MATCH_VALUES_MAX];
    const char *births[MATCH_VALUES_MAX]; /* YYYY-MM-DD */
    /* Folded to letters and digits; of a telephone the last 9 digits. */
    const char *phones[MATCH_VALUES_MAX], *emails[MATCH_VALUES_MAX], *addresses[MATCH_VALUES_MAX];
    struct match_identifier {
        const char *shown, *folded; /* "SSN 999-49-3983": "ssn999493983" */
        size_t sort;                /* how many bytes of `folded` name the sort of number: here 3; 0: it has no sort */
    } identifiers[MATCH_IDENTIFIERS_MAX];
};

/* --- match_read.c: the clients of a store --- */

/* Everything that a result points to. */
struct match_memory {
    struct match_chunk *chunks;
    size_t count, room;
    struct match_client *clients; /* those that are not voided, sorted by id */
};
/* Reads all clients of the store. *out is freed with match_read_free, on failure too. E_MEMORY, or the store's errors
 * (db.h). */
int match_read(struct db *db, struct match_memory **out, struct error *e);
struct match_client *match_read_find(struct match_memory *m, const struct id *id); /* NULL: it is not among them */
void match_read_free(struct match_memory *m);

/* Fills *out: ids, names, class, score and evidence. Texts in it are those of the two clients. (match_compare.c) */
void match_compare(const struct match_client *a, const struct match_client *b, struct match_pair *out);

#endif
