/* Tests: common/chain/checkpoint.c
 * Checkpoints: a signed note of another implementation, and everything that is nearly a signed note. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "checkpoint.h"
#include "error.h"

#define DASH "\xe2\x80\x94 "
#define ORIGIN "satchel/01890a5d-ac96-774b-bcce-b302099a8057"

struct signer {
    struct checkpoint_vkey vkey;
    uint8_t secret[64];
};

static struct signer office, stranger;
static struct checkpoint statement;
static char good[CHECKPOINT_TEXT_MAX];

static void make_signer(struct signer *s, const char *origin, uint8_t seed_byte)
{
    uint8_t seed[32];
    memset(s, 0, sizeof *s);
    memset(seed, seed_byte, sizeof seed);
    (void)snprintf(s->vkey.origin, sizeof s->vkey.origin, "%s", origin);
    assert_int_equal(crypto_sign_seed_keypair(s->vkey.public_key, s->secret, seed), 0);
}

static int prepare(void **state)
{
    struct error e;
    (void)state;
    make_signer(&office, ORIGIN, 1);
    make_signer(&stranger, "witness.example/w1", 2);
    memset(&statement, 0, sizeof statement);
    (void)snprintf(statement.origin, sizeof statement.origin, "%s", ORIGIN);
    statement.size = 20852163;
    for (size_t i = 0; i < 32; i++)
        statement.root.b[i] = (uint8_t)(0xfb ^ (i * 9)); /* its base64 has '+' and '/' */
    return checkpoint_sign(&statement, office.secret, good, &e);
}

/* A signature line over any text, made here from the specification: base64(key id || signature). */
static void sign_line(const struct signer *s, const char *body, char out[512])
{
    uint8_t input[CHECKPOINT_ORIGIN_MAX + 40], hash[32], bytes[4 + 64];
    char base64[128];
    size_t name = strlen(s->vkey.origin);
    memcpy(input, s->vkey.origin, name);
    input[name] = 0x0a;
    input[name + 1] = 0x01;
    memcpy(input + name + 2, s->vkey.public_key, 32);
    crypto_hash_sha256(hash, input, name + 34);
    memcpy(bytes, hash, 4);
    crypto_sign_detached(bytes + 4, NULL, (const uint8_t *)body, strlen(body), s->secret);
    (void)sodium_bin2base64(base64, sizeof base64, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(out, 512, DASH "%s %s\n", s->vkey.origin, base64);
}

static int open_bytes(const char *note, size_t bytes)
{
    struct checkpoint out, untouched;
    struct error e = {0, ""};
    int code;
    memset(&out, 0x5a, sizeof out);
    memset(&untouched, 0x5a, sizeof untouched);
    code = checkpoint_open(note, bytes, &office.vkey, &out, &e);
    if (code != 0) {
        assert_int_equal(e.code, code);
        assert_true(e.text[0] != 0);
        assert_memory_equal(&out, &untouched, sizeof out);
    }
    return code;
}

static int open_text(const char *note)
{
    return open_bytes(note, strlen(note));
}

/* Opens a note of this body under a signature of the office's that is good. */
static int open_signed(const char *body)
{
    char note[4 * CHECKPOINT_TEXT_MAX], signature[512];
    sign_line(&office, body, signature);
    (void)snprintf(note, sizeof note, "%s\n%s", body, signature);
    return open_text(note);
}

/* The statement's three lines. */
static void body_of(const char *note, char out[CHECKPOINT_TEXT_MAX])
{
    const char *end = strstr(note, "\n\n");
    assert_non_null(end);
    memcpy(out, note, (size_t)(end - note) + 1);
    out[end - note + 1] = 0;
}

/* Goal: verifier keys that others published are read, and come out again as they were. */
static void test_published(void **state)
{
    static const char *const keys[] = {
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    };
    struct checkpoint_vkey vkey;
    char again[CHECKPOINT_VKEY_MAX];
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(checkpoint_vkey_parse(keys[i], &vkey, &e), 0);
        assert_memory_equal(vkey.origin, keys[i], strlen(vkey.origin));
        assert_int_equal(keys[i][strlen(vkey.origin)], '+');
        assert_int_equal(checkpoint_vkey_format(&vkey, again, &e), 0);
        assert_string_equal(again, keys[i]);
    }
}

