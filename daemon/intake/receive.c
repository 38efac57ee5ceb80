/* Receiving a push: one batch of a laptop's changes into the log.
 *
 *   state    means                                                 left by
 *   opened   the head is signed by the laptop, its epoch was       begins_with_old: old; else new
 *            given, its caseload is loaded
 *   old      the batch begins with changes that the log has        find_old, find_old_holds: answered
 *   new      the batch follows the chain: every change is judged   take_new, no change held: taken
 *            and appended                                          take_new, one is held: decided
 *   decided  rolled back to the savepoint; which changes are held  take_new: taken
 *            is known, so their `hold` records are written first
 *            and the batch is appended a second time
 *   taken    the cases that it brings from the field are assigned  the caller commits
 *            to the user, the head is stored
 *   answered result covers the longest run of old changes that     the caller commits nothing
 *            stands together in the log
 *
 * An error in any state rolls back to the savepoint: the log is as it was before the push. So does a push that is over
 * its laptop's quota (quota.h), in new before anything is appended, or when all of it is. */
#include "receive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "clock.h"
#include "erasure.h"
#include "hold.h"
#include "judge.h"
#include "log.h"
#include "quota.h"
#include "record.h"
#include "schema.h"

void receive_free(struct receive_result *r)
{
    free(r->held);
    r->held = NULL;
    r->held_count = 0;
}

/* A change that comes without its words, as its erasure names it. */
struct wordless {
    uint64_t seq;
    struct id scope;
};

/* A push that is being taken. */
struct taking {
    struct central *c;
    const struct device *device;
    struct batch_reader batch;
    struct chain_head head;
    struct chain chain; /* where the log's copy of the device's chain ends */
    struct caseload caseload;
    struct receive_result *result;
    int has_forked; /* this device has had more than one epoch, so it may repeat a change */
    int is_bounded; /* the laptop's quotas count */
    struct quota_brought brought;
    int decided;          /* the second pass: result->held lists what is held, in the order of the batch */
    size_t next_held;     /* in the second pass: index of the next one in it */
    struct id *new_cases; /* cases that were taken down in the field, to be assigned */
    size_t new_case_count;
    struct wordless *wordless; /* changes that came without their words */
    size_t wordless_count;
};

/* The second pass: 1: the first pass found that this change must be held. */
static int was_held(struct taking *t, uint64_t seq)
{
    if (t->next_held == t->result->held_count || t->result->held[t->next_held].seq != seq)
        return 0;
    t->next_held++;
    return 1;
}

/* Adds to the list of what is held. */
static int add_held(struct receive_result *r, uint64_t seq, const char *reason, struct error *e)
{
    struct receive_held *more = realloc(r->held, (r->held_count + 1) * sizeof *more);
    if (more == NULL)
        return error_memory(e);
    r->held = more;
    more[r->held_count].seq = seq;
    (void)snprintf(more[r->held_count].reason, sizeof more->reason, "%s", reason);
    r->held_count++;
    return 0;
}

/* 1: the change must be held; result->held says why. 0: it may be applied. -1: failed. */
static int judge_one(struct taking *t, const struct change *change, struct error *e)
{
    const struct judge judge = {t->c->db, t->device, &t->caseload, t->has_forked, schema_version()};
    char reason[JUDGE_REASON];
    int held;
    if (t->decided)
        return was_held(t, change->seq);
    if ((held = judge_change(&judge, change, reason, e)) != 1)
        return held;
    return add_held(t->result, change->seq, reason, e) != 0 ? -1 : 1;
}

/* Holds a change. The hold stands in the log before that change, so that a replay meets it first. */
static int hold_change(struct taking *t, const struct receive_held *held, struct error *e)
{
    const struct hold hold = {&t->device->device, &t->device->user, t->result->epoch, held->seq, held->reason};
    return hold_write(t->c, &hold, e);
}

/* Assigns a case from the field to the user who took it down. */
static int assign_new_case(struct taking *t, const struct id *scope, struct error *e)
{
    struct id record = id_new(t->c->author.wall());
    const struct central_field fields[] = {
        {"user", .id = &t->device->user}, {"status", .text = "active"}, {.name = NULL}};
    const struct central_record assignment = {KIND_ASSIGNMENT, scope, &record, fields, "taken down in the field"};
    return central_write_record(t->c, &assignment, e);
}

/* Remembers the change's case for assign_new_case, if this laptop took it down and nobody was ever given it. Who only
 * decides something in a case of others is not given it. */
