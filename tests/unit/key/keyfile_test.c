/* Tests: common/key/keyfile.c common/key/keyfile_slot.c common/key/keyfile_image.c
 * common/key/keyfile_print.c
 * The key file: what opens it, what does not, and that damage never passes for a key. */
#include "keyfile_fixture.h"
#include "keyfile_print.h"

#define FILE_BYTES 256 /* 104 and one slot of 152 */

/* Goal: the passphrase that made a key file gives its key back, another one does not. */
static void opens_with_its_passphrase_only(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct stat status;
    (void)state;
    assert_int_equal(keyfile_opens(PASS, again), E_NO_STORE);
    keyfile_make(key);
    assert_false(sodium_is_zero(key, sizeof key));
    assert_int_equal(stat(keyfile_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, FILE_BYTES);
    assert_int_equal(keyfile_opens(PASS, again), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(keyfile_opens("correct horse batterx", again), E_WRONG_KEY);
    assert_true(sodium_is_zero(again, sizeof again));
    assert_int_equal(keyfile_opens("correct horse batter", again), E_WRONG_KEY);
    assert_int_equal(keyfile_opens("", again), E_WRONG_KEY);
}

/* Goal: neither the key nor the passphrase stands in the file. */
static void holds_no_secret_in_clear(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], bytes[FILE_BYTES];
    (void)state;
    keyfile_make(key);
    assert_int_equal(keyfile_load(bytes, sizeof bytes), FILE_BYTES);
    for (size_t i = 0; i + 8 <= sizeof bytes; i++) {
        assert_memory_not_equal(bytes + i, key, 8);
        assert_memory_not_equal(bytes + i, PASS, 8);
    }
}

/* Goal: a passphrase that is too short or too long makes no file, and an existing file is never replaced. */
static void create_refuses(void **state)
{
    static char longest[KEYFILE_PASSPHRASE_MAX + 1];
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct error e = {0};
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_int_equal(keyfile_create(keyfile_path, NEW("Ana", "1234567", 7, KEYFILE_MINIMUM, NULL), key, &e), E_INPUT);
    assert_int_equal(keyfile_create(keyfile_path, NEW("Ana", longest, sizeof longest, KEYFILE_MINIMUM, NULL), key, &e),
                     E_INPUT);
    assert_int_equal(access(keyfile_path, F_OK), -1);
    assert_int_equal(
        keyfile_create("/nonexistent/folder/x.keys", NEW("Ana", PASS, PASS_BYTES, KEYFILE_MINIMUM, NULL), key, &e),
        E_NO_STORE);
    keyfile_make(key);
    assert_int_equal(keyfile_create(keyfile_path, NEW("Ana", "another one", 11, KEYFILE_MINIMUM, NULL), again, &e),
                     E_EXISTS);
    assert_int_equal(keyfile_opens(PASS, again), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(unlink(keyfile_path), 0);
    assert_int_equal(
        keyfile_create(keyfile_path, NEW("Ana", longest, sizeof longest - 1, KEYFILE_MINIMUM, NULL), key, &e), 0);
    assert_int_equal(keyfile_open(keyfile_path, TYPED(longest, sizeof longest - 1, NOW), again, NULL, &e), 0);
}

/* Goal: a new passphrase keeps the key and the chain end, ends the old one, and cannot be set with a foreign key. */
static void change_keeps_the_key(void **state)
{
    struct keyfile_chain_end end = {.epoch = 2, .seq = 77, .hash = {1, 2, 3}}, seen;
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], foreign[KEYFILE_KEY_BYTES] = {9};
    uint8_t before[FILE_BYTES], after[FILE_BYTES];
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    assert_int_equal(keyfile_chain_end_set(keyfile_path, key, &end, &e), 0);
    keyfile_load(before, sizeof before);
    assert_int_equal(
        keyfile_change(keyfile_path, foreign, 0, NEW(NULL, "new passphrase", 14, KEYFILE_MINIMUM, NULL), &e), E_VERIFY);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, "short", 5, KEYFILE_MINIMUM, NULL), &e), E_INPUT);
    keyfile_load(after, sizeof after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, "new passphrase", 14, KEYFILE_MINIMUM, NULL), &e),
                     0);
    assert_int_equal(keyfile_opens(PASS, again), E_WRONG_KEY);
    assert_int_equal(keyfile_opens("new passphrase", again), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(keyfile_chain_end_get(keyfile_path, key, &seen, &e), 0);
    assert_memory_equal(&seen, &end, sizeof end);
}

