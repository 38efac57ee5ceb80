/* Tests: common/log/archive.c
 * An archive gives back the log as it was; one that was cut, moved about or altered is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tamper_fixture.h"

#include "archive_fixture.h"

/* What was written is read back, byte for byte, in the promised order; without the passphrase the bodies stay sealed.
 */
static void round_trip(void **state)
{
    uint64_t entries = 0, seen = 0, heads = 0;
    struct stat there;
    (void)state;
    assert_int_equal(archive_write_office(&archive_office, &entries, NULL), 0);
    assert_int_equal(entries, ENTRIES);
    assert_int_equal(stat(archive_path, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0600);
    for (int with = 0; with < 2; with++) {
        struct archive *a;
        struct archive_item r;
        struct log_memory memory = {NULL, 0};
        struct log_entry entry;
        assert_int_equal(archive_open(&a, archive_path, with ? PASSPHRASE : NULL, strlen(PASSPHRASE), NULL), 0);
        assert_string_equal(archive_log_key(a), archive_office.log_key);
        assert_int_equal(archive_entries(a), ENTRIES);
        assert_int_equal(archive_next(a, &r, NULL), 0);
        assert_int_equal(r.type, ARCHIVE_CHECKPOINT);
        assert_int_equal(r.checkpoint.size, strlen(archive_office.note));
        assert_memory_equal(r.checkpoint.p, archive_office.note, r.checkpoint.size);
        for (heads = 0; assert_int_equal(archive_next(a, &r, NULL), 0), r.type == ARCHIVE_HEAD; heads++) {
            struct chain_head head;
            assert_int_equal(chain_open(r.head, archive_office.vkey.public_key, &head, NULL), 0);
            assert_int_equal(head.end.seq, 2 * heads + 1);
        }
        assert_int_equal(heads, 3);
        for (seen = 0; r.type == ARCHIVE_ENTRY; seen++) {
            assert_int_equal(r.position, seen);
            assert_int_equal(r.received_ms, START_MS + seen);
            assert_int_equal(log_load(archive_office.db, (int64_t)seen + 1, 1, &memory, &entry, NULL), 0);
            assert_true(slice_equal(r.header, entry.change.header));
            assert_int_equal(r.sealed, !with);
            if (with)
                assert_true(slice_equal(r.body, entry.change.body));
            else
                assert_null(r.body.p);
            assert_int_equal(archive_next(a, &r, NULL), 0);
        }
        assert_int_equal(seen, ENTRIES);
        assert_int_equal(r.type, ARCHIVE_END);
        assert_int_equal(archive_next(a, &r, NULL), 0);
        assert_int_equal(r.type, ARCHIVE_END);
        log_memory_free(&memory);
        archive_close(a);
    }
    archive_close(NULL);
}

/* An erased body stays erased, and only the passphrase's owner could have said so: a body is never taken for erased. */
static void erased_bodies(void **state)
{
    struct archive_office o;
    struct archive *a;
    struct archive_item r;
    (void)state;
    archive_open_office(&o);
    assert_int_equal(db_exec(o.db, "UPDATE entry SET body = NULL WHERE position = 2", NULL), 0);
    assert_int_equal(archive_write_office(&o, NULL, NULL), 0);
    for (int with = 0; with < 2; with++) {
        assert_int_equal(archive_open(&a, archive_path, with ? PASSPHRASE : NULL, strlen(PASSPHRASE), NULL), 0);
        do {
            assert_int_equal(archive_next(a, &r, NULL), 0);
            if (r.type == ARCHIVE_ENTRY && r.position == 2) {
                assert_null(r.body.p);
                assert_int_equal(r.sealed, !with); /* without the passphrase nobody knows */
            } else if (r.type == ARCHIVE_ENTRY) {
                assert_int_equal(r.body.p == NULL, !with);
                assert_int_equal(r.sealed, !with);
            }
        } while (r.type != ARCHIVE_END);
        archive_close(a);
    }
    db_close(o.db);
}

/* A wrong passphrase, a file that is something else and one that is not there have their own codes. */
static void refusals(void **state)
{
    struct error e;
    (void)state;
    assert_int_equal(archive_write_office(&archive_office, NULL, NULL), 0);
    assert_int_equal(archive_read_all(archive_path, "wrong horse", &e), E_WRONG_KEY);
    assert_int_equal(archive_read_all(archive_path, "", &e), E_WRONG_KEY);
    assert_int_equal(archive_read_all("/nowhere/at/all", NULL, &e), E_IO);
    assert_int_equal(archive_read_all(archive_folder, NULL, &e), E_IO);
    tamper_store(archive_other, (const uint8_t *)"satchel archive 2\n", 18);
    assert_int_equal(archive_read_all(archive_other, NULL, &e), E_INPUT);
    tamper_store(archive_other, (const uint8_t *)"", 0);
    assert_int_equal(archive_read_all(archive_other, NULL, &e), E_INPUT);
}

/* An archive is never written over a file, nor with a passphrase that is too short. */
static void not_written(void **state)
{
    struct archive_options options = {archive_path, archive_office.log_key, archive_office.note,
                                      PASSPHRASE,   strlen(PASSPHRASE),     1};
    struct error e;
    (void)state;
    tamper_store(archive_path, (const uint8_t *)"mine", 4);
    assert_int_equal(archive_write(archive_office.db, &options, NULL, &e), E_EXISTS);
    unlink(archive_path);
    options.passphrase_bytes = KEYFILE_PASSPHRASE_MIN - 1;
    assert_int_equal(archive_write(archive_office.db, &options, NULL, &e), E_INPUT);
    options.passphrase_bytes = strlen(PASSPHRASE);
    options.path = "/nowhere/at/all";
    assert_int_equal(archive_write(archive_office.db, &options, NULL, &e), E_IO);
    assert_int_equal(access(archive_path, F_OK), -1);
}

/* A store whose log is not what its tree and checkpoint say gives no archive, and the sentence names the entry. */
static void damaged_stores(void **state)
{
    static const struct {
        const char *sql, *named;
    } damage[] = {
        {"UPDATE entry SET received = received + 1 WHERE position = 3", "entry 3:"},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND number = 1", "entry 1:"},
        {"DELETE FROM entry WHERE position = 2", "entry 2:"},
        {"UPDATE entry SET position = NULL WHERE position = 4", "entry 4:"},
        {"DELETE FROM entry WHERE position = 4", "the log has 4 entries"},
    };
    struct error e;
    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct archive_office o;
        archive_open_office(&o);
        assert_int_equal(db_exec(o.db, damage[i].sql, NULL), 0);
        assert_int_equal(archive_write_office(&o, NULL, &e), E_VERIFY);
        assert_non_null(strstr(e.text, damage[i].named));
        assert_int_equal(access(archive_path, F_OK), -1);
        db_close(o.db);
    }
    /* Somebody else's checkpoint, and one of a shorter log. */
    {
        struct archive_office o;
        archive_open_office(&o);
        memcpy(o.note, archive_office.note, sizeof o.note);
        assert_int_equal(archive_write_office(&o, NULL, &e), E_VERIFY);
        archive_state_checkpoint(&o);
        archive_add_entry(&o, ENTRIES);
        assert_int_equal(archive_write_office(&o, NULL, &e), E_VERIFY);
        db_close(o.db);
    }
}

