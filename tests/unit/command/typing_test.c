/* Tests: client/command/typing.c
 * A long text that is typed: at a terminal of the test's own, by a process that has no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "typing.h"

#define ROOM 65536
#define READY "\033[?2004h" /* it listens */

/* What the one who reads got; the test sees it too. */
struct shared {
    char text[ROOM], kept[ROOM];
    int code, times_kept, told;
};

struct desk {
    int terminal, slave;
    pid_t child;
    struct shared *got;
    struct termios before;
    char shown[4 * ROOM];
    size_t shown_bytes;
};

static struct shared *shared;

static void keep(void *arg, const char *text)
{
    (void)arg;
    (void)snprintf(shared->kept, sizeof shared->kept, "%s", text);
    shared->times_kept++;
}

static void gone(void *arg, const char *text)
{
    (void)arg;
    (void)text;
    shared->told++;
}

static void read_text(const char *name, const char *draft)
{
    struct typing t = {.text = shared->text, .room = ROOM, .keep = keep, .gone = gone};
    struct error e = {0, ""};
    (void)setsid();
    t.input = t.output = open(name, O_RDWR); /* which makes it the controlling one */
    if (t.input < 0)
        _exit(1);
    (void)snprintf(shared->text, ROOM, "%s", draft);
    t.used = strlen(draft);
    shared->code = typing_read(&t, &e);
    _exit(0);
}

/* Takes in what the terminal shows, for so long. 1: something came. */
static int look(struct desk *d, int wait_ms)
{
    struct pollfd one = {.fd = d->terminal, .events = POLLIN};
    ssize_t n;
    if (poll(&one, 1, wait_ms) <= 0 || (one.revents & POLLIN) == 0)
        return 0;
    n = read(d->terminal, d->shown + d->shown_bytes, sizeof d->shown - 1 - d->shown_bytes);
    if (n > 0)
        d->shown_bytes += (size_t)n;
    d->shown[d->shown_bytes] = '\0';
    return n > 0;
}

static void sit_down(struct desk *d, const char *draft)
{
    const char *name;
    memset(d, 0, sizeof *d);
    shared = d->got = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(d->got != MAP_FAILED);
    d->terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(d->terminal >= 0);
    assert_int_equal(grantpt(d->terminal), 0);
    assert_int_equal(unlockpt(d->terminal), 0);
    name = ptsname(d->terminal);
    d->slave = open(name, O_RDWR | O_NOCTTY);
    assert_true(d->slave >= 0);
    assert_int_equal(tcgetattr(d->slave, &d->before), 0);
    if ((d->child = fork()) == 0) {
        (void)close(d->terminal); /* or nobody would hear that it is closed */
        (void)close(d->slave);
        (void)alarm(120);
        read_text(name, draft);
    }
    for (int i = 0; i < 600 && strstr(d->shown, READY) == NULL; i++)
        (void)look(d, 100);
    assert_non_null(strstr(d->shown, READY));
}

static void press(struct desk *d, const char *keys, size_t bytes)
{
    (void)fcntl(d->terminal, F_SETFL, O_NONBLOCK);
    while (bytes > 0) {
        ssize_t n = write(d->terminal, keys, bytes);
        if (n > 0) {
            keys += n;
            bytes -= (size_t)n;
        }
        while (look(d, n > 0 ? 0 : 20))
            continue;
    }
}

/* Waits for the end of the one who reads. Returns the wait status. */
static int stand_up(struct desk *d)
{
    struct termios after;
    int status = 0;
    while (waitpid(d->child, &status, WNOHANG) == 0)
        (void)look(d, 20);
    if (d->slave >= 0) {
        assert_int_equal(tcgetattr(d->slave, &after), 0);
        assert_int_equal(after.c_lflag, d->before.c_lflag); /* the terminal is as it was */
        (void)close(d->slave);
    }
    if (d->terminal >= 0)
        (void)close(d->terminal);
    return status;
}

static void leave(struct desk *d)
{
    (void)munmap(d->got, sizeof *d->got);
    free(d);
}

#define PRESS(d, keys) press(d, keys, sizeof(keys) - 1)

/* Goal: a pasted line over 4095 bytes, which the terminal's own line would cut in silence, is whole. */
static void a_pasted_line_over_4095_bytes_is_whole(void **state)
{
    struct desk *d = malloc(sizeof *d);
    static char line[20000];
    (void)state;
    assert_non_null(d);
    for (size_t i = 0; i < sizeof line; i++)
        line[i] = (char)('a' + i % 26);
    sit_down(d, "");
    press(d, line, sizeof line);
    PRESS(d, "\n\004");
    assert_int_equal(stand_up(d), 0);
    assert_int_equal(d->got->code, 0);
    assert_int_equal(strlen(d->got->text), sizeof line + 1);
    assert_memory_equal(d->got->text, line, sizeof line);
    leave(d);
}

