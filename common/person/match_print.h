/* Printing candidates (match.h). */
#ifndef SATCHEL_MATCH_PRINT_H
#define SATCHEL_MATCH_PRINT_H

#include "cli.h"
#include "match.h"

/* Prints the pairs on cli->out, in words or with cli->json as an object; then, on cli->err, how many there are, what
 * was left out, and what to do. The day of a death, which db knows, stands before the name. program: the program whose
 * commands do it, "satchel" or "satcheld". */
void match_print(struct db *db, const struct match_result *result, const struct cli *cli, const char *program);

#endif
