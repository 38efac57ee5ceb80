/* What the parts of a session share. Only session*.c include it. */
#ifndef SATCHEL_SESSION_PRIVATE_H
#define SATCHEL_SESSION_PRIVATE_H

#include "session.h"

enum session_state {
    STATE_HANDSHAKE, /* nobody knows yet who the other is */
    STATE_HELLO,     /* sync: the laptop says what it has, or which session it would go on with */
    STATE_WELCOME,
    STATE_IDLE,   /* the laptop may push, pull or end */
    STATE_PUSHED, /* a push waits for its answer */
    STATE_ENTRIES,
    STATE_EPOCH,   /* a part of a fork was handed over */
    STATE_RESUMED, /* the office says if it knows that session */
    STATE_ENROL,   /* enrolment: the laptop says who it would be */
    STATE_ENROLLED,
    STATE_DONE /* either may end */
};

enum session_speaker { LAPTOP, OFFICE };

/* What a side may still do: say anything, say its end, or nothing. */
enum session_standing { SPEAKS, HAS_FAILED, HAS_ENDED };

struct session_order {
    enum session_state state;
    enum session_standing standing[2]; /* by speaker */
};

/* Bytes of a message, on their way in or out. */
struct session_part {
    uint8_t *p;
    size_t size;
};

struct session {
    struct link *link; /* NULL: it broke, and the session waits for another */
    enum session_speaker self;
    struct session_order order;
    int gave_up; /* we sent fail: what the peer said before it heard of that is dropped */
    int dead;    /* 0: alive; else the code that session_next returned */

    /* For going on over another link (session_resume.c). */
    struct id name;           /* from the handshake of its first link */
    uint64_t turn;            /* how many messages the laptop has said, or the office has heard whole */
    struct session_part said; /* the last message that we said, whole, until the peer's next one has come */
    struct session_part got;  /* what has come of the peer's next message over links that broke */
    struct session_part joined;
    size_t heard_size; /* office: the last message that came whole, and the hash of it */
    uint8_t heard_hash[32];
    int resumes;      /* laptop: this link is to go on with the session, and the office has not said if it does */
    size_t confirmed; /* laptop: so much of `said` is known to be at the office */
};

void session_part_free(struct session_part *part); /* wipes */
/* The laptop's and the office's own side of a message that says something new: counts it and keeps it. E_MEMORY. */
int session_keep_said(struct session *s, struct pack *bytes, struct error *e);
/* A message has come whole. */
void session_note_heard(struct session *s, struct slice bytes);
/* Asks the office, over a link that is open now, to go on with the session. */
int session_ask(struct session *s, struct error *e);
/* The office's answer. */
int session_answered(struct session *s, const struct message_resumed *m, struct session_event *event, struct error *e);
/* The rest of a message: *whole is all of it, until the next event. E_PEER, E_MEMORY. */
int session_join(struct session *s, struct slice rest, struct slice *whole, struct error *e);

#endif