static int remember_new_case(struct taking *t, const struct change *change, struct error *e)
{
    struct id *more;
    int mine;
    if (change->kind != KIND_CASE || caseload_has(&t->caseload, &change->scope))
        return 0;
    for (size_t i = 0; i < t->new_case_count; i++)
        if (id_equal(&t->new_cases[i], &change->scope))
            return 0;
    if ((mine = caseload_is_taken_down(t->c->db, &change->scope, &t->device->device, e)) != 1)
        return mine == 0 ? 0 : error_code(e);
    if ((more = realloc(t->new_cases, (t->new_case_count + 1) * sizeof *more)) == NULL)
        return error_memory(e);
    t->new_cases = more;
    more[t->new_case_count++] = change->scope;
    return 0;
}

/* Lists a change that comes without its words and that no erasure names. The erasure stands in the log before it, like
 * a hold, so the batch begins anew for that. */
static int note_wordless(struct taking *t, const struct change *change, struct error *e)
{
    struct wordless *more;
    int known;
    if (change->body.p != NULL || (known = erasure_is_known(t->c, change, e)) == 1)
        return 0;
    if (known < 0)
        return error_code(e);
    if ((more = realloc(t->wordless, (t->wordless_count + 1) * sizeof *more)) == NULL)
        return error_memory(e);
    t->wordless = more;
    more[t->wordless_count++] = (struct wordless){change->seq, change->scope};
    return 0;
}

static int write_wordless(struct taking *t, struct error *e)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < t->wordless_count; i++) {
        const struct change named = {.device = t->device->device,
                                     .epoch = t->result->epoch,
                                     .seq = t->wordless[i].seq,
                                     .scope = t->wordless[i].scope};
        code = erasure_write_wordless(t->c, &named, e);
    }
    return code;
}

/* Counts what the change brings, in front of its being applied. */
static int count_brought(struct taking *t, const struct change *change, struct error *e)
{
    const struct schema_kind *kind = schema_kind(change->kind);
    int there;
    t->brought.changes++;
    t->brought.bytes += change->header.size + change->body.size;
    for (size_t i = 0; kind != NULL && i < change->op_count; i++) {
        const struct schema_field *field = schema_field(kind, change->ops[i].field);
        t->brought.links += field != NULL && field->type == SCHEMA_REF && schema_traits(field)->has_elements;
    }
    if (change->kind != KIND_CLIENT && change->kind != KIND_CASE)
        return 0;
    if ((there = db_exists(t->c->db, e, "SELECT 1 FROM place WHERE record = ?", "d", &change->record)) < 0)
        return error_code(e);
    t->brought.records += !there;
    return 0;
}

/* One pass over the batch: each change must follow the one before; each is judged and appended. */
static int take_changes(struct taking *t, struct error *e)
{
    struct batch_item item;
    struct change change;
    uint64_t position;
    int more, code, held;
    while ((more = batch_next(&t->batch, &item, e)) == 1) {
        if ((code = change_read(item.header, item.body, &change, e)) != 0 ||
            (code = chain_follow(&t->chain, &change, e)) != 0 ||
            (t->is_bounded && (code = count_brought(t, &change, e)) != 0))
            return code;
        if ((held = judge_one(t, &change, e)) < 0)
            return error_code(e);
        if ((code = note_wordless(t, &change, e)) != 0)
            return code;
        if (t->result->first_seq == 0) {
            t->result->first_seq = change.seq;
            t->result->first_position = t->c->tree.size;
        }
        t->result->seq = change.seq;
        if (held && !t->decided)
            continue; /* the second pass appends it, behind its hold */
        if ((code = central_append(t->c, &change, &t->result->received_ms, &position, e)) != 0)
            return code;
        if (!held && (code = remember_new_case(t, &change, e)) != 0)
            return code;
        if (change.kind == KIND_RECEIPT)
            t->result->receipt = 1;
    }
    return more < 0 ? error_code(e) : 0;
}

/* E_VERIFY: the head does not name the last change of the batch. */
static int check_end(const struct taking *t, struct error *e)
{
    if (t->chain.epoch != t->head.end.epoch || t->chain.seq != t->head.end.seq ||
        memcmp(t->chain.hash, t->head.end.hash, sizeof t->chain.hash) != 0)
        return error_set(e, E_VERIFY, "the signed head of this batch does not name its last change");
    return 0;
}

static int savepoint(struct taking *t, struct edit_author *author, struct merkle_frontier *tree, struct error *e)
{
    *author = t->c->author;
    *tree = t->c->tree;
    return db_exec(t->c->db, "SAVEPOINT push", e);
}

static int back_to_savepoint(struct taking *t, const struct edit_author *author, const struct merkle_frontier *tree,
                             struct error *e)
{
    int code = db_back_to(t->c->db, "ROLLBACK TO push", e);
    t->c->author = *author;
    t->c->tree = *tree;
    return code;
}

