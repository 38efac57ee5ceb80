/* What both ends of the operator's socket know. Only operator*.c include it. */
#ifndef SATCHEL_OPERATOR_PRIVATE_H
#define SATCHEL_OPERATOR_PRIVATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "error.h"

/* The length of a request or an answer, as it stands before it: 32 bits, big-endian. */
static inline void put_length(uint8_t out[4], size_t size)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(size >> (24 - 8 * i));
}

static inline size_t get_length(const uint8_t in[4])
{
    return (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
}

/* The socket's path. E_INPUT: it is longer than a Unix socket's may be. */
int operator_path(const char *folder, struct sockaddr_un *out, struct error *e);

#endif
