/* Verifying an archive: one pass over its items in their order; docs/LOG.md, "What an auditor checks", has the list of
 * what must hold. Heads come before the entries, so that each entry is held against what was signed over it. */
#include "audit_verify.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "announcement.h"
#include "archive.h"
#include "audit_erased.h"
#include "audit_evidence.h"
#include "audit_rules.h"
#include "audit_set_back.h"
#include "chain.h"
#include "change.h"
#include "log.h"
#include "merkle.h"
#include "schema.h"

/* A signed head, as the archive has it. */
struct head {
    struct chain_head said;
    uint64_t number; /* in the archive */
    int differs;     /* it saw another root than ours */
    int is_lost;     /* what it saw was lost by a set-back */
    uint64_t entry;  /* the position of the change that it ends with; 0: none */
    uint8_t bytes[CHAIN_HEAD_MAX];
    size_t size;
};

/* One device's changes in one epoch, as the entries unfold it. */
struct line {
    struct chain chain;
    size_t next, end; /* of its heads: the next to be met, and one past the last */
    size_t first;
    uint8_t key[32];
    int has_key;
    uint64_t given; /* the position of the entry by which the office gave the epoch; 0: it is the first */
    int is_given;   /* the office gave the device this epoch; its first it brings with it */
};

struct verifying {
    const struct audit_verify_options *options;
    struct audit_verify_result *result;
    struct checkpoint_vkey vkey;
    struct id office; /* its device */
    struct archive *archive;
    struct head *heads; /* sorted by device, epoch, seq once all are read */
    size_t head_count, head_room;
    struct line *lines; /* sorted by device, epoch */
    size_t line_count;
    size_t *by_size; /* heads, by the size of the checkpoint that their device had seen */
    size_t next_by_size;
    struct merkle_frontier frontier;
    uint64_t agreed_size; /* the largest size at which a head's root is ours */
    struct audit_set_backs set_backs;
    struct audit_own own;              /* who wrote in the office's chain */
    struct audit_evidence evidence[2]; /* --seen, --since */
    struct trial *trial;               /* judges the entries; NULL: bodies are sealed */
    int foreseen;                      /* the erasures have been read ahead */
    const struct head *other; /* the first head that saw another root than ours, or a longer log, and not for that */
    struct change change;
};

/* Names the entry before the sentence; what is not readable in a log is a log that fails. */
static int entry_fails(const struct archive_item *record, struct error *e)
{
    error_prefix(e, "entry %llu", (unsigned long long)record->position);
    if (e->code == E_INPUT || e->code == E_LIMIT)
        e->code = E_VERIFY;
    return e->code;
}

/* --- what stands before the entries --- */

static int take_checkpoint(struct verifying *v, struct slice note, struct error *e)
{
    struct checkpoint *checkpoint = &v->result->checkpoint;
    struct checkpoint_vkey claimed;
    if (checkpoint_open((const char *)note.p, note.size, &v->vkey, checkpoint, e) != 0) {
        error_prefix(e, "checkpoint");
        return e->code = E_VERIFY;
    }
    if (checkpoint_vkey_parse(archive_log_key(v->archive), &claimed, NULL) != 0 ||
        strcmp(claimed.origin, v->vkey.origin) != 0 ||
        memcmp(claimed.public_key, v->vkey.public_key, sizeof claimed.public_key) != 0)
        return error_set(e, E_VERIFY, "preamble: it names another key than the one that signed the checkpoint");
    if (archive_entries(v->archive) != checkpoint->size)
        return error_set(e, E_VERIFY, "preamble: it says %llu entries, and the signed checkpoint says %llu",
                         (unsigned long long)archive_entries(v->archive), (unsigned long long)checkpoint->size);
    return 0;
}

