/* Seals the office's secrets with XChaCha20-Poly1305: nonce, ciphertext, tag; the name is the additional data. */
#include "hidden.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SEALED_MAX = HIDDEN_MAX + HIDDEN_MORE
};
_Static_assert(NONCE + TAG == HIDDEN_MORE, "what sealing adds");

void hidden_key(const uint8_t data_key[32], uint8_t own_key[32])
{
    static const uint8_t domain[] = "satchel office secrets 1";
    crypto_generichash(own_key, 32, domain, sizeof domain - 1, data_key, 32);
}

void hidden_seal(const uint8_t own_key[32], struct slice name, struct slice secret, uint8_t *out)
{
    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, secret.p, secret.size, name.p, name.size, NULL, out,
                                               own_key);
}

int hidden_open(const uint8_t own_key[32], struct slice name, struct slice sealed, uint8_t *out, size_t size,
                struct error *e)
{
    if (sealed.size != size + HIDDEN_MORE ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p + NONCE, sealed.size - NONCE, name.p,
                                                   name.size, sealed.p, own_key) != 0) {
        sodium_memzero(out, size);
        return error_set(
            e, E_VERIFY,
            "a private key of the office does not open: the store is damaged or was altered; keep it as it "
            "is, and put the newest backup in its place");
    }
    return 0;
}

static struct slice name_of(const char *name)
{
    return (struct slice){(const uint8_t *)name, strlen(name)};
}

int hidden_set(struct db *db, const uint8_t own_key[32], const char *name, const uint8_t *secret, size_t size,
               struct error *e)
{
    uint8_t sealed[SEALED_MAX];
    hidden_seal(own_key, name_of(name), (struct slice){secret, size}, sealed);
    return db_meta_set(db, name, sealed, size + HIDDEN_MORE, e);
}

int hidden_get(struct db *db, const uint8_t own_key[32], const char *name, uint8_t *out, size_t size, struct error *e)
{
    uint8_t sealed[SEALED_MAX];
    int code = db_meta_get(db, name, sealed, size + HIDDEN_MORE, e);
    return code != 0 ? code
                     : hidden_open(own_key, name_of(name), (struct slice){sealed, size + HIDDEN_MORE}, out, size, e);
}

/* --- a new data key --- */

/* Both keys, and what is open for a moment; in locked memory. */
struct renewing {
    uint8_t old_key[32], key[32], secret[HIDDEN_MAX];
};

static int renew_meta(struct db *db, struct renewing *r, struct error *e)
{
    static const struct {
        const char *name;
        size_t size;
    } secrets[] = {{"sign_secret", 64}, {"noise_secret", 32}, {"seal_secret", 32}, {"lease_secret", 32}};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        int code = hidden_get(db, r->old_key, secrets[i].name, r->secret, secrets[i].size, e);
        if (code == 0)
            code = hidden_set(db, r->key, secrets[i].name, r->secret, secrets[i].size, e);
        if (code != 0 && code != E_NOT_FOUND)
            return code;
    }
    return 0;
}

/* Finds the next ticket behind *id and its sealed secret. 1, 0: there is none, or -1. */
static int next_ticket(struct db *db, struct id *id, uint8_t sealed[SEALED_MAX], size_t *size, struct error *e)
{
    sqlite3_stmt *s;
    int row = db_first(db, &s, e, "SELECT ticket, secret FROM ticket_secret WHERE ticket > ? ORDER BY ticket LIMIT 1",
                       "d", id);
    if (row == 1) {
        struct slice kept = db_slice(s, 1);
        *id = db_id(s, 0);
        *size = kept.size <= SEALED_MAX ? kept.size : 0;
        memcpy(sealed, kept.p, *size);
        db_done(db, s);
    }
    return row;
}

static int renew_tickets(struct db *db, struct renewing *r, struct error *e)
{
    uint8_t sealed[SEALED_MAX];
    struct id id = {{0}};
    size_t size = 0;
    int row;
    while ((row = next_ticket(db, &id, sealed, &size, e)) == 1) {
        struct slice name = {id.b, ID_BYTES};
        int code = hidden_open(r->old_key, name, (struct slice){sealed, size}, r->secret, 32, e);
        if (code != 0)
            return code;
        hidden_seal(r->key, name, (struct slice){r->secret, 32}, sealed);
        if ((code = db_run(db, e, "UPDATE ticket_secret SET secret = ? WHERE ticket = ?", "bd",
                           (struct slice){sealed, 32 + HIDDEN_MORE}, &id)) != 0)
            return code;
    }
    return row < 0 ? error_code(e) : 0;
}

int hidden_renew(const char *path, const uint8_t old_data_key[32], const uint8_t data_key[32], struct error *e)
{
    struct renewing *r = sodium_malloc(sizeof *r);
    struct db *db = NULL;
    int code;
    if (r == NULL)
        return error_memory(e);
    hidden_key(old_data_key, r->old_key);
    hidden_key(data_key, r->key);
    if ((code = db_open(&db, path, data_key, 0, 0, e)) == 0 && (code = db_begin(db, e)) == 0) {
        if ((code = renew_meta(db, r, e)) == 0)
            code = renew_tickets(db, r, e);
        if (code == 0)
            code = db_commit(db, e);
        else
            db_rollback(db);
    }
    db_close(db);
    sodium_free(r);
    return code;
}
