/* Secrets, numbers and words of the command line, and the sentence of an error. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "fold.h"
#include "json.h"
#include "moment.h"
#include "secretfile.h"
#include "utf8.h"

/* --- numbers --- */

int cli_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *out, struct error *e)
{
    char *end;
    unsigned long long n;
    errno = 0;
    n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < min || n > max)
        return error_set(e, E_USAGE, "%s takes a number from %llu to %llu", what, (unsigned long long)min,
                         (unsigned long long)max);
    *out = n;
    return 0;
}

int cli_fail(const struct cli *cli, const char *program, const struct error *e)
{
    if (cli->json) {
        struct json j = json_start(cli->out);
        json_object(&j);
        json_text(json_key(&j, "error"), error_name(e->code));
        json_text(json_key(&j, "sentence"), e->text);
        json_end(&j);
    } else {
        fprintf(cli->err, cli->color ? "\033[1;31m%s:\033[0m " : "%s: ", program);
        cli_text(cli->err, e->text);
        fputc('\n', cli->err);
    }
    return error_status(e->code);
}

/* --- secrets --- */

#define SECRET_ROOM (CLI_SECRET_MAX + 3) /* a newline of two characters, and one byte that tells "too long" */

/* Reads all that fd gives, up to SECRET_ROOM bytes. */
static int read_all(int fd, char *room, size_t *bytes, struct error *e)
{
    *bytes = 0;
    while (*bytes < SECRET_ROOM) {
        ssize_t n = read(fd, room + *bytes, SECRET_ROOM - *bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(e, E_IO, errno, "the passphrase cannot be read");
        if (n == 0)
            break;
        *bytes += (size_t)n;
    }
    return 0;
}

static volatile sig_atomic_t caught_signal;

static void catch_signal(int number)
{
    caught_signal = number;
}

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define CAUGHT_COUNT (sizeof caught / sizeof *caught)

static int write_words(int fd, const char *words)
{
    size_t left = strlen(words);
    while (left != 0) {
        ssize_t n = write(fd, words, left);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            words += n;
            left -= (size_t)n;
        }
    }
    return 0;
}

/* Reads one line from the terminal with the echo off. A signal that comes meanwhile is caught; the echo is put back,
 * and the caller raises the signal again, which then finds the terminal as it was. Returns the signal, 0, or -1
 * (errno). */
static int ask_once(int tty, const char *prompt, char *room, size_t *bytes)
{
    struct termios before, quiet;
    struct sigaction old[CAUGHT_COUNT], action;
    ssize_t n = 0;
    int failed = 0;
    *bytes = 0;
    caught_signal = 0;
    if (tcgetattr(tty, &before) != 0)
        return -1;
    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal; /* without SA_RESTART: the read ends */
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        (void)sigaction(caught[i], &action, &old[i]);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ECHONL;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0 || write_words(tty, prompt) != 0)
        failed = errno;
    while (failed == 0 && caught_signal == 0 && *bytes < SECRET_ROOM) {
        n = read(tty, room + *bytes, 1);
        if (n < 0 && errno != EINTR)
            failed = errno;
        if (n == 0 || (n == 1 && room[*bytes] == '\n'))
            break;
        if (n == 1)
            ++*bytes;
    }
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        (void)sigaction(caught[i], &old[i], NULL);
    if (caught_signal != 0) {
        (void)write_words(tty, "\n");
        return caught_signal;
    }
    errno = failed;
    return failed != 0 ? -1 : 0;
}

/* Asks until no signal comes in between. After SIGTSTP and its SIGCONT the prompt is shown again. */
static int ask(int tty, const char *prompt, char *room, size_t *bytes, struct error *e)
{
    int came;
    while ((came = ask_once(tty, prompt, room, bytes)) > 0) {
        (void)raise(came);
        if (came != SIGTSTP)
            return error_set(e, E_INPUT, "no passphrase was given");
    }
    return came == 0 ? 0 : error_system(e, E_IO, errno, "the terminal cannot be read");
}

