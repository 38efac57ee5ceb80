/* Tests: common/vault/vault_extension.c
 * The loadable extension: SQLite's shell and Python read a vault, while a process of ours has it open and writes. */
#include "vault_fixture.h"

#include "passphrase_fixture.h"
#include "secretfile.h"

#define PASSPHRASE "one two three four"

static char secret_path[96], other_secret_path[96], keys_path[96], uri[400];

static int setup_keys(void **state)
{
    uint8_t key[KEYFILE_KEY_BYTES], secret[SECRETFILE_BYTES];
    sqlite3 *db = NULL;
    if (vault_fixture_set_up(state) != 0)
        return -1;
    (void)snprintf(keys_path, sizeof keys_path, "%s/store.keys", vault_folder);
    (void)snprintf(secret_path, sizeof secret_path, "%s/reports.secret", vault_folder);
    (void)snprintf(other_secret_path, sizeof other_secret_path, "%s/other.secret", vault_folder);
    (void)snprintf(uri, sizeof uri, "file:%s?vfs=satchel-vault&key_file=%s", vault_path, secret_path);
    if (keyfile_create(keys_path, NEW("anna", PASSPHRASE, strlen(PASSPHRASE), KEYFILE_MINIMUM, NULL), key, NULL) != 0 ||
        secretfile_create(other_secret_path, secret, NULL) != 0 || secretfile_create(secret_path, secret, NULL) != 0 ||
        keyfile_add_reports(keys_path, key, "reports", secret, NULL) != 0 ||
        vault_open(&db, vault_path, key, VAULT_CREATE, 0, NULL) != 0)
        return -1;
    vault_must(db, "CREATE TABLE v(n); INSERT INTO v VALUES (1); CREATE TABLE t(a INTEGER PRIMARY KEY, b);"
                   "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 30000)"
                   "INSERT INTO t SELECT i, hex(randomblob(50)) FROM r;");
    vault_close(db);
    return 0;
}

/* Runs a command and returns what it says on both streams. */
static void said(const char *command, char *out, size_t room)
{
    char line[1400];
    size_t count;
    FILE *pipe;
    (void)snprintf(line, sizeof line, "(%s) 2>&1", command);
    pipe = popen(line, "r"); // NOLINT(cert-env33-c): the command is ours
    assert_non_null(pipe);
    count = fread(out, 1, room - 1, pipe);
    out[count] = '\0';
    (void)pclose(pipe);
}

static int has(const char *command)
{
    char out[400];
    said(command, out, sizeof out);
    return strcmp(out, "yes\n") == 0;
}

static void need_shell(void)
{
    if (has("command -v sqlite3 > /dev/null && echo yes"))
        return;
    print_message("skipped: there is no sqlite3 shell here\n");
    skip();
}

/* What the shell says to these words, with the store open. */
static void shell(const char *options, const char *with_uri, const char *sql, char *out, size_t room)
{
    char command[1200];
    (void)snprintf(command, sizeof command, "sqlite3 %s -batch :memory: '.load %s' \".open '%s'\" \"%s\"", options,
                   EXTENSION, with_uri, sql);
    said(command, out, room);
}

static void shell_says(const char *options, const char *sql, const char *expected)
{
    char out[2000];
    shell(options, uri, sql, out, sizeof out);
    assert_string_equal(out, expected);
}

