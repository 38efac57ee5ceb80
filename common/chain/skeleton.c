/* Writing and reading skeletons, and the erasures that carry them. */
#include "skeleton.h"

#include <string.h>

#include "schema.h"

enum { OP_PARTS = 4 };

/* Ids and dots are no words, and they decide who may see what: whom a case is about, what a void lists. */
static int is_kept(unsigned kind, const struct change_op *op)
{
    const struct schema_kind *known = schema_kind(kind);
    const struct schema_field *field = known != NULL ? schema_field(known, op->field) : NULL;
    struct error why;
    return field != NULL && (field->type == SCHEMA_REF || field->type == SCHEMA_DOTS) &&
           schema_check(known, field, op->value, &why) == 0;
}

int skeleton_write(const struct change *c, struct pack *w, struct error *e)
{
    pack_array(w, c->op_count);
    for (size_t i = 0; i < c->op_count; i++) {
        const struct change_op *op = &c->ops[i];
        pack_array(w, OP_PARTS);
        pack_uint(w, op->field);
        pack_uint(w, op->action);
        if (is_kept(c->kind, op))
            pack_raw(w, op->value);
        else
            pack_nil(w);
        pack_raw(w, op->supersedes);
    }
    return pack_finish(w, e);
}

/* 1: the value is an id, or an array that may be one of dots: no text fits in between. */
static int may_be_kept(struct slice value)
{
    struct unpack r;
    struct id id;
    size_t count;
    if (slice_id(value, &id))
        return 1;
    unpack_start(&r, value);
    count = unpack_array(&r);
    for (size_t i = 0; i < count && !r.failed; i++)
        (void)dot_unpack(&r);
    return unpack_end(&r, "dots", NULL) == 0;
}

static void read_skeleton_op(struct unpack *r, struct change_op *op, size_t *named)
{
    static const uint8_t nothing;
    const uint8_t *start;
    unpack_items(r, OP_PARTS);
    op->field = (unsigned)unpack_uint_between(r, 1, 65535);
    op->action = (enum change_action)unpack_uint_between(r, CHANGE_SET, CHANGE_REMOVE);
    op->value = unpack_any(r);
    if (!r->failed && slice_is_nil(op->value))
        op->value = (struct slice){&nothing, 0};
    else if (!r->failed && !may_be_kept(op->value))
        unpack_refuse(r);
    start = r->p;
    *named = unpack_array(r);
    for (size_t i = 0; i < *named && !r->failed; i++)
        (void)dot_unpack(r);
    op->supersedes = (struct slice){start, r->failed ? 0 : (size_t)(r->p - start)};
}

int skeleton_read(struct slice skeleton, struct change *out, struct error *e)
{
    struct unpack r;
    size_t count, named;
    int code;
    unpack_start(&r, skeleton);
    count = unpack_array(&r);
    if (count > CHANGE_OPS_MAX)
        return error_set(e, E_LIMIT, "a skeleton has %zu ops; at most %d are allowed", count, CHANGE_OPS_MAX);
    for (size_t i = 0; i < count && !r.failed; i++) {
        read_skeleton_op(&r, &out->ops[i], &named);
        if (named > CHANGE_SUPERSEDES_MAX)
            return error_set(e, E_LIMIT, "an op of a skeleton supersedes %zu others; at most %d are allowed", named,
                             CHANGE_SUPERSEDES_MAX);
    }
    if ((code = unpack_end(&r, "the skeleton of a change", e)) != 0)
        return code;
    out->op_count = count;
    out->skeleton = skeleton;
    return 0;
}

int skeleton_change(struct slice header, struct slice body, struct slice skeleton, struct change *out, struct error *e)
{
    int code = change_read(header, body, out, e);
    return code != 0 || body.p != NULL || skeleton.p == NULL ? code : skeleton_read(skeleton, out, e);
}

int skeleton_fits(struct slice skeleton, const struct change *c)
{
    struct unpack r;
    size_t count;
    unpack_start(&r, skeleton);
    count = unpack_array(&r);
    if (r.failed || count != c->op_count)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct change_op op;
        size_t named;
        read_skeleton_op(&r, &op, &named);
        if (r.failed || op.field != c->ops[i].field || op.action != c->ops[i].action ||
            !slice_equal(op.supersedes, c->ops[i].supersedes) ||
            (op.value.size != 0 && !slice_equal(op.value, c->ops[i].value)))
            return 0;
    }
    return unpack_end(&r, "skeleton", NULL) == 0;
}

/* --- erasures --- */

static struct slice bytes_of(const struct change_op *op)
{
    struct unpack r;
    struct slice bytes;
    unpack_start(&r, op->value);
    bytes = unpack_bin(&r);
    return unpack_end(&r, "bytes", NULL) == 0 ? bytes : (struct slice){NULL, 0};
}

int skeleton_erasure(const struct change *c, struct skeleton_erasure *out, struct error *e)
{
    const struct schema_kind *kind = schema_kind(KIND_ERASURE);
    int found = 0;
    int64_t number;
    memset(out, 0, sizeof *out);
    pack_start(&out->skeleton);
    for (size_t i = 0; c->kind == KIND_ERASURE && i < c->op_count; i++) {
        const struct change_op *op = &c->ops[i];
        const struct schema_field *field = schema_field(kind, op->field);
        const char *name = field != NULL ? field->name : "";
        if (strcmp(name, "device") == 0 && bytes_of(op).size == ID_BYTES) {
            memcpy(out->device.b, bytes_of(op).p, ID_BYTES);
            found |= 1;
        } else if (strcmp(name, "epoch") == 0 && slice_int(op->value, &number) && number > 0) {
            out->epoch = (uint64_t)number;
            found |= 2;
        } else if (strcmp(name, "seq") == 0 && slice_int(op->value, &number) && number > 0) {
            out->seq = (uint64_t)number;
            found |= 4;
        } else if (strcmp(name, "skeleton") == 0) {
            pack_raw(&out->skeleton, bytes_of(op));
            out->has_skeleton = 1;
        }
    }
    if (pack_finish(&out->skeleton, e) != 0)
        return -1;
    return found == 7;
}
