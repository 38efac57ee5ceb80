/* `satchel conflicts` and `satchel resolve`: lists what waits for a decision, and decides it. A person who has seen
 * every live value writes one that supersedes them all. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "find.h"
#include "moment.h"
#include "printer.h"
#include "record.h"
#include "reopen.h"
#include "review_print.h"
#include "schema.h"
#include "skew.h"
#include "unknown.h"
#include "unseen.h"
#include "whose.h"
#include "with_store.h"

/* --- conflicts --- */

struct listing {
    struct review_print print;
    struct printer v;
    const struct id *person; /* NULL: everybody's */
};

static void print_value(void *arg, const struct schema_kind *kind, const struct schema_field *field, struct slice value,
                        int indent)
{
    struct printer *v = arg;
    (void)kind;
    printer_block(v->cli->out, printer_value(v, field, value), indent);
}

static void print_merged(void *arg, const struct record_field *field, int indent)
{
    struct printer *v = arg;
    if (v->cli->json)
        printer_merged_json(v, field);
    else
        printer_merged_who(v, field, indent);
}

static int print_conflict(void *arg, const struct review *r, struct error *e)
{
    struct listing *l = arg;
    (void)e;
    if (l->person != NULL && !review_owns(r, l->person) && !review_concerns(r, l->person))
        return 0;
    review_print(&l->print, r);
    printer_saw(&l->v, &r->field);
    for (size_t i = 0; r->field.unseen && i < r->beside_count; i++)
        seen_dot(l->v.seen, &r->beside[i].dot);
    return 0;
}

static int list_conflicts(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct listing l = {.person = NULL};
    uint64_t newer = 0;
    int code;
    if ((code = printer_open(&l.v, s->db, cli, e)) != 0)
        return code;
    l.v.seen = &s->seen;
    l.print = (struct review_print){
        .db = s->db, .cli = cli, .now_ms = clock_wall(), .written_ms = skew_now(s->db), .decides = 1};
    l.print.value = print_value;
    l.print.merged = print_merged;
    l.print.arg = &l.v;
    l.person = usage_flag(call, "mine") ? &s->user : NULL;
    l.print.json = cli->json ? &l.v.json : NULL;
    l.print.room = l.v.room;
    if (cli->json)
        json_array(&l.v.json);
    if ((code = review_each(s->db, print_conflict, &l, e)) == 0)
        code = unknown_values(&l.v, &newer, e);
    if (cli->json)
        json_end(&l.v.json);
    if (code == 0)
        review_print_count(&l.print);
    if (code == 0 && newer != 0)
        (void)fprintf(cli->err,
                      "%llu newer than this program: it cannot tell whether their values agree; update satchel\n",
                      (unsigned long long)newer);
    call->waiting = l.print.loud != 0;
    printer_close(&l.v);
    return code;
}

const struct command command_conflicts = {
    .usage = {.name = "conflicts",
              .options = {{.name = "mine", .help = "only those that are yours to decide or to look at"}, COMMAND_SEEN},
              .help = "list what waits for a decision, whose it is, and the command that decides it",
              .example = "satchel conflicts --mine"},
    .reads = list_conflicts,
};

/* --- resolve --- */

struct resolving {
    struct store *s;
    struct cli *cli;
    struct id record;
    struct record_place place;
    const struct schema_field *field;
    const char *seen;                  /* the code of what the person looked at; NULL: none was given */
    const struct schema_field *lowers; /* why a reason is wanted; NULL: none is */
    struct with_store_doubts doubts;   /* what can hardly be right in the decision */
    size_t decided;                    /* over how many values */
    struct review_beside *beside;      /* of a contested closing: what was not seen then */
    size_t beside_count;
    struct printer v; /* v.room: the value that was chosen, in words */
};

/* Returns the number of the listed value that the text names; 0: it names none. A field of numbers is decided with the
 * number that it is to hold, so there a number names nothing on the list. */
static size_t listed_number(const struct schema_field *field, const char *text)
{
    size_t number = 0;
    if (field->type == SCHEMA_INTEGER || field->type == SCHEMA_MONEY || strlen(text) > 4)
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        number = 10 * number + (size_t)(*text - '0');
    }
    return number;
}

static int set_reference(struct resolving *r, struct edit *edit, const char *text, struct error *e)
{
    struct id id;
    int code = find_to_write(r->s, r->cli, schema_kind(r->field->ref), text, &id, e);
    return code != 0 ? code : edit_set_id(edit, r->field->name, &id, e);
}

