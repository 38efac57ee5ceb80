/* Tests: proto/noise.c
 * noise.c against the published vectors, and against everything that a wire or a liar can do to a handshake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "error.h"
#include "noise.h"

#define MESSAGE_ROOM 512
#define VECTOR_MESSAGES 6

static const uint8_t prologue[] = "a prologue";
static const enum noise_pattern patterns[] = {NOISE_XK, NOISE_XKPSK3};

/* --- the published vectors --- */

struct text {
    char *p;
    size_t size;
};

/* The vectors' JSON, read whole; p NULL if the folder of shared files is not there. */
static struct text vectors_read(void)
{
    const char *shared = getenv("SATCHEL_SHARED");
    struct text text = {NULL, 0};
    char path[1024];
    FILE *file;
    long size;
    (void)snprintf(path, sizeof path, "%s/vectors/noise/cacophony.txt", shared != NULL ? shared : "../shared");
    file = fopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: %s is not there, so Noise's published vectors cannot be run\n", path);
        return text;
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    text.p = malloc((size_t)size);
    assert_non_null(text.p);
    text.size = fread(text.p, 1, (size_t)size, file);
    assert_int_equal(text.size, size);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Decodes hexadecimal; returns the number of bytes. */
static size_t from_hex(const unsigned char *hex, uint8_t *out, size_t out_max)
{
    size_t bytes = 0;
    assert_non_null(hex);
    assert_int_equal(sodium_hex2bin(out, out_max, (const char *)hex, strlen((const char *)hex), NULL, &bytes, NULL), 0);
    return bytes;
}

struct vector {
    uint8_t prologue[64], init_static[32], init_ephemeral[32], init_rs[32], resp_static[32], resp_ephemeral[32];
    uint8_t psk[32], hash[NOISE_HASH_BYTES];
    size_t prologue_bytes, count;
    struct {
        uint8_t payload[128], ciphertext[256];
        size_t payload_bytes, ciphertext_bytes;
    } messages[VECTOR_MESSAGES];
};

/* Fills v from the one vector of that name; fails if there is not exactly one. */
static void vector_find(sqlite3 *db, const struct text *json, const char *name, int has_psk, struct vector *v)
{
    static const char fields[] =
        "SELECT value ->> 'init_prologue', value ->> 'init_static', value ->> 'init_ephemeral',"
        " value ->> 'init_remote_static', value ->> 'resp_static', value ->> 'resp_ephemeral',"
        " value ->> '$.init_psks[0]', value ->> 'handshake_hash', value ->> 'resp_prologue',"
        " value ->> '$.resp_psks[0]' FROM json_each(?1, '$.vectors') WHERE value ->> 'protocol_name' = ?2";
    static const char messages[] =
        "SELECT m.value ->> 'payload', m.value ->> 'ciphertext' FROM json_each(?1, '$.vectors') v,"
        " json_each(v.value, '$.messages') m WHERE v.value ->> 'protocol_name' = ?2 ORDER BY m.key";
    sqlite3_stmt *s;
    uint8_t other[64];

    memset(v, 0, sizeof *v);
    assert_int_equal(sqlite3_prepare_v2(db, fields, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(s, 1, json->p, (int)json->size, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    v->prologue_bytes = from_hex(sqlite3_column_text(s, 0), v->prologue, sizeof v->prologue);
    assert_int_equal(from_hex(sqlite3_column_text(s, 1), v->init_static, 32), 32);
    assert_int_equal(from_hex(sqlite3_column_text(s, 2), v->init_ephemeral, 32), 32);
    assert_int_equal(from_hex(sqlite3_column_text(s, 3), v->init_rs, 32), 32);
    assert_int_equal(from_hex(sqlite3_column_text(s, 4), v->resp_static, 32), 32);
    assert_int_equal(from_hex(sqlite3_column_text(s, 5), v->resp_ephemeral, 32), 32);
    if (has_psk) {
        assert_int_equal(from_hex(sqlite3_column_text(s, 6), v->psk, 32), 32);
        assert_int_equal(from_hex(sqlite3_column_text(s, 9), other, 32), 32);
        assert_memory_equal(v->psk, other, 32);
    }
    assert_int_equal(from_hex(sqlite3_column_text(s, 7), v->hash, sizeof v->hash), NOISE_HASH_BYTES);
    assert_int_equal(from_hex(sqlite3_column_text(s, 8), other, sizeof other), v->prologue_bytes);
    assert_memory_equal(v->prologue, other, v->prologue_bytes);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);

    assert_int_equal(sqlite3_prepare_v2(db, messages, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(s, 1, json->p, (int)json->size, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        assert_true(v->count < VECTOR_MESSAGES);
        v->messages[v->count].payload_bytes = from_hex(sqlite3_column_text(s, 0), v->messages[v->count].payload, 128);
        v->messages[v->count].ciphertext_bytes =
            from_hex(sqlite3_column_text(s, 1), v->messages[v->count].ciphertext, 256);
        v->count++;
    }
    sqlite3_finalize(s);
    assert_int_equal(v->count, VECTOR_MESSAGES);
}

/* Both roles write what the vector has, and read it. */
static void vector_run(const struct vector *v, enum noise_pattern pattern)
{
    struct noise side[2];
    struct error e;
    noise_start(&side[0], pattern, NOISE_INITIATOR, (struct slice){v->prologue, v->prologue_bytes},
                &(struct noise_keys){v->init_static, v->init_rs, v->init_ephemeral});
    noise_start(&side[1], pattern, NOISE_RESPONDER, (struct slice){v->prologue, v->prologue_bytes},
                &(struct noise_keys){v->resp_static, NULL, v->resp_ephemeral});
    assert_memory_equal(side[1].s_public, v->init_rs, 32);
    for (size_t i = 0; i < v->count; i++) {
        struct noise *writer = &side[i % 2], *reader = &side[1 - i % 2];
        uint8_t bytes[MESSAGE_ROOM], payload[MESSAGE_ROOM];
        size_t size = 0, payload_size = 0, expected = v->messages[i].ciphertext_bytes;
        if (i == 2 && pattern == NOISE_XKPSK3) {
            noise_psk(writer, v->psk);
            noise_psk(reader, v->psk);
        }
        if (i < 3) {
            assert_int_equal(noise_write(writer, (struct slice){v->messages[i].payload, v->messages[i].payload_bytes},
                                         bytes, sizeof bytes, &size, &e),
                             0);
        } else {
            assert_int_equal(noise_seal(writer, v->messages[i].payload, v->messages[i].payload_bytes, bytes, &e), 0);
            size = v->messages[i].payload_bytes + NOISE_TAG_BYTES;
        }
        assert_int_equal(size, expected);
        assert_memory_equal(bytes, v->messages[i].ciphertext, expected);
        if (i < 3) {
            assert_int_equal(
                noise_read(reader, (struct slice){bytes, size}, payload, sizeof payload, &payload_size, &e), 0);
        } else {
            assert_int_equal(noise_open(reader, bytes, size, payload, &e), 0);
            payload_size = size - NOISE_TAG_BYTES;
        }
        assert_int_equal(payload_size, v->messages[i].payload_bytes);
        assert_memory_equal(payload, v->messages[i].payload, payload_size);
        if (i == 2) {
            assert_true(noise_done(&side[0]) && noise_done(&side[1]));
            assert_memory_equal(side[0].hash, v->hash, sizeof v->hash);
            assert_memory_equal(side[1].hash, v->hash, sizeof v->hash);
        }
    }
    noise_wipe(&side[0]);
    noise_wipe(&side[1]);
}

/* Goal: what we write is, byte for byte, what other people's implementations of Noise write. */
static void test_vectors(void **state)
{
    static const char *const names[] = {"Noise_XK_25519_ChaChaPoly_BLAKE2b", "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b"};
    struct text json = vectors_read();
    sqlite3 *db;
    (void)state;
    if (json.p == NULL)
        skip();
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < 2; i++) {
        struct vector v;
        vector_find(db, &json, names[i], patterns[i] == NOISE_XKPSK3, &v);
        vector_run(&v, patterns[i]);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(json.p);
}

/* --- handshakes of our own --- */

struct pair {
    uint8_t init_secret[32], resp_secret[32], resp_public[32], psk[32];
    struct noise initiator, responder;
};

static void pair_start(struct pair *p, enum noise_pattern pattern)
{
    randombytes_buf(p->init_secret, 32);
    randombytes_buf(p->resp_secret, 32);
    randombytes_buf(p->psk, 32);
    assert_int_equal(crypto_scalarmult_base(p->resp_public, p->resp_secret), 0);
    noise_start(&p->initiator, pattern, NOISE_INITIATOR, (struct slice){prologue, sizeof prologue},
                &(struct noise_keys){p->init_secret, p->resp_public, NULL});
    noise_start(&p->responder, pattern, NOISE_RESPONDER, (struct slice){prologue, sizeof prologue},
                &(struct noise_keys){p->resp_secret, NULL, NULL});
    if (pattern == NOISE_XKPSK3) {
        noise_psk(&p->initiator, p->psk);
        noise_psk(&p->responder, p->psk);
    }
}

static struct noise *writer_of(struct pair *p, int message)
{
    return message % 2 == 0 ? &p->initiator : &p->responder;
}

static struct noise *reader_of(struct pair *p, int message)
{
    return message % 2 == 0 ? &p->responder : &p->initiator;
}

/* Writes the message that is next. */
static size_t pair_write(struct pair *p, int message, uint8_t out[MESSAGE_ROOM])
{
    static const char *const payloads[] = {"the ticket", "", "a third payload"};
    size_t size = 0;
    assert_int_equal(noise_write(writer_of(p, message),
                                 (struct slice){(const uint8_t *)payloads[message], strlen(payloads[message])}, out,
                                 MESSAGE_ROOM, &size, NULL),
                     0);
    return size;
}

/* Runs the messages before `until`. */
static void pair_advance(struct pair *p, int until)
{
    for (int i = 0; i < until; i++) {
        uint8_t bytes[MESSAGE_ROOM], payload[MESSAGE_ROOM];
        size_t size = pair_write(p, i, bytes), payload_size;
        assert_int_equal(
            noise_read(reader_of(p, i), (struct slice){bytes, size}, payload, sizeof payload, &payload_size, NULL), 0);
    }
}

/* Reads from a copy of the reader, which must refuse, saying `why`, wipe itself and then be of no use. */
static void assert_refused_for(const struct noise *reader, const uint8_t *bytes, size_t size, const char *why)
{
    struct noise copy = *reader, wiped;
    uint8_t payload[MESSAGE_ROOM];
    size_t payload_size = 77;
    struct error e = {0, ""};
    noise_wipe(&wiped);
    assert_int_equal(noise_read(&copy, (struct slice){bytes, size}, payload, sizeof payload, &payload_size, &e),
                     E_PEER);
    assert_int_equal(e.code, E_PEER);
    assert_non_null(strstr(e.text, why));
    assert_int_equal(payload_size, 77);
    assert_memory_equal(&copy, &wiped, sizeof copy);
    assert_int_equal(noise_read(&copy, (struct slice){bytes, size}, payload, sizeof payload, &payload_size, NULL),
                     E_INTERNAL);
    assert_int_equal(noise_write(&copy, (struct slice){NULL, 0}, payload, sizeof payload, &payload_size, NULL),
                     E_INTERNAL);
    assert_int_equal(noise_seal(&copy, payload, 1, payload, NULL), E_INTERNAL);
    assert_int_equal(noise_open(&copy, payload, 17, payload, NULL), E_INTERNAL);
}

static void assert_refused(const struct noise *reader, const uint8_t *bytes, size_t size)
{
    assert_refused_for(reader, bytes, size, "Noise handshake message");
}

/* Goal: two sides that hold the right keys agree, know each other, and can talk both ways in any order. */
static void test_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p;
        uint8_t bytes[MESSAGE_ROOM], plain[MESSAGE_ROOM], zeros[64] = {0};
        pair_start(&p, patterns[i]);
        pair_advance(&p, 3);
        assert_true(noise_done(&p.initiator) && noise_done(&p.responder));
        assert_memory_equal(p.initiator.hash, p.responder.hash, NOISE_HASH_BYTES);
        assert_memory_equal(p.responder.rs, p.initiator.s_public, 32);
        assert_memory_equal(p.initiator.rs, p.responder.s_public, 32);
        assert_memory_not_equal(p.initiator.send.key, p.initiator.receive.key, 32);
        /* What only the handshake needed is gone. */
        assert_memory_equal(p.initiator.s_secret, zeros, 32);
        assert_memory_equal(p.initiator.e_secret, zeros, 32);
        assert_memory_equal(p.initiator.psk, zeros, 32);
        assert_memory_equal(p.initiator.chaining, zeros, 64);
        for (int round = 0; round < 20; round++) {
            struct noise *from = round % 3 == 0 ? &p.responder : &p.initiator;
            struct noise *to = round % 3 == 0 ? &p.initiator : &p.responder;
            size_t size = (size_t)round * 7;
            randombytes_buf(plain, size);
            memcpy(bytes, plain, size);
            assert_int_equal(noise_seal(from, bytes, size, bytes, NULL), 0);
            assert_int_equal(noise_open(to, bytes, size + NOISE_TAG_BYTES, bytes, NULL), 0);
            assert_memory_equal(bytes, plain, size);
        }
    }
}

/* Goal: two handshakes with the same keys share nothing, since the ephemeral keys are drawn anew. */
static void test_fresh(void **state)
{
    struct pair p, q;
    (void)state;
    pair_start(&p, NOISE_XK);
    q = p;
    noise_start(&q.initiator, NOISE_XK, NOISE_INITIATOR, (struct slice){prologue, sizeof prologue},
                &(struct noise_keys){q.init_secret, q.resp_public, NULL});
    noise_start(&q.responder, NOISE_XK, NOISE_RESPONDER, (struct slice){prologue, sizeof prologue},
                &(struct noise_keys){q.resp_secret, NULL, NULL});
    pair_advance(&p, 3);
    pair_advance(&q, 3);
    assert_memory_not_equal(p.initiator.send.key, q.initiator.send.key, 32);
    assert_memory_not_equal(p.initiator.hash, q.initiator.hash, NOISE_HASH_BYTES);
}

/* Goal: a message that was cut at any byte, or lengthened, is refused. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int message = 0; message < 3; message++) {
            struct pair p;
            uint8_t bytes[MESSAGE_ROOM + 1] = {0};
            size_t size;
            pair_start(&p, patterns[i]);
            pair_advance(&p, message);
            size = pair_write(&p, message, bytes);
            for (size_t cut = 0; cut < size; cut++)
                assert_refused(reader_of(&p, message), bytes, cut);
            assert_refused(reader_of(&p, message), bytes, size + 1);
        }
    }
}

/* Goal: one flipped bit in any byte of any message is noticed. */
static void test_flipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int message = 0; message < 3; message++) {
            struct pair p;
            uint8_t bytes[MESSAGE_ROOM];
            size_t size;
            pair_start(&p, patterns[i]);
            pair_advance(&p, message);
            size = pair_write(&p, message, bytes);
            for (size_t at = 0; at < size; at++) {
                uint8_t bit = (uint8_t)(1u << (at % 8));
                bytes[at] ^= bit;
                assert_refused(reader_of(&p, message), bytes, size);
                bytes[at] ^= bit;
            }
            /* X25519 ignores the highest bit of a public key (RFC 7748), but the hash does not. */
            bytes[31] ^= 0x80;
            assert_refused(reader_of(&p, message), bytes, size);
        }
    }
}

