/* A session that goes on over another link. docs/PROTOCOL.md, "Going on", has it in words.
 *
 * The laptop leads and at most one answer is due, so the place at which a link broke is one of these:
 *
 *   a message of the laptop's has come to the office in part   it sends the rest
 *   it has come whole, and the office has not answered yet     it waits for the answer
 *   the answer has come to the laptop in part                  the office sends the rest
 *
 * Each side keeps the last message that it said until the other's next one has come, and what has come of the other's.
 * A resume names the session and says how much of the answer is here; the answer to it says how much of the laptop's
 * message is there. Both give the hash of that beginning, and each side compares it with what it sent: the two must be
 * of one message, whatever became of the stores and the disks meanwhile. */
#include "session_private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void session_part_free(struct session_part *part)
{
    if (part->p != NULL)
        sodium_memzero(part->p, part->size);
    free(part->p);
    *part = (struct session_part){NULL, 0};
}

static void hash_beginning(const uint8_t *p, size_t size, uint8_t out[32])
{
    static const uint8_t domain[] = "satchel part 1";
    crypto_generichash(out, 32, p, size, domain, sizeof domain - 1);
}

/* 1: part begins with so many bytes of that hash. */
static int begins_so(const struct session_part *part, uint64_t size, const uint8_t hash[32])
{
    uint8_t own[32];
    if (size > part->size)
        return 0;
    hash_beginning(part->p, (size_t)size, own);
    return memcmp(own, hash, sizeof own) == 0;
}

/* Puts bytes behind a part. */
static int append(struct session_part *part, struct slice more, struct error *e)
{
    uint8_t *p;
    if (more.size == 0)
        return 0;
    if ((p = malloc(part->size + more.size)) == NULL)
        return error_set(e, E_MEMORY, "there is no memory for what the peer sent; try again");
    if (part->size != 0)
        memcpy(p, part->p, part->size);
    memcpy(p + part->size, more.p, more.size);
    more.size += part->size;
    session_part_free(part);
    *part = (struct session_part){p, more.size};
    return 0;
}

/* --- what is kept --- */

int session_keep_said(struct session *s, struct pack *bytes, struct error *e)
{
    struct session_part said = {NULL, 0};
    int code = append(&said, pack_bytes(bytes), e);
    if (code != 0)
        return code;
    session_part_free(&s->said);
    s->said = said;
    s->confirmed = 0;
    s->turn += s->self == LAPTOP;
    return 0;
}

void session_note_heard(struct session *s, struct slice bytes)
{
    session_part_free(&s->got);
    session_part_free(&s->said);
    if (s->self != OFFICE)
        return;
    s->turn++;
    s->heard_size = bytes.size;
    hash_beginning(bytes.p, bytes.size, s->heard_hash);
}

int session_join(struct session *s, struct slice rest, struct slice *whole, struct error *e)
{
    int code = append(&s->got, rest, e);
    if (code != 0)
        return code;
    session_part_free(&s->joined);
    s->joined = s->got;
    s->got = (struct session_part){NULL, 0};
    *whole = (struct slice){s->joined.p, s->joined.size};
    return 0;
}

/* --- a link breaks --- */

/* 1: the session is one that goes on over links, and is in the middle of something. */
static int may_go_on(const struct session *s)
{
    const struct session_order *o = &s->order;
    return s->dead == 0 && !s->gave_up && o->standing[LAPTOP] == SPEAKS && o->standing[OFFICE] == SPEAKS &&
           o->state > STATE_HANDSHAKE && o->state < STATE_RESUMED &&
           (s->turn != 0 || (s->self == OFFICE && s->got.size != 0));
}

int session_break(struct session *s)
{
    struct slice come;
    int is_rest, sound;
    if (s->link == NULL)
        return may_go_on(s);
    sound = s->resumes || (link_is_ready(s->link) && link_mode_of(s->link) == LINK_SYNC);
    come = link_unfinished(s->link, &is_rest);
    /* What has come of the answer to a resume is asked for again. A message behind a beginning of another would be out
     * of turn. */
    if (sound && !s->resumes && (is_rest || s->got.size == 0))
        sound = append(&s->got, come, NULL) == 0;
    session_part_free(&s->joined);
    link_free(s->link);
    s->link = NULL;
    s->resumes = 0;
    return sound && may_go_on(s);
}

int session_relink(struct session *s, const uint8_t s_secret[32], const uint8_t rs[32], struct error *e)
{
    s->link = link_new_initiator(LINK_SYNC, s_secret, rs, NULL, NULL);
    s->resumes = 1;
    return s->link == NULL ? error_memory(e) : 0;
}

/* --- asking, on the laptop --- */

int session_ask(struct session *s, struct error *e)
{
    struct message m = {.type = MESSAGE_RESUME};
    struct pack bytes;
    int code;
    m.as.resume.session = s->name;
    m.as.resume.turn = s->turn;
    m.as.resume.bytes = s->got.size;
    hash_beginning(s->got.p, s->got.size, m.as.resume.hash);
    if ((code = message_write(&m, &bytes, e)) == 0)
        code = link_send(s->link, (const uint8_t *)bytes.buffer.data, bytes.buffer.size, e);
    pack_free(&bytes);
    return code;
}

