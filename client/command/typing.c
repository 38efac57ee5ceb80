/* Reads a terminal key by key (typing.h). */
#include "typing.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "utf8.h"

enum { KEY_END = 4, KEY_BACK = 8, KEY_LINE = 21, KEY_WORD = 23, KEY_ESCAPE = 27, KEY_DELETE = 127 };
enum { KEEP_MS = 1000, SEQUENCE_MAX = 16 };

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define PASTE_BEGINS "[200~"
#define PASTE_ENDS "[201~"

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define CAUGHT (sizeof caught / sizeof *caught)

static volatile sig_atomic_t signal_number;

static void on_signal(int number)
{
    signal_number = number;
}

struct keys {
    struct typing *t;
    struct termios before;
    struct sigaction handlers[CAUGHT];
    sigset_t mask;               /* as it was: a signal comes through only while a key is waited for */
    char sequence[SEQUENCE_MAX]; /* of an escape sequence that has begun */
    size_t sequence_bytes;
    int in_sequence, is_pasted, is_dirty, is_over;
    struct timespec kept;
};

static void show(const struct keys *k, const char *text, size_t bytes)
{
    while (k->t->output >= 0 && bytes > 0) {
        ssize_t n = write(k->t->output, text, bytes);
        if (n < 0 && errno != EINTR)
            return;
        text += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
}

/* --- the terminal, and what it was --- */

static int take_terminal(struct keys *k)
{
    struct termios raw = k->before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(k->t->input, TCSADRAIN, &raw) != 0)
        return -1;
    show(k, PASTE_ON, sizeof PASTE_ON - 1);
    return 0;
}

static void give_back(struct keys *k)
{
    show(k, PASTE_OFF, sizeof PASTE_OFF - 1);
    (void)tcsetattr(k->t->input, TCSADRAIN, &k->before);
}

static void catch_signals(struct keys *k)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&blocked);
    signal_number = 0;
    for (size_t i = 0; i < CAUGHT; i++)
        (void)sigaddset(&blocked, caught[i]);
    (void)sigprocmask(SIG_BLOCK, &blocked, &k->mask);
    for (size_t i = 0; i < CAUGHT; i++) {
        (void)sigaction(caught[i], NULL, &k->handlers[i]);
        if (k->handlers[i].sa_handler != SIG_IGN)
            (void)sigaction(caught[i], &action, NULL);
    }
}

static void release_signals(struct keys *k)
{
    for (size_t i = 0; i < CAUGHT; i++)
        (void)sigaction(caught[i], &k->handlers[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &k->mask, NULL);
}

/* --- what is typed --- */

static void keep(struct keys *k)
{
    if (k->is_dirty)
        k->t->keep(k->t->arg, k->t->text);
    k->is_dirty = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &k->kept);
}

static int is_due(const struct keys *k)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - k->kept.tv_sec) * 1000 + (now.tv_nsec - k->kept.tv_nsec) / 1000000 >= KEEP_MS;
}

/* Where the last line begins. */
static size_t line_start(const struct typing *t)
{
    size_t at = t->used;
    while (at > 0 && t->text[at - 1] != '\n')
        at--;
    return at;
}

/* Columns of a character on the terminal: East Asian ones and pictures take two. */
static int is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
           (c >= 0x1f300 && c <= 0x1faff);
}

/* Takes back the last character of the line. 0: the line is empty. */
static int take_back(struct keys *k)
{
    struct typing *t = k->t;
    size_t start = line_start(t), at = t->used, bytes;
    if (at == start)
        return 0;
    do
        at--;
    while (at > start && ((unsigned char)t->text[at] & 0xc0) == 0x80);
    bytes = utf8_character(t->text + at, t->used - at);
    show(k, "\b \b", 3);
    if (bytes != 0 && is_wide(utf8_number(t->text + at, bytes)))
        show(k, "\b \b", 3);
    t->used = at;
    t->text[at] = '\0';
    k->is_dirty = 1;
    return 1;
}

static void take_back_word(struct keys *k)
{
    struct typing *t = k->t;
    while (t->used > line_start(t) && t->text[t->used - 1] == ' ')
        (void)take_back(k);
    while (t->used > line_start(t) && t->text[t->used - 1] != ' ')
        (void)take_back(k);
}

/* 1: it is in the text; 0: there is no room. */
static int put(struct keys *k, char c)
{
    struct typing *t = k->t;
    if (t->used + 1 >= t->room)
        return 0;
    t->text[t->used++] = c;
    t->text[t->used] = '\0';
    k->is_dirty = 1;
    show(k, &c, 1);
    if (c == '\n')
        keep(k);
    return 1;
}

