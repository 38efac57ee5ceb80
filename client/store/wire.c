/* Drives a session over TCP: libuv moves the bytes, wire_send and wire_receive turn its loop until they have an answer.
 */
#include "wire.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "wire_limits.h"

struct wire {
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_connect_t connecting;
    uv_write_t write;
    struct session *session;
    char where[300];             /* host:port, for sentences */
    struct wire_options options; /* for another connection; host is the caller's, and the keys are these: */
    uint8_t office_noise[32];
    uint8_t *noise_secret; /* 32 bytes in locked memory; NULL unless it goes on */
    uint64_t came, break_after;
    uint64_t reached; /* how far the session had come when it last went on (session_reached) */
    unsigned breaks;  /* how often the session went on over another link */
    unsigned links;   /* how many other links were tried for that */
    unsigned vain;    /* so many of these in a row got it no further */
    int goes_on;      /* it is one that wire_open was given */
    int is_forgotten; /* the office does not know it any more, and the link that is open begins another */
    int has_tcp, writing;
    int timed_out, over;  /* over: nothing more comes */
    int failure;          /* libuv's code, if that is why it is over; else 0 */
    int connect_status;   /* 1: not known yet */
    struct error refusal; /* of session_receive; code 0: none */
    uint8_t in[65536], out[65536];
};

/* --- libuv's callbacks only write down what happened --- */

static void on_timeout(uv_timer_t *timer)
{
    struct wire *w = timer->data;
    w->timed_out = 1;
}

static void on_connect(uv_connect_t *request, int status)
{
    struct wire *w = request->data;
    w->connect_status = status;
}

static void on_written(uv_write_t *request, int status)
{
    struct wire *w = request->data;
    w->writing = 0;
    if (status != 0) {
        w->failure = status;
        w->over = 1;
    } else if (!w->over) {
        (void)uv_timer_again(&w->timer); /* a slow link is not a dead one */
    }
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct wire *w = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)w->in, sizeof w->in);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct wire *w = stream->data;
    size_t bytes = size > 0 ? (size_t)size : 0;
    if (size < 0) {
        w->failure = size == UV_EOF ? 0 : (int)size;
        w->over = 1;
    }
    if (w->break_after != 0 && w->came + bytes >= w->break_after) {
        bytes = (size_t)(w->break_after - w->came);
        w->over = 1;
    }
    if (w->over)
        (void)uv_read_stop(stream);
    w->came += bytes;
    if (bytes != 0 && w->refusal.code == 0)
        (void)session_receive(w->session, (const uint8_t *)buffer->base, bytes, &w->refusal);
    /* Whatever comes is a sign of life. */
    if (!w->over)
        (void)uv_timer_again(&w->timer);
}

/* --- one step of the loop --- */

static void flush(struct wire *w)
{
    size_t size;
    const uint8_t *bytes = session_output(w->session, &size);
    uv_buf_t buffer;
    int code;
    if (w->writing || w->over || size == 0)
        return;
    if (size > sizeof w->out)
        size = sizeof w->out;
    memcpy(w->out, bytes, size);
    session_sent(w->session, size);
    buffer = uv_buf_init((char *)w->out, (unsigned)size);
    if ((code = uv_write(&w->write, (uv_stream_t *)&w->tcp, &buffer, 1, on_written)) != 0) {
        w->failure = code;
        w->over = 1;
        return;
    }
    w->writing = 1;
}

static void set_timer(struct wire *w, uint64_t ms)
{
    w->timed_out = 0;
    (void)uv_timer_start(&w->timer, on_timeout, ms, ms);
}

/* Takes the next event; waits until there is one, the link is over, or the timer runs out (then: SESSION_NOTHING). */
static int next(struct wire *w, struct session_event *event, struct error *e)
{
    for (;;) {
        int code = session_next(w->session, event, e);
        if (code != 0 || event->type != SESSION_NOTHING)
            return code;
        if (w->refusal.code != 0)
            return error_set(e, w->refusal.code, "%s", w->refusal.text);
        if (w->over || w->timed_out)
            return 0;
        flush(w);
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    }
}

/* --- what went wrong --- */