static int take_head(struct verifying *v, struct slice signed_head, struct error *e)
{
    struct head *head;
    if (v->head_count == v->head_room) {
        size_t room = v->head_room == 0 ? 64 : 2 * v->head_room;
        struct head *more = realloc(v->heads, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        v->heads = more;
        v->head_room = room;
    }
    head = &v->heads[v->head_count];
    head->number = v->head_count;
    head->differs = head->is_lost = 0;
    head->entry = 0;
    head->size = signed_head.size; /* archive_next gives no more than CHAIN_HEAD_MAX */
    memcpy(head->bytes, signed_head.p, signed_head.size);
    if (chain_peek(signed_head, &head->said, e) != 0) {
        error_prefix(e, "head %zu", v->head_count);
        return e->code = E_VERIFY;
    }
    v->head_count++;
    return 0;
}

static int compare_places(const struct chain *a, const struct chain *b)
{
    int order = id_compare(&a->device, &b->device);
    if (order != 0)
        return order;
    return a->epoch == b->epoch ? 0 : a->epoch < b->epoch ? -1 : 1;
}

static int compare_heads(const void *a, const void *b)
{
    const struct chain *x = &((const struct head *)a)->said.end, *y = &((const struct head *)b)->said.end;
    int order = compare_places(x, y);
    if (order != 0)
        return order;
    return x->seq == y->seq ? 0 : x->seq < y->seq ? -1 : 1;
}

static int compare_lines(const void *a, const void *b)
{
    return compare_places(&((const struct line *)a)->chain, &((const struct line *)b)->chain);
}

/* What qsort's comparison needs beside the two indices stands in the array itself: size, then index. */
struct seen_size {
    uint64_t size;
    size_t head;
};

static int compare_sizes(const void *a, const void *b)
{
    const struct seen_size *x = a, *y = b;
    return x->size == y->size ? 0 : x->size < y->size ? -1 : 1;
}

static int sort_by_size(struct verifying *v, struct error *e)
{
    struct seen_size *seen = calloc(v->head_count + 1, sizeof *seen);
    v->by_size = calloc(v->head_count + 1, sizeof *v->by_size);
    if (seen == NULL || v->by_size == NULL) {
        free(seen);
        return error_memory(e);
    }
    for (size_t i = 0; i < v->head_count; i++)
        seen[i] = (struct seen_size){v->heads[i].said.checkpoint_size, i};
    qsort(seen, v->head_count, sizeof *seen, compare_sizes);
    for (size_t i = 0; i < v->head_count; i++)
        v->by_size[i] = seen[i].head;
    free(seen);
    return 0;
}

/* One line for each device and epoch that somebody signed for: an entry on no line is one that nobody vouches for. */
static int make_lines(struct verifying *v, struct error *e)
{
    if (v->head_count != 0)
        qsort(v->heads, v->head_count, sizeof *v->heads, compare_heads);
    if ((v->lines = calloc(v->head_count + 1, sizeof *v->lines)) == NULL)
        return error_memory(e);
    for (size_t i = 0; i < v->head_count; i++) {
        const struct chain *end = &v->heads[i].said.end;
        struct line *line = v->line_count == 0 ? NULL : &v->lines[v->line_count - 1];
        if (line == NULL || compare_places(&line->chain, end) != 0) {
            if (line == NULL || !id_equal(&line->chain.device, &end->device))
                v->result->devices++;
            line = &v->lines[v->line_count++];
            line->chain.device = end->device;
            line->chain.epoch = end->epoch;
            line->first = line->next = i;
            line->has_key = id_equal(&end->device, &v->office);
            line->is_given = end->epoch == 1 || line->has_key; /* the office's own take_set_back judges */
            memcpy(line->key, v->vkey.public_key, sizeof line->key);
        }
        line->end = i + 1;
        if (end->seq == 0)
            line->next = i + 1; /* signed before its first change: there is no entry to meet it */
    }
    return sort_by_size(v, e);
}

/* --- the entries --- */

/* The office's record of a device tells its key. The key tells the device: the id is its hash. */
static void learn_key(struct verifying *v, const struct change *c)
{
    const struct schema_field *field = schema_field_named(schema_kind(KIND_DEVICE), "sign_key");
    for (size_t i = 0; i < c->op_count; i++) {
        uint8_t key[32];
        struct unpack r;
        struct id device;
        if (c->ops[i].field != field->number)
            continue;
        unpack_start(&r, c->ops[i].value);
        unpack_fixed(&r, key, sizeof key);
        if (unpack_end(&r, "key", NULL) != 0)
            continue;
        device = id_of_device(key);
        for (size_t k = 0; k < v->line_count; k++) {
            if (id_equal(&v->lines[k].chain.device, &device)) {
                memcpy(v->lines[k].key, key, sizeof key);
                v->lines[k].has_key = 1;
            }
        }
    }
}

/* The value of one field of a change; empty if it is not there. */
static struct slice value_of(const struct change *c, const char *name)
{
    const struct schema_field *field = schema_field_named(schema_kind(c->kind), name);
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == field->number)
            return c->ops[i].value;
    return (struct slice){NULL, 0};
}

