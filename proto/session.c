/* Sessions. docs/PROTOCOL.md, "Sessions", has the table in words.
 *
 * Both sides keep the same order, which says who may say what now. Each steps it for what it sends and for what it
 * receives, so the two never differ for longer than a message takes. The laptop leads: it asks, the office answers, and
 * at most one answer is due. Two things are not in the table, because they may happen at any time: a side that cannot
 * go on says fail, after which only its end may follow; and once one side has failed or ended, the other may end as
 * well.
 *
 * session_resume.c has what happens if the link breaks and another goes on with the session. */
#include "session_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* These move the order as messages do, and have numbers that no message type has. */
enum { STEP_END = 256, STEP_READY_SYNC, STEP_READY_ENROL };

static const struct rule {
    enum session_state state;
    enum session_speaker speaker;
    int what; /* a message type or a step */
    enum session_state next;
} rules[] = {
    {STATE_HANDSHAKE, LAPTOP, STEP_READY_SYNC, STATE_HELLO},
    {STATE_HELLO, LAPTOP, MESSAGE_HELLO, STATE_WELCOME},
    {STATE_HELLO, LAPTOP, MESSAGE_RESUME, STATE_RESUMED},
    {STATE_RESUMED, OFFICE, MESSAGE_RESUMED, STATE_HELLO}, /* or where that session was (session_take_up) */
    {STATE_WELCOME, OFFICE, MESSAGE_WELCOME, STATE_IDLE},
    {STATE_IDLE, LAPTOP, MESSAGE_PUSH, STATE_PUSHED},
    {STATE_PUSHED, OFFICE, MESSAGE_PUSHED, STATE_IDLE},
    {STATE_IDLE, LAPTOP, MESSAGE_PULL, STATE_ENTRIES},
    {STATE_ENTRIES, OFFICE, MESSAGE_ENTRIES, STATE_IDLE},
    {STATE_IDLE, LAPTOP, MESSAGE_FORK, STATE_EPOCH},
    {STATE_EPOCH, OFFICE, MESSAGE_EPOCH, STATE_IDLE},
    {STATE_IDLE, LAPTOP, STEP_END, STATE_DONE},
    {STATE_HANDSHAKE, LAPTOP, STEP_READY_ENROL, STATE_ENROL},
    {STATE_ENROL, LAPTOP, MESSAGE_ENROL, STATE_ENROLLED},
    {STATE_ENROLLED, OFFICE, MESSAGE_ENROLLED, STATE_DONE},
    {STATE_DONE, LAPTOP, STEP_END, STATE_DONE},
    {STATE_DONE, OFFICE, STEP_END, STATE_DONE},
};

/* Steps the order, which nothing else changes. 1: the speaker may do that now; 0: it is out of turn. */
static int step(struct session_order *order, enum session_speaker speaker, int what)
{
    enum session_standing *own = &order->standing[speaker];
    enum session_standing other = order->standing[speaker == LAPTOP ? OFFICE : LAPTOP];
    if (*own == HAS_ENDED)
        return 0;
    if (what == MESSAGE_FAIL && *own == SPEAKS && order->state != STATE_HANDSHAKE) {
        *own = HAS_FAILED;
        return 1;
    }
    if (*own == HAS_FAILED || other != SPEAKS) {
        if (what != STEP_END)
            return 0;
        *own = HAS_ENDED;
        return 1;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].state == order->state && rules[i].speaker == speaker && rules[i].what == what) {
            order->state = rules[i].next;
            if (what == STEP_END)
                *own = HAS_ENDED;
            return 1;
        }
    return 0;
}

static enum session_speaker other_side(const struct session *s)
{
    return s->self == LAPTOP ? OFFICE : LAPTOP;
}

static struct session *session_new(enum session_speaker self, struct link *link)
{
    struct session *s = link == NULL ? NULL : calloc(1, sizeof *s);
    if (s == NULL) {
        link_free(link);
        return NULL;
    }
    s->link = link;
    s->self = self;
    return s;
}

struct session *session_new_laptop(enum link_mode mode, const uint8_t s_secret[32], const uint8_t rs[32],
                                   const struct id *ticket, const uint8_t *secret)
{
    return session_new(LAPTOP, link_new_initiator(mode, s_secret, rs, ticket == NULL ? NULL : ticket->b, secret));
}

struct session *session_new_office(const uint8_t s_secret[32])
{
    return session_new(OFFICE, link_new_responder(s_secret));
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    link_free(s->link);
    session_part_free(&s->said);
    session_part_free(&s->got);
    session_part_free(&s->joined);
    free(s);
}

/* --- receiving --- */

/* Returns the code that the session died of. Its sentence was told once and not kept: a stranger is to cost no copy. */
static int dead(const struct session *s, struct error *e)
{
    return error_set(e, s->dead, "the session is at an end: the peer broke the protocol; connect again");
}

static int out_of_order(struct session *s, const char *what, struct error *e)
{
    s->dead = E_PEER;
    return error_set(e, E_PEER, "the peer spoke out of turn (%s), so the session is at an end; connect again", what);
}

int session_receive(struct session *s, const uint8_t *bytes, size_t size, struct error *e)
{
    if (s->link == NULL)
        return error_set(e, E_INTERNAL, "bytes came for a session that has no link");
    return s->dead != 0 ? dead(s, e) : link_receive(s->link, bytes, size, e);
}

