#include "audit_history.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "log.h"
#include "schema.h"

#define CHANGE_BYTES ((size_t)CHANGE_HEADER_MAX + (size_t)CHANGE_BODY_MAX)
#define CLOCK_AHEAD_MS (5ull * 60 * 1000) /* from there on it is told */

struct telling {
    const struct cli *cli;
    struct db *db;
    struct log_entry entry;   /* the change that is told; its slices point into bytes */
    struct log_entry earlier; /* one that it supersedes */
    uint8_t *bytes;           /* CHANGE_BYTES */
    char *words;              /* SCHEMA_FORMAT_MAX: a value in words */
};

/* --- words of what people typed --- */

/* Text in its column: a line that it breaks stays indented, so that a note cannot look like a heading of ours. */
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

/* The value of an op in t->words. What this version does not know is shown by its own form. */
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

static const char *action_name(enum change_action action)
{
    return action == CHANGE_ADD ? "add" : action == CHANGE_REMOVE ? "remove" : "set";
}

/* --- looking up --- */

/* A name from the record: of a user, or of the office, which writes on its own behalf. "" where there is none. */
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

/* Why a change is held, and what became of that. */
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

/* The op that a dot names, from the log: *op stays NULL where the log does not have it, or its body is gone. */
static int find_op(struct telling *t, const struct dot *dot, const struct change_op **op, struct error *e)
{
    int64_t id = log_find(t->db, &dot->device, dot->epoch, dot->seq, NULL, e);
    int code;
    *op = NULL;
    t->earlier.position = LOG_NO_POSITION;
    if (id <= 0)
        return id == 0 ? 0 : e->code;
    if ((code = log_load(t->db, id, 1, &t->earlier, e)) != 0)
        return code;
    if (dot->index < t->earlier.change.op_count)
        *op = &t->earlier.change.ops[dot->index];
    return 0;
}

/* --- one change --- */

static int tell_superseded(struct telling *t, const struct change_op *op, struct error *e)
{
    FILE *out = t->cli->out;
    struct unpack r;
    size_t count = change_supersedes(op, &r);
    for (size_t i = 0; i < count; i++) {
        struct dot dot = dot_unpack(&r);
        const struct change_op *old;
        int code = find_op(t, &dot, &old, e);
        if (code != 0)
            return code;
        if (t->cli->json) {
            fputs(i == 0 ? "{\"entry\": " : ", {\"entry\": ", out);
            if (t->earlier.position == LOG_NO_POSITION)
                fputs("null", out);
            else
                fprintf(out, "%llu", (unsigned long long)t->earlier.position);
            fputs(", \"value\": ", out);
            if (old == NULL) {
                fputs("null", out);
            } else {
                const char *words = value_words(t, t->entry.change.kind, old);
                cli_json_text(out, words, strlen(words));
            }
            fputc('}', out);
        } else if (t->earlier.position == LOG_NO_POSITION) {
            fputs("        instead of a value that is not in this log\n", out);
        } else {
            fprintf(out, "        instead of entry %llu: ", (unsigned long long)t->earlier.position);
            put_words(out, old == NULL ? "(erased)" : value_words(t, t->entry.change.kind, old), "          ");
            fputc('\n', out);
        }
    }
    return 0;
}

static int tell_op(struct telling *t, const struct change_op *op, struct error *e)
{
    FILE *out = t->cli->out;
    const char *words = value_words(t, t->entry.change.kind, op);
    char name[64];
    int code;
    field_name(t->entry.change.kind, op->field, name);
    if (!t->cli->json) {
        fprintf(out, "    %s %s: ", action_name(op->action), name);
        put_words(out, words, "      ");
        fputc('\n', out);
        return tell_superseded(t, op, e);
    }
    fprintf(out, "{\"field\": \"%s\", \"action\": \"%s\", \"value\": ", name, action_name(op->action));
    cli_json_text(out, words, strlen(words));
    fputs(", \"supersedes\": [", out);
    code = tell_superseded(t, op, e);
    fputs("]}", out);
    return code;
}

/* Names that both forms tell. */
struct names {
    char device[ID_TEXT], author[ID_TEXT], session[ID_TEXT], scope[ID_TEXT], record[ID_TEXT];
    char kind[64], person[256], hold[512];
};

