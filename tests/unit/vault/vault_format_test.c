/* Tests: common/vault/vault_page.c
 * The vault's bytes, opened by hand: nothing here but what docs/VAULT.md says, libsodium, and SQLite's file format. */
#include "vault_fixture.h"

#include <sodium.h>

static void derive(uint8_t out[32], uint8_t domain, const uint8_t id[16])
{
    static const char label[] = "satchel pages 1";
    uint8_t pages[32], message[17];
    assert_int_equal(
        crypto_generichash(pages, 32, (const uint8_t *)label, strlen(label), vault_right, sizeof vault_right), 0);
    message[0] = domain;
    memcpy(message + 1, id, 16);
    assert_int_equal(crypto_generichash(out, 32, message, sizeof message, pages, sizeof pages), 0);
}

static void le64(uint8_t out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        out[i] = (uint8_t)value;
}

static uint32_t be32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static int contains(const uint8_t *bytes, size_t count, const char *words)
{
    return memmem(bytes, count, words, strlen(words)) != NULL;
}

static void make_by_hand_work(sqlite3 *db)
{
    vault_run(db, "PRAGMA wal_autocheckpoint=0; INSERT INTO t VALUES ('a row in the log');");
}

static void make_store(void)
{
    sqlite3 *db = vault_must_open(1);
    vault_must(db, "CREATE TABLE t(a); INSERT INTO t VALUES ('a row in the database')");
    vault_close(db);
    vault_in_dying_child(make_by_hand_work, 0);
}

/* Goal: a database's pages open as the document says. */
static void pages_are_as_documented(void **state)
{
    uint8_t key[32], ad[8], page[4096];
    size_t count;
    uint8_t *file;
    (void)state;
    make_store();
    file = vault_load(vault_path, &count);
    assert_int_equal(count, 2 * 4096);
    derive(key, 1, file);
    le64(ad, 1);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt_detached(page, NULL, file + 16, 4040, file + 4080, ad,
                                                                         8, file + 4056, key),
                     0);
    assert_int_equal(page[0] << 8 | page[1], 4096); /* from byte 16 on: the page size, */
    assert_int_equal(page[2], 2);                   /* WAL, */
    assert_int_equal(page[4], 40);                  /* the reserve */
    assert_true(contains(page, 4040, "CREATE TABLE t(a)"));
    le64(ad, 2);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt_detached(page, NULL, file + 4096, 4056, file + 8176, ad,
                                                                         8, file + 8152, key),
                     0);
    assert_int_equal(page[0], 0x0d); /* a leaf of a table */
    assert_true(contains(page, 4056, "a row in the database"));
    assert_false(contains(page, 4056, "a row in the log"));
    free(file);
}

/* Goal: a log's frames open as the document says. */
static void frames_are_as_documented(void **state)
{
    uint8_t key[32], ad[16], sealed[8 + 8 + 4056], plain[sizeof sealed];
    size_t count, log_count;
    uint8_t *file, *log, *frame;
    (void)state;
    make_store();
    file = vault_load(vault_path, &count);
    log = vault_load(vault_log_path, &log_count);
    assert_true(log_count >= 32 + 4120 && (log_count - 32) % 4120 == 0);
    assert_int_equal(be32(log) & ~1u, 0x377f0682);
    assert_int_equal(be32(log + 8), 4096);
    derive(key, 2, file);
    frame = log + log_count - 4120;
    le64(ad, log_count - 4120);
    memcpy(ad + 8, frame + 8, 8);
    assert_memory_equal(frame + 8, log + 16, 8);
    memcpy(sealed, frame, 8);
    memcpy(sealed + 8, frame + 16, 4064);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt_detached(plain, NULL, sealed, sizeof sealed,
                                                                         frame + 4104, ad, 16, frame + 4080, key),
                     0);
    assert_int_equal(be32(plain), 2);     /* the page, */
    assert_int_equal(be32(plain + 4), 2); /* and the size of the database after this commit */
    assert_true(contains(plain + 16, 4056, "a row in the log"));
    free(file);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_are_as_documented),
        TEST(frames_are_as_documented),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
