/* fork list, fork show: what laptops wrote beside their own chains, since a store was copied or an old copy put back.
 * It is evidence and in no record; what a laptop could not write once more a person finds here. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "schema.h"
#include "task.h"

const struct task_row task_fork_list = {
    .usage = {.group = "fork",
              .name = "list",
              .help = "list the laptops whose store was copied or put back, and what they wrote beside their chains",
              .more = "What they wrote so is kept as evidence, and is in no record.",
              .example = "satcheld fork list /srv/office"},
    .sql = "SELECT fork.id AS fork, strftime('%Y-%m-%dT%H:%M:%SZ', entry.received / 1000, 'unixepoch') AS received, "
           "coalesce(device.label, fork.device) AS laptop, coalesce(holder.login, '') AS login, fork.epoch, "
           "coalesce(fork.first_seq, '') AS first, coalesce(fork.last_seq, '') AS last, "
           "coalesce(fork.new_epoch, '') AS new_epoch, coalesce(fork.hash, '') AS hash, fork.device " TASK_RECORDS(
               "fork", "3000") " LEFT JOIN device ON device.id = id_text(id_blob(fork.device))"
                               " LEFT JOIN \"user\" holder ON holder.id = device.\"user\" ORDER BY entry.position",
};

/* --- what they say --- */

static void show_value(const struct cli *cli, const struct schema_field *field, const struct change_op *op)
{
    size_t room = SCHEMA_FORMAT_MAX;
    char *text = malloc(room);
    const char *words = text == NULL    ? "(there is no memory left)"
                        : field != NULL ? schema_format(field, op->value, text, room)
                                        : schema_format_unknown(op->value, text, room);
    if (cli->json)
        cli_json_text(cli->out, words, strlen(words));
    else
        cli_line(cli->out, words);
    free(text);
}

static void show_ops(const struct cli *cli, const struct change *c)
{
    static const char *const actions[] = {"?", "set", "add", "remove"};
    const struct schema_kind *kind = schema_kind(c->kind);
    for (size_t i = 0; i < c->op_count; i++) {
        const struct change_op *op = &c->ops[i];
        const struct schema_field *field = kind == NULL ? NULL : schema_field(kind, op->field);
        char name[64];
        if (field != NULL)
            (void)snprintf(name, sizeof name, "%s", field->name);
        else
            (void)snprintf(name, sizeof name, "field %u", op->field);
        if (cli->json)
            (void)fprintf(cli->out, "%s{\"field\": \"%s\", \"action\": \"%s\", \"value\": ", i == 0 ? "" : ", ", name,
                          actions[op->action]);
        else
            (void)fprintf(cli->out, "  %s %s = ", actions[op->action], name);
        show_value(cli, field, op);
        (void)fputs(cli->json ? "}" : "\n", cli->out);
    }
}

static void show_change(const struct cli *cli, const struct change *c, const char *author, int first)
{
    const struct schema_kind *kind = schema_kind(c->kind);
    char record[ID_TEXT], when[32];
    id_format(&c->record, record);
    cli_time(c->wall_ms, when);
    if (cli->json) {
        (void)fprintf(cli->out,
                      "%s\n{\"epoch\": %llu, \"seq\": %llu, \"wall_ms\": %llu, \"author\": ", first ? "" : ",",
                      (unsigned long long)c->epoch, (unsigned long long)c->seq, (unsigned long long)c->wall_ms);
        cli_json_text(cli->out, author, strlen(author));
        (void)fprintf(cli->out, ", \"kind\": \"%s\", \"record\": \"%s\", \"ops\": [",
                      kind != NULL ? kind->name : "newer than this program", record);
    } else {
        (void)fprintf(cli->out, "change %llu of epoch %llu, %s, by ", (unsigned long long)c->seq,
                      (unsigned long long)c->epoch, when);
        cli_text(cli->out, author);
        (void)fprintf(cli->out, ": %s %s\n", kind != NULL ? kind->name : "(newer than this program)", record);
    }
    show_ops(cli, c);
    if (cli->json)
        (void)fputs("]}", cli->out);
}

static int show_all(const struct cli *cli, struct db *db, const char *fork, struct error *e)
{
    struct change change;
    sqlite3_stmt *s;
    int row,
        first = 1,
        code =
            db_query(db, &s, e,
                     "SELECT evidence.header, evidence.body, coalesce((SELECT login FROM \"user\" WHERE "
                     "\"user\".id = holder.\"user\"), '') FROM fork JOIN evidence ON evidence.device = "
                     "id_blob(fork.device) AND evidence.epoch = fork.epoch AND evidence.seq BETWEEN fork.first_seq AND "
                     "fork.last_seq LEFT JOIN device holder ON holder.id = id_text(evidence.device) "
                     "WHERE fork.id = ? ORDER BY evidence.seq, evidence.hash",
                     "t", fork);
    if (code != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        if ((code = change_read(db_slice(s, 0), db_slice(s, 1), &change, e)) != 0) {
            db_done(db, s);
            return code;
        }
        show_change(cli, &change, db_text(s, 2), first);
        first = 0;
    }
    return row < 0 ? error_code(e) : 0;
}

static int show_fork(struct task *t, struct usage_call *call, struct error *e)
{
    struct record_place place;
    struct id fork;
    int code = id_parse(call->words[0], &fork, e);
    if (code != 0)
        return code;
    if (record_find(t->central->db, &fork, &place, NULL) != 0 || place.kind->number != KIND_FORK)
        return error_set(e, E_NOT_FOUND, "there is no fork %s; `satcheld fork list` names them", call->words[0]);
    if (t->cli->json)
        (void)fputs("[", t->cli->out);
    code = show_all(t->cli, t->central->db, call->words[0], e);
    if (t->cli->json)
        (void)fputs("\n]\n", t->cli->out);
    return code;
}

const struct task_row task_fork_show = {
    .usage = {.group = "fork",
              .name = "show",
              .words = "FORK",
              .help = "show the changes that are kept as evidence of a fork",
              .more = "FORK is the id that `satcheld fork list` shows.",
              .example = "satcheld fork show /srv/office 01932f5e-7c1a-7b6e-8d2f-3a4b5c6d7e8f"},
    .run = show_fork,
};
