/* Stands in for libuv: its functions over simulated time and the simulated network. */
#include "loop.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "network.h"
#include "process.h"

/* flags of a handle */
enum { ACTIVE = 1, CLOSING = 2, SIGNALLED = 4 };

struct done {
    uv_write_t *request;
    int status;
};

struct sim_loop {
    uv_loop_t *uv; /* NULL: free */
    struct process *process;
    unsigned machine;
    int is_woken; /* its next turn comes at once, whatever is due */
    uv_handle_t **handles;
    size_t count, room;
    struct done *done;
    size_t done_count, done_room;
    uv_handle_t *closing;
};

/* Connections that nobody has taken yet. */
struct waiting {
    struct waiting *next;
    struct network_end *end;
    uint64_t due_ms;
};

struct listener {
    uv_stream_t *stream; /* NULL: free */
    unsigned port;
    struct waiting *first;
};

enum { LOOPS = 32, LISTENERS = 8 };
static struct sim_loop loops[LOOPS];
static struct listener listeners[LISTENERS];
static struct loop_link weather[PROCESS_MACHINES];
static struct luck *luck;

static void *grow(void *at, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return at;
    *room = 2 * *room + 8;
    return realloc(at, *room * size);
}

void loop_link_set(unsigned machine, const struct loop_link *link)
{
    weather[machine] = *link;
}

uint64_t loop_bytes(void)
{
    return network_bytes;
}

void loop_reset(struct luck *l)
{
    luck = l;
    memset(weather, 0, sizeof weather);
    for (size_t i = 0; i < LOOPS; i++)
        assert(loops[i].uv == NULL);
    for (size_t i = 0; i < LISTENERS; i++)
        assert(listeners[i].stream == NULL);
}

/* --- loops and handles --- */

static struct sim_loop *of(const uv_loop_t *uv)
{
    return &loops[uv->backend_fd];
}

int uv_loop_init(uv_loop_t *uv)
{
    memset(uv, 0, sizeof *uv);
    for (int i = 0; i < LOOPS; i++) {
        if (loops[i].uv != NULL)
            continue;
        loops[i].uv = uv;
        loops[i].process = process_current();
        loops[i].machine = process_machine();
        uv->backend_fd = i;
        return 0;
    }
    return UV_ENOMEM;
}

int uv_loop_close(uv_loop_t *uv)
{
    struct sim_loop *l = of(uv);
    if (l->count != 0 || l->closing != NULL)
        return UV_EBUSY;
    free(l->handles);
    free(l->done);
    memset(l, 0, sizeof *l);
    return 0;
}

static void init(uv_loop_t *uv, uv_handle_t *h, uv_handle_type type)
{
    struct sim_loop *l = of(uv);
    h->loop = uv;
    h->type = type;
    h->flags = 0;
    l->handles = grow(l->handles, l->count, &l->room, sizeof(uv_handle_t *));
    l->handles[l->count++] = h;
}

static struct network_end *end_of(const uv_stream_t *s)
{
    return s->u.reserved[0];
}

static void set_end(uv_stream_t *s, struct network_end *end)
{
    s->u.reserved[0] = end;
    if (end != NULL)
        end->owner = s;
}

static struct listener *listener_of(const uv_stream_t *s)
{
    for (size_t i = 0; i < LISTENERS; i++)
        if (listeners[i].stream == s)
            return &listeners[i];
    return NULL;
}

static void close_listener(struct listener *l)
{
    while (l->first != NULL) {
        struct waiting *w = l->first;
        l->first = w->next;
        network_close(w->end, 1, 0);
        free(w);
    }
    memset(l, 0, sizeof *l);
}

void uv_close(uv_handle_t *h, uv_close_cb callback)
{
    struct sim_loop *l = of(h->loop);
    assert(!(h->flags & CLOSING));
    h->flags = CLOSING;
    h->close_cb = callback;
    if (h->type == UV_TCP) {
        struct network_end *end = end_of((uv_stream_t *)h);
        struct listener *listens = listener_of((uv_stream_t *)h);
        if (end != NULL)
            network_close(end, process_is_dying(l->process), process_is_dying(l->process) && luck_chance(luck, 500));
        set_end((uv_stream_t *)h, NULL);
        if (listens != NULL)
            close_listener(listens);
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->handles[i] == h) {
            memmove(&l->handles[i], &l->handles[i + 1], (l->count - i - 1) * sizeof(uv_handle_t *));
            l->count--;
            break;
        }
    }
    h->next_closing = l->closing;
    l->closing = h;
}

