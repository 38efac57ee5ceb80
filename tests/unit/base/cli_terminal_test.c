/* Tests: common/base/cli.c
 * A passphrase that is typed: at a terminal of the test's own, in a process that has no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

#define PROMPT "Passphrase: "
#define AGAIN "Once more: "

/* --- who is asked --- */

/* What the one who was asked got. */
struct answer {
    int code;
    size_t bytes;
    char secret[2 * CLI_SECRET_MAX], words[512];
    int signals; /* that came through to the program */
};

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* The child: its terminal is the one at `name`; it writes its answer into the pipe. */
static void be_asked(const char *name, int confirm, int pipe_end)
{
    static struct answer a;
    struct error e = {0, ""};
    char *secret;
    int tty;
    (void)setsid();
    tty = open(name, O_RDWR); /* which makes it the controlling one */
    if (tty < 0)
        exit(1);
    (void)signal(SIGINT, count_signal);
    (void)signal(SIGTSTP, count_signal);
    a.code = cli_secret(&(struct cli_secret_from){NULL, NULL, PROMPT, confirm}, &secret, &a.bytes, &e);
    if (a.code == 0)
        memcpy(a.secret, secret, a.bytes);
    cli_secret_free(secret, a.bytes);
    (void)snprintf(a.words, sizeof a.words, "%s", e.text);
    a.signals = signals;
    if (write(pipe_end, &a, sizeof a) != (ssize_t)sizeof a)
        exit(1);
    (void)close(tty);
    exit(0);
}

/* --- who types --- */

struct desk {
    int terminal, answers, slave;
    pid_t child;
    char shown[4096]; /* everything that the terminal showed */
    size_t shown_bytes, looked_at;
};

static void sit_down(struct desk *d, int confirm)
{
    char name[64];
    int ends[2];
    memset(d, 0, sizeof *d);
    d->terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(d->terminal >= 0);
    assert_int_equal(grantpt(d->terminal), 0);
    assert_int_equal(unlockpt(d->terminal), 0);
    assert_int_equal(ptsname_r(d->terminal, name, sizeof name), 0);
    d->slave = open(name, O_RDWR | O_NOCTTY); /* so that it stays when the child has gone */
    assert_true(d->slave >= 0);
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    d->child = fork();
    assert_true(d->child >= 0);
    if (d->child == 0) {
        (void)close(d->terminal);
        (void)close(d->slave);
        (void)close(ends[0]);
        be_asked(name, confirm, ends[1]);
    }
    (void)close(ends[1]);
    d->answers = ends[0];
}

/* Reads what is shown until these words come, behind those that came before. */
static void wait_for(struct desk *d, const char *words)
{
    char *at;
    while ((at = strstr(d->shown + d->looked_at, words)) == NULL) {
        ssize_t got = read(d->terminal, d->shown + d->shown_bytes, sizeof d->shown - 1 - d->shown_bytes);
        assert_true(got > 0);
        d->shown_bytes += (size_t)got;
    }
    d->looked_at = (size_t)(at - d->shown) + strlen(words);
}

static int echoes(const struct desk *d)
{
    struct termios now;
    assert_int_equal(tcgetattr(d->slave, &now), 0);
    return (now.c_lflag & ECHO) != 0;
}

/* Once the prompt is there, the echo is off. */
static void type(struct desk *d, const char *prompt, const char *keys)
{
    wait_for(d, prompt);
    assert_false(echoes(d));
    assert_int_equal(write(d->terminal, keys, strlen(keys)), strlen(keys));
}

static struct answer get_up(struct desk *d)
{
    struct answer a;
    ssize_t got;
    int status;
    assert_int_equal(read(d->answers, &a, sizeof a), sizeof a);
    assert_int_equal(waitpid(d->child, &status, 0), d->child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(echoes(d)); /* as it was before, whatever happened */
    /* What it still showed. */
    assert_int_equal(fcntl(d->terminal, F_SETFL, O_NONBLOCK), 0);
    while ((got = read(d->terminal, d->shown + d->shown_bytes, sizeof d->shown - 1 - d->shown_bytes)) > 0)
        d->shown_bytes += (size_t)got;
    (void)close(d->answers);
    (void)close(d->slave);
    (void)close(d->terminal);
    return a;
}

static void a_typed_passphrase_is_taken_and_not_shown(void **state)
{
    /* Goal: what is typed is the passphrase, asked once or twice; nothing of it stands on the terminal. */
    struct desk d;
    struct answer a;
    (void)state;
    for (int confirm = 0; confirm < 2; confirm++) {
        sit_down(&d, confirm);
        type(&d, PROMPT, "open sesame\n");
        if (confirm)
            type(&d, AGAIN, "open sesame\n");
        a = get_up(&d);
        assert_int_equal(a.code, 0);
        assert_int_equal(a.bytes, 11);
        assert_string_equal(a.secret, "open sesame");
        assert_null(strstr(d.shown, "sesame"));
    }
}

static void what_is_no_passphrase_is_refused(void **state)
{
    /* Goal: two that differ, none at all, and one that is too long are refused, in words that hold nothing of them. */
    static char longest[CLI_SECRET_MAX + 80];
    struct desk d;
    struct answer a;
    (void)state;
    sit_down(&d, 1);
    type(&d, PROMPT, "open sesame\n");
    type(&d, AGAIN, "open sesam\n");
    a = get_up(&d);
    assert_int_equal(a.code, E_INPUT);
    assert_non_null(strstr(a.words, "differ"));
    assert_null(strstr(a.words, "sesam"));
    sit_down(&d, 1);
    type(&d, PROMPT, "open sesame\n");
    type(&d, AGAIN, "open sesama\n"); /* as long as the other */
    a = get_up(&d);
    assert_int_equal(a.code, E_INPUT);
    sit_down(&d, 0);
    type(&d, PROMPT, "\x04"); /* the end of what is typed */
    a = get_up(&d);
    assert_int_equal(a.code, E_INPUT);
    assert_non_null(strstr(a.words, "empty"));
    memset(longest, 'x', sizeof longest - 2);
    longest[sizeof longest - 2] = '\n';
    sit_down(&d, 0);
    type(&d, PROMPT, longest);
    a = get_up(&d);
    assert_int_equal(a.code, E_INPUT);
    assert_non_null(strstr(a.words, "longer"));
}

static void who_breaks_off_finds_the_terminal_as_it_was(void **state)
{
    /* Goal: an interrupt ends the asking: the program gets its signal, and the echo is on again; after a stop the
     * question is put once more, and what was typed before does not count. */
    struct desk d;
    struct answer a;
    (void)state;
    sit_down(&d, 0);
    type(&d, PROMPT, "open\x03");
    a = get_up(&d);
    assert_int_equal(a.code, E_INPUT);
    assert_non_null(strstr(a.words, "no passphrase was given"));
    assert_int_equal(a.signals, 1);
    sit_down(&d, 0);
    type(&d, PROMPT, "half\x1a");
    type(&d, PROMPT, "whole\n");
    a = get_up(&d);
    assert_int_equal(a.code, 0);
    assert_string_equal(a.secret, "whole");
    assert_int_equal(a.signals, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_typed_passphrase_is_taken_and_not_shown),
        cmocka_unit_test(what_is_no_passphrase_is_refused),
        cmocka_unit_test(who_breaks_off_finds_the_terminal_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
