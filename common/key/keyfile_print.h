/* Prints the slots of a key file for people and as JSON, for the laptop's `key list` and the office's. */
#ifndef SATCHEL_KEYFILE_PRINT_H
#define SATCHEL_KEYFILE_PRINT_H

#include <stdio.h>

#include "cli.h"
#include "error.h"
#include "keyfile.h"

/* Prints on cli->out what opens the key file at path: a line each, or with cli->json an array of {number, type, label,
 * leased, officers (of a recovery slot alone)}. The file's count of wrong passphrases is no slot to print. Errors: as
 * keyfile_list's. */
int keyfile_print(const struct cli *cli, const char *path, struct error *e);
/* Prints the line of one slot. */
void keyfile_print_slot(FILE *out, const struct keyfile_slot *slot);

#endif
