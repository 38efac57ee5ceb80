/* The messages of a sync and of an enrolment: msgpack arrays, the type first. docs/PROTOCOL.md, "Messages", has each.
 *
 * Decoding allocates nothing but the inflated batch: slices point into the message's bytes or into that batch. */
#ifndef SATCHEL_MESSAGE_H
#define SATCHEL_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "checkpoint.h"
#include "error.h"
#include "id.h"
#include "merkle.h"
#include "pack.h"
#include "wire_limits.h"

/* Bytes of the texts; a checkpoint's is CHECKPOINT_TEXT_MAX - 1. Times, positions and counts are at most 2^63 - 1. */
#define MESSAGE_CODE_MAX 32
#define MESSAGE_SENTENCE_MAX 512 /* of a fail, and the reason of a held change */
#define MESSAGE_LABEL_MAX 100
#define MESSAGE_NAME_MAX 1000
#define MESSAGE_HELD_MAX LIMITS_BATCH_CHANGES_MAX
#define MESSAGE_VOUCHED_MAX LIMITS_BATCH_CHANGES_MAX /* heads of an entries message, and headers behind one head */
#define MESSAGE_PAIR_BYTES 160 /* of a pair of officers: id, X25519 key, id, key, the office's Ed25519 signature */
#define MESSAGE_PAIRS_MAX 10
#define MESSAGE_SET_BACKS_MAX 64

enum message_type {
    MESSAGE_HELLO = 1,    /* laptop: what I have */
    MESSAGE_WELCOME = 2,  /* office: what I have of you, my checkpoint, my orders */
    MESSAGE_PUSH = 3,     /* laptop: a batch of changes with its signed head */
    MESSAGE_PUSHED = 4,   /* office: durable up to here, with proof; what was held */
    MESSAGE_PULL = 5,     /* laptop: more, please, from this cursor */
    MESSAGE_ENTRIES = 6,  /* office: a batch of the caseload's entries */
    MESSAGE_FAIL = 7,     /* both: a code and a sentence; the end follows */
    MESSAGE_ENROL = 8,    /* laptop: my keys */
    MESSAGE_ENROLLED = 9, /* office: who you are */
    MESSAGE_FORK = 10,    /* laptop: my chain forked; a batch of what waits, as it is */
    MESSAGE_EPOCH = 11,   /* office: what I have of it, and the epoch to go on in */
    MESSAGE_RESUME = 12,  /* laptop: the link broke; let us go on there */
    MESSAGE_RESUMED = 13  /* office: yes, from there; or no */
};

struct message_hello {
    struct chain end;            /* of the laptop's own chain; seq 0: nothing written yet */
    uint64_t cursor;             /* entries below this position have been applied, for every held scope */
    uint8_t caseload_digest[32]; /* message_caseload_digest of the held scopes */
    uint64_t checkpoint_size;    /* the last checkpoint that it stored; 0: none */
    struct merkle_hash checkpoint_root;
    uint64_t wall_ms;
    struct slice set_backs; /* the announcements of set-backs that it knows: 32 bytes each, the hash of the change */
    uint8_t officers[32];   /* officers_digest of the pairs that it has; zeros: it says nothing of them */
};

struct message_welcome {
    struct chain have;               /* what the office holds of the laptop's chain */
    struct slice checkpoint;         /* text: a signed note */
    struct merkle_proof consistency; /* from the laptop's checkpoint to this one */
    uint64_t schema_version;
    uint64_t office_ms;       /* the office's time */
    int want_caseload;        /* the first pull must list the held scopes */
    int revoked;              /* the office takes what is unsent (held), and deals nothing */
    int wipe;                 /* the laptop is to make its store unreadable, once what is unsent has been sent */
    uint8_t seal_key[32];     /* the office's: what a courier file is sealed to (courier.h) */
    uint8_t lease_secret[32]; /* zeros: none (the laptop is revoked, or leases are not used) */
    uint64_t lease_until_ms;  /* 0: none */
    int has_recovery;         /* 0: the laptop has the pairs that the office has */
    struct slice recovery;    /* pairs of officers, MESSAGE_PAIR_BYTES each */
    /* A batch of one entry: the announcement of a set-back that the laptop does not know; size 0: none. If the log
     * does not continue the laptop's checkpoint it is one that covers it, and consistency is from 0. */
    struct slice set_back;
    struct merkle_proof set_back_proof; /* that the entry is in the checkpoint (merkle_verify_inclusion) */
};

struct message_push {
    struct slice head;  /* signed; its end is the last change of the batch */
    struct slice batch; /* deflated array of [header, body] */
};

struct message_held {
    uint64_t seq;
    struct slice reason; /* text */
};

/* A change of the laptop's that the office holds behind it: it was taken, and a newer program of the office judged it.
 */
struct message_held_late {
    uint64_t epoch, seq;
    struct slice reason; /* text */
};

