/* Own changes as the office deals them: the same as here, or vouched for by a head that this device signed. */
#include "vouch.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define NOTHING_TAKEN " Nothing of it was taken, and nothing was lost or changed here: "
#define TELL "leave this laptop as it is, and tell your administrator and whoever audits the office"

/* --- what comes with a batch --- */

static int is_false(struct error *e)
{
    return error_set(e, E_VERIFY,
                     "what the office sends as proof of this laptop's own changes is not signed by this laptop, or was "
                     "altered." NOTHING_TAKEN TELL);
}

static int keep_vouched(struct vouch *v, const struct change *c, struct error *e)
{
    if (v->count == v->room) {
        size_t room = 2 * v->room + 64;
        struct vouch_change *more = realloc(v->changes, room * sizeof *more);
        if (more == NULL)
            return error_memory(e);
        v->changes = more;
        v->room = room;
    }
    v->changes[v->count].epoch = c->epoch;
    v->changes[v->count].seq = c->seq;
    memcpy(v->changes[v->count].hash, c->hash, sizeof c->hash);
    v->count++;
    return 0;
}

/* Reads the headers of one head: each must be the next of the chain, and the last one the head's end. */
static int follow_headers(struct vouch *v, const struct chain *end, struct unpack *r, size_t headers, struct error *e)
{
    struct chain chain = {.seq = 0};
    struct change c;
    int code = headers == 0 ? is_false(e) : 0;
    for (size_t i = 0; code == 0 && i < headers; i++) {
        if ((code = change_read_header(unpack_bin(r), &c, e)) != 0)
            return code;
        if (i == 0) {
            chain = (struct chain){.device = end->device, .epoch = end->epoch, .seq = c.seq - 1};
            memcpy(chain.hash, c.previous, sizeof chain.hash);
        }
        code = chain_follow(&chain, &c, NULL) != 0 ? is_false(e) : keep_vouched(v, &c, e);
    }
    if (code == 0 && (chain.seq != end->seq || memcmp(chain.hash, end->hash, sizeof chain.hash) != 0))
        code = is_false(e);
    return code;
}

/* The public half of the key that this laptop signs with. */
static int own_key(struct db *db, uint8_t key[32], struct error *e)
{
    sqlite3_stmt *s;
    struct slice half = {NULL, 0};
    int row = db_first(db, &s, e, "SELECT substr(value, 33) FROM meta WHERE name = 'sign_secret'", "");
    if (row < 0)
        return error_code(e);
    if (row == 1)
        half = db_slice(s, 0);
    if (half.size == 32)
        memcpy(key, half.p, 32);
    if (row == 1)
        db_done(db, s);
    return half.size == 32 ? 0 : error_set(e, E_VERIFY, "this store has no signing key; run `satchel status`");
}

int vouch_open(struct vouch *v, struct db *db, const struct chain *own, const struct message_entries *m,
               struct error *e)
{
    struct unpack r;
    uint8_t key[32];
    int code;
    memset(v, 0, sizeof *v);
    v->db = db;
    v->own = own;
    if (m->vouched_count == 0)
        return 0;
    if ((code = own_key(db, key, e)) != 0)
        return code;
    unpack_start(&r, m->vouched);
    (void)unpack_array(&r);
    for (size_t i = 0; code == 0 && i < m->vouched_count; i++) {
        struct slice signed_head;
        struct chain_head head;
        size_t headers = message_next_vouched(&r, &signed_head);
        code = chain_open(signed_head, key, &head, NULL) != 0 || !id_equal(&head.end.device, &own->device)
                   ? is_false(e)
                   : follow_headers(v, &head.end, &r, headers, e);
    }
    return code;
}

void vouch_free(struct vouch *v)
{
    free(v->changes);
    v->changes = NULL;
    v->count = v->room = 0;
}

/* --- one change --- */

/* 1: this store has the change, in its log or as the header that stayed when its case left; 0: it has nothing of that
 * number, or something else; -1: failed. */
static int is_here(const struct vouch *v, const struct change *c, struct error *e)
{
    uint8_t hash[CHANGE_HASH_BYTES];
    struct change kept;
    sqlite3_stmt *s;
    int64_t id = log_find(v->db, &c->device, c->epoch, c->seq, hash, e);
    int row, code;
    if (id < 0)
        return -1;
    if (id != 0)
        return memcmp(hash, c->hash, sizeof hash) == 0;
    if ((row = db_first(v->db, &s, e, "SELECT header FROM own_header WHERE epoch = ? AND seq = ?", "uu", c->epoch,
                        c->seq)) <= 0)
        return row;
    code = change_read_header(db_slice(s, 0), &kept, e);
    db_done(v->db, s);
    return code != 0 ? -1 : memcmp(kept.hash, c->hash, sizeof kept.hash) == 0;
}

static int is_vouched_for(const struct vouch *v, const struct change *c)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->changes[i].epoch == c->epoch && v->changes[i].seq == c->seq &&
            memcmp(v->changes[i].hash, c->hash, sizeof c->hash) == 0)
            return 1;
    return 0;
}

int vouch_judge(const struct vouch *v, const struct change *dealt, struct error *e)
{
    int here;
    if (!id_equal(&dealt->device, &v->own->device))
        return 0;
    if ((here = is_here(v, dealt, e)) != 0)
        return here < 0 ? error_code(e) : 0;
    if (dealt->epoch != v->own->epoch)
        return is_vouched_for(v, dealt)
                   ? 0
                   : error_set(e, E_VERIFY,
                               "the office sends change %llu as written on this laptop, but nothing that this laptop "
                               "signed vouches for it: the office's records were altered." NOTHING_TAKEN TELL,
                               (unsigned long long)dealt->seq);
    return error_set(e, E_VERIFY,
                     "the office sends change %llu as written on this laptop, and this laptop did not write it: the "
                     "office's records were altered, or a copy of this laptop is in use." NOTHING_TAKEN
                     "sync again, and if it says the same, " TELL,
                     (unsigned long long)dealt->seq);
}
