/* Property 1: the same record everywhere. What the tables of office and laptops show is held against a naive merge of
 * the office's log (oracle_log.h), and laptop against office; a store's tables against what its own log gives anew. */
#ifndef SATCHEL_SIM_ORACLE_MERGE_H
#define SATCHEL_SIM_ORACLE_MERGE_H

#include "machine.h"
#include "oracle_log.h"

/* A sync that says that laptop and office differ is a finding, whenever it comes. */
void oracle_merge_command(const struct machine_run *run);

/* The office's tables, by the log. 0; -1: they cannot be read. */
int oracle_merge_office(const struct oracle_log *log);
/* A laptop's, where nothing is under way on it (oracle_is_settled). */
void oracle_merge_laptop(const struct oracle_log *log, unsigned machine);

#endif