struct message_pushed {
    uint64_t epoch, seq; /* durable up to this change of the laptop's chain */
    uint64_t first_seq;  /* the changes first_seq .. seq stand at first_position, one after another */
    uint64_t first_position;
    uint64_t received_ms;
    struct slice checkpoint;         /* text: a signed note that covers them */
    struct merkle_proof consistency; /* from the last checkpoint of this session to this one */
    struct merkle_proof range;       /* that they are in the log (merkle_verify_range) */
    size_t held_count;
    struct slice held; /* msgpack array of [seq, reason]; read with message_next_held */
};

struct message_pull {
    uint64_t cursor;
    uint64_t credit; /* bytes of inflated batch that the laptop takes now */
    int has_caseload;
    struct slice caseload; /* the held scopes, 16 bytes each, sorted */
};

struct message_entries {
    struct slice batch;              /* deflated array of [position, received_ms, header, body or nil, mask or nil] */
    struct slice arrived;            /* scopes that are complete with this batch, 16 bytes each */
    struct slice purge;              /* with done: scopes to let go of, 16 bytes each */
    uint64_t cursor;                 /* the next cursor, once this batch is applied */
    int done;                        /* nothing more for now */
    uint8_t digest[32];              /* with done: record_digest of the caseload at `cursor` */
    struct slice checkpoint;         /* text: a signed note that covers what is dealt */
    struct merkle_proof consistency; /* from the last checkpoint of this session to this one */
    struct slice anew;               /* scopes that the laptop has and that are dealt anew, 16 bytes each */
    size_t held_count;
    struct slice held; /* msgpack array of [epoch, seq, reason]; read with message_next_held_late */
    /* What vouches for entries of the laptop's own device in other epochs than its own: msgpack array of [signed head,
     * headers], the headers up to that head; read with message_next_vouched. */
    size_t vouched_count;
    struct slice vouched;
};

struct message_fail {
    struct slice code;     /* text: error_name of the code: a-z and '-' alone */
    struct slice sentence; /* text */
};

struct message_enrol {
    struct id ticket;
    uint8_t sign_key[32]; /* Ed25519 public key; the Noise key is the link's */
    uint8_t proof[64];    /* signature of "satchel enrol 1\0", ticket, Noise public key */
    struct slice label;   /* text, at most 100 bytes */
};

struct message_enrolled {
    struct id device, user, office;               /* office: the record of kind office */
    struct slice user_name, office_name, log_key; /* text; log_key: C2SP verifier key */
    uint64_t office_ms;
    uint8_t seal_key[32], lease_secret[32]; /* as in a welcome */
    uint64_t lease_until_ms;
};

/* head and batch are empty if nothing waits. */
struct message_fork {
    struct slice head;  /* signed; its end is the last change of the batch */
    struct slice batch; /* deflated array of [header, body] */
    int last;           /* nothing more waits: the answer is a new epoch */
};

struct message_epoch {
    uint64_t epoch;  /* one that the office has never given; 0: more was announced */
    uint64_t common; /* the last change of all that was handed over that the log has under its number; 0: none */
};

struct message_resume {
    struct id session; /* the first 16 bytes of the hash of the handshake of the session's first link */
    uint64_t turn;     /* how many messages the laptop has said in it; the answer to the last is due */
    uint64_t bytes;    /* so much of that answer is here ... */
    uint8_t hash[32];  /* ... with this BLAKE2b-256, keyed "satchel part 1" */
};

struct message_resumed {
    int goes_on;      /* 0: the office does not have that session any more, and the rest is 0 */
    uint64_t bytes;   /* so much of the laptop's last message is there ... */
    uint8_t hash[32]; /* ... with this hash, in the same way */
};

struct message {
    enum message_type type;
    union {
        struct message_hello hello;
        struct message_welcome welcome;
        struct message_push push;
        struct message_pushed pushed;
        struct message_pull pull;
        struct message_entries entries;
        struct message_fail fail;
        struct message_enrol enrol;
        struct message_enrolled enrolled;
        struct message_fork fork;
        struct message_epoch epoch;
        struct message_resume resume;
        struct message_resumed resumed;
    } as;
};

/* Encodes, and reads back what it wrote, so that nothing goes out that a peer would refuse. out is started here and
 * freed by the caller with pack_free, on failure too. E_LIMIT, E_MEMORY, E_INTERNAL (m is not as this header says). */
int message_write(const struct message *m, struct pack *out, struct error *e);
/* Decodes. E_INPUT, E_LIMIT; E_PEER for a type that this version does not know. */
int message_read(struct slice bytes, struct message *out, struct error *e);

/* The held list of an entries message, in the same way. */
struct message_held_late message_next_held_late(struct unpack *r);
/* The vouched list of an entries message, in the same way: returns how many headers follow, and each is to be taken
 * with unpack_bin before the next. */
size_t message_next_vouched(struct unpack *r, struct slice *signed_head);
/* The held list of a pushed message: start with unpack_start on m->held and unpack_array, then this, held_count times.
 */
struct message_held message_next_held(struct unpack *r);

/* BLAKE2b-256 (keyed "satchel caseload 1") of the sorted scopes. */
void message_caseload_digest(const struct id *sorted, size_t count, uint8_t out[32]);

#endif
