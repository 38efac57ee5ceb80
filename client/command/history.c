/* `satchel log`: prints the changes of a record, or those that this laptop made, with what became of each. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "erased.h"
#include "find.h"
#include "log.h"
#include "printer.h"
#include "record.h"
#include "schema.h"
#include "schema_json.h"
#include "unknown.h"
#include "whose.h"
#include "with_store.h"

struct telling {
    struct store *s;
    struct printer v;
    size_t count;
    int is_partial; /* some of a record's past is at the office alone */
    int is_of_all;  /* each line says whose the record is */
};

/* Sets out to why the office holds a change back; "": it does not, or does not say why. */
static void held_reason(struct telling *t, const struct change *c, char *out, size_t out_max)
{
    sqlite3_stmt *s;
    out[0] = '\0';
    if (!id_equal(&c->device, &t->s->author.chain.device) ||
        db_first(t->v.db, &s, NULL, "SELECT reason FROM held_note WHERE epoch = ? AND seq = ?", "uu", c->epoch,
                 c->seq) != 1)
        return;
    (void)snprintf(out, out_max, "%s", db_text(s, 0));
    db_done(t->v.db, s);
}

/* --- words --- */

static void op_words(struct telling *t, const struct schema_kind *kind, const struct change_op *op)
{
    FILE *out = t->v.cli->out;
    const struct schema_field *field = kind != NULL ? schema_field(kind, op->field) : NULL;
    if (field == NULL) {
        (void)fprintf(out, "    %s field %u (newer than this program): ", change_action_name(op->action), op->field);
        printer_block(out, unknown_value(&t->v, op->field, op->value), 8);
        (void)fputc('\n', out);
    } else if (field->number == FIELD_VOID) {
        (void)fprintf(out, "    %s\n", slice_is_nil(op->value) ? "void taken back" : "voided");
    } else {
        (void)fprintf(out, "    %s %s: ", change_action_name(op->action), field->name);
        printer_block(out, printer_value(&t->v, field, op->value), 8);
        (void)fputc('\n', out);
    }
}

static void state_words(struct telling *t, const struct log_entry *entry)
{
    FILE *out = t->v.cli->out;
    char reason[512];
    if (entry->position == LOG_NO_POSITION) {
        (void)fputs("queued", out);
    } else if (entry->position >= LOG_STRAY) {
        (void)fputs("not at the office since that was put back from a backup", out);
    } else if (entry->held) {
        held_reason(t, &entry->change, reason, sizeof reason);
        (void)fputs("HELD BACK BY THE OFFICE: ", out);
        printer_line(out, reason[0] != '\0' ? reason : "ask the office why", 0);
    } else {
        (void)fputs("at the office", out);
    }
}

static int entry_words(struct telling *t, const struct log_entry *entry, struct error *e)
{
    FILE *out = t->v.cli->out;
    const struct change *c = &entry->change;
    const struct schema_kind *kind = schema_kind(c->kind);
    char when[MOMENT_WRITTEN], author[PRINTER_NAME], record[PRINTER_ID], name[UNKNOWN_KIND];
    int code;
    unknown_kind(c->kind, name);
    printer_written_change(&t->v, c, entry->received_ms, when);
    printer_author(t->v.db, &c->author, author);
    printer_id(&c->record, record);
    (void)fprintf(out, "%s  %s %s  ", when, name, record);
    if (t->is_of_all && !id_is_zero(&c->scope)) {
        (void)fputs("of ", out);
        whose_say(out, t->v.db, &c->record);
        (void)fputs("  ", out);
    }
    printer_line(out, author, 0);
    (void)fputs("  ", out);
    state_words(t, entry);
    (void)fputc('\n', out);
    if (c->body.p == NULL && (code = erased_change_words(&t->v, c, 4, e)) != 0)
        return code;
    for (size_t i = 0; i < c->op_count; i++)
        op_words(t, kind, &c->ops[i]);
    if (c->reason.size != 0) {
        (void)snprintf(t->v.room, SCHEMA_FORMAT_MAX, "%.*s",
                       (int)(c->reason.size < SCHEMA_TEXT_MAX ? c->reason.size : SCHEMA_TEXT_MAX),
                       (const char *)c->reason.p);
        (void)fputs("    reason: ", out);
        printer_block(out, t->v.room, 8);
        (void)fputc('\n', out);
    }
    return 0;
}