static int ready(struct session *s, const struct link_event *from, struct session_event *event, struct error *e)
{
    int what = link_mode_of(s->link) == LINK_ENROL ? STEP_READY_ENROL : STEP_READY_SYNC;
    event->type = SESSION_READY;
    memcpy(event->peer, from->bytes, sizeof event->peer);
    if (s->resumes)
        return session_ask(s, e);
    link_name(s->link, s->name.b);
    if (!step(&s->order, LAPTOP, what))
        return out_of_order(s, "a second handshake", e);
    return 0;
}

static int message(struct session *s, const struct link_event *from, struct session_event *event, struct error *e)
{
    struct slice bytes = {from->bytes, from->size};
    char what[32];
    int code = 0;
    if (from->type == LINK_REST)
        code = session_join(s, bytes, &bytes, e);
    if (code == 0)
        code = message_read(bytes, &event->message, e);
    if (code != 0) {
        s->dead = code;
        return code;
    }
    (void)snprintf(what, sizeof what, "message %d", (int)event->message.type);
    if (s->resumes && event->message.type == MESSAGE_RESUMED)
        return session_answered(s, &event->message.as.resumed, event, e);
    if (((s->resumes || s->got.size != 0) && event->message.type != MESSAGE_FAIL) ||
        !step(&s->order, other_side(s), (int)event->message.type))
        return out_of_order(s, what, e);
    event->type = SESSION_MESSAGE;
    if (event->message.type != MESSAGE_FAIL && event->message.type != MESSAGE_RESUME)
        session_note_heard(s, bytes);
    return 0;
}

static int end(struct session *s, struct session_event *event, struct error *e)
{
    if (!step(&s->order, other_side(s), STEP_END))
        return out_of_order(s, "an end", e);
    event->type = SESSION_END;
    return 0;
}

int session_next(struct session *s, struct session_event *event, struct error *e)
{
    struct link_event from;
    int code;
    event->type = SESSION_NOTHING;
    session_part_free(&s->joined);
    if (s->dead != 0)
        return dead(s, e);
    if (s->link == NULL)
        return 0;
    do {
        code = link_next(s->link, &from, e);
        if (code != 0)
            return code; /* the link is dead, and says so again */
    } while ((from.type == LINK_MESSAGE || from.type == LINK_REST) && s->gave_up);
    switch (from.type) {
    case LINK_NOTHING:
        break;
    case LINK_TICKET:
        event->type = SESSION_TICKET;
        memcpy(event->ticket.b, from.bytes, sizeof event->ticket.b);
        break;
    case LINK_READY:
        return ready(s, &from, event, e);
    case LINK_MESSAGE:
    case LINK_REST:
        return message(s, &from, event, e);
    case LINK_END:
        return end(s, event, e);
    }
    return 0;
}

/* --- sending --- */

int session_secret(struct session *s, const uint8_t secret[32], struct error *e)
{
    return link_secret(s->link, secret, e);
}

int session_send(struct session *s, const struct message *m, struct error *e)
{
    struct session_order before = s->order;
    struct pack bytes;
    int code;
    if (s->dead != 0 && m->type != MESSAGE_FAIL)
        return dead(s, e);
    if (!step(&s->order, s->self, (int)m->type))
        return error_set(e, E_INTERNAL, "message %d cannot be sent now", (int)m->type);
    code = message_write(m, &bytes, e);
    if (code == 0 && s->link != NULL)
        code = link_send(s->link, (const uint8_t *)bytes.buffer.data, bytes.buffer.size, e);
    if (code == 0 && m->type != MESSAGE_FAIL && m->type != MESSAGE_RESUMED)
        code = session_keep_said(s, &bytes, e);
    pack_free(&bytes);
    if (code != 0)
        s->order = before;
    else if (m->type == MESSAGE_FAIL)
        s->gave_up = 1;
    return code;
}

/* Returns the longest beginning of a sentence that a message may carry: within the limit, no letter cut in two. */
static struct slice sendable(const char *sentence)
{
    struct slice s = {(const uint8_t *)sentence, strnlen(sentence, MESSAGE_SENTENCE_MAX)};
    while (!pack_is_utf8(s.p, s.size))
        s.size--;
    return s;
}

int session_fail(struct session *s, int code, const char *sentence, struct error *e)
{
    struct message m = {.type = MESSAGE_FAIL};
    const char *name = error_name(code);
    int result;
    m.as.fail.code = (struct slice){(const uint8_t *)name, strlen(name)};
    m.as.fail.sentence = sendable(sentence);
    result = session_send(s, &m, e);
    return result != 0 ? result : session_end(s, e);
}

int session_end(struct session *s, struct error *e)
{
    struct session_order before = s->order;
    int code;
    if (s->dead != 0 && !s->gave_up) /* an end would say that all is well */
        return dead(s, e);
    if (!step(&s->order, s->self, STEP_END))
        return error_set(e, E_INTERNAL, "the session cannot be ended now");
    code = s->link == NULL ? 0 : link_end(s->link, e);
    if (code != 0)
        s->order = before;
    return code;
}

const uint8_t *session_output(const struct session *s, size_t *size)
{
    *size = 0;
    return s->link == NULL ? NULL : link_output(s->link, size);
}

void session_sent(struct session *s, size_t size)
{
    if (s->link != NULL)
        link_sent(s->link, size);
}

int session_is_ready(const struct session *s)
{
    return s->link != NULL && link_is_ready(s->link);
}

int session_has_ended(const struct session *s)
{
    return s->order.standing[other_side(s)] == HAS_ENDED;
}

enum link_mode session_mode(const struct session *s)
{
    return s->link == NULL ? LINK_SYNC : link_mode_of(s->link);
}