/* Goal: the example in docs/LOG.md is what this program writes. */
static void test_documented(void **state)
{
    static const char note[] =
        ORIGIN "\n20852163\n+/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+9ew=\n\n" DASH ORIGIN
               " OuWsaNS/xjwOJbJ7fgx4pXX9CYDmCz4exrsw6ziagcg7wmFkWSU7h6dIQofgtvmMKHecd7Y8jJdjCzuKpqLFI7l6sQg=\n";
    char key[CHECKPOINT_VKEY_MAX];
    struct error e;
    (void)state;
    assert_string_equal(good, note);
    assert_int_equal(checkpoint_vkey_format(&office.vkey, key, &e), 0);
    assert_string_equal(key, ORIGIN "+3ae5ac68+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c");
}

/* Goal: what is signed has the form of the specification to the byte, and is read back, at both ends of sizes. */
static void test_round_trip(void **state)
{
    static const uint64_t sizes[] = {0, 1, 9, 10, 20852163, (uint64_t)INT64_MAX - 1, (uint64_t)INT64_MAX};
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct checkpoint c = statement, back;
        char note[CHECKPOINT_TEXT_MAX], body[CHECKPOINT_TEXT_MAX], signature[512], wanted[2 * CHECKPOINT_TEXT_MAX],
            root[64];
        c.size = sizes[i];
        assert_int_equal(checkpoint_sign(&c, office.secret, note, &e), 0);
        (void)sodium_bin2base64(root, sizeof root, c.root.b, 32, sodium_base64_VARIANT_ORIGINAL);
        (void)snprintf(body, sizeof body, "%s\n%llu\n%s\n", c.origin, (unsigned long long)c.size, root);
        sign_line(&office, body, signature);
        (void)snprintf(wanted, sizeof wanted, "%s\n%s", body, signature);
        assert_string_equal(note, wanted);
        assert_int_equal(checkpoint_open(note, strlen(note), &office.vkey, &back, &e), 0);
        assert_string_equal(back.origin, c.origin);
        assert_int_equal(back.size, c.size);
        assert_memory_equal(&back.root, &c.root, 32);
    }
}

/* Goal: a note cut at any byte, or with bytes behind its end, is refused. */
static void test_truncated(void **state)
{
    static const char *const behind[] = {"\n", " ", "x", "x\n", "\n\n", DASH, DASH "\n", "- " ORIGIN " AAAA\n"};
    char note[2 * CHECKPOINT_TEXT_MAX];
    (void)state;
    assert_int_equal(open_text(good), 0);
    for (size_t bytes = 0; bytes < strlen(good); bytes++)
        assert_int_not_equal(open_bytes(good, bytes), 0);
    assert_int_not_equal(open_bytes(good, strlen(good) + 1), 0); /* its NUL */
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        (void)snprintf(note, sizeof note, "%s%s", good, behind[i]);
        assert_int_not_equal(open_text(note), 0);
    }
}

/* Goal: no bit of a note is free: each one flipped, the note is refused. */
static void test_flipped(void **state)
{
    char note[CHECKPOINT_TEXT_MAX];
    size_t bytes = strlen(good);
    (void)state;
    for (size_t i = 0; i < bytes * 8; i++) {
        (void)snprintf(note, sizeof note, "%s", good);
        note[i / 8] = (char)(note[i / 8] ^ (1 << i % 8));
        assert_int_not_equal(open_bytes(note, bytes), 0);
    }
}

/* Goal: line ends of another system, wherever they stand, are refused. */
static void test_line_ends(void **state)
{
    char note[CHECKPOINT_TEXT_MAX + 16], body[CHECKPOINT_TEXT_MAX], changed[CHECKPOINT_TEXT_MAX + 16];
    (void)state;
    for (size_t i = 0; i < strlen(good); i++) {
        if (good[i] != '\n')
            continue;
        (void)snprintf(note, sizeof note, "%.*s\r%s", (int)i, good, good + i);
        assert_int_not_equal(open_text(note), 0);
        (void)snprintf(note, sizeof note, "%.*s\r%s", (int)i, good, good + i + 1);
        assert_int_not_equal(open_text(note), 0);
        (void)snprintf(note, sizeof note, "%.*s%s", (int)i, good, good + i + 1); /* none at all */
        assert_int_not_equal(open_text(note), 0);
    }
    /* Signed as they stand, too. */
    body_of(good, body);
    for (size_t i = 0; i < strlen(body); i++) {
        if (body[i] != '\n')
            continue;
        (void)snprintf(changed, sizeof changed, "%.*s\r%s", (int)i, body, body + i);
        assert_int_equal(open_signed(changed), E_INPUT);
    }
}

