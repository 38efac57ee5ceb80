/* Tests: daemon/server/strangers.c
 * Where strangers come from: an IPv4 address is one host, and so is an IPv6 network of 64 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "strangers.h"

static struct strangers_host host(const char *address)
{
    struct sockaddr_storage peer;
    struct strangers_host out;
    memset(&peer, 0, sizeof peer);
    memset(&out, 0xff, sizeof out);
    if (strchr(address, ':') != NULL)
        assert_int_equal(uv_ip6_addr(address, 4000, (struct sockaddr_in6 *)&peer), 0);
    else
        assert_int_equal(uv_ip4_addr(address, 4000, (struct sockaddr_in *)&peer), 0);
    strangers_host_of(&peer, &out);
    return out;
}

static int same(const char *a, const char *b)
{
    struct strangers_host one = host(a), other = host(b);
    return strangers_same(&one, &other);
}

/* Goal: each IPv4 address counts by itself: all 32 bits. */
static void an_ipv4_address_is_one_host(void **state)
{
    (void)state;
    assert_true(same("192.0.2.7", "192.0.2.7"));
    assert_false(same("192.0.2.7", "192.0.2.6"));
    assert_false(same("192.0.2.7", "128.0.2.7"));
}

/* Goal: whoever has a network of 64 bits has one host's share, and no neighbour's network is counted with it. */
static void an_ipv6_network_of_64_bits_is_one_host(void **state)
{
    (void)state;
    assert_true(same("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"));
    assert_true(same("2001:db8:0:1::", "2001:db8:0:1:8000::"));
    assert_false(same("2001:db8:0:1::1", "2001:db8:0:2::1"));
    assert_false(same("2001:db8:0:1::1", "2001:db8:0:0::1"));
    assert_false(same("2001:db8:0:1::1", "a001:db8:0:1::1"));
}

/* Goal: a listener on :: sees IPv4 as mapped addresses; they count as the IPv4 addresses that they are, and not as one
 * network. An IPv6 network is no IPv4 address with the same bytes. */
static void a_mapped_address_is_its_ipv4_host(void **state)
{
    (void)state;
    assert_true(same("::ffff:192.0.2.7", "192.0.2.7"));
    assert_false(same("::ffff:192.0.2.7", "::ffff:192.0.2.6"));
    assert_false(same("c000:207::1", "192.0.2.7"));
}

/* Goal: the journal names them as an operator writes them; what has no address is one host, which is not known. */
static void hosts_have_names(void **state)
{
    struct sockaddr_storage none;
    struct strangers_host out;
    char name[STRANGERS_NAME];
    (void)state;
    out = host("192.0.2.7");
    assert_string_equal(strangers_name(&out, name), "192.0.2.7");
    out = host("2001:db8:0:1::77");
    assert_string_equal(strangers_name(&out, name), "2001:db8:0:1::/64");
    memset(&none, 0, sizeof none);
    strangers_host_of(&none, &out);
    assert_string_equal(strangers_name(&out, name), "an unknown address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address_is_one_host),
        cmocka_unit_test(an_ipv6_network_of_64_bits_is_one_host),
        cmocka_unit_test(a_mapped_address_is_its_ipv4_host),
        cmocka_unit_test(hosts_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
