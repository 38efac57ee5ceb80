/* The auditor's proof: one pass through an archive, from the checkpoint's signature to the last body's hash.
 * docs/LOG.md, "What an auditor checks", has the list and what each check shows. */
#ifndef SATCHEL_AUDIT_VERIFY_H
#define SATCHEL_AUDIT_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "archive.h"
#include "audit_own.h"
#include "change.h"
#include "checkpoint.h"
#include "cli.h"
#include "error.h"

struct audit_verify_options {
    const char *archive;    /* path */
    const char *key;        /* the office's verifier key, or the path of a file that holds it */
    const char *passphrase; /* NULL: bodies stay sealed, and what needs them is not checked */
    size_t passphrase_bytes;
    const char *seen;  /* a file with a checkpoint that the log must be an extension of; NULL: none */
    const char *since; /* an earlier archive, likewise */
    /* Called with each entry once it is checked as far as it can be by then; NULL: nobody wants them. What it does
     * counts only if audit_verify returns 0. c lives until it returns; so does what it points to. Returns 0 or an error
     * code. */
    int (*each)(void *arg, const struct archive_item *item, const struct change *c, struct error *e);
    void *arg;
    void (*progress)(uint64_t done, uint64_t of); /* entries; NULL: nobody watches */
};

#define AUDIT_WRITERS 16

struct audit_verify_result {
    struct checkpoint checkpoint;
    uint64_t entries;
    uint64_t bodies, erased, sealed; /* bodies that match their hashes, that are gone, that were not opened */
    uint64_t judged;   /* changes of laptops that were judged by the log before them, and keep the rules of that time */
    uint64_t late;     /* of them: they break a rule that only a newer program than the office's of that time knows */
    uint64_t held;     /* changes that the office held when they came */
    uint64_t unjudged; /* changes that an office took whose program is newer than this one */
    uint64_t heads, heads_unchecked; /* unchecked: their device's key stands in a body that was not opened */
    uint64_t devices;
    uint64_t first_ms, last_ms;          /* times of receipt */
    uint64_t set_backs;                  /* how often the office announced that it was put back from a backup */
    uint64_t set_back_size, set_back_ms; /* the last time: how many entries the backup had, and when it was announced */
    uint64_t lost_heads;                 /* heads whose device had seen what was lost by that */
    uint64_t losers;                     /* laptops that had seen it, by such heads or their own events */
    uint64_t lost_size;                  /* the largest log that they saw; 0: none says */
    uint64_t stated_size;  /* the largest that the office's own signature vouches for, as laptops hand it in */
    uint64_t false_stated; /* statements that laptops handed in, and that the office did not sign */
    uint64_t witnessed;    /* up to how many entries laptops signed that they saw this log; 0: none did, or no signature
                              of a laptop could be checked */
    uint64_t witnesses;    /* how many laptops did */
    uint64_t own_changes;  /* of the office's own chain; and who wrote there beside the office itself: */
    struct audit_person writers[AUDIT_WRITERS];
    size_t writer_count;
    uint64_t writers_more;        /* persons for whom there was no room */
    int evidence_given[2];        /* --seen, --since */
    int evidence_lost[2];         /* it is not of this log, and a set-back may be why */
    uint64_t evidence_lost_ms[2]; /* then: when the last set-back that can be why was announced */
    uint64_t evidence_size[2];    /* of the log that it states */
};

/* 0: everything that could be checked is as it should be; result->sealed and result->heads_unchecked tell what could
 * not. E_VERIFY: the first thing that is not, by its name ("entry 17: ..."). E_INPUT (the key or the archive is not
 * one), E_WRONG_KEY (the passphrase), E_IO, E_MEMORY. */
int audit_verify(const struct audit_verify_options *options, struct audit_verify_result *result, struct error *e);

/* 1: everything was checked; 0: the passphrase is missing, or this program is older than the office's was. */
int audit_verify_is_complete(const struct audit_verify_result *result);

/* Tells a result that was 0. Returns the exit status: 0, or ERROR_STATUS_WAITING if something could not be checked, or
 * the office was put back from a backup. */
int audit_verify_print(const struct cli *cli, const struct audit_verify_result *result);

#endif
