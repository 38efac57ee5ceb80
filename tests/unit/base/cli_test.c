/* Tests: common/base/cli.c common/base/utf8.c
 * Options, answers and passphrases are read and refused as the programs promise, and no text can harm a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli.h"

/* --- output --- */

/* What f writes, freed by the caller. */
struct memory {
    char *text;
    size_t bytes;
    FILE *file;
};

static FILE *memory_open(struct memory *m)
{
    m->text = NULL;
    m->file = open_memstream(&m->text, &m->bytes);
    assert_non_null(m->file);
    return m->file;
}

static void assert_written(struct memory *m, const char *expected)
{
    assert_int_equal(fclose(m->file), 0);
    assert_string_equal(m->text, expected);
    free(m->text);
}

/* What people typed cannot drive a terminal. */
static void text_is_harmless(void **state)
{
    struct memory m;
    (void)state;
    cli_text(memory_open(&m), "Zo\xc3\xab\n\t\x1b[2J\r\x7f\xc2\x9b"
                              "31m\x80 \xf0\x9f\x99\x82");
    assert_written(&m, "Zo\xc3\xab\n\t\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                       "31m\xef\xbf\xbd \xf0\x9f\x99\x82");
}

/* An error is one sentence behind the program's name, or one JSON value, and gives its exit status. */
static void failures_are_told(void **state)
{
    struct memory out, err;
    struct error e = {E_VERIFY, "entry 17: it \"was\" altered\x1b"};
    struct cli cli = {memory_open(&out), memory_open(&err), 0, 0};
    (void)state;
    assert_int_equal(cli_fail(&cli, "satchel", &e), 13);
    assert_written(&out, "");
    assert_written(&err, "satchel: entry 17: it \"was\" altered\xef\xbf\xbd\n");
    cli.out = memory_open(&out);
    cli.err = memory_open(&err);
    cli.json = 1;
    assert_int_equal(cli_fail(&cli, "satchel", &e), 13);
    assert_written(&out, "{\"error\": \"verify\", \"sentence\": \"entry 17: it \\\"was\\\" altered\\u001b\"}\n");
    assert_written(&err, "");
}

#define REPLACED "\xef\xbf\xbd"

/* What turns the direction of a line is replaced: a record cannot show its neighbour's words the other way round. */
static void directions_are_replaced(void **state)
{
    struct memory out;
    (void)state;
    cli_line(memory_open(&out), "a\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae"
                                "b\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9"
                                "c\xe2\x80\xa9");
    assert_written(&out, "a" REPLACED REPLACED REPLACED REPLACED REPLACED "b" REPLACED REPLACED REPLACED REPLACED
                         "c\xe2\x80\xa9");
}

/* Counts and local times read as people write them. */
static void words_are_words(void **state)
{
    char out[64], time[32];
    (void)state;
    assert_string_equal(cli_count(1, "change", "changes", out, sizeof out), "1 change");
    assert_string_equal(cli_count(0, "change", "changes", out, sizeof out), "0 changes");
    assert_string_equal(cli_count(UINT64_MAX, "entry", "entries", out, sizeof out), "18446744073709551615 entries");
    assert_string_equal(cli_count(12345, "entry", "entries", out, 4), "123");
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
    cli_time(1795466759999ull, time);
    assert_string_equal(time, "2026-11-24 02:15 IST");
    setenv("TZ", "UTC", 1);
    tzset();
    cli_time(1795466759999ull, time);
    assert_string_equal(time, "2026-11-23 20:45 UTC");
    cli_time(UINT64_MAX, time);
    assert_true(strlen(time) < sizeof time);
}

/* --- secrets --- */

/* A secret of these bytes, from a file and from a descriptor. */
static int from_both(const char *bytes, size_t size, char **secret, size_t *secret_bytes, struct error *e)
{
    char path[] = "/tmp/satchel-cli-XXXXXX", number[24];
    int fd = mkstemp(path), code, again;
    char *other;
    size_t other_bytes;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    code = cli_secret(&(struct cli_secret_from){path, NULL, "Passphrase: ", 1}, secret, secret_bytes, e);
    (void)snprintf(number, sizeof number, "%d", fd);
    again = cli_secret(&(struct cli_secret_from){NULL, number, "Passphrase: ", 0}, &other, &other_bytes, NULL);
    assert_int_equal(code, again);
    assert_int_equal(*secret_bytes, other_bytes);
    if (code == 0)
        assert_string_equal(*secret, other);
    cli_secret_free(other, other_bytes);
    close(fd);
    unlink(path);
    return code;
}

/* Goal: a passphrase's file that others may read is refused, as a secret file is, and nothing of it is taken. */
static void a_passphrase_file_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644};
    char path[] = "/tmp/satchel-cli-XXXXXX", *secret;
    struct error e = {0, ""};
    int fd = mkstemp(path);
    size_t bytes;
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "open sesame\n", 12), 12);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(fchmod(fd, modes[i]), 0);
        assert_int_equal(cli_secret(&(struct cli_secret_from){path, NULL, "Passphrase: ", 0}, &secret, &bytes, &e),
                         E_REFUSED);
        assert_null(secret);
        assert_non_null(strstr(e.text, "chmod 600"));
    }
    assert_int_equal(fchmod(fd, 0400), 0);
    assert_int_equal(cli_secret(&(struct cli_secret_from){path, NULL, "Passphrase: ", 0}, &secret, &bytes, &e), 0);
    cli_secret_free(secret, bytes);
    close(fd);
    unlink(path);
}