/* The office's record of a fork tells which epoch a device may go on in. */
static void learn_epoch(struct verifying *v, uint64_t position, const struct change *c)
{
    struct line wanted, *line;
    struct unpack device, epoch;
    unpack_start(&device, value_of(c, "device"));
    unpack_fixed(&device, wanted.chain.device.b, ID_BYTES);
    unpack_start(&epoch, value_of(c, "new_epoch"));
    wanted.chain.epoch = unpack_uint(&epoch);
    if (device.failed || epoch.failed)
        return; /* one that came in a courier file gets none */
    line = bsearch(&wanted, v->lines, v->line_count, sizeof *v->lines, compare_lines);
    if (line == NULL)
        return;
    line->is_given = 1;
    line->given = position;
}

/* *ends 1: a head of its device names this very change, so a batch ended with it.
 * The change is the next on its line, and if a head was signed over it, it is the one that was signed. */
static int follow(struct verifying *v, uint64_t position, const struct change *c, int *ends, struct error *e)
{
    struct line wanted, *line;
    char device[ID_TEXT];
    int code;
    id_format(&c->device, device);
    wanted.chain.device = c->device;
    wanted.chain.epoch = c->epoch;
    line = bsearch(&wanted, v->lines, v->line_count, sizeof *v->lines, compare_lines);
    if (line == NULL)
        return error_set(e, E_VERIFY, "no signed head of device %s, epoch %llu covers it: it was added or rewritten",
                         device, (unsigned long long)c->epoch);
    if ((code = chain_follow(&line->chain, c, e)) != 0)
        return code;
    if (c->seq > v->heads[line->end - 1].said.end.seq)
        return error_set(e, E_VERIFY, "no signed head of device %s covers its change %llu: it was added", device,
                         (unsigned long long)c->seq);
    for (; line->next < line->end && v->heads[line->next].said.end.seq == c->seq; line->next++) {
        *ends = 1;
        v->heads[line->next].entry = position;
        if (memcmp(v->heads[line->next].said.end.hash, c->hash, sizeof c->hash) != 0)
            return error_set(e, E_VERIFY,
                             "head %llu, signed by device %s, names another change than this: one of the two was "
                             "altered",
                             (unsigned long long)v->heads[line->next].number, device);
    }
    if (c->body.p != NULL && id_equal(&c->device, &v->office) && c->kind == KIND_DEVICE)
        learn_key(v, c);
    if (c->body.p != NULL && id_equal(&c->device, &v->office) && c->kind == KIND_FORK)
        learn_epoch(v, position, c);
    if (v->options->passphrase != NULL && !line->is_given)
        return error_set(e, E_VERIFY, "the office never gave its device %s epoch %llu: it was added", device,
                         (unsigned long long)c->epoch);
    if (v->options->passphrase != NULL && !line->has_key)
        return error_set(e, E_VERIFY, "its device %s had not been enrolled by the office before it", device);
    return 0;
}

/* Devices signed which log they had seen: it must be the one that we see. */
static void compare_witnesses(struct verifying *v)
{
    struct merkle_hash root;
    if (v->next_by_size == v->head_count ||
        v->heads[v->by_size[v->next_by_size]].said.checkpoint_size > v->frontier.size)
        return;
    merkle_root(&v->frontier, &root);
    for (; v->next_by_size < v->head_count; v->next_by_size++) {
        struct head *head = &v->heads[v->by_size[v->next_by_size]];
        if (head->said.checkpoint_size > v->frontier.size)
            return;
        if (head->said.checkpoint_size == 0)
            continue; /* it had seen none */
        if (memcmp(head->said.checkpoint_root.b, root.b, sizeof root.b) == 0)
            v->agreed_size = v->frontier.size;
        else
            head->differs = 1;
    }
}

/* The office goes on under a new epoch if it was put back from a backup, and its first word there says so, with as many
 * entries as stand before it. If that is sealed, it is taken to be so. */
static int take_set_back(struct verifying *v, const struct archive_item *record, const struct change *c,
                         struct error *e)
{
    struct audit_verify_result *result = v->result;
    int judged;
    if (!id_equal(&c->device, &v->office))
        return record->sealed ? 0 : audit_set_backs_hear(&v->set_backs, record->position, c, &v->vkey, e);
    if (record->sealed)
        judged = c->epoch == 1 || c->seq != 1 ? 0 : c->kind == KIND_EVENT ? 1 : -1;
    else
        judged = announcement_judge(c, record->position);
    if (judged < 0)
        return error_set(e, E_VERIFY,
                         "the office begins a new epoch of its chain and does not say that it was put back from a "
                         "backup, or it announces that of a backup of another size than the log has there");
    if (judged == 0)
        return 0;
    result->set_backs++;
    result->set_back_size = record->position;
    result->set_back_ms = record->received_ms;
    return audit_set_backs_announce(&v->set_backs, record->position, record->received_ms, c->hash, e);
}

