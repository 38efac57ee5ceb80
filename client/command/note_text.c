/* Reads the words of a note, and keeps them as a draft (note_text.h).
 *
 * The editor gets its file through /proc/self/fd, so that nothing of it lies on a disk by our doing. Of vi and vim the
 * swap, undo, backup and info files are switched off; what another editor keeps for itself is beyond this program. */
#include "note_text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "draft.h"
#include "find.h"
#include "moment.h"
#include "schema.h"
#include "typing.h"
#include "whose.h"

#define ROOM (DRAFT_MAX + 1)
#define NOTE_ROOM (SCHEMA_TEXT_MAX + 1024) /* more than a text may have */
#define LOOK_MS 500                        /* how often it is looked at what an editor has saved */

int note_text_line(char *line, size_t room)
{
    size_t used = 0;
    char c = 0;
    ssize_t n;
    while ((n = read(STDIN_FILENO, &c, 1)) == 1 || (n < 0 && errno == EINTR))
        if (n == 1 && c == '\n')
            break;
        else if (n == 1 && used + 1 < room)
            line[used++] = c;
    line[used] = '\0';
    return n == 1 ? 0 : -1;
}

/* Drops the newlines at the end. E_INPUT: a NUL byte is in it; E_LIMIT: it is longer than any note. */
static int finish(struct note_text *t, size_t used, struct error *e)
{
    size_t whole = used;
    char *p = t->text;
    while (used > 0 && (p[used - 1] == '\n' || p[used - 1] == '\r'))
        used--;
    p[used] = '\0';
    if (memchr(p, '\0', used) != NULL) {
        p[0] = '\0'; /* no text, so no draft either */
        return error_set(e, E_INPUT, "the note holds a NUL byte; is it a file of text that was handed in?");
    }
    return whole < NOTE_ROOM ? 0
                             : error_set(e, E_LIMIT,
                                         "the note is too long, and nothing was written: at most %d bytes are allowed; "
                                         "write it as several notes",
                                         SCHEMA_TEXT_MAX);
}

static int read_input(struct note_text *t, struct error *e)
{
    size_t used = 0;
    int code;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, t->text + used, ROOM - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(e, E_IO, errno, "the note cannot be read");
        if (n == 0)
            break;
        used += (size_t)n;
        if (used == ROOM - 1)
            break;
    }
    code = finish(t, used, e);
    return code;
}

/* --- the draft --- */

static void say_case(struct note_text *t)
{
    whose_say(t->cli->err, t->s->db, &t->scope);
}

/* For typing.h. */
static void keep(void *arg, const char *text)
{
    struct note_text *t = arg;
    struct error why = {0, ""};
    int was_unkept = t->is_unkept;
    t->is_unkept = draft_keep(t->s->db, &t->scope, KIND_NOTE, text, clock_wall(), &why) != 0;
    t->is_from_draft = 1;
    if (t->is_unkept && !was_unkept)
        (void)fprintf(t->cli->err, "\nwhat you type cannot be kept as a draft now: %s\n", why.text);
}

/* The last place for words that nothing keeps: the terminal that they were typed on. */
static void print_lost(struct note_text *t, const char *text)
{
    if (!isatty(STDERR_FILENO)) /* it may end in a log */
        return;
    (void)fputs("the note was not written; here it is, so that it is not lost:\n\n", t->cli->err);
    cli_text(t->cli->err, text);
    (void)fputs("\n\n", t->cli->err);
}

static void say_kept(void *arg, const char *text)
{
    struct note_text *t = arg;
    char name[FIND_NAME];
    if (text[0] != '\0' && t->is_unkept)
        print_lost(t, text);
    else if (text[0] != '\0')
        (void)fprintf(t->cli->err, "what you typed is kept as a draft: `satchel note %s` goes on with it\n",
                      find_name(t->s->db, &t->scope, name));
    (void)fflush(t->cli->err);
}

static void take_draft(struct note_text *t, const char *draft)
{
    cli_cut(t->text, ROOM, draft);
    t->is_from_draft = 1;
}

