/* Reading and writing changes; docs/CHANGE.md has the format. Reading copies nothing and keeps slices of the
 * bytes that came. It checks sizes before anything else, and counts before what they count. */
#include "change.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

#define HEADER_ITEMS 13
#define BODY_ITEMS 3
#define OP_ITEMS 4
#define NUMBER_MAX 65535 /* of kinds and fields */

enum { BODY_MAX = CHANGE_BODY_MAX };

static const uint8_t header_domain[] = "satchel change 1";
static const uint8_t body_domain[] = "satchel body 1";

/* --- reading --- */

static void keyed_hash(struct slice bytes, const uint8_t *domain, size_t domain_size, uint8_t out[CHANGE_HASH_BYTES])
{
    crypto_generichash(out, CHANGE_HASH_BYTES, bytes.p, bytes.size, domain, domain_size);
}

int change_read_known(struct slice header, struct change *out, struct error *e)
{
    struct unpack r;
    uint64_t version;
    size_t count;
    memset(out, 0, offsetof(struct change, ops));
    out->reason = (struct slice){NULL, 0};
    if (header.size > CHANGE_HEADER_MAX)
        return error_set(e, E_LIMIT, "a change's header has %zu bytes; at most %d are allowed", header.size,
                         CHANGE_HEADER_MAX);
    unpack_start(&r, header);
    count = unpack_array(&r);
    version = unpack_uint(&r);
    if (!r.failed && version != CHANGE_VERSION)
        return error_set(e, E_INPUT, "a change has version %llu of the format, and this program reads %d; update it",
                         (unsigned long long)version, CHANGE_VERSION);
    if (count != HEADER_ITEMS)
        unpack_refuse(&r);
    out->device = unpack_id(&r);
    out->epoch = unpack_uint_between(&r, 1, INT64_MAX);
    out->seq = unpack_uint_between(&r, 1, INT64_MAX);
    unpack_fixed(&r, out->previous, sizeof out->previous);
    out->hlc = unpack_uint_between(&r, 0, INT64_MAX);
    out->wall_ms = unpack_uint_between(&r, 0, INT64_MAX);
    out->author = unpack_id(&r);
    out->session = unpack_id(&r);
    out->scope = unpack_id(&r);
    out->record = unpack_id(&r);
    out->kind = (unsigned)unpack_uint_between(&r, 1, NUMBER_MAX);
    unpack_fixed(&r, out->body_hash, sizeof out->body_hash);
    out->header = header;
    return unpack_end(&r, "a change's header", e);
}

int change_read_header(struct slice header, struct change *out, struct error *e)
{
    int code = change_read_known(header, out, e);
    if (code == 0)
        keyed_hash(header, header_domain, sizeof header_domain - 1, out->hash);
    return code;
}

/* Reads the dots of an op. Each must be greater than the one before, so that a set of dots has one form. */
static struct slice read_supersedes(struct unpack *r, size_t *count)
{
    const uint8_t *start = r->p;
    struct dot before;
    *count = unpack_array(r);
    if (*count > CHANGE_SUPERSEDES_MAX)
        unpack_refuse(r);
    for (size_t i = 0; i < *count && !r->failed; i++) {
        struct dot dot = dot_unpack(r);
        if (i != 0 && dot_compare(&before, &dot) >= 0)
            unpack_refuse(r);
        before = dot;
    }
    return (struct slice){start, r->failed ? 0 : (size_t)(r->p - start)};
}

static int read_op(struct unpack *r, struct change_op *op, struct error *e)
{
    size_t count;
    unpack_items(r, OP_ITEMS);
    op->field = (unsigned)unpack_uint_between(r, 1, NUMBER_MAX);
    op->action = (enum change_action)unpack_uint_between(r, CHANGE_SET, CHANGE_REMOVE);
    op->value = unpack_any(r);
    op->supersedes = read_supersedes(r, &count);
    if (count > CHANGE_SUPERSEDES_MAX)
        return error_set(e, E_LIMIT, "an op of a change supersedes %zu others; at most %d are allowed", count,
                         CHANGE_SUPERSEDES_MAX);
    return 0;
}

