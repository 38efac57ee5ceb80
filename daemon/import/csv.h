/* CSV as in RFC 4180, read as it comes: quotes, doubled quotes, line ends inside quotes, CRLF or LF, a UTF-8 byte order
 * mark. One row at a time; a row that is not as it should be is told apart from the end and does not end the file. */
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
    uint64_t line; /* where the current row begins, from 1 */
    uint64_t next_line;
    size_t count;                  /* fields of the current row */
    char *fields[CSV_COLUMNS_MAX]; /* NUL-ended, inside row */
    char *row;
    size_t used;
};

int csv_open(struct csv *c, const char *path, struct error *e); /* E_IO, E_MEMORY */
void csv_close(struct csv *c);

enum csv_result { CSV_ROW, CSV_BAD, CSV_END };
/* The next row that is not empty. CSV_BAD: *why says why (a constant): too long, too many fields, a stray quote, an
 * open quote at the end, not UTF-8. The next call goes on with the next line. */
enum csv_result csv_next(struct csv *c, const char **why);

#endif
