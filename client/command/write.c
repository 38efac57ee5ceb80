/* `satchel new`, `set`, `add` and `remove`. Each is one change: an edit that is opened, filled, and committed,
 * and says in one line what it did. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "find.h"
#include "json.h"
#include "moment.h"
#include "printer.h"
#include "record.h"
#include "reopen.h"
#include "schema.h"
#include "unseen.h"
#include "whose.h"
#include "with_store.h"

#define SHOWN_MAX 60 /* characters of a value in the line that says what was done */

/* --- FIELD=VALUE --- */

struct pair {
    const struct schema_field *field;
    char *value; /* freed by write_free; a reference is the id that it was resolved to, a time is in UTC */
};

struct writing {
    struct store *s;
    struct cli *cli;
    const struct schema_kind *kind;
    struct pair *pairs;
    size_t count;
    const struct schema_field *lowers; /* why a reason is wanted; NULL: none is */
    struct with_store_doubts doubts;   /* what can hardly be right in it */
    unsigned ended;                    /* what belonged to a closing, and ended with it */
};

static void free_pairs(struct writing *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->pairs[i].value);
    free(w->pairs);
    w->pairs = NULL;
    w->count = 0;
}

static int holds_one(const struct schema_field *field)
{
    return schema_holds_one(field);
}

static int find_field(struct writing *w, const char *name, const struct schema_field **out, struct error *e)
{
    *out = schema_field_named(w->kind, name);
    if (*out == NULL)
        return error_set(e, E_NOT_FOUND, "a %s has no field %s; `satchel help %s` lists its fields", w->kind->name,
                         name, w->kind->name);
    if ((*out)->number == FIELD_VOID)
        return error_set(e, E_REFUSED, "a record is voided with `satchel void RECORD --reason TEXT`");
    if ((*out)->number == FIELD_SOURCE_ID || (*out)->number == FIELD_SOURCE_HASH || (*out)->number == FIELD_SEEN)
        return error_set(e, E_REFUSED, "%s is for the program alone, and an import", name);
    for (size_t i = 0; i < w->count; i++)
        if (w->pairs[i].field == *out && holds_one(*out))
            return error_set(e, E_USAGE, "%s is given twice, and holds one value", name);
    return 0;
}

/* Replaces what a person calls a record by its id, which must be of the right kind. */
static int resolve_reference(struct writing *w, const struct schema_field *field, char **value, struct error *e)
{
    struct id id;
    char *text;
    int code = find_to_write(w->s, w->cli, schema_kind(field->ref), *value, &id, e);
    if (code != 0) {
        error_prefix(e, "%s", field->name);
        return code;
    }
    if ((text = malloc(ID_TEXT)) == NULL)
        return error_memory(e);
    id_format(&id, text);
    free(*value);
    *value = text;
    return 0;
}

/* Replaces a time as it was typed, in local time, by the same in UTC. */
static int resolve_moment(char **value, struct error *e)
{
    char moment[MOMENT_TEXT], *text;
    int code = moment_from_words(*value, moment, e);
    if (code != 0)
        return code;
    if ((text = strdup(moment)) == NULL)
        return error_memory(e);
    free(*value);
    *value = text;
    return 0;
}

static int read_pair(struct writing *w, const char *argument, struct error *e)
{
    const struct schema_field *field;
    const char *equals = strchr(argument, '=');
    char *name, *value;
    int code;
    if (equals == NULL)
        return error_set(e, E_USAGE, "write a field and its value as FIELD=VALUE; `satchel help %s` lists the fields",
                         w->kind->name);
    if ((name = strndup(argument, (size_t)(equals - argument))) == NULL)
        return error_memory(e);
    code = find_field(w, name, &field, e);
    free(name);
    if (code != 0)
        return code;
    if ((value = strdup(equals + 1)) == NULL)
        return error_memory(e);
    if (field->type == SCHEMA_REF && value[0] != '\0' && (code = resolve_reference(w, field, &value, e)) != 0) {
        free(value);
        return code;
    }
    if (field->type == SCHEMA_TIME && (code = resolve_moment(&value, e)) != 0) {
        free(value);
        return code;
    }
    w->pairs[w->count++] = (struct pair){field, value};
    return 0;
}