/* The office goes on with no such session: this link begins another, with a hello. */
static void begin_anew(struct session *s)
{
    session_part_free(&s->said);
    session_part_free(&s->got);
    s->turn = 0;
    s->confirmed = 0;
    s->order.state = STATE_HELLO;
    link_name(s->link, s->name.b);
}

int session_answered(struct session *s, const struct message_resumed *m, struct session_event *event, struct error *e)
{
    size_t there = (size_t)m->bytes;
    s->resumes = 0;
    event->type = SESSION_FORGOTTEN;
    if (!m->goes_on) {
        begin_anew(s);
        return 0;
    }
    if (!begins_so(&s->said, m->bytes, m->hash)) {
        s->dead = E_VERIFY;
        return error_set(e, E_VERIFY,
                         "the office would go on with something that this laptop did not say; sync again: that begins "
                         "anew, and nothing was lost");
    }
    event->type = SESSION_RESUMED;
    s->confirmed = there;
    link_await_rest(s->link, LIMITS_MESSAGE_MAX - s->got.size);
    return there == s->said.size ? 0 : link_send_rest(s->link, s->said.p + there, s->said.size - there, e);
}

int session_resumes(const struct session *s)
{
    return s->resumes;
}

uint64_t session_reached(const struct session *s)
{
    return s->turn << 24 | (s->confirmed + s->got.size);
}

int session_pending(const struct session *s, struct message *out, struct error *e)
{
    return message_read((struct slice){s->said.p, s->said.size}, out, e);
}

/* --- answering, at the office --- */

/* 1: the office has all of the laptop's message of that turn, or a beginning of it. Fills in how much. */
static int find_place(const struct session *s, const struct message_resume *m, struct message_resumed *out)
{
    int answers = s->order.state != STATE_HELLO && s->order.state != STATE_IDLE; /* it owes an answer */
    if (m->turn == s->turn + 1 && !answers && m->bytes == 0) {
        out->bytes = s->got.size;
        hash_beginning(s->got.p, s->got.size, out->hash);
        return 1;
    }
    if (m->turn != s->turn || m->turn == 0 || s->got.size != 0 || (answers && m->bytes != 0))
        return 0;
    out->bytes = s->heard_size;
    memcpy(out->hash, s->heard_hash, sizeof out->hash);
    return answers || (m->bytes < s->said.size && begins_so(&s->said, m->bytes, m->hash));
}

int session_take_up(struct session *s, struct session *earlier, const struct message_resume *m, struct error *e)
{
    struct message answer = {.type = MESSAGE_RESUMED};
    struct link *link = s->link;
    int code;
    answer.as.resumed.goes_on =
        earlier != NULL && id_equal(&earlier->name, &m->session) && find_place(earlier, m, &answer.as.resumed);
    if ((code = session_send(s, &answer, e)) != 0 || !answer.as.resumed.goes_on)
        return code != 0 ? -1 : 0;
    *s = *earlier;
    s->link = link;
    *earlier = (struct session){.self = OFFICE};
    link_await_rest(link, LIMITS_MESSAGE_MAX - s->got.size);
    if (m->turn == s->turn && s->said.size != 0)
        code = link_send_rest(link, s->said.p + m->bytes, s->said.size - (size_t)m->bytes, e);
    return code != 0 ? -1 : 1;
}

size_t session_bytes(const struct session *s)
{
    return sizeof *s + s->said.size + s->got.size + s->joined.size;
}

/* --- between two runs of a laptop's program --- */

/* A fork is handed over by one run of the program. */
static int may_be_loaded(enum session_state state)
{
    return state == STATE_WELCOME || state == STATE_PUSHED || state == STATE_ENTRIES;
}

int session_save(const struct session *s, struct pack *out, struct error *e)
{
    pack_start(out);
    if (!may_be_loaded(s->order.state))
        return error_set(e, E_INTERNAL, "the session waits for nothing that another run of the program can take");
    pack_array(out, 5);
    pack_id(out, &s->name);
    pack_uint(out, s->turn);
    pack_uint(out, s->order.state);
    pack_bin(out, s->said.p, s->said.size);
    pack_bin(out, s->got.p, s->got.size);
    return pack_finish(out, e);
}

int session_load(struct slice saved, struct session **out, struct error *e)
{
    struct session *s = calloc(1, sizeof *s);
    struct unpack r;
    int code;
    *out = NULL;
    if (s == NULL)
        return error_memory(e);
    unpack_start(&r, saved);
    unpack_items(&r, 5);
    s->name = unpack_id(&r);
    s->turn = unpack_uint_between(&r, 1, UINT32_MAX);
    s->order.state = (enum session_state)unpack_uint_between(&r, STATE_WELCOME, STATE_ENTRIES);
    if (!may_be_loaded(s->order.state))
        unpack_refuse(&r);
    if ((code = append(&s->said, unpack_bin(&r), e)) == 0)
        code = append(&s->got, unpack_bin(&r), e);
    if (code == 0)
        code = unpack_end(&r, "what is kept of an unfinished sync", e);
    if (code == 0 && (s->said.size == 0 || s->said.size > LIMITS_MESSAGE_MAX || s->got.size > LIMITS_MESSAGE_MAX))
        code = error_set(e, E_INPUT, "what is kept of an unfinished sync is not as it should be");
    if (code != 0)
        session_free(s);
    else
        *out = s;
    return code;
}
