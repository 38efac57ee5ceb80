/* What an auditor makes of set-backs (docs/LOG.md, "Set-backs"): which announcements the log has, which laptops say in
 * their own chains that they heard of one, and with what evidence; and so which heads of another log are excused. */
#ifndef SATCHEL_AUDIT_SET_BACK_H
#define SATCHEL_AUDIT_SET_BACK_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "change.h"
#include "checkpoint.h"
#include "error.h"

struct audit_announced;
struct audit_heard;

struct audit_set_backs {
    struct audit_announced *announced; /* in log order */
    size_t announced_count;
    struct audit_heard *heard; /* in log order */
    size_t heard_count;
    uint64_t stated_size; /* the largest lost log that the office's own signature, handed in by a laptop, vouches for */
    uint64_t false_stated; /* statements that were handed in and do not carry the office's signature */
};
void audit_set_backs_free(struct audit_set_backs *s);

/* Takes an announcement that the log has at that position, received at that time, whose change has this hash.
 * E_MEMORY. */
int audit_set_backs_announce(struct audit_set_backs *s, uint64_t position, uint64_t received_ms,
                             const uint8_t hash[CHANGE_HASH_BYTES], struct error *e);

/* 1: a set-back may be why a statement of a log of that size is not of this one: the log was put back to fewer entries.
 * *announced_ms: when the last such set-back was announced. 0: none was. */
int audit_set_backs_explain(const struct audit_set_backs *s, uint64_t size, uint64_t *announced_ms);

/* Takes the change of a laptop that the log has at that position, if it is an event "set back"; else does nothing. key:
 * the office's. E_MEMORY. */
int audit_set_backs_hear(struct audit_set_backs *s, uint64_t position, const struct change *c,
                         const struct checkpoint_vkey *key, struct error *e);

/* A head of a laptop that saw another log than ours. */
struct audit_seen {
    struct chain end;
    uint64_t size;  /* entries in the log that it saw */
    uint64_t entry; /* the position of the change that the head ends with */
    uint64_t given; /* the position of the entry by which the office gave the epoch; 0: it is the first */
};
/* 1: a set-back explains what the laptop saw: a log longer than the backup; the head's change stands behind the
 * announcement; and neither had the laptop said before, in this chain, that it had heard of that set-back, nor did the
 * office give it the epoch after that. 0: none does. */
int audit_set_backs_excuse(const struct audit_set_backs *s, const struct audit_seen *seen);

/* 1: the device says that it heard of a set-back. */
int audit_set_backs_heard_by(const struct audit_set_backs *s, const struct id *device);

/* Once all entries are taken. E_VERIFY: a laptop heard of a set-back, or hands in the office's statement of a log, that
 * no announcement in this log explains; the sentence names the entry. */
int audit_set_backs_end(const struct audit_set_backs *s, struct error *e);

#endif
