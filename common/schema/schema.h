/* What a record is: kinds, fields, types and merge policies, in one table (schema_table.c). The SQL tables of the
 * projection, the checks of values, the help of `satchel help KIND` and docs/SCHEMA.md (`satchel help schema`) are made
 * from it. Numbers stand in the log for ever: they are never changed and never used again. In this header e may be
 * NULL, and nothing that is returned is freed by the caller, unless it says so. */
#ifndef SATCHEL_SCHEMA_H
#define SATCHEL_SCHEMA_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "pack.h"

enum schema_policy {
    SCHEMA_LATEST,
    SCHEMA_HIGHEST,
    SCHEMA_REVIEW,
    SCHEMA_STATUS, /* as review, and a change names the status that it starts from: docs/MERGE.md */
    SCHEMA_SET,
    SCHEMA_SUM,
    SCHEMA_TEXTUAL,
    SCHEMA_ONCE
};

enum schema_type {
    SCHEMA_TEXT,    /* str */
    SCHEMA_CHOICE,  /* uint: a code of the field's choices */
    SCHEMA_DATE,    /* str, YYYY-MM-DD */
    SCHEMA_TIME,    /* str, YYYY-MM-DDThh:mm:ssZ, in UTC; or YYYY-MM-DD, a day of which the hour is not known */
    SCHEMA_INTEGER, /* int */
    SCHEMA_MONEY,   /* int, hundredths of the office's currency */
    SCHEMA_FLAG,    /* bool */
    SCHEMA_REF,     /* bin 16: a record of kind `ref` */
    SCHEMA_BYTES,   /* bin */
    SCHEMA_DOTS     /* array of dots: what an author saw */
};

/* Where a kind's records stand: the `scope` of their changes. */
enum schema_place {
    SCHEMA_OFFICE, /* office-wide: the scope is zero */
    SCHEMA_CLIENT, /* a person: the scope is the record itself */
    SCHEMA_CASE    /* in a case: the scope is the case */
};

struct schema_choice {
    unsigned code;
    const char *name;
};

struct schema_field {
    unsigned number;
    enum schema_type type;
    const char *name;
    enum schema_policy policy;
    unsigned ref;                        /* the kind that a SCHEMA_REF points to */
    const struct schema_choice *choices; /* in rising rank, ended by a NULL name; NULL unless SCHEMA_CHOICE */
    const char *help;
    int since; /* the first version of the table that has it; 0: every one that was ever used */
};

/* What a policy means to whoever stores, writes or shows a field. What it picks from the live ops is merge.c's. */
struct schema_traits {
    const char *name; /* in documents and help */
    int is_list;      /* several values are shown, in a JSON array; else one */
    int has_elements; /* it is written by adding and removing elements, not by setting */
    int adds_up;      /* it is written by adding numbers, not by setting; their sum is shown */
    int is_amended;   /* it is written once: a later op stands beside the first, and replaces nothing */
    int is_narrative; /* versions are brought together, by paragraphs and words */
    int looks_back;   /* what is shown may depend on dead ops too */
    int is_loud;      /* in a conflict a person must decide; else it is kept for review */
};

#define SCHEMA_TITLES 2
#define SCHEMA_COLUMNS 4

struct schema_kind {
    unsigned number;
    enum schema_place place;
    const char *name;
    int office_only; /* only the office's own chain may write it; schema_is_office_only */
    int dealt;       /* laptops get it; schema_is_dealt */
    const struct schema_field *fields;
    size_t field_count;
    const char *help;
    /* Names of fields. title: what a record is called by, the first of them that has a value; one that points to
     * another record stands for that record's title. columns: what its line in a list shows. NULL after the last. */
    const char *title[SCHEMA_TITLES], *columns[SCHEMA_COLUMNS];
    int since; /* as a field's */
};

enum schema_kind_number {
    KIND_OFFICE = 1,
    KIND_USER = 2,
    KIND_DEVICE = 3,
    KIND_TICKET = 4,
    KIND_ASSIGNMENT = 5,
    KIND_HOLD = 6,
    KIND_CLIENT = 7,
    KIND_CASE = 8,
    KIND_CONTACT = 9,
    KIND_NOTE = 10,
    KIND_SERVICE = 11,
    KIND_PLAN = 12,
    KIND_PROVIDER = 13,
    KIND_RECEIPT = 14,
    KIND_EVENT = 15,
    KIND_ERASURE = 1000,
    KIND_IMPORT = 1001,
    KIND_FORK = 3000
};

