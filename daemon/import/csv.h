/* Reading CSV as in RFC 4180, one row at a time: quotes, doubled quotes, line ends inside quotes, CRLF or LF. A file is
 * UTF-8, with or without a byte order mark; UTF-16 with its mark; or what the caller says that a file is which is
 * neither. A row that cannot be read is reported with its lines, and so is every line behind a quote that is not
 * closed.
 */
#ifndef SATCHEL_CSV_H
#define SATCHEL_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define CSV_COLUMNS_MAX 4096
#define CSV_ROW_MAX 1048576 /* bytes of UTF-8 */

struct csv {
    struct letters *letters;  /* of the file */
    uint64_t line, last_line; /* the lines that the current row stands on, from 1; of lost ones, the first and last */
    uint64_t next_line;       /* the line that is read next */
    size_t count;             /* fields of the current row */
    char **fields;            /* NUL-ended, inside row; valid until the next csv_next */
    char *row;                /* CSV_ROW_MAX bytes, of which `used` are the current row's */
    size_t used;
    int is_over;
};

/* Opens a file and reads it once to see whether all of it has letters of one encoding. encoding: what it is if it is
 * neither UTF-8 nor UTF-16 with its mark: a name as iconv(3) knows it, such as "windows-1252"; NULL: it must be one of
 * those. After an error there is nothing to close. E_INPUT: it is no regular file, is of another encoding (the sentence
 * names the first line that shows it and --encoding), or iconv does not know the encoding. E_IO, E_MEMORY. */
int csv_open(struct csv *c, const char *path, const char *encoding, struct error *e);
void csv_close(struct csv *c);

enum csv_result { CSV_ROW, CSV_BAD, CSV_LOST, CSV_END };
/* Reads the next row that is not empty.
 * CSV_BAD: the row cannot be read and *why, a constant, says why: it is too long, has too many fields, a stray quote,
 * or a NUL. The next call goes on with the next line. CSV_LOST: a quote that opens on c->line is not closed, or not
 * where a field ends, so no line from there to the end of the file (c->last_line) can be read; *why says so. The next
 * call returns CSV_END. */
enum csv_result csv_next(struct csv *c, const char **why);

/* After CSV_END or CSV_LOST: E_IO: the file could not be read to its end. */
int csv_check(const struct csv *c, struct error *e);

#endif
