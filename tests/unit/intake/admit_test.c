/* Tests: daemon/intake/admit.c common/judge/device.c
 * Admitting laptops: one ticket, one laptop, one user, in time; whatever else comes is refused and writes nothing. */
#include "office_fixture.h"

#include "admit.h"

struct room {
    struct central *office;
    struct id user;
    struct ticket ticket;
};

static int start(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    uint8_t public_key[32], secret[64];
    assert_non_null(r);
    assert_true(sodium_init() >= 0);
    crypto_sign_keypair(public_key, secret);
    r->office = pair_office_new(secret);
    pair_office_write(r->office, KIND_OFFICE, &pair_everywhere, &r->office->office, 1, "name", "Test", NULL);
    r->user = office_user(r->office, "anna", "case manager");
    PAIR_OK(
        admit_invite(r->office, &r->user, 24, &(struct admit_address){"office.example", 7411}, &r->ticket, &pair_e));
    *state = r;
    return 0;
}

static int end(void **state)
{
    struct room *r = *state;
    assert_int_equal(db_in_transaction(r->office->db), 0);
    office_check(r->office);
    pair_office_free(r->office);
    free(r);
    return 0;
}

struct keys {
    uint8_t sign_secret[64], noise[32];
    struct message_enrol m;
};

static void new_laptop(const struct id *ticket, struct keys *k)
{
    uint8_t statement[16 + ID_BYTES + 32];
    memset(k, 0, sizeof *k);
    crypto_sign_keypair(k->m.sign_key, k->sign_secret);
    randombytes_buf(k->noise, sizeof k->noise);
    k->m.ticket = *ticket;
    k->m.label = (struct slice){(const uint8_t *)"Anna's laptop", 13};
    memcpy(statement, "satchel enrol 1", 16);
    memcpy(statement + 16, ticket->b, ID_BYTES);
    memcpy(statement + 16 + ID_BYTES, k->noise, 32);
    crypto_sign_detached(k->m.proof, NULL, statement, sizeof statement, k->sign_secret);
}

/* Refused with these words, and nothing was written. */
static void refuse(struct room *r, const struct id *ticket, const struct keys *k, const char *words)
{
    struct admit_answer answer;
    struct error e = {0, ""};
    uint64_t before = r->office->tree.size;
    assert_int_equal(admit_enrol(r->office, ticket, &k->m, k->noise, &answer, &e), E_REFUSED);
    if (strstr(e.text, words) == NULL)
        fail_msg("refused because %s", e.text);
    assert_int_equal(r->office->tree.size, before);
}

/* Goal: a ticket enrols a laptop: the office then knows it by its Noise key, and the same laptop is answered the same
 * once more, without being written twice, also when the ticket has expired meanwhile. */
static void test_enrol(void **state)
{
    struct room *r = *state;
    struct admit_answer answer, again;
    struct device device;
    struct keys k;
    uint8_t secret[32];
    uint64_t before;
    PAIR_OK(admit_secret(r->office, &r->ticket.ticket, secret, &pair_e));
    assert_memory_equal(secret, r->ticket.secret, 32);
    assert_string_equal(r->ticket.host, "office.example");
    assert_int_equal(r->ticket.port, 7411);
    new_laptop(&r->ticket.ticket, &k);
    PAIR_OK(admit_enrol(r->office, &r->ticket.ticket, &k.m, k.noise, &answer, &pair_e));
    assert_true(id_equal(&answer.message.user, &r->user));
    assert_true(id_equal(&answer.message.office, &r->office->office));
    assert_string_equal(answer.user_name, "anna");
    assert_string_equal(answer.office_name, "Test");
    PAIR_OK(device_by_link(r->office->db, k.noise, &device, &pair_e));
    assert_true(id_equal(&device.device, &answer.message.device));
    assert_true(id_equal(&device.user, &r->user));
    assert_memory_equal(device.sign_key, k.m.sign_key, 32);
    assert_int_equal(device.revoked, 0);
    pair_office_write(r->office, KIND_TICKET, &pair_everywhere, &r->ticket.ticket, 0, "expires", "2020-01-01T00:00:00Z",
                      NULL);
    before = r->office->tree.size;
    PAIR_OK(admit_enrol(r->office, &r->ticket.ticket, &k.m, k.noise, &again, &pair_e));
    assert_true(id_equal(&again.message.device, &answer.message.device));
    assert_int_equal(r->office->tree.size, before);
    /* With its lease, the same both times; and with none once it has been revoked. */
    assert_false(sodium_is_zero(answer.message.lease_secret, 32));
    assert_memory_equal(answer.message.lease_secret, again.message.lease_secret, 32);
    assert_true(answer.message.lease_until_ms > answer.message.office_ms);
    pair_office_write(r->office, KIND_DEVICE, &pair_everywhere, &answer.message.device, 0, "status", "to be wiped",
                      NULL);
    PAIR_OK(admit_enrol(r->office, &r->ticket.ticket, &k.m, k.noise, &again, &pair_e));
    assert_true(sodium_is_zero(again.message.lease_secret, 32));
    assert_int_equal(again.message.lease_until_ms, 0);
}

