#include "receive.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "caseload.h"
#include "clock.h"
#include "fork.h"
#include "log.h"
#include "record.h"
#include "schema.h"

void receive_free(struct receive_result *r)
{
    free(r->held);
    r->held = NULL;
    r->held_count = 0;
}

/* Everything that one push needs while it is taken. */
struct taking {
    struct central *c;
    const struct device *device;
    struct batch_reader batch;
    struct chain_head head;
    struct chain chain; /* where the log's copy of the device's chain ends */
    struct caseload caseload;
    struct receive_result *result;
    int has_forked;       /* this device has had more than one epoch: it may write something once more */
    int decided;          /* the second pass: held is known, in the order of the batch */
    size_t next_held;     /* then: the next of them */
    struct id *new_cases; /* taken down in the field: to be assigned */
    size_t new_case_count;
};

static int was_held(struct taking *t, uint64_t seq)
{
    if (t->next_held == t->result->held_count || t->result->held[t->next_held].seq != seq)
        return 0;
    t->next_held++;
    return 1;
}

/* May it be applied? Notes why not. 1 held, 0 not, -1 failed. */
static int judge(struct taking *t, const struct change *change, struct error *e)
{
    struct receive_held *more;
    char reason[200];
    int held;
    if (t->decided)
        return was_held(t, change->seq);
    /* What happened to a laptop's store is heard from every laptop, and most of all from one that is to be wiped. */
    if (t->device->revoked && change->kind != KIND_EVENT) {
        memcpy(reason, "this laptop, or its user, has been disabled", 44);
        held = 1;
    } else if (t->device->reads_only && change->kind != KIND_RECEIPT && change->kind != KIND_EVENT) {
        memcpy(reason, "an auditor reads, and writes no records", 40);
        held = 1;
    } else if (t->has_forked && (held = fork_is_repeat(t->c->db, change, e)) != 0) {
        memcpy(reason, "it was written once more after a fork, and is here already", 59);
    } else {
        held = caseload_judge(t->c, &t->caseload, &t->device->user, change, reason, e);
    }
    if (held != 1)
        return held;
    more = realloc(t->result->held, (t->result->held_count + 1) * sizeof *more);
    if (more == NULL)
        return error_memory(e), -1;
    t->result->held = more;
    more[t->result->held_count].seq = change->seq;
    memcpy(more[t->result->held_count].reason, reason, sizeof reason);
    t->result->held_count++;
    return 1;
}