/* Goal: the shell reads a vault, with -readonly or without; writing is refused, and nothing is changed or made. */
static void shell_reads(void **state)
{
    char out[2000];
    size_t count, again;
    uint8_t *before = vault_load(vault_path, &count), *after;
    (void)state;
    need_shell();
    for (int i = 0; i < 2; i++) {
        const char *options = i == 0 ? "" : "-readonly";
        shell_says(options, "SELECT n FROM v; SELECT count(*) FROM t; PRAGMA integrity_check;", "1\n30000\nok\n");
        /* A sort that is larger than any memory SQLite gives it by itself. */
        shell_says(options, "SELECT count(*) FROM (SELECT b FROM t ORDER BY b LIMIT 29999);", "29999\n");
        shell(options, uri, "UPDATE v SET n = 2;", out, sizeof out);
        assert_non_null(strstr(out, "readonly"));
        shell_says(options, "SELECT satchel_vault_error() IS NULL; PRAGMA temp_store;", "1\n2\n");
    }
    after = vault_load(vault_path, &again);
    assert_int_equal(again, count);
    assert_memory_equal(after, before, count);
    assert_int_equal(vault_size_of(vault_log_path), -1);
    free(before);
    free(after);
}

/* Goal: a database that does not open gives SQLite's code and our sentence. */
static void sentences_say_why(void **state)
{
    static const struct {
        const char *change, *says;
    } cases[] = {
        {"file:%s?vfs=satchel-vault", "no key for"},
        {"file:%s?vfs=satchel-vault&key_file=/nonexistent", "/nonexistent"},
        {"file:%s?vfs=satchel-vault&key_file=%s&nolock=1", "leave them out of the URI"},
        {"file:%s?vfs=satchel-vault&key_file=%s&immutable=1", "leave them out of the URI"},
        {"file:%s.none?vfs=satchel-vault&key_file=%s", "store.db.none.keys"},
    };
    char out[2000], with[500];
    (void)state;
    need_shell();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)snprintf(with, sizeof with, cases[i].change, vault_path,
                       secret_path); // NOLINT(clang-diagnostic-format-nonliteral)
        shell("", with, "SELECT 'why: ' || satchel_vault_error();", out, sizeof out);
        assert_non_null(strstr(out, "Error: unable to open database"));
        assert_non_null(strstr(out, "why: "));
        assert_non_null(strstr(out, cases[i].says));
    }
    (void)snprintf(with, sizeof with, "file:%s?vfs=satchel-vault&key_file=%s", vault_path, other_secret_path);
    shell("", with, "SELECT 'why: ' || satchel_vault_error();", out, sizeof out);
    assert_non_null(strstr(out, "why: "));
    assert_int_equal(unlink(vault_path), 0);
    shell("", uri, "SELECT 'why: ' || satchel_vault_error();", out, sizeof out);
    assert_non_null(strstr(out, "could not be opened for reading"));
    assert_int_equal(vault_size_of(vault_path), -1);
}

/* Each commit has one number in both tables. */
static void write_for_ever(void)
{
    uint8_t key[KEYFILE_KEY_BYTES];
    sqlite3 *db = NULL;
    if (keyfile_open(keys_path, TYPED(PASSPHRASE, strlen(PASSPHRASE), 0), key, NULL, NULL) != 0 ||
        vault_open(&db, vault_path, key, 0, 10000, NULL) != 0)
        _exit(1);
    vault_run(db, "PRAGMA wal_autocheckpoint=20; CREATE TABLE IF NOT EXISTS w AS SELECT n FROM v");
    for (;;)
        vault_run(
            db, "BEGIN; UPDATE v SET n = n + 1; UPDATE w SET n = n + 1; UPDATE t SET b = hex(randomblob(50)) WHERE a % "
                "3000 = 0; COMMIT");
}

/* Goal: while a process of ours writes and checkpoints, every query of the shell shows one commit, and a later one
 * shows a later commit. */
