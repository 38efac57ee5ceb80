/* Writes `erasure` records. The record's own code drops the words when it applies one (record_erase.c). */
#include "erasure.h"

#include <stdlib.h>

#include "edit.h"
#include "log.h"
#include "schema.h"
#include "skeleton.h"

static int set_number(struct edit *edit, const char *name, uint64_t number, struct error *e)
{
    struct pack value;
    int code;
    pack_start(&value);
    pack_uint(&value, number);
    if ((code = pack_finish(&value, e)) == 0)
        code = edit_set(edit, schema_field_named(edit->kind, name), pack_bytes(&value), e);
    pack_free(&value);
    return code;
}

static int set_bytes(struct edit *edit, const char *name, const uint8_t *bytes, size_t size, struct error *e)
{
    struct pack value;
    int code;
    pack_start(&value);
    pack_bin(&value, bytes, size);
    if ((code = pack_finish(&value, e)) == 0)
        code = edit_set(edit, schema_field_named(edit->kind, name), pack_bytes(&value), e);
    pack_free(&value);
    return code;
}

/* skeleton: of no bytes if there is none. */
static int write_erasure(struct central *c, const struct change *change, const char *reason, struct slice skeleton,
                         struct error *e)
{
    struct id record = id_new(c->author.wall());
    struct edit edit;
    int code = edit_new(&edit, c->db, schema_kind(KIND_ERASURE), &change->scope, &record, e);
    if (code == 0 && (code = set_bytes(&edit, "device", change->device.b, ID_BYTES, e)) == 0 &&
        (code = set_number(&edit, "epoch", change->epoch, e)) == 0 &&
        (code = set_number(&edit, "seq", change->seq, e)) == 0)
        code = edit_set_text(&edit, "reason", reason, e);
    for (size_t at = 0; code == 0 && at < skeleton.size; at += SKELETON_PART) {
        size_t left = skeleton.size - at;
        code = set_bytes(&edit, "skeleton", skeleton.p + at, left < SKELETON_PART ? left : SKELETON_PART, e);
    }
    if (code != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(c, &edit, NULL, e);
}

static int erase(struct central *c, const struct change *change, const char *reason, struct error *e)
{
    struct pack skeleton;
    int code;
    if (!schema_is_erasable(change->kind))
        return error_set(e, E_REFUSED,
                         "it cannot be erased: what the office alone writes says what is in force, and what a store "
                         "says of itself is evidence");
    if (change->body.p == NULL)
        return error_set(e, E_EXISTS, "its words are gone already");
    pack_start(&skeleton);
    if ((code = skeleton_write(change, &skeleton, e)) == 0)
        code = write_erasure(c, change, reason, pack_bytes(&skeleton), e);
    pack_free(&skeleton);
    return code;
}

/* Drops what stands beside the log with the same words: the change as it was before it was written once more. */
static int drop_evidence(struct central *c, const struct change *change, struct error *e)
{
    struct change *other = malloc(sizeof *other);
    sqlite3_stmt *s;
    int row = 0, code = other == NULL ? error_memory(e)
                                      : db_query(c->db, &s, e,
                                                 "SELECT header, body, hash FROM evidence WHERE body IS "
                                                 "NOT NULL",
                                                 "");
    while (code == 0 && (row = db_next(c->db, s, e)) == 1) {
        struct slice hash = db_slice(s, 2);
        if (change_read(db_slice(s, 0), db_slice(s, 1), other, NULL) == 0 && change_repeats(change, other))
            code = db_run(c->db, e, "UPDATE evidence SET body = NULL WHERE hash = ?", "b", hash);
    }
    if (code == 0 && row == 0)
        code = db_run(c->db, e,
                      "UPDATE evidence_size SET bytes = (SELECT coalesce(sum(length(header) + coalesce(length(body), "
                      "0)), 0) FROM evidence WHERE evidence.device = evidence_size.device) WHERE device = ?",
                      "d", &change->device);
    if (code != 0 && row == 1)
        db_done(c->db, s);
    free(other);
    return row < 0 ? error_code(e) : code;
}

int erasure_write(struct central *c, const struct id *device, uint64_t epoch, uint64_t seq, const char *reason,
                  struct error *e)
{
    struct log_memory memory = {NULL, 0};
    struct log_entry entry;
    int64_t id = log_find(c->db, device, epoch, seq, NULL, e);
    int code;
    if (id <= 0)
        return id < 0 ? error_code(e) : error_set(e, E_NOT_FOUND, "the log has no such change");
    if ((code = log_load(c->db, id, 1, &memory, &entry, e)) == 0 && (code = erase(c, &entry.change, reason, e)) == 0)
        code = drop_evidence(c, &entry.change, e);
    log_memory_free(&memory);
    return code;
}

int erasure_write_wordless(struct central *c, const struct change *change, struct error *e)
{
    return write_erasure(c, change, ERASURE_NO_WORDS, (struct slice){NULL, 0}, e);
}

int erasure_is_known(struct central *c, const struct change *change, struct error *e)
{
    return db_exists(c->db, e, "SELECT 1 FROM erased WHERE device = ? AND epoch = ? AND seq = ?", "duu",
                     &change->device, change->epoch, change->seq);
}
