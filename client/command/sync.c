/* `satchel sync`: hello and welcome; then the queued changes go out in batches, each of which leaves the queue when its
 * proof has come; then the caseload comes in, in batches; then a receipt goes out. The effect of each message is one
 * transaction, so that a link that breaks at any byte loses nothing, and the next sync goes on where this one stopped.
 *
 * The store is open to write for a transaction and for what is read with it, and closed while the sync waits for the
 * network (expect), so that a person can write meanwhile. What was written then goes out before the last pull
 * (pull_all). No other sync runs beside (sync_lock.h). Only two things hold the store throughout: handing over a fork,
 * and a wipe. */
#include "command.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "apply.h"
#include "clock.h"
#include "queue.h"
#include "record.h"
#include "reissue.h"
#include "renewal.h"
#include "schema.h"
#include "setback.h"
#include "skew.h"
#include "store.h"
#include "store_event.h"
#include "sync_lock.h"
#include "sync_told.h"
#include "unfinished.h"
#include "wipe.h"
#include "wire.h"

#define ROUNDS_MAX 4u /* pulls during which somebody may write */
#define COUNT_MS 500  /* to count what is queued, if the link broke */
#define BEGIN_MAX 3u  /* sessions that the office forgets in one sync */

struct sync {
    struct cli *cli;
    struct store *store;
    struct wire *wire;
    struct sync_told did; /* what this sync has done so far */
    int want_caseload, revoked, wipe, shows_progress;
    int handed_over; /* the office has what was unsent as evidence, and gives no new epoch: this laptop is shut out */
    int forked;      /* the office has something else of our epoch than we have */
    int holds;       /* the store stays open to write while this sync waits */
    int deal_open;   /* the first pull of a deal was said, and its last batch has not come */
    int owes;        /* an earlier sync, with which this one goes on, took something for which no receipt went out */
    size_t room;     /* bytes of the next batch each way (unfinished.h) */
    unsigned breaks; /* of the link, so far */
    struct error renewal; /* why lease or officers could not be kept; code 0: they are */
    uint64_t started_ms;
};

/* --- words on the way --- */

static void progress(struct sync *s)
{
    if (s->shows_progress && clock_wall() - s->started_ms > 1000) {
        fprintf(s->cli->err, "\r%llu changes sent, %llu received ", (unsigned long long)s->did.sent,
                (unsigned long long)s->did.got.entries);
        (void)fflush(s->cli->err);
    }
}

static void end_progress(struct sync *s)
{
    if (s->shows_progress && clock_wall() - s->started_ms > 1000)
        fputs("\r\033[K", s->cli->err);
    s->shows_progress = 0;
}

static void warn(struct sync *s, const char *words)
{
    end_progress(s);
    fprintf(s->cli->err, "%s\n", words);
}

/* Tells the person at once if the clocks differ. Nothing is decided by a clock. */
static void check_clock(struct sync *s, uint64_t office_ms)
{
    int64_t off = skew_of(office_ms);
    char words[SKEW_WORDS];
    if (off == 0)
        return;
    s->did.skew_ms = (uint64_t)(off < 0 ? -off : off);
    skew_words(off, office_ms, words);
    warn(s, words);
}

/* --- meeting --- */

static int say_hello(struct sync *s, struct error *e)
{
    struct message m = {.type = MESSAGE_HELLO};
    struct message_hello *h = &m.as.hello;
    uint8_t known[MESSAGE_SET_BACKS_MAX * CHANGE_HASH_BYTES];
    struct unsent_seen seen;
    struct id *scopes;
    size_t count;
    int code;
    h->set_backs.p = known;
    if ((code = unsent_seen(s->store->db, &seen, e)) != 0 ||
        (code = setback_known(s->store->db, known, &h->set_backs.size, e)) != 0 ||
        (code = db_meta_get_uint(s->store->db, "pull_cursor", &h->cursor, e)) != 0 ||
        (code = apply_scopes(s->store->db, &scopes, &count, e)) != 0)
        return code;
    h->end = s->store->author.chain;
    message_caseload_digest(scopes, count, h->caseload_digest);
    free(scopes);
    h->checkpoint_size = seen.size;
    h->checkpoint_root = seen.root;
    h->wall_ms = clock_wall();
    renewal_officers_digest(s->store->folder, h->officers);
    return wire_send(s->wire, &m, e);
}

/* Receives a message of one type, and lets others write until it is there. The session refuses what comes out of turn;
 * this only names it. */