/* Goal: each key does what it does in a terminal's own line; what is no text is dropped; Ctrl-D ends on an empty line
 * alone; what is pasted between brackets presses no key. */
static void keys_edit_the_line(void **state)
{
    static const struct {
        const char *keys, *text;
    } all[] = {
        {"abc\177d\n\004", "abd\n"},
        {"caf\xc3\xa9\177e\n\004", "cafe\n"},
        {"one\n\177two\n\004", "one\ntwo\n"}, /* a line that has ended stays */
        {"one two  \027three\n\004", "one three\n"},
        {"all wrong\025right\n\004", "right\n"},
        {"half\004way\n\004", "halfway\n"},
        {"a\033[Db\033OAc\n\004", "abc\n"},
        {"a\tb\001\n\004", "a\tb\n"},
        {"k\033\xc3\xb6nnen\n\004", "k\xc3\xb6nnen\n"}, /* an escape by mistake breaks no letter */
        {"\033[200~pasted\177\004\rtwo\033[201~\n\004", "pasted\ntwo\n"},
        {"\004", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct desk *d = malloc(sizeof *d);
        assert_non_null(d);
        sit_down(d, "");
        press(d, all[i].keys, strlen(all[i].keys));
        assert_int_equal(stand_up(d), 0);
        assert_string_equal(d->got->text, all[i].text);
        leave(d);
    }
}

/* Goal: a text that is there is shown and gone on with. */
static void a_draft_is_gone_on_with(void **state)
{
    struct desk *d = malloc(sizeof *d);
    (void)state;
    assert_non_null(d);
    sit_down(d, "She fell");
    PRESS(d, " twice.\n\004");
    assert_int_equal(stand_up(d), 0);
    assert_string_equal(d->got->text, "She fell twice.\n");
    assert_non_null(strstr(d->shown, "She fell"));
    leave(d);
}

static void wait_kept(struct desk *d, const char *text)
{
    for (int i = 0; i < 600 && strcmp(d->got->kept, text) != 0; i++)
        (void)look(d, 20);
    assert_string_equal(d->got->kept, text);
}

/* Goal: what is typed is kept at the end of each line, and about once a second within one. */
static void what_is_typed_is_kept_as_it_is_typed(void **state)
{
    struct desk *d = malloc(sizeof *d);
    (void)state;
    assert_non_null(d);
    sit_down(d, "");
    PRESS(d, "first\n");
    wait_kept(d, "first\n");
    PRESS(d, "half");
    wait_kept(d, "first\nhalf");
    PRESS(d, "\n\004");
    assert_int_equal(stand_up(d), 0);
    leave(d);
}

/* Goal: Ctrl-C, and each signal that ends a program, keep a half-typed note, say so, and end it with that signal. */
static void a_signal_keeps_what_was_typed(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    (void)state;
    for (size_t i = 0; i <= sizeof numbers / sizeof *numbers; i++) {
        struct desk *d = malloc(sizeof *d);
        int number = i == 0 ? SIGINT : numbers[i - 1], status;
        assert_non_null(d);
        sit_down(d, "");
        PRESS(d, "first\nhalf a no");
        while (d->shown_bytes == 0 || strstr(d->shown, "half a no") == NULL)
            (void)look(d, 20);
        if (i == 0)
            PRESS(d, "\003");
        else
            assert_int_equal(kill(d->child, number), 0);
        status = stand_up(d);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), number);
        assert_string_equal(d->got->kept, "first\nhalf a no");
        assert_int_equal(d->got->told, 1);
        leave(d);
    }
}

/* Goal: a window that is closed keeps what was typed. */
static void a_closed_window_keeps_what_was_typed(void **state)
{
    struct desk *d = malloc(sizeof *d);
    (void)state;
    assert_non_null(d);
    sit_down(d, "");
    PRESS(d, "half a no");
    while (strstr(d->shown, "half a no") == NULL)
        (void)look(d, 20);
    (void)close(d->slave);
    (void)close(d->terminal);
    d->slave = -1;
    (void)waitpid(d->child, NULL, 0);
    assert_string_equal(d->got->kept, "half a no");
    leave(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pasted_line_over_4095_bytes_is_whole),
        cmocka_unit_test(keys_edit_the_line),
        cmocka_unit_test(a_draft_is_gone_on_with),
        cmocka_unit_test(what_is_typed_is_kept_as_it_is_typed),
        cmocka_unit_test(a_signal_keeps_what_was_typed),
        cmocka_unit_test(a_closed_window_keeps_what_was_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