/* The points whose product with any secret key is zero (RFC 7748, section 7; cr.yp.to/ecdh.html#validate). */
static const char *const low_order[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/* Goal: a peer's key of low order, with which the shared secret would be known to everybody, is refused wherever it
 * stands. */
static void test_low_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof low_order / sizeof *low_order; i++) {
        uint8_t point[32], bytes[MESSAGE_ROOM], kept[MESSAGE_ROOM];
        struct pair p;
        struct noise n;
        struct error e;
        size_t size;
        assert_int_equal(from_hex((const unsigned char *)low_order[i], point, 32), 32);

        /* As the ephemeral key of messages 0 and 1. */
        for (int message = 0; message < 2; message++) {
            pair_start(&p, NOISE_XK);
            pair_advance(&p, message);
            size = pair_write(&p, message, bytes);
            memcpy(bytes, point, 32);
            assert_refused_for(reader_of(&p, message), bytes, size, "low order");
        }

        /* As the responder's static key: the writer refuses and its state stays. */
        noise_start(&n, NOISE_XK, NOISE_INITIATOR, (struct slice){prologue, sizeof prologue},
                    &(struct noise_keys){p.init_secret, point, NULL});
        memcpy(kept, &n.hash, sizeof n.hash);
        assert_int_equal(noise_write(&n, (struct slice){NULL, 0}, bytes, sizeof bytes, &size, &e), E_PEER);
        assert_int_equal(n.message, 0);
        assert_memory_equal(kept, n.hash, sizeof n.hash);

        /* As the initiator's static key, which authenticates as sent: only `se` tells. */
        pair_start(&p, NOISE_XK);
        pair_advance(&p, 2);
        memcpy(p.initiator.s_public, point, 32);
        size = pair_write(&p, 2, bytes);
        assert_refused_for(&p.responder, bytes, size, "low order");
    }
}