/* Goal: a ticket that has expired, was used by another, is not known, or whose user is disabled, enrols nobody. */
static void test_refused_tickets(void **state)
{
    struct room *r = *state;
    struct admit_answer answer;
    struct keys first, second;
    struct id unknown = id_new(clock_wall());
    struct ticket later;
    new_laptop(&r->ticket.ticket, &first);
    new_laptop(&r->ticket.ticket, &second);
    pair_office_write(r->office, KIND_TICKET, &pair_everywhere, &r->ticket.ticket, 0, "expires", "2020-01-01T00:00:00Z",
                      NULL);
    refuse(r, &r->ticket.ticket, &first, "expired");
    pair_office_write(r->office, KIND_TICKET, &pair_everywhere, &r->ticket.ticket, 0, "expires", "2099-01-01T00:00:00Z",
                      NULL);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->user, 0, "status", "disabled", NULL);
    refuse(r, &r->ticket.ticket, &first, "disabled");
    assert_int_equal(admit_invite(r->office, &r->user, 1, &(struct admit_address){"h", 1}, &later, NULL), E_REFUSED);
    pair_office_write(r->office, KIND_USER, &pair_everywhere, &r->user, 0, "status", "active", NULL);
    PAIR_OK(admit_enrol(r->office, &r->ticket.ticket, &first.m, first.noise, &answer, &pair_e));
    refuse(r, &r->ticket.ticket, &second, "used already");
    new_laptop(&unknown, &second);
    refuse(r, &unknown, &second, "does not know this ticket");
    /* A laptop that is enrolled already takes no second ticket. */
    PAIR_OK(admit_invite(r->office, &r->user, 1, &(struct admit_address){"h", 1}, &later, &pair_e));
    {
        uint8_t statement[16 + ID_BYTES + 32] = "satchel enrol 1";
        memcpy(statement + 16, later.ticket.b, ID_BYTES);
        memcpy(statement + 16 + ID_BYTES, first.noise, 32);
        crypto_sign_detached(first.m.proof, NULL, statement, sizeof statement, first.sign_secret);
        first.m.ticket = later.ticket;
    }
    refuse(r, &later.ticket, &first, "enrolled already");
    /* Nor one that brings another signing key under the same Noise key. */
    {
        uint8_t statement[16 + ID_BYTES + 32] = "satchel enrol 1";
        crypto_sign_keypair(first.m.sign_key, first.sign_secret);
        memcpy(statement + 16, later.ticket.b, ID_BYTES);
        memcpy(statement + 16 + ID_BYTES, first.noise, 32);
        crypto_sign_detached(first.m.proof, NULL, statement, sizeof statement, first.sign_secret);
    }
    refuse(r, &later.ticket, &first, "enrolled already");
}

/* Goal: a laptop that cannot prove its signing key for this ticket and this link is refused: any bit of the proof, of
 * the key, of the Noise key, and another ticket than the handshake's. */
static void test_proof(void **state)
{
    struct room *r = *state;
    struct ticket other;
    struct keys k;
    new_laptop(&r->ticket.ticket, &k);
    for (size_t i = 0; i < sizeof k.m.proof; i += 7) {
        k.m.proof[i] ^= 0x10;
        refuse(r, &r->ticket.ticket, &k, "did not prove");
        k.m.proof[i] ^= 0x10;
    }
    k.m.sign_key[3] ^= 1;
    refuse(r, &r->ticket.ticket, &k, "did not prove");
    k.m.sign_key[3] ^= 1;
    k.noise[3] ^= 1;
    refuse(r, &r->ticket.ticket, &k, "did not prove");
    k.noise[3] ^= 1;
    PAIR_OK(admit_invite(r->office, &r->user, 1, &(struct admit_address){"h", 1}, &other, &pair_e));
    refuse(r, &other.ticket, &k, "did not prove");
    k.m.ticket = other.ticket;
    refuse(r, &other.ticket, &k, "did not prove");
}

/* Goal: what is no ticket gets a secret that nobody can guess, and no invitation is made for nonsense. */
static void test_limits(void **state)
{
    struct room *r = *state;
    struct id unknown = id_new(clock_wall());
    uint8_t one[32], two[32];
    struct ticket t;
    char host[2048];
    uint64_t before = r->office->tree.size;
    PAIR_OK(admit_secret(r->office, &unknown, one, &pair_e));
    PAIR_OK(admit_secret(r->office, &unknown, two, &pair_e));
    assert_memory_not_equal(one, two, 32);
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = 0;
    assert_int_equal(admit_invite(r->office, &r->user, 0, &(struct admit_address){"h", 1}, &t, NULL), E_INPUT);
    assert_int_equal(admit_invite(r->office, &r->user, ADMIT_HOURS_MAX + 1, &(struct admit_address){"h", 1}, &t, NULL),
                     E_INPUT);
    assert_int_equal(admit_invite(r->office, &r->user, 1, &(struct admit_address){"", 1}, &t, NULL), E_INPUT);
    assert_int_equal(admit_invite(r->office, &r->user, 1, &(struct admit_address){host, 1}, &t, NULL), E_INPUT);
    assert_int_equal(admit_invite(r->office, &r->user, 1, &(struct admit_address){"h", 0}, &t, NULL), E_INPUT);
    assert_int_equal(admit_invite(r->office, &r->user, 1, &(struct admit_address){"h", 65536}, &t, NULL), E_INPUT);
    assert_int_equal(admit_invite(r->office, &unknown, 1, &(struct admit_address){"h", 1}, &t, NULL), E_REFUSED);
    assert_int_equal(r->office->tree.size, before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(test_enrol),
        TEST(test_refused_tickets),
        TEST(test_proof),
        TEST(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