static int foresee(void *arg, const struct change *erasure, struct error *e)
{
    return trial_foresee(arg, erasure, e);
}

static int take_entry(struct verifying *v, const struct archive_item *record, struct error *e)
{
    struct audit_verify_result *result = v->result;
    struct change *c = &v->change;
    struct merkle_hash leaf;
    int code, ends = 0;
    code = record->sealed ? change_read_header(record->header, c, e) : change_read(record->header, record->body, c, e);
    if (code == 0 && !record->sealed && record->body.p == NULL && id_equal(&c->device, &v->office) &&
        !schema_is_erasable(c->kind))
        code = error_set(
            e, E_VERIFY,
            "its words were erased, and it is of a kind that the office alone writes: what was held, given or "
            "enrolled by it cannot be told any more");
    if (code != 0 || follow(v, record->position, c, &ends, e) != 0 || take_set_back(v, record, c, e) != 0)
        return entry_fails(record, e);
    if (record->received_ms < result->last_ms) {
        error_set(e, E_VERIFY, "its time of receipt is before that of the entry in front of it");
        return entry_fails(record, e);
    }
    if (v->trial != NULL && record->body.p == NULL && !v->foreseen) {
        const struct audit_verify_options *o = v->options;
        if (audit_erased_each(o->archive, o->passphrase, o->passphrase_bytes, foresee, v->trial, e) != 0)
            return e->code;
        v->foreseen = 1;
    }
    if (v->trial != NULL && (code = audit_rules_take(v->trial, record, c, ends, e)) != 0)
        return entry_fails(record, e);
    if (record->position == 0)
        result->first_ms = record->received_ms;
    result->last_ms = record->received_ms;
    result->entries++;
    result->sealed += record->sealed != 0;
    result->bodies += record->body.p != NULL;
    result->erased += record->body.p == NULL && !record->sealed;
    log_leaf(record->received_ms, record->header, &leaf);
    if (merkle_append(&v->frontier, &leaf, NULL, NULL, e) != 0)
        return entry_fails(record, e);
    compare_witnesses(v);
    audit_evidence_look(&v->evidence[0], &v->frontier);
    audit_evidence_look(&v->evidence[1], &v->frontier);
    if (id_equal(&c->device, &v->office) && (code = audit_own_take(&v->own, record->position, c, e)) != 0)
        return entry_fails(record, e);
    if (v->options->each != NULL && (code = v->options->each(v->options->arg, record, c, e)) != 0)
        return code;
    if (v->options->progress != NULL)
        v->options->progress(result->entries, result->checkpoint.size);
    return 0;
}

/* --- what only the end can tell --- */

/* Every head was met on its line: nothing that a device signed is missing. */
static int check_lines(const struct verifying *v, struct error *e)
{
    for (size_t i = 0; i < v->line_count; i++) {
        const struct line *line = &v->lines[i];
        char device[ID_TEXT];
        if (line->next == line->end)
            continue;
        id_format(&line->chain.device, device);
        return error_set(e, E_VERIFY,
                         "head %llu: device %s signed its change %llu of epoch %llu, and the archive has only %llu: "
                         "entries were dropped, or the head was altered",
                         (unsigned long long)v->heads[line->next].number, device,
                         (unsigned long long)v->heads[line->next].said.end.seq, (unsigned long long)line->chain.epoch,
                         (unsigned long long)line->chain.seq);
    }
    return 0;
}

static int check_signatures(struct verifying *v, struct error *e)
{
    for (size_t i = 0; i < v->line_count; i++) {
        const struct line *line = &v->lines[i];
        v->result->heads_unchecked += line->has_key ? 0 : line->end - line->first;
        for (size_t k = line->first; line->has_key && k < line->end; k++) {
            struct slice bytes = {v->heads[k].bytes, v->heads[k].size};
            struct chain_head said;
            if (chain_open(bytes, line->key, &said, e) != 0) {
                error_prefix(e, "head %llu", (unsigned long long)v->heads[k].number);
                return e->code = E_VERIFY;
            }
        }
    }
    return 0;
}

/* A root alone cannot tell which entry was rewritten; the roots that devices signed on the way tell between which two
 * it stands. */
