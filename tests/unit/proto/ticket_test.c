/* Tests: proto/ticket.c
 * A ticket comes back from its text; one with a lost line, a cut or a changed sign is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "pack.h"
#include "ticket.h"

#define BEGIN "-----BEGIN SATCHEL TICKET-----"
#define END "-----END SATCHEL TICKET-----"

static struct ticket a_ticket(void)
{
    struct ticket t = {.expires_ms = 1790000000000, .host = "office.example", .port = 7420};
    memset(t.ticket.b, 1, sizeof t.ticket.b);
    memset(t.user.b, 2, sizeof t.user.b);
    memset(t.secret, 0xa7, sizeof t.secret);
    memset(t.noise_key, 4, sizeof t.noise_key);
    strcpy(t.log_key, "office.example+0a1b2c3d+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh");
    return t;
}

static void assert_same(const struct ticket *a, const struct ticket *b)
{
    assert_true(id_equal(&a->ticket, &b->ticket));
    assert_true(id_equal(&a->user, &b->user));
    assert_memory_equal(a->secret, b->secret, 32);
    assert_memory_equal(a->noise_key, b->noise_key, 32);
    assert_string_equal(a->log_key, b->log_key);
    assert_int_equal(a->expires_ms, b->expires_ms);
    assert_string_equal(a->host, b->host);
    assert_int_equal(a->port, b->port);
}

static void round_trip(const struct ticket *t)
{
    char text[TICKET_TEXT_MAX];
    struct ticket back;
    struct error e;
    assert_int_equal(ticket_format(t, text, &e), 0);
    assert_int_equal(ticket_parse(text, strlen(text), &back, &e), 0);
    assert_same(t, &back);
}

/* Goal: tickets come back as they went, the smallest and the largest too. */
static void tickets_come_back(void **state)
{
    struct ticket t = a_ticket(), least = {.host = "h", .log_key = "k", .port = 1}, most = a_ticket();
    (void)state;
    round_trip(&t);
    round_trip(&least);
    memset(most.host, 'h', sizeof most.host - 1);
    memset(most.log_key, 'k', sizeof most.log_key - 1);
    most.port = 65535;
    most.expires_ms = INT64_MAX;
    round_trip(&most);
    strcpy(t.host, "2001:db8::1");
    round_trip(&t);
}

/* Goal: the text is lines that fit a mail: the first and the last fixed, base64 of at most 64 characters between. */
static void text_is_lines(void **state)
{
    struct ticket t = a_ticket();
    char text[TICKET_TEXT_MAX], *line;
    size_t lines = 0;
    (void)state;
    assert_int_equal(ticket_format(&t, text, NULL), 0);
    assert_int_equal(strncmp(text, BEGIN "\n", sizeof BEGIN), 0);
    assert_string_equal(text + strlen(text) - sizeof END, END "\n");
    for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++)
        assert_true(strlen(line) <= 64);
    assert_true(lines > 3);
}

/* Goal: a ticket that went through a mail, with other ends of lines, other widths and white space, is still one. */
static void white_space_does_not_matter(void **state)
{
    struct ticket t = a_ticket(), back;
    char text[TICKET_TEXT_MAX], other[2 * TICKET_TEXT_MAX];
    size_t at;
    (void)state;
    assert_int_equal(ticket_format(&t, text, NULL), 0);
    at = (size_t)sprintf(other, "\r\n \t");
    for (const char *c = text; *c != 0; c++) {
        if (*c == '\n')
            other[at++] = '\r';
        other[at++] = *c;
    }
    at += (size_t)sprintf(other + at, "\r\n \t\n");
    assert_int_equal(ticket_parse(other, at, &back, NULL), 0);
    assert_same(&t, &back);
    at = (size_t)sprintf(other, BEGIN); /* all of the base64 in one line, with neither end */
    for (const char *c = text + sizeof BEGIN; c < text + strlen(text) - sizeof END; c++)
        if (*c != '\n')
            other[at++] = *c;
    at += (size_t)sprintf(other + at, END);
    assert_int_equal(ticket_parse(other, at, &back, NULL), 0);
    assert_same(&t, &back);
}

