/* Fuzzes the link. The input's first byte chooses what it is fed to, its second how the rest is cut:
 *
 *   0  an office's link: any bytes before the handshake
 *   1  a laptop's link: any bytes as the office's answer
 *   2  an office's link behind an honest handshake: any bytes as transport messages, authentic or not
 *   3  the same, and the bytes are frames that the peer sealed: an authentic peer that lies
 *   4  the same, and an honest conversation is altered: three bytes of input are a position and what is xored there
 *
 * What must hold: no crash, no leak, bounded memory, an error that stays, no message after an end; and in 4, that what
 * is heard is the beginning of what was said. */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "allocation_fixture.h"
#include "error.h"
#include "link.h"
#include "noise.h"
#include "wire_limits.h"

#define SAID_COUNT 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t laptop_secret[32] = {1, 2, 3}, office_secret[32] = {4, 5, 6};
static const char *const said[SAID_COUNT] = {"hello", "", "a batch of changes, and then some", "x"};

static void must(int condition)
{
    if (!condition)
        abort();
}

/* One conversation's listener. */
struct listener {
    struct link *l;
    int ended, count, check;
};

/* Feeds bytes in parts of `part` and asks for the events of each. Not 0 once the link has died. */
static int feed(struct listener *to, const uint8_t *bytes, size_t size, size_t part)
{
    struct error e;
    while (size > 0) {
        size_t step = size < part ? size : part;
        struct link_event event;
        int code = link_receive(to->l, bytes, step, &e);
        bytes += step;
        size -= step;
        must(allocation.live <= (link_is_ready(to->l)
                                     ? LIMITS_HANDSHAKE_PEER_MAX + LIMITS_RECEIVE_MAX + LIMITS_MESSAGE_MAX + 65536u
                                     : LIMITS_HANDSHAKE_PEER_MAX)); /* nothing but the link is allocated here */
        while (code == 0 && (code = link_next(to->l, &event, &e)) == 0 && event.type != LINK_NOTHING) {
            static const uint8_t secret[32] = {9};
            must(!to->ended);
            to->ended = event.type == LINK_END;
            if (event.type == LINK_TICKET)
                must(link_secret(to->l, secret, &e) == 0);
            if (event.type == LINK_MESSAGE && to->check) {
                must(to->count < SAID_COUNT && event.size == strlen(said[to->count]));
                must(memcmp(event.bytes, said[to->count], event.size) == 0);
                to->count++;
            }
        }
        if (code != 0) {
            must(link_next(to->l, &event, NULL) == code && link_receive(to->l, bytes, 0, NULL) == code);
            must(e.code == code && e.text[0] != '\0' && !link_is_ready(to->l));
            return code;
        }
    }
    return 0;
}

/* An initiator of bare Noise, whose handshake with the listener is then done. */
static void handshake(struct noise *n, struct listener *office)
{
    static const char prologue[] = "SATCHELs" LINK_VERSION;
    uint8_t bytes[66], payload[1], office_public[32];
    const uint8_t *answer;
    size_t size;
    (void)crypto_scalarmult_base(office_public, office_secret);
    noise_start(n, NOISE_XK, NOISE_INITIATOR, (struct slice){(const uint8_t *)prologue, sizeof prologue - 1},
                &(struct noise_keys){laptop_secret, office_public, laptop_secret});
    memcpy(bytes, prologue, 8);
    must(noise_write(n, (struct slice){NULL, 0}, bytes + 10, sizeof bytes - 10, &size, NULL) == 0);
    bytes[8] = 0;
    bytes[9] = (uint8_t)size;
    must(feed(office, bytes, 10 + size, 100) == 0);
    answer = link_output(office->l, &size);
    must(size == 50);
    must(noise_read(n, (struct slice){answer + 2, size - 2}, payload, sizeof payload, &size, NULL) == 0);
    link_sent(office->l, 50);
    must(noise_write(n, (struct slice){NULL, 0}, bytes + 2, sizeof bytes - 2, &size, NULL) == 0);
    bytes[0] = 0;
    bytes[1] = (uint8_t)size;
    must(feed(office, bytes, 2 + size, 100) == 0);
    must(link_is_ready(office->l));
}

/* Seals a payload as one transport message behind out; returns its bytes. */
static size_t seal(struct noise *n, const uint8_t *payload, size_t size, uint8_t *out)
{
    must(noise_seal(n, payload, size, out + 2, NULL) == 0);
    out[0] = (uint8_t)((size + 16) >> 8);
    out[1] = (uint8_t)(size + 16);
    return size + 18;
}

static void fuzz_frames(struct noise *n, struct listener *office, const uint8_t *data, size_t size, size_t part)
{
    uint8_t bytes[256 + 18];
    while (size > 0) {
        size_t step = size < part ? size : part;
        if (feed(office, bytes, seal(n, data, step, bytes), sizeof bytes) != 0)
            return;
        data += step;
        size -= step;
    }
}

static void fuzz_altered(struct noise *n, struct listener *office, const uint8_t *data, size_t size, size_t part)
{
    uint8_t bytes[512], frame[64];
    size_t total = 0;
    int altered = 0;
    for (size_t i = 0; i <= SAID_COUNT; i++) {
        size_t length = i < SAID_COUNT ? strlen(said[i]) : 0;
        memset(frame, 0, 5);
        frame[3] = (uint8_t)length;
        frame[4] = i == SAID_COUNT;
        if (length > 0)
            memcpy(frame + 5, said[i], length);
        total += seal(n, frame, 5 + length, bytes + total);
    }
    for (; size >= 3; data += 3, size -= 3)
        bytes[((size_t)data[0] << 8 | data[1]) % total] ^= data[2];
    /* Two alterations can undo each other: what was sealed is made again to compare. */
    office->check = 1;
    {
        struct noise again = *n;
        uint8_t plain[64];
        size_t at = 0;
        again.receive = n->send;
        again.receive.nonce = 0;
        while (at < total && !altered) {
            size_t length = (size_t)bytes[at] << 8 | bytes[at + 1];
            altered = length > total - at - 2 || length > sizeof plain ||
                      noise_open(&again, bytes + at + 2, length, plain, NULL) != 0;
            at += 2 + length;
        }
    }
    must((feed(office, bytes, total, part) == 0 && office->ended) == !altered);
    must(altered || office->count == SAID_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct listener to = {NULL, 0, 0, 0};
    struct noise n;
    size_t part;
    if (size < 2 || sodium_init() < 0)
        return 0;
    part = (size_t)data[1] + 1;
    allocation_begin(0);
    if (data[0] % 5 == 1) {
        uint8_t office_public[32];
        (void)crypto_scalarmult_base(office_public, office_secret);
        to.l = link_new_initiator(LINK_SYNC, laptop_secret, office_public, NULL, NULL);
    } else {
        to.l = link_new_responder(office_secret);
    }
    must(to.l != NULL);
    if (data[0] % 5 >= 2)
        handshake(&n, &to);
    if (data[0] % 5 == 3)
        fuzz_frames(&n, &to, data + 2, size - 2, part);
    else if (data[0] % 5 == 4)
        fuzz_altered(&n, &to, data + 2, size - 2, part);
    else
        (void)feed(&to, data + 2, size - 2, part);
    link_free(to.l);
    return 0;
}
