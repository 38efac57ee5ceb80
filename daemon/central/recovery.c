/* The recovery officers, from the users' records to the slots of the office's key file. */
#include "recovery.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "officers.h"

_Static_assert(RECOVERY_OFFICERS_MAX *(RECOVERY_OFFICERS_MAX - 1) / 2 == KEYFILE_PAIRS_MAX, "a slot for each pair");

struct officer {
    struct id id;
    uint8_t key[32];
};

/* Reads the active users who have a recovery key. */
static int read_officers(struct central *c, struct officer out[RECOVERY_OFFICERS_MAX], size_t *count, struct error *e)
{
    sqlite3_stmt *s;
    int row, code;
    *count = 0;
    if ((code = db_query(c->db, &s, e,
                         "SELECT id, recovery_key FROM \"user\" WHERE status = 'active' AND voided = 0 AND "
                         "length(recovery_key) = 64 ORDER BY id LIMIT ?",
                         "i", (int64_t)RECOVERY_OFFICERS_MAX)) != 0)
        return code;
    while ((row = db_next(c->db, s, e)) == 1) {
        struct officer *o = &out[*count];
        if ((code = id_parse(db_text(s, 0), &o->id, e)) != 0) {
            db_done(c->db, s);
            return code;
        }
        if (sodium_hex2bin(o->key, sizeof o->key, db_text(s, 1), 64, NULL, NULL, NULL) == 0)
            (*count)++;
    }
    return row < 0 ? error_code(e) : 0;
}

int recovery_pairs(struct central *c, struct keyfile_pair pairs[KEYFILE_PAIRS_MAX], size_t *count, struct error *e)
{
    struct officer officers[RECOVERY_OFFICERS_MAX];
    size_t n = 0;
    int code = read_officers(c, officers, &n, e);
    *count = 0;
    if (code != 0)
        return code;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = a + 1; b < n; b++) {
            struct keyfile_pair *pair = &pairs[(*count)++];
            pair->officers[0] = officers[a].id;
            pair->officers[1] = officers[b].id;
            memcpy(pair->public_keys[0], officers[a].key, 32);
            memcpy(pair->public_keys[1], officers[b].key, 32);
            officers_sign(pair, c->keys->sign_secret);
        }
    }
    return 0;
}

int recovery_refresh(struct central *c, struct error *e)
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    size_t count = 0;
    char *path;
    int code;
    if (c->folder == NULL)
        return 0; /* an office in memory has no key file */
    if ((code = recovery_pairs(c, pairs, &count, e)) != 0)
        return code;
    if ((path = central_path(c->folder, "office.keys")) == NULL)
        return error_memory(e);
    code = keyfile_recovery_set(path, c->keys->data_key, pairs, count, e);
    free(path);
    return code;
}
