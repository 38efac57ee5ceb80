/* Every size of the wire. (Not called limits.h: gcc's own <limits.h> goes on to the next file of that name on the quote
 * path, and would find ours.) Checked before memory is taken, on both sides. Bytes unless the name says otherwise. */
#ifndef SATCHEL_WIRE_LIMITS_H
#define SATCHEL_WIRE_LIMITS_H

#define LIMITS_NOISE_MESSAGE_MAX 65535        /* Noise revision 34, section 3 */
#define LIMITS_NOISE_PAYLOAD_MAX (65535 - 16) /* what one transport message carries */
#define LIMITS_MESSAGE_MAX (2u << 20)         /* one message of message.h, encoded */
#define LIMITS_RECEIVE_MAX                                                                                             \
    (65537 + (2u << 20))                /* sealed bytes that a link holds unopened: one of Noise's and a message */
#define LIMITS_BATCH_MAX (1u << 20)     /* a batch of changes or entries, inflated */
#define LIMITS_BATCH_CHANGES_MAX 4096   /* changes or entries in a batch */
#define LIMITS_HANDSHAKE_PEER_MAX 1024  /* what an unauthenticated peer may make us hold */
#define LIMITS_HANDSHAKE_MS 20000       /* and for how long: four ways, of 5 s each on the slowest link */
#define LIMITS_IDLE_MS 60000            /* an authenticated peer that says nothing */
#define LIMITS_OUTPUT_MAX (8u << 20)    /* bytes queued for a peer that does not read */
#define LIMITS_CASELOAD_MAX 65536       /* scopes (cases and clients) in a caseload */
#define LIMITS_EPOCHS_MAX 127           /* epochs of a device */
#define LIMITS_FORKS_MAX 1024           /* `fork` records of a device that give no epoch */
#define LIMITS_EVIDENCE_MAX (64u << 20) /* what the office keeps of a device's forks */

#endif
