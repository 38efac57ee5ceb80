/* The link: the handshake's stages, frames cut into sealed transport messages and put together again, and the queues
 * between. */
#include "link.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "wire_limits.h"

/* The stages of a link. The handshake's messages have one length each, so the bytes that a stranger may make us hold
 * stand in a small array in the link, and a stream that is not ours is known by its first two or three bytes.
 *
 *   initiator            responder
 *                        PREFACE   8 bytes: "SATCHEL" and the mode
 *   (writes 1)           FIRST     sync: answers with 2; enrolment: LINK_TICKET
 *                        SECRET    waits for link_secret, then answers with 2
 *   SECOND  writes 3     THIRD
 *   OPEN    LINK_READY   OPEN      LINK_READY
 *
 * Handshake messages are taken as they arrive, in link_receive: the first transport message may stand in the same read
 * behind the third. Transport messages are opened one by one in link_next, when the message before has been taken, so
 * that what a peer makes us hold in clear is one message and no more. */
enum stage { STAGE_PREFACE, STAGE_FIRST, STAGE_SECRET, STAGE_SECOND, STAGE_THIRD, STAGE_OPEN, STAGE_DEAD };

#define MAGIC "SATCHEL"
#define PREFACE_BYTES 8
#define TICKET_BYTES 16
#define LENGTH_BYTES 2                                  /* before each Noise message */
#define FIRST_BYTES (NOISE_KEY_BYTES + NOISE_TAG_BYTES) /* and the ticket's id in an enrolment */
#define SECOND_BYTES (NOISE_KEY_BYTES + NOISE_TAG_BYTES)
#define THIRD_BYTES (NOISE_KEY_BYTES + 2 * NOISE_TAG_BYTES)
#define AWAITED_BYTES (LENGTH_BYTES + THIRD_BYTES) /* the longest of the handshake's */
#define OPENING_BYTES (PREFACE_BYTES + LENGTH_BYTES + FIRST_BYTES + TICKET_BYTES)
#define FRAME_BYTES 5 /* length and type before each frame */
#define FRAME_MESSAGE 0
#define FRAME_END 1
#define FRAME_REST 2
#define PLAIN_MAX ((size_t)FRAME_BYTES + LIMITS_MESSAGE_MAX + LIMITS_NOISE_PAYLOAD_MAX)

/* What a transport message carries at most, by how much the link has carried before: a receiver can use nothing of one
 * that has not come whole, so the first ones are short. */
enum { FIRST_PARTS = 8192, FIRST_PART = 512, SECOND_PARTS = 65536, SECOND_PART = 4096 };

static_assert(LENGTH_BYTES + FIRST_BYTES + TICKET_BYTES <= AWAITED_BYTES,
              "the first message fits where the third does");

/* Bytes that come in at one end and leave at the other. An empty queue has no memory. */
struct queue {
    uint8_t *p;
    size_t start, end, capacity;
};

struct link {
    struct noise noise;
    uint8_t s_secret[NOISE_KEY_BYTES]; /* the responder's, until the preface tells the pattern */
    enum stage stage;
    enum link_mode mode;
    enum link_event_type pending; /* LINK_TICKET or LINK_READY, to be told by link_next */
    int initiator, sent_end, peer_ended;
    int code;             /* once dead: the error ... */
    const char *sentence; /* ... and its words, which are constants, so that a stranger costs no more */
    uint8_t ticket[TICKET_BYTES];
    uint8_t awaited[AWAITED_BYTES]; /* the preface, then one handshake message after the other */
    size_t awaited_size;
    struct queue in;    /* transport messages, sealed */
    struct queue plain; /* frames, opened; the first may belong to the caller's event: */
    size_t taken;       /* these bytes of it, which go with the next link_next */
    struct queue out;   /* to be written */
    size_t carried;     /* bytes that were sealed on this link; beyond SECOND_PARTS not counted */
    size_t rest_max;    /* of the rest of a message that may come now; 0: none may */
};

/* A stranger costs us the link and the one answer that is queued for him. */
static_assert(sizeof(struct link) + OPENING_BYTES <= LIMITS_HANDSHAKE_PEER_MAX, "a stranger costs too much");

static const char not_ours[] = "the peer does not speak Satchel's protocol, or not this version of it (" LINK_VERSION
                               "): check the address and the port, and that both programs are of the same version";
