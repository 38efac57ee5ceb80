/* One laptop's connection, from the accepted socket to the freed struct. The session (proto/session.h) does the
 * protocol; this file moves bytes between it and the socket, and answers each message.
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
 *   synced       committing   on_message       push
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
#include "backup.h"
#include "clock.h"
#include "commit.h"
#include "cover.h"
#include "deal.h"
#include "exchange.h"
#include "fork.h"
#include "lease.h"
#include "officers.h"
#include "quota.h"
#include "recovery.h"
#include "schema.h"
#include "session.h"
#include "wire_limits.h"

struct peer {
    struct server *server;
    struct peer *next, **link;
    uv_tcp_t tcp;
    uv_timer_t timer, rest;
    int open_handles; /* of tcp, timer and rest; at 0 the memory is freed */
    int closing;
    struct strangers_host host; /* where it comes from */
    int is_stranger;            /* it has not proved a key that the office knows, nor enrolled */
    int is_told;                /* stranger: the journal has heard of it */
    int has_ticket;             /* the handshake proved `ticket` */
    struct exchange *x;         /* what it and the laptop are at; NULL: closing */
    struct id ticket;           /* the ticket that the handshake named */
    uint8_t noise_key[32];
    int known; /* device is filled */
    struct device device;
    int rests; /* it was dealt much in a short time (pace.h): its next message waits until `rest` fires */
    int refused;
    int writing; /* a write is under way, of the bytes in `out` */
    uint8_t *out;
};

/* Bytes that one read may bring. */
enum { READ_BYTES_STRANGER = LIMITS_HANDSHAKE_PEER_MAX, READ_BYTES = 65536 };

/* Writes a line about the peer into the journal; of a stranger's link one alone, and not of each (strangers.h). */
static void say(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct peer *p, const char *format, ...)
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
    say(p, "closed, since it said nothing for too long");
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
    say(p, "refused (%s): %s", error_name(e->code), e->text);
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

/* --- hello --- */

/* Packs the pairs of recovery officers as a welcome carries them, unless the laptop has these. */
static int pack_officers(struct central *c, const struct message_hello *hello, uint8_t *out, struct message_welcome *w,
                         struct error *e)
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    uint8_t digest[32];
    size_t count = 0;
    int code = recovery_pairs(c, pairs, &count, e);
    if (code != 0)
        return code;
    officers_digest(pairs, count, digest);
    w->has_recovery = memcmp(digest, hello->officers, sizeof digest) != 0;
    for (size_t i = 0; w->has_recovery && i < count; i++)
        officers_pack(&pairs[i], out + i * OFFICERS_PAIR_BYTES);
    w->recovery = (struct slice){out, w->has_recovery ? count * OFFICERS_PAIR_BYTES : 0};
    return 0;
}

/* Fills in the proof that our log continues what the laptop has seen, or the announcement of a set-back in its stead;
 * the journal says if it does not continue. */
static int tell_log(struct peer *p, const struct message_hello *hello, struct message_welcome *w, void **memory,
                    struct error *e)
{
    struct central *c = p->server->central;
    enum backup_verdict verdict;
    int code = backup_tell(c, hello, w, &verdict, memory, e);
    if (code != 0 || verdict == BACKUP_CONTINUES)
        return code;
    if (verdict == BACKUP_ANNOUNCED)
        say(p, "is told that the office was put back; it had seen a log of %llu entries",
            (unsigned long long)hello->checkpoint_size);
    else
        say(p,
            "has seen a log of %llu entries that this one (%llu) does not continue; if this office was "
            "put back from a backup, run `satcheld restored` on it",
            (unsigned long long)hello->checkpoint_size, (unsigned long long)c->checkpoint_size);
    return 0;
}

