/* Tests: client/audit/audit_history.c client/audit/audit_replay.c
 * A replay is the record as it was at any time, and a case's history tells who did what, in words that no value can
 * break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit_fixture.h"
#include "audit_history.h"
#include "audit_replay.h"
#include "tamper_fixture.h"

static struct audit_office office;
static struct tamper whole; /* its archive */

static int set_up(void **state)
{
    (void)state;
    audit_make_folder();
    audit_open_office(&office, 1);
    audit_write_archive(&office);
    tamper_load(&whole, audit_path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tamper_free(&whole);
    audit_close_office(&office);
    return audit_remove_folder();
}

/* --- replay --- */

static void assert_same_record(struct db *a, struct db *b)
{
    uint8_t x[32], y[32];
    assert_int_equal(record_dump_digest(a, NULL, x, NULL), 0);
    assert_int_equal(record_dump_digest(b, NULL, y, NULL), 0);
    assert_memory_equal(x, y, sizeof x);
}

/* The replay of a whole archive is the office's record, and what is printed is that record's dump and digest. */
static void replay_is_the_record(void **state)
{
    uint64_t entries;
    struct db *db;
    uint8_t digest[32], printed[32];
    char hex[65];
    char *text;
    size_t bytes;
    struct cli cli = {NULL, stderr, 0, 0};
    (void)state;
    audit_write_archive(&office);
    db = audit_replayed(UINT64_MAX, &entries);
    assert_int_equal(entries, office.tree.size);
    assert_same_record(db, office.own.db);
    assert_int_equal(record_dump_digest(office.own.db, NULL, digest, NULL), 0);
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print(&cli, &(struct audit_replayed){db, entries, 0}, NULL, NULL), 0);
    fclose(cli.out);
    crypto_generichash(printed, sizeof printed, (uint8_t *)text, bytes, NULL, 0);
    assert_memory_equal(printed, digest, sizeof digest);
    free(text);
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print_digest(&cli, &(struct audit_replayed){db, entries, 0}, NULL, NULL), 0);
    fclose(cli.out);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    assert_int_equal(bytes, 65);
    assert_memory_equal(text, hex, 64);
    free(text);
    /* One case is less than everything, and something. */
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print(&cli, &(struct audit_replayed){db, entries, 0}, &office.scope, NULL), 0);
    fclose(cli.out);
    assert_non_null(strstr(text, "laughed"));
    assert_null(strstr(text, "Anna Berg"));
    free(text);
    cli.json = 1;
    cli.out = open_memstream(&text, &bytes);
    assert_int_equal(audit_replay_print(&cli, &(struct audit_replayed){db, entries, 0}, &office.scope, NULL), 0);
    assert_int_equal(audit_replay_print_digest(&cli, &(struct audit_replayed){db, entries, 0}, NULL, NULL), 0);
    fclose(cli.out);
    assert_non_null(strstr(text, "{\"entries\": 13, \"verified\": false, \"complete\": false, \"dump\": \""));
    assert_non_null(strstr(text, hex));
    assert_null(strchr(text, '\x1b'));
    free(text);
    db_close(db);
}

/* At any time, the replay is the record as a store shows it that took the entries up to then. */
static void replay_at_times(void **state)
{
    (void)state;
    audit_write_archive(&office);
    for (uint64_t position = 0; position < office.tree.size; position++) {
        struct log_entry *entry = malloc(sizeof *entry);
        struct log_memory memory = {NULL, 0};
        struct audit_device store;
        sqlite3_stmt *s;
        struct db *db;
        uint64_t entries, until = 0;
        assert_non_null(entry);
        audit_open_device(&store, "nobody");
        assert_int_equal(db_query(office.own.db, &s, NULL, "SELECT id FROM entry WHERE position <= ? ORDER BY position",
                                  "u", position),
                         0);
        while (db_next(office.own.db, s, NULL) == 1) {
            assert_int_equal(log_load(office.own.db, db_int(s, 0), 1, &memory, entry, NULL), 0);
            until = entry->received_ms;
            assert_int_equal(audit_pull_one(&store, entry, NULL), 0);
        }
        db = audit_replayed(until, &entries);
        assert_int_equal(entries, position + 1);
        assert_same_record(db, store.db);
        db_close(db);
        db_close(store.db);
        log_memory_free(&memory);
        free(entry);
    }
}

