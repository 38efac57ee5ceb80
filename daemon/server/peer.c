/* One laptop's connection, from the accepted socket to the freed struct. The session (proto/session.h) does the
 * protocol; this file moves bytes between it and the socket, and peer_answer.c answers each message.
 *
 *   state       what struct peer says what it means
 *   stranger    session not ready     the handshake is under way; bytes and time are bounded (LIMITS_HANDSHAKE_*)
 *   enrolling   has_ticket            a laptop with a ticket, which may send an enrol message
 *   known       known, epoch = 0      a laptop of ours that has not said hello
 *   synced      known, epoch != 0     its epoch is known; it may push, pull and hand over a fork
 *   committing  waits_for_commit      its push is queued (commit.c); its next message waits for the answer
 *   refused     refused               it was told why; what still comes is thrown away
 *   closing     closing               the handles are being closed; nothing is said any more
 *
 * Whoever has a ticket stays in the pool of strangers until it has enrolled, since a used ticket proves nothing.
 *
 *   from         to           function         when
 *   -            stranger     peer_accept      a connection comes; one of too many strangers is closed (push_out)
 *   stranger     enrolling    on_event         the handshake is done, with a ticket; its older links are closed
 *   stranger     known        on_event         the handshake is done, with a key of ours; its older links are closed
 *   known        synced       answer_hello     hello; the answer is a welcome
 *   enrolling    enrolling    answer_enrol     enrol; the laptop then comes back with a new connection
 *   synced       synced       answer_pull      pull; a deal (deal.c) goes on from pull to pull
 *   synced       synced       answer_fork      fork; with the last batch the laptop gets a new epoch
 *   synced       committing   peer_answer      push
 *   committing   synced       peer_pushed      the push is on the disk; the answer says what was held
 *   synced       resting      must_rest        more was dealt to it than PACE_BURST in a short time
 *   resting      synced       on_rested        the wait is over
 *   any          refused      refuse           a message cannot be answered, the push failed, or there are as many
 *                                              laptops as there is room for (peers_max)
 *   known        synced       answer_resume    resume: it takes up what was parked (exchange.h)
 *   any          closing      close_peer       both sides have ended, the link broke, the timer ran out, or we stop
 *   closing      -            on_peer_closed   libuv has closed both handles: the memory is freed
 *
 * If the link of a known laptop breaks in the middle of something, what the two are at is parked (exchange.h); its next
 * link takes it up. A push of a peer that closes is committed all the same (commit_forget). */
#include "peer.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "peer_private.h"
#include "session.h"
#include "wire_limits.h"

/* Bytes that one read may bring. */
enum { READ_BYTES_STRANGER = LIMITS_HANDSHAKE_PEER_MAX, READ_BYTES = 65536 };

void peer_say(struct peer *p, const char *format, ...)
{
    char id[ID_TEXT], words[700];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (p->known) {
        id_format(&p->device.device, id);
        server_say(p->server, "device %s: %s", id, words);
    } else if (!p->is_told) {
        p->is_told = 1;
        strangers_say(p->server, &p->host, p->has_ticket ? "a device with a ticket" : "a device that is not known yet",
                      words);
    }
}

/* --- closing --- */

static void on_peer_closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;
    if (--p->open_handles != 0)
        return;
    *p->link = p->next;
    if (p->next != NULL)
        p->next->link = p->link;
    free(p->out);
    free(p);
}

static void close_peer(struct peer *p)
{
    if (p->closing)
        return;
    p->closing = 1;
    if (p->known && !p->refused && !p->server->stopping)
        (void)exchange_park(p->x, uv_now(&p->server->loop));
    else
        exchange_free(p->x);
    p->x = NULL;
    uv_close((uv_handle_t *)&p->tcp, on_peer_closed);
    uv_close((uv_handle_t *)&p->timer, on_peer_closed);
    uv_close((uv_handle_t *)&p->rest, on_peer_closed);
}

void peer_close_all(struct server *s)
{
    for (struct peer *p = s->peers; p != NULL; p = p->next)
        close_peer(p);
}

static void on_timeout(uv_timer_t *timer)
{
    struct peer *p = timer->data;
    peer_say(p, "closed, since it said nothing for too long");
    close_peer(p);
}

static void set_timer(struct peer *p)
{
    uint64_t wait = session_is_ready(p->x->session) ? LIMITS_IDLE_MS : LIMITS_HANDSHAKE_MS;
    /* A stranger's time runs from the beginning and is not renewed by what it sends. */
    if (wait == LIMITS_IDLE_MS || !uv_is_active((uv_handle_t *)&p->timer))
        (void)uv_timer_start(&p->timer, on_timeout, wait, 0);
}

/* --- writing --- */

struct write_request {
    uv_write_t request;
    struct peer *peer;
};

static void flush_peer(struct peer *p);

static void on_written(uv_write_t *request, int status)
{
    struct write_request *w = (struct write_request *)request->data;
    struct peer *p = w->peer;
    p->writing = 0;
    free(p->out);
    p->out = NULL;
    free(w);
    if (status != 0)
        close_peer(p);
    else
        flush_peer(p);
}

