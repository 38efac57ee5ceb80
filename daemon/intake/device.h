/* The laptops that the office knows: whose each is, and what it may bring. */
#ifndef SATCHEL_DEVICE_H
#define SATCHEL_DEVICE_H

#include <stdint.h>

#include "central.h"
#include "error.h"
#include "id.h"

#define DEVICE_HEX (2 * ID_BYTES + 1)
/* A device's id as a column of type bytes has it: in hexadecimal, without hyphens. */
void device_hex(const struct id *device, char hex[DEVICE_HEX]);
/* The other way. -1: hex is no device's id. */
int device_from_hex(const char *hex, struct id *device);

/* A laptop as the record knows it. */
struct device {
    struct id device, user;
    uint8_t sign_key[32];
    int revoked;    /* or its user is disabled: everything it brings is held, but for its events */
    int wipe;       /* revoked, and to destroy its store at its next contact */
    int reads_only; /* an auditor: what it writes is held */
    uint64_t epoch; /* that it is in: the newest that it was given, until its hello says which */
};

/* By the Noise key of its link. E_REFUSED: the office does not know it. */
int device_by_link(struct central *c, const uint8_t noise_key[32], struct device *out, struct error *e);
/* By its id, where there is no link. The same error. */
int device_by_id(struct central *c, const struct id *device, struct device *out, struct error *e);

/* Was the device ever given this epoch? Its first it brings with it. 1, 0, -1. */
int device_was_given(struct db *db, const struct id *device, uint64_t epoch, struct error *e);
/* The newest epoch that it was given. */
int device_newest_epoch(struct db *db, const struct id *device, uint64_t *epoch, struct error *e);

#endif