/* --- JSON --- */

static void op_json(struct telling *t, const struct schema_kind *kind, const struct change_op *op)
{
    struct json *j = &t->v.json;
    const struct schema_field *field = kind != NULL ? schema_field(kind, op->field) : NULL;
    json_object(j);
    json_text(json_key(j, "action"), change_action_name(op->action));
    json_uint(json_key(j, "number"), op->field);
    if (field != NULL)
        json_text(json_key(j, "field"), field->name);
    else
        json_flag(json_key(j, "newer"), 1);
    json_key(j, "value");
    if (field != NULL)
        printer_json_value(&t->v, kind, field, op->value);
    else
        schema_json_unknown(j, op->field, op->value, t->v.room);
    json_end(j);
}

static const char *state_name(const struct log_entry *entry)
{
    return entry->position == LOG_NO_POSITION ? "queued"
           : entry->position >= LOG_STRAY     ? "lost there"
           : entry->held                      ? "held"
                                              : "accepted";
}

static void entry_json(struct telling *t, const struct log_entry *entry)
{
    struct json *j = &t->v.json;
    const struct change *c = &entry->change;
    const struct schema_kind *kind = schema_kind(c->kind);
    char reason[512];
    held_reason(t, c, reason, sizeof reason);
    json_object(j);
    json_text(json_key(j, "kind"), kind != NULL ? kind->name : "unknown");
    json_uint(json_key(j, "kind_number"), c->kind);
    json_id(json_key(j, "record"), &c->record);
    json_id(json_key(j, "device"), &c->device);
    json_uint(json_key(j, "epoch"), c->epoch);
    json_uint(json_key(j, "seq"), c->seq);
    json_uint(json_key(j, "wall_ms"), c->wall_ms);
    json_uint(json_key(j, "received_ms"), entry->received_ms);
    json_flag(json_key(j, "wrong_clock"), printer_is_off(&t->v, c->hlc, c->wall_ms, entry->received_ms));
    printer_json_author(&t->v, &c->author);
    json_text(json_key(j, "state"), state_name(entry));
    json_key(j, "position");
    if (entry->position >= LOG_STRAY)
        json_null(j);
    else
        json_uint(j, entry->position);
    if (entry->held && entry->position < LOG_STRAY)
        json_text(json_key(j, "held_reason"), reason);
    json_flag(json_key(j, "erased"), c->body.p == NULL);
    json_array(json_key(j, "ops"));
    for (size_t i = 0; i < c->op_count; i++)
        op_json(t, kind, &c->ops[i]);
    json_end(j);
    json_bytes(json_key(j, "reason"), c->reason.p, c->reason.size);
    json_end(j);
}

/* --- which --- */

static int tell(struct telling *t, int64_t id, struct error *e)
{
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    int code = log_load(t->v.db, id, 1, &memory, &entry, e);
    if (code == 0) {
        t->is_partial |= entry.mask.p != NULL;
        if (t->v.cli->json)
            entry_json(t, &entry);
        else
            code = entry_words(t, &entry, e);
        for (size_t i = 0; i < entry.change.op_count; i++)
            seen_dot(t->v.seen, &(struct dot){entry.change.device, entry.change.epoch, entry.change.seq, (unsigned)i});
        t->count++;
    }
    log_memory_free(&memory);
    return code;
}

/* Prints the changes of a record in the order of the office's log, and those that are queued last; with record NULL
 * this laptop's own, in the order in which they were written. A laptop's receipts are not what a person did: they are
 * left out unless all are wanted. */
