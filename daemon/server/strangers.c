/* Where strangers come from, and how the journal counts them. */
#include "strangers.h"

#include <string.h>

#include "server.h"

enum { TOLD = 3, MINUTE_MS = 60000 };

/* --- hosts --- */

void strangers_host_of(const struct sockaddr_storage *peer, struct strangers_host *out)
{
    memset(out, 0, sizeof *out);
    if (peer->ss_family == AF_INET) {
        memcpy(out->b, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    } else if (peer->ss_family == AF_INET6) {
        const struct in6_addr *address = &((const struct sockaddr_in6 *)peer)->sin6_addr;
        /* A listener on :: gets IPv4 as mapped addresses, which are all in one network. */
        out->is_ipv6 = !IN6_IS_ADDR_V4MAPPED(address);
        memcpy(out->b, address->s6_addr + (out->is_ipv6 ? 0 : 12), out->is_ipv6 ? 8 : 4);
    }
}

void strangers_find(const uv_tcp_t *tcp, struct strangers_host *out)
{
    struct sockaddr_storage peer;
    int size = sizeof peer;
    memset(&peer, 0, sizeof peer);
    if (uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &size) != 0)
        peer.ss_family = AF_UNSPEC;
    strangers_host_of(&peer, out);
}

int strangers_same(const struct strangers_host *a, const struct strangers_host *b)
{
    return a->is_ipv6 == b->is_ipv6 && memcmp(a->b, b->b, sizeof a->b) == 0;
}

const char *strangers_name(const struct strangers_host *host, char out[STRANGERS_NAME])
{
    static const struct strangers_host unknown;
    struct in6_addr address = {0};
    char text[48];
    if (strangers_same(host, &unknown)) {
        (void)snprintf(out, STRANGERS_NAME, "an unknown address");
    } else if (!host->is_ipv6) {
        (void)snprintf(out, STRANGERS_NAME, "%u.%u.%u.%u", host->b[0], host->b[1], host->b[2], host->b[3]);
    } else {
        memcpy(address.s6_addr, host->b, sizeof host->b);
        (void)uv_inet_ntop(AF_INET6, &address, text, sizeof text);
        (void)snprintf(out, STRANGERS_NAME, "%s/64", text);
    }
    return out;
}

/* --- the journal --- */

/* The row of a host. The last row is, from its start, that of all hosts that have none of their own. */
static struct strangers_row *find_row(struct strangers *st, const struct strangers_host *host)
{
    static const struct strangers_host others;
    const unsigned own = STRANGERS_ROWS - 1;
    for (unsigned i = 0; i < st->count && i < own; i++)
        if (strangers_same(&st->rows[i].host, host))
            return &st->rows[i];
    if (st->count == STRANGERS_ROWS)
        return &st->rows[own];
    st->rows[st->count] = (struct strangers_row){.host = st->count == own ? others : *host};
    return &st->rows[st->count++];
}

static void on_minute(uv_timer_t *timer)
{
    struct server *s = timer->data;
    struct strangers *st = &s->strangers;
    char name[STRANGERS_NAME];
    for (unsigned i = 0; i < st->count; i++) {
        const struct strangers_row *row = &st->rows[i];
        if (row->more != 0)
            server_say(s, "%u more connections from %s in the last minute, by nobody that is known here", row->more,
                       i == STRANGERS_ROWS - 1 ? "other addresses" : strangers_name(&row->host, name));
    }
    st->count = 0;
}

void strangers_say(struct server *s, const struct strangers_host *host, const char *who, const char *words)
{
    struct strangers_row *row = find_row(&s->strangers, host);
    char name[STRANGERS_NAME];
    if (row->told == TOLD) {
        row->more++;
    } else {
        row->told++;
        server_say(s, "%s, at %s: %s", who, strangers_name(host, name), words);
    }
    if (!s->stopping && !uv_is_active((uv_handle_t *)&s->strangers.timer))
        (void)uv_timer_start(&s->strangers.timer, on_minute, MINUTE_MS, 0);
}

void strangers_start(struct server *s)
{
    (void)uv_timer_init(&s->loop, &s->strangers.timer);
    s->strangers.timer.data = s;
}

void strangers_stop(struct server *s)
{
    if (s->strangers.count != 0)
        on_minute(&s->strangers.timer);
    uv_close((uv_handle_t *)&s->strangers.timer, NULL);
}
