/* What the office answers to each message of a laptop (docs/PROTOCOL.md). peer.c has the life of the link. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "backup.h"
#include "clock.h"
#include "commit.h"
#include "cover.h"
#include "deal.h"
#include "fork.h"
#include "lease.h"
#include "officers.h"
#include "peer_private.h"
#include "quota.h"
#include "recovery.h"
#include "schema.h"
#include "session.h"

/* --- hello --- */

/* Packs the pairs of recovery officers as a welcome carries them, unless the laptop has these. */
static int pack_officers(struct central *c, const struct message_hello *hello, uint8_t *out, struct message_welcome *w,
                         struct error *e)
{
    struct keyfile_pair pairs[KEYFILE_PAIRS_MAX];
    uint8_t digest[32];
    size_t count = 0;
    int code = recovery_pairs(c, pairs, &count, e);
    if (code != 0)
        return code;
    officers_digest(pairs, count, digest);
    w->has_recovery = memcmp(digest, hello->officers, sizeof digest) != 0;
    for (size_t i = 0; w->has_recovery && i < count; i++)
        officers_pack(&pairs[i], out + i * OFFICERS_PAIR_BYTES);
    w->recovery = (struct slice){out, w->has_recovery ? count * OFFICERS_PAIR_BYTES : 0};
    return 0;
}

/* Fills in the proof that our log continues what the laptop has seen, or the announcement of a set-back in its stead;
 * the journal says if it does not continue. */
static int tell_log(struct peer *p, const struct message_hello *hello, struct message_welcome *w, void **memory,
                    struct error *e)
{
    struct central *c = p->server->central;
    enum backup_verdict verdict;
    int code = backup_tell(c, hello, w, &verdict, memory, e);
    if (code != 0 || verdict == BACKUP_CONTINUES)
        return code;
    if (verdict == BACKUP_ANNOUNCED)
        peer_say(p, "is told that the office was put back; it had seen a log of %llu entries",
                 (unsigned long long)hello->checkpoint_size);
    else
        peer_say(p,
                 "has seen a log of %llu entries that this one (%llu) does not continue; if this office was "
                 "put back from a backup, run `satcheld restored` on it",
                 (unsigned long long)hello->checkpoint_size, (unsigned long long)c->checkpoint_size);
    return 0;
}

static int answer_hello(struct peer *p, const struct message_hello *hello, struct error *e)
{
    struct central *c = p->server->central;
    struct message m = {.type = MESSAGE_WELCOME};
    struct message_welcome *w = &m.as.welcome;
    uint8_t officers[KEYFILE_PAIRS_MAX * OFFICERS_PAIR_BYTES];
    struct lease lease;
    void *memory = NULL;
    struct error why = {0, ""};
    int code, known, given = device_was_given(c->db, &p->device.device, hello->end.epoch, e);
    if (cover_end(c, &why) != 0)
        peer_say(p, "is answered, though a cover whose last day has gone by could not be ended: %s", why.text);
    if (given < 0)
        return error_code(e);
    p->x->epoch = p->x->claim.epoch = hello->end.epoch;
    /* The office has nothing of an epoch that it never gave. The answer then names the end in another epoch, and the
     * laptop sees from it that it has to ask for a new one. */
    if ((code = log_chain_end(c->db, &p->device.device, given ? p->x->epoch : p->device.epoch, &w->have, e)) != 0)
        return code;
    p->device.epoch = p->x->epoch;
    w->checkpoint = (struct slice){(const uint8_t *)c->checkpoint, strlen(c->checkpoint)};
    w->schema_version = (uint64_t)schema_version();
    w->office_ms = clock_wall();
    w->revoked = p->device.revoked;
    w->wipe = p->device.wipe;
    memcpy(w->seal_key, c->seal_public, sizeof w->seal_key);
    if ((code = lease_of(c, &p->device.device, p->device.revoked, w->office_ms, &lease, e)) != 0 ||
        (code = pack_officers(c, hello, officers, w, e)) != 0)
        return code;
    memcpy(w->lease_secret, lease.secret, sizeof w->lease_secret);
    w->lease_until_ms = lease.until_ms;
    if ((known = deal_remembers(c, &p->device, hello->caseload_digest, e)) < 0)
        return e->code;
    p->x->remembers = known;
    w->want_caseload = !known;
    p->x->checkpoint_size = c->checkpoint_size;
    if ((code = tell_log(p, hello, w, &memory, e)) == 0)
        code = session_send(p->x->session, &m, e);
    sodium_memzero(&lease, sizeof lease);
    free(memory);
    return code;
}

/* --- resume --- */

/* The laptop would go on where an earlier link broke. */
static int answer_resume(struct peer *p, const struct message_resume *m, struct error *e)
{
    uint64_t now = uv_now(&p->server->loop);
    struct exchange *parked = exchange_unpark(p->server, &p->device.device, now);
    int taken, current = parked == NULL ? 0 : exchange_is_current(parked, &p->device, e);
    pace_spend(&p->server->pace, &p->device.device, PACE_RESUMING, now);
    taken = current < 0 ? -1 : session_take_up(p->x->session, current ? parked->session : NULL, m, e);
    if (taken == 1) {
        session_free(parked->session);
        parked->session = p->x->session;
        parked->peer = p;
        p->x->session = NULL;
        exchange_free(p->x);
        p->x = parked;
    } else {
        exchange_free(parked);
    }
    return taken < 0 ? error_code(e) : 0;
}

/* --- pull --- */