static int root_differs(const struct verifying *v, struct error *e)
{
    uint64_t first = v->agreed_size, end = v->frontier.size;
    if (v->other != NULL && v->other->differs && v->other->said.checkpoint_size > first)
        end = v->other->said.checkpoint_size;
    if (first >= end)
        return error_set(e, E_VERIFY,
                         "checkpoint: it states another root than the entries give, which a device has signed");
    if (first + 1 == end)
        return error_set(e, E_VERIFY,
                         "entry %llu: its time of receipt or its header was rewritten: the log's root is not the one "
                         "that the checkpoint states",
                         (unsigned long long)first);
    return error_set(e, E_VERIFY,
                     "entry %llu to entry %llu: the time of receipt or the header of one of them was rewritten: the "
                     "log's root is not the one that the checkpoint states",
                     (unsigned long long)first, (unsigned long long)end - 1);
}

/* 1: the head saw another log than ours, and a set-back explains it. The office itself is never excused: it knew. */
static int is_excused(const struct verifying *v, const struct head *head)
{
    struct audit_seen seen = {head->said.end, head->said.checkpoint_size, head->entry, 0};
    struct line wanted;
    const struct line *line;
    if (id_equal(&head->said.end.device, &v->office))
        return 0;
    wanted.chain = head->said.end;
    line = bsearch(&wanted, v->lines, v->line_count, sizeof *v->lines, compare_lines);
    seen.given = line != NULL ? line->given : 0;
    return audit_set_backs_excuse(&v->set_backs, &seen);
}

/* Of the heads that saw another log than ours, those that saw what a set-back lost are counted; the first of the others
 * fails the archive. */
static void judge_heads(struct verifying *v)
{
    for (size_t i = 0; i < v->head_count; i++) {
        struct head *head = &v->heads[v->by_size[i]];
        if (!head->differs && head->said.checkpoint_size <= v->frontier.size)
            continue;
        if (is_excused(v, head)) {
            head->is_lost = 1;
            v->result->lost_heads++;
            if (head->said.checkpoint_size > v->result->lost_size)
                v->result->lost_size = head->said.checkpoint_size;
        } else if (v->other == NULL)
            v->other = head;
    }
}

/* Counts the laptops that had seen what a set-back lost, by their heads or their own words. */
static void count_losers(struct verifying *v)
{
    int lost = 0;
    for (size_t i = 0; i < v->head_count; i++) {
        const struct id *device = &v->heads[i].said.end.device;
        int is_last = i + 1 == v->head_count || !id_equal(device, &v->heads[i + 1].said.end.device);
        lost = lost || v->heads[i].is_lost;
        if (!is_last)
            continue;
        v->result->losers += lost || audit_set_backs_heard_by(&v->set_backs, device);
        lost = 0;
    }
    v->result->stated_size = v->set_backs.stated_size;
    v->result->false_stated = v->set_backs.false_stated;
    if (v->result->lost_size < v->result->stated_size)
        v->result->lost_size = v->result->stated_size;
}

/* Up to where laptops signed that they saw this log, and how many did. What stands behind that, nobody but the office
 * vouches for; nor for anything, if the laptops' signatures could not be checked. */
static void count_witnesses(struct verifying *v)
{
    struct audit_verify_result *r = v->result;
    int saw = 0;
    for (size_t i = 0; i < v->head_count; i++) {
        const struct head *head = &v->heads[i];
        const struct id *device = &head->said.end.device;
        int is_last = i + 1 == v->head_count || !id_equal(device, &v->heads[i + 1].said.end.device);
        struct line wanted;
        const struct line *line;
        wanted.chain = head->said.end;
        line = bsearch(&wanted, v->lines, v->line_count, sizeof *v->lines, compare_lines);
        if (line != NULL && line->has_key && !head->is_lost && !id_equal(device, &v->office) &&
            head->said.checkpoint_size != 0) {
            saw = 1;
            if (head->said.checkpoint_size > r->witnessed)
                r->witnessed = head->said.checkpoint_size;
        }
        r->witnesses += (uint64_t)(is_last && saw);
        saw = is_last ? 0 : saw;
    }
}

