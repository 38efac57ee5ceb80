/* Tests: common/key/rekey.c common/key/keyfile_next.c
 * A new data key: the same content under it, and nothing under the old one; killed anywhere, it is the old store or the
 * new one, and going on ends it. */
#include "rekey_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- killing ---- */

static void die_at(void *context, uint64_t done, uint64_t all)
{
    int *left = context;
    (void)done;
    (void)all;
    if (--*left == 0)
        (void)raise(SIGKILL);
}

/* Runs the job in a child that is killed when it tells for the at-th time; 0 if it came to its end before. */
static int killed_with(struct rekey_options o, int at)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        uint8_t key[KEYFILE_KEY_BYTES];
        o.progress = die_at;
        o.context = &at;
        _exit(rekey_run(&o, key, NULL, NULL));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return 1;
    assert_int_equal(WEXITSTATUS(status), 0);
    return 0;
}

static int killed_at(int at)
{
    return killed_with(rekey_usual_options(), at);
}

/* Seals something anew, as the office does, in a database whose log is not carried over when it is closed: SQLite says
 * nothing of it if that fails. */
static int write_and_leave_a_log(void *context, const char *path, const uint8_t old_key[32], const uint8_t key[32],
                                 struct error *e)
{
    sqlite3 *db;
    int code = vault_open(&db, path, key, 0, 0, e);
    (void)context;
    (void)old_key;
    assert_int_equal(code, 0);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA wal_autocheckpoint=0; CREATE TABLE sealed(a); INSERT INTO sealed VALUES(7)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
    vault_close(db);
    return 0;
}

/* Goal: what was sealed anew is in the new database, wherever SQLite left it. */
static void what_was_sealed_anew_is_kept(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct rekey_options o = rekey_usual_options();
    struct error e = {0};
    (void)state;
    rekey_make_store(old_key);
    o.renew = write_and_leave_a_log;
    assert_int_equal(rekey_run(&o, key, NULL, &e), 0);
    rekey_sql(key, "UPDATE sealed SET a = 8");
}

/* Goal: the content is the same, under a new key and a new file id; the old key and an old copy of the key file open
 * nothing any more; the count says how many slots could not be made again. */
