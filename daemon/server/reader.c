/* Runs commands that only read, beside the loop. */
#include "reader.h"

#include <stdlib.h>

#include "cover.h"
#include "snapshot.h"

struct reader {
    struct server *server;
    struct central *snapshot;
    struct reader_job job;
    uv_work_t work;
    struct reader *next;
};

static void run_thread(uv_work_t *work)
{
    struct reader *r = work->data;
    r->job.work(r->job.arg, r->snapshot);
}

static void on_ended(uv_work_t *work, int status)
{
    struct reader *r = work->data, **at = &r->server->readers;
    (void)status; /* it is never cancelled */
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    central_close(r->snapshot);
    r->job.done(r->job.arg);
    free(r);
}

int reader_start(struct server *s, const struct reader_job *job, struct reader **out, struct error *e)
{
    struct reader *r;
    unsigned count = 0;
    int code;
    for (r = s->readers; r != NULL; r = r->next)
        count++;
    if (count == READERS_MAX)
        return error_set(e, E_BUSY,
                         "%d commands that read the whole office run already, and no more of them can run at a time; "
                         "try again when one has ended",
                         READERS_MAX);
    if ((code = cover_end(s->central, e)) != 0)
        return code;
    if ((r = calloc(1, sizeof *r)) == NULL)
        return error_memory(e);
    if ((code = central_snapshot(s->central, &r->snapshot, e)) != 0) {
        free(r);
        return code;
    }
    r->server = s;
    r->job = *job;
    r->work.data = r;
    if (uv_queue_work(&s->loop, &r->work, run_thread, on_ended) != 0) {
        central_close(r->snapshot);
        free(r);
        return error_memory(e);
    }
    r->next = s->readers;
    s->readers = r;
    *out = r;
    return 0;
}

void reader_stop(struct reader *r)
{
    central_tell_to_end(r->snapshot);
}

void reader_stop_all(struct server *s)
{
    for (struct reader *r = s->readers; r != NULL; r = r->next)
        reader_stop(r);
}
