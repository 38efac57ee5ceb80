/* Folds letters by Unicode's own tables (utf8proc): compatibility decomposition and case folding, without marks, and
 * with a few letters that have no decomposition as people write them on another keyboard. */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "utf8.h"

/* Letters without a base letter in ASCII, and apostrophes. */
static const struct {
    uint32_t letter;
    char words[3];
} written[] = {{'`', "'"},    {0xb4, "'"},   {0xd0, "d"},   {0xf0, "d"},   {0xc6, "ae"}, {0xe6, "ae"},  {0xd8, "o"},
               {0xf8, "o"},   {0xde, "th"},  {0xfe, "th"},  {0x110, "d"},  {0x111, "d"}, {0x126, "h"},  {0x127, "h"},
               {0x131, "i"},  {0x13f, "l"},  {0x140, "l"},  {0x141, "l"},  {0x142, "l"}, {0x149, "n"},  {0x14a, "n"},
               {0x14b, "n"},  {0x152, "oe"}, {0x153, "oe"}, {0x166, "t"},  {0x167, "t"}, {0x2018, "'"}, {0x2019, "'"},
               {0x201b, "'"}, {0x2bb, "'"},  {0x2bc, "'"},  {0x2032, "'"}, {0xff07, "'"}};

/* Marks that a word reads the same without, first and last of each range. */
static const uint32_t marks[][2] = {{0x300, 0x36f},  {0x591, 0x5bd},   {0x5bf, 0x5bf},   {0x5c1, 0x5c2},
                                    {0x5c4, 0x5c5},  {0x5c7, 0x5c7},   {0x610, 0x61a},   {0x64b, 0x65f},
                                    {0x670, 0x670},  {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
                                    {0xfe20, 0xfe2f}};

uint32_t fold_next(const char **text)
{
    const char *p = *text;
    size_t n = (unsigned char)p[0] < 0x80 ? 1 : utf8_character(p, strnlen(p, 4));
    *text += n != 0 ? n : 1;
    return n != 0 ? utf8_number(p, n) : 0xfffd;
}

static int is_mark(uint32_t c)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (c >= marks[i][0] && c <= marks[i][1])
            return 1;
    return 0;
}

size_t fold_letter(uint32_t c, uint32_t out[FOLD_LETTERS_MAX])
{
    utf8proc_int32_t letters[FOLD_LETTERS_MAX];
    utf8proc_ssize_t count;
    size_t kept = 0;
    int last = 0;
    if (c < 0x80 && c != '`') {
        out[0] = c >= 'A' && c <= 'Z' ? c + 32 : c;
        return 1;
    }
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        if (written[i].letter == c) {
            out[0] = (uint32_t)written[i].words[0];
            out[1] = (uint32_t)written[i].words[1];
            return out[1] != 0 ? 2 : 1;
        }
    count = utf8proc_decompose_char(
        (utf8proc_int32_t)c, letters, FOLD_LETTERS_MAX,
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE | UTF8PROC_LUMP, &last);
    if (count < 0 || count > FOLD_LETTERS_MAX) {
        out[0] = c;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++)
        if (!is_mark((uint32_t)letters[i]))
            out[kept++] = (uint32_t)letters[i];
    return kept;
}

char *fold_text(const char *text)
{
    uint32_t letters[FOLD_LETTERS_MAX];
    size_t room = 2 * strlen(text) + 4 * FOLD_LETTERS_MAX + 1, used = 0;
    char *out = malloc(room);
    while (out != NULL && *text != '\0') {
        size_t count = fold_letter(fold_next(&text), letters);
        if (room - used <= sizeof letters) {
            char *more = realloc(out, room = 2 * room);
            if (more == NULL)
                free(out);
            if ((out = more) == NULL)
                return NULL;
        }
        for (size_t i = 0; i < count; i++)
            used += (size_t)utf8proc_encode_char((utf8proc_int32_t)letters[i], (utf8proc_uint8_t *)out + used);
    }
    if (out != NULL)
        out[used] = '\0';
    return out;
}

/* 1: text, folded, begins with `folded`. */
static int begins(const char *text, const char *folded)
{
    uint32_t letters[FOLD_LETTERS_MAX];
    while (*folded != '\0') {
        size_t count;
        if (*text == '\0')
            return 0;
        count = fold_letter(fold_next(&text), letters);
        for (size_t i = 0; i < count && *folded != '\0'; i++)
            if (fold_next(&folded) != letters[i])
                return 0;
    }
    return 1;
}

const char *fold_find(const char *text, const char *folded)
{
    uint32_t letters[FOLD_LETTERS_MAX];
    while (*text != '\0') {
        const char *at = text;
        if (fold_letter(fold_next(&text), letters) != 0 && begins(at, folded))
            return at;
    }
    return NULL;
}

size_t fold_digits(const char *text, char *out, size_t out_max)
{
    size_t count = 0, used = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        if (used + 1 < out_max)
            out[used++] = *text;
        count++;
    }
    out[used] = '\0';
    return count;
}
