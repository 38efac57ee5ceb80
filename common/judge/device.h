/* The laptops that the office knows: whose each is, what it may bring, and which epochs it was given. */
#ifndef SATCHEL_DEVICE_H
#define SATCHEL_DEVICE_H

#include <stdint.h>

#include "db.h"
#include "error.h"
#include "id.h"

#define DEVICE_HEX (2 * ID_BYTES + 1)
/* A device's id as a column of type bytes has it: in hexadecimal, without hyphens; DEVICE_HEX with the NUL. */
void device_hex(const struct id *device, char hex[DEVICE_HEX]);
/* The other way. -1: hex is no device's id. */
int device_from_hex(const char *hex, struct id *device);

/* A laptop as the record knows it. */
struct device {
    struct id device, user;
    uint8_t sign_key[32];
    int revoked;    /* it is revoked, or its user disabled: everything it brings but its events is held */
    int wipe;       /* it is revoked and must destroy its store at its next contact */
    int reads_only; /* its user is an auditor: what it writes is held */
    uint64_t epoch; /* the newest epoch that it was given; a peer puts that of its hello in its place */
};

/* Loads a device by the Noise key of its link. E_REFUSED: the office does not know it. E_VERIFY: its record has no
 * signing key. The store's. */
int device_by_link(struct db *db, const uint8_t noise_key[32], struct device *out, struct error *e);
/* The same by its id, for what comes without a link. */
int device_by_id(struct db *db, const struct id *device, struct device *out, struct error *e);

/* 1: the device was given this epoch, or it is the first, which it brings with it; 0: it was not; -1: failed, e says
 * why. */
int device_was_given(struct db *db, const struct id *device, uint64_t epoch, struct error *e);
/* The newest epoch that it was given; 1: none since its first. Errors: the store's. */
int device_newest_epoch(struct db *db, const struct id *device, uint64_t *epoch, struct error *e);

#endif