static const char out_of_order[] = "the peer sent what Satchel's protocol (" LINK_VERSION
                                   ") does not have: both programs must be of the same version; then connect again";
static const char altered[] = "the stream was altered on its way, or cut and joined (a message does not "
                              "authenticate): nothing of it was used; connect again";
static const char no_memory[] = "there is no memory for what the peer sent; close other programs and connect again";

/* --- queues --- */

static size_t queue_size(const struct queue *q)
{
    return q->end - q->start;
}

/* Wipes and frees: what the link opened is somebody's case. */
static void queue_free(struct queue *q)
{
    if (q->p != NULL)
        sodium_memzero(q->p, q->capacity);
    free(q->p);
    memset(q, 0, sizeof *q);
}

/* Makes room for `more` bytes behind the end, for at most max bytes in all. E_LIMIT, E_MEMORY; then nothing changed. */
static int queue_reserve(struct queue *q, size_t more, size_t max)
{
    size_t size = queue_size(q), capacity;
    uint8_t *p;
    if (more > max || size > max - more)
        return E_LIMIT;
    if (q->capacity - q->end >= more)
        return 0;
    /* Move the bytes to the front only if at least as many have left as are still there, else each moves often. */
    if (q->capacity - size >= more && q->start >= size) {
        memmove(q->p, q->p + q->start, size);
        q->start = 0;
        q->end = size;
        return 0;
    }
    capacity = size * 2 > size + more ? size * 2 : size + more;
    if (capacity > max)
        capacity = max;
    p = malloc(capacity);
    if (p == NULL)
        return E_MEMORY;
    if (size > 0)
        memcpy(p, q->p + q->start, size);
    queue_free(q);
    q->p = p;
    q->end = size;
    q->capacity = capacity;
    return 0;
}

static void queue_drop(struct queue *q, size_t size)
{
    assert(size <= queue_size(q));
    q->start += size;
    if (q->start == q->end)
        queue_free(q);
}

/* --- numbers: big-endian --- */

static size_t get16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, size_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | (uint32_t)get16(p + 2);
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

/* --- errors --- */

static int repeat(const struct link *l, struct error *e)
{
    return error_set(e, l->code, "%s", l->sentence);
}

/* Makes the link dead: wipes its keys and drops what was to be written. What the last event points to stays until the
 * next link_next. */
static void fail(struct link *l, int code, const char *sentence)
{
    l->stage = STAGE_DEAD;
    l->pending = LINK_NOTHING;
    l->code = code;
    l->sentence = sentence;
    noise_wipe(&l->noise);
    sodium_memzero(l->s_secret, sizeof l->s_secret);
    sodium_memzero(l->awaited, sizeof l->awaited);
    queue_free(&l->in);
    queue_free(&l->out);
}

/* --- the handshake --- */

/* Starts Noise. The prologue is the preface (our own, or the peer's as it came) and the version. */
static void noise_begin(struct link *l, const uint8_t s_secret[NOISE_KEY_BYTES], const uint8_t *rs)
{
    uint8_t prologue[PREFACE_BYTES + sizeof LINK_VERSION - 1];
    memcpy(prologue, MAGIC, PREFACE_BYTES - 1);
    prologue[PREFACE_BYTES - 1] = (uint8_t)l->mode;
    memcpy(prologue + PREFACE_BYTES, LINK_VERSION, sizeof LINK_VERSION - 1);
    noise_start(&l->noise, l->mode == LINK_ENROL ? NOISE_XKPSK3 : NOISE_XK,
                l->initiator ? NOISE_INITIATOR : NOISE_RESPONDER, (struct slice){prologue, sizeof prologue},
                &(struct noise_keys){s_secret, rs, NULL});
}

/* Queues the next handshake message. */
static int handshake_write(struct link *l, const uint8_t *payload, size_t payload_bytes)
{
    uint8_t bytes[AWAITED_BYTES];
    size_t size = 0;
    int code = noise_write(&l->noise, (struct slice){payload, payload_bytes}, bytes + LENGTH_BYTES,
                           sizeof bytes - LENGTH_BYTES, &size, NULL);
    if (code == 0)
        code = queue_reserve(&l->out, LENGTH_BYTES + size, LIMITS_OUTPUT_MAX);
    if (code == 0) {
        put16(bytes, size);
        memcpy(l->out.p + l->out.end, bytes, LENGTH_BYTES + size);
        l->out.end += LENGTH_BYTES + size;
    }
    return code;
}

