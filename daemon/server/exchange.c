/* What a laptop and the office are at: the list of those that are parked, the newest first, and what each is dealt. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "caseload.h"
#include "commit.h"
#include "schema.h"
#include "server.h"

struct exchange *exchange_new(struct server *server, struct peer *peer, struct session *session)
{
    struct exchange *x = session == NULL ? NULL : calloc(1, sizeof *x);
    if (x == NULL) {
        session_free(session);
        return NULL;
    }
    x->server = server;
    x->peer = peer;
    x->session = session;
    return x;
}

void exchange_free(struct exchange *x)
{
    if (x == NULL)
        return;
    commit_forget(x->server, x);
    session_free(x->session);
    if (x->has_deal)
        deal_free(&x->deal);
    caseload_free(&x->has);
    free(x);
}

/* --- the list --- */

static size_t held_by(const struct exchange *x)
{
    size_t scopes = x->has.count + x->deal.may.count + x->deal.has.count + x->deal.anew_count;
    return sizeof *x + session_bytes(x->session) + scopes * sizeof(struct id) +
           x->deal.background_room * sizeof *x->deal.background;
}

static void drop_at(struct exchange **at)
{
    struct exchange *x = *at;
    *at = x->next;
    exchange_free(x);
}

/* Drops what is too old, and what is beyond the limits. */
static void keep_limits(struct server *s, uint64_t now_ms)
{
    size_t count = 0, bytes = 0;
    for (struct exchange **at = &s->parked; *at != NULL;) {
        count++;
        bytes += (*at)->parked_bytes;
        if (count > EXCHANGE_PARKED_MAX || bytes > EXCHANGE_PARKED_BYTES ||
            now_ms - (*at)->parked_ms >= EXCHANGE_PARKED_MS)
            drop_at(at);
        else
            at = &(*at)->next;
    }
}

static struct exchange **find_parked(struct server *s, const struct id *device)
{
    struct exchange **at = &s->parked;
    while (*at != NULL && !id_equal(&(*at)->device.device, device))
        at = &(*at)->next;
    return at;
}

struct exchange *exchange_unpark(struct server *server, const struct id *device, uint64_t now_ms)
{
    struct exchange **at, *x;
    keep_limits(server, now_ms);
    at = find_parked(server, device);
    if ((x = *at) != NULL)
        *at = x->next;
    return x;
}

void exchange_drop(struct exchange *x)
{
    for (struct exchange **at = &x->server->parked; *at != NULL; at = &(*at)->next)
        if (*at == x) {
            drop_at(at);
            return;
        }
}

int exchange_park(struct exchange *x, uint64_t now_ms)
{
    struct server *s = x->server;
    struct exchange **other = find_parked(s, &x->device.device);
    if (!session_break(x->session) || (*other != NULL && x->epoch == 0)) {
        exchange_free(x);
        return 0;
    }
    if (*other != NULL)
        drop_at(other);
    x->peer = NULL;
    x->parked_ms = now_ms;
    x->parked_bytes = held_by(x);
    x->next = s->parked;
    s->parked = x;
    keep_limits(s, now_ms);
    return s->parked == x;
}

/* --- going on --- */

int exchange_is_current(const struct exchange *x, const struct device *now, struct error *e)
{
    struct caseload may;
    int same;
    if (now->revoked != x->device.revoked || now->wipe != x->device.wipe)
        return 0;
    if (!x->has_deal)
        return 1;
    /* Its last batch too, which may wait in the session still: it lets go of scopes. */
    if (caseload_load(x->server->central->db, &now->user, schema_version(), &may, e) != 0)
        return -1;
    same = may.count == x->deal.may.count &&
           (may.count == 0 || memcmp(may.scopes, x->deal.may.scopes, may.count * sizeof *may.scopes) == 0);
    caseload_free(&may);
    return same;
}

/* --- what it is dealt --- */

/* Reads the scopes that the laptop lists. E_INPUT: they are not rising. */
static int read_scopes(const struct slice caseload, struct caseload *out, struct error *e)
{
    out->count = caseload.size / ID_BYTES;
    if ((out->scopes = malloc(caseload.size + 1)) == NULL)
        return error_set(e, E_MEMORY, "the office has no memory left; try again later");
    memcpy(out->scopes, caseload.p, out->count * ID_BYTES);
    for (size_t i = 1; i < out->count; i++)
        if (id_compare(&out->scopes[i - 1], &out->scopes[i]) >= 0)
            return error_set(e, E_INPUT, "the laptop's list of cases is not sorted");
    return 0;
}

/* Begins a deal. The scopes that the laptop has are those that it lists; else those that the deal before it in this
 * session dealt; else those that the office remembers. */
static int begin_deal(struct exchange *x, const struct message_pull *m, struct error *e)
{
    int code;
    if (m->has_caseload) {
        caseload_free(&x->has);
        if ((code = read_scopes(m->caseload, &x->has, e)) != 0)
            return code;
    } else if (x->has_deal) {
        caseload_free(&x->has);
        x->has = x->deal.may;
        memset(&x->deal.may, 0, sizeof x->deal.may);
    } else if (!x->remembers) {
        return error_set(e, E_INPUT, "the laptop did not list the cases that it has");
    } else if ((code = deal_remembered(x->server->central, &x->device, &x->has, e)) != 0) {
        return code;
    }
    if (x->has_deal)
        deal_free(&x->deal);
    x->has_deal = 1;
    return deal_start(&x->deal, x->server->central, &x->device, &x->has, m->cursor, e);
}

int exchange_deal(struct exchange *x, const struct message_pull *m, struct message_entries *out,
                  struct deal_memory *memory, struct error *e)
{
    struct central *c = x->server->central;
    int code;
    if (!x->has_deal && x->remembers && !m->has_caseload) {
        int same = deal_unchanged(c, &x->device, m->cursor, out, memory, e);
        if (same != 0)
            return same < 0 ? error_code(e) : 0;
    }
    if ((!x->has_deal || x->deal.done) && (code = begin_deal(x, m, e)) != 0)
        return code;
    return deal_next(&x->deal, c, m->credit, out, memory, e);
}
