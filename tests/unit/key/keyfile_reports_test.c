/* Tests: common/key/keyfile.c common/key/keyfile_slot.c common/vault/vault_page.c
 * Slots for reports: a type of their own that opens pages, and nothing that is sealed under the data key. */
#include "keyfile_fixture.h"

#include "vault.h"

static uint8_t key[KEYFILE_KEY_BYTES], pages[KEYFILE_KEY_BYTES], got[KEYFILE_KEY_BYTES];
static const uint8_t reports[32] = {1, 2, 3}, daemon_secret[32] = {4, 5, 6}, nobodys[32] = {7};

static int set_up(void **state)
{
    struct error e;
    if (keyfile_fixture_set_up(state) != 0)
        return -1;
    keyfile_make(key);
    vault_pages_key(key, pages);
    return keyfile_add_secret(keyfile_path, key, "daemon", daemon_secret, &e) != 0 ||
           keyfile_add_reports(keyfile_path, key, "reports", reports, &e) != 0;
}

/* Goal: a reports slot gives the pages key, which is not the data key and does not lead to it; the other way round a
 * secret that opens everything is refused where only pages are wanted. */
static void a_reports_slot_opens_pages_alone(void **state)
{
    struct keyfile_chain_end chain_end;
    struct error e = {0};
    (void)state;
    assert_int_equal(keyfile_open_reports(keyfile_path, reports, got, &e), 0);
    assert_memory_equal(got, pages, sizeof got);
    assert_memory_not_equal(got, key, sizeof got);
    assert_int_equal(keyfile_open_secret(keyfile_path, reports, got, &e), E_WRONG_KEY);
    assert_non_null(strstr(e.text, "for reports"));
    assert_true(sodium_is_zero(got, sizeof got));
    assert_int_equal(keyfile_open_reports(keyfile_path, daemon_secret, got, &e), E_REFUSED);
    assert_true(sodium_is_zero(got, sizeof got));
    assert_int_equal(keyfile_open_reports(keyfile_path, nobodys, got, &e), E_WRONG_KEY);
    /* With the pages key no slot can be written and no chain end opened. */
    assert_int_equal(keyfile_chain_end_get(keyfile_path, pages, &chain_end, &e), E_VERIFY);
    assert_int_equal(keyfile_add_secret(keyfile_path, pages, "thief", nobodys, &e), E_VERIFY);
}

/* Goal: a slot whose type is written over opens nothing. */
static void a_reports_slot_is_no_slot_of_another_type(void **state)
{
    uint8_t bytes[KEYFILE_FILE_MAX];
    size_t count = keyfile_load(bytes, sizeof bytes), at = count - KEYFILE_REPORTS_BYTES;
    struct error e;
    (void)state;
    assert_int_equal(bytes[at + KEYFILE_AT_TYPE], KEYFILE_REPORTS);
    bytes[at + KEYFILE_AT_TYPE] = KEYFILE_SECRET;
    keyfile_save(bytes, count);
    assert_int_equal(keyfile_open_secret(keyfile_path, reports, got, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_open_reports(keyfile_path, reports, got, &e), E_WRONG_KEY);
}

/* Goal: it is listed by its name, and can be removed, although nothing else than one passphrase would be left. */
static void a_reports_slot_is_listed_and_removed(void **state)
{
    struct keyfile_slot slot;
    struct error e;
    (void)state;
    assert_int_equal(keyfile_slots_of(KEYFILE_REPORTS, &slot), 1);
    assert_string_equal(slot.label, "reports");
    assert_string_equal(keyfile_type_name(slot.type), "reports");
    assert_int_equal(keyfile_slots_of(KEYFILE_SECRET, &slot), 1);
    assert_int_equal(keyfile_remove(keyfile_path, key, slot.number, &e), 0);
    assert_int_equal(keyfile_slots_of(KEYFILE_REPORTS, &slot), 1);
    assert_int_equal(keyfile_remove(keyfile_path, key, slot.number, &e), 0);
    assert_int_equal(keyfile_open_reports(keyfile_path, reports, got, &e), E_WRONG_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reports_slot_opens_pages_alone, set_up, keyfile_fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_reports_slot_is_no_slot_of_another_type, set_up, keyfile_fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_reports_slot_is_listed_and_removed, set_up, keyfile_fixture_tear_down),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
