/* Forks: taking a claim, its evidence, and the record of it in the log.
 *
 *   state    what struct fork_claim says       what it means
 *   empty    count = 0, common = 0             an epoch is named and nothing has come yet
 *   taking   count or common is not 0          batches are coming; what the log does not have is in `evidence`
 *   logged   (a `fork` record, no new_epoch)   the evidence is named in the log; the device gets no epoch for it
 *   closed   (a `fork` record, new_epoch)      the same, and the device goes on in new_epoch
 *
 *   from            to        function         when
 *   empty, taking   taking    fork_take        a batch of the claim's epoch comes
 *   empty, taking   logged    fork_take_next   a batch of another epoch comes: a new claim begins as empty
 *   taking          logged    fork_log         a courier file ends (daemon/task/task_courier.c)
 *   empty, taking   closed    fork_close       the laptop says that it was the last batch (daemon/server/peer_answer.c)
 *
 * Each batch is committed by itself. If the link breaks, the claim is gone and its evidence stays: the laptop hands the
 * same over again, and nothing is kept twice. */
#include "fork.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "log.h"
#include "schema.h"

/* --- evidence --- */

/* 1: the change is kept as evidence; 0: it is not; -1: failed. */
static int is_evidence(struct db *db, const struct id *device, uint64_t epoch, uint64_t seq,
                       const uint8_t hash[CHANGE_HASH_BYTES], struct error *e)
{
    uint64_t found;
    if (db_number_of(db, &found, e,
                     "SELECT count(*) FROM evidence WHERE device = ? AND epoch = ? AND seq = ? AND hash = ?", "duub",
                     device, epoch, seq, (struct slice){hash, CHANGE_HASH_BYTES}) != 0)
        return -1;
    return found != 0;
}

/* What the log has under a change's number. 1: the change of this hash; 2: another one; 0: none; -1: failed. */
static int compare_with_log(struct db *db, const struct id *device, uint64_t epoch, uint64_t seq,
                            const uint8_t hash[CHANGE_HASH_BYTES], struct error *e)
{
    uint8_t there[CHANGE_HASH_BYTES];
    int64_t id = log_find(db, device, epoch, seq, there, e);
    if (id <= 0)
        return (int)id;
    return memcmp(there, hash, sizeof there) == 0 ? 1 : 2;
}

/* E_LIMIT: the device has more evidence than LIMITS_EVIDENCE_MAX. */
static int check_evidence_size(struct db *db, const struct id *device, struct error *e)
{
    uint64_t bytes;
    int code;
    if ((code = db_number_of(db, &bytes, e, "SELECT coalesce(sum(bytes), 0) FROM evidence_size WHERE device = ?", "d",
                             device)) != 0)
        return code;
    return bytes <= LIMITS_EVIDENCE_MAX
               ? 0
               : error_set(e, E_LIMIT,
                           "the office keeps %u MiB of what this laptop wrote beside its chain, and takes no more; "
                           "nothing is lost: keep the laptop as it is and call the office",
                           LIMITS_EVIDENCE_MAX >> 20);
}

static int insert_evidence(struct central *c, const struct change *change, struct error *e)
{
    int code =
        db_run(c->db, e, "INSERT INTO evidence(device, epoch, seq, hash, received, header, body) VALUES(?,?,?,?,?,?,?)",
               "duububb", &change->device, change->epoch, change->seq,
               (struct slice){change->hash, sizeof change->hash}, c->author.wall(), change->header, change->body);
    if (code != 0)
        return code;
    return db_run(
        c->db, e,
        "INSERT INTO evidence_size(device, bytes) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET bytes = bytes + ?2", "du",
        &change->device, (uint64_t)change->header.size + change->body.size);
}

/* Keeps a change that stands beside the chain in the log. One that is kept already stays as it is. */
static int keep_evidence(struct central *c, struct fork_claim *claim, const struct change *change, struct error *e)
{
    int kept = is_evidence(c->db, &change->device, change->epoch, change->seq, change->hash, e), code;
    if (kept < 0)
        return error_code(e);
    if (!kept && (code = insert_evidence(c, change, e)) != 0)
        return code;
    if (claim->count++ == 0)
        claim->first = change->seq;
    claim->last = change->seq;
    memcpy(claim->hash, change->hash, sizeof claim->hash);
    return 0;
}

