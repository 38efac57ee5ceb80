/* Collects the conflicts of this laptop that are its person's to decide, or of the person's own words,, and compares
 * two such collections. */
#include "own_conflicts.h"

#include <stdlib.h>
#include <string.h>

#include "review.h"

struct counting {
    const struct id *person;
    struct own_conflicts *owned;
};

static int keep_own(struct own_conflicts *o, const struct record_conflict *c, struct error *e)
{
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 16 : 2 * o->room;
        struct own_conflicts_field *more = realloc(o->fields, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        o->fields = more;
        o->room = room;
    }
    o->fields[o->count++] = (struct own_conflicts_field){c->record, c->field->number};
    return 0;
}

static int count_conflict_of(void *arg, const struct review *r, struct error *e)
{
    struct counting *c = arg;
    if (!r->conflict.loud)
        return 0;
    c->owned->all++;
    return review_owns(r, c->person) || review_concerns(r, c->person) ? keep_own(c->owned, &r->conflict, e) : 0;
}

int own_conflicts_load(struct db *db, const struct id *person, struct own_conflicts *out, struct error *e)
{
    struct counting c = {person, out};
    memset(out, 0, sizeof *out);
    return review_each(db, count_conflict_of, &c, e);
}

void own_conflicts_free(struct own_conflicts *o)
{
    free(o->fields);
    memset(o, 0, sizeof *o);
}

size_t own_conflicts_new(const struct own_conflicts *before, const struct own_conflicts *now)
{
    size_t fresh = 0;
    for (size_t i = 0; i < now->count; i++) {
        size_t k = 0;
        while (k < before->count && (before->fields[k].field != now->fields[i].field ||
                                     !id_equal(&before->fields[k].record, &now->fields[i].record)))
            k++;
        fresh += k == before->count;
    }
    return fresh;
}