/* Goal: a ticket that is cut anywhere is refused, says that it is cut, and leaves no part of itself. */
static void cut_tickets_are_refused(void **state)
{
    static const struct ticket nothing;
    struct ticket t = a_ticket(), back;
    char text[TICKET_TEXT_MAX];
    struct error e;
    size_t whole;
    (void)state;
    assert_int_equal(ticket_format(&t, text, NULL), 0);
    whole = strlen(text) - 1; /* the last newline says nothing */
    for (size_t size = 0; size < whole; size++) {
        char *copy = malloc(size == 0 ? 1 : size);
        assert_non_null(copy);
        memcpy(copy, text, size);
        assert_int_equal(ticket_parse(copy, size, &back, &e), E_INPUT);
        assert_non_null(strstr(e.text, size < sizeof BEGIN - 1 ? "not a ticket" : "cut short"));
        assert_memory_equal(&back, &nothing, sizeof back);
        free(copy);
    }
}

/* Goal: any flipped bit is seen, unless it turned one white space into another. */
static void flipped_bits_are_seen(void **state)
{
    struct ticket t = a_ticket(), back;
    char text[TICKET_TEXT_MAX];
    (void)state;
    assert_int_equal(ticket_format(&t, text, NULL), 0);
    for (size_t bit = 0; bit < 8 * strlen(text); bit++) {
        char kept = text[bit / 8];
        int code;
        text[bit / 8] = (char)(kept ^ (1 << (bit % 8)));
        code = ticket_parse(text, strlen(text), &back, NULL);
        if (code == 0 || kept == '\n') {
            assert_int_equal(kept, '\n');
            if (code == 0)
                assert_same(&t, &back);
        } else {
            assert_int_equal(code, E_INPUT);
        }
        text[bit / 8] = kept;
    }
}

/* Goal: a line that is lost, doubled or swapped with the next is seen by the sum. */
static void lost_lines_are_seen(void **state)
{
    struct ticket t = a_ticket(), back;
    char text[TICKET_TEXT_MAX], other[2 * TICKET_TEXT_MAX];
    struct error e;
    size_t first = sizeof BEGIN, line = 65;
    (void)state;
    assert_int_equal(ticket_format(&t, text, NULL), 0);
    (void)snprintf(other, sizeof other, "%.*s%s", (int)first, text, text + first + line);
    assert_int_equal(ticket_parse(other, strlen(other), &back, &e), E_INPUT);
    assert_non_null(strstr(e.text, "damaged"));
    (void)snprintf(other, sizeof other, "%.*s%s", (int)(first + line), text, text + first);
    assert_int_equal(ticket_parse(other, strlen(other), &back, &e), E_INPUT);
    memcpy(other, text, sizeof text);
    memcpy(other + first, text + first + line, line);
    memcpy(other + first + line, text + first, line);
    assert_int_equal(ticket_parse(other, strlen(other), &back, &e), E_INPUT);
    assert_non_null(strstr(e.text, "damaged"));
}

/* Goal: what is not a ticket, or not a ticket alone, is refused with a sentence that says so. */
static void other_texts_are_refused(void **state)
{
    struct ticket t = a_ticket(), back;
    char text[TICKET_TEXT_MAX], large[TICKET_TEXT_MAX + 1], twice[2 * TICKET_TEXT_MAX];
    struct error e;
    (void)state;
    assert_int_equal(ticket_parse("", 0, &back, &e), E_INPUT);
    assert_int_equal(ticket_parse("hello", 5, &back, &e), E_INPUT);
    assert_non_null(strstr(e.text, "not a ticket"));
    assert_int_equal(ticket_parse(BEGIN "\n" END "\n", sizeof BEGIN + sizeof END, &back, &e), E_INPUT);
    assert_non_null(strstr(e.text, "damaged"));
    assert_int_equal(ticket_format(&t, text, NULL), 0);
    (void)snprintf(twice, sizeof twice, "%s%s", text, text);
    assert_int_equal(ticket_parse(twice, strlen(twice), &back, &e), E_INPUT);
    assert_non_null(strstr(e.text, "follows"));
    (void)snprintf(large, sizeof large, "%-*s", (int)sizeof large - 1, text);
    large[sizeof large - 1] = ' ';
    assert_int_equal(ticket_parse(large, sizeof large - 1, &back, &e), 0);
    assert_int_equal(ticket_parse(large, sizeof large, &back, &e), E_INPUT);
}

