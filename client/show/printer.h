/* How records look to a person: short ids, names, values, columns. Shared by the record commands. */
#ifndef SATCHEL_PRINTER_H
#define SATCHEL_PRINTER_H

#include <stddef.h>
#include <stdio.h>

#include "cli.h"
#include "db.h"
#include "error.h"
#include "json.h"
#include "record.h"
#include "schema.h"

#define PRINTER_ID ID_BRIEF
#define PRINTER_NAME 256 /* a name, cut at a character */

/* Room for any value in words. */
struct printer {
    struct db *db;
    struct cli *cli;
    char *room;       /* SCHEMA_FORMAT_MAX bytes, wiped by printer_close */
    struct json json; /* on cli->out, for what is printed with cli->json */
};
int printer_open(struct printer *v, struct db *db, struct cli *cli, struct error *e);
void printer_close(struct printer *v);

/* The last 8 characters of an id: store_find takes them. */
void printer_id(const struct id *id, char out[PRINTER_ID]);

/* 1: the office has not dealt all of this scope yet (or it is to be dealt anew); 0: it is whole, or made here; -1:
 * failed, e says why. */
int printer_is_arriving(struct db *db, const struct id *scope, struct error *e);
/* 1: the office holds back a change that was written here of this record, so it is not shown; 0: none;
 * -1: failed, e says why. */
int printer_is_held_back(struct db *db, const struct id *record, struct error *e);

/* What people call a record: a client's name, the client's name for a case, the name of a user, a provider, a contact,
 * the title of a plan; "" if it has none or is not here. */
void printer_name(struct db *db, const struct id *record, char out[PRINTER_NAME]);
/* The name of the user, else the id. */
void printer_author(struct db *db, const struct id *user, char out[PRINTER_NAME]);

/* A value in words, in v->room: a reference with the name of what it points to and its short id, a time without T and
 * Z, "(cleared)" for nil. */
const char *printer_value(struct printer *v, const struct schema_field *field, struct slice value);

/* Prints on one line: newlines and tabs become spaces; at most max characters (0: all), the last of them "...". */
void printer_line(FILE *out, const char *text, size_t max);
/* Prints on one line, filled up to width characters; a longer text is cut (cut 1), or printed whole. */
void printer_cell(FILE *out, const char *text, size_t width, int cut);
/* Prints a text as it is; lines after the first begin with indent spaces. No newline at the end. */
void printer_block(FILE *out, const char *text, int indent);

/* On v->json: a value (schema_json.h), and the members "author" and "author_id" of the object that is open. */
void printer_json_value(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                        struct slice value);
void printer_json_author(struct printer *v, const struct id *author);
/* The members author, author_id, wall_ms and received_ms of one who wrote an op. */
void printer_json_op(struct printer *v, const struct record_op *op);

/* The live ops of a contested field, numbered as `satchel resolve` takes them: words lines with an indent, or a JSON
 * array. */
void printer_ops(struct printer *v, const struct schema_kind *kind, const struct schema_field *field,
                 const struct record_field *f, int indent);

/* Prints a text that was merged from several versions (f->merged, printer_merged.c): the whole, with its overlaps
 * marked; who wrote what in place of what, a line each; both as a JSON object. */
void printer_merged(struct printer *v, const struct record_field *f, int indent);
void printer_merged_who(struct printer *v, const struct record_field *f, int indent);
void printer_merged_json(struct printer *v, const struct record_field *f);

#endif