/* Goal: a statement that is not in its one form is no checkpoint, even if the office signed it. */
static void test_bodies(void **state)
{
#define ROOT "+/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+9ew="
    static const char *const bad[] = {
        ORIGIN "\n\n" ROOT "\n",
        ORIGIN "\n00\n" ROOT "\n",
        ORIGIN "\n01\n" ROOT "\n",
        ORIGIN "\n+1\n" ROOT "\n",
        ORIGIN "\n-1\n" ROOT "\n",
        ORIGIN "\n 1\n" ROOT "\n",
        ORIGIN "\n1 \n" ROOT "\n",
        ORIGIN "\n1.0\n" ROOT "\n",
        ORIGIN "\n0x1\n" ROOT "\n",
        ORIGIN "\n1e3\n" ROOT "\n",
        ORIGIN "\n9223372036854775808\n" ROOT "\n",
        ORIGIN "\n18446744073709551616\n" ROOT "\n",
        ORIGIN "\n99999999999999999999999999\n" ROOT "\n",
        ORIGIN "\n5\n\n",
        ORIGIN "\n5\n" ROOT "=\n",
        ORIGIN "\n5\n" ROOT " \n",
        ORIGIN "\n5\n +/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+9ew=\n",
        ORIGIN "\n5\n+/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+9ew\n",  /* no padding */
        ORIGIN "\n5\n+/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+9ex=\n", /* a free bit */
        ORIGIN "\n5\n-_Lp4N_WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf-9ew=\n", /* the alphabet of URLs */
        ORIGIN "\n5\n+/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+\n",     /* 30 bytes */
        ORIGIN "\n5\n+/Lp4N/WzcSzqqGYl46FfGtiWVBPRj00IxoRCAf+9ewA\n", /* 33 bytes */
        ORIGIN "\n5\n" ROOT "\nan extension\n",
        ORIGIN "\n5\n" ROOT "\n\n",
        ORIGIN "\n5\n",
        ORIGIN "\n",
        "\n5\n" ROOT "\n",
        ORIGIN " \n5\n" ROOT "\n",
        ORIGIN "+\n5\n" ROOT "\n",
        ORIGIN "\t\n5\n" ROOT "\n",
        ORIGIN "\xc2\xa0\n5\n" ROOT "\n", /* a space of Unicode */
        ORIGIN "\xff\n5\n" ROOT "\n",
        "\n" ORIGIN "\n5\n" ROOT "\n",
    };
    (void)state;
    assert_int_equal(open_signed(ORIGIN "\n5\n" ROOT "\n"), 0);
    assert_int_equal(open_signed(ORIGIN "\n0\n" ROOT "\n"), 0);
    assert_int_equal(open_signed(ORIGIN "\n9223372036854775807\n" ROOT "\n"), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (open_signed(bad[i]) != E_INPUT)
            fail_msg("accepted, or refused for another reason: %s", bad[i]);
    }
    /* Names that have no room. */
    for (int bytes = CHECKPOINT_ORIGIN_MAX; bytes < CHECKPOINT_ORIGIN_MAX + 300; bytes++) {
        char body[CHECKPOINT_TEXT_MAX];
        (void)snprintf(body, sizeof body, "%0*d\n5\n" ROOT "\n", bytes, 0);
        assert_int_equal(open_signed(body), E_INPUT);
    }
}

/* Opens the good statement under these signature lines. */
static int open_with(const char *first, const char *second)
{
    char body[CHECKPOINT_TEXT_MAX], note[4 * CHECKPOINT_TEXT_MAX];
    body_of(good, body);
    (void)snprintf(note, sizeof note, "%s\n%s%s", body, first, second);
    return open_text(note);
}

/* Goal: beside the office's signature others may stand, before it and behind it; without it nothing is believed, and
 * one that claims to be the office's and is not makes the whole note suspect. */