int uv_is_active(const uv_handle_t *h)
{
    return (h->flags & ACTIVE) != 0;
}

int uv_is_closing(const uv_handle_t *h)
{
    return (h->flags & CLOSING) != 0;
}

void uv_walk(uv_loop_t *uv, uv_walk_cb callback, void *arg)
{
    struct sim_loop *l = of(uv);
    for (size_t i = l->count; i > 0; i--)
        callback(l->handles[i - 1], arg);
}

/* --- timers, checks, signals, and the operator's socket, on which nobody calls --- */

int uv_timer_init(uv_loop_t *uv, uv_timer_t *t)
{
    init(uv, (uv_handle_t *)t, UV_TIMER);
    return 0;
}

int uv_timer_start(uv_timer_t *t, uv_timer_cb callback, uint64_t timeout, uint64_t repeat)
{
    if (t->flags & CLOSING)
        return UV_EINVAL;
    t->timer_cb = callback;
    t->timeout = process_now_ms + timeout;
    t->repeat = repeat;
    t->flags |= ACTIVE;
    return 0;
}

uint64_t uv_now(const uv_loop_t *uv)
{
    (void)uv;
    return process_now_ms;
}

int uv_timer_again(uv_timer_t *t)
{
    return t->repeat == 0 ? 0 : uv_timer_start(t, t->timer_cb, t->repeat, t->repeat);
}

int uv_check_init(uv_loop_t *uv, uv_check_t *c)
{
    init(uv, (uv_handle_t *)c, UV_CHECK);
    return 0;
}

int uv_check_start(uv_check_t *c, uv_check_cb callback)
{
    c->check_cb = callback;
    c->flags |= ACTIVE;
    return 0;
}

int uv_signal_init(uv_loop_t *uv, uv_signal_t *s)
{
    init(uv, (uv_handle_t *)s, UV_SIGNAL);
    return 0;
}

int uv_signal_start(uv_signal_t *s, uv_signal_cb callback, int number)
{
    s->signal_cb = callback;
    s->signum = number;
    s->flags |= ACTIVE;
    return 0;
}

void loop_signal(unsigned machine)
{
    for (size_t i = 0; i < LOOPS; i++)
        for (size_t k = 0; loops[i].uv != NULL && loops[i].machine == machine && k < loops[i].count; k++)
            if (loops[i].handles[k]->type == UV_SIGNAL)
                loops[i].handles[k]->flags |= SIGNALLED;
}

void loop_wake(unsigned machine)
{
    for (size_t i = 0; i < LOOPS; i++)
        if (loops[i].uv != NULL && loops[i].machine == machine)
            loops[i].is_woken = 1;
}

int uv_pipe_init(uv_loop_t *uv, uv_pipe_t *p, int ipc)
{
    (void)ipc;
    init(uv, (uv_handle_t *)p, UV_NAMED_PIPE);
    return 0;
}

int uv_pipe_bind(uv_pipe_t *p, const char *name)
{
    (void)p, (void)name;
    return 0;
}

int uv_fileno(const uv_handle_t *h, uv_os_fd_t *out)
{
    (void)h;
    *out = -1;
    return UV_EBADF;
}

/* --- listening and connecting --- */

/* A time in a handle's spare room. */
static void *at_ms(uint64_t ms)
{
    return (void *)(uintptr_t)ms; /* NOLINT(performance-no-int-to-ptr): never followed */
}

int uv_tcp_init(uv_loop_t *uv, uv_tcp_t *t)
{
    init(uv, (uv_handle_t *)t, UV_TCP);
    t->read_cb = NULL;
    t->connect_req = NULL;
    t->connection_cb = NULL;
    t->u.reserved[0] = t->u.reserved[1] = NULL;
    return 0;
}