/* Goal: the chain end is none at first, comes back as it was set, and only to its key. */
static void chain_end_comes_back(void **state)
{
    static const struct keyfile_chain_end none;
    struct keyfile_chain_end end = {.epoch = UINT64_MAX, .seq = 1ull << 40}, seen;
    uint8_t key[KEYFILE_KEY_BYTES], foreign[KEYFILE_KEY_BYTES] = {9};
    struct error e = {0};
    (void)state;
    assert_int_equal(keyfile_chain_end_get(keyfile_path, foreign, &seen, &e), E_NO_STORE);
    assert_int_equal(keyfile_chain_end_set(keyfile_path, foreign, &end, &e), E_NO_STORE);
    keyfile_make(key);
    assert_int_equal(keyfile_chain_end_get(keyfile_path, key, &seen, &e), 0);
    assert_memory_equal(&seen, &none, sizeof none);
    memset(end.hash, 0xa5, sizeof end.hash);
    assert_int_equal(keyfile_chain_end_set(keyfile_path, foreign, &end, &e), E_VERIFY);
    assert_int_equal(keyfile_chain_end_set(keyfile_path, key, &end, &e), 0);
    assert_int_equal(keyfile_chain_end_get(keyfile_path, key, &seen, &e), 0);
    assert_memory_equal(&seen, &end, sizeof end);
    assert_int_equal(keyfile_chain_end_get(keyfile_path, foreign, &seen, &e), E_VERIFY);
}

/* Goal: a flipped bit anywhere in the file is found: by the passphrase, by the chain end, or by both. */
static void every_flip_is_found(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], good[FILE_BYTES], bad[FILE_BYTES];
    struct keyfile_chain_end end;
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    keyfile_load(good, sizeof good);
    for (size_t i = 0; i < sizeof good * 8; i++) {
        int opened, got;
        /* Argon2id's cost: a flip that stays within its bounds only costs time; high ones are seen below. */
        if (i / 8 >= 104 + 12 && i / 8 < 104 + 24 && i / 8 != 104 + 12 && i / 8 != 104 + 17)
            continue;
        memcpy(bad, good, sizeof bad);
        bad[i / 8] ^= (uint8_t)(1 << i % 8);
        keyfile_save(bad, sizeof bad);
        opened = keyfile_opens(PASS, again);
        got = keyfile_chain_end_get(keyfile_path, key, &end, &e);
        if (opened == 0)
            assert_int_equal(got, E_VERIFY);
        else
            assert_true(opened == E_WRONG_KEY || opened == E_VERIFY);
    }
}

/* Goal: a file that is cut anywhere, or that goes on behind its last slot, is not a key file. */
static void every_cut_is_found(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], good[9000] = {0};
    struct keyfile_chain_end end;
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    keyfile_load(good, FILE_BYTES);
    for (size_t count = 0; count < FILE_BYTES; count++) {
        keyfile_save(good, count);
        assert_int_equal(keyfile_opens(PASS, again), E_VERIFY);
        assert_int_equal(keyfile_chain_end_get(keyfile_path, key, &end, &e), E_VERIFY);
    }
    keyfile_save(good, FILE_BYTES + 1);
    assert_int_equal(keyfile_opens(PASS, again), E_VERIFY);
    keyfile_save(good, sizeof good);
    assert_int_equal(keyfile_opens(PASS, again), E_VERIFY);
}