static int read_pairs(struct writing *w, int count, char **arguments, struct error *e)
{
    int code = 0;
    if (count == 0)
        return error_set(e, E_USAGE, "nothing to write: name a field and its value as FIELD=VALUE");
    if ((w->pairs = calloc((size_t)count, sizeof *w->pairs)) == NULL)
        return error_memory(e);
    for (int i = 0; code == 0 && i < count; i++)
        code = read_pair(w, arguments[i], e);
    return code;
}

/* --- what was done --- */

static void say_reference(struct writing *w, const struct id *id)
{
    char name[PRINTER_NAME];
    struct whose whose;
    if (whose_find(w->s->db, id, &whose, NULL) == 0 && (whose.has_person || whose.has_case)) {
        whose_print(w->cli->err, &whose);
        return;
    }
    printer_author(w->s->db, id, name);
    printer_line(w->cli->err, name, 0);
}

/* Prints a value that was written; a reference as whose it is, in place of the id that stands in the pair. */
static void say_value(struct writing *w, const struct pair *pair, const char *words)
{
    struct id id;
    if (words[0] == '\0' || pair->value[0] == '\0')
        (void)fputs("(cleared)", w->cli->err);
    else if (pair->field->type == SCHEMA_REF && id_parse(pair->value, &id, NULL) == 0)
        say_reference(w, &id);
    else
        printer_line(w->cli->err, words, SHOWN_MAX);
}

/* Prints "note 1a2b3c4d of Ada Byron, case 2024-171"; of a case or a person only whose it is. */
static void say_whose(struct writing *w, const struct id *record)
{
    FILE *err = w->cli->err;
    char brief[PRINTER_ID];
    printer_id(record, brief);
    if (w->kind->place == SCHEMA_CASE && w->kind->number != KIND_CASE)
        (void)fprintf(err, "%s %s of ", w->kind->name, brief);
    whose_say(err, w->s->db, record);
}

/* Prints "risk of Ada Byron, case 2024-171: high (queued: 3 changes wait for the office)" */
static int say_written(struct writing *w, const struct id *record, const char *verb, struct error *e)
{
    FILE *err = w->cli->err;
    char moment[MOMENT_TEXT];
    for (size_t i = 0; i < w->count; i++) {
        (void)fprintf(err, "%s%s", i == 0 ? "" : "; ", w->pairs[i].field->name);
        if (i == 0) {
            (void)fputs(" of ", err);
            say_whose(w, record);
        }
        (void)fprintf(err, ": %s", verb);
        if (w->pairs[i].field->type == SCHEMA_TIME)
            moment_to_words(w->pairs[i].value, moment);
        say_value(w, &w->pairs[i], w->pairs[i].field->type == SCHEMA_TIME ? moment : w->pairs[i].value);
    }
    if (w->ended != 0)
        (void)fputs("; outcome and day of closing ended with it", err);
    return with_store_say_queued(w->s, w->cli, e);
}

void write_id(struct cli *cli, const struct schema_kind *kind, const struct id *record)
{
    struct json j = json_start(cli->out);
    char text[ID_TEXT];
    if (cli->json) {
        json_object(&j);
        json_id(json_key(&j, "record"), record);
        json_text(json_key(&j, "kind"), kind->name);
        json_end(&j);
        return;
    }
    id_format(record, text);
    (void)fprintf(cli->out, "%s\n", text);
}

/* --- new --- */

/* E_REFUSED unless a person at a laptop may write this kind. */
static int check_kind(const struct schema_kind *kind, struct error *e)
{
    if (kind->office_only || kind->place == SCHEMA_OFFICE)
        return error_set(e, E_REFUSED, "a %s is written by the office alone; ask the office for the change",
                         kind->name);
    return 0;
}

/* Refuses a case that does not say whose it is (E_USAGE); opens one that has no status. */
static int complete_case(struct writing *w, struct edit *edit, struct error *e)
{
    int has_client = 0, has_status = 0;
    for (size_t i = 0; i < w->count; i++) {
        has_client |= strcmp(w->pairs[i].field->name, "client") == 0 && w->pairs[i].value[0] != '\0';
        has_status |= strcmp(w->pairs[i].field->name, "status") == 0;
    }
    if (!has_client)
        return error_set(e, E_USAGE,
                         "say whose case it is: satchel new case client=CLIENT ...; a new person is "
                         "written first, with `satchel new client`");
    return has_status ? 0 : edit_set_text(edit, "status", "open", e);
}