/* The office's fail message as an error of ours: a code that we know, and its sentence. */
static int refused(const struct message_fail *m, struct error *e)
{
    int code = E_PEER;
    for (int known = E_OK + 1; known <= E_VERIFY; known++)
        if (m->code.size == strlen(error_name(known)) && memcmp(m->code.p, error_name(known), m->code.size) == 0)
            code = known;
    /* The office cannot know how our own store is: such a code is none of its. */
    if (code == E_NO_STORE || code == E_LOCKED || code == E_WRONG_KEY || code == E_USAGE)
        code = E_PEER;
    return error_set(e, code, "the office says: %.*s", (int)m->sentence.size, (const char *)m->sentence.p);
}

/* Why nothing more comes. */
static int broken(const struct wire *w, struct error *e)
{
    return error_set(e, E_NET, "the link broke after %llu bytes had come (%s)", (unsigned long long)w->came,
                     w->break_after != 0 && w->came >= w->break_after ? "as the drill asked"
                     : w->timed_out                                   ? "the office said nothing more"
                     : w->failure != 0                                ? uv_strerror(w->failure)
                                                                      : "the office hung up");
}

/* --- connecting --- */

static void on_closed(uv_handle_t *handle)
{
    struct wire *w = handle->data;
    if (handle == (uv_handle_t *)&w->tcp)
        w->has_tcp = 0;
}

static void hang_up(struct wire *w)
{
    if (!w->has_tcp)
        return;
    uv_close((uv_handle_t *)&w->tcp, on_closed);
    while (w->has_tcp)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
}

/* Tries one address. 0, or libuv's code. */
static int try_address(struct wire *w, const struct sockaddr *address)
{
    int code = uv_tcp_init(&w->loop, &w->tcp);
    if (code != 0)
        return code;
    w->has_tcp = 1;
    w->tcp.data = w->connecting.data = w->write.data = w;
    w->connect_status = 1;
    if ((code = uv_tcp_connect(&w->connecting, &w->tcp, address, on_connect)) == 0) {
        set_timer(w, WIRE_CONNECT_MS);
        while (w->connect_status == 1 && !w->timed_out)
            (void)uv_run(&w->loop, UV_RUN_ONCE);
        code = w->connect_status == 1 ? UV_ETIMEDOUT : w->connect_status;
    }
    if (code != 0)
        hang_up(w);
    return code;
}

static int connect_to(struct wire *w, const struct wire_options *o, struct error *e)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    uv_getaddrinfo_t resolve;
    char port[16];
    int code, buffer = (int)sizeof w->out;
    (void)snprintf(port, sizeof port, "%u", o->port);
    /* The system's resolver keeps its own time. */
    code = uv_getaddrinfo(&w->loop, &resolve, NULL, o->host, port, &hints);
    if (code == 0) {
        code = UV_EAI_NONAME;
        for (const struct addrinfo *a = resolve.addrinfo; a != NULL; a = a->ai_next)
            if ((code = try_address(w, a->ai_addr)) == 0)
                break;
        uv_freeaddrinfo(resolve.addrinfo);
    }
    if (code != 0)
        return error_set(e, E_NET, "no office answers at %s: %s", w->where, uv_strerror(code));
    (void)uv_tcp_nodelay(&w->tcp, 1);
    /* Bytes that the system still keeps for us look as if they had arrived: it may keep few. */
    (void)uv_send_buffer_size((uv_handle_t *)&w->tcp, &buffer);
    if ((code = uv_read_start((uv_stream_t *)&w->tcp, give_room, on_read)) != 0)
        return error_set(e, E_NET, "the connection to %s cannot be read: %s", w->where, uv_strerror(code));
    return 0;
}