static void shell_reads_while_we_write(void **state)
{
    char out[2000];
    long last = 0, newer = 0;
    pid_t pid;
    (void)state;
    need_shell();
    pid = vault_fork_child();
    assert_true(pid >= 0);
    if (pid == 0)
        write_for_ever();
    for (int tries = 0; vault_size_of(vault_log_path) < (int64_t)20 * VAULT_FRAME_BYTES && tries < 1000; tries++)
        (void)usleep(10000);
    /* On a busy machine no commit may come between two reads. */
    for (int i = 0; i < 10 || newer < 3; i++) {
        long n;
        shell("", uri,
              "SELECT CASE WHEN v.n = w.n AND (SELECT count(*) FROM t WHERE length(b) = 100) = 30000 THEN v.n ELSE -1 "
              "END "
              "FROM v, w;",
              out, sizeof out);
        n = strtol(out, NULL, 10);
        if (n <= 0)
            print_error("%s\n", out);
        assert_true(n > 0 && n >= last);
        newer += n > last;
        last = n;
    }
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    /* And what a dead process left. */
    shell_says("", "SELECT v.n = w.n FROM v, w; PRAGMA integrity_check;", "1\nok\n");
}

/* Goal: Python's sqlite3 reads a vault too: one connection that shows each last commit, and another that is told why it
 * was refused. */
static void python_reads(void **state)
{
    static const char program[] =
        "import sqlite3, sys\n"
        "loader = sqlite3.connect(':memory:')\n"
        "loader.enable_load_extension(True)\n"
        "loader.load_extension(sys.argv[1])\n"
        "vault = sqlite3.connect(sys.argv[2], uri=True)\n"
        "print(vault.execute('SELECT n FROM v').fetchone()[0])\n"
        "print(vault.execute('SELECT count(*) FROM (SELECT b FROM t ORDER BY b)').fetchone()[0])\n"
        "try:\n"
        "    vault.execute('UPDATE v SET n = 2')\n"
        "except sqlite3.OperationalError as error:\n"
        "    print(error)\n"
        "try:\n"
        "    sqlite3.connect(sys.argv[2].split('&')[0], uri=True)\n"
        "except sqlite3.Error as error:\n"
        "    print(loader.execute('SELECT satchel_vault_error()').fetchone()[0][:10])\n"
        "loader.execute('ATTACH ? AS office', (sys.argv[2],)) if sys.argv[3] == 'attach' else None\n"
        "print(loader.execute('SELECT n FROM office.v').fetchone()[0] if sys.argv[3] == 'attach' else 1)\n";
    static const char able[] = "-c 'import sqlite3; sqlite3.connect(\":memory:\").enable_load_extension(True); "
                               "print(\"yes\")'";
    static const char uris[] = "-c 'import sqlite3; print(\"yes\" if (\"USE_URI\",) in sqlite3.connect("
                               "\":memory:\").execute(\"PRAGMA compile_options\").fetchall() else \"no\")'";
    static const char *const pythons[] = {"python3", "/usr/bin/python3"}; /* the first may be somebody's own build */
    char script[96], command[800], out[2000];
    const char *python = NULL;
    int attaches;
    (void)state;
    for (int i = 0; i < 2 && python == NULL; i++) {
        (void)snprintf(command, sizeof command, "%s %s 2> /dev/null", pythons[i], able);
        python = has(command) ? pythons[i] : NULL;
    }
    if (python == NULL) {
        print_message("skipped: there is no python3 here whose sqlite3 loads extensions\n");
        skip();
    }
    (void)snprintf(script, sizeof script, "%s/read.py", vault_folder);
    vault_save(script, (const uint8_t *)program, sizeof program - 1);
    (void)snprintf(command, sizeof command, "%s %s", python, uris);
    attaches = has(command);
    (void)snprintf(command, sizeof command, "%s '%s' '%s' '%s' %s", python, script, EXTENSION, uri,
                   attaches ? "attach" : "alone");
    said(command, out, sizeof out);
    assert_string_equal(out, "1\n30000\nattempt to write a readonly database\nno key for\n1\n");
}

#define TEST_KEYS(name) cmocka_unit_test_setup_teardown(name, setup_keys, vault_fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_KEYS(shell_reads),
        TEST_KEYS(sentences_say_why),
        TEST_KEYS(shell_reads_while_we_write),
        TEST_KEYS(python_reads),
    };
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
