/* The table of satcheld's tasks, how one of them is run, and what they share. */
#include "task.h"

#include <stdlib.h>
#include <string.h>

#include "cover.h"
#include "moment.h"
#include "recovery.h"

static const struct usage *const rows[] = {
#define TASK_ROW(name) &task_##name.usage,
    TASK_LIST(TASK_ROW)
#undef TASK_ROW
};

const struct usage_program task_program = {
    .name = "satcheld",
    .folder = "DIR",
    .is_folder_elsewhere = 1,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

void task_row_json(struct json *j, sqlite3_stmt *s)
{
    json_object(j);
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        const char *text = db_is_null(s, i) ? NULL : db_text(s, i);
        int type = sqlite3_column_type(s, i);
        json_key(j, sqlite3_column_name(s, i));
        if (type == SQLITE_INTEGER)
            json_int(j, db_int(s, i));
        else if (type == SQLITE_FLOAT && text != NULL && strpbrk(text, "nN") == NULL) /* Inf is no number of JSON */
            json_json(j, text);
        else
            json_text(j, text);
    }
    json_end(j);
}

void task_number_json(struct task *t, const char *name, uint64_t n)
{
    struct json j = json_start(t->cli->out);
    json_object(&j);
    json_uint(json_key(&j, name), n);
    json_end(&j);
}

static void row_words(FILE *out, sqlite3_stmt *s)
{
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        const char *text = db_text(s, i);
        char moment[MOMENT_TEXT];
        (void)fputs(i == 0 ? "" : "  ", out);
        if (strlen(text) == sizeof "2026-11-23T20:45:00Z" - 1) { /* a time is shown as people read it */
            moment_to_words(text, moment);
            text = moment;
        }
        cli_line(out, text[0] != 0 ? text : "-");
    }
    (void)fputc('\n', out);
}

/* Prints the rows of a query, one line or one JSON object each. */
static int print_rows(struct task *t, const struct task_row *task, struct error *e)
{
    struct json j = json_start(t->cli->out);
    sqlite3_stmt *s;
    int row, any = 0, code;
    if ((code = db_query(t->central->db, &s, e, task->sql, "")) != 0)
        return code;
    if (t->cli->json)
        json_array(&j);
    while ((row = db_next(t->central->db, s, e)) == 1) {
        if (t->cli->json)
            task_row_json(&j, s);
        else
            row_words(t->cli->out, s);
        any = 1;
    }
    if (t->cli->json)
        json_end(&j);
    if (row == 0 && !any && task->none != NULL)
        (void)fprintf(t->cli->err, "%s\n", task->none);
    return row < 0 ? error_code(e) : 0;
}

/* The command that is called; NULL: there is none of this name. */
static const struct task_row *find_row(int argc, char **argv)
{
    const struct task_row *found = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct usage *u = rows[i];
        const struct task_row *row = (const struct task_row *)u; /* its first member */
        if (u->group != NULL && argc > 1 && strcmp(u->group, argv[0]) == 0 && strcmp(u->name, argv[1]) == 0)
            return row;
        if (u->group == NULL && strcmp(u->name, argv[0]) == 0)
            found = row;
    }
    return found;
}

enum task_way task_way(int argc, char **argv)
{
    const struct task_row *row = find_row(argc, argv);
    if (row == NULL)
        return TASK_AT_ONCE;
    for (int i = 1; row->reads_with != NULL && i < argc; i++)
        if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, row->reads_with) == 0)
            return TASK_READS;
    return row->way;
}

int task_run(struct task *t, int argc, char **argv)
{
    const struct task_row *row = NULL;
    struct usage_call call;
    struct error e = {0};
    int code;
    if ((code = usage_parse(&task_program, t->cli, argc, argv, &call, &e)) == 0) {
        row = (const struct task_row *)call.usage; /* its first member */
        if (!row->is_unwritten && !t->central->is_snapshot)
            code = cover_end(t->central, &e);
    }
    if (code == 0)
        code = row->sql != NULL ? print_rows(t, row, &e) : row->run(t, &call, &e);
    if (code != 0)
        return cli_fail(t->cli, "satcheld", &e);
    return t->waiting ? ERROR_STATUS_WAITING : 0;
}

int task_write(struct task *t, const char *as, int (*work)(struct task *t, void *arg, struct error *e), void *arg,
               struct error *e)
{
    int code;
    if ((code = central_act_as(t->central, as, e)) != 0 || (code = central_begin(t->central, e)) != 0)
        return code;
    code = work(t, arg, e);
    return central_end(t->central, code, e);
}

int task_set(struct task *t, void *setting, struct error *e)
{
    const struct task_setting *s = setting;
    struct edit edit;
    int code;
    if ((code = edit_open(&edit, t->central->db, &s->record, e)) != 0 ||
        (code = edit_set_text(&edit, s->field, s->value, e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->central, &edit, NULL, e);
}

int task_set_user(struct task *t, const char *as, struct task_setting *s, struct error *e)
{
    int code = task_write(t, as, task_set, s, e);
    if (code != 0 || (code = recovery_refresh(t->central, e)) == 0)
        return code;
    return error_prefix(e, "this is written and holds, but the office's key file, which says which officers open it, "
                           "could not follow: it does when satcheld is started the next time");
}

char *task_path(const struct task *t, const char *path)
{
    size_t size = strlen(path) + 2;
    char *out;
    if (path[0] == '/' || t->folder == NULL)
        return strdup(path);
    size += strlen(t->folder);
    if ((out = malloc(size)) != NULL)
        (void)snprintf(out, size, "%s/%s", t->folder, path);
    return out;
}