static void test_signatures(void **state)
{
    static const char accent[] = DASH "\xc3\xa9tat.example AAAAAAA=\n";
    char body[CHECKPOINT_TEXT_MAX], own[512], other[512], twin[512], forged[512];
    struct signer same_name;
    (void)state;
    body_of(good, body);
    sign_line(&office, body, own);
    sign_line(&stranger, body, other);
    make_signer(&same_name, ORIGIN, 3); /* the office's next key, say */
    sign_line(&same_name, body, twin);
    sign_line(&office, "something else\n", forged);
    assert_int_equal(open_with(own, other), 0);
    assert_int_equal(open_with(other, own), 0);
    assert_int_equal(open_with(twin, own), 0);
    assert_int_equal(open_with(own, twin), 0);
    assert_int_equal(open_with(own, own), 0);
    assert_int_equal(open_with(accent, own), 0);
    assert_int_equal(open_with(other, ""), E_VERIFY);
    assert_int_equal(open_with(twin, other), E_VERIFY);
    assert_int_equal(open_with(forged, ""), E_VERIFY);
    assert_int_equal(open_with(own, forged), E_VERIFY);
    assert_int_equal(open_with(forged, own), E_VERIFY);
    assert_int_equal(open_with("", ""), E_INPUT);
    /* The office's very signature under a name that begins like the office's, or that the office's begins like. */
    (void)snprintf(twin, sizeof twin, DASH "satchel%s", strrchr(own, ' '));
    assert_int_equal(open_with(twin, ""), E_VERIFY);
    (void)snprintf(twin, sizeof twin, DASH ORIGIN "/2%s", strrchr(own, ' '));
    assert_int_equal(open_with(twin, ""), E_VERIFY);
}

/* Goal: the office's key id over a signature that is too short or too long is a false signature, not a stranger's. */
static void test_signature_lengths(void **state)
{
    char body[CHECKPOINT_TEXT_MAX], own[512], line[512], base64[128];
    uint8_t bytes[80];
    size_t size;
    const char *text;
    (void)state;
    body_of(good, body);
    sign_line(&office, body, own);
    text = strrchr(own, ' ') + 1;
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(
        sodium_base642bin(bytes, sizeof bytes, text, strlen(text), "\n", &size, NULL, sodium_base64_VARIANT_ORIGINAL),
        0);
    assert_int_equal(size, 68);
    for (size = 5; size <= sizeof bytes; size++) {
        (void)sodium_bin2base64(base64, sizeof base64, bytes, size, sodium_base64_VARIANT_ORIGINAL);
        (void)snprintf(line, sizeof line, DASH ORIGIN " %s\n", base64);
        assert_int_equal(open_with(line, ""), size == 68 ? 0 : E_VERIFY);
        assert_int_equal(open_with(own, line), size == 68 ? 0 : E_VERIFY);
    }
}

/* Goal: a signature line that is not in its form spoils the note, though nobody asked for that signature. */
static void test_signature_lines(void **state)
{
    static const char *const bad[] = {
        "- name AAAAAAA=\n",
        "\xe2\x80\x93 name AAAAAAA=\n", /* EN DASH */
        "\xe2\x80\x94name AAAAAAA=\n",
        " " DASH "name AAAAAAA=\n",
        DASH "AAAAAAA=\n",
        DASH " AAAAAAA=\n",
        DASH "name \n",
        DASH "name\n",
        DASH "name  AAAAAAA=\n",
        DASH "name AAAAAAA= \n",
        DASH "name AAAAAAA=\r\n",
        DASH "name AAAAAAA\n",
        DASH "name AAAAAAB=\n", /* a free bit */
        DASH "name AAAA_AA=\n",
        DASH "name AAAAAA==\n", /* a key id and nothing behind it */
        DASH "name AAAAAAA=AAAAAAA=\n",
        DASH "na+me AAAAAAA=\n",
        DASH "na\tme AAAAAAA=\n",
        DASH "na\xffme AAAAAAA=\n",
        DASH "na\xed\xa0\x80me AAAAAAA=\n", /* half a pair of UTF-16 */
        "words\n",
        "\n",
    };
    char body[CHECKPOINT_TEXT_MAX], own[512], note[4 * CHECKPOINT_TEXT_MAX];
    (void)state;
    body_of(good, body);
    sign_line(&office, body, own);
    assert_int_equal(open_with(DASH "name AAAAAAA=\n", own), 0);
    /* No empty line before the first, but another one. */
    (void)snprintf(note, sizeof note, "%sx\n%s", body, own);
    assert_int_equal(open_text(note), E_INPUT);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (open_with(own, bad[i]) != E_INPUT)
            fail_msg("behind: accepted, or refused for another reason: %s", bad[i]);
        if (open_with(bad[i], own) != E_INPUT)
            fail_msg("before: accepted, or refused for another reason: %s", bad[i]);
    }
}

