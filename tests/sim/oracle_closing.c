/* What contests a closing: a naive reading of docs/MERGE.md, "Closing". */
#include "oracle_closing.h"

/* 1: that value of a status closes. A case: closed; a plan: completed, ended early. */
static int is_closed(const struct schema_field *status, struct slice value)
{
    int64_t code, last = 0;
    while (status->choices[last].name != NULL)
        last++;
    return slice_int(value, &code) && code >= 3 && code <= last;
}

static struct id author_of(const struct oracle_entry *entry)
{
    static const struct id nobody;
    struct change c;
    return change_read_header(entry->header, &c, NULL) == 0 ? c.author : nobody;
}

/* The value of `seen` in a change; 0: it has none. */
static int seen_of(const struct oracle_log *log, const struct oracle_entry *entry, struct slice *value)
{
    for (size_t i = 0; i < log->written_count; i++)
        if (log->written[i].entry == entry && log->written[i].field == FIELD_SEEN) {
            *value = log->written[i].value;
            return 1;
        }
    return 0;
}

/* "It names a change of the same device and epoch that is not before it." exact: it names this very dot. */
static int names(struct slice seen, const struct dot *dot, int exact)
{
    struct unpack r;
    int found = 0;
    unpack_start(&r, seen);
    for (size_t left = unpack_array(&r); left > 0 && !r.failed; left--) {
        struct dot one = dot_unpack(&r);
        if (!r.failed && id_equal(&one.device, &dot->device) && one.epoch == dot->epoch)
            found |= exact ? one.seq == dot->seq && one.index == dot->index : one.seq >= dot->seq;
    }
    return found;
}

static int closes(const struct oracle_log *log, const struct oracle_entry *entry)
{
    const struct schema_kind *kind = schema_kind(entry->kind);
    for (size_t i = 0; kind != NULL && i < log->written_count; i++) {
        const struct schema_field *field =
            log->written[i].entry == entry ? schema_field(kind, log->written[i].field) : NULL;
        if (field != NULL && kind->place == SCHEMA_CASE && field->policy == SCHEMA_STATUS &&
            is_closed(field, log->written[i].value))
            return 1;
    }
    return 0;
}

/* Did an import write it? */
static int is_import(const struct oracle_log *log, const struct oracle_entry *entry)
{
    for (size_t i = 0; i < log->written_count; i++)
        if (log->written[i].entry == entry && log->written[i].field == FIELD_SOURCE_HASH)
            return 1;
    return 0;
}

/* Does what an op says contest the closing? */
static int contests(const struct oracle_log *log, const struct oracle_op *closing, const struct oracle_op *op)
{
    const struct id by = author_of(op->entry), closer = author_of(closing->entry);
    struct slice seen;
    int voided, contested;
    if (op->is_dead || op->entry->body.p == NULL || op->field == FIELD_SEEN || id_equal(&by, &closer) ||
        !schema_is_dealt(op->entry->kind) || schema_is_office_only(op->entry->kind) || is_import(log, op->entry) ||
        !seen_of(log, closing->entry, &seen) || names(seen, &op->dot, 0))
        return 0;
    voided = oracle_log_voided(log, oracle_log_record(log, &op->entry->record), &contested);
    if (voided || !seen_of(log, op->entry, &seen))
        return !voided;
    return !names(seen, &closing->dot, 1) && !(closes(log, op->entry) && names(seen, &closing->dot, 0));
}

int oracle_closing_contested(const struct oracle_log *log, const struct oracle_record *record,
                             const struct schema_field *status)
{
    size_t count;
    const struct oracle_op *ops = oracle_log_field(log, record, status->number, &count), *first = NULL;
    struct slice seen;
    int contested = 1;
    for (size_t i = 0; i < count; i++) {
        if (ops[i].is_dead)
            continue;
        if (first == NULL)
            first = &ops[i];
        if (!is_closed(status, ops[i].value) || !slice_equal(ops[i].value, first->value) ||
            !seen_of(log, ops[i].entry, &seen))
            return 0;
    }
    for (size_t i = 0; i < count && contested; i++) {
        int one = 0;
        for (size_t k = 0; k < log->op_count && !ops[i].is_dead && !one; k++) {
            int agrees = 0;
            if (!id_equal(&log->ops[k].entry->scope, &record->scope))
                continue;
            for (size_t j = 0; j < count; j++)
                agrees |= !ops[j].is_dead && ops[j].entry == log->ops[k].entry;
            one = !agrees && contests(log, &ops[i], &log->ops[k]);
        }
        contested = ops[i].is_dead || one;
    }
    return first != NULL && contested;
}
