/* Has the trial judge the entries of an archive, and names what breaks a rule. */
#include "audit_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* Names the laptop and its person as the office calls them. */
static void name_writer(const struct trial *trial, const struct trial_breach *b, char *out, size_t room)
{
    struct db *db = trial_record(trial);
    char device[ID_TEXT];
    sqlite3_stmt *s;
    id_format(&b->device, device);
    (void)snprintf(out, room, "laptop %s", device);
    if (db_first(db, &s, NULL,
                 "SELECT coalesce(device.label, device.id), coalesce(\"user\".login, \"user\".id) FROM device "
                 "LEFT JOIN \"user\" ON \"user\".id = device.\"user\" WHERE device.id = ?",
                 "t", device) != 1)
        return;
    (void)snprintf(out, room, "laptop %s of %s", db_text(s, 0), db_text(s, 1));
    db_done(db, s);
}

int audit_rules_check(const struct trial *trial, struct error *e)
{
    struct error own = {0, ""};
    const struct trial_breach *b = trial_unheld(trial, &own);
    struct trial_fault fault;
    char writer[300];
    int code;
    if (own.code != 0)
        return error_set(e, own.code, "%s", own.text);
    if ((code = trial_erasures(trial, &fault, e)) != 0)
        return code;
    if (fault.reason != NULL && (b == NULL || fault.position < b->position))
        return error_set(e, E_VERIFY, "entry %llu: %s", (unsigned long long)fault.position, fault.reason);
    if (b == NULL)
        return 0;
    name_writer(trial, b, writer, sizeof writer);
    return error_set(e, E_VERIFY, "entry %llu: %s may not write it, and the office took it without holding it: %s",
                     (unsigned long long)b->position, writer, b->reason);
}

int audit_rules_take(struct trial *trial, const struct archive_item *record, const struct change *c, int ends,
                     struct error *e)
{
    struct log_entry *entry = malloc(sizeof *entry);
    int code;
    if (entry == NULL)
        return error_memory(e);
    memset(entry, 0, offsetof(struct log_entry, change));
    entry->position = record->position;
    entry->received_ms = record->received_ms;
    entry->change = *c;
    code = trial_take(trial, entry, ends, e);
    free(entry);
    return code != E_EXISTS ? code : error_set(e, E_VERIFY, "it is the same change as an entry in front of it");
}
