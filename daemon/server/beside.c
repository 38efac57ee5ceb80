/* Hands the record to a thread and takes it back. */
#include "beside.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct beside {
    struct server *server;
    struct central_turn turn; /* what central_give and central_take call */
    uv_work_t work;
    uv_async_t asks; /* wakes the loop */
    uv_idle_t goes;  /* lets the loop go round without waiting */
    uv_check_t ends; /* the end of a round */
    unsigned open;   /* of these three handles */
    int rounds;      /* that the loop still goes before it hands the record over */
    uv_mutex_t lock; /* of what follows */
    uv_cond_t changed;
    int is_threads; /* the record is the thread's */
    int is_known;   /* which thread it is */
    uv_thread_t thread;
    int is_asked_for, is_told_to_end;
    void (*run)(void *arg), (*done)(void *arg);
    void *arg;
    time_t began;
    char name[64];
};

/* --- the thread --- */

/* 1: it is the thread that asks. A short command that the loop carries out meanwhile has the record already, and
 * neither gives it away nor waits for it. Under the lock. */
static int is_the_thread(const struct beside *b)
{
    uv_thread_t self = uv_thread_self();
    return b->is_known && uv_thread_equal(&self, &b->thread);
}

static void give_record(void *arg)
{
    struct beside *b = arg;
    uv_mutex_lock(&b->lock);
    if (is_the_thread(b)) {
        b->is_threads = 0;
        uv_cond_signal(&b->changed);
    }
    uv_mutex_unlock(&b->lock);
}

static int take_record(void *arg)
{
    struct beside *b = arg;
    int ends = 0;
    uv_mutex_lock(&b->lock);
    if (is_the_thread(b)) {
        b->is_asked_for = 1;
        (void)uv_async_send(&b->asks);
        while (!b->is_threads)
            uv_cond_wait(&b->changed, &b->lock);
        ends = b->is_told_to_end;
    }
    uv_mutex_unlock(&b->lock);
    return ends;
}

/* What the loop waits for is ready, as its own descriptor says also while it does not run; or pushes are left for its
 * next commit. */
static int is_record_wanted(void *arg)
{
    const struct beside *b = arg;
    struct pollfd ready = {.fd = uv_backend_fd(&b->server->loop), .events = POLLIN};
    return b->server->first != NULL || poll(&ready, 1, 0) > 0;
}

static void run_thread(uv_work_t *work)
{
    struct beside *b = work->data;
    uv_mutex_lock(&b->lock);
    b->thread = uv_thread_self();
    b->is_known = 1;
    uv_mutex_unlock(&b->lock);
    (void)take_record(b);
    b->run(b->arg);
    give_record(b);
}

/* --- the loop --- */

static void on_goes(uv_idle_t *goes)
{
    (void)goes;
}

/* The loop looks at everything that is ready before it hands the record over; twice, since it watches what is new in
 * one round only from the next: else is_record_wanted would not see a laptop that has just connected. */
static void on_asked(uv_async_t *asks)
{
    struct beside *b = asks->data;
    b->rounds = 2;
    (void)uv_idle_start(&b->goes, on_goes);
}

/* Hands the record over and waits until it comes back. */
static void on_round(uv_check_t *ends)
{
    struct beside *b = ends->data;
    if (b->rounds == 0 || --b->rounds != 0)
        return;
    (void)uv_idle_stop(&b->goes);
    uv_mutex_lock(&b->lock);
    if (b->is_asked_for) {
        b->is_asked_for = 0;
        b->is_threads = 1;
        uv_cond_signal(&b->changed);
        while (b->is_threads)
            uv_cond_wait(&b->changed, &b->lock);
    }
    uv_mutex_unlock(&b->lock);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct beside *b = handle->data;
    if (--b->open != 0)
        return;
    uv_cond_destroy(&b->changed);
    uv_mutex_destroy(&b->lock);
    free(b);
}

static void close_handles(struct beside *b)
{
    uv_close((uv_handle_t *)&b->asks, on_handle_closed);
    uv_close((uv_handle_t *)&b->goes, on_handle_closed);
    uv_close((uv_handle_t *)&b->ends, on_handle_closed);
}

static void on_ended(uv_work_t *work, int status)
{
    struct beside *b = work->data;
    (void)status; /* it is never cancelled */
    b->server->central->turn = NULL;
    b->server->beside = NULL;
    b->done(b->arg);
    close_handles(b);
}

/* NULL: e says why. */
static struct beside *make(struct server *s, struct error *e)
{
    struct beside *b = calloc(1, sizeof *b);
    int has_lock = b != NULL && uv_mutex_init(&b->lock) == 0, has_changed = has_lock && uv_cond_init(&b->changed) == 0;
    if (!has_changed || uv_async_init(&s->loop, &b->asks, on_asked) != 0) {
        if (has_changed)
            uv_cond_destroy(&b->changed);
        if (has_lock)
            uv_mutex_destroy(&b->lock);
        free(b);
        (void)error_memory(e);
        return NULL;
    }
    (void)uv_idle_init(&s->loop, &b->goes);
    (void)uv_check_init(&s->loop, &b->ends);
    (void)uv_check_start(&b->ends, on_round);
    b->open = 3;
    b->server = s;
    b->turn = (struct central_turn){give_record, take_record, is_record_wanted, b};
    b->work.data = b->asks.data = b->goes.data = b->ends.data = b;
    return b;
}

int beside_start(struct server *s, const char *name, void (*work)(void *arg), void (*done)(void *arg), void *arg,
                 struct error *e)
{
    struct beside *b = s->beside;
    if (b != NULL)
        return error_set(
            e, E_BUSY,
            "`satcheld %s` runs already, for %lld seconds now, and two of the long commands cannot run at a "
            "time; try again when it has ended",
            b->name, (long long)(time(NULL) - b->began));
    if ((b = make(s, e)) == NULL)
        return error_code(e);
    b->run = work;
    b->done = done;
    b->arg = arg;
    b->began = time(NULL);
    cli_cut(b->name, sizeof b->name, name);
    if (uv_queue_work(&s->loop, &b->work, run_thread, on_ended) != 0) {
        close_handles(b);
        return error_memory(e);
    }
    /* The thread waits for the record, which the loop hands over once it comes round. */
    s->central->turn = &b->turn;
    s->beside = b;
    return 0;
}

void beside_stop(struct beside *b)
{
    uv_mutex_lock(&b->lock);
    b->is_told_to_end = 1;
    uv_mutex_unlock(&b->lock);
}
