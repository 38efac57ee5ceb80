/* Links of nobody that the office knows: where they come from, and what the journal says of them. They have a small
 * pool of their own, so that whoever connects without a key, or with a ticket that is used up, takes no room from
 * laptops and operators; and a crowd of them is counted in the journal, not told one by one. */
#ifndef SATCHEL_STRANGERS_H
#define SATCHEL_STRANGERS_H

#include <stdint.h>
#include <uv.h>

#define STRANGERS_MAX 128     /* such links; if one more comes, the oldest of the host that has the most goes */
#define STRANGERS_HOST_MAX 32 /* of these, from one IPv4 address or one IPv6 network of 64 bits */
#define STRANGERS_ROWS 32     /* the journal counts all hosts but one less than these together, in the last row */

/* Where a link comes from: an IPv4 address, or the first 64 bits of an IPv6 address. All zeros: not known. */
struct strangers_host {
    uint8_t b[8];
    uint8_t is_ipv6;
};

/* What the journal was told of one host in this minute. */
struct strangers_row {
    struct strangers_host host;
    unsigned told, more; /* lines that were written; links of which there was none */
};

struct strangers {
    uv_timer_t timer; /* runs while there is something to be told at the end of the minute */
    struct strangers_row rows[STRANGERS_ROWS];
    unsigned count; /* rows */
};

struct server;

/* Makes the timer, which keeps the loop going until strangers_stop has closed it. */
void strangers_start(struct server *s);
void strangers_stop(struct server *s);

/* Says where an address is: one of IPv4, or of IPv6 (one of IPv4 that is mapped into it counts as that). Of any other
 * kind nothing is known. */
void strangers_host_of(const struct sockaddr_storage *peer, struct strangers_host *out);
/* Says where a connection comes from. */
void strangers_find(const uv_tcp_t *tcp, struct strangers_host *out);
int strangers_same(const struct strangers_host *a, const struct strangers_host *b);
/* The host in words: "192.0.2.7", "2001:db8:0:1::/64", "an unknown address". Returns out. */
enum { STRANGERS_NAME = 64 };
const char *strangers_name(const struct strangers_host *host, char out[STRANGERS_NAME]);

/* Writes into the journal what became of a stranger's link, once for each link: "WHO, at HOST: WORDS". Of one host the
 * first few in a minute are told; the others are counted, and the number is told at the end of that minute. */
void strangers_say(struct server *s, const struct strangers_host *host, const char *who, const char *words);

#endif
