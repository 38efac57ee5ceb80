/* Tests: common/vault/vault.c common/vault/vault_vfs.c
 * The vault against plain SQLite: the same random statements, and the same answers.
 *
 * Both sides get every statement with the same values, and are stepped in lockstep: codes, words of errors, columns,
 * types, bytes, changes() and the like must be equal, row by row. Plain SQLite is set up as the vault is, down to the
 * reserved bytes, so that even numbers of pages and of frames agree. SATCHEL_SEED repeats a run, SATCHEL_STATEMENTS
 * says how long it is. */
#include "vault_fixture.h"

#include <inttypes.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STATEMENTS = 15000 }; /* the sanitizers take several times as long */
#else
enum { STATEMENTS = 100000 };
#endif

enum { TABLES = 4, EXTRAS = 3, BLOB_MAX = 20000, SQL_MAX = 600 };

/* ---- random numbers that a seed repeats ---- */

static uint64_t random_state;

static unsigned below(unsigned bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % bound);
}

/* ---- the two sides ---- */

struct side {
    const char *name;
    sqlite3 *db;
    sqlite3_stmt *stmt;
};

static struct side vault = {.name = "vault"}, plain = {.name = "plain"};
static char plain_path[128];
static uint64_t seed;
static unsigned long done, failed, rows, rounds; /* statements, those that failed alike, rows, openings */
static char last[SQL_MAX];

/* Says where the two part, in enough words to repeat it. */
static void differ(const char *what, const char *a, const char *b)
{
    print_error("seed %" PRIu64 ", statement %lu: %s\n%s: the vault says %s, plain SQLite %s\n", seed, done, last, what,
                a, b);
    fail();
}

static void same_number(const char *what, int64_t a, int64_t b)
{
    char left[32], right_text[32];
    if (a == b)
        return;
    (void)snprintf(left, sizeof left, "%" PRId64, a);
    (void)snprintf(right_text, sizeof right_text, "%" PRId64, b);
    differ(what, left, right_text);
}

/* What a vault's handle promises, told to plain SQLite. */
static void open_plain(void)
{
    int reserve = VAULT_RESERVE_BYTES;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
    assert_int_equal(sqlite3_open_v2(plain_path, &plain.db, flags, "unix"), SQLITE_OK);
    assert_int_equal(sqlite3_file_control(plain.db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve), SQLITE_OK);
    assert_int_equal(sqlite3_db_config(plain.db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL), SQLITE_OK);
    vault_must(plain.db,
               "PRAGMA journal_mode=WAL; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cache_size=-65536;"
               "PRAGMA cache_spill=OFF; PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON;");
}