/* Goal: a slot that asks for a terabyte or for hours of work, or that gives a false length, is refused before anything
 * is spent. */
static void forged_costs_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } forged[] = {{12 + 3, 0x10}, {12, 0}, {12, 17}, {16 + 4, 1}, {16 + 7, 0x80}, {16 + 1, 0}, {8, 63}, {8 + 3, 0xff}};
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], good[FILE_BYTES], bad[FILE_BYTES];
    (void)state;
    keyfile_make(key);
    keyfile_load(good, sizeof good);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        memcpy(bad, good, sizeof bad);
        bad[104 + forged[i].at] = forged[i].value;
        keyfile_save(bad, sizeof bad);
        assert_int_equal(keyfile_opens(PASS, again), E_VERIFY);
    }
}

/* Goal: a slot of a later type, before or behind the passphrase's, is stepped over and survives every rewrite. */
static void foreign_slots_are_carried(void **state)
{
    struct keyfile_chain_end end = {.seq = 5};
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], bytes[FILE_BYTES + 160], seen[sizeof bytes];
    uint8_t slot[80] = {'S', 'L', 'O', 'T', 9, 3, 7, 1, sizeof slot};
    struct error e = {0};
    (void)state;
    memset(slot + 64, 0x77, 16);
    keyfile_make(key);
    keyfile_load(bytes, FILE_BYTES);
    memmove(bytes + 104 + sizeof slot, bytes + 104, 152);
    memcpy(bytes + 104, slot, sizeof slot);
    memcpy(bytes + 104 + sizeof slot + 152, slot, sizeof slot);
    keyfile_save(bytes, sizeof bytes);
    assert_int_equal(keyfile_opens(PASS, again), 0);
    assert_memory_equal(key, again, sizeof key);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, "new passphrase", 14, KEYFILE_MINIMUM, NULL), &e),
                     0);
    assert_int_equal(keyfile_chain_end_set(keyfile_path, key, &end, &e), 0);
    assert_int_equal(keyfile_opens("new passphrase", again), 0);
    assert_int_equal(keyfile_load(seen, sizeof seen), sizeof seen);
    assert_memory_equal(seen + 104, slot, sizeof slot);
    assert_memory_equal(seen + 104 + sizeof slot + 152, slot, sizeof slot);
    /* Without a passphrase slot nothing opens, and there is nothing to change. */
    memcpy(bytes + 104 + sizeof slot, slot, sizeof slot);
    keyfile_save(bytes, 104 + 2 * sizeof slot);
    assert_int_equal(keyfile_opens(PASS, again), E_WRONG_KEY);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, "new passphrase", 14, KEYFILE_MINIMUM, NULL), &e),
                     E_NOT_FOUND);
}

