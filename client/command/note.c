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
#include "note_text.h"
#include "record.h"
#include "schema.h"
#include "whose.h"
#include "with_store.h"

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
    struct note_text source;
    const char *words, *text, *visited, *type; /* visited: in UTC */
    struct id scope, record;
    struct with_store_doubts doubts;
    int is_written; /* an error after that is one of the answer */
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

static int make_note(struct store *s, struct cli *cli, struct noting *n, struct error *e)
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
    /* With the note its draft ends: both, or neither. */
    if ((code = note_text_written(&n->source, n->text, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return with_store_commit(s, cli, &edit, NULL, &n->doubts, e);
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
        if (note_text_line(line, sizeof line) != 0)
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

/* Says what the shell does to words that stand in a command. */
static void say_history(const struct cli *cli)
{
    if (cli->err == stderr && isatty(STDERR_FILENO))
        (void)fputs(
            "note: the shell keeps what is typed in a command, in clear, in its history, and changes \"$500\" in it to "
            "\"00\"; without TEXT the words are typed after the command, and kept nowhere else\n",
            cli->err);
}

/* Writes the note whose words are there. */
static int write_text(struct store *s, struct usage_call *call, struct noting *n, struct error *e)
{
    struct cli *cli = call->cli;
    int code;
    if (is_blank(n->text))
        return error_set(e, E_INPUT, "the note is empty; nothing was written");
    do {
        if ((code = store_begin(s, e)) != 0)
            return code;
        if ((code = make_note(s, cli, n, e)) != 0)
            store_rollback(s);
    } while (code != 0 && with_store_ask_doubts(s, cli, &n->doubts, e));
    if (code != 0)
        return e->code;
    n->is_written = 1;
    write_id(cli, schema_kind(KIND_NOTE), &n->record);
    (void)fputs("note written for ", cli->err);
    whose_say(cli->err, s->db, &n->scope);
    code = with_store_say_queued(s, cli, e);
    note_text_say_left(&n->source);
    return code;
}

static int write_note(struct store *s, struct usage_call *call, struct error *e)
{
    struct noting n = {.source = {.s = s, .cli = call->cli},
                       .visited = usage_text(call, "visited"),
                       .type = usage_text(call, "type"),
                       .text = call->words[1]};
    char visited[MOMENT_TEXT];
    int code;
    if (n.text != NULL && usage_flag(call, "editor"))
        return error_set(e, E_USAGE, "give the text, or --editor, not both");
    if (n.visited != NULL && (code = moment_from_words(n.visited, visited, e)) != 0)
        return code;
    if (n.visited != NULL)
        n.visited = visited;
    if ((code = check(&n, e)) != 0 || (code = write_find_case(s, call->cli, call->words[0], &n.scope, e)) != 0)
        return code;
    n.source.scope = n.scope;
    ask_type(call->cli, &n);
    if (n.text != NULL)
        say_history(call->cli);
    else if ((code = note_text_read(&n.source, usage_flag(call, "editor"), e)) == 0)
        n.text = n.source.text;
    if (code == 0)
        code = write_text(s, call, &n, e);
    if (n.text == NULL)
        n.text = n.source.text;
    if (code != 0 && !n.is_written && n.text != NULL && !is_blank(n.text))
        note_text_failed(&n.source, n.text);
    note_text_free(&n.source);
    return code;
}

const struct command command_note = {
    .usage = {.name = "note",
              .words = "CASE [TEXT]",
              .options = {{.name = "visited", .value = "TIME", .help = "when the visit was, if it was not now"},
                          {.name = "type", .value = "TYPE", .help = "home visit, office visit, telephone or other"},
                          {.name = "editor", .help = "write it in $VISUAL or $EDITOR, in a file in memory"}},
              .help = "write a visit note",
              .more = "CASE is a whole case number, or the whole name of a client who has one open case.\n"
                      "Without TEXT the words are typed after the command, until Ctrl-D on an empty line, or read from "
                      "the standard\n"
                      "input. What is typed is kept as a draft in the store, and offered by the next `note` for that "
                      "case. With TEXT\n"
                      "the shell keeps the words in its history, in clear, and changes \"$500\" to \"00\". With "
                      "--editor nothing is\n"
                      "written to a disk by satchel or by vi and vim; another editor may keep copies of its own.",
              .example = "satchel note 2024-171 --visited '2026-11-23 14:30'"},
    .writes = write_note,
};