/* Syncing changes no answer, and takes most of the time. */
static void settings(void)
{
    vault_must(vault.db, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=200");
    vault_must(plain.db, "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=200");
}

static void open_both(int create)
{
    vault.db = vault_must_open(create);
    open_plain();
    settings();
    rounds++;
}

static void close_both(void)
{
    vault_close(vault.db);
    assert_int_equal(sqlite3_close(plain.db), SQLITE_OK);
}

/* ---- one statement on both ---- */

/* The values that a statement's parameters get: ?1 a number, ?2 words, ?3 bytes, ?4 another number. */
static struct {
    int number, other;
    char words[80];
    uint8_t bytes[BLOB_MAX];
    int count;
} value;

static void draw_values(void)
{
    static const char *const vocabulary[] = {"stove",  "visit", "allergy", "north", "street",
                                             "family", "risk",  "school",  "rent",  "key"};
    value.number = (int)below(400);
    value.other = (int)below(60);
    (void)snprintf(value.words, sizeof value.words, "%s %s %s %u", vocabulary[below(10)], vocabulary[below(10)],
                   vocabulary[below(10)], below(1000));
    value.count = (int)(below(20) == 0 ? below(BLOB_MAX) : below(120));
    for (int i = 0; i < value.count; i++)
        value.bytes[i] = (uint8_t)below(256);
}

static void bind(sqlite3_stmt *stmt)
{
    int count = sqlite3_bind_parameter_count(stmt);
    if (count >= 1)
        (void)sqlite3_bind_int(stmt, 1, value.number);
    if (count >= 2)
        (void)sqlite3_bind_text(stmt, 2, value.words, -1, SQLITE_STATIC);
    if (count >= 3)
        (void)sqlite3_bind_blob(stmt, 3, value.bytes, value.count, SQLITE_STATIC);
    if (count >= 4)
        (void)sqlite3_bind_int(stmt, 4, value.other);
}

static void same_row(void)
{
    int count = sqlite3_column_count(vault.stmt);
    same_number("columns", count, sqlite3_column_count(plain.stmt));
    for (int i = 0; i < count; i++) {
        const void *a, *b;
        int bytes;
        same_number("type", sqlite3_column_type(vault.stmt, i), sqlite3_column_type(plain.stmt, i));
        a = sqlite3_column_blob(vault.stmt, i);
        b = sqlite3_column_blob(plain.stmt, i);
        bytes = sqlite3_column_bytes(vault.stmt, i);
        same_number("bytes", bytes, sqlite3_column_bytes(plain.stmt, i));
        if (bytes > 0 && memcmp(a, b, (size_t)bytes) != 0)
            differ("a value", (const char *)sqlite3_column_text(vault.stmt, i),
                   (const char *)sqlite3_column_text(plain.stmt, i));
    }
    rows++;
}

/* What a connection says of itself after a statement. */
static void same_state(void)
{
    const char *a = sqlite3_errmsg(vault.db), *b = sqlite3_errmsg(plain.db);
    if (strcmp(a, b) != 0)
        differ("the words of the error", a, b);
    same_number("the code", sqlite3_extended_errcode(vault.db), sqlite3_extended_errcode(plain.db));
    same_number("changes()", sqlite3_changes(vault.db), sqlite3_changes(plain.db));
    same_number("total_changes()", sqlite3_total_changes(vault.db), sqlite3_total_changes(plain.db));
    same_number("last_insert_rowid()", sqlite3_last_insert_rowid(vault.db), sqlite3_last_insert_rowid(plain.db));
    same_number("autocommit", sqlite3_get_autocommit(vault.db), sqlite3_get_autocommit(plain.db));
}

static void both(const char *sql)
{
    int a, b;
    (void)snprintf(last, sizeof last, "%s", sql);
    a = sqlite3_prepare_v2(vault.db, sql, -1, &vault.stmt, NULL);
    b = sqlite3_prepare_v2(plain.db, sql, -1, &plain.stmt, NULL);
    same_number("prepare", a, b);
    if (a == SQLITE_OK) {
        bind(vault.stmt);
        bind(plain.stmt);
        do {
            a = sqlite3_step(vault.stmt);
            b = sqlite3_step(plain.stmt);
            if (a != b)
                differ("step", sqlite3_errmsg(vault.db), sqlite3_errmsg(plain.db));
            if (a == SQLITE_ROW)
                same_row();
        } while (a == SQLITE_ROW);
    }
    same_state();
    same_number("finalize", sqlite3_finalize(vault.stmt), sqlite3_finalize(plain.stmt));
    vault.stmt = plain.stmt = NULL;
    done++;
    failed += a != SQLITE_DONE;
}

/* ---- what is asked of them ---- */

static const char *const schema[] = {
    "CREATE TABLE t0(a INTEGER PRIMARY KEY, b TEXT, c BLOB, d INTEGER)",
    "CREATE TABLE t1(a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT COLLATE NOCASE, c BLOB, d INTEGER)",
    "CREATE TABLE t2(a TEXT, b TEXT, c BLOB, d INTEGER, PRIMARY KEY(a, d)) WITHOUT ROWID",
    ("CREATE TABLE t3(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c BLOB, d INTEGER CHECK(d < 55) REFERENCES t0(a) "
     "ON DELETE SET NULL)"),
    "CREATE INDEX t0_d ON t0(d, b)",
    "CREATE INDEX t1_b ON t1(b) WHERE d > 10",
    "CREATE TABLE journal(n INTEGER PRIMARY KEY, what TEXT)",
    "CREATE TRIGGER t0_gone AFTER DELETE ON t0 BEGIN INSERT INTO journal(what) VALUES ('gone ' || old.a); END",
    "CREATE VIEW both_of AS SELECT t0.a AS a, t0.b AS b, t1.b AS other FROM t0 JOIN t1 USING (d)",
    "CREATE VIRTUAL TABLE words USING fts5(x, y)",
};

static const char *const writes[] = {
    "INSERT OR REPLACE INTO t%u VALUES (?1, ?2, ?3, ?4)",
    "INSERT INTO t%u VALUES (?1, ?2, ?3, ?4)",
    "INSERT INTO t%u(a, b, c, d) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    "INSERT INTO t0 VALUES (?1, ?2, ?3, ?4) ON CONFLICT(a) DO UPDATE SET b = excluded.b || b, d = d + 1",
    "INSERT OR IGNORE INTO t%u SELECT a + 400, b, c, d FROM t%u WHERE d = ?4 ORDER BY a LIMIT 5 -- ?1 ?2 ?3",
    "UPDATE t%u SET b = ?2, d = ?4 WHERE a = ?1 OR (?3 IS NULL)",
    "UPDATE t%u SET c = ?3 WHERE a = ?1 AND b <> ?2",
    "UPDATE OR IGNORE t%u SET d = d + 1 WHERE d BETWEEN ?1 %% 50 AND ?1 %% 50 + 5",
    "UPDATE t0 SET d = t1.d FROM t1 WHERE t0.a = t1.a AND t1.d = ?1 %% 60",
    "DELETE FROM t%u WHERE a = ?1",
    "DELETE FROM t%u WHERE d = ?1 %% 60",
    "DELETE FROM t%u WHERE a BETWEEN ?1 AND ?1 + 15 RETURNING a, b",
    "DELETE FROM journal WHERE n %% 5 = ?1 %% 5",
    "INSERT INTO words VALUES (?2, 'note ' || ?1)",
    "DELETE FROM words WHERE rowid IN (SELECT rowid FROM words ORDER BY rowid LIMIT 3) AND ?1 %% 2",
    "UPDATE words SET y = ?2 WHERE rowid = ?1",
};

static const char *const reads[] = {
    "SELECT * FROM t%u WHERE a = ?1",
    "SELECT a, b, length(c), d FROM t%u WHERE d > ?1 %% 60 ORDER BY b, a LIMIT 20",
    "SELECT count(*), sum(length(c)), min(b), max(b), avg(d), total(d) FROM t%u",
    "SELECT d, count(*), group_concat(a) FROM t%u GROUP BY d HAVING count(*) > 1 ORDER BY d",
    "SELECT x.a, y.a FROM t%u x JOIN t%u y ON x.d = y.d WHERE x.a <> y.a ORDER BY 1, 2 LIMIT 30",
    "SELECT x.a, y.b FROM t%u x LEFT JOIN t%u y ON x.a = y.a + 1 ORDER BY 1, 2 LIMIT 30 OFFSET 3",
    "SELECT a, sum(d) OVER (ORDER BY a ROWS 3 PRECEDING) FROM t%u ORDER BY a LIMIT 25",
    "SELECT a FROM t0 UNION SELECT a FROM t1 EXCEPT SELECT a FROM t3 ORDER BY 1",
    "SELECT * FROM both_of WHERE a < ?1 ORDER BY a, other LIMIT 20",
    ("WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 30) "
     "SELECT i, b FROM r LEFT JOIN t%u ON d = i ORDER BY 1, 2 LIMIT 60"),
    "SELECT rowid, x FROM words WHERE words MATCH 'stove OR rent' ORDER BY rank, rowid LIMIT 20",
    "SELECT highlight(words, 0, '[', ']') FROM words WHERE words MATCH 'north*' ORDER BY rowid LIMIT 10",
    "SELECT count(*), max(n) FROM journal",
    "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY name",
    "SELECT hex(c) FROM t%u WHERE length(c) > 3000 ORDER BY a LIMIT 2",
    "SELECT no_such_column FROM t%u",
};

static const char *const upkeep[] = {
    "CREATE TABLE x%u AS SELECT * FROM t%u WHERE d < 30",
    "CREATE TABLE IF NOT EXISTS x%u(a INTEGER PRIMARY KEY, b, c, d)",
    "DROP TABLE IF EXISTS x%u",
    "CREATE INDEX x%u_i ON x%u(b)",
    "DROP INDEX IF EXISTS x%u_i",
    "ALTER TABLE x%u ADD COLUMN e DEFAULT 'new'",
    "ALTER TABLE x%u RENAME COLUMN b TO bb",
    "ALTER TABLE x%u DROP COLUMN c",
    "ALTER TABLE x%u RENAME TO x%u",
    "INSERT INTO x%u(a, d) VALUES (?1, ?1 + 1)",
    "SELECT * FROM x%u ORDER BY 1 LIMIT 10",
    "CREATE VIEW IF NOT EXISTS v%u AS SELECT a, d FROM t%u WHERE d > 5",
    "DROP VIEW IF EXISTS v%u",
    "SELECT * FROM v%u ORDER BY a LIMIT 10",
    "CREATE TRIGGER IF NOT EXISTS g%u AFTER UPDATE ON t%u BEGIN INSERT INTO journal(what) VALUES (new.b); END",
    "DROP TRIGGER IF EXISTS g%u",
    "REINDEX",
    "REINDEX t%u",
    "ANALYZE",
    "PRAGMA wal_checkpoint(PASSIVE)",
    "PRAGMA wal_checkpoint(RESTART)",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA page_count",
    "PRAGMA freelist_count",
    "PRAGMA foreign_key_check",
    "PRAGMA quick_check",
    "INSERT INTO words(words) VALUES ('optimize')",
    "INSERT INTO words(words) VALUES ('integrity-check')",
    "INSERT INTO words(words, rank) VALUES ('merge', 16)",
    "DELETE FROM sqlite_schema",
    "PRAGMA user_version = 7",
    "PRAGMA user_version",
};

/* A cache of three sizes, so that pages are read again and again, or never; and how often the disk is waited for. */
static const char *const knobs[] = {
    "PRAGMA cache_size=5",     "PRAGMA cache_size=50",   "PRAGMA cache_size=-65536",
    "PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF", "PRAGMA synchronous=NORMAL",
};

static const char *const transactions[] = {
    "BEGIN", "BEGIN IMMEDIATE", "COMMIT", "COMMIT", "ROLLBACK", "SAVEPOINT s%u", "RELEASE s%u", "ROLLBACK TO s%u",
};

/* One of the sentences, with numbers of tables in it. */
static void ask_both(const char *const *sentences, size_t count, unsigned tables)
{
    char sql[SQL_MAX];
    const char *sentence = sentences[below((unsigned)count)];
    unsigned first = below(tables), second = below(tables);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(sql, sizeof sql, sentence, first, second);
#pragma GCC diagnostic pop
    draw_values();
    both(sql);
}

#define ASK(sentences, tables) ask_both(sentences, sizeof(sentences) / sizeof *(sentences), tables)

/* Reads and writes within one value, without a statement. */
static void blob_in_place(void)
{
    sqlite3_blob *a = NULL, *b = NULL;
    uint8_t left[300] = {0}, other[300] = {0};
    unsigned table = below(2), row = below(400), at = below(200);
    char name[4];
    int x, y;
    (void)snprintf(name, sizeof name, "t%u", table);
    (void)snprintf(last, sizeof last, "blob of row %u of %s at %u", row, name, at);
    x = sqlite3_blob_open(vault.db, "main", name, "c", row, 1, &a);
    y = sqlite3_blob_open(plain.db, "main", name, "c", row, 1, &b);
    same_number("blob_open", x, y);
    if (x == SQLITE_OK) {
        same_number("blob_write", sqlite3_blob_write(a, last, 20, (int)at), sqlite3_blob_write(b, last, 20, (int)at));
        same_number("blob_read", sqlite3_blob_read(a, left, 100, 0), sqlite3_blob_read(b, other, 100, 0));
        if (memcmp(left, other, sizeof left) != 0)
            differ("blob_read", "one thing", "another");
    }
    same_number("blob_close", sqlite3_blob_close(a), sqlite3_blob_close(b));
    same_state();
    done++;
}

/* Everything that is in them, and its structure. */
static void compare_all(void)
{
    static const char *const all[] = {
        "SELECT * FROM sqlite_schema ORDER BY name, type",
        "SELECT * FROM t0 ORDER BY a",
        "SELECT * FROM t1 ORDER BY a",
        "SELECT * FROM t2 ORDER BY a, d",
        "SELECT * FROM t3 ORDER BY a",
        "SELECT * FROM words ORDER BY rowid",
        "SELECT * FROM words_data ORDER BY id",
        "SELECT * FROM journal",
        "SELECT * FROM sqlite_sequence",
        "PRAGMA integrity_check",
        "PRAGMA page_count",
        "PRAGMA freelist_count",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        both(all[i]);
    for (unsigned i = 0; i < EXTRAS; i++) {
        char sql[80];
        (void)snprintf(sql, sizeof sql, "SELECT * FROM x%u ORDER BY 1, 2", i);
        both(sql);
    }
    vault_must_be(vault.db, "PRAGMA integrity_check", "ok");
}

static void close_and_open(void)
{
    compare_all();
    close_both();
    open_both(0);
    compare_all();
}

static void any_statement(void)
{
    unsigned draw = below(1000);
    if (draw < 420)
        ASK(writes, TABLES);
    else if (draw < 750)
        ASK(reads, TABLES);
    else if (draw < 880)
        ASK(transactions, 3);
    else if (draw < 975)
        ASK(upkeep, EXTRAS);
    else if (draw < 985)
        ASK(knobs, 1);
    else if (draw < 995)
        blob_in_place();
    else if (draw < 997)
        both("PRAGMA integrity_check");
    else if (draw < 999)
        both("VACUUM");
    else if (below(3) == 0)
        close_and_open();
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *given = getenv(name);
    return given == NULL ? otherwise : strtoul(given, NULL, 10);
}

/* Goal: whatever is asked of a vault, it answers as plain SQLite does, and holds the same in the end. */
static void answers_as_plain_does(void **state)
{
    unsigned long statements = from_environment("SATCHEL_STATEMENTS", STATEMENTS);
    (void)state;
    seed = from_environment("SATCHEL_SEED", 20261126);
    random_state = seed;
    (void)snprintf(plain_path, sizeof plain_path, "%s/plain.db", vault_folder);
    print_message("seed %" PRIu64 ", %lu statements\n", seed, statements);
    open_both(1);
    for (size_t i = 0; i < sizeof schema / sizeof *schema; i++)
        both(schema[i]);
    while (done < statements)
        any_statement();
    if (!sqlite3_get_autocommit(vault.db))
        both("COMMIT");
    close_and_open();
    close_both();
    print_message("%lu statements, %lu of them failed alike, %lu rows, %lu openings\n", done, failed, rows, rounds);
    /* A workload that mostly fails would compare little. */
    assert_true(failed < done / 4 && rows > done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(answers_as_plain_does)};
    struct error e = {0};
    if (vault_init(&e) != 0) {
        (void)fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