/* The person typed the word "merged": takes the versions of a text as they were brought together, if nothing overlaps.
 */
static int choose_merged(struct resolving *r, struct edit *edit, const struct record_field *f, struct error *e)
{
    struct pack value;
    int code;
    if (f->merged == NULL)
        return error_set(e, E_REFUSED,
                         f->newer_rule
                             ? "the versions of %s are brought together by a newer rule than this program "
                               "has; update satchel, or write the text as it should be"
                             : "the versions of %s could not be brought together; write the text as it should be",
                         r->field->name);
    if (f->merged->text.overlaps != 0)
        return error_set(e, E_REFUSED,
                         "the versions of %s overlap in %zu %s, and only a person can say which holds; write the text "
                         "as it should be",
                         r->field->name, f->merged->text.overlaps, f->merged->text.overlaps == 1 ? "place" : "places");
    pack_start(&value);
    pack_text(&value, f->merged->words, f->merged->words_bytes);
    if ((code = pack_finish(&value, e)) == 0)
        code = edit_set(edit, r->field, pack_bytes(&value), e);
    pack_free(&value);
    (void)snprintf(r->v.room, SCHEMA_FORMAT_MAX, "all versions, as they were brought together");
    return code;
}

static int choose(struct resolving *r, struct edit *edit, const struct record_field *f, const char *text,
                  struct error *e)
{
    size_t number = listed_number(r->field, text);
    char brief[PRINTER_ID], moment[MOMENT_TEXT];
    printer_id(&r->record, brief);
    if (schema_traits(r->field)->is_narrative && strcmp(text, "merged") == 0)
        return choose_merged(r, edit, f, e);
    if (number > 0 && number <= f->count) {
        struct slice value = f->ops[number - 1].merge.value;
        (void)printer_value(&r->v, r->field, value);
        return edit_set(edit, r->field, value, e);
    }
    /* A code that is typed for a number, or the other way round, would decide for something that nobody meant; and a
     * slip of the finger must not become the whole narrative, or somebody's name. */
    if (number > 0 && (r->field->type == SCHEMA_CHOICE || schema_traits(r->field)->is_loud))
        return error_set(e, E_INPUT,
                         "there are %zu values to choose from; name one by its number, or write the value in words; "
                         "nothing was written",
                         f->count);
    if (r->field->type == SCHEMA_TIME) {
        int code = moment_from_words(text, moment, e);
        if (code != 0)
            return code;
    }
    (void)snprintf(r->v.room, SCHEMA_FORMAT_MAX, "%s", text[0] != '\0' ? text : "(cleared)");
    if (r->field->type == SCHEMA_TIME)
        text = moment;
    return r->field->type == SCHEMA_REF && text[0] != '\0' ? set_reference(r, edit, text, e)
                                                           : edit_set_text(edit, r->field->name, text, e);
}

/* A decision replaces what lives now, so that must be what the person looked at: a sync in between may have brought a
 * higher risk, and a number on the list may stand for another value. */
static int check_seen(const struct resolving *r, const struct record_field *f, struct error *e)
{
    char now[REVIEW_CODE], brief[PRINTER_ID];
    int code = review_code(r->s->db, &r->record, r->field, f, now, e);
    printer_id(&r->record, brief);
    if (code != 0)
        return code;
    if (r->seen == NULL)
        return error_set(e, E_REFUSED,
                         "look first: `satchel show %s` lists what was written, and the whole command with --seen "
                         "CODE; the code stands for what you saw, so that nothing is decided over unseen; nothing was "
                         "written",
                         brief);
    if (strcmp(r->seen, now) != 0)
        return error_set(e, E_REFUSED,
                         "%s of this %s has changed since you looked, or the code is another one's: look again with "
                         "`satchel show %s`; nothing was written",
                         r->field->name, r->place.kind->name, brief);
    return 0;
}

