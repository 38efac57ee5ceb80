#include "lease.h"

#include <sodium.h>
#include <string.h>

int lease_days(struct central *c, unsigned *days, struct error *e)
{
    char id[ID_TEXT];
    sqlite3_stmt *s;
    int row, code;
    *days = LEASE_DAYS;
    id_format(&c->office, id);
    if ((code = db_query(c->db, &s, e, "SELECT lease_days FROM office WHERE id = ? AND lease_days BETWEEN 1 AND ?",
                         "ti", id, (int64_t)LEASE_DAYS_MAX)) != 0)
        return code;
    if ((row = db_next(c->db, s, e)) < 0)
        return error_code(e);
    if (row == 1) {
        *days = (unsigned)db_uint(s, 0);
        db_done(c->db, s);
    }
    return 0;
}

int lease_of(struct central *c, const struct id *device, int revoked, uint64_t now_ms, uint8_t secret[32],
             uint64_t *until_ms, struct error *e)
{
    unsigned days = 0;
    int code;
    sodium_memzero(secret, 32);
    *until_ms = 0;
    if (revoked)
        return 0;
    if ((code = lease_days(c, &days, e)) != 0)
        return code;
    (void)crypto_generichash(secret, 32, device->b, ID_BYTES, c->keys->lease_secret, sizeof c->keys->lease_secret);
    *until_ms = now_ms + days * 86400000ull;
    return 0;
}