/* Goal: a wrong pre-shared key fails at the third message and not before; a wrong responder's key at the first; another
 * prologue at the first. */
static void test_wrong_keys(void **state)
{
    struct pair p;
    uint8_t bytes[MESSAGE_ROOM], other[32];
    size_t size;
    (void)state;

    pair_start(&p, NOISE_XKPSK3);
    p.psk[0] ^= 1;
    noise_psk(&p.responder, p.psk);
    pair_advance(&p, 2);
    size = pair_write(&p, 2, bytes);
    assert_refused(&p.responder, bytes, size);

    for (size_t i = 0; i < 2; i++) {
        pair_start(&p, patterns[i]);
        randombytes_buf(other, 32);
        noise_start(&p.responder, patterns[i], NOISE_RESPONDER, (struct slice){prologue, sizeof prologue},
                    &(struct noise_keys){other, NULL, NULL});
        size = pair_write(&p, 0, bytes);
        assert_refused(&p.responder, bytes, size);

        noise_start(&p.responder, patterns[i], NOISE_RESPONDER, (struct slice){prologue, sizeof prologue - 1},
                    &(struct noise_keys){p.resp_secret, NULL, NULL});
        assert_refused(&p.responder, bytes, size);

        noise_start(&p.responder, patterns[1 - i], NOISE_RESPONDER, (struct slice){prologue, sizeof prologue},
                    &(struct noise_keys){p.resp_secret, NULL, NULL});
        assert_refused(&p.responder, bytes, size);
    }
}