/* Takes each change of the batch, which must be one chain. */
static int take_changes_beside(struct central *c, struct fork_claim *claim, struct batch_reader *batch,
                               struct chain *chain, struct error *e)
{
    struct batch_item item;
    struct change change;
    int more, there, code;
    while ((more = batch_next(batch, &item, e)) == 1) {
        if ((code = change_read(item.header, item.body, &change, e)) != 0)
            return code;
        if (batch->next == 1) { /* the change before the first may be what was lost, so any will do */
            chain->seq = change.seq - 1;
            memcpy(chain->hash, change.previous, sizeof chain->hash);
        }
        if ((code = chain_follow(chain, &change, e)) != 0)
            return code;
        if ((there = compare_with_log(c->db, &change.device, change.epoch, change.seq, change.hash, e)) < 0)
            return error_code(e);
        if (there == 1)
            claim->common = change.seq;
        else if ((code = keep_evidence(c, claim, &change, e)) != 0)
            return code;
    }
    return more < 0 ? error_code(e) : 0;
}

/* Checks that the head names the end of the chain, and keeps it with that change if the change is evidence. */
static int take_head(struct central *c, const struct chain_head *head, const struct chain *chain,
                     struct slice signed_head, struct error *e)
{
    if (chain->seq != head->end.seq || memcmp(chain->hash, head->end.hash, sizeof chain->hash) != 0)
        return error_set(e, E_VERIFY, "the signed head of this batch does not name its last change");
    return db_run(
        c->db, e,
        "UPDATE evidence SET head = ? WHERE device = ? AND epoch = ? AND seq = ? AND hash = ? AND head IS NULL",
        "bduub", signed_head, &chain->device, chain->epoch, chain->seq,
        (struct slice){chain->hash, sizeof chain->hash});
}

int fork_take(struct central *c, const struct device *device, struct fork_claim *claim, const struct message_push *push,
              struct error *e)
{
    struct fork_claim before = *claim;
    struct batch_reader batch;
    struct chain_head head;
    struct chain chain = {.device = device->device, .epoch = claim->epoch};
    int code;
    if ((code = chain_open(push->head, device->sign_key, &head, e)) != 0)
        return code;
    if (head.end.epoch != claim->epoch)
        return error_set(e, E_VERIFY, "this batch is of epoch %llu, and epoch %llu is handed over",
                         (unsigned long long)head.end.epoch, (unsigned long long)claim->epoch);
    if ((code = db_exec(c->db, "SAVEPOINT claim", e)) != 0)
        return code;
    if ((code = batch_open(&batch, push->batch, 0, e)) == 0 &&
        (code = take_changes_beside(c, claim, &batch, &chain, e)) == 0 &&
        (code = take_head(c, &head, &chain, push->head, e)) == 0)
        code = check_evidence_size(c->db, &device->device, e);
    batch_close(&batch);
    if (code != 0) {
        (void)db_back_to(c->db, "ROLLBACK TO claim", NULL);
        *claim = before;
    }
    (void)db_exec(c->db, "RELEASE claim", NULL);
    return code;
}

/* --- the record of it --- */

/* The epoch to give: the clock's milliseconds, as for the office's own chain (backup.c), since an office that was put
 * back from a backup may have given epochs that it does not know of. If the clock is behind, one above every epoch that
 * is known. */