/* "without" counts as nothing what was erased of a total. */
static int decide_erased(struct resolving *r, struct edit *edit, const struct record_field *f, const char *text,
                         struct error *e)
{
    char brief[PRINTER_ID];
    int code = check_seen(r, f, e);
    if (code != 0)
        return code;
    printer_id(&r->record, brief);
    if (strcmp(text, "without") != 0)
        return error_set(e, E_INPUT,
                         "part of the total of %s was erased: write `without` to count that part as nothing; `satchel "
                         "add %s %s=NUMBER` adds what it was, if you know it; nothing was written",
                         r->field->name, brief, r->field->name);
    (void)snprintf(r->v.room, SCHEMA_FORMAT_MAX, "without what was erased");
    return edit_add_without(edit, r->field, e);
}

/* "yes" voids the record again, by somebody who has seen what was changed since; what this person was not shown of it
 * is printed first, as by `satchel void`. "no" takes the void back. */
static int decide_void(struct resolving *r, struct edit *edit, const struct record_field *f, const char *text,
                       struct error *e)
{
    static const uint8_t nil = 0xc0;
    struct unseen unseen = {r->s, r->cli, &r->record, r->place.kind, NULL, NULL};
    int code, yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0)
        return error_set(e, E_INPUT, "say whether the record is void: yes or no");
    if (f->shown.conflict == MERGE_AGREED && !(r->place.voided && !yes))
        return error_set(e, E_REFUSED,
                         r->place.voided ? "this %s is voided already, and nobody contests it"
                                         : "nobody contests that this %s stands; `satchel void` voids it",
                         r->place.kind->name);
    if ((code = check_seen(r, f, e)) != 0 || (yes && (code = unseen_record(&unseen, e)) != 0))
        return code;
    (void)snprintf(r->v.room, SCHEMA_FORMAT_MAX, "%s", text);
    return yes ? edit_void(edit, e) : edit_set(edit, r->field, (struct slice){&nil, 1}, e);
}

/* An edit_seen's was_shown: what the code stands for was shown, beside what the person has seen. */
static int was_decided(void *arg, const struct dot *dot, const struct id *op_author, struct error *e)
{
    struct resolving *r = arg;
    for (size_t i = 0; i < r->beside_count; i++)
        if (dot_equal(&r->beside[i].dot, dot))
            return 1;
    return seen_was_shown(&r->s->seen, dot, op_author, e);
}

/* A decision that closes says how far the person has seen the case. If nobody's closing was contested, what the person
 * was not shown is printed first, as by `satchel set`. */
static int see_case(struct resolving *r, struct edit *edit, const struct record_field *f, struct error *e)
{
    struct unseen unseen = {r->s, r->cli, &r->record, r->place.kind, NULL, NULL};
    if (!edit->closes)
        return 0;
    return f->unseen ? review_unseen(r->s->db, &r->record, r->field, &r->beside, &r->beside_count, e)
                     : unseen_case(&unseen, &edit->scope, e);
}

static int decide(struct resolving *r, struct edit *edit, const char *text, struct error *e)
{
    struct record_field f;
    char brief[PRINTER_ID];
    int code = record_field_load(r->s->db, &r->record, r->place.kind, r->field, &f, e);
    if (code != 0)
        return code;
    printer_id(&r->record, brief);
    r->decided = f.count;
    if (r->field->number == FIELD_VOID)
        code = decide_void(r, edit, &f, text, e);
    else if (r->place.voided)
        code = error_set(e, E_REFUSED, "this %s is voided; its fields are not decided any more", r->place.kind->name);
    else if (f.shown.conflict == MERGE_AGREED)
        code = error_set(e, E_REFUSED,
                         "%s of this %s is not contested; `satchel set %s %s=VALUE` changes it, and `satchel "
                         "conflicts` lists what waits for a decision",
                         r->field->name, r->place.kind->name, brief, r->field->name);
    else if (f.shown.erased != 0)
        code = decide_erased(r, edit, &f, text, e);
    else if (schema_traits(r->field)->adds_up)
        code = error_set(e, E_REFUSED,
                         "the total of %s is too large to be right; correct it with `satchel add %s "
                         "%s=-NUMBER`",
                         r->field->name, brief, r->field->name);
    else if ((code = check_seen(r, &f, e)) == 0 && (code = choose(r, edit, &f, text, e)) == 0)
        code = see_case(r, edit, &f, e);
    record_field_free(&f);
    return code;
}

