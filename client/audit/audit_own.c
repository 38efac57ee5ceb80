/* Counts who stands as the author in the office's own chain. Names and roles come from the office's records of its
 * users, the last word of each in log order. */
#include "audit_own.h"

#include <stdlib.h>
#include <string.h>

#include "schema.h"

/* Finds a person, or makes room for one. NULL: there is no memory. */
static struct audit_person *person_of(struct audit_own *o, const struct id *id)
{
    size_t low = 0, high = o->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&o->people[middle].id, id);
        if (order == 0)
            return &o->people[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 32 : 2 * o->room;
        struct audit_person *more = realloc(o->people, room * sizeof *more);
        if (more == NULL)
            return NULL;
        o->people = more;
        o->room = room;
    }
    memmove(&o->people[low + 1], &o->people[low], (o->count - low) * sizeof *o->people);
    memset(&o->people[low], 0, sizeof o->people[low]);
    o->people[low].id = *id;
    o->count++;
    return &o->people[low];
}

static void take_words(const struct change *c, const char *name, char *out, size_t room)
{
    const struct schema_kind *kind = schema_kind(KIND_USER);
    const struct schema_field *field = schema_field_named(kind, name);
    for (size_t i = 0; i < c->op_count; i++)
        if (c->ops[i].field == field->number)
            (void)schema_format(field, c->ops[i].value, out, room);
}

int audit_own_take(struct audit_own *o, uint64_t position, const struct change *c, struct error *e)
{
    struct audit_person *person;
    if (c->kind == KIND_OFFICE && o->has_office && !id_equal(&o->office, &c->record))
        return error_set(e, E_VERIFY,
                         "it is a second record of an office: what the office wrote in a person's name could be taken "
                         "for its own");
    if (c->kind == KIND_OFFICE) {
        o->has_office = 1;
        o->office = c->record;
    }
    if ((person = person_of(o, &c->author)) == NULL)
        return error_memory(e);
    o->changes++;
    person->changes++;
    person->last = position;
    if (c->kind != KIND_USER || c->body.p == NULL)
        return 0;
    if ((person = person_of(o, &c->record)) == NULL)
        return error_memory(e);
    take_words(c, "name", person->name, sizeof person->name);
    take_words(c, "role", person->role, sizeof person->role);
    return 0;
}

void audit_own_free(struct audit_own *o)
{
    free(o->people);
    memset(o, 0, sizeof *o);
}

size_t audit_own_writers(const struct audit_own *o, struct audit_person *out, size_t max, uint64_t *others)
{
    size_t count = 0;
    *others = 0;
    for (size_t i = 0; i < o->count; i++) {
        size_t at = count;
        if (o->people[i].changes == 0 || id_equal(&o->people[i].id, &o->office))
            continue;
        while (at > 0 && out[at - 1].changes < o->people[i].changes)
            at--;
        if (count == max) {
            ++*others;
            if (at == max)
                continue;
        } else
            count++;
        memmove(&out[at + 1], &out[at], (count - 1 - at) * sizeof *out);
        out[at] = o->people[i];
    }
    return count;
}