static int ask_terminal(const struct cli_secret_from *from, char *room, size_t *bytes, struct error *e)
{
    char *again = NULL;
    size_t again_bytes;
    int code;
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return error_set(e, E_USAGE,
                         "there is no terminal to ask for the passphrase; hand it in with --passphrase-file FILE or "
                         "--passphrase-fd NUMBER");
    if ((code = ask(tty, from->prompt, room, bytes, e)) != 0 || !from->confirm)
        goto out;
    if ((again = sodium_malloc(SECRET_ROOM)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((code = ask(tty, "Once more: ", again, &again_bytes, e)) == 0 &&
        (*bytes != again_bytes || sodium_memcmp(room, again, again_bytes) != 0))
        code = error_set(e, E_INPUT, "the two passphrases differ; nothing was changed, try again");
out:
    sodium_free(again);
    (void)close(tty);
    return code;
}

static int from_file(const char *file, char *room, size_t *bytes, struct error *e)
{
    int code = 0, fd = open(file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    if (fd < 0)
        return error_system(e, E_IO, errno, "the passphrase's file %s cannot be opened", file);
    /* A pipe (as of <(...) in a shell) is nobody else's; a file stays. */
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        code = secretfile_check(fd, file, e);
    if (code == 0)
        code = read_all(fd, room, bytes, e);
    (void)close(fd);
    return code;
}

static int from_descriptor(const char *text, char *room, size_t *bytes, struct error *e)
{
    uint64_t fd = 0;
    if (cli_number(text, "--passphrase-fd", 0, 65535, &fd, NULL) != 0)
        return error_set(e, E_USAGE, "--passphrase-fd takes the number of an open descriptor, such as 3");
    return read_all((int)fd, room, bytes, e);
}

int cli_secret(const struct cli_secret_from *from, char **secret, size_t *bytes, struct error *e)
{
    char *room;
    size_t n = 0;
    int code;
    *secret = NULL;
    *bytes = 0;
    if (from->file != NULL && from->fd != NULL)
        return error_set(e, E_USAGE, "the passphrase is handed in twice: give a file or a descriptor, not both");
    if (sodium_init() < 0)
        return error_set(e, E_INTERNAL, "libsodium cannot be started on this machine");
    if ((room = sodium_malloc(SECRET_ROOM)) == NULL)
        return error_memory(e);
    if (from->file != NULL)
        code = from_file(from->file, room, &n, e);
    else if (from->fd != NULL)
        code = from_descriptor(from->fd, room, &n, e);
    else
        code = ask_terminal(from, room, &n, e);
    if (code != 0)
        goto out;
    if (n > 0 && room[n - 1] == '\n')
        n--;
    if (n > 0 && room[n - 1] == '\r')
        n--;
    if (n == 0)
        code = error_set(e, E_INPUT, "the passphrase is empty");
    else if (n > CLI_SECRET_MAX)
        code = error_set(e, E_INPUT, "the passphrase is longer than %d bytes", CLI_SECRET_MAX);
    else if (memchr(room, 0, n) != NULL)
        code = error_set(e, E_INPUT, "the passphrase holds a NUL byte; is it the right file?");
out:
    if (code != 0) {
        sodium_free(room); /* zeroes */
        return code;
    }
    sodium_memzero(room + n, SECRET_ROOM - n);
    *secret = room;
    *bytes = n;
    return 0;
}

void cli_secret_free(char *secret, size_t bytes)
{
    if (secret != NULL)
        sodium_memzero(secret, bytes);
    sodium_free(secret);
}

/* --- words --- */

void cli_time(uint64_t unix_ms, char out[32])
{
    moment_of(unix_ms, out);
}

int cli_is_out(struct cli *cli)
{
    int out = fflush(cli->out) == 0 && !ferror(cli->out), err = fflush(cli->err) == 0 && !ferror(cli->err);
    return out && err;
}

char *cli_count(uint64_t n, const char *singular, const char *plural, char *out, size_t out_max)
{
    (void)snprintf(out, out_max, "%llu %s", (unsigned long long)n, n == 1 ? singular : plural);
    return out;
}

enum put { AS_TEXT, AS_LINE, AS_CSV };

static void put_text(FILE *out, const char *text, enum put as)
{
    size_t left = strlen(text);
    while (left != 0) {
        size_t n = utf8_character(text, left);
        int is_white = *text == '\n' || *text == '\t';
        if (is_white && as == AS_LINE) {
            fputc(' ', out);
        } else if (n == 0 || (utf8_is_control(text, n) && !is_white)) {
            fputs("\xef\xbf\xbd", out);
            n = n == 0 ? 1 : n;
        } else {
            if (*text == '"' && as == AS_CSV)
                fputc('"', out);
            (void)fwrite(text, 1, n, out);
        }
        text += n;
        left -= n;
    }
}

void cli_text(FILE *out, const char *text)
{
    put_text(out, text, AS_TEXT);
}

void cli_cut(char *out, size_t out_max, const char *text)
{
    size_t size = strlen(text);
    if (size > out_max - 1) {
        size = out_max - 1;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

void cli_line(FILE *out, const char *text)
{
    put_text(out, text, AS_LINE);
}

/* 1: a spreadsheet would take the text for a formula, and run it. */
static int is_formula(const char *text)
{
    uint32_t c = text[0] != 0 ? fold_next(&text) : 0;
    if (c >= 0xff01 && c <= 0xff5e) /* the wide forms of ASCII */
        c -= 0xfee0;
    return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' || c == '\n';
}

void cli_csv(FILE *out, const char *text, int defuse)
{
    defuse = defuse && is_formula(text);
    if (!defuse && strpbrk(text, ",\"\r\n") == NULL) {
        cli_text(out, text);
        return;
    }
    (void)fputs(defuse ? "\"'" : "\"", out);
    put_text(out, text, AS_CSV);
    (void)fputc('"', out);
}
