/* A device's chain and its signed end; docs/LOG.md, "Heads". */
#include "chain.h"

#include <sodium.h>
#include <string.h>

#define HEAD_VERSION 1
#define HEAD_ITEMS 7

static const uint8_t head_domain[] = "satchel head 1"; /* its NUL is signed too */

/* The signature is made over the domain and then the head as msgpack. */
#define SIGNED_MAX (sizeof head_domain + CHAIN_HEAD_MAX)

/* --- following --- */

static int breaks(const struct chain *chain, const struct change *c, const char *why, struct error *e)
{
    char device[ID_TEXT];
    id_format(&c->device, device);
    return error_set(e, E_VERIFY, "change (%s, epoch %llu, seq %llu) does not follow (epoch %llu, seq %llu): %s",
                     device, (unsigned long long)c->epoch, (unsigned long long)c->seq, (unsigned long long)chain->epoch,
                     (unsigned long long)chain->seq, why);
}

int chain_follow(struct chain *chain, const struct change *c, struct error *e)
{
    if (!id_equal(&chain->device, &c->device))
        return breaks(chain, c, "it is another device's", e);
    if (chain->epoch != c->epoch)
        return breaks(chain, c, "it is of another epoch", e);
    if (c->seq <= chain->seq)
        return breaks(chain, c, "the chain is past it already", e);
    if (c->seq - 1 != chain->seq)
        return breaks(chain, c, "changes between them are missing", e);
    if (memcmp(chain->hash, c->previous, sizeof chain->hash) != 0)
        return breaks(chain, c, "it was written after another change than the chain's last", e);
    chain->seq = c->seq;
    memcpy(chain->hash, c->hash, sizeof chain->hash);
    return 0;
}

/* --- heads --- */

static struct pack_fixed begin_signed(uint8_t bytes[SIGNED_MAX])
{
    memcpy(bytes, head_domain, sizeof head_domain);
    return (struct pack_fixed){bytes, sizeof head_domain, SIGNED_MAX};
}

/* 7 items take at most 115 bytes. */
static void encode(const struct chain_head *head, struct pack_fixed *out)
{
    msgpack_packer w;
    msgpack_packer_init(&w, out, pack_fixed_write);
    msgpack_pack_array(&w, HEAD_ITEMS);
    msgpack_pack_uint64(&w, HEAD_VERSION);
    msgpack_pack_bin_with_body(&w, head->end.device.b, sizeof head->end.device.b);
    msgpack_pack_uint64(&w, head->end.epoch);
    msgpack_pack_uint64(&w, head->end.seq);
    msgpack_pack_bin_with_body(&w, head->end.hash, sizeof head->end.hash);
    msgpack_pack_uint64(&w, head->checkpoint_size);
    msgpack_pack_bin_with_body(&w, head->checkpoint_root.b, sizeof head->checkpoint_root.b);
}

void chain_sign(const struct chain_head *head, const uint8_t secret_key[64], uint8_t out[CHAIN_HEAD_MAX], size_t *bytes)
{
    uint8_t signed_bytes[SIGNED_MAX];
    struct pack_fixed text = begin_signed(signed_bytes);
    size_t size;
    encode(head, &text);
    size = text.size - sizeof head_domain;
    memcpy(out, text.p + sizeof head_domain, size);
    crypto_sign_detached(out + size, NULL, text.p, text.size, secret_key);
    *bytes = size + crypto_sign_BYTES;
}

int chain_peek(struct slice signed_head, struct chain_head *out, struct error *e)
{
    static const struct chain nothing;
    struct unpack r;
    uint64_t version;
    memset(out, 0, sizeof *out);
    if (signed_head.size <= crypto_sign_BYTES || signed_head.size > CHAIN_HEAD_MAX)
        return error_set(e, E_INPUT, "a signed head is not as it should be: it has %zu bytes", signed_head.size);
    unpack_start(&r, (struct slice){signed_head.p, signed_head.size - crypto_sign_BYTES});
    if (unpack_array(&r) != HEAD_ITEMS)
        r.failed = 1;
    version = unpack_uint(&r);
    out->end.device = unpack_id(&r);
    out->end.epoch = unpack_uint(&r);
    out->end.seq = unpack_uint(&r);
    unpack_fixed(&r, out->end.hash, sizeof out->end.hash);
    out->checkpoint_size = unpack_uint(&r);
    unpack_fixed(&r, out->checkpoint_root.b, sizeof out->checkpoint_root.b);
    /* A chain without a change has no hash, and numbers must fit the store. */
    if (version != HEAD_VERSION || out->end.epoch == 0 || out->end.epoch > INT64_MAX || out->end.seq > INT64_MAX ||
        out->checkpoint_size > INT64_MAX ||
        (out->end.seq == 0 && memcmp(out->end.hash, nothing.hash, sizeof nothing.hash) != 0))
        r.failed = 1;
    return unpack_end(&r, "a signed head", e);
}

int chain_open(struct slice signed_head, const uint8_t public_key[32], struct chain_head *out, struct error *e)
{
    uint8_t signed_bytes[SIGNED_MAX];
    struct pack_fixed text = begin_signed(signed_bytes);
    struct chain_head head;
    struct id device = id_of_device(public_key);
    char name[ID_TEXT];
    int code;
    memset(out, 0, sizeof *out);
    if ((code = chain_peek(signed_head, &head, e)) != 0)
        return code;
    id_format(&head.end.device, name);
    if (!id_equal(&device, &head.end.device))
        return error_set(e, E_VERIFY, "the head of device %s is not to be checked with another device's key", name);
    (void)pack_fixed_write(&text, (const char *)signed_head.p, signed_head.size - crypto_sign_BYTES);
    if (crypto_sign_verify_detached(signed_head.p + signed_head.size - crypto_sign_BYTES, text.p, text.size,
                                    public_key) != 0)
        return error_set(e, E_VERIFY, "the head of device %s (epoch %llu, seq %llu) does not carry its signature", name,
                         (unsigned long long)head.end.epoch, (unsigned long long)head.end.seq);
    *out = head;
    return 0;
}