static int fill_new(struct writing *w, struct edit *edit, struct error *e)
{
    int code = w->kind->number == KIND_CASE ? complete_case(w, edit, e) : 0;
    for (size_t i = 0; code == 0 && i < w->count; i++) {
        const struct pair *p = &w->pairs[i];
        code = holds_one(p->field) ? edit_set_text(edit, p->field->name, p->value, e)
                                   : edit_add_text(edit, p->field->name, p->value, e);
    }
    return code;
}

int write_find_case(struct store *s, struct cli *cli, const char *words, struct id *scope, struct error *e)
{
    struct record_place place;
    char name[FIND_NAME];
    int code;
    if ((code = find_to_write(s, cli, schema_kind(KIND_CASE), words, scope, e)) != 0 ||
        (code = record_find(s->db, scope, &place, e)) != 0)
        return code;
    if (!place.voided)
        return 0;
    (void)find_name(s->db, scope, name);
    return error_set(e, E_REFUSED,
                     "case %s is voided; `satchel show %s` prints the command that takes that back, if it was wrong",
                     name, name);
}

static int make_new(struct writing *w, const struct usage_call *call, struct id *record, struct error *e)
{
    int has_case = w->kind->place == SCHEMA_CASE && w->kind->number != KIND_CASE, first = has_case ? 2 : 1, code;
    struct id scope;
    struct edit edit;
    *record = scope = id_new(w->s->author.wall());
    if (has_case && strchr(call->words[1], '=') != NULL)
        return error_set(e, E_USAGE, "say which case it stands in: satchel new %s CASE FIELD=VALUE...", w->kind->name);
    if ((has_case && (code = write_find_case(w->s, w->cli, call->words[1], &scope, e)) != 0) ||
        (code = read_pairs(w, call->count - first, call->words + first, e)) != 0 ||
        (code = edit_new(&edit, w->s->db, w->kind, &scope, record, e)) != 0)
        return code;
    if ((code = fill_new(w, &edit, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return with_store_commit(w->s, w->cli, &edit, usage_text(call, "reason"), &w->doubts, e);
}

/* The same in a transaction of its own, once more if what can hardly be right is to be written all the same. */
static int make_new_asking(struct writing *w, const struct usage_call *call, struct id *record, struct error *e)
{
    for (;;) {
        int code = store_begin(w->s, e);
        if (code != 0 || (code = make_new(w, call, record, e)) == 0)
            return code;
        store_rollback(w->s);
        if (!with_store_ask_doubts(w->s, w->cli, &w->doubts, e))
            return e->code;
        free_pairs(w);
    }
}

static int write_new(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct writing w = {.s = s, .cli = cli, .kind = schema_kind_named(call->words[0])};
    struct id record;
    int code;
    if (w.kind == NULL)
        return error_set(e, E_NOT_FOUND, "there is no kind %s; `satchel help` lists the kinds", call->words[0]);
    if ((code = check_kind(w.kind, e)) != 0 || (code = make_new_asking(&w, call, &record, e)) != 0) {
        free_pairs(&w);
        return code;
    }
    write_id(cli, w.kind, &record);
    code = say_written(&w, &record, "", e);
    if (w.kind->number == KIND_CLIENT)
        duplicates_tell(s, cli, &record);
    free_pairs(&w);
    return code;
}

/* --- set, add, remove --- */

/* What a sentence calls a record: a case by its number, all else by the 8 characters that are shown; an error's
 * sentence names nobody. Returns out. */
static const char *record_name(struct writing *w, const struct id *record, char out[FIND_NAME])
{
    if (w->kind->number == KIND_CASE)
        return find_name(w->s->db, record, out);
    printer_id(record, out);
    return out;
}

/* Opens an edit of a record that a person may change. */
static int open_record(struct writing *w, const char *words, struct edit *edit, struct error *e)
{
    struct record_place place;
    struct id record;
    char name[FIND_NAME];
    int code;
    if ((code = find_to_write(w->s, w->cli, NULL, words, &record, e)) != 0 ||
        (code = record_find(w->s->db, &record, &place, e)) != 0 || (code = check_kind(place.kind, e)) != 0)
        return code;
    w->kind = place.kind;
    if (place.voided)
        return error_set(e, E_REFUSED,
                         "%s %s is voided and is not changed any more; `satchel show %s` prints the command that takes "
                         "that back, if it was wrong",
                         place.kind->name, record_name(w, &record, name), name);
    return edit_open(edit, w->s->db, &record, e);
}

typedef int apply_text(struct edit *edit, const char *field, const char *text, struct error *e);

/* Refuses to set a contested field: that is decided with all its values in view, never in passing. */
static int check_decided(struct writing *w, const struct id *record, struct error *e)
{
    char name[FIND_NAME];
    int code = 0;
    for (size_t i = 0; code == 0 && i < w->count; i++) {
        struct record_field f;
        if ((code = record_field_load(w->s->db, record, w->kind, w->pairs[i].field, &f, e)) != 0)
            return code;
        if (f.shown.conflict == MERGE_LOUD && holds_one(w->pairs[i].field)) {
            (void)record_name(w, record, name);
            code =
                error_set(e, E_REFUSED,
                          "%s of %s %s is contested: `satchel show %s` shows its values, and prints the command that "
                          "decides; nothing was written",
                          w->pairs[i].field->name, w->kind->name, name, name);
        }
        record_field_free(&f);
    }
    return code;
}

/* A case that is opened again has no outcome and no day of closing any more. */
static int end_closing(struct writing *w, struct edit *edit, struct error *e)
{
    const struct schema_field *fields[USAGE_GIVEN_MAX];
    const char *status = NULL;
    size_t count = 0;
    int code = 0;
    for (size_t i = 0; i < w->count && count < sizeof fields / sizeof *fields; i++) {
        fields[count++] = w->pairs[i].field;
        if (strcmp(w->pairs[i].field->name, "status") == 0)
            status = w->pairs[i].value;
    }
    if (status != NULL)
        code = reopen_case(edit, status, fields, count, &w->ended, e);
    return code;
}

/* 1: what was typed gives the record a status that closes it. */
static int closes(const struct writing *w)
{
    struct pack value;
    int found = 0;
    for (size_t i = 0; i < w->count; i++) {
        pack_start(&value);
        if (schema_parse(w->kind, w->pairs[i].field, w->pairs[i].value, &value, NULL) == 0 &&
            pack_finish(&value, NULL) == 0)
            found |= schema_closes(w->pairs[i].field, pack_bytes(&value));
        pack_free(&value);
    }
    return found;
}

/* Sets the fields that are written with all that is in them in view (a status that closes, and words), or the others.
 */
static int fill_fields(struct writing *w, const struct unseen *unseen, int in_view, apply_text *apply,
                       struct edit *edit, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < w->count; i++) {
        const struct pair *pair = &w->pairs[i];
        int is_narrative = schema_traits(pair->field)->is_narrative;
        if ((is_narrative || pair->field->policy == SCHEMA_STATUS) != in_view)
            continue;
        if (is_narrative)
            code = unseen_text(unseen, pair->field, e);
        if (code == 0)
            code = apply(edit, pair->field->name, pair->value, e);
    }
    return code;
}

/* Fills an edit that is open with what was typed. What is printed on the way was typed over unseen: a risk that comes
 * into view with a closing is not lowered by the same command, so such fields are set before. */
static int fill_edit(struct writing *w, const struct usage_call *call, apply_text *apply, struct edit *edit,
                     struct error *e)
{
    struct unseen unseen = {w->s, w->cli, &edit->record, w->kind, NULL, NULL};
    int code;
    if ((code = read_pairs(w, call->count - 1, call->words + 1, e)) == 0)
        code = check_decided(w, &edit->record, e);
    unseen_ask(&unseen, edit);
    if (code == 0)
        code = fill_fields(w, &unseen, 0, apply, edit, e);
    if (code == 0 && closes(w))
        code = unseen_case(&unseen, &edit->scope, e);
    if (code == 0)
        code = fill_fields(w, &unseen, 1, apply, edit, e);
    return code != 0 ? code : end_closing(w, edit, e);
}

/* Makes the change. E_REFUSED with w->lowers: it lowers that, and no reason was given. */
static int change(struct writing *w, const struct usage_call *call, apply_text *apply, const char *reason,
                  struct id *record, struct error *e)
{
    struct edit edit;
    int code = open_record(w, call->words[0], &edit, e);
    if (code != 0)
        return code;
    *record = edit.record;
    if ((code = fill_edit(w, call, apply, &edit, e)) == 0 && (code = with_store_check_reason(&edit, reason, e)) != 0)
        w->lowers = edit.lowers;
    if (code != 0) {
        edit_free(&edit);
        return code;
    }
    return with_store_commit(w->s, w->cli, &edit, reason, &w->doubts, e);
}

/* The same in a transaction of its own, once more with the reason that was asked for. What a person types is awaited
 * outside of it. */
static int change_asking(struct writing *w, const struct usage_call *call, apply_text *apply, struct id *record,
                         struct error *e)
{
    char typed[WITH_STORE_REASON];
    const char *reason = usage_text(call, "reason");
    for (;;) {
        int code = store_begin(w->s, e);
        if (code != 0 || (code = change(w, call, apply, reason, record, e)) == 0)
            return code;
        store_rollback(w->s);
        if (w->lowers != NULL && reason != typed && with_store_ask_reason(w->s, w->cli, w->lowers, typed, e))
            reason = typed;
        else if (!with_store_ask_doubts(w->s, w->cli, &w->doubts, e))
            return e->code;
        w->lowers = NULL;
        free_pairs(w);
    }
}

/* Tells what stays beside the new values, since the person had not seen it. */
static int tell_unseen(struct writing *w, const struct id *record, int *waiting, struct error *e)
{
    struct unseen unseen = {w->s, w->cli, record, w->kind, NULL, NULL};
    int code = 0;
    for (size_t i = 0; code == 0 && i < w->count; i++)
        if (holds_one(w->pairs[i].field) && !schema_traits(w->pairs[i].field)->is_amended)
            code = unseen_tell(&unseen, w->pairs[i].field, w->pairs[i].value, waiting, e);
    return code;
}

/* 1: this changes a field that is written only once, so it amends; 0: it does not. */
static int amends(const struct writing *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (schema_traits(w->pairs[i].field)->is_amended)
            return 1;
    return 0;
}

static int write_fields(struct store *s, struct usage_call *call, apply_text *apply, const char *verb, struct error *e)
{
    struct cli *cli = call->cli;
    struct writing w = {.s = s, .cli = cli};
    struct id record;
    int code = change_asking(&w, call, apply, &record, e);
    if (code == 0) {
        if (cli->json)
            write_id(cli, w.kind, &record);
        if (apply == edit_set_text && amends(&w))
            verb = "amended, with what was written before kept above it: ";
        if ((code = say_written(&w, &record, verb, e)) == 0)
            code = tell_unseen(&w, &record, &call->waiting, e);
    }
    free_pairs(&w);
    return code;
}

static int write_set(struct store *s, struct usage_call *call, struct error *e)
{
    return write_fields(s, call, edit_set_text, "", e);
}

static int write_add(struct store *s, struct usage_call *call, struct error *e)
{
    return write_fields(s, call, edit_add_text, "added ", e);
}

static int write_remove(struct store *s, struct usage_call *call, struct error *e)
{
    return write_fields(s, call, edit_remove_text, "taken out ", e);
}

#define WHICH                                                                                                          \
    "RECORD is a whole case number, the whole name of a person, or the 8 characters that `satchel list` shows; a "     \
    "part\n"                                                                                                           \
    "of one is for looking only."

const struct command command_new = {
    .usage = {.name = "new",
              .words = "KIND [CASE] FIELD=VALUE...",
              .options = {{.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "write a new record",
              .more = "`satchel help KIND` lists the fields of a kind. CASE is the case that the record stands in, if "
                      "it stands in one.",
              .example = "satchel new client legal_name='Ada Byron' birth_date=1984-05-31"},
    .writes = write_new,
};

const struct command command_set = {
    .usage = {.name = "set",
              .words = "RECORD FIELD=VALUE...",
              .options = {{.name = "reason",
                           .value = "TEXT",
                           .help = "why; it is kept with the change, and a risk falls only with one"}},
              .help = "set fields of a record",
              .more = WHICH,
              .example = "satchel set 2024-171 risk=high"},
    .writes = write_set,
};

const struct command command_add = {
    .usage = {.name = "add",
              .words = "RECORD FIELD=VALUE...",
              .options = {{.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "add to a field that holds several values, or to a total",
              .more = WHICH,
              .example = "satchel add 'Ada Byron' allergy='penicillin (severe)'"},
    .writes = write_add,
};

const struct command command_remove = {
    .usage = {.name = "remove",
              .words = "RECORD FIELD=VALUE...",
              .options = {{.name = "reason", .value = "TEXT", .help = "why; it is kept with the change"}},
              .help = "take a value out of a field that holds several",
              .more = WHICH,
              .example = "satchel remove 2024-171 need=transport"},
    .writes = write_remove,
};