static int answer_pull(struct peer *p, const struct message_pull *m, struct error *e)
{
    struct message answer = {.type = MESSAGE_ENTRIES};
    struct deal_memory memory;
    int code;
    if (p->device.revoked)
        return error_set(e, E_REFUSED,
                         "this laptop, or its user, has been disabled; what it sent is held at the office");
    pace_spend(&p->server->pace, &p->device.device, !p->x->has_deal || p->x->deal.done ? PACE_BEGINNING : 0,
               uv_now(&p->server->loop));
    if ((code = exchange_deal(p->x, m, &answer.as.entries, &memory, e)) != 0)
        return code;
    pace_spend(&p->server->pace, &p->device.device, answer.as.entries.batch.size, uv_now(&p->server->loop));
    if ((code = deal_witness(p->server->central, p->x->checkpoint_size, &answer.as.entries, e)) == 0)
        code = session_send(p->x->session, &answer, e);
    p->x->checkpoint_size = p->server->central->checkpoint_size;
    deal_release(&memory);
    return code;
}

/* --- fork, enrol --- */

/* The laptop has handed over all of a fork. epoch 0: it gets none. */
static void end_fork(struct peer *p, uint64_t epoch)
{
    if (epoch == 0)
        peer_say(
            p,
            "its store was copied or put back, and it is shut out: %llu changes are kept as evidence, and it gets no "
            "new epoch; `satcheld fork list` shows it",
            (unsigned long long)p->x->claim.count);
    else
        peer_say(p,
                 "its store was copied or put back (a fork in epoch %llu): %llu changes are kept as evidence, it "
                 "goes on in epoch %llu; `satcheld fork list` shows it",
                 (unsigned long long)p->x->epoch, (unsigned long long)p->x->claim.count, (unsigned long long)epoch);
    p->x->epoch = epoch != 0 ? epoch : p->x->epoch;
    p->x->claim = (struct fork_claim){.epoch = p->x->epoch};
}

/* Takes a batch of a fork. The evidence and the new epoch are on the disk before the laptop is answered. */
static int answer_fork(struct peer *p, const struct message_fork *m, struct error *e)
{
    struct central *c = p->server->central;
    struct message answer = {.type = MESSAGE_EPOCH};
    int code = central_begin(c, e);
    if (code != 0)
        return code;
    if (m->batch.size != 0)
        code = fork_take_next(c, &p->device, &p->x->claim, &(struct message_push){m->head, m->batch}, e);
    /* A laptop that is shut out gets no epoch: what it wrote is kept as evidence, and named in the log. */
    if (code == 0 && m->last)
        code = p->device.revoked ? fork_log(c, &p->device, &p->x->claim, e)
                                 : fork_close(c, &p->device, &p->x->claim, &answer.as.epoch.epoch, e);
    if ((code = central_end(c, code, e)) != 0)
        return code;
    answer.as.epoch.common = p->x->claim.common;
    if (m->last)
        end_fork(p, answer.as.epoch.epoch);
    return session_send(p->x->session, &answer, e);
}

static int answer_enrol(struct peer *p, const struct message_enrol *m, struct error *e)
{
    struct message answer = {.type = MESSAGE_ENROLLED};
    struct admit_answer admitted;
    char name[ID_TEXT];
    int code = admit_enrol(p->server->central, &p->ticket, m, p->noise_key, &admitted, e);
    if (code != 0)
        return code;
    p->is_stranger = 0;
    id_format(&admitted.message.device, name);
    server_say(p->server, "device %s: enrolled", name);
    answer.as.enrolled = admitted.message;
    return session_send(p->x->session, &answer, e);
}

/* --- push --- */

int peer_answer_push(struct exchange *x, const struct receive_result *result, struct error *e)
{
    struct message answer = {.type = MESSAGE_PUSHED};
    struct pack memory;
    int code = receive_answer(x->server->central, result, x->checkpoint_size, &answer.as.pushed, &memory, e);
    if (code == 0)
        code = session_send(x->session, &answer, e);
    x->checkpoint_size = x->server->central->checkpoint_size;
    pack_free(&memory);
    return code;
}

/* --- what the laptop says --- */

int peer_answer(struct peer *p, const struct message *m, struct error *e)
{
    int code;
    /* Load the device anew: a laptop or user that was disabled during a session is disabled from the next message on.
     */
    if (p->known && ((code = device_by_link(p->server->central->db, p->noise_key, &p->device, e)) != 0 ||
                     (code = quota_check_link(p->server->central, &p->device, e)) != 0))
        return code;
    if (p->x->epoch != 0)
        p->device.epoch = p->x->epoch;
    if (m->type == MESSAGE_RESUME)
        return answer_resume(p, &m->as.resume, e);
    p->x->device = p->device;
    switch (m->type) {
    case MESSAGE_HELLO:
        exchange_free(exchange_unpark(p->server, &p->device.device, uv_now(&p->server->loop)));
        return answer_hello(p, &m->as.hello, e);
    case MESSAGE_PUSH:
        code = commit_queue(p->server, p->x, &p->device, &m->as.push, p->x->has_deal ? &p->x->deal : NULL, e);
        p->x->waits_for_commit = code == 0;
        return code;
    case MESSAGE_PULL:
        return answer_pull(p, &m->as.pull, e);
    case MESSAGE_FORK:
        return answer_fork(p, &m->as.fork, e);
    case MESSAGE_ENROL:
        return answer_enrol(p, &m->as.enrol, e);
    case MESSAGE_FAIL:
        /* The journal gets the code and not the sentence, which may quote what a person wrote. */
        peer_say(p, "gave the sync up (%.*s)", (int)m->as.fail.code.size, (const char *)m->as.fail.code.p);
        return 0;
    default:
        return error_set(e, E_PEER, "the laptop said what only an office says");
    }
}
