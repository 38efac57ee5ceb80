/* What contests a closing: the ops that live in the case, which whoever closed it had not seen, and whose authors did
 * not know that it was closed. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "review.h"

struct unseen_ops {
    struct review_beside *ops;
    size_t count, room;
};

static int add_op(struct unseen_ops *list, const struct record_unseen *u, unsigned index, struct error *e)
{
    const struct change *c = u->change;
    const struct change_op *op = &c->ops[index];
    struct review_beside *b;
    uint8_t *copy;
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct review_beside *more = realloc(list->ops, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        list->ops = more;
        list->room = room;
    }
    if ((copy = malloc(op->value.size + 1)) == NULL)
        return error_memory(e);
    memcpy(copy, op->value.p, op->value.size);
    b = &list->ops[list->count++];
    *b = (struct review_beside){.dot = {c->device, c->epoch, c->seq, index},
                                .field = op->field,
                                .author = c->author,
                                .hlc = c->hlc,
                                .wall_ms = c->wall_ms,
                                .received_ms = u->received_ms,
                                .position = u->position,
                                .record = c->record,
                                .kind = c->kind,
                                .removes = op->action == CHANGE_REMOVE,
                                .value = {copy, op->value.size}};
    return 0;
}

static int add_change(void *arg, const struct record_unseen *u, struct error *e)
{
    int code = 0;
    for (unsigned i = 0; code == 0 && i < u->change->op_count; i++)
        if (u->change->ops[i].field != FIELD_SEEN && i / 8 < u->live.size && (u->live.p[i / 8] >> i % 8 & 1) != 0)
            code = add_op(arg, u, i, e);
    return code;
}

void review_unseen_free(struct review_beside *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ops[i].value.p != NULL)
            sodium_memzero((void *)ops[i].value.p, ops[i].value.size);
        free((void *)ops[i].value.p);
    }
    free(ops);
}

int review_unseen(struct db *db, const struct id *record, const struct schema_field *field, struct review_beside **ops,
                  size_t *count, struct error *e)
{
    struct unseen_ops list = {NULL, 0, 0};
    int code = record_closing_contest(db, record, field, add_change, &list, e);
    if (code != 0) {
        review_unseen_free(list.ops, list.count);
        list = (struct unseen_ops){NULL, 0, 0};
    }
    *ops = list.ops;
    *count = list.count;
    return code;
}

const char *review_reopened(const struct schema_kind *kind)
{
    return kind->number == KIND_CASE ? "open" : "active";
}
