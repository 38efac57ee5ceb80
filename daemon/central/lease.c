/* The lease of a laptop: days from the office's record, a secret derived from the laptop's id. */
#include "lease.h"

#include <sodium.h>
#include <string.h>

int lease_days(struct central *c, unsigned *days, struct error *e)
{
    uint64_t found;
    char id[ID_TEXT];
    int code;
    id_format(&c->office, id);
    code = db_number_of(c->db, &found, e, "SELECT lease_days FROM office WHERE id = ? AND lease_days BETWEEN 1 AND ?",
                        "ti", id, (int64_t)LEASE_DAYS_MAX);
    *days = found == 0 ? LEASE_DAYS : (unsigned)found;
    return code;
}

int lease_of(struct central *c, const struct id *device, int revoked, uint64_t now_ms, struct lease *out,
             struct error *e)
{
    unsigned days = 0;
    int code;
    memset(out, 0, sizeof *out);
    if (revoked)
        return 0;
    if ((code = lease_days(c, &days, e)) != 0)
        return code;
    (void)crypto_generichash(out->secret, sizeof out->secret, device->b, ID_BYTES, c->keys->lease_secret,
                             sizeof c->keys->lease_secret);
    out->until_ms = now_ms + days * 86400000ull;
    return 0;
}