int uv_tcp_nodelay(uv_tcp_t *t, int on)
{
    (void)t, (void)on;
    return 0;
}

int uv_send_buffer_size(uv_handle_t *h, int *size)
{
    (void)h, (void)size;
    return 0;
}

int uv_tcp_bind(uv_tcp_t *t, const struct sockaddr *address, unsigned flags)
{
    (void)flags;
    t->delayed_error = ntohs(((const struct sockaddr_in *)address)->sin_port);
    return 0;
}

int uv_tcp_getsockname(const uv_tcp_t *t, struct sockaddr *out, int *size)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)t->delayed_error)};
    memcpy(out, &in, sizeof in);
    *size = (int)sizeof in;
    return 0;
}

/* Everybody comes from one address: what an office does with a crowd from there is in the links' weather. */
int uv_tcp_getpeername(const uv_tcp_t *t, struct sockaddr *out, int *size)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
    (void)t;
    memcpy(out, &in, sizeof in);
    *size = (int)sizeof in;
    return 0;
}

int uv_listen(uv_stream_t *s, int backlog, uv_connection_cb callback)
{
    (void)backlog;
    s->connection_cb = callback;
    s->flags |= ACTIVE;
    for (size_t i = 0; s->type == UV_TCP && i < LISTENERS; i++) {
        if (listeners[i].stream == NULL) {
            listeners[i].stream = s;
            listeners[i].port = (unsigned)s->delayed_error;
            return 0;
        }
    }
    return s->type == UV_TCP ? UV_EADDRINUSE : 0;
}

int uv_accept(uv_stream_t *server, uv_stream_t *client)
{
    struct listener *l = listener_of(server);
    struct waiting *w = l != NULL ? l->first : NULL;
    if (w == NULL)
        return UV_EAGAIN;
    l->first = w->next;
    set_end(client, w->end);
    free(w);
    return 0;
}

int uv_getaddrinfo(uv_loop_t *uv, uv_getaddrinfo_t *request, uv_getaddrinfo_cb callback, const char *node,
                   const char *service, const struct addrinfo *hints)
{
    struct addrinfo *a = calloc(1, sizeof *a);
    struct sockaddr_in *in = calloc(1, sizeof *in);
    (void)uv, (void)callback, (void)node, (void)hints;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)strtoul(service, NULL, 10));
    a->ai_addr = (struct sockaddr *)in;
    request->addrinfo = a;
    return 0;
}

void uv_freeaddrinfo(struct addrinfo *a)
{
    free(a->ai_addr);
    free(a);
}

static struct listener *find_listener(unsigned port)
{
    for (size_t i = 0; i < LISTENERS; i++)
        if (listeners[i].stream != NULL && listeners[i].port == port)
            return &listeners[i];
    return NULL;
}

int uv_tcp_connect(uv_connect_t *request, uv_tcp_t *t, const struct sockaddr *address, uv_connect_cb callback)
{
    const struct loop_link *w = &weather[process_machine()];
    struct listener *l = find_listener(ntohs(((const struct sockaddr_in *)address)->sin_port));
    request->cb = callback;
    request->handle = (uv_stream_t *)t;
    t->connect_req = request;
    t->delayed_error = w->refused || l == NULL ? UV_ECONNREFUSED : 0;
    t->u.reserved[1] = at_ms(process_now_ms + w->delay_ms);
    if (t->delayed_error == 0) {
        struct network_link *link = network_connect(w, luck);
        struct waiting *new = calloc(1, sizeof *new), **at = &l->first;
        set_end((uv_stream_t *)t, &link->end[0]);
        new->end = &link->end[1];
        new->due_ms = process_now_ms + w->delay_ms;
        while (*at != NULL)
            at = &(*at)->next;
        *at = new;
    }
    return 0;
}

/* --- reading and writing --- */

int uv_read_start(uv_stream_t *s, uv_alloc_cb allocate, uv_read_cb callback)
{
    s->alloc_cb = allocate;
    s->read_cb = callback;
    return 0;
}

int uv_read_stop(uv_stream_t *s)
{
    s->read_cb = NULL;
    return 0;
}

