/* The simulated disk: what the power leaves of the files of sixteen machines, within one process.
 *
 * disk_call.c defines the calls of libc by which SQLite's unix VFS and our own code reach files (open, read, write,
 * fsync, rename, fopen, ...). A program's own symbols come before those of its shared libraries, so libsqlite3's calls
 * land there too. Calls on files that lie anywhere else pass through as they are.
 *
 * The files are real ones, in ROOT/m0/ to ROOT/m15/, and every call does its work on them: what is read is what was
 * written. Beside them it is remembered what each write and each change of a name replaced since the last sync. A power
 * cut leaves of this:
 * - of a file, in each sector of 512 bytes, independently of the others, what it held after any of the writes since the
 *   file's last fsync or fdatasync, or before all of them. A truncation, and a new size without its bytes, may be there
 *   or not;
 * - of the names, those whose folder was synced since. Each other one that was made, removed or renamed may be there or
 *   not; half the time those of a machine are lost from the end backwards, as a file system with a journal loses them,
 *   and else each for itself, unless it hangs on one that was lost. A rename is done or not done, never half. The sync
 * of a file does not sync its name.
 *
 * Outside of it: stat, access, chmod, locks and lseek work as always, also while a machine is dark. dup of a descriptor
 * is not followed, nor mmap, symlinks, renames between machines or folders' modes. What came beneath the root by other
 * calls than these (a socket) is not simulated, and survives. A sync that failed leaves everything as it was, unsynced;
 * a later one may succeed.
 *
 * One thread. Everything is decided by the order of the calls and by luck: never by addresses, inodes or the clock. */
#ifndef SATCHEL_TESTS_DISK_H
#define SATCHEL_TESTS_DISK_H

#include <stdint.h>

#include "sim/luck.h"

#define DISK_MACHINES 16
#define DISK_SECTOR_BYTES 512

/* mkdir and link count as DISK_OPEN, rmdir as DISK_UNLINK, an open that cuts the file off (O_TRUNC) as both. */
enum disk_call { DISK_OPEN, DISK_READ, DISK_WRITE, DISK_SYNC, DISK_TRUNCATE, DISK_RENAME, DISK_UNLINK, DISK_CALLS };

/* path: a folder that exists and is empty; PATH/m0 to PATH/m15 are made, and PATH/.gone for what a cut may bring back.
 * No disk is running. Ends the program where the folders cannot be made. */
void disk_start(const char *path);

/* Everything goes on in another folder, which exists and is empty, with copies of the files; what is lost in a cut, the
 * counts and what is still to come stay what they were. The files in the folder before stay as they are: so a process
 * can fork, and each of its children go on from there. No descriptor may be open (assert). Ends the program where the
 * files cannot be copied. */
void disk_house(const char *path);

/* Forgets everything; the files stay as they are. Nothing happens where no disk is running. */
void disk_end(void);

/* ---- what happens to machine m's disk ---- */

/* The power goes: every later call on m's files fails with EIO (but for close), until disk_on. One number is drawn from
 * l, now; it decides what is left. */
void disk_cut(unsigned m, struct luck *l);

/* The power goes at the steps-th step from now (1: the next) that reaches the disk: a write, sync, truncation, rename,
 * removal, or a name that is made. That step itself fails with EIO, and is done, half done or not done. */
void disk_cut_after(unsigned m, uint64_t steps, struct luck *l);

/* The processes of m die and the machine lives: every later call fails as above until disk_on, and nothing is lost;
 * what was not synced can still be lost by a later cut. */
void disk_kill(unsigned m);

/* Power on again: the files now hold what the cut left, durably. None of m's descriptors may be open (assert). A cut
 * that was still to come is called off. */
void disk_on(unsigned m);

/* 1 after a cut or a kill, until disk_on. */
int disk_is_dark(unsigned m);

/* No more than this many bytes in all files of m (also removed ones, while they are open): a write or a larger size
 * beyond it gets ENOSPC, a write that fits in part is a short one. Names cost nothing. -1: no limit. */
void disk_quota(unsigned m, int64_t bytes);

/* The n-th call of this sort from now (1: the next) fails, once, and does nothing: ENOSPC for DISK_WRITE, else EIO. */
void disk_fail(unsigned m, enum disk_call what, uint64_t n);

/* No limit, and nothing of the above that is still to come. What is dark stays so. */
void disk_calm(unsigned m);

/* 1: a failure or a cut is still to come. */
int disk_fault_waits(unsigned m);

/* How many calls of this sort there were, those that failed too. */
uint64_t disk_count(unsigned m, enum disk_call what);

/* ---- images ---- */

/* Machine `to` becomes what `from` is: its files as they are now, durably; whatever it had, or was to lose in a cut, is
 * gone. Neither has an open descriptor, and `from` is not waiting for disk_on after a cut. An image that is kept for
 * later is a machine of its own. Returns 0, or -1 with errno: EBUSY (one of these does not hold), or what the files
 * said; then `to` holds a part. */
int disk_copy(unsigned from, unsigned to);

#endif