/* E_REFUSED: there is a draft, and nobody at a terminal who could say what becomes of it. */
static int check_no_draft(struct note_text *t, struct error *e)
{
    char *draft;
    uint64_t at;
    int code = draft_find(t->s->db, &t->scope, KIND_NOTE, &draft, &at, e);
    if (code == 0 && draft != NULL)
        code =
            error_set(e, E_REFUSED,
                      "there is a draft for this case: run `satchel note` at a terminal, which offers it; nothing was "
                      "written");
    draft_free(draft);
    return code;
}

/* Offers the draft, if there is one: puts it into t->text, or throws it away. E_REFUSED: the person stopped. */
static int offer(struct note_text *t, struct error *e)
{
    char when[32], line[64], *draft;
    uint64_t at;
    int code = draft_find(t->s->db, &t->scope, KIND_NOTE, &draft, &at, e);
    if (code != 0 || draft == NULL)
        return code;
    cli_time(at, when);
    (void)fprintf(t->cli->err, "there is a draft of %s for ", when);
    say_case(t);
    (void)fputs(". Go on with it (Enter), throw it away (t), or stop here (s)? ", t->cli->err);
    (void)fflush(t->cli->err);
    if (note_text_line(line, sizeof line) != 0 || line[0] == 's' || line[0] == 'S')
        code = error_set(e, E_REFUSED, "nothing was written; the draft is kept");
    else if (line[0] == 't' || line[0] == 'T')
        code = draft_drop(t->s->db, &t->scope, KIND_NOTE, e);
    else
        take_draft(t, draft);
    draft_free(draft);
    return code;
}

void note_text_failed(struct note_text *t, const char *text)
{
    char name[FIND_NAME];
    if (text == NULL || text[0] == '\0')
        return;
    if (t->s->db != NULL && (t->is_from_draft && !t->is_unkept
                                 ? draft_keep(t->s->db, &t->scope, KIND_NOTE, text, clock_wall(), NULL)
                                 : draft_add(t->s->db, &t->scope, KIND_NOTE, text, clock_wall(), NULL)) == 0) {
        (void)fprintf(t->cli->err, "the words are kept as a draft: `satchel note %s` at a terminal goes on with it\n",
                      find_name(t->s->db, &t->scope, name));
        return;
    }
    print_lost(t, text);
}

int note_text_written(struct note_text *t, const char *text, struct error *e)
{
    char *draft;
    uint64_t at;
    int code = draft_find(t->s->db, &t->scope, KIND_NOTE, &draft, &at, e);
    if (code == 0 && draft != NULL && (t->is_from_draft || strstr(text, draft) != NULL))
        code = draft_drop(t->s->db, &t->scope, KIND_NOTE, e);
    draft_free(draft);
    return code;
}

void note_text_say_left(struct note_text *t)
{
    char *draft, when[32], name[FIND_NAME];
    uint64_t at;
    if (draft_find(t->s->db, &t->scope, KIND_NOTE, &draft, &at, NULL) != 0 || draft == NULL)
        return;
    cli_time(at, when);
    (void)fprintf(t->cli->err,
                  "there is still a draft of %s for this case: `satchel note %s` at a terminal offers it\n", when,
                  find_name(t->s->db, &t->scope, name));
    draft_free(draft);
}

/* --- the terminal --- */

static int type_text(struct note_text *t, struct error *e)
{
    struct typing typing = {.input = STDIN_FILENO,
                            .output = isatty(STDERR_FILENO) ? STDERR_FILENO : -1,
                            .text = t->text,
                            .used = strlen(t->text),
                            .room = ROOM,
                            .keep = keep,
                            .gone = say_kept,
                            .arg = t};
    int code;
    (void)fputs("type the note for ", t->cli->err);
    say_case(t);
    (void)fputs("; Ctrl-D on an empty line ends it, and what is typed is kept as a draft\n", t->cli->err);
    (void)fflush(t->cli->err);
    code = typing_read(&typing, e);
    t->is_from_draft = 1;
    return code != 0 ? code : finish(t, typing.used, e);
}

/* --- an editor --- */

