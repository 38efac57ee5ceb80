/* Tests: daemon/central/central.c
 * The central record: an office is whole or not there; what was committed is there after a kill, what was not is not;
 * after a failure memory says what the disk says. */
#include "office_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "central_fixture.h"
#include "vault.h"

static char folder[] = "/tmp/central_test.XXXXXX";
static const char passphrase[] = "correct horse battery";

static struct central_options options(void)
{
    struct central_options o = {folder, "Test office", "admin", "Ada Admin", passphrase, sizeof passphrase - 1};
    return o;
}

static struct central *open_office(void)
{
    struct central *c;
    PAIR_OK(central_fixture_open(&c, folder, passphrase, sizeof passphrase - 1, &pair_e));
    return c;
}

static int add_user(struct central *c, const char *login)
{
    struct id user = id_new(clock_wall());
    struct error e = {0, ""};
    struct edit edit;
    int code;
    if ((code = edit_new(&edit, c->db, schema_kind(KIND_USER), &pair_everywhere, &user, &e)) != 0 ||
        (code = edit_set_text(&edit, "login", login, &e)) != 0 ||
        (code = edit_set_text(&edit, "role", "administrator", &e)) != 0 ||
        (code = edit_set_text(&edit, "status", "active", &e)) != 0) {
        edit_free(&edit);
        return code;
    }
    return central_write(c, &edit, NULL, &e);
}

/* Goal: a new office has its own record and its administrator, under the administrator's name, and opens again as it
 * was; a second one is not set up over it; neither without the passphrase nor with another does it open. */
static void test_create(void **state)
{
    struct central_options o = options();
    struct central *c;
    struct error e = {0, ""};
    struct id admin;
    uint8_t digest[32], again[32];
    char key[64];
    struct stat there;
    (void)state;
    assert_int_equal(central_fixture_open(&c, folder, passphrase, sizeof passphrase - 1, &e), E_NO_STORE);
    assert_null(c);
    o.passphrase_bytes = 3;
    assert_int_equal(central_create(&o, &e), E_INPUT);
    (void)snprintf(key, sizeof key, "%s/office.db", folder);
    assert_int_not_equal(stat(key, &there), 0); /* nothing of it is left, so it can be tried again */
    o = options();
    PAIR_OK(central_create(&o, &pair_e));
    assert_int_equal(central_create(&o, &e), E_EXISTS);
    assert_int_equal(central_fixture_open(&c, folder, "wrong horse battery", 19, &e), E_WRONG_KEY);
    assert_null(c);
    c = open_office();
    assert_int_equal(c->tree.size, 3); /* the office, its administrator, and that somebody tried a wrong passphrase */
    office_check(c);
    PAIR_OK(central_user(c, "admin", &admin, &pair_e));
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM \"user\" WHERE role = 'administrator'"), 1);
    PAIR_OK(record_dump_digest(c->db, NULL, digest, &pair_e));
    central_close(c);
    c = open_office();
    PAIR_OK(record_dump_digest(c->db, NULL, again, &pair_e));
    assert_memory_equal(digest, again, 32);
    central_close(c);
}

/* Goal: an office that another version's program had last says in its log that this one's schema is written now, once.
 */