/* Fields that every kind has. */
#define FIELD_VOID 1
#define FIELD_SOURCE_ID 2
#define FIELD_SOURCE_HASH 3
#define FIELD_SEEN 4

#define SCHEMA_VALUE_MAX 65536 /* bytes of one value, encoded */
#define SCHEMA_TEXT_MAX 60000  /* bytes of a text */
#define SCHEMA_FORMAT_MAX (SCHEMA_VALUE_MAX * 2 + 1)

/* The table's version: it goes up with every change of the table. The office tells it in its welcome, and writes it
 * into its own record in the log (office.schema_version): from there on this version judges what laptops bring
 * (judge.h). */
int schema_version(void);
const struct schema_kind *schema_kinds(size_t *count);         /* all, by number */
const struct schema_kind *schema_kind(unsigned number);        /* NULL: unknown */
const struct schema_kind *schema_kind_named(const char *name); /* NULL: unknown */
/* What every version must know of a kind, also of one that is newer than it; the number tells (docs/SCHEMA.md,
 * "Numbers"). schema_is_dealt: 1: laptops get it; 0: they do not. schema_is_office_only: 1: only the office may write
 * it; 0: everybody may. */
int schema_is_dealt(unsigned kind);
int schema_is_office_only(unsigned kind);
/* 1: the words of a change of this kind can be erased: laptops get it, and everybody may write it. What the office
 * alone writes says what is in force, and what stores say of themselves is evidence: their words stay. 0: they cannot.
 */
int schema_is_erasable(unsigned kind);
/* 1: the value is one that closes the field's record: "closed" of a case, "completed" and "ended early" of a plan; 0:
 * it is not. A code that this version does not know closes nothing. */
int schema_closes(const struct schema_field *field, struct slice value);
/* A field of the kind, or one of those that every kind has. NULL: unknown. */
const struct schema_field *schema_field(const struct schema_kind *kind, unsigned number);
const struct schema_field *schema_field_named(const struct schema_kind *kind, const char *name);
const struct schema_traits *schema_traits(const struct schema_field *field);
/* 1: the field holds one value, which `set` writes; 0: it holds several, which add (and remove) write. */
int schema_holds_one(const struct schema_field *field);
const char *schema_type_name(enum schema_type type);

/* The rank of a code among the field's choices, from 0. A code that this version does not know ranks above all that it
 * knows, so that what cannot be read is never said to be the lesser risk. */
unsigned schema_rank(const struct schema_field *field, uint64_t code);

/* Checks a value. 0: it is a nil (cleared), or of the form that the field's type asks for. E_INPUT: it is not; the
 * sentence names kind and field and never quotes the value. */
int schema_check(const struct schema_kind *kind, const struct schema_field *field, struct slice value, struct error *e);

/* Turns a person's words into a value and appends it to w. An empty text gives nil. E_INPUT: the words are no such
 * value; the sentence says what would be right (it lists the choices). */
int schema_parse(const struct schema_kind *kind, const struct schema_field *field, const char *text, struct pack *w,
                 struct error *e);

/* Writes a value in words into out: out_max bytes with the final NUL; if it does not fit it is cut before a character.
 * A nil gives "", no bytes at all give "(erased)": the words of the change are gone (skeleton.h), a code that this
 * version does not know "newer than this program (6)". Returns out. */
char *schema_format(const struct schema_field *field, struct slice value, char *out, size_t out_max);

/* As schema_format, for a field that this version does not know: it goes by the value's own form. If a person cannot
 * read that form, it writes the value's size. */
char *schema_format_unknown(struct slice value, char *out, size_t out_max);

/* Makes the SQL that creates the projection's tables: one for each kind, one column for each field. The caller frees
 * *sql with free. E_MEMORY. */
int schema_sql(char **sql, struct error *e);

/* Goes up if record*.c comes to make its tables in another way, or to fill them in another way: every record is then
 * made again when a store is opened. */
#define SCHEMA_PROJECTION 3
/* Gives the BLAKE2b-256 of everything that the projection of a kind is made by: SCHEMA_PROJECTION, fields, types,
 * policies, choices and their order. */
void schema_print(const struct schema_kind *kind, uint8_t out[32]);

/* schema_document writes docs/SCHEMA.md, schema_help what `satchel help KIND` shows. */
void schema_document(FILE *out);
void schema_help(const struct schema_kind *kind, FILE *out);

#endif
