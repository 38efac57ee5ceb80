/* Tests: common/key/keyfile_lease.c
 * The lease: while it lasts the passphrase opens, when it is over the passphrase alone opens nothing, and with the
 * office's help it opens again. */
#include "keyfile_fixture.h"

#define UNTIL (NOW + 30 * DAY)
#define DEVICE_UNTIL_AT 96
#define DEVICE_SEEN_AT 104

static const uint8_t link_secret[32] = {7, 7, 7};
static uint8_t key[KEYFILE_KEY_BYTES];

static struct keyfile_lease lease_until(uint64_t until_ms)
{
    return (struct keyfile_lease){.secret = {5, 5}, .until_ms = until_ms, .seen_ms = NOW};
}

/* A laptop's key file: Ana's passphrase is leased; slot 1 is the device. */
static void create_leased(void)
{
    struct keyfile_lease lease = lease_until(UNTIL);
    struct error e = {0};
    keyfile_make(key);
    assert_int_equal(
        keyfile_change(keyfile_path, key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, link_secret), &e),
        E_NOT_FOUND);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(
        keyfile_change(keyfile_path, key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, link_secret), &e), 0);
}

static int renew(const char *passphrase, const struct keyfile_lease *lease, uint64_t now_ms)
{
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    int code = keyfile_lease_renew(keyfile_path, TYPED(passphrase, strlen(passphrase), now_ms), lease, again, NULL, &e);
    assert_true(code == 0 ? memcmp(again, key, sizeof key) == 0 : sodium_is_zero(again, sizeof again));
    return code;
}

static void must_give_link(const char *passphrase, uint64_t now_ms)
{
    uint8_t link[32];
    struct error e = {0};
    assert_int_equal(keyfile_open_link(keyfile_path, TYPED(passphrase, strlen(passphrase), now_ms), link, &e), 0);
    assert_memory_equal(link, link_secret, sizeof link);
}

/* The offset of the device slot. */
static size_t device_at(void)
{
    struct keyfile_image image;
    size_t at;
    image.count = keyfile_load(image.bytes, sizeof image.bytes);
    at = keyfile_image_find(&image, KEYFILE_DEVICE, KEYFILE_SLOTS_AT);
    assert_true(at < image.count);
    return at;
}

static void set_in_device(size_t at, uint64_t value)
{
    uint8_t bytes[KEYFILE_FILE_MAX];
    size_t count = keyfile_load(bytes, sizeof bytes);
    keyfile_image_put_le(bytes + device_at() + at, value, 8);
    keyfile_save(bytes, count);
}

static int holds_lease_secret(void)
{
    struct keyfile_lease lease = lease_until(0);
    uint8_t bytes[KEYFILE_FILE_MAX];
    size_t count = keyfile_load(bytes, sizeof bytes);
    return memmem(bytes, count, lease.secret, sizeof lease.secret) != NULL;
}

/* Goal: a leased passphrase opens while the lease lasts, and its link comes out with it. */
static void opens_while_it_lasts(void **state)
{
    uint8_t again[KEYFILE_KEY_BYTES], link[32];
    struct keyfile_slot slot;
    struct error e = {0};
    (void)state;
    create_leased();
    assert_int_equal(keyfile_open_at(PASS, NOW, again), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_int_equal(keyfile_open_at(PASS, UNTIL - 1, again), 0);
    must_give_link(PASS, NOW);
    assert_int_equal(keyfile_open_link(keyfile_path, TYPED(OTHER, OTHER_BYTES, NOW), link, &e), E_WRONG_KEY);
    assert_true(sodium_is_zero(link, sizeof link));
    assert_int_equal(keyfile_open_at(OTHER, NOW, again), E_WRONG_KEY);
    assert_int_equal(keyfile_slots_of(KEYFILE_PASSPHRASE, &slot), 1);
    assert_true(slot.leased);
    assert_string_equal(slot.label, "Ana");
    assert_true(holds_lease_secret());
}

/* Goal: when the lease is over the next opening erases its secret; then no passphrase and no clock opens; the link
 * still comes out, and the office's lease opens again. */
static void is_over_at_its_end(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL + 30 * DAY), seen, none = lease_until(UNTIL), other = lease;
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    (void)state;
    create_leased();
    lease.seen_ms = UNTIL;
    assert_int_equal(keyfile_open_at(PASS, UNTIL, again), E_LOCKED);
    assert_false(holds_lease_secret());
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_LOCKED);
    assert_int_equal(keyfile_open_at(OTHER, NOW, again), E_WRONG_KEY);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW, &seen, &e), E_LOCKED);
    assert_true(sodium_is_zero(seen.secret, sizeof seen.secret));
    must_give_link(PASS, UNTIL);
    /* A lease that is over, none at all, another laptop's, or a wrong passphrase: nothing opens, and nothing is put in.
     */
    assert_int_equal(renew(PASS, &none, UNTIL), E_LOCKED);
    memset(none.secret, 0, sizeof none.secret);
    assert_int_equal(renew(PASS, &none, NOW), E_LOCKED);
    other.secret[0]++;
    assert_int_equal(renew(PASS, &other, UNTIL), E_VERIFY);
    assert_int_equal(renew(OTHER, &lease, UNTIL), E_WRONG_KEY);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_LOCKED);
    assert_int_equal(renew(PASS, &lease, UNTIL), 0);
    assert_int_equal(keyfile_open_at(PASS, UNTIL, again), 0);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, UNTIL, &seen, &e), 0);
    assert_int_equal(seen.until_ms, UNTIL + 30 * DAY);
}