/* Only an answer that proves it makes us say that somebody does not hold the office's key. */
static int handshake(struct wire *w, enum link_mode mode, struct error *e)
{
    struct session_event event;
    struct error why = {0, ""};
    set_timer(w, WIRE_CONNECT_MS);
    if (next(w, &event, &why) != 0)
        return why.code != E_PEER
                   ? error_set(e, why.code, "%s", why.text)
                   : error_set(e, E_PEER, "who answers at %s does not hold the office's key: %s", w->where, why.text);
    if (event.type == SESSION_READY)
        return 0;
    if (w->break_after != 0 && w->came >= w->break_after)
        return error_set(e, E_NET, "the link broke after %llu bytes, as the drill asked", (unsigned long long)w->came);
    if (w->timed_out)
        return error_set(e, E_NET, "no office answers at %s: it takes connections and says nothing", w->where);
    if (w->failure != 0)
        return error_set(e, E_NET, "the link to %s broke during the handshake: %s", w->where, uv_strerror(w->failure));
    /* An office that has too much to do closes so, and so does one of another key: nothing was proved either way. */
    return error_set(
        e, E_NET,
        "who answers at %s closed the link before it had said anything: the office may have too much to do "
        "just now, so try again in a minute; if it stays so, ask the office whether this is its address: "
        "%s",
        w->where,
        mode == LINK_ENROL ? "another office than the one that made this ticket does so too"
                           : "another office than this laptop's does so too");
}

/* The office says if it goes on with the session. E_NET, or as wire_receive. */
static int hear_if_it_goes_on(struct wire *w, struct error *e)
{
    struct session_event event;
    int code;
    set_timer(w, LIMITS_IDLE_MS);
    if ((code = next(w, &event, e)) != 0)
        return code;
    if (event.type == SESSION_MESSAGE)
        return refused(&event.message.as.fail, e); /* the session lets nothing else through */
    if (event.type != SESSION_RESUMED && event.type != SESSION_FORGOTTEN)
        return broken(w, e);
    w->is_forgotten = event.type == SESSION_FORGOTTEN;
    return 0;
}

/* Connects, shakes hands, and asks for the session if there is one to go on with. */
static int reach(struct wire *w, struct error *e)
{
    int code = connect_to(w, &w->options, e);
    if (code == 0)
        code = handshake(w, w->options.mode, e);
    if (code == 0 && session_resumes(w->session))
        code = hear_if_it_goes_on(w, e);
    return code;
}

/* Keeps the keys for other connections: the store that the caller's are of may be closed meanwhile. */
static int keep_keys(struct wire *w, struct error *e)
{
    if ((w->noise_secret = sodium_malloc(32)) == NULL)
        return error_memory(e);
    memcpy(w->noise_secret, w->options.noise_secret, 32);
    memcpy(w->office_noise, w->options.office_noise, 32);
    w->options.noise_secret = w->noise_secret;
    w->options.office_noise = w->office_noise;
    return 0;
}

/* Makes the session: the one that broke off, or a new one. */
static int make_session(struct wire *w, struct error *e)
{
    const struct wire_options *o = &w->options;
    if (o->unfinished.size != 0 && session_load(o->unfinished, &w->session, NULL) == 0) {
        w->goes_on = 1;
        return session_relink(w->session, o->noise_secret, o->office_noise, e);
    }
    w->session = session_new_laptop(o->mode, o->noise_secret, o->office_noise, o->ticket, o->secret);
    return w->session == NULL ? error_memory(e) : 0;
}

int wire_open(struct wire **out, const struct wire_options *o, struct error *e)
{
    struct wire *w = calloc(1, sizeof *w);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    int code;
    *out = NULL;
    if (w == NULL)
        return error_memory(e);
    /* A peer that hangs up is told by an error of the write. */
    (void)sigaction(SIGPIPE, &ignore, NULL);
    if (uv_loop_init(&w->loop) != 0) {
        free(w);
        return error_memory(e);
    }
    (void)uv_timer_init(&w->loop, &w->timer);
    w->timer.data = w;
    w->break_after = o->break_after;
    w->options = *o;
    (void)snprintf(w->where, sizeof w->where, strchr(o->host, ':') != NULL ? "[%s]:%u" : "%s:%u", o->host, o->port);
    if ((code = o->goes_on ? keep_keys(w, e) : 0) == 0 && (code = make_session(w, e)) == 0)
        code = reach(w, e);
    if (code != 0) {
        wire_close(w);
        return code;
    }
    w->goes_on &= !w->is_forgotten;
    w->is_forgotten = 0;
    w->reached = session_reached(w->session);
    *out = w;
    return 0;
}

/* --- going on --- */

static void forget_link(struct wire *w)
{
    hang_up(w);
    w->over = w->timed_out = w->failure = w->writing = 0;
    w->refusal.code = 0;
}