/* An archive with a bad end is no archive to replay, though the time asked for is long before it. */
static void replay_refuses(void **state)
{
    struct audit_replay_options options = {
        .archive = audit_other, .passphrase = PASSPHRASE, .passphrase_bytes = strlen(PASSPHRASE), .until_ms = START_MS};
    struct tamper t;
    struct error e;
    struct db *db;
    (void)state;
    tamper_copy(&t, &whole);
    tamper_drop(&t, t.count - 1);
    tamper_store(audit_other, t.p, t.size);
    assert_int_equal(audit_replay(&options, &db, NULL, &e), E_VERIFY);
    assert_null(db);
    assert_begins(&e, "entry 12:");
    options.passphrase = "another horse";
    tamper_store(audit_other, whole.p, whole.size);
    assert_int_equal(audit_replay(&options, &db, NULL, &e), E_WRONG_KEY);
    tamper_free(&t);
}

/* Times are read as people write them, and count to the end of what was said. */
static void times(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"2026-11-23", 1795478399999ull},          {"2026-11-23 20:45", 1795466759999ull},
        {"2026-11-23T20:45", 1795466759999ull},    {"2026-11-23T20:45Z", 1795466759999ull},
        {"2026-11-23 20:45:30", 1795466730999ull}, {"2026-11-23T20:45:30Z", 1795466730999ull},
        {"2026-11-23Z", 1795478399999ull},         {"2028-02-29", 1835481599999ull},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-11",
                                      "2026-1-23",
                                      "2026-11-31",
                                      "2026-13-01",
                                      "2026-11-23 24:00",
                                      "2026-11-23 20",
                                      "2026-11-23 20:60",
                                      "2026-11-23 20:45:60",
                                      "2026-11-23x",
                                      "2027-02-29",
                                      "2026-11-23 20:45 Z",
                                      "1969-12-31",
                                      "2026-11-23T20:45:30+01"};
    uint64_t ms;
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(audit_replay_time(good[i].text, &ms, &e), 0);
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (audit_replay_time(bad[i], &ms, &e) != E_INPUT)
            fail_msg("taken for a time: %s", bad[i]);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    assert_int_equal(audit_replay_time("2026-10-25", &ms, &e), 0); /* a day of 25 hours */
    assert_int_equal(ms, 1792969199999ull);
    assert_int_equal(audit_replay_time("2026-11-23 21:45", &ms, &e), 0);
    assert_int_equal(ms, 1795466759999ull);
    for (int i = 0; i < 2; i++) { /* twice on the clock: the later, whatever was asked before */
        assert_int_equal(audit_replay_time(i == 0 ? "2026-07-01 12:00" : "2026-12-01 12:00", &ms, &e), 0);
        assert_int_equal(audit_replay_time("2026-10-25 02:30", &ms, &e), 0);
        assert_int_equal(ms, 1792891859999ull);
        assert_int_equal(audit_replay_time("2026-03-29 02:30", &ms, &e), E_INPUT);
        assert_non_null(strstr(e.text, "it was skipped"));
    }
    assert_int_equal(audit_replay_time("2026-05-31", &ms, &e), 0);
    assert_int_equal(ms, 1780264799999ull);
    setenv("TZ", "XST3XDT,M3.5.0/0,M10.5.0/0", 1); /* midnight is skipped on 29 March, and comes twice in October */
    tzset();
    assert_int_equal(audit_replay_time("2026-03-28", &ms, &e), 0);
    assert_int_equal(ms, 1774753199999ull);
    assert_int_equal(audit_replay_time("2026-03-29", &ms, &e), 0);
    assert_int_equal(ms, 1774835999999ull);
    setenv("TZ", "UTC", 1);
    tzset();
}

/* --- history --- */

/* What history prints of this id, freed by the caller. */
static char *history(const struct id *id, int json)
{
    struct db *db = audit_replayed(UINT64_MAX, NULL);
    char *text;
    size_t bytes;
    struct cli cli = {open_memstream(&text, &bytes), stderr, json, 0};
    struct error e;
    if (audit_history(&cli, db, id, &e) != 0)
        fail_msg("%s", e.text);
    fclose(cli.out);
    db_close(db);
    return text;
}

