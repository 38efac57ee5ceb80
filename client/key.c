/* The key file's slots: what opens this store. */
#include "command.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyfile.h"
#include "store.h"

#define SLOTS_MAX 128 /* more than a key file holds */

struct key_task {
    const struct cli *cli;
    const char *label, *file, *fd;
    char *folder, *keys, *db;
};

static int no_memory(struct error *e)
{
    return error_set(e, E_MEMORY, "there is no memory left; close other programs and try again");
}

/* --- list --- */

static const char *type_name(uint8_t type)
{
    static const char *const names[] = {"", "passphrase", "recovery", "device", "secret", "attempts"};
    return type > 0 && type < sizeof names / sizeof *names ? names[type] : "newer";
}

static void show_slot(const struct cli *cli, const struct keyfile_slot *slot, int first)
{
    char a[ID_TEXT], b[ID_TEXT];
    id_format(&slot->officers[0], a);
    id_format(&slot->officers[1], b);
    if (cli->json) {
        fprintf(cli->out, "%s{\"number\": %u, \"type\": \"%s\", \"leased\": %s, \"label\": ", first ? "" : ", ",
                (unsigned)slot->number, type_name(slot->type), slot->leased ? "true" : "false");
        cli_json_text(cli->out, slot->label, strlen(slot->label));
        if (slot->type == KEYFILE_RECOVERY)
            fprintf(cli->out, ", \"officers\": [\"%s\", \"%s\"]", a, b);
        fputc('}', cli->out);
        return;
    }
    fprintf(cli->out, "%3u  %-10s  ", (unsigned)slot->number, type_name(slot->type));
    cli_line(cli->out, slot->label);
    if (slot->type == KEYFILE_PASSPHRASE)
        fprintf(cli->out, "%s%llu passes over %llu MiB%s", slot->label[0] != '\0' ? ", " : "",
                (unsigned long long)slot->passes, (unsigned long long)slot->memory_bytes >> 20,
                slot->leased ? ", while the lease lasts" : "");
    if (slot->type == KEYFILE_RECOVERY)
        fprintf(cli->out, "officers %s and %s together", a, b);
    fputc('\n', cli->out);
}

static int list(const struct key_task *t, struct error *e)
{
    struct keyfile_slot slots[SLOTS_MAX];
    size_t count = 0, shown = 0;
    int code = keyfile_list(t->keys, slots, SLOTS_MAX, &count, e);
    if (code != 0)
        return code;
    if (t->cli->json)
        fputc('[', t->cli->out);
    for (size_t i = 0; i < count && i < SLOTS_MAX; i++)
        if (slots[i].type != KEYFILE_ATTEMPTS)
            show_slot(t->cli, &slots[i], shown++ == 0);
    if (t->cli->json)
        fputs("]\n", t->cli->out);
    return 0;
}

/* --- add, remove: with the agent's key --- */

static int add(const struct key_task *t, struct error *e)
{
    struct store *s = NULL;
    char *passphrase = NULL;
    size_t bytes = 0;
    int code;
    if (t->label == NULL || t->label[0] == '\0')
        return error_set(e, E_USAGE, "say whose passphrase it is: `satchel key add --label NAME`");
    if ((code = store_open(&s, e)) == 0 &&
        (code = cli_secret(t->file, t->fd, "The passphrase to add: ", 1, &passphrase, &bytes, e)) == 0)
        code = keyfile_add_passphrase(t->keys, s->key, t->label, passphrase, bytes, KEYFILE_MEASURED, store_link(s), e);
    cli_secret_free(passphrase, bytes);
    store_close(s);
    if (code == 0 && t->cli->json)
        fputs("{\"added\": true}\n", t->cli->out);
    else if (code == 0)
        fprintf(t->cli->err, "this store opens with that passphrase too\n");
    return code;
}

static int take_away(const struct key_task *t, const char *number, struct error *e)
{
    struct store *s = NULL;
    char *end;
    unsigned long n = strtoul(number, &end, 10);
    int code;
    if (number[0] < '0' || number[0] > '9' || *end != '\0' || n > 255)
        return error_set(e, E_USAGE, "key remove takes the number of a slot; `satchel key list` shows them");
    if ((code = store_open(&s, e)) == 0)
        code = keyfile_remove(t->keys, s->key, (uint8_t)n, e);
    store_close(s);
    if (code == 0 && t->cli->json)
        fputs("{\"removed\": true}\n", t->cli->out);
    else if (code == 0)
        fputs("the slot is gone; a copy of the key file that somebody made before still opens a copy of the store\n",
              t->cli->err);
    return code;
}

int command_key(struct cli *cli, int argc, char **argv, int *waiting, struct error *e)
{
    struct key_task t = {.cli = cli};
    const struct cli_option options[] = {{"label", &t.label, NULL},
                                         {"passphrase-file", &t.file, NULL},
                                         {"passphrase-fd", &t.fd, NULL},
                                         {NULL, NULL, NULL}};
    int code;
    (void)waiting;
    if ((code = cli_options(&argc, argv, options, e)) != 0)
        return code;
    if ((code = store_folder(&t.folder, e)) != 0 || (code = store_check(t.folder, e)) != 0)
        goto out;
    t.keys = store_path(t.folder, STORE_KEYS);
    t.db = store_path(t.folder, STORE_DB);
    if (t.keys == NULL || t.db == NULL)
        code = no_memory(e);
    else if (argc == 2 && strcmp(argv[1], "list") == 0)
        code = list(&t, e);
    else if (argc == 2 && strcmp(argv[1], "add") == 0)
        code = add(&t, e);
    else if (argc == 3 && strcmp(argv[1], "remove") == 0)
        code = take_away(&t, argv[2], e);
    else
        code = error_set(e, E_USAGE, "key takes list, add or remove NUMBER");
out:
    free(t.db);
    free(t.keys);
    free(t.folder);
    return code;
}
