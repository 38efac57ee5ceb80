/* `duplicates`, `link`, `unlink`, `different`: lists the client records on this laptop that may be of one person, and
 * writes what a person says of two of them. */
#include "command.h"

#include <string.h>

#include "find.h"
#include "log.h"
#include "match_print.h"
#include "pairing.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "whose.h"
#include "with_store.h"

enum { LISTED = 100, TOLD = 3 };

/* --- what looks like it --- */

static int list_duplicates(struct store *s, struct usage_call *call, struct error *e)
{
    struct match_result found;
    int code;
    if ((code = match_all(s->db, LISTED, &found, e)) == 0) {
        match_print(s->db, &found, call->cli, "satchel");
        call->waiting |= found.count != 0;
    }
    match_free(&found);
    return code;
}

const struct command command_duplicates = {
    .usage = {.name = "duplicates",
              .help = "list records that may be of one person, with the evidence",
              .example = "satchel duplicates"},
    .reads = list_duplicates,
};

/* Prints one line; what the evidence quotes is left to `satchel duplicates`. */
static void tell_pair(struct store *s, FILE *err, const struct id *record, const struct match_pair *pair)
{
    const struct id *other = id_equal(&pair->a, record) ? &pair->b : &pair->a;
    char own[PRINTER_ID], theirs[PRINTER_ID], words[256];
    printer_id(record, own);
    printer_id(other, theirs);
    (void)fprintf(err, "%s ", pair->class == MATCH_LIKELY ? "looks like" : "may be the person of");
    whose_say(err, s->db, other);
    (void)fprintf(err, " (%s): ", theirs);
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
        tell_pair(s, cli->err, client, &found.pairs[i]);
    if (found.more != 0)
        (void)fputs("and there are more that look like it: `satchel duplicates` lists them\n", cli->err);
    match_free(&found);
}

/* --- what a person says of it --- */

/* Writes the edits as one transaction, which the caller has begun; an error rolls it back. */
static int commit(struct store *s, struct person_edits *edits, const char *reason, struct error *e)
{
    int code = 0;
    for (size_t i = 0; i < edits->count; i++) {
        if (code == 0)
            code = edit_commit(&edits->edits[i], &s->author, reason, NULL, e);
        else
            edit_free(&edits->edits[i]);
    }
    if (code != 0) {
        store_rollback(s);
        return code;
    }
    return store_commit(s, e);
}

static int find_both(struct store *s, struct cli *cli, char **words, struct id both[2], struct error *e)
{
    int code = 0;
    for (int i = 0; code == 0 && i < 2; i++)
        code = find_to_write(s, cli, schema_kind(KIND_CLIENT), words[i], &both[i], e);
    return code;
}

static int say(struct store *s, struct usage_call *call, const struct pairing *what, struct error *e)
{
    struct cli *cli = call->cli;
    struct person_edits edits;
    struct id both[2];
    int code, written;
    if ((code = store_begin(s, e)) != 0)
        return code;
    if ((code = find_both(s, cli, call->words, both, e)) != 0 ||
        (code = what->make(s->db, &both[0], &both[1], &edits, e)) != 0) {
        store_rollback(s);
        return code;
    }
    written = edits.count != 0;
    if (!written)
        store_rollback(s);
    else if ((code = commit(s, &edits, usage_text(call, "reason"), e)) != 0)
        return code;
    if ((code = pairing_tell(what, s->db, cli, both, written, e)) != 0)
        return code;
    if (written)
        return with_store_say_queued(s, cli, e);
    (void)fputc('\n', cli->err);
    return 0;
}

static int link_both(struct store *s, struct usage_call *call, struct error *e)
{
    return say(s, call, &pairing_link, e);
}

static int unlink_both(struct store *s, struct usage_call *call, struct error *e)
{
    return say(s, call, &pairing_unlink, e);
}

static int part_both(struct store *s, struct usage_call *call, struct error *e)
{
    return say(s, call, usage_flag(call, "undo") ? &pairing_unpart : &pairing_part, e);
}

const struct command command_link = {
    .usage = {.name = "link",
              .words = "CLIENT CLIENT",
              .options = {{.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "say that two records are one person's; nothing else of them changes",
              .example = "satchel link 'Ada Byron' 'Ada King'"},
    .writes = link_both,
};

const struct command command_unlink = {
    .usage = {.name = "unlink",
              .words = "CLIENT CLIENT",
              .options = {{.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "take a link back",
              .example = "satchel unlink 'Ada Byron' 'Ada King' --reason 'two sisters'"},
    .writes = unlink_both,
};

const struct command command_different = {
    .usage = {.name = "different",
              .words = "CLIENT CLIENT",
              .options = {{.name = "undo", .help = "take that back: they are not marked as two people any more"},
                          {.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "say that two records that look alike are of two people",
              .example = "satchel different 'Ada Byron' 'Ada King'"},
    .writes = part_both,
};