int uv_write(uv_write_t *request, uv_stream_t *s, const uv_buf_t buffers[], unsigned count, uv_write_cb callback)
{
    struct sim_loop *l = of(s->loop);
    struct network_end *end = end_of(s);
    request->cb = callback;
    request->handle = s;
    if (end == NULL)
        return UV_EPIPE;
    /* What a dead program says nobody hears. */
    for (unsigned i = 0; i < count && !process_is_dying(l->process); i++)
        network_send(end, (const uint8_t *)buffers[i].base, buffers[i].len);
    l->done = grow(l->done, l->done_count, &l->done_room, sizeof *l->done);
    l->done[l->done_count++] = (struct done){request, process_is_dying(l->process) ? UV_ECONNRESET : 0};
    return 0;
}

/* --- a turn of a loop: each function does one thing that is due, and says whether it did --- */

static int turn_done(struct sim_loop *l)
{
    struct done d;
    if (l->done_count == 0)
        return 0;
    d = l->done[0];
    memmove(l->done, l->done + 1, --l->done_count * sizeof d);
    d.request->cb(d.request, d.status);
    return 1;
}

static int turn_timer(struct sim_loop *l, uv_timer_t *t)
{
    if (!(t->flags & ACTIVE) || (t->timeout > process_now_ms && !process_is_dying(l->process)))
        return 0;
    t->flags &= ~(unsigned)ACTIVE;
    if (t->repeat != 0)
        (void)uv_timer_start(t, t->timer_cb, t->repeat, t->repeat);
    t->timer_cb(t);
    return 1;
}

static int turn_signal(uv_signal_t *s)
{
    if (!(s->flags & SIGNALLED) || !(s->flags & ACTIVE))
        return 0;
    s->flags &= ~(unsigned)SIGNALLED;
    s->signal_cb(s, s->signum);
    return 1;
}

static int read_over(uv_stream_t *s, int code)
{
    uv_read_cb callback = s->read_cb;
    uv_buf_t none = {NULL, 0};
    s->read_cb = NULL;
    callback(s, code, &none);
    return 1;
}

static int turn_read(struct sim_loop *l, uv_stream_t *s)
{
    struct network_end *end = end_of(s);
    uv_buf_t buffer = {NULL, 0};
    size_t got;
    int over;
    if (s->read_cb == NULL || end == NULL)
        return 0;
    if (process_is_dying(l->process))
        return read_over(s, UV_ECONNRESET);
    if ((over = network_over(end)) != 0)
        return read_over(s, over < 0 ? UV_ECONNRESET : UV_EOF);
    if (network_due(end) > process_now_ms)
        return 0;
    s->alloc_cb((uv_handle_t *)s, 65536, &buffer);
    if (buffer.base == NULL || buffer.len == 0)
        return read_over(s, UV_ENOBUFS);
    got = network_take(end, (uint8_t *)buffer.base, buffer.len);
    s->read_cb(s, (ssize_t)got, &buffer);
    return 1;
}

static int turn_stream(struct sim_loop *l, uv_stream_t *s)
{
    uv_connect_t *connecting = s->connect_req;
    struct listener *listens = listener_of(s);
    if (connecting != NULL &&
        ((uint64_t)(uintptr_t)s->u.reserved[1] <= process_now_ms || process_is_dying(l->process))) {
        s->connect_req = NULL;
        connecting->cb(connecting, process_is_dying(l->process) ? UV_ECANCELED : s->delayed_error);
        return 1;
    }
    if (listens != NULL && listens->first != NULL && listens->first->due_ms <= process_now_ms) {
        s->connection_cb(s, 0);
        return 1;
    }
    return turn_read(l, s);
}

static int turn_handle(struct sim_loop *l, uv_handle_t *h)
{
    if (h->type == UV_TIMER)
        return turn_timer(l, (uv_timer_t *)h);
    if (h->type == UV_SIGNAL)
        return turn_signal((uv_signal_t *)h);
    return h->type == UV_TCP ? turn_stream(l, (uv_stream_t *)h) : 0;
}