static int read_body(struct slice body, struct change *out, struct error *e)
{
    uint8_t salt[CHANGE_SALT_BYTES];
    struct unpack r;
    size_t count;
    int code = 0;
    unpack_start(&r, body);
    unpack_items(&r, BODY_ITEMS);
    unpack_fixed(&r, salt, sizeof salt);
    count = unpack_array(&r);
    if (count > CHANGE_OPS_MAX)
        return error_set(e, E_LIMIT, "a change has %zu ops; at most %d are allowed", count, CHANGE_OPS_MAX);
    for (size_t i = 0; i < count && !r.failed && code == 0; i++)
        code = read_op(&r, &out->ops[i], e);
    if (code != 0)
        return code;
    /* If there is no reason, it is nil and never an empty text, so that each change has one form. */
    if (!unpack_nil(&r)) {
        out->reason = unpack_text(&r);
        if (out->reason.size == 0)
            unpack_refuse(&r);
    }
    if ((code = unpack_end(&r, "a change's body", e)) == 0)
        out->op_count = count;
    return code;
}

int change_read(struct slice header, struct slice body, struct change *out, struct error *e)
{
    uint8_t hash[CHANGE_HASH_BYTES];
    int code = change_read_header(header, out, e);
    if (code != 0 || body.p == NULL)
        return code;
    if (body.size > BODY_MAX)
        return error_set(e, E_LIMIT, "a change's body has %zu bytes; at most %d are allowed", body.size, BODY_MAX);
    keyed_hash(body, body_domain, sizeof body_domain - 1, hash);
    if (memcmp(hash, out->body_hash, sizeof hash) != 0)
        return error_set(e, E_VERIFY,
                         "the body of a change is not the one that its header names (epoch %llu, seq %llu)",
                         (unsigned long long)out->epoch, (unsigned long long)out->seq);
    out->body = body;
    return read_body(body, out, e);
}

size_t change_supersedes(const struct change_op *op, struct unpack *r)
{
    unpack_start(r, op->supersedes);
    return unpack_array(r);
}

/* --- writing --- */

void change_draft_start(struct change_draft *d)
{
    memset(d, 0, sizeof *d);
    pack_start(&d->ops);
}

void change_draft_free(struct change_draft *d)
{
    pack_free(&d->ops);
    d->op_count = 0;
}

static int by_dot(const void *a, const void *b)
{
    return dot_compare(a, b);
}

/* Writes the dots in their one form: rising, each once. */
static void pack_dots(struct pack *w, const struct dot *dots, size_t count)
{
    struct dot *sorted = NULL;
    size_t unique = 0;
    if (count != 0) {
        if ((sorted = malloc(count * sizeof *sorted)) == NULL) {
            w->failed = 1;
            return;
        }
        memcpy(sorted, dots, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_dot);
        for (size_t i = 0; i < count; i++)
            if (i == 0 || !dot_equal(&sorted[i], &sorted[unique - 1]))
                sorted[unique++] = sorted[i];
    }
    pack_array(w, unique);
    for (size_t i = 0; i < unique; i++)
        dot_pack(w, &sorted[i]);
    free(sorted);
}

void change_draft_op(struct change_draft *d, unsigned field, enum change_action action, struct slice value,
                     const struct dot *supersedes, size_t supersedes_count)
{
    d->op_count++;
    /* An op too many is counted, so that change_write refuses the draft, and takes no more memory. */
    if (d->op_count > CHANGE_OPS_MAX || pack_bytes(&d->ops).size > BODY_MAX)
        return;
    pack_array(&d->ops, OP_ITEMS);
    pack_uint(&d->ops, field);
    pack_uint(&d->ops, action);
    pack_raw(&d->ops, value);
    pack_dots(&d->ops, supersedes, supersedes_count);
}

