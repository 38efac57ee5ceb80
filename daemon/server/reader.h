/* Long commands that only read: each runs in a thread of its own, on a snapshot of the office (snapshot.h), and neither
 * waits for the loop nor lets it wait. What the loop commits meanwhile is not in what such a command shows. */
#ifndef SATCHEL_READER_H
#define SATCHEL_READER_H

#include "central.h"
#include "error.h"
#include "server.h"

#define READERS_MAX 3 /* at one time; libuv has four threads, and one is left for a command beside the loop */

struct reader;

/* What a reader does: `work` in the thread, then `done` on the loop. */
struct reader_job {
    void (*work)(void *arg, struct central *snapshot);
    void (*done)(void *arg);
    void *arg;
};

/* Takes a snapshot, as the office is now, and starts the job. *out is valid until `done` is called. E_BUSY: READERS_MAX
 * run already. Errors: central_snapshot's, cover_end's. */
int reader_start(struct server *s, const struct reader_job *job, struct reader **out, struct error *e);

/* Tells one, or all of them, to end soon, with E_BUSY. */
void reader_stop(struct reader *r);
void reader_stop_all(struct server *s);

#endif
