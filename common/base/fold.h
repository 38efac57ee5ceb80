/* Folds letters, so that what people write in different ways compares as one: capitals and small letters, letters with
 * and without marks ("öberg" and "Oberg"), both apostrophes, all dashes. Search, sorting and the matching of duplicates
 * fold both sides. In SQL it is fold(TEXT) and digits(TEXT): db.h. */
#ifndef SATCHEL_FOLD_H
#define SATCHEL_FOLD_H

#include <stddef.h>
#include <stdint.h>

#define FOLD_LETTERS_MAX 20 /* what one character can fold to: Unicode's longest is 18 */
#define FOLD_DIGITS_MAX 9   /* digits of a telephone number that count, from its end: the rest is how it is dialled */

/* Takes the next character of *text, which is not at its end, and moves *text behind it. A byte that begins no
 * character of UTF-8 is U+FFFD. */
uint32_t fold_next(const char **text);

/* Writes what a character folds to. Returns how many letters; 0: it is a mark on the letter before it, or invisible,
 * and is dropped. Marks of scripts that write vowels with them (Devanagari, Thai, ...) are letters here. */
size_t fold_letter(uint32_t c, uint32_t out[FOLD_LETTERS_MAX]);

/* Returns the folded text, which the caller frees with free. NULL: there is no memory. */
char *fold_text(const char *text);

/* Finds the first place of text at which it reads, folded, as `folded` does; folded comes from fold_text and is not
 * empty. The result points into text. NULL: there is none. */
const char *fold_find(const char *text, const char *folded);

/* Writes the ASCII digits of a text into out, cut to out_max bytes (at least 1) with the NUL. Returns how many the text
 * has. */
size_t fold_digits(const char *text, char *out, size_t out_max);

#endif
