/* Prints the history of a record, or of all that stands in a case, from a store that audit_replay made. */
#include "audit_history.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "clock.h"
#include "json.h"
#include "log.h"
#include "moment.h"
#include "schema.h"
#include "schema_json.h"

struct telling {
    const struct cli *cli;
    struct db *db;
    struct log_entry entry; /* the change that is told */
    struct log_memory entry_memory;
    struct log_entry earlier; /* one that it supersedes */
    struct log_memory earlier_memory;
    char *words;      /* SCHEMA_FORMAT_MAX: a value in words */
    struct json json; /* on cli->out */
};

/* --- words of what people typed --- */

/* Prints text in its column. Every line of it is indented, so that a note cannot look like a heading of ours. */
static void put_words(FILE *out, const char *text, const char *indent)
{
    char line[256];
    while (*text != 0) {
        size_t n = strcspn(text, "\n");
        if (n != 0) {
            n = n < sizeof line ? n : sizeof line - 1;
            while (n > 1 && ((uint8_t)text[n] & 0xc0) == 0x80)
                n--; /* not within a character */
            memcpy(line, text, n);
            line[n] = 0;
            cli_text(out, line);
            text += n;
        } else {
            fprintf(out, "\n%s", indent);
            text++;
        }
    }
}

/* The value of an op in words, for which t->words is room. The value of a field that this version does not know is
 * shown by its own form. */
static const char *value_words(struct telling *t, unsigned kind_number, const struct change_op *op)
{
    const struct schema_kind *kind = schema_kind(kind_number);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    if (slice_is_nil(op->value))
        return "(cleared)";
    if (op->field == FIELD_VOID)
        return "voided";
    if (field == NULL)
        return schema_format_unknown(op->value, t->words, SCHEMA_FORMAT_MAX);
    return schema_format(field, op->value, t->words, SCHEMA_FORMAT_MAX);
}

static void field_name(unsigned kind_number, unsigned number, char out[64])
{
    const struct schema_kind *kind = schema_kind(kind_number);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, number);
    if (field == NULL)
        (void)snprintf(out, 64, "field %u", number);
    else
        (void)snprintf(out, 64, "%s", field->name);
}

static void kind_name(unsigned number, char out[64])
{
    const struct schema_kind *kind = schema_kind(number);
    if (kind == NULL)
        (void)snprintf(out, 64, "kind %u", number);
    else
        (void)snprintf(out, 64, "%s", kind->name);
}

/* --- looking up --- */

/* Finds a name in the record: of a user, or of the office, which writes on its own behalf. "": there is none. */
static int find_name(struct db *db, const struct id *author, char out[256], struct error *e)
{
    static const char *const sql[] = {"SELECT name FROM \"user\" WHERE id = ?", "SELECT name FROM office WHERE id = ?"};
    char id[ID_TEXT];
    id_format(author, id);
    out[0] = 0;
    for (size_t i = 0; i < sizeof sql / sizeof *sql && out[0] == 0; i++) {
        sqlite3_stmt *s;
        int row;
        if ((row = db_first(db, &s, e, sql[i], "t", id)) < 0)
            return e->code;
        if (row == 1) {
            (void)snprintf(out, 256, "%s", db_text(s, 0));
            db_done(db, s);
        }
    }
    return 0;
}

/* Finds why a change was held, and what became of that. */
static int find_hold(struct db *db, const struct change *c, char reason[512], struct error *e)
{
    char device[2 * ID_BYTES + 1];
    sqlite3_stmt *s;
    int row;
    sodium_bin2hex(device, sizeof device, c->device.b, ID_BYTES);
    reason[0] = 0;
    if ((row = db_first(db, &s, e,
                        "SELECT status, reason FROM hold WHERE device = ? AND epoch = ? AND seq = ? AND voided = 0",
                        "tuu", device, c->epoch, c->seq)) < 0)
        return e->code;
    if (row == 1) {
        (void)snprintf(reason, 512, "%s: %s", db_text(s, 0), db_text(s, 1));
        db_done(db, s);
    }
    return 0;
}

/* Finds the op that a dot names in the log; *op NULL: the log does not have it, or its body is gone. */
static int find_op(struct telling *t, const struct dot *dot, const struct change_op **op, struct error *e)
{
    int64_t id = log_find(t->db, &dot->device, dot->epoch, dot->seq, NULL, e);
    int code;
    *op = NULL;
    t->earlier.position = LOG_NO_POSITION;
    if (id <= 0)
        return id == 0 ? 0 : e->code;
    if ((code = log_load(t->db, id, 1, &t->earlier_memory, &t->earlier, e)) != 0)
        return code;
    if (dot->index < t->earlier.change.op_count)
        *op = &t->earlier.change.ops[dot->index];
    return 0;
}

/* --- one change --- */

/* Writes the value of an op, as the member "value". */
static void value_json(struct telling *t, unsigned kind_number, const struct change_op *op)
{
    const struct schema_kind *kind = schema_kind(kind_number);
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    json_key(&t->json, "value");
    if (field != NULL)
        schema_json(&t->json, kind, field, op->value, t->words);
    else
        schema_json_unknown(&t->json, op->field, op->value, t->words);
}