static int next_epoch(struct central *c, const struct device *device, uint64_t epoch, uint64_t *out, struct error *e)
{
    char hex[DEVICE_HEX];
    uint64_t newest, given, now = c->author.wall();
    int code = device_newest_epoch(c->db, &device->device, &newest, e);
    if (code != 0)
        return code;
    device_hex(&device->device, hex);
    if ((code = db_number_of(c->db, &given, e, "SELECT count(new_epoch) FROM fork WHERE device = ?", "t", hex)) != 0)
        return code;
    if (epoch > newest)
        newest = epoch;
    if (device->epoch > newest)
        newest = device->epoch;
    if (given + 1 >= LIMITS_EPOCHS_MAX || newest >= INT64_MAX)
        return error_set(e, E_LIMIT,
                         "this laptop has had %d epochs, and gets no more; nothing is lost: take out what is unsent "
                         "with `satchel courier out FILE`, and ask the office for a new ticket",
                         LIMITS_EPOCHS_MAX);
    *out = now > newest ? now : newest + 1;
    return 0;
}

/* Writes the `fork` record. new_epoch 0: it gives none. */
static int write_record(struct central *c, const struct device *device, const struct fork_claim *claim,
                        uint64_t new_epoch, struct error *e)
{
    struct id record = id_new(c->author.wall());
    char hex[DEVICE_HEX], hash[2 * CHANGE_HASH_BYTES + 1];
    struct central_field fields[7] = {{"device", .text = hex}, {"epoch", .number = claim->epoch}};
    size_t n = 2;
    device_hex(&device->device, hex);
    sodium_bin2hex(hash, sizeof hash, claim->hash, sizeof claim->hash);
    if (claim->count != 0) {
        fields[n++] = (struct central_field){"first_seq", .number = claim->first};
        fields[n++] = (struct central_field){"last_seq", .number = claim->last};
        fields[n++] = (struct central_field){"hash", .text = hash};
    }
    if (new_epoch != 0)
        fields[n++] = (struct central_field){"new_epoch", .number = new_epoch};
    central_act_as_office(c);
    return central_write_record(c, &(struct central_record){.kind = KIND_FORK, .record = &record, .fields = fields}, e);
}

int fork_close(struct central *c, const struct device *device, const struct fork_claim *claim, uint64_t *new_epoch,
               struct error *e)
{
    uint64_t epoch = 0;
    int code;
    if ((code = next_epoch(c, device, claim->epoch, &epoch, e)) != 0 ||
        (code = write_record(c, device, claim, epoch, e)) != 0)
        return code;
    *new_epoch = epoch;
    return 0;
}

/* 1: a `fork` record names just this already; 0: none does; -1: failed. A laptop that hands over two epochs and is cut
 * off each time before the end hands over the first again and again. */
static int is_logged(struct db *db, const struct device *device, const struct fork_claim *claim, struct error *e)
{
    char hex[DEVICE_HEX], hash[2 * CHANGE_HASH_BYTES + 1];
    device_hex(&device->device, hex);
    sodium_bin2hex(hash, sizeof hash, claim->hash, sizeof claim->hash);
    return db_exists(db, e, "SELECT 1 FROM fork WHERE device = ? AND epoch = ? AND first_seq <= ? AND hash = ?", "tuut",
                     hex, claim->epoch, claim->first, hash);
}

/* E_LIMIT: the device has LIMITS_FORKS_MAX records that give no epoch. */
static int check_record_count(struct db *db, const struct device *device, struct error *e)
{
    char hex[DEVICE_HEX];
    uint64_t found;
    int code;
    device_hex(&device->device, hex);
    if ((code = db_number_of(db, &found, e, "SELECT count(*) FROM fork WHERE device = ? AND new_epoch IS NULL", "t",
                             hex)) != 0)
        return code;
    return found < LIMITS_FORKS_MAX
               ? 0
               : error_set(e, E_LIMIT,
                           "the office has taken what this laptop wrote beside its chain %d times, and takes no more; "
                           "nothing is lost: keep the laptop as it is and call the office",
                           LIMITS_FORKS_MAX);
}

int fork_log(struct central *c, const struct device *device, const struct fork_claim *claim, struct error *e)
{
    int logged = claim->count == 0 ? 1 : is_logged(c->db, device, claim, e), code;
    if (logged != 0)
        return logged < 0 ? error_code(e) : 0;
    if ((code = check_record_count(c->db, device, e)) != 0)
        return code;
    return write_record(c, device, claim, 0, e);
}