/* Passes on what a quota says, and remembers if it shuts the laptop's link. */
static int heed_quota(struct taking *t, int code)
{
    t->result->is_more = code == E_REFUSED;
    return code;
}

/* Takes a batch that follows the chain. The first pass judges each change after the one before it has been applied,
 * since a change may depend on that one. If some must be held, or come without their words, a second pass begins again
 * from the savepoint: it writes the holds and erasures and then the whole batch, so that the batch stands together in
 * the log. */
static int take_new(struct taking *t, const struct message_push *push, struct error *e)
{
    struct chain chain_before = t->chain;
    struct edit_author author;
    struct merkle_frontier tree;
    const struct quota_brought least = {t->batch.size, t->batch.count, 0, 0};
    int code;
    /* What is over a quota by its size alone costs no look at its changes. */
    if ((t->is_bounded && (code = heed_quota(t, quota_check(t->c, t->device, &least, e))) != 0) ||
        (code = savepoint(t, &author, &tree, e)) != 0)
        return code;
    central_act_as_office(t->c);
    if ((code = take_changes(t, e)) == 0)
        code = check_end(t, e);
    if (code == 0 && (t->result->held_count != 0 || t->wordless_count != 0) &&
        (code = back_to_savepoint(t, &author, &tree, e)) == 0) {
        central_act_as_office(t->c);
        batch_close(&t->batch);
        t->chain = chain_before;
        t->decided = 1;
        t->new_case_count = 0;
        memset(&t->brought, 0, sizeof t->brought);
        t->result->first_seq = 0;
        t->result->received_ms = 0; /* the batch stands behind its holds, so its time of receipt is taken anew */
        t->result->receipt = 0;
        code = batch_open(&t->batch, push->batch, 0, e);
        for (size_t i = 0; code == 0 && i < t->result->held_count; i++)
            code = hold_change(t, &t->result->held[i], e);
        if (code == 0 && (code = write_wordless(t, e)) == 0)
            code = take_changes(t, e);
    }
    for (size_t i = 0; code == 0 && i < t->new_case_count; i++)
        code = assign_new_case(t, &t->new_cases[i], e);
    if (code == 0)
        code = log_head_add(t->c->db, &t->head, push->head, e);
    if (code == 0 && t->is_bounded)
        code = heed_quota(t, quota_note(t->c, t->device, &t->brought, t->result->held_count != 0, e));
    if (code != 0)
        (void)back_to_savepoint(t, &author, &tree, NULL);
    (void)db_exec(t->c->db, "RELEASE push", NULL);
    return code;
}

/* Finds the longest run of the batch's changes that the log has already and that stand together there. */
static int find_old(struct taking *t, struct error *e)
{
    struct receive_result *r = t->result;
    struct batch_item item;
    struct change change;
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    int more, code;
    while ((more = batch_next(&t->batch, &item, e)) == 1) {
        uint8_t hash[CHANGE_HASH_BYTES];
        int64_t id;
        if ((code = change_read_header(item.header, &change, e)) != 0)
            return code;
        if ((id = log_find(t->c->db, &change.device, change.epoch, change.seq, hash, e)) < 0)
            return error_code(e);
        if (id == 0 || !id_equal(&change.device, &t->device->device))
            return 0;
        if (memcmp(hash, change.hash, sizeof hash) != 0)
            return error_set(e, E_VERIFY,
                             "this laptop's change %llu differs from the one with its number that the office has: its "
                             "store was copied or put back; run `satchel sync` again, which asks for a new epoch",
                             (unsigned long long)change.seq);
        code = log_load(t->c->db, id, 0, &memory, &entry, e);
        log_memory_free(&memory); /* its numbers alone are looked at */
        if (code != 0)
            return code;
        if (r->first_seq == 0) {
            r->first_seq = change.seq;
            r->first_position = entry.position;
            r->received_ms = entry.received_ms;
        } else if (entry.position != r->first_position + (change.seq - r->first_seq) ||
                   entry.received_ms != r->received_ms) {
            return 0;
        }
        r->seq = change.seq;
    }
    return more < 0 ? error_code(e) : 0;
}

/* Lists the holds of these changes: a laptop whose answer was lost hears the reasons this time. */
static int find_old_holds(struct taking *t, struct error *e)
{
    struct receive_result *r = t->result;
    char hex[DEVICE_HEX];
    sqlite3_stmt *s;
    int row, code;
    device_hex(&t->device->device, hex);
    if ((code = db_query(t->c->db, &s, e,
                         "SELECT seq, reason FROM hold WHERE device = ? AND epoch = ? AND seq BETWEEN ? AND ? "
                         "AND status <> 'released' AND voided = 0 ORDER BY seq",
                         "tuuu", hex, r->epoch, r->first_seq, r->seq)) != 0)
        return code;
    while ((row = db_next(t->c->db, s, e)) == 1) {
        if ((code = add_held(r, db_uint(s, 0), db_text(s, 1), e)) != 0) {
            db_done(t->c->db, s);
            return code;
        }
    }
    return row < 0 ? error_code(e) : 0;
}

