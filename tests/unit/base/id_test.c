/* Tests: common/base/id.c
 * Ids are UUIDv7 as RFC 9562 has them, rise with time, and stand in text in one form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "id.h"

/* Random bytes of our own choice: id_new has to be judged bit by bit. */
static uint8_t chosen[ID_BYTES];

#define GOOD "01890a5d-ac96-774b-bcce-b302099a8057"

static const char *chosen_name(void)
{
    return "chosen";
}

static uint32_t chosen_random(void)
{
    return 0;
}

static void chosen_buf(void *const out, const size_t size)
{
    assert_int_equal(size, sizeof chosen);
    memcpy(out, chosen, sizeof chosen);
}

static struct randombytes_implementation implementation = {
    .implementation_name = chosen_name, .random = chosen_random, .buf = chosen_buf};

static void assert_id(const struct id *id, const char *text)
{
    char out[ID_TEXT];
    id_format(id, out);
    assert_string_equal(out, text);
}

/* Goal: id_new gives RFC 9562's own example (appendix A.6) for its time and its random bits. */
static void test_new_as_rfc(void **state)
{
    static const uint8_t bits[ID_BYTES] = {0,    0,    0,    0,    0,    0,    0x0c, 0xc3,
                                           0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    struct id id;
    (void)state;
    memcpy(chosen, bits, sizeof chosen);
    id = id_new(0x017f22e279b0);
    assert_id(&id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    {
        char brief[ID_BRIEF];
        assert_string_equal(id_brief(&id, brief), "0c07398f"); /* the end: the beginning is the time */
    }
}

/* Goal: version and variant stand whatever the random bits are, and all other bits are random. */
static void test_new_bits(void **state)
{
    struct id id;
    (void)state;
    memset(chosen, 0xff, sizeof chosen);
    id = id_new(0);
    assert_id(&id, "00000000-0000-7fff-bfff-ffffffffffff");
    memset(chosen, 0, sizeof chosen);
    id = id_new((1ull << 48) - 1);
    assert_id(&id, "ffffffff-ffff-7000-8000-000000000000");
}

/* Goal: a later millisecond gives a greater id, whatever the random bits are. */
static void test_new_rises(void **state)
{
    struct id early, late;
    (void)state;
    memset(chosen, 0xff, sizeof chosen);
    early = id_new(1732400000000);
    memset(chosen, 0, sizeof chosen);
    late = id_new(1732400000001);
    assert_true(id_compare(&early, &late) < 0);
    assert_true(id_compare(&late, &early) > 0);
}

/* Goal: an import's id is the one that any other implementation makes (BLAKE2b by Python's hashlib), so a second import
 * meets the same records for ever. */
static void test_derive(void **state)
{
    struct id id = id_derive("hmis", "client", "1042");
    (void)state;
    assert_id(&id, "ba528204-65f2-81a3-a846-6386b7bdb706");
    id = id_derive("", "", "");
    assert_id(&id, "34b0d824-c6c6-80ea-890d-81cadab154d7");
}

/* Goal: where a string ends is part of what is hashed. */
static void test_derive_keeps_apart(void **state)
{
    static const char *const parts[][3] = {{"ab", "c", "d"}, {"a", "bc", "d"}, {"a", "b", "cd"}, {"abc", "", "d"}};
    struct id ids[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        ids[i] = id_derive(parts[i][0], parts[i][1], parts[i][2]);
        for (int k = 0; k < i; k++)
            assert_false(id_equal(&ids[i], &ids[k]));
    }
}

/* Goal: a device's id is keyed BLAKE2b-128 of its key, as Python's hashlib makes it. */
static void test_device(void **state)
{
    uint8_t key[32];
    struct id id;
    (void)state;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    id = id_of_device(key);
    assert_id(&id, "0f41e7ab-11d4-9111-e25b-39109c068b87");
}

/* Goal: what id_format writes id_parse reads, in either case. */
static void test_text(void **state)
{
    struct id id, back;
    struct error e;
    char text[ID_TEXT];
    (void)state;
    for (int round = 0; round < 256; round++) {
        for (int i = 0; i < ID_BYTES; i++)
            id.b[i] = (uint8_t)(round * 7 + i * 31);
        id_format(&id, text);
        assert_int_equal(strlen(text), ID_TEXT - 1);
        assert_int_equal(id_parse(text, &back, &e), 0);
        assert_true(id_equal(&id, &back));
        for (char *p = text; *p != '\0'; p++)
            if (*p >= 'a')
                *p = (char)(*p - 'a' + 'A');
        assert_int_equal(id_parse(text, &back, &e), 0);
        assert_true(id_equal(&id, &back));
    }
}

/* Goal: anything but those 36 characters is refused: cut short, longer, or with any one character that does not belong;
 * and what was there before stays. */
static void test_text_refusals(void **state)
{
    static const char good[] = GOOD;
    static const char bad[] = {'g', 'G', '-', ' ', '/', ':', '@', '`', 'x', '{', '\x80'};
    struct id id = {{1, 2, 3}};
    const struct id before = id;
    struct error e;
    char text[ID_TEXT + 1];
    (void)state;
    for (size_t size = 0; size < sizeof good - 1; size++) {
        memset(text, 0, sizeof text);
        memcpy(text, good, size);
        assert_int_equal(id_parse(text, &id, &e), E_INPUT);
    }
    memcpy(text, GOOD "0", sizeof text);
    assert_int_equal(id_parse(text, &id, &e), E_INPUT);
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (size_t i = 0; i < sizeof bad; i++) {
            memcpy(text, good, sizeof good);
            if (text[at] == bad[i])
                continue;
            text[at] = bad[i];
            assert_int_equal(id_parse(text, &id, &e), E_INPUT);
        }
        memcpy(text, good, sizeof good);
        if (text[at] == '-') {
            text[at] = '0';
            assert_int_equal(id_parse(text, &id, &e), E_INPUT);
        }
    }
    assert_true(id_equal(&id, &before));
    assert_int_equal(e.code, E_INPUT);
}

/* Goal: zero is told from everything that has a bit set, and the order is memcmp's. */
static void test_compare(void **state)
{
    struct id a = {{0}}, b = {{0}};
    (void)state;
    assert_true(id_is_zero(&a));
    for (int i = 0; i < ID_BYTES; i++) {
        a = b;
        a.b[i] = 0x80;
        assert_false(id_is_zero(&a));
        assert_false(id_equal(&a, &b));
        assert_true(id_compare(&a, &b) > 0 && id_compare(&b, &a) < 0);
        assert_int_equal(id_compare(&a, &a), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_as_rfc), cmocka_unit_test(test_new_bits),           cmocka_unit_test(test_new_rises),
        cmocka_unit_test(test_derive),     cmocka_unit_test(test_derive_keeps_apart), cmocka_unit_test(test_device),
        cmocka_unit_test(test_text),       cmocka_unit_test(test_text_refusals),      cmocka_unit_test(test_compare),
    };
    randombytes_set_implementation(&implementation);
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
