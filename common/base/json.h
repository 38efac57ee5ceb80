/* A writer of JSON (RFC 8259). It alone writes commas, colons, brackets, quotes and escapes: callers name members and
 * hand in values, in the order in which they are to be written.
 *
 *     struct json j = json_start(cli->out);
 *     json_object(&j);
 *     json_text(json_key(&j, "state"), "open");
 *     json_array(json_key(&j, "cases"));
 *     json_uint(&j, 17);
 *     json_end(&j);
 *     json_end(&j);
 *
 * prints {"state": "open", "cases": [17]} and a newline: one stands behind each whole value. The objects of an array
 * stand on a line each if the array is the whole value or a member of it; everything else stays on its line.
 *
 * Writing cannot fail here: whoever owns `out` looks at it with ferror or fflush. A call that has no place (a value in
 * an object without a key, a key in an array, an end too many, more than JSON_DEPTH_MAX levels) is our own mistake and
 * ends the program. */
#ifndef SATCHEL_JSON_H
#define SATCHEL_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "id.h"

#define JSON_DEPTH_MAX 16

struct json {
    FILE *out;
    unsigned depth; /* objects and arrays that are open */
    struct {
        char end;    /* what closes it: '}' or ']' */
        char filled; /* not 0: something stands in it */
        char lines;  /* not 0: its last element began a line */
    } open[JSON_DEPTH_MAX];
    int has_key; /* a name waits for its value */
};

/* Makes a writer that has written nothing yet. out stays the caller's. */
struct json json_start(FILE *out);

/* Begins an object or an array, as a value; json_end closes the innermost one that is open. */
void json_object(struct json *j);
void json_array(struct json *j);
void json_end(struct json *j);

/* Writes the name of the next member of the innermost object. Returns j, for the call that writes the value. */
struct json *json_key(struct json *j, const char *name);

/* Write a string. Control characters are escaped, C1 too; each byte that is not of UTF-8 becomes U+FFFD. A text of NULL
 * is written as null. json_bytes takes NUL bytes as well; bytes may be NULL if size is 0, which is "". */
void json_text(struct json *j, const char *text);
void json_bytes(struct json *j, const void *bytes, size_t size);

/* Write an id as a string, or ids as an array of strings. */
void json_id(struct json *j, const struct id *id);
void json_ids(struct json *j, const struct id *ids, size_t count);

void json_uint(struct json *j, uint64_t n);
void json_int(struct json *j, int64_t n);
/* Writes a number of hundredths, as an amount of money is kept: -205 is -2.05. */
void json_hundredths(struct json *j, int64_t n);
/* Writes true if flag is not 0, else false. */
void json_flag(struct json *j, int flag);
void json_null(struct json *j);

/* Writes a whole value that is JSON already, such as SQLite's json_* functions give. DEL and C1 are escaped. */
void json_json(struct json *j, const char *json);

/* Writes a whole value with one member, such as {"locked": true}: the answer of a command that only does something. */
void json_answer(FILE *out, const char *name, int flag);

#endif
