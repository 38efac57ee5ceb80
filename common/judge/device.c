/* The laptops as the office's record has them, and the epochs that each was given. */
#include "device.h"

#include <sodium.h>
#include <string.h>

/* --- the epochs that a device was given --- */

void device_hex(const struct id *device, char hex[DEVICE_HEX])
{
    sodium_bin2hex(hex, DEVICE_HEX, device->b, ID_BYTES);
}

int device_from_hex(const char *hex, struct id *device)
{
    size_t bytes = 0;
    return sodium_hex2bin(device->b, sizeof device->b, hex, strlen(hex), NULL, &bytes, NULL) == 0 &&
                   bytes == sizeof device->b
               ? 0
               : -1;
}

int device_was_given(struct db *db, const struct id *device, uint64_t epoch, struct error *e)
{
    char hex[DEVICE_HEX];
    uint64_t given;
    if (epoch <= 1 || epoch > INT64_MAX)
        return epoch == 1;
    device_hex(device, hex);
    if (db_number_of(db, &given, e, "SELECT count(*) FROM fork WHERE device = ? AND new_epoch = ?", "tu", hex, epoch) !=
        0)
        return -1;
    return given != 0;
}

int device_newest_epoch(struct db *db, const struct id *device, uint64_t *epoch, struct error *e)
{
    char hex[DEVICE_HEX];
    int code;
    device_hex(device, hex);
    if ((code = db_number_of(db, epoch, e, "SELECT max(new_epoch) FROM fork WHERE device = ?", "t", hex)) != 0)
        return code;
    if (*epoch == 0)
        *epoch = 1;
    return 0;
}

/* --- one device --- */

/* Loads the device that a statement finds by one text. */
static int load_device(struct db *db, const char *sql, const char *text, struct device *out, struct error *e)
{
    sqlite3_stmt *s;
    size_t bytes = 0;
    int row, code;
    if ((row = db_first(db, &s, e, sql, "t", text)) < 0)
        return error_code(e);
    if (row == 0)
        return error_set(e, E_REFUSED, "the office does not know this laptop; enrol it with a ticket");
    if ((code = id_parse(db_text(s, 0), &out->device, e)) == 0)
        code = id_parse(db_text(s, 1), &out->user, e);
    if (code == 0 && (sodium_hex2bin(out->sign_key, sizeof out->sign_key, db_text(s, 2), strlen(db_text(s, 2)), NULL,
                                     &bytes, NULL) != 0 ||
                      bytes != sizeof out->sign_key))
        code = error_set(e, E_VERIFY,
                         "the office's record of this laptop has no signing key; run `satcheld check` at the office");
    out->reads_only = strcmp(db_text(s, 5), "auditor") == 0;
    out->wipe = strcmp(db_text(s, 3), "to be wiped") == 0;
    out->revoked = strcmp(db_text(s, 3), "active") != 0 || strcmp(db_text(s, 4), "active") != 0;
    db_done(db, s);
    return code != 0 ? code : device_newest_epoch(db, &out->device, &out->epoch, e);
}

#define DEVICE_WHERE                                                                                                   \
    "SELECT device.id, device.\"user\", device.sign_key, device.status, \"user\".status, \"user\".role "               \
    "FROM device JOIN \"user\" ON \"user\".id = device.\"user\" WHERE "

int device_by_link(struct db *db, const uint8_t noise_key[32], struct device *out, struct error *e)
{
    char hex[65];
    sodium_bin2hex(hex, sizeof hex, noise_key, 32);
    return load_device(db, DEVICE_WHERE "device.noise_key = ?", hex, out, e);
}

int device_by_id(struct db *db, const struct id *device, struct device *out, struct error *e)
{
    char text[ID_TEXT];
    id_format(device, text);
    return load_device(db, DEVICE_WHERE "device.id = ?", text, out, e);
}
