/* Prints the slots of a key file: number, what opens it, whose it is. */
#include "keyfile_print.h"

#include "json.h"

static void slot_json(struct json *j, const struct keyfile_slot *slot)
{
    json_object(j);
    json_uint(json_key(j, "number"), slot->number);
    json_text(json_key(j, "type"), keyfile_type_name(slot->type));
    json_text(json_key(j, "label"), slot->label);
    json_flag(json_key(j, "leased"), slot->leased);
    if (slot->type == KEYFILE_RECOVERY)
        json_ids(json_key(j, "officers"), slot->officers, 2);
    json_end(j);
}

void keyfile_print_slot(FILE *out, const struct keyfile_slot *slot)
{
    char a[ID_TEXT], b[ID_TEXT];
    (void)fprintf(out, "%3u  %-10s  ", (unsigned)slot->number, keyfile_type_name(slot->type));
    cli_line(out, slot->label);
    if (slot->type == KEYFILE_PASSPHRASE)
        (void)fprintf(out, "%s%llu passes over %llu MiB%s", slot->label[0] != '\0' ? ", " : "",
                      (unsigned long long)slot->passes, (unsigned long long)slot->memory_bytes >> 20,
                      slot->leased ? ", while the lease lasts" : "");
    if (slot->type == KEYFILE_RECOVERY) {
        id_format(&slot->officers[0], a);
        id_format(&slot->officers[1], b);
        (void)fprintf(out, "officers %s and %s together", a, b);
    }
    (void)fputc('\n', out);
}

int keyfile_print(const struct cli *cli, const char *path, struct error *e)
{
    struct keyfile_slot slots[KEYFILE_SLOTS_MAX];
    struct json j = json_start(cli->out);
    size_t count = 0;
    int code = keyfile_list(path, slots, KEYFILE_SLOTS_MAX, &count, e);
    if (code != 0)
        return code;
    if (cli->json)
        json_array(&j);
    for (size_t i = 0; i < count && i < KEYFILE_SLOTS_MAX; i++) {
        if (slots[i].type == KEYFILE_ATTEMPTS)
            continue;
        if (cli->json)
            slot_json(&j, &slots[i]);
        else
            keyfile_print_slot(cli->out, &slots[i]);
    }
    if (cli->json)
        json_end(&j);
    return 0;
}