/* Goal: a wrong passphrase, too, erases a lease that is over: a thief with the keyboard helps to lock it. */
static void wrong_passphrases_erase_it_too(void **state)
{
    uint8_t again[KEYFILE_KEY_BYTES];
    (void)state;
    create_leased();
    assert_int_equal(keyfile_open_at(OTHER, UNTIL, again), E_WRONG_KEY);
    assert_false(holds_lease_secret());
}

/* Goal: a clock that is turned back wins nothing: the latest time ever seen counts. It is written once a minute. */
static void clocks_turned_back_win_nothing(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL), seen;
    uint8_t again[KEYFILE_KEY_BYTES], before[KEYFILE_FILE_MAX], after[KEYFILE_FILE_MAX];
    struct error e = {0};
    size_t count;
    (void)state;
    create_leased();
    assert_int_equal(keyfile_lease_get(keyfile_path, key, UNTIL - 1, &seen, &e), 0);
    assert_int_equal(seen.seen_ms, UNTIL - 1);
    assert_memory_equal(seen.secret, lease.secret, sizeof seen.secret);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW, &seen, &e), 0);
    assert_int_equal(seen.seen_ms, UNTIL - 1);
    /* What the office says sets it right again. */
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW + 1, &seen, &e), 0);
    assert_int_equal(seen.seen_ms, NOW + 1);
    count = keyfile_load(before, sizeof before);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW + 59999, &seen, &e), 0);
    assert_int_equal(keyfile_load(after, sizeof after), count);
    assert_memory_equal(before, after, count);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW + 60000, &seen, &e), 0);
    keyfile_load(after, sizeof after);
    assert_memory_not_equal(before, after, count);
    /* Seen at its end: over, whatever the clock says now. */
    lease.seen_ms = UNTIL;
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_LOCKED);
    assert_false(holds_lease_secret());
}

/* Goal: whoever alters the end, the time or the secret is found out; the link still comes out, and the office's lease
 * mends it. */
static void altered_leases_are_found(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL), seen;
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    (void)state;
    create_leased();
    set_in_device(DEVICE_UNTIL_AT, UNTIL + 365 * DAY);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_VERIFY);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW, &seen, &e), E_VERIFY);
    assert_true(sodium_is_zero((const unsigned char *)&seen, sizeof seen));
    must_give_link(PASS, NOW);
    assert_int_equal(renew(PASS, &lease, NOW), 0);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), 0);
    set_in_device(DEVICE_SEEN_AT, NOW - 365 * DAY);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_VERIFY);
    assert_int_equal(renew(PASS, &lease, NOW), 0);
    set_in_device(KEYFILE_HEADER_BYTES, 1);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_VERIFY);
    assert_int_equal(renew(PASS, &lease, NOW), 0);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), 0);
}

/* Goal: taking the device slot away locks, for whoever has the passphrase or the key alike, and does not unlock; nobody
 * gets a leased slot from it. */
static void taking_the_slot_away_locks(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL), seen;
    uint8_t bytes[KEYFILE_FILE_MAX], again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    size_t count, at;
    (void)state;
    create_leased();
    assert_int_equal(keyfile_remove(keyfile_path, key, 1, &e), E_NOT_FOUND);
    at = device_at();
    count = keyfile_load(bytes, sizeof bytes);
    memmove(bytes + at, bytes + at + KEYFILE_DEVICE_BYTES, count - at - KEYFILE_DEVICE_BYTES);
    keyfile_save(bytes, count - KEYFILE_DEVICE_BYTES);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_LOCKED);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW, &seen, &e), E_LOCKED);
    assert_int_equal(
        keyfile_add_passphrase(keyfile_path, key, NEW("Ben", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, link_secret), &e),
        E_LOCKED);
    assert_int_equal(renew(PASS, &lease, NOW), 0);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), 0);
}