static int find_contested(struct resolving *r, const char *words, const char *field, struct error *e)
{
    int code;
    if ((code = find_to_write(r->s, r->cli, NULL, words, &r->record, e)) != 0 ||
        (code = record_find(r->s->db, &r->record, &r->place, e)) != 0)
        return code;
    if (r->place.kind->office_only || r->place.kind->place == SCHEMA_OFFICE)
        return error_set(e, E_REFUSED, "a %s is written by the office alone; the office decides", r->place.kind->name);
    if ((r->field = schema_field_named(r->place.kind, field)) == NULL || r->field->number == FIELD_SOURCE_ID ||
        r->field->number == FIELD_SOURCE_HASH || r->field->number == FIELD_SEEN)
        return error_set(e, E_NOT_FOUND, "a %s has no field %s; `satchel help %s` lists its fields",
                         r->place.kind->name, field, r->place.kind->name);
    return 0;
}

static int make_decision(struct resolving *r, char **words, const char *reason, struct error *e)
{
    struct unseen unseen = {.s = r->s, .cli = r->cli, .record = &r->record};
    struct edit edit;
    unsigned ended;
    int code;
    if ((code = find_contested(r, words[0], words[1], e)) != 0 ||
        (code = edit_open(&edit, r->s->db, &r->record, e)) != 0)
        return code;
    code = decide(r, &edit, words[2], e);
    /* What is decided was looked at, as its code says; what ends besides was shown before, or it is not named. */
    unseen_ask(&unseen, &edit);
    if (code == 0 && strcmp(r->field->name, "status") == 0)
        code = reopen_case(&edit, r->v.room, &r->field, 1, &ended, e);
    if (code == 0 && (code = with_store_check_reason(&edit, reason, e)) != 0)
        r->lowers = edit.lowers;
    edit.seen = (struct edit_seen){was_decided, r};
    if (code != 0)
        edit_free(&edit);
    else
        code = with_store_commit(r->s, r->cli, &edit, reason, &r->doubts, e);
    review_unseen_free(r->beside, r->beside_count);
    r->beside = NULL;
    r->beside_count = 0;
    return code;
}

/* The same in a transaction of its own, once more with the reason that was asked for. */
static int decide_asking(struct resolving *r, const struct usage_call *call, struct error *e)
{
    char typed[WITH_STORE_REASON];
    const char *reason = usage_text(call, "reason");
    for (;;) {
        int code = store_begin(r->s, e);
        if (code != 0 || (code = make_decision(r, call->words, reason, e)) == 0)
            return code;
        store_rollback(r->s);
        if (r->lowers != NULL && reason != typed && with_store_ask_reason(r->s, r->cli, r->lowers, typed, e))
            reason = typed;
        else if (!with_store_ask_doubts(r->s, r->cli, &r->doubts, e))
            return e->code;
        r->lowers = NULL;
        r->v.db = r->s->db; /* it was let go, and taken again */
    }
}

static int resolve(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct resolving r = {.s = s, .cli = cli, .seen = usage_text(call, "seen")};
    char brief[PRINTER_ID];
    int code;
    if ((code = printer_open(&r.v, s->db, cli, e)) != 0)
        return code;
    if ((code = decide_asking(&r, call, e)) == 0) {
        if (cli->json)
            write_id(cli, r.place.kind, &r.record);
        (void)fprintf(cli->err, "%s of ", r.field->name);
        if (r.place.kind->place == SCHEMA_CASE && r.place.kind->number != KIND_CASE) {
            printer_id(&r.record, brief);
            (void)fprintf(cli->err, "%s %s of ", r.place.kind->name, brief);
        }
        whose_say(cli->err, s->db, &r.record);
        (void)fputs(": ", cli->err);
        printer_line(cli->err, r.v.room, 60);
        (void)fprintf(cli->err, ", decided over %zu %s", r.decided, r.decided == 1 ? "value" : "values");
        code = with_store_say_queued(s, cli, e);
    }
    printer_close(&r.v);
    return code;
}

const struct command command_resolve = {
    .usage = {.name = "resolve",
              .words = "RECORD FIELD VALUE",
              .options = {{.name = "seen",
                           .value = "CODE",
                           .help = "what you looked at: `satchel conflicts` and `satchel show` print the code"},
                          {.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "decide a conflict, or settle a parallel edit, having seen all its values",
              .more = "VALUE is the number of a value that the list shows, or a value of your own; for a long text, "
                      "the word merged\ntakes all its versions as they were brought together.",
              .example = "satchel resolve 2024-171 risk high --seen 3fa2b1 --reason 'seen on Monday'"},
    .writes = resolve,
};
