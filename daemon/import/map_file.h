/* A mapping file (docs/MAPPING.md): a person's table of which columns of another system's CSV files are which fields.
 */
#ifndef SATCHEL_MAP_FILE_H
#define SATCHEL_MAP_FILE_H

#include <stddef.h>

#include "error.h"
#include "mapping.h"

#define MAP_FILE_MAX 65536 /* bytes */
#define MAP_FILE_FILES 16
#define MAP_FILE_RECORDS 64
#define MAP_FILE_COLUMNS 60 /* of a file */

struct map_file;

/* Reads a mapping from text. name: what a sentence calls it. *out is freed with map_file_free; NULL after an error.
 * E_INPUT: it is no mapping; the sentence names the line, says what is wrong with it and what would be right. E_LIMIT:
 * it is larger than a mapping may be. E_MEMORY. */
int map_file_parse(const char *text, size_t size, const char *name, struct map_file **out, struct error *e);

/* The same from a file. E_INPUT: it is no regular file, or no UTF-8; E_IO. */
int map_file_read(const char *path, struct map_file **out, struct error *e);

/* The mapping, valid until map_file_free. */
const struct mapping *map_file_mapping(const struct map_file *m);
void map_file_free(struct map_file *m); /* NULL: nothing */

#endif
