/* Whose a record is: the person and the case, in the words that people have for them. Both programs name them so in
 * each answer, so that a slip is seen at once. What is printed here goes to the person at the terminal; the journal of
 * the office's daemon never gets it. */
#ifndef SATCHEL_WHOSE_H
#define SATCHEL_WHOSE_H

#include <stdio.h>

#include "db.h"
#include "error.h"
#include "id.h"

#define WHOSE_NAME 256 /* bytes of a name, cut at a character */
#define WHOSE_NUMBER 64
#define WHOSE_BIRTH 16

struct whose {
    int has_person, has_case;
    int is_person; /* the record is the person's own */
    struct id person, scope;
    char name[WHOSE_NAME];   /* the legal name, else the preferred one; "": the person has none, or is not here */
    char died[WHOSE_BIRTH];  /* the day of the death, on this record or another of the same person; "": none is known */
    char birth[WHOSE_BIRTH]; /* "1984-05-31"; "": not known */
    char number[WHOSE_NUMBER]; /* the case's number, else its key in the system that it came from; "": it has none */
};

/* Finds the person and the case of a record: of a client, of a case, or of what stands in a case. What the store lacks
 * is "". Of a record of all the office has_person and has_case are 0. E_NOT_FOUND: there is no such record; else the
 * store's errors (db.h). */
int whose_find(struct db *db, const struct id *record, struct whose *out, struct error *e);

/* Prints "Ada Byron, case 2024-171"; of a person's own record "Ada Byron, born 1984-05-31"; "" if it is nobody's. The
 * day of a death stands first: "[died 2026-03-01] Ada Byron, case 2024-171". */
void whose_print(FILE *out, const struct whose *w);
/* The same with the birth date in every case, to tell two of one name apart. */
void whose_print_birth(FILE *out, const struct whose *w);

/* Prints "[died 2026-03-01] " if the client with this id, or the client of the case, has died; else nothing. It stands
 * before the name wherever a person's name is printed. */
void whose_died(FILE *out, struct db *db, const struct id *record);
/* Writes that day; "": none is known. */
void whose_day_of_death(struct db *db, const struct id *record, char out[WHOSE_BIRTH]);

/* Finds and prints. If that fails, prints the end of the id: what was written before is not undone by it. */
void whose_say(FILE *out, struct db *db, const struct id *record);

#endif