/* The tree against the checkpoint, and against what the devices saw. */
static int check_root(struct verifying *v, struct error *e)
{
    const struct checkpoint *checkpoint = &v->result->checkpoint;
    struct merkle_hash root;
    judge_heads(v);
    merkle_root(&v->frontier, &root); /* over as many entries as the checkpoint says: take_checkpoint saw to that */
    if (memcmp(root.b, checkpoint->root.b, sizeof root.b) != 0)
        return root_differs(v, e);
    if (v->other != NULL && v->other->differs)
        return error_set(e, E_VERIFY,
                         "head %llu: its device signed that it saw a log of %llu entries with another root: the "
                         "office showed it another history, or the head was altered",
                         (unsigned long long)v->other->number, (unsigned long long)v->other->said.checkpoint_size);
    if (v->other != NULL)
        return error_set(e, E_VERIFY,
                         "head %llu: its device signed that it saw a log of %llu entries, and this one has only %llu: "
                         "the office's history has shrunk",
                         (unsigned long long)v->other->number, (unsigned long long)v->other->said.checkpoint_size,
                         (unsigned long long)v->frontier.size);
    count_losers(v);
    count_witnesses(v);
    return audit_set_backs_end(&v->set_backs, e);
}

/* What the auditor brought from elsewhere. */
static int check_evidence(struct verifying *v, struct error *e)
{
    struct audit_verify_result *r = v->result;
    for (size_t i = 0; i < 2; i++) {
        int has_reason = audit_set_backs_explain(&v->set_backs, r->evidence_size[i], &r->evidence_lost_ms[i]);
        int code = audit_evidence_end(&v->evidence[i], r->entries, has_reason, &r->evidence_lost[i], e);
        if (code != 0)
            return code;
    }
    return 0;
}

static int take_all(struct verifying *v, struct error *e)
{
    struct archive_item record;
    int code, lines_made = 0;
    do {
        if ((code = archive_next(v->archive, &record, e)) != 0)
            return code;
        if (!lines_made && (record.type == ARCHIVE_ENTRY || record.type == ARCHIVE_END)) {
            lines_made = 1;
            code = make_lines(v, e);
        }
        if (code == 0 && record.type == ARCHIVE_CHECKPOINT)
            code = take_checkpoint(v, record.checkpoint, e);
        else if (code == 0 && record.type == ARCHIVE_HEAD)
            code = take_head(v, record.head, e);
        else if (code == 0 && record.type == ARCHIVE_ENTRY)
            code = take_entry(v, &record, e);
    } while (code == 0 && record.type != ARCHIVE_END);
    v->result->heads = v->head_count;
    if (code != 0 || (code = check_lines(v, e)) != 0 || (code = check_signatures(v, e)) != 0 ||
        (code = check_root(v, e)) != 0)
        return code;
    v->result->own_changes = v->own.changes;
    v->result->writer_count = audit_own_writers(&v->own, v->result->writers, AUDIT_WRITERS, &v->result->writers_more);
    if ((code = check_evidence(v, e)) != 0 || v->trial == NULL)
        return code;
    v->result->judged = trial_counted(v->trial).judged;
    v->result->late = trial_counted(v->trial).late;
    v->result->held = trial_counted(v->trial).held;
    v->result->unjudged = trial_counted(v->trial).unjudged;
    return audit_rules_check(v->trial, e);
}

int audit_verify(const struct audit_verify_options *options, struct audit_verify_result *result, struct error *e)
{
    struct verifying *v = calloc(1, sizeof *v);
    struct error here;
    int code;
    if (e == NULL)
        e = &here;
    memset(result, 0, sizeof *result);
    if (v == NULL)
        return error_memory(e);
    v->options = options;
    v->result = result;
    if ((code = audit_evidence_key(options->key, &v->vkey, e)) != 0 ||
        (options->seen != NULL && (code = audit_evidence_seen(options->seen, &v->vkey, &v->evidence[0], e)) != 0) ||
        (options->since != NULL && (code = audit_evidence_since(options->since, &v->vkey, &v->evidence[1], e)) != 0))
        goto out;
    for (size_t i = 0; i < 2; i++) {
        audit_evidence_look(&v->evidence[i], &v->frontier);
        result->evidence_given[i] = v->evidence[i].option != NULL;
        result->evidence_size[i] = v->evidence[i].stated.size;
    }
    v->office = id_of_device(v->vkey.public_key);
    if (options->passphrase != NULL && (code = trial_open(&v->trial, &v->office, e)) != 0)
        goto out;
    if ((code = archive_open(&v->archive, options->archive, options->passphrase, options->passphrase_bytes, e)) == 0)
        code = take_all(v, e);
out:
    archive_close(v->archive);
    free(v->heads);
    free(v->lines);
    free(v->by_size);
    trial_close(v->trial);
    audit_set_backs_free(&v->set_backs);
    audit_own_free(&v->own);
    free(v);
    return code;
}