struct link *link_new_initiator(enum link_mode mode, const uint8_t s_secret[NOISE_KEY_BYTES],
                                const uint8_t rs[NOISE_KEY_BYTES], const uint8_t *ticket, const uint8_t *secret)
{
    struct link *l = calloc(1, sizeof *l);
    int code;
    assert((mode == LINK_ENROL) == (ticket != NULL) && (mode == LINK_ENROL) == (secret != NULL));
    if (l == NULL || queue_reserve(&l->out, OPENING_BYTES, LIMITS_OUTPUT_MAX) != 0) {
        free(l);
        return NULL;
    }
    l->initiator = 1;
    l->mode = mode;
    l->stage = STAGE_SECOND;
    noise_begin(l, s_secret, rs);
    if (mode == LINK_ENROL)
        noise_psk(&l->noise, secret);
    memcpy(l->out.p, MAGIC, PREFACE_BYTES - 1);
    l->out.p[PREFACE_BYTES - 1] = (uint8_t)mode;
    l->out.end = PREFACE_BYTES;
    code = handshake_write(l, ticket, mode == LINK_ENROL ? TICKET_BYTES : 0);
    if (code != 0)
        fail(l, code,
             "the office's key that this laptop was given is no key at all, so the ticket or the store was altered: "
             "ask the office for a new ticket");
    return l;
}

struct link *link_new_responder(const uint8_t s_secret[NOISE_KEY_BYTES])
{
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->mode = LINK_SYNC;
    l->stage = STAGE_PREFACE;
    memcpy(l->s_secret, s_secret, sizeof l->s_secret);
    return l;
}

void link_free(struct link *l)
{
    if (l == NULL)
        return;
    queue_free(&l->in);
    queue_free(&l->plain);
    queue_free(&l->out);
    sodium_memzero(l, sizeof *l);
    free(l);
}

/* Returns how many bytes the stage waits for. */
static size_t awaited_bytes(const struct link *l)
{
    switch (l->stage) {
    case STAGE_PREFACE:
        return PREFACE_BYTES;
    case STAGE_FIRST:
        return LENGTH_BYTES + FIRST_BYTES + (l->mode == LINK_ENROL ? TICKET_BYTES : 0);
    case STAGE_SECOND:
        return LENGTH_BYTES + SECOND_BYTES;
    default:
        return LENGTH_BYTES + THIRD_BYTES;
    }
}

/* 1: what has come so far may be the beginning of what the stage waits for; 0: it is not ours. */
static int awaited_is_ours(const struct link *l)
{
    if (l->stage == STAGE_PREFACE) {
        size_t size = l->awaited_size < PREFACE_BYTES - 1 ? l->awaited_size : PREFACE_BYTES - 1;
        return memcmp(l->awaited, MAGIC, size) == 0;
    }
    return l->awaited_size < LENGTH_BYTES || get16(l->awaited) == awaited_bytes(l) - LENGTH_BYTES;
}

static const char *why_not_authentic(const struct link *l)
{
    if (l->stage == STAGE_SECOND && l->mode == LINK_ENROL)
        return "the peer does not hold the office's key that the ticket names: check the address; if it is right, "
               "ask the office for a new ticket";
    if (l->stage == STAGE_SECOND)
        return "the peer does not hold the office's key that this laptop was enrolled with: check the address; if "
               "it is right and the office has a new key, ask the office how to go on; nothing was sent";
    if (l->stage == STAGE_FIRST)
        return "the peer's first message is not for this office's key or not of this version (" LINK_VERSION
               "), and was not answered: it may have been enrolled with another office";
    if (l->mode == LINK_ENROL)
        return "the peer named a ticket and does not hold its secret: the ticket is unknown, used, expired or "
               "altered; make a new one";
    return altered;
}

static void preface_take(struct link *l)
{
    uint8_t mode = l->awaited[PREFACE_BYTES - 1];
    if (mode != LINK_SYNC && mode != LINK_ENROL) {
        fail(l, E_PEER, not_ours);
        return;
    }
    l->mode = (enum link_mode)mode;
    noise_begin(l, l->s_secret, NULL);
    sodium_memzero(l->s_secret, sizeof l->s_secret);
    l->stage = STAGE_FIRST;
}