/* A secret is what the file holds, without one newline at its end. */
static void secrets_are_read(void **state)
{
    static const char *const given[] = {"open sesame", "open sesame\n", "open sesame\r\n"};
    char *secret;
    size_t bytes;
    char longest[CLI_SECRET_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        assert_int_equal(from_both(given[i], strlen(given[i]), &secret, &bytes, NULL), 0);
        assert_int_equal(bytes, 11);
        assert_string_equal(secret, "open sesame");
        cli_secret_free(secret, bytes);
    }
    assert_int_equal(from_both(" two\n\n", 6, &secret, &bytes, NULL), 0);
    assert_string_equal(secret, " two\n");
    cli_secret_free(secret, bytes);
    memset(longest, 'x', sizeof longest);
    longest[CLI_SECRET_MAX] = '\n';
    assert_int_equal(from_both(longest, sizeof longest, &secret, &bytes, NULL), 0);
    assert_int_equal(bytes, CLI_SECRET_MAX);
    cli_secret_free(secret, bytes);
}

/* What cannot be a secret is refused, and nothing of it is handed out. */
static void secrets_are_refused(void **state)
{
    char *secret;
    size_t bytes;
    struct error e;
    char longer[CLI_SECRET_MAX + 100];
    (void)state;
    memset(longer, 'x', sizeof longer);
    assert_int_equal(from_both("", 0, &secret, &bytes, &e), E_INPUT);
    assert_null(secret);
    assert_int_equal(from_both("\n", 1, &secret, &bytes, &e), E_INPUT);
    assert_int_equal(from_both("a\0b", 3, &secret, &bytes, &e), E_INPUT);
    assert_int_equal(from_both(longer, CLI_SECRET_MAX + 1, &secret, &bytes, &e), E_INPUT);
    assert_int_equal(from_both(longer, sizeof longer, &secret, &bytes, &e), E_INPUT);
    assert_null(strstr(e.text, "xxx"));
    assert_int_equal(cli_secret(&(struct cli_secret_from){"a", "3", "", 0}, &secret, &bytes, &e), E_USAGE);
    assert_int_equal(cli_secret(&(struct cli_secret_from){"/nowhere/at/all", NULL, "", 0}, &secret, &bytes, &e), E_IO);
    assert_int_equal(cli_secret(&(struct cli_secret_from){NULL, "three", "", 0}, &secret, &bytes, &e), E_USAGE);
    assert_int_equal(cli_secret(&(struct cli_secret_from){NULL, "-1", "", 0}, &secret, &bytes, &e), E_USAGE);
    assert_int_equal(cli_secret(&(struct cli_secret_from){NULL, "65000", "", 0}, &secret, &bytes, &e), E_IO);
    assert_null(secret);
}

/* Without a terminal, a file or a descriptor, the sentence says which options there are. */
static void no_terminal_is_told(void **state)
{
    char *secret;
    size_t bytes;
    struct error e;
    FILE *tty = fopen("/dev/tty", "r");
    (void)state;
    if (tty != NULL) { /* somebody sits there; he is not to be asked by a test */
        fclose(tty);
        skip();
    }
    assert_int_equal(cli_secret(&(struct cli_secret_from){NULL, NULL, "Passphrase: ", 0}, &secret, &bytes, &e),
                     E_USAGE);
    assert_non_null(strstr(e.text, "--passphrase-file"));
    assert_non_null(strstr(e.text, "--passphrase-fd"));
}

/* Goal: what does not fit is cut at a character, so that a name stays UTF-8 wherever it is printed. */
static void test_cut(void **state)
{
    char out[4];
    (void)state;
    cli_cut(out, sizeof out, "abc");
    assert_string_equal(out, "abc");
    cli_cut(out, sizeof out, "abcd");
    assert_string_equal(out, "abc");
    cli_cut(out, sizeof out, "ab\xc3\xbc");
    assert_string_equal(out, "ab");
    cli_cut(out, sizeof out, "\xf0\x9f\x91\x8d");
    assert_string_equal(out, "");
    cli_cut(out, 1, "a");
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(text_is_harmless),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(words_are_words),
        cmocka_unit_test(directions_are_replaced),
        cmocka_unit_test(a_passphrase_file_that_others_may_read_is_refused),
        cmocka_unit_test(secrets_are_read),
        cmocka_unit_test(secrets_are_refused),
        cmocka_unit_test(no_terminal_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
