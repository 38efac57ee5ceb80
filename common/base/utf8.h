/* Characters of UTF-8, as what prints a record's text looks at them. */
#ifndef SATCHEL_UTF8_H
#define SATCHEL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Returns the length of the character at p, where `left` bytes are: 1 to 4. 0: no character of UTF-8 begins here. A NUL
 * is no character of a text: 0. */
size_t utf8_character(const char *p, size_t left);

/* Returns the number of the character (U+...) that these bytes are; utf8_character gave their count. */
uint32_t utf8_number(const char *p, size_t bytes);

/* 1: this character could drive what shows it: a control character (C0, DEL, C1), or one that turns the direction of
 * the text after it (U+202A to U+202E, U+2066 to U+2069), so that a line reads as another; 0: it could not. */
int utf8_is_control(const char *p, size_t bytes);

#endif