/* Reads what was awaited, now that it is whole, answers if it is our turn, and goes to the next stage. */
static void awaited_take(struct link *l)
{
    uint8_t payload[TICKET_BYTES];
    size_t payload_bytes = 0;
    int code = 0;
    if (l->stage == STAGE_PREFACE) {
        preface_take(l);
        return;
    }
    if (noise_read(&l->noise, (struct slice){l->awaited + LENGTH_BYTES, l->awaited_size - LENGTH_BYTES}, payload,
                   sizeof payload, &payload_bytes, NULL) != 0) {
        fail(l, E_PEER, why_not_authentic(l));
        return;
    }
    if (l->stage == STAGE_FIRST && l->mode == LINK_ENROL) {
        memcpy(l->ticket, payload, TICKET_BYTES);
        l->stage = STAGE_SECRET;
        l->pending = LINK_TICKET;
    } else if (l->stage == STAGE_FIRST) {
        code = handshake_write(l, NULL, 0);
        l->stage = STAGE_THIRD;
    } else {
        if (l->stage == STAGE_SECOND)
            code = handshake_write(l, NULL, 0);
        l->stage = STAGE_OPEN;
        l->pending = LINK_READY;
    }
    if (code != 0) /* memory: a key of low order was refused when it was read */
        fail(l, code, no_memory);
}

/* Takes what belongs to the handshake from the front of the peer's bytes; returns how many bytes it took. */
static size_t handshake_receive(struct link *l, const uint8_t *bytes, size_t size)
{
    size_t room = awaited_bytes(l) - l->awaited_size, part = size < room ? size : room;
    memcpy(l->awaited + l->awaited_size, bytes, part);
    l->awaited_size += part;
    if (!awaited_is_ours(l)) {
        fail(l, E_PEER, not_ours);
    } else if (part == room) {
        awaited_take(l);
        l->awaited_size = 0;
    }
    return part;
}

int link_secret(struct link *l, const uint8_t secret[32], struct error *e)
{
    int code;
    if (l->stage == STAGE_DEAD)
        return repeat(l, e);
    if (l->stage != STAGE_SECRET)
        return error_set(e, E_INTERNAL, "a ticket's secret was given to a link that did not ask for one");
    noise_psk(&l->noise, secret);
    l->pending = LINK_NOTHING;
    code = handshake_write(l, NULL, 0);
    l->stage = STAGE_THIRD;
    if (code != 0) {
        fail(l, code, no_memory);
        return repeat(l, e);
    }
    return 0;
}

/* --- receiving --- */

int link_receive(struct link *l, const uint8_t *bytes, size_t size, struct error *e)
{
    int code;
    if (l->stage == STAGE_DEAD)
        return repeat(l, e);
    while (size > 0 && l->stage != STAGE_OPEN) {
        size_t part;
        if (l->stage == STAGE_SECRET) {
            fail(l, E_LIMIT, "the peer sent more before it was answered; it was refused");
            return repeat(l, e);
        }
        part = handshake_receive(l, bytes, size);
        bytes += part;
        size -= part;
        if (l->stage == STAGE_DEAD)
            return 0; /* link_next says why */
    }
    if (size == 0)
        return 0;
    code = queue_reserve(&l->in, size, LIMITS_RECEIVE_MAX);
    if (code != 0) {
        fail(l, code, code == E_LIMIT ? "the peer sends faster than it is heard; connect again" : no_memory);
        return repeat(l, e);
    }
    memcpy(l->in.p + l->in.end, bytes, size);
    l->in.end += size;
    return 0;
}

/* Opens the next transport message behind the frames that wait. 1: done; 0: it has not come whole, or the link has
 * died.
 */
