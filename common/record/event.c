/* The fields of an event record, written in one place for the laptop and the office. */
#include "event.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"

static int set_event_fields(struct edit *edit, uint64_t at_ms, const struct event *event, struct error *e)
{
    char text[CLOCK_TEXT];
    int code = edit_set_text(edit, "what", event->what, e);
    /* A clock that is far from all reason costs the record its time, and nothing else: no field takes year 10000. */
    if (code == 0 && clock_text(at_ms, text) == 0 && (code = edit_set_text(edit, "at", text, e)) == E_INPUT)
        code = 0;
    if (code == 0 && event->count != 0) {
        (void)snprintf(text, sizeof text, "%" PRIu64, event->count);
        code = edit_set_text(edit, "count", text, e);
    }
    if (code == 0 && event->checkpoint != NULL)
        code = edit_set_text(edit, "checkpoint", event->checkpoint, e);
    if (code == 0 && event->announcement != NULL)
        code = edit_set_text(edit, "announcement", event->announcement, e);
    if (code == 0 && event->officers != NULL && (code = edit_set_id(edit, "officer", &event->officers[0], e)) == 0)
        code = edit_set_id(edit, "second_officer", &event->officers[1], e);
    return code;
}

int event_edit(struct edit *edit, struct db *db, const struct edit_author *author, const struct event *event,
               struct error *e)
{
    static const struct id everywhere;
    uint64_t now = author->wall();
    struct id record = id_new(now);
    int code = edit_new(edit, db, schema_kind(KIND_EVENT), &everywhere, &record, e);
    if (code != 0)
        return code;
    if ((code = set_event_fields(edit, event->at_ms != 0 ? event->at_ms : now, event, e)) != 0)
        edit_free(edit);
    return code;
}
