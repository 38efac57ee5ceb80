/* A backup of the office, and what follows from putting one in the office's place (docs/LOG.md, "Set-backs").
 *
 * A backup is an office's folder that says of itself (meta backup_size) how many entries its log has, and in which
 * nothing is written, until backup_announce makes it the office: what an office wrote behind a backup is lost, and its
 * numbers may stand on laptops and in archives, so it goes on under a new epoch of its own chain. */
#ifndef SATCHEL_BACKUP_H
#define SATCHEL_BACKUP_H

#include <stdint.h>

#include "central.h"
#include "error.h"
#include "message.h"

/* Copies store and key file into the new folder `to`, as they are now: whole on the disk, or not there. Outside of a
 * transaction; the log does not move meanwhile. Memory: as much as the store is large. E_EXISTS, E_IO, E_FULL. */
int backup_make(struct central *c, const char *to, struct error *e);

/* Writes the announcement: an event "set back" with the number of entries that the backup had, as the first change of a
 * new epoch. Inside a transaction, as the acting person. size: 0 takes what the backup says of itself; else an office
 * that was copied by other means had so many. E_USAGE: this is no backup and no size was said, or the log has fewer. */
int backup_announce(struct central *c, uint64_t size, struct error *e);
/* Before backup_announce's transaction: from here on the store may be written. */
void backup_wake(struct central *c);

/* Does our log continue what the laptop says that it has seen? Fills the welcome's consistency, and an announcement
 * that the laptop does not know, with its proof: where the log does not continue, one that covers it. *memory (freed
 * with free) holds it. */
enum backup_verdict { BACKUP_CONTINUES, BACKUP_ANNOUNCED, BACKUP_DIFFERS };
int backup_tell(struct central *c, const struct message_hello *hello, struct message_welcome *w,
                enum backup_verdict *verdict, void **memory, struct error *e);

#endif