/* One bit wrong in any byte is told, with the name of the item that it stands in, with and without passphrase. */
static void flipped_bits(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    assert_int_equal(archive_write_office(&archive_office, NULL, NULL), 0);
    tamper_load(&t, archive_path);
    assert_int_equal(t.count, 2 + 3 + ENTRIES);
    for (size_t at = 0, i = 0; at < t.size; at++) {
        while (i + 1 < t.count && at >= t.item[i + 1].at)
            i++;
        t.p[at] ^= (uint8_t)(1 << at % 8);
        tamper_store(archive_other, t.p, t.size);
        for (int with = 0; with < 2; with++) {
            int code = archive_read_all(archive_other, with ? PASSPHRASE : NULL, &e);
            assert_int_equal(code, at < tamper_magic() ? E_INPUT : E_VERIFY);
            if (at >= tamper_magic())
                assert_ptr_equal(strstr(e.text, tamper_name(&t, i, name)), e.text);
        }
        t.p[at] ^= (uint8_t)(1 << at % 8);
    }
    tamper_free(&t);
}

/* An archive that breaks off, at whatever byte, says in front of what. */
static void truncation(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    assert_int_equal(archive_write_office(&archive_office, NULL, NULL), 0);
    tamper_load(&t, archive_path);
    for (size_t size = 0, i = 0; size < t.size; size++) {
        while (i + 1 < t.count && size >= t.item[i + 1].at)
            i++;
        tamper_store(archive_other, t.p, size);
        assert_int_equal(archive_read_all(archive_other, NULL, &e), size < tamper_magic() ? E_INPUT : E_VERIFY);
        if (size >= tamper_magic())
            assert_ptr_equal(strstr(e.text, tamper_name(&t, i, name)), e.text);
    }
    tamper_free(&t);
}

