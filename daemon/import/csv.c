/* A reader of CSV that holds one row in memory. */
#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack.h"

/* Opens a regular file. Anything else could keep the daemon waiting for ever, as a pipe that nobody writes to does. */
static int open_file(const char *path, FILE **out, struct error *e)
{
    struct stat status;
    int code = 0, fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    *out = NULL;
    if (fd < 0 || fstat(fd, &status) != 0)
        code = error_system(e, E_IO, errno, "%s cannot be read", path);
    else if (!S_ISREG(status.st_mode))
        code = error_set(e, E_INPUT, "%s is no file; only regular files are imported", path);
    else if ((*out = fdopen(fd, "rb")) == NULL)
        code = error_system(e, E_IO, errno, "%s cannot be read", path);
    if (code != 0 && fd >= 0)
        (void)close(fd);
    return code;
}

int csv_open(struct csv *c, const char *path, struct error *e)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
    int code;
    memset(c, 0, sizeof *c);
    if ((c->row = malloc(CSV_ROW_MAX)) == NULL)
        return error_set(e, E_MEMORY, "there is no memory left to read %s", path);
    if ((code = open_file(path, &c->file, e)) != 0) {
        csv_close(c);
        return code;
    }
    c->next_line = 1;
    /* A byte order mark does not belong to the first column's name. */
    for (size_t i = 0; i < sizeof mark; i++) {
        if (getc(c->file) != mark[i]) {
            rewind(c->file);
            break;
        }
    }
    return 0;
}

void csv_close(struct csv *c)
{
    if (c->file != NULL)
        (void)fclose(c->file);
    free(c->row);
    memset(c, 0, sizeof *c);
}

/* Gives a row up: reads to the end of the line. last: the character that was read last. */
static enum csv_result skip_line(struct csv *c, int last, const char **why, const char *reason)
{
    int ch = last;
    while (ch != '\n' && ch != EOF)
        ch = getc(c->file);
    if (ch == '\n')
        c->next_line++;
    *why = reason;
    return CSV_BAD;
}

/* 0: the row is full. */
static int put_char(struct csv *c, int ch)
{
    if (c->used + 1 >= CSV_ROW_MAX)
        return 0;
    c->row[c->used++] = (char)ch;
    return 1;
}

enum { TOO_LONG = -2, STRAY_QUOTE = -3, OPEN_QUOTE = -4 }; /* EOF is -1 */

/* Reads one field, up to the comma, line end or EOF behind it, which is returned; or one of the above. */
static int read_field(struct csv *c)
{
    int ch = getc(c->file);
    if (ch == '"') {
        for (;;) {
            ch = getc(c->file);
            if (ch == EOF)
                return OPEN_QUOTE;
            if (ch == '"' && (ch = getc(c->file)) != '"')
                break;
            if (ch == '\n')
                c->next_line++;
            if (!put_char(c, ch))
                return TOO_LONG;
        }
        if (ch == '\r')
            ch = getc(c->file);
        return ch == ',' || ch == '\n' || ch == EOF ? ch : STRAY_QUOTE;
    }
    for (; ch != ',' && ch != '\n' && ch != EOF; ch = getc(c->file)) {
        if (ch == '"')
            return STRAY_QUOTE;
        if (!put_char(c, ch))
            return TOO_LONG;
    }
    if (ch != ',' && c->used != 0 && c->row[c->used - 1] == '\r' && c->fields[c->count] != c->row + c->used)
        c->used--;
    return ch;
}

/* Reads one row, which may be empty. *end 1: the file ended with it. */
static enum csv_result read_line(struct csv *c, const char **why, int *end)
{
    int ch;
    c->count = 0;
    c->used = 0;
    c->line = c->next_line;
    do {
        if (c->count == CSV_COLUMNS_MAX)
            return skip_line(c, 0, why, "too many columns");
        c->fields[c->count] = c->row + c->used;
        ch = read_field(c);
        if (ch == TOO_LONG)
            return skip_line(c, 0, why, "the row is too long");
        if (ch == STRAY_QUOTE)
            return skip_line(c, 0, why, "a quote stands where none may stand");
        if (ch == OPEN_QUOTE) {
            *why = "the file ends within quotes";
            return CSV_BAD;
        }
        if (c->used == CSV_ROW_MAX) /* there is no room for the NUL of an empty field behind a full row */
            return skip_line(c, ch, why, "the row is too long");
        c->row[c->used++] = 0;
        c->count++;
    } while (ch == ',');
    *end = ch == EOF;
    if (ch == '\n')
        c->next_line++;
    return CSV_ROW;
}

enum csv_result csv_next(struct csv *c, const char **why)
{
    for (;;) {
        int end = 0;
        enum csv_result r = read_line(c, why, &end);
        if (r == CSV_BAD)
            return CSV_BAD;
        if (c->count == 1 && c->fields[0][0] == 0) {
            if (end)
                return CSV_END;
            continue; /* an empty line */
        }
        for (size_t i = 0; i < c->count; i++) {
            size_t size = (size_t)((i + 1 < c->count ? c->fields[i + 1] : c->row + c->used) - c->fields[i]) - 1;
            if (!pack_is_utf8((const uint8_t *)c->fields[i], size)) {
                *why = "not UTF-8, or with a NUL byte";
                return CSV_BAD;
            }
        }
        return CSV_ROW;
    }
}