static void tell_words(const struct telling *t, const struct names *n)
{
    const struct change *c = &t->entry.change;
    FILE *out = t->cli->out;
    char received[32], written[32];
    cli_time(t->entry.received_ms, received);
    cli_time(c->wall_ms, written);
    fprintf(out, "entry %llu   received %s%s\n", (unsigned long long)t->entry.position, received,
            t->entry.held ? "   HELD" : "");
    fprintf(out, "  written %s by ", written);
    put_words(out, n->person[0] != 0 ? n->person : "somebody who is not in the record", "    ");
    fprintf(out, " (%s)\n", n->author);
    if (c->wall_ms > t->entry.received_ms + CLOCK_AHEAD_MS)
        fprintf(out, "  the device's clock was ahead by at least %llu minutes\n",
                (unsigned long long)((c->wall_ms - t->entry.received_ms) / 60000));
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

static void tell_json(const struct telling *t, const struct names *n)
{
    const struct change *c = &t->entry.change;
    FILE *out = t->cli->out;
    fprintf(out, "{\"entry\": %llu, \"received_ms\": %llu, \"wall_ms\": %llu, \"author\": \"%s\", \"author_name\": ",
            (unsigned long long)t->entry.position, (unsigned long long)t->entry.received_ms,
            (unsigned long long)c->wall_ms, n->author);
    cli_json_text(out, n->person, strlen(n->person));
    fprintf(out, ", \"session\": \"%s\", \"device\": \"%s\", \"epoch\": %llu, \"seq\": %llu", n->session, n->device,
            (unsigned long long)c->epoch, (unsigned long long)c->seq);
    fprintf(out, ", \"scope\": \"%s\", \"record\": \"%s\", \"kind\": \"%s\", \"erased\": %s, \"held\": %s, \"hold\": ",
            n->scope, n->record, n->kind, c->body.p == NULL ? "true" : "false", t->entry.held ? "true" : "false");
    cli_json_text(out, n->hold, strlen(n->hold));
    fputs(", \"reason\": ", out);
    cli_json_text(out, (const char *)c->reason.p, c->reason.size);
    fputs(", \"ops\": [", out);
}

static int tell(struct telling *t, struct error *e)
{
    const struct change *c = &t->entry.change;
    struct names n;
    int code;
    id_format(&c->device, n.device);
    id_format(&c->author, n.author);
    id_format(&c->session, n.session);
    id_format(&c->scope, n.scope);
    id_format(&c->record, n.record);
    kind_name(c->kind, n.kind);
    if ((code = find_name(t->db, &c->author, n.person, e)) != 0 || (code = find_hold(t->db, c, n.hold, e)) != 0)
        return code;
    if (t->cli->json)
        tell_json(t, &n);
    else
        tell_words(t, &n);
    if (!t->cli->json && c->body.p == NULL)
        fputs("    what it said has been erased\n", t->cli->out);
    for (size_t i = 0; code == 0 && i < c->op_count; i++) {
        if (t->cli->json && i != 0)
            fputs(", ", t->cli->out);
        code = tell_op(t, &c->ops[i], e);
    }
    if (t->cli->json) {
        fputs("]}", t->cli->out);
    } else if (c->reason.size != 0) {
        size_t bytes = c->reason.size < SCHEMA_FORMAT_MAX ? c->reason.size : SCHEMA_FORMAT_MAX - 1;
        memcpy(t->words, c->reason.p, bytes);
        t->words[bytes] = 0;
        fputs("    reason: ", t->cli->out);
        put_words(t->cli->out, t->words, "      ");
        fputc('\n', t->cli->out);
    }
    return code;
}

/* --- all of them --- */

/* Rows of the changes, in log order; *rows is freed by the caller. */
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

/* Into bytes of our own: the log lends its slices only until it is asked for the next. */
static int load(struct telling *t, int64_t row, struct error *e)
{
    struct slice header, body = {NULL, 0};
    int code = log_load(t->db, row, 1, &t->earlier, e);
    if (code != 0)
        return code;
    header = (struct slice){t->bytes, t->earlier.change.header.size};
    memcpy(t->bytes, t->earlier.change.header.p, header.size);
    if (t->earlier.change.body.p != NULL) {
        body = (struct slice){t->bytes + header.size, t->earlier.change.body.size};
        memcpy(t->bytes + header.size, t->earlier.change.body.p, body.size);
    }
    t->entry.position = t->earlier.position;
    t->entry.received_ms = t->earlier.received_ms;
    t->entry.held = t->earlier.held;
    return change_read(header, body, &t->entry.change, e);
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
    if ((t->bytes = malloc(CHANGE_BYTES)) == NULL || (t->words = malloc(SCHEMA_FORMAT_MAX)) == NULL) {
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
        fputs("[", cli->out);
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (i != 0)
            fputs(cli->json ? ",\n " : "\n", cli->out);
        if ((code = load(t, rows[i], e)) == 0)
            code = tell(t, e);
    }
    if (cli->json)
        fputs("]\n", cli->out);
out:
    if (t->words != NULL)
        sodium_memzero(t->words, SCHEMA_FORMAT_MAX);
    if (t->bytes != NULL)
        sodium_memzero(t->bytes, CHANGE_BYTES);
    free(t->words);
    free(t->bytes);
    free(t);
    free(rows);
    return code;
}
