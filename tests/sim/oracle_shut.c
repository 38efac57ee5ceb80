/* Judges that what comes from somebody whom the office has shut out is held. */
#include "oracle_shut.h"

#include "oracle.h"

enum { USER_STATUS = 12, DEVICE_USER = 10, DEVICE_STATUS = 14, ACTIVE = 1 };
enum { HOLD_DEVICE = 10, HOLD_EPOCH = 11, HOLD_SEQ = 12 };

/* What the office had written last in a field of a record before this position; p NULL: nothing. */
static struct slice last(const struct oracle_log *log, const struct id *record, unsigned field, uint64_t before)
{
    struct slice value = {NULL, 0};
    for (size_t i = 0; i < log->written_count && log->written[i].entry->position < before; i++)
        if (log->written[i].field == field && id_equal(&log->written[i].entry->record, record))
            value = log->written[i].value;
    return value;
}

static int is_active(const struct oracle_log *log, const struct id *record, unsigned field, uint64_t before)
{
    int64_t status;
    return slice_int(last(log, record, field, before), &status) && status == ACTIVE;
}

/* Did a hold before it name this entry, whatever became of that since? */
static int was_held(const struct oracle_log *log, const struct oracle_entry *entry)
{
    for (size_t i = 0; i < entry->position; i++) {
        const struct oracle_entry *hold = &log->entries[i];
        struct id device;
        int64_t epoch, seq;
        if (hold->kind == KIND_HOLD && slice_id(last(log, &hold->record, HOLD_DEVICE, entry->position), &device) &&
            id_equal(&device, &entry->device) &&
            slice_int(last(log, &hold->record, HOLD_EPOCH, entry->position), &epoch) &&
            slice_int(last(log, &hold->record, HOLD_SEQ, entry->position), &seq) && (uint64_t)epoch == entry->epoch &&
            (uint64_t)seq == entry->seq)
            return 1;
    }
    return 0;
}

void oracle_shut_judge(const struct oracle_log *log)
{
    for (size_t i = 0; i < log->entry_count; i++) {
        const struct oracle_entry *entry = &log->entries[i];
        struct id user;
        /* What happened to a store everybody may say; the office itself is no laptop. */
        if (entry->kind == KIND_EVENT || !slice_id(last(log, &entry->device, DEVICE_USER, i), &user) ||
            (is_active(log, &entry->device, DEVICE_STATUS, i) && is_active(log, &user, USER_STATUS, i)))
            continue;
        if (!was_held(log, entry))
            oracle_found("4: entry %zu of the office's log comes from a laptop that was shut out, and nothing held it",
                         i);
    }
}
