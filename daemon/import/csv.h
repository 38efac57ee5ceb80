/* Reading CSV as in RFC 4180, one row at a time: quotes, doubled quotes, line ends inside quotes, CRLF or LF, a UTF-8
 * byte order mark. A row that cannot be read is reported and does not end the file. */
#ifndef SATCHEL_CSV_H
#define SATCHEL_CSV_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

#define CSV_COLUMNS_MAX 512
#define CSV_ROW_MAX 262144 /* bytes */

struct csv {
    FILE *file;
    uint64_t line;                 /* the line that the current row begins on, from 1 */
    uint64_t next_line;            /* the line that is read next */
    size_t count;                  /* fields of the current row */
    char *fields[CSV_COLUMNS_MAX]; /* NUL-ended, inside row; valid until the next csv_next */
    char *row;                     /* CSV_ROW_MAX bytes, of which `used` are the current row's */
    size_t used;
};

/* Opens a file. After an error there is nothing to close. E_IO, E_MEMORY. */
int csv_open(struct csv *c, const char *path, struct error *e);
void csv_close(struct csv *c);

enum csv_result { CSV_ROW, CSV_BAD, CSV_END };
/* Reads the next row that is not empty. CSV_BAD: the row cannot be read and *why, a constant, says why: it is too long,
 * has too many fields, a stray quote, an open quote at the end of the file, or is not UTF-8. The next call goes on with
 * the next line. */
enum csv_result csv_next(struct csv *c, const char **why);

#endif