static void wait_for(struct wire *w, uint64_t ms)
{
    set_timer(w, ms);
    while (!w->timed_out)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    w->timed_out = 0;
}

/* Connects once more and goes on with the session. 1: the answer is still due; 0: it cannot be, or is not worth it; -1:
 * failed in another way than the link does, e says why. */
static int go_on(struct wire *w, struct error *e)
{
    static const uint64_t wait_ms[WIRE_TRIES] = {0, 1000, 4000};
    struct error why = {0, ""};
    if (!w->options.goes_on || w->break_after != 0)
        return 0;
    while (w->vain < WIRE_TRIES && w->links < WIRE_LINKS_MAX) {
        int code = 0;
        forget_link(w);
        if (!session_break(w->session))
            return 0;
        if (wait_ms[w->vain] != 0)
            wait_for(w, wait_ms[w->vain]);
        w->links++;
        w->vain++;
        if ((code = session_relink(w->session, w->options.noise_secret, w->options.office_noise, &why)) != 0 ||
            ((code = reach(w, &why)) != 0 && code != E_NET)) {
            (void)error_set(e, code, "%s", why.text);
            return -1;
        }
        if (code != 0)
            continue;
        if (w->is_forgotten) {
            w->vain = 0; /* the other session that begins now has got nowhere yet */
            w->reached = 0;
            return 0;
        }
        if (session_reached(w->session) > w->reached)
            w->vain = 0;
        w->reached = session_reached(w->session);
        w->breaks++;
        return 1;
    }
    return 0;
}

/* --- talking --- */

int wire_send(struct wire *w, const struct message *m, struct error *e)
{
    return session_send(w->session, m, e);
}

int wire_receive(struct wire *w, struct message *out, struct error *e)
{
    struct session_event event;
    struct error why;
    int code, goes_on = 1;
    while (goes_on == 1) {
        set_timer(w, LIMITS_IDLE_MS);
        if ((code = next(w, &event, e)) != 0)
            return code;
        if (event.type == SESSION_MESSAGE) {
            *out = event.message;
            if (out->type != MESSAGE_FAIL)
                return 0;
            /* We have read the refusal: the office need not wait for more. */
            code = refused(&out->as.fail, e);
            if (session_end(w->session, NULL) == 0)
                flush(w);
            return code;
        }
        (void)broken(w, &why);
        goes_on = go_on(w, e);
    }
    return goes_on < 0 ? error_code(e) : error_set(e, E_NET, "%s", why.text);
}

int wire_goes_on(const struct wire *w)
{
    return w->goes_on;
}

int wire_begins_anew(const struct wire *w)
{
    return w->is_forgotten && !w->over;
}

int wire_pending(const struct wire *w, struct message *out, struct error *e)
{
    return session_pending(w->session, out, e);
}

unsigned wire_breaks(const struct wire *w)
{
    return w->breaks;
}

int wire_unfinished(struct wire *w, struct pack *out)
{
    pack_start(out);
    if (w->is_forgotten)
        return 0;
    forget_link(w);
    return session_break(w->session) && session_save(w->session, out, NULL) == 0;
}

/* Waits until the office has ended, or hung up, or takes too long. Both sides have said all that they had to say, so
 * nothing can fail here. */
static void wait_for_end(struct wire *w)
{
    struct session_event event;
    set_timer(w, WIRE_END_MS);
    do {
        if (next(w, &event, NULL) != 0)
            return;
    } while (event.type != SESSION_END && !w->over && !w->timed_out);
}

void wire_end(struct wire *w)
{
    if (session_end(w->session, NULL) == 0)
        wait_for_end(w);
}

void wire_fail(struct wire *w, const struct error *why)
{
    if (!w->over && session_fail(w->session, why->code, why->text, NULL) == 0)
        wait_for_end(w);
}

void wire_close(struct wire *w)
{
    if (w == NULL)
        return;
    hang_up(w);
    uv_close((uv_handle_t *)&w->timer, on_closed);
    while (uv_loop_close(&w->loop) == UV_EBUSY)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    session_free(w->session);
    sodium_free(w->noise_secret);
    free(w);
}