static int transport_open(struct link *l)
{
    size_t size;
    int code;
    if (queue_size(&l->in) < LENGTH_BYTES)
        return 0;
    size = get16(l->in.p + l->in.start);
    if (size <= NOISE_TAG_BYTES) {
        fail(l, E_PEER, out_of_order);
        return 0;
    }
    if (queue_size(&l->in) - LENGTH_BYTES < size)
        return 0;
    code = queue_reserve(&l->plain, size - NOISE_TAG_BYTES, PLAIN_MAX);
    assert(code != E_LIMIT); /* no whole frame is left, and none is larger than LIMITS_MESSAGE_MAX */
    if (code != 0) {
        fail(l, code, no_memory);
        return 0;
    }
    code = noise_open(&l->noise, l->in.p + l->in.start + LENGTH_BYTES, size, l->plain.p + l->plain.end, NULL);
    if (code != 0) {
        fail(l, code, altered);
        return 0;
    }
    l->plain.end += size - NOISE_TAG_BYTES;
    queue_drop(&l->in, LENGTH_BYTES + size);
    return 1;
}

/* Takes the first frame. 1: event is filled; 0: the frame has not come whole, or the link has died. */
static int frame_take(struct link *l, struct link_event *event)
{
    const uint8_t *p;
    size_t size;
    if (queue_size(&l->plain) < FRAME_BYTES)
        return 0;
    p = l->plain.p + l->plain.start;
    size = get32(p);
    if (p[4] == FRAME_END && size == 0) {
        l->peer_ended = 1;
        event->type = LINK_END;
        queue_drop(&l->plain, FRAME_BYTES);
        return 1;
    }
    if (p[4] != FRAME_MESSAGE && (p[4] != FRAME_REST || l->rest_max == 0 || size == 0)) {
        fail(l, E_PEER, out_of_order);
        return 0;
    }
    if (size > (p[4] == FRAME_REST ? l->rest_max : LIMITS_MESSAGE_MAX)) {
        fail(l, E_LIMIT, "the peer announced a message that is larger than Satchel's protocol allows; it was refused");
        return 0;
    }
    if (queue_size(&l->plain) - FRAME_BYTES < size)
        return 0;
    event->type = p[4] == FRAME_REST ? LINK_REST : LINK_MESSAGE;
    l->rest_max = 0;
    event->bytes = p + FRAME_BYTES;
    event->size = size;
    l->taken = FRAME_BYTES + size;
    return 1;
}

/* Takes the event that the handshake left to be told. 1: event is filled; 0: there is none. */
static int pending_take(struct link *l, struct link_event *event)
{
    if (l->pending == LINK_NOTHING)
        return 0;
    event->type = l->pending;
    event->bytes = l->pending == LINK_TICKET ? l->ticket : l->noise.rs;
    event->size = l->pending == LINK_TICKET ? TICKET_BYTES : NOISE_KEY_BYTES;
    l->pending = LINK_NOTHING;
    return 1;
}

int link_next(struct link *l, struct link_event *event, struct error *e)
{
    *event = (struct link_event){LINK_NOTHING, NULL, 0};
    queue_drop(&l->plain, l->taken);
    l->taken = 0;
    if (l->stage == STAGE_DEAD) {
        queue_free(&l->plain);
        return repeat(l, e);
    }
    if (pending_take(l, event) || l->stage != STAGE_OPEN)
        return 0;
    if (l->peer_ended && queue_size(&l->in) + queue_size(&l->plain) > 0)
        fail(l, E_PEER, "the peer sent more after it had said that it had ended; it was refused");
    while (l->stage != STAGE_DEAD) {
        if (frame_take(l, event))
            return 0;
        if (l->stage != STAGE_DEAD && !transport_open(l) && l->stage != STAGE_DEAD)
            return 0;
    }
    return repeat(l, e);
}

/* --- sending --- */

/* Returns how many of `left` bytes go into the next transport message, behind those that *carried counts. */
static size_t next_part(size_t *carried, size_t left)
{
    size_t most = *carried < FIRST_PARTS    ? FIRST_PART
                  : *carried < SECOND_PARTS ? SECOND_PART
                                            : LIMITS_NOISE_PAYLOAD_MAX;
    size_t part = left < most ? left : most;
    if (*carried < SECOND_PARTS)
        *carried += part;
    return part;
}

/* Returns how many transport messages carry so many bytes. */
static size_t count_parts(const struct link *l, size_t left)
{
    size_t carried = l->carried, count = 0;
    for (; left > 0; count++)
        left -= next_part(&carried, left);
    return count;
}

/* Queues one frame, cut into as many transport messages as it takes: each is laid down in clear where it will be
 * sent from, and sealed there. */