/* Goal: setting the same lease writes nothing; another end replaces it; another laptop's secret is refused while
 * somebody's passphrase hangs on ours; a zero secret ends it. */
static void setting_replaces_the_lease(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL), seen;
    uint8_t again[KEYFILE_KEY_BYTES];
    struct stat before, after;
    struct error e = {0};
    (void)state;
    create_leased();
    assert_int_equal(stat(keyfile_path, &before), 0);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(stat(keyfile_path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    lease.until_ms += DAY;
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_slots_of(KEYFILE_DEVICE, NULL), 1);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, UNTIL, &seen, &e), 0);
    assert_int_equal(seen.until_ms, UNTIL + DAY);
    lease.secret[0]++;
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), E_REFUSED);
    assert_int_equal(keyfile_open_at(PASS, UNTIL, again), 0);
    memset(lease.secret, 0, sizeof lease.secret);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_LOCKED);
    assert_int_equal(
        keyfile_change(keyfile_path, key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, link_secret), &e), E_LOCKED);
    /* Whoever has the key can make a passphrase that hangs on no lease. */
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e), 0);
    assert_int_equal(keyfile_open_at(OTHER, NOW, again), 0);
}

/* Goal: as long as nobody's passphrase hangs on the lease, another laptop's secret may take its place. */
static void a_lease_without_persons_may_change(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL), seen;
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW, &seen, &e), E_NOT_FOUND);
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    lease.secret[0]++;
    assert_int_equal(keyfile_lease_set(keyfile_path, key, &lease, &e), 0);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW, &seen, &e), 0);
    assert_memory_equal(seen.secret, lease.secret, sizeof seen.secret);
}

/* Goal: of two persons, one may be leased and one not; a new passphrase stays leased; a slot without a lease has no
 * link, and renewing with it works too. */
static void persons_differ(void **state)
{
    struct keyfile_lease lease = lease_until(UNTIL + DAY);
    uint8_t again[KEYFILE_KEY_BYTES], link[32];
    struct keyfile_slot slots[8];
    struct error e = {0};
    size_t count;
    (void)state;
    create_leased();
    assert_int_equal(
        keyfile_add_passphrase(keyfile_path, key, NEW("Bo", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e), 0);
    assert_int_equal(
        keyfile_add_passphrase(keyfile_path, key, NEW("Cy", "third passphrase", 16, KEYFILE_MINIMUM, link_secret), &e),
        0);
    assert_int_equal(
        keyfile_change(keyfile_path, key, 0, NEW(NULL, "fourth passphrase", 17, KEYFILE_MINIMUM, link_secret), &e), 0);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), E_WRONG_KEY);
    assert_int_equal(keyfile_open_at("fourth passphrase", NOW, again), 0);
    assert_int_equal(keyfile_open_at("third passphrase", NOW, again), 0);
    assert_int_equal(keyfile_list(keyfile_path, slots, 8, &count, &e), 0);
    assert_int_equal(count, 4);
    assert_true(slots[0].leased && !slots[1].leased && !slots[2].leased && slots[3].leased);
    assert_int_equal(keyfile_open_at("third passphrase", UNTIL, again), E_LOCKED);
    assert_int_equal(keyfile_open_at(OTHER, UNTIL, again), 0);
    assert_int_equal(keyfile_open_link(keyfile_path, TYPED(OTHER, OTHER_BYTES, NOW), link, &e), E_NOT_FOUND);
    must_give_link("fourth passphrase", UNTIL);
    assert_int_equal(renew(OTHER, &lease, UNTIL), 0);
    assert_int_equal(keyfile_open_at("third passphrase", UNTIL, again), 0);
}

/* Goal: if the file cannot be written the lease counts all the same. */
static void read_only_media_do_not_help(void **state)
{
    struct keyfile_lease seen;
    uint8_t again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    (void)state;
    create_leased();
    keyfile_make_read_only(1);
    assert_int_equal(keyfile_open_at(PASS, NOW, again), 0);
    assert_int_equal(keyfile_open_at(OTHER, NOW, again), E_WRONG_KEY);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, NOW + DAY, &seen, &e), 0);
    assert_int_equal(keyfile_open_at(PASS, UNTIL, again), E_LOCKED);
    assert_int_equal(keyfile_lease_get(keyfile_path, key, UNTIL, &seen, &e), E_LOCKED);
    keyfile_make_read_only(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_while_it_lasts),
        TEST(is_over_at_its_end),
        TEST(wrong_passphrases_erase_it_too),
        TEST(clocks_turned_back_win_nothing),
        TEST(altered_leases_are_found),
        TEST(taking_the_slot_away_locks),
        TEST(setting_replaces_the_lease),
        TEST(a_lease_without_persons_may_change),
        TEST(persons_differ),
        TEST(read_only_media_do_not_help),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
