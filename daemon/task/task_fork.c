/* `satcheld fork list` and `fork show`: prints what laptops wrote beside their own chains, because a store was copied
 * or an old copy put back. It is evidence and in no record; a person finds here what a laptop could not write once
 * more. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "moment.h"
#include "record.h"
#include "schema.h"
#include "schema_json.h"
#include "task.h"
#include "task_find.h"

const struct task_row task_fork_list = {
    .usage = {.group = "fork",
              .name = "list",
              .help = "list the laptops whose store was copied or put back, and what was written in the other copy",
              .more = "What was written there is kept as evidence, and is in no record.",
              .example = "satcheld fork list /srv/office"},
    .none = "no laptop's store was copied, or put back",
    .sql = "SELECT (SELECT number FROM " TASK_NUMBERED(
        "3000") " n WHERE n.id = fork.id) AS number, fork.id AS fork, strftime('%Y-%m-%dT%H:%M:%SZ', entry.received / "
                "1000, 'unixepoch') AS received, "
                "coalesce(device.label, fork.device) AS laptop, holder.login AS login, fork.epoch, "
                "fork.first_seq AS first, fork.last_seq AS last, "
                "fork.new_epoch AS new_epoch, fork.hash AS hash, fork.device " TASK_RECORDS(
                    "fork", "3000") " LEFT JOIN device ON device.id = id_text(id_blob(fork.device))"
                                    " LEFT JOIN \"user\" holder ON holder.id = device.\"user\" ORDER BY entry.position",
};

/* --- what they say --- */

/* The value in words, for which room is there (SCHEMA_FORMAT_MAX bytes). */
static const char *value_words(const struct schema_field *field, const struct change_op *op, char *room)
{
    return field != NULL ? schema_format(field, op->value, room, SCHEMA_FORMAT_MAX)
                         : schema_format_unknown(op->value, room, SCHEMA_FORMAT_MAX);
}

/* Prints an op, as JSON or with j NULL in words. room: SCHEMA_FORMAT_MAX bytes. */
static void show_op(FILE *out, struct json *j, const struct schema_kind *kind, const struct change_op *op, char *room)
{
    const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
    char name[64];
    if (field != NULL)
        (void)snprintf(name, sizeof name, "%s", field->name);
    else
        (void)snprintf(name, sizeof name, "field %u", op->field);
    if (j == NULL) {
        (void)fprintf(out, "  %s %s = ", change_action_name(op->action), name);
        cli_line(out, value_words(field, op, room));
        (void)fputc('\n', out);
        return;
    }
    json_object(j);
    json_text(json_key(j, "field"), name);
    json_text(json_key(j, "action"), change_action_name(op->action));
    json_key(j, "value");
    if (field != NULL)
        schema_json(j, kind, field, op->value, room);
    else
        schema_json_unknown(j, op->field, op->value, room);
    json_end(j);
}

/* A change of a fork, with the time at which the office got it. */
struct forked {
    struct change change;
    uint64_t received_ms;
};

static void change_json(struct json *j, const struct forked *f, const char *author, char *room)
{
    const struct change *c = &f->change;
    const struct schema_kind *kind = schema_kind(c->kind);
    json_object(j);
    json_uint(json_key(j, "epoch"), c->epoch);
    json_uint(json_key(j, "seq"), c->seq);
    json_uint(json_key(j, "wall_ms"), c->wall_ms);
    json_flag(json_key(j, "wrong_clock"), clock_off(c->hlc, c->wall_ms, f->received_ms) != 0);
    json_text(json_key(j, "author"), author);
    json_text(json_key(j, "kind"), kind != NULL ? kind->name : "newer than this program");
    json_id(json_key(j, "record"), &c->record);
    json_array(json_key(j, "ops"));
    for (size_t i = 0; i < c->op_count; i++)
        show_op(NULL, j, kind, &c->ops[i], room);
    json_end(j);
    json_end(j);
}

static void change_words(FILE *out, const struct forked *f, const char *author, char *room)
{
    const struct change *c = &f->change;
    const struct schema_kind *kind = schema_kind(c->kind);
    char record[ID_TEXT], when[MOMENT_WRITTEN];
    id_format(&c->record, record);
    moment_written(c->hlc, c->wall_ms, f->received_ms, when);
    (void)fprintf(out, "change %llu, %s, by ", (unsigned long long)c->seq, when);
    cli_text(out, author);
    (void)fprintf(out, ": %s %s\n", kind != NULL ? kind->name : "(newer than this program)", record);
    for (size_t i = 0; i < c->op_count; i++)
        show_op(out, NULL, kind, &c->ops[i], room);
}

static int show_all(const struct cli *cli, struct db *db, const char *fork, char *room, struct error *e)
{
    struct json j = json_start(cli->out);
    struct forked forked;
    sqlite3_stmt *s;
    int row, code = db_query(
                 db, &s, e,
                 "SELECT evidence.header, evidence.body, coalesce((SELECT login FROM \"user\" WHERE "
                 "\"user\".id = holder.\"user\"), ''), evidence.received FROM fork JOIN evidence ON evidence.device = "
                 "id_blob(fork.device) AND evidence.epoch = fork.epoch AND evidence.seq BETWEEN fork.first_seq AND "
                 "fork.last_seq LEFT JOIN device holder ON holder.id = id_text(evidence.device) "
                 "WHERE fork.id = ? ORDER BY evidence.seq, evidence.hash",
                 "t", fork);
    if (code != 0)
        return code;
    if (cli->json)
        json_array(&j);
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = change_read(db_slice(s, 0), db_slice(s, 1), &forked.change, e)) != 0) {
            db_done(db, s);
            return code;
        }
        forked.received_ms = db_uint(s, 3);
        if (cli->json)
            change_json(&j, &forked, db_text(s, 2), room);
        else
            change_words(cli->out, &forked, db_text(s, 2), room);
    }
    if (cli->json)
        json_end(&j);
    return row < 0 ? error_code(e) : 0;
}

static int show_fork(struct task *t, struct usage_call *call, struct error *e)
{
    char text[ID_TEXT], *room;
    struct id fork;
    int code = task_find_fork(t, call->words[0], &fork, e);
    if (code != 0)
        return code;
    id_format(&fork, text);
    if ((room = malloc(SCHEMA_FORMAT_MAX)) == NULL)
        return error_memory(e);
    code = show_all(t->cli, t->central->db, text, room, e);
    sodium_memzero(room, SCHEMA_FORMAT_MAX);
    free(room);
    return code;
}

const struct task_row task_fork_show = {
    .usage = {.group = "fork",
              .name = "show",
              .words = "FORK",
              .help = "show the changes that are kept as evidence, and are in no record",
              .more = "FORK is the number that `satcheld fork list` shows.",
              .example = "satcheld fork show /srv/office 1"},
    .run = show_fork,
};
