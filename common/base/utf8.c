/* Finds the end of a character of UTF-8, and tells if it could drive a terminal. */
#include "utf8.h"

#include <stdint.h>

#include "pack.h"

size_t utf8_character(const char *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (pack_is_utf8((const uint8_t *)p, n))
            return n;
    return 0;
}

int utf8_is_control(const char *p, size_t bytes)
{
    const uint8_t *u = (const uint8_t *)p;
    if (bytes == 1)
        return u[0] < 0x20 || u[0] == 0x7f;
    return bytes == 2 && u[0] == 0xc2 && u[1] < 0xa0;
}
