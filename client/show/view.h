/* How records look to a person: short ids, names, values, columns. Shared by the record commands. */
#ifndef SATCHEL_VIEW_H
#define SATCHEL_VIEW_H

#include <stddef.h>
#include <stdio.h>

#include "cli.h"
#include "db.h"
#include "error.h"
#include "record.h"
#include "schema.h"

#define VIEW_ID ID_BRIEF
#define VIEW_NAME 256 /* a name, cut at a character */

/* The text of an id that a column holds as bytes, in SQL. */
#define VIEW_ID_SQL(column)                                                                                            \
    "lower(hex(substr(" column ", 1, 4)) || '-' || hex(substr(" column ", 5, 2)) || '-' || hex(substr(" column         \
    ", 7, 2)) || '-' || hex(substr(" column ", 9, 2)) || '-' || hex(substr(" column ", 11, 6)))"

/* Room for any value in words. */
struct view {
    struct db *db;
    struct cli *cli;
    char *room; /* SCHEMA_FORMAT_MAX bytes, wiped by view_close */
};
int view_open(struct view *v, struct db *db, struct cli *cli, struct error *e);
void view_close(struct view *v);

/* The last 8 characters of an id: store_find takes them. */
void view_id(const struct id *id, char out[VIEW_ID]);

/* 1: the office has not dealt all of this scope yet (or it is to be dealt anew); 0: it is whole, or made here; -1. */
int view_is_arriving(struct db *db, const struct id *scope, struct error *e);
/* 1: the office holds back a change that was written here of this record, so it is not shown; 0: none; -1. */
int view_is_held_back(struct db *db, const struct id *record, struct error *e);

/* What people call a record: a client's name, the client's name for a case, the name of a user, a provider, a contact,
 * the title of a plan; "" where it has none or is not here. */
void view_name(struct db *db, const struct id *record, char out[VIEW_NAME]);
/* The name of the user, else the id. */
void view_author(struct db *db, const struct id *user, char out[VIEW_NAME]);

/* A value in words, in v->room: a reference with the name of what it points to and its short id, a time without T and
 * Z, "(cleared)" for nil. */
const char *view_value(struct view *v, const struct schema_field *field, struct slice value);

/* On one line: newlines and tabs become spaces; at most max characters (0: all), the last of them "...". */
void view_line(FILE *out, const char *text, size_t max);
/* On one line, filled up to width characters; what is longer stays, or is cut. */
void view_cell(FILE *out, const char *text, size_t width, int cut);
/* As it is; lines after the first begin with indent spaces. No newline at the end. */
void view_block(FILE *out, const char *text, int indent);

/* "name": "text" and a value as JSON has it: numbers, true, false, null, else a string. No comma. */
void view_json_pair(FILE *out, const char *name, const char *text);
void view_json_id(FILE *out, const char *name, const struct id *id);
void view_json_value(struct view *v, const struct schema_kind *kind, const struct schema_field *field,
                     struct slice value);

/* The live ops of a contested field, numbered as `satchel resolve` takes them: words lines with an indent, or a JSON
 * array. */
void view_ops(struct view *v, const struct schema_kind *kind, const struct schema_field *field,
              const struct record_field *f, int indent);

/* A text of several versions that were brought together (f->merged, client/show/view_merged.c): it as a whole, its
 * overlaps marked; then, a line each, who wrote what in place of what; the same as a JSON object. */
void view_merged(struct view *v, const struct record_field *f, int indent);
void view_merged_who(struct view *v, const struct record_field *f, int indent);
void view_merged_json(struct view *v, const struct record_field *f);

#endif