static int answer_hello(struct peer *p, const struct message_hello *hello, struct error *e)
{
    struct central *c = p->server->central;
    struct message m = {.type = MESSAGE_WELCOME};
    struct message_welcome *w = &m.as.welcome;
    uint8_t officers[KEYFILE_PAIRS_MAX * OFFICERS_PAIR_BYTES];
    struct lease lease;
    void *memory = NULL;
    struct error why = {0, ""};
    int code, known, given = device_was_given(c->db, &p->device.device, hello->end.epoch, e);
    if (cover_end(c, &why) != 0)
        say(p, "is answered, though a cover whose last day has gone by could not be ended: %s", why.text);
    if (given < 0)
        return error_code(e);
    p->x->epoch = p->x->claim.epoch = hello->end.epoch;
    /* The office has nothing of an epoch that it never gave. The answer then names the end in another epoch, and the
     * laptop sees from it that it has to ask for a new one. */
    if ((code = log_chain_end(c->db, &p->device.device, given ? p->x->epoch : p->device.epoch, &w->have, e)) != 0)
        return code;
    p->device.epoch = p->x->epoch;
    w->checkpoint = (struct slice){(const uint8_t *)c->checkpoint, strlen(c->checkpoint)};
    w->schema_version = (uint64_t)schema_version();
    w->office_ms = clock_wall();
    w->revoked = p->device.revoked;
    w->wipe = p->device.wipe;
    memcpy(w->seal_key, c->seal_public, sizeof w->seal_key);
    if ((code = lease_of(c, &p->device.device, p->device.revoked, w->office_ms, &lease, e)) != 0 ||
        (code = pack_officers(c, hello, officers, w, e)) != 0)
        return code;
    memcpy(w->lease_secret, lease.secret, sizeof w->lease_secret);
    w->lease_until_ms = lease.until_ms;
    if ((known = deal_remembers(c, &p->device, hello->caseload_digest, e)) < 0)
        return e->code;
    p->x->remembers = known;
    w->want_caseload = !known;
    p->x->checkpoint_size = c->checkpoint_size;
    if ((code = tell_log(p, hello, w, &memory, e)) == 0)
        code = session_send(p->x->session, &m, e);
    sodium_memzero(&lease, sizeof lease);
    free(memory);
    return code;
}

/* --- resume --- */

/* The laptop would go on where an earlier link broke. */
static int answer_resume(struct peer *p, const struct message_resume *m, struct error *e)
{
    uint64_t now = uv_now(&p->server->loop);
    struct exchange *parked = exchange_unpark(p->server, &p->device.device, now);
    int taken, current = parked == NULL ? 0 : exchange_is_current(parked, &p->device, e);
    pace_spend(&p->server->pace, &p->device.device, PACE_RESUMING, now);
    taken = current < 0 ? -1 : session_take_up(p->x->session, current ? parked->session : NULL, m, e);
    if (taken == 1) {
        session_free(parked->session);
        parked->session = p->x->session;
        parked->peer = p;
        p->x->session = NULL;
        exchange_free(p->x);
        p->x = parked;
    } else {
        exchange_free(parked);
    }
    return taken < 0 ? error_code(e) : 0;
}

/* --- pull --- */

static int answer_pull(struct peer *p, const struct message_pull *m, struct error *e)
{
    struct message answer = {.type = MESSAGE_ENTRIES};
    struct deal_memory memory;
    int code;
    if (p->device.revoked)
        return error_set(e, E_REFUSED,
                         "this laptop, or its user, has been disabled; what it sent is held at the office");
    pace_spend(&p->server->pace, &p->device.device, !p->x->has_deal || p->x->deal.done ? PACE_BEGINNING : 0,
               uv_now(&p->server->loop));
    if ((code = exchange_deal(p->x, m, &answer.as.entries, &memory, e)) != 0)
        return code;
    pace_spend(&p->server->pace, &p->device.device, answer.as.entries.batch.size, uv_now(&p->server->loop));
    if ((code = deal_witness(p->server->central, p->x->checkpoint_size, &answer.as.entries, e)) == 0)
        code = session_send(p->x->session, &answer, e);
    p->x->checkpoint_size = p->server->central->checkpoint_size;
    deal_release(&memory);
    return code;
}

/* --- fork, enrol --- */

/* The laptop has handed over all of a fork. epoch 0: it gets none. */
static void end_fork(struct peer *p, uint64_t epoch)
{
    if (epoch == 0)
        say(p,
            "its store was copied or put back, and it is shut out: %llu changes are kept as evidence, and it gets no "
            "new epoch; `satcheld fork list` shows it",
            (unsigned long long)p->x->claim.count);
    else
        say(p,
            "its store was copied or put back (a fork in epoch %llu): %llu changes are kept as evidence, it "
            "goes on in epoch %llu; `satcheld fork list` shows it",
            (unsigned long long)p->x->epoch, (unsigned long long)p->x->claim.count, (unsigned long long)epoch);
    p->x->epoch = epoch != 0 ? epoch : p->x->epoch;
    p->x->claim = (struct fork_claim){.epoch = p->x->epoch};
}