/* Prints what an op superseded; old NULL: the log does not have it, or it was erased. */
static void superseded_json(struct telling *t, const struct change_op *old)
{
    json_object(&t->json);
    json_key(&t->json, "entry");
    if (t->earlier.position == LOG_NO_POSITION)
        json_null(&t->json);
    else
        json_uint(&t->json, t->earlier.position);
    if (old == NULL)
        json_null(json_key(&t->json, "value"));
    else
        value_json(t, t->entry.change.kind, old);
    json_end(&t->json);
}

static void superseded_words(struct telling *t, const struct change_op *old)
{
    FILE *out = t->cli->out;
    if (t->earlier.position == LOG_NO_POSITION) {
        fputs("        instead of a value that is not in this log\n", out);
        return;
    }
    fprintf(out, "        instead of entry %llu: ", (unsigned long long)t->earlier.position);
    put_words(out, old == NULL ? "(erased)" : value_words(t, t->entry.change.kind, old), "          ");
    fputc('\n', out);
}

static int tell_superseded(struct telling *t, const struct change_op *op, struct error *e)
{
    struct unpack r;
    size_t count = change_supersedes(op, &r);
    for (size_t i = 0; i < count; i++) {
        struct dot dot = dot_unpack(&r);
        const struct change_op *old;
        int code = find_op(t, &dot, &old, e);
        if (code != 0)
            return code;
        if (t->cli->json)
            superseded_json(t, old);
        else
            superseded_words(t, old);
    }
    return 0;
}

static int tell_op(struct telling *t, const struct change_op *op, struct error *e)
{
    FILE *out = t->cli->out;
    char name[64];
    int code;
    field_name(t->entry.change.kind, op->field, name);
    if (!t->cli->json) {
        fprintf(out, "    %s %s: ", change_action_name(op->action), name);
        put_words(out, value_words(t, t->entry.change.kind, op), "      ");
        fputc('\n', out);
        return tell_superseded(t, op, e);
    }
    json_object(&t->json);
    json_text(json_key(&t->json, "field"), name);
    json_text(json_key(&t->json, "action"), change_action_name(op->action));
    value_json(t, t->entry.change.kind, op);
    json_array(json_key(&t->json, "supersedes"));
    code = tell_superseded(t, op, e);
    json_end(&t->json);
    json_end(&t->json);
    return code;
}

/* Names that both forms tell. */
struct names {
    char device[ID_TEXT], author[ID_TEXT], scope[ID_TEXT], record[ID_TEXT];
    char kind[64], person[256], hold[512];
};

static void tell_words(const struct telling *t, const struct names *n)
{
    const struct change *c = &t->entry.change;
    FILE *out = t->cli->out;
    char received[32], written[MOMENT_WRITTEN];
    cli_time(t->entry.received_ms, received);
    moment_written(c->hlc, c->wall_ms, t->entry.received_ms, written);
    fprintf(out, "entry %llu   received %s%s\n", (unsigned long long)t->entry.position, received,
            t->entry.held ? "   HELD" : "");
    fprintf(out, "  written %s by ", written);
    put_words(out, n->person[0] != 0 ? n->person : "somebody who is not in the record", "    ");
    fprintf(out, " (%s)\n", n->author);
    fprintf(out, "  on device %s, epoch %llu, change %llu\n", n->device, (unsigned long long)c->epoch,
            (unsigned long long)c->seq);
    fprintf(out, "  %s %s", n->kind, n->record);
    if (!id_is_zero(&c->scope) && !id_equal(&c->scope, &c->record))
        fprintf(out, " in %s", n->scope);
    fputc('\n', out);
    if (n->hold[0] != 0) {
        fputs("  ", out);
        put_words(out, n->hold, "    ");
        fputc('\n', out);
    }
}

static void tell_json(struct telling *t, const struct names *n)
{
    const struct change *c = &t->entry.change;
    struct json *j = &t->json;
    json_uint(json_key(j, "entry"), t->entry.position);
    json_uint(json_key(j, "received_ms"), t->entry.received_ms);
    json_uint(json_key(j, "wall_ms"), c->wall_ms);
    json_flag(json_key(j, "wrong_clock"), clock_off(c->hlc, c->wall_ms, t->entry.received_ms) != 0);
    json_text(json_key(j, "author"), n->author);
    json_text(json_key(j, "author_name"), n->person);
    json_id(json_key(j, "session"), &c->session);
    json_text(json_key(j, "device"), n->device);
    json_uint(json_key(j, "epoch"), c->epoch);
    json_uint(json_key(j, "seq"), c->seq);
    json_text(json_key(j, "scope"), n->scope);
    json_text(json_key(j, "record"), n->record);
    json_text(json_key(j, "kind"), n->kind);
    json_flag(json_key(j, "erased"), c->body.p == NULL);
    json_flag(json_key(j, "held"), t->entry.held);
    json_text(json_key(j, "hold"), n->hold);
    json_bytes(json_key(j, "reason"), c->reason.p, c->reason.size);
}

