/* Any bytes as a header, and as a body under a header that names it: the hash is made right before reading, or nothing
 * but it would be tested. What is read must be canonical, and its values go through the schema, where words are the
 * inverse of parsing. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort();
}

static void write_header(struct pack *w, const struct change *c, const uint8_t body_hash[CHANGE_HASH_BYTES])
{
    pack_start(w);
    pack_array(w, 13);
    pack_uint(w, CHANGE_VERSION);
    pack_id(w, &c->device);
    pack_uint(w, c->epoch);
    pack_uint(w, c->seq);
    pack_bin(w, c->previous, sizeof c->previous);
    pack_uint(w, c->hlc);
    pack_uint(w, c->wall_ms);
    pack_id(w, &c->author);
    pack_id(w, &c->session);
    pack_id(w, &c->scope);
    pack_id(w, &c->record);
    pack_uint(w, c->kind);
    pack_bin(w, body_hash, CHANGE_HASH_BYTES);
}

static void through_schema(const struct schema_kind *kind, const struct schema_field *field, struct slice value)
{
    static char words[SCHEMA_FORMAT_MAX];
    char few[8];
    struct pack again;
    int64_t code;
    if (schema_check(kind, field, value, NULL) != 0)
        return;
    must(strlen(schema_format(field, value, few, sizeof few)) < sizeof few);
    (void)schema_format(field, value, words, sizeof words);
    must(pack_is_utf8((const uint8_t *)words, strlen(words)));
    if (field->type == SCHEMA_DOTS || (field->type == SCHEMA_CHOICE && slice_int(value, &code) &&
                                       field->choices[schema_rank(field, (uint64_t)code)].name == NULL))
        return;
    pack_start(&again);
    must(schema_parse(kind, field, words, &again, NULL) == 0);
    must(slice_equal(pack_bytes(&again), value));
    pack_free(&again);
}

/* A value is one of any field of any kind. */
static void through_all(struct slice value)
{
    size_t count;
    const struct schema_kind *kinds = schema_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        for (unsigned number = FIELD_VOID; number <= FIELD_SOURCE_HASH; number++)
            through_schema(&kinds[i], schema_field(&kinds[i], number), value);
        for (size_t k = 0; k < kinds[i].field_count; k++)
            through_schema(&kinds[i], &kinds[i].fields[k], value);
    }
}

static void read_ops(const struct change *c, struct slice salt)
{
    struct pack w;
    pack_start(&w);
    pack_array(&w, 3);
    pack_raw(&w, salt);
    pack_array(&w, c->op_count);
    for (size_t i = 0; i < c->op_count; i++) {
        const struct change_op *op = &c->ops[i];
        struct dot dot, before;
        struct unpack r;
        size_t count = change_supersedes(op, &r);
        pack_array(&w, 4);
        pack_uint(&w, op->field);
        pack_uint(&w, op->action);
        pack_raw(&w, op->value);
        pack_array(&w, count);
        memset(&before, 0, sizeof before);
        for (size_t k = 0; k < count; k++) {
            dot = dot_unpack(&r);
            must(dot.epoch != 0 && dot.seq != 0 && dot_compare(&before, &dot) < 0);
            dot_pack(&w, &dot);
            before = dot;
        }
        must(unpack_end(&r, "dots", NULL) == 0);
        through_all(op->value);
    }
    if (c->reason.size == 0)
        pack_nil(&w);
    else
        pack_text(&w, (const char *)c->reason.p, c->reason.size);
    must(slice_equal(pack_bytes(&w), c->body));
    pack_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct change c, frame;
    struct slice bytes = {data, size};
    uint8_t hash[CHANGE_HASH_BYTES];
    struct pack header;
    /* 1. As a header. */
    if (change_read_header(bytes, &c, NULL) == 0) {
        must(c.epoch != 0 && c.seq != 0 && c.kind != 0 && c.hlc <= INT64_MAX && c.op_count == 0);
        write_header(&header, &c, c.body_hash);
        must(slice_equal(pack_bytes(&header), bytes));
        pack_free(&header);
    }
    /* 2. As a body. */
    frame.epoch = frame.seq = frame.kind = 1;
    if (size == 0 || size > 65536)
        return 0;
    crypto_generichash(hash, sizeof hash, data, size, (const uint8_t *)"satchel body 1", 14);
    write_header(&header, &frame, hash);
    if (change_read(pack_bytes(&header), bytes, &c, NULL) == 0)
        read_ops(&c, (struct slice){data + 1, 2 + CHANGE_SALT_BYTES});
    else
        must(c.op_count == 0);
    pack_free(&header);
    return 0;
}