static int expect(struct sync *s, enum message_type type, struct message *m, struct error *e)
{
    int code;
    if (!s->holds)
        store_let_go(s->store);
    if ((code = wire_receive(s->wire, m, e)) != 0)
        return code;
    if (m->type != type)
        return error_set(e, E_PEER, "the office answers out of turn (message %d)", (int)m->type);
    return store_take(s->store, STORE_TAKE_MS, e);
}

/* Says the end, and lets others write until the office has said its own. */
static void say_end(struct sync *s)
{
    if (!s->holds)
        store_let_go(s->store);
    wire_end(s->wire);
}

/* Tells the person, loudly, that the office was put back from a backup, and writes it down in this laptop's own signed
 * words. */
static int tell_set_back(struct sync *s, struct error *e)
{
    char words[SYNC_SET_BACK_WORDS], hash[2 * CHANGE_HASH_BYTES + 1];
    struct event event = {.what = "set back",
                          .at_ms = clock_wall(),
                          .count = s->did.back.size,
                          .checkpoint = s->did.back.statement[0] != 0 ? s->did.back.statement : NULL,
                          .announcement = hash};
    int code;
    sodium_bin2hex(hash, sizeof hash, s->did.back.hash, sizeof s->did.back.hash);
    if ((code = store_event_add(s->store->db, &s->store->author, &event, e)) != 0)
        return code;
    sync_set_back_words(&s->did.back, words);
    warn(s, words);
    s->want_caseload = 1; /* everything is dealt anew, whatever the office remembers */
    return 0;
}

/* Checks the welcome and stores its checkpoint before anything is answered: this laptop is a witness. */
static int keep_welcome(struct sync *s, const struct message_welcome *m, struct error *e)
{
    struct store *store = s->store;
    struct queue queue = {store->db, &store->author.chain, &store->office_key};
    int code = store_begin(store, e);
    if (code != 0)
        return code;
    if ((code = setback_follow(store->db, &store->author, &store->office_key, m, &s->did.back, e)) == 0 &&
        (code = queue_welcome(&queue, m, &s->forked, e)) == 0 &&
        (code = skew_keep(store->db, &store->author, m->office_ms, e)) == 0 &&
        (code = db_meta_set(store->db, "seal_key", m->seal_key, sizeof m->seal_key, e)) == 0 && s->did.back.found)
        code = tell_set_back(s, e);
    if (code != 0) {
        store_rollback(store);
        return code;
    }
    return store_commit(store, e);
}

static int hear_welcome(struct sync *s, struct error *e)
{
    struct message m;
    int code = expect(s, MESSAGE_WELCOME, &m, e);
    if (code != 0)
        return code;
    check_clock(s, m.as.welcome.office_ms);
    if (m.as.welcome.schema_version > (uint64_t)schema_version())
        warn(s, "the office works with a newer Satchel: what this one does not know it keeps, and shows as newer than "
                "this program; update satchel");
    else if (m.as.welcome.schema_version < (uint64_t)schema_version())
        warn(s, "the office works with an older Satchel: what that one does not know it keeps and passes on unchecked; "
                "tell the office to update it");
    s->want_caseload = m.as.welcome.want_caseload;
    s->revoked = m.as.welcome.revoked;
    s->wipe = m.as.welcome.wipe;
    /* An error with lease or officers must not stop unsent work from going out: it is told after that. */
    if (renewal_keep(s->store, m.as.welcome.lease_secret, m.as.welcome.lease_until_ms, m.as.welcome.office_ms,
                     &s->renewal) == 0 &&
        m.as.welcome.has_recovery)
        (void)renewal_officers(s->store, m.as.welcome.recovery, &s->renewal);
    sodium_memzero(m.as.welcome.lease_secret, sizeof m.as.welcome.lease_secret);
    return keep_welcome(s, &m.as.welcome, e);
}

static int meet(struct sync *s, struct error *e)
{
    int code = say_hello(s, e);
    return code != 0 ? code : hear_welcome(s, e);
}

/* The store was copied, or an older copy of it was put back: takes what is queued into a new epoch, and tells the
 * person at once. */
