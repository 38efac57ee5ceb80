/* `satchel note`: writes a visit note. It is written once, may be amended later, and is never edited. */
#include "command.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fold.h"
#include "moment.h"
#include "record.h"
#include "schema.h"
#include "whose.h"
#include "with_store.h"

#define ROOM (SCHEMA_TEXT_MAX + 1024) /* more than a text may have: if it is full, there was too much */

/* Reads all of the standard input into p (ROOM bytes), without the newlines at its end. */
static int read_input(struct cli *cli, char *p, struct error *e)
{
    size_t used = 0;
    if (isatty(STDIN_FILENO))
        (void)fputs("type the note; a line with Ctrl-D alone ends it\n", cli->err);
    for (;;) {
        ssize_t n = read(STDIN_FILENO, p + used, ROOM - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(e, E_IO, errno, "the note cannot be read");
        if (n == 0)
            break;
        used += (size_t)n;
        if (used == ROOM)
            return error_set(e, E_LIMIT,
                             "the note is too long, and nothing was written: at most %d bytes are allowed; "
                             "write it as several notes",
                             SCHEMA_TEXT_MAX);
    }
    while (used > 0 && (p[used - 1] == '\n' || p[used - 1] == '\r'))
        used--;
    p[used] = '\0';
    return memchr(p, '\0', used) != NULL
               ? error_set(e, E_INPUT, "the note holds a NUL byte; is it a file of text that was handed in?")
               : 0;
}

/* Prints the time as a person would type it, in UTC. */
static void now_words(uint64_t wall_ms, char out[32])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &utc) == 0)
        out[0] = '\0';
}

/* 1: a person would see nothing: spaces of any kind, and what is invisible. */
static int is_blank(const char *text)
{
    uint32_t letters[FOLD_LETTERS_MAX];
    while (*text != '\0') {
        size_t count = fold_letter(fold_next(&text), letters);
        for (size_t i = 0; i < count; i++)
            if (letters[i] != ' ' && (letters[i] < '\t' || letters[i] > '\r'))
                return 0;
    }
    return 1;
}

struct noting {
    const char *words, *text, *visited, *type; /* visited: in UTC */
    struct id scope, record;
};

static int fill(struct store *s, struct noting *n, struct edit *edit, struct error *e)
{
    char now[32];
    int code;
    now_words(s->author.wall(), now);
    if ((code = edit_set_text(edit, "text", n->text, e)) != 0 ||
        (code = edit_set_text(edit, "visited", n->visited != NULL ? n->visited : now, e)) != 0)
        return code;
    return edit_set_text(edit, "type", n->type != NULL ? n->type : "home visit", e);
}

static int make_note(struct store *s, struct noting *n, struct error *e)
{
    struct edit edit;
    int code;
    n->record = id_new(s->author.wall());
    if ((code = edit_new(&edit, s->db, schema_kind(KIND_NOTE), &n->scope, &n->record, e)) != 0)
        return code;
    if ((code = fill(s, n, &edit, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return with_store_commit(s, &edit, NULL, e);
}

/* Reads a line of the standard input, byte by byte: what follows it is the note. -1: there is none. */
static int read_line(char *line, size_t room)
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

/* Asks a person at a terminal for the type of the note, by its first letters; an empty line takes the first. A type
 * that is not clear is asked for once more, three times in all. n->type stays NULL if nobody answers. */
static void ask_type(struct cli *cli, struct noting *n)
{
    const struct schema_choice *all = schema_field_named(schema_kind(KIND_NOTE), "type")->choices;
    char line[64];
    if (n->type != NULL || cli->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return;
    for (int asked = 0; asked < 3; asked++) {
        size_t fit = 0;
        for (const struct schema_choice *c = all; c->name != NULL; c++)
            (void)fprintf(cli->err, "%s%s", c == all ? "type of the visit, by its first letters: " : ", ", c->name);
        (void)fprintf(cli->err, " [%s]: ", all->name);
        (void)fflush(cli->err);
        if (read_line(line, sizeof line) != 0)
            return;
        for (const struct schema_choice *c = all; c->name != NULL; c++)
            if (strncasecmp(c->name, line, strlen(line)) == 0 && fit++ == 0)
                n->type = c->name;
        if (fit == 1 || line[0] == '\0')
            return;
        n->type = NULL;
    }
}

/* Checks that the time and the type would be taken, before somebody types a long note. */
static int check(const struct noting *n, struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_NOTE);
    const struct {
        const char *field, *text;
    } all[] = {{"visited", n->visited}, {"type", n->type}};
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof all / sizeof *all; i++) {
        struct pack w;
        if (all[i].text == NULL)
            continue;
        pack_start(&w);
        code = schema_parse(kind, schema_field_named(kind, all[i].field), all[i].text, &w, e);
        pack_free(&w);
    }
    return code;
}

static int write_note(struct store *s, struct usage_call *call, struct error *e)
{
    struct noting n = {
        .visited = usage_text(call, "visited"), .type = usage_text(call, "type"), .text = call->words[1]};
    char visited[MOMENT_TEXT], *typed = NULL;
    struct cli *cli = call->cli;
    int code;
    if (n.visited != NULL && (code = moment_from_words(n.visited, visited, e)) != 0)
        return code;
    if (n.visited != NULL)
        n.visited = visited;
    if ((code = check(&n, e)) != 0 || (code = write_find_case(s, cli, call->words[0], &n.scope, e)) != 0)
        return code;
    ask_type(cli, &n);
    if (n.text == NULL) {
        if ((n.text = typed = malloc(ROOM)) == NULL)
            return error_memory(e);
        if ((code = read_input(cli, typed, e)) != 0)
            goto out;
    }
    if (is_blank(n.text)) {
        code = error_set(e, E_INPUT, "the note is empty; nothing was written");
        goto out;
    }
    if ((code = store_begin(s, e)) != 0)
        goto out;
    if ((code = make_note(s, &n, e)) != 0) {
        store_rollback(s);
        goto out;
    }
    write_id(cli, schema_kind(KIND_NOTE), &n.record);
    (void)fputs("note written for ", cli->err);
    whose_say(cli->err, s->db, &n.scope);
    code = with_store_say_queued(s, cli, e);
out:
    /* What was typed is kept nowhere else, so print it on the screen that it was typed on. */
    if (code != 0 && typed != NULL && typed[0] != '\0' && isatty(STDIN_FILENO)) {
        (void)fputs("the note was not written; here it is, so that it is not lost:\n\n", cli->err);
        cli_text(cli->err, typed);
        (void)fputs("\n\n", cli->err);
    }
    if (typed != NULL)
        sodium_memzero(typed, ROOM);
    free(typed);
    return code;
}

const struct command command_note = {
    .usage = {.name = "note",
              .words = "CASE [TEXT]",
              .options = {{.name = "visited", .value = "TIME", .help = "when the visit was, if it was not now"},
                          {.name = "type", .value = "TYPE", .help = "home visit, office visit, telephone or other"}},
              .help = "write a visit note",
              .more = "CASE is a whole case number, or the whole name of a client who has one open case.\n"
                      "Without TEXT the note is read from the standard input: `satchel note 2024-171 < note.txt`.",
              .example = "satchel note 2024-171 'She has a new dog.' --visited '2026-11-23 14:30'"},
    .writes = write_note,
};
