/* Of property 9: an import says what its source says, and takes nothing from people. */
#ifndef SATCHEL_SIM_ORACLE_IMPORT_H
#define SATCHEL_SIM_ORACLE_IMPORT_H

/* The office has taken the source's newest export to its end: what nobody but imports wrote shows its words. */
void oracle_import_taken(void);
/* No import ends a value that a person typed, unless the source had said the same words. Judges what the office's log
 * has by now. */
void oracle_import_judge(void);

#endif
