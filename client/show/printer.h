/* How records look to a person: short ids, names, values, columns. All commands that print records use it. Texts that
 * come from a record are printed so that nothing in them can drive the terminal. */
#ifndef SATCHEL_PRINTER_H
#define SATCHEL_PRINTER_H

#include <stddef.h>
#include <stdio.h>

#include "cli.h"
#include "db.h"
#include "error.h"
#include "json.h"
#include "moment.h"
#include "record.h"
#include "schema.h"
#include "seen.h"

#define PRINTER_ID ID_BRIEF
#define PRINTER_NAME 256 /* a name, cut at a character */

/* What the functions here, and all who print records, need. */
struct printer {
    struct db *db;
    struct cli *cli;
    char *room;        /* SCHEMA_FORMAT_MAX bytes, wiped by printer_close */
    struct json json;  /* on cli->out, for what is printed with cli->json */
    uint64_t now_ms;   /* the latest time at which what waits here can have been written (skew_now) */
    struct seen *seen; /* hears which ops are printed; NULL: nobody does. Set by the caller after printer_open */
};
/* Begins; db and cli are borrowed. E_MEMORY. The caller ends with printer_close, on failure too. */
int printer_open(struct printer *v, struct db *db, struct cli *cli, struct error *e);
void printer_close(struct printer *v);

/* Writes the last 8 characters of an id, which find.h takes. */
void printer_id(const struct id *id, char out[PRINTER_ID]);

/* 1: the office has not dealt all of this scope yet, or is to deal it anew; 0: it is whole, or made here; -1: failed, e
 * says why. */
int printer_is_arriving(struct db *db, const struct id *scope, struct error *e);
/* 1: the office holds back a change that was written here of this record, so it is not shown; 0: none;
 * -1: failed, e says why. */
int printer_is_held_back(struct db *db, const struct id *record, struct error *e);

/* Writes what people call a record: a client's name, the client's name for a case, the name of a user, a provider, a
 * contact, the title of a plan; "" if the record has none or is not here. */
void printer_name(struct db *db, const struct id *record, char out[PRINTER_NAME]);
/* Writes the name of the user; if there is none, the id. */
void printer_author(struct db *db, const struct id *user, char out[PRINTER_NAME]);

/* Writes a value in words into v->room, and returns that: a reference as the name of its record and the short id, a
 * time in local time, without T and Z, "(cleared)" for nil. The next call that writes there ends it. */
const char *printer_value(struct printer *v, const struct schema_field *field, struct slice value);

/* What lives on a field was printed, or that nothing does: v->seen hears of all its ops. */
void printer_saw(struct printer *v, const struct record_field *f);

/* Prints on one line: newlines and tabs become spaces; at most max characters (0: all), the last of them "...". */
void printer_line(FILE *out, const char *text, size_t max);
/* Prints on one line, filled up to width characters; a longer text is cut (cut 1), or printed whole. */
void printer_cell(FILE *out, const char *text, size_t width, int cut);
/* Prints a text as it is; lines after the first begin with indent spaces. No newline at the end. */
void printer_block(FILE *out, const char *text, int indent);

/* Writes on v->json a value (schema_json.h); the members "author" and "author_id" of the object that is open. */
void printer_json_value(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                        struct slice value);
void printer_json_author(struct printer *v, const struct id *author);
/* Writes when an op, or a change that the office received then (0: not yet), was written, marked if the clock was wrong
 * (moment_written). */
void printer_written(const struct printer *v, const struct record_op *op, char out[MOMENT_WRITTEN]);
void printer_written_change(const struct printer *v, const struct change *c, uint64_t received_ms,
                            char out[MOMENT_WRITTEN]);
/* 1: a change with this stamp, wall clock and receipt was written under a wrong clock (clock_off); 0: it was not. */
int printer_is_off(const struct printer *v, uint64_t hlc, uint64_t wall_ms, uint64_t received_ms);

/* Writes the members author, author_id, wall_ms, received_ms and wrong_clock of an op. */
void printer_json_op(struct printer *v, const struct record_op *op);

/* Prints the live ops of a contested field, numbered as `satchel resolve` takes them: lines of words with an indent, or
 * with v->cli->json an array. */
void printer_ops(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                 const struct record_field *f, int indent);

/* Prints a text that was merged from several versions (f->merged, printer_merged.c): the whole, with its overlaps
 * marked; who wrote what in place of what, a line each; both as a JSON object. */
void printer_merged(struct printer *v, const struct record_field *f, int indent);
void printer_merged_who(struct printer *v, const struct record_field *f, int indent);
void printer_merged_json(struct printer *v, const struct record_field *f);

#endif
