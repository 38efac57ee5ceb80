/* `satcheld implausible`: lists the values that can hardly be right, which an import takes as they are. */
#include <stdio.h>

#include "clock.h"
#include "plausible.h"
#include "task.h"

/* What a record is called at the office: the name of the client, or the number of the case that it is or stands in. */
static const char names[] =
    "SELECT coalesce(p.legal_name, p.preferred_name, 'case ' || c.number, '-') FROM place LEFT JOIN client p ON p.id = "
    "id_text(place.scope) LEFT JOIN \"case\" c ON c.id = id_text(place.scope) WHERE place.record = ?";

struct listing {
    struct task *task;
    struct json json;
};

static int print_doubt(void *task, const struct schema_kind *kind, const struct id *record,
                       const struct plausible_doubt *doubt, struct error *e)
{
    struct listing *l = task;
    struct task *t = l->task;
    struct json *j = &l->json;
    char id[ID_TEXT];
    sqlite3_stmt *s;
    int row = db_first(t->central->db, &s, e, names, "d", record);
    if (row < 0)
        return error_code(e);
    id_format(record, id);
    t->waiting = 1;
    if (t->cli->json) {
        json_object(j);
        json_text(json_key(j, "kind"), kind->name);
        json_text(json_key(j, "record"), id);
        json_text(json_key(j, "name"), row == 1 ? db_text(s, 0) : NULL);
        json_text(json_key(j, "field"), doubt->field);
        json_text(json_key(j, "words"), doubt->words);
        json_end(j);
    } else {
        (void)fprintf(t->cli->out, "%s  %-8s  ", id, kind->name);
        cli_line(t->cli->out, row == 1 ? db_text(s, 0) : "-");
        (void)fprintf(t->cli->out, "  %s\n", doubt->words);
    }
    if (row == 1)
        db_done(t->central->db, s);
    return 0;
}

static int list_doubts(struct task *t, struct usage_call *call, struct error *e)
{
    struct listing l = {t, json_start(t->cli->out)};
    int code;
    (void)call;
    if (t->cli->json)
        json_array(&l.json);
    code = plausible_each(t->central->db, NULL, clock_wall(), print_doubt, &l, e);
    if (t->cli->json)
        json_end(&l.json);
    if (code == 0 && !t->waiting)
        (void)fputs("no value is implausible\n", t->cli->err);
    return code;
}

static int count_doubt(void *count, const struct schema_kind *kind, const struct id *record,
                       const struct plausible_doubt *doubt, struct error *e)
{
    (void)kind;
    (void)record;
    (void)doubt;
    (void)e;
    ++*(uint64_t *)count;
    return 0;
}

int task_say_doubts(struct task *t, struct error *e)
{
    struct central_pause pause = {.is_given = 0};
    char words[64];
    uint64_t count = 0;
    size_t kinds;
    const struct schema_kind *all = schema_kinds(&kinds);
    int code = 0;
    for (size_t i = 0; code == 0 && i < kinds; i++) { /* others may have the record in between */
        central_give(t->central, &pause);
        if ((code = central_take(t->central, &pause, e)) == 0)
            code = plausible_each(t->central->db, &all[i], clock_wall(), count_doubt, &count, e);
    }
    if (code == 0 && count != 0)
        (void)fprintf(t->cli->err, "%s implausible: taken as they are, and marked; `satcheld implausible` lists them\n",
                      cli_count(count, "value in the record looks", "values in the record look", words, sizeof words));
    return code;
}

const struct task_row task_implausible = {
    .usage = {.name = "implausible",
              .help = "list the values that can hardly be right",
              .more = "Nothing is refused for it; laptops show the same marks.",
              .example = "satcheld implausible /srv/office"},
    .run = list_doubts,
    .way = TASK_READS,
};