static int begin_epoch(struct sync *s, struct error *e)
{
    char words[600], count[64];
    struct reissue_done done;
    int code;
    s->holds = 1; /* what is handed over is all that is queued, and has one end */
    code = reissue_ask(s->store, s->wire, s->room, &done, e);
    s->holds = 0;
    s->handed_over = done.handed_over;
    if (code != 0)
        return code;
    s->did.reissued = done.typed;
    s->did.new_epoch = s->store->author.chain.epoch;
    s->want_caseload = 1; /* nothing counts as whole here any more */
    (void)snprintf(words, sizeof words,
                   "this laptop's store was copied, or an old copy was put back: the office has other changes of this "
                   "laptop than this store. Nothing is lost: %s written once more, what the office has is fetched, and "
                   "both versions are kept as evidence. If you do not know of a copy of this laptop's disk, tell the "
                   "office",
                   cli_count(s->did.reissued, "change that it had not got was", "changes that it had not got were",
                             count, sizeof count));
    warn(s, words);
    (void)outbox_warn(s->store->folder, s->cli->err);
    return 0;
}

/* Measures the next piece by how this one came through. */
static void measure_piece(struct sync *s)
{
    unsigned breaks = wire_breaks(s->wire);
    s->room = unfinished_next_room(s->room, breaks - s->breaks);
    s->breaks = breaks;
}

/* --- out --- */

/* The answer to a push of this batch, in the epoch of `from`. */
static int hear_pushed(struct sync *s, const struct chain *from, const struct unsent_batch *batch, struct error *e)
{
    struct message m;
    struct store *store = s->store;
    struct queue queue = {NULL, from, &store->office_key};
    uint64_t before = 0, after = 0;
    size_t held = 0;
    int code;
    if ((code = expect(s, MESSAGE_PUSHED, &m, e)) != 0 || (code = store_begin(store, e)) != 0)
        return code;
    queue.db = store->db;
    if ((code = unsent_count(store->db, &before, e)) != 0 ||
        (code = queue_pushed(&queue, batch, &m.as.pushed, &held, e)) != 0 ||
        (code = unsent_count(store->db, &after, e)) != 0) {
        store_rollback(store);
        return code;
    }
    if ((code = store_commit(store, e)) != 0)
        return code;
    s->did.held += held;
    s->did.sent += before - after;
    return 0;
}

static int push_batch(struct sync *s, const struct chain *from, const struct unsent_batch *batch, struct error *e)
{
    struct message m = {.type = MESSAGE_PUSH};
    int code;
    m.as.push.head = (struct slice){batch->head, batch->head_bytes};
    m.as.push.batch = batch->bytes;
    if ((code = wire_send(s->wire, &m, e)) == 0)
        code = hear_pushed(s, from, batch, e);
    measure_piece(s);
    progress(s);
    return code;
}

/* Sends until nothing is queued. When it is done the store is open to write still, so that nothing comes between. */
static int push_all(struct sync *s, struct error *e)
{
    struct store *store = s->store;
    int code;
    for (;;) {
        struct chain from = store->author.chain;
        struct unsent_batch batch;
        if ((code = unsent_oldest(store->db, &store->author.chain, 0, &from.epoch, e)) != 0 ||
            (code = unsent_take(store->db, &(struct unsent_from){&from, store->sign_secret, 0, s->room}, &batch, e)) !=
                0)
            return code;
        if (batch.count == 0)
            return 0;
        code = push_batch(s, &from, &batch, e);
        unsent_free(&batch);
        if (code != 0)
            return code;
    }
}

/* --- in --- */

/* 1: this sync did something that the office should have a receipt for. An earlier receipt that went out is not. */
static int owes_receipt(const struct sync *s)
{
    return s->did.sent != 0 || s->did.got.entries != 0 || s->did.got.arrived != 0 || s->did.got.purged != 0 ||
           s->want_caseload || s->owes || !s->did.got.agrees || s->did.got.rebuilt;
}

static int apply(struct sync *s, const struct message_entries *m, struct error *e)
{
    struct store *store = s->store;
    int code = store_begin(store, e);
    if (code != 0)
        return code;
    if ((code = apply_entries(store->db, &store->author, &store->office_key, m, &s->did.got, e)) == 0 &&
        s->did.got.done && owes_receipt(s))
        code = apply_receipt(store->db, &store->author, &s->did.got, e);
    if (code == 0 && s->did.got.done)
        code = db_meta_set_uint(store->db, "last_sync", clock_wall(), e);
    if (code != 0) {
        store_rollback(store);
        return code;
    }
    return store_commit(store, e);
}

