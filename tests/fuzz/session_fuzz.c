/* Fuzzes the going on of a session. The input's first byte chooses:
 *
 *   0  any bytes as what a laptop kept of a session: what is accepted is packed again as the very same bytes
 *   1  an office that parked a session in the middle of an answer; the laptop's next link, an authentic one, lies: each
 *      step of the input is a resume with fields of the input's choice, a message of any bytes, or a rest of any bytes
 *   2  the same, parked in the middle of a message of the laptop's
 *
 * What must hold: no crash, no leak, bounded memory; and a session goes on only from a resume that names it, its turn
 * and the bytes that were said. */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "session.h"
#include "wire_limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t laptop_secret[32] = {1, 2, 3}, office_secret[32] = {4, 5, 6};
static uint8_t office_public[32];

static void must(int condition)
{
    if (!condition)
        abort();
}

static void fuzz_kept(struct slice bytes)
{
    struct session *s;
    struct pack w;
    if (session_load(bytes, &s, NULL) != 0) {
        must(s == NULL);
        return;
    }
    must(session_save(s, &w, NULL) == 0 && slice_equal(pack_bytes(&w), bytes));
    pack_free(&w);
    session_free(s);
}

/* Carries all from the link to the office, and back. */
static int carry(struct link *l, struct session *office)
{
    size_t size;
    const uint8_t *p = link_output(l, &size);
    int code = size == 0 ? 0 : session_receive(office, p, size, NULL);
    link_sent(l, size);
    return code;
}

static void carry_back(struct session *office, struct link *l)
{
    struct link_event ev;
    size_t size;
    const uint8_t *p = session_output(office, &size);
    if (size != 0)
        must(link_receive(l, p, size, NULL) == 0);
    session_sent(office, size);
    do {
        link_await_rest(l, LIMITS_MESSAGE_MAX);
        must(link_next(l, &ev, NULL) == 0);
    } while (ev.type != LINK_NOTHING);
}

/* A link with the handshake done, and the office's session on it. */
static struct link *shake(struct session **office)
{
    struct link *l = link_new_initiator(LINK_SYNC, laptop_secret, office_public, NULL, NULL);
    struct session_event ev;
    *office = session_new_office(office_secret);
    must(l != NULL && *office != NULL);
    must(carry(l, *office) == 0 && session_next(*office, &ev, NULL) == 0);
    carry_back(*office, l);
    must(carry(l, *office) == 0 && session_next(*office, &ev, NULL) == 0 && ev.type == SESSION_READY);
    return l;
}

static void say(struct link *l, const struct message *m)
{
    struct pack w;
    must(message_write(m, &w, NULL) == 0);
    must(link_send(l, (const uint8_t *)w.buffer.data, w.buffer.size, NULL) == 0);
    pack_free(&w);
}

/* A session of the office's whose link broke: behind a pull that was answered, or in a push. */
static struct session *park(int in_push, uint8_t name[16])
{
    static const uint8_t noise[3000] = {7};
    struct session *office;
    struct session_event ev;
    struct link *l = shake(&office);
    struct message m = {.type = MESSAGE_HELLO};
    link_name(l, name);
    say(l, &m);
    must(carry(l, office) == 0 && session_next(office, &ev, NULL) == 0 && ev.type == SESSION_MESSAGE);
    m = (struct message){.type = MESSAGE_WELCOME};
    must(session_send(office, &m, NULL) == 0);
    m = (struct message){.type = in_push ? MESSAGE_PUSH : MESSAGE_PULL};
    if (in_push)
        m.as.push.batch = (struct slice){noise, sizeof noise};
    say(l, &m);
    if (in_push) {
        size_t size;
        const uint8_t *p = link_output(l, &size);
        must(session_receive(office, p, 1500, NULL) == 0 && session_next(office, &ev, NULL) == 0);
    } else {
        must(carry(l, office) == 0 && session_next(office, &ev, NULL) == 0 && ev.type == SESSION_MESSAGE);
        m = (struct message){.type = MESSAGE_ENTRIES};
        m.as.entries.batch = (struct slice){noise, sizeof noise};
        must(session_send(office, &m, NULL) == 0);
    }
    link_free(l);
    must(session_break(office) == 1);
    return office;
}

/* Reads a resume out of the input: the true one, with some of its fields altered. */
static void say_resume(struct link *l, const uint8_t name[16], uint8_t altered, uint8_t by)
{
    static const uint8_t key[] = "satchel part 1";
    struct message m = {.type = MESSAGE_RESUME};
    struct message_resume *r = &m.as.resume;
    memcpy(r->session.b, name, 16);
    r->turn = altered & 1 ? by : 2;
    r->bytes = altered & 2 ? by : 0;
    crypto_generichash(r->hash, 32, NULL, 0, key, sizeof key - 1);
    r->hash[by % 32] ^= altered & 4 ? 1 : 0;
    r->session.b[by % 16] ^= altered & 8 ? 1 : 0;
    say(l, &m);
}

static void fuzz_links(int in_push, const uint8_t *data, size_t size)
{
    uint8_t name[16];
    struct session *parked = park(in_push, name), *office;
    struct link *l = shake(&office);
    struct session_event ev;
    int code = 0;
    while (size >= 3 && code == 0) {
        size_t more = data[2] < size - 3 ? data[2] : size - 3;
        uint8_t kind = data[0] % 3, altered = data[1];
        if (kind == 0)
            say_resume(l, name, altered, data[2]);
        else if (kind == 1)
            must(link_send(l, data + 3, more, NULL) == 0);
        else
            must(link_send_rest(l, data + 3, more, NULL) == 0);
        data += kind == 0 ? 3 : 3 + more;
        size -= kind == 0 ? 3 : 3 + more;
        code = carry(l, office);
        while (code == 0 && (code = session_next(office, &ev, NULL)) == 0 && ev.type != SESSION_NOTHING) {
            if (ev.type == SESSION_MESSAGE && ev.message.type == MESSAGE_RESUME) {
                struct message_resume r = ev.message.as.resume;
                int taken = session_take_up(office, parked, &r, NULL);
                /* Of turn 3, which nobody has begun, there is nothing yet. */
                must(taken == 0 || (taken == 1 && memcmp(r.session.b, name, 16) == 0));
                must(taken == 0 || r.turn == 2 || (!in_push && r.turn == 3 && r.bytes == 0));
                must(taken == 0 || !in_push || r.bytes == 0);
            }
            must(session_bytes(office) < 4 * (size_t)LIMITS_MESSAGE_MAX);
        }
        if (code == 0)
            carry_back(office, l);
    }
    session_free(parked);
    session_free(office);
    link_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || sodium_init() < 0)
        return 0;
    (void)crypto_scalarmult_base(office_public, office_secret);
    if (data[0] % 3 == 0)
        fuzz_kept((struct slice){data + 1, size - 1});
    else
        fuzz_links(data[0] % 3 == 2, data + 1, size - 1);
    return 0;
}