/* Items that were dropped, swapped, doubled or added are told by the name of the place where it shows. */
static void moved_items(void **state)
{
    struct tamper whole, t;
    struct error e;
    char name[64];
    (void)state;
    assert_int_equal(archive_write_office(&archive_office, NULL, NULL), 0);
    tamper_load(&whole, archive_path);
    for (size_t i = 0; i < whole.count; i++) {
        tamper_copy(&t, &whole);
        tamper_drop(&t, i);
        tamper_store(archive_other, t.p, t.size);
        assert_int_equal(archive_read_all(archive_other, NULL, &e), E_VERIFY);
        assert_ptr_equal(strstr(e.text, tamper_name(&whole, i, name)), e.text);
        tamper_free(&t);
        tamper_copy(&t, &whole);
        tamper_double(&t, i, i);
        tamper_store(archive_other, t.p, t.size);
        assert_int_equal(archive_read_all(archive_other, NULL, &e), E_VERIFY);
        assert_ptr_equal(strstr(e.text, tamper_name(&whole, i + 1, name)), e.text);
        tamper_free(&t);
        if (i + 1 == whole.count)
            continue;
        tamper_copy(&t, &whole);
        tamper_swap(&t, i);
        tamper_store(archive_other, t.p, t.size);
        assert_int_equal(archive_read_all(archive_other, NULL, &e), E_VERIFY);
        assert_ptr_equal(strstr(e.text, tamper_name(&whole, i, name)), e.text);
        tamper_free(&t);
    }
    tamper_free(&whole);
}

/* One who makes the checksums right again, but has no passphrase, changes no byte of an entry or of the preamble that a
 * reader with the passphrase would not see. */
static void tampering(void **state)
{
    struct tamper t;
    struct error e;
    char name[64];
    (void)state;
    assert_int_equal(archive_write_office(&archive_office, NULL, NULL), 0);
    tamper_load(&t, archive_path);
    for (size_t i = 0; i < t.count; i++) {
        if (i >= 1 && i < 2 + t.heads)
            continue; /* checkpoint and heads are signed; audit_test sees to them */
        for (size_t at = t.item[i].at + 4; at < t.item[i].at + t.item[i].size - TAMPER_SUM; at++) {
            uint8_t before = t.p[at];
            int code;
            t.p[at] ^= (uint8_t)(1 << at % 8);
            tamper_seal(&t, i);
            tamper_store(archive_other, t.p, t.size);
            code = archive_read_all(archive_other, PASSPHRASE, &e);
            if (i == 0) {
                assert_true(code == E_WRONG_KEY || code == E_VERIFY);
            } else {
                assert_int_equal(code, E_VERIFY);
                assert_ptr_equal(strstr(e.text, tamper_name(&t, i, name)), e.text);
            }
            t.p[at] = before;
            tamper_seal(&t, i);
        }
    }
    tamper_store(archive_other, t.p, t.size);
    assert_int_equal(archive_read_all(archive_other, PASSPHRASE, &e), 0);
    tamper_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),  cmocka_unit_test(erased_bodies),  cmocka_unit_test(refusals),
        cmocka_unit_test(not_written), cmocka_unit_test(damaged_stores), cmocka_unit_test(flipped_bits),
        cmocka_unit_test(truncation),  cmocka_unit_test(moved_items),    cmocka_unit_test(tampering),
    };
    return cmocka_run_group_tests(tests, archive_fixture_set_up, archive_fixture_tear_down);
}
