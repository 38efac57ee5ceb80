/* Quotas: how much one laptop may bring, so that none can fill the office's disk or slow everybody down. They are far
 * above what people do (docs/OFFICE.md, "How much a laptop may bring"). Over one the office takes nothing of a push and
 * says so; it waits on the laptop, whole, until the day is over or an administrator allows more. What was brought
 * stands in the office's table `brought`; the allowance of a laptop, in percent of the usual, in its record
 * (device.quota). */
#ifndef SATCHEL_QUOTA_H
#define SATCHEL_QUOTA_H

#include <stdint.h>

#include "central.h"
#include "device.h"
#include "error.h"

/* The usual quotas of a laptop. */
#define QUOTA_DAY_BYTES (64u << 20) /* in 24 hours: bytes of changes */
#define QUOTA_DAY_CHANGES 50000u    /* changes */
#define QUOTA_DAY_RECORDS 1000u     /* persons and cases that it takes down */
#define QUOTA_DAY_LINKS 1000u       /* links between persons, and marks that two are different */
#define QUOTA_HELD_BYTES                                                                                               \
    (16u << 20)                   /* at one time: bytes that are held; of a laptop that is shut out: all that it has   \
                                     brought since */
#define QUOTA_HELD_CHANGES 10000u /* changes, likewise */
#define QUOTA_WAITING 4000u       /* at one time: persons whom it took down and of whom no case has come yet */
#define QUOTA_PERCENT_MAX 10000u  /* the most that an administrator allows of a usual quota */

/* What a push brings, or a laptop has brought. */
struct quota_brought {
    uint64_t bytes, changes, records, links;
};

/* What a laptop has brought, and may bring. */
struct quota {
    uint64_t percent;                /* of the usual */
    uint64_t since_ms;               /* the day began then; 0: it has brought nothing yet */
    struct quota_brought day, limit; /* in this day, and at most */
    uint64_t held_bytes, held_changes, held_bytes_limit, held_changes_limit;
    uint64_t waiting, waiting_limit;   /* persons whom it took down and of whom no case has come yet */
    uint64_t shut_bytes, shut_changes; /* since it was shut out */
    int closed;                        /* it is shut out and brought more: its link is refused */
};

/* Reads the quota of a laptop. Errors: the store's. */
int quota_read(struct central *c, const struct device *device, struct quota *out, struct error *e);

/* May the laptop bring so much more? E_BUSY: not now; nothing of it is to be taken, and e says, to the person at the
 * laptop, when or who. E_REFUSED: it is shut out, and the office keeps no more of it. The store's. */
int quota_check(struct central *c, const struct device *device, const struct quota_brought *more, struct error *e);

/* Notes what a push has brought, inside its transaction, and checks it as quota_check does; and, if something of it was
 * held, what is held of the laptop by now; and, if it takes somebody down, how many of those persons wait for a case by
 * now. After an error the caller rolls the push back. */
int quota_note(struct central *c, const struct device *device, const struct quota_brought *more, int was_held,
               struct error *e);

/* Closes the link of a laptop that is shut out, inside a transaction, until somebody allows it more. The store's. */
int quota_close(struct central *c, const struct device *device, struct error *e);
/* E_REFUSED: the laptop is shut out and its link is closed. The store's. */
int quota_check_link(struct central *c, const struct device *device, struct error *e);
/* Opens it again, inside a transaction. The store's. */
int quota_open_link(struct central *c, const struct id *device, struct error *e);

#endif
