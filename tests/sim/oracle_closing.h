/* Closings, by docs/MERGE.md, "Closing", as plainly and slowly as it is said there. It shares no rule with
 * common/record/record_closing.c. */
#ifndef SATCHEL_SIM_ORACLE_CLOSING_H
#define SATCHEL_SIM_ORACLE_CLOSING_H

#include "oracle_log.h"

/* 1: everybody who wrote this status says that the record is closed, and what lives in its case contests that; 0: not.
 */
int oracle_closing_contested(const struct oracle_log *log, const struct oracle_record *record,
                             const struct schema_field *status);

#endif