static int frame_send(struct link *l, uint8_t type, const uint8_t *bytes, size_t size, struct error *e)
{
    size_t total = FRAME_BYTES + size, done = 0, end;
    int code =
        queue_reserve(&l->out, total + count_parts(l, total) * (LENGTH_BYTES + NOISE_TAG_BYTES), LIMITS_OUTPUT_MAX);
    if (code == E_LIMIT)
        return error_set(e, E_LIMIT, "%zu bytes wait for a peer that does not read, and no more are queued",
                         queue_size(&l->out));
    if (code != 0)
        return error_set(e, E_MEMORY, "there is no memory for a message of %zu bytes", size);
    end = l->out.end;
    while (done < total) {
        size_t part = next_part(&l->carried, total - done), head = 0;
        uint8_t *at = l->out.p + end + LENGTH_BYTES;
        if (done == 0) {
            head = FRAME_BYTES;
            put32(at, (uint32_t)size);
            at[4] = type;
        }
        if (part > head)
            memcpy(at + head, bytes + done + head - FRAME_BYTES, part - head);
        code = noise_seal(&l->noise, at, part, at, NULL);
        if (code != 0) {
            fail(l, code, "this link has sent all that one key may seal; connect again");
            return repeat(l, e);
        }
        put16(l->out.p + end, part + NOISE_TAG_BYTES);
        end += LENGTH_BYTES + part + NOISE_TAG_BYTES;
        done += part;
    }
    l->out.end = end;
    return 0;
}

static int may_send(const struct link *l, struct error *e)
{
    if (l->stage == STAGE_DEAD)
        return repeat(l, e);
    if (l->stage != STAGE_OPEN || l->sent_end)
        return error_set(e, E_INTERNAL, "a message was to be sent %s",
                         l->sent_end ? "after the end" : "before the handshake was done");
    return 0;
}

static int send_whole(struct link *l, uint8_t type, const uint8_t *bytes, size_t size, struct error *e)
{
    int code = may_send(l, e);
    if (code != 0)
        return code;
    if (size > LIMITS_MESSAGE_MAX)
        return error_set(e, E_LIMIT, "a message of %zu bytes is larger than the %u that Satchel's protocol allows",
                         size, LIMITS_MESSAGE_MAX);
    return frame_send(l, type, bytes, size, e);
}

int link_send(struct link *l, const uint8_t *message, size_t size, struct error *e)
{
    return send_whole(l, FRAME_MESSAGE, message, size, e);
}

int link_send_rest(struct link *l, const uint8_t *rest, size_t size, struct error *e)
{
    return send_whole(l, FRAME_REST, rest, size, e);
}

int link_end(struct link *l, struct error *e)
{
    int code = may_send(l, e);
    if (code == 0)
        code = frame_send(l, FRAME_END, NULL, 0, e);
    if (code == 0)
        l->sent_end = 1;
    return code;
}

const uint8_t *link_output(const struct link *l, size_t *size)
{
    *size = queue_size(&l->out);
    return *size > 0 ? l->out.p + l->out.start : NULL;
}

void link_sent(struct link *l, size_t size)
{
    if (l->stage != STAGE_DEAD) /* a dead link has dropped its output already */
        queue_drop(&l->out, size);
}

/* --- going on over another link --- */

void link_await_rest(struct link *l, size_t max)
{
    l->rest_max = max;
}

struct slice link_unfinished(const struct link *l, int *is_rest)
{
    size_t size = queue_size(&l->plain) - l->taken;
    const uint8_t *p = size == 0 ? NULL : l->plain.p + l->plain.start + l->taken;
    *is_rest = 0;
    if (l->stage != STAGE_OPEN || l->peer_ended || size <= FRAME_BYTES || size - FRAME_BYTES >= get32(p))
        return (struct slice){NULL, 0};
    *is_rest = p[4] == FRAME_REST;
    return (struct slice){p + FRAME_BYTES, size - FRAME_BYTES};
}

void link_name(const struct link *l, uint8_t out[16])
{
    memcpy(out, l->noise.hash, 16);
}

/* --- questions --- */

int link_is_ready(const struct link *l)
{
    return l->stage == STAGE_OPEN;
}

enum link_mode link_mode_of(const struct link *l)
{
    return l->mode;
}
