/* Keeps the announcements of set-backs and what laptops say of them, and judges by them. Both lists are short: a
 * set-back is rare, and each laptop hears of it once. */
#include "audit_set_back.h"

#include <stdlib.h>
#include <string.h>

#include "announcement.h"

struct audit_announced {
    uint64_t position, received_ms;
    uint8_t hash[CHANGE_HASH_BYTES];
};

struct audit_heard {
    struct id device;
    uint64_t epoch, seq, position;
    uint64_t size;   /* of the backup, as the laptop was told */
    uint64_t stated; /* entries in the log of the statement that it hands in, if that is the office's; else 0 */
    int is_named;    /* it says which announcement, by this hash */
    uint8_t hash[CHANGE_HASH_BYTES];
};

void audit_set_backs_free(struct audit_set_backs *s)
{
    free(s->announced);
    free(s->heard);
}

int audit_set_backs_announce(struct audit_set_backs *s, uint64_t position, uint64_t received_ms,
                             const uint8_t hash[CHANGE_HASH_BYTES], struct error *e)
{
    struct audit_announced *more = realloc(s->announced, (s->announced_count + 1) * sizeof *more);
    if (more == NULL)
        return error_memory(e);
    s->announced = more;
    more += s->announced_count++;
    more->position = position;
    more->received_ms = received_ms;
    memcpy(more->hash, hash, sizeof more->hash);
    return 0;
}

int audit_set_backs_explain(const struct audit_set_backs *s, uint64_t size, uint64_t *announced_ms)
{
    for (size_t i = s->announced_count; i-- > 0;)
        if (s->announced[i].position < size) {
            *announced_ms = s->announced[i].received_ms;
            return 1;
        }
    return 0;
}

/* The size of the log in the statement that the event carries, if the office signed it. */
static uint64_t read_statement(struct audit_set_backs *s, struct slice text, const struct checkpoint_vkey *key)
{
    struct checkpoint stated;
    if (text.size == 0)
        return 0;
    if (checkpoint_open((const char *)text.p, text.size, key, &stated, NULL) != 0) {
        s->false_stated++;
        return 0;
    }
    if (stated.size > s->stated_size)
        s->stated_size = stated.size;
    return stated.size;
}

int audit_set_backs_hear(struct audit_set_backs *s, uint64_t position, const struct change *c,
                         const struct checkpoint_vkey *key, struct error *e)
{
    struct announcement_heard said;
    struct audit_heard *more;
    uint64_t size;
    if (!announcement_read(c, &size))
        return 0;
    if ((more = realloc(s->heard, (s->heard_count + 1) * sizeof *more)) == NULL)
        return error_memory(e);
    s->heard = more;
    more += s->heard_count++;
    memset(more, 0, sizeof *more);
    more->device = c->device;
    more->epoch = c->epoch;
    more->seq = c->seq;
    more->position = position;
    more->size = size;
    announcement_read_heard(c, &said);
    more->stated = read_statement(s, said.statement, key);
    if (said.hash.size == sizeof more->hash) {
        more->is_named = 1;
        memcpy(more->hash, said.hash.p, sizeof more->hash);
    }
    return 0;
}

/* 1: the laptop means this announcement. One whose program does not say which means the one of that size in front. */
static int means(const struct audit_heard *h, const struct audit_announced *a)
{
    if (h->is_named)
        return memcmp(h->hash, a->hash, sizeof a->hash) == 0;
    return h->size == a->position && h->position > a->position;
}

/* 1: the laptop had said, before it signed this head, that it had heard of the announcement. */
static int had_heard(const struct audit_set_backs *s, const struct audit_announced *a, const struct audit_seen *seen)
{
    for (size_t i = 0; i < s->heard_count; i++) {
        const struct audit_heard *h = &s->heard[i];
        if (id_equal(&h->device, &seen->end.device) && h->epoch == seen->end.epoch && h->seq <= seen->end.seq &&
            means(h, a))
            return 1;
    }
    return 0;
}

int audit_set_backs_excuse(const struct audit_set_backs *s, const struct audit_seen *seen)
{
    for (size_t i = 0; i < s->announced_count; i++) {
        const struct audit_announced *a = &s->announced[i];
        if (seen->size > a->position && seen->entry > a->position && seen->given <= a->position &&
            !had_heard(s, a, seen))
            return 1;
    }
    return 0;
}

int audit_set_backs_heard_by(const struct audit_set_backs *s, const struct id *device)
{
    for (size_t i = 0; i < s->heard_count; i++)
        if (id_equal(&s->heard[i].device, device))
            return 1;
    return 0;
}

int audit_set_backs_end(const struct audit_set_backs *s, struct error *e)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < s->announced_count; i++)
        if (s->announced[i].position < least)
            least = s->announced[i].position;
    for (size_t i = 0; i < s->heard_count; i++) {
        const struct audit_heard *h = &s->heard[i];
        if (h->size < least)
            return error_set(
                e, E_VERIFY,
                "entry %llu: its device was told that the office was put back to a backup of %llu entries, "
                "and this log does not say so",
                (unsigned long long)h->position, (unsigned long long)h->size);
        if (h->stated != 0 && h->stated <= least)
            return error_set(e, E_VERIFY,
                             "entry %llu: its device hands in the office's signed statement of a lost log of %llu "
                             "entries, and no set-back in this log goes back so far",
                             (unsigned long long)h->position, (unsigned long long)h->stated);
    }
    return 0;
}