/* Goal: a ticket that could not be used is not written. */
static void useless_tickets_are_not_written(void **state)
{
    char text[TICKET_TEXT_MAX];
    struct ticket t = a_ticket();
    (void)state;
    t.port = 0;
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    t.port = 65536;
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    t = a_ticket();
    t.host[0] = 0;
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    strcpy(t.host, "two words");
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    strcpy(t.host, "host\n");
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    memset(t.host, 'h', sizeof t.host); /* no NUL */
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    t = a_ticket();
    t.log_key[0] = 0;
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    strcpy(t.log_key, "a b");
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    strcpy(t.log_key, "\xff");
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    memset(t.log_key, 'k', sizeof t.log_key);
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
    t = a_ticket();
    t.expires_ms = (uint64_t)INT64_MAX + 1;
    assert_int_equal(ticket_format(&t, text, NULL), E_INPUT);
}

/* A ticket whose sum is right, around fields of our own. */
static int parse_fields(uint64_t version, size_t secret, const char *host, uint64_t port, struct error *e)
{
    static const uint8_t zeros[64];
    char base64[1024], text[TICKET_TEXT_MAX];
    uint8_t hash[32];
    struct id id = {{0}};
    struct ticket back;
    struct pack w;
    pack_start(&w);
    pack_array(&w, 9);
    pack_uint(&w, version);
    pack_id(&w, &id);
    pack_bin(&w, zeros, secret);
    pack_id(&w, &id);
    pack_bin(&w, zeros, 32);
    pack_text(&w, "key", 3);
    pack_uint(&w, 1);
    pack_text(&w, host, strlen(host));
    pack_uint(&w, port);
    crypto_generichash(hash, 32, (uint8_t *)w.buffer.data, w.buffer.size, (const uint8_t *)"satchel ticket 1", 16);
    pack_raw(&w, (struct slice){hash, 8});
    sodium_bin2base64(base64, sizeof base64, (uint8_t *)w.buffer.data, w.buffer.size, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(text, sizeof text, BEGIN "\n%s\n" END "\n", base64);
    pack_free(&w);
    return ticket_parse(text, strlen(text), &back, e);
}

/* Goal: a right sum does not make wrong fields right, and a later version is called that. */
static void fields_are_checked(void **state)
{
    struct error e;
    char host[TICKET_HOST_MAX + 1];
    (void)state;
    assert_int_equal(parse_fields(1, 32, "host", 7, &e), 0);
    assert_int_equal(parse_fields(2, 32, "host", 7, &e), E_INPUT);
    assert_non_null(strstr(e.text, "version 2"));
    assert_int_equal(parse_fields(1, 31, "host", 7, &e), E_INPUT);
    assert_int_equal(parse_fields(1, 33, "host", 7, &e), E_INPUT);
    assert_int_equal(parse_fields(1, 32, "", 7, &e), E_INPUT);
    assert_int_equal(parse_fields(1, 32, "-o; rm", 7, &e), E_INPUT);
    assert_int_equal(parse_fields(1, 32, "host", 0, &e), E_INPUT);
    assert_int_equal(parse_fields(1, 32, "host", 65536, &e), E_INPUT);
    memset(host, 'h', sizeof host);
    host[TICKET_HOST_MAX] = 0;
    assert_int_equal(parse_fields(1, 32, host, 7, &e), E_INPUT);
    host[TICKET_HOST_MAX - 1] = 0;
    assert_int_equal(parse_fields(1, 32, host, 7, &e), 0);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_come_back),           cmocka_unit_test(text_is_lines),
        cmocka_unit_test(white_space_does_not_matter), cmocka_unit_test(cut_tickets_are_refused),
        cmocka_unit_test(flipped_bits_are_seen),       cmocka_unit_test(lost_lines_are_seen),
        cmocka_unit_test(other_texts_are_refused),     cmocka_unit_test(useless_tickets_are_not_written),
        cmocka_unit_test(fields_are_checked),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