/* Goal: what a crash leaves of a replacement neither shows nor stays. */
static void leftovers_are_replaced(void **state)
{
    struct keyfile_chain_end end = {.seq = 5};
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    char left[128];
    struct error e = {0};
    FILE *file;
    (void)state;
    keyfile_make(key);
    (void)snprintf(left, sizeof left, "%s.new", keyfile_path);
    file = fopen(left, "wb");
    assert_non_null(file);
    assert_true(fputs("half a key file, and longer than a whole one", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(keyfile_opens(PASS, again), 0);
    assert_int_equal(keyfile_chain_end_set(keyfile_path, key, &end, &e), 0);
    assert_int_equal(access(left, F_OK), -1);
    assert_int_equal(keyfile_opens(PASS, again), 0);
}

/* Goal: the cost that programs use is at least libsodium's MODERATE, and it opens. */
static void measured_is_moderate_or_more(void **state)
{
    struct keyfile_slot slot;
    uint8_t key[KEYFILE_KEY_BYTES];
    struct error e = {0};
    (void)state;
    assert_int_equal(keyfile_create(keyfile_path, NEW("Ana", PASS, PASS_BYTES, KEYFILE_MEASURED, NULL), key, &e), 0);
    assert_int_equal(keyfile_slots_of(KEYFILE_PASSPHRASE, &slot), 1);
    assert_in_range(slot.passes, crypto_pwhash_OPSLIMIT_MODERATE, 16);
    assert_int_equal(slot.memory_bytes, crypto_pwhash_MEMLIMIT_MODERATE);
    keyfile_must_open(PASS, key);
}

/* Goal: a key file as it was made before labels and leases came, byte for byte, still opens and can be changed. */
static void old_files_open(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], bytes[FILE_BYTES], own[32], *slot = bytes + 104;
    struct keyfile_opened opened;
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    keyfile_load(bytes, sizeof bytes);
    memset(slot + 24, 0, 40);
    assert_int_equal(crypto_pwhash(own, sizeof own, PASS, PASS_BYTES, slot + 64, crypto_pwhash_OPSLIMIT_MIN,
                                   crypto_pwhash_MEMLIMIT_MIN, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    crypto_aead_xchacha20poly1305_ietf_encrypt(slot + 104, NULL, key, 32, slot, 64, NULL, slot + 80, own);
    keyfile_save(bytes, sizeof bytes);
    assert_int_equal(keyfile_open(keyfile_path, TYPED(PASS, PASS_BYTES, NOW), key, &opened, &e), 0);
    assert_string_equal(opened.label, "");
    assert_int_equal(opened.slot, 0);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e), 0);
    keyfile_must_open(OTHER, key);
}

/* Goal: each person has a passphrase of their own: any of them opens the same key and says whose it was; one can be
 * changed or removed without the others noticing; the last way in stays. */
static void each_person_has_one(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct keyfile_opened opened;
    struct keyfile_slot slot;
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    assert_int_equal(
        keyfile_add_passphrase(keyfile_path, key, NEW("Bj\xc3\xb6rn", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e),
        0);
    assert_int_equal(keyfile_open(keyfile_path, TYPED(OTHER, OTHER_BYTES, NOW), again, &opened, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_string_equal(opened.label, "Bj\xc3\xb6rn");
    assert_int_equal(opened.slot, 1);
    assert_int_equal(keyfile_open(keyfile_path, TYPED(PASS, PASS_BYTES, NOW), again, &opened, &e), 0);
    assert_string_equal(opened.label, "Ana");
    assert_int_equal(opened.slot, 0);
    assert_int_equal(keyfile_change(keyfile_path, key, 1, NEW(NULL, "third passphrase", 16, KEYFILE_MINIMUM, NULL), &e),
                     0);
    assert_int_equal(keyfile_slots_of(KEYFILE_PASSPHRASE, &slot), 2);
    assert_string_equal(slot.label, "Bj\xc3\xb6rn");
    assert_int_equal(keyfile_opens(OTHER, again), E_WRONG_KEY);
    keyfile_must_open("third passphrase", key);
    keyfile_must_open(PASS, key);
    assert_int_equal(keyfile_change(keyfile_path, key, 2, NEW(NULL, OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e),
                     E_NOT_FOUND);
    assert_int_equal(keyfile_remove(keyfile_path, key, 2, &e), E_NOT_FOUND);
    assert_int_equal(keyfile_remove(keyfile_path, key, 0, &e), 0);
    assert_int_equal(keyfile_opens(PASS, again), E_WRONG_KEY);
    keyfile_must_open("third passphrase", key);
    assert_int_equal(keyfile_remove(keyfile_path, key, 1, &e), E_REFUSED);
    keyfile_must_open("third passphrase", key);
    /* A number does not come back while a later one is there. */
    assert_int_equal(keyfile_add_passphrase(keyfile_path, key, NEW("Cid", PASS, PASS_BYTES, KEYFILE_MINIMUM, NULL), &e),
                     0);
    assert_int_equal(keyfile_slots_of(KEYFILE_PASSPHRASE, &slot), 2);
    assert_int_equal(slot.number, 2);
}

/* Goal: whose key is not this file's changes nothing in it, and a label is text that a terminal can show. */
static void strangers_and_bad_labels_are_refused(void **state)
{
    static const char *const bad[] = {
        "\xff", "a\nb", "\x1b[31m", "\x7f", "\xc2\x9b", "\xed\xa0\x80", "123456789012345678901234567890123"};
    uint8_t key[KEYFILE_KEY_BYTES], foreign[KEYFILE_KEY_BYTES] = {9}, secret[32] = {1};
    uint8_t before[FILE_BYTES], after[FILE_BYTES + 1];
    struct error e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(keyfile_create(keyfile_path, NEW(bad[i], PASS, PASS_BYTES, KEYFILE_MINIMUM, NULL), key, &e),
                         E_INPUT);
    keyfile_make(key);
    keyfile_load(before, sizeof before);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(keyfile_add_secret(keyfile_path, key, bad[i], secret, &e), E_INPUT);
        assert_int_equal(
            keyfile_add_passphrase(keyfile_path, key, NEW(bad[i], OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e),
            E_INPUT);
    }
    assert_int_equal(
        keyfile_add_passphrase(keyfile_path, foreign, NEW("x", OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e),
        E_VERIFY);
    assert_int_equal(keyfile_add_secret(keyfile_path, foreign, "x", secret, &e), E_VERIFY);
    assert_int_equal(keyfile_remove(keyfile_path, foreign, 0, &e), E_VERIFY);
    assert_int_equal(keyfile_recovery_set(keyfile_path, foreign, NULL, 0, &e), E_VERIFY);
    assert_int_equal(keyfile_lease_set(keyfile_path, foreign, &(struct keyfile_lease){.secret = {1}}, &e), E_VERIFY);
    assert_int_equal(keyfile_load(after, sizeof after), FILE_BYTES);
    assert_memory_equal(before, after, FILE_BYTES);
}

/* Goal: a secret opens its own slot and nothing else does; with it the last passphrase may go. */
static void secrets_open_for_programs(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], secret[32] = {1, 2}, other[32] = {1, 3};
    struct keyfile_slot slot = {0};
    struct error e = {0};
    (void)state;
    keyfile_make(key);
    assert_int_equal(keyfile_open_secret(keyfile_path, secret, again, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_add_secret(keyfile_path, key, "reports", other, &e), 0);
    assert_int_equal(keyfile_add_secret(keyfile_path, key, "daemon", secret, &e), 0);
    assert_int_equal(keyfile_open_secret(keyfile_path, secret, again, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_int_equal(keyfile_slots_of(KEYFILE_SECRET, &slot), 2);
    assert_string_equal(slot.label, "daemon");
    assert_int_equal(keyfile_remove(keyfile_path, key, 0, &e), 0);
    assert_int_equal(keyfile_opens(PASS, again), E_WRONG_KEY);
    assert_int_equal(keyfile_remove(keyfile_path, key, slot.number, &e), 0);
    assert_int_equal(keyfile_open_secret(keyfile_path, secret, again, &e), E_WRONG_KEY);
    assert_true(sodium_is_zero(again, sizeof again));
    assert_int_equal(keyfile_open_secret(keyfile_path, other, again, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_int_equal(keyfile_remove(keyfile_path, key, 1, &e), E_REFUSED);
}

/* Goal: a full file takes no more slots, says so, and still counts wrong passphrases. */
static void a_full_file_says_so(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], secret[32] = {1};
    struct keyfile_opened opened;
    struct error e = {0};
    size_t added = 0;
    int code;
    (void)state;
    keyfile_make(key);
    while ((code = keyfile_add_secret(keyfile_path, key, "x", secret, &e)) == 0)
        added++;
    assert_int_equal(code, E_LIMIT);
    assert_int_equal(added, (8191 - 256 - 80) / 136);
    assert_int_equal(keyfile_open(keyfile_path, TYPED(OTHER, OTHER_BYTES, NOW), again, NULL, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_open(keyfile_path, TYPED(PASS, PASS_BYTES, NOW), again, &opened, &e), 0);
    assert_int_equal(opened.wrong, 1);
    assert_int_equal(keyfile_change(keyfile_path, key, 0, NEW(NULL, OTHER, OTHER_BYTES, KEYFILE_MINIMUM, NULL), &e), 0);
    keyfile_must_open(OTHER, key);
}

/* Goal: both programs call a slot the same; a type of a later version has a name too. */
static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(keyfile_type_name(KEYFILE_PASSPHRASE), "passphrase");
    assert_string_equal(keyfile_type_name(KEYFILE_DEVICE), "lease");
    assert_string_equal(keyfile_type_name(KEYFILE_SECRET), "key file");
    assert_string_equal(keyfile_type_name(0), "newer");
    assert_string_equal(keyfile_type_name(KEYFILE_REPORTS + 1), "newer");
    assert_string_equal(keyfile_type_name(255), "newer");
}

/* Goal: what root writes stays its owner's. */
static void the_owner_stays(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES];
    struct stat status;
    (void)state;
    if (geteuid() != 0)
        skip();
    keyfile_make(key);
    assert_int_equal(chown(keyfile_path, 12345, 12346), 0);
    assert_int_equal(keyfile_opens(OTHER, again), E_WRONG_KEY);
    assert_int_equal(stat(keyfile_path, &status), 0);
    assert_int_equal(status.st_uid, 12345);
    assert_int_equal(status.st_gid, 12346);
    assert_int_equal(status.st_mode & 0777, 0600);
}

/* Prints the slots of the key file into text. */
static void print_slots(int json, char *text, size_t room)
{
    FILE *out = fmemopen(text, room, "w");
    struct cli cli = {out, out, json, 0};
    assert_non_null(out);
    assert_int_equal(keyfile_print(&cli, keyfile_path, NULL), 0);
    assert_int_equal(fclose(out), 0);
}

/* Goal: what opens the file is printed by number, type and whose it is; the count of wrong passphrases is no such line.
 * (A label that would drive a terminal is refused before.) */
static void its_slots_are_printed(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], secret[32] = {7};
    char text[2048] = "";
    (void)state;
    keyfile_make(key);
    assert_int_equal(keyfile_add_secret(keyfile_path, key, "the daemon", secret, NULL), 0);
    assert_int_equal(keyfile_opens(OTHER, again), E_WRONG_KEY);
    print_slots(0, text, sizeof text);
    assert_non_null(strstr(text, "  0  passphrase  Ana, "));
    assert_non_null(strstr(text, "  1  key file    the daemon\n"));
    assert_null(strstr(text, "lease"));
    assert_ptr_equal(strchr(strchr(text, '\n') + 1, '\n') + 1, text + strlen(text));
    print_slots(1, text, sizeof text);
    assert_non_null(strstr(text, "{\"number\": 0, \"type\": \"passphrase\", \"label\": \"Ana\", \"leased\": false}"));
    assert_non_null(
        strstr(text, "{\"number\": 1, \"type\": \"key file\", \"label\": \"the daemon\", \"leased\": false}"));
    assert_int_equal(keyfile_print(&(struct cli){stdout, stderr, 0, 0}, "/nonexistent/x.keys", NULL), E_NO_STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_with_its_passphrase_only),
        TEST(holds_no_secret_in_clear),
        TEST(create_refuses),
        TEST(change_keeps_the_key),
        TEST(chain_end_comes_back),
        TEST(every_flip_is_found),
        TEST(every_cut_is_found),
        TEST(forged_costs_are_refused),
        TEST(foreign_slots_are_carried),
        TEST(leftovers_are_replaced),
        TEST(measured_is_moderate_or_more),
        TEST(old_files_open),
        TEST(each_person_has_one),
        TEST(strangers_and_bad_labels_are_refused),
        TEST(secrets_open_for_programs),
        TEST(a_full_file_says_so),
        TEST(types_have_names),
        TEST(the_owner_stays),
        TEST(its_slots_are_printed),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
