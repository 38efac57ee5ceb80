/* Characters of UTF-8, as what prints a record's text looks at them. */
#ifndef SATCHEL_UTF8_H
#define SATCHEL_UTF8_H

#include <stddef.h>

/* Returns the length of the character at p, where `left` bytes are: 1 to 4. 0: no character of UTF-8 begins here. A NUL
 * is no character of a text: 0. */
size_t utf8_character(const char *p, size_t left);

/* 1: this character is a control character (C0, DEL, or C1, which UTF-8 writes as C2 80 .. C2 9F); 0: it is not. */
int utf8_is_control(const char *p, size_t bytes);

#endif