static int hear_entries(struct sync *s, struct error *e)
{
    struct message m;
    int code = expect(s, MESSAGE_ENTRIES, &m, e);
    if (code == 0)
        code = apply(s, &m.as.entries, e);
    if (code == 0 && (s->did.got.done || s->did.got.waits))
        s->deal_open = 0;
    measure_piece(s);
    progress(s);
    return code;
}

/* Asks for the next batch. The first pull of a deal lists the caseload, if the office wants it. */
static int ask_for_entries(struct sync *s, struct error *e)
{
    struct message m = {.type = MESSAGE_PULL};
    struct id *scopes = NULL;
    size_t count = 0;
    int code = db_meta_get_uint(s->store->db, "pull_cursor", &m.as.pull.cursor, e);
    m.as.pull.credit = s->room;
    m.as.pull.has_caseload = !s->deal_open && s->want_caseload;
    if (code == 0 && m.as.pull.has_caseload && (code = apply_scopes(s->store->db, &scopes, &count, e)) == 0)
        m.as.pull.caseload = (struct slice){(const uint8_t *)scopes, count * sizeof *scopes};
    if (code == 0)
        code = wire_send(s->wire, &m, e);
    free(scopes);
    s->deal_open |= code == 0;
    return code;
}

/* Pulls one deal to its end, or the rest of one. */
static int pull_deal(struct sync *s, struct error *e)
{
    int code = s->deal_open ? 0 : apply_restart(s->store->db, e);
    s->did.got.waits = 0;
    while (code == 0 && !s->did.got.done && !s->did.got.waits)
        if ((code = ask_for_entries(s, e)) == 0)
            code = hear_entries(s, e);
    return code;
}

/* Pulls; and if a change was written here meanwhile, which the office's digest cannot be of, sends it and pulls once
 * more. Who writes without a pause does not keep a sync from its end. */
static int pull_all(struct sync *s, struct error *e)
{
    int code;
    for (unsigned round = 1; (code = pull_deal(s, e)) == 0 && s->did.got.waits; round++) {
        s->want_caseload = 1; /* what could not be let go of, or be replaced, is not whole */
        s->holds = round >= ROUNDS_MAX;
        if ((code = push_all(s, e)) != 0)
            break;
    }
    s->holds = 0;
    return code;
}

/* --- the end --- */

/* Wipes this laptop, when everything unsent is at the office. Keys and store go first; only then is the receipt true
 * that is signed in memory and sent. */
static int wipe(struct sync *s, struct error *e)
{
    struct event event = {.what = "wiped", .at_ms = clock_wall()};
    struct error why = {0, ""};
    uint64_t sent = s->did.sent;
    char count[64];
    int code, was;
    s->holds = 1; /* push_all found nothing queued, and holds the store since */
    code = wipe_folder(s->store->folder, e);
    (void)agent_stop(s->store->folder, &was, NULL);
    if (code != 0)
        return code;
    if ((code = store_event_write(s->store, &event, &why)) == 0 && (code = push_all(s, &why)) == 0)
        wire_end(s->wire);
    /* Writing the event may have made a file anew. */
    (void)wipe_folder(s->store->folder, NULL);
    return error_set(
        e, E_REFUSED,
        "the office has ordered that this laptop is wiped: %s sent and received there, then keys and store were "
        "destroyed; %s",
        cli_count(sent, "change was", "changes were", count, sizeof count),
        code == 0 ? "the office has this laptop's signed receipt" : "the receipt could not be sent: tell the office");
}

/* Takes the answer that was due when an earlier sync broke off. */
static int go_on(struct sync *s, const struct unfinished *left, struct error *e)
{
    struct chain from = s->store->author.chain;
    struct unsent_batch batch;
    struct message said;
    int code = wire_pending(s->wire, &said, e);
    if (code != 0)
        return code;
    s->want_caseload = (left->flags & UNFINISHED_WANTS_CASELOAD) != 0;
    s->revoked = (left->flags & UNFINISHED_REVOKED) != 0;
    s->deal_open = (left->flags & UNFINISHED_DEAL) != 0;
    s->owes = (left->flags & UNFINISHED_RECEIPT) != 0;
    if (said.type == MESSAGE_HELLO)
        return hear_welcome(s, e);
    if (said.type == MESSAGE_PUSH) {
        if ((code = unfinished_batch(&said.as.push, &batch, e)) != 0)
            return code;
        from.epoch = batch.epoch;
        return hear_pushed(s, &from, &batch, e);
    }
    code = hear_entries(s, e);
    s->want_caseload |= s->did.got.waits; /* as in pull_all */
    return code;
}