/* Goal: our own mistakes (out of turn, no psk, too little room) are told as such and change nothing. */
static void test_misuse(void **state)
{
    struct pair p;
    struct noise kept;
    uint8_t bytes[MESSAGE_ROOM], payload[MESSAGE_ROOM];
    size_t size = 0, payload_size = 0;
    struct error e;
    (void)state;

    pair_start(&p, NOISE_XKPSK3);
    kept = p.responder;
    assert_int_equal(noise_write(&p.responder, (struct slice){NULL, 0}, bytes, sizeof bytes, &size, &e), E_INTERNAL);
    assert_int_equal(noise_read(&p.initiator, (struct slice){bytes, 48}, payload, sizeof payload, &payload_size, &e),
                     E_INTERNAL);
    assert_int_equal(noise_write(&p.initiator, (struct slice){NULL, 0}, bytes, 47, &size, &e), E_INTERNAL);
    assert_int_equal(noise_write(&p.initiator, (struct slice){bytes, SIZE_MAX}, bytes, sizeof bytes, &size, &e),
                     E_INTERNAL);
    assert_int_equal(noise_seal(&p.initiator, bytes, 1, bytes, &e), E_INTERNAL);
    assert_int_equal(noise_open(&p.initiator, bytes, 17, bytes, &e), E_INTERNAL);
    assert_memory_equal(&kept, &p.responder, sizeof kept);

    /* The third message without its psk, on both sides. */
    p.initiator.has_psk = p.responder.has_psk = 0;
    pair_advance(&p, 2);
    assert_int_equal(noise_write(&p.initiator, (struct slice){NULL, 0}, bytes, sizeof bytes, &size, &e), E_INTERNAL);
    noise_psk(&p.initiator, p.psk);
    size = pair_write(&p, 2, bytes);
    assert_int_equal(noise_read(&p.responder, (struct slice){bytes, size}, payload, sizeof payload, &payload_size, &e),
                     E_INTERNAL);
    noise_psk(&p.responder, p.psk);
    assert_int_equal(noise_read(&p.responder, (struct slice){bytes, size}, payload, sizeof payload, &payload_size, &e),
                     0);
    assert_int_equal(payload_size, strlen("a third payload"));

    /* A payload that is longer than the reader has room for is the peer's doing. */
    pair_start(&p, NOISE_XK);
    size = pair_write(&p, 0, bytes);
    assert_int_equal(noise_read(&p.responder, (struct slice){bytes, size}, payload, 9, &payload_size, &e), E_PEER);
}

