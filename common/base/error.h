/* One list of error codes, and the sentence that goes with one.
 *
 * Every function that can fail returns 0 or one of these codes, takes a `struct error *` as its last argument (NULL
 * if the caller does not want the words), and fills it with one sentence for people: what, why, what to do now.
 * A sentence holds ids, names of files and fields, never what a record says about a person, and never a secret. */
#ifndef SATCHEL_ERROR_H
#define SATCHEL_ERROR_H

#include <stddef.h>

/* code, exit status of a program that ends with it, its short name in JSON and on the wire */
#define ERROR_LIST(X)                                                                                                  \
    X(E_OK, 0, "ok")                                                                                                   \
    X(E_USAGE, 2, "usage")         /* the command line is wrong */                                                     \
    X(E_INPUT, 2, "input")         /* a file, a row or a peer's bytes are not what they should be */                   \
    X(E_LIMIT, 2, "limit")         /* larger than any limit allows */                                                  \
    X(E_NOT_FOUND, 2, "not-found") /* no such record, user, device, field */                                           \
    X(E_EXISTS, 2, "exists")       /* it is there already */                                                           \
    X(E_REFUSED, 2, "refused")     /* not allowed: ticket, role, scope */                                              \
    X(E_IO, 2, "io")               /* a file or a socket failed */                                                     \
    X(E_FULL, 2, "full")           /* the disk is full; nothing was changed */                                         \
    X(E_MEMORY, 2, "memory")       /* no memory */                                                                     \
    X(E_BUSY, 2, "busy")           /* another program holds the store */                                               \
    X(E_NET, 2, "net")             /* no office in reach, or the link broke */                                         \
    X(E_PEER, 2, "peer")           /* the peer is not who it should be */                                              \
    X(E_INTERNAL, 2, "internal")   /* our own mistake */                                                               \
    X(E_NO_STORE, 10, "no-store")                                                                                      \
    X(E_LOCKED, 11, "locked")                                                                                          \
    X(E_WRONG_KEY, 12, "wrong-key")                                                                                    \
    X(E_VERIFY, 13, "verify") /* a log or a store failed its verification */

enum error_code {
#define ERROR_ENUM(code, status, name) code,
    ERROR_LIST(ERROR_ENUM)
#undef ERROR_ENUM
};

/* The exit status of a program that did what it was asked, if something waits for a person. */
#define ERROR_STATUS_WAITING 1

struct error {
    int code;
    char text[512]; /* UTF-8, no newline at its end; cut, never overrun */
};

/* Fills e (may be NULL) and returns code, so that `return error_set(e, E_INPUT, "...")` reads as one step. */
int error_set(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fills e with E_MEMORY, in the words of all programs, and returns that. Inline, so that a reader of one file, and a
 * checker, see that it fails. */
static inline int error_memory(struct error *e)
{
    (void)error_set(e, E_MEMORY, "there is no memory left; close other programs and try again");
    return E_MEMORY;
}

/* As error_set for a failed system call: appends ": " and strerror(number). ENOSPC and EDQUOT become E_FULL, ENOMEM
 * E_MEMORY, anything else `code`. Returns the code it settled on. */
int error_system(struct error *e, int code, int number, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Puts "prefix: " before the sentence in e; returns e's code (E_INTERNAL for NULL). */
int error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns the code of an error that a function told in e: E_IO if e is NULL or has none. */
int error_code(const struct error *e);

/* Return the exit status of a code, and its short name ("wrong-key"). Unknown codes give 2 and "internal". */
int error_status(int code);
const char *error_name(int code);

#endif