static void content_is_the_same(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES], other[KEYFILE_KEY_BYTES], secret[32] = {4};
    struct rekey_options o = rekey_usual_options();
    struct content before;
    struct bytes was, is;
    struct error e = {0};
    size_t dropped, slots;
    struct keyfile_slot slot;
    (void)state;
    rekey_make_store(old_key);
    assert_int_equal(keyfile_add_passphrase(rekey_keys_path, old_key,
                                            NEW("Bo", "another passphrase", 18, KEYFILE_MINIMUM, NULL), &e),
                     0);
    assert_int_equal(keyfile_add_secret(rekey_keys_path, old_key, "reports", secret, &e), 0);
    before = rekey_read_all(old_key);
    was = rekey_load(rekey_db_path);
    assert_int_equal(chmod(rekey_db_path, 0640), 0);
    assert_int_equal(rekey_run(&o, key, &dropped, &e), 0);
    assert_string_equal(e.text, "");
    assert_int_equal(dropped, 2);
    rekey_must_be_done(old_key, key, &before);
    assert_int_equal(keyfile_list(rekey_keys_path, &slot, 1, &slots, &e), 0);
    assert_int_equal(slots, 1);
    assert_string_equal(slot.label, "Ana");
    assert_int_equal(keyfile_open(rekey_keys_path, TYPED("another passphrase", 18, NOW), other, NULL, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_open_secret(rekey_keys_path, secret, other, &e), E_WRONG_KEY);
    is = rekey_load(rekey_db_path);
    assert_int_equal(is.count, was.count);
    for (size_t at = 0; at < is.count; at += VAULT_PAGE_BYTES)
        assert_memory_not_equal(is.p + at, was.p + at, 16);
    free(was.p);
    free(is.p);
    assert_int_equal(rekey_each_file(0), 3); /* store.db, store.keys, store.db-lock */
    {
        struct stat status;
        assert_int_equal(stat(rekey_db_path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0640);
        assert_int_equal(stat(rekey_keys_path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    /* And once more. */
    rekey_run_to_end(key, &before);
}

/* Goal: a log that a dead process left is part of the store. */
static void a_log_is_carried_over(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES];
    struct content before;
    pid_t pid;
    int status;
    (void)state;
    rekey_make_store(old_key);
    if ((pid = fork()) == 0) {
        sqlite3 *db = NULL;
        if (vault_open(&db, rekey_db_path, old_key, 0, 0, NULL) == 0)
            (void)sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0; UPDATE t SET b = randomblob(1200) WHERE a % 3 = 0",
                               NULL, NULL, NULL);
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(killed_at(1), 1); /* the log is carried over by then */
    before = rekey_read_all(old_key);
    rekey_run_to_end(old_key, &before);
}

static int office_signed(void *context, const struct keyfile_pair *pair)
{
    return pair->signature[0] == *(const uint8_t *)context;
}

/* Goal: lease and link, and those pairs of officers for which the caller answers, come along; a secret can open
 * instead of a passphrase. */
static void what_can_be_carried_is(void **state)
{
    static const uint8_t link[32] = {7};
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES], again[KEYFILE_KEY_BYTES], officers[3][32],
        signature = 1;
    struct keyfile_lease lease = {.secret = {5}, .until_ms = NOW + 1000000, .seen_ms = NOW}, seen;
    struct keyfile_pair pairs[2] = {{.officers = {{{1}}, {{2}}}, .signature = {1}},
                                    {.officers = {{{1}}, {{3}}}, .signature = {2}}};
    struct rekey_options o = rekey_usual_options();
    struct content before;
    struct id ids[2];
    struct error e = {0};
    size_t dropped;
    (void)state;
    rekey_make_store(old_key);
    for (size_t i = 0; i < 3; i++)
        randombytes_buf(officers[i], 32);
    for (size_t i = 0; i < 2; i++) {
        crypto_scalarmult_base(pairs[i].public_keys[0], officers[0]);
        crypto_scalarmult_base(pairs[i].public_keys[1], officers[i + 1]);
    }
    assert_int_equal(keyfile_lease_set(rekey_keys_path, old_key, &lease, &e), 0);
    assert_int_equal(
        keyfile_change(rekey_keys_path, old_key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, link), &e), 0);
    assert_int_equal(keyfile_recovery_set(rekey_keys_path, old_key, pairs, 2, &e), 0);
    before = rekey_read_all(old_key);
    o.holds = office_signed;
    o.context = &signature;
    assert_int_equal(rekey_run(&o, key, &dropped, &e), 0);
    assert_int_equal(dropped, 1);
    rekey_must_be_done(old_key, key, &before);
    assert_int_equal(keyfile_open_link(rekey_keys_path, TYPED(PASS, PASS_BYTES, NOW), again, &e), 0);
    assert_memory_equal(again, link, sizeof link);
    assert_int_equal(keyfile_lease_get(rekey_keys_path, key, NOW, &seen, &e), 0);
    assert_memory_equal(&seen, &lease, sizeof seen);
    assert_int_equal(keyfile_open_recovery(rekey_keys_path, officers[0], officers[1], again, ids, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_int_equal(keyfile_open_recovery(rekey_keys_path, officers[0], officers[2], again, ids, &e), E_WRONG_KEY);
    /* With a secret: Ana's passphrase stays behind, and the lease is over. */
    assert_int_equal(keyfile_add_secret(rekey_keys_path, key, "daemon", officers[2], &e), 0);
    memcpy(old_key, key, sizeof key);
    o = rekey_usual_options();
    o.with.secret = officers[2];
    o.now_ms = lease.until_ms;
    assert_int_equal(rekey_run(&o, key, &dropped, &e), 0);
    assert_int_equal(dropped, 2);
    assert_int_equal(keyfile_open_secret(rekey_keys_path, officers[2], again, &e), 0);
    assert_memory_equal(again, key, sizeof key);
    assert_int_equal(rekey_opens_with(key), 0);
    assert_int_equal(rekey_opens_with(old_key), E_WRONG_KEY);
    assert_int_equal(keyfile_lease_get(rekey_keys_path, key, NOW, &seen, &e), E_LOCKED);
}

/* Goal: killed at every page and between all steps, the store is the old one, or rekey_finish makes it the new one;
 * going on ends the job. */
static void killed_anywhere_it_goes_on(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct bytes db, keys;
    struct content before;
    int half = 0, done = 0, old = 0;
    (void)state;
    rekey_make_store(old_key);
    before = rekey_read_all(old_key);
    db = rekey_load(rekey_db_path);
    keys = rekey_load(rekey_keys_path);
    for (int at = 1; killed_at(at); at++) {
        struct rekey_options o = rekey_usual_options();
        struct error e = {0};
        int code;
        assert_int_equal(keyfile_open(rekey_keys_path, TYPED(PASS, PASS_BYTES, NOW), key, NULL, &e), 0);
        code = rekey_opens_with(key);
        if (code == E_WRONG_KEY) {
            /* By turns: the program that opens the store next ends the job, or the job is called again. */
            code = half++ % 2 == 0 ? rekey_finish(&o, key, NULL, &e) : rekey_run(&o, key, NULL, &e);
            assert_int_equal(code, 0);
            rekey_must_be_done(old_key, key, &before);
        } else if (memcmp(key, old_key, sizeof key) == 0) {
            struct content now = rekey_read_all(old_key);
            assert_int_equal(code, 0);
            assert_memory_equal(&now, &before, sizeof now);
            assert_int_equal(rekey_finish(&o, key, NULL, &e), E_WRONG_KEY); /* it is not of that job */
            rekey_run_to_end(old_key, &before);
            old++;
        } else {
            assert_int_equal(rekey_finish(&o, key, NULL, &e), E_NOT_FOUND);
            assert_int_equal(keyfile_open(rekey_keys_path, TYPED(PASS, PASS_BYTES, NOW), key, NULL, &e), 0);
            rekey_must_be_done(old_key, key, &before);
            done++;
        }
        (void)rekey_each_file(1);
        rekey_save(rekey_db_path, db);
        rekey_save(rekey_keys_path, keys);
    }
    assert_true((size_t)old > db.count / VAULT_PAGE_BYTES);
    assert_int_equal(half, 1);
    assert_int_equal(done, 1);
    free(db.p);
    free(keys.p);
}

/* Goal: a job that was killed goes on with a leased passphrase, though the lease was renewed or has ended meanwhile,
 * and with a secret. */
static void every_opener_goes_on(void **state)
{
    static const uint8_t link[32] = {7}, secret[32] = {4};
    struct keyfile_lease lease = {.secret = {5}, .until_ms = NOW + 1000000, .seen_ms = NOW}, seen;
    struct rekey_options o = rekey_usual_options(), with_secret = rekey_usual_options();
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct content before;
    struct bytes first, db;
    struct error e = {0};
    (void)state;
    rekey_make_store(old_key);
    before = rekey_read_all(old_key);
    assert_int_equal(keyfile_lease_set(rekey_keys_path, old_key, &lease, &e), 0);
    assert_int_equal(
        keyfile_change(rekey_keys_path, old_key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, link), &e), 0);
    assert_int_equal(killed_at(10), 1);
    first = rekey_load(rekey_next_db);
    o.now_ms = lease.until_ms;
    assert_int_equal(rekey_run(&o, key, NULL, &e), E_LOCKED);
    lease.until_ms = lease.seen_ms = o.now_ms;
    lease.until_ms += 1000000;
    assert_int_equal(keyfile_lease_renew(rekey_keys_path, TYPED(PASS, PASS_BYTES, o.now_ms), &lease, key, NULL, &e), 0);
    assert_int_equal(rekey_run(&o, key, NULL, &e), 0);
    db = rekey_load(rekey_db_path);
    assert_memory_equal(db.p, first.p, VAULT_PAGE_BYTES); /* it went on, and did not begin anew */
    rekey_must_be_done(old_key, key, &before);
    assert_int_equal(keyfile_lease_get(rekey_keys_path, key, o.now_ms, &seen, &e), 0);
    assert_int_equal(seen.until_ms, lease.until_ms);
    free(first.p);
    free(db.p);
    assert_int_equal(keyfile_add_secret(rekey_keys_path, key, "daemon", secret, &e), 0);
    with_secret.with.secret = secret;
    memcpy(old_key, key, sizeof key);
    assert_int_equal(killed_with(with_secret, 10), 1);
    first = rekey_load(rekey_next_db);
    assert_int_equal(killed_with(with_secret, 20), 1);
    assert_int_equal(rekey_run(&with_secret, key, NULL, &e), 0);
    db = rekey_load(rekey_db_path);
    assert_memory_equal(db.p, first.p, VAULT_PAGE_BYTES);
    assert_int_equal(rekey_opens_with(key), 0);
    assert_int_equal(rekey_opens_with(old_key), E_WRONG_KEY);
    free(first.p);
    free(db.p);
}

static void block_keys(void *context, uint64_t done, uint64_t all)
{
    if (done < all || access(rekey_next_db, F_OK) == 0 || access(rekey_next_keys, F_OK) != 0 ||
        access(context, F_OK) == 0)
        return;
    /* The database has changed places, and the key file has not: put a folder in its way. */
    if (rename(rekey_keys_path, context) != 0 || mkdir(rekey_keys_path, 0700) != 0)
        abort();
}

/* Goal: if the key file cannot take its place once the database has, the new key is not lost, and the next try ends
 * the job. */
static void half_a_job_keeps_the_new_key(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct rekey_options o = rekey_usual_options();
    struct content before;
    struct error e = {0};
    char away[120];
    size_t dropped;
    (void)state;
    rekey_make_store(old_key);
    before = rekey_read_all(old_key);
    (void)snprintf(away, sizeof away, "%s.away", rekey_keys_path);
    o.progress = block_keys;
    o.context = away;
    assert_int_equal(rekey_run(&o, key, NULL, &e), E_IO);
    assert_true(sodium_is_zero(key, sizeof key));
    assert_int_equal(access(rekey_next_keys, F_OK), 0);
    assert_int_equal(rmdir(rekey_keys_path), 0);
    assert_int_equal(rename(away, rekey_keys_path), 0);
    assert_int_equal(rekey_opens_with(old_key), E_WRONG_KEY);
    o = rekey_usual_options();
    assert_int_equal(rekey_run(&o, key, &dropped, &e), 0);
    assert_int_equal(dropped, 0);
    rekey_must_be_done(old_key, key, &before);
}

/* Goal: killed twice and thrice, with power cuts that tear what was not synced, it still ends well, and goes on where
 * it stood. */
static void torn_pages_are_written_again(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES];
    struct content before;
    struct bytes torn, db;
    (void)state;
    rekey_make_store(old_key);
    before = rekey_read_all(old_key);
    assert_int_equal(killed_at(12), 1);
    torn = rekey_load(rekey_next_db);
    assert_true(torn.count > 8ull * VAULT_PAGE_BYTES);
    torn.p[3ull * VAULT_PAGE_BYTES + 100] ^= 1; /* a sector of page 4 did not get there; its nonce did */
    memset(torn.p + 5ull * VAULT_PAGE_BYTES, 0, VAULT_PAGE_BYTES); /* page 6 did not */
    torn.count -= 100;
    rekey_save(rekey_next_db, torn);
    assert_int_equal(killed_at(20), 1);
    assert_int_equal(killed_at(30), 1);
    rekey_run_to_end(old_key, &before);
    db = rekey_load(rekey_db_path);
    assert_memory_equal(db.p, torn.p, VAULT_PAGE_BYTES); /* page 1, with the file id, is that of the first try */
    free(db.p);
    free(torn.p);
}

/* Goal: what was changed between two tries is in the new store: rows, a longer store, a shorter one, the chain end. */
static void changes_between_tries_are_seen(void **state)
{
    static const char *const changes[] = {
        "UPDATE t SET b = randomblob(900) WHERE a < 5", "INSERT INTO t SELECT a + 1000, randomblob(2000) FROM t",
        "DELETE FROM t WHERE a > 100; VACUUM", "UPDATE t SET b = randomblob(10)", "DELETE FROM t; VACUUM"};
    uint8_t old_key[KEYFILE_KEY_BYTES];
    struct keyfile_chain_end end = {.epoch = 3, .seq = 5};
    struct error e = {0};
    struct content before;
    (void)state;
    rekey_make_store(old_key);
    assert_int_equal(keyfile_chain_end_set(rekey_keys_path, old_key, &end, &e), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_int_equal(killed_at(i % 2 == 0 ? 15 : 5), 1);
        rekey_sql(old_key, changes[i]);
        assert_int_equal(access(rekey_next_db, F_OK), 0);
    }
    end.seq = 77;
    assert_int_equal(keyfile_chain_end_set(rekey_keys_path, old_key, &end, &e), 0);
    before = rekey_read_all(old_key);
    rekey_run_to_end(old_key, &before);
}

/* The store is byte for byte as it was, and nothing is beside it. */
static void must_be_untouched(struct bytes db, struct bytes keys)
{
    struct bytes now = rekey_load(rekey_db_path);
    assert_int_equal(now.count, db.count);
    assert_memory_equal(now.p, db.p, db.count);
    free(now.p);
    now = rekey_load(rekey_keys_path);
    assert_int_equal(now.count, keys.count);
    assert_memory_equal(now.p, keys.p, keys.count);
    free(now.p);
    assert_int_equal(access(rekey_next_db, F_OK), -1);
    assert_int_equal(access(rekey_next_keys, F_OK), -1);
}

/* Goal: a page that was damaged, whichever, ends the job; the store is as it was. */
static void damaged_pages_end_it(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct rekey_options o = rekey_usual_options();
    struct bytes db, keys;
    (void)state;
    rekey_make_store(old_key);
    db = rekey_load(rekey_db_path);
    keys = rekey_load(rekey_keys_path);
    for (size_t page = 0; page < db.count / VAULT_PAGE_BYTES; page += 3) {
        struct error e = {0};
        db.p[page * VAULT_PAGE_BYTES + 500] ^= 1;
        rekey_save(rekey_db_path, db);
        assert_int_equal(rekey_run(&o, key, NULL, &e), E_VERIFY);
        assert_true(sodium_is_zero(key, sizeof key));
        must_be_untouched(db, keys);
        db.p[page * VAULT_PAGE_BYTES + 500] ^= 1;
    }
    for (size_t cut = 100; cut <= VAULT_PAGE_BYTES; cut += VAULT_PAGE_BYTES - 100) {
        struct error e = {0};
        db.count -= cut;
        rekey_save(rekey_db_path, db);
        assert_int_equal(rekey_run(&o, key, NULL, &e), E_VERIFY);
        must_be_untouched(db, keys);
        db.count += cut;
    }
    rekey_save(rekey_db_path, db);
    assert_int_equal(rekey_opens_with(old_key), 0);
    free(db.p);
    free(keys.p);
}

/* Goal: a wrong passphrase, no store, and a job of another passphrase: the first two change nothing, the last is begun
 * anew. */
static void other_passphrases(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct rekey_options o = rekey_usual_options();
    struct content before;
    struct bytes db, next, keys;
    struct error e = {0};
    (void)state;
    assert_int_equal(rekey_run(&o, key, NULL, &e), E_NO_STORE);
    rekey_make_store(old_key);
    before = rekey_read_all(old_key);
    db = rekey_load(rekey_db_path);
    o.with.passphrase.bytes = "correct horse batterx";
    assert_int_equal(rekey_run(&o, key, NULL, &e), E_WRONG_KEY);
    assert_int_equal(rekey_finish(&o, key, NULL, &e), E_WRONG_KEY);
    assert_int_equal(keyfile_open(rekey_keys_path, TYPED(PASS, PASS_BYTES, NOW), key, NULL, &e), 0);
    keys = rekey_load(rekey_keys_path);
    must_be_untouched(db, keys);
    o = rekey_usual_options();
    assert_int_equal(rekey_finish(&o, key, NULL, &e), E_NOT_FOUND);
    assert_int_equal(killed_at(10), 1);
    next = rekey_load(rekey_next_db);
    assert_int_equal(
        keyfile_change(rekey_keys_path, old_key, 0, NEW(NULL, "another passphrase", 18, KEYFILE_MINIMUM, NULL), &e), 0);
    o.with.passphrase = (struct keyfile_passphrase){"another passphrase", 18};
    assert_int_equal(rekey_run(&o, key, NULL, &e), 0);
    free(db.p);
    db = rekey_load(rekey_db_path);
    assert_memory_not_equal(db.p, next.p, VAULT_ID_BYTES);
    assert_int_equal(keyfile_change(rekey_keys_path, key, 0, NEW(NULL, PASS, PASS_BYTES, KEYFILE_MINIMUM, NULL), &e),
                     0);
    rekey_must_be_done(old_key, key, &before);
    free(db.p);
    free(keys.p);
    free(next.p);
}

/* Goal: a store that somebody has open, to write or to read in a transaction, is left alone. */
static void others_are_respected(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct rekey_options o = rekey_usual_options();
    struct bytes db, keys;
    struct error e = {0};
    (void)state;
    rekey_make_store(old_key);
    db = rekey_load(rekey_db_path);
    keys = rekey_load(rekey_keys_path);
    for (int reads = 0; reads < 2; reads++) {
        int ready[2], status;
        char byte;
        pid_t pid;
        assert_int_equal(pipe(ready), 0);
        if ((pid = fork()) == 0) {
            sqlite3 *other = NULL;
            if (vault_open(&other, rekey_db_path, old_key, reads ? VAULT_READ : 0, 0, NULL) != 0 ||
                sqlite3_exec(other, "BEGIN; SELECT count(*) FROM t", NULL, NULL, NULL) != SQLITE_OK ||
                write(ready[1], "x", 1) != 1)
                _exit(1);
            (void)pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_int_equal(rekey_run(&o, key, NULL, &e), E_BUSY);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        (void)close(ready[0]);
        (void)close(ready[1]);
        assert_int_equal(rekey_opens_with(old_key), 0); /* carries away the log of the dead one */
        must_be_untouched(db, keys);
    }
    assert_int_equal(rekey_run(&o, key, NULL, &e), 0);
    free(db.p);
    free(keys.p);
}

/* Goal: if there is no room for a second database, nothing stays of the try. */
static void no_room_leaves_nothing(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES];
    struct bytes db, keys;
    int status;
    pid_t pid;
    (void)state;
    rekey_make_store(old_key);
    db = rekey_load(rekey_db_path);
    keys = rekey_load(rekey_keys_path);
    if ((pid = fork()) == 0) {
        const struct rlimit limit = {10 * VAULT_PAGE_BYTES + 100, 10 * VAULT_PAGE_BYTES + 100};
        struct rekey_options o = rekey_usual_options();
        uint8_t key[KEYFILE_KEY_BYTES];
        (void)signal(SIGXFSZ, SIG_IGN);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 && rekey_run(&o, key, NULL, NULL) == E_IO ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    must_be_untouched(db, keys);
    free(db.p);
    free(keys.p);
}

/* Goal: if neither key file is the database's, finishing says so and touches nothing. */
static void finishing_is_not_guessing(void **state)
{
    uint8_t old_key[KEYFILE_KEY_BYTES], key[KEYFILE_KEY_BYTES];
    struct rekey_options o = rekey_usual_options();
    struct bytes db, keys, next;
    struct error e = {0};
    (void)state;
    rekey_make_store(old_key);
    keys = rekey_load(rekey_keys_path);
    assert_int_equal(killed_at(10), 1);
    db = rekey_load(rekey_db_path);
    next = rekey_load(rekey_next_keys);
    randombytes_buf(db.p, db.count);
    rekey_save(rekey_db_path, db);
    assert_int_equal(rekey_finish(&o, key, NULL, &e), E_WRONG_KEY);
    assert_true(sodium_is_zero(key, sizeof key));
    assert_int_equal(rekey_run(&o, key, NULL, &e), E_WRONG_KEY);
    {
        struct bytes now = rekey_load(rekey_next_keys);
        assert_int_equal(now.count, next.count);
        assert_memory_equal(now.p, next.p, next.count);
        free(now.p);
    }
    assert_int_equal(unlink(rekey_next_keys), 0);
    assert_int_equal(unlink(rekey_next_db), 0);
    must_be_untouched(db, keys);
    free(db.p);
    free(keys.p);
    free(next.p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rekey_fixture_set_up, rekey_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_sealed_anew_is_kept),
        TEST(content_is_the_same),
        TEST(a_log_is_carried_over),
        TEST(what_can_be_carried_is),
        TEST(killed_anywhere_it_goes_on),
        TEST(every_opener_goes_on),
        TEST(half_a_job_keeps_the_new_key),
        TEST(torn_pages_are_written_again),
        TEST(changes_between_tries_are_seen),
        TEST(damaged_pages_end_it),
        TEST(other_passphrases),
        TEST(others_are_respected),
        TEST(no_room_leaves_nothing),
        TEST(finishing_is_not_guessing),
    };
    struct error e;
    if (vault_init(&e) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