static void write_body(const struct change_draft *d, struct pack *body)
{
    uint8_t salt[CHANGE_SALT_BYTES];
    randombytes_buf(salt, sizeof salt);
    pack_array(body, BODY_ITEMS);
    pack_bin(body, salt, sizeof salt);
    pack_array(body, d->op_count);
    pack_raw(body, pack_bytes(&d->ops));
    if (d->reason == NULL || d->reason[0] == '\0')
        pack_nil(body);
    else
        pack_text(body, d->reason, strlen(d->reason));
}

static void write_header(const struct change_draft *d, const uint8_t body_hash[CHANGE_HASH_BYTES], struct pack *header)
{
    pack_array(header, HEADER_ITEMS);
    pack_uint(header, CHANGE_VERSION);
    pack_id(header, &d->device);
    pack_uint(header, d->epoch);
    pack_uint(header, d->seq);
    pack_bin(header, d->previous, sizeof d->previous);
    pack_uint(header, d->hlc);
    pack_uint(header, d->wall_ms);
    pack_id(header, &d->author);
    pack_id(header, &d->session);
    pack_id(header, &d->scope);
    pack_id(header, &d->record);
    pack_uint(header, d->kind);
    pack_bin(header, body_hash, CHANGE_HASH_BYTES);
}

int change_write(const struct change_draft *d, struct pack *header, struct pack *body, uint8_t hash[CHANGE_HASH_BYTES],
                 struct error *e)
{
    uint8_t body_hash[CHANGE_HASH_BYTES];
    struct change written;
    int code;
    pack_start(header);
    pack_start(body);
    /* 1. Check what a person can run into: too much at once. */
    if (d->op_count > CHANGE_OPS_MAX)
        return error_set(e, E_LIMIT, "one change would have %zu ops; at most %d are allowed: save it in parts",
                         d->op_count, CHANGE_OPS_MAX);
    if (d->reason != NULL && !pack_is_utf8((const uint8_t *)d->reason, strlen(d->reason)))
        return error_set(e, E_INPUT, "the reason is not UTF-8 text; type it again");
    /* 2. Write the body first, since its hash is in the header. */
    write_body(d, body);
    body->failed |= d->ops.failed;
    if ((code = pack_finish(body, e)) != 0)
        return code;
    if (pack_bytes(body).size > BODY_MAX)
        return error_set(e, E_LIMIT, "one change would have %zu bytes; at most %d are allowed: save it in parts",
                         pack_bytes(body).size, BODY_MAX);
    keyed_hash(pack_bytes(body), body_domain, sizeof body_domain - 1, body_hash);
    write_header(d, body_hash, header);
    if ((code = pack_finish(header, e)) != 0)
        return code;
    /* 3. Read the change as everybody else will: a chain is never edited, so what nobody can read must not enter it. */
    if ((code = change_read(pack_bytes(header), pack_bytes(body), &written, e)) == 0)
        memcpy(hash, written.hash, CHANGE_HASH_BYTES);
    else
        (void)error_prefix(e, "this change could not be read again");
    return code;
}

const char *change_action_name(enum change_action action)
{
    return action == CHANGE_ADD ? "add" : action == CHANGE_REMOVE ? "remove" : "set";
}

int change_repeats(const struct change *a, const struct change *b)
{
    if (a->body.p == NULL || b->body.p == NULL || a->hlc != b->hlc || a->wall_ms != b->wall_ms || a->kind != b->kind ||
        a->op_count != b->op_count || a->op_count == 0 || !id_equal(&a->session, &b->session) ||
        !id_equal(&a->author, &b->author) || !id_equal(&a->scope, &b->scope) || !slice_equal(a->reason, b->reason))
        return 0;
    for (size_t i = 0; i < a->op_count; i++) {
        const struct change_op *x = &a->ops[i], *y = &b->ops[i];
        if (x->field != y->field || x->action != y->action)
            return 0;
        if (x->field != FIELD_VOID && x->field != FIELD_SEEN && !slice_equal(x->value, y->value))
            return 0;
    }
    return 1;
}