static int tell_ops(struct telling *t, struct error *e)
{
    const struct change *c = &t->entry.change;
    int code = 0;
    for (size_t i = 0; code == 0 && i < c->op_count; i++)
        code = tell_op(t, &c->ops[i], e);
    return code;
}

static void tell_reason(struct telling *t)
{
    const struct slice reason = t->entry.change.reason;
    size_t bytes = reason.size < SCHEMA_FORMAT_MAX ? reason.size : SCHEMA_FORMAT_MAX - 1;
    if (reason.size == 0)
        return;
    memcpy(t->words, reason.p, bytes);
    t->words[bytes] = 0;
    fputs("    reason: ", t->cli->out);
    put_words(t->cli->out, t->words, "      ");
    fputc('\n', t->cli->out);
}

/* Says which entries erased what the change said, and why. */
static int tell_erasures(struct telling *t, struct error *e)
{
    static const char sql[] = "SELECT by.position, coalesce(erasure.reason, '') FROM erased JOIN entry AS by ON "
                              "by.record = erased.erasure JOIN erasure ON erasure.id = id_text(erased.erasure) WHERE "
                              "erased.device = ? AND erased.epoch = ? AND erased.seq = ? ORDER BY by.position";
    const struct change *c = &t->entry.change;
    sqlite3_stmt *s;
    int row, code = db_query(t->db, &s, e, sql, "duu", &c->device, c->epoch, c->seq);
    if (code != 0)
        return code;
    fputs("    what it said has been erased\n", t->cli->out);
    while ((row = db_next(t->db, s, e)) == 1) {
        fprintf(t->cli->out, "        by entry %llu: ", (unsigned long long)db_uint(s, 0));
        put_words(t->cli->out, db_text(s, 1), "          ");
        fputc('\n', t->cli->out);
    }
    return row < 0 ? error_code(e) : 0;
}

static int tell(struct telling *t, struct error *e)
{
    const struct change *c = &t->entry.change;
    struct names n;
    int code;
    id_format(&c->device, n.device);
    id_format(&c->author, n.author);
    id_format(&c->scope, n.scope);
    id_format(&c->record, n.record);
    kind_name(c->kind, n.kind);
    if ((code = find_name(t->db, &c->author, n.person, e)) != 0 || (code = find_hold(t->db, c, n.hold, e)) != 0)
        return code;
    if (t->cli->json) {
        json_object(&t->json);
        tell_json(t, &n);
        json_array(json_key(&t->json, "ops"));
        code = tell_ops(t, e);
        json_end(&t->json);
        json_end(&t->json);
        return code;
    }
    tell_words(t, &n);
    if (c->body.p == NULL && (code = tell_erasures(t, e)) != 0)
        return code;
    if ((code = tell_ops(t, e)) == 0)
        tell_reason(t);
    return code;
}

/* --- all of them --- */

/* Lists the rows of the changes, in log order; the caller frees *rows. */
static int find_rows(struct db *db, const struct id *id, int64_t **rows, size_t *count, struct error *e)
{
    size_t room = 0;
    sqlite3_stmt *s;
    int row, code;
    *rows = NULL;
    *count = 0;
    if ((code = db_query(db, &s, e, "SELECT id FROM entry WHERE record = ?1 OR scope = ?1 ORDER BY position", "d",
                         id)) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if (*count == room) {
            int64_t *more;
            room = room == 0 ? 64 : 2 * room;
            if ((more = realloc(*rows, room * sizeof *more)) == NULL) {
                db_done(db, s);
                return error_memory(e);
            }
            *rows = more;
        }
        (*rows)[(*count)++] = db_int(s, 0);
    }
    return row < 0 ? e->code : 0;
}

int audit_history(const struct cli *cli, struct db *db, const struct id *id, struct error *e)
{
    struct telling *t = calloc(1, sizeof *t);
    int64_t *rows = NULL;
    struct error here;
    size_t count = 0;
    int code;
    if (e == NULL)
        e = &here;
    if (t == NULL)
        return error_memory(e);
    t->cli = cli;
    t->db = db;
    t->json = json_start(cli->out);
    if ((t->words = malloc(SCHEMA_FORMAT_MAX)) == NULL) {
        code = error_memory(e);
        goto out;
    }
    if ((code = find_rows(db, id, &rows, &count, e)) != 0)
        goto out;
    if (count == 0) {
        code = error_set(e, E_NOT_FOUND, "no change in this archive names that id as its record, case or client");
        goto out;
    }
    if (cli->json)
        json_array(&t->json);
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (i != 0 && !cli->json)
            fputc('\n', cli->out);
        if ((code = log_load(db, rows[i], 1, &t->entry_memory, &t->entry, e)) == 0)
            code = tell(t, e);
    }
    if (cli->json)
        json_end(&t->json);
out:
    if (t->words != NULL)
        sodium_memzero(t->words, SCHEMA_FORMAT_MAX);
    free(t->words);
    log_memory_free(&t->entry_memory);
    log_memory_free(&t->earlier_memory);
    free(t);
    free(rows);
    return code;
}