/* Goal: a statement of one log is not taken for another's, whichever of name and key is the wrong one. */
static void test_foreign(void **state)
{
    struct checkpoint c = statement, out;
    struct checkpoint_vkey vkey = office.vkey;
    char note[CHECKPOINT_TEXT_MAX], body[CHECKPOINT_TEXT_MAX], own[512], mixed[4 * CHECKPOINT_TEXT_MAX];
    struct error e;
    (void)state;
    /* Another log, signed by the office's key under that log's name; then the same under the office's name. */
    (void)snprintf(c.origin, sizeof c.origin, "elsewhere.example/log");
    assert_int_equal(checkpoint_sign(&c, office.secret, note, &e), 0);
    assert_int_equal(open_text(note), E_VERIFY);
    body_of(note, body);
    sign_line(&office, body, own);
    (void)snprintf(mixed, sizeof mixed, "%s\n%s", body, own);
    assert_int_equal(open_text(mixed), E_VERIFY);
    /* This log, under another name's key and under another key of its name. */
    assert_int_equal(checkpoint_open(good, strlen(good), &stranger.vkey, &out, &e), E_VERIFY);
    memcpy(vkey.public_key, stranger.vkey.public_key, 32);
    assert_int_equal(checkpoint_open(good, strlen(good), &vkey, &out, &e), E_VERIFY);
    /* The words are not always wanted. */
    assert_int_equal(checkpoint_open(good, strlen(good), &vkey, &out, NULL), E_VERIFY);
    assert_int_equal(checkpoint_open(good, 3, &vkey, &out, NULL), E_INPUT);
}

/* Goal: a note is as long as its bound allows, and not a byte longer. */
static void test_bound(void **state)
{
    char note[3 * CHECKPOINT_TEXT_MAX], line[CHECKPOINT_TEXT_MAX];
    (void)state;
    for (size_t wanted = CHECKPOINT_TEXT_MAX - 3; wanted <= CHECKPOINT_TEXT_MAX + 3; wanted++) {
        size_t name = wanted - strlen(good) - strlen(DASH " AAAAAAA=\n");
        memset(line, 'n', name);
        line[name] = 0;
        (void)snprintf(note, sizeof note, "%s" DASH "%s AAAAAAA=\n", good, line);
        assert_int_equal(strlen(note), wanted);
        assert_int_equal(open_text(note), wanted < CHECKPOINT_TEXT_MAX ? 0 : E_INPUT);
    }
}

/* Goal: a checkpoint may carry 16 signatures, as C2SP signed-note demands of every reader, even if each has the longest
 * name; ours may stand in any place among them, and a false one of ours spoils all. */
static void test_sixteen_signatures(void **state)
{
    char body[CHECKPOINT_TEXT_MAX], line[16][512], note[CHECKPOINT_TEXT_MAX], name[CHECKPOINT_ORIGIN_MAX];
    (void)state;
    body_of(good, body);
    for (size_t ours = 0; ours < 16; ours++) {
        size_t used = (size_t)snprintf(note, sizeof note, "%s\n", body);
        for (size_t i = 0; i < 16; i++) {
            struct signer witness;
            memset(name, 'w', sizeof name - 1);
            name[sizeof name - 1] = 0;
            name[0] = (char)('a' + i);
            make_signer(&witness, name, (uint8_t)(10 + i));
            sign_line(i == ours ? &office : &witness, body, line[i]);
            used += (size_t)snprintf(note + used, sizeof note - used, "%s", line[i]);
        }
        assert_true(used < sizeof note);
        assert_int_equal(open_text(note), 0);
        sign_line(&office, "another body\n", line[0]);
        (void)snprintf(note + used, sizeof note - used, "%s", line[0]);
        assert_int_equal(open_text(note), E_VERIFY);
    }
}