/* Becomes the editor; only returns where that fails. */
static void become_editor(const char *editor, int file)
{
    static const char quiet[] = "exec %s \"$@\"";
    char command[1024], path[64];
    const char *name = strrchr(editor, '/');
    name = name != NULL ? name + 1 : editor;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if ((size_t)snprintf(command, sizeof command, quiet, editor) >= sizeof command)
        _exit(127);
    if (strncmp(name, "vi", 2) == 0 || strncmp(name, "nvim", 4) == 0)
        (void)execl("/bin/sh", "sh", "-c", command, "sh", "-n", "-i", "NONE", "--cmd",
                    "set nobackup nowritebackup noundofile noswapfile", path, (char *)NULL);
    else
        (void)execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
    _exit(127);
}

/* Reads what the file has now. Returns its bytes; ROOM: too many. */
static size_t read_file(struct note_text *t, int file)
{
    size_t used = 0;
    ssize_t n;
    while (used < ROOM - 1 && (n = pread(file, t->text + used, ROOM - 1 - used, (off_t)used)) > 0)
        used += (size_t)n;
    t->text[used] = '\0';
    return used;
}

/* Waits for the editor, and keeps what it saves meanwhile. Returns its wait status. */
static int wait_editor(struct note_text *t, pid_t child, int file)
{
    uint8_t before[32], now[32];
    size_t size;
    int status = -1;
    pid_t ended;
    (void)crypto_generichash(before, sizeof before, (const uint8_t *)t->text, strlen(t->text), NULL, 0);
    while ((ended = waitpid(child, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        (void)poll(NULL, 0, LOOK_MS);
        size = read_file(t, file);
        (void)crypto_generichash(now, sizeof now, (const uint8_t *)t->text, size, NULL, 0);
        if (memcmp(now, before, sizeof now) != 0 && t->text[0] != '\0' && strlen(t->text) == size)
            keep(t, t->text);
        memcpy(before, now, sizeof before);
    }
    return ended < 0 ? -1 : status;
}

static const char *find_editor(void)
{
    const char *editor = getenv("VISUAL");
    if (editor == NULL || editor[0] == '\0')
        editor = getenv("EDITOR");
    return editor != NULL && editor[0] != '\0' ? editor : NULL;
}

static int edit_text(struct note_text *t, const char *editor, struct error *e)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before[2];
    size_t used = strlen(t->text);
    int file, status;
    pid_t child;
    if ((file = memfd_create("note", 0)) < 0 || pwrite(file, t->text, used, 0) != (ssize_t)used)
        return error_system(e, E_IO, errno, "there is no memory for the editor's file");
    (void)sigaction(SIGINT, &ignore, &before[0]);
    (void)sigaction(SIGQUIT, &ignore, &before[1]);
    if ((child = fork()) == 0) {
        (void)sigaction(SIGINT, &before[0], NULL);
        (void)sigaction(SIGQUIT, &before[1], NULL);
        become_editor(editor, file);
    }
    status = child > 0 ? wait_editor(t, child, file) : -1;
    (void)sigaction(SIGINT, &before[0], NULL);
    (void)sigaction(SIGQUIT, &before[1], NULL);
    used = read_file(t, file);
    (void)close(file);
    if (status == 0)
        return finish(t, used, e);
    return error_set(e, E_IO, "the editor (%s) could not be run, or ended with an error; nothing was written", editor);
}

int note_text_read(struct note_text *t, int with_editor, struct error *e)
{
    const char *editor = with_editor ? find_editor() : NULL;
    int code;
    if (with_editor && editor == NULL)
        return error_set(e, E_USAGE, "there is no editor: set VISUAL or EDITOR, or type the note without --editor");
    if ((t->text = calloc(1, ROOM)) == NULL)
        return error_memory(e);
    if (!with_editor && !isatty(STDIN_FILENO))
        return read_input(t, e);
    if ((code = isatty(STDIN_FILENO) ? offer(t, e) : check_no_draft(t, e)) != 0)
        return code;
    return with_editor ? edit_text(t, editor, e) : type_text(t, e);
}

void note_text_free(struct note_text *t)
{
    if (t->text != NULL)
        sodium_memzero(t->text, ROOM);
    free(t->text);
    t->text = NULL;
}
