/* Finds the end of a character of UTF-8, and tells if it could drive a terminal. */
#include "utf8.h"

#include "pack.h"

size_t utf8_character(const char *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (pack_is_utf8((const uint8_t *)p, n))
            return n;
    return 0;
}

uint32_t utf8_number(const char *p, size_t bytes)
{
    const uint8_t *u = (const uint8_t *)p;
    uint32_t c = u[0];
    if (bytes > 1)
        c &= 0x7fu >> bytes;
    for (size_t i = 1; i < bytes; i++)
        c = c << 6 | (u[i] & 0x3fu);
    return c;
}

int utf8_is_control(const char *p, size_t bytes)
{
    uint32_t c = utf8_number(p, bytes);
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}
