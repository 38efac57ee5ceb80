/* `satchel drafts`: what was typed and not written, also for cases that have left this laptop since: it is listed,
 * read, and thrown away here; `satchel note` offers the draft of a case that is there. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "json.h"
#include "printer.h"
#include "store.h"
#include "unknown.h"
#include "whose.h"

#define LINE_MAX_CHARACTERS 60 /* of a draft in the list */

/* One draft, by its number in the list: the oldest has 1. */
struct one {
    struct id scope;
    unsigned kind;
    uint64_t at_ms;
    char *text; /* freed with draft_free */
};

#define IN_ORDER "SELECT scope, kind, at, text FROM draft ORDER BY at, scope, kind"

static void print_of(struct cli *cli, struct db *db, const struct id *scope)
{
    struct whose w;
    if (whose_find(db, scope, &w, NULL) == 0)
        whose_print(cli->out, &w);
    else
        (void)fputs("a case that has left this laptop", cli->out);
}

static void list_words(struct cli *cli, struct db *db, sqlite3_stmt *s, unsigned number)
{
    struct id scope = db_id(s, 0);
    char when[32], kind[UNKNOWN_KIND];
    cli_time(db_uint(s, 2), when);
    unknown_kind((unsigned)db_uint(s, 1), kind);
    (void)fprintf(cli->out, "%3u  %s  %s for ", number, when, kind);
    print_of(cli, db, &scope);
    (void)fputs(": ", cli->out);
    printer_line(cli->out, db_text(s, 3), LINE_MAX_CHARACTERS);
    (void)fputc('\n', cli->out);
}

static void list_json(struct json *j, struct db *db, sqlite3_stmt *s, unsigned number)
{
    struct id scope = db_id(s, 0);
    struct whose w;
    char kind[UNKNOWN_KIND];
    unknown_kind((unsigned)db_uint(s, 1), kind);
    json_object(j);
    json_uint(json_key(j, "number"), number);
    json_text(json_key(j, "kind"), kind);
    json_id(json_key(j, "scope"), &scope);
    json_flag(json_key(j, "here"), whose_find(db, &scope, &w, NULL) == 0);
    json_uint(json_key(j, "at_ms"), db_uint(s, 2));
    json_text(json_key(j, "text"), db_text(s, 3));
    json_end(j);
}

static int list_all(struct store *store, struct cli *cli, struct error *e)
{
    struct json j = json_start(cli->out);
    unsigned number = 0;
    char words[64];
    sqlite3_stmt *s;
    int row, code = db_query(store->db, &s, e, IN_ORDER, "");
    if (code != 0)
        return code;
    if (cli->json)
        json_array(&j);
    while ((row = db_next(store->db, s, e)) == 1) {
        number++;
        if (cli->json)
            list_json(&j, store->db, s, number);
        else
            list_words(cli, store->db, s, number);
    }
    if (row < 0)
        return error_code(e);
    if (cli->json)
        json_end(&j);
    (void)fprintf(cli->err, "%s%s\n", cli_count(number, "draft", "drafts", words, sizeof words),
                  number != 0 ? "; `satchel drafts NUMBER` prints one whole, with --drop it is thrown away" : "");
    return 0;
}

/* Finds the draft with this number in the list. E_NOT_FOUND: there is none. */
static int find_one(struct db *db, const char *number, struct one *out, struct error *e)
{
    uint64_t wanted, at = 0;
    sqlite3_stmt *s;
    int row, code = cli_number(number, "satchel drafts", 1, UINT32_MAX, &wanted, e);
    if (code != 0 || (code = db_query(db, &s, e, IN_ORDER, "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1)
        if (++at == wanted) {
            *out = (struct one){db_id(s, 0), (unsigned)db_uint(s, 1), db_uint(s, 2), strdup(db_text(s, 3))};
            db_done(db, s);
            return out->text != NULL ? 0 : error_memory(e);
        }
    return row < 0 ? error_code(e)
                   : error_set(e, E_NOT_FOUND, "there is no draft %s; `satchel drafts` lists them", number);
}

static int over_drafts(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct one d;
    int code;
    if (call->count == 0)
        return usage_flag(call, "drop") ? error_set(e, E_USAGE, "say which: satchel drafts NUMBER --drop")
                                        : list_all(s, cli, e);
    if ((code = find_one(s->db, call->words[0], &d, e)) != 0)
        return code;
    if (cli->json) {
        struct json j = json_start(cli->out);
        json_object(&j);
        json_text(json_key(&j, "text"), d.text);
        json_flag(json_key(&j, "dropped"), usage_flag(call, "drop"));
        json_end(&j);
    } else {
        cli_text(cli->out, d.text);
        (void)fputc('\n', cli->out);
    }
    /* It is thrown away only when it is out: what was printed is the last of it. */
    if (usage_flag(call, "drop") && !cli_is_out(cli))
        code = error_set(e, E_IO, "the draft could not be printed, so it is kept");
    else if (usage_flag(call, "drop") && (code = draft_drop(s->db, &d.scope, d.kind, e)) == 0)
        (void)fputs("this draft is thrown away\n", cli->err);
    draft_free(d.text);
    return code;
}

const struct command command_drafts = {
    .usage = {.name = "drafts",
              .words = "[NUMBER]",
              .options = {{.name = "drop", .help = "print the draft once more, and throw it away"}},
              .help = "list what was typed and not written, or print one draft",
              .more =
                  "Drafts stay here when their case has left this laptop. `satchel note` offers the draft of a case.",
              .example = "satchel drafts 1"},
    .writes = over_drafts,
};
