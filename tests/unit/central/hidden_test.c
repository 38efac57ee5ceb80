/* Tests: daemon/central/hidden.c common/key/rekey.c
 * The office's private keys in its store: sealed under a key that the key of the pages does not lead to; a new data key
 * seals them anew, and whenever it dies they open with the key that opens the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hidden.h"
#include "id.h"
#include "rekey_fixture.h"

static uint8_t data_key[32], own_key[32], secret[64];
static const struct id ticket = {{1, 2, 3}};

/* An office's store as far as secrets go: one in meta, one of a ticket. */
static int set_up(void **state)
{
    uint8_t sealed[32 + HIDDEN_MORE];
    struct db *db = NULL;
    if (rekey_fixture_set_up(state) != 0)
        return -1;
    rekey_make_store(data_key);
    hidden_key(data_key, own_key);
    randombytes_buf(secret, sizeof secret);
    hidden_seal(own_key, (struct slice){ticket.b, ID_BYTES}, (struct slice){secret, 32}, sealed);
    if (db_open(&db, rekey_db_path, data_key, 0, 0, NULL) != 0 ||
        db_exec(db, "CREATE TABLE ticket_secret(ticket BLOB PRIMARY KEY, secret BLOB NOT NULL) WITHOUT ROWID", NULL) !=
            0 ||
        db_run(db, NULL, "INSERT INTO ticket_secret(ticket, secret) VALUES(?,?)", "db", &ticket,
               (struct slice){sealed, sizeof sealed}) != 0 ||
        hidden_set(db, own_key, "sign_secret", secret, 64, NULL) != 0)
        return -1;
    db_close(db);
    return 0;
}

/* What opens the store opens both secrets. */
static void expect_secrets(const uint8_t key[32])
{
    uint8_t own[32], out[64];
    struct db *db = NULL;
    sqlite3_stmt *s;
    hidden_key(key, own);
    assert_int_equal(db_open(&db, rekey_db_path, key, 0, 0, NULL), 0);
    assert_int_equal(hidden_get(db, own, "sign_secret", out, 64, NULL), 0);
    assert_memory_equal(out, secret, 64);
    assert_int_equal(db_first(db, &s, NULL, "SELECT secret FROM ticket_secret", ""), 1);
    assert_int_equal(hidden_open(own, (struct slice){ticket.b, ID_BYTES}, db_slice(s, 0), out, 32, NULL), 0);
    assert_memory_equal(out, secret, 32);
    db_done(db, s);
    db_close(db);
}

/* Goal: whoever reads the tables, with the key for reports, finds no private key of the office; the pages key does not
 * open what stands there, nor does a name that is not the secret's. */
static void the_key_of_the_pages_does_not_open_the_offices_private_keys(void **state)
{
    uint8_t pages[32], own[32], out[64], kept[64 + HIDDEN_MORE];
    struct db *db = NULL;
    struct error e;
    (void)state;
    expect_secrets(data_key);
    assert_int_equal(db_open(&db, rekey_db_path, data_key, VAULT_READ, 0, NULL), 0);
    assert_int_equal(db_meta_get(db, "sign_secret", kept, sizeof kept, NULL), 0);
    assert_null(memmem(kept, sizeof kept, secret, 16));
    vault_pages_key(data_key, pages);
    assert_int_equal(hidden_get(db, pages, "sign_secret", out, 64, &e), E_VERIFY);
    hidden_key(pages, own);
    assert_int_equal(hidden_get(db, own, "sign_secret", out, 64, &e), E_VERIFY);
    assert_int_equal(hidden_open(own_key, (struct slice){(const uint8_t *)"noise_secret", 12},
                                 (struct slice){kept, sizeof kept}, out, 64, &e),
                     E_VERIFY);
    assert_true(sodium_is_zero(out, sizeof out));
    assert_int_equal(hidden_get(db, own_key, "lease_secret", out, 32, &e), E_NOT_FOUND);
    db_close(db);
}

static int renew(void *context, const char *db, const uint8_t old_key[32], const uint8_t key[32], struct error *e)
{
    int code = hidden_renew(db, old_key, key, e);
    if (context != NULL && code == 0)
        (void)raise(SIGKILL); /* sealed anew, and not in place yet */
    return code;
}

/* Goal: after a new data key the secrets open with it and not with the old one. */
static void a_new_data_key_seals_them_anew(void **state)
{
    struct rekey_options o = rekey_usual_options();
    uint8_t key[32], out[64];
    struct db *db = NULL;
    (void)state;
    o.renew = renew;
    assert_int_equal(rekey_run(&o, key, NULL, NULL), 0);
    expect_secrets(key);
    assert_int_equal(db_open(&db, rekey_db_path, key, 0, 0, NULL), 0);
    assert_int_equal(hidden_get(db, own_key, "sign_secret", out, 64, NULL), E_VERIFY);
    db_close(db);
    assert_int_equal(rekey_each_file(0), 3); /* the database, its lock, the key file: nothing is left beside them */
}

/* Goal: killed behind the sealing, the old store stands with its secrets, even if it was changed since; going on ends
 * it. */
static void killed_behind_it_the_old_key_opens_both_and_going_on_ends_it(void **state)
{
    struct rekey_options o = rekey_usual_options();
    uint8_t key[32];
    int status;
    pid_t pid = fork();
    (void)state;
    o.renew = renew;
    if (pid == 0) {
        o.context = &o;
        _exit(rekey_run(&o, key, NULL, NULL));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    expect_secrets(data_key);
    rekey_sql(data_key, "CREATE TABLE more AS SELECT randomblob(9000) AS x");
    assert_int_equal(rekey_run(&o, key, NULL, NULL), 0);
    expect_secrets(key);
    rekey_sql(key, "SELECT x FROM more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_key_of_the_pages_does_not_open_the_offices_private_keys, set_up,
                                        rekey_fixture_tear_down),
        cmocka_unit_test_setup_teardown(a_new_data_key_seals_them_anew, set_up, rekey_fixture_tear_down),
        cmocka_unit_test_setup_teardown(killed_behind_it_the_old_key_opens_both_and_going_on_ends_it, set_up,
                                        rekey_fixture_tear_down),
    };
    if (vault_init(NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