static void assert_in(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("\"%s\" is not in:\n%s", words, text);
}

/* The history of a case tells every change of it, who, when, instead of what, and what is held; nobody's words can pass
 * for ours. */
static void history_of_a_case(void **state)
{
    char *text;
    (void)state;
    audit_write_archive(&office);
    text = history(&office.scope, 0);
    assert_in(text, "entry 6   received 2026-11-23 ");
    assert_in(text, "by Anna Berg (");
    assert_in(text, "set risk: moderate\n");
    assert_in(text, "set risk: high\n        instead of entry 6: moderate\n");
    assert_in(text, "\n      entry 99   received never\n");
    assert_in(text, "reason: a visit\n      entry 98\n");
    assert_in(text, "   HELD\n");
    assert_in(text, "held: not in the caseload\n");
    assert_in(text, "set title: held title\n");
    assert_null(strchr(text, '\x1b'));
    assert_null(strstr(text, "\nentry 11"));
    assert_null(strstr(text, "Ada Byron"));
    free(text);
    text = history(&office.client, 0);
    assert_in(text, "set legal_name: Ada Byron\n");
    free(text);
    text = history(&office.scope, 1);
    assert_in(text, "[{\"entry\": 6, ");
    assert_in(text, "\"author_name\": \"Anna Berg\"");
    assert_in(text, "{\"field\": \"risk\", \"action\": \"set\", \"value\": \"high\", \"supersedes\": "
                    "[{\"entry\": 6, \"value\": \"moderate\"}]}");
    assert_in(text, "\"held\": true, \"hold\": \"held: not in the caseload\"");
    assert_null(strchr(text, '\x1b'));
    free(text);
}

/* What was cleared, voided, erased, or written by a clock that runs ahead, is told as such. */
static void history_of_the_unusual(void **state)
{
    struct audit_office o;
    struct edit edit;
    char *text;
    (void)state;
    audit_open_office(&o, 1);
    assert_int_equal(edit_open(&edit, o.anna.db, &o.client, NULL), 0);
    audit_set(&edit, "legal_name", "");
    audit_commit(&o.anna, &edit, NULL);
    assert_int_equal(edit_open(&edit, o.anna.db, &o.note_record, NULL), 0);
    assert_int_equal(edit_void(&edit, NULL), 0);
    audit_now_ms += 30 * MINUTE_MS;
    audit_commit(&o.anna, &edit, "wrong client");
    audit_now_ms -= 28 * MINUTE_MS;
    audit_push(&o, &o.anna);
    audit_state_checkpoint(&o);
    assert_int_equal(db_exec(o.own.db, "UPDATE entry SET body = NULL WHERE position = 6", NULL), 0);
    audit_write_archive(&o);
    text = history(&o.client, 0);
    assert_in(text, "set legal_name: (cleared)\n        instead of entry 5: Ada Byron\n");
    free(text);
    text = history(&o.scope, 0);
    assert_in(text, "what it said has been erased\n");
    assert_in(text, "instead of entry 6: (erased)\n");
    assert_in(text, "set void: voided\n");
    assert_in(text, "reason: wrong client\n");
    assert_in(text, "[wrong clock: at least ");
    free(text);
    text = history(&o.scope, 1);
    assert_in(text, "{\"entry\": 6, \"value\": null}");
    assert_in(text, "\"erased\": true");
    assert_in(text, "\"wrong_clock\": true");
    assert_in(text, "\"wrong_clock\": false");
    free(text);
    audit_close_office(&o);
}

/* Of an id that nothing names there is no history. */
static void history_of_nothing(void **state)
{
    struct id id = id_derive("test", "nothing", "1");
    struct db *db;
    struct cli cli = {stdout, stderr, 0, 0};
    struct error e;
    (void)state;
    audit_write_archive(&office);
    db = audit_replayed(UINT64_MAX, NULL);
    assert_int_equal(audit_history(&cli, db, &id, &e), E_NOT_FOUND);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_is_the_record), cmocka_unit_test(replay_at_times),
        cmocka_unit_test(replay_refuses),       cmocka_unit_test(times),
        cmocka_unit_test(history_of_a_case),    cmocka_unit_test(history_of_the_unusual),
        cmocka_unit_test(history_of_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