/* As libuv does: what was still being written hears of it before the handle is gone. */
static void cancel_writes(struct sim_loop *l, const uv_handle_t *h)
{
    for (size_t i = 0; i < l->done_count;) {
        struct done d = l->done[i];
        if ((const uv_handle_t *)d.request->handle != h) {
            i++;
            continue;
        }
        memmove(&l->done[i], &l->done[i + 1], (--l->done_count - i) * sizeof d);
        d.request->cb(d.request, UV_ECANCELED);
    }
}

static int turn_closing(struct sim_loop *l)
{
    uv_handle_t *h = l->closing;
    if (h == NULL)
        return 0;
    l->closing = h->next_closing;
    cancel_writes(l, h);
    if (h->close_cb != NULL)
        h->close_cb(h);
    return 1;
}

static void turn_checks(struct sim_loop *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->handles[i]->type == UV_CHECK && (l->handles[i]->flags & ACTIVE))
            ((uv_check_t *)l->handles[i])->check_cb((uv_check_t *)l->handles[i]);
}

/* All that is due: as libuv, timers and what came, then the checks, then what is closed. */
static int turn(struct sim_loop *l)
{
    int any = l->is_woken;
    l->is_woken = 0;
    while (turn_done(l))
        any = 1;
    /* A callback may close handles: then the list is looked at again from its beginning. */
    for (size_t i = 0; i < l->count;) {
        size_t count = l->count;
        if (!turn_handle(l, l->handles[i])) {
            i++;
            continue;
        }
        any = 1;
        i = l->count == count ? i + 1 : 0;
    }
    if (any)
        turn_checks(l);
    while (turn_closing(l))
        any = 1;
    return any;
}

/* A program that dies is told to stop, where it listens for that. */
static void tell_dying(const struct sim_loop *l)
{
    if (process_is_dying(l->process))
        loop_signal(l->machine);
}

int uv_run(uv_loop_t *uv, uv_run_mode mode)
{
    struct sim_loop *l = of(uv);
    for (;;) {
        tell_dying(l);
        if (turn(l)) {
            if (mode == UV_RUN_ONCE)
                return 1;
            continue;
        }
        if (l->count == 0)
            return 0;
        assert(!process_is_dying(l->process));
        process_park();
    }
}

/* --- the scheduler's side --- */

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t handle_due(uv_handle_t *h)
{
    const uv_stream_t *s = (const uv_stream_t *)h;
    uint64_t due = UINT64_MAX;
    if (h->type == UV_TIMER)
        return (h->flags & ACTIVE) ? ((const uv_timer_t *)h)->timeout : UINT64_MAX;
    if (h->type == UV_SIGNAL)
        return (h->flags & SIGNALLED) && (h->flags & ACTIVE) ? 0 : UINT64_MAX;
    if (h->type != UV_TCP)
        return UINT64_MAX;
    if (s->connect_req != NULL)
        due = (uint64_t)(uintptr_t)s->u.reserved[1];
    if (listener_of(s) != NULL && listener_of(s)->first != NULL)
        due = earliest(due, listener_of(s)->first->due_ms);
    if (s->read_cb != NULL && end_of(s) != NULL)
        due = earliest(due, network_due(end_of(s)));
    return due;
}

static uint64_t loop_due(const struct sim_loop *l)
{
    uint64_t due = UINT64_MAX;
    if (l->uv == NULL)
        return UINT64_MAX;
    if (l->done_count != 0 || l->closing != NULL || l->is_woken)
        return 0;
    for (size_t i = 0; i < l->count; i++)
        due = earliest(due, handle_due(l->handles[i]));
    return due;
}

uint64_t loop_next(void)
{
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < LOOPS; i++)
        due = earliest(due, loop_due(&loops[i]));
    return due;
}

int loop_step(struct luck *l)
{
    size_t due[LOOPS];
    uint32_t count = 0;
    for (size_t i = 0; i < LOOPS; i++)
        if (loop_due(&loops[i]) <= process_now_ms)
            due[count++] = i;
    if (count == 0)
        return 0;
    process_resume(loops[due[luck_below(l, count)]].process);
    return 1;
}