static void test_schema_version(void **state)
{
    struct central *c = open_office();
    uint64_t size;
    char sql[] = "SELECT schema_version FROM office WHERE id = ?", version[8];
    struct edit edit;
    (void)state;
    PAIR_OK(central_begin(c, &pair_e));
    central_act_as_office(c);
    PAIR_OK(edit_open(&edit, c->db, &c->office, &pair_e));
    PAIR_OK(edit_set_text(&edit, "schema_version", "2", &pair_e));
    PAIR_OK(central_write(c, &edit, NULL, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
    size = c->tree.size;
    (void)snprintf(version, sizeof version, "%d", schema_version());
    for (int i = 0; i < 2; i++) {
        central_close(c);
        c = open_office();
        office_expect(c->db, sql, &c->office, version);
        assert_int_equal(c->tree.size, size + 1);
    }
    office_check(c);
    central_close(c);
}

/* Goal: the seal key is a key of its own, stays the same, and an office that has none yet gets one when it opens. */
static void test_seal_key(void **state)
{
    struct central *c = open_office();
    uint8_t first[32], of_secret[32];
    (void)state;
    memcpy(first, c->seal_public, 32);
    crypto_scalarmult_base(of_secret, c->keys->seal_secret);
    assert_memory_equal(first, of_secret, 32);
    assert_memory_not_equal(first, c->noise_public, 32);
    central_close(c);
    c = open_office();
    assert_memory_equal(first, c->seal_public, 32);
    PAIR_OK(db_exec(c->db, "DELETE FROM meta WHERE name = 'seal_secret'", &pair_e));
    central_close(c);
    c = open_office();
    assert_memory_not_equal(first, c->seal_public, 32);
    memcpy(first, c->seal_public, 32);
    central_close(c);
    c = open_office();
    assert_memory_equal(first, c->seal_public, 32);
    central_close(c);
}

/* Goal: wrong passphrases are told in the log by the next opening, once; the lease secret stays the same, and an office
 * that has none yet gets one. */
static void test_open_key(void **state)
{
    struct central *c = NULL;
    struct error e = {0, ""};
    uint8_t lease[32], key[32];
    uint64_t before, wrong;
    (void)state;
    c = open_office();
    before = c->tree.size;
    wrong = pair_count(c->db, "SELECT count(*) FROM event WHERE what = 'wrong passphrases'");
    memcpy(lease, c->keys->lease_secret, 32);
    assert_false(sodium_is_zero(lease, 32));
    central_close(c);
    for (int i = 0; i < 2; i++)
        assert_int_equal(central_fixture_open(&c, folder, "wrong horse battery", 19, &e), E_WRONG_KEY);
    c = open_office();
    assert_int_equal(c->tree.size, before + 1);
    assert_int_equal(pair_count(c->db, "SELECT count(*) FROM event WHERE what = 'wrong passphrases'"), wrong + 1);
    assert_int_equal(pair_count(c->db, "SELECT count FROM event ORDER BY at DESC, id DESC LIMIT 1"), 2);
    assert_memory_equal(lease, c->keys->lease_secret, 32);
    memcpy(key, c->keys->data_key, 32);
    office_check(c);
    central_close(c);
    /* With the data key itself, as a key file gives it. */
    PAIR_OK(central_open_key(&c, folder, key, NULL, &pair_e));
    assert_int_equal(c->tree.size, before + 1);
    PAIR_OK(db_exec(c->db, "DELETE FROM meta WHERE name = 'lease_secret'", &pair_e));
    central_close(c);
    key[0] ^= 1;
    assert_int_equal(central_open_key(&c, folder, key, NULL, &e), E_WRONG_KEY);
    assert_null(c);
    c = open_office();
    assert_memory_not_equal(lease, c->keys->lease_secret, 32);
    central_close(c);
}

/* Goal: a commit signs the office's own new changes and the new root; a rollback puts author and tree back, and what
 * follows it stands where the rolled back would have stood. */
static void test_transactions(void **state)
{
    struct central *c = open_office();
    struct chain_head head;
    struct edit_author author = c->author;
    struct merkle_frontier tree = c->tree;
    char note[CHECKPOINT_TEXT_MAX];
    sqlite3_stmt *s;
    (void)state;
    memcpy(note, c->checkpoint, sizeof note);
    PAIR_OK(central_begin(c, &pair_e));
    assert_int_equal(add_user(c, "rolled-back"), 0);
    assert_int_equal(add_user(c, "rolled-back-too"), 0);
    assert_int_equal(c->tree.size, tree.size + 2);
    central_rollback(c);
    assert_int_equal(c->tree.size, tree.size);
    assert_memory_equal(c->tree.roots, tree.roots, sizeof tree.roots);
    assert_int_equal(c->author.chain.seq, author.chain.seq);
    assert_memory_equal(c->author.chain.hash, author.chain.hash, 32);
    assert_int_equal(c->author.hlc, author.hlc);
    assert_string_equal(c->checkpoint, note);
    office_check(c);
    PAIR_OK(central_begin(c, &pair_e));
    assert_int_equal(add_user(c, "kept"), 0);
    PAIR_OK(central_commit(c, &pair_e));
    assert_string_not_equal(c->checkpoint, note);
    office_check(c);
    /* The head of the new change is the office's own, and says what it had seen. */
    PAIR_OK(db_query(c->db, &s, &pair_e, "SELECT signed FROM head WHERE device = ? ORDER BY epoch DESC, seq DESC", "d",
                     &c->author.chain.device));
    assert_int_equal(db_next(c->db, s, NULL), 1);
    PAIR_OK(chain_open(db_slice(s, 0), c->vkey.public_key, &head, &pair_e));
    db_done(c->db, s);
    assert_int_equal(head.end.seq, c->author.chain.seq);
    assert_memory_equal(head.end.hash, c->author.chain.hash, 32);
    assert_int_equal(head.checkpoint_size, tree.size);
    /* A commit of nothing changes nothing. */
    memcpy(note, c->checkpoint, sizeof note);
    PAIR_OK(central_begin(c, &pair_e));
    PAIR_OK(central_commit(c, &pair_e));
    assert_string_equal(c->checkpoint, note);
    central_close(c);
}

/* Goal: a transaction that SQLite has ended by itself is not committed in part: the commit says so, and memory is put
 * back. */
static void test_lost_transaction(void **state)
{
    struct central *c = open_office();
    struct error e = {0, ""};
    uint64_t size = c->tree.size;
    (void)state;
    PAIR_OK(central_begin(c, &pair_e));
    assert_int_equal(add_user(c, "lost"), 0);
    PAIR_OK(db_exec(c->db, "ROLLBACK", &pair_e)); /* as a full disk does it */
    assert_int_equal(central_commit(c, &e), E_FULL);
    assert_int_equal(c->tree.size, size);
    office_check(c);
    PAIR_OK(central_begin(c, &pair_e));
    assert_int_equal(add_user(c, "found"), 0);
    PAIR_OK(central_commit(c, &pair_e));
    office_check(c);
    central_close(c);
}

/* In a process of its own: opens, writes, and is gone without a word. */
static void die_after(int committed)
{
    pid_t child = fork();
    int status;
    assert_true(child >= 0);
    if (child == 0) {
        struct central *c;
        if (central_fixture_open(&c, folder, passphrase, sizeof passphrase - 1, NULL) != 0 ||
            central_begin(c, NULL) != 0 || add_user(c, committed ? "before-the-kill" : "never") != 0)
            _exit(3);
        if (committed && central_commit(c, NULL) != 0)
            _exit(4);
        if (committed && (central_begin(c, NULL) != 0 || add_user(c, "never") != 0))
            _exit(5);
        _exit(9);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 9);
}

/* Goal: a daemon that dies in the middle of a transaction leaves the former state, one that dies after a commit the
 * new.
 */
static void test_kill(void **state)
{
    struct central *c = open_office();
    uint64_t size = c->tree.size;
    struct id user;
    (void)state;
    central_close(c);
    die_after(0);
    c = open_office();
    assert_int_equal(c->tree.size, size);
    assert_int_equal(central_user(c, "never", &user, NULL), E_NOT_FOUND);
    office_check(c);
    central_close(c);
    die_after(1);
    c = open_office();
    assert_int_equal(c->tree.size, size + 1);
    assert_int_equal(central_user(c, "never", &user, NULL), E_NOT_FOUND);
    PAIR_OK(central_user(c, "before-the-kill", &user, &pair_e));
    office_check(c);
    central_close(c);
}

/* Goal: a store whose tables say another log than its checkpoint does not open. */
static void test_damaged(void **state)
{
    struct central *c = open_office();
    struct error e = {0, ""};
    uint64_t size = c->tree.size;
    (void)state;
    PAIR_OK(db_meta_set_uint(c->db, "checkpoint_size", size + 1, &pair_e));
    central_close(c);
    assert_int_equal(central_fixture_open(&c, folder, passphrase, sizeof passphrase - 1, &e), E_VERIFY);
    assert_non_null(strstr(e.text, "checkpoint"));
    assert_null(c);
}

static int make_folder(void **state)
{
    (void)state;
    return vault_init(NULL) != 0 || mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"office.db", "office.keys", "office.db-wal", "office.db-lock", ".lock"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),   cmocka_unit_test(test_schema_version), cmocka_unit_test(test_seal_key),
        cmocka_unit_test(test_open_key), cmocka_unit_test(test_transactions),   cmocka_unit_test(test_lost_transaction),
        cmocka_unit_test(test_kill),     cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
