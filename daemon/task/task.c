#include "task.h"

#include <stdlib.h>
#include <string.h>

#include "recovery.h"

/* "user_add" is `user add`; a name without an underscore stands alone. */
struct entry {
    const char *name, *group, *form, *help;
    int (*run)(struct task *t, int argc, char **argv, struct error *e);
};
static const struct entry entries[] = {
#define TASK_ENTRY(name, group, form, help) {#name, group, form, help, task_##name},
    TASK_LIST(TASK_ENTRY)
#undef TASK_ENTRY
};
enum { ENTRY_COUNT = sizeof entries / sizeof *entries };

int task_has_subcommands(const char *command)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        if (entries[i].group[0] != 0 && strcmp(entries[i].group, command) == 0)
            return 1;
    return 0;
}

static const struct entry *find(int argc, char **argv)
{
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        const struct entry *t = &entries[i];
        size_t group = strlen(t->group);
        if (group == 0 ? strcmp(t->name, argv[0]) == 0
                       : argc > 1 && strcmp(t->group, argv[0]) == 0 && strcmp(t->name + group + 1, argv[1]) == 0)
            return t;
    }
    return NULL;
}

size_t task_help(FILE *out, const char *command)
{
    size_t printed = 0;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        const struct entry *t = &entries[i];
        if (command != NULL && strcmp(t->group[0] != 0 ? t->group : t->name, command) != 0)
            continue;
        (void)fprintf(out, "  satcheld %s\n        %s\n", t->form, t->help);
        printed++;
    }
    return printed;
}

const char *task_secret_prompt(int argc, char **argv)
{
    (void)argc;
    return strcmp(argv[0], "archive") == 0 ? "Passphrase for the archive (give it to the auditor): " : NULL;
}

int task_run(struct task *t, int argc, char **argv)
{
    const struct entry *task = find(argc, argv);
    struct error e = {0};
    int code;
    for (int i = 1; i < argc; i++)
        t->cli->json |= strcmp(argv[i], "--json") == 0;
    if (task == NULL)
        code = error_set(&e, E_USAGE, "satcheld does not know `%s%s%s`; see satcheld --help", argv[0],
                         argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    else
        code = task->run(t, argc, argv, &e);
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

/* Prints the rows of a query, one line or one JSON object each. */
static int print_rows(struct task *t, const char *sql, struct error *e)
{
    FILE *out = t->cli->out;
    sqlite3_stmt *s;
    int row, code, first = 1;
    if ((code = db_query(t->central->db, &s, e, sql, "")) != 0)
        return code;
    if (t->cli->json)
        (void)fputs("[", out);
    while ((row = db_next(t->central->db, s, e)) == 1) {
        if (t->cli->json)
            (void)fputs(first ? "\n{" : ",\n{", out);
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const char *text = db_text(s, i);
            if (t->cli->json) {
                (void)fprintf(out, "%s\"%s\": ", i == 0 ? "" : ", ", sqlite3_column_name(s, i));
                cli_json_text(out, text, strlen(text));
            } else {
                (void)fputs(i == 0 ? "" : "  ", out);
                cli_line(out, text[0] != 0 ? text : "-");
            }
        }
        (void)fputs(t->cli->json ? "}" : "\n", out);
        first = 0;
    }
    if (t->cli->json)
        (void)fputs("\n]\n", out);
    return row < 0 ? error_code(e) : 0;
}

int task_list(struct task *t, int argc, char **argv, const char *form, const char *sql, struct error *e)
{
    const struct cli_option options[] = {{"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 || (code = task_words(argc, 2, 0, form, e)) != 0)
        return code;
    return print_rows(t, sql, e);
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

int task_words(int argc, int first, int count, const char *form, struct error *e)
{
    return argc - first == count ? 0 : error_set(e, E_USAGE, "usage: satcheld %s", form);
}