/* Goal: transport messages stand in one order: replayed, skipped, altered, cut and reflected ones are refused, and the
 * right one still passes afterwards. */
static void test_transport(void **state)
{
    struct pair p;
    uint8_t first[40], second[40], out[40];
    (void)state;
    pair_start(&p, NOISE_XK);
    pair_advance(&p, 3);
    memset(first, 'a', 24);
    memset(second, 'b', 24);
    assert_int_equal(noise_seal(&p.initiator, first, 24, first, NULL), 0);
    assert_int_equal(noise_seal(&p.initiator, second, 24, second, NULL), 0);
    assert_int_equal(noise_open(&p.responder, second, 40, out, NULL), E_PEER);
    assert_int_equal(noise_open(&p.initiator, first, 40, out, NULL), E_PEER);
    for (size_t cut = 0; cut < 40; cut++)
        assert_int_equal(noise_open(&p.responder, first, cut, out, NULL), E_PEER);
    for (size_t at = 0; at < 40; at++) {
        first[at] ^= 1;
        assert_int_equal(noise_open(&p.responder, first, 40, out, NULL), E_PEER);
        first[at] ^= 1;
    }
    assert_int_equal(noise_open(&p.responder, first, 40, out, NULL), 0);
    assert_int_equal(noise_open(&p.responder, first, 40, out, NULL), E_PEER);
    assert_int_equal(noise_open(&p.responder, second, 40, out, NULL), 0);
    assert_int_equal(out[23], 'b');
}