/* The office's own change that holds another: it stands before what it holds, so that a replay knows in time. */
static int write_hold(struct taking *t, const struct receive_held *held, struct error *e)
{
    static const struct id everywhere;
    struct id record = id_new(t->c->author.wall());
    char hex[33], epoch[24], seq[24];
    struct edit edit;
    int code;
    sodium_bin2hex(hex, sizeof hex, t->device->device.b, ID_BYTES);
    (void)snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)t->result->epoch);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)held->seq);
    if ((code = edit_new(&edit, t->c->db, schema_kind(KIND_HOLD), &everywhere, &record, e)) != 0 ||
        (code = edit_set_text(&edit, "device", hex, e)) != 0 || (code = edit_set_text(&edit, "epoch", epoch, e)) != 0 ||
        (code = edit_set_text(&edit, "seq", seq, e)) != 0 ||
        (code = edit_set_text(&edit, "reason", held->reason, e)) != 0 ||
        (code = edit_set_id(&edit, "author", &t->device->user, e)) != 0 ||
        (code = edit_set_text(&edit, "status", "held", e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->c, &edit, NULL, e);
}

/* A case from the field belongs to the one who took it down. */
static int assign(struct taking *t, const struct id *scope, struct error *e)
{
    struct id record = id_new(t->c->author.wall());
    struct edit edit;
    int code;
    if ((code = edit_new(&edit, t->c->db, schema_kind(KIND_ASSIGNMENT), scope, &record, e)) != 0 ||
        (code = edit_set_id(&edit, "user", &t->device->user, e)) != 0 ||
        (code = edit_set_text(&edit, "status", "active", e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(t->c, &edit, "taken down in the field", e);
}

static int remember_new_case(struct taking *t, const struct change *change, struct error *e)
{
    struct id *more;
    if (change->kind != KIND_CASE || caseload_has(&t->caseload, &change->scope))
        return 0;
    for (size_t i = 0; i < t->new_case_count; i++)
        if (id_equal(&t->new_cases[i], &change->scope))
            return 0;
    if ((more = realloc(t->new_cases, (t->new_case_count + 1) * sizeof *more)) == NULL)
        return error_memory(e);
    t->new_cases = more;
    more[t->new_case_count++] = change->scope;
    return 0;
}

/* One pass over the changes of the batch: each must follow the one before. */
static int take_all(struct taking *t, struct error *e)
{
    struct batch_item item;
    struct change change;
    uint64_t position;
    int more, code, held;
    while ((more = batch_next(&t->batch, &item, e)) == 1) {
        if ((code = change_read(item.header, item.body, &change, e)) != 0 ||
            (code = chain_follow(&t->chain, &change, e)) != 0)
            return code;
        if ((held = judge(t, &change, e)) < 0)
            return error_code(e);
        if (t->result->first_seq == 0) {
            t->result->first_seq = change.seq;
            t->result->first_position = t->c->tree.size;
        }
        t->result->seq = change.seq;
        if (held && !t->decided)
            continue; /* the second pass stores it, behind its hold */
        if ((code = central_append(t->c, &change, &t->result->received_ms, &position, e)) != 0)
            return code;
        if (!held && (code = remember_new_case(t, &change, e)) != 0)
            return code;
        if (change.kind == KIND_RECEIPT)
            t->result->receipt = 1;
    }
    return more < 0 ? error_code(e) : 0;
}

/* The head must name the last change of the batch. */
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

/* First with every change judged as it comes, since one may depend on the one before. Where some must be held, once
 * more from the beginning: the holds first, then the whole batch, so that it stands together in the log. */
static int take_new(struct taking *t, const struct message_push *push, struct error *e)
{
    struct chain chain_before = t->chain;
    struct edit_author author;
    struct merkle_frontier tree;
    int code;
    if ((code = savepoint(t, &author, &tree, e)) != 0)
        return code;
    central_act_as_office(t->c);
    if ((code = take_all(t, e)) == 0)
        code = check_end(t, e);
    if (code == 0 && t->result->held_count != 0 && (code = back_to_savepoint(t, &author, &tree, e)) == 0) {
        central_act_as_office(t->c);
        batch_close(&t->batch);
        t->chain = chain_before;
        t->decided = 1;
        t->new_case_count = 0;
        t->result->first_seq = 0;
        t->result->received_ms = 0; /* the holds stand before it, so it is received after them */
        t->result->receipt = 0;
        code = batch_open(&t->batch, push->batch, 0, e);
        for (size_t i = 0; code == 0 && i < t->result->held_count; i++)
            code = write_hold(t, &t->result->held[i], e);
        if (code == 0)
            code = take_all(t, e);
    }
    for (size_t i = 0; code == 0 && i < t->new_case_count; i++)
        code = assign(t, &t->new_cases[i], e);
    if (code == 0)
        code = log_head_add(t->c->db, &t->head, push->head, e);
    if (code != 0)
        (void)back_to_savepoint(t, &author, &tree, NULL);
    (void)db_exec(t->c->db, "RELEASE push", NULL);
    return code;
}

/* The batch begins with what the log has already: the longest run of it that stands together. */
static int find_old(struct taking *t, struct error *e)
{
    struct receive_result *r = t->result;
    struct batch_item item;
    struct change change;
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
        if ((code = log_load(t->c->db, id, 0, &entry, e)) != 0)
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

/* Reasons of held changes among those that the log had already, so that a laptop whose answer was lost hears of them.
 */
static int find_old_holds(struct taking *t, struct error *e)
{
    struct receive_result *r = t->result;
    char hex[33];
    sqlite3_stmt *s;
    int row, code;
    sodium_bin2hex(hex, sizeof hex, t->device->device.b, ID_BYTES);
    if ((code = db_query(t->c->db, &s, e,
                         "SELECT seq, reason FROM hold WHERE device = ? AND epoch = ? AND seq BETWEEN ? AND ? "
                         "AND status <> 'released' AND voided = 0 ORDER BY seq",
                         "tuuu", hex, r->epoch, r->first_seq, r->seq)) != 0)
        return code;
    while ((row = db_next(t->c->db, s, e)) == 1) {
        struct receive_held *more = realloc(r->held, (r->held_count + 1) * sizeof *more);
        if (more == NULL) {
            db_done(t->c->db, s);
            return error_memory(e);
        }
        r->held = more;
        more[r->held_count].seq = db_uint(s, 0);
        (void)snprintf(more[r->held_count].reason, sizeof more->reason, "%s", db_text(s, 1));
        r->held_count++;
    }
    return row < 0 ? error_code(e) : 0;
}

int receive_push(struct central *c, const struct device *device, const struct message_push *push,
                 struct receive_result *out, struct error *e)
{
    struct taking t;
    struct batch_item first;
    struct change change;
    uint64_t newest;
    int code, given;
    memset(out, 0, sizeof *out);
    memset(&t, 0, sizeof t);
    t.c = c;
    t.device = device;
    t.result = out;
    if ((code = chain_open(push->head, device->sign_key, &t.head, e)) != 0)
        return code;
    out->epoch = t.head.end.epoch;
    if ((given = device_was_given(c->db, &device->device, out->epoch, e)) < 0)
        return error_code(e);
    if (!given)
        return error_set(e, E_VERIFY,
                         "this laptop writes in epoch %llu, which the office never gave it; run `satchel sync` again, "
                         "which asks for a new one",
                         (unsigned long long)out->epoch);
    if ((code = log_chain_end(c->db, &device->device, out->epoch, &t.chain, e)) != 0 ||
        (code = device_newest_epoch(c->db, &device->device, &newest, e)) != 0)
        return code;
    t.has_forked = newest > 1;
    if ((code = caseload_load(c, &device->user, &t.caseload, e)) != 0 ||
        (code = batch_open(&t.batch, push->batch, 0, e)) != 0)
        goto out;
    if (t.batch.count == 0) {
        code = error_set(e, E_INPUT, "the batch holds no change");
        goto out;
    }
    if (batch_next(&t.batch, &first, e) != 1 || change_read_header(first.header, &change, e) != 0) {
        code = error_code(e);
        goto out;
    }
    batch_close(&t.batch);
    if ((code = batch_open(&t.batch, push->batch, 0, e)) != 0)
        goto out;
    if (id_equal(&change.device, &device->device) && change.epoch == t.chain.epoch && change.seq <= t.chain.seq)
        code = (code = find_old(&t, e)) != 0 ? code : find_old_holds(&t, e);
    else
        code = take_new(&t, push, e);
out:
    batch_close(&t.batch);
    caseload_free(&t.caseload);
    free(t.new_cases);
    return code;
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
