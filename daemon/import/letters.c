/* Turns a file's encoding into UTF-8 with iconv, block by block. */
#include "letters.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utf8.h"

enum { BLOCK = 65536, NONE = -1 };

struct letters {
    FILE *file;
    long start;      /* of the text in the file, behind a mark */
    int is_utf8;     /* the file's bytes are the text */
    iconv_t convert; /* if it is not */
    int is_over, failed;
    uint64_t line; /* the line that was read last, from 1 */
    size_t raw, at, size;
    char bytes[BLOCK];        /* `raw` of them are read and not converted yet */
    char text[4 * BLOCK + 1]; /* converted: at..size is still to be given out */
};

/* --- the file --- */

int letters_regular(const char *path, FILE **out, struct error *e)
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

/* Fills l->bytes up. 0: there is nothing more. */
static size_t read_block(struct letters *l)
{
    size_t got = fread(l->bytes + l->raw, 1, sizeof l->bytes - l->raw, l->file);
    l->raw += got;
    l->failed |= ferror(l->file) != 0;
    return got;
}

/* --- converting --- */

/* Moves what is whole of l->bytes into l->text. -1: the bytes are no text. */
static int convert_utf8(struct letters *l)
{
    size_t used = 0, bytes;
    while (used < l->raw) {
        if (l->bytes[used] == 0) /* the reader of rows tells of it, with its line */
            bytes = 1;
        else if ((bytes = utf8_character(l->bytes + used, l->raw - used)) == 0)
            break;
        used += bytes;
    }
    memcpy(l->text, l->bytes, used);
    l->size = used;
    memmove(l->bytes, l->bytes + used, l->raw - used);
    l->raw -= used;
    return l->raw >= 4 || (l->raw != 0 && feof(l->file)) ? -1 : 0;
}

static int convert_other(struct letters *l)
{
    char *in = l->bytes, *out = l->text;
    size_t left = l->raw, room = sizeof l->text;
    size_t done = iconv(l->convert, &in, &left, &out, &room);
    int number = errno;
    l->size = (size_t)(out - l->text);
    memmove(l->bytes, in, left);
    l->raw = left;
    return done == (size_t)-1 && (number != EINVAL || feof(l->file)) ? -1 : 0;
}

/* Fills l->text. 0: there is text; EOF: there is none; -2: the next bytes are no text. */
static int fill(struct letters *l)
{
    enum { NO_TEXT = -2 };
    int bad;
    l->at = l->size = 0;
    do {
        size_t got = read_block(l);
        if (got == 0 && l->raw == 0)
            return EOF;
        bad = l->is_utf8 ? convert_utf8(l) : convert_other(l);
    } while (bad == 0 && l->size == 0);
    return l->size != 0 ? 0 : NO_TEXT;
}

int letters_next(struct letters *l)
{
    if (l->is_over)
        return EOF;
    if (l->at == l->size && fill(l) != 0) {
        l->failed |= l->raw != 0; /* it was text when it was opened */
        l->is_over = 1;
        return EOF;
    }
    return (unsigned char)l->text[l->at++];
}

int letters_check(const struct letters *l, struct error *e)
{
    return l->failed ? error_set(e, E_IO, "a file could not be read to its end, or was changed while it was read") : 0;
}

/* --- which encoding --- */

static int rewind_file(struct letters *l)
{
    l->raw = l->at = l->size = 0;
    l->is_over = 0;
    if (!l->is_utf8)
        (void)iconv(l->convert, NULL, NULL, NULL, NULL);
    return fseek(l->file, l->start, SEEK_SET);
}

/* Reads the whole file. 0: all of it is text of this encoding; NONE: it is not, and *line shows it first. */
static int try(struct letters *l, uint64_t *line)
{
    int code;
    *line = 1;
    if (rewind_file(l) != 0)
        l->failed = 1;
    while ((code = fill(l)) == 0)
        for (const char *p = l->text; (p = memchr(p, '\n', (size_t)(l->text + l->size - p))) != NULL; p++)
            ++*line;
    return code == EOF ? 0 : NONE;
}

static int use(struct letters *l, const char *encoding, struct error *e)
{
    iconv_t convert = iconv_open("UTF-8", encoding);
    if (convert == (iconv_t)-1)
        return error_set(e, E_INPUT,
                         "--encoding: this system knows no encoding \"%s\"; `iconv -l` lists those it knows", encoding);
    l->convert = convert;
    l->is_utf8 = 0;
    return 0;
}

/* Looks for a byte order mark. */
static int read_mark(struct letters *l, struct error *e)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *encoding; /* NULL: UTF-8 */
    } marks[] = {{"\xef\xbb\xbf", 3, NULL}, {"\xff\xfe", 2, "UTF-16LE"}, {"\xfe\xff", 2, "UTF-16BE"}};
    char first[3] = "";
    size_t got = fread(first, 1, sizeof first, l->file);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (got >= marks[i].size && memcmp(first, marks[i].bytes, marks[i].size) == 0) {
            l->start = (long)marks[i].size;
            return marks[i].encoding == NULL ? 0 : use(l, marks[i].encoding, e);
        }
    return 0;
}

static int find_encoding(struct letters *l, const char *path, const char *encoding, struct error *e)
{
    uint64_t line, first;
    int code = read_mark(l, e);
    if (code != 0 || try(l, &line) == 0)
        return code;
    if (l->start != 0)
        return error_set(e, E_INPUT,
                         "%s, line %llu: this is no text as the mark at the file's beginning says; export it "
                         "again",
                         path, (unsigned long long)line);
    if (encoding == NULL)
        return error_set(e, E_INPUT,
                         "%s, line %llu: this is no UTF-8; if the export comes from Windows, say --encoding "
                         "windows-1252, and look at a name with an accent before you keep it (--dry-run)",
                         path, (unsigned long long)line);
    first = line;
    if ((code = use(l, encoding, e)) != 0 || try(l, &line) == 0)
        return code;
    return error_set(e, E_INPUT, "%s: this is neither UTF-8 (line %llu) nor %s (line %llu)", path,
                     (unsigned long long)first, encoding, (unsigned long long)line);
}

int letters_open(const char *path, const char *encoding, struct letters **out, struct error *e)
{
    struct letters *l = malloc(sizeof *l);
    int code;
    *out = NULL;
    if (l == NULL)
        return error_memory(e);
    l->is_utf8 = 1;
    l->failed = 0;
    l->start = 0;
    if ((code = letters_regular(path, &l->file, e)) == 0 && (code = find_encoding(l, path, encoding, e)) == 0 &&
        (rewind_file(l) != 0 || l->failed))
        code = error_set(e, E_IO, "%s cannot be read", path);
    if (code != 0) {
        letters_close(l);
        return code;
    }
    *out = l;
    return 0;
}

void letters_close(struct letters *l)
{
    if (l == NULL)
        return;
    if (!l->is_utf8)
        (void)iconv_close(l->convert);
    if (l->file != NULL)
        (void)fclose(l->file);
    free(l);
}