/* Writes what the session has for the laptop to the socket, one write at a time; closes once both sides have ended. */
static void flush_peer(struct peer *p)
{
    size_t size;
    const uint8_t *bytes;
    struct write_request *w;
    uv_buf_t buffer;
    if (p->closing || p->writing)
        return;
    bytes = session_output(p->x->session, &size);
    if (size == 0) {
        if (session_has_ended(p->x->session))
            close_peer(p);
        return;
    }
    w = malloc(sizeof *w);
    p->out = malloc(size);
    if (w == NULL || p->out == NULL) {
        free(w);
        close_peer(p);
        return;
    }
    memcpy(p->out, bytes, size);
    session_sent(p->x->session, size);
    w->peer = p;
    w->request.data = w;
    buffer = uv_buf_init((char *)p->out, (unsigned)size);
    if (uv_write(&w->request, (uv_stream_t *)&p->tcp, &buffer, 1, on_written) != 0) {
        free(w);
        close_peer(p);
        return;
    }
    p->writing = 1;
}

/* Tells the laptop why it is refused, then ends. */
static void refuse(struct peer *p, const struct error *e)
{
    peer_say(p, "refused (%s): %s", error_name(e->code), e->text);
    p->refused = 1;
    if (session_fail(p->x->session, e->code, e->text, NULL) != 0) {
        close_peer(p);
        return;
    }
    flush_peer(p);
    /* The laptop hangs up once it has read why; the timer ends the link if it does not. */
    if (!p->closing)
        (void)uv_timer_start(&p->timer, on_timeout, LIMITS_HANDSHAKE_MS, 0);
}

/* Closes the older links of this laptop, or with this ticket: there is one at a time. An older one broke without our
 * having heard of it, or belongs to somebody who opens many and would leave no room for others. */
static void close_older(struct peer *p)
{
    for (struct peer *other = p->server->peers; other != NULL; other = other->next) {
        int same = p->known ? other->known && id_equal(&other->device.device, &p->device.device)
                            : other->has_ticket && id_equal(&other->ticket, &p->ticket);
        if (other != p && same)
            close_peer(other);
    }
}

/* The peer has proved who it is, and leaves the strangers' pool; or that it has a ticket, and stays there until it has
 * enrolled. E_BUSY: there are as many laptops as there is room for. */
static int welcome_in(struct peer *p, struct error *e)
{
    unsigned count = 1;
    p->is_stranger = !p->known;
    close_older(p);
    for (const struct peer *other = p->server->peers; other != NULL; other = other->next)
        count += other != p && !other->is_stranger && !other->closing;
    return count <= p->server->peers_max
               ? 0
               : error_set(e, E_BUSY, "the office talks to as many laptops as it can just now; try again in a minute");
}

static int on_event(struct peer *p, struct session_event *ev, struct error *e)
{
    uint8_t secret[32];
    int code;
    switch (ev->type) {
    case SESSION_TICKET:
        p->ticket = ev->ticket;
        if ((code = admit_secret(p->server->central, &ev->ticket, secret, e)) == 0)
            code = session_secret(p->x->session, secret, e);
        sodium_memzero(secret, sizeof secret);
        return code;
    case SESSION_READY:
        memcpy(p->noise_key, ev->peer, sizeof p->noise_key);
        if (session_mode(p->x->session) == LINK_ENROL) {
            p->has_ticket = 1;
            return welcome_in(p, e);
        }
        if ((code = device_by_link(p->server->central->db, ev->peer, &p->device, e)) != 0)
            return code;
        p->known = 1;
        p->x->device = p->device;
        return welcome_in(p, e);
    case SESSION_MESSAGE:
        return peer_answer(p, &ev->message, e);
    case SESSION_END:
        return session_end(p->x->session, e);
    case SESSION_NOTHING:
    case SESSION_RESUMED: /* a laptop's */
    case SESSION_FORGOTTEN:
        break;
    }
    return 0;
}

static void run_events(struct peer *p);

static void on_rested(uv_timer_t *timer)
{
    struct peer *p = timer->data;
    p->rests = 0;
    run_events(p);
}

/* 1: the laptop was dealt so much lately that its next message waits. */
static int must_rest(struct peer *p)
{
    uint64_t now = uv_now(&p->server->loop);
    uint64_t wait = p->known ? pace_wait_ms(&p->server->pace, &p->device.device, now) : 0;
    if (wait == 0)
        return p->rests;
    if (!p->rests)
        (void)uv_timer_start(&p->rest, on_rested, wait, 0);
    p->rests = 1;
    return 1;
}

/* Handles the session's events until there are no more, a push waits for its commit, or the laptop must rest. */
static void run_events(struct peer *p)
{
    struct session_event ev;
    struct error e = {0};
    while (!p->closing && !p->x->waits_for_commit && !p->refused && !must_rest(p)) {
        if (session_next(p->x->session, &ev, &e) != 0) {
            peer_say(p, "%s", e.text);
            /* A stranger is told nothing. */
            if (session_is_ready(p->x->session))
                refuse(p, &e);
            else
                close_peer(p);
            return;
        }
        if (ev.type == SESSION_NOTHING)
            break;
        if (on_event(p, &ev, &e) != 0) {
            refuse(p, &e);
            return;
        }
    }
    flush_peer(p);
}

