/* The table of satchel's commands, and how one of them is run. */
#include "command.h"

#include <string.h>

#include "schema.h"
#include "store.h"

static const struct usage *const rows[] = {
#define COMMAND_ROW(name) &command_##name.usage,
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};

static void show_kinds(FILE *out)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    (void)fputs("\nKinds of records (`satchel help KIND` lists the fields of one):\n", out);
    for (size_t i = 0; i < count; i++)
        if (kinds[i].dealt)
            (void)fprintf(out, "  %-11s %s\n", kinds[i].name, kinds[i].help);
}

/* Runs `satchel help KIND`, and `satchel help schema`, which prints the whole of docs/SCHEMA.md. */
static int show_topic(const char *topic, FILE *out)
{
    const struct schema_kind *kind = topic != NULL ? schema_kind_named(topic) : NULL;
    if (topic == NULL)
        show_kinds(out);
    else if (kind != NULL)
        schema_help(kind, out);
    else if (strcmp(topic, "schema") == 0)
        schema_document(out);
    else
        return 0;
    return 1;
}

const struct usage_program command_program = {
    .name = "satchel",
    .about = "Case records for people who work where there is no network.",
    .footer = "Exit status: 0 done; 1 done, and something waits for you; 2 could not; 10 no store; 11 locked;\n"
              "12 wrong passphrase; 13 a log or a store failed its verification.",
    .topic = show_topic,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

int command_over(struct store *s, const struct command *command, struct usage_call *call, struct error *e)
{
    int reads = command->reads != NULL;
    seen_begin(&s->seen, call->cli->json && !(usage_names(call, "seen") && usage_flag(call, "seen")));
    return (reads ? command->reads : command->writes)(s, call, e);
}

static int run_reading(const struct command *command, struct usage_call *call, struct error *e)
{
    struct store *s;
    int code = store_open_reading(&s, e);
    if (code != 0)
        return code;
    /* A sync that runs meanwhile must not show us half of what it brings. */
    if ((code = db_exec(s->db, "BEGIN", e)) == 0)
        code = command_over(s, command, call, e);
    db_rollback(s->db);
    if (cli_is_out(call->cli))
        store_keep_seen(s);
    store_close(s);
    return code;
}

static int run_writing(const struct command *command, struct usage_call *call, struct error *e)
{
    struct error why = {0, ""};
    struct store *s;
    int code = store_open(&s, e);
    if (code != 0)
        return code;
    code = command_over(s, command, call, e);
    if (s->db != NULL && cli_is_out(call->cli))
        (void)seen_keep(&s->seen, &why);
    store_close(s);
    return code;
}

int command_run(struct cli *cli, int argc, char **argv, int *status, struct error *e)
{
    const struct command *command;
    struct usage_call call;
    int code;
    if ((code = usage_parse(&command_program, cli, argc, argv, &call, e)) != 0)
        return code;
    command = (const struct command *)call.usage; /* its first member */
    if (command->reads != NULL)
        code = run_reading(command, &call, e);
    else if (command->writes != NULL)
        code = run_writing(command, &call, e);
    else
        code = command->run(&call, e);
    *status = call.waiting ? ERROR_STATUS_WAITING : 0;
    return code;
}
