/* liar FOLDER PASSPHRASE-FILE: an office that lies. It puts other words into the last note that a laptop wrote, in the
 * log itself, as whoever runs the office could who has its passphrase: the same number, the same record, another text.
 */
#include <stdio.h>
#include <string.h>

#include "central.h"
#include "change.h"
#include "keyring.h"
#include "log.h"
#include "schema.h"
#include "vault.h"

/* Writes the change with another text in place of each of its values. */
static int rewrite(struct db *db, const struct log_entry *entry, struct error *e)
{
    static const char words[] = "The worker says that all is well.";
    const struct change *c = &entry->change;
    struct change_draft d;
    struct pack header, body, value;
    uint8_t hash[CHANGE_HASH_BYTES];
    int code;
    change_draft_start(&d);
    d.device = c->device;
    d.epoch = c->epoch;
    d.seq = c->seq;
    memcpy(d.previous, c->previous, sizeof d.previous);
    d.hlc = c->hlc;
    d.wall_ms = c->wall_ms;
    d.author = c->author;
    d.session = c->session;
    d.scope = c->scope;
    d.record = c->record;
    d.kind = c->kind;
    pack_start(&value);
    pack_text(&value, words, sizeof words - 1);
    for (size_t i = 0; i < c->op_count; i++)
        change_draft_op(&d, c->ops[i].field, c->ops[i].action, pack_bytes(&value), NULL, 0);
    if ((code = change_write(&d, &header, &body, hash, e)) == 0)
        code = db_run(db, e, "UPDATE entry SET header = ?, body = ? WHERE id = ?", "bbi", pack_bytes(&header),
                      pack_bytes(&body), entry->id);
    change_draft_free(&d);
    pack_free(&value);
    pack_free(&header);
    pack_free(&body);
    return code;
}

int main(int argc, char **argv)
{
    struct keyring_options with = {.office = {.file = argc == 3 ? argv[2] : NULL}};
    struct log_memory memory = {NULL, 0};
    struct central *c = NULL;
    struct log_entry entry;
    struct error e = {0, ""};
    uint64_t id = 0;
    int code = argc == 3 ? vault_init(&e) : error_set(&e, E_USAGE, "two arguments");
    if (code == 0)
        code = keyring_open_office(argv[1], &with, &c, &e);
    if (code == 0)
        code = db_number_of(c->db, &id, &e, "SELECT max(id) FROM entry WHERE kind = ? AND device <> ?", "ud",
                            (uint64_t)KIND_NOTE, &c->author.chain.device);
    if (code == 0 && (code = log_load(c->db, (int64_t)id, 1, &memory, &entry, &e)) == 0)
        code = rewrite(c->db, &entry, &e);
    if (code != 0)
        (void)fprintf(stderr, "liar: %s\n", e.text);
    log_memory_free(&memory);
    central_close(c);
    return code != 0;
}