/* Loads what taking needs: where the laptop's chain ends in the log, its caseload, its epochs. E_VERIFY: a forged head,
 * or an epoch that the office never gave. */
static int open_push(struct taking *t, const struct message_push *push, struct error *e)
{
    struct db *db = t->c->db;
    const struct id *device = &t->device->device;
    uint64_t newest;
    int code, given;
    if ((code = chain_open(push->head, t->device->sign_key, &t->head, e)) != 0)
        return code;
    t->result->epoch = t->head.end.epoch;
    if ((given = device_was_given(db, device, t->result->epoch, e)) < 0)
        return error_code(e);
    if (!given)
        return error_set(e, E_VERIFY,
                         "this laptop writes in epoch %llu, which the office never gave it; run `satchel sync` again, "
                         "which asks for a new one",
                         (unsigned long long)t->result->epoch);
    if ((code = log_chain_end(db, device, t->result->epoch, &t->chain, e)) != 0 ||
        (code = device_newest_epoch(db, device, &newest, e)) != 0)
        return code;
    t->has_forked = newest > 1;
    return caseload_load(db, &t->device->user, schema_version(), &t->caseload, e);
}

/* *old 1: the log has a change with the number of the batch's first. E_INPUT: the batch is empty. */
static int begins_with_old(struct taking *t, const struct message_push *push, int *old, struct error *e)
{
    struct batch_item first;
    struct change change;
    int code;
    if ((code = batch_open(&t->batch, push->batch, 0, e)) != 0)
        return code;
    if (t->batch.count == 0)
        return error_set(e, E_INPUT, "the batch has no change in it");
    if (batch_next(&t->batch, &first, e) != 1 || change_read_header(first.header, &change, e) != 0)
        return error_code(e);
    *old = id_equal(&change.device, &t->device->device) && change.epoch == t->chain.epoch && change.seq <= t->chain.seq;
    batch_close(&t->batch);
    return batch_open(&t->batch, push->batch, 0, e);
}

static int take_whole(struct taking *t, const struct message_push *push, struct error *e)
{
    int code, old = 0;
    memset(t->result, 0, sizeof *t->result);
    if ((code = open_push(t, push, e)) == 0 && (code = begins_with_old(t, push, &old, e)) == 0) {
        if (!old)
            code = take_new(t, push, e);
        else if ((code = find_old(t, e)) == 0)
            code = find_old_holds(t, e);
    }
    batch_close(&t->batch);
    caseload_free(&t->caseload);
    free(t->new_cases);
    free(t->wordless);
    return code;
}

int receive_push(struct central *c, const struct device *device, const struct message_push *push,
                 struct receive_result *out, struct error *e)
{
    struct taking t = {.c = c, .device = device, .result = out};
    return take_whole(&t, push, e);
}

int receive_bounded(struct central *c, const struct device *device, const struct message_push *push,
                    struct receive_result *out, struct error *e)
{
    struct taking t = {.c = c, .device = device, .result = out, .is_bounded = 1};
    return take_whole(&t, push, e);
}

int receive_answer(struct central *c, const struct receive_result *r, uint64_t previous_size,
                   struct message_pushed *out, struct pack *memory, struct error *e)
{
    struct merkle_source tree = log_tree(c->db);
    int code;
    memset(out, 0, sizeof *out);
    pack_start(memory);
    out->epoch = r->epoch;
    out->first_seq = r->first_seq;
    out->seq = r->seq;
    out->first_position = r->first_position;
    out->received_ms = r->received_ms;
    out->checkpoint = (struct slice){(const uint8_t *)c->checkpoint, strlen(c->checkpoint)};
    if ((code = merkle_consistency(&tree, previous_size, c->checkpoint_size, &out->consistency, e)) != 0 ||
        (code = merkle_range(&tree, r->first_position, r->first_position + (r->seq - r->first_seq) + 1,
                             c->checkpoint_size, &out->range, e)) != 0)
        return code;
    pack_array(memory, r->held_count);
    for (size_t i = 0; i < r->held_count; i++) {
        pack_array(memory, 2);
        pack_uint(memory, r->held[i].seq);
        pack_text(memory, r->held[i].reason, strlen(r->held[i].reason));
    }
    out->held_count = r->held_count;
    out->held = pack_bytes(memory);
    return pack_finish(memory, e);
}