/* Goal: a Noise message is at most 65535 bytes, tag included. */
static void test_sizes(void **state)
{
    static uint8_t bytes[65536];
    struct pair p;
    struct error e;
    (void)state;
    pair_start(&p, NOISE_XK);
    pair_advance(&p, 3);
    assert_int_equal(noise_seal(&p.initiator, bytes, 65520, bytes, &e), E_LIMIT);
    assert_int_equal(noise_seal(&p.initiator, bytes, 65519, bytes, &e), 0);
    assert_int_equal(noise_open(&p.responder, bytes, 65536, bytes, &e), E_LIMIT);
    assert_int_equal(noise_open(&p.responder, bytes, 65535, bytes, &e), 0);
}

/* Goal: a nonce is never used twice: the last one, 2^64-2, passes and then both directions stop. */
static void test_nonce_exhausted(void **state)
{
    struct pair p;
    uint8_t bytes[24] = {0};
    struct error e;
    (void)state;
    pair_start(&p, NOISE_XK);
    pair_advance(&p, 3);
    p.initiator.send.nonce = p.responder.receive.nonce = UINT64_MAX - 1;
    assert_int_equal(noise_seal(&p.initiator, bytes, 8, bytes, &e), 0);
    assert_int_equal(noise_open(&p.responder, bytes, 24, bytes, &e), 0);
    assert_int_equal(noise_seal(&p.initiator, bytes, 8, bytes, &e), E_LIMIT);
    assert_int_equal(noise_open(&p.responder, bytes, 24, bytes, &e), E_LIMIT);
    assert_true(p.initiator.send.nonce == UINT64_MAX);
    /* The other direction has a key and a counter of its own. */
    assert_int_equal(noise_seal(&p.responder, bytes, 8, bytes, &e), 0);
    assert_int_equal(noise_open(&p.initiator, bytes, 24, bytes, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),    cmocka_unit_test(test_handshake),       cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_truncated),  cmocka_unit_test(test_flipped),         cmocka_unit_test(test_low_order),
        cmocka_unit_test(test_wrong_keys), cmocka_unit_test(test_misuse),          cmocka_unit_test(test_transport),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_nonce_exhausted),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