int fork_take_next(struct central *c, const struct device *device, struct fork_claim *claim,
                   const struct message_push *push, struct error *e)
{
    struct chain_head head;
    int code = chain_peek(push->head, &head, e);
    if (code != 0)
        return code;
    if (head.end.epoch != claim->epoch) {
        if ((code = fork_log(c, device, claim, e)) != 0)
            return code;
        *claim = (struct fork_claim){.epoch = head.end.epoch};
    }
    return fork_take(c, device, claim, push, e);
}

/* --- comparing with the log --- */

/* 1: the change stands beside the chain in the log, or follows a change that does; 0: it stands on the chain, or behind
 * a gap; -1: failed. */
static int is_change_beside(struct db *db, const struct change *change, struct error *e)
{
    int there = compare_with_log(db, &change->device, change->epoch, change->seq, change->hash, e), before;
    if (there != 0 || change->seq == 1)
        return there < 0 ? -1 : there == 2;
    if ((before = compare_with_log(db, &change->device, change->epoch, change->seq - 1, change->previous, e)) < 0)
        return -1;
    if (before != 0)
        return before == 2;
    return is_evidence(db, &change->device, change->epoch, change->seq - 1, change->previous, e);
}

int fork_is_beside(struct central *c, const struct device *device, uint64_t epoch, struct slice batch, int *beside,
                   struct error *e)
{
    int given = device_was_given(c->db, &device->device, epoch, e), more = 0, code;
    struct batch_reader r;
    struct batch_item item;
    struct change change;
    *beside = !given;
    if (given < 0)
        return error_code(e);
    code = batch_open(&r, batch, 0, e);
    while (code == 0 && !*beside && (more = batch_next(&r, &item, e)) == 1) {
        int found;
        if ((code = change_read_header(item.header, &change, e)) != 0 || !id_equal(&change.device, &device->device))
            break; /* the push will say what is wrong with it */
        if ((found = is_change_beside(c->db, &change, e)) < 0)
            code = error_code(e);
        *beside = found == 1;
    }
    batch_close(&r);
    return more < 0 ? error_code(e) : code;
}

/* --- checking --- */

/* Every epoch in the log was given to its device. The office's own are left out: its set-backs begin them. */
static int check_epochs(struct db *db, struct error *e)
{
    static const char sql[] =
        "SELECT count(*) FROM (SELECT DISTINCT device, epoch FROM entry WHERE epoch > 1 AND device <> ?) told WHERE "
        "NOT EXISTS"
        "(SELECT 1 FROM fork WHERE id_blob(fork.device) = told.device AND fork.new_epoch = told.epoch)";
    struct id office;
    uint64_t strange;
    int code;
    if ((code = db_meta_get(db, "own_device", office.b, sizeof office.b, e)) != 0 ||
        (code = db_number_of(db, &strange, e, sql, "d", &office)) != 0)
        return code;
    return strange == 0 ? 0
                        : error_set(e, E_VERIFY,
                                    "the log is damaged: it has changes of an epoch that was never given; keep it as "
                                    "it is, and compare it with the newest backup");
}

int fork_check(struct db *db, struct error *e)
{
    struct change change;
    sqlite3_stmt *s;
    int row, code;
    if ((code = check_epochs(db, e)) != 0 ||
        (code = db_query(db, &s, e, "SELECT header, body, hash FROM evidence", "")) != 0)
        return code;
    while ((row = db_next(db, s, e)) == 1) {
        struct slice hash = db_slice(s, 2);
        if (change_read(db_slice(s, 0), db_slice(s, 1), &change, NULL) != 0 || hash.size != sizeof change.hash ||
            memcmp(hash.p, change.hash, hash.size) != 0) {
            db_done(db, s);
            return error_set(e, E_VERIFY,
                             "what the office keeps of a fork is not as it was taken: `satcheld fork list` "
                             "names it; put the newest backup beside it and compare");
        }
    }
    return row < 0 ? error_code(e) : 0;
}
