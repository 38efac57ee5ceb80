/* A backup of the office, and what follows when one is put in the office's place (docs/LOG.md, "Set-backs").
 *
 * A backup is an office's folder whose store says how many entries its log has (meta backup_size). Nothing is written
 * in it until backup_announce makes it the office. What the lost office wrote after the backup is gone, but numbers of
 * its own chain may stand on laptops and in archives; so the office goes on in a new epoch of that chain. */
#ifndef SATCHEL_BACKUP_H
#define SATCHEL_BACKUP_H

#include <stdint.h>

#include "central.h"
#include "error.h"
#include "message.h"

/* Copies store and key file, as they are now, into the new folder `to`, which is complete on the disk or absent when it
 * returns. Not within a transaction; the log does not move meanwhile. Needs as much memory as the store is large.
 * E_EXISTS (`to` is there), E_IO, E_FULL, E_MEMORY. */
int backup_make(struct central *c, const char *to, struct error *e);

/* Copies all pages of the office's store into another, which is empty, as they stand in the transaction of the first if
 * it is in one. E_IO, E_FULL, E_BUSY (the reader of a snapshot was told to end). */
int backup_pages(const struct central *from, struct db *to, struct error *e);

/* Writes the announcement: an event "set back" with the number of entries that the backup had, as the first change of a
 * new epoch, by c->author. Inside a transaction. size: 0 takes the number that the backup says; else it is an office
 * that was copied by other means and had so many entries. E_USAGE: it is no backup and size is 0, or the log has fewer.
 * E_REFUSED: the log has more, so somebody has written in the copy already; nothing was changed. */
int backup_announce(struct central *c, uint64_t size, struct error *e);
/* Allows writing in a backup; to be called before backup_announce's transaction. */
void backup_wake(struct central *c);

enum backup_verdict {
    BACKUP_CONTINUES, /* our log continues the one that the laptop has seen */
    BACKUP_ANNOUNCED, /* it does not, and the welcome carries an announcement that explains it */
    BACKUP_DIFFERS    /* it does not, and no announcement explains it */
};
/* Compares our log with the one that the laptop says it has seen. Fills in the welcome's proof of consistency, and an
 * announcement that the laptop does not know, if there is one, with its proof. *memory holds the announcement and is
 * freed with free. Errors: the store's. */
int backup_tell(struct central *c, const struct message_hello *hello, struct message_welcome *w,
                enum backup_verdict *verdict, void **memory, struct error *e);

#endif
