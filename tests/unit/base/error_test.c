/* Tests: common/base/error.c
 * error.c: codes, sentences, and that no sentence runs over its room. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

/* An error with something behind it that must stay as it is. */
struct guarded {
    struct error e;
    char behind[64];
};

static struct guarded guard(void)
{
    struct guarded g;
    memset(&g, 0x5a, sizeof g);
    return g;
}

static void check_guard(const struct guarded *g)
{
    for (size_t i = 0; i < sizeof g->behind; i++)
        assert_int_equal(g->behind[i], 0x5a);
    assert_non_null(memchr(g->e.text, 0, sizeof g->e.text));
}

/* A text of n bytes. */
static const char *words(size_t n)
{
    static char text[2000];
    assert_true(n < sizeof text);
    memset(text, 'w', n);
    text[n] = 0;
    return text;
}

/* Goal: a sentence is kept with its code, and the code comes back, also if nobody wants the words. */
static void test_set(void **state)
{
    struct guarded g = guard();
    (void)state;
    assert_int_equal(error_set(&g.e, E_LIMIT, "%s has %d rows", "a file", 7), E_LIMIT);
    assert_int_equal(g.e.code, E_LIMIT);
    assert_string_equal(g.e.text, "a file has 7 rows");
    assert_int_equal(error_set(&g.e, E_INPUT, "again"), E_INPUT);
    assert_int_equal(g.e.code, E_INPUT);
    assert_string_equal(g.e.text, "again");
    check_guard(&g);
    assert_int_equal(error_set(NULL, E_VERIFY, "%s", "nobody reads this"), E_VERIFY);
}

/* Goal: of a failed system call the sentence has the reason, and a full disk or memory decides the code. */
static void test_system(void **state)
{
    static const struct {
        int number, code;
    } cases[] = {{ENOSPC, E_FULL}, {EDQUOT, E_FULL}, {ENOMEM, E_MEMORY}, {EACCES, E_NET}, {ENOENT, E_NET}, {0, E_NET}};
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(error_system(&e, E_NET, cases[i].number, "the %s", "file"), cases[i].code);
        assert_int_equal(e.code, cases[i].code);
        assert_memory_equal(e.text, "the file: ", strlen("the file: "));
        assert_string_equal(e.text + strlen("the file: "), strerror(cases[i].number));
        assert_int_equal(error_system(NULL, E_NET, cases[i].number, "the file"), cases[i].code);
    }
}

/* Goal: a prefix stands before the sentence and leaves the code, and can be put before a prefix. */
static void test_prefix(void **state)
{
    struct error e;
    (void)state;
    (void)error_set(&e, E_VERIFY, "the %s differs", "100%s root");
    assert_int_equal(error_prefix(&e, "entry %d", 17), E_VERIFY);
    assert_string_equal(e.text, "entry 17: the 100%s root differs");
    assert_int_equal(error_prefix(&e, "archive"), E_VERIFY);
    assert_string_equal(e.text, "archive: entry 17: the 100%s root differs");
    assert_int_equal(e.code, E_VERIFY);
    assert_int_equal(error_prefix(NULL, "archive"), E_INTERNAL);
}

/* Goal: whatever is too long for its room is cut, its beginning kept, and nothing behind is touched. */
static void test_cut(void **state)
{
    const size_t room = sizeof((struct error *)NULL)->text;
    (void)state;
    for (size_t n = room - 12; n <= room + 12; n++) {
        struct guarded g = guard();
        size_t kept = n < room ? n : room - 1;
        (void)error_set(&g.e, E_INPUT, "%s", words(n));
        check_guard(&g);
        assert_int_equal(strlen(g.e.text), kept);
        assert_memory_equal(g.e.text, words(kept), kept);
        /* What comes behind a text that fills it: nothing more. */
        assert_int_equal(error_prefix(&g.e, "%s", words(n)), E_INPUT);
        check_guard(&g);
        assert_memory_equal(g.e.text, words(kept), kept);
        assert_true(strlen(g.e.text) < room);
        g = guard();
        assert_int_equal(error_system(&g.e, E_IO, EACCES, "%s", words(n)), E_IO);
        check_guard(&g);
        assert_memory_equal(g.e.text, words(kept), kept);
        assert_true(strlen(g.e.text) < room);
    }
}

/* Goal: statuses and names that scripts rely on stay as they are, and no two codes share a name. */
static void test_list(void **state)
{
    static const struct {
        int code, status;
        const char *name;
    } fixed[] = {{E_OK, 0, "ok"},
                 {E_USAGE, 2, "usage"},
                 {E_INPUT, 2, "input"},
                 {E_NO_STORE, 10, "no-store"},
                 {E_LOCKED, 11, "locked"},
                 {E_WRONG_KEY, 12, "wrong-key"},
                 {E_VERIFY, 13, "verify"},
                 {-1, 2, "internal"},
                 {E_VERIFY + 1, 2, "internal"},
                 {9999, 2, "internal"}};
    (void)state;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        assert_int_equal(error_status(fixed[i].code), fixed[i].status);
        assert_string_equal(error_name(fixed[i].code), fixed[i].name);
    }
    for (int code = E_OK; code <= E_VERIFY; code++) {
        int status = error_status(code);
        /* 1 is for what is done, but waits for a person; 128 and above for signals. */
        assert_true(status != ERROR_STATUS_WAITING && status >= 0 && status < 128);
        assert_int_equal(status == 0, code == E_OK);
        for (int other = E_OK; other < code; other++)
            assert_string_not_equal(error_name(code), error_name(other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set), cmocka_unit_test(test_system), cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_cut), cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
