/* Two records of one person, at the office: duplicates, link, unlink, different. */
#include <stdio.h>
#include <string.h>

#include "match_print.h"
#include "person.h"
#include "record.h"
#include "schema.h"
#include "task.h"

enum { LISTED = 1000 };

int task_duplicates(struct task *t, int argc, char **argv, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct match_result found;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 1, 0, "duplicates DIR", e)) != 0)
        return code;
    if ((code = match_all(t->central->db, LISTED, &found, e)) == 0) {
        match_print(&found, t->cli, "satcheld");
        t->waiting = found.count != 0;
    }
    match_free(&found);
    return code;
}

/* A client by its id, the end of its id, or its key in the system that it came from. */
static int find_client(struct task *t, const char *words, struct id *out, struct error *e)
{
    static const char sql[] = "SELECT id FROM client WHERE id = ?1 OR source_id = ?1 OR "
                              "(?2 AND substr(id, -length(?1)) = lower(?1)) LIMIT 2";
    struct db *db = t->central->db;
    sqlite3_stmt *s;
    int row, code, count = 0;
    if ((code = db_query(db, &s, e, sql, "ti", words, (int64_t)(strlen(words) >= ID_BRIEF - 1))) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1 && code == 0)
        if (count++ == 0)
            code = id_parse(db_text(s, 0), out, e);
    if (row == 1)
        db_done(db, s);
    if (row < 0)
        return error_code(e);
    if (code == 0 && count != 1)
        code = error_set(e, count == 0 ? E_NOT_FOUND : E_INPUT,
                         count == 0 ? "there is no client %s; name it by its id, or by the last 8 characters of it"
                                    : "several clients are called %s; say which by its id",
                         words);
    return code;
}

typedef int make_edits(struct db *db, const struct id *a, const struct id *b, struct person_edits *out,
                       struct error *e);

struct saying {
    make_edits *make;
    const char *form, *done, *already;
    const char *reason;
    struct id both[2];
    size_t written;
};

static int write(struct task *t, void *arg, struct error *e)
{
    struct saying *w = arg;
    struct person_edits edits;
    int code = w->make(t->central->db, &w->both[0], &w->both[1], &edits, e);
    if (code != 0)
        return code;
    w->written = edits.count;
    for (size_t i = 0; i < edits.count; i++) {
        if (code == 0)
            code = central_write(t->central, &edits.edits[i], w->reason, e);
        else
            edit_free(&edits.edits[i]);
    }
    return code;
}

/* Over which record they are one person's still, if over any. */
static int say_still(struct task *t, const struct saying *w, struct error *e)
{
    struct person_map map;
    char text[ID_BRIEF];
    struct id next;
    int code = person_map_load(t->central->db, &map, e), found;
    if (code == 0 && (found = person_map_next(&map, &w->both[0], &w->both[1], &next, e)) != 0) {
        code = found < 0 ? error_code(e) : 0;
        if (found == 1)
            (void)fprintf(t->cli->err, "they are still one person's through %s\n", id_brief(&next, text));
    }
    person_map_free(&map);
    return code;
}

static int say(struct task *t, int argc, char **argv, struct saying w, const struct saying *undo, struct error *e)
{
    const char *as = NULL, *reason = NULL;
    char one[ID_BRIEF], other[ID_BRIEF];
    int is_undone = 0, code;
    const struct cli_option options[] = {{"as", &as, NULL},
                                         {"reason", &reason, NULL},
                                         {"json", NULL, &t->cli->json},
                                         {undo != NULL ? "undo" : NULL, NULL, &is_undone},
                                         {NULL, NULL, NULL}};
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    if (undo != NULL && is_undone)
        w = *undo;
    w.reason = reason;
    if ((code = task_words(argc, 1, 2, w.form, e)) != 0 || (code = find_client(t, argv[1], &w.both[0], e)) != 0 ||
        (code = find_client(t, argv[2], &w.both[1], e)) != 0 || (code = task_write(t, as, write, &w, e)) != 0)
        return code;
    /* Which were found is always said: a key of the other system may name somebody else than was meant. */
    (void)fprintf(t->cli->err, "clients %s and %s: %s\n", id_brief(&w.both[0], one), id_brief(&w.both[1], other),
                  w.written != 0 ? w.done : w.already);
    if (t->cli->json) {
        char ids[2][ID_TEXT];
        id_format(&w.both[0], ids[0]);
        id_format(&w.both[1], ids[1]);
        (void)fprintf(t->cli->out, "{\"clients\": [\"%s\", \"%s\"], \"written\": %s}\n", ids[0], ids[1],
                      w.written != 0 ? "true" : "false");
    }
    return w.make == person_unlink ? say_still(t, &w, e) : 0;
}

int task_link(struct task *t, int argc, char **argv, struct error *e)
{
    const struct saying link = {.make = person_link,
                                .form = "link DIR CLIENT CLIENT [--reason TEXT]",
                                .done = "linked as one person; whoever holds one gets the other",
                                .already = "they are linked as one person already; nothing was written"};
    return say(t, argc, argv, link, NULL, e);
}

int task_unlink(struct task *t, int argc, char **argv, struct error *e)
{
    const struct saying unlink = {.make = person_unlink,
                                  .form = "unlink DIR CLIENT CLIENT [--reason TEXT]",
                                  .done = "no longer linked, and each record as it was",
                                  .already = ""};
    return say(t, argc, argv, unlink, NULL, e);
}

int task_different(struct task *t, int argc, char **argv, struct error *e)
{
    const struct saying part = {.make = person_part,
                                .form = "different DIR CLIENT CLIENT [--undo] [--reason TEXT]",
                                .done = "marked as two people, and not proposed any more",
                                .already = "they are marked as two people already; nothing was written"};
    const struct saying undo = {.make = person_unpart,
                                .form = "different DIR CLIENT CLIENT --undo [--reason TEXT]",
                                .done = "no longer marked as two people",
                                .already = ""};
    return say(t, argc, argv, part, &undo, e);
}