/* Takes a batch of a fork. The evidence and the new epoch are on the disk before the laptop is answered. */
static int answer_fork(struct peer *p, const struct message_fork *m, struct error *e)
{
    struct central *c = p->server->central;
    struct message answer = {.type = MESSAGE_EPOCH};
    int code = central_begin(c, e);
    if (code != 0)
        return code;
    if (m->batch.size != 0)
        code = fork_take_next(c, &p->device, &p->x->claim, &(struct message_push){m->head, m->batch}, e);
    /* A laptop that is shut out gets no epoch: what it wrote is kept as evidence, and named in the log. */
    if (code == 0 && m->last)
        code = p->device.revoked ? fork_log(c, &p->device, &p->x->claim, e)
                                 : fork_close(c, &p->device, &p->x->claim, &answer.as.epoch.epoch, e);
    if ((code = central_end(c, code, e)) != 0)
        return code;
    answer.as.epoch.common = p->x->claim.common;
    if (m->last)
        end_fork(p, answer.as.epoch.epoch);
    return session_send(p->x->session, &answer, e);
}

static int answer_enrol(struct peer *p, const struct message_enrol *m, struct error *e)
{
    struct message answer = {.type = MESSAGE_ENROLLED};
    struct admit_answer admitted;
    char name[ID_TEXT];
    int code = admit_enrol(p->server->central, &p->ticket, m, p->noise_key, &admitted, e);
    if (code != 0)
        return code;
    p->is_stranger = 0;
    id_format(&admitted.message.device, name);
    server_say(p->server, "device %s: enrolled", name);
    answer.as.enrolled = admitted.message;
    return session_send(p->x->session, &answer, e);
}

/* --- what the laptop says --- */

static int on_message(struct peer *p, const struct message *m, struct error *e)
{
    int code;
    /* Load the device anew: a laptop or user that was disabled during a session is disabled from the next message on.
     */
    if (p->known && ((code = device_by_link(p->server->central->db, p->noise_key, &p->device, e)) != 0 ||
                     (code = quota_check_link(p->server->central, &p->device, e)) != 0))
        return code;
    if (p->x->epoch != 0)
        p->device.epoch = p->x->epoch;
    if (m->type == MESSAGE_RESUME)
        return answer_resume(p, &m->as.resume, e);
    p->x->device = p->device;
    switch (m->type) {
    case MESSAGE_HELLO:
        exchange_free(exchange_unpark(p->server, &p->device.device, uv_now(&p->server->loop)));
        return answer_hello(p, &m->as.hello, e);
    case MESSAGE_PUSH:
        code = commit_queue(p->server, p->x, &p->device, &m->as.push, p->x->has_deal ? &p->x->deal : NULL, e);
        p->x->waits_for_commit = code == 0;
        return code;
    case MESSAGE_PULL:
        return answer_pull(p, &m->as.pull, e);
    case MESSAGE_FORK:
        return answer_fork(p, &m->as.fork, e);
    case MESSAGE_ENROL:
        return answer_enrol(p, &m->as.enrol, e);
    case MESSAGE_FAIL:
        /* The journal gets the code and not the sentence, which may quote what a person wrote. */
        say(p, "gave the sync up (%.*s)", (int)m->as.fail.code.size, (const char *)m->as.fail.code.p);
        return 0;
    default:
        return error_set(e, E_PEER, "the laptop said what only an office says");
    }
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
        return on_message(p, &ev->message, e);
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
            say(p, "%s", e.text);
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

/* Says what became of a push. A link that broke meanwhile gets it when the laptop goes on. */
static int answer_push(struct exchange *x, const struct receive_result *result, struct error *e)
{
    struct message answer = {.type = MESSAGE_PUSHED};
    struct pack memory;
    int code = receive_answer(x->server->central, result, x->checkpoint_size, &answer.as.pushed, &memory, e);
    if (code == 0)
        code = session_send(x->session, &answer, e);
    x->checkpoint_size = x->server->central->checkpoint_size;
    pack_free(&memory);
    return code;
}

void peer_pushed(struct exchange *x, const struct receive_result *result, const struct error *e)
{
    struct peer *p = x->peer;
    struct error own = {0};
    x->waits_for_commit = 0;
    if (p == NULL) {
        if (result == NULL || answer_push(x, result, &own) != 0)
            exchange_drop(x); /* the laptop begins anew, and is told then */
        return;
    }
    if (result == NULL) {
        refuse(p, e);
        return;
    }
    say(p, "%llu changes received and on the disk, up to number %llu; %zu of them held%s",
        (unsigned long long)result->seq - result->first_seq + 1, (unsigned long long)result->seq, result->held_count,
        result->held_count != 0 ? ", see `satcheld held list`" : "");
    if (answer_push(x, result, &own) != 0)
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
        say(p, "%s", e.text);
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
            say(p, "the connection broke off");
        p->x->is_told = 1;
        close_peer(p);
    } else if (size > 0 && !p->refused) {
        take_bytes(p, (const uint8_t *)buffer->base, (size_t)size);
    }
    free(buffer->base);
}

static void make_room(struct peer *p)
{
    say(p, "closed, to make room for newer connections");
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