/* left: what an earlier sync left, and the office goes on with; NULL: this one begins. */
static int talk(struct sync *s, const struct unfinished *left, struct error *e)
{
    int code = left != NULL ? go_on(s, left, e) : meet(s, e);
    if (code != 0)
        return code;
    if ((s->forked || s->store->put_back) && (code = begin_epoch(s, e)) != 0)
        return s->wipe && s->handed_over ? wipe(s, e) : code;
    if ((code = push_all(s, e)) != 0)
        return code;
    if (s->wipe)
        return wipe(s, e);
    if (s->revoked) {
        char count[64];
        say_end(s);
        return error_set(
            e, E_REFUSED,
            "the office has disabled this laptop or its user and sends it nothing any more; %s sent now and "
            "received there, nothing typed is lost: talk to the office",
            cli_count(s->did.sent, "change was", "changes were", count, sizeof count));
    }
    if (s->renewal.code != 0) {
        say_end(s);
        return error_set(e, s->renewal.code, "what was unsent is sent, and nothing else was done: %s", s->renewal.text);
    }
    if ((code = pull_all(s, e)) != 0 || (code = push_all(s, e)) != 0)
        return code;
    say_end(s);
    return 0;
}

/* Keeps what another sync can go on with, after the link broke. 1: it is kept. */
static int keep_unfinished(struct sync *s)
{
    unsigned flags = (s->want_caseload ? UNFINISHED_WANTS_CASELOAD : 0) | (s->revoked ? UNFINISHED_REVOKED : 0) |
                     (s->deal_open ? UNFINISHED_DEAL : 0) | (owes_receipt(s) ? UNFINISHED_RECEIPT : 0);
    if (s->wire == NULL || s->wipe || s->renewal.code != 0 || s->store->put_back)
        return 0;
    (void)unfinished_keep_room(s->store->db, unfinished_next_room(s->room, 1), NULL);
    return unfinished_keep(s->store->db, &s->store->author.chain, s->wire, flags) == 0;
}

/* Adds to an error of the link how many changes are queued, and that they are safe. */
static int add_queued(struct sync *s, struct error *e)
{
    struct error why = *e;
    uint64_t queued;
    char count[64];
    int kept;
    if (s->store == NULL || why.code != E_NET || (s->store->db == NULL && store_take(s->store, COUNT_MS, NULL) != 0) ||
        unsent_count(s->store->db, &queued, NULL) != 0)
        return why.code;
    kept = keep_unfinished(s);
    cli_count(queued, "change is", "changes are", count, sizeof count);
    if (s->wire == NULL)
        return error_set(e, E_NET, "%s; your changes are kept: %llu queued", why.text, (unsigned long long)queued);
    return error_set(e, E_NET, "%s; %s queued; run `satchel sync` again%s", why.text, count,
                     kept ? ": it goes on from where this one stopped" : "");
}

/* The office is there: from now on this sync writes. Until then the store is only read, so that a person can write a
 * note while nobody answers. What an earlier sync left is taken up now, or is of no use any more. */
static int take_writer(struct sync *s, struct error *e)
{
    int code;
    store_close(s->store);
    if ((code = store_open(&s->store, e)) != 0)
        return code;
    if ((code = unfinished_forget(s->store->db, e)) != 0)
        return code;
    seen_begin(&s->store->seen, s->cli->json);
    return own_conflicts_load(s->store->db, &s->store->user, &s->did.owned, e);
}

/* Talks to the office; and once more from the beginning, if the link broke and the office does not know any more what
 * they were at. */
static int talk_to_the_end(struct sync *s, const struct unfinished *left, struct error *e)
{
    int code = talk(s, wire_goes_on(s->wire) ? left : NULL, e);
    for (unsigned i = 1; i < BEGIN_MAX && code == E_NET && !s->wipe && wire_begins_anew(s->wire); i++) {
        s->deal_open = s->holds = s->did.got.done = 0;
        if ((code = store_take(s->store, STORE_TAKE_MS, e)) == 0)
            code = talk(s, NULL, e);
    }
    return code;
}