/* Goal: names that cannot stand in a note are refused when something is written; the longest name goes all the way. */
static void test_origins(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "a b",
                                      "a+b",
                                      "a\nb",
                                      "a\rb",
                                      "a\tb",
                                      "a\x7f"
                                      "b",
                                      "a\xc2\xa0"
                                      "b",
                                      "\xe2\x80\x83",
                                      "a\xff"
                                      "b"};
    struct checkpoint c = statement, back;
    struct checkpoint_vkey vkey = office.vkey, vkey_back;
    char text[CHECKPOINT_VKEY_MAX], note[CHECKPOINT_TEXT_MAX];
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(c.origin, sizeof c.origin, "%s", bad[i]);
        (void)snprintf(vkey.origin, sizeof vkey.origin, "%s", bad[i]);
        assert_int_equal(checkpoint_sign(&c, office.secret, note, &e), E_INPUT);
        assert_int_equal(checkpoint_vkey_format(&vkey, text, &e), E_INPUT);
    }
    memset(c.origin, 'o', sizeof c.origin); /* no NUL */
    memset(vkey.origin, 'o', sizeof vkey.origin);
    assert_int_equal(checkpoint_sign(&c, office.secret, note, &e), E_INPUT);
    assert_int_equal(checkpoint_vkey_format(&vkey, text, &e), E_INPUT);
    c.origin[sizeof c.origin - 1] = vkey.origin[sizeof vkey.origin - 1] = 0;
    assert_int_equal(checkpoint_vkey_format(&vkey, text, &e), 0);
    assert_int_equal(checkpoint_vkey_parse(text, &vkey_back, &e), 0);
    assert_int_equal(checkpoint_sign(&c, office.secret, note, &e), 0);
    assert_int_equal(checkpoint_open(note, strlen(note), &vkey_back, &back, &e), 0);
    assert_string_equal(back.origin, c.origin);
    assert_memory_equal(vkey_back.public_key, vkey.public_key, 32);
    /* No log has more leaves than a checkpoint may say. */
    c.size = (uint64_t)INT64_MAX + 1;
    assert_int_equal(checkpoint_sign(&c, office.secret, note, &e), E_INPUT);
}

/* Goal: no bit of a verifier key is free, and it can be neither cut nor lengthened. */
static void test_vkeys(void **state)
{
    char good_key[CHECKPOINT_VKEY_MAX], key[2 * CHECKPOINT_VKEY_MAX];
    struct checkpoint_vkey out;
    struct error e;
    size_t bytes;
    (void)state;
    assert_int_equal(checkpoint_vkey_format(&office.vkey, good_key, &e), 0);
    bytes = strlen(good_key);
    for (size_t i = 0; i < bytes; i++) {
        (void)snprintf(key, sizeof key, "%.*s", (int)i, good_key);
        assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
        for (int bit = 0; bit < 8; bit++) {
            memcpy(key, good_key, bytes + 1);
            key[i] = (char)(key[i] ^ (1 << bit));
            assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
        }
    }
    for (const char *c = " \n=A+"; *c != 0; c++) {
        (void)snprintf(key, sizeof key, "%s%c", good_key, *c);
        assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
        (void)snprintf(key, sizeof key, "%c%s", *c, good_key);
        assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
    }
    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = 0;
    assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
    /* A name that is too long, and something between id and key. */
    (void)snprintf(key + CHECKPOINT_VKEY_MAX, sizeof key - CHECKPOINT_VKEY_MAX, "%s", strchr(good_key, '+'));
    assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
    (void)snprintf(key, sizeof key, "%.*s0%s", (int)(strlen(ORIGIN) + 9), good_key, good_key + strlen(ORIGIN) + 9);
    assert_int_equal(checkpoint_vkey_parse(key, &out, &e), E_INPUT);
    assert_int_equal(checkpoint_vkey_parse(key, &out, NULL), E_INPUT);
}

/* Goal: a key of another algorithm is not taken for Ed25519, though its id fits. */
static void test_algorithm(void **state)
{
    uint8_t input[CHECKPOINT_ORIGIN_MAX + 40], hash[32];
    char id[9], base64[64], key[CHECKPOINT_VKEY_MAX];
    struct checkpoint_vkey out;
    struct error e;
    size_t name = strlen(ORIGIN);
    (void)state;
    (void)snprintf((char *)input, sizeof input, "%s\n", ORIGIN);
    memcpy(input + name + 2, office.vkey.public_key, 32);
    for (int algorithm = 0; algorithm < 256; algorithm++) {
        input[name + 1] = (uint8_t)algorithm;
        crypto_hash_sha256(hash, input, name + 34);
        sodium_bin2hex(id, sizeof id, hash, 4);
        (void)sodium_bin2base64(base64, sizeof base64, input + name + 1, 33, sodium_base64_VARIANT_ORIGINAL);
        (void)snprintf(key, sizeof key, "%s+%s+%s", ORIGIN, id, base64);
        assert_int_equal(checkpoint_vkey_parse(key, &out, &e), algorithm == 1 ? 0 : E_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_signature_lengths),
        cmocka_unit_test(test_signature_lines),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_sixteen_signatures),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_vkeys),
        cmocka_unit_test(test_algorithm),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, prepare, NULL);
}
