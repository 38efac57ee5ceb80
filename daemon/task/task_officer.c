/* `satcheld officer add|list|remove`: the recovery officers. Their key files are made where the command is called
 * (keyring_officer); only public keys come here. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "recovery.h"
#include "task.h"
#include "task_find.h"

/* Parses a public key: 32 bytes in hexadecimal that a box can be sealed to. The highest bit is none of the key: with it
 * set, the same key would pass for another one, and its owner's secret would not be found to fit. */
static int check_officer_key(const char *hex, struct error *e)
{
    uint8_t key[32], scalar[32], shared[32];
    size_t bytes = 0;
    randombytes_buf(scalar, sizeof scalar);
    if (sodium_hex2bin(key, sizeof key, hex, strlen(hex), NULL, &bytes, NULL) != 0 || bytes != sizeof key ||
        strlen(hex) != 2 * sizeof key || (key[31] & 0x80) != 0 || crypto_scalarmult(shared, scalar, key) != 0)
        return error_set(e, E_INPUT, "--key takes the 64 hexadecimal digits of an X25519 public key");
    return 0;
}

/* What is known of a user and of the officers. */
struct standing {
    int active, has_key;
    int is_taken;      /* somebody has this key already: one stick would be two officers */
    uint64_t officers; /* disabled ones too: they may come back */
};

static int look_up(struct central *c, const struct id *user, const char *key, struct standing *out, struct error *e)
{
    char id[ID_TEXT];
    sqlite3_stmt *s;
    id_format(user, id);
    if (db_first(c->db, &s, e,
                 "SELECT status = 'active', recovery_key IS NOT NULL, (SELECT count(*) FROM \"user\" WHERE "
                 "recovery_key IS NOT NULL AND voided = 0), EXISTS(SELECT 1 FROM \"user\" WHERE recovery_key = "
                 "lower(?2) AND voided = 0) FROM \"user\" WHERE id = ?1",
                 "tt", id, key) != 1)
        return error_code(e);
    out->active = db_int(s, 0) != 0;
    out->has_key = db_int(s, 1) != 0;
    out->officers = db_uint(s, 2);
    out->is_taken = db_int(s, 3) != 0;
    db_done(c->db, s);
    return 0;
}

static int set_key(struct task *t, const char *as, const struct id *user, const char *hex, struct error *e)
{
    struct task_setting s = {.record = *user, .field = "recovery_key", .value = hex};
    return task_set_user(t, as, &s, e);
}

static int add_officer(struct task *t, struct usage_call *call, struct error *e)
{
    const char *login = call->words[0], *as = usage_text(call, "as"), *key = usage_text(call, "key");
    struct standing standing = {0};
    struct id user;
    int code;
    if (key == NULL)
        return error_set(e, E_USAGE,
                         "an officer needs --out FILE, where the key file goes, or --key with the public key");
    if ((code = check_officer_key(key, e)) != 0 || (code = central_user(t->central, login, &user, e)) != 0 ||
        (code = look_up(t->central, &user, key, &standing, e)) != 0)
        return code;
    if (!standing.active)
        return error_set(e, E_REFUSED, "%s is disabled, and cannot be an officer", login);
    if (standing.has_key)
        return error_set(e, E_EXISTS, "%s is an officer already; `satcheld officer remove` comes first", login);
    if (standing.is_taken)
        return error_set(e, E_EXISTS, "another officer has this key: each needs one of his own");
    if (standing.officers >= RECOVERY_OFFICERS_MAX)
        return error_set(e, E_LIMIT, "there are %d officers already; `satcheld officer list` names them",
                         RECOVERY_OFFICERS_MAX);
    if ((code = set_key(t, as, &user, key, e)) == 0) {
        task_say_user(t, &user);
        (void)fputs(" is a recovery officer\n", t->cli->err);
    }
    if (code == 0 && standing.officers == 0)
        (void)fputs("One officer alone opens nothing: add a second one.\n", t->cli->err);
    return code;
}

const struct task_row task_officer_add = {
    .usage = {.group = "officer",
              .name = "add",
              .words = "LOGIN",
              .options = {TASK_AS,
                          {.name = "out", .value = "FILE", .help = "where the officer's key file goes"},
                          {.name = "key", .value = "HEX", .help = "or the public key of one that exists already"},
                          USAGE_SECRET("officer-", "the officer's new passphrase")},
              .help = "make somebody a recovery officer: any two of them open every laptop's store, and the office's",
              .example = "satcheld officer add /srv/office maria --out maria.officer"},
    .run = add_officer,
};

const struct task_row task_officer_list = {
    .usage = {.group = "officer",
              .name = "list",
              .help = "list the recovery officers",
              .example = "satcheld officer list /srv/office"},
    .none = "there are no recovery officers; `satcheld officer add` makes one",
    .sql = "SELECT id, login, status, name, recovery_key AS key FROM \"user\" WHERE recovery_key IS NOT NULL "
           "AND voided = 0 ORDER BY login, id",
};

static int remove_officer(struct task *t, struct usage_call *call, struct error *e)
{
    const char *login = call->words[0];
    struct standing standing = {0};
    struct id user;
    int code;
    if ((code = central_user(t->central, login, &user, e)) != 0 ||
        (code = look_up(t->central, &user, NULL, &standing, e)) != 0)
        return code;
    if (!standing.has_key)
        return error_set(e, E_NOT_FOUND, "%s is no officer; `satcheld officer list` names them", login);
    if ((code = set_key(t, usage_text(call, "as"), &user, "", e)) != 0)
        return code;
    task_say_user(t, &user);
    (void)fputs(" is no recovery officer any more\n", t->cli->err);
    return 0;
}

const struct task_row task_officer_remove = {
    .usage = {.group = "officer",
              .name = "remove",
              .words = "LOGIN",
              .options = {TASK_AS},
              .help = "take somebody's recovery key away",
              .more =
                  "From now on this officer's key opens nothing here, and nothing on a laptop that has synced since.",
              .example = "satcheld officer remove /srv/office maria"},
    .run = remove_officer,
};