static int tell_all(struct telling *t, const struct id *record, int all, struct error *e)
{
    static const char of_record[] =
        "SELECT id FROM entry WHERE record = ? ORDER BY position IS NULL, position, epoch, seq, id";
    static const char own[] = "SELECT id FROM entry WHERE device = ?1 AND (?2 OR kind <> ?3) ORDER BY epoch, seq";
    struct db *db = t->v.db;
    sqlite3_stmt *s;
    int row, code = record != NULL ? db_query(db, &s, e, of_record, "d", record)
                                   : db_query(db, &s, e, own, "diu", &t->s->author.chain.device, (int64_t)all,
                                              (uint64_t)KIND_RECEIPT);
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = tell(t, db_int(s, 0), e)) != 0) {
            db_done(db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Prints the changes that the office holds, from the copies that stay when their case has left this laptop. */
static int tell_held(struct telling *t, struct error *e)
{
    struct db *db = t->v.db;
    sqlite3_stmt *s;
    int row, code = db_query(db, &s, e,
                             "SELECT header, body FROM held_note WHERE header IS NOT NULL ORDER BY epoch, seq", "");
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct log_entry entry = {.held = 1};
        if ((code = change_read(db_slice(s, 0), db_slice(s, 1), &entry.change, e)) != 0) {
            db_done(db, s);
            return code;
        }
        if (t->v.cli->json)
            entry_json(t, &entry);
        else if ((code = entry_words(t, &entry, e)) != 0) {
            db_done(db, s);
            return code;
        }
        t->count++;
    }
    return row < 0 ? error_code(e) : 0;
}

static int show_held(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct telling t = {.s = s, .is_of_all = 1};
    char words[64];
    int code = printer_open(&t.v, s->db, cli, e);
    if (code == 0) {
        if (cli->json)
            json_array(&t.v.json);
        code = tell_held(&t, e);
        if (cli->json)
            json_end(&t.v.json);
    }
    printer_close(&t.v);
    if (code == 0)
        (void)fprintf(cli->err,
                      "%s held back by the office, kept here and there; `satcheld held release` there applies one\n",
                      cli_count(t.count, "change is", "changes are", words, sizeof words));
    call->waiting = t.count != 0;
    return code;
}

const struct command command_held = {
    .usage = {.name = "held",
              .help = "show what you wrote and the office has not applied, and why",
              .more = "The words stay here when their case has left this laptop.",
              .example = "satchel held"},
    .reads = show_held,
};

static int show_log(struct store *s, struct usage_call *call, struct error *e)
{
    struct cli *cli = call->cli;
    struct telling t = {.s = s};
    char words[64];
    struct id record;
    int code;
    if ((call->count != 0 && (code = find_record(s, call->cli, NULL, call->words[0], &record, e)) != 0) ||
        (code = printer_open(&t.v, s->db, cli, e)) != 0)
        return code;
    t.v.seen = &s->seen;
    t.is_of_all = call->count == 0;
    if (cli->json)
        json_array(&t.v.json);
    code = tell_all(&t, call->count != 0 ? &record : NULL, usage_flag(call, "all"), e);
    if (cli->json)
        json_end(&t.v.json);
    if (code == 0) {
        (void)fprintf(cli->err, "%s%s\n", cli_count(t.count, "change", "changes", words, sizeof words),
                      t.is_partial ? "; what was replaced before this case came to this laptop is at the office" : "");
    }
    printer_close(&t.v);
    return code;
}

const struct command command_log = {
    .usage = {.name = "log",
              .words = "[RECORD]",
              .options = {{.name = "all", .help = "also the receipts that this laptop wrote by itself"}, COMMAND_SEEN},
              .help = "list the changes of a record, or all that this laptop has",
              .example = "satchel log 2024-171"},
    .reads = show_log,
};
