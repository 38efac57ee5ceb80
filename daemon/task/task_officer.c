/* Recovery officers: officer add|list|remove. Their key files are made where the command is called (keyring_officer);
 * here come public keys alone. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "recovery.h"
#include "task.h"

/* 32 bytes in hexadecimal that a box can be sealed to. The highest bit is none of the key: with it set, the same key
 * would pass for another one, and its owner's secret would not be found to fit. */
static int check_key(const char *hex, struct error *e)
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

int task_officer_add(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL, *key = NULL;
    const struct cli_option options[] = {
        {"as", &as, NULL}, {"key", &key, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct standing standing = {0};
    struct id user;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 1, "officer add DIR LOGIN --out FILE", e)) != 0)
        return code;
    if (key == NULL)
        return error_set(e, E_USAGE,
                         "an officer needs --out FILE, where the key file goes, or --key with the public key");
    if ((code = check_key(key, e)) != 0 || (code = central_user(t->central, argv[2], &user, e)) != 0 ||
        (code = look_up(t->central, &user, key, &standing, e)) != 0)
        return code;
    if (!standing.active)
        return error_set(e, E_REFUSED, "%s is disabled, and cannot be an officer", argv[2]);
    if (standing.has_key)
        return error_set(e, E_EXISTS, "%s is an officer already; `satcheld officer remove` comes first", argv[2]);
    if (standing.is_taken)
        return error_set(e, E_EXISTS, "another officer has this key: each needs one of his own");
    if (standing.officers >= RECOVERY_OFFICERS_MAX)
        return error_set(e, E_LIMIT, "there are %d officers already; `satcheld officer list` names them",
                         RECOVERY_OFFICERS_MAX);
    if ((code = set_key(t, as, &user, key, e)) == 0 && standing.officers == 0)
        (void)fputs("One officer alone opens nothing: add a second one.\n", t->cli->err);
    return code;
}

int task_officer_list(struct task *t, int argc, char **argv, struct error *e)
{
    return task_list(t, argc, argv, "officer list DIR",
                     "SELECT id, login, status, name, recovery_key AS key FROM \"user\" WHERE recovery_key IS NOT NULL "
                     "AND voided = 0 ORDER BY login, id",
                     e);
}

int task_officer_remove(struct task *t, int argc, char **argv, struct error *e)
{
    const char *as = NULL;
    const struct cli_option options[] = {{"as", &as, NULL}, {"json", NULL, &t->cli->json}, {NULL, NULL, NULL}};
    struct standing standing = {0};
    struct id user;
    int code;
    if ((code = cli_options(&argc, argv, options, e)) != 0 ||
        (code = task_words(argc, 2, 1, "officer remove DIR LOGIN", e)) != 0 ||
        (code = central_user(t->central, argv[2], &user, e)) != 0 ||
        (code = look_up(t->central, &user, NULL, &standing, e)) != 0)
        return code;
    if (!standing.has_key)
        return error_set(e, E_NOT_FOUND, "%s is no officer; `satcheld officer list` names them", argv[2]);
    return set_key(t, as, &user, "", e);
}
