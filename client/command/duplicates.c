/* Two records of one person: what looks like it on this laptop, and what a person says of it. */
#include "command.h"

#include <string.h>

#include "log.h"
#include "match_print.h"
#include "person.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "with_store.h"

enum { LISTED = 100, TOLD = 3 };

/* --- what looks like it --- */

int duplicates_run(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &cli->json}, {NULL, NULL, NULL}};
    struct match_result found;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    if (argc != 1)
        return error_set(e, E_USAGE, "duplicates takes no words: satchel duplicates");
    if ((code = match_all(s->db, LISTED, &found, e)) == 0) {
        match_print(&found, cli, "satchel");
        *waiting |= found.count != 0;
    }
    match_free(&found);
    return code;
}

/* One line, without what the records say: it may end in a log. */
static void tell_pair(FILE *err, const struct id *record, const struct match_pair *pair)
{
    const struct id *other = id_equal(&pair->a, record) ? &pair->b : &pair->a;
    char own[PRINTER_ID], theirs[PRINTER_ID], words[256];
    printer_id(record, own);
    printer_id(other, theirs);
    (void)fprintf(err, "%s client %s: ", pair->class == MATCH_LIKELY ? "looks like" : "may be the person of", theirs);
    for (size_t i = 0; i < pair->count; i++)
        (void)fprintf(err, "%s%s", i == 0 ? "" : "; ", match_words(&pair->evidence[i], 0, words, sizeof words));
    (void)fprintf(err, ". If it is the same person: `satchel link %s %s`; if not: `satchel different %s %s`\n", own,
                  theirs, own, theirs);
}

void duplicates_tell(struct store *s, struct cli *cli, const struct id *client)
{
    struct match_result found;
    struct error e = {0};
    if (match_one(s->db, client, TOLD, &found, &e) != 0)
        (void)fprintf(cli->err, "it was written; whether this person is here already could not be looked up: %s\n",
                      e.text);
    for (size_t i = 0; i < found.count; i++)
        tell_pair(cli->err, client, &found.pairs[i]);
    if (found.more != 0)
        (void)fputs("and there are more that look like it: `satchel duplicates` lists them\n", cli->err);
    match_free(&found);
}

/* --- what a person says of it --- */

typedef int make_edits(struct db *db, const struct id *a, const struct id *b, struct person_edits *out,
                       struct error *e);

static int commit(struct store *s, struct person_edits *edits, const char *reason, struct error *e)
{
    int code = 0;
    for (size_t i = 0; i < edits->count; i++) {
        if (code == 0)
            code = edit_commit(&edits->edits[i], &s->author, reason, LOG_NO_POSITION, 0, NULL, e);
        else
            edit_free(&edits->edits[i]);
    }
    if (code != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

static int find_both(struct store *s, char **words, struct id both[2], struct error *e)
{
    int code = 0;
    for (int i = 0; code == 0 && i < 2; i++)
        code = find_record(s, schema_kind(KIND_CLIENT), words[i], &both[i], e);
    return code;
}

/* Are they one person's still, over another record? Says so. */
static int say_still(struct store *s, struct cli *cli, const struct id both[2], struct error *e)
{
    struct person_map map;
    char brief[PRINTER_ID];
    struct id next;
    int code = person_map_load(s->db, &map, e), found;
    if (code == 0 && (found = person_map_next(&map, &both[0], &both[1], &next, e)) != 0) {
        code = found < 0 ? error_code(e) : 0;
        printer_id(&next, brief);
        if (found == 1)
            (void)fprintf(cli->err, "; they are still one person's through %s", brief);
    }
    person_map_free(&map);
    return code;
}

struct saying {
    make_edits *make;
    const char *form, *done, *already;
    int is_unlink;
};

static void print_json(const struct cli *cli, const struct id both[2], int written)
{
    char one[ID_TEXT], other[ID_TEXT];
    id_format(&both[0], one);
    id_format(&both[1], other);
    if (cli->json)
        (void)fprintf(cli->out, "{\"clients\": [\"%s\", \"%s\"], \"written\": %s}\n", one, other,
                      written ? "true" : "false");
}

static int say(struct store *s, struct cli *cli, int argc, char **argv, const struct saying *what, const char *reason,
               struct error *e)
{
    char one[PRINTER_ID], other[PRINTER_ID];
    struct person_edits edits;
    struct id both[2];
    int code;
    if (argc != 3)
        return error_set(e, E_USAGE, "name two clients: satchel %s", what->form);
    if ((code = store_begin(s, e)) != 0)
        return code;
    if ((code = find_both(s, argv + 1, both, e)) != 0 ||
        (code = what->make(s->db, &both[0], &both[1], &edits, e)) != 0) {
        store_rollback(s);
        return code;
    }
    printer_id(&both[0], one);
    printer_id(&both[1], other);
    if (edits.count == 0) {
        store_rollback(s);
        print_json(cli, both, 0);
        (void)fprintf(cli->err, "clients %s and %s: %s\n", one, other, what->already);
        return 0;
    }
    if ((code = commit(s, &edits, reason, e)) != 0)
        return code;
    print_json(cli, both, 1);
    (void)fprintf(cli->err, "clients %s and %s: %s", one, other, what->done);
    if (what->is_unlink && (code = say_still(s, cli, both, e)) != 0)
        return code;
    return with_store_say_queued(s, cli, e);
}

static int run(struct store *s, struct cli *cli, int argc, char **argv, const struct saying *what,
               const struct saying *undo, struct error *e)
{
    const char *reason = NULL;
    int is_undone = 0, code;
    const struct cli_option options[] = {{"reason", &reason, NULL},
                                         {"json", NULL, &cli->json},
                                         {undo != NULL ? "undo" : NULL, NULL, &is_undone},
                                         {NULL, NULL, NULL}};
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    return say(s, cli, argc, argv, undo != NULL && is_undone ? undo : what, reason, e);
}

int duplicates_link(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    static const struct saying link = {person_link, "link CLIENT CLIENT [--reason TEXT]", "linked as one person",
                                       "they are linked as one person already; nothing was written", 0};
    (void)waiting;
    return run(s, cli, argc, argv, &link, NULL, e);
}

int duplicates_unlink(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    static const struct saying unlink = {person_unlink, "unlink CLIENT CLIENT [--reason TEXT]",
                                         "no longer linked, and each record as it was", "", 1};
    (void)waiting;
    return run(s, cli, argc, argv, &unlink, NULL, e);
}

int duplicates_different(struct store *s, struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    static const struct saying part = {person_part, "different CLIENT CLIENT [--undo] [--reason TEXT]",
                                       "marked as two people, and not proposed any more",
                                       "they are marked as two people already; nothing was written", 0};
    static const struct saying undo = {person_unpart, "different CLIENT CLIENT --undo [--reason TEXT]",
                                       "no longer marked as two people", "", 0};
    (void)waiting;
    return run(s, cli, argc, argv, &part, &undo, e);
}

int command_duplicates(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    return with_store_read(duplicates_run, cli, argc, argv, waiting, e);
}

int command_link(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    return with_store_write(duplicates_link, cli, argc, argv, waiting, e);
}

int command_unlink(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    return with_store_write(duplicates_unlink, cli, argc, argv, waiting, e);
}

int command_different(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    return with_store_write(duplicates_different, cli, argc, argv, waiting, e);
}