void peer_pushed(struct exchange *x, const struct receive_result *result, const struct error *e)
{
    struct peer *p = x->peer;
    struct error own = {0};
    x->waits_for_commit = 0;
    if (p == NULL) {
        if (result == NULL || peer_answer_push(x, result, &own) != 0)
            exchange_drop(x); /* the laptop begins anew, and is told then */
        return;
    }
    if (result == NULL) {
        refuse(p, e);
        return;
    }
    peer_say(p, "%llu changes received and on the disk, up to number %llu; %zu of them held%s",
             (unsigned long long)result->seq - result->first_seq + 1, (unsigned long long)result->seq,
             result->held_count, result->held_count != 0 ? ", see `satcheld held list`" : "");
    if (peer_answer_push(x, result, &own) != 0)
        refuse(p, &own);
    else
        run_events(p);
}

/* --- reading --- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct peer *p = handle->data;
    size_t size = session_is_ready(p->x->session) ? READ_BYTES : READ_BYTES_STRANGER;
    (void)suggested;
    /* If there is no memory the buffer is empty, which libuv reports to on_bytes as an error. */
    buffer->base = malloc(size);
    buffer->len = buffer->base != NULL ? size : 0;
}

static void take_bytes(struct peer *p, const uint8_t *bytes, size_t size)
{
    struct error e = {0};
    if (session_receive(p->x->session, bytes, size, &e) != 0) {
        peer_say(p, "%s", e.text);
        close_peer(p);
        return;
    }
    run_events(p);
    if (!p->closing && !p->refused)
        set_timer(p);
}

static void on_bytes(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct peer *p = stream->data;
    if (p->closing) {
        free(buffer->base);
        return;
    }
    if (size < 0) {
        if (!session_has_ended(p->x->session) && !p->x->is_told)
            peer_say(p, "the connection broke off");
        p->x->is_told = 1;
        close_peer(p);
    } else if (size > 0 && !p->refused) {
        take_bytes(p, (const uint8_t *)buffer->base, (size_t)size);
    }
    free(buffer->base);
}

static void make_room(struct peer *p)
{
    peer_say(p, "closed, to make room for newer connections");
    close_peer(p);
}

/* Of `count` links, the newest first: how many come from the host of p, and *oldest, the one of them that came first.
 */
static unsigned links_of_host(struct peer *const *links, unsigned count, const struct peer *p, struct peer **oldest)
{
    unsigned found = 0;
    for (unsigned i = 0; i < count; i++)
        if (strangers_same(&links[i]->host, &p->host)) {
            *oldest = links[i];
            found++;
        }
    return found;
}

/* Makes room for a stranger that has come: closes the oldest of its host, if that has too many; or, if all together are
 * too many, the oldest of the host that has the most, so that a few hosts cannot keep out one that has a single link.
 * There is one link too many at most, since this is done for each. */
static void push_out(struct peer *p)
{
    struct peer *links[STRANGERS_MAX + 1], *oldest = p, *victim = p;
    unsigned all = 0, most = 0, count;
    for (struct peer *other = p->server->peers; other != NULL && all <= STRANGERS_MAX; other = other->next)
        if (other->is_stranger && !other->closing)
            links[all++] = other;
    if (links_of_host(links, all, p, &oldest) > STRANGERS_HOST_MAX) {
        make_room(oldest);
        return;
    }
    for (unsigned i = 0; i < all && all > STRANGERS_MAX; i++)
        if ((count = links_of_host(links, all, links[i], &oldest)) >= most) {
            most = count;
            victim = oldest;
        }
    if (all > STRANGERS_MAX)
        make_room(victim);
}

void peer_accept(struct server *s)
{
    struct peer *p = calloc(1, sizeof *p);
    if (p == NULL)
        return;
    p->server = s;
    p->x = exchange_new(s, p, session_new_office(s->central->keys->noise_secret));
    if (p->x == NULL || uv_tcp_init(&s->loop, &p->tcp) != 0) {
        exchange_free(p->x);
        free(p);
        return;
    }
    (void)uv_timer_init(&s->loop, &p->timer);
    (void)uv_timer_init(&s->loop, &p->rest);
    p->tcp.data = p->timer.data = p->rest.data = p;
    p->open_handles = 3;
    p->next = s->peers;
    p->link = &s->peers;
    if (s->peers != NULL)
        s->peers->link = &p->next;
    s->peers = p;
    p->is_stranger = 1;
    if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&p->tcp) != 0 || s->stopping) {
        close_peer(p);
        return;
    }
    strangers_find(&p->tcp, &p->host);
    push_out(p);
    (void)uv_tcp_nodelay(&p->tcp, 1);
    set_timer(p);
    if (uv_read_start((uv_stream_t *)&p->tcp, give_buffer, on_bytes) != 0)
        close_peer(p);
}
