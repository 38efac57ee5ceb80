/* `satchel void`: takes a record out of view, with a reason. It says what goes with it, and how that is undone; a
 * person at a terminal is asked before a whole case or a client goes. */
#include "command.h"

#include <string.h>
#include <unistd.h>

#include "find.h"
#include "printer.h"
#include "record.h"
#include "review.h"
#include "schema.h"
#include "unseen.h"
#include "whose.h"
#include "with_store.h"

struct voiding {
    struct store *s;
    struct cli *cli;
    struct id record;
    struct record_place place;
    struct with_store_doubts doubts;
    char name[FIND_NAME]; /* what a command calls it, before and after */
};

/* 1: other records go out of view with it. */
static int is_whole(const struct voiding *v)
{
    return v->place.kind->number == KIND_CASE || v->place.kind->number == KIND_CLIENT;
}

static void say_what(struct voiding *v)
{
    FILE *err = v->cli->err;
    char brief[PRINTER_ID];
    printer_id(&v->record, brief);
    if (v->place.kind->number == KIND_CASE)
        (void)fputs("the case of ", err);
    else if (v->place.kind->number == KIND_CLIENT)
        (void)fputs("the record of ", err);
    else if (v->place.kind->place == SCHEMA_CASE)
        (void)fprintf(err, "%s %s of ", v->place.kind->name, brief);
    whose_say(err, v->s->db, &v->record);
}

/* Prints ", with 12 of kind note, 1 of kind plan"; nothing if nothing goes with it. */
static int say_with(struct voiding *v, struct error *e)
{
    static const char in_case[] = "SELECT kind, count(*) FROM place WHERE scope = ?1 AND record <> ?1 AND voided = 0 "
                                  "GROUP BY kind ORDER BY kind";
    static const char of_client[] = "SELECT 8, count(*) FROM \"case\" WHERE client = id_text(?1) AND voided = 0 "
                                    "HAVING count(*) <> 0";
    sqlite3_stmt *s;
    const char *between = ", with ";
    int row, code;
    if (!is_whole(v))
        return 0;
    if ((code = db_query(v->s->db, &s, e, v->place.kind->number == KIND_CASE ? in_case : of_client, "d", &v->record)) !=
        0)
        return code;
    while ((row = db_next(v->s->db, s, e)) == 1) {
        const struct schema_kind *kind = schema_kind((unsigned)db_uint(s, 0));
        (void)fprintf(v->cli->err, "%s%llu of kind %s", between, (unsigned long long)db_uint(s, 1),
                      kind != NULL ? kind->name : "newer than this program");
        between = ", ";
    }
    return row < 0 ? error_code(e) : 0;
}

static int find_it(struct voiding *v, const char *words, struct error *e)
{
    int code;
    if ((code = find_to_write(v->s, v->cli, NULL, words, &v->record, e)) != 0 ||
        (code = record_find(v->s->db, &v->record, &v->place, e)) != 0)
        return code;
    if (v->place.kind->office_only || v->place.kind->place == SCHEMA_OFFICE)
        return error_set(e, E_REFUSED, "a %s is written by the office alone; ask the office for the change",
                         v->place.kind->name);
    (void)find_name(v->s->db, &v->record, v->name);
    if (!v->place.voided)
        return 0;
    return error_set(
        e, E_REFUSED,
        "%s %s is voided and is not changed any more; `satchel show %s` prints the command that takes that "
        "back, if it was wrong",
        v->place.kind->name, v->name, v->name);
}

/* Asks a person at a terminal whether all of it shall go. E_REFUSED: it shall not. */
static int ask(struct voiding *v, struct error *e)
{
    char answer[32];
    int is_yes, code;
    if (!is_whole(v) || v->cli->json || v->cli->err != stderr || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return 0;
    (void)fputs("this takes ", v->cli->err);
    say_what(v);
    if ((code = say_with(v, e)) != 0)
        return code;
    (void)fputs(" out of view for everybody; the log keeps it, and it can be brought back. Go on? (yes or no) ",
                v->cli->err);
    (void)fflush(v->cli->err);
    store_let_go(v->s); /* others can write while somebody thinks */
    is_yes = fgets(answer, sizeof answer, stdin) != NULL && strncmp(answer, "yes", 3) == 0;
    if ((code = store_take(v->s, STORE_TAKE_MS, e)) != 0)
        return code;
    return is_yes ? 0 : error_set(e, E_REFUSED, "nothing was voided");
}

static int write_it(struct voiding *v, const char *reason, struct error *e)
{
    struct unseen unseen = {v->s, v->cli, &v->record, v->place.kind, NULL, NULL};
    struct edit edit;
    int code = edit_open(&edit, v->s->db, &v->record, e);
    if (code != 0)
        return code;
    unseen_ask(&unseen, &edit);
    if ((code = unseen_record(&unseen, e)) != 0 || (code = edit_void(&edit, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return with_store_commit(v->s, v->cli, &edit, reason, &v->doubts, e);
}

/* Prints the command that brings it back. */
static int say_way_back(struct voiding *v, struct error *e)
{
    const struct schema_field *field = schema_field(v->place.kind, FIELD_VOID);
    char seen[REVIEW_CODE];
    struct record_field f;
    int code = record_field_load(v->s->db, &v->record, v->place.kind, field, &f, e);
    if (code == 0)
        code = review_code(v->s->db, &v->record, field, &f, seen, e);
    record_field_free(&f);
    /* A voided record is not found by a name any more. */
    if (code == 0)
        (void)fprintf(v->cli->err, "  to bring it back: `satchel resolve %s void no --seen %s`\n",
                      find_name(v->s->db, &v->record, v->name), seen);
    return code;
}

static int write_void(struct store *s, struct usage_call *call, struct error *e)
{
    const char *reason = usage_text(call, "reason");
    struct voiding v = {.s = s, .cli = call->cli};
    int code;
    if (reason == NULL || reason[0] == '\0')
        return error_set(e, E_USAGE, "say why it is voided, with --reason TEXT: the log keeps both");
    if ((code = find_it(&v, call->words[0], e)) != 0 || (code = ask(&v, e)) != 0 || (code = store_begin(s, e)) != 0)
        return code;
    while ((code = write_it(&v, reason, e)) != 0) {
        store_rollback(s);
        if (!with_store_ask_doubts(s, call->cli, &v.doubts, e))
            return e->code;
        if ((code = store_begin(s, e)) != 0)
            return code;
    }
    if (call->cli->json)
        write_id(call->cli, v.place.kind, &v.record);
    say_what(&v);
    (void)fputs(": voided, and kept in the log", call->cli->err);
    if ((code = say_with(&v, e)) != 0 || (code = with_store_say_queued(s, call->cli, e)) != 0)
        return code;
    return say_way_back(&v, e);
}

const struct command command_void = {
    .usage =
        {.name = "void",
         .words = "RECORD",
         .options = {{.name = "reason", .value = "TEXT", .help = "why; it is kept with the change", .required = 1}},
         .help = "void a record: it is not shown any more, and the log keeps it",
         .more = "RECORD is a whole case number, the whole name of a person, or the 8 characters that `satchel list` "
                 "shows.\nThe answer has the command that brings the record back.",
         .example = "satchel void 2024-171 --reason 'wrong client'"},
    .writes = write_void,
};