/* A byte behind an escape. Takes the sequence in, drops it, and looks whether it brackets what is pasted. */
static void follow_sequence(struct keys *k, char c)
{
    int ends = (k->sequence_bytes > 0 && c >= '@' && c <= '~') || (k->sequence_bytes == 0 && c != '[' && c != 'O');
    if (k->sequence_bytes < SEQUENCE_MAX - 1)
        k->sequence[k->sequence_bytes++] = c;
    if (!ends && k->sequence_bytes < SEQUENCE_MAX - 1)
        return;
    k->sequence[k->sequence_bytes] = '\0';
    if (strcmp(k->sequence, PASTE_BEGINS) == 0)
        k->is_pasted = 1;
    if (strcmp(k->sequence, PASTE_ENDS) == 0)
        k->is_pasted = 0;
    k->in_sequence = 0;
}

/* 1: goes on; 0: there is no room for it. */
static int type(struct keys *k, char c)
{
    /* A sequence has no such byte: the escape was a key of its own. */
    if (k->in_sequence && (unsigned char)c >= 0x80)
        k->in_sequence = 0;
    if (k->in_sequence) {
        follow_sequence(k, c);
        return 1;
    }
    if (c == KEY_ESCAPE) {
        k->in_sequence = 1;
        k->sequence_bytes = 0;
        return 1;
    }
    if (c == '\r')
        c = '\n';
    if (c == '\n' || c == '\t' || ((unsigned char)c >= ' ' && c != KEY_DELETE))
        return put(k, c);
    if (k->is_pasted)
        return 1; /* no key was pressed */
    if (c == KEY_DELETE || c == KEY_BACK)
        (void)take_back(k);
    else if (c == KEY_WORD)
        take_back_word(k);
    else if (c == KEY_LINE)
        while (take_back(k))
            continue;
    else if (c == KEY_END && k->t->used == line_start(k->t))
        k->is_over = 1;
    else
        show(k, "\a", 1);
    return 1;
}

/* --- signals --- */

/* Gives the terminal back, and lets the signal do what it does. Returns after a stop (Ctrl-Z) alone. */
static void obey(struct keys *k, int number)
{
    signal_number = 0;
    k->is_dirty |= k->t->used != 0;
    keep(k);
    give_back(k);
    show(k, "\n", 1);
    if (number != SIGTSTP)
        k->t->gone(k->t->arg, k->t->text);
    release_signals(k);
    (void)raise(number);
    if (number != SIGTSTP)
        _exit(128 + number);
    catch_signals(k);
    (void)take_terminal(k);
    show(k, k->t->text + line_start(k->t), k->t->used - line_start(k->t));
}

/* Waits for a key, and keeps what is due. 1: there is one; 0: nothing yet. */
static int wait_key(struct keys *k)
{
    struct pollfd one = {.fd = k->t->input, .events = POLLIN};
    const struct timespec second = {KEEP_MS / 1000, 0};
    int got = ppoll(&one, 1, k->is_dirty ? &second : NULL, &k->mask);
    if (signal_number != 0)
        obey(k, signal_number);
    if (k->is_dirty && is_due(k))
        keep(k);
    return got > 0;
}

static int read_keys(struct keys *k, struct error *e)
{
    char keys[4096];
    while (!k->is_over) {
        ssize_t n;
        if (!wait_key(k))
            continue;
        n = read(k->t->input, keys, sizeof keys);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return error_set(e, E_IO, "the terminal is gone");
        for (ssize_t i = 0; i < n && !k->is_over; i++)
            if (!type(k, keys[i]))
                return error_set(e, E_LIMIT, "there is no room for so long a text");
    }
    return 0;
}

int typing_read(struct typing *t, struct error *e)
{
    struct keys k = {.t = t};
    int code;
    (void)clock_gettime(CLOCK_MONOTONIC, &k.kept);
    if (tcgetattr(t->input, &k.before) != 0)
        return error_system(e, E_IO, errno, "the terminal cannot be read");
    catch_signals(&k);
    if (take_terminal(&k) != 0) {
        code = error_system(e, E_IO, errno, "the terminal cannot be read");
    } else {
        show(&k, t->text, t->used);
        code = read_keys(&k, e);
        keep(&k);
        give_back(&k);
    }
    release_signals(&k);
    return code;
}
