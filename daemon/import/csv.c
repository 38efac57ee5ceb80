/* A reader of CSV that holds one row in memory. */
#include "csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "letters.h"

int csv_open(struct csv *c, const char *path, const char *encoding, struct error *e)
{
    int code;
    memset(c, 0, sizeof *c);
    c->next_line = 1;
    if ((c->row = malloc(CSV_ROW_MAX)) == NULL || (c->fields = malloc(CSV_COLUMNS_MAX * sizeof *c->fields)) == NULL)
        code = error_memory(e);
    else
        code = letters_open(path, encoding, &c->letters, e);
    if (code != 0)
        csv_close(c);
    return code;
}

void csv_close(struct csv *c)
{
    letters_close(c->letters);
    free(c->fields);
    free(c->row);
    memset(c, 0, sizeof *c);
}

int csv_check(const struct csv *c, struct error *e)
{
    return letters_check(c->letters, e);
}

/* Gives a row up: reads to the end of the line. last: the character that was read last. */
static enum csv_result skip_line(struct csv *c, int last)
{
    int ch = last;
    while (ch != '\n' && ch != EOF)
        ch = letters_next(c->letters);
    c->last_line = c->next_line;
    if (ch == '\n')
        c->next_line++;
    return CSV_BAD;
}

/* Gives the file up from c->line on. */
static enum csv_result lose(struct csv *c, int last)
{
    int ch = last, before = 0;
    /* A line end that was read last is counted, and begins no line if it is the file's last character. */
    if (last == EOF && c->used != 0 && c->row[c->used - 1] == '\n')
        c->next_line--;
    while (ch != EOF && (ch = letters_next(c->letters)) != EOF) {
        if (before == '\n')
            c->next_line++;
        before = ch;
    }
    c->last_line = c->next_line;
    return CSV_LOST;
}

/* 0: the row is full. */
static int put_char(struct csv *c, int ch)
{
    if (c->used + 1 >= CSV_ROW_MAX)
        return 0;
    c->row[c->used++] = (char)ch;
    return 1;
}

enum { TOO_LONG = -2, STRAY_QUOTE = -3, OPEN_QUOTE = -4, HAS_NUL = -5 }; /* EOF is -1 */

/* Reads the rest of a field that a quote has begun. As read_field. */
static int read_quoted(struct csv *c, int *last)
{
    int ch;
    for (;;) {
        ch = *last = letters_next(c->letters);
        if (ch == EOF)
            return OPEN_QUOTE;
        if (ch == '"' && (ch = *last = letters_next(c->letters)) != '"')
            break;
        if (ch == 0)
            return HAS_NUL;
        if (ch == '\n')
            c->next_line++;
        if (!put_char(c, ch))
            return TOO_LONG;
    }
    if (ch == '\r')
        ch = *last = letters_next(c->letters);
    return ch == ',' || ch == '\n' || ch == EOF ? ch : STRAY_QUOTE;
}

/* Reads one field, up to the comma, line end or EOF behind it, which is returned; or one of the above. *last: the
 * character that was read last. */
static int read_field(struct csv *c, int *last)
{
    int ch = *last = letters_next(c->letters);
    if (ch == '"')
        return read_quoted(c, last);
    for (; ch != ',' && ch != '\n' && ch != EOF; ch = *last = letters_next(c->letters)) {
        if (ch == '"')
            return STRAY_QUOTE;
        if (ch == 0)
            return HAS_NUL;
        if (!put_char(c, ch))
            return TOO_LONG;
    }
    if (ch != ',' && c->used != 0 && c->row[c->used - 1] == '\r' && c->fields[c->count] != c->row + c->used)
        c->used--;
    return ch;
}

/* Ends a row that cannot be read. A quote that is not closed takes the rows behind it with it, as far as the next one
 * stands, and from there on nobody knows what is within quotes and what is not: so if such a row is longer than a line,
 * the file ends there. */
static enum csv_result give_up(struct csv *c, int what, int last, const char **why)
{
    static const char *const words[] = {[-TOO_LONG] = "the row is too long",
                                        [-STRAY_QUOTE] = "a quote stands where none may stand",
                                        [-OPEN_QUOTE] = "a quote is not closed",
                                        [-HAS_NUL] = "it holds a NUL byte"};
    *why = words[-what];
    if (what == OPEN_QUOTE || c->next_line != c->line) {
        *why = "a quote is not closed, or stands where none may stand, and nothing behind it can be read";
        return lose(c, last);
    }
    return skip_line(c, last);
}

/* Reads one row, which may be empty. */
static enum csv_result read_line(struct csv *c, const char **why)
{
    int ch, last = 0;
    c->count = 0;
    c->used = 0;
    c->line = c->next_line;
    do {
        if (c->count == CSV_COLUMNS_MAX) {
            *why = "it has too many columns";
            return skip_line(c, last);
        }
        c->fields[c->count] = c->row + c->used;
        if ((ch = read_field(c, &last)) < EOF)
            return give_up(c, ch, last, why);
        if (c->used == CSV_ROW_MAX) /* there is no room for the NUL of an empty field behind a full row */
            return give_up(c, TOO_LONG, last, why);
        c->row[c->used++] = 0;
        c->count++;
    } while (ch == ',');
    c->is_over = ch == EOF;
    c->last_line = c->next_line;
    if (ch == '\n')
        c->next_line++;
    return CSV_ROW;
}

enum csv_result csv_next(struct csv *c, const char **why)
{
    while (!c->is_over) {
        enum csv_result r = read_line(c, why);
        c->is_over |= r == CSV_LOST;
        if (r != CSV_ROW || c->count != 1 || c->fields[0][0] != 0)
            return r;
    }
    return CSV_END;
}