static int run(struct sync *s, const struct wire_options *options, const struct unfinished *left, int *waiting,
               struct error *e)
{
    struct wire_options anew = *options;
    int code = wire_open(&s->wire, options, e);
    if (code == E_VERIFY && left->session != NULL) {
        anew.unfinished.size = 0; /* the office has another beginning: another copy of this store went on */
        code = wire_open(&s->wire, &anew, e);
    }
    if (code == 0)
        code = take_writer(s, e);
    if (code == 0 && (code = talk_to_the_end(s, left, e)) != 0 && code != E_NET && !s->wipe) {
        store_let_go(s->store);
        wire_fail(s->wire, e);
    }
    end_progress(s);
    if (code != 0) {
        code = add_queued(s, e);
    } else {
        /* An error is one JSON value of its own. */
        struct error why = {0, ""};
        int differs = sync_check_agreement(&s->did, &why);
        if ((code = store_take(s->store, STORE_TAKE_MS, e)) == 0 &&
            (code = unfinished_keep_room(s->store->db, s->room, e)) == 0 && (differs == 0 || !s->cli->json))
            code = sync_tell(s->store, s->cli, &s->did, waiting, e);
        if (differs != 0 && code == 0)
            code = error_set(e, differs, "%s", why.text);
    }
    wire_close(s->wire);
    return code;
}

/* Remembers the address at which the office was met, if it is another than the one that this laptop knew. */
static int remember_address(struct cli *cli, struct store *store, const struct wire_options *wire, struct error *e)
{
    int code;
    if (strcmp(wire->host, store->office_host) == 0 && wire->port == store->office_port)
        return 0;
    if ((code = store_begin(store, e)) != 0)
        return code;
    if ((code = db_meta_set_text(store->db, "office_host", wire->host, e)) != 0 ||
        (code = db_meta_set_uint(store->db, "office_port", wire->port, e)) != 0) {
        store_rollback(store);
        return code;
    }
    if ((code = store_commit(store, e)) != 0 || (code = renewal_moved(store->folder, wire->host, wire->port, e)) != 0)
        return code;
    fprintf(cli->err, "from now on this laptop looks for the office at %s, port %u\n", wire->host, wire->port);
    return 0;
}

static int sync_store(struct usage_call *call, struct error *e)
{
    const char *host = usage_text(call, "host");
    struct cli *cli = call->cli;
    struct sync s = {.cli = cli, .started_ms = clock_wall()};
    struct unfinished left = {NULL, 0, 0};
    struct wire_options wire = {.mode = LINK_SYNC, .break_after = usage_number(call, "break-after", 0)};
    unsigned port = (unsigned)usage_number(call, "port", 0);
    struct error why = {0, ""};
    char known[sizeof s.store->office_host];
    int code, lock = -1;
    if ((code = store_open_reading(&s.store, e)) != 0)
        return code;
    if ((code = sync_lock_take(s.store->folder, &lock, e)) != 0) {
        store_close(s.store);
        return code;
    }
    (void)snprintf(known, sizeof known, "%s", s.store->office_host); /* the store is opened anew on the way */
    wire.host = host != NULL ? host : known;
    wire.port = port != 0 ? port : s.store->office_port;
    wire.noise_secret = s.store->noise_secret;
    wire.office_noise = s.store->office_noise;
    wire.goes_on = 1;
    s.room = unfinished_room(s.store->db);
    s.shows_progress = !cli->json && cli->err == stderr && isatty(STDERR_FILENO);
    if ((code = renewal_check_office(s.store, e)) == 0 && !s.store->put_back)
        code = unfinished_load(s.store->db, &s.store->author.chain, &left, e);
    wire.unfinished = (struct slice){left.session, left.size};
    if (code == 0)
        code = run(&s, &wire, &left, &call->waiting, e);
    unfinished_free(&left);
    if (code == 0)
        code = remember_address(cli, s.store, &wire, e);
    if (s.store != NULL && s.store->db != NULL && cli_is_out(cli))
        (void)seen_keep(&s.store->seen, &why);
    own_conflicts_free(&s.did.owned);
    store_close(s.store);
    sync_lock_free(lock);
    return code != 0 ? error_code(e) : 0;
}

const struct command command_sync = {
    .usage = {.name = "sync",
              .options = {{.name = "host",
                           .value = "HOST",
                           .help = "another address of the same office; it is remembered if the office answers there"},
                          {.name = "port",
                           .value = "PORT",
                           .help = "another port of the same office; it is remembered too",
                           .min = 1,
                           .max = 65535},
                          {.name = "break-after",
                           .value = "BYTES",
                           .help = "for drills: break the link after so many bytes have come",
                           .min = 1,
                           .max = INT64_MAX}},
              .help = "send what is queued, and fetch the caseload",
              .example = "satchel sync"},
    .run = sync_store,
};
